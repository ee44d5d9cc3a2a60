"""What is known of the records: lists, one record whole, and a search among them.

Nothing here tells how anybody voted: a record's state at a stage is a verdict only
where its report has the votes that its round asks for.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import ColumnElement, or_, select
from sqlalchemy.orm import Session

from litreview import corrections, lookup, merged, state
from litreview.models import (
    HarvestRun,
    Hit,
    Person,
    RawRecord,
    Record,
    RecordAuthor,
    RecordEdit,
    RecordRemoval,
    SearchStrategy,
)
from litreview.outcome import Standing
from litreview.text import title_key
from litreview.vocabulary import Stage

Row = dict[str, object]

# What a record can be at a stage, in the words of `state.standing_of`.
STATES = (
    str(Standing.UNSCREENED),
    str(Standing.IN_PROGRESS),
    str(Standing.CONFLICT),
    "included",
    "excluded",
    "not_eligible",
)


@dataclass(frozen=True)
class Wanted:
    """Which records a list shows; empty means all. `state` is one at `stage`."""

    source: str = ""
    state: str = ""
    stage: str = Stage.TITLE_ABSTRACT


def listed(session: Session, wanted: Wanted | None = None) -> list[Row]:
    """Return records by id: identity, title, year, doi, removed, state per stage."""
    wanted = wanted or Wanted()
    query = select(Record).order_by(Record.id)
    if wanted.source:
        query = query.where(Record.source == wanted.source)
    rows = _rows(session, session.scalars(query), clusters=None)
    if not wanted.state:
        return rows
    return [row for row in rows if _states(row)[wanted.stage] == wanted.state]


def _states(row: Row) -> dict[str, str]:
    states = row["state"]
    assert isinstance(states, dict)  # noqa: S101 - `_rows` made it
    return states


def search(session: Session, text: str) -> list[Row]:
    """Return the records whose title, authors or DOI hold every word of `text`."""
    query = select(Record).order_by(Record.id)
    for word in text.split():
        query = query.where(_holds(word))
    found = session.scalars(query).all() if text.split() else []
    return _rows(session, found, clusters={record.cluster_id for record in found})


def _holds(word: str) -> ColumnElement[bool]:
    """Return the condition that a record holds a word, capitals aside."""
    places = [
        Record.title.icontains(word, autoescape=True),
        Record.authors.icontains(word, autoescape=True),
        Record.doi.icontains(word, autoescape=True),
    ]
    if key := title_key(word):
        places.append(Record.title_key.contains(key, autoescape=True))
    return or_(*places)


def _rows(
    session: Session, records: Iterable[Record], *, clusters: set[int] | None
) -> list[Row]:
    gone = state.removed(session)
    outcomes = {stage: state.outcomes(session, stage, clusters) for stage in Stage}
    return [
        {
            "record_id": record.id,
            "source": record.source,
            "source_id": record.source_id,
            "cluster_id": record.cluster_id,
            "title": record.title,
            "year": record.year,
            "doi": record.doi,
            "removed": record.id in gone,
            "state": {
                str(stage): state.standing_of(found.get(record.cluster_id))
                for stage, found in outcomes.items()
            },
        }
        for record in records
    ]


# -- one record --------------------------------------------------------------------


def shown(session: Session, record_id: int) -> Row:
    """Return all that is known of one record.

    Its fields and authors, what was published about it later, the records of its
    report and what they come to together (`merged`: field -> value, the record it is
    taken from, and why), where it came from and by which searches, its payloads and
    the newest of them, corrections, removals, and its state.
    """
    record = lookup.record(session, record_id)
    base = _rows(session, [record], clusters={record.cluster_id})[0]
    told = {name: getattr(record, name) for name in corrections.EDITABLE}
    members = lookup.members(session, record_id)
    provenance = _provenance(session, record_id)
    found_by = {str(hit["strategy"]) for hit in provenance if hit["strategy"]}
    return {
        **base,
        **told,
        "found": record.found,
        "scope": record.scope,
        "flags": record.flags.split(),
        "notices": record.notices or [],
        "authors": _authors(session, record_id),
        "members": [
            {"record_id": m.id, "source": m.source, "source_id": m.source_id}
            for m in members
        ],
        "merged": _merged(session, record_id),
        "strategies": sorted(found_by),
        "provenance": provenance,
        "edits": _edits(session, record_id),
        "removals": _removals(session, record_id),
        **_payloads(session, record_id),
    }


def _authors(session: Session, record_id: int) -> list[Row]:
    query = select(RecordAuthor).where(RecordAuthor.record_id == record_id)
    return [
        {
            "family": author.family,
            "given": author.given,
            "literal": author.literal,
            "orcid": author.orcid,
        }
        for author in session.scalars(query.order_by(RecordAuthor.position))
    ]


def _merged(session: Session, record_id: int) -> dict[str, Row]:
    """Return field -> its value in the merged view, whose it is, and why."""
    choices = merged.view(session, record_id).choices
    return {
        name: {
            "value": choice.text if name == "authors" else choice.value,
            "record_id": choice.record_id,
            "why": list(choice.reasons),
        }
        for name, choice in choices.items()
    }


def _provenance(session: Session, record_id: int) -> list[Row]:
    """Return each run that found the record, with what it asked."""
    query = (
        select(Hit, HarvestRun, SearchStrategy.name, Person.handle)
        .join(HarvestRun, HarvestRun.id == Hit.run_id)
        .outerjoin(SearchStrategy, SearchStrategy.id == HarvestRun.strategy_id)
        .outerjoin(Person, Person.id == HarvestRun.person_id)
        .where(Hit.record_id == record_id)
        .order_by(Hit.run_id)
    )
    return [
        {
            "run_id": run.id,
            "kind": run.kind,
            "at": run.started_at,
            "person": person,
            "strategy": strategy,
            "rank": hit.rank,
            "score": hit.score,
            "seed_id": hit.seed_id,
            "request": run.request,
        }
        for hit, run, strategy, person in session.execute(query)
    ]


def _payloads(session: Session, record_id: int) -> Row:
    query = select(RawRecord).where(RawRecord.record_id == record_id)
    rows = session.scalars(query.order_by(RawRecord.version)).all()
    return {
        "payloads": [
            {
                "version": row.version,
                "sha256": row.sha256,
                "run_id": row.run_id,
                "at": row.at,
            }
            for row in rows
        ],
        "payload": json.loads(zlib.decompress(rows[-1].payload)) if rows else None,
    }


def _edits(session: Session, record_id: int) -> list[Row]:
    query = (
        select(RecordEdit, Person.handle)
        .join(Person, Person.id == RecordEdit.person_id)
        .where(RecordEdit.record_id == record_id)
        .order_by(RecordEdit.id)
    )
    return [
        {
            "field": row.field,
            "value": row.value,
            "why": row.why,
            "person": person,
            "at": row.at,
        }
        for row, person in session.execute(query)
    ]


def _removals(session: Session, record_id: int) -> list[Row]:
    query = (
        select(RecordRemoval, Person.handle)
        .join(Person, Person.id == RecordRemoval.person_id)
        .where(RecordRemoval.record_id == record_id)
        .order_by(RecordRemoval.id)
    )
    return [
        {
            "removed": row.removed,
            "basis": row.basis,
            "text": row.text,
            "person": person,
            "at": row.at,
        }
        for row, person in session.execute(query)
    ]
