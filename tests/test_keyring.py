"""Keys that are kept: what is written is read, and notes wait until they are read."""

from __future__ import annotations

import numpy as np
import pytest
from making import Maker
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from litreview import db, keyring
from litreview.blocking import FINER, NO_KEYS, WAYS, Keys
from litreview.columns import SCHEMA
from litreview.comparison import ABSTRACT_READ
from litreview.models import MatchChange, MatchPage

LARGEST = 2**63 - 1


def some_keys(*ids: int, seed: int = 1) -> Keys:
    """Make keys, large and negative ones among them."""
    draw = np.random.default_rng(seed)
    shape = (len(WAYS) + len(FINER), len(ids))
    codes = draw.integers(-LARGEST, LARGEST, shape, np.int64)
    return Keys(np.array(ids, np.int64), codes)


def same(one: Keys, two: Keys) -> bool:
    """Tell whether keys are equal."""
    return bool(
        np.array_equal(one.ids, two.ids) and np.array_equal(one.codes, two.codes)
    )


def test_what_is_kept_is_known(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pages come back as they were, whatever ids they hold; without any, nothing."""
    monkeypatch.setattr(keyring, "PAGE_IDS", 10)
    assert same(keyring.known(session), NO_KEYS)
    keys = some_keys(1, 9, 10, 11, 35, 99)
    keyring.keep(session, keys)
    assert same(keyring.known(session), keys)
    numbers = session.scalars(select(MatchPage.number).order_by(MatchPage.number))
    assert list(numbers) == [0, 1, 3, 9]


def test_only_the_pages_of_changed_records_are_written(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The others stay as they were, and are right all the same."""
    monkeypatch.setattr(keyring, "PAGE_IDS", 10)
    keys = some_keys(1, 9, 10, 35)
    keyring.keep(session, keys)
    changed = keys.replaced(some_keys(9, 36, 70, seed=2))
    keyring.keep(session, changed, np.array([9, 36, 70]))
    assert same(keyring.known(session), changed)
    # A page of records that are not among the changed ones is not looked at.
    other = changed.replaced(some_keys(10, seed=3))
    keyring.keep(session, other, np.array([70]))
    assert same(keyring.known(session), changed)


def test_a_record_without_keys_is_unknown(session: Session, make: Maker) -> None:
    """New records stand on no page."""
    a, b, c = make.records(3)
    assert keyring.unknown(session, NO_KEYS).tolist() == [a.id, b.id, c.id]
    assert keyring.unknown(session, some_keys(a.id, c.id)).tolist() == [b.id]
    assert keyring.unknown(session, some_keys(a.id)).tolist() == [b.id, c.id]
    assert keyring.unknown(session, some_keys(b.id)).tolist() == [a.id, c.id]
    assert keyring.unknown(session, some_keys(a.id, b.id, c.id)).tolist() == []
    assert keyring.count(session) == 3


def test_notes_that_were_not_read_stay(session: Session, make: Maker) -> None:
    """A pass forgets what it has read, also of a record that changed again."""
    a, b = make.records(2)
    session.add_all([MatchChange(record_id=a.id), MatchChange(record_id=b.id)])
    session.flush()
    read = keyring.unread(session)
    assert sorted(read.values()) == [a.id, b.id]
    session.add(MatchChange(record_id=a.id))
    session.flush()
    keyring.forget(session, read)
    assert list(keyring.unread(session).values()) == [a.id]


def test_fields_are_read_by_id(
    session: Session, make: Maker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All records, or those asked for, in order and in parts; a year may be missing."""
    monkeypatch.setattr(keyring, "CHUNK", 2)
    made = make.records(5)
    made[1].year = None
    session.flush()
    heard: list[tuple[int, int]] = []
    told = keyring.fields(session, tell=lambda *far: heard.append(far))
    assert told.columns == list(SCHEMA)
    assert told["id"].to_list() == [record.id for record in made]
    assert told["title"].to_list() == [record.title for record in made]
    assert told["year"][1] is None
    assert heard == [(2, 5), (4, 5), (5, 5)]
    some = [made[4].id, made[0].id, made[2].id]
    assert keyring.fields(session, some)["id"].to_list() == sorted(some)
    assert len(keyring.fields(session, [])) == 0


def test_abstracts_are_read_when_asked_for(engine: Engine) -> None:
    """Only their beginnings, which is all that is compared."""
    with db.transaction(engine) as session:
        make = Maker(session)
        a = make.record("A", abstract="x" * 5_000).id
        b = make.record("B", abstract="short").id
    read = keyring.abstracts(engine)
    assert read([b]) == {b: "short"}
    assert read({a, b}) == {a: "x" * ABSTRACT_READ, b: "short"}
    assert read([]) == {}
