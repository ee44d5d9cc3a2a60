"""Tests of litreview.starters."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from litreview import starters
from litreview.codebook import parse_codebook
from litreview.errors import UsageError
from litreview.looseends import problems
from litreview.vocabulary import CmoRole
from litreview.yamlfile import parse


@pytest.mark.parametrize("name", starters.CODEBOOKS)
def test_every_starter_is_a_sound_codebook(name: str) -> None:
    """No problems, all three places, and a parent that cannot be applied bare."""
    book = parse_codebook(parse(starters.codebook(name), f"{name}.yaml"), name=name)
    assert problems(book) == []
    roles = {construct.cmo_role for construct in book.constructs}
    assert CmoRole.CONTEXT in roles
    assert CmoRole.MECHANISM in roles
    assert any(not book.applicable(construct.id) for construct in book.constructs)


def test_a_realist_starter_has_the_halves_of_a_mechanism_and_outcomes() -> None:
    """Resource and reasoning are facets; an outcome may be unintended."""
    book = parse_codebook(parse(starters.codebook("cmo"), "c.yaml"), name="c")
    facets = [facet.id for facet in book.facets("mech")]
    assert facets == ["mech.resource", "mech.reasoning"]
    assert book.choose("out.unintended").cmo_role == CmoRole.OUTCOME


def test_the_usual_starter_is_the_first() -> None:
    """Whoever names none gets the one that there always was."""
    assert starters.codebook() == starters.codebook("first")


def test_a_misspelt_name_gets_the_nearest() -> None:
    """And the list of all."""
    with pytest.raises(UsageError, match="'generic'") as caught:
        starters.codebook("generi")
    assert caught.value.fix == "use one of first, cmo, generic"


@given(st.text(max_size=8))
def test_other_names_are_refused(name: str) -> None:
    """Nothing but the names of the list is a starter."""
    if name in starters.CODEBOOKS:
        assert starters.codebook(name)
        return
    with pytest.raises(UsageError):
        starters.codebook(name)
