"""Agreement of a team on reviews worked out by hand, whole and month by month."""

from __future__ import annotations

import math
from datetime import datetime

import pytest
from making import Maker
from sqlalchemy.orm import Session
from team import FT, TA, Team, every_kind, start

from litreview import concord
from litreview.concord import Agreement
from litreview.models import Assignment, Person, Record, ScreeningRound
from litreview.screening import Ballot, decide, withdraw
from litreview.settling import set_aside
from litreview.statistic import Statistic
from litreview.vocabulary import Role, RoundKind


@pytest.fixture
def team(session: Session, make: Maker) -> Team:
    """Return a team on an empty review."""
    return start(session, make)


def of(found: list[Agreement], stage: str, *screeners: str, size: int) -> Agreement:
    """Return the one entry of these screeners with so many categories."""
    (one,) = [
        entry
        for entry in found
        if (entry.stage, entry.screeners) == (stage, screeners)
        and len(entry.categories) == size
    ]
    return one


def value(entry: Agreement, name: str) -> Statistic:
    """Return one statistic of an entry."""
    (found,) = [one for one in entry.statistics if one.name == name]
    return found


def ten_titles(team: Team) -> None:
    """Let ann and bob agree on seven titles of ten."""
    verdicts = [
        *[("include", "include")] * 3,
        ("include", "maybe"),
        *[("exclude", "exclude")] * 3,
        *[("include", "exclude")] * 2,
        ("exclude", "maybe"),
    ]
    for one, other in verdicts:
        team.both(team.make.record(), TA, one, other)


def test_agreement_is_kappa_on_two_and_three_categories(team: Team) -> None:
    """Two categories take maybe for include; three keep it apart."""
    ten_titles(team)
    found = concord.agreement(team.session)
    two = of(found, TA, "ann", "bob", size=2)
    kappa = value(two, "cohen_kappa")
    # po = 0.7; pe = 0.6 x 0.5 + 0.4 x 0.5 = 0.5
    assert kappa.value == pytest.approx(0.4)
    assert kappa.low is not None
    assert kappa.high is not None
    assert kappa.low < 0.4 < kappa.high
    assert (kappa.n, two.n) == (10, 10)
    three = of(found, TA, "ann", "bob", size=3)
    # po = 0.6; pe = 0.6 x 0.3 + 0 x 0.2 + 0.4 x 0.5 = 0.38
    assert value(three, "percent_agreement").value == pytest.approx(0.6)
    expected = (0.6 - 0.38) / (1 - 0.38)
    assert value(three, "cohen_kappa").value == pytest.approx(expected)
    assert len(found) == 2


def test_agreement_waits_for_all_votes(team: Team) -> None:
    """A record with one vote of two tells nothing yet."""
    ten_titles(team)
    team.vote(team.ann, team.make.record(), TA, "include")
    assert {entry.n for entry in concord.agreement(team.session)} == {10}


def test_agreement_forgets_changes_made_in_the_light_of_others(team: Team) -> None:
    """A vote changed or taken back after completion leaves the figures alone."""
    record = team.make.record()
    ten_titles(team)
    team.both(record, TA, "include", "exclude")
    before = concord.agreement(team.session)
    team.vote(team.ann, record, TA, "exclude")
    assert concord.agreement(team.session) == before
    other = team.make.record()
    team.both(other, TA, "include", "exclude")
    before = concord.agreement(team.session)
    third = team.make.person("dora")
    team.vote(third, other, TA, "include")
    withdraw(team.session, other.id, stage=TA, screener=team.ann)
    assert concord.agreement(team.session) == before


def test_agreement_counts_the_last_opinion_before_completion(team: Team) -> None:
    """Whoever changes their mind while still blind is counted with the new one."""
    record = team.make.record()
    team.vote(team.ann, record, TA, "include")
    withdraw(team.session, record.id, stage=TA, screener=team.ann)
    team.vote(team.ann, record, TA, "exclude")
    team.vote(team.bob, record, TA, "exclude")
    (said,) = concord.independent(team.session, TA).values()
    assert said == {team.ann.id: "exclude", team.bob.id: "exclude"}


def test_agreement_at_full_text_has_the_verdicts_offered(team: Team) -> None:
    """Where the protocol offers no maybe, there is no third category."""
    every_kind(team)
    found = [one for one in concord.agreement(team.session) if one.stage == FT]
    assert [one.categories for one in found] == [("include", "exclude")]
    assert found[0].n == 6


def test_agreement_of_three_is_told_for_all_and_each_pair(team: Team) -> None:
    """With more than two screeners there is a figure for everybody together."""
    dora = team.make.person("dora")
    people = [team.ann, team.bob, dora]
    for number in range(6):
        record = team.make.record()
        for person in (people[number % 3], people[(number + 1) % 3]):
            team.vote(person, record, TA, "include" if number % 2 else "exclude")
    found = concord.agreement(team.session)
    alpha = value(
        of(found, TA, "ann", "bob", "dora", size=2), "krippendorff_alpha_nominal"
    )
    assert (alpha.value, alpha.n) == (1.0, 6)
    pairs = {one.screeners for one in found if len(one.screeners) == 2}
    assert pairs == {("ann", "bob"), ("ann", "dora"), ("bob", "dora")}
    assert of(found, TA, "ann", "dora", size=2).n == 2


def test_agreement_leaves_out_who_disagrees_with_themselves(team: Team) -> None:
    """Differing votes on merged records are nobody's opinion until voted anew."""
    one, other = team.make.records(2)
    dora = team.make.person("dora")
    team.vote(team.ann, one, TA, "include")
    team.vote(team.ann, other, TA, "exclude")
    team.vote(team.bob, one, TA, "include")
    team.vote(dora, other, TA, "include")
    team.merge(one, other)
    said = concord.independent(team.session, TA)
    assert said == {one.id: {team.bob.id: "include", dora.id: "include"}}


def test_agreement_takes_the_vote_on_the_whole_report(team: Team) -> None:
    """A vote cast after a merge replaces the same person's votes on all members."""
    one, other = team.make.records(2)
    team.vote(team.ann, one, TA, "include")
    team.vote(team.ann, other, TA, "exclude")
    team.merge(one, other)
    team.vote(team.ann, one, TA, "exclude")
    team.vote(team.bob, other, TA, "exclude")
    said = concord.independent(team.session, TA)
    assert said == {one.id: {team.ann.id: "exclude", team.bob.id: "exclude"}}


def test_agreement_leaves_out_votes_set_aside(session: Session, make: Maker) -> None:
    """A departed person's vote that was set aside is not compared, nor an older one."""
    ann, bob, dora, emil = make.review("ann", "bob", "dora", "emil", per_record=3)
    team, record = Team(session, make, ann, bob, make.person("cleo")), make.record()
    team.vote(ann, record, TA, "exclude")
    team.vote(ann, record, TA, "include")
    team.vote(bob, record, TA, "include")
    team.vote(dora, record, TA, "include")
    ann.active = False
    lead = make.person("lead", Role.LEAD)
    set_aside(session, record.id, screener=ann, by=lead, why="left")
    team.vote(emil, record, TA, "exclude")  # the others' votes were open by then
    said = concord.independent(session, TA)
    assert said == {record.id: {bob.id: "include", dora.id: "include"}}


def test_agreement_has_nothing_to_say_of_an_empty_review(session: Session) -> None:
    """Without votes, and without a protocol, there are no figures."""
    assert concord.agreement(session) == []


def test_agreement_leaves_pilots_out(team: Team) -> None:
    """Votes of a round that does not count are not compared."""
    record = team.make.record()
    pilot = ScreeningRound(
        stage=TA, name="pilot", kind=RoundKind.PILOT, per_record=2, counts=False
    )
    team.session.add(pilot)
    team.session.flush()
    dora = team.make.person("dora")
    team.session.add(
        Assignment(round_id=pilot.id, record_id=record.id, person_id=dora.id)
    )
    team.session.flush()
    team.vote(dora, record, TA, "exclude")  # her open hand-out makes it a pilot vote
    team.both(record, TA, "include")
    said = concord.independent(team.session, TA)
    assert said == {record.id: {team.ann.id: "include", team.bob.id: "include"}}


def test_statistics_of_an_entry_are_finite(team: Team) -> None:
    """No figure is NaN: what does not exist is None with a note."""
    team.both(team.make.record(), TA, "include")
    for entry in concord.agreement(team.session):
        for one in entry.statistics:
            assert one.value is None or math.isfinite(one.value)
            assert one.value is not None or one.note


# -- month by month --------------------------------------------------------------------


def at(team: Team, who: Person, record: Record, said: str, moment: str) -> None:
    """Cast a vote at a moment, such as 2026-01-31T23:59:00+00:00."""
    ballot = Ballot(record.id, TA, said, at=datetime.fromisoformat(moment))
    decide(team.session, ballot, screener=who)


def test_a_report_is_in_the_month_of_the_later_vote(team: Team) -> None:
    """In UTC, whoever came first; months without a report are left out."""
    one, other, third = team.make.records(3)
    at(team, team.ann, one, "include", "2026-01-05T12:00:00+00:00")
    at(team, team.bob, one, "include", "2026-03-01T00:30:00+01:00")
    at(team, team.bob, other, "include", "2026-02-01T12:00:00+00:00")
    at(team, team.ann, other, "exclude", "2026-02-28T12:00:00+00:00")
    at(team, team.ann, third, "exclude", "2026-12-31T23:30:00-01:00")
    at(team, team.bob, third, "exclude", "2026-12-31T12:00:00+00:00")
    found = [
        entry
        for entry in concord.agreement(team.session, monthly=True)
        if len(entry.categories) == 2
    ]
    assert [(entry.month, entry.n) for entry in found] == [
        ("2026-02", 2),
        ("2027-01", 1),
    ]
    assert value(found[0], "percent_agreement").value == 0.5
    kappa = value(found[1], "cohen_kappa")
    assert kappa.value is None
    assert kappa.note.startswith("undefined: both screeners used one verdict only")
    whole = of(concord.agreement(team.session), TA, "ann", "bob", size=2)
    assert (whole.month, whole.n) == ("", 3)


def test_a_vote_changed_after_completion_moves_no_month(team: Team) -> None:
    """The month is that of the first independent votes, not of what came after."""
    record = team.make.record()
    at(team, team.ann, record, "include", "2026-01-05T12:00:00+00:00")
    at(team, team.bob, record, "exclude", "2026-02-05T12:00:00+00:00")
    before = concord.agreement(team.session, monthly=True)
    at(team, team.bob, record, "include", "2026-05-05T12:00:00+00:00")
    assert concord.agreement(team.session, monthly=True) == before
    assert {entry.month for entry in before} == {"2026-02"}


def test_everybody_is_told_month_by_month_too(team: Team) -> None:
    """By the latest vote of all; where three took part."""
    dora = team.make.person("dora")
    for number, month in enumerate(["01", "01", "01", "02"]):
        record = team.make.record()
        people = [team.ann, team.bob, dora]
        pair = [people[number % 3], people[(number + 1) % 3]]
        for who in pair:
            at(team, who, record, "include", f"2026-{month}-10T12:00:00+00:00")
    found = concord.agreement(team.session, monthly=True)
    every = [entry for entry in found if len(entry.screeners) == 3]
    assert {(entry.month, entry.n) for entry in every} == {("2026-01", 3)}
    assert every[-1].counts is None


def test_a_pair_has_its_table_and_every_figure(team: Team) -> None:
    """Plain, weighted and ordinal ones where there are three categories in order."""
    ten_titles(team)
    three = of(concord.agreement(team.session), TA, "ann", "bob", size=3)
    assert three.categories == ("include", "maybe", "exclude")
    assert three.counts is not None
    assert three.counts.counts == ((3, 1, 2), (0, 0, 0), (0, 1, 3))
    names = {one.name for one in three.statistics}
    assert names >= {
        "percent_agreement",
        "agreement_on_maybe",
        "cohen_kappa",
        "linear_weighted_kappa",
        "quadratic_weighted_kappa",
        "scott_pi",
        "brennan_prediger",
        "gwet_ac1",
        "fleiss_kappa",
        "krippendorff_alpha_nominal",
        "krippendorff_alpha_ordinal",
    }
    two = of(concord.agreement(team.session), TA, "ann", "bob", size=2)
    assert {"positive_agreement", "negative_agreement", "pabak"} <= {
        one.name for one in two.statistics
    }
