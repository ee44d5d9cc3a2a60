"""Promises of litreview.sources.generic."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from litreview.citation import Author, Citation
from litreview.errors import InputFileError
from litreview.sources import csv_file
from litreview.sources.generic import named, read

HEADER = (
    "record_id,title,authors,year,container_title,volume,issue,pages,doi,abstract,"
    "entrytype,note\n"
)


def _citations(text: str, mapping: dict[str, str] | None = None) -> list[Citation]:
    table = csv_file.read(io.StringIO(text, newline=""), Path("records.csv"))
    return [row.citation for row in read(table, mapping)]


def test_a_row_becomes_a_citation() -> None:
    """Every recognised column finds its place, and the row stays as it was."""
    text = (
        HEADER + 'r1,The <i>T</i>,"Sims, Sam; OECD",2021.0,Journal,5,2,1091-7,'
        'https://doi.org/10.1000/A,"One\n\ntwo",inproceedings, mine \n'
    )
    table = csv_file.read(io.StringIO(text, newline=""), Path("records.csv"))
    (row,) = read(table)
    found = row.citation
    assert (row.line, row.database, row.opinions) == (2, "", ())
    assert (row.payload["note"], row.payload["title"]) == (" mine ", "The <i>T</i>")
    assert (found.source, found.source_id, found.title) == ("", "r1", "The T")
    assert found.authors == (Author("Sims", "Sam"), Author("", literal="OECD"))
    assert (found.year, found.published, found.doi) == (2021, "2021", "10.1000/a")
    assert (found.container_title, found.volume, found.issue) == ("Journal", "5", "2")
    assert (found.pages, found.abstract) == ("1091-7", "One\ntwo")
    assert (found.type, found.flags) == ("paper-conference", ())


def test_capitals_and_blanks_in_the_header_are_no_obstacle() -> None:
    """Spreadsheets and people write them; no id is a line's."""
    (found,) = _citations(" Title ,YEAR\nÉcole,c2020\n")
    assert (found.title, found.year, found.source_id) == ("École", 2020, "line-2")


def test_columns_can_be_mapped() -> None:
    """A mapping names columns we do not know and goes before those we do."""
    (found,) = _citations(
        "Titel,title,Jahr,PMID,Art,Seite\nA,B,2020,77,thesis,javascript:x\n",
        {"titel": "title", "Jahr": "year", "PMID": "pmid", "Art": "entrytype",
         "Seite": "url"},
    )  # fmt: skip
    assert (found.title, found.year, found.pmid) == ("A", 2020, "77")
    assert (found.type, found.url) == ("thesis", "")


@pytest.mark.parametrize(
    ("mapping", "words"),
    [
        ({"titel": "title"}, "no column 'titel'. Did you mean 'title'"),
        ({"title": "yearr"}, "'yearr' is no field. Did you mean 'year'"),
        ({"title": "year", "x": "year"}, "two columns are mapped to year"),
    ],
)
def test_a_wrong_mapping_is_refused(mapping: dict[str, str], words: str) -> None:
    """A mapping that cannot be meant is told with what may be meant."""
    with pytest.raises(InputFileError, match=words):
        _citations("title,x\nA,B\n", mapping)


@pytest.mark.parametrize("text", ["", "titel\nA\n"])
def test_a_table_without_titles_is_refused(text: str) -> None:
    """What the columns are is said."""
    with pytest.raises(InputFileError, match="no column title") as caught:
        _citations(text)
    assert caught.value.line == 1


def test_odd_values_are_flagged_and_kept() -> None:
    """A record with a strange year, DOI, author or title is imported all the same."""
    odd, empty = _citations(
        "title,year,doi,entrytype,authors\nA,soon,see below,component,?\n,,,,\n"
    )
    assert odd.flags == ("not-a-study", "odd-year", "odd-doi", "odd-authors")
    assert (odd.year, odd.doi) == (None, "")
    assert (empty.flags, empty.title) == (("no-title",), "")


@pytest.mark.parametrize(
    ("pages", "issue", "is_odd"),
    [
        ("01-Aug", "", True),
        ("8-Jan-2026", "", True),
        ("2026-08-01", "", True),
        ("1/8/2026", "", True),
        ("", "Mar-04", True),
        ("1-8", "Jan-Feb", False),
        ("e1234", "4", False),
        ("2019-2034", "", False),
    ],
)
def test_days_in_place_of_pages_are_flagged(
    pages: str, issue: str, *, is_odd: bool
) -> None:
    """A spreadsheet makes days of pages, and nobody can undo it."""
    (found,) = _citations(f"title,pages,issue\nA,{pages},{issue}\n")
    assert ("odd-pages" in found.flags) is is_odd


def test_names_with_initials_need_no_comma() -> None:
    """The last word is no family name where it is initials: Sims S."""
    found = named("Sims S.; Fletcher-Wood H.-J.; Ng, Nora; OECD", ";")
    assert found == (
        Author("Sims", "S."),
        Author("Fletcher-Wood", "H.-J."),
        Author("Ng", "Nora"),
        Author("", literal="OECD"),
    )
