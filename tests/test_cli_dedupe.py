"""`litreview dedupe` from the command line."""

from __future__ import annotations

import hashlib
import io
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import pytest
from making import Maker
from sqlalchemy import Engine, func, select

from litreview import cli, db, dedupe, pairs
from litreview.cli import pair_card
from litreview.cli.dedupe import dedupe as group
from litreview.matching import Pair, Verdict
from litreview.models import DedupeRun, PairDecision, Record
from litreview.vocabulary import Role

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(
    engine: Engine,
    database_url: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Run:
    """Return a function that runs `litreview dedupe ...` as ann, with typed lines."""
    with db.transaction(engine) as session:
        Maker(session).team()

    def call(*words: str, typed: str = "", who: str = "ann") -> tuple[int, str, str]:
        monkeypatch.setattr("sys.stdin", io.StringIO(typed))
        capsys.readouterr()
        status = cli.run(["--database", database_url, "--as", who, "dedupe", *words])
        told = capsys.readouterr()
        return status, told.out, told.err

    return call


@pytest.fixture
def ids(engine: Engine, run: Run) -> list[int]:
    """Return four records; the machine is unsure of 1-2 and 3-4."""
    assert run is not None
    with db.transaction(engine) as session:
        make = Maker(session)
        titles = ("On trust", "On trust again", "Calendars", "Calendars of schools")
        made = [make.record(title, year=2000) for title in titles]
        made[1].year = 2001
        numbers = [record.id for record in made]
    a, b, c, d = numbers
    propose(engine, (0.6, "unsure", a, b), (0.5, "unsure", c, d))
    return numbers


def propose(engine: Engine, *found: tuple[float, Verdict, int, int]) -> None:
    """Store a pass of the machine."""
    proposals = [
        Pair(a, b, score, verdict, ("near title",)) for score, verdict, a, b in found
    ]
    with db.transaction(engine) as session:
        dedupe.store(session, proposals, run=DedupeRun(parameters={}, records=4))


def homes(engine: Engine) -> list[int]:
    """Return the clusters of all records, by id."""
    with db.snapshot(engine) as session:
        return [home for _, home in sorted(pairs.homes(session).items())]


def verdicts(engine: Engine) -> list[str]:
    """Return all pair verdicts, in order."""
    with db.snapshot(engine) as session:
        return list(
            session.scalars(select(PairDecision.verdict).order_by(PairDecision.id))
        )


def waiting(run: Run) -> list[tuple[int, int]]:
    """Return the waiting pairs as the list tells them."""
    status, out, _ = run("list", "--json")
    assert status == 0
    rows: list[dict[str, Any]] = json.loads(out)
    return [(row["a"], row["b"]) for row in rows]


def test_find_prints_what_it_did(engine: Engine, run: Run) -> None:
    """Numbers go to stdout, as lines or as one JSON object."""
    with db.transaction(engine) as session:
        make = Maker(session)
        for source in ("openalex", "crossref"):
            make.record(
                "Relational trust in the reform of urban schools",
                source=source,
                doi="10.5555/one",
                year=2002,
                authors="Bryk, Anthony",
                pages="1-20",
                volume="4",
            )
    status, out, _ = run("find", "--json")
    found = json.loads(out)
    assert status == 0
    assert (found["records"], found["merged"], found["new"]) == (2, 1, 1)
    status, out, _ = run("find")
    assert "2 records" in out
    assert "0 verdicts" in out


def test_find_refuses_another_threshold(run: Run) -> None:
    """A threshold beyond 1 is a usage error; a word is one too."""
    assert run("find", "--threshold", "90")[0] == 2
    assert run("find", "--threshold", "high")[0] == 2


def test_the_list_is_one_json_array(run: Run, ids: list[int]) -> None:
    """Each row names both records, the score, the reasons, and no verdict yet."""
    status, out, err = run("list", "--json")
    assert (status, err) == (0, "")
    first, second = json.loads(out)
    assert [first["a"], first["b"], second["a"], second["b"]] == ids
    assert (first["score"], first["proposal"], first["verdict"]) == (
        0.6,
        "unsure",
        None,
    )
    assert (first["title_a"], first["title_b"]) == ("On trust", "On trust again")
    assert first["reasons"] == ["near title"]


def test_an_empty_list_is_an_empty_array(run: Run) -> None:
    """Nothing to list is no error, and still JSON."""
    assert run("list", "--json")[:2] == (0, "[]\n")
    status, out, err = run("list")
    assert (status, out) == (0, "")
    assert "no pair waits" in err


def test_the_list_for_people_names_both_records(run: Run, ids: list[int]) -> None:
    """Ids, years, titles and reasons stand on the screen."""
    out = run("list")[1]
    for words in (str(ids[1]), "2001", "On trust again", "near title", "0.60"):
        assert words in out


def test_decide_undo_and_split(engine: Engine, run: Run, ids: list[int]) -> None:
    """Each says what it did, and the list follows."""
    a, b, c, d = ids
    status, out, err = run("decide", str(b), str(a), "duplicate", "--why", "same PDF")
    assert status == 0
    assert "duplicate" in out
    assert f"report {a}: records {a}, {b}" in err
    assert homes(engine) == [a, a, c, d]
    assert waiting(run) == [(c, d)]
    out = run("list", "--why", str(b), "--json")[1]
    (row,) = json.loads(out)
    assert (row["by"], row["why"], row["effect"]) == ("ann", "same PDF", "one report")
    status, out, _ = run("undo", str(a), str(b))
    assert "no verdict holds now" in out
    assert waiting(run) == [(a, b), (c, d)]
    run("decide", str(a), str(b), "duplicate")
    status, out, err = run("split", str(b))
    assert (status, homes(engine)) == (0, [a, b, c, d])
    assert f"record {b} is a report of its own now" in err
    assert waiting(run) == [(c, d)]


def test_a_refused_link_is_told_with_the_way_out(
    engine: Engine, run: Run, ids: list[int]
) -> None:
    """The message names the link, what stands against it, and both commands."""
    a, b, c, _ = ids
    propose(engine, (0.9, "duplicate", a, b), (0.95, "duplicate", b, c))
    status, _, err = run("decide", str(a), str(c), "different")
    assert status == 0
    assert f"duplicate {a} {b}" in err
    assert f"dedupe undo {a} {c}" in err
    assert f"dedupe decide {a} {b} different" in err
    assert waiting(run) == [(a, b)]
    assert f"{a} and {c} are held apart" in run("list")[1]


def test_undo_of_the_machines_verdict_says_what_it_stored(
    engine: Engine, run: Run, ids: list[int]
) -> None:
    """The person's different replaces it, and the message says why."""
    a, b, *_ = ids
    propose(engine, (0.9, "duplicate", a, b))
    status, out, _ = run("undo", str(a), str(b))
    assert status == 0
    assert "overruled by your `different`" in out
    assert verdicts(engine)[-1] == "different"
    assert "holds again" in run("undo", str(a), str(b))[1]


@pytest.mark.parametrize(
    ("words", "status", "told"),
    [
        (("decide", "1", "1", "duplicate"), 2, "itself"),
        (("decide", "1", "999", "duplicate"), 1, "no record 999"),
        (("decide", "1", "2", "twins"), 2, "twins"),
        (("decide", "1", "two", "duplicate"), 2, "two"),
        (("undo", "1", "2"), 1, "no verdict"),
        (("split", "1"), 2, "only one"),
        (("split", "999"), 1, "no record 999"),
        (("list", "--why", "999"), 1, "no record 999"),
        (("list", "--why", "1", "--all"), 2, "two different lists"),
    ],
)
def test_what_cannot_be_is_said_in_words(  # noqa: PLR0917 - cases and fixtures
    engine: Engine,
    run: Run,
    ids: list[int],
    words: tuple[str, ...],
    status: int,
    told: str,
) -> None:
    """Each refusal has its exit status and one message; nothing is stored."""
    assert ids[:2] == [1, 2]
    found, out, err = run(*words)
    assert (found, out) == (status, "")
    assert told in err
    assert verdicts(engine) == []


def test_a_reader_may_look_and_not_decide(
    engine: Engine, run: Run, ids: list[int]
) -> None:
    """Exit status 4 for who may not decide; the list is open."""
    with db.transaction(engine) as session:
        Maker(session).person("rita", Role.READER)
    a, b = map(str, ids[:2])
    assert run("list", who="rita")[0] == 0
    for words in (
        ("find",),
        ("decide", a, b, "different"),
        ("undo", a, b),
        ("split", a),
    ):
        status, _, err = run(*words, who="rita")
        assert (status, "rita may not" in err) == (4, True), words
    assert run("review", who="rita", typed="d\n")[0] == 4


# -- the loop ------------------------------------------------------------------------


def test_the_loop_takes_one_key_a_card(
    engine: Engine, run: Run, ids: list[int]
) -> None:
    """Each answer is stored at once; at the end it says what was done."""
    a, b, c, d = ids
    status, out, err = run("review", typed="d\nx\n")
    assert status == 0
    assert verdicts(engine) == ["duplicate", "different"]
    assert homes(engine) == [a, a, c, d]
    assert f"records {a} and {b}" in out
    assert f"records {c} and {d}" in out
    assert "2 decided, 0 skipped" in err
    assert waiting(run) == []


def test_the_loop_marks_what_differs(run: Run, ids: list[int]) -> None:
    """Equal fields stand once, different ones twice with a star."""
    assert ids
    lines = run("review", typed="q\n")[1].splitlines()
    assert "* title     On trust" in lines
    assert "*           On trust again" in lines
    assert "* year      2000" in lines
    assert "  source    openalex" in lines


def test_undo_takes_the_last_answer_back(
    engine: Engine, run: Run, ids: list[int]
) -> None:
    """U withdraws the last verdict and shows its card again."""
    a, b, *_ = ids
    _, out, err = run("review", typed="u\nd\nu\ns\nq\n")
    assert "nothing to undo yet" in err
    assert verdicts(engine) == ["duplicate", "withdrawn", "same_study"]
    assert out.count(f"records {a} and {b} ") == 2
    assert "1 decided" in err


def test_skipped_pairs_do_not_come_back_in_this_walk(
    engine: Engine, run: Run, ids: list[int]
) -> None:
    """K leaves a pair waiting for the next time."""
    status, _, err = run("review", typed="k\nk\n")
    assert (status, verdicts(engine)) == (0, [])
    assert "no more pairs" in err
    assert len(waiting(run)) == len(ids) // 2


@pytest.mark.parametrize("typed", ["", "q\n", "z\n\nduplicate\nD\n"])
def test_no_key_and_the_end_of_input_decide_nothing(
    engine: Engine, run: Run, ids: list[int], typed: str
) -> None:
    """Other keys, empty lines and whole words are no answer."""
    assert ids
    status, _, err = run("review", typed=typed)
    assert (status, verdicts(engine)) == (0, [])
    assert ("no key here" in err) == typed.startswith("z")


def test_a_refused_answer_is_not_asked_again_and_again(
    engine: Engine, run: Run, ids: list[int]
) -> None:
    """A duplicate that a cannot-link refuses is told once, and the loop goes on."""
    a, b, c, _ = ids
    propose(engine, (0.9, "duplicate", a, b), (0.95, "duplicate", b, c))
    run("decide", str(a), str(c), "different")
    status, out, err = run("review", typed="d\nd\nd\nd\nd\n")
    assert status == 0
    assert out.count(f"records {a} and {b} ") == 1
    assert "refused" in err


def test_a_card_survives_hostile_text(run: Run, engine: Engine) -> None:
    """Escape sequences and line ends in a record do not reach the terminal."""
    with db.transaction(engine) as session:
        make = Maker(session)
        a = make.record("Evil \x1b[2J title", abstract="one\n* title  fake\x1b]0;x\x07")
        b = make.record("Good title", abstract="word " * 200)
        numbers = (a.id, b.id)
    propose(engine, (0.5, "unsure", *numbers))
    _, out, _ = run("review", typed="q\n")
    assert "\x1b" not in out
    assert "* title  fake" not in out.splitlines()
    assert max(map(len, out.splitlines())) < 500


def test_a_card_leaves_out_what_neither_record_has() -> None:
    """An empty field is shown only where the other record has it."""
    a, b = Record(title="On trust", volume="4"), Record(title="On Trust!")
    assert pair_card.stacked(a, b) == [
        "  title     On trust",
        "* volume    4",
        "*           (none)",
    ]


def test_every_command_has_an_example() -> None:
    """Each command's help shows how it is called."""
    for name, command in group.commands.items():
        text = command.get_help(click.Context(command))
        assert f"litreview dedupe {name}" in text, name


def test_a_verdict_is_stored_with_who_gave_it(
    engine: Engine, run: Run, ids: list[int]
) -> None:
    """The loop decides in the name of who runs it."""
    assert ids
    run("review", typed="d\n", who="bob")
    with db.snapshot(engine) as session:
        bob = Maker(session).person("bob").id
        count = select(func.count()).where(PairDecision.person_id == bob)
        assert session.scalar(count) == 1


# -- review: undo of earlier sittings, whole abstracts, the chain ----------------------


def test_n_means_different(engine: Engine, run: Run, ids: list[int]) -> None:
    """N stores different, as x does."""
    assert ids
    run("review", typed="n\nx\n")
    assert verdicts(engine) == ["different", "different"]


def test_undo_reaches_back_to_earlier_sittings_and_to_nobody_elses(
    engine: Engine, run: Run, ids: list[int]
) -> None:
    """U takes back one's own newest verdict, never another person's later one."""
    a, b, c, d = ids
    run("review", typed="d\nq\n")
    run("decide", str(c), str(d), "different", who="bob")
    propose(engine, (0.6, "unsure", a, b), (0.5, "unsure", c, d), (0.5, "unsure", a, c))
    _, _, err = run("review", typed="u\nu\nq\n")
    assert "of an earlier sitting" in err
    assert "nothing to undo" in err
    assert verdicts(engine) == ["duplicate", "different", "withdrawn"]
    assert (a, b) in waiting(run)


def test_the_likeliest_pair_comes_first_and_the_rest_is_counted(
    run: Run, ids: list[int]
) -> None:
    """Each card says how many pairs are left."""
    a, b, c, d = ids
    out = run("review", typed="k\nk\n")[1]
    shown = [line for line in out.splitlines() if line.startswith("records ")]
    assert shown == [
        f"records {a} and {b}   score 0.60   2 left",
        f"records {c} and {d}   score 0.50   1 left",
    ]


def test_why_tells_the_chain_then_what_waits_and_what_was_refused(
    engine: Engine, run: Run, ids: list[int]
) -> None:
    """The joining pairs come from the record outwards, with scores and reasons."""
    a, b, c, d = ids
    propose(
        engine,
        (0.95, "duplicate", a, b),
        (0.9, "duplicate", b, c),
        (0.5, "unsure", a, d),
    )
    out = run("list", "--why", str(c))[1].splitlines()
    assert out[0] == f"report {a}: records {a}, {b}, {c}"
    heads = [line.split("  (")[0] for line in out if "(machine:" in line]
    assert heads == [
        f"{b} {c}  one report",
        f"{a} {b}  one report",
        f"{a} {d}  waits for a person",
    ]
    assert sum("because: near title" in line for line in out) == 3
    run("decide", str(a), str(c), "different")
    rows = json.loads(run("list", "--why", str(c), "--json")[1])
    told = {(row["a"], row["b"]): row for row in rows}
    assert told[b, c]["effect"] == "refused, waits for a person"
    assert told[b, c]["blocked_by"] == [[a, c]]


# -- import ----------------------------------------------------------------------------


def test_groups_of_another_tool_are_taken_over(
    engine: Engine, run: Run, ids: list[int], tmp_path: Path
) -> None:
    """A CSV of ids and groups becomes the person's duplicates, once."""
    a, b, c, d = ids
    file = tmp_path / "other.csv"
    file.write_text(f"Record_ID,group\n{a},x\n{b},x\n{c},y\n{d},\n")
    status, out, _ = run("import", str(file))
    assert status == 0
    assert "stored         1 duplicates" in out
    assert homes(engine) == [a, a, c, d]
    told = json.loads(run("import", str(file), "--json")[1])
    assert (told["groups"], told["stored"], told["already_there"]) == (1, 0, 1)
    row = json.loads(run("list", "--why", str(a), "--json")[1])[0]
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    assert row["why"] == f"from other.csv, sha256 {digest}"


def test_a_group_against_a_persons_word_is_told_and_left_out(
    engine: Engine, run: Run, ids: list[int], tmp_path: Path
) -> None:
    """The conflict names the group, its records and the verdict; exit status 0."""
    a, b, *_ = ids
    run("decide", str(a), str(b), "different", who="bob")
    file = tmp_path / "other.csv"
    file.write_text(f"record_id,cluster_id\n{a},1\n{b},1\n")
    status, out, err = run("import", str(file))
    assert status == 0
    assert "left out       1 groups" in out
    assert f"{a} and {b} are different" in err
    conflict = json.loads(run("import", str(file), "--json")[1])["conflicts"][0]
    assert conflict["record_ids"] == [a, b]
    assert homes(engine) == ids


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", ":1: a column"),
        ("record_id,year\n1,2\n", ":1: a column"),
        ("group,title\nx,y\n", ":1: a column"),
        ("record_id,group\none,x\n", ":2: 'one' is no record id"),
        ("record_id,group\n,x\n", ":2: the line names no record"),
        ("record_id,group\n1,x,y\n", ":2: the line has more fields"),
        ("record_id,group\n1,x\n999,x\n", ":3: there is no record 999"),
        ('record_id,group\n1,"x\n', "no CSV|not a CSV"),
    ],
)
def test_a_bad_groups_file_is_named_with_its_line(  # noqa: PLR0917 - cases, fixtures
    engine: Engine, run: Run, ids: list[int], tmp_path: Path, text: str, told: str
) -> None:
    """Nothing of a file with a mistake is stored."""
    assert ids[0] == 1
    file = tmp_path / "bad.csv"
    file.write_text(text)
    status, out, err = run("import", str(file))
    assert (status, out) == (1, "")
    assert re.search(told, err)
    assert verdicts(engine) == []


# -- audit -----------------------------------------------------------------------------


def test_an_audit_asks_blind_and_prints_figures(
    engine: Engine, run: Run, ids: list[int]
) -> None:
    """No score and no reason is shown; figures have limits, and a method."""
    a, b, c, d = ids
    propose(engine, (0.99, "duplicate", a, b), (0.5, "unsure", c, d))
    status, out, err = run("audit", "--sample", "12", typed="y\nn\n")
    assert status == 0
    assert "near title" not in out
    assert "score" not in out
    assert "precision  1.000" in out
    assert "method: stratified random sample" in out
    assert "2 of 2 pairs judged" in err
    assert verdicts(engine) == ["duplicate"]


def test_an_audit_can_be_ended_and_gone_on_with(
    engine: Engine, run: Run, ids: list[int]
) -> None:
    """Each answer is stored at once; U asks the last again; ? counts apart."""
    a, b, c, d = ids
    propose(engine, (0.99, "duplicate", a, b), (0.5, "unsure", c, d))
    _, out, err = run("audit", typed="y\nu\nz\n?\nq\n")
    assert "1 of 2 pairs judged" in err
    assert "could not be told: 1" in out
    told = json.loads(run("audit", "--json")[1])
    assert (told["left"], told["unclear"]) == (1, 1)
    assert told["seed"] == 1
    run("audit", typed="n\n")
    assert json.loads(run("audit", "--json")[1])["left"] == 0


def test_answers_become_verdicts_only_when_asked(
    engine: Engine, run: Run, ids: list[int]
) -> None:
    """A contradiction is told with the command; --apply stores it as one's own."""
    a, b, c, d = ids
    propose(engine, (0.99, "duplicate", a, b), (0.5, "unsure", c, d))
    _, _, err = run("audit", typed="n\nn\nn\n")
    assert f"litreview dedupe decide {a} {b} different" in err
    assert verdicts(engine) == ["duplicate"]
    run("audit", "--apply")
    assert verdicts(engine) == ["duplicate", "different"]
    assert homes(engine) == ids
    assert json.loads(run("audit", "--json")[1])["contradictions"] == []


def test_an_audit_needs_a_pass_and_a_sample(run: Run) -> None:
    """Before `dedupe find` there is nothing; a handful of pairs tells nothing."""
    status, _, err = run("audit")
    assert (status, "dedupe find" in err) == (1, True)
    assert run("audit", "--sample", "3")[0] == 2
