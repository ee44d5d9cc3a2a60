"""Two records on the screen, so that a person sees at once what differs.

On a terminal they stand side by side, from 60 columns on: a star before the line of
a field that differs, «marks» around the words that the other record does not have,
and colour where colour is wanted. Elsewhere (a pipe, a dumb terminal, a screen
reader, a narrow window) they stand one under the other. Capitals and punctuation are
no difference. What does not fit the height is cut; the whole abstract can be asked
for.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

import click
from rich.cells import cell_len, chop_cells

from litreview.models import Record
from litreview.text import printable, title_key

FIELDS = (
    "title",
    "authors",
    "year",
    "container_title",
    "volume",
    "issue",
    "pages",
    "doi",
    "type",
    "source",
    "abstract",
)
ABSTRACT_LENGTH = 400  # characters, one under the other; enough to tell two apart
LABEL_WIDTH = 12  # the mark, the name of the field, a blank
GAP = " | "
NARROWEST = 60  # columns; below that two columns are unreadable
LONGEST_FIELD = (5, 3, 2)  # lines of another field, the first with which all fits
LEAST_ABSTRACT = 2  # lines, however full the screen is
COLOUR = "yellow"
NOTHING = "(none)"
# That a field differs says nothing where it tells who told the rest.
NEUTRAL = ("source",)


@dataclass(frozen=True)
class Screen:
    """How much room there is: columns, lines for the card, and whether to colour."""

    width: int
    lines: int
    colour: bool = False


def screen(used: int) -> Screen | None:
    """Return the terminal's room below `used` lines; None to write line by line."""
    if not sys.stdout.isatty() or os.environ.get("TERM") == "dumb":
        return None
    size = shutil.get_terminal_size()
    if size.columns < NARROWEST:
        return None
    return Screen(size.columns, size.lines - used, not os.environ.get("NO_COLOR"))


def height(lines: Sequence[str]) -> int:
    """Return how many lines of the terminal these take."""
    width = shutil.get_terminal_size().columns
    return sum(max(1, -(-cell_len(line) // width)) for line in lines)


def put(a: Record, b: Record, *, used: int, whole: bool = False) -> None:
    """Print two records; `used` lines of the screen are taken by other things."""
    room = screen(used)
    lines = stacked(a, b) if room is None else side_by_side(a, b, room, whole=whole)
    for line in lines:
        click.echo(line)


# -- one under the other -------------------------------------------------------------


def stacked(a: Record, b: Record) -> list[str]:
    """Return the lines that show one record under the other; a star marks what differs.

    A field on which both agree stands once.
    """
    lines = []
    for field in FIELDS:
        one, other = _cut(_value(a, field)), _cut(_value(b, field))
        if not one and not other:
            continue
        name = _name(field)
        if title_key(one) == title_key(other):
            lines.append(f"  {name:<9} {one}")
        else:
            lines += [f"* {name:<9} {one or NOTHING}", f"* {'':<9} {other or NOTHING}"]
    return lines


def _cut(text: str) -> str:
    return text if len(text) <= ABSTRACT_LENGTH else text[:ABSTRACT_LENGTH] + " ..."


def _name(field: str) -> str:
    return field.replace("container_title", "in")


def _value(record: Record, field: str) -> str:
    value = getattr(record, field)
    return "" if value is None else " ".join(printable(str(value)).split())


# -- side by side ----------------------------------------------------------------------

# A word, and whether the other record lacks it.
Word = tuple[str, bool]


def side_by_side(
    a: Record, b: Record, room: Screen, *, whole: bool = False
) -> list[str]:
    """Return the lines that show two records next to each other.

    They are at most `room.lines`, unless the `whole` abstracts are wanted or the
    other fields alone take more.
    """
    for longest in LONGEST_FIELD:
        lines = _all_but_abstracts(a, b, room, longest)
        if len(lines) + LEAST_ABSTRACT <= room.lines:
            break
    texts = _value(a, "abstract"), _value(b, "abstract")
    if any(texts):
        left = max(LEAST_ABSTRACT, room.lines - len(lines))
        limit = max(map(len, texts)) if whole else left
        size = (_width(room), limit)
        lines += _field("abstract", _marked(*texts), size, room.colour)
    return lines


def _width(room: Screen) -> int:
    return (room.width - LABEL_WIDTH - len(GAP)) // 2


def _all_but_abstracts(a: Record, b: Record, room: Screen, longest: int) -> list[str]:
    lines: list[str] = []
    for field in FIELDS[:-1]:
        one, other = _value(a, field), _value(b, field)
        if one or other:
            words = _marked(one, other) if field not in NEUTRAL else _plain(one, other)
            size = (_width(room), longest)
            lines += _field(_name(field), words, size, room.colour)
    return lines


def _marked(one: str, other: str) -> tuple[list[Word], list[Word]]:
    """Return the words of both texts, those marked that the other lacks."""
    words, others = one.split(), other.split()
    if not words or not others:
        return (
            [(word, True) for word in words or [NOTHING]],
            [(word, True) for word in others or [NOTHING]],
        )
    keys, other_keys = ([title_key(word) for word in text] for text in (words, others))
    lone, other_lone = set(range(len(words))), set(range(len(others)))
    matcher = SequenceMatcher(None, keys, other_keys, autojunk=False)
    for start, other_start, length in matcher.get_matching_blocks():
        lone -= set(range(start, start + length))
        other_lone -= set(range(other_start, other_start + length))
    # A word of signs alone ("-", "&") tells nothing by being there.
    return (
        [(word, k in lone and keys[k] != "") for k, word in enumerate(words)],
        [(w, k in other_lone and other_keys[k] != "") for k, w in enumerate(others)],
    )


def _plain(one: str, other: str) -> tuple[list[Word], list[Word]]:
    left, right = ([(word, False) for word in text.split()] for text in (one, other))
    return left, right


def _field(
    name: str,
    texts: tuple[Sequence[Word], Sequence[Word]],
    size: tuple[int, int],
    colour: bool,  # noqa: FBT001 - private, and told by name where it is called
) -> Iterator[str]:
    """Yield the lines of one field: its mark, its name, and both texts."""
    width, limit = size
    differs = any(lone for text in texts for _, lone in text)
    left, right = (_wrapped(_with_marks(text), width, limit) for text in texts)
    for k in range(max(len(left), len(right))):
        label = f"{'*' if differs else ' '} {name if k == 0 else '':<9} "
        one = left[k] if k < len(left) else []
        other = right[k] if k < len(right) else []
        padding = " " * (width - cell_len(" ".join(word for word, _ in one)))
        cells = _painted(one, colour) + padding + GAP + _painted(other, colour)
        yield f"{label}{cells}".rstrip()


def _with_marks(words: Sequence[Word]) -> list[Word]:
    """Put « before and » behind each run of marked words, for eyes without colour."""
    found = []
    for k, (word, lone) in enumerate(words):
        opens = lone and (k == 0 or not words[k - 1][1])
        closes = lone and (k + 1 == len(words) or not words[k + 1][1])
        found.append((f"{'«' if opens else ''}{word}{'»' if closes else ''}", lone))
    return found


def _wrapped(words: Sequence[Word], width: int, limit: int) -> list[list[Word]]:
    """Return the words in lines of this width, cut with ... after so many."""
    lines: list[list[Word]] = [[]]
    free = width
    for word, lone in words:
        for piece in chop_cells(word, width):
            if lines[-1] and cell_len(piece) + 1 > free:
                lines.append([])
                free = width
            free -= cell_len(piece) + bool(lines[-1])
            lines[-1].append((piece, lone))
    if len(lines) <= limit:
        return lines
    lines = lines[:limit]
    while lines[-1] and cell_len(" ".join(word for word, _ in lines[-1])) + 4 > width:
        lines[-1].pop()
    lines[-1].append(("...", False))
    return lines


def _painted(words: Sequence[Word], colour: bool) -> str:  # noqa: FBT001 - private
    return " ".join(
        click.style(word, fg=COLOUR, bold=True) if lone and colour else word
        for word, lone in words
    )
