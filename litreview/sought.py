"""Which full texts are still to be had, and where they may be found.

Reports that passed title and abstract and whose text nobody has yet, each with the
links that the payloads of its records hold. What has no open link goes on a list
for the library. Nothing is downloaded, and no service is asked.
"""

from __future__ import annotations

import re
import zlib
from collections import defaultdict
from collections.abc import Collection
from dataclasses import dataclass
from urllib.parse import quote

import pandas as pd
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from litreview import links, lookup, merged, payloads, state
from litreview.citation import authors_text
from litreview.frame import Columns, frame
from litreview.links import Link
from litreview.models import RawRecord, Record
from litreview.vocabulary import Retrieval, Stage

MARKDOWN = re.compile(r"([\\`*_\[\]<>#|])")
DOI_SIGNS = "/:;()._-"  # of a DOI that an address may hold as they are
CHUNK = 1_000  # payloads in memory at a time

REQUEST_COLUMNS: Columns = {
    "record_id": "int",
    "title": "text",
    "authors": "text",
    "year": "int",
    "journal": "text",
    "volume": "text",
    "issue": "text",
    "pages": "text",
    "doi": "text",
    "issn": "text",
    "isbn": "text",
    "publisher": "text",
    "url": "text",
}


@dataclass(frozen=True)
class Found:
    """A report whose text is still to be had, with its links, the best first."""

    record_id: int
    title: str
    year: int | None
    doi: str
    status: str
    links: tuple[Link, ...]

    @property
    def is_open(self) -> bool:
        """Whether somebody says that a link is open to all."""
        return any(link.is_open for link in self.links)


def find(session: Session) -> list[Found]:
    """Return the reports that passed and whose text nobody has yet, by id.

    A text that was said not to be had is not looked for again.
    """
    status = state.retrievals(session)
    done = (Retrieval.RETRIEVED, Retrieval.NOT_RETRIEVED)
    wanted = {
        cluster
        for cluster in state.eligible(session, Stage.FULL_TEXT)
        if status.get(cluster) not in done
    }
    held = _links(session, wanted)
    return [
        Found(
            cluster,
            told.title,
            told.year,
            told.doi,
            status.get(cluster, "not_yet_sought"),
            tuple(links.best(held[cluster])),
        )
        for cluster, view in merged.views(session, wanted).items()
        for told in [view.citation()]
    ]


def held(session: Session, record_id: int) -> list[Link]:
    """Return the links that the payloads of a record's report hold, the best first."""
    home = lookup.record(session, record_id).cluster_id
    return links.best(_links(session, [home])[home])


def requests(session: Session, wanted: Collection[int]) -> pd.DataFrame:
    """Return what a library needs to order these reports (`REQUEST_COLUMNS`), by id."""
    rows = [
        (
            cluster,
            told.title,
            authors_text(told.authors),
            told.year,
            told.container_title,
            told.volume,
            told.issue,
            told.pages,
            told.doi,
            told.issn,
            told.isbn,
            told.publisher,
            told.url,
        )
        for cluster, view in merged.views(session, wanted).items()
        for told in [view.citation()]
    ]
    return frame(REQUEST_COLUMNS, rows, by=["record_id"])


def markdown(wanted: pd.DataFrame) -> str:
    """Return a list of requests for a person to read, a numbered line for each."""
    lines = ["# Full texts to be ordered", ""]
    for number, row in enumerate(wanted.to_dict("records"), start=1):
        told = {key: _plain(value) for key, value in row.items()}
        where = told["journal"]
        if told["volume"]:
            where += f", {told['volume']}"
        if told["issue"]:
            where += f"({told['issue']})"
        if told["pages"]:
            where += f", {told['pages']}"
        # In angle brackets an address needs no backslash.
        doi_url = f"https://doi.org/{quote(str(row['doi']), safe=DOI_SIGNS)}"
        url = doi_url if row["doi"] else str(row["url"])
        doi = f"<{url}>" if links.address(url) else ""
        issn = f"ISSN {told['issn']}" if told["issn"] else ""
        isbn = f"ISBN {told['isbn']}" if told["isbn"] else ""
        year = f"({told['year'] or 'n.d.'})"
        parts = [
            f"{told['authors']} {year}".strip(),
            told["title"],
            where,
            told["publisher"],
            issn,
            isbn,
            doi,
            f"record {told['record_id']}",
        ]
        lines.append(f"{number}. " + ". ".join(part for part in parts if part))
    return "\n".join(lines) + "\n"


def _plain(value: object) -> str:
    """Return a cell on one line, with the signs that Markdown would read defused."""
    if value is None or value is pd.NA:
        return ""
    return MARKDOWN.sub(r"\\\1", " ".join(str(value).split()))


def _links(session: Session, clusters: Collection[int]) -> dict[int, list[Link]]:
    """Return cluster -> the links of the newest payload of each of its records."""
    found: dict[int, list[Link]] = defaultdict(list)
    home = merged.homes(session, clusters)
    ids = sorted(home)
    for start in range(0, len(ids), CHUNK):
        newest = (
            select(func.max(RawRecord.id))
            .where(RawRecord.record_id.in_(ids[start : start + CHUNK]))
            .group_by(RawRecord.record_id)
        )
        query = (
            select(RawRecord.record_id, Record.source, RawRecord.payload)
            .join(Record, Record.id == RawRecord.record_id)
            .where(RawRecord.id.in_(newest))
        )
        for record_id, source, payload in session.execute(query):
            try:
                told = payloads.unpacked(payload)
            except (ValueError, zlib.error):
                continue  # `litreview check` tells of a damaged payload
            found[home[record_id]] += links.links(source, told)
    return found
