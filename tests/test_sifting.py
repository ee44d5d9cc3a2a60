"""What of a page is stored, and what is kept aside."""

from __future__ import annotations

from dataclasses import replace

from harvesting import crossref_work, search
from making import Maker
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from litreview.models import RejectedItem
from litreview.records import LONGEST_ID
from litreview.sifting import above, keep_aside, sorted_out
from litreview.sources.crossref import citation
from litreview.sources.page import Item, read_item


def item(number: int, **more: object) -> Item:
    """Return an item of a Crossref answer."""
    return read_item(crossref_work(number, **more), citation)


def test_a_floor_cuts_what_scores_less() -> None:
    """What scores as much stays, and so does what tells no score."""
    floored = replace(search("crossref"), facts={"floor": 2.0})
    items = [item(1, score=2.5), item(2, score=2), item(3, score=1.9), item(4)]
    assert above(items, floored) == [items[0], items[1], items[3]]
    assert above(items, search("crossref")) == items


def test_ranks_go_on_and_scores_leave_the_payload() -> None:
    """A broken item has its rank, and no record; an endless id is a mistake."""
    items = [item(1, score=2.5), item(2, DOI=""), item(3, DOI="10.1/" + "x" * 500)]
    entries, rejected = sorted_out([*items, item(4)], 10, search("crossref"))
    assert [(entry.rank, entry.score) for entry in entries] == [(11, 2.5), (14, None)]
    assert "score" not in entries[0].payload
    assert [each.problem for each in rejected] == ["no DOI", "its id is too long"]
    assert len(items[2].payload["DOI"]) > LONGEST_ID


def test_what_is_kept_aside_is_kept_once(session: Session, make: Maker) -> None:
    """The same item in two walks is one row, told both times."""
    run = make.run("crossref")
    broken = item(1, DOI="")
    first = keep_aside(session, [broken, broken], run)
    assert keep_aside(session, [broken], run) == first
    assert len(first) == 1
    assert session.scalar(select(func.count(RejectedItem.id))) == 1
