"""Which of the records not yet screened are likely to be relevant.

A record is its title and abstract as weighted words and pairs of words (TF-IDF); a
linear support vector machine learns from the records with a label, and the others
are put in order by what it says of them. Relevant records are few and each tells
more than an irrelevant one, so that together they weigh many times as much. What
has no label yet is mostly irrelevant, so it counts as that, but lightly.

The answer follows from the texts and labels alone: the same again gives the same
order. Nothing here knows whose labels these are; see `ordering` for that.

scikit-learn is an extra, so it is imported only when an order is asked for.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import TYPE_CHECKING

import numpy as np

from litreview.errors import LitreviewError

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy.sparse import csr_matrix

# The settings were chosen on the four SYNERGY sets of `tests/benchmarks/relevance.py`
# together, so its figures for those are better than they will be elsewhere.
# How far one record may bend the model; small is stiff, which few labels need.
STIFFNESS = 0.11
# The weights of all relevant records together, and of all without a label, that of
# all irrelevant ones being 1.
BALANCE, UNKNOWN = 20.0, 0.2
LONGEST_PHRASE = 2  # words
# A word or pair in one record alone tells of no other, and one in nearly every record
# tells nothing; where there are few records that is too much to leave out.
RARE, COMMON = 2, 0.95
MANY = 50  # records
# The solver draws coordinates at random; the order is not to depend on it.
SEED = 0

Text = tuple[str, str]  # title and abstract


@dataclass(frozen=True)
class Corpus:
    """Records as rows of a sparse matrix of weighted words; `rows` is id -> row."""

    rows: Mapping[int, int]
    matrix: csr_matrix


def refuse_missing() -> None:
    """Raise LitreviewError with the fix where scikit-learn is not installed."""
    if find_spec("sklearn") is None:
        raise LitreviewError(
            "the order by relevance needs scikit-learn, which is not installed",
            fix="pip install 'litreview[ml]', or take --order random",
        )


def can_learn(labels: Mapping[int, bool]) -> bool:
    """Tell whether there is a label of each kind, the least to learn from."""
    return len(set(labels.values())) == 2


def corpus(texts: Mapping[int, Text]) -> Corpus | None:
    """Return id -> (title, abstract) as a corpus; None if no text has a word."""
    refuse_missing()
    from sklearn.feature_extraction.text import (  # noqa: PLC0415 - an extra, and slow
        TfidfVectorizer,
    )

    ids = sorted(texts)
    many = len(ids) >= MANY
    words = TfidfVectorizer(
        ngram_range=(1, LONGEST_PHRASE),
        sublinear_tf=True,
        min_df=RARE if many else 1,
        max_df=COMMON if many else 1.0,
    )
    try:
        matrix = words.fit_transform(" ".join(texts[number]) for number in ids)
    except ValueError:  # its way to say that there is no word
        return None
    return Corpus({number: row for row, number in enumerate(ids)}, matrix)


def ranked(
    known: Corpus, labels: Mapping[int, bool], wanted: Sequence[int]
) -> list[int]:
    """Return the wanted ids, the likeliest to be relevant first.

    `labels` has true for a relevant record; those without a text are passed over,
    and none of those wanted has one.
    Equals, and records without a text at the end, keep the order given. Without
    labels of both kinds the order is the one given (`can_learn` asks first).
    """
    taught = [number for number in sorted(labels) if number in known.rows]
    truth = np.array([labels[number] for number in taught], dtype=np.int64)
    able = [number for number in wanted if number in known.rows]
    if len(set(truth.tolist())) < 2 or not able:
        return list(wanted)
    scores = _scores(known, taught, truth, able)
    order = [able[place] for place in np.argsort(-scores, kind="stable")]
    return order + [number for number in wanted if number not in known.rows]


def _scores(
    known: Corpus, taught: list[int], truth: NDArray[np.int64], able: list[int]
) -> NDArray[np.float64]:
    from sklearn.svm import LinearSVC  # noqa: PLC0415 - an extra, and slow

    model = LinearSVC(C=STIFFNESS, random_state=SEED)
    rows = [known.rows[number] for number in (*taught, *able)]
    matrix = known.matrix[rows]
    guessed = np.concatenate([truth, np.zeros(len(able), np.int64)])
    model.fit(matrix, guessed, sample_weight=_weights(truth, len(able)))
    scores: NDArray[np.float64] = model.decision_function(matrix[len(taught) :])
    return scores


def _weights(truth: NDArray[np.int64], unknown: int) -> NDArray[np.float64]:
    """Return a weight for each label and then for each record without one.

    They are in the balance wanted and add up to the number of labels, so that the
    model bends as much as labels allow, however many records wait.
    """
    relevant = int(truth.sum())
    irrelevant = len(truth) - relevant
    light = relevant / BALANCE
    weights = np.concatenate(
        [
            np.where(truth == 1, 1.0, light / irrelevant),
            np.full(unknown, UNKNOWN * light / unknown),
        ]
    )
    found: NDArray[np.float64] = weights * (len(truth) / weights.sum())
    return found
