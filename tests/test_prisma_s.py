"""The 16 items of PRISMA-S: what state each is in, and how that is told."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from litreview.document import Heading, Mono, Paragraph, Table, say
from litreview.prisma_s import NAMES, Item, overview, summary

SAID = (say("something"),)
GAP = (("write ", Mono("x"), "."),)


def test_there_are_sixteen_items_with_names() -> None:
    """The checklist has the items 1 to 16, each with a name of its own."""
    assert list(NAMES) == list(range(1, 17))
    assert len(set(NAMES.values())) == 16


def test_an_item_is_missing_without_words() -> None:
    """Without blocks an item is not reported, with gaps it says so."""
    assert Item(1, ()).state == "not reported"
    assert Item(1, SAID).state == "reported"
    assert Item(1, SAID, GAP).state == "reported with gaps"
    assert Item(1, (), GAP).state == "not reported"


def test_a_missing_item_says_what_to_do() -> None:
    """What is not on record stands under the heading, flagged, with its mending."""
    head, flag = Item(14, (), GAP).written()
    assert head == Heading("14. Peer review")
    assert flag == Paragraph(("Not reported: ", "write ", Mono("x"), "."), alert=True)
    _head, _said, gap = Item(14, SAID, GAP).written()
    assert gap == Paragraph(GAP[0], alert=True)


def test_the_summary_counts_and_names() -> None:
    """How many of how many, which are missing, which have gaps."""
    items = [Item(1, SAID), Item(2, SAID, GAP), Item(7, ()), Item(10, (), GAP)]
    assert summary(items) == "2 of 4 items reported; missing: 7, 10; with gaps: 2."
    assert summary(items[:1]) == "1 of 1 items reported."


@given(st.sets(st.sampled_from(sorted(NAMES))), st.sets(st.sampled_from(sorted(NAMES))))
def test_every_item_is_counted_once(there: set[int], gaps: set[int]) -> None:
    """Whatever is reported, the checklist and the summary agree."""
    items = [
        Item(n, SAID if n in there else (), GAP if n in gaps else ()) for n in NAMES
    ]
    told = summary(items)
    assert told.startswith(f"{len(there)} of 16 ")
    (table,) = [block for block in overview(items) if isinstance(block, Table)]
    states = [str(row[2]) for row in table.rows]
    assert states.count("NOT REPORTED") == 16 - len(there)
    assert states.count("reported with gaps") == len(there & gaps)
    assert ("missing" in told) == (len(there) < 16)
    assert ("gaps" in told) == bool(there & gaps)
