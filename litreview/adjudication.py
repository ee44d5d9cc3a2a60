"""Where coders of one report differ on a construct, and what settles it.

Coders differ where some who finished a report found a construct in it and others did
not. All of them together settle it, or a lead or arbiter who did not code the report.
A ruling holds for the passages and coding events that it saw, its *basis*: when one
of them changes, a passage more or less, a report taken up again, the conflict is back.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from sqlalchemy import select
from sqlalchemy.orm import Session

from litreview import coders, lookup, passages, state
from litreview.coders import ABSENT, PRESENT, Code, Course
from litreview.errors import LitreviewError, NotAllowedError
from litreview.models import Person, Record
from litreview.synthesis import Adjudication
from litreview.vocabulary import Role
from litreview.wording import phrase

# Who settles, beside the coders themselves.
SETTLERS = (Role.ARBITER, Role.LEAD)


@dataclass(frozen=True)
class Conflict:
    """A construct that some coders of a report found and others did not.

    `present` and `absent` are coders' handles; `basis` names what was seen of them.
    `settled` is the word that holds, or "".
    """

    record_id: int
    title: str
    construct: str
    label: str
    present: tuple[str, ...]
    absent: tuple[str, ...]
    codes: tuple[int, ...]
    basis: str
    settled: str = ""


@dataclass(frozen=True)
class Ruling:
    """How a conflict is settled; `names` are the coders of a consensus."""

    record_id: int
    construct: str
    present: bool
    why: str
    names: tuple[str, ...] = ()
    uid: str = field(default_factory=lambda: uuid.uuid4().hex)


def conflicts(
    session: Session, *, handle: str, settled: bool = False
) -> list[Conflict]:
    """Return what finished coders differ on, by report and construct.

    With `settled` those too on which a ruling holds. Reports that the asker is still
    coding are left out.
    """
    person = lookup.person(session, handle)
    included = state.included(session)
    courses = {
        cluster: course
        for cluster, course in coders.courses(session).items()
        if cluster in included
        and len(course.finished) >= coders.CODERS
        and course.shows(person)
    }
    found = _conflicts(session, courses)
    return [one for one in found if settled or not one.settled]


def _conflicts(session: Session, courses: Mapping[int, Course]) -> list[Conflict]:
    codes, labels, ruled = (
        coders.codes(session),
        coders.labels(session),
        _rulings(session),
    )
    handles = dict(session.execute(select(Person.id, Person.handle)).all())
    titles = dict(session.execute(select(Record.id, Record.title)).all())
    found = []
    for cluster, course in sorted(courses.items()):
        standing = [
            code
            for code in codes.get(cluster, ())
            if code.until is None and code.person_id in course.finished
        ]
        for construct in sorted({code.construct for code in standing}):
            mine = [code for code in standing if code.construct == construct]
            those = {code.person_id for code in mine}
            if those == course.finished:
                continue
            basis = _basis(mine, course)
            found.append(
                Conflict(
                    cluster,
                    titles[cluster],
                    construct,
                    labels.get(construct, ""),
                    tuple(sorted(handles[who] for who in those)),
                    tuple(sorted(handles[who] for who in course.finished - those)),
                    tuple(code.id for code in mine),
                    basis,
                    ruled.get((cluster, construct, basis), ""),
                )
            )
    return found


def _basis(codes: Iterable[Code], course: Course) -> str:
    """Return the name of what a ruling sees: passages, and newest events, by id."""
    events = sorted(course.newest[who].id for who in course.finished)
    seen = sorted(code.id for code in codes)
    return f"codes {','.join(map(str, seen))}; events {','.join(map(str, events))}"


def _rulings(session: Session) -> dict[tuple[int, str, str], str]:
    """Return (cluster, construct, basis) -> present or absent, the newest of each."""
    query = (
        select(Record.cluster_id, Adjudication)
        .join(Record, Record.id == Adjudication.record_id)
        .order_by(Adjudication.id)
    )
    return {
        (cluster, row.construct, row.basis_key): PRESENT if row.present else ABSENT
        for cluster, row in session.execute(query)
    }


def settled(session: Session) -> dict[tuple[int, str], str]:
    """Return (report, construct) -> present or absent, for every ruling that holds."""
    courses = {
        cluster: course
        for cluster, course in coders.courses(session).items()
        if len(course.finished) >= coders.CODERS
    }
    return {
        (one.record_id, one.construct): one.settled
        for one in _conflicts(session, courses)
        if one.settled
    }


def settle(session: Session, ruling: Ruling, *, by: str) -> Adjudication:
    """Settle whether a report has a construct on which its coders differ.

    With `names`, all its coders agree and one of them or a lead records it. Without,
    a lead or an arbiter who did not code the report decides. Raises
    `NotAllowedError` otherwise, and `LitreviewError` where nothing is in conflict.
    """
    person = lookup.actor(session, by)
    why = phrase(ruling.why, "reason")
    passages.take_turns(session)
    query = select(Adjudication).where(Adjudication.uid == ruling.uid)
    stored = session.scalar(query)
    if stored is not None:
        return stored
    record = lookup.record(session, ruling.record_id)
    cluster = record.cluster_id or record.id
    found = [
        one
        for one in conflicts(session, handle=by, settled=True)
        if (one.record_id, one.construct) == (cluster, ruling.construct)
    ]
    if not found:
        raise LitreviewError(
            f"nothing is in conflict on {ruling.construct} in record {record.id}",
            why="two coders have to finish the report and differ",
            fix="`litreview code conflicts` lists what is",
        )
    _refuse_settler(person, ruling, {*found[0].present, *found[0].absent})
    for name in ruling.names:
        lookup.person(session, name)
    row = Adjudication(
        uid=ruling.uid,
        record_id=record.id,
        construct=ruling.construct,
        present=ruling.present,
        basis_key=found[0].basis,
        why=why,
        person_id=person.id,
    )
    session.add(row)
    session.flush()
    return row


def _refuse_settler(person: Person, ruling: Ruling, those: set[str]) -> None:
    """Refuse somebody who may not settle what these coders differ on."""
    told = " and ".join(sorted(those))
    if ruling.names:
        if set(ruling.names) != those:
            raise NotAllowedError(
                "a consensus names all who coded the report",
                why=f"they are {told}",
                fix=" ".join(f"--with {name}" for name in sorted(those)),
            )
        if person.handle not in those and person.role != Role.LEAD:
            raise NotAllowedError(
                f"{person.handle} did not code this report",
                fix="let one of its coders, or a lead, record their consensus",
            )
    elif person.role not in SETTLERS or person.handle in those:
        raise NotAllowedError(
            f"{person.handle} may not decide this alone",
            why=f"it takes a lead or an arbiter who did not code it; {told} did",
            fix="name them with --with where they agree, or ask such a person",
        )
