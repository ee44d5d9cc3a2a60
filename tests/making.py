"""Make what a test needs in one call each: people, a protocol, records, rounds."""

from __future__ import annotations

import hashlib
import itertools
import json
import zlib
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.orm import Session

from litreview.models import (
    CodebookVersion,
    Decision,
    HarvestRun,
    Hit,
    PairDecision,
    Person,
    ProtocolVersion,
    RawRecord,
    Record,
    ScreeningRound,
    SearchStrategy,
)
from litreview.text import title_key
from litreview.vocabulary import (
    Found,
    Origin,
    Role,
    RoundKind,
    RunKind,
    RunStatus,
    Stage,
    Verdict,
)

REVIEW = """\
title: A review made for a test
question: Does it work?
people: []
stages:
  title_abstract: {per_record: 2}
  full_text: {per_record: 2}
"""

# Two groups, a parent with two facets, a scale of two poles.
BOOK = """\
title: A codebook made for a test
version: "1"
groups:
  - {id: fit, label: Fit}
  - {id: people, label: People}
constructs:
  - {id: fit.plan, label: Planning, group: fit, cmo_role: mechanism, level: school,
     definition: Work on a plan., sources: []}
  - {id: fit.plan_early, parent: fit.plan, label: Planning early, group: fit,
     cmo_role: mechanism, level: school, definition: It starts early., sources: []}
  - {id: fit.plan_shared, parent: fit.plan, label: Planning together, group: fit,
     cmo_role: mechanism, level: team, definition: It is shared., sources: []}
  - {id: fit.end, label: End state, group: fit, cmo_role: outcome, level: school,
     definition: It fits., sources: [], related: [people.trust]}
  - {id: people.trust, label: Trust, group: people, cmo_role: mechanism, level: team,
     definition: They trust., sources: [], pole_of: trust}
  - {id: people.distrust, label: Distrust, group: people, cmo_role: context,
     level: team, definition: They do not., sources: [], pole_of: trust,
     scoring: reverse}
  - {id: people.need, label: Need, group: people, cmo_role: context, level: pupil,
     definition: Many are poor., sources: []}
"""


@dataclass
class Maker:
    """Makes rows on one Session."""

    session: Session
    _numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    def person(self, handle: str, role: str = Role.SCREENER) -> Person:
        """Make, or return, a person."""
        found = self.session.scalar(select(Person).where(Person.handle == handle))
        if found is None:
            found = Person(handle=handle, name=handle.title(), role=role)
            self.session.add(found)
            self.session.flush()
        return found

    def team(self, *handles: str) -> list[Person]:
        """Make the lead `lead`, the arbiter `cleo` and these screeners."""
        self.person("lead", Role.LEAD)
        self.person("cleo", Role.ARBITER)
        return [self.person(handle) for handle in handles or ("ann", "bob")]

    def protocol(self, criteria: str | None = None) -> ProtocolVersion:
        """Put a protocol in force; default: the starter criteria."""
        from litreview.protocol import STARTER_CRITERIA  # noqa: PLC0415

        text = criteria if criteria is not None else STARTER_CRITERIA
        row = ProtocolVersion(
            sha256=hashlib.sha256(text.encode()).hexdigest(),
            review_text=REVIEW,
            criteria_text=text,
        )
        self.session.add(row)
        self.session.flush()
        return row

    def codebook(self, text: str = BOOK, name: str = "book") -> CodebookVersion:
        """Put a codebook in force."""
        row = CodebookVersion(
            name=name, text=text, sha256=hashlib.sha256(text.encode()).hexdigest()
        )
        self.session.add(row)
        self.session.flush()
        return row

    def rounds(self, per_record: int = 2) -> dict[str, ScreeningRound]:
        """Make a main round of both stages."""
        made = {
            str(stage): ScreeningRound(
                stage=stage,
                name="main",
                kind=RoundKind.MAIN,
                per_record=per_record,
                counts=True,
            )
            for stage in Stage
        }
        self.session.add_all(made.values())
        self.session.flush()
        return made

    def review(self, *handles: str, per_record: int = 2) -> list[Person]:
        """Make a team, a protocol and main rounds; return the screeners."""
        people = self.team(*handles)
        self.protocol()
        self.rounds(per_record)
        return people

    def run(self, source: str = "openalex") -> HarvestRun:
        """Make, or return, a complete search run of a source."""
        found = self.session.scalar(
            select(HarvestRun).where(HarvestRun.source == source)
        )
        if found is not None:
            return found
        asked = "title: s"
        digest = hashlib.sha256(asked.encode()).hexdigest()
        strategy = SearchStrategy(name=f"s-{source}", sha256=digest, text=asked)
        self.session.add(strategy)
        self.session.flush()
        run = HarvestRun(
            kind=RunKind.SEARCH,
            source=source,
            strategy_id=strategy.id,
            request={"source": source, "params": {"search": "trust"}},
            status=RunStatus.COMPLETE,
        )
        self.session.add(run)
        self.session.flush()
        return run

    def record(
        self, title: str = "", *, source: str = "openalex", **fields: object
    ) -> Record:
        """Make a record with its raw payload and a hit of a search run."""
        number = next(self._numbers)
        title = title or f"A made record number {number}"
        record = Record(
            **{
                "source": source,
                "source_id": f"W{number}",
                "found": Found.DATABASE,
                "title": title,
                "title_key": title_key(title)[:200],
                **fields,
            }
        )
        self.session.add(record)
        self.session.flush()
        record.cluster_id = record.id
        run = self.run(source)
        payload = json.dumps({"id": record.source_id, "title": title}).encode()
        self.session.add_all(
            [
                RawRecord(
                    record_id=record.id,
                    version=1,
                    sha256=hashlib.sha256(payload).hexdigest(),
                    payload=zlib.compress(payload),
                    run_id=run.id,
                ),
                Hit(run_id=run.id, record_id=record.id, rank=number),
            ]
        )
        self.session.flush()
        return record

    def records(self, number: int) -> list[Record]:
        """Make so many records."""
        return [self.record() for _ in range(number)]

    def include(
        self, record: Record, *people: Person, verdict: str = "include"
    ) -> None:
        """Let people vote to include a record at both stages (`review` comes first).

        With another `verdict` they cast that one at full text.
        """
        protocol = self.session.scalars(select(ProtocolVersion)).first()
        assert protocol is not None
        for screening in self.session.scalars(select(ScreeningRound)).all():
            said = (
                Verdict.INCLUDE if screening.stage == Stage.TITLE_ABSTRACT else verdict
            )
            self.session.add_all(
                Decision(
                    uid=f"made-{next(self._numbers)}",
                    round_id=screening.id,
                    record_id=record.id,
                    stage=screening.stage,
                    screener_id=person.id,
                    recorder_id=person.id,
                    seq=1,
                    verdict=said,
                    reason="not-about-it" if said == Verdict.EXCLUDE else "",
                    origin=Origin.SIMULATION,
                    protocol_id=protocol.id,
                )
                for person in people
            )
        self.session.flush()

    def pair(self, a: Record, b: Record, verdict: str, by: Person) -> PairDecision:
        """Append a person's pair verdict without touching clusters."""
        low, high = sorted((a.id, b.id))
        row = PairDecision(a_id=low, b_id=high, verdict=verdict, person_id=by.id)
        self.session.add(row)
        self.session.flush()
        return row
