"""What two records are to each other, and the clusters that follow."""

from __future__ import annotations

import itertools

import pytest
from making import Maker
from sqlalchemy.orm import Session

from litreview import pairs
from litreview.models import CandidatePair, DedupeRun, PairDecision, Record
from litreview.vocabulary import PairVerdict

DUPLICATE, SAME_STUDY, DIFFERENT, WITHDRAWN = PairVerdict


def machine(
    session: Session, a: Record, b: Record, verdict: str, score: float = 0.9
) -> PairDecision:
    """Append what the machine says of a pair."""
    run = DedupeRun(parameters={}, records=0)
    session.add(run)
    session.flush()
    row = PairDecision(
        a_id=a.id, b_id=b.id, verdict=verdict, run_id=run.id, score=score, reasons=[]
    )
    session.add(row)
    session.flush()
    return row


def candidate(
    session: Session, a: Record, b: Record, proposal: str, score: float
) -> None:
    """Store a machine's proposal."""
    run = DedupeRun(parameters={}, records=0)
    session.add(run)
    session.flush()
    row = CandidatePair(
        a_id=a.id,
        b_id=b.id,
        run_id=run.id,
        score=score,
        proposal=proposal,
        reasons=["same title"],
    )
    session.add(row)
    session.flush()


def test_a_persons_word_beats_a_newer_one_of_the_machine(
    session: Session, make: Maker
) -> None:
    """The machine never replaces a person, however late it comes."""
    ann, _ = make.team()
    a, b = make.records(2)
    said = make.pair(a, b, DIFFERENT, ann)
    machine(session, a, b, DUPLICATE, 0.99)
    found = pairs.rulings(session)[a.id, b.id]
    assert (found.verdict, found.by_person, found.decision_id) == (
        DIFFERENT,
        True,
        said.id,
    )


def test_the_newest_word_of_people_counts(session: Session, make: Maker) -> None:
    """Among people the last one speaks."""
    ann, bob = make.team()
    a, b = make.records(2)
    make.pair(a, b, DUPLICATE, ann)
    make.pair(a, b, SAME_STUDY, bob)
    assert pairs.rulings(session)[a.id, b.id].verdict == SAME_STUDY


def test_a_withdrawal_gives_the_machine_its_word_back(
    session: Session, make: Maker
) -> None:
    """A person's withdrawal leaves what the machine says."""
    ann, _ = make.team()
    a, b, c = make.records(3)
    machine(session, a, b, DUPLICATE, 0.8)
    for other in (b, c):
        make.pair(a, other, DIFFERENT, ann)
        make.pair(a, other, WITHDRAWN, ann)
    found = pairs.rulings(session)
    assert set(found) == {(a.id, b.id)}
    assert (found[a.id, b.id].by_person, found[a.id, b.id].score) == (False, 0.8)


def test_a_machine_that_withdraws_says_nothing(session: Session, make: Maker) -> None:
    """A withdrawn machine verdict is in force nowhere."""
    a, b = make.records(2)
    machine(session, a, b, DUPLICATE)
    machine(session, a, b, WITHDRAWN)
    assert pairs.rulings(session) == {}


def test_rulings_can_be_limited_to_the_pairs_of_some_records(
    session: Session, make: Maker
) -> None:
    """With records, the pairs with at least one of them are returned."""
    a, b, c, d = make.records(4)
    machine(session, a, b, DUPLICATE)
    machine(session, b, c, SAME_STUDY)
    machine(session, c, d, DUPLICATE)
    assert set(pairs.rulings(session, [b.id])) == {(a.id, b.id), (b.id, c.id)}
    assert pairs.rulings(session, []) == {}


def test_a_statement_too_long_is_sent_in_parts(
    session: Session, make: Maker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pairs that two parts of the question find are returned once, in order."""
    ann, _ = make.team()
    records = make.records(5)
    for one, other in itertools.pairwise(records):
        make.pair(one, other, DIFFERENT, ann)
        make.pair(one, other, DUPLICATE, ann)
    whole = pairs.rulings(session)
    monkeypatch.setattr(pairs, "CHUNK", 2)
    assert pairs.rulings(session, [r.id for r in records]) == whole
    assert {ruling.verdict for ruling in whole.values()} == {DUPLICATE}


def test_reach_follows_duplicates_and_nothing_else(
    session: Session, make: Maker
) -> None:
    """A verdict can only touch what duplicates tie to its records."""
    ann, _ = make.team()
    a, b, c, d, e = make.records(5)
    machine(session, a, b, DUPLICATE)
    machine(session, b, c, DUPLICATE)
    make.pair(a, c, DIFFERENT, ann)  # one link is refused, and still counts
    machine(session, c, d, SAME_STUDY)
    assert pairs.reach(session, [a.id]) == {a.id, b.id, c.id}
    assert pairs.reach(session, [e.id]) == {e.id}


def test_same_study_of_a_person_keeps_clusters_apart(
    session: Session, make: Maker
) -> None:
    """Two reports of one study are never one report; the machine's word is weaker."""
    ann, _ = make.team()
    a, b, c, d = make.records(4)
    machine(session, a, b, DUPLICATE)
    machine(session, b, c, DUPLICATE)
    machine(session, a, c, SAME_STUDY)
    assert pairs.recomputed(session) == dict.fromkeys((a.id, b.id, c.id), a.id) | {
        d.id: d.id
    }
    make.pair(a, c, SAME_STUDY, ann)
    made = pairs.recomputed(session)
    assert made[a.id] != made[c.id]


def test_the_weakest_link_is_refused(session: Session, make: Maker) -> None:
    """Of a chain between two records held apart, the least sure link gives way."""
    ann, _ = make.team()
    a, b, c = make.records(3)
    machine(session, a, b, DUPLICATE, 0.75)
    machine(session, b, c, DUPLICATE, 0.95)
    make.pair(a, c, DIFFERENT, ann)
    verdicts = pairs.rulings(session)
    made = pairs.clusters([a.id, b.id, c.id], verdicts)
    assert made.of == {a.id: a.id, b.id: b.id, c.id: b.id}
    (refusal,) = pairs.refusals(made, verdicts)
    assert (refusal.ruling.a_id, refusal.ruling.b_id) == (a.id, b.id)
    assert [(wall.a_id, wall.b_id) for wall in refusal.blocked_by] == [(a.id, c.id)]


def test_a_persons_newer_duplicate_beats_the_older(
    session: Session, make: Maker
) -> None:
    """Where two people's links cannot both hold, the older one is refused."""
    ann, bob = make.team()
    a, b, c = make.records(3)
    make.pair(a, b, DUPLICATE, ann)
    make.pair(b, c, DUPLICATE, bob)
    make.pair(a, c, DIFFERENT, ann)
    assert pairs.recomputed(session) == {a.id: a.id, b.id: b.id, c.id: b.id}


def test_unsure_pairs_wait_the_likeliest_first(session: Session, make: Maker) -> None:
    """Only unsure proposals are asked, in order of their scores."""
    a, b, c, d = make.records(4)
    candidate(session, a, b, "unsure", 0.45)
    candidate(session, c, d, "unsure", 0.6)
    candidate(session, a, c, "same_study", 0.9)
    found = pairs.undecided(session)
    assert [(pair.a_id, pair.b_id) for pair in found] == [(c.id, d.id), (a.id, b.id)]
    assert found[0].reasons == ("same title",)


def test_a_pair_with_a_verdict_waits_no_longer(session: Session, make: Maker) -> None:
    """Each answer of a person takes the pair off the queue; undoing puts it back."""
    ann, _ = make.team()
    a, b = make.records(2)
    candidate(session, a, b, "unsure", 0.45)
    for verdict in (SAME_STUDY, DIFFERENT, DUPLICATE):
        make.pair(a, b, verdict, ann)
        assert pairs.undecided(session) == []
    make.pair(a, b, WITHDRAWN, ann)
    assert len(pairs.undecided(session)) == 1


def test_a_question_that_others_answer_is_not_asked(
    session: Session, make: Maker
) -> None:
    """Pairs joined by other ways, or held apart by other ways, are not queued."""
    ann, _ = make.team()
    a, b, c, d = make.records(4)
    machine(session, a, b, DUPLICATE)
    machine(session, b, c, DUPLICATE)
    candidate(session, a, c, "unsure", 0.5)
    assert pairs.undecided(session) == []
    candidate(session, c, d, "unsure", 0.5)
    assert len(pairs.undecided(session)) == 1
    make.pair(a, d, DIFFERENT, ann)
    assert pairs.undecided(session) == []


def test_a_refused_link_waits_for_a_person(session: Session, make: Maker) -> None:
    """A refused link is queued with what stands against it, until a person agrees."""
    ann, _ = make.team()
    a, b, c = make.records(3)
    machine(session, a, b, DUPLICATE, 0.75)
    machine(session, b, c, DUPLICATE, 0.95)
    make.pair(a, c, DIFFERENT, ann)
    (waiting,) = pairs.undecided(session)
    assert (waiting.a_id, waiting.b_id, waiting.score) == (a.id, b.id, 0.75)
    assert [(wall.a_id, wall.b_id) for wall in waiting.blocked_by] == [(a.id, c.id)]
    make.pair(a, b, DIFFERENT, ann)
    assert pairs.undecided(session) == []


def test_a_broken_cluster_is_found(session: Session, make: Maker) -> None:
    """A cannot-link inside a stored cluster is reported."""
    ann, _ = make.team()
    a, b = make.records(2)
    make.pair(a, b, DIFFERENT, ann)
    assert pairs.broken(session) == []
    b.cluster_id = a.id
    session.flush()
    assert pairs.broken(session) == [(a.id, b.id)]
