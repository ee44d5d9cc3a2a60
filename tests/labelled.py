"""Strategies run over labelled works, by the real harvest and a local server."""

from __future__ import annotations

import csv
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from harvesting import join, settings
from making import REVIEW
from sqlalchemy import select

from litreview import db, harvest, searches, yamlfile
from litreview.demo.server import Server
from litreview.models import Hit, Record
from litreview.queries import (
    Strategy,
    block_request,
    compile_request,
    narrowed,
    parse_strategy,
)
from litreview.sources import openalex
from litreview.workspace import Workspace

STRATEGIES = Path(__file__).parent / "strategies"
# Which strategy was written for the topic of which labelled review.
REVIEWS = {
    "Jeyaraman_2020": "jeyaraman-2020",
    "Oud_2018": "oud-2018",
    "Sep_2021": "sep-2021",
    "van_der_Valk_2021": "van-der-valk-2021",
}


@dataclass(frozen=True)
class Yield:
    """What one block brings: works with it alone, and works lost by adding it.

    `relevant_lost` are those of the lost ones that were labelled relevant.
    """

    block: str
    alone: int
    lost: int
    relevant_lost: int


@dataclass(frozen=True)
class Outcome:
    """What a strategy found, measured by the labels of one review's works.

    `found` are all the ids that it found; `relevant` the labelled ones, `hit` those
    of them that it found. `among` counts what it found of the review's own works.
    """

    found: frozenset[str]
    relevant: int
    hit: int
    among: int

    @property
    def recall(self) -> float:
        """The share of the relevant works that is found."""
        return self.hit / self.relevant

    @property
    def precision(self) -> float:
        """The share of relevant works in what is found of the review's works."""
        return self.hit / max(1, self.among)


def read_strategy(name: str) -> Strategy:
    """Return one of the strategies for the tests."""
    path = STRATEGIES / f"{name}.yaml"
    return parse_strategy(yamlfile.parse(path.read_text("utf-8"), path), name=name)


def read_labels(path: Path) -> dict[str, dict[str, bool]]:
    """Return review -> OpenAlex id -> was it included."""
    labels: dict[str, dict[str, bool]] = {}
    with path.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            included = row["label_included"] == "1"
            labels.setdefault(row["dataset"], {})[row["openalex_id"]] = included
    return labels


def run(root: Path, server: Server, names: Sequence[str]) -> dict[str, list[Place]]:
    """Harvest these strategies into a new database; return what each run found.

    The result is keyed "strategy source"; places come in the order of the ranks.
    """
    for folder in ("screening", "db", "queries"):
        (root / folder).mkdir()
    (root / "screening" / "review.yaml").write_text(REVIEW, "utf-8")
    for name in names:
        text = (STRATEGIES / f"{name}.yaml").read_text("utf-8")
        (root / "queries" / f"{name}.yaml").write_text(text, "utf-8")
    engine = db.engine_for(f"sqlite:///{root / 'db' / 'review.sqlite'}")
    db.create(engine)
    join(engine)
    results = harvest.harvest(
        lambda work: db.write(engine, work),
        searches.plan(Workspace(root)),
        by="lead",
        settings=settings(server),
    )
    assert all(result.complete for result in results), results
    runs = {r.run_id: f"{r.search.name} {r.search.source}" for r in results}
    query = (
        select(Hit.run_id, Record.source_id, Record.title, Hit.rank, Hit.score)
        .join(Record, Record.id == Hit.record_id)
        .order_by(Hit.run_id, Hit.rank)
    )
    found: dict[str, list[Place]] = {name: [] for name in runs.values()}
    for run_id, source_id, title, rank, score in db.read(
        engine, lambda session: session.execute(query).all()
    ):
        found[runs[run_id]].append(Place(source_id, title, rank, score))
    engine.dispose()
    return found


@dataclass(frozen=True)
class Place:
    """A record where a run found it."""

    source_id: str
    title: str
    rank: int
    score: float | None


def judge(found: Collection[str], labels: Mapping[str, bool]) -> Outcome:
    """Compare what was found with the labels of one review."""
    relevant = {name for name, included in labels.items() if included}
    return Outcome(
        frozenset(found),
        len(relevant),
        len(relevant.intersection(found)),
        len(labels.keys() & set(found)),
    )


def yields(
    strategy: Strategy, server: Server, relevant: Collection[str] = ()
) -> list[Yield]:
    """Ask what each block brings; a block's loss is what the others find without it."""
    asked = settings(server)["openalex"]

    def counts(narrower: Strategy) -> tuple[int, int]:
        request = compile_request(narrower, "openalex")
        parts = narrowed(request, sorted(relevant))
        labelled = sum(openalex.count(part, asked) for part in parts)
        return openalex.count(request, asked), labelled

    whole, known = counts(strategy)
    told = []
    for block in strategy.blocks:
        rest = tuple(other for other in strategy.blocks if other is not block)
        without, kept = counts(replace(strategy, blocks=rest))
        alone = openalex.count(block_request(strategy, block), asked)
        told.append(Yield(block.name, alone, without - whole, kept - known))
    return told
