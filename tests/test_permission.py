"""Another's words go out only with a recorded permission."""

from __future__ import annotations

import pytest
from making import Maker
from sqlalchemy.orm import Session
from writing import PLACE, World, start

from litreview import bank, permission, tables
from litreview.errors import NotAllowedError
from litreview.phrasing import Question
from litreview.provenance import Source

THEIRS = "Training here fits our plan."


@pytest.fixture
def world(session: Session, make: Maker) -> World:
    """Return a bank of four: theirs, ours with their words, adapted, and new."""
    found = start(session, make)
    found.found(licence="unknown")
    found.published(THEIRS, "4")
    for question in (
        Question(THEIRS, source=Source("verbatim", "Fit scale", "4")),
        Question("It fits.", source=Source("adapted", "Fit scale", adaptation="short")),
        Question("Quite new."),
    ):
        found.add(question, PLACE)
    return found


def closed(world: World, *item_ids: int) -> list[int]:
    """Return the ids of the items that may not go out."""
    found = permission.unpermitted(world.session, item_ids or None)
    return [one.item_id for one in found]


def test_verbatim_items_are_withheld_until_it_is_permitted(world: World) -> None:
    """F43: unknown, asked and refused block; granted and not needed do not."""
    assert closed(world) == [1, 2]
    for word, held in (
        ("asked", [1, 2]),
        ("granted", []),
        ("refused", [1, 2]),
        ("not-needed", []),
    ):
        world.permit(word)
        assert closed(world) == held, word


def test_only_the_items_asked_for_are_told(world: World) -> None:
    """With the instrument and its permission."""
    assert closed(world, 2, 3, 4) == [2]
    assert closed(world, 3, 4) == []
    [one] = permission.unpermitted(world.session, [2])
    assert (one.text, one.instrument, one.permission) == (
        THEIRS,
        "Fit scale",
        "unknown",
    )
    assert permission.unpermitted(world.session, []) == []


def test_a_retired_item_holds_nothing_up(world: World) -> None:
    """Nor does one whose words were changed since."""
    bank.retire(world.session, by="ann", item_id=1, why="not ours to ask")
    assert closed(world) == [2]
    question = Question("Fits?", source=Source("adapted", adaptation="a question"))
    change = bank.Change(question, "pilot")
    bank.revise(world.session, by="ann", item_id=2, change=change)
    assert closed(world) == []


def test_a_survey_with_their_words_is_refused(world: World) -> None:
    """The refusal names items and instrument; exit status 4."""
    permission.require(world.session, [3, 4])
    with pytest.raises(NotAllowedError, match="no permission is recorded") as caught:
        permission.require(world.session, [1, 2, 3, 4])
    assert "item 1 (Fit scale: unknown), item 2" in caught.value.why
    world.permit()
    permission.require(world.session, [1, 2, 3, 4])


def test_the_exported_table_withholds_their_words(world: World) -> None:
    """The row stays, its text says why it is not there."""
    texts = list(tables.items(world.session)["text"])
    assert texts[:2] == ["(withheld: no permission recorded for 'Fit scale')"] * 2
    assert texts[2:] == ["It fits.", "Quite new."]
    world.permit()
    assert next(iter(tables.items(world.session)["text"])) == THEIRS
