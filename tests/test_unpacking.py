"""Votes come back from packs: each once, in any order, whatever happened meanwhile."""

from __future__ import annotations

import random
import shutil
import sqlite3
from contextlib import suppress
from datetime import timedelta
from itertools import permutations
from pathlib import Path

import pytest
from carrying import NOON, Bag
from desk import FT, TA, Desk
from making import Maker
from sqlalchemy import event, select, text
from sqlalchemy.orm import Session

from litreview import (
    calibration,
    lookup,
    membership,
    packfile,
    packvotes,
    rounds,
    screening,
    state,
    unpacking,
)
from litreview.annotations import label, note, own, unlabel, visible
from litreview.errors import LitreviewError, NotAllowedError, UsageError
from litreview.models import (
    Decision,
    DecisionScope,
    DecisionStream,
    FulltextEvent,
    RawRecord,
    Record,
)
from litreview.protocol import STARTER_CRITERIA
from litreview.rounds import Plan


@pytest.fixture
def desk(session: Session, make: Maker) -> Desk:
    """Return a desk with a lead, two screeners and an arbiter."""
    make.review("ann", "bob")
    return Desk(session)


@pytest.fixture
def records(desk: Desk, make: Maker) -> list[Record]:
    """Return four records, handed to ann and bob."""
    made = make.records(4)
    rounds.assign(desk.session, Plan(TA, 1), by=desk.person("lead"))
    return made


@pytest.fixture
def bag(desk: Desk, records: list[Record], tmp_path: Path) -> Bag:
    """Return ann's pack of them."""
    assert len(records) == 4
    return Bag(desk, tmp_path / "ann.litpack").make()


def stored(desk: Desk) -> list[tuple[int, str, str]]:
    """Return record, verdict and reason of all votes, in order."""
    desk.session.flush()
    rows = desk.session.scalars(select(Decision).order_by(Decision.id))
    return [(row.record_id, row.verdict, row.reason) for row in rows]


def live(desk: Desk, record: Record) -> dict[str, str]:
    """Return handle -> live verdict on a record."""
    handle = {desk.person(name).id: name for name in ("ann", "bob", "lead")}
    votes = state.votes(desk.session, TA, [record.cluster_id]).get(
        record.cluster_id, []
    )
    return {handle[vote.screener_id]: vote.verdict for vote in votes}


# -- what comes back -------------------------------------------------------------------


def test_votes_come_back_once_each_however_often(
    bag: Bag, records: list[Record]
) -> None:
    """A second time nothing is stored; what was said since comes with the third."""
    one, other, third, _fourth = records
    bag.vote(one, "include", note="fits")
    bag.vote(other, "exclude X-POP")
    first = bag.back()
    assert (first.stored, first.already_there) == (2, 0)
    again = bag.back()
    assert (again.stored, again.already_there) == (0, 2)
    bag.vote(third, "maybe")
    last = bag.back()
    assert (last.stored, last.already_there) == (1, 2)
    assert stored(bag.desk) == [
        (one.id, "include", ""),
        (other.id, "exclude", "X-POP"),
        (third.id, "maybe", ""),
    ]


def test_a_vote_keeps_all_that_it_was_cast_on(
    bag: Bag, records: list[Record], make: Maker
) -> None:
    """Time, note, payload and protocol are those of the pack; the recorder is told."""
    record = records[0]
    bag.vote(record, "include", note="fits well")
    [old] = bag.desk.session.scalars(
        select(RawRecord.id).where(RawRecord.record_id == record.id)
    )
    old_protocol = lookup.protocol(bag.desk.session).id
    make.protocol(STARTER_CRITERIA + "# another version\n")
    back = bag.back(by="lead")
    [vote] = bag.desk.session.scalars(select(Decision)).all()
    assert (vote.raw_id, vote.note, vote.at) == (old, "fits well", bag.clock)
    assert vote.at < vote.recorded_at
    assert vote.screener_id == bag.desk.person("ann").id
    assert vote.recorder_id == bag.desk.person("lead").id
    assert vote.origin == "file"
    assert not vote.informed
    assert back.old_protocol
    assert vote.protocol_id == old_protocol


def test_what_was_taken_back_stays_taken_back(bag: Bag, records: list[Record]) -> None:
    """An undo in the pack comes back as one, and so does the vote after it."""
    one, other = records[:2]
    bag.vote(one, "include")
    bag.withdraw(one)
    bag.vote(other, "exclude")
    bag.withdraw(other)
    bag.vote(other, "include")
    assert bag.back().stored == 5
    assert live(bag.desk, one) == {}
    assert live(bag.desk, other) == {"ann": "include"}
    assert one.id in rounds.queue(bag.desk.session, bag.desk.person("ann"), stage=TA)
    assert bag.back().stored == 0


def test_packs_come_back_in_any_order(
    bag: Bag, records: list[Record], tmp_path: Path
) -> None:
    """Of two votes of one person the later counts, whichever pack comes first."""
    record = records[0]
    bags = []
    for name, said, minutes in (
        ("one", "exclude", 10),
        ("two", "include", 30),
        ("three", "maybe", 20),
    ):
        shutil.copy(bag.path, tmp_path / name)
        copy = Bag(bag.desk, tmp_path / name, clock=NOON + timedelta(minutes=minutes))
        copy.vote(record, said)
        bags.append(copy)
    for order in permutations(bags):
        place = bag.desk.session.begin_nested()
        for each in order:
            each.back()
        assert live(bag.desk, record) == {"ann": "include"}
        assert bags[0].back().stored + bags[2].back().stored == 0
        place.rollback()


def test_a_later_vote_here_stands(bag: Bag, records: list[Record]) -> None:
    """Who voted in the review after the pack is taken at that word, and is told."""
    one, other = records[:2]
    bag.vote(one, "exclude")
    bag.vote(other, "exclude")
    bag.desk.vote("ann", one, "include", at=bag.clock + timedelta(hours=1))
    bag.desk.vote("ann", other, "include", at=bag.clock - timedelta(hours=1))
    back = bag.back()
    assert (back.later, back.stored) == ([one.id], 1)
    assert live(bag.desk, one) == {"ann": "include"}
    assert live(bag.desk, other) == {"ann": "exclude"}


# -- what happened meanwhile -----------------------------------------------------------


def test_a_changed_payload_changes_no_vote(
    bag: Bag, records: list[Record], make: Maker
) -> None:
    """The vote names the payload that was read; that there is a newer one is told."""
    record = records[0]
    bag.vote(record, "include")
    newer = RawRecord(
        record_id=record.id,
        version=2,
        sha256="44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",
        payload=b"x\x9c\xab\xae\x05\x00\x01u\x00\xf9",
        run_id=make.run().id,
    )
    bag.desk.session.add(newer)
    bag.desk.session.flush()
    assert bag.back().changed == [record.id]
    [vote] = bag.desk.session.scalars(select(Decision)).all()
    assert vote.raw_id is not None
    assert vote.raw_id < newer.id


def test_a_merge_meanwhile_leaves_the_vote_on_its_record(
    bag: Bag, records: list[Record]
) -> None:
    """The vote speaks for what was one report in the pack, and no further."""
    one, other = records[:2]
    bag.vote(one, "include")
    bag.desk.vote("ann", other, "exclude", at=NOON - timedelta(days=1))
    bag.desk.pair(one, other)
    back = bag.back()
    assert (back.stored, back.regrouped) == (1, [one.id])
    outcome = bag.desk.outcome(one)
    assert outcome is not None
    assert outcome.torn == {bag.desk.person("ann").id}
    assert list(bag.desk.session.scalars(select(DecisionScope.record_id))) == []
    bag.desk.split(one, other)
    assert live(bag.desk, one) == {"ann": "include"}


def test_a_split_meanwhile_keeps_what_was_seen_together(
    desk: Desk, make: Maker, tmp_path: Path
) -> None:
    """A vote on two records shown as one report is on its record after a split."""
    one, other = make.records(2)
    desk.pair(one, other)
    rounds.assign(desk.session, Plan(TA, 1), by=desk.person("lead"))
    bag = Bag(desk, tmp_path / "a").make()
    bag.vote(one, "include")
    desk.split(one, other)
    assert bag.back().regrouped == [one.id]
    assert list(desk.session.scalars(select(DecisionScope.record_id))) == [other.id]
    assert live(desk, one) == {"ann": "include"}
    assert live(desk, other) == {}


def test_a_removed_record_waits(bag: Bag, records: list[Record]) -> None:
    """Its votes are told and kept in the pack; restored, they come with the next."""
    one, other = records[:2]
    bag.vote(one, "include")
    bag.vote(other, "include")
    bag.desk.remove(one)
    back = bag.back()
    assert back.stored == 1
    assert back.waiting == [f"record {one.id} was removed before screening"]
    bag.desk.remove(one, removed=False)
    assert (bag.back().stored, live(bag.desk, one)) == (1, {"ann": "include"})


def test_a_record_handed_to_another_counts_all_the_same(
    bag: Bag, records: list[Record], make: Maker
) -> None:
    """Who was away and came back has voted; one more voter has to agree too."""
    record = records[0]
    bag.vote(record, "include")
    bag.desk.leave("ann")
    membership.release(bag.desk.session, [bag.desk.person("ann").id])
    make.person("dan")
    rounds.assign(bag.desk.session, Plan(TA, 2), by=bag.desk.person("lead"))
    with pytest.raises(NotAllowedError, match="has left"):
        bag.back(by="lead")
    bag.desk.leave("ann", active=True)
    back = bag.back()
    assert (back.stored, back.elsewhere) == (1, [record.id])
    bag.desk.votes(record, bob="include", dan="exclude")
    assert bag.desk.stands(record) == "conflict"


def test_a_vote_answers_to_the_protocol_of_its_pack(
    bag: Bag, records: list[Record], make: Maker
) -> None:
    """A reason that the protocol has dropped since stays the reason that was given."""
    bag.vote(records[0], "exclude X-POP")
    make.protocol(STARTER_CRITERIA.replace("key: X-POP,", "key: X-NEW,"))
    back = bag.back()
    assert (back.stored, back.old_protocol, back.waiting) == (1, True, [])
    assert stored(bag.desk) == [(records[0].id, "exclude", "X-POP")]


def test_votes_cast_blind_count_as_independent(
    bag: Bag, records: list[Record], make: Maker
) -> None:
    """A vote that comes after the others' was blind; one after seeing them was not."""
    one, other = records[:2]
    make.person("dan")
    bag.vote(one, "include")
    bag.desk.votes(one, bob="exclude", dan="exclude")
    bag.desk.votes(other, ann="include", bob="exclude")
    bag.vote(other, "exclude", at=NOON + timedelta(days=900))
    bag.back()
    rows = bag.desk.session.execute(
        select(Decision.record_id, Decision.informed)
        .where(Decision.screener_id == bag.desk.person("ann").id)
        .order_by(Decision.id)
    ).all()
    assert rows == [(other.id, False), (one.id, False), (other.id, True)]


def test_full_text_votes_come_back_with_reason_and_streams(
    desk: Desk, make: Maker, tmp_path: Path
) -> None:
    """And wait where the text is no more to be had, or the report reversed."""
    one, other, third = make.records(3)
    for record in (one, other, third):
        desk.votes(record, ann="include", bob="include")
    rounds.assign(desk.session, Plan(FT, 1), by=desk.person("lead"))
    bag = Bag(desk, tmp_path / "a", stage=FT).make()
    bag.vote(one, "include", streams=("theorises_concept",))
    bag.vote(other, "exclude X-POP")
    bag.vote(third, "exclude X-TYPE")
    desk.text(other, "not-retrieved")
    desk.votes(third, ann="exclude", bob="exclude")
    back = bag.back()
    assert (back.stored, len(back.waiting)) == (1, 2)
    outcome = desk.outcome(one, FT)
    assert outcome is not None
    assert [vote.verdict for vote in outcome.votes] == ["include"]
    desk.text(other)
    desk.votes(third, ann="include", bob="include")
    assert bag.back().stored == 2


# -- many at once ----------------------------------------------------------------------


def come_to(bag: Bag) -> tuple[object, ...]:
    """Return what bringing a pack back comes to, without keeping it."""
    session = bag.desk.session
    place = session.begin_nested()
    back = bag.back()
    session.flush()
    columns = [
        column
        for column in Decision.__table__.columns
        if column.name not in {"id", "recorded_at"}
    ]
    rows = session.execute(select(*columns).order_by(Decision.id)).all()
    scopes = session.execute(
        select(Decision.uid, DecisionScope.record_id).join(
            Decision, Decision.id == DecisionScope.decision_id
        )
    ).all()
    streams = session.execute(
        select(Decision.uid, DecisionStream.stream).join(
            Decision, Decision.id == DecisionStream.decision_id
        )
    ).all()
    texts = session.execute(select(FulltextEvent.record_id, FulltextEvent.status)).all()
    place.rollback()
    session.expire_all()
    found = (sorted(map(tuple, some)) for some in (scopes, streams, texts))
    return back, [tuple(row) for row in rows], *found


def in_the_pack(bag: Bag, made: list[Record], chance: random.Random) -> None:
    """Vote in the pack, take votes back, vote again."""
    queue = set(bag.queue())
    here = [record.id for record in made if record.id in queue]
    said = [
        "include",
        "exclude X-POP",
        "maybe" if bag.stage == TA else "exclude X-TYPE",
    ]
    with bag.inside() as session:
        ann = lookup.actor(session, "ann")
        for _ in range(chance.randrange(1, 10) if here else 0):
            bag.clock += timedelta(minutes=1)
            number, (verdict, _, reason) = (
                chance.choice(here),
                chance.choice(said).partition(" "),
            )
            ballot = screening.Ballot(
                number,
                bag.stage,
                verdict,
                reason,
                ("theorises_concept",)
                if (verdict, bag.stage) == ("include", FT)
                else (),
                chance.choice(["", "a note"]),
                at=bag.clock,
            )
            screening.decide(session, ballot, screener=ann)
            if chance.random() < 0.3:
                screening.withdraw(session, number, stage=bag.stage, screener=ann)


def meanwhile(bag: Bag, made: list[Record], chance: random.Random) -> None:
    """Let others go on in the review, merge, remove, and the screener vote here."""
    desk = bag.desk
    word = "include" if bag.stage == TA else "exclude X-POP"
    for _ in range(chance.randrange(6)):
        hours = chance.choice([-30, 1, 900])
        with suppress(LitreviewError):
            desk.vote(
                chance.choice(["ann", "bob", "bob"]),
                chance.choice(made),
                chance.choice(["exclude X-POP", word]),
                bag.stage,
                at=NOON + timedelta(hours=hours),
            )
    if chance.random() < 0.3:
        one, other = chance.sample(made, 2)
        desk.pair(one, other)
    if chance.random() < 0.3:
        desk.remove(chance.choice(made))
    if chance.random() < 0.3 and bag.stage == FT:
        desk.text(chance.choice(made), "not-retrieved")


@pytest.mark.parametrize("seed", range(5))
def test_many_at_once_come_to_the_same_as_one_by_one(
    desk: Desk,
    make: Maker,
    tmp_path: Path,
    seed: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The same rows and the same told, whatever was done in the pack and here."""
    chance = random.Random(seed)  # noqa: S311 - a draw to repeat
    stage = chance.choice([TA, FT])
    made = make.records(8)
    desk.pair(made[0], made[1])
    if stage == FT:
        for record in made[1:]:
            desk.votes(record, ann="include", bob="include")
    rounds.assign(desk.session, Plan(stage, seed), by=desk.person("lead"))
    if chance.random() < 0.4:
        sample = calibration.Sample(stage, 2, seed)
        calibration.draw(desk.session, sample, by=desk.person("lead"))
    bag = Bag(desk, tmp_path / "p", stage=stage).make()
    in_the_pack(bag, made, chance)
    if chance.random() < 0.3:
        bag.back()
    in_the_pack(bag, made, chance)
    meanwhile(bag, made, chance)
    monkeypatch.setattr(packvotes, "SLICE", chance.choice([1, 3, 500]))
    quick = come_to(bag)
    monkeypatch.setattr(packvotes, "_is_usual", lambda *_: False)
    assert quick == come_to(bag)


def test_a_pack_takes_few_questions(desk: Desk, make: Maker, tmp_path: Path) -> None:
    """Their number does not grow with the votes in it."""
    made = make.records(40)
    rounds.assign(desk.session, Plan(TA, 1), by=desk.person("lead"))
    bag = Bag(desk, tmp_path / "p").make()
    with bag.inside() as session:
        ann = lookup.actor(session, "ann")
        for record in made:
            ballot = screening.Ballot(record.id, TA, "include")
            screening.decide(session, ballot, screener=ann)
    found = packfile.read(bag.path)
    asked = 0

    def count(*_told: object) -> None:
        nonlocal asked
        asked += 1

    connection = desk.session.connection()
    event.listen(connection, "before_cursor_execute", count)
    back = unpacking.bring_back(desk.session, found, by=desk.person("ann"))
    event.remove(connection, "before_cursor_execute", count)
    assert back.stored == len(made)
    assert asked < len(made)


# -- notes and labels ------------------------------------------------------------------


def words(desk: Desk, record: Record, by: str = "ann") -> list[tuple[str, str]]:
    """Return the notes and labels of a person on a record."""
    found = own(desk.session, record.id, by=desk.person(by))
    return [(one.kind.value, one.text) for one in found]


def test_notes_and_labels_come_back_once(bag: Bag, records: list[Record]) -> None:
    """Also without a vote, also taken off again, and twice without harm."""
    one, other = records[:2]
    with bag.inside() as session:
        ann = lookup.actor(session, "ann")
        note(session, one.id, "ask the authors", by=ann)
        label(session, one.id, "survey", by=ann)
        label(session, other.id, "survey", by=ann)
        unlabel(session, other.id, "survey", by=ann)
    back = bag.back()
    assert (back.stored, back.notes) == (0, 4)
    assert words(bag.desk, one) == [("note", "ask the authors"), ("label", "survey")]
    assert words(bag.desk, other) == []
    assert bag.back(by="lead").notes == 0
    assert len(words(bag.desk, one)) == 2
    assert visible(bag.desk.session, one.id, by=bag.desk.person("bob")) == []


def test_a_label_changed_later_stands(
    bag: Bag, records: list[Record], tmp_path: Path
) -> None:
    """Of two packs the later word on a label counts, whichever comes first."""
    record = records[0]
    later = Bag(bag.desk, tmp_path / "later")
    shutil.copy(bag.path, later.path)
    for copy, off in ((bag, False), (later, True)):
        with copy.inside() as session:
            ann = lookup.actor(session, "ann")
            label(session, record.id, "survey", by=ann)
            if off:
                unlabel(session, record.id, "survey", by=ann)
    for order in ((bag, later), (later, bag)):
        place = bag.desk.session.begin_nested()
        for each in order:
            each.back()
        assert words(bag.desk, record) == []
        place.rollback()


def test_a_note_on_a_full_text_is_never_older_than_its_pack(
    desk: Desk, make: Maker, tmp_path: Path
) -> None:
    """A slow clock does not open it with the votes on title and abstract."""
    record = make.record()
    desk.votes(record, ann="include", bob="include")
    rounds.assign(desk.session, Plan(FT, 1), by=desk.person("lead"))
    bag = Bag(desk, tmp_path / "p", stage=FT).make()
    with bag.inside() as session:
        ann = lookup.actor(session, "ann")
        row = note(session, record.id, "weak", by=ann)
        session.expunge(row)
        session.execute(text("DROP TRIGGER append_only_record_annotation_update"))
        session.execute(text("UPDATE record_annotation SET at = '2001-01-01 00:00:00'"))
    assert bag.back().notes == 1
    assert words(desk, record) == [("note", "weak")]
    assert visible(desk.session, record.id, by=desk.person("bob")) == []


# -- refused ---------------------------------------------------------------------------


def test_only_the_screener_and_a_lead_bring_back(
    bag: Bag, records: list[Record]
) -> None:
    """Nobody else speaks for ann, and nothing is stored."""
    bag.vote(records[0], "include")
    with pytest.raises(NotAllowedError, match="bob may not"):
        bag.back(by="bob")
    assert stored(bag.desk) == []
    assert bag.back(by="lead").stored == 1


def test_a_pack_of_another_review_is_refused(
    bag: Bag, records: list[Record], session: Session
) -> None:
    """Another protocol or other records under the same ids are another review."""
    bag.vote(records[0], "include")
    records[0].source_id = "W-something-else"
    session.flush()
    with pytest.raises(UsageError, match="another review"):
        bag.back()
    assert stored(bag.desk) == []


def test_a_pack_that_the_review_did_not_make_takes_a_lead(
    bag: Bag, records: list[Record], monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a restored backup nothing is lost, but a lead has to say so."""
    bag.vote(records[0], "include")
    monkeypatch.setattr("litreview.packs.EVENT", "forgotten")
    with pytest.raises(NotAllowedError, match="does not remember"):
        bag.back()
    assert bag.back(by="lead").stored == 1


def test_a_vote_made_up_in_the_file_is_refused(bag: Bag, records: list[Record]) -> None:
    """What the protocol does not accept is not stored, whoever wrote it there."""
    bag.vote(records[0], "exclude X-POP")
    bag.vote(records[1], "include")
    with sqlite3.connect(bag.path) as connection:
        connection.execute("DROP TRIGGER append_only_decision_update")
        connection.execute(
            "UPDATE decision SET reason = 'X-MADE' WHERE verdict = 'exclude'"
        )
    connection.close()
    back = bag.back()
    assert back.stored == 1
    assert [line for line in back.waiting if "X-MADE" in line]
