"""The founding review in small: its own files and example, on five included reports.

The documents F000 to F004 are included, coded, and carry the configurations and items
of ``screening/example/``; everything else of ``screening/`` is in force. `built` makes
it once; a test works on a copy (`opened`).
"""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from coded import Coded
from making import Maker
from sqlalchemy.orm import Session

from litreview import db, extraction, materials
from litreview.demo import example
from litreview.extraction import Entry, Filled
from litreview.models import Record
from litreview.screening import Ballot, decide
from litreview.vocabulary import Role, Stage

ROOT = Path(__file__).resolve().parent.parent
SCREENING = ROOT / "screening"
DOCUMENTS = ("F000", "F001", "F002", "F003", "F004")
# What each document is used for, as a screener would name it.
STREAMS: Mapping[str, tuple[str, ...]] = {
    "F000": ("theorises_concept", "offer_evidence"),
    "F001": ("theorises_concept",),
    "F002": ("theorises_concept",),
    "F003": ("theorises_concept", "tests_association"),
    "F004": ("theorises_concept",),
}


@dataclass
class Founding(Coded):
    """The review at hand, in its workspace; `reports` are F000 to F004."""

    root: Path = ROOT

    @property
    def documents(self) -> dict[str, Record]:
        """Return the included reports by the key of their document."""
        return dict(zip(DOCUMENTS, self.reports, strict=True))

    def another(self, title: str = "", **fields: Any) -> Record:
        """Include another report, on theory alone."""
        record = self.make.record(title, **fields)
        include(self.session, self.make, record, ("theorises_concept",))
        return record

    def fill(
        self, record: Record, form: str, field: str, value: str, **more: str
    ) -> Filled:
        """Read a value out of a report into a form."""
        entry = Entry(form=form, field=field, value=value, **more)  # type: ignore[arg-type]
        return extraction.fill(self.session, by="ann", record_id=record.id, entry=entry)


def include(
    session: Session, make: Maker, record: Record, streams: tuple[str, ...]
) -> None:
    """Let both screeners include a record at both stages."""
    for stage in Stage:
        named = streams if stage == Stage.FULL_TEXT else ()
        for handle in ("ann", "bob"):
            ballot = Ballot(record.id, stage, "include", streams=named)
            decide(session, ballot, screener=make.person(handle))


def texts() -> dict[str, str]:
    """Return the team's other files by their path below ``screening/``."""
    files = [*SCREENING.glob("forms/*.yaml")]
    files += [
        SCREENING / f"{kind}.yaml" for kind in materials.PARSERS if kind != "form"
    ]
    return {
        file.relative_to(SCREENING).as_posix(): file.read_text("utf-8")
        for file in files
    }


def built(root: Path) -> Path:
    """Make the workspace of the founding review and return its folder."""
    shutil.copytree(SCREENING, root / "screening")
    shutil.copytree(ROOT / "queries", root / "queries")
    (root / "db").mkdir()
    engine = db.engine_for(address(root))
    db.create(engine)
    with db.transaction(engine) as session:
        make = Maker(session)
        make.team()
        make.protocol((SCREENING / "criteria.yaml").read_text("utf-8"))
        make.rounds()
        book = SCREENING / "codebooks" / "coherent-offer.yaml"
        make.codebook(book.read_text("utf-8"), "coherent-offer")
        records = {
            key: make.record(
                f"Founding document {key}", year=2020, doi=f"10.5555/{key.lower()}"
            )
            for key in DOCUMENTS
        }
        for key, record in records.items():
            include(session, make, record, STREAMS[key])
        materials.store(session, texts(), by=make.person("lead", Role.LEAD))
        ids = {key: record.id for key, record in records.items()}
    folder = SCREENING / "example"
    codes = example.load_codes(engine, folder, ids, by="lead")
    example.load_configurations(engine, folder, codes, by="lead")
    example.load_found(engine, folder, ids, by="lead")
    example.load_items(engine, folder, codes, by="lead")
    engine.dispose()
    return root


def address(root: Path) -> str:
    """Return the address of a workspace's database."""
    return f"sqlite:///{root / 'db' / 'review.sqlite'}"


@contextmanager
def opened(root: Path, to: Path) -> Iterator[Founding]:
    """Open a copy of a workspace, with a transaction begun."""
    shutil.copytree(root, to, dirs_exist_ok=True)
    engine = db.engine_for(address(to))
    with Session(engine, expire_on_commit=False) as session:
        # The copy has records already, which the maker numbered.
        make = Maker(session, itertools.count(100))
        reports = [session.get_one(Record, number) for number in range(1, 6)]
        lead = make.person("lead", Role.LEAD)
        yield Founding(session, make, lead, reports, reports[-1], root=to)
        session.rollback()
    engine.dispose()
