"""What the progress of a pass over the duplicates promises."""

from __future__ import annotations

import json
import os
import pty
import select

import pytest
from making import Maker
from sqlalchemy import Engine

from litreview import cli, db
from litreview.cli import steps


def test_quick_work_shows_nothing_and_slow_work_a_line_now_and_then(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two seconds are nothing; after that a line every two seconds, on stderr."""
    clock = iter([100.0, 100.5, 101.9, 102.5, 103.0, 104.6])
    monkeypatch.setattr("time.monotonic", lambda: next(clock))
    with steps.steps() as tell:
        tell("reading", 1_000, 2_000)
        tell("reading", 2_000, 2_000)
        tell("comparing", 1_000_000, 2_000_000)
        tell("comparing", 1_500_000, 2_000_000)
        tell("storing", 0, 1)
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines() == ["comparing: 1,000,000 of 2,000,000", "storing: 0 of 1"]


@pytest.mark.parametrize(("seconds", "shown"), [(0.0, False), (3.0, True)])
def test_on_a_terminal_there_is_a_bar_for_each_step(
    monkeypatch: pytest.MonkeyPatch, seconds: float, *, shown: bool
) -> None:
    """It appears when the work takes a while, with all the steps until then."""
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(steps, "PATIENCE", 2.0 - seconds)
    leader, follower = pty.openpty()
    with os.fdopen(follower, "w") as terminal:
        monkeypatch.setattr("sys.stderr", terminal)
        with steps.steps() as tell:
            tell("reading", 20, 20)
            tell("comparing", 5, 40)
        monkeypatch.undo()
        told = b""
        while select.select([leader], [], [], 0.3)[0]:
            told += os.read(leader, 65_536)
    os.close(leader)
    assert (b"reading" in told and b"20/20" in told) == shown
    assert (b"comparing" in told and b"5/40" in told) == shown


def test_find_looks_at_what_is_new_and_with_all_at_everything(
    engine: Engine, database_url: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The command tells how many records it compared."""
    with db.transaction(engine) as session:
        make = Maker(session)
        make.team()
        make.records(3)
    compared = []
    for words in ((), (), ("--all",)):
        call = ["--database", database_url, "--as", "lead", "dedupe", "find", *words]
        assert cli.run([*call, "--json"]) == 0
        compared.append(json.loads(capsys.readouterr().out)["compared"])
    assert compared == [3, 0, 3]
