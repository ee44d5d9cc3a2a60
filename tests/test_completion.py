"""What filling in promises: nothing overwritten, all of it told, all undoable."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from harvesting import crossref_work, join, openalex_work, workspace
from making import Maker
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from litreview import cli, db
from litreview.demo.server import Fault, Server, serve
from litreview.models import Record, RecordEdit, RecordRemoval
from litreview.vocabulary import Role

WORDS = {"Teachers": [0], "trust": [1], "heads.": [2]}
JATS = "<jats:p>Heads trust teachers.</jats:p>"


@dataclass
class Desk:
    """A workspace whose records lack abstracts, and the services that have some."""

    root: Path
    engine: Engine
    server: Server
    capture: pytest.CaptureFixture[str]

    def run(self, *words: str, by: str = "lead") -> tuple[int, str, str]:
        """Run a command of `record`; return its exit status, stdout and stderr."""
        status = cli.run(["-w", str(self.root), "--as", by, "record", *words])
        said = self.capture.readouterr()
        return status, said.out, said.err

    def rows(self, *words: str) -> dict[int, dict[str, Any]]:
        """Run `fill --json`; return record id -> its row."""
        status, out, err = self.run("fill", *words, "--json")
        assert status == 0, err
        return {row["record_id"]: row for row in json.loads(out)}

    def abstracts(self) -> dict[int, str]:
        """Return record id -> its abstract, where there is one."""
        query = select(Record.id, Record.abstract).where(Record.abstract != "")
        rows = db.read(self.engine, lambda session: session.execute(query).all())
        return dict(rows)

    def edits(self) -> list[RecordEdit]:
        """Return all corrections."""
        query = select(RecordEdit).order_by(RecordEdit.id)
        return db.read(self.engine, lambda session: list(session.scalars(query)))


def _fill(session: Session) -> None:
    make = Maker(session)
    make.record(source="crossref", source_id="10.5555/oa.1", doi="10.5555/oa.1")
    make.record(source_id="W2", doi="10.5555/cr.2")
    make.record(source="a library", source_id="3", doi="10.5555/cr.3")
    make.record(source="crossref", source_id="10.5555/oa.4", doi="10.5555/oa.4")
    make.record(source="crossref", source_id="5", doi="10.5555/nobody")
    make.record(source="manual", source_id="6")
    make.record(source_id="W7", doi="10.5555/oa.1", abstract="It is here.")


@pytest.fixture
def desk(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Desk]:
    """Return the workspace, with a lead and a reader."""
    space = workspace(tmp_path)
    engine = db.engine_for(space.database_url)
    db.create(engine)
    join(engine)
    join(engine, "rita", Role.READER)
    db.write(engine, _fill)
    openalex = [openalex_work(1, abstract_inverted_index=WORDS), openalex_work(4)]
    crossref = [crossref_work(n, abstract=JATS) for n in (2, 3)]
    with serve(openalex, crossref) as server:
        monkeypatch.setenv("LITREVIEW_OPENALEX_URL", server.openalex_url)
        monkeypatch.setenv("LITREVIEW_CROSSREF_URL", server.crossref_url)
        yield Desk(tmp_path, engine, server, capsys)
    engine.dispose()


def test_the_other_service_fills_in(desk: Desk) -> None:
    """Each record says what was found where, or why nothing was."""
    rows = desk.rows()
    assert {number: (row["found"], row["problem"]) for number, row in rows.items()} == {
        1: ("OpenAlex W1", ""),
        2: ("Crossref 10.5555/cr.2", ""),
        3: ("Crossref 10.5555/cr.3", ""),
        4: ("", "OpenAlex has no abstract of it"),
        5: ("", "OpenAlex does not know it"),
        6: ("", "it has no DOI to look it up by"),
    }
    assert desk.abstracts() == {
        1: "Teachers trust heads.",
        2: "Heads trust teachers.",
        3: "Heads trust teachers.",
        7: "It is here.",
    }
    # Single works, no lists: they cost nothing.
    assert all(request.path != "/works" for request in desk.server.requests)


def test_it_is_a_correction_with_its_origin(desk: Desk) -> None:
    """Who ran it stands there, and from where and when; another edit undoes it."""
    desk.rows("1")
    (edit,) = desk.edits()
    assert (edit.field, edit.value) == ("abstract", "Teachers trust heads.")
    assert edit.why.startswith("from OpenAlex W1, 20")
    assert desk.run("edit", "1", "abstract", "", "--why", "another work's")[0] == 0
    assert 1 not in desk.abstracts()
    # What a person emptied stays empty, unless it is named.
    assert 1 not in desk.rows()
    assert desk.rows("1")[1]["found"] == "OpenAlex W1"


def test_it_can_be_run_again(desk: Desk) -> None:
    """What is filled is asked no more, and what is there is never touched."""
    desk.rows()
    edits = len(desk.edits())
    assert set(desk.rows()) == {4, 5, 6}
    assert desk.rows("7") == {}
    assert (len(desk.edits()), desk.abstracts()[7]) == (edits, "It is here.")
    status, _, err = desk.run("fill", "7")
    assert status == 0
    assert "no abstract is missing" in err


def test_removed_records_are_left_out(desk: Desk) -> None:
    """They are filled only where they are named."""
    gone = RecordRemoval(
        record_id=1, removed=True, basis="reason", text="off", person_id=1
    )
    db.write(desk.engine, lambda session: session.add(gone))
    assert 1 not in desk.rows()
    assert 1 in desk.rows("1")


def test_a_dry_run_stores_nothing(desk: Desk) -> None:
    """It tells the same."""
    status, out, err = desk.run("fill", "--dry-run", by="rita")
    assert status == 0
    assert "3 of 6 abstracts found" in out
    assert "nothing was stored" in err
    assert desk.edits() == []


def test_a_service_that_is_down_costs_only_what_it_has(desk: Desk) -> None:
    """It is asked once, the others are filled, and the exit status is 3."""
    desk.server.faults.extend(Fault("openalex", n, status=401) for n in range(1, 9))
    status, out, err = desk.run("fill")
    assert status == 3
    assert "3 of 6 records could not be looked up" in err
    assert "OPENALEX_API_KEY" in err
    assert set(desk.abstracts()) == {2, 3, 7}
    services = [request.service for request in desk.server.requests]
    assert services.count("openalex") == 1
    desk.server.faults.clear()
    assert desk.run("fill")[0] == 0
    assert 1 in desk.abstracts()
    assert "2 of 6 abstracts found" in out


def test_who_may(desk: Desk) -> None:
    """A reader is refused before a service is asked, an unknown id as well."""
    assert desk.run("fill", by="rita")[0] == 4
    assert desk.run("fill", "99")[0] == 1
    assert desk.server.requests == []


# -- DOIs ------------------------------------------------------------------------------

TITLE = "Teacher trust and the order of meetings"


def crossref(number: int, title: str = TITLE, year: int = 2010, **more: Any) -> Any:
    """Make a work of Crossref by Ada Number1."""
    told = {
        "title": [title],
        "issued": {"date-parts": [[year, 3, 1]]},
        "author": [{"family": "Number1", "given": "Ada"}],
    }
    return crossref_work(number, **(told | more))


@pytest.fixture
def nameless(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Desk]:
    """Return a workspace with one record without a DOI, and silent services."""
    space = workspace(tmp_path)
    engine = db.engine_for(space.database_url)
    db.create(engine)
    join(engine)
    told = {"authors": "Number1, Ada", "year": 2010}
    db.write(engine, lambda s: Maker(s).record(TITLE, source="a library", **told))
    with serve([], []) as server:
        monkeypatch.setenv("LITREVIEW_OPENALEX_URL", server.openalex_url)
        monkeypatch.setenv("LITREVIEW_CROSSREF_URL", server.crossref_url)
        yield Desk(tmp_path, engine, server, capsys)
    engine.dispose()


def doi_row(desk: Desk, openalex: list[Any], works: list[Any]) -> dict[str, Any]:
    """Let the services have these works; return what is found for the record."""
    with serve(openalex, works) as server, pytest.MonkeyPatch.context() as patch:
        patch.setenv("LITREVIEW_OPENALEX_URL", server.openalex_url)
        patch.setenv("LITREVIEW_CROSSREF_URL", server.crossref_url)
        desk.server = server
        return desk.rows("--field", "doi")[1]


def test_a_doi_is_found_by_title_author_and_year(nameless: Desk) -> None:
    """Crossref is asked first, and its DOI is a correction with how it was found."""
    row = doi_row(nameless, [], [crossref(1, year=2011), crossref(2, "Trust, again")])
    assert (row["value"], row["found"], row["problem"]) == (
        "10.5555/cr.1",
        "Crossref 10.5555/cr.1",
        "",
    )
    (edit,) = nameless.edits()
    assert (edit.field, edit.value) == ("doi", "10.5555/cr.1")
    assert "by its title, first author and year" in edit.why
    assert [request.service for request in nameless.server.requests] == ["crossref"]
    status, _, err = nameless.run("fill", "--field", "doi")
    assert (status, "no DOI is missing" in err) == (0, True)


@pytest.mark.parametrize(
    "work",
    [
        crossref(1, TITLE + " again"),
        crossref(1, year=2012),
        crossref(1, author=[{"family": "Another", "given": "Ada"}]),
        crossref(1, author=[]),
    ],
)
def test_what_is_not_surely_the_same_is_not_taken(nameless: Desk, work: Any) -> None:
    """Another title, year or first author is refused, and OpenAlex is asked too."""
    row = doi_row(nameless, [], [work])
    assert row["found"] == ""
    assert row["problem"] == (
        "Crossref has no work that is surely the same; "
        "OpenAlex has no work that is surely the same"
    )
    assert nameless.edits() == []


def test_two_dois_that_fit_are_none(nameless: Desk) -> None:
    """A preprint and its article share title, people and year; a person decides."""
    row = doi_row(nameless, [], [crossref(1), crossref(2)])
    assert (row["found"], nameless.edits()) == ("", [])
    assert "several works" in row["problem"]


def test_openalex_is_asked_where_crossref_has_nothing(nameless: Desk) -> None:
    """Its DOI is taken under the same conditions; the most it costs is told before."""
    work = openalex_work(1, title=TITLE, publication_year=2010)
    work["publication_date"] = "2010-01-01"
    assert doi_row(nameless, [work], [])["found"] == "OpenAlex W1"
    db.write(
        nameless.engine,
        lambda s: Maker(s).record("Book reviews", source_id="W8", year=2010),
    )
    status, out, err = nameless.run("fill", "--field", "doi")
    assert status == 0
    assert "at most 10 credits ($0.00)" in err
    assert "too short" in out
