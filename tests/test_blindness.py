"""Invariant 5: nobody can tell what another said before a record has its votes.

Two reviews differ only in bob's words on reports that wait for votes. Every command
of the tree is asked the same of both, as a screener, as the lead who screens too and
as the arbiter, and has to answer alike: exit status, stdout, stderr and every file.
Commands are found by walking the tree, so a new one is covered without being listed;
one that needs an argument of a kind not known here fails until `SAMPLES` has one.
"""

from __future__ import annotations

import csv
import functools
import io
import itertools
import json
from collections.abc import Collection, Iterator
from typing import Any

import click
import pytest
from sqlalchemy.orm import Session
from worlds import BESIDE, READ, World, ballot, pair

from litreview import annotations as beside
from litreview import db, state, votes
from litreview.cli import root as tree
from litreview.cli import screen as screen_module
from litreview.cli.app import App, pass_app
from litreview.outcome import Outcome, fold
from litreview.vocabulary import Stage

# These are not called; each with its reason.
LEFT_OUT = {
    "harvest": "asks the services, and adds records, which know nothing of votes",
    "snowball": "asks OpenAlex, and starts from settled inclusions; `test_seeds` tells",
    "record fill": "asks the services for abstracts, which know nothing of votes",
    "demo run": "makes a review of its own, with services of its own",
    "export bundle": "packs the very files of `export all`, walked by themselves",
    "demo serve": "runs until it is stopped, and knows no review",
}
# Lifts the blinding on purpose; `test_unblind...` below.
NOT_GIVEN = {"unblind"}

# What to give for an argument or option, by its name; under a command first.
RECORDS = ["3", "14", "7", "18", "12"]
SAMPLES: dict[str, list[str]] = {
    "record_id": RECORDS,
    "record_ids": RECORDS,
    "a": ["2", "19"],
    "b": ["5", "20"],
    "handle": ["bob"],
    "name": ["trust"],
    "names": ["bob"],
    "file": ["{root}/made.file"],
    "fulltext find target": ["{root}/made.csv"],
    "fulltext import paths": ["{root}/inside"],
    "screen agreement round_name": ["pilot", "main"],
    "screen agreement plot": ["{root}/made.svg"],
    "screen calibration name": ["pilot"],
    "screen pack to": ["{root}/made.litpack"],
    "screener": ["bob"],
    "size": ["2"],
    "screen import file": ["{root}/queries/imports/votes.csv"],
    "files": ["{root}/queries/imports/records.csv"],
    "folder": ["{root}/inside"],
    "to": ["-", "{root}/exports/made.csv"],
    "title": ["A made title"],
    "organisation": ["A ministry"],
    "url": ["https://example.org/1"],
    "accessed": ["2026-01-31"],
    "year": ["2020"],
    "doi": ["10.5555/made"],
    "field": ["title"],
    "value": ["Another title"],
    "text": ["report subject"],
    "screen label text": ["a word", "a label"],
    "why": ["because"],
    "dedupe list why": RECORDS,
    "sample": ["12"],
    "note": ["a note"],
    "seed": ["7"],
    "threshold": ["0.9"],
    "per_record": ["2", "4"],
    "share": ["0.2"],
    "overlap": ["2"],
    "since": ["1"],
    "round_name": ["another"],
    "reason": ["X-POP"],
    "streams": ["theorises_concept"],
    "corrects": ["1"],
    "state": ["in_progress", "include"],
    "box": ["ta_in_progress", "ft_unassessed", "dbr_excluded"],
    "construct": ["lead.explains"],
    "constructs": ["lead.explains"],
    "context": ["lead.protects_time"],
    "mechanism": ["lead.explains"],
    "outcome": ["a free text"],
    "quote": ["They say so."],
    "locator": ["p. 1"],
    "code_id": ["1"],
    "code_ids": ["3", "1"],
    "attributes": ["form=a"],
    **{
        f"code {name} record_id": ["9"]
        for name in ("list", "verify", "finish", "reopen-report", "settle", "start")
    },
    "code open record_ids": ["9"],
    "number": ["1"],
    "dataset": ["GIAS"],
    "variable": ["PercentageFSM"],
    "indicator set-status status": ["rejected"],
    "form show name": ["study"],
    "form fill name": ["study"],
    "form fill field": ["country"],
    "form fill value": ["England"],
    "form reports name": ["study"],
    "form reports field": ["country"],
    "export bundle to": ["{root}/made.zip"],
    "verify path": ["{root}/made.zip"],
    "item_id": ["1"],
    "instrument": ["staff"],
    "instrument_name": ["staff"],
    "item trace page": ["-"],
    "evidence": ["1"],
}
# For an option of a kind not known above: words that could tell of a vote.
GUESSES = {"integer": ["2"], "text": ["bob", "exclude"]}
# What loops are given: votes, a reason by number, everything they know, and leave.
KEYS = "i\ne\n1\nn\na note\nl\n1\nl\na label\no\nt\nr\n1\nc\n?\nu\ns\nm\nd\nx\nk\nq\n"

ASKERS = ("ann", "dana", "cleo")
MOST_CALLS = 4  # of one command with its required arguments, by the first asker

Call = tuple[str, ...]


# -- the walk --------------------------------------------------------------------------


def commands(
    group: click.Command = tree, path: Call = ()
) -> Iterator[tuple[Call, click.Command]]:
    """Yield every command below a group with its path; groups come too."""
    yield path, group
    if isinstance(group, click.Group):
        context = click.Context(group)
        for name in group.list_commands(context):
            found = group.get_command(context, name)
            assert found is not None
            yield from commands(found, (*path, name))


def calls(path: Call, command: click.Command) -> list[Call]:
    """Return ways to call a command: required arguments varied, options one by one."""
    needed = [param for param in command.params if param.required]
    optional = [
        param
        for param in command.params
        if not param.required and param.name not in NOT_GIVEN
    ]
    plain = [
        tuple(itertools.chain.from_iterable(words))
        for words in itertools.product(*(given(path, param) for param in needed))
    ]
    kept = spread(plain, MOST_CALLS)
    turn = itertools.cycle(kept)
    options = [words for param in optional for words in given(path, param)]
    with_json = [words for words in options if words == ("--json",)]
    varied = [(*next(turn), *words) for words in options if words not in with_json]
    as_json = [(*base, *words) for base in spread(kept, 2) for words in with_json]
    return [*kept, *as_json, *varied]


def spread(all_of: list[Call], number: int) -> list[Call]:
    """Return so many, spread evenly over all, the first and the last among them."""
    if len(all_of) <= number:
        return all_of
    step = (len(all_of) - 1) / (number - 1)
    return [all_of[round(step * place)] for place in range(number)]


def given(path: Call, param: click.Parameter) -> list[Call]:
    """Return the ways to give one parameter, each as the words for it."""
    name = str(param.name)
    option = () if isinstance(param, click.Argument) else (param.opts[-1],)
    if isinstance(param, click.Option) and param.is_flag:
        return [option]
    if isinstance(param.type, click.Choice):
        words = [str(choice) for choice in param.type.choices]
        # Of an option's words the first and the last; most say nothing of votes.
        some = words if param.required else [words[0], words[-1]]
        return [(*option, word) for word in some]
    for place in range(len(path) + 1):
        found = SAMPLES.get(" ".join((*path[place:], name)))
        if found is not None:
            some = found if param.required or found is RECORDS else found[:1]
            return [(*option, word) for word in some]
    if param.required:
        pytest.fail(
            f"teach the test what to give for {name!r} of {' '.join(path)!r}: add it "
            "to SAMPLES"
        )
    guesses = GUESSES.get(param.type.name, [])
    return [(*option, word) for word in guesses] if option else []


def questions(below: str = "") -> Iterator[tuple[str, Call]]:
    """Yield who asks what: everything by the first, a part by the others."""
    turn = itertools.count()
    for path, command in commands():
        name = " ".join(path)
        if name in LEFT_OUT or not name.startswith(below):
            continue
        yield ASKERS[0], (*path, "--help")
        if isinstance(command, click.Group):
            continue
        ways = [(*path, *words) for words in calls(path, command)]
        for way in ways:
            yield ASKERS[0], way
        for asker in ASKERS[1:]:
            yield asker, ways[next(turn) % len(ways)]


def differences(
    worlds: tuple[World, World], asked: Iterator[tuple[str, Call]]
) -> list[str]:
    """Ask both reviews; return the calls that tell them apart."""
    return [
        f"{asker}: {' '.join(words)}\n{told}"
        for asker, words in asked
        if (told := difference(worlds, asker, words))
    ]


def difference(worlds: tuple[World, World], asker: str, words: Call) -> str:
    """Return what one call says differently of the two reviews; "" if it does not."""
    answers = []
    for world in worlds:
        there = [word.replace("{root}", str(world.root)) for word in words]
        answers.append(world.ask(asker, *there, keys=KEYS))
        world.restore()
    one, other = answers
    return "" if one == other else f"  {one}\n  {other}"


# -- the two reviews -----------------------------------------------------------------


@pytest.fixture(scope="module")
def worlds(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[World, World]]:
    """Return the two reviews, as they were made, to whoever restores them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("LITREVIEW_DATABASE", raising=False)
        patch.delenv("LITREVIEW_USER", raising=False)
        patch.setenv("SSH_CONNECTION", "a test opens no browser")
        # The same engines for all calls: statements are compiled once, not each time.
        patch.setattr(db, "engine_for", functools.cache(db.engine_for))
        yield pair(tmp_path_factory.mktemp("blind"))


@pytest.fixture
def fresh(worlds: tuple[World, World]) -> Iterator[tuple[World, World]]:
    """Return the two reviews, and put them back as they were afterwards."""
    yield worlds
    for world in worlds:
        world.restore()


def rows(text: str) -> list[dict[str, str]]:
    """Return the rows of a CSV text."""
    return list(csv.DictReader(io.StringIO(text)))


def test_the_reviews_do_differ(worlds: tuple[World, World]) -> None:
    """Bob himself sees another vote in each: the test compares different things."""
    told = [
        [
            (row["record_id"], row["verdict"])
            for row in rows(
                world.do("bob", "export", "decisions", "--format", "csv", "--to", "-")
            )
            if row["screener"] == "bob"
        ]
        for world in worlds
    ]
    assert [place for place, _ in told[0]] == [place for place, _ in told[1]]
    assert sum(one != other for one, other in zip(*told, strict=True)) >= 10


def test_no_command_tells_what_bob_said(worlds: tuple[World, World]) -> None:
    """Every command of the tree answers alike in both reviews, to whoever asks."""
    found = differences(worlds, questions())
    assert not found, "\n".join(found)


# -- what changes the reviews --------------------------------------------------------

# Who does what, one after another. Alike throughout, until a report is complete.
HISTORY: list[tuple[str, Call]] = [
    # Votes that leave the report incomplete, with what bob says and without.
    ("ann", tuple(ballot(2, "t", "include"))),
    ("ann", tuple(ballot(3, "t", "exclude"))),
    ("ann", tuple(ballot(3, "t", "-"))),
    ("eve", tuple(ballot(16, "t", "include"))),
    ("ann", tuple(ballot(15, "t", "maybe"))),
    ("ann", tuple(ballot(7, "f", "include +theorises_concept"))),
    ("ann", tuple(ballot(8, "f", "include +validates_instrument"))),
    ("dana", tuple(ballot(18, "f", "exclude X-TYPE"))),
    # Settling what is not complete, as anybody might.
    *(
        (who, ("resolve", str(record), "exclude", *place, *names))
        for record, place in (
            (3, ()),
            (14, ()),
            (12, ()),
            (7, ("--stage", "full_text", "--reason", "X-TYPE")),
        )
        for who, names in (
            ("cleo", ()),
            ("ann", ("--with", "ann", "--with", "bob")),
            ("dana", ("--with", "bob")),
            ("cleo", ("--corrects", "1")),
        )
    ),
    ("dana", ("assign", "--seed", "3")),
    ("dana", ("assign", "--seed", "4", "--stage", "full_text", "--with-leads")),
]
MERGES: list[tuple[str, Call]] = [
    ("ann", ("decide", "19", "20", "duplicate")),
    ("ann", ("list", "--why", "19")),
    ("dana", ("split", "14")),
    ("ann", ("undo", "19", "20")),
    ("cleo", ("decide", "2", "5", "duplicate")),
    ("cleo", ("decide", "4", "13", "duplicate")),
]
LOOKS: list[Call] = [
    ("export", "all"),
    ("status", "--json"),
    ("screen", "progress", "--json"),
    ("screen", "conflicts", "--json"),
    ("screen", "agreement", "--json"),
    ("db", "stats"),
    ("check",),
]


def apart(worlds: tuple[World, World], asker: str, words: Call) -> str:
    """Ask both, keeping what they store; return what they say differently."""
    one, other = (world.ask(asker, *words, keys=KEYS) for world in worlds)
    return "" if one == other else f"{asker}: {' '.join(words)}\n  {one}\n  {other}"


def look_around(worlds: tuple[World, World], asker: str, *records: int) -> list[str]:
    """Look at both in every way that shows votes; return what differs."""
    logs: list[Call] = [("log", str(record)) for record in records]
    return [told for words in (*LOOKS, *logs) if (told := apart(worlds, asker, words))]


def test_what_people_do_tells_nothing(fresh: tuple[World, World]) -> None:
    """Votes, withdrawals, hand-outs and refused resolutions are answered alike."""
    told = [apart(fresh, asker, ("screen", *words)) for asker, words in HISTORY]
    assert not list(filter(None, told))
    for asker in ASKERS:
        assert look_around(fresh, asker, 2, 7, 12, 14) == []


def test_merges_and_splits_tell_nothing(fresh: tuple[World, World]) -> None:
    """Nor do duplicates, though bob's own votes then differ in one of the two."""
    for asker, words in MERGES:
        assert apart(fresh, asker, ("dedupe", *words)) == ""
        assert apart(fresh, "ann", ("export", "all")) == ""
    assert look_around(fresh, "ann", 14, 19, 2, 4) == []


def test_the_loops_tell_nothing(fresh: tuple[World, World]) -> None:
    """`screen start` and `dedupe review` show and answer the same."""
    for asker in ("ann", "dana", "eve"):
        for stage in Stage:
            words = ("screen", "start", "--stage", str(stage))
            status, out, err, _files = fresh[0].ask(asker, *words, keys="s\n" * 9)
            assert status == 0
            assert "skipped" in err or asker == "dana", out
            assert apart(fresh, asker, words) == ""
    assert apart(fresh, "ann", ("dedupe", "review")) == ""
    assert apart(fresh, "cleo", ("dedupe", "review")) == ""


def test_packs_tell_nothing(fresh: tuple[World, World]) -> None:
    """Whoever is packed for, by themself or the lead, the files are the same bytes."""
    for stage in Stage:
        for by, whose in (("ann", "ann"), ("eve", "eve"), ("dana", "bob")):
            name = f"{whose}-{stage}.litpack"
            words = ("--screener", whose, "--stage", str(stage), "--to", name)
            assert apart(fresh, by, ("screen", "pack", *words)) == ""
            packs = [world.root / name for world in fresh]
            assert packs[0].exists() == packs[1].exists()
            if packs[0].exists():
                assert packs[0].read_bytes() == packs[1].read_bytes(), name
    assert (fresh[0].root / "bob-title_abstract.litpack").exists()
    name = "ann-title_abstract.litpack"
    for step in (("start", "--pack", name), ("unpack", name), ("unpack", name)):
        assert apart(fresh, "ann", ("screen", *step)) == ""
    assert "already" in fresh[0].do("ann", "screen", "unpack", name)


def test_a_pilot_opens_when_all_have_voted(fresh: tuple[World, World]) -> None:
    """Before, there are counts; the last vote opens who differs on what."""
    one, other = fresh
    look = ("screen", "calibration", "--json")
    assert apart(fresh, "ann", look) == ""
    for world in fresh:
        assert json.loads(world.do("ann", *look))[0]["waiting"] == {
            "ann": 1,
            "bob": 0,
            "eve": 2,
        }
        for who, record in (("ann", 1), ("eve", 1)):
            world.do(who, "screen", *ballot(record, "t", "include"))
    assert apart(fresh, "ann", look) == ""
    for world in fresh:
        world.do("eve", "screen", *ballot(22, "t", "include"))
    found = [json.loads(world.do("ann", *look))[0]["criteria"] for world in fresh]
    assert [[part["key"] for part in criteria] for criteria in found] == [
        [""],
        ["X-POP"],
    ]
    assert "it does fit" in one.do("ann", "log", "1")
    assert "does not fit at all" in other.do("ann", "log", "1")


# What coders ask while nobody has finished the report.
READING: list[tuple[str, Call]] = [
    *(
        (asker, words)
        for asker in ASKERS
        for words in (
            ("list", "--json"),
            ("list", "--speaker", "bob"),
            ("verify", "--json"),
            ("verify", "3"),
            ("outdated",),
            ("conflicts",),
            ("agreement", "--json"),
            ("start", "--record", "9"),
            ("settle", "9", "lead.explains", "absent", "--why", "w"),
        )
    ),
    ("ann", ("finish", "9")),
    ("ann", ("list", "--json")),
    ("ann", ("conflicts",)),
    ("ann", ("reopen-report", "9")),
    ("dana", ("carry", "3", "--why", "w")),
    ("dana", ("reopen", "3", "--why", "w")),
]


def test_coding_tells_nothing(fresh: tuple[World, World]) -> None:
    """What bob read in a report shows nowhere until two have finished it."""
    for asker, words in READING:
        assert apart(fresh, asker, ("code", *words)) == ""
    for asker in ASKERS:
        assert look_around(fresh, asker, 9) == []


def test_two_who_have_finished_open_a_report(fresh: tuple[World, World]) -> None:
    """Then bob's words show to those who have finished it, and to bystanders."""
    for who in ("ann", "bob"):
        assert apart(fresh, who, ("code", "finish", "9")) == ""
    for asker in ("ann", "cleo", "eve"):
        for world, (quote, *_rest) in zip(fresh, READ, strict=True):
            assert quote in world.do(asker, "code", "list", "--json")
    for world in fresh:
        assert "bob" not in world.do("dana", "code", "list")
        assert "fit" not in world.do("dana", "log", "9")
    assert apart(fresh, "dana", ("code", "list", "--json")) == ""


def test_an_order_and_a_stop_tell_nothing(fresh: tuple[World, World]) -> None:
    """What is shown first, how far it has come, and what a stop leaves, are alike."""
    for asker in ("ann", "eve"):
        words = ("screen", "start", "--order", "relevance")
        one, other = (world.ask(asker, *words, keys="s\n" * 9) for world in fresh)
        assert one == other
        assert (one[0], "counting the words" in one[2]) == (0, True)
        assert apart(fresh, asker, ("screen", "progress")) == ""
    for asker, step in (
        ("cleo", ("resolve", "10", "exclude")),
        ("dana", ("stop",)),
        ("dana", ("progress",)),
    ):
        assert apart(fresh, asker, ("screen", *step)) == ""
    text = fresh[0].do("dana", "export", "prisma", "--format", "json")
    assert json.loads(text)["records_excluded_automatic"]
    for asker in ASKERS:
        assert look_around(fresh, asker, 2, 12, 16, 20) == []


def test_a_departure_tells_nothing(fresh: tuple[World, World]) -> None:
    """Bob leaves, his votes are set aside and his records handed out again."""
    for world in fresh:
        file = world.root / "screening" / "review.yaml"
        text = file.read_text("utf-8")
        file.write_text(
            text.replace("bob, role: screener", "bob, role: screener, active: false"),
            "utf-8",
        )
    for asker, words in [
        ("dana", ("sync",)),
        *(
            ("dana", ("screen", "set-aside", "bob", str(record), "--why", "gone"))
            for record in (3, 7, 12, 14, 16, 18)
        ),
        ("dana", ("screen", "assign", "--seed", "5")),
    ]:
        assert apart(fresh, asker, words) == ""
    assert look_around(fresh, "dana", 3, 7, 12, 14, 16, 18) == []


# -- what may be seen ----------------------------------------------------------------


def test_the_last_vote_opens_a_record(fresh: tuple[World, World]) -> None:
    """With the votes that its round asks for, everybody sees them, bob's words too."""
    one, other = fresh
    for world in fresh:
        assert "this one does not fit" not in world.do("ann", "log", "3")
        answer = world.ask("eve", *("screen", "decide", "3", "include"))
        assert answer[:3] == (0, "", "recorded: eve says include on record 3\n")
    assert "this one does not fit at all" in other.do("ann", "log", "3")
    assert "it does fit" in one.do("ann", "log", "3")
    found = [
        {row["record_id"]: row for row in json.loads(text)}
        for text in (w.do("ann", "screen", "conflicts", "--json") for w in fresh)
    ]
    assert (3 in found[0], 3 in found[1]) == (False, True)
    assert {vote["screener"]: vote["verdict"] for vote in found[1][3]["votes"]} == {
        "ann": "include",
        "bob": "exclude",
        "eve": "include",
    }
    for name in ("decisions", "records"):
        told = [w.do("cleo", "export", name, "--format", "csv") for w in fresh]
        assert told[0] != told[1]


def test_the_last_full_text_vote_opens_a_record(fresh: tuple[World, World]) -> None:
    """At full text reasons and streams open with it."""
    for world in fresh:
        before = world.do("ann", "export", "decisions", "--format", "csv")
        assert "validates_instrument" not in before
        world.do("eve", "screen", *ballot(8, "f", "exclude X-POP"))
    texts = [w.do("dana", "export", "decisions", "--format", "csv") for w in fresh]
    said = [
        {
            row["screener"]: row["reason"]
            for row in rows(text)
            if (row["record_id"], row["stage"]) == ("8", "full_text")
        }
        for text in texts
    ]
    assert said[0] == {"ann": "X-POP", "bob": "X-POP", "eve": "X-POP"}
    assert said[1] == {"ann": "X-POP", "bob": "X-TYPE", "eve": "X-POP"}


def test_the_last_vote_opens_notes_and_labels(fresh: tuple[World, World]) -> None:
    """Others' notes and labels show with the votes, and go with a withdrawal."""
    for world, (said, label) in zip(fresh, BESIDE, strict=True):
        for asker in ASKERS:
            assert said not in world.do(asker, "record", "show", "3")
            told = json.loads(world.do(asker, "screen", "labels", "--json"))
            assert [row["label"] for row in told] == ["seen by all"]
        world.do("eve", *("screen", "decide", "3", "include"))
        for asker in ASKERS:
            assert said in world.do(asker, "record", "show", "3")
            told = json.loads(world.do(asker, "screen", "labels", "--json"))
            rows = {row["label"]: row for row in told}
            assert rows[label]["records"] == [3]
            assert (rows[label]["own"], rows[label]["everybody"]) == (0, 1)
        world.do("eve", "screen", "withdraw", "3")
        assert said not in world.do("dana", "record", "show", "3")
        assert said in world.do("bob", "record", "show", "3")


@pytest.mark.parametrize("name", ["decisions", "resolutions"])
def test_only_a_lead_may_unblind(fresh: tuple[World, World], name: str) -> None:
    """Others are refused, and nothing is written or recorded."""
    for world in fresh:
        for asker in ("ann", "cleo"):
            status, out, err, files = world.ask(asker, "export", name, "--unblind")
            assert (status, out, files) == (4, "", {})
            assert "only a lead" in err
        assert "unblinded" not in world.do("dana", "export", "audit", "--format", "csv")


def test_unblinding_shows_all_and_is_recorded(fresh: tuple[World, World]) -> None:
    """A lead sees bob's words, and everybody can see that she looked."""
    words = ("export", "decisions", "--unblind", "--format", "csv")
    said = []
    for world in fresh:
        found = {
            row["record_id"]: row
            for row in rows(world.do("dana", *words))
            if row["screener"] == "bob" and row["stage"] == "title_abstract"
        }
        said.append((found["2"]["verdict"], found["2"]["note"]))
        audit = rows(world.do("ann", "export", "audit", "--format", "csv"))
        [event] = [row for row in audit if row["kind"] == "unblinded"]
        assert (event["person"], event["subject"]) == ("dana", "export decisions")
    assert said == [
        ("include", "it does fit"),
        ("exclude", "this one does not fit at all"),
    ]


# -- would the walk notice? ----------------------------------------------------------


def test_the_walk_sees_an_export_that_leaks(
    fresh: tuple[World, World], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With every report taken for complete, the votes are there for all to read."""
    everything = set(range(100))
    monkeypatch.setattr(
        votes,
        "_open_clusters",
        lambda _session: {
            (str(stage), counts): everything for stage in Stage for counts in (True, 0)
        },
    )
    found = differences(fresh, questions("export decisions"))
    assert any(told.startswith("cleo") for told in found)


def test_the_walk_sees_labels_that_leak(
    fresh: tuple[World, World], monkeypatch: pytest.MonkeyPatch
) -> None:
    """With every report taken for complete, notes and labels are there to read."""
    monkeypatch.setattr(beside, "_shown", lambda _session, found, _by: list(found))
    assert differences(fresh, questions("screen labels"))
    assert differences(fresh, questions("record show"))


def test_the_walk_sees_early_conflicts(
    fresh: tuple[World, World], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two votes that differ are no conflict yet where the round asks for three."""
    real = state.outcomes

    def hasty(
        session: Session, stage: str, clusters: Collection[int] | None = None
    ) -> dict[int, Outcome]:
        found = real(session, stage, clusters)
        return {
            cluster: fold(cluster, stage, one.votes, need=2)
            for cluster, one in found.items()
        }

    monkeypatch.setattr(state, "outcomes", hasty)
    assert differences(fresh, questions("screen conflicts"))


def test_the_walk_sees_an_answer_that_leaks(
    fresh: tuple[World, World], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An answer to a vote that tells whether the others agree is noticed."""
    real = screen_module.decide.callback
    assert real is not None

    def chatty(record_id: int, **words: Any) -> None:
        real(record_id=record_id, **words)
        app = click.get_current_context().find_object(App)
        assert app is not None
        cast = app.read(lambda session: state.votes(session, words["stage"]))
        sides = {vote.verdict for vote in cast.get(record_id, ())}
        click.echo("agreed" if len(sides) == 1 else "differs")

    monkeypatch.setattr(screen_module.decide, "callback", chatty)
    assert differences(fresh, questions("screen decide"))


def test_the_walk_covers_a_command_that_is_new(
    fresh: tuple[World, World], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A command is found in the tree; one that needs the unknown is not passed over."""

    @click.command()
    @click.argument("record_id", type=int)
    @pass_app
    def gossip(app: App, record_id: int) -> None:
        """Tell everybody what everybody says."""
        cast = app.read(lambda session: state.votes(session, Stage.FULL_TEXT))
        click.echo([vote.verdict for vote in cast.get(record_id, ())])

    @click.command()
    @click.argument("moon_phase")
    def howl(moon_phase: str) -> None:
        """Do what nobody knows."""

    monkeypatch.setitem(screen_module.screen.commands, "gossip", gossip)
    assert differences(fresh, questions("screen gossip"))
    monkeypatch.setitem(screen_module.screen.commands, "howl", howl)
    with pytest.raises(pytest.fail.Exception, match=r"teach the test .*moon_phase"):
        list(questions("screen"))


def test_what_is_left_out_exists() -> None:
    """The list of commands that are not called names real ones, and only these."""
    names = {" ".join(path) for path, _command in commands()}
    assert set(LEFT_OUT) <= names
