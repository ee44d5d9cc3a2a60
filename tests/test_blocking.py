"""Candidate pairs: who meets, and that no block explodes."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from litreview.blocking import BLOCK_CAP, candidate_pairs
from litreview.columns import Entry, columns_of

WORDS = st.sampled_from(["tide", "school", "meal", "coach", "boat", "reading"])
ENTRIES = st.lists(
    st.builds(
        Entry,
        id=st.just(0),
        title=st.lists(WORDS, max_size=6).map(" ".join),
        authors=st.sampled_from(["", "Marsh, H", "Ito, K; Marsh, H"]),
        year=st.sampled_from([None, 2001, 2002]),
        volume=st.sampled_from(["", "1", "2"]),
        pages=st.sampled_from(["", "1-9", "10-19"]),
        doi=st.sampled_from(["", "10.1234/a", "10.1234/b"]),
    ),
    max_size=12,
)


def meetings(
    entries: list[Entry], touched: list[bool] | None = None
) -> list[tuple[int, int]]:
    """Return the candidate pairs as rows."""
    flags = None if touched is None else np.array(touched, np.bool_)
    left, right = candidate_pairs(columns_of(entries), flags)
    return list(zip(left.tolist(), right.tolist(), strict=True))


@given(ENTRIES, st.data())
def test_pairs_are_distinct_ordered_and_complete(
    entries: list[Entry], data: st.DataObject
) -> None:
    """Each pair once, left first; a shared DOI or title suffices; `touched` filters."""
    pairs = meetings(entries)
    assert len(set(pairs)) == len(pairs)
    assert all(a < b for a, b in pairs)
    columns = columns_of(entries)
    for a, b in combinations(range(len(entries)), 2):
        same_doi = columns.doi[a] == columns.doi[b] > 0
        same_title = columns.title[a] == columns.title[b] > 0
        if same_doi or same_title:
            assert (a, b) in pairs
    size = len(entries)
    touched = data.draw(st.lists(st.booleans(), min_size=size, max_size=size))
    limited = [(a, b) for a, b in pairs if touched[a] or touched[b]]
    assert meetings(entries, touched) == limited


def test_each_way_of_meeting_is_enough() -> None:
    """Pages in a volume, author and year, title words, its beginning or its end."""
    base = Entry(1, title="On the coaching of head teachers in seaside schools")
    other = Entry(2, title="Something else entirely, at quite another length of text")
    assert meetings([base, other]) == []
    for clue in ({"volume": "3", "pages": "7-9"}, {"authors": "Ito, K", "year": 2001}):
        assert meetings([replace(e, **clue) for e in (base, other)])
    for title in (
        "Teachers, coaching, seaside: a new head",
        "On the coaching of head teachers and of nobody besides them",
        "What became of head teachers in seaside schools",
    ):
        assert meetings([base, replace(other, title=title)])


def test_a_huge_block_is_split_and_not_dropped() -> None:
    """A thousand equal titles make few pairs, yet equal records still meet."""
    crowd = [
        Entry(n, title="Editorial", year=1900 + n % 100, volume=str(n))
        for n in range(1000)
    ]
    pairs = meetings([*crowd, replace(crowd[500], id=5000)])
    assert (500, 1000) in pairs
    assert len(pairs) < 1000 * BLOCK_CAP / 2


def test_records_that_nothing_tells_apart_meet_in_a_chain() -> None:
    """Identical records beyond the cap cost one pair each, and all are joined."""
    crowd = [Entry(n, title="Editorial", doi="10.1234/x") for n in range(3 * BLOCK_CAP)]
    assert meetings(crowd) == [(n, n + 1) for n in range(len(crowd) - 1)]
