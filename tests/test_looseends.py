"""Tests of litreview.looseends."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_codebook import TEXT, change, read

from litreview.looseends import problems


@pytest.mark.parametrize(
    ("old", "new", "line", "says"),
    [
        ("group: lead, cmo", "group: laed, cmo", 6, "the group 'laed' does not exist"),
        ("parent: lead.wide", "parent: lead.wid", 8, "Did you mean 'lead.wide'"),
        ("related: [lead.two]", "related: [lead.ten]", 8, "the related 'lead.ten'"),
        ("sources: [ref_b]", "sources: [ref_c]", 14, "the source 'ref_c'"),
        ("contested_by: [ref_b]", "contested_by: [x]", 10, "the contested_by 'x'"),
        ("dataset: D1", "dataset: D2", 10, "the dataset 'D2'"),
        ("same_study_as: ref_a", "same_study_as: z", 19, "the same_study_as 'z'"),
        ("source: ref_a}", "source: ref_z}", 4, "the source 'ref_z'"),
        ("id: lead.three", "id: lead.two", 14, "'lead.two' stands twice"),
        ("id: lead.three", "id: lead", 14, "'lead' stands twice"),
        ("id: ref_b", "id: ref_a", 19, "'ref_a' stands twice"),
        (" pole_of: scale,\n", " pole_of: other,\n", 14, "1 pole(s), not two"),
    ],
)
def test_problems_find_what_leads_nowhere(
    old: str, new: str, line: int, says: str
) -> None:
    """A dangling reference or a double id is found, with its line."""
    found = problems(change(old, new))
    assert any(says in str(p) and p.line == line for p in found), found


def test_problems_find_parents_in_a_circle() -> None:
    """Constructs that are each other's parents are all reported."""
    found = problems(change("{id: lead.wide, ", "{id: lead.wide, parent: lead.one, "))
    assert [problem.line for problem in found] == [6, 8]
    assert "its own parent" in str(found[0])


def test_problems_report_all_at_once_in_order() -> None:
    """Two mistakes give two problems, the earlier line first."""
    text = TEXT.replace("dataset: D1", "dataset: D2").replace("[lead.two]", "[nobody]")
    assert [problem.line for problem in problems(read(text))] == [8, 10]


def test_a_counter_claim_needs_somebody_who_makes_it() -> None:
    """A claim may stand alone; what is held against it names a reference."""
    claim = "definition: Stands alone., claim: It helps., counter_claim: It does not."
    found = problems(change("definition: Stands alone.", claim))
    assert [problem.line for problem in found] == [14]
    assert "a counter-claim that nobody makes" in str(found[0])
    made = f"{claim}, contested_by: [ref_a]"
    assert problems(change("definition: Stands alone.", made)) == []


@given(st.lists(st.sampled_from(["ref_a", "ref_b", "ref_c", "ref_d"]), max_size=4))
def test_every_unknown_reference_is_found(names: list[str]) -> None:
    """As many problems as names that no reference has, and no more."""
    sources = f"sources: [{', '.join(names)}], pole_of"
    found = problems(read(TEXT.replace("sources: [ref_b], pole_of", sources)))
    assert len(found) == sum(name in {"ref_c", "ref_d"} for name in names)
