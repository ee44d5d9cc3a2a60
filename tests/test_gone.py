"""What became of records that a search no longer finds."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import harvesting
import pytest
from harvesting import crossref_work, join, openalex_work
from living import ask, asked, of
from sqlalchemy import Engine, select

from litreview import db, gone
from litreview.demo.server import Fault, serve
from litreview.errors import ServiceError
from litreview.gone import Fate, Lost
from litreview.models import Record

if TYPE_CHECKING:
    from litreview.demo.records import Work


@pytest.fixture
def team(engine: Engine) -> Engine:
    """Return a database with a lead."""
    join(engine)
    return engine


def lost(engine: Engine) -> list[Lost]:
    """Return what is gone."""
    return db.read(engine, gone.listed)


def look(one: Lost, openalex: list[Work], crossref: list[Work] | None = None) -> Lost:
    """Ask a service that has these works."""
    with serve(openalex, crossref or []) as server:
        return gone.look(one, harvesting.settings(server)[one.source])


def test_what_the_newest_whole_run_no_longer_met_is_listed(
    team: Engine, tmp_path: Path
) -> None:
    """Only that: what went missing before and came back is not gone."""
    ask(team, asked(tmp_path), of(1, 2, 3))
    ask(team, asked(tmp_path), of(1))
    assert [each.source_id for each in lost(team)] == ["W2", "W3"]
    ask(team, asked(tmp_path), of(1, 2, 3))
    assert lost(team) == []


def test_what_is_gone_stays_gone_until_it_is_found_again(
    team: Engine, tmp_path: Path
) -> None:
    """A later run that finds as little forgets none; each names its first miss."""
    for found in (of(1, 2, 3), of(1, 2), of(1), of(1)):
        ask(team, asked(tmp_path), found)
    told = [(each.source_id, each.run_id) for each in lost(team)]
    assert told == [("W3", 2), ("W2", 3)]
    ask(team, asked(tmp_path), of(1, 3))
    assert [each.source_id for each in lost(team)] == ["W2"]


def test_the_three_fates_of_a_work(team: Engine, tmp_path: Path) -> None:
    """Unknown: deleted. Another id: merged, with the record we hold. Else: there."""
    ask(team, asked(tmp_path), of(1, 2))
    ask(team, asked(tmp_path), of(1))
    (one,) = lost(team)
    assert look(one, of(1)).fate == Fate.DELETED
    there = look(one, of(1, 2))
    assert (there.fate, there.now) == (Fate.NO_MATCH, "W2")
    # A service that answers for W2 with W1, as for a work that was merged.
    merged = replace(one, source_id="https://doi.org/10.5555/oa.1")
    found = look(merged, of(1))
    assert (found.fate, found.now) == (Fate.MERGED, "W1")
    query = select(Record.id).where(Record.source_id == "W1")
    held = db.read(team, lambda s: (gone.held(s, found).held, s.scalar(query)))
    assert held[0] == held[1]
    assert db.read(team, lambda s: gone.held(s, there)).held is None


def test_crossref_is_asked_by_doi(team: Engine, tmp_path: Path) -> None:
    """A work that has fallen below the cut is still there."""
    works = [crossref_work(n) for n in range(1, 4)]
    ask(team, asked(tmp_path, "crossref"), [], works)
    ask(team, asked(tmp_path, "crossref"), [], works[:2])
    (one,) = lost(team)
    assert look(one, [], works).fate == Fate.NO_MATCH
    assert look(one, [], works[:2]).fate == Fate.DELETED


def test_no_answer_is_no_fate(team: Engine, tmp_path: Path) -> None:
    """A service that refuses has not said that the work is deleted."""
    ask(team, asked(tmp_path), of(1, 2))
    ask(team, asked(tmp_path), [openalex_work(1)])
    (one,) = lost(team)
    with serve(of(1), []) as server:
        server.faults.append(Fault("openalex", 1, status=403))
        settings = harvesting.settings(server)["openalex"]
        with pytest.raises(ServiceError):
            gone.look(one, settings)
