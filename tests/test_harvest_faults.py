"""What services and networks do to a harvest, each thing once: it still ends whole."""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import zlib
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import harvesting
import pytest
from harvesting import crossref_work, join, openalex_work, works
from sqlalchemy import Engine, event, func, select
from sqlalchemy.orm import Session

from litreview import db
from litreview.declarative import Base
from litreview.demo.server import Fault, Server, Spoil, serve
from litreview.harvest import harvest
from litreview.models import (
    HarvestPage,
    HarvestRun,
    Hit,
    RawRecord,
    Record,
    RejectedItem,
)
from litreview.runs import Result
from litreview.sources.page import Settings

T = TypeVar("T")
ROOT = Path(__file__).resolve().parent.parent
WORKS, PAGE = 10, 3


@pytest.fixture(params=["openalex", "crossref"])
def source(request: pytest.FixtureRequest) -> str:
    """Run the test for either service."""
    return str(request.param)


@pytest.fixture
def team(engine: Engine) -> Engine:
    """Return a database with a lead."""
    join(engine)
    return engine


def run(engine: Engine, server: Server, source: str, **changed: object) -> Result:
    """Harvest one source once, with these settings changed."""
    given = harvesting.settings(server)
    settings: dict[str, Settings] = {
        name: replace(found, **changed)  # type: ignore[arg-type] # as given
        for name, found in given.items()
    }

    def write(work: Callable[[Session], T], /) -> T:
        return db.write(engine, work)

    (result,) = harvest(
        write, [harvesting.search(source)], by="lead", settings=settings
    )
    return result


def rows(engine: Engine, table: type[Base]) -> int:
    """Count the rows of a table."""
    query = select(func.count()).select_from(table)
    return db.read(engine, lambda session: session.scalar(query) or 0)


def told_requests(engine: Engine) -> int:
    """Return how many requests the stored pages say they took."""
    query = select(func.sum(HarvestPage.requests))
    return db.read(engine, lambda session: session.scalar(query) or 0)


def names(engine: Engine) -> list[str]:
    """Return the ids of all records at their source."""
    query = select(Record.source_id).order_by(Record.id)
    return db.read(engine, lambda session: list(session.scalars(query)))


# -- faults that one harvest heals by itself -------------------------------------

FAULTS: dict[str, list[dict[str, object]]] = {
    "429 with Retry-After": [{"status": 429, "retry_after": "7"}],
    "429 without Retry-After": [{"status": 429}],
    "a burst of 503": [{"status": 503}] * 3,
    "a burst of 500": [{"status": 500}] * 3,
    "reset before a byte": [{"spoil": Spoil.RESET}],
    "reset in mid-body": [{"spoil": Spoil.TORN}],
    "closed in mid-body": [{"spoil": Spoil.TRUNCATED}],
    "truncated JSON": [{"spoil": Spoil.CUT}],
    "HTML with status 200": [{"spoil": Spoil.HTML}],
    "nothing with status 200": [{"spoil": Spoil.EMPTY}],
    "an empty page in the middle": [{"spoil": Spoil.NO_ITEMS}],
    "a page cut short by the service": [{"spoil": Spoil.SHORT}],
    "a work repeated across pages": [{"spoil": Spoil.REPEATED}],
    "an expired cursor": [{"spoil": Spoil.EXPIRED}],
}


@pytest.mark.parametrize("fault", FAULTS)
def test_one_harvest_gets_over_it(team: Engine, source: str, fault: str) -> None:
    """The fault hits the middle of the walk; all works are stored once, nothing more.

    The requests that the pages took are counted, and a `Retry-After` is obeyed.
    """
    slept: list[float] = []
    with serve(*works(WORKS, WORKS), openalex_page=PAGE, crossref_page=PAGE) as server:
        server.faults[:] = [
            Fault(source, at, **fields)  # type: ignore[arg-type] # as given
            for at, fields in enumerate(FAULTS[fault], start=2)
        ]
        result = run(team, server, source, sleep=slept.append)
        assert len(server.requests) >= 4
        asked = len(server.requests)
    assert (result.complete, result.found, result.problem) == (True, WORKS, "")
    assert len(set(names(team))) == WORKS
    assert {rows(team, table) for table in (Record, RawRecord, Hit)} == {WORKS}
    lost = sum(fault.spoil is not None for fault in server.faults)
    assert told_requests(team) <= asked
    assert told_requests(team) >= asked - lost - 3
    if "with Retry" in fault:
        assert slept == [7.0]


def test_a_slow_answer_is_waited_for(team: Engine, source: str) -> None:
    """Within the time-out a slow page is asked for once."""
    with serve(*works(5, 5), openalex_page=PAGE, crossref_page=PAGE) as server:
        server.faults.append(Fault(source, 2, delay=0.3))
        result = run(team, server, source, read_timeout=20.0)
        assert len(server.requests) == 2
    assert (result.complete, result.found) == (True, 5)


def test_an_answer_that_is_too_slow_is_left(team: Engine, source: str) -> None:
    """Beyond the time-out it is asked for again, or its walk begins again."""
    with serve(*works(5, 5), openalex_page=PAGE, crossref_page=PAGE) as server:
        server.faults.append(Fault(source, 2, delay=1.2))
        result = run(team, server, source, read_timeout=0.4)
        assert len(server.requests) >= 3
    assert (result.complete, result.found) == (True, 5)
    assert rows(team, Record) == 5


def test_a_service_that_stays_down_ends_in_words(team: Engine, source: str) -> None:
    """What came before is kept, nothing reads as the end, and the next harvest ends."""
    with serve(*works(WORKS, WORKS), openalex_page=PAGE, crossref_page=PAGE) as server:
        server.faults[:] = [Fault(source, at, status=503) for at in range(3, 99)]
        result = run(team, server, source)
        assert not result.complete
        assert "503 Service Unavailable (5 tries)" in str(result.error)
        assert rows(team, Record) == 2 * PAGE
        server.faults.clear()
        assert run(team, server, source).complete
    assert (rows(team, Record), rows(team, HarvestRun)) == (WORKS, 1)


def test_a_spent_budget_stops_at_once_and_goes_on_later(
    team: Engine, source: str
) -> None:
    """Nobody waits for hours: the run says when to go on, and goes on there."""
    with serve(*works(WORKS, WORKS), openalex_page=PAGE, crossref_page=PAGE) as server:
        server.faults[:] = [Fault(source, 3, status=429, retry_after="7200")]
        slept: list[float] = []
        result = run(team, server, source, sleep=slept.append)
        assert (len(server.requests), slept) == (3, [])
        assert "run the same command again after" in str(result.error)
        assert run(team, server, source).complete
        went_on = 2 if source == "openalex" else 4
        assert len(server.requests) == 3 + went_on
    assert rows(team, Record) == WORKS


# -- a record that cannot be read -------------------------------------------------


def malformed(source: str) -> tuple[list[harvesting.Work], list[harvesting.Work]]:
    """Make works of which the fourth has lost its id."""
    openalex, crossref = works(WORKS, WORKS)
    openalex[3] = openalex_work(4, id=None) | {"title": "Teacher trust, lost"}
    crossref[3] = crossref_work(4) | {"DOI": "", "title": ["Teacher trust, lost"]}
    return (openalex, []) if source == "openalex" else ([], crossref)


def test_a_malformed_record_is_kept_aside_and_told(team: Engine, source: str) -> None:
    """It is kept as it came and costs no other record; no walk is repeated for it."""
    with serve(*malformed(source), openalex_page=PAGE, crossref_page=PAGE) as server:
        result = run(team, server, source)
        assert len(server.requests) == 4
    assert (result.found, result.rejected, result.complete) == (WORKS - 1, 1, True)
    assert "1 items could not be read" in result.problem
    payload = db.read(team, lambda s: s.scalar(select(RejectedItem.payload)))
    assert payload is not None
    assert "Teacher trust, lost" in str(json.loads(zlib.decompress(payload))["title"])


def test_a_record_malformed_in_two_walks_counts_once(team: Engine, source: str) -> None:
    """A walk that breaks off and its heir meet the same broken record."""
    with serve(*malformed(source), openalex_page=PAGE, crossref_page=PAGE) as server:
        server.faults[:] = [Fault(source, 3, spoil=Spoil.EXPIRED)]
        result = run(team, server, source)
    assert (result.found, result.rejected, result.complete) == (WORKS - 1, 1, True)
    assert rows(team, Record) == WORKS - 1


def test_a_record_malformed_once_does_not_stand_for_another(
    team: Engine, source: str
) -> None:
    """Broken in the first walk and whole in the next, it is not counted twice."""
    with serve(*works(WORKS, WORKS), openalex_page=PAGE, crossref_page=PAGE) as server:
        server.faults[:] = [
            Fault(source, 1, spoil=Spoil.MALFORMED),
            Fault(source, 3, spoil=Spoil.EXPIRED),
        ]
        result = run(team, server, source)
    assert (result.found, result.complete) == (WORKS, True)
    assert rows(team, Record) == WORKS


# -- a full disk, and two at once --------------------------------------------------


def test_a_full_database_is_told_and_healed(tmp_path: Path, source: str) -> None:
    """The page in hand is rolled back whole; with room again the run goes on."""
    url = f"sqlite:///{tmp_path / 'small.sqlite'}"
    with db.opened(url) as engine:
        db.create(engine)
        join(engine)
        size = db.read(engine, lambda s: s.connection().exec_driver_sql(
            "PRAGMA page_count").scalar_one())  # fmt: skip
    many = works(60, 60)
    with serve(*many, openalex_page=5, crossref_page=5) as server:
        with db.opened(url) as engine:

            @event.listens_for(engine, "connect")
            def narrow(connection: object, _record: object) -> None:
                connection.execute(f"PRAGMA max_page_count={size + 4}")  # type: ignore[attr-defined]

            with pytest.raises(Exception, match="the disk is full"):
                run(engine, server, source)
        with db.opened(url) as engine:
            whole = rows(engine, HarvestPage) * 5
            assert 0 < whole < 60
            assert {rows(engine, table) for table in (Record, RawRecord, Hit)} == {
                whole
            }
            assert run(engine, server, source).complete
            assert rows(engine, Record) == 60
            assert rows(engine, HarvestRun) == 1


def command(
    root: Path, server: Server, words: Sequence[str], *, limit: int = 0
) -> subprocess.Popen[str]:
    """Start the real command; files may grow to `limit` bytes (0: any size)."""
    environment = {
        **os.environ,
        "LITREVIEW_OPENALEX_URL": server.openalex_url,
        "LITREVIEW_CROSSREF_URL": server.crossref_url,
        "PYTHONPATH": str(ROOT),
    }

    def narrow() -> None:
        if limit:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    return subprocess.Popen(
        [sys.executable, "-m", "litreview", "-w", str(root), "--as", "lead", *words],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=narrow,  # noqa: PLW1509 -- this process starts no threads here
    )


def database(root: Path) -> Engine:
    """Make a workspace with its own database and a lead."""
    space = harvesting.workspace(root)
    engine = db.engine_for(space.database_url)
    db.create(engine)
    join(engine)
    return engine


def test_a_full_disk_ends_the_command_in_words(tmp_path: Path) -> None:
    """Exit 1 and no traceback; the database is sound, and a later run goes on."""
    engine = database(tmp_path)
    engine.dispose()
    file = Path(str(engine.url.database))
    with serve(*works(200, 0), openalex_page=20) as server:
        words = ["harvest", "--source", "openalex", "--yes"]
        limit = file.stat().st_size + 120_000
        child = command(tmp_path, server, words, limit=limit)
        out, err = child.communicate(timeout=120)
        assert (child.returncode, out) == (1, "")
        assert "the disk does not take what is written" in err
        assert "quota" in err
        assert "Traceback" not in err
        whole = rows(engine, HarvestPage) * 20
        assert 0 < whole < 200
        assert rows(engine, Record) == rows(engine, Hit) == whole
        again = command(tmp_path, server, words)
        _, err = again.communicate(timeout=120)
        assert again.returncode == 0, err
    assert (rows(engine, Record), rows(engine, HarvestRun)) == (200, 1)
    check = db.read(engine, lambda s: s.connection().exec_driver_sql(
        "PRAGMA integrity_check").scalar_one())  # fmt: skip
    assert check == "ok"
    engine.dispose()


def test_two_processes_may_harvest_one_strategy_at_once(tmp_path: Path) -> None:
    """Each ends well or says that the other is at work; no record is made twice."""
    engine = database(tmp_path)
    with serve(*works(40, 20), openalex_page=4, crossref_page=4) as server:
        server.faults[:] = [
            Fault(name, n, delay=0.02)
            for name in ("openalex", "crossref")
            for n in range(1, 60)
        ]
        words = ["harvest", "--yes"]
        children = [command(tmp_path, server, words) for _ in range(2)]
        ends = [child.communicate(timeout=120) for child in children]
        for child, (_out, err) in zip(children, ends, strict=True):
            assert child.returncode in {0, 1, 3}, err
            assert "Traceback" not in err
            assert child.returncode == 0 or "somebody else is harvesting" in err
        last = command(tmp_path, server, words)
        _, err = last.communicate(timeout=120)
        assert last.returncode == 0, err
    assert len(names(engine)) == 60
    assert (rows(engine, Record), rows(engine, RawRecord)) == (60, 60)
    engine.dispose()
