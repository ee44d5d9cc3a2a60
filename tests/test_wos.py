"""Promises of litreview.sources.wos."""

from __future__ import annotations

import io
from itertools import islice
from pathlib import Path

import pytest
import rispy
from endless import Endless
from hypothesis import given
from hypothesis import strategies as st

from litreview.citation import Author
from litreview.errors import InputFileError
from litreview.sources import wos
from litreview.sources.rows import Row

FILES = Path(__file__).resolve().parent / "files"
PATH = Path("some.txt")
HEADER = "PT\tAU\tTI\tPY\tUT"
PIECES = [
    "FN Clarivate", "VR 1.0", "PT J", "\ufeffPT B", "PT", "PT  ", "ER", "ER ", "EF", "",
    "TI A title", "   goes on", "AU Marsh, E", "   Osei, K", "UT WOS:000999000000001",
    "stray text", "IT is text", HEADER, "J\tMarsh, E\tT\t2019\tWOS:1", "J\tOsei, K",
    "\t\t\t\t", "PT J\rTI Macintosh\rER", "DT Article; Book Chapter", "PTX", "PY 2019",
]  # fmt: skip


def _rows(text: str) -> list[Row]:
    return list(wos.read(io.StringIO(text), PATH))


def _starts(text: str) -> list[int]:
    return list(wos.starts(io.StringIO(text)))


def _file(name: str) -> list[Row]:
    with (FILES / name).open(encoding="utf-8") as stream:
        return list(wos.read(stream, FILES / name))


@pytest.mark.parametrize(
    ("name", "lines"), [("wos.txt", [3, 45, 62]), ("wos-table.txt", [2, 3])]
)
def test_every_entry_of_a_file_is_counted_and_recognised(
    name: str, lines: list[int]
) -> None:
    """The count made without reading agrees with what was read."""
    text = (FILES / name).read_text(encoding="utf-8")
    assert [row.line for row in _file(name)] == _starts(text) == lines
    assert wos.looks_like(text[:4000])


def test_a_tagged_article() -> None:
    """Every field finds its place: full names, groups, wrapped titles."""
    article = _file("wos.txt")[0]
    found = article.citation
    assert (article.database, found.source_id) == (
        "web-of-science", "WOS:000999000000001",
    )  # fmt: skip
    assert found.title == (
        "Professional learning communities in schools with many changes of leadership"
    )
    assert found.authors == (
        Author("Marsh", "Ella"),
        Author("van den Berg", "Jan-Pieter"),
        Author("", literal="Three Waves Study Grp"),
    )
    assert found.abstract == (
        "Schools lose leaders. We followed nine of them for three years."
    )
    assert (found.container_title, found.volume, found.issue, found.pages) == (
        "JOURNAL OF INVENTED PEDAGOGY", "31", "2", "101-120",
    )  # fmt: skip
    assert (found.year, found.published) == (2019, "2019-06-15")
    assert (found.doi, found.pmid) == ("10.5555/jip.2019.101", "99900001")
    assert (found.issn, found.publisher) == ("1234-5679 0123-4560", "EXAMPLE PRESS")
    assert (found.type, found.language, found.flags) == (
        "article-journal", "English", (),
    )  # fmt: skip
    assert article.payload["C1"] == [
        "[Marsh, Ella] Example Univ, Leeds, W Yorkshire, England."
    ]
    assert str(article.payload["CR"]).count("\\n") == 1


def test_a_chapter_and_a_retraction() -> None:
    """A chapter has an article number and no DOI of its book; a notice is flagged."""
    _, chapter, notice = _file("wos.txt")
    found = chapter.citation
    assert (found.type, found.pages, found.doi) == ("chapter", "17", "")
    assert (found.isbn, found.authors) == ("9780306406157", (Author("Osei", "Kofi"),))
    assert (notice.database, notice.citation.source_id) == ("pubmed", "99900009")
    assert notice.citation.pmid == "99900009"
    assert (notice.citation.year, notice.citation.authors) == (2020, ())
    assert notice.citation.flags == ("not-a-study", "retraction-notice")


def test_both_forms_tell_the_same() -> None:
    """An entry means the same as tagged text and as a row of the table."""
    tagged, table = _file("wos.txt"), _file("wos-table.txt")
    for one, other in zip(tagged[:2], table, strict=True):
        for field in (
            "source_id", "title", "authors", "published", "doi", "pages", "type",
            "abstract", "issn", "isbn", "pmid", "container_title", "flags",
        ):  # fmt: skip
            assert getattr(one.citation, field) == getattr(other.citation, field), field


def test_well_formed_files_read_as_rispy_reads_them() -> None:
    """Both find the same text under the tags that have one line."""
    with (FILES / "wos.txt").open(encoding="utf-8") as stream:
        expected = rispy.load(stream, implementation=rispy.WokParser)
    rows = _file("wos.txt")
    assert len(rows) == len(expected)
    plain = {"SO": "publication_name", "PY": "publication_year", "DI": "doi",
             "UT": "accession_number", "SN": "issn", "VL": "volume"}  # fmt: skip
    for row, entry in zip(rows, expected, strict=True):
        for tag, key in plain.items():
            theirs = [entry[key]] if key in entry else []
            assert row.payload.get(tag, []) == theirs, tag


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["PT J", "DT Article; Proceedings Paper"], ("article-journal", "")),
        (["PT C", "DT Proceedings Paper"], ("paper-conference", "")),
        (["PT J", "DT Review; Early Access"], ("article-journal", "review")),
        (["PT J", "DT Article; Data Paper"], ("article-journal", "data paper")),
        (["PT B"], ("book", "")),
        (["PT P", "DT Nothing known"], ("patent", "")),
    ],
)
def test_types(lines: list[str], expected: tuple[str, str]) -> None:
    """Of several document types the finest counts, else the publication's type."""
    (row,) = _rows("\n".join([*lines, "TI T", "ER"]))
    assert (row.citation.type, row.citation.genre) == expected


def test_a_retracted_article_is_known_by_its_type() -> None:
    """Web of Science says in the document types that an article was retracted."""
    (row,) = _rows("PT J\nTI T\nDT Article; Retracted Publication\nER\n\nEF")
    assert row.citation.retracted
    assert row.citation.type == "article-journal"


@pytest.mark.parametrize(
    "text",
    [
        "\ufeffFN Clarivate\nVR 1.0\nPT J\nTI T\nER\n\nEF\n",
        "FN Clarivate\r\nVR 1.0\r\nPT J\r\nTI T\r\nER\r\n\r\nEF",
        "PT J\rTI T\rER\r",
        "PT J\n\nTI T\n\nER\n\x1a",
        "\ufeffPT\tAU\tTI\n\nJ\t\tT\t\n",
        "PT\tAU\tTI\t\r\nJ\t\tT\t\r\n",
    ],
)
def test_marks_and_line_ends_lose_nothing(text: str) -> None:
    """Byte order marks, any line ends, a missing EF are no obstacle."""
    (row,) = _rows(text)
    assert _starts(text) == [row.line]
    assert wos.looks_like(text)
    assert (row.citation.title, row.citation.flags) == ("T", ())


def test_a_missing_end_inside_the_file_loses_nothing() -> None:
    """Before the next entry, or before EF, a missing ER is let pass and flagged."""
    rows = _rows("PT J\nTI A\nPT J\nTI B\nEF\nFN Second file\nPT J\nTI C\nER\n")
    assert [(row.line, row.citation.flags) for row in rows] == [
        (1, ("no-end",)), (3, ("no-end",)), (7, ()),
    ]  # fmt: skip


def test_a_file_that_breaks_off_is_refused() -> None:
    """A last entry without ER and EF means that others are missing."""
    with pytest.raises(InputFileError, match="the file ends inside") as caught:
        _rows("FN X\nPT J\nTI A\nER\n\nPT J\nTI B, and mo")
    assert caught.value.line == 6
    assert "cut off" in str(caught.value)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("PT J\nTI A\nER\n\nAU Marsh, E\nTI B\nER\nEF", 5),
        ("FN X\nVR 1.0\nPlease sign in\n", 3),
        ("<html>\n", 1),
    ],
)
def test_text_outside_entries_is_refused(text: str, line: int) -> None:
    """What no entry owns is told with its line: an entry may have lost its PT."""
    with pytest.raises(InputFileError, match="outside any entry") as caught:
        _rows(text)
    assert caught.value.line == line


@pytest.mark.parametrize("row", ["J\tMarsh, E", "J\tMarsh, E\tT\t2019\tWOS:1\tmore"])
def test_a_torn_row_is_refused(row: str) -> None:
    """A row with fewer or more cells than the header would shift every field."""
    with pytest.raises(InputFileError, match="the header names 5 columns") as caught:
        _rows(f"{HEADER}\nB\tOsei, K\tBook\t2001\tWOS:2\n{row}\n")
    assert caught.value.line == 3


def test_ids_given_twice_or_not_at_all() -> None:
    """What is no accession number is the file's own, and used once."""
    entries = "".join(
        f"PT J\nTI T\n{line}ER\n" for line in ("", "UT 5\n", "UT 5\n", "UT KJD:ART1\n")
    )
    found = [(row.database, row.citation.source_id) for row in _rows(entries)]
    assert found == [
        ("", "line-1"), ("", "5"), ("", "line-8"), ("web-of-science", "KJD:ART1"),
    ]  # fmt: skip


def test_an_empty_file_has_no_entries() -> None:
    """The caller tells that nothing was found."""
    assert _rows("") == _rows("\n\n") == []


def test_other_formats_are_not_taken_for_web_of_science() -> None:
    """Neither RIS, NBIB nor XML looks like it, nor another table."""
    for path in FILES.iterdir():
        if not path.name.startswith("wos"):
            assert not wos.looks_like(path.read_text(encoding="utf-8")[:4000])
    assert not wos.looks_like("title\tauthors\tyear\n")


def test_a_file_without_end_is_read_as_it_comes() -> None:
    """Rows come one by one, so a file of any size needs the memory of a few."""
    entry = "PT J\nTI Title\nAB " + "word " * 2000 + "\nER\n\n"
    endless = Endless("", entry)
    rows = wos.read(io.TextIOWrapper(io.BufferedReader(endless)), PATH)
    assert sum(1 for _ in islice(rows, 300)) == 300
    assert endless.handed < 310 * len(entry)


@given(st.lists(st.sampled_from(PIECES) | st.text(max_size=12)))
def test_no_text_is_read_only_in_part(lines: list[str]) -> None:
    """Whatever a file holds, it is read whole or refused in words."""
    text = "\n".join(lines)
    try:
        found = [row.line for row in _rows(text)]
    except InputFileError:
        return
    assert found == _starts(text)
