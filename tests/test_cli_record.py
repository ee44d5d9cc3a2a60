"""`litreview record` and `log` on the command line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from harvesting import workspace
from making import Maker
from sqlalchemy import Engine

from litreview import cli, db
from litreview.models import Person, Record
from litreview.screening import Ballot, decide
from litreview.vocabulary import Stage


@dataclass
class Desk:
    """A workspace with three records, the first of which ann has voted on."""

    root: Path
    engine: Engine
    capture: pytest.CaptureFixture[str]

    def run(self, *words: str, by: str = "lead") -> tuple[int, str, str]:
        """Run a command; return its exit status, stdout and stderr."""
        status = cli.run(["-w", str(self.root), "--as", by, *words])
        said = self.capture.readouterr()
        return status, said.out, said.err

    def json(self, *words: str, by: str = "lead") -> Any:
        """Run a command with --json and return what it printed."""
        status, out, err = self.run(*words, "--json", by=by)
        assert (status, err) == (0, "")
        return json.loads(out)

    def vote(self, record_id: int, handle: str, verdict: str) -> None:
        """Let a screener vote on a title."""
        with db.transaction(self.engine) as session:
            screener = session.query(Person).filter_by(handle=handle).one()
            note = f"a {verdict} of {handle}"
            ballot = Ballot(record_id, Stage.TITLE_ABSTRACT, verdict, note=note)
            decide(session, ballot, screener=screener)


@pytest.fixture
def desk(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Desk]:
    """Return the workspace."""
    space = workspace(tmp_path)
    engine = db.engine_for(space.database_url)
    db.create(engine)
    with db.transaction(engine) as session:
        make = Maker(session)
        make.review("ann", "bob")
        make.record("Trust in schools", year=2019, authors="Ng, Nora")
        make.record("Red\x1b[31m title", source="crossref", abstract="What it says.")
        make.record("A third")
    found = Desk(tmp_path, engine, capsys)
    found.vote(1, "ann", "exclude")
    yield found
    engine.dispose()


def test_list_has_ids_and_states(desk: Desk) -> None:
    """One JSON array; source and state narrow it."""
    rows = desk.json("record", "list")
    assert [row["record_id"] for row in rows] == [1, 2, 3]
    assert rows[0]["state"] == {
        "title_abstract": "in_progress",
        "full_text": "not_eligible",
    }
    assert {
        "source",
        "source_id",
        "cluster_id",
        "title",
        "year",
        "doi",
        "removed",
    } < set(rows[0])
    assert len(desk.json("record", "list", "--source", "crossref")) == 1
    words = ("record", "list", "--state", "unscreened")
    assert [row["record_id"] for row in desk.json(*words)] == [2, 3]
    status, _, err = desk.run("record", "list", "--state", "done")
    assert (status, "use one of: unscreened" in err) == (2, True)


def test_text_of_others_cannot_steer_the_terminal(desk: Desk) -> None:
    """Escape sequences in a title are not printed."""
    for words in (("list",), ("show", "2"), ("search", "title")):
        assert "\x1b" not in desk.run("record", *words)[1]


def test_search_finds_by_words(desk: Desk) -> None:
    """Title and author together; nothing found is told on stderr."""
    assert [row["record_id"] for row in desk.json("record", "search", "ng trust")] == [
        1
    ]
    status, out, err = desk.run("record", "search", "zebra")
    assert (status, out) == (0, "")
    assert "no record" in err


def test_show_tells_fields_and_provenance(desk: Desk) -> None:
    """In words and as one JSON object; an unknown id is an error."""
    _, out, _ = desk.run("record", "show", "1")
    assert "Trust in schools" in out
    assert "search s-openalex on openalex, rank 1" in out
    found = desk.json("record", "show", "1")
    assert found["provenance"][0]["request"]["params"] == {"search": "trust"}
    assert found["payload"]["title"] == "Trust in schools"
    status, _, err = desk.run("record", "show", "9")
    assert (status, "there is no record 9" in err) == (1, True)


def test_edit_corrects_and_says_so(desk: Desk) -> None:
    """Before and after are told; --why is needed; an unknown field is a usage error."""
    words = ("record", "edit", "1", "year", "2018")
    assert desk.run(*words)[0] == 2
    _, out, _ = desk.run(*words, "--why", "the print issue")
    assert "year was '2019', is '2018'" in out
    assert "the print issue" in desk.run("record", "show", "1")[1]
    status, _, err = desk.run("record", "edit", "1", "yaer", "2", "--why", "x")
    assert (status, "Did you mean 'year'" in err) == (2, True)
    assert desk.run(*words, "--why", "again")[0] == 1


def test_remove_and_restore(desk: Desk) -> None:
    """By a rule or a reason, one of the two; a record with votes stays."""
    status, out, _ = desk.run("record", "remove", "2", "3", "--rule", "too old")
    assert (status, "removed 2 records: 2, 3" in out) == (0, True)
    assert [row["removed"] for row in desk.json("record", "list")] == [
        False,
        True,
        True,
    ]
    assert desk.run("record", "restore", "2")[0] == 0
    assert "removed   by lead, rule: too old" in desk.run("record", "show", "3")[1]
    status, _, err = desk.run("record", "remove", "1", "2", "--reason", "no report")
    assert (status, "record 1 has 1" in err) == (1, True)
    assert desk.json("record", "list")[1]["removed"] is False
    assert desk.run("record", "remove", "2")[0] == 2
    both = ("--rule", "a", "--reason", "b")
    assert desk.run("record", "remove", "2", *both)[0] == 2
    assert desk.run("record", "remove", "2", "--rule", "a", by="ann")[0] == 4


def test_log_hides_others_votes_until_the_record_has_its_votes(desk: Desk) -> None:
    """To bob and the lead the log looks as if nobody had voted; then all is told."""
    for by in ("bob", "lead"):
        status, out, err = desk.run("log", "1", by=by)
        assert status == 0
        assert "hit" in out
        assert "vote" not in out
        assert "exclude" not in out
        assert "are shown once the report has its votes" in err
        kinds = {event["kind"] for event in desk.json("log", "1", by=by)}
        assert kinds == {"hit", "payload"}
    assert (
        "vote by ann: stage title_abstract, verdict exclude"
        in desk.run("log", "1", by="ann")[1]
    )
    desk.vote(1, "bob", "include")
    events = desk.json("log", "1", by="lead")
    assert [e["person"] for e in events if e["kind"] == "vote"] == ["ann", "bob"]


def test_a_screeners_log_does_not_depend_on_others_verdicts(desk: Desk) -> None:
    """Two records that differ only in ann's verdict have the same log for bob."""
    desk.vote(2, "ann", "exclude")
    desk.vote(3, "ann", "include")

    def shape(record_id: str) -> list[object]:
        return [
            {k: v for k, v in event.items() if k in ("kind", "stage", "person")}
            for event in desk.json("log", record_id, by="bob")
        ]

    assert shape("2") == shape("3")
    with db.transaction(desk.engine) as session:
        assert session.get_one(Record, 2).title


# -- later notices -------------------------------------------------------------------


def note_on(desk: Desk, record_id: int, *kinds: str) -> None:
    """Let a record's source tell of so many notices."""
    with db.transaction(desk.engine) as session:
        record = session.get_one(Record, record_id)
        record.notices = [
            {
                "kind": kind,
                "doi": f"10.1/{kind}",
                "published": "2026-01-05",
                "source": "retraction-watch",
            }
            for kind in kinds
        ]


def test_show_tells_notices_and_searches(desk: Desk) -> None:
    """What was published about a record later, and which strategies found it."""
    note_on(desk, 1, "expression_of_concern")
    _, out, _ = desk.run("record", "show", "1")
    told = "expression of concern, 10.1/expression_of_concern, 2026-01-05, told by"
    assert f"notice    {told} retraction-watch" in out
    assert "searches  s-openalex" in out
    found = desk.json("record", "show", "1")
    assert [notice["kind"] for notice in found["notices"]] == ["expression_of_concern"]
    assert found["strategies"] == ["s-openalex"]
    assert desk.json("record", "show", "2")["notices"] == []


def test_status_lists_notices_on_what_is_in_play(desk: Desk) -> None:
    """At most ten in words, and all of them as JSON."""
    note_on(desk, 1, "correction")
    note_on(desk, 2, *(["erratum"] * 12))
    with db.transaction(desk.engine) as session:
        record = session.get_one(Record, 2)
        rows = record.notices
        assert isinstance(rows, list)
        record.notices = [{**row, "doi": f"10.1/{n}"} for n, row in enumerate(rows)]
    _, out, _ = desk.run("status")
    assert "later notices on reports in play:" in out
    assert "record 1     correction (10.1/correction, 2026-01-05" in out
    assert "and 3 more: `litreview status --json`" in out
    assert "included reports:" not in out
    notices = desk.json("status")["notices"]
    assert [notice["record_id"] for notice in notices] == [1, *[2] * 12]
