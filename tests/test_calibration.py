"""Pilots: one sample for all, apart from the main count, and what comes of them."""

from __future__ import annotations

from pathlib import Path

import pytest
from desk import FT, TA, Desk
from making import REVIEW, Maker
from sqlalchemy import select
from sqlalchemy.orm import Session

from litreview import (
    calibration,
    concord,
    flow,
    logbook,
    lookup,
    rounds,
    votes,
    workspace,
)
from litreview.calibration import Drawn, Report, Sample
from litreview.errors import (
    InputFileError,
    LitreviewError,
    NotAllowedError,
    NotFoundError,
    UsageError,
)
from litreview.models import (
    Assignment,
    Decision,
    ProtocolVersion,
    Record,
    ScreeningRound,
)
from litreview.protocol import STARTER_CRITERIA, parse_review
from litreview.rounds import Plan
from litreview.vocabulary import Measure
from litreview.yamlfile import parse


@pytest.fixture
def desk(session: Session, make: Maker) -> Desk:
    """Return a desk with a lead, three screeners and an arbiter."""
    make.review("ann", "bob", "dan")
    return Desk(session)


def draw(desk: Desk, size: int = 3, **more: object) -> Drawn:
    """Draw a pilot at title and abstract."""
    asked = {"stage": TA, "size": size, "seed": 1, **more}
    sample = Sample(**asked)  # type: ignore[arg-type]
    return calibration.draw(desk.session, sample, by=desk.person("lead"))


def queue(desk: Desk, handle: str) -> list[int]:
    """Return what waits for somebody."""
    return rounds.queue(desk.session, desk.person(handle), stage=TA)


def record(desk: Desk, number: int) -> Record:
    """Return a record by id."""
    return desk.session.get_one(Record, number)


def rule(desk: Desk, words: str) -> None:
    """Put a rule on agreement in force."""
    text = REVIEW + f"calibration: {words}\n"
    row = ProtocolVersion(
        sha256=workspace.sha256(text), review_text=text, criteria_text=STARTER_CRITERIA
    )
    desk.session.add(row)
    desk.session.flush()


# -- drawing ---------------------------------------------------------------------------


def test_everybody_gets_the_same_sample_first(desk: Desk, make: Maker) -> None:
    """The pilot's records come before the main work, the same for all screeners."""
    made = make.records(9)
    rounds.assign(desk.session, Plan(TA, 1), by=desk.person("lead"))
    done = draw(desk)
    assert len(done.records) == 3
    assert done.people == ("ann", "bob", "dan")
    assert set(done.records) <= {row.id for row in made}
    firsts = [queue(desk, handle)[:3] for handle in done.people]
    assert firsts[0] == firsts[1] == firsts[2]
    assert sorted(firsts[0]) == list(done.records)
    part = desk.session.get_one(ScreeningRound, done.round_id)
    assert (part.kind, part.counts, part.per_record) == ("pilot", False, 3)


def test_the_same_seed_draws_the_same(desk: Desk, make: Maker) -> None:
    """A draw can be repeated; another seed draws others."""
    make.records(30)

    def drawn(seed: int) -> tuple[int, ...]:
        place = desk.session.begin_nested()
        found = draw(desk, 8, seed=seed).records
        place.rollback()
        return found

    assert drawn(5) == drawn(5)
    assert len({drawn(seed) for seed in range(4)}) > 1


def test_a_next_pilot_draws_other_records(desk: Desk, make: Maker) -> None:
    """Nor are records drawn that somebody has voted on, or that were removed."""
    made = make.records(8)
    desk.vote("ann", made[0], "include")
    desk.remove(made[1])
    one, other = draw(desk), draw(desk)
    assert (one.name, other.name) == ("pilot", "pilot 2")
    assert set(one.records) | set(other.records) == {row.id for row in made[2:]}
    with pytest.raises(UsageError, match="cannot be drawn") as told:
        draw(desk, 1)
    assert "0 reports" in told.value.why


def test_a_pilot_takes_a_lead_people_and_a_name_of_its_own(
    desk: Desk, make: Maker
) -> None:
    """Everything else is refused, and nothing is handed out."""
    make.records(4)
    with pytest.raises(NotAllowedError):
        calibration.draw(desk.session, Sample(TA, 1, 1), by=desk.person("ann"))
    draw(desk, 1, name="first")
    with pytest.raises(UsageError, match="there is a round 'first'"):
        draw(desk, 1, name=" first ")
    for handle in ("bob", "dan"):
        desk.leave(handle)
    with pytest.raises(LitreviewError, match="screener"):
        draw(desk, 1)
    assert draw(desk, 1, with_leads=True).people == ("ann", "lead")


def test_a_full_text_pilot_draws_what_passed_and_can_be_read(
    desk: Desk, make: Maker
) -> None:
    """Reports that title and abstract did not include, or without text, are left."""
    one, other, _third = make.records(3)
    for row in (one, other):
        desk.votes(row, ann="include", bob="include")
    desk.text(other, "not-retrieved")
    assert draw(desk, 1, stage=FT).records == (one.id,)


# -- voting in it ----------------------------------------------------------------------


def test_pilot_votes_leave_the_queue_and_can_be_taken_back(
    desk: Desk, make: Maker
) -> None:
    """A pilot record waits until it is voted on, and again after an undo."""
    make.records(3)
    done = draw(desk)
    first = queue(desk, "ann")[0]
    vote = desk.vote("ann", record(desk, first), "include")
    assert vote.round_id == done.round_id
    assert first not in queue(desk, "ann")
    assert len(queue(desk, "ann")) == 2
    assert not rounds.waits(desk.session, desk.person("ann"), stage=TA, record_id=first)
    [row] = desk.withdraw("ann", record(desk, first))
    assert (row.round_id, row.verdict) == (done.round_id, "withdrawn")
    assert first in queue(desk, "ann")
    assert rounds.waits(desk.session, desk.person("ann"), stage=TA, record_id=first)
    left = rounds.own_progress(desk.session, desk.person("ann"), stage=TA)
    assert (left.assigned, left.left) == (3, 3)


def test_the_main_round_screens_pilot_records_again(desk: Desk, make: Maker) -> None:
    """A second vote is the main one; the pilot's own stays what it was."""
    [only] = make.records(1)
    done = draw(desk, 1)
    rounds.assign(desk.session, Plan(TA, 1), by=desk.person("lead"))
    handed = sorted(desk.handed(only) & {"ann", "bob", "dan"})
    assert handed == ["ann", "bob", "dan"]  # the pilot's and the main round's
    main = [
        row.person_id
        for row in desk.session.scalars(select(Assignment))
        if row.round_id != done.round_id
    ]
    assert len(main) == 2
    for handle in ("ann", "bob", "dan"):
        desk.vote(handle, only, "exclude")
    assert desk.stands(only) == "unscreened"
    again = [h for h in ("ann", "bob", "dan") if desk.person(h).id in main]
    for handle in again:
        assert queue(desk, handle) == [only.id]
        assert desk.vote(handle, only, "include").round_id != done.round_id
    assert desk.stands(only) == "included"
    [handle, *_] = again
    assert desk.withdraw(handle, only)[0].round_id != done.round_id
    assert desk.stands(only) == "in_progress"


def test_a_changed_mind_before_the_pilot_is_complete_is_a_pilot_vote(
    desk: Desk, make: Maker
) -> None:
    """Who was handed nothing else changes their pilot vote, until all have voted."""
    [only] = make.records(1)
    done = draw(desk, 1)
    assert desk.vote("ann", only, "include").round_id == done.round_id
    assert desk.vote("ann", only, "exclude").round_id == done.round_id
    for handle in ("bob", "dan"):
        desk.vote(handle, only, "include")
    after = desk.vote("ann", only, "include")
    assert after.round_id != done.round_id


def test_main_votes_after_a_pilot_are_not_independent(desk: Desk, make: Maker) -> None:
    """What was open in the pilot is no evidence of agreement in the main work."""
    one, other = make.records(2)
    done = draw(desk, 1)
    piloted, plain = (one, other) if one.id in done.records else (other, one)
    for handle in ("ann", "bob", "dan"):
        assert not desk.vote(handle, piloted, "include").informed
    assert desk.vote("ann", piloted, "include").informed
    assert desk.vote("bob", piloted, "include").informed
    desk.votes(plain, ann="include", bob="include")
    said = concord.independent(desk.session, TA)
    assert list(said[plain.id].values()) == ["include", "include"]
    assert said.get(piloted.id, {}) == {}


def test_prisma_knows_nothing_of_a_pilot(desk: Desk, make: Maker) -> None:
    """Before, during and after a pilot the numbers are the same."""
    made = make.records(4)
    desk.votes(made[0], ann="include", bob="include")
    before = flow.flow(desk.session)
    done = draw(desk)
    for number in done.records:
        desk.votes(record(desk, number), ann="exclude", bob="include", dan="exclude")
        assert flow.flow(desk.session) == before


def test_who_leaves_is_not_waited_for(desk: Desk, make: Maker) -> None:
    """Without dan the pilot is complete; a pilot vote holds no main hand-out."""
    [only] = make.records(1)
    draw(desk, 1)
    rounds.assign(desk.session, Plan(TA, 1), by=desk.person("lead"))
    desk.votes(only, ann="include", bob="exclude")
    [before] = calibration.report(desk.session)
    assert before.waiting == {"ann": 0, "bob": 0, "dan": 1}
    make.person("eve")
    for handle in ("ann", "dan"):
        desk.leave(handle)
    rounds.assign(desk.session, Plan(TA, 2), by=desk.person("lead"))
    [after] = calibration.report(desk.session)
    assert (after.complete, after.waiting) == (True, {"ann": 0, "bob": 0})
    counting = {
        row.person_id
        for row in desk.session.scalars(select(Assignment))
        if row.released_at is None
        and desk.session.get_one(ScreeningRound, row.round_id).counts
    }
    assert counting == {desk.person("bob").id, desk.person("eve").id}


# -- what came of it -------------------------------------------------------------------


def test_nothing_is_told_before_all_have_voted(desk: Desk, make: Maker) -> None:
    """Until then there are counts, the same whatever was said; then everything."""
    make.records(2)
    done = draw(desk, 2)
    one, other = (record(desk, number) for number in done.records)

    def told(said: str) -> tuple[object, ...]:
        place = desk.session.begin_nested()
        desk.votes(one, ann="include", bob=said)
        desk.votes(other, bob=said)
        found = (
            calibration.report(desk.session),
            [
                row
                for row in logbook.log(desk.session, one.id, handle="ann").events
                if row["kind"] == "vote" and row["person"] == "bob"
            ],
            list(votes.decisions(desk.session, handle="ann")["screener"]),
            concord.agreement(
                desk.session, desk.session.get_one(ScreeningRound, done.round_id)
            ),
        )
        place.rollback()
        return found

    assert told("exclude X-POP") == told("include")
    found, *others = told("exclude X-POP")
    assert found == [
        Report("pilot", TA, 2, {"ann": 1, "bob": 0, "dan": 2}, complete=False)
    ]
    assert others == [[], ["ann"], []]


def test_main_votes_do_not_open_the_pilots(desk: Desk, make: Maker) -> None:
    """A report that is complete in the main round hides what a pilot still asks."""
    [only] = make.records(1)
    draw(desk, 1)
    for handle in ("ann", "bob"):
        desk.vote(handle, only, "include")
    desk.session.add_all(
        Decision(
            uid=f"main-{handle}",
            round_id=desk.session.scalars(
                select(ScreeningRound.id).where(
                    ScreeningRound.stage == TA, ScreeningRound.counts
                )
            ).one(),
            record_id=only.id,
            stage=TA,
            screener_id=desk.person(handle).id,
            recorder_id=desk.person(handle).id,
            seq=2,
            verdict="include",
            origin="terminal",
            protocol_id=lookup.protocol(desk.session).id,
        )
        for handle in ("ann", "bob")
    )
    desk.session.flush()
    assert desk.stands(only) == "included"
    events = logbook.log(desk.session, only.id, handle="dan").events
    assert len([row for row in events if row["kind"] == "vote"]) == 2


def test_disagreements_stand_under_the_reasons_given(desk: Desk, make: Maker) -> None:
    """In the protocol's order, each with what everybody said and noted."""
    make.records(4)
    done = draw(desk, 4)
    one, other, third, fourth = (record(desk, number) for number in done.records)
    desk.vote("dan", one, "exclude X-POP", note="teachers abroad")
    desk.votes(one, ann="exclude X-LANG", bob="maybe")
    desk.votes(other, ann="exclude X-POP", bob="include", dan="include")
    desk.votes(third, ann="exclude", bob="include", dan="include")
    desk.votes(fourth, ann="exclude X-POP", bob="exclude X-LANG", dan="exclude")
    [report] = calibration.report(desk.session)
    assert report.complete
    assert [
        (part.key, [found.record_id for found in part.disagreements])
        for part in report.criteria
    ] == [("X-LANG", [one.id]), ("X-POP", [one.id, other.id]), ("", [third.id])]
    assert report.criteria[0].disagreements[0].votes == (
        {"screener": "ann", "verdict": "exclude", "reason": "X-LANG", "note": ""},
        {"screener": "bob", "verdict": "maybe", "reason": "", "note": ""},
        {
            "screener": "dan",
            "verdict": "exclude",
            "reason": "X-POP",
            "note": "teachers abroad",
        },
    )
    assert (report.rule, report.holds) == (None, None)


def test_the_rule_asks_every_pair(desk: Desk, make: Maker) -> None:
    """It holds where each two agree so far; an undefined figure does not hold."""
    make.records(8)
    rule(desk, "{statistic: percent, at_least: 0.75}")
    done = draw(desk, 4)
    said = ["include", "exclude", "maybe", "exclude"]
    for number, word in zip(done.records, said, strict=True):
        desk.votes(record(desk, number), ann=word, bob=word, dan=word)
    [report] = calibration.report(desk.session)
    assert report.holds is True
    assert [(pair.screeners, pair.value) for pair in report.pairs] == [
        (("ann", "bob"), 1.0),
        (("ann", "dan"), 1.0),
        (("bob", "dan"), 1.0),
    ]
    other = draw(desk, 4)
    for place, number in enumerate(other.records):
        dan = "exclude" if place < 2 else "include"
        desk.votes(record(desk, number), ann="include", bob="include", dan=dan)
    _first, report = calibration.report(desk.session)
    assert report.holds is False
    assert [pair.holds for pair in report.pairs] == [True, False, False]
    rule(desk, "{statistic: kappa, at_least: 0.6}")
    first, report = calibration.report(desk.session)
    assert (first.holds, report.holds) == (True, False)
    assert report.pairs[0].value is None
    assert "one verdict" in report.pairs[0].note


def test_agreement_of_a_round_is_of_its_reports_alone(desk: Desk, make: Maker) -> None:
    """A pilot's figures know nothing of the main round, nor the other way round."""
    make.records(4)
    done = draw(desk, 2)
    for number in done.records:
        desk.votes(record(desk, number), ann="include", bob="include", dan="exclude")
    rest = [
        row
        for row in desk.session.scalars(select(Record))
        if row.id not in done.records
    ]
    for row in rest:
        desk.votes(row, ann="exclude", bob="exclude")
    part = desk.session.get_one(ScreeningRound, done.round_id)
    said = concord.independent(desk.session, TA, part)
    assert sorted(said) == list(done.records)
    assert all(len(of) == 3 for of in said.values())
    assert sorted(concord.independent(desk.session, TA)) == sorted(r.id for r in rest)
    [main] = desk.session.scalars(
        select(ScreeningRound).where(ScreeningRound.stage == TA, ScreeningRound.counts)
    )
    assert sorted(concord.independent(desk.session, TA, main)) == sorted(
        row.id for row in rest
    )


def test_pilots_are_found_by_name_and_stage(desk: Desk, make: Maker) -> None:
    """All of them, in the order of drawing; an unknown one is refused."""
    assert calibration.report(desk.session) == []
    make.records(4)
    draw(desk, 1)
    draw(desk, 1, name="second")
    assert [one.name for one in calibration.report(desk.session)] == [
        "pilot",
        "second",
    ]
    [only] = calibration.report(desk.session, name="second", stage=TA)
    assert only.records == 1
    assert calibration.report(desk.session, stage=FT) == []
    with pytest.raises(NotFoundError, match="no pilot 'third'"):
        calibration.report(desk.session, name="third")


# -- the protocol ----------------------------------------------------------------------


def test_the_protocol_names_a_figure_and_a_bound() -> None:
    """Known words and a number between 0 and 1; anything else is told with its line."""
    found = parse_review(
        parse(REVIEW + "calibration: {statistic: ac1, at_least: 0.75}\n", "r.yaml")
    ).calibration
    assert found is not None
    assert (found.statistic, found.at_least) == (Measure.AC1, 0.75)
    assert parse_review(parse(REVIEW, "r.yaml")).calibration is None
    for words in (
        "{statistic: kapa, at_least: 0.6}",
        "{statistic: kappa}",
        "{statistic: kappa, at_least: 1.2}",
        "{statistic: kappa, at_least: 0}",
        "{statistic: kappa, at_least: high}",
        "{statistic: kappa, at_least: 0.6, of: all}",
    ):
        with pytest.raises(InputFileError, match=r"r\.yaml:"):
            parse_review(parse(REVIEW + f"calibration: {words}\n", Path("r.yaml")))
