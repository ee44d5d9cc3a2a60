"""What can be exported: byte stability, balance, and the command line."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from making import Maker
from sqlalchemy import Engine
from sqlalchemy.orm import Session
from team import Team, every_kind, finish, start

from litreview import cli, db, exports, flow, rendering
from litreview.cli import export_tables
from litreview.errors import InvariantError, UsageError
from litreview.models import AuditEvent
from litreview.protocol import STARTER_CODEBOOK
from litreview.vocabulary import Role

ASKER = rendering.Asker("ann")


@pytest.fixture
def team(session: Session, make: Maker) -> Team:
    """Return a team on an empty review."""
    return start(session, make)


def cells(content: bytes) -> list[list[str]]:
    """Return a CSV file's cells without its header."""
    return list(csv.reader(io.StringIO(content.decode(), newline="")))[1:]


# -- what is exported ------------------------------------------------------------------


def test_everything_is_exported_and_the_same_twice(team: Team) -> None:
    """All tables in all formats, each parseable, and byte for byte again."""
    team.make.codebook(STARTER_CODEBOOK)
    every_kind(team)
    files = exports.render_all(team.session, asker=ASKER)
    assert files == exports.render_all(team.session, asker=ASKER)
    others = {"prisma", "bibliography", "search-report", "search-overlap"}
    assert {name.split(".")[0] for name in files} == {*others, *exports.TABLES}
    for name, content in files.items():
        if name.endswith((".docx", ".xlsx")):
            continue  # no text; test_docxfile.py reads it
        assert b"\r" not in content
        assert content.endswith(b"\n")
        if name.endswith(".json"):
            json.loads(content)
        if name.endswith(".svg"):
            assert ET.fromstring(content).tag.endswith("svg")  # noqa: S314 - our own


def test_prisma_json_has_every_box(team: Team) -> None:
    """Boxes are whole numbers, divided boxes map, open work is zero at the end."""
    finish(team, every_kind(team))
    told = json.loads(exports.render_prisma(team.session, ["json"])["json"])
    assert told["database_results"] == 14
    assert told["database_specific_results"] == {"Crossref": 4, "OpenAlex": 10}
    assert told["dbr_excluded"] == {"X-POP": 2, "X-CONCEPT": 1}
    assert told["interim"] is False
    assert told["new_studies"] == 3


def test_prisma_csv_and_markdown_name_the_reasons(team: Team) -> None:
    """The CSV has keys, the Markdown and the diagram the protocol's words."""
    finish(team, every_kind(team))
    made = exports.render_prisma(team.session)
    rows = {(row[0], row[1]): row[4] for row in cells(made["csv"])}
    assert rows["dbr_excluded", ""] == "3"
    assert rows["dbr_excluded", "X-POP"] == "2"
    assert "Wrong population" in made["md"].decode()
    assert "Wrong population" in made["svg"].decode()


@pytest.mark.broken_on_purpose
def test_an_unbalanced_flow_is_refused(
    team: Team, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A box that loses a record stops the diagram, with status 5 and the box's name."""
    every_kind(team)
    broken = {**flow.QUESTIONS, "records_excluded": lambda _entry: False}
    monkeypatch.setattr(flow, "QUESTIONS", broken)
    with pytest.raises(InvariantError, match="records_excluded 0") as caught:
        exports.render_prisma(team.session)
    assert caught.value.exit_code == 5
    with pytest.raises(InvariantError):
        exports.render_all(team.session, asker=ASKER)
    # The list behind a box is how to find out, so it works all the same.
    listed = exports.render_box(team.session, "records_screened", ["csv"])
    assert len(cells(listed["csv"])) == 9


def test_a_box_has_no_diagram(team: Team) -> None:
    """The records behind a box are a table, not a picture."""
    with pytest.raises(UsageError, match="svg"):
        exports.render_box(team.session, "duplicates", ["svg"])


def test_prisma_of_an_empty_database_is_all_zero(session: Session) -> None:
    """Before the first sync there is a diagram with nothing in it."""
    told = json.loads(exports.render_prisma(session)["json"])
    assert sum(value for value in told.values() if isinstance(value, int)) == 0


# -- the command line ------------------------------------------------------------------


@pytest.fixture
def space(tmp_path: Path, engine: Engine) -> list[str]:
    """Return the global options of a workspace with work on a small review."""
    (tmp_path / "screening").mkdir()
    (tmp_path / "screening" / "review.yaml").write_text("title: T\n")

    def work(session: Session) -> None:
        team = start(session, Maker(session))
        team.make.person("lead", Role.LEAD)
        every_kind(team)

    db.write(engine, work)
    url = engine.url.render_as_string(hide_password=False)
    return ["-w", str(tmp_path), "--database", url, "--as", "bob"]


def run(space: list[str], *words: str) -> int:
    """Run one command of the real command line."""
    return cli.run([*space, "export", *words])


def test_without_options_all_formats_go_to_exports(
    space: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """`export prisma` writes its four files and the manifest, and says so on stderr."""
    assert run(space, "prisma") == 0
    folder = tmp_path / "exports"
    names = ["prisma.csv", "prisma.json", "prisma.md", "prisma.svg"]
    assert sorted(path.name for path in folder.iterdir()) == ["manifest.json", *names]
    said = capsys.readouterr()
    assert said.out == ""
    assert "prisma.svg" in said.err


def test_all_writes_what_the_single_commands_write(
    space: list[str], tmp_path: Path
) -> None:
    """One snapshot of everything has the very bytes of table by table."""
    assert run(space, "all") == 0
    folder = tmp_path / "exports"
    once = {path.name: path.read_bytes() for path in folder.glob("[!m]*")}
    for name in ("prisma", *exports.TABLES):
        assert run(space, name) == 0
    assert {path.name: path.read_bytes() for path in folder.glob("[!m]*")} == once


@pytest.mark.parametrize("name", ["prisma", *exports.TABLES])
def test_a_format_goes_to_stdout(
    space: list[str], name: str, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    """With --format json there is one JSON value on stdout, and no file."""
    assert run(space, name, "--format", "json") == 0
    json.loads(capsysbinary.readouterr().out)


def test_to_takes_the_format_from_the_ending(space: list[str], tmp_path: Path) -> None:
    """--to FILE writes what its ending says; an unknown ending is refused."""
    target = tmp_path / "out" / "table.md"
    assert run(space, "constructs", "--to", str(target)) == 0
    assert target.read_text().startswith("# Constructs")
    assert run(space, "records", "--to", str(tmp_path / "records.xls")) == 2
    named = tmp_path / "records.txt"
    assert run(space, "records", "--to", str(named), "--format", "csv") == 0
    assert named.read_text().startswith("record_id,source,source_id,")


def test_to_stdout_takes_the_first_format(
    space: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """--to - without a format is the table's first one."""
    assert run(space, "records", "--to", "-") == 0
    assert capsys.readouterr().out.startswith("record_id,")


def test_a_box_lists_its_records(
    space: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    """--box ID --format csv has a row per record behind the box."""
    assert run(space, "prisma", "--box", "dbr_excluded", "--format", "csv") == 0
    rows = cells(capsys.readouterr().out.encode())
    assert [row[1] for row in rows] == ["X-CONCEPT", "X-POP"]
    assert run(space, "prisma", "--box", "nonsense", "--format", "csv") == 1
    assert run(space, "prisma", "--box", "duplicates", "--format", "svg") == 2


def test_unblinding_is_for_leads_and_recorded(
    space: list[str], engine: Engine, capsys: pytest.CaptureFixture[str]
) -> None:
    """A screener is refused with status 4; a lead's look leaves an event."""
    unblind = ["decisions", "--unblind", "--format", "csv"]
    assert run(space, *unblind) == 4
    assert capsys.readouterr().out == ""
    with Session(engine) as session:
        assert session.query(AuditEvent).count() == 0
    assert run([*space, "--as", "lead"], *unblind) == 0
    shown = len(cells(capsys.readouterr().out.encode()))
    assert run(space, "decisions", "--format", "csv") == 0
    assert len(cells(capsys.readouterr().out.encode())) == shown - 1
    with Session(engine) as session:
        (event,) = session.query(AuditEvent).all()
        assert (event.kind, event.subject) == ("unblinded", "export decisions")


def test_the_commands_offer_the_formats_that_tables_have() -> None:
    """What help promises without reading a table is what the register can render."""
    for name, told in export_tables.TABLE_EXPORTS.items():
        assert told.formats == exports.TABLES[name].formats, name
    for name, table in exports.TABLES.items():
        assert set(table.pictures) <= set(table.formats), name
