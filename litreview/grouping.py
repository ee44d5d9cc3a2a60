"""What a verdict does to the clusters: lock, append, regroup, and say what moved.

A verdict on two records can only touch the records that duplicates tie to them,
however far, refused links included; these are locked, regrouped and compared with
how they stood. The one cache, `record.cluster_id`, is written here and nowhere
else after a record was made.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from litreview import pairs
from litreview.models import PairDecision, Person, Record
from litreview.pairs import Pair, PairRuling, Refusal, Rulings
from litreview.vocabulary import PairVerdict

CHUNK = 5_000  # ids bound in one statement


@dataclass(frozen=True)
class Change:
    """What a verdict did.

    `verdict` is what was stored for each pair, unless it was said before and
    `stored` is false; `now` is what is in force on it.
    `moved` maps a record to its cluster before and after; `reports` the clusters
    that were touched to their members. `refused` are the duplicates that join
    nobody from now on and wait for a person.
    """

    verdict: PairVerdict
    pairs: tuple[Pair, ...]
    stored: bool
    now: Mapping[Pair, PairRuling]
    moved: Mapping[int, tuple[int, int]]
    reports: Mapping[int, tuple[int, ...]]
    refused: tuple[Refusal, ...]


@dataclass(frozen=True)
class Says:
    """Who says it and why; without `new` nothing is stored."""

    by: Person
    why: str = ""
    new: bool = True


@dataclass(frozen=True)
class Standing:
    """Some records that no duplicate ties to others: their homes and verdicts."""

    home: dict[int, int]
    verdicts: Rulings
    refused: list[Refusal]


def locked(session: Session, records: Collection[int]) -> Standing:
    """Lock every report that a verdict on these may touch; return how they stand."""
    known = pairs.reach(session, records)
    while True:
        _lock(session, known)
        # Somebody may have tied others to them while we waited.
        now = pairs.reach(session, records)
        if now <= known:
            return _standing(session, now)
        known |= now


def _lock(session: Session, records: Collection[int]) -> None:
    """Lock the clusters of these records, ascending."""
    clusters = set(_homes(session, records).values())
    while True:
        for some in _parts(clusters):
            these = select(Record.id).where(Record.id.in_(some)).order_by(Record.id)
            session.execute(these.with_for_update()).all()
        # Somebody may have merged or split them while we waited.
        now = set(_homes(session, records).values())
        if now <= clusters:
            return
        clusters = now


def _homes(session: Session, records: Collection[int]) -> dict[int, int]:
    """Return record -> cluster, by id."""
    home: dict[int, int] = {}
    for some in _parts(records):
        query = select(Record.id, Record.cluster_id).where(Record.id.in_(some))
        home.update(session.execute(query.order_by(Record.id)).all())
    return home


def _parts(ids: Collection[int]) -> Iterator[list[int]]:
    """Yield ids in lists that one statement can bind, ascending."""
    ordered = sorted(ids)
    for start in range(0, len(ordered), CHUNK):
        yield ordered[start : start + CHUNK]


def _standing(session: Session, known: Collection[int]) -> Standing:
    home = _homes(session, known)
    verdicts = pairs.rulings(session, known)
    refused = pairs.refusals(pairs.clusters(known, verdicts), verdicts)
    return Standing(home, verdicts, refused)


def say(
    session: Session,
    before: Standing,
    low_high: Sequence[Pair],
    word: PairVerdict,
    says: Says,
) -> Change:
    """Append a person's word on these pairs, and move the records that it moves."""
    if says.new:
        session.add_all(
            PairDecision(
                a_id=a, b_id=b, verdict=word, person_id=says.by.id, why=says.why
            )
            for a, b in low_high
        )
        session.flush()
    verdicts = pairs.rulings(session, before.home)
    made = pairs.clusters(before.home, verdicts)
    moved = {
        record: (cluster, made.of[record])
        for record, cluster in before.home.items()
        if made.of[record] != cluster
    }
    move(session, {record: to for record, (_, to) in moved.items()})
    touched = {made.of[end] for pair in low_high for end in pair}
    touched |= {to for _, to in moved.values()}
    members: dict[int, list[int]] = {cluster: [] for cluster in sorted(touched)}
    for record in sorted(before.home):
        if made.of[record] in members:
            members[made.of[record]].append(record)
    old = {refusal.ruling for refusal in before.refused}
    refused = [
        refusal
        for refusal in pairs.refusals(made, verdicts)
        if refusal.ruling not in old
        or (refusal.ruling.a_id, refusal.ruling.b_id) in low_high
    ]
    return Change(
        verdict=word,
        pairs=tuple(low_high),
        stored=says.new,
        now={pair: verdicts[pair] for pair in low_high if pair in verdicts},
        moved=moved,
        reports={cluster: tuple(ids) for cluster, ids in members.items()},
        refused=tuple(refused),
    )


# -- the cache ----------------------------------------------------------------------


def move(session: Session, moved: Mapping[int, int]) -> None:
    """Write record -> cluster, the one cache, in one statement for all of them."""
    if not moved:
        return
    table = Record.metadata.tables["record"]
    statement = (
        update(table)
        .where(table.c.id == bindparam("record"))
        .values(cluster_id=bindparam("cluster"))
    )
    rows = [{"record": one, "cluster": to} for one, to in sorted(moved.items())]
    session.connection().execute(statement, rows)
    for loaded in session.identity_map.values():
        if isinstance(loaded, Record) and loaded.id in moved:
            session.expire(loaded, ["cluster_id"])
