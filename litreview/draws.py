"""Records drawn by lot for fewer or for more people than the protocol's usual number.

An *overlap* is a sample that everybody screens, for agreement; unlike a pilot it is
part of the main work, so its votes count and a record needs all of them. Whoever
leaves without voting is not waited for. The *single-screened* part is what the
protocol allows one person to screen alone, on title and abstract only: two people
judge every full text (MECIR C39). PRISMA states how many records it came to.

Drawn are records that nobody has voted on and no pilot had. For an overlap, what is
in people's hands already is taken back and handed out anew. The single-screened part
comes before the main hand-out: a record keeps the number of its first round.
"""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from litreview import audit, lookup, membership, quorum, rounds, state, waiting
from litreview.assignment import allocate, too_few
from litreview.declarative import now
from litreview.errors import LitreviewError, UsageError
from litreview.models import (
    Assignment,
    Decision,
    Person,
    Record,
    ScreeningRound,
)
from litreview.rounds import HandedOut
from litreview.vocabulary import RoundKind, Stage

EVENT = "screen.single-screened"  # what the review remembers of such a draw
FEWEST = 2  # people whom a comparison takes
# A part of the records this close above a whole number of them is that number.
ROUNDING = 1e-9


@dataclass(frozen=True)
class Overlap:
    """How many records everybody is to screen; the same seed draws the same."""

    stage: str
    size: int
    seed: int
    with_leads: bool = False


@dataclass(frozen=True)
class Part:
    """Which part of all the records, 0 to 1, one person each is to screen."""

    stage: str
    share: float
    seed: int
    with_leads: bool = False


def overlap(session: Session, wish: Overlap, *, by: Person) -> HandedOut:
    """Draw records and hand each of them to everybody; return what was handed out.

    Raises `UsageError` for fewer than two people or too few records.
    """
    rounds.require_lead(by)
    rounds.take_turn(session, wish.stage)
    rounds.take_back(session)
    people = rounds.screeners(session, with_leads=wish.with_leads)
    number = max(FEWEST, _usual(session, wish.stage))
    if len(people) < number:
        raise too_few(len(people), number)
    free = _unseen(session, wish.stage, handed=True)
    if wish.size > len(free):
        raise UsageError(
            f"an overlap of {wish.size:,} records cannot be drawn",
            why=f"{len(free):,} records at {wish.stage} have no vote, were in no "
            "pilot and are in no overlap",
            fix="ask for fewer, or bring in more records",
        )
    drawn = _drawn(free, wish.size, wish.seed)
    name = _name(session, wish.stage)
    target = rounds.open_round(
        session, wish.stage, name, len(people), kind=RoundKind.OVERLAP, by=by
    )
    made = [(record, handle) for record in drawn for handle in people]
    _free(session, wish.stage, drawn)
    _hand_out(session, target, made, wish.seed, by)
    return rounds.handed_out(target, made, people)


def single(session: Session, wish: Part, *, by: Person) -> HandedOut:
    """Hand a part of the records to one person each; return what was handed out.

    `wish.share` is the part of all reports at the stage that are single-screened
    afterwards, those of earlier draws among them. Raises `UsageError` where the
    protocol allows none or less, `LitreviewError` where nothing is left to draw.
    """
    rounds.require_lead(by)
    rounds.take_turn(session, wish.stage)
    _refuse_part(session, wish)
    rounds.take_back(session)
    people = rounds.screeners(session, with_leads=wish.with_leads)
    whole = state.eligible(session, wish.stage)
    part_of = math.floor(len(whole) * wish.share + ROUNDING)
    target = _single_round(session, wish.stage)
    places = membership.places(session, wish.stage)
    before = {c for c in whole & places.keys() if target and places[c][0] == target.id}
    free = _unseen(session, wish.stage, handed=False)
    size = min(part_of - len(before), len(free))
    if size < 1:
        raise LitreviewError(
            "no record is left that one person could screen alone",
            why=f"{wish.share:.4g} of {len(whole):,} records are {part_of:,}; "
            f"{len(before):,} are single-screened already; {len(free):,} others were "
            "never handed out",
            fix="hand out the others: `litreview screen assign --seed 1`; the "
            "single-screened part is drawn before that",
        )
    drawn = _drawn(free, size, wish.seed)
    if target is None:
        target = rounds.open_round(session, wish.stage, quorum.SINGLE, 1, by=by)
    loads = _loads(session, wish.stage)
    made = allocate(drawn, people, per_record=1, seed=wish.seed, taken=loads)
    _hand_out(session, target, made, wish.seed, by)
    told = {"share": wish.share, "seed": wish.seed, "records": size}
    audit.note(session, EVENT, by=by, subject=wish.stage, detail=told)
    return rounds.handed_out(target, made, people)


def _single_round(session: Session, stage: str) -> ScreeningRound | None:
    return session.scalar(
        select(ScreeningRound).where(
            ScreeningRound.stage == stage, ScreeningRound.name == quorum.SINGLE
        )
    )


def _refuse_part(session: Session, wish: Part) -> None:
    """Refuse a part that is none, or that the protocol does not allow."""
    if not 0 < wish.share <= 1:
        raise UsageError(
            f"{wish.share} is no part of the records",
            fix="give a number above 0 and up to 1, such as 0.2 for one in five",
        )
    if wish.stage == Stage.FULL_TEXT:
        raise UsageError(
            "full texts cannot be screened by one person",
            why="two people judge every full text (MECIR C39)",
            fix=f"--share is for --stage {Stage.TITLE_ABSTRACT}",
        )
    allowed = lookup.review(session).single_screened(wish.stage)
    if wish.share <= allowed:
        return
    raise UsageError(
        f"{wish.share:.4g} of the records cannot be single-screened",
        why=f"the protocol allows up to {allowed:.4g}"
        if allowed
        else "the protocol does not allow it",
        fix=f"give at most {allowed:.4g}"
        if allowed
        else "write `single_screened: 0.2` for the stage in screening/review.yaml, say "
        "why in the report, and run `litreview sync`",
    )


def _usual(session: Session, stage: str) -> int:
    main = quorum.main_round(session, stage)
    return main.per_record if main else 1


def _unseen(session: Session, stage: str, *, handed: bool) -> set[int]:
    """Return the reports that nobody has voted on and that no draw has had.

    Without `handed` only those that were never in anybody's hands.
    """
    found = set(waiting.unfinished(session, stage))
    voted = (
        select(Record.cluster_id)
        .join(Decision, Decision.record_id == Record.id)
        .where(Decision.stage == stage)
    )
    drawn = (
        select(Record.cluster_id)
        .join(Assignment, Assignment.record_id == Record.id)
        .join(ScreeningRound, ScreeningRound.id == Assignment.round_id)
        .where(
            ScreeningRound.stage == stage,
            (ScreeningRound.kind != RoundKind.MAIN)
            | (ScreeningRound.name == quorum.SINGLE)
            | (not handed),
        )
    )
    return found - set(session.scalars(voted)) - set(session.scalars(drawn))


def _drawn(free: Collection[int], size: int, seed: int) -> list[int]:
    chance = random.Random(seed)  # noqa: S311 - a draw to repeat
    return sorted(chance.sample(sorted(free), size))


def _name(session: Session, stage: str) -> str:
    query = select(ScreeningRound.name).where(ScreeningRound.stage == stage)
    names = set(session.scalars(query))
    later = (f"overlap {number}" for number in itertools.count(2))
    every = itertools.chain(["overlap"], later)
    return next(name for name in every if name not in names)


def _loads(session: Session, stage: str) -> dict[int, set[str]]:
    """Return cluster -> who has it in hand, so that loads come out even."""
    query = (
        select(Record.cluster_id, Person.handle)
        .join(Assignment, Assignment.record_id == Record.id)
        .join(ScreeningRound, ScreeningRound.id == Assignment.round_id)
        .join(Person, Person.id == Assignment.person_id)
        .where(
            ScreeningRound.stage == stage,
            ScreeningRound.counts,
            Assignment.released_at.is_(None),
        )
    )
    found: dict[int, set[str]] = {}
    for cluster, handle in session.execute(query):
        found.setdefault(cluster, set()).add(handle)
    return found


def _free(session: Session, stage: str, clusters: list[int]) -> None:
    """Take reports back from whoever has them in hand."""
    for start in range(0, len(clusters), state.CHUNK):
        query = (
            select(Assignment)
            .join(Record, Record.id == Assignment.record_id)
            .join(ScreeningRound, ScreeningRound.id == Assignment.round_id)
            .where(
                ScreeningRound.stage == stage,
                Record.cluster_id.in_(clusters[start : start + state.CHUNK]),
                Assignment.released_at.is_(None),
            )
        )
        for held in session.scalars(query):
            held.released_at = now()
    session.flush()


def _hand_out(
    session: Session,
    target: ScreeningRound,
    made: Collection[tuple[int, str]],
    seed: int,
    by: Person,
) -> None:
    """Hand out reports in this very round, whatever they were in before."""
    person = dict(session.execute(select(Person.handle, Person.id)).all())
    order = list(made)
    # A random order for each screener, so that nobody's queue tells of another's.
    random.Random(seed).shuffle(order)  # noqa: S311 - a draw to repeat
    session.add_all(
        Assignment(
            round_id=target.id,
            record_id=cluster,
            person_id=person[handle],
            position=position,
            assigned_by=by.id,
        )
        for position, (cluster, handle) in enumerate(order)
    )
    session.flush()
