"""What is known of pairs of records: one level per field.

Levels carry weights (see `levels`). What has not been compared yet counts with the
most that it could weigh, so that a pair is dropped as soon as nothing that is still
to be compared could save it.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from litreview.columns import Ints
from litreview.levels import BIAS, FIELDS, UNSURE, Authors, Level, Title

Levels = NDArray[np.int8]
Flags = NDArray[np.bool_]
Numbers = NDArray[np.float64]

# What share of the pairs of a total are one record, as log-odds: total and share.
# The weights are cautious where little is known. Fitted once to the pairs of the
# labelled sets, each set weighted by the root of its size; between, straight lines.
SHARES = (
    (-2.2, -2.2),  # 0.1: below it and above the last the total is the share
    (-0.405, 0.2),  # 0.4 is 0.55: from here on a person is asked
    (0.0, 1.05),  # 0.5 is 0.74
    (0.405, 1.8),  # 0.6 is 0.86
    (0.847, 2.4),  # 0.7 is 0.92: from here on pairs are merged
    (2.2, 3.2),  # 0.9 is 0.96
    (4.6, 4.6),  # 0.99
)

LEAST = np.log(UNSURE / (1 - UNSURE))  # log-odds; below it nobody is asked
# A pair may be two versions of a work only with such titles and people.
VERSION_TITLES = (Title.SAME, Title.SHORT, Title.SPELLING, Title.CONTINUED, Title.NEAR)
VERSION_PEOPLE = (
    Authors.ALL, Authors.SINGLE, Authors.FEWER, Authors.FIRST, Authors.MOST,
    Authors.UNKNOWN, Authors.MISSING,
)  # fmt: skip
WORDING = {field: [level.words for level in field] for field in FIELDS}


@dataclass(frozen=True, slots=True)
class Evidence:
    """The levels of many pairs of rows: one array per field, all of one length.

    With `all_pairs` none may be dropped, nor any field of it be left unread.
    """

    left: Ints
    right: Ints
    levels: dict[type[Level], Levels]
    all_pairs: bool = False

    def said(self, *levels: Level) -> Flags:
        """Flag the pairs with one of these levels, all of one field."""
        field = type(levels[0])
        wanted = np.zeros(len(field), np.bool_)
        wanted[list(levels)] = True
        return wanted[self.levels[field]]

    def total(self) -> NDArray[np.float64]:
        """Return the log-odds that each pair is one record.

        Fields not yet compared count with their greatest weight, so that the
        total is an upper bound.
        """
        total = np.full(len(self.left), BIAS)
        for field in FIELDS:
            weights = np.array([level.weight for level in field])
            known = self.levels.get(field)
            total += weights.max() if known is None else weights[known]
        return total

    def keep(self, flags: Flags) -> Evidence:
        """Return the evidence of the flagged pairs only, unless of all is wanted."""
        if self.all_pairs:
            return self
        levels = {field: values[flags] for field, values in self.levels.items()}
        return Evidence(self.left[flags], self.right[flags], levels)

    def may_be_one(self, extra: float | NDArray[np.float64] = 0.0) -> Flags:
        """Flag the pairs that may still reach `UNSURE`, with `extra` log-odds."""
        return np.asarray(self.total() + extra >= LEAST)

    def may_be_versions(self) -> Flags:
        """Flag the pairs whose title and people, if known, allow for versions."""
        may_be = np.ones(len(self.left), np.bool_)
        for told in (VERSION_TITLES, VERSION_PEOPLE):
            if type(told[0]) in self.levels:
                may_be &= self.said(*told)
        return may_be

    def reasons(self, rows: Ints) -> list[tuple[str, ...]]:
        """Say in words what the levels of some pairs are."""
        told = [
            [WORDING[field][level] for level in self.levels[field][rows].tolist()]
            for field in FIELDS
        ]
        return [tuple(filter(None, words)) for words in zip(*told, strict=True)]


def calibrated(score: Numbers) -> Numbers:
    """Return the share of duplicates among pairs of these scores (see `SHARES`).

    Scores are the logistic function of totals. The order of scores stays.
    """
    totals, shares = np.array(SHARES).T
    least, most = 1 / (1 + np.exp(-totals[[0, -1]]))
    found = score.copy()
    between = (score > least) & (score < most)
    total = np.log(score[between] / (1 - score[between]))
    found[between] = 1 / (1 + np.exp(-np.interp(total, totals, shares)))
    return found
