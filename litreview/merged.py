"""What the records of each report come to together: read, and merged by `merging`.

The records stay as they are; nothing of a merged view is stored. It is asked anew
of the records, their authors and their corrections, for one report or for many.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator

from sqlalchemy import select
from sqlalchemy.orm import Session

from litreview import lookup, merging
from litreview.citation import Author, Citation, parse_authors
from litreview.corrections import EDITABLE
from litreview.merging import Member, View
from litreview.models import Record, RecordAuthor, RecordEdit

CHUNK = 5_000  # ids bound in one statement


def view(session: Session, record_id: int) -> View:
    """Return the merged view of a record's report."""
    cluster = lookup.record(session, record_id).cluster_id
    return views(session, [cluster])[cluster]


def views(session: Session, clusters: Collection[int]) -> dict[int, View]:
    """Return cluster -> merged view of these reports, by id."""
    found: dict[int, list[Member]] = defaultdict(list)
    home = homes(session, clusters)
    edited = _edited(session, home.keys())
    for record_id, citation in citations(session, home.keys()).items():
        member = Member(record_id, citation, frozenset(edited.get(record_id, ())))
        found[home[record_id]].append(member)
    return {cluster: merging.merge(found[cluster]) for cluster in sorted(found)}


def homes(session: Session, clusters: Collection[int]) -> dict[int, int]:
    """Return record id -> cluster id of the records of these reports."""
    query = select(Record.id, Record.cluster_id)
    return {
        record_id: cluster
        for some in _chunks(clusters)
        for record_id, cluster in session.execute(
            query.where(Record.cluster_id.in_(some))
        )
    }


def citations(session: Session, wanted: Collection[int] | None) -> dict[int, Citation]:
    """Return record id -> what it says, ascending; of all records for None.

    The citation's source is empty where its id means something only in one file.
    """
    plain = [name for name in EDITABLE if name != "authors"]
    columns = [getattr(Record, name) for name in plain]
    about = (Record.id, Record.source, Record.scope, Record.source_id, Record.authors)
    query = select(*about, *columns)
    names = select(RecordAuthor).order_by(RecordAuthor.record_id, RecordAuthor.position)
    found: dict[int, Citation] = {}
    for some in [None] if wanted is None else _chunks(wanted):
        people: dict[int, list[Author]] = defaultdict(list)
        theirs = (
            names if some is None else names.where(RecordAuthor.record_id.in_(some))
        )
        for row in session.execute(theirs).scalars():
            name = Author(row.family, row.given, row.literal, row.orcid)
            people[row.record_id].append(name)
        asked = query if some is None else query.where(Record.id.in_(some))
        for record_id, source, scope, source_id, line, *told in session.execute(asked):
            found[record_id] = Citation(
                source="" if scope else source,
                source_id=source_id,
                authors=tuple(people[record_id]) or parse_authors(line),
                **dict(zip(plain, told, strict=True)),
            )
    return dict(sorted(found.items()))


def _edited(session: Session, records: Collection[int]) -> dict[int, set[str]]:
    """Return record id -> the fields that a person corrected."""
    query = select(RecordEdit.record_id, RecordEdit.field).distinct()
    found: dict[int, set[str]] = defaultdict(set)
    for some in _chunks(records):
        rows = session.execute(query.where(RecordEdit.record_id.in_(some)))
        for record_id, name in rows:
            found[record_id].add(name)
    return found


def _chunks(ids: Iterable[int]) -> Iterator[list[int]]:
    """Yield ids in lists that one statement can bind."""
    every = sorted(ids)
    return (every[start : start + CHUNK] for start in range(0, len(every), CHUNK))
