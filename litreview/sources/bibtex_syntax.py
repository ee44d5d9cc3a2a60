r"""BibTeX as a language: entries, their keys and their fields, each with its line.

The file is taken entry by entry, so its size is no matter. An entry begins where
"@word{" stands first on a line, or behind the brace that closes another; everything
else outside is a comment. A brace counts unless a backslash escapes it. What cannot
be read is refused with its line, where BibTeX itself would skip to the next entry.
Syntax: https://mirrors.ctan.org/info/bibtex/tamethebeast/ttb_en.pdf, section 2
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

from litreview.errors import InputFileError

# Where an entry begins: its type and its opening brace.
START = re.compile(r"(?:^|\})[ \t]*@[ \t]*(?P<type>\w+)[ \t]*(?P<open>[{(])")
NO_ENTRIES = ("comment", "preamble", "string")
# A line inside an entry that begins another: the one before was never closed.
_ANOTHER = re.compile(r"[ \t]*@[ \t]*\w+[ \t]*\{\s*[^\s{},=\"#%'()]+[ \t]*(?:,|$)")
# The months are defined in every style; they stay as they are written.
MONTHS = (
    *("jan", "feb", "mar", "apr", "may", "jun"),
    *("jul", "aug", "sep", "oct", "nov", "dec"),
)
_BRACE = re.compile(r"\\.|[{}\"()]", re.DOTALL)
# Between fields, "%" begins a comment as it does for biber.
_GAP = re.compile(r"(?:\s|%[^\n]*(?:\n|$))*")
_KEY = re.compile(r"(?:[^,={}\"\\]|\\.|\{[^{}]*\})*")
_NAME = re.compile(r"[^\s\"#%'(),={}]+")


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry: `fields` are name -> text without its outer braces or quotes.

    Type and names are in lower case. `undefined` are the macros that the file uses
    and does not define; each stands for itself in its field. `repeated` are the
    fields told more than once, each with its further texts.
    """

    line: int
    type: str
    key: str = ""
    fields: dict[str, str] = field(default_factory=dict)
    undefined: list[str] = field(default_factory=list)
    repeated: dict[str, list[str]] = field(default_factory=dict)


def entries(stream: TextIO, path: Path) -> Iterator[Entry]:
    """Yield the entries of a file; macros are resolved, comments left out.

    Raises InputFileError with the line of what is no BibTeX.
    """
    macros = {month: month for month in MONTHS}
    for block in _blocks(stream, path):
        cursor = _Cursor(block, path, macros)
        if block.type == "string":
            found = cursor.fields(Entry(block.line, block.type)).fields
            macros.update({name.lower(): text for name, text in found.items()})
        elif block.type not in NO_ENTRIES:
            yield cursor.entry()


def starts(stream: TextIO) -> Iterator[int]:
    """Yield the lines on which entries seem to begin, each as often as they do."""
    for line, text in enumerate(stream, start=1):
        for match in START.finditer(text):
            if match["type"].lower() not in NO_ENTRIES:
                yield line


# -- blocks --------------------------------------------------------------------------


class _Block:
    """What stands behind "@type{", taken line by line until its brace is closed."""

    def __init__(self, line: int, opening: re.Match[str]) -> None:
        self.line = line
        self.type = opening["type"].lower()
        self._closer = "}" if opening["open"] == "{" else ")"
        self._depth = 0
        self._quoted = False
        self._parts: list[str] = []

    @property
    def text(self) -> str:
        """Return what stands between the braces, as far as it was taken."""
        return "".join(self._parts)

    def take(self, text: str) -> str | None:
        """Take text up to the closing brace; return the rest, None if it is open."""
        for match in _BRACE.finditer(text):
            sign = match[0]
            if sign == self._closer and not self._depth and not self._quoted:
                self._parts.append(text[: match.start()])
                return text[match.end() :]
            if sign == "{":
                self._depth += 1
            elif sign == "}":
                self._depth -= 1
            elif sign == '"' and not self._depth:
                # Only round brackets can stand in quotes without a partner.
                self._quoted = not self._quoted and self._closer == ")"
        self._parts.append(text)
        return None


def _blocks(stream: TextIO, path: Path) -> Iterator[_Block]:
    """Yield what stands between the braces of each "@type{...}"."""
    lines = enumerate(stream, start=1)
    for first, whole in lines:
        line, text = first, whole
        while match := START.search(text):
            block = _Block(line, match)
            rest = block.take(text[match.end() :])
            while rest is None:
                line, text = next(lines, (0, ""))
                if not text or _ANOTHER.match(text):
                    raise _unclosed(block, path, line)
                rest = block.take(text)
            yield block
            text = f"}}{rest}"  # behind it, on its line, the next may begin


def _unclosed(block: _Block, path: Path, line: int) -> InputFileError:
    where = f"the entry on line {line} begins" if line else "the file ends"
    key = _KEY.match(block.text)
    name = key[0].strip() if key else ""
    return InputFileError(
        path,
        block.line,
        f"the @{block.type} {name!r} that begins here is not closed before {where}.",
        why="An opening brace or quote in it has no partner.",
        fix="add what is missing, or write a lone brace as \\{.",
    )


# -- fields --------------------------------------------------------------------------


class _Cursor:
    """A place in a block's text, from which its key and fields are read on."""

    def __init__(self, block: _Block, path: Path, macros: Mapping[str, str]) -> None:
        self._block, self._path, self._macros = block, path, macros
        self._text = block.text
        self._at = 0
        self._key = ""

    def entry(self) -> Entry:
        """Read the whole entry."""
        match = self._match(_KEY)
        self._skip_gap()
        if self._text[self._at : self._at + 1] == "=":  # a field; the key is missing
            self._at = 0
        else:
            self._key = match.strip()
            self._end_of("key")
        return self.fields(Entry(self._block.line, self._block.type, self._key))

    def fields(self, entry: Entry) -> Entry:
        """Read all fields from here into the entry."""
        self._skip_gap()
        while self._at < len(self._text):
            name = self._match(_NAME).lower()
            self._skip_gap()
            if not name or not self._take("="):
                raise self._wrong("name = {text}" if not name else f'"=" after {name}')
            text = self._value(entry)
            known = entry.fields.setdefault(name, text)
            if text != known:
                entry.repeated.setdefault(name, []).append(text)
            self._end_of(name)
        return entry

    def _value(self, entry: Entry) -> str:
        """Read texts joined by "#"."""
        parts = [self._part(entry)]
        while self._take("#"):
            parts.append(self._part(entry))
        return "".join(parts)

    def _part(self, entry: Entry) -> str:
        self._skip_gap()
        if self._take("{"):
            return self._enclosed("}")
        if self._take('"'):
            return self._enclosed('"')
        word = self._match(_NAME)
        if not word:
            raise self._wrong("a text in braces or quotes, or a number")
        self._skip_gap()
        if word[0].isdigit():
            return word
        if word.lower() not in self._macros:
            entry.undefined.append(word)
        return self._macros.get(word.lower(), word)

    def _enclosed(self, closer: str) -> str:
        """Read on to the closing brace or quote; return what is before it."""
        start, depth = self._at, 0
        for match in _BRACE.finditer(self._text, start):
            if match[0] == closer and not depth:
                self._at = match.end()
                self._skip_gap()
                return self._text[start : match.start()]
            depth += {"{": 1, "}": -1}.get(match[0], 0)
            if depth < 0:
                break
        self._at = start
        raise self._wrong(f"{closer} to close the text that begins here")

    def _end_of(self, name: str) -> None:
        """Go on behind the comma, or stand at the end."""
        if self._at < len(self._text) and not self._take(","):
            raise self._wrong(f'"," after {name}')
        self._skip_gap()
        while self._take(","):
            self._skip_gap()

    def _match(self, pattern: re.Pattern[str]) -> str:
        match = pattern.match(self._text, self._at)
        self._at = match.end() if match else self._at
        return match[0] if match else ""

    def _take(self, sign: str) -> bool:
        if not self._text.startswith(sign, self._at):
            return False
        self._at += len(sign)
        return True

    def _skip_gap(self) -> None:
        self._match(_GAP)

    def _wrong(self, expected: str) -> InputFileError:
        line = self._block.line + self._text.count("\n", 0, self._at)
        seen = self._text[self._at :].split("\n", 1)[0][:20]
        return InputFileError(
            self._path,
            line,
            f"in the entry {self._key!r}, {expected} is missing.",
            why=f"There is {seen!r} instead." if seen else "The line ends there.",
            fix="correct the entry.",
        )
