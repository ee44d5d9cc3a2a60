"""Records from a table whose columns have our names, or names that the user maps.

The other tables (Scopus, Covidence, Rayyan, ASReview) rename their columns to the
fields used here and let `citation` make the same of the same words. The row goes on
verbatim beside the citation; columns that mean nothing to us are kept there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from litreview.citation import Author, Citation, author, parse_authors
from litreview.errors import InputFileError
from litreview.sources import csl
from litreview.sources.page import as_pages, as_url, as_year
from litreview.sources.rows import Row
from litreview.sources.table import Table, did_you_mean, plain
from litreview.text import clean_lines, clean_markup, issns, normalise_doi

# Column name -> field; these are recognised without a mapping.
COLUMNS = {
    "record_id": "source_id",
    "title": "title",
    "authors": "authors",
    "year": "year",
    "container_title": "container_title",
    "volume": "volume",
    "issue": "issue",
    "pages": "pages",
    "doi": "doi",
    "abstract": "abstract",
    "entrytype": "type",
}
# Names a mapping COL=FIELD may use for FIELD.
FIELDS = {
    **COLUMNS,
    "source_id": "source_id",
    "type": "type",
    "language": "language",
    "url": "url",
    "publisher": "publisher",
    "issn": "issn",
    "isbn": "isbn",
    "pmid": "pmid",
}
_YEAR = re.compile(r"(?<![0-9])[12][0-9]{3}(?![0-9])")
_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)"
# What spreadsheets make of "1-8" and "3/4": a day, in one of these spellings.
_DAY = re.compile(
    rf"\d{{1,2}}-{_MONTH}(?:-\d{{2,4}})?|{_MONTH}-\d{{2}}"
    r"|\d{4}-\d{2}-\d{2}(?:[ t].*)?|\d{1,2}/\d{1,2}/\d{4}",
    re.IGNORECASE,
)
# "Sims S.", "Fletcher-Wood H.-J.": a family name and initials without a comma.
_INITIALS = re.compile(r"(?P<family>\S.*)\s+(?P<given>(?:-?\w\.\s?)+)")


def read(table: Table, mapping: Mapping[str, str] | None = None) -> Iterator[Row]:
    """Yield the rows of a table; `mapping` is column -> field and goes first.

    The citation's `source_id` is the record_id, or "line-N". Raises InputFileError.
    """
    columns = _columns(table, mapping or {})
    for line, row in table.rows:
        told = {field: row[column] for field, column in columns.items()}
        yield Row(line, row, citation(told, line))


def unread(table: Table, mapping: Mapping[str, str]) -> list[str]:
    """Return the columns that nothing is read from, in the table's order."""
    taken = set(_columns(table, mapping).values())
    return [name for name in table.header if name not in taken]


def citation(
    told: Mapping[str, str],
    line: int,
    *,
    people: tuple[Author, ...] | None = None,
    kinds: Mapping[str, tuple[str, str]] = csl.BIBTEX,
) -> Citation:
    """Make a citation of fields as a table tells them.

    `people` are the authors where reading "Family, Given; ..." will not do; `kinds`
    says what the words for a kind of work mean.
    """
    clean = {field: clean_markup(text) for field, text in told.items()}
    csl_type, genre, is_study = csl.kind(clean.get("type", ""), dict(kinds))
    found = _YEAR.search(clean.get("year", ""))
    year = as_year(found[0]) if found else None
    title = clean.get("title", "")
    if people is None:
        people = parse_authors(told.get("authors", ""))
    noticed = {
        "no-title": not title,
        "not-a-study": not is_study,
        "odd-year": year is None and bool(clean.get("year")),
        "odd-doi": bool(clean.get("doi")) and not normalise_doi(told["doi"]),
        "odd-authors": bool(clean.get("authors")) and not people,
        "odd-pages": any(
            _DAY.fullmatch(clean.get(field, "")) for field in ("pages", "issue")
        ),
    }
    return Citation(
        source="",
        source_id=clean.get("source_id") or f"line-{line}",
        title=title,
        authors=people,
        year=year,
        published=str(year or ""),
        container_title=clean.get("container_title", ""),
        volume=clean.get("volume", ""),
        issue=clean.get("issue", ""),
        pages=as_pages(clean.get("pages")),
        doi=normalise_doi(told.get("doi")),
        abstract=clean_lines(told.get("abstract")),
        type=csl_type,
        genre=genre,
        language=clean.get("language", ""),
        url=as_url(told.get("url")),
        publisher=clean.get("publisher", ""),
        issn=issns(clean.get("issn", "")),
        isbn=clean.get("isbn", ""),
        pmid=clean.get("pmid", ""),
        retracted=csl.is_retracted(title),
        flags=tuple(flag for flag, holds in noticed.items() if holds),
    )


def named(text: str, parting: str) -> tuple[Author, ...]:
    """Read names parted by a pattern, "Sims S." among them as a person."""
    found = []
    for part in re.split(parting, clean_markup(text)):
        match = None if "," in part else _INITIALS.fullmatch(part.strip())
        name = f"{match['family']}, {match['given'].strip()}" if match else part
        found.append(author(name))
    return tuple(name for name in found if name is not None)


def _columns(table: Table, mapping: Mapping[str, str]) -> dict[str, str]:
    """Return field -> column of this table, or raise InputFileError."""
    columns = {
        COLUMNS[plain(name)]: name for name in table.header if plain(name) in COLUMNS
    }
    mapped: dict[str, str] = {}
    for column, wanted in mapping.items():
        field = _field(table, wanted)
        if field in mapped:
            raise InputFileError(
                table.path,
                table.line,
                f"two columns are mapped to {wanted}: {mapped[field]!r}, {column!r}.",
                fix="map one of them.",
            )
        mapped[field] = _known(table, column)
    columns |= mapped
    if "title" not in columns:
        raise InputFileError(
            table.path,
            table.line,
            "has no column title.",
            why=_seen_instead(table),
            fix="name it in the first line, or map it: --map COLUMN=title.",
        )
    return columns


def _field(table: Table, wanted: str) -> str:
    """Return the field a mapping names, or raise InputFileError."""
    name = plain(wanted)
    if name in FIELDS:
        return FIELDS[name]
    raise InputFileError(
        table.path,
        table.line,
        f"{wanted!r} is no field.{did_you_mean(name, list(FIELDS))}",
        fix=f"use one of {', '.join(FIELDS)}.",
    )


def _known(table: Table, column: str) -> str:
    """Return the header's spelling of a mapped column, or raise InputFileError."""
    found = table.column(column)
    if found:
        return found
    raise InputFileError(
        table.path,
        table.line,
        f"has no column {column!r}.{did_you_mean(column, table.header)}",
        why=_seen_instead(table),
        fix="map a column that is there.",
    )


def _seen_instead(table: Table) -> str:
    """Say what the first line holds."""
    if not table.header:
        return "The file is empty."
    return f"The columns are: {', '.join(table.header)}."
