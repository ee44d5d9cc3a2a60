"""Voting, taking votes back, and bringing them in from files."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import pytest
from desk import FT, TA, Desk
from making import Maker
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from litreview import ballots, db, screening, state
from litreview.ballots import Imported, VoteRow
from litreview.errors import (
    LitreviewError,
    NotAllowedError,
    NotEligibleError,
    NotFoundError,
    UsageError,
)
from litreview.models import (
    Decision,
    DecisionScope,
    DecisionStream,
    FulltextEvent,
    Person,
    RawRecord,
    Record,
)
from litreview.outcome import Standing
from litreview.screening import Ballot
from litreview.vocabulary import Origin, Retrieval, Role

STRICT = """\
title: Strict criteria
version: "1"
streams: [{id: theory, label: Theory}, {id: tool, label: Tool}]
inclusion: [{id: I1, facet: f, text: t}]
exclusion:
  - {key: X-POP, label: Population, stages: [title_abstract, full_text]}
  - {key: X-TEXT, label: Text, stages: [full_text]}
stages:
  title_abstract: {verdicts: [include, exclude, maybe]}
  full_text:
    {verdicts: [include, exclude], reason_required: true, stream_required: true}
"""


@pytest.fixture
def desk(session: Session, make: Maker) -> Desk:
    """Return a desk with a lead, three screeners, an arbiter and strict criteria."""
    make.review("ann", "bob", "dan")
    make.protocol(STRICT)
    return Desk(session)


@pytest.fixture
def record(desk: Desk, make: Maker) -> Record:
    """Return a record that nobody has seen."""
    desk.person("ann")
    return make.record()


@pytest.fixture
def passed(desk: Desk, make: Maker) -> Record:
    """Return a record that title and abstract included."""
    found = make.record()
    desk.votes(found, ann="include", bob="include")
    return found


# -- who and what is refused ---------------------------------------------------------


@pytest.mark.parametrize("role", [Role.READER, Role.CODER])
def test_readers_and_coders_may_not_vote(
    desk: Desk, make: Maker, record: Record, role: str
) -> None:
    """A vote takes a screener, an arbiter or a lead."""
    make.person("eve", role)
    with pytest.raises(NotAllowedError, match="eve may not vote"):
        desk.vote("eve", record, "include")
    for handle in ("lead", "cleo"):
        assert desk.vote(handle, record, "include").seq == 1


def test_who_has_left_neither_votes_nor_withdraws(desk: Desk, record: Record) -> None:
    """Somebody who has left can change nothing any more."""
    desk.vote("ann", record, "include")
    desk.leave("ann")
    with pytest.raises(NotAllowedError, match="has left"):
        desk.vote("ann", record, "exclude")
    with pytest.raises(NotAllowedError, match="has left"):
        desk.withdraw("ann", record)


@pytest.mark.parametrize(
    "answer",
    [
        (TA, "perhaps", (), "is no verdict"),
        (TA, "withdrawn", (), "is no verdict"),
        (TA, "include X-POP", (), "only an exclusion"),
        (TA, "maybe X-POP", (), "only an exclusion"),
        (TA, "exclude X-TEXT", (), "no exclusion reason at title_abstract"),
        (TA, "exclude X-NONE", (), "no exclusion reason"),
        (TA, "exclude", ("theory",), "only an inclusion"),
        (TA, "include", ("nonsense",), "no stream 'nonsense'"),
        (FT, "maybe", ("theory",), "is no verdict"),
        (FT, "exclude", (), "needs its primary reason"),
        (FT, "include", (), "needs the stream"),
        (FT, "exclude X-POP", ("theory",), "only an inclusion"),
        ("abstract", "include", (), "is no stage"),
    ],
)
def test_the_protocol_says_what_a_vote_must_say(
    desk: Desk, passed: Record, answer: tuple[str, str, tuple[str, ...], str]
) -> None:
    """Verdict, reason and streams are those of the criteria; nothing else is kept."""
    stage, said, streams, match = answer
    before = desk.session.scalar(select(func.count(Decision.id)))
    with pytest.raises(UsageError, match=match):
        desk.vote("dan", passed, said, stage, streams=streams)
    assert desk.session.scalar(select(func.count(Decision.id))) == before


def test_unknown_and_removed_records_are_refused(desk: Desk, record: Record) -> None:
    """There is no vote on what is not there; a restored record can be voted on."""
    with pytest.raises(NotFoundError, match="no record 999"):
        screening.decide(
            desk.session, Ballot(999, TA, "include"), screener=desk.person("ann")
        )
    desk.remove(record)
    with pytest.raises(NotEligibleError, match="removed"):
        desk.vote("ann", record, "include")
    desk.remove(record, removed=False)
    assert desk.vote("ann", record, "include").seq == 1


def test_a_report_with_one_record_left_can_be_voted_on(desk: Desk, make: Maker) -> None:
    """A report is gone only when all of its records are."""
    one, other = make.records(2)
    desk.pair(one, other)
    desk.remove(one)
    desk.votes(other, ann="include", bob="include")
    assert desk.stands(one) == "included"
    desk.remove(other)
    assert desk.stands(one) == "not_eligible"


def test_full_text_takes_an_inclusion_and_the_text(desk: Desk, record: Record) -> None:
    """Full text is voted on after an inclusion, and if the text could be had."""
    for said in ("include", "maybe"):
        with pytest.raises(NotEligibleError, match="not at full text"):
            desk.vote("ann", record, "include", FT, streams=("theory",))
        desk.vote("ann" if said == "include" else "bob", record, said)
    desk.text(record, Retrieval.NOT_RETRIEVED)
    with pytest.raises(LitreviewError, match="was not retrieved"):
        desk.vote("ann", record, "include", FT, streams=("theory",))
    desk.text(record)
    assert desk.vote("ann", record, "include", FT, streams=("theory",)).seq == 1


def test_without_a_round_nobody_votes(session: Session, make: Maker) -> None:
    """A vote belongs to a round."""
    make.team()
    make.protocol(STRICT)
    with pytest.raises(LitreviewError, match="no round"):
        Desk(session).vote("ann", make.record(), "include")


# -- what is stored ------------------------------------------------------------------


@pytest.mark.broken_on_purpose
def test_a_vote_stores_what_it_was_cast_on(desk: Desk, make: Maker) -> None:
    """Payload, protocol, newest pair decision, round, people, times: all are there."""
    one, other, third = make.records(3)
    desk.pair(one, other)
    newest = make.pair(other, third, "different", desk.person("lead"))
    raw = RawRecord(
        record_id=one.id,
        version=2,
        sha256="x",
        payload=b"x",
        run_id=make.run().id,
    )
    desk.session.add(raw)
    protocol = make.protocol(STRICT + "guidance: [new]\n")
    made = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)
    vote = screening.decide(
        desk.session,
        Ballot(one.id, TA, "exclude", "X-POP", note=" said \n so", uid="u", at=made),
        screener=desk.person("ann"),
        recorder=desk.person("lead"),
        origin=Origin.WEB,
    )
    desk.session.expire(vote)
    assert (vote.raw_id, vote.protocol_id) == (raw.id, protocol.id)
    assert (vote.pair_decision_id, vote.seq) == (newest.id, 1)
    assert (vote.screener_id, vote.recorder_id) == (
        desk.person("ann").id,
        desk.person("lead").id,
    )
    assert (vote.verdict, vote.reason, vote.note) == ("exclude", "X-POP", "said so")
    assert (vote.origin, vote.at, vote.informed) == ("web", made, False)
    assert vote.recorded_at > made
    scope = select(DecisionScope.record_id).where(DecisionScope.decision_id == vote.id)
    assert list(desk.session.scalars(scope)) == [other.id]


def test_a_vote_again_counts_instead_and_both_are_kept(
    desk: Desk, record: Record
) -> None:
    """A re-vote has the next number, and it alone is live."""
    first, second = (desk.vote("ann", record, said) for said in ("include", "exclude"))
    assert (first.seq, second.seq) == (1, 2)
    live = state.votes(desk.session, TA, [record.id])[record.id]
    assert [(vote.id, vote.verdict) for vote in live] == [(second.id, "exclude")]
    assert desk.vote("bob", record, "exclude").seq == 1
    assert desk.stands(record) == "excluded"


def test_the_same_ballot_twice_is_stored_once(desk: Desk, record: Record) -> None:
    """A retry with the same uid returns the stored vote, whatever came after."""
    vote = desk.vote("ann", record, "include", uid="once")
    desk.vote("ann", record, "exclude")
    assert desk.vote("ann", record, "include", uid="once") is vote
    assert desk.session.scalar(select(func.count(Decision.id))) == 2
    live = state.votes(desk.session, TA, [record.id])[record.id]
    assert [vote.verdict for vote in live] == ["exclude"]


def test_a_withdrawn_vote_stops_counting_and_stays(desk: Desk, passed: Record) -> None:
    """A withdrawal is a row of its own; the earlier vote does not come back."""
    desk.vote("ann", passed, "exclude")
    rows = desk.withdraw("ann", passed)
    assert [(row.verdict, row.seq) for row in rows] == [("withdrawn", 3)]
    assert desk.stands(passed) == "in_progress"
    assert desk.session.scalar(select(func.count(Decision.id))) == 4
    with pytest.raises(NotFoundError, match="no vote"):
        desk.withdraw("ann", passed)
    with pytest.raises(NotFoundError, match="no vote"):
        desk.withdraw("dan", passed)
    with pytest.raises(NotFoundError, match="no record"):
        screening.withdraw(desk.session, 999, stage=TA, screener=desk.person("ann"))


def test_full_text_streams_are_stored_once_each(desk: Desk, passed: Record) -> None:
    """An inclusion keeps the streams it serves."""
    vote = desk.vote("ann", passed, "include", FT, streams=("tool", "theory", "tool"))
    query = select(DecisionStream.stream).where(DecisionStream.decision_id == vote.id)
    assert sorted(desk.session.scalars(query)) == ["theory", "tool"]


def test_a_full_text_vote_means_that_the_text_was_there(
    desk: Desk, make: Maker
) -> None:
    """Whoever judges the text has it; the word goes home with the vote in a split."""
    one, other = make.records(2)
    desk.votes(one, ann="include", bob="include")
    desk.votes(other, ann="include", bob="include")
    desk.pair(one, other)
    assert state.retrieval(desk.session, one.id) == ""
    desk.votes(other, FT, ann="exclude X-POP", bob="exclude X-POP")
    assert state.retrieval(desk.session, one.id) == Retrieval.RETRIEVED
    assert desk.session.scalar(select(func.count(FulltextEvent.id))) == 1
    desk.split(one, other)
    assert state.retrieval(desk.session, one.id) == ""
    assert state.retrieval(desk.session, other.id) == Retrieval.RETRIEVED


def test_a_reversal_suspends_full_text_and_a_return_brings_it_back(
    desk: Desk, passed: Record
) -> None:
    """Full-text votes count only while title and abstract include the report."""
    desk.votes(passed, FT, ann="exclude X-POP", bob="exclude X-POP")
    assert desk.stands(passed, FT) == "excluded"
    desk.votes(passed, ann="exclude", bob="exclude")
    assert desk.stands(passed, FT) == "not_eligible"
    with pytest.raises(NotEligibleError):
        desk.vote("ann", passed, "exclude X-TEXT", FT)
    assert len(desk.withdraw("ann", passed, FT)) == 1
    desk.votes(passed, ann="include", bob="maybe")
    assert desk.stands(passed, FT) == "in_progress"


# -- blind or informed -----------------------------------------------------------------


def test_votes_before_completion_are_not_informed(desk: Desk, record: Record) -> None:
    """The votes that a report needs are independent, however often they change."""
    cast = [
        desk.vote("ann", record, "include"),
        desk.vote("ann", record, "exclude"),
        *desk.withdraw("ann", record),
        desk.vote("bob", record, "include"),
        desk.vote("ann", record, "include"),
    ]
    assert [vote.informed for vote in cast] == [False] * 5


def test_votes_after_completion_are_informed(desk: Desk, passed: Record) -> None:
    """Changed or extra, a vote after completion saw the others'."""
    assert desk.vote("ann", passed, "exclude").informed
    assert desk.vote("dan", passed, "exclude").informed


def test_taking_back_and_voting_anew_is_informed(desk: Desk, passed: Record) -> None:
    """Once open, always seen: a withdrawal does not make anybody blind again."""
    assert [row.informed for row in desk.withdraw("ann", passed)] == [True]
    assert desk.stands(passed) == "in_progress"
    assert desk.vote("ann", passed, "exclude").informed
    assert desk.vote("dan", passed, "exclude").informed


def test_a_merge_of_seen_votes_leaves_the_next_vote_informed(
    desk: Desk, make: Maker
) -> None:
    """Who is torn by a merge has seen the votes on the record that was complete."""
    one, other = make.records(2)
    desk.votes(one, ann="include", bob="include")
    desk.vote("bob", other, "exclude")
    desk.pair(one, other)
    assert desk.stands(one) == "in_progress"
    assert desk.vote("bob", one, "exclude").informed


def test_a_merge_of_two_half_screened_records_opens_nothing(
    desk: Desk, make: Maker
) -> None:
    """Votes on two records by one person each were never open before the merge."""
    one, other = make.records(2)
    desk.vote("ann", one, "include")
    desk.withdraw("ann", one)
    desk.vote("bob", other, "exclude")
    desk.pair(one, other)
    assert not desk.vote("ann", one, "include").informed


def test_votes_from_a_file_are_informed_only_if_changed(
    desk: Desk, passed: Record
) -> None:
    """They were cast elsewhere; a changed one saw the rest."""
    assert not desk.vote("dan", passed, "include", origin=Origin.FILE).informed
    assert desk.vote("ann", passed, "exclude", origin=Origin.FILE).informed


# -- the card ------------------------------------------------------------------------


def test_a_card_borrows_what_its_record_lacks(desk: Desk, make: Maker) -> None:
    """A card is the merged view: the fullest title, any abstract, a retraction."""
    one = make.record("Trust", year=None)
    other = make.record("Trust too", abstract="It works.", year=2020, retracted=True)
    desk.pair(one, other)
    card = screening.card(desk.session, one.id)
    assert (card.record_id, card.title) == (one.id, "Trust too")
    assert card.abstract == "It works."
    assert (card.year, card.retracted, card.records) == (2020, True, 2)


# -- votes from a file -----------------------------------------------------------------


def row(line: int, screener: str, record: Record, said: str, **more: Any) -> VoteRow:
    """Return a line of a votes file."""
    verdict, _, reason = said.partition(" ")
    fields: dict[str, Any] = {"record_id": record.id, "stage": str(TA), **more}
    return VoteRow(
        line=line, screener=screener, verdict=verdict, reason=reason, **fields
    )


def bring(desk: Desk, *rows: VoteRow, file: str = "f1") -> Imported:
    """Bring a file in."""
    lead = desk.person("lead")
    return ballots.import_votes(desk.session, rows, file_hash=file, by=lead)


def test_a_file_brings_votes_people_and_times(desk: Desk, make: Maker) -> None:
    """Votes need no hand-out, unknown screeners join, `at` is when it was said."""
    record = make.record()
    made = datetime(2025, 5, 6, tzinfo=UTC)
    done = bring(
        desk,
        row(2, "zoe", record, "include", at=made),
        row(3, "ann", record, "exclude X-POP"),
    )
    assert (done.stored, done.already_there, done.new_people) == (2, 0, ["zoe"])
    zoe = desk.person("zoe")
    assert (zoe.role, zoe.active) == (Role.SCREENER, True)
    vote = desk.session.scalars(
        select(Decision).where(Decision.screener_id == zoe.id)
    ).one()
    assert (vote.at, vote.origin) == (made, "file")
    assert vote.recorder_id == desk.person("lead").id
    assert desk.stands(record) == "conflict"


def test_records_are_named_by_id_or_by_source_id(desk: Desk, make: Maker) -> None:
    """`source` tells apart what two sources call the same."""
    one = make.record(source_id="10.1/x", source="crossref")
    other = make.record(source_id="10.1/x", source="wos")
    make.record(source_id="W99")
    named = VoteRow(2, "ann", TA, "include", source_id="W99")
    assert bring(desk, named).stored == 1
    unclear = VoteRow(7, "ann", TA, "include", source_id="10.1/x")
    with pytest.raises(LitreviewError, match=r"line 7: .* more than one record"):
        bring(desk, unclear, file="f2")
    exact = VoteRow(2, "ann", TA, "include", source_id="10.1/x", source="wos")
    assert bring(desk, exact, file="f3").stored == 1
    assert (desk.stands(one), desk.stands(other)) == ("unscreened", "in_progress")
    with pytest.raises(NotFoundError, match="line 4: no record is called"):
        bring(desk, VoteRow(4, "ann", TA, "include", source_id="W0"), file="f4")
    with pytest.raises(NotFoundError, match="line 5: there is no record 999"):
        bring(desk, VoteRow(5, "ann", TA, "include", record_id=999), file="f5")


def test_the_same_file_again_adds_nothing(desk: Desk, make: Maker) -> None:
    """Even where a later line, or a later vote, changed what the first said."""
    one, other = make.records(2)
    rows = (
        row(2, "ann", one, "include"),
        row(3, "ann", one, "exclude"),
        row(4, "bob", other, "include"),
    )
    assert bring(desk, *rows).stored == 3
    desk.withdraw("bob", other)
    done = bring(desk, *rows)
    assert (done.stored, done.already_there) == (0, 3)
    live = state.votes(desk.session, TA)
    assert {key: [v.verdict for v in cast] for key, cast in live.items()} == {
        one.id: ["exclude"]
    }


def test_a_vote_in_force_is_not_stored_again_from_another_file(
    desk: Desk, passed: Record
) -> None:
    """Equal means verdict, reason and streams."""
    assert bring(desk, row(2, "ann", passed, "include")).already_there == 1
    said = row(3, "ann", passed, "include", stage=str(FT), streams=("tool",))
    assert bring(desk, said).stored == 1
    assert bring(desk, said, file="f2").already_there == 1
    other = row(3, "ann", passed, "include", stage=str(FT), streams=("theory",))
    assert bring(desk, other, file="f3").stored == 1


def test_full_text_votes_wait_for_their_titles(desk: Desk, make: Maker) -> None:
    """Titles come first whatever the order; what waits is told with its line."""
    one, other = make.records(2)
    rows = (
        row(2, "ann", one, "exclude X-TEXT", stage=str(FT)),
        row(3, "ann", other, "exclude X-TEXT", stage=str(FT)),
        row(4, "ann", one, "include"),
        row(5, "bob", one, "maybe"),
        row(6, "bob", other, "include"),
    )
    done = bring(desk, *rows)
    assert (done.stored, len(done.waiting)) == (4, 1)
    assert done.waiting[0].startswith(f"line 3: record {other.id} is not at full text")
    desk.vote("ann", other, "include")
    done = bring(desk, *rows)
    assert (done.stored, done.waiting) == (1, [])


@pytest.mark.parametrize(
    ("said", "stage", "match"),
    [
        ("exclude X-NO", TA, "line 9: 'X-NO' is no exclusion reason"),
        ("maybe", FT, "line 9: 'maybe' is no verdict"),
        ("exclude", FT, "line 9: an exclusion at full_text needs"),
        ("include", "abstract", "line 9: 'abstract' is no stage"),
    ],
)
def test_an_impossible_line_is_told_with_its_number(
    desk: Desk, passed: Record, said: str, stage: str, match: str
) -> None:
    """The first line that cannot be stored stops the file."""
    with pytest.raises(LitreviewError, match=match):
        bring(desk, row(9, "dan", passed, said, stage=str(stage)))


def test_a_removed_record_stops_the_file_with_its_line(
    desk: Desk, record: Record
) -> None:
    """A vote on a removed record is a mistake, not something to wait for."""
    desk.remove(record)
    with pytest.raises(NotEligibleError, match=r"line 3: .* removed"):
        bring(desk, row(3, "ann", record, "include"))


def test_only_a_lead_brings_votes_in(desk: Desk, record: Record) -> None:
    """Others' votes are brought in by a lead who is there."""
    with pytest.raises(NotAllowedError):
        ballots.import_votes(
            desk.session,
            [row(2, "ann", record, "include")],
            file_hash="f",
            by=desk.person("ann"),
        )
    desk.leave("lead")
    with pytest.raises(NotAllowedError):
        bring(desk, row(2, "ann", record, "include"))


# -- transactions, and several people at once ----------------------------------------


def test_nothing_of_a_broken_file_is_stored(engine: Engine) -> None:
    """A mistake in the last line leaves no vote and no person behind."""

    def begin(session: Session) -> int:
        make = Maker(session)
        make.review("ann")
        return make.record().id

    number = db.write(engine, begin)
    rows = [
        VoteRow(2, "zoe", TA, "include", record_id=number),
        VoteRow(3, "ann", TA, "nonsense", record_id=number),
    ]
    with pytest.raises(LitreviewError, match="line 3"):
        db.write(engine, lambda session: bring(Desk(session), *rows))
    with db.snapshot(engine) as session:
        assert session.scalar(select(func.count(Decision.id))) == 0
        assert "zoe" not in set(session.scalars(select(Person.handle)))


def test_votes_cast_at_once_are_all_stored_once(engine: Engine) -> None:
    """Four people on the same records, each ballot sent twice: nothing is lost."""
    people = ("ann", "bob", "dan", "eve")

    def begin(session: Session) -> list[int]:
        make = Maker(session)
        make.review(*people, per_record=4)
        one, other, *rest = make.records(6)
        Desk(session).pair(one, other)
        return [one.id, other.id, *(record.id for record in rest)]

    ids = db.write(engine, begin)

    def work(handle: str) -> None:
        for number in ids if handle < "c" else reversed(ids):
            for _ in range(2):
                ballot = Ballot(number, TA, "include", uid=f"{handle} {number}")
                db.write(
                    engine,
                    lambda session, ballot=ballot: screening.decide(  # type: ignore[misc]
                        session, ballot, screener=Desk(session).person(handle)
                    ),
                )

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(work, people))
    with db.snapshot(engine) as session:
        assert session.scalar(select(func.count(Decision.id))) == 4 * len(ids)
        found = state.outcomes(session, TA)
        assert {outcome.standing for outcome in found.values()} == {Standing.SETTLED}
        assert {len(outcome.votes) for outcome in found.values()} == {4}


def test_one_ballot_sent_by_several_at_once_is_stored_once(engine: Engine) -> None:
    """The same uid from four sides at the same moment is one vote."""

    def begin(session: Session) -> int:
        make = Maker(session)
        make.review("ann")
        return make.record().id

    ballot = Ballot(db.write(engine, begin), TA, "include", uid="the same")

    def send(_: int) -> int:
        return db.write(
            engine,
            lambda session: (
                screening.decide(
                    session, ballot, screener=Desk(session).person("ann")
                ).id
            ),
        )

    with ThreadPoolExecutor(4) as pool:
        assert len(set(pool.map(send, range(8)))) == 1
