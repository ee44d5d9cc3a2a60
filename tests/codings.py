"""Coders at work on included reports, in one line each."""

from __future__ import annotations

from dataclasses import dataclass, field

from making import Maker
from sqlalchemy.orm import Session

from litreview import coding, doublecoding
from litreview.coding import Passage
from litreview.models import FulltextEvent, Person, Record


@dataclass
class Room:
    """A review with a lead, an arbiter and coders; its included reports."""

    session: Session
    make: Maker
    ann: Person
    bob: Person
    reports: list[Record] = field(default_factory=list)

    def report(self) -> Record:
        """Make an included report."""
        record = self.make.record()
        self.make.include(record, self.ann, self.bob)
        self.reports.append(record)
        return record

    def code(
        self, by: str, record: Record, construct: str = "fit.end", **more: str
    ) -> int:
        """Code a passage; return the code's id."""
        words = {"quote": f"Words on {construct}.", "locator": "p. 1", **more}
        passage = Passage(construct, **words)  # type: ignore[arg-type]
        done = coding.add(self.session, by=by, record_id=record.id, passage=passage)
        return done.code.id

    def finish(self, record: Record, *handles: str) -> None:
        """Let coders finish a report, one after the other."""
        for handle in handles:
            doublecoding.finish(self.session, record.id, by=handle)

    def seen(self, handle: str, record: Record | None = None) -> list[str]:
        """Return whose passages a person sees, each once, by name."""
        rows = coding.codes(
            self.session,
            record_id=record.id if record else None,
            view=coding.View(handle),
        )
        return sorted({str(row["coder"]) for row in rows})

    def text(self, record: Record, location: str) -> None:
        """Record where a report's full text is."""
        by = self.make.person("lead").id
        self.session.add(
            FulltextEvent(
                record_id=record.id,
                status="retrieved",
                location=location,
                person_id=by,
            )
        )
        self.session.flush()


def room(session: Session, make: Maker) -> Room:
    """Return a review with one included report and a codebook."""
    ann, bob = make.review("ann", "bob", "eve")[:2]
    make.codebook()
    found = Room(session, make, ann, bob)
    found.report()
    return found
