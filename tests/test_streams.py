"""The streams that included reports serve."""

from __future__ import annotations

from making import Maker
from sqlalchemy.orm import Session
from team import FT, TA, Team, start

from litreview import state, streams
from litreview.models import Record
from litreview.screening import Ballot, decide
from litreview.settling import Ruling, resolve

THEORY, SURVEY = "theorises_concept", "validates_instrument"


def included_on_title(team: Team) -> Record:
    """Make a record that both screeners let through."""
    record = team.make.record()
    team.both(record, TA, "include")
    return record


def serves(team: Team) -> dict[int, tuple[str, ...]]:
    """Return what the reports serve now."""
    return streams.served(team.session, state.outcomes(team.session, FT).values())


def test_an_agreed_report_serves_what_any_voter_named(
    session: Session, make: Maker
) -> None:
    """Two inclusions with different streams give both, once each."""
    team = start(session, make)
    record = included_on_title(team)
    for who, words in ((team.ann, (THEORY,)), (team.bob, (SURVEY, THEORY))):
        ballot = Ballot(record.id, FT, "include", streams=words)
        decide(session, ballot, screener=who)
    assert serves(team) == {record.id: (THEORY, SURVEY)}


def test_a_resolved_report_serves_what_its_resolution_says(
    session: Session, make: Maker
) -> None:
    """The arbiter's streams count, not the voters'."""
    team = start(session, make)
    record = included_on_title(team)
    team.both(record, FT, "include", "exclude X-POP")
    assert serves(team) == {}
    ruling = Ruling(record.id, FT, "include", streams=(SURVEY,))
    resolve(session, ruling, by=team.cleo)
    assert serves(team) == {record.id: (SURVEY,)}


def test_an_excluded_report_serves_nothing(session: Session, make: Maker) -> None:
    """Reports that are out have no entry."""
    team = start(session, make)
    team.both(included_on_title(team), FT, "exclude X-POP")
    assert serves(team) == {}
