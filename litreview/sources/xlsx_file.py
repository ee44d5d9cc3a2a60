"""Tables in workbooks (.xlsx): one sheet, its first row the header.

A cell is taken as what the workbook stores: a number in digits, a day as 2021-06-30,
a formula as the value that was last worked out. What a spreadsheet changed on its own
("1-8" into the first of August) cannot be brought back here; it is flagged. Macros
are never run. The file is a zip archive of XML, and both can be attacks: how much may
come out of it is limited, and entities are refused.
"""

from __future__ import annotations

import datetime as dt
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import ParseError

import openpyxl
from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import iterparse
from openpyxl.utils.exceptions import InvalidFileException

from litreview.errors import InputFileError, UsageError
from litreview.sources import textfile
from litreview.sources.table import Table, made

MAGIC = b"PK\x03\x04"
# How the formats before 2007 begin, and workbooks with a password.
OLD_MAGIC = b"\xd0\xcf\x11\xe0"
# The words of a workbook are held in memory, and XML of records shrinks to a tenth.
MOST_UNPACKED = 2**29  # bytes
HARMLESS = 2**24  # bytes
MOST_PACKED = 100  # times
# What the libraries raise for archives and XML that are not what they should be.
_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    InvalidFileException,
    DefusedXmlException,
    ParseError,
    LookupError,
    ValueError,
    EOFError,
    OSError,
    RuntimeError,
)
_MIDNIGHT = dt.time()
_SPACE = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def is_workbook(path: Path) -> bool:
    """Tell whether a file is a workbook of Excel, of whatever age.

    Raises InputFileError for what cannot be read at all.
    """
    with textfile.unpacked(path) as raw:
        return raw.read(len(MAGIC)) in (MAGIC, OLD_MAGIC)


@contextmanager
def opened(path: Path, sheet: str = "") -> Iterator[Table]:
    """Give a sheet as a table, the first one where none is named.

    Raises InputFileError for what is no workbook, UsageError for a sheet that is
    not there.
    """
    with (
        _book(path, values=True) as values,
        _book(path, values=False) as formulas,
    ):
        shown = _sheet(path, values, sheet)
        written = _sheet(path, formulas, sheet)
        yield made(path, _rows(path, shown, written))


def starts(path: Path, sheet: str = "") -> list[int]:
    """Return the numbers of the rows that hold something, without the header's.

    Asked of the XML itself, not of the library that reads the cells.
    """
    found = []
    with _told(path), _book(path, values=True) as book:
        part = _sheet(path, book, sheet)._worksheet_path  # noqa: SLF001 - its only name
        with zipfile.ZipFile(path) as archive, archive.open(part) as stream:
            number = 0
            for _, element in iterparse(stream, events=("end",)):
                if element.tag == f"{_SPACE}row":
                    number = int(element.get("r") or number + 1)
                    if _holds(element):
                        found.append(number)
                    element.clear()
    return found[1:]


def _holds(row: Any) -> bool:
    """Tell whether a row of XML has a cell with a value or a text."""
    return any(
        element.text for name in ("v", "t") for element in row.iter(f"{_SPACE}{name}")
    )


@contextmanager
def _book(path: Path, *, values: bool) -> Iterator[openpyxl.Workbook]:
    """Open a workbook for reading, with the formulas or with their values."""
    with ExitStack() as stack:
        with _told(path):
            _refuse_odd(path)
            # The library would leave it open where reading is broken off.
            file = stack.enter_context(path.open("rb"))
            book = openpyxl.load_workbook(file, read_only=True, data_only=values)
        stack.callback(book.close)
        yield book


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """Say in words why a workbook cannot be read."""
    try:
        yield
    except _BROKEN as error:
        raise InputFileError(
            path,
            None,
            f"cannot be read as a workbook: {error}.",
            fix="save it again as .xlsx, or as CSV UTF-8.",
        ) from error


def _refuse_odd(path: Path) -> None:
    with path.open("rb") as file:
        if file.read(len(OLD_MAGIC)) == OLD_MAGIC:
            raise InputFileError(
                path,
                None,
                "is an old workbook (.xls), or one with a password.",
                fix="save it as .xlsx without a password, or as CSV UTF-8.",
            )
    with zipfile.ZipFile(path) as archive:
        unpacked = sum(part.file_size for part in archive.infolist())
    limit = max(HARMLESS, path.stat().st_size * MOST_PACKED)
    if unpacked > min(limit, MOST_UNPACKED):
        raise InputFileError(
            path,
            None,
            f"unpacks to {unpacked:,} bytes, far more than a list of records would.",
            fix="save the sheet as CSV UTF-8.",
        )


def _sheet(path: Path, book: openpyxl.Workbook, name: str) -> Any:
    """Return the sheet of this name, or the first."""
    sheets = {sheet.title: sheet for sheet in book.worksheets}
    if not sheets:
        raise InputFileError(path, None, "has no sheet.", fix="save it again.")
    if name and name not in sheets:
        raise UsageError(
            f"{path.name} has no sheet {name!r}",
            why=f"its sheets are: {', '.join(sheets)}",
            fix="give one of them as --sheet",
        )
    sheet = sheets[name] if name else next(iter(sheets.values()))
    # Programs write wrong sizes into the file, and cells beyond them would be lost.
    sheet.reset_dimensions()
    return sheet


def _rows(path: Path, shown: Any, written: Any) -> Iterator[tuple[int, list[str]]]:
    """Yield (row number, cells) of the rows that hold something, as wide as the first.

    Raises InputFileError for a formula without its value.
    """
    width = 0
    pairs = zip(
        shown.iter_rows(values_only=True),
        written.iter_rows(values_only=True),
        strict=True,
    )
    with _told(path):
        for line, (cells, formulas) in enumerate(pairs, start=1):
            _refuse_unknown(path, line, cells, formulas)
            texts = [_text(cell) for cell in cells]
            while texts and not texts[-1]:
                texts.pop()
            width = width or len(texts)
            if any(cell is not None for cell in cells):
                yield line, texts + [""] * (width - len(texts))


def _refuse_unknown(
    path: Path, line: int, cells: tuple[Any, ...], formulas: tuple[Any, ...]
) -> None:
    """Raise InputFileError for a formula whose value was not stored."""
    for cell, formula in zip(cells, formulas, strict=True):
        if cell is None and isinstance(formula, str) and formula[:1] == "=":
            raise InputFileError(
                path,
                line,
                f"has a formula whose value was not stored: {formula[:50]}",
                fix="open the workbook in a spreadsheet and save it.",
            )


def _text(value: object) -> str:
    """Return a cell's value as text that loses nothing."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).upper()
    if isinstance(value, dt.datetime) and value.time() == _MIDNIGHT:
        return value.date().isoformat()
    if isinstance(value, dt.datetime | dt.date | dt.time):
        return value.isoformat()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)
