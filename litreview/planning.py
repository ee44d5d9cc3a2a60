"""What the review is for, and by when: questions, milestones and the analysis to come.

``screening/plan.yaml`` holds lists and one day, all optional:

    questions   the research questions, and which constructs and streams serve each
    milestones  what is to be done by when; `done` is the day on which it was
    analysis    outcome, predictors, covariates and groups, each with its source
    search_end  the day after which a search is outside the protocol
    rameses     what the report of a realist synthesis tells, by item (1 to 19)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from litreview.protocol import ID, KEY
from litreview.rameses import ITEMS
from litreview.vocabulary import CmoRole
from litreview.yamlfile import Node, refuse_twice


class Part(StrEnum):
    """The place of a variable in an analysis."""

    OUTCOME = "outcome"
    PREDICTOR = "predictor"
    COVARIATE = "covariate"
    GROUP = "group"


@dataclass(frozen=True)
class Question:
    """A research question.

    What serves it: passages of its `constructs` (a group stands for all in it), or of
    any construct coded in one of its `roles`, and reports that serve its `streams`.
    """

    id: str
    text: str
    roles: tuple[CmoRole, ...] = ()
    constructs: tuple[str, ...] = ()
    streams: tuple[str, ...] = ()
    line: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Milestone:
    """Something that is to be done by a day."""

    id: str
    label: str
    due: date
    begins: date | None = None
    done: date | None = None
    line: int = field(default=0, compare=False)

    def overdue(self, today: date) -> bool:
        """Tell whether the day is past and it is not done."""
        return self.done is None and today > self.due


@dataclass(frozen=True)
class Variable:
    """One variable of the analysis to come, traced to a study or a founding work.

    It is a construct, an indicator (by number) or both; `source` is a key of a
    codebook's references, a DOI, or ``record ID``.
    """

    part: Part
    label: str
    source: str
    construct: str = ""
    indicator: int | None = None
    note: str = ""
    line: int = field(default=0, compare=False)


@dataclass(frozen=True)
class Plan:
    """The whole of plan.yaml."""

    questions: tuple[Question, ...] = ()
    milestones: tuple[Milestone, ...] = ()
    analysis: tuple[Variable, ...] = ()
    search_end: date | None = None
    rameses: Mapping[int, str] = field(default_factory=dict)


def parse_plan(node: Node) -> Plan:
    """Read plan.yaml; raises `InputFileError` at the first mistake."""
    node.fields(
        optional={"questions", "milestones", "analysis", "search_end", "rameses"}
    )
    questions, milestones = node.listed("questions"), node.listed("milestones")
    refuse_twice(questions, "id")
    refuse_twice(milestones, "id")
    end = node.get("search_end")
    return Plan(
        tuple(_question(item) for item in questions),
        tuple(_milestone(item) for item in milestones),
        tuple(_variable(item) for item in node.listed("analysis")),
        None if end is None else end.day(),
        _rameses(node.get("rameses")),
    )


def _rameses(node: Node | None) -> dict[int, str]:
    """Return item -> text; refuse a number that no item has."""
    if node is None:
        return {}
    node.fields(optional=[str(item.number) for item in ITEMS])
    return {int(key): node.words(key) for key in node.mapping()}


def _question(node: Node) -> Question:
    served = {"roles", "constructs", "streams"}
    node.fields(required={"id", "text"}, optional=served)
    if not any(key in node for key in served):
        raise node.error(
            f"nothing says what serves the question {node.words('id')!r}",
            fix="give roles, constructs or streams",
        )
    return Question(
        id=node.identifier("id", KEY, "RQ1"),
        text=node.words("text"),
        roles=node.members("roles", CmoRole) if "roles" in node else (),
        constructs=_ids(node, "constructs"),
        streams=_ids(node, "streams"),
        line=node.line,
    )


def _ids(node: Node, key: str) -> tuple[str, ...]:
    """Return a list of ids that may be absent, each of a usable form."""
    found = []
    for item in node.listed(key):
        if not ID.fullmatch(item.text()):
            raise item.error(f"{item.text()!r} is not a usable id")
        found.append(item.text())
    return tuple(found)


def _milestone(node: Node) -> Milestone:
    node.fields(required={"id", "label", "due"}, optional={"begins", "done"})
    begins, done = node.get("begins"), node.get("done")
    milestone = Milestone(
        id=node.identifier("id", ID, "search"),
        label=node.words("label"),
        due=node["due"].day(),
        begins=None if begins is None else begins.day(),
        done=None if done is None else done.day(),
        line=node.line,
    )
    if milestone.begins is not None and milestone.begins > milestone.due:
        raise node["begins"].error(
            f"{milestone.begins} is later than the day it is due, {milestone.due}"
        )
    return milestone


def _variable(node: Node) -> Variable:
    node.fields(
        required={"part", "label", "source"},
        optional={"construct", "indicator", "note"},
    )
    indicator = node.get("indicator")
    construct = node.get("construct")
    if indicator is None and construct is None:
        raise node.error(
            f"{node.words('label')!r} is neither a construct nor an indicator",
            fix="give construct, indicator, or both",
        )
    return Variable(
        part=node.member("part", Part),
        label=node.words("label"),
        source=node.words("source"),
        construct="" if construct is None else node.identifier("construct", ID, "a.b"),
        indicator=None if indicator is None else indicator.integer(),
        note=node.words("note", ""),
        line=node.line,
    )
