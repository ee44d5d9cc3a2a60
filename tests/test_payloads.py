"""What counts as another payload, and as a changed record."""

from __future__ import annotations

import pytest
from harvesting import crossref_work, openalex_work
from hypothesis import given
from hypothesis import strategies as st

from litreview import payloads
from litreview.payloads import written

WORKS = {"openalex": openalex_work(1), "crossref": crossref_work(1)}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda some: st.lists(some) | st.dictionaries(st.text(), some),
    max_leaves=5,
)


@pytest.mark.parametrize(
    ("source", "key"),
    [(source, key) for source in WORKS for key in sorted(payloads.COUNTERS[source])],
)
def test_a_counter_alone_makes_no_version(source: str, key: str) -> None:
    """A work that was merely cited or indexed anew is the same as before."""
    assert not payloads.is_new(source, WORKS[source], {**WORKS[source], key: 99})


@given(key=st.text(), value=JSON)
def test_any_other_difference_makes_a_version(key: str, value: object) -> None:
    """Nothing but the counters is ever ignored."""
    old = WORKS["openalex"]
    same = key in old and written({"": old[key]}) == written({"": value})
    differs = key not in payloads.COUNTERS["openalex"] and not same
    assert payloads.is_new("openalex", old, {**old, key: value}) is differs


def test_one_and_true_are_two_things() -> None:
    """Python calls them equal; an answer that says the other has changed."""
    work = openalex_work(1, is_retracted=True)
    assert payloads.is_new("openalex", work, {**work, "is_retracted": 1})


def test_a_source_of_no_counters_has_none_ignored() -> None:
    """The lists hold for the services alone."""
    assert payloads.is_new("ERIC", {"score": 1}, {"score": 2})


@pytest.mark.parametrize(
    ("source", "more", "changed"),
    [
        ("openalex", {"title": "Another"}, True),
        ("openalex", {"is_retracted": True}, True),
        ("openalex", {"topics": [{"id": "T1"}]}, False),
        ("crossref", {"volume": "9"}, True),
        ("crossref", {"updated-by": [{"type": "correction", "DOI": "10.1/x"}]}, True),
        ("crossref", {"reference-count": 3}, False),
    ],
)
def test_changed_is_what_says_something_else_of_the_work(
    source: str, more: dict[str, object], *, changed: bool
) -> None:
    """Fields and later notices count; what no field is read from does not."""
    work = WORKS[source]
    assert payloads.is_new(source, work, {**work, **more})
    assert payloads.has_changed(source, work, {**work, **more}) is changed


def test_what_cannot_be_read_again_counts_as_changed() -> None:
    """Rather too much than too little is told."""
    work = WORKS["openalex"]
    assert payloads.has_changed("openalex", {**work, "id": "P1"}, work)
    assert payloads.has_changed("ERIC", {"a": 1}, {"a": 2})


@given(st.dictionaries(st.text(), JSON))
def test_what_is_packed_comes_back(payload: dict[str, object]) -> None:
    """Keys in any order are the same payload; half a surrogate pair survives."""
    digest, text = written(payload)
    again = payloads.unpacked(payloads.packed(text))
    assert written(again) == (digest, text)
    turned = dict(reversed(payload.items()))
    assert written(turned)[0] == digest
