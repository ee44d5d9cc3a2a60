"""`screen assign`, `release`, `board`, `outdated` and `reopen`, from the files on."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from making import Maker

from litreview import cli, db
from litreview.protocol import STARTER_CRITERIA

PEOPLE = """\
title: A team
people:
  - {handle: lea, role: lead}
  - {handle: ann, role: screener}
  - {handle: bob, role: screener%s}
  - {handle: dan, role: screener, share: 0.5}
  - {handle: rea, role: reader}
stages:
  title_abstract: {per_record: 2, single_screened: 0.2}
  full_text: {per_record: 2}
"""


@dataclass
class Office:
    """A workspace of ten records with a lead, three screeners and a reader."""

    root: Path
    capture: pytest.CaptureFixture[str]

    def run(self, *words: str, by: str = "lea") -> tuple[int, str, str]:
        """Run a command; return its exit status, stdout and stderr."""
        self.capture.readouterr()
        status = cli.run(["-w", str(self.root), "--as", by, *words])
        said = self.capture.readouterr()
        return status, said.out, said.err

    def ok(self, *words: str, by: str = "lea") -> str:
        """Run a command that must succeed; return its stdout and stderr."""
        status, out, err = self.run(*words, by=by)
        assert status == 0, (words, err)
        return out + err

    def json(self, *words: str, by: str = "lea") -> Any:
        """Run a command with --json that prints one value and nothing else."""
        status, out, err = self.run(*words, "--json", by=by)
        assert (status, err) == (0, "")
        return json.loads(out)

    def write(self, people: str = "", criteria: str = STARTER_CRITERIA) -> None:
        """Write the protocol; `people` goes behind bob's role."""
        folder = self.root / "screening"
        (folder / "review.yaml").write_text(PEOPLE % people, "utf-8")
        (folder / "criteria.yaml").write_text(criteria, "utf-8")

    def queue(self, who: str) -> int:
        """Return how many records somebody has left."""
        told = self.json("screen", "progress", "--stage", "title_abstract", by=who)
        return int(told["title_abstract"]["own"]["left"])


@pytest.fixture
def office(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Office:
    """Return the workspace, synced."""
    made = Office(tmp_path / "office", capsys)
    for folder in ("screening/codebooks", "db", "queries", "exports"):
        (made.root / folder).mkdir(parents=True)
    made.write()
    engine = db.engine_for(f"sqlite:///{made.root / 'db' / 'review.sqlite'}")
    db.create(engine)
    made.ok("sync")
    with db.transaction(engine) as session:
        Maker(session).records(10)
    engine.dispose()
    return made


def test_records_go_by_share_and_a_pause_is_told(office: Office) -> None:
    """From review.yaml over sync to who gets what, what waits and the way out."""
    told = office.json("screen", "assign", "--seed", "1")
    assert told["new"] == {"ann": 8, "bob": 8, "dan": 4}
    assert (told["short"], told["waits"]) == (0, [])
    office.write(", paused: true")
    dry = office.ok("sync", "--dry-run")
    assert "would: bob is paused: nothing new comes" in dry
    assert "bob is paused: nothing new" in office.ok("sync")
    said = office.ok("status")
    assert "8 records at title_abstract wait for bob, who is paused" in said
    assert office.json("status")["waits"]
    assert "8 records at title_abstract wait" in office.ok(
        "screen", "assign", "--seed", "2"
    )
    assert "8 records taken back from bob" in office.ok("screen", "release", "bob")
    assert office.queue("bob") == 0
    assert office.json("screen", "assign", "--seed", "3")["records"] == 8
    assert office.queue("ann") == office.queue("dan") == 10


def test_who_is_at_work_is_not_freed(office: Office) -> None:
    """The refusal names what to do first."""
    status, _, err = office.run("screen", "release", "bob")
    assert status == 1
    assert "paused: true" in err


def test_one_person_screens_a_part_and_prisma_says_so(office: Office) -> None:
    """One in five, as the protocol allows; no more, and no other way around it."""
    single = ("screen", "assign", "--per-record", "1", "--share")
    status, _, err = office.run(*single, "0.3", "--seed", "1")
    assert (status, "allows up to 0.2" in err) == (2, True)
    status, _, err = office.run("screen", "assign", "--per-record", "1", "--seed", "1")
    assert (status, "--share" in err) == (2, True)
    assert office.json(*single, "0.2", "--seed", "1")["records"] == 2
    assert office.json("screen", "assign", "--seed", "1")["records"] == 8
    for who in ("ann", "bob", "dan"):
        for number in range(1, 11):
            if office.queue(who):
                log = office.json("log", str(number), by=who)
                if any(e["kind"] == "assignment" and e["person"] == who for e in log):
                    office.ok("screen", "decide", str(number), "exclude", by=who)
    told = json.loads(office.ok("export", "prisma", "--format", "json", "--to", "-"))
    assert (told["ta_single_screened"], told["records_screened"]) == (2, 10)
    assert "2 of 10 records were screened by one person" in office.ok(
        "export", "prisma", "--format", "md", "--to", "-"
    )
    rows = office.ok(
        *("export", "prisma", "--box", "ta_single_screened", "--format", "csv"),
        *("--to", "-"),
    )
    assert rows.count("\nta_single_screened,") == 2


@pytest.mark.parametrize(
    "words",
    [
        ("--share", "0.1"),
        ("--share", "0.1", "--per-record", "2"),
        ("--share", "0.1", "--per-record", "1", "--overlap", "2"),
        ("--share", "0.1", "--per-record", "1", "--round", "main"),
        ("--overlap", "2", "--per-record", "2"),
        ("--overlap", "2", "--round", "main"),
        ("--per-record", "1", "--share", "0.2", "--stage", "full_text"),
    ],
)
def test_draws_that_contradict_themselves_are_refused(
    office: Office, words: tuple[str, ...]
) -> None:
    """As a mistake of the call."""
    status, _, err = office.run("screen", "assign", "--seed", "1", *words)
    assert status == 2
    assert "fix:" in err


def test_everybody_has_an_overlap(office: Office) -> None:
    """Three votes each, in a round of its own."""
    told = office.json("screen", "assign", "--overlap", "4", "--seed", "1")
    assert told["round"] == "overlap"
    assert told["new"] == {"ann": 4, "bob": 4, "dan": 4}
    assert told["per_record"] == 3


def test_the_board_is_the_leads(office: Office) -> None:
    """As a table and as JSON; a screener is told whose it is."""
    assert "nobody has anything in hand" in office.ok("screen", "board")
    office.ok("screen", "assign", "--seed", "1")
    office.ok("screen", "decide", "1", "include", by="ann")
    told = office.json("screen", "board")
    assert {line["handle"] for line in told["people"]} == {"ann", "bob", "dan"}
    [ann] = [line for line in told["people"] if line["handle"] == "ann"]
    assert ann["done"] == 1
    assert told["stages"]["title_abstract"]["in_progress"] == 1
    out = office.ok("screen", "board")
    assert "last vote" in out
    assert "conflicts for an arbiter 0" in out
    for who in ("ann", "rea"):
        status, _, err = office.run("screen", "board", by=who)
        assert (status, "this takes a lead" in err) == (4, True)


def test_changed_criteria_are_told_listed_and_reopened(office: Office) -> None:
    """From the file over sync to the same two people, said in words and in JSON."""
    office.ok("screen", "assign", "--seed", "1")
    assert "no vote rests on" in office.ok("screen", "outdated")
    for who in ("ann", "bob"):
        office.ok("screen", "decide", "1", "exclude", "--reason", "X-POP", by=who)
    office.write(criteria=STARTER_CRITERIA.replace("Wrong population", "No teachers"))
    told = office.ok("sync", "--dry-run")
    assert "would: reason X-POP changed: 'Wrong population' becomes" in told
    assert "would: title_abstract: 2 votes on 1 record were cast under" in told
    office.ok("sync")
    said = office.ok("screen", "outdated", by="ann")
    assert "version 1, " in said
    assert "record 1, 2 votes under version 1" in said
    found = office.json("screen", "outdated", by="rea")
    assert [row["record_id"] for row in found["records"]] == [1]
    assert found["versions"][0]["changes"][0]["id"] == "X-POP"
    reopen = ("screen", "reopen", "--reason", "X-POP", "--why", "read anew")
    status, _, err = office.run(*reopen, by="ann")
    assert (status, "ann may not" in err) == (4, True)
    said = office.ok(*reopen)
    assert "1 record reopened at title_abstract: 2 votes set aside" in said
    assert "cannot be taken back but by voting again" in said
    log = office.json("log", "1", by="dan")
    assert [e["why"] for e in log if e["kind"] == "reopening"] == ["read anew"]
    assert "read anew" in office.ok("log", "1", by="dan")
    status, _, err = office.run(*reopen)
    assert (status, "nothing is to be reopened" in err) == (1, True)
    counts = office.json("status")["stages"]["title_abstract"]
    assert counts["unscreened"] == 10


def test_what_is_to_be_reopened_has_to_be_said(office: Office) -> None:
    """One way and a reason, never everything by leaving words out."""
    assert office.run("screen", "reopen", "--why", "so")[0] == 2
    assert office.run("screen", "reopen", "1", "--since", "1", "--why", "so")[0] == 2
    assert office.run("screen", "reopen", "1")[0] == 2
