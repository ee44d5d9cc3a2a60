"""What lists, searches and the view of one record promise."""

from __future__ import annotations

import json
from typing import Any

import pytest
from making import Maker
from sqlalchemy.orm import Session

from litreview import catalogue, records, removal
from litreview.catalogue import Wanted
from litreview.errors import NotFoundError
from litreview.models import Person, Record
from litreview.screening import Ballot, decide
from litreview.vocabulary import RemovalBasis, Stage

TA = Stage.TITLE_ABSTRACT


@pytest.fixture
def pair(make: Maker) -> list[Person]:
    """Return two screeners of a review with two rounds."""
    return make.review("ann", "bob")


def vote(session: Session, record: Record, *votes: tuple[Person, str]) -> None:
    """Cast votes on a title."""
    for person, verdict in votes:
        decide(session, Ballot(record.id, TA, verdict), screener=person)


def ids(rows: list[catalogue.Row]) -> list[object]:
    """Return the record ids of rows."""
    return [row["record_id"] for row in rows]


def test_a_list_tells_identity_and_state(
    session: Session, make: Maker, pair: list[Person]
) -> None:
    """Each record comes with its ids and what it is at each stage."""
    ann, bob = pair
    one = make.record("Trust", year=2020, doi="10.5555/a")
    two, three, four = make.records(3)
    vote(session, two, (ann, "include"), (bob, "include"))
    vote(session, three, (ann, "include"))
    text = "old"
    removal.remove(session, [four.id], basis=RemovalBasis.RULE, text=text, by="lead")
    rows = catalogue.listed(session)
    assert rows[0] == {
        "record_id": one.id,
        "source": "openalex",
        "source_id": one.source_id,
        "cluster_id": one.id,
        "title": "Trust",
        "year": 2020,
        "doi": "10.5555/a",
        "removed": False,
        "state": {"title_abstract": "unscreened", "full_text": "not_eligible"},
    }
    assert [row["removed"] for row in rows] == [False, False, False, True]
    assert [dict(row["state"]) for row in rows[1:]] == [  # type: ignore[call-overload]
        {"title_abstract": "included", "full_text": "unscreened"},
        {"title_abstract": "in_progress", "full_text": "not_eligible"},
        {"title_abstract": "not_eligible", "full_text": "not_eligible"},
    ]


def test_a_list_is_narrowed_by_source_and_state(
    session: Session, make: Maker, pair: list[Person]
) -> None:
    """Both narrow together; the state is one of the stage asked for."""
    ann, bob = pair
    one, two = make.record(), make.record(source="crossref")
    three = make.record(source="crossref")
    vote(session, one, (ann, "include"), (bob, "exclude"))
    vote(session, two, (ann, "include"), (bob, "include"))
    assert ids(catalogue.listed(session, Wanted("crossref"))) == [two.id, three.id]
    assert ids(catalogue.listed(session, Wanted(state="conflict"))) == [one.id]
    wanted = Wanted("crossref", "unscreened", Stage.FULL_TEXT)
    assert ids(catalogue.listed(session, wanted)) == [two.id]
    assert catalogue.listed(session, Wanted("scopus")) == []


def test_a_list_does_not_tell_how_somebody_voted(
    session: Session, make: Maker, pair: list[Person]
) -> None:
    """While votes are missing, include and exclude look the same."""
    one, two = make.records(2)
    vote(session, one, (pair[0], "include"))
    vote(session, two, (pair[0], "exclude"))
    states = [row["state"] for row in catalogue.listed(session)]
    assert states[0] == states[1]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("buffering", [1]),
        ("HYPOTHESIS buffering", [1]),
        ("zarate buffering", [1]),
        ("10.5555/a", [1]),
        ("10.5555/A", [1]),
        ("100%", [2]),
        ("under_score", [2]),
        ("u%score", []),
        ("o'brien", [3]),
        ("100% of", [2]),
        ("buffering absent", []),
        ("ecole", [3]),
        ("", []),
        ("   ", []),
        ("'; DROP TABLE record; --", []),
    ],
)
def test_a_search_finds_all_its_words_and_nothing_else(
    session: Session, make: Maker, text: str, found: list[int]
) -> None:
    """Words of title, authors and DOI, in any order; wildcards are plain letters."""
    made = [
        make.record(
            "The Buffering Hypothesis",
            authors="Z\u00e1rate, A; Zarate",
            doi="10.5555/a",
        ),
        make.record("100% of under_score", authors="Ng, Nora"),
        make.record("L'\u00c9cole", authors="O'Brien, Flann"),
    ]
    places = [
        made.index(r) + 1 for r in made if r.id in ids(catalogue.search(session, text))
    ]
    assert places == found


def test_a_record_is_shown_with_its_provenance(session: Session, make: Maker) -> None:
    """Fields, members, hits with the request, payloads, edits and removals."""
    make.team()
    one, two = make.record("Trust"), make.record("Trust, again", source="crossref")
    two.cluster_id = one.id
    session.flush()
    records.edit(session, two.id, change=("year", "2001"), why="print", by="lead")
    found: dict[str, Any] = catalogue.shown(session, two.id)
    assert (found["title"], found["year"]) == ("Trust, again", 2001)
    members = [row["record_id"] for row in found["members"]]
    assert members == [one.id, two.id]
    (hit,) = found["provenance"]
    assert (hit["strategy"], hit["kind"]) == ("s-crossref", "search")
    assert hit["request"]["params"] == {"search": "trust"}
    (edit,) = found["edits"]
    assert (edit["field"], edit["person"], edit["why"]) == ("year", "lead", "print")
    assert found["payload"] == {"id": two.source_id, "title": "Trust, again"}
    assert json.dumps(found, default=str)


def test_an_unknown_record_is_told(session: Session, make: Maker) -> None:
    """The refusal says which ids there are."""
    record = make.record()
    with pytest.raises(NotFoundError, match=f"no record {record.id + 1}"):
        catalogue.shown(session, record.id + 1)
