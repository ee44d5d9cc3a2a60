"""Votes that rest on criteria which have changed, and records screened again."""

from __future__ import annotations

from itertools import product
from typing import Any

import pytest
from desk import FT, TA, Desk
from making import REVIEW, Maker
from sqlalchemy import select
from sqlalchemy.orm import Session

from litreview import (
    ballots,
    concord,
    flow,
    fulltext,
    logbook,
    outdated,
    prisma,
    reopening,
    review,
    rounds,
)
from litreview.errors import (
    LitreviewError,
    NotAllowedError,
    NotFoundError,
    UsageError,
)
from litreview.models import Decision, DecisionSetAside
from litreview.protocol import STARTER_CRITERIA
from litreview.reopening import Reopened, Wish
from litreview.review import Texts
from litreview.rounds import Plan

STREAM = ("theorises_concept",)
I2 = '  - {id: I2, facet: concept, text: "Say what it must deal with."}\n'
I3 = I2 + "  - {id: I3, facet: level, text: Schools only.}\n"


@pytest.fixture
def desk(session: Session, make: Maker) -> Desk:
    """Return a desk with a lead, three screeners and an arbiter."""
    make.review("ann", "bob", "dan")
    return Desk(session)


def amend(make: Maker, old: str = I2, new: str = I3) -> int:
    """Put a protocol in force that says something else; return its number."""
    assert old in STARTER_CRITERIA
    return make.protocol(STARTER_CRITERIA.replace(old, new)).id


def reopen(desk: Desk, stage: str = TA, **wish: Any) -> Reopened:
    """Reopen as the lead."""
    wanted = Wish(stage, **wish)
    lead = desk.person("lead")
    return reopening.reopen(desk.session, wanted, why="I3 was added", by=lead)


def assign(desk: Desk, seed: int = 1, stage: str = TA) -> None:
    """Hand records out."""
    rounds.assign(desk.session, Plan(stage, seed), by=desk.person("lead"))


def listed(desk: Desk, stage: str | None = None) -> list[tuple[int, str, int]]:
    """Return record, stage and number of votes of what is outdated."""
    known = outdated.versions(desk.session)
    found = outdated.listed(desk.session, known, stage=stage)
    return [(one.record_id, one.stage, one.votes) for one in found]


# -- outdated --------------------------------------------------------------------------


def test_votes_under_changed_criteria_are_listed(desk: Desk, make: Maker) -> None:
    """Each record with its number of votes and versions; later votes are not."""
    old, mixed, new = make.records(3)
    desk.votes(old, ann="include", bob="exclude")
    desk.vote("ann", mixed, "include")
    assert listed(desk) == []
    amend(make)
    desk.vote("bob", mixed, "include")
    desk.votes(new, ann="include", bob="include")
    assert listed(desk) == [(old.id, TA, 2), (mixed.id, TA, 1)]
    known = outdated.versions(desk.session)
    [told] = known[0].changes
    assert str(told) == "criterion I3 added: level: Schools only."
    assert known[-1].changes == ()


def test_a_new_title_or_member_makes_no_vote_outdated(desk: Desk, make: Maker) -> None:
    """Only what votes rest on does."""
    record = make.record()
    desk.vote("ann", record, "include")
    people = REVIEW.replace("people: []", "people: [{handle: fay, role: screener}]")
    told = review.sync(desk.session, Texts(people, STARTER_CRITERIA, {}), handle="lead")
    assert told == [
        "fay joins as screener",
        "a new version of the protocol is in force; 1 votes name older ones",
    ]
    assert listed(desk) == []
    with pytest.raises(LitreviewError, match="nothing is to be reopened") as refused:
        reopen(desk, since=1)
    assert "are those of every earlier version" in refused.value.why


def test_criteria_that_come_back_make_old_votes_good(desk: Desk, make: Maker) -> None:
    """What counts is what is said, not which number it has."""
    record = make.record()
    desk.vote("ann", record, "include")
    amend(make)
    assert listed(desk) == [(record.id, TA, 1)]
    make.protocol()
    assert listed(desk) == []


def test_a_change_for_full_texts_leaves_titles_alone(desk: Desk, make: Maker) -> None:
    """A reason that only full texts have touches their votes only."""
    record = make.record()
    desk.votes(record, ann="include", bob="include")
    desk.votes(record, FT, ann="exclude X-POP", bob="exclude X-POP")
    amend(make, "Another reason (say it in the note)", "Another reason")
    assert listed(desk) == [(record.id, FT, 2)]
    assert listed(desk, TA) == []


def test_sync_says_what_was_decided_under_the_old_criteria(
    desk: Desk, make: Maker
) -> None:
    """What changed, and how many votes on how many records rest on it."""
    one, two = make.records(2)
    desk.votes(one, ann="include", bob="include")
    desk.vote("ann", two, "include")
    texts = Texts(REVIEW, STARTER_CRITERIA.replace(I2, I3), {})
    told = review.sync(desk.session, texts, handle="lead")
    assert told[1:] == [
        "criterion I3 added: level: Schools only.",
        (
            "title_abstract: 3 votes on 2 records were cast under criteria that have "
            "changed; `litreview screen outdated` lists what, `litreview screen "
            "reopen` has it screened again"
        ),
    ]


# -- reopening -------------------------------------------------------------------------


def test_a_reopened_record_goes_back_to_its_people(desk: Desk, make: Maker) -> None:
    """Its votes stay in history and count no more; the same two have it again."""
    record = make.record()
    assign(desk)
    two = sorted(desk.handed(record))
    for handle in two:
        desk.vote(handle, record, "include")
    amend(make)
    done = reopen(desk, record_ids=(record.id,))
    assert (done.records, done.votes, done.others) == ((record.id,), 2, 0)
    assert done.handed == dict.fromkeys(two, 1)
    assert desk.stands(record) == "unscreened"
    assert len(desk.session.scalars(select(Decision)).all()) == 2
    assert desk.handed(record) == set(two)
    for handle in two:
        person = desk.person(handle)
        assert rounds.queue(desk.session, person, stage=TA) == [record.id]
        desk.vote(handle, record, "exclude")
    assert desk.stands(record) == "excluded"
    assert listed(desk) == []


def test_who_voted_unasked_is_asked_now(desk: Desk, make: Maker) -> None:
    """Votes of a file had no hand-out; the reopened record is handed to the voters."""
    record = make.record()
    desk.votes(record, ann="include", dan="include")
    amend(make)
    assert reopen(desk, since=1).handed == {"ann": 1, "dan": 1}
    assert desk.handed(record) == {"ann", "dan"}
    assert rounds.waits(desk.session, desk.person("dan"), stage=TA, record_id=record.id)


def test_nobody_is_handed_more_than_the_record_asks_for(
    desk: Desk, make: Maker
) -> None:
    """Three had voted on a record of two: two of them are asked again."""
    record = make.record()
    desk.votes(record, ann="include", bob="include", dan="include")
    amend(make)
    done = reopen(desk, since=1)
    assert (done.votes, done.others) == (3, 1)
    assert len(desk.handed(record)) == 2


@pytest.mark.parametrize("how", ["leaves", "pauses", "reads"])
def test_others_are_asked_for_who_is_not_there(
    desk: Desk, make: Maker, how: str
) -> None:
    """Who left, paused or lost the vote gives this back and keeps the rest."""
    records = make.records(6)
    assign(desk)
    record = next(r for r in records if "ann" in desk.handed(r))
    [other] = desk.handed(record) - {"ann"}
    desk.votes(record, **{"ann": "include", other: "include"})
    amend(make)
    ann = desk.person("ann")
    if how == "pauses":
        ann.paused = True
    elif how == "leaves":
        ann.active = False
    else:
        ann.role = "reader"
    before = {r.id: desk.handed(r) for r in records if r is not record}
    done = reopen(desk, since=1)
    assert (done.handed, done.others) == ({other: 1}, 1)
    assert desk.handed(record) == {other}
    assert {r.id: desk.handed(r) for r in records if r is not record} == before
    assign(desk, 2)
    assert len(desk.handed(record)) == 2
    assert "ann" not in desk.handed(record)


def test_only_what_is_outdated_is_touched(desk: Desk, make: Maker) -> None:
    """A vote under the criteria in force stays; its record waits for the other one."""
    record = make.record()
    desk.vote("ann", record, "include")
    amend(make)
    desk.vote("bob", record, "include")
    assert reopen(desk, record_ids=(record.id,)).votes == 1
    assert desk.stands(record) == "in_progress"
    outcome = desk.outcome(record)
    assert outcome is not None
    assert {vote.screener_id for vote in outcome.votes} == {desk.person("bob").id}
    with pytest.raises(LitreviewError, match="nothing is to be reopened"):
        reopen(desk, record_ids=(record.id,))


def test_since_takes_votes_from_a_version_on(desk: Desk, make: Maker) -> None:
    """Earlier ones stay, those under the criteria in force too."""
    first, second, third = make.records(3)
    desk.votes(first, ann="include", bob="include")
    number = amend(make)
    desk.votes(second, ann="include", bob="include")
    amend(make, "Wrong population", "No teachers")
    desk.votes(third, ann="include", bob="include")
    assert reopen(desk, since=number).records == (second.id,)
    assert desk.stands(first) == desk.stands(third) == "included"
    with pytest.raises(NotFoundError, match="no version 99"):
        reopen(desk, since=99)


def test_a_reason_is_looked_for_only_where_all_may_see(desk: Desk, make: Maker) -> None:
    """Whether a record in progress has it would tell the lead of a vote."""
    done, other, begun = make.records(3)
    desk.votes(done, ann="exclude X-POP", bob="exclude")
    desk.votes(other, ann="exclude X-DATE", bob="exclude")
    desk.vote("ann", begun, "exclude X-POP")
    amend(make, "Wrong population", "No teachers")
    found = reopen(desk, reason="X-POP")
    assert (found.records, found.votes, found.unseen) == ((done.id,), 2, 1)
    assert desk.stands(other) == "excluded"
    assert desk.stands(begun) == "in_progress"


def test_a_settled_conflict_is_a_conflict_no_more(desk: Desk, make: Maker) -> None:
    """The resolution saw votes that count no more, so it holds no more."""
    record = make.record()
    desk.votes(record, ann="include", bob="exclude")
    desk.settle("cleo", record, "include")
    amend(make)
    reopen(desk, since=1)
    assert desk.stands(record) == "unscreened"
    desk.votes(record, ann="include", bob="exclude")
    assert desk.stands(record) == "conflict"
    desk.settle("cleo", record, "exclude")
    assert desk.stands(record) == "excluded"


def test_full_text_votes_wait_while_titles_are_open(desk: Desk, make: Maker) -> None:
    """They are kept, count for nothing meanwhile, and are back after an inclusion."""
    record = make.record()
    desk.votes(record, ann="include", bob="include")
    for handle in ("ann", "bob"):
        desk.vote(handle, record, "include", FT, streams=STREAM)
    boxes = flow.flow(desk.session).counts
    assert (boxes["new_reports"], boxes["ta_unscreened"]) == (1, 0)
    amend(make)
    reopen(desk, since=1)
    boxes = flow.flow(desk.session).counts
    assert (boxes["new_reports"], boxes["ta_unscreened"]) == (0, 1)
    assert prisma.check(flow.flow(desk.session)) == []
    assert desk.stands(record, FT) == "not_eligible"
    assert listed(desk) == []
    desk.votes(record, ann="include", bob="include")
    assert desk.stands(record, FT) == "included"
    assert listed(desk) == [(record.id, FT, 2)]


def test_full_texts_are_reopened_on_their_own(desk: Desk, make: Maker) -> None:
    """The titles stay as they are."""
    record = make.record()
    desk.votes(record, ann="include", bob="include")
    desk.votes(record, FT, ann="exclude X-POP", bob="exclude X-POP")
    amend(make, "Wrong population", "No teachers")
    assert reopen(desk, FT, reason="X-POP").records == (record.id,)
    assert (desk.stands(record), desk.stands(record, FT)) == ("included", "unscreened")
    assert fulltext.wanted(desk.session)[0].status == "retrieved"


def test_a_vote_again_is_a_vote_that_knew(desk: Desk, make: Maker) -> None:
    """Where the votes were open, agreement takes the new ones for informed."""
    done, begun = make.records(2)
    desk.votes(done, ann="include", bob="exclude")
    desk.vote("ann", begun, "include")
    amend(make)
    reopen(desk, since=1)
    assert desk.vote("ann", done, "include").informed
    assert not desk.vote("ann", begun, "include").informed
    assert concord.independent(desk.session, TA) == {}


def test_a_file_brings_the_same_votes_in_again(desk: Desk, make: Maker) -> None:
    """What was set aside is not in force: the same word is a new vote."""
    record = make.record()
    desk.votes(record, ann="include", bob="include")
    amend(make)
    reopen(desk, since=1)
    rows = [
        ballots.VoteRow(line, who, TA, "include", record.id)
        for line, who in enumerate(("ann", "bob"), start=2)
    ]
    lead = desk.person("lead")
    told = ballots.import_votes(desk.session, rows, file_hash="f", by=lead)
    assert (told.stored, told.already_there) == (2, 0)
    assert desk.stands(record) == "included"
    desk.votes(record, FT, ann="exclude X-POP")
    make.protocol(STARTER_CRITERIA.replace("Wrong population", "No teachers"))
    reopen(desk, FT, since=1)
    late = [ballots.VoteRow(2, "ann", FT, "exclude", record.id, reason="X-POP")]
    told = ballots.import_votes(desk.session, late, file_hash="g", by=lead)
    assert told.stored == 1


def test_the_log_tells_of_it_and_of_no_vote(desk: Desk, make: Maker) -> None:
    """Everybody sees that the record was reopened; whose votes, when it is open."""
    record = make.record()
    desk.votes(record, ann="include", bob="include")
    amend(make)
    reopen(desk, since=1)

    def kinds(handle: str) -> list[str]:
        told = logbook.log(desk.session, record.id, handle=handle).events
        return [str(e["kind"]) for e in told if e["kind"] in ("reopening", "set aside")]

    assert kinds("dan") == ["reopening"]
    assert kinds("ann") == ["reopening", "set aside"]
    events = logbook.log(desk.session, record.id, handle="dan").events
    [event] = [event for event in events if event["kind"] == "reopening"]
    assert (event["person"], event["why"], event["stage"]) == (
        "lead",
        "I3 was added",
        TA,
    )
    desk.votes(record, ann="include", bob="include")
    assert kinds("dan") == ["reopening", "set aside", "set aside"]


def test_a_merged_report_is_reopened_whole(desk: Desk, make: Maker) -> None:
    """Votes on all its records are set aside; the split does not bring them back."""
    one, other = make.records(2)
    desk.votes(one, ann="include", bob="include")
    desk.votes(other, dan="include")
    desk.pair(one, other)
    amend(make)
    assert reopen(desk, record_ids=(other.id,)).votes == 3
    desk.split(one, other)
    assert desk.stands(one) == desk.stands(other) == "unscreened"


@pytest.mark.parametrize(
    "wish",
    [{}, {"since": 1, "reason": "X-POP"}, {"record_ids": (1,), "since": 1}],
)
def test_one_selection_is_needed(desk: Desk, make: Maker, wish: dict[str, Any]) -> None:
    """Nothing is reopened by leaving a word out."""
    make.record()
    with pytest.raises(UsageError, match="say what is to be reopened"):
        reopen(desk, **wish)


def test_reopening_is_for_leads_and_has_a_reason(desk: Desk, make: Maker) -> None:
    """A refusal sets nothing aside."""
    record = make.record()
    desk.votes(record, ann="include", bob="include")
    amend(make)
    wish = Wish(TA, since=1)
    with pytest.raises(NotAllowedError):
        reopening.reopen(desk.session, wish, why="so", by=desk.person("ann"))
    with pytest.raises(LitreviewError, match="reason is empty"):
        reopening.reopen(desk.session, wish, why=" ", by=desk.person("lead"))
    with pytest.raises(NotFoundError):
        reopen(desk, record_ids=(999,))
    assert desk.session.scalars(select(DecisionSetAside)).all() == []
    assert desk.stands(record) == "included"


SAID = ("include", "maybe", "exclude", "exclude X-POP")


def test_nothing_tells_how_somebody_voted_on_what_waits(
    desk: Desk, make: Maker
) -> None:
    """What is listed and what is reopened is the same whatever bob said there."""
    done, begun = make.records(2)
    desk.votes(done, ann="exclude X-POP", bob="include")
    told = []
    wishes: tuple[dict[str, Any], ...] = ({"reason": "X-POP"}, {"since": 1})
    for said, wish in product(SAID, wishes):
        point = desk.session.begin_nested()
        desk.vote("bob", begun, said)
        amend(make, "Wrong population", "No teachers")
        told.append((listed(desk), reopen(desk, **wish)))
        point.rollback()
    assert told[0][1].records == (done.id,)
    assert told[1][1].records == (done.id, begun.id)
    assert told == told[:2] * len(SAID)
