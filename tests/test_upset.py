"""The picture of overlapping sets: what it counts, and that it fits its page."""

from __future__ import annotations

import re
from itertools import chain
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from litreview.chart import MARGIN, SMALL, measure
from litreview.upset import (
    NAMES,
    WIDTH,
    Overlap,
    Panel,
    draw,
    in_words,
    overlap,
)

SVG = "{http://www.w3.org/2000/svg}"
NAME = st.sampled_from(["OpenAlex", "Crossref", "ERIC", "W" * 90, "a b " * 40, "<&>"])


def picture(*panels: Panel) -> ET.Element:
    """Return a picture as XML."""
    drawn = draw("A title", panels)
    return ET.fromstring(drawn)  # noqa: S314 - our own


def texts(root: ET.Element) -> list[str]:
    """Return everything that is written in a picture."""
    return [element.text or "" for element in root.iter(f"{SVG}text")]


def test_overlap_counts_exactly_and_sorts() -> None:
    """Combinations exclude each other; sets and combinations go by their size."""
    found = overlap([{"a"}, {"a", "b"}, {"b", "a"}, {"c", "b"}, {"b"}, ()], ["z"])
    assert found == Overlap(
        {"b": 4, "a": 3, "c": 1, "z": 0},
        ((("b", "a"), 2), (("b",), 1), (("a",), 1), (("b", "c"), 1)),
    )
    assert found.total == 5


@given(st.lists(st.frozensets(NAME)))
def test_combinations_add_up_to_the_sets(things: list[frozenset[str]]) -> None:
    """Each set is the sum of the combinations that name it, all are all things."""
    found = overlap(things)
    for name, size in found.sets.items():
        assert size == sum(name in thing for thing in things)
        assert size == sum(n for names, n in found.shared if name in names)
    assert found.total == sum(map(bool, things))
    assert found == overlap(reversed(things))


def test_a_picture_shows_every_number_and_dot() -> None:
    """Each set has its size, each combination its count and a dark dot a set."""
    root = picture(Panel("P", "reports", overlap([{"a"}, {"a", "b"}, {"a", "b"}])))
    assert {"P", "a", "b", "3", "2", "1"} <= set(texts(root))
    groups = root.findall(f"{SVG}g")
    dark = [
        sum(dot.get("fill") == "#1a1a1a" for dot in group.iter(f"{SVG}circle"))
        for group in groups
    ]
    assert dark == [2, 1]
    assert [group.findtext(f"{SVG}title") for group in groups] == ["a and b: 2", "a: 1"]


def test_bars_are_in_proportion() -> None:
    """A bar of half the count is half as high; what counts anything is seen."""
    found = Overlap({"a": 3_000_001}, ((("a",), 2_000_000), (("b",), 1_000_000)))
    found = Overlap({"a": 2_000_000, "b": 1_000_001}, (*found.shared, (("a", "b"), 1)))
    root = picture(Panel("P", "reports", found))
    bars = [group.find(f"{SVG}rect") for group in root.findall(f"{SVG}g")]
    heights = [float(bar.get("height", "0")) for bar in bars if bar is not None]
    assert heights == [150.0, 75.0, 1.0]


def test_what_is_not_drawn_is_counted() -> None:
    """Where the page is too narrow the rest is told, and everything adds up."""
    names = [f"s{number}" for number in range(6)]
    things = [
        [name for place, name in enumerate(names) if number >> place & 1]
        for number in range(64)
    ]
    root = picture(Panel("P", "reports", overlap(things)))
    drawn = root.findall(f"{SVG}g")
    (note,) = [text for text in texts(root) if text.startswith("Not drawn")]
    told = re.fullmatch(
        r"Not drawn: (\d+) smaller combinations with (\d+) reports together\.", note
    )
    assert told is not None
    assert len(drawn) + int(told[1]) == 63
    assert len(drawn) + int(told[2]) == 63  # each counts one report


def test_it_is_told_in_words() -> None:
    """Who does not see the picture reads its numbers in the description."""
    panel = Panel("By source", "reports", overlap([{"a"}, {"a", "b"}]))
    words = (
        "By source. Reports in each: a 2, b 1. "
        "In exactly these and no other: a: 1; a and b: 1."
    )
    assert in_words(panel) == words
    root = picture(panel)
    assert root.get("role") == "img"
    assert root.findtext(f"{SVG}title") == "A title"
    assert root.findtext(f"{SVG}desc") == words


@pytest.mark.parametrize("sets", [[], ["OpenAlex"]])
def test_nothing_found_is_told(sets: list[str]) -> None:
    """Without a report there are no bars, but words."""
    root = picture(Panel("P", "reports", overlap([], sets)))
    assert "Nothing has been found yet." in texts(root)
    assert root.findtext(f"{SVG}desc") == "P: nothing yet."


@given(
    st.lists(
        st.tuples(st.frozensets(NAME, min_size=1), st.integers(0, 10**9)), max_size=40
    )
)
def test_everything_fits_the_page(found: list[tuple[frozenset[str], int]]) -> None:
    """Whatever the names and the numbers, no text leaves its place."""
    shared = {tuple(sorted(names)): number for names, number in found}
    sizes = {
        name: sum(n for names, n in shared.items() if name in names)
        for name in chain.from_iterable(shared)
    }
    root = picture(Panel("P", "reports", Overlap(sizes, tuple(shared.items()))))
    for text in root.iter(f"{SVG}text"):
        width = measure(text.text or "", float(text.get("font-size", SMALL)))
        x, anchor = float(text.get("x", "0")), text.get("text-anchor", "start")
        left = x - {"start": 0.0, "middle": width / 2, "end": width}[anchor]
        assert left >= MARGIN - 1
        assert left + width <= WIDTH - MARGIN + width / 2 + 1
        if anchor == "end" and x == MARGIN + NAMES:
            assert width <= NAMES + 1
    for dot in root.iter(f"{SVG}circle"):
        assert float(dot.get("cx", "0")) + float(dot.get("r", "0")) < WIDTH
