"""`litreview demo` on the command line: what it tells a newcomer."""

from __future__ import annotations

import os
import shlex
import sys
from pathlib import Path

import click
import pytest

from litreview.cli.demo import TRY_NEXT, next_commands
from litreview.cli.reference import walk


def test_the_commands_to_try_next_can_be_pasted(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """By name where litreview is on the path, else as a program that is there."""
    monkeypatch.setenv("PATH", str(tmp_path))
    for command in next_commands():
        program = Path(shlex.split(command)[0])
        assert program.is_absolute()
        assert os.access(program, os.X_OK)
        assert program.parent == Path(sys.executable).absolute().parent
    (tmp_path / "litreview").write_text("#!/bin/sh\n", "utf-8")
    (tmp_path / "litreview").chmod(0o755)
    assert next_commands() == [f"litreview {words}" for words in TRY_NEXT]


@pytest.mark.parametrize("words", TRY_NEXT)
def test_the_commands_to_try_next_exist(words: str) -> None:
    """Each is a command of the tree with as many arguments as it wants."""
    name = words.rstrip(" 0123456789")
    command = dict(walk())[name]
    wanted = [it for it in command.params if isinstance(it, click.Argument)]
    assert len(words.split()) - len(name.split()) == len(wanted)
