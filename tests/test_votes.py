"""Who is shown which votes: blindness, pilots, and how conflicts were settled."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd
import pytest
from making import Maker
from sqlalchemy.orm import Session
from team import FT, TA, Team, every_kind, finish, start

from litreview import votes
from litreview.errors import NotAllowedError, NotFoundError
from litreview.models import Assignment, Record, ScreeningRound
from litreview.vocabulary import Role, RoundKind


@pytest.fixture
def team(session: Session, make: Maker) -> Team:
    """Return a team on an empty review."""
    return start(session, make)


def seen(team: Team, handle: str, record: Record) -> list[tuple[str, str]]:
    """Return (screener, verdict) of the votes on a record that somebody is shown."""
    frame = votes.decisions(team.session, handle=handle)
    rows = frame[frame["record_id"] == record.id]
    return list(zip(rows["screener"], rows["verdict"], strict=True))


def test_tables_have_their_columns_even_when_empty(team: Team) -> None:
    """Without votes both tables have the declared columns and types."""
    decisions = votes.decisions(team.session, handle="ann")
    resolutions = votes.resolutions(team.session, handle="ann")
    assert list(decisions.columns) == list(votes.DECISION_COLUMNS)
    assert list(resolutions.columns) == list(votes.RESOLUTION_COLUMNS)
    assert str(decisions["at"].dtype) == "datetime64[us, UTC]"
    assert decisions.empty
    assert resolutions.empty


def test_a_vote_is_hidden_until_the_record_has_its_votes(team: Team) -> None:
    """Ann sees her own vote at once; bob sees it when he has voted himself."""
    record = team.make.record()
    team.vote(team.ann, record, TA, "include")
    assert seen(team, "ann", record) == [("ann", "include")]
    assert seen(team, "bob", record) == []
    team.vote(team.bob, record, TA, "exclude")
    both = [("ann", "include"), ("bob", "exclude")]
    assert seen(team, "bob", record) == both
    assert seen(team, "cleo", record) == both


def test_a_lead_is_equally_blind(team: Team) -> None:
    """The lead sees no open vote either, unless they ask to be unblinded."""
    team.make.person("lead", Role.LEAD)
    record = team.make.record()
    team.vote(team.ann, record, TA, "include")
    assert seen(team, "lead", record) == []
    shown = votes.decisions(team.session, handle="lead", unblind=True)
    assert list(shown["verdict"]) == ["include"]


@pytest.mark.parametrize("table", [votes.decisions, votes.resolutions])
def test_only_a_lead_may_be_unblinded(
    team: Team, table: Callable[..., pd.DataFrame]
) -> None:
    """Anybody else is refused, and a stranger is not known."""
    with pytest.raises(NotAllowedError, match="only a lead"):
        table(team.session, handle="bob", unblind=True)
    with pytest.raises(NotFoundError):
        table(team.session, handle="nobody", unblind=True)


def test_two_worlds_look_the_same_to_a_screener(team: Team) -> None:
    """Whatever the others say on open records, bob's table is the same."""

    def world(verdict: str) -> pd.DataFrame:
        place = team.session.begin_nested()
        record = team.make.record(source_id="W-open")
        team.vote(team.ann, record, TA, verdict)
        team.vote(team.bob, team.make.record(source_id="W-own"), TA, "include")
        shown = votes.decisions(team.session, handle="bob")
        place.rollback()
        # Ids go on counting where a sequence does not roll back.
        ids = ["decision_id", "record_id", "cluster_id"]
        return shown.drop(columns=[*ids, "at", "recorded_at"])

    pd.testing.assert_frame_equal(world("include"), world("exclude"))


def test_pilot_votes_open_by_the_pilots_own_number(team: Team) -> None:
    """A pilot vote opens when its own round has its votes, not the main one."""
    record = team.make.record()
    pilot = ScreeningRound(
        stage=TA, name="pilot", kind=RoundKind.PILOT, per_record=2, counts=False
    )
    team.session.add(pilot)
    team.session.flush()
    people = [team.make.person("dora"), team.make.person("emil")]
    team.session.add_all(
        Assignment(round_id=pilot.id, record_id=record.id, person_id=person.id)
        for person in people
    )
    team.session.flush()
    team.vote(people[0], record, TA, "exclude")
    team.both(record, TA, "include")
    assert ("dora", "exclude") not in seen(team, "emil", record)
    team.vote(people[1], record, TA, "include")
    assert ("dora", "exclude") in seen(team, "emil", record)


def test_votes_carry_everything_that_was_stored(team: Team) -> None:
    """Round, reason, streams, sequence and what counts now are all there."""
    record = team.make.record()
    team.both(record, TA, "exclude", "include")
    team.vote(team.ann, record, TA, "include")
    team.both(record, FT, "include", "exclude X-POP")
    rows = votes.decisions(team.session, handle="ann")
    told = ["screener", "stage", "verdict", "reason", "streams", "seq", "live"]
    serves = ("theorises_concept",)
    assert [tuple(row) for row in rows[told].itertuples(index=False)] == [
        ("ann", TA, "exclude", "", (), 1, False),
        ("bob", TA, "include", "", (), 1, True),
        ("ann", TA, "include", "", (), 2, True),
        ("ann", FT, "include", "", serves, 1, True),
        ("bob", FT, "exclude", "X-POP", (), 1, True),
    ]
    assert list(rows["informed"]) == [False, False, True, False, False]
    assert set(rows["round"]) == {"main"}
    assert set(rows["recorder"]) == {"ann", "bob"}


def test_votes_that_were_open_stay_open_when_titles_are_reversed(team: Team) -> None:
    """A suspended full-text vote was seen by all and is shown still, not live-blind."""
    record = team.make.record()
    team.both(record, TA, "include")
    team.both(record, FT, "include")
    team.vote(team.bob, record, TA, "exclude")
    assert len(seen(team, "cleo", record)) == 5


def test_resolutions_name_who_settled_what(team: Team) -> None:
    """Each settlement has its people, the votes it saw, and whether it holds."""
    made = every_kind(team)
    finish(team, made)
    rows = votes.resolutions(team.session, handle="ann")
    assert list(rows["kind"]) == ["arbitration", "arbitration"]
    assert list(rows["people"]) == [("cleo",), ("cleo",)]
    assert list(rows["reason"]) == ["", "X-POP"]
    assert [len(ids) for ids in rows["decisions"]] == [2, 2]
    assert list(rows["holds"]) == [True, True]
    team.vote(team.bob, made["ta conflict"], TA, "include")
    again = votes.resolutions(team.session, handle="ann")
    assert list(again["holds"]) == [False, True]


def test_a_settlement_hides_when_its_report_waits_for_votes_again(team: Team) -> None:
    """After a withdrawal the next screener learns nothing from what was settled."""
    dora = team.make.person("dora")
    record = team.make.record()
    team.both(record, TA, "include", "exclude")
    team.arbitrate(record, TA, "include")
    team.withdraw(team.bob, record, TA)
    assert votes.resolutions(team.session, handle=dora.handle).empty
    assert len(votes.resolutions(team.session, handle="cleo")) == 1
    assert seen(team, dora.handle, record) == []
