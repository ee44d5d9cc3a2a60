"""A table as bytes: CSV, JSON, Markdown, XLSX and DOCX.

The same table gives the same bytes, whenever and wherever. Spreadsheets take text
that begins with ``=`` for a formula, and titles come from strangers: CSV cells of
text that would start one get an apostrophe in front (OWASP, "CSV injection"); in XLSX
a cell says itself that it is text. Numbers and JSON are left alone.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
from sqlalchemy.orm import Session

from litreview import docxfile, workbook
from litreview.document import Document, Heading, say
from litreview.document import Table as Grid
from litreview.text import printable

# What starts a formula, also in full width, which some spreadsheets fold.
TRIGGERS = "=+-@\uff1d\uff0b\uff0d\uff20"
# These alone start a cell that some spreadsheets read on from.
LEADING = "\t\r\n\0"
ESCAPE = "'"
# A number with its sign is no formula, also where it stands in a column of text.
NUMBER = re.compile(r"-[0-9]+(?:\.[0-9]+)?\Z")
QUOTED = re.compile(r'[",\r\n]')
NO_GROUP = "Other"
PARTS = "; "  # between the values of a list in one cell
MOMENT = "%Y-%m-%dT%H:%M:%S.%fZ"


@dataclass(frozen=True)
class Asker:
    """Who asks, and whether they asked to see votes on unfinished records."""

    handle: str
    unblind: bool = False


@dataclass(frozen=True)
class Table:
    """One exportable table: its query, its formats, and what people see of it.

    `columns` are those that Markdown and DOCX show (all where none are named), with
    a part for each value of `group`; CSV, JSON and XLSX hold all. `pictures` are
    formats that show something else of the same: format -> what makes it.
    """

    title: str
    formats: tuple[str, ...]
    query: Callable[[Session, Asker], pd.DataFrame]
    columns: tuple[str, ...] = ()
    group: str = ""
    pictures: Mapping[str, Callable[[Session], bytes]] = field(default_factory=dict)


def only(table: Table, values: Mapping[str, str]) -> Table:
    """Return a table with just the rows that have these values, by column."""

    def query(session: Session, asker: Asker) -> pd.DataFrame:
        found = table.query(session, asker)
        for column, value in values.items():
            found = found[found[column] == value]
        return found.reset_index(drop=True)

    return replace(table, query=query) if values else table


def render(
    table: Table, session: Session, formats: Sequence[str], *, asker: Asker
) -> dict[str, bytes]:
    """Return format -> content of one table, which is asked for once."""
    drawn = {
        kind: table.pictures[kind](session)
        for kind in formats
        if kind in table.pictures
    }
    if len(drawn) == len(formats):
        return drawn
    frame = table.query(session, asker)
    made: Mapping[str, Callable[[], bytes]] = {
        "csv": lambda: to_csv(frame),
        "json": lambda: to_json(frame),
        "xlsx": lambda: to_xlsx(frame, title=table.title),
        "md": lambda: to_markdown(
            frame, title=table.title, columns=table.columns, group=table.group
        ),
        "docx": lambda: to_docx(
            frame, title=table.title, columns=table.columns, group=table.group
        ),
    }
    return {kind: drawn.get(kind) or made[kind]() for kind in formats}


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
    if NUMBER.match(text):
        return False
    if text[:1] in TRIGGERS or text[:1] in LEADING:
        return text != ""
    first = next((c for c in text if unicodedata.category(c)[0] not in "CZ"), "")
    return first != "" and first in TRIGGERS


def _md_cell(text: str) -> str:
    words = " ".join(printable(text, keep_newlines=True).split())
    for sign, written in (("\\", "\\\\"), ("|", "\\|"), ("<", "&lt;")):
        words = words.replace(sign, written)
    return words


def to_xlsx(frame: pd.DataFrame, *, title: str) -> bytes:
    """Return a table as a workbook of one sheet; text is never a formula there."""
    rows = [[_sheet_cell(value) for value in row] for row in _rows(frame)]
    header = [str(name) for name in frame.columns]
    return workbook.to_xlsx({title: [header, *rows]})


def _sheet_cell(value: object) -> workbook.Cell:
    return value if isinstance(value, bool | int | float) else _text(value)


def to_docx(
    frame: pd.DataFrame, *, title: str, columns: Sequence[str] = (), group: str = ""
) -> bytes:
    """Return a table as a Word document, with a part for each `group`."""
    shown = list(columns) or list(frame.columns)
    blocks: list[Heading | Grid] = []
    if group and not frame.empty:
        for heading, part in frame.groupby(group, sort=False):
            blocks += [Heading(str(heading) or NO_GROUP), _grid(part[shown])]
    elif not frame.empty:
        blocks.append(_grid(frame[shown]))
    return docxfile.to_docx(Document(title, tuple(blocks) or (say("Nothing yet."),)))


def _grid(frame: pd.DataFrame) -> Grid:
    rows = tuple(tuple(_text(value) for value in row) for row in _rows(frame))
    return Grid(tuple(map(str, frame.columns)), rows)
