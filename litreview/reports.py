"""What the review has come to: its records and where each of them stands.

Everything is asked of the tables anew and in one go: no query per record, so that
twenty thousand of them take seconds. Nothing here shows how anybody voted on a
record that still waits for votes: a standing speaks of verdicts only where a report
has the votes that its round asks for.
"""

from __future__ import annotations

import pandas as pd
from sqlalchemy import select
from sqlalchemy.orm import Session

from litreview import state, streams
from litreview.frame import Columns, frame
from litreview.models import Record
from litreview.vocabulary import Stage

RECORD_COLUMNS: Columns = {
    "record_id": "int",
    "source": "text",
    "source_id": "text",
    "doi": "text",
    "title": "text",
    "authors": "text",
    "year": "int",
    "container_title": "text",
    "volume": "text",
    "issue": "text",
    "pages": "text",
    "publisher": "text",
    "type": "text",
    "language": "text",
    "url": "text",
    "found": "text",
    "cluster_id": "int",
    "study_id": "int",
    "removed": "text",
    "removed_why": "text",
    "title_abstract": "text",
    "retrieval": "text",
    "full_text": "text",
    "reason": "text",
    "streams": "list",
}


def records(session: Session) -> pd.DataFrame:
    """Return all records, by id (`RECORD_COLUMNS`).

    `title_abstract` and `full_text` are the standing of the record's report (see
    `state.standing_of`), `reason` is the primary reason of a full-text
    exclusion, `streams` what an included report serves. `removed` is rule or reason
    for a record that left before screening, with `removed_why` in words.
    """
    names = list(RECORD_COLUMNS)
    stored = names[: names.index("cluster_id") + 1]
    columns = [Record.id, *(getattr(Record, name) for name in stored[1:])]
    gone = state.removals(session)
    study_of = state.studies(session)
    first = state.outcomes(session, Stage.TITLE_ABSTRACT)
    second = state.outcomes(session, Stage.FULL_TEXT)
    texts = state.retrievals(session)
    serves = streams.served(session, second.values())
    rows = []
    for row in session.execute(select(*columns)):
        number, cluster = row[0], row[-1]
        removal, judged = gone.get(number), second.get(cluster)
        rows.append(
            (
                *row,
                study_of[cluster],
                removal.basis if removal else "",
                removal.text if removal else "",
                state.standing_of(first.get(cluster)),
                texts.get(cluster, ""),
                state.standing_of(judged),
                judged.reason if judged else "",
                serves.get(cluster, ()),
            )
        )
    return frame(RECORD_COLUMNS, rows, by=["record_id"])
