"""What became of records that a search no longer finds.

OpenAlex merges works and deletes them; Crossref's ranking moves. A record that is
gone from a search stays in the review with all its votes. The service is asked for
the single work, which costs nothing: it may not know it any more, it may answer with
another one into which the work was merged, or it has it still, and then the search
no longer matches it, or ranks it lower.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from litreview import changes, state
from litreview.changes import Change
from litreview.models import Record
from litreview.sources import crossref, openalex
from litreview.sources.page import Settings

_LOOK: Mapping[str, Callable[[str, Settings], dict[str, Any] | None]] = {
    "openalex": openalex.lookup,
    "crossref": crossref.lookup,
}
_READ = {"openalex": openalex.citation, "crossref": crossref.citation}


class Fate(StrEnum):
    """What a service says of a work that a search no longer finds."""

    DELETED = "deleted"
    MERGED = "merged"
    NO_MATCH = "there, but no longer found by the search"


@dataclass(frozen=True)
class Lost:
    """A record that the newest whole run of a search no longer met.

    `run_id` is the run that missed it first. `fate` is empty until the service was
    asked; `now` is the id under which the service has the work, `held` the record
    that we hold of it, if any.
    """

    strategy: str
    source: str
    run_id: int
    record_id: int
    source_id: str
    title: str
    fate: str = ""
    now: str = ""
    held: int | None = None


def listed(session: Session, names: Sequence[str] = ()) -> list[Lost]:
    """Return what the newest whole run of each search misses and an earlier one met."""
    missing = _missing(changes.history(session, names))
    records = _records(session, sorted({record_id for _, record_id in missing}))
    return [
        Lost(
            change.strategy,
            change.source,
            change.run_id,
            record_id,
            records[record_id].source_id,
            records[record_id].title,
        )
        for change, record_id in missing
    ]


def _missing(told: Iterable[Change]) -> list[tuple[Change, int]]:
    """Return each record that stays missing, with the run that missed it first.

    `told` is by search and time. Each run is compared with the one before, so what
    went missing earlier is carried along until a run has added it again.
    """
    found: dict[tuple[str, str], dict[int, Change]] = {}
    for change in told:
        if change.gone is None:
            continue
        went = found.setdefault((change.strategy, change.source), {})
        for record_id in change.added or ():
            went.pop(record_id, None)
        went |= dict.fromkeys(change.gone, change)
    return [
        (change, record_id)
        for went in found.values()
        for record_id, change in went.items()
    ]


def _records(session: Session, ids: Sequence[int]) -> dict[int, Record]:
    found: dict[int, Record] = {}
    for start in range(0, len(ids), state.CHUNK):
        query = select(Record).where(Record.id.in_(ids[start : start + state.CHUNK]))
        found |= {record.id: record for record in session.scalars(query)}
    return found


def look(lost: Lost, settings: Settings) -> Lost:
    """Ask the service for the single work; return it with its fate.

    Raises `ServiceError` where the service gives no answer that says anything.
    """
    payload = _LOOK[lost.source](lost.source_id, settings)
    if payload is None:
        return replace(lost, fate=Fate.DELETED)
    now = _READ[lost.source](payload).source_id
    fate = Fate.NO_MATCH if now == lost.source_id else Fate.MERGED
    return replace(lost, fate=fate, now=now)


def held(session: Session, lost: Lost) -> Lost:
    """Return it with the record that we hold of the work that it was merged into."""
    if lost.fate != Fate.MERGED:
        return lost
    query = select(Record.id).where(
        Record.source == lost.source, Record.scope == "", Record.source_id == lost.now
    )
    return replace(lost, held=session.scalar(query))
