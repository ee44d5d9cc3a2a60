"""The passages that count, asked once."""

from __future__ import annotations

from coded import begin
from making import Maker
from sqlalchemy.orm import Session

from litreview import grounds


def test_only_passages_that_stand_in_included_reports_count(
    session: Session, make: Maker
) -> None:
    """A retracted passage and one of an excluded report are not there."""
    coded = begin(session, make)
    kept = coded.code(coded.reports[0], "fit.end")
    coded.retract(coded.code(coded.reports[1], "fit.end"))
    coded.code(coded.out, "fit.end")
    base = grounds.read(session)
    assert list(base.passages["code_id"]) == [kept.id]
    assert base.studies == {report.cluster_id for report in coded.reports}


def test_a_construct_counts_what_is_below_it(session: Session, make: Maker) -> None:
    """Asked for a parent or a group, the passages of all its facets are found."""
    coded = begin(session, make)
    one = coded.code(coded.reports[0], "fit.plan_shared")
    two = coded.code(coded.reports[1], "fit.end")
    coded.code(coded.reports[2], "people.trust")
    base = grounds.read(session)
    assert list(base.about(["fit.plan"])["code_id"]) == [one.id]
    assert list(base.about(["fit"])["code_id"]) == [one.id, two.id]
    assert base.about([]).empty
    assert base.known("fit")
    assert base.known("fit.end")
    assert not base.known("fit.start")


def test_reports_of_one_study_are_one_study(session: Session, make: Maker) -> None:
    """Two reports that a person tied together count once."""
    coded = begin(session, make)
    first, second = coded.reports[:2]
    make.pair(first, second, "same_study", coded.lead)
    coded.code(first, "fit.end")
    coded.code(second, "fit.end")
    base = grounds.read(session)
    assert len(grounds.studies(base.passages)) == 1
    assert len(base.studies) == 3
