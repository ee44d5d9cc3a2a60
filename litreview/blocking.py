"""Which records might be the same.

Comparing every record with every other is out of the question, so records meet
only in *blocks*: groups that share a DOI, a title, a first page in a volume, a
first author in a year, or a telling part of a title. One agreement is enough to
meet; `matching` then decides. A block that grows beyond `BLOCK_CAP` (a title
such as "Editorial") is split by year, volume, page, first author and title, never
truncated; records that even these cannot tell apart are compared in a chain, so
that the work stays bounded and each of them still meets a neighbour.

Who meets whom follows from the `Keys` alone, so that keys which were kept tell
which meetings some new records change (`disturbed`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl
from numpy.typing import NDArray

from litreview.columns import READ_BATCH, Columns, Ints, Tell, codes, unheard

Pairs = tuple[Ints, Ints]  # rows left and right, of equal length
Flags = NDArray[np.bool_]

BLOCK_CAP = 100  # records; they make at most 4,950 pairs
PART_LENGTH = 24  # letters; a shorter beginning or end of a title is no clue
LONGEST_WORD = 200  # letters
LONG_WORD = 6  # letters; all but a few titles have three such words
LONGEST_WORDS = 3  # words; two meet by chance, four are lost by one typing error
BATCH = 500_000  # pairs made at once; about 100 MB while they are compared

# The rows of `Keys.codes`: the ways to meet, then what splits large blocks.
WAYS = ("doi", "title", "place", "lead_year", "words", "head", "tail")
FINER = ("year", "volume", "first", "lead")
TITLE = WAYS.index("title")  # splits blocks as well, at last

_ODD = np.int64(-7046029254386353131)  # spreads bits (Knuth, vol. 3, 6.4)


# --- keys ---------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Keys:
    """By what records meet: one column of `codes` per record, 0 for no such key.

    The rows of `codes` are `WAYS` and `FINER`; `ids` ascend.
    """

    ids: Ints
    codes: Ints

    def at(self, rows: Ints | Flags) -> Keys:
        """Return the keys of some rows."""
        return Keys(self.ids[rows], self.codes[:, rows])

    def among(self, ids: Ints) -> Flags:
        """Flag the records with these ids."""
        return np.isin(self.ids, ids)

    def replaced(self, others: Keys) -> Keys:
        """Return these keys with those of `others`, which rule, put in."""
        again = self.among(others.ids)
        kept = self.at(~again) if again.any() else self
        ids = np.concatenate([kept.ids, others.ids])
        merged = Keys(ids, np.concatenate([kept.codes, others.codes], axis=1))
        if np.all(ids[1:] > ids[:-1]):
            return merged
        return merged.at(np.argsort(ids, kind="stable"))


NO_KEYS = Keys(np.zeros(0, np.int64), np.zeros((len(WAYS) + len(FINER), 0), np.int64))


def keys_of(columns: Columns) -> Keys:
    """Return the keys of records whose ids ascend."""
    told = [np.zeros((3, 0), np.int64)]
    for start in range(0, len(columns.ids), READ_BATCH):  # words take much room
        part = columns.titles[start : start + READ_BATCH].tolist()
        told.append(_title_keys(pl.Series(part, dtype=pl.String)))
    rows = (
        columns.doi,
        columns.title,
        _joined(columns.first, columns.volume),
        _joined(columns.lead, columns.year),
        *np.concatenate(told, axis=1),
        columns.year,
        columns.volume,
        columns.first,
        columns.lead,
    )
    return Keys(columns.ids, np.stack(rows))


def _title_keys(titles: pl.Series) -> Ints:
    """Return the codes of the titles' longest words, their beginnings and ends."""
    tight = titles.str.replace_all(" ", "", literal=True)
    long = tight.set(tight.str.len_chars() < PART_LENGTH, "")
    return np.stack(
        [
            longest_words(titles),
            codes(long.str.head(PART_LENGTH)),
            codes(long.str.tail(PART_LENGTH)),
        ]
    )


def longest_words(titles: pl.Series) -> Ints:
    """Return a code of the longest words of each title, 0 where it has too few.

    Words of one length stand in the order of their codes. Most titles have enough
    long words; only those of the others are looked at once more with the short ones.
    """
    found = _longest_words(titles, LONG_WORD)
    few = np.flatnonzero(found == 0)
    found[few] = _longest_words(titles.gather(few), 0)
    return found


def _longest_words(titles: pl.Series, least: int) -> Ints:
    """Return those codes, of words that have at least so many letters."""
    found = np.zeros(len(titles), np.int64)
    words = titles.str.split(" ")
    row = np.repeat(np.arange(len(titles), dtype=np.int64), words.list.len().to_numpy())
    each = words.explode()
    if least:
        long = each.str.len_bytes() >= least
        row, each = row[long.to_numpy()], each.filter(long)
    if not len(each):
        return found
    # In one number, so that one sort does: row, length, and what tells words apart.
    told = each.unique()
    length = np.minimum(told.str.len_bytes().to_numpy(), LONGEST_WORD).astype(np.int64)
    signs = pl.Series((length << 24) | (codes(told) & 0xFFFFFF), dtype=pl.Int64)
    sign = each.replace_strict(told, signs, return_dtype=pl.Int64).to_numpy()
    keyed = np.sort((row << 32) | sign)
    keyed = keyed[np.append(True, keyed[1:] != keyed[:-1])[: len(keyed)]]
    row, word = keyed >> 32, keyed & 0xFFFFFFFF
    last = np.flatnonzero(np.append(row[1:] != row[:-1], True)[: len(row)])
    first = np.append(0, last + 1)[: len(last)]
    last = last[last - first >= LONGEST_WORDS - 1]
    key = word[last]
    for back in range(1, LONGEST_WORDS):
        key = _mixed(key, word[last - back])
    found[row[last]] = key
    return found


def _joined(key: Ints, other: Ints) -> Ints:
    """Make one key of two, 0 where either is missing."""
    return np.where((key == 0) | (other == 0), 0, _mixed(key, other))


def _mixed(key: Ints, other: Ints) -> Ints:
    with np.errstate(over="ignore"):
        mixed = (key * _ODD) ^ ((other + 1) * _ODD >> 7) * _ODD
    return np.where(mixed == 0, 1, mixed)


# --- blocks -------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Blocks:
    """The last block of each row in one way, 0 for none.

    In a chain a row meets only the next one of its block; `after` is the row
    behind it, -1 at the end and wherever there is no chain.
    """

    label: Ints
    chained: Flags
    after: Ints

    def together(self, left: Ints, right: Ints) -> Flags:
        """Flag the pairs of rows, left before right, that meet."""
        label = self.label[left]
        same: Flags = (label != 0) & (label == self.label[right])
        chain = self.chained[left]
        if chain.any():
            same &= ~chain | (self.after[left] == right)
        return same


def split(key: Ints, finer: Sequence[Ints]) -> Blocks:
    """Put the rows that share a key into one block, those over the cap by `finer`."""
    label = key.copy()
    chained = np.zeros(len(key), np.bool_)
    after = np.full(len(key), -1)
    rows = np.flatnonzero(key)
    for more in (*finer, None):
        rows, _, size = _runs(label, rows)
        rows = rows[np.repeat(size > BLOCK_CAP, size)]
        if not len(rows):
            break
        if more is None:
            chained[rows] = True
            on = label[rows[:-1]] == label[rows[1:]]
            after[rows[:-1][on]] = rows[1:][on]
        else:
            label[rows] = _mixed(label[rows], more[rows])
            rows = np.sort(rows)
    return Blocks(label, chained, after)


def _runs(label: Ints, rows: Ints) -> tuple[Ints, Ints, Ints]:
    """Sort rows, which ascend, by label; return where each label starts, its size."""
    rows = rows[np.argsort(label[rows], kind="stable")]
    new = np.append(True, label[rows[1:]] != label[rows[:-1]])[: len(rows)]
    start = np.flatnonzero(new)
    return rows, start, np.diff(np.append(start, len(rows)))


def blocks_of(keys: Keys) -> list[Blocks]:
    """Return the last blocks of all rows, for each way to meet."""
    ways = keys.codes[: len(WAYS)]
    finer = [*keys.codes[len(WAYS) :], ways[TITLE]]
    return [split(key, finer) for key in ways]


def meetings(
    keys: Keys, touched: Flags | None = None, tell: Tell = unheard
) -> Iterator[Pairs]:
    """Yield the rows of the pairs worth comparing, left < right, each pair once.

    They come in parts of about `BATCH` pairs, however many there are. With `touched`
    (one flag per row) only pairs with at least one such row. `tell` is called with
    the rows whose pairs were taken, of those of all the ways.
    """
    blocks = blocks_of(keys)
    count = len(keys.ids)
    ready: list[Pairs] = []
    for way, here in enumerate(blocks):
        for left, right in _within(here, touched):
            new = np.ones(len(left), np.bool_)
            for earlier in blocks[:way]:
                new &= ~earlier.together(left, right)
            if touched is not None:
                new &= touched[left] | touched[right]
            ready.append((left[new], right[new]))
            if sum(len(part) for part, _ in ready) >= BATCH:
                yield _together(ready)
                ready = []
        tell((way + 1) * count, len(blocks) * count)
    if ready:
        yield _together(ready)


def _together(parts: Sequence[Pairs]) -> Pairs:
    lefts, rights = zip(*parts, strict=True)
    return np.concatenate(lefts), np.concatenate(rights)


def _within(blocks: Blocks, touched: Flags | None) -> Iterator[Pairs]:
    """Yield the pairs of rows that share a block, some blocks at a time."""
    label = blocks.label
    inside = label != 0
    if touched is not None:
        inside &= np.isin(label, np.unique(label[touched]))
    rows, start, size = _runs(label, np.flatnonzero(inside & ~blocks.chained))
    made = np.cumsum(size * (size - 1) // 2)
    first = 0
    while first < len(size):
        done = made[first - 1] if first else 0
        end = max(first + 1, int(np.searchsorted(made, done + BATCH, side="right")))
        stop = start[end] if end < len(start) else len(rows)
        yield _paired(rows[start[first] : stop], label)
        first = end
    chain = np.flatnonzero(inside & (blocks.after >= 0))
    for at in range(0, len(chain), BATCH):
        part = chain[at : at + BATCH]
        yield part, blocks.after[part]


def _paired(rows: Ints, label: Ints) -> Pairs:
    """Pair each row with those behind it that have its label; equals stand together."""
    mark = label[rows]
    lefts, rights = [rows[:0]], [rows[:0]]
    at = np.arange(len(rows))
    for step in range(1, BLOCK_CAP):
        at = at[at + step < len(rows)]
        at = at[mark[at] == mark[at + step]]
        if not len(at):
            break
        lefts.append(rows[at])
        rights.append(rows[at + step])
    return np.concatenate(lefts), np.concatenate(rights)


# --- what new records change --------------------------------------------------


def near(keys: Keys, *some: Keys) -> Flags:
    """Flag the rows of `keys` that share any key with any of `some`."""
    found = np.zeros(len(keys.ids), np.bool_)
    for way in range(len(WAYS)):
        wanted = np.unique(np.concatenate([others.codes[way] for others in some]))
        wanted = wanted[wanted != 0]
        if len(wanted):
            mine = keys.codes[way]
            at = np.minimum(np.searchsorted(wanted, mine), len(wanted) - 1)
            found |= wanted[at] == mine
    return found


def disturbed(before: Keys, after: Keys, changed: Ints) -> Ints:
    """Return the ids of the other records whose meetings among themselves change.

    `changed` are the ids of the records that came, went or got other keys. Theirs
    are the blocks that may grow over the cap or shrink below it, and so be split
    differently, and the chains that may open or close.
    """
    moved = [keys.at(keys.among(changed)) for keys in (before, after)]
    around = after.among(changed) | near(after, *moved)
    ids = np.union1d(after.ids[around], changed)
    one, two = before.at(before.among(ids)), after.at(around)
    found = [changed[:0]]
    others = np.setdiff1d(one.ids, changed)
    here, there = np.searchsorted(one.ids, others), np.searchsorted(two.ids, others)
    for was, now in zip(blocks_of(one), blocks_of(two), strict=True):
        other = was.label[here] != now.label[there]
        other |= _named(one, was)[here] != _named(two, now)[there]
        found.append(others[other])
    return np.unique(np.concatenate(found))


def _named(keys: Keys, blocks: Blocks) -> Ints:
    """Return the id of the next record in the chain, -1 for none."""
    return np.where(blocks.after < 0, -1, keys.ids[blocks.after])
