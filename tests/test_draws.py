"""Overlaps that everybody screens, and the part that one person screens alone."""

from __future__ import annotations

import pytest
from desk import FT, TA, Desk
from making import REVIEW, Maker
from sqlalchemy import select
from sqlalchemy.orm import Session

from litreview import (
    ballots,
    concord,
    diagram,
    draws,
    flow,
    prisma,
    quorum,
    rounds,
)
from litreview.errors import LitreviewError, NotAllowedError, UsageError
from litreview.models import ProtocolVersion, Record, ScreeningRound
from litreview.protocol import STARTER_CRITERIA, parse_review
from litreview.rounds import HandedOut, Plan
from litreview.vocabulary import RoundKind
from litreview.yamlfile import parse

ONE = "title_abstract: {per_record: 2}"


@pytest.fixture
def desk(session: Session, make: Maker) -> Desk:
    """Return a desk with a lead, three screeners and an arbiter."""
    make.review("ann", "bob", "dan")
    return Desk(session)


def allow(desk: Desk, part: str) -> None:
    """Put a protocol in force that lets one person screen this part."""
    text = REVIEW.replace(ONE, f"{ONE[:-1]}, single_screened: {part}}}")
    desk.session.add(
        ProtocolVersion(sha256=part, review_text=text, criteria_text=STARTER_CRITERIA)
    )
    desk.session.flush()


def single(desk: Desk, share: float, seed: int = 1, stage: str = TA) -> HandedOut:
    """Leave a part to one person each."""
    part = draws.Part(stage, share, seed)
    return draws.single(desk.session, part, by=desk.person("lead"))


def overlap(desk: Desk, size: int, seed: int = 1, stage: str = TA) -> HandedOut:
    """Draw records for everybody."""
    wish = draws.Overlap(stage, size, seed)
    return draws.overlap(desk.session, wish, by=desk.person("lead"))


def assign(desk: Desk, **plan: object) -> HandedOut:
    """Hand out the rest."""
    wanted = Plan(**{"stage": TA, "seed": 5, **plan})  # type: ignore[arg-type]
    return rounds.assign(desk.session, wanted, by=desk.person("lead"))


def hands(desk: Desk, records: list[Record]) -> list[int]:
    """Return in how many hands each record is, sorted."""
    return sorted(len(desk.handed(record)) for record in records)


# -- one person alone ------------------------------------------------------------------


def test_a_part_is_screened_by_one_and_the_rest_by_two(desk: Desk, make: Maker) -> None:
    """By lot and evenly; one vote settles a record of the part, two the others."""
    allow(desk, "0.2")
    records = make.records(30)
    done = single(desk, 0.2)
    assert (done.records, done.per_record) == (6, 1)
    assert done.new == {"ann": 2, "bob": 2, "dan": 2}
    assert assign(desk).records == 24
    assert hands(desk, records) == [1] * 6 + [2] * 24
    alone = next(record for record in records if len(desk.handed(record)) == 1)
    desk.vote(desk.handed(alone).pop(), alone, "exclude")
    assert desk.stands(alone) == "excluded"
    assert quorum.needs(desk.session, TA)[alone.id] == 1


def test_the_draw_repeats_and_later_records_are_no_part_of_it(
    desk: Desk, make: Maker
) -> None:
    """The seed repeats it; what comes later needs two, as before."""
    allow(desk, "0.5")
    records = make.records(20)
    drawn = []
    for seed in (3, 3, 4):
        point = desk.session.begin_nested()
        single(desk, 0.5, seed)
        drawn.append({record.id: desk.handed(record) for record in records})
        point.rollback()
    assert drawn[0] == drawn[1] != drawn[2]
    single(desk, 0.5)
    late = make.record()
    assert assign(desk).round_name == "main"
    assert len(desk.handed(late)) == 2
    unasked = make.record()
    desk.vote("ann", unasked, "include")
    assert desk.stands(unasked) == "in_progress"


def test_the_part_is_of_all_records_however_often_it_is_drawn(
    desk: Desk, make: Maker
) -> None:
    """A second draw only makes up for what came since; never more than the part."""
    allow(desk, "0.2")
    make.records(10)
    assert single(desk, 0.2).records == 2
    with pytest.raises(LitreviewError, match="no record is left") as refused:
        single(desk, 0.2, 2)
    assert "2 are single-screened already" in refused.value.why
    make.records(10)
    assert single(desk, 0.2, 3).records == 2


@pytest.mark.parametrize(
    ("allowed", "share", "why"),
    [
        ("", 0.1, "does not allow it"),
        ("0.2", 0.3, "allows up to 0.2"),
        ("0.2", 0.0, ""),
        ("0.2", 1.5, ""),
        ("0.2", float("nan"), ""),
    ],
)
def test_no_more_than_the_protocol_allows(
    desk: Desk, make: Maker, allowed: str, share: float, why: str
) -> None:
    """Without its word nobody screens alone, and beyond its part neither."""
    make.records(10)
    if allowed:
        allow(desk, allowed)
    with pytest.raises(UsageError) as refused:
        single(desk, share)
    assert why in refused.value.why


def test_two_people_judge_every_full_text(desk: Desk, make: Maker) -> None:
    """No part of the full texts is left to one, nor can the protocol say so."""
    allow(desk, "0.2")
    make.records(3)
    with pytest.raises(UsageError, match="full texts") as refused:
        single(desk, 0.2, stage=FT)
    assert "C39" in refused.value.why
    late = "full_text: {per_record: 2}"
    text = REVIEW.replace(late, f"{late[:-1]}, single_screened: 0.2}}")
    with pytest.raises(LitreviewError, match="full texts cannot") as refused_file:
        parse_review(parse(text, "screening/review.yaml"))
    assert "C39" in refused_file.value.why


@pytest.mark.parametrize("word", ["0", "1.5", "-0.1", "a fifth", "2"])
def test_the_protocols_part_is_a_fraction(word: str) -> None:
    """Anything else is refused with its line."""
    text = REVIEW.replace(ONE, f"{ONE[:-1]}, single_screened: {word}}}")
    with pytest.raises(LitreviewError, match=r"review.yaml:5: .* no part"):
        parse_review(parse(text, "screening/review.yaml"))


@pytest.mark.parametrize("stage", [TA, FT])
def test_a_round_of_one_vote_is_no_way_around(
    desk: Desk, make: Maker, stage: str
) -> None:
    """`--per-record 1` for everything is refused where the protocol asks for two."""
    allow(desk, "0.2")
    make.records(3)
    with pytest.raises(UsageError, match="asks for 2 votes"):
        assign(desk, stage=stage, per_record=1)
    with pytest.raises(LitreviewError):
        assign(desk, stage=stage, per_record=1, round_name=quorum.SINGLE)


def test_the_round_of_the_part_takes_no_other_records(desk: Desk, make: Maker) -> None:
    """Nobody hands out into it by its name."""
    allow(desk, "0.5")
    make.records(4)
    single(desk, 0.5)
    with pytest.raises(UsageError, match="one person screens"):
        assign(desk, round_name=quorum.SINGLE)


def test_what_was_handed_out_keeps_its_two(desk: Desk, make: Maker) -> None:
    """The part is drawn first; afterwards there is nothing to draw from."""
    allow(desk, "0.5")
    make.records(4)
    assign(desk)
    with pytest.raises(LitreviewError, match="no record is left") as refused:
        single(desk, 0.5)
    assert "0 others were never handed out" in refused.value.why


def test_prisma_states_what_one_person_screened(desk: Desk, make: Maker) -> None:
    """A count beside the boxes, the records behind it, and a footnote."""
    allow(desk, "0.2")
    records = make.records(10)
    single(desk, 0.2)
    assign(desk)
    for record in records:
        for handle in desk.handed(record):
            desk.vote(handle, record, "exclude")
    numbers = flow.flow(desk.session)
    prisma.refuse_unbalanced(numbers)
    told = prisma.to_json_object(numbers, ids=None)
    assert (told["ta_single_screened"], told["records_screened"]) == (2, 10)
    alone = {record.id for record in records if len(desk.handed(record)) == 1}
    assert set(flow.box_ids(desk.session)["ta_single_screened"]) == alone
    said = (
        "2 of 10 records were screened by one person, as the protocol allows "
        "(up to 20 %)."
    )
    assert said in diagram.to_markdown(numbers)
    drawing = diagram.to_svg(numbers, title="T", labels={}, note="")
    assert "screened by one person" in drawing


def test_a_second_vote_makes_it_two(desk: Desk, make: Maker) -> None:
    """Whoever judges a record of the part as well counts; PRISMA says two then."""
    allow(desk, "1")
    record = make.record()
    single(desk, 1.0)
    first = desk.handed(record).pop()
    other = next(handle for handle in ("ann", "bob") if handle != first)
    desk.vote(first, record, "include")
    assert flow.flow(desk.session).counts["ta_single_screened"] == 1
    desk.vote(other, record, "exclude")
    assert desk.stands(record) == "conflict"
    desk.settle("cleo", record, "include")
    assert flow.flow(desk.session).counts["ta_single_screened"] == 0


# -- overlaps --------------------------------------------------------------------------


def test_everybody_screens_an_overlap_and_it_counts(desk: Desk, make: Maker) -> None:
    """All votes are needed, PRISMA counts the records, and agreement is of all."""
    records = make.records(12)
    done = overlap(desk, 4)
    assert (done.records, done.per_record, done.round_name) == (4, 3, "overlap")
    assert assign(desk).records == 8
    assert hands(desk, records) == [2] * 8 + [3] * 4
    for record in records:
        if len(desk.handed(record)) == 3:
            desk.votes(record, ann="include", bob="include")
            assert desk.stands(record) == "in_progress"
            desk.vote("dan", record, "exclude")
            assert desk.stands(record) == "conflict"
    part = desk.session.scalars(
        select(ScreeningRound).where(ScreeningRound.kind == RoundKind.OVERLAP)
    ).one()
    assert part.counts
    assert flow.flow(desk.session).counts["ta_conflict"] == 4
    everybody = [
        entry
        for entry in concord.agreement(desk.session, part)
        if len(entry.screeners) == 3
    ]
    assert {entry.n for entry in everybody} == {4}


def test_an_overlap_can_be_drawn_from_what_is_handed_out(
    desk: Desk, make: Maker
) -> None:
    """Who had a record keeps it once, whoever had not gets it as well."""
    records = make.records(6)
    assign(desk)
    overlap(desk, 6)
    assert hands(desk, records) == [3] * 6
    assert assign(desk, seed=2).records == 0
    with pytest.raises(UsageError, match="cannot be drawn"):
        overlap(desk, 1)


def test_who_leaves_an_overlap_is_not_waited_for(desk: Desk, make: Maker) -> None:
    """The others' votes are enough, down to the usual number and no further."""
    voted, unvoted = make.records(2)
    overlap(desk, 2)
    desk.vote("dan", voted, "include")
    desk.leave("dan")
    assign(desk)
    assert quorum.needs(desk.session, TA) == {voted.id: 3, unvoted.id: 2}
    for record in (voted, unvoted):
        desk.votes(record, ann="include")
        assert desk.stands(record) == "in_progress"
        desk.vote("bob", record, "include")
        assert desk.stands(record) == "included"


def test_an_overlap_never_needs_fewer_than_usual(desk: Desk, make: Maker) -> None:
    """With one left of three a second person is asked, as for every record."""
    record = make.record()
    overlap(desk, 1)
    desk.leave("bob")
    desk.leave("dan")
    make.person("eve")
    assign(desk)
    assert desk.handed(record) == {"ann", "eve"}
    desk.votes(record, ann="include")
    assert desk.stands(record) == "in_progress"
    desk.vote("eve", record, "include")
    assert desk.stands(record) == "included"


def test_votes_of_a_file_on_an_overlap_need_no_more(desk: Desk, make: Maker) -> None:
    """Bringing votes in from a file asks for the same number as voting."""
    record = make.record()
    overlap(desk, 1)
    desk.leave("dan")
    assign(desk)
    rows = [
        ballots.VoteRow(line, who, TA, "include", record.id)
        for line, who in enumerate(("ann", "bob"), start=2)
    ]
    ballots.import_votes(desk.session, rows, file_hash="f", by=desk.person("lead"))
    assert desk.stands(record) == "included"


def test_paused_people_are_in_no_draw(desk: Desk, make: Maker) -> None:
    """Nothing new comes, of no kind."""
    desk.person("dan").paused = True
    allow(desk, "0.5")
    make.records(4)
    assert set(overlap(desk, 2).new) == {"ann", "bob"}
    assert set(single(desk, 0.5).new) == {"ann", "bob"}


def test_only_a_lead_draws(desk: Desk, make: Maker) -> None:
    """Screeners draw nothing."""
    make.records(4)
    ann = desk.person("ann")
    with pytest.raises(NotAllowedError):
        draws.overlap(desk.session, draws.Overlap(TA, 1, 1), by=ann)
    with pytest.raises(NotAllowedError):
        draws.single(desk.session, draws.Part(TA, 0.1, 1), by=ann)


def test_an_overlap_takes_two(desk: Desk, make: Maker) -> None:
    """One person has nobody to agree with."""
    make.record()
    for handle in ("bob", "dan"):
        desk.leave(handle)
    with pytest.raises(UsageError, match="2 asked for, 1 available"):
        overlap(desk, 1)
