"""Screening line by line, from a pipe and with keys on a plain terminal."""

from __future__ import annotations

import io
import os
import pty
import re
import select
import signal
import socket
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from dataclasses import dataclass
from fcntl import ioctl
from pathlib import Path

import pytest
from making import Maker
from sqlalchemy import Engine
from sqlalchemy import select as query
from team import FT, TA

from litreview import cli, db, flow, rounds, screening, streams
from litreview.cli.sitting import Sitting
from litreview.models import Decision, Person, Record
from litreview.rounds import Plan
from litreview.screening import Ballot

HOSTILE = "A \x1b]0;owned\x07 title \x1b[2J with \u009b31m and \u202e codes"
LONG = "Words that go on and on, as they do in abstracts, " * 8
PLAIN = re.compile(r"[\x20-\x7e\n·]*")
# Seconds to wait for something on the terminal; a loaded machine is slow.
PATIENCE = 30
QUIET = 0.6  # seconds after a card appears; keys within 0.3 are thrown away


@dataclass
class Desk:
    """A database in which ann has four records to screen, and a way to sit down."""

    engine: Engine
    url: str
    capture: pytest.CaptureFixture[str]
    patch: pytest.MonkeyPatch

    def sit(self, *keys: str, by: str = "ann", stage: str = TA) -> tuple[int, str, str]:
        """Screen with one line an answer; return exit status, stdout and stderr."""
        self.patch.setattr("sys.stdin", io.StringIO("".join(f"{k}\n" for k in keys)))
        self.capture.readouterr()
        words = ["screen", "start", "--stage", str(stage)]
        status = cli.run(["--database", self.url, "--as", by, *words])
        shown = self.capture.readouterr()
        return status, shown.out, shown.err

    def votes(self, who: str = "ann") -> list[tuple[int, str, str]]:
        """Return the record, verdict and note of all that somebody said, in order."""
        with db.snapshot(self.engine) as session:
            rows = session.execute(
                query(Decision.record_id, Decision.verdict, Decision.note)
                .join(Person, Person.id == Decision.screener_id)
                .where(Person.handle == who)
                .order_by(Decision.id)
            )
            return [(row[0], row[1], row[2]) for row in rows]

    def queue(self, who: str = "ann", stage: str = TA) -> list[int]:
        """Return the record ids that wait for somebody, in their order."""
        with db.snapshot(self.engine) as session:
            person = session.scalars(query(Person).where(Person.handle == who)).one()
            return rounds.queue(session, person, stage=stage)

    def vote(self, who: str, record_id: int, verdict: str, stage: str = TA) -> None:
        """Let somebody vote elsewhere."""
        with db.transaction(self.engine) as session:
            person = session.scalars(query(Person).where(Person.handle == who)).one()
            ballot = Ballot(record_id, stage, verdict)
            screening.decide(session, ballot, screener=person)


def fill(engine: Engine) -> None:
    """Make a team and four records, handed to ann and bob."""
    with db.transaction(engine) as session:
        make = Maker(session)
        make.review()
        for title, fields in (
            ("Trust in schools", {"year": 2019, "authors": "Doe, Jane"}),
            (HOSTILE, {"abstract": f"{HOSTILE}\n\n{LONG}", "doi": "10.5555/made"}),
            ("Time to learn", {"retracted": True}),
            ("Leaders explain", {"container_title": "Journal of Plans"}),
        ):
            make.record(title, **fields)
        rounds.assign(session, Plan(TA, seed=1), by=make.person("lead"))


@pytest.fixture
def desk(
    engine: Engine,
    database_url: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Desk:
    """Return the desk with four records on it."""
    fill(engine)
    return Desk(engine, database_url, capsys, monkeypatch)


# -- one line an answer --------------------------------------------------------------


def test_a_key_is_a_vote_on_what_is_shown(desk: Desk) -> None:
    """i, e and m vote in the order of the queue, and the loop ends with it."""
    order = desk.queue()
    status, out, err = desk.sit("i", "e", "m", "i")
    assert status == 0
    assert desk.votes() == [
        (order[0], "include", ""),
        (order[1], "exclude", ""),
        (order[2], "maybe", ""),
        (order[3], "include", ""),
    ]
    assert [f"{n} of 4 done" in out for n in range(5)] == [True] * 4 + [False]
    assert "4 voted on, 0 skipped, 0 left; every vote is stored" in err
    assert desk.sit("i")[2] == "nothing waits for ann at title_abstract\n"


def test_what_is_shown_is_the_record(desk: Desk) -> None:
    """Title, authors, year, place, link and abstract; what is missing is told."""
    _status, out, _err = desk.sit(*"ssss", "q")
    for words in (
        "Trust in schools",
        "Doe, Jane",
        "2019",
        "Journal of Plans",
        "https://doi.org/10.5555/made",
        "RETRACTED",
        "(no abstract)",
        "i include  e exclude  m maybe",
    ):
        assert words in out


def test_a_duplicate_seen_late_joins_its_report(desk: Desk) -> None:
    """D names the record that this is one with; likely ones are offered.

    The report comes back with both records, one vote is asked for it, and PRISMA
    counts a duplicate removed and one report less.
    """
    first, second, *_ = desk.queue()
    with db.transaction(desk.engine) as session:
        session.get_one(Record, first).doi = "10.5555/made"
        session.get_one(Record, second).doi = "10.5555/made"
    status, out, err = desk.sit("d", "", "d", "none", "d", str(second), "i", "q")
    assert status == 0
    assert f"  {second}  " in out
    assert "the same doi" in out
    assert "'none' is no record id" in err
    assert "2 records of one report" in out
    assert f"dedupe undo {first} {second}" in out
    assert desk.votes() == [(first, "include", "")]
    assert second not in desk.queue()
    with db.snapshot(desk.engine) as session:
        boxes = flow.flow(session).counts
    assert (boxes["duplicates"], boxes["records_screened"]) == (1, 0)


@pytest.mark.parametrize("answer", ["999", "9" * 40])
def test_a_duplicate_of_no_record_is_refused(desk: Desk, answer: str) -> None:
    """An id that nobody has, or that no database holds, stores nothing."""
    before = desk.queue()
    status, _, err = desk.sit("d", answer, "d", str(before[0]), "q")
    assert status == 0
    assert "no record" in err
    assert "itself" in err
    assert desk.queue() == before


def test_another_key_votes_nothing(desk: Desk) -> None:
    """It is answered with the keys there are; words are no keys, nor is Enter."""
    status, out, err = desk.sit("x", "include", "", "I", "q")
    assert status == 0
    assert desk.votes() == []
    assert err.count("i include  e exclude") == 4
    assert out.count("0 of 4 done") == 1


def test_quit_keeps_what_was_voted(desk: Desk) -> None:
    """Leaving with q is immediate; the rest still waits."""
    order = desk.queue()
    assert desk.sit("i", "q", "e", "e")[0] == 0
    assert desk.votes() == [(order[0], "include", "")]
    assert desk.queue() == order[1:]


def test_the_end_of_input_leaves(desk: Desk) -> None:
    """With nothing more to read the loop ends as with q, also in a question."""
    assert desk.sit()[0] == 0
    status, _out, err = desk.sit("n")
    assert status == 0
    assert "0 voted on" in err
    assert desk.votes() == []


def test_undo_takes_the_last_vote_back(desk: Desk) -> None:
    """Its record shows again, and the history keeps both rows."""
    order = desk.queue()
    status, out, _err = desk.sit("i", "u", "e", "q")
    assert status == 0
    assert [(n, said) for n, said, _note in desk.votes()] == [
        (order[0], "include"),
        (order[0], "withdrawn"),
        (order[0], "exclude"),
    ]
    assert f"taken back: record {order[0]}" in out


def test_undo_goes_back_as_far_as_this_sitting(desk: Desk) -> None:
    """Votes of an earlier sitting stay; several of this one are taken back."""
    order = desk.queue()
    desk.sit("i", "q")
    _status, _out, err = desk.sit("u", "i", "e", "u", "u", "u", "q")
    assert err.count("nothing to undo in this sitting") == 2
    with db.snapshot(desk.engine) as session:
        person = session.scalars(query(Person).where(Person.handle == "ann")).one()
        assert rounds.own_progress(session, person, stage=TA).done == 1
    assert desk.queue() == order[1:]


def test_undo_of_what_was_withdrawn_elsewhere_is_told(desk: Desk) -> None:
    """The loop says so and goes on."""
    order = desk.queue()
    real = screening.card

    def meanwhile(session: object, record_id: int) -> screening.Card:
        if record_id == order[1] and len(desk.votes()) == 1:
            words = ["screen", "withdraw", str(order[0])]
            assert cli.run(["--database", desk.url, "--as", "ann", *words]) == 0
        return real(session, record_id)  # type: ignore[arg-type]

    desk.patch.setattr(screening, "card", meanwhile)
    status, _out, err = desk.sit("i", "u", "e", "q")
    assert status == 0
    assert f"ann has no vote on record {order[0]} to take back" in err
    assert desk.votes()[-1][:2] == (order[1], "exclude")


def test_skip_puts_a_record_last(desk: Desk) -> None:
    """It comes back after the others, and nothing is stored of it."""
    order = desk.queue()
    status, _out, err = desk.sit("s", "i", "i", "i", "e")
    assert status == 0
    assert desk.votes()[-1][:2] == (order[0], "exclude")
    assert "4 voted on, 1 skipped, 0 left" in err


def test_a_note_goes_with_its_own_vote(desk: Desk) -> None:
    """It is stored with the vote on the record that it was written about."""
    order = desk.queue()
    desk.sit("n", "hard to tell", "m", "i", "q")
    assert desk.votes() == [
        (order[0], "maybe", "hard to tell"),
        (order[1], "include", ""),
    ]


def test_a_note_on_a_skipped_record_goes_to_no_other(desk: Desk) -> None:
    """Going on without a vote drops the note."""
    desk.sit("n", "about the first one", "s", "i", "q")
    assert [note for _n, _said, note in desk.votes()] == [""]


def test_c_shows_the_criteria(desk: Desk) -> None:
    """Inclusion, the reasons of this stage and the advice; then the card waits."""
    order = desk.queue()
    _status, out, _err = desk.sit("c", "i", "q")
    for words in ("I1  Say whom", "X-LANG  Not in a language", "* If in doubt"):
        assert words in out
    assert "X-OTHER" not in out
    assert desk.votes() == [(order[0], "include", "")]


def test_what_left_the_queue_meanwhile_is_not_shown(desk: Desk) -> None:
    """A record that others completed after the sitting began is passed over."""
    order = desk.queue()
    with db.transaction(desk.engine) as session:
        Maker(session).person("eve")
    real = Sitting.__init__

    def begin(self: Sitting, *given: object, **named: object) -> None:
        real(self, *given, **named)  # type: ignore[arg-type]
        desk.vote("bob", order[0], "include")
        desk.vote("eve", order[0], "include")

    desk.patch.setattr(Sitting, "__init__", begin)
    status, out, _err = desk.sit("e", "q")
    assert status == 0
    assert desk.votes() == [(order[1], "exclude", "")]
    assert "1 of 4 done" in out


def test_a_refused_vote_is_told_and_the_record_stays(desk: Desk) -> None:
    """Whoever leaves the review while sitting there cannot vote any more."""
    real = Sitting.__init__

    def begin(self: Sitting, *given: object, **named: object) -> None:
        real(self, *given, **named)  # type: ignore[arg-type]
        with db.transaction(desk.engine) as session:
            session.scalars(
                query(Person).where(Person.handle == "ann")
            ).one().active = False

    desk.patch.setattr(Sitting, "__init__", begin)
    status, _out, err = desk.sit("i", "q")
    assert status == 0
    assert "ann has left the review" in err
    assert "0 voted on" in err
    assert desk.votes() == []


def test_escape_sequences_are_not_sent_on(desk: Desk) -> None:
    """A title or abstract cannot speak to the terminal."""
    _status, out, err = desk.sit(*"ssss", "q")
    assert "with " in out
    assert PLAIN.fullmatch(out), re.sub(PLAIN, "", out)
    assert PLAIN.fullmatch(err)


def test_a_narrow_terminal_gets_narrow_lines(desk: Desk) -> None:
    """At 40 columns no line is longer, the keys and criteria included."""
    desk.patch.setenv("COLUMNS", "40")
    _status, out, err = desk.sit(*"scsxs", "q")
    assert max(map(len, [*out.splitlines(), *err.splitlines()])) <= 40
    assert "q quit" in out


def test_no_network_is_used(desk: Desk) -> None:
    """Screening works on a train."""

    def refuse(*_given: object, **_named: object) -> None:
        raise AssertionError

    if desk.url.startswith("sqlite"):
        desk.patch.setattr(socket, "create_connection", refuse)
        desk.patch.setattr(socket.socket, "connect", refuse)
    assert desk.sit("i", "q")[0] == 0


def test_a_stranger_is_refused(desk: Desk) -> None:
    """Who is not in the team gets a message and an exit status."""
    status, out, err = desk.sit("i", by="zoe")
    assert (status, out) == (1, "")
    assert "nobody here is called 'zoe'" in err


# -- full text -----------------------------------------------------------------------


@pytest.fixture
def texts(desk: Desk) -> Desk:
    """Return the desk after titles: two records wait for ann at full text."""
    with db.transaction(desk.engine) as session:
        make = Maker(session)
        criteria = make.protocol()
        make.protocol(
            criteria.criteria_text.replace(
                "stream_required: false\n\n#", "stream_required: true\n\n#"
            )
        )
    for record_id in desk.queue()[:2]:
        desk.vote("ann", record_id, "include")
        desk.vote("bob", record_id, "include")
    with db.transaction(desk.engine) as session:
        rounds.assign(session, Plan(FT, seed=1), by=Maker(session).person("lead"))
    return desk


def said(desk: Desk) -> list[tuple[str, str, tuple[str, ...]]]:
    """Return ann's verdicts at full text with reason and streams."""
    with db.snapshot(desk.engine) as session:
        named = streams.named(session)
        rows = session.scalars(query(Decision).where(Decision.stage == FT))
        return [(row.verdict, row.reason, named.get(row.id, ())) for row in rows]


def test_reasons_are_given_by_number(texts: Desk) -> None:
    """An exclusion asks for its reason, in the order of the protocol."""
    status, out, _err = texts.sit("e", "4", "q", stage=FT)
    assert status == 0
    assert " 4  X-POP  Wrong population" in out
    assert said(texts) == [("exclude", "X-POP", ())]


def test_streams_are_given_by_number(texts: Desk) -> None:
    """An inclusion may serve several; a number counts once."""
    texts.sit("i", "2, 1 2", "i", "1", stage=FT)
    assert said(texts) == [
        ("include", "", ("theorises_concept", "validates_instrument")),
        ("include", "", ("theorises_concept",)),
    ]


@pytest.mark.parametrize("answer", ["0", "8", "-1", "X-POP", "4 x", "²", "1 2", ""])
def test_a_bad_number_votes_nothing(texts: Desk, answer: str) -> None:
    """It is told, the record stays, and the next try counts."""
    status, _out, err = texts.sit("e", answer, "e", "1", "q", stage=FT)
    assert status == 0
    assert said(texts) == [("exclude", "X-LANG", ())]
    if answer:
        assert "is not in the list" in err or "one number only" in err


def test_maybe_is_no_verdict_at_full_text(texts: Desk) -> None:
    """The key is not offered there, and pressing it says so."""
    _status, out, err = texts.sit("m", "q", stage=FT)
    assert "m maybe" not in out
    assert "maybe is no verdict at full_text" in err
    assert said(texts) == []


# -- a real terminal -----------------------------------------------------------------


class Terminal:
    """`litreview screen start` on a terminal of its own."""

    def __init__(self, url: str, *, typed: str = "", **environment: str) -> None:
        self.master, slave = pty.openpty()
        ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 60, 0, 0))
        if typed:
            os.write(self.master, typed.encode())
        root = str(Path(__file__).resolve().parent.parent)
        words = ["--database", url, "--as", "ann", "screen", "start", "--plain"]
        # The size is the terminal's own, whatever the shell around the tests says.
        own = {k: v for k, v in os.environ.items() if k not in {"COLUMNS", "LINES"}}
        self.process = subprocess.Popen(
            [sys.executable, "-m", "litreview", *words],
            stdin=slave,
            stdout=slave,
            stderr=slave,
            env={**own, "PYTHONPATH": root, "TERM": "xterm", **environment},
            start_new_session=True,
            preexec_fn=lambda: ioctl(0, termios.TIOCSCTTY, 0),  # noqa: PLW1509
        )
        os.close(slave)
        self.text = ""

    def wait_for(self, words: str, times: int = 1) -> None:
        """Read until some words have been shown so many times."""
        end = time.monotonic() + PATIENCE
        while self.text.count(words) < times:
            assert time.monotonic() < end, self.text
            self._read(0.1)

    def _read(self, seconds: float) -> bool:
        if not select.select([self.master], [], [], seconds)[0]:
            return True
        try:
            read = os.read(self.master, 4096)
        except OSError:  # the other side has gone
            return False
        self.text += read.decode(errors="replace")
        return bool(read)

    def press(self, keys: str) -> None:
        """Press keys, after the time in which they are thrown away."""
        time.sleep(QUIET)
        os.write(self.master, keys.encode())

    def leave(self) -> int:
        """Read to the end and return the exit status."""
        end = time.monotonic() + PATIENCE
        while self.process.poll() is None and time.monotonic() < end:
            self._read(0.05)
        return self.process.wait(timeout=1)

    def close(self) -> None:
        """End it, whatever it does."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()
        os.close(self.master)


@pytest.fixture
def terminals() -> Iterator[list[Terminal]]:
    """Return a list of terminals that are closed afterwards."""
    opened: list[Terminal] = []
    yield opened
    for terminal in opened:
        terminal.close()


def test_keys_typed_ahead_never_vote(desk: Desk, terminals: list[Terminal]) -> None:
    """Ten keys before the first card, and ten after a vote, are thrown away."""
    terminal = Terminal(desk.url, typed="i" * 10)
    terminals.append(terminal)
    terminal.wait_for("0 of 4 done")
    terminal.press("")
    assert desk.votes() == []
    os.write(terminal.master, b"e" + b"i" * 10)
    terminal.wait_for("1 of 4 done")
    terminal.press("q")
    assert terminal.leave() == 0
    assert [verdict for _n, verdict, _note in desk.votes()] == ["exclude"]


def test_a_vote_is_stored_before_the_next_card(
    desk: Desk, terminals: list[Terminal]
) -> None:
    """Killed as soon as the next card shows, nothing is lost."""
    order = desk.queue()
    terminal = Terminal(desk.url)
    terminals.append(terminal)
    terminal.wait_for("0 of 4 done")
    terminal.press("m")
    terminal.wait_for("1 of 4 done")
    terminal.process.send_signal(signal.SIGKILL)
    terminal.process.wait()
    assert desk.votes() == [(order[0], "maybe", "")]


def test_ctrl_c_leaves_cleanly(desk: Desk, terminals: list[Terminal]) -> None:
    """The exit status is 130, what was voted is stored, the terminal is itself."""
    order = desk.queue()
    terminal = Terminal(desk.url)
    terminals.append(terminal)
    before = termios.tcgetattr(terminal.master)[3]
    terminal.wait_for("0 of 4 done")
    terminal.press("i")
    terminal.wait_for("1 of 4 done")
    terminal.press("\x03")
    assert terminal.leave() == 130
    assert "what was acknowledged is stored" in terminal.text
    assert "Traceback" not in terminal.text
    assert termios.tcgetattr(terminal.master)[3] == before
    assert desk.votes() == [(order[0], "include", "")]


def test_a_plain_terminal_gets_no_codes(desk: Desk, terminals: list[Terminal]) -> None:
    """With TERM=dumb and NO_COLOR nothing but text is sent; Ctrl-D leaves."""
    terminal = Terminal(desk.url, TERM="dumb", NO_COLOR="1")
    terminals.append(terminal)
    for number in range(1, 5):
        terminal.wait_for("0 of 4 done", times=number)
        terminal.press("s")
    terminal.wait_for("0 of 4 done", times=5)
    terminal.press("\x04")
    assert terminal.leave() == 0
    assert PLAIN.fullmatch(terminal.text.replace("\r", "")), terminal.text
    assert max(map(len, terminal.text.splitlines())) <= 60
    assert "Trust in schools" in terminal.text
