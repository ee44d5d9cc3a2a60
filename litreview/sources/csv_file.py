"""Tables in text: cells parted by commas, semicolons or tabs.

The file must be exact, because a guess here would be a wrong record later: one
header, as many cells in every row as in the header, quotes that close. Everything
else is refused with its line. `starts` counts the rows once more without the csv
module, so that none is lost in silence.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from litreview.errors import InputFileError
from litreview.sources.table import Table, made

# What may part cells, and what people call it.
DELIMITERS = {",": "commas", ";": "semicolons", "\t": "tabs"}
_LONGEST_CELL = 2**24  # characters; csv's own limit, 131,072, cuts off full texts
_QUOTED = re.compile(r'"(?:[^"]|"")*"?')
# The rest of a quoted cell; a doubled quote is part of it and never its end.
_CLOSING = re.compile(r'(?:[^"]+|"")*+"')


def delimiter(head: str) -> str:
    """Return what parts the cells of the first line that is not blank."""
    first = next((line for line in head.splitlines() if line.strip()), "")
    bare = _QUOTED.sub("", first)
    return max(DELIMITERS, key=bare.count)


def header(head: str) -> list[str]:
    """Return the names in the first line that is not blank, [] if it is no table."""
    lines = io.StringIO(head.lstrip("\r\n"), newline="")
    try:
        return next(csv.reader(lines, delimiter=delimiter(head)), [])
    except csv.Error:
        return []


def read(stream: TextIO, path: Path, *, mark: str = ",") -> Table:
    """Read a table whose cells are parted by `mark`; `stream` keeps its line ends."""
    return made(path, _rows(stream, path, mark))


def _rows(stream: TextIO, path: Path, mark: str) -> Iterator[tuple[int, list[str]]]:
    """Yield (first line, cells) of each row that is not blank."""
    if csv.field_size_limit() < _LONGEST_CELL:
        csv.field_size_limit(_LONGEST_CELL)
    reader = csv.reader(stream, delimiter=mark, strict=True)
    line = 1
    try:
        for cells in reader:
            if cells:
                yield line, cells
            line = reader.line_num + 1
    except csv.Error as error:
        raise InputFileError(
            path,
            line,
            f"is not CSV: {error}.",
            why="The row that begins here has a quote too many or too few.",
            fix='write a quote inside a quoted cell twice: "".',
        ) from error


def starts(stream: TextIO, mark: str = ",") -> list[int]:
    """Return the lines on which rows begin, that of the header left out.

    A row goes on where a line ends inside quotes; quotes count from a cell's start.
    """
    found = []
    is_open = False
    for number, line in enumerate(stream, start=1):
        if not is_open and line.strip("\r\n"):
            found.append(number)
        if is_open or '"' in line:
            is_open = _open_after(line.rstrip("\r\n"), mark, is_open=is_open)
    return found[1:]


def _open_after(line: str, mark: str, *, is_open: bool) -> bool:
    """Tell whether a line ends inside quotes, given how it begins."""
    place = 0
    while True:
        if not is_open and line.startswith('"', place):
            is_open, place = True, place + 1
        if is_open:
            closing = _CLOSING.match(line, place)
            if closing is None:
                return True
            is_open, place = False, closing.end()
        place = line.find(mark, place) + 1
        if not place:
            return False
