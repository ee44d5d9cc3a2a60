"""Promises of litreview.sources.files."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import openpyxl
import pytest

from litreview.errors import InputFileError, UsageError
from litreview.sources.files import ENDINGS, FORMATS, Wanted, readable

RIS = "TY  - JOUR\nTI  - A\nER  - \n\nTY  - JOUR\nTI  - B\nER  - \n"
NBIB = "PMID- 31234567\nTI  - A\n\nPMID- 31234568\nTI  - B\n"
WOS = (
    "FN Clarivate Analytics Web of Science\nVR 1.0\nPT J\nTI A\n"
    "UT WOS:000123456700001\nER\n\nPT J\nTI B\nUT WOS:000123456700002\nER\n\nEF\n"
)
XML = (
    '<?xml version="1.0" encoding="UTF-8"?><xml><records><record><rec-number>1'
    '</rec-number><ref-type name="Journal Article">17</ref-type><titles><title>'
    '<style face="normal">A</style></title></titles></record><record><rec-number>2'
    "</rec-number><titles><title>B</title></titles></record></records></xml>"
)
BIBTEX = "@article{a,\n  title = {A},\n}\n@book{b,\n  title = {B},\n}\n"
CSL = json.dumps(
    [{"id": "a", "type": "book", "title": "A"}, {"id": "b", "title": "B"}], indent=1
)
CSV = "title,year\nA,2020\nB,2021\n"
SCOPUS = "Authors,Title,Year,Source title,EID\nN.,A,1,J,2-s2.0-1\n,B,,,2-s2.0-2\n"
COVIDENCE = "Title,Covidence #,Notes\nA,#1,\nB,#2,Exclusion reason: Too old;\n"
RAYYAN = (
    "key,title,authors,journal,pubmed_id,notes\n"
    'k1,A,,,,"RAYYAN-INCLUSION: {""Kofi""=>""Included""}"\nk2,B,,,,\n'
)
ASREVIEW = "title,abstract,asreview_label\nA,x,1\nB,y,0\n"
RAYYAN_RIS = RIS.replace(
    "TI  - A\n", 'TI  - A\nN1  - RAYYAN-INCLUSION: {"Kofi"=>"Included"}\n'
)
ASREVIEW_RIS = RIS.replace("TI  - B\n", "TI  - B\nN1  - ASReview_irrelevant\n")
EACH = {
    "ris": RIS,
    "nbib": NBIB,
    "wos": WOS,
    "endnote-xml": XML,
    "bibtex": BIBTEX,
    "csl-json": CSL,
    "csv": CSV,
    "scopus": SCOPUS,
    "covidence": COVIDENCE,
    "rayyan": RAYYAN,
    "asreview": ASREVIEW,
}


def _file(tmp_path: Path, text: str, name: str = "export.txt") -> Path:
    file = tmp_path / name
    file.write_text(text, "utf-8")
    return file


@pytest.mark.parametrize("form", EACH)
def test_content_tells_the_format(tmp_path: Path, form: str) -> None:
    """A name that tells nothing is no obstacle; every entry is read and counted."""
    found = readable(_file(tmp_path, EACH[form]))
    assert found.form == form
    rows = list(found.rows())
    assert [row.citation.title for row in rows] == ["A", "B"]
    assert found.starts() == [row.line for row in rows]
    assert found.notes == ()


@pytest.mark.parametrize("form", EACH)
def test_formats_are_read_packed_and_in_utf_16(tmp_path: Path, form: str) -> None:
    """A gzip archive with a byte order mark inside holds the same."""
    file = tmp_path / "export.gz"
    text = EACH[form].replace('encoding="UTF-8"', 'encoding="UTF-16"')
    file.write_bytes(gzip.compress(text.encode("utf-16")))
    found = readable(file)
    assert (found.form, len(list(found.rows())), len(found.starts())) == (form, 2, 2)


def test_decisions_are_found_in_any_format(tmp_path: Path) -> None:
    """Rayyan and ASReview write them into the notes of RIS."""
    for text, form in ((RAYYAN_RIS, "rayyan"), (ASREVIEW_RIS, "asreview")):
        found = readable(_file(tmp_path, text))
        assert (found.form, found.way) == (form, "ris")
        said = [one for row in found.rows() for one in row.opinions]
        assert len(said) == 1
        given = readable(found.path, Wanted(form))
        assert (given.form, given.way, len(list(given.rows()))) == (form, "ris", 2)
    late = _file(tmp_path, RIS * 200 + RAYYAN_RIS)
    found = readable(late)
    assert found.form == "ris"
    assert sum(len(row.opinions) for row in found.rows()) == 1


def test_garbled_decisions_are_refused_with_their_line(tmp_path: Path) -> None:
    """Also where they stand in RIS."""
    file = _file(tmp_path, RAYYAN_RIS.replace("=>", ":"))
    with pytest.raises(InputFileError, match="decisions of Rayyan") as caught:
        list(readable(file).rows())
    assert caught.value.line == 1
    plain = readable(file, Wanted("ris")).rows()
    assert [row.opinions for row in plain] == [(), ()]


@pytest.mark.parametrize("form", ["csv", "asreview", "scopus"])
def test_workbooks_are_recognised_by_their_columns(tmp_path: Path, form: str) -> None:
    """A workbook is one whatever its name, and its columns tell the program."""
    book = openpyxl.Workbook()
    assert book.active is not None
    for line in EACH[form].splitlines():
        book.active.append(line.split(","))
    file = tmp_path / "export.bin"
    book.save(file)
    found = readable(file)
    assert (found.form, found.way) == ("xlsx" if form == "csv" else form, "xlsx")
    assert [row.citation.title for row in found.rows()] == ["A", "B"]
    assert found.starts() == [2, 3]


def test_the_ending_decides_where_content_tells_nothing(tmp_path: Path) -> None:
    """Then the reader of that format says what is wrong with it."""
    file = _file(tmp_path, "not RIS at all\n", "export.ris")
    found = readable(file)
    assert found.form == "ris"
    with pytest.raises(InputFileError) as caught:
        list(found.rows())
    assert caught.value.line == 1
    assert readable(_file(tmp_path, "Name;Year\nA;1\n", "a.csv")).form == "csv"


def test_a_format_that_is_given_is_believed(tmp_path: Path) -> None:
    """Labels of ASReview can be left in a plain table."""
    file = _file(tmp_path, ASREVIEW)
    (one, _) = readable(file, Wanted("csv")).rows()
    assert (readable(file).form, one.opinions) == ("asreview", ())
    labelled = _file(tmp_path, "title,included\nA,1\n")
    (one,) = readable(labelled, Wanted("asreview")).rows()
    assert len(one.opinions) == 1


def test_what_nothing_tells_is_refused(tmp_path: Path) -> None:
    """With all the formats that there are."""
    with pytest.raises(UsageError, match=r"format of notes\.txt") as caught:
        readable(_file(tmp_path, "Dear all,\nthis is a letter.\n", "notes.txt"))
    assert all(form in caught.value.fix for form in FORMATS)
    assert set(ENDINGS) < set(FORMATS)


def test_several_formats_at_once_need_a_word(tmp_path: Path) -> None:
    """Files put together of two formats look like both; the ending may tell."""
    with pytest.raises(UsageError, match="not known") as caught:
        readable(_file(tmp_path, RIS + "\n" + BIBTEX))
    assert "ris and like bibtex" in caught.value.why
    assert readable(_file(tmp_path, RIS + "\n" + BIBTEX, "a.bib")).form == "bibtex"


@pytest.mark.parametrize(
    "text",
    [
        "<!DOCTYPE html>\n<html><body>Please log in",
        "\n<html lang='en'>",
        '<?xml version="1.0"?>\n<!DOCTYPE html PUBLIC "x">',
    ],
)
@pytest.mark.parametrize("form", ["", "ris"])
def test_a_web_page_is_told(tmp_path: Path, text: str, form: str) -> None:
    """Sites answer with a page to log in, and browsers save it as export.ris."""
    with pytest.raises(InputFileError, match="is a web page"):
        readable(_file(tmp_path, text, "export.ris"), Wanted(form))


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        (Wanted(mapping={"a": "title"}), "--map means nothing"),
        (Wanted(sheet="Records"), "--sheet means nothing"),
        (Wanted("xlsx"), "it is no workbook"),
    ],
)
def test_options_that_do_not_fit_are_refused(
    tmp_path: Path, wanted: Wanted, words: str
) -> None:
    """An option without an effect would be a misunderstanding."""
    with pytest.raises(UsageError, match=words):
        readable(_file(tmp_path, RIS), wanted)


def test_a_workbook_is_no_tagged_file(tmp_path: Path) -> None:
    """A format of text cannot be read out of one."""
    file = tmp_path / "a.xlsx"
    book = openpyxl.Workbook()
    assert book.active is not None
    book.active.append(["title"])
    book.save(file)
    with pytest.raises(UsageError, match="cannot be read as ris"):
        readable(file, Wanted("ris"))


def test_how_a_file_was_read_is_told(tmp_path: Path) -> None:
    """Another encoding and another separator are no secrets."""
    file = tmp_path / "a.csv"
    file.write_bytes("title;year\nCafé;2020\n".encode("cp1252"))
    found = readable(file)
    assert [row.citation.title for row in found.rows()] == ["Café"]
    windows, parted = found.notes
    assert "Windows-1252" in windows
    assert "semicolons" in parted


def test_columns_that_are_no_field_are_told(tmp_path: Path) -> None:
    """Authors under another name would be missed in silence; a mapping takes them."""
    path = tmp_path / "list.csv"
    path.write_text("Title,Who,Colour\nA,B,red\n")
    told = "these columns are kept, but are no field to us: "
    assert readable(path).notes == (f"{told}Who, Colour",)
    mapped = Wanted(mapping={"who": "authors", "Colour": "volume"})
    assert readable(path, mapped).notes == ()


def test_what_cannot_be_opened_is_told(tmp_path: Path) -> None:
    """No file, and a folder in its place."""
    for path in (tmp_path / "none.csv", tmp_path):
        with pytest.raises(InputFileError, match="cannot be read"):
            readable(path)
