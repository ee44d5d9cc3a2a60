"""Records and progress, on reviews worked out by hand."""

from __future__ import annotations

import pytest
from making import Maker
from sqlalchemy.orm import Session
from team import Team, every_kind, start

from litreview import reports, state
from litreview.vocabulary import Stage


@pytest.fixture
def team(session: Session, make: Maker) -> Team:
    """Return a team on an empty review."""
    return start(session, make)


# -- records and progress --------------------------------------------------------------


def test_records_have_their_columns_even_when_there_are_none(session: Session) -> None:
    """An empty review gives an empty table of the declared columns and types."""
    empty = reports.records(session)
    assert list(empty.columns) == list(reports.RECORD_COLUMNS)
    assert empty.empty
    assert str(empty["record_id"].dtype) == "Int64"
    assert str(empty["title"].dtype) == "string"


def test_records_tell_where_each_report_stands(team: Team) -> None:
    """Every record carries its report's state, its study and why it was removed."""
    made = every_kind(team)
    team.make.record("no year", year=None)
    found = reports.records(team.session)
    assert found["record_id"].is_monotonic_increasing
    assert len(found) == len(made) + 1
    assert found["year"].isna().all()
    assert str(found["year"].dtype) == "Int64"
    rows = found.set_index("title")
    columns = ["title_abstract", "retrieval", "full_text", "reason", "removed"]
    told = {name: tuple(rows.loc[name, columns]) for name in made}
    open_text = ("included", "", "unscreened", "", "")
    assert told["kept"] == ("included", "retrieved", "included", "", "")
    assert told["its web page"] == told["kept"]
    assert told["by rule"] == ("not_eligible", "", "not_eligible", "", "rule")
    assert told["ft out population"][2:4] == ("excluded", "X-POP")
    assert told["register conflict"][2:4] == ("conflict", "")
    assert told["not sought"] == open_text
    assert rows.loc["by reason", "removed_why"] == "said so"
    assert rows.loc["same study", "study_id"] == made["kept"].id
    assert rows.loc["kept", "streams"] == ("theorises_concept",)
    assert rows.loc["ft out concept", "streams"] == ()


def test_progress_counts_reports_by_standing(team: Team) -> None:
    """Each stage counts its eligible reports, each in one standing."""
    every_kind(team)
    found = {str(stage): state.standings(team.session, stage) for stage in Stage}
    assert found == {
        "title_abstract": {
            "unscreened": 2,
            "in_progress": 1,
            "conflict": 1,
            "included": 10,
            "excluded": 2,
        },
        "full_text": {
            "unscreened": 3,
            "in_progress": 0,
            "conflict": 1,
            "included": 3,
            "excluded": 2,
            "not_retrieved": 1,
        },
    }
