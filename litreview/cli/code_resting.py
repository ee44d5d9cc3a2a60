"""What rests on a passage that was taken back, as it is told to whoever did it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from litreview.cli.output import say

if TYPE_CHECKING:
    from litreview.passages import Resting


def tell_resting(code_id: int, resting: Resting) -> None:
    """Name the items and configurations that rest on a code."""
    for item_id in resting.items:
        say(
            f"item {item_id} rests on it: `litreview item trace {item_id}` now fails "
            f"and names code {code_id}"
        )
    for number in resting.configurations:
        say(
            f"configuration {number} rests on it and no longer counts it: "
            f"`litreview cmo show {number}`"
        )
