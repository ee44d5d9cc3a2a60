"""What a reference list names: reports, each told as well as its records together can.

A report stands once, under its representative: the smallest record id, as everywhere.
What that record leaves out, the report's other records fill in, the oldest first;
what it says is never overruled. So the same records always give the same list.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import replace
from functools import reduce

from sqlalchemy import select
from sqlalchemy.orm import Session

from litreview import state
from litreview.bibliography import Reference
from litreview.citation import Author, Citation
from litreview.corrections import EDITABLE
from litreview.errors import UsageError
from litreview.models import Record, RecordAuthor
from litreview.vocabulary import Stage

RECORDS = "records"
# What a list may hold: name -> the reports it is of, by cluster id.
REPORTS: Mapping[str, Callable[[Session], Collection[int]]] = {
    "included": state.included,
    "sought": lambda session: state.eligible(session, Stage.FULL_TEXT),
    "all": lambda session: state.eligible(session, Stage.TITLE_ABSTRACT),
}
SETS = (*REPORTS, RECORDS)
# Fields that say one thing together, so that they come from one record.
_TOGETHER = (("year", "published"), ("type", "genre"))
_ALONE = tuple(
    name for name in EDITABLE if name not in ("year", "published", "type", "genre")
)


def references(session: Session, wanted: str) -> list[Reference]:
    """Return the references of a set, by record id.

    `included` are the reports in the review after full text, `sought` those that
    title and abstract let in, `all` every report with a record that was not
    removed, `records` every record by itself.
    """
    if wanted == RECORDS:
        return [*_records(session, None).values()]
    if wanted not in REPORTS:
        raise UsageError(
            f"there is no set {wanted!r} of references",
            fix=f"use one of: {', '.join(SETS)}",
        )
    members: dict[int, list[Reference]] = defaultdict(list)
    clusters = REPORTS[wanted](session)
    home = _homes(session, clusters)
    for record_id, reference in _records(session, home.keys()).items():
        members[home[record_id]].append(reference)
    return [reduce(_filled, members[cluster]) for cluster in sorted(members)]


def _filled(first: Reference, other: Reference) -> Reference:
    """Return a reference with what it leaves out taken from another of its report."""
    told, more = first.citation, other.citation
    taken = {name: getattr(more, name) for name in _ALONE if not getattr(told, name)}
    for names in _TOGETHER:
        if not any(getattr(told, name) for name in names):
            taken |= {name: getattr(more, name) for name in names}
    return replace(first, citation=replace(told, **taken))


def _homes(session: Session, clusters: Collection[int]) -> dict[int, int]:
    """Return record id -> cluster id of the records of these reports."""
    query = select(Record.id, Record.cluster_id)
    return {
        record_id: cluster
        for some in _chunks(clusters)
        for record_id, cluster in session.execute(
            query.where(Record.cluster_id.in_(some))
        )
    }


def _records(session: Session, wanted: Collection[int] | None) -> dict[int, Reference]:
    """Return record id -> its reference, ascending; of all records for None."""
    plain = [name for name in EDITABLE if name != "authors"]
    columns = [getattr(Record, name) for name in plain]
    query = select(Record.id, Record.source, Record.scope, Record.source_id, *columns)
    names = select(RecordAuthor).order_by(RecordAuthor.record_id, RecordAuthor.position)
    found: dict[int, Reference] = {}
    for some in [None] if wanted is None else _chunks(wanted):
        people: dict[int, list[Author]] = defaultdict(list)
        theirs = (
            names if some is None else names.where(RecordAuthor.record_id.in_(some))
        )
        for row in session.execute(theirs).scalars():
            name = Author(row.family, row.given, row.literal, row.orcid)
            people[row.record_id].append(name)
        asked = query if some is None else query.where(Record.id.in_(some))
        for record_id, source, scope, source_id, *told in session.execute(asked):
            citation = Citation(
                # An id in a file means something only there.
                source="" if scope else source,
                source_id=source_id,
                authors=tuple(people[record_id]),
                **dict(zip(plain, told, strict=True)),
            )
            found[record_id] = Reference(record_id, citation)
    return dict(sorted(found.items()))


def _chunks(ids: Iterable[int]) -> Iterable[list[int]]:
    """Yield ids in lists that one statement can bind."""
    every = sorted(ids)
    size = state.CHUNK
    return (every[start : start + size] for start in range(0, len(every), size))
