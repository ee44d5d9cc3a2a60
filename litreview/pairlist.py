"""Pairs of records as people read them: both records, the verdict, and the reasons.

One row a pair, whoever asks: the pairs that wait for a person, all pairs with a
verdict or a proposal, or those that explain one record's report. `effect` says
what comes of the pair now.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TypedDict

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from litreview import lookup, pairs
from litreview.models import CandidatePair, JsonValue, PairDecision, Person, Record
from litreview.pairs import Pair, PairRuling, Waiting
from litreview.vocabulary import PairVerdict

# What a row calls the program where it names who decided.
MACHINE = "machine"

CHUNK = 10_000  # ids bound in one statement


class Effect(StrEnum):
    """What comes of a pair."""

    WAITS = "waits for a person"
    REFUSED = "refused, waits for a person"
    JOINED = "one report"
    STUDY = "one study, two reports"
    APART = "different reports"
    ANSWERED = "answered by other pairs"


class PairRow(TypedDict):
    """One pair; `verdict`, `by` and `at` are None where none is in force.

    `blocked_by` lists the pairs held apart by a person that refuse this one.
    """

    a: int
    b: int
    score: float | None
    proposal: str
    verdict: str | None
    effect: str
    by: str | None
    at: datetime | None
    why: str
    reasons: list[str]
    blocked_by: list[list[int]]
    title_a: str
    title_b: str
    year_a: int | None
    year_b: int | None
    source_a: str
    source_b: str
    cluster_a: int
    cluster_b: int


@dataclass(frozen=True)
class _Card:
    """What a row tells of one record."""

    id: int
    title: str
    year: int | None
    source: str
    cluster_id: int


@dataclass(frozen=True)
class _Said:
    """What a row tells of the verdict in force."""

    verdict: str
    by: str
    at: datetime
    why: str
    score: float | None
    reasons: JsonValue


def waiting(session: Session) -> list[PairRow]:
    """Return the pairs that wait for a person, the likeliest first."""
    found = pairs.undecided(session)
    return _rows(session, [(pair.a_id, pair.b_id) for pair in found], found)


def everything(session: Session) -> list[PairRow]:
    """Return all pairs with a verdict in force or a proposal, by ids."""
    query = select(CandidatePair.a_id, CandidatePair.b_id)
    proposed = set(session.execute(query))
    wanted = sorted(proposed | pairs.rulings(session).keys())
    return _rows(session, wanted, pairs.undecided(session))


def explain(session: Session, record_id: int) -> list[PairRow]:
    """Return the verdicts in force that explain a record's report.

    These are all verdicts on pairs with at least one record of the report: what
    joins it first, then what keeps others out, each by ids.
    """
    members = {member.id for member in lookup.members(session, record_id)}
    wanted = sorted(pairs.rulings(session, members))
    rows = _rows(session, wanted, pairs.undecided(session))
    return sorted(rows, key=lambda row: row["effect"] != Effect.JOINED)


def _rows(
    session: Session, wanted: Sequence[Pair], undecided: Iterable[Waiting]
) -> list[PairRow]:
    ends = {end for pair in wanted for end in pair}
    cards = _cards(session, ends)
    proposals = _proposals(session)
    verdicts = pairs.rulings(session, ends)
    said = _decisions(session, [verdicts[pair] for pair in wanted if pair in verdicts])
    waits = {(pair.a_id, pair.b_id): pair for pair in undecided}
    return [
        _row(
            (cards[pair[0]], cards[pair[1]]),
            said.get(verdicts[pair].decision_id) if pair in verdicts else None,
            proposals.get(pair),
            waits.get(pair),
        )
        for pair in wanted
    ]


def _row(
    cards: tuple[_Card, _Card],
    said: _Said | None,
    proposal: CandidatePair | None,
    wait: Waiting | None,
) -> PairRow:
    a, b = cards
    machine = [word for word in (said, proposal) if word and word.score is not None]
    reasons = next(
        (word.reasons for word in (said, proposal) if word and word.reasons), []
    )
    return PairRow(
        a=a.id,
        b=b.id,
        score=machine[0].score if machine else None,
        proposal=proposal.proposal if proposal else "",
        verdict=said.verdict if said else None,
        effect=_effect(said, wait, together=a.cluster_id == b.cluster_id),
        by=said.by if said else None,
        at=said.at if said else None,
        why=said.why if said else "",
        reasons=[str(reason) for reason in reasons],
        blocked_by=[[wall.a_id, wall.b_id] for wall in wait.blocked_by] if wait else [],
        title_a=a.title,
        title_b=b.title,
        year_a=a.year,
        year_b=b.year,
        source_a=a.source,
        source_b=b.source,
        cluster_a=a.cluster_id,
        cluster_b=b.cluster_id,
    )


def _effect(said: _Said | None, wait: Waiting | None, *, together: bool) -> Effect:
    if wait is not None:
        return Effect.REFUSED if wait.blocked_by else Effect.WAITS
    if together:
        return Effect.JOINED
    if said is None:
        return Effect.ANSWERED
    same = said.verdict == PairVerdict.SAME_STUDY
    return Effect.STUDY if same else Effect.APART


def _cards(session: Session, ids: Collection[int]) -> dict[int, _Card]:
    columns = (Record.id, Record.title, Record.year, Record.source, Record.cluster_id)
    return {
        row[0]: _Card(*row)
        for these in _parts(ids)
        for row in session.execute(select(*columns).where(Record.id.in_(these)))
    }


def _proposals(session: Session) -> dict[Pair, CandidatePair]:
    return {(row.a_id, row.b_id): row for row in session.scalars(select(CandidatePair))}


def _decisions(session: Session, rulings: Iterable[PairRuling]) -> dict[int, _Said]:
    query = select(
        PairDecision.id,
        PairDecision.verdict,
        func.coalesce(Person.handle, MACHINE),
        PairDecision.at,
        PairDecision.why,
        PairDecision.score,
        PairDecision.reasons,
    ).outerjoin(Person, Person.id == PairDecision.person_id)
    return {
        row[0]: _Said(*row[1:])
        for these in _parts([ruling.decision_id for ruling in rulings])
        for row in session.execute(query.where(PairDecision.id.in_(these)))
    }


def _parts(ids: Iterable[int]) -> Iterator[list[int]]:
    ordered = sorted(ids)
    for start in range(0, len(ordered), CHUNK):
        yield ordered[start : start + CHUNK]
