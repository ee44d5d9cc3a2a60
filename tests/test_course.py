"""What the figures of progress promise: complete reports for all, one's own for one."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from making import Maker
from sqlalchemy import select
from sqlalchemy.orm import Session
from team import FT, TA, Team, start

from litreview import course, stopping
from litreview.declarative import now
from litreview.models import Record
from litreview.screening import Ballot, decide
from litreview.vocabulary import Origin

SAYINGS = ("", "include", "maybe", "exclude")


@pytest.fixture
def team(session: Session, make: Maker) -> Team:
    """Return a team with ten records."""
    found = start(session, make)
    make.records(10)
    return found


def records(team: Team) -> list[Record]:
    """Return all records, by id."""
    return list(team.session.scalars(select(Record).order_by(Record.id)))


def test_the_whole_is_told_in_the_order_of_completion(team: Team) -> None:
    """A report stands where its last vote put it, and a conflict may be included."""
    one, two, three, four, *_ = records(team)
    team.vote(team.ann, one, TA, "exclude")
    team.both(two, TA, "include")
    team.vote(team.bob, one, TA, "exclude")
    team.both(three, TA, "include", "exclude")
    team.vote(team.ann, four, TA, "include")
    assert course.sequence(team.session) == ([True, False, True], 10)
    team.arbitrate(three, TA, "exclude")
    assert course.sequence(team.session) == ([True, False, False], 10)
    found = course.whole(team.session)
    assert (found.total, found.screened, found.relevant) == (10, 3, 1)
    assert (found.irrelevant_in_a_row, found.atd, found.atd_random) == (2, 1.0, 5.5)
    labels = [True, False, False]
    assert found.p == stopping.p_value(labels, 10)
    assert found.recall == pytest.approx(1 / (1 + 7 / 3))
    assert found.recall_at_least == stopping.recall_at_least(labels, 10)
    assert found.wss == pytest.approx(0.7 - (1 - (found.recall or 0)))
    assert (found.rule, found.holds) == ("", False)


def test_removed_records_are_not_among_the_whole(team: Team) -> None:
    """What left before screening is none of its records; a merged one is one."""
    one, two, three, *_ = records(team)
    team.remove(one, "reason")
    team.merge(two, three)
    assert course.whole(team.session).total == 8


def test_ones_own_are_ones_own(team: Team) -> None:
    """The last word on each, of oneself alone, counts; a withdrawn vote does not."""
    one, two, three, *_ = records(team)
    team.vote(team.ann, one, TA, "exclude")
    team.vote(team.ann, two, TA, "maybe")
    team.vote(team.bob, three, TA, "include")
    team.vote(team.ann, three, TA, "exclude")
    team.withdraw(team.ann, three, TA)
    found = course.own(team.session, team.ann, total=6)
    assert (found.total, found.screened, found.relevant) == (6, 2, 1)
    assert found.atd == 2.0
    # More than were handed out: whoever votes unasked still has done so.
    assert course.own(team.session, team.ann, total=1).total == 2
    nothing = course.own(team.session, team.cleo, total=0)
    assert (nothing.screened, nothing.recall, nothing.p) == (0, None, 0.0)


@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(said=st.lists(st.sampled_from(SAYINGS), min_size=8, max_size=8))
def test_the_figures_tell_nothing_of_what_waits(team: Team, said: list[str]) -> None:
    """Whatever bob says of records that wait, all figures are what they were."""
    one, two, *rest = records(team)
    point = team.session.begin_nested()
    team.both(one, TA, "include")
    team.vote(team.ann, two, TA, "exclude")
    before = (
        course.whole(team.session),
        course.own(team.session, team.ann, total=10),
        course.pace(team.session, team.ann, stage=TA),
    )
    for record, verdict in zip(rest, said, strict=True):
        if verdict:
            team.vote(team.bob, record, TA, verdict)
    assert before == (
        course.whole(team.session),
        course.own(team.session, team.ann, total=10),
        course.pace(team.session, team.ann, stage=TA),
    )
    point.rollback()


def test_pace_leaves_pauses_and_files_out(team: Team) -> None:
    """The median of the seconds between votes, without those longer than a pause."""
    begun = now()
    seconds = (0, 10, 30, 60, 2000, 2005)
    for record, at in zip(records(team), seconds, strict=False):
        ballot = Ballot(record.id, TA, "exclude", at=begun + timedelta(seconds=at))
        decide(team.session, ballot, screener=team.ann)
    last = records(team)[-1]
    late = Ballot(last.id, TA, "exclude", at=begun + timedelta(seconds=2006))
    decide(team.session, late, screener=team.ann, origin=Origin.FILE)
    found = course.pace(team.session, team.ann, stage=TA)
    assert (found.votes, found.seconds) == (4, 15.0)
    nothing = course.pace(team.session, team.ann, stage=FT)
    assert (nothing.votes, nothing.seconds) == (0, None)
