"""Constructs: what a passage of a report may be coded with.

A codebook (`screening/codebooks/<name>.yaml`) lists groups of constructs, each
with its definition, its place in a context-mechanism-outcome configuration, its
level and the works it rests on. Only constructs without facets can be applied. A
group ("coherence") or a parent ("creating coherence") is too wide to say what a
passage claims, so the refusal lists the facets to choose from. `parse_codebook`
stops at the first malformed field; references that lead nowhere are for `looseends`
to find, and `redefinition` compares two versions.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from enum import StrEnum
from pathlib import Path
from typing import TypeAlias

from litreview.errors import LitreviewError, NotFoundError
from litreview.protocol import ID, KEY
from litreview.vocabulary import CmoRole
from litreview.yamlfile import Node, suggestion


class Level(StrEnum):
    """Whom or what a construct describes, from the nearest to the widest."""

    PUPIL = "pupil"
    TEACHER = "teacher"
    TEAM = "team"
    SCHOOL = "school"
    TRUST = "trust"
    SYSTEM = "system"
    PROGRAMME = "programme"


class Scoring(StrEnum):
    """Whether agreeing with an item means more of the scale, or less."""

    FORWARD = "forward"
    REVERSE = "reverse"


class ProxyQuality(StrEnum):
    """How well a secondary variable stands for a construct."""

    DIRECT = "direct"
    PARTIAL = "partial"
    WEAK = "weak"


class Checked(StrEnum):
    """Where a fact comes from: the document itself, a source seen, or memory."""

    FOUNDING = "founding"
    VERIFIED = "verified"
    MEMORY = "memory"


@dataclass(frozen=True)
class Group:
    """A heading for constructs; it cannot be applied to a passage."""

    id: str
    label: str
    source: str = ""
    line: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Proxy:
    """A variable of a secondary dataset that may stand for a construct."""

    dataset: str
    variable: str
    quality: ProxyQuality
    line: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Construct:
    """One idea that passages are coded with and survey items measure.

    `parent` is the construct of which this is a facet. `pole_of` names a bipolar
    scale that two constructs share. `contested_by` are references that dispute
    it; `claim` says what its own sources hold, `counter_claim` what those who dispute
    it do. `attributes` are the values that may be noted beside a code. `derived`
    constructs get their value per programme or school by `rule`; passages about
    them may still be coded.
    """

    id: str
    label: str
    group: str
    cmo_role: CmoRole
    level: Level
    definition: str
    sources: tuple[str, ...]
    parent: str = ""
    number: int | None = None
    include_when: str = ""
    exclude_when: str = ""
    example_item: str = ""
    pole_of: str = ""
    scoring: Scoring = Scoring.FORWARD
    contested_by: tuple[str, ...] = ()
    claim: str = ""
    counter_claim: str = ""
    related: tuple[str, ...] = ()
    same_as: str = ""
    synonyms: tuple[str, ...] = ()
    rule: str = ""
    proxy: Proxy | None = None
    attributes: tuple[tuple[str, tuple[str, ...]], ...] = ()
    checked: Checked | None = None
    note: str = ""
    line: int = field(default=0, compare=False)

    @property
    def contested(self) -> bool:
        """Tell whether some reference disputes this construct."""
        return bool(self.contested_by)

    @property
    def derived(self) -> bool:
        """Tell whether its value is worked out by a rule."""
        return bool(self.rule)


@dataclass(frozen=True)
class Reference:
    """A work on which definitions rest; `founding` is the document's number."""

    id: str
    cite: str
    doi: str = ""
    url: str = ""
    eric: str = ""
    founding: str = ""
    same_study_as: str = ""
    checked: Checked | None = None
    line: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Dataset:
    """A secondary dataset in which proxies may be found."""

    id: str
    name: str
    unit: str
    key: str
    access: str
    cadence: str
    holds: str
    linkable: bool
    checked: Checked
    note: str = ""
    line: int = field(default=0, compare=False)


Entry: TypeAlias = Group | Construct | Reference | Dataset


@dataclass(frozen=True)
class Codebook:
    """Constructs with everything they refer to, in the order of the file."""

    name: str
    title: str
    version: str
    language: str
    rules: tuple[str, ...]
    groups: tuple[Group, ...]
    constructs: tuple[Construct, ...]
    references: tuple[Reference, ...]
    datasets: tuple[Dataset, ...]
    path: Path = field(default=Path(), compare=False)

    def find(self, construct_id: str) -> Construct | None:
        """Return the construct with this id, or None."""
        return next((c for c in self.constructs if c.id == construct_id), None)

    def facets(self, construct_id: str) -> tuple[Construct, ...]:
        """Return what stands directly below a construct or a group.

        For a group these are its constructs that can be applied themselves.
        """
        if any(group.id == construct_id for group in self.groups):
            inside = [c for c in self.constructs if c.group == construct_id]
            return tuple(c for c in inside if self.applicable(c.id))
        return tuple(c for c in self.constructs if c.parent == construct_id)

    def applicable(self, construct_id: str) -> bool:
        """Tell whether a passage may be coded with exactly this id."""
        return self.find(construct_id) is not None and not any(
            c.parent == construct_id for c in self.constructs
        )

    def choose(self, construct_id: str) -> Construct:
        """Return a construct that may be applied.

        Raises `LitreviewError`, listing the facets, for a group or a parent, and
        `NotFoundError` for an id that the codebook does not have.
        """
        found = self.find(construct_id)
        if found is not None and self.applicable(construct_id):
            return found
        facets = self.facets(construct_id)
        if facets:
            what = "a construct with facets" if found else "a group of constructs"
            raise LitreviewError(
                f"{construct_id!r} cannot be applied to a passage.",
                why=f"It is {what}, too wide to say what the passage claims.",
                fix="use one of its facets: "
                + "; ".join(f"{c.id} ({c.label})" for c in facets),
            )
        known = [c.id for c in self.constructs] + [g.id for g in self.groups]
        raise NotFoundError(
            f"The codebook {self.name!r} has no construct {construct_id!r}.",
            why=suggestion(construct_id, known),
            fix="see the ids in screening/codebooks/",
        )


def parse_codebook(node: Node, *, name: str) -> Codebook:
    """Read a codebook; `name` is its file's name without the ending.

    Raises `InputFileError` at the first unknown, missing or malformed field.
    References between entries are for `looseends` to judge.
    """
    node.fields(
        required={"title", "version", "groups", "constructs"},
        optional={"language", "rules", "references", "datasets"},
    )
    return Codebook(
        name=name,
        title=node.words("title"),
        version=node.words("version"),
        language=node.words("language", "en"),
        rules=node.sentences("rules"),
        groups=tuple(_group(item) for item in node["groups"]),
        constructs=tuple(_construct(item) for item in node["constructs"]),
        references=tuple(_reference(item) for item in node.listed("references")),
        datasets=tuple(_dataset(item) for item in node.listed("datasets")),
        path=node.path,
    )


def _group(node: Node) -> Group:
    node.fields(required={"id", "label"}, optional={"source"})
    return Group(
        id=node.identifier("id", ID, "pd_leadership"),
        label=node.words("label"),
        source=node.words("source", ""),
        line=node.line,
    )


CONSTRUCT_REQUIRED = frozenset(
    {"id", "label", "group", "cmo_role", "level", "definition", "sources"}
)
CONSTRUCT_OPTIONAL = frozenset(
    item.name for item in fields(Construct) if item.name != "line"
).difference(CONSTRUCT_REQUIRED)


def _construct(node: Node) -> Construct:
    node.fields(required=CONSTRUCT_REQUIRED, optional=CONSTRUCT_OPTIONAL)
    scoring = node.member("scoring", Scoring) if "scoring" in node else Scoring.FORWARD
    return Construct(
        id=node.identifier("id", ID, "coh.end_state"),
        label=node.words("label"),
        group=node.words("group"),
        cmo_role=node.member("cmo_role", CmoRole),
        level=node.member("level", Level),
        definition=node.words("definition"),
        sources=node.sentences("sources"),
        parent=node.words("parent", ""),
        number=node["number"].integer() if "number" in node else None,
        include_when=node.words("include_when", ""),
        exclude_when=node.words("exclude_when", ""),
        example_item=node.words("example_item", ""),
        pole_of=node.words("pole_of", ""),
        scoring=scoring,
        contested_by=node.sentences("contested_by"),
        claim=node.words("claim", ""),
        counter_claim=node.words("counter_claim", ""),
        related=node.sentences("related"),
        same_as=node.words("same_as", ""),
        synonyms=node.sentences("synonyms"),
        rule=node.words("rule", ""),
        proxy=_proxy(node["proxy"]) if "proxy" in node else None,
        attributes=_attributes(node),
        checked=node.member("checked", Checked) if "checked" in node else None,
        note=node.words("note", ""),
        line=node.line,
    )


def _attributes(node: Node) -> tuple[tuple[str, tuple[str, ...]], ...]:
    if "attributes" not in node:
        return ()
    here = node["attributes"]
    return tuple((name, here.sentences(name)) for name in here.mapping())


def _proxy(node: Node) -> Proxy:
    node.fields(required={"dataset", "variable", "quality"})
    return Proxy(
        dataset=node.words("dataset"),
        variable=node.words("variable"),
        quality=node.member("quality", ProxyQuality),
        line=node.line,
    )


def _reference(node: Node) -> Reference:
    optional = {"doi", "url", "eric", "founding", "same_study_as", "checked"}
    node.fields(required={"id", "cite"}, optional=optional)
    return Reference(
        id=node.identifier("id", KEY, "sims_2021"),
        cite=node.words("cite"),
        doi=node.words("doi", ""),
        url=node.words("url", ""),
        eric=node.words("eric", ""),
        founding=node.words("founding", ""),
        same_study_as=node.words("same_study_as", ""),
        checked=node.member("checked", Checked) if "checked" in node else None,
        line=node.line,
    )


def _dataset(node: Node) -> Dataset:
    texts = ["name", "unit", "key", "access", "cadence", "holds"]
    node.fields(required={"id", "linkable", "checked", *texts}, optional={"note"})
    return Dataset(
        id=node.identifier("id", KEY, "GIAS"),
        name=node.words("name"),
        unit=node.words("unit"),
        key=node.words("key"),
        access=node.words("access"),
        cadence=node.words("cadence"),
        holds=node.words("holds"),
        linkable=node["linkable"].boolean(),
        checked=node.member("checked", Checked),
        note=node.words("note", ""),
        line=node.line,
    )
