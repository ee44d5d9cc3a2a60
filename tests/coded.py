"""A small coded review for the tables of the synthesis.

Four included studies and one excluded report; the codebook is `making.BOOK`: the
groups "fit" (fit.plan with two facets, fit.end) and "people".
"""

from __future__ import annotations

import itertools
from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd
from making import Maker
from sqlalchemy.orm import Session

from litreview import materials
from litreview.models import Person, Record
from litreview.synthesis import CodeApplication, CodeRetraction
from litreview.vocabulary import EvidenceType, Polarity, Role


def rows_by(table: pd.DataFrame, column: str) -> dict[Any, dict[Hashable, Any]]:
    """Return the rows of a table by the value of one column."""
    return {row[column]: row for row in table.to_dict("records")}


def column(rows: Mapping[Any, Mapping[Hashable, Any]], name: str) -> dict[Any, Any]:
    """Return one column of `rows_by`, by the same key."""
    return {key: row[name] for key, row in rows.items()}


@dataclass
class Coded:
    """The review at hand: its people, its reports, and how to code them."""

    session: Session
    make: Maker
    lead: Person
    reports: list[Record]
    out: Record
    _numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    def code(
        self,
        report: Record,
        construct: str,
        evidence_type: str = EvidenceType.ILLUSTRATES,
        **more: object,
    ) -> CodeApplication:
        """Code a passage of a report; `more` are columns."""
        number = next(self._numbers)
        row = CodeApplication(
            **{
                "uid": f"coded-{number}",
                "record_id": report.id,
                "construct": construct,
                "codebook_id": 1,
                "quote": f"Passage {number}.",
                "locator": f"p. {number}",
                "role": "mechanism",
                "polarity": Polarity.PRESENT,
                "evidence_type": evidence_type,
                "person_id": self.lead.id,
                **more,
            }
        )
        self.session.add(row)
        self.session.flush()
        return row

    def retract(self, code: CodeApplication) -> None:
        """Take a passage back."""
        row = CodeRetraction(code_id=code.id, why="wrong", person_id=self.lead.id)
        self.session.add(row)
        self.session.flush()

    def write(self, path: str, text: str) -> None:
        """Bring a file of ``screening/`` into force."""
        materials.check({path: text})
        materials.store(self.session, {path: text}, by=self.lead)


def begin(session: Session, make: Maker) -> Coded:
    """Make the review with four included reports and an excluded one."""
    people = make.review()
    make.codebook()
    reports = make.records(5)
    for report in reports[:4]:
        make.include(report, *people)
    make.include(reports[4], *people, verdict="exclude")
    lead = make.person("lead", Role.LEAD)
    return Coded(session, make, lead, reports[:4], reports[4])
