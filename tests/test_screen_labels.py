"""screen note, label and labels, and where they show."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest
from making import Maker
from sqlalchemy import Engine

from litreview import cli, db
from litreview.vocabulary import Role

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(engine: Engine, database_url: str, capsys: pytest.CaptureFixture[str]) -> Run:
    """Return what runs a command of somebody's on a review of one record."""
    with db.transaction(engine) as session:
        make = Maker(session)
        make.review()
        make.person("rita", Role.READER)
        make.record("One")

    def asked(who: str, *words: str) -> tuple[int, str, str]:
        capsys.readouterr()
        status = cli.run(["--database", database_url, "--as", who, *words])
        shown = capsys.readouterr()
        return status, shown.out, shown.err

    return asked


def test_what_one_writes_one_sees(run: Run) -> None:
    """With the record, and in the list of labels; others do not yet."""
    assert run("ann", "screen", "note", "1", "odd sample")[0] == 0
    assert "put on record 1" in run("ann", "screen", "label", "1", "method")[2]
    assert "already" in run("ann", "screen", "label", "1", "Method")[2]
    shown = run("ann", "record", "show", "1")[1]
    assert "note      by ann: odd sample" in shown
    assert "label     by ann: method" in shown
    for who in ("bob", "lead", "rita", "nobody"):
        told = json.loads(run(who, "record", "show", "1", "--json")[1])
        assert told["annotations"] == []
    told = json.loads(run("ann", "screen", "labels", "--json")[1])
    assert told == [{"label": "method", "own": 1, "everybody": 1, "records": [1]}]
    assert run("bob", "screen", "labels")[2].startswith("no labels yet")


def test_all_see_it_when_the_record_has_its_votes(run: Run) -> None:
    """With whose it is, and in everybody's count."""
    run("ann", "screen", "label", "1", "method")
    for who in ("ann", "bob"):
        assert run(who, "screen", "decide", "1", "include")[0] == 0
    assert "label     by ann: method" in run("rita", "record", "show", "1")[1]
    [row] = json.loads(run("bob", "screen", "labels", "--json")[1])
    assert (row["own"], row["everybody"]) == (0, 1)


def test_a_label_comes_off(run: Run) -> None:
    """One's own; what is not there is told."""
    run("ann", "screen", "label", "1", "method")
    assert run("bob", "screen", "label", "1", "method", "--remove")[0] == 1
    status, _out, err = run("ann", "screen", "label", "1", "method", "--remove")
    assert (status, err) == (0, "label 'method' taken off record 1\n")
    assert json.loads(run("ann", "screen", "labels", "--json")[1]) == []


@pytest.mark.parametrize(
    ("who", "words", "status"),
    [
        ("rita", ("note", "1", "x"), 4),
        ("rita", ("label", "1", "x"), 4),
        ("ann", ("note", "9", "x"), 1),
        ("ann", ("note", "1", " "), 1),
        ("ann", ("label", "1", "a, b"), 2),
        ("zoe", ("labels",), 1),
    ],
)
def test_what_is_refused_is_told(
    run: Run, who: str, words: tuple[str, ...], status: int
) -> None:
    """Readers, unknown records and people, and what is no label."""
    found, out, err = run(who, "screen", *words)
    assert (found, out) == (status, "")
    assert err.startswith("litreview: ")
