"""Entries of text files whose lines begin with a tag: RIS, NBIB, Web of Science.

One tokenizer for the three, since they differ only in how a tag is written and in
what begins and ends an entry: a `Grammar` says that. A line without a tag goes on
with the field before it. Entries come one at a time, so a file of any size needs
the memory of its longest entry; every field knows its line. Text that belongs to
no entry is refused with its line, unless the grammar knows it as a heading: an
entry whose first line was lost would vanish otherwise.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple, Protocol

from litreview.errors import InputFileError

_LONGEST_LINE = 2**24  # characters; a file without line ends is no tagged file
START = "*"  # stands for the tag of the first entry before there is one
BEHIND = " \x1a\u00a0"  # \x1a is the end-of-file mark of old systems


class Lines(Protocol):
    """A text that is read by the line."""

    def readline(self, size: int, /) -> str:
        """Return the next line, or as much of it."""


class Field(NamedTuple):
    """One tagged field: where it begins, its tag in capitals, all its lines."""

    line: int
    tag: str
    text: str


@dataclass(slots=True)
class Entry:
    """One entry; `closed_by` is the tag that ended it, '' where the file did.

    That is the mark of the end itself, or the first tag of the next entry.
    """

    line: int
    fields: list[Field] = field(default_factory=list)
    closed_by: str = ""
    _more: list[str] = field(default_factory=list)

    def add(self, line: int, tag: str, text: str) -> None:
        """Begin a field."""
        self._settle()
        self.fields.append(Field(line, tag, text))

    def go_on(self, text: str) -> None:
        """Add a line to the last field; a blank one parts its paragraphs."""
        self._more.append(text)

    def close(self, tag: str) -> Entry:
        """Return the entry, ended by `tag`."""
        self._settle()
        self.closed_by = tag
        return self

    def is_only(self, tag: str) -> bool:
        """Tell whether the entry has nothing yet but this tag."""
        return not any(self._more) and all(told.tag == tag for told in self.fields)

    def _settle(self) -> None:
        """Give the last field the lines that went on with it."""
        if self._more:
            line, tag, text = self.fields[-1]
            whole = "\n".join([text, *self._more]).strip()
            self.fields[-1] = Field(line, tag, whole)
            self._more = []

    def all(self, *tags: str) -> list[str]:
        """Return the texts of these tags that say something, in the file's order."""
        return [told.text for told in self.fields if told.tag in tags and told.text]

    def first(self, *tags: str) -> str:
        """Return the first text of the first of these tags that has one, or ''."""
        return next((text for tag in tags for text in self.all(tag)), "")

    def payload(self) -> dict[str, object]:
        """Return tag -> texts, as they came."""
        found: dict[str, list[str]] = {}
        for told in self.fields:
            found.setdefault(told.tag, []).append(told.text)
        return dict(found)


@dataclass(frozen=True, slots=True, kw_only=True)
class Grammar:
    """Say how a tagged format is written.

    `split` parts a line into tag and text, or returns None where it has no tag.
    `begins` tells whether a tag begins an entry; behind a blank line it is also given
    the tag that began the file's first entry (`START` before there is one), else ''.
    `ends` are the tags that end one. `is_heading` tells which lines may stand between
    entries. `repeats` says that `first` given twice running means one entry.
    """

    name: str
    split: Callable[[str], tuple[str, str] | None]
    begins: Callable[[str, str], bool]
    ends: frozenset[str]
    is_heading: Callable[[str], bool]
    first: str
    repeats: bool = False


def lines(stream: Lines, path: Path | None = None) -> Iterator[tuple[int, str]]:
    """Yield (number from 1, line) without its end, whichever of the three it has.

    A byte order mark is dropped, also where two files were joined. With a path,
    raises InputFileError for a line that no such file has.
    """
    number = 0
    while piece := stream.readline(_LONGEST_LINE):
        if len(piece) == _LONGEST_LINE and path is not None:
            raise InputFileError(
                path,
                number + 1,
                f"is longer than {_LONGEST_LINE:,} characters.",
                why="The file has lost its line ends, or is of another format.",
                fix="export the records again.",
            )
        for line in piece.removesuffix("\n").removesuffix("\r").split("\r"):
            number += 1
            yield number, line.lstrip("\ufeff").rstrip(BEHIND)


def entries(
    numbered: Iterable[tuple[int, str]], path: Path, grammar: Grammar
) -> Iterator[Entry]:
    """Yield the entries of a file's lines.

    Raises InputFileError for text that belongs to none.
    """
    entry: Entry | None = None
    opener, blank = START, True
    for number, line in numbered:
        if not line.strip():
            blank = True
            if entry is not None:
                entry.go_on("")
            continue
        tag, text = grammar.split(line) or ("", line.strip())
        if tag and grammar.begins(tag, opener if blank else ""):
            if entry is not None and not (grammar.repeats and entry.is_only(tag)):
                yield entry.close(tag)
                entry = None
            entry = entry or Entry(number)
            entry.add(number, tag, text)
            opener = tag if opener == START else opener
        elif entry is None:
            _check_outside(path, number, line, grammar)
        elif tag in grammar.ends:
            yield entry.close(tag)
            entry = None
        elif tag:
            entry.add(number, tag, text)
        else:
            entry.go_on(text)
        blank = False
    if entry is not None:
        yield entry.close("")


def _check_outside(path: Path, number: int, line: str, grammar: Grammar) -> None:
    """Raise InputFileError for a line that no entry owns and no heading is."""
    if grammar.is_heading(line):
        return
    tag = (grammar.split(line) or ("",))[0]
    shown = f"the tag {tag}" if tag else f"the text {line.strip()[:40]!r}"
    raise InputFileError(
        path,
        number,
        f"{shown} stands outside any entry.",
        why=f"In {grammar.name} an entry begins with {grammar.first}; without that "
        "line it would be lost.",
        fix=f"put the {grammar.first} line back, remove this line, or export again.",
    )
