"""Filled sheets are read in three formats, and refused where they are none."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import docx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from litreview import docxfile, sheetfile
from litreview.document import Document, Table
from litreview.errors import InputFileError, LitreviewError
from litreview.sheetfile import FIELDS, Row

GOOD = {
    "construct": "fit.end",
    "instrument": "survey",
    "text": "It fits.",
    "evidence": "3, 8",
    "reverse": "Yes",
    "written_by": "ann",
    "keep": "yes",
}


def filled(**cells: str) -> sheetfile.Filled | None:
    """Judge a row."""
    return sheetfile.filled(Row(1, {**GOOD, **cells}))


def test_a_good_row_is_read_whole() -> None:
    """Codes as numbers, reverse as yes or no."""
    found = filled()
    assert found is not None
    assert (found.text, found.evidence, found.reverse) == ("It fits.", (3, 8), True)
    assert filled(reverse="") != found


@pytest.mark.parametrize(
    "cells",
    [{"keep": "no"}, {"keep": "No.", "written_by": ""}, {"keep": "", "written_by": ""}],
)
def test_a_row_that_was_let_go_is_left_alone(cells: dict[str, str]) -> None:
    """A no, or neither a name nor a word about it."""
    assert filled(**cells) is None


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        ({"written_by": " "}, "nobody's name"),
        ({"keep": ""}, "whether the item is kept"),
        ({"keep": "perhaps"}, "neither yes nor no"),
        ({"reverse": "sometimes"}, "neither yes nor no"),
        ({"text": ""}, "has no text"),
        ({"construct": ""}, "has no construct"),
        ({"instrument": ""}, "to which instrument"),
        ({"evidence": "p. 3"}, "is no code"),
        ({"evidence": "-3"}, "is no code"),
        ({"evidence": "\u0663"}, "is no code"),
    ],
)
def test_a_row_that_cannot_be_taken_says_why(
    cells: dict[str, str], message: str
) -> None:
    """In words that name the cell."""
    with pytest.raises(LitreviewError, match=message):
        filled(**cells)


def test_an_instrument_may_be_given_for_all_rows() -> None:
    """A row's own comes first."""
    row = Row(1, {**GOOD, "instrument": ""})
    found = sheetfile.filled(row, instrument="pilot")
    assert found is not None
    assert found.instrument == "pilot"
    found = sheetfile.filled(Row(1, GOOD), instrument="pilot")
    assert found is not None
    assert found.instrument == "survey"


def read(content: bytes | str, name: str) -> list[Row]:
    """Read a file's content."""
    data = content.encode() if isinstance(content, str) else content
    return sheetfile.read(data, Path(name))


@pytest.mark.parametrize(
    ("content", "name", "message"),
    [
        ("{", "a.json", "not JSON"),
        ('{"row": []}', "a.json", "'rows' is missing"),
        ('{"rows": [3]}', "a.json", "row 1 is no object"),
        ('[{"text": "x", "keepp": "yes"}]', "a.json", "unknown field 'keepp'"),
        ("[]", "a.json", "no row"),
        ("", "a.csv", "column 'text' is missing"),
        ("text,keep\n", "a.csv", "column 'written_by' is missing"),
        ("text,written_by,keep\n", "a.csv", "no row"),
        ("text,written_by,keep,evidnce\nx,a,yes,1\n", "a.csv", "'evidnce' is not read"),
        ("text,written_by,keep,text\nx,a,yes,y\n", "a.csv", "stands there twice"),
        ('text,written_by,keep\n"x,a,yes\n', "a.csv", "not a CSV file"),
        (b"text,written_by,keep\n\xff,a,yes\n", "a.csv", "not UTF-8"),
        ("no", "a.docx", "not a DOCX file"),
        ("# Sheet", "a.md", "is a DOCX, JSON or CSV file"),
        ("x", "a", "is a DOCX, JSON or CSV file"),
    ],
)
def test_what_is_no_sheet_is_refused(
    content: bytes | str, name: str, message: str
) -> None:
    """Each in words, with the file's name."""
    with pytest.raises(InputFileError, match=message):
        read(content, name)


def test_a_word_file_without_a_form_is_no_sheet(tmp_path: Path) -> None:
    """Other tables are passed over."""
    word = docx.Document()
    word.add_table(rows=2, cols=3).rows[0].cells[0].text = "Item text"
    word.add_table(rows=1, cols=1)
    word.save(str(tmp_path / "a.docx"))
    assert read((tmp_path / "a.docx").read_bytes(), "a.docx")[0].cells["text"] == ""
    word = docx.Document()
    word.add_table(rows=1, cols=2)
    word.save(str(tmp_path / "b.docx"))
    with pytest.raises(InputFileError, match="no row"):
        read((tmp_path / "b.docx").read_bytes(), "b.docx")


def test_spreadsheets_may_use_semicolons_and_labels() -> None:
    """What people read above a column names it as well as its key."""
    text = '\ufeffItem text;Written by;Keep (yes/no)\n"It; fits";ann;yes\n\n'
    [row] = read(text, "a.csv")
    assert (row.cells["text"], row.cells["written_by"]) == ("It; fits", "ann")


@pytest.mark.parametrize(
    ("label", "key"),
    [
        ("Item text", "text"),
        (" item  TEXT: ", "text"),
        ("text", "text"),
        ("written_by", "written_by"),
        ("Written by", "written_by"),
        ("Keep", "keep"),
        ("Field", ""),
        ("", ""),
    ],
)
def test_fields_are_known_by_label_and_key(label: str, key: str) -> None:
    """Case, blanks and what stands in brackets do not matter."""
    assert sheetfile.key_of(label) == key


CELL = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), max_size=9)
CELLS = st.fixed_dictionaries(dict.fromkeys(FIELDS, CELL))


@given(CELLS)
def test_the_same_cells_are_read_from_every_format(cells: dict[str, str]) -> None:
    """JSON and CSV lose nothing; a Word form loses nothing but its Unicode form."""
    rows = [{key: f"x{value}" for key, value in cells.items()}]
    [row] = read(json.dumps({"rows": rows}), "a.json")
    assert row.cells == rows[0]
    out = io.StringIO()
    writer = csv.DictWriter(out, list(FIELDS))
    writer.writeheader()
    writer.writerows(rows)
    [row] = read(out.getvalue(), "a.csv")
    assert row.cells == rows[0]


def test_a_word_form_comes_back() -> None:
    """The form that the sheet writes is the one that is read."""
    lines = tuple((label, GOOD.get(key, "")) for key, label in FIELDS.items())
    written = docxfile.to_docx(Document("Sheet", (Table(("Field", "Fill in"), lines),)))
    [row] = read(written, "a.docx")
    assert row.cells == {key: GOOD.get(key, "") for key in FIELDS}
