"""`ids`: what a person types as an id."""

from __future__ import annotations

from pathlib import Path

import click
import pytest
from hypothesis import given
from hypothesis import strategies as st

from litreview import cli
from litreview.cli.ids import ID, LARGEST
from litreview.cli.reference import walk


@given(st.integers())
def test_an_id_is_a_number_that_a_column_holds(number: int) -> None:
    """Everything else is refused as a wrong argument, never passed on."""
    if -LARGEST <= number <= LARGEST:
        assert ID(str(number), None, None) == number
    else:
        with pytest.raises(click.BadParameter, match="larger than any id"):
            ID(str(number), None, None)


@pytest.mark.parametrize("word", ["", "seven", "1.5", "1e3", "12;"])
def test_a_word_is_no_id(word: str) -> None:
    """It is named in the refusal."""
    with pytest.raises(click.BadParameter, match="is not a valid integer"):
        ID(word, None, None)


def test_every_command_that_takes_ids_takes_no_larger_number(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The command tree is walked; each such argument ends in status 2, in words."""
    asked = 0
    for name, command in walk():
        arguments = [
            each for each in command.params if isinstance(each, click.Argument)
        ]
        if not any(each.type is ID for each in arguments):
            continue
        asked += 1
        words = [str(10**30) if each.type is ID else "x" for each in arguments]
        status = cli.run(["-w", str(tmp_path), *name.split(), *words])
        said = capsys.readouterr().err
        assert (status, "larger than any id" in said) == (2, True), name
    assert asked > 10
