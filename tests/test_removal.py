"""What leaving before screening promises."""

from __future__ import annotations

import pytest
from making import REVIEW, Maker
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from team import Team, start

from litreview import course, flow, prisma, state
from litreview.errors import (
    LitreviewError,
    NotAllowedError,
    NotFoundError,
    UsageError,
)
from litreview.models import (
    Assignment,
    AuditEvent,
    Person,
    ProtocolVersion,
    Record,
    RecordRemoval,
    ScreeningRound,
)
from litreview.removal import remove, restore, stop
from litreview.screening import Ballot, decide, withdraw
from litreview.vocabulary import Found, RemovalBasis, RoundKind, Stage
from litreview.workspace import sha256

RULE, REASON = RemovalBasis.RULE, RemovalBasis.REASON
TA = Stage.TITLE_ABSTRACT


@pytest.fixture
def ann(make: Maker) -> Person:
    """Return a screener; the lead and two rounds are there too."""
    return make.review("ann")[0]


def number(session: Session) -> int:
    """Count the removals and restorations."""
    return session.scalar(select(func.count()).select_from(RecordRemoval)) or 0


@pytest.mark.usefixtures("ann")
def test_a_removed_record_is_out_until_it_is_restored(
    session: Session, make: Maker
) -> None:
    """Each step is a row; the newest counts."""
    one, two = make.records(2)
    gone = remove(session, [two.id, one.id, one.id], basis=RULE, text="old", by="lead")
    assert gone == sorted([one.id, two.id])
    assert state.removed(session) == {one.id, two.id}
    restore(session, one.id, by="lead", why="it was reprinted")
    assert state.removed(session) == {two.id}
    assert number(session) == 3


@pytest.mark.usefixtures("ann")
def test_removing_again_adds_nothing(session: Session, make: Maker) -> None:
    """What is out already is not taken out twice, and what is in not brought back."""
    one, two = make.records(2)
    remove(session, [one.id], basis=RULE, text="old", by="lead")
    again = remove(session, [one.id, two.id], basis=REASON, text="x", by="lead")
    assert again == [two.id]
    restore(session, one.id, by="lead")
    with pytest.raises(LitreviewError, match="is not removed"):
        restore(session, one.id, by="lead")


def test_a_record_with_votes_stays(session: Session, make: Maker, ann: Person) -> None:
    """The refusal counts the votes, and none of the others is removed either."""
    one, two = make.records(2)
    decide(session, Ballot(two.id, TA, "include"), screener=ann)
    with pytest.raises(LitreviewError) as refusal:
        remove(session, [one.id, two.id], basis=RULE, text="old", by="lead")
    assert f"record {two.id} has 1" in refusal.value.why
    assert number(session) == 0
    withdraw(session, two.id, stage=TA, screener=ann)
    assert remove(session, [two.id], basis=RULE, text="old", by="lead") == [two.id]


@pytest.mark.broken_on_purpose
def test_a_vote_on_another_record_of_the_report_counts(
    session: Session, make: Maker, ann: Person
) -> None:
    """Votes belong to the report: its other records cannot leave either."""
    one, two = make.records(2)
    decide(session, Ballot(one.id, TA, "include"), screener=ann)
    session.get_one(Record, two.id).cluster_id = one.id
    session.flush()
    with pytest.raises(LitreviewError, match="have votes"):
        remove(session, [two.id], basis=RULE, text="old", by="lead")


def test_only_the_lead_removes(session: Session, make: Maker, ann: Person) -> None:
    """A removal takes the place of two opinions, so a screener may not."""
    record = make.record()
    with pytest.raises(NotAllowedError):
        remove(session, [record.id], basis=RULE, text="old", by=ann.handle)
    with pytest.raises(NotAllowedError):
        restore(session, record.id, by=ann.handle)


@pytest.mark.usefixtures("ann")
def test_a_removal_needs_its_words_and_a_record(session: Session, make: Maker) -> None:
    """An empty reason and an unknown id are refused before anything is stored."""
    record = make.record()
    with pytest.raises(LitreviewError, match="reason is empty"):
        remove(session, [record.id], basis=REASON, text=" ", by="lead")
    with pytest.raises(NotFoundError):
        remove(session, [record.id, 99], basis=RULE, text="old", by="lead")
    assert number(session) == 0


# -- ending early --------------------------------------------------------------------

IN_A_ROW = "{rule: in_a_row, records: 3, why: A habit of this field.}"
NAMED = "stopping rule: 3 irrelevant records in a row"


@pytest.fixture
def team(session: Session, make: Maker) -> Team:
    """Return a team whose protocol lets it stop after three irrelevant records."""
    found = start(session, make)
    allow_stop(session, IN_A_ROW)
    return found


def allow_stop(session: Session, rule: str) -> None:
    """Put a protocol in force that has this stopping rule."""
    old = session.scalars(select(ProtocolVersion)).first()
    assert old is not None
    session.add(
        ProtocolVersion(
            sha256=sha256(rule),
            review_text=f"{REVIEW}stopping: {rule}\n",
            criteria_text=old.criteria_text,
        )
    )
    session.flush()


def test_a_stop_leaves_nothing_unscreened_and_names_its_rule(team: Team) -> None:
    """PRISMA counts what was left as excluded by automation, and it adds up."""
    made = team.make.records(9)
    team.merge(made[7], made[8])
    team.both(made[0], TA, "include")
    for record in made[1:4]:
        team.both(record, TA, "exclude")
    done = stop(team.session, stage=TA, by="lead")
    left = [record.id for record in made[4:]]
    assert (done.rule, list(done.records), done.begun) == (NAMED, left, 0)
    assert (done.finding.screened, done.finding.total) == (4, 8)
    boxes = prisma.to_json_object(flow.flow(team.session), ids=None)
    assert boxes["records_excluded_automatic"] == {NAMED: 4}
    assert (boxes["records_screened"], boxes["records_excluded"]) == (8, 7)
    assert (boxes["ta_unscreened"], boxes["excluded_automatic"]) == (0, 0)
    assert boxes["duplicates"] == 1
    assert prisma.check(flow.flow(team.session)) == []
    behind = flow.behind(team.session, "records_excluded_automatic")
    assert list(behind["record_id"]) == [record.id for record in made[4:8]]
    assert set(behind["detail"]) == {NAMED}


def test_a_stop_is_on_record_with_its_figures(team: Team) -> None:
    """The event has the rule, the reason for it and what it rested on."""
    made = team.make.records(5)
    for record in made[:3]:
        team.both(record, TA, "exclude")
    stop(team.session, stage=TA, by="lead")
    [event] = team.session.scalars(
        select(AuditEvent).where(AuditEvent.kind == "screen.stopped")
    )
    assert event.subject == NAMED
    assert event.detail == {
        "stage": "title_abstract",
        "why": "A habit of this field.",
        "records": 2,
        "holds": True,
        "total": 5,
        "screened": 3,
        "relevant": 0,
        "in_a_row": 3,
        "p": None,
    }


def test_what_has_begun_is_finished(team: Team) -> None:
    """A report with one vote of two stays, and so does one of a pilot."""
    made = team.make.records(6)
    for record in made[:3]:
        team.both(record, TA, "exclude")
    team.vote(team.ann, made[3], TA, "include")
    pilot = ScreeningRound(
        stage=TA, name="pilot", kind=RoundKind.PILOT, per_record=2, counts=False
    )
    team.session.add(pilot)
    team.session.flush()
    team.session.add(
        Assignment(record_id=made[4].id, person_id=team.ann.id, round_id=pilot.id)
    )
    team.vote(team.ann, made[4], TA, "include")
    done = stop(team.session, stage=TA, by="lead")
    assert (done.records, done.begun) == ((made[5].id,), 2)
    team.vote(team.bob, made[3], TA, "include")
    counts = flow.flow(team.session).counts
    assert (counts["records_screened"], counts["ft_not_yet_sought"]) == (5, 1)
    with pytest.raises(LitreviewError, match="was removed before screening"):
        team.vote(team.ann, made[5], TA, "include")


def test_a_stop_can_be_undone_record_by_record(team: Team) -> None:
    """A record brought back waits for its votes again, and its duplicates with it."""
    made = team.make.records(6)
    team.merge(made[4], made[5])
    for record in made[:3]:
        team.both(record, TA, "exclude")
    stop(team.session, stage=TA, by="lead")
    restore(team.session, made[5].id, by="lead", why="a reader named it")
    found = flow.flow(team.session)
    assert prisma.check(found) == []
    assert found.counts["ta_unscreened"] == 1
    assert found.counts["duplicates"] == 1
    assert found.stopping_rules == {NAMED: 1}
    assert course.whole(team.session).total == 5
    again = stop(team.session, stage=TA, by="lead")
    assert again.records == (made[5].id,)
    # By another rule it is no stop, though it was one.
    restore(team.session, made[3].id, by="lead")
    remove(team.session, [made[3].id], basis=RULE, text="old", by="lead")
    assert flow.flow(team.session).counts["excluded_automatic"] == 1


def test_what_other_methods_found_stops_in_its_own_column(team: Team) -> None:
    """It is among what was left out there."""
    made = team.make.records(3)
    team.make.record("a page", source="a ministry", found=Found.WEBSITE)
    for record in made:
        team.both(record, TA, "exclude")
    assert len(stop(team.session, stage=TA, by="lead").records) == 1
    found = flow.flow(team.session)
    assert prisma.check(found) == []
    assert found.counts["other_records_excluded"] == 1
    assert "records_excluded_automatic" not in found.counts


def test_the_rule_has_to_hold(team: Team) -> None:
    """Otherwise it is refused with the figures, and so it is with open conflicts."""
    made = team.make.records(9)
    team.both(made[0], TA, "exclude")
    team.both(made[1], TA, "include", "exclude")
    with pytest.raises(LitreviewError, match="does not hold") as refusal:
        stop(team.session, stage=TA, by="lead")
    assert "2 of 9 reports have their votes, 1 are relevant" in refusal.value.why
    for record in made[2:5]:
        team.both(record, TA, "exclude")
    with pytest.raises(LitreviewError, match="1 reports are in conflict"):
        stop(team.session, stage=TA, by="lead")
    assert number(team.session) == 0


def test_a_stop_needs_a_rule_a_lead_and_something_left(team: Team) -> None:
    """Nobody else may, only on title and abstract, and not for nothing."""
    made = team.make.records(3)
    for record in made:
        team.both(record, TA, "exclude")
    with pytest.raises(LitreviewError, match="nothing is left"):
        stop(team.session, stage=TA, by="lead")
    with pytest.raises(NotAllowedError):
        stop(team.session, stage=TA, by="ann")
    with pytest.raises(UsageError, match="cannot stop early at full_text"):
        stop(team.session, stage=Stage.FULL_TEXT, by="lead")
    team.make.protocol()
    with pytest.raises(LitreviewError, match="every record is screened"):
        stop(team.session, stage=TA, by="lead")


def test_the_test_of_the_protocol_is_asked(team: Team) -> None:
    """With the hypergeometric rule the refusal tells p."""
    rule = (
        "{rule: hypergeometric, recall: 0.95, confidence: 0.95, why: It is cautious.}"
    )
    allow_stop(team.session, rule)
    made = team.make.records(30)
    team.both(made[0], TA, "include")
    with pytest.raises(LitreviewError, match="does not hold") as refusal:
        stop(team.session, stage=TA, by="lead")
    assert "p = 1.0000" in refusal.value.why
    for record in made[1:29]:
        team.both(record, TA, "exclude")
    done = stop(team.session, stage=TA, by="lead")
    assert done.finding.p == pytest.approx(1 / 29)
