"""Promises of litreview.sources.csv_file and litreview.sources.table."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from litreview.errors import InputFileError
from litreview.sources.csv_file import delimiter, header, read, starts

PATH = Path("records.csv")


def _rows(text: str, mark: str = ",") -> list[tuple[int, dict[str, str]]]:
    return list(read(io.StringIO(text, newline=""), PATH, mark=mark).rows)


def _starts(text: str, mark: str = ",") -> list[int]:
    return starts(io.StringIO(text, newline=""), mark)


@pytest.mark.parametrize(
    ("head", "mark"),
    [
        ("title,year\nA;B;C,2020\n", ","),
        ("title;year\nA,B,C;2020\n", ";"),
        ("\r\ntitle\tyear\r\n", "\t"),
        ('"title; or, name";year;doi\n', ";"),
        ('"a ""b"" c,d,e";year\n', ";"),
        ("title\nA\n", ","),
    ],
)
def test_the_header_tells_what_parts_cells(head: str, mark: str) -> None:
    """Commas, semicolons or tabs, by the first line outside quotes."""
    assert delimiter(head) == mark


def test_a_header_is_read_alone() -> None:
    """It is what recognises a program's table; text that is none has no columns."""
    assert header('\n"Title";"Source title"\nA;B\n') == ["Title", "Source title"]
    assert header("") == []


def test_lines_are_those_of_an_editor() -> None:
    """A record's line is where it begins, behind blank lines and long cells."""
    text = 'title\r\n"a\r\nb"\r\n\r\nc\r\n"d\ne"\nf\n'
    assert [line for line, _ in _rows(text)] == [2, 5, 6, 8]
    assert _starts(text) == [2, 5, 6, 8]


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("title,Title\nA,B\n", 1, "two columns of one name: 'Title', 'title'"),
        ("title,year\nA,2020\nB\n", 3, "has 1 cells"),
        ("title,year\n\nA,2020,x\n", 3, "has 3 cells"),
        ('title\nok\n"open\nand on\n', 3, "not CSV"),
        ('title\n"a" b\n', 2, "not CSV"),
        ("title\n" + "x" * (2**24 + 1), 2, "not CSV: field larger"),
    ],
)
def test_a_broken_table_is_refused_with_its_line(
    text: str, line: int, words: str
) -> None:
    """Each fault has the file, the line, and a way out."""
    with pytest.raises(InputFileError, match=words) as caught:
        _rows(text)
    assert caught.value.line == line
    assert caught.value.fix


def test_columns_without_a_name_are_numbered() -> None:
    """Spreadsheets leave some; their cells are kept."""
    assert _rows(",title,\n1,A,x\n") == [
        (2, {"column 1": "1", "title": "A", "column 3": "x"})
    ]


def test_long_cells_are_read() -> None:
    """A full text in a cell is no obstacle."""
    ((_, row),) = _rows("title,abstract\nA," + "word " * 40_000 + "\n")
    assert len(row["abstract"].split()) == 40_000


@pytest.mark.parametrize(
    "text",
    [
        'title,x\n5" pipe,1\nB,2\n',  # a quote inside an unquoted cell is a letter
        'title,x\n"a ""b""\n""c""",1\nB,"2"\n',
        'title,x\n"",""\n"""",""""\n',
        '"title\nof it",x\nA,"1\n\n2"\n',
    ],
)
def test_rows_are_counted_as_they_are_read(text: str) -> None:
    """The count knows quotes as well as the reader does."""
    assert _starts(text) == [line for line, _ in _rows(text)]


cells = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1)


@given(
    notes=st.lists(cells, min_size=1, max_size=4),
    mark=st.sampled_from(",;\t"),
    how=st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]),
)
def test_rows_come_back_verbatim(
    notes: list[str], mark: str, how: Literal[0, 1]
) -> None:
    """Whatever a cell holds, the row says exactly that; the count agrees."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, quoting=how, delimiter=mark)
    writer.writerow(["title", "note"])
    writer.writerows(["T", cell] for cell in notes)
    rows = _rows(out.getvalue(), mark)
    assert [row["note"] for _, row in rows] == notes
    assert _starts(out.getvalue(), mark) == [line for line, _ in rows]
