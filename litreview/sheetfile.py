"""The item-writing sheet that comes back: rows that a person filled in.

The same rows stand in JSON (a list of objects), CSV (a line each) and DOCX (a form
each: two columns, the field and what was filled in). Nothing is taken without a
person's name and a yes; a row that nobody touched is left alone.
"""

from __future__ import annotations

import csv
import io
import json
import re
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

import docx
from docx.opc.exceptions import PackageNotFoundError
from docx.table import Table

from litreview.errors import InputFileError, LitreviewError
from litreview.yamlfile import suggestion

# Key -> what people read, in the order of the form.
FIELDS: Mapping[str, str] = {
    "construct": "Construct",
    "instrument": "Instrument",
    "text": "Item text",
    "scale": "Response scale",
    "referent": "Referent",
    "reverse": "Reverse (yes/no)",
    "period": "Reference period",
    "respondent": "Respondent",
    "evidence": "Evidence codes",
    "origin": "Origin (new/adapted/verbatim)",
    "source": "From instrument",
    "number": "Number there",
    "page": "Page there",
    "adaptation": "What was adapted",
    "written_by": "Written by",
    "keep": "Keep (yes/no)",
}
NEEDED = ("text", "written_by", "keep")
# What the sheet tells beside a row; it is not read back.
TOLD = ("row", "candidate", "basis", "notes")
YES, NO = frozenset({"yes", "y", "true"}), frozenset({"no", "n", "false"})
MISSPELT = 0.8  # a column this like one that is read is taken for a slip (0 to 1)
# A sheet is written by hand; more than this is another file, or an attack.
MOST_BYTES = 50_000_000
# What our own CSV puts in front of a text that would start a formula.
GUARDED = re.compile(r"'(?=[=+\-@\t\r\uff1d\uff0b\uff0d\uff20])")


@dataclass(frozen=True)
class Row:
    """A row as it stands in the sheet: its number, from 1, and its cells by key."""

    number: int
    cells: Mapping[str, str]


@dataclass(frozen=True)
class Filled:
    """A row that a person wants in the bank."""

    number: int
    construct: str
    instrument: str
    text: str
    written_by: str
    evidence: tuple[int, ...]
    reverse: bool | None
    more: Mapping[str, str]


def read(content: bytes, path: Path) -> list[Row]:
    """Return the rows of a sheet; the ending of `path` tells its format.

    Raises `InputFileError` for another format and for a file that is no sheet.
    """
    readers: dict[str, Callable[[bytes, Path], Iterator[dict[str, str]]]] = {
        ".json": _json,
        ".csv": _csv,
        ".docx": _docx,
    }
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise InputFileError(
            path,
            None,
            "a filled sheet is a DOCX, JSON or CSV file",
            why="a Markdown sheet is for reading"
            if path.suffix.lower() == ".md"
            else "",
            fix="write one with `litreview item draft CONSTRUCT --to FILE.docx`",
        )
    rows = [Row(place, cells) for place, cells in enumerate(reader(content, path), 1)]
    if rows:
        return rows
    raise InputFileError(
        path,
        None,
        "there is no row in this sheet",
        fix="fill in one made by `litreview item draft`",
    )


def filled(row: Row, *, instrument: str = "") -> Filled | None:
    """Return a row that is to be taken, None for one that was let go or left alone.

    `instrument` stands in where the row names none. Raises `LitreviewError` in words
    for one that cannot be taken.
    """
    cells = {key: row.cells.get(key, "").strip() for key in FIELDS}
    keep = _yes_or_no(cells["keep"], "keep")
    if keep is False or (keep is None and not cells["written_by"]):
        return None
    if keep is None:
        raise LitreviewError(
            "it is not said whether the item is kept", fix="write yes or no at Keep"
        )
    for key, what in (("text", "text"), ("construct", "construct")):
        if not cells[key]:
            raise LitreviewError(f"the item has no {what}")
    if not cells["written_by"]:
        raise LitreviewError(
            "the item has nobody's name",
            why="no item enters the bank unless a person stands for it",
            fix="write a handle or a name of the team at Written by",
        )
    if not (cells["instrument"] or instrument):
        raise LitreviewError(
            "it is not said to which instrument the item belongs",
            fix="write it at Instrument, or give --instrument NAME",
        )
    return Filled(
        row.number,
        cells["construct"],
        cells["instrument"] or instrument,
        cells["text"],
        cells["written_by"],
        _codes(cells["evidence"]),
        _yes_or_no(cells["reverse"], "reverse"),
        cells,
    )


def _yes_or_no(word: str, what: str) -> bool | None:
    said = word.casefold().strip(" .")
    if not said:
        return None
    if said in YES | NO:
        return said in YES
    raise LitreviewError(f"{word!r} at {what} is neither yes nor no")


def _codes(text: str) -> tuple[int, ...]:
    words = re.split(r"[\s,;]+", text.strip()) if text.strip() else []
    for word in words:
        if not re.fullmatch(r"[0-9]{1,15}", word):
            raise LitreviewError(
                f"{word!r} at evidence is no code",
                fix="write the numbers of passages, such as 3 8",
            )
    return tuple(map(int, words))


# -- the formats ---------------------------------------------------------------------


def _json(content: bytes, path: Path) -> Iterator[dict[str, str]]:
    try:
        found = json.loads(content)
    except ValueError as error:
        raise InputFileError(path, None, f"this is not JSON: {error}") from error
    rows = found.get("rows") if isinstance(found, dict) else found
    if not isinstance(rows, list):
        raise InputFileError(path, None, "the list 'rows' is missing")
    for place, row in enumerate(rows, start=1):
        if not isinstance(row, dict):
            raise InputFileError(path, None, f"row {place} is no object")
        for key in row.keys() - set(FIELDS) - set(TOLD):
            raise InputFileError(
                path,
                None,
                f"row {place} has an unknown field {key!r}",
                why=suggestion(str(key), FIELDS),
                fix=f"use one of: {', '.join(FIELDS)}",
            )
        yield {key: _word(row.get(key)) for key in FIELDS}


def _word(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return " ".join(map(_word, value))
    return "" if value is None else str(value)


def _csv(content: bytes, path: Path) -> Iterator[dict[str, str]]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputFileError(
            path, None, "this CSV file is not UTF-8", fix="save it as UTF-8"
        ) from error
    first = text.partition("\n")[0]
    mark = ";" if first.count(";") > first.count(",") else ","
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=mark, strict=True)
    try:
        lines = [line for line in reader if any(cell.strip() for cell in line)]
    except csv.Error as error:
        raise InputFileError(
            path, reader.line_num, f"this is not a CSV file: {error}"
        ) from error
    keys = _header(lines[0] if lines else [], path)
    for line in lines[1:]:
        cells = dict.fromkeys(FIELDS, "")
        for key, cell in zip(keys, line, strict=False):
            if key in FIELDS:
                cells[key] = GUARDED.sub("", cell, count=1)
        yield cells


def _header(names: Sequence[str], path: Path) -> list[str]:
    """Return the key of each column; refuse a missing or a misspelt one."""
    keys = [key_of(name) or name.strip() for name in names]
    for key in NEEDED:
        if key not in keys:
            raise InputFileError(path, 1, f"the column {key!r} is missing")
    for key in keys:
        near = get_close_matches(key, FIELDS, n=1, cutoff=MISSPELT)
        if key not in (*FIELDS, *TOLD) and near:
            raise InputFileError(
                path,
                1,
                f"the column {key!r} is not read",
                why=f"Did you mean {near[0]!r}?",
                fix="rename it, or take it out",
            )
        if key in FIELDS and keys.count(key) > 1:
            raise InputFileError(path, 1, f"the column {key!r} stands there twice")
    return keys


def _docx(content: bytes, path: Path) -> Iterator[dict[str, str]]:
    for form in _tables(content, path):
        cells: dict[str, str] = {}
        for line in form.rows:
            found = [cell.text.strip() for cell in line.cells]
            key = key_of(found[0]) if len(found) > 1 else ""
            if key:
                cells[key] = found[1]
        if "text" in cells:
            yield {key: cells.get(key, "") for key in FIELDS}


def _tables(content: bytes, path: Path) -> list[Table]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            size = sum(part.file_size for part in packed.infolist())
        if size > MOST_BYTES:
            raise InputFileError(path, None, "this file is too large to be a sheet")
        return docx.Document(io.BytesIO(content)).tables
    except (zipfile.BadZipFile, PackageNotFoundError, KeyError, ValueError) as error:
        raise InputFileError(path, None, "this is not a DOCX file") from error


def key_of(label: str) -> str:
    """Return the key of a field by its label or its key; '' for another text."""
    said = _plain(label)
    known = {_plain(words): key for key, words in FIELDS.items()}
    return known.get(said) or next((key for key in FIELDS if _plain(key) == said), "")


def _plain(label: str) -> str:
    words = re.sub(r"\([^)]*\)", " ", label).replace("_", " ").casefold()
    return " ".join(words.split()).rstrip(":")
