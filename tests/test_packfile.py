"""Packs as files: recognised, whole, refused when they are not as they were made."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path
from random import Random

import pytest
from carrying import Bag
from desk import TA, Desk
from hypothesis import given
from hypothesis import strategies as st
from making import Maker
from sqlalchemy.orm import Session

from litreview import db, lookup, packfile, rounds, screening
from litreview.errors import InputFileError, WorkspaceError
from litreview.models import Person, Record
from litreview.rounds import Plan


@pytest.fixture
def bag(session: Session, make: Maker, tmp_path: Path) -> Bag:
    """Return ann's pack of three records."""
    make.review()
    make.records(3)
    desk = Desk(session)
    rounds.assign(session, Plan(TA, 1), by=desk.person("lead"))
    return Bag(desk, tmp_path / "a.litpack").make()


def damaged(bag: Bag, statement: str, name: str = "damaged") -> Path:
    """Return a copy of a pack with something done to it behind its triggers."""
    path = bag.path.with_name(name)
    shutil.copy(bag.path, path)
    with sqlite3.connect(path) as connection:
        names = connection.execute(
            "SELECT name FROM sqlite_master WHERE type='trigger'"
        )
        for (trigger,) in names.fetchall():
            connection.execute(f"DROP TRIGGER {trigger}")
        connection.execute(statement)
    connection.close()
    return path


def test_a_pack_is_told_by_its_header(bag: Bag, tmp_path: Path) -> None:
    """A pack is one; another database, a text and nothing at all are not."""
    assert packfile.is_pack(bag.path)
    (tmp_path / "text").write_text("no pack", "utf-8")
    for name in ("review.sqlite", "text", "missing"):
        assert not packfile.is_pack(tmp_path / name)
    with pytest.raises(InputFileError, match="this is no pack"):
        packfile.read(tmp_path / "text")
    with pytest.raises(InputFileError, match="no such file"):
        packfile.read(tmp_path / "missing")


def test_votes_are_in_the_one_file(bag: Bag, tmp_path: Path) -> None:
    """While a pack is still open, a copy of the one file has the stored vote."""
    record = bag.desk.session.get_one(Record, bag.queue()[0])
    with db.opened(f"sqlite:///{bag.path}") as engine:
        with db.transaction(engine) as session:
            who = lookup.actor(session, "ann")
            ballot = screening.Ballot(record.id, TA, "include", note="carried")
            screening.decide(session, ballot, screener=who)
        shutil.copy(bag.path, tmp_path / "carried")
    [vote] = packfile.read(tmp_path / "carried").said
    assert (vote.record_id, vote.note) == (record.id, "carried")


def test_a_manifest_says_what_a_pack_is(bag: Bag) -> None:
    """Whose, of which stage, how many, and of the protocol in force."""
    told = packfile.manifest(bag.path)
    assert (told.format, told.screener, told.stage, told.records) == (1, "ann", TA, 3)
    assert len(told.sha256) == len(told.protocol) == 64


def test_what_was_said_comes_in_the_order_of_saying(bag: Bag) -> None:
    """Votes and withdrawals are read with reason, note, payload and time."""
    record = bag.desk.session.get_one(Record, bag.queue()[0])
    bag.vote(record, "exclude X-POP", note="not them")
    bag.withdraw(record)
    bag.vote(record, "include")
    said = packfile.read(bag.path).said
    assert [(vote.verdict, vote.reason, vote.note) for vote in said] == [
        ("exclude", "X-POP", "not them"),
        ("withdrawn", "", ""),
        ("include", "", ""),
    ]
    assert {vote.record_id for vote in said} == {record.id}
    assert all(vote.raw_id for vote in said)
    assert said[2].at == bag.clock


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE record SET title = 'Another title' WHERE id = 1",
        "UPDATE person SET handle = 'bob' WHERE handle = 'ann'",
        "UPDATE protocol_version SET criteria_text = criteria_text || ' '",
        "UPDATE screening_round SET per_record = 1",
        "UPDATE raw_record SET payload = x'00' WHERE record_id = 2",
        "DELETE FROM assignment WHERE record_id = 3",
        "DELETE FROM raw_record WHERE record_id = 1",
    ],
)
def test_a_changed_pack_is_refused(bag: Bag, statement: str) -> None:
    """Whatever was packed is under the manifest's hash."""
    with pytest.raises(InputFileError, match="not as it was made"):
        packfile.read(damaged(bag, statement))


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("DELETE FROM audit_event", "no manifest"),
        ("UPDATE audit_event SET detail = '[1, 2]'", "no manifest"),
        ("UPDATE audit_event SET detail = '{\"format\": 2}'", "format 2"),
        ("UPDATE audit_event SET detail = '{\"format\": 1}'", "no manifest"),
        ("UPDATE alembic_version SET version_num = '0001'", "older schema"),
        ("UPDATE alembic_version SET version_num = '9999'", "newer litreview"),
    ],
)
def test_a_pack_of_another_format_is_refused(
    bag: Bag, statement: str, told: str
) -> None:
    """Without its manifest, or from another program, a pack is told in words."""
    path = damaged(bag, statement)
    for look in (packfile.manifest, packfile.read):
        with pytest.raises(InputFileError, match=told):
            look(path)


def test_half_a_pack_is_refused(bag: Bag, tmp_path: Path) -> None:
    """A file cut short in a copy is no pack."""
    path = tmp_path / "half"
    whole = bag.path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(InputFileError, match="cannot be read"):
        packfile.read(path)


def test_a_pack_is_never_written_over(bag: Bag, tmp_path: Path) -> None:
    """It may hold votes; nor is one written where no folder is."""
    with pytest.raises(WorkspaceError, match="already there"):
        bag.make()
    bag.path = tmp_path / "no" / "folder"
    with pytest.raises(WorkspaceError, match="cannot be written"):
        bag.make()


@given(st.lists(st.integers(1, 50), unique=True), st.randoms())
def test_the_hash_does_not_depend_on_the_order_of_rows(
    ids: list[int], draw: Random
) -> None:
    """Rows in another order are the same pack; one more or fewer is another."""
    rows = [
        {"id": n, "handle": f"p{n}", "name": "", "role": "reader", "active": True}
        for n in ids
    ]
    mixed = list(rows)
    draw.shuffle(mixed)
    assert packfile.digest({Person: rows}) == packfile.digest({Person: mixed})
    if rows:
        assert packfile.digest({Person: rows}) != packfile.digest({Person: rows[1:]})
