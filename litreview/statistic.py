"""One figure with its interval, and the few intervals that figures need.

A figure that does not exist is None with the reason in its note, never 0 or 1.
An interval that would be a single point is None too: it would claim a certainty
that two records in full agreement do not give.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

# The standard normal quantile of a two-sided 95 % interval.
Z95 = 1.959963984540054
# The chance beyond either end of a two-sided 95 % interval.
TAIL = 0.025
# A variance this small is a rounding error of zero.
TINY = 1e-15
ZERO_ERROR = "no interval: the standard error is zero"

Interval: TypeAlias = tuple[float, float] | None


@dataclass(frozen=True)
class Statistic:
    """One figure with its 95 % interval; None means undefined, `note` says why."""

    name: str
    value: float | None
    low: float | None
    high: float | None
    n: int
    note: str = ""


def undefined(name: str, n: int, note: str) -> Statistic:
    """Return the figure that does not exist, with the reason."""
    return Statistic(name, None, None, None, n, note)


def with_interval(name: str, value: float, interval: Interval, n: int) -> Statistic:
    """Return the figure with its interval, or with the reason why it has none."""
    if interval is None:
        return Statistic(name, value, None, None, n, ZERO_ERROR)
    return Statistic(name, value, *interval, n)


def wald(
    value: float, variance: float, quantile: float, floor: float = -1.0
) -> Interval:
    """Return value -+ quantile standard errors, cut at floor and 1; None at error 0.

    A single point would claim certainty, which n = 2 in full agreement is not.
    """
    if variance < TINY:
        return None
    half = quantile * math.sqrt(variance)
    return max(floor, value - half), min(1.0, value + half)


def wilson(hits: int, n: int) -> tuple[float, float]:
    """Return the Wilson score interval of a proportion, inside 0 to 1."""
    share, z2 = hits / n, Z95**2
    centre = (share + z2 / (2 * n)) / (1 + z2 / n)
    half = Z95 * math.sqrt(share * (1 - share) / n + z2 / (4 * n * n)) / (1 + z2 / n)
    # At the ends the limits are 0 and 1 exactly; rounding must not miss them.
    low = 0.0 if hits == 0 else centre - half
    high = 1.0 if hits == n else centre + half
    return low, high


def exact_count(hits: int, n: int, size: int) -> tuple[int, int]:
    """Return the exact limits of how many of `size` things are hits, n of them drawn.

    These are the numbers of hits under which neither so many nor so few as were
    drawn would be rarer than 2.5 % (hypergeometric; Buonaccorsi 1987, The American
    Statistician 41). Where all were drawn, both are the number itself.
    """
    low = _first(hits, size, lambda k: _tail(k, (hits, n), (n, size)) > TAIL)
    misses = n - hits
    high = size - _first(
        misses, size, lambda k: _tail(k, (misses, n), (n, size)) > TAIL
    )
    return low, high


def _first(low: int, high: int, holds: Callable[[int], bool]) -> int:
    """Return the first number from low to high from which on it holds."""
    while low < high:
        middle = (low + high) // 2
        if holds(middle):
            high = middle
        else:
            low = middle + 1
    return low


def _tail(hits: int, drawn: tuple[int, int], frame: tuple[int, int]) -> float:
    """Return the chance to draw so many hits (first to last), of `hits` there are."""
    n, size = frame
    first, last = max(drawn[0], n - (size - hits)), min(drawn[1], hits)
    every = _log_choose(size, n)
    return math.fsum(
        math.exp(_log_choose(hits, i) + _log_choose(size - hits, n - i) - every)
        for i in range(first, last + 1)
    )


def _log_choose(n: int, k: int) -> float:
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)


def student(freedom: int) -> float:
    """Return Student's t for a two-sided 95 % interval, good to 0.3 % from 3 df.

    Abramowitz and Stegun 1964, formula 26.7.5, an expansion around the normal.
    """
    z = Z95
    terms = (
        z,
        (z**3 + z) / 4,
        (5 * z**5 + 16 * z**3 + 3 * z) / 96,
        (3 * z**7 + 19 * z**5 + 17 * z**3 - 15 * z) / 384,
        (79 * z**9 + 776 * z**7 + 1482 * z**5 - 1920 * z**3 - 945 * z) / 92160,
    )
    return sum(term * (1 / freedom) ** k for k, term in enumerate(terms))


def quantile(ordered: Sequence[float], share: float) -> float:
    """Return the quantile of sorted values, linear between neighbours."""
    place = share * (len(ordered) - 1)
    below = math.floor(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (place - below) * (ordered[above] - ordered[below])
