"""Coding on the command line: texts, versions, two coders, and question by question."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import papers
import pytest
from making import BOOK, REVIEW, Maker

from litreview import cli, db, starters
from litreview.cli import code_start, setup
from litreview.models import FulltextEvent
from litreview.vocabulary import Role

LINES = ["Teachers trust each other,", "and it lasts."], ["Leaders keep their word."]
TRUST = "Teachers trust each other, and it lasts."
ROOT = Path(__file__).resolve().parent.parent


@dataclass
class Desk:
    """A workspace whose records 1 and 2 are included; the first has a PDF."""

    root: Path
    capture: pytest.CaptureFixture[str]

    def run(self, *words: str, by: str = "ann") -> tuple[int, str, str]:
        """Run a command of `code`; return its exit status, stdout and stderr."""
        status = cli.run(["-w", str(self.root), "--as", by, "code", *words])
        said = self.capture.readouterr()
        return status, said.out, said.err

    def do(self, *words: str, by: str = "ann") -> str:
        """Run a command of `code` that must succeed; return what it says."""
        status, out, err = self.run(*words, by=by)
        assert status == 0, err
        return out + err

    def json(self, *words: str, by: str = "ann") -> object:
        """Run a command of `code` with --json; return what it prints."""
        status, out, err = self.run(*words, "--json", by=by)
        assert (status, err) == (0, "")
        return json.loads(out)

    def add(
        self, quote: str, at: str = "p. 1", construct: str = "people.trust", **more: str
    ) -> str:
        """Code a passage of record 1; return what is said."""
        words = ["add", more.get("record", "1"), construct, "--quote", quote]
        return self.do(*words, "--at", at, by=more.get("by", "ann"))


@pytest.fixture
def desk(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Desk]:
    """Return the workspace, with two coders, a lead, an arbiter and a reader."""
    for folder in ("screening", "db", "papers"):
        (tmp_path / folder).mkdir()
    (tmp_path / "screening" / "review.yaml").write_text(REVIEW, "utf-8")
    (tmp_path / "papers" / "1.pdf").write_bytes(papers.pdf(*LINES))
    engine = db.engine_for(f"sqlite:///{tmp_path / 'db' / 'review.sqlite'}")
    db.create(engine)
    with db.transaction(engine) as session:
        make = Maker(session)
        people = make.review()
        make.person("rea", Role.READER)
        make.codebook()
        for number in (1, 2):
            record = make.record(f"Report {number}")
            make.include(record, *people)
        session.add(
            FulltextEvent(
                record_id=1,
                status="retrieved",
                location="papers/1.pdf",
                person_id=people[0].id,
            )
        )
    yield Desk(tmp_path, capsys)
    engine.dispose()


def revise(desk: Desk, old: str, new: str) -> None:
    """Put another version of the codebook in force."""
    engine = db.engine_for(f"sqlite:///{desk.root / 'db' / 'review.sqlite'}")
    with db.transaction(engine) as session:
        Maker(session).codebook(BOOK.replace(old, new).replace('"1"', '"2"'))
    engine.dispose()


# -- quotations ------------------------------------------------------------------------


def test_a_quote_is_looked_for_at_once(desk: Desk) -> None:
    """Found: its page is told. Elsewhere: both pages. Not found: what is nearest."""
    assert "the quotation stands on page 1 of papers/1.pdf" in desk.add(TRUST)
    said = desk.add("Leaders keep their word.", "p. 412")
    assert "said to stand at p. 412, and the file has it on page 2" in said
    said = desk.add("Leaders keep there words.", "p. 2")
    assert "warning: the quotation was not found" in said
    assert "nearest on page 2" in said
    assert "Leaders keep their word." in said
    rows = desk.json("list")
    assert isinstance(rows, list)
    assert [row["verified"] for row in rows] == ["yes", "yes", "no"]
    assert [row["page"] for row in rows] == ["1", "2", "2"]


def test_without_a_text_the_quote_is_stored_all_the_same(desk: Desk) -> None:
    """Silent but for -v; a broken or missing file is told and stops nothing."""
    words = ["add", "2", "fit.end", "--at", "p. 1", "--quote"]
    assert desk.run(*words, "One.")[2] == ""
    status = cli.run(
        ["-v", "-w", str(desk.root), "--as", "ann", "code", *words, "Two."]
    )
    assert (status, "no text of record 2" in desk.capture.readouterr().err) == (0, True)
    (desk.root / "papers" / "1.pdf").write_bytes(b"not a pdf")
    assert "it is no PDF that can be read" in desk.add("Three.")
    (desk.root / "papers" / "1.pdf").unlink()
    assert "No such file" in desk.add("Four.")
    rows = desk.json("list")
    assert isinstance(rows, list)
    assert [row["verified"] for row in rows] == ["no text", "no text", *["not yet"] * 2]


def test_add_tells_what_was_found_as_json(desk: Desk) -> None:
    """Whether it stands there, and on which page of the file."""
    status, out, _err = desk.run(
        *("add", "1", "fit.end", "--quote", TRUST, "--at", "p. 1", "--json")
    )
    assert status == 0
    assert json.loads(out)["verified"] is True
    assert json.loads(out)["page"] == "1"


def test_verify_looks_for_all_whose_text_is_at_hand(desk: Desk) -> None:
    """Warnings and a summary, exit status 0; the same file is not read twice."""
    pdf = (desk.root / "papers" / "1.pdf").read_bytes()
    (desk.root / "papers" / "1.pdf").unlink()
    desk.add(TRUST)
    desk.add("Nobody said this at all.")
    desk.add("Leaders keep their word.", "p. 7")
    desk.add("Elsewhere.", record="2")
    assert "2 whose text cannot be read" in desk.do("verify", "1", "2")
    (desk.root / "papers" / "1.pdf").write_bytes(pdf)
    said = desk.do("verify")
    assert "4 passages: 2 found, 1 not found, 1 without a text at hand" in said
    assert "warning: code 2 (record 1, p. 1) was not found" in said
    assert "warning: code 3 (record 1, p. 7) stands on page 2 of papers/1.pdf" in said
    told = desk.json("verify")
    assert isinstance(told, dict)
    assert (told["found"], told["not_found"], told["stored"]) == (2, 1, 0)
    assert [row["verified"] for row in told["codes"]] == ["yes", "no", "yes", "no text"]
    again = desk.json("verify", "3", "--again")
    assert isinstance(again, dict)
    assert again["codes"][0]["elsewhere"] is True
    assert "1 passage: 0 found" in desk.do("verify", "--record", "2")


def test_verify_refuses(desk: Desk) -> None:
    """An unknown code, a retracted one, another coder's, a reader."""
    desk.add(TRUST)
    assert desk.run("verify", "9")[0] == 1
    assert desk.run("verify", "1", by="bob")[0] == 4
    assert desk.run("verify", by="rea")[0] == 4
    desk.do("retract", "1", "--why", "wrong")
    assert desk.run("verify", "1")[0] == 1


# -- what is noted ---------------------------------------------------------------------


def test_attributes_and_organisation(desk: Desk) -> None:
    """Stored, listed and looked for by name and value; others are refused in words."""
    revise(desk, "pole_of: trust}", "pole_of: trust, attributes: {form: [a, b]}}")
    words = ["add", "1", "people.trust", "--quote", TRUST, "--at", "p. 1"]
    who = ["--speaker", "head", "--organisation", "A trust"]
    desk.do(*words, *who, "--attribute", "form=a")
    status, _out, err = desk.run(*words, "--attribute", "form=c")
    assert status == 1
    assert "use one of a, b" in err
    assert desk.run(*words, "--attribute", "form")[0] == 2
    for option, value, number in (
        ("--attribute", "form=a", 1),
        ("--attribute", "form=b", 0),
        ("--organisation", "trust", 1),
        ("--speaker", "pupil", 0),
        ("--evidence-type", "illustrates", 1),
        ("--evidence-type", "tests", 0),
    ):
        rows = desk.json("list", option, value)
        assert isinstance(rows, list)
        assert len(rows) == number, (option, value)


# -- versions --------------------------------------------------------------------------


def test_outdated_codes_are_carried_over_or_reopened(desk: Desk) -> None:
    """Listed with what changed; carried over they leave the list, reopened they go."""
    desk.add(TRUST)
    desk.add("Leaders keep their word.", "p. 2")
    assert "no passage is outdated" in desk.do("outdated")
    revise(desk, "They trust.", "They trust each other.")
    said = desk.do("outdated")
    assert "definition: They trust. -> They trust each other." in said
    assert "under book 1, now 2" in said
    rows = desk.json("outdated")
    assert isinstance(rows, list)
    assert [(row["code_id"], row["carries"]) for row in rows] == [(1, True), (2, True)]
    assert "code 1 is carried over to book 2" in desk.do("carry", "1", "--why", "same")
    desk.do("finish", "1")
    said = desk.do("reopen", "2", "--why", "about leaders")
    assert "code 2 is reopened" in said
    assert "record 1 waits for its coder again" in said
    assert desk.json("outdated") == []
    assert desk.run("carry", "1", "--why", "again")[0] == 1
    assert desk.run("carry", "1")[0] == 2


def test_a_construct_that_is_gone_is_told(desk: Desk) -> None:
    """Removed, or with facets now: neither can be carried over."""
    desk.add(TRUST)
    revise(desk, "id: people.trust", "id: people.confidence")
    assert "the construct was removed" in desk.do("outdated")
    assert desk.run("carry", "1", "--why", "w")[0] == 1


# -- two coders ------------------------------------------------------------------------


def test_two_coders_from_blind_to_settled(desk: Desk) -> None:
    """Blind until both have finished; then the figures, the conflict, the ruling."""
    desk.add(TRUST)
    assert "nothing is coded here yet" in desk.do("list", by="bob")
    assert "when a second coder" in desk.do("finish", "1")
    assert desk.json("conflicts", by="cleo") == []
    assert "what the others coded" in desk.do("finish", "1", by="bob")
    assert "They trust" not in desk.do("list", by="bob")
    rows = desk.json("list", by="bob")
    assert isinstance(rows, list)
    assert [row["coder"] for row in rows] == ["ann"]
    figures = desk.json("agreement")
    assert isinstance(figures, list)
    assert [(row["construct"], row["unit"]) for row in figures] == [
        ("people.trust", "study"),
        ("", "study"),
    ]
    assert figures[0]["percent"]["value"] == 0.0
    assert "people.trust" in desk.do("agreement", "--construct", "people")
    assert "people.trust" in desk.do("conflicts", by="cleo")
    words = ["settle", "1", "people.trust", "present", "--why", "p. 1 says so"]
    assert desk.run(*words)[0] == 4
    assert desk.run(*words, "--with", "ann")[0] == 4
    assert "is present in record 1" in desk.do(*words, "--with", "ann", "bob")
    assert desk.json("conflicts", by="cleo") == []
    rows = desk.json("conflicts", "--settled", by="cleo")
    assert isinstance(rows, list)
    assert rows[0]["settled"] == "present"
    desk.do("reopen-report", "1", by="bob")
    assert desk.json("list", by="bob") == []
    desk.do("finish", "1", by="bob")
    assert "people.trust" in desk.do("conflicts", by="cleo")
    row = desk.run(*words, "--json", by="cleo")
    assert json.loads(row[1])["present"] is True


def test_a_lead_opens_reports(desk: Desk) -> None:
    """With a reason; others may not."""
    desk.add(TRUST)
    assert desk.run("open", "1", "--why", "w")[0] == 4
    desk.do("open", "1", "--why", "one is enough", by="lead")
    rows = desk.json("list", by="bob")
    assert isinstance(rows, list)
    assert len(rows) == 1
    assert desk.run("finish", "9")[0] == 1
    assert "no study" in desk.do("agreement")


@pytest.mark.parametrize(
    ("words", "has"),
    [((), "lead.explains"), (("--codebook", "cmo"), "mech.reasoning")],
)
def test_init_begins_with_a_chosen_codebook(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    words: tuple[str, ...],
    has: str,
) -> None:
    """It is in the workspace's folder and in force; other names are refused."""
    assert cli.run(["--as", "ann", "init", str(tmp_path / "r"), *words]) == 0
    text = (tmp_path / "r/screening/codebooks/codebook.yaml").read_text("utf-8")
    assert f"id: {has}" in text
    assert cli.run(["init", str(tmp_path / "s"), "--codebook", "mine"]) == 2
    assert "'mine' is not one of 'first', 'cmo', 'generic'" in capsys.readouterr().err
    assert not (tmp_path / "s").exists()


def test_the_names_of_starters_are_all_told() -> None:
    """The option's words are those that there are."""
    assert tuple(starters.CODEBOOKS) == setup.CODEBOOKS


# -- question by question --------------------------------------------------------------


def sit(desk: Desk, monkeypatch: pytest.MonkeyPatch, *lines: str) -> str:
    """Answer `code start` with these lines; return what was said."""
    answers = "".join(f"{line}\n" for line in lines)
    monkeypatch.setattr("sys.stdin", io.StringIO(answers))
    return desk.do("start")


def test_start_goes_from_a_passage_to_a_finished_report(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pasted in two lines, found, coded by number with defaults, and once again."""
    said = sit(
        desk,
        monkeypatch,
        *("p", "Teachers trust each other,", "and it lasts.", ""),
        *("", "trust", "1", "", "2", "3", "a head", "A school"),
        *("a", "end state", "", "", "", ""),
        *("l", "f", "y", "q"),
    )
    assert "the quotation stands on page 1 of papers/1.pdf" in said
    assert "page or section [p. 1]" in said
    assert "code 1: people.trust (Trust), p. 1" in said
    assert "code 2: fit.end (End state), p. 1" in said
    assert "finished: record 1" in said
    assert "2 passages coded, 1 report finished, 1 left" in said
    rows = desk.json("list")
    assert isinstance(rows, list)
    assert rows[0]["quote"] == "Teachers trust each other,\nand it lasts."
    assert (rows[0]["polarity"], rows[0]["evidence_type"]) == ("absent", "tests")
    assert (rows[0]["speaker"], rows[0]["organisation"]) == ("a head", "A school")
    assert (rows[1]["role"], rows[1]["verified"]) == ("outcome", "yes")
    assert "record 1 ·" not in sit(desk, monkeypatch, "q")


def test_start_takes_things_back(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Undo, going back at each question, unknown keys, and the end of input."""
    said = sit(
        desk,
        monkeypatch,
        *("u", "a", "x", "p", ""),
        *("p", "Not in the text.", "", ""),
        *("p", "Not in the text.", "", "k", "", "p", TRUST, "", "p. 1", "zzz", ""),
        *("p", TRUST, "", "", "need", "9", "1", "", "", "", "u"),
        *("f", "", "s"),
    )
    assert "nothing to undo" in said
    assert "no passage yet" in said
    assert "a passage needs a place" in said
    assert "no construct is called so" in said
    assert "'9' is none of them" in said
    assert "taken back: code 1" in said
    assert "record 2 ·" in said
    assert desk.json("list") == []


def test_start_asks_for_what_a_construct_lets_note(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Attributes by number; a bare parent is never offered."""
    revise(desk, "They trust.", "They trust., attributes: {form: [a, b]}")
    answers = ("p", TRUST, "", "", "people.trust", "", "", "", "", "2", "q")
    said = sit(desk, monkeypatch, *answers)
    assert "form: 1 a  2 b [none]" in said
    rows = desk.json("list")
    assert isinstance(rows, list)
    assert rows[0]["attributes"] == {"form": "b"}


def test_start_tells_where_nothing_waits(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Everything is finished, or the one report asked for is."""
    desk.do("finish", "1")
    monkeypatch.setattr("sys.stdin", io.StringIO(""))
    assert "no report waits" in desk.do("start", "--record", "1")
    desk.do("finish", "2")
    assert "no report waits" in desk.do("start")
    assert desk.run("start", by="rea")[0] == 4
    assert desk.run("start", "--record", "9")[0] == 1


def test_start_shows_nobody_elses_passages(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not in the list, not in the counts, not when finishing."""
    desk.add(TRUST, by="bob")
    said = sit(desk, monkeypatch, "l", "f", "y", "q")
    assert "nothing yet" in said
    assert "0 passages; what you have not coded" in said


def test_start_works_on_a_terminal(desk: Desk) -> None:
    """On a real terminal, typed line by line as over SSH."""
    pty = pytest.importorskip("pty", reason="there are no terminals of this kind here")
    typing, terminal = pty.openpty()
    words = ["-w", str(desk.root), "--as", "ann", "code", "start", "--record", "1"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TERM": "dumb"}
    process = subprocess.Popen(
        [sys.executable, "-m", "litreview", *words],
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        env=environment,
    )
    os.close(terminal)
    heard = ""
    answers = [
        ("> ", "p"),
        ("ends it:", f"{TRUST}\n"),
        ("[p. 1]: ", ""),
        ("goes back): ", "people.trust"),
        ("role: ", ""),
        ("polarity: ", ""),
        ("evidence: ", ""),
        ("speaker's role", ""),
        ("> ", "q"),
    ]
    for prompt, answer in answers:
        end = time.monotonic() + 30
        while prompt not in heard and time.monotonic() < end:
            heard += os.read(typing, 4_096).decode()
        assert prompt in heard
        heard = heard.split(prompt, 1)[1]
        os.write(typing, f"{answer}\n".encode())
    assert process.wait(30) == 0
    os.close(typing)
    rows = desk.json("list")
    assert isinstance(rows, list)
    assert [row["quote"] for row in rows] == [TRUST]


class Typed(io.StringIO):
    """A terminal that has cut what was typed."""

    def isatty(self) -> bool:
        """Say that it is one."""
        return True


def test_a_line_that_the_terminal_cut_is_told(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A terminal that reads lines loses the rest of a long one."""
    cut = "x" * (code_start.CUT - 1)
    monkeypatch.setattr("sys.stdin", Typed(f"p\n{cut}\n\n\nq\n"))
    assert "the terminal cut this line at 4,095 bytes" in desk.do("start")
    monkeypatch.setattr("sys.stdin", Typed("p\nShort.\n\n\nq\n"))
    assert "the terminal cut" not in desk.do("start")
