"""A table with a header: what CSV files and workbooks have in common.

The header names every column once, each row has as many cells, and a row is handed
on as a dictionary of its cells to the letter. Which column means what, others say.
"""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from litreview.errors import InputFileError


@dataclass(frozen=True)
class Table:
    """A header, its line, and the rows below it with the line each begins on."""

    path: Path
    line: int
    header: tuple[str, ...]
    rows: Iterator[tuple[int, dict[str, str]]]

    def column(self, name: str) -> str:
        """Return the header's spelling of a column, '' where it has none."""
        wanted = plain(name)
        return next((known for known in self.header if plain(known) == wanted), "")


def made(path: Path, rows: Iterator[tuple[int, list[str]]]) -> Table:
    """Make a table of rows of cells, the first of which is the header.

    Raises InputFileError for two columns of one name; a row of another width is
    refused when it comes. Columns without a name are called by their number.
    """
    line, cells = next(rows, (1, []))
    header = [name or f"column {at}" for at, name in enumerate(cells, start=1)]
    _refuse_twins(path, line, header)
    return Table(path, line, tuple(header), _named(path, header, rows))


def plain(name: str) -> str:
    """Return a column's name without capitals and blanks round it."""
    return name.strip().casefold()


def names(header: Sequence[str]) -> set[str]:
    """Return the plain names of a header."""
    return {plain(name) for name in header}


def did_you_mean(name: str, known: Collection[str]) -> str:
    """Return a hint at the known word that is most like this one, or ''."""
    near = difflib.get_close_matches(name, known, n=1)
    return f" Did you mean {near[0]!r}?" if near else ""


def _named(
    path: Path, header: list[str], rows: Iterator[tuple[int, list[str]]]
) -> Iterator[tuple[int, dict[str, str]]]:
    for line, cells in rows:
        if len(cells) != len(header):
            raise InputFileError(
                path,
                line,
                f"has {len(cells)} cells, but the header names {len(header)} columns.",
                why="A separator inside a cell needs quotes round the cell.",
                fix="correct this row.",
            )
        yield line, dict(zip(header, cells, strict=True))


def _refuse_twins(path: Path, line: int, header: list[str]) -> None:
    """Raise InputFileError where two columns have one name, capitals aside."""
    folded = [plain(name) for name in header]
    twins = sorted(
        {
            name
            for word, name in zip(folded, header, strict=True)
            if folded.count(word) > 1
        }
    )
    if twins:
        raise InputFileError(
            path,
            line,
            f"has two columns of one name: {', '.join(map(repr, twins))}.",
            fix="give every column its own name.",
        )
