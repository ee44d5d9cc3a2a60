"""What votes mean together."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from litreview.outcome import Outcome, Settlement, Standing, Vote, fold, side
from litreview.vocabulary import Stage, Verdict

TA, FT = Stage.TITLE_ABSTRACT, Stage.FULL_TEXT


def cast(*said: str, record: int = 1) -> list[Vote]:
    """Return the votes of people 1, 2, ...; each is a verdict and perhaps a reason."""
    made = []
    for number, words in enumerate(said, start=1):
        verdict, _, reason = words.partition(" ")
        made.append(Vote(number, 1, record, number, verdict, reason))
    return made


def told(outcome: Outcome) -> tuple[str, str, str]:
    """Return what matters of an outcome."""
    return outcome.standing, outcome.verdict, outcome.reason


@pytest.mark.parametrize(
    ("stage", "said", "expected"),
    [
        (TA, [], ("unscreened", "", "")),
        (TA, ["include"], ("in_progress", "", "")),
        (TA, ["include", "include"], ("settled", "include", "")),
        (TA, ["maybe", "include"], ("settled", "include", "")),
        (TA, ["maybe", "maybe"], ("settled", "include", "")),
        (TA, ["maybe", "exclude"], ("conflict", "", "")),
        (TA, ["exclude X-POP", "exclude"], ("settled", "exclude", "")),
        (TA, ["exclude X-POP", "exclude X-TYPE"], ("settled", "exclude", "")),
        (FT, ["exclude X-POP", "exclude X-POP"], ("settled", "exclude", "X-POP")),
        (FT, ["exclude X-POP", "exclude X-TYPE"], ("conflict", "", "")),
        (TA, ["include", "include", "exclude"], ("conflict", "", "")),
        (TA, ["include", "include", "include"], ("settled", "include", "")),
    ],
)
def test_two_votes_settle_differ_or_wait(
    stage: str, said: list[str], expected: tuple[str, str, str]
) -> None:
    """Two are asked for: fewer wait, agreeing ones settle, extra ones must agree."""
    assert told(fold(1, stage, cast(*said), need=2)) == expected


def test_a_resolution_settles_exactly_the_votes_it_saw() -> None:
    """With its basis the resolution counts; with one vote more it does not."""
    settled = Settlement(7, "exclude", "X-POP", frozenset({1, 2}))
    votes = cast("include", "exclude X-POP")
    outcome = fold(1, FT, votes, need=2, settlements=[settled])
    assert told(outcome) == ("settled", "exclude", "X-POP")
    assert outcome.resolution_id == 7
    late = fold(1, FT, cast("include", "exclude", "include"), need=2)
    assert told(late) == ("conflict", "", "")


def test_too_few_votes_comes_before_a_resolution() -> None:
    """A resolution never stands in for an opinion that is missing."""
    settled = Settlement(7, "exclude", "", frozenset({1, 2}))
    votes = cast("include", "exclude")
    outcome = fold(1, TA, votes, need=3, settlements=[settled])
    assert told(outcome) == ("in_progress", "", "")


def test_agreement_comes_before_a_resolution() -> None:
    """Where the votes agree, no resolution can say otherwise."""
    settled = Settlement(7, "exclude", "", frozenset({1, 2}))
    outcome = fold(1, TA, cast("include", "maybe"), need=2, settlements=[settled])
    assert told(outcome) == ("settled", "include", "")
    assert outcome.resolution_id is None


def test_whose_own_votes_differ_counts_for_nothing() -> None:
    """Differing votes on merged records are one open question, not two votes."""
    torn = [
        Vote(1, 1, 1, 1, "include"),
        Vote(2, 1, 2, 1, "exclude"),
        Vote(3, 1, 1, 2, "include"),
    ]
    outcome = fold(1, TA, torn, need=2)
    assert outcome.standing == Standing.IN_PROGRESS
    assert outcome.torn == {1}
    assert outcome.voters == {2}
    extra = fold(1, TA, [*torn, Vote(4, 1, 2, 3, "include")], need=2)
    assert extra.standing == Standing.CONFLICT


def test_the_same_said_twice_is_one_vote() -> None:
    """Equal votes on two merged records are one person's one opinion."""
    twice = [Vote(1, 1, 1, 1, "include"), Vote(2, 1, 2, 1, "maybe")]
    outcome = fold(1, TA, twice, need=2)
    assert outcome.standing == Standing.IN_PROGRESS
    assert outcome.voters == {1}
    assert not outcome.torn


VOTES = st.builds(
    Vote,
    id=st.integers(1, 30),
    cluster_id=st.just(1),
    record_id=st.integers(1, 3),
    screener_id=st.integers(1, 4),
    verdict=st.sampled_from([*Verdict]),
    reason=st.sampled_from(["X-POP", "X-TYPE"]),
)


@given(
    st.lists(VOTES, max_size=6, unique_by=lambda vote: vote.id),
    st.integers(1, 4),
    st.sampled_from([*Stage]),
    st.frozensets(st.integers(1, 30), max_size=4),
    st.randoms(use_true_random=False),
)
def test_settled_means_enough_people_and_the_very_votes(
    votes: list[Vote], need: int, stage: str, seen: frozenset[int], lot: random.Random
) -> None:
    """Never settled with fewer people than asked for, nor by what saw other votes.

    The order of the votes is irrelevant, and maybe is include.
    """
    basis = frozenset(vote.id for vote in votes)
    rulings = [
        Settlement(1, "exclude", "X-POP", seen),
        *([Settlement(2, "include", "", basis)] if lot.random() < 0.5 else []),
    ]
    outcome = fold(1, stage, votes, need=need, settlements=rulings)
    mixed = list(votes)
    lot.shuffle(mixed)
    assert fold(1, stage, mixed, need=need, settlements=rulings) == outcome
    sure = [
        Vote(v.id, 1, v.record_id, v.screener_id, "include") if v.verdict == "maybe"
        else v
        for v in votes
    ]  # fmt: skip
    assert told(fold(1, stage, sure, need=need, settlements=rulings)) == told(outcome)
    if outcome.standing == Standing.SETTLED:
        assert len(outcome.voters) >= need
        said = {side(stage, vote.verdict, vote.reason) for vote in votes}
        assert len(said) == 1 or outcome.resolution_id is not None
    else:
        assert (outcome.verdict, outcome.reason) == ("", "")
    if outcome.resolution_id == 1:
        assert seen == basis
