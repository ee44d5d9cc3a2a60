"""How far screeners agree, read from their first independent votes.

Each screener's own opinion counts: the last vote cast before the others' were open
to them, on reports that have the votes their round asks for. So no figure tells how
anybody voted on a record that still waits, and nobody looks more in agreement for
having talked. Figures are told for each pair of screeners, for everybody where there
are more, and month by month where asked for: a report belongs to the month (UTC) in
which the later of the votes compared was cast.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import combinations

from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from litreview import lookup, membership, raters, state
from litreview.agreement import Table, panel, table
from litreview.models import (
    Decision,
    DecisionScope,
    DecisionSetAside,
    Person,
    Record,
    ScreeningRound,
)
from litreview.outcome import side
from litreview.statistic import Statistic
from litreview.vocabulary import WITHDRAWN, Stage, Verdict

TWO = (Verdict.INCLUDE.value, Verdict.EXCLUDE.value)
# In their order, maybe between the two: weighted kappa and ordinal alpha go by it.
THREE = (TWO[0], Verdict.MAYBE.value, TWO[1])


@dataclass(frozen=True)
class Agreement:
    """How far some screeners agree at a stage, told in these categories.

    Two screeners are a pair, with their table of counts; where a stage has more, one
    further entry speaks of all of them. With two categories, maybe counts as include.
    `month` is YYYY-MM, or empty for the whole time.
    """

    stage: str
    screeners: tuple[str, ...]
    categories: tuple[str, ...]
    statistics: tuple[Statistic, ...]
    counts: Table | None = None
    month: str = ""

    @property
    def n(self) -> int:
        """The number of reports that at least two of them judged."""
        return max((one.n for one in self.statistics), default=0)


@dataclass(frozen=True)
class Opinion:
    """What one screener said of a report before the others' votes were open."""

    verdict: str
    at: datetime


Said = Mapping[str, Opinion]  # screener -> opinion, on one report


# -- figures ---------------------------------------------------------------------------


def agreement(
    session: Session, part: ScreeningRound | None = None, *, monthly: bool = False
) -> list[Agreement]:
    """Return the agreement of each pair of screeners at each stage, then of all.

    Three categories come before two, and only where the protocol offers maybe or
    somebody said it. With `part`, of the reports of that round alone; pilots are
    told in no other way. With `monthly`, one entry for each month in which there was
    something to compare, the earliest first, in place of the whole.
    """
    handle = dict(session.execute(select(Person.id, Person.handle)).all())
    found: list[Agreement] = []
    for stage in Stage if part is None else [Stage(part.stage)]:
        said = [
            {handle[who]: opinion for who, opinion in cast.items()}
            for cast in opinions(session, stage, part).values()
        ]
        for categories in _category_sets(session, stage, said):
            found += _pairs(stage, said, categories, monthly=monthly)
            found += _everybody(stage, said, categories, monthly=monthly)
    return found


def month_of(moment: datetime) -> str:
    """Return the month of a moment as YYYY-MM, UTC."""
    return moment.astimezone(UTC).strftime("%Y-%m")


def _category_sets(
    session: Session, stage: Stage, reports: Iterable[Said]
) -> list[tuple[str, ...]]:
    said = {opinion.verdict for one in reports for opinion in one.values()}
    if not said:
        return []
    offered = lookup.criteria(session).rules(stage).verdicts
    return [THREE, TWO] if Verdict.MAYBE in {*offered, *said} else [TWO]


def _pairs(
    stage: Stage,
    reports: Iterable[Said],
    categories: tuple[str, ...],
    *,
    monthly: bool,
) -> list[Agreement]:
    together: dict[tuple[tuple[str, str], str], list[tuple[str, str]]]
    together = defaultdict(list)
    for said in reports:
        for pair in combinations(sorted(said), 2):
            one, other = (said[who] for who in pair)
            month = month_of(max(one.at, other.at)) if monthly else ""
            both = _as(one.verdict, categories), _as(other.verdict, categories)
            together[pair, month].append(both)
    return [
        Agreement(
            stage.value,
            pair,
            categories,
            (*panel(votes, categories), *_as_raters(votes, categories)),
            table(votes, categories),
            month,
        )
        for (pair, month), votes in sorted(together.items())
    ]


def _as_raters(units: raters.Units, categories: tuple[str, ...]) -> list[Statistic]:
    """Return what two screeners and many have in common: Fleiss, and the alphas."""
    found = [raters.fleiss_kappa(units), raters.krippendorff_alpha(units)]
    if len(categories) > len(TWO):  # of two verdicts both alphas are the same
        ordinal = raters.krippendorff_alpha(units, level="ordinal", order=categories)
        found.append(ordinal)
    return found


def _everybody(
    stage: Stage,
    reports: Iterable[Said],
    categories: tuple[str, ...],
    *,
    monthly: bool,
) -> list[Agreement]:
    compared: dict[str, list[Said]] = defaultdict(list)
    for said in reports:
        if said:
            latest = max(opinion.at for opinion in said.values())
            compared[month_of(latest) if monthly else ""].append(said)
    found = []
    for month, some in sorted(compared.items()):
        people = sorted({who for said in some for who in said})
        if len(people) <= len(TWO):
            continue
        units = [
            [
                _as(said[who].verdict, categories) if who in said else None
                for who in people
            ]
            for said in some
        ]
        statistics = (
            raters.many_percent(units),
            raters.conger_kappa(units),
            raters.many_brennan_prediger(units, categories),
            raters.many_ac1(units, categories),
            *_as_raters(units, categories),
        )
        found.append(
            Agreement(stage.value, tuple(people), categories, statistics, month=month)
        )
    return found


def _as(verdict: str, categories: tuple[str, ...]) -> str:
    return verdict if verdict in categories else Verdict.INCLUDE.value


# -- first independent votes -----------------------------------------------------------


def independent(
    session: Session, stage: str, part: ScreeningRound | None = None
) -> dict[int, dict[int, str]]:
    """Return complete cluster -> screener -> the verdict before the others' opened.

    As `opinions`, without the moments.
    """
    return {
        cluster: {who: opinion.verdict for who, opinion in said.items()}
        for cluster, said in opinions(session, stage, part).items()
    }


def opinions(
    session: Session, stage: str, part: ScreeningRound | None = None
) -> dict[int, dict[int, Opinion]]:
    """Return complete cluster -> screener -> their opinion before the others' opened.

    A vote changed afterwards is marked informed and does not count here, nor does
    its withdrawal. Whoever gave merged records differing answers has none. With
    `part`, only the reports of that round; of a pilot, what was said in it.
    """
    complete = _complete(session, stage, part)
    found: dict[int, dict[int, Opinion]] = {}
    for cluster, rows in _uninformed(session, stage, complete, part).items():
        of: dict[int, list[Cast]] = defaultdict(list)
        for row in rows:
            of[row.screener_id].append(row)
        found[cluster] = {
            screener: opinion
            for screener, cast in sorted(of.items())
            if (opinion := _opinion(stage, cast))
        }
    return dict(sorted(found.items()))


def _complete(session: Session, stage: str, part: ScreeningRound | None) -> set[int]:
    if part is not None and not part.counts:
        return membership.pilot_complete(session, stage)
    found = {
        cluster
        for cluster, outcome in state.outcomes(session, stage).items()
        if outcome.complete
    }
    if part is None:
        return found
    places = membership.places(session, stage)
    return {
        cluster
        for cluster in found
        if cluster in places and places[cluster][0] == part.id
    }


@dataclass(frozen=True)
class Cast:
    """A row of `decision` with the other records that it spoke for."""

    id: int
    record_id: int
    screener_id: int
    verdict: str
    reason: str
    at: datetime
    scope: frozenset[int]


def _uninformed(
    session: Session,
    stage: str,
    complete: Collection[int],
    part: ScreeningRound | None = None,
) -> dict[int, list[Cast]]:
    """Return complete cluster -> its uninformed votes and withdrawals, by id."""
    scope: dict[int, set[int]] = defaultdict(set)
    pairs = select(DecisionScope.decision_id, DecisionScope.record_id)
    for decision_id, record_id in session.execute(pairs):
        scope[decision_id].add(record_id)
    aside = exists().where(DecisionSetAside.decision_id == Decision.id)
    query = (
        select(Decision, Record.cluster_id, aside)
        .join(Record, Record.id == Decision.record_id)
        .join(ScreeningRound, ScreeningRound.id == Decision.round_id)
        .where(
            Decision.stage == stage,
            Decision.informed.is_(False),
            ScreeningRound.counts
            if part is None or part.counts
            else ScreeningRound.id == part.id,
        )
        .order_by(Decision.id)
    )
    found: dict[int, list[Cast]] = defaultdict(list)
    for row, cluster, gone in session.execute(query):
        if cluster in complete:
            found[cluster].append(
                Cast(
                    row.id,
                    row.record_id,
                    row.screener_id,
                    WITHDRAWN if gone else row.verdict,
                    row.reason,
                    row.at,
                    frozenset(scope.get(row.id, ())),
                )
            )
    return found


def _opinion(stage: str, cast: list[Cast]) -> Opinion | None:
    """Return what one screener's rows on one report, by id, come to."""
    live: dict[int, Cast] = {}
    for row in cast:
        live[row.record_id] = row
        for other in row.scope:
            live.pop(other, None)
    said = [row for row in live.values() if row.verdict != WITHDRAWN]
    if len({side(stage, row.verdict, row.reason) for row in said}) != 1:
        return None
    last = max(said, key=lambda row: row.id)
    return Opinion(last.verdict, last.at)
