"""Whatever goes wrong in whatever order, a harvest ends whole and its counts agree.

A plan says what goes wrong with which request, and at which transactions the process
is gone. The harvest is run again and again, as a person would, until it is complete.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import harvesting
import pytest
from harvesting import crossref_work, join, openalex_work, stored
from hypothesis import example, given
from hypothesis import settings as how
from hypothesis import strategies as st
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from litreview import db
from litreview.demo.server import Fault, Server, Spoil, serve
from litreview.harvest import harvest
from litreview.models import HarvestPage, HarvestRun, Hit, RawRecord, Record
from litreview.vocabulary import RunStatus
from litreview.walks import Write

T = TypeVar("T")

WORKS = 11
PAGE = 3  # works; a calm walk takes four requests
RUNS = 12  # of the command, at most; each heals what one plan can break

# What may go wrong with one request: its status and Retry-After, or how it spoils.
STATUSES = [(429, None), (429, "1"), (429, "90000"), (500, None), (503, "2"), (504, "")]
KINDS: list[tuple[int, str | None] | Spoil] = [
    *STATUSES,
    *(spoil for spoil in Spoil if spoil != Spoil.MALFORMED),
]
plans = st.lists(st.tuples(st.integers(1, 16), st.sampled_from(KINDS)), max_size=10)
# At which transaction of which run the process is gone, before or behind it.
kills = st.lists(st.tuples(st.integers(1, 7), st.booleans()), max_size=3)


class _GoneError(BaseException):
    """The process is gone."""


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """Serve the same few works of both services."""
    numbers = range(1, WORKS + 1)
    works = [openalex_work(n) for n in numbers], [crossref_work(n) for n in numbers]
    with serve(*works, openalex_page=PAGE, crossref_page=PAGE) as server:
        yield server


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a database with a lead, to be copied."""
    path = tmp_path_factory.mktemp("plans") / "template.sqlite"
    with db.opened(f"sqlite:///{path}") as engine:
        db.create(engine)
        join(engine)
    return path


def writer(engine: Engine, kill: tuple[int, bool] | None) -> Write:
    """Return what does units of work until it is killed, before or behind one."""
    done = 0

    def write(work: Callable[[Session], T], /) -> T:
        nonlocal done
        done += 1
        here = kill is not None and done == kill[0]
        if kill is not None and here and kill[1]:
            with db.transaction(engine) as session:
                work(session)
                raise _GoneError
        result = db.write(engine, work)
        if here:
            raise _GoneError
        return result

    return write


def run(
    engine: Engine, server: Server, source: str, kill: tuple[int, bool] | None
) -> bool:
    """Run the search once; tell whether it says that it is complete."""
    settings = {
        name: replace(found, tries=2)
        for name, found in harvesting.settings(server).items()
    }
    try:
        (result,) = harvest(
            writer(engine, kill),
            [harvesting.search(source)],
            by="lead",
            settings=settings,
        )
    except _GoneError:
        return False
    return result.complete


def check(session: Session, requests: int) -> None:
    """Check that no run is complete that is short, and that its counts agree."""
    told = 0
    for opened in session.scalars(select(HarvestRun)):
        hits = session.scalar(
            select(func.count(Hit.record_id.distinct())).where(Hit.run_id == opened.id)
        )
        rows = session.scalar(
            select(func.count()).select_from(Hit).where(Hit.run_id == opened.id)
        )
        assert hits == rows
        if opened.status == RunStatus.COMPLETE:
            assert (hits, opened.reported, opened.expected) == (WORKS, WORKS, WORKS)
        query = select(HarvestPage).where(HarvestPage.run_id == opened.id)
        pages = session.scalars(query.order_by(HarvestPage.id)).all()
        walk = [page for page in pages if page.walk == opened.walk]
        assert opened.fetched == sum(page.items for page in walk)
        assert [page.number for page in walk] == list(range(1, len(walk) + 1))
        told += sum(page.requests or 0 for page in pages)
    assert told <= requests


def content(engine: Engine) -> object:
    """Return what is stored but for the hits, whose ranks a repeated work moves."""
    found = dict(stored(engine))
    return [found["records"], found["raws"], found["authors"]]


@pytest.fixture(scope="module")
def calm(template: Path, server: Server) -> dict[str, object]:
    """Return what undisturbed harvests store, source by source."""
    found = {}
    for source in ("openalex", "crossref"):
        path = shutil.copy(template, template.with_stem(f"calm-{source}"))
        with db.opened(f"sqlite:///{path}") as engine:
            assert run(engine, server, source, None)
            found[source] = content(engine)
    return found


@pytest.mark.parametrize("source", ["openalex", "crossref"])
@example(plan=[(2, Spoil.SHORT), (6, Spoil.SHORT), (7, Spoil.SHORT)], dead=[])
@example(plan=[(2, Spoil.REPEATED), (3, Spoil.NO_ITEMS)], dead=[(3, True)])
@example(plan=[(1, (429, "90000")), (3, Spoil.EXPIRED)], dead=[(2, False)])
@given(plan=plans, dead=kills)
@how(max_examples=40, deadline=None)
def test_any_order_of_faults_ends_whole(
    *,
    source: str,
    plan: list[tuple[int, tuple[int, str | None] | Spoil]],
    dead: list[tuple[int, bool]],
    template: Path,
    server: Server,
    calm: dict[str, object],
) -> None:
    """Every work is stored once, hits are works, and nothing short is complete."""
    path = shutil.copy(template, template.with_stem("faulty"))
    server.requests.clear()
    server.faults[:] = [_fault(source, at, kind) for at, kind in plan]
    rest = list(dead)
    with db.opened(f"sqlite:///{path}") as engine:
        for _ in range(RUNS):
            complete = run(engine, server, source, rest.pop(0) if rest else None)
            db.read(engine, lambda session: check(session, len(server.requests)))
            if complete:
                break
        assert complete
        assert content(engine) == calm[source]
        with db.snapshot(engine) as session:
            for table in (Record, RawRecord):
                count = select(func.count()).select_from(table)
                assert session.scalar(count) == WORKS
    server.faults.clear()


def _fault(source: str, at: int, kind: tuple[int, str | None] | Spoil) -> Fault:
    if isinstance(kind, Spoil):
        return Fault(source, at, spoil=kind)
    return Fault(source, at, status=kind[0], retry_after=kind[1])
