"""Records that no search brings: rows of files, and what a person found by hand.

Both say where they come from as exactly as a search does: a file by its hash, and
each record by its line; a person's find by who, from which address, on which day.
A file is one transaction, so a broken one stores nothing, and the same file again
adds nothing.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from litreview import corrections, lookup
from litreview.citation import Citation
from litreview.errors import InputFileError, LitreviewError, UsageError
from litreview.models import HarvestRun, Person, Record, now
from litreview.records import (
    LONGEST_ID,
    WORKERS,
    Entry,
    Stored,
    canonical,
    newest,
    store,
)
from litreview.sources import csv_file
from litreview.sources.page import as_url
from litreview.text import title_key
from litreview.vocabulary import Found, RunKind, RunStatus
from litreview.wording import phrase, verbatim

MANUAL = "manual"  # the source of what a person found
FORMATS = ("csv",)
# How a person's find may have been made: PRISMA's other methods.
BY_HAND = (Found.WEBSITE, Found.ORGANISATION, Found.CITATION)
ID_DIGITS = 16  # hexadecimal digits of the hash that names a person's find


# -- files -----------------------------------------------------------------------


@dataclass(frozen=True)
class File:
    """A file of records, read and checked; `label` is what its source is called."""

    name: str
    sha256: str
    format: str
    label: str
    mapping: Mapping[str, str]
    register: bool
    entries: tuple[Entry, ...] = field(repr=False)

    @property
    def request(self) -> dict[str, object]:
        """Return what the run says of the file."""
        return {
            "file": self.name,
            "sha256": self.sha256,
            "format": self.format,
            "source": self.label,
            "rows": len(self.entries),
            "mapping": dict(self.mapping),
        }


@dataclass(frozen=True)
class Imported:
    """What an import did; `again` says that this very file was in already."""

    run_id: int
    rows: int
    stored: Stored
    again: bool = False


def read_file(
    path: Path,
    *,
    form: str = "",
    label: str = "",
    mapping: Mapping[str, str] | None = None,
    register: bool = False,
) -> File:
    """Read a file of records; nothing is stored.

    `form` is its format, told by the name's ending where empty; `label` names its
    source, by default the file's own name. Raises `InputFileError` with the line.
    """
    mapping = mapping or {}
    form = form or _format(path)
    entries = tuple(
        _entry(path, line, row, citation)
        for line, row, citation in csv_file.read(path, mapping=mapping)
    )
    if not entries:
        raise InputFileError(path, None, "holds no records below its header")
    label = phrase(label, "source", required=False) or _label(path)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return File(path.name, digest, form, label, mapping, register, entries)


def _format(path: Path) -> str:
    form = path.name.lower().removesuffix(".gz").rpartition(".")[2]
    if form in FORMATS:
        return form
    raise UsageError(
        f"{path.name} has no ending that tells its format",
        why=f"the formats that can be read are: {', '.join(FORMATS)}",
        fix="give --format, or export the records as CSV",
    )


def _label(path: Path) -> str:
    """Return the file's name without its endings as lower-case words and hyphens."""
    stem = re.sub(r"\.[a-z]+(\.gz)?$", "", path.name.lower())
    return re.sub(r"[^a-z0-9]+", "-", stem).strip("-") or "file"


def _entry(path: Path, line: int, row: dict[str, str], citation: Citation) -> Entry:
    if len(citation.source_id) > LONGEST_ID:
        raise InputFileError(
            path,
            line,
            f"the record_id has {len(citation.source_id)} characters",
            fix=f"use at most {LONGEST_ID}",
        )
    return Entry(citation, row, rank=line)


def import_file(session: Session, file: File, *, by: str) -> Imported:
    """Store a file's records; the same file again adds nothing.

    Raises `LitreviewError` for a file that is in under another name of its source,
    or with other columns: its records would then be in twice.
    """
    person = lookup.actor(session, by, roles=WORKERS)
    earlier = _earlier(session, file)
    if earlier is not None:
        return Imported(earlier.id, len(file.entries), Stored(), again=True)
    run = _finished(RunKind.FILE, file.label, file.request, person)
    run.reported = run.expected = run.fetched = len(file.entries)
    session.add(run)
    session.flush()
    found = Found.REGISTER if file.register else Found.DATABASE
    stored = store(session, file.entries, run=run, scope=file.sha256, found=found)
    return Imported(run.id, len(file.entries), stored)


def _finished(
    kind: RunKind, source: str, request: dict[str, object], person: Person
) -> HarvestRun:
    return HarvestRun(
        kind=kind,
        source=source,
        request=request,
        status=RunStatus.COMPLETE,
        person_id=person.id,
        finished_at=now(),
    )


def _earlier(session: Session, file: File) -> HarvestRun | None:
    """Return the run that brought this very file in, or refuse a different reading."""
    for run in session.scalars(
        select(HarvestRun).where(HarvestRun.kind == RunKind.FILE)
    ):
        said = dict(run.request)
        if said["sha256"] != file.sha256:
            continue
        if {**said, "file": file.name} == file.request:
            return run
        raise LitreviewError(
            f"{file.name} is in already, as {said['source']!r} by run {run.id}",
            why="with another --source or --map its records would be in twice",
            fix=f"leave it; `litreview record list --source {said['source']}` shows it",
        )
    return None


# -- by hand ---------------------------------------------------------------------


@dataclass(frozen=True)
class Find:
    """A record that a person found and describes."""

    title: str
    organisation: str
    year: str
    url: str
    accessed: date
    found: str
    authors: str = ""
    doi: str = ""
    abstract: str = ""


@dataclass(frozen=True)
class Added:
    """The record of a find; `new` is false where it was there already."""

    record: Record
    new: bool
    changed: bool = False


def add(session: Session, find: Find, *, by: str) -> Added:
    """Store what a person found, with its address and the day of access.

    The same find again is stored once; with other words (an abstract, say) it is a
    new version of the same record. Raises `UsageError` for a part that is missing.
    """
    person = lookup.actor(session, by, roles=WORKERS)
    citation = _citation(find)
    payload: dict[str, object] = {
        "title": find.title,
        "organisation": find.organisation,
        "year": find.year,
        "url": find.url,
        "accessed": find.accessed.isoformat(),
        "found": find.found,
        "authors": find.authors,
        "doi": find.doi,
        "abstract": find.abstract,
    }
    known = _same(session, citation, payload)
    if known is not None:
        return Added(known, new=False)
    request: dict[str, object] = {
        "url": citation.url,
        "accessed": find.accessed.isoformat(),
        "organisation": citation.publisher,
        "found": find.found,
    }
    run = _finished(RunKind.MANUAL, MANUAL, request, person)
    run.reported = run.expected = run.fetched = 1
    session.add(run)
    session.flush()
    stored = store(session, [Entry(citation, payload, 1)], run=run, found=find.found)
    record = _record(session, citation)
    assert record is not None  # noqa: S101 - it was stored a moment ago
    return Added(record, new=bool(stored.new), changed=bool(stored.changed))


def _citation(find: Find) -> Citation:
    """Return what was typed as a citation; the address, title and year identify it."""
    url = _address(find.url)
    if find.accessed > now().date():
        raise UsageError(f"the day of access, {find.accessed}, is still to come")
    if find.found not in BY_HAND:
        raise UsageError(
            f"{find.found!r} is no way to find a record by hand",
            fix=f"use one of: {', '.join(BY_HAND)}",
        )
    title = phrase(find.title, "title")
    year = corrections.year(phrase(find.year, "year"))
    abstract = verbatim(find.abstract, "abstract") if find.abstract.strip() else ""
    key = f"{url}\n{title_key(title)}\n{year}".encode()
    return Citation(
        source=MANUAL,
        source_id=hashlib.sha256(key).hexdigest()[:ID_DIGITS],
        title=title,
        authors=corrections.authors(phrase(find.authors, "author", required=False)),
        year=year,
        published=str(year),
        doi=corrections.doi(find.doi.strip()),
        abstract=abstract.strip(),
        type="report",
        url=url,
        publisher=phrase(find.organisation, "organisation"),
    )


def _address(text: str) -> str:
    """Return a web address, or the name of a document that came as a file."""
    name = phrase(text, "address")
    found = name if re.match("file:.", name) else as_url(name)
    if not found:
        raise UsageError(
            f"{text!r} is no web address",
            fix="give the address at which it was found, beginning with https://, or "
            "file:NAME for a document that came as a file",
        )
    return found


def _record(session: Session, citation: Citation) -> Record | None:
    return session.scalar(
        select(Record).where(
            Record.source == MANUAL,
            Record.scope == "",
            Record.source_id == citation.source_id,
        )
    )


def _same(
    session: Session, citation: Citation, payload: Mapping[str, object]
) -> Record | None:
    """Return the record whose newest payload says this very thing, if there is one."""
    found = _record(session, citation)
    if found is None:
        return None
    _, digest = newest(session, [found.id])[found.id]
    return found if digest == canonical(payload)[0] else None
