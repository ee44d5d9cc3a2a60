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

from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from litreview.columns import Columns, Ints

Pairs = tuple[Ints, Ints]  # rows left and right, of equal length
Flags = NDArray[np.bool_]

BLOCK_CAP = 100  # records; they make at most 4,950 pairs
PART_LENGTH = 24  # letters; a shorter beginning or end of a title is no clue
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
    tight = [title.replace(" ", "") for title in columns.titles]
    long = [title if len(title) >= PART_LENGTH else "" for title in tight]
    return [
        columns.doi,
        columns.title,
        _joined(columns.first, columns.volume),
        _joined(columns.lead, columns.year),
        _hashes(map(_longest_words, columns.titles)),
        _hashes(title[:PART_LENGTH] for title in long),
        _hashes(title[-PART_LENGTH:] for title in long),
    ]


def _longest_words(title: str) -> str:
    """Return the longest words of a title, '' where it has too few."""
    words = sorted(sorted(set(title.split())), key=len)[-LONGEST_WORDS:]
    return " ".join(words) if len(words) == LONGEST_WORDS else ""


def _hashes(keys: Iterable[str]) -> Ints:
    """Turn texts into block numbers; '' is 0, which is no block."""
    return np.fromiter((hash(key) if key else 0 for key in keys), np.int64)


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
