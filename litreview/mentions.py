"""Which constructs and groups the team's other files name, and where.

A ledger, a plan and frameworks speak of what a codebook defines. A slip of the pen
there would look like a gap in the literature, so `sync` refuses it with its line.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from litreview import kinship
from litreview.codebook import Codebook
from litreview.errors import InputFileError
from litreview.frameworks import Balance, Framework, Frameworks
from litreview.ledger import Claim, Ledger, Lever
from litreview.planning import Plan, Question
from litreview.yamlfile import suggestion


@dataclass(frozen=True)
class Mention:
    """A name in a file, with the line of the entry that names it.

    `group` says that only a group is meant; else a construct will do too.
    """

    name: str
    line: int
    group: bool = False


def mentions(said: object) -> Iterator[Mention]:
    """Yield what a parsed file names; nothing for files that name no construct."""
    if isinstance(said, Ledger):
        entries: list[Claim | Lever | Question] = [*said.claims, *said.levers]
        yield from _constructs(entries)
    elif isinstance(said, Plan):
        yield from _constructs(said.questions)
        for variable in said.analysis:
            if variable.construct:
                yield Mention(variable.construct, variable.line)
    elif isinstance(said, Frameworks):
        parts: list[Framework | Balance] = [*said.frameworks, *said.balances]
        for part in parts:
            for name in part.groups:
                yield Mention(name, part.line, group=True)


def _constructs(entries: Iterable[Claim | Lever | Question]) -> Iterator[Mention]:
    for entry in entries:
        for name in entry.constructs:
            yield Mention(name, entry.line)


def refuse_unknown(said: object, path: Path, books: Sequence[Codebook]) -> None:
    """Refuse a file that names what no codebook has.

    Raises `InputFileError` with the line of the first such entry.
    """
    groups = {group.id for book in books for group in book.groups}
    known = groups | {entry.id for book in books for entry in book.constructs}
    for found in mentions(said):
        here = any(kinship.names(book, found.name) for book in books)
        if here and (not found.group or found.name in groups):
            continue
        what = "group" if found.group else "construct or group"
        raise InputFileError(
            path,
            found.line,
            f"there is no {what} {found.name!r} in screening/codebooks/",
            why=suggestion(found.name, groups if found.group else known),
            fix="mend the name, or add it to a codebook",
        )
