"""The passages that count, as one table from which every other is made.

Each table of the synthesis asks the same thing in another way: which studies speak of
which construct, and how. `read` asks the database once; what follows is pandas. A
study counts once, however many passages, reports or records it has, and a construct
counts what is below it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass

import pandas as pd
from sqlalchemy import select
from sqlalchemy.orm import Session

from litreview import kinship, lookup, passages, state, streams
from litreview.codebook import Codebook, Construct
from litreview.frame import Columns, frame
from litreview.models import Record
from litreview.synthesis import CodeApplication
from litreview.vocabulary import EvidenceType, Stage

PASSAGE_COLUMNS: Columns = {
    "code_id": "int",
    "record_id": "int",
    "report_id": "int",
    "study_id": "int",
    "construct": "text",
    "role": "text",
    "polarity": "text",
    "evidence_type": "text",
    "year": "int",
}
# What a passage does that makes its study empirical evidence for a construct.
EMPIRICAL = (EvidenceType.MEASURES, EvidenceType.TESTS)


@dataclass(frozen=True)
class Grounds:
    """All passages that count, with the studies and the codebooks in force.

    `passages` has `PASSAGE_COLUMNS`; `studies` are all included ones, coded or not;
    `streams_of` is study -> the streams that its reports serve.
    """

    passages: pd.DataFrame
    studies: frozenset[int]
    streams_of: Mapping[int, frozenset[str]]
    books: tuple[Codebook, ...]

    @property
    def constructs(self) -> dict[str, Construct]:
        """Return id -> construct of all codebooks in force, in their order."""
        return {c.id: c for book in self.books for c in book.constructs}

    def within(self, construct_id: str) -> set[str]:
        """Return a construct or group with all that is below it, by id."""
        below = (kinship.below(book, construct_id) for book in self.books)
        return {construct_id}.union(*below)

    def known(self, construct_id: str) -> bool:
        """Tell whether a codebook in force has this construct or group."""
        return any(kinship.names(book, construct_id) for book in self.books)

    def about(self, construct_ids: Collection[str]) -> pd.DataFrame:
        """Return the passages of these constructs and all that is below them."""
        wanted = set[str]().union(*(self.within(one) for one in construct_ids))
        return self.passages[self.passages["construct"].isin(sorted(wanted))]


def read(session: Session) -> Grounds:
    """Return the passages that count at this moment."""
    study_of = passages.counting(session)
    # Columns, not rows of the table: 20,000 passages with their quotations take long.
    query = select(
        *(CodeApplication.id, CodeApplication.record_id, Record.cluster_id),
        *(CodeApplication.construct, CodeApplication.role, CodeApplication.polarity),
        *(CodeApplication.evidence_type, Record.year),
    ).join(Record, Record.id == CodeApplication.record_id)
    rows = [
        (number, record, cluster, study_of[number], *told)
        for number, record, cluster, *told in session.execute(query)
        if number in study_of
    ]
    books = tuple(lookup.parsed_codebook(one) for one in lookup.codebooks(session))
    served = _streams(session)
    table = frame(PASSAGE_COLUMNS, rows, by=["code_id"])
    return Grounds(table, frozenset(served), served, books)


def _streams(session: Session) -> dict[int, frozenset[str]]:
    """Return study -> the streams that its included reports serve, maybe none."""
    outcomes = state.outcomes(session, Stage.FULL_TEXT)
    served = streams.served(session, outcomes.values())
    study_of = state.studies(session)
    found: dict[int, set[str]] = defaultdict(set)
    for cluster in state.included(session):
        found[study_of[cluster]].update(served.get(cluster, ()))
    return {study: frozenset(words) for study, words in found.items()}


def studies(table: pd.DataFrame) -> set[int]:
    """Return the distinct studies of some passages."""
    return {int(study) for study in table["study_id"].unique()}
