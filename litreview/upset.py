"""How sets overlap, drawn as bars over a matrix of dots, one self-contained SVG.

With more than three sets circles no longer tell anything; so each combination of
sets is a column: a bar for what lies in exactly these sets and in no other, and
below it a dot for each of them (Lex et al. 2014, "UpSet", doi
10.1109/TVCG.2014.2346248). At the left stands each set's own size. Black on white
with greys, so that it survives a photocopier; text is text, so that it can be
searched and read aloud.

Lengths are user units of the SVG, as in `chart`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape

from litreview.chart import (
    ASCENT,
    BODY,
    FONTS,
    INK,
    LEADING,
    MARGIN,
    SMALL,
    TITLE,
    measure,
    tidy,
    wrap,
)
from litreview.text import sort_key

WIDTH = 842.0  # A4 landscape in points
A4_LONG = 297  # millimetres
NAMES = 190.0  # the column of the sets' names
NAME_LINES = 3  # a longer name is cut, and told whole in the description
SIZES = 110.0  # the column of the sets' sizes, their bars growing to the left
GAP = 14.0
TALLEST = 150.0  # of the bars over the matrix
LEAST = 1.0  # of a bar that counts anything
ROW = 22.0  # the least height of a set's row
COLUMN = 26.0  # the least width of a combination's column
DOT = 6.0  # radius
BAND, FAINT = "#f2f2f2", "#cfcfcf"


@dataclass(frozen=True)
class Overlap:
    """The sizes of sets, and how much lies in exactly each combination of them.

    `sets` are in the order in which they are drawn, the largest first; so are
    `shared`, whose names stand in the order of the sets.
    """

    sets: Mapping[str, int]
    shared: tuple[tuple[tuple[str, ...], int], ...]

    @property
    def total(self) -> int:
        """Return how many things lie in any set."""
        return sum(number for _names, number in self.shared)


@dataclass(frozen=True)
class Panel:
    """One part of the picture: a heading, what is counted, and the overlap."""

    heading: str
    unit: str
    overlap: Overlap


def overlap(
    memberships: Iterable[Collection[str]], sets: Iterable[str] = ()
) -> Overlap:
    """Count what lies in exactly each combination of sets.

    Each membership names the sets in which one thing lies; what lies in none is not
    counted. `sets` names those that are shown although nothing lies in them.
    """
    exactly = Counter(frozenset(names) for names in memberships if names)
    sizes = Counter(dict.fromkeys(sets, 0))
    for names, number in exactly.items():
        for name in names:
            sizes[name] += number
    order = sorted(sizes, key=lambda name: (-sizes[name], sort_key(name), name))
    place = {name: number for number, name in enumerate(order)}
    shared = [
        (tuple(sorted(names, key=place.__getitem__)), number)
        for names, number in exactly.items()
    ]
    shared.sort(key=lambda one: (-one[1], len(one[0]), [place[n] for n in one[0]]))
    return Overlap({name: sizes[name] for name in order}, tuple(shared))


def in_words(panel: Panel) -> str:
    """Tell a panel in words, for those who do not see it."""
    sizes = [f"{tidy(name)} {n:,}" for name, n in panel.overlap.sets.items()]
    shared = [
        f"{' and '.join(map(tidy, names))}: {number:,}"
        for names, number in panel.overlap.shared
    ]
    if not shared:
        return f"{tidy(panel.heading)}: nothing yet."
    return (
        f"{tidy(panel.heading)}. {panel.unit.capitalize()} in each: "
        f"{', '.join(sizes)}. In exactly these and no other: {'; '.join(shared)}."
    )


def draw(title: str, panels: Sequence[Panel]) -> str:
    """Return the picture as an SVG document (UTF-8 text with its declaration)."""
    lines = wrap(tidy(title), WIDTH - 2 * MARGIN, TITLE, bold=True)
    top = MARGIN
    parts = list(_lines(lines, top, TITLE, bold=True))
    top += len(lines) * TITLE * LEADING + GAP
    for panel in panels:
        drawn, top = _panel(panel, top)
        parts += drawn
        top += 2 * GAP
    height = top - 2 * GAP + MARGIN
    words = " ".join(map(in_words, panels))
    return "\n".join([*_opening(tidy(title), words, height), *parts, "</svg>"]) + "\n"


def _opening(title: str, words: str, height: float) -> Iterator[str]:
    yield '<?xml version="1.0" encoding="UTF-8"?>'
    yield (
        '<svg xmlns="http://www.w3.org/2000/svg" role="img"'
        ' aria-labelledby="upset-title upset-desc"'
        f' width="{A4_LONG}mm" height="{A4_LONG * height / WIDTH:.1f}mm"'
        f' viewBox="0 0 {WIDTH:g} {height:.1f}" font-family="{FONTS}" fill="{INK}">'
    )
    yield f'<title id="upset-title">{escape(title)}</title>'
    yield f'<desc id="upset-desc">{escape(words)}</desc>'
    yield f'<rect width="{WIDTH:g}" height="{height:.1f}" fill="#ffffff"/>'


@dataclass(frozen=True)
class Row:
    """Where a set's row stands, with the lines of its name."""

    top: float
    height: float
    lines: tuple[str, ...]

    @property
    def middle(self) -> float:
        """Return the height at which its dots stand."""
        return self.top + self.height / 2


def _panel(panel: Panel, top: float) -> tuple[list[str], float]:
    """Return the elements of a panel, and its lower edge."""
    head = wrap(tidy(panel.heading), WIDTH - 2 * MARGIN, BODY, bold=True)
    parts = list(_lines(head, top, BODY, bold=True))
    top += len(head) * BODY * LEADING
    if not panel.overlap.shared:
        parts += _lines(["Nothing has been found yet."], top, BODY)
        return parts, top + BODY * LEADING
    shown, pitch = _shown(panel.overlap)
    base = top + SMALL * LEADING * 3 + TALLEST
    rows = _rows(panel.overlap, base + GAP)
    bottom = max(row.top + row.height for row in rows.values())
    left, unit = _matrix_left(), panel.unit.capitalize()
    parts += _lines([f"{unit} in exactly this combination"], top, SMALL, left=left)
    parts.append(_text(f"{unit} in each", left - GAP, base, "end"))
    parts += _names(panel, rows)
    parts += _columns(shown, rows, base, pitch)
    notes = _notes(panel, len(shown))
    parts += _lines(notes, bottom + GAP / 2, SMALL)
    return parts, bottom + GAP / 2 + len(notes) * SMALL * LEADING


def _matrix_left() -> float:
    return MARGIN + NAMES + GAP / 2 + SIZES + GAP


def _shown(found: Overlap) -> tuple[tuple[tuple[tuple[str, ...], int], ...], float]:
    """Return the combinations that have room, and the width of a column."""
    widest = max(measure(f"{number:,}", SMALL) for _names, number in found.shared)
    pitch = max(COLUMN, widest + 4)
    room = int((WIDTH - MARGIN - _matrix_left()) // pitch)
    return found.shared[: max(1, room)], pitch


def _notes(panel: Panel, shown: int) -> list[str]:
    """Say what was left out; its sum, so that the picture adds up."""
    rest = panel.overlap.shared[shown:]
    if not rest:
        return []
    number = sum(count for _names, count in rest)
    what = (
        "1 smaller combination"
        if len(rest) == 1
        else (f"{len(rest):,} smaller combinations")
    )
    return [f"Not drawn: {what} with {number:,} {panel.unit} together."]


def _rows(found: Overlap, top: float) -> dict[str, Row]:
    """Stack the rows, each as high as its name needs."""
    rows = {}
    for name in found.sets:
        lines = wrap(tidy(name), NAMES, SMALL)
        if len(lines) > NAME_LINES:
            lines = [*lines[: NAME_LINES - 1], _cut(lines[NAME_LINES - 1])]
        height = max(ROW, len(lines) * SMALL * LEADING + 6)
        rows[name] = Row(top, height, tuple(lines))
        top += height
    return rows


def _cut(line: str) -> str:
    """Return a line that ends in an ellipsis and still fits."""
    while line and measure(f"{line}\u2026", SMALL) > NAMES:
        line = line[:-1]
    return f"{line}\u2026"


def _names(panel: Panel, rows: Mapping[str, Row]) -> Iterator[str]:
    """Yield each set's band, name and size."""
    largest = max(1, *panel.overlap.sets.values())
    right = MARGIN + NAMES
    end = right + GAP / 2 + SIZES
    widest = max(measure(f"{n:,}", SMALL) for n in panel.overlap.sets.values())
    room = max(LEAST, SIZES - widest - 4)
    for number, (name, row) in enumerate(rows.items()):
        if number % 2 == 0:
            yield _rect(MARGIN, row.top, WIDTH - 2 * MARGIN, row.height, BAND)
        first = row.middle - len(row.lines) * SMALL * LEADING / 2
        for place, line in enumerate(row.lines):
            yield _text(line, right, first + (place * LEADING + ASCENT) * SMALL, "end")
        size = panel.overlap.sets[name]
        width = max(LEAST, room * size / largest) if size else 0.0
        yield _rect(end - width, row.middle - 5, width, 10, INK)
        yield _text(f"{size:,}", end - width - 4, row.middle + SMALL * 0.35, "end")


def _columns(
    shown: Sequence[tuple[tuple[str, ...], int]],
    rows: Mapping[str, Row],
    base: float,
    pitch: float,
) -> Iterator[str]:
    """Yield for each combination its bar, its count and its dots."""
    largest = max(1, *(number for _names, number in shown))
    left = _matrix_left()
    yield _rect(left, base, pitch * len(shown), 0.75, INK)
    for place, (names, number) in enumerate(shown):
        x = left + pitch * (place + 0.5)
        height = max(LEAST, TALLEST * number / largest) if number else 0.0
        yield '<g class="combination">'
        yield f"<title>{escape(' and '.join(map(tidy, names)))}: {number:,}</title>"
        yield _rect(x - 8, base - height, 16, height, INK)
        yield _text(f"{number:,}", x, base - height - 4, "middle")
        for name, row in rows.items():
            fill = INK if name in names else FAINT
            place_of = f'cx="{x:.1f}" cy="{row.middle:.1f}"'
            yield f'<circle {place_of} r="{DOT:g}" fill="{fill}"/>'
        ends = [rows[name].middle for name in names]
        if len(ends) > 1:
            yield _rect(x - 1.25, min(ends), 2.5, max(ends) - min(ends), INK)
        yield "</g>"


def _rect(left: float, top: float, width: float, height: float, fill: str) -> str:
    return (
        f'<rect x="{left:.1f}" y="{top:.1f}" width="{width:.1f}"'
        f' height="{height:.2f}" fill="{fill}"/>'
    )


def _text(text: str, x: float, y: float, anchor: str) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{SMALL:g}"'
        f' text-anchor="{anchor}">{escape(text)}</text>'
    )


def _lines(
    lines: Iterable[str],
    top: float,
    size: float,
    *,
    bold: bool = False,
    left: float = MARGIN,
) -> Iterator[str]:
    """Yield lines of text from the left."""
    weight = ' font-weight="bold"' if bold else ""
    for number, line in enumerate(lines):
        y = top + (number * LEADING + ASCENT) * size
        yield (
            f'<text x="{left:.1f}" y="{y:.1f}" font-size="{size:g}"{weight}>'
            f"{escape(line)}</text>"
        )
