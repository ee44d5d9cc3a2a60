"""What two versions of a codebook define differently.

`diff` compares them whole. `redefined` says of one construct whether a passage that
was coded under the old version may have to be read again: its definition or its rules
of use changed, it got facets or other ones, or it is gone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields

from litreview.codebook import Codebook, Construct, Entry, Proxy

# What a coder goes by; labels, sources and notes change no meaning.
MEANING = (
    *("definition", "include_when", "exclude_when", "parent", "pole_of"),
    *("cmo_role", "level", "scoring", "attributes"),
)
GONE, WIDE, FACETS = "removed", "became a parent", "facets"


@dataclass(frozen=True)
class Change:
    """One difference between two codebooks.

    `kind` is added, removed or changed; `what` is group, construct, reference or
    dataset; `field`, `old` and `new` are filled for changed ones alone.
    """

    kind: str
    what: str
    id: str
    field: str = ""
    old: str = ""
    new: str = ""


def diff(old: Codebook, new: Codebook) -> list[Change]:
    """List what differs between two codebooks: added, removed, then changed.

    Within each kind the order is that of the files. Lines do not count.
    """
    kinds: list[tuple[str, Sequence[Entry], Sequence[Entry]]] = [
        ("group", old.groups, new.groups),
        ("construct", old.constructs, new.constructs),
        ("reference", old.references, new.references),
        ("dataset", old.datasets, new.datasets),
    ]
    added: list[Change] = []
    removed: list[Change] = []
    changed: list[Change] = []
    for what, before, after in kinds:
        was = {entry.id: entry for entry in before}
        now = {entry.id: entry for entry in after}
        added += [Change("added", what, key) for key in now if key not in was]
        removed += [Change("removed", what, key) for key in was if key not in now]
        for key, entry in was.items():
            if key in now:
                changed += _field_changes(what, entry, now[key])
    return [*added, *removed, *changed]


def _field_changes(what: str, old: Entry, new: Entry) -> Iterator[Change]:
    for item in fields(old):
        if item.compare and (was := getattr(old, item.name)) != (
            now := getattr(new, item.name)
        ):
            yield Change("changed", what, old.id, item.name, _show(was), _show(now))


def _show(value: object) -> str:
    if isinstance(value, tuple):
        return ", ".join(_show(item) for item in value)
    if isinstance(value, Proxy):
        return f"{value.dataset}: {value.variable} ({value.quality})"
    return "" if value is None else str(value)


def redefined(construct_id: str, old: Codebook, new: Codebook) -> list[Change]:
    """List what changed in the meaning of a construct from one version to another.

    `field` is a name of `MEANING`, or `GONE`, `WIDE` (it has facets now and can no
    longer be applied itself) or `FACETS` (those of its parent are others).
    """
    was, now = old.find(construct_id), new.find(construct_id)
    if was is None:
        return []
    if now is None:
        return [Change("removed", "construct", construct_id, GONE, was.label)]
    changed = [
        change
        for change in _field_changes("construct", was, now)
        if change.field in MEANING
    ]
    if old.applicable(construct_id) and not new.applicable(construct_id):
        changed.append(_facets(construct_id, WIDE, (), new.facets(construct_id)))
    before, after = _beside(was, old), _beside(now, new)
    if was.parent == now.parent and _ids(before) != _ids(after):
        changed.append(_facets(construct_id, FACETS, before, after))
    return changed


def _beside(construct: Construct, book: Codebook) -> tuple[Construct, ...]:
    """Return all the facets of a facet's parent: among them a coder chose."""
    return book.facets(construct.parent) if construct.parent else ()


def _ids(facets: Sequence[Construct]) -> list[str]:
    return sorted(facet.id for facet in facets)


def _facets(
    construct_id: str,
    kind: str,
    before: Sequence[Construct],
    after: Sequence[Construct],
) -> Change:
    one, other = (", ".join(_ids(facets)) for facets in (before, after))
    return Change("changed", "construct", construct_id, kind, one, other)
