"""A file of records read from end to end before anything of it is stored.

What one reading tells: how many entries there are, counted once by the reader and
once without it; which databases they are from; what is odd about them, with lines;
and whose decisions they hold. A file whose two numbers differ is refused, and so is
one that gives two entries one id of its own. An accession number that comes twice is
one document found twice: the first entry stands, the others are told.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from litreview.errors import InputFileError
from litreview.records import LONGEST_ID
from litreview.sources.files import Readable
from litreview.sources.rows import Opinion, Row

REPEATED = "repeated"
# Sources whose records have payloads of the service's, or of ours. A list that
# litreview itself exported names them; its entries are no such payloads, so they stay
# the file's own and are found to be duplicates later.
OWN_SOURCES = ("openalex", "crossref", "manual")
LINES_NAMED = 10  # in a message; more are counted
# What the flags of an entry say in words; others are shown as they are.
SAYINGS = {
    "no-title": "no title",
    "odd-year": "a year that cannot be read",
    "odd-doi": "a DOI that is none",
    "odd-authors": "authors that cannot be read",
    "odd-pages": "pages or an issue that a spreadsheet turned into a day",
    "not-a-study": "something that is no study, such as an erratum",
    "odd-type": "a type that is not known",
    "authors-cut": "authors left out by its writer (and others)",
    "authors-are-editors": "editors in place of authors",
    "undefined-macro": "an abbreviation that the file does not define",
    "repeated-field": "a field told twice",
    "retraction-notice": "the title of a notice that retracts another work",
    "cut-off?": "no mark of its end, the last of the file: is it whole?",
    "no-end": "no mark of its end",
    REPEATED: "an accession number that the file has already; not stored again",
}


@dataclass
class Inspection:
    """What a file holds; `databases` counts its distinct records by database.

    The database of an entry without an accession number is "". `oddities` has
    flag -> lines, `opinions` counts those of (screener, stage) and `reasons` those of
    (stage, words).
    """

    entries: int = 0
    databases: Counter[str] = field(default_factory=Counter)
    oddities: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    opinions: Counter[tuple[str, str]] = field(default_factory=Counter)
    reasons: Counter[tuple[str, str]] = field(default_factory=Counter)

    @property
    def distinct(self) -> int:
        """Return the number of records that the file holds."""
        return self.databases.total()

    @property
    def database(self) -> str:
        """Return the database that the file is surely an export of, or ''.

        No other is named in it, and more than half of its records name this one.
        """
        named = [name for name in self.databases if name]
        most = len(named) == 1 and 2 * self.databases[named[0]] > self.distinct
        return named[0] if most else ""

    def warnings(self) -> list[str]:
        """Return what is odd about the file's entries, in sentences with lines."""
        return [
            f"{_entries(len(lines))} with {SAYINGS.get(flag, flag)}: {named(lines)}"
            for flag, lines in sorted(self.oddities.items())
        ]


def _entries(number: int) -> str:
    return f"{number:,} entr{'y' if number == 1 else 'ies'}"


def named(lines: list[int]) -> str:
    """Return lines as words, not more of them than anybody reads."""
    shown = ", ".join(map(str, lines[:LINES_NAMED]))
    more = len(lines) - LINES_NAMED
    word = "line" if len(lines) == 1 else "lines"
    return f"{word} {shown}" + (f" and {more:,} more" if more > 0 else "")


def inspect(file: Readable) -> Inspection:
    """Read a file and say what it holds; raises InputFileError with the line."""
    starts = file.starts()
    found = Inspection()
    read: list[int] = []
    for row, is_first in distinct(file):
        read.append(row.line)
        if is_first:
            found.databases[row.database] += 1
        else:
            found.oddities[REPEATED].append(row.line)
        for flag in row.citation.flags:
            found.oddities[flag].append(row.line)
        for said in row.opinions:
            _note(found, said)
    _refuse_lost(file, starts, read)
    found.entries = len(read)
    return found


def distinct(file: Readable) -> Iterator[tuple[Row, bool]]:
    """Yield each entry, and whether it is the first of its id in this file."""
    seen: dict[tuple[str, str], int] = {}
    for row in file.rows():
        if row.database in OWN_SOURCES:
            row = replace(row, database="")  # noqa: PLW2901 - the same entry
        source_id = row.citation.source_id
        key = (row.database, source_id)
        if len(source_id) > LONGEST_ID:
            raise InputFileError(
                file.path,
                row.line,
                f"the record's id has {len(source_id):,} characters",
                fix=f"use at most {LONGEST_ID}",
            )
        if key in seen and not row.database:
            raise InputFileError(
                file.path,
                row.line,
                f"the record's id {source_id!r} stands on line {seen[key]} already",
                fix="give every record its own id, or leave the id empty",
            )
        yield row, key not in seen
        seen.setdefault(key, row.line)


def _note(found: Inspection, said: Opinion) -> None:
    found.opinions[said.screener, said.stage] += 1
    if said.reason:
        found.reasons[said.stage, said.reason] += 1


def _refuse_lost(file: Readable, starts: list[int], read: list[int]) -> None:
    """Raise InputFileError unless as many entries were read as the file has."""
    if len(starts) == len(read):
        if read:
            return
        raise InputFileError(
            file.path,
            None,
            f"holds no records that can be read as {file.form}",
            fix="look into the file; if it is of another format, give --format",
        )
    lost = sorted((Counter(starts) - Counter(read)).elements())
    extra = sorted((Counter(read) - Counter(starts)).elements())
    odd = lost or extra
    raise InputFileError(
        file.path,
        odd[0] if odd else None,
        f"has {_entries(len(starts))}, but {len(read):,} were read",
        why=f"the difference is at {named(odd)}",
        fix="look at these lines: a record may begin inside another, or lack its end",
    )
