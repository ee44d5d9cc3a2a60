"""Which passages count, and what rests on them."""

from __future__ import annotations

import pytest
from making import Maker
from sqlalchemy.orm import Session

from litreview import bank, coding, configuration, passages
from litreview.bank import Place
from litreview.configuration import Draft
from litreview.errors import LitreviewError, NotAllowedError, NotFoundError
from litreview.phrasing import Question
from litreview.vocabulary import Role


@pytest.fixture
def ids(session: Session, make: Maker) -> list[int]:
    """Return three codes of one included report."""
    people = make.review()
    make.codebook()
    record = make.record()
    make.include(record, *people)
    return [
        coding.add(
            session,
            by="ann",
            record_id=record.id,
            passage=coding.Passage("fit.end", f"Words {number}.", "p. 1"),
        ).code.id
        for number in range(3)
    ]


def test_standing_passages_come_in_order_and_once(
    session: Session, ids: list[int]
) -> None:
    """Codes come as asked for; an unknown or retracted one is refused by name."""
    one, two, three = ids
    asked = [three, one, three]
    assert [c.id for c in passages.standing(session, asked)] == [three, one]
    coding.retract(session, by="ann", code_id=two, why="misread")
    with pytest.raises(LitreviewError, match=f"code {two} was retracted") as caught:
        passages.standing(session, ids)
    assert caught.value.why == "misread"
    with pytest.raises(NotFoundError, match="there is no code 77") as missed:
        passages.standing(session, [77])
    assert missed.value.why == f"ids run from 1 to {three}"


def test_nothing_coded_yet_is_said(session: Session) -> None:
    """In an empty review the way on is told."""
    with pytest.raises(NotFoundError) as caught:
        passages.code(session, 1)
    assert caught.value.why == "nothing is coded yet"


def test_what_rests_on_a_passage(session: Session, ids: list[int]) -> None:
    """Items, and configurations in their newest version only."""
    one, two, _three = ids
    place, question = Place("s", "fit.end"), Question("Does it fit?")
    item = bank.add(
        session, by="ann", place=place, question=question, evidence=[one]
    ).item
    draft = Draft(outcome=("fit.end",), supports=(one, two))
    configuration.add(session, by="ann", draft=draft)
    assert passages.resting_on(session, one) == passages.Resting((item.id,), (1,))
    assert passages.resting_on(session, two) == passages.Resting((), (1,))
    configuration.revise(session, by="ann", number=1, draft=Draft(drop=(two,)))
    assert passages.resting_on(session, two) == passages.Resting()


def test_who_may_code_is_an_active_member(session: Session, make: Maker) -> None:
    """Somebody who left, or a reader, is refused."""
    gone = make.person("gone")
    gone.active = False
    make.person("rea", Role.READER)
    make.person("cod", Role.CODER)
    for handle in ("gone", "rea"):
        with pytest.raises(NotAllowedError):
            passages.coder(session, handle)
    assert passages.coder(session, "cod").handle == "cod"
