"""Programmes and the names they had: a dated vocabulary.

``screening/programmes.yaml`` lists programmes, each with its names and the years in
which they were in force. A search that names a programme asks for all its names, old
ones too; a study is shown with the name of the year in which it was published.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from litreview.protocol import ID
from litreview.yamlfile import Node, refuse_twice


@dataclass(frozen=True)
class Name:
    """One name of a programme; without a year it has no known beginning or end.

    `first` and `last` are the years in which it was in force, both included.
    `searchable` is false for a short form that means other things as well.
    """

    text: str
    first: int | None = None
    last: int | None = None
    searchable: bool = True

    def holds(self, year: int) -> bool:
        """Tell whether the name was in force in a year."""
        begun = self.first is None or self.first <= year
        return begun and (self.last is None or year <= self.last)


@dataclass(frozen=True)
class Programme:
    """A programme with its names, the present one first."""

    id: str
    label: str
    names: tuple[Name, ...]
    source: str = ""
    line: int = field(default=0, compare=False)

    @property
    def terms(self) -> tuple[str, ...]:
        """Return the names that a search asks for."""
        return tuple(name.text for name in self.names if name.searchable)

    def name_in(self, year: int | None) -> str:
        """Return the name in force in a year; the label where none is known.

        Where two were in force the later one counts: documents of a year of change
        speak of what is to come.
        """
        if year is None:
            return self.label
        held = [name for name in self.names if name.holds(year)]
        newest = max(held, key=lambda name: name.first or 0, default=None)
        return self.label if newest is None else newest.text


def parse_programmes(node: Node) -> dict[str, Programme]:
    """Read programmes.yaml: id -> programme, in the order of the file.

    Raises `InputFileError` at the first mistake.
    """
    node.fields(required={"programmes"})
    refuse_twice(node["programmes"].items(), "id")
    found = [_programme(item) for item in node["programmes"]]
    return {programme.id: programme for programme in found}


def _programme(node: Node) -> Programme:
    node.fields(required={"id", "label", "names"}, optional={"source"})
    names = tuple(_names(node["names"]))
    if not any(name.searchable for name in names):
        raise node["names"].error(
            "no name can be searched for", fix="let one of them be searched"
        )
    return Programme(
        id=node.identifier("id", ID, "ecte"),
        label=node.words("label"),
        names=names,
        source=node.words("source", ""),
        line=node.line,
    )


def _names(node: Node) -> Iterator[Name]:
    refuse_twice(node.items(), "name")
    for item in node:
        item.fields(required={"name"}, optional={"from", "to", "search"})
        first, last = (
            item[key].integer() if key in item else None for key in ("from", "to")
        )
        if first is not None and last is not None and first > last:
            raise item["from"].error(f"{first} is later than the end, {last}")
        searched = "search" not in item or item["search"].boolean()
        yield Name(item.words("name"), first, last, searched)
