"""Handing out, and the queue of one screener."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import combinations

import pytest
from desk import FT, TA, Desk
from making import REVIEW, Maker
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from litreview import db, fulltext, membership, quorum, review, rounds, state
from litreview.errors import LitreviewError, NotAllowedError, UsageError
from litreview.models import Assignment, Decision, Record, ScreeningRound
from litreview.protocol import STARTER_CRITERIA
from litreview.review import Texts
from litreview.rounds import HandedOut, Plan
from litreview.vocabulary import Retrieval, Role


@pytest.fixture
def desk(session: Session, make: Maker) -> Desk:
    """Return a desk with a lead, four screeners and an arbiter."""
    make.review("ann", "bob", "dan", "eve")
    return Desk(session)


def hand_out(desk: Desk, seed: int = 1, **plan: object) -> HandedOut:
    """Hand records out; title and abstract unless told."""
    wanted = Plan(**{"stage": TA, "seed": seed, **plan})  # type: ignore[arg-type]
    return rounds.assign(desk.session, wanted, by=desk.person("lead"))


def queue(desk: Desk, handle: str, stage: str = TA) -> list[int]:
    """Return somebody's queue."""
    return rounds.queue(desk.session, desk.person(handle), stage=stage)


def all_handed(desk: Desk, records: list[Record]) -> dict[int, set[str]]:
    """Return record id -> who has it in hand."""
    return {record.id: desk.handed(record) for record in records}


# -- handing out -----------------------------------------------------------------------


def test_records_go_to_two_each_evenly_and_in_all_pairs(
    desk: Desk, make: Maker
) -> None:
    """Loads differ by one at most, and everybody meets everybody."""
    records = make.records(37)
    done = hand_out(desk)
    assert (done.records, done.per_record, done.round_name) == (37, 2, "main")
    assert sum(done.new.values()) == 74
    assert max(done.new.values()) - min(done.new.values()) <= 1
    handed = all_handed(desk, records)
    assert {len(people) for people in handed.values()} == {2}
    met = {tuple(sorted(people)) for people in handed.values()}
    assert met == set(combinations(["ann", "bob", "dan", "eve"], 2))


def test_the_seed_repeats_the_draw(desk: Desk, make: Maker) -> None:
    """The same seed deals the same, another one differently."""
    records = make.records(20)
    drawn = []
    for seed in (5, 5, 6):
        point = desk.session.begin_nested()
        hand_out(desk, seed)
        drawn.append((all_handed(desk, records), queue(desk, "ann")))
        point.rollback()
    assert drawn[0] == drawn[1]
    assert drawn[0] != drawn[2]


def test_handing_out_again_only_adds_what_is_missing(desk: Desk, make: Maker) -> None:
    """What is handed out stays; new records are added; loads stay even."""
    old = make.records(10)
    hand_out(desk)
    before = all_handed(desk, old)
    assert hand_out(desk, 2).records == 0
    new = make.records(10)
    assert hand_out(desk, 3).records == 10
    assert all_handed(desk, old) == before
    assert {len(people) for people in all_handed(desk, new).values()} == {2}
    loads = Counter(
        handle for people in all_handed(desk, old + new).values() for handle in people
    )
    assert set(loads.values()) == {10}


def test_votes_that_are_there_count(desk: Desk, make: Maker) -> None:
    """Who voted unasked is one of the two; a record with its votes gets nobody."""
    begun, done, extra = make.records(3)
    desk.vote("ann", begun, "include")
    desk.votes(done, ann="include", bob="exclude")
    desk.votes(extra, ann="include", bob="include", dan="include")
    hand_out(desk)
    assert len(desk.handed(begun)) == 1
    assert "ann" not in desk.handed(begun)
    assert not desk.handed(done) | desk.handed(extra)


def test_removed_records_are_not_handed_out(desk: Desk, make: Maker) -> None:
    """What left before screening is nobody's work."""
    gone, kept = make.records(2)
    desk.remove(gone)
    assert hand_out(desk).records == 1
    assert (len(desk.handed(gone)), len(desk.handed(kept))) == (0, 2)


def test_merged_records_are_handed_out_once(desk: Desk, make: Maker) -> None:
    """A report of three records needs two people, not six."""
    one, two, three = make.records(3)
    desk.pair(one, two)
    desk.pair(two, three)
    assert hand_out(desk).records == 1
    assert [len(desk.handed(r)) for r in (one, two, three)] == [2, 0, 0]


def test_a_merge_after_handing_out_adds_nobody(desk: Desk, make: Maker) -> None:
    """Two records with two people each are one report with enough people."""
    one, two = make.records(2)
    hand_out(desk)
    desk.pair(one, two)
    assert hand_out(desk, 2).records == 0
    desk.split(one, two)
    assert hand_out(desk, 3).records == 0


def test_leads_get_records_only_if_told(desk: Desk, make: Maker) -> None:
    """Leads screen with --with-leads; arbiters, coders and readers never do."""
    make.person("rita", Role.READER)
    make.person("cora", Role.CODER)
    make.records(10)
    assert set(hand_out(desk).new) == {"ann", "bob", "dan", "eve"}
    make.records(10)
    done = hand_out(desk, with_leads=True)
    assert set(done.new) == {"ann", "bob", "dan", "eve", "lead"}
    assert done.new["lead"] > 0


def test_only_a_lead_hands_out(desk: Desk) -> None:
    """Screeners do not hand out."""
    with pytest.raises(NotAllowedError, match="ann may not hand out"):
        rounds.assign(desk.session, Plan(TA, 1), by=desk.person("ann"))


def test_too_few_or_no_screeners_are_told(desk: Desk, make: Maker) -> None:
    """Five votes cannot come from four people, and none from nobody."""
    make.record()
    with pytest.raises(UsageError, match="5 asked for, 4 available"):
        hand_out(desk, per_record=5)
    for handle in ("ann", "bob", "dan", "eve"):
        desk.leave(handle)
    with pytest.raises(LitreviewError, match="nobody to hand records to"):
        hand_out(desk)


# -- joining and leaving ---------------------------------------------------------------


def sync(desk: Desk, **active: bool) -> None:
    """Write who is active into review.yaml, and sync."""
    people = "".join(
        f"  - {{handle: {handle}, role: screener, active: {str(word).lower()}}}\n"
        for handle, word in active.items()
    )
    text = REVIEW.replace("people: []\n", f"people:\n{people}")
    review.sync(desk.session, Texts(text, STARTER_CRITERIA, {}), handle="lead")


def test_who_leaves_gives_back_what_is_not_voted_on(desk: Desk, make: Maker) -> None:
    """Votes stay and count; unvoted records are released and go to others."""
    records = make.records(12)
    hand_out(desk)
    mine = queue(desk, "ann")
    voted = next(record for record in records if record.id == mine[0])
    desk.vote("ann", voted, "include")
    sync(desk, ann=False)
    assert queue(desk, "ann") == []
    assert "ann" in desk.handed(voted)
    assert sum("ann" in desk.handed(record) for record in records) == 1
    done = hand_out(desk, 2)
    assert done.records == len(mine) - 1
    assert "ann" not in done.new
    assert {len(people) for people in all_handed(desk, records).values()} == {2}
    sync(desk, ann=True)
    assert queue(desk, "ann") == []


def test_a_vote_at_one_stage_holds_no_record_at_the_other(
    desk: Desk, make: Maker
) -> None:
    """Who voted on the title and leaves gives the unread full text back."""
    record = make.record()
    desk.votes(record, ann="include", bob="include")
    hand_out(desk, stage=FT)
    for handle in sorted(desk.handed(record, FT)):
        sync(desk, **{handle: False})
    assert desk.handed(record, FT) == set()


def test_a_withdrawn_vote_holds_no_record(desk: Desk, make: Maker) -> None:
    """Who took their vote back and leaves has not voted."""
    record = make.record()
    hand_out(desk)
    handle = min(desk.handed(record))
    desk.vote(handle, record, "include")
    desk.withdraw(handle, record)
    sync(desk, **{handle: False})
    assert handle not in desk.handed(record)


@pytest.mark.parametrize("how", ["left", "reader"])
def test_nobody_waits_for_who_cannot_vote(desk: Desk, make: Maker, how: str) -> None:
    """However somebody came to be unable to vote, the next hand-out replaces them."""
    record = make.record()
    hand_out(desk)
    handle = min(desk.handed(record))
    if how == "left":
        desk.leave(handle)
    else:
        desk.person(handle).role = Role.READER
        desk.session.flush()
    hand_out(desk, 2)
    assert len(desk.handed(record)) == 2
    assert handle not in desk.handed(record)


def test_a_newcomer_gets_the_larger_part_of_what_is_new(
    desk: Desk, make: Maker
) -> None:
    """Loads are evened out over all that was handed out, not over one batch."""
    make.records(20)
    hand_out(desk)
    sync(desk, zoe=True)
    make.records(10)
    done = hand_out(desk, 2)
    assert done.new["zoe"] == 10


# -- the number of votes ---------------------------------------------------------------


def test_another_number_opens_a_round_for_what_is_left(desk: Desk, make: Maker) -> None:
    """Records handed out before keep their number, also later ones of that round."""
    old = make.records(4)
    hand_out(desk)
    new = make.records(3)
    done = hand_out(desk, per_record=3)
    assert (done.round_name, done.per_record, done.records) == ("main 2", 3, 3)
    assert {len(people) for people in all_handed(desk, old).values()} == {2}
    assert {len(people) for people in all_handed(desk, new).values()} == {3}
    needs = quorum.needs(desk.session, TA)
    assert needs == {**{r.id: 2 for r in old}, **{r.id: 3 for r in new}}
    late = make.record()
    assert hand_out(desk).round_name == "main 2"
    assert len(desk.handed(late)) == 3
    numbers = select(ScreeningRound.per_record).where(ScreeningRound.stage == TA)
    assert sorted(desk.session.scalars(numbers)) == [2, 3]


def test_a_record_voted_on_unasked_keeps_its_round(desk: Desk, make: Maker) -> None:
    """A first vote puts a record into the round of that day."""
    begun, fresh = make.records(2)
    vote = desk.vote("ann", begun, "include")
    hand_out(desk, per_record=3)
    assert (len(desk.handed(begun)), len(desk.handed(fresh))) == (1, 3)
    again = desk.vote("bob", begun, "include")
    assert again.round_id == vote.round_id
    assert desk.stands(begun) == "included"


def test_the_largest_number_counts_whether_handed_out_or_voted(
    desk: Desk, make: Maker
) -> None:
    """A report voted on for two and handed out for three needs three."""
    voted, handed = make.records(2)
    desk.vote("ann", voted, "include")
    hand_out(desk, per_record=3)
    desk.pair(voted, handed)
    assert quorum.needs(desk.session, TA) == {voted.id: 3}
    assert quorum.needs(desk.session, TA, [voted.id]) == {voted.id: 3}
    places = membership.places(desk.session, TA)
    assert places[voted.id][1] == handed.id


def test_a_named_round_keeps_its_number(desk: Desk, make: Maker) -> None:
    """A round of that name with another number is refused; without one it is used."""
    make.record()
    assert hand_out(desk, round_name="extra", per_record=3).round_name == "extra"
    with pytest.raises(UsageError, match="asks for 3 votes"):
        hand_out(desk, round_name="extra", per_record=2)
    record = make.record()
    hand_out(desk, round_name="main")
    assert len(desk.handed(record)) == 2


def test_a_new_rounds_name_is_free(desk: Desk, make: Maker) -> None:
    """A name that somebody gave a round is not given again."""
    make.record()
    hand_out(desk, round_name="main 3", per_record=3)
    make.record()
    assert hand_out(desk, per_record=4).round_name == "main 4"


def test_a_merge_over_rounds_needs_the_larger_number_while_it_lasts(
    desk: Desk, make: Maker
) -> None:
    """Who is added for a merged report is added to the record that asks for more."""
    desk.leave("dan")
    desk.leave("eve")
    old = make.record()
    hand_out(desk)
    desk.leave("dan", active=True)
    new = make.record()
    hand_out(desk, per_record=3)
    desk.pair(old, new)
    assert quorum.needs(desk.session, TA) == {old.id: 3}
    desk.leave("dan")
    desk.leave("eve", active=True)
    assert hand_out(desk, 2).new == {"ann": 0, "bob": 0, "eve": 1}
    desk.split(old, new)
    assert desk.handed(old) == {"ann", "bob"}
    assert desk.handed(new) == {"ann", "bob", "eve"}
    assert quorum.needs(desk.session, TA) == {old.id: 2, new.id: 3}


def test_nobody_gets_a_record_twice_nor_too_many_get_it(
    desk: Desk, make: Maker
) -> None:
    """Through votes, merges, splits, leaving and returning: never beyond the number."""
    records = make.records(8)
    steps: list[Callable[[], object]] = [
        lambda: None,
        lambda: desk.pair(records[0], records[1]),
        lambda: desk.vote("ann", records[2], "include"),
        lambda: desk.leave("bob"),
        lambda: desk.split(records[0], records[1]),
        lambda: desk.leave("bob", active=True),
        lambda: desk.vote("bob", records[3], "exclude"),
    ]
    for seed, step in enumerate(steps):
        step()
        hand_out(desk, seed)
        rows = desk.session.execute(
            select(
                Assignment.record_id, Assignment.round_id, Assignment.person_id
            ).where(Assignment.released_at.is_(None))
        ).all()
        assert len(rows) == len(set(rows))
        places = Counter((record, place) for record, place, _person in rows)
        assert max(places.values()) <= 2


def test_two_leads_at_once_hand_out_no_more_than_is_asked(engine: Engine) -> None:
    """Hand-outs of a stage come one after the other, on both databases."""

    def begin(session: Session) -> None:
        make = Maker(session)
        make.review("ann", "bob", "dan", "eve")
        make.records(30)

    db.write(engine, begin)

    def assign(seed: int) -> int:
        return db.write(engine, lambda session: hand_out(Desk(session), seed)).records

    with ThreadPoolExecutor(3) as pool:
        assert sorted(pool.map(assign, (1, 2, 3))) == [0, 0, 30]
    with db.snapshot(engine) as session:
        query = select(func.count(Assignment.id)).group_by(Assignment.record_id)
        assert set(session.scalars(query)) == {2}


# -- which round a vote belongs to -----------------------------------------------------


def test_a_vote_on_a_merged_record_stays_in_that_records_round(
    desk: Desk, make: Maker
) -> None:
    """A vote goes to its record's own round, so a split leaves the numbers alone."""
    old = make.record()
    hand_out(desk)
    new = make.record()
    hand_out(desk, per_record=3)
    desk.pair(old, new)
    for handle in ("ann", "bob", "dan", "eve"):
        desk.vote(handle, old, "include")
    desk.split(old, new)
    needs = quorum.needs(desk.session, TA)
    assert (needs[old.id], needs[new.id]) == (2, 3)


def test_a_pilot_vote_does_not_count(desk: Desk, make: Maker) -> None:
    """A hand-out of a pilot takes the vote; the report waits for real ones."""
    record = make.record()
    pilot = ScreeningRound(
        stage=TA, name="pilot", kind="pilot", per_record=2, counts=False
    )
    desk.session.add(pilot)
    desk.session.flush()
    ann = desk.person("ann")
    desk.session.add(
        Assignment(round_id=pilot.id, record_id=record.id, person_id=ann.id)
    )
    desk.session.flush()
    assert desk.vote("ann", record, "include").round_id == pilot.id
    assert desk.vote("bob", record, "include").round_id != pilot.id
    outcome = desk.outcome(record)
    assert outcome is not None
    assert outcome.voters == {desk.person("bob").id}


def test_the_round_is_found_by_the_nearest_trace(desk: Desk, make: Maker) -> None:
    """Own record before other members, a hand-out before a vote; else the main."""
    record, other = make.records(2)
    bob = desk.person("bob").id
    main = membership.round_for(desk.session, TA, record.id, bob)
    assert main is not None
    assert main.name == "main"
    hand_out(desk, per_record=3)
    desk.pair(record, other)
    found = membership.round_for(desk.session, TA, other.id, bob)
    assert found is not None
    assert found.name == "main 2"


# -- queues ----------------------------------------------------------------------------


def test_a_queue_holds_what_is_handed_and_not_done(desk: Desk, make: Maker) -> None:
    """A vote takes a record out; others' votes do until the report has enough."""
    records = {record.id: record for record in make.records(8)}
    hand_out(desk)
    mine = queue(desk, "ann")
    assert set(mine) == {i for i, r in records.items() if "ann" in desk.handed(r)}
    first, second, third = (records[number] for number in mine[:3])
    desk.vote("ann", first, "include")
    other = min(desk.handed(second) - {"ann"})
    desk.vote(other, second, "include")
    outsider = min({"bob", "dan", "eve"} - desk.handed(third))
    desk.vote(outsider, third, "include")
    assert queue(desk, "ann") == mine[1:]
    desk.vote(min(desk.handed(third) - {"ann"}), third, "include")
    assert queue(desk, "ann") == [number for number in mine[1:] if number != third.id]
    desk.withdraw("ann", first)
    assert queue(desk, "ann")[0] == first.id
    lone = rounds.own_progress(desk.session, desk.person("ann"), stage=TA)
    assert (lone.assigned, lone.done, lone.left) == (len(mine), 1, len(mine) - 1)


def test_queues_are_in_different_orders(desk: Desk, make: Maker) -> None:
    """Nobody's order tells of another's, nor is it the order of the records."""
    make.records(30)
    hand_out(desk)
    ann, bob = queue(desk, "ann"), queue(desk, "bob")
    both = set(ann) & set(bob)
    assert [n for n in ann if n in both] != [n for n in bob if n in both]
    assert ann != sorted(ann)


def test_own_open_questions_come_first(desk: Desk, make: Maker) -> None:
    """Records on which one's own votes differ since a merge head the queue."""
    one, other, *_ = make.records(6)
    desk.vote("ann", one, "include")
    desk.vote("ann", other, "exclude")
    hand_out(desk)
    before = queue(desk, "ann")
    desk.pair(one, other)
    assert queue(desk, "ann") == [one.id, *before]
    ann = desk.person("ann")
    assert rounds.waits(desk.session, ann, stage=TA, record_id=other.id)
    desk.vote("ann", other, "include")
    assert queue(desk, "ann") == before
    assert not rounds.waits(desk.session, ann, stage=TA, record_id=other.id)


def test_a_merged_report_waits_once(desk: Desk, make: Maker) -> None:
    """Who was handed both records of a merged report sees it once."""
    one, other = make.records(2)
    hand_out(desk, per_record=4)
    desk.pair(one, other)
    assert len(queue(desk, "ann")) == 1
    progress = rounds.own_progress(desk.session, desk.person("ann"), stage=TA)
    assert (progress.assigned, progress.left) == (1, 1)


def test_a_text_that_could_not_be_had_does_not_wait(desk: Desk, make: Maker) -> None:
    """Nobody can judge it: it leaves the queue until it comes."""
    record = make.record()
    desk.votes(record, ann="include", bob="include")
    hand_out(desk, stage=FT)
    handle = min(desk.handed(record, FT))
    who = desk.person(handle)
    for status, waits in (
        (Retrieval.SOUGHT, True),
        (Retrieval.NOT_RETRIEVED, False),
        (Retrieval.RETRIEVED, True),
    ):
        desk.text(record, status)
        assert (queue(desk, handle, FT) == [record.id]) is waits
        found = rounds.waits(desk.session, who, stage=FT, record_id=record.id)
        assert found is waits
    desk.vote("ann", record, "exclude")
    assert queue(desk, handle, FT) == []
    assert not rounds.waits(desk.session, who, stage=FT, record_id=record.id)


def test_hand_outs_are_no_votes(desk: Desk, make: Maker) -> None:
    """Handing out changes no outcome."""
    make.records(3)
    hand_out(desk)
    assert desk.session.scalar(select(func.count(Decision.id))) == 0
    found = state.outcomes(desk.session, TA).values()
    assert {outcome.standing for outcome in found} == {"unscreened"}


def test_a_text_that_could_not_be_had_is_handed_to_nobody(
    desk: Desk, make: Maker
) -> None:
    """At full text only what can be read is handed out, or counted as handed."""
    gone, there = make.record(), make.record()
    for record in (gone, there):
        desk.votes(record, ann="include", bob="include")
    fulltext.set_status(
        desk.session,
        gone.id,
        status=Retrieval.NOT_RETRIEVED,
        location="",
        by=make.person("lead"),
    )
    done = hand_out(desk, stage=FT)
    assert done.records == 1
    assert desk.handed(gone, FT) == set()
    assert desk.handed(there, FT) == {"ann", "bob"}
    own = rounds.own_progress(desk.session, make.person("ann"), stage=FT)
    assert (own.assigned, own.left) == (1, 1)


def test_a_round_that_nobody_could_finish_is_not_opened(
    desk: Desk, make: Maker
) -> None:
    """More votes than screeners, or a name of blanks, opens no round for good."""
    make.record()
    before = desk.session.scalar(select(func.count(ScreeningRound.id)))
    with pytest.raises(UsageError, match="9 asked for, 4 available"):
        hand_out(desk, per_record=9)
    with pytest.raises(LitreviewError, match="name is empty"):
        hand_out(desk, per_record=3, round_name="  ")
    assert desk.session.scalar(select(func.count(ScreeningRound.id))) == before
