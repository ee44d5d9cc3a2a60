"""Records whose votes rest on past criteria, given back to be screened again.

Reopening sets the outdated votes of a report aside: they stay in the history and
stop counting, so the report waits again, PRISMA moves it back, and a resolution that
rested on them no longer holds. Where titles are reopened, votes on the full text are
suspended until the report is included again. Each report goes back to the people who
voted, as far as they are there; `rounds.assign` finds others for the rest. Nothing
brings the old votes back: whoever still means the same votes again.

Reports are never chosen by votes that the lead may not see: a reason is looked for
only where a report has all the votes that it needs.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from sqlalchemy import func, insert, select
from sqlalchemy.orm import Session

from litreview import lookup, membership, outdated, rounds, state, waiting
from litreview.declarative import now
from litreview.errors import LitreviewError, NotFoundError, UsageError
from litreview.models import (
    Assignment,
    AuditEvent,
    DecisionSetAside,
    Person,
    Record,
    ScreeningRound,
)
from litreview.outcome import Vote
from litreview.vocabulary import Verdict
from litreview.wording import phrase

Cast = dict[int, list[tuple[Vote, int]]]


@dataclass(frozen=True)
class Wish:
    """What a lead wants reopened at a stage: exactly one of the three.

    `since` is a version of the protocol: votes cast under it or a later one. `reason`
    is the reason of an exclusion. `record_ids` are records.
    """

    stage: str
    since: int | None = None
    reason: str = ""
    record_ids: tuple[int, ...] = ()


@dataclass(frozen=True)
class Reopened:
    """What was reopened: reports, the number of votes, and who has them again.

    `others` is the number of votes that wait for somebody else to be asked. `unseen`
    is the number of reports with outdated votes into which a reason was not looked
    for, since they still wait for votes.
    """

    stage: str
    records: tuple[int, ...]
    votes: int
    handed: dict[str, int]
    others: int
    unseen: int = 0


def reopen(session: Session, wish: Wish, *, why: str, by: Person) -> Reopened:
    """Set the outdated votes on some reports aside and give the reports back.

    For a lead. Raises `UsageError` for no or more than one selection, and
    `LitreviewError` where no vote of it is outdated.
    """
    rounds.require_lead(by)
    why = phrase(why, "reason")
    _refuse_vague(wish)
    rounds.take_turn(session, wish.stage)
    known = outdated.versions(session)
    wanted = _chosen(session, wish, known)
    ids = sorted(wanted)
    for start in range(0, len(ids), state.CHUNK):
        state.lock_clusters(session, ids[start : start + state.CHUNK])
    # Somebody may have voted while we waited.
    found = _chosen(session, wish, known, ids)
    if not found:
        _refuse_nothing(wish, known)
    gone = [vote for cast in found.values() for vote, _version in cast]
    _set_aside(session, wish.stage, gone, why, by)
    handed = _give_back(session, wish.stage, found, by)
    unseen = len(_unseen(session, wish, known)) if wish.reason else 0
    return Reopened(
        wish.stage,
        tuple(sorted(found)),
        len(gone),
        dict(sorted(handed.items())),
        len(gone) - sum(handed.values()),
        unseen,
    )


def _refuse_vague(wish: Wish) -> None:
    given = [wish.since is not None, bool(wish.reason), bool(wish.record_ids)]
    if sum(given) != 1:
        raise UsageError(
            "say what is to be reopened, in one way",
            fix="give record ids, --since VERSION or --reason KEY; "
            "`litreview screen outdated` lists what there is",
        )


def _chosen(
    session: Session,
    wish: Wish,
    known: Collection[outdated.Version],
    clusters: Collection[int] | None = None,
) -> Cast:
    """Return the reports that are wanted, with their outdated votes."""
    if wish.record_ids:
        homes = {lookup.record(session, n).cluster_id for n in wish.record_ids}
        return outdated.votes(session, wish.stage, known, homes)
    found = outdated.votes(session, wish.stage, known, clusters)
    if wish.since is not None:
        _require_version(known, wish.since)
        since = wish.since
        late = {
            cluster: [(vote, version) for vote, version in cast if version >= since]
            for cluster, cast in found.items()
        }
        return {cluster: cast for cluster, cast in late.items() if cast}
    outcomes = state.outcomes(session, wish.stage, found)
    return {
        cluster: cast
        for cluster, cast in found.items()
        if outcomes[cluster].complete and _gave(cast, wish.reason)
    }


def _gave(cast: Collection[tuple[Vote, int]], reason: str) -> bool:
    return any(
        vote.verdict == Verdict.EXCLUDE and vote.reason == reason
        for vote, _version in cast
    )


def _require_version(known: Collection[outdated.Version], number: int) -> None:
    ids = [version.id for version in known]
    if number not in ids:
        raise NotFoundError(
            f"there is no version {number} of the protocol",
            why=f"the versions are: {', '.join(map(str, ids))}",
            fix="`litreview screen outdated` says what each of them changed",
        )


def _refuse_nothing(wish: Wish, known: Collection[outdated.Version]) -> None:
    if not outdated.past(known, wish.stage):
        why = f"the criteria for {wish.stage} are those of every earlier version"
    elif wish.reason:
        why = (
            f"no finished record has an outdated vote that excludes for {wish.reason!r}"
        )
    else:
        why = "no vote that counts there was cast under criteria that have changed"
    raise LitreviewError(
        f"nothing is to be reopened at {wish.stage}",
        why=why,
        fix="`litreview screen outdated` lists what could be; a vote of one's own is "
        "taken back with `litreview screen withdraw`",
    )


def _unseen(
    session: Session, wish: Wish, known: Collection[outdated.Version]
) -> list[int]:
    found = outdated.votes(session, wish.stage, known)
    outcomes = state.outcomes(session, wish.stage, found)
    return [cluster for cluster in found if not outcomes[cluster].complete]


def _set_aside(
    session: Session, stage: str, gone: Collection[Vote], why: str, by: Person
) -> None:
    """Set votes aside, with one event for each of their records for its log."""
    moment = now()
    session.execute(
        insert(DecisionSetAside),
        [
            {"decision_id": vote.id, "person_id": by.id, "why": why, "at": moment}
            for vote in gone
        ],
    )
    session.execute(
        insert(AuditEvent),
        [
            {
                "kind": state.REOPENED,
                "subject": f"record {record_id}",
                "detail": {"stage": stage, "why": why},
                "person_id": by.id,
                "at": moment,
            }
            for record_id in sorted({vote.record_id for vote in gone})
        ],
    )


# -- handing out again -----------------------------------------------------------------


def _give_back(session: Session, stage: str, found: Cast, by: Person) -> Counter[str]:
    """Give each report back to those whose votes were set aside; count by handle.

    Whoever still has it in hand keeps it. Who is paused or has left gives it back.
    """
    people = {person.id: person for person in session.scalars(select(Person))}
    able = {
        number
        for number, person in people.items()
        if waiting.can_vote(person) and not person.paused
    }
    voters = {c: {vote.screener_id for vote, _ in cast} for c, cast in found.items()}
    idle = {n for held in voters.values() for n in held} - able
    membership.release(session, idle, clusters=voters)
    holders = _holders(session, stage, voters)
    cast = state.votes(session, stage, voters)
    places = membership.places(session, stage)
    number = dict(
        session.execute(select(ScreeningRound.id, ScreeningRound.per_record)).all()
    )
    in_hand = _in_hand(session, stage)
    handed: Counter[str] = Counter()
    for cluster, theirs in voters.items():
        round_id, record_id = places[cluster]
        for person_id in sorted(theirs & able):
            mine = holders[cluster]
            if person_id not in mine:
                busy = mine | {vote.screener_id for vote in cast.get(cluster, [])}
                full = in_hand[record_id, round_id] >= number[round_id]
                if full or len(busy) >= number[round_id]:
                    continue
                session.add(
                    Assignment(
                        round_id=round_id,
                        record_id=record_id,
                        person_id=person_id,
                        assigned_by=by.id,
                    )
                )
                mine.add(person_id)
                in_hand[record_id, round_id] += 1
            handed[people[person_id].handle] += 1
    session.flush()
    return handed


def _holders(
    session: Session, stage: str, clusters: Mapping[int, object]
) -> dict[int, set[int]]:
    """Return cluster -> who has it in hand in a round that counts."""
    query = (
        select(Record.cluster_id, Assignment.person_id)
        .join(Assignment, Assignment.record_id == Record.id)
        .join(ScreeningRound, ScreeningRound.id == Assignment.round_id)
        .where(
            ScreeningRound.stage == stage,
            ScreeningRound.counts,
            Assignment.released_at.is_(None),
        )
    )
    found: dict[int, set[int]] = defaultdict(set)
    for cluster, person_id in session.execute(query):
        if cluster in clusters:
            found[cluster].add(person_id)
    return found


def _in_hand(session: Session, stage: str) -> Counter[tuple[int, int]]:
    """Return (record, round) -> in how many hands it is."""
    query = (
        select(Assignment.record_id, Assignment.round_id, func.count())
        .join(ScreeningRound, ScreeningRound.id == Assignment.round_id)
        .where(ScreeningRound.stage == stage, Assignment.released_at.is_(None))
        .group_by(Assignment.record_id, Assignment.round_id)
    )
    return Counter({(record, part): n for record, part, n in session.execute(query)})
