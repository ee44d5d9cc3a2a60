"""What a record lacks and a service has: its abstract, or its DOI.

Crossref has the abstract of every sixth work, OpenAlex of most, and each has some
that the other lacks. A single work costs nothing at either. A DOI is searched for by
title, first author and year, and taken only where the title is the same word for
word, the first author has the same family name and the year is at most one off; where
two DOIs fit, none is. That is a search: free at Crossref, 10 credits at OpenAlex,
which is asked only where Crossref has nothing.

What is found is laid on the record as a person's correction (`records.edit`), with
where it came from as the reason: the payload stays as it came, and another
correction undoes it. What is there is never touched.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from types import ModuleType
from typing import TypeAlias

from sqlalchemy import select
from sqlalchemy.orm import Session

from litreview import lookup, records, state
from litreview.citation import Author, Citation, parse_authors
from litreview.errors import ServiceError
from litreview.models import Record, RecordEdit
from litreview.queries import Request
from litreview.sources import crossref, openalex
from litreview.sources.page import Settings
from litreview.text import title_key
from litreview.walks import Write, its_own_fault

FIELDS = ("abstract", "doi")
SERVICES: Mapping[str, ModuleType] = {"openalex": openalex, "crossref": crossref}
LABELS = {"openalex": "OpenAlex", "crossref": "Crossref"}
_NAMES = {"abstract": "an abstract", "doi": "a DOI"}
_SEVERAL = "has several works with other DOIs that fit it"


# DOIs: how many of a search's best are looked at, and what is too little to tell.
LOOKED_AT = 2
FEWEST_WORDS = 4  # of a title; "Book reviews" stands over many texts
YEARS_APART = 1  # print and online


@dataclass(frozen=True)
class Gap:
    """A record that lacks a field; `ask` are the services that may have it."""

    record_id: int
    title: str
    doi: str
    ask: tuple[str, ...]
    field: str = "abstract"
    authors: str = ""
    year: int | None = None


@dataclass(frozen=True)
class Filled:
    """What became of a gap: what was found and where, or why nothing was."""

    gap: Gap
    value: str = ""
    origin: str = ""
    problem: str = ""
    error: ServiceError | None = None


def gaps(
    session: Session, ids: Collection[int] = (), *, field: str = "abstract"
) -> list[Gap]:
    """Return the records without an abstract, or a DOI, all or among these, by id.

    Refuses unknown ids. Unless they are named, removed records are left out, and
    those whose field a person emptied.
    """
    for record_id in ids:
        lookup.record(session, record_id)
    query = select(Record).where(getattr(Record, field) == "").order_by(Record.id)
    chosen = set(ids)
    emptied = select(RecordEdit.record_id).where(RecordEdit.field == field)
    gone = set() if ids else state.removed(session).union(session.scalars(emptied))
    return [
        Gap(
            record.id,
            record.title,
            record.doi,
            _others(record.source) if field == "abstract" else ("crossref", "openalex"),
            field,
            record.authors,
            record.year,
        )
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
    """Ask for what each lacks and store it, one by one; yield what became of each.

    With `dry` nothing is stored. A service that is down is not asked again; then
    what it alone might have carries its error. Raises what `lookup.actor` raises.
    """
    down: dict[str, ServiceError] = {}
    for gap in found:
        done = _asked(gap, settings, down)
        store = partial(_store, done=done, by=by)
        if done.value and not dry and not write(store):
            done = Filled(gap, problem=f"it has {_NAMES[gap.field]} by now")
        yield done


def _asked(
    gap: Gap, settings: Mapping[str, Settings], down: dict[str, ServiceError]
) -> Filled:
    """Ask the services in their order until one has it."""
    if untold := _too_little(gap):
        return Filled(gap, problem=untold)
    ask = _by_doi if gap.field == "abstract" else _by_title
    problems = []
    error: ServiceError | None = None
    for name in gap.ask:
        if name in down:
            error = down[name]
            continue
        try:
            work, lack = ask(gap, name, settings[name])
        except ServiceError as failure:
            error = failure
            if not its_own_fault(failure):
                down[name] = failure
            continue
        except ValueError as strange:
            problems.append(f"the answer of {LABELS[name]} is no work: {strange}")
            continue
        if work is not None:
            origin = f"{LABELS[name]} {work.source_id}"
            return Filled(gap, getattr(work, gap.field), origin)
        problems.append(f"{LABELS[name]} {lack}")
        if lack == _SEVERAL:
            break  # another service cannot tell them apart either
    return Filled(gap, problem="; ".join(problems), error=error)


def _too_little(gap: Gap) -> str:
    """Say why a record cannot be looked up; '' where it can."""
    if gap.field == "abstract":
        return "" if gap.doi else "it has no DOI to look it up by"
    if len(title_key(gap.title).split()) < FEWEST_WORDS:
        return "its title is too short to look it up by"
    if gap.year is None or not _first_family(parse_authors(gap.authors)):
        return "without author and year its title does not tell it apart"
    return ""


# The work that was found, else what is lacking in words.
Answer: TypeAlias = tuple[Citation | None, str]


def _by_doi(gap: Gap, name: str, settings: Settings) -> Answer:
    """Look a record up by its DOI, for its abstract."""
    payload = SERVICES[name].lookup(gap.doi, settings)
    if not payload:
        return None, "does not know it"
    work: Citation = SERVICES[name].citation(payload)
    return (work, "") if work.abstract else (None, "has no abstract of it")


def _by_title(gap: Gap, name: str, settings: Settings) -> Answer:
    """Search for a record by title, first author and year, for its DOI."""
    words = title_key(gap.title)
    if name == "crossref":
        family = _first_family(parse_authors(gap.authors))
        params = {"query.bibliographic": f"{words} {family} {gap.year}"}
    else:
        params = {"filter": f"title.search:{words}"}
    request = Request(name, "", params, LOOKED_AT, LOOKED_AT)
    page = SERVICES[name].fetch(request, None, settings)
    works = [item.citation for item in page.items if item.citation is not None]
    fitting = {work.doi: work for work in works if work.doi and fits(gap, work)}
    if len(fitting) > 1:
        return None, _SEVERAL
    return next(iter(fitting.values()), None), "has no work that is surely the same"


def fits(gap: Gap, work: Citation) -> bool:
    """Tell whether a work is surely the one that a record is of."""
    family = _first_family(parse_authors(gap.authors))
    return (
        title_key(work.title) == title_key(gap.title)
        and work.year is not None
        and gap.year is not None
        and abs(work.year - gap.year) <= YEARS_APART
        and _first_family(work.authors) == family != ""
    )


def _first_family(authors: tuple[Author, ...]) -> str:
    return title_key(authors[0].family or authors[0].literal) if authors else ""


def _store(session: Session, done: Filled, by: str) -> bool:
    """Store what was found as a correction, unless there is something by now."""
    gap = done.gap
    if getattr(lookup.record(session, gap.record_id), gap.field):
        return False
    how = "" if gap.field == "abstract" else ", by its title, first author and year"
    why = f"from {done.origin}{how}, {datetime.now(UTC):%Y-%m-%d}"
    change = (gap.field, done.value)
    records.edit(session, gap.record_id, change=change, why=why, by=by)
    return True
