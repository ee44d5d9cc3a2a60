"""The main job on demonstration data, from the searches to the exports."""

from __future__ import annotations

import csv
import json
import shutil
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import pytest
from sqlalchemy import Engine, func, select
from sqlalchemy.orm import Session

from litreview import audit, checks, db, prisma, trace, workspace
from litreview.demo import example
from litreview.demo.generator import Truth, demo_works
from litreview.demo.run import SEED, STAMP, Plan, run, services, untouched
from litreview.errors import WorkspaceError
from litreview.models import CandidatePair, HarvestPage, HarvestRun, Record, Resolution
from litreview.prisma import OPEN_BOXES
from litreview.synthesis import SurveyItem

ROOT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Shown:
    """A finished demonstration."""

    root: Path
    exports: Path
    told: list[str]

    @property
    def engine(self) -> Engine:
        """The workspace's database."""
        return db.engine_for(workspace.at(self.root).database_url)

    def prisma(self) -> dict[str, object]:
        """Return the exported boxes."""
        found = json.loads((self.exports / "prisma.json").read_text("utf-8"))
        assert isinstance(found, dict)
        return found


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Shown:
    """Run the demonstration once."""
    root = tmp_path_factory.mktemp("demo") / "demo"
    told: list[str] = []
    exported = run(Plan(root, "dana"), told.append)
    return Shown(root, exported, told)


def truth() -> Truth:
    """Return what the demonstration's records really are."""
    cited = example.cited(ROOT / "screening" / "example")
    return demo_works(cited, seed=SEED)[2]


def test_the_numbers_are_whole_and_nothing_is_open(shown: Shown) -> None:
    """Every box is an integer or a mapping of integers; no work is left open."""
    boxes = shown.prisma()
    for name, value in boxes.items():
        parts = value.values() if isinstance(value, dict) else [value]
        assert all(isinstance(part, int) and part >= 0 for part in parts), name
    assert {box: boxes[box] for box in OPEN_BOXES} == dict.fromkeys(OPEN_BOXES, 0)
    assert boxes["interim"] is False


def test_the_numbers_add_up(shown: Shown) -> None:
    """The published identities hold, worked out here from the exported file."""
    box = shown.prisma()
    number = {k: v for k, v in box.items() if isinstance(v, int)}
    sources, reasons = box["database_specific_results"], box["dbr_excluded"]
    assert isinstance(sources, dict)
    assert isinstance(reasons, dict)
    assert number["database_results"] == sum(sources.values())
    assert set(sources) == {"OpenAlex", "Crossref"}
    removed = number["duplicates"] + number["excluded_automatic"]
    removed += number["excluded_other"]
    found = number["database_results"] + number["register_results"]
    assert number["records_screened"] == found - removed
    sought = number["dbr_sought_reports"]
    assert sought == number["records_screened"] - number["records_excluded"]
    assert number["dbr_assessed"] == sought - number["dbr_notretrieved_reports"]
    kept = number["dbr_assessed"] - sum(reasons.values()) + number["other_assessed"]
    assert number["new_reports"] == kept
    assert 0 < number["new_studies"] < number["new_reports"]
    for interesting in ("duplicates", "excluded_automatic", "dbr_notretrieved_reports"):
        assert number[interesting] > 0, interesting


def test_everything_that_is_stored_holds_together(shown: Shown) -> None:
    """All invariants hold in the demonstration's database."""
    found = db.read(shown.engine, checks.run)
    assert {name: told for name, told in found.items() if told} == {}


def test_each_service_answers_in_at_least_three_pages(shown: Shown) -> None:
    """The larger searches take three pages or more from each service."""

    def pages(session: Session) -> dict[str, int]:
        query = (
            select(HarvestRun.source, func.count())
            .join(HarvestPage, HarvestPage.run_id == HarvestRun.id)
            .group_by(HarvestRun.id, HarvestRun.source)
        )
        most: Counter[str] = Counter()
        for source, number in session.execute(query):
            most[source] = max(most[source], number)
        return dict(most)

    most = db.read(shown.engine, pages)
    assert most["openalex"] >= 3
    assert most["crossref"] >= 3


def test_the_real_clients_asked_once_for_each_page(tmp_path: Path) -> None:
    """The requests that the server counted are the pages that the runs stored."""
    from litreview.demo.run import prepare, search  # noqa: PLC0415

    plan = Plan(tmp_path / "demo", "dana")
    show = prepare(plan, lambda _line: None)
    with services(plan) as server:
        search(show, server)
        asked = Counter(request.service for request in server.requests)
    query = (
        select(HarvestRun.source, func.count())
        .join(HarvestPage, HarvestPage.run_id == HarvestRun.id)
        .group_by(HarvestRun.source)
    )
    stored = db.read(show.engine, lambda session: session.execute(query).all())
    assert dict(asked) == dict(stored)


def test_no_pair_of_different_works_is_merged(shown: Shown) -> None:
    """Nothing was merged that is not one work, and few duplicates were missed."""
    real = truth().works

    def clusters(session: Session) -> list[list[tuple[str, str]]]:
        rows = session.execute(
            select(Record.cluster_id, Record.source, Record.source_id)
        )
        groups: dict[int, list[tuple[str, str]]] = {}
        for cluster, source, source_id in rows:
            if (source, source_id) in real:
                groups.setdefault(cluster, []).append((source, source_id))
        return list(groups.values())

    found = db.read(shown.engine, clusters)
    together = {pair for group in found for pair in combinations(sorted(group), 2)}
    harvested = {record for group in found for record in group}
    wanted = {pair for pair in truth().duplicates() if set(pair) <= harvested}
    assert {pair for pair in together if real[pair[0]] != real[pair[1]]} == set()
    assert len(together & wanted) >= 0.97 * len(wanted)
    by_doi = db.read(shown.engine, _doi_of)
    no_doi = [pair for pair in wanted if by_doi[pair[0]] != by_doi[pair[1]]]
    assert len(no_doi) >= len(wanted) / 2


def _doi_of(session: Session) -> dict[tuple[str, str], str]:
    rows = session.execute(select(Record.source, Record.source_id, Record.doi))
    return {(source, source_id): doi for source, source_id, doi in rows}


def test_at_least_twenty_items_have_whole_traces(shown: Shown) -> None:
    """Every item of the instrument walks back to a document, link by link."""

    def items(session: Session) -> tuple[int, dict[int, trace.BrokenTraceError]]:
        number = session.scalar(select(func.count(SurveyItem.id))) or 0
        return number, trace.broken(session)

    number, broken = db.read(shown.engine, items)
    assert number >= 20
    assert broken == {}


def test_the_construct_table_lists_the_whole_codebook(shown: Shown) -> None:
    """Each of the 118 constructs has its row, with studies, quotes and items."""
    with (shown.exports / "constructs.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert len({row["construct"] for row in rows}) == 118
    assert sum(int(row["items"]) > 0 for row in rows) >= 20
    assert any(row["gap"] for row in rows)


def test_another_seed_gives_other_conflicts(shown: Shown, tmp_path: Path) -> None:
    """The simulated votes depend on the seed, and only on it."""
    other = tmp_path / "other"
    run(Plan(other, "dana", seed=SEED + 1), lambda _line: None)

    def settled(session: Session) -> set[int]:
        return set(session.scalars(select(Resolution.record_id)))

    first = db.read(shown.engine, settled)
    second = db.read(Shown(other, other, []).engine, settled)
    assert first
    assert second
    assert first != second


def test_a_demonstration_is_made_anew_only_on_demand(
    shown: Shown, tmp_path: Path
) -> None:
    """One that somebody has worked in, or any other folder in use, is left alone."""
    assert untouched(shown.root)
    mine = shown.root / "queries" / "mine.yaml"
    mine.write_text("title: mine\n", "utf-8")
    with pytest.raises(WorkspaceError, match="somebody has worked in it"):
        run(Plan(shown.root, "dana"), lambda _line: None)
    mine.unlink()
    assert (shown.exports / "prisma.svg").is_file()
    mine = tmp_path / "mine"
    mine.mkdir()
    (mine / "thesis.txt").write_text("years of work", "utf-8")
    with pytest.raises(WorkspaceError, match="in use"):
        run(Plan(mine, "dana", again=True), lambda _line: None)
    assert (mine / "thesis.txt").read_text("utf-8") == "years of work"
    assert (shown.root / STAMP).is_file()


def test_one_more_row_means_that_somebody_worked_there(
    shown: Shown, tmp_path: Path
) -> None:
    """A stored act counts as work, as a file does; a half-made one is nobody's."""
    copy = tmp_path / "copy"
    shutil.copytree(shown.root, copy)
    assert untouched(copy)
    engine = db.engine_for(workspace.at(copy).database_url)
    db.write(engine, lambda session: audit.note(session, "test.act", by=None).id)
    engine.dispose()
    assert not untouched(copy)
    (copy / STAMP).write_text("made, but not to the end\n", "utf-8")
    assert untouched(copy)


@pytest.fixture(scope="module")
def real(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shown]:
    """Run the same job once on the recorded and re-shaped real works."""
    root = tmp_path_factory.mktemp("real") / "demo"
    told: list[str] = []
    exported = run(Plan(root, "dana", records=shared / "data"), told.append)
    yield Shown(root, exported, told)
    shutil.rmtree(root)


@pytest.mark.shared
def test_the_job_runs_on_real_records(real: Shown) -> None:
    """The leadership search finds several hundred works in each service."""

    def hits(session: Session) -> dict[str, int]:
        runs = session.scalars(select(HarvestRun).where(HarvestRun.fetched > 0))
        return {
            run.source: run.fetched
            for run in runs
            if run.strategy_id is not None and run.fetched >= 300
        }

    assert set(db.read(real.engine, hits)) == {"openalex", "crossref"}
    found = db.read(real.engine, checks.run)
    assert {name: told for name, told in found.items() if told} == {}
    boxes = real.prisma()
    assert boxes["interim"] is False
    assert not any(boxes[box] for box in prisma.OPEN_BOXES)


@pytest.mark.shared
def test_real_records_with_one_doi_and_title_are_one_report(real: Shown) -> None:
    """Records of the two services that agree on DOI and title are merged."""

    def apart(session: Session) -> list[tuple[str, str]]:
        one, other = Record.__table__.alias(), Record.__table__.alias()
        query = select(one.c.source_id, other.c.source_id).where(
            one.c.source == "openalex",
            other.c.source == "crossref",
            one.c.doi == other.c.doi,
            one.c.doi != "",
            one.c.title_key == other.c.title_key,
            one.c.year == other.c.year,
            one.c.cluster_id != other.c.cluster_id,
        )
        return [(a, b) for a, b in session.execute(query)]

    def merged(session: Session) -> int:
        query = select(func.count()).where(Record.cluster_id != Record.id)
        return session.scalar(query) or 0

    assert db.read(real.engine, apart) == []
    assert db.read(real.engine, merged) >= 200
    asked = db.read(
        real.engine,
        lambda session: session.scalar(
            select(func.count()).where(CandidatePair.proposal == "unsure")
        ),
    )
    assert (asked or 0) <= 20
