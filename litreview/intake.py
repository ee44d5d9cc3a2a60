"""Records that no search brings: rows of files, and what a person found by hand.

Both say where they come from as exactly as a search does: a file by its hash, and
each record by its line; a person's find by who, from which address, on which day.
A file is read twice, once to check it and once to store it, so none has to fit into
memory; it is one transaction, so a broken one stores nothing, and the same file again
adds nothing.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import islice
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from litreview import corrections, lookup
from litreview.citation import Citation
from litreview.declarative import now
from litreview.errors import InputFileError, LitreviewError, UsageError
from litreview.inspection import OWN_SOURCES, Inspection, distinct, inspect
from litreview.models import HarvestRun, Person, Record
from litreview.records import WORKERS, Entry, Stored, canonical, newest, store
from litreview.sources import files, textfile
from litreview.sources.files import Readable, Wanted
from litreview.sources.page import as_url
from litreview.sources.rows import Opinion, Row
from litreview.text import title_key
from litreview.vocabulary import Found, RunKind, RunStatus
from litreview.wording import phrase, verbatim

MANUAL = "manual"  # the source of what a person found
UNDATED = "n.d."  # in place of the year, of what bears none
# How a person's find may have been made: PRISMA's other methods.
BY_HAND = (Found.WEBSITE, Found.ORGANISATION, Found.CITATION)
ID_DIGITS = 16  # hexadecimal digits of the hash that names a person's find
AT_ONCE = 900  # entries of a file in memory; their ids go into one statement


# -- files -----------------------------------------------------------------------


@dataclass(frozen=True)
class File:
    """A file of records, read and checked once; `label` is what its source is called.

    `given` says that the user chose the label: then all its entries are of that
    source. Else an entry with an accession number is of the database that gave it,
    and the label is for the others.
    """

    readable: Readable
    label: str
    given: bool
    register: bool
    found: Inspection = field(repr=False)

    @property
    def name(self) -> str:
        """Return the file's name without its folder."""
        return self.readable.path.name

    @property
    def sha256(self) -> str:
        """Return the hash of the file as it lies there."""
        return self.readable.sha256

    @property
    def encoding(self) -> str:
        """Return the name of the text's encoding, '' for what is no text."""
        return textfile.NAMES.get(self.readable.encoding, "")

    def source(self, database: str) -> str:
        """Return the source of the entries of a database, or of none ('')."""
        return self.label if self.given else database or self.label

    @property
    def sources(self) -> dict[str, int]:
        """Return the sources of the file's entries, with the number of records."""
        counted: Counter[str] = Counter()
        for database, number in self.found.databases.items():
            counted[self.source(database)] += number
        return dict(counted)

    def request(self, source: str) -> dict[str, object]:
        """Return what the run of a source says of the file."""
        read = self.readable
        told: dict[str, object] = {
            "file": self.name,
            "sha256": self.sha256,
            "format": read.form,
            "source": source,
            "rows": self.found.entries,
            "mapping": dict(read.wanted.mapping),
        }
        if self.encoding not in ("", "UTF-8"):
            told["encoding"] = self.encoding
        if read.wanted.sheet:
            told["sheet"] = read.wanted.sheet
        return told


@dataclass(frozen=True)
class Imported:
    """What an import did; `again` says that this very file was in already.

    There is a run for each source that the file has entries of.
    """

    run_ids: tuple[int, ...]
    stored: Stored
    again: bool = False


def read_file(
    path: Path, wanted: Wanted | None = None, *, label: str = "", register: bool = False
) -> File:
    """Read a file of records from end to end; nothing is stored.

    `wanted` says what the user knows of its format; `label` names its source, by
    default the database that its entries are from, or the file's own name. Raises
    `InputFileError` with the line.
    """
    label = phrase(label, "source", required=False)
    if label.casefold() in OWN_SOURCES:
        raise UsageError(
            f"{label!r} is the name of a source that litreview fills itself",
            fix=f"give --source another name, such as {label}-export",
        )
    readable = files.readable(path, wanted)
    found = inspect(readable)
    default = found.database or _stem(path)
    return File(readable, label or default, bool(label), register, found)


def _stem(path: Path) -> str:
    """Return the file's name without its endings as lower-case words and hyphens."""
    stem = re.sub(r"\.[a-z]+(\.gz)?$", "", path.name.lower())
    return re.sub(r"[^a-z0-9]+", "-", stem).strip("-") or "file"


def import_file(session: Session, file: File, *, by: str) -> Imported:
    """Store a file's records; the same file again adds nothing.

    An entry with an accession number is the same record in every file that has it;
    any other belongs to this file. Raises `LitreviewError` for a file that is in
    under another name of its source, or with other columns: its records would then
    be in twice; and for a file that changed since it was read.
    """
    person = lookup.actor(session, by, roles=WORKERS)
    earlier = _earlier(session, file)
    if earlier:
        return Imported(earlier, Stored(), again=True)
    runs = {}
    for source, number in file.sources.items():
        run = _finished(RunKind.FILE, source, file.request(source), person)
        run.reported = run.expected = run.fetched = number
        runs[source] = run
    session.add_all(runs.values())
    session.flush()
    stored = _store(session, file, runs)
    if textfile.digest(file.readable.path) != file.sha256:
        raise InputFileError(
            file.readable.path,
            None,
            "was changed while it was read; nothing of it was stored",
            fix="import it again",
        )
    return Imported(tuple(run.id for run in runs.values()), stored)


def _store(session: Session, file: File, runs: Mapping[str, HarvestRun]) -> Stored:
    """Store the entries some at a time, so that no file is too large."""
    found = Found.REGISTER if file.register else Found.DATABASE
    rows = (row for row, is_first in distinct(file.readable) if is_first)
    done = Stored()
    while some := list(islice(rows, AT_ONCE)):
        parts: dict[str, list[Row]] = defaultdict(list)
        for row in some:
            parts[row.database].append(row)
        for database, part in parts.items():
            entries = [Entry(row.citation, row.payload, row.line) for row in part]
            scope = "" if database else file.sha256
            run = runs[file.source(database)]
            more = store(session, entries, run=run, scope=scope, found=found)
            done = Stored(
                done.new + more.new,
                done.changed + more.changed,
                done.hits + more.hits,
            )
    return done


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


def _earlier(session: Session, file: File) -> tuple[int, ...]:
    """Return the runs that brought this very file in, or refuse another reading."""
    runs = [
        run
        for run in session.scalars(
            select(HarvestRun)
            .where(HarvestRun.kind == RunKind.FILE)
            .order_by(HarvestRun.id)
        )
        if dict(run.request)["sha256"] == file.sha256
    ]
    wanted = [file.request(source) for source in sorted(file.sources)]
    said = [{**dict(run.request), "file": file.name} for run in runs]
    if runs and sorted(said, key=lambda told: str(told["source"])) != wanted:
        names = ", ".join(repr(run.source) for run in runs)
        raise LitreviewError(
            f"{file.name} is in already, as {names} by run {runs[0].id}",
            why="with another --source, --format, --map or --sheet its records would "
            "be in twice",
            fix=f"leave it; `litreview record list --source {runs[0].source}` shows it",
        )
    return tuple(run.id for run in runs)


@dataclass(frozen=True)
class Judgement:
    """What somebody decided about a record in another program, and on which line."""

    line: int
    record_id: int
    opinion: Opinion


def judgements(session: Session, file: File) -> Iterator[Judgement]:
    """Yield the decisions that an imported file holds, each with its record."""
    rows = (row for row, _ in distinct(file.readable) if row.opinions)
    while some := list(islice(rows, AT_ONCE)):
        ids = _ids(session, file, some)
        for row in some:
            record_id = ids[_identity(file, row)]
            for opinion in row.opinions:
                yield Judgement(row.line, record_id, opinion)


def _ids(
    session: Session, file: File, rows: Sequence[Row]
) -> dict[tuple[str, str, str], int]:
    """Return identity -> record id of these entries of a file."""
    query = select(Record.source, Record.scope, Record.source_id, Record.id).where(
        Record.source.in_(file.sources),
        Record.scope.in_(("", file.sha256)),
        Record.source_id.in_([row.citation.source_id for row in rows]),
    )
    found = session.execute(query)
    return {(source, scope, name): number for source, scope, name, number in found}


def _identity(file: File, row: Row) -> tuple[str, str, str]:
    """Return the source, scope and id of an entry's record."""
    scope = "" if row.database else file.sha256
    return file.source(row.database), scope, row.citation.source_id


# -- by hand ---------------------------------------------------------------------


@dataclass(frozen=True)
class Find:
    """A record that a person found and describes; `year` is "n.d." if it has none."""

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
    told = phrase(find.year, "year")
    year = None if told.casefold() == UNDATED else corrections.year(told)
    abstract = verbatim(find.abstract, "abstract") if find.abstract.strip() else ""
    key = f"{url}\n{title_key(title)}\n{year}".encode()
    return Citation(
        source=MANUAL,
        source_id=hashlib.sha256(key).hexdigest()[:ID_DIGITS],
        title=title,
        authors=corrections.authors(phrase(find.authors, "author", required=False)),
        year=year,
        published="" if year is None else str(year),
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
