"""What panels said: forms, content validity by item and scale, cards."""

from __future__ import annotations

import pytest
from coded import Coded, begin
from making import Maker
from rated import item, retire, reword, sheet
from sqlalchemy.orm import Session

from litreview import ratingfile, ratings
from litreview.errors import LitreviewError, NotFoundError
from litreview.ratingsheet import Said
from litreview.vocabulary import Panel, RatingMeasure

RELEVANT = ("expert", "relevance")


@pytest.fixture
def review(session: Session, make: Maker) -> Coded:
    """Return a review without items."""
    return begin(session, make)


def rate(review: Coded, rater: str, values: dict[int, int], **more: str) -> None:
    """Let a rater say what they think of items; `more` as in `Said`, or a version."""
    version = more.pop("version", "")
    said = Said(**{"rater": rater, "panel": "expert", "measure": "relevance", **more})
    rows = [
        {"item_id": number, "version": version, "rating": value}
        for number, value in values.items()
    ]
    name = f"{rater} {values} {more} {version}"
    ratingfile.take_ratings(review.session, sheet(rows, name), said=said, by="ann")


def test_a_form_has_a_row_for_each_item(review: Coded) -> None:
    """By id, with the construct's words and what the numbers mean; none retired."""
    item(review, "It fits.")
    retire(review, item(review, "It goes."))
    item(review, "They trust.", "people.trust")
    item(review, "Another's.", of="other")
    rows = ratings.form(
        review.session,
        instrument="staff",
        panel=Panel.STAFF,
        measure=RatingMeasure.ESSENTIAL,
    )
    assert [tuple(row) for row in rows] == [ratings.FORM_COLUMNS] * 2
    assert [row["text"] for row in rows] == ["It fits.", "They trust."]
    assert rows[1]["construct"] == "Trust"
    assert rows[1]["definition"] == "They trust."
    assert rows[0]["answers"] == "0 not essential; 1 essential"
    assert (rows[0]["panel"], rows[0]["measure"]) == ("staff", "essential")


def test_an_instrument_without_items_has_no_form(review: Coded) -> None:
    """Said, as is an instrument that is not there."""
    retire(review, item(review, "It goes."))
    kinds = (
        (LitreviewError, "no items to rate"),
        (NotFoundError, "no instrument 'stuff'"),
    )
    for name, (kind, said) in zip(("staff", "stuff"), kinds, strict=True):
        with pytest.raises(kind, match=said):
            ratings.form(
                review.session,
                instrument=name,
                panel=Panel.STAFF,
                measure=RatingMeasure.CLARITY,
            )


def test_the_published_scale_comes_out_of_stored_ratings(review: Coded) -> None:
    """PMC5557472, table 10: six items by ten experts, as ratings one by one."""
    rows = [item(review, f"Item {number}.") for number in range(6)]
    agree = [10, 9, 7, 10, 10, 10]
    for rater in range(10):
        given = {
            row.id: 4 if rater < count else 2
            for row, count in zip(rows, agree, strict=True)
        }
        rate(review, f"expert {rater}", given)
    found = ratings.items(review.session)
    kappas = [one.judged[RELEVANT].content.kappa or 0 for one in found]
    assert [round(kappa, 2) for kappa in kappas] == [1, 0.9, 0.66, 1, 1, 1]
    scale = ratings.scales(found)["staff", "expert"]
    assert (round(scale.average or 0, 2), round(scale.unanimous or 0, 2)) == (
        0.93,
        0.67,
    )
    short = [one.item_id for one in found if ratings.below(one)]
    assert short == [rows[2].id]
    assert ratings.below(found[2]) == [
        "expert I-CVI 0.70, wanted at least 0.78 with 6 raters and more"
    ]


def test_staff_stand_beside_experts(review: Coded) -> None:
    """Each panel has its own figures for an item, and its own scale."""
    row = item(review, "It fits.")
    item(review, "It lasts.")
    for rater in ("Ada", "Bea", "Cyd"):
        rate(review, rater, {row.id: 4})
    for rater in ("Sam", "Sue", "Sid"):
        rate(review, rater, {row.id: 1}, panel="staff")
    [first, second] = ratings.items(review.session)
    assert first.judged[RELEVANT].content.share == 1
    assert first.judged["staff", "relevance"].content.share == 0
    assert second.judged == {}
    told = ratings.scales([first, second])
    assert (told["staff", "expert"].average, told["staff", "staff"].average) == (1, 0)
    assert told["staff", "expert"].unrated == 1
    assert ratings.below(first) == ["staff I-CVI 0.00, wanted 1.00 with 3 to 5 raters"]


def test_essential_stands_against_its_critical_value(review: Coded) -> None:
    """Seven of eight are beyond chance, six are not."""
    rows = [item(review, "It fits."), item(review, "It lasts.")]
    for rater in range(8):
        given = {rows[0].id: int(rater < 7), rows[1].id: int(rater < 6)}
        rate(review, f"expert {rater}", given, measure="essential")
    found = ratings.items(review.session)
    ratio = found[0].judged["expert", "essential"].ratio
    assert (ratio.value, ratio.critical, ratio.meets) == (0.75, 0.75, True)
    assert [ratings.below(one) for one in found] == [
        [],
        ["expert CVR 0.50, wanted at least 0.75 with 8 raters"],
    ]


def test_a_raters_newest_rating_counts(review: Coded) -> None:
    """One rater, one voice."""
    row = item(review, "It fits.")
    rate(review, "Ada", {row.id: 1})
    rate(review, "Ada", {row.id: 4})
    [one] = ratings.items(review.session)
    assert dict(one.judged[RELEVANT].values) == {"Ada": 4}


def test_a_rating_of_an_older_wording_is_marked(review: Coded) -> None:
    """It counts until the new wording is rated, then it is left out and counted."""
    row = item(review, "It fits.")
    rate(review, "Ada", {row.id: 1})
    rate(review, "Bea", {row.id: 1})
    reword(review, row, "It fits us.")
    [old] = ratings.items(review.session)
    judged = old.judged[RELEVANT]
    assert (judged.version, judged.outdated, judged.left_out) == (1, True, 0)
    rate(review, "Ada", {row.id: 4}, version="2")
    [new] = ratings.items(review.session)
    judged = new.judged[RELEVANT]
    assert (judged.version, judged.outdated, judged.left_out) == (2, False, 1)
    assert dict(judged.values) == {"Ada": 4}


def test_the_newest_round_counts_unless_one_is_asked_for(review: Coded) -> None:
    """Rounds stand in the order in which they were first rated."""
    row = item(review, "It fits.")
    rate(review, "Ada", {row.id: 1}, round="pilot")
    rate(review, "Ada", {row.id: 4}, round="a second")
    rate(review, "Bea", {row.id: 1}, round="pilot")
    [one] = ratings.items(review.session)
    assert one.judged[RELEVANT].round == "a second"
    [first] = ratings.items(review.session, round_="pilot")
    assert dict(first.judged[RELEVANT].values) == {"Ada": 1, "Bea": 1}
    with pytest.raises(NotFoundError, match="no round 'third'"):
        ratings.items(review.session, round_="third")


def test_retired_items_leave_the_scale(review: Coded) -> None:
    """They are not listed, whatever was said of them."""
    row = item(review, "It fits.")
    rate(review, "Ada", {row.id: 4})
    retire(review, row)
    assert ratings.items(review.session) == []


def test_cards_count_the_studies_below_a_construct(review: Coded) -> None:
    """Distinct included studies, retracted passages aside."""
    one, two, *_others = review.reports
    review.code(one, "fit.plan_early")
    review.code(one, "fit.plan_shared")
    review.code(two, "fit.plan_shared")
    review.code(review.out, "fit.plan_shared")
    review.retract(review.code(two, "people.trust"))
    rows = ratings.cards(review.session, ["fit.plan", "people.trust"])
    assert [tuple(row) for row in rows] == [ratings.CARD_COLUMNS] * 2
    assert [(row["card"], row["studies"]) for row in rows] == [(1, 2), (2, 0)]
    assert rows[0]["definition"] == "Work on a plan."


def test_cards_are_known_constructs_each_once(review: Coded) -> None:
    """What cannot be ranked is refused."""
    with pytest.raises(NotFoundError, match=r"Did you mean 'fit\.end'"):
        ratings.cards(review.session, ["fit.end", "fit.ends"])
    with pytest.raises(LitreviewError, match=r"fit\.end is named twice"):
        ratings.cards(review.session, ["fit.end", "fit.end"])
    with pytest.raises(LitreviewError, match="one card has no rank"):
        ratings.cards(review.session, ["fit.end"])
