"""The ledger: what is claimed, what follows from it, and who could act on it.

``screening/ledger.yaml`` holds three lists, all optional:

    claims      sentences that the literature asserts, each with its source; a claim
                may counter another, and may have nothing empirical behind it
    levers      what a government, trust or school could change
    strategies  what the review recommends, each on configurations and studies

What supports a claim is not written here: it is counted from the coded passages of
its constructs (`litreview.argument`).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

from litreview.protocol import ID
from litreview.yamlfile import Node, refuse_twice, suggestion


class ClaimKind(StrEnum):
    """What sort of sentence a claim is."""

    EFFECT = "effect"
    THEORY = "theory"
    PRACTICE = "practice"
    POLICY = "policy"
    COST = "cost"


@dataclass(frozen=True)
class Claim:
    """One claim; `evidence` are the kinds of evidence that its source itself names."""

    id: str
    text: str
    kind: ClaimKind
    source: str
    place: str = ""
    constructs: tuple[str, ...] = ()
    counters: tuple[str, ...] = ()
    evidence: tuple[str, ...] = ()
    line: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Lever:
    """Something that somebody in charge could change."""

    id: str
    label: str
    source: str
    place: str = ""
    constructs: tuple[str, ...] = ()
    line: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Strategy:
    """A recommendation with the configurations (by number) and records it rests on."""

    id: str
    text: str
    cmo: tuple[int, ...] = ()
    records: tuple[int, ...] = ()
    levers: tuple[str, ...] = ()
    line: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Ledger:
    """The whole of ledger.yaml."""

    claims: tuple[Claim, ...] = ()
    levers: tuple[Lever, ...] = ()
    strategies: tuple[Strategy, ...] = ()


def parse_ledger(node: Node) -> Ledger:
    """Read ledger.yaml; raises `InputFileError` at the first mistake.

    A claim that counters an unknown one, or itself, is a mistake; so is a strategy
    with an unknown lever.
    """
    node.fields(optional={"claims", "levers", "strategies"})
    claims, levers = node.listed("claims"), node.listed("levers")
    strategies = node.listed("strategies")
    for nodes in (claims, levers, strategies):
        refuse_twice(nodes, "id")
    ledger = Ledger(
        tuple(_claim(item) for item in claims),
        tuple(_lever(item) for item in levers),
        tuple(_strategy(item) for item in strategies),
    )
    known = [claim.id for claim in ledger.claims]
    for item, claim in zip(claims, ledger.claims, strict=True):
        others = [name for name in known if name != claim.id]
        _refuse_unknown(item, "counters", others, "claim")
    for item in strategies:
        _refuse_unknown(item, "levers", [lever.id for lever in ledger.levers], "lever")
    return ledger


def _refuse_unknown(node: Node, key: str, known: list[str], what: str) -> None:
    for item in node.listed(key):
        if item.text() not in known:
            raise item.error(
                f"there is no other {what} {item.text()!r} in this file",
                why=suggestion(item.text(), known),
            )


def _claim(node: Node) -> Claim:
    node.fields(
        required={"id", "text", "kind", "source"},
        optional={"place", "constructs", "counters", "evidence"},
    )
    return Claim(
        id=node.identifier("id", ID, "three_times"),
        text=node.words("text"),
        kind=node.member("kind", ClaimKind),
        source=node.words("source"),
        place=node.words("place", ""),
        constructs=node.sentences("constructs"),
        counters=node.sentences("counters"),
        evidence=node.sentences("evidence"),
        line=node.line,
    )


def _lever(node: Node) -> Lever:
    node.fields(required={"id", "label", "source"}, optional={"place", "constructs"})
    return Lever(
        id=node.identifier("id", ID, "entitlement"),
        label=node.words("label"),
        source=node.words("source"),
        place=node.words("place", ""),
        constructs=node.sentences("constructs"),
        line=node.line,
    )


def _strategy(node: Node) -> Strategy:
    node.fields(required={"id", "text"}, optional={"cmo", "records", "levers"})
    return Strategy(
        id=node.identifier("id", ID, "name_a_lead"),
        text=node.words("text"),
        cmo=tuple(item.integer() for item in node.listed("cmo")),
        records=tuple(item.integer() for item in node.listed("records")),
        levers=node.sentences("levers"),
        line=node.line,
    )
