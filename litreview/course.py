"""How far screening has come, and what that says of what is still to be found.

The figures of the whole are those of reports that have all the votes that their
round asks for, in the order in which they got them, and one's own are those of one's
own votes: neither tells what anybody said about a report that still waits. A report
in conflict counts as relevant, since it may be included.

Recall is never known before the end, so it comes with what it assumes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from statistics import median

from sqlalchemy import select
from sqlalchemy.orm import Session

from litreview import lookup, metrics, ordering, state, stopping
from litreview.models import Decision, Person, Record
from litreview.stopping import Finding
from litreview.vocabulary import WITHDRAWN, Origin, Stage, Verdict

# Longer between two votes is a pause and no time spent on a record.
PAUSE = timedelta(minutes=5)


@dataclass(frozen=True)
class Course:
    """What the labels so far, in their order, say of the whole.

    `recall` is estimated, `recall_at_least` holds with 95 % confidence; what each
    assumes is in `stopping.ASSUMPTIONS`. `p` is the test's for a recall of 0.95. `wss`
    is the work saved at the estimated recall, `atd` the mean rank of the relevant
    records found and `atd_random` what a random order would have. `rule` is the
    protocol's stopping rule, empty where it has none, and `holds` whether it does.
    """

    total: int
    screened: int
    relevant: int
    irrelevant_in_a_row: int
    recall: float | None
    recall_at_least: float | None
    p: float
    wss: float | None
    atd: float | None
    atd_random: float
    rule: str
    holds: bool


@dataclass(frozen=True)
class Pace:
    """How quickly somebody votes: votes without a pause, and the median seconds."""

    votes: int
    seconds: float | None


def whole(session: Session) -> Course:
    """Return the course of title and abstract, by the reports with all their votes."""
    labels, total = sequence(session)
    return _course(session, labels, total)


def own(session: Session, person: Person, *, total: int) -> Course:
    """Return the course of one's own votes on title and abstract, of `total`."""
    query = state.live_votes(Stage.TITLE_ABSTRACT)
    mine = query.where(Decision.screener_id == person.id).order_by(Decision.id)
    said = {row.cluster_id: row.verdict for row in session.execute(mine)}
    labels = [verdict != Verdict.EXCLUDE for verdict in said.values()]
    return _course(session, labels, max(total, len(labels)))


def sequence(session: Session) -> tuple[list[bool], int]:
    """Return the labels of complete reports in their order, and all reports' number.

    All are those on title and abstract and those that a stop left unscreened.
    """
    outcomes = state.outcomes(session, Stage.TITLE_ABSTRACT)
    complete = [outcome for outcome in outcomes.values() if outcome.complete]
    complete.sort(key=lambda outcome: max(outcome.basis))
    left = _clusters(session, list(state.stopped(session))) - outcomes.keys()
    return [ordering.kept(one) for one in complete], len(outcomes) + len(left)


def _clusters(session: Session, ids: Sequence[int]) -> set[int]:
    return {
        cluster
        for start in range(0, len(ids), ordering.CHUNK)
        for cluster in session.scalars(
            select(Record.cluster_id).where(
                Record.id.in_(ids[start : start + ordering.CHUNK])
            )
        )
    }


def finding(session: Session) -> tuple[stopping.Rule | None, Finding | None]:
    """Return the protocol's stopping rule and what it says now; None without one."""
    rule = lookup.review(session).stopping
    if rule is None:
        return None, None
    labels, total = sequence(session)
    return rule, stopping.judge(rule, labels, total)


def _course(session: Session, labels: Sequence[bool], total: int) -> Course:
    rule = lookup.review(session).stopping
    recall = stopping.recall_estimate(labels, total)
    relevant, screened = sum(labels), len(labels)
    cut = metrics.Cut(total, relevant, screened, relevant)
    return Course(
        total=total,
        screened=screened,
        relevant=relevant,
        irrelevant_in_a_row=stopping.in_a_row(labels),
        recall=recall,
        recall_at_least=stopping.recall_at_least(labels, total),
        p=stopping.p_value(labels, total),
        wss=None if recall is None else cut.wss(recall),
        atd=metrics.average_time(labels),
        atd_random=metrics.random_average_time(total),
        rule=str(rule or ""),
        holds=rule is not None and stopping.judge(rule, labels, total).holds,
    )


def pace(session: Session, person: Person, *, stage: str) -> Pace:
    """Return how quickly this person votes, without pauses and votes from files."""
    query = (
        select(Decision.at)
        .where(
            Decision.screener_id == person.id,
            Decision.stage == stage,
            Decision.verdict != WITHDRAWN,
            Decision.origin.in_([Origin.TERMINAL, Origin.WEB]),
        )
        .order_by(Decision.at, Decision.id)
    )
    gaps = [
        (later - earlier).total_seconds()
        for earlier, later in pairwise(session.scalars(query))
        if later - earlier <= PAUSE
    ]
    return Pace(len(gaps), median(gaps) if gaps else None)
