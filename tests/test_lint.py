"""Items that speak past their construct get a note."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from making import BOOK

from litreview import lint, yamlfile
from litreview.codebook import Level, parse_codebook

BOOK_READ = parse_codebook(yamlfile.parse(BOOK, Path("book.yaml")), name="book")
SCHOOL = BOOK_READ.choose("fit.end")
IDS = [c.id for c in BOOK_READ.constructs]


@pytest.mark.parametrize(
    ("level", "referent", "notes"),
    [
        ("school", "my school", 0),
        ("school", "", 0),
        ("school", "the head", 0),
        ("school", "I", 1),
        ("school", "My Team", 1),
        ("teacher", "I", 1),
        ("teacher", "my school", 2),
    ],
)
def test_level_and_referent_should_be_the_constructs(
    level: str, referent: str, notes: int
) -> None:
    """One note for another level, one for a referent of another level."""
    found = lint.level_notes(SCHOOL, level=level, referent=referent)
    assert len(found) == notes


@given(st.sampled_from(list(Level)), st.sampled_from(sorted(lint.REFERENTS)))
def test_a_referent_is_noted_exactly_where_it_is_on_another_level(
    level: Level, referent: str
) -> None:
    """Case does not matter; the construct's level does not either."""
    for spelled in (referent, referent.upper()):
        said = lint.level_notes(SCHOOL, level=level, referent=spelled)
        noted = any("the referent" in note for note in said)
        assert noted is (lint.REFERENTS[referent] != level)


@given(st.lists(st.sampled_from(IDS)))
def test_each_passage_about_something_else_is_noted(constructs: list[str]) -> None:
    """As many notes as passages about another construct, each naming its code."""
    codes = list(enumerate(constructs, start=1))
    notes = lint.evidence_notes(BOOK_READ, "fit.end", codes)
    others = [code_id for code_id, name in codes if name != "fit.end"]
    assert [int(note.split()[1]) for note in notes] == others


def test_kinship_is_said() -> None:
    """A neighbour is called one, a stranger another idea."""
    codes = [(1, "people.trust"), (2, "people.need"), (3, "fit.end")]
    assert lint.evidence_notes(BOOK_READ, "fit.end", codes) == [
        "code 1 is about people.trust, related to it",
        "code 2 is about people.need, another idea",
    ]
