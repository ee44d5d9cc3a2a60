"""Records that wait for somebody who may never come, and the way out that is told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from desk import FT, TA, Desk
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from making import Maker
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from litreview import db, quorum, review, rounds, waiting
from litreview.errors import LitreviewError, NotAllowedError, UsageError
from litreview.models import Assignment, Person, Record
from litreview.rounds import HandedOut, Plan
from litreview.vocabulary import Role
from litreview.waiting import Why


@pytest.fixture
def desk(session: Session, make: Maker) -> Desk:
    """Return a desk with a lead, three screeners and an arbiter."""
    make.review("ann", "bob", "dan")
    return Desk(session)


@pytest.fixture
def sqlite(tmp_path: Path) -> Iterator[Engine]:
    """Return an engine on a fresh SQLite file."""
    engine = db.engine_for(f"sqlite:///{tmp_path / 'waiting.sqlite'}")
    db.create(engine)
    yield engine
    engine.dispose()


def hand_out(desk: Desk, seed: int = 1, **plan: object) -> HandedOut:
    """Hand records out on title and abstract."""
    wanted = Plan(**{"stage": TA, "seed": seed, **plan})  # type: ignore[arg-type]
    return rounds.assign(desk.session, wanted, by=desk.person("lead"))


def pause(desk: Desk, handle: str, *, paused: bool = True) -> None:
    """Let somebody pause, or go on."""
    desk.person(handle).paused = paused
    desk.session.flush()


def told(desk: Desk, stage: str = TA) -> dict[Why, tuple[str, int]]:
    """Return why records wait -> for whom, and how many."""
    found = waiting.waits(desk.session, stage)
    return {wait.why: (wait.handle, len(wait.records)) for wait in found}


# -- shares and pauses -----------------------------------------------------------------


def test_loads_follow_the_shares(desk: Desk, make: Maker) -> None:
    """Half a share is half the records of the others; records keep their two."""
    desk.person("dan").share = 0.5
    records = make.records(50)
    done = hand_out(desk)
    assert done.new == {"ann": 40, "bob": 40, "dan": 20}
    assert {len(desk.handed(record)) for record in records} == {2}


def test_a_pause_brings_nothing_new_and_takes_nothing_away(
    desk: Desk, make: Maker
) -> None:
    """What was handed out stays and may be voted on; the others get what is new."""
    old = make.records(9)
    hand_out(desk)
    before = {record.id: desk.handed(record) for record in old}
    pause(desk, "dan")
    new = make.records(6)
    done = hand_out(desk, 2)
    assert done.new == {"ann": 6, "bob": 6}
    assert {record.id: desk.handed(record) for record in old} == before
    assert all(desk.handed(record) == {"ann", "bob"} for record in new)
    mine = next(record for record in old if "dan" in before[record.id])
    assert desk.vote("dan", mine, "include").verdict == "include"


def test_nobody_is_left_when_all_pause(desk: Desk, make: Maker) -> None:
    """The refusal says that it is the pauses."""
    make.record()
    for handle in ("ann", "bob", "dan"):
        pause(desk, handle)
    with pytest.raises(LitreviewError, match="is paused"):
        hand_out(desk)


def test_what_waits_for_somebody_paused_is_told_and_freed(
    desk: Desk, make: Maker
) -> None:
    """The lead frees it, the next assignment gives it to the others."""
    records = make.records(6)
    hand_out(desk)
    held = [record for record in records if "dan" in desk.handed(record)]
    desk.vote("dan", held[0], "include")
    pause(desk, "dan")
    assert told(desk) == {Why.PAUSED: ("dan", 3)}
    [wait] = waiting.waits(desk.session, TA)
    assert "`litreview screen release dan`" in str(wait)
    assert review.status(desk.session).waits == [str(wait)]
    assert rounds.release(desk.session, "dan", by=desk.person("lead")) == 3
    assert told(desk) == {Why.NOBODY: ("", 3)}
    hand_out(desk, 2)
    assert told(desk) == {}
    assert "dan" in desk.handed(held[0])
    assert all(desk.handed(record) == {"ann", "bob"} for record in held[1:])


def test_only_a_lead_frees_and_only_what_would_stay_free(
    desk: Desk, make: Maker
) -> None:
    """Somebody at work would be handed the records again."""
    make.records(3)
    hand_out(desk)
    with pytest.raises(LitreviewError, match="dan is at work"):
        rounds.release(desk.session, "dan", by=desk.person("lead"))
    pause(desk, "dan")
    with pytest.raises(NotAllowedError, match="ann may not"):
        rounds.release(desk.session, "dan", by=desk.person("ann"))


# -- leaving ---------------------------------------------------------------------------


def test_who_loses_the_vote_is_not_waited_for_in_silence(
    desk: Desk, make: Maker
) -> None:
    """A screener who becomes a reader is told of; handing out moves the records on."""
    make.records(3)
    hand_out(desk)
    desk.person("dan").role = Role.READER
    assert told(desk)[Why.GONE][0] == "dan"
    hand_out(desk, 2)
    assert told(desk) == {}


def test_too_few_people_are_told(desk: Desk, make: Maker) -> None:
    """Three votes wanted and nobody left to give the third: the way out is people."""
    for handle in ("lead", "cleo"):
        desk.person(handle).paused = True
    three, two = make.record(), make.record()
    desk.votes(two, ann="include")
    hand_out(desk, per_record=3)
    assert len(desk.handed(three)) == 3
    desk.leave("dan")
    fresh = make.record()
    with pytest.raises(UsageError, match="3 asked for, 2 available"):
        hand_out(desk, 2, per_record=3)
    desk.votes(fresh, ann="include")
    assert told(desk)[Why.PEOPLE] == ("", 2)


def test_what_can_be_handed_out_is_although_others_cannot(
    desk: Desk, make: Maker
) -> None:
    """A record of three votes that two people are left for blocks no other record."""
    old = make.record()
    hand_out(desk, per_record=3)
    desk.leave("dan")
    new = make.record()
    done = hand_out(desk, 2, round_name="main")
    assert (done.short, done.records) == (1, 1)
    assert desk.handed(new) == desk.handed(old) == {"ann", "bob"}


def test_an_open_question_of_somebody_gone_is_told_with_its_record(
    desk: Desk, make: Maker
) -> None:
    """Votes of theirs that differ since a merge wait for an answer that never comes."""
    one, other = make.records(2)
    hand_out(desk)
    desk.votes(one, ann="include", dan="include")
    desk.vote("dan", other, "exclude")
    desk.pair(one, other)
    assert Why.QUESTION not in told(desk)
    desk.leave("dan")
    assert told(desk)[Why.QUESTION] == ("dan", 1)
    [wait] = [w for w in waiting.waits(desk.session, TA) if w.why == Why.QUESTION]
    assert f"ID {one.id}" in str(wait)
    assert "set-aside dan ID" in str(wait)


def test_nothing_is_told_before_the_work_begins(desk: Desk, make: Maker) -> None:
    """Records that were never handed out wait for the first assignment."""
    make.records(3)
    assert waiting.waits(desk.session, TA) == []
    assert waiting.waits(desk.session, FT) == []


# -- any sequence ----------------------------------------------------------------------

TEAM = ("ann", "bob", "dan", "eve", "fay")
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["join", "leave", "pause", "vote", "vote", "assign", "free"]),
        st.integers(0, 4),
        st.integers(0, 7),
    ),
    max_size=30,
)


def play(desk: Desk, records: list[Record], what: str, who: int, which: int) -> None:
    """Let one thing happen, if the program allows it."""
    handle = TEAM[who]
    known = desk.session.scalar(select(Person).where(Person.handle == handle))
    if what == "join" or known is None:
        Maker(desk.session).person(handle).active = True
        desk.session.flush()
    elif what == "leave":
        desk.leave(handle)
    elif what == "pause":
        pause(desk, handle, paused=not known.paused)
    elif what == "vote":
        desk.vote(handle, records[which], "include")
    elif what == "assign":
        hand_out(desk, seed=which)
    else:
        rounds.release(desk.session, handle, by=desk.person("lead"))


def no_more_than_asked(desk: Desk) -> None:
    """Check the open hand-outs: each person once, no record beyond its number."""
    rows = desk.session.execute(
        select(Assignment.record_id, Assignment.person_id).where(
            Assignment.released_at.is_(None)
        )
    ).all()
    assert len(rows) == len(set(rows))
    need = quorum.needs(desk.session, TA)
    for record, people in Counter(record for record, _person in rows).items():
        assert people <= need[record]


def everybody_votes(desk: Desk) -> None:
    """Let everybody who is there vote on all that waits for them."""
    for person in desk.session.scalars(select(Person)).all():
        if waiting.can_vote(person) and not person.paused:
            for record_id in rounds.queue(desk.session, person, stage=TA):
                record = desk.session.get_one(Record, record_id)
                desk.vote(person.handle, record, "include")


@settings(
    deadline=None,
    max_examples=40,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(STEPS)
def test_every_record_can_reach_its_votes(
    sqlite: Engine, steps: list[tuple[str, int, int]]
) -> None:
    """Whoever joins, leaves, pauses and votes: two people there get it done."""
    with Session(sqlite) as session:
        make = Maker(session)
        make.review("ann", "bob", "dan")
        desk, records = Desk(session), make.records(8)
        for what, who, which in steps:
            point = session.begin_nested()
            try:
                play(desk, records, what, who, which)
                point.commit()
            except LitreviewError:
                point.rollback()
            no_more_than_asked(desk)
        for person in session.scalars(select(Person)):
            if person.paused or not person.active:
                rounds.release(session, person.handle, by=desk.person("lead"))
        for handle in ("ann", "bob"):
            desk.leave(handle, active=True)
            pause(desk, handle, paused=False)
        hand_out(desk, 99)
        no_more_than_asked(desk)
        assert waiting.waits(session, TA) == []
        everybody_votes(desk)
        assert {desk.stands(record) for record in records} == {"included"}
        session.rollback()
