"""Which records are the same, why, and which groups they form.

`find_pairs` compares the candidate pairs of `blocking`, adds up the weights of
`levels` and lets evidence against veto evidence for: however alike two records
are, "Part I" is not "Part II" and an erratum is not its article. Sure pairs are
duplicates; the short band below them is for a person. Versions of one work
(preprint and article, conference paper and article) are `same_study`: one study,
two reports. `components` turns verdicts into groups, the strongest first, and
refuses whatever would join two records that a person held apart.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from litreview.blocking import Pairs, keys_of, meetings
from litreview.columns import Columns, Entry, columns_of
from litreview.evidence import Evidence, Flags, calibrated
from litreview.levels import (
    UNSURE,
    Abstract,
    Authors,
    Container,
    Doi,
    Issue,
    Notice,
    Pages,
    Title,
    Volume,
    Wording,
    Year,
)
from litreview.plain import PREPRINT
from litreview.weighing import weigh

__all__ = [
    "Clusters", "Entry", "Link", "Pair", "Verdict", "compare", "components",
    "find_pairs",
]  # fmt: skip

Verdict = Literal["same_study", "duplicate", "unsure", "different"]
_VERDICTS: tuple[Verdict, ...] = ("same_study", "duplicate", "unsure", "different")

# Raise it whenever other pairs meet, or a pair gets another score, verdict or
# reason: the next pass then compares all records anew.
VERSION = 2

# Before calibration (`evidence.SHARES` says what they come to).
SURE = 0.7  # merged without asking
ASK = 0.5  # the most that a pair with a doubt may reach
NEVER = 0.02  # the most that a vetoed pair may reach
SCORE_DIGITS = 4
STUDY_YEARS = 5  # years from a first report of a study to its last version


@dataclass(frozen=True, slots=True)
class Pair:
    """Two records (a < b), the probability that they are one, and why."""

    a: int
    b: int
    score: float
    verdict: Verdict
    reasons: tuple[str, ...]


def find_pairs(
    entries: Sequence[Entry], *, only: Collection[int] | None = None
) -> list[Pair]:
    """Return the pairs worth keeping, ordered by ids: all but the different.

    With `only`, pairs with at least one of these ids.
    """
    columns = columns_of(sorted(entries, key=lambda entry: entry.id))
    keys = keys_of(columns)
    touched = None if only is None else np.isin(columns.ids, list(only))
    return match(columns, meetings(keys, touched))


def match(columns: Columns, meetings: Iterable[Pairs]) -> list[Pair]:
    """Compare pairs of rows, which come in parts, and keep those not different.

    They are ordered by ids.
    """
    kept = [
        pair
        for left, right in meetings
        for pair in judge(columns, weigh(columns, left, right))
    ]
    return sorted(kept, key=lambda pair: (pair.a, pair.b))


def open_questions(found: Iterable[Pair]) -> list[Pair]:
    """Return the unsure pairs that the sure ones do not join already."""
    told = list(found)
    sure = [Link(p.a, p.b, p.score) for p in told if p.verdict == "duplicate"]
    group = components((), sure, ()).of
    return [
        pair
        for pair in told
        if pair.verdict == "unsure"
        and (pair.a not in group or group[pair.a] != group.get(pair.b))
    ]


def compare(a: Entry, b: Entry) -> Pair:
    """Compare any two records and give all the reasons, also against."""
    columns = columns_of(sorted((a, b), key=lambda entry: entry.id))
    row = np.zeros(1, np.int64)
    evidence = weigh(columns, row, row + 1, keep_all=True)
    return judge(columns, evidence, all_pairs=True)[0]


# --- verdicts -----------------------------------------------------------------


def _same_place(pairs: Evidence) -> Flags:
    """Flag what no two texts share: the DOI or a whole range of pages."""
    return pairs.said(Doi.SAME) | pairs.said(Pages.RANGE)


VETOES: tuple[tuple[float, str, Callable[[Evidence], Flags]], ...] = (
    (
        NEVER,
        "one is a notice about the other",
        lambda p: (
            (p.said(Notice.ONE_SIDED) & ~p.said(Doi.SAME))
            | (p.said(Notice.CITING) & ~_same_place(p))
        ),
    ),
    (
        NEVER,
        "another part or number",
        lambda p: p.said(Wording.NUMBER_CHANGED) & ~_same_place(p),
    ),
    (
        NEVER,
        "printed elsewhere: other volume and other pages",
        lambda p: (
            p.said(Volume.DIFFERENT) & p.said(Pages.DIFFERENT) & ~p.said(Doi.SAME)
        ),
    ),
    (
        NEVER,
        "a title shared by many, in another issue",
        lambda p: (
            p.said(Title.SHORT)
            & (
                p.said(Issue.DIFFERENT)
                | p.said(Volume.DIFFERENT)
                | p.said(Year.DIFFERENT)
            )
            & ~p.said(Doi.SAME)
        ),
    ),
    (
        NEVER,
        "neither title nor authors in common",
        lambda p: (
            p.said(Title.DIFFERENT, Title.TRANSLATED, Title.MISSING)
            & p.said(Authors.DIFFERENT, Authors.MISSING, Authors.UNKNOWN)
        ),
    ),
    (
        NEVER,
        "different titles in one place",
        lambda p: (
            p.said(Title.DIFFERENT, Title.TRANSLATED)
            & p.said(Pages.START, Pages.INSIDE, Pages.DIFFERENT)
        ),
    ),
    (
        ASK,
        "different titles, and no pages to say otherwise",
        lambda p: (
            p.said(Title.DIFFERENT, Title.TRANSLATED)
            & p.said(Pages.MISSING, Pages.UNKNOWN)
        ),
    ),
    (
        ASK,
        "another volume, and no pages to say otherwise",
        lambda p: (
            p.said(Volume.DIFFERENT)
            & p.said(Pages.MISSING, Pages.UNKNOWN)
            & ~p.said(Doi.SAME)
        ),
    ),
    (
        ASK,
        "other pages without one DOI",
        lambda p: p.said(Pages.DIFFERENT) & ~p.said(Doi.SAME),
    ),
    (
        ASK,
        "a number in one title only",
        lambda p: (
            p.said(Wording.NUMBER_ADDED)
            & p.said(Pages.DIFFERENT, Pages.MISSING)
            & ~_same_place(p)
        ),
    ),
    (
        ASK,
        "years apart without one DOI or the same pages",
        lambda p: p.said(Year.DIFFERENT) & ~_same_place(p),
    ),
    (
        ASK,
        "another journal, and nothing that places both",
        lambda p: (
            p.said(Container.DIFFERENT)
            & (p.said(Pages.MISSING) | (p.said(Pages.UNKNOWN) & p.said(Volume.MISSING)))
            & ~(p.said(Volume.SAME) & p.said(Issue.SAME))
            & ~p.said(Doi.SAME)
        ),
    ),
    (
        ASK,
        "another year and another journal",
        lambda p: (
            p.said(Year.CLOSE, Year.DIFFERENT)
            & ~p.said(Container.SAME)
            & ~_same_place(p)
        ),
    ),
    (
        ASK,
        "another year and another DOI",
        lambda p: (
            p.said(Year.CLOSE, Year.DIFFERENT)
            & p.said(Doi.DIFFERENT)
            & ~p.said(Pages.RANGE, Pages.START)
        ),
    ),
    (
        ASK,
        "no authors, and different DOIs",
        lambda p: p.said(Authors.UNKNOWN, Authors.MISSING) & p.said(Doi.DIFFERENT),
    ),
    (
        ASK,
        "a part of the other",
        lambda p: p.said(Doi.PART),
    ),
    (
        ASK,
        "different abstracts",
        lambda p: p.said(Abstract.DIFFERENT) & ~_same_place(p),
    ),
    (
        ASK,
        "another word in the title",
        lambda p: p.said(Wording.REPLACED) & ~_same_place(p),
    ),
)


def _same_study(columns: Columns, pairs: Evidence) -> Flags:
    """Flag versions of one work: the same title and people, published differently.

    Two texts in one journal are no versions of each other, unless their abstracts
    are one; a preprint and an article always are, even where all else agrees. A
    word more in the title is a revision of a preprint, but another article's name.
    """
    left, right = pairs.left, pairs.right
    preprint = (columns.form[left] == PREPRINT) != (columns.form[right] == PREPRINT)
    title = (
        pairs.said(Title.SAME)
        | (
            pairs.said(Title.SPELLING, Title.CONTINUED, Title.NEAR)
            & pairs.said(Wording.SAME)
        )
        | (pairs.said(Title.SPELLING) & preprint)
    )
    reprint = pairs.said(Title.SAME) & pairs.said(Abstract.SAME)
    bare = pairs.said(Volume.MISSING, Volume.UNKNOWN) & pairs.said(Pages.MISSING)
    lead = columns.lead[left] == columns.lead[right]
    people = pairs.said(Authors.ALL, Authors.FEWER) | (
        pairs.said(Authors.SINGLE, Authors.FIRST, Authors.MISSING)
        & pairs.said(Title.SAME)
        & (preprint | (bare & ~pairs.said(Authors.MISSING)))
    )
    # A team writes many texts of like titles, each led by another of its people.
    people |= pairs.said(Authors.MOST) & (lead | preprint)
    a, b = columns.year[left], columns.year[right]
    near = (a == 0) | (b == 0) | (np.abs(a - b) <= STUDY_YEARS) | reprint
    form = columns.form[left] != columns.form[right]
    again = pairs.said(Volume.DIFFERENT) & pairs.said(Pages.DIFFERENT) & reprint
    elsewhere = ~pairs.said(Container.SAME) | form | again
    fine = ~pairs.said(Notice.ONE_SIDED, Notice.CITING) & ~pairs.said(
        Wording.NUMBER_CHANGED, Wording.REPLACED
    )
    part = pairs.said(Doi.PART) & pairs.said(Title.SAME, Title.SHORT)
    return np.asarray((title & people & near & elsewhere & fine) | part, np.bool_)


def _preprint_and_article(columns: Columns, pairs: Evidence) -> Flags:
    left = columns.form[pairs.left] == PREPRINT
    right = columns.form[pairs.right] == PREPRINT
    return np.asarray((left != right) & ~pairs.said(Doi.SAME), np.bool_)


def judge(columns: Columns, pairs: Evidence, *, all_pairs: bool = False) -> list[Pair]:
    """Turn evidence into scores, verdicts and reasons, the vetoes first.

    Pairs that are different are left out unless `all_pairs`.
    """
    score = 1 / (1 + np.exp(-pairs.total()))
    vetoed = [(cap, words, test(pairs)) for cap, words, test in VETOES]
    for cap, _, flags in vetoed:
        score[flags] = np.minimum(score[flags], cap)
    version = _same_study(columns, pairs)
    version &= _preprint_and_article(columns, pairs) | (score < SURE)
    verdict = np.select([version, score >= SURE, score >= UNSURE], [0, 1, 2], 3)

    rows = np.flatnonzero(all_pairs | (verdict < _VERDICTS.index("different")))
    doubts: dict[int, list[str]] = {}
    for _, words, flags in vetoed:
        for k in np.flatnonzero(flags & ~version).tolist():
            doubts.setdefault(k, []).append(words)
    doubts |= {k: ["versions of one work"] for k in np.flatnonzero(version).tolist()}
    return [
        Pair(a, b, value, _VERDICTS[word], (*doubts.get(k, ()), *reasons))
        for k, a, b, value, word, reasons in zip(
            rows.tolist(),
            columns.ids[pairs.left[rows]].tolist(),
            columns.ids[pairs.right[rows]].tolist(),
            np.round(calibrated(score[rows]), SCORE_DIGITS).tolist(),
            verdict[rows].tolist(),
            pairs.reasons(rows),
            strict=True,
        )
    ]


# --- groups -------------------------------------------------------------------

Strength = float | tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Link:
    """A verdict that two records belong together; the greater strength wins.

    Order strengths so that a person comes before a machine, a newer verdict
    before an older one, a higher score before a lower.
    """

    a: int
    b: int
    strength: Strength


@dataclass(frozen=True, slots=True)
class Clusters:
    """Each record's group, named by its smallest id, and the links refused."""

    of: dict[int, int]
    refused: tuple[Link, ...]


def components(
    ids: Iterable[int],
    links: Iterable[Link],
    cannot: Collection[tuple[int, int]],
) -> Clusters:
    """Join linked records in order of strength; never join a `cannot` pair.

    A link that would bring two records of a `cannot` pair into one group, by
    itself or through others, is refused. The order of the input is irrelevant.
    """
    ordered = sorted(links, key=_order)
    ends = (end for link in ordered for end in (link.a, link.b))
    parent = {record: record for record in (*ids, *ends)}
    # The groups that each group must not join, by their smallest ids.
    apart: dict[int, set[int]] = {}
    for one, two in cannot:
        apart.setdefault(one, set()).add(two)
        apart.setdefault(two, set()).add(one)
    refused = []
    for link in ordered:
        root, other = sorted((_root(parent, link.a), _root(parent, link.b)))
        if root == other:
            continue
        if other in apart.get(root, ()):
            refused.append(link)
            continue
        parent[other] = root
        for foe in apart.pop(other, ()):
            apart[foe].discard(other)
            apart[foe].add(root)
            apart.setdefault(root, set()).add(foe)
    return Clusters({i: _root(parent, i) for i in sorted(parent)}, tuple(refused))


def _order(link: Link) -> tuple[tuple[float, ...], int, int, int]:
    """Sort the strongest first and equals by their ids."""
    strength = link.strength if isinstance(link.strength, tuple) else (link.strength,)
    low, high = sorted((link.a, link.b))
    return tuple(-part for part in strength), low, high, link.a


def _root(parent: dict[int, int], record: int) -> int:
    """Return the group's smallest id, shortening the way to it."""
    while parent[record] != record:
        parent[record] = parent[parent[record]]
        record = parent[record]
    return record
