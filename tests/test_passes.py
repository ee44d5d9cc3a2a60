"""Passes: one after another they come to what a single one over everything does."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from making import Maker
from sqlalchemy import Engine, event, select

from litreview import (
    blocking,
    db,
    dedupe,
    keyring,
    matching,
    pairs,
    passes,
    records,
)
from litreview.errors import DatabaseError, NotFoundError
from litreview.models import CandidatePair, DedupeRun, MatchChange, Record

TITLES = (
    "Coaching for head teachers in coastal schools: a mixed methods study",
    "Coaching for head teachers in coastal schools",
    "Coaching of head teachers in coastal schools, a mixed methods study",
    "Editorial",
)
WORDS = ("duplicate", "same_study", "different")


def some_fields(draw: random.Random) -> dict[str, Any]:
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
                a, b = self.draw.sample(ids, 2)
                choice = [(a, b)]
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


@pytest.fixture
def copied(tmp_path: Path, request: pytest.FixtureRequest) -> Callable[[], Path]:
    """Return the function that makes an SQLite file with the newest schema."""
    model: Path = request.getfixturevalue("_model_file")
    numbers = itertools.count(1)

    def copy() -> Path:
        file = tmp_path / f"{next(numbers)}.sqlite"
        file.write_bytes(model.read_bytes())
        return file

    return copy


@contextmanager
def small_blocks() -> Iterator[None]:
    """Let a block hold four records only, and a page nine."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(blocking, "BLOCK_CAP", 4)
        patch.setattr(keyring, "PAGE_IDS", 9)
        yield


@settings(
    deadline=None,
    max_examples=8,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    seed=st.integers(0, 10**9),
    acts=st.lists(
        st.sampled_from(["arrive", "arrive", "change", "judge", "judge", "find"]),
        min_size=6,
        max_size=20,
    ),
)
def test_many_passes_come_to_what_one_does(
    copied: Callable[[], Path], seed: int, acts: list[str]
) -> None:
    """However records, changes, verdicts and passes follow each other.

    Blocks may hold four records here, so that they cross that number all the time.
    """
    file = copied()
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


def test_passes_in_parts_equal_one_on_postgresql_too(engine: Engine) -> None:
    """One world on either database: the same as starting over."""
    with small_blocks():
        world = World(engine, 11)
        for act in ("arrive", "find", "arrive", "judge", "change", "find") * 3:
            getattr(world, act)()
        dedupe.find(engine, by="lead")
        before = state(engine)
        full = dedupe.find(engine, by="lead", anew=True)
        assert (full.new, full.withdrawn, full.moved) == (0, 0, 0)
        assert state(engine) == before


@settings(
    deadline=None,
    max_examples=5,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(seed=st.integers(0, 10**9))
def test_the_order_of_harvests_changes_no_cluster(
    copied: Callable[[], Path], seed: int
) -> None:
    """The same records, harvested in another order and other portions, with passes."""
    draw = random.Random(seed)  # noqa: S311 - test data
    told = [(f"N{number}", some_fields(draw)) for number in range(24)]
    mixed = draw.sample(told, len(told))
    found = [harvested(copied(), order, n) for order, n in ((told, 24), (mixed, 7))]
    assert found[0] == found[1]
    assert len(found[0]) < len(told)


def harvested(
    file: Path, told: list[tuple[str, dict[str, Any]]], portion: int
) -> set[frozenset[str]]:
    """Store records some at a time, each time with a pass; return the clusters."""
    with db.opened(f"sqlite:///{file}") as engine:
        team(engine)
        for start in range(0, len(told), portion):
            some = told[start : start + portion]
            with db.transaction(engine) as session:
                make = Maker(session)
                for name, fields in some:
                    rest = {k: v for k, v in fields.items() if k != "title"}
                    make.record(fields["title"], source_id=name, **rest)
            dedupe.find(engine, by="lead")
        with db.snapshot(engine) as session:
            members: dict[int, set[str]] = {}
            for cluster, name in session.execute(
                select(Record.cluster_id, Record.source_id)
            ):
                members.setdefault(cluster, set()).add(name)
    file.unlink()
    return {frozenset(names) for names in members.values()}


# -- what a pass looks at ------------------------------------------------------------


ARTICLE: dict[str, Any] = {
    "authors": "Marsh, Helen; Ito, Ken",
    "year": 2016,
    "container_title": "Journal of Tides",
    "volume": "26",
    "issue": "3",
    "pages": "411-438",
}


def team(engine: Engine) -> None:
    """Store a team."""
    with db.transaction(engine) as session:
        Maker(session).team()


def store(engine: Engine, *names: str, title: str = TITLES[0]) -> list[int]:
    """Store records of one article, with these names."""
    with db.transaction(engine) as session:
        make = Maker(session)
        made = [make.record(title, source_id=name, **ARTICLE) for name in names]
        return [record.id for record in made]


def homes(engine: Engine) -> dict[int, int]:
    """Return the stored clusters."""
    with db.snapshot(engine) as session:
        return pairs.homes(session)


def test_a_pass_looks_only_at_what_is_new(engine: Engine) -> None:
    """The first compares all, the next those that came, another one nothing."""
    team(engine)
    a, b = store(engine, "A", "B")
    assert dedupe.find(engine, by="lead").compared == 2
    (c,) = store(engine, "C")
    found = dedupe.find(engine, by="lead")
    assert (found.records, found.compared, found.new) == (3, 1, 2)
    assert homes(engine) == {a: a, b: a, c: a}
    again = dedupe.find(engine, by="lead")
    assert (again.records, again.compared, again.pairs) == (3, 0, 3)
    assert (again.merged, again.reports, again.moved) == (2, 1, 0)


def test_a_corrected_record_is_matched_anew(engine: Engine) -> None:
    """What no longer says the same comes apart, and the note of it is read once."""
    team(engine)
    a, b = store(engine, "A", "B")
    dedupe.find(engine, by="lead")
    for field, text in (("title", "Part II: rain over Bergen"), ("pages", "7-9")):
        with db.transaction(engine) as session:
            records.edit(session, b, change=(field, text), why="PDF", by="lead")
    found = dedupe.find(engine, by="lead")
    assert (found.compared, found.withdrawn, found.pairs) == (1, 1, 0)
    assert homes(engine) == {a: a, b: b}
    assert dedupe.find(engine, by="lead").compared == 0


def test_another_threshold_or_matcher_compares_all(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A pass goes on only from one that judged by the same rules."""
    team(engine)
    store(engine, "A", "B")
    dedupe.find(engine, by="lead")
    assert dedupe.find(engine, by="lead", threshold=0.9).compared == 2
    assert dedupe.find(engine, by="lead", threshold=0.9).compared == 0
    assert dedupe.find(engine, by="lead", threshold=0.9, anew=True).compared == 2
    assert dedupe.find(engine, by="lead").compared == 2
    monkeypatch.setattr(matching, "VERSION", matching.VERSION + 1)
    assert dedupe.find(engine, by="lead").compared == 2
    assert dedupe.find(engine, by="lead").compared == 0


def test_a_change_that_arrives_meanwhile_is_for_the_next_pass(engine: Engine) -> None:
    """Nothing that happens while a pass compares is lost, and nothing doubled."""
    team(engine)
    a, b = store(engine, "A", "B")
    dedupe.find(engine, by="lead")
    (c,) = store(engine, "C")
    heard: list[str] = []

    def meanwhile(step: str, _done: int, _total: int) -> None:
        if step == "comparing" and not heard:
            heard.append(step)
            with db.transaction(engine) as session:
                change = ("title", "Rain over Bergen, 1880 to 1971")
                records.edit(session, c, change=change, why="PDF", by="lead")
                change = ("pages", "7-9")
                records.edit(session, c, change=change, why="PDF", by="lead")
            store(engine, "D")

    found = dedupe.find(engine, by="lead", tell=meanwhile)
    assert (found.compared, homes(engine)[c]) == (1, a)
    found = dedupe.find(engine, by="lead")
    assert (found.compared, homes(engine)[c]) == (2, c)
    assert homes(engine)[b] == a


def test_a_pass_that_is_overtaken_begins_again(engine: Engine) -> None:
    """Two at once come to what one after the other does; for ever is an error."""
    team(engine)
    a, b = store(engine, "A", "B")
    rivals = itertools.count(1)
    last = 1

    def rival(step: str, _done: int, _total: int) -> None:
        if step == "comparing" and next(rivals) <= last:
            dedupe.find(engine, by="lead", anew=True)

    assert dedupe.find(engine, by="lead", tell=rival).compared == 0
    assert homes(engine) == {a: a, b: a}
    store(engine, "C")
    last = 1_000
    with pytest.raises(DatabaseError, match="while this one compared"):
        dedupe.find(engine, by="lead", tell=rival)
    with db.snapshot(engine) as session:
        runs = session.scalars(select(DedupeRun).order_by(DedupeRun.id)).all()
    anew = [dict(run.parameters)["anew"] for run in runs]
    assert anew[:2] == [True, False]
    assert len(anew) > passes.TRIES + 1
    assert all(anew[2:])


def test_the_machine_speaks_once_a_person_has_taken_a_word_back(
    engine: Engine,
) -> None:
    """What it would have said meanwhile it says then, though nothing changed."""
    team(engine)
    a, b = store(engine, "A", "B")

    def judge(word: str | None) -> None:
        with db.transaction(engine) as session:
            ann = Maker(session).person("ann")
            if word is None:
                dedupe.undo(session, a, b, by=ann)
            else:
                dedupe.decide(session, a, b, word, by=ann)

    judge("different")
    assert dedupe.find(engine, by="lead").new == 0
    judge(None)
    assert homes(engine) == {a: a, b: b}
    found = dedupe.find(engine, by="lead")
    assert (found.compared, found.new, found.moved) == (0, 1, 1)
    assert homes(engine) == {a: a, b: a}
    judge("different")
    assert dedupe.find(engine, by="lead").new == 0
    assert homes(engine) == {a: a, b: b}


def test_who_waits_hears_how_far_it_is(engine: Engine) -> None:
    """Four steps in order, each told to its end."""
    team(engine)
    store(engine, "A", "B")
    heard: list[tuple[str, int, int]] = []
    dedupe.find(engine, by="lead", tell=lambda *told: heard.append(told))
    steps = list(dict.fromkeys(step for step, _, _ in heard))
    assert steps == ["reading", "understanding", "comparing", "storing"]
    last = {step: (done, total) for step, done, total in heard}
    assert all(done == total > 0 for done, total in last.values())


def test_a_pass_after_a_large_one_is_small(engine: Engine) -> None:
    """Nothing that was there is read again or written again."""
    team(engine)
    with db.transaction(engine) as session:
        make = Maker(session)
        for number in range(400):
            title = f"{TITLES[0]} no {number // 2}"
            make.record(title, source_id=f"N{number}", pages=f"{number}")
    dedupe.find(engine, by="lead")
    store(engine, "A", title="Rain over Bergen, 1880 to 1971")
    with db.snapshot(engine) as session:
        before = session.execute(select(CandidatePair.a_id, CandidatePair.run_id)).all()
    written: list[str] = []

    @event.listens_for(engine, "before_cursor_execute")
    def note(*call: object) -> None:
        written.append(str(call[2]))

    found = dedupe.find(engine, by="lead")
    assert (found.compared, found.records) == (1, 401)
    changes = [told for told in written if told.startswith(("INSERT", "DELETE", "UPD"))]
    assert [told.split()[2] for told in changes] == [
        "dedupe_run", "match_page", "match_page",
    ]  # fmt: skip
    with db.snapshot(engine) as session:
        after = session.execute(select(CandidatePair.a_id, CandidatePair.run_id)).all()
    assert after == before
