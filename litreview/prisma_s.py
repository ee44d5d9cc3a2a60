"""The 16 items of PRISMA-S, and what a search report says under each.

PRISMA-S is the checklist for reporting searches (Rethlefsen et al., Systematic
Reviews 2021;10:39). An item is reported, reported with gaps, or missing; a gap says
what to do about it, so that no item is left empty in silence.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from litreview.document import Block, Heading, Parts, Table, say, warn

CITATION = (
    "Rethlefsen ML, Kirtley S, Waffenschmidt S, et al. PRISMA-S: an extension to the "
    "PRISMA Statement for Reporting Literature Searches in Systematic Reviews. "
    "Systematic Reviews 2021;10:39. https://doi.org/10.1186/s13643-020-01542-z"
)
NAMES: Mapping[int, str] = {
    1: "Databases",
    2: "Several databases at once",
    3: "Study registries",
    4: "Online resources and browsing",
    5: "Citation searching",
    6: "Contacts",
    7: "Other methods",
    8: "Full search strategies",
    9: "Limits and restrictions",
    10: "Search filters",
    11: "Prior work",
    12: "Updates",
    13: "Dates of searches",
    14: "Peer review",
    15: "Total records",
    16: "De-duplication",
}
State = Literal["reported", "reported with gaps", "not reported"]


@dataclass(frozen=True)
class Item:
    """What is said under one item; with no blocks it is missing.

    `gaps` say what is not on record, each with how to mend it.
    """

    number: int
    blocks: tuple[Block, ...]
    gaps: tuple[Parts, ...] = ()

    @property
    def name(self) -> str:
        """Return the item's name."""
        return NAMES[self.number]

    @property
    def state(self) -> State:
        """Say whether it is reported."""
        if not self.blocks:
            return "not reported"
        return "reported with gaps" if self.gaps else "reported"

    def written(self) -> Iterator[Block]:
        """Yield the item as blocks: its heading, what is said, and what is not."""
        yield Heading(f"{self.number}. {self.name}")
        yield from self.blocks
        lead = "" if self.blocks else "Not reported: "
        for gap in self.gaps:
            yield warn(lead, *gap) if lead else warn(*gap)


def summary(items: Sequence[Item]) -> str:
    """Say in a sentence or two how many items are reported, and which are not."""
    there = [item for item in items if item.blocks]
    told = f"{len(there)} of {len(items)} items reported"
    missing = _numbers(item for item in items if not item.blocks)
    gaps = _numbers(item for item in there if item.gaps)
    return (
        told
        + (f"; missing: {missing}" if missing else "")
        + (f"; with gaps: {gaps}" if gaps else "")
        + "."
    )


def _numbers(items: Iterable[Item]) -> str:
    return ", ".join(str(item.number) for item in items)


def overview(items: Iterable[Item]) -> list[Block]:
    """Return the checklist: each item with its state, NOT REPORTED in capitals."""
    rows = tuple(
        (str(item.number), item.name, item.state if item.blocks else "NOT REPORTED")
        for item in items
    )
    return [
        say("The checklist of PRISMA-S, item by item:"),
        Table(("Item", "What it is about", "State"), rows, frozenset({0})),
    ]
