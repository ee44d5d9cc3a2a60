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

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import Session

from litreview import lookup, pairs
from litreview.declarative import JsonValue
from litreview.models import CandidatePair, PairDecision, Person, Record
from litreview.pairs import Pair, PairRuling, Waiting
from litreview.vocabulary import PairVerdict

# What a row calls the program where it names who decided.
MACHINE = "machine"

CHUNK = 10_000  # ids bound in one statement
LOOKED_AT = 50  # records of one title or DOI, where it is shared by many


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


@dataclass(frozen=True)
class _Proposed:
    """What a row tells of the machine's proposal."""

    proposal: str
    score: float
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
    """Return the pairs that explain a record's report.

    First what joins it: the chain of pairs, from this record outwards. Then what
    waits or was refused, and what keeps others out, each by ids.
    """
    members = {member.id for member in lookup.members(session, record_id)}
    undecided = pairs.undecided(session, members)
    waits = {(pair.a_id, pair.b_id) for pair in undecided}
    wanted = sorted(waits | pairs.rulings(session, members).keys())
    rows = _rows(session, wanted, undecided)
    joined = [row for row in rows if row["effect"] == Effect.JOINED]
    steps = _steps(record_id, joined)
    joined.sort(key=lambda row: min(steps[row["a"]], steps[row["b"]]))
    return joined + [row for row in rows if row["effect"] != Effect.JOINED]


def _steps(start: int, joined: Collection[PairRow]) -> dict[int, int]:
    """Return record -> how many pairs away from the first it is."""
    steps = {end: len(joined) for row in joined for end in (row["a"], row["b"])}
    here, step = {start}, 0
    while here:
        steps.update(dict.fromkeys(here, step))
        step += 1
        ends = {
            end
            for row in joined
            if row["a"] in here or row["b"] in here
            for end in (row["a"], row["b"])
        }
        here = {end for end in ends if steps[end] > step}
    return steps


@dataclass(frozen=True)
class Likeness:
    """A record that may be of the same report, and why one might think so."""

    record_id: int
    title: str
    year: int | None
    source: str
    why: str


def likely(session: Session, record_id: int, *, limit: int = 5) -> list[Likeness]:
    """Return the records most likely to be the same as this one, without its report's.

    First those that the machine found alike, the likeliest first, then those with
    the same DOI or title. Left out are records that a person said are others.
    """
    members = lookup.members(session, record_id)
    own = {member.id for member in members}
    apart = pairs.cannot_links(pairs.rulings(session, own), PairVerdict.DIFFERENT)
    reasons: dict[int, str] = {}
    for a, b, score in session.execute(_found_alike(own)):
        reasons.setdefault(b if a in own else a, f"alike, score {score:.2f}")
    for name in ("doi", "title_key"):
        told = {text for member in members if (text := getattr(member, name))}
        same = select(Record.id).where(getattr(Record, name).in_(told))
        for number in session.scalars(same.order_by(Record.id).limit(LOOKED_AT)):
            reasons.setdefault(number, f"the same {name.removesuffix('_key')}")
    gone = own | {end for pair in apart for end in pair}
    kept = [number for number in reasons if number not in gone][:limit]
    cards = _cards(session, kept)
    return [
        Likeness(one.id, one.title, one.year, one.source, reasons[one.id])
        for one in (cards[number] for number in kept)
    ]


def _found_alike(own: Collection[int]) -> Select[int, int, float]:
    query = select(CandidatePair.a_id, CandidatePair.b_id, CandidatePair.score)
    ends = or_(CandidatePair.a_id.in_(own), CandidatePair.b_id.in_(own))
    return query.where(ends).order_by(
        CandidatePair.score.desc(), CandidatePair.a_id, CandidatePair.b_id
    )


def newest_of(session: Session, handle: str) -> Pair | None:
    """Return the pair of this person's newest verdict that is in force."""
    person = lookup.person(session, handle).id
    query = select(PairDecision.id, PairDecision.a_id, PairDecision.b_id)
    rows = session.execute(query.where(PairDecision.person_id == person)).all()
    own = {row.id for row in rows}
    said = pairs.rulings(session, {end for _, *pair in rows for end in pair})
    mine = [one for one in said.values() if one.decision_id in own]
    newest = max(mine, key=lambda ruling: ruling.decision_id, default=None)
    return None if newest is None else (newest.a_id, newest.b_id)


def _rows(
    session: Session, wanted: Sequence[Pair], undecided: Iterable[Waiting]
) -> list[PairRow]:
    ends = {end for pair in wanted for end in pair}
    cards = _cards(session, ends)
    proposals = _proposals(session, wanted)
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
    proposal: _Proposed | None,
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


def _proposals(session: Session, wanted: Iterable[Pair]) -> dict[Pair, _Proposed]:
    """Return what the machine proposes for these pairs, where it does."""
    query = select(
        CandidatePair.a_id,
        CandidatePair.b_id,
        CandidatePair.proposal,
        CandidatePair.score,
        CandidatePair.reasons,
    )
    pairs_of = set(wanted)
    return {
        (row[0], row[1]): _Proposed(*row[2:])
        for these in _parts({a for a, _ in pairs_of})
        for row in session.execute(query.where(CandidatePair.a_id.in_(these)))
        if (row[0], row[1]) in pairs_of
    }


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
