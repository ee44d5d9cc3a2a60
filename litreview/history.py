"""Everything that was recorded about the review, in the order of time.

One row for each row of an append-only table that tells of an act. The trail names
who voted on what and when, never how, so it may be shown to anybody at any time.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import TypeAlias

import pandas as pd
from sqlalchemy import select
from sqlalchemy.orm import Session

from litreview.frame import Columns, frame
from litreview.models import (
    AuditEvent,
    CodebookVersion,
    Decision,
    DecisionSetAside,
    DedupeRun,
    FulltextEvent,
    HarvestRun,
    PairDecision,
    Person,
    ProtocolVersion,
    RecordEdit,
    RecordRemoval,
    Resolution,
    ScreeningRound,
)
from litreview.synthesis import (
    Adjudication,
    CmoConfiguration,
    CodeApplication,
    CodeRetraction,
    CodingEvent,
    FormValue,
    Indicator,
    InstrumentVersion,
    ItemVersion,
    MaterialVersion,
    Rating,
)
from litreview.vocabulary import WITHDRAWN

AUDIT_COLUMNS: Columns = {
    "at": "moment",
    "kind": "text",
    "id": "int",
    "person": "text",
    "subject": "text",
    "detail": "text",
}

# When, what, row id, person id, about what, in words.
Event: TypeAlias = tuple[datetime, str, int, int | None, str, str]


def audit(session: Session) -> pd.DataFrame:
    """Return everything that was recorded, in the order of time (`AUDIT_COLUMNS`).

    Each row is one row of an append-only table: `id` is its id there, `kind` says
    which and what. Votes, settlements and passages stand without what they say; notes
    and labels, which are private until a record has its votes, not at all.
    """
    handle: dict[int | None, str] = dict(
        session.execute(select(Person.id, Person.handle)).all()
    )
    rows = [
        (at, kind, number, handle.get(person_id, ""), subject, detail)
        for events in SOURCES
        for at, kind, number, person_id, subject, detail in events(session)
    ]
    return frame(AUDIT_COLUMNS, rows, by=["at", "kind", "id"])


def _noted(session: Session) -> Iterable[Event]:
    for row in session.scalars(select(AuditEvent)):
        yield row.at, row.kind, row.id, row.person_id, row.subject, _plain(row.detail)


def _plain(detail: dict[str, object] | list[object]) -> str:
    if isinstance(detail, dict):
        return "; ".join(
            f"{key}: {_plain_value(detail[key])}" for key in sorted(detail)
        )
    return "; ".join(map(_plain_value, detail))


def _plain_value(value: object) -> str:
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False, sort_keys=True)
    return str(value)


def _texts(session: Session) -> Iterable[Event]:
    for protocol in session.scalars(select(ProtocolVersion)):
        hashed = f"sha256 {protocol.sha256}"
        yield protocol.at, "protocol", protocol.id, protocol.person_id, "", hashed
    for book in session.scalars(select(CodebookVersion)):
        hashed = f"sha256 {book.sha256}"
        yield book.at, "codebook", book.id, book.person_id, book.name, hashed


def _runs(session: Session) -> Iterable[Event]:
    for run in session.scalars(select(HarvestRun)):
        told = f"{_seed(run)}{run.status}; {run.fetched} fetched"
        yield run.started_at, f"run.{run.kind}", run.id, run.person_id, run.source, told
    for pass_ in session.scalars(select(DedupeRun)):
        told = f"{pass_.records} records; {_plain(pass_.parameters)}"
        yield pass_.at, "run.dedupe", pass_.id, pass_.person_id, "", told


def _seed(run: HarvestRun) -> str:
    """Return the work whose citations were asked for, and where; mostly nothing."""
    request = dict(run.request)
    return f"{request['seed']} {request['direction']}; " if "seed" in request else ""


def _records(session: Session) -> Iterable[Event]:
    for edit in session.scalars(select(RecordEdit)):
        told = f"{edit.field} = {edit.value}; {edit.why}"
        yield edit.at, "edit", edit.id, edit.person_id, _record(edit.record_id), told
    for gone in session.scalars(select(RecordRemoval)):
        kind = "removal" if gone.removed else "restoration"
        told = f"{gone.basis}: {gone.text}"
        yield gone.at, kind, gone.id, gone.person_id, _record(gone.record_id), told
    for text in session.scalars(select(FulltextEvent)):
        told = "; ".join(filter(None, (text.status, text.location)))
        where = _record(text.record_id)
        yield text.at, "full text", text.id, text.person_id, where, told


def _pairs(session: Session) -> Iterable[Event]:
    for pair in session.scalars(select(PairDecision)):
        by = "" if pair.person_id else f"run {pair.run_id}"
        told = "; ".join(filter(None, (pair.verdict, by, pair.why)))
        about = f"records {pair.a_id} and {pair.b_id}"
        yield pair.at, "pair", pair.id, pair.person_id, about, told


def _votes(session: Session) -> Iterable[Event]:
    for part in session.scalars(select(ScreeningRound)):
        told = f"{part.kind}, {part.per_record} votes a record"
        about = f"{part.stage}: {part.name}"
        yield part.at, "round", part.id, part.person_id, about, told
    for vote in session.scalars(select(Decision)):
        kind = "withdrawal" if vote.verdict == WITHDRAWN else "vote"
        about = _record(vote.record_id)
        yield vote.recorded_at, kind, vote.id, vote.screener_id, about, vote.stage
    for gone in session.scalars(select(DecisionSetAside)):
        about = f"vote {gone.decision_id}"
        yield gone.at, "set aside", gone.decision_id, gone.person_id, about, gone.why
    for settled in session.scalars(select(Resolution)):
        told = f"{settled.stage}; {settled.kind}"
        about = _record(settled.record_id)
        yield settled.at, "resolution", settled.id, settled.recorder_id, about, told


def _synthesis(session: Session) -> Iterable[Event]:
    for code in session.scalars(select(CodeApplication)):
        # Reports are coded independently: what was found there is for `code list`.
        yield code.at, "code", code.id, code.person_id, _record(code.record_id), ""
    for gone in session.scalars(select(CodeRetraction)):
        about = f"code {gone.code_id}"
        yield gone.at, "retraction", gone.code_id, gone.person_id, about, gone.why
    for turn in session.scalars(select(CodingEvent)):
        about = _record(turn.record_id)
        yield turn.at, "coding", turn.id, turn.person_id, about, turn.state
    for settled in session.scalars(select(Adjudication)):
        about = _record(settled.record_id)
        yield settled.at, "adjudication", settled.id, settled.person_id, about, ""
    for cmo in session.scalars(select(CmoConfiguration)):
        about = f"configuration {cmo.number}"
        told = f"version {cmo.version}, {cmo.status}"
        yield cmo.at, "configuration", cmo.id, cmo.person_id, about, told


def _bank(session: Session) -> Iterable[Event]:
    for one in session.scalars(select(InstrumentVersion)):
        about = f"instrument {one.instrument_id}"
        told = f"version {one.version}, permission {one.permission}"
        yield one.at, "instrument", one.id, one.person_id, about, told
    for item in session.scalars(select(ItemVersion)):
        about = f"item {item.item_id}"
        told = f"version {item.version}, {item.status}"
        yield item.at, "item", item.id, item.person_id, about, told
    for found in session.scalars(select(Indicator)):
        about = f"indicator {found.number}"
        told = f"version {found.version}, {found.status}"
        yield found.at, "indicator", found.id, found.person_id, about, told
    for rated in session.scalars(select(Rating)):
        about = f"item {rated.item_id}" if rated.item_id else rated.construct
        told = f"{rated.panel} {rated.rater}, {rated.round}: {rated.measure}"
        yield rated.at, "rating", rated.id, rated.person_id, about, told


def _materials(session: Session) -> Iterable[Event]:
    for text in session.scalars(select(MaterialVersion)):
        hashed = f"sha256 {text.sha256}"
        yield text.at, text.kind, text.id, text.person_id, text.name, hashed
    # What was read stands in `export extraction`; here only that it was.
    for value in session.scalars(select(FormValue)):
        about = _record(value.record_id)
        told = f"{value.field}, part {value.part}"
        yield value.at, "extraction", value.id, value.person_id, about, told


def _record(number: int) -> str:
    return f"record {number}"


SOURCES: tuple[Callable[[Session], Iterable[Event]], ...] = (
    _noted,
    _texts,
    _runs,
    _records,
    _pairs,
    _votes,
    _synthesis,
    _bank,
    _materials,
)
