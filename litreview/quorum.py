"""How many votes a report needs: the number of the round that it is in.

A round fixes its number for good, and a record stays in its round. A merge brings
records of several rounds together; then the largest number counts, for as long as
they are one report. Everything here is keyed by cluster id, as in `state`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from functools import lru_cache

from sqlalchemy import ColumnElement, Select, case, func, literal, select, true
from sqlalchemy.orm import Session

from litreview.models import Assignment, Decision, Record, ScreeningRound
from litreview.vocabulary import RoundKind

# SQLite takes at most 32,766 bound values in a statement; stay well below.
CHUNK = 5_000
# The round of the records that one person screens, where the protocol allows that for
# a part of them. It is a main round, but never the one where new records go.
SINGLE = "single-screened"


def among(clusters: Collection[int] | None) -> list[ColumnElement[bool]]:
    """Return the conditions that pick these clusters, some at a time; None is all."""
    if clusters is None:
        return [true()]
    ids = sorted(clusters)
    return [
        Record.cluster_id.in_(ids[start : start + CHUNK])
        for start in range(0, len(ids), CHUNK)
    ]


def needs(
    session: Session, stage: str, clusters: Collection[int] | None = None
) -> dict[int, int]:
    """Return cluster id -> the votes its own round asks for.

    A record belongs to the rounds it was handed out or voted on in; the largest
    number counts. A record that is in none yet will be in the main round. In an
    overlap, which everybody screens, whoever left without voting is not waited for.
    """
    found: dict[int, int] = {}
    for these in among(clusters):
        for query in _numbers(stage):
            for cluster, number, overlap in session.execute(query.where(these)):
                found[cluster] = max(number, found.get(cluster, 0))
                if overlap:
                    return _smaller_needs(session, stage, clusters)
    return found


@lru_cache(maxsize=8)
def _numbers(stage: str) -> list[Select[int, int, int]]:
    """Return the queries of cluster, votes asked for, and is it in an overlap.

    There is one for hand-outs and one for votes.
    """
    overlap = case((ScreeningRound.kind == RoundKind.OVERLAP, 1), else_=0)
    return [
        select(
            Record.cluster_id, func.max(ScreeningRound.per_record), func.max(overlap)
        )
        .join(table, table.record_id == Record.id)
        .join(ScreeningRound, ScreeningRound.id == table.round_id)
        .where(ScreeningRound.stage == stage, ScreeningRound.counts)
        .group_by(Record.cluster_id)
        for table in (Assignment, Decision)
    ]


def _smaller_needs(
    session: Session, stage: str, clusters: Collection[int] | None
) -> dict[int, int]:
    """Return `needs` where there are overlaps: round by round, without who left."""
    query = select(ScreeningRound).where(
        ScreeningRound.stage == stage, ScreeningRound.counts
    )
    rounds = {part.id: part for part in session.scalars(query)}
    found: dict[int, int] = {}
    for these in among(clusters):
        in_round: dict[tuple[int, int], int] = {}
        for ties in _ties():
            for cluster, number, left in session.execute(ties.where(these)):
                if number in rounds:
                    before = in_round.get((cluster, number), 0)
                    in_round[cluster, number] = max(left, before)
        for (cluster, number), left in in_round.items():
            part = rounds[number]
            asked = part.per_record
            if part.kind == RoundKind.OVERLAP:
                asked = max(asked - left, min(asked, least(part, rounds.values())))
            found[cluster] = max(asked, found.get(cluster, 0))
    return found


def least(part: ScreeningRound, rounds: Iterable[ScreeningRound]) -> int:
    """Return the votes that a record of an overlap needs at least.

    That is the number of the main round of that time: who leaves takes no more away.
    """
    mains = [
        (each.id, each.per_record)
        for each in rounds
        if each.kind == RoundKind.MAIN and each.name != SINGLE and each.id < part.id
    ]
    return max(mains, default=(0, 1))[1]


@lru_cache(maxsize=1)
def _ties() -> list[Select[int, int, int]]:
    """Return the queries of cluster, round, and people who gave it back unvoted."""
    holder = case((Assignment.released_at.is_(None), Assignment.person_id))
    left = func.count(Assignment.person_id.distinct()) - func.count(holder.distinct())
    return [
        select(Record.cluster_id, Assignment.round_id, left)
        .join(Assignment, Assignment.record_id == Record.id)
        .group_by(Record.cluster_id, Assignment.round_id),
        select(Record.cluster_id, Decision.round_id, literal(0))
        .join(Decision, Decision.record_id == Record.id)
        .group_by(Record.cluster_id, Decision.round_id),
    ]


def main_round(session: Session, stage: str) -> ScreeningRound | None:
    """Return the newest main round of a stage: where new records go."""
    return session.scalar(
        select(ScreeningRound)
        .where(
            ScreeningRound.stage == stage,
            ScreeningRound.kind == RoundKind.MAIN,
            ScreeningRound.name != SINGLE,
        )
        .order_by(ScreeningRound.id.desc())
        .limit(1)
    )
