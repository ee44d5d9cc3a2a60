"""A file of records, whichever program wrote it: recognised, opened, read.

What a file holds is asked of its content first and of its name's ending then. A
`Readable` is a file that was read once from end to end as bytes, with its hash, its
format and the way to read it; it opens the file afresh each time that somebody wants
its rows, so none has to hold them all.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from litreview.errors import InputFileError, UsageError
from litreview.sources import (
    asreview,
    bibtex,
    covidence,
    csl_json,
    csv_file,
    endnote_xml,
    generic,
    nbib,
    rayyan,
    ris,
    scopus,
    textfile,
    wos,
    xlsx_file,
)
from litreview.sources.rows import Opinion, Row
from litreview.sources.table import Table, names

CSV, XLSX, XML = "csv", "xlsx", "endnote-xml"
# Format -> the module that reads it, and the endings of its files.
TEXTS = {"ris": ris, "bibtex": bibtex, "nbib": nbib, "wos": wos, "csl-json": csl_json}
TABLES = {
    "scopus": scopus,
    "covidence": covidence,
    "rayyan": rayyan,
    "asreview": asreview,
}
FORMATS = (CSV, XLSX, XML, *TEXTS, *TABLES)
ENDINGS = {
    CSV: ("csv", "tsv", "tab"),
    XLSX: ("xlsx", "xlsm", "xls"),
    XML: ("xml",),
    "ris": ("ris",),
    "bibtex": ("bib", "bibtex"),
    "nbib": ("nbib",),
    "wos": ("ciw", "isi"),
    "csl-json": ("json",),
}
# Programs that write their decisions into the notes of any format.
_MARKS = {"rayyan": rayyan.MARK, "asreview": asreview.MARK}
_WEB_PAGE = re.compile(
    r"\s*(?:<\?xml[^>]*>\s*)?(?:<!doctype html|<html\b)", re.IGNORECASE
)


@dataclass(frozen=True)
class Wanted:
    """What the user says of a file; what is empty is found out.

    `mapping` is column -> field of a plain table, `sheet` the name of one.
    """

    form: str = ""
    mapping: Mapping[str, str] = field(default_factory=dict)
    sheet: str = ""


@dataclass(frozen=True)
class Readable:
    """A file that can be read: `form` is what it holds, `way` how that is written.

    They differ where one program writes several formats: a list of Rayyan may be
    CSV or RIS. `encoding` is empty and `mark` means nothing where there is no text.
    """

    path: Path
    sha256: str
    form: str
    way: str
    encoding: str = ""
    mark: str = ","
    wanted: Wanted = field(default_factory=Wanted)

    @property
    def notes(self) -> tuple[str, ...]:
        """Return what the user is to be told of how the file was read."""
        told = []
        if self.encoding == textfile.WINDOWS and self.way != XML:
            told.append("read as Windows-1252, as it is not UTF-8; look at the names")
        if self.way == CSV and self.mark != ",":
            told.append(f"its cells are parted by {csv_file.DELIMITERS[self.mark]}")
        if unread := self._unread():
            named = ", ".join(unread)
            told.append(f"these columns are kept, but are no field to us: {named}")
        return tuple(told)

    def _unread(self) -> list[str]:
        """Return the columns of a plain table that nothing is read from."""
        if self.form not in (CSV, XLSX):
            return []
        with self._table() as table:
            return generic.unread(table, self.wanted.mapping)

    def rows(self) -> Iterator[Row]:
        """Yield the entries, with the decisions that stand in their notes.

        A format that the user gives is read as just that: notes stay notes.
        """
        is_plain = self.wanted.form == self.way
        for row in self._rows():
            yield row if row.opinions or is_plain else _judged(self.path, row)

    def _rows(self) -> Iterator[Row]:
        if self.way in (CSV, XLSX):
            with self._table() as table:
                yield from self._read(table)
        elif self.way == XML:
            with textfile.unpacked(self.path) as raw:
                yield from endnote_xml.read(raw, self.path)
        else:
            with textfile.opened(self.path, self.encoding) as stream:
                yield from TEXTS[self.way].read(stream, self.path)

    @contextmanager
    def _table(self) -> Iterator[Table]:
        """Open the table that a workbook or a text is."""
        if self.way == XLSX:
            with xlsx_file.opened(self.path, self.wanted.sheet) as table:
                yield table
        else:
            with textfile.opened(self.path, self.encoding, newline="") as stream:
                yield csv_file.read(stream, self.path, mark=self.mark)

    def _read(self, table: Table) -> Iterator[Row]:
        if self.form in TABLES:
            rows: Iterator[Row] = TABLES[self.form].read(table)
            return rows
        return generic.read(table, self.wanted.mapping)

    def starts(self) -> list[int]:
        """Return the lines on which entries begin, by other means than reading."""
        if self.way == XLSX:
            return xlsx_file.starts(self.path, self.wanted.sheet)
        if self.way == XML:
            with textfile.unpacked(self.path) as raw:
                return list(endnote_xml.starts(raw))
        newline = "" if self.way == CSV else None
        with textfile.opened(self.path, self.encoding, newline=newline) as stream:
            if self.way == CSV:
                return csv_file.starts(stream, self.mark)
            return list(TEXTS[self.way].starts(stream))


def readable(path: Path, wanted: Wanted | None = None) -> Readable:
    """Recognise a file; nothing of its entries is read yet.

    Raises InputFileError for what is no list of records, UsageError for what the
    user says of it that cannot be.
    """
    wanted = wanted or Wanted()
    text = None
    if xlsx_file.is_workbook(path):
        way, head = XLSX, ""
        form = wanted.form or _of_workbook(path, wanted.sheet)
    else:
        text = textfile.examine(path)
        head = text.head
        form, way = recognise(path, head, wanted.form)
    _refuse_idle(path, wanted, form, way)
    return Readable(
        path,
        text.sha256 if text else textfile.digest(path),
        form,
        way,
        text.encoding if text else "",
        csv_file.delimiter(head),
        wanted,
    )


def recognise(path: Path, head: str, form: str = "") -> tuple[str, str]:
    """Return (format, way) of a text that begins with `head`.

    A format that is given is believed. Raises InputFileError for a web page,
    UsageError where nothing tells the format.
    """
    if _WEB_PAGE.match(head):
        raise InputFileError(
            path,
            1,
            "is a web page, not a list of records.",
            why="The site probably answered with a page to log in, or an error.",
            fix="open it in a browser, and export the records again.",
        )
    if form and form not in _MARKS:
        return form, form if form in {*TEXTS, XML} else CSV
    columns = names(csv_file.header(head))
    way = _tagged(path, head)
    if way and not (form and TABLES[form].fits(columns)):
        marked = next((name for name, mark in _MARKS.items() if mark in head), way)
        return form or marked, way
    if form:
        return form, CSV
    if form := _of_table(path, columns):
        return form, CSV
    return _of_ending(path)


def _of_workbook(path: Path, sheet: str) -> str:
    """Return the program whose columns a workbook has, xlsx for any other."""
    with xlsx_file.opened(path, sheet) as table:
        return _program(names(table.header)) or XLSX


def _program(columns: set[str]) -> str:
    return next((name for name in TABLES if TABLES[name].fits(columns)), "")


def _tagged(path: Path, head: str) -> str:
    """Return the format of text with marks of its own, '' for any other.

    Where several formats fit, the name's ending decides. Raises UsageError where it
    does not.
    """
    found = [name for name, module in TEXTS.items() if module.looks_like(head)]
    if endnote_xml.looks_like(head):
        found.append(XML)
    if len(found) > 1:
        found = [name for name in found if _ending(path) in ENDINGS[name]] or found
    if len(found) > 1:
        raise _unknown(path, f"it looks like {' and like '.join(found)}")
    return "".join(found)


def _of_table(path: Path, columns: set[str]) -> str:
    """Return the format of a table, '' for what does not look like one."""
    is_table = _ending(path) in ENDINGS[CSV] or {"title"} < columns
    return _program(columns) or (CSV if is_table else "")


def _of_ending(path: Path) -> tuple[str, str]:
    """Return the format that the name's ending tells, as its content tells none."""
    ending = _ending(path)
    for name, endings in ENDINGS.items():
        if ending in endings and name != XLSX:
            return name, name
    raise _unknown(path, "neither its content nor its name's ending tells")


def _ending(path: Path) -> str:
    return path.name.lower().removesuffix(".gz").rpartition(".")[2]


def _unknown(path: Path, why: str) -> UsageError:
    return UsageError(
        f"the format of {path.name} is not known",
        why=why,
        fix=f"give --format with one of: {', '.join(FORMATS)}",
    )


def _refuse_idle(path: Path, wanted: Wanted, form: str, way: str) -> None:
    """Raise UsageError for an option that does not go with this file."""
    is_other = way == XLSX and form in {*TEXTS, XML}
    if is_other or (form == XLSX and way != XLSX):
        word = "a" if is_other else "no"
        raise UsageError(
            f"{path.name} cannot be read as {form}: it is {word} workbook",
            fix="leave --format out",
        )
    if wanted.mapping and form not in (CSV, XLSX):
        raise UsageError(
            f"--map means nothing for {path.name}, which is read as {form}",
            fix="leave it out, or give --format csv to name the columns yourself",
        )
    if wanted.sheet and way != XLSX:
        raise UsageError(
            f"--sheet means nothing for {path.name}, which is no workbook",
            fix="leave it out",
        )


def _judged(path: Path, row: Row) -> Row:
    """Return an entry with the decisions that its texts hold, if any."""
    for text in _texts(row.payload.values()):
        said: tuple[Opinion, ...] | None = ()
        if rayyan.MARK in text:
            said = rayyan.opinions(text)
        elif asreview.MARK in text:
            said = asreview.opinions(text)
        if said is None:
            raise rayyan.unreadable(path, row.line)
        if said:
            return replace(row, opinions=said)
    return row


def _texts(values: Iterable[object]) -> Iterator[str]:
    """Yield the texts among values, and those in lists of them."""
    for value in values:
        if isinstance(value, str):
            yield value
        elif isinstance(value, list):
            yield from _texts(value)
