"""Does what is stored keep the model's promises? One named check for each.

The checks read only, in one snapshot, and say in words what breaks a promise. They
do not trust the queries they guard: votes are counted again from the plain history,
clusters from all verdicts, hashes from the stored bytes.
"""

from __future__ import annotations

import hashlib
import zlib
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from litreview import db, flow, lookup, pairs, prisma, quorum, state, trace
from litreview.migrations import triggers
from litreview.models import (
    Assignment,
    CodebookVersion,
    Decision,
    DecisionScope,
    DecisionSetAside,
    Hit,
    Person,
    ProtocolVersion,
    RawRecord,
    Record,
    Resolution,
    ResolutionBasis,
    ResolutionPerson,
    ScreeningRound,
)
from litreview.outcome import side
from litreview.synthesis import CodeApplication
from litreview.vocabulary import (
    WITHDRAWN,
    PairVerdict,
    ResolutionKind,
    RoundKind,
    Stage,
    Verdict,
)

Check = Callable[[Session], Iterator[str]]

# How many violations of one promise are told one by one.
SHOWN = 20
# Payloads are read in slices of this many, so that memory stays small.
SLICE = 2_000


def run(session: Session) -> dict[str, list[str]]:
    """Return check name -> what breaks it; an empty list means that it holds."""
    found = {}
    for name, check in CHECKS.items():
        try:
            problems = list(check(session))
        except LookupError as error:
            problems = [f"this cannot be checked: {error} is missing"]
        more = len(problems) - SHOWN
        found[name] = problems[:SHOWN] + ([f"... and {more} more"] if more > 0 else [])
    return found


def _sound(session: Session) -> Iterator[str]:
    yield from db.is_sound(session)


def _attributed(session: Session) -> Iterator[str]:
    people = set(session.scalars(select(Person.id)))
    query = select(Decision.id, Decision.screener_id, Decision.recorder_id)
    for number, screener, recorder in session.execute(query):
        if screener not in people or recorder not in people:
            yield f"vote {number} has no known screener or recorder"


def _history(session: Session) -> Iterator[str]:
    connection = session.connection()
    missing = set(triggers.wanted(connection.dialect.name)) - triggers.present(
        connection
    )
    for name in sorted(missing):
        yield f"the trigger {name} is missing: history could be rewritten"
    query = (
        select(
            Decision.record_id,
            Decision.stage,
            Decision.screener_id,
            func.min(Decision.seq),
            func.max(Decision.seq),
            func.count(),
        )
        .group_by(Decision.record_id, Decision.stage, Decision.screener_id)
        .having(
            (func.min(Decision.seq) != 1) | (func.max(Decision.seq) != func.count())
        )
    )
    for record, stage, screener, low, high, count in session.execute(query):
        yield (
            f"record {record}, {stage}, screener {screener}: {count} votes are "
            f"numbered {low} to {high}"
        )


def _one_vote(session: Session) -> Iterator[str]:
    """Find second live votes; one is fine only where it was cast before a merge."""
    for stage in Stage:
        for cluster, cast in state.votes(session, stage).items():
            by_person = defaultdict(list)
            for vote in cast:
                by_person[vote.screener_id].append(vote)
            for screener, several in by_person.items():
                newest = max(several, key=lambda vote: vote.id)
                for older in several:
                    if older != newest and _were_together(
                        session, newest.id, older.record_id
                    ):
                        yield (
                            f"cluster {cluster}, {stage}: screener {screener} has the "
                            f"live votes {older.id} and {newest.id}"
                        )


def _were_together(session: Session, decision_id: int, record_id: int) -> bool:
    decision = session.get_one(Decision, decision_id)
    if decision.record_id == record_id:
        return True
    if decision.pair_decision_id is None:
        return False
    verdicts = pairs.rulings(session, until=decision.pair_decision_id)
    ids = list(session.scalars(select(Record.id)))
    place = pairs.clusters(ids, verdicts).of
    return place[decision.record_id] == place[record_id]


def _enough_votes(session: Session) -> Iterator[str]:
    """Count the voters of what is settled again, from the plain history."""
    asked = _asked(session)
    aside = set(session.scalars(select(DecisionSetAside.decision_id)))
    home = dict(session.execute(select(Record.id, Record.cluster_id)).all())
    for stage in Stage:
        newest: dict[tuple[int, int], Decision] = {}
        query = select(Decision).where(Decision.stage == stage).order_by(Decision.seq)
        for vote in session.scalars(query):
            if vote.round_id in asked:
                newest[vote.record_id, vote.screener_id] = vote
        voters: dict[int, set[int]] = defaultdict(set)
        need: dict[int, int] = defaultdict(int)
        for vote in newest.values():
            cluster = home[vote.record_id]
            need[cluster] = max(need[cluster], asked[vote.round_id])
            if vote.verdict != WITHDRAWN and vote.id not in aside:
                voters[cluster].add(vote.screener_id)
        for cluster, outcome in state.outcomes(session, stage).items():
            if outcome.complete and len(voters[cluster]) < need[cluster]:
                yield (
                    f"record {cluster}, {stage}: settled with {len(voters[cluster])} "
                    f"of {need[cluster]} voters"
                )
    yield from _hasty_resolutions(session, asked)


def _asked(session: Session) -> dict[int, int]:
    """Return round id -> the votes that each of its records needs at least.

    Of an overlap it is the number below which nobody who leaves can bring it.
    """
    rounds = list(session.scalars(select(ScreeningRound).where(ScreeningRound.counts)))
    by_stage = {stage: [r for r in rounds if r.stage == stage] for stage in Stage}
    return {
        part.id: min(part.per_record, quorum.least(part, by_stage[Stage(part.stage)]))
        if part.kind == RoundKind.OVERLAP
        else part.per_record
        for part in rounds
    }


def _hasty_resolutions(session: Session, asked: Mapping[int, int]) -> Iterator[str]:
    """Find resolutions of fewer voters than each of their rounds asks for."""
    for number, votes in _bases(session).items():
        voters = {vote.screener_id for vote in votes}
        need = min(asked.get(vote.round_id, 0) for vote in votes)
        if len(voters) < need:
            yield f"resolution {number} settled {len(voters)} of {need} votes"


def _bases(session: Session) -> dict[int, list[Decision]]:
    """Return resolution id -> the votes that it saw."""
    query = select(ResolutionBasis.resolution_id, Decision).join(
        Decision, Decision.id == ResolutionBasis.decision_id
    )
    basis = defaultdict(list)
    for number, vote in session.execute(query):
        basis[number].append(vote)
    return basis


def _settled_rightly(session: Session) -> Iterator[str]:
    basis = _bases(session)
    people = defaultdict(set)
    for row in session.scalars(select(ResolutionPerson)):
        people[row.resolution_id].add(row.person_id)
    for resolution in session.scalars(select(Resolution)):
        votes = basis.get(resolution.id, [])
        sides = {side(vote.stage, vote.verdict, vote.reason) for vote in votes}
        if len(sides) < 2:
            yield f"resolution {resolution.id} settled votes that did not differ"
        voters = {vote.screener_id for vote in votes}
        named = people[resolution.id]
        if resolution.kind == ResolutionKind.ARBITRATION and named & voters:
            yield f"resolution {resolution.id} was arbitrated by one of the voters"
        if resolution.kind == ResolutionKind.CONSENSUS and named != voters:
            yield f"resolution {resolution.id} is a consensus of other people"


def _stage_order(session: Session) -> Iterator[str]:
    """Find full-text votes on what nobody had included on title and abstract.

    What was one report when the vote was cast is told by the vote's own scope:
    merges and splits since then change nothing.
    """
    first: dict[int, int] = {}
    early = select(Decision.id, Decision.record_id).where(
        Decision.stage == Stage.TITLE_ABSTRACT,
        Decision.verdict.in_([Verdict.INCLUDE, Verdict.MAYBE]),
    )
    for number, record in session.execute(early):
        first[record] = min(number, first.get(record, number))
    spoken_for = defaultdict(set)
    scope = select(DecisionScope.decision_id, DecisionScope.record_id)
    for number, record in session.execute(scope):
        spoken_for[number].add(record)
    late = select(Decision).where(
        Decision.stage == Stage.FULL_TEXT, Decision.verdict != WITHDRAWN
    )
    for vote in session.scalars(late):
        together = {vote.record_id, *spoken_for[vote.id]}
        if not any(first.get(record, vote.id) < vote.id for record in together):
            yield f"vote {vote.id} on full text came before any inclusion of its record"
        if vote.verdict == Verdict.EXCLUDE and not vote.reason:
            protocol = session.get(ProtocolVersion, vote.protocol_id)
            if protocol is not None and _reason_required(protocol):
                yield f"vote {vote.id} excludes on full text without a reason"


def _reason_required(version: ProtocolVersion) -> bool:
    return lookup.parsed_criteria(version).rules(Stage.FULL_TEXT).reason_required


def _prisma_adds_up(session: Session) -> Iterator[str]:
    for violation in prisma.check(flow.flow(session)):
        yield violation.text


def _clusters(session: Session) -> Iterator[str]:
    verdicts = pairs.rulings(session)
    stored = dict(session.execute(select(Record.id, Record.cluster_id)).all())
    wanted = pairs.clusters(list(stored), verdicts).of
    for record, cluster in stored.items():
        if cluster != wanted[record]:
            yield (
                f"record {record} is stored in cluster {cluster}, "
                f"its pairs say {wanted[record]}"
            )
    apart = (PairVerdict.DIFFERENT, PairVerdict.SAME_STUDY)
    for a, b in sorted(pairs.cannot_links(verdicts, *apart)):
        if stored[a] == stored[b]:
            yield f"records {a} and {b} are one report against a person's verdict"


def _provenance(session: Session) -> Iterator[str]:
    unfound = select(Record.id).where(Record.id.not_in(select(Hit.record_id)))
    for record in session.scalars(unfound):
        yield f"record {record} was found by no search, file or person"
    unkept = select(Record.id).where(Record.id.not_in(select(RawRecord.record_id)))
    for record in session.scalars(unkept):
        yield f"record {record} has no payload"
    last = 0
    while rows := session.execute(
        select(RawRecord.id, RawRecord.record_id, RawRecord.sha256, RawRecord.payload)
        .where(RawRecord.id > last)
        .order_by(RawRecord.id)
        .limit(SLICE)
    ).all():
        for number, record, digest, payload in rows:
            if not _hash_matches(payload, digest):
                yield f"payload {number} of record {record} is not what was stored"
        last = rows[-1][0]


def _hash_matches(payload: bytes, digest: str) -> bool:
    try:
        return hashlib.sha256(zlib.decompress(payload)).hexdigest() == digest
    except zlib.error:
        return False


def _hand_outs(session: Session) -> Iterator[str]:
    query = (
        select(
            Assignment.record_id,
            Assignment.person_id,
            Assignment.round_id,
            ScreeningRound.stage,
            ScreeningRound.counts,
            ScreeningRound.per_record,
        )
        .join(ScreeningRound, ScreeningRound.id == Assignment.round_id)
        .where(Assignment.released_at.is_(None))
    )
    rows = session.execute(query).all()
    twice = Counter(
        (row.record_id, row.person_id, row.stage, row.counts) for row in rows
    )
    for (record, person, stage, _counts), times in twice.items():
        if times > 1:
            yield f"record {record} is handed to person {person} {times} times, {stage}"
    handed = Counter((row.record_id, row.round_id, row.per_record) for row in rows)
    for (record, _round, number), people in handed.items():
        if people > number:
            yield (
                f"record {record} is handed to {people} people, "
                f"its round asks for {number}"
            )


def _versions(session: Session) -> Iterator[str]:
    protocols = select(ProtocolVersion.id)
    votes = select(Decision.id).where(Decision.protocol_id.not_in(protocols))
    for number in session.scalars(votes):
        yield f"vote {number} names no stored protocol"
    codebooks = select(CodebookVersion.id)
    codes = select(CodeApplication.id).where(
        CodeApplication.codebook_id.not_in(codebooks)
    )
    for number in session.scalars(codes):
        yield f"code {number} names no stored codebook"


def _traces(session: Session) -> Iterator[str]:
    """Find items with a lost link; to include or code anew is work, not damage."""
    for error in trace.broken(session).values():
        if error.link not in ("inclusion", "retraction"):
            yield error.what


CHECKS: dict[str, Check] = {
    "the database file is sound": _sound,
    "every vote has a known screener and recorder": _attributed,
    "history is complete and protected": _history,
    "one live vote for each screener, report and stage": _one_vote,
    "a settled report has the votes its round asks for": _enough_votes,
    "resolutions settle real conflicts, by the right people": _settled_rightly,
    "full-text votes follow an inclusion and give their reason": _stage_order,
    "the PRISMA numbers add up": _prisma_adds_up,
    "clusters are what the pair verdicts make of them": _clusters,
    "every record has its provenance and an intact payload": _provenance,
    "nobody is handed a record twice, nor too many people": _hand_outs,
    "every vote and code names a stored protocol or codebook": _versions,
    "every survey item can be traced": _traces,
}
