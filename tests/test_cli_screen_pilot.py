"""`litreview screen pilot`, `calibration`, `agreement --round`, as they are typed."""

from __future__ import annotations

from pathlib import Path

import pytest
from office import REVIEW, Office, begun


@pytest.fixture
def office(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Office:
    """Return a workspace in which six records wait for ann and bob."""
    return begun(tmp_path / "review", capsys, records=6)


def test_a_pilot_from_draw_to_rule(office: Office) -> None:
    """Drawn, screened first, told by criterion and pair, and drawn again."""
    text = REVIEW + "calibration: {statistic: percent, at_least: 0.9}\n"
    (office.root / "screening" / "review.yaml").write_text(text, "utf-8")
    office.ok("sync", by="dana")
    done = office.json("screen", "pilot", "--size", "2", "--seed", "3", by="dana")
    assert isinstance(done, dict)
    assert (done["name"], done["people"]) == ("pilot", ["ann", "bob"])
    start = ("screen", "start")
    office.ok(*start, keys="i\ni\nq\n")
    waiting = office.ok("screen", "calibration", by="bob")
    assert "still to vote on: ann 0, bob 2" in waiting
    office.ok(*start, by="bob", keys="i\ne\nq\n")
    told = office.ok("screen", "calibration")
    assert "pilot, title_abstract: 2 records" in told
    assert "no reason given: 1 records differ" in told
    assert "ann include; bob exclude" in told
    assert "ann / bob: 0.500 on 2, does not hold" in told
    assert "the rule does not hold: percent of at least 0.9 for every pair" in told
    assert "6" in office.ok("screen", "progress", "--json")
    figures = office.json("screen", "agreement", "--round", "pilot")
    assert isinstance(figures, list)
    assert {one["n"] for one in figures} == {2}
    assert office.json("screen", "agreement") == []
    other = office.json("screen", "pilot", "--size", "2", "--seed", "3", by="dana")
    assert isinstance(other, dict)
    assert not set(other["records"]) & set(done["records"])


def test_what_is_refused(office: Office) -> None:
    """A screener's draw, too large a sample, an unknown round or pilot."""
    words = ("screen", "pilot", "--size", "2", "--seed", "1")
    assert office.run(*words)[0] == 4
    assert (
        office.run("screen", "pilot", "--size", "9", "--seed", "1", by="dana")[0] == 2
    )
    assert office.run("screen", "calibration", "none")[0] == 1
    status, _out, err = office.run("screen", "agreement", "--round", "none")
    assert status == 1
    assert "the rounds are: main" in err
    assert office.run("screen", "calibration") == (
        0,
        "",
        "there is no pilot; `litreview screen pilot` draws one\n",
    )


def test_a_pilot_on_which_all_agree(office: Office) -> None:
    """Nobody differs; without a rule nothing is said to hold."""
    office.ok("screen", "pilot", "--size", "1", "--seed", "1", "--name", "x", by="dana")
    for who in ("ann", "bob"):
        office.ok("screen", "start", by=who, keys="i\nq\n")
    told = office.ok("screen", "calibration", "x")
    assert "nobody differs" in told
    assert "the protocol has no rule on agreement" in told
