"""How far any number of screeners agree, where not everybody judged everything.

The input is *units*: one list of values per record, None where somebody gave no
vote. Records with a single vote tell nothing about agreement, and all figures say
in `n` how many had two or more. Fleiss' kappa, AC1 and Brennan-Prediger take the
votes as they come; Krippendorff's alpha also knows ordered and numeric values.
Two screeners who judged the same records: see `agreement`.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import product
from typing import Literal, TypeAlias

from litreview.errors import UsageError
from litreview.statistic import (
    Statistic,
    quantile,
    student,
    undefined,
    wald,
    with_interval,
)

# With fewer records than this, Student's t is too wide to tell anything.
FEWEST_UNITS = 4
# Percentiles of a 95 % interval settle to about 0.01 with this many resamples.
RESAMPLES = 1000
# So many different values are few enough to look at every two of them at once.
FEW_VALUES = 12
# Any fixed number: the same votes must give the same interval tomorrow.
BOOTSTRAP_SEED = 20_211_004

NO_PAIRS = "undefined: no record has two votes"
ONE_VALUE = "undefined: one verdict only was used; 100 % agreement"
TWO_NEEDED = "undefined: needs at least two categories"

Value: TypeAlias = str | float
Units: TypeAlias = Sequence[Sequence[Value | None]]
Level: TypeAlias = Literal["nominal", "ordinal", "interval", "ratio"]
# One kind of record: (place of a value, votes for it), ascending.
Kind: TypeAlias = tuple[tuple[int, int], ...]


def fleiss_kappa(units: Units) -> Statistic:
    """Return Fleiss' kappa of any number of screeners, who may leave gaps.

    Without gaps Fleiss 1971, Psychol Bull 76:378; pe = sum pi_k^2, pi_k the mean
    over records of the share of votes for k. With gaps, and for the interval, Gwet
    2014, Handbook of Inter-Rater Reliability: po from records with two votes or
    more, pi_k from all that have one. `n` counts the former.
    """
    seen = _counted(units)
    pi = _mean_use(seen, _values(seen))
    pe = sum(p * p for p in pi.values())
    return _many("fleiss_kappa", seen, pe, {k: 2 * p for k, p in pi.items()})


def many_ac1(units: Units, categories: Sequence[Value]) -> Statistic:
    """Return Gwet's AC1 of any number of screeners, who may leave gaps.

    `categories` are those offered, used or not. Gwet 2008 and 2014, as above.
    """
    spread = len(categories) - 1
    seen = _counted(units)
    if spread < 1:
        return undefined("gwet_ac1", _paired(seen), TWO_NEEDED)
    pi = _mean_use(seen, categories)
    pe = sum(p * (1 - p) for p in pi.values()) / spread
    slopes = {k: (1 - 2 * p) / spread for k, p in pi.items()}
    return _many("gwet_ac1", seen, pe, slopes)


def many_brennan_prediger(units: Units, categories: Sequence[Value]) -> Statistic:
    """Return the Brennan-Prediger coefficient (pe = 1/q) of many screeners."""
    seen = _counted(units)
    if len(categories) < 2:
        return undefined("brennan_prediger", _paired(seen), TWO_NEEDED)
    slopes = dict.fromkeys(_mean_use(seen, categories), 0.0)
    return _many("brennan_prediger", seen, 1 / len(categories), slopes)


def conger_kappa(units: Units) -> Statistic:
    """Return Conger's kappa: Cohen's for any number of screeners, with gaps.

    Each unit has the screeners' values in one and the same order. Chance is each
    screener's own habit: pe is the mean over pairs of screeners of sum_k p_gk p_hk,
    p_gk the share of k among the votes of screener g (Conger 1980, Psychol Bull
    88:322; with gaps Gwet 2014). The interval is the jackknife's over records, with
    Student's t.
    """
    kinds = Counter(tuple(unit) for unit in units if any(v is not None for v in unit))
    number = kinds.total()
    paired = sum(often for kind, often in kinds.items() if _votes(kind) > 1)
    if not paired:
        return undefined("conger_kappa", 0, NO_PAIRS)
    value = _conger(kinds)
    if value is None:
        return undefined("conger_kappa", paired, ONE_VALUE)
    if number < FEWEST_UNITS:
        note = f"no interval: fewer than {FEWEST_UNITS} records"
        return Statistic("conger_kappa", value, None, None, paired, note)
    without = [
        (_conger(kinds - Counter([kind])), often) for kind, often in kinds.items()
    ]
    known = [(one, often) for one, often in without if one is not None]
    mean = sum(one * often for one, often in known) / number
    squares = sum(often * (one - mean) ** 2 for one, often in known)
    if len(known) < len(without):
        note = "no interval: it hangs on one record"
        return Statistic("conger_kappa", value, None, None, paired, note)
    interval = wald(
        value, squares * (number - 1) / number, student(number - 1), floor=-math.inf
    )
    return with_interval("conger_kappa", value, interval, paired)


def _votes(kind: Sequence[Value | None]) -> int:
    return sum(value is not None for value in kind)


def _conger(kinds: Counter[tuple[Value | None, ...]]) -> float | None:
    """Return Conger's kappa of records of these kinds; None if undefined."""
    used: list[Counter[Value]] = [Counter() for _ in next(iter(kinds), ())]
    agreed, paired = 0.0, 0
    for kind, often in kinds.items():
        for one, value in zip(used, kind, strict=True):
            if value is not None:
                one[value] += often
        share = _unit_agreement(Counter(value for value in kind if value is not None))
        if share is not None:
            agreed, paired = agreed + often * share, paired + often
    habits = [one for one in used if one]
    raters, pe = len(habits), 0.0
    for k in {value for one in habits for value in one}:
        shares = [one[k] / one.total() for one in habits]
        total, squares = sum(shares), sum(share * share for share in shares)
        # The mean product of the shares of two different screeners.
        pe += (total * total - squares) / (raters * (raters - 1)) if raters > 1 else 0.0
    if not paired or math.isclose(pe, 1):
        return None
    return (agreed / paired - pe) / (1 - pe)


def many_percent(units: Units) -> Statistic:
    """Return the share of pairs of votes on one record that are the same, 0 to 1.

    The mean over records with two votes or more: the po of the other figures.
    """
    seen = _counted(units)
    slopes = dict.fromkeys(_values(seen), 0.0)
    found = _many("percent_agreement", seen, 0.0, slopes)
    return found if found.low is None else replace(found, low=max(0.0, found.low))


def _many(
    name: str, seen: list[Counter[Value]], pe: float, slopes: dict[Value, float]
) -> Statistic:
    """Return (po - pe) / (1 - pe) over records, with Gwet's linearised interval.

    `slopes[k]` is the derivative of pe by pi_k. Student's t on n - 1 records.
    """
    paired = _paired(seen)
    if not paired:
        return undefined(name, 0, NO_PAIRS)
    if math.isclose(pe, 1):
        return undefined(name, paired, ONE_VALUE)
    agreed = [_unit_agreement(unit) for unit in seen]
    value = (sum(a for a in agreed if a is not None) / paired - pe) / (1 - pe)
    drift = [_weighted_use(unit, slopes) for unit in seen]
    mean = sum(drift) / len(seen)
    scale = len(seen) / paired
    pulls = [
        ((0 if a is None else scale * (a - pe)) - (1 - value) * (d - mean)) / (1 - pe)
        for a, d in zip(agreed, drift, strict=True)
    ]
    if len(seen) < FEWEST_UNITS:
        note = f"no interval: fewer than {FEWEST_UNITS} records"
        return Statistic(name, value, None, None, paired, note)
    squares = sum((pull - value) ** 2 for pull in pulls)
    variance = squares / (len(seen) * (len(seen) - 1))
    # Where most records have a single vote, chance comes from other records than
    # agreement does, and the value itself can be below -1.
    interval = wald(value, variance, student(len(seen) - 1), floor=-math.inf)
    return with_interval(name, value, interval, paired)


def _counted(units: Units) -> list[Counter[Value]]:
    found = [Counter(value for value in unit if value is not None) for unit in units]
    return [unit for unit in found if unit]


def _values(seen: list[Counter[Value]]) -> list[Value]:
    return list({value: None for unit in seen for value in unit})


def _paired(seen: list[Counter[Value]]) -> int:
    return sum(unit.total() > 1 for unit in seen)


def _unit_agreement(unit: Counter[Value]) -> float | None:
    votes = unit.total()
    if votes < 2:
        return None
    return sum(k * (k - 1) for k in unit.values()) / (votes * (votes - 1))


def _weighted_use(unit: Counter[Value], weights: dict[Value, float]) -> float:
    return sum(weights[k] * count for k, count in unit.items()) / unit.total()


def _mean_use(
    seen: list[Counter[Value]], categories: Sequence[Value]
) -> dict[Value, float]:
    strange = [value for value in _values(seen) if value not in categories]
    if strange:
        raise UsageError(f"Not a category here: {', '.join(map(str, strange))}.")
    if not seen:
        return dict.fromkeys(categories, 0.0)
    return {
        k: sum(unit[k] / unit.total() for unit in seen) / len(seen) for k in categories
    }


# --- Krippendorff's alpha -------------------------------------------------------


def krippendorff_alpha(
    units: Units,
    *,
    level: Level = "nominal",
    order: Sequence[Value] | None = None,
    seed: int = BOOTSTRAP_SEED,
    resamples: int = RESAMPLES,
) -> Statistic:
    """Return Krippendorff's alpha, at most 1: any number of screeners, gaps allowed.

    1 - Do / De from the coincidences of values within records that have at least
    two (Krippendorff 2011, Computing Krippendorff's alpha-reliability). `order`
    gives the rank of values for the ordinal level (default: sorted); interval and
    ratio take numbers. The interval is the percentile bootstrap over records
    (Zapf and others 2016, BMC Med Res Methodol 16:93): the same seed gives the
    same interval in any order of the records. 0 resamples: no interval.

    Raises UsageError for values that do not fit the level.
    """
    name = f"krippendorff_alpha_{level}"
    seen = [unit for unit in _counted(units) if unit.total() > 1]
    values = _ordered(_values(seen), level, order)
    place = {value: k for k, value in enumerate(values)}
    patterns = Counter(
        tuple(sorted((place[v], count) for v, count in unit.items())) for unit in seen
    )
    kinds = sorted(patterns)
    often = [patterns[kind] for kind in kinds]
    value = _alpha(kinds, often, values, level)
    if value is None:
        return undefined(name, len(seen), ONE_VALUE if seen else NO_PAIRS)
    draws = _draws(often, seed, resamples)
    if len(values) > FEW_VALUES:
        drawn = [_alpha(kinds, draw, values, level) for draw in draws]
    else:
        drawn = _alphas(kinds, draws, values, level)
    return _from_resamples(name, value, drawn, len(seen))


def _alpha(
    kinds: list[Kind], often: Sequence[int], values: list[Value], level: Level
) -> float | None:
    """Return alpha of records of these kinds, each so often; None if undefined.

    A kind lists (place of a value, votes for it). Observed disagreement runs over
    pairs of values within a record, expected over all pairs of values.
    """
    totals = [0] * len(values)
    for kind, times in zip(kinds, often, strict=True):
        for k, count in kind:
            totals[k] += times * count
    used = [k for k, total in enumerate(totals) if total]
    if len(used) < 2:
        return None
    gap = _gaps(used, totals, values, level)
    observed = 0.0
    for kind, times in zip(kinds, often, strict=True):
        if times and len(kind) > 1:
            apart = sum(m * n * gap[c, k] for (c, m), (k, n) in product(kind, kind))
            observed += times * apart / (sum(count for _, count in kind) - 1)
    expected = sum(totals[c] * totals[k] * gap[c, k] for c, k in product(used, used))
    return 1 - (sum(totals) - 1) * observed / expected


def _gaps(
    used: list[int], totals: list[int], values: list[Value], level: Level
) -> dict[tuple[int, int], float]:
    """Return the squared distance of every two values in use."""
    if level == "nominal":
        return {(c, k): float(c != k) for c, k in product(used, used)}
    if level == "ordinal":
        # Counting what lies between two values is the distance of their mid-ranks.
        point = {k: sum(totals[:k]) + totals[k] / 2 for k in used}
    else:
        point = {k: float(values[k]) for k in used}
    if level != "ratio":
        return {(c, k): (point[c] - point[k]) ** 2 for c, k in product(used, used)}
    return {
        (c, k): ((point[c] - point[k]) / (point[c] + point[k])) ** 2 if c != k else 0.0
        for c, k in product(used, used)
    }


def _alphas(
    kinds: list[Kind], draws: list[list[int]], values: list[Value], level: Level
) -> list[float | None]:
    """Return `_alpha` of each of many samples, all at once."""
    if not draws:
        return []
    # Imported here because numpy would slow down every start of the program.
    import numpy as np  # noqa: PLC0415

    size = len(values)
    votes, apart = np.zeros((len(kinds), size)), np.zeros((len(kinds), size * size))
    for row, kind in enumerate(kinds):
        pairs = sum(count for _, count in kind) - 1
        for k, count in kind:
            votes[row, k] = count
            for c, other in kind:
                apart[row, k * size + c] = count * other / pairs
    often = np.asarray(draws, dtype=float)
    totals, together = often @ votes, often @ apart
    if level == "nominal":
        points = np.tile(np.arange(size, dtype=float), (len(draws), 1))
    elif level == "ordinal":
        points = np.cumsum(totals, axis=1) - totals / 2
    else:
        points = np.tile(np.asarray(values, dtype=float), (len(draws), 1))
    gap = points[:, :, None] - points[:, None, :]
    if level == "nominal":
        gap = np.sign(gap)
    elif level == "ratio":
        around = points[:, :, None] + points[:, None, :]
        gap = np.divide(gap, around, out=np.zeros_like(gap), where=around != 0)
    gap = gap**2
    observed = np.sum(together * gap.reshape(len(draws), -1), axis=1)
    expected = np.einsum("dc,dk,dck->d", totals, totals, gap)
    scale = totals.sum(axis=1) - 1
    return [
        1 - n * seen / chance if chance > 0 else None
        for n, seen, chance in zip(
            scale.tolist(), observed.tolist(), expected.tolist(), strict=True
        )
    ]


def _ordered(
    values: list[Value], level: Level, order: Sequence[Value] | None
) -> list[Value]:
    """Return the values in rank order, having checked that they fit the level."""
    numbers = [value for value in values if not isinstance(value, str)]
    if any(not math.isfinite(value) for value in numbers):
        raise UsageError("A rating must be a finite number.")
    if level == "ratio" and any(value < 0 for value in numbers):
        raise UsageError("The ratio level has no negative values.", fix="use interval.")
    if level in {"interval", "ratio"} and len(numbers) < len(values):
        raise UsageError(f"The {level} level needs numbers.", fix="use nominal.")
    if order is not None:
        strange = [value for value in values if value not in order]
        if strange:
            raise UsageError(f"No rank is given for {', '.join(map(str, strange))}.")
        return sorted(values, key=list(order).index)
    if 0 < len(numbers) < len(values):
        raise UsageError("Ratings mix words and numbers.", fix="use one kind.")
    return sorted(values)


def _draws(often: list[int], seed: int, resamples: int) -> list[list[int]]:
    """Return how often each kind of record occurs in each bootstrap sample."""
    # Imported here because numpy would slow down every start of the program.
    from numpy.random import default_rng  # noqa: PLC0415

    total = sum(often)
    shares = [count / total for count in often]
    drawn: list[list[int]] = (
        default_rng(seed).multinomial(total, shares, size=resamples).tolist()
    )
    return drawn


def _from_resamples(
    name: str, value: float, drawn: list[float | None], n: int
) -> Statistic:
    """Return the statistic with the middle 95 % of its resampled values."""
    known = sorted(alpha for alpha in drawn if alpha is not None)
    lost = len(drawn) - len(known)
    if len(known) <= lost:
        note = f"no interval: {lost} of {len(drawn)} resamples used one verdict only"
        return Statistic(name, value, None, None, n, note)
    if known[0] == known[-1]:
        note = "no interval: every resample gave the same value"
        return Statistic(name, value, None, None, n, note)
    low, high = quantile(known, 0.025), quantile(known, 0.975)
    note = f"{lost} of {len(drawn)} resamples were undefined" if lost else ""
    return Statistic(name, value, low, high, n, note)
