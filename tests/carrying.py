"""Make a pack of what waits for somebody, and say things in it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from desk import TA, Desk
from sqlalchemy.orm import Session

from litreview import db, lookup, packfile, packs, rounds, screening, unpacking
from litreview.models import Record
from litreview.packvotes import Back

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


@dataclass
class Bag:
    """A pack in a file, and the review that it is of."""

    desk: Desk
    path: Path
    handle: str = "ann"
    stage: str = TA
    clock: datetime = field(default=NOON)

    def make(self, *, by: str = "") -> Bag:
        """Write the pack."""
        content = packs.make(
            self.desk.session,
            screener=self.desk.person(self.handle),
            stage=self.stage,
            by=self.desk.person(by or self.handle),
        )
        packfile.write(content, self.path)
        return self

    @contextmanager
    def inside(self) -> Iterator[Session]:
        """Open one transaction in the pack."""
        with (
            db.opened(f"sqlite:///{self.path}") as engine,
            db.transaction(engine) as session,
        ):
            yield session

    def queue(self) -> list[int]:
        """Return what waits in the pack."""
        with self.inside() as session:
            person = lookup.actor(session, self.handle)
            return rounds.queue(session, person, stage=self.stage)

    def vote(self, record: Record, said: str, **more: Any) -> None:
        """Vote in the pack; a minute passes."""
        verdict, _, reason = said.partition(" ")
        self.clock += timedelta(minutes=1)
        more.setdefault("at", self.clock)
        ballot = screening.Ballot(record.id, self.stage, verdict, reason, **more)
        with self.inside() as session:
            who = lookup.actor(session, self.handle)
            screening.decide(session, ballot, screener=who)

    def withdraw(self, record: Record) -> None:
        """Take a vote back in the pack."""
        with self.inside() as session:
            who = lookup.actor(session, self.handle)
            screening.withdraw(session, record.id, stage=self.stage, screener=who)

    def back(self, *, by: str = "") -> Back:
        """Bring the pack back."""
        return unpacking.bring_back(
            self.desk.session,
            packfile.read(self.path),
            by=self.desk.person(by or self.handle),
        )
