"""Promises of litreview.sources.nbib."""

from __future__ import annotations

import io
from itertools import islice
from pathlib import Path

import pytest
from endless import Endless
from hypothesis import given
from hypothesis import strategies as st

from litreview.citation import Author
from litreview.errors import InputFileError
from litreview.sources import nbib
from litreview.sources.rows import Row

FILES = Path(__file__).resolve().parent / "files"
PATH = Path("some.nbib")
PIECES = [
    "PMID- 1", "PMID- 22222222", "\ufeffPMID- 3", "PMID -4", "OWN - ERIC", "OWN - NLM",
    "TI  - A title", "      goes on", "", "", "  ", "OID - EJ1234567", "PT  - Book",
    "AB  - Text", "DNA - bound", "FAU - Marsh, Ella", "AUID- ORCID: 1", "stray text",
    "CN  - A Group", "BTI - Book", "PMID- ", "PMID- x\rTI  - Macintosh", "DP  - 2019",
]  # fmt: skip


def _rows(text: str) -> list[Row]:
    return list(nbib.read(io.StringIO(text), PATH))


def _starts(text: str) -> list[int]:
    return list(nbib.starts(io.StringIO(text)))


def _file(name: str) -> list[Row]:
    with (FILES / name).open(encoding="utf-8") as stream:
        return list(nbib.read(stream, FILES / name))


@pytest.mark.parametrize(
    ("name", "lines"), [("pubmed", [2, 46, 62]), ("eric", [1, 21])]
)
def test_every_entry_of_a_file_is_counted_and_recognised(
    name: str, lines: list[int]
) -> None:
    """Entries begin with PMID or OWN; a blank line between them is not needed."""
    text = (FILES / f"{name}.nbib").read_text(encoding="utf-8")
    assert [row.line for row in _file(f"{name}.nbib")] == _starts(text) == lines
    assert nbib.looks_like(text[:4000])


def test_an_article_of_pubmed() -> None:
    """Every field finds its place; wrapped lines are joined, people stay in order."""
    article = _file("pubmed.nbib")[0]
    found = article.citation
    assert (article.database, found.source_id, found.pmid) == (
        "pubmed", "99900001", "99900001",
    )  # fmt: skip
    assert found.title == (
        "Burnout and trust among teachers in schools with many changes of leadership: "
        "a three-wave study."
    )
    assert found.authors == (
        Author("Okafor", "Adaeze B", orcid="0000-0002-1825-0097"),
        Author("van den Berg", "Jan-Pieter"),
        Author("", literal="Three Waves Study Group"),
    )
    assert "p < 0.05 counted" in found.abstract
    assert "\n" not in found.abstract
    assert (found.year, found.published) == (2019, "2019-06-12")
    assert (found.container_title, found.volume, found.issue, found.pages) == (
        "Invented One", "14", "6", "e0217001",
    )  # fmt: skip
    assert (found.doi, found.issn) == ("10.5555/inv.0217001", "1234-5679 0123-4560")
    assert (found.type, found.language, found.flags) == ("article-journal", "eng", ())
    assert article.payload["AD"] == [
        "Example University, Leeds, United Kingdom.",
        "Example Institute, Utrecht, The\nNetherlands.",
    ]


def test_a_book_chapter_and_an_erratum_of_pubmed() -> None:
    """A chapter is told from its types; a notice is flagged, by groups alone."""
    _, chapter, erratum = (row.citation for row in _file("pubmed.nbib"))
    assert (chapter.type, chapter.title) == ("chapter", "School Refusal")
    assert chapter.container_title == "Invented Reviews of Childhood"
    assert chapter.authors == (Author("Lindqvist", "S"),)
    assert chapter.publisher == "National Centre for Invented Information"
    assert erratum.flags == ("not-a-study",)
    assert (erratum.published, erratum.language) == ("2011-11", "eng dut")
    assert erratum.authors == (Author("", literal="Three Waves Study Group"),)


def test_entries_of_eric() -> None:
    """ERIC's entries have no PMID: they go by their number in ERIC."""
    article, report = _file("eric.nbib")
    assert (article.database, article.citation.source_id) == ("eric", "EJ9900001")
    assert (report.database, report.citation.source_id) == ("eric", "ED9900002")
    assert (article.citation.type, report.citation.type) == (
        "article-journal", "report",
    )  # fmt: skip
    assert (article.citation.issn, report.citation.isbn) == (
        "1234-5679", "9780306406157",
    )  # fmt: skip
    assert article.citation.doi == "10.5555/jip.2021.1"
    assert article.citation.authors[0] == Author("Marsh", "Ella")
    assert report.citation.published == "2018-11"
    assert (article.citation.pmid, article.citation.pages) == ("", "1-19")


@pytest.mark.parametrize(
    ("types", "expected"),
    [
        (["Journal Article", "Review"], ("article-journal", "review")),
        (["Randomized Controlled Trial"], ("article-journal", "")),
        (["Preprint"], ("article", "preprint")),
        (["Dissertations/Theses - Doctoral Dissertations"], ("thesis", "")),
        (["Letter", "Journal Article"], ("article-journal", "letter")),
        ([], ("", "")),
    ],
)
def test_types(types: list[str], expected: tuple[str, str]) -> None:
    """Of several publication types the one counts that names a kind of work."""
    lines = "".join(f"PT  - {word}\n" for word in types)
    (row,) = _rows(f"PMID- 1\nTI  - T\n{lines}")
    assert (row.citation.type, row.citation.genre) == expected


def test_a_retracted_article_is_known_by_its_type() -> None:
    """PubMed says in the types that an article was retracted."""
    (row,) = _rows(
        "PMID- 1\nTI  - T\nPT  - Journal Article\nPT  - Retracted Publication\n"
    )
    assert row.citation.retracted


def test_editors_stand_in_for_the_authors_of_a_book() -> None:
    """A book has its title in BTI and its editors in FED."""
    (row,) = _rows("PMID- 1\nBTI - Book\nFED - Osei, Kofi\nED  - Osei K\nPT  - Book\n")
    assert (row.citation.title, row.citation.type) == ("Book", "book")
    assert row.citation.authors == (Author("Osei", "Kofi"),)


@pytest.mark.parametrize(
    "text",
    [
        "\ufeffPMID- 7\nTI  - T\n",
        "PMID- 7\r\nTI  - T\r\n\r\n",
        "PMID- 7\rTI  - T\r",
        "\n\nPMID- 7\n\nTI  - T",
        "PMID- 007\nOWN - NLM\nTI  - T\n\x1a",
    ],
)
def test_marks_line_ends_and_blank_lines_lose_nothing(text: str) -> None:
    """Byte order marks, any line ends and a blank line inside are no obstacle."""
    (row,) = _rows(text)
    assert _starts(text) == [row.line]
    assert (row.citation.title, row.citation.source_id) == ("T", "7")


def test_files_of_pubmed_and_eric_can_be_joined() -> None:
    """An entry of ERIC behind entries of PubMed begins with its OWN."""
    both = "PMID- 7\nOWN - NLM\nTI  - A\n\nOWN - ERIC\nTI  - B\nOID - ED123456\n"
    found = [(row.database, row.citation.source_id) for row in _rows(both)]
    assert found == [("pubmed", "7"), ("eric", "ED123456")]
    assert _starts(both) == [1, 5]


def test_entries_without_any_number_are_parted_by_blank_lines() -> None:
    """The tag that began the first entry begins the next behind a blank line."""
    text = "TI  - A\nAU  - Marsh, Ella\n\nTI  - B\n"
    assert [row.citation.source_id for row in _rows(text)] == ["line-1", "line-4"]


def test_an_entry_that_lost_its_beginning_is_refused() -> None:
    """A second title means that a PMID is missing: its line is named."""
    with pytest.raises(InputFileError, match="second title") as caught:
        _rows("PMID- 7\nTI  - A\n\nSTAT- MEDLINE\nTI  - B\n")
    assert caught.value.line == 5


ENTRY = "PMID- {0}\nTI  - Title {0}\nSO  - Journal. 2020.\n\n"


@pytest.mark.parametrize(
    "end",
    [
        "PMID- 3\nTI  - Trust in schools and it",  # within a field
        "PMID- 3\nTI  - Trust in schools and its roots\n",  # between two fields
        "PMID- 3\nTI  - Trust\nSO  - Journal. 20",  # within the last field
    ],
)
def test_a_file_cut_off_is_told(end: str) -> None:
    """A last entry without the end that the others have is read, and flagged."""
    rows = _rows(ENTRY.format(1) + ENTRY.format(2) + end)
    assert [row.citation.flags for row in rows] == [(), (), ("cut-off?",)]
    assert rows[-1].citation.title.startswith("Trust")


@pytest.mark.parametrize(
    "text",
    [
        ENTRY.format(1) + ENTRY.format(2),
        (ENTRY.format(1) + ENTRY.format(2)).rstrip() + "\n",
        ENTRY.format(1) + "\x1a",
        ENTRY.format(1).replace("\n", "\r"),
        "PMID- 1\nTI  - No entry ends with SO\n\nPMID- 2\nTI  - Nor this\n",
        "PMID- 1\nTI  - Only the last one ends so\n\n" + ENTRY.format(2),
    ],
)
def test_a_whole_file_is_not_taken_for_one_cut_off(text: str) -> None:
    """Blank lines and marks at the end are no matter; nor is SO where none has it."""
    assert {row.citation.flags for row in _rows(text)} == {()}


@pytest.mark.parametrize(
    "text", ["Please sign in\n", "<pre>PMID- 7\nTI  - T\n</pre>", "pmid- 7\n"]
)
def test_text_before_the_first_entry_is_refused(text: str) -> None:
    """What is not NBIB is told with its line."""
    with pytest.raises(InputFileError, match="outside any entry") as caught:
        _rows(text)
    assert caught.value.line == 1


def test_other_formats_are_not_taken_for_nbib() -> None:
    """Neither RIS, Web of Science nor XML looks like NBIB."""
    for path in FILES.iterdir():
        if path.suffix != ".nbib":
            assert not nbib.looks_like(path.read_text(encoding="utf-8")[:4000])


def test_a_file_without_end_is_read_as_it_comes() -> None:
    """Rows come one by one, so a file of any size needs the memory of a few."""
    entry = "PMID- 7\nTI  - Title\nAB  - " + "word " * 2000 + "\n\n"
    endless = Endless("", entry)
    rows = nbib.read(io.TextIOWrapper(io.BufferedReader(endless)), PATH)
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
