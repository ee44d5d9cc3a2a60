"""Print how long a screener waits for the next card when there are very many records.

    python tests/benchmarks/screen_latency.py [RECORDS] [--votes N] [--plain]

RECORDS (500,000) are made on SQLite in a temporary folder, each with a payload, two
authors and an abstract of 1,500 characters; all are handed to two screeners, of whom
one has voted on every third. The other sits down, and N (1,000) keys are pressed as
the cards come, on the full screen at 80 by 24, drawn to a file. Told are

    start           from sitting down to the queue
    key to card     from the key to the next card drawn, the vote stored between them
    vote            the stored vote alone
    next card       finding and reading the next record alone
    raw commit      one row inserted and committed by SQLite alone on the same disk
    processor       what a key costs in all, told as a mean: on a machine that is busy
                    with other work the others say more of that work

each as median, 95th percentile and largest, in milliseconds. The promise: a p95 below
50 ms from key to card at 500,000 records. With --plain the full screen is left out.
"""

from __future__ import annotations

import argparse
import itertools
import os
import random
import sqlite3
import sys
import tempfile
import time
import zlib
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from prompt_toolkit.data_structures import Size
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.output.vt100 import Vt100_Output
from sqlalchemy import Engine, insert, text

from litreview import db
from litreview.cli.app import App
from litreview.cli.screen_full import Full
from litreview.cli.sitting import Sitting
from litreview.declarative import Base
from litreview.models import (
    Assignment,
    Decision,
    HarvestRun,
    Person,
    ProtocolVersion,
    RawRecord,
    Record,
    RecordAuthor,
    ScreeningRound,
)
from litreview.vocabulary import Stage

ROOT = Path(__file__).resolve().parents[2]
MANY = 500_000
CHUNK = 10_000
PROMISE = 50.0  # milliseconds
NOW = datetime(2026, 1, 1, tzinfo=UTC)
TEXT = """teachers schools trust professional development coherent nursing survey
disadvantage learning leaders theory of the and in a study with measured which
students university we that practice change support time policy evidence"""
WORDS = TEXT.split()
REVIEW = """\
title: A benchmark
stages: {title_abstract: {per_record: 2}, full_text: {per_record: 2}}
"""


# -- the review ------------------------------------------------------------------------


def fill(engine: Engine, number: int) -> None:
    """Make a team, a round, and so many records, handed out and partly voted on."""
    criteria = (ROOT / "screening" / "criteria.yaml").read_text("utf-8")
    people = [("lead", "lead"), ("ann", "screener"), ("bob", "screener")]
    team = [{"id": at, "handle": h, "role": r} for at, (h, r) in enumerate(people, 1)]
    protocol = {
        "id": 1,
        "sha256": "0" * 64,
        "review_text": REVIEW,
        "criteria_text": criteria,
    }
    rounds = [
        {
            "id": at,
            "stage": stage,
            "name": "main",
            "kind": "main",
            "per_record": 2,
            "counts": True,
        }
        for at, stage in enumerate(Stage, 1)
    ]
    run = {
        "id": 1,
        "kind": "file",
        "source": "made",
        "request": {"file": "made"},
        "status": "complete",
    }
    with db.transaction(engine) as session:
        first_rows: dict[type[Base], list[dict[str, Any]]] = {
            Person: team,
            ProtocolVersion: [protocol],
            ScreeningRound: rounds,
            HarvestRun: [run],
        }
        for table, rows in first_rows.items():
            session.execute(insert(table), rows)
        shuffled = list(range(1, number + 1))
        random.Random(1).shuffle(shuffled)  # noqa: S311 - test data
        for first in range(1, number + 1, CHUNK):
            some = range(first, min(first + CHUNK, number + 1))
            for table, made in rows_of(some, shuffled).items():
                session.execute(insert(table), made)
        session.execute(text("ANALYZE"))


def rows_of(
    some: range, shuffled: Sequence[int]
) -> dict[type[Base], list[dict[str, Any]]]:
    """Return the rows of these records, by table."""
    payload = zlib.compress(b"{}")
    said = [n for n in some if n % 3 == 0]
    return {
        Record: [record(n) for n in some],
        RecordAuthor: [
            {
                "record_id": n,
                "position": place,
                "family": f"Family{(n * 7 + place) % 9973}",
                "given": "A.",
            }
            for n in some
            for place in (1, 2)
        ],
        RawRecord: [
            {
                "id": n,
                "record_id": n,
                "version": 1,
                "sha256": f"{n:064d}",
                "payload": payload,
                "run_id": 1,
                "at": NOW,
            }
            for n in some
        ],
        Assignment: [
            {
                "round_id": 1,
                "record_id": n,
                "person_id": who,
                "position": shuffled[n - 1],
                "at": NOW,
            }
            for n in some
            for who in (2, 3)
        ],
        Decision: [
            {
                "uid": f"made-{n}",
                "round_id": 1,
                "record_id": n,
                "stage": "title_abstract",
                "screener_id": 3,
                "recorder_id": 3,
                "seq": 1,
                "verdict": "exclude" if n % 2 else "include",
                "origin": "terminal",
                "raw_id": n,
                "protocol_id": 1,
                "at": NOW,
                "recorded_at": NOW,
            }
            for n in said
        ],
    }


def record(number: int) -> dict[str, Any]:
    """Return one record with an abstract of its own."""
    draw = random.Random(number)  # noqa: S311 - test data
    words = " ".join(draw.choices(WORDS, k=230))
    title = f"{' '.join(draw.choices(WORDS, k=9))} {number}"
    return {
        "id": number,
        "source": "made",
        "scope": "0" * 64,
        "source_id": str(number),
        "found": "database",
        "cluster_id": number,
        "title": title,
        "title_key": title,
        "authors": f"Family{number * 7 % 9973}, A.",
        "year": 1990 + number % 36,
        "container_title": f"Journal {number % 400}",
        "doi": f"10.5555/{number}",
        "abstract": words,
        "created_at": NOW,
    }


# -- the sitting -----------------------------------------------------------------------


def timed(act: Callable[..., Any], into: list[float]) -> Callable[..., Any]:
    """Return an act that notes how long it takes, in milliseconds."""

    def measured(*given: Any, **named: Any) -> Any:
        begun = time.perf_counter()
        try:
            return act(*given, **named)
        finally:
            into.append((time.perf_counter() - begun) * 1e3)

    return measured


def press(sitting: Sitting, number: int, target: Path) -> list[float]:
    """Press so many keys, each as soon as its card is drawn; return the waits."""
    waits: list[float] = []
    keys = itertools.islice(itertools.cycle("eeiem"), number)
    pressed = 0.0
    with create_pipe_input() as source, target.open("w", encoding="utf-8") as stream:
        screen = Vt100_Output(stream, lambda: Size(24, 80), enable_cpr=False)
        face = Full(sitting, source=source, target=screen, quiet=0)
        seen: set[int] = set()

        def drawn(_app: object) -> None:
            nonlocal pressed
            if face.busy or face.sight is None:
                return
            if face.sight.card.record_id in seen:
                return
            seen.add(face.sight.card.record_id)
            now = time.perf_counter()
            if pressed:
                waits.append((now - pressed) * 1e3)
            pressed = time.perf_counter()
            source.send_text(next(keys, "q"))

        face.app.after_render += drawn
        face.run()
    return waits


def commits(folder: Path, number: int) -> list[float]:
    """Return what single commits of one row cost SQLite here, in milliseconds."""
    waits: list[float] = []
    connection = sqlite3.connect(folder / "raw.sqlite", isolation_level=None)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("CREATE TABLE vote (id INTEGER PRIMARY KEY, said TEXT)")
    insert_one = timed(
        lambda: connection.execute("INSERT INTO vote (said) VALUES ('include')"), waits
    )
    for _ in range(number):
        insert_one()
    connection.close()
    return waits


def tell(name: str, waits: Sequence[float]) -> float:
    """Print the median, the 95th percentile and the largest; return the second."""
    ordered = sorted(waits)
    middle, high = (ordered[int(len(ordered) * part)] for part in (0.5, 0.95))
    say(f"{name:<14} p50 {middle:7.2f}  p95 {high:7.2f}  max {ordered[-1]:7.2f} ms")
    return high


def say(line: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


def main() -> int:
    """Make the review, press the keys, and tell; fail where the promise is broken."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("records", nargs="?", type=int, default=MANY)
    parser.add_argument("--votes", type=int, default=1_000)
    parser.add_argument("--plain", action="store_true")
    asked = parser.parse_args()
    os.environ.pop("NO_COLOR", None)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        url = f"{db.SQLITE_FILE}{folder / 'review.sqlite'}"
        begun = time.perf_counter()
        with db.opened(url) as engine:
            db.create(engine)
            fill(engine, asked.records)
        size = (folder / "review.sqlite").stat().st_size / 1e6
        took = time.perf_counter() - begun
        say(f"{asked.records:,} records made in {took:.0f} s, {size:,.0f} MB")
        return measure(App(folder, url, "ann"), folder, asked)


def measure(app: App, folder: Path, asked: argparse.Namespace) -> int:
    """Sit down, vote, and tell what it took."""
    begun = time.perf_counter()
    sitting = Sitting(app, "title_abstract", tell=say)
    took = time.perf_counter() - begun
    say(f"start          {took:.1f} s for a queue of {len(sitting.queue):,}")
    votes: list[float] = []
    reads: list[float] = []
    spent = time.process_time()
    setattr(sitting, "vote", timed(sitting.vote, votes))  # noqa: B010 - measured
    setattr(sitting, "next", timed(sitting.next, reads))  # noqa: B010 - measured
    if asked.plain:
        waits = []
        for _ in range(asked.votes):
            sight = sitting.next()
            assert sight is not None
            begun = time.perf_counter()
            sitting.vote(sight.card.record_id, "exclude")
            sitting.next()
            waits.append((time.perf_counter() - begun) * 1e3)
    else:
        waits = press(sitting, asked.votes, folder / "screen")
    spent = (time.process_time() - spent) / asked.votes * 1e3
    high = tell("key to card", waits)
    tell("vote", votes)
    tell("next card", reads)
    tell("raw commit", commits(folder, asked.votes))
    say(f"processor      {spent:.1f} ms a key")
    app.close()
    word = "kept" if high < PROMISE else "broken"
    say(f"promise        p95 below {PROMISE:.0f} ms: {word}")
    return 0 if high < PROMISE else 1


if __name__ == "__main__":
    sys.exit(main())
