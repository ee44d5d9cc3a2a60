"""Records that leave before screening, and those that come back.

PRISMA counts them apart: what an automatic rule took out, and what a person took
out for another reason. A removal is a row, and so is its undoing; the newest
counts. Once somebody has judged a report, only screening may decide about it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable

from sqlalchemy.orm import Session

from litreview import lookup, state
from litreview.errors import LitreviewError
from litreview.models import Person, RecordRemoval
from litreview.vocabulary import RemovalBasis, Role, Stage
from litreview.wording import phrase


def remove(
    session: Session, record_ids: Collection[int], *, basis: str, text: str, by: str
) -> list[int]:
    """Take records out before screening; return those that were still in.

    `basis` says whether a rule or a person's reason took them out, `text` which.
    Raises `LitreviewError` for a record whose report has votes.
    """
    person = _lead(session, by)
    text = phrase(text, "rule" if basis == RemovalBasis.RULE else "reason")
    ids = sorted({lookup.record(session, number).id for number in record_ids})
    _refuse_voted(session, ids)
    gone = state.removed(session)
    added = [number for number in ids if number not in gone]
    _append(session, added, person, removed=True, basis=basis, text=text)
    return added


def restore(session: Session, record_id: int, *, by: str, why: str = "") -> None:
    """Bring a removed record back; refuses one that is in."""
    person = _lead(session, by)
    lookup.record(session, record_id)
    removal = state.removals(session).get(record_id)
    if removal is None:
        raise LitreviewError(f"record {record_id} is not removed")
    text = phrase(why, "reason", required=False) or removal.text
    _append(session, [record_id], person, removed=False, basis=removal.basis, text=text)


def _lead(session: Session, by: str) -> Person:
    """Return the lead: a removal takes the place of two opinions."""
    return lookup.actor(session, by, roles=(Role.LEAD,))


def _append(  # noqa: PLR0913 - the columns of one row
    session: Session,
    ids: Iterable[int],
    by: Person,
    *,
    removed: bool,
    basis: str,
    text: str,
) -> None:
    session.add_all(
        RecordRemoval(
            record_id=number, removed=removed, basis=basis, text=text, person_id=by.id
        )
        for number in ids
    )
    session.flush()


def _refuse_voted(session: Session, ids: Collection[int]) -> None:
    """Refuse records whose report somebody has judged already."""
    clusters = state.lock_clusters(session, ids) if ids else set()
    counts: dict[int, int] = {}
    for stage in Stage:
        for counting in (True, False):
            cast = state.votes(session, stage, clusters, counting=counting)
            for cluster, votes in cast.items():
                counts[cluster] = counts.get(cluster, 0) + len(votes)
    if counts:
        told = ", ".join(f"record {key} has {counts[key]}" for key in sorted(counts))
        raise LitreviewError(
            "records that have votes cannot be removed; nothing was done",
            why=f"live votes: {told}",
            fix="let screening decide, or withdraw the votes first",
        )
