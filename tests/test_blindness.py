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
from collections.abc import Iterator

import click
import pytest
from worlds import World, ballot, pair

from litreview import db, outcome, settling, votes
from litreview.cli import root as tree
from litreview.cli import screen as screen_module
from litreview.vocabulary import Stage

# These are not called; each with its reason.
LEFT_OUT = {
    "harvest": "asks the services, and adds records, which know nothing of votes",
    "demo run": "makes a review of its own, with services of its own",
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
    "why": ["because"],
    "dedupe list why": RECORDS,
    "note": ["a note"],
    "seed": ["7"],
    "threshold": ["0.9"],
    "per_record": ["2", "4"],
    "round_name": ["another"],
    "reason": ["X-POP"],
    "streams": ["theorises_concept"],
    "corrects": ["1"],
    "state": ["in_progress", "include"],
    "box": ["ta_in_progress", "ft_unassessed", "dbr_excluded"],
    "construct": ["lead.explains"],
    "context": ["lead.protects_time"],
    "mechanism": ["lead.explains"],
    "outcome": ["a free text"],
    "quote": ["They say so."],
    "locator": ["p. 1"],
    "code_id": ["1"],
    "number": ["1"],
    "item_id": ["1"],
    "instrument": ["staff"],
    "evidence": ["1"],
}
# For an option of a kind not known above: words that could tell of a vote.
GUESSES = {"integer": ["2"], "text": ["bob", "exclude"]}
# What loops are given: votes, a reason by number, everything they know, and leave.
KEYS = "i\ne\n1\nn\na note\nc\nu\ns\nm\nd\nx\nk\nq\n"

ASKERS = ("ann", "dana", "cleo")
MOST_CALLS = 5  # of one command with its required arguments, by the first asker

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
    return [*kept, *((*base, *words) for base in kept for words in with_json), *varied]


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
        return [(*option, str(choice)) for choice in param.type.choices]
    for place in range(len(path) + 1):
        found = SAMPLES.get(" ".join((*path[place:], name)))
        if found is not None:
            return [(*option, word) for word in found]
    if param.required:
        pytest.fail(
            f"teach the test what to give for {name!r} of {' '.join(path)!r}: add it "
            "to SAMPLES"
        )
    words = GUESSES.get(param.type.name, [])
    return [(*option, word) for word in words] if option else []


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


# -- the two reviews ---------------------------------------------------------------------


@pytest.fixture(scope="module")
def worlds(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[World, World]]:
    """Return the two reviews, as they were made, to whoever restores them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("LITREVIEW_DATABASE", raising=False)
        patch.delenv("LITREVIEW_USER", raising=False)
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
