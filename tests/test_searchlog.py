"""What was searched, read from the tables: runs, counts and overlaps."""

from __future__ import annotations

import pytest
from making import Maker
from searching import ALONE, BEGUN, SAID, STRATEGY, Archive, everything
from sqlalchemy.orm import Session
from team import every_kind, start

from litreview import flow, searchlog
from litreview.searchlog import without_secrets
from litreview.vocabulary import Found, PairVerdict, RunKind, RunStatus


def test_runs_tell_what_was_asked_and_what_came(session: Session) -> None:
    """A run has its query, strategy, parameters, address and counts."""
    everything(session)
    log = searchlog.read(session)
    first, ranked = log.runs[:2]
    assert (first.query, first.source, first.kind) == (
        "one",
        "openalex",
        RunKind.SEARCH,
    )
    assert first.params == {"filter": "search:one trust", "sort": "asc"}
    assert first.address == "https://api.openalex.org/works?filter=search%3Aone"
    assert (first.stored, first.new, first.pages) == (4, 4, 1)
    assert first.asked is not None
    assert first.asked.text == STRATEGY + SAID
    assert (first.started - BEGUN).total_seconds() == 3600
    assert (ranked.keep, ranked.reported, ranked.expected) == (2, 50, 2)
    again = log.runs[2]
    assert (again.stored, again.new) == (2, 1)  # W4 was there already


def test_counts_are_of_records_each_once(session: Session) -> None:
    """By way and source, every record once; a citation found before stays there."""
    everything(session)
    log = searchlog.read(session)
    assert log.sources == {
        "database": {"Crossref": 2, "ERIC": 2, "OpenAlex": 5},
        "register": {"ISRCTN": 1},
        "website": {"manual": 1},
        "organisation": {"manual": 1},
        "citation": {"OpenAlex": 3, "manual": 1},
    }
    assert log.records == 16
    found = [(one.query, one.source, one.stored, one.unique) for one in log.queries]
    assert found == [
        ("one", "crossref", 2, 2),
        ("one", "openalex", 4, 3),
        ("two", "openalex", 2, 1),
    ]


def test_overlap_counts_reports(session: Session) -> None:
    """A report counts once, in exactly the sources and queries that found it."""
    everything(session)
    log = searchlog.read(session)
    assert dict(log.by_source.shared) == {
        ("OpenAlex",): 2,
        ("OpenAlex", "Crossref"): 1,
        ("OpenAlex", "Crossref", "ERIC"): 1,
        ("Citation searching", "OpenAlex"): 1,
        ("Citation searching",): 4,
        ("ERIC",): 1,
        ("ISRCTN",): 1,
        ("Websites",): 1,
        ("Organisations",): 1,
    }
    assert log.by_source.total == 13
    assert dict(log.by_query.shared) == {("one",): 3, ("two",): 1, ("one", "two"): 1}


def test_a_source_without_a_hit_is_there(session: Session) -> None:
    """What was searched in vain is told, with zero."""
    archive = Archive(session)
    archive.search("one", "openalex", [])
    log = searchlog.read(session)
    assert log.by_source.sets == {"OpenAlex": 0}
    assert log.by_query.sets == {"one": 0}
    assert [one.stored for one in log.queries] == [0]


def test_finds_are_told_once_as_said_last(session: Session) -> None:
    """The same find with another address is one find, at the new address."""
    archive = Archive(session)
    archive.find("m1", url="https://example.org/old")
    archive.find("m1", url="https://me:pw@example.org/new?api_key=s3cret&x=1")
    (find,) = searchlog.read(session).finds
    assert find.url == "https://example.org/new?x=1"
    assert (find.organisation, find.accessed) == ("A ministry", "2026-02-03")


@pytest.mark.parametrize(
    ("address", "kept"),
    [
        ("https://api.org/works?a=1%2C2&b=", "https://api.org/works?a=1%2C2&b="),
        ("https://api.org/w?mailto=a%40b.org&a=1", "https://api.org/w?a=1"),
        ("https://api.org/w?API_KEY=x&email=y&token=z", "https://api.org/w"),
        ("http://me:secret@127.0.0.1:80/w?a=1", "http://127.0.0.1:80/w?a=1"),
        ("", ""),
        ("file:report.pdf", "file:report.pdf"),
    ],
)
def test_addresses_keep_no_secret(address: str, kept: str) -> None:
    """Keys, mail addresses and passwords go; the rest is left as it was sent."""
    assert without_secrets(address) == kept


def test_strategies_stand_as_they_were_run(session: Session) -> None:
    """Each version is told with its runs; one that cannot be read says so."""
    archive = Archive(session)
    archive.search("one", "openalex", ["W1"], text=ALONE)
    archive.search("one", "openalex", ["W1"], text=STRATEGY + SAID)
    archive.search("old", "openalex", ["W1"], text="title: of another form")
    log = searchlog.read(session)
    read = [run.asked.strategy is not None for run in log.runs if run.asked]
    assert read == [True, True, False]
    assert log.newest["one"].text == STRATEGY + SAID
    assert log.written == {
        "old": {},
        "one": {"peer_review": "Two librarians reviewed it (PRESS)."},
    }


def test_todays_words_are_kept_apart(session: Session) -> None:
    """What today's file says otherwise is `later`; queries never run are left out."""
    archive = Archive(session)
    archive.search("one", "openalex", ["W1"], text=STRATEGY + SAID)
    said = {"peer_review": "Two librarians reviewed it (PRESS).", "contacts": "None."}
    log = searchlog.read(session, {"one": said, "new": {"contacts": "x"}})
    assert log.later == {"one": {"contacts": "None."}}
    assert log.written["one"].keys() == {"peer_review"}


def test_saved_queries_without_a_run_are_named(session: Session) -> None:
    """What is saved today and was never asked anywhere is `unrun`."""
    Archive(session).search("one", "openalex", ["W1"])
    assert searchlog.read(session, {"two": {}, "one": {}, "a": {}}).unrun == (
        "a", "two",
    )  # fmt: skip
    assert searchlog.read(session).unrun == ()


def test_runs_again_are_compared(session: Session) -> None:
    """A run of the same search again tells what was added and is gone."""
    archive = Archive(session)
    archive.search("one", "openalex", ["W1", "W2"])
    archive.search("one", "openalex", ["W2", "W3", "W4"])
    first, second = searchlog.read(session).changes
    assert first.against is None
    assert (len(second.added or ()), len(second.gone or ())) == (2, 1)


def test_the_newest_whole_run_speaks_for_a_query(session: Session) -> None:
    """Totals of a run since a day say nothing of the whole search."""
    archive = Archive(session)
    archive.search("one", "openalex", ["W1", "W2"], reported=2)
    archive.search(
        "one", "openalex", ["W3"], reported=1, request={"since": "2026-05-01"}
    )
    (count,) = searchlog.read(session).queries
    assert (count.newest.reported, count.stored, len(count.runs)) == (2, 3, 2)


def test_rejected_items_and_bad_ends_are_told(session: Session) -> None:
    """Items set aside count by problem; a run that broke off says why."""
    archive = Archive(session)
    run = archive.search(
        "one",
        "openalex",
        ["W1"],
        expected=9,
        status=RunStatus.INCOMPLETE,
        problem="8 did not come",
        finished_at=None,
    )
    for problem in ("no title", "no title", "no id"):
        archive.reject(run, problem)
    (told,) = searchlog.read(session).runs
    assert told.rejected == {"no id": 1, "no title": 2}
    assert (told.complete, told.problem, told.finished) == (
        False,
        "8 did not come",
        None,
    )


def test_verdicts_in_force_are_counted(session: Session, make: Maker) -> None:
    """A pair's verdict counts once, as the last word on it says."""
    team = start(session, make)
    a, b, c = make.records(3)
    make.pair(a, b, PairVerdict.DUPLICATE, team.ann)
    make.pair(a, b, PairVerdict.WITHDRAWN, team.ann)
    make.pair(a, c, PairVerdict.SAME_STUDY, team.bob)
    told = searchlog.read(session).dedupe
    assert told.verdicts == {("person", "same_study"): 1}
    assert told.decided == {"person": 3}
    assert told.passes == ()


def test_the_counts_are_those_of_the_flow(session: Session, make: Maker) -> None:
    """With records of every kind, sources and duplicates equal the PRISMA boxes."""
    team = start(session, make)
    every_kind(team)
    log, found = searchlog.read(session), flow.flow(session)
    assert log.sources[Found.DATABASE] == found.per_source
    assert log.sources[Found.REGISTER] == found.register_per_source
    assert sum(log.sources[Found.WEBSITE].values()) == found.counts["website_results"]
    assert log.dedupe.removed == found.counts["duplicates"] == 1
    assert log.dedupe.other_removed == found.counts["other_duplicates"] == 2
    assert log.removed == 3
