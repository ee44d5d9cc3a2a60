"""Screening on a full screen: keys through a pipe, and on real terminals."""

from __future__ import annotations

import os
import random
import re
import signal
import sqlite3
import termios
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from making import Maker
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.output import DummyOutput
from sqlalchemy import Engine
from sqlalchemy import select as query
from sqlalchemy.exc import OperationalError
from team import FT, TA
from terminal import Terminal

from litreview import annotations as beside
from litreview import db, rounds, screening
from litreview.cli.app import App
from litreview.cli.screen_full import Full
from litreview.cli.screen_view import compose
from litreview.cli.sitting import Sitting
from litreview.models import Decision, Person, ProtocolVersion
from litreview.rounds import Plan
from litreview.screening import Ballot

RECORDS = 4
KILLS = 4  # of a screener at work, each at another moment
Step = tuple[str, Callable[[Full], bool]]


@dataclass
class Desk:
    """A database in which ann has four records to screen."""

    engine: Engine
    url: str

    def sit(self, stage: str = TA) -> Sitting:
        """Return ann's sitting."""
        return Sitting(App(Path(), self.url, "ann"), stage, tell=print)

    def press(
        self, *keys: str, stage: str = TA, sitting: Sitting | None = None
    ) -> list[str]:
        """Press keys, each when the last is dealt with; return the screens before.

        Nothing is waited for but the work itself.
        """
        screens: list[str] = []
        left = list(keys)
        with create_pipe_input() as source:
            face = Full(
                sitting or self.sit(stage),
                source=source,
                target=DummyOutput(),
                quiet=0,
            )

            sent = heard = 0

            def count(_processor: object) -> None:
                nonlocal heard
                heard += 1

            def rendered(_app: object) -> None:
                nonlocal sent
                if heard < sent or face.app.is_done:
                    return
                if not face.attention.there() and face.app.loop is not None:
                    face.app.loop.call_later(0.02, face.app.invalidate)
                elif not face.busy:
                    screens.append(shown(face))
                    source.send_text(left.pop(0) if left else "\x03")
                    sent += 1

            face.app.key_processor.after_key_press += count
            face.app.after_render += rendered
            try:
                face.run()
            except KeyboardInterrupt:
                assert not left
            finally:
                face.sitting.app.close()
        return screens

    def votes(self) -> list[tuple[int, str, str, str]]:
        """Return the record, verdict, reason and note of all that ann said."""
        with db.snapshot(self.engine) as session:
            rows = session.scalars(query(Decision).order_by(Decision.id))
            return [(r.record_id, r.verdict, r.reason, r.note) for r in rows]

    def queue(self, stage: str = TA) -> list[int]:
        """Return what waits for ann."""
        with db.snapshot(self.engine) as session:
            ann = session.scalars(query(Person).where(Person.handle == "ann")).one()
            return rounds.queue(session, ann, stage=stage)

    def beside(self, record_id: int) -> list[tuple[str, str]]:
        """Return ann's notes and labels on a record."""
        with db.snapshot(self.engine) as session:
            ann = session.scalars(query(Person).where(Person.handle == "ann")).one()
            found = beside.own(session, record_id, by=ann)
            return [(str(one.kind), one.text) for one in found]


def shown(face: Full) -> str:
    """Return what a face shows."""
    size = face.app.output.get_size()
    lines = compose(face._view(), size.columns, size.rows).lines
    return "\n".join("".join(text for _, text in line) for line in lines)


@pytest.fixture
def desk(engine: Engine, database_url: str) -> Desk:
    """Return the desk with four records on it."""
    with db.transaction(engine) as session:
        make = Maker(session)
        make.review()
        for number in range(1, RECORDS + 1):
            make.record(
                f"Title number {number}",
                doi=f"10.5555/{number}",
                abstract="Words that go on. " * 400 * (number % 2) + f"Ends {number}.",
            )
        rounds.assign(session, Plan(TA, seed=1), by=make.person("lead"))
    return Desk(engine, database_url)


# -- keys ----------------------------------------------------------------------------


def test_a_key_is_a_stored_vote_on_what_is_shown(desk: Desk) -> None:
    """I, e and m vote in the order of the queue; then nothing is left, q leaves."""
    order = desk.queue()
    screens = desk.press("i", "e", "m", "i", "q")
    said = [vote[:2] for vote in desk.votes()]
    verdicts = ("include", "exclude", "maybe", "include")
    assert said == list(zip(order, verdicts, strict=True))
    for number, screen in zip(order, screens, strict=False):
        assert f"Title number {number}" in screen
        assert f"record {number}" in screen
    assert "0 of 4 done" in screens[0]
    assert f"maybe: record {order[2]} (u takes it back)" in screens[3]
    assert "Nothing waits for you any more" in screens[4]


def test_a_card_shows_only_when_the_vote_before_it_is_stored(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whenever a record is read for the screen, the votes before it are committed."""
    real = screening.card
    stored: list[int] = []

    def look(session: object, record_id: int) -> screening.Card:
        stored.append(len(desk.votes()))
        return real(session, record_id)  # type: ignore[arg-type]

    monkeypatch.setattr(screening, "card", look)
    desk.press("i", "e", "i", "q")
    assert stored == [0, 1, 2, 3]


def test_undo_goes_back_through_the_sitting(desk: Desk) -> None:
    """Every vote of the sitting is taken back, the last first, also after the end."""
    order = desk.queue()
    screens = desk.press("i", "e", "i", "e", "u", "u", "u", "u", "u", "q")
    said = [vote[:2] for vote in desk.votes()][4:]
    assert said == [(number, "withdrawn") for number in reversed(order)]
    assert "nothing to undo in this sitting" in screens[-1]
    assert desk.queue() == order


def test_a_skipped_record_comes_back(desk: Desk) -> None:
    """S puts it last; a note on it is kept beside it and shows again."""
    order = desk.queue()
    screens = desk.press("n", *"odd", "\r", "s", "i", "i", "i", "e", "q")
    assert desk.beside(order[0]) == [("note", "odd")]
    assert "your note: odd" in screens[-2] or "PgDn" in screens[-2]
    assert desk.votes()[-1] == (order[0], "exclude", "", "")


def test_a_note_goes_with_the_vote_and_comes_back_with_an_undo(desk: Desk) -> None:
    """It is stored with the vote it was written for, again after an undo."""
    order = desk.queue()
    desk.press("n", *"hard case", "\x17", *"one", "\r", "m", "u", "e", "q")
    assert desk.votes() == [
        (order[0], "maybe", "", "hard one"),
        (order[0], "withdrawn", "", ""),
        (order[0], "exclude", "", "hard one"),
    ]


def test_leaving_keeps_a_note(desk: Desk) -> None:
    """Of a record that was not voted on it is kept beside the record."""
    order = desk.queue()
    desk.press("n", *"later", "\r", "q")
    assert desk.beside(order[0]) == [("note", "later")]


def test_labels_are_set_and_taken_off(desk: Desk) -> None:
    """A new one is typed, a known one is told by its number."""
    order = desk.queue()
    screens = desk.press(
        *(
            "l",
            *"method",
            "\r",
            "i",
            "l",
            "1",
            "\r",
            "l",
            "1",
            "\r",
            "l",
            "9",
            "\r",
            "q",
        )
    )
    assert desk.beside(order[0]) == [("label", "method")]
    assert desk.beside(order[1]) == []
    assert any(" 1 x method" in screen for screen in screens)
    assert "'9' is not in the list" in screens[-1]


def test_letters_in_a_note_vote_nothing(desk: Desk) -> None:
    """While a line is typed in, i, e and q are letters; Escape goes back."""
    screens = desk.press("n", *"i e q", "\x1b", "q")
    assert desk.votes() == []
    assert "note: i e q" in screens[-2]


def test_a_paste_votes_nothing(desk: Desk) -> None:
    """What is pasted on a card is no key; in a line it is its words."""
    order = desk.queue()
    desk.press(
        "\x1b[200~ieq\ni\x1b[201~", "n", "\x1b[200~two\nlines\x1b[201~", "\r", "i"
    )
    assert desk.votes() == [(order[0], "include", "", "two lines")]


def test_pages_scroll_and_go_back(desk: Desk) -> None:
    """Help and criteria show; any key goes back and is not acted on."""
    screens = desk.press("?", "i", "c", "e", "q")
    assert "take your last vote back" in screens[1]
    assert "X-LANG  Not in a language we read" in screens[3]
    assert desk.votes() == []


def test_a_long_abstract_scrolls(desk: Desk) -> None:
    """Its end comes with PgDn or End, not before; Home goes back to its beginning."""
    first = next(n for n in desk.queue() if n % 2)
    skips = desk.queue().index(first)
    down = ("\x1b[6~",) * 2
    screens = desk.press(*"s" * skips, *down, "\x1b[H", "\x1b[F", "q")[skips:]
    ends = [f"Ends {first}." in screen for screen in screens]
    assert ends == [False, False, True, False, True]
    assert [f"Title number {first}" in screen for screen in screens][2:] == [0, 1, 0]


def test_a_duplicate_is_told(desk: Desk) -> None:
    """D takes the id of the other record; the report shows with both."""
    _, second, *_ = desk.queue()
    screens = desk.press("d", *str(second), "\r", "d", *"x1", "\r", "q")
    assert "2 records of one report" in screens[-2]
    assert "'x1' is no record id" in screens[-1]


def test_addresses_are_told_where_no_browser_opens(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Over SSH the DOI is there to be copied; a text that nobody has is told."""
    monkeypatch.setenv("SSH_CONNECTION", "somewhere")
    first = desk.queue()[0]
    screens = desk.press("o", "t", "q")
    assert f"https://doi.org/10.5555/{first}" in screens[1].splitlines()[-4]
    assert "no open-access full text is known" in screens[2]


def test_another_key_is_told_and_votes_nothing(desk: Desk) -> None:
    """Capitals, digits, Enter and Escape are no keys of a card."""
    screens = desk.press("x", "I", "1", "\r", "\x1b", "q")
    assert sum("that is no key here" in screen for screen in screens) >= 3
    assert desk.votes() == []


# -- full text -----------------------------------------------------------------------


@pytest.fixture
def texts(desk: Desk) -> Desk:
    """Return the desk after titles: two records wait for ann at full text."""
    with db.transaction(desk.engine) as session:
        make = Maker(session)
        text = session.scalars(query(ProtocolVersion)).one().criteria_text
        make.protocol(
            text.replace("stream_required: false\n\n#", "stream_required: true\n\n#")
        )
        for record_id in desk.queue()[:2]:
            for who in ("ann", "bob"):
                ballot = Ballot(record_id, TA, "include")
                screening.decide(session, ballot, screener=make.person(who))
        rounds.assign(session, Plan(FT, seed=1), by=make.person("lead"))
    return desk


def test_reasons_and_streams_are_asked_for_by_number(texts: Desk) -> None:
    """One digit is a reason where no longer number begins so; streams end by Enter."""
    first, second = texts.queue(FT)
    screens = texts.press("e", "4", "i", *"2 1", "\r", "q", stage=FT)
    assert " 4  X-POP  Wrong population" in screens[1]
    assert "m maybe" not in screens[0]
    assert [vote[:3] for vote in texts.votes()[4:]] == [
        (first, "exclude", "X-POP"),
        (second, "include", ""),
    ]


def test_a_wrong_number_votes_nothing(texts: Desk) -> None:
    """It is told, the card stays; maybe is refused at full text."""
    screens = texts.press(
        "e", "9", "i", *"1 9", "\r", "i", ",", "\r", "m", "q", stage=FT
    )
    assert "'9' is not in the list" in screens[2]
    assert "'1 9' is not in the list" in screens[-5]
    assert "',' is not in the list" in screens[-2]
    assert "maybe is no verdict at full_text" in screens[-1]
    assert len(texts.votes()) == 4


# -- what fails ----------------------------------------------------------------------


def test_a_vote_that_cannot_be_stored_keeps_the_card(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Why is said in words, nothing is stored, and the next try counts."""
    order = desk.queue()
    real = screening.decide
    errors = [OperationalError("INSERT", {}, sqlite3.OperationalError("it is broken"))]

    def fail(*given: object, **named: object) -> Decision:
        if errors:
            raise errors.pop()
        return real(*given, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(screening, "decide", fail)
    screens = desk.press("e", "i", "q")
    # Without a word of the server's own, PostgreSQL is taken to be out of reach.
    words = ("the database did not take it; nothing was stored", "cannot be reached")
    assert any(told in screens[1] for told in words)
    assert f"record {order[0]}" in screens[1].splitlines()[0]
    assert desk.votes() == [(order[0], "include", "", "")]


def test_a_next_record_that_cannot_be_read_is_tried_again(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The vote before it is stored and told so; any key reads again."""
    order = desk.queue()
    sitting = desk.sit()
    real, calls = screening.card, []

    def fail(session: object, record_id: int) -> screening.Card:
        calls.append(record_id)
        if len(calls) == 2:
            raise OperationalError("SELECT", {}, sqlite3.OperationalError("gone"))
        return real(session, record_id)  # type: ignore[arg-type]

    monkeypatch.setattr(screening, "card", fail)
    screens = desk.press("i", "x", "e", "q", sitting=sitting)
    assert f"include: record {order[0]}" in screens[1]
    assert "the next record cannot be read" in screens[1]
    assert [vote[:2] for vote in desk.votes()] == [
        (order[0], "include"),
        (order[1], "exclude"),
    ]


def test_a_bug_is_no_silence(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """What nobody expects ends the screen with its traceback."""

    def fail(*_given: object, **_named: object) -> Decision:
        raise ZeroDivisionError

    monkeypatch.setattr(screening, "decide", fail)
    with pytest.raises(ZeroDivisionError):
        desk.press("i")
    assert desk.votes() == []


# -- real terminals --------------------------------------------------------------------


@pytest.fixture
def terminals() -> Iterator[list[Terminal]]:
    """Return a list of terminals that are closed afterwards."""
    opened: list[Terminal] = []
    yield opened
    for terminal in opened:
        terminal.close()


@pytest.fixture
def sit_down(desk: Desk, terminals: list[Terminal]) -> Callable[..., Terminal]:
    """Return what opens ann's sitting on a terminal."""

    def begin(rows: int = 24, columns: int = 80, **environment: str) -> Terminal:
        words = ("--database", desk.url, "--as", "ann", "screen", "start")
        made = Terminal(*words, rows=rows, columns=columns, **environment)
        terminals.append(made)
        return made

    return begin


def test_keys_typed_ahead_never_vote(
    desk: Desk, sit_down: Callable[..., Terminal]
) -> None:
    """Ten keys before the first card, and ten with a vote, are thrown away."""
    terminal = sit_down()
    terminal.send("i" * 10)
    terminal.wait_for("0 of 4 done")
    terminal.send("i" * 10)
    time.sleep(0.1)
    assert desk.votes() == []
    terminal.press_until("x", "that is no key here")
    terminal.send("e" + "i" * 10)
    terminal.wait_for("1 of 4 done")
    terminal.press_until("q", "every vote is stored")
    assert terminal.leave() == 0
    assert [vote[1] for vote in desk.votes()] == ["exclude"]


def test_a_terminal_that_answers_nothing_is_not_waited_for(
    desk: Desk, sit_down: Callable[..., Terminal], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Keys count all the same, a little later."""
    monkeypatch.setattr("terminal.WHERE", "never asked")
    terminal = sit_down()
    terminal.wait_for("0 of 4 done")
    terminal.press_until("m", "1 of 4 done")
    terminal.press_until("q", "every vote is stored")
    assert terminal.leave() == 0
    assert [vote[1] for vote in desk.votes()] == ["maybe"]


@pytest.mark.parametrize(
    ("key", "status", "words"),
    [("\x03", 130, "what was acknowledged is stored"), ("\x04", 0, "1 voted on")],
)
def test_the_terminal_is_itself_again(
    desk: Desk, sit_down: Callable[..., Terminal], key: str, status: int, words: str
) -> None:
    """After Ctrl-C and Ctrl-D; what was voted is stored."""
    order = desk.queue()
    terminal = sit_down()
    before = termios.tcgetattr(terminal.master)[3]
    terminal.wait_for("0 of 4 done")
    terminal.press_until("i", "1 of 4 done")
    terminal.press_until(key, words)
    assert terminal.leave() == status
    assert "Traceback" not in terminal.text
    assert terminal.text.rfind("\x1b[?1049l") > terminal.text.rfind("\x1b[?1049h")
    assert termios.tcgetattr(terminal.master)[3] == before
    assert [vote[:2] for vote in desk.votes()] == [(order[0], "include")]


def test_sigterm_restores_the_terminal(
    desk: Desk, sit_down: Callable[..., Terminal]
) -> None:
    """The exit status is 143, and the screen is given back."""
    terminal = sit_down()
    before = termios.tcgetattr(terminal.master)[3]
    terminal.wait_for("0 of 4 done")
    terminal.process.terminate()
    assert terminal.leave() == 143, terminal.text
    assert "Traceback" not in terminal.text
    assert termios.tcgetattr(terminal.master)[3] == before
    assert desk.votes() == []


def test_a_new_size_draws_again(sit_down: Callable[..., Terminal]) -> None:
    """From 80 by 24 to 40 by 10, to next to nothing, and back."""
    terminal = sit_down()
    terminal.wait_for("0 of 4 done", "i include", "Title number")
    for rows, columns, words in (
        (10, 40, "0 of 4 done"),
        (2, 12, ""),
        (24, 80, "quit"),
    ):
        terminal.resize(rows, columns)
        terminal.wait_for(*filter(None, ["Title", words]))
    terminal.press_until("q", "every vote is stored")
    assert terminal.leave() == 0


def test_no_colour_means_none(sit_down: Callable[..., Terminal]) -> None:
    """With NO_COLOR there is form (bold, underlined, reversed) and no colour."""
    terminal = sit_down(NO_COLOR="1")
    terminal.wait_for("0 of 4 done")
    numbers = {
        number
        for codes in re.findall(r"\x1b\[([0-9;]+)m", terminal.text)
        for number in codes.split(";")
    }
    assert numbers - {"39", "49"} <= {"0", "1", "4", "7"}
    assert "7" in numbers


@pytest.mark.parametrize("seed", range(KILLS))
def test_a_kill_loses_nothing_acknowledged(
    desk: Desk, sit_down: Callable[..., Terminal], seed: int
) -> None:
    """Killed at any moment it has stored all votes it told of, and one more at most."""
    draw = random.Random(seed)  # noqa: S311 - moments that can be tried again
    terminal = sit_down()
    terminal.wait_for("0 of 4 done")
    keys = draw.randint(0, RECORDS - 1)
    for number in range(keys):
        terminal.press_until("i", f"{number + 1} of 4 done")
    terminal.send("e" if draw.random() < 0.8 else "")
    end = time.monotonic() + draw.uniform(0, 0.6)
    while time.monotonic() < end:
        terminal.read(0.005)
    os.kill(terminal.process.pid, signal.SIGKILL)
    terminal.process.wait()
    while terminal.read(0) and terminal.text.endswith(("\x1b", "[")):
        pass
    acknowledged = int(re.findall(r"(\d) of 4 done", terminal.screen.text)[-1])
    assert acknowledged >= keys
    assert acknowledged <= len(desk.votes()) <= acknowledged + 1
    # `check` is run on the database by the fixture, as after every test.
