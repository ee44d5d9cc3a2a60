"""Notes and labels that people put beside records: each one's own until it is open.

They are appended and never changed: a label is taken off by another row. Of each
person, report and label the newest row counts; those of all records of a report are
the report's, and go home with them when a merge is undone.

Others' words are shown when a report has the votes that its round asks for, as votes
are. What was written once a full text was handed out or judged belongs to full text
and waits for those votes as well; what was written before belongs to title and
abstract. While a vote is lacking (after a withdrawal, a merge, or in a pilot) it is
all closed again.
"""

from __future__ import annotations

import uuid
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from litreview import lookup, membership, quorum, state
from litreview.errors import NotAllowedError, NotFoundError, UsageError
from litreview.models import (
    Assignment,
    Decision,
    Person,
    Record,
    RecordAnnotation,
    ScreeningRound,
)
from litreview.outcome import fold
from litreview.vocabulary import Annotation, Role, Stage
from litreview.wording import phrase

# A label is a word to sort by; what is longer is a note.
LONGEST_LABEL = 40  # characters
# Labels are listed in one cell and typed in one line, parted by these.
PARTING = ",;"


@dataclass(frozen=True)
class Said:
    """A note or a label in force, whose it is, and when it was put there."""

    record_id: int
    kind: Annotation
    text: str
    person: str
    at: datetime


@dataclass(frozen=True)
class Label:
    """A label on so many reports: the asker's own, and all that the asker may see.

    `records` are the reports behind `everybody`, by id.
    """

    label: str
    own: int
    everybody: int
    records: tuple[int, ...]


# -- writing -------------------------------------------------------------------------


def note(
    session: Session, record_id: int, text: str, *, by: Person, uid: str = ""
) -> RecordAnnotation:
    """Put a note beside a record and return it; the same `uid` again, the stored one.

    Raises `NotAllowedError` for a reader and for whoever has left.
    """
    require_writer(by)
    lookup.record(session, record_id)
    said = phrase(text, "note")
    if uid:
        stored = select(RecordAnnotation).where(RecordAnnotation.uid == uid)
        if (found := session.scalar(stored)) is not None:
            return found
    row = _row(record_id, Annotation.NOTE, said, by)
    row.uid = uid or row.uid
    session.add(row)
    session.flush()
    return row


def label(
    session: Session, record_id: int, text: str, *, by: Person
) -> RecordAnnotation | None:
    """Put a label on a record and return it, or None where it is there already.

    A label that the person has used is spelt as before, whatever its capitals.
    Raises `UsageError` for what is no label.
    """
    require_writer(by)
    lookup.record(session, record_id)
    said = _spelt(session, _label(text), by)
    if said in {one.text for one in _labels_on(session, record_id, by)}:
        return None
    row = _row(record_id, Annotation.LABEL, said, by)
    session.add(row)
    session.flush()
    return row


def unlabel(
    session: Session, record_id: int, text: str, *, by: Person
) -> list[RecordAnnotation]:
    """Take one's own label off a record's report; return the rows that say so.

    Raises `NotFoundError` where the person has put no such label there.
    """
    require_writer(by)
    said = _spelt(session, _label(text), by)
    there = [
        one.record_id for one in _labels_on(session, record_id, by) if one.text == said
    ]
    if not there:
        raise NotFoundError(
            f"{by.handle} has no label {said!r} on record {record_id}",
            fix="`litreview screen labels` lists the labels",
        )
    rows = [_row(number, Annotation.UNLABEL, said, by) for number in there]
    session.add_all(rows)
    session.flush()
    return rows


def require_writer(by: Person) -> None:
    """Refuse somebody who has left, or who only reads."""
    if not by.active or by.role == Role.READER:
        raise NotAllowedError(
            f"{by.handle} may not write beside records",
            why=f"{by.handle} is a {by.role}"
            if by.active
            else f"{by.handle} has left the review",
            fix="a lead can change that in screening/review.yaml and sync",
        )


def _label(text: str) -> str:
    said = phrase(text, "label")
    parted = any(sign in said for sign in PARTING)
    if len(said) > LONGEST_LABEL or parted or said.isdecimal():
        raise UsageError(
            f"{said!r} is no label",
            why=f"a label has at most {LONGEST_LABEL} characters, no comma and no "
            "semicolon, and is more than a number",
            fix="choose a shorter word, or write a note",
        )
    return said


def _spelt(session: Session, text: str, by: Person) -> str:
    """Return a label as this person has spelt it first; others' spelling is theirs."""
    query = (
        select(RecordAnnotation.text)
        .where(
            RecordAnnotation.person_id == by.id,
            RecordAnnotation.kind == Annotation.LABEL,
        )
        .group_by(RecordAnnotation.text)
        .order_by(func.min(RecordAnnotation.id))
    )
    known = (said for said in session.scalars(query))
    return next((said for said in known if said.casefold() == text.casefold()), text)


def _row(record_id: int, kind: Annotation, text: str, by: Person) -> RecordAnnotation:
    return RecordAnnotation(
        uid=uuid.uuid4().hex,
        record_id=record_id,
        kind=kind,
        text=text,
        person_id=by.id,
    )


# -- reading -------------------------------------------------------------------------


def own(session: Session, record_id: int, *, by: Person) -> list[Said]:
    """Return the notes and labels that a person has on a record's report."""
    return [one for one, _home in _on_report(session, record_id, person=by)]


def _labels_on(session: Session, record_id: int, by: Person) -> list[Said]:
    return [
        one for one in own(session, record_id, by=by) if one.kind == Annotation.LABEL
    ]


def visible(session: Session, record_id: int, *, by: Person) -> list[Said]:
    """Return the notes and labels on a record's report that a person may see."""
    found = _on_report(session, record_id)
    return [one for one, _home in _shown(session, found, by)]


def labels(session: Session, *, by: Person) -> list[Label]:
    """Return the labels that a person may see, with how many reports have them.

    In the order of the alphabet; labels that differ only in capitals are one.
    """
    spelt: dict[str, str] = {}
    mine: dict[str, set[int]] = defaultdict(set)
    every: dict[str, set[int]] = defaultdict(set)
    for one, home in _shown(session, _in_force(session), by):
        if one.kind == Annotation.LABEL:
            key = one.text.casefold()
            spelt.setdefault(key, one.text)
            every[key].add(home)
            if one.person == by.handle:
                mine[key].add(home)
    return [
        Label(spelt[key], len(mine[key]), len(every[key]), tuple(sorted(every[key])))
        for key in sorted(spelt)
    ]


def own_labels(session: Session, *, by: Person) -> list[str]:
    """Return the labels that a person uses now, the most used first."""
    used: dict[str, set[int]] = defaultdict(set)
    for one, home in _in_force(session, person=by):
        if one.kind == Annotation.LABEL:
            used[one.text].add(home)
    return sorted(used, key=lambda text: (-len(used[text]), text.casefold()))


_Placed = tuple[Said, int]


def _on_report(
    session: Session, record_id: int, person: Person | None = None
) -> list[_Placed]:
    home = lookup.record(session, record_id).cluster_id
    return list(_in_force(session, cluster=home, person=person))


def _in_force(
    session: Session, *, cluster: int | None = None, person: Person | None = None
) -> Iterator[_Placed]:
    """Yield notes and labels in force with the report they are on, the oldest first.

    Of a label on several records of a report each is told, for its own record.
    """
    query = (
        select(RecordAnnotation, Person.handle, Record.cluster_id)
        .join(Person, Person.id == RecordAnnotation.person_id)
        .join(Record, Record.id == RecordAnnotation.record_id)
        .order_by(RecordAnnotation.id)
    )
    if cluster is not None:
        query = query.where(Record.cluster_id == cluster)
    if person is not None:
        query = query.where(RecordAnnotation.person_id == person.id)
    found: dict[object, _Placed] = {}
    for row, handle, home in session.execute(query):
        key = (
            (row.id,)
            if row.kind == Annotation.NOTE
            else (row.record_id, handle, row.text)
        )
        found.pop(key, None)
        if row.kind != Annotation.UNLABEL:
            kind = Annotation(row.kind)
            found[key] = Said(row.record_id, kind, row.text, handle, row.at), home
    yield from found.values()


# -- what is open ----------------------------------------------------------------------


def _shown(session: Session, found: Iterable[_Placed], by: Person) -> list[_Placed]:
    """Return a person's own words, and those of others that are open."""
    every = list(found)
    others = {home for one, home in every if one.person != by.handle}
    done = {stage: _complete(session, stage, others) for stage in Stage}
    begun = _full_text_begun(session, others)
    return [
        (one, home)
        for one, home in every
        if one.person == by.handle
        or (
            home in done[Stage.TITLE_ABSTRACT]
            and (
                home in done[Stage.FULL_TEXT]
                or home not in begun
                or one.at < begun[home]
            )
        )
    ]


def _complete(session: Session, stage: str, clusters: Collection[int]) -> set[int]:
    """Return which of these reports have the votes that their round asks for.

    None of them waits in a pilot. A report that was removed, or whose titles were
    reversed, is judged as if it were still there, as its votes are.
    """
    if not clusters:
        return set()
    main = quorum.main_round(session, stage)
    usual = main.per_record if main else 1
    need = quorum.needs(session, stage, clusters)
    full = {
        cluster
        for cluster, cast in state.votes(session, stage, clusters).items()
        if fold(cluster, stage, cast, need=need.get(cluster, usual)).complete
    }
    piloted = membership.pilot_needs(session, stage).keys() & full
    return full - (piloted - membership.pilot_complete(session, stage))


def _full_text_begun(
    session: Session, clusters: Collection[int]
) -> Mapping[int, datetime]:
    """Return report -> when its full text was first handed out or judged."""
    found: dict[int, datetime] = {}
    for table, at in ((Assignment, Assignment.at), (Decision, Decision.recorded_at)):
        query = (
            select(Record.cluster_id, at)
            .join(Record, Record.id == table.record_id)
            .join(ScreeningRound, ScreeningRound.id == table.round_id)
            .where(ScreeningRound.stage == Stage.FULL_TEXT)
        )
        ids = sorted(clusters)
        for start in range(0, len(ids), state.CHUNK):
            some = ids[start : start + state.CHUNK]
            for home, moment in session.execute(
                query.where(Record.cluster_id.in_(some))
            ):
                found[home] = min(moment, found.get(home, moment))
    return found
