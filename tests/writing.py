"""Say in one line each what a writer of items does: code, find, write, ask."""

from __future__ import annotations

from dataclasses import dataclass

from making import Maker
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from litreview import bank, coding, instrument, inventory
from litreview.bank import Place
from litreview.coding import Passage
from litreview.declarative import Base
from litreview.instrument import Facts
from litreview.phrasing import Question
from litreview.provenance import Source

TEXT = "In my school, training fits our plan."
PLACE = Place("staff survey", "fit.end")


@dataclass
class World:
    """One included report, with passages about what a test asks for."""

    session: Session
    make: Maker
    record_id: int

    def code(
        self,
        construct: str = "fit.end",
        quote: str = "It fits.",
        kind: str = "illustrates",
    ) -> int:
        """Code a passage and return the code's id."""
        return coding.add(
            self.session,
            by="ann",
            record_id=self.record_id,
            passage=Passage(construct, quote, "p. 2", evidence_type=kind),
        ).code.id

    def found(self, name: str = "Fit scale", **facts: str) -> None:
        """Record an instrument that the report tells of."""
        told = Facts(record_id=self.record_id, **facts)
        instrument.add(self.session, by="ann", name=name, facts=told)

    def published(
        self, text: str, number: str = "", *, name: str = "Fit scale", page: str = ""
    ) -> int:
        """Put an item of a found instrument into the bank; return its id."""
        source = Source(number=number, page=page)
        code = self.code(quote=f"The item reads: {text}")
        question = Question(text, source=source)
        return self.add(question, Place(name, "fit.end"), (code,)).item.id

    def permit(self, word: str = "granted", name: str = "Fit scale") -> None:
        """Record a permission."""
        instrument.permit(
            self.session, by="ann", name=name, permission=word, evidence="letter"
        )

    def add(
        self,
        question: Question | str = TEXT,
        place: Place = PLACE,
        evidence: tuple[int, ...] | None = None,
        by: str = "ann",
    ) -> bank.Written:
        """Write an item; without `evidence` on a fresh passage of its construct."""
        return bank.add(
            self.session,
            by=by,
            place=place,
            question=Question(question) if isinstance(question, str) else question,
            evidence=(self.code(),) if evidence is None else evidence,
        )

    def count(self, table: type[Base]) -> int:
        """Return the number of rows of a table."""
        return self.session.scalar(select(func.count()).select_from(table)) or 0

    def row(self) -> dict[str, object]:
        """Return the only item's row."""
        [row] = inventory.items(self.session)
        return row


def start(session: Session, make: Maker) -> World:
    """Return a review with one included report and nothing coded yet."""
    people = make.review()
    make.codebook()
    record = make.record(authors="Sims, Sam", year=2021)
    make.include(record, *people)
    return World(session, make, record.id)
