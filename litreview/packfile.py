"""A pack: one screener's records and the protocol in one file, to screen anywhere.

It is an SQLite database with the very tables of the review, so that screening in it
is screening as always, and holds nothing that others said: the records that wait for
one person, the rounds they wait in, the protocol. What had to be said for records to
be at full text is said by a person of its own, `TEAM`, and is the same for all.

Times are left out, rows stand in the order of their ids: two reviews that differ
only in others' votes give the same bytes. The manifest, an event in the file's own
audit table, has the SHA-256 of all that was packed; votes come on top of it.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, insert, select, text
from sqlalchemy.orm import Session

from litreview import db
from litreview.declarative import Base
from litreview.errors import DatabaseError, InputFileError, WorkspaceError
from litreview.models import (
    Assignment,
    AuditEvent,
    Decision,
    DecisionStream,
    FulltextEvent,
    HarvestRun,
    Person,
    ProtocolVersion,
    RawRecord,
    Record,
    RecordAnnotation,
    ScreeningRound,
)
from litreview.vocabulary import Origin

FORMAT = 1  # of the manifest and of what is packed
KIND = "pack.manifest"  # the event that holds the manifest
TEAM = 0  # the id of the person, the round and the votes that stand for the team
MARK = db.PACK_MARK.to_bytes(4, "big")
MARK_AT = 68  # bytes into the file: where SQLite keeps the application's id
NO_TIME = datetime(1970, 1, 1, tzinfo=UTC)  # for what has to have a time

Rows = list[dict[str, Any]]

# What is packed, in the order in which it is stored: table -> columns.
PACKED: Mapping[type[Base], tuple[str, ...]] = {
    Person: ("id", "handle", "name", "role", "active"),
    ProtocolVersion: ("id", "sha256", "review_text", "criteria_text"),
    HarvestRun: ("id", "kind", "source", "request", "status"),
    ScreeningRound: ("id", "stage", "name", "kind", "per_record", "counts"),
    Record: tuple(
        column.name
        for column in Record.__table__.columns
        if column.name != "created_at"
    ),
    RawRecord: ("id", "record_id", "version", "sha256", "payload", "run_id"),
    Assignment: ("id", "round_id", "record_id", "person_id", "position"),
    Decision: (
        "id",
        "uid",
        "round_id",
        "record_id",
        "stage",
        "screener_id",
        "recorder_id",
        "seq",
        "verdict",
        "origin",
        "protocol_id",
    ),
    FulltextEvent: ("id", "record_id", "status", "location", "person_id"),
}
_TIMES = ("at", "since", "created_at", "started_at", "recorded_at")


@dataclass(frozen=True)
class Manifest:
    """What a pack is: whose, of which review and stage, and the hash of it all.

    `review` is the hash of the review's first protocol; `pair_decision_id` the
    newest judgement on duplicates that the pack knows of.
    """

    format: int
    review: str
    screener: str
    stage: str
    records: int
    protocol: str
    pair_decision_id: int | None
    sha256: str


@dataclass(frozen=True)
class Content:
    """A manifest with the rows it speaks of, by table."""

    manifest: Manifest
    rows: Mapping[type[Base], Rows]


@dataclass(frozen=True)
class Said:
    """One vote of a pack, or a vote taken back, in the order of saying."""

    uid: str
    record_id: int
    round_id: int
    raw_id: int | None
    verdict: str
    reason: str
    note: str
    streams: tuple[str, ...]
    at: datetime


@dataclass(frozen=True)
class Noted:
    """One note of a pack, a label put on or one taken off, in the order of writing."""

    uid: str
    record_id: int
    kind: str
    text: str
    at: datetime


@dataclass(frozen=True)
class Pack:
    """What a pack brings back; `reports` is record id -> cluster id as it was shown."""

    manifest: Manifest
    reports: Mapping[int, int]
    names: Mapping[int, tuple[str, str, str]]
    said: tuple[Said, ...]
    noted: tuple[Noted, ...] = ()


# -- making --------------------------------------------------------------------------


def digest(rows: Mapping[type[Base], Rows]) -> str:
    """Return the SHA-256 of rows, told table by table in a form that never changes."""
    found = hashlib.sha256()
    for table, columns in PACKED.items():
        found.update(f"{table.__tablename__}\n".encode())
        for row in sorted(rows.get(table, []), key=lambda row: row["id"]):
            told = [_plain(row[column]) for column in columns]
            line = json.dumps(told, sort_keys=True, separators=(",", ":"))
            found.update(f"{line}\n".encode())
    return found.hexdigest()


def _plain(value: object) -> object:
    return hashlib.sha256(value).hexdigest() if isinstance(value, bytes) else value


def write(content: Content, target: Path) -> None:
    """Write a pack to a new file, which is there completely or not at all.

    Raises `WorkspaceError` where the file is there already or cannot be written.
    """
    require_new(target)
    try:
        with tempfile.TemporaryDirectory() as folder:
            made = Path(folder) / "pack.sqlite"
            with db.opened(f"{db.SQLITE_FILE}{made}") as engine:
                db.create(engine)
                _fill(engine, content)
                # A copy without free pages: its bytes follow from its rows alone.
                db.backup(engine, target)
    except OSError as error:
        raise WorkspaceError(
            f"{target} cannot be written",
            why=error.strerror or str(error),
            fix="name a place that you may write to, or free some space",
        ) from error


def require_new(target: Path) -> None:
    """Refuse to write over a file, or where no folder is."""
    if target.exists():
        raise WorkspaceError(
            f"{target} is already there",
            why="it may hold votes that were not brought back",
            fix="name a new file, or bring them back first: `litreview screen unpack`",
        )
    if not target.absolute().parent.is_dir():
        raise WorkspaceError(
            f"{target} cannot be written",
            why="its folder does not exist",
            fix="make the folder, or name another place",
        )


def _fill(engine: Engine, content: Content) -> None:
    with db.transaction(engine) as session:
        session.execute(text(f"PRAGMA application_id={db.PACK_MARK}"))
        for table, rows in content.rows.items():
            names = {column.name for column in table.__table__.columns}
            times = {name: NO_TIME for name in _TIMES if name in names}
            for start in range(0, len(rows), 1_000):
                some = [{**row, **times} for row in rows[start : start + 1_000]]
                session.execute(insert(table), some)
        event = {"kind": KIND, "at": NO_TIME, "detail": asdict(content.manifest)}
        session.execute(insert(AuditEvent), [event])


# -- reading -------------------------------------------------------------------------


def is_pack(path: Path) -> bool:
    """Tell whether a file is a pack, by its header."""
    try:
        with path.open("rb") as stream:
            return stream.read(MARK_AT + len(MARK))[MARK_AT:] == MARK
    except OSError:
        return False


def require(path: Path) -> None:
    """Refuse a file that is not there or is no pack."""
    if not path.is_file():
        raise InputFileError(path, None, "there is no such file")
    if not is_pack(path):
        raise InputFileError(
            path, None, "this is no pack", fix="`litreview screen pack` makes one"
        )


def manifest(path: Path) -> Manifest:
    """Return what a pack says of itself; refuse what is no pack of this format."""
    require(path)
    with _opened(path) as engine:
        return db.read(engine, lambda session: _manifest(session, path))


def read(path: Path) -> Pack:
    """Return what a pack brings back; refuse one that is not as it was made."""
    require(path)
    with _opened(path) as engine:
        return db.read(engine, lambda session: _read(session, path))


@contextmanager
def _opened(path: Path) -> Iterator[Engine]:
    try:
        with db.opened(f"{db.SQLITE_FILE}{path}") as engine:
            db.require_current(engine)
            yield engine
    except DatabaseError as error:
        raise InputFileError(
            path,
            None,
            f"this pack cannot be read: {error.what}",
            why=error.why,
            fix="use an undamaged copy, with the litreview that made it",
        ) from error


def _read(session: Session, path: Path) -> Pack:
    told = _manifest(session, path)
    rows = _packed_rows(session.connection())
    if digest(rows) != told.sha256:
        raise InputFileError(
            path,
            None,
            "this pack is not as it was made",
            why="its records, rounds or protocol differ from its manifest",
            fix="use an undamaged copy of the file",
        )
    return Pack(
        told,
        {row["id"]: row["cluster_id"] for row in rows[Record]},
        {
            row["id"]: (row["source"], row["scope"], row["source_id"])
            for row in rows[Record]
        },
        tuple(_said(session, told)),
        tuple(_noted(session, told)),
    )


def _manifest(session: Session, path: Path) -> Manifest:
    query = select(AuditEvent.detail).where(AuditEvent.kind == KIND)
    details = session.scalars(query).all()
    try:
        [found] = details
        detail: dict[str, Any] = dict(found)
        if (made := detail.get("format")) != FORMAT:
            raise InputFileError(
                path,
                None,
                f"this pack has the format {made!r}",
                why=f"this program reads format {FORMAT}",
                fix="use the litreview that made the pack",
            )
        return Manifest(**detail)
    except (TypeError, ValueError) as error:
        raise InputFileError(
            path, None, "this pack has no manifest", fix="use an undamaged copy"
        ) from error


def _packed_rows(connection: Connection) -> dict[type[Base], Rows]:
    """Return what was packed, without what was said in the pack since."""
    found: dict[type[Base], Rows] = {}
    for table, names in PACKED.items():
        columns = [table.__table__.c[name] for name in names]
        query = select(*columns)
        if table is Decision:
            query = query.where(Decision.origin == Origin.SIMULATION)
        elif table is FulltextEvent:
            query = query.where(FulltextEvent.person_id == TEAM)
        found[table] = [dict(row) for row in connection.execute(query).mappings()]
    return found


def _said(session: Session, told: Manifest) -> Sequence[Said]:
    streams: dict[int, list[str]] = {}
    for row in session.scalars(select(DecisionStream)):
        streams.setdefault(row.decision_id, []).append(row.stream)
    query = (
        select(Decision)
        .join(Person, Person.id == Decision.screener_id)
        .where(
            Decision.origin != Origin.SIMULATION,
            Decision.stage == told.stage,
            Person.handle == told.screener,
        )
        .order_by(Decision.id)
    )
    return [
        Said(
            row.uid,
            row.record_id,
            row.round_id,
            row.raw_id,
            row.verdict,
            row.reason,
            row.note,
            tuple(sorted(streams.get(row.id, []))),
            row.at,
        )
        for row in session.scalars(query)
    ]


def _noted(session: Session, told: Manifest) -> Sequence[Noted]:
    query = (
        select(RecordAnnotation)
        .join(Person, Person.id == RecordAnnotation.person_id)
        .where(Person.handle == told.screener)
        .order_by(RecordAnnotation.id)
    )
    return [
        Noted(row.uid, row.record_id, row.kind, row.text, row.at)
        for row in session.scalars(query)
    ]
