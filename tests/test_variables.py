"""The codebook of a questionnaire takes each variable back to its evidence."""

from __future__ import annotations

import csv
import io

import pandas as pd
from asked import founding, item, passage
from making import Maker
from sqlalchemy.orm import Session

from litreview import fielding, rendering, variables
from litreview.fielding import Wanted
from litreview.models import Record
from litreview.synthesis import (
    CodeRetraction,
    Instrument,
    InstrumentVersion,
    ItemSource,
    ItemVersion,
)
from litreview.vocabulary import ItemOrigin, Permission


def codebook(session: Session, instrument: str = "") -> pd.DataFrame:
    """Return the codebook of an instrument."""
    asked = fielding.questionnaire(session, Wanted(instrument))
    return variables.table(session, asked)


def test_a_row_tells_all_of_a_variable(session: Session, make: Maker) -> None:
    """Construct, scale, direction, origin, passages, reports and studies."""
    ann, bob = make.review()
    book = make.codebook()
    first = make.record("On trust", doi="10.5555/1")
    second = make.record("No DOI")
    lost = make.record("Not included")
    make.include(first, ann, bob)
    make.include(second, ann, bob)

    def code(record: Record, locator: str) -> int:
        return passage(
            session,
            record,
            "people.distrust",
            locator=locator,
            codebook_id=book.id,
            person_id=ann.id,
        )

    codes = (code(first, "p. 2"), code(first, "p. 9"), code(second, "p. 1"))
    idle, gone = code(lost, "p. 3"), code(first, "p. 4")
    session.add(CodeRetraction(code_id=gone, why="wrong", person_id=ann.id))
    own = Instrument(name="Staff survey", note="", person_id=ann.id)
    known = Instrument(name="TALIS 2024", note="", person_id=ann.id)
    session.add_all([own, known])
    session.flush()
    item_id = item(
        session,
        own,
        "people.distrust",
        "We keep things back.",
        codes,
        codebook_id=book.id,
        reverse=True,
        level="team",
        referent="my team",
        period="in the last year",
        respondent="teachers",
    )
    wording = session.query(ItemVersion).one()
    session.add_all(
        [
            ItemSource(
                version_id=wording.id,
                origin=ItemOrigin.ADAPTED,
                instrument_id=known.id,
                number="Q12b",
                page="34",
                adaptation="team for school",
            ),
            InstrumentVersion(
                instrument_id=known.id,
                version=1,
                found=True,
                permission=Permission.ASKED,
                person_id=ann.id,
            ),
        ]
    )
    session.flush()
    [row] = codebook(session).to_dict("records")
    assert list(row) == list(variables.COLUMNS)
    assert {k: v for k, v in row.items() if k not in {"values", "records"}} == {
        "number": 1,
        "variable": f"people_distrust_{item_id}_r",
        "limesurvey_variable": f"peopledistrust{item_id}r",
        "item_id": item_id,
        "item_version": 1,
        "status": "draft",
        "wording": "We keep things back.",
        "block": "People",
        "construct": "people.distrust",
        "label": "Distrust",
        "facet_of": "",
        "group": "People",
        "cmo_role": "context",
        "level": "team",
        "pole_of": "trust",
        "referent": "my team",
        "period": "in the last year",
        "respondent": "teachers",
        "scale": "agree5",
        "scale_kind": "agreement",
        "reverse": True,
        "origin": "adapted",
        "source_instrument": "TALIS 2024",
        "source_number": "Q12b",
        "source_page": "34",
        "adaptation": "team for school",
        "evidence": codes,
        "studies": 2,
    }
    assert row["values"][::4] == ("1=Strongly disagree", "5=Strongly agree")
    assert row["records"] == (
        "On trust, doi:10.5555/1, p. 2",
        "On trust, doi:10.5555/1, p. 9",
        "No DOI, p. 1",
    )
    assert idle not in row["evidence"]


def test_a_facet_names_its_parent(session: Session, make: Maker) -> None:
    """A new item of a facet: its parent is told, its origin is new."""
    people = make.review()
    book = make.codebook()
    record = make.record()
    make.include(record, *people)
    made = {"codebook_id": book.id}
    code = passage(session, record, "fit.end", person_id=people[0].id, **made)
    own = Instrument(name="Staff survey", note="", person_id=people[0].id)
    session.add(own)
    session.flush()
    item(session, own, "fit.plan_early", "We plan early.", (code,), **made)
    [row] = codebook(session).to_dict("records")
    assert (row["facet_of"], row["origin"]) == ("fit.plan", "new")
    assert (row["reverse"], row["source_instrument"]) == (False, "")


def test_the_founding_codebook_reaches_every_page(
    session: Session, make: Maker
) -> None:
    """Each of its variables has passages, a report with a page, and a study."""
    founding(session, make)
    frame = codebook(session)
    rows = list(csv.DictReader(io.StringIO(rendering.to_csv(frame).decode())))
    assert len(rows) >= 20
    assert [row["number"] for row in rows] == [str(n + 1) for n in range(len(rows))]
    for row in rows:
        assert row["evidence"], row["variable"]
        assert "Founding document" in row["records"]
        assert int(row["studies"]) >= 1
        assert row["values"].startswith("1=Strongly disagree; 2=")
        assert row["label"]
        assert row["variable"].endswith("_r") is (row["reverse"] == "true")
