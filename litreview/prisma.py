"""PRISMA 2020 counts: the boxes, the sums they must obey, and their renderings.

Every box arrives as a number of its own (a query over records); none is
computed here from others, so the identities are a real check. Each record
stands in exactly one place, and while work is open it stands in an open-work
box, which the identities count. With all of these at zero the identities are
those of the published diagram; until then every rendering says INTERIM.

Box ids follow the flow diagram of Page et al., BMJ 2021;372:n71; the open-work
boxes, the two that explain the other-methods column and the two of what one person
screened alone are ours. Drawn are the
variants for a new review: databases and registers, with or without other methods.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from difflib import get_close_matches
from types import MappingProxyType
from typing import Literal

from litreview.errors import InvariantError

Unit = Literal["record", "report", "study"]
Column = Literal["databases", "other", "included", "updated"]
Variant = Literal["new_v1", "new_v2"]
Json = dict[str, "int | bool | dict[str, int] | dict[str, list[int]]"]


@dataclass(frozen=True)
class Box:
    """One box: what it counts, in words, and the column it belongs to."""

    id: str
    unit: Unit
    meaning: str
    column: Column


@dataclass(frozen=True)
class Flow:
    """The numbers of one review at one moment.

    `counts` maps box id to count; a box of open work may be absent, which says
    zero. The five others split a box: by database, by register, the exclusions at
    full text by reason (one primary reason per report), and what was left
    unscreened by the stopping rule. `single_allowed` is the part of the records, 0
    to 1, that the protocol lets one person screen alone; None says nothing of it.
    """

    counts: Mapping[str, int]
    per_source: Mapping[str, int] = field(default_factory=dict)
    register_per_source: Mapping[str, int] = field(default_factory=dict)
    dbr_excluded: Mapping[str, int] = field(default_factory=dict)
    other_excluded: Mapping[str, int] = field(default_factory=dict)
    stopping_rules: Mapping[str, int] = field(default_factory=dict)
    single_allowed: float | None = None


@dataclass(frozen=True)
class Identity:
    """A sum that must hold: an equation of signed terms, and why it must.

    A term is a box id, or `sum(split)`. It applies where the box `given` was
    counted and the box `unless` was not.
    """

    id: str
    equation: str
    text: str
    given: str = ""
    unless: str = ""

    @property
    def sign(self) -> str:
        """Return `==` or `<=`."""
        return "<=" if "<=" in self.equation else "=="

    @property
    def left(self) -> str:
        """Return the terms before the sign."""
        return self.equation.split(f" {self.sign} ")[0]

    @property
    def right(self) -> str:
        """Return the terms after the sign."""
        return self.equation.split(f" {self.sign} ")[1]


@dataclass(frozen=True)
class Violation:
    """An identity that fails, with the numbers."""

    identity: str
    text: str


_BOXES = (
    Box("previous_studies", "study", "studies in the earlier version", "updated"),
    Box("previous_reports", "report", "reports of those studies", "updated"),
    Box("database_results", "record", "records from databases", "databases"),
    Box("register_results", "record", "records from study registers", "databases"),
    Box("duplicates", "record", "duplicates removed before screening", "databases"),
    Box("excluded_automatic", "record", "removed by automation", "databases"),
    Box("excluded_other", "record", "removed for another stated reason", "databases"),
    Box("ta_unscreened", "record", "title/abstract: no vote yet", "databases"),
    Box("ta_in_progress", "record", "title/abstract: votes to come", "databases"),
    Box("ta_conflict", "record", "title/abstract: votes that differ", "databases"),
    Box("records_screened", "record", "settled on title/abstract", "databases"),
    Box("records_excluded", "record", "excluded on title/abstract", "databases"),
    Box(
        "records_excluded_automatic",
        "record",
        "of these, left unscreened by a stopping rule",
        "databases",
    ),
    Box("ta_single_screened", "record", "of these, judged by one person", "databases"),
    Box("ft_not_yet_sought", "report", "full text not yet looked for", "databases"),
    Box("dbr_sought_reports", "report", "full text looked for", "databases"),
    Box("dbr_notretrieved_reports", "report", "full text not obtained", "databases"),
    Box("ft_unassessed", "report", "full text not yet judged", "databases"),
    Box("ft_conflict", "report", "full text: votes that differ", "databases"),
    Box("dbr_assessed", "report", "full text judged", "databases"),
    Box("dbr_excluded", "report", "excluded on the full text", "databases"),
    Box("website_results", "record", "found on websites", "other"),
    Box("organisation_results", "record", "found through organisations", "other"),
    Box("citations_results", "record", "found by citation searching", "other"),
    Box("other_duplicates", "record", "duplicates among these", "other"),
    Box("other_ta_unscreened", "record", "title/abstract: no vote yet", "other"),
    Box("other_ta_in_progress", "record", "title/abstract: votes to come", "other"),
    Box("other_ta_conflict", "record", "title/abstract: votes that differ", "other"),
    Box("other_records_excluded", "record", "left out before the full text", "other"),
    Box("other_ta_single_screened", "record", "titles judged by one person", "other"),
    Box("other_ft_not_yet_sought", "report", "full text not yet looked for", "other"),
    Box("other_sought_reports", "report", "full text looked for", "other"),
    Box("other_notretrieved_reports", "report", "full text not obtained", "other"),
    Box("other_ft_unassessed", "report", "full text not yet judged", "other"),
    Box("other_ft_conflict", "report", "full text: votes that differ", "other"),
    Box("other_assessed", "report", "full text judged", "other"),
    Box("other_excluded", "report", "excluded on the full text", "other"),
    Box("new_studies", "study", "studies included", "included"),
    Box("new_reports", "report", "reports of those studies", "included"),
    # Ours: PRISMA names no box for the third term of P12.
    Box("new_reports_of_previous", "report", "new, of earlier studies", "updated"),
    Box("total_studies", "study", "studies included in all", "updated"),
    Box("total_reports", "report", "reports of those studies", "updated"),
    Box("total_studies_ma", "study", "studies in a meta-analysis", "updated"),
    Box("total_reports_ma", "report", "reports of those studies", "updated"),
)
BOXES: Mapping[str, Box] = MappingProxyType({box.id: box for box in _BOXES})

# Where a record waits, in the order of the work; the same for both columns.
OPEN_WORK = (
    "ta_unscreened",
    "ta_in_progress",
    "ta_conflict",
    "ft_not_yet_sought",
    "ft_unassessed",
    "ft_conflict",
)
OPEN_BOXES = (*OPEN_WORK, *(f"other_{box}" for box in OPEN_WORK))
# The template has no place for these, so a published diagram may lack them.
EXPLAINING_BOXES = ("other_duplicates", "other_records_excluded")
# Told in a footnote, never drawn: reports on whose title one person alone decided.
SINGLE_BOXES = ("ta_single_screened", "other_ta_single_screened")
# The template's footnote **: counted only where there is something to count.
RARE_BOXES = ("records_excluded_automatic",)
# Box -> the split of it, by the name of the field of Flow that holds it.
SPLITS: Mapping[str, str] = MappingProxyType(
    {
        "database_results": "per_source",
        "register_results": "register_per_source",
        "records_excluded_automatic": "stopping_rules",
        "dbr_excluded": "dbr_excluded",
        "other_excluded": "other_excluded",
    }
)

_OTHER_FOUND = "website_results + organisation_results + citations_results"
_OTHER_TAKEN = (
    "other_sought_reports + other_ft_not_yet_sought"
    " + other_ta_unscreened + other_ta_in_progress + other_ta_conflict"
)
IDENTITIES = (
    Identity(
        "P1",
        "database_results == sum(per_source)",
        "records from databases are those of each database",
    ),
    Identity(
        "P2",
        "register_results == sum(register_per_source)",
        "records from registers are those of each register",
    ),
    Identity(
        "P3",
        "records_screened + ta_unscreened + ta_in_progress + ta_conflict"
        " == database_results + register_results"
        " - duplicates - excluded_automatic - excluded_other",
        "what was found and not removed is screened or waits for it",
    ),
    Identity(
        "P4",
        "dbr_sought_reports + ft_not_yet_sought == records_screened - records_excluded",
        "what was screened and not excluded is sought or waits for it",
    ),
    Identity(
        "P4",
        "records_excluded_automatic <= records_excluded",
        "what a stopping rule left unscreened is among the excluded",
        given="records_excluded_automatic",
    ),
    Identity(
        "P4",
        "ta_single_screened + records_excluded_automatic <= records_screened",
        "what one person screened alone is among what people screened",
    ),
    Identity(
        "P5",
        "dbr_assessed + ft_unassessed + ft_conflict"
        " == dbr_sought_reports - dbr_notretrieved_reports",
        "what was sought and obtained is judged or waits for it",
    ),
    Identity(
        "P6",
        "dbr_excluded == sum(dbr_excluded)",
        "each report excluded has one primary reason",
    ),
    Identity(
        "P6",
        "other_excluded == sum(other_excluded)",
        "each report excluded has one primary reason",
    ),
    Identity(
        "P6",
        "records_excluded_automatic == sum(stopping_rules)",
        "each record left unscreened was left so by one rule",
        given="records_excluded_automatic",
    ),
    Identity(
        "P7",
        f"{_OTHER_TAKEN} <= {_OTHER_FOUND}",
        "other methods cannot lead to more reports than records",
        unless="other_records_excluded",
    ),
    Identity(
        "P7",
        f"{_OTHER_TAKEN} + other_records_excluded == {_OTHER_FOUND} - other_duplicates",
        "what other methods found is sought, left out or waits",
        given="other_records_excluded",
    ),
    Identity(
        "P8",
        "other_assessed + other_ft_unassessed + other_ft_conflict"
        " == other_sought_reports - other_notretrieved_reports",
        "what was sought and obtained is judged or waits for it",
    ),
    Identity(
        "P9",
        "new_reports + new_reports_of_previous"
        " == dbr_assessed - dbr_excluded + other_assessed - other_excluded",
        "what was judged and not excluded is included",
    ),
    Identity(
        "P10",
        "new_studies <= new_reports",
        "a study is included by at least one report",
    ),
    Identity(
        "P11",
        "total_studies == previous_studies + new_studies",
        "all studies are the earlier and the new ones",
        given="total_studies",
    ),
    Identity(
        "P12",
        "total_reports == previous_reports + new_reports + new_reports_of_previous",
        "all reports are the earlier and the new ones",
        given="total_reports",
    ),
)


def count(flow: Flow, box: str) -> int:
    """Return the count of a box: as given, else the sum of its split, else 0."""
    if box in flow.counts or box not in SPLITS:
        return flow.counts.get(box, 0)
    return sum(split(flow, box).values())


def split(flow: Flow, box: str) -> Mapping[str, int]:
    """Return how a box divides over its sources or reasons; empty if it does not."""
    parts: Mapping[str, int] = getattr(flow, SPLITS[box]) if box in SPLITS else {}
    return parts


def variant(flow: Flow) -> Variant:
    """Say which template fits: with a column of other methods if any box is used."""
    others = (box.id for box in BOXES.values() if box.column == "other")
    return "new_v2" if any(count(flow, box) for box in others) else "new_v1"


def is_interim(flow: Flow) -> bool:
    """Say whether any record still waits for work."""
    return any(count(flow, box) for box in OPEN_BOXES)


def check(flow: Flow) -> list[Violation]:
    """Evaluate P1 to P13 and return those that fail, in their order.

    Sums over something that is no integer mean nothing, so then only P13 speaks.
    """
    unfit = list(_unfit(flow))
    if any(type(value) is not int for _, value in _numbers(flow)):
        return unfit
    broken = [
        Violation(identity.id, _explain(flow, identity))
        for identity in IDENTITIES
        if _applies(flow, identity) and not _holds(flow, identity)
    ]
    return broken + unfit


def refuse_unbalanced(flow: Flow) -> None:
    """Raise InvariantError, naming boxes and numbers, unless every sum holds."""
    broken = check(flow)
    if broken:
        raise InvariantError(
            "The PRISMA boxes do not add up, so no diagram was made.",
            why=" ".join(f"{one.identity}: {one.text}" for one in broken),
            fix="list the records behind a box named here with"
            " 'litreview export prisma --box ID --format csv'.",
        )


def _numbers(flow: Flow) -> Iterator[tuple[str, object]]:
    """Yield every number of a flow with its name."""
    yield from flow.counts.items()
    for box, name in SPLITS.items():
        for key, value in split(flow, box).items():
            yield f"{name}[{key}]", value


def _unfit(flow: Flow) -> Iterator[Violation]:
    """Yield what breaks P13: no box of ours, missing, no integer, below zero."""
    for box in flow.counts:
        if box not in BOXES:
            near = get_close_matches(box, BOXES, n=1)
            hint = f" Did you mean {near[0]!r}?" if near else ""
            yield Violation("P13", f"{box!r} is not a PRISMA box.{hint}")
    for box in _required(flow):
        if box not in flow.counts and box not in SPLITS:
            yield Violation("P13", f"{box} was not counted.")
    for name, value in _numbers(flow):
        if type(value) is not int:
            yield Violation("P13", f"{name} is {value!r}, not a whole number.")
        elif value < 0:
            yield Violation("P13", f"{name} is {value}, below zero.")


def _required(flow: Flow) -> Iterator[str]:
    """Yield the boxes that must be counted: the template's, for columns in use."""
    other = any(BOXES[box].column == "other" for box in flow.counts if box in BOXES)
    columns = {"databases", "included"} | ({"other"} if other else set())
    for box in BOXES.values():
        known = box.id in (*OPEN_BOXES, *EXPLAINING_BOXES, *RARE_BOXES, *SINGLE_BOXES)
        if box.column in columns and not known:
            yield box.id


def _applies(flow: Flow, identity: Identity) -> bool:
    """Say whether the flow counts the boxes that this identity speaks of."""
    return (not identity.given or identity.given in flow.counts) and (
        not identity.unless or identity.unless not in flow.counts
    )


def _holds(flow: Flow, identity: Identity) -> bool:
    """Say whether the two sides compare as they must."""
    left, right = _side(flow, identity.left), _side(flow, identity.right)
    return left == right if identity.sign == "==" else left <= right


def _terms(side: str) -> Iterator[tuple[str, str]]:
    """Yield the terms of a side, each with its sign."""
    words = ["+", *side.split()]
    yield from zip(words[::2], words[1::2], strict=True)


def _value(flow: Flow, term: str) -> int:
    """Return the number behind a term: a box, or the sum of a split."""
    if term.startswith("sum("):
        parts: Mapping[str, int] = getattr(flow, term[4:-1])
        return sum(parts.values())
    return count(flow, term)


def _side(flow: Flow, side: str) -> int:
    """Add up one side of an identity."""
    return sum(
        _value(flow, term) * (1 if sign == "+" else -1) for sign, term in _terms(side)
    )


def _explain(flow: Flow, identity: Identity) -> str:
    """Tell a failed identity with its boxes and numbers; idle open boxes left out."""
    left, right = _shown(flow, identity.left), _shown(flow, identity.right)
    verb = "is not" if identity.sign == "==" else "is more than"
    return f"{left} {verb} {right} ({identity.text})."


def _shown(flow: Flow, side: str) -> str:
    """Write one side as `box 12 + box 3 = 15`."""
    terms = [
        (sign, term, _value(flow, term))
        for sign, term in _terms(side)
        if term not in OPEN_BOXES or _value(flow, term)
    ]
    text = " ".join(f"{sign} {term} {value}" for sign, term, value in terms)
    total = f" = {_side(flow, side)}" if len(terms) > 1 else ""
    return text.removeprefix("+ ") + total


def to_json_object(flow: Flow, *, ids: Mapping[str, list[int]] | None) -> Json:
    """Return the flow as one JSON object: box id -> count, in the order of BOXES.

    `dbr_excluded` and `other_excluded` map reason -> count, and two further keys,
    `database_specific_results` and `register_specific_results`, source -> count.
    `records_excluded_automatic` maps stopping rule -> count, if there is any.
    Boxes of an updated review stand there if they were counted, `interim` always,
    and with `ids` a last key `records`: box id -> the ids behind it.
    """
    found: Json = {}
    for box in shown_boxes(flow):
        if box.id in ("dbr_excluded", "other_excluded", *RARE_BOXES):
            found[box.id] = dict(split(flow, box.id))
            continue
        found[box.id] = count(flow, box.id)
        if box.id in SPLITS:
            name = box.id.replace("_results", "_specific_results")
            found[name] = dict(split(flow, box.id))
    found["interim"] = is_interim(flow)
    if ids is not None:
        found["records"] = {box: list(members) for box, members in ids.items()}
    return found


def single_screened(flow: Flow) -> str:
    """Say how many records one person screened alone; empty if there are none."""
    one, other = (count(flow, box) for box in SINGLE_BOXES)
    if not one + other:
        return ""
    people = count(flow, "records_screened") - count(flow, "records_excluded_automatic")
    said = [f"{one:,} of {people:,} records were screened by one person"]
    allowed = flow.single_allowed
    open_work = ("ta_unscreened", "ta_in_progress", "ta_conflict")
    whole = people + sum(count(flow, box) for box in open_work)
    if allowed is not None and one <= allowed * whole + 1:
        limit = "" if allowed == 1 else f" (up to {_percent(allowed)})"
        said.append(f"as the protocol allows{limit}")
    elif allowed:
        said.append(f"where the protocol allows up to {_percent(allowed)}")
    elif allowed is not None:
        said.append("which the protocol does not allow")
    more = f" Of those found by other methods, {other:,} were." if other else ""
    return f"{', '.join(said)}.{more}"


def _percent(part: float) -> str:
    return f"{part * 100:.4g} %"


def to_csv_rows(flow: Flow) -> list[dict[str, str | int]]:
    """Return a row per box: box, detail, unit, column, count, meaning.

    After a box with a split stand its parts, with the source or the reason as
    `detail`; they are contained in the count of the box itself.
    """
    return [
        {
            "box": box.id,
            "detail": detail,
            "unit": box.unit,
            "column": box.column,
            "count": number,
            "meaning": box.meaning,
        }
        for box in shown_boxes(flow)
        for detail, number in [("", count(flow, box.id)), *split(flow, box.id).items()]
    ]


def shown_boxes(flow: Flow) -> Iterator[Box]:
    """Yield the boxes that are written out, in order.

    Always those of a new review; those of an update, and the two that no
    template has, where they were counted.
    """
    for box in BOXES.values():
        rare = box.column == "updated" or box.id in (*EXPLAINING_BOXES, *RARE_BOXES)
        if not rare or box.id in flow.counts:
            yield box
