"""What stands on many records at once, kept up to date while votes are added.

A votes file can have a hundred thousand lines, a pack thousands of votes. Asking the
database what each vote counts on from takes twenty questions a vote; here they are
asked once for some hundreds of records, and each vote that is added changes the
answers for the next as the stored one would. What is added is stored together by
`write`. It is for rounds that count: what a pilot asks more is left to
`screening.decide`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from litreview import quorum, state
from litreview.models import (
    Assignment,
    Decision,
    DecisionScope,
    DecisionSetAside,
    DecisionStream,
    FulltextEvent,
    RawRecord,
    Record,
    ScreeningRound,
)
from litreview.outcome import Outcome, Vote, fold
from litreview.vocabulary import WITHDRAWN, Retrieval, Stage

# A vote that is not stored yet has no id; as the newest it comes after all that have.
LATEST = 2**62
HAD = Retrieval.RETRIEVED
JUDGED = "judged by a screener"  # where a text is that somebody has judged

Row = dict[str, object]
Said = tuple[str, str, frozenset[str]]  # verdict, reason, streams


@dataclass
class Tally:
    """What stands on some reports at a stage, and what was added and is not stored.

    `outcomes`, `traces`, `members` and `texts`, what became of full texts, are by
    cluster; `newest` and `last` are by record and screener; a trace is a round, a
    record, and whose open hand-out it is, if it is one.
    """

    stage: str
    home: dict[int, int]
    members: dict[int, list[int]]
    outcomes: dict[int, Outcome]
    traces: dict[int, list[tuple[int, int, int | None]]]
    piloted: set[int]
    rounds: dict[int, ScreeningRound]
    main: ScreeningRound | None
    raw: dict[int, int]
    texts: dict[int, str]
    last: dict[tuple[int, int], int] = field(default_factory=dict)
    newest: dict[tuple[int, int], Said] = field(default_factory=dict)
    waiting: list[Row] = field(default_factory=list)
    scopes: list[Sequence[int]] = field(default_factory=list)
    streams: list[Sequence[str]] = field(default_factory=list)
    judged: list[Row] = field(default_factory=list)

    def part(self, record_id: int, screener_id: int) -> ScreeningRound | None:
        """Return the round that this person's vote on this record belongs to.

        As `membership.round_for`, of a report that is in no pilot.
        """
        found = [
            (record == record_id, holder == screener_id, number)
            for number, record, holder in self.traces[self.home[record_id]]
        ]
        return self.rounds[max(found)[-1]] if found else self.main

    def unread(self, cluster: int) -> bool:
        """Tell whether a full text is to be judged that could not be had."""
        return (
            self.stage == Stage.FULL_TEXT
            and self.texts.get(cluster) == Retrieval.NOT_RETRIEVED
        )

    def add(self, record_id: int, part: int, said: Said, row: Row) -> None:
        """Take one more vote, or a vote taken back, into account.

        `row` is the rest of its row of `decision`. It speaks for all records that
        are one report now, as what is said of a report does.
        """
        cluster, screener_id = self.home[record_id], row["screener_id"]
        assert isinstance(screener_id, int)  # noqa: S101 - a column of the row
        number = self.seq(record_id, screener_id)
        told = {"record_id": record_id, "stage": self.stage, "round_id": part}
        words = {"seq": number, "verdict": said[0], "reason": said[1]}
        self.waiting.append({**row, **told, **words})
        self.scopes.append([one for one in self.members[cluster] if one != record_id])
        self.streams.append(sorted(said[2]))
        self.last[record_id, screener_id] = number
        self.newest[record_id, screener_id] = said
        self.traces[cluster].append((part, record_id, None))
        before = self.outcomes[cluster]
        # A vote speaks for all records of its report: the person's others are over.
        votes = [vote for vote in before.votes if vote.screener_id != screener_id]
        if said[0] != WITHDRAWN:
            votes.append(Vote(LATEST, cluster, record_id, screener_id, *said[:2]))
            self._judge(record_id, screener_id)
        need = max(before.need, self.rounds[part].per_record)
        if len(self.traces[cluster]) == 1:
            need = self.rounds[part].per_record
        self.outcomes[cluster] = fold(cluster, self.stage, votes, need=need)

    def _judge(self, record_id: int, screener_id: int) -> None:
        """Note that whoever judges a full text has it, as `screening.decide` does."""
        cluster = self.home[record_id]
        if self.stage != Stage.FULL_TEXT or self.texts.get(cluster) == HAD:
            return
        self.texts[cluster] = HAD
        self.judged.append(
            {
                "record_id": record_id,
                "status": HAD,
                "location": JUDGED,
                "person_id": screener_id,
            }
        )

    def write(self, session: Session) -> None:
        """Store what was added so far."""
        if not self.waiting:
            return
        session.flush()
        session.execute(insert(Decision), self.waiting)
        uids = [row["uid"] for row in self.waiting]
        number: dict[object, int] = {}
        for start in range(0, len(uids), state.CHUNK):
            some = Decision.uid.in_(uids[start : start + state.CHUNK])
            number.update(
                session.execute(select(Decision.uid, Decision.id).where(some)).all()
            )
        scope = [
            {"decision_id": number[uid], "record_id": other}
            for uid, others in zip(uids, self.scopes, strict=True)
            for other in others
        ]
        stream = [
            {"decision_id": number[uid], "stream": name}
            for uid, names in zip(uids, self.streams, strict=True)
            for name in names
        ]
        for table, rows in (
            (DecisionScope, scope),
            (DecisionStream, stream),
            (FulltextEvent, self.judged),
        ):
            if rows:
                session.execute(insert(table), rows)
        self.forget()

    def forget(self) -> None:
        """Let go of what was added and not stored."""
        for rows in (self.waiting, self.scopes, self.streams, self.judged):
            rows.clear()

    def seq(self, record_id: int, screener_id: int) -> int:
        """Return the number of this person's next word on this record."""
        return self.last.get((record_id, screener_id), 0) + 1


def take(session: Session, record_ids: Collection[int], *, stage: str) -> Tally:
    """Lock the reports of these records and return what stands on them at a stage."""
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
            select(ScreeningRound).where(ScreeningRound.stage == stage)
        )
    }
    raw = (
        select(RawRecord.record_id, func.max(RawRecord.id))
        .where(RawRecord.record_id.in_(record_ids))
        .group_by(RawRecord.record_id)
    )
    tally = Tally(
        stage,
        home,
        members,
        state.outcomes(session, stage, clusters),
        defaultdict(list),
        set(),
        rounds,
        quorum.main_round(session, stage),
        dict(session.execute(raw).all()),
        state.retrievals(session, clusters) if stage == Stage.FULL_TEXT else {},
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
        .where(Record.cluster_id.in_(clusters), Decision.stage == tally.stage)
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
        .where(Decision.stage == tally.stage, Decision.record_id.in_(record_ids))
        .order_by(Decision.seq)
    )
    rows = session.scalars(query).all()
    named: dict[int, set[str]] = defaultdict(set)
    # Only inclusions name streams, and few protocols ask for them at this stage.
    streams = (
        select(DecisionStream.decision_id, DecisionStream.stream)
        .join(Decision, Decision.id == DecisionStream.decision_id)
        .where(Decision.stage == tally.stage, Decision.record_id.in_(record_ids))
    )
    for number, stream in session.execute(streams):
        named[number].add(stream)
    aside = set(
        session.scalars(
            select(DecisionSetAside.decision_id)
            .join(Decision, Decision.id == DecisionSetAside.decision_id)
            .where(Decision.stage == tally.stage, Decision.record_id.in_(record_ids))
        )
    )
    for row in rows:
        place = row.record_id, row.screener_id
        tally.last[place] = row.seq
        # What was set aside counts no more, so the same word again is a new one.
        verdict = WITHDRAWN if row.id in aside else row.verdict
        tally.newest[place] = verdict, row.reason, frozenset(named[row.id])
