"""What stands in which line of a full screen."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from litreview.cli.screen_line import Typing
from litreview.cli.screen_view import (
    CURSOR,
    Line,
    Panel,
    View,
    cells,
    compose,
    one_line,
    wrap,
)
from litreview.cli.sitting import Sight
from litreview.highlighting import Highlight, spans
from litreview.screening import Card

HOSTILE = "A \x1b]0;owned\x07 title \x1b[2J with \u009b31m and \u202e codes"
KEYS = [("i", "include"), ("e", "exclude"), ("?", "help"), ("q", "quit")]
TEXTS = st.text(st.sampled_from("ab é日\u0301.-"), max_size=60)


def sight(title: str = "A title", abstract: str = "Words.", **more: object) -> Sight:
    """Return a record as it is put before a person."""
    told = {
        "authors": "Doe, Jane",
        "year": 2020,
        "container_title": "Journal",
        "type": "",
        "doi": "10.5555/x",
        "url": "",
        "retracted": False,
        "records": 1,
        **more,
    }
    return Sight(Card(record_id=1, title=title, abstract=abstract, **told))  # type: ignore[arg-type]


def view(found: Sight | None, **more: object) -> View:
    """Return what there is to show."""
    return View(top="ann", foot="0 of 4 done", keys=KEYS, sight=found, **more)  # type: ignore[arg-type]


def texts(lines: list[Line]) -> list[str]:
    """Return lines without their styles."""
    return ["".join(text for style, text in line if style != CURSOR) for line in lines]


@given(
    TEXTS,
    TEXTS,
    st.integers(2, 90),
    st.integers(1, 30),
    st.sampled_from([None, Panel(["one"] * 30), Panel(["1 one"] * 9, "which:")]),
)
def test_a_screenful_is_as_large_as_the_screen(
    title: str, abstract: str, width: int, height: int, panel: Panel | None
) -> None:
    """As many lines as there are, none too wide, wherever one scrolls to."""
    if panel is not None and panel.prompt:
        panel = Panel(panel.lines, panel.prompt, Typing(title, len(title) // 2))
    for scroll in (0, 7, 10**6, -3):
        shown = view(sight(title, abstract), panel=panel, scroll=scroll, said=title)
        found = compose(shown, width, height)
        assert len(found.lines) == height
        assert max(cells(text) for text in texts(found.lines)) <= width
        assert found.scroll >= 0


@given(TEXTS, st.integers(2, 40))
def test_wrapping_loses_nothing_but_blanks(text: str, width: int) -> None:
    """The words follow each other as they stood, in lines that fit."""
    clean = one_line(text)
    lines = texts(wrap(clean, width))
    assert "".join(lines).replace(" ", "") == clean.replace(" ", "")
    assert all(cells(line) <= width for line in lines)


def test_terms_are_marked_across_lines() -> None:
    """Exactly the signs of a term have its style, at a line's end as well."""
    text = "one two three four"
    marks = spans(text, Highlight(("two three",), ("four",)))
    lines = wrap(text, 9, "class:title", marks)
    assert lines == [
        [("class:title", "one "), ("class:title class:include", "two")],
        [("class:title class:include", "three")],
        [("class:title class:exclude", "four")],
    ]


def test_a_record_cannot_speak_to_the_terminal() -> None:
    """No code of a title, an abstract or an author gets through."""
    found = sight(HOSTILE, HOSTILE, authors=HOSTILE, container_title=HOSTILE)
    told = "\n".join(texts(compose(view(found), 60, 24).lines))
    assert "title" in told
    assert all(sign.isprintable() or sign == "\n" for sign in told)


@pytest.mark.parametrize(
    ("height", "words"),
    [
        (24, ["ann", "A title", "0 of 4 done", "i include", "RETRACTED"]),
        (8, ["ann", "A title", "0 of 4 done", "i include"]),
        (6, ["A title", "0 of 4 done", "i include"]),
        (4, ["A title", "0 of 4 done"]),
        (1, ["RETRACTED"]),
    ],
)
def test_what_matters_most_is_left_on_a_small_screen(
    height: int, words: list[str]
) -> None:
    """The keys go first, then the bars; the record is always there."""
    lines = texts(compose(view(sight(retracted=True)), 40, height).lines)
    assert all(any(word in line for line in lines) for word in words)


def test_a_list_leaves_the_record_in_sight_where_there_is_room() -> None:
    """At 24 lines both show; at 10 the list has the place."""
    panel = Panel([f"{n} reason" for n in range(1, 10)], "which:")
    shown = view(sight(abstract="Words. " * 300), panel=panel)
    large, small = (texts(compose(shown, 80, rows).lines) for rows in (24, 10))
    assert "A title" in large
    assert "9 reason" in large
    assert "A title" not in small
    assert "1 reason" in small


def test_the_end_of_a_long_answer_is_seen() -> None:
    """The line moves along with its cursor."""
    panel = Panel([], "note:", Typing("x" * 200 + "end", 203))
    lines = compose(view(sight(), panel=panel), 30, 10).lines
    [answer] = [line for line in lines if (CURSOR, "") in line]
    assert "".join(text for _style, text in answer).endswith("end")


def test_very_many_authors_are_counted() -> None:
    """Ten are named, so that the abstract is still in sight."""
    names = "; ".join(f"Name{n}, A." for n in range(300))
    told = " ".join(texts(compose(view(sight(authors=names)), 80, 24).lines))
    assert "Name9, A. and 290 more" in told
    assert "Name10," not in told
