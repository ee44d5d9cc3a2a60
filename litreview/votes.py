"""Who voted how, and how conflicts were settled, shown to those who may see it.

Nobody is shown another's vote on a record that still waits for votes, the lead
included, unless they ask to be unblinded, which the caller records first. What was
settled is hidden in the same way: after a withdrawal or a merge a report may wait
for votes again.
"""

from __future__ import annotations

from collections import defaultdict

import pandas as pd
from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from litreview import lookup, membership, quorum, state, streams
from litreview.errors import NotAllowedError
from litreview.frame import Columns, frame
from litreview.models import (
    Decision,
    Person,
    Record,
    Resolution,
    ResolutionBasis,
    ResolutionPerson,
    ScreeningRound,
)
from litreview.outcome import fold
from litreview.vocabulary import Role, Stage

DECISION_COLUMNS: Columns = {
    "decision_id": "int",
    "record_id": "int",
    "cluster_id": "int",
    "stage": "text",
    "round": "text",
    "screener": "text",
    "verdict": "text",
    "reason": "text",
    "streams": "list",
    "note": "text",
    "origin": "text",
    "informed": "flag",
    "seq": "int",
    "live": "flag",
    "at": "moment",
    "recorded_at": "moment",
    "recorder": "text",
}
RESOLUTION_COLUMNS: Columns = {
    "resolution_id": "int",
    "record_id": "int",
    "cluster_id": "int",
    "stage": "text",
    "kind": "text",
    "verdict": "text",
    "reason": "text",
    "streams": "list",
    "note": "text",
    "people": "list",
    "decisions": "list",
    "supersedes": "int",
    "holds": "flag",
    "at": "moment",
    "recorder": "text",
}


def require_lead(session: Session, handle: str) -> Person:
    """Return the lead who asks to see votes on unfinished records, or refuse."""
    person = lookup.actor(session, handle)
    if person.role != Role.LEAD:
        raise NotAllowedError(
            f"{handle} may not see votes on records that still wait for votes",
            why=f"{handle} is a {person.role}; only a lead may lift the blinding",
            fix="leave --unblind out; finished records are shown to everybody",
        )
    return person


def decisions(session: Session, *, handle: str, unblind: bool = False) -> pd.DataFrame:
    """Return votes and withdrawals, by id (`DECISION_COLUMNS`).

    Shown are the asker's own and those on records that have the votes their round
    asks for; with `unblind` all of them, for a lead only. Pilot rounds are judged by
    their own votes. `live` marks the votes that count now.
    """
    if unblind:
        require_lead(session, handle)
    asker = lookup.person(session, handle)
    opened = _open_clusters(session)
    named, live = streams.named(session), _live_ids(session)
    recorder = aliased(Person)
    query = (
        select(
            Decision, Record.cluster_id, ScreeningRound, Person.handle, recorder.handle
        )
        .join(Record, Record.id == Decision.record_id)
        .join(ScreeningRound, ScreeningRound.id == Decision.round_id)
        .join(Person, Person.id == Decision.screener_id)
        .join(recorder, recorder.id == Decision.recorder_id)
    )
    rows = [
        (
            vote.id,
            vote.record_id,
            cluster,
            vote.stage,
            part.name,
            screener,
            vote.verdict,
            vote.reason,
            named.get(vote.id, ()),
            vote.note,
            vote.origin,
            vote.informed,
            vote.seq,
            vote.id in live,
            vote.at,
            vote.recorded_at,
            entered_by,
        )
        for vote, cluster, part, screener, entered_by in session.execute(query)
        if unblind
        or vote.screener_id == asker.id
        or cluster in opened[vote.stage, part.counts]
    ]
    return frame(DECISION_COLUMNS, rows, by=["decision_id"])


def _live_ids(session: Session) -> set[int]:
    return {
        vote.id
        for stage in Stage
        for counting in (True, False)
        for votes in state.votes(session, stage, counting=counting).values()
        for vote in votes
    }


def _open_clusters(session: Session) -> dict[tuple[str, bool], set[int]]:
    """Return (stage, does the round count) -> clusters with the votes asked for.

    Removed reports and those whose titles were reversed are judged as if they were
    still there: what was open once stays open.
    """
    found = {}
    for stage in Stage:
        main = quorum.main_round(session, stage)
        usual = main.per_record if main else 1
        need = quorum.needs(session, stage)
        found[stage.value, True] = {
            cluster
            for cluster, votes in state.votes(session, stage).items()
            if fold(cluster, stage, votes, need=need.get(cluster, usual)).complete
        }
        found[stage.value, False] = membership.pilot_complete(session, stage)
    return found


def resolutions(
    session: Session, *, handle: str, unblind: bool = False
) -> pd.DataFrame:
    """Return how conflicts were settled, by id (`RESOLUTION_COLUMNS`).

    `people` are the voters of a consensus or the arbiter, `decisions` the ids of the
    votes that were settled, `holds` says that it decides its report now. Shown are
    those on records that have their votes, and those that the asker took part in.
    """
    if unblind:
        require_lead(session, handle)
    asker = lookup.person(session, handle)
    opened = _open_clusters(session)
    people, basis = _settlers(session), _bases(session)
    said, holding = streams.resolved(session), _holding(session)
    query = (
        select(Resolution, Record.cluster_id, Person.handle)
        .join(Record, Record.id == Resolution.record_id)
        .join(Person, Person.id == Resolution.recorder_id)
    )
    rows = [
        (
            row.id,
            row.record_id,
            cluster,
            row.stage,
            row.kind,
            row.verdict,
            row.reason,
            said.get(row.id, ()),
            row.note,
            tuple(sorted(people[row.id])),
            tuple(sorted(basis[row.id])),
            row.supersedes_id,
            row.id in holding,
            row.at,
            recorder,
        )
        for row, cluster, recorder in session.execute(query)
        if unblind
        or asker.handle in (recorder, *people[row.id])
        or cluster in opened[row.stage, True]
    ]
    return frame(RESOLUTION_COLUMNS, rows, by=["resolution_id"])


def _holding(session: Session) -> set[int | None]:
    return {
        outcome.resolution_id
        for stage in Stage
        for outcome in state.outcomes(session, stage).values()
    }


def _settlers(session: Session) -> dict[int, list[str]]:
    query = select(ResolutionPerson.resolution_id, Person.handle).join(
        Person, Person.id == ResolutionPerson.person_id
    )
    found: dict[int, list[str]] = defaultdict(list)
    for number, handle in session.execute(query):
        found[number].append(handle)
    return found


def _bases(session: Session) -> dict[int, list[int]]:
    query = select(ResolutionBasis.resolution_id, ResolutionBasis.decision_id)
    found: dict[int, list[int]] = defaultdict(list)
    for number, decision_id in session.execute(query):
        found[number].append(decision_id)
    return found
