"""The blueprint: items and proxies in each cell, and gaps both ways."""

from __future__ import annotations

import json

import pytest
from coded import Coded, begin
from making import BOOK, Maker
from rated import item, retire
from sqlalchemy import select
from sqlalchemy.orm import Session

from litreview import blueprint as service
from litreview import blueprintfile
from litreview.blueprint import Blueprint, Cell, blueprint, minutes
from litreview.errors import NotFoundError
from litreview.scales import Scale, ScaleKind
from litreview.synthesis import (
    CmoConfiguration,
    CmoPart,
    CodeApplication,
    Indicator,
    Instrument,
    InstrumentVersion,
    ItemEvidence,
)

AGREE = Scale("agree5", ScaleKind.AGREEMENT, ("No", "Yes"))


@pytest.fixture
def review(session: Session, make: Maker) -> Coded:
    """Return a coded review without items."""
    return begin(session, make)


def by_place(found: Blueprint) -> dict[tuple[str, str], Cell]:
    """Return (construct or facet, slot) -> its cell."""
    return {(one.facet or one.construct, one.slot): one for one in found.cells}


def configuration(review: Coded, *parts: tuple[str, str], **more: object) -> None:
    """Store a configuration of these (role, construct)."""
    row = CmoConfiguration(
        **{
            "number": 1,
            "version": 1,
            "codebook_id": 1,
            "person_id": review.lead.id,
            **more,
        }
    )
    review.session.add(row)
    review.session.flush()
    for place, (role, name) in enumerate(parts):
        part = CmoPart(cmo_id=row.id, role=role, construct=name, position=place)
        review.session.add(part)
    review.session.flush()


def indicator(review: Coded, construct: str, role: str, **more: object) -> None:
    """Store an indicator."""
    review.session.add(
        Indicator(
            **{
                "number": 1,
                "version": 1,
                "construct": construct,
                "codebook_id": 1,
                "role": role,
                "dataset": "SWC",
                "variable": "turnover",
                "quality": "partial",
                "person_id": review.lead.id,
                **more,
            }
        )
    )
    review.session.flush()


def test_every_construct_has_a_cell_in_its_place(review: Coded) -> None:
    """Facets stand below their construct, parents have none of their own."""
    found = by_place(blueprint(review.session))
    assert set(found) == {
        ("fit.plan_early", "mechanism"),
        ("fit.plan_shared", "mechanism"),
        ("fit.end", "outcome"),
        ("people.trust", "mechanism"),
        ("people.distrust", "context"),
        ("people.need", "context"),
    }
    early = found["fit.plan_early", "mechanism"]
    assert (early.construct, early.facet, early.group) == (
        "fit.plan",
        "fit.plan_early",
        "Fit",
    )
    assert {cell.gap for cell in found.values()} == {"nothing yet"}


def test_gaps_are_told_both_ways(review: Coded) -> None:
    """Studies without an item, an item without a passage that counts."""
    review.code(review.reports[0], "people.trust")
    kept = item(review, "It fits.")
    idle = item(review, "We plan.", "fit.plan_early")
    review.retract(_passage_of(review, idle.id))
    retire(review, item(review, "Gone.", "people.need"))
    found = blueprint(review.session)
    cells = by_place(found)
    assert cells["people.trust", "mechanism"].gap == "no item, no proxy"
    assert cells["fit.end", "outcome"].gap == ""
    assert cells["fit.end", "outcome"].items == (kept.id,)
    planned = cells["fit.plan_early", "mechanism"]
    assert (planned.items, planned.studies) == ((idle.id,), 0)
    assert planned.gap == f"item {idle.id} rests on no passage that counts"
    assert found.idle == (idle.id,)
    assert found.unasked == ("people.trust", "people.need")
    assert found.items == 2


def _passage_of(review: Coded, item_id: int) -> CodeApplication:
    query = (
        select(CodeApplication)
        .join(ItemEvidence, ItemEvidence.code_id == CodeApplication.id)
        .where(ItemEvidence.item_id == item_id)
    )
    return review.session.scalars(query).one()


def test_configurations_and_indicators_make_places(review: Coded) -> None:
    """A place without item or proxy is named; a proxy fills the place it is for."""
    configuration(review, ("context", "people.trust"), ("outcome", "fit.end"))
    configuration(review, ("mechanism", "fit.end"), number=2, status="rejected")
    indicator(review, "fit.end", "outcome")
    indicator(review, "people.need", "mechanism", number=2, status="rejected")
    found = blueprint(review.session)
    cells = by_place(found)
    assert cells["people.trust", "context"].configurations == (1,)
    assert ("fit.end", "mechanism") not in cells
    assert ("people.need", "mechanism") not in cells
    end = cells["fit.end", "outcome"]
    assert end.proxies == ("1 SWC: turnover (partial, candidate)",)
    assert end.gap == "no item; no study"
    assert found.empty == ((1, "context", "people.trust"),)


def test_the_codebooks_proxy_counts_once(review: Coded) -> None:
    """It stands in the construct's own place until it is registered."""
    text = BOOK.replace(
        "definition: Many are poor., sources: []}",
        "definition: Many are poor., sources: [],\n"
        "     proxy: {dataset: NPD, variable: FSM, quality: direct}}",
    ).replace('version: "1"', 'version: "2"')
    text += "datasets:\n  - {id: NPD, name: N, unit: pupil, key: urn, access: open,\n"
    text += "     cadence: yearly, holds: FSM, linkable: true, checked: memory}\n"
    review.make.codebook(text)
    key = ("people.need", "context")
    assert by_place(blueprint(review.session))[key].proxies == (
        "NPD: FSM (direct, codebook)",
    )
    named = {"dataset": "NPD", "variable": "FSM", "status": "usable"}
    indicator(review, "people.need", "context", **named)
    assert by_place(blueprint(review.session))[key].proxies == (
        "1 NPD: FSM (partial, usable)",
    )


def test_research_questions_part_the_cells(review: Coded) -> None:
    """By construct, parent, group or place; an unserved question is named."""
    item(review, "It fits.")
    asked = {
        "RQ1": ["fit"],
        "RQ2": ["fit.plan", "outcome"],
        "RQ3": ["people.need"],
    }
    found = blueprint(review.session, questions=asked)
    served = {
        name: [
            one.question for one in found.cells if name in (one.facet, one.construct)
        ]
        for name in ("fit.plan_early", "fit.end", "people.need", "people.trust")
    }
    assert served == {
        "fit.plan_early": ["RQ1", "RQ2"],
        "fit.end": ["RQ1", "RQ2"],
        "people.need": ["RQ3"],
        "people.trust": [""],
    }
    assert found.open_questions == ("RQ3",)
    assert found.items == 1


def test_questions_come_from_the_plan(review: Coded) -> None:
    """Constructs and roles serve; none without a plan."""
    assert service.planned_questions(review.session) == {}
    plan = "questions:\n  - {id: RQ1, text: T, constructs: [fit], roles: [context]}\n"
    review.write("plan.yaml", plan)
    assert service.planned_questions(review.session) == {"RQ1": {"fit", "context"}}


def test_found_instruments_are_asked_for_by_name(review: Coded) -> None:
    """Only what is our own will be fielded."""
    item(review, "It fits.")
    found = Instrument(name="theirs", person_id=review.lead.id)
    review.session.add(found)
    review.session.flush()
    review.session.add(
        InstrumentVersion(
            instrument_id=found.id, version=1, found=True, person_id=review.lead.id
        )
    )
    review.session.flush()
    assert blueprint(review.session).items == 1
    assert blueprint(review.session, instrument="theirs").items == 0
    with pytest.raises(NotFoundError, match="there is no instrument"):
        blueprint(review.session, instrument="nobody's")


def test_minutes_by_hand() -> None:
    """Reading at 238 words a minute and some seconds for each kind of answer."""
    assert minutes([]) == 0
    assert minutes([("word " * 238, AGREE)]) == pytest.approx(1 + 4 / 60)
    text = Scale("text", ScaleKind.TEXT)
    assert minutes([("", text), ("", None)]) == pytest.approx((45 + 5) / 60)
    every = {kind: minutes([("", Scale("x", kind))]) for kind in ScaleKind}
    assert min(every.values()) > 0


def test_an_item_of_a_construct_that_is_gone_is_kept(review: Coded) -> None:
    """It stands below the others and says so."""
    row = item(review, "We trust.", "people.trust")
    text = BOOK.replace("people.trust", "people.faith").replace('"1"', '"2"')
    review.make.codebook(text)
    last = blueprint(review.session).cells[-1]
    assert (last.construct, last.items) == ("people.trust", (row.id,))
    assert "no codebook in force has it" in last.gap


def test_all_formats_hold_the_same(review: Coded) -> None:
    """F08: items and proxies in each place, the number of items and the minutes."""
    item(review, "It fits | now.")
    found = blueprint(review.session, questions={"RQ1": ["fit"]})
    made = blueprintfile.render(found, ["csv", "md", "json", "docx", "xlsx"])
    told = json.loads(made["json"])
    assert told["summary"]["items"] == 1
    assert told["summary"]["minutes"] == 0.1
    assert len(told["cells"]) == len(found.cells)
    lines = made["csv"].decode().splitlines()
    assert lines[0] == ",".join(blueprintfile.COLUMNS)
    assert len(lines) == len(found.cells) + 1
    text = made["md"].decode()
    assert "1 item, under a minute" in text
    assert "Research questions without an item: none" in text
    assert "| question | label | slot |" in text
    assert made["docx"][:2] == made["xlsx"][:2] == b"PK"
    assert blueprintfile.render(found, ["docx"])["docx"] == made["docx"]


def test_an_empty_review_has_a_blueprint(session: Session, make: Maker) -> None:
    """No codebook, no cells, and nothing fails."""
    make.review()
    found = blueprint(session)
    assert (found.cells, found.items, found.minutes) == ((), 0, 0)
    assert b"0 items" in blueprintfile.render(found, ["md"])["md"]
