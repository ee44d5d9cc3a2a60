"""How far a harvest has come: bars on a terminal, a line now and then elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from litreview.cli.output import console, say

if TYPE_CHECKING:
    from litreview.searches import Search
    from litreview.walks import Tell

LINE_SECONDS = 2.0  # between two lines of progress where there is no terminal


@contextmanager
def pages(plan: Sequence[Search]) -> Iterator[Tell]:
    """Give the function that shows each page: a bar, or lines without a terminal."""
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

    tasks: dict[int, TaskID] = {}
    with Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console(stderr=True),
    ) as bars:

        def tell(search: Search, got: int, expected: int | None) -> None:
            if id(search) not in tasks:
                place = f"{len(tasks) + 1}/{len(plan)}"
                name = f"{place} {search.name} {search.source}"
                tasks[id(search)] = bars.add_task(name, total=expected)
            bars.update(tasks[id(search)], completed=got, total=expected)

        yield tell


def _lines() -> Tell:
    """Return a function that writes a line now and then, and at each search's end."""
    begun: dict[int, tuple[float, int]] = {}
    last = 0.0

    def tell(search: Search, got: int, expected: int | None) -> None:
        nonlocal last
        at = time.monotonic()
        since, before = begun.setdefault(id(search), (at, got))
        if at - last < LINE_SECONDS and got != expected:
            return
        last = at
        left = ""
        if expected is not None and got > before:
            seconds = (at - since) / (got - before) * (expected - got)
            left = f", about {seconds:.0f} s left" if got < expected else ""
        total = "?" if expected is None else f"{expected:,}"
        say(f"{search.name} {search.source}: {got:,} of {total}{left}")

    return tell
