"""Tables to bytes, and bytes to files.

The same data give the same bytes, whenever and wherever they are exported: what
changes from one time to the next (moments, versions, hashes) stands in
``exports/manifest.json``. A file is there completely or not at all, and an export
never writes through a link or over a folder.

Spreadsheets take text that begins with ``=`` for a formula, and titles come from
strangers. CSV cells of text that would start one get an apostrophe in front (OWASP,
"CSV injection"); numbers and JSON are left alone.
"""

from __future__ import annotations

import json
import re
import stat
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import numpy as np
import pandas as pd
from sqlalchemy.orm import Session

import litreview
from litreview import (
    audit,
    bibliography,
    diagram,
    duplicates,
    flow,
    history,
    lookup,
    migrations,
    prisma,
    reports,
    searchreport,
    tables,
    votes,
    works,
)
from litreview.errors import LitreviewError, NotFoundError, UsageError
from litreview.text import printable
from litreview.workspace import write_whole

MANIFEST = "manifest.json"
# What starts a formula, also in full width, which some spreadsheets fold.
TRIGGERS = "=+-@\uff1d\uff0b\uff0d\uff20"
# These alone start a cell that some spreadsheets read on from.
LEADING = "\t\r\n\0"
ESCAPE = "'"
QUOTED = re.compile(r'[",\r\n]')
NO_GROUP = "Other"
PARTS = "; "  # between the values of a list in one cell
MOMENT = "%Y-%m-%dT%H:%M:%S.%fZ"
PRISMA_COLUMNS = ("box", "detail", "unit", "column", "count", "meaning")


# -- a table as bytes ----------------------------------------------------------------


def to_csv(frame: pd.DataFrame, *, lossless: bool = False) -> bytes:
    """Return a table as CSV: UTF-8, LF, a header, formulas defused.

    Lists are joined by `PARTS`, moments are UTC. With `lossless` text stays as it
    is, for programs that read it back.
    """
    lines = [[str(name) for name in frame.columns]]
    lines += [
        [_csv_cell(value, lossless=lossless) for value in row] for row in _rows(frame)
    ]
    return "".join(",".join(map(_quoted, line)) + "\n" for line in lines).encode()


def _quoted(cell: str) -> str:
    """Quote a cell as RFC 4180 does; Python's writer forgets a lone CR."""
    if not QUOTED.search(cell):
        return cell
    return '"' + cell.replace('"', '""') + '"'


def to_json(frame: pd.DataFrame) -> bytes:
    """Return a table as a JSON array with an object for each row."""
    names = list(frame.columns)
    return json_bytes([dict(zip(names, row, strict=True)) for row in _rows(frame)])


def json_bytes(value: object) -> bytes:
    """Return one JSON value as an indented text with a line end."""
    return (json.dumps(value, ensure_ascii=False, indent=2) + "\n").encode()


def to_markdown(
    frame: pd.DataFrame, *, title: str, columns: Sequence[str] = (), group: str = ""
) -> bytes:
    """Return a table as Markdown under a heading, with a part for each `group`.

    `columns` are those shown, all where none are named.
    """
    shown = list(columns) or list(frame.columns)
    lines = [f"# {title}"]
    if frame.empty:
        lines += ["", "Nothing yet."]
    elif group:
        for heading, part in frame.groupby(group, sort=False):
            named = _md_cell(str(heading)) or NO_GROUP
            lines += ["", f"## {named}", *_md_table(part[shown])]
    else:
        lines += _md_table(frame[shown])
    return ("\n".join(lines) + "\n").encode()


def _md_table(frame: pd.DataFrame) -> Iterator[str]:
    numeric = [kind.kind in "iuf" for kind in frame.dtypes]
    yield ""
    yield f"| {' | '.join(frame.columns)} |"
    yield f"|{'|'.join('---:' if number else '---' for number in numeric)}|"
    for row in _rows(frame):
        yield f"| {' | '.join(_md_cell(_text(value)) for value in row)} |"


def _rows(frame: pd.DataFrame) -> Iterator[list[object]]:
    """Yield rows of plain Python values: None, bool, int, float, str and lists."""
    for row in frame.itertuples(index=False, name=None):
        yield [_plain(value) for value in row]


def _plain(value: object) -> object:
    if isinstance(value, tuple):
        return list(value)
    if value is None or value is pd.NA or value is pd.NaT:
        return None
    if isinstance(value, pd.Timestamp):
        return value.strftime(MOMENT)
    if isinstance(value, np.generic):
        value = value.item()
    if isinstance(value, float):
        return None if value != value else value  # noqa: PLR0124 - only NaN differs
    return value


def _text(value: object) -> str:
    """Return a value as the text of a cell."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return PARTS.join(map(str, value))
    return str(value)


def _csv_cell(value: object, *, lossless: bool) -> str:
    text = _text(value)
    if lossless or not isinstance(value, str | list):
        return text
    return ESCAPE + text if starts_formula(text) else text


def starts_formula(text: str) -> bool:
    """Tell whether a spreadsheet might take a cell with this text for a formula."""
    if text[:1] in TRIGGERS or text[:1] in LEADING:
        return text != ""
    first = next((c for c in text if unicodedata.category(c)[0] not in "CZ"), "")
    return first != "" and first in TRIGGERS


def _md_cell(text: str) -> str:
    words = " ".join(printable(text, keep_newlines=True).split())
    for sign, written in (("\\", "\\\\"), ("|", "\\|"), ("<", "&lt;")):
        words = words.replace(sign, written)
    return words


# -- what can be exported ------------------------------------------------------------


@dataclass(frozen=True)
class Asker:
    """Who asks, and whether they asked to see votes on unfinished records."""

    handle: str
    unblind: bool = False


@dataclass(frozen=True)
class Table:
    """One exportable table: its query, its formats, and what Markdown shows of it."""

    title: str
    formats: tuple[str, ...]
    query: Callable[[Session, Asker], pd.DataFrame]
    columns: tuple[str, ...] = ()
    group: str = ""


PRISMA_FORMATS = ("json", "csv", "md", "svg")
BIBLIOGRAPHY_FORMATS = ("ris", "bibtex", "csl-json")
# Format -> the ending of its files, where that is not the format's own name.
ENDINGS = {"bibtex": "bib", "csl-json": "json"}
TABLES: Mapping[str, Table] = {
    "constructs": Table(
        "Constructs",
        ("csv", "md", "json"),
        lambda session, _asker: tables.constructs(session),
        (
            *("construct", "label", "definition", "cmo_role", "level"),
            *("studies", "quotes", "items", "gap"),
        ),
        "group",
    ),
    "cmo": Table(
        "Context-mechanism-outcome configurations",
        ("csv", "json", "md"),
        lambda session, _asker: tables.cmo(session),
        (
            *("cmo_id", "status", "title", "context", "mechanism", "outcome"),
            *("support", "supports", "refutes", "refines"),
        ),
    ),
    "items": Table(
        "Survey items",
        ("csv", "md", "json"),
        lambda session, _asker: tables.items(session),
        (
            *("item_id", "construct", "label", "text", "status"),
            *("scale", "reverse", "evidence", "quotes", "studies"),
        ),
        "instrument",
    ),
    "records": Table(
        "Records",
        ("csv", "json"),
        lambda session, _asker: reports.records(session),
    ),
    "reports": Table(
        "Reports, each with the merged view of its records",
        ("csv", "json"),
        lambda session, _asker: duplicates.reports(session),
    ),
    "pairs": Table(
        "Pairs of records, judged or proposed to be the same",
        ("csv", "json"),
        lambda session, _asker: duplicates.pairs(session),
    ),
    "groups": Table(
        "Records with their report and study",
        ("csv", "json"),
        lambda session, _asker: duplicates.groups(session),
    ),
    "decisions": Table(
        "Votes",
        ("csv", "json"),
        lambda session, asker: votes.decisions(
            session, handle=asker.handle, unblind=asker.unblind
        ),
    ),
    "resolutions": Table(
        "Settled conflicts",
        ("csv", "json"),
        lambda session, asker: votes.resolutions(
            session, handle=asker.handle, unblind=asker.unblind
        ),
    ),
    "audit": Table(
        "Everything that was recorded",
        ("csv", "json"),
        lambda session, _asker: history.audit(session),
    ),
}


def render(
    session: Session, name: str, formats: Sequence[str], *, asker: Asker
) -> dict[str, bytes]:
    """Return format -> content of one table, which is asked for once."""
    table = TABLES[name]
    frame = table.query(session, asker)
    made: dict[str, Callable[[], bytes]] = {
        "csv": lambda: to_csv(frame),
        "json": lambda: to_json(frame),
        "md": lambda: to_markdown(
            frame, title=table.title, columns=table.columns, group=table.group
        ),
    }
    return {kind: made[kind]() for kind in formats}


def render_box(session: Session, box: str, formats: Sequence[str]) -> dict[str, bytes]:
    """Return format -> the records behind a PRISMA box; balanced or not."""
    frame = flow.behind(session, box)
    made = {"csv": to_csv, "json": to_json}
    for kind in formats:
        if kind not in made:
            raise UsageError(
                f"the records behind a box have no {kind} form",
                fix="give --format csv or --format json",
            )
    return {kind: made[kind](frame) for kind in formats}


def render_prisma(
    session: Session, formats: Sequence[str] = PRISMA_FORMATS
) -> dict[str, bytes]:
    """Return format -> the PRISMA counts, or refuse a flow that does not add up."""
    found = flow.flow(session)
    prisma.refuse_unbalanced(found)
    title, labels = _told(session)
    rows = prisma.to_csv_rows(found)
    made: dict[str, Callable[[], bytes]] = {
        "json": lambda: json_bytes(prisma.to_json_object(found, ids=None)),
        "csv": lambda: to_csv(pd.DataFrame(rows, columns=list(PRISMA_COLUMNS))),
        "md": lambda: diagram.to_markdown(found, labels).encode(),
        "svg": lambda: diagram.to_svg(
            found, title=title, labels=labels, note=""
        ).encode(),
    }
    return {kind: made[kind]() for kind in formats}


def render_search_report(
    session: Session,
    formats: Sequence[str] = searchreport.FORMATS,
    *,
    today: searchreport.Today | None = None,
) -> dict[str, bytes]:
    """Return format -> the PRISMA-S appendix; `today` as `searchreport.report`."""
    return searchreport.render(searchreport.report(session, today=today), formats)


def file_name(name: str, kind: str) -> str:
    """Return the file in which an export of this format belongs."""
    own = searchreport.FILES if name == searchreport.NAME else {}
    return own.get(kind, f"{name}.{ENDINGS.get(kind, kind)}")


def render_bibliography(
    session: Session,
    formats: Sequence[str] = BIBLIOGRAPHY_FORMATS,
    *,
    wanted: str = "included",
) -> dict[str, bytes]:
    """Return format -> the reference list of a set of reports (see `works`)."""
    listed = works.references(session, wanted)
    made: dict[str, Callable[[Sequence[bibliography.Reference]], str]] = {
        "ris": bibliography.to_ris,
        "bibtex": bibliography.to_bibtex,
        "csl-json": bibliography.to_csl_json,
    }
    return {kind: made[kind](listed).encode() for kind in formats}


def _told(session: Session) -> tuple[str, dict[str, str]]:
    """Return the review's title and the words for its exclusion reasons."""
    try:
        title = lookup.review(session).title
        reasons = lookup.criteria(session).exclusion
    except NotFoundError:  # nothing was synced yet; the counts are all zero
        return "PRISMA 2020 flow diagram", {}
    return title, {reason.key: reason.label for reason in reasons}


def render_all(
    session: Session, *, asker: Asker, today: searchreport.Today | None = None
) -> dict[str, bytes]:
    """Return file name -> content of everything, all of one moment."""
    files = {f"prisma.{k}": found for k, found in render_prisma(session).items()}
    for kind, content in render_bibliography(session).items():
        files[file_name("bibliography", kind)] = content
    for name, table in TABLES.items():
        for kind, content in render(session, name, table.formats, asker=asker).items():
            files[f"{name}.{kind}"] = content
    for kind, content in render_search_report(session, today=today).items():
        files[file_name(searchreport.NAME, kind)] = content
    return files


def note_unblinding(session: Session, name: str, *, asker: Asker) -> None:
    """Record that a lead is about to see votes on unfinished records, or refuse."""
    person = votes.require_lead(session, asker.handle)
    audit.note(session, "unblinded", by=person, subject=f"export {name}")


def schema(session: Session) -> str:
    """Return the revision of the database's schema."""
    return str(migrations.revision_of(session.connection()))


# -- files ---------------------------------------------------------------------------


def write_files(folder: Path, files: Mapping[str, bytes], *, schema: str) -> list[Path]:
    """Write files and their entries in the manifest; return the paths.

    Entries of files that are gone leave the manifest; those of others stay.
    """
    written = []
    for name, content in files.items():
        write_file(folder / name, content)
        written.append(folder / name)
    moment = datetime.now(UTC).isoformat(timespec="seconds")
    entries = {
        name: entry
        for name, entry in _manifest(folder / MANIFEST).items()
        if (folder / name).is_file()
    }
    for name, content in files.items():
        entries[name] = {
            "sha256": sha256(content).hexdigest(),
            "bytes": len(content),
            "written_at": moment,
            "litreview": litreview.__version__,
            "schema": schema,
        }
    whole = {"files": {name: entries[name] for name in sorted(entries)}}
    write_file(folder / MANIFEST, json_bytes(whole))
    return written


def _manifest(path: Path) -> dict[str, object]:
    """Return the entries of an earlier manifest; none from one that is unreadable."""
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    files = found.get("files") if isinstance(found, dict) else None
    return files if isinstance(files, dict) else {}


def write_file(path: Path, content: bytes) -> None:
    """Write one file whole; refuse a folder, a link, and what is no plain file."""
    try:
        mode = path.lstat().st_mode
    except OSError:  # not there yet, or out of reach, which writing tells in words
        write_whole(path, content)
        return
    if stat.S_ISLNK(mode):
        raise LitreviewError(
            f"{path} is a link, and an export does not write through links",
            fix="name the file itself, or remove the link",
        )
    if not stat.S_ISREG(mode):
        what = "a folder" if stat.S_ISDIR(mode) else "no plain file"
        raise LitreviewError(f"{path} is {what}", fix="name a file, or - for stdout")
    write_whole(path, content)
