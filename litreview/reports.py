"""What the review has come to: its records, its progress, how far people agree.

Everything is asked of the tables anew and in one go: no query per record, so that
twenty thousand of them take seconds. Nothing here shows how anybody voted on a
record that still waits for votes: standing, progress and agreement speak of
verdicts only where a report has the votes that its round asks for.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from itertools import combinations

import pandas as pd
from sqlalchemy import exists, select
from sqlalchemy.orm import Session

from litreview import lookup, membership, raters, state, streams
from litreview.agreement import panel
from litreview.frame import Columns, frame
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

RECORD_COLUMNS: Columns = {
    "record_id": "int",
    "source": "text",
    "source_id": "text",
    "doi": "text",
    "title": "text",
    "authors": "text",
    "year": "int",
    "container_title": "text",
    "volume": "text",
    "issue": "text",
    "pages": "text",
    "publisher": "text",
    "type": "text",
    "language": "text",
    "url": "text",
    "found": "text",
    "cluster_id": "int",
    "study_id": "int",
    "removed": "text",
    "removed_why": "text",
    "title_abstract": "text",
    "retrieval": "text",
    "full_text": "text",
    "reason": "text",
    "streams": "list",
}


def records(session: Session) -> pd.DataFrame:
    """Return all records, by id (`RECORD_COLUMNS`).

    `title_abstract` and `full_text` are the standing of the record's report (see
    `state.standing_of`), `reason` is the primary reason of a full-text
    exclusion, `streams` what an included report serves. `removed` is rule or reason
    for a record that left before screening, with `removed_why` in words.
    """
    names = list(RECORD_COLUMNS)
    stored = names[: names.index("cluster_id") + 1]
    columns = [Record.id, *(getattr(Record, name) for name in stored[1:])]
    gone = state.removals(session)
    study_of = state.studies(session)
    first = state.outcomes(session, Stage.TITLE_ABSTRACT)
    second = state.outcomes(session, Stage.FULL_TEXT)
    texts = state.retrievals(session)
    serves = streams.served(session, second.values())
    rows = []
    for row in session.execute(select(*columns)):
        number, cluster = row[0], row[-1]
        removal, judged = gone.get(number), second.get(cluster)
        rows.append(
            (
                *row,
                study_of[cluster],
                removal.basis if removal else "",
                removal.text if removal else "",
                state.standing_of(first.get(cluster)),
                texts.get(cluster, ""),
                state.standing_of(judged),
                judged.reason if judged else "",
                serves.get(cluster, ()),
            )
        )
    return frame(RECORD_COLUMNS, rows, by=["record_id"])


# -- agreement -----------------------------------------------------------------------


@dataclass(frozen=True)
class Agreement:
    """How far some screeners agree at a stage, told in these categories.

    Two screeners are a pair; where a stage has more, one further entry speaks of all
    of them. With two categories, maybe counts as include.
    """

    stage: str
    screeners: tuple[str, ...]
    categories: tuple[str, ...]
    statistics: tuple[Statistic, ...]

    @property
    def n(self) -> int:
        """The number of reports that at least two of them judged."""
        return max((one.n for one in self.statistics), default=0)


def agreement(session: Session, part: ScreeningRound | None = None) -> list[Agreement]:
    """Return the agreement of each pair of screeners at each stage, then of all.

    Only reports with the votes that their round asks for count, with each
    screener's own opinion: the last vote cast before the others' were open to them.
    Three categories come before two, and only where the protocol offers maybe or
    somebody said it. With `part`, of the reports of that round alone; pilots are
    told in no other way.
    """
    handle = dict(session.execute(select(Person.id, Person.handle)).all())
    found: list[Agreement] = []
    for stage in Stage if part is None else [Stage(part.stage)]:
        opinions = [
            {handle[who]: verdict for who, verdict in said.items()}
            for said in independent(session, stage, part).values()
        ]
        for categories in _category_sets(session, stage, opinions):
            found += _pairs(stage, opinions, categories)
            found += _everybody(stage, opinions, categories)
    return found


def _category_sets(
    session: Session, stage: Stage, opinions: Iterable[Mapping[str, str]]
) -> list[tuple[str, ...]]:
    said = {verdict for one in opinions for verdict in one.values()}
    if not said:
        return []
    two = (Verdict.INCLUDE.value, Verdict.EXCLUDE.value)
    offered = lookup.criteria(session).rules(stage).verdicts
    if Verdict.MAYBE in offered or Verdict.MAYBE in said:
        return [(two[0], Verdict.MAYBE.value, two[1]), two]
    return [two]


def _pairs(
    stage: Stage, opinions: Iterable[Mapping[str, str]], categories: tuple[str, ...]
) -> list[Agreement]:
    together: dict[tuple[str, str], list[tuple[str, str]]] = defaultdict(list)
    for said in opinions:
        for one, other in combinations(sorted(said), 2):
            both = _as(said[one], categories), _as(said[other], categories)
            together[one, other].append(both)
    return [
        Agreement(stage.value, pair, categories, tuple(panel(votes, categories)))
        for pair, votes in sorted(together.items())
    ]


def _everybody(
    stage: Stage, opinions: Iterable[Mapping[str, str]], categories: tuple[str, ...]
) -> list[Agreement]:
    people = sorted({who for said in opinions for who in said})
    if len(people) < 3:
        return []
    units = [
        [_as(said[who], categories) if who in said else None for who in people]
        for said in opinions
    ]
    statistics = (
        raters.krippendorff_alpha(units),
        raters.fleiss_kappa(units),
        raters.many_brennan_prediger(units, categories),
        raters.many_ac1(units, categories),
    )
    return [Agreement(stage.value, tuple(people), categories, statistics)]


def _as(verdict: str, categories: tuple[str, ...]) -> str:
    return verdict if verdict in categories else Verdict.INCLUDE.value


def independent(
    session: Session, stage: str, part: ScreeningRound | None = None
) -> dict[int, dict[int, str]]:
    """Return complete cluster -> screener -> the verdict before the others' opened.

    A vote changed afterwards is marked informed and does not count here, nor does
    its withdrawal. Whoever gave merged records differing answers has none. With
    `part`, only the reports of that round; of a pilot, what was said in it.
    """
    complete = _complete(session, stage, part)
    found: dict[int, dict[int, str]] = {}
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
                    frozenset(scope.get(row.id, ())),
                )
            )
    return found


def _opinion(stage: str, cast: list[Cast]) -> str:
    """Return what one screener's rows on one report, by id, come to; '' if nothing."""
    live: dict[int, Cast] = {}
    for row in cast:
        live[row.record_id] = row
        for other in row.scope:
            live.pop(other, None)
    said = [row for row in live.values() if row.verdict != WITHDRAWN]
    if len({side(stage, row.verdict, row.reason) for row in said}) != 1:
        return ""
    return max(said, key=lambda row: row.id).verdict
