"""Which works a reference list names, what it says of each, and its command."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from desk import Desk
from making import Maker
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from litreview import cli, exports, rendering, works
from litreview.bibliography import Reference
from litreview.citation import Author
from litreview.errors import UsageError
from litreview.models import Record, RecordAuthor


def ids(listed: list[Reference]) -> list[int]:
    """Return the record ids of references."""
    return [one.record_id for one in listed]


@pytest.fixture
def four(session: Session, make: Maker) -> list[Record]:
    """Return records: included, let in on its abstract, excluded, and untouched."""
    ann, bob = make.review()
    made = make.records(4)
    make.include(made[0], ann, bob)
    desk = Desk(session)
    desk.votes(made[1], ann="include", bob="include")
    desk.votes(made[2], ann="exclude", bob="exclude")
    session.flush()
    return made


def test_sets_follow_the_state_of_the_review(
    session: Session, four: list[Record]
) -> None:
    """Included, sought, all: each set has the reports that stand there."""
    a, b, c, d = (record.id for record in four)
    assert ids(works.references(session, "included")) == [a]
    assert ids(works.references(session, "sought")) == [a, b]
    assert ids(works.references(session, "all")) == [a, b, c, d]
    assert ids(works.references(session, "records")) == [a, b, c, d]


def test_removed_and_merged_records_are_in_no_set_but_records(
    session: Session, four: list[Record]
) -> None:
    """A report stands once, and one whose records all left does not stand."""
    desk = Desk(session)
    desk.pair(four[0], four[1])
    desk.remove(four[3])
    a, b, c, d = (record.id for record in four)
    assert ids(works.references(session, "all")) == [a, c]
    assert ids(works.references(session, "records")) == [a, b, c, d]


def test_a_report_is_filled_from_its_other_records(
    session: Session, make: Maker
) -> None:
    """What a record leaves out, another of its report says, the oldest first."""
    make.review()
    first = make.record("Trust", year=2020, volume="1")
    second = make.record("TRUST", year=2020, published="2020-05", doi="10.5555/b")
    third = make.record("trust", volume="3", doi="10.5555/c", retracted=True)
    session.add(RecordAuthor(record_id=third.id, position=1, family="Coe", given="R."))
    session.add(RecordAuthor(record_id=third.id, position=2, literal="OECD", orcid=""))
    desk = Desk(session)
    desk.pair(first, second)
    desk.pair(second, third)
    ((number, told),) = [
        (one.record_id, one.citation) for one in works.references(session, "all")
    ]
    assert (number, told.source_id) == (first.id, first.source_id)
    assert (told.title, told.volume, told.doi) == ("Trust", "1", "10.5555/b")
    assert (told.year, told.published) == (2020, "2020-05")
    assert told.authors == (Author("Coe", "R."), Author("", literal="OECD"))
    assert told.retracted


def test_a_date_of_another_year_is_not_listed(session: Session, make: Maker) -> None:
    """A list has room for one year only: the date follows it, or is as short."""
    make.review()
    first = make.record("Trust", year=2020, volume="1")
    second = make.record("TRUST", year=2021, published="2021-05", doi="10.5555/b")
    Desk(session).pair(first, second)
    (told,) = [one.citation for one in works.references(session, "all")]
    assert (told.year, told.published) == (2020, "2020")


def test_an_id_of_a_file_is_no_identity(session: Session, make: Maker) -> None:
    """A record of a file is told without a source, one of a service with it."""
    make.record("A", source="openalex", source_id="W1")
    make.record("B", source="scopus-list", scope="0f" * 32, source_id="r1")
    told = [one.citation for one in works.references(session, "records")]
    assert [(one.source, one.source_id) for one in told] == [
        ("openalex", "W1"),
        ("", "r1"),
    ]


def test_an_unknown_set_is_refused(session: Session) -> None:
    """The sets that there are are named."""
    with pytest.raises(UsageError, match="there is no set 'maybe'") as caught:
        works.references(session, "maybe")
    assert "included, sought, all, records" in str(caught.value)


def test_the_command_offers_the_sets_that_there_are() -> None:
    """`export bibliography --set` and `works.SETS` name the same."""
    command = cli.root.get_command(None, "export").get_command(None, "bibliography")  # type: ignore[arg-type,union-attr]
    (option,) = [param for param in command.params if param.name == "wanted"]
    assert tuple(option.type.choices) == works.SETS


# -- the command ---------------------------------------------------------------------


@pytest.fixture
def space(tmp_path: Path, database_url: str, engine: Engine) -> list[str]:
    """Return the words that name a workspace with a review of one included report."""
    with Session(engine) as session, session.begin():
        make = Maker(session)
        ann, bob = make.review()
        make.include(make.record("An included report", year=2020), ann, bob)
        make.record("Another report")
    (tmp_path / "screening").mkdir()
    (tmp_path / "screening" / "review.yaml").touch()
    return ["-w", str(tmp_path), "--database", database_url, "--as", "ann"]


def test_without_options_all_formats_go_to_exports(
    space: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Three files with the endings of their programs, and the manifest."""
    assert cli.run([*space, "export", "bibliography"]) == 0
    folder = tmp_path / "exports"
    names = sorted(path.name for path in folder.iterdir())
    assert names == [
        "bibliography.bib", "bibliography.json", "bibliography.ris", "manifest.json",
    ]  # fmt: skip
    assert capsys.readouterr().out == ""
    text = (folder / "bibliography.ris").read_text(encoding="utf-8")
    assert "An included report" in text
    assert "Another" not in text


def test_a_set_and_a_format_go_where_they_are_sent(
    space: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """--format alone is stdout, an ending names its format, a set its file."""
    words = [*space, "export", "bibliography", "--set", "records"]
    assert cli.run([*words, "--format", "csl-json"]) == 0
    assert len(json.loads(capsys.readouterr().out)) == 2
    assert cli.run([*words, "--to", str(tmp_path / "x.bib")]) == 0
    assert (tmp_path / "x.bib").read_text(encoding="utf-8").count("@misc{") == 2
    assert cli.run(words) == 0
    assert (tmp_path / "exports" / "bibliography-records.ris").is_file()
    assert cli.run([*words, "--to", str(tmp_path / "x.txt")]) == 2
    assert "end it in .ris, .bib, .json" in capsys.readouterr().err


def test_all_exports_hold_the_bibliography(session: Session, make: Maker) -> None:
    """`export all` writes what the command writes."""
    ann, bob = make.review()
    make.include(make.record("An included report"), ann, bob)
    files = exports.render_all(session, asker=rendering.Asker("ann"))
    for kind, content in exports.render_bibliography(session).items():
        assert files[exports.file_name("bibliography", kind)] == content
        assert b"An included report" in content.replace(b"{", b"").replace(b"}", b"")
