"""A document as a Word file: it can be read again, and is the same every time."""

from __future__ import annotations

import io
import shutil
import subprocess
import zipfile
from pathlib import Path

import docx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from litreview.document import (
    Code,
    Document,
    Heading,
    Mono,
    Picture,
    Table,
    points,
    say,
    warn,
)
from litreview.docxfile import to_docx

WHOLE = Document(
    "A title",
    (
        Heading("A part", 2),
        say("Words, ", Mono("a command"), "."),
        warn("Look out."),
        points("one", ("two ", Mono("x"))),
        Code("a = 1\n  b"),
        Table(("Name", "n"), (("x", "1"), (Mono("y"), "2")), frozenset({1})),
        Picture("p.svg", "Two bars."),
    ),
)


def reopened(content: bytes) -> docx.document.Document:
    """Read a file back."""
    return docx.Document(io.BytesIO(content))


def test_every_block_can_be_read_again() -> None:
    """Headings, words, lists, code, the table and the picture's words are there."""
    word = reopened(to_docx(WHOLE))
    told = [
        (line.style.name if line.style else "", line.text) for line in word.paragraphs
    ]
    assert [one for one in told if one[1]] == [
        ("Title", "A title"),
        ("Heading 1", "A part"),
        ("Normal", "Words, a command."),
        ("Normal", "Attention: Look out."),
        ("List Bullet", "one"),
        ("List Bullet", "two x"),
        ("Code block", "a = 1\n  b"),
        ("Normal", "The picture is in the file p.svg. Two bars."),
    ]
    (table,) = word.tables
    assert [[cell.text for cell in row.cells] for row in table.rows] == [
        ["Name", "n"],
        ["x", "1"],
        ["y", "2"],
    ]


def test_a_tables_first_row_is_its_heading() -> None:
    """The first row is repeated on each page; numbers stand at the right."""
    (table,) = reopened(to_docx(WHOLE)).tables
    assert "w:tblHeader" in table.rows[0]._tr.xml
    assert "w:tblHeader" not in table.rows[1]._tr.xml
    sides = [cell.paragraphs[0].alignment for cell in table.rows[1].cells]
    assert [str(side) for side in sides] == ["None", "RIGHT (2)"]


def test_a_table_fits_its_page() -> None:
    """However long its cells, a table is as wide as the page inside its margins."""
    table = Table(("a", "b", "c"), (("x" * 500, "y", "word " * 90),))
    word = reopened(to_docx(Document("T", (table,))))
    widths = [cell.width for cell in word.tables[0].rows[0].cells]
    page = word.sections[0]
    room = sum(
        (page.page_width or 0, -(page.left_margin or 0), -(page.right_margin or 0))
    )
    assert room * 0.98 < sum(width or 0 for width in widths) <= room
    assert all(width and width > room / 25 for width in widths)


def test_the_same_document_has_the_same_bytes() -> None:
    """No clock and no compressor leaves its mark in the file."""
    content = to_docx(WHOLE)
    assert content == to_docx(WHOLE)
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        times = {part.date_time for part in packed.infolist()}
        kinds = {part.compress_type for part in packed.infolist()}
        assert packed.testzip() is None
    assert times == {(1980, 1, 1, 0, 0, 0)}
    assert kinds == {zipfile.ZIP_STORED}
    told = reopened(content).core_properties
    assert told.created is not None
    assert told.created.year == 1980
    assert (told.title, told.author) == ("A title", "litreview")


@given(st.text(max_size=40))
@settings(max_examples=10, deadline=None)
def test_any_text_can_be_written(text: str) -> None:
    """Control characters and halves of pairs stop no file from being made."""
    blocks = (say(text), Code(text), Table((text,), ((Mono(text),),)))
    assert reopened(to_docx(Document(text, blocks))).tables


def test_a_word_processor_reads_it(tmp_path: Path) -> None:
    """LibreOffice, where it is installed, makes a PDF of the file."""
    office = shutil.which("soffice")
    if office is None:
        pytest.skip("LibreOffice is not installed")
    path = tmp_path / "made.docx"
    path.write_bytes(to_docx(WHOLE))
    subprocess.run(
        [office, "--headless", "--convert-to", "pdf", "--outdir", tmp_path, path],
        check=True,
        timeout=120,
    )
    assert (tmp_path / "made.pdf").read_bytes().startswith(b"%PDF")
