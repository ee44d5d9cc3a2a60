"""Everything that happened to one record and its report, in the order of time.

A record's log is that of its report: the rows of all the records that are one
report with it now, each event with the record that it befell. Others' votes, and
how they were settled, are told only once the report has the votes that its round
asks for; a person's own votes always are. Hidden ones leave no trace here, not even
their number.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from litreview import coders, lookup, membership, state, streams
from litreview.models import (
    Assignment,
    AuditEvent,
    Decision,
    DecisionSetAside,
    FulltextEvent,
    HarvestRun,
    Hit,
    PairDecision,
    Person,
    RawRecord,
    RecordEdit,
    RecordRemoval,
    Resolution,
    ScreeningRound,
    SearchStrategy,
)
from litreview.synthesis import CodeApplication, CodeRetraction
from litreview.vocabulary import WITHDRAWN, Stage

Row = dict[str, object]

# How kinds follow one another where several happened at one moment.
ORDER = (
    *("hit", "payload", "edit", "removal", "restoration", "pair", "assignment"),
    *("release", "vote", "withdrawal", "reopening", "set aside", "resolution"),
    "fulltext",
    *("code", "retraction"),
)


@dataclass(frozen=True)
class Log:
    """The events shown, and the stages whose votes the asker may not see yet."""

    events: list[Row]
    blind: list[str]


@dataclass(frozen=True)
class _Asked:
    """Whose log it is, and what the asker may see of it."""

    session: Session
    ids: frozenset[int]
    asker_id: int
    complete: frozenset[str]
    piloted: frozenset[str]


def log(session: Session, record_id: int, *, handle: str) -> Log:
    """Return what happened to a record's report as `handle` may see it.

    Each event has `at`, `kind`, `record_id`, `person` and what its kind tells.
    """
    asker = lookup.person(session, handle)
    members = lookup.members(session, record_id)
    cluster = members[0].cluster_id
    complete = frozenset(
        str(stage)
        for stage in Stage
        if (found := state.outcome(session, stage, cluster)) and found.complete
    )
    piloted = frozenset(
        str(stage)
        for stage in Stage
        if membership.pilot_complete(session, stage, cluster)
    )
    ids = frozenset(member.id for member in members)
    asked = _Asked(session, ids, asker.id, complete, piloted)
    people = dict(session.execute(select(Person.id, Person.handle)).all())
    events = [row for tell in _TELLERS for row in tell(asked)]
    for row in events:
        row["person"] = people.get(row.pop("person_id"), "")  # type: ignore[call-overload]
    events.sort(key=lambda row: (row["at"], ORDER.index(str(row["kind"]))))
    return Log(events, [str(stage) for stage in Stage if stage not in complete])


def _found(asked: _Asked) -> Iterator[Row]:
    query = (
        select(Hit, HarvestRun, SearchStrategy.name)
        .join(HarvestRun, HarvestRun.id == Hit.run_id)
        .outerjoin(SearchStrategy, SearchStrategy.id == HarvestRun.strategy_id)
        .where(Hit.record_id.in_(asked.ids))
        .order_by(Hit.run_id)
    )
    for hit, run, strategy in asked.session.execute(query):
        row: Row = {"at": run.started_at, "kind": "hit", "record_id": hit.record_id}
        yield {
            **row,
            "person_id": run.person_id,
            "run_id": run.id,
            "source": run.source,
            "by": run.kind,
            "strategy": strategy or "",
            "seed_id": hit.seed_id,
            "rank": hit.rank,
        }


def _payloads(asked: _Asked) -> Iterator[Row]:
    query = (
        select(RawRecord, HarvestRun.person_id)
        .join(HarvestRun, HarvestRun.id == RawRecord.run_id)
        .where(RawRecord.record_id.in_(asked.ids))
        .order_by(RawRecord.id)
    )
    for raw, person_id in asked.session.execute(query):
        row: Row = {"at": raw.at, "kind": "payload", "record_id": raw.record_id}
        told = {"version": raw.version, "sha256": raw.sha256, "run_id": raw.run_id}
        yield {**row, "person_id": person_id, **told}


def _edits(asked: _Asked) -> Iterator[Row]:
    query = select(RecordEdit).where(RecordEdit.record_id.in_(asked.ids))
    for edit in asked.session.scalars(query.order_by(RecordEdit.id)):
        row: Row = {"at": edit.at, "kind": "edit", "record_id": edit.record_id}
        told = {"field": edit.field, "value": edit.value, "why": edit.why}
        yield {**row, "person_id": edit.person_id, **told}


def _removals(asked: _Asked) -> Iterator[Row]:
    query = select(RecordRemoval).where(RecordRemoval.record_id.in_(asked.ids))
    for gone in asked.session.scalars(query.order_by(RecordRemoval.id)):
        kind = "removal" if gone.removed else "restoration"
        row: Row = {"at": gone.at, "kind": kind, "record_id": gone.record_id}
        told = {"basis": gone.basis, "text": gone.text}
        yield {**row, "person_id": gone.person_id, **told}


def _pairs(asked: _Asked) -> Iterator[Row]:
    ids = asked.ids
    query = select(PairDecision).where(
        or_(PairDecision.a_id.in_(ids), PairDecision.b_id.in_(ids))
    )
    for pair in asked.session.scalars(query.order_by(PairDecision.id)):
        own, other = (
            (pair.a_id, pair.b_id) if pair.a_id in ids else (pair.b_id, pair.a_id)
        )
        yield {
            "at": pair.at,
            "kind": "pair",
            "record_id": own,
            "person_id": pair.person_id,
            "other_id": other,
            "verdict": pair.verdict,
            "machine": pair.person_id is None,
            "score": pair.score,
            "why": pair.why,
        }


def _assignments(asked: _Asked) -> Iterator[Row]:
    query = (
        select(Assignment, ScreeningRound)
        .join(ScreeningRound, ScreeningRound.id == Assignment.round_id)
        .where(Assignment.record_id.in_(asked.ids))
        .order_by(Assignment.id)
    )
    for handed, part in asked.session.execute(query):
        told: Row = {
            "record_id": handed.record_id,
            "person_id": handed.person_id,
            "stage": part.stage,
            "round": part.name,
        }
        yield {"at": handed.at, "kind": "assignment", **told}
        if handed.released_at is not None:
            yield {"at": handed.released_at, "kind": "release", **told}


def _votes(asked: _Asked) -> Iterator[Row]:
    """Yield votes: the asker's own, and all where the report has its votes.

    Those of a pilot open with the pilot's own, whatever the main round has.
    """
    named = streams.named(asked.session)
    query = (
        select(Decision, ScreeningRound.counts)
        .join(ScreeningRound, ScreeningRound.id == Decision.round_id)
        .where(Decision.record_id.in_(asked.ids))
        .order_by(Decision.id)
    )
    for vote, counts in asked.session.execute(query):
        opened = asked.complete if counts else asked.piloted
        if vote.stage not in opened and vote.screener_id != asked.asker_id:
            continue
        yield {
            "at": vote.recorded_at,
            "kind": "withdrawal" if vote.verdict == WITHDRAWN else "vote",
            "record_id": vote.record_id,
            "person_id": vote.screener_id,
            "stage": vote.stage,
            "verdict": vote.verdict,
            "reason": vote.reason,
            "streams": list(named.get(vote.id, ())),
            "note": vote.note,
            "origin": vote.origin,
            "informed": vote.informed,
        }


def _set_aside(asked: _Asked) -> Iterator[Row]:
    query = (
        select(DecisionSetAside, Decision)
        .join(Decision, Decision.id == DecisionSetAside.decision_id)
        .where(Decision.record_id.in_(asked.ids))
        .order_by(DecisionSetAside.decision_id)
    )
    for aside, vote in asked.session.execute(query):
        if vote.stage not in asked.complete and vote.screener_id != asked.asker_id:
            continue
        row: Row = {"at": aside.at, "kind": "set aside", "record_id": vote.record_id}
        yield {**row, "person_id": aside.person_id, "why": aside.why}


def _reopenings(asked: _Asked) -> Iterator[Row]:
    """Yield that a report was reopened; whose votes were set aside is told apart."""
    number = {f"record {record_id}": record_id for record_id in asked.ids}
    query = select(AuditEvent).where(
        AuditEvent.kind == state.REOPENED, AuditEvent.subject.in_(number)
    )
    for event in asked.session.scalars(query.order_by(AuditEvent.id)):
        told = dict(event.detail)
        yield {
            "at": event.at,
            "kind": "reopening",
            "record_id": number[event.subject],
            "person_id": event.person_id,
            "stage": told["stage"],
            "why": told["why"],
        }


def _resolutions(asked: _Asked) -> Iterator[Row]:
    named = streams.resolved(asked.session)
    query = select(Resolution).where(Resolution.record_id.in_(asked.ids))
    for done in asked.session.scalars(query.order_by(Resolution.id)):
        if done.stage not in asked.complete:
            continue
        yield {
            "at": done.at,
            "kind": "resolution",
            "record_id": done.record_id,
            "person_id": done.recorder_id,
            "stage": done.stage,
            "by": done.kind,
            "verdict": done.verdict,
            "reason": done.reason,
            "streams": list(named.get(done.id, ())),
            "note": done.note,
        }


def _fulltexts(asked: _Asked) -> Iterator[Row]:
    query = select(FulltextEvent).where(FulltextEvent.record_id.in_(asked.ids))
    for event in asked.session.scalars(query.order_by(FulltextEvent.id)):
        row: Row = {"at": event.at, "kind": "fulltext", "record_id": event.record_id}
        told = {"status": event.status, "location": event.location}
        yield {**row, "person_id": event.person_id, **told}


def _codes(asked: _Asked) -> Iterator[Row]:
    query = (
        select(CodeApplication, CodeRetraction)
        .outerjoin(CodeRetraction, CodeRetraction.code_id == CodeApplication.id)
        .where(CodeApplication.record_id.in_(asked.ids))
        .order_by(CodeApplication.id)
    )
    cluster = lookup.record(asked.session, min(asked.ids)).cluster_id
    person = asked.session.get_one(Person, asked.asker_id)
    shown = coders.shows(asked.session, person, cluster or min(asked.ids))
    for code, gone in asked.session.execute(query):
        if not shown and code.person_id != asked.asker_id:
            continue  # reports are coded independently
        told: Row = {
            "record_id": code.record_id,
            "code_id": code.id,
            "construct": code.construct,
            "locator": code.locator,
        }
        yield {"at": code.at, "kind": "code", "person_id": code.person_id, **told}
        if gone is not None:
            row: Row = {"at": gone.at, "kind": "retraction", "why": gone.why}
            yield {**row, "person_id": gone.person_id, **told}


_TELLERS: tuple[Callable[[_Asked], Iterator[Row]], ...] = (
    _found,
    _payloads,
    _edits,
    _removals,
    _pairs,
    _assignments,
    _votes,
    _reopenings,
    _set_aside,
    _resolutions,
    _fulltexts,
    _codes,
)
