"""The item-writing sheet tells all there is, and its rows come back."""

from __future__ import annotations

import json
from typing import Any

import pytest
from making import BOOK, Maker
from sqlalchemy.orm import Session
from writing import PLACE, World, start

from litreview import coding, sheet, sheetpages
from litreview.errors import LitreviewError
from litreview.phrasing import Question


@pytest.fixture
def world(session: Session, make: Maker) -> World:
    """Return the small review."""
    return start(session, make)


def told(world: World, construct: str = "fit.end", **more: str) -> Any:
    """Return the sheet as JSON."""
    made = sheetpages.render(world.session, construct, ["json"], **more)
    return json.loads(made["json"])


def test_an_uncoded_construct_says_all_that_is_missing(world: World) -> None:
    """No passage, no item, no variable; a frame is still there."""
    found = told(world)
    assert found["missing"][0] == "no passage that counts is coded with it"
    assert len(found["missing"]) == 7
    assert (found["passages"], found["items"], found["studies"]) == ([], [], 0)
    [frame, *empty] = found["rows"]
    assert frame["candidate"] == "CANDIDATE: frame around the label"
    assert [row["text"] for row in empty] == [""] * sheet.OWN_ROWS


def test_passages_stand_ranked_with_their_locators(world: World) -> None:
    """Measures first; record, page and report with each; retracted ones not."""
    world.code(quote="It is so.")
    world.code(quote="We measure fit.", kind="measures")
    gone = world.code(quote="Misread.")
    coding.retract(world.session, by="ann", code_id=gone, why="misread")
    found = told(world)
    assert [one["code_id"] for one in found["passages"]] == [2, 1]
    first = found["passages"][0]
    assert (first["quote"], first["locator"]) == ("We measure fit.", "p. 2")
    assert (first["record_id"], first["year"]) == (1, 2021)
    assert first["cite"] == "Sims (2021)"
    assert found["studies"] == 1
    assert found["missing"] == [
        "fewer than 2 studies are behind it (1)",
        "no passage theorises it",
        "no passage tests it",
        "no item of a found instrument asks it",
        "no item of our own asks it",
        "no variable of secondary data stands for it",
    ]


def test_items_are_told_with_scale_and_permission(world: World) -> None:
    """A published item is a candidate, its closed permission is missing."""
    world.found()
    theirs = world.published("It fits together.", "4", page="p. 12")
    world.add(Question("Ours fits.", scale="agree5"), PLACE)
    found = told(world)
    assert [item["item_id"] for item in found["items"]] == [theirs, 2]
    assert found["items"][0]["permission"] == "unknown"
    assert found["items"][1]["scale"] == "agree5"
    assert "no permission is recorded for Fit scale" in found["missing"]
    row = found["rows"][0]
    assert (row["text"], row["origin"], row["source"], row["number"]) == (
        "It fits together.",
        "verbatim",
        "Fit scale",
        "4",
    )
    world.permit()
    assert not any("permission" in words for words in told(world)["missing"])


def test_candidates_carry_their_passage_and_the_lint(world: World) -> None:
    """The code is filled in as evidence, what is unusual stands beside it."""
    code = world.code(quote="Leaders never always explain why.")
    row = told(world, instrument="pilot")["rows"][0]
    assert row["candidate"] == "CANDIDATE: passage, referent changed"
    assert row["text"] == "Leaders in my school never always explain why."
    assert (row["evidence"], row["instrument"]) == (str(code), "pilot")
    assert row["basis"] == f"code {code}: Sims (2021), p. 2"
    assert any(note.startswith("absolute") for note in row["notes"])
    assert row["written_by"] == row["keep"] == ""


def test_a_contested_construct_shows_both_sides(session: Session, make: Maker) -> None:
    """Who claims it, who disputes it, facets, poles and notes for coders."""
    make.review()
    make.codebook(
        BOOK.replace(
            "definition: It fits., sources: []",
            "definition: It fits., include_when: Fit is said., sources: [a], "
            "contested_by: [b]",
        )
        + "references:\n  - {id: a, cite: Able 2001}\n  - {id: b, cite: Baker 2002}\n"
    )
    [text] = sheetpages.render(session, "fit.end", ["md"]).values()
    words = text.decode()
    assert "**Attention:** This construct is contested" in words
    assert "- Claimed by Able 2001 (a)" in words
    assert "- Disputed by Baker 2002 (b)" in words
    assert "- Code when: Fit is said." in words
    found = json.loads(sheetpages.render(session, "people.distrust", ["json"])["json"])
    assert "the other: Trust (people.trust)" in found["advice"][-1]
    assert found["rows"][0]["reverse"] == "yes"
    found = json.loads(sheetpages.render(session, "fit.plan_early", ["json"])["json"])
    assert found["construct"]["facet of"] == "Planning (fit.plan)"
    assert found["construct"]["facets beside it"].startswith("Planning together")


def test_a_construct_with_facets_has_no_sheet(world: World) -> None:
    """The refusal names the facets; an unknown one is refused too."""
    with pytest.raises(LitreviewError) as caught:
        told(world, "fit.plan")
    assert "fit.plan_early" in str(caught.value.fix)
    with pytest.raises(LitreviewError, match="no codebook has"):
        told(world, "fit.ends")
