"""One key at a time, without Enter, and never one that was typed ahead.

On a terminal a key is read as it is pressed. What was typed while nothing was
being asked is thrown away: ten keys typed ahead would be ten blind decisions.
Where input is no terminal (a pipe, a test) or the system has no termios, each
line is one answer instead, so that a session can be scripted.
"""

from __future__ import annotations

import contextlib
import os
import select
import sys
import time
from collections.abc import Iterator

try:
    import termios
    import tty
except ImportError:  # Windows has neither; lines are read there
    HAVE_KEYS = False
else:
    HAVE_KEYS = True

END = "\x04"  # what is returned when input has ended, as Ctrl-D on a terminal
ENTER = "\n"
ESCAPE = b"\x1b"

QUIET_SECONDS = 0.3  # keys within this time after a card appears are ignored
SEQUENCE_SECONDS = 0.02  # the bytes of one key follow each other within this time
LONGEST_SEQUENCE = 16  # bytes


def read_key(timeout: float | None = None) -> str:
    """Return the next key, "" after `timeout` seconds without one, or `END`.

    An arrow or function key is returned whole, as its escape sequence. Without a
    terminal it is the next line without blanks around it, `ENTER` for an empty
    one, and there is no timeout.
    """
    if not on_terminal():
        line = sys.stdin.readline()
        return (line.strip() or ENTER) if line else END
    with _by_key() as source:
        return _key(source, timeout)


def flush_input() -> None:
    """Throw away what was typed and not yet read; lines from a pipe stay."""
    if on_terminal():
        termios.tcflush(sys.stdin.fileno(), termios.TCIFLUSH)


def ask_key() -> str:
    """Return the key pressed for what has just appeared on the screen.

    Keys typed before it appeared, or within `QUIET_SECONDS` after, are thrown away.
    """
    if not on_terminal():
        return read_key()
    with _by_key() as source:
        time.sleep(QUIET_SECONDS)
        flush_input()
        return _key(source, None)


def on_terminal() -> bool:
    """Tell whether single keys can be read."""
    return HAVE_KEYS and sys.stdin.isatty()


@contextlib.contextmanager
def _by_key() -> Iterator[int]:
    """Switch the terminal to single keys without echo, and back whatever happens."""
    source = sys.stdin.fileno()
    before = termios.tcgetattr(source)
    try:
        tty.setcbreak(source, termios.TCSANOW)
        yield source
    finally:
        termios.tcsetattr(source, termios.TCSANOW, before)


def _key(source: int, timeout: float | None) -> str:
    if not _ready(source, timeout):
        return ""
    read = os.read(source, 1)
    if not read:
        return END
    rest = LONGEST_SEQUENCE if read == ESCAPE else _length(read[0]) - 1
    # The terminal sends the bytes of one key together.
    if rest and _ready(source, SEQUENCE_SECONDS):
        read += os.read(source, rest)
    key = read.decode("utf-8", "replace")
    return ENTER if key == "\r" else key


def _ready(source: int, timeout: float | None) -> bool:
    return bool(select.select([source], [], [], timeout)[0])


def _length(lead: int) -> int:
    """Return the bytes of the UTF-8 character that begins with this one."""
    return 1 if lead < 0xC0 else 2 if lead < 0xE0 else 3 if lead < 0xF0 else 4
