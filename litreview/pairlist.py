"""Pairs of records as people read them: both records, the verdict, and the reasons.

One row a pair, whoever asks: the pairs that wait for a person, all pairs with a
verdict or a proposal, or those that explain one record's report. `effect` says
what comes of the pair now.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TypedDict

from sqlalchemy import select
from sqlalchemy.orm import Session

from litreview import lookup, pairs
from litreview.models import CandidatePair, PairDecision, Person, Record
from litreview.pairs import UNSURE, Pair, PairRuling, Rulings
from litreview.vocabulary import PairVerdict

# What a row calls the program where it names who decided.
MACHINE = "machine"

CHUNK = 10_000  # ids bound in one statement


class Effect(StrEnum):
    """What comes of a pair."""

    WAITS = "waits for a person"
    JOINED = "one report"
    REFUSED = "refused, waits for a person"
    APART = "different reports"
    STUDY = "one study, two reports"
    ANSWERED = "answered by other pairs"
    NONE = "no verdict"


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

    title: str
    year: int | None
    source: str
    cluster: int


def waiting(session: Session) -> list[PairRow]:
    """Return the pairs that wait for a person, the likeliest first."""
    found = pairs.undecided(session)
    rows = _rows(session, [(pair.a_id, pair.b_id) for pair in found])
    for row, pair in zip(rows, found, strict=True):
        row["effect"] = Effect.REFUSED if pair.blocked_by else Effect.WAITS
    return rows


def everything(session: Session) -> list[PairRow]:
    """Return all pairs with a verdict in force or a proposal, by ids."""
    query = select(CandidatePair.a_id, CandidatePair.b_id)
    proposed = set(session.execute(query).tuples())
    return _rows(session, sorted(proposed | pairs.rulings(session).keys()))


def explain(session: Session, record_id: int) -> list[PairRow]:
    """Return the verdicts in force that explain a record's report, by ids.

    These are all verdicts on pairs with at least one record of the report: what
    joins it first, then what keeps others out.
    """
    members = {member.id for member in lookup.members(session, record_id)}
    rows = _rows(session, sorted(pairs.rulings(session, members)))
    return sorted(rows, key=lambda row: row["effect"] != Effect.JOINED)


def _rows(session: Session, wanted: Collection[Pair]) -> list[PairRow]:
    ends = {end for pair in wanted for end in pair}
    cards = _cards(session, ends)
    proposals = _proposals(session, ends)
    verdicts = pairs.rulings(session, pairs.reach(session, ends))
    made = pairs.clusters(ends, verdicts)
    blocked = {
        (refusal.ruling.a_id, refusal.ruling.b_id): refusal.blocked_by
        for refusal in pairs.refusals(made, verdicts)
    }
    said = _decisions(session, [verdicts[pair] for pair in wanted if pair in verdicts])
    unsaid = (None, None)
    rows = []
    for pair in wanted:
        a, b = pair
        ruling, proposal = verdicts.get(pair), proposals.get(pair)
        decision, handle = unsaid if ruling is None else said[ruling.decision_id]
        rows.append(
            PairRow(
                a=a,
                b=b,
                score=_score(decision, proposal),
                proposal=proposal.proposal if proposal else "",
                verdict=decision.verdict if decision else None,
                effect=_effect(ruling, proposal, made.of[a] == made.of[b]),
                by=(handle or MACHINE) if decision else None,
                at=decision.at if decision else None,
                why=decision.why if decision else "",
                reasons=_reasons(decision, proposal),
                blocked_by=[[wall.a_id, wall.b_id] for wall in blocked.get(pair, ())],
                title_a=cards[a].title,
                title_b=cards[b].title,
                year_a=cards[a].year,
                year_b=cards[b].year,
                source_a=cards[a].source,
                source_b=cards[b].source,
                cluster_a=cards[a].cluster,
                cluster_b=cards[b].cluster,
            )
        )
    return rows


def _effect(
    ruling: PairRuling | None, proposal: CandidatePair | None, together: bool  # noqa: FBT001
) -> Effect:
    if ruling is None:
        if proposal is None or proposal.proposal != UNSURE:
            return Effect.NONE
        return Effect.ANSWERED
    if ruling.verdict == PairVerdict.DUPLICATE:
        return Effect.JOINED if together else Effect.REFUSED
    if ruling.verdict == PairVerdict.SAME_STUDY:
        return Effect.JOINED if together else Effect.STUDY
    return Effect.APART
