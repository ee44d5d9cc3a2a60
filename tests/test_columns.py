"""Reading columns: many fields at once give what each gives alone."""

from __future__ import annotations

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from litreview import columns
from litreview.columns import Entry, columns_of
from litreview.plain import (
    ARTICLE,
    CHAPTER,
    NOBODY,
    PREPRINT,
    THESIS,
    family_name,
    notice_kind,
    page_numbers,
    plain_author,
    plain_doi,
    title_words,
)

# Texts as sources write them, and what may hide in them.
PIECES = st.sampled_from(
    [
        *"aZ9 -;,.:/()[]<>&\n%",
        *("\u00e9", "\u03b2", "\u00c3\u00a9", "\u2010", "&amp;", "o'n", "a b"),
        *("van ", "Anon", "Retracted: ", "erratum", "reply", "vol 3 pg 4", "#NAME?"),
        *("[see comments]", "(letter", "(Erratum appears in", "comment", "review"),
        *("\u0301", "\u0915\u093f", "\u2013", "0", "1091-7", ", ", "; "),
        *("10.1234/", "https://doi.org/", "figshare.1.v2", "123", "S4"),
    ]
)
TEXTS = st.lists(st.lists(PIECES, max_size=8).map("".join), max_size=6)


def series(texts: list[str]) -> pl.Series:
    """Make a column of texts."""
    return pl.Series(texts, dtype=pl.String)


@settings(deadline=None)
@given(TEXTS)
def test_many_at_once_read_as_each_alone(texts: list[str]) -> None:
    """The quick way and the careful way agree on titles, names, DOIs and pages."""
    told = series(texts)
    words = columns.read_titles(told)
    assert words.to_list() == [title_words(text) for text in texts]
    assert columns.read_notices(words).tolist() == [notice_kind(text) for text in words]
    assert columns.read_dois(told).to_list() == [plain_doi(text) for text in texts]
    first, last = columns.read_pages(told)
    pages = [page_numbers(text) for text in texts]
    assert list(zip(first.tolist(), last.tolist(), strict=True)) == pages
    each = [map(family_name, map(plain_author, text.split(";"))) for text in texts]
    names = [[name for name in people if name] for people in each]
    assert columns.read_families(told).to_list() == names
    assert not {name for people in names for name in people} & NOBODY


@pytest.mark.parametrize(
    ("authors", "names"),
    [
        ("van der Berg, Jan; O'Neil, P.", ["berg", "oneil"]),
        ("Smith J; Jane Doe", ["smith", "doe"]),
        ("Pe\u00f1a, I; M\u00c3\u00bcller, J", ["pena", "muller"]),
        ("Anonymous", []),
        ("; ,", []),
        ("de la, Maria", ["dela"]),
    ],
)
def test_authors_become_family_names(authors: str, names: list[str]) -> None:
    """Particles, accents and nobody are left out, whatever the order of names."""
    assert columns.read_families(series([authors])).to_list() == [names]


def test_the_place_tells_a_preprint_before_the_type_does() -> None:
    """Preprint servers are known by DOI, name and source."""
    told = [
        Entry(1, type="article", doi="10.48550/arxiv.2001.1"),
        Entry(2, type="article", container_title="bioRxiv"),
        Entry(3, type="article", source="arxiv"),
        Entry(4, doi="10.1101/gad.1234", container_title="Genes & Development"),
        Entry(5, type="book-chapter"),
        Entry(6, type="thesis"),
    ]
    forms = [PREPRINT, PREPRINT, PREPRINT, ARTICLE, CHAPTER, THESIS]
    assert columns_of(told).form.tolist() == forms


def test_columns_keep_the_order_of_the_entries() -> None:
    """Equal texts get equal codes, missing ones 0."""
    columns = columns_of([Entry(9, title="A b"), Entry(4), Entry(5, title="Ab!")])
    assert columns.ids.tolist() == [9, 4, 5]
    assert columns.title[0] == columns.title[2] > 0
    assert columns.title[1] == columns.doi[0] == columns.year[0] == 0


def test_codes_are_the_same_everywhere() -> None:
    """They may be stored: the numbers are known here, and none is 0 or negative."""
    found = columns.codes(series(["", "teacher trust", "10.1234/ab"]))
    assert found.tolist() == [0, 3574204499050961509, 3441620857232899872]
