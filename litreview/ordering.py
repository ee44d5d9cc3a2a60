"""In which order a screener takes records, and what that order may know.

An order must not tell a screener what others said. So it follows from what this
person may see anyway: the records themselves, their own votes, and the records
that have all the votes that their round asks for. Two databases that differ only
in others' votes on unfinished records give the same order.

Only what was handed out for the count is put in order. A screener's own open
questions and pilots stay first, as they are.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from sqlalchemy import select
from sqlalchemy.orm import Session

from litreview import lookup, state
from litreview.errors import NotAllowedError
from litreview.models import Assignment, Decision, Person, Record, ScreeningRound
from litreview.outcome import Outcome, Standing
from litreview.relevance import Text
from litreview.vocabulary import Order, Verdict

# SQLite takes at most 32,766 bound values in a statement; stay well below.
CHUNK = 5_000
# Records whose words are counted for one sitting: that takes some seconds. The others
# wait behind them, by lot, until there is room.
MOST = 20_000


@dataclass(frozen=True)
class Material:
    """What the order by relevance learns from.

    `texts` has title and abstract by record id, of what is `waiting` (in its present
    order) and of what has a label; `labels` says of a record whether it is relevant.
    """

    waiting: tuple[int, ...]
    texts: Mapping[int, Text]
    labels: Mapping[int, bool]


def chosen(session: Session, wanted: str | None) -> Order:
    """Return the order asked for, or else the protocol's first.

    Raises `NotAllowedError` for one that the protocol does not allow.
    """
    allowed = lookup.review(session).orders
    if wanted is None:
        return allowed[0]
    if wanted not in allowed:
        raise NotAllowedError(
            f"the protocol does not allow the order {wanted!r}",
            why=f"it allows {', '.join(allowed)}",
            fix=f"a lead can write `order: [{', '.join([*allowed, wanted])}]` in "
            "screening/review.yaml and run `litreview sync`",
        )
    return Order(wanted)


def movable(
    session: Session, person: Person, *, stage: str, queue: Sequence[int]
) -> list[int]:
    """Return the part of a queue that may be put in another order, as it stands.

    That is what was handed to this person in a round that counts, but for reports on
    which they have votes that differ, and those that they are to judge in a pilot.
    """
    query = (
        select(Assignment.record_id, Record.cluster_id, ScreeningRound.counts)
        .join(Record, Record.id == Assignment.record_id)
        .join(ScreeningRound, ScreeningRound.id == Assignment.round_id)
        .where(
            Assignment.person_id == person.id,
            Assignment.released_at.is_(None),
            ScreeningRound.stage == stage,
        )
    )
    voted = _own(session, person, stage)
    piloted = _own(session, person, stage, counting=False)
    counted: set[int] = set()
    first: set[int] = set()
    for record, cluster, counts in session.execute(query):
        if counts and cluster not in voted:
            counted.add(record)
        elif cluster not in piloted:
            first.add(record)
    return [number for number in queue if number in counted - first]


def newest(session: Session, waiting: Sequence[int]) -> list[int]:
    """Return record ids by date of publication, the newest first, undated last."""
    dates = {
        number: published or (f"{year:04}" if year else "")
        for these in _chunks(waiting)
        for number, published, year in session.execute(
            select(Record.id, Record.published, Record.year).where(Record.id.in_(these))
        )
    }
    return sorted(waiting, key=lambda number: dates[number], reverse=True)


def material(
    session: Session, person: Person, *, stage: str, waiting: Sequence[int]
) -> Material:
    """Return what the order by relevance of these records may learn from.

    A label is keyed by the smallest record id of its report. Of very many the first
    `MOST` that wait are taken, and of the labels all relevant ones and as many others.
    """
    waiting = waiting[:MOST]
    known = seen(session, person, stage=stage)
    others = islice((number for number, kept in known.items() if not kept), MOST)
    labels = dict.fromkeys(others, False)
    labels.update((number, True) for number, kept in known.items() if kept)
    homes: dict[int, int] = {cluster: cluster for cluster in labels}
    for these in _chunks(waiting):
        query = select(Record.id, Record.cluster_id).where(Record.id.in_(these))
        homes.update(session.execute(query).all())
    texts = _texts(session, set(homes.values()))
    found = {record: texts[cluster] for record, cluster in homes.items()}
    return Material(tuple(waiting), found, labels)


def seen(session: Session, person: Person, *, stage: str) -> dict[int, bool]:
    """Return cluster -> is it relevant, for all that this person may know of.

    A report with all its votes is what these come to, and a conflict may yet be
    included. Any other is what this person says of it alone.
    """
    found = {
        cluster: any(verdict != Verdict.EXCLUDE for verdict in verdicts)
        for cluster, verdicts in _own(session, person, stage).items()
    }
    complete = (o for o in state.outcomes(session, stage).values() if o.complete)
    found.update((outcome.cluster_id, kept(outcome)) for outcome in complete)
    return found


def kept(outcome: Outcome) -> bool:
    """Tell whether a complete report is included or, being in conflict, may be."""
    return outcome.included or outcome.standing == Standing.CONFLICT


def _own(
    session: Session, person: Person, stage: str, *, counting: bool = True
) -> dict[int, list[str]]:
    """Return cluster -> the live verdicts of this person alone."""
    query = state.live_votes(stage, counting=counting)
    found: dict[int, list[str]] = defaultdict(list)
    for row in session.execute(query.where(Decision.screener_id == person.id)):
        found[row.cluster_id].append(row.verdict)
    return found


def _texts(session: Session, clusters: Collection[int]) -> dict[int, Text]:
    """Return cluster -> the first title and the longest abstract of its records."""
    found: dict[int, Text] = {}
    for these in _chunks(sorted(clusters)):
        query = select(Record.cluster_id, Record.title, Record.abstract).where(
            Record.cluster_id.in_(these)
        )
        for cluster, title, abstract in session.execute(query.order_by(Record.id)):
            known = found.get(cluster, ("", ""))
            found[cluster] = known[0] or title, max(known[1], abstract, key=len)
    return found


def _chunks(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(ids), CHUNK):
        yield ids[start : start + CHUNK]
