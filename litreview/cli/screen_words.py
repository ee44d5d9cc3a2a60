"""What both faces of `screen start` say: a record's facts, the keys, the criteria.

Lines of text without layout. Text from outside has passed `text.printable`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from litreview.highlighting import Highlight, Side, spans
from litreview.text import printable
from litreview.vocabulary import Annotation, Verdict

if TYPE_CHECKING:
    from litreview.cli.sitting import Sight, Sitting
    from litreview.grouping import Change
    from litreview.screening import Card

VERDICT_KEYS = {"i": Verdict.INCLUDE, "e": Verdict.EXCLUDE, "m": Verdict.MAYBE}
# Names of authors before the rest is only counted.
AUTHORS = 10
MINUTE, HOUR = 60, 3600  # seconds

NOTHING_LEFT = "Nothing waits for you any more: u takes your last vote back, q leaves."

# What the keys do: the key, the word in the line of keys, and the help.
KEYS: Sequence[tuple[str, str, str]] = (
    ("i", "include", "include the record"),
    ("e", "exclude", "exclude it; a reason is asked for where the stage needs one"),
    ("m", "maybe", "say maybe, which keeps it in"),
    ("r", "reason", "exclude it and give the reason"),
    ("s", "skip", "put it last and come back to it"),
    ("u", "undo", "take your last vote back; again for the one before"),
    ("n", "note", "write a note that goes with your vote"),
    ("l", "labels", "put a label on the record, or take it off"),
    ("d", "duplicate", "say which record this is a duplicate of"),
    ("c", "criteria", "read the criteria"),
    ("o", "DOI", "open its DOI or address"),
    ("t", "text", "open its open-access full text"),
    ("?", "help", "read this"),
    ("q", "quit", "leave; every vote is stored"),
)


def keys(sitting: Sitting) -> list[tuple[str, str, str]]:
    """Return the keys there are at this stage."""
    return [
        (key, word, told)
        for key, word, told in KEYS
        if (key not in VERDICT_KEYS or VERDICT_KEYS[key] in sitting.rules.verdicts)
        and (key != "r" or sitting.reasons())
    ]


def facts(card: Card) -> list[str]:
    """Return what is known of a report besides its abstract, the title first."""
    where = ", ".join(filter(None, (str(card.year or ""), card.container_title)))
    together = f"{card.records} records of one report" if card.records > 1 else ""
    lines = (
        card.title or "(no title)",
        authors(card.authors),
        where,
        card.type,
        link(card),
        together,
    )
    return [printable(line) for line in lines if line]


def authors(line: str) -> str:
    """Return the names of a report's authors, the rest counted where they are many."""
    names = line.split("; ")
    more = len(names) - AUTHORS
    return f"{'; '.join(names[:AUTHORS])} and {more} more" if more > 1 else line


def link(card: Card) -> str:
    """Return the address of a report: its DOI's, or the one that its source gives."""
    return f"https://doi.org/{card.doi}" if card.doi else card.url


def own_words(sight: Sight) -> Iterator[str]:
    """Yield the person's own labels and notes on a report."""
    if sight.labels:
        yield printable(f"your labels: {', '.join(sight.labels)}")
    for one in sight.own:
        if one.kind == Annotation.NOTE:
            yield printable(f"your note: {one.text}")
    if sight.note:
        yield printable(f"note for your vote: {sight.note}")


def terms(card: Card, highlight: Highlight) -> Iterator[str]:
    """Yield the protocol's terms that a report has, a line for and a line against."""
    text = printable(f"{card.title}\n{card.abstract}", keep_newlines=True)
    found: dict[Side, dict[str, None]] = {side: {} for side in Side}
    for span in spans(text, highlight):
        found[span.side][" ".join(text[span.start : span.end].lower().split())] = None
    for side, word in ((Side.INCLUDE, "for"), (Side.EXCLUDE, "against")):
        if found[side]:
            yield f"words {word} it: {', '.join(found[side])}"


def criteria(sitting: Sitting) -> Iterator[str]:
    """Yield the criteria of a stage: what is in, the reasons, the advice."""
    told = sitting.criteria
    for criterion in told.inclusion:
        yield f"{criterion.id}  {criterion.text}"
    for key, label in sitting.reasons():
        yield f"{key}  {label}"
    for sentence in told.guidance:
        yield f"* {sentence}"


def done(sitting: Sitting) -> str:
    """Return how far the sitting has come."""
    return f"{sitting.done:,} of {sitting.total:,} done"


def pace(sitting: Sitting) -> str:
    """Return how fast it goes and how long the rest would take so, if that is known."""
    each = sitting.seconds_each
    if each is None:
        return ""
    rest = duration(each * len(sitting.queue))
    return f"{each:.0f} s each, about {rest} left" if sitting.queue else ""


def duration(seconds: float) -> str:
    """Return a time in the words of people: whole minutes, or hours."""
    if seconds < HOUR:
        return f"{max(1, round(seconds / MINUTE))} min"
    return (
        f"{seconds / HOUR:.0f} h" if seconds > 10 * HOUR else f"{seconds / HOUR:.1f} h"
    )


def joined(record_id: int, answer: str, change: Change) -> Iterator[str]:
    """Yield what came of saying that a record is a duplicate of another."""
    from litreview.cli.verdicts import refused

    undo = f"litreview dedupe undo {record_id} {answer}"
    yield f"duplicate of record {answer} (`{undo}` takes it back)"
    yield from (refused(refusal) for refusal in change.refused)
