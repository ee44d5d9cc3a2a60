"""Filled sheets brought into the bank: each item under the name of who wrote it.

All rows or none. What was brought in before is not brought in again, whatever has
become of it since. Who brought the file is noted in the audit; the items are the
writers'.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.orm import Session

from litreview import audit, bank, passages, sheetfile
from litreview.bank import Place, Written
from litreview.errors import InputFileError, LitreviewError, NotFoundError
from litreview.models import Person
from litreview.phrasing import Question
from litreview.provenance import Source
from litreview.sheetfile import Filled, Row
from litreview.yamlfile import suggestion

MOST_TOLD = 10  # rows that one refusal tells of
IMPORTED = "item.imported"  # the audit event of a sheet


@dataclass(frozen=True)
class File:
    """A sheet as it came: its path, the hash of its bytes, and its rows."""

    path: Path
    sha256: str
    rows: Sequence[Row]


@dataclass
class Brought:
    """What came of a sheet: items stored, item ids there before, rows left."""

    stored: list[Written] = field(default_factory=list)
    already_there: list[int] = field(default_factory=list)
    left: int = 0


def bring(session: Session, file: File, *, by: str, instrument: str = "") -> Brought:
    """Write every row that is kept as an item of the person whose name it has.

    `instrument` takes the items of rows that name none. Raises `InputFileError`,
    naming each row that cannot be taken and why; then nothing must be stored.
    """
    person = passages.coder(session, by)
    done, wrong = Brought(), []
    for row in file.rows:
        try:
            ready = sheetfile.filled(row, instrument=instrument)
            if ready is None:
                done.left += 1
            else:
                _take(session, ready, done)
        except LitreviewError as error:
            wrong.append(f"row {row.number}: {error}")
    if wrong:
        _refuse(file.path, wrong)
    if done.stored:
        ids = [written.item.id for written in done.stored]
        detail = {"file": file.path.name, "sha256": file.sha256, "items": ids}
        audit.note(session, IMPORTED, by=person, subject=file.path.name, detail=detail)
    return done


def _refuse(path: Path, wrong: Sequence[str]) -> None:
    more = len(wrong) - MOST_TOLD
    raise InputFileError(
        path,
        None,
        f"nothing was stored; {len(wrong)} rows cannot be taken"
        if len(wrong) > 1
        else "nothing was stored; a row cannot be taken",
        why="\n  ".join(wrong[:MOST_TOLD])
        + (f"\n  and {more} more rows" if more > 0 else ""),
        fix="correct the sheet, and bring in the whole of it again",
    )


def _take(session: Session, row: Filled, done: Brought) -> None:
    writer = _writer(session, row.written_by).handle
    place = Place(row.instrument, row.construct)
    question = _question(row)
    there = bank.repeated(
        session, by=writer, place=place, question=question, evidence=row.evidence
    )
    if there is not None:
        done.already_there.append(there.id)
        return
    written = bank.add(
        session, by=writer, place=place, question=question, evidence=row.evidence
    )
    done.stored.append(written)


def _question(row: Filled) -> Question:
    told = {key: value or None for key, value in row.more.items()}
    source = Source(
        told["origin"].casefold() if told["origin"] else None,
        told["source"],
        told["number"],
        told["page"],
        told["adaptation"],
    )
    return Question(
        row.text,
        referent=told["referent"],
        scale=told["scale"],
        reverse=row.reverse,
        period=told["period"],
        respondent=told["respondent"],
        source=None if source == Source() else source,
    )


def _writer(session: Session, words: str) -> Person:
    """Return the one person of the team with this handle or name."""
    said = " ".join(words.split())
    people = session.scalars(select(Person).order_by(Person.id)).all()
    found = [one for one in people if one.handle == said] or [
        one for one in people if said.casefold() in (one.handle, one.name.casefold())
    ]
    if len(found) == 1:
        return found[0]
    if found:
        handles = " and ".join(one.handle for one in found)
        raise LitreviewError(f"{words!r} can be {handles}", fix="write the handle")
    known = [word for one in people for word in (one.handle, one.name)]
    raise NotFoundError(
        f"nobody here is called {words!r}",
        why=suggestion(said, known),
        fix="write a handle of screening/review.yaml, or add the person and sync",
    )
