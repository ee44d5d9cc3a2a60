"""Who may do what: one table of everything that writes, tried with every role.

The services check the role, not the command line, so that no other way in forgets it.
A function that takes a person and is in none of the lists here fails a test.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from itertools import product

import pytest
from desk import FT, TA, Desk
from making import REVIEW, Maker
from sqlalchemy import func, select
from sqlalchemy.orm import Session

import litreview
from litreview import (
    audits,
    ballots,
    board,
    calibration,
    coding,
    configuration,
    dedupe,
    draws,
    fulltext,
    groups,
    intake,
    packs,
    quorum,
    records,
    removal,
    reopening,
    review,
    rounds,
    runs,
    screening,
    settling,
    snowball,
    unpacking,
    votes,
)
from litreview.annotations import label as put_label
from litreview.annotations import note as put_note
from litreview.declarative import Base, now
from litreview.errors import LitreviewError, NotAllowedError
from litreview.filenames import Named
from litreview.models import Assignment, ProtocolVersion, Record
from litreview.packfile import Manifest, Pack
from litreview.protocol import STARTER_CRITERIA
from litreview.queries import Request
from litreview.review import Texts
from litreview.searches import Search
from litreview.vocabulary import Direction, Role

ROLES = [str(role) for role in Role]
LEAD = {"lead"}
VOTERS = {"lead", "screener", "arbiter"}
WORKERS = {"lead", "screener", "arbiter", "coder"}
CODERS = {"lead", "screener", "coder"}


@dataclass
class World:
    """A review with a record for everything; each handle is a role's name."""

    desk: Desk
    make: Maker
    records: dict[str, Record]
    code_id: int

    @property
    def session(self) -> Session:
        """The session of the desk."""
        return self.desk.session


Act = Callable[[World, str], object]


@pytest.fixture
def world(session: Session, make: Maker) -> World:
    """Return a review in which everything could be done next."""
    make.review("ann", "bob")
    make.codebook()
    for role in ROLES:
        make.person(role)
    make.person("chair", Role.LEAD)
    desk = Desk(session)
    names = ("fresh", "own", "conflict", "passed", "kept", "gone", "one", "two", "old")
    made = {name: make.record(name) for name in names}
    desk.votes(made["conflict"], ann="include", bob="exclude")
    for name in ("passed", "kept"):
        desk.votes(made[name], ann="include", bob="include")
    desk.votes(made["kept"], FT, ann="include", bob="include")
    desk.remove(made["gone"])
    for role in ROLES:
        # Whoever votes no more had a vote before.
        desk.vote(role, made["own"], "include")
        desk.person(role).role = role
    passage = coding.Passage("fit.end", "They say so.", "p. 1")
    coded = coding.add(session, by="lead", record_id=made["kept"].id, passage=passage)
    make.person("dan").active = False
    make.person("eve").paused = True
    session.flush()
    return World(desk, make, made, coded.code.id)


def record(world: World, name: str) -> int:
    """Return a record's id."""
    return world.records[name].id


def depart(world: World) -> None:
    """Let dan vote and leave."""
    world.desk.leave("dan", active=True)
    world.desk.vote("dan", world.records["old"], "include")
    world.desk.leave("dan")


def amended(world: World) -> None:
    """Put other criteria in force."""
    world.make.protocol(STARTER_CRITERIA.replace("Wrong population", "No teachers"))


def allow_single(world: World) -> None:
    """Put a protocol in force that lets one person screen a half."""
    one = "title_abstract: {per_record: 2"
    text = REVIEW.replace(one, f"{one}, single_screened: 0.5")
    world.session.add(
        ProtocolVersion(sha256="s", review_text=text, criteria_text=STARTER_CRITERIA)
    )
    world.session.flush()


# -- what is done ----------------------------------------------------------------------


def vote(world: World, who: str) -> object:
    """Vote on a record."""
    return world.desk.vote(who, world.records["fresh"], "include")


def withdraw(world: World, who: str) -> object:
    """Take one's own vote back."""
    return world.desk.withdraw(who, world.records["own"])


def take_back(world: World, who: str) -> object:
    """Take a vote back that was taken back on a copy."""
    main = quorum.main_round(world.session, TA)
    assert main is not None
    seen = screening.Seen(main.id, 1, None, None)
    number = record(world, "fresh")
    ballot = screening.Ballot(number, TA, "withdrawn", seen=seen, at=now())
    person = world.desk.person(who)
    return screening.take_back(world.session, ballot, screener=person, recorder=person)


def settle(world: World, who: str) -> object:
    """Arbitrate a conflict."""
    return world.desk.settle(who, world.records["conflict"], "include")


def set_aside(world: World, who: str) -> object:
    """Set a departed person's votes aside."""
    depart(world)
    return settling.set_aside(
        world.session,
        record(world, "old"),
        screener=world.desk.person("dan"),
        by=world.desk.person(who),
        why="left",
    )


def reopen(world: World, who: str) -> object:
    """Reopen what rests on earlier criteria."""
    amended(world)
    wish = reopening.Wish(TA, since=1)
    by = world.desk.person(who)
    return reopening.reopen(world.session, wish, why="new", by=by)


def sync(world: World, who: str) -> object:
    """Bring another protocol in."""
    texts = Texts(REVIEW + "language: en\n", STARTER_CRITERIA, {})
    return review.sync(world.session, texts, handle=who)


def assign(world: World, who: str) -> object:
    """Hand records out."""
    plan = rounds.Plan(TA, 1)
    return rounds.assign(world.session, plan, by=world.desk.person(who))


def release(world: World, who: str) -> object:
    """Free what somebody paused has in hand."""
    return rounds.release(world.session, "eve", by=world.desk.person(who))


def overlap(world: World, who: str) -> object:
    """Draw records for everybody."""
    wish = draws.Overlap(TA, 1, 1)
    return draws.overlap(world.session, wish, by=world.desk.person(who))


def single(world: World, who: str) -> object:
    """Leave a part to one person each."""
    allow_single(world)
    wish = draws.Part(TA, 0.5, 1)
    return draws.single(world.session, wish, by=world.desk.person(who))


def pilot(world: World, who: str) -> object:
    """Draw a pilot."""
    sample = calibration.Sample(TA, 1, 1)
    return calibration.draw(world.session, sample, by=world.desk.person(who))


def pack(world: World, who: str) -> object:
    """Pack one's own queue."""
    person = world.desk.person(who)
    main = quorum.main_round(world.session, TA)
    assert main is not None
    handed = Assignment(round_id=main.id, record_id=record(world, "fresh"))
    handed.person_id = person.id
    world.session.add(handed)
    world.session.flush()
    return packs.make(world.session, screener=person, stage=TA, by=person)


def unpack(world: World, who: str) -> object:
    """Bring back another's pack, empty and of this review."""
    lead = world.desk.person("chair")
    assign(world, "chair")
    made = packs.make(
        world.session, screener=world.desk.person("ann"), stage=TA, by=lead
    )
    told: Manifest = made.manifest
    pack_ = Pack(told, {}, {}, ())
    return unpacking.bring_back(world.session, pack_, by=world.desk.person(who))


def bring_votes(world: World, who: str) -> object:
    """Bring in others' votes."""
    rows = [ballots.VoteRow(1, "fay", TA, "include", record(world, "fresh"))]
    by = world.desk.person(who)
    return ballots.import_votes(world.session, rows, file_hash="f", by=by)


def say_text(world: World, who: str) -> object:
    """Say what became of a full text."""
    return fulltext.set_status(
        world.session,
        record(world, "passed"),
        status="retrieved",
        location="",
        by=world.desk.person(who),
    )


def file_texts(world: World, who: str) -> object:
    """Bring in collected full texts."""
    named = Named(record_id=record(world, "passed"))
    texts = [fulltext.Text("1.pdf", "files/1.pdf", named)]
    return fulltext.import_texts(world.session, texts, by=world.desk.person(who))


def judge(world: World, who: str) -> object:
    """Judge two records to be duplicates."""
    a, b = record(world, "one"), record(world, "two")
    by = world.desk.person(who)
    return dedupe.decide(world.session, a, b, "duplicate", by=by)


def unjudge(world: World, who: str) -> object:
    """Take such a judgement back."""
    judge(world, "chair")
    a, b = record(world, "one"), record(world, "two")
    return dedupe.undo(world.session, a, b, by=world.desk.person(who))


def split(world: World, who: str) -> object:
    """Take a record out of its report."""
    judge(world, "chair")
    by = world.desk.person(who)
    return dedupe.split(world.session, record(world, "one"), by=by)


def take_groups(world: World, who: str) -> object:
    """Take another tool's groups over."""
    file = groups.GroupsFile("f.csv", "h", [])
    return groups.take(world.session, file, by=who)


def answer(world: World, who: str) -> None:
    """Judge a drawn pair."""
    pair = (record(world, "one"), record(world, "two"))
    word = next(iter(audits.Answer))
    audits.answer(world.session, pair, word, by=who)


def keep_draw(world: World, who: str) -> None:
    """Keep what was drawn for judging."""
    drawn = audits.Drawn(1, 1, 1, ())
    audits.keep(world.session, drawn, by=who)


def remove(world: World, who: str) -> object:
    """Take a record out before screening."""
    ids = [record(world, "fresh")]
    return removal.remove(world.session, ids, basis="reason", text="why", by=who)


def restore(world: World, who: str) -> None:
    """Bring a removed record back."""
    removal.restore(world.session, record(world, "gone"), by=who)


def edit(world: World, who: str) -> object:
    """Correct a record."""
    change, number = ("year", "2001"), record(world, "fresh")
    return records.edit(world.session, number, change=change, why="wrong", by=who)


def add_find(world: World, who: str) -> object:
    """Add a record found by hand."""
    found = intake.Find(
        *("A find", "A ministry", "2020", "https://example.org/1"),
        date(2026, 1, 31),
        "website",
    )
    return intake.add(world.session, found, by=who)


def begin_search(world: World, who: str) -> object:
    """Begin to run a saved search."""
    request = Request("openalex", "trust", {"search": "trust"}, None, 25)
    search = Search("trust", "title: t", request)
    return runs.start(world.session, search, by=who, client="1")


def begin_snowball(world: World, who: str) -> object:
    """Begin a citation search."""
    ask = snowball.Ask((Direction.FORWARD,))
    return snowball.begin(world.session, ["included"], ask, by=who)


def note(world: World, who: str) -> object:
    """Put a note beside a record."""
    by = world.desk.person(who)
    return put_note(world.session, record(world, "fresh"), "so", by=by)


def label(world: World, who: str) -> object:
    """Put a label on a record."""
    by = world.desk.person(who)
    return put_label(world.session, record(world, "fresh"), "so", by=by)


def code(world: World, who: str) -> object:
    """Code a passage."""
    passage = coding.Passage("people.trust", "They trust.", "p. 2")
    number = record(world, "kept")
    return coding.add(world.session, by=who, record_id=number, passage=passage)


def configure(world: World, who: str) -> object:
    """Write a configuration."""
    draft = configuration.Draft(title="T", context=("people.need",))
    return configuration.add(world.session, by=who, draft=draft)


def promote(world: World, who: str) -> object:
    """Change a configuration's status."""
    configure(world, "chair")
    return configuration.set_status(
        world.session, by=who, number=1, status="rejected", why="so"
    )


def revise(world: World, who: str) -> object:
    """Revise a configuration."""
    configure(world, "chair")
    draft = configuration.Draft(title="Another")
    return configuration.revise(world.session, by=who, number=1, draft=draft)


def see_board(world: World, who: str) -> object:
    """Look at the lead's board."""
    return board.board(world.session, handle=who)


def unblind(world: World, who: str) -> object:
    """See votes on records that still wait."""
    return votes.decisions(world.session, handle=who, unblind=True)


TABLE: dict[Act, set[str]] = {
    vote: VOTERS,
    withdraw: VOTERS,
    take_back: VOTERS,
    settle: VOTERS,
    set_aside: LEAD,
    reopen: LEAD,
    sync: LEAD,
    assign: LEAD,
    release: LEAD,
    overlap: LEAD,
    single: LEAD,
    pilot: LEAD,
    pack: VOTERS,
    unpack: LEAD,
    bring_votes: LEAD,
    say_text: WORKERS,
    file_texts: WORKERS,
    judge: VOTERS,
    unjudge: VOTERS,
    split: VOTERS,
    take_groups: VOTERS,
    answer: VOTERS,
    keep_draw: VOTERS,
    remove: LEAD,
    restore: LEAD,
    edit: WORKERS,
    add_find: WORKERS,
    begin_search: WORKERS,
    begin_snowball: WORKERS,
    note: WORKERS,
    label: WORKERS,
    code: CODERS,
    configure: CODERS,
    promote: CODERS,
    revise: CODERS,
    see_board: LEAD,
    unblind: LEAD,
}


def stored(session: Session) -> dict[str, int]:
    """Return how many rows each table has."""
    session.flush()
    return {
        table.name: session.scalar(select(func.count()).select_from(table)) or 0
        for table in Base.metadata.sorted_tables
    }


def refused(world: World, act: Act, who: str) -> NotAllowedError | None:
    """Try something and put everything back; return the refusal, if it was one."""
    point = world.session.begin_nested()
    try:
        act(world, who)
    except NotAllowedError as error:
        return error
    finally:
        point.rollback()
        world.session.expire_all()
    return None


def test_each_role_may_do_what_the_table_says(world: World) -> None:
    """Those who may, do it; all others are told in one message, exit status 4."""
    wrong = []
    for act, who in product(TABLE, ROLES):
        error = refused(world, act, who)
        told = error is not None and error.exit_code == 4 and who in error.what
        if told is (who in TABLE[act]) or (error is not None and "\n" in error.what):
            wrong.append(f"{who}, {act.__name__}: {error or 'may'}")
    assert wrong == []


def test_who_has_left_may_do_nothing(world: World) -> None:
    """Whatever the role was."""
    wrong = []
    for act, roles in TABLE.items():
        for who in roles:
            world.desk.leave(who)
            if refused(world, act, who) is None:
                wrong.append(f"{who}, {act.__name__}")
            world.desk.leave(who, active=True)
    assert wrong == []


def test_a_refusal_stores_nothing(world: World) -> None:
    """A reader tries everything; no table has a row more."""
    prepared = {set_aside, reopen, single, pack, unpack, unjudge, split}
    prepared |= {promote, revise}
    for act in TABLE.keys() - prepared:
        before = stored(world.session)
        with pytest.raises(NotAllowedError):
            act(world, "reader")
        assert stored(world.session) == before, act.__name__


def test_a_stranger_may_do_nothing(world: World) -> None:
    """Who is not in the team is refused, by a name that is looked up."""
    for act in (remove, restore, edit, add_find, begin_search, code, sync, unblind):
        with pytest.raises(LitreviewError, match="stranger"):
            act(world, "stranger")


def test_everybody_of_the_team_may_read(world: World) -> None:
    """A reader sees what is open to all."""
    for who in ROLES:
        assert votes.decisions(world.session, handle=who) is not None
        assert settling.conflicts(world.session)


# -- nothing is forgotten --------------------------------------------------------------

# Functions that take a person and are in the table under what they do.
TRIED = {
    *("screening.decide", "screening.withdraw", "screening.take_back"),
    *("settling.resolve", "settling.set_aside", "reopening.reopen", "review.sync"),
    *("rounds.assign", "rounds.release", "draws.overlap", "draws.single"),
    *("calibration.draw", "packs.make", "unpacking.bring_back"),
    *("ballots.import_votes", "fulltext.set_status", "fulltext.import_texts"),
    *("dedupe.decide", "dedupe.undo", "dedupe.split", "groups.take"),
    *("audits.answer", "audits.keep", "removal.remove", "removal.restore"),
    *("records.edit", "intake.add", "runs.start", "snowball.begin"),
    *("annotations.note", "annotations.label", "coding.add", "configuration.add"),
    *("configuration.set_status", "configuration.revise", "board.board"),
    *("votes.decisions",),
}
# Those that ask a service, a file or a network first and check by one of the table's,
# or by the same words as one that stands there; each with the one.
LIKE = {
    "annotations.unlabel": "annotations.label",
    "audits.drawn_before": "audits.answer",
    "audits.answers": "audits.answer",
    "audits.result": "audits.answer",
    "coding.retract": "coding.add",
    "completion.fill": "records.edit",
    "dedupe.find": "groups.take",
    "harvest.harvest": "runs.start",
    "intake.import_file": "intake.add",
    "removal.stop": "removal.remove",
    "votes.resolutions": "votes.decisions",
    "walks.run": "runs.start",
}
# Parts of services above, or asked with somebody who was checked before.
PARTS = {
    *("audit.note", "materials.store", "team.sync", "rounds.open_round"),
    *("rounds.store", "lookup.person", "lookup.actor", "lookup.require"),
    *("votes.require_lead", "passages.coder", "fulltext.may_handle"),
    *("screening.require_voter", "rounds.require_lead", "annotations.require_writer"),
    *("packs.require_own", "waiting.can_vote", "phrasing.first", "phrasing.after"),
}
# They read, each with what the person may see.
READING = {
    *("annotations.own", "annotations.visible", "annotations.labels"),
    *("annotations.own_labels", "course.own", "course.pace", "logbook.log"),
    *("ordering.movable", "ordering.material", "ordering.seen", "ordering.order"),
    *("pairlist.newest_of", "rounds.queue", "rounds.waits", "rounds.own_progress"),
}
# What follows inclusion has tests of its roles beside its own.
SYNTHESIS = (
    *("adjudication", "authored", "bank", "coders", "doublecoding", "extraction"),
    *("indicators", "instrument", "quotations", "rankfile", "ratingfile", "recoding"),
    *("phrasing", "sheet", "sheetpages"),
)
NAMES = {"by", "screener", "person", "handle"}


def asking() -> set[str]:
    """Return every public function of the package that takes a session and a person."""
    found = set()
    for module in pkgutil.iter_modules(litreview.__path__):
        if module.ispkg or module.name in ("__main__", *SYNTHESIS):
            continue
        content = importlib.import_module(f"litreview.{module.name}")
        for name, value in vars(content).items():
            if not inspect.isfunction(value) or value.__module__ != content.__name__:
                continue
            given = set(inspect.signature(value).parameters)
            takes = given & NAMES and given & {"session", "write", "engine", "job"}
            if takes and not name.startswith("_"):
                found.add(f"{module.name}.{name}")
    return found


def test_everything_that_takes_a_person_is_known_here() -> None:
    """A new service is either tried above, or said to be like one that is."""
    known = {*TRIED, *LIKE, *PARTS, *READING}
    assert asking() - known == set(), "add it to the TABLE, or say what it is like"
    assert {*TRIED, *LIKE} <= asking()
    assert set(LIKE.values()) <= TRIED
