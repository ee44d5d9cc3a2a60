"""One line of typing."""

from __future__ import annotations

import pytest
from prompt_toolkit.keys import Keys

from litreview.cli.screen_line import LONGEST, Typing


@pytest.mark.parametrize(
    ("keys", "text", "at"),
    [
        (["a", "b"], "ab", 2),
        (["a", Keys.Left, "b"], "ba", 1),
        (["a", "b", Keys.Home, Keys.Delete], "b", 0),
        (["a", "b", Keys.Backspace, Keys.Backspace, Keys.Backspace], "", 0),
        ([*"two words", Keys.ControlW], "two ", 4),
        ([*"two words ", Keys.ControlW, Keys.ControlW], "", 0),
        ([*"abc", Keys.Left, Keys.ControlU], "c", 0),
        ([*"ab", Keys.Left, Keys.End, Keys.Right, "c"], "abc", 3),
        (["a", Keys.F1, Keys.Up, Keys.Escape], "a", 1),
        (["日", "é"], "日é", 2),
    ],
)
def test_keys_edit_the_line(keys: list[str], text: str, at: int) -> None:
    """Signs go where the cursor is; keys without a meaning do nothing."""
    typing = Typing()
    for key in keys:
        typing.press(key, "\x1b[A" if isinstance(key, Keys) else key)
    assert (typing.text, typing.at) == (text, at)


def test_a_paste_is_one_line_without_codes() -> None:
    """Line ends become blanks, escape sequences go, and there is an end to it."""
    typing = Typing()
    typing.press(Keys.BracketedPaste, "a\r\nb\x1b[2Jc")
    assert typing.text == "a b[2Jc"
    typing.press(Keys.BracketedPaste, "x" * 2 * LONGEST)
    assert len(typing.text) == LONGEST
