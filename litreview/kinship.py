"""How constructs of a codebook belong together: above, below, beside.

Tables roll a group or a parent up over everything below it; an item may rest on a
passage about a neighbouring idea; a coder types a part of a name. Such questions are
answered here, from the codebook alone.
"""

from __future__ import annotations

from collections.abc import Iterable

from litreview.codebook import Codebook, Construct

# How like a label what was typed must be, from 0 to 100, to be taken for a slip.
NEAR = 70


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


def named(books: Iterable[Codebook], words: str) -> list[Construct]:
    """Return the constructs that can be applied and fit what was typed, best first.

    Every word has to be a part of the id or label; then of a synonym, or of the
    parent or group, so that these bring their facets. Where nothing fits, the
    likest labels are returned.
    """
    parts = words.casefold().split()
    ranked: list[tuple[int, Construct]] = []
    offered = [(book, c) for book in books for c in book.constructs]
    offered = [(book, c) for book, c in offered if book.applicable(c.id)]
    for book, construct in offered:
        near = f"{construct.id} {construct.label}".casefold()
        wide = f"{near} {' '.join(_around(book, construct))}".casefold()
        if construct.id == words.strip():
            ranked.append((0, construct))
        elif all(part in near for part in parts):
            ranked.append((1, construct))
        elif all(part in wide for part in parts):
            ranked.append((2, construct))
    if not ranked:
        ranked = _likest(words, [construct for _book, construct in offered])
    return [construct for _rank, construct in sorted(ranked, key=lambda one: one[0])]


def _around(book: Codebook, construct: Construct) -> list[str]:
    parent = book.find(construct.parent) if construct.parent else None
    group = next((g for g in book.groups if g.id == construct.group), None)
    above = [f"{one.id} {one.label}" for one in (parent, group) if one is not None]
    return [*construct.synonyms, *above]


def _likest(words: str, constructs: Iterable[Construct]) -> list[tuple[int, Construct]]:
    # Imported here because it would slow down every start of the program.
    from rapidfuzz import fuzz  # noqa: PLC0415

    found = []
    for construct in constructs:
        score = fuzz.WRatio(words.casefold(), construct.label.casefold())
        if score >= NEAR:
            found.append((100 - round(score), construct))
    return found
