"""Tests of litreview.redefinition."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from test_codebook import TEXT, change, read

from litreview.codebook import Codebook
from litreview.redefinition import FACETS, GONE, WIDE, Change, diff, redefined


def test_diff_of_a_codebook_with_itself_is_empty() -> None:
    """Comments and blank lines make no difference."""
    assert diff(read(), read("# a comment\n\n" + TEXT)) == []


def test_diff_names_what_changed() -> None:
    """Added, removed and changed entries are told, with old and new values."""
    new = read(
        TEXT.replace("First facet.", "The first.")
        .replace("id: lead.three", "id: lead.four")
        .replace("10.5555/b", "10.5555/c")
        .replace("quality: weak", "quality: partial")
    )
    assert diff(read(), new) == [
        Change("added", "construct", "lead.four"),
        Change("removed", "construct", "lead.three"),
        Change(
            "changed",
            "construct",
            "lead.one",
            "definition",
            "First facet.",
            "The first.",
        ),
        Change(
            "changed",
            "construct",
            "lead.two",
            "proxy",
            "D1: v (weak)",
            "D1: v (partial)",
        ),
        Change("changed", "reference", "ref_b", "doi", "10.5555/b", "10.5555/c"),
    ]


def fields(construct: str, new: Codebook) -> list[str]:
    """Return the names of what changed for a construct."""
    return [one.field for one in redefined(construct, read(), new)]


@pytest.mark.parametrize(
    ("old", "new", "construct", "changed"),
    [
        ("First facet.", "The first.", "lead.one", ["definition"]),
        ("First facet.", "The first.", "lead.three", []),
        (
            "definition: First facet.",
            "definition: First facet., include_when: Always.",
            "lead.one",
            ["include_when"],
        ),
        ("label: One", "label: The one", "lead.one", []),
        ("sources: [ref_b]", "sources: [ref_a]", "lead.three", []),
        ("level: team", "level: school", "lead.three", ["level"]),
        ("id: lead.three", "id: lead.four", "lead.three", [GONE]),
        (
            "{id: lead.two, label: Two, group: lead, parent: lead.wide",
            "{id: lead.two, label: Two, group: lead, parent: lead.three",
            "lead.three",
            [WIDE],
        ),
        (
            "{id: lead.two, label: Two, group: lead, parent: lead.wide",
            "{id: lead.two, label: Two, group: lead, parent: lead.three",
            "lead.one",
            [FACETS],
        ),
        (
            "{id: lead.two, label: Two, group: lead, parent: lead.wide",
            "{id: lead.two, label: Two, group: lead, parent: lead.three",
            "lead.two",
            ["parent"],
        ),
        (
            "attributes: {form: [x, y]}",
            "attributes: {form: [x]}",
            "lead.three",
            ["attributes"],
        ),
    ],
)
def test_what_a_coder_goes_by_is_what_counts(
    old: str, new: str, construct: str, changed: list[str]
) -> None:
    """Definition, rules of use, place and facets do; labels and sources do not."""
    assert fields(construct, change(old, new)) == changed


def test_a_construct_that_was_never_there_changed_nothing() -> None:
    """There is nothing to compare."""
    assert redefined("nobody", read(), read()) == []


def test_facets_are_told_by_name() -> None:
    """What became a parent names its facets."""
    new = change(
        "group: lead, parent: lead.wide, cmo_role: outcome",
        "group: lead, parent: lead.three, cmo_role: outcome",
    )
    [told] = redefined("lead.three", read(), new)
    assert (told.field, told.new) == (WIDE, "lead.two")


@given(st.sampled_from(["lead.one", "lead.two", "lead.three", "lead.wide", "x"]))
def test_a_codebook_redefines_nothing_against_itself(construct: str) -> None:
    """The same text has the same meaning."""
    assert redefined(construct, read(), read("# another line" + chr(10) + TEXT)) == []
