"""Which round a record is in: through its hand-outs, and the votes cast on it.

A record keeps its round for good. A merge brings records of several rounds
together; the report then needs the largest number, and what is handed out or cast
for it goes to the very record that is in that round, so that an undone merge sends
every record home with its own.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from functools import lru_cache

from sqlalchemy import Select, bindparam, false, null, select, union_all
from sqlalchemy.orm import Session

from litreview import state
from litreview.models import Assignment, Decision, Record, ScreeningRound, now
from litreview.vocabulary import Stage


@lru_cache(maxsize=1)  # building it costs more than asking it
def _traces() -> Select[int, int, bool, bool]:
    """Return the query of what ties a report to rounds.

    The columns are round id, record id, does the round count, and is it this
    person's own open hand-out.
    """
    home = (
        select(Record.cluster_id)
        .where(Record.id == bindparam("record"))
        .scalar_subquery()
    )
    ties = union_all(
        select(
            Assignment.round_id,
            Assignment.record_id,
            (
                (Assignment.person_id == bindparam("screener"))
                & (Assignment.released_at == null())
            ).label("own"),
        )
        .join(Record, Record.id == Assignment.record_id)
        .where(Record.cluster_id == home),
        select(Decision.round_id, Decision.record_id, false().label("own"))
        .join(Record, Record.id == Decision.record_id)
        .where(Record.cluster_id == home),
    ).subquery()
    return (
        select(ties.c.round_id, ties.c.record_id, ScreeningRound.counts, ties.c.own)
        .join(ScreeningRound, ScreeningRound.id == ties.c.round_id)
        .where(ScreeningRound.stage == bindparam("stage"))
    )


def round_for(
    session: Session, stage: str, record_id: int, screener_id: int
) -> ScreeningRound | None:
    """Return the round that this person's vote on this record belongs to.

    This person's own open hand-out of the record decides; else the round that the
    record is already in; else the same two questions of the report's other
    records; else the newest main round. None before there is any round.
    """
    asked = {"stage": stage, "record": record_id, "screener": screener_id}
    found = [
        # The record's own before others', a hand-out before what else there is.
        (record == record_id, bool(own), number)
        for number, record, counts, own in session.execute(_traces(), asked)
        if own or counts
    ]
    if found:
        return session.get_one(ScreeningRound, max(found)[-1])
    return state.main_round(session, stage)


def places(session: Session, stage: str) -> dict[int, tuple[int, int]]:
    """Return cluster -> the counting round whose number it needs, and the record in it.

    Of several rounds the one with the largest number counts, then the newest.
    """
    best: dict[int, tuple[int, int, int]] = {}
    for table in (Assignment, Decision):
        query = (
            select(
                Record.cluster_id,
                ScreeningRound.per_record,
                table.round_id,
                -table.record_id,
            )
            .join(table, table.record_id == Record.id)
            .join(ScreeningRound, ScreeningRound.id == table.round_id)
            .where(ScreeningRound.stage == stage, ScreeningRound.counts)
            .distinct()
        )
        for cluster, *place in session.execute(query):
            number, round_id, minus = place
            best[cluster] = max(best.get(cluster, (0, 0, 0)), (number, round_id, minus))
    return {
        cluster: (round_id, -minus) for cluster, (_, round_id, minus) in best.items()
    }


def release(session: Session, people: Collection[int]) -> int:
    """Take back what these people were handed and have no live vote on.

    Returns the number of hand-outs; other people can then be given the records.
    """
    query = (
        select(Assignment, ScreeningRound.stage, Record.cluster_id)
        .join(ScreeningRound, ScreeningRound.id == Assignment.round_id)
        .join(Record, Record.id == Assignment.record_id)
        .where(Assignment.person_id.in_(people), Assignment.released_at.is_(None))
    )
    handed = session.execute(query).all()
    clusters: dict[str, set[int]] = defaultdict(set)
    for _assignment, stage, cluster in handed:
        clusters[stage].add(cluster)
    voted = {
        (stage, cluster, vote.screener_id)
        for stage in Stage
        for counting in (True, False)
        for cluster, cast in state.votes(
            session, stage, clusters[stage], counting=counting
        ).items()
        for vote in cast
    }
    idle = [
        assignment
        for assignment, stage, cluster in handed
        if (stage, cluster, assignment.person_id) not in voted
    ]
    for assignment in idle:
        assignment.released_at = now()
    session.flush()
    return len(idle)
