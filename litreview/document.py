"""A report before it is Markdown or Word: headings, paragraphs, lists, tables.

A report is put together once, as blocks in their order, and every format writes the
same blocks. Text is text: whatever stands in a title or in a person's note can be
no markup, and what no file could hold (control characters) is left out. What is to
be typed as it stands is `Mono`; what was sent as it stands is `Code`.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

# Controls, halves of pairs, and what XML 1.0 cannot hold (section 2.2), but for \n.
_UNFIT = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\ufffe\uffff]"
)
# Signs that turn text into Markdown wherever they stand, and at a line's beginning.
_SIGNS = re.compile(r"([\\`*~|\[\]])")
_EDGE_LINE = re.compile(r"(?<![^\W_])_|_(?![^\W_])")
_ENTITY = re.compile(r"&(?=#?\w+;)")
_BEGINNING = re.compile(r"^(?:([#+=>-])|(\d{1,9})([.)])(?= |$))")


@dataclass(frozen=True)
class Mono:
    """Words to be typed or compared as they stand: a command, a key, a hash."""

    text: str


Part: TypeAlias = "str | Mono"
Parts: TypeAlias = "tuple[Part, ...]"


@dataclass(frozen=True)
class Heading:
    """A heading; the document's title is of level 1."""

    text: str
    level: int = 2


@dataclass(frozen=True)
class Paragraph:
    """A paragraph; an `alert` is something that the reader must not miss."""

    parts: Parts
    alert: bool = False


@dataclass(frozen=True)
class Listing:
    """A list of points."""

    items: tuple[Parts, ...]


@dataclass(frozen=True)
class Code:
    """Lines that stand exactly as they were sent or written."""

    text: str


@dataclass(frozen=True)
class Table:
    """A table; `numeric` names the columns, from 0, whose cells are numbers."""

    head: tuple[str, ...]
    rows: tuple[tuple[Part, ...], ...]
    numeric: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Picture:
    """A picture in a file beside the document, and what it shows in words."""

    file: str
    words: str


Block: TypeAlias = "Heading | Paragraph | Listing | Code | Table | Picture"


@dataclass(frozen=True)
class Document:
    """A title and what stands below it."""

    title: str
    blocks: tuple[Block, ...]


def say(*parts: Part) -> Paragraph:
    """Return a paragraph of these words."""
    return Paragraph(parts)


def warn(*parts: Part) -> Paragraph:
    """Return a paragraph that the reader must not miss."""
    return Paragraph(parts, alert=True)


def points(*items: Part | Parts) -> Listing:
    """Return a list of points, each a text or several parts."""
    return Listing(
        tuple(item if isinstance(item, tuple) else (item,) for item in items)
    )


def clean(text: str) -> str:
    """Return text on one line, composed (NFC), without what no file can hold."""
    return " ".join(clean_lines(text).split())


def clean_lines(text: str) -> str:
    """Return the same with its lines and blanks as they are; tabs become blanks."""
    lines = text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", " ")
    return unicodedata.normalize("NFC", _UNFIT.sub("", lines))


# -- Markdown ------------------------------------------------------------------------


def to_markdown(document: Document) -> str:
    """Return the document as Markdown (CommonMark with GitHub's tables)."""
    parts = [f"# {_escaped(document.title)}"]
    parts += ["\n".join(_written(block)) for block in document.blocks]
    return "\n\n".join(part for part in parts if part) + "\n"


def _written(block: Block) -> Iterator[str]:
    """Yield the lines of one block."""
    match block:
        case Heading(text, level):
            yield f"{'#' * level} {_escaped(text)}"
        case Paragraph(parts, alert):
            text = _begun(_inline(parts))
            yield f"> **Attention:** {text}" if alert else text
        case Listing(items):
            yield from (f"- {_begun(_inline(item))}" for item in items)
        case Code(text):
            yield from _fenced(clean_lines(text))
        case Table():
            yield from _table(block)
        case Picture(file, words):
            yield f"![{_escaped(words)}]({file})"


def _inline(parts: Parts, mono: Callable[[str], str] | None = None) -> str:
    """Write parts one after another; their own blanks part them."""
    typed = mono or _typed
    return "".join(
        typed(part.text) if isinstance(part, Mono) else _escaped(part, ends=True)
        for part in parts
    ).strip()


def _escaped(text: str, *, ends: bool = False) -> str:
    """Return text that stays text; `ends` keeps a blank at either end."""
    words = clean(text)
    for pattern, written in ((_SIGNS, r"\\\1"), (_EDGE_LINE, r"\\_")):
        words = pattern.sub(written, words)
    words = _ENTITY.sub("&amp;", words).replace("<", "&lt;")
    if not ends:
        return words
    first = " " if text[:1].isspace() else ""
    return first + words + (" " if words and text[-1:].isspace() else "")


def _begun(text: str) -> str:
    """Return a line whose beginning makes it no heading, list or quotation."""
    found = _BEGINNING.match(text)
    if found is None:
        return text
    if found[1]:
        return "\\" + text
    return f"{found[2]}\\{text[len(found[2]) :]}"


def _typed(text: str) -> str:
    """Return words in a code span, fenced by more backticks than they hold."""
    words = clean(text)
    if not words:
        return ""
    fence = "`" * (_longest(words) + 1)
    pad = " " if words[0] == "`" or words[-1] == "`" else ""
    return f"{fence}{pad}{words}{pad}{fence}"


def _fenced(text: str) -> Iterator[str]:
    fence = "`" * max(3, _longest(text) + 1)
    yield f"{fence}text"
    yield text.strip("\n")
    yield fence


def _longest(text: str) -> int:
    """Return the length of the longest run of backticks."""
    return max(map(len, re.findall("`+", text)), default=0)


def _table(table: Table) -> Iterator[str]:
    yield f"| {' | '.join(map(_escaped, table.head))} |"
    marks = ("---:" if n in table.numeric else "---" for n in range(len(table.head)))
    yield f"|{'|'.join(marks)}|"
    for row in table.rows:
        cells = (_inline((cell,), _typed_in_cell) for cell in row)
        yield f"| {' | '.join(cells)} |"


def _typed_in_cell(text: str) -> str:
    # A bar ends the cell even inside a code span, unless it is escaped.
    return _typed(text).replace("|", "\\|")
