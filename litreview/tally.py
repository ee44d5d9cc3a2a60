"""What stands on many records at once, kept up to date while votes are added.

A votes file can have a hundred thousand lines. Asking the database what each vote
counts on from takes twenty questions a vote; here they are asked once for some
hundreds of lines, and each vote that is added changes the answers for the next as
the stored one would. It is for title and abstract and for rounds that count: what a
pilot or a full text asks more is left to `screening.decide`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from litreview import state
from litreview.models import (
    Assignment,
    Decision,
    DecisionStream,
    RawRecord,
    Record,
    ScreeningRound,
)
from litreview.outcome import Outcome, Vote, fold
from litreview.vocabulary import Stage

STAGE = Stage.TITLE_ABSTRACT
# A vote that is not stored yet has no id; as the newest it comes after all that have.
LATEST = 2**62

Said = tuple[str, str, frozenset[str]]  # verdict, reason, streams


@dataclass
class Tally:
    """What stands on some reports at title and abstract.

    `outcomes` and `traces` are by cluster, `members` by cluster too; `newest` and
    `last` are by record and screener; a trace is a round, a record, and whose open
    hand-out it is, if it is one.
    """

    home: dict[int, int]
    members: dict[int, list[int]]
    outcomes: dict[int, Outcome]
    traces: dict[int, list[tuple[int, int, int | None]]]
    piloted: set[int]
    rounds: dict[int, ScreeningRound]
    main: ScreeningRound | None
    raw: dict[int, int]
    last: dict[tuple[int, int], int] = field(default_factory=dict)
    newest: dict[tuple[int, int], Said] = field(default_factory=dict)

    def part(self, record_id: int, screener_id: int) -> ScreeningRound | None:
        """Return the round that this person's vote on this record belongs to.

        As `membership.round_for`, of a report that is in no pilot.
        """
        found = [
            (record == record_id, holder == screener_id, number)
            for number, record, holder in self.traces[self.home[record_id]]
        ]
        return self.rounds[max(found)[-1]] if found else self.main

    def add(self, record_id: int, screener_id: int, said: Said, part: int) -> None:
        """Take one more vote into account."""
        cluster = self.home[record_id]
        self.last[record_id, screener_id] = self.seq(record_id, screener_id)
        self.newest[record_id, screener_id] = said
        self.traces[cluster].append((part, record_id, None))
        before = self.outcomes[cluster]
        # A vote speaks for all records of its report: the person's others are over.
        others = [vote for vote in before.votes if vote.screener_id != screener_id]
        vote = Vote(LATEST, cluster, record_id, screener_id, said[0], said[1])
        need = max(before.need, self.rounds[part].per_record)
        if len(self.traces[cluster]) == 1:
            need = self.rounds[part].per_record
        self.outcomes[cluster] = fold(cluster, STAGE, [*others, vote], need=need)

    def seq(self, record_id: int, screener_id: int) -> int:
        """Return the number of this person's next word on this record."""
        return self.last.get((record_id, screener_id), 0) + 1


def take(session: Session, record_ids: Collection[int]) -> Tally:
    """Lock the reports of these records and return what stands on them."""
    clusters = state.lock_clusters(session, record_ids)
    home: dict[int, int] = {}
    members: dict[int, list[int]] = defaultdict(list)
    query = select(Record.id, Record.cluster_id).where(Record.cluster_id.in_(clusters))
    for record_id, cluster in session.execute(query.order_by(Record.id)):
        home[record_id] = cluster
        members[cluster].append(record_id)
    rounds = {
        part.id: part
        for part in session.scalars(
            select(ScreeningRound).where(ScreeningRound.stage == STAGE)
        )
    }
    raw = (
        select(RawRecord.record_id, func.max(RawRecord.id))
        .where(RawRecord.record_id.in_(record_ids))
        .group_by(RawRecord.record_id)
    )
    tally = Tally(
        home,
        members,
        state.outcomes(session, STAGE, clusters),
        defaultdict(list),
        set(),
        rounds,
        state.main_round(session, STAGE),
        dict(session.execute(raw).all()),
    )
    _trace(session, tally, clusters)
    _remember(session, tally, record_ids)
    return tally


def _trace(session: Session, tally: Tally, clusters: Collection[int]) -> None:
    handed = (
        select(
            Assignment.round_id,
            Assignment.record_id,
            Assignment.person_id,
            Assignment.released_at.is_(None),
        )
        .join(Record, Record.id == Assignment.record_id)
        .where(
            Record.cluster_id.in_(clusters), Assignment.round_id.in_(list(tally.rounds))
        )
    )
    voted = (
        select(Decision.round_id, Decision.record_id)
        .join(Record, Record.id == Decision.record_id)
        .where(Record.cluster_id.in_(clusters), Decision.stage == STAGE)
        .distinct()
    )
    found: list[tuple[int, int, int | None]] = [
        (number, record, person if held else None)
        for number, record, person, held in session.execute(handed)
    ]
    found += [(number, record, None) for number, record in session.execute(voted)]
    for number, record, holder in found:
        cluster = tally.home[record]
        if tally.rounds[number].counts:
            tally.traces[cluster].append((number, record, holder))
        else:
            tally.piloted.add(cluster)


def _remember(session: Session, tally: Tally, record_ids: Iterable[int]) -> None:
    """Note each person's newest word on each record, with its streams."""
    query = (
        select(Decision)
        .where(Decision.stage == STAGE, Decision.record_id.in_(record_ids))
        .order_by(Decision.seq)
    )
    rows = session.scalars(query).all()
    named: dict[int, set[str]] = defaultdict(set)
    # Only inclusions name streams, and few protocols ask for them at this stage.
    streams = (
        select(DecisionStream.decision_id, DecisionStream.stream)
        .join(Decision, Decision.id == DecisionStream.decision_id)
        .where(Decision.stage == STAGE, Decision.record_id.in_(record_ids))
    )
    for number, stream in session.execute(streams):
        named[number].add(stream)
    for row in rows:
        place = row.record_id, row.screener_id
        tally.last[place] = row.seq
        tally.newest[place] = row.verdict, row.reason, frozenset(named[row.id])
