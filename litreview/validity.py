"""Whether items ask what they should, as raters see it, and whether scales hold.

Content validity: the share of raters who call an item relevant (I-CVI; Lynn 1986),
corrected for chance (modified kappa; Polit, Beck and Owen 2007), its mean and its
unanimity over a scale (S-CVI/Ave and S-CVI/UA), and Lawshe's ratio of those who call
it essential (CVR; 1975) against the exact critical value (Ayre and Scally 2014).
For data of a pilot: alpha, omega, and what aggregating people to schools needs.

A figure that does not exist is None, with the reason in its note.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import fmean, variance

from litreview.errors import UsageError
from litreview.statistic import TINY, Statistic, undefined

NO_RATERS = "undefined: no raters"
NO_ITEMS = "undefined: no item was rated"
# Lynn 1986: below three raters there is no rule; with five and fewer all must agree.
FEWEST_RATERS, UNANIMOUS_UP_TO = 3, 5
# Polit and Beck 2006: what six raters and more should reach.
RELEVANT_SHARE = 0.78
AVERAGE_WANTED, UNANIMOUS_WANTED = 0.90, 0.80
# Modified kappa in words (Fleiss 1981; Cicchetti and Sparrow 1981): the lowest value
# of each; "excellent" begins above its own.
EXCELLENT, GOOD, FAIR = 0.74, 0.60, 0.40
ALPHA = 0.05  # of a one-tailed test that raters did better than tossing coins
# A share this near to its rule meets it: 0.1 + 0.2 is not 0.3 in a computer.
CLOSE = 1e-9
NO_INTERVAL = "no interval is given"


# -- content validity ----------------------------------------------------------------


@dataclass(frozen=True)
class Content:
    """How an item did: `agreeing` of `n` raters call it relevant (3 or 4 of 4).

    `share` is the I-CVI, `chance` that of so many by tossing coins, `kappa` k*.
    `meets` is None where no rule exists.
    """

    agreeing: int
    n: int
    share: float | None
    chance: float | None
    kappa: float | None
    label: str
    meets: bool | None
    note: str = ""


def content(agreeing: int, n: int) -> Content:
    """Return an item's I-CVI = A/N and k* = (I-CVI - pc) / (1 - pc).

    pc = C(N, A) 0.5^N. Raises UsageError for impossible counts.
    """
    _refuse_counts(agreeing, n)
    if n == 0:
        return Content(0, 0, None, None, None, "", None, NO_RATERS)
    share = agreeing / n
    chance = math.comb(n, agreeing) * 0.5**n
    kappa = (share - chance) / (1 - chance)
    meets, note = _judged(share, n)
    return Content(agreeing, n, share, chance, kappa, label(kappa), meets, note)


def label(kappa: float) -> str:
    """Return a modified kappa in words: excellent, good, fair or poor."""
    if kappa > EXCELLENT:
        return "excellent"
    if kappa >= GOOD - CLOSE:
        return "good"
    return "fair" if kappa >= FAIR - CLOSE else "poor"


def rule(n: int) -> str:
    """Say what the I-CVI of an item should be with so many raters."""
    if n < FEWEST_RATERS:
        return f"no rule: fewer than {FEWEST_RATERS} raters"
    if n <= UNANIMOUS_UP_TO:
        return f"1.00 with {FEWEST_RATERS} to {UNANIMOUS_UP_TO} raters"
    return f"at least {RELEVANT_SHARE:.2f} with {UNANIMOUS_UP_TO + 1} raters and more"


def _judged(share: float, n: int) -> tuple[bool | None, str]:
    if n < FEWEST_RATERS:
        return None, rule(n)
    wanted = 1.0 if n <= UNANIMOUS_UP_TO else RELEVANT_SHARE
    return share >= wanted - CLOSE, ""


def _refuse_counts(agreeing: int, n: int) -> None:
    if not 0 <= agreeing <= n:
        raise UsageError(f"{agreeing} of {n} raters cannot agree")


@dataclass(frozen=True)
class ScaleContent:
    """How the rated items of a scale did together; `unrated` were left out."""

    items: int
    unrated: int
    average: float | None
    unanimous: float | None
    average_meets: bool | None
    unanimous_meets: bool | None
    note: str = ""


def scale_content(items: Iterable[Content]) -> ScaleContent:
    """Return S-CVI/Ave, the mean I-CVI, and S-CVI/UA, the share of items at 1."""
    every = list(items)
    shares = [item.share for item in every if item.share is not None]
    unrated = len(every) - len(shares)
    if not shares:
        return ScaleContent(0, unrated, None, None, None, None, NO_ITEMS)
    average = fmean(shares)
    unanimous = sum(share == 1 for share in shares) / len(shares)
    return ScaleContent(
        len(shares),
        unrated,
        average,
        unanimous,
        average >= AVERAGE_WANTED - CLOSE,
        unanimous >= UNANIMOUS_WANTED - CLOSE,
    )


@dataclass(frozen=True)
class Ratio:
    """Lawshe's CVR: `essential` of `n` raters call an item essential.

    `needed` raters, and so a ratio of `critical`, are beyond chance.
    """

    essential: int
    n: int
    value: float | None
    needed: int | None
    critical: float | None
    meets: bool | None
    note: str = ""


def ratio(essential: int, n: int) -> Ratio:
    """Return CVR = (ne - N/2) / (N/2), never over N - 1, with its critical value."""
    _refuse_counts(essential, n)
    if n == 0:
        return Ratio(0, 0, None, None, None, None, NO_RATERS)
    value = (essential - n / 2) / (n / 2)
    needed = critical_count(n)
    if needed is None:
        note = f"no critical value: {n} raters can agree by chance"
        return Ratio(essential, n, value, None, None, None, note)
    critical = (needed - n / 2) / (n / 2)
    return Ratio(essential, n, value, needed, critical, essential >= needed)


def critical_count(n: int, alpha: float = ALPHA) -> int | None:
    """Return the fewest of `n` raters that chance gives no oftener than `alpha`.

    Exact and one-tailed: the smallest ne with P(X >= ne | n, 0.5) <= alpha; None
    where even all of them are no surprise (fewer than five raters at 0.05).
    """
    tail, found = 0, None
    for count in range(n, -1, -1):
        tail += math.comb(n, count)
        if tail > alpha * 2**n:
            break
        found = count
    return found


# -- reliability ---------------------------------------------------------------------


def alpha(rows: Sequence[Sequence[float]]) -> Statistic:
    """Return Cronbach's alpha: k/(k-1) (1 - sum of item variances / total variance).

    `rows` are people, each with an answer to every item, reversed ones turned round.
    Raises UsageError for people with different numbers of answers.
    """
    name, n = "alpha", len(rows)
    _refuse_ragged(rows)
    if n < 2:
        return undefined(name, n, "undefined: fewer than two people")
    items = len(rows[0])
    if items < 2:
        return undefined(name, n, "undefined: fewer than two items")
    total = variance([math.fsum(row) for row in rows])
    if total < TINY:
        return undefined(name, n, "undefined: all people have the same total")
    apart = math.fsum(variance(column) for column in zip(*rows, strict=True))
    return _plain(name, items / (items - 1) * (1 - apart / total), n)


def omega_total(loadings: Sequence[float]) -> Statistic:
    """Return McDonald's omega of one factor: (sum l)^2 / ((sum l)^2 + sum(1 - l^2)).

    `loadings` are standardised, each from -1 to 1. Raises UsageError otherwise.
    """
    name, n = "omega", len(loadings)
    if any(not -1 <= loading <= 1 for loading in loadings):
        raise UsageError("a standardised loading is from -1 to 1")
    common = math.fsum(loadings) ** 2
    whole = common + math.fsum(1 - loading**2 for loading in loadings)
    if whole < TINY:
        return undefined(name, n, "undefined: no loadings")
    return _plain(name, common / whole, n)


def _refuse_ragged(rows: Sequence[Sequence[float]]) -> None:
    if len({len(row) for row in rows}) > 1:
        raise UsageError(
            "people have different numbers of answers",
            fix="leave out who did not answer every item, and say how many",
        )


def _plain(name: str, value: float, n: int, note: str = NO_INTERVAL) -> Statistic:
    return Statistic(name, value, None, None, n, note)


# -- from people to schools ----------------------------------------------------------


def rwg(answers: Sequence[float], points: int) -> Statistic:
    """Return a group's agreement on one item: 1 - s2 / ((A^2 - 1) / 12).

    James, Demaree and Wolf 1984; A are the `points` of the scale, and chance is
    every answer being as likely as the others. Below 0 there is less agreement than
    chance would give.
    """
    if len(answers) < 2:
        return undefined("rwg", len(answers), "undefined: fewer than two people")
    return rwg_of_variance(variance(answers), points, n=len(answers))


def rwg_of_variance(spread: float, points: int, *, n: int = 0) -> Statistic:
    """Return rwg from the variance of a group's answers."""
    value = 1 - spread / _chance_variance(points)
    note = "less agreement than chance would give" if value < 0 else NO_INTERVAL
    return _plain("rwg", value, n, note)


def rwg_j(rows: Sequence[Sequence[float]], points: int) -> Statistic:
    """Return a group's agreement on several items together (James et al. 1984).

    J (1 - m) / (J (1 - m) + m), m being the mean variance over the items by that of
    chance. `rows` are people.
    """
    name, n = "rwg(j)", len(rows)
    _refuse_ragged(rows)
    if n < 2 or not rows[0]:
        return undefined(name, n, "undefined: fewer than two people, or no items")
    spread = fmean(variance(column) for column in zip(*rows, strict=True))
    share, items = spread / _chance_variance(points), len(rows[0])
    return _plain(name, items * (1 - share) / (items * (1 - share) + share), n)


def _chance_variance(points: int) -> float:
    if points < 2:
        raise UsageError("a scale has at least two points")
    return (points**2 - 1) / 12


@dataclass(frozen=True)
class Groups:
    """One-way analysis of variance: mean squares, and the size of a group."""

    between: float
    within: float
    size: float
    groups: int


def groups(answers: Sequence[Sequence[float]]) -> Groups:
    """Return the analysis of variance of people in groups.

    Unequal groups have the size (N - sum n^2 / N) / (J - 1). Raises UsageError
    where there are not two groups, or nobody beside another in any of them.
    """
    filled = [group for group in answers if group]
    total = sum(map(len, filled))
    if len(filled) < 2 or total == len(filled):
        raise UsageError("two groups and more are needed, one of them of two people")
    grand = math.fsum(map(math.fsum, filled)) / total
    means = [fmean(group) for group in filled]
    between = math.fsum(
        len(group) * (mean - grand) ** 2
        for group, mean in zip(filled, means, strict=True)
    )
    within = math.fsum(
        (answer - mean) ** 2
        for group, mean in zip(filled, means, strict=True)
        for answer in group
    )
    size = (total - sum(len(g) ** 2 for g in filled) / total) / (len(filled) - 1)
    return Groups(
        between / (len(filled) - 1), within / (total - len(filled)), size, len(filled)
    )


def icc1(found: Groups) -> Statistic:
    """Return ICC(1), the share of variance between groups (Bliese 2000).

    (MSB - MSW) / (MSB + (k - 1) MSW).
    """
    whole = found.between + (found.size - 1) * found.within
    if whole < TINY:
        return undefined("ICC(1)", found.groups, "undefined: all answers are the same")
    return _plain("ICC(1)", (found.between - found.within) / whole, found.groups)


def icc2(found: Groups) -> Statistic:
    """Return ICC(2), the reliability of group means: (MSB - MSW) / MSB."""
    if found.between < TINY:
        why = "undefined: the groups do not differ"
        return undefined("ICC(2)", found.groups, why)
    value = (found.between - found.within) / found.between
    return _plain("ICC(2)", value, found.groups)
