"""The trail of everything that was recorded."""

from __future__ import annotations

import pytest
from making import Maker
from sqlalchemy.orm import Session
from team import TA, Team, every_kind, finish, start

from litreview import audit, history
from litreview.models import APPEND_ONLY


@pytest.fixture
def team(session: Session, make: Maker) -> Team:
    """Return a team on an empty review."""
    return start(session, make)


def test_trail_has_its_columns_even_when_empty(session: Session) -> None:
    """Before anything happened the declared columns are there."""
    empty = history.audit(session)
    assert list(empty.columns) == list(history.AUDIT_COLUMNS)
    assert empty.empty


def test_trail_tells_each_act_once_in_order(team: Team) -> None:
    """Each vote, removal, pair and event stands in the trail, by time."""
    finish(team, every_kind(team))
    audit.note(
        team.session,
        "person.left",
        by=team.cleo,
        subject="ann",
        detail={"b": [1, 2], "a": "x"},
    )
    trail = history.audit(team.session)
    assert trail["at"].is_monotonic_increasing
    counts = trail["kind"].value_counts()
    assert counts["removal"] == 5
    assert counts["restoration"] == 1
    assert counts["pair"] == 5
    assert counts["resolution"] == 2
    assert not trail.duplicated(["kind", "id"]).any()
    (event,) = trail[trail["kind"] == "person.left"].itertuples()
    assert (event.person, event.subject, event.detail) == (
        "cleo",
        "ann",
        "a: x; b: [1, 2]",
    )


def test_trail_never_tells_how_somebody_voted(team: Team) -> None:
    """Two histories that differ in one open verdict leave the same trail."""

    def world(verdict: str) -> list[tuple[str, str, str, str]]:
        place = team.session.begin_nested()
        team.vote(team.ann, team.make.record(), TA, verdict)
        trail = history.audit(team.session)
        place.rollback()
        told = trail[["kind", "person", "subject", "detail"]]
        return [tuple(row) for row in told.itertuples(index=False)]

    one, other = world("include"), world("exclude X-POP")
    # The rolled-back record may have another id on PostgreSQL, so compare without.
    assert [row[0] for row in one] == [row[0] for row in other]
    assert [row[3] for row in one] == [row[3] for row in other]
    assert "include" not in str(one)


# The tables whose rows stand in the trail, and those that belong to such a row.
TOLD = {
    *("audit_event", "protocol_version", "codebook_version", "dedupe_run"),
    *("record_edit", "record_removal", "fulltext_event", "pair_decision"),
    *("screening_round", "decision", "decision_set_aside", "resolution"),
    *("code_application", "code_retraction", "cmo_configuration", "item_version"),
    *("coding_event", "adjudication", "instrument_version", "indicator"),
    *("rating", "material_version", "form_value"),
}
PARTS = {
    *("search_strategy", "harvest_page", "raw_record", "rejected_item", "hit"),
    *("decision_scope", "decision_stream"),
    *("resolution_basis", "resolution_person", "resolution_stream"),
    *("cmo_part", "cmo_evidence", "survey_item", "item_evidence"),
    *("quote_check", "item_source"),
}
# Private until the record has its votes; `annotations.visible` tells them then.
PRIVATE = {"record_annotation"}


def test_every_append_only_table_is_told_or_part_of_one() -> None:
    """A new history table must be told in the trail, or be named as a part here."""
    assert set(APPEND_ONLY) == TOLD | PARTS | PRIVATE
