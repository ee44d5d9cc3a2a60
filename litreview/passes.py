"""A pass of the machine over the records: what it reads and compares, and when.

A full pass compares all records. Any other begins where the newest one ended: it
compares the records that came or changed since, and those whose meetings they
disturb, with whom they meet, and replaces what was known of just these pairs. What
two records are to each other depends on nothing but the two, so both come to the
same (`blocking.disturbed` tells why). The records are read in snapshots, compared
outside any transaction, and the result is stored in one; if another pass was stored
meanwhile, this one begins again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from litreview import __version__, columns, db, keyring, matching, proposals
from litreview.blocking import (
    NO_KEYS,
    Flags,
    Keys,
    Pairs,
    disturbed,
    keys_of,
    meetings,
    near,
)
from litreview.columns import Ints, read_columns
from litreview.errors import DatabaseError
from litreview.models import DedupeRun
from litreview.proposals import Found

Tell = Callable[[str, int, int], None]  # hears which step, how much, of how much

TRIES = 5  # passes that another one overtakes


def unheard(step: str, done: int, total: int) -> None:
    """Tell nobody how far it is."""


@dataclass(frozen=True)
class Job:
    """What is asked of a pass; `actor` returns the id of whose it is, if they may."""

    actor: Callable[[Session], int]
    threshold: float | None = None
    anew: bool = False
    tell: Tell = unheard

    def step(self, name: str) -> columns.Tell:
        """Return the function that hears how far one step is."""
        return lambda done, total: self.tell(name, done, total)

    def continues(self, run: DedupeRun | None) -> bool:
        """Tell whether a pass may go on from this one: the same rules for all pairs."""
        if self.anew or run is None:
            return False
        told = dict(run.parameters)
        return (told.get("matcher"), told.get("threshold")) == (
            matching.VERSION,
            self.threshold,
        )


@dataclass(frozen=True)
class Start:
    """What a pass begins with, as one snapshot had it.

    `newest` is the pass before it, `before` the keys which that one left; `told`
    is what is compared of the records to be matched anew, all where `full`;
    `notes` are those of `keyring.unread`.
    """

    newest: int | None
    full: bool
    before: Keys
    told: pl.DataFrame
    notes: Mapping[int, int]


@dataclass(frozen=True)
class Result:
    """What a pass found: the pairs with any of the `touched` records, None for all.

    `keys` are those of all records; the pages of the `changed` ones are written.
    """

    found: Sequence[matching.Pair]
    touched: frozenset[int] | None
    keys: Keys
    changed: Ints | None


def run(engine: Engine, job: Job) -> Found:
    """Do a pass. Raises `DatabaseError` where others overtake it again and again."""
    begun = time.monotonic()
    for _ in range(TRIES):
        start = db.read(engine, lambda session: look(session, job))
        result = compare(engine, start, job)
        found = _stored(engine, start, result, job)
        if found is not None:
            return replace(found, seconds=time.monotonic() - begun)
    raise DatabaseError(
        "other passes over the duplicates were stored while this one compared",
        why=f"it began {TRIES} times, and nothing of it was stored",
        fix="wait until nobody else runs `litreview dedupe find`, then run it again",
    )


# -- reading and comparing -------------------------------------------------------------


def look(session: Session, job: Job) -> Start:
    """Read what is to be matched: all, or what came or changed since the last pass."""
    newest = session.scalar(select(DedupeRun).order_by(DedupeRun.id.desc()).limit(1))
    number = None if newest is None else newest.id
    notes = keyring.unread(session)
    if not job.continues(newest):
        told = keyring.fields(session, tell=job.step("reading"))
        return Start(number, True, NO_KEYS, told, notes)
    before = keyring.known(session)
    fresh = {*keyring.unknown(session, before).tolist(), *notes.values()}
    told = keyring.fields(session, sorted(fresh), tell=job.step("reading"))
    return Start(number, False, before, told, notes)


def compare(engine: Engine, start: Start, job: Job) -> Result:
    """Compare the records to be matched with all that they meet."""
    texts = keyring.abstracts(engine)
    fresh = read_columns(start.told, texts, job.step("understanding"))
    keys = keys_of(fresh)
    comparing = job.step("comparing")
    if start.full:
        met = meetings(keys, tell=comparing)
        found = proposals.propose(matching.match(fresh, met), job.threshold)
        return Result(found, None, keys, None)
    if not len(keys.ids):
        comparing(1, 1)
        return Result((), frozenset(), start.before, keys.ids)
    after = start.before.replaced(keys)
    touched = np.union1d(keys.ids, disturbed(start.before, after, keys.ids))
    some = after.among(touched)
    around = after.at(some | near(after, after.at(some)))
    flags = around.among(touched)
    ids = around.ids[_meeting(around, flags)].tolist()
    told = db.read(engine, lambda session: keyring.fields(session, ids))
    partners = read_columns(told, texts)
    met = _at_rows(meetings(around, flags, comparing), around.ids, partners.ids)
    found = proposals.propose(matching.match(partners, met), job.threshold)
    return Result(found, frozenset(touched.tolist()), after, keys.ids)


def _meeting(keys: Keys, touched: Flags) -> Flags:
    """Flag the rows that meet any other."""
    found = np.zeros(len(keys.ids), np.bool_)
    for left, right in meetings(keys, touched):
        found[left] = True
        found[right] = True
    return found


def _at_rows(met: Iterator[Pairs], ids: Ints, others: Ints) -> Iterator[Pairs]:
    """Yield pairs of rows of `ids` as rows of `others`; both ascend."""
    place = np.searchsorted(others, ids)
    for left, right in met:
        yield place[left], place[right]


# -- storing ---------------------------------------------------------------------------


def _stored(engine: Engine, start: Start, result: Result, job: Job) -> Found | None:
    """Store a pass in one transaction, unless another one was stored meanwhile."""
    parameters = {
        "threshold": job.threshold,
        "version": __version__,
        "matcher": matching.VERSION,
        "anew": start.full,
    }
    storing = job.step("storing")

    def store(session: Session) -> Found | None:
        storing(0, 1)
        actor = job.actor(session)
        if _newest(session) != start.newest:
            return None
        run = DedupeRun(
            parameters=parameters, records=keyring.count(session), person_id=actor
        )
        found = proposals.store(session, result.found, run=run, touched=result.touched)
        keyring.keep(session, result.keys, result.changed)
        keyring.forget(session, start.notes)
        return found

    found = db.write(engine, store)
    storing(1, 1)
    return found


def _newest(session: Session) -> int | None:
    """Return the newest pass, holding up any other that would be stored."""
    newest = select(func.max(DedupeRun.id))
    lock = select(DedupeRun.id).where(DedupeRun.id == newest.scalar_subquery())
    session.execute(lock.with_for_update()).all()
    return session.scalar(newest)  # after the wait, another may be the newest
