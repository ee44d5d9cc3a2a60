"""The evidence map as bubbles: how many studies do what with which construct.

A row per construct, a column per evidence type, a circle whose area grows with the
number of studies, and the number in or beside it: size alone is read badly, colour
not at all by some. Where nothing is, a faint dot says so: the gaps are the point of
the map. Rows stand under the headings of their groups.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from litreview import svg
from litreview.chart import BODY, LEADING, MARGIN, SMALL, TITLE, tidy, wrap

NAMES = 300.0  # the column of the constructs' names
LARGEST, SMALLEST = 13.0, 3.0  # radii
ROW = 2 * LARGEST + 2
INSIDE = 9.0  # from this radius on the number fits into the circle
FILL, FAINT, BAND = "#1f5a8c", "#b0b0b0", "#f2f2f2"
DARK_TEXT, LIGHT_TEXT = "#1a1a1a", "#ffffff"


@dataclass(frozen=True)
class Row:
    """One construct with its group, and the studies of each evidence type."""

    label: str
    group: str
    counts: Mapping[str, int]


def draw(title: str, kinds: Sequence[str], rows: Sequence[Row]) -> str:
    """Return the map as an SVG document; rows of one group stand together."""
    lines = wrap(tidy(title), svg.WIDTH - 2 * MARGIN, TITLE, bold=True)
    top = MARGIN + len(lines) * TITLE * LEADING
    parts = [
        svg.bold(line, MARGIN, MARGIN + (at + 0.8) * TITLE * LEADING, size=TITLE)
        for at, line in enumerate(lines)
    ]
    if not rows:
        parts.append(svg.text("Nothing has been coded yet.", MARGIN, top + BODY))
        top += 2 * BODY
        return svg.picture("map", title, in_words(rows), height=top, parts=parts)
    width = (svg.WIDTH - 2 * MARGIN - NAMES) / len(kinds)
    columns = {
        kind: MARGIN + NAMES + (at + 0.5) * width for at, kind in enumerate(kinds)
    }
    top += BODY * LEADING
    parts += [
        svg.text(k, x, top, size=BODY, anchor="middle") for k, x in columns.items()
    ]
    top += SMALL
    drawn, bottom = _rows(rows, columns, top)
    parts += drawn
    note = "Area: number of distinct studies. A faint dot: none."
    parts.append(svg.text(note, MARGIN, bottom + SMALL * LEADING))
    height = bottom + 2 * SMALL * LEADING + MARGIN
    return svg.picture("map", title, in_words(rows), height=height, parts=parts)


def in_words(rows: Sequence[Row]) -> str:
    """Tell the map in words, for those who do not see it."""
    told = [
        f"{row.label}: "
        + (", ".join(f"{kind} {n}" for kind, n in row.counts.items() if n) or "none")
        for row in rows
    ]
    return f"Studies by construct and evidence type. {'; '.join(told) or 'None yet'}."


def radius(count: int, largest: int) -> float:
    """Return a circle's radius: its area is in proportion to the count."""
    if count <= 0:
        return 0.0
    return max(SMALLEST, LARGEST * math.sqrt(count / max(largest, count)))


def _rows(
    rows: Sequence[Row], columns: Mapping[str, float], top: float
) -> tuple[list[str], float]:
    largest = max((n for row in rows for n in row.counts.values()), default=0)
    parts: list[str] = []
    group = None
    for number, row in enumerate(rows):
        if row.group != group:
            group = row.group
            top += BODY * LEADING
            parts.append(svg.bold(group, MARGIN, top - 3, size=BODY))
        if number % 2 == 0:
            parts.append(
                f'<rect x="{MARGIN:g}" y="{top:.1f}" fill="{BAND}"'
                f' width="{svg.WIDTH - 2 * MARGIN:g}" height="{ROW:g}"/>'
            )
        middle = top + ROW / 2
        name = svg.fitted(row.label, NAMES - 8, 2)
        parts += svg.stacked(name, MARGIN + 4, middle)
        for kind, x in columns.items():
            parts += _bubble(row.counts.get(kind, 0), largest, x, middle)
        top += ROW
    return parts, top


def _bubble(count: int, largest: int, x: float, y: float) -> Iterator[str]:
    if not count:
        yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="1.2" fill="{FAINT}"/>'
        return
    size = radius(count, largest)
    inside = size >= INSIDE
    yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="{size:.2f}" fill="{FILL}"/>'
    at = x if inside else x + size + 3
    anchor = "middle" if inside else "start"
    ink = LIGHT_TEXT if inside else DARK_TEXT
    yield (
        f'<text x="{at:.1f}" y="{y + SMALL * 0.35:.1f}" font-size="{SMALL:g}"'
        f' text-anchor="{anchor}" fill="{ink}">{count}</text>'
    )
