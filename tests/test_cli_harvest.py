"""harvest on the command line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from harvesting import Work, join, openalex_work, strategy, works, workspace
from sqlalchemy import Engine, func, select

from litreview import cli, db
from litreview.cli import harvest as command
from litreview.demo.crossref_api import Crossref
from litreview.demo.openalex_api import OpenAlex
from litreview.demo.server import Fault, Server, serve
from litreview.harvest import Bill
from litreview.models import HarvestRun, Record
from litreview.sources.page import Settings
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
    assert "fix: do what is said above first" in err
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


# -- living reviews ------------------------------------------------------------------


def serve_other(desk: Desk, openalex: list[Work], crossref: list[Work]) -> None:
    """Let the services have other works from now on."""
    desk.server.__dict__["openalex"] = OpenAlex(tuple(openalex), 3)
    desk.server.__dict__["crossref"] = Crossref(tuple(crossref), 4)


def test_the_end_tells_added_changed_and_gone(desk: Desk) -> None:
    """As numbers in the table, and with the record ids as JSON."""
    desk.run("harvest", "--source", "openalex")
    other = [*works(5, 0)[0], openalex_work(8)]
    other[0] = openalex_work(1, title="Teacher trust, corrected")
    serve_other(desk, other, [])
    (row,) = desk.json("harvest", "--source", "openalex")
    assert (row["added"], row["changed"], row["gone"], row["new"]) == (1, 1, 2, 1)
    assert (row["added_ids"], row["changed_ids"], row["gone_ids"]) == ([8], [1], [6, 7])
    assert (row["versions"], row["against"]) == (1, 1)
    _, out, _ = desk.run("harvest", "--source", "openalex")
    assert {"added", "changed", "gone"} <= set(out.split())


def test_since_the_last_time(desk: Desk) -> None:
    """Without one it is whole and says so; OpenAlex's refusal is told plainly."""
    _, _, err = desk.run("harvest", "--since", "last")
    assert err.count("no whole run to start from yet") == 2
    status, _, err = desk.run("harvest", "--since", "last")
    assert status == 0
    assert "OpenAlex gives changes only to paid plans" in err
    assert "asked whole instead" in err
    first, second = desk.json("harvest", "--since", "2026-01-01")
    assert (first["since"], first["since_refused"]) == ("", "2026-01-01")
    assert (second["since"], second["gone"]) == ("2026-01-01", None)


@pytest.mark.parametrize("day", ["yesterday", "2026-13-01", "2999-01-01"])
def test_since_takes_a_past_day_or_last(desk: Desk, day: str) -> None:
    """Anything else is refused before a service is asked."""
    status, _, err = desk.run("harvest", "--since", day)
    assert (status, day in err) == (2, True)
    assert desk.server.requests == []


def test_the_history_lists_every_run(desk: Desk) -> None:
    """With what was asked, what came, the cut-off and the client; ids as JSON."""
    assert "no search was run yet" in desk.run("query", "history")[2]
    desk.run("harvest")
    desk.run("harvest", "--since", "2026-01-01", "--source", "crossref")
    rows = desk.json("query", "history", "trust")
    told = [(row["source"], row["since"], row["found"]) for row in rows]
    assert told == [
        ("crossref", "", 8),
        ("crossref", "2026-01-01", 0),
        ("openalex", "", 7),
    ]
    assert rows[0]["cut_off"] > 0
    assert rows[2]["added"] == [1, 2, 3, 4, 5, 6, 7]
    status, out, _ = desk.run("query", "history")
    assert status == 0
    assert "since 2026-01-01" in out
    assert "habanero" in out
    status, _, err = desk.run("query", "history", "truts")
    assert (status, "Did you mean 'trust'" in err) == (1, True)


def test_gone_records_are_looked_up(desk: Desk) -> None:
    """What the service says of each; where it gives no answer the command fails."""
    desk.run("harvest")
    assert "nothing is gone" in desk.run("query", "gone")[2]
    serve_other(desk, works(5, 0)[0], works(0, 12)[1])
    desk.run("harvest")
    rows = desk.json("query", "gone", "trust")
    assert [(row["source_id"], row["fate"]) for row in rows] == [("W6", ""), ("W7", "")]
    rows = desk.json("query", "gone", "--look")
    assert [row["fate"] for row in rows] == ["deleted", "deleted"]
    count = sum(request.service == "openalex" for request in desk.server.requests)
    desk.server.faults.append(Fault("openalex", count + 2, status=403))
    status, out, err = desk.run("query", "gone", "--look")
    assert status == 1
    assert out.count("deleted") == 1
    assert "403" in err


# -- cost ----------------------------------------------------------------------------


def test_what_it_costs_is_told_before(desk: Desk) -> None:
    """In one sentence, before a run and on a dry run."""
    words = "2 searches: about 2 pages, 10 of OpenAlex's 1,000 credits a day without"
    assert words in desk.run("harvest", "--dry-run")[1]
    assert words in desk.run("harvest")[2]
    one, two = desk.json("harvest", "--dry-run")
    assert (one["credits"], two["credits"]) == (10, 0)
    assert one["seconds"] == 1


def test_a_bill_beyond_the_day_says_how_many_days() -> None:
    """The rest of the credits comes at midnight."""
    bill = Bill(2, 25_000, 250, 2_500, 300.0, 1_000, with_key=False)
    assert "3 days in all" in command.bill_words(bill)
    assert "some 5 minutes" in command.bill_words(bill)
    keyed = replace(bill, budget=10_000, with_key=True, seconds=7200.0)
    assert command.bill_words(keyed) == (
        "2 searches: about 250 pages, 2,500 of OpenAlex's 10,000 credits a day with a "
        "free key, some 2.0 hours"
    )


def test_one_is_told_as_one(desk: Desk) -> None:
    """One search is no "1 searches", whether it is asked about or fails."""
    assert command.bill_words(Bill(1, 1, 1, 0, 1.0, 1_000, with_key=False)) == (
        "1 search: about 1 page, some 1 second"
    )
    desk.server.faults.extend(Fault("openalex", n, status=401) for n in range(1, 9))
    words = ("harvest", "--source", "openalex")
    assert "1 of 1 search got no answer" in desk.run(*words, "--dry-run")[2]
    assert "1 of 1 search is not complete" in desk.run(*words, "--yes")[2]


def test_a_spent_budget_ends_tidily_and_says_when(desk: Desk) -> None:
    """Crossref's records come; the exit status is 3 also where nothing else came."""
    spent = [Fault("openalex", n, status=429, retry_after="7200") for n in range(1, 9)]
    desk.server.faults.extend(spent)
    status, _, err = desk.run("harvest", "--yes")
    assert status == 3
    assert "run the same command after 20" in err
    assert "--wait" in err
    assert desk.count() == 8
    status, _, err = desk.run("harvest", "--source", "openalex")
    assert (status, "UTC" in err) == (3, True)


def test_waiting_goes_on_by_itself(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """With --wait the command sleeps until the moment told, and then ends whole."""
    moment = [datetime.now(UTC)]

    def sleep(seconds: float) -> None:
        moment[0] += timedelta(seconds=seconds)

    def settings(_environ: object, source: str) -> Settings:
        url = {"openalex": desk.server.openalex_url}.get(source)
        base = url or desk.server.crossref_url
        return Settings(base_url=base, sleep=sleep, now=lambda: moment[0])

    monkeypatch.setattr("litreview.sources.page.settings_from", settings)
    desk.server.faults.append(Fault("openalex", 2, status=429, retry_after="1500"))
    status, out, err = desk.run("harvest", "--wait")
    assert status == 0, err
    assert out.count("complete") == 2
    assert err.count("the day's budget is spent; going on at") == 3
    assert desk.count() == 15
