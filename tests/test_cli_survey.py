"""`export survey` and `item trace --html` on the command line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from asked import item, passage
from click.testing import CliRunner
from making import REVIEW, Maker

from litreview import cli, db
from litreview.synthesis import Instrument, InstrumentVersion, ItemSource, ItemVersion

FILES = {
    "survey-staff-survey-xlsform.xlsx",
    "survey-staff-survey-redcap.csv",
    "survey-staff-survey-qualtrics.txt",
    "survey-staff-survey-limesurvey.txt",
    "survey-staff-survey.docx",
    "survey-staff-survey-codebook.csv",
}


@dataclass
class Desk:
    """A workspace with one questionnaire of two items."""

    root: Path
    capture: pytest.CaptureFixture[str]

    def run(self, *words: str) -> tuple[int, str, str]:
        """Run a command; return its exit status, stdout and stderr."""
        status = cli.run(["-w", str(self.root), "--as", "ann", *words])
        said = self.capture.readouterr()
        return status, said.out, said.err


@pytest.fixture
def desk(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Desk]:
    """Return the workspace."""
    for folder in ("screening", "db", "queries"):
        (tmp_path / folder).mkdir()
    (tmp_path / "screening" / "review.yaml").write_text(REVIEW, "utf-8")
    engine = db.engine_for(f"sqlite:///{tmp_path / 'db' / 'review.sqlite'}")
    db.create(engine)
    with db.transaction(engine) as session:
        make = Maker(session)
        people = make.review()
        made = {"codebook_id": make.codebook().id}
        record = make.record()
        make.include(record, *people)
        who = people[0].id
        code = passage(session, record, "fit.end", person_id=who, **made)
        staff = Instrument(name="Staff survey", note="", person_id=who)
        session.add(staff)
        session.flush()
        item(session, staff, "fit.end", "Our plan fits.", (code,), **made)
        words, more = "It does not fit.", {"reverse": True, "status": "kept"}
        item(session, staff, "fit.end", words, (code,), **made, **more)
    yield Desk(tmp_path, capsys)
    engine.dispose()


def test_without_options_every_format_is_written(desk: Desk) -> None:
    """Five formats and the codebook stand in exports/, with their manifest."""
    status, out, err = desk.run("export", "survey")
    assert (status, out) == (0, "")
    folder = desk.root / "exports"
    assert {path.name for path in folder.iterdir()} == FILES | {"manifest.json"}
    assert err.count("wrote ") == 6
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    assert set(manifest["files"]) == FILES


def test_export_all_has_the_questionnaire_too(desk: Desk) -> None:
    """An unfinished one is left out, and that is said."""
    assert desk.run("export", "all")[0] == 0
    assert {path.name for path in (desk.root / "exports").iterdir()} >= FILES
    _forbid(desk)
    status, _out, err = desk.run("export", "all")
    assert status == 0
    assert "the survey 'Staff survey' is left out" in err


def test_one_format_goes_to_stdout_or_to_a_file(desk: Desk) -> None:
    """--format prints; --to writes the format of its ending or of --format."""
    status, out, err = desk.run("export", "survey", "--format", "qualtrics")
    assert (status, err) == (0, "")
    assert out.startswith("[[AdvancedFormat]]\n")
    assert "[[ID:fit_end_2_r]]" in out
    words = ["-w", str(desk.root), "--as", "ann", "export", "survey", "--to", "-"]
    assert CliRunner().invoke(cli.root, words).stdout_bytes.startswith(b"PK\x03\x04")
    for name, more in (("a.xlsx", ()), ("b.csv", ("--format", "redcap"))):
        file = desk.root / name
        status, out, err = desk.run("export", "survey", "--to", str(file), *more)
        assert (status, out, err) == (0, "", f"wrote {file}\n")
        assert file.stat().st_size > 0
    assert (desk.root / "b.csv").read_bytes().startswith(b"Variable / Field Name,")


@pytest.mark.parametrize(
    ("to", "words"),
    [
        ("a.csv", "several formats end in .csv: redcap, codebook"),
        ("a.txt", "several formats end in .txt: qualtrics, limesurvey"),
        ("a.pdf", "not said which format"),
    ],
)
def test_an_ending_that_does_not_say_the_format(
    desk: Desk, to: str, words: str
) -> None:
    """It is a mistake of the call, told with the way out."""
    status, out, err = desk.run("export", "survey", "--to", to)
    assert (status, out) == (2, "")
    assert words in err
    assert "--format" in err


def test_only_items_of_a_status(desk: Desk) -> None:
    """--status kept leaves the drafts out."""
    _status, out, _err = desk.run(
        "export", "survey", "Staff survey", "--status", "kept", "--format", "codebook"
    )
    assert [line.split(",")[1] for line in out.splitlines()[1:]] == ["fit_end_2_r"]


def _forbid(desk: Desk) -> None:
    """Say that the first item's words are another's, with no permission."""
    engine = db.engine_for(f"sqlite:///{desk.root / 'db' / 'review.sqlite'}")
    with db.transaction(engine) as session:
        known = Instrument(name="TALIS 2024", note="", person_id=1)
        session.add(known)
        session.flush()
        found = InstrumentVersion(
            instrument_id=known.id, version=1, found=True, person_id=1
        )
        first = session.query(ItemVersion).order_by(ItemVersion.id).first()
        assert first is not None
        source = ItemSource(
            version_id=first.id, origin="verbatim", instrument_id=known.id
        )
        session.add_all([found, source])
    engine.dispose()


def test_anothers_words_are_not_handed_out(desk: Desk) -> None:
    """The exit status says "not allowed", the words which item and instrument."""
    _forbid(desk)
    status, out, err = desk.run("export", "survey", "--format", "redcap")
    assert (status, out) == (4, "")
    assert "TALIS 2024" in err
    assert "item 1" in err
    assert not (desk.root / "exports").exists()


def test_a_trace_as_a_page(desk: Desk) -> None:
    """--html writes the page to a file, or to stdout for -; the text stays."""
    file = desk.root / "item.html"
    status, out, err = desk.run("item", "trace", "1", "--html", str(file))
    assert (status, out, err) == (0, "", f"wrote {file}\n")
    page = file.read_text("utf-8")
    assert page.startswith("<!DOCTYPE html>")
    assert "Our plan fits." in page
    assert desk.run("item", "trace", "1", "--html", "-") == (0, page, "")
    assert desk.run("item", "trace", "1")[1].endswith("the trace is whole\n")


def test_no_page_of_a_broken_trace(desk: Desk) -> None:
    """An item that is not there makes no file."""
    file = desk.root / "item.html"
    status, _out, err = desk.run("item", "trace", "9", "--html", str(file))
    assert (status, file.exists()) == (1, False)
    assert "there is no item 9" in err
