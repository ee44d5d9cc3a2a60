"""Which round a record is in: through its hand-outs, and the votes cast on it.

A record keeps its round for good. A merge brings records of several rounds
together; the report then needs the largest number, and what is handed out or cast
for it goes to the very record that is in that round, so that an undone merge sends
every record home with its own.

A pilot is apart: its votes never count, and a person's vote on its record is a
pilot vote until they have cast one there.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from functools import lru_cache

from sqlalchemy import (
    Select,
    bindparam,
    case,
    false,
    func,
    null,
    select,
    true,
    union_all,
)
from sqlalchemy.orm import Session

from litreview import quorum, state
from litreview.declarative import now
from litreview.models import Assignment, Decision, Record, ScreeningRound
from litreview.outcome import fold
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
    records; else the newest main round. None before there is any round. A pilot
    hand-out comes first until its vote is cast; after that, only while the pilot
    lacks votes on the report and nothing else was handed to this person.
    """
    asked = {"stage": stage, "record": record_id, "screener": screener_id}
    traces = session.execute(_traces(), asked).all()
    found = [
        # The record's own before others', a hand-out before what else there is.
        (record == record_id, bool(own), number)
        for number, record, counts, own in traces
        if counts
    ]
    pilots = [number for number, _record, counts, own in traces if own and not counts]
    if pilots and _in_pilot(
        session, stage, record_id, screener_id, handed=any(own for _, own, _ in found)
    ):
        return session.get_one(ScreeningRound, max(pilots))
    if found:
        return session.get_one(ScreeningRound, max(found)[-1])
    return quorum.main_round(session, stage)


def _in_pilot(
    session: Session, stage: str, record_id: int, screener_id: int, *, handed: bool
) -> bool:
    """Tell whether a vote of somebody who has a pilot hand-out is a pilot vote.

    `handed` says that they have one that counts as well.
    """
    cluster = session.get_one(Record, record_id).cluster_id
    cast = state.votes(session, stage, [cluster], counting=False).get(cluster, [])
    if all(vote.screener_id != screener_id for vote in cast):
        return True
    return not handed and cluster not in pilot_complete(session, stage, cluster)


# -- pilots ------------------------------------------------------------------------


def pilot_needs(
    session: Session, stage: str, cluster: int | None = None
) -> dict[int, int]:
    """Return cluster -> the pilot votes asked for: its round's number.

    Whoever left without voting is not waited for. With `cluster`, only that one.
    """
    holder = case((Assignment.released_at.is_(None), Assignment.person_id))
    query = (
        select(
            Record.cluster_id,
            func.max(ScreeningRound.per_record),
            func.count(Assignment.person_id.distinct()) - func.count(holder.distinct()),
        )
        .join(Assignment, Assignment.record_id == Record.id)
        .join(ScreeningRound, ScreeningRound.id == Assignment.round_id)
        .where(
            ScreeningRound.stage == stage,
            ScreeningRound.counts.is_(False),
            true() if cluster is None else Record.cluster_id == cluster,
        )
        .group_by(Record.cluster_id)
    )
    return {
        home: max(1, number - left) for home, number, left in session.execute(query)
    }


def pilot_complete(
    session: Session, stage: str, cluster: int | None = None
) -> set[int]:
    """Return the clusters whose pilot votes are all there, and so open to everybody.

    They are judged by the pilot's own votes. With `cluster`, only that one.
    """
    need = pilot_needs(session, stage, cluster)
    if not need:
        return set()
    cast = state.votes(
        session, stage, None if cluster is None else [cluster], counting=False
    )
    return {
        home
        for home, votes in cast.items()
        if home in need and fold(home, stage, votes, need=need[home]).complete
    }


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


def release(
    session: Session, people: Collection[int], clusters: Collection[int] | None = None
) -> int:
    """Take back what these people were handed and have no live vote on.

    With `clusters` only of these reports. Returns the number of hand-outs; other
    people can then be given the records.
    """
    query = (
        select(
            Assignment, ScreeningRound.stage, ScreeningRound.counts, Record.cluster_id
        )
        .join(ScreeningRound, ScreeningRound.id == Assignment.round_id)
        .join(Record, Record.id == Assignment.record_id)
        .where(Assignment.person_id.in_(people), Assignment.released_at.is_(None))
    )
    handed = [
        row
        for row in session.execute(query)
        if clusters is None or row.cluster_id in clusters
    ]
    held: dict[str, set[int]] = defaultdict(set)
    for _assignment, stage, _counts, cluster in handed:
        held[stage].add(cluster)
    voted = {
        (stage, counting, cluster, vote.screener_id)
        for stage in Stage
        for counting in (True, False)
        for cluster, cast in state.votes(
            session, stage, held[stage], counting=counting
        ).items()
        for vote in cast
    }
    idle = [
        assignment
        for assignment, stage, counts, cluster in handed
        if (stage, counts, cluster, assignment.person_id) not in voted
    ]
    for assignment in idle:
        assignment.released_at = now()
    session.flush()
    return len(idle)
