"""Notes and labels: each one's own until a record has its votes."""

from __future__ import annotations

import pytest
from desk import Desk
from making import Maker
from sqlalchemy import select
from sqlalchemy.orm import Session
from team import FT, TA

from litreview import annotations as beside
from litreview import calibration, rounds
from litreview.errors import LitreviewError, NotAllowedError, NotFoundError, UsageError
from litreview.models import Person, RecordAnnotation
from litreview.rounds import Plan
from litreview.vocabulary import Role


@pytest.fixture
def desk(session: Session, make: Maker) -> Desk:
    """Return a team of two screeners."""
    make.review()
    return Desk(session)


def seen(desk: Desk, who: str, record_id: int) -> list[str]:
    """Return the notes and labels that somebody sees on a record, with whose."""
    found = beside.visible(desk.session, record_id, by=desk.person(who))
    return [f"{one.person} {one.kind} {one.text}" for one in found]


def counted(desk: Desk, who: str) -> dict[str, tuple[int, int]]:
    """Return label -> own, everybody's, as somebody sees them."""
    found = beside.labels(desk.session, by=desk.person(who))
    return {one.label: (one.own, one.everybody) for one in found}


def test_others_words_wait_for_the_votes(desk: Desk, make: Maker) -> None:
    """They open with the last vote and close with a withdrawal; one's own are there."""
    one, session = make.record("one"), desk.session
    ann, bob = desk.person("ann"), desk.person("bob")
    beside.note(session, one.id, " a  note ", by=bob)
    beside.label(session, one.id, "method", by=bob)
    beside.label(session, one.id, "Method", by=ann)
    alone = ["ann label Method"]
    assert seen(desk, "ann", one.id) == alone
    assert counted(desk, "ann") == {"Method": (1, 1)}
    assert counted(desk, "lead") == {}
    desk.vote("bob", one, "include")
    assert seen(desk, "ann", one.id) == alone
    desk.vote("ann", one, "exclude")
    both = ["bob note a note", "bob label method", "ann label Method"]
    for who in ("ann", "bob", "lead", "cleo"):
        assert seen(desk, who, one.id) == both
    assert counted(desk, "ann") == {"method": (1, 1)}
    assert counted(desk, "lead") == {"method": (0, 1)}
    desk.withdraw("bob", one)
    assert seen(desk, "ann", one.id) == alone


def test_a_label_is_taken_off_by_another_row(desk: Desk, make: Maker) -> None:
    """The newest counts; what is there already, or not there, changes nothing."""
    one, ann = make.record("one"), desk.person("ann")
    session = desk.session
    assert beside.label(session, one.id, "method", by=ann) is not None
    assert beside.label(session, one.id, "METHOD", by=ann) is None
    assert len(beside.unlabel(session, one.id, "Method", by=ann)) == 1
    assert seen(desk, "ann", one.id) == []
    with pytest.raises(NotFoundError, match="no label"):
        beside.unlabel(session, one.id, "method", by=ann)
    beside.label(session, one.id, "Method", by=ann)
    assert seen(desk, "ann", one.id) == ["ann label method"]
    kinds = session.scalars(select(RecordAnnotation.kind)).all()
    assert kinds == ["label", "unlabel", "label"]


def test_nobody_takes_off_anothers_label(desk: Desk, make: Maker) -> None:
    """It is theirs, seen or not."""
    one = make.record("one")
    beside.label(desk.session, one.id, "method", by=desk.person("bob"))
    with pytest.raises(NotFoundError):
        beside.unlabel(desk.session, one.id, "method", by=desk.person("ann"))


def test_words_are_the_reports_and_go_home_with_a_split(
    desk: Desk, make: Maker
) -> None:
    """On merged records a label counts once and comes off all of them."""
    one, two, session = make.record("one"), make.record("two"), desk.session
    ann = desk.person("ann")
    for record in (one, two):
        beside.label(session, record.id, "method", by=ann)
    beside.note(session, two.id, "on the second", by=ann)
    desk.pair(one, two)
    assert "ann note on the second" in seen(desk, "ann", one.id)
    assert counted(desk, "ann") == {"method": (1, 1)}
    assert beside.label(session, two.id, "method", by=ann) is None
    desk.split(one, two)
    assert seen(desk, "ann", one.id) == ["ann label method"]
    desk.pair(one, two)
    assert len(beside.unlabel(session, one.id, "method", by=ann)) == 2
    assert counted(desk, "ann") == {}


def test_what_is_written_at_full_text_waits_for_its_votes(
    desk: Desk, make: Maker
) -> None:
    """What was written before stays open; the rest opens with the full-text votes."""
    one, session = make.record("one"), desk.session
    bob = desk.person("bob")
    early = beside.note(session, one.id, "of the title", by=bob)
    desk.votes(one, ann="include", bob="include")
    beside.note(session, one.id, "of the title, too", by=bob)
    titles = ["bob note of the title", "bob note of the title, too"]
    assert seen(desk, "ann", one.id) == titles
    rounds.assign(session, Plan(FT, seed=1), by=desk.person("lead"))
    late = beside.note(session, one.id, "of the text", by=bob)
    assert late.at > early.at
    assert seen(desk, "ann", one.id) == titles
    desk.votes(one, FT, ann="exclude X-POP")
    assert seen(desk, "ann", one.id) == titles
    desk.votes(one, FT, bob="exclude X-POP")
    assert seen(desk, "ann", one.id) == [*titles, "bob note of the text"]


def test_a_full_text_vote_without_a_hand_out_closes_too(
    desk: Desk, make: Maker
) -> None:
    """Whoever judges a text that nobody was handed writes about the text."""
    one, session = make.record("one"), desk.session
    desk.votes(one, ann="include", bob="include")
    desk.votes(one, FT, bob="exclude X-POP")
    beside.note(session, one.id, "no items in it", by=desk.person("bob"))
    assert seen(desk, "ann", one.id) == []
    assert seen(desk, "bob", one.id) == ["bob note no items in it"]


def test_a_pilot_that_waits_keeps_it_closed(desk: Desk, make: Maker) -> None:
    """Nor does a complete pilot open what still has to be screened."""
    one, session = make.record("one"), desk.session
    lead = desk.person("lead")
    asked = calibration.Sample(TA, size=1, seed=1)
    calibration.draw(session, asked, by=lead)
    beside.note(session, one.id, "from the pilot", by=desk.person("bob"))
    desk.vote("bob", one, "include")
    assert seen(desk, "ann", one.id) == []
    desk.vote("ann", one, "include")
    assert seen(desk, "ann", one.id) == []
    desk.vote("bob", one, "include")
    desk.vote("ann", one, "include")
    assert seen(desk, "ann", one.id) == ["bob note from the pilot"]


@pytest.mark.parametrize("text", ["", "  ", "a, b", "a;b", "x" * 41, "12"])
def test_what_is_no_label_is_refused(desk: Desk, make: Maker, text: str) -> None:
    """Empty, parted by signs, too long, or a number, which would be one of a list."""
    one = make.record("one")
    with pytest.raises(LitreviewError):
        beside.label(desk.session, one.id, text, by=desk.person("ann"))
    assert seen(desk, "ann", one.id) == []


def test_who_may_write(desk: Desk, make: Maker) -> None:
    """Neither a reader nor whoever has left; a coder may."""
    one, session = make.record("one"), desk.session
    reader = make.person("rita", Role.READER)
    desk.leave("bob")
    for who in (reader, desk.person("bob")):
        for act in (beside.note, beside.label, beside.unlabel):
            with pytest.raises(NotAllowedError):
                act(session, one.id, "x", by=who)
    beside.note(session, one.id, "x", by=make.person("carl", Role.CODER))
    assert seen(desk, "carl", one.id) == ["carl note x"]


def test_a_note_is_stored_once(desk: Desk, make: Maker) -> None:
    """The same `uid` again returns the stored one; the same words are another."""
    one, ann = make.record("one"), desk.person("ann")
    first = beside.note(desk.session, one.id, "x", by=ann, uid="a")
    assert beside.note(desk.session, one.id, "x", by=ann, uid="a") is first
    beside.note(desk.session, one.id, "x", by=ann, uid="b")
    assert seen(desk, "ann", one.id) == ["ann note x"] * 2


def test_no_record_no_words(desk: Desk) -> None:
    """An id that nobody has is told."""
    ann = desk.session.scalars(select(Person).where(Person.handle == "ann")).one()
    for act in (beside.note, beside.label, beside.unlabel):
        with pytest.raises(NotFoundError, match="no record 99"):
            act(desk.session, 99, "x", by=ann)


def test_own_labels_come_with_the_most_used_first(desk: Desk, make: Maker) -> None:
    """Those of others are not offered."""
    records = [make.record(str(number)) for number in range(3)]
    ann, bob = desk.person("ann"), desk.person("bob")
    for number, record in enumerate(records):
        beside.label(desk.session, record.id, "often", by=ann)
        beside.label(desk.session, record.id, "bob's", by=bob)
        if number:
            beside.label(desk.session, record.id, "a rare one", by=ann)
    assert beside.own_labels(desk.session, by=ann) == ["often", "a rare one"]
    with pytest.raises(UsageError):
        beside.label(desk.session, records[0].id, "1", by=ann)
