"""Frameworks: lists of ideas from different works that can be laid side by side.

``screening/frameworks.yaml`` names frameworks, each made of groups of the codebook,
and balanced designs: sets of groups of which a programme should have something from
each. A workspace without the file has every group as a framework of its own.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from litreview.protocol import ID
from litreview.yamlfile import Node, refuse_twice

FEWEST = 2  # groups that can be in balance


@dataclass(frozen=True)
class Framework:
    """A list of ideas: the constructs of some groups, in the codebook's order."""

    id: str
    label: str
    groups: tuple[str, ...]
    line: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Balance:
    """Groups of which a programme has something from each, or is not balanced.

    `programme` names the attribute of a code that says which programme it is about;
    without one each study is a programme.
    """

    id: str
    label: str
    groups: tuple[str, ...]
    programme: str = ""
    line: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Frameworks:
    """The whole of frameworks.yaml."""

    frameworks: tuple[Framework, ...] = ()
    balances: tuple[Balance, ...] = ()


def parse_frameworks(node: Node) -> Frameworks:
    """Read frameworks.yaml; raises `InputFileError` at the first mistake."""
    node.fields(optional={"frameworks", "balances"})
    frameworks, balances = node.listed("frameworks"), node.listed("balances")
    refuse_twice(frameworks, "id")
    refuse_twice(balances, "id")
    return Frameworks(
        tuple(_framework(item) for item in frameworks),
        tuple(_balance(item) for item in balances),
    )


def _framework(node: Node) -> Framework:
    node.fields(required={"id", "groups"}, optional={"label"})
    name = node.identifier("id", ID, "nine_claims")
    return Framework(
        name, node.words("label", name), _groups(node, fewest=1), line=node.line
    )


def _balance(node: Node) -> Balance:
    node.fields(required={"id", "groups"}, optional={"label", "programme"})
    name = node.identifier("id", ID, "eef_balanced")
    return Balance(
        name,
        node.words("label", name),
        _groups(node, fewest=FEWEST),
        node.words("programme", ""),
        line=node.line,
    )


def _groups(node: Node, *, fewest: int) -> tuple[str, ...]:
    groups = node.sentences("groups")
    if len(set(groups)) < max(fewest, len(groups)):
        raise node["groups"].error(
            f"at least {fewest} different groups are needed, and none twice"
        )
    return groups
