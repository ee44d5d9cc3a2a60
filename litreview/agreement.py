"""How far two screeners agree, beyond what chance would give, and how sure that is.

Their verdicts are a square `Table` of counts, and every function here turns it
into a `Statistic`. A figure that does not exist is None with the reason in its
note: where both say "exclude" throughout, kappa is undefined, not 0 and not 1.

All chance-corrected figures are (po - pe) / (1 - pe), po the agreement seen and
pe that expected by chance; they differ in pe alone. Kappa falls when one verdict
is rare, so the `panel` shows it next to AC1 and the agreement on each verdict.
More than two screeners: see `raters`.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from litreview.errors import UsageError
from litreview.statistic import Z95, Statistic, undefined, wald, wilson, with_interval

NO_PAIRS = "undefined: no record has two votes"
ONE_VERDICT = "undefined: both screeners used one verdict only; 100 % agreement"
TWO_NEEDED = "undefined: needs at least two categories"
BINARY_ONLY = "undefined: defined for two categories only"
CONSTANT = "one screener used one verdict only, so this is 0 whatever the other did"

Weights: TypeAlias = Literal["identity", "linear", "quadratic"]


@dataclass(frozen=True)
class Table:
    """Counts of two screeners' verdicts: a row for A's, a column for B's."""

    categories: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]

    def __post_init__(self) -> None:
        size = len(self.categories)
        if [len(row) for row in self.counts] != [size] * size:
            raise ValueError("a table of agreement is square")
        if any(count < 0 for row in self.counts for count in row):
            raise ValueError("a table of agreement holds no negative counts")

    @property
    def n(self) -> int:
        """Count the records that both screeners judged."""
        return sum(self.rows)

    @property
    def rows(self) -> list[int]:
        """Count how often A used each category."""
        return [sum(row) for row in self.counts]

    @property
    def columns(self) -> list[int]:
        """Count how often B used each category."""
        return [sum(column) for column in zip(*self.counts, strict=True)]

    @property
    def agreed(self) -> int:
        """Count the records on which both said the same."""
        return sum(row[k] for k, row in enumerate(self.counts))

    @property
    def one_verdict(self) -> bool:
        """Tell whether both screeners said one and the same thing throughout."""
        return self.n in [row[k] for k, row in enumerate(self.counts)]


def table(pairs: Iterable[tuple[str, str]], categories: Sequence[str]) -> Table:
    """Count pairs of verdicts (A's, B's) into a table.

    The order of `categories` is the order of rows and columns. Raises UsageError
    for a category named twice or a verdict that is none of them.
    """
    if len(set(categories)) < len(categories):
        raise UsageError(f"A category is named twice: {', '.join(categories)}.")
    seen = Counter(pairs)
    strange = sorted({verdict for pair in seen for verdict in pair} - set(categories))
    if strange:
        raise UsageError(
            f"Not a verdict here: {', '.join(strange)}.",
            why=f"The categories are {', '.join(categories)}.",
            fix="name every verdict that occurs as a category.",
        )
    counts = tuple(tuple(seen[a, b] for b in categories) for a in categories)
    return Table(tuple(categories), counts)


# --- two screeners, agreement as it is -----------------------------------------


def percent_agreement(counts: Table) -> Statistic:
    """Return the share of records on which both said the same, 0 to 1.

    Interval: Wilson 1927, JASA 22:209, which stays inside 0 to 1.
    """
    if not counts.n:
        return undefined("percent_agreement", 0, NO_PAIRS)
    low, high = wilson(counts.agreed, counts.n)
    return Statistic("percent_agreement", counts.agreed / counts.n, low, high, counts.n)


def specific_agreement(counts: Table, category: str, name: str = "") -> Statistic:
    """Return how often one who says `category` is joined by the other, 0 to 1.

    2 a / (2 a + b + c), a the records on which both said it, b and c those on
    which one did (Cicchetti and Feinstein 1990, J Clin Epidemiol 43:551). It is
    2 p / (1 + p) with p = a / (a + b + c), so the Wilson limits of p, mapped the
    same way, are its limits; to first order this is the variance of Graham and
    Bull 1998, J Clin Epidemiol 51:763. Raises UsageError for an unknown category.
    """
    if category not in counts.categories:
        raise UsageError(f"Not a category of this table: {category}.")
    k = counts.categories.index(category)
    name = name or f"agreement_on_{category}"
    both = counts.counts[k][k]
    either = counts.rows[k] + counts.columns[k] - both
    if not either:
        return undefined(name, counts.n, f"undefined: nobody said {category}")
    low, high = (2 * p / (1 + p) for p in wilson(both, either))
    return Statistic(name, 2 * both / (either + both), low, high, counts.n)


def positive_agreement(counts: Table) -> Statistic:
    """Return the specific agreement on the first of two categories."""
    return _of_binary(counts, 0, "positive_agreement")


def negative_agreement(counts: Table) -> Statistic:
    """Return the specific agreement on the second of two categories."""
    return _of_binary(counts, 1, "negative_agreement")


def prevalence_index(counts: Table) -> Statistic:
    """Return |a - d| / n: 0 both verdicts equally common, 1 only one is used.

    Byrt, Bishop and Carlin 1993, J Clin Epidemiol 46:423.
    """
    return _index(counts, "prevalence_index", ((0, 0), (1, 1)))


def bias_index(counts: Table) -> Statistic:
    """Return |b - c| / n: 0 both use the verdicts equally often.

    Byrt, Bishop and Carlin 1993, J Clin Epidemiol 46:423.
    """
    return _index(counts, "bias_index", ((0, 1), (1, 0)))


def _of_binary(counts: Table, k: int, name: str) -> Statistic:
    if len(counts.categories) != 2:
        return undefined(name, counts.n, BINARY_ONLY)
    return specific_agreement(counts, counts.categories[k], name)


def _index(
    counts: Table, name: str, cells: tuple[tuple[int, int], tuple[int, int]]
) -> Statistic:
    if len(counts.categories) != 2:
        return undefined(name, counts.n, BINARY_ONLY)
    if not counts.n:
        return undefined(name, 0, NO_PAIRS)
    one, other = (counts.counts[i][j] for i, j in cells)
    return Statistic(name, abs(one - other) / counts.n, None, None, counts.n)


# --- two screeners, corrected for chance ---------------------------------------


def expected_agreement(counts: Table) -> Statistic:
    """Return the agreement that chance alone would give, as Cohen sees it, 0 to 1."""
    if not counts.n:
        return undefined("expected_agreement", 0, NO_PAIRS)
    rows, columns = _shares(counts.rows), _shares(counts.columns)
    pe = sum(r * c for r, c in zip(rows, columns, strict=True))
    return Statistic("expected_agreement", pe, None, None, counts.n)


def cohen_kappa(counts: Table) -> Statistic:
    """Return Cohen's kappa, -1 to 1: chance is each screener's own habit.

    pe = sum r_k c_k (Cohen 1960, Educ Psychol Meas 20:37). The interval uses the
    Fleiss-Cohen-Everitt standard error (1969, Psychol Bull 72:323), as SAS does.
    """
    return weighted_kappa(counts, "identity")


def weighted_kappa(counts: Table, weights: Weights) -> Statistic:
    """Return kappa in which a near miss counts in part, -1 to 1.

    The categories must stand in order, i and j being places from 0 to q - 1.
    Weights: linear 1 - |i - j| / (q - 1), quadratic 1 - ((i - j) / (q - 1))^2.
    Cohen 1968, Psychol Bull 70:213; the Fleiss-Cohen-Everitt standard error.
    """
    size = len(counts.categories)
    name = "cohen_kappa" if weights == "identity" else f"{weights}_weighted_kappa"
    if counts.one_verdict or not counts.n:
        return undefined(name, counts.n, ONE_VERDICT if counts.n else NO_PAIRS)
    if counts.n in counts.rows + counts.columns:
        return Statistic(name, 0.0, None, None, counts.n, CONSTANT)
    w = [[_credit(i, j, size, weights) for j in range(size)] for i in range(size)]
    r, c = _shares(counts.rows), _shares(counts.columns)
    mean_row = [sum(c[j] * w[i][j] for j in range(size)) for i in range(size)]
    mean_column = [sum(r[i] * w[i][j] for i in range(size)) for j in range(size)]
    pe = sum(share * mean for share, mean in zip(r, mean_row, strict=True))
    return _corrected(name, counts, pe, lambda i, j: mean_row[i] + mean_column[j], w)


def scott_pi(counts: Table) -> Statistic:
    """Return Scott's pi, -1 to 1: chance is the habit that both share.

    pe = sum pi_k^2, pi_k = (r_k + c_k) / 2 (Scott 1955, Public Opin Q 19:321).
    """
    if counts.one_verdict or not counts.n:
        return undefined("scott_pi", counts.n, ONE_VERDICT if counts.n else NO_PAIRS)
    pi = _mean_shares(counts)
    pe = sum(p * p for p in pi)
    return _corrected("scott_pi", counts, pe, lambda i, j: pi[i] + pi[j])


def brennan_prediger(counts: Table) -> Statistic:
    """Return agreement corrected by pe = 1/q, -1 to 1; for q = 2 called PABAK.

    q counts the categories offered, used or not. Brennan and Prediger 1981, Educ
    Psychol Meas 41:687; PABAK: Byrt, Bishop and Carlin 1993.
    """
    size = len(counts.categories)
    name = "pabak" if size == 2 else "brennan_prediger"
    if size < 2 or not counts.n:
        return undefined(name, counts.n, TWO_NEEDED if counts.n else NO_PAIRS)
    return _corrected(name, counts, 1 / size, lambda _i, _j: 0.0)


def gwet_ac1(counts: Table) -> Statistic:
    """Return Gwet's AC1, -1 to 1, which a rare verdict does not pull down.

    pe = sum pi_k (1 - pi_k) / (q - 1), pi_k = (r_k + c_k) / 2, q the categories
    offered, used or not. Gwet 2008, Br J Math Stat Psychol 61:29.
    """
    size = len(counts.categories)
    if size < 2 or not counts.n:
        return undefined("gwet_ac1", counts.n, TWO_NEEDED if counts.n else NO_PAIRS)
    pi = _mean_shares(counts)
    pe = sum(p * (1 - p) for p in pi) / (size - 1)
    return _corrected(
        "gwet_ac1", counts, pe, lambda i, j: (1 - pi[i] - pi[j]) / (size - 1)
    )


@dataclass(frozen=True)
class Errors:
    """Three standard errors of Cohen's kappa, which books and programs mix up.

    `large` is that of Fleiss, Cohen and Everitt 1969, on which our interval rests;
    `simple` that of Cohen 1960, sqrt(po (1 - po) / n) / (1 - pe); `chance` that of
    1969 for a true kappa of 0, and `z` is kappa divided by it. Under `chance` a test
    asks whether there is any agreement at all, which nobody doubts.
    """

    large: float
    simple: float
    chance: float

    def z(self, kappa: float) -> float:
        """Return kappa in standard errors from 0."""
        return kappa / self.chance


def kappa_errors(counts: Table) -> Errors | None:
    """Return the standard errors of Cohen's kappa; None where it is undefined.

    None too where one screener used one verdict only.
    """
    if not counts.n or counts.n in counts.rows + counts.columns:
        return None
    size = len(counts.categories)
    cells = [(i, j) for i in range(size) for j in range(size)]
    r, c = _shares(counts.rows), _shares(counts.columns)
    p = {(i, j): counts.counts[i][j] / counts.n for i, j in cells}
    po, pe = counts.agreed / counts.n, sum(r[k] * c[k] for k in range(size))
    rest, kappa = 1 - pe, (po - pe) / (1 - pe)

    def error(share: Callable[[int, int], float], value: float) -> float:
        """Return the error of kappa where the cells have these shares."""
        pulls = sum(
            share(i, j) * ((i == j) - (1 - value) * (c[i] + r[j])) ** 2
            for i, j in cells
        )
        drift = value - pe * (1 - value)
        return math.sqrt(max(0.0, pulls - drift**2) / counts.n) / rest

    return Errors(
        error(lambda i, j: p[i, j], kappa),
        math.sqrt(po * (1 - po) / counts.n) / rest,
        error(lambda i, j: r[i] * c[j], 0.0),
    )


def panel(
    pairs: Iterable[tuple[str, str]], categories: Sequence[str]
) -> list[Statistic]:
    """Return the figures that a report on two screeners should show, in order.

    First the agreement as it is: percent, and that on the positive and the negative
    verdict (of two categories, the positive one first) or on each (of more, which
    stand in their order). Then chance: what it would give, Cohen's kappa, of more
    than two categories also weighted, Scott's pi, PABAK or Brennan-Prediger, AC1.
    Of two categories prevalence and bias index come last.
    """
    counts = table(pairs, categories)
    binary = len(categories) == 2
    if binary:
        plain = [positive_agreement(counts), negative_agreement(counts)]
        near: list[Statistic] = []
        indices = [prevalence_index(counts), bias_index(counts)]
    else:
        plain = [specific_agreement(counts, category) for category in categories]
        weights: tuple[Weights, ...] = ("linear", "quadratic")
        near = [weighted_kappa(counts, each) for each in weights]
        indices = []
    chance = [scott_pi(counts), brennan_prediger(counts), gwet_ac1(counts)]
    return [
        percent_agreement(counts),
        *plain,
        expected_agreement(counts),
        cohen_kappa(counts),
        *near,
        *chance,
        *indices,
    ]


def _corrected(
    name: str,
    counts: Table,
    pe: float,
    slope: Callable[[int, int], float],
    weights: list[list[float]] | None = None,
) -> Statistic:
    """Return (po - pe) / (1 - pe) with its large-sample interval.

    `slope(i, j)` is the derivative of pe by the proportion in cell (i, j). The
    variance is that of the delta method for a multinomial sample; with Cohen's pe
    it is the formula of Fleiss, Cohen and Everitt.
    """
    cells = [
        (i, j, count / counts.n, float(i == j) if weights is None else weights[i][j])
        for i, row in enumerate(counts.counts)
        for j, count in enumerate(row)
        if count
    ]
    po = sum(p * w for _, _, p, w in cells)
    value = (po - pe) / (1 - pe)
    pulls = [(p, (w - (1 - value) * slope(i, j)) / (1 - pe)) for i, j, p, w in cells]
    mean = sum(p * pull for p, pull in pulls)
    variance = sum(p * (pull - mean) ** 2 for p, pull in pulls) / counts.n
    return with_interval(name, value, wald(value, variance, Z95), counts.n)


def _credit(i: int, j: int, size: int, weights: Weights) -> float:
    if weights == "identity" or size < 2:
        return float(i == j)
    distance = abs(i - j) / (size - 1)
    return 1 - (distance if weights == "linear" else distance**2)


def _shares(totals: Sequence[int]) -> list[float]:
    return [total / sum(totals) for total in totals]


def _mean_shares(counts: Table) -> list[float]:
    return _shares([r + c for r, c in zip(counts.rows, counts.columns, strict=True)])
