"""`litreview screen` and `fulltext`: what they print, store, refuse and return."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from making import REVIEW, Maker
from sqlalchemy import Engine, select
from team import FT, TA

from litreview import cli, db
from litreview.models import (
    Decision,
    DecisionStream,
    FulltextEvent,
    Person,
    ProtocolVersion,
)
from litreview.vocabulary import Role

TITLE = "A \x1b[2J made title"


@dataclass
class Desk:
    """A workspace with a team of two screeners, an arbiter, a lead and a reader."""

    root: Path
    capture: pytest.CaptureFixture[str]

    def run(self, *words: str, by: str = "ann") -> tuple[int, str, str]:
        """Run a command; return its exit status, stdout and stderr."""
        self.capture.readouterr()
        status = cli.run(["-w", str(self.root), "--as", by, *words])
        said = self.capture.readouterr()
        return status, said.out, said.err

    def ok(self, *words: str, by: str = "ann") -> str:
        """Run a command of `screen` that must succeed; return what it says."""
        status, out, err = self.run("screen", *words, by=by)
        assert status == 0, (words, err)
        return out + err

    def json(self, *words: str, by: str = "ann") -> object:
        """Run a command with --json that prints one value and nothing else."""
        status, out, err = self.run(*words, "--json", by=by)
        assert (status, err) == (0, "")
        found: object = json.loads(out)
        return found

    def rows(self, *words: str, by: str = "ann") -> list[dict[str, object]]:
        """Run a command that prints a JSON array."""
        found = self.json(*words, by=by)
        assert isinstance(found, list)
        return found

    def table(self, *words: str, by: str = "ann") -> dict[str, object]:
        """Run a command that prints a JSON object."""
        found = self.json(*words, by=by)
        assert isinstance(found, dict)
        return found

    def both(self, record: int, one: str, other: str, stage: str = TA) -> None:
        """Let ann and bob vote; a verdict may carry its reason."""
        for who, said in (("ann", one), ("bob", other)):
            verdict, _, reason = said.partition(" ")
            why = ["--reason", reason] if reason else []
            words = ("decide", str(record), verdict, "--stage", str(stage))
            self.ok(*words, *why, by=who)

    def votes(self) -> list[tuple[str, int, str, str, str]]:
        """Return screener, record, stage, verdict and reason of all votes, in order."""
        with db.snapshot(self.engine()) as session:
            rows = session.execute(
                select(Person.handle, Decision)
                .join(Person, Person.id == Decision.screener_id)
                .order_by(Decision.id)
            )
            return [
                (who, row.record_id, row.stage, row.verdict, row.reason)
                for who, row in rows
            ]

    def engine(self) -> Engine:
        """Return an engine on the workspace's database."""
        return db.engine_for(f"sqlite:///{self.root / 'db' / 'review.sqlite'}")

    def file(self, *lines: str) -> str:
        """Write a votes file and return its path."""
        path = self.root / "votes.csv"
        path.write_text("".join(f"{line}\n" for line in lines), "utf-8")
        return str(path)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the workspace with four records, to be copied."""
    root = tmp_path_factory.mktemp("screened")
    for folder in ("screening", "db"):
        (root / folder).mkdir()
    (root / "screening" / "review.yaml").write_text(REVIEW, "utf-8")
    engine = db.engine_for(f"sqlite:///{root / 'db' / 'review.sqlite'}")
    db.create(engine)
    with db.transaction(engine) as session:
        make = Maker(session)
        make.review()
        make.person("rea", Role.READER)
        make.record(TITLE, source_id="W1")
        make.record(source_id="10.5555/two", source="crossref")
        make.record(source_id="W1", source="a library")
        make.record(source_id="W4")
    engine.dispose()
    return root


@pytest.fixture
def desk(model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Desk:
    """Return a workspace of one's own with four records."""
    shutil.copytree(model, tmp_path / "space")
    return Desk(tmp_path / "space", capsys)


# -- hand out ------------------------------------------------------------------------


def test_assign_tells_who_gets_how_many(desk: Desk) -> None:
    """Everybody of the round gets the same number; the second time nobody gets more."""
    words = ("screen", "assign", "--seed", "1")
    status, out, err = desk.run(*words, by="lead")
    assert (status, err) == (0, "")
    assert out == (
        "4 records handed out in the round 'main' (2 votes each)\n  ann: 4\n  bob: 4\n"
    )
    assert desk.table(*words, by="lead") == {
        "round": "main",
        "per_record": 2,
        "records": 0,
        "new": {"ann": 0, "bob": 0},
        "short": 0,
        "waits": [],
    }


def test_assign_is_for_leads(desk: Desk) -> None:
    """Others are not allowed; nothing is handed out."""
    status, out, err = desk.run("screen", "assign", "--seed", "1")
    assert (status, out) == (4, "")
    assert "ann may not hand out records" in err
    told: Any = desk.table("screen", "progress")["title_abstract"]
    assert told["own"] == {"assigned": 0, "done": 0, "left": 0}
    assert told["all"] == {
        "unscreened": 4,
        "in_progress": 0,
        "conflict": 0,
        "included": 0,
        "excluded": 0,
    }


@pytest.mark.parametrize(
    ("words", "status", "told"),
    [
        ((), 2, "Missing option '--seed'"),
        (("--seed", "x"), 2, "not a valid integer"),
        (("--seed", "1", "--per-record", "0"), 2, "0 is not in the range"),
        (("--seed", "1", "--per-record", "3"), 2, "3 asked for, 2 available"),
        (("--seed", "1", "--stage", "later"), 2, "'later' is not one of"),
        (("--seed", "1", "--round", "main", "--per-record", "1"), 2, "asks for 2"),
    ],
)
def test_assign_refuses(
    desk: Desk, words: tuple[str, ...], status: int, told: str
) -> None:
    """Each mistake has its status and its reason."""
    got, out, err = desk.run("screen", "assign", *words, by="lead")
    assert (got, out) == (status, "")
    assert told in err


def test_assign_with_leads_and_another_number(desk: Desk) -> None:
    """A new number opens a round of its own for what nobody has yet."""
    words = ("screen", "assign", "--seed", "1", "--per-record", "3", "--with-leads")
    found = desk.table(*words, by="lead")
    assert (found["round"], found["per_record"]) == ("main 2", 3)
    assert found["new"] == {"ann": 4, "bob": 4, "lead": 4}


# -- votes ---------------------------------------------------------------------------


def test_the_answer_to_a_vote_is_always_the_same(desk: Desk) -> None:
    """First or last, agreeing or not: it says what was recorded, and no more."""
    said = []
    for record, words in (
        ("1", ("include",)),
        ("2", ("include",)),
        ("3", ("include", "--note", "hard")),
    ):
        if record != "1":
            verdict = "exclude" if record == "2" else "include"
            desk.ok("decide", record, verdict, by="bob")
        said.append(desk.run("screen", "decide", record, *words))
    assert said == [
        (0, "", f"recorded: ann says include on record {n}\n") for n in (1, 2, 3)
    ]


def test_decide_stores_reason_streams_and_note(desk: Desk) -> None:
    """As they were given, with the screener as recorder too."""
    desk.both(1, "include", "maybe")
    desk.ok("decide", "1", "include", "--stage", "full_text", "--note", "good")
    words = ("--stream", "theorises_concept", "--stream", "validates_instrument")
    desk.ok("decide", "1", "include", "--stage", "full_text", *words, by="bob")
    desk.ok("decide", "2", "exclude", "--reason", "X-POP")
    assert desk.votes()[2:] == [
        ("ann", 1, "full_text", "include", ""),
        ("bob", 1, "full_text", "include", ""),
        ("ann", 2, "title_abstract", "exclude", "X-POP"),
    ]
    with db.snapshot(desk.engine()) as session:
        named = session.scalars(select(DecisionStream.stream)).all()
        assert sorted(named) == ["theorises_concept", "validates_instrument"]


@pytest.mark.parametrize(
    ("words", "by", "status", "told"),
    [
        (("9", "include"), "ann", 1, "there is no record 9"),
        (("x", "include"), "ann", 2, "not a valid integer"),
        (("1", "perhaps"), "ann", 2, "'perhaps' is not one of"),
        (("1", "include", "--reason", "X-POP"), "ann", 2, "only an exclusion"),
        (("1", "exclude", "--reason", "X-PO"), "ann", 2, "X-POP"),
        (("1", "exclude", "--reason", "X-OTHER"), "ann", 2, "no exclusion reason"),
        (("1", "include", "--stream", "s"), "ann", 2, "no stream 's'"),
        (("1", "include", "--stage", "full_text"), "ann", 1, "not at full text"),
        (("1", "include"), "rea", 4, "rea may not vote"),
        (("1", "include"), "zoe", 1, "nobody here is called 'zoe'"),
    ],
)
def test_decide_refuses(
    desk: Desk, words: tuple[str, ...], by: str, status: int, told: str
) -> None:
    """Each refusal has its status and its reason, and stores nothing."""
    got, out, err = desk.run("screen", "decide", *words, by=by)
    assert (got, out) == (status, "")
    assert told in err
    assert desk.votes() == []


def test_a_full_text_exclusion_needs_its_reason(desk: Desk) -> None:
    """And maybe is no verdict there."""
    desk.both(1, "include", "include")
    for words, told in (
        (("exclude",), "needs its primary reason"),
        (("maybe",), "no verdict at full_text"),
    ):
        place = ("--stage", "full_text")
        status, out, err = desk.run("screen", "decide", "1", *words, *place)
        assert (status, out) == (2, "")
        assert told in err


def test_withdraw_takes_ones_own_vote_back(desk: Desk) -> None:
    """It says so; what is not there cannot be taken back."""
    desk.ok("decide", "1", "include", by="bob")
    status, _out, err = desk.run("screen", "withdraw", "1")
    assert status == 1
    assert "ann has no vote on record 1" in err
    desk.ok("decide", "1", "include")
    status, out, err = desk.run("screen", "withdraw", "1")
    assert (status, out) == (0, "")
    assert err == "withdrawn: the vote of ann on record 1\n"
    assert desk.votes()[-1] == ("ann", 1, "title_abstract", "withdrawn", "")


# -- conflicts -----------------------------------------------------------------------


def test_conflicts_are_an_array(desk: Desk) -> None:
    """Of records with their votes, notes and reasons; empty where there are none."""
    assert desk.rows("screen", "conflicts") == []
    assert desk.run("screen", "conflicts") == (0, "", "no conflicts\n")
    desk.both(1, "include", "exclude X-POP")
    desk.both(2, "include", "include")
    desk.both(2, "exclude X-POP", "exclude X-TYPE", FT)
    votes = [
        {"screener": "ann", "verdict": "include", "reason": "", "note": ""},
        {"screener": "bob", "verdict": "exclude", "reason": "X-POP", "note": ""},
    ]
    found = desk.rows("screen", "conflicts", by="rea")
    assert found[0] == {
        "record_id": 1,
        "stage": "title_abstract",
        "title": TITLE,
        "votes": votes,
    }
    assert [(row["record_id"], row["stage"]) for row in found] == [
        (1, "title_abstract"),
        (2, "full_text"),
    ]
    assert desk.rows("screen", "conflicts", "--stage", "full_text") == found[1:]
    out = desk.ok("conflicts")
    assert "ann include; bob exclude X-POP" in out
    assert "ann exclude X-POP; bob exclude X-TYPE" in out
    assert "\x1b" not in out


def test_one_vote_is_no_conflict(desk: Desk) -> None:
    """Nor is maybe against include, nor another reason at title and abstract."""
    desk.ok("decide", "1", "exclude")
    desk.both(2, "maybe", "include")
    desk.both(3, "exclude X-POP", "exclude X-TYPE")
    assert desk.rows("screen", "conflicts") == []


def test_an_arbiter_settles(desk: Desk) -> None:
    """Someone who has not voted; a second resolution has to name the first."""
    desk.both(1, "include", "exclude")
    status, out, err = desk.run("screen", "resolve", "1", "include", by="cleo")
    assert (status, out) == (0, "")
    assert err == "settled by arbitration: include record 1 (resolution 1)\n"
    assert desk.rows("screen", "conflicts") == []
    status, _out, err = desk.run("screen", "resolve", "1", "exclude", by="lead")
    assert status == 1
    assert "settled already" in err
    assert "--corrects 1" in err
    words = ("resolve", "1", "exclude", "--corrects", "1", "--note", "seen again")
    assert "(resolution 2)" in desk.ok(*words, by="cleo")
    progress = desk.table("screen", "progress", "--stage", "title_abstract")
    assert list(progress) == ["title_abstract"]
    assert progress["title_abstract"]["all"]["excluded"] == 1  # type: ignore[index]


def test_voters_settle_by_consensus(desk: Desk) -> None:
    """All who voted, named; one of them or a lead records it."""
    desk.both(1, "include", "exclude")
    words = ("resolve", "1", "include", "--with", "ann", "--with", "bob")
    assert desk.ok(*words) == (
        "settled by consensus: include record 1 (resolution 1)\n"
    )


@pytest.mark.parametrize(
    ("words", "by", "status", "told"),
    [
        (("1", "include"), "ann", 4, "ann voted on record 1 and cannot arbitrate"),
        (("1", "include", "--with", "cleo"), "ann", 4, "all who voted"),
        (("1", "include", "--with", "ann", "--with", "bob"), "cleo", 4, "did not vote"),
        (("1", "include"), "rea", 4, "rea may not settle"),
        (("1", "maybe"), "cleo", 2, "'maybe' is not one of"),
        (("1", "exclude", "--reason", "X"), "cleo", 2, "no exclusion reason"),
        (("2", "include"), "cleo", 1, "no conflict to settle"),
        (("1", "include", "--corrects", "7"), "cleo", 1, "resolution 7 does not"),
        (("9", "include"), "cleo", 1, "there is no record 9"),
    ],
)
def test_resolve_refuses(
    desk: Desk, words: tuple[str, ...], by: str, status: int, told: str
) -> None:
    """Each refusal has its status and its reason, and the conflict stays."""
    desk.both(1, "include", "exclude")
    desk.ok("decide", "2", "include")
    got, out, err = desk.run("screen", "resolve", *words, by=by)
    assert (got, out) == (status, "")
    assert told in err
    assert len(desk.rows("screen", "conflicts")) == 1


def test_votes_of_the_departed_are_set_aside(desk: Desk) -> None:
    """By a lead, once the person has left, with a reason."""
    desk.both(1, "include", "exclude")
    words = ("set-aside", "bob", "1", "--why", "has left")
    status, _out, err = desk.run("screen", *words)
    assert (status, "takes a lead" in err) == (4, True)
    status, _out, err = desk.run("screen", *words, by="lead")
    assert (status, "still in the team" in err) == (4, True)
    with db.transaction(desk.engine()) as session:
        session.scalars(
            select(Person).where(Person.handle == "bob")
        ).one().active = False
    assert desk.ok(*words, by="lead") == "set aside: 1 vote(s) of bob on record 1\n"
    assert desk.rows("screen", "conflicts") == []
    status, _out, err = desk.run("screen", *words, by="lead")
    assert (status, "has no vote" in err) == (1, True)


# -- agreement and progress ----------------------------------------------------------


def test_agreement_has_value_interval_and_n(desk: Desk) -> None:
    """Per stage and pair, on three categories and on two."""
    assert desk.rows("screen", "agreement") == []
    assert desk.run("screen", "agreement") == (0, "", "no record has two votes yet\n")
    desk.both(1, "include", "exclude")
    desk.both(2, "include", "maybe")
    desk.both(3, "exclude", "exclude")
    desk.ok("decide", "4", "include")
    found = desk.rows("screen", "agreement")
    assert [
        (row["stage"], row["screeners"], row["n"], len(row["categories"]))  # type: ignore[arg-type]
        for row in found
    ] == [
        ("title_abstract", ["ann", "bob"], 3, 3),
        ("title_abstract", ["ann", "bob"], 3, 2),
    ]
    for row in found:
        statistics = row["statistics"]
        assert isinstance(statistics, dict)
        assert any("kappa" in name for name in statistics)
        for figure in statistics.values():
            assert set(figure) == {"value", "interval", "n", "note"}
            assert len(figure["interval"]) == 2
            assert figure["n"] == 3
    shares = [
        next(v["value"] for k, v in row["statistics"].items() if "percent" in k)  # type: ignore[attr-defined]
        for row in found
    ]
    assert shares == pytest.approx([1 / 3, 2 / 3])
    assert desk.rows("screen", "agreement", "--stage", "full_text") == []
    out = desk.ok("agreement")
    assert "ann / bob" in out


def test_agreement_is_told_by_month_and_drawn(desk: Desk) -> None:
    """A line for each month, the table of counts, and a picture of the pairs."""
    file = desk.file(
        "record_id,screener,stage,verdict,at",
        "1,ann,title_abstract,include,2026-01-05T10:00:00+00:00",
        "1,bob,title_abstract,include,2026-01-06T10:00:00+00:00",
        "2,ann,title_abstract,exclude,2026-03-05T10:00:00+00:00",
        "2,bob,title_abstract,include,2026-01-06T10:00:00+00:00",
    )
    desk.ok("import", file, by="lead")
    found = desk.rows("screen", "agreement", "--by", "month")
    assert [(row["month"], len(row["categories"]), row["n"]) for row in found] == [  # type: ignore[arg-type]
        ("2026-01", 3, 1),
        ("2026-03", 3, 1),
        ("2026-01", 2, 1),
        ("2026-03", 2, 1),
    ]
    assert found[3]["table"] == [[0, 0], [1, 0]]
    whole = desk.rows("screen", "agreement")
    assert all("month" not in row for row in whole)
    plot = desk.root / "agreement.svg"
    out = desk.ok("agreement", "--by", "month", "--plot", str(plot))
    assert "2026-03" in out
    drawn = plot.read_text("utf-8")
    assert "ann / bob" in drawn
    assert "Gwet&#x27;s AC1 at title abstract" in drawn
    assert "2026-01 undefined (1 record)" in drawn
    status, _out, err = desk.run("screen", "agreement", "--plot", str(desk.root))
    assert (status, "is a directory" in err) == (2, True)
    assert desk.run("screen", "agreement", "--by", "week")[0] == 2


def test_progress_is_ones_own_and_everybodys(desk: Desk) -> None:
    """Handed out, done, left; and how many reports stand where."""
    desk.ok("assign", "--seed", "1", by="lead")
    desk.both(1, "include", "exclude")
    desk.ok("decide", "2", "include")
    found = desk.table("screen", "progress")
    assert list(found) == ["title_abstract", "full_text"]
    told: Any = found["title_abstract"]
    assert told["own"] == {"assigned": 4, "done": 2, "left": 2}
    assert told["all"] == {
        "unscreened": 2,
        "in_progress": 1,
        "conflict": 1,
        "included": 0,
        "excluded": 0,
    }
    assert told["pace"]["votes"] == 1
    assert "course" not in str(found["full_text"])
    out = desk.ok("progress", "--stage", "title_abstract").splitlines()
    assert out[0] == "title_abstract: ann has done 2 of 4"
    assert re.fullmatch(r"  pace: \d+\.\d s a record; 2 left, about \d min", out[1])
    assert out[2] == (
        "  everybody: unscreened 2, in_progress 1, conflict 1, included 0, excluded 0"
    )


def test_progress_estimates_recall_by_what_is_complete(desk: Desk) -> None:
    """The whole is told by finished records, one's own by one's own votes."""
    desk.ok("assign", "--seed", "1", by="lead")
    desk.both(1, "include", "exclude")
    desk.ok("decide", "2", "include")
    desk.ok("decide", "3", "exclude")
    told: Any = desk.table("screen", "progress")["title_abstract"]
    told = told["course"]
    whole, own = told["whole"], told["own"]
    # A conflict may yet be included, so it counts as relevant.
    assert (whole["total"], whole["screened"], whole["relevant"]) == (4, 1, 1)
    assert (own["total"], own["screened"], own["relevant"]) == (4, 3, 2)
    assert own["irrelevant_in_a_row"] == 1
    assert own["recall"] == pytest.approx(2 / (2 + 2 / 3))
    assert own["recall_at_least"] == pytest.approx(2 / 3)
    assert own["atd"] == 1.5
    assert own["atd_random"] == 2.5
    assert (own["rule"], own["holds"]) == ("", False)
    assert set(told["assumptions"]) == {"recall_estimate", "recall_at_least"}
    out = desk.ok("progress")
    assert "  yours: 2 relevant among 3 of 4; the last 1 are not" in out
    assert "  whole: recall estimate 25.0%, at least 25.0% (95 % confidence)" in out


def test_a_stop_is_the_leads_and_the_protocols(desk: Desk) -> None:
    """Refused without a rule; with one that holds it takes out what nobody began."""
    desk.ok("assign", "--seed", "1", by="lead")
    status, _out, err = desk.run("screen", "stop", by="lead")
    assert (status, "the protocol has no stopping rule" in err) == (1, True)
    engine = desk.engine()
    with db.transaction(engine) as session:
        old = session.scalars(select(ProtocolVersion)).first()
        assert old is not None
        rule = "stopping: {rule: share, share: 0.5, why: To try it.}"
        session.add(
            ProtocolVersion(
                sha256="2" * 64,
                review_text=f"{REVIEW}{rule}\n",
                criteria_text=old.criteria_text,
            )
        )
    engine.dispose()
    desk.both(1, "exclude", "exclude")
    assert "0.5 of the records screened): does not hold" in desk.ok("progress")
    assert desk.run("screen", "stop", by="lead")[0] == 1
    desk.both(2, "include", "include")
    assert "0.5 of the records screened): holds" in desk.ok("progress")
    assert desk.run("screen", "stop")[0] == 4
    status, _out, err = desk.run("screen", "stop", "--stage", "full_text", by="lead")
    assert (status, "cannot stop early" in err) == (2, True)
    desk.ok("decide", "3", "include")
    out = desk.ok("stop", by="lead")
    assert out == (
        "1 records left unscreened by the stopping rule: 0.5 of the records screened\n"
        "1 reports have votes already and wait for the others\n"
    )
    told: Any = desk.table("screen", "progress")["title_abstract"]
    assert told["all"]["unscreened"] == 0
    assert told["course"]["whole"]["total"] == 4
    status, out, _err = desk.run("export", "prisma", "--format", "md", "--to", "-")
    assert "of these: stopping rule: 0.5 of the records screened | record | 1" in out
    status, out, _err = desk.run("export", "prisma", "--format", "svg", "--to", "-")
    assert "of these by automation tools" in out
    assert desk.run("check", by="lead")[0] == 0


# -- votes from a file ---------------------------------------------------------------


def test_a_votes_file_is_brought_in_once(desk: Desk) -> None:
    """By record_id; unknown screeners join, and the same file again adds nothing."""
    file = desk.file(
        "record_id,screener,stage,verdict,reason",
        "1,ann,title_abstract,include,",
        "1,eve,title_abstract,Exclude,X-POP",
    )
    status, out, err = desk.run("screen", "import", file, by="lead")
    assert (status, err) == (0, "")
    assert out == "eve joins as screener\n2 votes stored, 0 were there already\n"
    assert desk.votes() == [
        ("ann", 1, "title_abstract", "include", ""),
        ("eve", 1, "title_abstract", "exclude", "X-POP"),
    ]
    assert desk.table("screen", "import", file, by="lead") == {
        "stored": 0,
        "already_there": 2,
        "new_people": [],
        "waiting": [],
    }
    digest = hashlib.sha256(Path(file).read_bytes()).hexdigest()
    with db.snapshot(desk.engine()) as session:
        kept = session.scalars(select(Decision)).all()
        assert [row.uid for row in kept] == [f"{digest}:2", f"{digest}:3"]
        assert {row.origin for row in kept} == {"file"}
        assert len({row.recorder_id for row in kept}) == 1


def test_records_are_named_by_source_id(desk: Desk) -> None:
    """With their source where the id alone names two."""
    file = desk.file(
        "source_id,source,screener,stage,verdict",
        "10.5555/two,,ann,title_abstract,include",
        "W1,a library,ann,title_abstract,exclude",
    )
    desk.ok("import", file, by="lead")
    assert [vote[1] for vote in desk.votes()] == [2, 3]
    file = desk.file("source_id,screener,stage,verdict", "W1,bob,title_abstract,maybe")
    status, _out, err = desk.run("screen", "import", file, by="lead")
    assert status == 1
    assert "line 2: 'W1' names more than one record" in err
    assert "add a column source" in err


def test_full_text_follows_titles_whatever_the_order(desk: Desk) -> None:
    """Streams, several by ;, notes and times are taken over; full text comes last."""
    file = desk.file(
        "record_id,screener,stage,verdict,streams,at,note",
        "1,ann,full_text,include,theorises_concept;validates_instrument,,sound",
        "1,ann,title_abstract,include,,2026-03-01T09:30:00+01:00,",
        "1,bob,title_abstract,maybe,,2026-03-02,",
    )
    desk.ok("import", file, by="lead")
    assert [vote[2:4] for vote in desk.votes()] == [
        ("title_abstract", "include"),
        ("title_abstract", "maybe"),
        ("full_text", "include"),
    ]
    with db.snapshot(desk.engine()) as session:
        kept = session.scalars(select(Decision).order_by(Decision.id)).all()
        assert [row.at.isoformat() for row in kept[:2]] == [
            "2026-03-01T08:30:00+00:00",
            "2026-03-02T00:00:00+00:00",
        ]
        assert kept[2].note == "sound"
        assert len(session.scalars(select(DecisionStream)).all()) == 2


def test_full_text_votes_wait_for_titles(desk: Desk) -> None:
    """The rest is stored, the status is 3, and the same file is complete later."""
    file = desk.file(
        "record_id,screener,stage,verdict,reason",
        "1,ann,title_abstract,include,",
        "1,bob,title_abstract,exclude,",
        "1,ann,full_text,exclude,X-POP",
    )
    status, out, err = desk.run("screen", "import", file, by="lead")
    assert status == 3
    assert out == "2 votes stored, 0 were there already\n"
    assert "line 4: record 1 is not at full text" in err
    desk.ok("resolve", "1", "include", by="cleo")
    found = desk.table("screen", "import", file, by="lead")
    assert (found["stored"], found["already_there"], found["waiting"]) == (1, 2, [])


@pytest.mark.parametrize(
    ("lines", "status", "told"),
    [
        (["record_id,screener,verdict", "1,ann,include"], 1, "'stage' is missing"),
        (["screener,stage,verdict", "ann,x,include"], 1, "neither record_id nor"),
        (["record_id,screener,stage,verdict", "x,a,title_abstract,include"], 1, "'x'"),
        (["record_id,screener,stage,verdict", ",a,title_abstract,include"], 1, "2"),
        (["record_id,screener,stage,verdict", "1,,title_abstract,include"], 1, "no"),
        (["record_id,screener,stage,verdict", "1,a,title,include"], 1, "title_abs"),
        (["record_id,screener,stage,verdict", "1,a,full_text,keep"], 1, "use one"),
        (["record_id,screener,stage,verdict", "9,a,title_abstract,maybe"], 1, "9"),
        (
            [
                "record_id,screener,stage,verdict,at",
                "1,a,title_abstract,maybe,yesterday",
            ],
            1,
            "'yesterday' is no date",
        ),
        (
            [
                "record_id,screener,stage,verdict,reason",
                "1,a,title_abstract,exclude,X-PO",
            ],
            1,
            "line 2: 'X-PO' is no exclusion reason",
        ),
        (
            ["record_id,screener,stage,verdict", '1,a,"title_abstract,include'],
            1,
            "not a CSV file",
        ),
        (
            [
                "record_id,screener,stage,verdict,reasn",
                "1,a,title_abstract,exclude,X-POP",
            ],
            1,
            "Did you mean 'reason'?",
        ),
        ([""], 1, "is missing"),
    ],
)
def test_a_bad_votes_file_stores_nothing(
    desk: Desk, lines: list[str], status: int, told: str
) -> None:
    """The first mistake is told with its line, and no vote of the file is kept."""
    got, out, err = desk.run("screen", "import", desk.file(*lines), by="lead")
    assert (got, out) == (status, "")
    assert told in err
    assert desk.votes() == []


def test_a_mistake_in_the_last_line_undoes_the_first(desk: Desk) -> None:
    """One file is one transaction; nobody joins either."""
    file = desk.file(
        "record_id,screener,stage,verdict",
        "1,eve,title_abstract,include",
        "99,eve,title_abstract,include",
    )
    status, _out, err = desk.run("screen", "import", file, by="lead")
    assert status == 1
    assert "line 3: there is no record 99" in err
    assert desk.votes() == []
    assert desk.run("whoami", by="eve")[0] == 1


def test_only_a_lead_brings_votes_in(desk: Desk) -> None:
    """A screener cannot vote for others."""
    file = desk.file("record_id,screener,stage,verdict", "1,bob,full_text,include")
    status, out, err = desk.run("screen", "import", file)
    assert (status, out) == (4, "")
    assert "ann may not bring in others' votes" in err


def test_a_votes_file_that_is_not_there(desk: Desk) -> None:
    """It is an expected error, told in words."""
    status, out, err = desk.run("screen", "import", "none.csv", by="lead")
    assert status in (1, 2)
    assert out == ""
    assert "none.csv" in err


# -- full texts ----------------------------------------------------------------------


@pytest.fixture
def texts(desk: Desk) -> Desk:
    """Return the desk with the records 1 and 2 at full text."""
    for record in (1, 2):
        desk.both(record, "include", "include")
    return desk


def test_fulltext_lists_what_is_wanted(texts: Desk) -> None:
    """Reports at full text with the newest word on them; --status narrows."""
    assert [
        (row["record_id"], row["status"]) for row in texts.rows("fulltext", "list")
    ] == [(1, "not_yet_sought"), (2, "not_yet_sought")]
    assert texts.run("fulltext", "set", "1", "sought") == (
        0,
        "",
        "recorded: sought for 1 report\n",
    )
    words = ("fulltext", "set", "1", "2", "retrieved", "--where", "papers/1.pdf")
    assert texts.run(*words)[0] == 0
    found = texts.rows("fulltext", "list", "--status", "retrieved")
    assert [set(row) for row in found] == [
        {"record_id", "title", "year", "doi", "url", "status"}
    ] * 2
    assert texts.rows("fulltext", "list", "--status", "sought") == []
    with db.snapshot(texts.engine()) as session:
        events = session.scalars(select(FulltextEvent)).all()
        assert [row.location for row in events] == ["", "papers/1.pdf", "papers/1.pdf"]
    out = texts.run("fulltext", "list")[1]
    assert "retrieved" in out
    assert "\x1b" not in out


def test_a_text_that_is_not_there_is_told(texts: Desk) -> None:
    """It is recorded; an address, a remark and a file that is there are not told."""
    words = ("fulltext", "set", "1", "retrieved", "--where")
    status, out, err = texts.run(*words, "papers/none.pdf")
    assert (status, out) == (0, "")
    assert "there is no file papers/none.pdf in the workspace yet" in err
    for place in ("https://example.org/1.pdf", "on paper", "screening/review.yaml"):
        assert texts.run(*words, place)[2] == "recorded: retrieved for 1 report\n"


def test_an_empty_list_of_texts_says_so(desk: Desk) -> None:
    """And is an empty array in JSON."""
    assert desk.rows("fulltext", "list") == []
    assert desk.run("fulltext", "list") == (0, "", "no report is at full text\n")


@pytest.mark.parametrize(
    ("words", "by", "status", "told"),
    [
        (("3", "retrieved"), "ann", 1, "record 3 is not at full text"),
        (("9", "retrieved"), "ann", 1, "there is no record 9"),
        (("1", "3", "retrieved"), "ann", 1, "record 3 is not at full text"),
        (("1", "lost"), "ann", 2, "'lost' is not one of"),
        (("1", "not_yet_sought"), "ann", 2, "is not one of"),
        (("retrieved",), "ann", 2, "Missing argument"),
        (("1", "retrieved"), "rea", 4, "rea may not do this"),
    ],
)
def test_fulltext_set_refuses(
    texts: Desk, words: tuple[str, ...], by: str, status: int, told: str
) -> None:
    """Each refusal has its status and its reason; of several records none is set."""
    got, out, err = texts.run("fulltext", "set", *words, by=by)
    assert (got, out) == (status, "")
    assert told in err
    with db.snapshot(texts.engine()) as session:
        assert session.scalars(select(FulltextEvent)).all() == []


def test_what_was_judged_cannot_be_lost(texts: Desk) -> None:
    """And what could not be had cannot be judged."""
    texts.ok("decide", "1", "include", "--stage", "full_text")
    status, _out, err = texts.run("fulltext", "set", "1", "not-retrieved")
    assert status == 1
    assert "has been judged already" in err
    assert texts.run("fulltext", "set", "2", "not-retrieved")[0] == 0
    words = ("screen", "decide", "2", "include", "--stage", "full_text")
    status, _out, err = texts.run(*words)
    assert status == 1
    assert "was not retrieved" in err
