"""What the order of a queue may know, and what it does."""

from __future__ import annotations

import random
from collections.abc import Sequence

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from making import REVIEW, Maker
from sqlalchemy import select
from sqlalchemy.orm import Session
from team import FT, TA, Team, start

from litreview import ordering, relevance, rounds
from litreview.errors import NotAllowedError
from litreview.models import Person, ProtocolVersion, Record
from litreview.rounds import Plan
from litreview.vocabulary import Order

pytest.importorskip("sklearn", reason="the extra `ml` is not installed")

NEAR, FAR = "coaching of teachers", "basalt and magma"
# What bob says of a record that waits for ann: nothing, or one of these.
SAYINGS = ("", "include", "maybe", "exclude")


@pytest.fixture
def team(session: Session, make: Maker) -> Team:
    """Return ann and bob, with twelve records handed to both."""
    found = start(session, make)
    for number in range(12):
        title = (NEAR, FAR)[number % 2]
        make.record(f"{title} {number}", year=2000 + (number * 7) % 12)
    lead = make.person("lead")
    rounds.assign(session, Plan(TA, seed=1), by=lead)
    return found


def queue(team: Team, person: Person) -> list[int]:
    """Return somebody's queue by lot."""
    return rounds.queue(team.session, person, stage=TA)


def by_relevance(team: Team, person: Person) -> list[int]:
    """Return somebody's queue, the likeliest first."""
    waiting = queue(team, person)
    found = ordering.material(team.session, person, stage=TA, waiting=waiting)
    known = relevance.corpus(found.texts)
    assert known is not None
    return relevance.ranked(known, found.labels, found.waiting)


def records(team: Team) -> Sequence[Record]:
    """Return all records, by id."""
    return team.session.scalars(select(Record).order_by(Record.id)).all()


# -- what may be known -----------------------------------------------------------------


def test_ones_own_votes_and_finished_records_are_known(team: Team) -> None:
    """Not what another said of a record that still waits, nor a vote taken back."""
    own, others, agreed, conflict, back, *_ = records(team)
    team.vote(team.ann, own, TA, "maybe")
    team.vote(team.bob, others, TA, "include")
    team.both(agreed, TA, "exclude")
    team.both(conflict, TA, "include", "exclude")
    team.vote(team.ann, back, TA, "include")
    team.withdraw(team.ann, back, TA)
    # A conflict may yet be included.
    known = {agreed.id: False, conflict.id: True}
    assert ordering.seen(team.session, team.ann, stage=TA) == {own.id: True, **known}
    assert ordering.seen(team.session, team.bob, stage=TA) == {others.id: True, **known}
    assert ordering.seen(team.session, team.cleo, stage=TA) == known
    assert ordering.seen(team.session, team.ann, stage=FT) == {}


def test_a_settled_conflict_is_what_was_settled(team: Team) -> None:
    """The outcome counts and not one's own vote."""
    record = records(team)[0]
    team.both(record, TA, "include", "exclude")
    team.arbitrate(record, TA, "exclude")
    assert ordering.seen(team.session, team.ann, stage=TA) == {record.id: False}


def test_what_was_learnt_comes_first(team: Team) -> None:
    """After one of each, records like the included one lead the queue."""
    near, far, *_ = records(team)
    team.vote(team.ann, near, TA, "include")
    team.vote(team.ann, far, TA, "exclude")
    order = by_relevance(team, team.ann)
    titles = [team.session.get_one(Record, number).title for number in order]
    assert [title.startswith(NEAR) for title in titles] == [True] * 5 + [False] * 5


@settings(
    max_examples=15,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(said=st.lists(st.sampled_from(SAYINGS), min_size=10, max_size=10))
def test_the_order_tells_nothing_of_others_votes(team: Team, said: list[str]) -> None:
    """Whatever bob says of records that wait, ann's order is the one it was."""
    near, far, *rest = records(team)
    point = team.session.begin_nested()
    team.both(near, TA, "include")
    team.both(far, TA, "exclude")
    before = by_relevance(team, team.ann)
    for record, verdict in zip(rest, said, strict=True):
        if verdict:
            team.vote(team.bob, record, TA, verdict)
    assert by_relevance(team, team.ann) == before
    point.rollback()


# -- what is put in order --------------------------------------------------------------


def test_the_newest_come_first(team: Team, make: Maker) -> None:
    """By date of publication; a day beats its year, and what has none is last."""
    dated = make.record("dated", year=2011, published="2011-06-30")
    undated = make.record("undated")
    ids = [record.id for record in records(team)]
    random.Random(3).shuffle(ids)  # noqa: S311 - a draw to repeat
    order = ordering.newest(team.session, ids)
    years = [team.session.get_one(Record, number).year for number in order]
    assert years == [2011, 2011, *range(2010, 1999, -1), None]
    assert order[0] == dated.id
    assert order[-1] == undated.id


def test_open_questions_and_pilots_stay_first(team: Team, make: Maker) -> None:
    """Only what was handed out for the count may move."""
    one, two, *_ = records(team)
    team.vote(team.ann, one, TA, "include")
    team.vote(team.ann, two, TA, "exclude")
    team.merge(one, two)
    waiting = queue(team, team.ann)
    assert waiting[0] == one.id
    moving = ordering.movable(team.session, team.ann, stage=TA, queue=waiting)
    assert moving == waiting[1:]
    unasked = make.record("nobody was handed this")
    asked = [unasked.id, *waiting]
    assert (
        ordering.movable(team.session, team.ann, stage=TA, queue=asked) == waiting[1:]
    )


def test_a_report_has_the_text_of_all_its_records(team: Team, make: Maker) -> None:
    """The first title and the longest abstract of its records."""
    one = make.record("", abstract="short")
    two = make.record("A title", abstract="a longer abstract")
    one.title = ""
    team.merge(one, two)
    found = ordering.material(team.session, team.ann, stage=TA, waiting=[two.id])
    assert found.texts == {two.id: ("A title", "a longer abstract")}


# -- what the protocol allows ----------------------------------------------------------


def allow(session: Session, order: str) -> None:
    """Put a protocol in force that has this order."""
    old = session.scalars(select(ProtocolVersion)).one()
    session.add(
        ProtocolVersion(
            sha256="0" * 64,
            review_text=f"{REVIEW}order: {order}\n",
            criteria_text=old.criteria_text,
        )
    )
    session.flush()


def test_relevance_is_off_until_the_protocol_allows_it(team: Team) -> None:
    """By lot unless asked; refused with the line that a lead can write."""
    assert ordering.chosen(team.session, None) == Order.RANDOM
    assert ordering.chosen(team.session, "newest") == Order.NEWEST
    with pytest.raises(NotAllowedError, match="does not allow") as refusal:
        ordering.chosen(team.session, "relevance")
    assert "order: [random, newest, relevance]" in refusal.value.fix
    allow(team.session, "[relevance, random]")
    assert ordering.chosen(team.session, None) == Order.RELEVANCE
    with pytest.raises(NotAllowedError, match="'newest'"):
        ordering.chosen(team.session, "newest")
