"""Finding duplicates, deciding on them, and taking all of it back."""

from __future__ import annotations

import random
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from making import Maker
from sqlalchemy import Engine, event, func, insert, select
from sqlalchemy.orm import Session

from litreview import db, dedupe, pairlist, pairs, screening, settling, state
from litreview.errors import NotAllowedError, NotFoundError, UsageError
from litreview.matching import Pair, Verdict
from litreview.models import (
    CandidatePair,
    Decision,
    DedupeRun,
    PairDecision,
    Person,
    Record,
    RecordRemoval,
)
from litreview.outcome import Standing
from litreview.screening import Ballot
from litreview.settling import Ruling
from litreview.vocabulary import Found, PairVerdict, Role, Stage

DUPLICATE, SAME_STUDY, DIFFERENT, WITHDRAWN = PairVerdict
TA = Stage.TITLE_ABSTRACT


# -- what tests say ------------------------------------------------------------------


def machine(session: Session, *proposals: Pair) -> dedupe.Found:
    """Store a pass of the machine that proposes these."""
    return dedupe.store(session, proposals, run=DedupeRun(parameters={}, records=0))


def alike(
    a: Record, b: Record, score: float = 0.9, verdict: Verdict = "duplicate"
) -> Pair:
    """Return a proposal of the machine."""
    return Pair(min(a.id, b.id), max(a.id, b.id), score, verdict, ("same title",))


def homes(*records: Record) -> list[int]:
    """Return the stored clusters of these records."""
    return [record.cluster_id for record in records]


def sound(session: Session) -> bool:
    """Tell whether the stored clusters are what the verdicts make, without breach."""
    stored = pairs.homes(session)
    return stored == pairs.recomputed(session) and not pairs.broken(session)


def vote(session: Session, record: Record, **verdicts: str) -> None:
    """Cast votes on title and abstract, by handle."""
    for handle, verdict in verdicts.items():
        screener = session.scalars(select(Person).where(Person.handle == handle)).one()
        screening.decide(session, Ballot(record.id, TA, verdict), screener=screener)


def standing(session: Session, record: Record) -> tuple[Standing, str]:
    """Return how a record's report stands on title and abstract."""
    outcome = state.outcome(session, TA, record.cluster_id)
    assert outcome is not None
    return outcome.standing, outcome.verdict


def arbiter(session: Session) -> Person:
    """Return the third person."""
    return session.scalars(select(Person).where(Person.handle == "cleo")).one()


def library(engine: Engine) -> list[int]:
    """Store a team and four records: two the same, a version, and another."""
    with db.transaction(engine) as session:
        make = Maker(session)
        make.team()
        title = "Trust in schools as a core resource for improvement"
        fields: dict[str, Any] = {
            "authors": "Bryk, Anthony S.; Schneider, Barbara",
            "year": 2003,
            "container_title": "Educational Leadership",
            "volume": "60",
            "issue": "6",
            "pages": "40-45",
        }
        made = [
            make.record(title, doi="10.5555/trust.1", **fields),
            make.record(title, source="crossref", doi="10.5555/trust.1", **fields),
            make.record(f"{title}.", source="crossref", **fields),
            make.record("A wholly unlike account of summer calendars", year=1999),
        ]
        return [record.id for record in made]


def count(engine: Engine, table: type[PairDecision | DedupeRun | CandidatePair]) -> int:
    """Return the number of rows."""
    with db.snapshot(engine) as session:
        return session.scalar(select(func.count()).select_from(table)) or 0


# -- the machine ---------------------------------------------------------------------


def test_find_merges_what_is_the_same(engine: Engine) -> None:
    """Sure duplicates become one report, named by its smallest id."""
    a, b, c, other = library(engine)
    found = dedupe.find(engine, by="lead")
    with db.snapshot(engine) as session:
        assert pairs.homes(session) == {a: a, b: a, c: a, other: other}
        assert sound(session)
    assert (found.records, found.merged, found.reports, found.moved) == (4, 2, 2, 2)
    assert (found.new, found.withdrawn, found.waiting) == (found.duplicates, 0, 0)


def test_find_twice_adds_no_verdict(engine: Engine) -> None:
    """A second pass stores itself and nothing else."""
    library(engine)
    dedupe.find(engine, by="lead")
    before = count(engine, PairDecision), count(engine, CandidatePair)
    again = dedupe.find(engine, by="lead")
    assert (count(engine, PairDecision), count(engine, CandidatePair)) == before
    assert (again.new, again.withdrawn, again.moved) == (0, 0, 0)
    assert count(engine, DedupeRun) == 2


def test_find_on_nothing_finds_nothing(engine: Engine) -> None:
    """An empty database is no error."""
    with db.transaction(engine) as session:
        Maker(session).team()
    found = dedupe.find(engine, by="lead")
    assert (found.records, found.pairs, found.waiting) == (0, 0, 0)


def test_a_removed_record_takes_part(engine: Engine) -> None:
    """Who left before screening may still be a duplicate of who stayed."""
    a, b, *_ = library(engine)
    with db.transaction(engine) as session:
        lead = session.scalars(select(Person).where(Person.handle == "lead")).one()
        session.add(
            RecordRemoval(
                record_id=b, removed=True, basis="rule", text="test", person_id=lead.id
            )
        )
    dedupe.find(engine, by="lead")
    with db.snapshot(engine) as session:
        assert session.get_one(Record, b).cluster_id == a


@pytest.mark.parametrize("threshold", [0, -1, 1.01, float("nan")])
def test_a_threshold_is_a_probability(engine: Engine, threshold: float) -> None:
    """Anything else is refused before work is done."""
    library(engine)
    with pytest.raises(UsageError, match="threshold"):
        dedupe.find(engine, by="lead", threshold=threshold)
    assert count(engine, DedupeRun) == 0


def test_the_threshold_decides_what_is_merged_at_once() -> None:
    """From the threshold on a pair is merged, below it is asked; versions stay."""
    found = [
        Pair(1, 2, 0.9, "duplicate", ()),
        Pair(3, 4, 0.75, "duplicate", ()),
        Pair(5, 6, 0.5, "unsure", ()),
        Pair(7, 8, 0.6, "same_study", ()),
        Pair(9, 10, 0.1, "different", ()),
    ]

    def verdicts(threshold: float | None) -> list[str]:
        return [pair.verdict for pair in dedupe.propose(found, threshold)]

    assert verdicts(None) == ["duplicate", "duplicate", "unsure", "same_study"]
    assert verdicts(0.9) == ["duplicate", "unsure", "unsure", "same_study"]
    assert verdicts(0.5) == ["duplicate"] * 3 + ["same_study"]


def test_the_machine_withdraws_what_it_no_longer_says(
    session: Session, make: Maker
) -> None:
    """A merge that a later pass does not propose comes apart, by an appended row."""
    a, b, c, d = make.records(4)
    machine(session, alike(a, b), alike(c, d))
    assert homes(a, b, c, d) == [a.id, a.id, c.id, c.id]
    found = machine(session, alike(c, d))
    assert (found.new, found.withdrawn, found.moved) == (0, 1, 1)
    assert homes(a, b, c, d) == [a.id, b.id, c.id, c.id]
    said = session.scalars(select(PairDecision.verdict).order_by(PairDecision.id))
    assert list(said) == [DUPLICATE, DUPLICATE, WITHDRAWN]
    assert machine(session, alike(c, d)).withdrawn == 0


def test_the_machine_changes_its_mind_with_one_row(
    session: Session, make: Maker
) -> None:
    """Duplicate that becomes same study, or unsure, is one new row and no more."""
    a, b = make.records(2)
    machine(session, alike(a, b))
    assert machine(session, alike(a, b, verdict="same_study")).new == 1
    assert homes(a, b) == [a.id, b.id]
    found = machine(session, alike(a, b, 0.5, "unsure"))
    assert (found.new, found.withdrawn, found.waiting) == (0, 1, 1)


def test_another_score_is_said_anew(session: Session, make: Maker) -> None:
    """Which link is the weakest is what the newest pass says, not the first one."""
    ann, _ = make.team()
    a, b, c = make.records(3)
    machine(session, alike(a, b, 0.9), alike(b, c, 0.8))
    dedupe.decide(session, a.id, c.id, DIFFERENT, by=ann)
    assert homes(a, b, c) == [a.id, a.id, c.id]
    found = machine(session, alike(a, b, 0.75), alike(b, c, 0.8))
    assert (found.new, found.withdrawn, found.moved) == (1, 0, 2)
    assert homes(a, b, c) == [a.id, b.id, b.id]


def test_a_pass_over_some_leaves_the_others(session: Session, make: Maker) -> None:
    """Pairs without a touched record stay, also where the pass does not find them."""
    a, b, c, d = make.records(4)
    machine(session, alike(a, b), alike(c, d))
    run = DedupeRun(parameters={}, records=0)
    touched = frozenset({c.id})
    found = dedupe.store(
        session, [alike(a, c, 0.5, "unsure")], run=run, touched=touched
    )
    assert (found.pairs, found.new, found.withdrawn, found.moved) == (2, 0, 1, 1)
    assert (found.compared, found.waiting) == (1, 1)
    assert homes(a, b, c, d) == [a.id, a.id, c.id, d.id]
    kept = session.execute(select(CandidatePair.a_id, CandidatePair.b_id)).all()
    assert sorted(kept) == [(a.id, b.id), (a.id, c.id)]


@pytest.mark.parametrize("verdict", [DUPLICATE, SAME_STUDY, DIFFERENT])
def test_a_pair_of_a_persons_is_never_touched(
    session: Session, make: Maker, verdict: str
) -> None:
    """Whatever the machine finds or stops finding, it adds no row to such a pair."""
    ann, _ = make.team()
    a, b = make.records(2)
    machine(session, alike(a, b))
    dedupe.decide(session, a.id, b.id, verdict, by=ann)
    home = homes(a, b)
    for proposals in ([alike(a, b, verdict="same_study")], [], [alike(a, b)]):
        found = machine(session, *proposals)
        assert (found.new, found.withdrawn, found.moved) == (0, 0, 0)
    assert homes(a, b) == home


def test_who_may_not_decide_may_not_find(engine: Engine) -> None:
    """Merging takes a screener, an arbiter or a lead."""
    library(engine)
    with db.transaction(engine) as session:
        Maker(session).person("rita", Role.READER)
    with pytest.raises(NotAllowedError, match="rita"):
        dedupe.find(engine, by="rita")
    dedupe.find(engine, by="ann")


def test_ten_thousand_records_take_few_statements(engine: Engine) -> None:
    """The number of statements does not grow with the number of pairs."""
    with db.transaction(engine) as session:
        Maker(session).team()
        rows = [
            {
                "id": number,
                "source": "openalex",
                "source_id": f"W{number}",
                "found": Found.DATABASE,
                "cluster_id": number,
            }
            for number in range(1, 10_001)
        ]
        session.execute(insert(Record), rows)
    proposals = [Pair(n, n + 1, 0.9, "duplicate", ("x",)) for n in range(1, 10_000, 2)]
    statements: list[str] = []

    @event.listens_for(engine, "before_cursor_execute")
    def note(*call: object) -> None:
        statements.append(str(call[2]))

    begun = time.process_time()
    with db.transaction(engine) as session:
        found = dedupe.store(
            session, proposals, run=DedupeRun(parameters={}, records=10_000)
        )
    assert (found.moved, found.reports) == (5_000, 5_000)
    assert len(statements) < 30
    assert time.process_time() - begun < 20
    with db.snapshot(engine) as session:
        assert sound(session)


# -- people --------------------------------------------------------------------------


def test_a_persons_duplicate_joins_two_records(session: Session, make: Maker) -> None:
    """The larger id joins the smaller, in whatever order they are named."""
    ann, _ = make.team()
    a, b = make.records(2)
    change = dedupe.decide(session, b.id, a.id, DUPLICATE, by=ann, why="same PDF")
    assert homes(a, b) == [a.id, a.id]
    assert change.moved == {b.id: (b.id, a.id)}
    assert change.reports == {a.id: (a.id, b.id)}
    assert change.refused == ()
    row = session.scalars(select(PairDecision)).one()
    assert (row.a_id, row.b_id, row.why, row.run_id) == (a.id, b.id, "same PDF", None)


def test_only_the_records_concerned_move(session: Session, make: Maker) -> None:
    """A verdict leaves every other cluster alone."""
    ann, _ = make.team()
    a, b, c, d = make.records(4)
    dedupe.decide(session, c.id, d.id, DUPLICATE, by=ann)
    change = dedupe.decide(session, a.id, b.id, DUPLICATE, by=ann)
    assert set(change.reports) == {a.id}
    assert homes(a, b, c, d) == [a.id, a.id, c.id, c.id]


def test_the_same_verdict_again_stores_nothing(session: Session, make: Maker) -> None:
    """A repeated answer is one answer; another person's is a second one."""
    ann, bob = make.team()
    a, b = make.records(2)
    for by, rows in ((ann, 1), (ann, 1), (bob, 2), (ann, 3)):
        before = session.scalar(select(func.count(PairDecision.id)))
        change = dedupe.decide(session, a.id, b.id, DUPLICATE, by=by)
        assert change.stored == (rows != before)
        assert session.scalar(select(func.count(PairDecision.id))) == rows


def test_a_persons_different_against_a_chain_of_machine_links(
    session: Session, make: Maker
) -> None:
    """No chain of machine links joins what a person held apart; the weakest breaks."""
    ann, _ = make.team()
    a, b, c, d = make.records(4)
    chain = (alike(a, b, 0.95), alike(b, c, 0.75), alike(c, d, 0.9))
    machine(session, *chain)
    assert homes(a, b, c, d) == [a.id] * 4
    change = dedupe.decide(session, a.id, d.id, DIFFERENT, by=ann)
    assert homes(a, b, c, d) == [a.id, a.id, c.id, c.id]
    (refusal,) = change.refused
    assert (refusal.ruling.a_id, refusal.ruling.b_id) == (b.id, c.id)
    assert [(wall.a_id, wall.b_id) for wall in refusal.blocked_by] == [(a.id, d.id)]
    machine(session, *chain)
    assert homes(a, b, c, d) == [a.id, a.id, c.id, c.id]
    assert [row["effect"] for row in pairlist.waiting(session)] == [
        pairlist.Effect.REFUSED
    ]


def test_a_duplicate_across_a_different_is_refused_and_told(
    session: Session, make: Maker
) -> None:
    """A person's duplicate cannot join what a person's different holds apart."""
    ann, bob = make.team()
    a, b, c = make.records(3)
    dedupe.decide(session, a.id, b.id, DUPLICATE, by=ann)
    dedupe.decide(session, a.id, c.id, DIFFERENT, by=bob)
    change = dedupe.decide(session, b.id, c.id, DUPLICATE, by=ann)
    # The newer link holds, the older one waits for a person.
    assert homes(a, b, c) == [a.id, b.id, b.id]
    assert [(r.ruling.a_id, r.ruling.b_id) for r in change.refused] == [(a.id, b.id)]
    assert sound(session)
    change = dedupe.undo(session, a.id, c.id, by=bob)
    assert homes(a, b, c) == [a.id] * 3
    assert (set(change.moved), change.refused) == ({b.id, c.id}, ())


def test_saying_a_refused_duplicate_again_makes_it_the_stronger(
    session: Session, make: Maker
) -> None:
    """Of two duplicates that cannot both hold, the newest word wins."""
    ann, _ = make.team()
    a, b, c = make.records(3)
    dedupe.decide(session, a.id, c.id, DIFFERENT, by=ann)
    dedupe.decide(session, a.id, b.id, DUPLICATE, by=ann)
    dedupe.decide(session, b.id, c.id, DUPLICATE, by=ann)
    assert homes(a, b, c) == [a.id, b.id, b.id]
    dedupe.decide(session, a.id, b.id, DUPLICATE, by=ann)
    assert homes(a, b, c) == [a.id, a.id, c.id]


def test_same_study_is_two_reports_of_one_study(session: Session, make: Maker) -> None:
    """Same study takes a merge apart and joins the studies."""
    ann, _ = make.team()
    a, b = make.records(2)
    machine(session, alike(a, b))
    dedupe.decide(session, a.id, b.id, SAME_STUDY, by=ann)
    assert homes(a, b) == [a.id, b.id]
    assert state.studies(session) == {a.id: a.id, b.id: a.id}


def test_undo_withdraws_a_persons_verdict(session: Session, make: Maker) -> None:
    """What the machine says holds again, or nothing does."""
    ann, bob = make.team()
    a, b, c = make.records(3)
    machine(session, alike(a, b))
    dedupe.decide(session, a.id, b.id, DIFFERENT, by=ann)
    dedupe.decide(session, a.id, c.id, DUPLICATE, by=ann)
    change = dedupe.undo(session, a.id, b.id, by=bob)
    assert (change.verdict, change.now[a.id, b.id].by_person) == (WITHDRAWN, False)
    assert homes(a, b, c) == [a.id] * 3
    change = dedupe.undo(session, c.id, a.id, by=bob)
    assert (change.now, homes(a, b, c)) == ({}, [a.id, a.id, c.id])


def test_undo_of_the_machines_verdict_overrules_it(
    session: Session, make: Maker
) -> None:
    """It stores the person's different, so that the next pass does not merge again."""
    ann, _ = make.team()
    a, b = make.records(2)
    machine(session, alike(a, b))
    change = dedupe.undo(session, a.id, b.id, by=ann)
    assert (change.verdict, homes(a, b)) == (DIFFERENT, [a.id, b.id])
    machine(session, alike(a, b))
    assert homes(a, b) == [a.id, b.id]
    dedupe.undo(session, a.id, b.id, by=ann)
    assert homes(a, b) == [a.id, a.id]


def test_undo_of_nothing_is_refused(session: Session, make: Maker) -> None:
    """Where no verdict is in force, the message says what there is instead."""
    ann, _ = make.team()
    a, b, c = make.records(3)
    with pytest.raises(NotFoundError, match="no verdict is in force"):
        dedupe.undo(session, a.id, b.id, by=ann)
    machine(session, alike(a, b), alike(b, c))
    with pytest.raises(NotFoundError, match="themselves") as told:
        dedupe.undo(session, a.id, c.id, by=ann)
    assert f"dedupe split {a.id}" in told.value.fix


def test_split_takes_a_record_out_for_good(session: Session, make: Maker) -> None:
    """Different is stored against every other member, so no chain brings it back."""
    ann, bob = make.team()
    a, b, c, d = make.records(4)
    links = (alike(a, b), alike(b, c), alike(a, d), alike(c, d))
    machine(session, *links)
    dedupe.decide(session, b.id, c.id, DUPLICATE, by=bob)
    change = dedupe.split(session, b.id, by=ann, why="an erratum")
    assert homes(a, b, c, d) == [a.id, b.id, a.id, a.id]
    assert change.pairs == ((a.id, b.id), (b.id, c.id), (b.id, d.id))
    machine(session, *links, alike(b, d))
    assert homes(a, b, c, d) == [a.id, b.id, a.id, a.id]
    rows = session.scalars(select(PairDecision).where(PairDecision.why != "")).all()
    assert {row.verdict for row in rows} == {DIFFERENT}
    assert len(rows) == 3


def test_split_of_the_first_record_renames_the_report(
    session: Session, make: Maker
) -> None:
    """A report is named by its smallest id, whoever leaves."""
    ann, _ = make.team()
    a, b, c = make.records(3)
    machine(session, alike(a, b), alike(b, c))
    change = dedupe.split(session, a.id, by=ann)
    assert homes(a, b, c) == [a.id, b.id, b.id]
    assert change.reports == {a.id: (a.id,), b.id: (b.id, c.id)}


def test_split_needs_company(session: Session, make: Maker) -> None:
    """A record that is its own report cannot be taken out of it."""
    ann, _ = make.team()
    (a,) = make.records(1)
    with pytest.raises(UsageError, match="only one"):
        dedupe.split(session, a.id, by=ann)


@pytest.mark.parametrize(
    ("pair", "verdict", "error", "words"),
    [
        ((0, 0), DUPLICATE, UsageError, "itself"),
        ((0, 9), DUPLICATE, NotFoundError, "there is no record"),
        ((9, 1), DUPLICATE, NotFoundError, "there is no record"),
        ((0, 1), "same", UsageError, "'same' is no verdict"),
        ((0, 1), WITHDRAWN, UsageError, "dedupe undo"),
    ],
)
def test_what_cannot_be_decided(  # noqa: PLR0917 - cases and fixtures
    session: Session,
    make: Maker,
    pair: tuple[int, int],
    verdict: str,
    error: type[Exception],
    words: str,
) -> None:
    """Impossible pairs, unknown records and other words are refused; none is kept."""
    ann, _ = make.team()
    first = make.records(2)[0].id
    with pytest.raises(error) as told:
        dedupe.decide(session, first + pair[0], first + pair[1], verdict, by=ann)
    assert words in str(told.value)
    assert session.scalar(select(func.count(PairDecision.id))) == 0


def test_what_cannot_be_undone_or_split(session: Session, make: Maker) -> None:
    """A record and itself, and records that are not there, are refused."""
    ann, _ = make.team()
    a, b = make.records(2)
    with pytest.raises(UsageError, match="itself"):
        dedupe.undo(session, b.id, b.id, by=ann)
    with pytest.raises(NotFoundError, match="there is no record"):
        dedupe.undo(session, a.id, b.id + 1, by=ann)
    with pytest.raises(NotFoundError, match="there is no record -1"):
        dedupe.split(session, -1, by=ann)


@pytest.mark.parametrize("role", Role)
def test_who_may_decide(session: Session, make: Maker, role: Role) -> None:
    """Lead, screener and arbiter decide; reader and coder do not; nor who left."""
    make.team()
    person = make.person("pat", role)
    a, b = make.records(2)
    may = role in {Role.LEAD, Role.SCREENER, Role.ARBITER}
    if may:
        dedupe.decide(session, a.id, b.id, DUPLICATE, by=person)
        dedupe.undo(session, a.id, b.id, by=person)
        dedupe.decide(session, a.id, b.id, DUPLICATE, by=person)
        dedupe.split(session, a.id, by=person)
        person.active = False
        session.flush()
    with pytest.raises(NotAllowedError, match="pat"):
        dedupe.decide(session, a.id, b.id, DUPLICATE, by=person)
    with pytest.raises(NotAllowedError, match="pat"):
        dedupe.undo(session, a.id, b.id, by=person)
    with pytest.raises(NotAllowedError, match="pat"):
        dedupe.split(session, a.id, by=person)


# -- votes stay with their records ---------------------------------------------------


def test_an_included_record_merged_with_an_excluded_one_then_split(
    session: Session, make: Maker
) -> None:
    """Merged they are torn, and nothing counts; split, each has its outcome again."""
    ann, _ = make.review()
    a, b = make.records(2)
    vote(session, a, ann="include", bob="include")
    vote(session, b, ann="exclude", bob="exclude")
    dedupe.decide(session, a.id, b.id, DUPLICATE, by=ann)
    assert standing(session, a) == (Standing.IN_PROGRESS, "")
    outcome = state.outcome(session, TA, a.id)
    assert outcome is not None
    assert len(outcome.torn) == 2
    dedupe.split(session, b.id, by=ann)
    assert standing(session, a) == (Standing.SETTLED, "include")
    assert standing(session, b) == (Standing.SETTLED, "exclude")
    assert session.scalar(select(func.count(Decision.id))) == 4


def test_two_clusters_one_agreed_and_one_resolved_the_other_way_are_merged(
    session: Session, make: Maker
) -> None:
    """The conflict comes back; a split gives both outcomes back."""
    ann, _bob, _dan, _eve = make.review("ann", "bob", "dan", "eve")
    a, b, c, d = make.records(4)
    machine(session, alike(a, b), alike(c, d))
    vote(session, b, ann="include", bob="include")
    vote(session, c, dan="include", eve="exclude")
    cleo = arbiter(session)
    settling.resolve(session, Ruling(c.id, TA, "exclude"), by=cleo)
    assert standing(session, a) == (Standing.SETTLED, "include")
    assert standing(session, c) == (Standing.SETTLED, "exclude")
    dedupe.decide(session, b.id, d.id, DUPLICATE, by=ann)
    assert homes(a, b, c, d) == [a.id] * 4
    assert standing(session, a) == (Standing.CONFLICT, "")
    dedupe.undo(session, b.id, d.id, by=ann)
    assert standing(session, a) == (Standing.SETTLED, "include")
    assert standing(session, c) == (Standing.SETTLED, "exclude")
    dedupe.decide(session, b.id, d.id, DUPLICATE, by=ann)
    dedupe.split(session, d.id, by=ann)
    dedupe.split(session, c.id, by=ann) if c.cluster_id == a.id else None
    assert standing(session, b) == (Standing.SETTLED, "include")
    assert standing(session, c) == (Standing.SETTLED, "exclude")


def test_one_persons_votes_differ_across_merged_members(
    session: Session, make: Maker
) -> None:
    """Torn until that person votes again; the new vote speaks for the whole report."""
    ann, bob = make.review()
    a, b = make.records(2)
    vote(session, a, ann="include", bob="include")
    vote(session, b, ann="exclude")
    dedupe.decide(session, a.id, b.id, DUPLICATE, by=bob)
    outcome = state.outcome(session, TA, a.id)
    assert outcome is not None
    assert outcome.standing == Standing.IN_PROGRESS
    assert outcome.torn == {ann.id}
    vote(session, b, ann="include")
    assert standing(session, a) == (Standing.SETTLED, "include")
    # Apart again, each record has what was said of it, and the newest of that.
    dedupe.split(session, b.id, by=bob)
    assert standing(session, a) == (Standing.SETTLED, "include")
    live = state.votes(session, TA, [b.id])[b.id]
    assert [(one.screener_id, one.verdict) for one in live] == [(ann.id, "include")]


def test_a_new_vote_on_a_report_stops_counting_for_who_leaves_it(
    session: Session, make: Maker
) -> None:
    """A vote cast on a merged report supersedes only as long as it is one report."""
    ann, bob = make.review()
    a, b = make.records(2)
    vote(session, a, ann="exclude", bob="exclude")
    dedupe.decide(session, a.id, b.id, DUPLICATE, by=bob)
    vote(session, b, ann="include")
    assert standing(session, a) == (Standing.CONFLICT, "")
    dedupe.split(session, a.id, by=ann)
    assert standing(session, a) == (Standing.SETTLED, "exclude")
    assert standing(session, b)[0] == Standing.IN_PROGRESS


def test_a_merge_with_an_unscreened_record_changes_nothing(
    session: Session, make: Maker
) -> None:
    """A resolution survives a merge that brings no vote."""
    ann, _ = make.review()
    a, b = make.records(2)
    vote(session, b, ann="include", bob="exclude")
    settling.resolve(session, Ruling(b.id, TA, "include"), by=arbiter(session))
    dedupe.decide(session, a.id, b.id, DUPLICATE, by=ann)
    assert standing(session, a) == (Standing.SETTLED, "include")


# -- at the same time -----------------------------------------------------------------


def test_a_person_may_decide_while_the_machine_compares(engine: Engine) -> None:
    """No transaction is open while records are compared, and the person wins."""
    a, b, c, _ = library(engine)
    said: list[str] = []

    def meanwhile(step: str, _done: int, _total: int) -> None:
        if step != "comparing" or said:
            return
        said.append(step)

        def say(session: Session) -> None:
            ann = Maker(session).person("ann")
            for other in (b, c):
                dedupe.decide(session, a, other, DIFFERENT, by=ann)

        db.write(engine, say)

    dedupe.find(engine, by="lead", tell=meanwhile)
    assert said
    with db.snapshot(engine) as session:
        home = pairs.homes(session)
        assert home[a] == a
        assert home[b] == home[c] == b
        assert sound(session)


def test_two_verdicts_that_share_a_record_wait_for_each_other(engine: Engine) -> None:
    """The second sees what the first stored, however they overlap."""
    with db.transaction(engine) as session:
        make = Maker(session)
        make.team()
        a, b, c = (record.id for record in make.records(3))

    def second() -> None:
        def say(session: Session) -> None:
            bob = Maker(session).person("bob")
            dedupe.decide(session, b, c, DUPLICATE, by=bob)

        db.write(engine, say)

    with ThreadPoolExecutor(1) as pool:
        with db.transaction(engine) as session:
            ann = Maker(session).person("ann")
            dedupe.decide(session, a, b, DUPLICATE, by=ann)
            waiting = pool.submit(second)
            time.sleep(0.3)
            assert not waiting.done()
        waiting.result(timeout=20)
    with db.snapshot(engine) as session:
        assert pairs.homes(session) == dict.fromkeys((a, b, c), a)


def test_many_hands_at_once_leave_sound_clusters(engine: Engine) -> None:
    """Verdicts and passes that meet wait for each other; none is lost."""
    with db.transaction(engine) as session:
        make = Maker(session)
        make.team()
        ids = [record.id for record in make.records(6)]

    def work(seed: int) -> int:
        chance = random.Random(seed)  # noqa: S311 - a game, no secret
        stored = 0
        for _ in range(8):
            a, b = sorted(chance.sample(ids, 2))
            verdict = chance.choice(dedupe.ANSWERS)

            def say(session: Session, a: int = a, b: int = b, v: str = verdict) -> bool:
                if seed == 0:
                    machine(session, Pair(a, b, 0.9, "duplicate", ()))
                    return False
                ann = Maker(session).person("ann")
                return dedupe.decide(session, a, b, v, by=ann).stored

            stored += db.write(engine, say)
        return stored

    with ThreadPoolExecutor(4) as pool:
        stored = sum(pool.map(work, range(4)))
    with db.snapshot(engine) as session:
        assert sound(session)
        by_people = PairDecision.person_id.is_not(None)
        query = select(func.count(PairDecision.id)).where(by_people)
        assert session.scalar(query) == stored


# -- lists ---------------------------------------------------------------------------


def test_the_list_shows_both_records_and_the_reasons(
    session: Session, make: Maker
) -> None:
    """A waiting pair tells what is needed to judge it."""
    a = make.record("On trust", year=2001)
    b = make.record("On trust again", year=2002, source="crossref")
    machine(session, alike(a, b, 0.5, "unsure"))
    (row,) = pairlist.waiting(session)
    assert (row["a"], row["b"], row["score"], row["proposal"]) == (
        a.id,
        b.id,
        0.5,
        "unsure",
    )
    assert (row["verdict"], row["by"], row["effect"]) == (
        None,
        None,
        pairlist.Effect.WAITS,
    )
    assert (row["title_a"], row["year_b"], row["source_b"]) == (
        "On trust",
        2002,
        "crossref",
    )
    assert row["reasons"] == ["same title"]


def test_every_pair_is_listed_with_what_comes_of_it(
    session: Session, make: Maker
) -> None:
    """Decided pairs say who decided and what follows."""
    ann, _ = make.team()
    a, b, c, d, e = make.records(5)
    machine(
        session,
        alike(a, b),
        alike(a, c, 0.5, "unsure"),
        alike(b, c, 0.6, "unsure"),
        alike(a, d, 0.5, "unsure"),
        alike(a, e, 0.5, "same_study"),
    )
    dedupe.decide(session, a.id, c.id, DIFFERENT, by=ann, why="another year")
    effect = pairlist.Effect
    rows = {(row["a"], row["b"]): row for row in pairlist.everything(session)}
    assert {pair: row["effect"] for pair, row in rows.items()} == {
        (a.id, b.id): effect.JOINED,
        (a.id, c.id): effect.APART,
        (b.id, c.id): effect.ANSWERED,
        (a.id, d.id): effect.WAITS,
        (a.id, e.id): effect.STUDY,
    }
    assert rows[a.id, b.id]["by"] == pairlist.MACHINE
    told = rows[a.id, c.id]
    assert (told["by"], told["why"], told["score"]) == ("ann", "another year", 0.5)


def test_why_explains_a_report(session: Session, make: Maker) -> None:
    """The chain that joins comes first, outwards, then what keeps others out."""
    ann, _ = make.team()
    a, b, c, d, e = make.records(5)
    dedupe.decide(session, a.id, d.id, DIFFERENT, by=ann)
    machine(session, alike(a, b), alike(b, c), alike(d, e))
    rows = pairlist.explain(session, c.id)
    assert [(row["a"], row["b"], row["verdict"]) for row in rows] == [
        (b.id, c.id, DUPLICATE),
        (a.id, b.id, DUPLICATE),
        (a.id, d.id, DIFFERENT),
    ]
    with pytest.raises(NotFoundError):
        pairlist.explain(session, 999)


# -- random histories ----------------------------------------------------------------

RECORDS = 6
steps = st.tuples(
    st.sampled_from(["machine", "decide", "decide", "undo", "split"]),
    st.integers(0, 2**32),
)


@settings(
    max_examples=30,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(history=st.lists(steps, max_size=15))
def test_any_history_leaves_sound_clusters(
    session: Session, make: Maker, history: list[tuple[str, int]]
) -> None:
    """Stored clusters are the recomputed ones, and hold nobody whom a person parted."""
    with session.begin_nested() as savepoint:
        people = make.team()
        records = make.records(RECORDS)
        for kind, seed in history:
            chance = random.Random(seed)  # noqa: S311 - a game, no secret
            play(session, chance, kind, (records, people))
            assert sound(session), (kind, seed)
            stored = [r.cluster_id for r in records]
            assert stored == [pairs.homes(session)[r.id] for r in records]
        savepoint.rollback()


def play(
    session: Session,
    chance: random.Random,
    kind: str,
    cast: tuple[list[Record], list[Person]],
) -> None:
    """Play one step of a history; what is refused in words is part of it."""
    records, people = cast
    a, b = chance.sample(records, 2)
    by = chance.choice(people)
    if kind == "machine":
        drawn = {tuple(sorted(chance.sample(range(RECORDS), 2))) for _ in range(6)}
        proposals = [
            alike(
                records[i],
                records[j],
                chance.random(),
                chance.choice(["duplicate", "duplicate", "same_study", "unsure"]),
            )
            for i, j in sorted(drawn)
        ]
        machine(session, *proposals)
    elif kind == "decide":
        change = dedupe.decide(
            session, a.id, b.id, chance.choice(dedupe.ANSWERS), by=by
        )
        assert all(refusal.blocked_by for refusal in change.refused)
    elif kind == "undo":
        try:
            dedupe.undo(session, a.id, b.id, by=by)
        except NotFoundError:
            assert (a.id, b.id) not in pairs.rulings(session)
    else:
        others = [r for r in records if r is not a and r.cluster_id == a.cluster_id]
        try:
            dedupe.split(session, a.id, by=by)
        except UsageError:
            assert not others
        else:
            assert all(r.cluster_id != a.cluster_id for r in others)
