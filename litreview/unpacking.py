"""What was said in a pack comes back into the review.

Each vote, note and label is stored once, known by its `uid`, a vote on the payload,
the protocol and the report that the screener saw. What has changed in the review
meanwhile changes no vote; it is told. Whoever said something later, here or in
another pack, is taken at their later word, so that packs may come back in any order.

Votes are stored some hundreds of records at a time (`tally`), with the same answers
as one by one; what is unusual about a record goes the way that all votes go.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from litreview import lookup, packs, packvotes, state
from litreview.annotations import require_writer
from litreview.errors import (
    NotAllowedError,
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
    RecordAnnotation,
    ScreeningRound,
)
from litreview.packfile import Manifest, Noted, Pack, Said
from litreview.packvotes import Back, Brought
from litreview.vocabulary import Annotation, Role, Stage
from litreview.wording import choice, phrase


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
    one = Brought(
        session,
        pack,
        screener,
        by,
        protocol,
        lookup.parsed_criteria(protocol),
        together(pack),
    )
    there = _there(session, said)
    back.already_there = sum(map(len, there.values()))
    new = {
        record_id: fresh
        for record_id, votes in said.items()
        if (fresh := [vote for vote in votes if vote.uid not in there[record_id]])
    }
    uids = {record: {vote.uid for vote in votes} for record, votes in said.items()}
    packvotes.bring(one, new, uids, back)
    _bring_words(one, back)
    _look_again(session, pack, screener, said, back)
    return back


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
    if _made_here(session, told) is None and by.role != Role.LEAD:
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


def _made_here(session: Session, told: Manifest) -> datetime | None:
    """Return when this review made the pack; None if it remembers nothing of it."""
    query = select(AuditEvent.detail, AuditEvent.at).where(
        AuditEvent.kind == packs.EVENT, AuditEvent.subject == told.screener
    )
    return next(
        (
            at
            for detail, at in session.execute(query)
            if isinstance(detail, dict) and detail.get("sha256") == told.sha256
        ),
        None,
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


# -- notes and labels ------------------------------------------------------------------


def _bring_words(one: Brought, back: Back) -> None:
    """Store the notes and labels of a pack, each once, unless a later word stands."""
    session, person, pack = one.session, one.screener, one.pack
    stored: dict[str, tuple[int, str, datetime]] = {}
    for some in packs.chunks({word.record_id for word in pack.noted}):
        query = select(RecordAnnotation).where(
            RecordAnnotation.person_id == person.id,
            RecordAnnotation.record_id.in_(some),
        )
        for old in session.scalars(query):
            stored[old.uid] = old.record_id, old.text, old.at
    new = [word for word in pack.noted if word.uid not in stored]
    if not new:
        return
    require_writer(person)
    ours = {word.uid for word in pack.noted}
    latest: dict[tuple[int, str], datetime] = {}
    for uid, (record_id, text, at) in stored.items():
        if uid not in ours:
            key = record_id, text
            latest[key] = max(at, latest.get(key, at))
    made = _made_here(session, pack.manifest)
    rows = [
        row
        for word in new
        if (row := _word(one, word, latest.get((word.record_id, word.text)), made))
    ]
    if rows:
        session.execute(insert(RecordAnnotation), rows)
    back.notes = len(rows)


def _word(
    one: Brought, word: Noted, latest: datetime | None, made: datetime | None
) -> dict[str, object] | None:
    """Return the row of a note or label; None for a label that was changed later."""
    kind = choice(Annotation, word.kind, "kind of note")
    if kind != Annotation.NOTE and latest is not None and latest > word.at:
        return None
    at = word.at
    if made is not None and one.pack.manifest.stage == Stage.FULL_TEXT:
        # A clock that is slow must not make it one of title and abstract.
        at = max(at, made)
    return {
        "uid": word.uid,
        "record_id": word.record_id,
        "kind": kind,
        "text": phrase(word.text, "note"),
        "person_id": one.screener.id,
        "at": at,
    }


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
