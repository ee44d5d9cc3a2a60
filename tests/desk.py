"""Say in one line each what a team does: vote, take back, merge, settle."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from making import Maker
from sqlalchemy import select
from sqlalchemy.orm import Session

from litreview import pairs, screening, settling, state
from litreview.models import (
    Assignment,
    Decision,
    FulltextEvent,
    PairDecision,
    Person,
    Record,
    RecordRemoval,
    Resolution,
    ScreeningRound,
)
from litreview.outcome import Outcome
from litreview.vocabulary import PairVerdict, Retrieval, Stage

TA, FT = Stage.TITLE_ABSTRACT, Stage.FULL_TEXT


@dataclass
class Desk:
    """What a team does, on one Session."""

    session: Session

    def person(self, handle: str) -> Person:
        """Return a person by handle."""
        query = select(Person).where(Person.handle == handle)
        return self.session.scalars(query).one()

    def vote(
        self, handle: str, record: Record, said: str, stage: str = TA, **more: Any
    ) -> Decision:
        """Cast a vote; what is said may carry a reason, as in `exclude X-POP`."""
        verdict, _, reason = said.partition(" ")
        origin = more.pop("origin", "terminal")
        ballot = screening.Ballot(record.id, stage, verdict, reason, **more)
        who = self.person(handle)
        return screening.decide(self.session, ballot, screener=who, origin=origin)

    def votes(self, record: Record, stage: str = TA, **said: str) -> None:
        """Cast several people's votes."""
        for handle, words in said.items():
            self.vote(handle, record, words, stage)

    def withdraw(self, handle: str, record: Record, stage: str = TA) -> list[Decision]:
        """Take a vote back."""
        who = self.person(handle)
        return screening.withdraw(self.session, record.id, stage=stage, screener=who)

    def settle(
        self, handle: str, record: Record, said: str, stage: str = TA, **more: Any
    ) -> Resolution:
        """Settle a conflict."""
        verdict, _, reason = said.partition(" ")
        ruling = settling.Ruling(record.id, stage, verdict, reason, **more)
        return settling.resolve(self.session, ruling, by=self.person(handle))

    def remove(self, record: Record, *, removed: bool = True) -> None:
        """Take a record out before screening, or back in."""
        self.session.add(
            RecordRemoval(
                record_id=record.id,
                removed=removed,
                basis="reason",
                text="said so",
                person_id=self.person("lead").id,
            )
        )
        self.session.flush()

    def text(self, record: Record, status: str = Retrieval.RETRIEVED) -> None:
        """Record what became of a full text."""
        by = self.person("lead").id
        event = FulltextEvent(record_id=record.id, status=status, person_id=by)
        self.session.add(event)
        self.session.flush()

    def leave(self, handle: str, *, active: bool = False) -> None:
        """Let somebody leave, or come back, without a sync."""
        self.person(handle).active = active
        self.session.flush()

    def pair(
        self, one: Record, other: Record, verdict: str = PairVerdict.DUPLICATE
    ) -> None:
        """Let the lead judge two records and regroup all of them."""
        Maker(self.session).pair(one, other, verdict, self.person("lead"))
        self.regroup()

    def link(self, one: Record, other: Record, run: int, score: float = 0.9) -> None:
        """Let the machine judge two records to be duplicates."""
        low, high = sorted((one.id, other.id))
        row = PairDecision(a_id=low, b_id=high, verdict="duplicate", score=score)
        row.run_id = run
        self.session.add(row)
        self.session.flush()
        self.regroup()

    def split(self, one: Record, other: Record) -> None:
        """Let the lead take a judgement on two records back."""
        self.pair(one, other, PairVerdict.WITHDRAWN)

    def regroup(self) -> None:
        """Write the clusters that the verdicts in force make."""
        home = pairs.recomputed(self.session)
        for record in self.session.scalars(select(Record)):
            record.cluster_id = home[record.id]
        self.session.flush()

    def outcome(self, record: Record, stage: str = TA) -> Outcome | None:
        """Return how a record's report stands."""
        self.session.refresh(record)
        return state.outcome(self.session, stage, record.cluster_id)

    def stands(self, record: Record, stage: str = TA) -> str:
        """Return the word for how a record's report stands."""
        return state.standing_of(self.outcome(record, stage))

    def handed(self, record: Record, stage: str = TA) -> set[str]:
        """Return who has a record in hand."""
        query = (
            select(Person.handle)
            .join(Assignment, Assignment.person_id == Person.id)
            .join(ScreeningRound, ScreeningRound.id == Assignment.round_id)
            .where(
                Assignment.record_id == record.id,
                Assignment.released_at.is_(None),
                ScreeningRound.stage == stage,
            )
        )
        return set(self.session.scalars(query))
