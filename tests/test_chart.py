"""Drawing boxes: measured text, wrapping, and where things stand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from litreview.chart import (
    BODY,
    NBSP,
    Chart,
    Line,
    Panel,
    Span,
    draw,
    layout,
    measure,
    tidy,
    wrap,
)


def chart(*lines: str, width: float = 600.0) -> Chart:
    """Return a chart of two boxes in two rows, the first with these lines."""
    return Chart(
        title="T",
        description="D",
        columns=(1.0, 2.0),
        panels={
            "a": Panel(0, 0, tuple(Line(text) for text in lines)),
            "b": Panel(1, 1, (Line("end"),)),
        },
        arrows=(("a", "b"),),
        bands=(Span("A long name for one row", 1, 1),),
        width=width,
    )


def test_wide_letters_measure_wider() -> None:
    """Widths follow the letters, the size, and the weight."""
    assert measure("WWW", 10) > measure("iii", 10) * 2
    assert measure("abc", 20) == pytest.approx(2 * measure("abc", 10))
    assert measure("abc", 10, bold=True) > measure("abc", 10)


def test_accents_add_no_width() -> None:
    """An accented letter is as wide as its letter, however it is encoded."""
    assert measure("\u00e9", 10) == measure("e\u0301", 10) == measure("e", 10)


def test_estimates_cover_real_fonts() -> None:
    """Widths are at least those of two faces, in thousandths of the size."""
    # Advance widths read from DejaVu Sans and Liberation Sans.
    real = {"a": 613, "m": 974, "i": 278, "0": 636, "W": 989, "(": 390, "=": 838}
    for sign, width in real.items():
        assert measure(sign, 1000) >= width
    assert measure("m", 1000) < 1100


def test_joined_words_stay_on_one_line() -> None:
    """Wrapping does not part what a no-break space joins."""
    text = f"Records screened (n{NBSP}={NBSP}5)"
    width = measure("Records screened (n", BODY) + 1
    assert wrap(text, width, BODY) == ["Records screened", f"(n{NBSP}={NBSP}5)"]


@given(
    text=st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=80).map(tidy),
    width=st.floats(30, 300),
    bold=st.booleans(),
)
def test_wrapping_loses_nothing_and_fits(
    text: str, width: float, *, bold: bool
) -> None:
    """Every line fits, and together the lines say the text."""
    lines = wrap(text, width, BODY, bold=bold)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")
    assert max(measure(line, BODY, bold=bold) for line in lines) <= width
    assert [line for line in lines if line.startswith(" ")] == []


def test_a_character_wider_than_the_line_ends() -> None:
    """A width that holds no character gives a character a line, not a hang."""
    assert wrap("WWW", 1.0, BODY) == ["W", "W", "W"]


def test_boxes_grow_with_their_text() -> None:
    """More lines make the box higher and push the next row down by as much."""
    small, large = layout(chart("one"), 0), layout(chart(*["one"] * 9), 0)
    growth = large.panels["a"].height - small.panels["a"].height
    assert growth == pytest.approx(8 * BODY * 1.3)
    fall = large.panels["b"].top - small.panels["b"].top
    assert fall == pytest.approx(growth)


def test_columns_share_the_width() -> None:
    """Columns have their relative widths and end at the margin."""
    placed = layout(chart("one"), 0)
    assert placed.panels["b"].width == pytest.approx(2 * placed.panels["a"].width)
    assert placed.panels["b"].right == pytest.approx(580)


def test_a_row_is_as_high_as_the_name_of_its_band() -> None:
    """A phase of one short row is stretched, with its box, until its name fits."""
    placed = layout(chart("one"), 0)
    name = measure("A long name for one row", BODY, bold=True)
    assert placed.rows[1].height > name
    assert placed.panels["b"].height == pytest.approx(placed.rows[1].height)


def test_an_arrow_turns_a_corner() -> None:
    """Between different rows and columns an arrow goes down, then across."""
    placed = layout(chart("one"), 20 + 15 * 1.3 + 8)
    a, b = placed.panels["a"], placed.panels["b"]
    y = b.top + b.height / 2
    corner = f"M{a.centre:.1f} {a.bottom:.1f} L{a.centre:.1f} {y:.1f} L"
    assert corner in draw(chart("one"))
    assert f'<path d="M{b.left:.1f} {y:.1f} ' in draw(chart("one"))


@pytest.mark.parametrize(("lines", "width"), [(1, 'width="297mm"'), (60, '"210mm"')])
def test_page_turns_with_the_height(lines: int, width: str) -> None:
    """A low chart is A4 landscape wide, a high one A4 upright."""
    assert width in draw(chart(*["x"] * lines))
