"""Read a groups file: one line, one record and the group that it is in."""

from __future__ import annotations

import csv
import hashlib
import io
from collections.abc import Mapping
from pathlib import Path

from litreview.cli.ids import LARGEST
from litreview.errors import InputFileError
from litreview.groups import GroupRow, GroupsFile
from litreview.workspace import read_text

# What the column with the group may be called: ours, and what `export groups` writes.
GROUP = ("group", "cluster_id")
KNOWN = ("record_id", "source_id", "source", *GROUP)


def read_groups(path: Path) -> GroupsFile:
    """Return the groups of a CSV file.

    Raises `InputFileError` with file and line for the first mistake.
    """
    text = read_text(path)
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    try:
        header = [name.strip().lower() for name in reader.fieldnames or []]
        group = _group_column(path, header)
        reader.fieldnames = header
        rows = [_row(path, reader.line_num, row, group) for row in reader]
    except csv.Error as error:
        raise InputFileError(
            path, reader.line_num, f"this is not a CSV file: {error}"
        ) from error
    digest = hashlib.sha256(text.encode()).hexdigest()
    return GroupsFile(path.name, digest, rows)


def _group_column(path: Path, header: list[str]) -> str:
    """Return the name of the column with the group, or refuse."""
    group = next((name for name in GROUP if name in header), "")
    if group and {"record_id", "source_id"} & set(header):
        return group
    raise InputFileError(
        path,
        1,
        "a column that names the records, or their groups, is missing",
        why=f"the columns are: {', '.join(header) or '(none)'}",
        fix="use record_id, or source_id (and source), and group",
    )


def _row(
    path: Path, line: int, row: Mapping[str | None, str | None], group: str
) -> GroupRow:
    if None in row:
        raise InputFileError(path, line, "the line has more fields than the header")
    cell = {name: (row.get(name) or "").strip() for name in KNOWN}
    number = cell["record_id"]
    if number and not (number.isdecimal() and int(number) <= LARGEST):
        raise InputFileError(path, line, f"{number!r} is no record id")
    if not number and not cell["source_id"]:
        raise InputFileError(path, line, "the line names no record")
    return GroupRow(
        line=line,
        group=cell[group],
        record_id=int(number) if number else None,
        source_id=cell["source_id"],
        source=cell["source"],
    )
