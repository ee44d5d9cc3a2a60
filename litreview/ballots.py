"""Votes that were cast elsewhere, brought in from a file.

A lead brings them in, each vote once, whoever cast it: unknown screeners join. Votes
are stored some hundreds at a time, with the same answers as one by one (`tally`),
since a file can have a hundred thousand lines; what is unusual about a line goes the
way that all votes go (`screening`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from litreview import audit, lookup, screening, tally
from litreview.declarative import now
from litreview.errors import (
    LitreviewError,
    NotAllowedError,
    NotEligibleError,
    NotFoundError,
    UsageError,
)
from litreview.models import (
    Decision,
    DecisionSetAside,
    DecisionStream,
    PairDecision,
    Person,
    Record,
)
from litreview.protocol import Criteria, refuse_answer
from litreview.screening import Ballot
from litreview.tally import Tally
from litreview.vocabulary import Origin, Role, Stage
from litreview.wording import phrase

# Lines that are looked up together; SQLite takes at most 32,766 values at once.
LINES = 500


@dataclass(frozen=True)
class VoteRow:
    """A line of a votes file; `record_id` or `source_id` names the record."""

    line: int
    screener: str
    stage: str
    verdict: str
    record_id: int | None = None
    source_id: str = ""
    source: str = ""
    reason: str = ""
    streams: tuple[str, ...] = ()
    at: datetime | None = None
    note: str = ""


@dataclass
class Imported:
    """What came of a votes file; `waiting` are full-text votes not yet possible."""

    stored: int = 0
    already_there: int = 0
    new_people: list[str] = field(default_factory=list)
    waiting: list[str] = field(default_factory=list)


def import_votes(
    session: Session,
    rows: Sequence[VoteRow],
    *,
    file_hash: str,
    by: Person,
    tell: Callable[[int], None] = lambda _done: None,
) -> Imported:
    """Store the votes of a file, each once, title and abstract before full text.

    `tell` hears how many rows are done, after each. Unknown screeners join. A vote
    equal to the one in force is not stored again. A full-text vote on a report that
    is not (yet) included waits: the file can be brought in again. Raises
    `LitreviewError` with the line for the first impossible row; nothing of the file
    is then stored.
    """
    if by.role != Role.LEAD or not by.active:
        raise NotAllowedError(
            f"{by.handle} may not bring in others' votes", fix="ask a lead"
        )
    work = _Import(session, Imported(), file_hash, by)
    ordered = sorted(rows, key=lambda row: (row.stage == Stage.FULL_TEXT, row.line))
    # The votes at title and abstract decide which reports are at full text.
    early = [row for row in ordered if row.stage != Stage.FULL_TEXT]
    done = 0
    for part, stage in (
        (early, Stage.TITLE_ABSTRACT),
        (ordered[len(early) :], Stage.FULL_TEXT),
    ):
        for start in range(0, len(part), LINES):
            for _row in _together(work, part[start : start + LINES], stage):
                done += 1
                tell(done)
    return work.told


@dataclass
class _Import:
    """One file on its way in; `people` are those who were named so far."""

    session: Session
    told: Imported
    file_hash: str
    by: Person
    people: dict[str, Person] = field(default_factory=dict)

    def uid(self, row: VoteRow) -> str:
        return f"{self.file_hash}:{row.line}"


@contextmanager
def _at_line(row: VoteRow) -> Iterator[None]:
    """Say the line of a file in what is refused there; the call itself was right."""
    try:
        yield
    except LitreviewError as error:
        kind = LitreviewError if isinstance(error, UsageError) else type(error)
        what = f"line {row.line}: {error.what}"
        raise kind(what, why=error.why, fix=error.fix) from error


# -- many at once ----------------------------------------------------------------------


@dataclass
class _Slice:
    """Some lines of one stage, with what stands on their records."""

    tally: Tally
    ids: set[int]
    sources: Mapping[str, list[tuple[int, str]]]
    stored: set[str]
    criteria: Criteria
    protocol_id: int
    pair_id: int | None


def _together(
    work: _Import, rows: Sequence[VoteRow], stage: Stage
) -> Iterator[VoteRow]:
    """Store lines as one by one, with few questions; yield each when it is done."""
    slice_ = _look_up(work, rows, stage)
    for row in rows:
        try:
            with _at_line(row):
                if not _add(work, slice_, row):
                    slice_.tally.write(work.session)
                    _import_row(work, row)
                    slice_.stored.add(work.uid(row))
        except NotEligibleError as error:
            if stage != Stage.FULL_TEXT:
                raise
            work.told.waiting.append(error.what)
        yield row
    slice_.tally.write(work.session)


def _look_up(work: _Import, rows: Sequence[VoteRow], stage: Stage) -> _Slice:
    session = work.session
    numbers = {row.record_id for row in rows if row.record_id is not None}
    ids = set(session.scalars(select(Record.id).where(Record.id.in_(numbers))))
    names = {row.source_id for row in rows if row.record_id is None}
    sources: dict[str, list[tuple[int, str]]] = defaultdict(list)
    query = select(Record.source_id, Record.id, Record.source)
    for name, number, source in session.execute(
        query.where(Record.source_id.in_(names))
    ):
        sources[name].append((number, source))
    uids = [work.uid(row) for row in rows]
    every = ids | {number for some in sources.values() for number, _ in some}
    return _Slice(
        tally.take(session, every, stage=stage),
        ids,
        sources,
        set(session.scalars(select(Decision.uid).where(Decision.uid.in_(uids)))),
        lookup.criteria(session),
        lookup.protocol(session).id,
        session.scalar(select(func.max(PairDecision.id))),
    )


def _add(work: _Import, here: _Slice, row: VoteRow) -> bool:
    """Take a line into account; False for one that has to be stored by itself.

    That is one that will be refused, or on a report of a pilot.
    """
    record_id = _known_record(here, row)
    if record_id is None or row.stage != here.tally.stage:
        return False
    cluster = here.tally.home[record_id]
    outcome = here.tally.outcomes.get(cluster)
    if outcome is None or cluster in here.tally.piloted:
        return False
    screener = _joined(work, row.screener)
    uid = work.uid(row)
    said = row.verdict, row.reason, frozenset(row.streams)
    if here.tally.newest.get((record_id, screener.id)) == said or uid in here.stored:
        work.told.already_there += 1
        return True
    part = here.tally.part(record_id, screener.id)
    if part is None or here.tally.unread(cluster):
        return False
    screening.require_voter(screener)
    refuse_answer(
        here.criteria,
        stage=row.stage,
        verdict=row.verdict,
        reason=row.reason,
        streams=row.streams,
    )
    vote: tally.Row = {
        "uid": uid,
        "screener_id": screener.id,
        "recorder_id": work.by.id,
        "note": phrase(row.note, "note", required=False),
        "origin": Origin.FILE,
        # Cast elsewhere; only a changed one saw the rest (`screening`).
        "informed": outcome.complete and screener.id in outcome.voters,
        "raw_id": here.tally.raw.get(record_id),
        "protocol_id": here.protocol_id,
        "pair_decision_id": here.pair_id,
        "at": row.at or now(),
    }
    here.tally.add(record_id, part.id, said, vote)
    here.stored.add(uid)
    work.told.stored += 1
    return True


def _known_record(here: _Slice, row: VoteRow) -> int | None:
    if row.record_id is not None:
        return row.record_id if row.record_id in here.ids else None
    found = [
        number
        for number, source in here.sources.get(row.source_id, [])
        if row.source in {"", source}
    ]
    return found[0] if len(found) == 1 else None


# -- one by one ------------------------------------------------------------------------


def _import_row(work: _Import, row: VoteRow) -> None:
    session = work.session
    record_id = _named_record(session, row)
    screener = _joined(work, row.screener)
    uid = work.uid(row)
    stored = select(Decision.id).where(Decision.uid == uid)
    if _in_force(session, row, record_id, screener) or session.scalar(stored):
        work.told.already_there += 1
        return
    ballot = Ballot(
        record_id,
        row.stage,
        row.verdict,
        row.reason,
        row.streams,
        row.note,
        uid=uid,
        at=row.at,
    )
    screening.decide(
        session, ballot, screener=screener, recorder=work.by, origin=Origin.FILE
    )
    work.told.stored += 1


def _named_record(session: Session, row: VoteRow) -> int:
    if row.record_id is not None:
        return lookup.record(session, row.record_id).id
    query = select(Record.id).where(Record.source_id == row.source_id)
    if row.source:
        query = query.where(Record.source == row.source)
    ids = list(session.scalars(query.limit(3)))
    if len(ids) == 1:
        return ids[0]
    if not ids:
        raise NotFoundError(
            f"no record is called {row.source_id!r}"
            + (f" in {row.source}" if row.source else ""),
            fix="`litreview record list` shows source and source_id",
        )
    raise UsageError(
        f"{row.source_id!r} names more than one record",
        fix="add a column source, or use record_id (`litreview export records`)",
    )


def _joined(work: _Import, handle: str) -> Person:
    known = work.people.get(handle)
    if known is not None:
        return known
    session, name = work.session, phrase(handle, "screener")
    found = session.scalar(select(Person).where(Person.handle == name))
    if found is None:
        found = Person(handle=name, name="", role=Role.SCREENER)
        session.add(found)
        session.flush()
        audit.note(session, "person.joined", by=work.by, subject=name)
        work.told.new_people.append(name)
    work.people[handle] = found
    return found


def _in_force(session: Session, row: VoteRow, record_id: int, screener: Person) -> bool:
    newest = session.scalar(
        select(Decision)
        .where(
            Decision.record_id == record_id,
            Decision.stage == row.stage,
            Decision.screener_id == screener.id,
        )
        .order_by(Decision.seq.desc())
        .limit(1)
    )
    if newest is None or (newest.verdict, newest.reason) != (row.verdict, row.reason):
        return False
    if session.get(DecisionSetAside, newest.id) is not None:
        return False
    named = select(DecisionStream.stream).where(DecisionStream.decision_id == newest.id)
    return set(session.scalars(named)) == set(row.streams)
