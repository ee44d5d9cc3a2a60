"""Who has coded which report to its end, and whose passages a person may see.

Reports are coded independently. A report is *open* from the moment two coders have
finished it, or a lead has opened it (where one coder is enough). Until then each coder
sees only their own passages on it. Readers see everything; so does a lead on reports
that they do not code. Whoever codes a report sees others' passages there when it is
open and they have finished it themselves, and no longer once they take it up again.

What somebody has built on (an item, a configuration) shows the passages it rests on,
and tables count all passages: counts tell nobody's coding of one report.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import NoReturn

from sqlalchemy import select
from sqlalchemy.orm import Session

from litreview import lookup
from litreview.errors import NotAllowedError
from litreview.models import AuditEvent, Person, Record
from litreview.synthesis import CodeApplication, CodeRetraction, CodingEvent
from litreview.vocabulary import CodingState, Role

# So many coders who have finished a report open it.
CODERS = 2
# What the audit event is called by which a lead opens a report.
OPENED = "coding.opened"
# What a coder who finished a report says of a construct there.
PRESENT, ABSENT = "present", "absent"
# Who sees passages on reports that they do not code, open or not.
OVERSEERS = (Role.LEAD, Role.READER)


@dataclass(frozen=True)
class Event:
    """A coder finished a report, or took it up again."""

    id: int
    person_id: int
    finished: bool
    at: datetime


@dataclass
class Course:
    """How the coding of one report went, in the order of time.

    `began` is each coder's first word on it: a passage or an event.
    """

    events: list[Event] = field(default_factory=list)
    began: dict[int, datetime] = field(default_factory=dict)
    opened_by_lead: datetime | None = None

    @property
    def newest(self) -> dict[int, Event]:
        """Each coder's newest event."""
        return {event.person_id: event for event in self.events}

    @property
    def finished(self) -> frozenset[int]:
        """Who stands as having finished it."""
        return frozenset(who for who, event in self.newest.items() if event.finished)

    @property
    def opened(self) -> datetime | None:
        """When others' passages came to be shown, or None while they are not."""
        standing: set[int] = set()
        for event in self.events:
            (standing.add if event.finished else standing.discard)(event.person_id)
            if len(standing) >= CODERS:
                lead = self.opened_by_lead
                return event.at if lead is None else min(lead, event.at)
        return self.opened_by_lead

    def shows(self, person: Person) -> bool:
        """Tell whether a person may see what others coded here."""
        if person.id in self.began:
            return self.opened is not None and person.id in self.finished
        return person.role in OVERSEERS or self.opened is not None


def courses(
    session: Session, clusters: Collection[int] | None = None
) -> Mapping[int, Course]:
    """Return cluster -> how its coding went, for all reports or for some of them."""
    found: dict[int, Course] = defaultdict(Course)
    _add_beginnings(session, clusters, found)
    events = select(CodingEvent, Record.cluster_id).join(
        Record, Record.id == CodingEvent.record_id
    )
    for row, cluster in session.execute(events.order_by(CodingEvent.id)):
        if clusters is None or cluster in clusters:
            here = found[cluster]
            finished = row.state == CodingState.FINISHED
            here.events.append(Event(row.id, row.person_id, finished, row.at))
            _begin(here, row.person_id, row.at)
    for cluster, at in _opened(session).items():
        if clusters is None or cluster in clusters:
            found[cluster].opened_by_lead = at
    return found


def _add_beginnings(
    session: Session, clusters: Collection[int] | None, found: dict[int, Course]
) -> None:
    # Only columns: there may be tens of thousands of passages.
    codes = select(
        Record.cluster_id, CodeApplication.person_id, CodeApplication.at
    ).join(Record, Record.id == CodeApplication.record_id)
    for cluster, person_id, at in session.execute(codes):
        if clusters is None or cluster in clusters:
            _begin(found[cluster], person_id, at)


def _begin(course: Course, person_id: int, at: datetime) -> None:
    course.began[person_id] = min(at, course.began.get(person_id, at))


def _opened(session: Session) -> dict[int, datetime]:
    """Return cluster -> when a lead first opened it."""
    query = select(AuditEvent.subject, AuditEvent.at).where(AuditEvent.kind == OPENED)
    noted = {int(subject): at for subject, at in session.execute(query)}
    if not noted:
        return {}
    homes = dict(session.execute(select(Record.id, Record.cluster_id)).all())
    found: dict[int, datetime] = {}
    for record_id, at in noted.items():
        cluster = homes[record_id]
        found[cluster] = min(at, found.get(cluster, at))
    return found


def hidden(session: Session, person: Person) -> frozenset[int]:
    """Return the clusters on which a person may not see others' passages."""
    return frozenset(
        cluster
        for cluster, course in courses(session).items()
        if not course.shows(person)
    )


def sight(session: Session, handle: str) -> Callable[[int, int], bool]:
    """Return what tells of (coder, cluster) whether `handle` may see the passage.

    Without a handle all passages are seen.
    """
    if not handle:
        return lambda _coder, _cluster: True
    person = lookup.person(session, handle)
    unseen = hidden(session, person)
    return lambda coder, cluster: coder == person.id or cluster not in unseen


def refuse(code_id: int) -> NoReturn:
    """Refuse a passage that this person may not see."""
    raise NotAllowedError(
        f"code {code_id} is another coder's",
        why="its report is coded independently, and others' passages on it are hidden "
        "until two coders have finished it",
        fix="`litreview code finish RECORD` tells that you have read a report to its "
        "end; a lead opens one that one person codes: `litreview code open RECORD`",
    )


def shows(session: Session, person: Person, cluster: int) -> bool:
    """Tell whether a person may see what others coded in one report."""
    return courses(session, [cluster])[cluster].shows(person)


# -- who coded what -------------------------------------------------------------------


@dataclass(frozen=True)
class Code:
    """What of a passage matters here; `until` is when it was retracted."""

    id: int
    person_id: int
    construct: str
    at: datetime
    until: datetime | None

    def stood(self, moment: datetime) -> bool:
        """Tell whether it stood at a moment."""
        return self.at <= moment and (self.until is None or self.until > moment)


def codes(session: Session) -> dict[int, list[Code]]:
    """Return cluster -> its passages by id, retracted ones too."""
    query = (
        select(
            Record.cluster_id,
            CodeApplication.id,
            CodeApplication.person_id,
            CodeApplication.construct,
            CodeApplication.at,
            CodeRetraction.at,
        )
        .join(Record, Record.id == CodeApplication.record_id)
        .outerjoin(CodeRetraction, CodeRetraction.code_id == CodeApplication.id)
        .order_by(CodeApplication.id)
    )
    found: dict[int, list[Code]] = defaultdict(list)
    for cluster, number, person_id, construct, at, until in session.execute(query):
        found[cluster].append(Code(number, person_id, construct, at, until))
    return found


def labels(session: Session) -> dict[str, str]:
    """Return construct id -> label, of the codebooks in force."""
    return {
        entry.id: entry.label
        for version in lookup.codebooks(session)
        for entry in lookup.parsed_codebook(version).constructs
    }
