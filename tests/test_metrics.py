"""What the figures of an order of screening promise."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from litreview import metrics
from litreview.metrics import Cut

LABELS = st.lists(st.booleans(), min_size=1, max_size=60)


def order(found: list[int], total: int) -> list[bool]:
    """Return the labels of `total` records, relevant at these ranks."""
    return [rank in found for rank in range(1, total + 1)]


TWENTY = order([1, 2, 4, 7], 20)


# -- published and worked figures ------------------------------------------------------


def test_the_worked_example() -> None:
    """Four relevant records among twenty, found at 1, 2, 4 and 7."""
    assert metrics.times_to_discovery(TWENTY) == [1, 2, 4, 7]
    assert metrics.average_time(TWENTY) == 3.5
    assert metrics.recall_at(TWENTY, 5) == 0.75
    assert metrics.normalised_loss(TWENTY) == 0.0625
    assert metrics.cut_at(TWENTY, 0.95) == Cut(20, 4, 7, 4)
    assert metrics.wss(TWENTY, 0.95) == pytest.approx(0.60)
    assert metrics.nwss(TWENTY, 0.95) == 13 / 16


def test_the_published_table() -> None:
    """ASReview Insights' README: 2,000 records, 95 of 100 found after 1,100."""
    cut = Cut(total=2000, relevant=100, screened=1100, found=95)
    assert (cut.false_positives, cut.true_negatives, cut.false_negatives) == (
        1005,
        895,
        5,
    )
    assert cut.specificity == pytest.approx(0.471053, abs=1e-6)
    assert cut.wss(0.95) == pytest.approx(0.40)
    assert cut.recall == 0.95
    labels = [True] * 94 + [False] * 1005 + [True] + [False] * 895 + [True] * 5
    assert metrics.cut_at(labels, 0.95) == cut


def test_we_report_the_formula_and_not_a_rounded_curve() -> None:
    """On twenty records the other tool says 0.45; Cohen's formula says 0.60."""
    assert metrics.wss(TWENTY) != pytest.approx(0.45)


@pytest.mark.parametrize(
    ("labels", "loss"), [([1, 0], 0), ([0, 1], 1), ([1, 0, 1], 0.5)]
)
def test_the_published_losses(labels: list[int], loss: float) -> None:
    """The losses that asreview-insights tests itself with."""
    assert metrics.normalised_loss([bool(label) for label in labels]) == loss


def test_the_published_recall_and_times() -> None:
    """Half of [1, 1, 1, 0] has two of three; [1, 1, 0, 1] is found at 1, 2 and 4."""
    assert metrics.recall_at([True, True, True, False], 2) == pytest.approx(2 / 3)
    assert metrics.times_to_discovery([True, True, False, True]) == [1, 2, 4]


@pytest.mark.shared
def test_the_shared_worked_examples(shared: Path) -> None:
    """The file of expected values says the same as the tests here."""
    text = (shared / "domain" / "worked_examples.yaml").read_text("utf-8")
    cases = {case["id"]: case for case in yaml.safe_load(text)["screening_metrics"]}
    one, two = cases["M1"], cases["M2"]
    labels = [bool(label) for label in one["labels"]]
    cut = metrics.cut_at(labels, 0.95)
    assert cut is not None
    assert cut.screened == one["position_95"]
    assert cut.wss(0.95) == pytest.approx(one["wss_95"])
    assert metrics.recall_at(labels, 5) == one["recall_at_5"]
    assert metrics.average_time(labels) == one["atd_records"]
    assert metrics.times_to_discovery(labels) == one["time_to_discovery"]
    assert metrics.normalised_loss(labels) == one["normalised_loss"]
    table = Cut(two["total"], two["relevant"], two["reviewed_at_95"], two["tp"])
    assert table.wss(0.95) == pytest.approx(two["wss_95"])
    assert table.specificity == pytest.approx(two["tnr_95"], abs=1e-6)


# -- edges -----------------------------------------------------------------------------


@pytest.mark.parametrize("labels", [[], [False], [False] * 9])
def test_without_a_relevant_record_there_are_no_figures(labels: list[bool]) -> None:
    """They are None, never 0 or 1."""
    assert metrics.cut_at(labels) is None
    assert metrics.wss(labels) is None
    assert metrics.nwss(labels) is None
    assert metrics.recall_at(labels, 3) is None
    assert metrics.average_time(labels) is None
    assert metrics.normalised_loss(labels) is None
    assert metrics.recall_curve(labels) == [0] * (len(labels) + 1)


def test_where_all_are_relevant_nothing_can_be_saved() -> None:
    """There is no irrelevant record to leave out, and no worse order."""
    assert metrics.nwss([True, True]) is None
    assert metrics.normalised_loss([True, True]) is None
    assert metrics.wss([True] * 20, 0.95) == pytest.approx(0.0)


@pytest.mark.parametrize(
    ("relevant", "target", "number"),
    [(20, 0.95, 19), (100, 0.95, 95), (21, 0.95, 20), (1, 0.95, 1), (10, 0.7, 7)],
)
def test_enough_is_the_smallest_number_with_the_recall(
    relevant: int, target: float, number: int
) -> None:
    """10 times 0.7 is 7 records, though not for a binary fraction."""
    assert metrics.wanted(relevant, target) == number


def test_what_a_random_order_does() -> None:
    """The formulas agree with the mean of many random orders."""
    draw = random.Random(1)  # noqa: S311 - a draw to repeat
    labels = order([1, 2, 3, 4, 5, 6], 40)
    ranks, times = [], []
    for _ in range(4000):
        draw.shuffle(labels)
        cut = metrics.cut_at(labels, 0.5)
        assert cut is not None
        ranks.append(cut.screened)
        times.append(metrics.average_time(labels) or 0.0)
    assert sum(ranks) / 4000 == pytest.approx(metrics.random_rank(40, 6, 0.5), rel=0.03)
    assert sum(times) / 4000 == pytest.approx(metrics.random_average_time(40), rel=0.03)


# -- for all orders --------------------------------------------------------------------


@given(LABELS, st.sampled_from([0.5, 0.8, 0.95, 1.0]))
def test_the_figures_agree_with_each_other(labels: list[bool], target: float) -> None:
    """The cut is where the curve reaches the recall first, and not before."""
    curve = metrics.recall_curve(labels)
    cut = metrics.cut_at(labels, target)
    if cut is None:
        assert curve[-1] == 0
        return
    assert curve[cut.screened] == cut.found == curve[cut.screened - 1] + 1
    recall = metrics.recall_at(labels, cut.screened)
    assert recall is not None
    assert recall >= target - 1e-12
    assert metrics.recall_at(labels, cut.screened - 1) != recall
    counted = (cut.found, cut.false_positives, cut.true_negatives, cut.false_negatives)
    assert sum(counted) == len(labels)
    assert min(counted) >= 0
    loss = metrics.normalised_loss(labels)
    assert loss is None or 0 <= loss <= 1


@given(LABELS)
def test_an_earlier_relevant_record_is_never_worse(labels: list[bool]) -> None:
    """With all relevant records first every figure is at its best."""
    best = sorted(labels, reverse=True)
    if not any(labels):
        return
    assert (metrics.wss(best) or 0) >= (metrics.wss(labels) or 0)
    assert (metrics.average_time(best) or 0) <= (metrics.average_time(labels) or 0)
    assert metrics.normalised_loss(best) in (None, 0)
