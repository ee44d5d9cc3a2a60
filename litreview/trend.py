"""Figures month by month, drawn as lines with their intervals, one self-contained SVG.

Each line has a colour that colour-blind people tell apart (Okabe and Ito 2008), and a
mark and dashes of its own besides, so that it survives a photocopier. Points of one
month stand side by side, or their intervals would hide each other; months without a
point keep their place. What is undefined is a cross under the axis, and breaks the
line. Text is text, and a description tells every figure in words.

Lengths are user units of the SVG, as in `chart`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise

from litreview.chart import (
    A4_LONG,
    ASCENT,
    BODY,
    FONTS,
    INK,
    LEADING,
    MARGIN,
    RULE,
    SMALL,
    TITLE,
    measure,
    tidy,
    wrap,
)

WIDTH = 842.0  # A4 landscape in points
BESIDE = 2  # panels in a row
GAP = 26.0
AXIS = 30.0  # left of a plot, for the numbers
PLOT = 170.0  # height of a plot
UNDER = 12.0  # between a plot and its months: where crosses stand
DODGE = 9.0  # most between two points of one month
MARK = 3.6  # half the width of a mark
STEP = 0.25  # between two lines across
DEEPEST = -1.0  # no such figure is lower
FAINT = "#d9d9d9"
SAMPLE = 34.0  # of a line, beside its name
COLOURS = (
    "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#000000", "#E69F00", "#56B4E9",
)  # fmt: skip
DASHES = ("", "7 3", "2 3", "9 3 2 3", "4 2")
MARKS = ("circle", "square", "diamond", "up", "down")


@dataclass(frozen=True)
class Point:
    """One month's figure (YYYY-MM); None is undefined, `n` what it rests on."""

    month: str
    value: float | None
    low: float | None
    high: float | None
    n: int


@dataclass(frozen=True)
class Panel:
    """One plot: a heading, and the points of each line by its name."""

    heading: str
    lines: Mapping[str, Sequence[Point]]


@dataclass(frozen=True)
class Style:
    """How a line looks."""

    colour: str
    dash: str
    mark: str


def styles(names: Sequence[str]) -> dict[str, Style]:
    """Return how each line looks: colour, dashes and mark differ as long as they can.

    There are seven colours and five marks, so that 35 lines all differ.
    """
    return {
        name: Style(
            COLOURS[place % len(COLOURS)],
            DASHES[place % len(DASHES)],
            MARKS[place % len(MARKS)],
        )
        for place, name in enumerate(names)
    }


def months(points: Iterable[Point]) -> list[str]:
    """Return all months from the first to the last of these points."""
    known = sorted(point.month for point in points)
    if not known:
        return []
    first, last = (
        int(month[:4]) * 12 + int(month[5:]) - 1 for month in (known[0], known[-1])
    )
    return [
        f"{number // 12:04d}-{number % 12 + 1:02d}" for number in range(first, last + 1)
    ]


def in_words(panel: Panel) -> str:
    """Tell a panel in words, for those who do not see it."""
    told = [
        f"{tidy(name)}: {', '.join(map(_told, points))}."
        for name, points in panel.lines.items()
    ]
    return f"{tidy(panel.heading)}. {' '.join(told) or 'Nothing yet.'}"


def _told(point: Point) -> str:
    number = f"{point.n:,} record" + ("" if point.n == 1 else "s")
    if point.value is None:
        return f"{point.month} undefined ({number})"
    between = ""
    if point.low is not None and point.high is not None:
        between = f"{point.low:.2f} to {point.high:.2f}, "
    return f"{point.month} {point.value:.2f} ({between}{number})"


def draw(title: str, panels: Sequence[Panel], notes: Sequence[str] = ()) -> str:
    """Return the picture as an SVG document (UTF-8 text with its declaration)."""
    names = sorted({name for panel in panels for name in panel.lines})
    looks = styles(names)
    head = wrap(tidy(title), WIDTH - 2 * MARGIN, TITLE, bold=True)
    parts = list(_lines(head, MARGIN, TITLE, bold=True))
    top = MARGIN + len(head) * TITLE * LEADING + GAP / 2
    width = (WIDTH - 2 * MARGIN - (BESIDE - 1) * GAP) / BESIDE
    least = _least(panels)
    for place, panel in enumerate(panels):
        column, left = place % BESIDE, MARGIN + place % BESIDE * (width + GAP)
        drawn = _Plot(panel, left, top, width, least, looks)
        parts += drawn.parts()
        if column == BESIDE - 1 or place == len(panels) - 1:
            top = drawn.bottom + GAP
    legend, top = _legend(names, looks, top)
    parts += legend
    wrapped = [line for note in notes for line in wrap(note, WIDTH - 2 * MARGIN, SMALL)]
    parts += _lines(wrapped, top, SMALL)
    height = top + len(wrapped) * SMALL * LEADING + MARGIN
    words = " ".join(map(in_words, panels))
    return "\n".join([*_opening(tidy(title), words, height), *parts, "</svg>"]) + "\n"


def _least(panels: Iterable[Panel]) -> float:
    """Return the lowest number of all axes: 0, or a step below the lowest figure."""
    known = [
        number
        for panel in panels
        for line in panel.lines.values()
        for point in line
        for number in (point.value, point.low)
        if number is not None
    ]
    return max(DEEPEST, math.floor(min([0.0, *known]) / STEP) * STEP)


def _opening(title: str, words: str, height: float) -> Iterator[str]:
    yield '<?xml version="1.0" encoding="UTF-8"?>'
    yield (
        '<svg xmlns="http://www.w3.org/2000/svg" role="img"'
        ' aria-labelledby="trend-title trend-desc"'
        f' width="{A4_LONG}mm" height="{A4_LONG * height / WIDTH:.1f}mm"'
        f' viewBox="0 0 {WIDTH:g} {height:.1f}" font-family="{FONTS}" fill="{INK}">'
    )
    yield f'<title id="trend-title">{escape(title)}</title>'
    yield f'<desc id="trend-desc">{escape(words)}</desc>'
    yield f'<rect width="{WIDTH:g}" height="{height:.1f}" fill="#ffffff"/>'


@dataclass(frozen=True)
class _Plot:
    """A panel with its place on the page."""

    panel: Panel
    left: float
    top: float
    width: float
    least: float
    looks: Mapping[str, Style]

    @property
    def heading(self) -> list[str]:
        return wrap(tidy(self.panel.heading), self.width, BODY, bold=True)

    @property
    def ceiling(self) -> float:
        return self.top + len(self.heading) * BODY * LEADING + BODY

    @property
    def floor(self) -> float:
        return self.ceiling + PLOT

    @property
    def bottom(self) -> float:
        return self.floor + UNDER + SMALL * LEADING

    @property
    def points(self) -> list[Point]:
        return [point for line in self.panel.lines.values() for point in line]

    def y(self, value: float) -> float:
        """Return how high a figure stands."""
        share = (max(value, self.least) - self.least) / (1 - self.least)
        return self.floor - share * PLOT

    def parts(self) -> Iterator[str]:
        """Yield all elements of the plot."""
        yield from _lines(self.heading, self.top, BODY, bold=True, left=self.left)
        yield from self._across()
        if not self.points:
            middle = (self.ceiling + self.floor) / 2 - SMALL
            yield _text("Nothing to compare yet.", self._x(0.5, 1), middle, "middle")
            return
        shown = months(self.points)
        yield from self._months(shown)
        for place, name in enumerate(self.panel.lines):
            yield '<g class="line">'
            yield from self._line(name, place, shown)
            yield "</g>"

    def _across(self) -> Iterator[str]:
        """Yield the lines across, with their numbers."""
        steps = round((1 - self.least) / STEP)
        for step in range(steps + 1):
            number = self.least + step * STEP
            y = self.y(number)
            ink = RULE if number == 0 else FAINT
            yield _stroke((self.left + AXIS, y), (self.left + self.width, y), ink)
            if steps * STEP <= 1 or number % (2 * STEP) == 0:
                words = f"{number:.2f}".replace("-", "\u2212")
                yield _text(words, self.left + AXIS - 5, y + SMALL * 0.35, "end")

    def _x(self, place: float, slots: int) -> float:
        return self.left + AXIS + (self.width - AXIS) * place / slots

    def _months(self, shown: Sequence[str]) -> Iterator[str]:
        """Yield as many months as there is room for, under the axis."""
        room = (self.width - AXIS) / len(shown)
        every = math.ceil((measure("2026-12", SMALL) + 8) / room)
        for place, month in enumerate(shown):
            if place % every == 0:
                x = self._x(place + 0.5, len(shown))
                yield _text(month, x, self.floor + UNDER + SMALL * ASCENT, "middle")

    def _line(self, name: str, place: int, shown: Sequence[str]) -> Iterator[str]:
        """Yield one line: its strokes, then intervals and marks over them."""
        look, count = self.looks[name], len(self.panel.lines)
        beside = min(DODGE, (self.width - AXIS) / len(shown) * 0.8 / count)
        shift = (place - (count - 1) / 2) * beside
        stands: list[tuple[float, Point]] = [
            (self._x(shown.index(point.month) + 0.5, len(shown)) + shift, point)
            for point in sorted(self.panel.lines[name], key=lambda point: point.month)
        ]
        for (x, one), (to, other) in pairwise(stands):
            if one.value is not None and other.value is not None:
                ends = (x, self.y(one.value)), (to, self.y(other.value))
                yield _stroke(*ends, look.colour, width=1.4, dash=look.dash)
        for x, point in stands:
            yield f"<g><title>{escape(tidy(name))}, {escape(_told(point))}</title>"
            if point.value is None:
                yield _cross(x, self.floor + UNDER / 2, look.colour)
            else:
                if point.low is not None and point.high is not None:
                    ends = (x, self.y(point.low)), (x, self.y(point.high))
                    yield _stroke(*ends, look.colour)
                yield _mark(look, x, self.y(point.value))
            yield "</g>"


def _legend(
    names: Sequence[str], looks: Mapping[str, Style], top: float
) -> tuple[list[str], float]:
    """Return the lines' names with a sample of each, and the lower edge."""
    parts: list[str] = []
    left = MARGIN
    for name in names:
        words = tidy(name)
        wide = SAMPLE + 6 + measure(words, SMALL) + GAP
        if left > MARGIN and left + wide > WIDTH - MARGIN:
            left, top = MARGIN, top + SMALL * LEADING * 1.3
        look, y = looks[name], top + SMALL * 0.6
        ends = (left, y), (left + SAMPLE, y)
        parts += [
            _stroke(*ends, look.colour, width=1.4, dash=look.dash),
            _mark(look, left + SAMPLE / 2, y),
            _text(words, left + SAMPLE + 6, top + SMALL * ASCENT, "start"),
        ]
        left += wide
    return parts, top + (SMALL * LEADING * 1.6 if names else 0.0)


def _mark(look: Style, x: float, y: float) -> str:
    """Return the mark of a line at a point."""
    m = MARK
    corners = {
        "square": ((-m, -m), (m, -m), (m, m), (-m, m)),
        "diamond": ((0.0, -1.4 * m), (1.4 * m, 0.0), (0.0, 1.4 * m), (-1.4 * m, 0.0)),
        "up": ((0.0, -1.2 * m), (1.2 * m, m), (-1.2 * m, m)),
        "down": ((0.0, 1.2 * m), (1.2 * m, -m), (-1.2 * m, -m)),
    }
    paint = f'fill="{look.colour}" stroke="#ffffff" stroke-width="0.8"'
    if look.mark == "circle":
        return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{m:g}" {paint}/>'
    points = " ".join(f"{x + a:.1f},{y + b:.1f}" for a, b in corners[look.mark])
    return f'<polygon points="{points}" {paint}/>'


def _cross(x: float, y: float, ink: str) -> str:
    m = MARK * 0.8
    return (
        f'<path d="M{x - m:.1f} {y - m:.1f} L{x + m:.1f} {y + m:.1f} M{x - m:.1f}'
        f' {y + m:.1f} L{x + m:.1f} {y - m:.1f}" stroke="{ink}" stroke-width="1.4"/>'
    )


def _stroke(
    start: tuple[float, float],
    end: tuple[float, float],
    ink: str,
    *,
    width: float = 1.0,
    dash: str = "",
) -> str:
    dashes = f' stroke-dasharray="{dash}"' if dash else ""
    return (
        f'<line x1="{start[0]:.1f}" y1="{start[1]:.1f}" x2="{end[0]:.1f}"'
        f' y2="{end[1]:.1f}" stroke="{ink}" stroke-width="{width:g}"{dashes}/>'
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
