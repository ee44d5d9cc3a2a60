"""Tables of the synthesis over a few coded studies."""

from __future__ import annotations

import pytest
from coded import Coded, begin, column, rows_by
from making import Maker
from sqlalchemy.orm import Session

from litreview import matrices
from litreview.errors import InputFileError, LitreviewError
from litreview.models import AuditEvent
from litreview.synthesis import (
    Indicator,
    Instrument,
    InstrumentVersion,
    ItemEvidence,
    ItemVersion,
    SurveyItem,
)
from litreview.trace import EVIDENCE_NOTED

FRAMEWORKS = """\
frameworks:
  - {id: fits, label: Fit, groups: [fit]}
  - {id: folk, label: People, groups: [people]}
balances:
  - {id: both, label: Both, groups: [fit, people]}
"""


@pytest.fixture
def coded(session: Session, make: Maker) -> Coded:
    """Return a review with five passages in three of four studies."""
    made = begin(session, make)
    one, two, three, _four = made.reports
    made.code(one, "fit.end", "tests")
    made.code(one, "fit.end", "theorises")
    made.code(two, "fit.plan_shared", "theorises")
    made.code(two, "people.trust", "theorises")
    made.code(three, "people.trust", "measures", polarity="absent")
    return made


def test_the_matrix_has_every_included_study(coded: Coded) -> None:
    """Passages are counted; a study without any has its empty column."""
    found = matrices.matrix(coded.session)
    one, two, three, four = (f"study {report.id}" for report in coded.reports)
    assert list(found.columns[4:]) == [one, two, three, four]
    rows = rows_by(found, "construct")
    assert list(rows) == ["fit.plan_shared", "fit.end", "people.trust"]
    assert [rows["fit.end"][one_] for one_ in (one, two, three, four)] == [2, 0, 0, 0]
    assert [row["studies"] for row in rows.values()] == [1, 1, 2]


def test_the_map_counts_distinct_studies_of_each_kind(coded: Coded) -> None:
    """A parent counts its facets; two passages of one study are one study."""
    rows = rows_by(matrices.evidence_map(coded.session), "construct")
    kinds = ("theorises", "tests", "studies", "quotes")
    assert [rows["fit.end"][kind] for kind in kinds] == [1, 1, 1, 2]
    assert rows["fit.plan"]["theorises"] == 1
    assert rows["people.need"]["studies"] == 0


def test_the_crosswalk_joins_related_ideas_and_counts_once(coded: Coded) -> None:
    """fit.end and people.trust are related: together they have three studies."""
    coded.write("frameworks.yaml", FRAMEWORKS)
    rows = rows_by(matrices.crosswalk(coded.session), "construct")
    assert rows["fit.end"]["folk"] == ("people.trust",)
    assert rows["people.trust"]["fits"] == ("fit.end",)
    assert rows["fit.end"]["together"] == 3
    assert rows["people.trust"]["together"] == 3
    assert rows["people.need"]["fits"] == ()


def test_without_frameworks_each_group_is_one(coded: Coded) -> None:
    """A workspace that writes none still has its groups beside each other."""
    found = matrices.crosswalk(coded.session)
    assert {"fit", "people"} <= set(found.columns)


def test_a_programme_is_balanced_with_something_of_each_group(coded: Coded) -> None:
    """What was found absent does not balance it, and what is missing is named."""
    coded.write("frameworks.yaml", FRAMEWORKS)
    one, two, three, _four = coded.reports
    rows = rows_by(matrices.balance(coded.session), "programme")
    assert column(rows, "balanced") == {
        f"study {one.id}": False,
        f"study {two.id}": True,
    }
    assert rows[f"study {one.id}"]["missing"] == ("people",)
    assert f"study {three.id}" not in rows


def test_a_programme_can_be_named_by_an_attribute(coded: Coded) -> None:
    """Passages of two studies about one programme make it balanced together."""
    coded.write(
        "frameworks.yaml",
        FRAMEWORKS.replace(
            "groups: [fit, people]}", "groups: [fit, people], programme: course}"
        ),
    )
    one, two = coded.reports[:2]
    coded.code(one, "fit.end", attributes={"course": "A"})
    coded.code(two, "people.trust", attributes={"course": "A"})
    coded.code(two, "people.trust", attributes={"course": "B"})
    rows = rows_by(matrices.balance(coded.session), "programme")
    assert column(rows, "balanced") == {"A": True, "B": False}


def test_theory_without_an_instrument_is_a_priority(coded: Coded) -> None:
    """Found instruments, items and usable indicators are counted apart (F34)."""
    rows = rows_by(matrices.measurability(coded.session), "construct")
    assert rows["people.trust"]["priority"]
    assert not rows["people.need"]["priority"]
    by = coded.lead.id
    trust = coded.code(coded.reports[0], "people.trust", "measures")
    coded.session.add(Instrument(id=1, name="Trust scale", person_id=by))
    coded.session.flush()
    coded.session.add_all(
        [
            InstrumentVersion(instrument_id=1, version=1, found=True, person_id=by),
            SurveyItem(
                id=1,
                instrument_id=1,
                construct="people.trust",
                codebook_id=1,
                person_id=by,
            ),
        ]
    )
    coded.session.flush()
    coded.session.add_all(
        [
            ItemVersion(item_id=1, version=1, text="We trust.", person_id=by),
            ItemEvidence(item_id=1, code_id=trust.id, person_id=by),
            AuditEvent(
                person_id=by,
                kind=EVIDENCE_NOTED,
                subject="1",
                detail={"codes": [trust.id]},
            ),
            Indicator(
                number=1,
                version=1,
                construct="people.trust",
                codebook_id=1,
                role="context",
                dataset="TALIS",
                variable="trust",
                status="usable",
                person_id=by,
            ),
        ]
    )
    coded.session.flush()
    row = rows_by(matrices.measurability(coded.session), "construct")["people.trust"]
    assert (row["instruments"], row["items"], row["proxies"]) == (1, 1, 1)
    assert not row["priority"]


def test_an_unknown_group_is_told(coded: Coded) -> None:
    """A framework of a group that no codebook has is refused by name."""
    coded.write("frameworks.yaml", FRAMEWORKS.replace("[people]", "[peple]"))
    with pytest.raises(LitreviewError, match="'peple'"):
        matrices.crosswalk(coded.session)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ("groups: [fit, people]", "groups: [fit]", "at least 2"),
        ("groups: [fit, people]", "groups: [fit, fit]", "at least 2"),
        ("id: folk", "id: fits", "stands twice"),
        ("groups: [fit]", "group: [fit]", "unknown field"),
    ],
)
def test_a_mistake_is_told_in_words(
    coded: Coded, old: str, new: str, told: str
) -> None:
    """Each mistake of frameworks.yaml is one message."""
    with pytest.raises(InputFileError, match=told):
        coded.write("frameworks.yaml", FRAMEWORKS.replace(old, new, 1))


def test_an_empty_review_has_empty_tables(session: Session, make: Maker) -> None:
    """Before anything is coded each table has its columns and no wrong count."""
    begin(session, make)
    assert matrices.matrix(session).empty
    assert matrices.evidence_map(session)["studies"].sum() == 0
    assert matrices.balance(session).empty
    assert not matrices.measurability(session)["priority"].any()


def test_forms_and_mechanisms_are_crossed_within_studies(coded: Coded) -> None:
    """The same form may hold different constructs in different studies (F19)."""
    one, two, three, _four = coded.reports
    coded.code(one, "people.need", attributes={"form": "coaching"})
    coded.code(two, "people.need", attributes={"form": "coaching"})
    coded.code(three, "people.need", attributes={"form": "lesson study"})
    found = {
        (row["value"], row["construct"]): row["studies"]
        for row in matrices.crosstab(coded.session).to_dict("records")
    }
    assert found["coaching", "fit.end"] == 1
    assert found["coaching", "people.trust"] == 1
    assert found["coaching", "people.need"] == 2
    assert ("lesson study", "people.trust") not in found  # found absent there
