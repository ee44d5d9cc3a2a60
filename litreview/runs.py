"""Harvest runs as they are stored: opened, gone on with page by page, and closed.

Each function here is one transaction's work. `Place` says where a run stands; it is
what a page leaves behind and what the next page starts from. It is read back from
the tables when an unfinished run is found again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy import ColumnElement, Select, func, insert, select
from sqlalchemy.orm import Session

from litreview import lookup
from litreview.errors import LitreviewError, ServiceError
from litreview.models import (
    HarvestPage,
    HarvestRun,
    Hit,
    Record,
    RejectedItem,
    SearchStrategy,
    now,
)
from litreview.queries import Request
from litreview.records import LONGEST_ID, WORKERS, Entry, canonical, store
from litreview.searches import Search
from litreview.sources.page import Item, Page
from litreview.vocabulary import Found, RunKind, RunStatus
from litreview.workspace import sha256

# Sources whose cursor another process may take up.
RESUMABLE = frozenset({"openalex"})
# The key under which an answer's items tell their score.
SCORES = {"openalex": "relevance_score", "crossref": "score"}
CUT_OFF = "cut_off_score"  # key of a run's request, written at its end


@dataclass(frozen=True)
class Place:
    """Where a run stands. `got` are its distinct items, rejected ones included.

    `fetched` and `pages` count the present walk; `stored` counts the pages of all
    walks and tells whether somebody else has stored one meanwhile.
    """

    run_id: int
    keep: int | None
    walk: int = 1
    fetched: int = 0
    pages: int = 0
    cursor: str | None = None
    stored: int = 0
    got: int = 0
    reported: int | None = None
    new: int = 0
    changed: int = 0
    ended: bool = False

    @property
    def expected(self) -> int | None:
        """The number of records that the run should hold; None if nobody knows."""
        if self.reported is None:
            return None
        return min(self.reported, self.keep or self.reported)

    @property
    def enough(self) -> bool:
        """Whether the run holds what is expected."""
        return self.expected is not None and self.got >= self.expected

    def next_walk(self) -> Place:
        """Return the place at which a new walk starts."""
        return replace(
            self, walk=self.walk + 1, fetched=0, pages=0, cursor=None, ended=False
        )


@dataclass(frozen=True)
class Result:
    """What became of one search; `error` is set where the service failed.

    `found` are the run's records, `new` and `changed` what this call stored,
    `rejected` the items that could not be read.
    """

    search: Search
    run_id: int | None = None
    status: str = RunStatus.RUNNING
    reported: int | None = None
    expected: int | None = None
    found: int = 0
    new: int = 0
    changed: int = 0
    rejected: int = 0
    pages: int = 0
    problem: str = ""
    error: ServiceError | None = None

    @property
    def complete(self) -> bool:
        """Whether nothing is left to fetch."""
        return self.error is None and self.status == RunStatus.COMPLETE


def start(session: Session, search: Search, *, by: str, client: str) -> Place:
    """Open a run, or find the unfinished one of the same search and its place."""
    person = lookup.actor(session, by, roles=WORKERS)
    strategy = _strategy(session, search)
    request = _request(search)
    for run in session.scalars(_unfinished(search)):
        same = {k: v for k, v in dict(run.request).items() if k != CUT_OFF} == request
        if same and run.strategy_id == (strategy and strategy.id):
            return _resumed(session, run, search.request)
    run = HarvestRun(
        kind=search.kind,
        source=search.source,
        strategy_id=strategy and strategy.id,
        request=request,
        client=client,
        person_id=person.id,
    )
    session.add(run)
    session.flush()
    return Place(run.id, search.request.keep)


def _unfinished(search: Search) -> Select[HarvestRun]:
    """Ask for the runs that this search may go on with, the newest first."""
    query = select(HarvestRun).where(
        HarvestRun.source == search.source,
        HarvestRun.kind == search.kind,
        HarvestRun.status != RunStatus.COMPLETE,
    )
    if search.text:
        query = query.join(
            SearchStrategy, SearchStrategy.id == HarvestRun.strategy_id
        ).where(SearchStrategy.name == search.name)
    return query.order_by(HarvestRun.id.desc())


def _strategy(session: Session, search: Search) -> SearchStrategy | None:
    """Return the stored strategy with this very text, storing it if it is new."""
    if not search.text:
        return None
    digest = sha256(search.text)
    found = session.scalar(
        select(SearchStrategy).where(
            SearchStrategy.name == search.name, SearchStrategy.sha256 == digest
        )
    )
    if found is None:
        found = SearchStrategy(name=search.name, sha256=digest, text=search.text)
        session.add(found)
        session.flush()
    return found


def _request(search: Search) -> dict[str, object]:
    """Return what is really sent, how much of the answer is kept, and the facts."""
    request = search.request
    return {
        **search.facts,
        "source": request.source,
        "params": dict(request.params),
        "page_size": request.page_size,
        "keep": request.keep,
    }


def _resumed(session: Session, run: HarvestRun, request: Request) -> Place:
    """Return the place from which an unfinished run goes on."""
    place = Place(
        run.id,
        request.keep,
        walk=run.walk,
        fetched=run.fetched,
        pages=_count(session, HarvestPage, run.id, HarvestPage.walk == run.walk),
        cursor=run.cursor,
        stored=_count(session, HarvestPage, run.id),
        got=_count(session, Hit, run.id) + _count(session, RejectedItem, run.id),
        reported=run.reported,
    )
    given_up = run.status == RunStatus.INCOMPLETE
    run.status, run.problem, run.finished_at = RunStatus.RUNNING, "", None
    if place.pages == 0:
        return place
    if place.enough and not given_up:
        return replace(place, ended=True)
    if run.source in RESUMABLE and run.cursor is not None and not given_up:
        return place
    return place.next_walk()


def _count(
    session: Session,
    table: type[HarvestPage | Hit | RejectedItem],
    run_id: int,
    *where: ColumnElement[bool],
) -> int:
    query = select(func.count()).select_from(table).where(table.run_id == run_id)
    return session.scalar(query.where(*where)) or 0


def store_page(session: Session, search: Search, place: Place, page: Page) -> Place:
    """Store one page with all that it brings; return the place behind it."""
    run = session.get_one(HarvestRun, place.run_id, with_for_update=True)
    _refuse_company(session, run, place)
    items = page.items if place.keep is None else page.items[: _room(place)]
    entries, rejected = _sorted_out(items, place.fetched, search)
    entries = _within(session, entries, place)
    stored = store(session, entries, run=run, found=_found(search))
    kept_aside = _keep_aside(session, rejected, run)
    session.add(
        HarvestPage(
            run_id=run.id,
            walk=place.walk,
            number=place.pages + 1,
            items=len(page.items),
            total=page.total,
            url=page.url,
            requests=page.requests,
        )
    )
    place = replace(
        place,
        fetched=place.fetched + len(items),
        pages=place.pages + 1,
        cursor=page.next_cursor,
        stored=place.stored + 1,
        got=place.got + stored.hits + kept_aside,
        reported=place.reported if page.total is None else page.total,
        new=place.new + stored.new,
        changed=place.changed + stored.changed,
    )
    run.walk, run.fetched, run.cursor = place.walk, place.fetched, place.cursor
    run.reported, run.expected = place.reported, place.expected
    run.service = page.service or run.service
    session.flush()
    return replace(place, ended=_is_last(place, page, search.source))


def _found(search: Search) -> Found:
    return Found.CITATION if search.kind == RunKind.CITATION else Found.DATABASE


def _room(place: Place) -> int:
    """Return how many more items a walk may take where only the best are kept."""
    return max(0, (place.keep or 0) - place.fetched)


def _is_last(place: Place, page: Page, source: str) -> bool:
    """Tell whether the walk is over with this page.

    OpenAlex says so itself. Crossref's cursor never ends: there the total does it,
    or an empty page. A walk twice as long as the total runs in a circle.
    """
    if place.enough or not page.items or page.next_cursor is None:
        return True
    if place.keep is not None and place.fetched >= place.keep:
        return True
    if place.reported is None:
        return False
    most = place.reported if source not in RESUMABLE else 2 * place.reported
    return place.fetched >= most


def _refuse_company(session: Session, run: HarvestRun, place: Place) -> None:
    """Refuse to store into a run that another process has gone on with."""
    if _count(session, HarvestPage, run.id) != place.stored:
        raise LitreviewError(
            f"somebody else is harvesting run {run.id} at this moment",
            why="it holds pages that this harvest has not stored",
            fix="wait until the other harvest has ended; nothing is lost",
        )


def _sorted_out(
    items: Sequence[Item], before: int, search: Search
) -> tuple[list[Entry], list[Item]]:
    """Return the items that are records, with their ranks, and those that are not."""
    entries, rejected = [], []
    scored = SCORES[search.source]
    for rank, item in enumerate(items, start=before + 1):
        if item.citation is None:
            rejected.append(item)
        elif len(item.citation.source_id) > LONGEST_ID:
            rejected.append(replace(item, problem="its id is too long"))
        else:
            payload = {k: v for k, v in item.payload.items() if k != scored}
            score = item.payload.get(scored)
            number = float(score) if isinstance(score, int | float) else None
            entry = Entry(item.citation, payload, rank, number, search.seed_id)
            entries.append(entry)
    return entries, rejected


def _within(session: Session, entries: list[Entry], place: Place) -> list[Entry]:
    """Leave out what would take a run beyond the number that it keeps.

    The order may differ between walks, so a later one may meet other records.
    """
    if place.keep is None or place.walk == 1:
        return entries
    ids = [entry.citation.source_id for entry in entries]
    met = set(
        session.scalars(
            select(Record.source_id)
            .join(Hit, Hit.record_id == Record.id)
            .where(Hit.run_id == place.run_id, Record.source_id.in_(ids))
        )
    )
    room = max(0, place.keep - place.got)
    fresh = [i for i in dict.fromkeys(ids) if i not in met][:room]
    return [e for e in entries if e.citation.source_id in met.union(fresh)]


def _keep_aside(session: Session, items: Sequence[Item], run: HarvestRun) -> int:
    """Keep items that are no records, each once; return how many are new."""
    rows = {}
    for item in items:
        digest, content = canonical(item.payload)
        rows[digest] = {
            "run_id": run.id,
            "sha256": digest,
            "payload": content,
            "problem": item.problem or "it cannot be read",
        }
    known = select(RejectedItem.sha256).where(RejectedItem.run_id == run.id)
    for digest in session.scalars(known.where(RejectedItem.sha256.in_(rows))):
        del rows[digest]
    if rows:
        session.execute(insert(RejectedItem), list(rows.values()))
    return len(rows)


def close(
    session: Session, search: Search, place: Place, *, error: ServiceError | None
) -> Result:
    """Write down how the run ended; one that failed stays open, to be gone on with."""
    run = session.get_one(HarvestRun, place.run_id, with_for_update=True)
    rejected = _count(session, RejectedItem, run.id)
    if error is not None:
        run.problem = str(error)
    else:
        _refuse_company(session, run, place)
        short = max(0, (place.expected or 0) - place.got)
        run.status = RunStatus.INCOMPLETE if short else RunStatus.COMPLETE
        run.problem = _problem(place, short, rejected)
        run.finished_at = now()
        run.request = _with_cut_off(session, run, place)
    session.flush()
    return Result(
        search,
        run_id=run.id,
        status=run.status,
        reported=place.reported,
        expected=place.expected,
        found=place.got - rejected,
        new=place.new,
        changed=place.changed,
        rejected=rejected,
        pages=place.stored,
        problem=run.problem,
        error=error,
    )


def _problem(place: Place, short: int, rejected: int) -> str:
    """Say in words what is missing and why, as far as it can be known."""
    told = []
    if short:
        told.append(
            f"{short} of {place.expected} records did not come in {place.walk} walks; "
            f"the last walk gave {place.fetched} items, so the service's total and "
            "its pages do not agree"
        )
    if rejected:
        told.append(f"{rejected} items could not be read as records and are kept aside")
    return "; ".join(told)


def _with_cut_off(session: Session, run: HarvestRun, place: Place) -> dict[str, object]:
    """Return the run's request with the score of the last record that was kept."""
    request = {key: value for key, value in dict(run.request).items() if key != CUT_OFF}
    cut = place.keep is not None and (place.reported or 0) > place.keep
    last = select(Hit.score).where(Hit.run_id == run.id).order_by(Hit.rank.desc())
    score = session.scalar(last.limit(1)) if cut else None
    return request if score is None else {**request, CUT_OFF: score}
