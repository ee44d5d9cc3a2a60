"""Coding, configurations and items on the command line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from making import REVIEW, Maker
from sqlalchemy import text

from litreview import cli, db
from litreview.cli.several import spread
from litreview.vocabulary import Role

QUOTE = "It fits,\nand it lasts."


@dataclass
class Desk:
    """A workspace whose record 1 is included and whose record 2 is not."""

    root: Path
    capture: pytest.CaptureFixture[str]

    def run(self, *words: str, by: str = "ann") -> tuple[int, str, str]:
        """Run a command; return its exit status, stdout and stderr."""
        status = cli.run(["-w", str(self.root), "--as", by, *words])
        said = self.capture.readouterr()
        return status, said.out, said.err

    def json(self, *words: str) -> list[dict[str, object]]:
        """Run a command that lists, with --json, and return its rows."""
        status, out, err = self.run(*words, "--json")
        assert (status, err) == (0, "")
        found = json.loads(out)
        assert isinstance(found, list)
        return found

    def code(self, construct: str = "fit.end", quote: str = QUOTE) -> None:
        """Code a passage of the included record."""
        status, _out, err = self.run(
            "code", "add", "1", construct, "--quote", quote, "--at", "p. 4"
        )
        assert status == 0, err


@pytest.fixture
def desk(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Iterator[Desk]:
    """Return the workspace, with two screeners and a reader."""
    for folder in ("screening", "db"):
        (tmp_path / folder).mkdir()
    (tmp_path / "screening" / "review.yaml").write_text(REVIEW, "utf-8")
    engine = db.engine_for(f"sqlite:///{tmp_path / 'db' / 'review.sqlite'}")
    db.create(engine)
    with db.transaction(engine) as session:
        make = Maker(session)
        people = make.review()
        make.person("rea", Role.READER)
        make.codebook()
        make.include(make.record(), *people)
        make.record()
    yield Desk(tmp_path, capsys)
    engine.dispose()


def test_code_add_and_list(desk: Desk) -> None:
    """A coded passage is listed word for word, with the construct's own role."""
    status, out, _err = desk.run(
        "code", "add", "1", "fit.end", "--quote", QUOTE, "--at", "p. 4"
    )
    assert (status, out) == (
        0,
        "code 1: fit.end (End state) as outcome in record 1, p. 4\n",
    )
    [row] = desk.json("code", "list", "--record", "1")
    assert (row["quote"], row["role"], row["coder"]) == (QUOTE, "outcome", "ann")
    assert desk.json("code", "list", "--construct", "people") == []
    status, out, _err = desk.run("code", "list")
    assert status == 0
    assert "fit.end" in out


def test_code_add_takes_every_property(desk: Desk) -> None:
    """Role, polarity, evidence type and speaker are stored as given."""
    words = ["--role", "context", "--polarity", "absent", "--evidence-type", "tests"]
    words += ["--speaker", "a head", "--json"]
    status, out, _err = desk.run(
        "code", "add", "1", "fit.end", "--quote", "No.", "--at", "p. 1", *words
    )
    assert (status, json.loads(out)["code_id"]) == (0, 1)
    [row] = desk.json("code", "list")
    assert (row["role"], row["polarity"]) == ("context", "absent")
    assert (row["evidence_type"], row["speaker"]) == ("tests", "a head")


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (["1", "fit"], 1, "fit.plan_early"),
        (["1", "fit.plan"], 1, "fit.plan_early"),
        (["1", "fit.endx"], 1, "Did you mean"),
        (["2", "fit.end"], 4, "not included after full text"),
        (["9", "fit.end"], 1, "there is no record 9"),
        (["x", "fit.end"], 2, "not a valid integer"),
        (["1", "fit.end", "--role", "cause"], 2, "'cause' is not one of"),
        (["1", "fit.end", "--quote", " "], 1, "the quote is empty"),
        (["1", "fit.end", "--at", ""], 1, "the locator is empty"),
    ],
)
def test_code_add_refuses(desk: Desk, words: list[str], status: int, said: str) -> None:
    """Each refusal has its exit status, its reason, and stores nothing."""
    given_ = [*words]
    for option in ("--quote", "--at"):
        given_ += [] if option in words else [option, "p. 1"]
    got, out, err = desk.run("code", "add", *given_)
    assert (got, out) == (status, "")
    assert said in err
    assert desk.json("code", "list") == []


def test_a_reader_is_refused(desk: Desk) -> None:
    """Exit status 4: this person may not do this."""
    status, _out, err = desk.run(
        "code", "add", "1", "fit.end", "--quote", "a", "--at", "b", by="rea"
    )
    assert status == 4
    assert "rea is a reader" in err


def test_a_quote_may_come_from_stdin(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A long passage with line ends is piped in."""
    import io  # noqa: PLC0415

    monkeypatch.setattr("sys.stdin", io.StringIO("One.\n\nTwo.\n"))
    desk.code(quote="-")
    assert desk.json("code", "list")[0]["quote"] == "One.\n\nTwo."


def test_retracting_says_what_breaks(desk: Desk) -> None:
    """The item and the configuration that rest on the code are named."""
    desk.code()
    desk.run("item", "add", "survey", "fit.end", "Does it fit?", "--evidence", "1")
    desk.run("cmo", "add", "--outcome", "fit.end", "--evidence", "1")
    status, out, err = desk.run("code", "retract", "1", "--why", "misread")
    assert (status, out) == (0, "code 1 is retracted\n")
    assert "item 1 rests on it" in err
    assert "configuration 1 rests on it" in err
    assert desk.json("code", "list") == []
    assert len(desk.json("code", "list", "--retracted")) == 1
    status, out, err = desk.run("item", "trace", "1", "--json")
    assert (status, out) == (5, "")
    assert "code 1 was retracted" in err
    assert desk.run("code", "retract", "1", "--why", "again")[0] == 1
    assert desk.run("code", "retract", "1")[0] == 2


def test_cmo_from_candidate_to_consolidated(desk: Desk) -> None:
    """Built in parts, revised, moved on step by step, each step a version."""
    desk.code()
    desk.code("people.trust")
    words = ["--title", "T", "--mechanism", "people.trust", "fit.plan_early"]
    status, out, err = desk.run("cmo", "add", *words)
    assert (status, out) == (0, "configuration 1, version 1: candidate\n")
    assert "it has no context and no outcome yet" in err
    status, _out, err = desk.run("cmo", "set-status", "1", "consolidated")
    assert status == 4
    assert "set-status 1 refined" in err
    desk.run("cmo", "revise", "1", "--outcome", "fit.end", "--why", "w")
    desk.run("cmo", "set-status", "1", "refined")
    status, _out, err = desk.run("cmo", "set-status", "1", "consolidated")
    assert (status, "no passage supports it" in err) == (4, True)
    desk.run("cmo", "revise", "1", "--evidence", "1", "2")
    assert desk.run("cmo", "set-status", "1", "consolidated")[0] == 0
    [row] = desk.json("cmo", "list")
    assert (row["version"], row["status"], row["studies"]) == (5, "consolidated", 1)
    assert row["mechanism"] == ["people.trust", "fit.plan_early"]
    assert row["supports"] == [1, 2]
    _status, out, _err = desk.run("cmo", "show", "1", "--json")
    shown = json.loads(out)
    assert [version["version"] for version in shown["versions"]] == [1, 2, 3, 4, 5]
    assert shown["passages"][0]["quote"] == QUOTE
    status, out, _err = desk.run("cmo", "show", "1")
    assert (status, "consolidated" in out) == (0, True)
    assert desk.run("cmo", "list")[0] == 0


def test_cmo_refuses(desk: Desk) -> None:
    """No part, an unknown status or number: the exit statuses of the design."""
    assert desk.run("cmo", "add", "--title", "T")[0] == 1
    assert desk.run("cmo", "show", "4")[0] == 1
    assert desk.run("cmo", "set-status", "1", "fine")[0] == 2
    assert desk.json("cmo", "list") == []


def test_cmo_revise_empties_and_drops(desk: Desk) -> None:
    """An empty name empties a place; --drop takes a passage out."""
    desk.code()
    words = ["--context", "people.need", "--outcome", "fit.end", "--evidence", "1"]
    desk.run("cmo", "add", *words)
    status, _out, err = desk.run("cmo", "revise", "1", "--context", "", "--drop", "1")
    assert status == 0, err
    [row] = desk.json("cmo", "list")
    assert (row["context"], row["outcome"], row["supports"]) == ([], ["fit.end"], [])


def test_items_from_first_draft_to_retired(desk: Desk) -> None:
    """An item is added, revised, listed, traced and retired."""
    desk.code()
    desk.code("people.trust")
    words = ["--evidence", "1", "2", "--referent", "my school", "--scale", "agree5"]
    status, out, err = desk.run("item", "add", "survey", "fit.end", "Fit?", *words)
    assert (status, out) == (0, "item 1, version 1 (draft): Fit?\n")
    assert "made the instrument 'survey'" in err
    assert "code 2 is about people.trust, related to it" in err
    status, out, _err = desk.run(
        "item", "revise", "1", "Does it fit?", "--why", "w", "--reverse", "--json"
    )
    assert (status, json.loads(out)["version"]) == (0, 2)
    [row] = desk.json("item", "list", "--instrument", "survey")
    assert (row["item_id"], row["instrument"], row["construct"]) == (
        1,
        "survey",
        "fit.end",
    )
    assert (row["text"], row["version"], row["status"]) == ("Does it fit?", 2, "draft")
    assert (row["evidence"], row["reverse"], row["scale"]) == ([1, 2], True, "agree5")
    assert desk.run("item", "retire", "1", "--why", "twice")[0] == 0
    assert desk.json("item", "list")[0]["status"] == "retired"
    assert desk.run("item", "revise", "1", "New?", "--why", "w")[0] == 4
    assert desk.run("item", "list")[0] == 0


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (["add", "s", "fit.end", "Q?"], 2, "--evidence"),
        (["add", "s", "fit.end", "Q?", "--evidence", "7"], 1, "there is no code 7"),
        (["add", "s", "fit.plan", "Q?", "--evidence", "1"], 1, "cannot be applied"),
        (["list", "--instrument", "s"], 1, "there is no instrument 's'"),
        (["trace", "3"], 1, "there is no item 3"),
        (["retire", "3", "--why", "w"], 1, "there is no item 3"),
    ],
)
def test_item_refuses(desk: Desk, words: list[str], status: int, said: str) -> None:
    """Each refusal has its exit status and its reason."""
    desk.code()
    got, out, err = desk.run("item", *words)
    assert (got, out) == (status, "")
    assert said in err
    assert desk.json("item", "list") == []


def test_a_whole_trace_is_shown(desk: Desk) -> None:
    """On paper and as JSON: from the wording down to the query as sent."""
    desk.code()
    desk.run("item", "add", "survey", "fit.end", "Does it fit?", "--evidence", "1")
    status, out, _err = desk.run("item", "trace", "1")
    assert status == 0
    for words in ("Does it fit?", "It fits,", "p. 4", "search: trust", "title: s"):
        assert words in out
    assert out.endswith("the trace is whole\n")
    status, out, _err = desk.run("item", "trace", "1", "--json")
    tree = json.loads(out)
    assert (status, tree["whole"]) == (0, True)
    assert tree["evidence"][0]["hits"][0]["request"]["params"] == {"search": "trust"}


def test_a_broken_trace_has_exit_status_5(desk: Desk) -> None:
    """The message names the missing link."""
    desk.code()
    desk.run("item", "add", "survey", "fit.end", "Does it fit?", "--evidence", "1")
    engine = db.engine_for(f"sqlite:///{desk.root / 'db' / 'review.sqlite'}")
    with db.transaction(engine) as session:
        session.execute(text("DROP TRIGGER append_only_raw_record_delete"))
        session.execute(text("DELETE FROM raw_record"))
    engine.dispose()
    status, out, err = desk.run("item", "trace", "1")
    assert (status, out) == (5, "")
    assert "item 1 cannot be traced: a raw payload of record 1 is missing" in err


WORDS = st.text("abc.", min_size=1, max_size=3)


@given(st.lists(WORDS, max_size=3), st.lists(st.integers(0, 99), min_size=1), WORDS)
def test_values_in_a_row_are_spread(
    before: list[str], ids: list[int], after: str
) -> None:
    """Numbers after an option of numbers are its values; other words are left alone."""
    numbers = [str(number) for number in ids]
    spreads = list(
        spread([*before, "--evidence", *numbers, after], {"--evidence": True})
    )
    pairs = [word for number in numbers for word in ("--evidence", number)]
    assert spreads == [*before, *pairs, after]


def test_words_and_numbers_do_not_mix() -> None:
    """An option of words leaves a following id alone; -- ends all options."""
    options = {"--context": False, "--evidence": True}
    assert list(spread(["--context", "a", "b", "7"], options)) == [
        "--context", "a", "--context", "b", "7",
    ]  # fmt: skip
    args = ["--context", "a", "--title", "b", "c", "--evidence", "1", "--", "2"]
    assert list(spread(args, options)) == args
