"""What a search brings against the time before."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TypeVar

import harvesting
import pytest
from harvesting import crossref_work, join, openalex_work
from living import ask, asked, of
from sqlalchemy import Engine, select

from litreview import changes, db, searches
from litreview.changes import Change
from litreview.demo.server import Fault, Spoil
from litreview.models import HarvestRun, RawRecord, Record
from litreview.searches import Search
from litreview.vocabulary import RunStatus

T = TypeVar("T")


@pytest.fixture
def team(engine: Engine) -> Engine:
    """Return a database with a lead."""
    join(engine)
    return engine


def told(engine: Engine) -> list[Change]:
    """Return the history of all searches."""
    return db.read(engine, changes.history)


def ids_of(engine: Engine, *numbers: int) -> list[int]:
    """Return the record ids of works by number."""
    names = [f"W{n}" for n in numbers] + [f"10.5555/cr.{n}" for n in numbers]
    query = select(Record.id).where(Record.source_id.in_(names)).order_by(Record.id)
    return db.read(engine, lambda session: list(session.scalars(query)))


def dated(engine: Engine, run_id: int, when: datetime) -> None:
    """Let a run have begun at another time."""
    with db.transaction(engine) as session:
        session.get_one(HarvestRun, run_id).started_at = when


# -- the history -----------------------------------------------------------------


def test_a_whole_run_is_compared_with_the_one_before(
    team: Engine, tmp_path: Path
) -> None:
    """Added, changed and gone are told by record; the first run added all."""
    ask(team, asked(tmp_path), of(1, 2, 3))
    again = [*of(1), openalex_work(2, title="Teacher trust, corrected"), *of(4)]
    ask(team, asked(tmp_path), again)
    first, second = told(team)
    assert (first.added, first.changed, first.gone) == (ids_of(team, 1, 2, 3), [], [])
    assert first.against is None
    assert second.added == ids_of(team, 4)
    assert second.changed == ids_of(team, 2)
    assert second.gone == ids_of(team, 3)
    assert (second.against, second.versions) == (first.run_id, 1)
    assert (second.strategy, second.source, second.found) == ("trust", "openalex", 3)
    assert second.client.startswith("pyalex")


def test_counters_change_nothing(team: Engine, tmp_path: Path) -> None:
    """Works that were only cited anew have no other version, and are not changed."""
    ask(team, asked(tmp_path), of(1, 2, cited_by_count=1, updated_date="2026-01-01"))
    (result,) = ask(team, asked(tmp_path), of(1, 2, cited_by_count=5))
    assert (result.versions, result.changed) == (0, 0)
    second = told(team)[1]
    assert (second.versions, second.changed, second.added) == (0, [], [])


def test_a_version_need_not_be_a_change(team: Engine, tmp_path: Path) -> None:
    """A payload with other topics is kept; nothing was said of the work itself."""
    ask(team, asked(tmp_path), of(1))
    (result,) = ask(team, asked(tmp_path), of(1, topics=[{"id": "T1"}]))
    assert (result.versions, result.changed) == (1, 0)
    assert (told(team)[1].versions, told(team)[1].changed) == (1, [])
    query = select(RawRecord.version).order_by(RawRecord.version)
    assert db.read(team, lambda s: list(s.scalars(query))) == [1, 2]


def test_a_notice_is_a_change(team: Engine, tmp_path: Path) -> None:
    """A retraction that the service tells later shows as changed."""
    ask(team, asked(tmp_path), of(1, 2))
    ask(team, asked(tmp_path), [*of(1), *of(2, is_retracted=True)])
    assert told(team)[1].changed == ids_of(team, 2)


def test_runs_of_another_source_or_name_are_not_compared(
    team: Engine, tmp_path: Path
) -> None:
    """Each strategy on each source has its own line of runs."""
    text = harvesting.strategy()
    space = harvesting.workspace(tmp_path, one=text, two=text)
    both = searches.plan(space, sources=["openalex"])
    ask(team, both, of(1, 2))
    ask(team, both[1:], of(1))
    one, two, two_again = told(team)
    assert (one.strategy, two.strategy, two_again.strategy) == ("one", "two", "two")
    assert (two.gone, two_again.gone) == ([], ids_of(team, 2))
    assert [c.run_id for c in db.read(team, lambda s: changes.history(s, ["one"]))] == [
        one.run_id
    ]


def test_an_incomplete_run_tells_nothing_and_is_no_measure(
    team: Engine, tmp_path: Path
) -> None:
    """Its records are not taken for all; the next whole run looks past it."""
    ask(team, asked(tmp_path), of(1, 2))
    changed = [replace(s, text=s.text + "# again\n") for s in asked(tmp_path)]
    ask(team, changed, [*of(1), *of(1), *of(3)])
    ask(team, asked(tmp_path), of(1, 2, 3))
    first, second, third = told(team)
    assert second.status == RunStatus.INCOMPLETE
    assert (second.added, second.gone) == (None, None)
    assert third.against == first.run_id
    assert (third.added, third.gone) == (ids_of(team, 3), [])


def pending(
    engine: Engine, planned: list[Search], days: int = 0
) -> tuple[list[str], list[str]]:
    """Return the names of what is asked and of what waits, so many days from now."""
    now = datetime.now(UTC) + timedelta(days=days)
    asked_now, waiting = db.read(engine, lambda s: changes.pending(s, planned, now=now))
    return [each.name for each in asked_now], [each.name for each in waiting]


def test_what_is_unfinished_comes_first_and_what_is_fresh_waits(
    team: Engine, tmp_path: Path
) -> None:
    """Else a spent budget goes on the first searches each day and ends at none."""
    text = harvesting.strategy()
    space = harvesting.workspace(tmp_path, a=text, b=text, c=text)
    plan = searches.plan(space, sources=["openalex"])
    spent = [Fault("openalex", 2, status=429, retry_after="9000")]
    ask(team, plan, of(1), faults=spent)
    assert pending(team, plan) == (["b", "c"], ["a"])
    assert pending(team, plan, days=8) == (["b", "c", "a"], [])
    ask(team, plan[1:2], of(1))
    assert pending(team, plan[:2]) == (["a", "b"], [])
    assert pending(team, plan) == (["c"], ["a", "b"])
    ask(team, plan[2:], of(1))
    assert pending(team, plan) == (["a", "b", "c"], [])


def test_another_question_is_not_finished(team: Engine, tmp_path: Path) -> None:
    """Neither a limited run nor one since a day has answered the whole search."""
    ask(team, asked(tmp_path, limit=1), of(1, 2))
    (search,) = asked(tmp_path)
    day = searches.since(search, date(2026, 1, 1))
    other = replace(search, name="other")
    ask(team, [day, other], of(1))
    assert pending(team, [search, other]) == (["trust"], ["other"])
    assert pending(team, [day, search]) == (["trust"], ["trust"])


def test_a_limit_is_no_other_wording(team: Engine, tmp_path: Path) -> None:
    """A limited run asked the same as the whole one before it, only for fewer."""
    ask(team, asked(tmp_path), of(1, 2))
    ask(team, asked(tmp_path, limit=1), of(1, 2))
    assert [change.reworded for change in told(team)] == [False, False]


def test_a_limited_run_is_no_measure(team: Engine, tmp_path: Path) -> None:
    """What it left out is not gone, and not added by the next; a wide limit is none."""
    ask(team, asked(tmp_path), of(1, 2, 3))
    ask(team, asked(tmp_path, limit=1), of(1, 2, 3))
    ask(team, asked(tmp_path), of(1, 2, 3))
    ask(team, asked(tmp_path, limit=50), of(1, 2))
    first, limited, third, wide = told(team)
    assert (limited.added, limited.gone, limited.limit) == ([], None, 1)
    assert (third.against, third.added) == (first.run_id, [])
    assert (wide.against, wide.gone) == (third.run_id, ids_of(team, 3))


def test_another_question_is_told_beside_the_numbers(
    team: Engine, tmp_path: Path
) -> None:
    """Gone may be due to the strategy then; a comment in its file changes nothing."""
    ask(team, asked(tmp_path), of(1, 2))
    commented = [replace(s, text=s.text + "# note\n") for s in asked(tmp_path)]
    ask(team, commented, of(1, 2))
    (search,) = asked(tmp_path)
    params = {**search.request.params}
    params["filter"] += ",type:article"
    reworded = replace(search, request=replace(search.request, params=params))
    ask(team, [reworded], of(1))
    assert [change.reworded for change in told(team)] == [False, False, True]


def test_the_cut_off_of_a_ranking_is_told(team: Engine, tmp_path: Path) -> None:
    """With how many were kept of how many; where all were kept there is none."""
    many = [crossref_work(n) for n in range(1, 31)]
    ask(team, asked(tmp_path, "crossref", keep=12), [], many, crossref_page=5)
    ask(team, asked(tmp_path, "crossref", keep=50), [], many)
    first, second = told(team)
    assert (first.reported, first.found, first.pages) == (30, 12, 3)
    assert first.cut_off is not None
    assert first.cut_off > 0
    assert (second.found, second.cut_off) == (30, None)


def test_a_ranking_of_thousands_is_walked_page_by_page(
    team: Engine, tmp_path: Path
) -> None:
    """Keeping more than a page can hold takes many pages, and no slices by date."""
    many = [crossref_work(n) for n in range(1, 1301)]
    search = asked(tmp_path, "crossref", keep=1100)
    (result,) = ask(team, search, [], many)
    (change,) = told(team)
    assert (result.found, result.complete) == (1100, True)
    assert (change.pages, change.cut_off is not None) == (11, True)


# -- since ------------------------------------------------------------------------


def since(engine: Engine, search: Search, day: date | None = None) -> Search:
    """Return the search since a day, or since the last time."""
    return db.read(engine, lambda session: changes.since(session, search, day))


def test_since_asks_for_what_is_new_or_changed(team: Engine, tmp_path: Path) -> None:
    """The filter is sent, the run remembers the day, its total is its own."""
    (search,) = asked(tmp_path)
    old = of(1, 2, updated_date="2025-01-01T00:00:00")
    ask(team, [search], old)
    new = [
        *old[:1],
        *of(2, title="Teacher trust again", updated_date="2026-02-01T10:00:00"),
    ]
    new += of(3, updated_date="2026-03-01T00:00:00")
    day = date(2026, 2, 1)
    (result,) = ask(team, [since(team, search, day)], new)
    assert (result.reported, result.expected, result.found) == (2, 2, 2)
    run = told(team)[1]
    assert (run.since, run.added, run.gone) == ("2026-02-01", ids_of(team, 3), None)
    assert run.changed == ids_of(team, 2)
    query = select(HarvestRun.request).order_by(HarvestRun.id.desc())
    request = db.read(team, lambda s: s.scalars(query).first())
    assert isinstance(request, dict)
    assert request["params"]["filter"].endswith(",from_updated_date:2026-02-01")


def test_crossref_is_asked_by_its_index(team: Engine, tmp_path: Path) -> None:
    """from-index-date goes with the strategy's own filters."""
    (search,) = asked(tmp_path, "crossref")
    asked_for = since(team, search, date(2026, 2, 1)).request.params["filter"]
    assert asked_for == (
        search.request.params["filter"] + ",from-index-date:2026-02-01"
    )


def test_a_run_since_a_day_never_tells_what_is_gone(
    team: Engine, tmp_path: Path
) -> None:
    """The next whole run is compared with the whole run before, not with it."""
    (search,) = asked(tmp_path)
    ask(team, [search], of(1, 2))
    ask(team, [since(team, search, date(2026, 1, 1))], of(3, updated_date="2026-02-01"))
    ask(team, [search], of(1, 3))
    first, middle, last = told(team)
    assert (middle.gone, middle.against) == (None, first.run_id)
    assert last.against == first.run_id
    assert (last.added, last.gone) == (ids_of(team, 3), ids_of(team, 2))


def test_the_last_time_is_when_a_complete_run_began(
    team: Engine, tmp_path: Path
) -> None:
    """Not when it ended, and never an incomplete one; without any it is whole."""
    (search,) = asked(tmp_path)
    assert since(team, search) == search
    ask(team, [search], [*of(1), *of(1)])
    assert since(team, search) == search
    ask(team, [search], of(1, 2))
    (run,) = told(team)
    dated(team, run.run_id, datetime(2026, 3, 1, 23, 59, tzinfo=UTC))
    assert since(team, search).facts["since"] == "2026-03-01"


def test_runs_since_a_day_carry_the_last_time_on_only_without_a_gap(
    team: Engine, tmp_path: Path
) -> None:
    """A run that asked since a later day than the last one left something out."""
    (search,) = asked(tmp_path)
    ask(team, [search], of(1))
    ask(team, [since(team, search, date(2026, 5, 1))], of(2, updated_date="2026-06-01"))
    whole, gap = told(team)
    dated(team, whole.run_id, datetime(2026, 3, 1, 12, tzinfo=UTC))
    dated(team, gap.run_id, datetime(2026, 6, 1, 12, tzinfo=UTC))
    last = since(team, search)
    assert last.facts["since"] == "2026-03-01"
    ask(team, [last], of(2, updated_date="2026-06-01"))
    dated(team, told(team)[2].run_id, datetime(2026, 7, 1, 12, tzinfo=UTC))
    assert since(team, search).facts["since"] == "2026-07-01"


def test_a_changed_strategy_starts_whole(team: Engine, tmp_path: Path) -> None:
    """Older works may match what is new in it; a limited run counts neither."""
    (search,) = asked(tmp_path)
    ask(team, asked(tmp_path, limit=1), of(1, 2))
    assert since(team, search) == search
    ask(team, [search], of(1))
    params = {**search.request.params, "filter": "title.search:trust"}
    other = replace(search, request=replace(search.request, params=params))
    assert since(team, other) == other
    assert since(team, search) != search


def test_a_ranking_since_a_day_goes_no_lower_than_before(
    team: Engine, tmp_path: Path
) -> None:
    """The best of a few new works would be below what the whole ranking keeps."""
    day = "2026-06-01T00:00:00Z"
    works = [crossref_work(n) for n in range(1, 31)]
    (search,) = asked(tmp_path, "crossref", keep=12)
    ask(team, [search], [], works)
    cut = told(team)[0].cut_off
    assert cut is not None
    fresh = {"indexed": {"date-time": day, "date-parts": [[2026, 6, 1]]}}
    low = crossref_work(101, title=["A school for trust and all else"], **fresh)
    high = crossref_work(102, title=["Teacher trust"], **fresh)
    asked_for = since(team, search, date(2026, 5, 1))
    assert asked_for.facts["floor"] == cut
    (result,) = ask(team, [asked_for], [], [*works, low, high])
    assert (result.reported, result.found, result.complete) == (2, 1, True)
    assert told(team)[1].added == ids_of(team, 102)


def test_a_ranking_with_nothing_above_the_floor_is_complete(
    team: Engine, tmp_path: Path
) -> None:
    """Nothing new of any rank is an answer, too."""
    (search,) = asked(tmp_path, "crossref")
    asked_for = searches.since(search, date(2026, 5, 1), floor=1e9)
    fresh = {"indexed": {"date-parts": [[2026, 6, 1]]}}
    (result,) = ask(team, [asked_for], [], [crossref_work(1, **fresh)])
    assert (result.reported, result.found, result.complete) == (1, 0, True)


def test_a_lost_answer_in_a_run_since_a_day_is_walked_again(
    team: Engine, tmp_path: Path
) -> None:
    """The floor holds in the second walk as in the first."""
    works = [
        crossref_work(n, indexed={"date-parts": [[2026, 6, 1]]}) for n in range(1, 20)
    ]
    (search,) = asked(tmp_path, "crossref", keep=50)
    asked_for = searches.since(search, date(2026, 5, 1), floor=0.0)
    lost = [Fault("crossref", 2, spoil=Spoil.TRUNCATED)]
    (result,) = ask(team, [asked_for], [], works, crossref_page=6, faults=lost)
    assert (result.found, result.complete) == (19, True)
