"""The closed word lists of the field, each written once.

They are `StrEnum` members: equal to their text, so that they go into the
database, JSON and YAML as they are. The database CHECKs its columns against the
same lists.
"""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    """What a person of the team may do."""

    LEAD = "lead"
    SCREENER = "screener"
    ARBITER = "arbiter"
    CODER = "coder"
    READER = "reader"


class Stage(StrEnum):
    """The two stages of screening."""

    TITLE_ABSTRACT = "title_abstract"
    FULL_TEXT = "full_text"


class Verdict(StrEnum):
    """A screener's opinion; maybe counts as include and is no conflict with it."""

    INCLUDE = "include"
    EXCLUDE = "exclude"
    MAYBE = "maybe"


# Not an opinion: the row that takes the last one back.
WITHDRAWN = "withdrawn"


class RoundKind(StrEnum):
    """Why a set of records is screened."""

    MAIN = "main"
    PILOT = "pilot"
    OVERLAP = "overlap"


class Order(StrEnum):
    """In which order a screener takes the records that were handed out."""

    RANDOM = "random"
    NEWEST = "newest"
    RELEVANCE = "relevance"


class StoppingRule(StrEnum):
    """When screening may stop before every record is screened."""

    HYPERGEOMETRIC = "hypergeometric"
    IN_A_ROW = "in_a_row"
    SHARE = "share"


class Origin(StrEnum):
    """How a vote reached the database."""

    TERMINAL = "terminal"
    WEB = "web"
    FILE = "file"
    SIMULATION = "simulation"


class Measure(StrEnum):
    """A figure of agreement that a protocol can ask for."""

    KAPPA = "kappa"
    PERCENT = "percent"
    PABAK = "pabak"
    AC1 = "ac1"


class ResolutionKind(StrEnum):
    """Who settled a conflict: the voters together, or a third person."""

    CONSENSUS = "consensus"
    ARBITRATION = "arbitration"


class PairVerdict(StrEnum):
    """What two records are to each other."""

    DUPLICATE = "duplicate"
    SAME_STUDY = "same_study"
    DIFFERENT = "different"
    WITHDRAWN = "withdrawn"


class Found(StrEnum):
    """How a record was identified, in PRISMA's words."""

    DATABASE = "database"
    REGISTER = "register"
    WEBSITE = "website"
    ORGANISATION = "organisation"
    CITATION = "citation"


# PRISMA's left column; the rest is "other methods".
DATABASE_COLUMN = (Found.DATABASE, Found.REGISTER)


class RunKind(StrEnum):
    """What brought records in."""

    SEARCH = "search"
    FILE = "file"
    MANUAL = "manual"
    CITATION = "citation"


class Direction(StrEnum):
    """Where a citation search looks: at what cites a work, or at what it cites."""

    FORWARD = "forward"
    BACKWARD = "backward"


class RunStatus(StrEnum):
    """How far a run got."""

    RUNNING = "running"
    COMPLETE = "complete"
    INCOMPLETE = "incomplete"


class RemovalBasis(StrEnum):
    """Why a record left before screening: an automatic rule or a person's reason."""

    RULE = "rule"
    REASON = "reason"


class Retrieval(StrEnum):
    """What became of the search for a full text."""

    SOUGHT = "sought"
    RETRIEVED = "retrieved"
    NOT_RETRIEVED = "not-retrieved"


class CmoRole(StrEnum):
    """The place of a construct in a context-mechanism-outcome configuration."""

    CONTEXT = "context"
    MECHANISM = "mechanism"
    OUTCOME = "outcome"


class Polarity(StrEnum):
    """Whether a passage finds the construct there."""

    PRESENT = "present"
    ABSENT = "absent"
    MIXED = "mixed"
    CONTESTED = "contested"


class EvidenceType(StrEnum):
    """What a passage does with the construct."""

    THEORISES = "theorises"
    MEASURES = "measures"
    TESTS = "tests"
    ILLUSTRATES = "illustrates"


class CmoStatus(StrEnum):
    """How settled a configuration is."""

    CANDIDATE = "candidate"
    REFINED = "refined"
    CONSOLIDATED = "consolidated"
    REJECTED = "rejected"


class Relation(StrEnum):
    """What a passage does for a configuration."""

    SUPPORTS = "supports"
    REFUTES = "refutes"
    REFINES = "refines"


class ItemStatus(StrEnum):
    """Where a survey item stands."""

    DRAFT = "draft"
    REVIEWED = "reviewed"
    KEPT = "kept"
    RETIRED = "retired"


class Annotation(StrEnum):
    """What a screener writes beside a record: private until it has its votes."""

    NOTE = "note"
    LABEL = "label"
    UNLABEL = "unlabel"


class CodingState(StrEnum):
    """Whether a coder has read a report to its end: only then is silence absence."""

    FINISHED = "finished"
    REOPENED = "reopened"


class Aspect(StrEnum):
    """The two halves of a mechanism: what is offered, and what people make of it."""

    RESOURCE = "resource"
    REASONING = "reasoning"


class MaterialKind(StrEnum):
    """What else than the protocol and codebooks a team writes in YAML."""

    FORM = "form"
    SCALES = "scales"
    LEDGER = "ledger"
    PLAN = "plan"
    PROGRAMMES = "programmes"
    FRAMEWORKS = "frameworks"


class IndicatorStatus(StrEnum):
    """Whether a variable of a secondary dataset can stand for a construct."""

    CANDIDATE = "candidate"
    USABLE = "usable"
    REJECTED = "rejected"


class Permission(StrEnum):
    """Whether an instrument's items may be used word for word."""

    UNKNOWN = "unknown"
    ASKED = "asked"
    GRANTED = "granted"
    REFUSED = "refused"
    NOT_NEEDED = "not-needed"


class ItemOrigin(StrEnum):
    """Whether an item was written anew, changed from another, or taken as it is."""

    NEW = "new"
    ADAPTED = "adapted"
    VERBATIM = "verbatim"


class Panel(StrEnum):
    """Who rates items or ranks constructs."""

    EXPERT = "expert"
    STAFF = "staff"


class RatingMeasure(StrEnum):
    """What a rating says: relevance and clarity 1-4, essential 0/1, rank 1-n."""

    RELEVANCE = "relevance"
    CLARITY = "clarity"
    ESSENTIAL = "essential"
    RANK = "rank"
