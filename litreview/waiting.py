"""Records that wait for somebody who may never come, told in words with the way out.

A record waits for the people who have it in hand. Where one of them is paused, has
left or may not vote any more, where it is in nobody's hands, or where it asks for
more people than there are, nothing happens until somebody does something; each of
these says what. Only who has voted is looked at here, never how.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from litreview import state
from litreview.models import Assignment, Person, Record, ScreeningRound
from litreview.outcome import Outcome
from litreview.vocabulary import Retrieval, Role, Stage

# Whoever has none of these roles has no vote.
VOTERS = (Role.SCREENER, Role.ARBITER, Role.LEAD)
NAMED = 5  # records named one by one in a message


class Why(StrEnum):
    """What keeps records waiting."""

    PAUSED = "paused"
    GONE = "gone"
    QUESTION = "question"
    NOBODY = "nobody"
    PEOPLE = "people"


@dataclass(frozen=True)
class Wait:
    """Records at a stage that wait for one reason; `handle` is for whom, if anyone."""

    stage: str
    why: Why
    records: tuple[int, ...]
    handle: str = ""

    def __str__(self) -> str:
        """Say it, and what to do."""
        number = len(self.records)
        many = f"{number:,} record{'' if number == 1 else 's'} at {self.stage}"
        wait, need = ("waits", "needs") if number == 1 else ("wait", "need")
        again = f"`litreview screen assign --stage {self.stage} --seed 1`"
        return {
            Why.PAUSED: f"{many} {wait} for {self.handle}, who is paused: "
            f"`litreview screen release {self.handle}` frees what has no vote yet, "
            f"{again} hands it to others",
            Why.GONE: f"{many} {wait} for {self.handle}, who cannot vote any more: "
            f"{again} hands them to others",
            Why.QUESTION: f"{many} {wait} for {self.handle}, whose own votes differ "
            f"since a merge ({self._ids()}): if no answer is to come, sync with "
            f"`active: false` and set the votes aside, "
            f"`litreview screen set-aside {self.handle} ID --why W`",
            Why.NOBODY: f"{many} {wait} for votes that nobody is asked for: {again} "
            "hands them out",
            Why.PEOPLE: f"{many} {need} more people than there are to vote: add "
            "people to screening/review.yaml, or end a pause, and run `litreview sync`",
        }[self.why]

    def _ids(self) -> str:
        more = ", ..." if len(self.records) > NAMED else ""
        return f"ID {', '.join(map(str, self.records[:NAMED]))}{more}"


def waits(session: Session, stage: str) -> list[Wait]:
    """Return what waits at a stage for somebody who may never come.

    Empty before anything was handed out there: then the work has not begun. Reports
    whose text could not be had wait for nobody.
    """
    people = {person.id: person for person in session.scalars(select(Person))}
    held, piloted = _held(session, stage)
    if not held and not piloted:
        return []
    outcomes = unfinished(session, stage)
    found: dict[tuple[Why, str], set[int]] = defaultdict(set)
    for cluster, outcome in outcomes.items():
        for why, who in _reasons(outcome, held.get(cluster, set()), people):
            found[why, who].add(cluster)
    for cluster, who in _pilots(session, stage, piloted, people):
        found[Why.PAUSED, who].add(cluster)
    order = list(Why)
    return [
        Wait(stage, why, tuple(sorted(clusters)), who)
        for (why, who), clusters in sorted(
            found.items(), key=lambda item: (order.index(item[0][0]), item[0][1])
        )
    ]


def unfinished(session: Session, stage: str) -> dict[int, Outcome]:
    """Return the reports that lack votes and can get them, by cluster."""
    gone: set[int] = set()
    if stage == Stage.FULL_TEXT:
        texts = state.retrievals(session)
        gone = {c for c, word in texts.items() if word == Retrieval.NOT_RETRIEVED}
    return {
        cluster: outcome
        for cluster, outcome in state.outcomes(session, stage).items()
        if not outcome.complete and cluster not in gone
    }


def can_vote(person: Person) -> bool:
    """Tell whether somebody is in the team and has a vote."""
    return person.active and person.role in VOTERS


def _held(
    session: Session, stage: str
) -> tuple[dict[int, set[int]], dict[int, set[int]]]:
    """Return cluster -> who has it in hand: in rounds that count, and in pilots."""
    query = (
        select(Record.cluster_id, Assignment.person_id, ScreeningRound.counts)
        .join(Assignment, Assignment.record_id == Record.id)
        .join(ScreeningRound, ScreeningRound.id == Assignment.round_id)
        .where(ScreeningRound.stage == stage, Assignment.released_at.is_(None))
    )
    held: dict[int, set[int]] = defaultdict(set)
    piloted: dict[int, set[int]] = defaultdict(set)
    for cluster, person_id, counts in session.execute(query):
        (held if counts else piloted)[cluster].add(person_id)
    return held, piloted


def _reasons(
    outcome: Outcome, holders: Collection[int], people: Mapping[int, Person]
) -> Iterator[tuple[Why, str]]:
    """Yield why a report that lacks votes may never get them, and for whom it waits.

    Whose own votes differ has voted all the same: who looks must not learn of it
    before there are as many voters as the round asks for.
    """
    voted = {vote.screener_id for vote in outcome.votes}
    if len(voted) >= outcome.need:
        for number in outcome.torn:
            if not can_vote(people[number]) or people[number].paused:
                yield Why.QUESTION, people[number].handle
        return
    for number in set(holders) - voted:
        if not can_vote(people[number]):
            yield Why.GONE, people[number].handle
        elif people[number].paused:
            yield Why.PAUSED, people[number].handle
    able = {n for n, person in people.items() if can_vote(person) and not person.paused}
    if len(voted | able | set(holders)) < outcome.need:
        yield Why.PEOPLE, ""
    elif len(voted | set(holders)) < outcome.need:
        yield Why.NOBODY, ""


def _pilots(
    session: Session,
    stage: str,
    piloted: Mapping[int, set[int]],
    people: Mapping[int, Person],
) -> Iterator[tuple[int, str]]:
    """Yield the reports of pilots that wait for somebody paused, and for whom."""
    paused = {number for number, person in people.items() if person.paused}
    idle = {cluster: held & paused for cluster, held in piloted.items()}
    idle = {cluster: held for cluster, held in idle.items() if held}
    if not idle:
        return
    cast = state.votes(session, stage, idle, counting=False)
    here = state.eligible(session, stage, idle)
    for cluster, held in idle.items():
        voted = {vote.screener_id for vote in cast.get(cluster, [])}
        for number in held - voted if cluster in here else ():
            yield cluster, people[number].handle
