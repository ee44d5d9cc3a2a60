"""The RAMESES table: 19 rows, filled or flagged."""

from __future__ import annotations

from coded import begin, rows_by
from making import Maker
from sqlalchemy.orm import Session

from litreview import realist


def test_all_19_items_are_there_and_empty_ones_flagged(
    session: Session, make: Maker
) -> None:
    """What nobody wrote and nothing counts is flagged (F05)."""
    coded = begin(session, make)
    rows = rows_by(realist.rameses(session), "item")
    assert list(rows) == list(range(1, 20))
    assert rows[2]["empty"]
    assert rows[19]["empty"]
    assert not rows[9]["empty"]
    assert rows[9]["counted"] == "5 records screened, 5 reports assessed in full"
    assert rows[13]["counted"].startswith("4 studies")
    coded.write("plan.yaml", "rameses: {2: The abstract., 9: Two people each.}")
    rows = rows_by(realist.rameses(session), "item")
    assert not rows[2]["empty"]
    assert rows[9]["team"] == "Two people each."
    assert rows[9]["counted"] != ""


def test_an_empty_review_knows_nothing(session: Session) -> None:
    """Before the first sync every item is empty, and nothing fails."""
    assert realist.rameses(session)["empty"].all()
