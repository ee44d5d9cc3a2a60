"""`litreview screen pack`, `start --pack` and `unpack`, as they are typed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from office import Office, begun

from litreview import packfile


@pytest.fixture
def office(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Office:
    """Return a workspace in which four records wait for ann and bob."""
    return begun(tmp_path / "review", capsys)


def test_votes_go_out_and_come_back(office: Office) -> None:
    """Packed, screened with the same keys as ever, and brought back; twice."""
    said = office.ok("screen", "pack", "--to", "ann.litpack")
    assert "4 records packed for ann" in said
    start = ("screen", "start", "--pack", "ann.litpack")
    # Whose pack it is need not be said.
    out = office.ok(*start, by="", keys="i\ne\nu\nm\nn\na note\ni\nq\n")
    assert "ann · title_abstract · 0 of 4 done" in out
    assert "3 voted on, 0 skipped, 1 left" in out
    assert "ann has done 0 of 4" in office.ok("screen", "progress")
    told = office.ok("screen", "unpack", "ann.litpack")
    assert "5 votes and withdrawals stored, 0 were there already" in told
    assert "ann has done 3 of 4" in office.ok("screen", "progress")
    again = office.json("screen", "unpack", "ann.litpack")
    assert isinstance(again, dict)
    assert (again["stored"], again["already_there"]) == (0, 5)
    assert "ok" in office.ok("check", by="dana")


def test_the_loop_says_whose_pack_it_is_not(office: Office) -> None:
    """Another's pack is not screened in, nor is what is no pack."""
    office.ok("screen", "pack", "--screener", "ann", "--to", "a", by="dana")
    status, _out, err = office.run("screen", "start", "--pack", "a", by="bob")
    assert status == 4
    assert "not for bob" in err
    for file, told in (("records.csv", "no pack"), ("missing", "no such file")):
        for words in (("start", "--pack", file), ("unpack", file)):
            status, _out, err = office.run("screen", *words)
            assert status == 1
            assert told in err
    status, _out, err = office.run("screen", "unpack", "a", by="bob")
    assert status == 4


def test_a_pack_is_made_once_and_by_whom_it_concerns(office: Office) -> None:
    """Not over a file that is there, not where nothing waits, not for others."""
    words = ("screen", "pack", "--to", "a.litpack")
    office.ok(*words)
    status, _out, err = office.run(*words)
    assert status == 1
    assert "already there" in err
    other = ("screen", "pack", "--to", "b.litpack")
    assert office.run(*other, "--stage", "full_text")[0] == 1
    assert office.run(*other, "--screener", "bob")[0] == 4
    assert office.run(*other, "--screener", "nobody")[0] == 1
    assert not (office.root / "b.litpack").exists()


def test_what_cannot_be_stored_yet_is_told(office: Office) -> None:
    """A removed record's vote waits, with the exit status of unfinished work."""
    office.ok("screen", "pack", "--to", "a")
    office.ok("screen", "start", "--pack", "a", keys="i\ni\ni\ni\n")
    office.ok("record", "remove", "2", "--reason", "an empty page", by="dana")
    status, out, err = office.run("screen", "unpack", "a")
    assert status == 3
    assert "3 votes and withdrawals stored" in out
    assert "record 2 was removed before screening" in err


def test_an_acknowledged_vote_outlives_a_kill(office: Office) -> None:
    """Killed in the loop, the pack has what was acknowledged, in its one file."""
    office.ok("screen", "pack", "--to", "a.litpack")
    process = subprocess.Popen(
        [sys.executable, "-m", "litreview", "screen", "start", "--pack", "a.litpack"],
        cwd=office.root,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parent.parent)},
    )
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(b"i\n")
    process.stdin.flush()
    until = time.monotonic() + 60
    seen = b""
    while b"include: record" not in seen and time.monotonic() < until:
        seen += process.stdout.readline()
    process.send_signal(signal.SIGKILL)
    process.wait()
    process.stdin.close()
    process.stdout.close()
    assert len(packfile.read(office.root / "a.litpack").said) == 1


def test_a_duplicate_is_not_said_in_a_pack(office: Office) -> None:
    """What a pack cannot bring back is not taken; the way to say it is told."""
    office.ok("screen", "pack", "--to", "a")
    said = office.ok("screen", "start", "--pack", "a", keys="d\nq\n")
    assert "a pack takes votes only" in said
