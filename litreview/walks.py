"""Walk through all the pages of one search, and keep each as it comes.

Each page is one transaction: payloads, records, hits, the page itself and the place
to go on from, together. No transaction is open while a service is asked. So a walk
may be killed anywhere: the next one finds the unfinished run of the same search and
goes on.

How it goes on depends on the source. OpenAlex's cursor can be asked again days
later. Crossref's moves with every request, also with one whose answer was lost; a
walk that broke off starts again at the first page as the next walk, and what is
stored stays. A run is complete when it holds as many records as the service
reports, or as many of the best as the strategy keeps. If it ends short, or holds
fewer than a total told earlier, there is one more walk, and then the run says by how
much it is short of the last total.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Protocol, TypeVar

from sqlalchemy.orm import Session

from litreview import runs
from litreview.errors import ServiceError
from litreview.queries import Request
from litreview.runs import Place, Result
from litreview.searches import Search
from litreview.sources import crossref, openalex
from litreview.sources.http import AnswerError
from litreview.sources.page import Page, Settings, uncollected

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
NEW_WALKS = 2  # after walks that broke off, in one call
MORE_WALKS = 1  # after a walk that ended short
# What a bad request says of itself alone; other failures are the source's.
ITS_OWN_FAULT = frozenset({HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND})

Tell = Callable[[Search, int, int | None], None]


@dataclass(frozen=True)
class Job:
    """One search with what it takes to run it."""

    write: Write
    search: Search
    settings: Settings
    tell: Tell


def quietly(_search: Search, _got: int, _expected: int | None) -> None:
    """Tell nobody."""


def its_own_fault(error: ServiceError) -> bool:
    """Tell whether a failure says something of this request alone."""
    return isinstance(error, AnswerError) and error.status in ITS_OWN_FAULT


def run(job: Job, *, by: str) -> Result:
    """Run one search to its end, or as far as its service lets it; never raises for it.

    Raises what `lookup.actor` raises for a stranger.
    """
    client = CLIENTS[job.search.source].client_version()
    place = job.write(lambda s: runs.start(s, job.search, by=by, client=client))
    error: ServiceError | None = None
    if not place.ended:
        place, error = _collect(job, place)
    return job.write(lambda s: runs.close(s, job.search, place, error=error))


def _collect(job: Job, place: Place) -> tuple[Place, ServiceError | None]:
    """Fetch and store pages until the run has enough, or no walk is left."""
    restarts, more = NEW_WALKS, MORE_WALKS
    while True:
        try:
            place = _next_page(job, place)
        except ServiceError as error:
            if not restarts or not _walk_is_lost(error, place, job.search.source):
                return place, error
            restarts -= 1
            place = place.next_walk()
            continue
        job.tell(job.search, place.got, place.expected)
        if not place.ended:
            continue
        if place.sure or place.expected is None or not more:
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


@uncollected()
def _next_page(job: Job, place: Place) -> Place:
    """Fetch one page, store it in one transaction, and return the place behind it."""
    client = CLIENTS[job.search.source]
    page = client.fetch(job.search.request, place.cursor, job.settings)
    return job.write(lambda session: runs.store_page(session, job.search, place, page))
