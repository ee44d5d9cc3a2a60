"""The keys by which records met, kept from one pass of the machine to the next.

A pass that knows the keys of all records need only look at the records that came
or changed since, and at those whose meetings they disturb (`blocking`). Keys are
read and written whole, as pages of numbers: a million records take 100 MB and a
fraction of a second, where a row for each key would take minutes to write. A
record is new where it stands on no page; one that came to say something else is
noted in `match_change` by whoever changed it. A pass takes away only the notes
that it has read, so that nothing which arrives meanwhile is lost.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from itertools import chain

import numpy as np
import polars as pl
from sqlalchemy import Engine, delete, func, insert, select
from sqlalchemy.orm import Session

from litreview import db
from litreview.blocking import NO_KEYS, Keys
from litreview.columns import SCHEMA, Abstracts, Ints, Tell, unheard
from litreview.comparison import ABSTRACT_READ
from litreview.models import MatchChange, MatchPage, Record

PAGE_IDS = 8_192  # record ids on a page, whose numbers take 800 kB
CHUNK = 10_000  # ids bound in one statement, or rows received at once
NUMBER = np.dtype("<i8")  # how a page is written on every machine


# -- what was -------------------------------------------------------------------------


def known(session: Session) -> Keys:
    """Return the keys as the newest pass left them, by record id."""
    pages = session.scalars(select(MatchPage.codes).order_by(MatchPage.number))
    height = 1 + len(NO_KEYS.codes)
    read = [np.frombuffer(page, NUMBER).reshape(height, -1) for page in pages]
    if not read:
        return NO_KEYS
    table = np.concatenate(read, axis=1).astype(np.int64, copy=False)
    return Keys(table[0], table[1:])


def keep(session: Session, keys: Keys, changed: Ints | None = None) -> None:
    """Write the pages that hold these records, by default all pages anew."""
    numbers = keys.ids // PAGE_IDS
    wanted = np.unique(numbers if changed is None else changed // PAGE_IDS)
    if changed is None:
        session.execute(delete(MatchPage))
    else:
        for some in _parts(wanted.tolist()):
            session.execute(delete(MatchPage).where(MatchPage.number.in_(some)))
    table = np.concatenate([keys.ids[None], keys.codes]).astype(NUMBER, copy=False)
    for number in wanted.tolist():
        start, stop = np.searchsorted(numbers, (number, number + 1))
        page = table[:, start:stop].tobytes()
        session.execute(insert(MatchPage).values(number=number, codes=page))


def unread(session: Session) -> dict[int, int]:
    """Return the notes of changed records: note -> record id."""
    rows = session.execute(select(MatchChange.id, MatchChange.record_id))
    return dict(rows.all())


def forget(session: Session, notes: Collection[int]) -> None:
    """Take away the notes that a pass has read."""
    for some in _parts(sorted(notes)):
        session.execute(delete(MatchChange).where(MatchChange.id.in_(some)))


# -- what is --------------------------------------------------------------------------


def count(session: Session) -> int:
    """Return the number of records."""
    return session.scalar(select(func.count()).select_from(Record)) or 0


def unknown(session: Session, keys: Keys) -> Ints:
    """Return the ids of the records that have no keys.

    Records are never deleted, so numbers tell whether any is missing: mostly only
    the newest are. Else the pages with too few records are looked through.
    """
    newest = int(keys.ids[-1]) if len(keys.ids) else 0
    later = session.scalars(select(Record.id).where(Record.id > newest)).all()
    if len(keys.ids) + len(later) == count(session):
        return np.array(sorted(later), np.int64)
    page = Record.id // PAGE_IDS
    now = dict(session.execute(select(page, func.count()).group_by(page)).all())
    numbers, counts = np.unique(keys.ids // PAGE_IDS, return_counts=True)
    known = dict(zip(numbers.tolist(), counts.tolist(), strict=True))
    found = [
        number
        for first in sorted(at * PAGE_IDS for at in now if now[at] != known.get(at))
        for number in session.scalars(
            select(Record.id).where(Record.id >= first, Record.id < first + PAGE_IDS)
        )
    ]
    return np.setdiff1d(np.array(found, np.int64), keys.ids)


def fields(
    session: Session, ids: Sequence[int] | None = None, tell: Tell = unheard
) -> pl.DataFrame:
    """Return what is compared of these records, by default all, by id: a `SCHEMA`."""
    columns = [getattr(Record, name) for name in SCHEMA]
    query = select(*columns).order_by(Record.id)
    queries = [query]
    total = count(session) if ids is None else len(ids)
    if ids is not None:
        queries = [query.where(Record.id.in_(some)) for some in _parts(sorted(ids))]
    frames = [pl.DataFrame(schema=SCHEMA)]
    done = 0
    for part in queries:
        result = session.connection().execute(
            part, execution_options={"yield_per": CHUNK}
        )
        for rows in result.partitions():
            told = dict(zip(SCHEMA, zip(*rows, strict=True), strict=True))
            frames.append(pl.DataFrame(told, schema=SCHEMA))
            done += len(rows)
            tell(done, total)
    return pl.concat(frames, rechunk=True)


def abstracts(engine: Engine) -> Abstracts:
    """Return the function that reads the beginnings of abstracts by record ids."""
    start = func.substr(Record.abstract, 1, ABSTRACT_READ)

    def read(ids: Collection[int]) -> Mapping[int, str]:
        parts = [
            select(Record.id, start).where(Record.id.in_(some))
            for some in _parts(sorted(ids))
        ]
        with db.snapshot(engine) as session:
            rows = (session.execute(part).all() for part in parts)
            return dict(chain.from_iterable(rows))

    return read


def _parts(values: Sequence[int]) -> Iterator[Sequence[int]]:
    """Yield the values in lists that one statement can bind."""
    for start in range(0, len(values), CHUNK):
        yield values[start : start + CHUNK]
