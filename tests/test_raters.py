"""Agreement of any number of screeners, against published figures.

Row ids (B1 ...) are those of the project's table of worked examples.
"""

from __future__ import annotations

import random
import time
from itertools import chain

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from litreview import raters
from litreview.agreement import cohen_kappa, scott_pi, table
from litreview.errors import UsageError
from litreview.raters import (
    NO_PAIRS,
    ONE_VALUE,
    Level,
    Value,
    conger_kappa,
    fleiss_kappa,
    krippendorff_alpha,
    many_ac1,
    many_brennan_prediger,
    many_percent,
)

# B1: ten subjects, fourteen raters, how many chose each of five categories.
B1 = [
    [0, 0, 0, 0, 14],
    [0, 2, 6, 4, 2],
    [0, 0, 3, 5, 6],
    [0, 3, 9, 2, 0],
    [2, 2, 8, 1, 1],
    [7, 7, 0, 0, 0],
    [3, 2, 6, 3, 0],
    [2, 5, 3, 2, 2],
    [6, 5, 2, 1, 0],
    [0, 2, 2, 3, 7],
]
# B3, which is also B5: four observers (rows here), twelve units, gaps.
GAP = None
B3 = list(
    zip(
        [1, 2, 3, 3, 2, 1, 4, 1, 2, GAP, GAP, GAP],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, GAP, 3],
        [GAP, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, GAP],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, GAP],
        strict=True,
    )
)
B4 = list(
    zip([0, 1, 0, 0, 0, 0, 0, 0, 1, 0], [1, 1, 1, 0, 0, 1, 0, 0, 0, 0], strict=True)
)
# A4 and A8 as pairs: two screeners are many screeners too.
A4 = [("i", "i")] * 118 + [("i", "e")] * 5 + [("e", "i")] * 2
A8 = [("i", "i")] * 40 + [("i", "e")] * 15 + [("e", "i")] * 10 + [("e", "e")] * 435


def test_fleiss_kappa_of_fourteen_raters() -> None:
    """Row B1: 0.20993, printed as 0.210."""
    units = [
        list(chain.from_iterable([k] * times for k, times in enumerate(row)))
        for row in B1
    ]
    statistic = fleiss_kappa(units)
    assert statistic.value == pytest.approx(0.20993, abs=5e-6)
    assert statistic.n == 10
    assert statistic.low is not None
    assert statistic.low < 0.20993


@pytest.mark.parametrize(
    ("level", "alpha"),
    [
        ("nominal", 0.743421),
        ("ordinal", 0.815388),
        ("interval", 0.849107),
        ("ratio", 0.797403),
    ],
)
def test_alpha_at_each_level_with_gaps(level: Level, alpha: float) -> None:
    """Row B3: Krippendorff's own example with missing values."""
    statistic = krippendorff_alpha(B3, level=level)
    assert statistic.value == pytest.approx(alpha, abs=5e-7)
    assert statistic.n == 11
    assert statistic.low is not None
    assert statistic.high is not None
    assert statistic.low < alpha < statistic.high <= 1


def test_alpha_of_two_observers_on_two_values() -> None:
    """Row B4: 0.095, and with the values 0 and 1 every level is the same."""
    levels: tuple[Level, ...] = ("nominal", "ordinal", "interval", "ratio")
    for level in levels:
        statistic = krippendorff_alpha(B4, level=level, resamples=0)
        assert statistic.value == pytest.approx(0.095238, abs=5e-7)


@pytest.mark.parametrize(("pairs", "alpha"), [(A4, -0.02469), (A8, 0.734238)])
def test_alpha_of_two_screeners(pairs: list[tuple[str, str]], alpha: float) -> None:
    """Rows A4 and A8: alpha is near Scott's pi, and not the same."""
    assert krippendorff_alpha(pairs, resamples=0).value == pytest.approx(
        alpha, abs=5e-6
    )


def test_coefficients_with_gaps_are_those_of_gwet() -> None:
    """Row B5: Fleiss, Brennan-Prediger, and AC1 with its error and interval."""
    offered = [1, 2, 3, 4, 5]
    assert fleiss_kappa(B3).value == pytest.approx(0.76117, abs=5e-6)
    assert many_brennan_prediger(B3, offered).value == pytest.approx(0.77273, abs=5e-6)
    ac1 = many_ac1(B3, offered)
    assert (ac1.value, ac1.low, ac1.high) == pytest.approx(
        (0.77544, 0.46081, 1.0), abs=1e-5
    )
    assert ac1.n == 11


def test_two_screeners_get_scotts_pi_from_fleiss() -> None:
    """Fleiss' kappa of two is Scott's pi, not Cohen's kappa."""
    two = scott_pi(table(A8, ["i", "e"]))
    many = fleiss_kappa(A8)
    assert many.value == pytest.approx(two.value)
    assert many.low == pytest.approx(two.low, abs=1e-3)


def test_alphas_interval_covers_what_large_samples_give() -> None:
    """Row A8 has 500 records: the bootstrap is close to pi's formula."""
    two = scott_pi(table(A8, ["i", "e"]))
    alpha = krippendorff_alpha(A8)
    assert (alpha.low, alpha.high) == pytest.approx((two.low, two.high), abs=0.02)


def test_the_interval_depends_on_the_seed_and_not_on_the_order() -> None:
    """Shuffled records and swapped screeners give the very same statistic."""
    shuffled = [tuple(reversed(pair)) for pair in A8]
    random.Random(3).shuffle(shuffled)  # noqa: S311 - no secret
    here = krippendorff_alpha(A8, seed=1)
    assert krippendorff_alpha(shuffled, seed=1) == here
    assert krippendorff_alpha(A8, seed=2).low != here.low


def test_an_order_given_by_words_ranks_them() -> None:
    """The words exclude, maybe, include as ranks equal the numbers 1, 2, 3."""
    words = ["exclude", "maybe", "include"]
    votes = [(0, 0), (0, 1), (1, 2), (2, 2), (2, 2), (0, 2)]
    spoken = [(words[a], words[b]) for a, b in votes]
    ranked = krippendorff_alpha(spoken, level="ordinal", order=words)
    assert ranked.value == krippendorff_alpha(votes, level="ordinal").value
    alphabetic = krippendorff_alpha(spoken, level="ordinal")
    assert ranked.value != alphabetic.value


@pytest.mark.parametrize("units", [[], [[]], [["i"], ["e", None]], [[None, None]]])
def test_no_record_with_two_votes_defines_nothing(units: list[list[Value]]) -> None:
    """Single votes and gaps alone give no figure."""
    for statistic in (
        fleiss_kappa(units),
        many_ac1(units, ["i", "e"]),
        many_brennan_prediger(units, ["i", "e"]),
        krippendorff_alpha(units),
    ):
        assert (statistic.value, statistic.n, statistic.note) == (None, 0, NO_PAIRS)


def test_one_value_throughout_is_undefined_and_says_so() -> None:
    """Everybody always excludes: alpha and Fleiss have no value, AC1 is 1."""
    units: list[list[Value | None]] = [["e", "e", "e"], ["e", "e", None]] * 4
    assert krippendorff_alpha(units).note == ONE_VALUE
    assert fleiss_kappa(units).note == ONE_VALUE
    assert many_ac1(units, ["i", "e"]).value == 1
    assert many_ac1(units, ["e"]).note == "undefined: needs at least two categories"
    assert many_brennan_prediger(units, ["e"]).value is None


def test_full_agreement_claims_no_interval() -> None:
    """Alpha 1 in every resample has a note in place of the interval 1 to 1."""
    units = [["i", "i"], ["e", "e"]] * 10
    statistic = krippendorff_alpha(units)
    assert (statistic.value, statistic.low) == (1, None)
    assert statistic.note == "no interval: every resample gave the same value"


def test_resamples_that_define_nothing_are_counted() -> None:
    """A single record of the rare verdict is missing from many resamples."""
    statistic = krippendorff_alpha([["e", "e"]] * 30 + [["i", "e"], ["i", "i"]])
    lost = int(statistic.note.split()[0])
    # Both rare records are missing from (30/32)^32 = 12.7 % of resamples.
    assert 90 < lost < 165
    assert statistic.low is not None


def test_few_records_have_no_students_t() -> None:
    """Three records give a value without an interval."""
    statistic = fleiss_kappa([["i", "i"], ["e", "i"], ["e", "e"]])
    assert statistic.low is None
    assert statistic.note == "no interval: fewer than 4 records"


def test_single_votes_can_push_fleiss_below_minus_one() -> None:
    """One split record among single votes: the interval still holds the value."""
    statistic = fleiss_kappa([["i"], ["i"], ["i"], ["i", "e"]])
    assert statistic.n == 1
    assert statistic.value == pytest.approx(-25 / 7)
    assert statistic.low is not None
    assert statistic.high is not None
    assert statistic.low < -25 / 7 < statistic.high


@pytest.mark.parametrize(
    ("units", "level", "message"),
    [
        ([["i", "e"]], "interval", "level needs numbers"),
        ([[1, "e"]], "nominal", "mix words and numbers"),
        ([[-1, 2]], "ratio", "no negative values"),
        ([[float("nan"), 2.0]], "interval", "finite number"),
    ],
)
def test_values_must_fit_their_level(
    units: list[list[str | float | None]], level: Level, message: str
) -> None:
    """Words have no intervals, and nan is no rating."""
    with pytest.raises(UsageError, match=message):
        krippendorff_alpha(units, level=level)


def test_values_outside_the_categories_are_refused() -> None:
    """A vote that was not offered, or has no rank, is named."""
    with pytest.raises(UsageError, match="Not a category here: perhaps"):
        many_ac1([["i", "perhaps"]], ["i", "e"])
    with pytest.raises(UsageError, match="No rank is given for perhaps"):
        krippendorff_alpha([["i", "perhaps"]], level="ordinal", order=["i", "e"])
    with pytest.raises(UsageError, match="needs numbers"):
        krippendorff_alpha([["i", "e"]], level="interval", order=["i", "e"])


def test_ten_thousand_records_take_no_noticeable_time() -> None:
    """Alpha with its bootstrap groups equal records, so size costs little."""
    chance = random.Random(5)  # noqa: S311 - no secret
    units = [
        [chance.choice(["include", "exclude", "maybe", None]) for _ in range(6)]
        for _ in range(10_000)
    ]
    start = time.process_time()
    statistic = krippendorff_alpha(units)
    assert time.process_time() - start < 5
    assert statistic.value == pytest.approx(0, abs=0.02)


VOTE = st.sampled_from(["include", "exclude", "maybe", None])
UNITS = st.lists(st.lists(VOTE, min_size=1, max_size=4), min_size=1, max_size=12)


@settings(deadline=None)
@given(UNITS, st.randoms(use_true_random=False))
def test_coefficients_do_not_depend_on_any_order(
    units: list[list[str | None]], chance: random.Random
) -> None:
    """Shuffling records and votes within them changes no coefficient."""
    shuffled = [chance.sample(unit, len(unit)) for unit in units]
    chance.shuffle(shuffled)
    offered = ["include", "exclude", "maybe"]
    for statistic in (
        fleiss_kappa,
        lambda u: many_ac1(u, offered),
        lambda u: krippendorff_alpha(u, resamples=20),
    ):
        here, there = statistic(units), statistic(shuffled)
        assert there.value == pytest.approx(here.value, abs=1e-9)
        assert (there.n, there.note) == (here.n, here.note)
        assert here.value is None or here.value <= 1 + 1e-9
        if here.value is not None and here.low is not None and here.high is not None:
            assert here.low <= here.high <= 1


@settings(deadline=None)
@given(
    st.lists(st.sampled_from(["i", "e", "m"]), min_size=2, max_size=12).filter(
        lambda votes: len(set(votes)) > 1
    )
)
def test_full_agreement_on_two_values_is_one(votes: list[str]) -> None:
    """Where everybody agrees on each record, every coefficient is 1."""
    units = [[vote, vote, vote] for vote in votes]
    assert fleiss_kappa(units).value == pytest.approx(1)
    assert many_ac1(units, ["i", "e", "m"]).value == pytest.approx(1)
    assert krippendorff_alpha(units, resamples=0).value == pytest.approx(1)


# -- Conger's kappa, and many resamples at once ----------------------------------------


def test_conger_of_two_screeners_is_cohen() -> None:
    """Without gaps and for two it is Cohen's kappa, and its interval is near."""
    conger = conger_kappa(A8)
    cohen = cohen_kappa(table(A8, ["i", "e"]))
    assert conger.value == pytest.approx(cohen.value)
    assert conger.n == cohen.n
    assert (conger.low, conger.high) == pytest.approx((cohen.low, cohen.high), abs=3e-3)


def test_conger_is_undefined_where_nothing_can_differ() -> None:
    """No pair, one verdict throughout, too few records for an interval."""
    assert conger_kappa([]).note == NO_PAIRS
    assert conger_kappa([["i", None], [None, "e"]]).note == NO_PAIRS
    assert conger_kappa([["i", "i"]] * 5).note == ONE_VALUE
    few = conger_kappa([["i", "i"], ["e", "e"], ["e", "i"]])
    assert few.value is not None
    assert "fewer than" in few.note
    lone = conger_kappa([["i", "i"]] * 5 + [["e", "e"]])
    assert (lone.value, lone.low) == (1.0, None)
    assert lone.note


def test_percent_of_many_is_the_mean_over_records() -> None:
    """Records with a single vote tell nothing; the interval stays above 0."""
    found = many_percent([["i", "i", "e"], ["e", None, None], ["i", "i", None]])
    assert found.value == pytest.approx((1 / 3 + 1) / 2)
    assert found.n == 2
    low = many_percent([["i", "e"], ["i", "e"], ["i", "e"], ["i", "i"]]).low
    assert low == 0.0


@settings(deadline=None, max_examples=40)
@given(
    st.lists(
        st.lists(st.one_of(st.none(), st.integers(0, 4)), min_size=2, max_size=4),
        min_size=1,
        max_size=12,
    ),
    st.sampled_from(["nominal", "ordinal", "interval", "ratio"]),
)
def test_resamples_at_once_are_those_one_by_one(
    ratings: list[list[int | None]], level: Level
) -> None:
    """The quick way for few values and the slow way give the same interval."""
    quick = krippendorff_alpha(ratings, level=level, resamples=20)
    few = raters.FEW_VALUES
    raters.FEW_VALUES = 0
    try:
        slow = krippendorff_alpha(ratings, level=level, resamples=20)
    finally:
        raters.FEW_VALUES = few
    assert (quick.value, quick.n) == (slow.value, slow.n)
    assert quick.low == pytest.approx(slow.low)
    assert quick.high == pytest.approx(slow.high)
