"""Run saved searches on the services, so that nothing is lost.

A run is one search on one source; how one is walked through stands in `walks`. Here
is what belongs to a harvest as a whole: what it will cost, whether a service tells
only what has changed, which searches go on when one is down, and when to go on with
those that a day's spent budget stopped. One failing source never stops the other.

OpenAlex counts credits: 10 for a page of a search, 1 for a page of a list, which
is what a filter without a search is; 1,000 a day are free without a key and 10,000
with a free one (help.openalex.org, pricing, 2026). Crossref asks for no money but
for a pace (its blog, November 2025).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from math import ceil

from litreview import searches, walks
from litreview.errors import ServiceError
from litreview.queries import Request
from litreview.runs import Result
from litreview.searches import SINCE, Search
from litreview.sources import crossref, openalex
from litreview.sources.http import AnswerError
from litreview.sources.page import Settings, is_loopback
from litreview.walks import CLIENTS, Job, Tell, Write, its_own_fault, quietly

# Where each service is for everybody.
PUBLIC = {"openalex": openalex.PUBLIC, "crossref": crossref.PUBLIC}
SEARCH_CREDITS, LIST_CREDITS = 10, 1  # of OpenAlex, for a page
CREDIT_DOLLARS = 0.0001
# Credits a day that cost nothing, until midnight UTC.
KEYLESS_BUDGET, FREE_KEY_BUDGET = 1_000, 10_000
PAGE_SECONDS = 1.0  # an assumption: what a page takes to be answered and stored
# Answers by which OpenAlex may refuse to tell what has changed.
_REFUSALS = frozenset(
    {HTTPStatus.BAD_REQUEST, HTTPStatus.FORBIDDEN, HTTPStatus.TOO_MANY_REQUESTS}
)
NAP_SECONDS = 600.0  # between two words about how long there is still to wait


# -- before anything is fetched --------------------------------------------------


@dataclass(frozen=True)
class Forecast:
    """What a service reports for a search, and what fetching it would take.

    `to_fetch` counts records, `requests` pages, `credits` and `dollars` what OpenAlex
    charges, `seconds` the time at the polite pace. All are empty where the service
    did not answer: `error` says why.
    """

    search: Search
    reported: int | None = None
    to_fetch: int = 0
    requests: int = 0
    credits: int = 0
    dollars: float = 0.0
    seconds: float = 0.0
    error: ServiceError | None = None


def forecast(
    planned: Sequence[Search], settings: Mapping[str, Settings]
) -> list[Forecast]:
    """Ask each service how many works it has for each search; nothing is stored."""
    found: list[Forecast] = []
    down: dict[str, ServiceError] = {}
    for search in planned:
        source, request = search.source, search.request
        if source in down:
            found.append(Forecast(search, error=_skipped(source, down[source])))
            continue
        try:
            reported = CLIENTS[source].count(request, settings[source])
        except ServiceError as error:
            if not its_own_fault(error):
                down[source] = error
            found.append(Forecast(search, error=error))
            continue
        found.append(estimate(search, settings[source], reported))
    return found


def estimate(
    search: Search, settings: Settings, reported: int | None = None
) -> Forecast:
    """Return what a search would take; not counted, it is the most it may take."""
    request = search.request
    most = request.keep if reported is None else reported
    wanted = min(most or 0, request.keep or most or 0)
    pages = max(1, ceil(wanted / request.page_size))
    price = pages * page_credits(request)
    pace = 0.0 if is_loopback(settings.base_url) else _pace(request, settings)
    return Forecast(
        search,
        reported,
        to_fetch=wanted,
        requests=pages,
        credits=price,
        dollars=round(price * CREDIT_DOLLARS, 4),
        seconds=pages * max(pace, PAGE_SECONDS),
    )


def _pace(request: Request, settings: Settings) -> float:
    ask = openalex.pace if request.source == "openalex" else crossref.pace
    return ask(request, settings)


def page_credits(request: Request) -> int:
    """Return the credits that OpenAlex takes for a page of this request."""
    if request.source != "openalex":
        return 0
    searched = any(name.startswith("search") for name in request.params)
    searched = searched or ".search" in request.params.get("filter", "")
    return SEARCH_CREDITS if searched else LIST_CREDITS


@dataclass(frozen=True)
class Bill:
    """What several searches take together; `budget` are OpenAlex's credits a day."""

    searches: int
    records: int
    pages: int
    credits: int
    seconds: float
    budget: int
    with_key: bool

    @property
    def days(self) -> int:
        """Return on how many days OpenAlex has to be asked."""
        return max(1, ceil(self.credits / self.budget))


def bill(forecasts: Iterable[Forecast], settings: Mapping[str, Settings]) -> Bill:
    """Add up what searches would take."""
    told = [found for found in forecasts if found.error is None]
    with_key = settings["openalex"].key is not None
    return Bill(
        searches=len(told),
        records=sum(found.to_fetch for found in told),
        pages=sum(found.requests for found in told),
        credits=sum(found.credits for found in told),
        seconds=sum(found.seconds for found in told),
        budget=FREE_KEY_BUDGET if with_key else KEYLESS_BUDGET,
        with_key=with_key,
    )


def _skipped(source: str, before: ServiceError) -> ServiceError:
    """Return why a source is not asked again, with the time at which it may be."""
    what = f"{source} was not asked: it failed just before"
    resume_at = before.resume_at if isinstance(before, AnswerError) else None
    return AnswerError(what, resume_at=resume_at)


# -- only what has changed ---------------------------------------------------------


def since_or_whole(
    planned: Sequence[Search], settings: Mapping[str, Settings]
) -> tuple[list[Search], ServiceError | None]:
    """Ask OpenAlex whether it tells changes; if not, ask for its searches whole.

    It tells them to paid plans, which the first such search finds out for all.
    Returns the searches to run, and the refusal. Any other failure is left to the
    run itself, which will tell it.
    """
    asked = (each for each in planned if each.source == "openalex")
    first = next((each for each in asked if SINCE in each.facts), None)
    if first is None:
        return list(planned), None
    try:
        CLIENTS["openalex"].count(first.request, settings["openalex"])
    except AnswerError as error:
        if not (error.permanent and error.status in _REFUSALS):
            return list(planned), None
        return [_whole(each) for each in planned], error
    except ServiceError:
        pass
    return list(planned), None


def _whole(search: Search) -> Search:
    return searches.whole(search) if search.source == "openalex" else search


# -- the runs ----------------------------------------------------------------------


def harvest(
    write: Write,
    planned: Sequence[Search],
    *,
    by: str,
    settings: Mapping[str, Settings],
    tell: Tell = quietly,
) -> list[Result]:
    """Run each search to its end, or as far as its service lets it; tell of each page.

    A failing source never stops the other one, and never raises: its results carry
    the error. Raises what `lookup.actor` raises for a stranger.
    """
    results: list[Result] = []
    down: dict[str, ServiceError] = {}
    for search in planned:
        source = search.source
        if source in down:
            results.append(Result(search, error=_skipped(source, down[source])))
            continue
        result = walks.run(Job(write, search, settings[source], tell), by=by)
        if result.error is not None and not its_own_fault(result.error):
            down[source] = result.error
        results.append(result)
    return results


# -- a spent budget ------------------------------------------------------------------


def resume_at(results: Iterable[Result]) -> datetime | None:
    """Return when all the services that asked for it may be asked again, if any."""
    errors = [result.error for result in results]
    times = [error.resume_at for error in errors if isinstance(error, AnswerError)]
    return max((when for when in times if when is not None), default=None)


def wait(
    until: datetime, settings: Settings, tell: Callable[[datetime, timedelta], None]
) -> None:
    """Sleep until a moment, telling now and then how long there is still to wait.

    Signals interrupt it like any sleep: nothing is open meanwhile.
    """
    while (left := until - settings.now()) > timedelta(0):
        tell(until, left)
        settings.sleep(min(left.total_seconds(), NAP_SECONDS))
