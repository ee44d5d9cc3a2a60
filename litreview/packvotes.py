"""The votes of a pack, stored many at once or one by one, with the same answers.

Where a report is as the pack showed it and nothing speaks against its votes, they are
counted on from what was asked for hundreds of records together (`tally`). What is
unusual (a pilot, a report merged or split since, a vote that will be refused) goes
the way that all votes go, a record at a time: all of it or nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from litreview import lookup, membership, screening, state, tally
from litreview.errors import LitreviewError, NotAllowedError, NotFoundError
from litreview.models import Decision, Person, ProtocolVersion, Record, ScreeningRound
from litreview.packfile import Pack, Said
from litreview.protocol import Criteria, refuse_answer
from litreview.tally import Tally
from litreview.vocabulary import WITHDRAWN, Origin
from litreview.wording import phrase

SLICE = 500  # records that are looked up together


@dataclass
class Back:
    """What came of a pack: counts, and the ids of records of which more is to say.

    `later` are those on which the screener said something later elsewhere, and that
    stands; `changed` have another payload by now, `regrouped` are in another report,
    `elsewhere` are no longer handed to this person: their votes are stored as cast.
    `waiting` says why votes cannot be stored now; the pack can be brought back again.
    `notes` counts notes and labels that were stored.
    """

    screener: str
    stage: str
    stored: int = 0
    already_there: int = 0
    notes: int = 0
    later: list[int] = field(default_factory=list)
    changed: list[int] = field(default_factory=list)
    regrouped: list[int] = field(default_factory=list)
    elsewhere: list[int] = field(default_factory=list)
    old_protocol: bool = False
    waiting: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Brought:
    """A pack on its way in: whose, by whom, and the protocol that it was made with.

    `together` is cluster id -> the records of the report as the pack showed it.
    """

    session: Session
    pack: Pack
    screener: Person
    by: Person
    protocol: ProtocolVersion
    criteria: Criteria
    together: Mapping[int, set[int]]


def bring(
    one: Brought,
    new: Mapping[int, list[Said]],
    uids: Mapping[int, set[str]],
    back: Back,
) -> None:
    """Store what was said of each record and is not stored yet.

    `uids` are those of all that the pack says of a record, stored or not.
    """
    ids = list(new)
    for start in range(0, len(ids), SLICE):
        some = {record_id: new[record_id] for record_id in ids[start : start + SLICE]}
        _bring_some(one, some, uids, back)


# -- many at once ----------------------------------------------------------------------


@dataclass(frozen=True)
class _Slice:
    """What stands on some records, and what the person said of their reports here.

    `spoken` has uid and time of each word by cluster; `slow` are the clusters on
    which something was stored by itself, so that the tally no longer knows them.
    """

    tally: Tally
    spoken: dict[int, list[tuple[str, datetime]]]
    slow: set[int]


def _bring_some(
    one: Brought,
    new: Mapping[int, list[Said]],
    uids: Mapping[int, set[str]],
    back: Back,
) -> None:
    """Store what was said of some records, together where nothing is unusual."""
    found = tally.take(one.session, new, stage=one.pack.manifest.stage)
    here = _Slice(found, _spoken(one, found), set())
    for record_id, votes in new.items():
        if not _add(one, here, votes, uids[record_id], back):
            found.write(one.session)
            _bring_one(one, votes, uids[record_id], back)
            here.slow.add(found.home[record_id])
    found.write(one.session)


def _spoken(one: Brought, found: Tally) -> dict[int, list[tuple[str, datetime]]]:
    query = (
        select(Record.cluster_id, Decision.uid, Decision.at)
        .join(Record, Record.id == Decision.record_id)
        .join(ScreeningRound, ScreeningRound.id == Decision.round_id)
        .where(
            Record.cluster_id.in_(list(found.members)),
            Decision.stage == found.stage,
            Decision.screener_id == one.screener.id,
            ScreeningRound.counts,
        )
    )
    told: dict[int, list[tuple[str, datetime]]] = defaultdict(list)
    for cluster, uid, at in one.session.execute(query):
        told[cluster].append((uid, at))
    return told


def _add(
    one: Brought, here: _Slice, votes: list[Said], uids: set[str], back: Back
) -> bool:
    """Take one record's votes into account; False for what is stored by itself."""
    record_id = votes[0].record_id
    cluster = here.tally.home[record_id]
    part = here.tally.rounds.get(votes[0].round_id)
    if part is None or not part.counts or not _is_usual(one, here, record_id, votes):
        return False
    elsewhere = [at for uid, at in here.spoken[cluster] if uid not in uids]
    if elsewhere and max(elsewhere) > max(vote.at for vote in votes):
        back.later.append(record_id)
        return True
    screening.require_voter(one.screener)
    outcome = here.tally.outcomes[cluster]
    informed = outcome.complete and one.screener.id in outcome.voters
    for vote in votes:
        taken_back = vote.verdict == WITHDRAWN
        row: tally.Row = {
            "uid": vote.uid,
            "screener_id": one.screener.id,
            "recorder_id": one.by.id,
            "note": "" if taken_back else phrase(vote.note, "note", required=False),
            "origin": Origin.FILE,
            "informed": informed,
            "raw_id": vote.raw_id,
            "protocol_id": one.protocol.id,
            "pair_decision_id": one.pack.manifest.pair_decision_id,
            "at": vote.at,
        }
        streams = frozenset() if taken_back else frozenset(vote.streams)
        reason = "" if taken_back else vote.reason
        here.tally.add(record_id, part.id, (vote.verdict, reason, streams), row)
        here.spoken[cluster].append((vote.uid, vote.at))
    back.stored += len(votes)
    return True


def _is_usual(
    one: Brought, here: _Slice, record_id: int, votes: Sequence[Said]
) -> bool:
    """Tell whether a report is as the pack showed it, and the votes can be stored."""
    cluster = here.tally.home[record_id]
    shown = one.together[one.pack.reports[record_id]]
    if (
        cluster in here.slow
        or cluster in here.tally.piloted
        or cluster not in here.tally.outcomes
        or set(here.tally.members[cluster]) != shown
        or here.tally.unread(cluster)
    ):
        return False
    try:
        for vote in votes:
            if vote.verdict != WITHDRAWN:
                phrase(vote.note, "note", required=False)
                refuse_answer(
                    one.criteria,
                    stage=one.pack.manifest.stage,
                    verdict=vote.verdict,
                    reason=vote.reason,
                    streams=vote.streams,
                )
    except LitreviewError:
        return False  # the other way says what is wrong
    return True


# -- one by one ------------------------------------------------------------------------


def _bring_one(one: Brought, new: list[Said], uids: set[str], back: Back) -> None:
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


def _store(one: Brought, vote: Said, seen: screening.Seen) -> None:
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


def _part(one: Brought, vote: Said) -> ScreeningRound:
    part = one.session.get(ScreeningRound, vote.round_id)
    if part is None or part.stage != one.pack.manifest.stage:
        raise NotFoundError(
            "the review does not have the round of this vote",
            fix="use an undamaged copy of the pack",
        )
    return part


def _newest_elsewhere(
    one: Brought, record_id: int, part: ScreeningRound, uids: set[str]
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


def _informed(one: Brought, record_id: int, part: ScreeningRound) -> bool:
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
