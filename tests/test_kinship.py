"""Constructs know what is above, below and beside them."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from making import BOOK

from litreview import kinship, yamlfile
from litreview.codebook import Codebook, Construct, Level, parse_codebook
from litreview.vocabulary import CmoRole

IDS = [f"c{number}" for number in range(6)]


@pytest.fixture
def book() -> Codebook:
    """Return the made codebook."""
    return parse_codebook(yamlfile.parse(BOOK, Path("book.yaml")), name="book")


def test_a_group_covers_its_constructs_and_their_facets(book: Codebook) -> None:
    """Below a group are all its constructs, below a parent its facets."""
    assert kinship.below(book, "fit.plan") == {"fit.plan_early", "fit.plan_shared"}
    fit = {"fit.plan", "fit.plan_early", "fit.plan_shared", "fit.end"}
    assert kinship.below(book, "fit") == fit
    assert kinship.below(book, "fit.end") == set()


def test_names_are_constructs_and_groups(book: Codebook) -> None:
    """A codebook answers for its groups and constructs and for nothing else."""
    assert kinship.names(book, "fit")
    assert kinship.names(book, "fit.end")
    assert not kinship.names(book, "fit.ended")


@pytest.mark.parametrize(
    ("one", "other", "tie"),
    [
        ("fit.plan_early", "fit.plan_shared", "another facet of the same construct"),
        ("fit.plan", "fit.plan_early", "a facet of it"),
        ("fit.plan_early", "fit.plan", "the construct of which it is a facet"),
        ("people.trust", "people.distrust", "on the same scale"),
        ("people.trust", "fit.end", "related to it"),
        ("fit.end", "fit.plan", "of the same group"),
        ("people.need", "fit.plan", ""),
        ("people.need", "people.need", ""),
        ("people.need", "nothing", ""),
    ],
)
def test_the_nearest_tie_is_named(
    book: Codebook, one: str, other: str, tie: str
) -> None:
    """Two constructs are akin in the nearest way, or not at all."""
    assert kinship.between(book, one, other) == tie


@st.composite
def books(draw: st.DrawFn) -> Codebook:
    """Draw a codebook of a few constructs with any ties, parents in order."""
    made = []
    for place, name in enumerate(IDS):
        made.append(
            Construct(
                id=name,
                label=name,
                group=draw(st.sampled_from(["g1", "g2", "g3"])),
                cmo_role=CmoRole.CONTEXT,
                level=Level.SCHOOL,
                definition="",
                sources=(),
                parent=draw(st.sampled_from(["", *IDS])),
                same_as=draw(st.sampled_from(["", *IDS[:place]])),
                related=tuple(draw(st.lists(st.sampled_from(IDS), max_size=2))),
                pole_of=draw(st.sampled_from(["", "", "scale"])),
            )
        )
    return Codebook("b", "b", "1", "en", (), (), tuple(made), (), ())


@given(books())
def test_kinship_is_mutual(book: Codebook) -> None:
    """If one is akin to another, so is the other to the one; circles end."""
    for one, other in pairwise([*IDS, IDS[0]]):
        there, back = (
            kinship.between(book, one, other),
            kinship.between(book, other, one),
        )
        assert bool(there) == bool(back)
    for name in IDS:
        assert name not in kinship.below(book, name)
        children = {c.id for c in book.constructs if c.parent == name} - {name}
        assert children <= kinship.below(book, name)


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("fit.end", ["fit.end"]),
        ("trust", ["people.trust", "people.distrust"]),
        ("plan", ["fit.plan_early", "fit.plan_shared"]),
        ("TOGETHER", ["fit.plan_shared"]),
        ("end state", ["fit.end"]),
        ("people", ["people.trust", "people.distrust", "people.need"]),
        ("plannning earley", ["fit.plan_early"]),
        ("xyzzy", []),
    ],
)
def test_a_part_of_a_name_finds_constructs(
    book: Codebook, typed: str, found: list[str]
) -> None:
    """By id, label, parent or group, or nearly; never one that cannot be applied."""
    named = [construct.id for construct in kinship.named([book], typed)]
    assert named[: len(found)] == found
    assert bool(named) == bool(found)
    assert "fit.plan" not in named
