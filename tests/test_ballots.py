"""Votes files: many lines at once come to the same as one line after another."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

import pytest
from desk import FT, TA, Desk
from making import Maker
from sqlalchemy import event, select
from sqlalchemy.orm import Session

from litreview import ballots, calibration, rounds
from litreview.ballots import Imported, VoteRow
from litreview.errors import LitreviewError, NotEligibleError, UsageError
from litreview.models import (
    Decision,
    DecisionScope,
    DecisionStream,
    FulltextEvent,
    Person,
    Record,
)
from litreview.rounds import Plan
from litreview.vocabulary import Retrieval

# What may be said of a full text.
FULL = ["include", "include", "exclude X-POP", "exclude X-TYPE"]
Bring = Callable[[Session, Sequence[VoteRow], Person], Imported]
# What every vote stores but the moments of storing, and the ids that go on counting
# where a sequence does not roll back.
COLUMNS = [
    column
    for column in Decision.__table__.columns
    if column.name not in {"id", "at", "recorded_at", "screener_id"}
]


def at_once(session: Session, rows: Sequence[VoteRow], by: Person) -> Imported:
    """Bring votes in as `litreview screen import` does."""
    return ballots.import_votes(session, rows, file_hash="f", by=by)


def one_by_one(session: Session, rows: Sequence[VoteRow], by: Person) -> Imported:
    """Bring votes in by the way that all votes go, a line at a time."""
    work = ballots._Import(session, Imported(), "f", by)
    for row in sorted(rows, key=lambda row: (row.stage == FT, row.line)):
        try:
            with ballots._at_line(row):
                ballots._import_row(work, row)
        except NotEligibleError as error:
            if row.stage != FT:
                raise
            work.told.waiting.append(error.what)
    return work.told


def outcome(desk: Desk, rows: Sequence[VoteRow], bring: Bring) -> tuple[Any, ...]:
    """Return what a file comes to, without keeping it."""
    session = desk.session
    place = session.begin_nested()
    try:
        told = bring(session, rows, desk.person("lead"))
    except LitreviewError as error:
        place.rollback()  # as the caller's transaction is: nothing is stored
        session.expire_all()
        return type(error), str(error)
    session.flush()
    votes = select(Person.handle, *COLUMNS).join(
        Person, Person.id == Decision.screener_id
    )
    scope = select(Decision.uid, DecisionScope.record_id).join(
        Decision, Decision.id == DecisionScope.decision_id
    )
    stream = select(Decision.uid, DecisionStream.stream).join(
        Decision, Decision.id == DecisionStream.decision_id
    )
    found = (
        told,
        [tuple(row) for row in session.execute(votes.order_by(Decision.id))],
        sorted(tuple(row) for row in session.execute(scope)),
        sorted(tuple(row) for row in session.execute(stream)),
        sorted(session.scalars(select(FulltextEvent.record_id))),
        sorted(session.scalars(select(Person.handle))),
    )
    place.rollback()
    session.expire_all()
    return found


@pytest.fixture
def desk(session: Session, make: Maker) -> Desk:
    """Return a desk with a lead, three screeners and an arbiter."""
    make.review("ann", "bob", "dan")
    return Desk(session)


def history(desk: Desk, make: Maker, chance: random.Random) -> list[Record]:
    """Make records with a past: rounds, merges, removals, a pilot, earlier votes."""
    made = make.records(9)
    lead = desk.person("lead")
    rounds.assign(desk.session, Plan(TA, chance.randrange(99)), by=lead)
    made += make.records(2)
    rounds.assign(desk.session, Plan(TA, 1, per_record=3), by=lead)
    made += make.records(2)
    if chance.random() < 0.5:
        calibration.draw(
            desk.session, calibration.Sample(TA, 2, chance.randrange(99)), by=lead
        )
    for _ in range(chance.randrange(8)):
        who = chance.choice(["ann", "bob", "dan"])
        desk.vote(who, chance.choice(made), chance.choice(["include", "exclude"]))
    for _ in range(chance.randrange(4)):
        one, other = chance.sample(made, 2)
        desk.pair(one, other)
    for _ in range(chance.randrange(5)):
        who = chance.choice(["ann", "bob", "dan"])
        desk.vote(who, chance.choice(made), chance.choice(["include", "maybe"]))
    if chance.random() < 0.3:
        desk.remove(chance.choice(made))
    return made


def full_text_history(desk: Desk, make: Maker, chance: random.Random) -> list[Record]:
    """Make records of which most are at full text, with a past there."""
    made = make.records(9)
    lead = desk.person("lead")
    for record in made[:7]:
        desk.votes(record, ann="include", bob="include")
    for record in chance.sample(made, 3):
        status = chance.choice(list(Retrieval))
        desk.text(record, status)
    if chance.random() < 0.5:
        calibration.draw(
            desk.session, calibration.Sample(FT, 2, chance.randrange(99)), by=lead
        )
    if chance.random() < 0.7:
        rounds.assign(desk.session, Plan(FT, chance.randrange(99)), by=lead)
    for _ in range(chance.randrange(6)):
        who = chance.choice(["ann", "bob", "dan"])
        with suppress(LitreviewError):  # a text that could not be had
            desk.vote(who, chance.choice(made[:7]), chance.choice(FULL), FT)
    for _ in range(chance.randrange(4)):
        one, other = chance.sample(made, 2)
        desk.pair(one, other)
    for _ in range(chance.randrange(4)):
        who = chance.choice(["ann", "bob", "dan"])
        desk.vote(who, chance.choice(made), chance.choice(["include", "exclude"]))
    return made


def full_text_lines(made: Sequence[Record], chance: random.Random) -> list[VoteRow]:
    """Return a votes file of full text, with some titles, repetitions, mistakes."""
    rows = []
    for line in range(2, chance.randrange(4, 40)):
        verdict, _, reason = chance.choice(FULL).partition(" ")
        include = verdict == "include"
        titles = chance.random() < 0.1
        rows.append(
            VoteRow(
                line,
                chance.choice(["ann", "bob", "dan", "zoe"]),
                TA if titles else FT,
                verdict,
                chance.choice(made).id,
                reason="" if titles else reason,
                streams=("theorises_concept",) if include and not titles else (),
                note="a note" if chance.random() < 0.2 else "",
            )
        )
    mistakes = [
        VoteRow(99, "ann", FT, "include", 999),
        VoteRow(99, "ann", FT, "exclude", made[0].id),
        VoteRow(99, "cora", FT, "maybe", made[0].id),
        VoteRow(99, "cleo", FT, "exclude", made[1].id, reason="X-TA"),
    ]
    if chance.random() < 0.2:
        rows.insert(chance.randrange(len(rows)), chance.choice(mistakes))
    return rows


def lines(made: Sequence[Record], chance: random.Random) -> list[VoteRow]:
    """Return a votes file: mostly sound, with repetitions, now and then a mistake."""
    rows = []
    for line in range(2, chance.randrange(4, 40)):
        verdict = chance.choice(["include", "exclude", "maybe"])
        reason = "X-POP" if verdict == "exclude" and chance.random() < 0.3 else ""
        record = chance.choice(made)
        by_name = chance.random() < 0.3
        rows.append(
            VoteRow(
                line,
                chance.choice(["ann", "bob", "dan", "zoe"]),
                FT if chance.random() < 0.1 and not reason else TA,
                verdict,
                None if by_name else record.id,
                source_id=record.source_id if by_name else "",
                reason=reason,
                streams=("theorises_concept",)
                if verdict == "include" and chance.random() < 0.2
                else (),
                note=" a  note " if chance.random() < 0.2 else "",
            )
        )
    mistakes = [
        VoteRow(99, "ann", TA, "include", 999),
        VoteRow(99, "ann", TA, "exclude", made[0].id, reason="X-NO"),
        VoteRow(99, "ann", "abstract", "include", made[0].id),
        VoteRow(99, "cora", TA, "nonsense", made[0].id),
    ]
    if chance.random() < 0.2:
        rows.insert(chance.randrange(len(rows)), chance.choice(mistakes))
    return rows


@pytest.mark.parametrize("seed", range(12))
def test_many_at_once_come_to_the_same_as_one_by_one(
    desk: Desk, make: Maker, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same rows in the same order, the same words of refusal, whatever was."""
    chance = random.Random(seed)  # noqa: S311 - a draw to repeat
    made = history(desk, make, chance)
    monkeypatch.setattr(ballots, "LINES", chance.choice([1, 3, 500]))
    for _ in range(3):
        rows = lines(made, chance)
        assert outcome(desk, rows, at_once) == outcome(desk, rows, one_by_one)


@pytest.mark.parametrize("seed", range(10))
def test_full_texts_at_once_come_to_the_same_as_one_by_one(
    desk: Desk, make: Maker, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same rows, waiting votes, texts that count as read, and refusals."""
    chance = random.Random(seed)  # noqa: S311 - a draw to repeat
    made = full_text_history(desk, make, chance)
    monkeypatch.setattr(ballots, "LINES", chance.choice([1, 3, 500]))
    for _ in range(3):
        rows = full_text_lines(made, chance)
        assert outcome(desk, rows, at_once) == outcome(desk, rows, one_by_one)


@pytest.mark.parametrize("stage", [TA, FT])
def test_a_file_takes_few_questions(desk: Desk, make: Maker, stage: str) -> None:
    """Their number does not grow with the lines of a slice."""
    made = make.records(60)
    if stage == FT:
        early = [
            VoteRow(900 + 2 * n + k, who, TA, "include", record.id)
            for n, record in enumerate(made)
            for k, who in enumerate(("ann", "bob"))
        ]
        at_once(desk.session, early, desk.person("lead"))
    asked = 0

    def count(*_told: object) -> None:
        nonlocal asked
        asked += 1

    connection = desk.session.connection()
    event.listen(connection, "before_cursor_execute", count)
    rows = [
        VoteRow(
            2 * n + k, who, stage, "include", record.id, streams=("theorises_concept",)
        )
        for n, record in enumerate(made)
        for k, who in enumerate(("ann", "bob"))
    ]
    done = at_once(desk.session, rows, desk.person("lead"))
    event.remove(connection, "before_cursor_execute", count)
    assert done.stored == 120
    assert asked < 60
    assert desk.stands(made[-1], stage) == "included"


def test_a_mistake_in_a_file_is_no_wrong_call(desk: Desk, make: Maker) -> None:
    """What the protocol refuses of a line is told as the file's mistake, exit 1."""
    record = make.record()
    row = VoteRow(7, "ann", TA, "exclude", record.id, reason="X-NO")
    with pytest.raises(LitreviewError, match="line 7: 'X-NO' is no") as told:
        at_once(desk.session, [row], desk.person("lead"))
    assert not isinstance(told.value, UsageError)
    assert told.value.exit_code == 1


def test_every_line_is_told_when_it_is_done(desk: Desk, make: Maker) -> None:
    """The numbers go up by one, through both stages."""
    record = make.record()
    heard: list[int] = []
    rows = [
        VoteRow(line, who, stage, "include", record.id)
        for line, (stage, who) in enumerate(
            ((FT, "ann"), (TA, "ann"), (TA, "bob"), (FT, "bob")), start=2
        )
    ]
    done = ballots.import_votes(
        desk.session, rows, file_hash="f", by=desk.person("lead"), tell=heard.append
    )
    assert heard == [1, 2, 3, 4]
    assert (done.stored, done.waiting) == (4, [])
