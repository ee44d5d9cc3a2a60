"""Works, a strategy and a workspace for the tests that harvest."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from making import REVIEW
from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from litreview import db, searches
from litreview.demo.server import Server
from litreview.models import Hit, Person, RawRecord, Record, RecordAuthor
from litreview.queries import Request
from litreview.searches import Search
from litreview.sources.page import Settings
from litreview.vocabulary import Role
from litreview.workspace import Workspace

Work = dict[str, object]

STRATEGY = """\
title: Trust in schools
purpose: A search made for a test.
research_questions: [RQ1]
sources: [openalex, crossref]
published: {from: 2000-01-01, to: 2026-06-30, why: a test}
languages: {only: [en], why: a test}
blocks:
  people: [teacher]
  idea: [trust]
crossref:
  query: teacher trust
  keep: {rows: KEEP, why: a test}
"""


def strategy(keep: int = 20) -> str:
    """Return a strategy that keeps so many of Crossref's best."""
    return STRATEGY.replace("KEEP", str(keep))


def openalex_work(number: int, **more: object) -> Work:
    """Make a work as OpenAlex tells it."""
    return {
        "id": f"https://openalex.org/W{number}",
        "doi": f"https://doi.org/10.5555/oa.{number}",
        "title": f"Teacher trust, part {number}",
        "publication_year": 2001 + number % 20,
        "publication_date": f"{2001 + number % 20}-03-01",
        "language": "en",
        "type": "article",
        "authorships": [{"author": {"display_name": f"Ada Number{number}"}}],
        **more,
    }


def crossref_work(number: int, **more: object) -> Work:
    """Make a work as Crossref tells it; a larger number has a higher score."""
    return {
        "DOI": f"10.5555/CR.{number}",
        "title": [f"Teacher trust {'trust ' * (number % 7)}in school {number}"],
        "issued": {"date-parts": [[2001 + number % 20, 3, 1]]},
        "type": "journal-article",
        "author": [{"family": f"Number{number}", "given": "Ada"}],
        **more,
    }


def works(openalex: int = 25, crossref: int = 30) -> tuple[list[Work], list[Work]]:
    """Make so many works of each service."""
    return (
        [openalex_work(number) for number in range(1, openalex + 1)],
        [crossref_work(number) for number in range(1, crossref + 1)],
    )


def workspace(root: Path, **strategies: str) -> Workspace:
    """Make a workspace with these strategies, or with the one called `trust`."""
    for folder in ("screening", "db", "queries"):
        (root / folder).mkdir(exist_ok=True)
    (root / "screening" / "review.yaml").write_text(REVIEW, "utf-8")
    for name, text in (strategies or {"trust": strategy()}).items():
        (root / "queries" / f"{name}.yaml").write_text(text, "utf-8")
    return Workspace(root)


def plan(root: Path, keep: int = 20, **narrowed: object) -> list[Search]:
    """Return what the one strategy asks of both services."""
    space = workspace(root, trust=strategy(keep))
    return searches.plan(space, **narrowed)  # type: ignore[arg-type] # as given


ASKED = {
    "openalex": {
        "filter": "title_and_abstract.search:(teacher AND trust)",
        "sort": "publication_date:asc",
    },
    "crossref": {"query.bibliographic": "teacher trust"},
}


def search(source: str, keep: int | None = None) -> Search:
    """Return a search for all the works of one service, without a file."""
    request = Request(
        source=source, strategy="trust", params=ASKED[source], keep=keep, page_size=100
    )
    return Search("trust", strategy(), request)


def settings(server: Server) -> dict[str, Settings]:
    """Return how to ask a local server, without a pause or a wait."""
    urls = {"openalex": server.openalex_url, "crossref": server.crossref_url}
    return {
        source: Settings(base_url=url, sleep=lambda _seconds: None)
        for source, url in urls.items()
    }


def join(engine: Engine, handle: str = "lead", role: str = Role.LEAD) -> None:
    """Let a person join."""
    db.write(engine, lambda s: s.add(Person(handle=handle, name=handle, role=role)))


def stored(engine: Engine) -> Mapping[str, object]:
    """Return what a harvest left, by source and id: records, payloads, authors, hits.

    Row ids, moments and runs differ between two harvests and are left out.
    """
    return db.read(engine, contents)


def contents(session: Session) -> Mapping[str, object]:
    """Return the same of an open session."""
    names: dict[int, str] = {}
    records = {}
    apart = {"id", "cluster_id", "created_at"}
    columns = [
        column for column in Record.__table__.columns if column.name not in apart
    ]
    for record in session.scalars(select(Record)):
        names[record.id] = f"{record.source} {record.source_id}"
        assert record.cluster_id == record.id
        told = {column.name: getattr(record, column.name) for column in columns}
        records[names[record.id]] = told
    raws = sorted(
        (names[raw.record_id], raw.version, raw.sha256)
        for raw in session.scalars(select(RawRecord))
    )
    authors = sorted(
        (names[row.record_id], row.position, row.family, row.given)
        for row in session.scalars(select(RecordAuthor))
    )
    hits = sorted(
        (names[hit.record_id], hit.rank, hit.score or 0.0)
        for hit in session.scalars(select(Hit))
    )
    return {"records": records, "raws": raws, "authors": authors, "hits": hits}
