"""Records from BibTeX and biblatex files, whichever program wrote them.

An entry's own words are kept as its payload: its fields as LaTeX, with the file's
macros put in, and its type and key in capitals beside them. The key is what the
file calls the record, unless the entry names its accession number in a database
(Web of Science's Unique-ID, the EID in an address of Scopus, what litreview itself
writes). Fields: https://ctan.org/pkg/biblatex, section 2.2
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TextIO

from litreview.citation import Author
from litreview.errors import InputFileError
from litreview.latex import decode, decode_verbatim
from litreview.sources import bibtex_syntax, csl
from litreview.sources.bibtex_names import people
from litreview.sources.bibtex_syntax import MONTHS, Entry, starts
from litreview.sources.page import as_pages
from litreview.sources.reference import Told, citation, own_id
from litreview.sources.rows import Row
from litreview.text import clean_markup, normalise_orcid

__all__ = ["looks_like", "read", "starts"]

# Entry types of biblatex that the common table lacks.
TYPES = {
    **csl.BIBTEX,
    "mvbook": ("book", ""),
    "mvcollection": ("book", "edited book"),
    "reference": ("book", "reference book"),
    "bookinbook": ("chapter", ""),
    "suppbook": ("chapter", ""),
    "inreference": ("entry", ""),
    "suppperiodical": ("article-journal", ""),
    "periodical": ("periodical", csl.NOT_A_STUDY),
    "electronic": ("webpage", ""),
    "www": ("webpage", ""),
    "patent": ("patent", ""),
    "review": ("review", ""),
    "letter": ("personal_communication", ""),
    "standard": ("standard", ""),
}
# What biblatex's own keys for `type` mean.
_GENRES = {
    "phdthesis": "doctoral thesis",
    "mathesis": "master's thesis",
    "bathesis": "bachelor's thesis",
    "candthesis": "candidate thesis",
    "techreport": "",
    "resreport": "research report",
}
# Long texts that are read in another way, or not at all.
_UNREAD = ("abstract", "keywords", "file", "annote", "comment", "cited-references")
_PUBLISHERS = ("publisher", "institution", "school", "organization")
_CONTAINERS = ("journal", "journaltitle", "booktitle")
_OURS = "litreview-record"  # a field of entries that litreview wrote
# What babel calls the languages that most reviews meet.
_LANGUAGES = {
    "english": "en", "american": "en", "british": "en", "usenglish": "en",
    "ukenglish": "en", "german": "de", "ngerman": "de", "french": "fr",
    "spanish": "es", "italian": "it", "dutch": "nl", "portuguese": "pt",
    "brazilian": "pt", "swedish": "sv", "norsk": "no", "danish": "da",
    "finnish": "fi", "polish": "pl", "russian": "ru", "turkish": "tr",
    "chinese": "zh", "japanese": "ja", "korean": "ko",
}  # fmt: skip
_EPRINTS = {
    "arxiv": "https://arxiv.org/abs/",
    "jstor": "https://www.jstor.org/stable/",
    "hdl": "https://hdl.handle.net/",
}
_HEAD = re.compile(r"^[ \t]*@[ \t]*(\w+)[ \t]*[{(]", re.MULTILINE)
_MONTH = re.compile("|".join(MONTHS) + r"|1[0-2]|0?[1-9]", re.IGNORECASE)
_DAY = re.compile(r"(?<![0-9])(?:0?[1-9]|[12][0-9]|3[01])(?![0-9])")
_PARAGRAPH = re.compile(r"\n[^\S\n]*\n|\\par\b")
_ANNOTATION = re.compile(r"(\d+)\s*=\s*\"?([\dXx-]+)")
_WOS = re.compile(r"(?:WOS|ISI):(\w+)", re.IGNORECASE)
_EID = re.compile(r"\beid=(2-s2\.0-\d+)")


def read(stream: TextIO, path: Path) -> Iterator[Row]:
    """Yield a row for each entry; raise InputFileError with the line.

    A key that stands twice is refused: one of the two would be lost.
    """
    seen: dict[str, int] = {}
    for entry in bibtex_syntax.entries(stream, path):
        if entry.key and entry.key in seen:
            raise InputFileError(
                path,
                entry.line,
                f"the key {entry.key!r} stands on line {seen[entry.key]} already.",
                fix="give every entry its own key.",
            )
        seen[entry.key] = entry.line
        yield _row(entry)


def looks_like(head: str) -> bool:
    """Tell whether a file that begins so is BibTeX."""
    known = {*TYPES, *bibtex_syntax.NO_ENTRIES}
    return any(word.lower() in known for word in _HEAD.findall(head))


def _row(entry: Entry) -> Row:
    payload: dict[str, object] = {
        "ENTRYTYPE": entry.type,
        "ID": entry.key,
        **entry.fields,
        **{name: [entry.fields[name], *more] for name, more in entry.repeated.items()},
    }
    database, source_id = _identity(entry)
    return Row(entry.line, payload, citation(_told(entry), source_id), database)


def _identity(entry: Entry) -> tuple[str, str]:
    """Return the database whose accession number is told, or '', and the id."""
    fields = entry.fields
    source = decode(fields.get("litreview-source", ""))
    number = decode_verbatim(fields.get("litreview-id", ""))
    if source and number:
        return source, number
    if wos := _WOS.search(fields.get("unique-id", "")):
        return "web-of-science", f"WOS:{wos[1].upper()}"
    if eid := _EID.search(fields.get("url", "")):
        return "scopus", eid[1]
    return "", own_id(set(), decode_verbatim(entry.key), f"line-{entry.line}")


def _told(entry: Entry) -> Told:
    """Say what the entry's fields mean."""
    fields = entry.fields
    text = {
        name: clean_markup(decode(value))
        for name, value in fields.items()
        if name not in _UNREAD
    }
    kind = _kind(entry.type, text)
    authors, more, edited = _authors(fields, kind[0])
    noticed = {
        "odd-type": entry.type not in TYPES,
        "authors-cut": more,
        "authors-are-editors": edited,
        "undefined-macro": bool(entry.undefined),
        "repeated-field": bool(entry.repeated),
    }
    return Told(
        kind=kind,
        title=_title(text),
        authors=authors,
        dates=_dates(text),
        container_title=_first(text, _CONTAINERS),
        volume=text.get("volume", ""),
        issue=_first(text, ("number", "issue")),
        pages=_pages(fields),
        doi=decode_verbatim(fields.get("doi", "")),
        abstract=_abstract(fields.get("abstract", "")),
        language=_language(text),
        addresses=_addresses(fields, text),
        hints=(text.get("note", ""),),
        publisher=_first(text, _PUBLISHERS),
        numbers=f"{text.get('issn', '')} ; {text.get('isbn', '')}",
        pmid=_pmid(text),
        retracted=text.get("pubstate", "").lower() == "retracted",
        flags=tuple(flag for flag, holds in noticed.items() if holds),
    )


def _first(text: Mapping[str, str], names: tuple[str, ...]) -> str:
    """Return the first of these fields that says something."""
    return next((text[name] for name in names if text.get(name)), "")


def _title(text: Mapping[str, str]) -> str:
    """Return title and subtitle as one, unless the title has it already."""
    title, subtitle = text.get("title", ""), text.get("subtitle", "")
    if not subtitle or title.casefold().endswith(subtitle.casefold()):
        return title
    return f"{title.rstrip(':')}: {subtitle}" if title else subtitle


def _kind(word: str, text: Mapping[str, str]) -> tuple[str, str, bool]:
    """Return CSL type, genre and whether it can be a study."""
    csl_type, usual, is_study = csl.kind(word, TYPES)
    if word == "misc" and _eprint_type(text) == "arxiv":
        csl_type, usual = "article", "preprint"
    told = text.get("type", "")
    genre = _GENRES.get(told.lower(), told) if told else usual
    return text.get("litreview-type", csl_type), genre, is_study


def _authors(
    fields: Mapping[str, str], csl_type: str
) -> tuple[tuple[Author, ...], bool, bool]:
    """Return the authors, whether the list is cut, and whether they are editors."""
    annotation = decode(fields.get("author+an:orcid", ""))
    orcids = {
        int(place): normalise_orcid(orcid)
        for place, orcid in _ANNOTATION.findall(annotation)
    }
    authors, more = people(fields.get("author", ""), orcids)
    if authors or csl_type not in ("book", "report", "periodical"):
        return authors, more, False
    editors, more = people(fields.get("editor", ""))
    return editors, more, bool(editors)


def _dates(text: Mapping[str, str]) -> tuple[str, ...]:
    """Return the year, the date, and the date that year and month make."""
    year = text.get("year", "")
    # A range of dates ends behind a slash.
    date = text.get("date", "").partition("/")[0]
    told, day = text.get("month", ""), text.get("day", "")
    match = _MONTH.search(told)
    if not year or match is None:
        return year, date
    word = match[0].lower()
    found = _DAY.search(f"{told[match.end() :]} {day}")
    if word in MONTHS:
        return year, date, f"{found[0] if found else ''} {word} {year}"
    return year, date, f"{year}-{word}" + (f"-{found[0]}" if found else "")


def _pages(fields: Mapping[str, str]) -> str:
    """Return the pages, "101-120"; else what stands for them in an online journal."""
    pages = clean_markup(decode(re.sub(r"\s*-{2,3}\s*", "-", fields.get("pages", ""))))
    others = ("eid", "article-number", "articleno")
    return as_pages(pages) or _first(
        {name: clean_markup(decode(fields.get(name, ""))) for name in others}, others
    )


def _abstract(raw: str) -> str:
    """Return the abstract; an empty line ends a paragraph, a line end does not."""
    return "\n".join(decode(part) for part in _PARAGRAPH.split(raw))


def _language(text: Mapping[str, str]) -> str:
    told = _first(text, ("language", "langid"))
    if _OURS in text:
        return told
    return _LANGUAGES.get(told.lower().removeprefix("lang"), told)


def _eprint_type(text: Mapping[str, str]) -> str:
    return _first(text, ("eprinttype", "archiveprefix")).lower()


def _addresses(fields: Mapping[str, str], text: Mapping[str, str]) -> tuple[str, ...]:
    """Return texts with addresses: the entry's own, its notes', its archive's."""
    notes = ("url", "howpublished", "note")
    told = [decode_verbatim(fields[name]) for name in notes if name in fields]
    base, number = _EPRINTS.get(_eprint_type(text), ""), text.get("eprint", "")
    return (*told, f"{base}{number}") if base and number else tuple(told)


def _pmid(text: Mapping[str, str]) -> str:
    if _eprint_type(text) in ("pubmed", "pmid") and text.get("eprint"):
        return text["eprint"]
    return text.get("pmid", "")
