"""The pieces that our pictures share: a self-contained SVG with its words.

Every picture says what it shows in its title and description, for those who do not
see it; text is text, so that it can be searched; the ground is white, so that it can
be printed. Lengths are user units, as in `chart`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from html import escape

from litreview.chart import (
    ASCENT,
    FONTS,
    INK,
    LEADING,
    SMALL,
    measure,
    tidy,
    wrap,
)

A4_LONG = 297  # millimetres
WIDTH = 842.0  # A4 landscape in points


def picture(
    key: str, title: str, words: str, *, height: float, parts: Iterable[str]
) -> str:
    """Return a whole SVG document, A4 landscape wide and as high as needed.

    `key` makes the ids of its title and description its own.
    """
    head = (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        '<svg xmlns="http://www.w3.org/2000/svg" role="img"'
        f' aria-labelledby="{key}-title {key}-desc"'
        f' width="{A4_LONG}mm" height="{A4_LONG * height / WIDTH:.1f}mm"'
        f' viewBox="0 0 {WIDTH:g} {height:.1f}" font-family="{FONTS}" fill="{INK}">\n'
        f'<title id="{key}-title">{escape(tidy(title))}</title>\n'
        f'<desc id="{key}-desc">{escape(tidy(words))}</desc>\n'
        f'<rect width="{WIDTH:g}" height="{height:.1f}" fill="#ffffff"/>'
    )
    return "\n".join([head, *parts, "</svg>"]) + "\n"


def text(
    words: str, x: float, y: float, *, size: float = SMALL, anchor: str = "start"
) -> str:
    """Return one line of text; `y` is its baseline."""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size:g}"'
        f' text-anchor="{anchor}">{escape(tidy(words))}</text>'
    )


def bold(words: str, x: float, y: float, *, size: float = SMALL) -> str:
    """Return one line of bold text; `y` is its baseline."""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size:g}" font-weight="bold">'
        f"{escape(tidy(words))}</text>"
    )


def fitted(words: str, width: float, most: int, *, size: float = SMALL) -> list[str]:
    """Return a text in at most so many lines, the last cut with an ellipsis."""
    lines = wrap(tidy(words), width, size)
    if len(lines) <= most:
        return lines
    last = lines[most - 1]
    while last and measure(f"{last}…", size) > width:
        last = last[:-1]
    return [*lines[: most - 1], f"{last}…"]


def stacked(
    lines: Iterable[str],
    x: float,
    middle: float,
    *,
    size: float = SMALL,
    anchor: str = "start",
) -> Iterator[str]:
    """Yield lines of text around a middle height."""
    found = list(lines)
    top = middle - len(found) * size * LEADING / 2
    for place, line in enumerate(found):
        y = top + (place * LEADING + ASCENT) * size
        yield text(line, x, y, size=size, anchor=anchor)
