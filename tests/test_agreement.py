"""Agreement of two screeners, against published and independently computed figures.

Row ids (A1 ...) are those of the project's table of worked examples.
"""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from litreview.agreement import (
    CONSTANT,
    NO_PAIRS,
    ONE_VERDICT,
    TWO_NEEDED,
    Table,
    bias_index,
    brennan_prediger,
    cohen_kappa,
    gwet_ac1,
    kappa_errors,
    negative_agreement,
    panel,
    percent_agreement,
    positive_agreement,
    prevalence_index,
    scott_pi,
    specific_agreement,
    table,
    weighted_kappa,
)
from litreview.errors import UsageError
from litreview.statistic import Statistic

STATISTICS = {
    "po": percent_agreement,
    "kappa": cohen_kappa,
    "scott_pi": scott_pi,
    "ac1": gwet_ac1,
    "pabak": brennan_prediger,
    "positive_agreement": positive_agreement,
    "negative_agreement": negative_agreement,
    "prevalence_index": prevalence_index,
    "bias_index": bias_index,
}

ROWS = {
    "A1": [[20, 5], [10, 15]],
    "A2": [[45, 15], [25, 15]],
    "A3": [[25, 35], [5, 35]],
    "A4": [[118, 5], [2, 0]],
    "A5": [[0, 4, 1], [0, 8, 0], [0, 1, 5]],
    "A6": [[21, 12, 0, 0], [4, 17, 1, 0], [3, 9, 15, 2], [0, 0, 0, 1]],
    "A7": [[106, 10, 4], [22, 28, 10], [2, 12, 6]],
    "A8": [[40, 15], [10, 435]],
    "A9": [[0, 0], [0, 10]],
}

VALUES = [
    ("A1", {"po": 0.70, "kappa": 0.40, "scott_pi": 0.393939, "ac1": 0.405941}),
    ("A1", {"pabak": 0.40, "prevalence_index": 0.1, "bias_index": 0.1}),
    ("A2", {"po": 0.60, "kappa": 0.130435, "ac1": 0.266055, "pabak": 0.20}),
    ("A3", {"po": 0.60, "kappa": 0.259259, "ac1": 0.207921, "pabak": 0.20}),
    ("A4", {"po": 0.944, "kappa": -0.023392, "scott_pi": -0.028807}),
    ("A4", {"ac1": 0.940776, "pabak": 0.888, "prevalence_index": 0.944}),
    ("A5", {"kappa": 0.4842}),
    ("A6", {"po": 0.6353, "kappa": 0.4728}),
    ("A7", {"po": 0.70, "kappa": 0.428571}),
    ("A8", {"po": 0.95, "kappa": 0.734043, "ac1": 0.938427, "pabak": 0.90}),
    ("A8", {"positive_agreement": 0.761905, "negative_agreement": 0.972067}),
    ("A9", {"po": 1.0, "ac1": 1.0, "pabak": 1.0}),
]


def of(counts: list[list[int]]) -> Table:
    """Return a table whose categories are named by letters."""
    names = tuple("abcdefgh"[: len(counts)])
    return Table(names, tuple(tuple(row) for row in counts))


def near(expected: float) -> object:
    """Compare to the decimals that the source printed, six at most."""
    decimals = len(str(expected).partition(".")[2])
    return pytest.approx(expected, abs=0.5001 * 10 ** -max(4, min(decimals, 6)))


@pytest.mark.parametrize(("row", "expected"), VALUES)
def test_values_are_those_of_the_worked_examples(
    row: str, expected: dict[str, float]
) -> None:
    """Each figure equals the one computed by another program or printed."""
    for name, value in expected.items():
        assert STATISTICS[name](of(ROWS[row])).value == near(value), name


@pytest.mark.parametrize(
    ("row", "low", "high"),
    [
        ("A1", 0.1511, 0.6489),
        ("A5", 0.2137, 0.7547),
        ("A8", 0.6349, 0.8332),
    ],
)
def test_kappa_has_the_interval_of_fleiss_cohen_and_everitt(
    row: str, low: float, high: float
) -> None:
    """Kappa's limits are those that SAS and statsmodels print."""
    statistic = cohen_kappa(of(ROWS[row]))
    assert (statistic.low, statistic.high) == pytest.approx((low, high), abs=1e-4)


@pytest.mark.parametrize(("row", "error"), [("A1", 0.126996), ("A8", 0.050600)])
def test_kappas_standard_error_can_be_read_back(row: str, error: float) -> None:
    """Half the width of the interval is 1.96 Fleiss-Cohen-Everitt errors."""
    statistic = cohen_kappa(of(ROWS[row]))
    assert statistic.low is not None
    assert statistic.high is not None
    width = statistic.high - statistic.low
    assert width / 2 / 1.959964 == pytest.approx(error, abs=1e-6)


def test_weighted_kappa_is_that_of_sas_and_stata() -> None:
    """Rows A5 and A6: linear and quadratic weights, and SAS' interval."""
    sas = weighted_kappa(of(ROWS["A5"]), "linear")
    assert (sas.value, sas.low, sas.high) == pytest.approx(
        (0.4701, 0.1845, 0.7558), abs=1e-4
    )
    assert weighted_kappa(of(ROWS["A6"]), "linear").value == near(0.5684)
    assert weighted_kappa(of(ROWS["A6"]), "quadratic").value == near(0.6714)
    assert weighted_kappa(of(ROWS["A6"]), "quadratic").name == (
        "quadratic_weighted_kappa"
    )


def test_weights_do_not_matter_for_two_categories() -> None:
    """With two categories every weighting is Cohen's kappa, interval included."""
    plain, counts = cohen_kappa(of(ROWS["A8"])), of(ROWS["A8"])
    for statistic in (
        weighted_kappa(counts, "linear"),
        weighted_kappa(counts, "quadratic"),
    ):
        assert statistic.value == pytest.approx(plain.value)
        assert statistic.low == pytest.approx(plain.low)


def test_kappa_is_undefined_where_one_verdict_only_was_used() -> None:
    """Row A9: no number, and the note tells why; AC1 and PABAK still exist."""
    for statistic in (
        cohen_kappa(of(ROWS["A9"])),
        scott_pi(of(ROWS["A9"])),
        weighted_kappa(of(ROWS["A9"]), "linear"),
    ):
        assert (statistic.value, statistic.low, statistic.high) == (None, None, None)
        assert (statistic.n, statistic.note) == (10, ONE_VERDICT)
    assert positive_agreement(of(ROWS["A9"])).note == "undefined: nobody said a"
    assert negative_agreement(of(ROWS["A9"])).value == 1


@pytest.mark.parametrize("counts", [[], [[0]], [[0, 0], [0, 0]]])
def test_an_empty_table_defines_nothing(counts: list[list[int]]) -> None:
    """Without a pair of votes no figure exists and none is 0."""
    for statistic in (percent_agreement, cohen_kappa, scott_pi, gwet_ac1):
        found = statistic(of(counts))
        assert (found.value, found.n, found.note) == (None, 0, NO_PAIRS)
    assert brennan_prediger(of(counts)).note == NO_PAIRS
    assert prevalence_index(of(counts)).value is None


def test_one_category_leaves_nothing_to_agree_about() -> None:
    """With one category offered, every corrected figure is undefined."""
    counts = of([[7]])
    assert percent_agreement(counts).value == 1
    assert cohen_kappa(counts).note == ONE_VERDICT
    assert scott_pi(counts).note == ONE_VERDICT
    assert gwet_ac1(counts).note == TWO_NEEDED
    assert brennan_prediger(counts).note == TWO_NEEDED
    assert positive_agreement(counts).value is None


def test_one_record_gives_no_false_certainty() -> None:
    """One record: a wide Wilson interval, no kappa in agreement, none with a point."""
    agreed, split = of([[1, 0], [0, 0]]), of([[0, 1], [0, 0]])
    assert percent_agreement(agreed).low == pytest.approx(0.2065, abs=1e-4)
    assert cohen_kappa(agreed).note == ONE_VERDICT
    assert cohen_kappa(split) == Statistic("cohen_kappa", 0.0, None, None, 1, CONSTANT)
    assert gwet_ac1(agreed).note == "no interval: the standard error is zero"


def test_perfect_agreement_claims_no_interval() -> None:
    """Kappa 1 from ten records has a note in place of the interval 1 to 1."""
    statistic = cohen_kappa(of([[5, 0], [0, 5]]))
    assert (statistic.value, statistic.low) == (1, None)
    assert statistic.note == "no interval: the standard error is zero"


def test_a_constant_screener_is_named_as_the_reason_for_zero() -> None:
    """One who always says the same makes kappa 0, and the note says so."""
    assert cohen_kappa(of([[0, 0], [30, 70]])).value == 0
    assert cohen_kappa(of([[0, 30], [0, 70]])).note == CONSTANT


def test_wilson_interval_of_percent_agreement() -> None:
    """Row A8: 475 of 500 agree, 95 % (92.7 % to 96.6 %)."""
    statistic = percent_agreement(of(ROWS["A8"]))
    assert (statistic.low, statistic.high) == pytest.approx((0.9272, 0.9659), abs=1e-4)


def test_specific_agreement_has_an_interval_inside_zero_to_one() -> None:
    """Row A8: its limits solve Wilson's equation for 40 of 65, mapped back."""
    statistic = positive_agreement(of(ROWS["A8"]))
    for limit in (statistic.low, statistic.high):
        assert limit is not None
        p = limit / (2 - limit)
        assert (40 / 65 - p) ** 2 == pytest.approx(1.959964**2 * p * (1 - p) / 65)
    never = positive_agreement(of([[0, 3], [4, 50]]))
    assert (never.value, never.low) == (0, 0)


def test_agreement_on_a_category_ignores_how_the_others_mix() -> None:
    """With three categories it is what the table collapsed to two gives."""
    full = specific_agreement(of(ROWS["A7"]), "a")
    collapsed = positive_agreement(of([[106, 14], [24, 56]]))
    assert full.value == pytest.approx(212 / 250)
    assert (full.low, full.high) == (collapsed.low, collapsed.high)
    with pytest.raises(UsageError, match="Not a category of this table: z"):
        specific_agreement(of(ROWS["A7"]), "z")


def test_indices_exist_for_two_categories_only() -> None:
    """Three categories have no prevalence, bias, positive or negative figure."""
    for statistic in (
        prevalence_index,
        bias_index,
        positive_agreement,
        negative_agreement,
    ):
        assert statistic(of(ROWS["A7"])).note.startswith("undefined: defined for two")


def test_unused_categories_count_in_pabak_and_ac1_but_not_in_kappa() -> None:
    """Offering a third verdict that nobody uses lowers chance where q counts."""
    two, three = of([[40, 15], [10, 35]]), of([[40, 15, 0], [10, 35, 0], [0, 0, 0]])
    assert cohen_kappa(three).value == pytest.approx(cohen_kappa(two).value)
    assert brennan_prediger(two).value == pytest.approx(0.5)
    assert brennan_prediger(three).value == pytest.approx(1 - 0.25 * 1.5)
    assert brennan_prediger(three).name == "brennan_prediger"
    assert (gwet_ac1(three).value or 0) > (gwet_ac1(two).value or 0)


def test_table_counts_rows_for_a_and_columns_for_b() -> None:
    """A said include and B exclude: row include, column exclude."""
    counts = table([("i", "e"), ("i", "e"), ("e", "e")], ["i", "e"])
    assert counts.counts == ((0, 2), (0, 1))
    assert (counts.n, counts.agreed) == (3, 1)


def test_table_refuses_what_it_cannot_place() -> None:
    """An unknown verdict, a doubled category and a crooked table are refused."""
    with pytest.raises(UsageError, match=r"Not a verdict here: perhaps\. .*are i, e"):
        table([("i", "perhaps")], ["i", "e"])
    with pytest.raises(UsageError, match="named twice"):
        table([], ["i", "i"])
    with pytest.raises(ValueError, match="square"):
        Table(("i", "e"), ((1, 2),))
    with pytest.raises(ValueError, match="negative"):
        Table(("i",), ((-1,),))


def test_panel_of_two_categories_is_what_a_reader_needs() -> None:
    """Two verdicts: ten figures in a fixed order, all on the same n."""
    pairs = [("include", "include")] * 40 + [("include", "exclude")] * 15
    pairs += [("exclude", "include")] * 10 + [("exclude", "exclude")] * 435
    found = {s.name: s for s in panel(iter(pairs), ["include", "exclude"])}
    assert list(found) == [
        "percent_agreement",
        "positive_agreement",
        "negative_agreement",
        "expected_agreement",
        "cohen_kappa",
        "scott_pi",
        "pabak",
        "gwet_ac1",
        "prevalence_index",
        "bias_index",
    ]
    assert {s.n for s in found.values()} == {500}
    assert found["positive_agreement"].value == near(0.761905)
    assert found["bias_index"].value == pytest.approx(0.01)


def test_panel_of_three_categories_gives_agreement_on_each() -> None:
    """Three verdicts: one line per verdict in place of positive and negative."""
    pairs = [("include", "maybe"), ("exclude", "exclude"), ("include", "include")]
    names = [s.name for s in panel(pairs, ["include", "maybe", "exclude"])]
    assert names == [
        "percent_agreement",
        "agreement_on_include",
        "agreement_on_maybe",
        "agreement_on_exclude",
        "expected_agreement",
        "cohen_kappa",
        "linear_weighted_kappa",
        "quadratic_weighted_kappa",
        "scott_pi",
        "brennan_prediger",
        "gwet_ac1",
    ]


def test_panel_without_a_pair_says_why_each_figure_is_missing() -> None:
    """No record with two votes: every value None, every note filled."""
    for statistic in panel([], ["include", "exclude"]):
        assert statistic.value is None
        assert statistic.note.startswith("undefined")


CATEGORIES = ["include", "exclude", "maybe"]
VERDICTS = st.sampled_from(CATEGORIES)


@settings(deadline=None)
@given(
    st.lists(st.tuples(VERDICTS, VERDICTS), min_size=1, max_size=40),
    st.permutations(CATEGORIES),
)
def test_coefficients_do_not_depend_on_who_comes_first_or_which_verdict(
    pairs: list[tuple[str, str]], order: list[str]
) -> None:
    """Swapping the screeners or the order of categories changes nothing."""
    counts = table(pairs, CATEGORIES)
    swapped = table([(b, a) for a, b in pairs], CATEGORIES)
    reordered = table(pairs, order)
    for statistic in (cohen_kappa, scott_pi, gwet_ac1, brennan_prediger):
        here = statistic(counts)
        for other in (statistic(swapped), statistic(reordered)):
            assert other.value == pytest.approx(here.value, abs=1e-12)
            assert other.low == pytest.approx(here.low, abs=1e-6)
            assert other.note == here.note
        assert here.value is None or -1 <= here.value <= 1 + 1e-12
        assert here.low is None or here.low <= (here.value or 0) <= (here.high or 0)


@settings(deadline=None)
@given(st.lists(VERDICTS, min_size=2, max_size=40).filter(lambda v: len(set(v)) > 1))
def test_full_agreement_on_two_or_more_verdicts_is_one(verdicts: list[str]) -> None:
    """On the diagonal, with at least two verdicts used, every coefficient is 1."""
    counts = table([(v, v) for v in verdicts], CATEGORIES)
    for statistic in (cohen_kappa, scott_pi, gwet_ac1, brennan_prediger):
        assert statistic(counts).value == pytest.approx(1)


def test_errors_of_kappa_exist_where_kappa_varies() -> None:
    """None for no votes and for a screener who said one thing throughout."""
    assert kappa_errors(table([], ["i", "e"])) is None
    assert kappa_errors(table([("i", "i"), ("i", "e")], ["i", "e"])) is None
    errors = kappa_errors(
        table(
            [("i", "i")] * 20
            + [("i", "e")] * 5
            + [("e", "i")] * 10
            + [("e", "e")] * 15,
            ["i", "e"],
        )
    )
    assert errors is not None
    assert (errors.large, errors.simple) == near_errors(0.126996, 0.129615)
    assert errors.z(0.4) == pytest.approx(0.4 / errors.chance)


def near_errors(*values: float) -> object:
    """Return what these values are to six digits."""
    return pytest.approx(values, abs=5e-7)
