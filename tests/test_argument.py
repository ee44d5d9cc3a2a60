"""Claims, strategies, questions, analysis and milestones, held against passages."""

from __future__ import annotations

from datetime import date

import pytest
from coded import Coded, begin, column, rows_by
from making import Maker
from sqlalchemy.orm import Session

from litreview import argument
from litreview.errors import InputFileError, LitreviewError
from litreview.synthesis import CmoConfiguration, Indicator

LEDGER = """\
claims:
  - {id: works, text: It works., kind: effect, source: a_2020, constructs: [fit],
     evidence: [survey, interviews]}
  - {id: works_not, text: It does not., kind: theory, source: b_2021,
     constructs: [people.trust], counters: [works], evidence: [review]}
  - {id: bare, text: Nobody looked., kind: policy, source: c, constructs: [people.need]}
  - {id: loose, text: Who knows., kind: policy, source: c}
levers:
  - {id: time, label: Time, source: a_2020, constructs: [people]}
strategies:
  - {id: plan, text: Plan together., cmo: [1], records: [1, 2], levers: [time]}
  - {id: hope, text: Hope., cmo: [], records: []}
  - {id: wrong, text: Wrong., cmo: [9], records: [5]}
"""
PLAN = """\
search_end: 2026-06-30
questions:
  - {id: RQ1, text: How so, roles: [outcome], constructs: [fit]}
  - {id: RQ2, text: Where, constructs: [people.need]}
  - {id: RQ3, text: With what, streams: [validates_instrument]}
milestones:
  - {id: late, label: The search, due: 2026-06-30}
  - {id: kept, label: The plan, due: 2026-01-31, done: 2026-01-30}
  - {id: next, label: The report, begins: 2026-12-01, due: 2026-12-31}
  - {id: now, label: The survey, begins: 2026-01-01, due: 2026-12-01}
analysis:
  - {part: outcome, label: End, construct: fit.end, source: 10.1000/X}
  - {part: group, label: Need, construct: people.need, indicator: 1, source: record 1}
  - {part: covariate, label: Odd, construct: no.such, indicator: 7, source: hearsay}
"""


@pytest.fixture
def coded(session: Session, make: Maker) -> Coded:
    """Return a review in which some claims are carried."""
    made = begin(session, make)
    made.write("ledger.yaml", LEDGER)
    made.write("plan.yaml", PLAN)
    one, two, three, _four = made.reports
    made.code(one, "fit.end", "tests")
    made.code(two, "fit.plan_shared", "theorises", polarity="absent")
    made.code(one, "fit.plan_shared")
    made.code(three, "people.trust", "theorises", role="outcome")
    return made


def test_a_claim_is_shown_with_what_carries_it(coded: Coded) -> None:
    """Empirical, in theory only, without a passage, tied to nothing: each is said."""
    found = rows_by(argument.claims(coded.session), "claim")
    assert column(found, "support") == {
        "works": "empirical",
        "works_not": "theory only",
        "bare": "no passage",
        "loose": "no construct",
    }
    works = found["works"]
    assert (works["studies"], works["empirical"], works["against"]) == (2, 1, 1)


def test_claim_and_counter_claim_name_each_other(coded: Coded) -> None:
    """Whoever reads one side sees that there is another, from either side."""
    found = rows_by(argument.claims(coded.session), "claim")
    assert found["works"]["countered_by"] == ("works_not",)
    assert found["works_not"]["countered_by"] == ("works",)
    assert found["bare"]["countered_by"] == ()


def test_a_claim_of_one_kind_of_evidence_is_marked(coded: Coded) -> None:
    """One kind is marked; two, or none told, are not (F40)."""
    found = rows_by(argument.claims(coded.session), "claim")
    assert column(found, "one_source") == {
        "works": False,
        "works_not": True,
        "bare": False,
        "loose": False,
    }


def test_a_question_on_an_unknown_construct_is_refused(coded: Coded) -> None:
    """A slip of the pen is not shown as a gap of the literature."""
    text = "questions:\n  - {id: Q1, text: Why, constructs: [fit.ned]}\n"
    coded.write("plan.yaml", text)
    with pytest.raises(LitreviewError, match=r"'Q1' in screening/plan.yaml") as caught:
        argument.questions(coded.session)
    assert "'fit.ned'" in caught.value.what
    assert "mend line 2" in caught.value.fix


def test_a_claim_on_an_unknown_construct_is_refused(coded: Coded) -> None:
    """The message names the construct and the line of the file."""
    text = LEDGER.replace("constructs: [people]", "constructs: [peopel]")
    coded.write("ledger.yaml", text)
    with pytest.raises(LitreviewError, match="'peopel'"):
        argument.levers(coded.session)


def test_a_strategy_says_what_it_lacks(coded: Coded) -> None:
    """No configuration, no study, a number that nothing has: told, not hidden."""
    row = CmoConfiguration(
        number=1, version=1, codebook_id=1, person_id=coded.lead.id, status="candidate"
    )
    coded.session.add(row)
    coded.session.flush()
    found = rows_by(argument.strategies(coded.session), "strategy")
    assert found["plan"]["problem"] == ""
    assert found["plan"]["studies"] == 2
    assert found["hope"]["problem"] == ("rests on no configuration; cites no study")
    assert found["wrong"]["problem"] == ("there is no CMO 9; not included: record 5")


def test_a_lever_counts_studies_and_names_strategies(coded: Coded) -> None:
    """Its group stands for all constructs in it."""
    row = rows_by(argument.levers(coded.session), "lever")["time"]
    assert (row["studies"], row["strategies"]) == (1, ("plan",))


def test_a_question_without_a_study_is_a_gap(coded: Coded) -> None:
    """The whole of each question is counted first, by distinct studies."""
    found = argument.questions(coded.session)
    whole = rows_by(found[found["construct"] == ""], "question")
    assert column(whole, "studies") == {
        "RQ1": 3,
        "RQ2": 0,
        "RQ3": 0,
    }
    assert column(whole, "gap") == {
        "RQ1": "",
        "RQ2": "gap",
        "RQ3": "gap",
    }
    assert all(row["studies"] <= len(coded.reports) for row in whole.values())
    parts = rows_by(found[found["question"] == "RQ1"], "construct")
    assert parts["fit.plan_shared"]["studies"] == 2
    assert parts["people.trust"]["studies"] == 1  # coded as an outcome
    assert "people.need" not in parts


def test_each_variable_of_the_analysis_is_traced_or_told(coded: Coded) -> None:
    """A stored DOI and a record are traced; hearsay, a missing indicator are not."""
    coded.reports[0].doi = "10.1000/x"
    coded.session.add(
        Indicator(
            number=1,
            version=1,
            construct="people.need",
            codebook_id=1,
            role="context",
            dataset="GIAS",
            variable="FSM",
            join_key="URN",
            person_id=coded.lead.id,
        )
    )
    coded.session.flush()
    found = rows_by(argument.analysis(coded.session), "label")
    assert column(found, "traced") == {
        "End": True,
        "Need": True,
        "Odd": False,
    }
    assert found["End"]["problem"] == ""
    assert found["Need"]["problem"] == "indicator 1 is candidate, not usable"
    assert found["Need"]["linkable"] == "URN"
    assert found["Odd"]["problem"] == (
        "no codebook has no.such; there is no indicator 7; the source is not traced"
    )


def test_what_is_overdue_is_told(coded: Coded) -> None:
    """A day late and not done is overdue; done, running and to come are not."""
    today = date(2026, 7, 1)
    found = rows_by(argument.milestones(coded.session, today=today), "milestone")
    assert column(found, "state") == {
        "kept": "done",
        "late": "overdue",
        "now": "running",
        "next": "to come",
    }
    told = argument.overdue(coded.session, today=today)
    assert told == [
        "The search was due on 2026-06-30",
        "the protocol's searches ended on 2026-06-30",
    ]
    assert argument.overdue(coded.session, today=date(2026, 6, 30)) == []


def test_without_the_files_all_tables_are_empty(session: Session, make: Maker) -> None:
    """A review that writes no ledger and no plan has empty tables, no error."""
    begin(session, make)
    assert argument.claims(session).empty
    assert argument.levers(session).empty
    assert argument.strategies(session).empty
    assert argument.questions(session).empty
    assert argument.analysis(session).empty
    assert argument.milestones(session, today=date(2026, 1, 1)).empty
    assert argument.overdue(session, today=date(2026, 1, 1)) == []


@pytest.mark.parametrize(
    ("path", "old", "new", "told"),
    [
        ("ledger.yaml", "counters: [works]", "counters: [work]", "Did you mean"),
        ("ledger.yaml", "counters: [works]", "counters: [works_not]", "no other claim"),
        ("ledger.yaml", "levers: [time]", "levers: [tim]", "no other lever"),
        ("ledger.yaml", "kind: effect", "kind: efect", "not allowed here"),
        ("ledger.yaml", "id: works_not", "id: works", "stands twice"),
        ("plan.yaml", "due: 2026-06-30", "due: June", "not a date"),
        ("plan.yaml", "begins: 2026-12-01", "begins: 2027-12-01", "later than the day"),
        ("plan.yaml", ", streams: [validates_instrument]", "", "nothing says"),
        ("plan.yaml", "construct: fit.end, ", "", "neither a construct"),
        ("plan.yaml", "constructs: [fit]", "constructs: [FIT!]", "not a usable id"),
        ("plan.yaml", "search_end", "rameses: {20: x}\nsearch_end", "unknown field"),
    ],
)
def test_a_mistake_is_told_with_its_line(
    coded: Coded, path: str, old: str, new: str, told: str
) -> None:
    """Each mistake of the two files is one message, and nothing is stored."""
    text = (LEDGER if path == "ledger.yaml" else PLAN).replace(old, new, 1)
    with pytest.raises(InputFileError, match=told):
        coded.write(path, text)


def test_claims_stand_by_the_kinds_of_evidence(coded: Coded) -> None:
    """A column for each kind that any source names; one kind alone is marked."""
    found = rows_by(argument.claim_evidence(coded.session), "claim")
    assert (found["works"]["survey"], found["works"]["review"]) == (True, False)
    assert column(found, "kinds") == {"works": 2, "works_not": 1, "bare": 0, "loose": 0}
    assert [name for name, row in found.items() if row["one_source"]] == ["works_not"]
