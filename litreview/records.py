"""Records in the making: stored from payloads, corrected, left out, brought back.

A record is one entry of one source. Its columns are what its newest payload says,
with every correction that people made laid on top, so a later payload never undoes
a correction. What of an answer is kept, and when, stands in `payloads`. The score of
an answer is a fact about the answer; it stands on the hit and not in the payload,
else each search would make another version of the same record.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import islice
from typing import TypeVar

from sqlalchemy import Table, delete, insert, select, update
from sqlalchemy.orm import Session

from litreview import corrections, lookup, payloads, state
from litreview.citation import Author, Citation, Notice, authors_text
from litreview.declarative import Base
from litreview.errors import LitreviewError
from litreview.models import (
    HarvestRun,
    Hit,
    MatchChange,
    RawRecord,
    Record,
    RecordAuthor,
    RecordEdit,
)
from litreview.text import title_key
from litreview.vocabulary import DATABASE_COLUMN, Found, Role
from litreview.wording import phrase

T = TypeVar("T")

TITLE_KEY_LENGTH = 200  # characters; what an index of PostgreSQL can hold
# An identifier that is longer is a mistake, and no index could hold it.
LONGEST_ID = 500  # characters
# Columns that have the name and the value of a citation's field.
_PLAIN = tuple(name for name in corrections.EDITABLE if name not in ("authors", "doi"))
_SURROGATES = re.compile("[\ud800-\udfff]")

# Those who bring in and correct records; a reader looks.
WORKERS = (Role.SCREENER, Role.ARBITER, Role.CODER)


# -- storing ---------------------------------------------------------------------


@dataclass(frozen=True)
class Entry:
    """One item of an answer, or one row of a file, with its place there."""

    citation: Citation
    payload: Mapping[str, object]
    rank: int
    score: float | None = None
    seed_id: int | None = None


@dataclass(frozen=True)
class Stored:
    """What storing did: records made or changed, and hits that were new.

    `versions` are the payloads kept beside older ones; `changed` are the records
    among theirs of which they say something else.
    """

    new: int = 0
    changed: int = 0
    hits: int = 0
    versions: int = 0


def canonical(payload: Mapping[str, object]) -> tuple[str, bytes]:
    """Return the SHA-256 of a payload's canonical JSON, and that JSON compressed."""
    digest, text = payloads.written(payload)
    return digest, payloads.packed(text)


def store(
    session: Session,
    entries: Iterable[Entry],
    *,
    run: HarvestRun,
    scope: str = "",
    found: str = Found.DATABASE,
) -> Stored:
    """Store what a run found: records, payloads, authors and hits.

    The source is the run's; `scope` is the hash of an imported file. A payload that
    is not new (`payloads.is_new`) makes no version, a record that the run has met
    already no second hit.
    """
    _one_at_a_time(session, run.source)
    wanted: dict[str, Entry] = {}
    for entry in entries:
        wanted.setdefault(entry.citation.source_id, entry)
    ids = _known(session, run.source, scope, wanted)
    versions, changed = _refresh(session, {ids[k]: wanted[k] for k in ids}, run)
    _found_anew(session, ids.values(), found)
    fresh = [wanted[key] for key in wanted if key not in ids]
    made = _create(session, fresh, run=run, scope=scope, found=found)
    ids |= made
    hits = _hit(session, {ids[k]: wanted[k] for k in wanted}, run, set(made.values()))
    return Stored(len(made), changed, hits, versions)


def _one_at_a_time(session: Session, source: str) -> None:
    """Wait for other harvests of this source: two might make the same record."""
    first = select(HarvestRun.id).where(HarvestRun.source == source)
    session.execute(first.order_by(HarvestRun.id).limit(1).with_for_update())


def _append(
    session: Session, table: type[Base], rows: Sequence[Mapping[str, object]]
) -> None:
    """Append rows without making objects of them: a harvest brings many."""
    target = table.__table__
    assert isinstance(target, Table)  # noqa: S101 - every model has its own
    session.connection().execute(insert(target), rows)


def _known(
    session: Session, source: str, scope: str, source_ids: Iterable[str]
) -> dict[str, int]:
    """Return source id -> record id of those that are stored already."""
    found: dict[str, int] = {}
    for some in _some(source_ids):
        query = select(Record.source_id, Record.id).where(
            Record.source == source, Record.scope == scope, Record.source_id.in_(some)
        )
        found.update(session.execute(query).all())
    return found


def _found_anew(session: Session, ids: Iterable[int], found: str) -> None:
    """Let records that another method brought count as what a database brings, too.

    PRISMA's left column counts all that the databases gave, whoever was first.
    """
    if found not in DATABASE_COLUMN:
        return
    for some in _some(ids):
        session.execute(
            update(Record)
            .where(Record.id.in_(some), Record.found.not_in(DATABASE_COLUMN))
            .values(found=found)
            .execution_options(synchronize_session=False)
        )


def _create(
    session: Session,
    entries: Sequence[Entry],
    *,
    run: HarvestRun,
    scope: str,
    found: str,
) -> dict[str, int]:
    """Make the records of these entries; return source id -> record id."""
    if not entries:
        return {}
    origin = {"source": run.source, "scope": scope, "found": found}
    rows = [
        {**origin, "source_id": entry.citation.source_id, **_columns(entry.citation)}
        for entry in entries
    ]
    _append(session, Record, rows)
    # Read the ids back: RETURNING in order would be a statement for each row.
    names = [entry.citation.source_id for entry in entries]
    ids = _known(session, run.source, scope, names)
    session.execute(
        update(Record)
        .where(Record.cluster_id.is_(None))
        .values(cluster_id=Record.id)
        .execution_options(synchronize_session=False)
    )
    made = {ids[entry.citation.source_id]: entry for entry in entries}
    raws = [_raw(key, 1, entry.payload, run) for key, entry in made.items()]
    _append(session, RawRecord, raws)
    _write_authors(session, {key: made[key].citation for key in made}, new=True)
    return ids


def _raw(
    record_id: int, version: int, payload: Mapping[str, object], run: HarvestRun
) -> dict[str, object]:
    digest, content = canonical(payload)
    return {
        "record_id": record_id,
        "version": version,
        "sha256": digest,
        "payload": content,
        "run_id": run.id,
    }


def _refresh(
    session: Session, known: Mapping[int, Entry], run: HarvestRun
) -> tuple[int, int]:
    """Append the payloads that are new; rebuild their records.

    Returns how many versions that makes, and how many records have changed.
    """
    versions = newest(session, known)
    other = {
        record_id: entry
        for record_id, entry in known.items()
        if payloads.written(entry.payload)[0] != versions[record_id][1]
    }
    fresh, changed = {}, 0
    for record_id, kept in _kept(session, other).items():
        came = other[record_id].payload
        if payloads.is_new(run.source, kept, came):
            fresh[record_id] = other[record_id]
            changed += payloads.has_changed(run.source, kept, came)
    if not fresh:
        return 0, 0
    raws = [
        _raw(record_id, versions[record_id][0] + 1, entry.payload, run)
        for record_id, entry in fresh.items()
    ]
    _append(session, RawRecord, raws)
    edits = _edits(session, fresh)
    rebuilt = {
        record_id: corrections.corrected(entry.citation, edits.get(record_id, ()))
        for record_id, entry in fresh.items()
    }
    for some in _some(sorted(fresh)):
        for record in session.scalars(select(Record).where(Record.id.in_(some))):
            _set(record, _columns(rebuilt[record.id]))
    session.flush()
    _write_authors(session, rebuilt)
    _note_change(session, rebuilt)
    return len(fresh), changed


def _kept(session: Session, ids: Iterable[int]) -> dict[int, dict[str, object]]:
    """Return record id -> its newest payload, by id."""
    found: dict[int, dict[str, object]] = {}
    for some in _some(sorted(ids)):
        query = select(RawRecord.record_id, RawRecord.payload)
        rows = session.execute(
            query.where(RawRecord.record_id.in_(some)).order_by(RawRecord.version)
        )
        found |= {record_id: payloads.unpacked(kept) for record_id, kept in rows}
    return dict(sorted(found.items()))


def newest(session: Session, ids: Iterable[int]) -> dict[int, tuple[int, str]]:
    """Return record id -> version and hash of its newest payload."""
    found: dict[int, tuple[int, str]] = {}
    for some in _some(ids):
        query = select(RawRecord.record_id, RawRecord.version, RawRecord.sha256)
        rows = session.execute(query.where(RawRecord.record_id.in_(some)))
        for record_id, version, digest in rows:
            found[record_id] = max(found.get(record_id, (0, "")), (version, digest))
    return found


def _hit(
    session: Session, found: Mapping[int, Entry], run: HarvestRun, made: set[int]
) -> int:
    """Note what the run found and had not met before; return how many.

    What has just been `made` no run has met.
    """
    met: set[int] = set()
    for some in _some(record_id for record_id in found if record_id not in made):
        query = select(Hit.record_id).where(Hit.run_id == run.id)
        met.update(session.scalars(query.where(Hit.record_id.in_(some))))
    rows = [
        {
            "run_id": run.id,
            "record_id": record_id,
            "rank": entry.rank,
            "score": entry.score,
            "seed_id": entry.seed_id,
        }
        for record_id, entry in found.items()
        if record_id not in met
    ]
    if rows:
        _append(session, Hit, rows)
    return len(rows)


def _columns(citation: Citation) -> dict[str, object]:
    """Return the bibliographic columns of a record; text that any database holds."""
    told: dict[str, object] = {name: getattr(citation, name) for name in _PLAIN}
    told |= {
        "authors": authors_text(citation.authors),
        "doi": citation.doi if len(citation.doi) <= LONGEST_ID else "",
        "flags": " ".join(citation.flags),
    }
    clean = {
        name: _storable(value) if isinstance(value, str) else value
        for name, value in told.items()
    }
    return {
        **clean,
        "title_key": title_key(str(clean["title"]))[:TITLE_KEY_LENGTH],
        "notices": [asdict(notice) for notice in citation.notices] or None,
    }


def _storable(text: str) -> str:
    """Return text without NUL and halves of surrogate pairs, composed (NFC)."""
    if text.isascii() and "\0" not in text:
        return text
    text = _SURROGATES.sub("", text.replace("\0", ""))
    return unicodedata.normalize("NFC", text)


def _set(record: Record, columns: Mapping[str, object]) -> None:
    for name, value in columns.items():
        setattr(record, name, value)


def _write_authors(
    session: Session, citations: Mapping[int, Citation], *, new: bool = False
) -> None:
    """Write the author rows of these records, in place of those that are there."""
    for some in _some(() if new else citations):
        session.execute(delete(RecordAuthor).where(RecordAuthor.record_id.in_(some)))
    rows = [
        {
            "record_id": record_id,
            "position": position,
            "family": _storable(author.family),
            "given": _storable(author.given),
            "literal": _storable(author.literal),
            "orcid": author.orcid,
        }
        for record_id, citation in citations.items()
        for position, author in enumerate(citation.authors, start=1)
    ]
    if rows:
        _append(session, RecordAuthor, rows)


def _note_change(session: Session, ids: Iterable[int]) -> None:
    """Note that these say something else: the next `dedupe find` matches them anew."""
    _append(session, MatchChange, [{"record_id": record_id} for record_id in ids])


# -- corrections -----------------------------------------------------------------


@dataclass(frozen=True)
class Edited:
    """A correction; `before` and `after` are the field's text."""

    record: Record
    field: str
    before: str
    after: str


def edit(
    session: Session, record_id: int, *, change: tuple[str, str], why: str, by: str
) -> Edited:
    """Correct one field of a record; `change` is (field, new text).

    Raises `UsageError` for an unknown field or a text that it cannot hold, and
    `LitreviewError` where the field says that already.
    """
    person = lookup.actor(session, by, roles=WORKERS)
    record = lookup.record(session, record_id)
    field, text = change[0], corrections.checked(*change)
    before = _told(session, record)
    after = corrections.corrected(before, [(field, text)])
    if after == before:
        raise LitreviewError(f"the {field} of record {record_id} says that already")
    session.add(
        RecordEdit(
            record_id=record_id,
            field=field,
            value=text,
            why=phrase(why, "reason"),
            person_id=person.id,
        )
    )
    _set(record, _columns(after))
    session.flush()
    _write_authors(session, {record_id: after})
    _note_change(session, [record_id])
    old, new = corrections.told(before, field), corrections.told(after, field)
    return Edited(record, field, old, new)


def _told(session: Session, record: Record) -> Citation:
    """Return a record's columns as the citation that they were made from."""
    rows = session.scalars(
        select(RecordAuthor)
        .where(RecordAuthor.record_id == record.id)
        .order_by(RecordAuthor.position)
    )
    names = tuple(Author(row.family, row.given, row.literal, row.orcid) for row in rows)
    plain = [field for field in corrections.EDITABLE if field != "authors"]
    return Citation(
        source=record.source,
        source_id=record.source_id,
        authors=names,
        flags=tuple(record.flags.split()),
        notices=_notices(record),
        **{field: getattr(record, field) for field in plain},
    )


def _notices(record: Record) -> tuple[Notice, ...]:
    told = record.notices
    if not isinstance(told, list):
        return ()
    return tuple(Notice(**fields) for fields in told)


def _edits(session: Session, ids: Iterable[int]) -> dict[int, list[tuple[str, str]]]:
    """Return record id -> its corrections (field, text), the oldest first."""
    found: dict[int, list[tuple[str, str]]] = defaultdict(list)
    for some in _some(ids):
        query = select(RecordEdit).where(RecordEdit.record_id.in_(some))
        for row in session.scalars(query.order_by(RecordEdit.id)):
            found[row.record_id].append((row.field, row.value))
    return found


def _some(values: Iterable[T]) -> Iterator[list[T]]:
    """Yield the values in lists that one statement can bind."""
    rest = iter(values)
    while chunk := list(islice(rest, state.CHUNK)):
        yield chunk
