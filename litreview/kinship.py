"""How constructs of a codebook belong together: above, below, beside.

Tables roll a group or a parent up over everything below it; an item may rest on a
passage about a neighbouring idea. Both questions are answered here, from the
codebook alone.
"""

from __future__ import annotations

from litreview.codebook import Codebook


def names(book: Codebook, construct_id: str) -> bool:
    """Tell whether a codebook has a construct or a group with this id."""
    groups = (group.id for group in book.groups)
    return book.find(construct_id) is not None or construct_id in groups


def below(book: Codebook, construct_id: str) -> set[str]:
    """Return the ids of all constructs below a group or a construct."""
    found = {c.id for c in book.constructs if c.group == construct_id}
    heads = {construct_id}
    while heads:
        heads = {c.id for c in book.constructs if c.parent in heads} - found
        found |= heads
    return found - {construct_id}


def between(book: Codebook, one: str, other: str) -> str:
    """Return in words how `other` is akin to `one`, or '' where it is not.

    The nearest tie is named: the same idea, a facet, a scale, a relation, a group.
    """
    a, b = book.find(one), book.find(other)
    if a is None or b is None or a.id == b.id:
        return ""
    ties = {
        "the same idea under another name": b.id == a.same_as or a.id == b.same_as,
        "the construct of which it is a facet": a.parent == b.id,
        "a facet of it": b.parent == a.id,
        "another facet of the same construct": a.parent != "" and a.parent == b.parent,
        "on the same scale": a.pole_of != "" and a.pole_of == b.pole_of,
        "related to it": b.id in a.related or a.id in b.related,
        "of the same group": a.group == b.group,
    }
    return next((words for words, tied in ties.items() if tied), "")
