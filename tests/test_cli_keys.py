"""Single keys from a terminal, and lines where there is none."""

from __future__ import annotations

import io
import os
import threading
import time
from collections.abc import Iterator

import pytest

from litreview.cli import keys

pty = pytest.importorskip("pty", reason="there are no terminals of this kind here")
termios = pytest.importorskip("termios", reason="the system has no termios")


@pytest.fixture
def keyboard(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """Return the end of a terminal on which a test types."""
    typing, terminal = pty.openpty()
    with os.fdopen(terminal, "r", encoding="utf-8") as stdin:
        monkeypatch.setattr("sys.stdin", stdin)
        yield typing
    os.close(typing)


def later(typing: int, what: bytes, seconds: float) -> threading.Thread:
    """Type something after so many seconds."""
    thread = threading.Timer(seconds, lambda: os.write(typing, what))
    thread.start()
    return thread


@pytest.mark.parametrize(
    ("typed", "key"),
    [
        (b"d", "d"),
        (b"\r", keys.ENTER),
        (b"\n", keys.ENTER),
        (b"\x04", keys.END),
        (b"\x1b", "\x1b"),
        (b"\x1b[A", "\x1b[A"),
        ("é".encode(), "é"),
        ("日".encode(), "日"),
        ("🙂".encode(), "🙂"),
        (b"\xff", "\ufffd"),
    ],
)
def test_a_key_needs_no_enter(keyboard: int, typed: bytes, key: str) -> None:
    """One press is one key, be it of several bytes."""
    thread = later(keyboard, typed, 0.05)
    assert keys.read_key(5) == key
    thread.join()


def test_no_key_in_time_is_no_key(keyboard: int) -> None:
    """After the timeout there is an empty answer."""
    assert keyboard > 0
    assert keys.read_key(0.01) == ""


def test_what_was_typed_ahead_is_thrown_away(keyboard: int) -> None:
    """Keys from before a question, or right after it appeared, answer nothing."""
    os.write(keyboard, b"ddd\nddd")
    threads = [
        later(keyboard, b"x", keys.QUIET_SECONDS / 2),
        later(keyboard, b"k", keys.QUIET_SECONDS + 0.2),
    ]
    begun = time.monotonic()
    assert keys.ask_key() == "k"
    assert time.monotonic() - begun > keys.QUIET_SECONDS
    for thread in threads:
        thread.join()


def test_flush_throws_typed_keys_away(keyboard: int) -> None:
    """Nothing of what was typed before is read after."""
    os.write(keyboard, b"abc\n")
    time.sleep(0.05)
    keys.flush_input()
    assert keys.read_key(0.05) == ""


def test_the_terminal_is_left_as_it_was(keyboard: int) -> None:
    """After a key the terminal echoes and reads lines again."""
    before = termios.tcgetattr(keyboard)
    os.write(keyboard, b"d\n")
    keys.read_key(1)
    assert termios.tcgetattr(keyboard) == before


def test_without_a_terminal_a_line_is_an_answer(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Lines are read to the end, and nothing of a script is thrown away."""
    monkeypatch.setattr("sys.stdin", io.StringIO("d\n\n  x \nwhole words\nlast"))
    keys.flush_input()
    found = [keys.read_key(), *(keys.ask_key() for _ in range(5))]
    assert found == ["d", keys.ENTER, "x", "whole words", "last", keys.END]
