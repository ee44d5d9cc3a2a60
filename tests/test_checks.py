"""Each check is silent on an honest history and catches what breaks its promise."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections.abc import Collection
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from making import REVIEW, Maker
from sqlalchemy import func, select, text
from sqlalchemy.orm import Session
from team import FT, TA, Team, every_kind, finish, start

from litreview import (
    bank,
    checks,
    cli,
    coding,
    db,
    dedupe,
    fulltext,
    pairs,
    rounds,
    settling,
    state,
    trace,
)
from litreview.bank import Place
from litreview.coding import Passage
from litreview.matching import Pair
from litreview.migrations import triggers
from litreview.models import Assignment, Decision, DedupeRun, Person, Record
from litreview.outcome import Outcome, Vote, fold
from litreview.phrasing import Question
from litreview.protocol import STARTER_CRITERIA
from litreview.rounds import Plan
from litreview.vocabulary import PairVerdict

SOUND = "the database file is sound"
ATTRIBUTED = "every vote has a known screener and recorder"
HISTORY = "history is complete and protected"
ONE_VOTE = "one live vote for each screener, report and stage"
ENOUGH = "a settled report has the votes its round asks for"
SETTLED = "resolutions settle real conflicts, by the right people"
ORDER = "full-text votes follow an inclusion and give their reason"
PRISMA = "the PRISMA numbers add up"
CLUSTERS = "clusters are what the pair verdicts make of them"
PROVENANCE = "every record has its provenance and an intact payload"
HAND_OUTS = "nobody is handed a record twice, nor too many people"
VERSIONS = "every vote and code names a stored protocol or codebook"
TRACES = "every survey item can be traced"


def broken(session: Session) -> dict[str, list[str]]:
    """Return the checks that fail, with what they say."""
    session.flush()
    session.expire_all()
    return {name: told for name, told in checks.run(session).items() if told}


def rewrite(session: Session, *statements: str) -> None:
    """Do what nobody may: past the triggers and foreign keys, which then stand again.

    The session stays as it was; what is broken shows to who looks.
    """
    session.flush()
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("SET LOCAL session_replication_role = replica"))
        for statement in statements:
            session.execute(text(statement))
        session.execute(text("SET LOCAL session_replication_role = origin"))
        return
    session.execute(text("PRAGMA defer_foreign_keys = ON"))
    for name in triggers.wanted("sqlite"):
        session.execute(text(f"DROP TRIGGER {name}"))
    for statement in statements:
        session.execute(text(statement))
    triggers.install(session.connection())


# -- silence ---------------------------------------------------------------------------


def test_an_empty_database_breaks_nothing(session: Session) -> None:
    """Before the first sync there is nothing to complain of."""
    assert broken(session) == {}


def test_every_promise_is_checked(session: Session) -> None:
    """`run` names all of them, and each is seeded below."""
    assert list(checks.run(session)) == [
        SOUND,
        ATTRIBUTED,
        HISTORY,
        ONE_VOTE,
        ENOUGH,
        SETTLED,
        ORDER,
        PRISMA,
        CLUSTERS,
        PROVENANCE,
        HAND_OUTS,
        VERSIONS,
        TRACES,
    ]


def test_a_record_of_every_kind_breaks_nothing(session: Session, make: Maker) -> None:
    """Neither while work is open nor when it is done."""
    team = start(session, make)
    made = every_kind(team)
    assert broken(session) == {}
    finish(team, made)
    assert broken(session) == {}


@dataclass
class Play:
    """A review that goes through what reviews go through."""

    team: Team
    lead: Person

    @property
    def session(self) -> Session:
        """The session of the team."""
        return self.team.session

    def merge(self, a: Record, b: Record, word: str = PairVerdict.DUPLICATE) -> None:
        """Let ann say what two records are to each other."""
        dedupe.decide(self.session, a.id, b.id, word, by=self.team.ann)

    def split(self, record: Record) -> None:
        """Let bob take a record out of its report."""
        dedupe.split(self.session, record.id, by=self.team.bob)

    def include(self, record: Record) -> None:
        """Include a record at both stages."""
        self.team.both(record, TA, "include", "maybe")
        self.team.both(record, FT, "include")


@pytest.fixture
def play(session: Session, make: Maker) -> Play:
    """Return a team of two screeners, an arbiter and a lead at an empty review."""
    return Play(start(session, make), make.person("lead"))


def test_merges_and_splits_break_nothing(play: Play) -> None:
    """Reports are judged, merged, judged again, split and merged another way."""
    team, make = play.team, play.team.make
    a, b, c, d = make.records(4)
    play.include(b)
    play.merge(a, b)
    # The full text is judged on the record that had no vote of its own.
    team.both(a, FT, "exclude X-POP")
    play.split(a)
    assert broken(play.session) == {}
    team.both(c, TA, "include", "exclude X-POP")
    team.arbitrate(c, TA, "include")
    team.both(d, TA, "exclude")
    play.merge(c, d)
    assert broken(play.session) == {}
    team.vote(team.ann, d, TA, "include")
    team.both(c, TA, "include")
    team.vote(team.bob, d, FT, "exclude X-DESIGN")
    dedupe.undo(play.session, c.id, d.id, by=team.ann)
    team.vote(team.ann, c, TA, "exclude")
    play.merge(c, d)
    assert broken(play.session) == {}
    play.merge(b, c, PairVerdict.SAME_STUDY)
    assert broken(play.session) == {}


def test_a_machine_against_people_breaks_nothing(play: Play) -> None:
    """Links of the machine that a person's verdict refuses are no broken cluster."""
    a, b, c = play.team.make.records(3)
    play.merge(a, c, PairVerdict.DIFFERENT)
    found = [
        Pair(one.id, other.id, score, "duplicate", ("same title",))
        for one, other, score in ((a, b, 0.9), (b, c, 0.8))
    ]
    run = DedupeRun(parameters={}, records=3)
    dedupe.store(play.session, found, run=run)
    assert broken(play.session) == {}
    dedupe.undo(play.session, a.id, b.id, by=play.team.bob)
    assert broken(play.session) == {}


def test_changes_of_mind_break_nothing(play: Play) -> None:
    """Votes again, withdrawals, late votes after arbitration, corrected resolutions."""
    team, make = play.team, play.team.make
    a, b, c = make.records(3)
    team.both(a, TA, "include", "exclude")
    team.arbitrate(a, TA, "include")
    team.both(a, FT, "exclude X-POP", "exclude X-TYPE")
    team.arbitrate(a, FT, "exclude X-TYPE")
    holding = state.outcomes(play.session, FT)[a.id].resolution_id
    settling.resolve(
        play.session,
        settling.Ruling(a.id, FT, "exclude", reason="X-POP", corrects=holding),
        by=team.cleo,
    )
    team.vote(make.person("eve"), a, TA, "exclude")
    assert broken(play.session) == {}
    team.withdraw(team.bob, a, TA)
    team.both(b, TA, "include", "exclude")
    settling.resolve(
        play.session,
        settling.Ruling(b.id, TA, "exclude", names=("ann", "bob")),
        by=team.ann,
    )
    team.vote(team.bob, b, TA, "include")
    assert broken(play.session) == {}
    team.remove(c, "reason")
    team.remove(c, "reason", removed=False)
    team.both(c, TA, "maybe")
    fulltext.set_status(
        play.session, c.id, status="not-retrieved", location="", by=team.ann
    )
    assert broken(play.session) == {}


def test_rounds_and_departures_break_nothing(play: Play) -> None:
    """Another number half-way, somebody leaves, and somebody takes over."""
    team, make, session = play.team, play.team.make, play.session
    lead = make.person("lead")
    first = make.records(3)
    rounds.assign(session, Plan(TA, seed=1), by=lead)
    team.both(first[0], TA, "include", "exclude")
    team.vote(team.bob, first[1], TA, "include")
    make.person("eve")
    make.records(2)
    rounds.assign(session, Plan(TA, seed=2, per_record=3), by=lead)
    play.merge(first[2], make.record())
    assert broken(session) == {}
    team.bob.active = False
    make.person("fay")
    for record in first[:2]:
        settling.set_aside(
            session, record.id, screener=team.bob, by=lead, why="has left"
        )
    rounds.assign(session, Plan(TA, seed=3), by=lead)
    assert broken(session) == {}


def test_a_reversal_after_an_item_was_written_breaks_nothing(
    session: Session, make: Maker
) -> None:
    """An item on a report that is out again is work to do, not damage."""
    kept = review(session, make)
    team = kept.team
    team.both(kept.included, FT, "exclude X-POP")
    assert trace.broken(session)
    assert broken(session) == {}


def test_an_exclusion_without_a_reason_may_be_allowed(
    session: Session, make: Maker
) -> None:
    """What a vote must say is what its own protocol asked for."""
    team = start(session, make)
    record = make.record()
    team.both(record, TA, "include")
    make.protocol(
        STARTER_CRITERIA.replace("reason_required: true", "reason_required: false")
    )
    team.both(record, FT, "exclude")
    make.protocol(f"{STARTER_CRITERIA}# strict again\n")
    assert broken(session) == {}


# -- seeded violations ---------------------------------------------------------------


@dataclass
class Kept:
    """A small review with something of every kind, and nothing wrong with it."""

    team: Team
    included: Record
    conflict: Record
    fresh: Record
    twin: Record


def review(session: Session, make: Maker) -> Kept:
    """Make the small review; its first record is included, coded and has an item."""
    team = start(session, make)
    included, conflict, fresh, twin = make.records(4)
    rounds.assign(session, Plan(TA, seed=1), by=make.person("lead"))
    team.both(included, TA, "include")
    team.both(included, FT, "include")
    team.both(conflict, TA, "include", "exclude")
    team.arbitrate(conflict, TA, "exclude")
    make.codebook()
    coded = coding.add(
        session,
        by="ann",
        record_id=included.id,
        passage=Passage("fit.end", "It fits.", "p. 2"),
    )
    bank.add(
        session,
        by="ann",
        place=Place("staff", "fit.end"),
        question=Question("Training fits our plan."),
        evidence=(coded.code.id,),
    )
    return Kept(team, included, conflict, fresh, twin)


@pytest.fixture
def kept(session: Session, make: Maker) -> Kept:
    """Return the small review, in which no promise is broken."""
    found = review(session, make)
    assert broken(session) == {}
    return found


# promise -> statements that break it, and what is told. No other check complains
# but those named with it.
SEEDS = {
    "no screener": (
        ATTRIBUTED,
        ["UPDATE decision SET screener_id = 99 WHERE id = 1"],
        "vote 1 has no known screener",
        {ENOUGH, SETTLED, PRISMA, TRACES},
    ),
    "no recorder": (
        ATTRIBUTED,
        ["UPDATE decision SET recorder_id = 99 WHERE id = 1"],
        "vote 1 has no known screener or recorder",
        set(),
    ),
    "a gap in seq": (
        HISTORY,
        ["UPDATE decision SET seq = 3 WHERE id = 1"],
        "1 votes are numbered 3 to 3",
        set(),
    ),
    "resolved without difference": (
        SETTLED,
        [
            "UPDATE decision SET verdict = 'include' WHERE verdict = 'exclude'",
        ],
        "settled votes that did not differ",
        set(),
    ),
    "arbitrated by a voter": (
        SETTLED,
        [
            (
                "UPDATE resolution_person SET person_id = "
                "(SELECT id FROM person WHERE handle = 'ann')"
            ),
        ],
        "was arbitrated by one of the voters",
        set(),
    ),
    "a consensus of others": (
        SETTLED,
        ["UPDATE resolution SET kind = 'consensus'"],
        "is a consensus of other people",
        set(),
    ),
    "resolved too early": (
        ENOUGH,
        [
            (
                "DELETE FROM resolution_basis WHERE decision_id = "
                "(SELECT max(decision_id) FROM resolution_basis)"
            ),
        ],
        "settled 1 of 2 votes",
        {SETTLED},
    ),
    "full text before title": (
        ORDER,
        [
            (
                "UPDATE decision SET verdict = 'exclude' "
                "WHERE stage = 'title_abstract' AND record_id = 1"
            ),
        ],
        "came before any inclusion",
        {PRISMA},
    ),
    "no reason": (
        ORDER,
        ["UPDATE decision SET verdict = 'exclude' WHERE stage = 'full_text'"],
        "excludes on full text without a reason",
        set(),
    ),
    "a cluster that nobody made": (
        CLUSTERS,
        ["UPDATE record SET cluster_id = 3 WHERE id = 4"],
        "record 4 is stored in cluster 3, its pairs say 4",
        set(),
    ),
    "no hit": (
        PROVENANCE,
        ["DELETE FROM hit WHERE record_id = 3"],
        "record 3 was found by no search",
        set(),
    ),
    "no payload": (
        PROVENANCE,
        ["DELETE FROM raw_record WHERE record_id = 3"],
        "record 3 has no payload",
        set(),
    ),
    "another hash": (
        PROVENANCE,
        ["UPDATE raw_record SET sha256 = 'ab' WHERE record_id = 3"],
        "payload 3 of record 3 is not what was stored",
        set(),
    ),
    "a payload that cannot be read": (
        PROVENANCE,
        ["UPDATE raw_record SET payload = zeroblob(3) WHERE record_id = 3"],
        "payload 3 of record 3 is not what was stored",
        set(),
    ),
    "no protocol": (
        VERSIONS,
        ["UPDATE decision SET protocol_id = 99 WHERE id = 1"],
        "vote 1 names no stored protocol",
        set(),
    ),
    "no codebook": (
        VERSIONS,
        ["UPDATE code_application SET codebook_id = 99"],
        "code 1 names no stored codebook",
        {TRACES},
    ),
    "no evidence": (
        TRACES,
        ["DELETE FROM item_evidence"],
        "item 1 cannot be traced: the evidence row",
        set(),
    ),
    "no strategy": (
        TRACES,
        ["UPDATE search_strategy SET text = 'another'"],
        "item 1 cannot be traced",
        set(),
    ),
}


@pytest.mark.broken_on_purpose
@pytest.mark.parametrize("seed", SEEDS)
def test_what_breaks_a_promise_is_told(session: Session, kept: Kept, seed: str) -> None:
    """A violation in the tables is caught by its check, in words that name the row."""
    assert kept.included.id == 1
    name, statements, told, others = SEEDS[seed]
    if session.get_bind().dialect.name == "postgresql":
        statements = [
            line.replace("payload = zeroblob(3)", "payload = 'x'::bytea")
            for line in statements
        ]
    rewrite(session, *statements)
    found = broken(session)
    assert any(told in line for line in found[name]), found
    assert found.keys() - {name, SOUND} <= others, found


@pytest.mark.broken_on_purpose
def test_a_row_that_points_at_nothing_is_told(session: Session, kept: Kept) -> None:
    """SQLite minds only its own connections' foreign keys; the checks go on."""
    kept.team.vote(kept.team.ann, kept.fresh, TA, "include")
    assert kept.fresh.id == 3
    rewrite(session, "DELETE FROM record WHERE id = 3")
    found = broken(session)
    assert found[ENOUGH] == ["this cannot be checked: 3 is missing"]
    if session.get_bind().dialect.name == "sqlite":
        assert any(
            "decision points at a row of record" in told for told in found[SOUND]
        )


@pytest.mark.broken_on_purpose
@pytest.mark.usefixtures("kept")
def test_a_lost_trigger_is_told(session: Session) -> None:
    """Without its trigger a table's history could be rewritten."""
    name = min(triggers.wanted(session.get_bind().dialect.name))
    table = name.removeprefix("append_only_").rpartition("_")[0]
    on = f" ON {table}" if session.get_bind().dialect.name == "postgresql" else ""
    session.execute(text(f"DROP TRIGGER {name}{on}"))
    found = broken(session)
    assert found == {
        HISTORY: [f"the trigger {name} is missing: history could be rewritten"]
    }


@pytest.mark.broken_on_purpose
def test_a_second_live_vote_is_told(session: Session, kept: Kept) -> None:
    """A vote cast after a merge replaces the older one; if it does not, it shows."""
    team = kept.team
    team.vote(team.ann, kept.twin, TA, "include")
    dedupe.decide(
        session, kept.fresh.id, kept.twin.id, PairVerdict.DUPLICATE, by=team.bob
    )
    team.vote(team.ann, kept.fresh, TA, "exclude")
    assert broken(session) == {}
    rewrite(session, "DELETE FROM decision_scope")
    assert [line.split(":")[0] for line in broken(session)[ONE_VOTE]] == [
        f"cluster {kept.fresh.id}, title_abstract"
    ]


@pytest.mark.broken_on_purpose
def test_one_record_with_two_live_votes_is_told(
    session: Session, kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A query that takes an overtaken vote for live is found out."""
    team = kept.team
    team.vote(team.ann, kept.fresh, TA, "include")
    team.vote(team.ann, kept.fresh, TA, "exclude")
    real = state.votes

    def forgetful(
        session: Session, stage: str, clusters: Collection[int] | None = None
    ) -> dict[int, list[Vote]]:
        found = real(session, stage, clusters)
        if stage == TA and kept.fresh.id in found:
            [newest] = found[kept.fresh.id]
            older = session.scalars(
                select(Decision.id).where(Decision.record_id == kept.fresh.id)
            ).first()
            found[kept.fresh.id].append(replace(newest, id=older or 0))
        return found

    monkeypatch.setattr(state, "votes", forgetful)
    assert ONE_VOTE in broken(session)


@pytest.mark.broken_on_purpose
def test_an_outcome_with_too_few_votes_is_told(
    session: Session, kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A query that settles a report early is found out by counting again."""
    kept.team.vote(kept.team.ann, kept.fresh, TA, "include")
    real = state.outcomes

    def hasty(
        session: Session, stage: str, clusters: Collection[int] | None = None
    ) -> dict[int, Outcome]:
        return {
            cluster: fold(cluster, stage, outcome.votes, need=1)
            for cluster, outcome in real(session, stage, clusters).items()
        }

    monkeypatch.setattr(state, "outcomes", hasty)
    assert broken(session)[ENOUGH] == [
        f"record {kept.fresh.id}, title_abstract: settled with 1 of 2 voters"
    ]


@pytest.mark.broken_on_purpose
def test_a_person_handed_a_record_twice_is_told(session: Session, kept: Kept) -> None:
    """Neither in one round nor in two of the same stage."""
    handed = session.scalars(select(Assignment)).first()
    assert handed is not None
    other = rounds.assign(
        session,
        Plan(TA, seed=1, per_record=3, round_name="another", with_leads=True),
        by=kept.team.make.person("lead"),
    )
    assert other.new == {"ann": 0, "bob": 0, "lead": 0}
    session.add(
        Assignment(
            round_id=session.scalar(text("SELECT max(id) FROM screening_round")),
            record_id=handed.record_id,
            person_id=handed.person_id,
        )
    )
    [told] = broken(session)[HAND_OUTS]
    assert told.startswith(f"record {handed.record_id} is handed to person")


@pytest.mark.broken_on_purpose
def test_a_record_handed_to_too_many_is_told(session: Session, kept: Kept) -> None:
    """A round of two hands each record to two people."""
    handed = session.scalars(select(Assignment)).first()
    assert handed is not None
    for name in ("eve", "fay"):
        session.add(
            Assignment(
                round_id=handed.round_id,
                record_id=handed.record_id,
                person_id=kept.team.make.person(name).id,
            )
        )
    assert broken(session) == {
        HAND_OUTS: [
            f"record {handed.record_id} is handed to 4 people, its round asks for 2"
        ]
    }


@pytest.mark.broken_on_purpose
def test_a_report_against_a_persons_word_is_told(session: Session, kept: Kept) -> None:
    """Records that a person holds apart are not one report, whatever is stored."""
    kept.team.merge(kept.fresh, kept.twin)
    kept.team.make.pair(
        kept.fresh, kept.twin, PairVerdict.DIFFERENT, kept.team.make.person("ann")
    )
    told = broken(session)[CLUSTERS]
    a, b = kept.fresh.id, kept.twin.id
    assert f"records {a} and {b} are one report against a person's verdict" in told


@pytest.mark.broken_on_purpose
def test_numbers_that_do_not_add_up_are_told(
    session: Session, kept: Kept, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A report that is in no box is missed by the identities."""
    real = state.outcomes

    def forgetful(
        session: Session, stage: str, clusters: Collection[int] | None = None
    ) -> dict[int, Outcome]:
        found = real(session, stage, clusters)
        found.pop(kept.conflict.id, None)
        return found

    monkeypatch.setattr(state, "outcomes", forgetful)
    assert PRISMA in broken(session)


@pytest.mark.broken_on_purpose
def test_many_violations_are_told_in_part(session: Session, kept: Kept) -> None:
    """The first twenty one by one, then how many more there are."""
    kept.team.make.records(30)
    rewrite(session, "DELETE FROM hit")
    told = broken(session)[PROVENANCE]
    number = session.scalar(select(func.count(Record.id)))
    assert number == 34
    assert told[-1] == "... and 14 more"
    assert len(told) == 21


# -- verdicts as they were -----------------------------------------------------------


def test_rulings_can_be_asked_as_of_a_decision(session: Session, make: Maker) -> None:
    """With `until` later words on a pair are not heard."""
    ann, bob = make.review("ann", "bob")
    a, b = make.records(2)
    assert pairs.rulings(session, until=0) == {}
    first = make.pair(a, b, PairVerdict.DUPLICATE, ann)
    second = make.pair(a, b, PairVerdict.DIFFERENT, bob)
    third = make.pair(a, b, PairVerdict.WITHDRAWN, bob)
    said = [
        {pair: ruling.verdict for pair, ruling in found.items()}
        for found in (
            pairs.rulings(session, until=row.id) for row in (first, second, third)
        )
    ]
    pair = (a.id, b.id)
    assert said == [{pair: "duplicate"}, {pair: "different"}, {}]


# -- the command ---------------------------------------------------------------------


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a workspace with the small review, to be copied."""
    root = tmp_path_factory.mktemp("checked")
    for folder in ("screening", "db"):
        (root / folder).mkdir()
    (root / "screening" / "review.yaml").write_text(REVIEW, "utf-8")
    engine = db.engine_for(f"sqlite:///{root / 'db' / 'review.sqlite'}")
    db.create(engine)
    with db.transaction(engine) as session:
        review(session, Maker(session))
    engine.dispose()
    return root


@pytest.fixture
def space(model: Path, tmp_path: Path) -> Path:
    """Return a workspace of one's own with the small review."""
    shutil.copytree(model, tmp_path / "space")
    return tmp_path / "space"


def damage(space: Path, statement: str) -> None:
    """Change a workspace's file past litreview."""
    with sqlite3.connect(space / "db" / "review.sqlite") as raw:
        for name in triggers.wanted("sqlite"):
            raw.execute(f"DROP TRIGGER {name}")
        raw.execute(statement)
        for ddl in triggers.wanted("sqlite").values():
            raw.execute(ddl)
    raw.close()


def test_check_says_ok(space: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Every promise is named, and the exit status is 0."""
    assert cli.run(["-w", str(space), "check"]) == 0
    shown = capsys.readouterr()
    lines = shown.out.splitlines()
    assert lines == [f"ok   {name}" for name in checks.CHECKS]
    assert shown.err == ""


@pytest.mark.parametrize("words", [["check"], ["db", "check"]])
def test_check_names_the_broken_promise(
    space: Path, capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    """The exit status is 5, and what breaks it is told below its name."""
    damage(space, "UPDATE raw_record SET sha256 = 'ab' WHERE record_id = 3")
    assert cli.run(["-w", str(space), *words]) == 5
    shown = capsys.readouterr()
    place = shown.out.splitlines().index(f"FAIL {PROVENANCE}")
    assert "payload 3 of record 3" in shown.out.splitlines()[place + 1]
    assert "1 of 13 checks failed" in shown.err
    assert PROVENANCE in shown.err


def test_check_as_json(space: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """One object: promise -> what breaks it; the status is 5 all the same."""
    assert cli.run(["-w", str(space), "check", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {name: [] for name in checks.CHECKS}
    damage(space, "UPDATE decision SET seq = 3 WHERE id = 1")
    assert cli.run(["-w", str(space), "check", "--json"]) == 5
    found = json.loads(capsys.readouterr().out)
    assert [name for name, told in found.items() if told] == [HISTORY]


def test_check_finds_a_damaged_file(
    space: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A table that breaks its own rules is no sound database."""
    with sqlite3.connect(space / "db" / "review.sqlite") as raw:
        raw.execute("PRAGMA writable_schema=ON")
        raw.execute(
            "UPDATE sqlite_master SET sql = replace(sql, 'handle TEXT NOT NULL', "
            "'handle TEXT NOT NULL CHECK (handle <> ''ann'')') WHERE name = 'person'"
        )
    raw.close()
    assert cli.run(["-w", str(space), "check"]) == 5
    assert f"FAIL {SOUND}" in capsys.readouterr().out
