"""Votes: cast, taken back, and brought in from files.

A vote is a row that is never changed. Casting one locks the report's cluster,
asks the protocol what such a vote must say, and stores with it everything that a
later reader needs: the payload it was cast on, the protocol, the round, the newest
pair decision, and whether the others' votes were already open to this person.

A vote on a report speaks for all its records: `DecisionScope` names the others, so
that the same person's earlier votes on them stop counting for as long as they are
one report.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache

from sqlalchemy import Select, bindparam, func, select
from sqlalchemy.orm import Session

from litreview import audit, lookup, membership, state
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
    DecisionStream,
    FulltextEvent,
    PairDecision,
    Person,
    RawRecord,
    Record,
    now,
)
from litreview.outcome import Outcome
from litreview.protocol import refuse_answer
from litreview.vocabulary import WITHDRAWN, Origin, Retrieval, Role, Stage
from litreview.wording import phrase

# Who may vote. A reader looks, a coder codes.
VOTERS = (Role.SCREENER, Role.ARBITER, Role.LEAD)


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
    lookup.record(session, ballot.record_id)
    cluster = state.lock_clusters(session, [ballot.record_id]).pop()
    # Asked under the lock: a retry waits here for the first try to be stored.
    stored = _stored(session, ballot.uid)
    if stored is not None:
        return stored
    _require_voter(screener)
    refuse_answer(
        lookup.criteria(session),
        stage=ballot.stage,
        verdict=ballot.verdict,
        reason=ballot.reason,
        streams=ballot.streams,
    )
    outcome = _at_stage(session, ballot, cluster)
    if ballot.stage == Stage.FULL_TEXT:
        _require_text(session, ballot.record_id, cluster, screener)
    decision = Decision(
        uid=ballot.uid,
        round_id=_round_id(session, ballot, screener),
        verdict=ballot.verdict,
        reason=ballot.reason,
        note=phrase(ballot.note, "note", required=False),
        informed=_informed(session, ballot.stage, outcome, screener, origin),
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

    Raises `NotFoundError` where there is no vote to take back, `NotAllowedError`
    for somebody who has left.
    """
    _require_present(screener)
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


def _require_present(screener: Person) -> None:
    if not screener.active:
        raise NotAllowedError(
            f"{screener.handle} has left the review",
            fix="a lead can set `active: true` in screening/review.yaml and sync",
        )


def _require_voter(screener: Person) -> None:
    _require_present(screener)
    if screener.role not in VOTERS:
        raise NotAllowedError(
            f"{screener.handle} may not vote",
            why=f"{screener.handle} is a {screener.role}",
            fix="a lead can change the role in screening/review.yaml and sync",
        )


def _at_stage(session: Session, ballot: Ballot, cluster: int) -> Outcome:
    outcome = state.outcome(session, ballot.stage, cluster)
    if outcome is not None:
        return outcome
    if ballot.stage == Stage.TITLE_ABSTRACT:
        raise NotEligibleError(
            f"record {ballot.record_id} was removed before screening",
            fix=f"`litreview record restore {ballot.record_id}` brings it back",
        )
    raise NotEligibleError(
        f"record {ballot.record_id} is not at full text",
        why="it is not included on title and abstract (yet, or any more)",
        fix="settle title and abstract first: `litreview screen conflicts`",
    )


def _require_text(
    session: Session, record_id: int, cluster: int, screener: Person
) -> None:
    status = state.retrieval(session, cluster)
    if status == Retrieval.RETRIEVED:
        return
    if status == Retrieval.NOT_RETRIEVED:
        raise LitreviewError(
            f"the full text of record {record_id} was not retrieved",
            fix=f"if it has come: `litreview fulltext set {record_id} retrieved`",
        )
    # Whoever judges the full text has it: the report counts as retrieved.
    session.add(
        FulltextEvent(
            record_id=record_id,
            status=Retrieval.RETRIEVED,
            location="judged by a screener",
            person_id=screener.id,
        )
    )


def _round_id(session: Session, ballot: Ballot, screener: Person) -> int:
    found = membership.round_for(session, ballot.stage, ballot.record_id, screener.id)
    if found is None:
        raise LitreviewError(
            f"there is no round of {ballot.stage} yet",
            fix=f"run `litreview screen assign --stage {ballot.stage} --seed 1`",
        )
    return found.id


def _informed(
    session: Session, stage: str, outcome: Outcome, screener: Person, origin: str
) -> bool:
    if origin == Origin.FILE:
        # These votes were cast elsewhere; only a changed one saw the rest.
        return outcome.complete and screener.id in outcome.voters
    return outcome.complete or state.was_open(session, stage, outcome)


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
    asked = {"record": record_id, "stage": stage, "screener": screener.id}
    last, raw, pair = session.execute(_newest(), asked).one()
    decision.seq = (last or 0) + 1
    decision.raw_id, decision.pair_decision_id = raw, pair
    decision.protocol_id = lookup.protocol(session).id
    session.add(decision)
    session.flush()
    session.add_all(
        DecisionScope(decision_id=decision.id, record_id=other)
        for other in session.scalars(_others(), {"record": record_id})
    )
    session.flush()


@lru_cache(maxsize=1)  # building these two costs more than asking them
def _newest() -> Select[int | None, int | None, int | None]:
    """Return the query of what a new vote counts on from.

    The columns are the person's last number on the record, the record's newest
    payload, and the newest pair decision of all.
    """
    last = select(func.max(Decision.seq)).where(
        Decision.record_id == bindparam("record"),
        Decision.stage == bindparam("stage"),
        Decision.screener_id == bindparam("screener"),
    )
    raw = select(func.max(RawRecord.id)).where(
        RawRecord.record_id == bindparam("record")
    )
    pair = select(func.max(PairDecision.id))
    return select(last.scalar_subquery(), raw.scalar_subquery(), pair.scalar_subquery())


@lru_cache(maxsize=1)
def _others() -> Select[int]:
    """Return the query of the other records of a record's report."""
    here = Record.id == bindparam("record")
    home = select(Record.cluster_id).where(here).scalar_subquery()
    return select(Record.id).where(Record.cluster_id == home, ~here)


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
    note: str = ""


@dataclass
class Imported:
    """What came of a votes file; `waiting` are full-text votes not yet possible."""

    stored: int = 0
    already_there: int = 0
    new_people: list[str] = field(default_factory=list)
    waiting: list[str] = field(default_factory=list)


def import_votes(
    session: Session,
    rows: Sequence[VoteRow],
    *,
    file_hash: str,
    by: Person,
    tell: Callable[[int], None] = lambda _done: None,
) -> Imported:
    """Store the votes of a file, each once, title and abstract before full text.

    `tell` hears how many rows are done, after each. Unknown screeners join. A vote
    equal to the one in force is not stored again. A full-text vote on a report that
    is not (yet) included waits: the file can be brought in again. Raises
    `LitreviewError` with the line for the first impossible row; nothing of the file
    is then stored.
    """
    if by.role != Role.LEAD or not by.active:
        raise NotAllowedError(
            f"{by.handle} may not bring in others' votes", fix="ask a lead"
        )
    told = Imported()
    ordered = sorted(rows, key=lambda row: (row.stage == Stage.FULL_TEXT, row.line))
    for done, row in enumerate(ordered, start=1):
        tell(done)
        try:
            _import_row(session, row, told, file_hash, by)
        except LitreviewError as error:
            what = f"line {row.line}: {error.what}"
            if row.stage != Stage.FULL_TEXT or not isinstance(error, NotEligibleError):
                raise type(error)(what, why=error.why, fix=error.fix) from error
            told.waiting.append(what)
    return told


def _import_row(
    session: Session, row: VoteRow, told: Imported, file_hash: str, by: Person
) -> None:
    record_id = _named_record(session, row)
    screener = _joined(session, row.screener, told, by)
    uid = f"{file_hash}:{row.line}"
    if _in_force(session, row, record_id, screener) or _stored(session, uid):
        told.already_there += 1
        return
    ballot = Ballot(
        record_id,
        row.stage,
        row.verdict,
        row.reason,
        row.streams,
        row.note,
        uid=uid,
        at=row.at,
    )
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
        raise NotFoundError(
            f"no record is called {row.source_id!r}"
            + (f" in {row.source}" if row.source else ""),
            fix="`litreview record list` shows source and source_id",
        )
    raise UsageError(
        f"{row.source_id!r} names more than one record",
        fix="add a column source, or use record_id (`litreview export records`)",
    )


def _joined(session: Session, handle: str, told: Imported, by: Person) -> Person:
    handle = phrase(handle, "screener")
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
    if newest is None or (newest.verdict, newest.reason) != (row.verdict, row.reason):
        return False
    named = select(DecisionStream.stream).where(DecisionStream.decision_id == newest.id)
    return set(session.scalars(named)) == set(row.streams)
