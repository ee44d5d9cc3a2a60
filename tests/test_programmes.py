"""Programmes: a search asks for every name, a study has the name of its year."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from litreview import yamlfile
from litreview.errors import InputFileError
from litreview.programmes import Name, Programme, parse_programmes
from litreview.strategy import parse_strategy

ECTE = """\
programmes:
  - id: ecte
    label: Early Career Teacher Entitlement
    names:
      - {name: Early Career Teacher Entitlement, from: 2025}
      - {name: ECTE, from: 2025, search: false}
      - {name: Early Career Framework, from: 2019, to: 2025}
      - {name: NQT induction, to: 2018}
"""
STRATEGY = """\
title: T
purpose: P
research_questions: [RQ1]
sources: [openalex]
not_searched: {crossref: one source is enough here}
languages: {any: true, why: no limit}
published: {from: 2000-01-01, to: 2026-06-30, why: the protocol}
blocks:
  offer:
    - induction year
    - {programme: ecte}
"""


def read(text: str) -> dict[str, Programme]:
    """Return the programmes of a text."""
    return parse_programmes(yamlfile.parse(text, "screening/programmes.yaml"))


@pytest.mark.parametrize(
    ("year", "name"),
    [
        (2015, "NQT induction"),
        (2018, "NQT induction"),
        (2019, "Early Career Framework"),
        (2025, "Early Career Teacher Entitlement"),
        (2031, "Early Career Teacher Entitlement"),
        (None, "Early Career Teacher Entitlement"),
    ],
)
def test_a_study_has_the_name_in_force_in_its_year(year: int | None, name: str) -> None:
    """In a year of change the new name counts; without a year, the present one."""
    assert read(ECTE)["ecte"].name_in(year) == name


def test_a_search_for_a_programme_asks_for_every_name() -> None:
    """The programme stands for its old names too, short forms left out (F13)."""
    node = yamlfile.parse(STRATEGY, "queries/offer.yaml")
    found = parse_strategy(node, name="offer", programmes=read(ECTE))
    assert [term.text for term in found.blocks[0].terms] == [
        "induction year",
        "Early Career Teacher Entitlement",
        "Early Career Framework",
        "NQT induction",
    ]


def test_a_stored_search_is_read_without_the_programmes() -> None:
    """A strategy of the database has only its own text: the id stands there."""
    node = yamlfile.parse(STRATEGY, "queries/offer.yaml")
    found = parse_strategy(node, name="offer")
    assert [term.text for term in found.blocks[0].terms] == ["induction year", "ecte"]


@pytest.mark.parametrize(
    ("programmes", "told"),
    [({}, "no programme 'ecte'"), (read(ECTE.replace("ecte", "npq")), "'ecte'")],
    ids=["none", "another"],
)
def test_an_unknown_programme_is_told_with_its_line(
    programmes: dict[str, Programme], told: str
) -> None:
    """A search cannot ask for what nobody listed."""
    node = yamlfile.parse(STRATEGY, "queries/offer.yaml")
    with pytest.raises(InputFileError) as caught:
        parse_strategy(node, name="offer", programmes=programmes)
    assert told in str(caught.value)
    assert "11" in str(caught.value)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("from: 2019, to: 2025", "from: 2026, to: 2025", "later than the end"),
        ("NQT induction", "ECTE", "stands twice"),
        ("id: ecte", "id: Ecte!", "not a usable id"),
        ("search: false", "searched: false", "unknown field"),
        ("from: 2025}", "from: soon}", "whole number"),
    ],
)
def test_a_mistake_is_told_in_words(old: str, new: str, told: str) -> None:
    """Each mistake of the file is one message with its line."""
    with pytest.raises(InputFileError, match=told):
        read(ECTE.replace(old, new))


def test_a_programme_without_a_name_to_search_is_refused() -> None:
    """A programme that no search could ask for would be dropped in silence."""
    text = "programmes: [{id: a, label: A, names: [{name: A, search: false}]}]"
    with pytest.raises(InputFileError, match="no name can be searched"):
        read(text)


YEARS = st.integers(1900, 2100)


@given(
    st.lists(st.tuples(YEARS, st.integers(0, 40)), min_size=1, max_size=5),
    YEARS,
)
def test_the_name_of_a_year_is_one_that_was_in_force(
    spans: list[tuple[int, int]], year: int
) -> None:
    """Whatever the years, the name held then; the label stands where none did."""
    names = tuple(
        Name(f"name {at}", first, first + more)
        for at, (first, more) in enumerate(spans)
    )
    told = Programme("p", "label", names).name_in(year)
    held = {name.text for name in names if name.holds(year)}
    assert told in held if held else told == "label"
