"""A screenful of `screen start`: what stands in which line, whatever the size.

`compose` turns a `View` into exactly as many lines as the terminal has, none wider
than it; the face that calls it only sends them. From the top: a bar with who screens
what, the record (or a page), a list to choose from, a message, a line to type in, a
bar with progress and pace, the keys. Where there is little room the keys go first,
then the bars; a line of the record is always left.

Marked terms are told by form and by colour, so that no eye and no terminal misses
them. For: bold, underlined, blue (#0087d7). Against: reversed, vermilion (#d75f00).
The two colours are told apart with any of the common colour blindnesses (Okabe and
Ito 2008, https://jfly.uni-koeln.de/color/); on white and on black their contrast is
3.8 : 1 or more. Everything else has the terminal's own colours.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import groupby

from prompt_toolkit.styles import Style
from prompt_toolkit.utils import get_cwidth

from litreview.cli import screen_words
from litreview.cli.screen_line import Typing
from litreview.cli.sitting import Sight
from litreview.highlighting import Highlight, Span, spans
from litreview.text import printable

STYLE = Style.from_dict(
    {
        "bar": "reverse",
        "title": "bold",
        "key": "bold",
        "alert": "bold reverse",
        "include": "bold underline #0087d7",
        "exclude": "reverse #d75f00",
    }
)
CURSOR = "[SetCursorPosition]"
# Lines longer than this are hard to read.
WIDEST = 96
# Below so many lines the bar on top goes, below fewer the keys and the bar below.
WITH_TOP, WITH_KEYS, WITH_FOOT = 8, 6, 4
MOST_KEYS = 2  # lines
MOST_SAID = 3  # lines of a message; the list of what moved may be long
# Lines of the record that a list to choose from leaves, or it takes the whole place.
LEAST_SEEN = 6

_WORD = re.compile(r"[^ ]+")
Fragment = tuple[str, str]
Line = list[Fragment]


@dataclass
class Panel:
    """A page to read, or a list to choose from with a line to answer in.

    `prompt` is empty for a page.
    """

    lines: Sequence[str]
    prompt: str = ""
    typing: Typing = field(default_factory=Typing)


@dataclass
class View:
    """What there is to show."""

    top: str
    foot: str
    keys: Sequence[tuple[str, str]]
    sight: Sight | None = None
    highlight: Highlight = field(default_factory=Highlight)
    panel: Panel | None = None
    said: str = ""
    empty: str = ""
    scroll: int = 0


@dataclass(frozen=True)
class Screenful:
    """The lines of a screen, and how its body stands.

    `scroll` is the first line shown, as far as there is one, `page` how many lines a
    page has.
    """

    lines: list[Line]
    scroll: int
    page: int


def compose(view: View, width: int, height: int) -> Screenful:
    """Return `height` lines, none wider than `width` cells; two at least."""
    width, height = max(width, 2), max(height, 1)
    text_width = min(width, WIDEST)
    below = _below(view, width, height)
    with_top = height >= WITH_TOP
    room = max(1, height - len(below) - with_top)
    body, panel = _body(view, text_width), _panel(view, text_width)
    if panel and not (view.panel and view.panel.prompt):
        body, panel = panel, []  # a page takes the place of the record
    listed = min(len(panel), room // 2 if room - room // 2 >= LEAST_SEEN else room)
    if listed == room:
        body, panel, listed = panel, [], 0
    room -= listed
    last = max(0, len(body) - room)
    scroll = min(max(view.scroll, 0), last)
    shown = body[scroll : scroll + room]
    shown += [[] for _ in range(room - len(shown))]
    top = [_bar(view.top, _place(scroll, room, len(body)), width)] if with_top else []
    lines = [*top, *shown, *panel[:listed], *below]
    return Screenful(lines[-height:], scroll, room)


def _place(scroll: int, room: int, length: int) -> str:
    """Say which lines of a text are seen, where not all are."""
    if length <= room:
        return ""
    more = " PgDn" if scroll + room < length else " PgUp"
    return f"{scroll + 1}-{min(scroll + room, length)}/{length}{more}"


# -- the parts -----------------------------------------------------------------------


def _below(view: View, width: int, height: int) -> list[Line]:
    said = [
        line
        for text in view.said.splitlines()
        for line in wrap(text, min(width, WIDEST), "class:key")
    ]
    lines = said[: min(MOST_SAID, max(1, height // 4))]
    if view.panel is not None and view.panel.prompt:
        lines.append(_answer(view.panel, width))
    if height >= WITH_FOOT:
        lines.append(_bar(view.foot, "", width))
    if height >= WITH_KEYS:
        lines += _keys(view.keys, width)[: MOST_KEYS if height >= WITH_TOP else 1]
    return lines


def _bar(left: str, right: str, width: int) -> Line:
    """Return a bar with something at its left and, where there is room, its right."""
    if right and cells(left) + cells(right) + 3 > width:
        left = cut(left, max(0, width - cells(right) - 3))
    text = f" {left}"
    if right:
        text += " " * (width - cells(text) - cells(right) - 1) + f"{right} "
    text = cut(text, width)
    return [("class:bar", text + " " * (width - cells(text)))]


def _answer(panel: Panel, width: int) -> Line:
    """Return the line in which an answer is typed, with the cursor in sight."""
    prompt = cut(f"{panel.prompt} ", max(0, width - 8))
    room = max(1, width - cells(prompt) - 1)
    text, at = panel.typing.text, panel.typing.at
    before, after = text[:at], text[at:]
    while cells(before) > room:
        before = before[1:]
    rest = cut(after, room - cells(before))
    return [("class:key", prompt), ("", before), (CURSOR, ""), ("", rest)]


def _keys(keys: Sequence[tuple[str, str]], width: int) -> list[Line]:
    """Return the keys; where they do not fit in two lines, without their words."""
    lines = _key_lines(keys, width)
    if len(lines) <= MOST_KEYS:
        return lines
    return _key_lines([(key, "") for key, _word in keys], width)


def _key_lines(keys: Sequence[tuple[str, str]], width: int) -> list[Line]:
    lines: list[Line] = [[]]
    free = width
    for key, word in keys:
        needs = cells(key) + (cells(word) + 1 if word else 0)
        if lines[-1] and needs + 2 > free:
            lines.append([])
            free = width
        if lines[-1]:
            lines[-1].append(("", "  "))
            free -= 2
        lines[-1] += [("class:key", key), ("", f" {word}" if word else "")]
        free -= needs
    return lines


def _panel(view: View, width: int) -> list[Line]:
    if view.panel is None:
        return []
    return [line for text in view.panel.lines for line in wrap(text, width)]


def _body(view: View, width: int) -> list[Line]:
    if view.sight is None:
        return wrap(view.empty, width)
    return _card(view.sight, view.highlight, width)


@lru_cache(maxsize=4)  # a card is drawn several times: for each key and each message
def _card(sight: Sight, highlight: Highlight, width: int) -> list[Line]:
    return list(_card_lines(sight, highlight, width))


def _card_lines(sight: Sight, highlight: Highlight, width: int) -> Iterator[Line]:
    if sight.card.retracted:
        yield [("class:alert", cut("RETRACTED", width))]
    title, *facts = screen_words.facts(sight.card)
    yield from wrap(title, width, "class:title", spans(title, highlight))
    for fact in facts:
        yield from wrap(fact, width)
    yield []
    abstract = one_line(sight.card.abstract) or "(no abstract)"
    yield from wrap(abstract, width, "", spans(abstract, highlight))
    own = list(screen_words.own_words(sight))
    if own:
        yield []
    for words in own:
        yield from wrap(words, width)


# -- text in lines -------------------------------------------------------------------


def one_line(text: str) -> str:
    """Return a text's paragraphs as lines, each with single blanks."""
    lines = printable(text, keep_newlines=True).splitlines()
    return "\n".join(filter(None, (" ".join(line.split()) for line in lines)))


def cells(text: str) -> int:
    """Return how many cells of a terminal a text takes."""
    return get_cwidth(text)


def cut(text: str, width: int) -> str:
    """Return as much of a text as fits."""
    if cells(text) <= width:
        return text
    kept = 0
    for at, sign in enumerate(text):
        kept += cells(sign)
        if kept > width:
            return text[:at]
    return text


def wrap(
    text: str, width: int, style: str = "", marks: Sequence[Span] = ()
) -> list[Line]:
    """Return a text in lines of at most so many cells, its marks in their styles.

    What is wider than a line is cut into pieces; nothing but blanks is lost.
    """
    styles = [style] * len(text)
    for mark in marks:
        for at in range(mark.start, mark.end):
            styles[at] = f"{style} class:{mark.side}".strip()
    lines: list[Line] = []
    begin = 0
    for paragraph in text.split("\n"):
        lines += [
            _painted(text, styles, first, last)
            for first, last in _breaks(text, begin, begin + len(paragraph), width)
        ]
        begin += len(paragraph) + 1
    return lines


def _breaks(text: str, begin: int, end: int, width: int) -> Iterator[tuple[int, int]]:
    """Yield where the lines of a paragraph begin and end; an indent stays."""
    first = last = begin
    for word in _WORD.finditer(text, begin, end):
        for start, stop in _pieces(text, word.start(), word.end(), width):
            if cells(text[first:stop]) <= width:
                last = stop
                continue
            if last > first:
                yield first, last
            first, last = start, stop
    yield first, last


def _pieces(text: str, first: int, stop: int, width: int) -> Iterator[tuple[int, int]]:
    """Yield where a run of signs is cut, as each piece fits a line."""
    used = 0
    begin = first
    for at in range(first, stop):
        wide = cells(text[at])
        if used + wide > width and at > begin:
            yield begin, at
            begin, used = at, 0
        used += wide
    yield begin, stop


def _painted(text: str, styles: Sequence[str], first: int, last: int) -> Line:
    return [
        (style, "".join(text[at] for at in places))
        for style, places in groupby(range(first, last), key=lambda at: styles[at])
    ]
