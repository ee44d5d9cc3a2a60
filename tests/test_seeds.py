"""What seeds promises: every work behind a start is found, or its lack is told."""

from __future__ import annotations

from pathlib import Path

import pytest
from harvesting import openalex_work, settings, strategy, workspace
from making import Maker
from sqlalchemy.orm import Session
from team import TA, start

from litreview import seeds
from litreview.demo.server import Fault, serve
from litreview.errors import InputFileError, NotFoundError, ServiceError, UsageError
from litreview.models import Record
from litreview.seeds import Resolved, Start
from litreview.vocabulary import Direction, Found, PairVerdict

DOI = "10.5555/oa.{}"


def resolved(
    starts: list[Start], *works: dict[str, object], faults: tuple[Fault, ...] = ()
) -> Resolved:
    """Resolve starts against a service that knows these works."""
    with serve(works, []) as server:
        server.faults.extend(faults)
        return seeds.resolve(starts, settings(server)["openalex"])


def merge(make: Maker, *records: Record) -> None:
    """Let a person judge records to be one report."""
    lead = make.person("lead")
    for other in records[1:]:
        make.pair(records[0], other, PairVerdict.DUPLICATE, lead)
        other.cluster_id = records[0].id
    make.session.flush()


def test_words_and_ids_are_told_apart() -> None:
    """Two words mean many records; anything else that is no id is refused."""
    assert seeds.asked(["included", "12", "benchmark", "3"]) == (
        {"included", "benchmark"},
        [12, 3],
    )
    for wrong in (["incldued"], ["-1"], ["1.5"], ["\u0663"], ["9" * 30], [""], []):
        with pytest.raises(UsageError):
            seeds.asked(wrong)


def test_included_are_the_reports_settled_after_full_text(
    session: Session, make: Maker
) -> None:
    """A report that lacks a vote, or is excluded, is no seed: its votes stay unseen."""
    people = make.review("ann", "bob")
    kept, waiting, excluded = make.records(3)
    make.include(kept, *people)
    make.include(waiting, people[0])
    make.include(excluded, *people, verdict="exclude")
    found = seeds.starts(session, {"included"})
    assert [one.works for one in found] == [((kept.source_id, kept.id),)]


def test_without_an_included_report_there_is_nothing_to_start_from(
    session: Session, make: Maker
) -> None:
    """It is said so, with what else there is."""
    team = start(session, make)
    team.both(make.record(), TA, "include")
    with pytest.raises(NotFoundError, match="no report is included") as refused:
        seeds.starts(session, {"included"})
    assert "benchmark" in refused.value.fix


def test_all_copies_of_a_report_that_openalex_has_are_seeds(
    session: Session, make: Maker
) -> None:
    """It counts the citations of each apart; the report may be named by any member."""
    make.person("lead", "lead")
    file = make.record(source="a library", source_id="1")
    first = make.record(source_id="W1")
    second = make.record(source_id="W2")
    merge(make, file, first, second)
    found = seeds.starts(session, set(), ids=[second.id, file.id])
    assert len(found) == 1
    told = resolved(found, openalex_work(1), openalex_work(2))
    assert [(seed.work, seed.record_id) for seed in told.seeds] == [
        ("W1", first.id),
        ("W2", second.id),
    ]
    assert (told.unresolved, told.remarks) == ({}, [])


def test_a_record_of_another_source_is_looked_up_by_its_doi(
    session: Session, make: Maker
) -> None:
    """The seed's record is the one that has the DOI; asking for it is free."""
    record = make.record(source="crossref", source_id="c", doi=DOI.format(7))
    found = seeds.starts(session, set(), ids=[record.id])
    with serve([openalex_work(7)], []) as server:
        told = seeds.resolve(found, settings(server)["openalex"])
        (request,) = server.requests
    assert "?" not in request.path
    assert "filter" not in request.query
    assert [(seed.work, seed.record_id) for seed in told.seeds] == [("W7", record.id)]


def test_what_leads_to_no_work_is_told_with_its_reason(
    session: Session, make: Maker
) -> None:
    """No DOI, a DOI that is unknown, a work that is gone: none is left out silently."""
    grey = make.record("Grey", source="manual", source_id="m", found=Found.WEBSITE)
    unknown = make.record("Unknown", source="crossref", doi=DOI.format(99))
    gone = make.record("Gone", source_id="W50")
    ids = [grey.id, unknown.id, gone.id]
    told = resolved(seeds.starts(session, set(), ids=ids), openalex_work(1))
    assert told.seeds == []
    assert told.unresolved == {
        f"record {grey.id}: Grey": "it has neither an OpenAlex id nor a DOI",
        f"record {unknown.id}: Unknown": (
            "OpenAlex has no work with the DOI 10.5555/oa.99"
        ),
        f"record {gone.id}: Gone": (
            "OpenAlex no longer has W50: it was deleted or merged"
        ),
    }


def test_the_doi_leads_on_from_a_work_that_is_gone(
    session: Session, make: Maker
) -> None:
    """A merged work is found again under its new id, and the change is told."""
    record = make.record("Moved", source_id="W50", doi=DOI.format(3))
    told = resolved(seeds.starts(session, set(), ids=[record.id]), openalex_work(3))
    assert [(seed.work, seed.record_id) for seed in told.seeds] == [("W3", record.id)]
    (remark,) = told.remarks
    assert "no longer has W50" in remark


def test_a_refused_id_is_that_start_s_own_problem(
    session: Session, make: Maker
) -> None:
    """A bad request says nothing of the others; a service that is down stops all."""
    one, two = make.record(source_id="W1"), make.record(source_id="W2")
    found = seeds.starts(session, set(), ids=[one.id, two.id])
    works = openalex_work(1), openalex_work(2)
    told = resolved(found, *works, faults=(Fault("openalex", 1, status=400),))
    assert [seed.work for seed in told.seeds] == ["W2"]
    assert len(told.unresolved) == 1
    down = tuple(Fault("openalex", n, status=401) for n in range(1, 9))
    with pytest.raises(ServiceError):
        resolved(found, *works, faults=down)


def test_the_lengths_come_with_the_work(session: Session, make: Maker) -> None:
    """What OpenAlex tells of its lists is kept; what it does not tell is not 0."""
    ids = [make.record(source_id=f"W{n}").id for n in (1, 2)]
    told = openalex_work(1, cited_by_count=7, referenced_works=["a", "b"])
    found = seeds.starts(session, set(), ids=ids)
    one, two = resolved(found, told, openalex_work(2)).seeds
    assert one.lengths == {Direction.FORWARD: 7, Direction.BACKWARD: 2}
    assert two.lengths == {}


# -- the benchmark -------------------------------------------------------------------

KNOWN = """
known_items:
  - {title: Held, doi: 10.5555/OA.1}
  - {title: Not held, doi: 10.5555/oa.2}
  - {title: By its id, openalex: W3}
  - {title: A grey report, note: it has no DOI}
"""


def test_known_items_are_seeds_held_or_not(
    session: Session, make: Maker, tmp_path: Path
) -> None:
    """One that a record holds is that record; else the title says what it is."""
    space = workspace(tmp_path, a=strategy() + KNOWN, b=strategy() + KNOWN)
    held = make.record(source_id="W1", doi=DOI.format(1))
    items = seeds.known_items(space)
    found = seeds.starts(session, {"benchmark"}, items=items)
    told = resolved(found, *(openalex_work(n) for n in (1, 2, 3)))
    assert [(s.work, s.record_id, s.known) for s in told.seeds] == [
        ("W1", held.id, ""),
        ("W2", None, "Not held"),
        ("W3", None, "By its id"),
    ]
    assert list(told.unresolved) == ["known item: A grey report"]


def test_a_benchmark_that_is_missing_or_broken_is_told(
    session: Session, tmp_path: Path
) -> None:
    """Without known items there is no seed; a file with an error is refused."""
    space = workspace(tmp_path)
    with pytest.raises(NotFoundError, match="known items"):
        seeds.starts(session, {"benchmark"}, items=seeds.known_items(space))
    broken = strategy() + "\nknown_items: [{doi: 10.1/x}]\n"
    with pytest.raises(InputFileError):
        seeds.known_items(workspace(tmp_path, trust=broken))


# -- the next round ------------------------------------------------------------------


def test_the_next_round_starts_from_what_only_citations_brought(
    session: Session, make: Maker
) -> None:
    """Records of searches, removed ones and earlier seeds are left out."""
    team = start(session, make)
    make.record(source_id="W1")
    only, gone, asked = (
        make.record(source_id=f"W{n}", found=Found.CITATION) for n in (2, 3, 4)
    )
    team.remove(gone, "reason")
    run = make.run().id
    found = seeds.met_by(session, [run], but={asked.source_id})
    assert [(seed.work, seed.record_id) for seed in found] == [("W2", only.id)]
    assert seeds.met_by(session, [run + 1], but=set()) == []
