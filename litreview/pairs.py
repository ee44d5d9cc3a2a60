"""What two records are to each other: every verdict in force, and what follows.

A person's newest word on a pair beats the machine's; a withdrawal takes a word
back. Components over *duplicate* are clusters (reports). A person's *different* or
*same_study* is a cannot-link that no component may contain: the weakest link that
would bring such a pair together is refused and waits for a person.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from litreview.matching import Clusters, Link, components
from litreview.models import CandidatePair, PairDecision, Record
from litreview.vocabulary import PairVerdict

# What the machine proposes where it will not decide.
UNSURE = "unsure"


@dataclass(frozen=True)
class PairRuling:
    """What two records are to each other now; a person's word beats the machine's."""

    a_id: int
    b_id: int
    verdict: str
    decision_id: int
    by_person: bool
    score: float


def rulings(
    session: Session, records: Collection[int] | None = None
) -> dict[tuple[int, int], PairRuling]:
    """Return (a, b) -> the verdict in force; a < b; withdrawn pairs are left out.

    The newest word of a person counts; where that is a withdrawal or there is
    none, the newest word of the machine does. With `records`, only the pairs
    among these.
    """
    query = select(PairDecision).order_by(PairDecision.id)
    if records is not None:
        ids = sorted(records)
        query = query.where(PairDecision.a_id.in_(ids), PairDecision.b_id.in_(ids))
    people: dict[tuple[int, int], PairDecision] = {}
    machine: dict[tuple[int, int], PairDecision] = {}
    for row in session.scalars(query):
        (machine if row.person_id is None else people)[row.a_id, row.b_id] = row
    for word in (people, machine):
        for pair in [p for p, r in word.items() if r.verdict == PairVerdict.WITHDRAWN]:
            del word[pair]
    return {
        pair: PairRuling(
            *pair,
            verdict=row.verdict,
            decision_id=row.id,
            by_person=row.person_id is not None,
            score=row.score if row.score is not None else 1.0,
        )
        for pair, row in {**machine, **people}.items()
    }


def link(ruling: PairRuling) -> Link:
    """Return a ruling as a link: people before the machine, newer and surer first."""
    if ruling.by_person:
        return Link(ruling.a_id, ruling.b_id, (1.0, float(ruling.decision_id)))
    return Link(ruling.a_id, ruling.b_id, (0.0, ruling.score))


def cannot_links(
    pairs: dict[tuple[int, int], PairRuling], *verdicts: PairVerdict
) -> set[tuple[int, int]]:
    """Return the pairs that a person ruled to be one of these verdicts."""
    return {
        pair
        for pair, ruling in pairs.items()
        if ruling.by_person and ruling.verdict in verdicts
    }


def clusters(
    ids: Collection[int], verdicts: dict[tuple[int, int], PairRuling]
) -> Clusters:
    """Return the clusters that the verdicts in force make of these records."""
    links = [
        link(ruling)
        for ruling in verdicts.values()
        if ruling.verdict == PairVerdict.DUPLICATE
    ]
    apart = cannot_links(verdicts, PairVerdict.DIFFERENT, PairVerdict.SAME_STUDY)
    return components(ids, links, apart)


def recomputed(session: Session) -> dict[int, int]:
    """Return record id -> the cluster id that the verdicts in force give it."""
    ids = list(session.scalars(select(Record.id)))
    return dict(clusters(ids, rulings(session)).of)


def undecided(session: Session) -> list[CandidatePair]:
    """Return the pairs that wait for a person, the likeliest first.

    These are the machine's unsure proposals without a verdict, as long as the two
    records are not in one cluster by other ways.
    """
    verdicts = rulings(session)
    home = dict(session.execute(select(Record.id, Record.cluster_id)).tuples().all())
    query = (
        select(CandidatePair)
        .where(CandidatePair.proposal == UNSURE)
        .order_by(CandidatePair.score.desc(), CandidatePair.a_id, CandidatePair.b_id)
    )
    return [
        pair
        for pair in session.scalars(query)
        if (pair.a_id, pair.b_id) not in verdicts and home[pair.a_id] != home[pair.b_id]
    ]
