"""Items rest on passages that stand, and keep every wording."""

from __future__ import annotations

import pytest
from making import Maker
from sqlalchemy import select
from sqlalchemy.orm import Session
from writing import PLACE, TEXT, World, start

from litreview import bank, coding, inventory
from litreview.bank import Change, Place
from litreview.errors import LitreviewError, NotAllowedError, NotFoundError
from litreview.phrasing import Question
from litreview.provenance import Source
from litreview.synthesis import Instrument, ItemVersion, SurveyItem
from litreview.vocabulary import Role


@pytest.fixture
def world(session: Session, make: Maker) -> World:
    """Return the small review."""
    return start(session, make)


def test_the_first_item_makes_its_instrument(world: World) -> None:
    """The second joins it; names are compared without stray blanks."""
    first = world.add()
    second = world.add("Another question.", Place(" staff  survey", "fit.end"))
    assert (first.new_instrument, second.new_instrument) == (True, False)
    assert world.count(Instrument) == 1
    assert [row["item_id"] for row in inventory.items(world.session)] == [1, 2]


def test_an_item_takes_level_and_scoring_from_its_construct(world: World) -> None:
    """What is not given comes from the codebook; what is given is kept."""
    code = world.code("people.distrust")
    place = Place("s", "people.distrust")
    made = world.add("They hide.", place, (code,)).version
    assert (made.level, made.reverse, made.status) == ("team", True, "draft")
    given = Question("They hide it.", "my team", "teacher", "agree5", reverse=False)
    made = world.add(given, place, (code,)).version
    assert (made.level, made.reverse, made.scale) == ("teacher", False, "agree5")


@pytest.mark.parametrize(
    ("question", "place", "message"),
    [
        (Question(" "), PLACE, "the item's text is empty"),
        (Question(TEXT), Place(" ", "fit.end"), "instrument's name is empty"),
        (Question(TEXT), Place("s", "fit.plan"), "cannot be applied"),
        (Question(TEXT), Place("s", "fit"), "cannot be applied"),
        (Question(TEXT), Place("s", "fit.endx"), "no codebook has"),
        (Question(TEXT, level="planet"), PLACE, "'planet' is no level"),
        (Question(TEXT, status="retired"), PLACE, "not retired by its wording"),
        (Question(TEXT, status="fine"), PLACE, "'fine' is no status"),
    ],
)
def test_a_bad_item_is_refused(
    world: World, question: Question, place: Place, message: str
) -> None:
    """Nothing is stored, no instrument either."""
    with pytest.raises(LitreviewError, match=message):
        world.add(question, place)
    assert world.count(SurveyItem) == 0


def test_an_item_needs_a_passage_that_stands(world: World) -> None:
    """No passage, an unknown one, a retracted one: refused."""
    code = world.code()
    with pytest.raises(LitreviewError, match="rests on no passage"):
        world.add(evidence=())
    with pytest.raises(NotFoundError, match="there is no code 42"):
        world.add(evidence=(code, 42))
    coding.retract(world.session, by="ann", code_id=code, why="misread")
    with pytest.raises(LitreviewError, match="was retracted"):
        world.add(evidence=(code,))
    assert world.count(SurveyItem) == 0
    assert world.count(Instrument) == 0


def test_a_passage_about_another_construct_is_noted(world: World) -> None:
    """It is stored all the same; the note says how the two are akin."""
    same, akin, other = (
        world.code(),
        world.code("people.trust"),
        world.code("people.need"),
    )
    notes = world.add(evidence=(same, akin, other)).notes
    assert notes == (
        f"code {akin} is about people.trust, related to it",
        f"code {other} is about people.need, another idea",
    )
    assert world.row()["evidence"] == [same, akin, other]


def test_a_referent_of_another_level_is_noted(world: World) -> None:
    """An item about the school that says "I" gets a note, one with "my school" none."""
    assert world.add(Question("Q1", "my school")).notes == ()
    note, *_more = world.add(Question("Q2", "I")).notes
    assert "speaks of the level teacher" in note
    note, *_more = world.add(Question("Q3", "I", level="teacher")).notes
    assert "its level is teacher, that of fit.end school" in note


def test_the_very_same_item_is_stored_once(world: World) -> None:
    """A repeated call adds nothing; other words or passages make another item."""
    code = world.code()
    first = world.add(evidence=(code,))
    again = world.add(evidence=(code,))
    assert (again.new, again.item.id) == (False, first.item.id)
    assert world.add(Question(TEXT, scale="agree5"), evidence=(code,)).new
    assert world.add(evidence=(code, world.code(quote="More."))).new
    assert world.count(SurveyItem) == 3


def test_a_reader_writes_no_items(world: World) -> None:
    """Readers and arbiters are refused, coders are not."""
    for handle, role in (("rea", Role.READER), ("cleo", Role.ARBITER)):
        world.make.person(handle, role)
        with pytest.raises(NotAllowedError):
            world.add(by=handle)
    world.make.person("cod", Role.CODER)
    assert world.add(by="cod").new


def test_a_revision_keeps_the_wording_before(world: World) -> None:
    """What is not given stays; passages are added; both versions are there."""
    made = world.add(Question(TEXT, "my school", scale="agree5"))
    more = world.code("people.trust")
    change = Change(Question("Better words.", status="reviewed"), "pilot", (more,))
    done = bank.revise(world.session, by="bob", item_id=made.item.id, change=change)
    row = world.row()
    assert (row["text"], row["version"], row["status"]) == (
        "Better words.",
        2,
        "reviewed",
    )
    assert (row["scale"], row["referent"], row["by"]) == ("agree5", "my school", "bob")
    assert row["evidence"] == [1, more]
    assert len(done.notes) == 1
    texts = world.session.scalars(
        select(ItemVersion.text).order_by(ItemVersion.version)
    )
    assert texts.all() == [TEXT, "Better words."]


def test_a_revision_must_change_something_and_say_why(world: World) -> None:
    """The same words, no reason, an unknown item: refused, and nothing is stored."""
    made = world.add()

    def revise(text: str, why: str = "pilot", item_id: int = made.item.id) -> None:
        change = Change(Question(text), why)
        bank.revise(world.session, by="ann", item_id=item_id, change=change)

    with pytest.raises(LitreviewError, match="would not change"):
        revise(TEXT)
    with pytest.raises(LitreviewError, match="the reason is empty"):
        revise("Better.", "")
    with pytest.raises(NotFoundError, match="there is no item 9"):
        revise("Better.", item_id=9)
    assert world.count(ItemVersion) == 1


def test_a_retired_item_stays_and_is_left_alone(world: World) -> None:
    """It is listed as retired with the reason; no more versions come."""
    made = world.add()
    bank.retire(world.session, by="ann", item_id=made.item.id, why="twice")
    assert (world.row()["status"], world.row()["why"]) == ("retired", "twice")
    with pytest.raises(NotAllowedError, match="is retired"):
        bank.retire(world.session, by="ann", item_id=made.item.id, why="again")
    change = Change(Question("New."), "why not")
    with pytest.raises(NotAllowedError, match="is retired"):
        bank.revise(world.session, by="ann", item_id=made.item.id, change=change)
    assert world.add(evidence=(1,)).new  # the same words may be asked again


def test_the_list_narrows_to_an_instrument(world: World) -> None:
    """An unknown instrument is refused with those there are."""
    world.add()
    world.add("Another.", Place("pupil survey", "fit.end"))
    rows = inventory.items(world.session, instrument="pupil survey")
    assert [row["text"] for row in rows] == ["Another."]
    with pytest.raises(NotFoundError) as caught:
        inventory.items(world.session, instrument="pupils survey")
    assert "pupil survey" in str(caught.value)


def test_a_retracted_passage_is_idle(world: World) -> None:
    """The item keeps it among its evidence and says that it no longer counts."""
    made = world.add()
    assert (world.row()["idle"], world.row()["studies"]) == ([], 1)
    code = 1
    done = coding.retract(world.session, by="ann", code_id=code, why="misread")
    assert done.resting.items == (made.item.id,)
    assert (world.row()["idle"], world.row()["studies"]) == ([code], 0)


def test_period_respondent_and_scale_are_kept(world: World) -> None:
    """They come with the item, stay when it is revised, and can be emptied."""
    question = Question(
        TEXT, scale="often5", period="in the last  year", respondent="teacher"
    )
    made = world.add(question)
    row = world.row()
    assert (row["period"], row["respondent"]) == ("in the last year", "teacher")
    change = Change(Question("Other words.", respondent=""), "pilot")
    bank.revise(world.session, by="ann", item_id=made.item.id, change=change)
    row = world.row()
    assert (row["scale"], row["period"], row["respondent"]) == (
        "often5",
        "in the last year",
        "",
    )


def test_a_scale_that_is_in_no_list_is_refused(world: World) -> None:
    """The nearest is named; nothing is stored."""
    with pytest.raises(NotFoundError) as caught:
        world.add(Question(TEXT, scale="agre5"))
    assert "agree5" in caught.value.why
    assert world.count(SurveyItem) == 0
    made = world.add()
    change = Change(Question(TEXT, scale="agre5"), "w")
    with pytest.raises(NotFoundError, match="no response scale"):
        bank.revise(world.session, by="ann", item_id=made.item.id, change=change)


def test_a_scale_from_before_the_list_stays(world: World) -> None:
    """Data that were stored with another scale go on working."""
    made = world.add()
    world.session.add(
        ItemVersion(
            item_id=made.item.id, version=2, text=TEXT, scale="old", level="school",
            person_id=made.item.person_id,
        )
    )  # fmt: skip
    world.session.flush()
    change = Change(Question("Other words."), "pilot")
    done = bank.revise(world.session, by="ann", item_id=made.item.id, change=change)
    assert done.version.scale == "old"


def test_i_on_a_school_level_construct_warns(world: World) -> None:
    """F07: the referent should be of the construct's level."""
    note, *_more = world.add(Question("I see that it fits.", "I")).notes
    assert note.startswith("the referent 'I' speaks of the level teacher")


def test_an_item_that_was_changed_since_is_known_again(world: World) -> None:
    """`repeated` finds what `add` once stored, revised or retired or not."""
    code = world.code()
    made = world.add(evidence=(code,))
    change = Change(Question("Better."), "pilot", (world.code(quote="More."),))
    bank.revise(world.session, by="ann", item_id=made.item.id, change=change)

    def again(text: str = TEXT, by: str = "ann") -> SurveyItem | None:
        return bank.repeated(
            world.session, by=by, place=PLACE, question=Question(text), evidence=[code]
        )

    assert again() == made.item
    bank.retire(world.session, by="ann", item_id=made.item.id, why="twice")
    assert again() == made.item
    assert again("Better.") is None
    assert again(by="bob") is None


def test_a_source_is_kept_through_revisions(world: World) -> None:
    """Other properties leave it; a retired item still tells of it."""
    world.found()
    world.published("It fits well here.", "4")
    place = Place("staff survey", "fit.end")
    question = Question(
        "It fits well in my school.",
        source=Source("adapted", "Fit scale", "4", adaptation="names the school"),
    )
    made = world.add(question, place)
    change = Change(Question("It fits well in my school.", scale="agree5"), "w")
    bank.revise(world.session, by="ann", item_id=made.item.id, change=change)
    bank.retire(world.session, by="ann", item_id=made.item.id, why="twice")
    row = inventory.items(world.session, instrument="staff survey")[0]
    assert (row["origin"], row["source_number"]) == ("adapted", "4")
    assert row["adaptation"] == "names the school"
