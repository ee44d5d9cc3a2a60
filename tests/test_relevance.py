"""What the order by relevance promises."""

from __future__ import annotations

import random
import sys
from importlib import util

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from litreview import metrics, relevance
from litreview.errors import LitreviewError

pytest.importorskip("sklearn", reason="the extra `ml` is not installed")

ABOUT = ["teacher", "coaching", "mentoring", "feedback", "practice", "lesson"]
OTHER = ["rock", "magma", "crystal", "basalt", "sediment", "mineral"]
COMMON = ["study", "results", "method", "sample", "analysis", "report"]


def made(
    number: int, seed: int = 1, share: float = 0.1
) -> tuple[dict[int, relevance.Text], dict[int, bool]]:
    """Return texts and labels by id: relevant ones speak of coaching, and of more."""
    draw = random.Random(seed)  # noqa: S311 - a draw to repeat
    texts, labels = {}, {}
    for place in range(number):
        relevant = draw.random() < share
        words = draw.choices(COMMON, k=12) + draw.choices(OTHER, k=4)
        words += draw.choices(ABOUT, k=6 if relevant else 1)
        draw.shuffle(words)
        texts[place] = (" ".join(words[:6]), " ".join(words[6:]))
        labels[place] = relevant
    return texts, labels


def test_what_is_like_the_relevant_comes_first() -> None:
    """With a fifth labelled, nearly all relevant ones are among the first."""
    texts, labels = made(400)
    known = relevance.corpus(texts)
    assert known is not None
    taught = {number: labels[number] for number in range(80)}
    rest = list(range(80, 400))
    order = relevance.ranked(known, taught, rest)
    assert sorted(order) == rest
    found = [labels[number] for number in order]
    assert (metrics.normalised_loss(found) or 0) < 0.02
    lot = metrics.normalised_loss([labels[number] for number in rest]) or 0
    assert lot > 0.3


def test_it_follows_from_texts_and_labels_alone() -> None:
    """The same again gives the same order, however the dictionaries were filled."""
    texts, labels = made(120)
    taught = {number: labels[number] for number in range(60)}
    waiting = list(range(60, 120))
    one = relevance.corpus(texts)
    other = relevance.corpus(dict(reversed(texts.items())))
    assert one is not None
    assert other is not None
    first = relevance.ranked(one, taught, waiting)
    assert first == relevance.ranked(one, taught, waiting)
    assert first == relevance.ranked(other, dict(reversed(taught.items())), waiting)


@pytest.mark.parametrize("labels", [{}, {0: True}, {0: False, 1: False}])
def test_without_both_kinds_the_order_stays(labels: dict[int, bool]) -> None:
    """Nothing can be learnt from one kind of record."""
    known = relevance.corpus(made(20)[0])
    assert known is not None
    assert not relevance.can_learn(labels)
    assert relevance.ranked(known, labels, [7, 3, 5]) == [7, 3, 5]


def test_equals_keep_their_order_and_the_unknown_come_last() -> None:
    """Records with one text stay as they were; one without a text is not lost."""
    texts = {
        1: ("coaching", ""),
        2: ("magma", ""),
        **dict.fromkeys((5, 6, 7), ("x y", "")),
    }
    known = relevance.corpus(texts)
    assert known is not None
    assert relevance.can_learn({1: True, 2: False})
    order = relevance.ranked(known, {1: True, 2: False}, [99, 7, 5, 6])
    assert order == [7, 5, 6, 99]


@pytest.mark.parametrize("text", ["", "  ", "?!", "\u2014", "a b c"])
def test_texts_without_a_word_are_no_corpus(text: str) -> None:
    """Nothing to count is no error."""
    assert relevance.corpus({1: (text, ""), 2: (text, text)}) is None
    assert relevance.corpus({}) is None


def test_one_record_twice_a_hundred_times_is_no_trouble() -> None:
    """Where every word is in every record, the order stays as it was."""
    texts = dict.fromkeys(range(100), ("the same title", "and the same abstract"))
    known = relevance.corpus(texts)
    waiting = list(range(10, 100))
    if known is not None:
        assert relevance.ranked(known, {0: True, 1: False}, waiting) == waiting


def test_other_scripts_are_words_too() -> None:
    """Titles need not be English."""
    texts = {
        1: ("наставничество учителей", ""),
        2: ("магма базальт", ""),
        3: ("базальт магма порода", ""),
        4: ("учителей школа", ""),
    }
    known = relevance.corpus(texts)
    assert known is not None
    assert relevance.ranked(known, {1: True, 2: False}, [3, 4]) == [4, 3]


def test_without_scikit_learn_it_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """One message with the fix, and no traceback of an import."""
    monkeypatch.setitem(sys.modules, "sklearn", None)
    real = util.find_spec
    monkeypatch.setattr(
        relevance,
        "find_spec",
        lambda name: None if name == "sklearn" else real(name),
    )
    with pytest.raises(LitreviewError, match="needs scikit-learn") as refusal:
        relevance.corpus({1: ("a title", "")})
    assert "pip install 'litreview[ml]'" in refusal.value.fix


@settings(max_examples=40, deadline=None)
@given(
    st.dictionaries(st.integers(0, 30), st.booleans(), max_size=12),
    st.lists(st.integers(0, 40), unique=True, max_size=25),
)
def test_nothing_is_lost_or_shown_twice(
    labels: dict[int, bool], waiting: list[int]
) -> None:
    """Whatever is labelled and asked for, the answer is the same records."""
    known = relevance.corpus(made(31)[0])
    assert known is not None
    assert sorted(relevance.ranked(known, labels, waiting)) == sorted(waiting)
