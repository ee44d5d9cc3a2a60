"""Pilots: the same few records for everybody, to see whether all mean the same.

A pilot is a round that does not count: its votes are kept apart, PRISMA knows
nothing of it, and its records are screened again in the main round. What was talked
about is then no longer independent, so those later votes are marked as informed and
stay out of the agreement of the main work. Another pilot draws other records.

Nobody is told how the others voted before all have voted on all records of the
pilot; until then there are counts only.
"""

from __future__ import annotations

import itertools
import random
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from litreview import concord, lookup, membership, rounds, state
from litreview.assignment import too_few
from litreview.errors import NotFoundError, UsageError
from litreview.models import Assignment, Decision, Person, Record, ScreeningRound
from litreview.outcome import side
from litreview.protocol import Calibration as Rule
from litreview.vocabulary import (
    Measure,
    Retrieval,
    RoundKind,
    Stage,
    Verdict,
)
from litreview.wording import phrase

FEWEST = 2  # people whom a comparison takes
# What the protocol calls a figure, and what the panel of two screeners calls it.
FIGURES: Mapping[Measure, str] = {
    Measure.KAPPA: "cohen_kappa",
    Measure.PERCENT: "percent_agreement",
    Measure.PABAK: "pabak",
    Measure.AC1: "gwet_ac1",
}


# -- drawing -------------------------------------------------------------------------


@dataclass(frozen=True)
class Sample:
    """What a lead asks for; the same seed draws the same from the same records."""

    stage: str
    size: int
    seed: int
    name: str | None = None
    with_leads: bool = False


@dataclass(frozen=True)
class Drawn:
    """A pilot as it was handed out."""

    round_id: int
    name: str
    stage: str
    records: tuple[int, ...]
    people: tuple[str, ...]


def draw(session: Session, sample: Sample, *, by: Person) -> Drawn:
    """Draw records that nobody has voted on and hand them all to everybody.

    Raises `UsageError` where there are too few such records or too few screeners,
    or a round has this name already.
    """
    rounds.require_lead(by)
    rounds.take_turn(session, sample.stage)
    people = list(rounds.screeners(session, with_leads=sample.with_leads))
    if len(people) < FEWEST:
        raise too_few(len(people), FEWEST)
    unseen = sorted(_unseen(session, sample.stage))
    if sample.size > len(unseen):
        raise UsageError(
            f"a pilot of {sample.size:,} records cannot be drawn",
            why=f"{len(unseen):,} reports at {sample.stage} have no vote and were in "
            "no pilot",
            fix="ask for fewer, or bring in more records",
        )
    chance = random.Random(sample.seed)  # noqa: S311 - a draw to repeat
    records = chance.sample(unseen, sample.size)
    part = ScreeningRound(
        stage=sample.stage,
        name=_name(session, sample),
        kind=RoundKind.PILOT,
        per_record=len(people),
        counts=False,
        person_id=by.id,
    )
    session.add(part)
    session.flush()
    _hand_out(session, part, records, people, by=by)
    return Drawn(
        part.id, part.name, sample.stage, tuple(sorted(records)), tuple(people)
    )


def _unseen(session: Session, stage: str) -> set[int]:
    """Return the reports at a stage that no pilot had and nobody has voted on."""
    found = state.eligible(session, stage)
    if stage == Stage.FULL_TEXT:
        texts = state.retrievals(session)
        found -= {c for c, word in texts.items() if word == Retrieval.NOT_RETRIEVED}
    voted = (
        select(Record.cluster_id)
        .join(Decision, Decision.record_id == Record.id)
        .where(Decision.stage == stage)
    )
    piloted = (
        select(Record.cluster_id)
        .join(Assignment, Assignment.record_id == Record.id)
        .join(ScreeningRound, ScreeningRound.id == Assignment.round_id)
        .where(ScreeningRound.stage == stage, ScreeningRound.counts.is_(False))
    )
    return found - set(session.scalars(voted)) - set(session.scalars(piloted))


def _name(session: Session, sample: Sample) -> str:
    query = select(ScreeningRound.name).where(ScreeningRound.stage == sample.stage)
    names = set(session.scalars(query))
    if sample.name is None:
        later = (f"pilot {number}" for number in itertools.count(2))
        every = itertools.chain(["pilot"], later)
        return next(name for name in every if name not in names)
    name = phrase(sample.name, "pilot's name")
    if name in names:
        raise UsageError(
            f"there is a round {name!r} at {sample.stage} already",
            why="a pilot is drawn once; another one draws other records",
            fix="give another --name, or leave it out",
        )
    return name


def _hand_out(
    session: Session,
    part: ScreeningRound,
    records: list[int],
    people: list[str],
    *,
    by: Person,
) -> None:
    for handle in people:
        person = lookup.person(session, handle)
        # The same order for all: they may want to talk about the first ten.
        session.add_all(
            Assignment(
                round_id=part.id,
                record_id=record_id,
                person_id=person.id,
                position=place,
                assigned_by=by.id,
            )
            for place, record_id in enumerate(records)
        )
    session.flush()


# -- what came of it -----------------------------------------------------------------


@dataclass(frozen=True)
class Disagreement:
    """A report of a pilot on which people differ, with what each of them said."""

    record_id: int
    title: str
    votes: tuple[dict[str, str], ...]


@dataclass(frozen=True)
class Criterion:
    """A reason that some gave and others did not; `key` is empty for none given."""

    key: str
    label: str
    disagreements: tuple[Disagreement, ...]


@dataclass(frozen=True)
class Verified:
    """What the protocol's rule says of one pair of screeners."""

    screeners: tuple[str, ...]
    value: float | None
    n: int
    holds: bool
    note: str = ""


@dataclass(frozen=True)
class Report:
    """How a pilot stands; what people said only once all have said it.

    `waiting` is handle -> records still to vote on. `holds` is None where the
    protocol has no rule, or the pilot is not complete.
    """

    name: str
    stage: str
    records: int
    waiting: dict[str, int]
    complete: bool
    criteria: tuple[Criterion, ...] = ()
    rule: Rule | None = None
    pairs: tuple[Verified, ...] = ()
    holds: bool | None = None


def report(
    session: Session, *, name: str | None = None, stage: str | None = None
) -> list[Report]:
    """Return how pilots stand, in the order in which they were drawn.

    With `name` or `stage` only those. Raises `NotFoundError` where there is none.
    """
    query = (
        select(ScreeningRound)
        .where(ScreeningRound.kind == RoundKind.PILOT)
        .order_by(ScreeningRound.id)
    )
    found = [
        part
        for part in session.scalars(query)
        if name in (None, part.name) and stage in (None, str(part.stage))
    ]
    if not found and name is not None:
        raise NotFoundError(
            f"there is no pilot {name!r}",
            fix="`litreview screen calibration` lists all",
        )
    return [_report(session, part) for part in found]


def _report(session: Session, part: ScreeningRound) -> Report:
    waiting, clusters = _waiting(session, part)
    rule = lookup.review(session).calibration
    stage = str(part.stage)
    if any(waiting.values()):
        return Report(
            part.name, stage, len(clusters), waiting, complete=False, rule=rule
        )
    pairs = _verified(session, part, rule)
    return Report(
        part.name,
        stage,
        len(clusters),
        waiting,
        complete=True,
        criteria=_criteria(session, part, clusters),
        rule=rule,
        pairs=pairs,
        holds=all(pair.holds for pair in pairs) if rule and pairs else None,
    )


def _waiting(session: Session, part: ScreeningRound) -> tuple[dict[str, int], set[int]]:
    """Return handle -> reports without their vote, and the reports of the pilot.

    A report that has left the stage is waited for no more.
    """
    handed: dict[str, set[int]] = defaultdict(set)
    query = (
        select(Record.cluster_id, Person.handle)
        .join(Assignment, Assignment.record_id == Record.id)
        .join(Person, Person.id == Assignment.person_id)
        .where(Assignment.round_id == part.id, Assignment.released_at.is_(None))
    )
    for cluster, handle in session.execute(query):
        handed[handle].add(cluster)
    clusters = {cluster for those in handed.values() for cluster in those}
    here = state.eligible(session, part.stage, clusters)
    voted: dict[str, set[int]] = defaultdict(set)
    handle_of = dict(session.execute(select(Person.id, Person.handle)).all())
    for cluster, votes in state.votes(
        session, part.stage, clusters, counting=False
    ).items():
        for vote in votes:
            voted[handle_of[vote.screener_id]].add(cluster)
    return (
        {
            who: len((those & here) - voted[who])
            for who, those in sorted(handed.items())
        },
        clusters,
    )


def _verified(
    session: Session, part: ScreeningRound, rule: Rule | None
) -> tuple[Verified, ...]:
    """Ask the protocol's rule of every pair, on include against exclude."""
    if rule is None:
        return ()
    wanted = FIGURES[rule.statistic]
    return tuple(
        Verified(
            entry.screeners,
            figure.value,
            figure.n,
            figure.value is not None and figure.value >= rule.at_least,
            figure.note,
        )
        for entry in concord.agreement(session, part)
        if len(entry.screeners) == FEWEST and len(entry.categories) == FEWEST
        for figure in entry.statistics
        if figure.name == wanted
    )


def _criteria(
    session: Session, part: ScreeningRound, clusters: set[int]
) -> tuple[Criterion, ...]:
    """Return the disagreements by the reasons given, in the protocol's order."""
    by_key: dict[str, list[Disagreement]] = defaultdict(list)
    for found in _disagreements(session, part, clusters):
        keys = {v["reason"] for v in found.votes if v["verdict"] == Verdict.EXCLUDE}
        for key in keys:
            by_key[key].append(found)
    known = lookup.criteria(session).exclusion
    label = {reason.key: reason.label for reason in known} | {"": "no reason given"}
    # A reason that the protocol has dropped since comes after those it has.
    order = {key: place for place, key in enumerate(label)}
    return tuple(
        Criterion(key, label.get(key, ""), tuple(by_key[key]))
        for key in sorted(by_key, key=lambda key: (order.get(key, len(order)), key))
    )


def _disagreements(
    session: Session, part: ScreeningRound, clusters: set[int]
) -> list[Disagreement]:
    opened = membership.pilot_complete(session, part.stage) & clusters
    handle = dict(session.execute(select(Person.id, Person.handle)).all())
    note = dict(
        session.execute(
            select(Decision.id, Decision.note).where(Decision.round_id == part.id)
        ).all()
    )
    cast = state.votes(session, part.stage, opened, counting=False)
    found = []
    for cluster, votes in sorted(cast.items()):
        if len({side(part.stage, vote.verdict, vote.reason) for vote in votes}) < 2:
            continue
        said = tuple(
            {
                "screener": handle[vote.screener_id],
                "verdict": vote.verdict,
                "reason": vote.reason,
                "note": note.get(vote.id, ""),
            }
            for vote in sorted(votes, key=lambda vote: handle[vote.screener_id])
        )
        title = session.get_one(Record, cluster).title
        found.append(Disagreement(cluster, title, said))
    return found
