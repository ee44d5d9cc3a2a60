"""Who waits on whom, in counts that tell of no verdict."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import product

import pytest
from desk import FT, TA, Desk
from making import Maker
from sqlalchemy import select
from sqlalchemy.orm import Session

from litreview import board, rounds
from litreview.board import Board, Line
from litreview.declarative import now
from litreview.errors import NotAllowedError
from litreview.models import Assignment, Record
from litreview.rounds import Plan
from litreview.vocabulary import Role


@pytest.fixture
def desk(session: Session, make: Maker) -> Desk:
    """Return a desk with a lead, three screeners and an arbiter."""
    make.review("ann", "bob", "dan")
    return Desk(session)


def look(desk: Desk) -> Board:
    """Look at the board as the lead."""
    return board.board(desk.session, handle="lead")


def lines(desk: Desk, stage: str = TA) -> dict[str, Line]:
    """Return handle -> the line at a stage."""
    return {line.handle: line for line in look(desk).lines if line.stage == stage}


def assign(desk: Desk, stage: str = TA) -> None:
    """Hand records out."""
    rounds.assign(desk.session, Plan(stage, 1), by=desk.person("lead"))


def test_it_says_who_waits_on_whom(desk: Desk, make: Maker) -> None:
    """What is in hand, done and open, and where somebody else has voted already."""
    records = make.records(6)
    assign(desk)
    anns = [record for record in records if "ann" in desk.handed(record)]
    for record in anns:
        desk.vote("ann", record, "include")
    found = lines(desk)
    assert set(found) == {"ann", "bob", "dan"}
    ann = found["ann"]
    assert (ann.assigned, ann.done, ann.open, ann.second) == (4, 4, 0, 0)
    assert (ann.last_vote, ann.waiting_days) == (datetime.now(UTC).date(), None)
    for handle in ("bob", "dan"):
        line = found[handle]
        shared = [record for record in anns if handle in desk.handed(record)]
        assert (line.assigned, line.done, line.open) == (4, 0, 4)
        assert line.second == len(shared)
        assert (line.last_vote, line.waiting_days) == (None, 0)
    counts = look(desk).stages[TA]
    assert (counts["in_progress"], counts["unscreened"]) == (4, 2)


def test_conflicts_wait_for_their_voters_or_a_third(desk: Desk, make: Maker) -> None:
    """The voters can agree; an arbiter or a lead settles what others voted on."""
    one, other = make.records(2)
    desk.votes(one, ann="include", bob="exclude")
    desk.votes(other, ann="include", lead="exclude")
    found = lines(desk)
    told = {who: (line.conflicts, line.to_settle) for who, line in found.items()}
    assert told == {"ann": (2, 0), "bob": (1, 0), "cleo": (0, 2), "lead": (1, 1)}
    assert look(desk).stages[TA]["conflicts_for_an_arbiter"] == 2
    desk.settle("cleo", one, "include")
    assert lines(desk)["ann"].conflicts == 1


def test_the_paused_and_the_gone_are_marked(desk: Desk, make: Maker) -> None:
    """And what waits for them is told with the way out."""
    make.records(6)
    assign(desk)
    desk.person("ann").paused = True
    desk.person("bob").role = Role.READER
    desk.session.flush()
    found = look(desk)
    assert {line.handle: line.standing for line in found.lines} == {
        "ann": "paused",
        "bob": "gone",
        "dan": "active",
    }
    assert {wait.handle for wait in found.waits} == {"ann", "bob"}


def test_the_oldest_has_waited_since_it_was_handed_out(desk: Desk, make: Maker) -> None:
    """In whole days, of what is still open."""
    make.records(3)
    assign(desk)
    for days, handed in enumerate(
        desk.session.scalars(
            select(Assignment).where(Assignment.person_id == desk.person("ann").id)
        ),
        start=3,
    ):
        handed.at = now() - timedelta(days=days)
    desk.session.flush()
    assert lines(desk)["ann"].waiting_days == 4


def test_texts_that_could_not_be_had_wait_for_nobody(desk: Desk, make: Maker) -> None:
    """They are in hand and not open."""
    record = make.record()
    desk.votes(record, ann="include", bob="include")
    assign(desk, FT)
    assert sum(line.open for line in lines(desk, FT).values()) == 2
    desk.text(record, "not-retrieved")
    assert sum(line.open for line in lines(desk, FT).values()) == 0


@pytest.mark.parametrize("role", [role for role in Role if role != Role.LEAD])
def test_it_is_for_leads(desk: Desk, make: Maker, role: Role) -> None:
    """Nobody else sees how the others get on."""
    make.person("eve", role)
    with pytest.raises(NotAllowedError, match="this takes a lead"):
        board.board(desk.session, handle="eve")


SAID = ("include", "exclude", "maybe", "exclude X-POP")


def test_no_verdict_changes_it_before_a_record_has_its_votes(
    desk: Desk, make: Maker
) -> None:
    """Whatever bob says of what still waits, also of two minds since a merge."""
    one, two, three = make.records(3)
    rounds.assign(desk.session, Plan(TA, 1, per_record=3), by=desk.person("lead"))
    desk.votes(one, ann="include")
    desk.pair(two, three)
    boards: list[Board] = []
    for first, second, third in product(SAID, SAID, SAID):
        point = desk.session.begin_nested()
        desk.vote("bob", one, first)
        undone(desk, two, three, second, third)
        boards.append(look(desk))
        point.rollback()
    assert len(boards) == len(SAID) ** 3
    assert all(found == boards[0] for found in boards)


def undone(desk: Desk, two: Record, three: Record, second: str, third: str) -> None:
    """Let bob vote on two records apart, and merge them again."""
    desk.split(two, three)
    desk.vote("bob", two, second)
    desk.vote("bob", three, third)
    desk.pair(two, three)
