"""What was found to be the same, as tables: reports, pairs and groups.

A report is one row with the merged view of its records; its `origins` name, field by
field, the record that each value is taken from. Pairs are all that the machine or a
person has spoken about; groups are every record with its report and its study, the
form in which other tools exchange duplicates.
"""

from __future__ import annotations

from collections import defaultdict

import pandas as pd
from sqlalchemy import select
from sqlalchemy.orm import Session

from litreview import merged, pairlist, state
from litreview.frame import Columns, frame
from litreview.merging import View
from litreview.models import Record
from litreview.vocabulary import Stage

MERGED: Columns = {
    "doi": "text",
    "title": "text",
    "authors": "text",
    "year": "int",
    "published": "text",
    "container_title": "text",
    "volume": "text",
    "issue": "text",
    "pages": "text",
    "publisher": "text",
    "issn": "text",
    "isbn": "text",
    "pmid": "text",
    "type": "text",
    "genre": "text",
    "language": "text",
    "url": "text",
    "retracted": "flag",
    "abstract": "text",
}
REPORT_COLUMNS: Columns = {
    "cluster_id": "int",
    "study_id": "int",
    **MERGED,
    "flags": "list",
    "origins": "list",
    "record_ids": "list",
    "sources": "list",
    "source_ids": "list",
    "removed": "list",
    "title_abstract": "text",
    "full_text": "text",
}
PAIR_COLUMNS: Columns = {
    "a": "int",
    "b": "int",
    "score": "number",
    "proposal": "text",
    "verdict": "text",
    "effect": "text",
    "by": "text",
    "at": "moment",
    "why": "text",
    "reasons": "list",
    "source_a": "text",
    "source_b": "text",
    "title_a": "text",
    "title_b": "text",
}
GROUP_COLUMNS: Columns = {
    "record_id": "int",
    "source": "text",
    "source_id": "text",
    "scope": "text",
    "cluster_id": "int",
    "study_id": "int",
}


def reports(session: Session) -> pd.DataFrame:
    """Return every report with its merged fields, by id (`REPORT_COLUMNS`).

    `origins` holds field=record id, `record_ids`, `sources` and `source_ids` the
    report's records in one order, `removed` those that left before screening.
    """
    homes: dict[int, list[tuple[int, str, str]]] = defaultdict(list)
    query = select(Record.cluster_id, Record.id, Record.source, Record.source_id)
    for cluster, number, source, name in session.execute(query.order_by(Record.id)):
        homes[cluster].append((number, source, name))
    gone = state.removed(session)
    study_of = state.studies(session)
    first = state.outcomes(session, Stage.TITLE_ABSTRACT)
    second = state.outcomes(session, Stage.FULL_TEXT)
    rows = []
    for cluster, view in merged.views(session, homes.keys()).items():
        ids, sources, source_ids = zip(*homes[cluster], strict=True)
        rows.append(
            (
                cluster,
                study_of[cluster],
                *_merged(view),
                ids,
                sources,
                source_ids,
                tuple(number for number in ids if number in gone),
                state.standing_of(first.get(cluster)),
                state.standing_of(second.get(cluster)),
            )
        )
    return frame(REPORT_COLUMNS, rows, by=["cluster_id"])


def _merged(view: View) -> list[object]:
    """Return the values of `MERGED`, the flags and the origins of a view."""
    values: list[object] = []
    for name, kind in MERGED.items():
        choice = view.choices.get(name)
        if kind == "text":
            values.append(choice.text if choice else "")
        else:
            values.append(choice.value if choice else _nothing(kind))
    origins = tuple(
        f"{name}={view.choices[name].record_id}"
        for name in MERGED
        if name in view.choices
    )
    return [*values, view.flags, origins]


def _nothing(kind: str) -> object:
    return False if kind == "flag" else None


def pairs(session: Session) -> pd.DataFrame:
    """Return all pairs with a verdict or a proposal, by ids (`PAIR_COLUMNS`).

    `by` is the person, or machine, whose verdict is in force.
    """
    rows = [
        [dict(row)[name] for name in PAIR_COLUMNS]
        for row in pairlist.everything(session)
    ]
    reasons = list(PAIR_COLUMNS).index("reasons")
    for row in rows:
        row[reasons] = tuple(row[reasons])  # type: ignore[arg-type]
    return frame(PAIR_COLUMNS, rows, by=["a", "b"])


def groups(session: Session) -> pd.DataFrame:
    """Return every record with its report and its study, by id (`GROUP_COLUMNS`)."""
    study_of = state.studies(session)
    query = select(
        Record.id, Record.source, Record.source_id, Record.scope, Record.cluster_id
    )
    rows = [(*row, study_of[row[-1]]) for row in session.execute(query)]
    return frame(GROUP_COLUMNS, rows, by=["record_id"])
