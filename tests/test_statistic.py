"""The intervals that figures of agreement need."""

from __future__ import annotations

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from litreview.statistic import Statistic, exact_count, quantile, student, wald, wilson
from litreview.statistic import with_interval as give_interval


@pytest.mark.parametrize(
    ("hits", "n", "low", "high"),
    # Newcombe 1998, Stat Med 17:857, table I, method 3.
    [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_wilson_gives_published_limits(
    hits: int, n: int, low: float, high: float
) -> None:
    """Four proportions have the Wilson limits that Newcombe printed."""
    assert wilson(hits, n) == pytest.approx((low, high), abs=5e-5)


@settings(deadline=None)
@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_wilson_holds_its_proportion_inside_zero_to_one(case: tuple[int, int]) -> None:
    """The limits lie around the proportion, inside 0 to 1, and mirror each other."""
    hits, n = case
    low, high = wilson(hits, n)
    assert 0 <= low <= hits / n <= high <= 1
    assert low < high
    assert wilson(n - hits, n) == pytest.approx((1 - high, 1 - low))


@pytest.mark.parametrize(
    ("freedom", "t", "within"),
    [(3, 3.18245, 0.01), (5, 2.57058, 0.001), (11, 2.20099, 1e-4), (30, 2.04227, 1e-5)],
)
def test_student_is_the_tabled_quantile(freedom: int, t: float, within: float) -> None:
    """Student's t agrees with the printed tables to the stated accuracy."""
    assert student(freedom) == pytest.approx(t, abs=within)


def test_wald_is_cut_to_what_a_coefficient_can_be() -> None:
    """A wide interval ends at -1 and 1."""
    assert wald(0.9, 0.04, 1.96) == pytest.approx((0.508, 1.0))
    assert wald(-0.9, 0.04, 1.96) == pytest.approx((-1.0, -0.508))


def test_no_standard_error_means_no_interval_and_says_so() -> None:
    """A zero variance gives no interval rather than a single point."""
    assert wald(1.0, 0.0, 1.96) is None
    assert give_interval("x", 1.0, wald(1.0, 0.0, 1.96), 2) == Statistic(
        "x", 1.0, None, None, 2, "no interval: the standard error is zero"
    )


def test_quantile_runs_straight_between_neighbours() -> None:
    """Quantiles of 1 to 5 are found at, and between, the values."""
    assert [quantile([1, 2, 3, 4, 5], p) for p in (0, 0.5, 0.9, 1)] == [1, 3, 4.6, 5]
    assert quantile([7.0], 0.975) == 7


@pytest.mark.parametrize(
    ("hits", "n", "size", "limits"),
    [
        (3, 3, 3, (3, 3)),  # everything was drawn
        (0, 10, 10, (0, 0)),
        (0, 1, 2, (0, 1)),  # one is left, and it may be a hit
        (2, 2, 4, (2, 4)),
    ],
)
def test_exact_count_of_few(
    hits: int, n: int, size: int, limits: tuple[int, int]
) -> None:
    """Small cases, counted by hand."""
    assert exact_count(hits, n, size) == limits


def test_exact_count_holds_the_truth() -> None:
    """For every true number the limits miss it in at most 5 % of all samples."""
    size, n = 30, 12
    for true in range(size + 1):
        missed = sum(
            math.comb(true, hits) * math.comb(size - true, n - hits)
            for hits in range(max(0, n - size + true), min(n, true) + 1)
            if not (
                exact_count(hits, n, size)[0] <= true <= exact_count(hits, n, size)[1]
            )
        )
        assert missed / math.comb(size, n) <= 0.05
