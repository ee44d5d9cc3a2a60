"""Votes: cast, taken back, brought in from files, and settled when they differ.

A vote is a row that is never changed. Casting one locks the report's cluster,
asks the protocol what such a vote must say, and stores with it everything that a
later reader needs: the payload it was cast on, the protocol, the round, the newest
pair decision, and whether the others' votes were already open to this person.

A vote on a report speaks for all its records: `DecisionScope` names the others, so
that the same person's earlier votes on them stop counting for as long as they are
one report. A resolution stores the votes that it saw and holds for those only.
"""

from __future__ import annotations

import uuid
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from litreview import audit, lookup, state
from litreview.errors import (
    LitreviewError,
    NotAllowedError,
    NotEligibleError,
    NotFoundError,
    UsageError,
)
from litreview.models import (
    Decision,
    DecisionScope,
    DecisionSetAside,
    DecisionStream,
    FulltextEvent,
    PairDecision,
    Person,
    RawRecord,
    Record,
    Resolution,
    ResolutionBasis,
    ResolutionPerson,
    ResolutionStream,
    ScreeningRound,
    now,
)
from litreview.outcome import Outcome, Standing
from litreview.protocol import Stream
from litreview.vocabulary import (
    WITHDRAWN,
    Origin,
    ResolutionKind,
    Retrieval,
    Role,
    Stage,
    Verdict,
)

# Who may vote. A reader looks, a coder codes.
VOTERS = (Role.SCREENER, Role.ARBITER)


@dataclass(frozen=True)
class Ballot:
    """What a screener says about one record.

    `uid` makes a retry harmless: the same ballot is stored once.
    """

    record_id: int
    stage: str
    verdict: str
    reason: str = ""
    streams: tuple[str, ...] = ()
    note: str = ""
    uid: str = field(default_factory=lambda: uuid.uuid4().hex)
    at: datetime | None = None


@dataclass(frozen=True)
class Ruling:
    """How a conflict is settled; `names` are the voters of a consensus."""

    record_id: int
    stage: str
    verdict: str
    reason: str = ""
    streams: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    note: str = ""
    uid: str = field(default_factory=lambda: uuid.uuid4().hex)


# -- voting ---------------------------------------------------------------------


def decide(
    session: Session,
    ballot: Ballot,
    *,
    screener: Person,
    recorder: Person | None = None,
    origin: str = Origin.TERMINAL,
) -> Decision:
    """Store a vote and return it; the same `uid` again returns the stored one.

    Raises `NotAllowedError` for who may not vote, `UsageError` for a ballot that
    the protocol does not accept, `LitreviewError` for a record that is not at
    this stage.
    """
    stored = _stored(session, ballot.uid)
    if stored is not None:
        return stored
    _require_voter(screener)
    lookup.record(session, ballot.record_id)
    clusters = state.lock_clusters(session, [ballot.record_id])
    check_answer(session, ballot.stage, ballot.verdict, ballot.reason, ballot.streams)
    outcome = _at_stage(session, ballot.stage, clusters.pop())
    if ballot.stage == Stage.FULL_TEXT:
        _require_text(session, outcome.cluster_id, screener)
    decision = Decision(
        uid=ballot.uid,
        round_id=_round_of(session, ballot, screener).id,
        verdict=ballot.verdict,
        reason=ballot.reason,
        note=ballot.note,
        informed=_informed(outcome, screener, origin),
        at=ballot.at or now(),
    )
    _append(session, decision, ballot, screener, recorder or screener, origin)
    session.add_all(
        DecisionStream(decision_id=decision.id, stream=stream)
        for stream in sorted(set(ballot.streams))
    )
    session.flush()
    return decision


def withdraw(
    session: Session,
    record_id: int,
    *,
    stage: str,
    screener: Person,
    origin: str = Origin.TERMINAL,
) -> list[Decision]:
    """Take back a person's vote on a report; return the rows that say so.

    Raises `NotFoundError` where there is no vote to take back.
    """
    lookup.record(session, record_id)
    cluster = state.lock_clusters(session, [record_id]).pop()
    outcome = state.outcome(session, stage, cluster)
    informed = outcome is not None and outcome.complete
    own = [
        vote
        for vote in state.votes(session, stage, [cluster]).get(cluster, [])
        if vote.screener_id == screener.id
    ]
    if not own:
        raise NotFoundError(
            f"{screener.handle} has no vote on record {record_id} to take back",
            fix=f"`litreview log {record_id}` shows what was recorded",
        )
    rows = []
    for vote in own:
        round_id = session.get_one(Decision, vote.id).round_id
        row = Decision(
            uid=uuid.uuid4().hex,
            round_id=round_id,
            verdict=WITHDRAWN,
            informed=informed,
        )
        ballot = Ballot(vote.record_id, stage, WITHDRAWN)
        _append(session, row, ballot, screener, screener, origin)
        rows.append(row)
    return rows


def _stored(session: Session, uid: str) -> Decision | None:
    return session.scalar(select(Decision).where(Decision.uid == uid))


def _require_voter(screener: Person) -> None:
    if not screener.active:
        raise NotAllowedError(f"{screener.handle} has left the review")
    if screener.role not in (*VOTERS, Role.LEAD):
        raise NotAllowedError(
            f"{screener.handle} may not vote",
            why=f"{screener.handle} is a {screener.role}",
            fix="a lead can change the role in screening/review.yaml and sync",
        )


def check_answer(
    session: Session,
    stage: str,
    verdict: str,
    reason: str,
    streams: Collection[str] = (),
) -> None:
    """Refuse an answer that the protocol in force does not accept at this stage."""
    criteria = lookup.criteria(session)
    rules = criteria.rules(Stage(stage))
    words = [str(word) for word in rules.verdicts]
    if verdict not in words:
        raise UsageError(
            f"{verdict!r} is no verdict at {stage}", fix=f"use {', '.join(words)}"
        )
    keys = [entry.key for entry in criteria.reasons(stage)]
    if reason and verdict != Verdict.EXCLUDE:
        raise UsageError("only an exclusion has a reason", fix="leave --reason out")
    if reason and reason not in keys:
        raise UsageError(
            f"{reason!r} is no exclusion reason at {stage}",
            fix=f"use one of: {', '.join(keys)}",
        )
    if not reason and verdict == Verdict.EXCLUDE and rules.reason_required:
        raise UsageError(
            f"an exclusion at {stage} needs its primary reason",
            fix=f"give --reason with the first that applies of: {', '.join(keys)}",
        )
    _check_streams(verdict, streams, rules.stream_required, criteria.streams)


def _check_streams(
    verdict: str,
    streams: Collection[str],
    required: bool,  # noqa: FBT001 - the protocol's own yes or no
    known: Sequence[Stream],
) -> None:
    ids = [stream.id for stream in known]
    unknown = sorted(set(streams) - set(ids))
    if unknown:
        raise UsageError(
            f"the protocol has no stream {unknown[0]!r}",
            fix=f"use one of: {', '.join(ids) or '(none are defined)'}",
        )
    if streams and verdict == Verdict.EXCLUDE:
        raise UsageError("only an inclusion serves a stream", fix="leave --stream out")
    if required and not streams and verdict == Verdict.INCLUDE:
        raise UsageError(
            "an inclusion on full text needs the stream it serves",
            fix=f"give --stream with one or more of: {', '.join(ids)}",
        )


def _at_stage(session: Session, stage: str, cluster: int) -> Outcome:
    outcome = state.outcome(session, stage, cluster)
    if outcome is not None:
        return outcome
    if stage == Stage.TITLE_ABSTRACT:
        raise NotEligibleError(
            f"record {cluster} was removed before screening",
            fix=f"`litreview record restore {cluster}` brings it back",
        )
    raise NotEligibleError(
        f"record {cluster} is not at full text",
        why="it is not included on title and abstract (yet, or any more)",
        fix="settle title and abstract first: `litreview screen conflicts`",
    )


def _require_text(session: Session, cluster: int, screener: Person) -> None:
    status = state.retrieval(session, cluster)
    if status == Retrieval.RETRIEVED:
        return
    if status == Retrieval.NOT_RETRIEVED:
        raise LitreviewError(
            f"the full text of record {cluster} was not retrieved",
            fix=f"if it has come: `litreview fulltext set {cluster} retrieved`",
        )
    # Whoever judges the full text has it: the report counts as retrieved.
    session.add(
        FulltextEvent(
            record_id=cluster,
            status=Retrieval.RETRIEVED,
            location="judged by a screener",
            person_id=screener.id,
        )
    )


def _round_of(session: Session, ballot: Ballot, screener: Person) -> ScreeningRound:
    found = state.round_for(session, ballot.stage, ballot.record_id, screener.id)
    if found is None:
        raise LitreviewError(
            f"there is no round of {ballot.stage} yet",
            fix=f"run `litreview screen assign --stage {ballot.stage} --seed 1`",
        )
    return found


def _informed(outcome: Outcome, screener: Person, origin: str) -> bool:
    if not outcome.complete:
        return False
    # A file brings votes that were cast elsewhere; only a changed one saw the rest.
    return origin != Origin.FILE or screener.id in outcome.voters


def _append(  # noqa: PLR0913, PLR0917 - one place fills in what every row carries
    session: Session,
    decision: Decision,
    ballot: Ballot,
    screener: Person,
    recorder: Person,
    origin: str,
) -> None:
    record_id, stage = ballot.record_id, ballot.stage
    decision.record_id, decision.stage = record_id, stage
    decision.screener_id, decision.recorder_id = screener.id, recorder.id
    decision.origin = origin
    last = select(func.max(Decision.seq)).where(
        Decision.record_id == record_id,
        Decision.stage == stage,
        Decision.screener_id == screener.id,
    )
    decision.seq = (session.scalar(last) or 0) + 1
    decision.raw_id = session.scalar(
        select(func.max(RawRecord.id)).where(RawRecord.record_id == record_id)
    )
    decision.protocol_id = lookup.protocol(session).id
    decision.pair_decision_id = session.scalar(select(func.max(PairDecision.id)))
    session.add(decision)
    session.flush()
    home = select(Record.cluster_id).where(Record.id == record_id).scalar_subquery()
    others = session.scalars(
        select(Record.id).where(Record.cluster_id == home, Record.id != record_id)
    )
    session.add_all(
        DecisionScope(decision_id=decision.id, record_id=other) for other in others
    )
    session.flush()


# -- settling conflicts -----------------------------------------------------------


def resolve(session: Session, ruling: Ruling, *, by: Person) -> Resolution:
    """Settle a conflict, or correct how it was settled; return the resolution.

    With `names` it is a consensus: exactly the voters, recorded by one of them or
    a lead. Without, it is arbitration by someone who has not voted. Raises
    `NotAllowedError` otherwise, and `LitreviewError` where nothing is in conflict.
    """
    stored = session.scalar(select(Resolution).where(Resolution.uid == ruling.uid))
    if stored is not None:
        return stored
    lookup.record(session, ruling.record_id)
    cluster = state.lock_clusters(session, [ruling.record_id]).pop()
    outcome = _in_conflict(session, ruling, cluster)
    kind, people = _settlers(session, ruling, outcome, by)
    if ruling.verdict == Verdict.MAYBE:
        raise UsageError("a conflict is settled by include or exclude")
    streams = ruling.streams or _voted_streams(session, ruling, outcome)
    check_answer(session, ruling.stage, ruling.verdict, ruling.reason, streams)
    resolution = Resolution(
        uid=ruling.uid,
        record_id=ruling.record_id,
        stage=ruling.stage,
        kind=kind,
        verdict=ruling.verdict,
        reason=ruling.reason,
        note=ruling.note,
        basis_key=",".join(map(str, sorted(outcome.basis))),
        supersedes_id=outcome.resolution_id,
        protocol_id=lookup.protocol(session).id,
        recorder_id=by.id,
    )
    session.add(resolution)
    session.flush()
    number = resolution.id
    session.add_all(
        [
            *(
                ResolutionBasis(resolution_id=number, decision_id=i)
                for i in outcome.basis
            ),
            *(ResolutionPerson(resolution_id=number, person_id=p.id) for p in people),
            *(ResolutionStream(resolution_id=number, stream=s) for s in set(streams)),
        ]
    )
    session.flush()
    return resolution


def _in_conflict(session: Session, ruling: Ruling, cluster: int) -> Outcome:
    outcome = state.outcome(session, ruling.stage, cluster)
    settled_before = outcome is not None and outcome.resolution_id is not None
    if outcome is not None and (
        outcome.standing == Standing.CONFLICT or settled_before
    ):
        return outcome
    told = state.standing_of(outcome).replace("_", " ")
    raise LitreviewError(
        f"record {ruling.record_id} has no conflict to settle at {ruling.stage}",
        why=f"it is {told} there",
        fix="`litreview screen conflicts` lists the open ones",
    )


def _settlers(
    session: Session, ruling: Ruling, outcome: Outcome, by: Person
) -> tuple[ResolutionKind, list[Person]]:
    if not by.active or by.role in (Role.READER, Role.CODER):
        raise NotAllowedError(f"{by.handle} may not settle conflicts")
    voters = {vote.screener_id for vote in outcome.votes}
    handles = sorted(session.get_one(Person, voter).handle for voter in voters)
    if not ruling.names:
        if by.id in voters:
            raise NotAllowedError(
                f"{by.handle} voted on record {ruling.record_id} and cannot arbitrate",
                fix="agree with the others and name everybody: "
                + " ".join(f"--with {handle}" for handle in handles)
                + "; or ask someone who has not voted",
            )
        return ResolutionKind.ARBITRATION, [by]
    names = sorted({*ruling.names, *([by.handle] if by.id in voters else [])})
    if names != handles:
        raise NotAllowedError(
            "a consensus is one of all who voted, and nobody else",
            why=f"named: {', '.join(names)}; voted: {', '.join(handles)}",
            fix=" ".join(f"--with {handle}" for handle in handles),
        )
    if by.id not in voters and by.role != Role.LEAD:
        raise NotAllowedError(
            f"{by.handle} did not vote and cannot record the others' consensus",
            fix="one of the voters or a lead records it",
        )
    people = [lookup.person(session, name) for name in names]
    return ResolutionKind.CONSENSUS, people


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


def set_aside(
    session: Session, record_id: int, *, screener: Person, by: Person, why: str
) -> list[int]:
    """Set a departed person's live votes on a report aside; return their ids.

    The votes stay stored; they stop counting and the report is handed out again.
    """
    if by.role != Role.LEAD:
        raise NotAllowedError("only a lead may set votes aside")
    if screener.active:
        raise NotAllowedError(
            f"{screener.handle} is still in the team and can vote again",
            fix="set `active: false` in screening/review.yaml and sync first",
        )
    cluster = state.lock_clusters(session, [record_id]).pop()
    ids = [
        vote.id
        for stage in Stage
        for vote in state.votes(session, stage, [cluster]).get(cluster, [])
        if vote.screener_id == screener.id
    ]
    if not ids:
        raise NotFoundError(f"{screener.handle} has no vote on record {record_id}")
    session.add_all(
        DecisionSetAside(decision_id=number, person_id=by.id, why=why) for number in ids
    )
    audit.note(session, "vote.set-aside", by=by, subject=f"record {record_id}")
    return ids


# -- reading -------------------------------------------------------------------------


@dataclass(frozen=True)
class Card:
    """What a screener sees of a report: bibliographic facts, never an opinion."""

    record_id: int
    title: str
    authors: str
    year: int | None
    container_title: str
    type: str
    doi: str
    url: str
    abstract: str
    retracted: bool
    records: int


def card(session: Session, record_id: int) -> Card:
    """Return what there is to see of a report.

    Where the record lacks an abstract, a DOI or an address, another record of the
    same report lends its own.
    """
    own = lookup.record(session, record_id)
    rest = lookup.members(session, record_id)
    everyone = [own, *rest]

    def first(field: str) -> str:
        return next(
            (text for row in everyone if (text := str(getattr(row, field)))), ""
        )

    return Card(
        record_id=own.id,
        title=first("title"),
        authors=first("authors"),
        year=own.year or next((row.year for row in rest if row.year), None),
        container_title=first("container_title"),
        type=first("type"),
        doi=first("doi"),
        url=first("url"),
        abstract=first("abstract"),
        retracted=any(row.retracted for row in everyone),
        records=len(rest),
    )


@dataclass(frozen=True)
class Conflict:
    """A report on which complete votes differ, with every vote and its note."""

    record_id: int
    stage: str
    title: str
    votes: tuple[dict[str, str], ...]


def conflicts(session: Session, *, stage: str | None = None) -> list[Conflict]:
    """Return the open conflicts; they are complete, so everybody may see the votes."""
    found = []
    handle = dict(session.execute(select(Person.id, Person.handle)).tuples().all())
    for each in [stage] if stage else list(Stage):
        for cluster, outcome in state.outcomes(session, each).items():
            if outcome.standing != Standing.CONFLICT:
                continue
            notes = select(Decision.id, Decision.note).where(
                Decision.id.in_(outcome.basis)
            )
            note = dict(session.execute(notes).tuples().all())
            votes = tuple(
                {
                    "screener": handle[vote.screener_id],
                    "verdict": vote.verdict,
                    "reason": vote.reason,
                    "note": note[vote.id],
                }
                for vote in outcome.votes
            )
            title = session.get_one(Record, cluster).title
            found.append(Conflict(cluster, str(each), title, votes))
    return found


# -- votes from a file --------------------------------------------------------------


@dataclass(frozen=True)
class VoteRow:
    """A line of a votes file; `record_id` or `source_id` names the record."""

    line: int
    screener: str
    stage: str
    verdict: str
    record_id: int | None = None
    source_id: str = ""
    source: str = ""
    reason: str = ""
    streams: tuple[str, ...] = ()
    at: datetime | None = None


@dataclass
class Imported:
    """What came of a votes file; `waiting` are full-text votes not yet possible."""

    stored: int = 0
    already_there: int = 0
    new_people: list[str] = field(default_factory=list)
    waiting: list[str] = field(default_factory=list)


def import_votes(
    session: Session, rows: Sequence[VoteRow], *, file_hash: str, by: Person
) -> Imported:
    """Store the votes of a file, each once, title and abstract before full text.

    Unknown screeners join. A vote equal to the one in force is not stored again. A
    full-text vote on a report that is not (yet) included waits: the file can be
    brought in again. Raises `LitreviewError` with the line for the first impossible
    row; nothing of the file is then stored.
    """
    if by.role != Role.LEAD:
        raise NotAllowedError(f"{by.handle} may not bring in others' votes")
    told = Imported()
    order = {str(stage): place for place, stage in enumerate(Stage)}
    for row in sorted(rows, key=lambda row: (order[row.stage], row.line)):
        try:
            _import_row(session, row, told, file_hash, by)
        except NotEligibleError as error:
            if row.stage == Stage.TITLE_ABSTRACT:
                raise
            told.waiting.append(f"line {row.line}: {error.what}")
        except LitreviewError as error:
            raise type(error)(
                f"line {row.line}: {error.what}", why=error.why, fix=error.fix
            ) from error
    return told


def _import_row(
    session: Session, row: VoteRow, told: Imported, file_hash: str, by: Person
) -> None:
    record_id = _named_record(session, row)
    screener = _joined(session, row.screener, told, by)
    if _in_force(session, row, record_id, screener):
        told.already_there += 1
        return
    ballot = Ballot(
        record_id,
        row.stage,
        row.verdict,
        row.reason,
        row.streams,
        uid=f"{file_hash}:{row.line}",
        at=row.at,
    )
    if _stored(session, ballot.uid) is not None:
        told.already_there += 1
        return
    decide(session, ballot, screener=screener, recorder=by, origin=Origin.FILE)
    told.stored += 1


def _named_record(session: Session, row: VoteRow) -> int:
    if row.record_id is not None:
        return lookup.record(session, row.record_id).id
    query = select(Record.id).where(Record.source_id == row.source_id)
    if row.source:
        query = query.where(Record.source == row.source)
    ids = list(session.scalars(query.limit(3)))
    if len(ids) == 1:
        return ids[0]
    if not ids:
        raise NotFoundError(f"no record is called {row.source_id!r}")
    raise UsageError(
        f"{row.source_id!r} names more than one record",
        fix="add a column source, or use record_id (`litreview export records`)",
    )


def _joined(session: Session, handle: str, told: Imported, by: Person) -> Person:
    found = session.scalar(select(Person).where(Person.handle == handle))
    if found is None:
        found = Person(handle=handle, name="", role=Role.SCREENER)
        session.add(found)
        session.flush()
        audit.note(session, "person.joined", by=by, subject=handle)
        told.new_people.append(handle)
    return found


def _in_force(session: Session, row: VoteRow, record_id: int, screener: Person) -> bool:
    newest = session.scalar(
        select(Decision)
        .where(
            Decision.record_id == record_id,
            Decision.stage == row.stage,
            Decision.screener_id == screener.id,
        )
        .order_by(Decision.seq.desc())
        .limit(1)
    )
    return newest is not None and (newest.verdict, newest.reason) == (
        row.verdict,
        row.reason,
    )
