"""A form that was filled in, on its way in: its cells, and every problem in them.

Rows are read one after another; what is wrong is noted by row and column and told at
the end, all at once, so that one look at the file is enough.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TypeVar

from litreview.errors import LitreviewError
from litreview.wording import phrase
from litreview.yamlfile import suggestion

Word = TypeVar("Word", bound=StrEnum)

MOST_TOLD = 20  # problems of one file; the rest are counted
FIRST_ROUND = "1"
LONGEST_NUMBER = 9  # digits of an id or a rating; more fit no column


@dataclass(frozen=True)
class Sheet:
    """A file's rows as cells by column, each with its number, and the file's hash."""

    header: tuple[str, ...]
    rows: tuple[tuple[int, Mapping[str, str]], ...]
    sha256: str


@dataclass(frozen=True)
class Said:
    """What the caller says of a file where it does not say so itself."""

    rater: str = ""
    panel: str = ""
    measure: str = ""
    round: str = ""


@dataclass
class Taken:
    """What came of a file: ratings stored, there already, left blank; and notes."""

    stored: int = 0
    already: int = 0
    blank: int = 0
    raters: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@dataclass
class Reading:
    """A file on its way in; `at` is the row in hand."""

    sheet: Sheet
    said: Said
    taken: Taken = field(default_factory=Taken)
    problems: list[str] = field(default_factory=list)
    at: int = 0
    cells: Mapping[str, str] = field(default_factory=dict)

    def wrong(self, column: str, what: str) -> None:
        """Note a problem of a cell of the row in hand."""
        self.problems.append(f"row {self.at}, {column}: {what}")

    def cell(self, column: str) -> str:
        """Return a cell of the row in hand on one line, '' where there is none."""
        return " ".join(self.cells.get(column, "").split())

    def given(self, column: str) -> str:
        """Return what the row says, or else the caller; both must not differ."""
        inside, outside = self.cell(column), getattr(self.said, column)
        if inside and outside and inside.casefold() != outside.casefold():
            self.wrong(column, f"the file says {inside!r}, the call {outside!r}")
        return inside or outside

    def word(self, column: str, words: Sequence[Word]) -> Word | None:
        """Return what a row says as one of these words, or note that it is none."""
        found = self.given(column).casefold()
        for one in words:
            if one.value == found:
                return one
        known = ", ".join(words)
        if found:
            near = suggestion(found, [one.value for one in words])
            self.wrong(column, f"{found!r} is none of {known}. {near}".strip())
        else:
            self.wrong(column, f"is not said; write one of {known}, or --{column}")
        return None

    def rater(self) -> str:
        """Return who rated, or note that nobody is named."""
        name = phrase(self.given("rater"), "rater", required=False)
        if not name:
            self.wrong("rater", "nobody is named; give --rater NAME, or fill it in")
        elif name not in self.taken.raters:
            self.taken.raters.append(name)
        return name

    def number(self, column: str, what: str) -> int | None:
        """Return a cell as a whole number, or note that it is none."""
        text = self.cell(column)
        if text.isascii() and text.isdigit() and len(text) <= LONGEST_NUMBER:
            return int(text)
        self.wrong(column, f"{text!r} is no {what}" if text else f"the {what} is empty")
        return None

    def round(self) -> str:
        """Return the round of the row in hand; the first where none is named."""
        return phrase(self.given("round"), "round", required=False) or FIRST_ROUND

    def finish(self) -> None:
        """Raise what is wrong with the file, if anything is."""
        if not self.problems:
            return
        told = self.problems[:MOST_TOLD]
        more = len(self.problems) - len(told)
        if more:
            told.append(f"and {more:,} more")
        many = "is a problem" if len(self.problems) == 1 else "are problems"
        raise LitreviewError(
            f"there {many} in the file, so nothing of it was stored",
            why="\n".join(told),
            fix="correct these cells and bring the file in again",
        )


def refuse_header(sheet: Sheet, wanted: Sequence[str], known: Sequence[str]) -> None:
    """Raise LitreviewError for a sheet without a column that is needed, or rows."""
    for name in wanted:
        if name not in sheet.header:
            near = suggestion(name, list(sheet.header))
            raise LitreviewError(
                f"the file has no column {name!r}",
                why=f"its columns are: {', '.join(sheet.header) or '(none)'}. {near}",
                fix=f"it needs {' and '.join(wanted)}; {', '.join(known)} are read",
            )
    if not sheet.rows:
        raise LitreviewError("the file has no rows", fix="fill in a form, or cards")
