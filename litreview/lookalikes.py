"""Pairs of records that look alike at a glance, found without the matcher.

Whoever checks the matcher must not let it choose what is checked: among the pairs
that it keeps apart, those that share a DOI or a title, or whose titles are nearly the
same, are where a duplicate could have been missed. Records meet their neighbours in
a few sorted lists, never all others, so that the work grows with the records and a
title such as "Editorial" cannot make millions of pairs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from rapidfuzz import fuzz, process

REACH = 4  # places in a sorted list
ALIKE = 80.0  # per cent; titles of different works are seldom that near

Pair = tuple[int, int]
Said = Callable[["Glance"], str]


@dataclass(frozen=True, slots=True)
class Glance:
    """What is seen of a record at a glance: its title's bare words and its DOI."""

    id: int
    title: str
    doi: str = ""


def equal(records: Sequence[Glance]) -> set[Pair]:
    """Return pairs (a < b) with one DOI or one title, each with its next neighbours."""
    found: set[Pair] = set()
    equals: tuple[Said, ...] = (lambda one: one.doi, lambda one: one.title)
    for said in equals:
        told = sorted((one for one in records if said(one)), key=_by(said))
        found |= {
            _pair(one, other)
            for step in range(1, REACH + 1)
            for one, other in zip(told, told[step:], strict=False)
            if said(one) == said(other)
        }
    return found


def alike(records: Sequence[Glance]) -> set[Pair]:
    """Return pairs (a < b) whose titles are not the same, but nearly.

    They stand near each other by how their titles begin, end, or are worded.
    """
    told = [one for one in records if one.title]
    found: set[Pair] = set()
    orders: tuple[Said, ...] = (
        lambda one: one.title,
        lambda one: one.title[::-1],
        lambda one: " ".join(sorted(one.title.split(), key=lambda w: (-len(w), w))),
    )
    for order in orders:
        told.sort(key=_by(order))
        for step in range(1, REACH + 1):
            found |= _near(told, told[step:])
    return found


def _by(said: Said) -> Callable[[Glance], tuple[str, int]]:
    return lambda one: (said(one), one.id)


def _near(some: Sequence[Glance], others: Sequence[Glance]) -> set[Pair]:
    """Return the pairs at equal places whose titles are nearly the same."""
    some = some[: len(others)]
    ratios = process.cpdist(
        [one.title for one in some],
        [one.title for one in others],
        scorer=fuzz.ratio,
        score_cutoff=ALIKE,
    )
    return {
        _pair(some[k], others[k])
        for k in ratios.nonzero()[0].tolist()
        if some[k].title != others[k].title
    }


def _pair(one: Glance, other: Glance) -> Pair:
    return min(one.id, other.id), max(one.id, other.id)
