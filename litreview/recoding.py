"""Passages that were coded under an older version of their codebook.

A code keeps the version under which it was made. Where a newer one means something
else by its construct, the code is *outdated*: somebody reads the passage again and
either carries it over, which is an event that says up to which version the code holds,
or reopens it, which takes it back with the reason and puts its report on its coder's
desk again. What rests on a code that is carried over goes on resting on it.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from litreview import audit, coders, lookup, passages
from litreview.errors import LitreviewError
from litreview.models import AuditEvent, CodebookVersion, Person, Record
from litreview.passages import Resting
from litreview.redefinition import GONE, WIDE, Change, redefined
from litreview.synthesis import CodeApplication, CodeRetraction, CodingEvent
from litreview.vocabulary import CodingState
from litreview.wording import phrase

CARRIED, REOPENED = "code.carried", "code.reopened"
# How a reopened code's retraction begins, so that the list of codes tells it.
REOPENED_WORDS = "reopened under a newer codebook: "


@dataclass(frozen=True)
class Outdated:
    """A code whose construct has another meaning now, and what changed.

    `since` and `now` are the codebook's own names for the two versions.
    """

    code_id: int
    record_id: int
    construct: str
    label: str
    quote: str
    coder: str
    codebook: str
    since: str
    now: str
    changes: tuple[Change, ...]

    @property
    def carries(self) -> bool:
        """Tell whether it can be carried over: its construct can still be applied."""
        return not any(change.field in (GONE, WIDE) for change in self.changes)


@dataclass(frozen=True)
class Reopened:
    """A code that was taken back to be made anew, and what rested on it.

    `report` tells whether its coder had finished the report, which waits again.
    """

    code: CodeApplication
    resting: Resting
    report: bool


def outdated(
    session: Session, *, handle: str, code_ids: Collection[int] = ()
) -> list[Outdated]:
    """Return the standing codes that a newer codebook means otherwise, by id.

    Only those that the asker may see; `code_ids` narrows.
    """
    person = lookup.person(session, handle)
    hidden, gone = coders.hidden(session, person), passages.retractions(session)
    carried = _carried(session)
    newest = {version.name: version for version in lookup.codebooks(session)}
    versions = {row.id: row for row in session.scalars(select(CodebookVersion))}
    query = (
        select(CodeApplication, Record.cluster_id, Person.handle)
        .join(Record, Record.id == CodeApplication.record_id)
        .join(Person, Person.id == CodeApplication.person_id)
        .order_by(CodeApplication.id)
    )
    changed: dict[tuple[int, str], tuple[Change, ...]] = {}
    found = []
    for code, cluster, coder in session.execute(query):
        if code.id in gone or (code_ids and code.id not in code_ids):
            continue
        if cluster in hidden and code.person_id != person.id:
            continue
        held = versions[max(code.codebook_id, carried.get(code.id, 0))]
        now = newest[held.name]
        key = held.id, code.construct
        if key not in changed:
            changed[key] = _changes(code.construct, held, now)
        if changed[key]:
            found.append(_told(code, coder, (held, now), changed[key]))
    return found


def _changes(
    construct: str, held: CodebookVersion, now: CodebookVersion
) -> tuple[Change, ...]:
    if held.id == now.id:
        return ()
    books = lookup.parsed_codebook(held), lookup.parsed_codebook(now)
    return tuple(redefined(construct, *books))


def _told(
    code: CodeApplication,
    coder: str,
    versions: tuple[CodebookVersion, CodebookVersion],
    changes: tuple[Change, ...],
) -> Outdated:
    held, now = (lookup.parsed_codebook(version) for version in versions)
    construct = held.find(code.construct)
    return Outdated(
        code.id,
        code.record_id,
        code.construct,
        construct.label if construct else "",
        code.quote,
        coder,
        held.name,
        held.version,
        now.version,
        changes,
    )


def _carried(session: Session) -> dict[int, int]:
    """Return code id -> the newest codebook version to which it was carried over."""
    query = select(AuditEvent).where(AuditEvent.kind == CARRIED).order_by(AuditEvent.id)
    found: dict[int, int] = {}
    for event in session.scalars(query):
        detail = event.detail
        if isinstance(detail, dict):
            found[int(event.subject)] = int(str(detail["codebook_id"]))
    return found


def carry(
    session: Session, code_ids: Collection[int], *, by: str, why: str
) -> list[Outdated]:
    """Say that codes hold under the newest codebook as well; return what they were.

    Raises `LitreviewError` for a code that is not outdated, or whose construct is
    gone or has facets now, and stores nothing then.
    """
    person = passages.coder(session, by)
    reason = phrase(why, "reason")
    found = _asked(session, code_ids, by)
    stuck = [old for old in found if not old.carries]
    if stuck:
        raise LitreviewError(
            f"code {stuck[0].code_id} cannot be carried over",
            why=f"{stuck[0].construct} {stuck[0].changes[-1].field}",
            fix=f"`litreview code reopen {stuck[0].code_id} --why W`, and code the "
            "passage with a construct of the codebook in force",
        )
    newest = {version.name: version.id for version in lookup.codebooks(session)}
    for old in found:
        detail = {
            "code": old.code_id,
            "codebook_id": newest[old.codebook],
            "why": reason,
        }
        subject = str(old.code_id)
        audit.note(session, CARRIED, by=person, subject=subject, detail=detail)
    return found


def reopen(session: Session, code_id: int, *, by: str, why: str) -> Reopened:
    """Take an outdated code back, to be made anew, and return what rested on it.

    Where its coder had finished the report, it waits for them again.
    """
    person = passages.coder(session, by)
    passages.take_turns(session)
    reason = phrase(why, "reason")
    _asked(session, [code_id], by)
    code = passages.code(session, code_id)
    words = REOPENED_WORDS + reason
    session.add(CodeRetraction(code_id=code.id, why=words, person_id=person.id))
    record = lookup.record(session, code.record_id)
    cluster = record.cluster_id or record.id
    course = coders.courses(session, [cluster])[cluster]
    report = code.person_id in course.finished
    if report:
        session.add(
            CodingEvent(
                record_id=code.record_id,
                person_id=code.person_id,
                codebook_id=max(book.id for book in lookup.codebooks(session)),
                state=CodingState.REOPENED,
            )
        )
    audit.note(
        session, REOPENED, by=person, subject=str(code_id), detail={"why": reason}
    )
    return Reopened(code, passages.resting_on(session, code_id), report)


def _asked(session: Session, code_ids: Collection[int], by: str) -> list[Outdated]:
    """Return the outdated codes with these ids; refuse one that is not."""
    passages.standing(session, code_ids)
    found = {old.code_id: old for old in outdated(session, handle=by)}
    person = lookup.person(session, by)
    hidden = coders.hidden(session, person)
    for code_id in code_ids:
        if code_id in found:
            continue
        code = passages.code(session, code_id)
        record = lookup.record(session, code.record_id)
        if record.cluster_id in hidden and code.person_id != person.id:
            coders.refuse(code_id)
        raise LitreviewError(
            f"code {code_id} is not outdated",
            why="its construct means the same in the codebook in force",
            fix="`litreview code outdated` lists those that are; "
            f"`litreview code retract {code_id}` takes a wrong one back",
        )
    return [found[code_id] for code_id in dict.fromkeys(code_ids)]
