"""Content validity, reliability and aggregation, against published figures."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from litreview import validity
from litreview.errors import UsageError


@pytest.mark.parametrize(
    ("agreeing", "n", "average", "unanimous"),
    [
        # PMC7253559, table 4: twelve items by six experts.
        ([6, 6, 6, 6, 6, 5, 6, 6, 5, 6, 6, 6], 6, 0.97, 0.83),
        # PMC5557472, table 10: six items by ten experts.
        ([10, 9, 7, 10, 10, 10], 10, 0.93, 0.67),
    ],
)
def test_the_published_scales_are_reproduced(
    agreeing: list[int], n: int, average: float, unanimous: float
) -> None:
    """S-CVI/Ave and S-CVI/UA are those that two papers print."""
    found = validity.scale_content(validity.content(a, n) for a in agreeing)
    assert found.average is not None
    assert round(found.average, 2) == average
    assert found.unanimous is not None
    assert round(found.unanimous, 2) == unanimous
    assert (found.average_meets, found.unanimous_meets) == (True, unanimous >= 0.8)


@pytest.mark.parametrize(
    ("agreeing", "chance", "kappa", "label", "meets"),
    [
        # PMC5557472, table 10: pc and k* of ten experts; then Polit and Beck's words.
        (10, 0.001, 1.00, "excellent", True),
        (9, 0.010, 0.90, "excellent", True),
        (8, 0.044, 0.79, "excellent", True),
        (7, 0.117, 0.66, "good", False),
    ],
)
def test_the_published_kappas_are_reproduced(
    agreeing: int, chance: float, kappa: float, label: str, *, meets: bool
) -> None:
    """Chance, kappa, its word and the rule for an item rated by ten."""
    found = validity.content(agreeing, 10)
    assert found.chance == pytest.approx(chance, abs=0.0005)
    assert found.kappa == pytest.approx(kappa, abs=0.005)
    assert (found.label, found.meets) == (label, meets)


@pytest.mark.parametrize(
    ("agreeing", "n", "meets"),
    [
        (3, 3, True),
        (2, 3, False),
        (4, 5, False),
        (5, 5, True),
        (5, 6, True),
        (4, 6, False),
        (7, 9, False),  # 0.7778 is less than 0.78
        (39, 50, True),  # 0.78 exactly
        (2, 2, None),
        (1, 1, None),
    ],
)
def test_what_an_item_should_reach_depends_on_the_raters(
    agreeing: int, n: int, *, meets: bool | None
) -> None:
    """All of up to five, 0.78 of six and more; no rule below three, and said."""
    found = validity.content(agreeing, n)
    assert found.meets is meets
    assert (found.note != "") is (meets is None)
    assert validity.rule(n) == found.note or meets is not None


@pytest.mark.parametrize(
    ("kappa", "label"),
    [
        (0.75, "excellent"),
        (0.74, "good"),
        (0.6, "good"),
        (0.59, "fair"),
        (0.4, "fair"),
        (0.39, "poor"),
        (-1.0, "poor"),
    ],
)
def test_a_kappa_has_a_word(kappa: float, label: str) -> None:
    """The bounds belong where the rule says."""
    assert validity.label(kappa) == label


def test_without_raters_nothing_is_defined() -> None:
    """None with the reason, not 0; an unrated item is left out of its scale."""
    nobody = validity.content(0, 0)
    assert (nobody.share, nobody.kappa, nobody.note) == (None, None, validity.NO_RATERS)
    assert validity.ratio(0, 0).note == validity.NO_RATERS
    nothing = validity.scale_content([nobody])
    assert (nothing.average, nothing.note) == (None, validity.NO_ITEMS)
    some = validity.scale_content([nobody, validity.content(5, 5)])
    assert (some.items, some.unrated, some.average) == (1, 1, 1.0)


@pytest.mark.parametrize(("agreeing", "n"), [(4, 3), (-1, 3), (1, 0)])
def test_impossible_counts_are_refused(agreeing: int, n: int) -> None:
    """More than there are cannot agree."""
    for function in (validity.content, validity.ratio):
        with pytest.raises(UsageError, match="cannot agree"):
            function(agreeing, n)


@pytest.mark.parametrize(
    # Ayre and Scally 2014, table 2: N -> ne and the critical CVR.
    ("n", "needed", "critical"),
    [
        (5, 5, 1.0),
        (8, 7, 0.75),
        (9, 8, 0.778),
        (10, 9, 0.8),
        (15, 12, 0.6),
        (20, 15, 0.5),
        (40, 26, 0.3),
    ],
)
def test_critical_values_are_exact(n: int, needed: int, critical: float) -> None:
    """One rater fewer is not beyond chance."""
    at, below = validity.ratio(needed, n), validity.ratio(needed - 1, n)
    assert (at.needed, at.meets, below.meets) == (needed, True, False)
    assert at.critical == pytest.approx(critical, abs=0.0005)
    assert at.value == at.critical


def test_four_raters_have_no_critical_value() -> None:
    """Four heads in a row are no surprise at 0.05; that is said."""
    found = validity.ratio(4, 4)
    assert (found.value, found.critical, found.meets) == (1.0, None, None)
    assert "4 raters can agree by chance" in found.note


def test_lawshes_ratio_is_not_over_n_less_one() -> None:
    """Half of the raters give 0, all give 1, none give -1."""
    said = [validity.ratio(count, 10).value for count in (0, 5, 10)]
    assert said == [-1.0, 0.0, 1.0]


def test_alpha_by_hand() -> None:
    """Two items that go together but for one point: worked out on paper."""
    # Variances 1 and 1; totals 2, 4, 5 with the variance 7/3; 2 (1 - 2 / (7/3)) = 2/7.
    found = validity.alpha([[1, 1], [2, 2], [3, 2]])
    item, other, total = 1.0, 1 / 3, 7 / 3
    assert found.value == pytest.approx(2 * (1 - (item + other) / total))
    assert found.n == 3


@pytest.mark.parametrize(
    ("rows", "why"),
    [
        ([], "people"),
        ([[1, 2]], "people"),
        ([[1], [2]], "items"),
        ([[1, 2], [2, 1]], "same total"),
    ],
)
def test_alpha_is_undefined_where_it_is(rows: list[list[float]], why: str) -> None:
    """None and the reason."""
    found = validity.alpha(rows)
    assert found.value is None
    assert why in found.note


def test_ragged_answers_are_refused() -> None:
    """Alpha of people with different numbers of answers would be of nothing."""
    with pytest.raises(UsageError, match="different numbers"):
        validity.alpha([[1, 2], [1]])


def test_omega() -> None:
    """Perfect loadings give 1, none are undefined, impossible ones refused."""
    assert validity.omega_total([1.0, 1.0]).value == 1
    assert validity.omega_total([0.5, 0.5]).value == pytest.approx(1 / 2.5)
    assert validity.omega_total([]).value is None
    with pytest.raises(UsageError, match="loading"):
        validity.omega_total([1.2])


def test_agreement_within_a_group() -> None:
    """All the same is 1, chance is 0, extremes are below it and said."""
    assert validity.rwg([3, 3, 3], 5).value == 1
    assert validity.rwg_of_variance(2.0, 5).value == 0
    extreme = validity.rwg([1, 5], 5)
    assert extreme.value == -3
    assert "less agreement than chance" in extreme.note
    assert validity.rwg([3], 5).value is None
    assert validity.rwg_j([[3, 3], [3, 3]], 5).value == 1
    assert validity.rwg_j([[3]], 5).value is None
    with pytest.raises(UsageError, match="two points"):
        validity.rwg([1, 1], 1)


def test_one_item_agrees_as_several_do() -> None:
    """rwg(j) of one item is its rwg."""
    one = validity.rwg([2, 3, 4], 5).value
    assert validity.rwg_j([[2], [3], [4]], 5).value == pytest.approx(one)


def test_schools_apart() -> None:
    """Answers that differ between schools alone give 1, within alone below 0."""
    apart = validity.groups([[1, 1], [5, 5], [3, 3]])
    assert (validity.icc1(apart).value, validity.icc2(apart).value) == (1, 1)
    mixed = validity.groups([[1, 5], [1, 5]])
    assert validity.icc1(mixed).value == -1
    assert validity.icc2(mixed).value is None
    same = validity.groups([[2, 2], [2, 2]])
    assert validity.icc1(same).value is None


def test_mean_squares_by_hand() -> None:
    """Unequal schools: sums of squares worked out on paper."""
    found = validity.groups([[1, 3], [4, 6, 8], []])
    # Means 2 and 6, grand mean 4.4: 2 * 2.4^2 + 3 * 1.6^2 = 19.2; within 2 + 8.
    assert found.between == pytest.approx(19.2)
    assert found.within == pytest.approx(10 / 3)
    assert found.size == pytest.approx(5 - 13 / 5)
    assert found.groups == 2


@pytest.mark.parametrize("answers", [[], [[1, 2]], [[1], [2]]])
def test_schools_cannot_be_told_from_people(answers: list[list[float]]) -> None:
    """One group, or one person in each, is refused."""
    with pytest.raises(UsageError, match="two groups"):
        validity.groups(answers)


@given(st.integers(1, 200).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_figures_stay_in_their_bounds(case: tuple[int, int]) -> None:
    """I-CVI and k* at most 1, CVR from -1 to 1; more agreement is never worse."""
    agreeing, n = case
    found, told = validity.content(agreeing, n), validity.ratio(agreeing, n)
    assert found.share is not None
    assert found.kappa is not None
    assert 0 <= found.share <= 1
    assert found.kappa <= found.share + 1e-12
    assert told.value is not None
    assert -1 <= told.value <= 1
    if told.needed is not None:
        tail = sum(math.comb(n, k) for k in range(told.needed, n + 1)) / 2**n
        before = sum(math.comb(n, k) for k in range(told.needed - 1, n + 1)) / 2**n
        assert tail <= 0.05 < before


# -- the shared examples ---------------------------------------------------------------


@pytest.fixture
def examples(shared: Path) -> dict[str, Any]:
    """Return the worked examples."""
    path = shared / "domain" / "worked_examples.yaml"
    found: dict[str, Any] = yaml.safe_load(path.read_text("utf-8"))
    return found


@pytest.mark.shared
def test_every_worked_content_validity(examples: dict[str, Any]) -> None:
    """Each figure of `cvi`."""
    one, two = examples["cvi"]["cases"]
    first = [validity.content(a, 6) for a in one["agree_3_or_4"]]
    assert min(item.share or 0 for item in first) == pytest.approx(
        one["i_cvi_min"], abs=0.005
    )
    second = [validity.content(a, 10) for a in two["agree"]]
    for case, items in ((one, first), (two, second)):
        scale = validity.scale_content(items)
        assert scale.average == pytest.approx(case["s_cvi_ave"], abs=0.005)
        assert scale.unanimous == pytest.approx(case["s_cvi_ua"], abs=0.005)
    for name, figure in (("pc", "chance"), ("k_star", "kappa")):
        for agreeing, value in two[name].items():
            found = getattr(validity.content(agreeing, 10), figure)
            assert found == pytest.approx(value, abs=0.005)
    for share, value in examples["cvi"]["k_star_table"].items():
        agreeing, n = map(int, share.split("/"))
        assert validity.content(agreeing, n).kappa == pytest.approx(value, abs=0.0006)


@pytest.mark.shared
def test_every_worked_critical_value(examples: dict[str, Any]) -> None:
    """Each figure of `cvr`."""
    table = examples["cvr"]["critical_exact_binomial_one_tailed_05"]
    for n, (needed, critical) in table.items():
        found = validity.ratio(needed, n)
        assert found.needed == needed
        assert found.critical == pytest.approx(critical, abs=0.0006)


@pytest.mark.shared
def test_every_worked_reliability(examples: dict[str, Any]) -> None:
    """Each figure of `reliability` and `aggregation_to_school`."""
    first, second = examples["reliability"]
    found = validity.alpha(first["data"]).value
    assert found == pytest.approx(first["cronbach_alpha"], abs=1e-6)
    omega = validity.omega_total(second["loadings"]).value
    assert omega == pytest.approx(second["omega_total"], abs=1e-6)
    agreement, clustering = examples["aggregation_to_school"]
    given_ = agreement["rwg"]
    rwg = validity.rwg_of_variance(given_["item_var"], given_["points"]).value
    assert rwg == pytest.approx(given_["rwg"])
    told = clustering["icc"]
    squares = validity.Groups(told["msb"], told["msw"], told["k"], groups=2)
    assert validity.icc1(squares).value == pytest.approx(told["icc1"], abs=1e-6)
    assert validity.icc2(squares).value == pytest.approx(told["icc2"], abs=1e-6)
