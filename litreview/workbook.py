"""Workbooks: sheets of plain rows as XLSX, the same bytes for the same rows.

A text is stored as text, whatever it begins with, so no spreadsheet takes it for a
formula. What XLSX cannot hold is left out: control characters, and all beyond the
32,767th character of a cell (ECMA-376).
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Mapping, Sequence
from typing import TypeAlias

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.writer.excel import ExcelWriter

from litreview.packed import DAWN, steady

Cell: TypeAlias = str | int | float | bool | None
LONGEST_CELL = 32_767
LONGEST_TITLE = 31
NOT_IN_TITLES = re.compile(r"[\[\]:*?/\\]")


def to_xlsx(sheets: Mapping[str, Sequence[Sequence[Cell]]]) -> bytes:
    """Return a workbook with these sheets, by title and in this order."""
    book = Workbook(write_only=True)
    book.properties.created = book.properties.modified = DAWN
    for title, rows in sheets.items():
        sheet = book.create_sheet(NOT_IN_TITLES.sub(" ", title)[:LONGEST_TITLE])
        for row in rows:
            cells = [WriteOnlyCell(sheet, _held(value)) for value in row]
            for cell in cells:
                if isinstance(cell.value, str):
                    cell.data_type = "s"
            sheet.append(cells)
    filled = io.BytesIO()
    # Not `book.save`, which notes the present moment in the file.
    ExcelWriter(book, zipfile.ZipFile(filled, "w")).save()
    return steady(filled.getvalue())


def _held(value: Cell) -> Cell:
    if not isinstance(value, str):
        return value
    return ILLEGAL_CHARACTERS_RE.sub("", value)[:LONGEST_CELL]
