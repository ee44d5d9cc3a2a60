"""The chain from a survey item back to the query, file or person that found it.

    item -> evidence -> code (quote, locator) -> record -> payload -> hit -> run
         -> the query as sent | file, hash and line | person, URL and access date

Every link is read from its table and proved: hashes are computed again, a code must
not be retracted, its report must still be included. One link that is missing or
contradicts another breaks the trace, and the failure names it.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Mapping

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from litreview import lookup, state
from litreview.errors import InvariantError, NotFoundError
from litreview.models import (
    AuditEvent,
    CodebookVersion,
    HarvestRun,
    Hit,
    Person,
    RawRecord,
    Record,
    SearchStrategy,
)
from litreview.synthesis import (
    CodeApplication,
    CodeRetraction,
    Instrument,
    ItemEvidence,
    ItemVersion,
    SurveyItem,
)
from litreview.vocabulary import RunKind, Stage

EVIDENCE_NOTED = "item.evidence"  # the audit event that lists an item's passages

# What a run's request must say to be repeated or looked up, by the run's kind.
ASKED: dict[str, tuple[str, ...]] = {
    RunKind.SEARCH: ("source", "params"),
    RunKind.CITATION: ("source", "params"),
    RunKind.FILE: ("file", "sha256", "format"),
    RunKind.MANUAL: ("url", "accessed"),
}

Tree = dict[str, object]


class BrokenTraceError(InvariantError):
    """A trace is not whole; `link` is the word for what is missing."""

    def __init__(self, link: str, what: str, *, why: str = "", fix: str = "") -> None:
        super().__init__(what, why=why, fix=fix)
        self.link = link


def item(session: Session, item_id: int) -> Tree:
    """Return every link behind an item, or fail naming the first that is missing.

    Keys: item_id, instrument, construct, version, status, text, whole (True) and
    evidence, a list of the trees of `passage`. Raises `NotFoundError` for an
    unknown item and `BrokenTraceError` (exit status 5) for a broken trace.
    """
    row = survey_item(session, item_id)
    try:
        return {**_wording(session, row), "whole": True, **_evidence(session, row)}
    except BrokenTraceError as broken:
        raise BrokenTraceError(
            broken.link,
            f"item {item_id} cannot be traced: {broken.what}",
            why=broken.why,
            fix=broken.fix or "compare with a backup; `litreview check` looks further",
        ) from broken


def survey_item(session: Session, item_id: int) -> SurveyItem:
    """Return the item with this id, or refuse."""
    found = session.get(SurveyItem, item_id)
    if found is not None:
        return found
    largest = session.scalar(select(func.max(SurveyItem.id)))
    raise NotFoundError(
        f"there is no item {item_id}",
        why=f"ids run from 1 to {largest}" if largest else "there are no items yet",
        fix="`litreview item list` shows them"
        if largest
        else "run `litreview item add`",
    )


def _wording(session: Session, row: SurveyItem) -> Tree:
    instrument = session.get(Instrument, row.instrument_id)
    if instrument is None:
        raise BrokenTraceError("instrument", "its instrument is missing")
    query = select(ItemVersion).where(ItemVersion.item_id == row.id)
    newest = session.scalar(query.order_by(ItemVersion.version.desc()).limit(1))
    if newest is None:
        raise BrokenTraceError("wording", "its wording is missing")
    _codebook(session, row.codebook_id, row.construct)
    return {
        "item_id": row.id,
        "instrument": instrument.name,
        "construct": row.construct,
        "version": newest.version,
        "status": newest.status,
        "text": newest.text,
    }


def _evidence(session: Session, row: SurveyItem) -> Tree:
    query = select(ItemEvidence.code_id).where(ItemEvidence.item_id == row.id)
    found = sorted(session.scalars(query))
    lost = sorted(_noted(session, row.id).difference(found))
    if lost:
        raise BrokenTraceError(
            "evidence", f"the evidence row that joins it to code {lost[0]} is missing"
        )
    if not found:
        raise BrokenTraceError("evidence", "no evidence row joins it to a passage")
    return {"evidence": [passage(session, code_id) for code_id in found]}


def _noted(session: Session, item_id: int) -> set[int]:
    query = select(AuditEvent.detail).where(
        AuditEvent.kind == EVIDENCE_NOTED, AuditEvent.subject == str(item_id)
    )
    noted: set[int] = set()
    for detail in session.scalars(query):
        if isinstance(detail, dict):
            noted.update(detail.get("codes", []))
    return noted


def passage(session: Session, code_id: int) -> Tree:
    """Return every link behind a coded passage, or fail naming the missing one.

    Keys: code_id, construct, role, polarity, evidence_type, quote, locator, speaker,
    coder, coded_at, codebook, record (see `_record`) and payloads, hits: lists.
    """
    code = session.get(CodeApplication, code_id)
    if code is None:
        raise BrokenTraceError("code", f"code {code_id} is missing")
    gone = session.get(CodeRetraction, code_id)
    if gone is not None:
        raise BrokenTraceError(
            "retraction",
            f"code {code_id} was retracted",
            why=gone.why,
            fix="retire the item, and write it again on passages that stand",
        )
    for what, text in (("quote", code.quote), ("locator", code.locator)):
        if not text.strip():
            raise BrokenTraceError(what, f"the {what} of code {code_id} is empty")
    record = session.get(Record, code.record_id)
    if record is None:
        raise BrokenTraceError(
            "record", f"record {code.record_id} of code {code_id} is missing"
        )
    return {
        "code_id": code.id,
        "construct": code.construct,
        "role": code.role,
        "polarity": code.polarity,
        "evidence_type": code.evidence_type,
        "quote": code.quote,
        "locator": code.locator,
        "speaker": code.speaker,
        "coder": _person(session, code.person_id, f"the coder of code {code_id}"),
        "coded_at": code.at,
        "codebook": _codebook(session, code.codebook_id, code.construct),
        "record": _record(session, record),
        "payloads": _payloads(session, record),
        "hits": _hits(session, record),
    }


def _person(session: Session, person_id: int | None, who: str) -> str:
    person = session.get(Person, person_id) if person_id is not None else None
    if person is None:
        raise BrokenTraceError("person", f"{who} is missing")
    return person.handle


def _codebook(session: Session, codebook_id: int, construct: str) -> Tree:
    """Return the codebook version whose definition was applied."""
    version = session.get(CodebookVersion, codebook_id)
    if version is None:
        raise BrokenTraceError(
            "codebook", f"the codebook version that defined {construct} is missing"
        )
    _same_hash("codebook", f"the codebook {version.name}", version.text, version.sha256)
    found = lookup.parsed_codebook(version).find(construct)
    if found is None:
        raise BrokenTraceError(
            "codebook", f"its codebook version {version.name} does not have {construct}"
        )
    return {
        "name": version.name,
        "sha256": version.sha256,
        "label": found.label,
        "definition": found.definition,
    }


def _record(session: Session, record: Record) -> Tree:
    cluster = record.cluster_id or record.id
    outcome = state.outcome(session, Stage.FULL_TEXT, cluster)
    if outcome is None or not outcome.included:
        raise BrokenTraceError(
            "inclusion",
            f"the report of record {record.id} is no longer included",
            why="it is removed, reversed, or in conflict again",
            fix=f"settle its screening, see `litreview record show {record.id}`; or "
            "retire the item",
        )
    return {
        "record_id": record.id,
        "source": record.source,
        "source_id": record.source_id,
        "title": record.title,
        "year": record.year,
        "doi": record.doi,
        "cluster_id": cluster,
    }


def _payloads(session: Session, record: Record) -> list[Tree]:
    """Return the versions of a record's payload, each proved by its hash."""
    query = select(RawRecord).where(RawRecord.record_id == record.id)
    rows = session.scalars(query.order_by(RawRecord.version)).all()
    if [row.version for row in rows] != list(range(1, len(rows) + 1)) or not rows:
        raise BrokenTraceError(
            "payload", f"a raw payload of record {record.id} is missing"
        )
    for row in rows:
        where = f"payload {row.version} of record {record.id}"
        try:
            content = zlib.decompress(row.payload)
            json.loads(content)
        except (zlib.error, ValueError) as error:
            raise BrokenTraceError(
                "payload", f"{where} cannot be read", why=str(error)
            ) from error
        _same_hash("hash", where, content, row.sha256)
        if session.get(Hit, (row.run_id, record.id)) is None:
            raise BrokenTraceError(
                "hit", f"the hit of run {row.run_id} that brought {where} is missing"
            )
    return [
        {"version": row.version, "sha256": row.sha256, "run_id": row.run_id}
        for row in rows
    ]


def _same_hash(link: str, what: str, content: bytes | str, sha256: str) -> None:
    data = content.encode() if isinstance(content, str) else content
    computed = hashlib.sha256(data).hexdigest()
    if computed != sha256:
        raise BrokenTraceError(
            link,
            f"{what} does not match its hash",
            why=f"stored {sha256[:12]}..., computed {computed[:12]}...",
        )


def _hits(session: Session, record: Record) -> list[Tree]:
    """Return every run that found a record, with what it asked."""
    query = select(Hit).where(Hit.record_id == record.id).order_by(Hit.run_id)
    hits = session.scalars(query).all()
    if not hits:
        raise BrokenTraceError("hit", f"no hit says what found record {record.id}")
    return [_hit(session, hit) for hit in hits]


def _hit(session: Session, hit: Hit) -> Tree:
    run = session.get(HarvestRun, hit.run_id)
    if run is None:
        raise BrokenTraceError("run", f"run {hit.run_id} is missing")
    request = run.request if isinstance(run.request, dict) else {}
    for name in ASKED[run.kind]:
        if not request.get(name):
            raise BrokenTraceError(
                "request", f"the request of run {run.id} does not say its {name}"
            )
    found: Tree = {
        "run_id": run.id,
        "kind": run.kind,
        "source": run.source,
        "at": run.started_at,
        "client": run.client,
        "line" if run.kind == RunKind.FILE else "rank": hit.rank,
        "request": request,
    }
    return {**found, **_behind(session, run, hit)}


def _behind(session: Session, run: HarvestRun, hit: Hit) -> Tree:
    """Return what is behind a run: its strategy, its person, or the seed record."""
    if run.kind == RunKind.SEARCH:
        return {"strategy": _strategy(session, run)}
    if run.kind == RunKind.CITATION:
        return _seed(session, run, hit)
    if run.kind == RunKind.FILE and hit.rank < 1:
        raise BrokenTraceError("line", f"a hit of run {run.id} names no line")
    if run.kind == RunKind.MANUAL or run.person_id is not None:
        return {"person": _person(session, run.person_id, f"who made run {run.id}")}
    return {}


def _seed(session: Session, run: HarvestRun, hit: Hit) -> Tree:
    """Return the record whose citations led here, or the known item's work.

    A known item may be no record of the review; then the request names it.
    """
    request = run.request if isinstance(run.request, dict) else {}
    lost = hit.seed_id is not None and session.get(Record, hit.seed_id) is None
    if lost or (hit.seed_id is None and not request.get("seed")):
        raise BrokenTraceError("seed", f"the seed of a hit of run {run.id} is lost")
    return {} if hit.seed_id is None else {"seed_id": hit.seed_id}


def _strategy(session: Session, run: HarvestRun) -> Mapping[str, object]:
    strategy = (
        session.get(SearchStrategy, run.strategy_id)
        if run.strategy_id is not None
        else None
    )
    if strategy is None or not strategy.text.strip():
        raise BrokenTraceError(
            "strategy", f"the strategy text behind run {run.id} is missing"
        )
    what = f"the text of strategy {strategy.name}"
    _same_hash("strategy", what, strategy.text, strategy.sha256)
    return {"name": strategy.name, "sha256": strategy.sha256, "text": strategy.text}


def broken(session: Session) -> dict[int, BrokenTraceError]:
    """Return item id -> why its trace is broken, for the items that are."""
    found: dict[int, BrokenTraceError] = {}
    for item_id in session.scalars(select(SurveyItem.id).order_by(SurveyItem.id)):
        try:
            item(session, item_id)
        except BrokenTraceError as error:
            found[item_id] = error
    return found
