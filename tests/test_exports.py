"""Tables to bytes and files: formulas, byte stability, and where files may go."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import unicodedata
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st
from making import Maker
from sqlalchemy import Engine
from sqlalchemy.orm import Session
from team import Team, every_kind, finish, start

import litreview
from litreview import cli, db, exports, flow
from litreview.errors import InvariantError, LitreviewError, UsageError
from litreview.frame import frame
from litreview.models import AuditEvent
from litreview.protocol import STARTER_CODEBOOK
from litreview.vocabulary import Role

ASKER = exports.Asker("ann")
COLUMNS = {
    "id": "int",
    "title": "text",
    "share": "number",
    "yes": "flag",
    "at": "moment",
    "parts": "list",
}
FORMULAS = [
    "=cmd|' /C calc'!A0",
    "+1",
    "-2",
    "@SUM(A1)",
    "\t=1",
    "\rx",
    "\nx",
    "  =1",
    "\u00a0=1",
    "\u200b=1",
    "\uff1d1",
    " \uff0b1",
    "\uff0d1",
    "\uff20A",
    "\0=1",
]


@pytest.fixture
def team(session: Session, make: Maker) -> Team:
    """Return a team on an empty review."""
    return start(session, make)


def cells(content: bytes) -> list[list[str]]:
    """Return a CSV file's cells without its header."""
    return list(csv.reader(io.StringIO(content.decode(), newline="")))[1:]


def titles(*texts: str) -> list[str]:
    """Return texts as they come out of a CSV file."""
    table = frame({"title": "text"}, [(text,) for text in texts])
    return [row[0] for row in _padded(cells(exports.to_csv(table)))]


# -- bytes -----------------------------------------------------------------------------


@pytest.mark.parametrize("text", FORMULAS)
def test_csv_defuses_formulas(text: str) -> None:
    """A cell that a spreadsheet would compute has an apostrophe in front."""
    assert titles(text) == ["'" + text]


@pytest.mark.parametrize(
    "text", ["", "A title", "1 = 1", "it's", "'quoted'", "\u2013 dash", "10.5555/x-1"]
)
def test_csv_leaves_other_text_alone(text: str) -> None:
    """What begins no formula is written as it is."""
    assert titles("x", text) == ["x", text]


def test_csv_leaves_numbers_alone() -> None:
    """A negative number stays a number; lists are defused like text."""
    table = frame(
        {"n": "int", "x": "number", "parts": "list"}, [(-2, -0.5, ("=a", "b"))]
    )
    assert cells(exports.to_csv(table)) == [["-2", "-0.5", "'=a; b"]]


@given(st.lists(st.text(st.characters(exclude_categories=["Cs"])), min_size=1))
def test_no_csv_cell_starts_a_formula(texts: list[str]) -> None:
    """Whatever the text, it survives behind its apostrophe and starts no formula."""
    table = frame({"title": "text"}, [(text,) for text in texts])
    for text, (cell,) in zip(texts, _padded(cells(exports.to_csv(table))), strict=True):
        assert cell in (text, "'" + text)
        visible = [c for c in cell if unicodedata.category(c)[0] not in "CZ"]
        assert cell[:1] not in tuple("=+-@\t\r\n\0")
        assert visible[:1] not in [[sign] for sign in "=+-@\uff1d\uff0b\uff0d\uff20"]
    lossless = exports.to_csv(table, lossless=True)
    assert [row[0] for row in _padded(cells(lossless))] == texts


def _padded(rows: list[list[str]]) -> list[list[str]]:
    """Read an empty line as one empty cell, as a one-column table writes it."""
    return [row or [""] for row in rows]


def one_row() -> bytes:
    """Return a table with a value of every kind as CSV."""
    table = frame(
        COLUMNS,  # type: ignore[arg-type]
        [(1, "Ärzte \u201cund\u201d\nLehrer", 0.1, True, MOMENT, (3, 4)), EMPTY],
    )
    return exports.to_csv(table)


MOMENT = "2024-02-03T04:05:06.000007+00:00"
EMPTY = (None, None, None, False, None, ())


def test_csv_writes_every_kind_of_value() -> None:
    """UTF-8, LF, a header, UTC moments with microseconds, nothing for nothing."""
    assert (
        one_row()
        == (
            "id,title,share,yes,at,parts\n"
            '1,"Ärzte \u201cund\u201d\nLehrer",0.1,true,'
            "2024-02-03T04:05:06.000007Z,3; 4\n"
            ",,,false,,\n"
        ).encode()
    )


def test_json_keeps_types() -> None:
    """Numbers, lists and null stay what they are."""
    table = frame(
        COLUMNS,  # type: ignore[arg-type]
        [(1, "=x", 0.1, True, MOMENT, (3, 4)), EMPTY],
    )
    first, second = json.loads(exports.to_json(table))
    assert first == {
        "id": 1,
        "title": "=x",
        "share": 0.1,
        "yes": True,
        "at": "2024-02-03T04:05:06.000007Z",
        "parts": [3, 4],
    }
    assert list(second.values()) == [None, None, None, False, None, []]


def test_markdown_keeps_cells_in_their_table() -> None:
    """Bars, line ends, tags and escape sequences cannot break out of a cell."""
    table = frame({"n": "int", "title": "text"}, [(1, "a|b\n<script>\x1b[2J\\")])
    told = exports.to_markdown(table, title="T").decode()
    assert told.splitlines() == [
        "# T",
        "",
        "| n | title |",
        "|---:|---|",
        "| 1 | a\\|b &lt;script>[2J\\\\ |",
    ]


def test_markdown_has_a_part_for_each_group() -> None:
    """With a group each of its values is a heading, in the order of the rows."""
    rows = [("b", "one"), ("a", "two"), ("b", "three"), ("", "four")]
    table = frame({"group": "text", "title": "text"}, rows)
    told = exports.to_markdown(table, title="T", columns=["title"], group="group")
    heads = [line for line in told.decode().splitlines() if line.startswith("##")]
    assert heads == ["## b", "## a", "## Other"]
    assert told.count(b"| title |") == 3


def test_markdown_says_that_there_is_nothing() -> None:
    """An empty table is told in words."""
    table = frame({"title": "text"}, [])
    assert b"Nothing yet." in exports.to_markdown(table, title="T", group="title")


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
        if name.endswith(".docx"):
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


# -- files -----------------------------------------------------------------------------


def test_manifest_has_hash_time_and_versions(tmp_path: Path) -> None:
    """Each file's entry can be checked; other files' entries stay, lost ones go."""
    exports.write_files(tmp_path, {"a.csv": b"1\n", "b.csv": b"2\n"}, schema="r1")
    (tmp_path / "b.csv").unlink()
    exports.write_files(tmp_path, {"c.csv": b"3\n"}, schema="r2")
    files = json.loads((tmp_path / "manifest.json").read_text())["files"]
    assert list(files) == ["a.csv", "c.csv"]
    entry = files["c.csv"]
    assert entry.pop("written_at").endswith("+00:00")
    assert entry == {
        "sha256": hashlib.sha256(b"3\n").hexdigest(),
        "bytes": 2,
        "litreview": litreview.__version__,
        "schema": "r2",
    }


@pytest.mark.parametrize("text", ["", "[]", '{"files": []}', "{broken", "\udcff"])
def test_a_broken_manifest_is_made_anew(tmp_path: Path, text: str) -> None:
    """What somebody did to the manifest stops no export."""
    path = tmp_path / "manifest.json"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    exports.write_files(tmp_path, {"a.csv": b"1\n"}, schema="r1")
    assert list(json.loads(path.read_text())["files"]) == ["a.csv"]


def test_an_export_never_writes_through_a_link(tmp_path: Path) -> None:
    """A link is refused, and what it points at is left alone."""
    target = tmp_path / "precious.txt"
    target.write_text("mine")
    link = tmp_path / "out.csv"
    link.symlink_to(target)
    with pytest.raises(LitreviewError, match="link"):
        exports.write_file(link, b"theirs")
    assert target.read_text() == "mine"
    assert link.is_symlink()


def test_an_export_refuses_what_is_no_file(tmp_path: Path) -> None:
    """A folder or a pipe is refused; nothing is left behind."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    for name in ("pipe", "folder"):
        with pytest.raises(LitreviewError, match=name):
            exports.write_file(tmp_path / name, b"x")
    blocked = tmp_path / "plain"
    blocked.write_text("a file")
    for path in (blocked / "below.csv", tmp_path / ("x" * 300)):
        with pytest.raises(LitreviewError, match="cannot be written"):
            exports.write_file(path, b"x")
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "folder",
        "pipe",
        "plain",
    ]


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
