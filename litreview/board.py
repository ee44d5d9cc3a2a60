"""Who waits on whom: counts for the lead, and never what anybody said.

A lead who also screens is as blind as everybody, so the board tells who has voted on
how many records and who is still asked for, and of conflicts only those that are open
to all. Somebody whose own votes differ since a merge has voted here: that they differ
is theirs to know.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from litreview import lookup, state, waiting
from litreview.declarative import now
from litreview.models import (
    Assignment,
    Decision,
    DecisionSetAside,
    Person,
    Record,
    ScreeningRound,
)
from litreview.outcome import Outcome, Standing
from litreview.vocabulary import WITHDRAWN, Role, Stage

# Who settles conflicts in which they have no vote.
ARBITERS = (Role.ARBITER, Role.LEAD)


@dataclass(frozen=True)
class Line:
    """One person at one stage.

    `assigned` counts reports in hand or voted on, `done` those with a vote of theirs,
    `open` those that still wait for it, `second` those of them on which somebody else
    has voted. `conflicts` are open conflicts in which they have a vote, `to_settle`
    those that they could settle as a third person. `waiting_days` is how long the
    oldest open one has been in hand.
    """

    stage: str
    handle: str
    role: str
    standing: str
    share: float
    assigned: int
    done: int
    open: int
    second: int
    conflicts: int
    to_settle: int
    waiting_days: int | None
    last_vote: date | None


@dataclass(frozen=True)
class Board:
    """Everybody's lines, what waits at each stage, and what may wait for ever."""

    lines: tuple[Line, ...]
    stages: dict[str, dict[str, int]]
    waits: tuple[waiting.Wait, ...]


@dataclass(frozen=True)
class _Work:
    """What a stage's lines are counted from, everything by person."""

    outcomes: Mapping[int, Outcome]
    unfinished: Mapping[int, Outcome]
    voted: Mapping[int, set[int]]
    held: Mapping[int, dict[int, datetime]]
    last: Mapping[int, date]


def board(session: Session, *, handle: str) -> Board:
    """Return who waits on whom at both stages; for a lead.

    Left out is who has nothing to do with a stage. Conflicts are those of
    `settling.conflicts`.
    """
    lookup.actor(session, handle, roles=(Role.LEAD,))
    people = session.scalars(select(Person).order_by(Person.handle)).all()
    lines: list[Line] = []
    stages = {}
    for stage in Stage:
        work = _work(session, stage)
        lines += [line for person in people if (line := _line(stage, person, work))]
        conflicts = [o for o in work.outcomes.values() if _in_conflict(o)]
        stages[str(stage)] = {
            **state.standings(session, stage),
            "conflicts_for_an_arbiter": len(conflicts),
        }
    waits = [wait for stage in Stage for wait in waiting.waits(session, stage)]
    return Board(tuple(lines), stages, tuple(waits))


def _in_conflict(outcome: Outcome) -> bool:
    return outcome.standing == Standing.CONFLICT


def _line(stage: str, person: Person, work: _Work) -> Line | None:
    """Return one person's counts; None for who has no part in the stage."""
    voted = work.voted.get(person.id, set())
    held = work.held.get(person.id, {})
    wanted = {
        c: at for c, at in held.items() if c in work.unfinished and c not in voted
    }
    conflicts = {c for c, outcome in work.outcomes.items() if _in_conflict(outcome)}
    settles = person.active and person.role in ARBITERS
    to_settle = len(conflicts - voted) if settles else 0
    if not voted and not held and not to_settle:
        return None
    others = [
        cluster
        for cluster in wanted
        if any(v.screener_id != person.id for v in work.unfinished[cluster].votes)
    ]
    oldest = min(wanted.values(), default=None)
    return Line(
        stage=str(stage),
        handle=person.handle,
        role=person.role,
        standing=_standing(person),
        share=person.share,
        assigned=len(voted | held.keys()),
        done=len(voted),
        open=len(wanted),
        second=len(others),
        conflicts=len(conflicts & voted),
        to_settle=to_settle,
        waiting_days=None if oldest is None else (now() - oldest).days,
        last_vote=work.last.get(person.id),
    )


def _standing(person: Person) -> str:
    """Return whether somebody is there: active, paused or gone."""
    if not waiting.can_vote(person):
        return "gone"
    return "paused" if person.paused else "active"


def _work(session: Session, stage: str) -> _Work:
    outcomes = state.outcomes(session, stage)
    voted: dict[int, set[int]] = defaultdict(set)
    for cluster, outcome in outcomes.items():
        for vote in outcome.votes:
            voted[vote.screener_id].add(cluster)
    newest = (
        select(Decision.screener_id, func.max(Decision.recorded_at))
        .where(Decision.stage == stage, Decision.verdict != WITHDRAWN)
        .group_by(Decision.screener_id)
    )
    last = {person: at.date() for person, at in session.execute(newest)}
    unfinished = waiting.unfinished(session, stage)
    return _Work(outcomes, unfinished, voted, _held(session, stage, outcomes), last)


def _held(
    session: Session, stage: str, here: Mapping[int, Outcome]
) -> dict[int, dict[int, datetime]]:
    """Return person -> the reports in their hands, and since when each waits.

    A reopened one waits since the vote was set aside.
    """
    query = (
        select(Assignment.person_id, Record.cluster_id, Assignment.at)
        .join(Record, Record.id == Assignment.record_id)
        .join(ScreeningRound, ScreeningRound.id == Assignment.round_id)
        .where(
            ScreeningRound.stage == stage,
            ScreeningRound.counts,
            Assignment.released_at.is_(None),
        )
    )
    found: dict[int, dict[int, datetime]] = defaultdict(dict)
    for person, cluster, at in session.execute(query):
        if cluster in here:
            found[person][cluster] = min(at, found[person].get(cluster, at))
    reopened = (
        select(Decision.screener_id, Record.cluster_id, DecisionSetAside.at)
        .join(Decision, Decision.id == DecisionSetAside.decision_id)
        .join(Record, Record.id == Decision.record_id)
        .where(Decision.stage == stage)
    )
    for person, cluster, at in session.execute(reopened):
        if cluster in found.get(person, {}):
            found[person][cluster] = max(at, found[person][cluster])
    return found
