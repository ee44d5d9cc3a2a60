"""What was searched, as values: the runs, the finds, and what they came to.

`searchlog` reads these from the database, `searchreport` puts them into words. A run
is one source asked once; what it asked and what the file of its strategy said that
day are part of it, so the log tells of the searches as they were, whatever the files
say today. Counts are of records, each a (source, id) of its own, never of hits: a
record that five searches find is one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from litreview import flow
from litreview.changes import Change
from litreview.prisma import Flow
from litreview.searches import LIMIT, SINCE
from litreview.strategy import Strategy
from litreview.upset import Overlap
from litreview.vocabulary import DATABASE_COLUMN, Found, RunKind, RunStatus

# What other methods are called where they stand beside the databases.
WAYS = {
    Found.WEBSITE: "Websites",
    Found.ORGANISATION: "Organisations",
    Found.CITATION: "Citation searching",
}


@dataclass(frozen=True)
class Asked:
    """A strategy as its file stood when it was run; `strategy` None: unreadable."""

    id: int
    name: str
    sha256: str
    text: str
    at: datetime
    strategy: Strategy | None


@dataclass(frozen=True)
class Run:
    """One source asked once, and what came of it.

    `asked` is empty for what is no saved search. `address` is that of the first page,
    `stored` the records that it met, `new` those that no run had met before, `ways`
    how they count in PRISMA, `rejected` the items that were no records, by problem.
    """

    id: int
    kind: str
    source: str
    asked: Asked | None
    request: Mapping[str, object]
    client: str
    service: str
    status: str
    reported: int | None
    expected: int | None
    problem: str
    started: datetime
    finished: datetime | None
    pages: int
    walks: int
    address: str
    stored: int
    new: int
    ways: Mapping[str, int]
    rejected: Mapping[str, int]

    @property
    def query(self) -> str:
        """Return the name of its strategy, or nothing."""
        return "" if self.asked is None else self.asked.name

    @property
    def params(self) -> dict[str, str]:
        """Return the parameters sent, by name: PostgreSQL keeps no order."""
        sent = self.request.get("params")
        told = sent.items() if isinstance(sent, dict) else ()
        return {str(key): str(value) for key, value in sorted(told)}

    @property
    def trouble(self) -> str:
        """Return what went wrong and why, without the advice that was given then."""
        return self.problem.partition(" Fix: ")[0]

    @property
    def complete(self) -> bool:
        """Whether nothing was left to fetch."""
        return self.status == RunStatus.COMPLETE

    @property
    def keep(self) -> int | None:
        """Return how many of a ranking were kept; None: all."""
        return whole_number(self.request.get("keep"))

    @property
    def since(self) -> str:
        """Return the day since which it asked for what is new; empty: for all."""
        return str(self.request.get(SINCE) or "")

    @property
    def limit(self) -> int | None:
        """Return the most records that `--limit` left it."""
        return whole_number(self.request.get(LIMIT))


@dataclass(frozen=True)
class Find:
    """A record that a person found and described."""

    record_id: int
    title: str
    organisation: str
    url: str
    accessed: str
    found: str


@dataclass(frozen=True)
class QueryCount:
    """What one query met at one source; `unique` no other query met there."""

    query: str
    source: str
    runs: tuple[Run, ...]
    stored: int
    unique: int

    @property
    def newest(self) -> Run:
        """Return the run whose totals speak for it: the newest that asked for all."""
        whole = [run for run in self.runs if not run.since]
        return (whole or list(self.runs))[-1]


@dataclass(frozen=True)
class Dedupe:
    """How duplicates were found: the machine's passes, and verdicts in force.

    `passes` are (moment, records compared, parameters), `verdicts` (machine or
    person, verdict) -> pairs in force, `decided` the same of all that was ever said.
    `removed` is the PRISMA box; `other_removed` that of the other methods.
    """

    passes: tuple[tuple[datetime, int, Mapping[str, object]], ...]
    verdicts: Mapping[tuple[str, str], int]
    decided: Mapping[str, int]
    waiting: int
    removed: int
    other_removed: int


@dataclass(frozen=True)
class Log:
    """Everything that the search report tells.

    `sources` has PRISMA's way -> label -> records. `by_source` and `by_query` say in
    exactly which of them each report was found; `removed` records left before
    screening for another reason than being duplicates. `written` are people's words:
    query -> field of `prisma_s` -> text, and `later` the same of today's files where
    they say something else. `unrun` names the saved queries that were never run.
    """

    runs: tuple[Run, ...]
    finds: tuple[Find, ...]
    sources: Mapping[str, Mapping[str, int]]
    queries: tuple[QueryCount, ...]
    by_source: Overlap
    by_query: Overlap
    changes: tuple[Change, ...]
    dedupe: Dedupe
    seeds: Mapping[str, str]
    records: int
    removed: int
    prisma: Flow
    written: Mapping[str, Mapping[str, str]]
    later: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    unrun: tuple[str, ...] = ()

    def of(self, *kinds: RunKind) -> list[Run]:
        """Return the runs of these kinds, in the order of time."""
        return [run for run in self.runs if run.kind in kinds]

    @property
    def names(self) -> list[str]:
        """Return the queries that were run, by name."""
        return sorted({run.query for run in self.runs if run.query})

    @property
    def newest(self) -> dict[str, Asked]:
        """Return query -> its strategy as it was run last."""
        return {run.query: run.asked for run in self.runs if run.asked is not None}


def whole_number(value: object) -> int | None:
    """Return a whole number as it is; nothing for anything else."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def label(source: str) -> str:
    """Return a source as a reader knows it."""
    return flow.SOURCE_LABELS.get(source, source)


def where(run: Run, way: str) -> str:
    """Return where a record that counts in this way was found by this run."""
    if run.kind == RunKind.CITATION:
        return WAYS[Found.CITATION]
    if run.kind == RunKind.MANUAL and way not in DATABASE_COLUMN:
        return WAYS[Found(way)]
    return label(run.source)
