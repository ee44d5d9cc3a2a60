"""Which records might be the same.

Comparing every record with every other is out of the question, so records meet
only in *blocks*: groups that share a DOI, a title, a first page in a volume, a
first author in a year, or a telling part of a title. One agreement is enough to
meet; `matching` then decides. A block that grows beyond `BLOCK_CAP` (a title
such as "Editorial") is split by year, volume, page, first author and title, never
truncated; records that even these cannot tell apart are compared in a chain, so
that the work stays bounded and each of them still meets a neighbour.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray

from litreview.columns import Columns, Ints, codes

Pairs = tuple[Ints, Ints]  # rows left and right, of equal length
Flags = NDArray[np.bool_]

BLOCK_CAP = 100  # records; they make at most 4,950 pairs
PART_LENGTH = 24  # letters; a shorter beginning or end of a title is no clue
LONGEST_WORD = 200  # letters
LONGEST_WORDS = 3  # words; two meet by chance, four are lost by one typing error

_ODD = np.int64(-7046029254386353131)  # spreads bits (Knuth, vol. 3, 6.4)


def candidate_pairs(columns: Columns, touched: Flags | None = None) -> Pairs:
    """Return the rows of the pairs worth comparing, left < right, each pair once.

    With `touched` (one flag per row) only pairs with at least one such row.
    """
    count = len(columns.ids)
    rows = np.arange(count, dtype=np.int64)
    finer = (columns.year, columns.volume, columns.first, columns.lead, columns.title)
    met = [
        np.minimum(left, right) * count + np.maximum(left, right)
        for key in block_keys(columns)
        for left, right in _meet(rows, key, finer, touched)
    ]
    codes = np.sort(np.concatenate([rows[:0], *met]))
    codes = codes[np.append(True, codes[1:] != codes[:-1])[: len(codes)]]
    left, right = np.divmod(codes, max(count, 1))
    if touched is None:
        return left, right
    keep = touched[left] | touched[right]
    return left[keep], right[keep]


def block_keys(columns: Columns) -> list[Ints]:
    """Return one column of block numbers for each way in which records may meet."""
    tight = pl.Series(columns.titles, dtype=pl.String).str.replace_all(" ", "")
    long = tight.set(tight.str.len_chars() < PART_LENGTH, "")
    return [
        columns.doi,
        columns.title,
        _joined(columns.first, columns.volume),
        _joined(columns.lead, columns.year),
        longest_words(columns.titles),
        codes(long.str.head(PART_LENGTH)),
        codes(long.str.tail(PART_LENGTH)),
    ]


def longest_words(titles: Sequence[str]) -> Ints:
    """Return a code of the longest words of each title, 0 where it has too few.

    Words of one length stand in the order of their codes.
    """
    found = np.zeros(len(titles), np.int64)
    if not titles:
        return found
    words = pl.Series(titles, dtype=pl.String).str.split(" ")
    row = np.repeat(np.arange(len(titles), dtype=np.int64), words.list.len().to_numpy())
    each = words.explode()
    length = np.minimum(each.str.len_bytes().to_numpy(), LONGEST_WORD).astype(np.int64)
    # In one number, so that one sort does: row, length, and what tells words apart.
    told = each.unique()
    signs = each.replace_strict(told, codes(told), return_dtype=pl.Int64).to_numpy()
    keyed = np.sort((row << 32) | (length << 24) | (signs & 0xFFFFFF))
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


def _meet(
    rows: Ints, key: Ints, finer: Sequence[Ints], touched: Flags | None
) -> list[Pairs]:
    """Pair the rows that share a key; blocks over the cap are split by `finer`."""
    rows = rows[key[rows] != 0]
    rows = rows[np.argsort(key[rows], kind="stable")]
    if len(rows) < 2:
        return []
    new_block = np.append(True, key[rows[1:]] != key[rows[:-1]])
    start = np.flatnonzero(new_block)
    size = np.diff(np.append(start, len(rows)))
    keep = size > 1
    if touched is not None:
        keep &= np.logical_or.reduceat(touched[rows], start)
    large = rows[np.repeat(keep & (size > BLOCK_CAP), size)]
    small = rows[np.repeat(keep & (size <= BLOCK_CAP), size)]
    return [
        *_within(small, key[small]),
        *(_meet(large, _mixed(key, finer[0]), finer[1:], touched) if finer else ()),
        *(() if finer else _within(large, key[large], reach=1)),
    ]


def _within(rows: Ints, key: Ints, reach: int = BLOCK_CAP) -> list[Pairs]:
    """Pair each row with those up to `reach` places on that have the same key."""
    pairs = []
    at = np.arange(len(rows))
    for step in range(1, reach + 1):
        at = at[at + step < len(rows)]
        at = at[key[at] == key[at + step]]
        if not len(at):
            break
        pairs.append((rows[at], rows[at + step]))
    return pairs
