"""Which streams of evidence an included report serves.

Each inclusion on full text names the uses that the review makes of the report. An
agreed report serves all that its voters named; a resolved one what its resolution
says.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from litreview.models import DecisionStream, ResolutionStream
from litreview.outcome import Outcome


def named(session: Session) -> dict[int, tuple[str, ...]]:
    """Return decision id -> the streams that it names, sorted."""
    rows = select(DecisionStream.decision_id, DecisionStream.stream)
    return _grouped(session.execute(rows))


def resolved(session: Session) -> dict[int, tuple[str, ...]]:
    """Return resolution id -> the streams that it names, sorted."""
    rows = select(ResolutionStream.resolution_id, ResolutionStream.stream)
    return _grouped(session.execute(rows))


def served(session: Session, outcomes: Iterable[Outcome]) -> dict[int, tuple[str, ...]]:
    """Return cluster id -> the streams of each included report, sorted.

    `outcomes` are those of the full-text stage.
    """
    by_vote, by_resolution = named(session), resolved(session)
    found: dict[int, tuple[str, ...]] = {}
    for outcome in outcomes:
        if not outcome.included:
            continue
        if outcome.resolution_id is not None:
            found[outcome.cluster_id] = by_resolution.get(outcome.resolution_id, ())
            continue
        said = {word for vote in outcome.votes for word in by_vote.get(vote.id, ())}
        found[outcome.cluster_id] = tuple(sorted(said))
    return found


def _grouped(rows: Iterable[tuple[int, str]]) -> dict[int, tuple[str, ...]]:
    found: dict[int, set[str]] = defaultdict(set)
    for number, stream in rows:
        found[number].add(stream)
    return {number: tuple(sorted(words)) for number, words in found.items()}
