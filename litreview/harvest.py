"""Run saved searches on the services, page by page, so that nothing is lost.

A run is one search on one source. Each page is one transaction: payloads, records,
hits, the page itself and the place to go on from, together. No transaction is open
while a service is asked. So a harvest may be killed anywhere: the next one finds the
unfinished run of the same search and goes on.

How it goes on depends on the source. OpenAlex's cursor can be asked again days
later. Crossref's moves with every request, also with one whose answer was lost; a
walk that broke off starts again at the first page as the next walk, and what is
stored stays. A run is complete when it holds as many records as the service
reports, or as many of the best as the strategy keeps. If it ends short there is one
more walk, and then the run says by how much it is short.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from math import ceil
from typing import Protocol, TypeVar

from sqlalchemy.orm import Session

from litreview import runs
from litreview.errors import ServiceError
from litreview.queries import Request
from litreview.runs import Place, Result
from litreview.searches import Search
from litreview.sources import crossref, openalex
from litreview.sources.http import AnswerError
from litreview.sources.page import Page, Settings

T = TypeVar("T")


class Client(Protocol):
    """What a source's module offers."""

    def fetch(self, request: Request, cursor: str | None, settings: Settings) -> Page:
        """Get exactly one page."""

    def count(self, request: Request, settings: Settings) -> int:
        """Return how many works the service reports."""

    def client_version(self) -> str:
        """Name the client that asks."""


class Write(Protocol):
    """Do a unit of work in one writing transaction of its own."""

    def __call__(self, work: Callable[[Session], T], /) -> T:
        """Do `work` and return what it returns."""


CLIENTS: Mapping[str, Client] = {"openalex": openalex, "crossref": crossref}
# Where each service is for everybody.
PUBLIC = {"openalex": openalex.PUBLIC, "crossref": crossref.PUBLIC}
# Dollars for a page of a search (10 credits), on top of the free daily allowance.
PAGE_COST = {"openalex": 0.001, "crossref": 0.0}
NEW_WALKS = 2  # after walks that broke off, in one call
MORE_WALKS = 1  # after a walk that ended short
# What a bad request says of itself alone; other failures are the source's.
ITS_OWN_FAULT = frozenset({HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND})

Tell = Callable[[Search, int, int | None], None]


# -- before anything is fetched --------------------------------------------------


@dataclass(frozen=True)
class Forecast:
    """What a service reports for a search, and what fetching it would take.

    `to_fetch` counts records, `requests` pages, `dollars` what OpenAlex charges. All
    are empty where the service did not answer: `error` says why.
    """

    search: Search
    reported: int | None = None
    to_fetch: int = 0
    requests: int = 0
    dollars: float = 0.0
    error: ServiceError | None = None


def forecast(
    searches: Sequence[Search], settings: Mapping[str, Settings]
) -> list[Forecast]:
    """Ask each service how many works it has for each search; nothing is stored."""
    found: list[Forecast] = []
    down: dict[str, ServiceError] = {}
    for search in searches:
        source, request = search.source, search.request
        if source in down:
            found.append(Forecast(search, error=_skipped(source)))
            continue
        try:
            reported = CLIENTS[source].count(request, settings[source])
        except ServiceError as error:
            if not _its_own_fault(error):
                down[source] = error
            found.append(Forecast(search, error=error))
            continue
        wanted = min(reported, request.keep or reported)
        pages = max(1, ceil(wanted / request.page_size))
        dollars = round(pages * PAGE_COST[source], 4)
        found.append(Forecast(search, reported, wanted, pages, dollars))
    return found


def _its_own_fault(error: ServiceError) -> bool:
    return isinstance(error, AnswerError) and error.status in ITS_OWN_FAULT


def _skipped(source: str) -> ServiceError:
    return ServiceError(f"{source} was not asked: it failed just before")


# -- the runs ----------------------------------------------------------------------


@dataclass(frozen=True)
class _Job:
    """One search with what it takes to run it."""

    write: Write
    search: Search
    settings: Settings
    tell: Tell


def _quietly(_search: Search, _got: int, _expected: int | None) -> None:
    """Tell nobody."""


def harvest(
    write: Write,
    searches: Sequence[Search],
    *,
    by: str,
    settings: Mapping[str, Settings],
    tell: Tell = _quietly,
) -> list[Result]:
    """Run each search to its end, or as far as its service lets it; tell of each page.

    A failing source never stops the other one, and never raises: its results carry
    the error. Raises what `lookup.actor` raises for a stranger.
    """
    results: list[Result] = []
    down: set[str] = set()
    for search in searches:
        source = search.source
        if source in down:
            results.append(Result(search, error=_skipped(source)))
            continue
        result = _run(_Job(write, search, settings[source], tell), by)
        if result.error is not None and not _its_own_fault(result.error):
            down.add(source)
        results.append(result)
    return results


def _run(job: _Job, by: str) -> Result:
    client = CLIENTS[job.search.source].client_version()
    place = job.write(lambda s: runs.start(s, job.search, by=by, client=client))
    error: ServiceError | None = None
    if not place.ended:
        place, error = _collect(job, place)
    return job.write(lambda s: runs.close(s, job.search, place, error=error))


def _collect(job: _Job, place: Place) -> tuple[Place, ServiceError | None]:
    """Fetch and store pages until the run has enough, or no walk is left."""
    restarts, more = NEW_WALKS, MORE_WALKS
    client, request = CLIENTS[job.search.source], job.search.request
    while True:
        try:
            page = client.fetch(request, place.cursor, job.settings)
        except ServiceError as error:
            if not restarts or not _walk_is_lost(error, place, request.source):
                return place, error
            restarts -= 1
            place = place.next_walk()
            continue
        place = _stored(job, place, page)
        job.tell(job.search, place.got, place.expected)
        if not place.ended:
            continue
        if place.enough or place.expected is None or not more:
            return place, None
        more -= 1
        place = place.next_walk()


def _walk_is_lost(error: ServiceError, place: Place, source: str) -> bool:
    """Tell whether this walk cannot go on but a new one may."""
    if not isinstance(error, AnswerError) or place.cursor is None:
        return False
    if error.permanent or error.resume_at is not None:
        return False
    return source not in runs.RESUMABLE or error.status in ITS_OWN_FAULT


def _stored(job: _Job, place: Place, page: Page) -> Place:
    """Store one page in one transaction and return the place behind it."""
    return job.write(lambda session: runs.store_page(session, job.search, place, page))
