"""What the stopping rules promise."""

from __future__ import annotations

import time
from itertools import combinations
from math import comb
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from litreview import yamlfile
from litreview.errors import InputFileError, UsageError
from litreview.stopping import (
    Rule,
    first_stop,
    in_a_row,
    judge,
    p_value,
    parse_rule,
    recall_at_least,
    recall_estimate,
)
from litreview.vocabulary import StoppingRule

TEST = Rule(StoppingRule.HYPERGEOMETRIC)
LABELS = st.lists(st.booleans(), max_size=40)


def fifty_then(screened: int) -> list[bool]:
    """Return 50 relevant records and then irrelevant ones only."""
    return [True] * 50 + [False] * (screened - 50)


# -- the test of Callaghan and Müller-Hansen ------------------------------------------


def test_a_case_by_hand() -> None:
    """After ten relevant records the last 50 of 90 left held none: 1 - 50/90."""
    labels = [True] * 10 + [False] * 50
    assert p_value(labels, 100) == pytest.approx(1 - 50 / 90)


@pytest.mark.parametrize(
    ("screened", "p"),
    [
        (550, 0.10591),
        (600, 0.07432),
        (640, 0.05414),
        (649, 0.05017),
        (650, 0.04974),
        (680, 0.03798),
        (700, 0.03128),
    ],
)
def test_the_case_of_a_thousand_records(screened: int, p: float) -> None:
    """The figures of an independent implementation (buscarpy 0.0.2)."""
    assert p_value(fifty_then(screened), 1000) == pytest.approx(p, abs=5e-6)


def test_the_first_stop_is_at_650() -> None:
    """It is the first record after which p is below 0.05."""
    assert first_stop(TEST, fifty_then(1000), 1000) == 650


def test_a_long_window_by_hand() -> None:
    """Of the last 900 none was relevant; three of the 50 left might be missed."""
    assert p_value(fifty_then(950), 1000) == pytest.approx(0.000137597, abs=1e-9)
    assert p_value(fifty_then(950), 1000) == pytest.approx(comb(50, 3) / comb(950, 3))


@pytest.mark.shared
def test_the_shared_worked_examples(shared: Path) -> None:
    """The file of expected values says the same as the tests here."""
    text = (shared / "domain" / "worked_examples.yaml").read_text("utf-8")
    cases = {case["id"]: case for case in yaml.safe_load(text)["stopping_cases"]}
    one, two, three = (cases[name] for name in ("S1", "S2", "S3"))
    assert p_value([True] * 10 + [False] * 50, one["n_total"]) == pytest.approx(
        one["p"], abs=1e-6
    )
    for screened, p in two["p_by_n"].items():
        assert p_value(fifty_then(screened), 1000) == pytest.approx(p, abs=5e-6)
    assert first_stop(TEST, fifty_then(1000), 1000) == two["first_stop_at_95pct"]
    assert p_value(fifty_then(950), 1000) == pytest.approx(three["p"], abs=1e-9)


@given(LABELS, st.integers(0, 30), st.sampled_from([0.5, 0.8, 0.95, 1.0]))
def test_no_window_is_forgotten(labels: list[bool], left: int, recall: float) -> None:
    """The answer is the smallest over every window, counted out with whole numbers."""
    total, seen = len(labels) + left, sum(labels)
    missed = next(
        m for m in range(1, 200) if seen < round(recall * 100) * (seen + m) / 100
    )
    found = [1.0]
    for size in range(1, len(labels) + 1):
        drawn = sum(labels[-size:])
        population, relevant = left + size, drawn + missed
        ways = sum(
            comb(relevant, x) * comb(population - relevant, size - x)
            for x in range(drawn + 1)
            if relevant <= population
        )
        found.append(ways / comb(population, size))
    assert p_value(labels, total, recall=recall) == pytest.approx(
        0.0 if missed > left else min(found), abs=1e-9
    )


def test_the_chance_is_that_of_all_draws() -> None:
    """In a set of nine, of all ways to draw five, those with none of the two missed."""
    # One relevant record is seen; for a recall of 0.4 two must be missing.
    ways = [draw for draw in combinations(range(9), 5) if not {7, 8} & set(draw)]
    share = len(ways) / comb(9, 5)
    assert p_value([True] + [False] * 5, 10, recall=0.4) == pytest.approx(share)


def test_nothing_seen_proves_nothing() -> None:
    """Before the first record p is 1, and a set screened whole leaves no doubt."""
    assert p_value([], 10) == 1.0
    assert p_value([False] * 10, 10) == 0.0
    assert p_value([False] * 5, 10) == pytest.approx(0.5)
    assert not judge(TEST, [], 10).holds


def test_a_large_review_is_judged_at_once() -> None:
    """Half a million records with five thousand relevant ones take a moment."""
    labels = [place % 20 == 0 for place in range(100_000)] + [False] * 150_000
    before = time.perf_counter()
    assert 0 < p_value(labels, 500_000) < 1e-6
    assert p_value([True] * 5_000, 500_000) == pytest.approx(1, abs=0.01)
    assert time.perf_counter() - before < 2


def test_what_cannot_be_is_refused() -> None:
    """More screened than there are, or a recall outside 0 to 1."""
    with pytest.raises(UsageError, match="3 records screened"):
        p_value([True] * 3, 2)
    for recall in (0.0, -1.0, 1.1):
        with pytest.raises(UsageError, match="cannot be wanted"):
            p_value([True], 2, recall=recall)


# -- the simple rules ------------------------------------------------------------------


def test_irrelevant_ones_in_a_row() -> None:
    """A relevant record begins the count anew."""
    rule = Rule(StoppingRule.IN_A_ROW, records=3)
    assert first_stop(rule, [False, False, True, False, False, False], 10) == 6
    assert first_stop(rule, [False, False, True, False, False], 10) is None
    assert in_a_row([]) == 0
    assert in_a_row([True, False, False]) == 2


def test_a_share_of_the_records() -> None:
    """Seven of ten are the share 0.7, whatever the last bit says."""
    rule = Rule(StoppingRule.SHARE, share=0.7)
    assert first_stop(rule, [True] * 10, 10) == 7
    assert judge(rule, [False] * 7, 10).p is None


def test_every_rule_waits_for_its_least_share() -> None:
    """`at_least` holds a rule back that would stop earlier."""
    rule = Rule(StoppingRule.IN_A_ROW, records=3, at_least=0.5)
    assert first_stop(rule, [False] * 10, 10) == 5
    late = Rule(StoppingRule.HYPERGEOMETRIC, at_least=0.7)
    assert first_stop(late, fifty_then(1000), 1000) == 700


def test_a_finding_has_its_figures() -> None:
    """Whoever shows it need not count again."""
    found = judge(TEST, fifty_then(650), 1000)
    assert (found.holds, found.total, found.screened) == (True, 1000, 650)
    assert (found.relevant, found.in_a_row) == (50, 600)
    assert found.p == pytest.approx(0.04974, abs=5e-6)
    assert not judge(Rule(StoppingRule.HYPERGEOMETRIC, confidence=0.99), [], 9).holds


def test_a_rule_names_itself() -> None:
    """PRISMA is to name the rule: it says its parameters."""
    assert str(TEST) == "hypergeometric test, recall 0.95 with confidence 0.95"
    assert str(Rule(StoppingRule.IN_A_ROW, records=50, at_least=0.1)) == (
        "50 irrelevant records in a row, after at least 0.1 of the records"
    )
    assert str(Rule(StoppingRule.SHARE, share=0.5)) == "0.5 of the records screened"


# -- what recall is reached -----------------------------------------------------------


def test_the_recall_reached_at_least_is_what_the_test_leaves() -> None:
    """A recall just above it is still in doubt, and it itself is not."""
    labels = fifty_then(650)
    bound = recall_at_least(labels, 1000)
    assert bound == pytest.approx(50 / 52)  # 2 may be missed; 3 would be too many
    assert p_value(labels, 1000, recall=0.95) < 0.05
    assert p_value(labels, 1000, recall=0.97) > 0.05
    assert recall_at_least(labels, 1000, confidence=0.5) == pytest.approx(1.0)
    assert recall_at_least(fifty_then(1000), 1000) == 1.0


@given(LABELS, st.integers(0, 30))
def test_what_is_reached_never_exceeds_all_and_needs_something_found(
    labels: list[bool], left: int
) -> None:
    """It lies between finding nothing more and finding everything left."""
    total, seen = len(labels) + left, sum(labels)
    found = [recall_at_least(labels, total), recall_estimate(labels, total)]
    if not seen:
        assert found == [None, None]
        return
    for recall in found:
        assert recall is not None
        assert seen / (seen + left) - 1e-12 <= recall <= 1


def test_the_estimate_takes_the_last_hundred_for_what_is_to_come() -> None:
    """Two of the last hundred were relevant, so 18 of the 900 left may be."""
    labels = [True] * 40 + [False] * 60 + [True] * 2 + [False] * 98
    assert recall_estimate(labels, 1100) == pytest.approx(42 / (42 + 18))
    assert recall_estimate([True, False], 4) == pytest.approx(0.5)


# -- as a protocol states it ----------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        (
            "{rule: hypergeometric, recall: 0.9, confidence: .99, why: So}",
            Rule(StoppingRule.HYPERGEOMETRIC, recall=0.9, confidence=0.99, why="So"),
        ),
        (
            "{rule: in_a_row, records: 80, at_least: 0.1, why: So}",
            Rule(StoppingRule.IN_A_ROW, records=80, at_least=0.1, why="So"),
        ),
        (
            "{rule: share, share: 0.5, why: So}",
            Rule(StoppingRule.SHARE, share=0.5, why="So"),
        ),
    ],
)
def test_a_rule_is_read_with_its_own_parameters(text: str, rule: Rule) -> None:
    """Each rule has its own, and any may wait for a least share."""
    assert parse_rule(yamlfile.parse(text, "review.yaml")) == rule


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("{rule: hypergeometrical, why: So}", "Did you mean 'hypergeometric'"),
        ("{rule: hypergeometric, recall: 0.95, why: So}", "'confidence' is missing"),
        ("{rule: in_a_row, records: 50}", "'why' is missing"),
        ("{rule: in_a_row, records: 0, why: So}", "0 records are none"),
        ("{rule: in_a_row, records: 5.5, why: So}", "expected a whole number"),
        (
            "{rule: in_a_row, records: 5, recall: 0.9, why: So}",
            "unknown field 'recall'",
        ),
        ("{rule: share, share: 95, why: So}", "'95' is no share"),
        ("{rule: share, share: 0.0, why: So}", "'0.0' is no share"),
        ("{rule: share, share: 1, why: So}", "'1' is no share"),
        ("{rule: share, share: -0.5, why: So}", "is no share"),
        ("{rule: share, share: nan, why: So}", "is no share"),
        ("{why: So}", "'rule' is missing"),
        ("[rule]", "expected a mapping"),
    ],
)
def test_a_rule_that_says_too_little_or_too_much_is_refused(
    text: str, says: str
) -> None:
    """The message names the field and what may stand there."""
    with pytest.raises(InputFileError) as refusal:
        parse_rule(yamlfile.parse(text, "review.yaml"))
    assert says in str(refusal.value)
