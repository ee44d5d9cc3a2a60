"""Promises of litreview.sources.ris, and of the tokenizer it shares."""

from __future__ import annotations

import io
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import pytest
import rispy
from endless import Endless
from hypothesis import given
from hypothesis import strategies as st

from litreview.citation import Author
from litreview.errors import InputFileError
from litreview.sources import ris
from litreview.sources.rows import Row

FILES = Path(__file__).resolve().parent / "files"
NAMES = sorted(path.name for path in FILES.glob("*.ris"))
PATH = Path("some.ris")
# Lines of which files are made up that nobody should write, and somebody does.
PIECES = [
    "TY  - JOUR", "TY - JOUR", "TY- JOUR", "ty  - book", "ty - jour", "\ufeffTY  - GEN",
    "TY  -", "ER  - ", "ER -", "er  - ", "TI  - A title", "au - Marsh, Ella", "AU - B",
    "PY  - 2019//", "N1  - note", "more text", "", "  ", "Provider: EBSCOhost", "12.",
    "ZZ  - unknown", "ID  - 7", "IT - based", "AN  - EJ1234567", "DO  - 10.1/x", "\x1a",
    "TY  - JOUR\rTI  - old Macintosh\rER  - ", "   TY  - JOUR", "TYPE - x", "EP  - 9",
]  # fmt: skip


def _rows(text: str) -> list[Row]:
    return list(ris.read(io.StringIO(text), PATH))


def _starts(text: str) -> list[int]:
    return list(ris.starts(io.StringIO(text)))


def _file(name: str) -> list[Row]:
    with (FILES / name).open(encoding="utf-8") as stream:
        return list(ris.read(stream, FILES / name))


def _entry(*lines: str) -> Row:
    (row,) = _rows("\n".join(("TY  - JOUR", "TI  - T", *lines, "ER  - ", "")))
    return row


@pytest.mark.parametrize("name", NAMES)
def test_every_entry_of_a_file_is_counted_and_recognised(name: str) -> None:
    """The count made without reading agrees with what was read, line by line."""
    text = (FILES / name).read_text(encoding="utf-8")
    rows = _file(name)
    assert rows
    assert [row.line for row in rows] == _starts(text)
    assert ris.looks_like(text[:4000])
    assert all(row.citation.title and not row.citation.flags for row in rows)


@pytest.mark.parametrize("name", NAMES)
def test_well_formed_files_read_as_rispy_reads_them(name: str) -> None:
    """Where rispy reads a file at all, both find the same text under every tag."""
    text = (FILES / name).read_text(encoding="utf-8")
    expected = rispy.loads(text.replace("TY  - GEN\nTY  - JOUR", "TY  - JOUR"))
    tags = {key: tag for tag, key in rispy.TAG_KEY_MAPPING.items()}
    rows = _file(name)
    assert len(rows) == len(expected)
    for row, entry in zip(rows, expected, strict=True):
        entry.pop("unknown_tag", None)
        entry.pop("type_of_reference")
        for key, told in entry.items():
            ours = row.payload[tags[key]]
            assert isinstance(ours, list)
            theirs = told if isinstance(told, list) else [told]
            assert _squeezed(ours[: len(theirs)]) == _squeezed(theirs), key


def _squeezed(texts: list[str]) -> list[str]:
    return [" ".join(text.split()) for text in texts]


def test_the_specification_of_2011() -> None:
    """Every field of the newer specification finds its place."""
    article, book, thesis, report = _file("specification-2011.ris")
    found = article.citation
    assert (found.source, found.source_id, article.database) == ("", "line-1", "")
    assert found.title == "Coherent offers: a realist account"
    assert found.authors == (
        Author("Okafor", "Adaeze"),
        Author("", literal="Department for Invention"),
    )
    assert (found.container_title, found.volume, found.issue, found.pages) == (
        "Journal of Invented Pedagogy", "31", "2", "101-120",
    )  # fmt: skip
    assert (found.year, found.published) == (2019, "2019-06-12")
    assert (found.doi, found.issn) == ("10.5555/jip.2019.101", "1234-5679")
    assert found.abstract == "BACKGROUND: Offers differ.\nRESULTS: Coherence holds."
    assert (found.type, found.language) == ("article-journal", "en")
    assert found.publisher == "Example Press"
    assert found.url == "https://example.org/jip/31/2/101"
    assert article.payload["ZZ"] == ["a tag of nobody's"]

    editors = (Author("Osei", "Kofi"), Author("Marsh", "Ella"))
    assert (book.citation.authors, book.citation.isbn) == (editors, "9780306406157")
    assert (book.citation.type, book.citation.container_title) == ("book", "")
    assert thesis.citation.type == "thesis"
    organisation = Author("", literal="World Health Invention Organization")
    assert report.citation.authors == (organisation,)
    assert (report.citation.published, report.citation.pages) == ("2020-03", "")


def test_the_specification_of_2001() -> None:
    """Every field of the older specification finds its place."""
    article, chapter = _file("specification-2001.ris")
    found = article.citation
    assert (article.line, found.source_id) == (2, "17")
    assert found.authors[:2] == (
        Author("Okafor", "Adaeze"),
        Author("de la Cruz", "Miguel Jr."),
    )
    assert (found.published, found.doi) == ("1998-06-12", "10.5555/jip.1998.101")
    assert found.abstract == "Twelve schools took part."
    assert found.container_title == "Journal of Invented Pedagogy"
    found = chapter.citation
    assert (found.type, found.pages, found.isbn) == ("chapter", "44-61", "0306406152")
    assert found.authors == (Author("Marsh", "Ella"),)
    assert found.container_title == "Schools as workplaces"


def test_accession_numbers_name_the_database() -> None:
    """A number that surely belongs to a database is the id, in every other file too."""
    known = [
        (row.database, row.citation.source_id)
        for name in ("eric.ris", "ebsco.ris", "proquest.ris", "scopus.ris")
        for row in _file(name)
    ]
    assert known == [
        ("eric", "EJ9900001"),
        ("eric", "ED9900002"),
        ("psycinfo", "2019-54321-001"),
        ("", "99887766"),
        ("eric", "EJ9900003"),
        ("", "9988776655"),
        ("scopus", "2-s2.0-99900012345"),
    ]


@pytest.mark.parametrize(
    ("lines", "database", "pmid"),
    [
        (["AN  - 31234567", "DB  - MEDLINE"], "pubmed", "31234567"),
        (["AN  - 31234567", "DB  - Education Source"], "", ""),
        (["AN  - 2019-54321-001", "DB  - Education Source"], "", ""),
        (["AN  - WOS:000999000000001"], "web-of-science", ""),
        (["AN  - 123456789", "DB  - PubMed"], "", ""),
    ],
)
def test_doubtful_numbers_are_the_files_own(
    lines: list[str], database: str, pmid: str
) -> None:
    """Digits are a PMID only where the entry says that it comes from MEDLINE."""
    row = _entry(*lines)
    assert (row.database, row.citation.pmid) == (database, pmid)


def test_ebsco_and_proquest_oddities() -> None:
    """N.PAG is no page; TY given twice begins one entry, whose second type counts."""
    trust, _ = _file("ebsco.ris")
    assert (trust.line, trust.citation.pages) == (6, "")
    assert trust.citation.issn == "2345-6785 2345-6793"
    lesson, diaries = _file("proquest.ris")
    assert lesson.payload["TY"] == ["GEN", "JOUR"]
    assert (lesson.citation.type, lesson.citation.pages) == ("article-journal", "55-70")
    assert lesson.citation.published == "2020-03"
    assert (
        lesson.citation.abstract == "A trust of nine schools.\nThree of them stopped."
    )
    assert diaries.citation.type == "document"


def test_notes_keep_what_other_programs_decided() -> None:
    """The notes of Rayyan and ASReview are handed over verbatim, in their order."""
    kept = [ris.notes(row.payload) for row in _file("rayyan.ris")]
    (note,) = kept[0]
    assert note.startswith('RAYYAN-INCLUSION: {"Kofi"=>"Included", "Ama"=>"Maybe"} | ')
    assert note.endswith('| USER-NOTES: {"Kofi"=>["ask Ella"]}')
    assert kept[1][0] == "A note of the database"
    labels = [ris.notes(row.payload) for row in _file("asreview.ris")]
    assert labels == [
        ["ASReview_relevant"],
        ["ASReview_irrelevant", "second note"],
        ["ASReview_not_seen"],
    ]
    assert ris.notes({}) == []


@pytest.mark.parametrize(
    "text",
    [
        "\ufeffTY  - JOUR\nTI  - T\nAU  - Marsh, Ella\nER  - \n",
        "TY - JOUR\nTI - T\nAU - Marsh, Ella\nER - \n",
        "TY- JOUR\nTI- T\nAU- Marsh, Ella\nER- \n",
        "ty  - JOUR\nti  - T\nau  - Marsh, Ella\ner  - \n",
        "ty - jour\nti - T\nau - Marsh, Ella\ner -\n",
        "TY  - JOUR\r\nTI  - T\r\nAU  - Marsh, Ella\r\nER  -\r\n\x1a",
        "TY  - JOUR\rTI  - T\rAU  - Marsh, Ella\rER  - \r",
        "\n\n  TY  - JOUR\n  TI  - T\n\n  AU  - Marsh, Ella\n  ER  - \n",
        "TY\u00a0\u00a0- JOUR\nTI\u00a0\u00a0- T\nAU  - Marsh, Ella\nER  - \nER  - \n",
        "1.\nTY  - JOUR\nTI  - T\nAU  - Marsh, Ella\nER  - \n\nRecord 2 of 2\n# end\n",
    ],
)
def test_loose_spellings_lose_nothing(text: str) -> None:
    """Files in which rispy finds nothing, or half, are read whole."""
    (row,) = _rows(text)
    assert _starts(text) == [row.line]
    assert ris.looks_like(text)
    assert (row.citation.title, row.citation.type) == ("T", "article-journal")
    assert row.citation.authors == (Author("Marsh", "Ella"),)
    assert row.citation.flags == ()


def test_words_before_a_dash_are_text() -> None:
    """In a text that goes on, "IT - " and "an - " begin no field."""
    row = _entry("AB  - A tool is", "IT - based, and", "an - odd - one", "by -", "us.")
    assert (
        row.citation.abstract == "A tool is\nIT - based, and\nan - odd - one\nby -\nus."
    )


def test_an_entry_without_end_is_read_and_flagged() -> None:
    """A new TY begins a new entry; a last one without ER may have been cut off."""
    first, second = _rows("TY  - JOUR\nTI  - A\nTY  - BOOK\nTI  - B\n")
    assert (first.citation.title, first.citation.flags) == ("A", ("no-end",))
    assert (second.line, second.citation.flags) == (3, ("cut-off?",))


def test_a_file_that_breaks_off_is_refused() -> None:
    """A last entry with neither title nor ER was cut off; its line is named."""
    with pytest.raises(InputFileError, match=r"some\.ris:4: the last entry"):
        _rows("TY  - JOUR\nTI  - A\nER  - \nTY  - JOUR\nAU  - Mar")


@pytest.mark.parametrize(
    ("text", "line", "shown"),
    [
        ("AU  - Marsh, Ella\nTI  - T\nER  - \n", 1, "the tag AU"),
        ("TY  - JOUR\nTI  - A\nER  - \n\nTI  - B\nER  - \n", 5, "the tag TI"),
        ("<html>\n<body>Please sign in</body>\n", 1, "<html>"),
        ("Provider: X\n\nThe server is busy\n", 3, "The server is busy"),
    ],
)
def test_text_outside_entries_is_refused(text: str, line: int, shown: str) -> None:
    """What no entry owns is told with its line: an entry may have lost its TY."""
    with pytest.raises(InputFileError, match=shown) as caught:
        _rows(text)
    assert caught.value.line == line


def test_a_file_without_line_ends_is_refused() -> None:
    """A line of 16 million characters is not held to see whether it ends."""
    with pytest.raises(InputFileError, match="longer than"):
        _rows("TY  - JOUR " + "x" * 2**24)


@pytest.mark.parametrize(
    ("lines", "pages"),
    [
        (["SP  - 101", "EP  - 120"], "101-120"),
        (["SP  - 101-120"], "101-120"),
        (["SP  - 101-120", "EP  - 120"], "101-120"),
        (["EP  - 101-120"], "101-120"),
        (["SP  - 7", "EP  - 7"], "7"),
        (["SP  - n/a", "EP  - n/a", "C7  - e5"], "e5"),
        (["EP  - 9"], "9"),
    ],
)
def test_pages(lines: list[str], pages: str) -> None:
    """Pages are put together from whichever tags hold them."""
    assert _entry(*lines).citation.pages == pages


@pytest.mark.parametrize(
    ("lines", "doi", "flags"),
    [
        (["DO  - doi:10.5555/A.1."], "10.5555/a.1", ()),
        (["UR  - https://example.org/x; https://doi.org/10.5555/b"], "10.5555/b", ()),
        (["M3  - 10.5555/c"], "10.5555/c", ()),
        (["L3  - http://dx.doi.org/10.5555/d"], "10.5555/d", ()),
        (["N1  - doi: 10.5555/e"], "10.5555/e", ()),
        (["N1  - Erratum: https://doi.org/10.5555/another"], "", ()),
        (["DO  - none"], "", ("odd-doi",)),
        (["DO  - none", "UR  - https://doi.org/10.5555/f"], "10.5555/f", ("odd-doi",)),
    ],
)
def test_the_doi_stands_in_many_places(
    lines: list[str], doi: str, flags: tuple[str, ...]
) -> None:
    """A DOI is found where programs put it, but not one that a note speaks of."""
    found = _entry(*lines).citation
    assert (found.doi, found.flags) == (doi, flags)


@pytest.mark.parametrize(
    ("lines", "year", "published"),
    [
        (["PY  - 2019/06//"], 2019, "2019-06"),
        (["Y1  - 2019///Summer"], 2019, "2019"),
        (["PY  - 2019", "DA  - 2019-06-01"], 2019, "2019-06-01"),
        (["PY  - 2019", "DA  - 2020/01/02"], 2019, "2019"),
        (["DA  - 12 June 2019"], 2019, "2019-06-12"),
        (["PY  - 2019/02/31/"], 2019, "2019-02"),
        (["PY  - 2018-2019"], 2018, "2018"),
        (["PY  - 2019/13"], 2019, "2019"),
        (["DA  - 20190612"], 2019, "2019-06-12"),
        (["PY  - in press"], None, ""),
        ([], None, ""),
    ],
)
def test_dates(lines: list[str], year: int | None, published: str) -> None:
    """The year goes by PY; a date that agrees with it makes it more precise."""
    found = _entry(*lines).citation
    assert (found.year, found.published) == (year, published)
    assert ("odd-year" in found.flags) == (bool(lines) and year is None)


def test_names_of_organisations_and_people() -> None:
    """An organisation may end in a comma; several names may share a line."""
    row = _entry(
        "AU  - Ministry of Example,", "AU  - Plato,", "AU  - Marsh, E; Osei, K"
    )
    assert row.citation.authors == (
        Author("", literal="Ministry of Example"),
        Author("Plato"),
        Author("Marsh", "E"),
        Author("Osei", "K"),
    )


def test_ids_given_twice_make_no_two_entries_one() -> None:
    """A repeated, endless or borrowed id is not used; the line is."""
    entry = "TY  - JOUR\nTI  - T\nID  - {}\nER  - \n"
    ids = ["7", "7", "x" * 501, "line-1"]
    found = [row.citation.source_id for row in _rows("".join(map(entry.format, ids)))]
    assert found == ["7", "line-5", "line-9", "line-13"]


def test_types_that_are_no_study_are_flagged() -> None:
    """A figure is flagged, an unknown type kept as the genre."""
    figure, unknown = _rows(
        "TY  - FIGURE\nTI  - A\nER  - \nTY  - Podcast\nTI  - B\nER  - \n"
    )
    assert figure.citation.flags == ("not-a-study",)
    assert (unknown.citation.type, unknown.citation.genre) == ("document", "podcast")


def test_other_formats_are_not_taken_for_ris() -> None:
    """Neither NBIB, Web of Science, XML nor prose looks like RIS."""
    for name in ("pubmed.nbib", "eric.nbib", "wos.txt", "wos-table.txt", "endnote.xml"):
        assert not ris.looks_like((FILES / name).read_text(encoding="utf-8")[:4000])
    assert not ris.looks_like("Our city - TY - is here\nTYPE - none\n")


def test_a_file_without_end_is_read_as_it_comes() -> None:
    """Rows come one by one, so a file of any size needs the memory of a few."""
    entry = "TY  - JOUR\nTI  - Title\nAB  - " + "word " * 2000 + "\nER  - \n"
    endless = Endless("", entry)
    rows = ris.read(io.TextIOWrapper(io.BufferedReader(endless)), PATH)
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


VALUES = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9 ,.:;()é-]{0,20}", fullmatch=True)
FIELDS = st.lists(
    st.tuples(st.sampled_from(["TI", "AU", "AB", "PY", "T2", "KW", "VL"]), VALUES)
)


@given(st.lists(FIELDS, min_size=1, max_size=4))
def test_files_in_the_specifications_spelling_agree_with_rispy(
    entries: list[list[tuple[str, str]]],
) -> None:
    """On generated well-formed files both readers find the same titles and authors."""
    text = "".join(_written(entry) for entry in entries)
    expected = rispy.loads(text)
    rows = _rows(text)
    assert len(rows) == len(expected) == len(entries)
    for row, theirs in zip(rows, expected, strict=True):
        for key, tag in (("authors", "AU"), ("keywords", "KW")):
            assert row.payload.get(tag, []) == theirs.get(key, [])
        for key, tag in (("title", "TI"), ("abstract", "AB"), ("year", "PY")):
            ours = row.payload.get(tag, [""])
            assert isinstance(ours, list)
            assert ours[0] == theirs.get(key, "")


def _written(entry: list[tuple[str, str]]) -> str:
    return "\n".join(_lines(entry)) + "\n\n"


def _lines(entry: list[tuple[str, str]]) -> Iterator[str]:
    yield "TY  - JOUR"
    yield from (f"{tag}  - {value.strip()}" for tag, value in entry)
    yield "ER  - "
