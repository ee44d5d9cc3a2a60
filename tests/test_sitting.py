"""The sitting that both faces share."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from making import Maker
from sqlalchemy import Engine
from sqlalchemy import select as query
from sqlalchemy.orm import Session

from litreview import db, packfile, packs, rounds
from litreview.cli import screen_words
from litreview.cli.app import App
from litreview.cli.sitting import PAUSE, Sitting
from litreview.errors import UsageError
from litreview.models import Person
from litreview.rounds import Plan
from litreview.vocabulary import Stage

TA = Stage.TITLE_ABSTRACT


@pytest.fixture
def app(engine: Engine, database_url: str) -> App:
    """Return ann's way into a review in which three records wait for her."""
    with db.transaction(engine) as session:
        make = Maker(session)
        make.review()
        for number in range(3):
            make.record(f"Title {number}")
        rounds.assign(session, Plan(TA, seed=1), by=make.person("lead"))
    return App(Path(), database_url, "ann")


def sit(app: App) -> Sitting:
    """Sit down."""
    return Sitting(app, TA, tell=print)


def test_the_pace_leaves_pauses_out(app: App, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever had lunch between two records did not need an hour for one."""
    clock = [0.0]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    sitting = sit(app)
    assert sitting.seconds_each is None
    assert screen_words.pace(sitting) == ""
    for number, seconds in zip(list(sitting.queue), (0, PAUSE + 1, 30), strict=True):
        clock[0] += seconds
        sitting.vote(number, "include")
    assert sitting.seconds_each == pytest.approx(30)
    sitting.undo()
    assert sitting.seconds_each is None
    app.close()


def test_the_time_left_is_told_in_words() -> None:
    """Minutes, and hours from one on."""
    told = [screen_words.duration(seconds) for seconds in (1, 150, 3600, 5400, 90000)]
    assert told == ["1 min", "2 min", "1.0 h", "1.5 h", "25 h"]


def test_what_left_the_queue_is_passed_over(app: App) -> None:
    """A record that no longer waits is counted as done, and not shown."""
    sitting = sit(app)
    first, second, _ = sitting.queue
    sit(app).vote(first, "include")
    sight = sitting.next()
    assert sight is not None
    assert (sight.card.record_id, sitting.done) == (second, 1)
    app.close()


def test_a_pack_takes_votes_only(app: App, tmp_path: Path) -> None:
    """Labels and duplicates are refused in words; a note waits for its vote."""

    def packed(session: Session) -> packfile.Content:
        ann = session.scalars(query(Person).where(Person.handle == "ann")).one()
        return packs.make(session, screener=ann, stage=TA, by=ann)

    target = tmp_path / "one.litpack"
    packfile.write(app.write(packed), target)
    app.close()
    inside = App(Path(), f"sqlite:///{target}", "ann")
    sitting = sit(inside)
    first = sitting.queue[0]
    for act in (
        sitting.labels,
        lambda: sitting.toggle_label(first, "x", []),
        lambda: sitting.likely(first),
        lambda: sitting.duplicate_of(first, "2"),
    ):
        with pytest.raises(UsageError, match="a pack takes votes only"):
            act()
    sitting.take_note(first, "wait")
    sitting.skip(first)
    sight = sitting.look(first)
    assert sight is not None
    assert (sight.note, sight.own) == ("wait", ())
    inside.close()
