"""Tables to bytes: formulas, types, and every format."""

from __future__ import annotations

import csv
import io
import json
import unicodedata

import docx
import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

from litreview import rendering
from litreview.frame import Columns, frame

COLUMNS = {
    "id": "int",
    "title": "text",
    "share": "number",
    "yes": "flag",
    "at": "moment",
    "parts": "list",
}
FORMULAS = [
    "=cmd|' /C calc'!A0",
    "+1",
    "-2+3",
    "@SUM(A1)",
    "\t=1",
    "\rx",
    "\nx",
    "  =1",
    "\u00a0=1",
    "\u200b=1",
    "\uff1d1",
    " \uff0b1",
    "\uff0d1",
    "\uff20A",
    "\0=1",
]


def cells(content: bytes) -> list[list[str]]:
    """Return a CSV file's cells without its header."""
    return list(csv.reader(io.StringIO(content.decode(), newline="")))[1:]


def titles(*texts: str) -> list[str]:
    """Return texts as they come out of a CSV file."""
    table = frame({"title": "text"}, [(text,) for text in texts])
    return [row[0] for row in _padded(cells(rendering.to_csv(table)))]


@pytest.mark.parametrize("text", FORMULAS)
def test_csv_defuses_formulas(text: str) -> None:
    """A cell that a spreadsheet would compute has an apostrophe in front."""
    assert titles(text) == ["'" + text]


@pytest.mark.parametrize(
    "text", ["", "A title", "1 = 1", "it's", "'quoted'", "\u2013 dash", "10.5555/x-1"]
)
def test_csv_leaves_other_text_alone(text: str) -> None:
    """What begins no formula is written as it is."""
    assert titles("x", text) == ["x", text]


def test_csv_leaves_numbers_alone() -> None:
    """A negative number stays a number; lists are defused like text."""
    table = frame(
        {"n": "int", "x": "number", "parts": "list"}, [(-2, -0.5, ("=a", "b"))]
    )
    assert cells(rendering.to_csv(table)) == [["-2", "-0.5", "'=a; b"]]


def test_csv_leaves_a_number_in_a_column_of_text_alone() -> None:
    """A negative effect stays a number; what only begins like one is defused."""
    assert titles("-0.31", "-12") == ["-0.31", "-12"]
    for text in ("-1+2", "-0.3.1", "-.5", "--1", "+1", "-1\n", "-\u0663"):
        assert titles(text) == ["'" + text]


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=1))
def test_no_csv_cell_starts_a_formula(texts: list[str]) -> None:
    """Whatever the text, it survives behind its apostrophe and starts no formula."""
    table = frame({"title": "text"}, [(text,) for text in texts])
    for text, (cell,) in zip(
        texts, _padded(cells(rendering.to_csv(table))), strict=True
    ):
        assert cell in (text, "'" + text)
        if rendering.NUMBER.match(cell):
            continue
        visible = [c for c in cell if unicodedata.category(c)[0] not in "CZ"]
        assert cell[:1] not in tuple("=+-@\t\r\n\0")
        assert visible[:1] not in [[sign] for sign in "=+-@\uff1d\uff0b\uff0d\uff20"]
    lossless = rendering.to_csv(table, lossless=True)
    assert [row[0] for row in _padded(cells(lossless))] == texts


def _padded(rows: list[list[str]]) -> list[list[str]]:
    """Read an empty line as one empty cell, as a one-column table writes it."""
    return [row or [""] for row in rows]


def one_row() -> bytes:
    """Return a table with a value of every kind as CSV."""
    table = frame(
        COLUMNS,  # type: ignore[arg-type]
        [(1, "Ärzte \u201cund\u201d\nLehrer", 0.1, True, MOMENT, (3, 4)), EMPTY],
    )
    return rendering.to_csv(table)


MOMENT = "2024-02-03T04:05:06.000007+00:00"
EMPTY = (None, None, None, False, None, ())


def test_csv_writes_every_kind_of_value() -> None:
    """UTF-8, LF, a header, UTC moments with microseconds, nothing for nothing."""
    assert (
        one_row()
        == (
            "id,title,share,yes,at,parts\n"
            '1,"Ärzte \u201cund\u201d\nLehrer",0.1,true,'
            "2024-02-03T04:05:06.000007Z,3; 4\n"
            ",,,false,,\n"
        ).encode()
    )


def test_json_keeps_types() -> None:
    """Numbers, lists and null stay what they are."""
    table = frame(
        COLUMNS,  # type: ignore[arg-type]
        [(1, "=x", 0.1, True, MOMENT, (3, 4)), EMPTY],
    )
    first, second = json.loads(rendering.to_json(table))
    assert first == {
        "id": 1,
        "title": "=x",
        "share": 0.1,
        "yes": True,
        "at": "2024-02-03T04:05:06.000007Z",
        "parts": [3, 4],
    }
    assert list(second.values()) == [None, None, None, False, None, []]


def test_markdown_keeps_cells_in_their_table() -> None:
    """Bars, line ends, tags and escape sequences cannot break out of a cell."""
    table = frame({"n": "int", "title": "text"}, [(1, "a|b\n<script>\x1b[2J\\")])
    told = rendering.to_markdown(table, title="T").decode()
    assert told.splitlines() == [
        "# T",
        "",
        "| n | title |",
        "|---:|---|",
        "| 1 | a\\|b &lt;script>[2J\\\\ |",
    ]


def test_markdown_has_a_part_for_each_group() -> None:
    """With a group each of its values is a heading, in the order of the rows."""
    rows = [("b", "one"), ("a", "two"), ("b", "three"), ("", "four")]
    table = frame({"group": "text", "title": "text"}, rows)
    told = rendering.to_markdown(table, title="T", columns=["title"], group="group")
    heads = [line for line in told.decode().splitlines() if line.startswith("##")]
    assert heads == ["## b", "## a", "## Other"]
    assert told.count(b"| title |") == 3


def test_markdown_says_that_there_is_nothing() -> None:
    """An empty table is told in words."""
    table = frame({"title": "text"}, [])
    assert b"Nothing yet." in rendering.to_markdown(table, title="T", group="title")


def sheet(content: bytes) -> list[tuple[object, ...]]:
    """Return the rows of a workbook's only sheet."""
    book = openpyxl.load_workbook(io.BytesIO(content))
    return [tuple(cell.value for cell in row) for row in book.worksheets[0].rows]


@pytest.mark.parametrize("text", FORMULAS)
def test_xlsx_keeps_formulas_as_text(text: str) -> None:
    """A title that looks like a formula comes back word for word, as text."""
    table = frame({"title": "text"}, [(text,)])
    content = rendering.to_xlsx(table, title="T")
    book = openpyxl.load_workbook(io.BytesIO(content))
    cell = book.worksheets[0]["A2"]
    assert cell.data_type == "s"
    assert str(cell.value).split() == ILLEGAL_CHARACTERS_RE.sub("", text).split()


def test_xlsx_keeps_numbers_lists_and_gaps() -> None:
    """Numbers stay numbers, lists are joined, what is missing is an empty cell."""
    columns: Columns = {
        "id": "int",
        "share": "number",
        "yes": "flag",
        "parts": "list",
    }
    table = frame(columns, [(1, 0.5, True, ("a", "b")), (None, None, False, ())])
    content = rendering.to_xlsx(table, title="A title: with [signs]/too long for a tab")
    assert content == rendering.to_xlsx(
        table, title="A title: with [signs]/too long for a tab"
    )
    assert sheet(content) == [
        ("id", "share", "yes", "parts"),
        (1, 0.5, True, "a; b"),
        (None, None, False, None),
    ]


def test_docx_shows_the_columns_asked_for_in_parts() -> None:
    """Each group has its heading and a table with only the columns for people."""
    table = frame(
        {"group": "text", "id": "int", "title": "text"},
        [("one", 1, "A"), ("two", 2, "B")],
    )
    content = rendering.to_docx(table, title="T", columns=("title",), group="group")
    word = docx.Document(io.BytesIO(content))
    told = [line.text for line in word.paragraphs]
    assert [text for text in told if text] == ["T", "one", "two"]
    cells_ = [
        [cell.text for row in grid.rows for cell in row.cells] for grid in word.tables
    ]
    assert cells_ == [["title", "A"], ["title", "B"]]


def test_docx_says_that_there_is_nothing() -> None:
    """An empty table is a sentence, not an empty grid."""
    table = frame({"title": "text"}, [])
    word = docx.Document(io.BytesIO(rendering.to_docx(table, title="T", group="title")))
    assert "Nothing yet." in [line.text for line in word.paragraphs]
    assert not word.tables
