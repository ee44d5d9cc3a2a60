"""Forms on the command line: values that look like options."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import coded
import pytest
from making import REVIEW, Maker

from litreview import cli, db

EFFECTS = """\
title: Effects
use: extraction
repeats: true
fields:
  - {id: figure, label: Figure, kind: effect, required: true}
"""


@dataclass
class Desk:
    """A workspace with one form; record 1 is included."""

    root: Path
    capture: pytest.CaptureFixture[str]

    def fill(self, *words: str) -> tuple[int, str, str]:
        """Fill in a field as the lead; return exit status, stdout and stderr."""
        status = cli.run(
            ["-w", str(self.root), "--as", "lead", "form", "fill", "1", *words]
        )
        said = self.capture.readouterr()
        return status, said.out, said.err


@pytest.fixture
def desk(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Desk]:
    """Return the workspace."""
    for folder in ("screening", "db"):
        (tmp_path / folder).mkdir()
    (tmp_path / "screening" / "review.yaml").write_text(REVIEW, "utf-8")
    engine = db.engine_for(f"sqlite:///{tmp_path / 'db' / 'review.sqlite'}")
    db.create(engine)
    with db.transaction(engine) as session:
        coded.begin(session, Maker(session)).write("forms/effects.yaml", EFFECTS)
    yield Desk(tmp_path, capsys)
    engine.dispose()


def test_a_negative_figure_is_a_value(desk: Desk) -> None:
    """It needs no `--` in front, wherever it stands among the options."""
    words = ("--unit", "SD", "--comparator", "usual", "--page", "7")
    for said in (("effects", "figure", "-0.12", *words), ("effects", "figure", "-.5")):
        status, out, err = desk.fill(*said)
        assert (status, out) == (0, "record 1: effects.figure stored\n"), err
    status, out, _err = desk.fill(*words, "--json", "effects", "figure", "-3")
    assert (status, json.loads(out)["lacks"]) == (0, [])


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("effects", "figure", "0.1", "--pgae", "7"), "--pgae"),
        (("effects", "figure"), "Missing argument 'VALUE'"),
        (("effects", "figure", "0.1", "--part", "x"), "'x' is not a valid integer"),
    ],
)
def test_a_mistyped_option_is_refused(
    desk: Desk, words: tuple[str, ...], told: str
) -> None:
    """It is not taken for a value beside the value."""
    status, out, err = desk.fill(*words)
    assert (status, out) == (2, "")
    assert told in err


def test_a_mistyped_option_is_no_value(desk: Desk) -> None:
    """Where the value is forgotten, the figure says what it cannot be."""
    status, out, err = desk.fill("effects", "figure", "--pgae")
    assert (status, out) == (1, "")
    assert "'--pgae' is no number for 'figure'" in err
