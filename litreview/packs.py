"""What one screener takes along to screen without the review's database.

`make` gathers what waits for a screener, and nothing that others said, and notes in
the review that it was packed. `packfile` says how that becomes a file, `unpacking`
how what was said comes back.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from litreview import audit, lookup, membership, rounds, screening, state
from litreview.declarative import Base
from litreview.errors import (
    LitreviewError,
    NotAllowedError,
)
from litreview.models import (
    Assignment,
    Decision,
    FulltextEvent,
    HarvestRun,
    PairDecision,
    Person,
    ProtocolVersion,
    RawRecord,
    Record,
    ScreeningRound,
)
from litreview.packfile import FORMAT, PACKED, TEAM, Content, Manifest, Rows
from litreview.packfile import digest as digest_of
from litreview.vocabulary import (
    Origin,
    Role,
    RoundKind,
    RunKind,
    RunStatus,
    Stage,
    Verdict,
)

EVENT = "screen.packed"  # what the review remembers of a pack
CHUNK = 5_000  # ids in one question; SQLite takes at most 32,766


def make(session: Session, *, screener: Person, stage: str, by: Person) -> Content:
    """Gather what waits for a screener at a stage, and note that it was packed.

    For the screener themself or a lead. A report on which the screener's own votes
    differ since a merge stays: that it is among the packed would tell others of it.
    Raises `NotAllowedError` for anybody else, `LitreviewError` where nothing waits.
    """
    require_own(by, screener)
    screening.require_voter(screener)
    waiting = rounds.queue(session, screener, stage=stage)
    home = homes(session, waiting)
    outcomes = state.outcomes(session, stage, set(home.values()))
    torn = {c for c, outcome in outcomes.items() if screener.id in outcome.torn}
    queue = [record_id for record_id in waiting if home[record_id] not in torn]
    if not queue:
        raise LitreviewError(
            f"nothing waits for {screener.handle} at {stage}",
            fix=f"`litreview screen assign --stage {stage} --seed 1` hands out",
        )
    rows = _gathered(session, screener, stage, queue)
    manifest = Manifest(
        format=FORMAT,
        review=review_hash(session),
        screener=screener.handle,
        stage=stage,
        records=len(queue),
        protocol=lookup.protocol(session).sha256,
        pair_decision_id=session.scalar(select(func.max(PairDecision.id))),
        sha256=digest_of(rows),
    )
    detail = {"sha256": manifest.sha256, "stage": stage, "records": len(queue)}
    audit.note(session, EVENT, by=by, subject=screener.handle, detail=detail)
    return Content(manifest, rows)


def require_own(by: Person, screener: Person) -> None:
    """Refuse anybody but the screener themself and a lead."""
    if by.active and (by.id == screener.id or by.role == Role.LEAD):
        return
    raise NotAllowedError(
        f"{by.handle} may not pack or bring back what is for {screener.handle}",
        fix=f"ask {screener.handle} or a lead",
    )


def review_hash(session: Session) -> str:
    """Return what tells a review from others: the hash of its first protocol."""
    query = select(ProtocolVersion.sha256).order_by(ProtocolVersion.id).limit(1)
    return session.scalars(query).one()


def _gathered(
    session: Session, screener: Person, stage: str, queue: list[int]
) -> dict[type[Base], Rows]:
    home = homes(session, queue)
    shown = _records(session, set(home.values()))
    parts = _parts(session, screener, stage, home)
    ids = [row["id"] for row in shown]
    protocol = lookup.protocol(session)
    people = [
        {"id": TEAM, "handle": "(the team)", "name": "", "role": Role.READER},
        {
            "id": screener.id,
            "handle": screener.handle,
            "name": screener.name,
            "role": screener.role,
        },
    ]
    # A payload belongs to a run; which searches found it is not packed.
    run = {"id": 1, "kind": RunKind.MANUAL, "source": "pack", "request": {}}
    rows: dict[type[Base], Rows] = {
        Person: [{**person, "active": bool(person["id"])} for person in people],
        ProtocolVersion: [_row(protocol, ProtocolVersion)],
        HarvestRun: [{**run, "status": RunStatus.COMPLETE}],
        ScreeningRound: [
            _row(session.get_one(ScreeningRound, number), ScreeningRound)
            for number in sorted(set(parts.values()))
        ],
        Record: shown,
        RawRecord: [{**row, "run_id": 1} for row in _payloads(session, ids)],
        Assignment: [
            {
                "id": place,
                "round_id": parts[record_id],
                "record_id": record_id,
                "person_id": screener.id,
                "position": place,
            }
            for place, record_id in enumerate(queue, start=1)
        ],
        Decision: [],
        FulltextEvent: [],
    }
    if stage == Stage.FULL_TEXT:
        _put_at_full_text(session, rows, set(home.values()), protocol.id)
    return rows


def _row(row: Base, table: type[Base]) -> dict[str, object]:
    return {name: getattr(row, name) for name in PACKED[table]}


def chunks(ids: Iterable[int]) -> Iterable[list[int]]:
    """Return ids in order, so many at a time as one question can hold."""
    ordered = sorted(ids)
    return (ordered[at : at + CHUNK] for at in range(0, len(ordered), CHUNK))


def homes(session: Session, ids: Iterable[int]) -> dict[int, int]:
    """Return record id -> cluster id."""
    found: dict[int, int] = {}
    for some in chunks(ids):
        query = select(Record.id, Record.cluster_id).where(Record.id.in_(some))
        found.update(session.execute(query).all())
    return found


def _records(session: Session, clusters: set[int]) -> Rows:
    """Return the records of these reports, by id: a card borrows from all of them."""
    columns = [Record.__table__.c[name] for name in PACKED[Record]]
    found: Rows = []
    for some in chunks(clusters):
        query = select(*columns).where(Record.cluster_id.in_(some))
        found += [dict(row) for row in session.execute(query).mappings()]
    return sorted(found, key=lambda row: int(row["id"]))


def _payloads(session: Session, ids: list[int]) -> Rows:
    """Return the newest payload of each record, by id."""
    columns = [RawRecord.__table__.c[name] for name in PACKED[RawRecord]]
    found: Rows = []
    for some in chunks(ids):
        newest = (
            select(func.max(RawRecord.id))
            .where(RawRecord.record_id.in_(some))
            .group_by(RawRecord.record_id)
        )
        query = select(*columns).where(RawRecord.id.in_(newest))
        found += [dict(row) for row in session.execute(query).mappings()]
    return sorted(found, key=lambda row: int(row["id"]))


def _parts(
    session: Session, screener: Person, stage: str, home: Mapping[int, int]
) -> dict[int, int]:
    """Return record id -> the round that this person's next vote on it belongs to."""
    handed: dict[int, list[tuple[bool, int]]] = defaultdict(list)
    query = (
        select(Assignment.record_id, ScreeningRound.counts, ScreeningRound.id)
        .join(ScreeningRound, ScreeningRound.id == Assignment.round_id)
        .where(
            Assignment.person_id == screener.id,
            Assignment.released_at.is_(None),
            ScreeningRound.stage == stage,
        )
    )
    for record_id, counts, number in session.execute(query):
        handed[record_id].append((counts, number))
    found: dict[int, int] = {}
    for record_id in home:
        own = handed[record_id]
        if len(own) == 1 and own[0][0]:
            found[record_id] = own[0][1]
            continue
        # In a pilot, or handed out twice: the rare ones are asked for one by one.
        part = membership.round_for(session, stage, record_id, screener.id)
        assert part is not None  # noqa: S101 - what waits is in a round
        found[record_id] = part.id
    return found


def _put_at_full_text(
    session: Session, rows: dict[type[Base], Rows], clusters: set[int], protocol: int
) -> None:
    """Say in the team's name that these reports passed, and what is known of texts."""
    rows[ScreeningRound].append(
        {
            "id": TEAM,
            "stage": Stage.TITLE_ABSTRACT,
            "name": "passed",
            "kind": RoundKind.MAIN,
            "per_record": 1,
            "counts": True,
        }
    )
    rows[Decision] = [
        {
            "id": number,
            "uid": f"passed-{cluster}",
            "round_id": TEAM,
            "record_id": cluster,
            "stage": Stage.TITLE_ABSTRACT,
            "screener_id": TEAM,
            "recorder_id": TEAM,
            "seq": 1,
            "verdict": Verdict.INCLUDE,
            "origin": Origin.SIMULATION,
            "protocol_id": protocol,
        }
        for number, cluster in enumerate(sorted(clusters), start=1)
    ]
    ids = [row["id"] for row in rows[Record]]
    newest: dict[int, FulltextEvent] = {}
    for some in chunks(ids):
        query = select(FulltextEvent).where(FulltextEvent.record_id.in_(some))
        for event in session.scalars(query.order_by(FulltextEvent.id)):
            newest[event.record_id] = event
    rows[FulltextEvent] = [
        {
            "id": number,
            "record_id": record_id,
            "status": event.status,
            "location": event.location,
            "person_id": TEAM,
        }
        for number, (record_id, event) in enumerate(sorted(newest.items()), start=1)
    ]
