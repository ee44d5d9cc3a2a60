"""The names of filters: which are known, and which look like a slip."""

from __future__ import annotations

import pytest
from habanero import Crossref
from hypothesis import given
from hypothesis import strategies as st

from litreview.demo import crossref_filters, openalex_filters
from litreview.filters import COMPILED_FILTERS, FILTERS, is_known, meant

DOTTED = ("award", "full-text", "license", "relation")


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("openalex", "primary_location.source.id"),
        ("openalex", "authorships.institutions.lineage"),
        ("openalex", "citation_normalized_percentile.is_in_top_10_percent"),
        ("openalex", "title_and_abstract.search.exact"),
        ("openalex", "has-abstract"),
        ("crossref", "has-abstract"),
        ("crossref", "until-online-pub-date"),
        ("crossref", "relation.object-type"),
    ],
)
def test_documented_filters_are_known(source: str, name: str) -> None:
    """Names of each kind that the services document."""
    assert is_known(source, name)


@pytest.mark.parametrize(
    ("source", "name", "likely"),
    [
        ("openalex", "has_abstrct", "has_abstract"),
        ("openalex", "funder.id", "funders.id"),
        ("openalex", "from_update_date", "from_updated_date"),
        ("crossref", "has_abstract", "has-abstract"),
        ("crossref", "until-pubdate", "until-pub-date"),
        ("openalex", "banana", None),
        ("openalex", "has_pdf", None),  # a service may well come to have it
        ("crossref", "language", None),
    ],
)
def test_a_slip_is_told_from_a_strange_name(
    source: str, name: str, likely: str | None
) -> None:
    """Only what is nearly a known name is taken for it."""
    assert not is_known(source, name)
    assert meant(source, name) == likely


def test_the_filters_of_others_are_known() -> None:
    """Those that habanero lists for Crossref, and those that the local server has."""
    lost = []
    for snake in Crossref().filter_names():
        name = snake.replace("_", "-")
        for field in DOTTED:
            name = (
                name.replace(f"{field}-", f"{field}.", 1)
                if _below(name, field)
                else name
            )
        lost += [] if is_known("crossref", name) else [name]
    assert lost == []
    ours = [
        *openalex_filters.VALUES,
        *openalex_filters.DATES,
        *openalex_filters.NUMBERS,
    ]
    assert [name for name in ours if not is_known("openalex", name)] == []
    assert [n for n in crossref_filters.VALUES if not is_known("crossref", n)] == []


def _below(name: str, field: str) -> bool:
    return name.startswith(f"{field}-")


def test_what_the_compiler_writes_is_known() -> None:
    """Our own requests hold no filter that we would warn of."""
    for source, names in COMPILED_FILTERS.items():
        assert names <= FILTERS[source]


@given(st.sampled_from(sorted(FILTERS)), st.data())
def test_a_letter_too_many_is_always_a_slip(source: str, data: st.DataObject) -> None:
    """A name with its last letter twice is unknown, and has a known one beside it."""
    name = data.draw(st.sampled_from(sorted(FILTERS[source])))
    wrong = name + name[-1]
    assert not is_known(source, wrong)
    assert (meant(source, wrong) or "") in FILTERS[source]
