"""Who works on the review: people as the file names them, brought into the database.

Somebody who is in the database and not in the file stays as they are. Joining,
leaving and pausing never touch a vote: who leaves gives back what they have not
voted on, who pauses keeps it and is handed nothing new.
"""

from __future__ import annotations

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from litreview import audit, membership, protocol
from litreview.errors import LitreviewError
from litreview.models import Person
from litreview.vocabulary import Role


def sync(session: Session, parsed: protocol.Review, by: Person) -> list[str]:
    """Bring the people of the file into the database; return what changed, in words.

    Raises `LitreviewError` where nobody would be left to lead.
    """
    changes = []
    for wanted in parsed.people:
        found = session.scalar(select(Person).where(Person.handle == wanted.handle))
        if found is None:
            changes.append(_join(session, wanted, by))
        else:
            changes += _change(session, found, wanted, by)
    leads = select(func.count(Person.id)).where(Person.role == Role.LEAD, Person.active)
    if not session.scalar(leads):
        raise LitreviewError(
            "the review would be left without a lead",
            fix="give somebody in screening/review.yaml the role lead",
        )
    return changes


def _join(session: Session, wanted: protocol.Person, by: Person) -> str:
    person = Person(handle=wanted.handle, name=wanted.name, role=wanted.role)
    person.active = wanted.active
    person.share, person.paused = wanted.share, wanted.paused
    session.add(person)
    session.flush()
    audit.note(session, "person.joined", by=by, subject=wanted.handle)
    more = [] if wanted.share == 1 else [f"a share of {wanted.share:g}"]
    more += ["paused"] if wanted.paused else []
    return ", ".join([f"{wanted.handle} joins as {wanted.role}", *more])


def _change(
    session: Session, found: Person, wanted: protocol.Person, by: Person
) -> list[str]:
    changes = []
    if wanted.name and wanted.name != found.name:
        found.name = wanted.name
        changes.append(f"{found.handle} is called {wanted.name}")
    if wanted.role != found.role:
        detail = {"from": found.role, "to": str(wanted.role)}
        audit.note(session, "person.role", by=by, subject=found.handle, detail=detail)
        changes.append(f"{found.handle}: {found.role} becomes {wanted.role}")
        found.role = wanted.role
    if wanted.active != found.active:
        found.active = wanted.active
        kind = "person.joined" if wanted.active else "person.left"
        audit.note(session, kind, by=by, subject=found.handle)
        released = 0 if wanted.active else membership.release(session, [found.id])
        word = "is back" if wanted.active else f"leaves; {released} records released"
        changes.append(f"{found.handle} {word}")
    return [*changes, *_load(session, found, wanted, by)]


def _load(
    session: Session, found: Person, wanted: protocol.Person, by: Person
) -> list[str]:
    """Change how much somebody is handed: their share of the work, and pauses."""
    changes = []
    if wanted.share != found.share:
        detail = {"from": found.share, "to": wanted.share}
        audit.note(session, "person.share", by=by, subject=found.handle, detail=detail)
        changes.append(
            f"{found.handle}: the share of {found.share:g} becomes {wanted.share:g}"
        )
        found.share = wanted.share
    if wanted.paused != found.paused:
        found.paused = wanted.paused
        kind = "person.paused" if wanted.paused else "person.resumed"
        audit.note(session, kind, by=by, subject=found.handle)
        changes.append(
            f"{found.handle} is paused: nothing new comes, what was handed out stays"
            if wanted.paused
            else f"{found.handle} is paused no more"
        )
    return changes
