"""Which later notices a review has to look at."""

from __future__ import annotations

import pytest
from desk import Desk
from making import Maker
from sqlalchemy.orm import Session

from litreview import notices, review
from litreview.models import Record
from litreview.vocabulary import PairVerdict, Retrieval


def notice(kind: str, doi: str = "", source: str = "publisher") -> dict[str, str]:
    """Return a notice as a record keeps it."""
    return {"kind": kind, "doi": doi, "published": "2026-01-05", "source": source}


@pytest.fixture
def desk(session: Session, make: Maker) -> Desk:
    """Return a team of two who screen, and their lead."""
    make.review("ann", "bob")
    return Desk(session)


def include(desk: Desk, make: Maker, record: Record) -> None:
    """Bring a record into the review."""
    desk.text(record, Retrieval.RETRIEVED)
    make.include(record, desk.person("ann"), desk.person("bob"))


def told(session: Session) -> list[tuple[int, str, str, str]]:
    """Return what is listed, in a few words."""
    return [
        (each.record_id, each.standing, each.kind, each.doi)
        for each in notices.listed(session)
    ]


def test_included_reports_come_first_and_the_gravest_first(
    session: Session, make: Maker, desk: Desk
) -> None:
    """A correction of an included report stands before a retraction in play."""
    waiting = make.record(notices=[notice("retraction", "10.1/r")], retracted=True)
    corrected = make.record(notices=[notice("erratum", "10.1/e")])
    doubted = make.record(notices=[notice("expression_of_concern", "10.1/d")])
    for record in (corrected, doubted):
        include(desk, make, record)
    make.record()
    assert told(session) == [
        (doubted.id, "included", "expression_of_concern", "10.1/d"),
        (corrected.id, "included", "erratum", "10.1/e"),
        (waiting.id, "in_play", "retraction", "10.1/r"),
    ]


def test_what_is_out_needs_no_second_look(
    session: Session, make: Maker, desk: Desk
) -> None:
    """Excluded at either stage, or removed: none is told; an open vote is in play."""
    records = [make.record(retracted=True) for _ in range(4)]
    early, late, removed, half = records
    desk.votes(early, ann="exclude", bob="exclude")
    make.include(late, desk.person("ann"), desk.person("bob"), verdict="exclude")
    desk.remove(removed)
    desk.vote("ann", half, "exclude")
    assert told(session) == [(half.id, "in_play", "retraction", "")]


@pytest.mark.usefixtures("desk")
def test_a_retraction_without_a_notice_is_told(session: Session, make: Maker) -> None:
    """OpenAlex only says that it is so: the record's source stands for who told."""
    record = make.record(retracted=True)
    (found,) = notices.listed(session)
    assert (found.record_id, found.kind, found.source) == (
        record.id,
        "retraction",
        "openalex",
    )


def test_two_records_of_a_report_tell_a_notice_once(
    session: Session, make: Maker, desk: Desk
) -> None:
    """The one that names the notice is kept, whichever record tells it."""
    bare = make.record(retracted=True)
    rich = make.record(
        source="crossref",
        retracted=True,
        notices=[notice("retraction", "10.1/r"), notice("correction", "10.1/c")],
    )
    desk.pair(bare, rich, PairVerdict.DUPLICATE)
    assert told(session) == [
        (rich.id, "in_play", "retraction", "10.1/r"),
        (rich.id, "in_play", "correction", "10.1/c"),
    ]


@pytest.mark.usefixtures("desk")
def test_news_of_no_consequence_is_left_out(session: Session, make: Maker) -> None:
    """A new version takes nothing back."""
    make.record(notices=[notice("new_version", "10.1/v")])
    assert told(session) == []


@pytest.mark.usefixtures("desk")
def test_status_holds_the_notices(session: Session, make: Maker) -> None:
    """They come with the status of the review."""
    record = make.record(notices=[notice("erratum", "10.1/e")])
    assert [each.record_id for each in review.status(session).notices] == [record.id]
