"""Merged views as they are read from the tables."""

from __future__ import annotations

import pytest
from desk import Desk
from making import Maker
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from litreview import catalogue, cli, db, merged, records, works
from litreview.models import RecordAuthor


def test_a_report_tells_what_any_of_its_records_tells(
    session: Session, make: Maker
) -> None:
    """Each field names the record it is taken from; the records stay as they are."""
    make.team()
    one = make.record("TRUST IN SCHOOLS", year=2002, authors="Bryk, Anthony")
    two = make.record("Trust in schools", source="crossref", volume="4", pages="1-20")
    alone = make.record("Calendars")
    Desk(session).pair(one, two)
    choices = merged.view(session, two.id).choices
    whose = {name: choice.record_id for name, choice in choices.items()}
    assert whose == {
        "title": two.id,
        "authors": one.id,
        "year": one.id,
        "volume": two.id,
        "pages": two.id,
    }
    assert choices["authors"].text == "Bryk, Anthony"
    assert one.title == "TRUST IN SCHOOLS"
    assert set(merged.views(session, [one.id, alone.id])) == {one.id, alone.id}
    assert merged.view(session, alone.id).choices["title"].value == "Calendars"


def test_a_correction_is_known_as_one(session: Session, make: Maker) -> None:
    """What a person corrected in any record beats the better-placed payload."""
    make.review()
    one = make.record("Trust", source="crossref", year=2019, volume="4")
    two = make.record("Trust", year=2018)
    Desk(session).pair(one, two)
    assert merged.view(session, one.id).choices["year"].value == 2019
    made = {"year": "2020"}.items()
    for change in made:
        records.edit(session, two.id, change=change, why="the PDF says so", by="lead")
    choice = merged.view(session, one.id).choices["year"]
    assert (choice.value, choice.record_id) == (2020, two.id)


def test_a_shown_record_and_a_reference_list_use_the_view(
    session: Session, make: Maker
) -> None:
    """`record show` names each field's record; a list has the report's best values."""
    make.review()
    one = make.record("TRUST IN SCHOOLS", doi="10.5555/one")
    two = make.record("Trust in schools", source="crossref", abstract="It works.")
    session.add(
        RecordAuthor(record_id=two.id, position=1, family="Bryk", orcid="0000-1")
    )
    Desk(session).pair(one, two)
    shown = catalogue.shown(session, one.id)["merged"]
    assert shown["abstract"] == {  # type: ignore[index]
        "value": "It works.",
        "record_id": two.id,
        "why": ["the only record that tells it"],
    }
    (reference,) = works.references(session, "all")
    told = reference.citation
    assert (reference.record_id, told.source, told.source_id) == (
        *(one.id, "openalex"),
        one.source_id,
    )
    assert (told.title, told.doi) == ("Trust in schools", "10.5555/one")
    assert told.authors[0].orcid == "0000-1"


def test_record_show_prints_the_view_of_a_report(
    engine: Engine, database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each field stands with its value, its source's name for it, and why."""
    with db.transaction(engine) as session:
        make = Maker(session)
        make.team()
        one = make.record("TRUST IN SCHOOLS", source_id="W1")
        two = make.record("Trust in schools", source="crossref", source_id="10.5555/x")
        alone = make.record("Calendars")
        Desk(session).pair(one, two)
        ids = [str(record.id) for record in (one, two, alone)]
    shown = {}
    for number in ids:
        asked = ["--database", database_url, "--as", "ann", "record", "show", number]
        assert cli.run(asked) == 0
        shown[number] = capsys.readouterr().out
    line = (
        f"  title: Trust in schools [crossref 10.5555/x, record {ids[1]}: "
        "not all in capitals]"
    )
    assert line in shown[ids[0]].splitlines()
    assert line in shown[ids[1]].splitlines()
    assert "merged" not in shown[ids[2]]
