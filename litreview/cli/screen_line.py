"""One line of typing: the text, the cursor, and what each key does to them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from prompt_toolkit.keys import Keys

from litreview.text import printable

# Nobody types more in one line; a paste may.
LONGEST = 2_000  # characters


@dataclass
class Typing:
    """What has been typed, and where the cursor stands in it."""

    text: str = ""
    at: int = 0

    def press(self, key: str, data: str) -> None:
        """Do what a key does in a line; a key without a meaning does nothing.

        What is pasted comes as one key; its line ends become blanks.
        """
        if key in _EDITS:
            _EDITS[key](self)
        elif key == Keys.BracketedPaste or (len(data) == 1 and data.isprintable()):
            words = printable(data)[: LONGEST - len(self.text)]
            self.text = self.text[: self.at] + words + self.text[self.at :]
            self.at += len(words)

    def _keep(self, begin: int, end: int) -> None:
        """Take out what stands from `begin` up to `end`; the cursor goes there."""
        self.text = self.text[:begin] + self.text[end:]
        self.at = begin

    def back(self) -> None:
        """Take the sign before the cursor out."""
        self._keep(max(0, self.at - 1), self.at)

    def delete(self) -> None:
        """Take the sign under the cursor out."""
        self._keep(self.at, self.at + 1)

    def word_back(self) -> None:
        """Take the word before the cursor out."""
        before = self.text[: self.at].rstrip()
        self._keep(before.rfind(" ") + 1, self.at)

    def line_back(self) -> None:
        """Take all before the cursor out."""
        self._keep(0, self.at)

    def left(self) -> None:
        """Go one sign to the left."""
        self.at = max(0, self.at - 1)

    def right(self) -> None:
        """Go one sign to the right."""
        self.at = min(len(self.text), self.at + 1)

    def home(self) -> None:
        """Go to the beginning."""
        self.at = 0

    def end(self) -> None:
        """Go to the end."""
        self.at = len(self.text)


_EDITS: Mapping[str, Callable[[Typing], None]] = {
    Keys.Backspace: Typing.back,
    Keys.Delete: Typing.delete,
    Keys.ControlW: Typing.word_back,
    Keys.ControlU: Typing.line_back,
    Keys.Left: Typing.left,
    Keys.Right: Typing.right,
    Keys.Home: Typing.home,
    Keys.ControlA: Typing.home,
    Keys.End: Typing.end,
    Keys.ControlE: Typing.end,
}
