"""harvest, import and add on the command line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from harvesting import join, openalex_work, strategy, works, workspace
from sqlalchemy import Engine, func, select

from litreview import cli, db
from litreview.cli import harvest as command
from litreview.demo.server import Fault, Server, serve
from litreview.models import HarvestRun, Record
from litreview.vocabulary import Role


@dataclass
class Desk:
    """A workspace with one strategy, and the two services on this machine."""

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
        """Run a command with --json and return what it printed."""
        status, out, err = self.run(*words, "--json")
        assert status == 0, err
        return json.loads(out)

    def count(self, table: type[Record | HarvestRun] = Record) -> int:
        """Count the rows of a table."""
        query = select(func.count()).select_from(table)
        return db.read(self.engine, lambda session: session.scalar(query) or 0)


@pytest.fixture
def desk(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Desk]:
    """Return the workspace, with a lead and a reader."""
    space = workspace(tmp_path, trust=strategy(keep=8))
    engine = db.engine_for(space.database_url)
    db.create(engine)
    join(engine)
    join(engine, "rita", Role.READER)
    with serve(*works(7, 12), openalex_page=3, crossref_page=4) as server:
        monkeypatch.setenv("LITREVIEW_OPENALEX_URL", server.openalex_url)
        monkeypatch.setenv("LITREVIEW_CROSSREF_URL", server.crossref_url)
        yield Desk(tmp_path, engine, server, capsys)
    engine.dispose()


def test_harvest_shows_what_each_search_brought(desk: Desk) -> None:
    """A table on stdout, progress in plain lines on stderr, exit status 0."""
    status, out, err = desk.run("harvest")
    assert status == 0
    assert "trust" in out
    assert out.count("complete") == 2
    assert "trust openalex: 7 of 7" in err
    assert "trust crossref: 8 of 8" in err
    assert "warning" not in err
    assert desk.count() == 15


def test_harvest_as_json_is_one_array(desk: Desk) -> None:
    """Each search with its numbers and nothing else on stdout."""
    one, two = desk.json("harvest")
    assert (one["source"], one["reported"], one["new"]) == ("openalex", 7, 7)
    assert (two["expected"], two["found"], two["status"]) == (8, 8, "complete")


def test_harvest_takes_names_source_and_limit(desk: Desk) -> None:
    """The three narrow what is asked."""
    (row,) = desk.json("harvest", "trust", "--source", "openalex", "--limit", "2")
    assert (row["source"], row["found"], desk.count()) == ("openalex", 2, 2)
    assert {request.service for request in desk.server.requests} == {"openalex"}
    status, _, err = desk.run("harvest", "truts")
    assert status == 1
    assert "Did you mean 'trust'" in err


def test_a_dry_run_tells_and_stores_nothing(desk: Desk) -> None:
    """It needs no person either; the numbers are those of the services."""
    status, out, err = desk.run("harvest", "--dry-run", by="nobody")
    assert status == 0
    assert "15 records to fetch" in out
    assert "$0.001" in out
    assert "nothing was stored" in err
    one, two = desk.json("harvest", "--dry-run")
    assert (one["reported"], one["to_fetch"], one["dollars"]) == (7, 7, 0.001)
    assert (two["reported"], two["to_fetch"], two["dollars"]) == (12, 8, 0.0)
    assert desk.count(HarvestRun) == 0


def test_a_dry_run_without_an_answer_fails(desk: Desk) -> None:
    """What was counted is shown; the exit status is 1."""
    desk.server.faults.extend(Fault("openalex", n, status=401) for n in range(1, 9))
    status, out, err = desk.run("harvest", "--dry-run")
    assert status == 1
    assert "12" in out
    assert "1 of 2 searches got no answer" in err
    assert "trust on openalex: OpenAlex answered 401" in err


def test_a_large_harvest_asks_first(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a terminal it refuses, unless --yes is given; nothing is fetched."""
    monkeypatch.setattr(command, "ASK_ABOVE", 14)
    status, _, err = desk.run("harvest")
    assert status == 2
    assert "15 records are to be fetched" in err
    assert "--yes" in err
    assert desk.count(HarvestRun) == 0
    status, _, _ = desk.run("harvest", "--yes")
    assert (status, desk.count()) == (0, 15)


def test_a_person_can_say_no(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a terminal the question is asked; no ends the command."""
    monkeypatch.setattr(command, "ASK_ABOVE", 14)
    monkeypatch.setattr(command, "on_terminal", lambda: True)
    asked = []

    def answer(question: str, **_: object) -> bool:
        asked.append(question)
        return False

    monkeypatch.setattr("click.confirm", answer)
    status, _, err = desk.run("harvest")
    assert (status, desk.count(HarvestRun)) == (0, 0)
    assert asked == ["15 records are to be fetched. Go on?"]
    assert "nothing was fetched" in err


def test_a_failing_source_is_told_at_the_end(desk: Desk) -> None:
    """The other source's records are stored; the exit status says: to be resumed."""
    desk.server.faults.extend(Fault("openalex", n, status=401) for n in range(1, 9))
    status, out, err = desk.run("harvest")
    assert status == 3
    assert "1 of 2 searches are not complete" in err
    assert "trust on openalex: OpenAlex answered 401" in err
    assert "run the same command again" in err
    assert "incomplete" in out
    assert desk.count() == 8
    desk.server.faults.clear()
    assert desk.run("harvest")[0] == 0
    assert desk.count() == 15


def test_a_service_that_gives_nothing_fails_plainly(desk: Desk) -> None:
    """Where nothing at all was stored there is nothing to resume: status 1."""
    desk.server.faults.extend(Fault("openalex", n, status=401) for n in range(1, 9))
    status, _, err = desk.run("harvest", "--source", "openalex", "--yes")
    assert status == 1
    assert "OPENALEX_API_KEY" in err


def test_a_run_that_ends_short_is_incomplete(desk: Desk) -> None:
    """The command says by how many, after all other searches ran, with status 3."""
    with serve([openalex_work(1), openalex_work(1)], works(0, 3)[1]) as short:
        desk.server.openalex.__dict__.update(short.openalex.__dict__)
        status, _, err = desk.run("harvest")
    assert status == 3
    assert "1 of 2 records did not come in 2 walks" in err


def test_a_strategy_with_an_error_is_never_sent(desk: Desk) -> None:
    """File and line are told; no request was made."""
    file = desk.root / "queries" / "bad.yaml"
    file.write_text(strategy().replace("[trust]", '["trust*"]'), "utf-8")
    status, _, err = desk.run("harvest")
    assert status == 1
    assert "queries/bad.yaml:9" in err
    assert desk.server.requests == []


def test_readers_and_strangers_do_not_harvest(desk: Desk) -> None:
    """They are refused before a service is asked."""
    assert desk.run("harvest", by="rita")[0] == 4
    assert desk.run("harvest", by="nobody")[0] == 1
    assert desk.server.requests == []


def test_the_public_services_ask_for_a_key_and_an_address(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without them a warning says what it costs; the network is closed here."""
    monkeypatch.delenv("LITREVIEW_OPENALEX_URL")
    monkeypatch.delenv("LITREVIEW_CROSSREF_URL")
    monkeypatch.setattr(command, "_agreed", lambda *_args, **_words: ([], []))
    _, _, err = desk.run("harvest")
    assert "OPENALEX_API_KEY is not set" in err
    assert "LITREVIEW_MAILTO is not set" in err
    monkeypatch.setenv("OPENALEX_API_KEY", "k")
    monkeypatch.setenv("LITREVIEW_MAILTO", "a@example.org")
    assert "is not set" not in desk.run("harvest")[2]


# -- import ----------------------------------------------------------------------


def test_import_stores_files_once(desk: Desk) -> None:
    """Each file is told; the second time says that it is in already."""
    one, two = desk.root / "one.csv", desk.root / "two.csv"
    one.write_text("record_id,title\n1,A\n2,B\n", "utf-8")
    two.write_text("record_id,title\n1,C\n", "utf-8")
    status, out, _ = desk.run("import", str(one), str(two), "--source", "ERIC")
    assert status == 0
    assert "one.csv: 2 records as 'ERIC'" in out
    assert "two.csv: 1 records" in out
    _, out, _ = desk.run("import", str(one), "--source", "ERIC")
    assert "in already; nothing was added" in out
    (row,) = desk.json("import", str(one), "--source", "ERIC")
    assert (row["rows"], row["new"], row["again"]) == (2, 0, True)
    assert desk.count() == 3


def test_import_maps_columns(desk: Desk) -> None:
    """--map takes several; the last equals sign parts column and field."""
    file = desk.root / "odd.csv"
    file.write_text("Article = Title,Year of it\nTrust,2004\n", "utf-8")
    words = ["--map", "Article = Title=title", "Year of it=year"]
    assert desk.run("import", str(file), *words)[0] == 0
    query = select(Record)
    record = db.read(desk.engine, lambda session: session.scalars(query).one())
    assert (record.title, record.year) == ("Trust", 2004)
    status, _, err = desk.run("import", str(file), "--map", "title")
    assert (status, "names no field" in err) == (2, True)


def test_one_broken_file_stores_nothing_of_any(desk: Desk) -> None:
    """All are read before the first is stored; file and line are told."""
    good, bad = desk.root / "good.csv", desk.root / "bad.csv"
    good.write_text("title\nA\n", "utf-8")
    bad.write_text("record_id,title\n1,A\n1,B\n", "utf-8")
    status, _, err = desk.run("import", str(good), str(bad))
    assert status == 1
    assert "bad.csv:3:" in err
    assert desk.count() == 0


# -- add -------------------------------------------------------------------------

ADD = (
    *("add", "Early career framework", "--organisation", "DfE", "--year", "2019"),
    *("--url", "https://www.gov.uk/ecf", "--accessed", "2026-03-14"),
    *("--found", "organisation"),
)


def test_add_stores_a_find_once(desk: Desk) -> None:
    """The record's id is told; the same again adds nothing."""
    status, out, _ = desk.run(*ADD, "--author", "Ng, Nora", "--author", "{DfE team}")
    assert (status, "Early career framework" in out) == (0, True)
    status, out, _ = desk.run(*ADD, "--author", "Ng, Nora", "--author", "{DfE team}")
    assert (status, "nothing was added" in out) == (0, True)
    record = db.read(desk.engine, lambda s: s.scalars(select(Record)).one())
    assert (record.found, record.authors) == ("organisation", "Ng, Nora; DfE team")


@pytest.mark.parametrize("option", ["--organisation", "--year", "--url", "--accessed"])
def test_add_needs_where_and_when(desk: Desk, option: str) -> None:
    """A find without its source cannot be checked by anybody."""
    place = ADD.index(option)
    words = ADD[:place] + ADD[place + 2 :]
    status, _, err = desk.run(*words)
    assert status == 2
    assert option in err
    assert desk.count() == 0
