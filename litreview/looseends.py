"""What in a codebook leads nowhere: references between its entries, each with its line.

`codebook.parse_codebook` reads one entry after another; whether they fit together
can only be told of the whole.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from litreview.codebook import Codebook, Entry
from litreview.errors import InputFileError
from litreview.yamlfile import suggestion


def problems(codebook: Codebook) -> list[InputFileError]:
    """List every reference in a codebook that leads nowhere, by line.

    Checks ids that stand twice, groups, parents, related constructs, sources and
    datasets that do not exist, parents in a circle, scales with one pole, and
    counter-claims without a reference.
    """
    found = [*_doubles(codebook), *_dangling(codebook), *_circles(codebook)]
    found += [*_single_poles(codebook), *_unopposed(codebook)]
    return sorted(found, key=lambda problem: (problem.line or 0, str(problem)))


def _doubles(codebook: Codebook) -> Iterator[InputFileError]:
    # A construct called like a group would make the group applicable.
    spaces: list[Sequence[Entry]] = [
        [*codebook.groups, *codebook.constructs],
        codebook.references,
        codebook.datasets,
    ]
    for entries in spaces:
        first: dict[str, int] = {}
        for entry in entries:
            if entry.id in first:
                yield InputFileError(
                    codebook.path,
                    entry.line,
                    f"the id {entry.id!r} stands twice",
                    why=f"It is used in line {first[entry.id]} already.",
                    fix="give one of them another id",
                )
            first.setdefault(entry.id, entry.line)


def _dangling(codebook: Codebook) -> Iterator[InputFileError]:
    known = {
        "group": [group.id for group in codebook.groups],
        "construct": [construct.id for construct in codebook.constructs],
        "reference": [reference.id for reference in codebook.references],
        "dataset": [dataset.id for dataset in codebook.datasets],
    }
    for line, owner, role, kind, target in _mentions(codebook):
        if target not in known[kind]:
            yield InputFileError(
                codebook.path,
                line,
                f"{owner}: the {role} {target!r} does not exist",
                why=suggestion(target, known[kind]),
                fix=f"name a {kind} of this file, or add it",
            )


def _mentions(codebook: Codebook) -> Iterator[tuple[int, str, str, str, str]]:
    """Walk over (line, owner, role, kind, target) for every reference made."""
    for c in codebook.constructs:
        roles: list[tuple[str, str, Sequence[str]]] = [
            ("group", "group", [c.group]),
            ("parent", "construct", [c.parent]),
            ("same_as", "construct", [c.same_as]),
            ("related", "construct", c.related),
            ("source", "reference", c.sources),
            ("contested_by", "reference", c.contested_by),
            ("dataset", "dataset", [c.proxy.dataset] if c.proxy else []),
        ]
        for role, kind, targets in roles:
            yield from ((c.line, c.id, role, kind, t) for t in targets if t)
    for r in codebook.references:
        if r.same_study_as:
            yield r.line, r.id, "same_study_as", "reference", r.same_study_as
    for g in codebook.groups:
        if g.source:
            yield g.line, g.id, "source", "reference", g.source


def _circles(codebook: Codebook) -> Iterator[InputFileError]:
    parents = {c.id: c.parent for c in codebook.constructs if c.parent}
    for construct in codebook.constructs:
        seen, here = {construct.id}, parents.get(construct.id, "")
        while here and here not in seen:
            seen.add(here)
            here = parents.get(here, "")
        if here == construct.id:
            yield InputFileError(
                codebook.path,
                construct.line,
                f"{construct.id} is its own parent, directly or through others",
                fix="take one of the parents away",
            )


def _unopposed(codebook: Codebook) -> Iterator[InputFileError]:
    for construct in codebook.constructs:
        if construct.counter_claim and not construct.contested:
            yield InputFileError(
                codebook.path,
                construct.line,
                f"{construct.id} has a counter-claim that nobody makes",
                fix="name in contested_by the references that dispute it",
            )


def _single_poles(codebook: Codebook) -> Iterator[InputFileError]:
    counts = Counter(c.pole_of for c in codebook.constructs if c.pole_of)
    for construct in codebook.constructs:
        if construct.pole_of and counts[construct.pole_of] != 2:
            yield InputFileError(
                codebook.path,
                construct.line,
                f"the scale {construct.pole_of!r} of {construct.id} has "
                f"{counts[construct.pole_of]} pole(s), not two",
                fix="let exactly two constructs name the scale in pole_of",
            )
