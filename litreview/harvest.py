"""Run saved searches on the services, so that nothing is lost.

A run is one search on one source; how one is walked through stands in `walks`. Here
is what belongs to a harvest as a whole: what it will take, which searches go on when
a service is down, and that one failing source never stops the other.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil

from litreview import walks
from litreview.errors import ServiceError
from litreview.runs import Result
from litreview.searches import Search
from litreview.sources import crossref, openalex
from litreview.sources.page import Settings
from litreview.walks import CLIENTS, Job, Tell, Write, its_own_fault, quietly

# Where each service is for everybody.
PUBLIC = {"openalex": openalex.PUBLIC, "crossref": crossref.PUBLIC}
# Dollars for a page of a search (10 credits), on top of the free daily allowance.
PAGE_COST = {"openalex": 0.001, "crossref": 0.0}


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
            if not its_own_fault(error):
                down[source] = error
            found.append(Forecast(search, error=error))
            continue
        wanted = min(reported, request.keep or reported)
        pages = max(1, ceil(wanted / request.page_size))
        dollars = round(pages * PAGE_COST[source], 4)
        found.append(Forecast(search, reported, wanted, pages, dollars))
    return found


def _skipped(source: str) -> ServiceError:
    return ServiceError(f"{source} was not asked: it failed just before")


# -- the runs ----------------------------------------------------------------------


def harvest(
    write: Write,
    searches: Sequence[Search],
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
    down: set[str] = set()
    for search in searches:
        source = search.source
        if source in down:
            results.append(Result(search, error=_skipped(source)))
            continue
        result = walks.run(Job(write, search, settings[source], tell), by=by)
        if result.error is not None and not its_own_fault(result.error):
            down.add(source)
        results.append(result)
    return results
