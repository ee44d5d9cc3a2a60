"""Coded passages that count, asked in one place by everything that rests on them.

A passage counts while its code is not retracted and its report is still included
after full text; later reversals suspend it without touching the row. Its study is
counted once, however many passages, reports or records it comes from.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import exists, func, select
from sqlalchemy.orm import Session

from litreview import kinship, lookup, state
from litreview.errors import LitreviewError, NotFoundError
from litreview.models import CodebookVersion, Person, Record
from litreview.synthesis import (
    CmoConfiguration,
    CmoEvidence,
    CodeApplication,
    CodeRetraction,
    ItemEvidence,
)
from litreview.vocabulary import Role


@dataclass(frozen=True)
class Resting:
    """What rests on a passage: item ids and configuration numbers, sorted."""

    items: tuple[int, ...] = ()
    configurations: tuple[int, ...] = ()


def coder(session: Session, handle: str) -> Person:
    """Return a person who may code and write items: a lead, coder or screener."""
    return lookup.actor(session, handle, roles=(Role.CODER, Role.SCREENER))


def code(session: Session, code_id: int) -> CodeApplication:
    """Return the code with this id, retracted or not, or refuse."""
    found = session.get(CodeApplication, code_id)
    if found is not None:
        return found
    largest = session.scalar(select(func.max(CodeApplication.id)))
    raise NotFoundError(
        f"there is no code {code_id}",
        why=f"ids run from 1 to {largest}" if largest else "nothing is coded yet",
        fix="`litreview code list` shows the ids"
        if largest
        else "code a passage with `litreview code add`",
    )


def standing(session: Session, code_ids: Collection[int]) -> list[CodeApplication]:
    """Return codes by id, in the order given, each once; refuse a retracted one."""
    gone = retractions(session)
    found = [code(session, code_id) for code_id in dict.fromkeys(code_ids)]
    for entry in found:
        if entry.id in gone:
            raise LitreviewError(
                f"code {entry.id} was retracted",
                why=gone[entry.id].why,
                fix="name a passage that stands; `litreview code list` shows them",
            )
    return found


def retractions(session: Session) -> dict[int, CodeRetraction]:
    """Return code id -> its retraction."""
    return {row.code_id: row for row in session.scalars(select(CodeRetraction))}


def counting(session: Session) -> dict[int, int]:
    """Return code id -> study id for every passage that counts."""
    gone = exists().where(CodeRetraction.code_id == CodeApplication.id)
    query = (
        select(CodeApplication.id, Record.cluster_id)
        .join(Record, Record.id == CodeApplication.record_id)
        .where(~gone)
        .order_by(CodeApplication.id)
    )
    included = state.included(session)
    study_of = state.studies(session)
    return {
        code_id: study_of[cluster]
        for code_id, cluster in session.execute(query)
        if cluster in included
    }


def resting_on(session: Session, code_id: int) -> Resting:
    """Return what rests on a passage: items, and configurations as they now are."""
    items = select(ItemEvidence.item_id).where(ItemEvidence.code_id == code_id)
    newest = select(func.max(CmoConfiguration.id)).group_by(CmoConfiguration.number)
    numbers = (
        select(CmoConfiguration.number)
        .join(CmoEvidence, CmoEvidence.cmo_id == CmoConfiguration.id)
        .where(CmoEvidence.code_id == code_id, CmoConfiguration.id.in_(newest))
    )
    return Resting(
        tuple(sorted(session.scalars(items))), tuple(sorted(session.scalars(numbers)))
    )


def covered(session: Session, construct: str) -> set[str]:
    """Return a construct or group with all below it, in every codebook in force.

    Raises what `lookup.construct` raises for one that no codebook has and nobody
    has ever applied.
    """
    books = [lookup.parsed_codebook(book) for book in lookup.codebooks(session)]
    applied = select(CodeApplication.id).where(CodeApplication.construct == construct)
    known = any(kinship.names(book, construct) for book in books)
    if not known and session.scalar(applied.limit(1)) is None:
        lookup.construct(session, construct)  # tells what there is instead
    return {construct}.union(*(kinship.below(book, construct) for book in books))


def take_turns(session: Session) -> None:
    """Make writers of numbered things wait for each other on PostgreSQL.

    Instruments, configurations and versions take the next free number. The oldest
    codebook row, which nobody may change, serves as the lock; on SQLite the
    transaction itself is one.
    """
    query = select(CodebookVersion.id).order_by(CodebookVersion.id).limit(1)
    session.execute(query.with_for_update()).all()
