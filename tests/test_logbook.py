"""What a record's log promises."""

from __future__ import annotations

import uuid

import pytest
from making import Maker
from sqlalchemy.orm import Session

from litreview import records, removal
from litreview.declarative import now
from litreview.errors import NotFoundError
from litreview.logbook import ORDER, Log, log
from litreview.models import Assignment, FulltextEvent, Person, Record
from litreview.screening import Ballot, decide, withdraw
from litreview.settling import Ruling, resolve
from litreview.synthesis import CodeApplication, CodeRetraction
from litreview.vocabulary import PairVerdict, RemovalBasis, Stage

TA = Stage.TITLE_ABSTRACT


@pytest.fixture
def pair(make: Maker) -> tuple[Person, Person]:
    """Return two screeners of a review with two rounds."""
    ann, bob = make.review("ann", "bob")
    return ann, bob


def vote(session: Session, record: Record, person: Person, verdict: str) -> None:
    """Cast a vote with a note on a title."""
    ballot = Ballot(record.id, TA, verdict, note=f"a {verdict} of {person.handle}")
    decide(session, ballot, screener=person)


def told(found: Log, kind: str) -> list[dict[str, object]]:
    """Return the events of a kind."""
    return [event for event in found.events if event["kind"] == kind]


def test_everything_that_happened_is_told(
    session: Session, make: Maker, pair: tuple[Person, Person]
) -> None:
    """Each kind of event is there, in the order of time, with its person."""
    ann, bob = pair
    record, other = make.records(2)
    records.edit(session, record.id, change=("year", "2001"), why="print", by="ann")
    rule = RemovalBasis.RULE
    removal.remove(session, [record.id], basis=rule, text="old", by="lead")
    removal.restore(session, record.id, by="lead")
    make.pair(record, other, PairVerdict.DIFFERENT, by=bob)
    part = make.session.get_one(Record, record.id)
    handed = Assignment(round_id=1, record_id=part.id, person_id=ann.id)
    handed.released_at = now()
    session.add(handed)
    vote(session, record, ann, "include")
    withdraw(session, record.id, stage=TA, screener=ann)
    vote(session, record, ann, "include")
    vote(session, record, bob, "exclude")
    ruling = Ruling(record.id, TA, "include", note="agreed")
    resolve(session, ruling, by=make.person("cleo"))
    session.add(FulltextEvent(record_id=record.id, status="sought", person_id=ann.id))
    book = make.codebook("x")
    code = CodeApplication(
        uid=uuid.uuid4().hex,
        record_id=record.id,
        construct="trust",
        codebook_id=book.id,
        quote="Q",
        locator="p. 1",
        role="context",
        polarity="present",
        evidence_type="tests",
        person_id=ann.id,
    )
    session.add(code)
    session.flush()
    session.add(CodeRetraction(code_id=code.id, why="wrong", person_id=ann.id))
    session.flush()
    found = log(session, record.id, handle="lead")
    kinds = {event["kind"] for event in found.events}
    assert kinds == set(ORDER) - {"set aside", "reopening"}
    moments = [str(event["at"]) for event in found.events]
    assert moments == sorted(moments)
    assert [e["person"] for e in told(found, "vote")] == ["ann", "ann", "bob"]
    assert told(found, "edit")[0]["value"] == "2001"
    assert told(found, "pair")[0]["other_id"] == other.id
    assert told(found, "resolution")[0]["note"] == "agreed"


def test_others_votes_are_told_once_the_record_has_its_votes(
    session: Session, make: Maker, pair: tuple[Person, Person]
) -> None:
    """Until then everybody, the lead too, sees their own only, not even a number."""
    ann, bob = pair
    record = make.record()
    vote(session, record, ann, "exclude")
    for handle, number in (("ann", 1), ("bob", 0), ("lead", 0), ("cleo", 0)):
        found = log(session, record.id, handle=handle)
        assert len(told(found, "vote")) == number
        assert found.blind == ["title_abstract", "full_text"]
    assert "exclude" not in str(log(session, record.id, handle="bob"))
    vote(session, record, bob, "include")
    found = log(session, record.id, handle="cleo")
    assert [e["verdict"] for e in told(found, "vote")] == ["exclude", "include"]
    assert found.blind == ["full_text"]


def test_a_withdrawal_closes_the_votes_again(
    session: Session, make: Maker, pair: tuple[Person, Person]
) -> None:
    """Votes, and what settled them, are hidden while the report waits for a vote."""
    ann, bob = pair
    record = make.record()
    vote(session, record, ann, "exclude")
    vote(session, record, bob, "include")
    resolve(session, Ruling(record.id, TA, "include"), by=make.person("cleo"))
    withdraw(session, record.id, stage=TA, screener=bob)
    found = log(session, record.id, handle="lead")
    assert not told(found, "vote")
    assert not told(found, "resolution")
    own = log(session, record.id, handle="bob")
    assert [event["verdict"] for event in told(own, "vote")] == ["include"]


@pytest.mark.broken_on_purpose
def test_the_records_of_a_report_share_their_log(
    session: Session, make: Maker, pair: tuple[Person, Person]
) -> None:
    """An event of another record of the report names that record."""
    ann, bob = pair
    one, two = make.record(), make.record(source="crossref")
    vote(session, one, ann, "include")
    vote(session, one, bob, "include")
    session.get_one(Record, two.id).cluster_id = one.id
    session.flush()
    found = log(session, two.id, handle="lead")
    assert [event["record_id"] for event in told(found, "vote")] == [one.id, one.id]
    assert {event["record_id"] for event in told(found, "hit")} == {one.id, two.id}


def test_an_unknown_record_or_person_is_told(
    session: Session, make: Maker, pair: tuple[Person, Person]
) -> None:
    """Nothing is shown for them."""
    record = make.record()
    with pytest.raises(NotFoundError):
        log(session, record.id + 1, handle=pair[0].handle)
    with pytest.raises(NotFoundError, match="'anna'"):
        log(session, record.id, handle="anna")
