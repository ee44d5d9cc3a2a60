"""What is unusual about a survey item: said to its writer, never forbidden.

An item should speak of the level that its construct describes ("my school" for a
school, "I" for a teacher), and rest on passages about its own construct. Each
function returns notes as plain sentences without a full stop.
"""

from __future__ import annotations

from collections.abc import Iterable

from litreview import kinship
from litreview.codebook import Codebook, Construct, Level

# Whom an item speaks of, by the level that this person or group is on.
REFERENTS = {
    "i": Level.TEACHER,
    "my team": Level.TEAM,
    "our team": Level.TEAM,
    "my department": Level.TEAM,
    "our department": Level.TEAM,
    "my school": Level.SCHOOL,
    "our school": Level.SCHOOL,
    "my trust": Level.TRUST,
    "our trust": Level.TRUST,
}


def level_notes(construct: Construct, *, level: str, referent: str) -> list[str]:
    """Return how an item's level and referent differ from its construct's level."""
    notes = []
    if level != construct.level:
        notes.append(f"its level is {level}, that of {construct.id} {construct.level}")
    speaks_of = REFERENTS.get(referent.lower())
    if speaks_of is not None and speaks_of != level:
        notes.append(
            f"the referent {referent!r} speaks of the level {speaks_of}, "
            f"the item is about the level {level}"
        )
    return notes


def evidence_notes(
    book: Codebook, construct_id: str, codes: Iterable[tuple[int, str]]
) -> list[str]:
    """Return which passages are about another construct, and how it is akin.

    `codes` are pairs of a code's id and its construct.
    """
    return [
        f"code {code_id} is about {other}, "
        + (kinship.between(book, construct_id, other) or "another idea")
        for code_id, other in codes
        if other != construct_id
    ]
