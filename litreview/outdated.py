"""Votes that rest on criteria which have changed since.

Every vote names the version of the protocol under which it was cast. A version is
*past* for a stage if the criteria in force say anything differently there
(`amendments`); another title, another member of the team or a comment makes no vote
outdated. Told are records, versions and numbers of votes, never what a vote said.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from litreview import amendments, lookup, state
from litreview.amendments import Change
from litreview.models import Decision, Person, ProtocolVersion, Record
from litreview.outcome import Vote
from litreview.vocabulary import Stage


@dataclass(frozen=True)
class Version:
    """A version of the protocol, and what has changed in the criteria since."""

    id: int
    at: datetime
    by: str
    changes: tuple[Change, ...]


@dataclass(frozen=True)
class Outdated:
    """A report with votes that rest on past versions, and which these are."""

    record_id: int
    stage: str
    title: str
    votes: int
    versions: tuple[int, ...]


def versions(session: Session) -> list[Version]:
    """Return the versions of the protocol, the oldest first, the last in force."""
    handle = dict(session.execute(select(Person.id, Person.handle)).all())
    query = select(ProtocolVersion).order_by(ProtocolVersion.id)
    rows = session.scalars(query).all()
    if not rows:
        return []
    in_force = lookup.parsed_criteria(rows[-1])
    return [
        Version(
            row.id,
            row.at,
            handle.get(row.person_id or 0, ""),
            tuple(amendments.compare(lookup.parsed_criteria(row), in_force)),
        )
        for row in rows
    ]


def past(known: Collection[Version], stage: str) -> set[int]:
    """Return the ids of the versions whose criteria for a stage have changed since."""
    return {
        version.id for version in known if amendments.touching(version.changes, stage)
    }


def votes(
    session: Session,
    stage: str,
    known: Collection[Version],
    clusters: Collection[int] | None = None,
) -> dict[int, list[tuple[Vote, int]]]:
    """Return cluster -> its live votes cast under past versions, each with its version.

    Only votes that count now: a report that was removed, or is not at full text any
    more, has none.
    """
    gone = past(known, stage)
    if not gone:
        return {}
    under = dict(
        session.execute(
            select(Decision.id, Decision.protocol_id).where(
                Decision.stage == stage, Decision.protocol_id.in_(gone)
            )
        ).all()
    )
    if not under:
        return {}
    here = state.eligible(session, stage, clusters)
    return {
        cluster: found
        for cluster, cast in sorted(state.votes(session, stage, clusters).items())
        if cluster in here
        and (found := [(vote, under[vote.id]) for vote in cast if vote.id in under])
    }


def listed(
    session: Session, known: Collection[Version], *, stage: str | None = None
) -> list[Outdated]:
    """Return the reports with outdated votes, by stage and record."""
    told = []
    for each in [stage] if stage else [str(one) for one in Stage]:
        found = votes(session, each, known)
        title: dict[int, str] = defaultdict(str)
        ids = list(found)
        for start in range(0, len(ids), state.CHUNK):
            query = select(Record.id, Record.title).where(
                Record.id.in_(ids[start : start + state.CHUNK])
            )
            title.update(session.execute(query).all())
        told += [
            Outdated(
                cluster,
                each,
                title[cluster],
                len(cast),
                tuple(sorted({version for _vote, version in cast})),
            )
            for cluster, cast in found.items()
        ]
    return told


def words(session: Session) -> list[str]:
    """Say what the newest version changes, and what was decided before it."""
    known = versions(session)
    if len(known) < 2:
        return []
    told = [str(change) for change in known[-2].changes]
    for stage in Stage:
        found = votes(session, stage, known)
        number = sum(map(len, found.values()))
        if number:
            told.append(
                f"{stage}: {_many(number, 'vote')} on {_many(len(found), 'record')} "
                f"{'was' if number == 1 else 'were'} cast under criteria that have "
                "changed; `litreview screen outdated` lists what, `litreview screen "
                "reopen` has it screened again"
            )
    return told


def _many(number: int, word: str) -> str:
    return f"{number:,} {word}{'' if number == 1 else 's'}"
