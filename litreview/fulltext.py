"""Full texts: sought, retrieved, or not to be had.

The newest word on a record counts, and a report is retrieved if any of its records
is. A text that could not be had is its own PRISMA box and never a reason to
exclude.
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from litreview import lookup, state
from litreview.errors import LitreviewError, NotEligibleError
from litreview.models import FulltextEvent, Person, Record
from litreview.vocabulary import Retrieval, Role, Stage


@dataclass(frozen=True)
class Wanted:
    """A report that passed title and abstract, and what became of its full text."""

    record_id: int
    title: str
    year: int | None
    doi: str
    url: str
    status: str


def set_status(
    session: Session, record_id: int, *, status: str, location: str, by: Person
) -> FulltextEvent:
    """Record what became of a report's full text; `location` is a path or address.

    Raises `NotEligibleError` for a report that title and abstract did not include,
    and `LitreviewError` for one whose full text has votes already and would be said
    not to be retrieved.
    """
    lookup.record(session, record_id)
    cluster = state.lock_clusters(session, [record_id]).pop()
    if cluster not in state.eligible(session, Stage.FULL_TEXT, [cluster]):
        raise NotEligibleError(
            f"record {record_id} is not at full text",
            why="it is not included on title and abstract (yet, or any more)",
            fix="`litreview screen conflicts` and `litreview screen progress` show "
            "what is open",
        )
    voted = state.votes(session, Stage.FULL_TEXT, [cluster])
    if status != Retrieval.RETRIEVED and voted.get(cluster):
        raise LitreviewError(
            f"the full text of record {record_id} has been judged already",
            why=f"somebody voted on it, so it cannot be {status}",
            fix="the votes are taken back first: `litreview screen withdraw`",
        )
    event = FulltextEvent(
        record_id=record_id, status=status, location=location, person_id=by.id
    )
    session.add(event)
    session.flush()
    return event


def wanted(session: Session, *, status: str | None = None) -> list[Wanted]:
    """Return the reports at full text, by id; `status` narrows.

    A report without any word has the status ``not_yet_sought``.
    """
    clusters = state.eligible(session, Stage.FULL_TEXT)
    found = state.retrievals(session)
    rows = []
    for record in session.scalars(select(Record).order_by(Record.id)):
        if record.id not in clusters:
            continue
        word = found.get(record.id, "not_yet_sought")
        if status in (None, word):
            rows.append(
                Wanted(
                    record.id, record.title, record.year, record.doi, record.url, word
                )
            )
    return rows


def may_handle(session: Session, handle: str) -> Person:
    """Return a person who may record full texts."""
    return lookup.actor(
        session, handle, roles=(Role.SCREENER, Role.ARBITER, Role.CODER)
    )
