"""What the progress of a harvest promises."""

from __future__ import annotations

import os
import pty
import select
from pathlib import Path

import pytest
from harvesting import plan

from litreview.cli import progress


def test_without_a_terminal_lines_tell_counts_and_the_time_left(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The first page and the last are told, others once in a while; stdout is empty."""
    search, other = plan(tmp_path)
    clock = iter([100.0, 101.0, 104.0, 108.0, 111.0])
    monkeypatch.setattr("time.monotonic", lambda: next(clock))
    with progress.pages([search, other]) as tell:
        for got in (10, 20, 50, 100):
            tell(search, got, 100)
        tell(other, 7, None)
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines() == [
        "trust openalex: 10 of 100",
        "trust openalex: 50 of 100, about 5 s left",
        "trust openalex: 100 of 100",
        "trust crossref: 7 of ?",
    ]


def written_to(leader: int, *, until: str) -> str:
    """Read what a terminal was given, piece by piece: it hands it over as it comes."""
    shown = b""
    while until.encode() not in shown and select.select([leader], [], [], 10)[0]:
        shown += os.read(leader, 65_536)
    return shown.decode()


def test_on_a_terminal_there_is_a_bar_for_each_search(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says which search it is and how many of how many."""
    monkeypatch.setenv("TERM", "xterm")
    searches = plan(tmp_path)
    leader, follower = pty.openpty()
    with os.fdopen(follower, "w") as terminal:
        monkeypatch.setattr("sys.stderr", terminal)
        with progress.pages(searches) as tell:
            tell(searches[0], 5, 40)
            tell(searches[1], 20, 20)
        monkeypatch.undo()
        shown = written_to(leader, until="20/20")
    os.close(leader)
    assert "1/2 trust openalex" in shown
    assert "5/40" in shown
    assert "20/20" in shown
