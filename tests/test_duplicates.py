"""Reports, pairs and groups as tables."""

from __future__ import annotations

from desk import Desk
from making import Maker
from sqlalchemy.orm import Session

from litreview import dedupe, duplicates, exports
from litreview.matching import Pair
from litreview.models import DedupeRun
from litreview.rendering import Asker


def test_a_report_is_one_row_with_where_its_fields_are_from(
    session: Session, make: Maker
) -> None:
    """Merged values, their records, and every record of the report by its names."""
    make.review()
    one = make.record("TRUST IN SCHOOLS", doi="10.5555/one", year=2002)
    two = make.record("Trust in schools", source="crossref", authors="Bryk, A.")
    alone = make.record("Calendars")
    desk = Desk(session)
    desk.pair(one, two)
    desk.remove(alone)
    frame = duplicates.reports(session)
    assert list(frame.columns) == list(duplicates.REPORT_COLUMNS)
    assert list(frame["cluster_id"]) == [one.id, alone.id]
    row = frame.iloc[0]
    assert (row["title"], row["authors"]) == ("Trust in schools", "Bryk, A.")
    assert (row["year"], row["retracted"]) == (2002, False)
    assert row["record_ids"] == (one.id, two.id)
    assert row["sources"] == ("openalex", "crossref")
    assert row["source_ids"] == (one.source_id, two.source_id)
    assert f"title={two.id}" in row["origins"]
    assert f"doi={one.id}" in row["origins"]
    assert row["title_abstract"] == "unscreened"
    assert frame.iloc[1]["removed"] == (alone.id,)


def test_pairs_tell_what_was_said_and_by_whom(session: Session, make: Maker) -> None:
    """The machine's score and reasons stand beside the person's verdict."""
    make.review()
    a, b, c = (make.record() for _ in range(3))
    proposals = [
        Pair(a.id, b.id, 0.9, "duplicate", ("same title", "same year")),
        Pair(b.id, c.id, 0.5, "unsure", ("titles alike",)),
    ]
    dedupe.store(session, proposals, run=DedupeRun(parameters={}, records=3))
    desk = Desk(session)
    dedupe.decide(session, b.id, c.id, "different", by=desk.person("ann"), why="no")
    frame = duplicates.pairs(session)
    assert list(frame["verdict"]) == ["duplicate", "different"]
    assert list(frame["by"]) == ["machine", "ann"]
    assert list(frame["reasons"]) == [("same title", "same year"), ("titles alike",)]
    assert list(frame["why"]) == ["", "no"]


def test_groups_name_every_record(session: Session, make: Maker) -> None:
    """A report's records share cluster_id, a study's reports study_id."""
    make.review()
    a, b, c, d = (make.record() for _ in range(4))
    desk = Desk(session)
    desk.pair(a, c)
    desk.pair(c, d, "same_study")
    frame = duplicates.groups(session)
    assert list(frame["record_id"]) == [a.id, b.id, c.id, d.id]
    assert list(frame["cluster_id"]) == [a.id, b.id, a.id, d.id]
    assert list(frame["study_id"]) == [a.id, b.id, a.id, a.id]
    assert list(frame["source_id"]) == [r.source_id for r in (a, b, c, d)]


def test_an_empty_review_has_empty_tables(session: Session, make: Maker) -> None:
    """Without records there are headers, in every format."""
    make.review()
    for name in ("reports", "pairs", "groups"):
        files = exports.render_table(session, name, ("csv", "json"), asker=Asker("ann"))
        assert files["csv"].count(b"\n") == 1
        assert files["json"] == b"[]\n"
