"""`screen start`: which of its two faces a sitting has here."""

from __future__ import annotations

import os
import sys

from litreview.cli.app import App
from litreview.cli.screen_plain import Plain, put
from litreview.cli.sitting import Sitting


def sit(app: App, stage: str, order: str | None, *, plain: bool) -> None:
    """Let a person screen until they leave or nothing waits."""
    sitting = Sitting(app, stage, order, tell=lambda words: put(words, err=True))
    if plain or not full_screen():
        Plain(sitting).run()
        return
    from litreview.cli.screen_full import Full

    Full(sitting).run()


def full_screen() -> bool:
    """Tell whether there is a terminal that can be drawn on."""
    return (
        sys.stdin.isatty()
        and sys.stdout.isatty()
        and os.environ.get("TERM", "") not in ("", "dumb")
    ) or (sys.platform == "win32" and sys.stdin.isatty() and sys.stdout.isatty())
