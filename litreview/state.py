"""What is true now, asked of the append-only tables and never stored.

A vote is *live* if it is its screener's newest on its record, is no withdrawal,
was not set aside, and has not been overtaken by a later vote of the same person
on the cluster that the record is still part of. `outcome.fold` says what the live
votes of a cluster come to.

Everything here is keyed by cluster id, the smallest record id of a report.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from functools import lru_cache

from sqlalchemy import (
    Select,
    bindparam,
    exists,
    select,
    union_all,
)
from sqlalchemy.orm import Session, aliased

from litreview import pairs, quorum
from litreview.matching import Link, components
from litreview.models import (
    AuditEvent,
    Decision,
    DecisionScope,
    DecisionSetAside,
    FulltextEvent,
    Record,
    RecordRemoval,
    Resolution,
    ResolutionBasis,
    ScreeningRound,
)
from litreview.outcome import Outcome, Settlement, Standing, Vote, fold
from litreview.vocabulary import (
    WITHDRAWN,
    PairVerdict,
    RemovalBasis,
    Retrieval,
    Stage,
)

# As many ids as go into one question.
CHUNK = quorum.CHUNK
# The word for a full text that could not be had, where reports are counted.
MISSING = "not_retrieved"
# What an audit event is called that says that screening stopped by a rule.
STOPPED = "screen.stopped"
# What one is called that says that a report's outdated votes were set aside.
REOPENED = "record.reopened"

LATER, COVER, COVERING = aliased(Decision), aliased(Decision), aliased(Record)
NEWER_RESOLUTION = aliased(Resolution)


# -- votes and outcomes --------------------------------------------------------------


@lru_cache(maxsize=8)  # building it costs ten times as much as asking it
def live_votes(
    stage: str, *, counting: bool = True
) -> Select[int, int, int, int, str, str, bool]:
    """Return the query of live votes with the columns of `outcome.Vote`.

    With `counting` false it is the votes of pilot rounds, which are kept apart.
    """
    later, cover, covering = LATER, COVER, COVERING
    rounds = select(ScreeningRound.id).where(ScreeningRound.counts.is_(counting))
    newer = exists().where(
        later.record_id == Decision.record_id,
        later.stage == Decision.stage,
        later.screener_id == Decision.screener_id,
        later.seq > Decision.seq,
        later.round_id.in_(rounds),
    )
    # One inside the other, or SQLite looks at all that this screener ever said.
    spoke = (
        exists()
        .where(
            cover.id == DecisionScope.decision_id,
            cover.stage == Decision.stage,
            cover.screener_id == Decision.screener_id,
            cover.round_id.in_(rounds),
            covering.id == cover.record_id,
            covering.cluster_id == Record.cluster_id,
        )
        .correlate(DecisionScope, Decision, Record)
    )
    overtaken = exists().where(
        DecisionScope.record_id == Decision.record_id,
        DecisionScope.decision_id > Decision.id,
        spoke,
    )
    aside = exists().where(DecisionSetAside.decision_id == Decision.id)
    return (
        select(
            Decision.id,
            Record.cluster_id,
            Decision.record_id,
            Decision.screener_id,
            Decision.verdict,
            Decision.reason,
            Decision.informed,
        )
        .join(Record, Record.id == Decision.record_id)
        .where(
            Decision.stage == stage,
            Decision.round_id.in_(rounds),
            Decision.verdict != WITHDRAWN,
            ~newer,
            ~overtaken,
            ~aside,
        )
    )


def votes(
    session: Session,
    stage: str,
    clusters: Collection[int] | None = None,
    *,
    counting: bool = True,
) -> dict[int, list[Vote]]:
    """Return cluster id -> its live votes, for all clusters or the given ones."""
    found: dict[int, list[Vote]] = defaultdict(list)
    query = live_votes(stage, counting=counting)
    for these in quorum.among(clusters):
        for row in session.execute(query.where(these)):
            found[row[1]].append(Vote(*row))
    return found


def _usual(session: Session, stage: str) -> int:
    main = quorum.main_round(session, stage)
    return main.per_record if main else 1


def settlements(
    session: Session, stage: str, clusters: Collection[int] | None = None
) -> dict[int, list[Settlement]]:
    """Return decision id -> the resolutions in force that saw this vote first.

    Keyed by the smallest decision id of their basis, so that a cluster looks up
    its own without a scan. With `clusters`, those that saw a vote of theirs.
    """
    query = _resolutions(stage)
    saw: dict[int, set[int]] = defaultdict(set)
    said: dict[int, tuple[str, str]] = {}
    for these in quorum.among(clusters):
        theirs = Resolution.id.in_(_resolutions_of().where(these))
        narrow = query if clusters is None else query.where(theirs)
        for number, verdict, reason, decision_id in session.execute(narrow):
            said[number] = verdict, reason
            saw[number].add(decision_id)
    found: dict[int, list[Settlement]] = defaultdict(list)
    for number, basis in saw.items():
        found[min(basis)].append(Settlement(number, *said[number], frozenset(basis)))
    return found


@lru_cache(maxsize=8)
def _resolutions(stage: str) -> Select[int, str, str, int]:
    """Return the query of resolutions that none supersedes, a row for each vote."""
    return (
        select(
            Resolution.id,
            Resolution.verdict,
            Resolution.reason,
            ResolutionBasis.decision_id,
        )
        .join(ResolutionBasis, ResolutionBasis.resolution_id == Resolution.id)
        .where(
            Resolution.stage == stage,
            ~exists().where(NEWER_RESOLUTION.supersedes_id == Resolution.id),
        )
    )


@lru_cache(maxsize=1)
def _resolutions_of() -> Select[int]:
    """Return the query of the resolutions that saw a vote on certain records."""
    return (
        select(ResolutionBasis.resolution_id)
        .join(Decision, Decision.id == ResolutionBasis.decision_id)
        .join(Record, Record.id == Decision.record_id)
    )


def outcomes(
    session: Session, stage: str, clusters: Collection[int] | None = None
) -> dict[int, Outcome]:
    """Return cluster id -> its outcome, for every eligible cluster or the given ones.

    Eligible for title and abstract is a report with a record that was not removed;
    for full text, one that title and abstract included. Later reversals suspend
    full-text votes: such a report is simply not eligible.
    """
    wanted = eligible(session, stage, clusters)
    limit = None if clusters is None else wanted
    cast = votes(session, stage, limit)
    number = quorum.needs(session, stage, limit)
    usual = _usual(session, stage) if wanted - number.keys() else 0
    seen = settlements(session, stage, limit) if cast else {}
    return {
        cluster: fold(
            cluster,
            stage,
            cast.get(cluster, []),
            need=number.get(cluster, usual),
            settlements=[
                settlement
                for vote in cast.get(cluster, [])
                for settlement in seen.get(vote.id, [])
            ],
        )
        for cluster in sorted(wanted)
    }


def outcome(session: Session, stage: str, cluster_id: int) -> Outcome | None:
    """Return one cluster's outcome, or None where it is not eligible."""
    return outcomes(session, stage, [cluster_id]).get(cluster_id)


def eligible(
    session: Session, stage: str, clusters: Collection[int] | None = None
) -> set[int]:
    """Return the clusters that this stage is about."""
    if stage == Stage.FULL_TEXT:
        earlier = outcomes(session, Stage.TITLE_ABSTRACT, clusters)
        return {cluster for cluster, found in earlier.items() if found.included}
    query = _present()
    return {
        cluster
        for these in quorum.among(clusters)
        for cluster in session.scalars(query.where(these))
    }


def was_open(session: Session, stage: str, outcome: Outcome) -> bool:
    """Tell whether a report's votes could once be seen, though they cannot now.

    That is so if one of its records had the votes asked for, or if somebody changed
    or withdrew a vote when the report had. Each record is looked at by itself, with
    the votes that spoke for it: those on others it was merged with were cast apart.
    """
    asked = {"stage": stage, "cluster": outcome.cluster_id}
    said: dict[int, dict[int, bool]] = defaultdict(dict)
    for row in session.execute(_told_of(), asked):
        _number, record, screener, verdict, informed = row
        said[record][screener] = verdict != WITHDRAWN
        if informed or sum(said[record].values()) >= outcome.need:
            return True
    return False


@lru_cache(maxsize=1)
def _told_of() -> Select[int, int, int, str, bool]:
    """Return the query of all that was said of a cluster's records, in order."""
    here = select(Record.id).where(Record.cluster_id == bindparam("cluster"))
    told = union_all(
        select(Decision.id, Decision.record_id.label("about")).where(
            Decision.record_id.in_(here)
        ),
        select(DecisionScope.decision_id, DecisionScope.record_id).where(
            DecisionScope.record_id.in_(here)
        ),
    ).subquery()
    return (
        select(
            Decision.id,
            told.c.about,
            Decision.screener_id,
            Decision.verdict,
            Decision.informed,
        )
        .join(told, told.c.id == Decision.id)
        .join(ScreeningRound, ScreeningRound.id == Decision.round_id)
        .where(Decision.stage == bindparam("stage"), ScreeningRound.counts)
        .order_by(Decision.id)
    )


def included(session: Session) -> set[int]:
    """Return the clusters that are in the review after full text."""
    found = outcomes(session, Stage.FULL_TEXT)
    return {cluster for cluster, outcome in found.items() if outcome.included}


def standings(session: Session, stage: str) -> dict[str, int]:
    """Return how many reports stand where at a stage, by the words of `standing_of`.

    A report that is not eligible is not counted. At full text, one that nobody
    could read is ``not_retrieved`` and waits for nobody.
    """
    words = [*list(Standing)[:-1], "included", "excluded"]
    gone: set[int] = set()
    if stage == Stage.FULL_TEXT:
        words.append(MISSING)
        found = retrievals(session)
        gone = {c for c, word in found.items() if word == Retrieval.NOT_RETRIEVED}
    counts = {str(word): 0 for word in words}
    for cluster, outcome in outcomes(session, stage).items():
        unread = cluster in gone and outcome.standing == Standing.UNSCREENED
        counts[MISSING if unread else standing_of(outcome)] += 1
    return counts


def standing_of(outcome: Outcome | None) -> str:
    """Return the word for a report's state at a stage, for lists and exports."""
    if outcome is None:
        return "not_eligible"
    if outcome.standing == Standing.SETTLED:
        return "included" if outcome.included else "excluded"
    return outcome.standing


# -- records -------------------------------------------------------------------------


@lru_cache(maxsize=1)
def _removal() -> Select[RecordRemoval]:
    """Return the query of the removals in force: each record's newest, if it is one."""
    later = aliased(RecordRemoval)
    newer = exists().where(
        later.record_id == RecordRemoval.record_id, later.id > RecordRemoval.id
    )
    return select(RecordRemoval).where(RecordRemoval.removed, ~newer)


@lru_cache(maxsize=1)
def _present() -> Select[int]:
    """Return the query of the clusters with a record that was not removed."""
    gone = _removal().where(RecordRemoval.record_id == Record.id).exists()
    return select(Record.cluster_id).where(~gone).distinct()


def removals(session: Session) -> dict[int, RecordRemoval]:
    """Return record id -> the removal in force."""
    return {row.record_id: row for row in session.scalars(_removal())}


def removed(session: Session) -> set[int]:
    """Return the ids of the records that left before screening."""
    return set(session.scalars(_removal().with_only_columns(RecordRemoval.record_id)))


def stopped(session: Session) -> dict[int, str]:
    """Return record id -> the rule that stopped screening before it was screened.

    A stop removes records by a rule, and remembers the words of the rule.
    """
    stops = select(AuditEvent.subject).where(AuditEvent.kind == STOPPED)
    query = _removal().where(
        RecordRemoval.basis == RemovalBasis.RULE, RecordRemoval.text.in_(stops)
    )
    return {row.record_id: row.text for row in session.scalars(query)}


def retrievals(
    session: Session, clusters: Collection[int] | None = None
) -> dict[int, str]:
    """Return cluster id -> what became of its full text, where anything is recorded.

    A report is retrieved if any of its records is.
    """
    query = _texts()
    rank = (Retrieval.SOUGHT, Retrieval.NOT_RETRIEVED, Retrieval.RETRIEVED)
    best: dict[int, int] = {}
    for these in quorum.among(clusters):
        for cluster, status in session.execute(query.where(these)):
            best[cluster] = max(best.get(cluster, 0), rank.index(Retrieval(status)))
    return {cluster: rank[place] for cluster, place in best.items()}


@lru_cache(maxsize=1)
def _texts() -> Select[int, str]:
    """Return the query of cluster and newest status, a row for each record."""
    later = aliased(FulltextEvent)
    newer = exists().where(
        later.record_id == FulltextEvent.record_id, later.id > FulltextEvent.id
    )
    return (
        select(Record.cluster_id, FulltextEvent.status)
        .join(Record, Record.id == FulltextEvent.record_id)
        .where(~newer)
    )


def retrieval(session: Session, cluster_id: int) -> str:
    """Return what became of one report's full text, or nothing."""
    return retrievals(session, [cluster_id]).get(cluster_id, "")


# -- studies ---------------------------------------------------------------------


def studies(session: Session) -> dict[int, int]:
    """Return cluster id -> study id: the smallest cluster id of the same study."""
    verdicts = pairs.rulings(session)
    places = session.execute(select(Record.id, Record.cluster_id))
    cluster_of = dict(places.all())
    links, apart = [], set()
    for ruling in verdicts.values():
        a, b = sorted((cluster_of[ruling.a_id], cluster_of[ruling.b_id]))
        if ruling.verdict == PairVerdict.SAME_STUDY and a != b:
            links.append(Link(a, b, pairs.link(ruling).strength))
        elif ruling.verdict == PairVerdict.DIFFERENT and ruling.by_person and a != b:
            apart.add((a, b))
    return dict(components(set(cluster_of.values()), links, apart).of)


# -- locks ---------------------------------------------------------------------------


def lock_clusters(session: Session, record_ids: Collection[int]) -> set[int]:
    """Lock the clusters of these records, ascending; return their ids.

    On PostgreSQL two people who vote on one report wait for each other here; on
    SQLite the transaction itself is the lock.
    """
    asked = {"ids": sorted(record_ids)}
    clusters = list(session.scalars(_homes(), asked))
    while True:
        session.execute(_lock(), {"ids": clusters}).all()
        # Somebody may have merged or split them while we waited.
        now = list(session.scalars(_homes(), asked))
        if now == clusters:
            return set(clusters)
        clusters = now


@lru_cache(maxsize=1)
def _homes() -> Select[int]:
    query = select(Record.cluster_id).where(
        Record.id.in_(bindparam("ids", expanding=True))
    )
    return query.distinct().order_by(Record.cluster_id)


@lru_cache(maxsize=1)
def _lock() -> Select[int]:
    query = select(Record.id).where(Record.id.in_(bindparam("ids", expanding=True)))
    return query.order_by(Record.id).with_for_update()
