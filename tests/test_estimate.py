"""Precision and recall from a stratified sample."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from litreview import estimate
from litreview.estimate import Fate, Stratum, allocate, precision, recall


def test_a_sample_is_shared_out_evenly_and_wholly() -> None:
    """Small strata are taken whole, and what they leave goes to the others."""
    assert allocate({"near": 3, "asked": 40, "far": 1000}, 63) == {
        "near": 3,
        "asked": 30,
        "far": 30,
    }
    assert allocate({"near": 3, "asked": 0}, 200) == {"near": 3, "asked": 0}
    assert allocate({}, 12) == {}


@given(
    st.dictionaries(st.sampled_from("abcdef"), st.integers(0, 50)), st.integers(0, 250)
)
def test_allocation_is_as_many_as_there_are(sizes: dict[str, int], sample: int) -> None:
    """Never more than a stratum has, and never fewer in all than can be had."""
    taken = allocate(sizes, sample)
    assert all(0 <= taken[name] <= size for name, size in sizes.items())
    assert sum(taken.values()) == min(sample, sum(sizes.values()))


def test_strata_count_by_their_size() -> None:
    """A share in a large stratum weighs more than one in a small stratum."""
    strata = [
        Stratum("near", "merged", 100, 10, 5),
        Stratum("far", "merged", 900, 10, 10),
        Stratum("asked", "asked", 50, 10, 10),
        Stratum("apart", "apart", 1000, 100, 5),
    ]
    assert precision(strata).value == pytest.approx(950 / 1000)
    assert recall(strata).value == pytest.approx(950 / (950 + 50 + 50))
    asked = recall(strata, found=("merged", "asked"))
    assert asked.value == pytest.approx(1000 / 1050)


def test_one_large_stratum_has_the_limits_of_a_proportion() -> None:
    """They are those of Clopper and Pearson where the stratum is far larger."""
    found = precision([Stratum("far", "merged", 10**6, 50, 49)])
    assert found.low == pytest.approx(0.8935, abs=5e-4)
    assert found.high == pytest.approx(0.9995, abs=5e-4)


def test_what_was_judged_whole_is_known() -> None:
    """Where every pair was judged the figure is exact."""
    strata = [
        Stratum("far", "merged", 8, 8, 6),
        Stratum("apart", "apart", 4, 4, 2),
    ]
    for found, value in ((precision(strata), 6 / 8), (recall(strata), 6 / 8)):
        assert (found.low, found.value, found.high) == pytest.approx((value,) * 3)


def test_no_answer_is_no_figure() -> None:
    """A stratum without answers, or without any duplicate, has no figure."""
    silent = [Stratum("far", "merged", 8), Stratum("apart", "apart", 9)]
    assert precision(silent).value is None
    assert "far" in precision(silent).note
    assert recall([Stratum("far", "merged", 8, 8, 0)]).value is None
    assert precision([Stratum("far", "merged", 0)]).note == "no pair was merged"
    # An empty stratum needs no answers.
    assert precision([*silent[:0], Stratum("far", "merged", 2, 2, 2)]).value == 1


strata_of = st.lists(
    st.builds(
        lambda fate, size, judged, same: Stratum(
            fate, fate, size, min(size, judged), min(size, judged, same)
        ),
        st.sampled_from(["merged", "asked", "apart"]),
        st.integers(1, 10_000),
        st.integers(1, 60),
        st.integers(0, 60),
    ),
    min_size=1,
    max_size=5,
)


@given(strata_of)
def test_a_figure_lies_within_its_limits(strata: list[Stratum]) -> None:
    """Limits are between 0 and 1, and hold the figure."""
    for found in (precision(strata), recall(strata), recall(strata, found=("asked",))):
        if found.value is not None:
            assert found.low is not None
            assert found.high is not None
            assert 0 <= found.low <= found.value <= found.high <= 1


def test_the_limits_hold_the_truth_as_often_as_they_say() -> None:
    """Of many samples of a known population at least 95 % have it between them."""
    chance = random.Random(4)  # noqa: S311 - a repeatable test
    population: list[tuple[str, Fate, list[bool]]] = [
        ("near", "merged", [True] * 40 + [False] * 10),
        ("far", "merged", [True] * 950 + [False] * 2),
        ("asked", "asked", [True] * 20 + [False] * 40),
        ("apart", "apart", [True] * 12 + [False] * 800),
    ]
    true = {"precision": 990 / 1002, "recall": 990 / 1022}
    sizes = {name: len(pairs) for name, _, pairs in population}
    taken = allocate(sizes, 200)
    held = dict.fromkeys(true, 0)
    for _ in range(400):
        strata = []
        for name, fate, pairs in population:
            some = chance.sample(pairs, taken[name])
            strata.append(Stratum(name, fate, len(pairs), len(some), sum(some)))
        for found in (precision(strata), recall(strata)):
            assert found.low is not None
            assert found.high is not None
            held[found.name] += found.low <= true[found.name] <= found.high
    assert min(held.values()) >= 0.95 * 400


def test_the_method_is_named() -> None:
    """Whoever reads the figures learns how they came about."""
    assert "hypergeometric" in estimate.METHOD
    assert "different" in estimate.ASSUMPTION
