"""Read a rating form or a ranking that was filled in: CSV, XLSX or DOCX.

The first table whose header has the columns that are needed is read. In a Word file a
small table above it may say what goes for all its rows (panel, measure, rater). A
diamond may also be laid out in CSV as it lay on the table: five rows of one, two,
three, two and one constructs, without a header.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Iterable, Sequence
from pathlib import Path

from litreview.errors import InputFileError
from litreview.ratings import DIAMOND
from litreview.ratingsheet import Sheet

MOST_BYTES = 2**26  # of an unpacked Word file; a form has a thousandth of it
SUBJECTS = frozenset({"item_id", "construct"})  # one of them heads every sheet
CSV, XLSX, DOCX = ".csv", ".xlsx", ".docx"

Cells = list[str]
Numbered = list[tuple[int, Cells]]


def read_sheet(path: Path) -> Sheet:
    """Return the table of a file, with the file's hash.

    Raises `InputFileError` for what is no CSV, XLSX or DOCX file, and for one
    without a table of ratings.
    """
    ending = path.suffix.lower()
    if ending == DOCX:
        tables = _word_tables(path)
    elif ending == XLSX:
        tables = [_workbook(path)]
    elif ending == CSV:
        tables = [_text(path)]
    else:
        raise InputFileError(
            path, None, "is no rating form", fix="give a .csv, .xlsx or .docx file"
        )
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    common: dict[str, str] = {}
    for table in tables:
        names = [_name(cell) for cell in table[0][1]] if table else []
        if SUBJECTS & set(names):
            return _sheet(path, names, table[1:], (common, digest))
        if len(table) > 1:
            common |= dict(zip(names, map(str.strip, table[1][1]), strict=False))
    for table in tables:
        if _is_diamond(table):
            return _laid_out(table, common, digest)
    raise InputFileError(
        path,
        None,
        "has no table of ratings or ranks",
        why="No header has a column item_id or construct.",
        fix="start from `litreview rating form` or `litreview rating cards`",
    )


def _name(cell: str) -> str:
    return "_".join(cell.casefold().split())


def _sheet(
    path: Path, names: Cells, rows: Numbered, more: tuple[dict[str, str], str]
) -> Sheet:
    common, digest = more
    named = [name for name in names if name]
    twice = sorted({name for name in named if named.count(name) > 1})
    if twice:
        raise InputFileError(path, 1, f"has two columns {twice[0]!r}")
    found = []
    for line, cells in rows:
        if len(cells) > len(names) and any(map(str.strip, cells[len(names) :])):
            raise InputFileError(
                path, line, f"has {len(cells)} cells, the header {len(names)}"
            )
        if any(map(str.strip, cells)):
            inside = dict(zip(names, cells, strict=False))
            found.append((line, {**common, **inside}))
    return Sheet((*named, *common), tuple(found), digest)


def _is_diamond(table: Numbered) -> bool:
    sizes = tuple(sum(bool(cell.strip()) for cell in cells) for _line, cells in table)
    return tuple(filter(None, sizes)) == DIAMOND


def _laid_out(table: Numbered, common: dict[str, str], digest: str) -> Sheet:
    filled = [
        (line, [cell for cell in cells if cell.strip()])
        for line, cells in table
        if any(map(str.strip, cells))
    ]
    rows = tuple(
        (line, {**common, "construct": cell, "row": str(row)})
        for row, (line, cells) in enumerate(filled, start=1)
        for cell in cells
    )
    return Sheet(("construct", "row", *common), rows, digest)


# -- the three kinds of file -------------------------------------------------------


def _text(path: Path) -> Numbered:
    import csv

    from litreview.sources import csv_file
    from litreview.workspace import read_text

    text = read_text(path)
    stream = io.StringIO(text, newline="")
    reader = csv.reader(stream, delimiter=csv_file.delimiter(text), strict=True)
    found = []
    try:
        for number, cells in enumerate(reader, start=1):
            found.append((number, cells))
    except csv.Error as error:
        raise InputFileError(
            path, reader.line_num, f"this is not a CSV file: {error}"
        ) from error
    return _filled(found)


def _filled(rows: Iterable[tuple[int, Sequence[str]]]) -> Numbered:
    return [(line, list(cells)) for line, cells in rows if any(map(str.strip, cells))]


def _workbook(path: Path) -> Numbered:
    from litreview.sources import xlsx_file

    with xlsx_file.opened(path) as table:
        header = [
            "" if name == f"column {at}" else name
            for at, name in enumerate(table.header, start=1)
        ]
        body = [(line, list(cells.values())) for line, cells in table.rows]
    return _filled([(table.line, header), *body])


def _word_tables(path: Path) -> list[Numbered]:
    import docx
    from docx.opc.exceptions import PackageNotFoundError

    try:
        with zipfile.ZipFile(path) as packed:
            if sum(part.file_size for part in packed.infolist()) > MOST_BYTES:
                raise InputFileError(path, None, "is too large to be a form")
        tables = docx.Document(str(path)).tables
    except OSError as error:
        raise InputFileError(
            path, None, f"cannot be read: {error.strerror or error}"
        ) from error
    except (
        zipfile.BadZipFile,
        PackageNotFoundError,
        SyntaxError,  # what lxml raises for broken XML
        KeyError,
        ValueError,
    ) as error:
        raise InputFileError(
            path, None, "is no Word file", fix="save it again as .docx"
        ) from error
    return [
        _filled(
            (number, [cell.text for cell in row.cells])
            for number, row in enumerate(table.rows, start=1)
        )
        for table in tables
    ]
