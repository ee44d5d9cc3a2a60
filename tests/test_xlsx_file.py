"""Promises of litreview.sources.xlsx_file."""

from __future__ import annotations

import datetime as dt
import zipfile
from pathlib import Path

import openpyxl
import pytest

from litreview.errors import InputFileError, UsageError
from litreview.sources import xlsx_file
from litreview.sources.xlsx_file import is_workbook, opened, starts


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return where a test may write its workbook."""
    return tmp_path / "records.xlsx"


def _write(file: Path, *rows: list[object], title: str = "Sheet") -> Path:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = title
    for row in rows:
        sheet.append(row)
    book.save(file)
    return file


def _rows(file: Path, sheet: str = "") -> list[tuple[int, dict[str, str]]]:
    with opened(file, sheet) as table:
        return list(table.rows)


def _rewrite(file: Path, part: str, old: str, new: str) -> None:
    """Replace words in one part of a workbook."""
    with zipfile.ZipFile(file) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    assert old.encode() in parts[part]
    parts[part] = parts[part].replace(old.encode(), new.encode())
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in parts.items():
            archive.writestr(name, data)


def test_cells_are_text_that_loses_nothing(file: Path) -> None:
    """Numbers in digits, days as ISO writes them, truth in capitals."""
    _write(
        file,
        ["title", "n", "x", "day", "flag", "at"],
        ["A", 2021, 1.5, dt.datetime(2026, 8, 1), True, dt.datetime(2026, 8, 1, 9)],  # noqa: DTZ001 - a workbook knows no zones
        ["001", 2021.0, 12345678901234, "01-Aug", None, " x "],
    )
    one, two = (list(row.values()) for _, row in _rows(file))
    assert one == ["A", "2021", "1.5", "2026-08-01", "TRUE", "2026-08-01T09:00:00"]
    assert two == ["001", "2021", "12345678901234", "01-Aug", "", " x "]


def test_empty_rows_are_passed_over_and_rows_keep_their_numbers(file: Path) -> None:
    """Above the header, between records, and below; the count agrees."""
    _write(file, [None], ["title", "x"], ["A", 1], [None, None], ["B"], [None])
    assert [(line, row["title"]) for line, row in _rows(file)] == [(3, "A"), (5, "B")]
    assert starts(file) == [3, 5]


def test_a_sheet_can_be_chosen(file: Path) -> None:
    """The first is taken, unless one is named; a name that is not there is told."""
    _write(file, ["title"], ["A"], title="Read me")
    book = openpyxl.load_workbook(file)
    other = book.create_sheet("Records")
    other.append(["title"])
    other.append(["B"])
    book.save(file)
    assert _rows(file)[0][1] == {"title": "A"}
    assert _rows(file, "Records")[0][1] == {"title": "B"}
    assert starts(file, "Records") == [2]
    with pytest.raises(UsageError, match="no sheet 'records'") as caught:
        _rows(file, "records")
    assert "Read me, Records" in caught.value.why


def test_a_wrong_size_in_the_file_loses_no_cells(file: Path) -> None:
    """Some programs write that the sheet is one cell large."""
    _write(file, ["title", "x"], ["A", 1], ["B", 2])
    _rewrite(file, "xl/worksheets/sheet1.xml", 'ref="A1:B3"', 'ref="A1"')
    assert [row for _, row in _rows(file)] == [
        {"title": "A", "x": "1"},
        {"title": "B", "x": "2"},
    ]


def test_a_formula_is_its_value_or_refused(file: Path) -> None:
    """What was never worked out cannot be read, and is not read as nothing."""
    _write(file, ["title", "x"], ["A", "=1+1"])
    with pytest.raises(InputFileError, match="formula") as caught:
        _rows(file)
    assert caught.value.line == 2
    _rewrite(file, "xl/worksheets/sheet1.xml", "<v></v>", "<v>2</v>")
    assert _rows(file)[0][1] == {"title": "A", "x": "2"}


@pytest.mark.parametrize(
    ("rows", "line", "words"),
    [
        ([["title", "Title"], ["A", "B"]], 1, "two columns of one name"),
        ([["title"], ["A", "beside the table"]], 2, "has 2 cells"),
    ],
)
def test_a_broken_table_is_refused(
    file: Path, rows: list[list[object]], line: int, words: str
) -> None:
    """The rules are those of any table."""
    _write(file, *rows)
    with pytest.raises(InputFileError, match=words) as caught:
        _rows(file)
    assert caught.value.line == line


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"PK\x03\x04 and no more", "cannot be read as a workbook"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600), "old workbook"),
    ],
)
def test_what_is_no_workbook_is_told(file: Path, data: bytes, words: str) -> None:
    """A cut archive, and the format of 1997."""
    file.write_bytes(data)
    assert is_workbook(file)
    with pytest.raises(InputFileError, match=words):
        _rows(file)


def test_another_archive_is_no_workbook(file: Path) -> None:
    """A text document is an archive, too."""
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("word/document.xml", "<w/>")
    with pytest.raises(InputFileError, match="cannot be read as a workbook"):
        _rows(file)


def test_a_bomb_is_refused(file: Path) -> None:
    """A small archive does not unpack without end."""
    _write(file, ["title"], ["A"])
    with zipfile.ZipFile(file, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/media/a.bin", bytes(xlsx_file.HARMLESS + 1))
    with pytest.raises(InputFileError, match="unpacks to"):
        _rows(file)


def test_entities_are_refused(file: Path) -> None:
    """XML can be made to grow without end, too."""
    _write(file, ["title"], ["A"])
    _rewrite(
        file,
        "xl/worksheets/sheet1.xml",
        "<worksheet",
        '<!DOCTYPE x [<!ENTITY a "aa">]><worksheet',
    )
    for read in (_rows, starts):
        with pytest.raises(InputFileError, match="cannot be read as a workbook"):
            read(file)
