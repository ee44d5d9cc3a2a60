"""What was searched, as values: what a run says of itself, and where it searched."""

from __future__ import annotations

from dataclasses import replace

from searching import Archive, everything
from sqlalchemy.orm import Session

from litreview import searchlog
from litreview.searched import label, where, whole_number
from litreview.vocabulary import Found, RunKind


def test_a_request_of_any_shape_is_read(session: Session) -> None:
    """Parts of a request that are missing or odd are nothing, not an error."""
    Archive(session).search("one", "openalex", [])
    (run,) = searchlog.read(session).runs
    odd = replace(run, request={"params": None, "keep": "many", "limit": True})
    plain = replace(run, request={"keep": 5, "limit": 5, "since": "2026-01-02"})
    assert (odd.params, odd.keep, odd.limit, odd.since) == ({}, None, None, "")
    assert (plain.keep, plain.limit, plain.since) == (5, 5, "2026-01-02")


def test_numbers_are_whole_or_nothing() -> None:
    """True is no number, and neither is text."""
    assert [whole_number(v) for v in (3, 0, True, "3", None, 2.0)] == [
        *(3, 0),
        *(None, None, None, None),
    ]


def test_services_are_called_as_readers_know_them() -> None:
    """A service has its name, a file's source the name that its importer gave."""
    assert label("openalex") == "OpenAlex"
    assert label("my library") == "my library"


def test_a_place_is_told_by_how_the_record_came(session: Session) -> None:
    """Searches and files name their source, other methods PRISMA's word for them."""
    everything(session)
    runs = searchlog.read(session).runs
    kinds = {run.kind: run for run in runs}
    assert where(kinds[RunKind.SEARCH], Found.DATABASE) == "OpenAlex"
    assert where(kinds[RunKind.FILE], Found.REGISTER) == "ISRCTN"
    assert where(kinds[RunKind.CITATION], Found.DATABASE) == "Citation searching"
    assert where(kinds[RunKind.MANUAL], Found.WEBSITE) == "Websites"


def test_runs_are_found_by_kind_and_name(session: Session) -> None:
    """Kinds keep the order of time; names are those of the queries that were run."""
    everything(session)
    log = searchlog.read(session)
    assert log.names == ["one", "two"]
    ids = [run.id for run in log.of(RunKind.MANUAL, RunKind.FILE)]
    assert ids == sorted(ids)
    assert len(ids) == 5
    assert log.newest["two"].name == "two"
