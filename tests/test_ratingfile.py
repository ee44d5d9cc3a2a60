"""Rating forms come back whole or not at all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pytest
from coded import Coded, begin
from making import Maker
from rated import EXPERT, item, reword, sheet
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from litreview import ratingfile
from litreview.errors import LitreviewError, NotAllowedError
from litreview.ratingsheet import Said, Taken
from litreview.synthesis import Rating
from litreview.vocabulary import Role


@pytest.fixture
def review(session: Session, make: Maker) -> Coded:
    """Return a review with the items 1 and 2."""
    made = begin(session, make)
    item(made, "It fits.")
    item(made, "=It lasts.")
    return made


def take(
    review: Coded,
    rows: Sequence[Mapping[str, object]],
    said: Said = EXPERT,
    *,
    name: str = "a file",
) -> Taken:
    """Bring a form in."""
    return ratingfile.take_ratings(
        review.session, sheet(rows, name), said=said, by="ann"
    )


def stored(review: Coded) -> list[tuple[object, ...]]:
    """Return what is stored, oldest first."""
    query = select(Rating).order_by(Rating.id)
    return [
        (row.rater, row.panel, row.measure, row.item_id, row.version, row.value)
        for row in review.session.scalars(query)
    ]


def test_ratings_are_stored_with_their_rater_and_wording(review: Coded) -> None:
    """Blank ones are counted, and a comment without a rating is told."""
    rows: list[dict[str, object]] = [
        {"item_id": 1, "version": 1, "rating": 4, "comment": " well  put "},
        {"item_id": 2, "version": 1, "rating": "", "comment": "cannot say"},
    ]
    taken = take(review, rows)
    assert (taken.stored, taken.already, taken.blank) == (1, 0, 1)
    assert taken.raters == ["Ada"]
    assert taken.notes == ["row 3: a comment without a rating is not stored"]
    assert stored(review) == [("Ada", "expert", "relevance", 1, 1, 4)]
    row = review.session.scalars(select(Rating)).one()
    assert (row.comment, row.round, row.sha256) == ("well put", "1", "a file")


def test_a_file_may_hold_several_raters_panels_and_measures(review: Coded) -> None:
    """The file's own columns say who and what; the call fills what they leave open."""
    rows: list[dict[str, object]] = [
        {"rater": "Ada", "panel": "Expert", "measure": "essential", "item_id": 1,
         "rating": 0, "round": "2"},
        {"rater": "Sam", "panel": "staff", "measure": "clarity", "item_id": 1,
         "rating": 2, "round": ""},
    ]  # fmt: skip
    taken = take(review, rows, Said())
    assert (taken.stored, taken.raters) == (2, ["Ada", "Sam"])
    assert stored(review) == [
        ("Ada", "expert", "essential", 1, 1, 0),
        ("Sam", "staff", "clarity", 1, 1, 2),
    ]


# What a row may have wrong, and what is then said.
PROBLEMS: list[tuple[dict[str, object], str]] = [
    ({"rating": 5}, "row 2, rating: 5 is outside 1 to 4, those of relevance"),
    ({"rating": 0}, "row 2, rating: 0 is outside 1 to 4"),
    ({"rating": "3.5"}, "row 2, rating: '3.5' is no whole number"),
    ({"rating": "\u0664"}, "row 2, rating: '\u0664' is no whole number"),
    ({"rating": "9" * 400}, "is no whole number"),
    ({"rating": 2, "measure": "essential"}, "outside 0 to 1, those of essential"),
    ({"item_id": 9}, "row 2, item_id: there is no item 9"),
    ({"item_id": "one"}, "row 2, item_id: 'one' is no item id"),
    ({"item_id": ""}, "row 2, item_id: the item id is empty"),
    ({"version": 2}, "row 2, version: item 1 has no version 2"),
    ({"version": "x"}, "row 2, version: 'x' is no version number"),
    ({"panel": "experts"}, "row 2, panel: 'experts' is none of expert, staff"),
    ({"panel": "staff"}, "the file says 'staff', the call 'expert'"),
    ({"measure": "rank"}, "'rank' is none of relevance, clarity, essential"),
    ({"rater": "Bea"}, "row 2, rater: the file says 'Bea', the call 'Ada'"),
    ({"text": "=It lasts."}, "row 2, text: this is item 2, not item 1"),
    ({"text": "'=It lasts."}, "row 2, text: this is item 2, not item 1"),
]


def test_a_problem_is_told_by_row_and_column(review: Coded) -> None:
    """Nothing of the file is stored, not even what is right."""
    good: dict[str, object] = {"item_id": 2, "rating": 1, "measure": "relevance"}
    for row, said in PROBLEMS:
        by = Said(rater="Ada", panel="expert") if "measure" in row else EXPERT
        with pytest.raises(LitreviewError, match="nothing of it was stored") as error:
            take(review, [{"item_id": 1, "rating": 3} | row, good], by)
        assert said in error.value.why
    assert stored(review) == []


def test_all_problems_are_told_at_once(review: Coded) -> None:
    """The first twenty by row, the others by their number."""
    rows = [{"item_id": number, "rating": 7} for number in range(3, 28)]
    with pytest.raises(LitreviewError, match="problems") as error:
        take(review, rows)
    lines = error.value.why.splitlines()
    assert len(lines) == 21
    assert lines[-1] == "and 30 more"


def test_nobody_is_named(review: Coded) -> None:
    """A rating without rater, panel or measure is nobody's of nothing."""
    with pytest.raises(LitreviewError, match="are problems") as error:
        take(review, [{"item_id": 1, "rating": 3}], Said())
    for column in ("rater", "panel", "measure"):
        assert f"row 2, {column}: " in error.value.why


def test_an_item_is_rated_once_in_a_file(review: Coded) -> None:
    """The same rater twice is a problem, another rater is none."""
    row: dict[str, object] = {"item_id": 1, "rating": 3, "rater": "Ada"}
    other = {**row, "rater": "Bea"}
    said = Said(panel="expert", measure="relevance")
    assert take(review, [row, other], said, name="first").stored == 2
    with pytest.raises(LitreviewError, match="is a problem") as error:
        take(review, [row, other, row], said, name="second")
    assert error.value.why == "row 4, item_id: Ada rated item 1 in row 2 too"


def test_twice_without_harm(review: Coded) -> None:
    """The same file, or another with the same content, changes nothing."""
    rows = [{"item_id": 1, "rating": 3}, {"item_id": 2, "rating": 4}]
    assert take(review, rows).stored == 2
    assert (take(review, rows).stored, take(review, rows).already) == (0, 2)
    assert take(review, rows, name="saved again").stored == 0
    assert len(stored(review)) == 2


def test_an_old_file_does_not_come_back_over_a_newer_one(review: Coded) -> None:
    """A changed mind stays changed."""
    take(review, [{"item_id": 1, "rating": 2}], name="first")
    assert take(review, [{"item_id": 1, "rating": 4}], name="second").stored == 1
    assert take(review, [{"item_id": 1, "rating": 2}], name="first").stored == 0
    assert [row[-1] for row in stored(review)] == [2, 4]


def test_a_round_of_its_own_is_another_rating(review: Coded) -> None:
    """The same answer in a second round is stored."""
    rows = [{"item_id": 1, "rating": 3}]
    take(review, rows)
    again = Said("Ada", "expert", "relevance", "2")
    assert take(review, rows, again, name="second").stored == 1


def test_a_wording_that_changed_since_is_told(review: Coded) -> None:
    """The rating is kept for the wording that was rated."""
    row = item(review, "It holds.")
    reword(review, row, "It holds on.")
    rows = [{"item_id": row.id, "version": 1, "text": "It holds.", "rating": 3}]
    taken = take(review, rows)
    assert (taken.stored, stored(review)[0][4]) == (1, 1)
    told = "is worded anew since; this rating is kept for version 1, not for 2"
    assert taken.notes == [f"row 2: item {row.id} {told}"]


def test_a_text_that_was_changed_in_the_form_is_told(review: Coded) -> None:
    """It may be a suggestion; the apostrophe of an export is none."""
    rows = [
        {"item_id": 1, "text": "It fits well.", "rating": 3},
        {"item_id": 2, "text": "'=It lasts.", "rating": 3},
    ]
    taken = take(review, rows)
    assert taken.stored == 2
    assert len(taken.notes) == 1
    assert "row 2: the text of item 1 was changed" in taken.notes[0]


def test_a_form_without_its_columns_is_refused(review: Coded) -> None:
    """What is missing is named."""
    cases: list[tuple[list[dict[str, object]], str]] = [
        ([{"item": 1, "rating": 3}], "no column 'item_id'"),
        ([{"item_id": 1, "ratings": 3}], "no column 'rating'"),
        ([], "no column"),
    ]
    for rows, said in cases:
        with pytest.raises(LitreviewError, match=said):
            take(review, rows)


def test_a_reader_may_not_bring_ratings_in(review: Coded) -> None:
    """Only who may code and write items may."""
    review.make.person("rea", Role.READER)
    with pytest.raises(NotAllowedError, match="rea may not"):
        ratingfile.take_ratings(
            review.session,
            sheet([{"item_id": 1, "rating": 3}]),
            said=EXPERT,
            by="rea",
        )
    assert review.session.scalar(select(func.count(Rating.id))) == 0
