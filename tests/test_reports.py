"""Records, progress and agreement, on reviews worked out by hand."""

from __future__ import annotations

import math

import pytest
from making import Maker
from sqlalchemy.orm import Session
from team import FT, TA, Team, every_kind, start

from litreview import reports, state
from litreview.models import Assignment, ScreeningRound
from litreview.reports import Agreement
from litreview.screening import withdraw
from litreview.settling import set_aside
from litreview.statistic import Statistic
from litreview.vocabulary import Role, RoundKind, Stage


@pytest.fixture
def team(session: Session, make: Maker) -> Team:
    """Return a team on an empty review."""
    return start(session, make)


# -- records and progress --------------------------------------------------------------


def test_records_have_their_columns_even_when_there_are_none(session: Session) -> None:
    """An empty review gives an empty table of the declared columns and types."""
    empty = reports.records(session)
    assert list(empty.columns) == list(reports.RECORD_COLUMNS)
    assert empty.empty
    assert str(empty["record_id"].dtype) == "Int64"
    assert str(empty["title"].dtype) == "string"


def test_records_tell_where_each_report_stands(team: Team) -> None:
    """Every record carries its report's state, its study and why it was removed."""
    made = every_kind(team)
    team.make.record("no year", year=None)
    found = reports.records(team.session)
    assert found["record_id"].is_monotonic_increasing
    assert len(found) == len(made) + 1
    assert found["year"].isna().all()
    assert str(found["year"].dtype) == "Int64"
    rows = found.set_index("title")
    columns = ["title_abstract", "retrieval", "full_text", "reason", "removed"]
    told = {name: tuple(rows.loc[name, columns]) for name in made}
    open_text = ("included", "", "unscreened", "", "")
    assert told["kept"] == ("included", "retrieved", "included", "", "")
    assert told["its web page"] == told["kept"]
    assert told["by rule"] == ("not_eligible", "", "not_eligible", "", "rule")
    assert told["ft out population"][2:4] == ("excluded", "X-POP")
    assert told["register conflict"][2:4] == ("conflict", "")
    assert told["not sought"] == open_text
    assert rows.loc["by reason", "removed_why"] == "said so"
    assert rows.loc["same study", "study_id"] == made["kept"].id
    assert rows.loc["kept", "streams"] == ("theorises_concept",)
    assert rows.loc["ft out concept", "streams"] == ()


def test_progress_counts_reports_by_standing(team: Team) -> None:
    """Each stage counts its eligible reports, each in one standing."""
    every_kind(team)
    found = {str(stage): state.standings(team.session, stage) for stage in Stage}
    assert found == {
        "title_abstract": {
            "unscreened": 2,
            "in_progress": 1,
            "conflict": 1,
            "included": 10,
            "excluded": 2,
        },
        "full_text": {
            "unscreened": 3,
            "in_progress": 0,
            "conflict": 1,
            "included": 3,
            "excluded": 2,
            "not_retrieved": 1,
        },
    }


# -- agreement -------------------------------------------------------------------------


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
    found = reports.agreement(team.session)
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
    assert {entry.n for entry in reports.agreement(team.session)} == {10}


def test_agreement_forgets_changes_made_in_the_light_of_others(team: Team) -> None:
    """A vote changed or taken back after completion leaves the figures alone."""
    record = team.make.record()
    ten_titles(team)
    team.both(record, TA, "include", "exclude")
    before = reports.agreement(team.session)
    team.vote(team.ann, record, TA, "exclude")
    assert reports.agreement(team.session) == before
    other = team.make.record()
    team.both(other, TA, "include", "exclude")
    before = reports.agreement(team.session)
    third = team.make.person("dora")
    team.vote(third, other, TA, "include")
    withdraw(team.session, other.id, stage=TA, screener=team.ann)
    assert reports.agreement(team.session) == before


def test_agreement_counts_the_last_opinion_before_completion(team: Team) -> None:
    """Whoever changes their mind while still blind is counted with the new one."""
    record = team.make.record()
    team.vote(team.ann, record, TA, "include")
    withdraw(team.session, record.id, stage=TA, screener=team.ann)
    team.vote(team.ann, record, TA, "exclude")
    team.vote(team.bob, record, TA, "exclude")
    (said,) = reports.independent(team.session, TA).values()
    assert said == {team.ann.id: "exclude", team.bob.id: "exclude"}


def test_agreement_at_full_text_has_the_verdicts_offered(team: Team) -> None:
    """Where the protocol offers no maybe, there is no third category."""
    every_kind(team)
    found = [one for one in reports.agreement(team.session) if one.stage == FT]
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
    found = reports.agreement(team.session)
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
    said = reports.independent(team.session, TA)
    assert said == {one.id: {team.bob.id: "include", dora.id: "include"}}


def test_agreement_takes_the_vote_on_the_whole_report(team: Team) -> None:
    """A vote cast after a merge replaces the same person's votes on all members."""
    one, other = team.make.records(2)
    team.vote(team.ann, one, TA, "include")
    team.vote(team.ann, other, TA, "exclude")
    team.merge(one, other)
    team.vote(team.ann, one, TA, "exclude")
    team.vote(team.bob, other, TA, "exclude")
    said = reports.independent(team.session, TA)
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
    said = reports.independent(session, TA)
    assert said == {record.id: {bob.id: "include", dora.id: "include"}}


def test_agreement_has_nothing_to_say_of_an_empty_review(session: Session) -> None:
    """Without votes, and without a protocol, there are no figures."""
    assert reports.agreement(session) == []


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
    said = reports.independent(team.session, TA)
    assert said == {record.id: {team.ann.id: "include", team.bob.id: "include"}}


def test_statistics_of_an_entry_are_finite(team: Team) -> None:
    """No figure is NaN: what does not exist is None with a note."""
    team.both(team.make.record(), TA, "include")
    for entry in reports.agreement(team.session):
        for one in entry.statistics:
            assert one.value is None or math.isfinite(one.value)
            assert one.value is not None or one.note
