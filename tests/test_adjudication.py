"""Tests of litreview.adjudication."""

from __future__ import annotations

import pytest
from codings import Room, room
from making import Maker
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from litreview import adjudication, coding, doublecoding
from litreview.adjudication import Ruling
from litreview.errors import LitreviewError, NotAllowedError, NotFoundError
from litreview.synthesis import Adjudication


@pytest.fixture
def office(session: Session, make: Maker) -> Room:
    """Return a report on which ann and bob differ: only ann found the end state."""
    made = room(session, make)
    [report] = made.reports
    made.code("ann", report)
    made.code("ann", report, "people.trust")
    made.code("bob", report, "people.trust", quote="Other words.")
    made.finish(report, "ann", "bob")
    return made


def open_(office: Room, handle: str = "cleo") -> list[str]:
    """Return the constructs in conflict."""
    found = adjudication.conflicts(office.session, handle=handle)
    return [one.construct for one in found]


def settle(office: Room, by: str = "cleo", *names: str, **more: object) -> Adjudication:
    """Settle what they differ on."""
    ruling = Ruling(
        office.reports[0].id,
        str(more.get("construct", "fit.end")),
        bool(more.get("present", True)),
        str(more.get("why", "it is on page 7")),
        names,
        str(more.get("uid", f"u{by}{names}")),
    )
    return adjudication.settle(office.session, ruling, by=by)


def test_coders_who_differ_are_in_conflict(office: Room) -> None:
    """The report, the construct, who found it and who did not; no more than that."""
    [one] = adjudication.conflicts(office.session, handle="cleo")
    assert (one.record_id, one.construct, one.label) == (1, "fit.end", "End state")
    assert (one.present, one.absent, one.codes) == (("ann",), ("bob",), (1,))


def test_nothing_is_in_conflict_before_two_have_finished(office: Room) -> None:
    """A construct without a passage means absent only in a finished report."""
    doublecoding.reopen(office.session, 1, by="bob")
    assert open_(office) == []
    with pytest.raises(LitreviewError, match="nothing is in conflict"):
        settle(office)


def test_whoever_is_still_coding_does_not_see_the_conflict(office: Room) -> None:
    """A third coder would learn from it what the others found."""
    office.code("eve", office.reports[0], "people.need")
    assert open_(office, "eve") == []
    assert open_(office, "ann") == ["fit.end"]


def test_an_arbiter_settles_it(office: Room) -> None:
    """It leaves the list, and holds."""
    row = settle(office, present=False)
    assert (row.present, row.why) == (False, "it is on page 7")
    assert open_(office) == []
    [one] = adjudication.conflicts(office.session, handle="cleo", settled=True)
    assert one.settled == "absent"
    assert adjudication.settled(office.session) == {(1, "fit.end"): "absent"}


def test_the_newest_ruling_counts(office: Room) -> None:
    """A lead who did not code may say otherwise afterwards."""
    settle(office, present=False)
    settle(office, "lead", present=True)
    assert adjudication.settled(office.session) == {(1, "fit.end"): "present"}


def test_coders_settle_it_together_only(office: Room) -> None:
    """All of them named, recorded by one of them or a lead; never one alone."""
    with pytest.raises(NotAllowedError, match="may not decide this alone"):
        settle(office, "ann")
    with pytest.raises(NotAllowedError, match="names all who coded") as caught:
        settle(office, "ann", "ann")
    assert caught.value.fix == "--with ann --with bob"
    with pytest.raises(NotAllowedError, match="names all who coded"):
        settle(office, "ann", "ann", "bob", "eve")
    with pytest.raises(NotAllowedError, match="eve did not code"):
        settle(office, "eve", "ann", "bob")
    assert settle(office, "bob", "ann", "bob").person_id == office.bob.id
    assert open_(office) == []


def test_a_lead_who_coded_is_no_arbiter(session: Session, make: Maker) -> None:
    """They agree with the other coder, or somebody else decides."""
    office = room(session, make)
    office.code("lead", office.reports[0])
    office.finish(office.reports[0], "lead", "bob")
    with pytest.raises(NotAllowedError, match="lead may not decide this alone"):
        settle(office, "lead")
    assert settle(office, "lead", "lead", "bob").present


def test_a_screener_does_not_decide_for_others(office: Room) -> None:
    """It takes a lead or an arbiter."""
    with pytest.raises(NotAllowedError, match="a lead or an arbiter"):
        settle(office, "eve")


@pytest.mark.parametrize("what", ["a passage more", "a passage less", "taken up"])
def test_a_ruling_comes_undone_when_a_coder_changes_something(
    office: Room, what: str
) -> None:
    """Its basis is gone: the conflict is back, if there still is one."""
    settle(office)
    [report] = office.reports
    if what == "a passage more":
        office.code("ann", report, quote="More words.")
    elif what == "a passage less":
        office.code("ann", report, quote="More words.")
        settle(office, uid="another")
        coding.retract(office.session, by="ann", code_id=1, why="misread")
    else:
        doublecoding.reopen(office.session, report.id, by="bob")
        assert adjudication.settled(office.session) == {}
        office.finish(report, "bob")
    assert adjudication.settled(office.session) == {}
    assert open_(office) == ["fit.end"]


def test_another_construct_leaves_a_ruling_alone(office: Room) -> None:
    """The basis are the passages of this construct."""
    settle(office)
    office.code("ann", office.reports[0], "people.need")
    assert open_(office) == ["people.need"]


def test_a_ruling_is_stored_once(office: Room) -> None:
    """The same uid, as after a lost connection, is the same ruling."""
    assert settle(office, uid="u").id == settle(office, uid="u").id
    count = select(func.count()).select_from(Adjudication)
    assert office.session.scalar(count) == 1


def test_bad_rulings_are_told(office: Room) -> None:
    """No reason, what nobody differs on, nobody of this name, no such record."""
    with pytest.raises(LitreviewError, match="the reason is empty"):
        settle(office, why=" ")
    with pytest.raises(LitreviewError, match="nothing is in conflict on people"):
        settle(office, construct="people.trust")
    ruling = Ruling(99, "fit.end", present=True, why="w")
    with pytest.raises(NotFoundError, match="there is no record 99"):
        adjudication.settle(office.session, ruling, by="cleo")
    assert open_(office) == ["fit.end"]
