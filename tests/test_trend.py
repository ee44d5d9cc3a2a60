"""The picture of figures month by month."""

from __future__ import annotations

import re

import pytest
from defusedxml.ElementTree import fromstring
from hypothesis import given
from hypothesis import strategies as st

from litreview.trend import Panel, Point, draw, in_words, months, styles

SVG = "{http://www.w3.org/2000/svg}"


def point(month: str, value: float | None = 0.5, half: float = 0.2) -> Point:
    """Return a point with an interval around it."""
    if value is None:
        return Point(month, None, None, None, 3)
    return Point(month, value, value - half, min(1.0, value + half), 30)


def texts(drawn: str) -> list[str]:
    """Return the texts that a reader sees."""
    found = fromstring(drawn).iter(f"{SVG}text")
    return ["".join(one.itertext()) for one in found]


def test_lines_intervals_and_names_are_there() -> None:
    """A mark and an interval for each point, a line between two, a name for each."""
    lines = {
        "ann / <bob> & co": [point("2026-01"), point("2026-02", 0.75)],
        "ann / cy": [point("2026-01", 0.25)],
    }
    drawn = draw("How far", [Panel("Kappa", lines)], ["A note."])
    root = fromstring(drawn)
    groups = [one for one in root.iter(f"{SVG}g") if one.get("class") == "line"]
    assert len(groups) == 2
    first, second = groups
    assert len(list(first.iter(f"{SVG}line"))) == 3  # a stroke and two intervals
    assert len(list(first.iter(f"{SVG}circle"))) == 2
    assert len(list(second.iter(f"{SVG}polygon"))) == 1
    assert {"How far", "Kappa", "A note.", "ann / <bob> & co", "ann / cy"} <= set(
        texts(drawn)
    )
    assert "2026-02 0.75 (0.55 to 0.95, 30 records)" in drawn


def test_what_is_undefined_is_a_cross_and_breaks_the_line() -> None:
    """No mark, no stroke to or from it, and the word where it is pointed at."""
    line = [point("2026-01"), point("2026-02", None), point("2026-03")]
    root = fromstring(draw("x", [Panel("Kappa", {"a / b": line})]))
    [group] = [one for one in root.iter(f"{SVG}g") if one.get("class") == "line"]
    assert len(list(group.iter(f"{SVG}path"))) == 1
    assert len(list(group.iter(f"{SVG}line"))) == 2  # the two intervals alone
    told = [one.text for one in group.iter(f"{SVG}title")]
    assert "a / b, 2026-02 undefined (3 records)" in told


def test_an_empty_picture_says_so() -> None:
    """Nothing to compare is a picture too."""
    assert "Nothing to compare yet." in texts(draw("x", [Panel("Kappa", {})]))
    assert in_words(Panel("Kappa", {})) == "Kappa. Nothing yet."


def test_panels_of_one_picture_have_one_scale() -> None:
    """A figure below 0 lowers the axis of all, never below -1."""
    one = Panel("Kappa", {"a / b": [point("2026-01", -0.6, 0.9)]})
    drawn = draw("x", [one, Panel("AC1", {"a / b": [point("2026-01", 0.9)]})])
    assert texts(drawn).count("\u22121.00") == 2
    group = re.search('<g class="line">.*?</g>', drawn, re.DOTALL)
    assert group is not None
    low, high = (float(y) for y in re.findall(r' y[12]="([0-9.]+)"', group[0]))
    across = [float(y) for y in re.findall(r' y1="([0-9.]+)"', drawn)]
    assert low == across[0]  # where -1 is: the interval ends there
    assert high < low


@pytest.mark.parametrize(("number", "differ"), [(1, 1), (20, 20), (35, 35), (40, 35)])
def test_as_many_lines_as_there_are_styles_differ(number: int, differ: int) -> None:
    """By colour, dashes and mark together."""
    names = [str(name) for name in range(number)]
    assert len(set(styles(names).values())) == differ


@given(st.lists(st.tuples(st.integers(1990, 2030), st.integers(1, 12)), max_size=9))
def test_months_are_all_from_the_first_to_the_last(
    given: list[tuple[int, int]],
) -> None:
    """In order, none twice, none left out."""
    points = [point(f"{year}-{month:02d}") for year, month in given]
    found = months(points)
    assert found == sorted(set(found))
    assert {one.month for one in points} <= set(found)
    if points:
        assert (found[0], found[-1]) == (
            min(one.month for one in points),
            max(one.month for one in points),
        )
        years = int(found[-1][:4]) - int(found[0][:4])
        wide = years * 12 + int(found[-1][5:]) - int(found[0][5:]) + 1
        assert len(found) == wide
