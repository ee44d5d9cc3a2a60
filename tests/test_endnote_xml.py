"""Promises of litreview.sources.endnote_xml."""

from __future__ import annotations

import io
import string
from itertools import islice
from pathlib import Path
from xml.sax.saxutils import escape

import pytest
from endless import Endless
from hypothesis import given
from hypothesis import strategies as st

from litreview.citation import Author
from litreview.errors import InputFileError
from litreview.sources import endnote_xml
from litreview.sources.rows import Row

FILES = Path(__file__).resolve().parent / "files"
FILE = FILES / "endnote.xml"
PATH = Path("some.xml")
PIECES = [
    "<xml>", "</xml>", "<record>", "</record>", "<record >", "<record/>", "</title>",
    "<title>", "<style face='bold'>", "</style>", "&amp;", "&nbsp;", "&#xD;", "\n",
    "\r", "<rec-number>7</rec-number>", "<?xml version='1.0'?>", "<a",
    "&", "<recording/>",
]  # fmt: skip


def _rows(text: str | bytes) -> list[Row]:
    data = text.encode() if isinstance(text, str) else text
    return list(endnote_xml.read(io.BytesIO(data), PATH))


def _starts(text: str | bytes) -> list[int]:
    data = text.encode() if isinstance(text, str) else text
    return list(endnote_xml.starts(io.BytesIO(data)))


def _file() -> list[Row]:
    with FILE.open("rb") as stream:
        return list(endnote_xml.read(stream, FILE))


def _record(inside: str) -> Row:
    title = "<titles><title>T</title></titles>"
    (row,) = _rows(f"<xml><records><record>{title}{inside}</record></records></xml>")
    return row


def test_every_record_of_the_file_is_counted_and_recognised() -> None:
    """EndNote writes all records on one line; each is found there."""
    assert [row.line for row in _file()] == _starts(FILE.read_bytes()) == [1, 1, 1]
    assert endnote_xml.looks_like(FILE.read_text(encoding="utf-8")[:4000])


def test_an_article() -> None:
    """Every element finds its place; text in several styles is one text."""
    article = _file()[0]
    found = article.citation
    assert (article.database, found.source_id, found.pmid) == (
        "pubmed", "99900001", "99900001",
    )  # fmt: skip
    assert found.title == "Coherent offers: a realist account of R&D"
    assert found.authors == (
        Author("Okafor", "Adaeze"),
        Author("van den Berg", "Jan-Pieter"),
        Author("", literal="Department for Invention"),
    )
    assert (found.container_title, found.volume, found.issue, found.pages) == (
        "Journal of Invented Pedagogy", "31", "2", "101-120",
    )  # fmt: skip
    assert (found.year, found.published) == (2019, "2019-06-12")
    assert (found.doi, found.issn) == ("10.5555/jip.2019.101", "1234-5679 0123-4560")
    assert found.abstract == "Offers differ.\nCoherence holds."
    assert (found.type, found.language, found.flags) == ("article-journal", "eng", ())
    assert found.url == "https://example.org/jip/31/2/101"
    assert article.payload["keywords/keyword"] == ["coherence", "trust"]
    assert article.payload["ref-type@name"] == ["Journal Article"]
    assert article.payload["foreign-keys/key@db-id"] == ["invented"]


def test_a_chapter_and_a_thesis() -> None:
    """A chapter is in its book; a type in another language goes by its number."""
    _, chapter, thesis = _file()
    assert (chapter.citation.type, chapter.citation.source_id) == ("chapter", "2")
    assert chapter.citation.container_title == "Schools as workplaces"
    assert chapter.citation.isbn == "0306406152"
    assert chapter.citation.authors == (Author("Marsh", "Ella"),)
    assert (thesis.citation.type, thesis.citation.container_title) == ("thesis", "")
    assert (thesis.database, thesis.citation.source_id) == ("eric", "ED9900004")


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ('<ref-type name="Book">6</ref-type>', ("book", "")),
        ("<ref-type>28</ref-type>", ("book", "edited book")),
        ('<ref-type name="Conference Proceedings">10</ref-type>',
         ("paper-conference", "")),
        ("<ref-type>27</ref-type>", ("report", "")),
        ("<ref-type>12</ref-type>", ("webpage", "")),
        ('<ref-type name="Podcast">99</ref-type>', ("document", "podcast")),
        ("", ("", "")),
    ],
)  # fmt: skip
def test_types(told: str, expected: tuple[str, str]) -> None:
    """The type is known by its name, else by its number, else kept as the genre."""
    found = _record(told).citation
    assert (found.type, found.genre) == expected


def test_editors_stand_in_for_the_authors_of_a_book() -> None:
    """A book without authors has its editors in their place."""
    editors = "<secondary-authors><author>Osei, Kofi</author></secondary-authors>"
    row = _record(f"<ref-type>6</ref-type><contributors>{editors}</contributors>")
    assert row.citation.authors == (Author("Osei", "Kofi"),)


def test_lines_are_those_where_records_begin() -> None:
    """In a file of several lines each record has its own, whatever ends them."""
    record = "<record><titles>\n<title>T</title>\n</titles></record>"
    text = f"<xml>\n<records>\n{record}\n{record}\n</records></xml>"
    for end in ("\n", "\r\n", "\r"):
        data = text.replace("\n", end)
        assert [row.line for row in _rows(data)] == _starts(data) == [3, 6]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "iso-8859-1"])
def test_the_declared_encoding_is_used(encoding: str) -> None:
    """Names are read in the encoding that the file declares."""
    declared = encoding.removesuffix("-sig")
    text = (
        f'<?xml version="1.0" encoding="{declared}"?><xml><records>\n<record><titles>'
        "<title>École</title></titles></record></records></xml>"
    )
    (row,) = _rows(text.encode(encoding))
    assert row.citation.title == "École"
    assert _starts(text.encode(encoding)) == [2]


def test_ids_given_twice_or_not_at_all() -> None:
    """A record number is used once; without one the record's place names it."""
    number = "<rec-number>5</rec-number>"
    records = "".join(f"<record>{told}</record>" for told in (number, number, ""))
    found = [row.citation.source_id for row in _rows(f"<xml>{records}</xml>")]
    assert found == ["5", "record-2", "record-3"]


BOMB = """<!DOCTYPE xml [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]>
<xml><records><record><titles><title>&b;</title></titles></record></records></xml>"""


def test_entities_are_refused_in_words() -> None:
    """A file that declares entities, which can fill a memory, is not read."""
    with pytest.raises(InputFileError, match="declares entities") as caught:
        _rows(BOMB)
    assert caught.value.line == 1
    assert "memory" in caught.value.why


@pytest.mark.parametrize("kind", ["SYSTEM 'file:///etc/hostname'", "PUBLIC 'x' 'y'"])
def test_no_other_file_is_fetched(kind: str) -> None:
    """An entity that stands for a file of the computer is refused, too."""
    text = f"<?xml version='1.0'?>\n<!DOCTYPE x [\n<!ENTITY a {kind}>]><xml>&a;</xml>"
    with pytest.raises(InputFileError, match="declares entities") as caught:
        _rows(text)
    assert caught.value.line == 3


@pytest.mark.parametrize(
    ("text", "line", "shown"),
    [
        ("<xml>\n<record>\n<record/></record></xml>", 3, "inside a record"),
        ("<xml>\n<record>\n<title>R & D</title></record></xml>", 3, "not well-formed"),
        ("<xml>\n<record><title>T</titles></record></xml>", 2, "mismatched tag"),
        ("<xml><records>\n<record><titles><title>T", 2, "cut off"),
        ("<xml>\n<record>&nbsp;</record></xml>", 2, "undefined entity"),
        ("<xml>\n<record>&#x1;</record></xml>", 2, "character"),
        ("<?xml version='1.0' encoding='nonsense'?>\n<xml/>", 1, "unknown encoding"),
        ("Please sign in", 1, "syntax error"),
        ("<xml>\n" + "<a>" * 100, 2, "elements in each other"),
        ("", 1, "no element found"),
    ],
)
def test_broken_xml_is_refused_with_its_line(text: str, line: int, shown: str) -> None:
    """What is no XML, or was cut off, is told with the line, never as a traceback."""
    with pytest.raises(InputFileError, match=shown) as caught:
        _rows(text)
    assert caught.value.line == line


def test_other_formats_are_not_taken_for_endnote() -> None:
    """Neither tagged files nor other XML looks like EndNote's."""
    for path in FILES.iterdir():
        if path != FILE:
            assert not endnote_xml.looks_like(path.read_text(encoding="utf-8")[:4000])
    assert not endnote_xml.looks_like("<html><body><record></record></body></html>")
    assert not endnote_xml.looks_like("<PubmedArticleSet><PubmedArticle>")


def test_a_file_without_end_is_read_as_it_comes() -> None:
    """Rows come one by one, so a file of any size needs the memory of a few."""
    entry = f"<record><abstract>{'word ' * 2000}</abstract></record>"
    endless = Endless("<xml><records>", entry)
    rows = endnote_xml.read(io.BufferedReader(endless), PATH)
    assert sum(1 for _ in islice(rows, 300)) == 300
    assert endless.handed < 320 * len(entry)


def test_records_are_counted_across_blocks() -> None:
    """Wherever a block of the file ends, no record is counted twice or missed."""
    for size in range(2**16 - 40, 2**16 + 2):
        text = f"<xml>{'x' * size}\r\n<record>\r\n</record><record a='1'/></xml>"
        assert _starts(text) == [row.line for row in _rows(text)] == [2, 3]


@given(st.lists(st.sampled_from(PIECES) | st.text(max_size=5)))
def test_no_text_is_read_only_in_part(pieces: list[str]) -> None:
    """Whatever a file holds, it is read whole or refused in words."""
    data = "".join(pieces).encode(errors="replace")
    try:
        found = [row.line for row in _rows(data)]
    except InputFileError:
        return
    assert found == _starts(data)


def _element(name: str, inside: list[str]) -> str:
    return f"<{name}>{''.join(inside)}</{name}>\n"


NAMES = st.sampled_from(["records", "record", "recording", "titles", "title", "style"])
TREES = st.recursive(
    st.text(string.ascii_letters + " \r\n", max_size=5),
    lambda inside: st.builds(_element, NAMES, st.lists(inside, max_size=4)),
    max_leaves=12,
)


@given(st.lists(TREES, max_size=4))
def test_well_formed_files_are_read_whole_or_refused(trees: list[str]) -> None:
    """Wherever records stand in a file, each is a row, or the file is refused."""
    text = _element("xml", trees)
    try:
        found = [row.line for row in _rows(text)]
    except InputFileError as error:
        assert "inside a record" in str(error)  # noqa: PT017
        return
    assert found == _starts(text)


TEXTS = st.text(string.ascii_letters + "é&<>\"' ", min_size=1, max_size=20)


@given(st.lists(TEXTS.filter(lambda text: text.strip()), min_size=1, max_size=5))
def test_text_survives_styles_and_escapes(titles: list[str]) -> None:
    """However text is cut into styles, the record holds it as it was."""
    records = "".join(
        "<record><titles><title>"
        + "".join(f"<style face='normal'>{escape(char)}</style>" for char in title)
        + "</title></titles></record>\n"
        for title in titles
    )
    rows = _rows(f"<xml><records>{records}</records></xml>")
    assert [row.payload["titles/title"] for row in rows] == [
        [title.strip()] for title in titles
    ]
