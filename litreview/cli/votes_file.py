"""Read a votes file: one line, one vote."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Mapping
from datetime import UTC, datetime
from difflib import get_close_matches
from pathlib import Path

from litreview.ballots import VoteRow
from litreview.errors import InputFileError
from litreview.vocabulary import Stage, Verdict
from litreview.workspace import read_text
from litreview.yamlfile import suggestion

REQUIRED = ("screener", "stage", "verdict")
KNOWN = (
    "record_id",
    "source_id",
    "source",
    *REQUIRED,
    "reason",
    "streams",
    "at",
    "note",
)
# A column's name this like one that is read (0 to 1) is taken for a misspelling.
MISSPELT = 0.85


def read_votes(path: Path) -> tuple[list[VoteRow], str]:
    """Return the votes of a CSV file with their lines, and the file's hash.

    Raises `InputFileError` with file and line for the first mistake.
    """
    text = read_text(path)
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    try:
        header = [name.strip().lower() for name in reader.fieldnames or []]
        _check_header(path, header)
        reader.fieldnames = header
        rows = [_row(path, reader.line_num, row) for row in reader]
    except csv.Error as error:
        raise InputFileError(
            path, reader.line_num, f"this is not a CSV file: {error}"
        ) from error
    return rows, hashlib.sha256(text.encode()).hexdigest()


def _check_header(path: Path, header: list[str]) -> None:
    for name in REQUIRED:
        if name not in header:
            raise InputFileError(
                path,
                1,
                f"the column {name!r} is missing",
                why=f"the columns are: {', '.join(header) or '(none)'}",
                fix=f"use the columns {', '.join(KNOWN)}",
            )
    if not {"record_id", "source_id"} & set(header):
        raise InputFileError(
            path, 1, "neither record_id nor source_id is there to name the records"
        )
    for name in header:
        # Other columns are the reader's own; a misspelt one would lose its content.
        near = get_close_matches(name, KNOWN, n=1, cutoff=MISSPELT)
        if name not in KNOWN and near:
            raise InputFileError(
                path,
                1,
                f"the column {name!r} is not read",
                why=f"Did you mean {near[0]!r}?",
                fix="rename it, or take it out",
            )


def _row(path: Path, line: int, row: Mapping[str, str | None]) -> VoteRow:
    cell = {name: (row.get(name) or "").strip() for name in KNOWN}
    number = cell["record_id"]
    if number and not number.isdecimal():
        raise InputFileError(path, line, f"{number!r} is no record id")
    if not number and not cell["source_id"]:
        raise InputFileError(path, line, "this line names no record")
    if not cell["screener"]:
        raise InputFileError(path, line, "this line names no screener")
    return VoteRow(
        line=line,
        screener=cell["screener"],
        stage=_word(path, line, cell["stage"], [*Stage]),
        verdict=_word(path, line, cell["verdict"].lower(), [*Verdict]),
        record_id=int(number) if number else None,
        source_id=cell["source_id"],
        source=cell["source"],
        reason=cell["reason"],
        streams=tuple(filter(None, map(str.strip, cell["streams"].split(";")))),
        at=_moment(path, line, cell["at"]),
        note=cell["note"],
    )


def _word(path: Path, line: int, word: str, allowed: list[str]) -> str:
    if word in allowed:
        return str(word)
    raise InputFileError(
        path,
        line,
        f"{word!r} is not allowed here",
        why=suggestion(word, allowed),
        fix=f"use one of: {', '.join(allowed)}",
    )


def _moment(path: Path, line: int, word: str) -> datetime | None:
    if not word:
        return None
    try:
        moment = datetime.fromisoformat(word)
    except ValueError:
        raise InputFileError(
            path, line, f"{word!r} is no date", fix="write 2026-11-21T09:30:00Z"
        ) from None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
