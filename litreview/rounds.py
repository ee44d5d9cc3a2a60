"""Rounds: which records need how many votes, and who is handed what.

A round fixes its number of votes for good. Asking for another number opens a new
main round for what has not been handed out yet; records of the earlier round keep
theirs. Handing out is balanced by everybody's share of the work and seeded
(`assignment.allocate`), counts the people who already have or voted on a report, and
never goes beyond its number. Who is paused is handed nothing and keeps what they
have; who has left gives back what has no vote.
"""

from __future__ import annotations

import itertools
import random
from collections import Counter, defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sqlalchemy import select, true
from sqlalchemy.orm import Session

from litreview import audit, lookup, membership, quorum, state
from litreview.assignment import allocate, too_few
from litreview.errors import LitreviewError, NotAllowedError, UsageError
from litreview.models import Assignment, Person, Record, ScreeningRound
from litreview.outcome import Outcome
from litreview.vocabulary import Retrieval, Role, RoundKind, Stage
from litreview.wording import phrase

# Whom records are handed to, leads only if asked for.
TAKERS = (Role.SCREENER, Role.LEAD)


@dataclass(frozen=True)
class Plan:
    """What a lead asks for: `per_record` None keeps the present number."""

    stage: str
    seed: int
    per_record: int | None = None
    round_name: str | None = None
    with_leads: bool = False


@dataclass(frozen=True)
class HandedOut:
    """What an assignment did: new records by handle, and how many records they are.

    `short` is the number of records that ask for more people than there are to hand
    them to; they were left as they are.
    """

    round_name: str
    per_record: int
    new: dict[str, int]
    records: int
    short: int = 0


def assign(session: Session, plan: Plan, *, by: Person) -> HandedOut:
    """Hand every eligible report that lacks screeners to as many as it needs.

    At full text, a report whose text could not be had is handed to nobody.

    Raises `UsageError` where every such report asks for more people than there are,
    where a round of this name asks for another number, and for one vote a record
    where the protocol asks for more.
    """
    require_lead(by)
    take_turn(session, plan.stage)
    target = _round(session, plan, by)
    take_back(session)
    outcomes = state.outcomes(session, plan.stage)
    taken = _taken(session, plan.stage, outcomes)
    need = quorum.needs(session, plan.stage)
    missing = _missing(session, plan.stage)
    open_clusters = {
        cluster: need.get(cluster, target.per_record)
        for cluster, outcome in outcomes.items()
        if not outcome.complete and cluster not in missing
    }
    people = screeners(session, with_leads=plan.with_leads)
    short = _short(open_clusters, taken, people)
    made: list[tuple[int, str]] = []
    for number in sorted({open_clusters[c] for c in open_clusters.keys() - short}):
        these = [
            cluster
            for cluster, asked in open_clusters.items()
            if asked == number and cluster not in short
        ]
        made += allocate(
            these,
            people,
            per_record=number,
            seed=plan.seed,
            taken=_with_these(taken, made),
        )
    if short and not made:
        raise too_few(len(people), max(open_clusters[cluster] for cluster in short))
    store(session, made, target, seed=plan.seed, by=by)
    return handed_out(target, made, people, len(short))


def handed_out(
    target: ScreeningRound,
    made: Collection[tuple[int, str]],
    people: Collection[str],
    short: int = 0,
) -> HandedOut:
    """Return what was done as pairs of report and handle, counted."""
    counts = Counter(handle for _cluster, handle in made)
    return HandedOut(
        target.name,
        target.per_record,
        {handle: counts.get(handle, 0) for handle in sorted(people)},
        len({cluster for cluster, _handle in made}),
        short,
    )


def _short(
    asked: Mapping[int, int],
    taken: Mapping[int, Collection[str]],
    people: Collection[str],
) -> set[int]:
    """Return the reports that ask for more people than have them or could."""
    able = set(people)
    return {
        cluster
        for cluster, number in asked.items()
        if len(able.union(taken.get(cluster, ()))) < number
    }


def release(session: Session, handle: str, *, by: Person) -> int:
    """Take back what somebody paused has not voted on; return how many hand-outs.

    For a lead. The next `assign` hands the records to others. Raises
    `LitreviewError` for somebody at work: they would be handed them again.
    """
    require_lead(by)
    person = lookup.person(session, handle)
    if person.active and not person.paused and person.role in TAKERS:
        raise LitreviewError(
            f"{handle} is at work, and would be handed the records again",
            fix="set `paused: true` in screening/review.yaml and run `litreview sync`",
        )
    for stage in Stage:
        take_turn(session, stage)
    number = membership.release(session, [person.id])
    audit.note(
        session,
        "screen.released",
        by=by,
        subject=handle,
        detail={"records": number},
    )
    return number


def require_lead(by: Person) -> None:
    """Refuse anybody but a lead who is in the team."""
    if by.role != Role.LEAD or not by.active:
        raise NotAllowedError(
            f"{by.handle} may not hand out records", fix="ask a lead of the review"
        )


def take_turn(session: Session, stage: str) -> None:
    """Let one person at a time hand out a stage; two would give too much."""
    rounds = select(ScreeningRound.id).where(ScreeningRound.stage == stage)
    # The key stays free, so that votes, which name their round, need not wait.
    session.execute(rounds.order_by(ScreeningRound.id).with_for_update(key_share=True))


def take_back(session: Session) -> None:
    """Take back what people have in hand who cannot vote any more."""
    lost = Person.role.in_([Role.CODER, Role.READER])
    gone = select(Person.id).where(~Person.active | lost)
    membership.release(session, list(session.scalars(gone)))


def _round(session: Session, plan: Plan, by: Person) -> ScreeningRound:
    main = quorum.main_round(session, plan.stage)
    if plan.round_name is not None:
        named = session.scalar(
            select(ScreeningRound).where(
                ScreeningRound.stage == plan.stage,
                ScreeningRound.name == plan.round_name,
            )
        )
        if named is not None:
            return _same_number(named, plan)
    usual = main.per_record if main else lookup.review(session).per_record(plan.stage)
    wanted = plan.per_record or usual
    if main is not None and plan.round_name is None and wanted == main.per_record:
        return main
    _refuse_single(session, plan.stage, wanted)
    _refuse_unmeetable(session, plan, wanted)
    name = _next_name(session, plan.stage)
    if plan.round_name is not None:
        name = phrase(plan.round_name, "round's name")
    return open_round(session, plan.stage, name, wanted, by=by)


def open_round(  # noqa: PLR0913 - the columns of one row
    session: Session,
    stage: str,
    name: str,
    per_record: int,
    *,
    kind: RoundKind = RoundKind.MAIN,
    by: Person,
) -> ScreeningRound:
    """Store and return a new round whose votes count."""
    made = ScreeningRound(
        stage=stage,
        name=name,
        kind=kind,
        per_record=per_record,
        counts=True,
        person_id=by.id,
    )
    session.add(made)
    session.flush()
    return made


def _refuse_single(session: Session, stage: str, wanted: int) -> None:
    """Refuse a round of one vote a record where the protocol asks for more."""
    usual = lookup.review(session).per_record(stage)
    if wanted > 1 or usual == 1:
        return
    raise UsageError(
        f"the protocol asks for {usual} votes a record at {stage}, not for one",
        why="a part of the records may be left to one person only if the protocol "
        "says so, and PRISMA states it",
        fix="give --share, a part that the protocol allows"
        if stage == Stage.TITLE_ABSTRACT
        else "leave --per-record out; two people judge every full text",
    )


def _refuse_unmeetable(session: Session, plan: Plan, wanted: int) -> None:
    """Refuse a round that nobody could finish: it would stay for good."""
    able = len(screeners(session, with_leads=plan.with_leads))
    if wanted > able:
        raise too_few(able, wanted)


def _same_number(named: ScreeningRound, plan: Plan) -> ScreeningRound:
    if named.name == quorum.SINGLE:
        raise UsageError(
            f"the round {named.name!r} is for the part that one person screens",
            fix="give --per-record 1 --share PART for more of it",
        )
    if plan.per_record not in (None, named.per_record):
        raise UsageError(
            f"the round {named.name!r} asks for {named.per_record} votes",
            why="a round keeps its number, so that finished records stay finished",
            fix="give another --round NAME for the records not handed out yet",
        )
    return named


def _next_name(session: Session, stage: str) -> str:
    query = select(ScreeningRound.name).where(ScreeningRound.stage == stage)
    names = set(session.scalars(query))
    later = (f"main {number}" for number in itertools.count(len(names) + 1))
    return next(name for name in itertools.chain(["main"], later) if name not in names)


def screeners(session: Session, *, with_leads: bool) -> dict[str, float]:
    """Return handle -> share of those whom records are handed to; refuse if nobody.

    Who is paused is not among them.
    """
    roles = [Role.SCREENER, *([Role.LEAD] if with_leads else [])]
    query = select(Person).where(Person.active, Person.role.in_(roles))
    people = session.scalars(query.order_by(Person.handle)).all()
    found = {person.handle: person.share for person in people if not person.paused}
    if not found:
        raise LitreviewError(
            "there is nobody to hand records to",
            why="everybody with the role screener is paused"
            if people
            else "no active person has the role screener",
            fix="end a pause in screening/review.yaml and run `litreview sync`"
            if people
            else "add people to screening/review.yaml and run `litreview sync`, "
            "or give --with-leads",
        )
    return dict(sorted(found.items()))


def _taken(
    session: Session, stage: str, outcomes: Mapping[int, Outcome]
) -> dict[int, Collection[str]]:
    """Return cluster -> the handles that have it in hand or have voted on it."""
    handle = dict(session.execute(select(Person.id, Person.handle)).all())
    query = (
        select(Record.cluster_id, Assignment.person_id)
        .join(Assignment, Assignment.record_id == Record.id)
        .join(ScreeningRound, ScreeningRound.id == Assignment.round_id)
        .where(
            ScreeningRound.stage == stage,
            ScreeningRound.counts,
            Assignment.released_at.is_(None),
        )
    )
    taken: dict[int, set[str]] = defaultdict(set)
    for cluster, person_id in session.execute(query):
        if cluster in outcomes:
            taken[cluster].add(handle[person_id])
    for cluster, outcome in outcomes.items():
        for vote in outcome.votes:
            taken[cluster].add(handle[vote.screener_id])
    return {cluster: frozenset(handles) for cluster, handles in taken.items()}


def _with_these(
    taken: Mapping[int, Collection[str]], made: Collection[tuple[int, str]]
) -> dict[int, Collection[str]]:
    """Return what is taken after handing these out as well, so that loads are fair."""
    found = {cluster: set(handles) for cluster, handles in taken.items()}
    for cluster, handle in made:
        found.setdefault(cluster, set()).add(handle)
    return dict(found)


def store(
    session: Session,
    made: Collection[tuple[int, str]],
    target: ScreeningRound,
    *,
    seed: int,
    by: Person,
) -> None:
    """Hand out reports to people; a report that is in a round stays in it."""
    person = dict(session.execute(select(Person.handle, Person.id)).all())
    existing = membership.places(session, target.stage)
    order = list(made)
    # A random order for each screener, so that nobody's queue tells of another's.
    random.Random(seed).shuffle(order)  # noqa: S311 - a draw to repeat
    for position, (cluster, handle) in enumerate(order):
        round_id, record_id = existing.get(cluster, (target.id, cluster))
        session.add(
            Assignment(
                round_id=round_id,
                record_id=record_id,
                person_id=person[handle],
                position=position,
                assigned_by=by.id,
            )
        )
    session.flush()


# -- the queue of one screener --------------------------------------------------------


@dataclass(frozen=True)
class Queue:
    """How much of their own a person has done at a stage."""

    assigned: int
    done: int

    @property
    def left(self) -> int:
        """Records still to do."""
        return self.assigned - self.done


def queue(session: Session, person: Person, *, stage: str) -> list[int]:
    """Return the record ids that wait for this person's vote, in their order.

    First those on which their own votes differ since a merge, then pilots, then
    what else was handed to them, each report once. A report that has its votes
    without them, has left the stage, or whose full text could not be had, does not
    wait. One of a pilot waits until they have voted in the pilot.
    """
    outcomes = state.outcomes(session, stage)
    waiting = {
        cluster: cluster
        for cluster, outcome in outcomes.items()
        if person.id in outcome.torn
    }
    handed = _handed(session, person, stage)
    piloted = _piloted(session, person, stage, handed)
    for record_id, cluster, counts in handed:
        if cluster in outcomes and (
            _waits(outcomes[cluster], person.id) if counts else cluster not in piloted
        ):
            waiting.setdefault(cluster, record_id)
    missing = _missing(session, stage)
    return [record for cluster, record in waiting.items() if cluster not in missing]


def waits(session: Session, person: Person, *, stage: str, record_id: int) -> bool:
    """Tell whether a record still waits for this person's vote."""
    cluster = lookup.record(session, record_id).cluster_id
    outcome = state.outcome(session, stage, cluster)
    if outcome is None or cluster in _missing(session, stage, [cluster]):
        return False
    handed = _handed(session, person, stage, cluster)
    counting = [counts for _record, _cluster, counts in handed]
    if False in counting and not _piloted(session, person, stage, handed):
        return True
    only_pilots = bool(counting) and True not in counting
    return person.id in outcome.torn or (not only_pilots and _waits(outcome, person.id))


def _handed(
    session: Session, person: Person, stage: str, cluster: int | None = None
) -> list[tuple[int, int, bool]]:
    """Return record, cluster, and does its round count, in the person's order."""
    query = (
        select(Assignment.record_id, Record.cluster_id, ScreeningRound.counts)
        .join(Record, Record.id == Assignment.record_id)
        .join(ScreeningRound, ScreeningRound.id == Assignment.round_id)
        .where(
            Assignment.person_id == person.id,
            Assignment.released_at.is_(None),
            ScreeningRound.stage == stage,
            true() if cluster is None else Record.cluster_id == cluster,
        )
        .order_by(ScreeningRound.counts, Assignment.position, Assignment.id)
    )
    return list(session.execute(query).all())


def _piloted(
    session: Session,
    person: Person,
    stage: str,
    handed: Collection[tuple[int, int, bool]],
) -> set[int]:
    """Return the reports of pilots among these on which this person has voted."""
    clusters = {cluster for _record, cluster, counts in handed if not counts}
    if not clusters:
        return set()
    cast = state.votes(session, stage, clusters, counting=False)
    return {
        cluster
        for cluster, votes in cast.items()
        if any(vote.screener_id == person.id for vote in votes)
    }


def _missing(
    session: Session, stage: str, clusters: Collection[int] | None = None
) -> set[int]:
    """Return the reports on which nobody can vote, for want of the text."""
    if stage != Stage.FULL_TEXT:
        return set()
    found = state.retrievals(session, clusters)
    return {
        cluster for cluster, word in found.items() if word == Retrieval.NOT_RETRIEVED
    }


def _waits(outcome: Outcome, person_id: int) -> bool:
    voted = {vote.screener_id for vote in outcome.votes}
    return person_id not in voted and not outcome.complete


def own_progress(session: Session, person: Person, *, stage: str) -> Queue:
    """Return how many reports this person was handed and has done at a stage."""
    handed = {cluster for _, cluster, _ in _handed(session, person, stage)}
    clusters = handed - _missing(session, stage)
    clusters |= {
        cluster
        for cluster, votes in state.votes(session, stage).items()
        if any(vote.screener_id == person.id for vote in votes)
    }
    left = len(queue(session, person, stage=stage))
    return Queue(len(clusters), len(clusters) - left)
