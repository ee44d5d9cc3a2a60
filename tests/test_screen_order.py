"""What the order of a sitting promises: learnt in the background, never waited for."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass
from io import StringIO

import pytest
from making import REVIEW, Maker
from sqlalchemy import Engine, select
from team import TA

from litreview import cli, db, rounds
from litreview.cli.screen_order import Learning
from litreview.models import Decision, Person, ProtocolVersion
from litreview.ordering import Material
from litreview.rounds import Plan

pytest.importorskip("sklearn", reason="the extra `ml` is not installed")

NEAR, FAR = "coaching of teachers in schools", "basalt and magma under volcanoes"
MOST_SECONDS = 0.05  # from a key to the next card, of which this is a part


def texts(number: int, length: int) -> dict[int, tuple[str, str]]:
    """Return texts of two kinds in turn, with so many words of no meaning."""
    draw = random.Random(1)  # noqa: S311 - a draw to repeat
    words = [f"word{place}" for place in range(3000)]
    return {
        place: ((NEAR, FAR)[place % 2], " ".join(draw.choices(words, k=length)))
        for place in range(number)
    }


def learning(number: int, labels: dict[int, bool], length: int = 1) -> Learning:
    """Return what learns about so many records, in the order of their ids."""
    waiting = tuple(place for place in range(number) if place not in labels)
    return Learning(Material(waiting, texts(number, length), labels))


def settled(learns: Learning, queue: list[int]) -> list[int]:
    """Return the queue once nothing is being learnt any more."""
    for _ in range(200):
        queue = learns.order(queue)
        if learns._coming is None:
            return queue
        time.sleep(0.01)
    pytest.fail("it learns for ever")


def test_the_first_card_is_of_the_order_already() -> None:
    """With a label of each kind the queue is in order before anybody votes."""
    learns = learning(60, {0: True, 1: False})
    assert learns.ready
    queue = learns.order(list(range(2, 60)))
    assert [place % 2 for place in queue] == [0] * 29 + [1] * 29
    learns.end()


def test_by_lot_until_there_is_something_to_learn_from() -> None:
    """One kind of label changes nothing; the second one does."""
    learns = learning(60, {0: True})
    assert not learns.ready
    queue = random.Random(2).sample(range(1, 60), 59)  # noqa: S311 - by lot
    assert settled(learns, queue) == queue
    learns.heard(1, relevant=False)
    queue.remove(1)
    found = settled(learns, queue)
    assert [place % 2 for place in found] == [0] * 29 + [1] * 29
    learns.end()


def test_what_was_put_off_or_taken_back_keeps_its_place() -> None:
    """Skipped records come last, a withdrawn one at once, whatever is learnt."""
    learns = learning(20, {0: True, 1: False})
    queue = learns.order(list(range(2, 20)))
    skipped, voted = queue[0], queue[1]
    learns.put_off(skipped)
    learns.heard(voted, relevant=True)
    rest = [number for number in queue if number not in (skipped, voted)]
    queue = settled(learns, [*rest, skipped])
    assert queue[-1] == skipped
    learns.taken_back(voted)
    assert settled(learns, [voted, *queue])[0] == voted
    assert voted not in learns._labels


def test_what_may_not_move_keeps_its_place() -> None:
    """Open questions stay first, and what is beyond the words counted stays last."""
    learns = learning(20, {0: True, 1: False})
    found = learns.order([100, *range(2, 20), 200, 300])
    assert (found[0], found[-2:]) == (100, [200, 300])
    assert [place % 2 for place in found[1:-2]] == [0] * 9 + [1] * 9
    learns.end()


def test_nothing_to_read_is_no_trouble() -> None:
    """Records without a word stay as they are."""
    learns = Learning(Material((3, 4), {3: ("", ""), 4: ("", "")}, {1: True, 2: False}))
    assert learns.order([4, 3]) == [4, 3]
    learns.heard(3, relevant=True)
    learns.end()


def test_nobody_waits_for_it() -> None:
    """While it trains on 2,000 records, a vote and the next card take no longer."""
    labels = {place: place % 2 == 0 for place in range(1000)}
    learns = learning(2000, labels, length=60)
    queue = list(range(1000, 2000))
    spent = []
    for _ in range(60):
        began = time.perf_counter()
        queue = learns.order(queue)
        voted = queue.pop(0)
        learns.heard(voted, relevant=voted % 2 == 0)
        # What a vote does besides, in Python: it must get its turn while C trains.
        sum(range(20_000))
        spent.append(time.perf_counter() - began)
        time.sleep(0.005)
    learns.end()
    assert sorted(spent)[56] < MOST_SECONDS


# -- the command -----------------------------------------------------------------------


@dataclass
class Desk:
    """Ann has eight records to screen; the protocol is `allow`'s to say."""

    engine: Engine
    url: str
    capture: pytest.CaptureFixture[str]
    patch: pytest.MonkeyPatch

    def sit(self, keys: str, *words: str) -> tuple[int, str, str]:
        """Screen with these keys; return exit status, stdout and stderr."""
        self.patch.setattr("sys.stdin", StringIO("".join(f"{key}\n" for key in keys)))
        self.capture.readouterr()
        asked = ["--database", self.url, "--as", "ann", "screen", "start", *words]
        status = cli.run(asked)
        shown = self.capture.readouterr()
        return status, shown.out, shown.err

    def allow(self, order: str) -> None:
        """Put a protocol in force with this order."""
        with db.transaction(self.engine) as session:
            old = session.scalars(select(ProtocolVersion)).first()
            assert old is not None
            session.add(
                ProtocolVersion(
                    sha256="1" * 64,
                    review_text=f"{REVIEW}order: {order}\n",
                    criteria_text=old.criteria_text,
                )
            )

    def queue(self) -> list[int]:
        """Return ann's queue by lot."""
        with db.snapshot(self.engine) as session:
            ann = session.scalars(select(Person).where(Person.handle == "ann")).one()
            return rounds.queue(session, ann, stage=TA)

    def voted(self) -> list[int]:
        """Return the records voted on, in order."""
        with db.snapshot(self.engine) as session:
            return list(
                session.scalars(select(Decision.record_id).order_by(Decision.id))
            )


@pytest.fixture
def desk(
    engine: Engine,
    database_url: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> Desk:
    """Return the desk with eight records on it, four of each kind."""
    with db.transaction(engine) as session:
        make = Maker(session)
        make.review()
        for number in range(8):
            title = (NEAR, FAR)[number % 2]
            make.record(f"{title}, part {number}", year=2000 + number)
        rounds.assign(session, Plan(TA, seed=3), by=make.person("lead"))
    return Desk(engine, database_url, capsys, monkeypatch)


def test_the_newest_first(desk: Desk) -> None:
    """Records were made from 2000 on, one a year."""
    assert desk.sit("eeeeeeee", "--order", "newest")[0] == 0
    assert desk.voted() == list(range(8, 0, -1))


def test_by_lot_is_what_it_always_was(desk: Desk) -> None:
    """Without the option, and with the word for it, the queue is the one handed out."""
    before = desk.queue()
    assert desk.sit("eeee")[0] == 0
    assert desk.sit("eeee", "--order", "random")[0] == 0
    assert desk.voted() == before


def test_relevance_needs_the_protocol(desk: Desk) -> None:
    """It is refused with what a lead can do, and nothing is shown."""
    status, out, err = desk.sit("e", "--order", "relevance")
    assert (status, out) == (4, "")
    assert "the protocol does not allow the order 'relevance'" in err
    assert "order: [random, newest, relevance]" in err
    assert desk.voted() == []


def test_what_ann_votes_leads_her(desk: Desk) -> None:
    """By lot at first; after one of each kind what is like the included one."""
    desk.allow("[random, relevance]")
    lot = desk.queue()
    near = next(number for number in lot if number % 2)  # odd ids are near
    far = next(number for number in lot if number % 2 == 0)
    upto = max(lot.index(near), lot.index(far)) + 1
    keys = "".join({near: "i", far: "e"}.get(number, "s") for number in lot[:upto])
    status, _out, err = desk.sit(f"{keys}q", "--order", "relevance")
    assert status == 0
    assert "by lot until one record is included and one is excluded" in err
    assert set(desk.voted()) == {near, far}
    status, _out, err = desk.sit("iiieee", "--order", "relevance")
    assert (status, "by lot" in err) == (0, False)
    assert [number % 2 for number in desk.voted()[2:]] == [1, 1, 1, 0, 0, 0]


def test_a_vote_taken_back_is_asked_for_again_at_once(desk: Desk) -> None:
    """Undo shows its record first, in any order."""
    desk.allow("[relevance]")
    assert desk.sit("iuiq")[0] == 0
    voted = desk.voted()
    assert voted == [voted[0]] * 3  # the vote, its withdrawal, the vote again


def test_without_scikit_learn_it_says_what_to_do(desk: Desk) -> None:
    """One message with the fix; the other orders go on."""
    desk.allow("[random, relevance]")
    desk.patch.setattr("litreview.relevance.find_spec", lambda _name: None)
    status, out, err = desk.sit("e", "--order", "relevance")
    assert (status, out) == (1, "")
    assert "pip install 'litreview[ml]'" in err
    assert desk.sit("e")[0] == 0
