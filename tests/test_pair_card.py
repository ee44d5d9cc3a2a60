"""Two records on the screen."""

from __future__ import annotations

import re

import click
import pytest
from rich.cells import cell_len

from litreview.cli import pair_card
from litreview.cli.pair_card import Screen, side_by_side
from litreview.models import Record

A = Record(
    title="Relational trust in schools",
    authors="Bryk, Anthony; Schneider, Barbara",
    year=2002,
    volume="4",
    abstract="It works, and well. " * 40,
)
B = Record(
    title="Relational Trust in Urban Schools!",
    authors="Bryk, Anthony; Schneider, Barbara",
    year=2003,
    abstract="It works, and badly. " * 40,
)
SMALL = Screen(80, 19)


def test_what_differs_is_marked_without_colour() -> None:
    """A star before the line, marks around the words; capitals are no difference."""
    lines = side_by_side(A, B, SMALL)
    assert lines[0].startswith("* title     Relational trust in schools ")
    assert "«Urban»" in lines[0]
    assert "«Schools" not in lines[0]
    authors = next(line for line in lines if " authors " in line)
    assert authors.startswith("  authors")
    assert "«" not in authors
    assert any(re.fullmatch(r"\* year +«2002» +\| «2003»", line) for line in lines)
    assert any(re.fullmatch(r"\* volume +«4» +\| «\(none\)»", line) for line in lines)


def test_colour_adds_and_replaces_nothing() -> None:
    """Without its colours a coloured card is the plain one."""
    coloured = side_by_side(A, B, Screen(80, 19, colour=True))
    assert "\x1b[" in "".join(coloured)
    assert [click.unstyle(line) for line in coloured] == side_by_side(A, B, SMALL)


@pytest.mark.parametrize(("width", "lines"), [(60, 19), (80, 19), (200, 40)])
def test_a_card_fits_the_screen(width: int, lines: int) -> None:
    """No line is too long, and the abstract is cut where the screen ends."""
    wide = Record(title="信頼 " * 60 + "x" * 300, abstract="It works. " * 900)
    shown = side_by_side(wide, B, Screen(width, lines))
    assert max(cell_len(line) for line in shown) <= width
    assert len(shown) <= lines
    assert "..." in shown[-1]
    whole = side_by_side(wide, B, Screen(width, lines), whole=True)
    assert len(whole) > lines
    assert "..." not in whole[-1]


def test_hostile_text_stays_text() -> None:
    """Escape sequences and line ends in a record do not reach the terminal."""
    evil = Record(title="Evil \x1b[2J title\nnext", abstract="\x1b]0;x\x07")
    lines = [*side_by_side(evil, B, SMALL), *pair_card.stacked(evil, B)]
    assert not re.search("[\x00-\x1f]", "".join(lines))


def test_without_a_terminal_records_stand_one_under_the_other(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Each line begins with its field, for pipes and screen readers."""
    pair_card.put(A, B, used=5)
    lines = capsys.readouterr().out.splitlines()
    assert lines[:2] == [
        "* title     Relational trust in schools",
        "*           Relational Trust in Urban Schools!",
    ]
