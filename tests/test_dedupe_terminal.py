"""`litreview dedupe review` on a real terminal, in a process of its own."""

from __future__ import annotations

import codecs
import fcntl
import os
import select
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import pytest
from making import Maker
from sqlalchemy import Engine
from sqlalchemy import select as select_rows

from litreview import db, dedupe, pairs
from litreview.matching import Pair
from litreview.models import DedupeRun, PairDecision

pty = pytest.importorskip("pty", reason="there are no terminals of this kind here")
termios = pytest.importorskip("termios", reason="the system has no termios")

LINES, COLUMNS = 40, 100
PATIENCE = 60.0  # seconds until the program says what it should
AGAIN = 5.0  # seconds after which a key is pressed once more: it came too early
PROMPT = "q quit"


class Terminal:
    """A person at a terminal: sees what the program writes, and presses keys."""

    def __init__(self, database_url: str) -> None:
        self.end, inside = pty.openpty()
        size = struct.pack("HHHH", LINES, COLUMNS, 0, 0)
        fcntl.ioctl(inside, termios.TIOCSWINSZ, size)
        self.settings = termios.tcgetattr(inside)
        words = ("--database", database_url, "--as", "ann", "dedupe", "review")
        self.process = subprocess.Popen(
            [sys.executable, "-W", "error", "-m", "litreview", *words],
            stdin=inside,
            stdout=inside,
            stderr=inside,
            env={**os.environ, "TERM": "xterm", "NO_COLOR": "1"},
            start_new_session=True,
        )
        self.inside = inside
        self.seen = ""
        self.decoder = codecs.getincrementaldecoder("utf-8")()

    def sees(self, words: str, patience: float = PATIENCE) -> bool:
        """Wait for words; forget what came before and with them."""
        until = time.monotonic() + patience
        while words not in self.seen:
            left = until - time.monotonic()
            if left <= 0 or not select.select([self.end], [], [], left)[0]:
                return False
            self.seen += self.decoder.decode(os.read(self.end, 65_536))
        self.seen = self.seen.partition(words)[2]
        return True

    def press(self, key: str, words: str) -> None:
        """Press a key, without Enter, until the program answers with these words."""
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            os.write(self.end, key.encode())
            if self.sees(words, AGAIN):
                return
        pytest.fail(f"{key!r} was never answered with {words!r}: {self.seen!r}")

    def close(self) -> None:
        """Leave the terminal, whatever the program does."""
        self.process.kill()
        self.process.wait()
        os.close(self.end)
        os.close(self.inside)


@pytest.fixture
def sit(database_url: str) -> Iterator[Callable[[], Terminal]]:
    """Return the function that sits down at a new terminal."""
    terminals: list[Terminal] = []

    def down() -> Terminal:
        terminals.append(Terminal(database_url))
        return terminals[-1]

    yield down
    for terminal in terminals:
        terminal.close()


@pytest.fixture
def ids(engine: Engine) -> list[int]:
    """Return eight records; the machine is unsure of 1-2, 3-4, 5-6, 7-8, in order."""
    with db.transaction(engine) as session:
        make = Maker(session)
        make.team()
        numbers = [make.record(f"Trust at school {n}").id for n in range(8)]
        found = [
            Pair(numbers[k], numbers[k + 1], 0.65 - k / 100, "unsure", ("near",))
            for k in range(0, 8, 2)
        ]
        dedupe.store(session, found, run=DedupeRun(parameters={}, records=8))
    return numbers


def verdicts(engine: Engine) -> list[str]:
    """Return all pair verdicts, in order."""
    with db.snapshot(engine) as session:
        rows = session.scalars(select_rows(PairDecision).order_by(PairDecision.id))
        return [row.verdict for row in rows]


def test_each_key_is_a_verdict_that_is_stored_at_once(
    engine: Engine, sit: Callable[[], Terminal], ids: list[int]
) -> None:
    """D, s, n, undo, skip and quit work without Enter; the terminal is left as it was.

    The two records stand side by side with marks around what differs.
    """
    desk = sit()
    assert desk.sees(f"records {ids[0]} and {ids[1]}")
    assert desk.sees("«0»")
    assert desk.sees("«1»")
    assert desk.sees(PROMPT)
    desk.press("d", f"{ids[0]} and {ids[1]}: duplicate")
    assert verdicts(engine) == ["duplicate"]
    assert desk.sees(PROMPT)
    desk.press("s", f"{ids[2]} and {ids[3]}: same_study")
    assert desk.sees(PROMPT)
    desk.press("n", f"{ids[4]} and {ids[5]}: different")
    assert verdicts(engine) == ["duplicate", "same_study", "different"]
    assert desk.sees(PROMPT)
    desk.press("u", "the person's verdict is withdrawn")
    assert verdicts(engine)[3:] == ["withdrawn"]
    assert desk.sees(f"records {ids[4]} and {ids[5]}")
    assert desk.sees(PROMPT)
    desk.press("k", f"records {ids[6]} and {ids[7]}")
    assert desk.sees(PROMPT)
    desk.press("q", "2 decided, 1 skipped")
    assert desk.process.wait(PATIENCE) == 0
    assert termios.tcgetattr(desk.inside) == desk.settings
    with db.snapshot(engine) as session:
        assert [(pair.a_id, pair.b_id) for pair in pairs.undecided(session)] == [
            (ids[4], ids[5]),
            (ids[6], ids[7]),
        ]


def test_what_was_answered_survives_a_kill(
    engine: Engine, sit: Callable[[], Terminal], ids: list[int]
) -> None:
    """Killed after a verdict, nothing is lost: the next sitting goes on behind it.

    Undo then takes back what the sitting before had stored.
    """
    first = sit()
    assert first.sees(PROMPT)
    first.press("d", f"{ids[0]} and {ids[1]}: duplicate")
    os.killpg(first.process.pid, signal.SIGKILL)
    assert first.process.wait(PATIENCE) == -signal.SIGKILL
    assert verdicts(engine) == ["duplicate"]
    with db.snapshot(engine) as session:
        assert pairs.homes(session)[ids[1]] == ids[0]
    second = sit()
    assert second.sees(f"records {ids[2]} and {ids[3]}")
    assert second.sees(PROMPT)
    second.press("u", "that was a verdict of an earlier sitting")
    assert second.sees(f"records {ids[0]} and {ids[1]}")
    assert verdicts(engine) == ["duplicate", "withdrawn"]
    with db.snapshot(engine) as session:
        assert pairs.homes(session) == {number: number for number in ids}


def test_keys_typed_ahead_decide_nothing(
    engine: Engine, sit: Callable[[], Terminal], ids: list[int]
) -> None:
    """What was typed before a card stood on the screen is no answer to it."""
    desk = sit()
    os.write(desk.end, b"ddddnnnn")
    assert desk.sees(f"records {ids[0]} and {ids[1]}")
    assert desk.sees(PROMPT)
    desk.press("q", "0 decided, 0 skipped")
    assert verdicts(engine) == []
