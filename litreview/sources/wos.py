"""Web of Science exports: field-tagged text, and tables parted by tabs.

Tagged entries run from PT to ER; a tag is two characters, and lines that begin
with three blanks go on with the field, one author to a line. The file begins with
FN and VR and ends with EF. The table has the same tags as its header.

Web of Science always writes ER and EF. So a file that ends inside an entry was cut
off, and the entries behind it are missing: that is refused. A missing EF, or an ER
that is missing before the next entry, loses nothing and is let pass.

Our own reader, because rispy's WokParser returns nothing for a file with a byte
order mark, drops a last entry without ER in silence, and knows no lines or tables.
https://images.webofknowledge.com/images/help/WOS/hs_wos_fieldtags.html
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import TextIO

from litreview.citation import Author, author
from litreview.errors import InputFileError
from litreview.sources import csl, tagged
from litreview.sources.page import as_pages
from litreview.sources.reference import Told, citation, own_id, people
from litreview.sources.rows import Row
from litreview.sources.tagged import Entry, Grammar
from litreview.text import clean_markup

# Document types (DT), of which an entry can have several -> (CSL type, genre), the
# first here that applies: an "Article; Book Chapter" is a chapter.
# https://images.webofknowledge.com/images/help/WOS/hs_document_type.html
TYPES = {
    "correction": ("document", csl.NOT_A_STUDY),
    "retraction": ("document", csl.NOT_A_STUDY),
    "expression of concern": ("document", csl.NOT_A_STUDY),
    "book chapter": ("chapter", ""),
    "book review": ("review-book", ""),
    "book": ("book", ""),
    "proceedings paper": ("paper-conference", ""),
    "meeting abstract": ("paper-conference", "abstract"),
    "editorial material": ("article-journal", "editorial"),
    "letter": ("article-journal", "letter"),
    "news item": ("article-journal", "news"),
    "data paper": ("article-journal", "data paper"),
    "review": ("article-journal", "review"),
    "article": ("article-journal", ""),
    "dissertation/thesis": ("thesis", ""),
    "thesis/dissertation": ("thesis", ""),
    "patent": ("patent", ""),
    "preprint": ("article", "preprint"),
    "data set": ("dataset", ""),
    "software": ("software", ""),
}
# Publication types (PT), where DT says nothing that we know.
_PUBLICATIONS = {
    "j": ("article-journal", ""),
    "b": ("book", ""),
    "s": ("chapter", ""),
    "c": ("paper-conference", ""),
    "p": ("patent", ""),
}
_TAG = re.compile(r"([A-Z][A-Z0-9])(?: (.*))?", re.DOTALL)
_FIRST = re.compile(r"PT(?: |$)")
_SOMEWHERE = re.compile(r"^\ufeff?PT [A-Z]\s*$", re.MULTILINE)
_HEADING = re.compile(r"(?:FN|VR|EF|ER)(?: .*)?", re.DOTALL)
_COLUMN = re.compile(r"[A-Z][A-Z0-9]")
_NEEDED = frozenset({"PT", "AU", "TI"})  # columns that tell this from other tables
_UT = re.compile(r"[A-Z]{2,10}:\S{1,60}")
_MEDLINE = re.compile(r"MEDLINE:0*([1-9][0-9]{0,7})")
_PMID = re.compile(r"[0-9]{1,8}")


def looks_like(head: str) -> bool:
    """Tell whether the beginning of a file is one of the two forms."""
    head = head.replace("\r", "\n")
    first = head.lstrip("\ufeff\n").partition("\n")[0]
    return _is_table(first) or _SOMEWHERE.search(head) is not None


def starts(stream: TextIO) -> Iterator[int]:
    """Yield the lines at which entries begin, found without reading the entries."""
    table: bool | None = None
    for number, line in tagged.lines(stream):
        if table is None and line.strip():
            table = _is_table(line)
        elif table and line.strip():
            yield number
        if not table and _FIRST.match(line):
            yield number


def read(stream: TextIO, path: Path) -> Iterator[Row]:
    """Yield the entries of either form; raises InputFileError with the line."""
    lines = tagged.lines(stream, path)
    first = next(((number, line) for number, line in lines if line.strip()), None)
    if first is None:
        return
    seen: set[str] = set()
    if _is_table(first[1]):
        for entry in _table(lines, first[1], path):
            yield _row(entry, seen)
        return
    for entry in tagged.entries(chain([first], lines), path, _GRAMMAR):
        _check_end(path, entry)
        yield _row(entry, seen)


def _split(line: str) -> tuple[str, str] | None:
    match = _TAG.fullmatch(line)
    return (match[1], (match[2] or "").strip()) if match is not None else None


_GRAMMAR = Grammar(
    name="a Web of Science file",
    split=_split,
    begins=lambda tag, _: tag == "PT",
    ends=frozenset({"ER", "EF"}),
    is_heading=lambda line: _HEADING.fullmatch(line) is not None,
    first="PT",
)


def _check_end(path: Path, entry: Entry) -> None:
    """Raise InputFileError where the file ends inside an entry."""
    if entry.closed_by:
        return
    raise InputFileError(
        path,
        entry.line,
        "the file ends inside the entry that begins here: it has no ER.",
        why="Web of Science ends every entry with ER, so the file was cut off and "
        "the entries behind this one are missing.",
        fix="export the records again; if none is missing, add the lines ER and EF.",
    )


# -- the table -------------------------------------------------------------------


def _is_table(line: str) -> bool:
    """Tell whether a line is the header of a table: tags parted by tabs."""
    names = [name for name in line.strip().split("\t") if name]
    return set(names) >= _NEEDED and all(map(_COLUMN.fullmatch, names))


def _table(
    lines: Iterator[tuple[int, str]], header: str, path: Path
) -> Iterator[Entry]:
    """Yield each row of the table as an entry; cells without text are left out."""
    names = header.rstrip("\t").split("\t")
    for number, line in lines:
        if not line.strip():
            continue
        cells = line.split("\t")
        if len(cells) < len(names) or any(map(str.strip, cells[len(names) :])):
            raise InputFileError(
                path,
                number,
                f"has {len(cells)} cells, but the header names {len(names)} columns.",
                why="A line break or a tab inside a cell tears a row apart.",
                fix="export the records again, or mend this row.",
            )
        entry = Entry(number)
        for name, cell in zip(names, cells, strict=False):
            if name and cell.strip():
                entry.add(number, name, cell.strip())
        yield entry.close("ER")


# -- both ------------------------------------------------------------------------


def _row(entry: Entry, seen: set[str]) -> Row:
    number = entry.first("UT")
    medline = _MEDLINE.fullmatch(number)
    database = source_id = ""
    if medline is not None:
        database, source_id = "pubmed", medline[1]
    elif _UT.fullmatch(number):
        database, source_id = "web-of-science", number
    source_id = source_id or own_id(seen, number, f"line-{entry.line}")
    pmid = entry.first("PM") or (source_id if medline is not None else "")
    told = _told(entry, pmid=pmid if _PMID.fullmatch(pmid) else "")
    return Row(entry.line, entry.payload(), citation(told, source_id), database)


def _told(entry: Entry, *, pmid: str) -> Told:
    """Say what the entry's tags mean."""
    types = [word.strip() for word in re.split(r"[;\n]", entry.first("DT").casefold())]
    return Told(
        kind=_kind(types, entry.first("PT")),
        title=entry.first("TI"),
        authors=_authors(entry),
        dates=tuple(t for tag in ("PY", "PD", "EA", "EY") for t in entry.all(tag)),
        container_title=entry.first("SO", "JI", "J9"),
        volume=entry.first("VL"),
        issue=entry.first("IS"),
        pages=_pages(entry),
        doi=entry.first("DI"),
        abstract=clean_markup(entry.first("AB")),
        language=entry.first("LA"),
        addresses=tuple(entry.all("UR")),
        publisher=entry.first("PU"),
        numbers=" ; ".join(entry.all("SN", "EI", "BN")),
        pmid=pmid,
        retracted="retracted publication" in types,
        flags=() if entry.closed_by == "ER" else ("no-end",),
    )


def _kind(types: list[str], publication: str) -> tuple[str, str, bool]:
    """Return the kind of work: by its document types, else by where it appeared.

    A journal's "Article; Proceedings Paper" is an article.
    """
    in_journal = publication.casefold() == "j"
    for word in TYPES:
        is_paper = word == "proceedings paper" and in_journal and "article" in types
        if word in types and not is_paper:
            return csl.kind(word, TYPES)
    return csl.kind(publication, _PUBLICATIONS)


def _pages(entry: Entry) -> str:
    first, last = as_pages(entry.first("BP", "PS")), as_pages(entry.first("EP"))
    whole = f"{first}-{last}" if first and last and first != last else first or last
    return whole or entry.first("AR")


def _authors(entry: Entry) -> tuple[Author, ...]:
    """Return people, by full names where given, then groups; else a book's editors."""
    groups = (
        author(f"{{{name.strip()}}}")
        for text in entry.all("CA", "GP")
        for name in re.split(r"[;\n]", text)
    )
    names = entry.all("AF") or entry.all("AU") or entry.all("BF") or entry.all("BA")
    named = [text.replace("[Anonymous]", "") for text in names]
    found = (*people(named), *(group for group in groups if group is not None))
    return found or people(entry.all("BE"))
