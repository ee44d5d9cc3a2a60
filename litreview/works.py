"""What a reference list names: reports, each told as well as its records together can.

A report stands once, under its representative: the smallest record id, as everywhere.
What it says is the merged view of its records (`merging`); only its name in the
source stays the representative's. So the same records always give the same list.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace

from sqlalchemy.orm import Session

from litreview import lookup, merged, state, streams
from litreview.bibliography import Reference
from litreview.citation import Citation
from litreview.errors import UsageError
from litreview.vocabulary import Stage
from litreview.yamlfile import suggestion

INCLUDED, RECORDS = "included", "records"
# What a list may hold: name -> the reports it is of, by cluster id.
REPORTS: Mapping[str, Callable[[Session], Collection[int]]] = {
    INCLUDED: state.included,
    "sought": lambda session: state.eligible(session, Stage.FULL_TEXT),
    "all": lambda session: state.eligible(session, Stage.TITLE_ABSTRACT),
}
SETS = (*REPORTS, RECORDS)


def references(session: Session, wanted: str, *, stream: str = "") -> list[Reference]:
    """Return the references of a set, by record id.

    `included` are the reports in the review after full text, `sought` those that
    title and abstract let in, `all` every report with a record that was not
    removed, `records` every record by itself. With a `stream` only the included
    reports that serve it; raises `UsageError` for a stream that the review lacks.
    """
    if stream:
        return _told(session, _serving(session, wanted, stream))
    if wanted == RECORDS:
        every = merged.citations(session, None)
        return [Reference(record_id, told) for record_id, told in every.items()]
    if wanted not in REPORTS:
        raise UsageError(
            f"there is no set {wanted!r} of references",
            fix=f"use one of: {', '.join(SETS)}",
        )
    return _told(session, REPORTS[wanted](session))


def _serving(session: Session, wanted: str, stream: str) -> set[int]:
    """Return the included reports that serve a stream."""
    if wanted != INCLUDED:
        raise UsageError(
            f"the set {wanted!r} has no streams",
            why="a stream is named when a report is included after full text",
            fix="leave --set out, or --stream",
        )
    known = [one.id for one in lookup.criteria(session).streams]
    if stream not in known:
        raise UsageError(
            f"there is no stream {stream!r}",
            why=suggestion(stream, known),
            fix=f"the streams of screening/criteria.yaml are: {', '.join(known)}",
        )
    outcomes = state.outcomes(session, Stage.FULL_TEXT).values()
    served = streams.served(session, outcomes)
    return {cluster for cluster, words in served.items() if stream in words}


def _told(session: Session, clusters: Collection[int]) -> list[Reference]:
    views = merged.views(session, clusters)
    names = merged.citations(session, views.keys())
    found = []
    for cluster, view in views.items():
        own = names[cluster]
        citation = replace(view.citation(), source=own.source, source_id=own.source_id)
        found.append(Reference(cluster, _with_one_year(citation)))
    return found


def _with_one_year(citation: Citation) -> Citation:
    """Return a citation whose date is of its year, as a list has room for one only.

    The two are chosen by themselves, and so may be of different records.
    """
    year = str(citation.year or "")
    if not (year and citation.published) or citation.published.startswith(year):
        return citation
    return replace(citation, published=year)
