"""What a search brings against the time before: added, changed and gone.

A run is whole if it is complete and asked for all that its search finds, so not
`--since` a day and not under a `--limit`. What a whole run met and the whole run
before it did not is added; what it no longer meets is gone. A run since a day can
tell nothing of what has gone: for it, and for one cut by a limit, added is what no
earlier run of the search had met. Searches are the same by name and source; where
their words have changed in between, that is told beside the numbers.

Nothing of this is stored: it is read from the hits and the payloads, so it can be
asked of any run at any time.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from litreview import payloads, searches, state
from litreview.models import (
    HarvestPage,
    HarvestRun,
    Hit,
    Person,
    RawRecord,
    RejectedItem,
    SearchStrategy,
)
from litreview.runs import CUT_OFF
from litreview.searches import LIMIT, SINCE, SINCE_REFUSED, Search
from litreview.vocabulary import RunKind, RunStatus

# How long a finished search may wait for the others of its harvest. Long enough for
# the days that a budget lasts, and no longer, lest one failing search stop the rest.
FRESH = timedelta(days=7)


@dataclass(frozen=True)
class Change:
    """One run of a saved search, with what it brought.

    `added` and `gone` are record ids, None where the run cannot tell; `against` is
    the whole run that it is compared with, and `reworded` says that the two did not
    ask the same. `changed` are the records that it found saying something else,
    `versions` counts the payloads that it brought beside older ones. `since` and
    `since_refused` are days; `cut_off` is the lowest score that was kept.
    """

    run_id: int
    strategy: str
    source: str
    person: str | None
    started_at: datetime
    finished_at: datetime | None
    status: str
    since: str
    since_refused: str
    limit: int | None
    reported: int | None
    expected: int | None
    found: int
    rejected: int
    added: list[int] | None
    changed: list[int]
    versions: int
    gone: list[int] | None
    against: int | None
    reworded: bool
    cut_off: float | None
    pages: int
    requests: int | None
    client: str
    service: str | None
    problem: str


@dataclass(frozen=True)
class _Run:
    """A run's row, the names that it stands for, and the counts of what it has."""

    row: HarvestRun
    strategy: str
    person: str | None

    @property
    def request(self) -> Mapping[str, Any]:
        """Return what was asked."""
        return dict(self.row.request)

    @property
    def key(self) -> tuple[str, str]:
        """Return what makes two runs those of one search."""
        return self.strategy, self.row.source


def is_whole(run: HarvestRun) -> bool:
    """Tell whether a run holds all that its search found that day."""
    request = dict(run.request)
    limit = request.get(LIMIT)
    cut = limit is not None and (run.reported is None or limit < run.reported)
    return run.status == RunStatus.COMPLETE and SINCE not in request and not cut


def history(
    session: Session, names: Sequence[str] = (), runs: Collection[int] | None = None
) -> list[Change]:
    """Return the runs of these saved searches (default: all), by search and time.

    With `runs` only those with these ids are told, each compared as ever.
    """
    known = _all_runs(session, names)
    wanted = [each for each in known if runs is None or each.row.id in runs]
    ids = [each.row.id for each in wanted]
    versions = _versions(session, ids)
    changed = _changed(session, versions, {each.row.id: each for each in wanted})
    brought = _brought(session, ids, versions, changed)
    return [_change(session, each, known, brought) for each in wanted]


def _all_runs(session: Session, names: Sequence[str]) -> list[_Run]:
    """Return every run of these searches, by search and in the order of time."""
    query = (
        select(HarvestRun, SearchStrategy.name, Person.handle)
        .join(SearchStrategy, SearchStrategy.id == HarvestRun.strategy_id)
        .outerjoin(Person, Person.id == HarvestRun.person_id)
        .where(HarvestRun.kind == RunKind.SEARCH)
    )
    if names:
        query = query.where(SearchStrategy.name.in_(names))
    found = [_Run(*row) for row in session.execute(query.order_by(HarvestRun.id))]
    return sorted(found, key=lambda each: each.key)


@dataclass(frozen=True)
class _Brought:
    """What each run brought, by run id: counts, and the records that changed."""

    hits: Mapping[int, int]
    rejected: Mapping[int, int]
    pages: Mapping[int, int]
    requests: Mapping[int, int | None]
    versions: Mapping[int, Sequence[tuple[int, int]]]
    changed: Mapping[int, list[int]]


def _brought(
    session: Session,
    ids: Collection[int],
    versions: Mapping[int, Sequence[tuple[int, int]]],
    changed: Mapping[int, list[int]],
) -> _Brought:
    """Count what these runs brought."""

    def rows(table: type[Hit | RejectedItem | HarvestPage]) -> dict[int, int]:
        query = select(table.run_id, func.count()).where(table.run_id.in_(ids))
        return dict(session.execute(query.group_by(table.run_id)).all())

    asked = select(HarvestPage.run_id, func.sum(HarvestPage.requests))
    asked = asked.where(HarvestPage.run_id.in_(ids)).group_by(HarvestPage.run_id)
    requests = dict(session.execute(asked).all())
    pages = rows(HarvestPage)
    return _Brought(rows(Hit), rows(RejectedItem), pages, requests, versions, changed)


def _change(
    session: Session, run: _Run, known: Sequence[_Run], brought: _Brought
) -> Change:
    """Put together what is told of one run."""
    row, request = run.row, run.request
    earlier = [each for each in known if each.key == run.key and each.row.id < row.id]
    before = next((each for each in reversed(earlier) if is_whole(each.row)), None)
    added, gone = _difference(session, row, before, earlier)
    return Change(
        run_id=row.id,
        strategy=run.strategy,
        source=row.source,
        person=run.person,
        started_at=row.started_at,
        finished_at=row.finished_at,
        status=row.status,
        since=request.get(SINCE, ""),
        since_refused=request.get(SINCE_REFUSED, ""),
        limit=request.get(LIMIT),
        reported=row.reported,
        expected=row.expected,
        found=brought.hits.get(row.id, 0),
        rejected=brought.rejected.get(row.id, 0),
        added=added,
        changed=brought.changed[row.id],
        versions=len(brought.versions.get(row.id, ())),
        gone=gone,
        against=None if before is None else before.row.id,
        reworded=before is not None and _reworded(before, run),
        cut_off=request.get(CUT_OFF),
        pages=brought.pages.get(row.id, 0),
        requests=brought.requests.get(row.id),
        client=row.client,
        service=row.service,
        problem=row.problem,
    )


def _reworded(before: _Run, run: _Run) -> bool:
    """Tell whether two runs asked otherwise; a limit asks the same, for fewer."""
    (params, keep), (asked, kept) = _question(before), _question(run)
    return params != asked or (LIMIT not in run.request and keep != kept)


def _question(run: _Run) -> tuple[object, object]:
    """Return what a run's search asks, whatever day it asked since."""
    request = run.request
    return _without_day(run.row.source, request), request.get("keep")


def _without_day(source: str, request: Mapping[str, Any]) -> dict[str, str]:
    params = dict(request["params"])
    if day := request.get(SINCE):
        return searches.without_day(source, params, day)
    return params


def _difference(
    session: Session, run: HarvestRun, before: _Run | None, earlier: Iterable[_Run]
) -> tuple[list[int] | None, list[int] | None]:
    """Return the records added and gone, by id; None where the run cannot tell."""
    if run.status != RunStatus.COMPLETE:
        return None, None
    if not is_whole(run):
        return _only(session, run.id, [each.row.id for each in earlier]), None
    if before is None:
        return _only(session, run.id, []), []
    there = before.row.id
    return _only(session, run.id, [there]), _only(session, there, [run.id])


def _only(session: Session, run_id: int, others: Collection[int]) -> list[int]:
    """Return the records that a run met and none of the others did, by id."""
    met = select(Hit.record_id).where(Hit.run_id.in_(others))
    query = select(Hit.record_id).where(Hit.run_id == run_id)
    query = query.where(Hit.record_id.not_in(met))
    return list(session.scalars(query.order_by(Hit.record_id)))


# -- what changed --------------------------------------------------------------------


def _versions(
    session: Session, ids: Collection[int]
) -> dict[int, list[tuple[int, int]]]:
    """Return run id -> (record id, version) of each later payload that it brought."""
    query = select(RawRecord.run_id, RawRecord.record_id, RawRecord.version)
    query = query.where(RawRecord.version > 1, RawRecord.run_id.in_(ids))
    found: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for run_id, record_id, version in session.execute(query):
        found[run_id].append((record_id, version))
    return found


def _changed(
    session: Session,
    versions: Mapping[int, Sequence[tuple[int, int]]],
    runs: Mapping[int, _Run],
) -> dict[int, list[int]]:
    """Return run id -> the records whose later payload says something else, by id."""
    found: dict[int, set[int]] = {run_id: set() for run_id in runs}
    wanted = [
        (record_id, version, run_id)
        for run_id, brought in versions.items()
        for record_id, version in brought
    ]
    for start in range(0, len(wanted), state.CHUNK):
        some = wanted[start : start + state.CHUNK]
        kept = _payloads(session, {record_id for record_id, _, _ in some})
        for record_id, version, run_id in some:
            old, new = kept[record_id, version - 1], kept[record_id, version]
            source = runs[run_id].row.source
            if payloads.has_changed(
                source, payloads.unpacked(old), payloads.unpacked(new)
            ):
                found[run_id].add(record_id)
    return {run_id: sorted(records) for run_id, records in found.items()}


def _payloads(session: Session, ids: Collection[int]) -> dict[tuple[int, int], bytes]:
    query = select(RawRecord.record_id, RawRecord.version, RawRecord.payload)
    rows = session.execute(query.where(RawRecord.record_id.in_(ids)))
    return {(record_id, version): payload for record_id, version, payload in rows}


# -- since the last time -------------------------------------------------------------


def since(session: Session, search: Search, day: date | None) -> Search:
    """Return the search for what is new or changed since a day; None: the last time.

    The last time is the day on which the last run *started* that left nothing out:
    a whole run of the same question, or a complete one since a day up to which
    nothing was left out either. What was asked otherwise, or cut by a limit, says
    nothing. A search without such a run is asked whole.
    """
    reached, floor = None, None
    for run in _all_runs(session, [search.name]):
        if not _same_question(run, search):
            continue
        if is_whole(run.row):
            floor = run.request.get(CUT_OFF)
        elif not _goes_on(run, reached):
            continue
        reached = run.row.started_at.astimezone(UTC).date()
    day = day or reached
    return search if day is None else searches.since(search, day, floor=floor)


def pending(
    session: Session, planned: Sequence[Search], *, now: datetime
) -> tuple[list[Search], list[Search]]:
    """Return the searches to ask, and those that can wait for the next harvest.

    A harvest that did not end is taken up where it stopped: what is unfinished comes
    first, and what was finished up to `FRESH` before waits. Else a spent budget would
    go on the same first searches every day, and the last would never be reached. With
    nothing to finish, all are asked, in their order.
    """
    ended = {id(search): _ended(session, search) for search in planned}
    unfinished = [each for each in planned if ended[id(each)] is None]
    stale: list[Search] = []
    fresh: list[Search] = []
    for search in planned:
        if when := ended[id(search)]:
            (fresh if now - when < FRESH else stale).append(search)
    if not unfinished:
        return list(planned), []
    return [*unfinished, *stale], fresh


def _ended(session: Session, search: Search) -> datetime | None:
    """Return when the newest run of this very search ended; None if it did not."""
    day = search.facts.get(SINCE)
    params = dict(search.request.params)
    if day is not None:
        params = searches.without_day(search.source, params, str(day))
    ended = None
    for run in _all_runs(session, [search.name]):
        same = run.row.source == search.source
        same = same and (SINCE in run.request) == (day is not None)
        if same and _question(run) == (params, search.request.keep):
            done = run.row.status == RunStatus.COMPLETE
            ended = run.row.finished_at if done else None
    return ended


def _same_question(run: _Run, search: Search) -> bool:
    request = search.request
    question = (dict(request.params), request.keep)
    return run.row.source == search.source and _question(run) == question


def _goes_on(run: _Run, reached: date | None) -> bool:
    """Tell whether a run since a day left no gap behind the day reached before."""
    day, limit = run.request.get(SINCE), run.request.get(LIMIT)
    if run.row.status != RunStatus.COMPLETE or not day or limit is not None:
        return False
    return reached is not None and date.fromisoformat(day) <= reached
