"""What of a service's page is stored, as what, and what is kept aside.

The best of a ranking down to a score, if the search has one; records with their
rank and score; and apart from them the items that cannot be read as records, each
once, with the reason.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy import insert, select
from sqlalchemy.orm import Session

from litreview.models import HarvestRun, RejectedItem
from litreview.records import LONGEST_ID, Entry, canonical
from litreview.searches import FLOOR, Search
from litreview.sources.page import Item

# The key under which an answer's items tell their score.
SCORES = {"openalex": "relevance_score", "crossref": "score"}


def above(items: list[Item], search: Search) -> list[Item]:
    """Leave out what scores less than the search asks for."""
    floor = search.facts.get(FLOOR)
    if not isinstance(floor, float):
        return items
    return [item for item in items if (_score(item, search.source) or floor) >= floor]


def _score(item: Item, source: str) -> float | None:
    score = item.payload.get(SCORES[source])
    return float(score) if isinstance(score, int | float) else None


def sorted_out(
    items: Sequence[Item], before: int, search: Search
) -> tuple[list[Entry], list[Item]]:
    """Return the items that are records, with their ranks, and those that are not."""
    entries, rejected = [], []
    scored = SCORES[search.source]
    for rank, item in enumerate(items, start=before + 1):
        if item.citation is None:
            rejected.append(item)
        elif len(item.citation.source_id) > LONGEST_ID:
            rejected.append(replace(item, problem="its id is too long"))
        else:
            payload = {k: v for k, v in item.payload.items() if k != scored}
            score = _score(item, search.source)
            entry = Entry(item.citation, payload, rank, score, search.seed_id)
            entries.append(entry)
    return entries, rejected


def keep_aside(session: Session, items: Sequence[Item], run: HarvestRun) -> set[str]:
    """Keep items that are no records, each once; return their hashes."""
    rows = {}
    for item in items:
        digest, content = canonical(item.payload)
        rows[digest] = {
            "run_id": run.id,
            "sha256": digest,
            "payload": content,
            "problem": item.problem or "it cannot be read",
        }
    if not rows:
        return set()
    query = select(RejectedItem.sha256).where(RejectedItem.run_id == run.id)
    known = set(session.scalars(query.where(RejectedItem.sha256.in_(rows))))
    fresh = [row for digest, row in rows.items() if digest not in known]
    if fresh:
        session.execute(insert(RejectedItem), fresh)
    return set(rows)
