"""PRISMA boxes: which records stand behind each number.

A record is looked at once (`Entry`), and each box asks its own question of all
entries; no box is worked out from others, so the identities of `prisma` are a real
check. Removed records leave before anything else. What stays is one report per
cluster, counted by one record: the smallest id among its records from databases
and registers or, where there is none, among the others.

A report that somebody has judged on its full text has been sought and obtained,
whatever the retrieval events say: a merge or a split can part the two.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import pandas as pd
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from litreview import lookup, prisma, state
from litreview.errors import NotFoundError
from litreview.frame import Columns, frame
from litreview.models import ProtocolVersion, Record
from litreview.outcome import Outcome
from litreview.text import sort_key
from litreview.vocabulary import (
    DATABASE_COLUMN,
    Found,
    RemovalBasis,
    Retrieval,
    Stage,
)
from litreview.yamlfile import suggestion

# How the services write themselves; a file's source is called what its importer said.
SOURCE_LABELS = {"openalex": "OpenAlex", "crossref": "Crossref"}
NO_REASON = "not stated"
# Where a report stands that was still unscreened when a rule stopped screening.
STOPPED = "stopped"
LEFT_OUT = ("excluded", STOPPED)
# Keys of the JSON object that are not boxes but say how one divides.
SPLIT_KEYS = {
    "database_specific_results": "database_results",
    "register_specific_results": "register_results",
}
BOX_COLUMNS: Columns = {
    "box": "text",
    "detail": "text",
    "record_id": "int",
    "source": "text",
    "source_id": "text",
    "doi": "text",
    "title": "text",
    "year": "int",
    "found": "text",
    "cluster_id": "int",
    "study_id": "int",
}


@dataclass(frozen=True)
class Entry:
    """What the boxes ask about one record.

    `unit` says that it is the one by which its report is counted, `home` in which
    column. `ta` and `ft` are the words of `state.standing_of`, `text` is the newest
    retrieval status or empty, `rule` the stopping rule that left it unscreened, which
    makes `ta` stopped. `leads` says that it is the one by which its study is
    counted among the included, `voters` the number of people who voted on its title.
    """

    id: int
    source: str
    found: str
    removed: str
    unit: bool
    home: str
    ta: str
    ft: str
    reason: str
    text: str
    leads: bool
    rule: str = ""
    voters: int = 0

    @property
    def from_databases(self) -> bool:
        """Whether the record itself came from a database or register."""
        return self.found in DATABASE_COLUMN

    @property
    def duplicate(self) -> bool:
        """Whether another record stands for its report."""
        return not self.removed and not self.unit

    @property
    def passed(self) -> bool:
        """Whether its report, counted by it, is included on title and abstract."""
        return self.unit and self.ta == "included"

    @property
    def single_screened(self) -> bool:
        """Whether one person alone settled its report on title and abstract."""
        return self.unit and self.voters == 1 and self.ta in ("included", "excluded")

    @property
    def sought(self) -> bool:
        """Whether its report's full text has been looked for."""
        return self.passed and (self.text != "" or self.ft != "unscreened")

    @property
    def undecided(self) -> bool:
        """Whether its report still lacks votes on the full text."""
        return self.sought and self.ft in ("unscreened", "in_progress")

    @property
    def assessed(self) -> bool:
        """Whether its report is judged on the full text."""
        return self.passed and self.ft in ("included", "excluded")


Question = Callable[[Entry], bool]


def _column(home: str, prefix: str, open_prefix: str) -> dict[str, Question]:
    """Return the questions that both columns ask, of their own reports."""

    def at_stage(stage: str, word: str) -> Question:
        return lambda e: e.unit and e.home == home and getattr(e, stage) == word

    return {
        f"{open_prefix}ta_unscreened": at_stage("ta", "unscreened"),
        f"{open_prefix}ta_in_progress": at_stage("ta", "in_progress"),
        f"{open_prefix}ta_conflict": at_stage("ta", "conflict"),
        f"{open_prefix}ta_single_screened": lambda e: (
            e.home == home and e.single_screened
        ),
        f"{open_prefix}ft_not_yet_sought": lambda e: (
            e.home == home and e.passed and not e.sought
        ),
        f"{prefix}_sought_reports": lambda e: e.home == home and e.sought,
        f"{prefix}_notretrieved_reports": lambda e: (
            e.home == home and e.undecided and e.text == Retrieval.NOT_RETRIEVED
        ),
        f"{open_prefix}ft_unassessed": lambda e: (
            e.home == home and e.undecided and e.text != Retrieval.NOT_RETRIEVED
        ),
        f"{open_prefix}ft_conflict": at_stage("ft", "conflict"),
        f"{prefix}_assessed": lambda e: e.home == home and e.assessed,
        f"{prefix}_excluded": at_stage("ft", "excluded"),
    }


QUESTIONS: Mapping[str, Question] = {
    "database_results": lambda e: e.found == Found.DATABASE,
    "register_results": lambda e: e.found == Found.REGISTER,
    "duplicates": lambda e: e.from_databases and e.duplicate,
    "excluded_automatic": lambda e: e.from_databases and e.removed == RemovalBasis.RULE,
    "excluded_other": lambda e: e.from_databases and e.removed == RemovalBasis.REASON,
    "records_screened": lambda e: (
        e.unit and e.home == "databases" and e.ta in ("included", *LEFT_OUT)
    ),
    "records_excluded": lambda e: e.unit and e.home == "databases" and e.ta in LEFT_OUT,
    # PRISMA's footnote **: of these, what no person excluded.
    "records_excluded_automatic": lambda e: (
        e.unit and e.home == "databases" and e.ta == STOPPED
    ),
    **_column("databases", "dbr", ""),
    "website_results": lambda e: e.found == Found.WEBSITE,
    "organisation_results": lambda e: e.found == Found.ORGANISATION,
    "citations_results": lambda e: e.found == Found.CITATION,
    "other_duplicates": lambda e: not e.from_databases and e.duplicate,
    "other_records_excluded": lambda e: (
        not e.from_databases and (e.removed != "" or (e.unit and e.ta in LEFT_OUT))
    ),
    **_column("other", "other", "other_"),
    "new_reports": lambda e: e.unit and e.ft == "included",
    "new_studies": lambda e: e.leads,
    # A new review has no earlier version, so its totals are all new.
    "previous_studies": lambda _e: False,
    "previous_reports": lambda _e: False,
    "total_reports": lambda e: e.unit and e.ft == "included",
    "total_studies": lambda e: e.leads,
}


@dataclass(frozen=True)
class Placement:
    """Where every record stands: box -> record ids, and the parts of divided boxes.

    A rare box (`prisma.RARE_BOXES`) is absent where it is empty.

    `parts` has box -> source label or reason key -> record ids, reasons in the
    protocol's order and sources by name.
    """

    ids: dict[str, list[int]]
    parts: dict[str, dict[str, list[int]]]
    single_allowed: float | None = None

    def flow(self) -> prisma.Flow:
        """Return the numbers: the length of each list of ids."""
        counted = {
            box: {key: len(ids) for key, ids in parts.items()}
            for box, parts in self.parts.items()
        }
        return prisma.Flow(
            counts={box: len(ids) for box, ids in self.ids.items()},
            per_source=counted["database_results"],
            register_per_source=counted["register_results"],
            dbr_excluded=counted["dbr_excluded"],
            other_excluded=counted["other_excluded"],
            stopping_rules=counted["records_excluded_automatic"],
            single_allowed=self.single_allowed,
        )


def flow(session: Session) -> prisma.Flow:
    """Return the PRISMA numbers of this moment, every open-work box included."""
    return place(session).flow()


def box_ids(session: Session) -> dict[str, list[int]]:
    """Return box -> the ids of the records behind it, ascending."""
    return place(session).ids


def place(session: Session) -> Placement:
    """Put each record into the boxes that count it."""
    found = entries(session)
    ids = {
        box: [entry.id for entry in found if asks(entry)]
        for box, asks in QUESTIONS.items()
    }
    for box in prisma.RARE_BOXES:
        if not ids[box]:
            del ids[box]
    order = _reason_order(session)
    parts = {
        "database_results": _by_source(found, Found.DATABASE),
        "register_results": _by_source(found, Found.REGISTER),
        "dbr_excluded": _by_reason(found, "databases", order),
        "other_excluded": _by_reason(found, "other", order),
        "records_excluded_automatic": _by_rule(found),
    }
    return Placement(ids, parts, _single_allowed(session))


def _single_allowed(session: Session) -> float | None:
    """Return the part that one person may screen alone; None before the first sync."""
    if session.scalar(select(func.count(ProtocolVersion.id))) == 0:
        return None
    return lookup.review(session).single_screened(Stage.TITLE_ABSTRACT)


def _by_source(found: Iterable[Entry], way: Found) -> dict[str, list[int]]:
    parts: dict[str, list[int]] = defaultdict(list)
    for entry in found:
        if entry.found == way:
            parts[SOURCE_LABELS.get(entry.source, entry.source)].append(entry.id)
    return {key: parts[key] for key in sorted(parts, key=lambda k: (sort_key(k), k))}


def _by_reason(
    found: Iterable[Entry], home: str, order: Mapping[str, int]
) -> dict[str, list[int]]:
    parts: dict[str, list[int]] = defaultdict(list)
    for entry in found:
        if entry.unit and entry.home == home and entry.ft == "excluded":
            parts[entry.reason or NO_REASON].append(entry.id)
    last = len(order)
    return {
        key: parts[key] for key in sorted(parts, key=lambda k: (order.get(k, last), k))
    }


def _by_rule(found: Iterable[Entry]) -> dict[str, list[int]]:
    parts: dict[str, list[int]] = defaultdict(list)
    for entry in found:
        if QUESTIONS["records_excluded_automatic"](entry):
            parts[entry.rule].append(entry.id)
    return dict(sorted(parts.items()))


def _reason_order(session: Session) -> dict[str, int]:
    """Return reason key -> its place in the protocol; empty before the first sync."""
    if session.scalar(select(func.count(ProtocolVersion.id))) == 0:
        return {}
    return {reason.key: reason.order for reason in lookup.criteria(session).exclusion}


# -- looking at the records --------------------------------------------------------


def entries(session: Session) -> list[Entry]:
    """Return every record with what the boxes ask about it, by id."""
    query = select(Record.id, Record.source, Record.found, Record.cluster_id)
    rows = list(session.execute(query.order_by(Record.id)))
    stops = state.stopped(session)
    removed = {
        number: row.basis
        for number, row in state.removals(session).items()
        if number not in stops
    }
    rule = {row[3]: stops[row[0]] for row in rows if row[0] in stops}
    unit, home = _units(rows, removed)
    ta = state.outcomes(session, Stage.TITLE_ABSTRACT)
    ft = state.outcomes(session, Stage.FULL_TEXT)
    texts = state.retrievals(session)
    leading = _leading(unit, ft, state.studies(session))
    nobody: Outcome | None = None
    return [
        Entry(
            id=number,
            source=source,
            found=found,
            removed=removed.get(number, ""),
            unit=unit.get(cluster) == number,
            home=home.get(cluster, ""),
            ta=_standing(ta.get(cluster, nobody), rule.get(cluster)),
            ft=state.standing_of(ft.get(cluster, nobody)),
            reason=ft[cluster].reason if cluster in ft else "",
            text=texts.get(cluster, ""),
            leads=number in leading,
            rule=rule.get(cluster, ""),
            voters=len(ta[cluster].voters) if cluster in ta else 0,
        )
        for number, source, found, cluster in rows
    ]


def _standing(outcome: Outcome | None, rule: str | None) -> str:
    """Return the word for a report, also for one that a stop left unscreened."""
    return STOPPED if outcome is None and rule else state.standing_of(outcome)


def _units(
    rows: Iterable[tuple[int, str, str, int]], removed: Mapping[int, str]
) -> tuple[dict[int, int], dict[int, str]]:
    """Return cluster -> the record that counts for it, and cluster -> its column.

    `rows` are (id, source, found, cluster) by id, so the first that fits is the
    smallest.
    """
    unit: dict[int, int] = {}
    home: dict[int, str] = {}
    for number, _source, found, cluster in rows:
        if number in removed:
            continue
        column = "databases" if found in DATABASE_COLUMN else "other"
        if cluster not in unit or (column, home[cluster]) == ("databases", "other"):
            unit[cluster], home[cluster] = number, column
    return unit, home


def _leading(
    unit: Mapping[int, int], ft: Mapping[int, Outcome], study_of: Mapping[int, int]
) -> set[int]:
    """Return, for each study with an included report, the smallest record counted."""
    leading: dict[int, int] = {}
    for cluster, outcome in ft.items():
        if outcome.included:
            study = study_of[cluster]
            leading[study] = min(leading.get(study, unit[cluster]), unit[cluster])
    return set(leading.values())


# -- the records behind a box --------------------------------------------------------


def behind(session: Session, box: str) -> pd.DataFrame:
    """Return the records behind a box, by part and record id (`BOX_COLUMNS`).

    `detail` is the source or the reason for boxes that divide. A box of studies has
    one record for each. Raises `NotFoundError` for what is no box of this review.
    """
    name = SPLIT_KEYS.get(box, box)
    placed = place(session)
    if name not in QUESTIONS:
        _refuse(box)
    ids = placed.ids.get(name, [])
    parts = placed.parts.get(name, {"": ids})
    detail = {number: key for key, ids in parts.items() for number in ids}
    query = select(
        Record.id,
        Record.source,
        Record.source_id,
        Record.doi,
        Record.title,
        Record.year,
        Record.found,
        Record.cluster_id,
    )
    study_of = state.studies(session)
    rows = {row[0]: row for row in session.execute(query)}
    return frame(
        BOX_COLUMNS,
        [
            (box, detail.get(number, ""), *rows[number], study_of[rows[number][7]])
            for number in ids
        ],
        by=["detail", "record_id"],
    )


def _refuse(box: str) -> None:
    if box in prisma.BOXES:
        raise NotFoundError(
            f"{box} is a box of an updated review",
            why="this one is new: it has no earlier version",
            fix="leave it out",
        )
    raise NotFoundError(
        f"{box!r} is not a PRISMA box",
        why=suggestion(box, [*QUESTIONS, *SPLIT_KEYS]),
        fix="`litreview export prisma --format csv` lists the boxes",
    )
