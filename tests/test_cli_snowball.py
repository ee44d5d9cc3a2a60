"""snowball on the command line."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from harvesting import join, openalex_work, strategy, workspace
from making import Maker
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from litreview import cli, db
from litreview.cli import snowball as command
from litreview.demo.server import Fault, Server, serve
from litreview.models import AuditEvent, HarvestRun, Hit, Record
from litreview.vocabulary import Found, Role, RunStatus

ROOT = Path(__file__).resolve().parent.parent
KNOWN = """
known_items:
  - {title: A known work, doi: 10.5555/oa.6}
  - {title: A grey report, note: it has no DOI}
"""
# Work -> what it cites.
CITES = {1: [2, 3], 2: [7], 4: [1], 5: [1, 3], 6: [4], 8: [1, 4], 9: [6]}


@dataclass
class Desk:
    """A workspace with an included report and others, and OpenAlex on this machine."""

    root: Path
    engine: Engine
    server: Server
    capture: pytest.CaptureFixture[str]

    def run(self, *words: str, by: str = "lead") -> tuple[int, str, str]:
        """Run a command; return its exit status, stdout and stderr."""
        status = cli.run(["-w", str(self.root), "--as", by, *words])
        said = self.capture.readouterr()
        return status, said.out, said.err

    def json(self, *words: str) -> Any:
        """Run snowball with --json and return what it printed."""
        status, out, err = self.run("snowball", *words, "--json")
        assert status == 0, err
        return json.loads(out)

    def works(self) -> set[str]:
        """Return the works that only citations brought."""
        query = select(Record.source_id).where(Record.found == Found.CITATION)
        return db.read(self.engine, lambda session: set(session.scalars(query)))

    def count(self, table: type[HarvestRun | AuditEvent | Hit]) -> int:
        """Count the rows of a table."""
        query = select(func.count()).select_from(table)
        return db.read(self.engine, lambda session: session.scalar(query) or 0)


@pytest.fixture
def desk(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Desk]:
    """Return the workspace: W1 is included, a Crossref record and a report are not."""
    space = workspace(tmp_path, trust=strategy() + KNOWN)
    engine = db.engine_for(space.database_url)
    db.create(engine)
    join(engine)
    join(engine, "rita", Role.READER)
    db.write(engine, _fill)
    cites = {
        n: [f"https://openalex.org/W{to}" for to in CITES.get(n, ())]
        for n in range(1, 11)
    }
    works = [openalex_work(n, referenced_works=cited) for n, cited in cites.items()]
    with serve(works, [], openalex_page=2) as server:
        monkeypatch.setenv("LITREVIEW_OPENALEX_URL", server.openalex_url)
        yield Desk(tmp_path, engine, server, capsys)
    engine.dispose()


def _fill(session: Session) -> None:
    make = Maker(session)
    people = make.review("ann", "bob")
    make.include(make.record("Seed", source_id="W1"), *people)
    make.record("Crossref", source="crossref", source_id="c", doi="10.5555/oa.4")
    make.record("Grey", source="manual", source_id="m", found=Found.WEBSITE)


def test_snowball_shows_what_each_list_brought(desk: Desk) -> None:
    """A table on stdout, the rounds in words on stderr, exit status 0."""
    status, out, err = desk.run("snowball", "--from", "included")
    assert status == 0
    assert out.count("complete") == 2
    assert "round 1: 1 works to start from, 2 lists" in err
    assert "round 1: 5 new records" in err
    assert "warning" not in err
    assert desk.works() == {"W2", "W3", "W4", "W5", "W8"}


def test_rounds_go_on_from_what_was_added(desk: Desk) -> None:
    """Each round says from how many works; the last is the one that adds nothing."""
    status, _, err = desk.run("snowball", "--from", "included", "--rounds", "9")
    assert status == 0
    assert "round 2: 5 works to start from, 10 lists" in err
    assert "round 3: 2 works to start from, 4 lists" in err
    assert "round 4: 1 works to start from" in err
    assert "round 5" not in err
    assert desk.works() == {f"W{n}" for n in range(2, 10)}


def test_ids_are_starts_with_or_without_the_option(desk: Desk) -> None:
    """A record of another source is resolved by its DOI; forward alone is one list."""
    told = desk.json("--from", "1", "2", "--direction", "forward")
    assert [(row["seed"], row["record_id"]) for row in told["lists"]] == [
        ("W1", 1),
        ("W4", 2),
    ]
    assert desk.works() == {"W4", "W5", "W6", "W8"}
    (row,) = desk.json("2", "--direction", "backward")["lists"]
    assert (row["seed"], row["direction"], row["found"]) == ("W4", "backward", 1)


def test_what_cannot_be_resolved_is_named(desk: Desk) -> None:
    """On stderr and in the JSON, each with its reason; alone it is an error."""
    status, _, err = desk.run("snowball", "1", "3")
    assert status == 0
    assert "1 of 2 lead to no work in OpenAlex" in err
    assert "record 3: Grey: it has neither an OpenAlex id nor a DOI" in err
    told = desk.json("--from", "benchmark", "--direction", "backward")
    assert told["unresolved"] == [
        {
            "start": "known item: A grey report",
            "why": "it has neither an OpenAlex id nor a DOI",
        }
    ]
    (row,) = told["lists"]
    assert (row["record_id"], row["known_item"]) == (None, "A known work")
    status, _, err = desk.run("snowball", "3")
    assert status == 1
    assert "nothing here leads to a work" in err


def test_record_show_says_whose_citations_led_there(desk: Desk) -> None:
    """In words: cites or cited by, the seed and the round; a known item by title."""
    desk.run("snowball", "1")
    desk.run("snowball", "--from", "benchmark")
    said = [desk.run("record", "show", str(n))[1] for n in range(4, 10)]
    text = "\n".join(said)
    assert ": cites record 1 (W1), round 1 of citation searching" in text
    assert ": cited by record 1 (W1), round 1 of citation searching" in text
    assert ": cites W6 (known item: A known work), round 1" in text


def test_a_dry_run_tells_and_stores_nothing(desk: Desk) -> None:
    """Lists and credits of the first round; it needs no person."""
    status, out, err = desk.run("snowball", "1", "--dry-run", by="nobody")
    assert status == 0
    assert "5 records to fetch in round 1; OpenAlex counts 2 credits ($0.0002)" in out
    assert "nothing was stored" in err
    rows = desk.json("1", "--dry-run")["lists"]
    assert [(row["direction"], row["reported"]) for row in rows] == [
        ("forward", 3),
        ("backward", 2),
    ]
    assert (desk.works(), desk.count(AuditEvent)) == (set(), 0)
    begun = len(desk.server.requests)
    desk.server.faults.extend(
        Fault("openalex", n, status=401) for n in range(begun + 2, begun + 9)
    )
    status, _, err = desk.run("snowball", "1", "--dry-run")
    assert status == 1
    assert "2 of 2 lists got no answer" in err


def test_a_large_round_asks_first(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a terminal it refuses, also a later round; what was done stays done."""
    monkeypatch.setattr(command, "ASK_ABOVE", 4)
    status, _, err = desk.run("snowball", "1")
    assert status == 2
    assert "round 1: some 5 records are to be fetched" in err
    assert desk.works() == set()
    monkeypatch.setattr(command, "ASK_ABOVE", 6)
    status, out, err = desk.run("snowball", "1", "--rounds", "2")
    assert status == 2
    assert "round 2: some 11 records" in err
    assert out.count("complete") == 2
    assert len(desk.works()) == 5
    pages = len(desk.server.requests)
    status, out, err = desk.run("snowball", "1", "--rounds", "2", "--yes")
    assert status == 0
    assert "going on with the citation search of" in err
    asked = [r.query for r in desk.server.requests[pages:]]
    assert not any(query.startswith("filter=cites:W1&") for query in asked)
    assert len(desk.works()) == 7


def test_a_person_can_say_no(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a terminal the question is asked; a bound that is small asks nothing."""
    monkeypatch.setattr(command, "ASK_ABOVE", 4)
    monkeypatch.setattr(command, "on_terminal", lambda: True)
    monkeypatch.setattr("click.confirm", lambda *_, **__: False)
    status, _, err = desk.run("snowball", "1")
    assert (status, desk.works()) == (0, set())
    assert "nothing more was fetched" in err
    status, _, _ = desk.run("snowball", "1", "--limit", "1")
    assert (status, len(desk.works())) == (0, 2)


def test_a_service_that_fails_is_told_and_gone_on_with(desk: Desk) -> None:
    """Status 3 with the list and the service's words; the same command goes on."""
    desk.server.faults.extend(Fault("openalex", n, status=401) for n in range(4, 9))
    status, out, err = desk.run("snowball", "1", "--yes", "--rounds", "2")
    assert status == 3
    assert "1 of 2 lists are not complete" in err
    assert "W1 backward: OpenAlex answered 401" in err
    assert "incomplete" in out
    desk.server.faults.clear()
    status, _, err = desk.run("snowball", "1", "--yes", "--rounds", "2")
    assert status == 0
    assert len(desk.works()) == 7
    forward = "filter=cites:W1&sort=publication_date:asc&cursor=%2A&per-page=100"
    assert [r.query for r in desk.server.requests].count(forward) == 1


def test_a_service_that_gives_nothing_fails_plainly(desk: Desk) -> None:
    """Where nothing at all was stored there is nothing to resume: status 1."""
    desk.server.faults.extend(Fault("openalex", n, status=401) for n in range(1, 9))
    status, _, err = desk.run("snowball", "1", "--yes")
    assert status == 1
    assert "OPENALEX_API_KEY" in err
    assert (desk.works(), desk.count(AuditEvent)) == (set(), 0)


def test_readers_and_strangers_do_not_snowball(desk: Desk) -> None:
    """They are refused before OpenAlex is asked."""
    assert desk.run("snowball", "1", by="rita")[0] == 4
    assert desk.run("snowball", "1", by="nobody")[0] == 1
    assert desk.server.requests == []


@pytest.mark.parametrize(
    ("words", "status", "told"),
    [
        ([], 2, "needs a start"),
        (["incl"], 2, "'incl' is nothing to start from"),
        (["77"], 1, "there is no record 77"),
        (["1", "--limit", "0"], 2, "--limit"),
        (["1", "--rounds", "0"], 2, "--rounds"),
        (["1", "--direction", "sideways"], 2, "--direction"),
        (["1", "--from-year", "2020", "--to-year", "2010"], 2, "2020 or later"),
    ],
)
def test_a_call_that_means_nothing_is_refused(
    desk: Desk, words: list[str], status: int, told: str
) -> None:
    """It says what is wrong, and OpenAlex is not asked."""
    found, _, err = desk.run("snowball", *words)
    assert (found, told in err) == (status, True), err
    assert desk.server.requests == []


def test_the_public_service_asks_for_a_key(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without one its users are told; here the wrong call ends before any request."""
    monkeypatch.delenv("LITREVIEW_OPENALEX_URL")
    _, _, err = desk.run("snowball", "77")
    assert "OPENALEX_API_KEY is not set" in err
    monkeypatch.setenv("OPENALEX_API_KEY", "k")
    assert "not set" not in desk.run("snowball", "77")[2]


def test_killed_and_resumed_equals_undisturbed(desk: Desk) -> None:
    """The command, killed with SIGKILL twice, ends with what one whole run brings."""
    words = ["snowball", "1", "--rounds", "9", "--yes"]
    whose = ["-w", str(desk.root), "--as", "lead"]
    for kill_at in (4, 9):
        begun = len(desk.server.requests)
        desk.server.faults[:] = [
            Fault("openalex", n, delay=0.05) for n in range(begun, begun + 99)
        ]
        child = subprocess.Popen(
            [sys.executable, "-m", "litreview", *whose, *words],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        deadline = time.monotonic() + 60
        while len(desk.server.requests) < begun + kill_at:
            assert child.poll() is None, child.communicate()
            assert time.monotonic() < deadline
            time.sleep(0.002)
        child.kill()
        child.communicate()
        assert child.returncode == -signal.SIGKILL
    desk.server.faults.clear()
    assert desk.run(*words)[0] == 0
    assert desk.works() == {f"W{n}" for n in range(2, 10)}
    runs = select(HarvestRun.request, HarvestRun.status)
    rows = db.read(desk.engine, lambda s: s.execute(runs).all())
    assert {status for _, status in rows} == {RunStatus.COMPLETE}
    asked = [dict(request)["params"] for request, _ in rows]
    filters = [params["filter"] for params in asked if "filter" in params]
    assert len(filters) == len(set(filters)) == 18
