"""Items to be rated, and forms that were filled in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from coded import Coded

from litreview import bank
from litreview.bank import Change, Place
from litreview.phrasing import Question
from litreview.ratingsheet import Said, Sheet
from litreview.synthesis import SurveyItem

EXPERT = Said(rater="Ada", panel="expert", measure="relevance")
STAFF = Said(rater="Sam", panel="staff", measure="relevance")


def item(
    review: Coded,
    text: str,
    construct: str = "fit.end",
    *,
    of: str = "staff",
    **more: Any,
) -> SurveyItem:
    """Write an item that rests on a passage about its construct."""
    code = review.code(review.reports[0], construct)
    question = Question(text, **{"scale": "agree5", **more})
    return bank.add(
        review.session,
        by="ann",
        place=Place(of, construct),
        question=question,
        evidence=[code.id],
    ).item


def reword(review: Coded, row: SurveyItem, text: str, **more: Any) -> None:
    """Write an item's next version."""
    change = Change(Question(text, **more), "better words")
    bank.revise(review.session, by="ann", item_id=row.id, change=change)


def retire(review: Coded, row: SurveyItem) -> None:
    """Take an item out of its instrument."""
    bank.retire(review.session, by="ann", item_id=row.id, why="it goes")


def sheet(rows: Sequence[Mapping[str, object]], name: str = "a file") -> Sheet:
    """Return a filled-in form: its rows begin on line 2."""
    header = tuple(dict.fromkeys(key for row in rows for key in row))
    cells = [{key: str(value) for key, value in row.items()} for row in rows]
    return Sheet(header, tuple(enumerate(cells, start=2)), sha256=name)


def diamond(*constructs: str) -> list[dict[str, object]]:
    """Return rows of a diamond nine with these constructs from the top down."""
    places = [1, 2, 2, 3, 3, 3, 4, 4, 5]
    return [
        {"construct": name, "row": row}
        for name, row in zip(constructs, places, strict=True)
    ]
