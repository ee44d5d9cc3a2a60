"""What a verdict on two records did, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from litreview.cli.output import bullet_list, say
from litreview.vocabulary import PairVerdict

if TYPE_CHECKING:
    from litreview.grouping import Change
    from litreview.pairs import Refusal


def undone(change: Change) -> str:
    """Return in words what an undo stored and what holds now."""
    ((a, b),) = change.pairs
    if change.verdict == PairVerdict.DIFFERENT:
        return (
            f"{a} and {b}: the machine's verdict is overruled by your `different`, or "
            f"the next `dedupe find` would repeat it; undo again to let it hold"
        )
    now = change.now.get((a, b))
    holds = (
        f"the machine's {now.verdict} holds again" if now else "no verdict holds now"
    )
    return f"{a} and {b}: the person's verdict is withdrawn; {holds}"


def tell(change: Change) -> None:
    """Say on stderr which records moved, and what was refused and why."""
    for cluster, members in change.reports.items():
        if len(members) > 1:
            together = ", ".join(map(str, members))
            say(f"report {cluster}: records {together}")
        elif cluster in change.moved:
            say(f"record {cluster} is a report of its own now")
    if not change.moved:
        say("no record moved")
    for refusal in change.refused:
        say(refused(refusal))


def refused(refusal: Refusal) -> str:
    """Return in words which link was refused, by what, and what can be done."""
    ruling = refusal.ruling
    whose = "a person's" if ruling.by_person else "the machine's"
    walls = [
        f"{wall.a_id} and {wall.b_id} are {wall.verdict.replace('_', ' ')}, says a "
        f"person; `litreview dedupe undo {wall.a_id} {wall.b_id}` withdraws that"
        for wall in refusal.blocked_by
    ]
    return (
        f"refused: {whose} duplicate {ruling.a_id} {ruling.b_id} would join records "
        f"that a person holds apart; it waits for a person\n{bullet_list(walls)}\n"
        f"  - or agree with that: `litreview dedupe decide {ruling.a_id} "
        f"{ruling.b_id} different`"
    )
