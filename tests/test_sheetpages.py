"""The sheet is written in four formats; its rows can be read back."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import docx
import pytest
from making import Maker
from sqlalchemy.orm import Session
from writing import World, start

from litreview import sheet, sheetfile, sheetpages


@pytest.fixture
def world(session: Session, make: Maker) -> World:
    """Return the small review."""
    return start(session, make)


@pytest.mark.parametrize("kind", ["json", "csv", "docx"])
def test_the_rows_of_every_format_are_the_same(world: World, kind: str) -> None:
    """What a format writes is what is read from it; twice the same bytes."""
    world.code(quote="The school plans = well | and \u2018soon\u2019.")
    made = sheet.build(world.session, "fit.end", instrument="pilot")

    def render() -> bytes:
        session = world.session
        return sheetpages.render(session, "fit.end", [kind], instrument="pilot")[kind]

    content = render()
    rows = sheetfile.read(content, Path(f"sheet.{kind}"))
    assert [row.cells for row in rows] == [line.cells for line in made.lines]
    assert render() == content


def test_a_text_that_starts_a_formula_is_defused(world: World) -> None:
    """In CSV it has an apostrophe, which is taken off again."""
    world.code(quote="=The school plans ahead.")
    content = sheetpages.render(world.session, "fit.end", ["csv"])["csv"]
    [row, *_more] = csv.DictReader(io.StringIO(content.decode()))
    assert row["text"] == "'=my school plans ahead."
    rows = sheetfile.read(content, Path("a.csv"))
    assert rows[0].cells["text"] == "=my school plans ahead."


def test_the_word_sheet_can_be_read_by_people(world: World) -> None:
    """Sections in their order, the mark on each candidate, a form for each row."""
    world.code()
    content = sheetpages.render(world.session, "fit.end", ["docx"])["docx"]
    word = docx.Document(io.BytesIO(content))
    heads = [
        line.text
        for line in word.paragraphs
        if line.style is not None and str(line.style.name).startswith("Heading")
    ]
    assert heads[0] == "The construct"
    assert "Passages that count (1)" in heads
    assert any(head.startswith("Row 1: CANDIDATE") for head in heads)
    assert heads[-1].endswith("your own")
