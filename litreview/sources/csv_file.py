"""Records from a CSV file, by column names or by a mapping the user gives.

The file must be exact, because a guess here would be a wrong record later:
UTF-8 (with or without a mark, as spreadsheets write it), one header, as many
cells in every row as in the header, no record twice. Everything else is
refused with its line. The row is handed over verbatim beside the citation;
columns that mean nothing to us are kept there. Names ending in .gz are
unpacked.
"""

from __future__ import annotations

import csv
import difflib
import gzip
import io
import re
import zlib
from collections.abc import Iterator, Mapping
from pathlib import Path

from litreview.citation import Citation, parse_authors
from litreview.errors import InputFileError
from litreview.sources import csl
from litreview.sources.page import as_pages, as_url, as_year
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
_LONGEST_CELL = 2**24  # characters; csv's own limit, 131,072, cuts off full texts
_YEAR = re.compile(r"(?<![0-9])[12][0-9]{3}(?![0-9])")
_BREAK = re.compile(b"\r\n|\r|\n")


def read(
    path: Path, *, mapping: Mapping[str, str] | None = None
) -> Iterator[tuple[int, dict[str, str], Citation]]:
    """Yield (line of the record's first line, row verbatim, citation).

    `mapping` is column -> field, and goes before the recognised columns. The
    citation's `source` is empty and its `source_id` is what the file calls the
    record, or "line-N"; the caller scopes it to the file. Raises InputFileError.
    """
    rows = _rows(path, _text(path))
    header_line, header = next(rows, (1, []))
    columns = _columns(path, header_line, header, mapping or {})
    seen: dict[str, int] = {}
    for line, cells in rows:
        _check_width(path, line, header, cells)
        row = dict(zip(header, cells, strict=True))
        record = _citation(row, columns, line)
        if record.source_id in seen:
            first = seen[record.source_id]
            raise InputFileError(
                path,
                line,
                f"the record_id {record.source_id!r} stands on line {first} already.",
                fix="give every record its own id, or leave the id empty.",
            )
        seen[record.source_id] = line
        yield line, row, record


def _text(path: Path) -> str:
    """Return the file's text, unpacked and decoded, or raise InputFileError."""
    try:
        data = path.read_bytes()
        if path.suffix.lower() == ".gz":
            data = gzip.decompress(data)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise InputFileError(
            path, None, f"cannot be unpacked: {error}.", fix="copy the file again."
        ) from error
    except OSError as error:
        raise InputFileError(
            path, None, f"cannot be read: {error.strerror}.", fix="check the name."
        ) from error
    _refuse_nul(path, data)
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        shown = data[error.start : error.start + 1].hex()
        raise InputFileError(
            path,
            _line(data, error.start),
            f"is not UTF-8: byte 0x{shown}.",
            why="Reading it in another encoding would garble names in silence.",
            fix='save it again as "CSV UTF-8", or run: iconv -f latin1 -t utf-8.',
        ) from error


def _refuse_nul(path: Path, data: bytes) -> None:
    """Raise InputFileError at a NUL byte: no text file has one."""
    position = data.find(b"\0")
    if position < 0:
        return
    wide = data[:2] in {b"\xff\xfe", b"\xfe\xff"}
    raise InputFileError(
        path,
        _line(data, position),
        "is UTF-16, not UTF-8." if wide else "has a NUL byte, so it is no text.",
        fix='save it again as "CSV UTF-8".',
    )


def _line(data: bytes, position: int) -> int:
    """Return the line number, from 1, of a position in the file."""
    return len(_BREAK.findall(data[:position])) + 1


def _rows(path: Path, text: str) -> Iterator[tuple[int, list[str]]]:
    """Yield (first line, cells) of each row that is not blank."""
    if csv.field_size_limit() < _LONGEST_CELL:
        csv.field_size_limit(_LONGEST_CELL)
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    line = 1
    try:
        for cells in reader:
            if cells:
                yield line, cells
            line = reader.line_num + 1
    except csv.Error as error:
        raise InputFileError(
            path,
            line,
            f"is not CSV: {error}.",
            why="The row that begins here has a quote too many or too few.",
            fix='write a quote inside a quoted cell twice: "".',
        ) from error


def _columns(
    path: Path, line: int, header: list[str], mapping: Mapping[str, str]
) -> dict[str, str]:
    """Return field -> column of this file, or raise InputFileError."""
    _refuse_twins(path, line, header)
    columns = {
        COLUMNS[name.strip().casefold()]: name
        for name in header
        if name.strip().casefold() in COLUMNS
    }
    mapped: dict[str, str] = {}
    for column, wanted in mapping.items():
        field = _field(path, line, wanted)
        if field in mapped:
            raise InputFileError(
                path,
                line,
                f"two columns are mapped to {wanted}: {mapped[field]!r}, {column!r}.",
                fix="map one of them.",
            )
        mapped[field] = _header_name(path, line, header, column)
    columns |= mapped
    if "title" not in columns:
        raise InputFileError(
            path,
            line,
            "has no column title.",
            why=_seen_instead(header),
            fix="name it in the first line, or map it: --map COLUMN=title.",
        )
    return columns


def _refuse_twins(path: Path, line: int, header: list[str]) -> None:
    """Raise InputFileError where two columns have one name, capitals aside."""
    folded = [name.strip().casefold() for name in header]
    twins = {
        name
        for plain, name in zip(folded, header, strict=True)
        if folded.count(plain) > 1
    }
    if twins:
        shown = ", ".join(repr(name) for name in sorted(twins))
        raise InputFileError(
            path,
            line,
            f"has two columns of one name: {shown}.",
            fix="give every column its own name.",
        )


def _field(path: Path, line: int, wanted: str) -> str:
    """Return the field a mapping names, or raise InputFileError."""
    name = wanted.strip().casefold()
    if name in FIELDS:
        return FIELDS[name]
    raise InputFileError(
        path,
        line,
        f"{wanted!r} is no field.{_did_you_mean(name, list(FIELDS))}",
        fix=f"use one of {', '.join(FIELDS)}.",
    )


def _header_name(path: Path, line: int, header: list[str], column: str) -> str:
    """Return the header's spelling of a mapped column, or raise InputFileError."""
    for name in header:
        if name.strip().casefold() == column.strip().casefold():
            return name
    raise InputFileError(
        path,
        line,
        f"has no column {column!r}.{_did_you_mean(column, header)}",
        why=_seen_instead(header),
        fix="map a column that is there.",
    )


def _did_you_mean(name: str, known: list[str]) -> str:
    near = difflib.get_close_matches(name, known, n=1)
    return f" Did you mean {near[0]!r}?" if near else ""


def _seen_instead(header: list[str]) -> str:
    """Say what the first line holds, and what a wrong separator looks like."""
    if not header:
        return "The file is empty."
    for mark, name in ((";", "semicolons"), ("\t", "tabs")):
        if len(header) == 1 and mark in header[0]:
            return f"Its columns are parted by {name}; commas are needed."
    return f"The columns are: {', '.join(header)}."


def _check_width(path: Path, line: int, header: list[str], cells: list[str]) -> None:
    """Raise InputFileError unless the row has a cell for every column."""
    if len(cells) != len(header):
        raise InputFileError(
            path,
            line,
            f"has {len(cells)} cells, but the header names {len(header)} columns.",
            why="A comma inside a cell needs quotes round the cell.",
            fix="correct this row.",
        )


def _citation(row: dict[str, str], columns: dict[str, str], line: int) -> Citation:
    """Read one row; `columns` is field -> column."""
    told = {field: row[column] for field, column in columns.items()}
    clean = {field: clean_markup(text) for field, text in told.items()}
    csl_type, genre, is_study = csl.kind(clean.get("type", ""), csl.BIBTEX)
    found = _YEAR.search(clean.get("year", ""))
    year = as_year(found[0]) if found else None
    noticed = {
        "no-title": not clean["title"],
        "not-a-study": not is_study,
        "odd-year": year is None and bool(clean.get("year")),
        "odd-doi": bool(clean.get("doi")) and not normalise_doi(told["doi"]),
    }
    return Citation(
        source="",
        source_id=clean.get("source_id") or f"line-{line}",
        title=clean["title"],
        authors=parse_authors(told.get("authors", "")),
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
        retracted=csl.is_retracted(clean["title"]),
        flags=tuple(flag for flag, holds in noticed.items() if holds),
    )
