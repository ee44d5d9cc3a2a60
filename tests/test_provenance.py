"""Words are new, adapted with a note, or another's exactly."""

from __future__ import annotations

import pytest
from making import Maker
from sqlalchemy.orm import Session
from writing import PLACE, World, start

from litreview import bank, inventory
from litreview.bank import Change, Place
from litreview.errors import LitreviewError
from litreview.phrasing import Question
from litreview.provenance import Source
from litreview.synthesis import SurveyItem

THEIRS = "Training here fits our plan."


@pytest.fixture
def world(session: Session, make: Maker) -> World:
    """Return a review with a found instrument whose item 4 is in the bank."""
    found = start(session, make)
    found.found()
    found.published(THEIRS, "4", page="p. 12")
    return found


def add(world: World, text: str, source: Source, quote: str = "They say so.") -> int:
    """Write an item of our own with a source; return its id."""
    code = world.code(quote=quote)
    return world.add(Question(text, source=source), PLACE, (code,)).item.id


def origin(world: World, item_id: int) -> tuple[object, ...]:
    """Return what is known of an item's source."""
    [row] = [row for row in inventory.items(world.session) if row["item_id"] == item_id]
    names = ("origin", "source_instrument", "source_number", "source_page")
    return tuple(row[name] for name in names)


def test_an_item_of_a_found_instrument_is_its_words(world: World) -> None:
    """Without a word about it, the origin is verbatim and the source itself."""
    assert origin(world, 1) == ("verbatim", "Fit scale", "4", "p. 12")


@pytest.mark.parametrize(
    "text", [THEIRS, "Training  here fits\nour plan.", "Training here fits our plan."]
)
def test_words_of_the_named_item_may_be_taken(world: World, text: str) -> None:
    """Blanks and line ends make no other words."""
    made = add(world, text, Source("verbatim", "Fit scale", "4"))
    assert origin(world, made)[:3] == ("verbatim", "Fit scale", "4")


def test_words_may_stand_in_a_passage_instead(world: World) -> None:
    """For an item that is not in the bank, a coded passage shows its words."""
    quote = "Its third item, \u2018We\u2019re all in it\u2019, was dropped."
    assert add(world, "We're all in it", Source("verbatim", "Fit scale", "3"), quote)


@pytest.mark.parametrize(
    ("text", "number", "quote", "told"),
    [
        ("Training here suits our plan.", "4", "-", "here [fits -> suits] our"),
        ("Training here fits our plan", "4", "-", "[plan. -> plan]"),
        ("We are all in it", "3", "We were all in it", "We [were -> are] all"),
        ("all in", "", "a small inn", "[nothing of it -> all in]"),
        # The named item is in the bank: a passage cannot stand in for it.
        ("We are in it", "4", "We are in it", "[nothing of it -> We are in it]"),
    ],
)
def test_other_words_are_refused_with_the_difference(
    world: World, text: str, number: str, quote: str, told: str
) -> None:
    """What stands there, what is written here; nothing is stored."""
    with pytest.raises(LitreviewError, match="these are not the words of") as caught:
        add(world, text, Source("verbatim", "Fit scale", number), quote)
    assert told in caught.value.why
    assert world.count(SurveyItem) == 1


@pytest.mark.parametrize(
    ("text", "source", "message"),
    [
        ("Mine.", Source("adapted", "Fit scale"), "the adaptation is empty"),
        ("Mine.", Source("adapted"), "from which instrument"),
        ("Mine.", Source("adapted", "Fitt scale"), "there is no instrument"),
        ("Mine.", Source(instrument="Fit scale"), "how the item uses its source"),
        ("Mine.", Source("new", page="p. 1"), "a new item has no source"),
        ("Mine.", Source("copied", "Fit scale"), "'copied' is no origin"),
        (THEIRS, Source("verbatim", "Fit scale", adaptation="x"), "no adaptation"),
        (THEIRS, Source("new"), "these are the words of item 1"),
        ("training here fits our plan", Source(), "these are the words of item 1"),
        (THEIRS, Source("adapted", "Fit scale", adaptation="x"), "words of item 1"),
    ],
)
def test_a_source_that_is_not_whole_is_refused(
    world: World, text: str, source: Source, message: str
) -> None:
    """Each refusal says what is missing; another's words cannot be called new."""
    with pytest.raises(LitreviewError, match=message):
        add(world, text, source)
    assert world.count(SurveyItem) == 1


def test_our_own_instrument_is_no_source(world: World) -> None:
    """Words are taken from what was found; what we wrote is ours."""
    world.add("One of ours.")
    with pytest.raises(LitreviewError, match="an instrument of our own"):
        add(world, "One of ours.", Source("verbatim", "staff survey"))


def test_a_found_instrument_holds_only_its_own_words(world: World) -> None:
    """No new or adapted item goes into it, and none from elsewhere."""
    world.found("Other scale")
    place, code = Place("Fit scale", "fit.end"), world.code(quote="Plain words.")
    for source in (Source("new"), Source("verbatim", "Other scale")):
        with pytest.raises(LitreviewError, match="holds its items as they are"):
            world.add(Question("Plain words.", source=source), place, (code,))
    with pytest.raises(LitreviewError, match="not the words of any passage"):
        world.add("Plainer words.", place, (code,))


def revise(world: World, item_id: int, text: str, source: Source | None = None) -> None:
    """Write other words."""
    change = Change(Question(text, source=source), "pilot")
    bank.revise(world.session, by="ann", item_id=item_id, change=change)


def test_changed_words_are_no_longer_verbatim(world: World) -> None:
    """They are refused until it is said what was adapted; then they are kept so."""
    made = add(world, THEIRS, Source("verbatim", "Fit scale", "4"))
    with pytest.raises(LitreviewError, match="taken as they are") as caught:
        revise(world, made, "Training fits our plan.")
    assert "Training [here ->] fits" in caught.value.why
    adapted = Source("adapted", adaptation="without the place")
    revise(world, made, "Training fits our plan.", adapted)
    assert origin(world, made) == ("adapted", "Fit scale", "4", "")
    revise(world, made, "Training fits the plan.")
    assert origin(world, made)[0] == "adapted"
    revise(world, made, "All is well.", Source("new"))
    assert origin(world, made) == ("new", "", "", "")


def test_a_found_item_is_corrected_against_its_passage(world: World) -> None:
    """A slip in copying can be mended, and only to what stands there."""
    code = world.code(quote="9. It  fit\u2019s well")
    place = Place("Fit scale", "fit.end")
    question = Question("fit's well", source=Source(number="9"))
    made = world.add(question, place, (code,)).item.id
    revise(world, made, "It fit's well")
    assert origin(world, made)[:3] == ("verbatim", "Fit scale", "9")
    with pytest.raises(LitreviewError, match="not the words of any passage"):
        revise(world, made, "It fits well")
