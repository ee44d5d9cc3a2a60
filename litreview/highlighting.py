"""Words of a text that speak for or against including a record, as the protocol says.

A protocol lists terms; `spans` finds where a text has them, so that a screener's eye
falls on them. They never decide anything.

A term is a word or several, found whole and whatever its case: "trust" is not in
"entrusted". A star at the end of a word stands for its endings, `teach*` for teach,
teacher and teaching. Between the words of a term a text may have blanks, line ends or
hyphens: `well being` finds well-being. Where terms overlap the longest is shown, as it
says most; of two equally long the one against, which is the easier to overlook.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from litreview.yamlfile import Node

# What may stand between two words of a term: blanks, and hyphens of any kind.
_GAP = "[\\s\\-\u2010-\u2013]+"
_BETWEEN = re.compile(_GAP)
# Fewer letters before a star would mark half of any text.
SHORTEST_STEM = 2
STAR = "*"


class Side(StrEnum):
    """What a term speaks for."""

    INCLUDE = "include"
    EXCLUDE = "exclude"


@dataclass(frozen=True)
class Highlight:
    """The terms that a protocol wants to be seen at a glance, as it writes them."""

    include: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()


@dataclass(frozen=True)
class Span:
    """A place in a text, from `start` up to `end`, and what it speaks for."""

    start: int
    end: int
    side: Side


# -- the protocol's section --------------------------------------------------------


def parse_highlight(node: Node | None) -> Highlight:
    """Read the `highlight` of criteria.yaml, which may be absent.

    Raises `InputFileError` for a term without words, with a star inside a word or
    after too few letters, and for one that stands twice.
    """
    if node is None:
        return Highlight()
    node.fields(optional=[str(side) for side in Side])
    seen: dict[str, int] = {}
    found = {
        side: tuple(_term(item, seen) for item in node.listed(side)) for side in Side
    }
    return Highlight(found[Side.INCLUDE], found[Side.EXCLUDE])


def _term(node: Node, seen: dict[str, int]) -> str:
    term = " ".join(node.text().split())
    words = _words(term)
    if not words:
        raise node.error(f"{term!r} is no term", fix="write a word, or several")
    for word in words:
        stem = word.removesuffix(STAR)
        short = stem != word and len(stem) < SHORTEST_STEM
        if STAR in stem or short:
            raise node.error(
                f"{term!r} is no term",
                why=f"a star ends a word of {SHORTEST_STEM} letters or more",
                fix="write it like teach*",
            )
    key = " ".join(words).casefold()
    if key in seen:
        raise node.error(
            f"the term {term!r} stands twice",
            why=f"It is used in line {seen[key]} already.",
            fix="delete one of them; a term speaks for one side only",
        )
    seen[key] = node.line
    return term


def _words(term: str) -> list[str]:
    return [word for word in _BETWEEN.split(term) if word]


# -- finding -----------------------------------------------------------------------


def spans(text: str, highlight: Highlight) -> list[Span]:
    """Return where a text has the terms, in its order; no two of them overlap."""
    found = sorted(_every(text, highlight), key=_most_telling)
    taken = bytearray(len(text))
    kept = []
    for span in found:
        if not any(taken[span.start : span.end]):
            taken[span.start : span.end] = b"\x01" * (span.end - span.start)
            kept.append(span)
    return sorted(kept, key=lambda span: span.start)


def _every(text: str, highlight: Highlight) -> Iterator[Span]:
    folded = text.casefold()
    for side, terms in (
        (Side.INCLUDE, highlight.include),
        (Side.EXCLUDE, highlight.exclude),
    ):
        for term in terms:
            if _words(term)[0].removesuffix(STAR).casefold() not in folded:
                continue  # much sooner told than by the expression
            for match in pattern(term).finditer(text):
                yield Span(match.start(), match.end(), side)


def _most_telling(span: Span) -> tuple[int, bool, int]:
    return span.start - span.end, span.side == Side.INCLUDE, span.start


@lru_cache(maxsize=4096)
def pattern(term: str) -> re.Pattern[str]:
    """Return the expression that finds a term."""
    words = [
        re.escape(word.removesuffix(STAR)) + (r"\w*" if word.endswith(STAR) else "")
        for word in _words(term)
    ]
    inner = _GAP.join(words)
    return re.compile(rf"(?<!\w){inner}(?!\w)", re.IGNORECASE)
