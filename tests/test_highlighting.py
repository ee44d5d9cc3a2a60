"""Terms that speak for or against a record, found in texts."""

from __future__ import annotations

import itertools
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from litreview.errors import InputFileError
from litreview.highlighting import (
    Highlight,
    Side,
    Span,
    parse_highlight,
    pattern,
    spans,
)
from litreview.protocol import STARTER_CRITERIA, parse_criteria
from litreview.yamlfile import parse


def found(text: str, *, include: str = "", exclude: str = "") -> list[tuple[str, str]]:
    """Return the marked places of a text, terms separated by commas."""
    terms = [
        tuple(term.strip() for term in side.split(",") if side)
        for side in (include, exclude)
    ]
    marked = spans(text, Highlight(*terms))
    return [(text[span.start : span.end], str(span.side)) for span in marked]


@pytest.mark.parametrize(
    ("text", "term", "places"),
    [
        ("Trust is trusted, entrusted.", "trust", ["Trust"]),
        ("Trust is trusted, entrusted.", "trust*", ["Trust", "trusted"]),
        ("TEACH teacher's", "teach*", ["TEACH", "teacher"]),
        ("well-being, well being, well\n being", "well being", None),
        ("well-being or wellbeing", "well-being", ["well-being"]),
        ("a school\u2011leader", "school lead*", ["school\u2011leader"]),
        ("École, école", "école", ["École", "école"]),
        ("is it C++ or C+ (f.e.)", "C++", ["C++"]),
        ("is it a.b or axb", "a.b", ["a.b"]),
        ("学校 is not 学校長", "学校", ["学校"]),
        ("", "trust", []),
    ],
)
def test_a_term_is_found_whole(text: str, term: str, places: list[str] | None) -> None:
    """Whatever its case, with its endings after a star, over hyphens and line ends."""
    told = [place for place, _side in found(text, include=term)]
    assert told == (places if places is not None else text.split(", "))


def test_the_longest_of_what_overlaps_is_shown() -> None:
    """A phrase beats a word in it; of two equally long the one against is shown."""
    told = found(
        "student teachers and teachers",
        include="teachers, and teach*",
        exclude="student teachers",
    )
    assert told == [("student teachers", "exclude"), ("and teachers", "include")]
    assert found("aab aab", include="aab", exclude="aa*") == [("aab", "exclude")] * 2


ALPHABET = st.sampled_from("ab -\nAé*.")
TERMS = st.lists(
    st.text(st.sampled_from("ab-é."), min_size=1, max_size=4)
    .filter(lambda term: re.sub(r"[\s\-]", "", term) != "")
    .flatmap(lambda term: st.sampled_from([term, f"{term}*"])),
    max_size=3,
).map(tuple)


@given(st.text(ALPHABET, max_size=40), TERMS, TERMS)
def test_spans_are_apart_and_each_is_a_term(
    text: str, include: tuple[str, ...], exclude: tuple[str, ...]
) -> None:
    """In the order of the text; what has no mark overlaps a longer or equal one."""
    marked = spans(text, Highlight(include, exclude))
    assert all(a.end <= b.start for a, b in itertools.pairwise(marked))
    sides = ((Side.INCLUDE, include), (Side.EXCLUDE, exclude))
    every = [
        Span(match.start(), match.end(), side)
        for side, terms in sides
        for term in terms
        for match in pattern(term).finditer(text)
    ]
    assert set(marked) <= set(every)
    for one in every:
        rivals = [m for m in marked if m.start < one.end and one.start < m.end]
        assert any(m.end - m.start >= one.end - one.start for m in rivals)


def read(text: str) -> Highlight:
    """Read a section."""
    return parse_highlight(parse(text, "criteria.yaml"))


def test_the_section_is_read() -> None:
    """Either side may be absent, and the section itself."""
    assert read("include: [ teach*,  head   teacher ]") == Highlight(
        ("teach*", "head teacher"), ()
    )
    assert parse_highlight(None) == Highlight()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("include: [a*]", "a star ends a word"),
        ("include: ['te*ch']", "a star ends a word"),
        ("include: ['*']", "a star ends a word"),
        ("exclude: [' - ']", "is no term"),
        ("include: [well-being]\nexclude: [Well Being]", "stands twice"),
        ("included: [x]", "unknown field 'included'"),
        ("include: words", "expected a list"),
    ],
)
def test_a_mistake_is_told_with_its_line(text: str, told: str) -> None:
    """Stars that mean nothing, empty terms, the same term twice."""
    with pytest.raises(InputFileError, match=told) as error:
        read(text)
    assert "criteria.yaml:" in str(error.value)


def test_the_starter_shows_how() -> None:
    """Taken out of its comment, the starter's section is valid."""
    assert parse_criteria(parse(STARTER_CRITERIA, "x")).highlight == Highlight()
    lines = STARTER_CRITERIA.splitlines()
    begin = lines.index("# highlight:")
    section = "\n".join(line.removeprefix("# ") for line in lines[begin:])
    told = parse_criteria(parse(f"{STARTER_CRITERIA}\n{section}\n", "x")).highlight
    assert told.include
    assert told.exclude
