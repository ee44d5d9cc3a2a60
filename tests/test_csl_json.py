"""Promises of litreview.sources.csl_json."""

from __future__ import annotations

import io
import json
from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from endless import Endless
from hypothesis import given
from hypothesis import strategies as st

from litreview.citation import Author, Citation
from litreview.errors import InputFileError
from litreview.sources import csl_json
from litreview.sources.rows import Row

FILES = Path(__file__).resolve().parent / "files"
PATH = Path("some.json")


def _rows(text: str) -> list[Row]:
    return list(csl_json.read(io.StringIO(text), PATH))


def _starts(text: str) -> list[int]:
    return list(csl_json.starts(io.StringIO(text)))


def _file(name: str) -> list[Row]:
    with (FILES / name).open(encoding="utf-8") as stream:
        return list(csl_json.read(stream, FILES / name))


def _one(**item: Any) -> Citation:
    (row,) = _rows(json.dumps([item]))
    return row.citation


# -- what other programs write -------------------------------------------------------


@pytest.mark.parametrize(("name", "lines"), [("zotero", [2, 22, 31]), ("doi-org", [1])])
def test_every_item_of_a_file_is_counted_and_recognised(
    name: str, lines: list[int]
) -> None:
    """Items have the lines of an editor, also where all is on one."""
    text = (FILES / f"{name}.json").read_text(encoding="utf-8")
    assert [row.line for row in _file(f"{name}.json")] == _starts(text) == lines
    assert csl_json.looks_like(text[:4000])


def test_an_article_of_zotero() -> None:
    """Every variable finds its place; markup goes, particles and suffixes stay."""
    row = _file("zotero.json")[0]
    found = row.citation
    assert (row.database, found.source) == ("", "")
    assert found.source_id == "http://zotero.org/users/1/items/AAAA1111"
    assert found.title == "Trust in vivo: does it grow?"
    assert found.authors == (
        Author("van Beethoven", "Ludwig"),
        Author("King", "Martin Jr."),
        Author("", literal="Institute for Teaching"),
    )
    assert (found.year, found.published) == (2021, "2021-06-03")
    assert (found.container_title, found.volume) == (
        "Journal of Invented Studies",
        "17",
    )
    assert (found.issue, found.pages, found.doi) == ("2", "101-120", "10.5555/csl.1")
    assert (found.abstract, found.issn) == ("One.\nTwo.", "1234-5678 2049-3630")
    assert (found.url, found.language) == ("https://example.org/1", "en")
    assert (found.type, found.flags) == ("article-journal", ())
    assert row.payload["container-title"] == "Journal of Invented Studies"


def test_numbers_lists_and_loose_dates() -> None:
    """An id may be a number, a date a word; editors stand in for authors."""
    _, book, last = (row.citation for row in _file("zotero.json"))
    assert (book.source_id, book.isbn, book.year) == ("17", "9780262033848", 2004)
    assert book.authors == (Author("Doe", "Al"),)
    assert book.flags == ("authors-are-editors",)
    assert (last.type, last.genre) == ("document", "article-newspaper-online")
    assert (last.published, last.pmid, last.retracted) == ("2019-05", "25642185", True)
    assert last.authors == (Author("Plato"),)
    assert last.flags == ("no-title", "odd-type")


def test_the_answer_of_doi_org_is_one_item() -> None:
    """Crossref's words and lists are understood, with ORCIDs."""
    (row,) = _file("doi-org.json")
    found = row.citation
    assert (found.type, found.title) == ("article-journal", "Trust: A study")
    assert found.authors == (
        Author("Marsh", "Ella", orcid="0000-0002-1825-0097"),
        Author("", literal="A Consortium"),
    )
    assert (found.source_id, found.published) == ("line-1", "2021")
    assert (found.abstract, found.flags) == ("We asked.", ())


def test_items_may_be_wrapped() -> None:
    """An object with a list of items is that list, whatever else it says."""
    text = (
        '{"style": {"items": [{}]},\n "items": [\n'
        '{"id": 1, "author": [{}]},\n{"id": 2}], "more": [{"id": 3}]}'
    )
    assert [row.line for row in _rows(text)] == _starts(text) == [3, 4]
    assert _rows("[]") == _rows('{"items": []}') == []
    assert _starts("[]") == _starts('{"items": []}') == []


@pytest.mark.parametrize(
    ("issued", "published"),
    [
        ({"date-parts": [[2021]]}, "2021"),
        ({"date-parts": [["2021", "6"], ["2021", "8"]]}, "2021-06"),
        ({"date-parts": [2021, 6]}, "2021-06"),
        ({"date-parts": [[None]]}, ""),
        ({"date-parts": []}, ""),
        ({"raw": "2021-06-30T10:00"}, "2021-06-30"),
        ({"literal": "June 2021"}, "2021-06"),
        ("2021-06-30", "2021-06-30"),
        (2021, "2021"),
        ([[2021, 13]], "2021"),
        (None, ""),
    ],
)
def test_dates_keep_their_precision(issued: object, published: str) -> None:
    """However a date is nested, it is as precise as it is told."""
    found = _one(title="T", issued=issued)
    assert found.published == published
    assert found.year == (int(published[:4]) if published else None)


# -- what is broken ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "line", "told"),
    [
        ('[{"id": 1},\n 7]', 2, "an item is a number"),
        ('[{"id": 1},\n{"id": 1}]', 2, "stands on line 1 already"),
        ('[{"id": 1}\n{"id": 2}]', 2, ", or ] is missing"),
        ('[{"id": 1},\n{"id": "2\n}]', 2, "is not JSON"),
        ('[{"id": 1},\n', 2, "is not JSON"),
        ('[{"id": 1},\n{"id": NaN}]', 2, "is not JSON"),
        ('{"title": "T"}\n{"title": "U"}', 2, "more stands behind its end"),
        ('\n{"files": []}', 2, "is JSON, but no list of references. The object"),
        ('{"a": 1}', 1, "is JSON, but no list of references. The object"),
        ("{}", 1, "is JSON, but no list of references. The object"),
        ("7", 1, "is JSON, but no list of references. There is only a number"),
        ("title", 1, "is not JSON"),
        ("", 1, "is not JSON"),
        ("[" * 100_000, 1, "nested too deeply"),
    ],
)
def test_what_is_no_csl_is_refused_with_its_line(
    text: str, line: int, told: str
) -> None:
    """Nothing is skipped: what is broken is named with its line."""
    with pytest.raises(InputFileError) as caught:
        _rows(text)
    assert caught.value.line == line
    assert told in str(caught.value)


@pytest.mark.parametrize(
    "head", ["TY  - JOUR\n", "@article{a,", '{"files": {"a": 1}}', "[1, 2]", "", "{"]
)
def test_other_files_do_not_look_like_csl(head: str) -> None:
    """JSON alone is no list of works."""
    assert not csl_json.looks_like(head)


@given(
    st.dictionaries(
        st.sampled_from(
            ["id", "type", "title", "author", "issued", "ISSN", "custom", "abstract"]
        ),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text() | st.floats(0, 1),
            lambda inner: (
                st.lists(inner, max_size=3)
                | st.dictionaries(
                    st.sampled_from(["family", "literal", "date-parts", "litreview"]),
                    inner,
                    max_size=3,
                )
            ),
            max_leaves=5,
        ),
    )
)
def test_any_object_is_read(item: dict[str, Any]) -> None:
    """Values of the wrong kind count as absent; the item is kept as it came."""
    text = json.dumps([item])
    (row,) = _rows(text)
    assert row.payload == item
    assert row.citation.source_id


# -- size ----------------------------------------------------------------------------


def test_a_file_is_read_item_by_item() -> None:
    """Of a file without end, no more is read than the items asked for."""
    raw = Endless("[", '{"title": "A title"},\n')
    with io.TextIOWrapper(io.BufferedReader(raw), encoding="utf-8") as stream:
        rows = list(islice(csl_json.read(stream, PATH), 1000))
    assert [row.line for row in rows[-2:]] == [999, 1000]
    assert raw.handed < 200_000


def test_counting_needs_no_line_ends() -> None:
    """A file on one line is counted in blocks, through strings that they cut."""
    raw = Endless("[", '{"title": "A [{ \\" title"},')
    with io.TextIOWrapper(io.BufferedReader(raw), encoding="utf-8") as stream:
        assert set(islice(csl_json.starts(stream), 10_000)) == {1}
    assert raw.handed < 1_000_000


def test_items_that_blocks_cut_are_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever a block ends, items, lines and the count are the same."""
    text = (FILES / "zotero.json").read_text(encoding="utf-8")
    whole = _rows(text), _starts(text)
    for size in (1, 2, 7, 64):
        monkeypatch.setattr(csl_json, "_BLOCK", size)
        assert (_rows(text), _starts(text)) == whole
