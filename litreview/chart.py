"""A flow chart of boxes on a grid, drawn as one self-contained SVG.

What the boxes say is the caller's business (see `prisma`). Here text is wrapped
to the width of its column, boxes grow downwards with their text, a row is as
high as its highest box, and the page as high as its rows. No font is embedded
or measured: the width table errs on the wide side, so the lines fit whichever
sans-serif the reader's computer has.

Lengths are user units of the SVG: 842 across is A4 landscape in points.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from html import escape

FONTS = "Arial, Helvetica, 'Liberation Sans', 'DejaVu Sans', sans-serif"
BODY = 11.0  # font size in boxes: 10.5 pixels where the picture is 800 wide
TITLE = 15.0
SMALL = 9.5
LEADING = 1.3  # line height, in font sizes
ASCENT = 0.95  # from the top of a line to its baseline, in font sizes
MARGIN = 20.0
PADDING = 8.0
GAP = 24.0  # between rows: room for an arrow
ACROSS = 20.0  # between columns, the same
BAND = 24.0  # width of the phase bands at the left
BAND_GAP = 12.0
INDENT = 8.0
HEAD = 7.0  # length of an arrow head
A4_SHORT, A4_LONG = 210, 297  # millimetres
NBSP = "\u00a0"  # joins what wrapping must not part; drawn as a plain space

INK = "#1a1a1a"
RULE = "#404040"
BAND_FILL = "#cfdfee"
ALERT_FILL = "#fff3cd"
ALERT_INK = "#8a4b00"

# Advance widths in font sizes: for each character the larger of its widths in
# an Arial-like and a Verdana-like face, rounded up to its class.
_CLASSES = {
    0.32: "'ijlI ,.\u00b7\u2018\u2019" + NBSP,
    0.40: "/:;\\|f-()[]",
    0.47: '!rt"',
    0.56: "*J`\u201c\u201dszc?_\u2013L",
    0.64: "k\u2022vxyFToaehnubdgpq$0123456789{}\u00a3\u20ac",
    0.75: "EKPSYAVXZBCRUN",
    0.84: "HDG&OQw#+<=>^~\u00d7\u2264\u2265",
    1.02: "M%mW\u2014\u2026@",
}
WIDTHS = {sign: width for width, signs in _CLASSES.items() for sign in signs}
OTHER_WIDTH = 1.1  # other scripts: no common sans-serif is wider
BOLD_FACTOR = 1.12  # a bold face against its regular one
# What XML 1.0 cannot hold, even escaped (section 2.2 of the recommendation).
_ILLEGAL = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True)
class Line:
    """A paragraph in a box: wrapped, indented by steps, bold or not."""

    text: str
    bold: bool = False
    indent: int = 0


@dataclass(frozen=True)
class Panel:
    """A box of the chart: its place on the grid (from 0) and what it says."""

    column: int
    row: int
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class Span:
    """A heading over the columns, or beside the rows, first to last."""

    text: str
    first: int
    last: int
    fill: str = BAND_FILL


@dataclass(frozen=True)
class Chart:
    """Everything that is drawn: `columns` by relative width, arrows by panel."""

    title: str
    description: str
    columns: tuple[float, ...]
    panels: Mapping[str, Panel]
    arrows: tuple[tuple[str, str], ...]
    headers: tuple[Span, ...] = ()
    bands: tuple[Span, ...] = ()
    banner: tuple[Line, ...] = ()
    notes: tuple[str, ...] = ()
    width: float = 842.0


@dataclass(frozen=True)
class Words:
    """One drawn line: its text, its offset from the left edge, bold or not."""

    text: str
    offset: float
    bold: bool


@dataclass(frozen=True)
class Box:
    """A rectangle with its drawn lines."""

    left: float
    top: float
    width: float
    height: float
    words: tuple[Words, ...] = ()

    @property
    def bottom(self) -> float:
        """Return the lower edge."""
        return self.top + self.height

    @property
    def right(self) -> float:
        """Return the right edge."""
        return self.left + self.width

    @property
    def centre(self) -> float:
        """Return the middle, from left to right."""
        return self.left + self.width / 2


@dataclass(frozen=True)
class Layout:
    """Where everything stands; `bottom` is that of the lowest row."""

    panels: Mapping[str, Box]
    headers: tuple[Box, ...]
    rows: tuple[Box, ...]

    @property
    def bottom(self) -> float:
        """Return the lower edge of the last row."""
        return self.rows[-1].bottom


def tidy(text: str) -> str:
    """Make text of any origin fit for a line: NFC, one space, no controls."""
    return " ".join(_ILLEGAL.sub(" ", unicodedata.normalize("NFC", text)).split())


def measure(text: str, size: float, *, bold: bool = False) -> float:
    """Return an upper estimate of the width of a text, in user units."""
    return sum(map(_advance, text)) * size * (BOLD_FACTOR if bold else 1.0)


def _advance(sign: str) -> float:
    """Return the width of one character in font sizes: an accent adds none."""
    if unicodedata.combining(sign):
        return 0.0
    return WIDTHS.get(unicodedata.normalize("NFD", sign)[0], OTHER_WIDTH)


def wrap(text: str, width: float, size: float, *, bold: bool = False) -> list[str]:
    """Break a text at its spaces into lines that fit; cut words that do not."""
    lines = [""]
    for word in text.split(" "):
        longer = f"{lines[-1]} {word}" if lines[-1] else word
        if measure(longer, size, bold=bold) <= width:
            lines[-1] = longer
            continue
        pieces = list(_pieces(word, width, size * (BOLD_FACTOR if bold else 1.0)))
        lines = [*(lines if lines[-1] else lines[:-1]), *pieces]
    return lines


def _pieces(word: str, width: float, size: float) -> Iterator[str]:
    """Cut a word into parts no wider than the width, at least a character each."""
    start = 0
    for end in range(1, len(word) + 1):
        if end - start > 1 and measure(word[start:end], size) > width:
            yield word[start : end - 1]
            start = end - 1
    yield word[start:]


def compose(lines: Iterable[Line], width: float) -> tuple[Words, ...]:
    """Wrap the paragraphs of a box; what continues an indented one hangs."""
    drawn: list[Words] = []
    for line in lines:
        offset = PADDING + line.indent * INDENT
        hang = INDENT if line.indent else 0.0
        room = width - offset - PADDING
        if measure(line.text, BODY, bold=line.bold) > room:
            room -= hang
        for number, text in enumerate(wrap(line.text, room, BODY, bold=line.bold)):
            drawn.append(Words(text, offset + (hang if number else 0), line.bold))
    return tuple(drawn)


def text_height(count: int) -> float:
    """Return the height of a box with so many lines of body text."""
    return count * BODY * LEADING + 2 * PADDING


def layout(chart: Chart, top: float) -> Layout:
    """Place headers and panels below `top`: rows as high as their highest box."""
    columns = _columns(chart)
    headers = _headers(chart, columns, top)
    below = max((box.bottom for box in headers), default=top - GAP / 2) + GAP / 2
    panels = {
        key: _filled(panel.lines, columns[panel.column])
        for key, panel in chart.panels.items()
    }
    stretch = _stretch(chart, panels)
    rows = _rows(chart, panels, stretch, below)
    placed = {
        key: replace(
            box,
            top=rows[chart.panels[key].row].top,
            height=box.height + stretch.get(chart.panels[key].row, 0.0),
        )
        for key, box in panels.items()
    }
    return Layout(placed, headers, rows)


def _columns(chart: Chart) -> list[Box]:
    """Divide the width, beside the bands, by the relative widths."""
    left = MARGIN + (BAND + BAND_GAP if chart.bands else 0.0)
    room = chart.width - left - MARGIN - ACROSS * (len(chart.columns) - 1)
    columns = []
    for share in chart.columns:
        width = room * share / sum(chart.columns)
        columns.append(Box(left, 0, width, 0))
        left += width + ACROSS
    return columns


def _filled(lines: Iterable[Line], column: Box) -> Box:
    """Return a box as wide as the column and as high as the lines need."""
    words = compose(lines, column.width)
    return replace(column, height=text_height(len(words)), words=words)


def _headers(chart: Chart, columns: list[Box], top: float) -> tuple[Box, ...]:
    """Place the headings over their columns, all equally high."""
    boxes = []
    for span in chart.headers:
        left, right = columns[span.first].left, columns[span.last].right
        line = Line(span.text, bold=True)
        boxes.append(_filled([line], Box(left, 0, right - left, 0)))
    height = max((box.height for box in boxes), default=0)
    return tuple(replace(box, top=top, height=height) for box in boxes)


def _heights(chart: Chart, panels: Mapping[str, Box]) -> list[float]:
    """Return the height of each row: that of its highest box."""
    heights = [0.0] * (1 + max(panel.row for panel in chart.panels.values()))
    for key, panel in chart.panels.items():
        heights[panel.row] = max(heights[panel.row], panels[key].height)
    return heights


def _stretch(chart: Chart, panels: Mapping[str, Box]) -> dict[int, float]:
    """Say by how much a band's last row must grow for the band's name to fit."""
    heights = _heights(chart, panels)
    return {
        band.last: max(
            0.0,
            measure(band.text, BODY, bold=True)
            + PADDING
            - sum(heights[band.first : band.last + 1])
            - GAP * (band.last - band.first),
        )
        for band in chart.bands
    }


def _rows(
    chart: Chart, panels: Mapping[str, Box], stretch: Mapping[int, float], top: float
) -> tuple[Box, ...]:
    """Stack the rows from `top` down."""
    rows: list[Box] = []
    for number, height in enumerate(_heights(chart, panels)):
        whole = height + stretch.get(number, 0.0)
        rows.append(Box(MARGIN, top, chart.width - 2 * MARGIN, whole))
        top += whole + GAP
    return tuple(rows)


def draw(chart: Chart) -> str:
    """Return the chart as an SVG document (UTF-8 text with its declaration)."""
    title = wrap(chart.title, chart.width - 2 * MARGIN, TITLE, bold=True)
    top = MARGIN + len(title) * TITLE * LEADING + PADDING
    banner = compose(chart.banner, chart.width - 2 * MARGIN)
    alert = Box(MARGIN, top, chart.width - 2 * MARGIN, text_height(len(banner)), banner)
    placed = layout(chart, alert.bottom + GAP / 2 if banner else top)
    notes = [
        line
        for note in chart.notes
        for line in wrap(note, chart.width - 2 * MARGIN, SMALL)
    ]
    foot = placed.bottom + GAP / 2
    height = foot + len(notes) * SMALL * LEADING + MARGIN
    parts = [
        *_opening(chart, height),
        *_loose(title, MARGIN, TITLE, bold=True),
        *(_alert(alert) if banner else ()),
        *_headings(chart, placed),
        *(part for key, box in placed.panels.items() for part in _panel(key, box)),
        *(_arrow(placed.panels[a], placed.panels[b]) for a, b in chart.arrows),
        *_loose(notes, foot, SMALL),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


def _opening(chart: Chart, height: float) -> Iterator[str]:
    """Yield the root element: A4 wide, landscape if the chart is low enough."""
    ratio = height / chart.width
    across = A4_LONG if ratio <= A4_SHORT / A4_LONG else A4_SHORT
    yield '<?xml version="1.0" encoding="UTF-8"?>'
    yield (
        '<svg xmlns="http://www.w3.org/2000/svg" role="img"'
        ' aria-labelledby="chart-title chart-desc"'
        f' width="{across}mm" height="{across * ratio:.1f}mm"'
        f' viewBox="0 0 {chart.width:g} {height:.1f}"'
        f' font-family="{FONTS}" fill="{INK}">'
    )
    yield f'<title id="chart-title">{_safe(chart.title)}</title>'
    yield f'<desc id="chart-desc">{_safe(chart.description)}</desc>'
    yield f'<rect width="{chart.width:g}" height="{height:.1f}" fill="#ffffff"/>'


def _alert(box: Box) -> Iterator[str]:
    """Yield the banner."""
    yield '<g class="banner">'
    yield _rect(box, ALERT_FILL, f'stroke="{ALERT_INK}" stroke-width="1.5"')
    yield from _inside(box, ALERT_INK)
    yield "</g>"


def _headings(chart: Chart, placed: Layout) -> Iterator[str]:
    """Yield the headers over the columns and the bands beside the rows."""
    for span, box in zip(chart.headers, placed.headers, strict=True):
        yield '<g class="header">'
        yield _rect(box, span.fill, f'rx="4" stroke="{RULE}" stroke-width="0.75"')
        yield from _inside(box)
        yield "</g>"
    for band in chart.bands:
        top, bottom = placed.rows[band.first].top, placed.rows[band.last].bottom
        box = Box(MARGIN, top, BAND, bottom - top)
        x, y = box.centre + BODY * 0.35, top + box.height / 2
        yield _rect(box, band.fill, f'rx="4" stroke="{RULE}" stroke-width="0.75"')
        yield (
            f'<text x="{x:.1f}" y="{y:.1f}" font-size="{BODY:g}" font-weight="bold"'
            f' text-anchor="middle" transform="rotate(-90 {x:.1f} {y:.1f})">'
            f"{_safe(band.text)}</text>"
        )


def _panel(key: str, box: Box) -> Iterator[str]:
    """Yield one box with its lines."""
    yield f'<g class="panel" id="{escape(key)}">'
    yield _rect(box, "#ffffff", f'stroke="{RULE}" stroke-width="1"')
    yield from _inside(box)
    yield "</g>"


def _rect(box: Box, fill: str, rest: str) -> str:
    """Return a rectangle."""
    return (
        f'<rect x="{box.left:.1f}" y="{box.top:.1f}" width="{box.width:.1f}"'
        f' height="{box.height:.1f}" fill="{fill}" {rest}/>'
    )


def _inside(box: Box, ink: str = INK) -> Iterator[str]:
    """Yield the lines of a box, in the middle of its height."""
    spare = (box.height - text_height(len(box.words))) / 2
    for number, words in enumerate(box.words):
        y = box.top + spare + PADDING + (number * LEADING + ASCENT) * BODY
        place = f'x="{box.left + words.offset:.1f}" y="{y:.1f}" font-size="{BODY:g}"'
        yield _text(words.text, place, ink, bold=words.bold)


def _loose(
    lines: Iterable[str], top: float, size: float, *, bold: bool = False
) -> Iterator[str]:
    """Yield lines that stand on the page itself, from the left margin."""
    for number, line in enumerate(lines):
        y = top + (number * LEADING + ASCENT) * size
        place = f'x="{MARGIN:g}" y="{y:.1f}" font-size="{size:g}"'
        yield _text(line, place, INK, bold=bold)


def _text(text: str, place: str, ink: str, *, bold: bool) -> str:
    """Return a text element."""
    weight = ' font-weight="bold"' if bold else ""
    colour = "" if ink == INK else f' fill="{ink}"'
    return f"<text {place}{weight}{colour}>{_safe(text)}</text>"


def _safe(text: str) -> str:
    """Return text as XML content."""
    return escape(_ILLEGAL.sub("", text).replace(NBSP, " "))


def _arrow(source: Box, target: Box) -> str:
    """Return an arrow: across a row, down a column, or down and then across."""
    if source.top == target.top:
        y = source.top + min(source.height, target.height) / 2
        return _path([(source.right, y), (target.left, y)])
    if source.left == target.left:
        x = source.centre
        return _path([(x, source.bottom), (x, target.top)])
    x, y = source.centre, target.top + target.height / 2
    near = target.right if source.left > target.left else target.left
    return _path([(x, source.bottom), (x, y), (near, y)])


def _path(points: list[tuple[float, float]]) -> str:
    """Return a line through the points with a head at the last of them."""
    (fx, fy), (x, y) = points[-2:]
    # Steps of one unit along the last stretch, which is always straight.
    dx, dy = (x > fx) - (x < fx), (y > fy) - (y < fy)
    bx, by = x - dx * HEAD, y - dy * HEAD
    line = " L".join(f"{px:.1f} {py:.1f}" for px, py in [*points[:-1], (bx, by)])
    half = HEAD / 2
    head = (
        f"M{x:.1f} {y:.1f} L{bx - dy * half:.1f} {by - dx * half:.1f}"
        f" L{bx + dy * half:.1f} {by + dx * half:.1f} Z"
    )
    return (
        f'<g class="arrow"><path d="M{line}" fill="none" stroke="{RULE}"'
        f' stroke-width="1.25"/><path d="{head}" fill="{RULE}"/></g>'
    )
