"""What a harvest promises: nothing lost, nothing doubled, whatever happens."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TypeVar

import harvesting
import pytest
from harvesting import crossref_work, join, openalex_work, plan, stored, works
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from litreview import db
from litreview.declarative import Base
from litreview.demo.openalex_api import OpenAlex
from litreview.demo.server import Fault, Server, Spoil, serve
from litreview.errors import (
    LitreviewError,
    NotAllowedError,
    NotFoundError,
    ServiceError,
)
from litreview.harvest import (
    Forecast,
    bill,
    estimate,
    forecast,
    harvest,
    page_credits,
    resume_at,
    since_or_whole,
    wait,
)
from litreview.models import (
    HarvestPage,
    HarvestRun,
    Hit,
    RawRecord,
    Record,
    RejectedItem,
    SearchStrategy,
)
from litreview.queries import Request
from litreview.runs import Place, Result, start
from litreview.searches import Search, since
from litreview.searches import plan as searches_of
from litreview.searches import whole as whole_of
from litreview.sources.page import Settings
from litreview.vocabulary import Role, RunStatus
from litreview.walks import Write

T = TypeVar("T")
ROOT = Path(__file__).resolve().parent.parent


def writer(engine: Engine) -> Write:
    """Return what does a unit of work on this database."""

    def write(work: Callable[[Session], T], /) -> T:
        return db.write(engine, work)

    return write


def run(engine: Engine, searches: list[Search], server: Server) -> list[Result]:
    """Run searches as the lead."""
    settings = harvesting.settings(server)
    return harvest(writer(engine), searches, by="lead", settings=settings)


def rows(engine: Engine, table: type[Base]) -> int:
    """Count the rows of a table."""
    query = select(func.count()).select_from(table)
    return db.read(engine, lambda session: session.scalar(query) or 0)


def all_runs(engine: Engine) -> list[HarvestRun]:
    """Return all runs in their order."""
    query = select(HarvestRun).order_by(HarvestRun.id)
    return db.read(engine, lambda session: list(session.scalars(query)))


@pytest.fixture
def team(engine: Engine) -> Engine:
    """Return a database with a lead."""
    join(engine)
    return engine


def test_a_harvest_brings_everything_page_by_page(team: Engine, tmp_path: Path) -> None:
    """Both services are walked to their end, with the requests that this takes."""
    with serve(*works(25, 30), openalex_page=10, crossref_page=8) as server:
        results = run(team, plan(tmp_path, keep=20), server)
        assert [(r.search.source, r.found, r.complete) for r in results] == [
            ("openalex", 25, True),
            ("crossref", 20, True),
        ]
        asked = [request.service for request in server.requests]
        assert (asked.count("openalex"), asked.count("crossref")) == (3, 3)
    assert rows(team, HarvestPage) == 6
    hits = stored(team)["hits"]
    assert isinstance(hits, list)
    ranks = sorted(rank for name, rank, _score in hits if name.startswith("crossref"))
    assert ranks == list(range(1, 21))


def test_a_run_says_what_was_sent_and_what_was_cut_off(
    team: Engine, tmp_path: Path
) -> None:
    """The run keeps the parameters, the client, the totals and the score at the cut."""
    with serve(*works(5, 30), crossref_page=8) as server:
        run(team, plan(tmp_path, keep=20), server)
    first, second = all_runs(team)
    assert isinstance(first.request, dict)
    assert isinstance(second.request, dict)
    assert "title_and_abstract.search:" in first.request["params"]["filter"]
    assert "cut_off_score" not in first.request
    assert (first.reported, first.expected, first.fetched) == (5, 5, 5)
    assert (second.reported, second.expected, second.fetched) == (30, 20, 20)
    assert (first.client.split()[0], second.client.split()[0]) == ("pyalex", "habanero")
    assert first.finished_at is not None
    last = select(Hit.score).where(Hit.run_id == second.id, Hit.rank == 20)
    assert second.request["cut_off_score"] == db.read(team, lambda s: s.scalar(last))
    text = db.read(team, lambda s: s.scalar(select(SearchStrategy.text)))
    assert text == harvesting.strategy(20)


def test_running_twice_adds_nothing(team: Engine, tmp_path: Path) -> None:
    """A second harvest is a new run with its own hits; records and payloads stay."""
    with serve(*works(12, 12), openalex_page=5, crossref_page=5) as server:
        run(team, plan(tmp_path), server)
        before, pages = stored(team), rows(team, HarvestPage)
        again = run(team, plan(tmp_path), server)
    after = stored(team)
    assert [(r.new, r.changed, r.found) for r in again] == [(0, 0, 12), (0, 0, 12)]
    for part in ("records", "raws", "authors"):
        assert after[part] == before[part]
    assert (rows(team, HarvestRun), rows(team, HarvestPage)) == (4, 2 * pages)
    assert rows(team, Hit) == 2 * 24


def test_a_record_of_two_strategies_is_one_with_two_hits(
    team: Engine, tmp_path: Path
) -> None:
    """Another search, in which the record scores otherwise, makes no second version."""
    other = harvesting.strategy().replace("query: teacher trust", "query: trust school")
    space = harvesting.workspace(tmp_path, one=harvesting.strategy(), two=other)
    both = searches_of(space, sources=["crossref"])
    with serve(*works(0, 6)) as server:
        first, second = run(team, both, server)
    assert (first.new, second.new, second.changed) == (6, 0, 0)
    assert (rows(team, RawRecord), rows(team, Hit)) == (6, 12)
    scores = db.read(team, lambda s: set(s.scalars(select(Hit.score))))
    assert len(scores) > 1


def test_a_changed_payload_is_a_new_version(team: Engine, tmp_path: Path) -> None:
    """What the service says later is kept beside what it said before."""
    old, new = [openalex_work(1)], [openalex_work(1, title="Teacher trust, corrected")]
    with serve(old, []) as server:
        run(team, plan(tmp_path, sources=["openalex"]), server)
    with serve(new, []) as server:
        (result,) = run(team, plan(tmp_path, sources=["openalex"]), server)
    assert (result.new, result.changed) == (0, 1)
    titles = db.read(team, lambda s: list(s.scalars(select(Record.title))))
    assert titles == ["Teacher trust, corrected"]
    assert rows(team, RawRecord) == 2


def test_what_cannot_be_read_is_kept_aside_and_told(
    team: Engine, tmp_path: Path
) -> None:
    """A broken item costs no other item; it is counted, and no walk is made for it."""
    broken = openalex_work(3, id="https://openalex.org/P3")
    with serve([openalex_work(1), openalex_work(2), broken], []) as server:
        (result,) = run(team, plan(tmp_path, sources=["openalex"]), server)
        assert len(server.requests) == 1
    assert (result.found, result.rejected, result.complete) == (2, 1, True)
    assert "1 items could not be read" in result.problem
    problem = db.read(team, lambda s: s.scalar(select(RejectedItem.problem)))
    assert problem


# -- interruptions -----------------------------------------------------------------


class _PowerCutError(BaseException):
    """The process is gone."""


def cut_off(engine: Engine, after: int, *, lost: bool) -> Write:
    """Return a writer that fails at its n-th unit: before it, or just behind it."""
    done = 0

    def write(work: Callable[[Session], T], /) -> T:
        nonlocal done
        done += 1
        if done == after and lost:
            with db.transaction(engine) as session:
                work(session)
                raise _PowerCutError
        result = db.write(engine, work)
        if done == after:
            raise _PowerCutError
        return result

    return write


@pytest.mark.parametrize("lost", [True, False], ids=["before", "behind"])
def test_stopped_at_any_transaction_and_resumed_equals_undisturbed(
    tmp_path: Path, *, lost: bool
) -> None:
    """At every commit, before it or behind it: the next run ends with the same rows."""
    searches = plan(tmp_path, keep=7)
    template = tmp_path / "template.sqlite"
    _database(template).dispose()
    with serve(*works(7, 9), openalex_page=4, crossref_page=4) as server:
        calm = _copy(template, "calm")
        run(calm, searches, server)
        wanted = stored(calm)
        units = rows(calm, HarvestPage) + 2 * len(searches)
        for after in range(1, units + 1):
            engine = _copy(template, str(after))
            settings = harvesting.settings(server)
            write = cut_off(engine, after, lost=lost)
            with pytest.raises(_PowerCutError):
                harvest(write, searches, by="lead", settings=settings)
            results = run(engine, searches, server)
            assert all(result.complete for result in results)
            assert _without_extra_hits(engine) == wanted, after
            engine.dispose()
        calm.dispose()


def _database(path: Path) -> Engine:
    """Make a database with a lead."""
    engine = db.engine_for(f"sqlite:///{path}")
    db.create(engine)
    join(engine)
    return engine


def _copy(template: Path, name: str) -> Engine:
    """Return a copy of a database that nobody has open."""
    path = template.with_stem(name)
    shutil.copy(template, path)
    return db.engine_for(f"sqlite:///{path}")


def _without_extra_hits(engine: Engine) -> object:
    """Return what is stored; a search that was whole before may have run twice."""
    found = dict(stored(engine))
    hits = found["hits"]
    assert isinstance(hits, list)
    return {**found, "hits": sorted(set(hits))}


def _children(tmp_path: Path, server: Server, url: str) -> subprocess.Popen[bytes]:
    """Start the real command on this database."""
    environment = {
        **os.environ,
        "LITREVIEW_OPENALEX_URL": server.openalex_url,
        "LITREVIEW_CROSSREF_URL": server.crossref_url,
        "PYTHONPATH": str(ROOT),
    }
    words = ["-w", str(tmp_path), "--database", url, "--as", "lead", "harvest"]
    return subprocess.Popen(
        [sys.executable, "-m", "litreview", *words],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def _wait_for(requests: int, server: Server, child: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while len(server.requests) < requests:
        assert child.poll() is None, child.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.002)


def test_killed_and_resumed_equals_undisturbed(
    team: Engine, database_url: str, tmp_path: Path
) -> None:
    """The command, killed with SIGKILL twice, ends with what one whole run brings."""
    searches = plan(tmp_path, keep=14)
    with serve(*works(10, 18), openalex_page=3, crossref_page=3) as server:
        calm = _database(tmp_path / "calm.sqlite")
        run(calm, searches, server)
        wanted = stored(calm)
        calm.dispose()
    with serve(*works(10, 18), openalex_page=3, crossref_page=3) as server:
        for kill_at in (3, 5):
            slow = [Fault(name, n, delay=0.05) for name in SOURCES for n in range(99)]
            server.faults.extend(slow)
            begun = len(server.requests)
            child = _children(tmp_path, server, database_url)
            _wait_for(begun + kill_at, server, child)
            child.kill()
            child.communicate()
            assert child.returncode == -signal.SIGKILL
        server.faults.clear()
        results = run(team, searches, server)
    assert all(result.complete for result in results)
    assert _without_extra_hits(team) == wanted


SOURCES = ("openalex", "crossref")


def test_sigterm_ends_the_page_in_hand_and_leaves_the_rest(
    team: Engine, database_url: str, tmp_path: Path
) -> None:
    """The exit status is 143, and the run goes on where it stopped."""
    with serve(*works(12, 0), openalex_page=2) as server:
        plan(tmp_path)
        server.faults.extend(Fault("openalex", n, delay=0.05) for n in range(99))
        child = _children(tmp_path, server, database_url)
        _wait_for(4, server, child)
        child.terminate()
        child.communicate()
        assert child.returncode == 143
        before = rows(team, HarvestPage)
        assert 0 < before < 6
        server.faults.clear()
        asked = len(server.requests)
        run(team, plan(tmp_path, sources=["openalex"]), server)
        assert len(server.requests) - asked == 6 - before
    assert (rows(team, HarvestRun), rows(team, Record)) == (1, 12)


def test_crossref_starts_again_where_a_walk_breaks_off(
    team: Engine, tmp_path: Path
) -> None:
    """A page whose answer is lost is never asked again: the walk starts anew."""
    with serve(*works(0, 20), crossref_page=6) as server:
        server.faults.append(Fault("crossref", 2, spoil=Spoil.TRUNCATED))
        (result,) = run(team, plan(tmp_path, sources=["crossref"]), server)
        assert len(server.requests) == 2 + 4
    assert (result.found, result.complete) == (20, True)
    (opened,) = all_runs(team)
    assert opened.walk == 2
    names = db.read(team, lambda s: s.scalars(select(Record.source_id)).all())
    assert len(set(names)) == 20


def test_a_service_that_ends_short_makes_the_run_incomplete(
    team: Engine, tmp_path: Path
) -> None:
    """After one more walk the run says how short it is; a later harvest heals it."""
    twin = [openalex_work(1), openalex_work(1), openalex_work(2)]
    with serve(twin, []) as server:
        (result,) = run(team, plan(tmp_path, sources=["openalex"]), server)
        assert len(server.requests) == 2
    assert (result.status, result.found) == (RunStatus.INCOMPLETE, 2)
    assert "1 of 3 records did not come in 2 walks" in result.problem
    with serve([openalex_work(n) for n in (1, 2, 3)], []) as server:
        (result,) = run(team, plan(tmp_path, sources=["openalex"]), server)
    assert (result.complete, result.found, result.problem) == (True, 3, "")
    assert rows(team, HarvestRun) == 1


def test_a_failing_source_does_not_stop_the_other(team: Engine, tmp_path: Path) -> None:
    """OpenAlex refuses everything; Crossref's records come, and the error is told."""
    with serve(*works(5, 5)) as server:
        server.faults.extend(Fault("openalex", n, status=401) for n in range(1, 99))
        first, second = run(team, plan(tmp_path), server)
        assert first.error is not None
        assert "401" in str(first.error)
        assert (second.complete, second.found) == (True, 5)
        server.faults.clear()
        healed, _ = run(team, plan(tmp_path), server)
    assert (healed.run_id, healed.complete, healed.found) == (first.run_id, True, 5)


def test_a_source_that_is_down_is_asked_once(team: Engine, tmp_path: Path) -> None:
    """Its later searches say so instead of waiting for it again."""
    space = harvesting.workspace(
        tmp_path, one=harvesting.strategy(), two=harvesting.strategy()
    )
    searches = searches_of(space, sources=["openalex"])
    with serve(*works(5, 0)) as server:
        server.faults.extend(Fault("openalex", n, status=403) for n in range(1, 99))
        first, second = run(team, searches, server)
        assert len(server.requests) == 1
    assert "403" in str(first.error)
    assert "was not asked" in str(second.error)
    assert not second.complete


def test_a_cursor_that_the_service_forgot_starts_a_new_walk(
    team: Engine, tmp_path: Path
) -> None:
    """OpenAlex refuses the stored cursor: the walk starts again and ends whole."""
    searches = plan(tmp_path, sources=["openalex"])
    with serve(*works(9, 0), openalex_page=4) as server:
        settings = harvesting.settings(server)
        write = cut_off(team, 2, lost=False)
        with pytest.raises(_PowerCutError):
            harvest(write, searches, by="lead", settings=settings)
        (opened,) = all_runs(team)
        with db.transaction(team) as session:
            session.get_one(HarvestRun, opened.id).cursor = "bm9uc2Vuc2U="
        (result,) = run(team, searches, server)
    assert (result.complete, result.found) == (True, 9)
    assert all_runs(team)[0].walk == 2


def test_another_request_is_another_run(team: Engine, tmp_path: Path) -> None:
    """A limit, or a changed strategy, never resumes the unfinished run of another."""
    searches = plan(tmp_path, sources=["openalex"])
    with serve(*works(9, 0), openalex_page=4) as server:
        settings = harvesting.settings(server)
        write = cut_off(team, 2, lost=False)
        with pytest.raises(_PowerCutError):
            harvest(write, searches, by="lead", settings=settings)
        limited = plan(tmp_path, sources=["openalex"], limit=3)
        (result,) = run(team, limited, server)
        assert (result.found, result.reported, result.expected) == (3, 9, 3)
        changed = [
            replace(search, text=search.text + "# more\n") for search in searches
        ]
        run(team, changed, server)
    assert len(all_runs(team)) == 3


def test_two_harvests_of_one_run_do_not_mix(team: Engine, tmp_path: Path) -> None:
    """The one that finds the other's page in its run stops and says so."""
    searches = plan(tmp_path, sources=["openalex"])
    with serve(*works(9, 0), openalex_page=4) as server:
        settings = harvesting.settings(server)

        def interfere(_search: Search, _got: int, _expected: int | None) -> None:
            with db.transaction(team) as session:
                place = start(session, searches[0], by="lead", client="other")
                assert isinstance(place, Place)
                page = HarvestPage(
                    run_id=place.run_id, walk=1, number=9, items=0, url=""
                )
                session.add(page)

        with pytest.raises(LitreviewError, match="somebody else"):
            harvest(
                writer(team), searches, by="lead", settings=settings, tell=interfere
            )


def test_two_people_may_harvest_overlapping_searches_at_once(
    team: Engine, tmp_path: Path
) -> None:
    """Each record is made once, whoever of the two meets it first."""
    texts = {f"s{n}": harvesting.strategy() + f"# {n}\n" for n in range(3)}
    searches = searches_of(harvesting.workspace(tmp_path, **texts))
    with serve(*works(12, 20), openalex_page=2, crossref_page=3) as server:

        def one(name: str) -> list[Result]:
            return run(team, [s for s in searches if s.name == name], server)

        with ThreadPoolExecutor() as pool:
            results = [r for found in pool.map(one, texts) for r in found]
    assert all(result.complete for result in results), results
    assert (rows(team, Record), rows(team, RawRecord)) == (32, 32)
    assert rows(team, Hit) == 3 * 32


def test_a_later_walk_never_keeps_more_than_the_best(
    team: Engine, tmp_path: Path
) -> None:
    """Crossref ranks otherwise the next time: no more than `keep` records are hit."""
    searches = plan(tmp_path, keep=10, sources=["crossref"])
    with serve(*works(0, 30), crossref_page=6) as server:
        settings = harvesting.settings(server)
        write = cut_off(team, 2, lost=False)
        with pytest.raises(_PowerCutError):
            harvest(write, searches, by="lead", settings=settings)
    others = [crossref_work(number) for number in range(31, 61)]
    with serve([], others, crossref_page=6) as server:
        (result,) = run(team, searches, server)
    assert (result.found, result.complete) == (10, True)
    assert rows(team, Hit) == 10


def test_strangers_and_readers_do_not_harvest(team: Engine, tmp_path: Path) -> None:
    """Nothing is asked for who is not there or only reads."""
    join(team, "rita", Role.READER)
    with serve(*works(3, 3)) as server:
        settings = harvesting.settings(server)
        for by, kind in (("rita", NotAllowedError), ("nobody", NotFoundError)):
            with pytest.raises(kind):
                harvest(writer(team), plan(tmp_path), by=by, settings=settings)
        assert server.requests == []
    assert rows(team, HarvestRun) == 0


# -- the forecast --------------------------------------------------------------------


def test_the_forecast_tells_records_pages_and_dollars(tmp_path: Path) -> None:
    """It counts what would be fetched; a failing source leaves the other's numbers."""
    with serve(*works(250, 30)) as server:
        openalex, crossref = forecast(plan(tmp_path), harvesting.settings(server))
        told = (openalex.reported, openalex.to_fetch, openalex.requests)
        assert told == (250, 250, 3)
        assert openalex.dollars == pytest.approx(0.003)
        assert (crossref.reported, crossref.to_fetch, crossref.dollars) == (30, 20, 0)
        server.faults.extend(Fault("openalex", n, status=401) for n in range(1, 99))
        failed, counted = forecast(plan(tmp_path), harvesting.settings(server))
    assert failed.error is not None
    assert counted.reported == 30


# -- totals that drift -------------------------------------------------------------


def drifting(
    engine: Engine, searches: list[Search], before: int, after: list[int]
) -> tuple[Result, int]:
    """Run a search whose works are others from the second page on; count requests."""
    with serve(works(before, 0)[0], [], openalex_page=4) as server:

        def tell(_search: Search, _got: int, _expected: int | None) -> None:
            now = tuple(openalex_work(number) for number in after)
            if server.openalex.works != now:
                server.__dict__["openalex"] = OpenAlex(now, 4)

        settings = harvesting.settings(server)
        (result,) = harvest(
            writer(engine), searches, by="lead", settings=settings, tell=tell
        )
        return result, len(server.requests)


def test_a_total_that_grows_is_followed(team: Engine, tmp_path: Path) -> None:
    """What is expected is the last total told; the walk goes on to it."""
    searches = plan(tmp_path, sources=["openalex"])
    result, requests = drifting(team, searches, 10, list(range(1, 20)))
    assert (result.expected, result.found, result.complete) == (19, 19, True)
    assert requests == 5


def test_a_total_that_falls_gets_one_more_walk(team: Engine, tmp_path: Path) -> None:
    """A smaller total may be an answer cut short; the second walk settles it."""
    searches = plan(tmp_path, sources=["openalex"])
    result, requests = drifting(team, searches, 12, list(range(1, 10)))
    assert (result.expected, result.found, result.complete) == (9, 9, True)
    assert requests == 6
    assert all_runs(team)[0].walk == 2


def test_more_than_the_total_is_complete(team: Engine, tmp_path: Path) -> None:
    """Works that left the search after they came are kept; nothing is missing."""
    searches = plan(tmp_path, sources=["openalex"])
    result, _ = drifting(team, searches, 8, [4, 5, 6])
    assert (result.expected, result.complete) == (3, True)
    assert result.found > 3


def test_a_short_run_says_what_the_walks_gave(team: Engine, tmp_path: Path) -> None:
    """Each walk with its pages, those not full, and the totals told."""
    searches = plan(tmp_path, sources=["openalex"])
    result, _ = drifting(team, searches, 6, [*range(1, 9), 8, 8])
    assert result.status == RunStatus.INCOMPLETE
    assert result.problem == (
        "2 of 10 records did not come in 2 walks: walk 1 gave 8 items on 3 pages, "
        "walk 2 gave 8 items on 3 pages, the total told went from 6 to 10"
    )


# -- cost --------------------------------------------------------------------------


def asking(filters: str, source: str = "openalex", keep: int | None = None) -> Search:
    """Return a search with this filter."""
    request = Request(source, "trust", {"filter": filters}, keep, 100)
    return Search("trust", "", request)


@pytest.mark.parametrize(
    ("filters", "credits_"),
    [
        ("title_and_abstract.search:trust", 10),
        ("title.search.exact:trust", 10),
        ("cites:W1", 1),
    ],
)
def test_a_list_costs_a_tenth_of_a_search(filters: str, credits_: int) -> None:
    """OpenAlex takes 10 credits for a page of a search and 1 for a page of a list."""
    assert page_credits(asking(filters).request) == credits_
    assert page_credits(asking(filters, "crossref").request) == 0


def test_the_search_parameter_is_a_search_too() -> None:
    """Not only filters search."""
    request = Request("openalex", "t", {"search.title_and_abstract": "a"}, None, 100)
    assert page_credits(request) == 10


def test_the_bill_adds_up_pages_credits_time_and_days() -> None:
    """At the polite pace, against the free credits of a day, with and without key."""
    public = {source: Settings() for source in SOURCES}
    told = [
        estimate(asking("title.search:a"), public["openalex"], 25_050),
        estimate(asking("type:article", "crossref", 250), public["crossref"]),
    ]
    (oa, cr) = told
    assert (oa.to_fetch, oa.requests, oa.credits, oa.dollars) == (
        25_050,
        251,
        2510,
        0.251,
    )
    assert (cr.reported, cr.to_fetch, cr.requests, cr.credits) == (None, 250, 3, 0)
    assert oa.seconds == pytest.approx(251)
    assert cr.seconds == pytest.approx(3 * 1.05)
    whole = bill([*told, Forecast(asking("x:1"), error=ServiceError("down"))], public)
    assert (whole.searches, whole.records, whole.pages) == (2, 25_300, 254)
    assert (whole.credits, whole.budget, whole.days) == (2510, 1000, 3)
    keyed = bill(told, {**public, "openalex": Settings(key="k")})
    assert (keyed.budget, keyed.days, keyed.with_key) == (10_000, 1, True)


def test_long_boolean_searches_are_slower_without_a_key() -> None:
    """OpenAlex answers one of them a second, five with a key."""
    search = asking("title.search:" + " OR ".join("abcdefgh"))
    slow = estimate(search, Settings(), 1000).seconds
    quick = estimate(search, Settings(key="k"), 1000).seconds
    assert slow == pytest.approx(10 * 1.05)
    assert quick == pytest.approx(10)


def test_a_spent_budget_ends_one_source_and_says_until_when(
    team: Engine, tmp_path: Path
) -> None:
    """OpenAlex is not asked again, Crossref goes on, the results tell the time."""
    text = harvesting.strategy()
    space = harvesting.workspace(tmp_path, one=text, two=text)
    with serve(*works(9, 5), openalex_page=4) as server:
        spent = Fault("openalex", 2, status=429, retry_after="7200")
        server.faults.append(spent)
        results = run(team, searches_of(space), server)
        asked = [request.service for request in server.requests]
        assert asked.count("openalex") == 2
        assert [result.complete for result in results] == [False, True, False, True]
        until = resume_at(results)
        assert until is not None
        left = until - datetime.now(UTC)
        assert timedelta(seconds=7100) < left <= timedelta(seconds=7200)
        server.faults.clear()
        healed = run(team, searches_of(space), server)
    assert all(result.complete for result in healed)
    assert resume_at(healed) is None
    assert healed[0].run_id == results[0].run_id


def test_waiting_ends_when_the_moment_has_come() -> None:
    """It sleeps in naps, tells how long there is to go, and never too short."""
    start = datetime(2026, 1, 1, 22, 45, tzinfo=UTC)
    clock, told = [start], []

    def sleep(seconds: float) -> None:
        clock[0] += timedelta(seconds=seconds)

    until = start + timedelta(minutes=25)
    settings = Settings(sleep=sleep, now=lambda: clock[0])
    wait(until, settings, lambda _when, left: told.append(left.total_seconds()))
    assert clock[0] == until
    assert told == [1500, 900, 300]


# -- since -------------------------------------------------------------------------


def sinced(root: Path) -> list[Search]:
    """Return the searches for what has changed since a day."""
    return [since(search, date(2026, 1, 1)) for search in plan(root)]


def test_without_a_plan_openalex_is_asked_whole(team: Engine, tmp_path: Path) -> None:
    """One request finds it out; what was refused is remembered with the run."""
    with serve(*works(5, 5)) as server:
        settings = harvesting.settings(server)
        planned, refusal = since_or_whole(sinced(tmp_path), settings)
        assert len(server.requests) == 1
        assert "Plan upgrade required" in str(refusal)
        whole, still = planned
        assert whole.request == plan(tmp_path)[0].request
        assert still.facts["since"] == "2026-01-01"
        results = run(team, planned, server)
    assert [result.found for result in results] == [5, 0]
    requests = [dict(row.request) for row in all_runs(team)]
    assert requests[0]["since_refused"] == "2026-01-01"
    assert "since" not in requests[0]
    assert requests[1]["since"] == "2026-01-01"


def test_other_failures_do_not_make_it_whole(tmp_path: Path) -> None:
    """A wrong key or a spent budget is told by the run itself; with a plan it goes."""
    for status, wait_for in ((401, None), (429, "7200")):
        with serve(*works(5, 5)) as server:
            fault = Fault("openalex", 1, status=status, retry_after=wait_for)
            server.faults.append(fault)
            settings = harvesting.settings(server)
            planned = sinced(tmp_path)
            assert since_or_whole(planned, settings) == (planned, None)
    with serve(*works(5, 5)) as server:
        server.openalex.__dict__["paid"] = True
        settings = harvesting.settings(server)
        assert since_or_whole(planned, settings) == (planned, None)
        assert since_or_whole(plan(tmp_path), settings)[1] is None
        assert len(server.requests) == 1


def test_a_whole_run_in_place_of_changes_is_gone_on_with(
    team: Engine, tmp_path: Path
) -> None:
    """However the next harvest comes to ask the same: it is the same run."""
    (search,) = plan(tmp_path, sources=["openalex"])
    replaced = whole_of(since(search, date(2026, 1, 1)))
    with serve(*works(9, 0), openalex_page=4) as server:
        settings = harvesting.settings(server)
        with pytest.raises(_PowerCutError):
            harvest(
                cut_off(team, 2, lost=False), [replaced], by="lead", settings=settings
            )
        (result,) = run(team, [search], server)
    assert (result.found, result.complete) == (9, True)
    assert len(all_runs(team)) == 1
