"""Missing abstracts, filled in from the other service.

Crossref has the abstract of every sixth work, OpenAlex of most, and each has some
that the other lacks. A single work costs nothing at either. What is found is laid on
the record as a person's correction (`records.edit`), with where it came from as the
reason: the payload stays as it came, and another correction undoes it. An abstract
that is there is never touched.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from types import ModuleType

from sqlalchemy import select
from sqlalchemy.orm import Session

from litreview import lookup, records, state
from litreview.errors import ServiceError
from litreview.models import Record, RecordEdit
from litreview.sources import crossref, openalex
from litreview.sources.page import Settings
from litreview.walks import Write, its_own_fault

FIELD = "abstract"
SERVICES: Mapping[str, ModuleType] = {"openalex": openalex, "crossref": crossref}
LABELS = {"openalex": "OpenAlex", "crossref": "Crossref"}


@dataclass(frozen=True)
class Gap:
    """A record without an abstract; `ask` are the services that may have it."""

    record_id: int
    title: str
    doi: str
    ask: tuple[str, ...]


@dataclass(frozen=True)
class Filled:
    """What became of a gap: where the abstract came from, or why there is none."""

    gap: Gap
    abstract: str = ""
    origin: str = ""
    problem: str = ""
    error: ServiceError | None = None


def gaps(session: Session, ids: Collection[int] = ()) -> list[Gap]:
    """Return the records without an abstract, all or among these, by id.

    Refuses unknown ids. Unless they are named, removed records are left out, and
    those whose abstract a person emptied.
    """
    for record_id in ids:
        lookup.record(session, record_id)
    query = select(Record).where(Record.abstract == "").order_by(Record.id)
    chosen = set(ids)
    emptied = select(RecordEdit.record_id).where(RecordEdit.field == FIELD)
    gone = set() if ids else state.removed(session).union(session.scalars(emptied))
    return [
        Gap(record.id, record.title, record.doi, _others(record.source))
        for record in session.scalars(query)
        if record.id not in gone and (not chosen or record.id in chosen)
    ]


def _others(source: str) -> tuple[str, ...]:
    return tuple(name for name in SERVICES if name != source)


def fill(
    write: Write,
    found: Iterable[Gap],
    *,
    by: str,
    settings: Mapping[str, Settings],
    dry: bool = False,
) -> Iterator[Filled]:
    """Ask for each abstract and store it, one by one; yield what became of each.

    With `dry` nothing is stored. A service that is down is not asked again; then
    what it alone might have carries its error. Raises what `lookup.actor` raises.
    """
    down: dict[str, ServiceError] = {}
    for gap in found:
        done = _asked(gap, settings, down)
        store = partial(_store, done=done, by=by)
        if done.abstract and not dry and not write(store):
            done = Filled(gap, problem="it has an abstract by now")
        yield done


def _asked(
    gap: Gap, settings: Mapping[str, Settings], down: dict[str, ServiceError]
) -> Filled:
    """Ask the services in their order until one has the abstract."""
    if not gap.doi:
        return Filled(gap, problem="it has no DOI to look it up by")
    problems = []
    error: ServiceError | None = None
    for name in gap.ask:
        if name in down:
            error = down[name]
            continue
        try:
            payload = SERVICES[name].lookup(gap.doi, settings[name])
            work = SERVICES[name].citation(payload) if payload else None
        except ServiceError as failure:
            error = failure
            if not its_own_fault(failure):
                down[name] = failure
            continue
        except ValueError as strange:
            problems.append(f"the answer of {LABELS[name]} is no work: {strange}")
            continue
        if work is not None and work.abstract:
            return Filled(gap, work.abstract, f"{LABELS[name]} {work.source_id}")
        lack = "does not know it" if work is None else "has no abstract of it"
        problems.append(f"{LABELS[name]} {lack}")
    return Filled(gap, problem="; ".join(problems), error=error)


def _store(session: Session, done: Filled, by: str) -> bool:
    """Store the abstract as a correction, unless there is one by now."""
    record_id = done.gap.record_id
    if lookup.record(session, record_id).abstract:
        return False
    why = f"from {done.origin}, {datetime.now(UTC):%Y-%m-%d}"
    change = (FIELD, done.abstract)
    records.edit(session, record_id, change=change, why=why, by=by)
    return True
