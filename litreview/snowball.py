"""Citation searching: from works that matter to those they cite and that cite them.

A seed is a work of OpenAlex, and each seed in each direction is one search of its
own, walked through as a harvest walks: page by page, resumed, counted. Forward asks
for the works that cite it (`cites:W1`), backward for those in its list of references
(`cited_by:W1`). So each hit names the seed that led to it, with what was sent. These
are lists, no searches: a page costs 1 credit, not 10.

The next round starts from the records that nothing but citations brought, as far as
this round met them and no earlier round of this call started from them. That is
asked of the hits, so a call that was killed goes on as if nothing had been. What a
call is about is noted when it begins and when it ends: one that did not end is gone
on with, one that did is asked anew, since new works cite old ones every day.
https://help.openalex.org (filters `cites` and `cited_by`), read in August 2026.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from math import ceil

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from litreview import audit, lookup, seeds, walks
from litreview.declarative import JsonValue
from litreview.errors import ServiceError
from litreview.models import AuditEvent, HarvestRun, Hit
from litreview.queries import PAGE_ROWS, Request
from litreview.records import WORKERS
from litreview.runs import Result
from litreview.searches import Search
from litreview.seeds import Seed
from litreview.sources import openalex
from litreview.sources.page import Settings
from litreview.vocabulary import Direction, RunKind, RunStatus
from litreview.walks import Job, Tell, Write, its_own_fault, quietly

SOURCE = "openalex"
# Direction -> the filter that lists what lies there.
FILTERS = {Direction.FORWARD: "cites", Direction.BACKWARD: "cited_by"}
PAGE_CREDITS = 1  # for a page of a list; a page of a search takes 10
CREDIT_DOLLARS = 0.0001
BEGUN, ENDED = "snowball.begun", "snowball.ended"  # audit events
NO_LIST = "OpenAlex has no reference list for it"


# -- what is asked -----------------------------------------------------------------


@dataclass(frozen=True)
class Ask:
    """What is asked of each seed; `limit` is the most works of each of its lists."""

    directions: tuple[Direction, ...]
    limit: int | None = None
    first_year: int | None = None
    last_year: int | None = None

    def told(self) -> dict[str, object]:
        """Return it as it is noted."""
        return {
            "directions": [str(direction) for direction in self.directions],
            "limit": self.limit,
            "from_year": self.first_year,
            "to_year": self.last_year,
        }


def searches_of(starts: Iterable[Seed], ask: Ask, *, number: int) -> list[Search]:
    """Return what round `number` asks, seed by seed."""
    return [
        _search(seed, direction, ask, number)
        for seed in starts
        for direction in ask.directions
    ]


def _search(seed: Seed, direction: Direction, ask: Ask, number: int) -> Search:
    filters = [f"{FILTERS[direction]}:{seed.work}"]
    if ask.first_year is not None:
        filters.append(f"from_publication_date:{ask.first_year:04d}-01-01")
    if ask.last_year is not None:
        filters.append(f"to_publication_date:{ask.last_year:04d}-12-31")
    # Of a list that is cut the newest works are kept: the oldest are known best.
    order = "asc" if ask.limit is None else "desc"
    params = {"filter": ",".join(filters), "sort": f"publication_date:{order}"}
    name = f"{seed.work} {direction}"
    size = min(PAGE_ROWS, ask.limit or PAGE_ROWS)
    facts: dict[str, object] = {"seed": seed.work, "direction": str(direction)}
    facts |= {"round": number} | ({"known_item": seed.known} if seed.known else {})
    return Search(
        name=name,
        text="",
        request=Request(SOURCE, name, params, ask.limit, size),
        kind=RunKind.CITATION,
        seed_id=seed.record_id,
        facts=facts,
    )


# -- what it will take ----------------------------------------------------------------


@dataclass(frozen=True)
class Forecast:
    """How many works a list has, and what fetching it would take; or why not."""

    search: Search
    reported: int | None = None
    to_fetch: int = 0
    credits: int = 0
    error: ServiceError | None = None


def forecast(searches: Sequence[Search], settings: Settings) -> list[Forecast]:
    """Ask how long each list is, at 1 credit each; nothing is stored."""
    found: list[Forecast] = []
    down: ServiceError | None = None
    for search in searches:
        if down is not None:
            found.append(Forecast(search, error=_not_asked()))
            continue
        try:
            reported = openalex.count(search.request, settings)
        except ServiceError as error:
            down = None if its_own_fault(error) else error
            found.append(Forecast(search, error=error))
            continue
        wanted = min(reported, search.request.keep or reported)
        pages = max(1, ceil(wanted / search.request.page_size))
        found.append(Forecast(search, reported, wanted, pages * PAGE_CREDITS))
    return found


def _not_asked() -> ServiceError:
    return ServiceError("OpenAlex was not asked: it failed just before")


def expected(starts: Iterable[Seed], ask: Ask, settings: Settings) -> int:
    """Return how many works a round will fetch at most, as far as OpenAlex tells.

    The lengths come with the works and cost nothing; only where they are missing is
    the list counted, as long as OpenAlex answers.
    """
    total, uncounted = 0, []
    for seed in starts:
        for direction in ask.directions:
            length = seed.lengths.get(direction)
            if length is None:
                uncounted.append(_search(seed, direction, ask, 1))
            else:
                total += min(length, ask.limit or length)
    return total + sum(one.to_fetch for one in forecast(uncounted, settings))


# -- one call, which may take several processes ----------------------------------------


@dataclass(frozen=True)
class Call:
    """A snowballing as it is noted, and who does it.

    `after` is the last run before it began. `resumed` says that an earlier process
    began it and did not come to its end.
    """

    event_id: int
    after: int
    at: datetime
    by: str
    resumed: bool = False


def begin(session: Session, named: Sequence[str], ask: Ask, *, by: str) -> Call:
    """Note that a snowballing begins, or find the same one that never ended.

    `named` is what the person starts from. Raises what `lookup.actor` raises.
    """
    person = lookup.actor(session, by, roles=WORKERS)
    about = {"from": sorted(set(named)), **ask.told()}
    for event in session.scalars(_events(BEGUN)):
        detail = dict(event.detail)
        after = detail.pop("after", 0)
        if detail != about:
            continue
        ended = _events(ENDED).where(AuditEvent.subject == str(event.id))
        if session.scalars(ended).first() is None:
            return Call(event.id, int(str(after)), event.at, by, resumed=True)
        break
    last = session.scalar(select(func.max(HarvestRun.id))) or 0
    detail_now: JsonValue = {**about, "after": last}
    event = audit.note(session, BEGUN, by=person, detail=detail_now)
    return Call(event.id, last, event.at, by)


def end(session: Session, call: Call, *, rounds: int) -> None:
    """Note that a snowballing has come to its end after so many rounds."""
    person = lookup.actor(session, call.by, roles=WORKERS)
    subject, told = str(call.event_id), {"rounds": rounds}
    audit.note(session, ENDED, by=person, subject=subject, detail=told)


def _events(kind: str) -> Select[AuditEvent]:
    newest = AuditEvent.id.desc()
    return select(AuditEvent).where(AuditEvent.kind == kind).order_by(newest)


# -- the rounds ----------------------------------------------------------------------


def run(
    write: Write,
    searches: Sequence[Search],
    *,
    call: Call,
    settings: Settings,
    tell: Tell = quietly,
) -> list[Result]:
    """Walk each list to its end, or as far as OpenAlex lets it; never raises for it.

    What this call has walked to the end before is not asked again.
    """
    done = write(lambda session: _done(session, searches, call))
    results: list[Result] = []
    down = False
    for search in searches:
        if search.name in done:
            results.append(done[search.name])
            continue
        if down:
            results.append(Result(search, error=_not_asked()))
            continue
        result = walks.run(Job(write, search, settings, tell), by=call.by)
        down = result.error is not None and not its_own_fault(result.error)
        results.append(result)
    return results


def _done(
    session: Session, searches: Sequence[Search], call: Call
) -> dict[str, Result]:
    """Return name -> what became of those searches that this call has done before."""
    if not call.resumed:
        return {}
    asked = {search.request.params["filter"]: search for search in searches}
    query = select(HarvestRun).where(
        HarvestRun.kind == RunKind.CITATION,
        HarvestRun.source == SOURCE,
        HarvestRun.status == RunStatus.COMPLETE,
        HarvestRun.id > call.after,
    )
    found: dict[str, Result] = {}
    for row in session.scalars(query.order_by(HarvestRun.id)):
        request = dict(row.request)
        search = asked.get(dict(request["params"])["filter"])
        if search is not None and request["keep"] == search.request.keep:
            found[search.name] = _result(session, row, search)
    return found


def _result(session: Session, row: HarvestRun, search: Search) -> Result:
    """Return what an earlier process came to; nothing of it is new now."""
    hits = select(func.count()).where(Hit.run_id == row.id)
    return Result(
        search,
        run_id=row.id,
        status=row.status,
        reported=row.reported,
        expected=row.expected,
        found=session.scalar(hits) or 0,
        problem=row.problem,
    )


def following(
    session: Session, results: Iterable[Result], before: set[str]
) -> list[Seed]:
    """Return the seeds of the next round; `before` holds the works of all so far."""
    runs = [result.run_id for result in results if result.run_id is not None]
    return seeds.met_by(session, runs, but=before)


def remark(result: Result, seed: Seed) -> str:
    """Say what is to be known of a seed's list: a problem, or why it is empty."""
    search, listed = result.search, seed.lengths.get(Direction.BACKWARD)
    empty = result.complete and result.reported == 0
    if empty and search.facts["direction"] == Direction.BACKWARD:
        whole = "," not in search.request.params["filter"]
        if listed == 0 or (listed is None and whole):
            return NO_LIST
        if whole:
            return f"OpenAlex lists {listed} references and gives none of them"
    return result.problem or str(result.error or "")
