"""What citation searching promises: each seed's lists whole, each find tied to it."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

import harvesting
import pytest
from harvesting import join, openalex_work, plan
from making import Maker
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from litreview import (
    catalogue,
    db,
    flow,
    history,
    logbook,
    prisma,
    review,
    seeds,
    snowball,
    trace,
)
from litreview.demo.server import Fault, Server, Spoil, serve
from litreview.errors import NotAllowedError
from litreview.harvest import harvest
from litreview.models import HarvestRun, Hit, Person, RawRecord, Record
from litreview.runs import Result
from litreview.seeds import Seed
from litreview.snowball import Ask
from litreview.vocabulary import Direction, Found, PairVerdict, Role, RunKind
from litreview.walks import Write

T = TypeVar("T")
BOTH = Ask(tuple(Direction))
FORWARD = Ask((Direction.FORWARD,))
BACKWARD = Ask((Direction.BACKWARD,))

# Work -> what it cites. 1 is the seed: 2 and 3 are cited by it, 4, 5 and 8 cite it.
CITES = {1: [2, 3], 2: [7], 4: [1], 5: [1, 3], 6: [4], 8: [1, 4], 9: [6]}


def network(cites: dict[int, list[int]] = CITES) -> list[dict[str, object]]:
    """Return ten works that cite one another so; a larger number is a later work."""
    return [
        openalex_work(
            number,
            publication_year=2000 + number,
            publication_date=f"{2000 + number}-03-01",
            referenced_works=[
                f"https://openalex.org/W{n}" for n in cites.get(number, ())
            ],
        )
        for number in range(1, 11)
    ]


def writer(engine: Engine) -> Write:
    """Return what does a unit of work on this database."""

    def write(work: Callable[[Session], T], /) -> T:
        return db.write(engine, work)

    return write


def roll(
    write: Write, server: Server, ask: Ask = BOTH, *, rounds: int = 2, by: str = "lead"
) -> list[Result]:
    """Go through the rounds from record 1, as the command does."""
    settings = harvesting.settings(server)["openalex"]
    found = write(lambda s: seeds.starts(s, set(), ids=[1]))
    begun = seeds.resolve(found, settings).seeds
    return roll_from(write, server, begun, ask, rounds=rounds, by=by)


def roll_from(
    write: Write,
    server: Server,
    begun: Sequence[Seed],
    ask: Ask = BOTH,
    *,
    rounds: int = 1,
    by: str = "lead",
) -> list[Result]:
    """Go through the rounds from these seeds."""
    settings = harvesting.settings(server)["openalex"]
    call = write(lambda s: snowball.begin(s, ["1"], ask, by=by))
    results: list[Result] = []
    before: set[str] = set()
    for number in range(1, rounds + 1):
        searches = snowball.searches_of(begun, ask, number=number)
        done = snowball.run(write, searches, call=call, settings=settings)
        results += done
        if not all(result.complete for result in done):
            return results
        before |= {seed.work for seed in begun}
        begun = write(partial(snowball.following, results=done, before=before))
    write(lambda s: snowball.end(s, call, rounds=rounds))
    return results


def seed_record(engine: Engine, work: str = "W1") -> None:
    """Make the record to start from; a search has found it."""
    db.write(engine, lambda s: Maker(s).record(source_id=work))


def works_found(engine: Engine) -> dict[str, str]:
    """Return the work of each record -> how it was found."""
    rows = db.read(
        engine, lambda s: s.execute(select(Record.source_id, Record.found)).all()
    )
    return dict(rows)


def provenance(engine: Engine) -> set[tuple[str, str, str, object]]:
    """Return (work, seed, direction, the work of the seed's record) of each find."""

    def read(session: Session) -> set[tuple[str, str, str, object]]:
        names = dict(session.execute(select(Record.id, Record.source_id)).all())
        rows = session.execute(
            select(Hit, HarvestRun.request)
            .join(HarvestRun, HarvestRun.id == Hit.run_id)
            .where(HarvestRun.kind == RunKind.CITATION)
        )
        return {
            (
                names[hit.record_id],
                dict(request)["seed"],
                dict(request)["direction"],
                names.get(hit.seed_id or 0),
            )
            for hit, request in rows
        }

    return db.read(engine, read)


@pytest.fixture
def team(engine: Engine) -> Engine:
    """Return a database with a lead and the record to start from."""
    join(engine)
    seed_record(engine)
    return engine


@pytest.fixture
def server() -> Iterator[Server]:
    """Serve the network, two works a page."""
    with serve(network(), [], openalex_page=2) as running:
        yield running


# -- what is asked and what comes ---------------------------------------------------


def test_each_seed_and_direction_is_one_list(team: Engine, server: Server) -> None:
    """Forward asks what cites it, backward what it cites; no search is paid for."""
    forward, backward = roll(writer(team), server, rounds=1)
    assert (forward.search.name, forward.reported, forward.new) == ("W1 forward", 3, 3)
    assert (backward.search.name, backward.reported, backward.new) == (
        "W1 backward",
        2,
        2,
    )
    asked = [request.query for request in server.requests if "filter" in request.query]
    assert [query.split("&")[0] for query in asked] == [
        *["filter=cites:W1"] * 2,
        "filter=cited_by:W1",
    ]
    assert not any("search" in query for query in asked)
    assert works_found(team) == {
        "W1": Found.DATABASE,
        **{f"W{n}": Found.CITATION for n in (2, 3, 4, 5, 8)},
    }


def test_each_find_is_tied_to_the_seed_that_produced_it(
    team: Engine, server: Server
) -> None:
    """In the second round the seeds are what the first one added, and only that."""
    results = roll(writer(team), server)
    second = [r.search for r in results if r.search.facts["round"] == 2]
    assert {search.name.split()[0] for search in second} == {
        "W2",
        "W3",
        "W4",
        "W5",
        "W8",
    }
    assert provenance(team) == {
        *(("W" + n, "W1", "forward", "W1") for n in "458"),
        *(("W" + n, "W1", "backward", "W1") for n in "23"),
        ("W1", "W2", "forward", "W2"),
        ("W7", "W2", "backward", "W2"),
        ("W1", "W3", "forward", "W3"),
        ("W5", "W3", "forward", "W3"),
        ("W6", "W4", "forward", "W4"),
        ("W8", "W4", "forward", "W4"),
        ("W1", "W4", "backward", "W4"),
        ("W1", "W5", "backward", "W5"),
        ("W3", "W5", "backward", "W5"),
        ("W1", "W8", "backward", "W8"),
        ("W4", "W8", "backward", "W8"),
    }
    runs = db.read(team, lambda s: list(s.scalars(select(HarvestRun))))
    sent = [dict(run.request) for run in runs if run.kind == RunKind.CITATION]
    assert sent[0] == {
        "seed": "W1",
        "direction": "forward",
        "round": 1,
        "source": "openalex",
        "params": {"filter": "cites:W1", "sort": "publication_date:asc"},
        "page_size": 100,
        "keep": None,
    }


def test_years_and_a_limit_narrow_each_list(team: Engine, server: Server) -> None:
    """A limit keeps the newest works; the years go with the filter."""
    newest = Ask((Direction.FORWARD,), limit=1)
    (result,) = roll(writer(team), server, newest, rounds=1)
    assert (result.found, result.expected, result.complete) == (1, 1, True)
    assert set(works_found(team)) == {"W1", "W8"}
    early = Ask((Direction.FORWARD,), first_year=2005, last_year=2006)
    (result,) = roll(writer(team), server, early, rounds=1)
    assert result.search.request.params["filter"] == (
        "cites:W1,from_publication_date:2005-01-01,to_publication_date:2006-12-31"
    )
    assert set(works_found(team)) == {"W1", "W5", "W8"}


def test_an_empty_reference_list_is_told(team: Engine, server: Server) -> None:
    """Backward 0 is no answer about the work; a list that is not given is another."""
    write = writer(team)
    begun = [Seed("W10"), Seed("W10", lengths={Direction.BACKWARD: 4})]
    one, two = roll_from(write, server, begun, BACKWARD)
    assert snowball.remark(one, begun[0]) == snowball.NO_LIST
    assert "lists 4 references" in snowball.remark(two, begun[1])
    (three,) = roll_from(write, server, begun[:1], FORWARD)
    assert snowball.remark(three, begun[0]) == ""


def test_a_known_item_that_is_no_record_leads_to_records(
    team: Engine, server: Server
) -> None:
    """Its hits have no seed record; the request names the work and the known item."""
    begun = [Seed("W6", known="A known work")]
    roll_from(writer(team), server, begun)
    assert provenance(team) == {
        ("W9", "W6", "forward", None),
        ("W4", "W6", "backward", None),
    }

    def look(session: Session) -> None:
        record = session.scalars(select(Record).where(Record.source_id == "W9")).one()
        (hit,) = trace._hits(session, record)
        assert "seed_id" not in hit
        request = hit["request"]
        assert isinstance(request, dict)
        assert request["known_item"] == "A known work"

    db.read(team, look)


# -- nothing lost, nothing doubled -----------------------------------------------------


def test_records_that_are_there_keep_how_they_were_found(
    team: Engine, server: Server
) -> None:
    """A search had found W4: it gets a hit, and is no seed of the next round."""
    seed_record(team, "W4")
    results = roll(writer(team), server)
    assert works_found(team)["W4"] == Found.DATABASE
    assert not any(r.search.name.startswith("W4 ") for r in results)
    assert ("W4", "W1", "forward", "W1") in provenance(team)


def test_run_again_it_asks_for_what_is_new(team: Engine, server: Server) -> None:
    """Works that cite the seed by then are added, tied to it; nothing is doubled."""
    roll(writer(team), server)
    before = works_found(team)
    with serve(network(CITES | {10: [1]}), []) as later:
        forward, backward, *_ = roll(writer(team), later)
    assert (forward.reported, forward.new, forward.changed) == (4, 1, 0)
    assert (backward.new, backward.found) == (0, 2)
    assert works_found(team) == before | {"W10": Found.CITATION}
    kept = select(RawRecord.version).where(RawRecord.record_id != 1)
    # The payload that the test made for record 1 is not the service's.
    assert set(db.read(team, lambda s: list(s.scalars(kept)))) == {1}


class _PowerCutError(BaseException):
    """The process is gone."""


def cut_off(engine: Engine, after: int) -> Write:
    """Return a writer after whose n-th unit the process is gone."""
    done = 0

    def write(work: Callable[[Session], T], /) -> T:
        nonlocal done
        done += 1
        result = db.write(engine, work)
        if done == after:
            raise _PowerCutError
        return result

    return write


def test_stopped_anywhere_and_resumed_equals_undisturbed(tmp_path: Path) -> None:
    """At every tenth commit: the same records, hits and seeds; done lists stay done."""
    template = tmp_path / "template.sqlite"
    engine = db.engine_for(f"sqlite:///{template}")
    db.create(engine)
    join(engine)
    seed_record(engine)
    engine.dispose()
    with serve(network(), [], openalex_page=2) as server:
        calm = _copy(template, "calm")
        roll(writer(calm), server)
        wanted, pages = provenance(calm), len(server.requests)
        found = works_found(calm)
        calm.dispose()
        stops = 0
        for after in range(2, 50, 5):
            broken = _copy(template, str(after))
            asked = len(server.requests)
            try:
                roll(cut_off(broken, after), server)
            except _PowerCutError:
                stops += 1
                results = roll(writer(broken), server)
                assert all(result.complete for result in results)
            assert provenance(broken) == wanted
            assert works_found(broken) == found
            # Each list once; each start looks its seed up, and one page may come twice.
            assert len(server.requests) - asked <= pages + 2
            broken.dispose()
        assert stops > 5


def _copy(template: Path, name: str) -> Engine:
    path = template.with_stem(name)
    shutil.copy(template, path)
    return db.engine_for(f"sqlite:///{path}")


def test_faults_change_nothing(team: Engine, server: Server) -> None:
    """Busy answers, torn ones and pages of HTML are asked again."""
    spoils = [Spoil.TRUNCATED, Spoil.RESET, Spoil.HTML, Spoil.EMPTY]
    faults = [Fault("openalex", 3 * n + 2, spoil=s) for n, s in enumerate(spoils)]
    server.faults.extend([*faults, Fault("openalex", 1, status=503)])
    results = roll(writer(team), server)
    assert all(result.complete for result in results)
    assert len(works_found(team)) == 8


def test_a_service_that_goes_down_leaves_the_rest_for_later(
    team: Engine, server: Server
) -> None:
    """The list in hand and those after it are incomplete; status names the former."""
    write = writer(team)
    server.faults.extend(Fault("openalex", n, status=401) for n in range(3, 9))
    forward, backward = roll(write, server, rounds=2)
    assert not forward.complete
    assert backward.error is not None
    assert "not asked" in str(backward.error)
    db.write(team, lambda s: Maker(s).review())
    told = db.read(team, review.status)
    assert told.next_steps[0] == "litreview snowball --from ..."
    assert told.incomplete_runs == [f"run {forward.run_id}: W1 forward, citations"]
    server.faults.clear()
    again = roll(write, server)
    assert again[0].run_id == forward.run_id
    assert len(works_found(team)) == 8
    assert db.read(team, review.status).incomplete_runs == []


def test_another_call_does_not_go_on_with_this_one(
    team: Engine,
) -> None:
    """Only the same starts, directions and limits are the same call."""
    write = writer(team)
    first = write(lambda s: snowball.begin(s, ["1"], BOTH, by="lead"))
    other = write(lambda s: snowball.begin(s, ["1"], FORWARD, by="lead"))
    again = write(lambda s: snowball.begin(s, ["1", "1"], BOTH, by="lead"))
    assert (first.resumed, other.resumed, again.resumed) == (False, False, True)
    assert again.event_id == first.event_id
    write(lambda s: snowball.end(s, again, rounds=1))
    assert not write(lambda s: snowball.begin(s, ["1"], BOTH, by="lead")).resumed


# -- what it will take -----------------------------------------------------------------


def test_the_forecast_counts_each_list(team: Engine, server: Server) -> None:
    """One request and one credit a page; nothing is stored, and no list is left out."""
    searches = snowball.searches_of([Seed("W1"), Seed("W10")], BOTH, number=1)
    settings = harvesting.settings(server)["openalex"]
    told = snowball.forecast(searches, settings)
    assert [(one.reported, one.credits) for one in told] == [
        (3, 1),
        (2, 1),
        (0, 1),
        (0, 1),
    ]
    server.faults.extend(Fault("openalex", n, status=401) for n in range(6, 20))
    told = snowball.forecast(searches, settings)
    assert [one.reported for one in told] == [3, None, None, None]
    assert all(one.error for one in told[1:])
    assert set(works_found(team)) == {"W1"}


def test_the_size_of_a_round_is_known_from_its_works(server: Server) -> None:
    """Only lists whose length OpenAlex did not tell are counted."""
    settings = harvesting.settings(server)["openalex"]
    told = Seed("W5", lengths={Direction.FORWARD: 900, Direction.BACKWARD: 40})
    assert snowball.expected([told], BOTH, settings) == 940
    assert snowball.expected([told], Ask(tuple(Direction), limit=50), settings) == 90
    assert server.requests == []
    half = Seed("W1", lengths={Direction.FORWARD: 7})
    assert snowball.expected([half], BOTH, settings) == 9
    assert len(server.requests) == 1


# -- PRISMA ----------------------------------------------------------------------------


def boxes(engine: Engine) -> dict[str, int]:
    """Return the PRISMA numbers, which must add up."""
    found = db.read(engine, flow.flow)
    assert prisma.check(found) == []
    return dict(found.counts)


def test_finds_count_under_other_methods(team: Engine, server: Server) -> None:
    """What only citations brought stands under citation searching."""
    db.write(team, lambda s: Maker(s).protocol())
    roll(writer(team), server)
    found = boxes(team)
    assert (found["database_results"], found["citations_results"]) == (1, 7)
    assert (found["ta_unscreened"], found["other_ta_unscreened"]) == (1, 7)


@pytest.mark.parametrize("first", ["search", "citations"])
def test_what_a_database_finds_too_counts_there(
    team: Engine, server: Server, tmp_path: Path, first: str
) -> None:
    """Whichever came first: PRISMA's left column counts all that databases gave."""
    db.write(team, lambda s: Maker(s).protocol())
    searches = plan(tmp_path, sources=["openalex"], limit=4)
    write, settings = writer(team), harvesting.settings(server)
    if first == "citations":
        roll(write, server)
    harvest(write, searches, by="lead", settings=settings)
    if first == "search":
        roll(write, server)
    found = boxes(team)
    # The search finds W1 to W4; W5 to W8 come by citations alone.
    assert works_found(team) == {
        **{f"W{n}": Found.DATABASE for n in (1, 2, 3, 4)},
        **{f"W{n}": Found.CITATION for n in (5, 8)},
        **({f"W{n}": Found.CITATION for n in (6, 7)} if first == "citations" else {}),
    }
    assert found["database_results"] == 4
    assert found["citations_results"] == len(works_found(team)) - 4


def test_a_find_that_proves_a_duplicate_of_a_database_s_record(
    team: Engine, server: Server
) -> None:
    """Merged, the report is the database's; the find is a duplicate found elsewhere."""
    roll(writer(team), server, rounds=1)

    def merge(session: Session) -> None:
        make = Maker(session)
        make.protocol()
        query = select(Record).where(Record.source_id == "W4")
        find = session.scalars(query).one()
        held = make.record("Held", source="crossref", source_id="10.5555/x")
        lead = session.scalars(select(Person)).first()
        assert lead is not None
        make.pair(find, held, PairVerdict.DUPLICATE, lead)
        held.cluster_id = find.id

    db.write(team, merge)
    found = boxes(team)
    assert (found["database_results"], found["citations_results"]) == (2, 5)
    assert (found["other_duplicates"], found["duplicates"]) == (1, 0)
    assert (found["ta_unscreened"], found["other_ta_unscreened"]) == (2, 4)


# -- who, and what is told of it ------------------------------------------------------


@pytest.mark.parametrize("role", [Role.SCREENER, Role.ARBITER, Role.CODER, Role.READER])
def test_those_who_bring_in_records_may(
    team: Engine, server: Server, role: Role
) -> None:
    """A reader looks, and is refused before anything is noted."""
    join(team, "kim", role)
    if role is Role.READER:
        with pytest.raises(NotAllowedError):
            roll(writer(team), server, by="kim")
        assert set(works_found(team)) == {"W1"}
        return
    roll(writer(team), server, by="kim")
    assert len(works_found(team)) == 8


def test_record_log_and_trail_tell_the_seed(team: Engine, server: Server) -> None:
    """Each says which work led to a record, and what was asked of it."""
    roll(writer(team), server, rounds=1)

    def look(session: Session) -> None:
        query = select(Record).where(Record.source_id == "W2")
        find = session.scalars(query).one()
        shown: dict[str, Any] = catalogue.shown(session, find.id)
        (found,) = shown["provenance"]
        assert (found["kind"], found["strategy"], found["seed_id"]) == (
            "citation",
            None,
            1,
        )
        assert found["request"]["params"]["filter"] == "cited_by:W1"
        events = logbook.log(session, find.id, handle="lead").events
        assert [e["seed_id"] for e in events if e["kind"] == "hit"] == [1]
        (hit,) = trace._hits(session, find)
        assert hit["seed_id"] == 1
        trail = history.audit(session)
        runs = trail[trail["kind"] == "run.citation"]["detail"].tolist()
        assert runs[0] == "W1 forward; complete; 3 fetched"
        kinds = trail["kind"].tolist()
        assert (kinds.count("snowball.begun"), kinds.count("snowball.ended")) == (1, 1)

    db.read(team, look)
