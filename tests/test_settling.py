"""Conflicts and how they are settled."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from desk import FT, TA, Desk
from making import Maker
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from litreview import db, rounds, settling, state
from litreview.errors import (
    LitreviewError,
    NotAllowedError,
    NotFoundError,
    UsageError,
)
from litreview.models import (
    AuditEvent,
    DecisionSetAside,
    Person,
    Record,
    Resolution,
    ResolutionBasis,
    ResolutionPerson,
    ResolutionStream,
)
from litreview.settling import Ruling
from litreview.vocabulary import Role


@pytest.fixture
def desk(session: Session, make: Maker) -> Desk:
    """Return a desk with a lead, three screeners and an arbiter."""
    make.review("ann", "bob", "dan")
    return Desk(session)


@pytest.fixture
def conflict(desk: Desk, make: Maker) -> Record:
    """Return a record on which Ann and Bob differ."""
    record = make.record()
    desk.votes(record, ann="include", bob="exclude")
    return record


@pytest.fixture
def late(desk: Desk, make: Maker) -> Record:
    """Return a record on whose full text Ann and Bob exclude for two reasons."""
    record = make.record()
    desk.votes(record, ann="include", bob="include")
    desk.votes(record, FT, ann="exclude X-POP", bob="exclude X-DESIGN")
    return record


def settlers(session: Session, resolution: Resolution) -> set[str]:
    """Return the handles of those who settled it."""
    query = (
        select(Person.handle)
        .join(ResolutionPerson, ResolutionPerson.person_id == Person.id)
        .where(ResolutionPerson.resolution_id == resolution.id)
    )
    return set(session.scalars(query))


# -- how -----------------------------------------------------------------------------


def test_a_third_person_arbitrates(desk: Desk, conflict: Record) -> None:
    """Whoever has not voted may decide; the votes that were seen are its basis."""
    assert desk.stands(conflict) == "conflict"
    done = desk.settle("cleo", conflict, "include", note="fits")
    assert (done.kind, done.verdict, done.note) == ("arbitration", "include", "fits")
    assert settlers(desk.session, done) == {"cleo"}
    basis = set(desk.session.scalars(select(ResolutionBasis.decision_id)))
    outcome = desk.outcome(conflict)
    assert outcome is not None
    assert basis == outcome.basis
    assert done.basis_key == ",".join(map(str, sorted(basis)))
    assert (outcome.verdict, outcome.resolution_id) == ("include", done.id)


@pytest.mark.parametrize("names", [("ann", "bob"), ("bob",)])
def test_the_voters_agree(desk: Desk, conflict: Record, names: tuple[str, ...]) -> None:
    """A consensus names all who voted; whoever records it need not name themselves."""
    done = desk.settle("ann", conflict, "exclude", names=names)
    assert (done.kind, settlers(desk.session, done)) == ("consensus", {"ann", "bob"})
    assert desk.stands(conflict) == "excluded"


def test_a_lead_records_the_voters_consensus(desk: Desk, conflict: Record) -> None:
    """The lead writes it down and is no party to it."""
    done = desk.settle("lead", conflict, "exclude", names=("ann", "bob"))
    assert settlers(desk.session, done) == {"ann", "bob"}
    assert done.recorder_id == desk.person("lead").id


@pytest.mark.parametrize(
    "case",
    [
        ("ann", (), "cannot arbitrate"),
        ("eve", (), "may not settle"),
        ("ann", ("ann",), "all who voted"),
        ("ann", ("ann", "bob", "dan"), "all who voted"),
        ("ann", ("nobody", "bob"), "all who voted"),
        ("dan", ("ann", "bob"), "did not vote"),
    ],
)
def test_others_may_not_settle(
    desk: Desk, make: Maker, conflict: Record, case: tuple[str, tuple[str, ...], str]
) -> None:
    """A voter does not arbitrate, and a consensus is one of exactly the voters."""
    who, names, match = case
    make.person("eve", Role.READER)
    with pytest.raises(NotAllowedError, match=match):
        desk.settle(who, conflict, "include", names=names)
    assert desk.stands(conflict) == "conflict"


def test_who_has_left_does_not_settle(desk: Desk, conflict: Record) -> None:
    """An arbiter who left decides nothing; a voter who left is still a voter."""
    desk.leave("cleo")
    with pytest.raises(NotAllowedError, match="may not settle"):
        desk.settle("cleo", conflict, "include")
    desk.leave("bob")
    done = desk.settle("ann", conflict, "include", names=("bob",))
    assert settlers(desk.session, done) == {"ann", "bob"}


def test_only_a_conflict_is_settled(desk: Desk, make: Maker) -> None:
    """Neither too few votes, nor agreement, nor a removed record is a conflict."""
    record = make.record()
    for handle in ("ann", "bob"):
        with pytest.raises(LitreviewError, match="no conflict"):
            desk.settle("cleo", record, "include")
        desk.vote(handle, record, "include")
    with pytest.raises(LitreviewError, match="no conflict"):
        desk.settle("cleo", record, "exclude")
    with pytest.raises(LitreviewError, match="no conflict"):
        desk.settle("cleo", record, "exclude X-POP", FT)
    with pytest.raises(NotFoundError):
        settling.resolve(
            desk.session, Ruling(999, TA, "include"), by=desk.person("cleo")
        )


@pytest.mark.parametrize(
    "case",
    [
        (TA, "maybe", {}),
        (TA, "perhaps", {}),
        (TA, "include X-POP", {}),
        (FT, "exclude", {}),
        (FT, "exclude X-NONE", {}),
        (FT, "exclude X-POP", {"streams": ("theorises_concept",)}),
    ],
)
def test_a_ruling_says_what_a_vote_must_say(
    desk: Desk, conflict: Record, late: Record, case: tuple[str, str, dict[str, Any]]
) -> None:
    """The protocol holds for rulings too, and maybe settles nothing."""
    stage, said, more = case
    with pytest.raises(UsageError):
        desk.settle("cleo", late if stage == FT else conflict, said, stage, **more)


def test_reasons_differ_at_full_text_only(desk: Desk, late: Record) -> None:
    """PRISMA counts one primary reason, so two reasons are a conflict there."""
    assert desk.stands(late, FT) == "conflict"
    desk.settle("cleo", late, "exclude X-POP", FT)
    outcome = desk.outcome(late, FT)
    assert outcome is not None
    assert (outcome.verdict, outcome.reason) == ("exclude", "X-POP")


def test_an_inclusion_serves_the_voters_streams_unless_told(
    desk: Desk, make: Maker
) -> None:
    """Without streams of its own a ruling takes those that were voted."""
    for given, kept in (
        ((), {"theorises_concept"}),
        (("validates_instrument",), {"validates_instrument"}),
    ):
        record = make.record()
        desk.votes(record, ann="include", bob="include")
        desk.vote("ann", record, "include", FT, streams=("theorises_concept",))
        desk.vote("bob", record, "exclude X-POP", FT)
        done = desk.settle("cleo", record, "include", FT, streams=given)
        query = select(ResolutionStream.stream).where(
            ResolutionStream.resolution_id == done.id
        )
        assert set(desk.session.scalars(query)) == kept


# -- one for each basis ----------------------------------------------------------------


def test_a_second_ruling_must_name_the_first(desk: Desk, conflict: Record) -> None:
    """A correction supersedes the resolution that it names, once."""
    first = desk.settle("cleo", conflict, "include")
    with pytest.raises(LitreviewError, match="settled already") as refusal:
        desk.settle("lead", conflict, "exclude")
    assert f"--corrects {first.id}" in refusal.value.fix
    with pytest.raises(LitreviewError, match="settled already"):
        desk.settle("lead", conflict, "exclude", corrects=first.id + 1)
    second = desk.settle("lead", conflict, "exclude", corrects=first.id)
    assert (second.supersedes_id, second.basis_key) == (first.id, first.basis_key)
    assert desk.stands(conflict) == "excluded"
    with pytest.raises(LitreviewError, match="settled already"):
        desk.settle("cleo", conflict, "include", corrects=first.id)
    third = desk.settle("ann", conflict, "include", names=("bob",), corrects=second.id)
    outcome = desk.outcome(conflict)
    assert outcome is not None
    assert (outcome.verdict, outcome.resolution_id) == ("include", third.id)


def test_the_same_ruling_twice_is_stored_once(desk: Desk, conflict: Record) -> None:
    """A retry with the same uid returns the stored resolution."""
    first = desk.settle("cleo", conflict, "include", uid="once")
    assert desk.settle("cleo", conflict, "include", uid="once") is first
    assert desk.session.scalar(select(func.count(Resolution.id))) == 1


def test_nothing_is_corrected_that_does_not_hold(desk: Desk, conflict: Record) -> None:
    """A resolution made stale is not corrected: there is a conflict to settle."""
    first = desk.settle("cleo", conflict, "include")
    desk.vote("dan", conflict, "include")
    with pytest.raises(LitreviewError, match="does not decide"):
        desk.settle("cleo", conflict, "exclude", corrects=first.id)
    second = desk.settle("cleo", conflict, "exclude")
    assert second.supersedes_id is None
    assert desk.stands(conflict) == "excluded"


# -- stale or not ----------------------------------------------------------------------


def test_a_late_vote_and_its_withdrawal(desk: Desk, conflict: Record) -> None:
    """A late vote brings the conflict back; without it the basis is whole again."""
    desk.settle("cleo", conflict, "include")
    desk.vote("dan", conflict, "include")
    assert desk.stands(conflict) == "conflict"
    desk.withdraw("dan", conflict)
    assert desk.stands(conflict) == "included"


def test_the_same_vote_again_is_another_vote(desk: Desk, conflict: Record) -> None:
    """A voter who says the same again was not seen saying it: the basis is gone."""
    desk.settle("cleo", conflict, "include")
    desk.vote("bob", conflict, "exclude")
    assert desk.stands(conflict) == "conflict"
    desk.vote("bob", conflict, "include")
    assert desk.stands(conflict) == "included"


def test_a_withdrawal_leaves_too_few(desk: Desk, conflict: Record) -> None:
    """After a withdrawal the report waits for a vote, whatever was settled."""
    desk.settle("cleo", conflict, "include")
    desk.withdraw("ann", conflict)
    assert desk.stands(conflict) == "in_progress"


def test_a_merge_with_votes_makes_stale_and_a_split_repairs(
    desk: Desk, make: Maker, conflict: Record
) -> None:
    """Merged with a screened record the conflict is open; with an unseen one not."""
    seen, unseen = make.records(2)
    desk.vote("dan", seen, "exclude")
    desk.settle("cleo", conflict, "include")
    desk.pair(conflict, unseen)
    assert desk.stands(unseen) == "included"
    desk.pair(conflict, seen)
    assert desk.stands(conflict) == "conflict"
    desk.split(conflict, seen)
    assert (desk.stands(conflict), desk.stands(seen)) == ("included", "in_progress")


# -- votes of those who left -----------------------------------------------------------


def test_a_departed_persons_votes_are_set_aside(desk: Desk, make: Maker) -> None:
    """They stop counting, stay stored, and the report can be handed out again."""
    record = make.record()
    lead = desk.person("lead")
    rounds.assign(desk.session, rounds.Plan(TA, 1), by=lead)
    first, second = sorted(desk.handed(record))
    desk.votes(record, **{first: "include", second: "exclude"})
    desk.settle("cleo", record, "exclude")
    desk.leave(second)
    done = settling.set_aside(
        desk.session, record.id, screener=desk.person(second), by=lead, why="gone"
    )
    assert desk.stands(record) == "in_progress"
    assert desk.handed(record) == {first}
    assert set(desk.session.scalars(select(DecisionSetAside.decision_id))) == set(done)
    kinds = list(desk.session.scalars(select(AuditEvent.kind)))
    assert kinds == ["vote.set-aside"]
    rounds.assign(desk.session, rounds.Plan(TA, 2), by=lead)
    third = ({"ann", "bob", "dan"} - {first, second}).pop()
    assert desk.handed(record) == {first, third}
    desk.vote(third, record, "include")
    assert desk.stands(record) == "included"


def test_setting_aside_is_for_leads_and_for_the_departed(
    desk: Desk, conflict: Record
) -> None:
    """Neither by another, nor of somebody present, nor for nothing, nor unexplained."""
    lead, ann, dan = map(desk.person, ("lead", "ann", "dan"))

    def try_it(record_id: int, screener: Person, by: Person, why: str = "so") -> None:
        settling.set_aside(desk.session, record_id, screener=screener, by=by, why=why)

    with pytest.raises(NotAllowedError, match="still in the team"):
        try_it(conflict.id, ann, lead)
    desk.leave("ann")
    desk.leave("dan")
    with pytest.raises(NotAllowedError, match="takes a lead"):
        try_it(conflict.id, ann, desk.person("cleo"))
    with pytest.raises(NotFoundError, match="dan has no vote"):
        try_it(conflict.id, dan, lead)
    with pytest.raises(NotFoundError, match="no record 999"):
        try_it(999, ann, lead)
    with pytest.raises(LitreviewError, match="reason is empty"):
        try_it(conflict.id, ann, lead, " ")
    try_it(conflict.id, ann, lead)
    with pytest.raises(NotFoundError):
        try_it(conflict.id, ann, lead)


# -- listing ---------------------------------------------------------------------------


def test_conflicts_show_the_votes_with_their_notes(desk: Desk, make: Maker) -> None:
    """Open conflicts of both stages, with who said what and why."""
    early, late, _fine = make.records(3)
    desk.vote("ann", early, "include", note="could be")
    desk.vote("bob", early, "exclude X-POP")
    desk.votes(late, ann="include", bob="include")
    desk.votes(late, FT, ann="include", bob="exclude X-POP")
    found = settling.conflicts(desk.session)
    assert [(c.record_id, c.stage) for c in found] == [(early.id, TA), (late.id, FT)]
    assert found[0].title == early.title
    assert found[0].votes == (
        {"screener": "ann", "verdict": "include", "reason": "", "note": "could be"},
        {"screener": "bob", "verdict": "exclude", "reason": "X-POP", "note": ""},
    )
    desk.settle("cleo", early, "include")
    assert [c.stage for c in settling.conflicts(desk.session)] == [FT]
    assert settling.conflicts(desk.session, stage=TA) == []


# -- several at once -------------------------------------------------------------------


def test_two_who_settle_at_once_leave_one_resolution(engine: Engine) -> None:
    """Of two rulings on one conflict the second is told, on both databases."""

    def begin(session: Session) -> list[int]:
        make = Maker(session)
        make.review("ann", "bob")
        make.person("carl", Role.ARBITER)
        desk = Desk(session)
        ids = []
        for record in make.records(5):
            desk.votes(record, ann="include", bob="exclude")
            ids.append(record.id)
        return ids

    ids = db.write(engine, begin)

    def settle(handle: str) -> int:
        refused = 0
        for number in ids:
            ruling = Ruling(number, TA, "include" if handle == "cleo" else "exclude")
            try:
                db.write(
                    engine,
                    lambda session, ruling=ruling: settling.resolve(  # type: ignore[misc]
                        session, ruling, by=Desk(session).person(handle)
                    ),
                )
            except LitreviewError:
                refused += 1
        return refused

    with ThreadPoolExecutor(2) as pool:
        assert sum(pool.map(settle, ("cleo", "carl"))) == len(ids)
    with db.snapshot(engine) as session:
        assert session.scalar(select(func.count(Resolution.id))) == len(ids)
        found = state.outcomes(session, TA).values()
        assert {outcome.standing for outcome in found} == {"settled"}
