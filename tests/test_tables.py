"""Constructs, configurations and items over a few coded reports."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field

import pandas as pd
import pytest
from making import Maker
from sqlalchemy.orm import Session
from team import FT, TA, Team, start

from litreview import tables
from litreview.models import CodebookVersion, Record
from litreview.protocol import STARTER_CODEBOOK
from litreview.synthesis import (
    CmoConfiguration,
    CmoEvidence,
    CmoPart,
    CodeApplication,
    CodeRetraction,
    Instrument,
    ItemEvidence,
    ItemVersion,
    SurveyItem,
)
from litreview.vocabulary import PairVerdict

EXPLAINS, PROTECTS, PARENT = "lead.explains", "lead.protects_time", "lead.support"


@dataclass
class Synthesis:
    """A team that codes; rows are written plainly, as the use cases would."""

    team: Team
    book: CodebookVersion
    _numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    def report(self, *, included: bool = True) -> Record:
        """Make a report, included after full text or not."""
        record = self.team.make.record()
        self.team.both(record, TA, "include")
        self.team.both(record, FT, "include" if included else "exclude X-POP")
        return record

    def store(self, *rows: object) -> None:
        """Store rows of any table."""
        self.team.session.add_all(rows)
        self.team.session.flush()

    def code(self, record: Record, construct: str) -> CodeApplication:
        """Code a passage."""
        number = next(self._numbers)
        row = CodeApplication(
            uid=f"code-{number}",
            record_id=record.id,
            construct=construct,
            codebook_id=self.book.id,
            quote=f"Passage {number}.",
            locator=f"p. {number}",
            role="context",
            polarity="present",
            evidence_type="theorises",
            person_id=self.team.ann.id,
        )
        self.store(row)
        return row

    def item(self, construct: str, *codes: CodeApplication) -> SurveyItem:
        """Write an item that rests on codes."""
        instrument = self.team.session.get(Instrument, 1)
        by = {"person_id": self.team.ann.id}
        if instrument is None:
            instrument = Instrument(id=1, name="staff", **by)
            self.store(instrument)
        row = SurveyItem(
            instrument_id=1, construct=construct, codebook_id=self.book.id, **by
        )
        self.store(row)
        self.word(row, "First wording", 1)
        self.store(*(ItemEvidence(item_id=row.id, code_id=c.id, **by) for c in codes))
        return row

    def word(
        self, item: SurveyItem, text: str, version: int, status: str = "draft"
    ) -> None:
        """Append a wording of an item."""
        self.store(
            ItemVersion(
                item_id=item.id,
                version=version,
                text=text,
                status=status,
                person_id=self.team.bob.id,
            )
        )

    def cmo(self, number: int, version: int, *codes: CodeApplication) -> None:
        """Append a version of a configuration: one supports, the rest refute."""
        row = CmoConfiguration(
            number=number,
            version=version,
            title=f"Version {version}",
            codebook_id=self.book.id,
            person_id=self.team.ann.id,
        )
        self.store(row)
        self.store(
            CmoPart(cmo_id=row.id, role="context", construct=PROTECTS, position=2),
            CmoPart(cmo_id=row.id, role="context", construct=EXPLAINS, position=1),
            *(
                CmoEvidence(cmo_id=row.id, code_id=code.id, relation="supports")
                for code in codes
            ),
        )


@pytest.fixture
def synthesis(session: Session, make: Maker) -> Synthesis:
    """Return a review with the starter codebook."""
    return Synthesis(start(session, make), make.codebook(STARTER_CODEBOOK))


def row(synthesis: Synthesis, construct: str) -> dict[str, object]:
    """Return a construct's row."""
    found = tables.constructs(synthesis.team.session).set_index("construct")
    return {str(key): value for key, value in found.loc[construct].items()}


def numbers(synthesis: Synthesis, construct: str) -> tuple[object, ...]:
    """Return a construct's studies, quotes, items and gap."""
    found = row(synthesis, construct)
    return tuple(found[key] for key in ("studies", "quotes", "items", "gap"))


@pytest.mark.parametrize(
    ("query", "columns"),
    [
        (tables.constructs, tables.CONSTRUCT_COLUMNS),
        (tables.cmo, tables.CMO_COLUMNS),
        (tables.items, tables.ITEM_COLUMNS),
    ],
)
def test_tables_have_their_columns_even_when_empty(
    session: Session, query: Callable[[Session], pd.DataFrame], columns: dict[str, str]
) -> None:
    """Before anything is coded the declared columns are there."""
    found = query(session)
    assert found.empty
    assert list(found.columns) == list(columns)


def test_every_construct_is_there_without_evidence(synthesis: Synthesis) -> None:
    """An uncoded codebook gives a row each, in its order, all of them gaps."""
    found = tables.constructs(synthesis.team.session)
    assert list(found["construct"]) == [PARENT, EXPLAINS, PROTECTS]
    assert list(found["studies"]) == [0, 0, 0]
    assert list(found["gap"]) == ["gap"] * 3
    told = row(synthesis, EXPLAINS)
    assert told["label"] == "Leaders explain the purpose"
    assert told["group"] == "Leadership"
    assert told["parent"] == PARENT
    assert (told["cmo_role"], told["level"]) == ("mechanism", "school")
    assert str(told["definition"]).startswith("Leaders tell staff")


def test_a_parent_counts_distinct_studies_below_it(synthesis: Synthesis) -> None:
    """A study coded with two facets counts once for their parent."""
    one, other = synthesis.report(), synthesis.report()
    first = synthesis.code(one, EXPLAINS)
    synthesis.code(one, PROTECTS)
    synthesis.code(other, EXPLAINS)
    synthesis.item(EXPLAINS, first)
    assert numbers(synthesis, EXPLAINS) == (2, 2, 1, "")
    assert numbers(synthesis, PROTECTS) == (1, 1, 0, "gap")
    assert numbers(synthesis, PARENT) == (2, 3, 1, "")
    assert row(synthesis, PARENT)["streams"] == "theorises_concept 2"


def test_two_reports_of_one_study_count_once(synthesis: Synthesis) -> None:
    """Studies, not reports, are counted."""
    one, other = synthesis.report(), synthesis.report()
    cleo = synthesis.team.cleo
    synthesis.team.make.pair(one, other, PairVerdict.SAME_STUDY, cleo)
    synthesis.code(one, EXPLAINS)
    synthesis.code(other, EXPLAINS)
    assert numbers(synthesis, EXPLAINS) == (1, 2, 0, "gap")


def test_what_is_retracted_or_not_included_does_not_count(
    synthesis: Synthesis,
) -> None:
    """Retracted codes, codes of reports that are out and retired items are no use."""
    record, out = synthesis.report(), synthesis.report(included=False)
    wrong = synthesis.code(record, EXPLAINS)
    synthesis.code(out, EXPLAINS)
    item = synthesis.item(EXPLAINS, wrong)
    by = synthesis.team.ann.id
    synthesis.store(CodeRetraction(code_id=wrong.id, why="misread", person_id=by))
    assert numbers(synthesis, EXPLAINS) == (0, 0, 1, "gap")
    synthesis.word(item, "Never mind", 2, "retired")
    assert numbers(synthesis, EXPLAINS) == (0, 0, 0, "gap")


def test_codes_of_a_dropped_construct_are_not_lost(synthesis: Synthesis) -> None:
    """A construct that left the codebook still shows what was coded with it."""
    synthesis.code(synthesis.report(), "lead.gone")
    assert numbers(synthesis, "lead.gone") == (1, 1, 0, "gap")
    assert row(synthesis, "lead.gone")["label"] == tables.NOT_IN_FORCE


def test_items_show_their_newest_wording_and_what_counts(synthesis: Synthesis) -> None:
    """One row per item: newest version, all evidence, only counting quotes."""
    record = synthesis.report()
    kept, wrong = synthesis.code(record, EXPLAINS), synthesis.code(record, EXPLAINS)
    item = synthesis.item(EXPLAINS, wrong, kept)
    synthesis.item(PROTECTS, kept)
    synthesis.word(item, "Better wording", 2, "reviewed")
    by = synthesis.team.ann.id
    synthesis.store(CodeRetraction(code_id=wrong.id, why="misread", person_id=by))
    found = tables.items(synthesis.team.session)
    assert list(found["item_id"]) == sorted(found["item_id"])
    first = found.iloc[0]
    assert (first["text"], first["version"], first["status"]) == (
        "Better wording",
        2,
        "reviewed",
    )
    assert first["evidence"] == (kept.id, wrong.id)
    assert (first["quotes"], first["studies"]) == (1, 1)
    assert (first["instrument"], first["by"]) == ("staff", "bob")
    assert first["label"] == "Leaders explain the purpose"


def test_configurations_show_their_newest_version(synthesis: Synthesis) -> None:
    """One row per configuration, parts in their order, support in studies."""
    record, other = synthesis.report(), synthesis.report()
    codes = [synthesis.code(where, EXPLAINS) for where in (record, record, other)]
    synthesis.cmo(1, 1)
    synthesis.cmo(2, 1)
    synthesis.cmo(1, 2, *codes)
    found = tables.cmo(synthesis.team.session)
    assert list(found["cmo_id"]) == [1, 2]
    assert list(found["version"]) == [2, 1]
    first = found.iloc[0]
    assert first["context"] == (EXPLAINS, PROTECTS)
    assert first["mechanism"] == ()
    assert first["supports"] == tuple(code.id for code in codes)
    assert list(found["support"]) == [2, 0]
