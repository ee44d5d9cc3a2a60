"""A terminal of one's own for a command, and what stands on its screen.

Of the codes that terminals know, `Screen` knows those that a full screen is drawn with:
where to write, what to clear; colours are left out. As a terminal does, it answers
when it is asked where its cursor is.
"""

from __future__ import annotations

import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time
from fcntl import ioctl
from pathlib import Path
from unicodedata import east_asian_width

ROOT = Path(__file__).resolve().parent.parent
# Seconds to wait for something on the terminal; a loaded machine is slow.
PATIENCE = 60
CODE = re.compile(r"\x1b(?:\[([?0-9;]*)([A-Za-z])|[()][A-Z0-9]|[=>78])")
WHERE = "\x1b[6n"


class Screen:
    """The signs that stand in each line."""

    def __init__(self, rows: int, columns: int) -> None:
        self.rows, self.columns = rows, columns
        self.row = self.column = 0
        self.lines = [[" "] * columns for _ in range(rows)]
        self._rest = ""

    @property
    def text(self) -> str:
        """All lines, without blanks at their ends."""
        return "\n".join("".join(line).rstrip() for line in self.lines)

    def feed(self, text: str) -> None:
        """Take what a command writes."""
        text = self._rest + text
        at = 0
        while at < len(text):
            found = CODE.match(text, at)
            if found:
                self._code(found[1] or "", found[2] or "")
                at = found.end()
            elif text[at] == "\x1b" and len(text) - at < 16:
                break  # the rest of it is still to come
            else:
                self._sign(text[at])
                at += 1
        self._rest = text[at:]

    def _sign(self, sign: str) -> None:
        if sign == "\r":
            self.column = 0
        elif sign == "\n":
            self._next_line()
        elif sign == "\b":
            self.column = max(0, self.column - 1)
        elif sign.isprintable():
            wide = 2 if east_asian_width(sign) in "WF" else 1
            if self.column + wide > self.columns:
                self.column = 0
                self._next_line()
            self.lines[self.row][self.column] = sign
            if wide > 1:
                self.lines[self.row][self.column + 1] = ""
            self.column += wide

    def _next_line(self) -> None:
        self.row += 1
        if self.row == self.rows:
            self.row -= 1
            self.lines = [*self.lines[1:], [" "] * self.columns]

    def _code(self, given: str, what: str) -> None:
        numbers = [int(word) for word in given.strip("?").split(";") if word]
        first = numbers[0] if numbers else 1
        if what == "H":
            row, column = [*numbers, 1, 1][:2] if numbers else (1, 1)
            self.row = min(row, self.rows) - 1
            self.column = min(column, self.columns) - 1
        elif what in "AB":
            step = -first if what == "A" else first
            self.row = min(max(0, self.row + step), self.rows - 1)
        elif what in "CD":
            step = first if what == "C" else -first
            self.column = min(max(0, self.column + step), self.columns - 1)
        elif what == "K":
            self._clear(self.row, self.column)
        elif what == "J" or (given, what) in {("?1049", "h"), ("?1049", "l")}:
            whole = what != "J" or given == "2"
            if not whole:
                self._clear(self.row, self.column)
            for row in range(0 if whole else self.row + 1, self.rows):
                self._clear(row, 0)

    def _clear(self, row: int, column: int) -> None:
        self.lines[row][column:] = [" "] * (self.columns - column)


class Terminal:
    """A command of litreview on a terminal of its own."""

    def __init__(
        self, *words: str, rows: int = 24, columns: int = 80, **environment: str
    ) -> None:
        self.master, slave = pty.openpty()
        self.screen = Screen(rows, columns)
        self.resize(rows, columns)
        # The size is the terminal's own, whatever the shell around the tests says.
        gone = {"COLUMNS", "LINES", "NO_COLOR"}
        own = {key: word for key, word in os.environ.items() if key not in gone}
        told = {"PYTHONPATH": str(ROOT), "TERM": "xterm", "SSH_TTY": "here"}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "litreview", *words],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env={**own, **told, **environment},
            start_new_session=True,
            preexec_fn=lambda: ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509
        )
        os.close(slave)
        self.text = ""

    def resize(self, rows: int, columns: int) -> None:
        """Give the terminal another size; what is on it is gone."""
        self.screen = Screen(rows, columns)
        size = struct.pack("HHHH", rows, columns, 0, 0)
        ioctl(self.master, termios.TIOCSWINSZ, size)

    def wait_for(self, *words: str) -> None:
        """Read until all these words stand on the screen at once."""
        end = time.monotonic() + PATIENCE
        while not all(word in self.screen.text for word in words):
            assert time.monotonic() < end, f"no {words} in:\n{self.screen.text}"
            if not self.read(0.1):
                assert all(word in self.screen.text for word in words), self.text

    def read(self, seconds: float) -> bool:
        """Take what comes within this time; False when nothing will come again."""
        if not select.select([self.master], [], [], seconds)[0]:
            return True
        try:
            read = os.read(self.master, 4096)
        except OSError:  # the other side has gone
            return False
        told = read.decode(errors="replace")
        self.text += told
        for _ in range(told.count(WHERE)):
            self.send(f"\x1b[{self.screen.row + 1};{self.screen.column + 1}R")
        self.screen.feed(told)
        return bool(read)

    def send(self, keys: str) -> None:
        """Press keys now."""
        os.write(self.master, keys.encode())

    def press_until(self, key: str, *words: str) -> None:
        """Press a key once in a while until these words stand on the screen.

        A key that comes too early is thrown away, however long that takes here.
        """
        end = time.monotonic() + PATIENCE
        while not all(word in self.screen.text for word in words):
            assert time.monotonic() < end, f"no {words} in:\n{self.screen.text}"
            self.send(key)
            again = time.monotonic() + 0.5
            while time.monotonic() < again and self.read(0.05):
                if all(word in self.screen.text for word in words):
                    return

    def leave(self) -> int:
        """Read to the end and return the exit status."""
        end = time.monotonic() + PATIENCE
        while self.process.poll() is None and time.monotonic() < end:
            self.read(0.05)
        while self.read(0) and select.select([self.master], [], [], 0.1)[0]:
            pass
        return self.process.wait(timeout=1)

    def close(self) -> None:
        """End it, whatever it does."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self.master)
