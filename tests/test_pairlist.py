"""Pairs for people: however many there are, only those asked for are read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from making import Maker
from sqlalchemy import event
from sqlalchemy.orm import Session

from litreview import pairlist, pairs, proposals
from litreview.matching import Pair, Verdict
from litreview.models import DedupeRun
from litreview.vocabulary import PairVerdict


def propose(session: Session, *found: tuple[int, int, Verdict, float]) -> None:
    """Store a pass of the machine."""
    told = [Pair(a, b, score, verdict, ("near",)) for a, b, verdict, score in found]
    proposals.store(session, told, run=DedupeRun(parameters={}, records=len(told)))


@contextmanager
def statements(session: Session) -> Iterator[list[str]]:
    """Collect what the database is asked."""
    asked: list[str] = []

    def hear(_c: object, _k: object, statement: str, *_rest: object) -> None:
        asked.append(" ".join(statement.split()))

    bind = session.get_bind()
    event.listen(bind, "before_cursor_execute", hear)
    yield asked
    event.remove(bind, "before_cursor_execute", hear)


def test_only_the_pairs_asked_for_are_read(session: Session, make: Maker) -> None:
    """A report is explained and the queue shown without reading every pair."""
    ann, _ = make.team()
    ids = [record.id for record in make.records(12)]
    propose(
        session,
        (ids[0], ids[1], "duplicate", 0.99),
        (ids[0], ids[2], "unsure", 0.6),
        (ids[4], ids[5], "unsure", 0.7),
        *((ids[k], ids[k + 1], "duplicate", 0.98) for k in range(6, 11)),
    )
    session.expire_all()
    with statements(session) as asked:
        rows = pairlist.explain(session, ids[1])
        assert [(row["a"], row["b"]) for row in rows] == [
            (ids[0], ids[1]),
            (ids[0], ids[2]),
        ]
        assert [row["proposal"] for row in rows] == ["duplicate", "unsure"]
        assert [row["reasons"] for row in rows] == [["near"], ["near"]]
        assert len(pairlist.waiting(session)) == 2
        assert pairlist.newest_of(session, ann.handle) is None
    tables = ("FROM candidate_pair", "FROM pair_decision")
    about = [words for words in asked if any(table in words for table in tables)]
    assert about
    assert all("WHERE" in words for words in about)


def test_undo_finds_ones_own_newest_word_in_force(
    session: Session, make: Maker
) -> None:
    """Neither a word taken back nor another person's later one counts."""
    ann, bob = make.team()
    a, b, c, d = make.records(4)
    make.pair(a, b, PairVerdict.DUPLICATE, ann)
    make.pair(a, c, PairVerdict.DIFFERENT, ann)
    make.pair(c, d, PairVerdict.DIFFERENT, bob)
    assert pairlist.newest_of(session, ann.handle) == (a.id, c.id)
    make.pair(a, c, PairVerdict.WITHDRAWN, ann)
    assert pairlist.newest_of(session, ann.handle) == (a.id, b.id)
    make.pair(a, b, PairVerdict.SAME_STUDY, bob)
    assert pairlist.newest_of(session, ann.handle) is None


PERSONS = ("duplicate", "same_study", "different")
STEPS = st.lists(
    st.tuples(
        st.sampled_from(["machine", "unsure", *PERSONS]),
        st.integers(0, 6),
        st.integers(0, 6),
        st.integers(40, 99),
    ),
    max_size=14,
)


@settings(
    deadline=None,
    max_examples=40,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(steps=STEPS, some=st.sets(st.integers(0, 6), max_size=3))
def test_what_waits_with_some_is_part_of_what_waits_at_all(
    session: Session,
    make: Maker,
    steps: list[tuple[str, int, int, int]],
    some: set[int],
) -> None:
    """Asked about some records, the queue is the whole one without the other pairs."""
    with session.begin_nested() as savepoint:
        ann, _ = make.team()
        records = make.records(7)
        ids = [record.id for record in records]
        found: dict[tuple[int, int], tuple[int, int, Verdict, float]] = {}
        for word, one, two, score in steps:
            low, high = sorted((ids[one], ids[two]))
            if word == "machine" and one != two:
                found[low, high] = (low, high, "duplicate", score / 100)
            if word == "unsure" and one != two:
                found[low, high] = (low, high, "unsure", score / 100)
        propose(session, *found.values())
        for word, one, two, _ in steps:
            if word in PERSONS and one != two:
                make.pair(records[one], records[two], word, ann)
        wanted = {ids[k] for k in some}
        assert pairs.undecided(session, wanted) == [
            pair
            for pair in pairs.undecided(session)
            if pair.a_id in wanted or pair.b_id in wanted
        ]
        savepoint.rollback()
