"""The items of the bank are reviewed within their instrument."""

from __future__ import annotations

import pytest
from coded import Coded, begin
from making import BOOK, Maker
from rated import item, retire, reword
from sqlalchemy.orm import Session

from litreview import lookup, scrutiny
from litreview.errors import NotFoundError
from litreview.scrutiny import scrutinise
from litreview.synthesis import ItemVersion


@pytest.fixture
def review(session: Session, make: Maker) -> Coded:
    """Return a review without items."""
    return begin(session, make)


def said(review: Coded, **asked: object) -> dict[int, list[str]]:
    """Return item id -> the rules that fire on it."""
    found = scrutinise(review.session, **asked)  # type: ignore[arg-type]
    return {one.item_id: [note.rule for note in one.notes] for one in found}


def test_an_item_is_read_with_its_scale_and_level(review: Coded) -> None:
    """The stored scale and the construct's level decide what fires."""
    first = item(review, "I often use research.")
    second = item(review, "I often use research.", "fit.end", scale="often5")
    found = said(review)
    assert found[first.id] == ["vague-quantifier", "one-person"]
    assert found[second.id] == ["stem-and-scale", "one-person"]


def test_an_acronym_is_noted_once_in_its_instrument(review: Coded) -> None:
    """Another instrument has to explain it for itself; a gloss ends it."""
    one = item(review, "PD helps.")
    two = item(review, "PD lasts.")
    other = item(review, "PD is fun.", of="other")
    rule = ["undefined-acronym"]
    assert said(review) == {one.id: rule, two.id: [], other.id: rule}
    reword(review, two, "Our professional development (PD) lasts for one year.")
    assert said(review) == {one.id: [], two.id: [], other.id: rule}


def test_one_item_or_instrument_can_be_asked_for(review: Coded) -> None:
    """By id within its form, by name, and what is not there is refused."""
    one = item(review, "PD helps.")
    two = item(review, "PD lasts.")
    gone = item(review, "It goes.", of="other")
    retire(review, gone)
    assert said(review, ids=[two.id]) == {two.id: []}
    assert list(said(review, instrument="staff")) == [one.id, two.id]
    assert said(review, instrument="other") == {}
    with pytest.raises(NotFoundError, match=f"no item {gone.id} to look at"):
        scrutinise(review.session, ids=[one.id, gone.id])
    with pytest.raises(NotFoundError, match="no instrument"):
        scrutinise(review.session, instrument="x")


def test_levels_and_reading_stand_beside_the_notes(review: Coded) -> None:
    """What `lint` says of level and referent, and the counts of the text."""
    item(review, "The team plans.", "fit.end", level="team", referent="my school")
    [one] = scrutinise(review.session)
    about_level, about_referent = one.levels
    assert about_level == "its level is team, that of fit.end school"
    assert about_referent.startswith("the referent 'my school' speaks of the level")
    assert (one.reading.words, one.version, one.instrument) == (3, 1, "staff")


def test_a_construct_that_is_gone_says_nothing_of_levels(review: Coded) -> None:
    """The item's own level is taken instead."""
    item(review, "I trust them.", "people.trust", level="school")
    review.make.codebook(BOOK.replace("people.trust", "people.faith"))
    [one] = scrutinise(review.session)
    assert (one.levels, [note.rule for note in one.notes]) == ((), ["one-person"])


def test_one_wording_can_be_read_alone(review: Coded) -> None:
    """As `item add` does it: in words, with the scale in force."""
    _version, book = lookup.construct(review.session, "fit.end")
    wording = ItemVersion(
        text="How many hours of PD have you done?",
        scale="number",
        referent="",
        period="last 12 months",
        level="school",
    )
    [note] = scrutiny.notes(review.session, wording, book.choose("fit.end"))
    assert note.startswith("undefined-acronym: not everybody knows")
    wording.period = ""
    assert len(scrutiny.notes(review.session, wording, book.choose("fit.end"))) == 2
