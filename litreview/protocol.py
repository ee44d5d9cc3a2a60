"""The protocol of a review: who is in, who is out, and who decides.

Two files of `screening/` are read here, each into a frozen value:

    criteria.yaml -> Criteria   streams, inclusion, exclusion reasons in order
    review.yaml   -> Review     title, people, votes per record

and `starter_review`, `starter_criteria` and `starter_codebook` are what a new
workspace begins with: short, valid, and commented so that they teach the format.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass, field

import yaml

from litreview.errors import UsageError
from litreview.highlighting import Highlight, parse_highlight
from litreview.stopping import Rule, parse_rule
from litreview.vocabulary import Measure, Order, Role, Stage, Verdict
from litreview.yamlfile import Node, refuse_twice, suggestion

# Ids are typed on the command line and end up in column names, so they are plain.
ID = re.compile(r"[a-z][a-z0-9_]*(\.[a-z0-9_]+)*")
# Reasons, criteria, datasets and references may have capitals and hyphens.
KEY = re.compile(r"[A-Za-z][A-Za-z0-9_./-]*")
HANDLE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
FRACTION = re.compile(r"[01](\.[0-9]{1,6})?")
# How much of the work somebody takes on, relative to the others.
SHARE = re.compile(r"[0-9]{1,3}(\.[0-9]{1,3})?")
STAGES = [str(stage) for stage in Stage]
# The orders a screener may ask for where the protocol says nothing; the first is used.
USUAL_ORDERS = (Order.RANDOM, Order.NEWEST)


@dataclass(frozen=True)
class Stream:
    """A use that the review makes of an included report."""

    id: str
    label: str
    protocol_words: str = ""


@dataclass(frozen=True)
class Criterion:
    """One condition that an included record meets."""

    id: str
    facet: str
    text: str


@dataclass(frozen=True)
class Reason:
    """A reason to exclude; the first in the file that applies is the primary one."""

    key: str
    label: str
    stages: tuple[Stage, ...]
    order: int


@dataclass(frozen=True)
class StageRules:
    """What a vote at one stage must say."""

    stage: Stage
    verdicts: tuple[Verdict, ...]
    reason_required: bool
    stream_required: bool


@dataclass(frozen=True)
class Criteria:
    """Who is in, who is out, and for which reason, in order of priority."""

    title: str
    version: str
    streams: tuple[Stream, ...]
    inclusion: tuple[Criterion, ...]
    exclusion: tuple[Reason, ...]
    stages: tuple[StageRules, ...]
    guidance: tuple[str, ...] = ()
    highlight: Highlight = field(default_factory=Highlight)

    def reasons(self, stage: str) -> tuple[Reason, ...]:
        """Return the exclusion reasons of a stage, the highest priority first."""
        return tuple(reason for reason in self.exclusion if stage in reason.stages)

    def rules(self, stage: str) -> StageRules:
        """Return the rules of a stage; both stages always have them."""
        return next(rules for rules in self.stages if rules.stage == stage)


@dataclass(frozen=True)
class Person:
    """Someone who works on the review.

    `share` is how many records are handed to them relative to others; whoever is
    `paused` is handed nothing new and keeps what they have.
    """

    handle: str
    name: str
    role: Role
    active: bool = True
    share: float = 1.0
    paused: bool = False


@dataclass(frozen=True)
class StagePlan:
    """How many independent votes a record gets at a stage.

    `single_screened` is the part of the records, 0 to 1, that one person alone may
    screen although `per_record` asks for more.
    """

    stage: Stage
    per_record: int
    single_screened: float = 0.0


@dataclass(frozen=True)
class Calibration:
    """How far screeners must agree in a pilot before the main work begins."""

    statistic: Measure
    at_least: float


@dataclass(frozen=True)
class Review:
    """The review itself, as its workspace marker `review.yaml` tells it."""

    title: str
    question: str
    people: tuple[Person, ...]
    stages: tuple[StagePlan, ...]
    language: str = "en"
    calibration: Calibration | None = None
    orders: tuple[Order, ...] = USUAL_ORDERS
    stopping: Rule | None = None

    def per_record(self, stage: str) -> int:
        """Return the number of independent votes a record gets at a stage."""
        return next(plan.per_record for plan in self.stages if plan.stage == stage)

    def single_screened(self, stage: str) -> float:
        """Return the part of a stage's records that one person may screen alone."""
        plan = next(plan for plan in self.stages if plan.stage == stage)
        return 1.0 if plan.per_record == 1 else plan.single_screened


def parse_criteria(node: Node) -> Criteria:
    """Read criteria.yaml.

    Raises `InputFileError` at the first mistake, a key that stands twice included.
    """
    node.fields(
        required={"title", "version", "inclusion", "exclusion", "stages"},
        optional={"streams", "guidance", "highlight"},
    )
    node["stages"].fields(required=STAGES)
    criteria = Criteria(
        title=node.words("title"),
        version=node.words("version"),
        streams=tuple(_stream(item) for item in node.listed("streams")),
        inclusion=tuple(_criterion(item) for item in node["inclusion"]),
        exclusion=tuple(
            _reason(item, order)
            for order, item in enumerate(node["exclusion"].items(), start=1)
        ),
        stages=tuple(_stage_rules(node["stages"], stage) for stage in Stage),
        guidance=node.sentences("guidance"),
        highlight=parse_highlight(node.get("highlight")),
    )
    refuse_twice(node.listed("streams"), "id")
    refuse_twice(node["inclusion"].items(), "id")
    refuse_twice(node["exclusion"].items(), "key")
    for rules in criteria.stages:
        _refuse_unmeetable(node["stages"][rules.stage], rules, criteria)
    return criteria


def parse_review(node: Node) -> Review:
    """Read review.yaml, the workspace marker.

    Raises `InputFileError` at the first mistake.
    """
    node.fields(
        required={"title", "stages"},
        optional={
            *("question", "people", "language", "calibration", "order", "stopping")
        },
    )
    people = node.listed("people")
    rule = node.get("calibration")
    node["stages"].fields(required=STAGES)
    review = Review(
        title=node.words("title"),
        question=node.words("question", ""),
        people=tuple(_person(item) for item in people),
        stages=tuple(_stage_plan(node["stages"], stage) for stage in Stage),
        language=node.words("language", "en"),
        calibration=None if rule is None else _calibration(rule),
        orders=node.members("order", Order) if "order" in node else USUAL_ORDERS,
        stopping=parse_rule(node["stopping"]) if "stopping" in node else None,
    )
    refuse_twice(people, "handle")
    return review


def _stream(node: Node) -> Stream:
    node.fields(required={"id", "label"}, optional={"protocol_words"})
    return Stream(
        id=node.identifier("id", ID, "theorises_concept"),
        label=node.words("label"),
        protocol_words=node.words("protocol_words", ""),
    )


def _criterion(node: Node) -> Criterion:
    node.fields(required={"id", "facet", "text"})
    return Criterion(
        node.identifier("id", KEY, "I1"), node.words("facet"), node.words("text")
    )


def _reason(node: Node, order: int) -> Reason:
    node.fields(required={"key", "label", "stages"})
    return Reason(
        key=node.identifier("key", KEY, "X-LANG"),
        label=node.words("label"),
        stages=node.members("stages", Stage),
        order=order,
    )


def _stage_rules(node: Node, stage: Stage) -> StageRules:
    here = node[stage]
    here.fields(required={"verdicts"}, optional={"reason_required", "stream_required"})
    verdicts = here.members("verdicts", Verdict)
    for needed in (Verdict.INCLUDE, Verdict.EXCLUDE):
        if needed not in verdicts:
            raise here["verdicts"].error(f"a screener must be able to say {needed}")
    required = {
        key: here[key].boolean() if key in here else False
        for key in ("reason_required", "stream_required")
    }
    return StageRules(stage, verdicts, **required)


def _refuse_unmeetable(node: Node, rules: StageRules, criteria: Criteria) -> None:
    if rules.reason_required and not criteria.reasons(rules.stage):
        raise node.error(
            f"a reason is required at {rules.stage}, but no reason is for that stage",
            fix="add the stage to a reason's stages, or do not require a reason",
        )
    if rules.stream_required and not criteria.streams:
        raise node.error(
            f"a stream is required at {rules.stage}, but there are no streams",
            fix="add streams, or do not require one",
        )


def _person(node: Node) -> Person:
    node.fields(
        required={"handle", "role"}, optional={"name", "active", "share", "paused"}
    )
    return Person(
        handle=node.identifier("handle", HANDLE, "anna"),
        name=node.words("name", ""),
        role=node.member("role", Role),
        active=node["active"].boolean() if "active" in node else True,
        share=_share(node["share"]) if "share" in node else 1.0,
        paused=node["paused"].boolean() if "paused" in node else False,
    )


def _share(node: Node) -> float:
    word = node.text()
    if not SHARE.fullmatch(word) or not float(word):
        raise node.error(
            f"{word!r} is no share of the work",
            why="1 is the usual load, 0.5 half of it, 2 twice as much",
            fix="write a number above 0; whoever is to get nothing has `paused: true`",
        )
    return float(word)


def _calibration(node: Node) -> Calibration:
    node.fields(required={"statistic", "at_least"})
    word = node["at_least"].text()
    if not FRACTION.fullmatch(word) or not 0 < float(word) <= 1:
        raise node["at_least"].error(
            f"{word!r} is no figure of agreement", fix="write a number such as 0.6"
        )
    return Calibration(node.member("statistic", Measure), float(word))


def _stage_plan(node: Node, stage: Stage) -> StagePlan:
    here = node[stage]
    here.fields(required={"per_record"}, optional={"single_screened"})
    number = here["per_record"].integer()
    if number < 1:
        raise here["per_record"].error(
            f"{number} votes per record is too few", fix="ask for 1 or more; 2 is usual"
        )
    if "single_screened" not in here:
        return StagePlan(stage, number)
    return StagePlan(stage, number, _single_screened(here["single_screened"], stage))


def _single_screened(node: Node, stage: Stage) -> float:
    """Read the part of the records that one person may screen alone.

    Source: MECIR C39, two people at full text is mandatory, at titles desirable.
    """
    if stage == Stage.FULL_TEXT:
        raise node.error(
            "full texts cannot be screened by one person",
            why="two people judge every full text (MECIR C39)",
            fix=f"leave single_screened out here; it is for {Stage.TITLE_ABSTRACT}",
        )
    word = node.text()
    if not FRACTION.fullmatch(word) or not 0 < float(word) <= 1:
        raise node.error(
            f"{word!r} is no part of the records",
            fix="write a number above 0 and up to 1, such as 0.2 for one in five",
        )
    return float(word)


def refuse_answer(
    criteria: Criteria,
    *,
    stage: str,
    verdict: str,
    reason: str = "",
    streams: Collection[str] = (),
) -> None:
    """Raise `UsageError` for an answer that the criteria do not accept at a stage."""
    if stage not in STAGES:
        raise UsageError(
            f"{stage!r} is no stage of screening", fix=f"use {' or '.join(STAGES)}"
        )
    rules = criteria.rules(stage)
    if verdict not in rules.verdicts:
        raise UsageError(
            f"{verdict!r} is no verdict at {stage}",
            fix=f"use {', '.join(rules.verdicts)}",
        )
    if verdict == Verdict.EXCLUDE:
        _refuse_reason(criteria, rules, reason)
    elif reason:
        raise UsageError("only an exclusion has a reason", fix="leave --reason out")
    _refuse_streams(criteria, rules, verdict, streams)


def _refuse_reason(criteria: Criteria, rules: StageRules, reason: str) -> None:
    keys = [entry.key for entry in criteria.reasons(rules.stage)]
    if reason and reason not in keys:
        raise UsageError(
            f"{reason!r} is no exclusion reason at {rules.stage}",
            why=suggestion(reason, keys),
            fix=f"use one of: {', '.join(keys) or '(none are for this stage)'}",
        )
    if rules.reason_required and not reason:
        raise UsageError(
            f"an exclusion at {rules.stage} needs its primary reason",
            fix=f"give --reason with the first that applies of: {', '.join(keys)}",
        )


def _refuse_streams(
    criteria: Criteria, rules: StageRules, verdict: str, streams: Collection[str]
) -> None:
    ids = [stream.id for stream in criteria.streams]
    unknown = sorted(set(streams) - set(ids))
    if unknown:
        raise UsageError(
            f"the protocol has no stream {unknown[0]!r}",
            why=suggestion(unknown[0], ids),
            fix=f"use one of: {', '.join(ids) or '(none are defined)'}",
        )
    if streams and verdict == Verdict.EXCLUDE:
        raise UsageError("only an inclusion serves a stream", fix="leave --stream out")
    if rules.stream_required and not streams and verdict == Verdict.INCLUDE:
        raise UsageError(
            f"an inclusion at {rules.stage} needs the stream it serves",
            fix=f"give --stream with one or more of: {', '.join(ids)}",
        )


def starter_review(title: str, question: str) -> str:
    """Return the review.yaml of a new workspace."""
    return f"""\
# This file marks the workspace: litreview looks for it here and in the folders
# above, as git looks for its own.
title: {_quoted(title)}
question: {_quoted(question)}
language: en

# Who works on the review; `litreview sync` brings a change into the database. Whoever
# made the workspace is its lead already. Roles: {", ".join(Role)}.
# Somebody who leaves gets `active: false`: votes stay, unfinished work is released.
# `share: 0.5` gives half as many records as the others get, 2 twice as many. With
# `paused: true` nothing new comes; what was handed out stays and may be voted on.
#   - {{handle: anna, name: Anna Example, role: screener}}
#   - {{handle: ben, name: Ben Example, role: screener, share: 0.5, paused: true}}
people: []

# How many people judge each record, independently, at each stage. On title and
# abstract, a part may be left to one person: {{per_record: 2, single_screened: 0.2}}
# allows one record in five (`screen assign --per-record 1 --share 0.2`); PRISMA
# says so. Full texts need two.
stages:
  title_abstract: {{per_record: 2}}
  full_text: {{per_record: 2}}

# How far any two screeners must agree in a pilot (`litreview screen pilot`) before
# the main work: kappa, percent, pabak or ac1, on include against exclude.
# calibration: {{statistic: kappa, at_least: 0.6}}

# The orders in which a screener may take records, the first one unless asked for
# another: random (by lot, each their own), newest, relevance (learnt from votes).
# order: [random, newest, relevance]

# When screening of titles may stop early; without this every record is screened. The
# other rules are {{rule: in_a_row, records: 50}} and {{rule: share, share: 0.5}}.
# stopping:
#   {{rule: hypergeometric, recall: 0.95, confidence: 0.95, why: "Say why it is fit."}}
"""


def _quoted(text: str) -> str:
    """Return a text as one double-quoted YAML scalar, whatever it contains."""
    line = yaml.safe_dump(
        text, default_style='"', allow_unicode=True, width=float("inf")
    )
    return str(line).strip()


def starter_criteria() -> str:
    """Return the criteria.yaml of a new workspace."""
    return STARTER_CRITERIA


def starter_codebook() -> str:
    """Return the first codebook of a new workspace."""
    return STARTER_CODEBOOK


STARTER_CRITERIA = """\
title: Eligibility criteria
version: "1"

# What the review will use an included report for. Where a stage below says
# `stream_required: true`, an inclusion names at least one of these.
streams:
  - {id: theorises_concept, label: Defines or theorises a construct of the codebook}
  - {id: validates_instrument, label: Develops or validates a survey or scale}

inclusion:
  - {id: I1, facet: population, text: "Say whom the report must be about."}
  - {id: I2, facet: concept, text: "Say what it must deal with."}

# In order of priority: the first that applies is the reason that PRISMA counts.
# A duplicate found late is no reason to exclude: use `litreview dedupe decide`.
exclusion:
  - {key: X-LANG, label: Not in a language we read, stages: [title_abstract, full_text]}
  - {key: X-DATE, label: Outside the date limits, stages: [title_abstract, full_text]}
  - {key: X-TYPE, label: Wrong type of publication, stages: [title_abstract, full_text]}
  - {key: X-POP, label: Wrong population, stages: [title_abstract, full_text]}
  - {key: X-CONCEPT, label: Not about the concept, stages: [title_abstract, full_text]}
  - {key: X-DESIGN, label: Wrong study design, stages: [title_abstract, full_text]}
  - {key: X-OTHER, label: Another reason (say it in the note), stages: [full_text]}

stages:
  title_abstract:
    verdicts: [include, exclude, maybe]
    reason_required: false
    stream_required: false
  full_text:
    verdicts: [include, exclude]
    reason_required: true
    stream_required: false

# Advice to the screeners, shown with the criteria.
guidance:
  - If in doubt at title and abstract, say maybe; it keeps the record in.

# Words that the screen marks in titles and abstracts; they decide nothing. A star
# stands for any ending.
# highlight:
#   include: [teacher*, professional development]
#   exclude: [nurs*, higher education]
"""

STARTER_CODEBOOK = """\
title: First codebook
version: "1"
language: en

groups:
  - {id: leadership, label: Leadership}

# Passages are coded with a construct that has no facets: here lead.explains or
# lead.protects_time, never lead.support or the group.
constructs:
  - id: lead.support
    label: Leaders support learning
    group: leadership
    cmo_role: context        # context, mechanism or outcome
    level: school            # pupil, teacher, team, school, trust, system, programme
    definition: What leaders do so that staff can learn.
    sources: [example_2020]
  - id: lead.explains
    label: Leaders explain the purpose
    group: leadership
    parent: lead.support
    cmo_role: mechanism
    level: school
    definition: Leaders tell staff why they are asked to learn something.
    include_when: A passage says who explains, or that nobody does.
    exclude_when: Staff see the purpose without being told.
    sources: [example_2020]
    example_item: Leaders explain why we are learning something new.
  - id: lead.protects_time
    label: Leaders protect time
    group: leadership
    parent: lead.support
    cmo_role: context
    level: school
    definition: Time for learning is kept free from other demands.
    sources: [example_2020]

references:
  - {id: example_2020, cite: "Replace this with the work the definition rests on."}
"""
