"""Promises of litreview.citation."""

from __future__ import annotations

import dataclasses

import pytest
from hypothesis import given
from hypothesis import strategies as st

from litreview.citation import (
    Author,
    Citation,
    author,
    authors_text,
    parse_authors,
    short_reference,
)

SIMS = Author("Sims", "Sam")
FLETCHER = Author("Fletcher-Wood", "Harry")
DFE = Author("", literal="Department for Education")

_words = st.text("abcdeÉößñ中ABC-'. ", min_size=1, max_size=12).map(
    lambda text: " ".join(text.split())
)
_names = _words.filter(lambda text: any(c.isalpha() for c in text))
_persons = st.builds(Author, family=_names, given=_names | st.just(""))
_groups = st.builds(
    Author, family=st.just(""), literal=st.text("abcA ,;", min_size=1, max_size=12)
).filter(
    lambda a: (
        any(c.isalpha() for c in a.literal) and a.literal == " ".join(a.literal.split())
    )
)


@given(st.lists(_persons | _groups, max_size=4).map(tuple))
def test_authors_are_read_back_as_written(authors: tuple[Author, ...]) -> None:
    """A line of authors holds their names without loss."""
    assert parse_authors(authors_text(authors)) == authors


@given(st.text())
def test_any_text_is_a_list_of_authors(text: str) -> None:
    """No line breaks the reader, and no author is nameless."""
    assert all(name.family or name.literal for name in parse_authors(text))


def test_authors_are_written_plainly() -> None:
    """People read "Family, Given"; marks appear only where they are needed."""
    text = authors_text((SIMS, DFE, Author("Plato")))
    assert text == "Sims, Sam; Department for Education; Plato"
    assert authors_text((Author("OECD"),)) == "OECD,"
    assert authors_text((Author("", literal="Ann; Co"),)) == "{Ann; Co}"
    assert authors_text(()) == ""


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("Sims, Sam; Fletcher-Wood, Harry", (SIMS, FLETCHER)),
        ("Sam Sims", (SIMS,)),
        ("Department for Education", (DFE,)),
        ("OECD", (Author("", literal="OECD"),)),
        ("{Deng, Xu & Partners}; Sims, Sam",
         (Author("", literal="Deng, Xu & Partners"), SIMS)),
        ("Smith; Jones", (Author("Smith"), Author("Jones"))),
        ("van der Berg, J.", (Author("van der Berg", "J."),)),
        (" ; ,; . ;", ()),
        (", Sam", (Author("Sam"),)),
        ("{}", ()),
    ],
)  # fmt: skip
def test_authors_are_read(text: str, wanted: tuple[Author, ...]) -> None:
    """People, organisations and noise are told apart."""
    assert parse_authors(text) == wanted


def test_an_orcid_stays_with_its_person() -> None:
    """The ORCID given with a name ends in the author."""
    found = author("Sam Sims", orcid="0000-0002-1825-0097")
    assert found == Author("Sims", "Sam", orcid="0000-0002-1825-0097")


@pytest.mark.parametrize(
    ("authors", "year", "wanted"),
    [
        ((SIMS,), 2021, "Sims (2021)"),
        ((SIMS, FLETCHER), 2021, "Sims and Fletcher-Wood (2021)"),
        ((SIMS, FLETCHER, DFE), 2021, "Sims et al. (2021)"),
        ((DFE,), None, "Department for Education (n.d.)"),
        ((), 2016, "Teachers and their work… (2016)"),
    ],
)
def test_a_reference_fits_a_sentence(
    authors: tuple[Author, ...], year: int | None, wanted: str
) -> None:
    """A citation is named by authors and year, or by the title's first words."""
    title = "Teachers and their work in England"
    citation = Citation("csv", "1", title, authors, year)
    assert short_reference(citation) == wanted


def test_a_reference_never_is_empty() -> None:
    """Without author and title the record's id names it."""
    assert short_reference(Citation("csv", "line-7", "")) == "line-7 (n.d.)"


def test_a_citation_cannot_be_changed() -> None:
    """Citations are values."""
    citation = Citation("csv", "1", "Title")
    with pytest.raises(dataclasses.FrozenInstanceError):
        citation.title = "Other"  # type: ignore[misc]
