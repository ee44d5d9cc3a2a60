"""Tests of litreview.doublecoding: finishing reports, and agreement."""

from __future__ import annotations

import pytest
from codings import Room, room
from making import Maker
from sqlalchemy.orm import Session

from litreview import coding, doublecoding
from litreview.errors import LitreviewError, NotAllowedError, NotFoundError
from litreview.raters import krippendorff_alpha
from litreview.vocabulary import Role

Figures = dict[str, tuple[float | None, float | None, int]]


@pytest.fixture
def office(session: Session, make: Maker) -> Room:
    """Return a review with one included report."""
    return room(session, make)


def figures(office: Room, construct: str = "") -> Figures:
    """Return construct -> percent agreement, alpha, and the number of studies."""
    found = doublecoding.agreement(office.session, construct=construct)
    return {
        one.construct: (one.percent.value, one.alpha.value, one.studies)
        for one in found
    }


def test_a_report_is_finished_once(office: Room) -> None:
    """A second time is refused; after taking it up again it can be finished anew."""
    [report] = office.reports
    office.finish(report, "ann")
    with pytest.raises(LitreviewError, match="ann has finished record 1"):
        office.finish(report, "ann")
    doublecoding.reopen(office.session, report.id, by="ann")
    with pytest.raises(LitreviewError, match="ann has not finished record 1"):
        doublecoding.reopen(office.session, report.id, by="ann")
    office.finish(report, "ann")


def test_who_may_finish_what(office: Room) -> None:
    """Not a reader, not a report that is not included, not without a codebook."""
    office.make.person("rea", Role.READER)
    with pytest.raises(NotAllowedError, match="rea may not"):
        office.finish(office.reports[0], "rea")
    with pytest.raises(NotAllowedError, match="cannot be coded"):
        office.finish(office.make.record(), "ann")
    with pytest.raises(NotFoundError, match="there is no record 99"):
        doublecoding.finish(office.session, 99, by="ann")


def test_finishing_takes_a_codebook(session: Session, make: Maker) -> None:
    """Without one nobody can have looked for constructs."""
    people = make.review()
    record = make.record()
    make.include(record, *people)
    with pytest.raises(LitreviewError, match="there is no codebook yet"):
        doublecoding.finish(session, record.id, by="ann")


def test_only_a_lead_opens_reports(office: Room) -> None:
    """Others are refused, and a reason is asked for."""
    with pytest.raises(NotAllowedError, match="ann may not open"):
        doublecoding.open_reports(office.session, [1], by="ann", why="w")
    with pytest.raises(LitreviewError, match="the reason is empty"):
        doublecoding.open_reports(office.session, [1], by="lead", why=" ")
    with pytest.raises(NotFoundError):
        doublecoding.open_reports(office.session, [1, 99], by="lead", why="w")


def test_what_waits_for_a_coder(office: Room) -> None:
    """Included reports, but for those they finished and those that are open."""
    mine, opened, begun = office.reports[0], office.report(), office.report()
    office.make.record()
    office.finish(mine, "ann")
    for report in (opened, begun):
        if report is begun:
            office.code("ann", report)
        office.finish(report, "bob", "eve")
    waiting = doublecoding.waiting(office.session, office.ann)
    assert waiting == [begun.id]
    assert doublecoding.waiting(office.session, office.bob) == [mine.id]


def test_agreement_is_on_presence_per_study(office: Room) -> None:
    """Several passages of one construct in a study are one presence."""
    for number in range(4):
        report = office.reports[0] if not number else office.report()
        office.code("ann", report, quote="One.")
        office.code("ann", report, quote="Two.")
        if number < 3:
            office.code("bob", report)
        if number == 0:
            office.code("ann", report, "people.trust")
        office.finish(report, "ann", "bob")
    office.code("ann", office.report(), "people.need")  # nobody has finished this one
    found = figures(office)
    assert set(found) == {"fit.end", "people.trust", ""}
    units = [["p", "p"]] * 3 + [["p", "a"]]
    alpha = krippendorff_alpha(units).value
    assert found["fit.end"] == (0.75, alpha, 4)
    assert found["people.trust"][0] == 0.75
    both = krippendorff_alpha([*units, ["p", "a"], *[["a", "a"]] * 3])
    assert found[""] == (0.75, both.value, 4)
    [row] = [
        one
        for one in doublecoding.agreement(office.session)
        if one.construct == "fit.end"
    ]
    assert (row.label, row.present) == ("End state", 7)


def test_agreement_of_all_alike_is_undefined(office: Room) -> None:
    """Where everybody finds it everywhere alpha does not exist, and that is said."""
    [report] = office.reports
    for handle in ("ann", "bob"):
        office.code(handle, report)
    office.finish(report, "ann", "bob")
    [row, _total] = doublecoding.agreement(office.session)
    assert (row.percent.value, row.alpha.value) == (1.0, None)
    assert "undefined" in row.alpha.note


def test_a_report_that_one_has_finished_tells_no_agreement(office: Room) -> None:
    """Nor does one that nobody found anything in."""
    office.code("ann", office.reports[0])
    office.finish(office.reports[0], "ann")
    assert figures(office) == {}
    office.finish(office.report(), "ann", "bob")
    assert figures(office) == {}


def test_what_was_changed_after_a_look_does_not_count(office: Room) -> None:
    """Taken up again when it was open, a report keeps the first opinion in figures."""
    [report] = office.reports
    office.code("ann", report)
    office.finish(report, "ann", "bob")
    doublecoding.reopen(office.session, report.id, by="bob")
    office.code("bob", report)
    office.finish(report, "bob")
    assert figures(office)["fit.end"][0] == 0.0


def test_what_was_changed_before_a_look_does_count(office: Room) -> None:
    """Taken up again before it is open, a report is still coded independently."""
    [report] = office.reports
    office.finish(report, "bob")
    doublecoding.reopen(office.session, report.id, by="bob")
    code = office.code("bob", report)
    office.finish(report, "bob")
    office.code("ann", report)
    office.finish(report, "ann")
    assert figures(office)["fit.end"][0] == 1.0
    coding.retract(office.session, by="bob", code_id=code, why="after the look")
    assert figures(office)["fit.end"][0] == 1.0


def test_who_begins_after_it_was_opened_is_no_independent_coder(office: Room) -> None:
    """Their passages count, but not in the figures."""
    [report] = office.reports
    office.code("ann", report)
    office.finish(report, "ann")
    doublecoding.open_reports(office.session, [report.id], by="lead", why="w")
    office.code("bob", report)
    office.finish(report, "bob")
    assert figures(office) == {}


def test_two_reports_of_one_study_are_one_unit(office: Room) -> None:
    """A construct found in either report is present in the study."""
    one, other = office.reports[0], office.report()
    office.make.pair(one, other, "same_study", office.ann)
    office.code("ann", one)
    office.code("bob", other)
    for report in (one, other):
        office.finish(report, "ann", "bob")
    assert figures(office)["fit.end"] == (1.0, None, 1)


def test_a_study_whose_reports_others_coded_is_one_unit_still(office: Room) -> None:
    """The report that most people coded stands for it."""
    one, other = office.reports[0], office.report()
    office.make.pair(one, other, "same_study", office.ann)
    office.code("ann", one)
    office.finish(one, "ann", "bob")
    office.code("eve", other)
    office.finish(other, "ann", "bob", "eve")
    found = figures(office)
    assert found["fit.end"][2] == 1
    assert found["fit.end"][0] == pytest.approx(1 / 3)


def test_agreement_narrows_to_what_is_below(office: Room) -> None:
    """A parent and a group cover their facets; an unknown one is refused."""
    [report] = office.reports
    office.code("ann", report, "fit.plan_early")
    office.code("bob", report, "people.trust")
    office.finish(report, "ann", "bob")
    assert set(figures(office, "fit.plan")) == {"fit.plan_early", ""}
    assert set(figures(office, "people")) == {"people.trust", ""}
    assert figures(office, "fit.end") == {}
    with pytest.raises(NotFoundError):
        figures(office, "fti")
