"""What leaving before screening promises."""

from __future__ import annotations

import pytest
from making import Maker
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from litreview import state
from litreview.errors import LitreviewError, NotAllowedError, NotFoundError
from litreview.models import Person, Record, RecordRemoval
from litreview.removal import remove, restore
from litreview.screening import Ballot, decide, withdraw
from litreview.vocabulary import RemovalBasis, Stage

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
