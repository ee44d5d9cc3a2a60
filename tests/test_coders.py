"""Tests of litreview.coders: who sees whose passages."""

from __future__ import annotations

import pytest
from codings import Room, room
from making import Maker
from sqlalchemy.orm import Session

from litreview import coders, coding, doublecoding
from litreview.vocabulary import Role


@pytest.fixture
def office(session: Session, make: Maker) -> Room:
    """Return a report that ann has coded."""
    made = room(session, make)
    made.code("ann", made.reports[0])
    return made


def test_a_coder_sees_nobody_elses_passages_before(office: Room) -> None:
    """Before they begin, while they code, and when they alone have finished."""
    [report] = office.reports
    assert (office.seen("ann"), office.seen("bob")) == (["ann"], [])
    office.code("bob", report, "people.trust")
    assert (office.seen("ann"), office.seen("bob")) == (["ann"], ["bob"])
    office.finish(report, "bob")
    assert (office.seen("ann"), office.seen("bob")) == (["ann"], ["bob"])


def test_two_who_have_finished_open_a_report(office: Room) -> None:
    """Then both see both, and so does a third who does not code it."""
    [report] = office.reports
    office.code("bob", report)
    office.finish(report, "bob", "ann")
    for handle in ("ann", "bob", "eve", "cleo", "lead"):
        assert office.seen(handle) == ["ann", "bob"]


def test_who_is_still_coding_does_not_see_an_open_report(office: Room) -> None:
    """A third coder who has begun stays blind until they have finished."""
    [report] = office.reports
    office.code("eve", report)
    office.code("bob", report)
    office.finish(report, "ann", "bob")
    assert office.seen("eve") == ["eve"]
    office.finish(report, "eve")
    assert office.seen("eve") == ["ann", "bob", "eve"]


def test_who_takes_a_report_up_again_is_blind_again(office: Room) -> None:
    """The other coder goes on seeing it."""
    [report] = office.reports
    office.finish(report, "ann", "bob")
    doublecoding.reopen(office.session, report.id, by="bob")
    office.code("bob", report, "people.trust")
    assert (office.seen("bob"), office.seen("ann")) == (["bob"], ["ann", "bob"])


def test_leads_and_readers_see_what_they_do_not_code(office: Room) -> None:
    """A lead who codes a report is as blind on it as anybody."""
    [report] = office.reports
    office.make.person("rea", Role.READER)
    assert (office.seen("rea"), office.seen("lead")) == (["ann"], ["ann"])
    assert office.seen("cleo") == []
    office.code("lead", report, "people.trust")
    assert office.seen("lead") == ["lead"]


def test_a_lead_opens_a_report_of_one_coder(office: Room) -> None:
    """Then everybody sees it who is not coding it."""
    [report] = office.reports
    doublecoding.open_reports(
        office.session, [report.id], by="lead", why="one is enough"
    )
    assert (office.seen("bob"), office.seen("cleo")) == (["ann"], ["ann"])
    office.code("eve", report)
    assert office.seen("eve") == ["eve"]


def test_only_the_report_in_question_is_hidden(office: Room) -> None:
    """What is open stays open beside a report that is not."""
    other = office.report()
    office.code("bob", other)
    office.finish(other, "ann", "bob")
    assert office.seen("eve") == ["bob"]
    person = office.make.person("eve")
    assert coders.hidden(office.session, person) == {office.reports[0].id}
    assert coders.shows(office.session, person, other.id)


def test_a_merged_report_is_one(office: Room) -> None:
    """Coders of two records that turn out to be one report have coded that report."""
    [report] = office.reports
    other = office.report()
    office.code("bob", other)
    office.finish(report, "ann")
    office.finish(other, "bob")
    assert office.seen("eve") == []
    other.cluster_id = report.id
    office.make.pair(report, other, "duplicate", office.ann)
    assert office.seen("eve") == ["ann", "bob"]


def test_a_retracted_passage_was_a_beginning(office: Room) -> None:
    """Whoever coded and took it all back has still begun."""
    [report] = office.reports
    code = office.code("lead", report)
    coding.retract(office.session, by="lead", code_id=code, why="wrong report")
    assert office.seen("lead") == []
