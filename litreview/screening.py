"""Votes: cast and taken back.

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
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import lru_cache

from sqlalchemy import Select, bindparam, func, select
from sqlalchemy.orm import Session

from litreview import lookup, membership, merged, state
from litreview.declarative import now
from litreview.errors import (
    LitreviewError,
    NotAllowedError,
    NotEligibleError,
    NotFoundError,
)
from litreview.models import (
    Decision,
    DecisionScope,
    DecisionStream,
    FulltextEvent,
    PairDecision,
    Person,
    ProtocolVersion,
    RawRecord,
    Record,
    ScreeningRound,
)
from litreview.outcome import Outcome
from litreview.protocol import Criteria, refuse_answer
from litreview.vocabulary import WITHDRAWN, Origin, Retrieval, Role, Stage
from litreview.wording import phrase

# Who may vote. A reader looks, a coder codes.
VOTERS = (Role.SCREENER, Role.ARBITER, Role.LEAD)


@dataclass(frozen=True)
class Seen:
    """What a vote from elsewhere was cast on, where things may differ here by now.

    `records` are the other records of the report as it was shown; `informed` says
    that the others' votes were open to the screener at that time.
    """

    round_id: int
    protocol_id: int
    raw_id: int | None
    pair_decision_id: int | None
    records: tuple[int, ...] = ()
    informed: bool = False


@dataclass(frozen=True)
class Ballot:
    """What a screener says about one record.

    `uid` makes a retry harmless: the same ballot is stored once. `seen` is given
    for what was said on a copy of the records.
    """

    record_id: int
    stage: str
    verdict: str
    reason: str = ""
    streams: tuple[str, ...] = ()
    note: str = ""
    uid: str = field(default_factory=lambda: uuid.uuid4().hex)
    at: datetime | None = None
    seen: Seen | None = None


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
    require_voter(screener)
    refuse_answer(
        _criteria(session, ballot),
        stage=ballot.stage,
        verdict=ballot.verdict,
        reason=ballot.reason,
        streams=ballot.streams,
    )
    outcome = _at_stage(session, ballot, cluster)
    if ballot.stage == Stage.FULL_TEXT:
        _require_text(session, ballot.record_id, cluster, screener)
    part = _round(session, ballot, screener)
    decision = Decision(
        uid=ballot.uid,
        round_id=part.id,
        verdict=ballot.verdict,
        reason=ballot.reason,
        note=phrase(ballot.note, "note", required=False),
        informed=ballot.seen.informed
        if ballot.seen
        else _informed(session, part, outcome, screener, origin),
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

    Of a vote in a pilot and one that counts it is the later.

    Raises `NotFoundError` where there is no vote to take back, `NotAllowedError`
    for who may not vote.
    """
    require_voter(screener)
    lookup.record(session, record_id)
    cluster = state.lock_clusters(session, [record_id]).pop()
    own = max(
        (
            [
                vote
                for vote in state.votes(
                    session, stage, [cluster], counting=counting
                ).get(cluster, [])
                if vote.screener_id == screener.id
            ]
            for counting in (True, False)
        ),
        key=lambda votes: max((vote.id for vote in votes), default=0),
    )
    if not own:
        raise NotFoundError(
            f"{screener.handle} has no vote on record {record_id} to take back",
            fix=f"`litreview log {record_id}` shows what was recorded",
        )
    rows = []
    for vote in own:
        part = session.get_one(
            ScreeningRound, session.get_one(Decision, vote.id).round_id
        )
        row = Decision(
            uid=uuid.uuid4().hex,
            round_id=part.id,
            verdict=WITHDRAWN,
            informed=_is_open(session, part, cluster),
        )
        ballot = Ballot(vote.record_id, stage, WITHDRAWN)
        _append(session, row, ballot, screener, screener, origin)
        rows.append(row)
    return rows


def take_back(
    session: Session, ballot: Ballot, *, screener: Person, recorder: Person
) -> Decision:
    """Store a withdrawal that was made elsewhere and return it, once for its `uid`.

    `ballot.seen` says what it was made on. Nothing is asked of the report: who took
    a vote back on a copy takes it back whatever has become of the report.
    """
    assert ballot.seen is not None  # noqa: S101 - the caller brings it from the copy
    lookup.record(session, ballot.record_id)
    state.lock_clusters(session, [ballot.record_id])
    stored = _stored(session, ballot.uid)
    if stored is not None:
        return stored
    require_voter(screener)
    row = Decision(
        uid=ballot.uid,
        round_id=ballot.seen.round_id,
        verdict=WITHDRAWN,
        informed=ballot.seen.informed,
        at=ballot.at or now(),
    )
    said = replace(ballot, verdict=WITHDRAWN, reason="", streams=())
    _append(session, row, said, screener, recorder, Origin.FILE)
    return row


def _stored(session: Session, uid: str) -> Decision | None:
    return session.scalar(select(Decision).where(Decision.uid == uid))


def _require_present(screener: Person) -> None:
    if not screener.active:
        raise NotAllowedError(
            f"{screener.handle} has left the review",
            fix="a lead can set `active: true` in screening/review.yaml and sync",
        )


def require_voter(screener: Person) -> None:
    """Refuse somebody who has left, or whose role does not vote."""
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


def _criteria(session: Session, ballot: Ballot) -> Criteria:
    """Return the criteria that a ballot answers to."""
    if ballot.seen is None:
        return lookup.criteria(session)
    version = session.get_one(ProtocolVersion, ballot.seen.protocol_id)
    return lookup.parsed_criteria(version)


def _round(session: Session, ballot: Ballot, screener: Person) -> ScreeningRound:
    if ballot.seen is not None:
        return session.get_one(ScreeningRound, ballot.seen.round_id)
    found = membership.round_for(session, ballot.stage, ballot.record_id, screener.id)
    if found is None:
        raise LitreviewError(
            f"there is no round of {ballot.stage} yet",
            fix=f"run `litreview screen assign --stage {ballot.stage} --seed 1`",
        )
    return found


def _informed(
    session: Session,
    part: ScreeningRound,
    outcome: Outcome,
    screener: Person,
    origin: str,
) -> bool:
    if not part.counts:
        return _is_open(session, part, outcome.cluster_id)
    if origin == Origin.FILE:
        # These votes were cast elsewhere; only a changed one saw the rest.
        return outcome.complete and screener.id in outcome.voters
    if outcome.complete or state.was_open(session, part.stage, outcome):
        return True
    # What everybody said in a pilot was there to be talked about.
    return bool(membership.pilot_complete(session, part.stage, outcome.cluster_id))


def _is_open(session: Session, part: ScreeningRound, cluster: int) -> bool:
    """Tell whether the votes of this kind of round on a report can be seen."""
    if not part.counts:
        return bool(membership.pilot_complete(session, part.stage, cluster))
    outcome = state.outcome(session, part.stage, cluster)
    return outcome is not None and outcome.complete


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
    seen = ballot.seen
    if seen is None:
        decision.raw_id, decision.pair_decision_id = raw, pair
        decision.protocol_id = lookup.protocol(session).id
        others = session.scalars(_others(), {"record": record_id}).all()
    else:
        decision.raw_id, decision.pair_decision_id = seen.raw_id, seen.pair_decision_id
        decision.protocol_id = seen.protocol_id
        others = seen.records
    session.add(decision)
    session.flush()
    session.add_all(
        DecisionScope(decision_id=decision.id, record_id=other) for other in others
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
    """Return what there is to see of a report: the merged view of its records."""
    own = lookup.record(session, record_id)
    view = merged.view(session, record_id)
    told = {name: choice.text for name, choice in view.choices.items()}
    return Card(
        record_id=own.id,
        title=told.get("title", ""),
        authors=told.get("authors", ""),
        year=int(told["year"]) if "year" in told else None,
        container_title=told.get("container_title", ""),
        type=told.get("type", ""),
        doi=told.get("doi", ""),
        url=told.get("url", ""),
        abstract=told.get("abstract", ""),
        retracted=told.get("retracted") == "yes",
        records=len(view.record_ids),
    )
