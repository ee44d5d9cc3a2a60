"""How good an order of screening is: how early it brings the relevant records.

Everything is asked of one sequence, the labels in the order of screening: true
for a relevant record. Ranks count from 1. The sequence is the whole set, so these
figures need every label: they judge an order afterwards, or a simulation; while
screening goes on they are estimates, and whoever shows them says so.

A figure that does not exist, such as recall without a relevant record, is None.

Where tools differ: `wss` is Cohen's formula. asreview-insights draws a random curve
of whole records and stops at the last step of recall not above the target, so that
on small sets its figure is another one (0.45 for 0.60 on twenty records).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction

# The recall that screening with an order is usually judged at.
USUAL_RECALL = 0.95


@dataclass(frozen=True)
class Cut:
    """A set of records cut in two: those screened, and the rest.

    `total` records of which `relevant` are relevant; `found` of these are among the
    first `screened`. What is screened counts as positive, the rest as negative.
    """

    total: int
    relevant: int
    screened: int
    found: int

    @property
    def false_positives(self) -> int:
        """Irrelevant records that were screened."""
        return self.screened - self.found

    @property
    def false_negatives(self) -> int:
        """Relevant records that were not screened."""
        return self.relevant - self.found

    @property
    def true_negatives(self) -> int:
        """Irrelevant records that nobody had to screen."""
        return self.total - self.screened - self.false_negatives

    @property
    def recall(self) -> float | None:
        """The share of the relevant records that was found."""
        return self.found / self.relevant if self.relevant else None

    @property
    def specificity(self) -> float | None:
        """The share of the irrelevant records that nobody had to screen (TNR).

        At a fixed recall this is the normalised work saved over sampling, which can
        be compared between reviews: 0 at worst, 1 at best (Kusa et al. 2023,
        doi 10.1016/j.iswa.2023.200193).
        """
        irrelevant = self.total - self.relevant
        return self.true_negatives / irrelevant if irrelevant else None

    def wss(self, target: float) -> float:
        """Return the work saved over sampling at a recall, as a share of all records.

        (TN + FN) / N - (1 - R): what was left unscreened, less what a random order
        would leave at this recall (Cohen et al. 2006, doi 10.1197/jamia.M1929).
        """
        return (self.total - self.screened) / self.total - (1 - target)


def cut_at(labels: Sequence[bool], target: float = USUAL_RECALL) -> Cut | None:
    """Return the cut at the first rank with this recall; None without a relevant one.

    Enough are found with the smallest whole number that is not below the share.
    """
    ranks = times_to_discovery(labels)
    if not ranks:
        return None
    enough = wanted(len(ranks), target)
    return Cut(len(labels), len(ranks), ranks[enough - 1], enough)


def wanted(relevant: int, target: float) -> int:
    """Return how many relevant records make this recall, at least one.

    The target is taken as it is written: 0.95 of 20 is 19, whatever its last bit.
    """
    return max(1, math.ceil(relevant * Fraction(str(target))))


def wss(labels: Sequence[bool], target: float = USUAL_RECALL) -> float | None:
    """Return the work saved over sampling at a recall (see `Cut.wss`)."""
    cut = cut_at(labels, target)
    return None if cut is None else cut.wss(target)


def nwss(labels: Sequence[bool], target: float = USUAL_RECALL) -> float | None:
    """Return the normalised work saved over sampling (see `Cut.specificity`)."""
    cut = cut_at(labels, target)
    return None if cut is None else cut.specificity


def recall_at(labels: Sequence[bool], screened: int) -> float | None:
    """Return the recall after so many records."""
    relevant = sum(map(bool, labels))
    return sum(map(bool, labels[:screened])) / relevant if relevant else None


def recall_curve(labels: Iterable[bool]) -> list[int]:
    """Return how many relevant records were found after 0, 1, 2, ... records."""
    return [0, *itertools.accumulate(int(bool(label)) for label in labels)]


def times_to_discovery(labels: Iterable[bool]) -> list[int]:
    """Return the rank of each relevant record (TD), ascending.

    Ferdinands et al. 2023, doi 10.1186/s13643-023-02257-7.
    """
    return [rank for rank, label in enumerate(labels, start=1) if label]


def average_time(labels: Sequence[bool]) -> float | None:
    """Return the mean rank of the relevant records (ATD), in records.

    Divided by the number of records it is the share of the set. Ferdinands et al.
    2023, doi 10.1186/s13643-023-02257-7.
    """
    ranks = times_to_discovery(labels)
    return sum(ranks) / len(ranks) if ranks else None


def random_average_time(total: int) -> float:
    """Return the ATD that a random order has on average: the middle rank."""
    return (total + 1) / 2


def random_rank(total: int, relevant: int, target: float = USUAL_RECALL) -> float:
    """Return the rank at which a random order reaches a recall, on average.

    The k-th of r relevant records among N stands at k (N + 1) / (r + 1) on average
    (the mean of an order statistic of ranks drawn without replacement).
    """
    return wanted(relevant, target) * (total + 1) / (relevant + 1)


def normalised_loss(labels: Sequence[bool]) -> float | None:
    """Return how far the recall curve is from the best: 0 at best, 1 at worst.

    The area between the best curve and this one, divided by that between the best
    and the worst. None where all records or none are relevant.
    """
    ranks, total = times_to_discovery(labels), len(labels)
    relevant = len(ranks)
    if relevant in (0, total):
        return None
    best = relevant * (relevant + 1) // 2
    return (sum(ranks) - best) / (relevant * (total - relevant))
