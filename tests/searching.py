"""Runs, finds and imports as rows, for the tests of the search report."""

from __future__ import annotations

import hashlib
import itertools
import json
import zlib
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from litreview.models import (
    HarvestPage,
    HarvestRun,
    Hit,
    RawRecord,
    Record,
    RejectedItem,
    SearchStrategy,
)
from litreview.vocabulary import Found, RunKind, RunStatus

STRATEGY = """\
title: Trust in schools
purpose: To find how trust is measured.
research_questions: [RQ1]
sources: [openalex, crossref]
published: {from: 2000-01-01, to: 2026-06-30, why: The modern evidence.}
languages: {only: [en], why: We read English.}
blocks:
  people: [teacher, {term: buy-in, why: few extra works}]
  idea: [trust, relational trust]
openalex:
  types: {only: [article, review], why: Only these count.}
  filters: {has_abstract: "true"}
crossref:
  query: teacher trust
  keep: {rows: 20, why: Twenty can be read.}
"""
SAID = """\
prisma_s:
  peer_review: Two librarians reviewed it (PRESS).
"""
# A strategy that leaves a source out, and says so.
ALONE = STRATEGY.replace(
    "sources: [openalex, crossref]",
    "sources: [openalex]\nnot_searched: {crossref: It sees titles only.}",
).split("crossref:\n  query", maxsplit=1)[0]
BEGUN = datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC)


@dataclass
class Archive:
    """Makes what searching leaves behind, on one Session."""

    session: Session
    clock: datetime = BEGUN
    _numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    def strategy(self, name: str, text: str = STRATEGY) -> SearchStrategy:
        """Make, or return, a strategy as it was run."""
        digest = hashlib.sha256(text.encode()).hexdigest()
        found = self.session.scalar(
            select(SearchStrategy).where(
                SearchStrategy.name == name, SearchStrategy.sha256 == digest
            )
        )
        if found is None:
            found = SearchStrategy(name=name, sha256=digest, text=text, at=self.clock)
            self.session.add(found)
            self.session.flush()
        return found

    def run(
        self, kind: str, source: str, ids: Iterable[str], **more: Any
    ) -> HarvestRun:
        """Make a run that met these records, making those that are not there yet."""
        keys = list(ids)
        self.clock += timedelta(hours=1)
        found = more.pop("found", Found.DATABASE)
        scope, titles = more.pop("scope", ""), more.pop("titles", {})
        run = HarvestRun(
            kind=kind,
            source=source,
            **{
                "request": {},
                "status": RunStatus.COMPLETE,
                "reported": len(keys),
                "expected": len(keys),
                "started_at": self.clock,
                "finished_at": self.clock + timedelta(minutes=1),
                **more,
            },
        )
        self.session.add(run)
        self.session.flush()
        for rank, key in enumerate(keys, start=1):
            record = self._record(run, source, scope, key, found, titles.get(key, key))
            self.session.add(Hit(run_id=run.id, record_id=record.id, rank=rank))
        self.session.flush()
        return run

    def _record(  # noqa: PLR0917 - a row's columns
        self, run: HarvestRun, source: str, scope: str, key: str, found: str, title: str
    ) -> Record:
        at = (Record.source == source, Record.scope == scope, Record.source_id == key)
        record = self.session.scalar(select(Record).where(*at))
        if record is not None:
            return record
        record = Record(
            source=source, scope=scope, source_id=key, found=found, title=title
        )
        self.session.add(record)
        self.session.flush()
        record.cluster_id = record.id
        payload = json.dumps({"id": key}).encode()
        self.session.add(
            RawRecord(
                record_id=record.id,
                version=1,
                sha256=hashlib.sha256(payload).hexdigest(),
                payload=zlib.compress(payload),
                run_id=run.id,
            )
        )
        return record

    def search(
        self, name: str, source: str, ids: Iterable[str], **more: Any
    ) -> HarvestRun:
        """Make a search of a saved strategy with its first page."""
        strategy = self.strategy(name, more.pop("text", STRATEGY))
        params = more.pop("params", {"filter": f"search:{name} trust", "sort": "asc"})
        url = more.pop("url", f"https://api.{source}.org/works?filter=search%3A{name}")
        request = {"source": source, "params": params, "page_size": 100, "keep": None}
        request |= more.pop("request", {})
        run = self.run(
            RunKind.SEARCH,
            source,
            ids,
            strategy_id=strategy.id,
            request=request,
            client="aclient 1.0",
            **more,
        )
        if url:
            page = HarvestPage(run_id=run.id, walk=1, number=1, items=1, url=url)
            self.session.add(page)
        self.session.flush()
        return run

    def file(
        self, source: str, ids: Iterable[str], *, register: bool = False
    ) -> HarvestRun:
        """Make an import of a file."""
        keys = list(ids)
        digest = hashlib.sha256(source.encode()).hexdigest()
        request = {
            "file": f"{source}.csv",
            "sha256": digest,
            "format": "csv",
            "source": source,
            "rows": len(keys),
            "mapping": {},
        }
        found = Found.REGISTER if register else Found.DATABASE
        return self.run(
            RunKind.FILE, source, keys, request=request, scope=digest, found=found
        )

    def find(
        self, key: str, found: str = Found.WEBSITE, url: str = "https://example.org/r"
    ) -> HarvestRun:
        """Make a find by hand."""
        request = {
            "url": url,
            "accessed": "2026-02-03",
            "organisation": "A ministry",
            "found": found,
        }
        return self.run(RunKind.MANUAL, "manual", [key], request=request, found=found)

    def cite(
        self, seed: str, direction: str, ids: Iterable[str], place: int = 1
    ) -> HarvestRun:
        """Make a citation search from one work."""
        filters = {"forward": "cites", "backward": "cited_by"}
        request = {
            "seed": seed,
            "direction": direction,
            "round": place,
            "source": "openalex",
            "params": {"filter": f"{filters[direction]}:{seed}", "sort": "asc"},
            "keep": None,
        }
        return self.run(
            RunKind.CITATION, "openalex", ids, request=request, found=Found.CITATION
        )

    def reject(self, run: HarvestRun, problem: str = "no title") -> None:
        """Set an item of a run aside."""
        number = next(self._numbers)
        row = RejectedItem(
            run_id=run.id, sha256=str(number), payload=b"x", problem=problem
        )
        self.session.add(row)
        self.session.flush()

    def merge(self, *keys: str) -> None:
        """Make the records with these ids one cluster."""
        query = select(Record).where(Record.source_id.in_(keys)).order_by(Record.id)
        records = self.session.scalars(query).all()
        for record in records:
            record.cluster_id = records[0].id
        self.session.flush()


def everything(session: Session) -> Archive:
    """Make some of each: two queries on two services, files, finds and citations.

    W2 and c1 are one report; so are W3, c2 and e1. W4 is found by both queries.
    """
    archive = Archive(session)
    archive.search("one", "openalex", ["W1", "W2", "W3", "W4"], text=STRATEGY + SAID)
    archive.search(
        "one",
        "crossref",
        ["c1", "c2"],
        text=STRATEGY + SAID,
        reported=50,
        expected=2,
        request={"keep": 2, "cut_off_score": 12.345},
    )
    archive.search("two", "openalex", ["W4", "W5"], text=ALONE)
    archive.file("ERIC", ["e1", "e2"])
    archive.file("ISRCTN", ["i1"], register=True)
    archive.find("m1")
    archive.find("m2", Found.ORGANISATION)
    archive.find("m3", Found.CITATION)
    archive.cite("W1", "forward", ["W4", "W8"])
    archive.cite("W1", "backward", ["W9"])
    archive.cite("W9", "backward", ["W10"], place=2)
    archive.merge("W2", "c1")
    archive.merge("W3", "c2", "e1")
    return archive
