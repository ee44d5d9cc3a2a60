"""Harvest runs as they are stored: opened, gone on with page by page, and closed.

Each function here is one transaction's work. `Place` says where a run stands; it is
what a page leaves behind and what the next page starts from. It is read back from
the tables when an unfinished run is found again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Session

from litreview import lookup, sifting
from litreview.declarative import now
from litreview.errors import LitreviewError, ServiceError
from litreview.models import (
    HarvestPage,
    HarvestRun,
    Hit,
    Record,
    RejectedItem,
    SearchStrategy,
)
from litreview.queries import Request
from litreview.records import WORKERS, Entry, store
from litreview.searches import SINCE_REFUSED, Search
from litreview.sources.page import Page
from litreview.vocabulary import Found, RunKind, RunStatus
from litreview.workspace import sha256

# Sources whose cursor another process may take up.
RESUMABLE = frozenset({"openalex"})
CUT_OFF = "cut_off_score"  # key of a run's request, written at its end
# Keys of a run's request that say how it came about and not what was asked.
_ASIDE = frozenset({CUT_OFF, SINCE_REFUSED})


@dataclass(frozen=True)
class Place:
    """Where a run stands. `got` are its records and what cannot be read.

    Of the latter, only the present walk's count, which are `aside` by their hashes:
    an item that was broken in one walk may be whole in the next.

    `fetched` and `pages` count the present walk; `stored` counts the pages of all
    walks and tells whether somebody else has stored one meanwhile. `most` is the
    largest total that the service has told: totals drift, and `reported` is the last.
    `bottom` says that a ranking has come below the score down to which it is asked.
    """

    run_id: int
    keep: int | None
    walk: int = 1
    fetched: int = 0
    pages: int = 0
    cursor: str | None = None
    stored: int = 0
    got: int = 0
    aside: frozenset[str] = frozenset()
    reported: int | None = None
    most: int = 0
    new: int = 0
    changed: int = 0
    versions: int = 0
    bottom: bool = False
    ended: bool = False

    @property
    def expected(self) -> int | None:
        """The number of records that the run should hold; None if nobody knows."""
        if self.bottom:
            return self.got
        if self.reported is None:
            return None
        return min(self.reported, self.keep or self.reported)

    @property
    def enough(self) -> bool:
        """Whether the run holds what is expected."""
        return self.expected is not None and self.got >= self.expected

    @property
    def sure(self) -> bool:
        """Whether it holds also what the largest total told would have brought."""
        most = min(self.most, self.keep or self.most)
        return self.enough and (self.bottom or self.got >= most)

    def next_walk(self) -> Place:
        """Return the place at which a new walk starts."""
        return replace(
            self,
            walk=self.walk + 1,
            fetched=0,
            pages=0,
            cursor=None,
            got=self.got - len(self.aside),
            aside=frozenset(),
            ended=False,
        )


@dataclass(frozen=True)
class Result:
    """What became of one search; `error` is set where the service failed.

    `found` are the run's records, `new`, `changed` and `versions` what this call
    stored (see `records.Stored`), `rejected` the items that could not be read.
    """

    search: Search
    run_id: int | None = None
    status: str = RunStatus.RUNNING
    reported: int | None = None
    expected: int | None = None
    found: int = 0
    new: int = 0
    changed: int = 0
    versions: int = 0
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
        same = _asked(dict(run.request)) == _asked(request)
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


def _asked(request: Mapping[str, object]) -> dict[str, object]:
    return {key: value for key, value in request.items() if key not in _ASIDE}


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
    kept_aside = select(RejectedItem.sha256).where(RejectedItem.run_id == run.id)
    # A later walk's are not told from an earlier one's: rather too few than too many.
    aside = frozenset(session.scalars(kept_aside) if run.walk == 1 else ())
    place = Place(
        run.id,
        request.keep,
        walk=run.walk,
        fetched=run.fetched,
        pages=_count(session, HarvestPage, run.id, HarvestPage.walk == run.walk),
        cursor=run.cursor,
        stored=_count(session, HarvestPage, run.id),
        got=_count(session, Hit, run.id) + len(aside),
        aside=aside,
        reported=run.reported,
        most=_most_told(session, run.id),
    )
    given_up = run.status == RunStatus.INCOMPLETE
    run.status, run.problem, run.finished_at = RunStatus.RUNNING, "", None
    if place.pages == 0:
        return place
    if place.sure and not given_up:
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


def _most_told(session: Session, run_id: int) -> int:
    query = select(func.max(HarvestPage.total)).where(HarvestPage.run_id == run_id)
    return session.scalar(query) or 0


def store_page(session: Session, search: Search, place: Place, page: Page) -> Place:
    """Store one page with all that it brings; return the place behind it."""
    run = session.get_one(HarvestRun, place.run_id, with_for_update=True)
    _refuse_company(session, run, place)
    ranked = page.items if place.keep is None else page.items[: _room(place)]
    items = sifting.above(ranked, search)
    entries, rejected = sifting.sorted_out(items, place.fetched, search)
    entries = _within(session, entries, place)
    stored = store(session, entries, run=run, found=_found(search))
    aside = place.aside | sifting.keep_aside(session, rejected, run)
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
        got=place.got + stored.hits + len(aside) - len(place.aside),
        aside=aside,
        reported=place.reported if page.total is None else page.total,
        most=max(place.most, page.total or 0),
        new=place.new + stored.new,
        changed=place.changed + stored.changed,
        versions=place.versions + stored.versions,
        bottom=place.bottom or len(items) < len(ranked),
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
    or an empty page. A walk twice as long as the total runs in a circle. A total
    that fell ends nothing: an answer cut short tells a smaller one, too.
    """
    if place.sure or not page.items or page.next_cursor is None:
        return True
    if place.keep is not None and place.fetched >= place.keep:
        return True
    if place.reported is None:
        return False
    most = place.most if source not in RESUMABLE else 2 * place.most
    return place.fetched >= most


def _refuse_company(session: Session, run: HarvestRun, place: Place) -> None:
    """Refuse to store into a run that another process has gone on with."""
    if _count(session, HarvestPage, run.id) != place.stored:
        raise LitreviewError(
            f"somebody else is harvesting run {run.id} at this moment",
            why="it holds pages that this harvest has not stored",
            fix="wait until the other harvest has ended; nothing is lost",
        )


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
        run.problem = _problem(session, place, short, rejected)
        run.finished_at = now()
        run.request = _with_cut_off(session, run, place)
    session.flush()
    return Result(
        search,
        run_id=run.id,
        status=run.status,
        reported=place.reported,
        expected=place.expected,
        found=_count(session, Hit, run.id),
        new=place.new,
        changed=place.changed,
        versions=place.versions,
        rejected=rejected,
        pages=place.stored,
        problem=run.problem,
        error=error,
    )


def _problem(session: Session, place: Place, short: int, rejected: int) -> str:
    """Say in words what is missing and why, as far as it can be known."""
    told = []
    if short:
        told.append(
            f"{short} of {place.expected} records did not come in {place.walk} walks: "
            + ", ".join(_why_short(session, place))
        )
    if rejected:
        told.append(f"{rejected} items could not be read as records and are kept aside")
    return "; ".join(told)


def _why_short(session: Session, place: Place) -> list[str]:
    """Say what each walk brought, and which totals the service told meanwhile."""
    query = select(HarvestPage).where(HarvestPage.run_id == place.run_id)
    pages = session.scalars(query.order_by(HarvestPage.id)).all()
    walks: dict[int, list[int]] = {}
    for page in pages:
        walks.setdefault(page.walk, []).append(page.items)
    reasons = [
        f"walk {number} gave {sum(items)} items on {len(items)} pages"
        for number, items in walks.items()
    ]
    half_full = sum(
        some < max(items) for items in walks.values() for some in items[:-1]
    )
    if half_full:
        reasons.append(f"{half_full} pages before the last of a walk were not full")
    totals = list(dict.fromkeys(page.total for page in pages if page.total is not None))
    if len(totals) > 1:
        reasons.append(f"the total told went from {totals[0]} to {totals[-1]}")
    else:
        reasons.append("the service's total and its pages do not agree")
    return reasons


def _with_cut_off(session: Session, run: HarvestRun, place: Place) -> dict[str, object]:
    """Return the run's request with the lowest score that was kept."""
    request = {key: value for key, value in dict(run.request).items() if key != CUT_OFF}
    cut = place.keep is not None and (place.reported or 0) > place.keep
    lowest = select(func.min(Hit.score)).where(Hit.run_id == run.id)
    score = session.scalar(lowest) if cut else None
    return request if score is None else {**request, CUT_OFF: score}
