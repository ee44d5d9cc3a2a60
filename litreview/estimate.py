"""How good a finding of duplicates is, estimated from a stratified sample of pairs.

The pairs fall into strata: merged at once, asked about, kept apart; a person judges
a random sample of each. A stratum's share of true duplicates, times its size, is an
estimate of how many it holds; precision and recall are ratios of such totals.

Each stratum gets exact limits (hypergeometric: a stratum judged whole is known).
Limits of totals and of their ratio are joined by the method of variance estimates
recovery (MOVER: Zou and Donner 2008, Statistics in Medicine 27; for ratios Donner and
Zou 2012), which needs no normal shares and works where a share is 0 or 1.

It assumes that pairs outside the strata are different, and that pairs of which the
person could not tell are like the others of their stratum.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from litreview.statistic import Statistic, exact_count, undefined, with_interval

METHOD = (
    "stratified random sample; exact hypergeometric limits in each stratum, joined by "
    "MOVER (Zou and Donner 2008)"
)
ASSUMPTION = (
    "pairs outside the strata are different, and those that could not be told are "
    "like the others of their stratum"
)
HALVINGS = 60  # of the interval 0 to 1, which is more than a float can tell

# What the machine does with the pairs of a stratum.
Fate = Literal["merged", "asked", "apart"]


@dataclass(frozen=True)
class Stratum:
    """Some pairs of one fate: how many there are, were judged, and are the same."""

    name: str
    fate: Fate
    size: int
    judged: int = 0
    same: int = 0


@dataclass(frozen=True)
class Total:
    """An estimated number of duplicates with its 95 % limits."""

    value: float
    low: float
    high: float


def allocate(sizes: Mapping[str, int], sample: int) -> dict[str, int]:
    """Return how many pairs of each stratum to judge, about `sample` in all.

    Strata get equal parts, since the small ones lie where verdicts change; what a
    stratum cannot give goes to the others, the last remainder to the first ones.
    """
    taken = dict.fromkeys(sizes, 0)
    left = min(sample, sum(sizes.values()))
    while left:
        open_ = [name for name in sizes if taken[name] < sizes[name]]
        for k, name in enumerate(open_):
            part = left // len(open_) + (k < left % len(open_))
            taken[name] += min(part, sizes[name] - taken[name])
        left = min(sample, sum(sizes.values())) - sum(taken.values())
    return taken


def precision(strata: Sequence[Stratum]) -> Statistic:
    """Return the share of true duplicates among the merged pairs."""
    name = "precision"
    merged = [one for one in strata if one.fate == "merged" and one.size]
    missing = _unjudged(merged)
    judged = sum(one.judged for one in merged)
    if missing or not merged:
        return undefined(name, judged, missing or "no pair was merged")
    size = sum(one.size for one in merged)
    total = total_of(merged)
    limits = (total.low / size, total.high / size)
    return _statistic(name, total.value / size, limits, judged)


def recall(
    strata: Sequence[Stratum], *, found: Sequence[Fate] = ("merged",)
) -> Statistic:
    """Return the share of the true duplicates that have one of these fates."""
    name = "recall"
    filled = [one for one in strata if one.size]
    missing = _unjudged(filled)
    judged = sum(one.judged for one in filled)
    hit = total_of([one for one in filled if one.fate in found])
    miss = total_of([one for one in filled if one.fate not in found])
    if missing or hit.value + miss.value <= 0:
        return undefined(name, judged, missing or "no pair was judged to be the same")
    limits = share_limits(hit, miss)
    return _statistic(name, hit.value / (hit.value + miss.value), limits, judged)


def _statistic(
    name: str, value: float, limits: tuple[float, float], n: int
) -> Statistic:
    low, high = min(limits[0], value), max(limits[1], value)  # but for rounding
    if low == high:
        return Statistic(name, value, low, high, n, "every pair was judged")
    return with_interval(name, value, (max(0.0, low), min(1.0, high)), n)


def _unjudged(strata: Sequence[Stratum]) -> str:
    names = [one.name for one in strata if not one.judged]
    return f"no pair was judged of: {', '.join(names)}" if names else ""


def total_of(strata: Sequence[Stratum]) -> Total:
    """Return the estimated number of duplicates in some judged strata."""
    parts = [_total(one) for one in strata if one.judged]
    value = sum(part.value for part in parts)
    below = math.hypot(*(part.value - part.low for part in parts))
    above = math.hypot(*(part.high - part.value for part in parts))
    return Total(value, value - below, value + above)


def _total(stratum: Stratum) -> Total:
    low, high = exact_count(stratum.same, stratum.judged, stratum.size)
    return Total(stratum.size * stratum.same / stratum.judged, low, high)


def share_limits(hit: Total, miss: Total) -> tuple[float, float]:
    """Return the limits of hit / (hit + miss).

    A share r is a limit where 0 is a limit of (1 - r) hit - r miss, a sum whose
    limits MOVER gives.
    """

    def lower(r: float) -> float:
        below = math.hypot(
            (1 - r) * (hit.value - hit.low), r * (miss.high - miss.value)
        )
        return (1 - r) * hit.value - r * miss.value - below

    def upper(r: float) -> float:
        above = math.hypot(
            (1 - r) * (hit.high - hit.value), r * (miss.value - miss.low)
        )
        return (1 - r) * hit.value - r * miss.value + above

    return _zero(lower), _zero(upper)


def _zero(falling: Callable[[float], float]) -> float:
    """Return where a function that falls from 0 to 1 passes zero."""
    low, high = 0.0, 1.0
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        if falling(middle) > 0:
            low = middle
        else:
            high = middle
    return high
