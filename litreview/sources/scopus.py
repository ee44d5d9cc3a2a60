"""Records that Scopus exports as CSV.

Scopus writes "[No abstract available]" where there is none, authors with their ids in
brackets, and an article number where there are no pages. Its EID names a document in
every export. Columns as the export dialogue of 2023 and later names them.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import replace

from litreview.citation import Author
from litreview.sources import csl
from litreview.sources.generic import citation, named
from litreview.sources.rows import Row
from litreview.sources.table import Table

DATABASE = "scopus"
_NEEDED = {"authors", "title", "eid"}
# Field -> column; the last six are put together here.
_COLUMNS = {
    "title": "Title",
    "year": "Year",
    "container_title": "Source title",
    "volume": "Volume",
    "issue": "Issue",
    "doi": "DOI",
    "url": "Link",
    "abstract": "Abstract",
    "type": "Document Type",
    "publisher": "Publisher",
    "issn": "ISSN",
    "isbn": "ISBN",
    "pmid": "PubMed ID",
    "language": "Language of Original Document",
    "source_id": "EID",
    "authors": "Authors",
    "full_names": "Author full names",
    "article": "Art. No.",
    "first_page": "Page start",
    "last_page": "Page end",
}
# Document types of https://service.elsevier.com/app/answers/detail/a_id/14195
KINDS = {
    "article": ("article-journal", ""),
    "article in press": ("article-journal", ""),
    "review": ("article-journal", "review"),
    "short survey": ("article-journal", "short survey"),
    "data paper": ("article-journal", "data paper"),
    "business article": ("article-magazine", ""),
    "conference paper": ("paper-conference", ""),
    "conference review": ("document", csl.NOT_A_STUDY),
    "book": ("book", ""),
    "book chapter": ("chapter", ""),
    "report": ("report", ""),
    "editorial": ("article-journal", "editorial"),
    "letter": ("article-journal", "letter"),
    "note": ("article-journal", "note"),
    "abstract report": ("article-journal", "abstract"),
    "erratum": ("document", csl.NOT_A_STUDY),
    "retracted": ("article-journal", ""),
}
_EID = re.compile(r"2-s2\.0-[0-9]+")
_ID = re.compile(r"\s*\([0-9]+\)")  # behind a name, the author's
_NOTHING = re.compile(r"\[no [^\]]*\]", re.IGNORECASE)


def fits(names: Collection[str]) -> bool:
    """Tell whether a header, in small letters, is that of Scopus."""
    return set(names) >= _NEEDED


def read(table: Table) -> Iterator[Row]:
    """Yield the documents of a table."""
    columns = {field: table.column(name) for field, name in _COLUMNS.items()}
    for line, row in table.rows:
        told = {field: _told(row[name]) for field, name in columns.items() if name}
        found = _EID.search(told["source_id"]) or _EID.search(told.get("url", ""))
        told["source_id"] = found[0] if found else ""
        pages = [told.get(end, "") for end in ("first_page", "last_page")]
        told["pages"] = "-".join(filter(None, pages)) or told.get("article", "")
        people = _people(told.get("full_names", ""), told["authors"])
        made = citation(told, line, people=people, kinds=KINDS)
        if told.get("type", "").casefold() == "retracted":
            made = replace(made, retracted=True)
        yield Row(line, row, made, DATABASE if found else "")


def _told(cell: str) -> str:
    """Return a cell's text, '' for "[No abstract available]" and the like."""
    text = cell.strip()
    return "" if _NOTHING.fullmatch(text) else text


def _people(full: str, short: str) -> tuple[Author, ...]:
    """Read "Family, Given (id); ..." or, without it, "Family G.; ..."."""
    text = _ID.sub("", full or short)
    # Until 2022 the names were parted by commas: "Sims S., Fletcher-Wood H."
    return named(text, r";|(?<=\.),")
