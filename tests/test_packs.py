"""What goes into a pack, for whom, and that it tells nothing of others."""

from __future__ import annotations

from pathlib import Path

import pytest
from carrying import Bag
from desk import FT, TA, Desk
from making import Maker
from sqlalchemy import select
from sqlalchemy.orm import Session

from litreview import packs, rounds, state
from litreview.errors import LitreviewError, NotAllowedError
from litreview.models import AuditEvent, Decision, Person, Record
from litreview.rounds import Plan


@pytest.fixture
def desk(session: Session, make: Maker) -> Desk:
    """Return a desk with a lead, two screeners and an arbiter."""
    make.review("ann", "bob")
    return Desk(session)


def hand_out(desk: Desk, stage: str = TA) -> None:
    """Hand records out to both."""
    rounds.assign(desk.session, Plan(stage, 1), by=desk.person("lead"))


def test_a_pack_holds_the_queue_in_its_order(
    desk: Desk, make: Maker, tmp_path: Path
) -> None:
    """What waits in the review waits in the pack, with title, abstract and rules."""
    records = make.records(7)
    hand_out(desk)
    desk.vote("ann", records[2], "include")
    bag = Bag(desk, tmp_path / "a.litpack").make()
    waiting = rounds.queue(desk.session, desk.person("ann"), stage=TA)
    assert len(waiting) == 6
    assert bag.queue() == waiting
    with bag.inside() as session:
        titles = dict(session.execute(select(Record.id, Record.title)).all())
        assert titles == {r.id: r.title for r in records if r is not records[2]}


def test_a_pack_knows_nobody_else(desk: Desk, make: Maker, tmp_path: Path) -> None:
    """No vote, no other screener's row, not even one's own earlier votes."""
    records = make.records(3)
    hand_out(desk)
    desk.vote("bob", records[0], "exclude", note="not for us")
    desk.vote("ann", records[1], "include")
    bag = Bag(desk, tmp_path / "a.litpack").make()
    with bag.inside() as session:
        assert set(session.scalars(select(Person.handle))) == {"(the team)", "ann"}
        assert session.scalars(select(Decision)).all() == []
    assert b"not for us" not in bag.path.read_bytes()
    assert b"bob" not in bag.path.read_bytes()


def test_packs_of_two_reviews_that_differ_in_bobs_votes_have_the_same_bytes(
    desk: Desk, make: Maker, tmp_path: Path
) -> None:
    """Verdict, reason, note and stream of another leave no trace in the file."""
    records = make.records(3)
    hand_out(desk)
    for record in records:
        desk.votes(record, ann="include", bob="include")
    hand_out(desk, FT)
    new = make.record()
    hand_out(desk)

    def files(name: str, ta: str, ft: str, note: str) -> list[bytes]:
        place = desk.session.begin_nested()
        desk.vote("bob", new, ta, note=note)
        desk.vote("bob", records[1], ft, FT, note=note)
        made = [
            Bag(desk, tmp_path / f"{name}-{stage}", stage=stage).make()
            for stage in (TA, FT)
        ]
        place.rollback()
        return [bag.path.read_bytes() for bag in made]

    one = files("one", "include", "include", "it fits")
    other = files("other", "exclude X-POP", "exclude X-TYPE", "it does not fit")
    assert one == other


def test_a_full_text_pack_offers_what_passed(
    desk: Desk, make: Maker, tmp_path: Path
) -> None:
    """Reports at full text can be judged in the pack; who let them pass is not told."""
    one, other = make.records(2)
    desk.votes(one, ann="include", bob="maybe")
    desk.votes(other, ann="exclude", bob="exclude")
    desk.text(one)
    hand_out(desk, FT)
    bag = Bag(desk, tmp_path / "a.litpack", stage=FT).make()
    assert bag.queue() == [one.id]
    with bag.inside() as session:
        said = session.scalars(select(Decision)).all()
        assert [(vote.verdict, vote.screener_id) for vote in said] == [("include", 0)]
        assert state.retrieval(session, one.id) == "retrieved"
    bag.vote(one, "exclude X-POP")
    assert bag.queue() == []


def test_a_report_goes_with_all_its_records(
    desk: Desk, make: Maker, tmp_path: Path
) -> None:
    """A card borrows an abstract from another record, in the pack as here."""
    one, other = make.record(), make.record(abstract="Told at length.")
    desk.pair(one, other)
    hand_out(desk)
    bag = Bag(desk, tmp_path / "a.litpack").make()
    with bag.inside() as session:
        found = session.scalars(select(Record).order_by(Record.id)).all()
        assert [(row.id, row.cluster_id) for row in found] == [
            (one.id, one.id),
            (other.id, one.id),
        ]
        assert found[1].abstract == "Told at length."


def test_only_the_screener_and_a_lead_may_pack(
    desk: Desk, make: Maker, tmp_path: Path
) -> None:
    """Others are refused; the review remembers whose pack was made by whom."""
    make.records(2)
    hand_out(desk)
    with pytest.raises(NotAllowedError, match="bob may not"):
        Bag(desk, tmp_path / "a").make(by="bob")
    Bag(desk, tmp_path / "b").make(by="lead")
    [event] = desk.session.scalars(
        select(AuditEvent).where(AuditEvent.kind == packs.EVENT)
    ).all()
    assert (event.person_id, event.subject) == (desk.person("lead").id, "ann")
    assert isinstance(event.detail, dict)
    assert event.detail["records"] == 2


def test_an_empty_queue_and_a_departed_screener_are_refused(
    desk: Desk, make: Maker, tmp_path: Path
) -> None:
    """There is nothing to carry; nobody carries for who has left."""
    with pytest.raises(LitreviewError, match="nothing waits for ann"):
        Bag(desk, tmp_path / "a").make()
    make.record()
    hand_out(desk)
    desk.leave("ann")
    with pytest.raises(NotAllowedError, match="has left"):
        Bag(desk, tmp_path / "b").make(by="lead")
    assert not list(tmp_path.glob("[ab]"))


def test_both_rounds_of_a_record_in_a_pilot(
    desk: Desk, make: Maker, tmp_path: Path
) -> None:
    """A record that waits in a pilot is packed for the pilot first."""
    from litreview import calibration  # noqa: PLC0415

    records = make.records(3)
    hand_out(desk)
    done = calibration.draw(
        desk.session, calibration.Sample(TA, 1, seed=1), by=desk.person("lead")
    )
    bag = Bag(desk, tmp_path / "a").make()
    [first, *_rest] = bag.queue()
    chosen = next(record for record in records if record.id == first)
    bag.vote(chosen, "include")
    bag.back()
    desk.session.expire_all()
    [vote] = desk.session.scalars(select(Decision)).all()
    assert vote.round_id == done.round_id
    assert first in rounds.queue(desk.session, desk.person("ann"), stage=TA)
