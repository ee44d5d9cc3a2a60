"""How far a piece of work of several steps has come, if it takes a while."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TypeAlias

from litreview.cli.output import console, say

Tell: TypeAlias = Callable[[str, int, int], None]  # step, done, of how much

PATIENCE = 2.0  # seconds that nobody minds, and between two lines


@contextmanager
def steps() -> Iterator[Tell]:
    """Give the function that shows each step: a bar, or lines without a terminal.

    Work that takes less than two seconds shows nothing.
    """
    if not sys.stderr.isatty():
        yield _lines()
        return
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TaskID,
        TextColumn,
        TimeRemainingColumn,
    )

    begun = time.monotonic()
    tasks: dict[str, TaskID] = {}
    bars = Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console(stderr=True),
    )

    def tell(step: str, done: int, total: int) -> None:
        if step not in tasks:
            tasks[step] = bars.add_task(step, total=total)
        bars.update(tasks[step], completed=done, total=total)
        if time.monotonic() - begun >= PATIENCE:
            bars.start()

    try:
        yield tell
    finally:
        bars.stop()


def _lines() -> Tell:
    """Return the function that writes a line now and then."""
    last = time.monotonic()

    def tell(step: str, done: int, total: int) -> None:
        nonlocal last
        at = time.monotonic()
        if at - last >= PATIENCE:
            last = at
            say(f"{step}: {done:,} of {total:,}")

    return tell
