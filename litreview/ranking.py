"""What Crossref's ranking gave a strategy, as the newest harvest kept it.

Crossref ranks and never ends, so a strategy keeps the best rows and no more. A work
is found if it is among them; where, with which score, and what the last one kept
had, tells how near the cut it stands.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from litreview.models import HarvestRun, Hit, Record, SearchStrategy
from litreview.searches import Saved
from litreview.strategy import KnownItem
from litreview.text import title_key
from litreview.vocabulary import RunKind
from litreview.workspace import sha256

# A report online in December is printed in January: services differ by a year.
YEARS_APART = 1


class Place(NamedTuple):
    """Where a record stands in a ranking."""

    rank: int
    score: float | None


@dataclass(frozen=True)
class Ranking:
    """What the newest Crossref harvest of a strategy kept.

    `places` are keyed by DOI and `titles` by title key, with the year. `cut_off` is
    the score of the last row kept; `outdated` tells that the file has changed since.
    """

    places: Mapping[str, Place]
    titles: Mapping[str, Sequence[tuple[int | None, Place]]]
    kept: int
    cut_off: float | None
    outdated: bool

    def place(self, item: KnownItem) -> Place | None:
        """Return where an item stands, by its DOI or else its title and year."""
        if item.doi:
            return self.places.get(item.doi)
        for year, place in self.titles.get(title_key(item.title), ()):
            if same_year(item.year, year):
                return place
        return None


def rankings(session: Session, saved: Sequence[Saved]) -> dict[str, Ranking]:
    """Return what the newest Crossref harvest of each strategy kept, if any."""
    found = {}
    for each in saved:
        name = each.strategy.name
        run = session.execute(
            select(HarvestRun, SearchStrategy.sha256)
            .join(SearchStrategy, SearchStrategy.id == HarvestRun.strategy_id)
            .where(
                SearchStrategy.name == name,
                HarvestRun.source == "crossref",
                HarvestRun.kind == RunKind.SEARCH,
            )
            .order_by(HarvestRun.id.desc())
            .limit(1)
        ).one_or_none()
        if run is not None:
            outdated = run[1] != sha256(each.text)
            found[name] = _ranking(session, run[0], outdated=outdated)
    return found


def _ranking(session: Session, run: HarvestRun, *, outdated: bool) -> Ranking:
    query = (
        select(Record.doi, Record.title, Record.year, Hit.rank, Hit.score)
        .join(Hit, Hit.record_id == Record.id)
        .where(Hit.run_id == run.id)
        .order_by(Hit.rank)
    )
    places: dict[str, Place] = {}
    titles: dict[str, list[tuple[int | None, Place]]] = {}
    rows = session.execute(query).all()
    for doi, title, year, rank, score in rows:
        place = Place(rank, score)
        titles.setdefault(title_key(title), []).append((year, place))
        if doi:
            places.setdefault(doi, place)
    cut = bool(rows) and (run.reported or 0) > len(rows)
    score = rows[-1].score if cut else None
    return Ranking(places, titles, len(rows), score, outdated)


def same_year(one: int | None, other: int | None) -> bool:
    """Tell whether two years may be one work's; an unknown one may be any."""
    return one is None or other is None or abs(one - other) <= YEARS_APART
