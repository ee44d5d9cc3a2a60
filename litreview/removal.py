"""Records that leave before screening, and those that come back.

PRISMA counts them apart: what an automatic rule took out, and what a person took
out for another reason. A removal is a row, and so is its undoing; the newest
counts. Once somebody has judged a report, only screening may decide about it.

When the protocol's stopping rule holds, a lead may end screening on title and
abstract: what nobody has begun then leaves by that rule, and PRISMA counts it as
excluded by automation with the rule named.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from litreview import audit, course, lookup, state
from litreview.declarative import now
from litreview.errors import LitreviewError, UsageError
from litreview.models import Person, Record, RecordRemoval
from litreview.outcome import Outcome, Standing
from litreview.stopping import Finding, Rule
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


# -- ending early --------------------------------------------------------------------


@dataclass(frozen=True)
class Stop:
    """What a stop did: the rule and its figures, the records that it took out.

    `begun` is the number of reports that some have voted on and others still must.
    """

    rule: str
    finding: Finding
    records: tuple[int, ...]
    begun: int


def stop(session: Session, *, stage: str, by: str) -> Stop:
    """End screening on title and abstract by the protocol's rule, and say what left.

    Only what nobody has judged leaves; a report with votes is finished by those who
    have it. `restore` brings a record back. Raises `LitreviewError` where the protocol
    has no rule, the rule does not hold, conflicts are open or nothing is left.
    """
    person = _lead(session, by)
    if stage != Stage.TITLE_ABSTRACT:
        raise UsageError(
            f"screening cannot stop early at {stage}",
            why="every report included on title and abstract is read",
            fix=f"give --stage {Stage.TITLE_ABSTRACT}, or leave it out",
        )
    rule, found = _holding(session)
    outcomes = state.outcomes(session, stage)
    _refuse_conflicts(outcomes.values())
    untouched = _untouched(session, stage, outcomes.values())
    if not untouched:
        raise LitreviewError("nothing is left unscreened", fix="there is no need to")
    ids = _present(session, untouched)
    text = f"stopping rule: {rule}"
    session.execute(
        insert(RecordRemoval),
        [
            {
                "record_id": number,
                "removed": True,
                "basis": RemovalBasis.RULE,
                "text": text,
                "person_id": person.id,
                "at": now(),
            }
            for number in ids
        ],
    )
    told = {"stage": stage, "why": rule.why, "records": len(ids), **asdict(found)}
    audit.note(session, state.STOPPED, by=person, subject=text, detail=told)
    waiting = [o for o in outcomes.values() if not o.complete]
    return Stop(text, found, tuple(ids), len(waiting) - len(untouched))


def _holding(session: Session) -> tuple[Rule, Finding]:
    """Return the protocol's rule and its figures, or refuse."""
    rule, found = course.finding(session)
    if rule is None or found is None:
        raise LitreviewError(
            "the protocol has no stopping rule, so every record is screened",
            fix="write `stopping:` in screening/review.yaml, and sync",
        )
    if not found.holds:
        p = "" if found.p is None else f"; p = {found.p:.4f}"
        raise LitreviewError(
            f"the stopping rule does not hold: {rule}",
            why=f"{found.screened:,} of {found.total:,} reports have their votes, "
            f"{found.relevant:,} are relevant, the last {found.in_a_row:,} are not{p}",
            fix="screen on; `litreview screen progress` tells when it holds",
        )
    return rule, found


def _refuse_conflicts(outcomes: Iterable[Outcome]) -> None:
    number = sum(outcome.standing == Standing.CONFLICT for outcome in outcomes)
    if number:
        raise LitreviewError(
            f"{number:,} reports are in conflict",
            why="what they come to is part of the figures",
            fix="settle them first: `litreview screen conflicts`",
        )


def _untouched(session: Session, stage: str, outcomes: Iterable[Outcome]) -> list[int]:
    """Return, locked, the clusters on which nobody has a vote, nor one in a pilot."""
    ids = [one.cluster_id for one in outcomes if one.standing == Standing.UNSCREENED]
    for start in range(0, len(ids), state.CHUNK):
        state.lock_clusters(session, ids[start : start + state.CHUNK])
    voted: set[int] = set()
    for counting in (True, False):
        voted |= state.votes(session, stage, ids, counting=counting).keys()
    return [cluster for cluster in ids if cluster not in voted]


def _present(session: Session, clusters: list[int]) -> list[int]:
    """Return the records of these clusters that are still in."""
    gone = state.removed(session)
    return sorted(
        number
        for start in range(0, len(clusters), state.CHUNK)
        for number in session.scalars(
            select(Record.id).where(
                Record.cluster_id.in_(clusters[start : start + state.CHUNK])
            )
        )
        if number not in gone
    )
