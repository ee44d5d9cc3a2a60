"""What is kept of Crossref's ranking, and where a known item stands in it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest
from harvesting import join, settings, strategy, works, workspace
from sqlalchemy import Engine

from litreview import db, harvest, ranking, searches
from litreview.demo.server import Fault, serve
from litreview.ranking import Ranking, same_year
from litreview.searches import Saved
from litreview.strategy import KnownItem
from litreview.workspace import Workspace
from litreview.yamlfile import Node

# The works rank so: 5, 12, 19, 4, 11, 18, 6, 13, ... (see `crossref_work`).
TITLE = "Teacher trust trust trust trust trust trust  in school 5"


def item(
    title: str = "T", doi: str | None = None, year: int | None = None
) -> KnownItem:
    """Return a known item."""
    return KnownItem(title, doi, None, year, "", Node(Path("a.yaml"), 1, None))


def harvested(
    engine: Engine, space: Workspace, *, faults: Sequence[Fault] = ()
) -> dict[str, Ranking]:
    """Harvest twenty works of Crossref and return what was kept."""
    plan = searches.plan(space, sources=["crossref"])
    with serve(*works(0, 20), crossref_page=4) as server:
        server.faults.extend(faults)
        harvest.harvest(
            lambda work: db.write(engine, work),
            plan,
            by="lead",
            settings=settings(server),
        )
    return stored(engine, [searches.read(space, "trust")])


def stored(engine: Engine, saved: Sequence[Saved]) -> dict[str, Ranking]:
    """Return the rankings as they stand."""
    return db.read(engine, lambda session: ranking.rankings(session, saved))


def test_items_stand_where_the_newest_harvest_put_them(
    tmp_path: Path, engine: Engine
) -> None:
    """By DOI, or by title and year; below the cut nothing stands."""
    space = workspace(tmp_path, trust=strategy(8))
    assert stored(engine, [searches.read(space, "trust")]) == {}
    join(engine)
    kept = harvested(engine, space)["trust"]
    found = kept.place(item(doi="10.5555/cr.12"))
    assert found is not None
    assert found.rank == 2
    named = kept.place(item(TITLE, year=2006))
    assert named is not None
    assert named.rank == 1
    assert kept.place(item(TITLE, year=2015)) is None
    assert kept.place(item(TITLE, doi="10.5555/other")) is None
    assert kept.place(item(doi="10.5555/cr.7")) is None
    assert kept.kept == 8
    assert kept.cut_off is not None
    assert (found.score or 0.0) >= kept.cut_off > 0


def test_a_ranking_that_was_not_cut_has_no_cut_off(
    tmp_path: Path, engine: Engine
) -> None:
    """Where all of the answer is kept, no score parts what is seen from the rest."""
    join(engine)
    kept = harvested(engine, workspace(tmp_path, trust=strategy(100)))["trust"]
    assert (kept.kept, kept.cut_off) == (20, None)


def test_a_strategy_changed_since_is_told(tmp_path: Path, engine: Engine) -> None:
    """The newest run counts, and says that it is another text's."""
    join(engine)
    space = workspace(tmp_path, trust=strategy(8))
    assert not harvested(engine, space)["trust"].outdated
    workspace(tmp_path, trust=strategy(3))
    saved = [searches.read(space, "trust")]
    assert stored(engine, saved)["trust"].outdated
    newer = harvested(engine, space)["trust"]
    assert (newer.kept, newer.outdated) == (3, False)


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [(2006, 2006, True), (2006, 2007, True), (2006, 2008, False), (None, 1, True)],
)
def test_a_year_more_or_less_is_the_same(
    one: int | None, other: int | None, *, same: bool
) -> None:
    """Print and online differ by one; an unknown year may be any."""
    assert same_year(one, other) is same
    assert same_year(other, one) is same
