"""Pairs that look alike at a glance."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from litreview import lookalikes
from litreview.lookalikes import REACH, Glance


def test_one_doi_or_one_title_is_enough() -> None:
    """Equal pairs share a DOI or a title; what nobody told is not shared."""
    records = [
        Glance(1, "trust in schools", "10.5555/a"),
        Glance(2, "calendars", "10.5555/a"),
        Glance(3, "trust in schools"),
        Glance(4, ""),
        Glance(5, ""),
    ]
    assert lookalikes.equal(records) == {(1, 2), (1, 3)}


def test_titles_may_differ_at_either_end_or_in_order() -> None:
    """Near titles meet by their beginnings, their ends, and their words."""
    title = "relational trust in the reform of urban primary schools"
    records = [
        Glance(1, title),
        Glance(2, title + " again"),
        Glance(3, "on " + title),
        Glance(4, "the calendar of meetings"),
    ]
    assert lookalikes.alike(records) == {(1, 2), (1, 3), (2, 3)}


def test_a_title_shared_by_many_stays_bounded() -> None:
    """A thousand editorials make a few pairs each."""
    records = [Glance(number, "editorial") for number in range(1000)]
    assert len(lookalikes.equal(records)) <= REACH * 1000
    assert lookalikes.alike(records) == set()


glances = st.lists(
    st.builds(
        lambda title, doi: (title, doi),
        st.sampled_from(
            ["", "trust", "trust in schools", "trust in school", "calendar"]
        ),
        st.sampled_from(["", "10.1/a", "10.1/b"]),
    ),
    max_size=12,
)


@given(glances, st.randoms())
def test_the_order_of_records_is_of_no_importance(
    told: list[tuple[str, str]], chance: object
) -> None:
    """Pairs are ordered by id, name two records, and do not depend on the order."""
    records = [Glance(number, *one) for number, one in enumerate(told)]
    mixed = list(records)
    chance.shuffle(mixed)  # type: ignore[attr-defined]
    for find in (lookalikes.equal, lookalikes.alike):
        found = find(records)
        assert found == find(mixed)
        assert all(a < b for a, b in found)
