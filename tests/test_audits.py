"""Samples of pairs judged by a person."""

from __future__ import annotations

import pytest
from making import Maker
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from litreview import audits, dedupe, pairs
from litreview.audits import Answer, Drawn
from litreview.errors import NotAllowedError, NotFoundError
from litreview.matching import Pair
from litreview.models import DedupeRun, PairDecision
from litreview.vocabulary import Role

SAMPLE = 12


@pytest.fixture
def ids(session: Session, make: Maker) -> list[int]:
    """Return eight records: 1-2 merged, 2-3 merged nearly, 4-5 asked, 6-7 apart."""
    make.team()
    titles = (
        *("Relational trust in schools", "Relational trust in our schools"),
        *("Relational trust in the schools", "Calendars", "Calendars of schools"),
        *("The order of meetings, part 1", "The order of meetings, part 2"),
        "Something quite different",
    )
    made = [make.record(title).id for title in titles]
    a, b, c, d, e, *_ = made
    proposals = [
        Pair(a, b, 0.99, "duplicate", ()),
        Pair(b, c, 0.8, "duplicate", ()),
        Pair(d, e, 0.5, "unsure", ()),
    ]
    dedupe.store(session, proposals, run=DedupeRun(parameters={}, records=8))
    return made


def drawn(session: Session, seed: int = 1) -> Drawn:
    """Draw and keep a sample for ann."""
    found = audits.draw(session, sample=SAMPLE, seed=seed)
    audits.keep(session, found, by="ann")
    return found


def lots(found: Drawn) -> dict[str, tuple[tuple[int, int], ...]]:
    """Return name -> pairs of the lots that hold any."""
    return {lot.name: lot.pairs for lot in found.lots if lot.pairs}


def test_pairs_come_from_all_that_the_machine_did(
    session: Session, ids: list[int]
) -> None:
    """Merged near and far, asked about, and apart; not what others join already."""
    a, b, c, d, e, f, g, _ = ids
    assert lots(drawn(session)) == {
        "merged far from the threshold": ((a, b),),
        "merged near the threshold": ((b, c),),
        "asked about": ((d, e),),
        "apart, with titles alike": ((f, g),),
    }


def test_a_sample_is_drawn_once_and_gone_on_with(
    session: Session, ids: list[int]
) -> None:
    """The same seed finds what was drawn; a later pass of the machine draws anew."""
    first = drawn(session)
    again = audits.drawn_before(session, sample=SAMPLE, seed=1, by="ann")
    assert again == first
    assert audits.draw(session, sample=SAMPLE, seed=1) == first
    assert audits.drawn_before(session, sample=SAMPLE, seed=2, by="ann") is None
    assert audits.drawn_before(session, sample=SAMPLE, seed=1, by="bob") is None
    run = DedupeRun(parameters={}, records=len(ids))
    dedupe.store(session, [], run=run)
    assert audits.drawn_before(session, sample=SAMPLE, seed=1, by="ann") is None


def test_answers_make_figures_and_no_verdicts(session: Session, ids: list[int]) -> None:
    """The newest answer counts, unclear ones do not, and no cluster moves."""
    a, b, c, d, e, f, g, _ = ids
    found = drawn(session)
    before = pairs.homes(session)
    for pair, word in (
        ((a, b), Answer.DIFFERENT),
        ((a, b), Answer.SAME),
        ((b, c), Answer.DIFFERENT),
        ((d, e), Answer.SAME),
        ((f, g), Answer.UNCLEAR),
    ):
        audits.answer(session, pair, word, by="ann")
    told = audits.result(session, found, by="ann")
    assert told.precision.value == 0.5
    assert (told.left, told.unclear) == (0, 1)
    # Nothing is known of what was kept apart, so nothing of the recall.
    assert told.recall.value is None
    audits.answer(session, (f, g), Answer.DIFFERENT, by="ann")
    told = audits.result(session, found, by="ann")
    assert (told.recall.value, told.recall_asked.value) == (0.5, 1.0)
    assert [(one.pair, one.answer) for one in told.contradictions] == [
        ((b, c), "different"),
        ((d, e), "same"),
    ]
    assert pairs.homes(session) == before
    people = select(func.count()).where(PairDecision.person_id.is_not(None))
    assert session.scalar(people) == 0
    assert audits.result(session, found, by="bob").left == 4


def test_nothing_to_audit_is_said(session: Session, make: Maker) -> None:
    """Without a pass of the machine there is nothing; a reader may not judge."""
    make.team()
    make.person("rita", Role.READER)
    with pytest.raises(NotFoundError, match="audit"):
        audits.draw(session, sample=SAMPLE, seed=1)
    with pytest.raises(NotAllowedError):
        audits.answer(session, (1, 2), Answer.SAME, by="rita")
