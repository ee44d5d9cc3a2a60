"""PRISMA boxes over a small review that has a record of every kind."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from making import Maker
from sqlalchemy import Engine
from sqlalchemy.orm import Session
from team import FT, TA, Team, every_kind, finish, start

from litreview import flow, prisma, state
from litreview.errors import LitreviewError, NotFoundError
from litreview.models import Record
from litreview.vocabulary import DATABASE_COLUMN, Found, Retrieval


@pytest.fixture
def team(session: Session, make: Maker) -> Team:
    """Return a team on an empty review."""
    return start(session, make)


OPEN = {
    "database_results": [
        *("kept", "its duplicate", "by rule", "by reason", "ta out", "ta conflict"),
        *("ta unseen", "ta begun", "not retrieved", "ft out population"),
        *("ft out concept", "same study", "not sought", "removed from mixed"),
    ],
    "register_results": ["register sought", "register conflict"],
    "duplicates": ["its duplicate"],
    "excluded_automatic": ["by rule"],
    "excluded_other": ["by reason", "removed from mixed"],
    "ta_unscreened": ["ta unseen"],
    "ta_in_progress": ["ta begun"],
    "ta_conflict": ["ta conflict"],
    "ta_single_screened": [],
    "records_screened": [
        *("kept", "ta out", "not retrieved", "ft out population", "ft out concept"),
        *("same study", "register sought", "register conflict", "not sought"),
    ],
    "records_excluded": ["ta out"],
    "ft_not_yet_sought": ["not sought"],
    "dbr_sought_reports": [
        *("kept", "not retrieved", "ft out population", "ft out concept"),
        *("same study", "register sought", "register conflict"),
    ],
    "dbr_notretrieved_reports": ["not retrieved"],
    "ft_unassessed": ["register sought"],
    "ft_conflict": ["register conflict"],
    "dbr_assessed": ["kept", "ft out population", "ft out concept", "same study"],
    "dbr_excluded": ["ft out population", "ft out concept"],
    "website_results": [
        *("its web page", "web kept", "web ta out", "web duplicate"),
        "left of mixed",
    ],
    "organisation_results": ["organisation removed"],
    "citations_results": ["citation not sought"],
    "other_duplicates": ["its web page", "web duplicate"],
    "other_ta_unscreened": ["left of mixed"],
    "other_ta_in_progress": [],
    "other_ta_conflict": [],
    "other_ta_single_screened": [],
    "other_records_excluded": ["web ta out", "organisation removed"],
    "other_ft_not_yet_sought": ["citation not sought"],
    "other_sought_reports": ["web kept"],
    "other_notretrieved_reports": [],
    "other_ft_unassessed": [],
    "other_ft_conflict": [],
    "other_assessed": ["web kept"],
    "other_excluded": [],
    "new_reports": ["kept", "same study", "web kept"],
    "new_studies": ["kept", "web kept"],
    "previous_studies": [],
    "previous_reports": [],
    "total_reports": ["kept", "same study", "web kept"],
    "total_studies": ["kept", "web kept"],
}


def test_every_box_names_its_records(team: Team) -> None:
    """With work open, each box holds exactly the records worked out by hand."""
    made = every_kind(team)
    named = {record.id: name for name, record in made.items()}
    found = {
        box: [named[number] for number in ids]
        for box, ids in flow.box_ids(team.session).items()
    }
    assert found == {box: list(names) for box, names in OPEN.items()}


def test_counts_are_those_of_the_boxes_and_balance(team: Team) -> None:
    """The flow counts the ids of each box, says what is open, and adds up."""
    every_kind(team)
    found = flow.flow(team.session)
    assert found.counts == {box: len(names) for box, names in OPEN.items()}
    assert prisma.check(found) == []
    assert prisma.is_interim(found)


def test_boxes_divide_by_source_and_reason(team: Team) -> None:
    """Sources stand by their display names, reasons in the protocol's order."""
    every_kind(team)
    found = flow.flow(team.session)
    assert found.per_source == {"Crossref": 4, "OpenAlex": 10}
    assert found.register_per_source == {"ISRCTN": 2}
    assert list(found.dbr_excluded.items()) == [("X-POP", 1), ("X-CONCEPT", 1)]
    assert found.other_excluded == {}


def test_finished_review_has_the_published_numbers(team: Team) -> None:
    """With all work done no open box is left and the sums are the template's."""
    finish(team, every_kind(team))
    found = flow.flow(team.session)
    assert not prisma.is_interim(found)
    prisma.refuse_unbalanced(found)
    numbers = {box: n for box, n in found.counts.items() if n}
    assert numbers == {
        "database_results": 14,
        "register_results": 2,
        "duplicates": 1,
        "excluded_automatic": 1,
        "excluded_other": 2,
        "records_screened": 12,
        "records_excluded": 4,
        "dbr_sought_reports": 8,
        "dbr_notretrieved_reports": 2,
        "dbr_assessed": 6,
        "dbr_excluded": 3,
        "website_results": 5,
        "organisation_results": 1,
        "citations_results": 1,
        "other_duplicates": 2,
        "other_records_excluded": 3,
        "other_sought_reports": 2,
        "other_assessed": 2,
        "other_excluded": 1,
        "new_reports": 4,
        "new_studies": 3,
        "total_reports": 4,
        "total_studies": 3,
    }
    assert found.dbr_excluded == {"X-POP": 2, "X-CONCEPT": 1}
    assert found.other_excluded == {"X-TYPE": 1}


def test_an_empty_review_counts_zero_everywhere(session: Session) -> None:
    """Before the first sync and the first record every box is there and zero."""
    found = flow.flow(session)
    assert set(found.counts.values()) == {0}
    assert set(prisma.OPEN_BOXES) <= found.counts.keys()
    assert prisma.check(found) == []


def test_a_judged_report_was_obtained(team: Team) -> None:
    """Who judged a text had it: a later `not-retrieved` cannot unbalance the sums."""
    record = team.make.record()
    team.both(record, TA, "include")
    team.both(record, FT, "include")
    team.text(record, Retrieval.NOT_RETRIEVED)
    placed = flow.place(team.session)
    assert placed.ids["dbr_assessed"] == [record.id]
    assert placed.ids["dbr_notretrieved_reports"] == []
    assert prisma.check(placed.flow()) == []


@pytest.mark.broken_on_purpose
def test_a_split_report_keeps_its_judgement(team: Team) -> None:
    """A record judged while merged is sought and assessed when it stands alone."""
    one, other = team.make.records(2)
    team.merge(one, other)
    team.both(other, TA, "include")
    team.both(other, FT, "include")  # its retrieval event names the smaller record
    one.cluster_id, other.cluster_id = one.id, other.id
    team.session.flush()
    placed = flow.place(team.session)
    assert placed.ids["dbr_assessed"] == [other.id]
    assert placed.ids["dbr_sought_reports"] == [other.id]
    assert placed.ids["ta_unscreened"] == [one.id]
    assert prisma.check(placed.flow()) == []


def test_reversed_titles_take_their_texts_out(team: Team) -> None:
    """An included report that turns into a conflict leaves all later boxes."""
    record = team.make.record()
    team.both(record, TA, "include")
    team.both(record, FT, "include")
    team.vote(team.bob, record, TA, "exclude")
    placed = flow.place(team.session)
    holding = [box for box, ids in placed.ids.items() if ids]
    assert holding == ["database_results", "ta_conflict"]
    assert prisma.check(placed.flow()) == []


def test_behind_lists_the_records_of_a_box(team: Team) -> None:
    """The list of a box has its records and, where it divides, the part of each."""
    made = every_kind(team)
    found = flow.behind(team.session, "dbr_excluded")
    assert list(found.columns) == list(flow.BOX_COLUMNS)
    assert list(zip(found["detail"], found["record_id"], strict=True)) == [
        ("X-CONCEPT", made["ft out concept"].id),
        ("X-POP", made["ft out population"].id),
    ]
    by_source = flow.behind(team.session, "database_specific_results")
    assert by_source["detail"].value_counts().to_dict() == {
        "OpenAlex": 10,
        "Crossref": 4,
    }
    same = flow.behind(team.session, "new_reports").set_index("record_id")["study_id"]
    assert same[made["same study"].id] == made["kept"].id


@pytest.mark.parametrize(
    ("box", "hint"),
    [("duplicate", "duplicates"), ("new_study", "new_studies")],
)
def test_behind_refuses_what_is_no_box(team: Team, box: str, hint: str) -> None:
    """A misspelt box gets a suggestion, a box of updates the reason."""
    with pytest.raises(NotFoundError, match=hint):
        flow.behind(team.session, box)


ACTIONS = st.lists(
    st.tuples(
        st.sampled_from(
            [
                *("vote", "vote", "vote", "text-vote", "text", "remove", "restore"),
                *("merge", "split", "resolve"),
            ]
        ),
        st.integers(0, 5),
        st.integers(0, 5),
        st.sampled_from(["include", "exclude X-POP"]),
        st.sampled_from(list(Retrieval)),
    ),
    max_size=40,
)


# Each record from databases and registers stands in exactly one of these.
FIRST = (
    *("duplicates", "excluded_automatic", "excluded_other", "records_screened"),
    *("ta_unscreened", "ta_in_progress", "ta_conflict"),
)


def act(
    team: Team, records: list[Record], step: tuple[str, int, int, str, str]
) -> None:
    """Do one random thing that the services may allow; skip what they refuse."""
    what, i, j, verdict, status = step
    record, other = records[i], records[j]
    try:
        if what in ("vote", "text-vote"):
            stage = FT if what == "text-vote" else TA
            team.vote((team.ann, team.bob)[j % 2], record, stage, verdict)
        elif what == "resolve":
            team.arbitrate(record, FT if j % 2 else TA, verdict)
        elif what == "text":
            team.text(record, status)
        elif what in ("remove", "restore"):
            team.remove(record, "rule" if j % 2 else "reason", removed=what == "remove")
        elif what == "merge" and record is not other:
            ids = {record.cluster_id, other.cluster_id}
            team.merge(*(one for one in records if one.cluster_id in ids))
        elif what == "split":
            left = [one for one in records if one.cluster_id == record.cluster_id]
            for one in left:
                one.cluster_id = one.id
            team.session.flush()
    except LitreviewError:
        pass


@given(steps=ACTIONS)
@settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
def test_any_history_adds_up(engine: Engine, steps: list[tuple[str, ...]]) -> None:
    """After any history the boxes balance and every record stands in one place."""
    with Session(engine, expire_on_commit=False) as session:
        team = start(session, Maker(session))
        ways = [Found.DATABASE, Found.REGISTER, Found.WEBSITE] * 2
        records = [team.make.record(found=way) for way in ways]
        for step in steps:
            act(team, records, step)  # type: ignore[arg-type]
        placed = flow.place(session)
        assert prisma.check(placed.flow()) == []
        assert len(placed.ids["new_reports"]) == len(state.included(session))
        stands = sorted(number for box in FIRST for number in placed.ids[box])
        assert stands == [
            record.id for record in records if record.found in DATABASE_COLUMN
        ]
        session.rollback()
