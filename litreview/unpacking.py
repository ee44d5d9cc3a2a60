"""What was said in a pack comes back into the review.

Each vote is stored once, known by its `uid`, on the payload, the protocol and the
report that the screener saw. What has changed in the review meanwhile changes no
vote; it is told. Whoever said something later, here or in another pack, is taken at
their later word, so that packs may come back in any order.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from litreview import lookup, membership, packs, screening, state
from litreview.errors import (
    LitreviewError,
    NotAllowedError,
    NotFoundError,
    UsageError,
)
from litreview.models import (
    Assignment,
    AuditEvent,
    Decision,
    Person,
    ProtocolVersion,
    RawRecord,
    Record,
    ScreeningRound,
)
from litreview.packfile import Manifest, Pack, Said
from litreview.vocabulary import WITHDRAWN, Origin, Role


@dataclass
class Back:
    """What came of a pack: counts, and the ids of records of which more is to say.

    `later` are those on which the screener said something later elsewhere, and that
    stands; `changed` have another payload by now, `regrouped` are in another report,
    `elsewhere` are no longer handed to this person: their votes are stored as cast.
    `waiting` says why votes cannot be stored now; the pack can be brought back again.
    """

    screener: str
    stage: str
    stored: int = 0
    already_there: int = 0
    later: list[int] = field(default_factory=list)
    changed: list[int] = field(default_factory=list)
    regrouped: list[int] = field(default_factory=list)
    elsewhere: list[int] = field(default_factory=list)
    old_protocol: bool = False
    waiting: list[str] = field(default_factory=list)


def bring_back(session: Session, pack: Pack, *, by: Person) -> Back:
    """Store what was said in a pack, each vote once; tell what changed meanwhile.

    For the screener themself or a lead. Raises `NotAllowedError` otherwise,
    `UsageError` for a pack of another review or one that this review did not make.
    """
    told = pack.manifest
    screener = lookup.person(session, told.screener)
    packs.require_own(by, screener)
    protocol = _require_ours(session, pack, by)
    back = Back(told.screener, told.stage)
    back.old_protocol = lookup.protocol(session).id != protocol.id
    said: dict[int, list[Said]] = defaultdict(list)
    for vote in pack.said:
        said[vote.record_id].append(vote)
    state.lock_clusters(session, said)
    one = _Brought(session, pack, screener, by, protocol, together(pack))
    there = _there(session, said)
    for record_id, votes in said.items():
        new = [vote for vote in votes if vote.uid not in there[record_id]]
        back.already_there += len(votes) - len(new)
        if new:
            _bring_one(one, new, {vote.uid for vote in votes}, back)
    _look_again(session, pack, screener, said, back)
    return back


@dataclass(frozen=True)
class _Brought:
    session: Session
    pack: Pack
    screener: Person
    by: Person
    protocol: ProtocolVersion
    together: Mapping[int, set[int]]


def together(pack: Pack) -> dict[int, set[int]]:
    """Return cluster id -> the records of the report as the pack showed it."""
    found: dict[int, set[int]] = defaultdict(set)
    for number, cluster in pack.reports.items():
        found[cluster].add(number)
    return found


def _require_ours(session: Session, pack: Pack, by: Person) -> ProtocolVersion:
    """Refuse a pack of another review; return the protocol that it was made with."""
    told = pack.manifest
    protocol = session.scalar(
        select(ProtocolVersion)
        .where(ProtocolVersion.sha256 == told.protocol)
        .order_by(ProtocolVersion.id.desc())
        .limit(1)
    )
    if (
        protocol is None
        or told.review != packs.review_hash(session)
        or not _same_records(session, pack)
    ):
        raise UsageError(
            "this pack is of another review",
            why="its protocol or its records are not those of this database",
            fix="give -w DIR or --database URL of the review that it was made in",
        )
    if not _was_made_here(session, told) and by.role != Role.LEAD:
        raise NotAllowedError(
            "this review does not remember making this pack",
            why="its database was put back as it was before, or the pack altered",
            fix="a lead may bring it back",
        )
    return protocol


def _same_records(session: Session, pack: Pack) -> bool:
    found: dict[int, tuple[str, str, str]] = {}
    for some in packs.chunks(pack.names):
        query = select(Record.id, Record.source, Record.scope, Record.source_id)
        for number, *name in session.execute(query.where(Record.id.in_(some))):
            found[number] = (name[0], name[1], name[2])
    return found == dict(pack.names)


def _was_made_here(session: Session, told: Manifest) -> bool:
    query = select(AuditEvent.detail).where(
        AuditEvent.kind == packs.EVENT, AuditEvent.subject == told.screener
    )
    return any(
        isinstance(detail, dict) and detail.get("sha256") == told.sha256
        for detail in session.scalars(query)
    )


def _there(session: Session, said: Mapping[int, list[Said]]) -> dict[int, set[str]]:
    """Return record id -> the uids of the pack's votes that are stored already."""
    found: dict[int, set[str]] = defaultdict(set)
    record_of = {vote.uid: record for record, votes in said.items() for vote in votes}
    uids = sorted(record_of)
    for at in range(0, len(uids), packs.CHUNK):
        some = uids[at : at + packs.CHUNK]
        query = select(Decision.uid).where(Decision.uid.in_(some))
        for uid in session.scalars(query):
            found[record_of[uid]].add(uid)
    return found


def _bring_one(one: _Brought, new: list[Said], uids: set[str], back: Back) -> None:
    """Store what was said of one record, unless a later word of the person stands."""
    record_id = new[0].record_id
    try:
        part = _part(one, new[0])
        newest = _newest_elsewhere(one, record_id, part, uids)
        if newest is not None and newest > max(vote.at for vote in new):
            back.later.append(record_id)
            return
        seen = screening.Seen(
            part.id,
            one.protocol.id,
            None,
            one.pack.manifest.pair_decision_id,
            tuple(one.together[one.pack.reports[record_id]] - {record_id}),
            _informed(one, record_id, part),
        )
        # All of a record or nothing of it: the pack can be brought back again.
        with one.session.begin_nested():
            for vote in new:
                _store(one, vote, replace(seen, raw_id=vote.raw_id))
    except NotAllowedError:
        raise
    except LitreviewError as error:
        where = f"record {record_id}"
        told = error.what if where in error.what else f"{where}: {error.what}"
        back.waiting.append(told)
        return
    back.stored += len(new)


def _store(one: _Brought, vote: Said, seen: screening.Seen) -> None:
    ballot = screening.Ballot(
        vote.record_id,
        one.pack.manifest.stage,
        vote.verdict,
        vote.reason,
        vote.streams,
        vote.note,
        uid=vote.uid,
        at=vote.at,
        seen=seen,
    )
    if vote.verdict == WITHDRAWN:
        screening.take_back(one.session, ballot, screener=one.screener, recorder=one.by)
    else:
        screening.decide(
            one.session,
            ballot,
            screener=one.screener,
            recorder=one.by,
            origin=Origin.FILE,
        )


def _part(one: _Brought, vote: Said) -> ScreeningRound:
    part = one.session.get(ScreeningRound, vote.round_id)
    if part is None or part.stage != one.pack.manifest.stage:
        raise NotFoundError(
            "the review does not have the round of this vote",
            fix="use an undamaged copy of the pack",
        )
    return part


def _newest_elsewhere(
    one: _Brought, record_id: int, part: ScreeningRound, uids: set[str]
) -> datetime | None:
    """Return when the person last said something of the report outside this pack.

    In rounds that count, or in pilots, as the vote does.
    """
    home = lookup.record(one.session, record_id).cluster_id
    query = (
        select(Decision.uid, Decision.at)
        .join(Record, Record.id == Decision.record_id)
        .join(ScreeningRound, ScreeningRound.id == Decision.round_id)
        .where(
            Record.cluster_id == home,
            Decision.stage == part.stage,
            Decision.screener_id == one.screener.id,
            ScreeningRound.counts.is_(part.counts),
        )
    )
    said = one.session.execute(query).all()
    return max((at for uid, at in said if uid not in uids), default=None)


def _informed(one: _Brought, record_id: int, part: ScreeningRound) -> bool:
    """Tell whether the person could see the others' votes when they spoke.

    That is so where the report was complete with their own vote among them, or the
    votes of a pilot on it were open.
    """
    home = lookup.record(one.session, record_id).cluster_id
    if membership.pilot_complete(one.session, part.stage, home):
        return True
    outcome = state.outcome(one.session, part.stage, home)
    return (
        outcome is not None and outcome.complete and one.screener.id in outcome.voters
    )


def _look_again(
    session: Session,
    pack: Pack,
    screener: Person,
    said: Iterable[int],
    back: Back,
) -> None:
    """Tell of what has changed here since the pack was made."""
    ids = sorted(said)
    home = packs.homes(session, ids)
    now: dict[int, set[int]] = defaultdict(set)
    newest: dict[int, int] = {}
    for some in packs.chunks(set(home.values())):
        query = select(Record.id, Record.cluster_id).where(Record.cluster_id.in_(some))
        for number, cluster in session.execute(query):
            now[cluster].add(number)
    for some in packs.chunks(ids):
        raw = select(RawRecord.record_id, func.max(RawRecord.id))
        raw = raw.where(RawRecord.record_id.in_(some)).group_by(RawRecord.record_id)
        newest.update(session.execute(raw).all())
    cast_on = {vote.record_id: vote.raw_id for vote in pack.said}
    shown = together(pack)
    back.regrouped = [n for n in ids if now[home[n]] != shown[pack.reports[n]]]
    back.changed = [n for n in ids if newest.get(n) != cast_on[n]]
    holding = (
        select(Record.cluster_id)
        .join(Assignment, Assignment.record_id == Record.id)
        .join(ScreeningRound, ScreeningRound.id == Assignment.round_id)
        .where(
            Assignment.person_id == screener.id,
            Assignment.released_at.is_(None),
            ScreeningRound.stage == pack.manifest.stage,
        )
    )
    held = set(session.scalars(holding))
    back.elsewhere = [number for number in ids if home[number] not in held]
