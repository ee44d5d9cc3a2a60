"""Candidate pairs: who meets, and that no block explodes."""

from __future__ import annotations

import random
from dataclasses import replace
from itertools import combinations, pairwise

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from litreview import blocking
from litreview.blocking import (
    BLOCK_CAP,
    FINER,
    WAYS,
    Keys,
    disturbed,
    keys_of,
    meetings,
    near,
)
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


def met(keys: Keys, touched: list[bool] | None = None) -> list[tuple[int, int]]:
    """Return the pairs of rows that meet."""
    flags = None if touched is None else np.array(touched, np.bool_)
    return sorted(
        pair
        for left, right in meetings(keys, flags)
        for pair in zip(left.tolist(), right.tolist(), strict=True)
    )


def meet(entries: list[Entry]) -> list[tuple[int, int]]:
    """Return the pairs of entries that meet, as rows."""
    return met(keys_of(columns_of(entries)))


@settings(deadline=None)
@given(ENTRIES, st.data())
def test_pairs_are_distinct_ordered_and_complete(
    entries: list[Entry], data: st.DataObject
) -> None:
    """Each pair once, left first; a shared DOI or title suffices; `touched` filters."""
    columns = columns_of(entries)
    keys = keys_of(columns)
    pairs = met(keys)
    assert len(set(pairs)) == len(pairs)
    assert all(a < b for a, b in pairs)
    for a, b in combinations(range(len(entries)), 2):
        same_doi = columns.doi[a] == columns.doi[b] > 0
        same_title = columns.title[a] == columns.title[b] > 0
        if same_doi or same_title:
            assert (a, b) in pairs
    size = len(entries)
    touched = data.draw(st.lists(st.booleans(), min_size=size, max_size=size))
    limited = [(a, b) for a, b in pairs if touched[a] or touched[b]]
    assert met(keys, touched) == limited


def test_each_way_of_meeting_is_enough() -> None:
    """Pages in a volume, author and year, title words, its beginning or its end."""
    base = Entry(1, title="On the coaching of head teachers in seaside schools")
    other = Entry(2, title="Something else entirely, at quite another length of text")
    assert meet([base, other]) == []
    for clue in ({"volume": "3", "pages": "7-9"}, {"authors": "Ito, K", "year": 2001}):
        assert meet([replace(e, **clue) for e in (base, other)])
    for title in (
        "Teachers, coaching, seaside: a new head",
        "On the coaching of head teachers and of nobody besides them",
        "What became of head teachers in seaside schools",
    ):
        assert meet([base, replace(other, title=title)])


def test_a_huge_block_is_split_and_not_dropped() -> None:
    """A thousand equal titles make few pairs, yet equal records still meet."""
    crowd = [
        Entry(n, title="Editorial", year=1900 + n % 100, volume=str(n))
        for n in range(1000)
    ]
    pairs = meet([*crowd, replace(crowd[500], id=5000)])
    assert (500, 1000) in pairs
    assert len(pairs) < 1000 * BLOCK_CAP / 2


def test_records_that_nothing_tells_apart_meet_in_a_chain() -> None:
    """Identical records beyond the cap cost one pair each, and all are joined."""
    crowd = [Entry(n, title="Editorial", doi="10.1234/x") for n in range(3 * BLOCK_CAP)]
    assert meet(crowd) == [(n, n + 1) for n in range(len(crowd) - 1)]


# -- what new records change ---------------------------------------------------------


class Drawn:
    """Keys of some records, drawn out of so few that blocks grow over the cap."""

    def __init__(self, draw: random.Random) -> None:
        """Draw how many values each key may have, and what most records say."""
        self.draw = draw
        self.values = [draw.choice([1, 2, 4, 30]) for _ in (*WAYS, *FINER)]
        self.usual = [self.one() for _ in range(2)]

    def one(self) -> list[int]:
        """Draw the keys of one record, 0 for none; each way has its own."""
        found = [self.draw.randrange(0, values + 1) for values in self.values]
        return [key + 100 * way if key else 0 for way, key in enumerate(found)]

    def keys(self, ids: list[int]) -> Keys:
        """Draw the keys of records with these ids, most of them like others."""
        codes = []
        for _ in ids:
            own = self.one()
            if self.draw.random() < 0.7:
                changed, own = (
                    self.draw.randrange(12),
                    list(self.draw.choice(self.usual)),
                )
                if changed < len(own):
                    own[changed] = self.one()[changed]
            codes.append(own)
        return Keys(np.array(ids, np.int64), np.array(codes, np.int64).T)


def told_slowly(keys: Keys, cap: int) -> set[tuple[int, int]]:
    """Return the pairs of rows that meet, word for word as the module says it."""

    def block(rows: list[int], finer: list[int]) -> set[tuple[int, int]]:
        if len(rows) <= cap:
            return set(combinations(rows, 2))
        if not finer:
            return set(pairwise(rows))
        found = set()
        for value in {keys.codes[finer[0], row] for row in rows}:
            part = [row for row in rows if keys.codes[finer[0], row] == value]
            found |= block(part, finer[1:])
        return found

    finer = [*range(len(WAYS), len(keys.codes)), WAYS.index("title")]
    pairs: set[tuple[int, int]] = set()
    for way in keys.codes[: len(WAYS)]:
        for value in {*way.tolist()} - {0}:
            pairs |= block(np.flatnonzero(way == value).tolist(), finer)
    return pairs


@settings(deadline=None, max_examples=100)
@given(st.randoms(use_true_random=False), st.integers(2, 5))
def test_who_meets_is_what_the_rules_say(draw: random.Random, cap: int) -> None:
    """Blocks, their parts and chains, each pair once, against the plain rules."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(blocking, "BLOCK_CAP", cap)
        keys = Drawn(draw).keys(list(range(draw.randrange(1, 30))))
        found = met(keys)
        assert len(set(found)) == len(found)
        assert set(found) == told_slowly(keys, cap)


@settings(deadline=None, max_examples=100)
@given(st.randoms(use_true_random=False), st.integers(2, 5))
def test_only_the_disturbed_meet_others_than_before(
    draw: random.Random, cap: int
) -> None:
    """Whatever comes or changes, all pairs that differ have a record that is named."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(blocking, "BLOCK_CAP", cap)
        drawn = Drawn(draw)
        ids = sorted(draw.sample(range(40), draw.randrange(1, 30)))
        before = drawn.keys(ids)
        news = sorted(draw.sample(range(40), draw.randrange(1, 5)))
        after = before.replaced(drawn.keys(news))
        touched = np.union1d(disturbed(before, after, np.array(news)), news)
        assert set(touched.tolist()) <= set(after.ids.tolist())
        old, new = named(before), named(after)
        for pair in old ^ new:
            assert set(pair) & set(touched.tolist())
        # The records around them tell all their pairs, and no other are needed.
        some = after.among(touched)
        around = after.at(some | near(after, after.at(some)))
        flags = around.among(touched).tolist()
        found = {
            (int(around.ids[a]), int(around.ids[b])) for a, b in met(around, flags)
        }
        assert found == {pair for pair in new if set(pair) & set(touched.tolist())}


def named(keys: Keys) -> set[tuple[int, int]]:
    """Return the pairs that meet, by ids."""
    return {(int(keys.ids[a]), int(keys.ids[b])) for a, b in met(keys)}


def test_few_are_disturbed() -> None:
    """Only a record that makes a block cross the cap disturbs others: its block."""
    crowd = [Entry(n, title="Editorial", year=2000) for n in range(1, BLOCK_CAP)]
    others = [Entry(1000 + n, doi="10.1234/x") for n in range(5)]
    before = keys_of(columns_of([*crowd, *others]))
    more = Entry(2000, title="Editorial", year=2000)
    after = before.replaced(keys_of(columns_of([more])))
    assert disturbed(before, after, np.array([2000])).tolist() == []
    again = after.replaced(keys_of(columns_of([replace(more, id=2001)])))
    names = [entry.id for entry in crowd]
    assert disturbed(after, again, np.array([2001])).tolist() == [*names, 2000]


def test_parts_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """However many pairs there are, few are in hand at once; none gets lost."""
    crowd = [
        Entry(n, title="On rain", doi=f"10.1234/{n % 40}", year=n % 3)
        for n in range(2_000)
    ]
    keys = keys_of(columns_of(crowd))
    whole = met(keys)
    monkeypatch.setattr(blocking, "BATCH", 1_000)
    parts = [len(left) for left, _ in meetings(keys)]
    assert max(parts) < 1_000 + BLOCK_CAP**2
    assert met(keys) == whole
    assert sum(parts) == len(whole) > 10_000


def test_progress_ends_at_the_end() -> None:
    """Who waits hears how far it is, and at last that it is done."""
    heard: list[tuple[int, int]] = []
    keys = keys_of(columns_of([Entry(1, title="A tide"), Entry(2, title="A tide")]))
    list(meetings(keys, tell=lambda done, total: heard.append((done, total))))
    assert len(heard) == len(WAYS)
    assert heard == sorted(heard)
    assert heard[-1] == (14, 14)


@settings(deadline=None, max_examples=100)
@given(
    st.lists(
        st.lists(st.sampled_from(["a", "at", "tides", "school", "coaches", "élèves"]),
                 max_size=6).map(" ".join),
        max_size=5,
    )
)  # fmt: skip
def test_short_words_count_where_long_ones_are_few(titles: list[str]) -> None:
    """Looking at the long words first finds what looking at all at once does."""
    told = pl.Series(titles, dtype=pl.String)
    codes = blocking.longest_words(told)
    assert codes.tolist() == blocking._longest_words(told, 0).tolist()
    enough = [len(set(title.split())) >= blocking.LONGEST_WORDS for title in titles]
    assert (codes != 0).tolist() == enough
