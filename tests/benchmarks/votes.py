"""Print how many votes a second a team can cast at once, on SQLite and PostgreSQL.

    python tests/benchmarks/votes.py [--processes N] [--votes N] [--share N] [URL...]

N (32) processes, each one screener, cast N (500) votes each through the public
service, one transaction a vote, all beginning at the same moment. N (2) screeners
share the same records in the same order, so that they meet on each of them; with
`--share 32` everybody votes on the same 500. Every vote acknowledged must then be
stored, once, and nothing else; no error may have been shown. If not, the exit
status is 1.

Beside it stands what the database itself can do: as many processes, each committing
as many inserts of one row into a table without keys, with the same settings on the
same disk. URL is an empty place: a server's address, in which a database is made and
dropped, or an SQLite file that is not there yet. By default a file in a temporary
folder, and LITREVIEW_TEST_POSTGRES where it is set.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import sys
import tempfile
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.context import ForkContext
from pathlib import Path
from typing import Any

from sqlalchemy import create_engine, func, insert, select, text
from sqlalchemy.engine import make_url
from sqlalchemy.orm import Session

from litreview import db, lookup, rounds, screening, state
from litreview.models import (
    Decision,
    HarvestRun,
    Person,
    ProtocolVersion,
    RawRecord,
    Record,
    ScreeningRound,
)
from litreview.protocol import STARTER_CRITERIA
from litreview.vocabulary import (
    Found,
    Role,
    RoundKind,
    RunKind,
    RunStatus,
    Stage,
    Verdict,
)

PROCESSES, VOTES, SHARE = 32, 500, 2
POSTGRES = "LITREVIEW_TEST_POSTGRES"
TA = Stage.TITLE_ABSTRACT
REVIEW = """\
title: A review made for a benchmark
question: How quick is it?
people: []
stages:
  title_abstract: {per_record: 2}
  full_text: {per_record: 2}
"""
# Longer than this nobody waits: what has not come by then is an error.
PATIENCE = 1800.0  # seconds

Act = Callable[[int], None]  # the number of the act, from 0


@dataclass(frozen=True)
class Plan:
    """How many processes do how much, and how many of them share their records."""

    processes: int
    votes: int
    share: int

    @property
    def records(self) -> int:
        """How many records are voted on."""
        return -(-self.processes // self.share) * self.votes

    def record(self, process: int, number: int) -> int:
        """Return the id of the record of one vote of one process."""
        return process // self.share * self.votes + number + 1

    def uid(self, process: int, number: int) -> str:
        """Return the uid of one vote of one process."""
        return f"{process}-{number}"


@dataclass(frozen=True)
class Rush:
    """What came of it: seconds of the whole and of each act, and the errors."""

    seconds: float
    each: list[float]
    errors: list[str]

    @property
    def rate(self) -> float:
        """Acts per second."""
        return len(self.each) / self.seconds

    def part(self, share: float) -> float:
        """Return the milliseconds within which this share of the acts was done."""
        ordered = sorted(self.each)
        return 1000 * ordered[min(len(ordered) - 1, int(share * len(ordered)))]


# -- a review ----------------------------------------------------------------------


def fill(session: Session, plan: Plan) -> None:
    """Make the screeners, and the records with a payload each."""
    people = [
        {"handle": f"p{number}", "name": "", "role": Role.SCREENER}
        for number in range(plan.processes)
    ]
    session.execute(insert(Person), people)
    session.add(
        ProtocolVersion(
            sha256="0" * 64, review_text=REVIEW, criteria_text=STARTER_CRITERIA
        )
    )
    session.add(
        ScreeningRound(
            stage=TA, name="main", kind=RoundKind.MAIN, per_record=2, counts=True
        )
    )
    run = HarvestRun(
        kind=RunKind.MANUAL, source="made", request={}, status=RunStatus.COMPLETE
    )
    session.add(run)
    session.flush()
    ids = range(1, plan.records + 1)
    records = [
        {
            "id": number,
            "source": "made",
            "source_id": f"W{number}",
            "found": Found.DATABASE,
            "cluster_id": number,
            "title": f"A made title {number}",
        }
        for number in ids
    ]
    payloads = [
        {
            "record_id": number,
            "version": 1,
            "sha256": "0" * 64,
            "payload": b"x",
            "run_id": run.id,
        }
        for number in ids
    ]
    session.execute(insert(Record), records)
    session.execute(insert(RawRecord), payloads)


def wrong(session: Session, plan: Plan) -> list[str]:
    """Return what is wrong with the votes stored, in words."""
    told = []
    wanted = Counter(
        (plan.uid(process, number), plan.record(process, number))
        for process in range(plan.processes)
        for number in range(plan.votes)
    )
    rows = session.execute(select(Decision.uid, Decision.record_id)).all()
    stored = Counter((uid, record) for uid, record in rows)
    for words, some in (("lost", wanted - stored), ("too many", stored - wanted)):
        if some:
            told.append(f"{some.total():,} votes {words}")
    often = session.scalar(select(func.max(Decision.seq)))
    if often != 1:
        told.append(f"somebody voted {often} times on one record")
    crowd = min(plan.share, plan.processes)
    live = state.votes(session, TA)
    if any(len(votes) != crowd for votes in live.values()):
        told.append(f"some records have not {crowd} live votes")
    return told


# -- the rush ----------------------------------------------------------------------


def look(session: Session, plan: Plan, process: int) -> None:
    """Ask what a screener's terminal has asked by the time of the first vote."""
    person = lookup.actor(session, f"p{process}")
    lookup.criteria(session)
    rounds.queue(session, person, stage=TA)
    rounds.own_progress(session, person, stage=TA)
    screening.card(session, plan.record(process, 0))
    state.outcome(session, TA, plan.record(process, 0))


@contextmanager
def voting(url: str, plan: Plan, process: int) -> Iterator[Act]:
    """Give what casts one vote of one screener."""
    with db.opened(url) as engine:

        def vote(number: int) -> None:
            verdict = (Verdict.INCLUDE, Verdict.EXCLUDE)[number % 3 == 0]
            ballot = screening.Ballot(
                plan.record(process, number), TA, verdict, uid=plan.uid(process, number)
            )
            db.write(
                engine,
                lambda session: screening.decide(
                    session, ballot, screener=lookup.actor(session, f"p{process}")
                ),
            )

        db.read(engine, lambda session: look(session, plan, process))
        yield vote


@contextmanager
def inserting(url: str, _plan: Plan, process: int) -> Iterator[Act]:
    """Give what commits one insert of one row by the driver alone."""
    with db.opened(url) as engine, engine.connect() as connection:
        driver: Any = connection.connection.driver_connection
        connection.rollback()
        if engine.dialect.name != "sqlite":
            driver.autocommit = True  # we say BEGIN ourselves
        row = "INSERT INTO plain VALUES ({}, {})"
        begin = "BEGIN IMMEDIATE" if engine.dialect.name == "sqlite" else "BEGIN"

        def commit(number: int) -> None:
            driver.execute(begin)
            driver.execute(row.format(process, number))
            driver.execute("COMMIT")

        yield commit


def rush(url: str, plan: Plan, doing: Callable[..., Any]) -> Rush:
    """Let all processes begin at once, and wait for them."""
    context = multiprocessing.get_context("fork")
    ready, done = context.Barrier(plan.processes + 1), context.SimpleQueue()
    started = [
        _process(context, (url, plan, doing, number, ready, done))
        for number in range(plan.processes)
    ]
    ready.wait(PATIENCE)
    begun = time.perf_counter()
    told = [done.get() for _ in started]
    seconds = time.perf_counter() - begun
    for one in started:
        one.join(PATIENCE)
    return Rush(
        seconds,
        [second for each, _ in told for second in each],
        [error for _, errors in told for error in errors],
    )


def _process(context: ForkContext, given: tuple[Any, ...]) -> Any:
    process = context.Process(target=_work, args=given, daemon=True)
    process.start()
    return process


def _work(  # noqa: PLR0917 - what a process is started with
    url: str, plan: Plan, doing: Callable[..., Any], process: int, ready: Any, done: Any
) -> None:
    each: list[float] = []
    errors: list[str] = []
    with doing(url, plan, process) as act:
        ready.wait(PATIENCE)
        for number in range(plan.votes):
            before = time.perf_counter()
            try:
                act(number)
            except Exception as error:  # noqa: BLE001 - to be told, whatever it is
                errors.append(f"{type(error).__name__}: {error}")
            else:
                each.append(time.perf_counter() - before)
    done.put((each, errors))


# -- places ------------------------------------------------------------------------


@contextmanager
def place(url: str) -> Iterator[str]:
    """Give the address of a database with nothing in it; drop it afterwards."""
    if db.file_of(url) is not None:
        yield url
        return
    name = f"votes_{uuid.uuid4().hex}"
    address = make_url(url).set(drivername="postgresql+psycopg")
    server = create_engine(address, isolation_level="AUTOCOMMIT")
    with server.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
        try:
            yield make_url(url).set(database=name).render_as_string(hide_password=False)
        finally:
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
    server.dispose()


def tell(line: str) -> None:
    """Print a line at once."""
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def measure(url: str, plan: Plan) -> list[str]:
    """Print the figures of one database; return what went wrong."""
    with place(url) as where:
        with db.opened(where) as engine:
            db.create(engine)
            db.write(engine, lambda session: fill(session, plan))
            name = engine.dialect.name
        votes = rush(where, plan, voting)
        with db.opened(where) as engine:
            problems = db.read(engine, lambda session: wrong(session, plan))
            problems += [f"an error was shown: {told}" for told in votes.errors[:5]]
            with engine.begin() as connection:
                connection.execute(text("CREATE TABLE plain (one INT, two INT)"))
        raw = rush(where, plan, inserting)
    if votes.each and raw.each:
        tell(
            f"{name}: {len(votes.each):,} votes by {plan.processes} processes in "
            f"{votes.seconds:.1f} s: {votes.rate:,.0f} a second, half within "
            f"{votes.part(0.5):.0f} ms, 95 % within {votes.part(0.95):.0f} ms, "
            f"all within {votes.part(1):.0f} ms\n"
            f"{name}: {raw.rate:,.0f} plain commits a second (95 % within "
            f"{raw.part(0.95):.0f} ms); {votes.rate / raw.rate:.3f} votes a commit"
        )
    for told in problems + [f"plain: {told}" for told in raw.errors[:5]]:
        sys.stderr.write(f"{name}: {told}\n")
    return problems


def main() -> int:
    """Measure each database."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("urls", nargs="*", metavar="URL")
    parser.add_argument("--processes", type=int, default=PROCESSES)
    parser.add_argument("--votes", type=int, default=VOTES)
    parser.add_argument("--share", type=int, default=SHARE)
    given = parser.parse_args()
    plan = Plan(given.processes, given.votes, given.share)
    with tempfile.TemporaryDirectory() as folder:
        urls = given.urls or [
            f"{db.SQLITE_FILE}{Path(folder) / 'votes.sqlite'}",
            *filter(None, [os.environ.get(POSTGRES)]),
        ]
        problems = [told for url in urls for told in measure(url, plan)]
        return int(bool(problems))


if __name__ == "__main__":
    sys.exit(main())
