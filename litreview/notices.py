"""What was published about a work after it: taken back, doubted, corrected.

The services tell it whenever a search is run anew, so it may reach a review long
after a work was included. Here is what of it touches the reports that are included,
or may still be: an excluded or removed one needs no second look. New versions and
other news of no consequence stay with the record and are left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from litreview import state
from litreview.models import Record
from litreview.outcome import Outcome
from litreview.vocabulary import Stage

# What a notice does to a work, the gravest first, in the words of Crossref.
RETRACTED = frozenset({"retraction", "partial_retraction", "withdrawal", "removal"})
DOUBTED = frozenset({"expression_of_concern"})
CORRECTED = frozenset(
    {"correction", "corrigendum", "erratum", "addendum", "clarification"}
)
GRAVITY = (RETRACTED, DOUBTED, CORRECTED)
INCLUDED, IN_PLAY = "included", "in_play"


@dataclass(frozen=True)
class Told:
    """A notice about a report that is included or may be; `doi` is the notice's.

    `record_id` is the record whose source tells it, `source` who told the source.
    """

    record_id: int
    cluster_id: int
    standing: str
    title: str
    kind: str
    doi: str
    published: str
    source: str


def listed(session: Session) -> list[Told]:
    """Return the notices that matter now: of included reports first, gravest first.

    A report's records may tell the same; each notice is told once.
    """
    query = select(Record).where(or_(Record.retracted, Record.notices.is_not(None)))
    records = session.scalars(query.order_by(Record.id)).all()
    standings = _standings(session, {record.cluster_id for record in records})
    gone = state.removed(session)
    found = [
        told
        for record in records
        if record.cluster_id in standings and record.id not in gone
        for told in _told(record, standings[record.cluster_id])
    ]
    return sorted(_once(found), key=_order)


def _standings(session: Session, clusters: set[int]) -> dict[int, str]:
    """Return cluster -> included or in play; those that are out are left out."""
    early = state.outcomes(session, Stage.TITLE_ABSTRACT, clusters)
    late = state.outcomes(session, Stage.FULL_TEXT, clusters)
    return {
        cluster: INCLUDED if _has(late, cluster, "included") else IN_PLAY
        for cluster in early
        if not _has(early, cluster, "excluded") and not _has(late, cluster, "excluded")
    }


def _has(outcomes: Mapping[int, Outcome], cluster: int, word: str) -> bool:
    return state.standing_of(outcomes.get(cluster)) == word


def _told(record: Record, standing: str) -> list[Told]:
    """Return what a record's source tells of it."""
    rows = record.notices if isinstance(record.notices, list) else []
    if record.retracted and not any(row["kind"] in RETRACTED for row in rows):
        known = {"kind": "retraction", "doi": "", "published": ""}
        rows = [*rows, {**known, "source": record.source}]
    return [
        Told(
            record.id,
            record.cluster_id,
            standing,
            record.title,
            row["kind"],
            row["doi"],
            row["published"],
            row["source"],
        )
        for row in rows
        if any(row["kind"] in kinds for kinds in GRAVITY)
    ]


def _once(found: Iterable[Told]) -> list[Told]:
    """Leave out what another record of the report tells already, or tells better."""
    by_notice: dict[tuple[int, str, str], Told] = {}
    for told in found:
        by_notice.setdefault((told.cluster_id, told.kind, told.doi), told)
    named = {(cluster, kind) for cluster, kind, doi in by_notice if doi}
    return [
        told
        for (cluster, kind, doi), told in by_notice.items()
        if doi or (cluster, kind) not in named
    ]


def _order(told: Told) -> tuple[bool, int, int, str]:
    gravity = next(n for n, kinds in enumerate(GRAVITY) if told.kind in kinds)
    return told.standing != INCLUDED, gravity, told.cluster_id, told.doi
