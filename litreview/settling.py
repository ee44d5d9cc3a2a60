"""Conflicts: on which reports the votes differ, and how they are settled.

A resolution stores the votes that it saw, its *basis*, and holds for exactly these:
a late vote, a withdrawal or a merge brings the conflict back. It is a consensus of
all who voted, or the word of somebody who has not. There is one resolution for a
basis; whoever changes their mind names the one that is corrected, so that of two
people who settle at once the second is told instead of overruling the first.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.orm import Session

from litreview import audit, lookup, membership, state
from litreview.errors import (
    LitreviewError,
    NotAllowedError,
    NotFoundError,
    UsageError,
)
from litreview.models import (
    Decision,
    DecisionSetAside,
    DecisionStream,
    Person,
    Record,
    Resolution,
    ResolutionBasis,
    ResolutionPerson,
    ResolutionStream,
)
from litreview.outcome import Outcome, Standing
from litreview.protocol import refuse_answer
from litreview.vocabulary import ResolutionKind, Role, Stage, Verdict
from litreview.wording import phrase

# Who may settle: the voters themselves, an arbiter, a lead.
SETTLERS = (Role.SCREENER, Role.ARBITER, Role.LEAD)


@dataclass(frozen=True)
class Ruling:
    """How a conflict is settled.

    `names` are the voters of a consensus; `corrects` is the id of the resolution
    that this one replaces; `uid` makes a retry harmless.
    """

    record_id: int
    stage: str
    verdict: str
    reason: str = ""
    streams: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    note: str = ""
    corrects: int | None = None
    uid: str = field(default_factory=lambda: uuid.uuid4().hex)


@dataclass(frozen=True)
class Conflict:
    """A report on which complete votes differ, with every vote and its note."""

    record_id: int
    stage: str
    title: str
    votes: tuple[dict[str, str], ...]


# -- settling -----------------------------------------------------------------------


def resolve(session: Session, ruling: Ruling, *, by: Person) -> Resolution:
    """Settle a conflict, or correct how it was settled; return the resolution.

    With `names` it is a consensus: exactly the voters, recorded by one of them or
    a lead. Without, it is arbitration by someone who has not voted. Raises
    `NotAllowedError` otherwise, `UsageError` for an answer that the protocol does
    not accept, and `LitreviewError` where nothing is in conflict.
    """
    lookup.record(session, ruling.record_id)
    cluster = state.lock_clusters(session, [ruling.record_id]).pop()
    # Asked under the lock: a retry waits here for the first try to be stored.
    stored = session.scalar(select(Resolution).where(Resolution.uid == ruling.uid))
    if stored is not None:
        return stored
    outcome = _open_to(session, ruling, cluster)
    kind, people = _settlers(session, ruling, outcome, by)
    streams = ruling.streams or _voted_streams(session, ruling, outcome)
    _refuse_answer(session, ruling, streams)
    resolution = Resolution(
        uid=ruling.uid,
        record_id=ruling.record_id,
        stage=ruling.stage,
        kind=kind,
        verdict=ruling.verdict,
        reason=ruling.reason,
        note=ruling.note,
        basis_key=",".join(map(str, sorted(outcome.basis))),
        supersedes_id=ruling.corrects,
        protocol_id=lookup.protocol(session).id,
        recorder_id=by.id,
    )
    _store(session, resolution, outcome, people, streams)
    return resolution


def _store(
    session: Session,
    resolution: Resolution,
    outcome: Outcome,
    people: Collection[Person],
    streams: Collection[str],
) -> None:
    session.add(resolution)
    session.flush()
    number = resolution.id
    session.add_all(
        [
            *(
                ResolutionBasis(resolution_id=number, decision_id=i)
                for i in sorted(outcome.basis)
            ),
            *(ResolutionPerson(resolution_id=number, person_id=p.id) for p in people),
            *(
                ResolutionStream(resolution_id=number, stream=s)
                for s in sorted(set(streams))
            ),
        ]
    )
    session.flush()


def _open_to(session: Session, ruling: Ruling, cluster: int) -> Outcome:
    """Return the outcome if this ruling may settle it: a conflict, or a correction."""
    outcome = state.outcome(session, ruling.stage, cluster)
    settled_by = None if outcome is None else outcome.resolution_id
    if outcome is not None and settled_by is not None:
        if ruling.corrects == settled_by:
            return outcome
        raise LitreviewError(
            f"record {ruling.record_id} is settled already at {ruling.stage}",
            why=f"resolution {settled_by} says {outcome.verdict}",
            fix=f"to correct it, give --corrects {settled_by}",
        )
    if ruling.corrects is not None:
        raise LitreviewError(
            f"resolution {ruling.corrects} does not decide record "
            f"{ruling.record_id} at {ruling.stage} now",
            why="the votes that it saw have changed, or it was corrected before",
            fix="leave --corrects out if there is a conflict to settle",
        )
    if outcome is not None and outcome.standing == Standing.CONFLICT:
        return outcome
    told = state.standing_of(outcome).replace("_", " ")
    raise LitreviewError(
        f"record {ruling.record_id} has no conflict to settle at {ruling.stage}",
        why=f"it is {told} there",
        fix="`litreview screen conflicts` lists the open ones",
    )


def _refuse_answer(session: Session, ruling: Ruling, streams: Collection[str]) -> None:
    if ruling.verdict == Verdict.MAYBE:
        raise UsageError(
            "a conflict is not settled by maybe", fix="use include or exclude"
        )
    refuse_answer(
        lookup.criteria(session),
        stage=ruling.stage,
        verdict=ruling.verdict,
        reason=ruling.reason,
        streams=streams,
    )


def _settlers(
    session: Session, ruling: Ruling, outcome: Outcome, by: Person
) -> tuple[ResolutionKind, list[Person]]:
    if not by.active or by.role not in SETTLERS:
        raise NotAllowedError(
            f"{by.handle} may not settle conflicts",
            why=f"{by.handle} is a {by.role}" if by.active else "who has left, may not",
            fix="ask a voter, an arbiter or a lead",
        )
    voters = {vote.screener_id for vote in outcome.votes}
    handles = sorted(session.get_one(Person, voter).handle for voter in voters)
    everybody = " ".join(f"--with {handle}" for handle in handles)
    if not ruling.names:
        if by.id in voters:
            raise NotAllowedError(
                f"{by.handle} voted on record {ruling.record_id} and cannot arbitrate",
                fix=f"agree with the others and name everybody: {everybody}; "
                "or ask someone who has not voted",
            )
        return ResolutionKind.ARBITRATION, [by]
    names = sorted({*ruling.names, *([by.handle] if by.id in voters else [])})
    if names != handles:
        raise NotAllowedError(
            "a consensus is one of all who voted, and nobody else",
            why=f"named: {', '.join(names)}; voted: {', '.join(handles)}",
            fix=f"give {everybody}",
        )
    if by.id not in voters and by.role != Role.LEAD:
        raise NotAllowedError(
            f"{by.handle} did not vote and cannot record the others' consensus",
            fix="one of the voters or a lead records it",
        )
    return ResolutionKind.CONSENSUS, [lookup.person(session, name) for name in names]


def _voted_streams(
    session: Session, ruling: Ruling, outcome: Outcome
) -> tuple[str, ...]:
    """Return the streams that the including voters named, if this includes."""
    if ruling.verdict != Verdict.INCLUDE:
        return ()
    query = select(DecisionStream.stream).where(
        DecisionStream.decision_id.in_(outcome.basis)
    )
    return tuple(sorted(set(session.scalars(query))))


# -- votes of those who left ----------------------------------------------------------


def set_aside(
    session: Session, record_id: int, *, screener: Person, by: Person, why: str
) -> list[int]:
    """Set a departed person's live votes on a report aside; return their ids.

    The votes stay stored; they stop counting and the report is handed out again.
    """
    lookup.require(by, Role.LEAD)
    if screener.active:
        raise NotAllowedError(
            f"{screener.handle} is still in the team and can vote again",
            fix="set `active: false` in screening/review.yaml and sync first",
        )
    why = phrase(why, "reason")
    lookup.record(session, record_id)
    cluster = state.lock_clusters(session, [record_id]).pop()
    ids = [
        vote.id
        for stage in Stage
        for vote in state.votes(session, stage, [cluster]).get(cluster, [])
        if vote.screener_id == screener.id
    ]
    if not ids:
        raise NotFoundError(
            f"{screener.handle} has no vote on record {record_id}",
            fix=f"`litreview log {record_id}` shows what was recorded",
        )
    session.add_all(
        DecisionSetAside(decision_id=number, person_id=by.id, why=why) for number in ids
    )
    session.flush()
    membership.release(session, [screener.id])
    audit.note(session, "vote.set-aside", by=by, subject=f"record {record_id}")
    return ids


# -- reading ------------------------------------------------------------------------


def conflicts(session: Session, *, stage: str | None = None) -> list[Conflict]:
    """Return the open conflicts; they are complete, so everybody may see the votes."""
    return [
        conflict
        for each in ([stage] if stage else Stage)
        for conflict in _conflicts(session, str(each))
    ]


def _conflicts(session: Session, stage: str) -> Iterator[Conflict]:
    handle = dict(session.execute(select(Person.id, Person.handle)).all())
    notes = select(Decision.id, Decision.note).where(
        Decision.stage == stage, Decision.note != ""
    )
    note = dict(session.execute(notes).all())
    title = dict(session.execute(select(Record.id, Record.title)).all())
    for cluster, outcome in state.outcomes(session, stage).items():
        if outcome.standing == Standing.CONFLICT:
            votes = tuple(
                {
                    "screener": handle[vote.screener_id],
                    "verdict": vote.verdict,
                    "reason": vote.reason,
                    "note": note.get(vote.id, ""),
                }
                for vote in outcome.votes
            )
            yield Conflict(cluster, stage, title[cluster], votes)
