"""Passes: one after another they come to what a single one over everything does."""

from __future__ import annotations

import itertools
import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from making import Maker
from sqlalchemy import Engine, event, func, select
from sqlalchemy.orm import Session

from litreview import blocking, db, dedupe, matching, pairs, records
from litreview.errors import DatabaseError, NotFoundError
from litreview.models import (
    CandidatePair,
    DedupeRun,
    MatchChange,
    MatchPage,
    PairDecision,
    Record,
)
from litreview.vocabulary import PairVerdict

TITLES = (
    "Coaching for head teachers in coastal schools: a mixed methods study",
    "Coaching for head teachers in coastal schools",
    "Coaching of head teachers in coastal schools, a mixed methods study",
    "Editorial",
)
WORDS = ("duplicate", "same_study", "different")


def some_fields(draw: random.Random) -> dict[str, object]:
    """Return a record's fields out of so few values that most keys are shared."""
    return {
        "title": draw.choice(TITLES),
        "authors": draw.choice(
            ["Marsh, Helen", "Marsh, Helen; Ito, Ken", "Ito, Ken", ""]
        ),
        "year": draw.choice([2015, 2016, None]),
        "container_title": draw.choice(["Journal of Tides", "SocArXiv", ""]),
        "volume": draw.choice(["26", "27", ""]),
        "pages": draw.choice(["411-438", "411", "12-19", ""]),
        "doi": draw.choice(["10.1234/a", "10.1234/b", "", ""]),
        "abstract": draw.choice(["", "Coaching is offered to many. " * 8]),
    }


class World:
    """A review in which records arrive and change, people judge, and passes run."""

    def __init__(self, engine: Engine, seed: int) -> None:
        """Begin with a team and no records."""
        self.engine = engine
        self.draw = random.Random(seed)  # noqa: S311 - test data
        self.names = itertools.count(1)
        with db.transaction(engine) as session:
            Maker(session).team()

    def arrive(self) -> None:
        """Store a few records."""
        with db.transaction(self.engine) as session:
            make = Maker(session)
            for _ in range(self.draw.randrange(1, 9)):
                fields = some_fields(self.draw)
                name = f"N{next(self.names)}"
                make.record(str(fields.pop("title")), source_id=name, **fields)

    def change(self) -> None:
        """Let some records say something else, as a harvest does."""
        with db.transaction(self.engine) as session:
            ids = list(session.scalars(select(Record.id)))
            for number in self.draw.sample(ids, min(len(ids), 3)):
                fields = some_fields(self.draw)
                if self.draw.random() < 0.5:
                    field = self.draw.choice(["volume", "pages", "year"])
                    text = str(fields[field] or "1999")
                    if str(getattr(session.get_one(Record, number), field)) != text:
                        records.edit(
                            session, number, change=(field, text), why="x", by="lead"
                        )
                    continue
                for name, value in fields.items():
                    setattr(session.get_one(Record, number), name, value)
                session.add(MatchChange(record_id=number))

    def judge(self) -> None:
        """Let a person speak on some pair, or take a word back."""
        with db.transaction(self.engine) as session:
            ids = list(session.scalars(select(Record.id)))
            known = session.execute(select(CandidatePair.a_id, CandidatePair.b_id))
            choice = [(a, b) for a, b in known]
            if len(ids) > 1 and (not choice or self.draw.random() < 0.3):
                choice = [tuple(self.draw.sample(ids, 2))]
            if not choice:
                return
            a, b = self.draw.choice(choice)
            ann = Maker(session).person("ann")
            if self.draw.random() < 0.4:
                spoken = pairs.words(session)[0]
                if spoken:
                    a, b = self.draw.choice(sorted(spoken))
                try:
                    dedupe.undo(session, a, b, by=ann)
                except NotFoundError:
                    return
            else:
                dedupe.decide(session, a, b, self.draw.choice(WORDS), by=ann)

    def find(self) -> None:
        """Do a pass."""
        dedupe.find(self.engine, by="lead")


def state(engine: Engine) -> tuple[object, ...]:
    """Return the candidate pairs, the machine's words in force and the clusters."""
    with db.snapshot(engine) as session:
        kept = {
            (row.a_id, row.b_id): (row.score, row.proposal, tuple(row.reasons))
            for row in session.scalars(select(CandidatePair))
        }
        people, machine = pairs.words(session)
        said = {
            pair: (word.verdict, word.score)
            for pair, word in machine.items()
            if pair not in people
        }
        waiting = [(w.a_id, w.b_id, w.blocked_by) for w in pairs.undecided(session)]
        homes = pairs.homes(session)
        assert homes == pairs.recomputed(session)
        assert pairs.broken(session) == []
        return kept, said, homes, waiting


@settings(
    deadline=None,
    max_examples=60,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    seed=st.integers(0, 10**9),
    acts=st.lists(
        st.sampled_from(["arrive", "arrive", "change", "judge", "find", "find"]),
        min_size=4,
        max_size=25,
    ),
)
def test_many_passes_come_to_what_one_does(
    tmp_path: Path, _model_file: Path, seed: int, acts: list[str]
) -> None:
    """However records, changes, verdicts and passes follow each other.

    Blocks may hold four records here, so that they cross that number all the time.
    """
    file = tmp_path / f"{seed}-{len(acts)}-{random.random()}.sqlite"  # noqa: S311
    file.write_bytes(_model_file.read_bytes())
    with db.opened(f"sqlite:///{file}") as engine, small_blocks():
        world = World(engine, seed)
        for act in acts:
            getattr(world, act)()
        found = dedupe.find(engine, by="lead")
        before = state(engine)
        full = dedupe.find(engine, by="lead", anew=True)
        assert (full.new, full.withdrawn, full.moved) == (0, 0, 0)
        assert state(engine) == before
        assert found.records == full.records == full.compared
        assert (found.pairs, found.waiting) == (full.pairs, full.waiting)
    file.unlink()


@contextmanager
def small_blocks() -> Iterator[None]:
    """Let a block hold four records only."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(blocking, "BLOCK_CAP", 4)
        yield
