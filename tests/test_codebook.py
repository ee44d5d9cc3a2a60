"""Tests of litreview.codebook."""

from __future__ import annotations

from dataclasses import FrozenInstanceError

import pytest
from hypothesis import given
from hypothesis import strategies as st

from litreview.codebook import Codebook, Level, Scoring, parse_codebook
from litreview.errors import InputFileError, LitreviewError, NotFoundError
from litreview.looseends import problems
from litreview.protocol import starter_codebook
from litreview.vocabulary import CmoRole
from litreview.yamlfile import parse

TEXT = """\
title: Test
version: "1"
groups:
  - {id: lead, label: Leading, source: ref_a}
constructs:
  - {id: lead.wide, label: Wide, group: lead, cmo_role: context, level: school,
     definition: A parent., sources: [ref_a]}
  - {id: lead.one, label: One, group: lead, parent: lead.wide, cmo_role: mechanism,
     level: teacher, definition: First facet., sources: [ref_a], related: [lead.two]}
  - {id: lead.two, label: Two, group: lead, parent: lead.wide, cmo_role: outcome,
     level: pupil, definition: Second facet., sources: [ref_a], contested_by: [ref_b],
     pole_of: scale, scoring: reverse,
     proxy: {dataset: D1, variable: v, quality: weak}}
  - {id: lead.three, label: Three, group: lead, cmo_role: context, level: team,
     definition: Stands alone., sources: [ref_b], pole_of: scale,
     rule: a / b, attributes: {form: [x, y]}}
references:
  - {id: ref_a, cite: "A (2020)."}
  - {id: ref_b, cite: "B (2021).", doi: 10.5555/b, same_study_as: ref_a,
     checked: memory}
datasets:
  - {id: D1, name: Data, unit: school, key: URN, access: open, cadence: annual,
     holds: things, linkable: true, checked: memory}
"""


def read(text: str = TEXT) -> Codebook:
    """Parse a codebook called test."""
    return parse_codebook(parse(text, "codebooks/test.yaml"), name="test")


def change(old: str, new: str) -> Codebook:
    """Parse the codebook with one text replaced."""
    assert old in TEXT
    return read(TEXT.replace(old, new, 1))


def test_a_codebook_is_read_whole() -> None:
    """Every field of a construct comes out with its own type."""
    codebook = read()
    two, three = codebook.choose("lead.two"), codebook.choose("lead.three")
    assert two.cmo_role is CmoRole.OUTCOME
    assert two.level is Level.PUPIL
    assert two.scoring is Scoring.REVERSE
    assert two.contested
    assert two.proxy is not None
    assert two.proxy.dataset == "D1"
    assert not two.derived
    assert three.derived
    assert three.scoring is Scoring.FORWARD
    assert three.attributes == (("form", ("x", "y")),)
    assert codebook.name == "test"
    assert codebook.references[1].same_study_as == "ref_a"
    assert codebook.datasets[0].linkable
    assert problems(codebook) == []


def test_a_codebook_is_frozen() -> None:
    """Nobody can change a codebook that others hold."""
    with pytest.raises(FrozenInstanceError):
        read().constructs[0].label = "other"  # type: ignore[misc]


def test_a_parent_and_a_group_cannot_be_applied() -> None:
    """The refusal lists the facets, and nothing that cannot be applied itself."""
    codebook = read()
    assert codebook.applicable("lead.one")
    assert not codebook.applicable("lead.wide")
    assert not codebook.applicable("lead")
    assert [c.id for c in codebook.facets("lead.wide")] == ["lead.one", "lead.two"]
    assert [c.id for c in codebook.facets("lead")] == [
        "lead.one",
        "lead.two",
        "lead.three",
    ]
    assert codebook.facets("lead.one") == ()
    with pytest.raises(LitreviewError) as caught:
        codebook.choose("lead.wide")
    assert "lead.one (One); lead.two (Two)" in str(caught.value)
    with pytest.raises(LitreviewError, match=r"group of constructs.*lead\.three"):
        codebook.choose("lead")


def test_an_unknown_construct_gets_a_suggestion() -> None:
    """A misspelt id is refused with the nearest one."""
    with pytest.raises(NotFoundError, match=r"Did you mean 'lead\.three'"):
        read().choose("lead.thre")


@pytest.mark.parametrize(
    ("old", "new", "line", "says"),
    [
        ("title: Test", "titel: Test", 1, "Did you mean 'title'"),
        ("label: Wide, ", "", 6, "'label' is missing"),
        ("label: Wide", "lable: Wide", 6, "Did you mean 'label'"),
        ("cmo_role: mechanism", "cmo_role: mechanisms", 8, "Did you mean 'mechanism'"),
        ("level: pupil", "level: child", 11, "use one of: pupil, teacher"),
        ("id: lead.one", "id: Lead One", 8, "not a usable id"),
        ("quality: weak", "quality: none", 13, "use one of: direct"),
        ("definition: A parent.", "definition: ' '", 7, "'definition' is empty"),
        ("sources: [ref_a], related", "sources: ref_a, related", 9, "expected a list"),
        ("scoring: reverse", "scoring: backwards", 12, "use one of: forward, reverse"),
        ("linkable: true", "linkable: perhaps", 23, "expected true or false"),
        ("checked: memory}\ndata", "checked: hearsay}\ndata", 20, "use one of: found"),
        ("label: Leading", "label: Leading, size: 3", 4, "unknown field 'size'"),
    ],
)
def test_parse_errors_name_the_line(old: str, new: str, line: int, says: str) -> None:
    """A malformed field is told with file, line and the allowed words."""
    with pytest.raises(InputFileError) as caught:
        change(old, new)
    assert str(caught.value).startswith(f"codebooks/test.yaml:{line}: ")
    assert says in str(caught.value)


def test_starter_codebook_is_valid_and_teaches_facets() -> None:
    """A new workspace's codebook has no problems, and one parent with two facets."""
    codebook = read(starter_codebook())
    assert problems(codebook) == []
    assert len(codebook.facets("lead.support")) == 2
    assert not codebook.applicable("lead.support")


@given(
    parents=st.lists(st.one_of(st.none(), st.integers(0, 9)), min_size=1, max_size=10)
)
def test_applicable_constructs_are_the_leaves(parents: list[int | None]) -> None:
    """Whatever the parents, a construct is applicable or has facets, never both.

    A circle or an unknown parent is a problem, and nothing loops for ever.
    """
    lines = [
        f"  - {{id: c{n}, label: L, group: g, cmo_role: context, level: team, "
        f"definition: D, sources: [r]{'' if p is None else f', parent: c{p}'}}}"
        for n, p in enumerate(parents)
    ]
    head = ["title: T", "version: '1'", "groups: [{id: g, label: G}]"]
    tail = ["references: [{id: r, cite: R}]"]
    codebook = read("\n".join([*head, "constructs:", *lines, *tail]))
    for construct in codebook.constructs:
        facets = codebook.facets(construct.id)
        assert codebook.applicable(construct.id) == (not facets)
        assert all(facet.parent == construct.id for facet in facets)

    def is_sound(start: int) -> bool:
        here, seen = parents[start], {start}
        while here is not None and here not in seen and here < len(parents):
            seen.add(here)
            here = parents[here]
        return here is None

    assert (problems(codebook) == []) == all(map(is_sound, range(len(parents))))


def test_a_contested_construct_has_a_claim_and_a_counter_claim() -> None:
    """What its sources hold, and what those who dispute it do."""
    [two] = [
        one
        for one in change(
            "contested_by: [ref_b]",
            "contested_by: [ref_b], claim: It works., counter_claim: It does not.",
        ).constructs
        if one.contested
    ]
    assert (two.id, two.claim, two.counter_claim) == (
        "lead.two",
        "It works.",
        "It does not.",
    )
    assert read().choose("lead.three").claim == ""
