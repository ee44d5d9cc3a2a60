"""RIS, the tagged format that most databases and reference managers export.

Entries run from TY to ER. Both versions of the specification are read (2001, with
T1, A1, JF, Y1, N2; 2011, with TI, AU, T2, PY, AB), and what programs make of it:
a byte order mark, tags with too few blanks or in small letters, a missing ER, lines
that go on without a tag. Tags that mean nothing to us stay in the payload.

Our own reader, and not rispy: rispy silently returns nothing for a leading byte
order mark, for a missing ER, and for one-blank tags; it holds the whole file in
memory; and it tells no line numbers.

A last entry without ER is read and flagged "cut-off?": many programs leave it out,
RIS has no mark for the end of a file, so nobody can tell that from a broken
download; but without even a title it is refused, because then it is one.
https://en.wikipedia.org/wiki/RIS_(file_format)
https://web.archive.org/web/20120526103719/http://refman.com/support/risformat_intro.asp
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TextIO

from litreview.bibliography import PROGRAM
from litreview.citation import Author
from litreview.errors import InputFileError
from litreview.sources import csl, tagged
from litreview.sources.page import as_pages
from litreview.sources.reference import Told, accession, citation, own_id, people
from litreview.sources.rows import Row
from litreview.sources.tagged import Entry, Grammar
from litreview.text import clean_markup

# RIS type -> (CSL type, genre).
TYPES = {
    "abst": ("article-journal", "abstract"),
    "advs": ("motion_picture", ""),
    "aggr": ("dataset", "aggregated database"),
    "ancient": ("classic", ""),
    "art": ("graphic", ""),
    "bill": ("bill", ""),
    "blog": ("post-weblog", ""),
    "book": ("book", ""),
    "case": ("legal_case", ""),
    "chap": ("chapter", ""),
    "chart": ("figure", ""),
    "clswk": ("classic", ""),
    "comp": ("software", ""),
    "conf": ("paper-conference", ""),
    "cpaper": ("paper-conference", ""),
    "ctlg": ("book", "catalogue"),
    "data": ("dataset", ""),
    "dbase": ("dataset", "database"),
    "dict": ("entry-dictionary", ""),
    "ebook": ("book", ""),
    "echap": ("chapter", ""),
    "edbook": ("book", "edited book"),
    "ejour": ("article-journal", ""),
    "elec": ("webpage", ""),
    "encyc": ("entry-encyclopedia", ""),
    "equa": ("figure", csl.NOT_A_STUDY),
    "figure": ("figure", csl.NOT_A_STUDY),
    "gen": ("document", ""),
    "govdoc": ("report", "government document"),
    "grant": ("document", csl.NOT_A_STUDY),
    "grnt": ("document", csl.NOT_A_STUDY),
    "hear": ("hearing", ""),
    "icomm": ("personal_communication", ""),
    "inpr": ("article-journal", "in press"),
    "jfull": ("periodical", csl.NOT_A_STUDY),
    "jour": ("article-journal", ""),
    "legal": ("legislation", ""),
    "manscpt": ("manuscript", ""),
    "map": ("map", ""),
    "mgzn": ("article-magazine", ""),
    "mpct": ("motion_picture", ""),
    "multi": ("document", "multimedia"),
    "music": ("musical_score", ""),
    "news": ("article-newspaper", ""),
    "pamp": ("pamphlet", ""),
    "pat": ("patent", ""),
    "pcomm": ("personal_communication", ""),
    "rprt": ("report", ""),
    "ser": ("book", "serial"),
    "slide": ("speech", ""),
    "sound": ("song", ""),
    "stand": ("standard", ""),
    "stat": ("legislation", ""),
    "std": ("standard", ""),
    "thes": ("thesis", ""),
    "unbill": ("bill", ""),
    "unpb": ("manuscript", "unpublished work"),
    "unpd": ("manuscript", "unpublished work"),
    "video": ("motion_picture", ""),
    "web": ("webpage", ""),
}
# What has no title of its own in T2, but that of a series or of a department.
_IN_NO_CONTAINER = frozenset({"book", "thesis", "report"})
# Tags of either specification: only these are taken for tags in a loose spelling.
_NAMES = """
TY ER ID AU A1 A2 A3 A4 ED TI T1 T2 T3 TT CT BT ST JF JO JA J1 J2 PY Y1 Y2 DA VL IS CP
SP EP SE DO AB N2 N1 RN KW SN PB CY LA ET AD AN CN DB DP UR LK L1 L2 L3 L4 LB M1 M2 M3
C1 C2 C3 C4 C5 C6 C7 C8 U1 U2 U3 U4 U5 AV CA NV OP RI RP TA
"""
_TAGS = frozenset(_NAMES.split())
_TAG = re.compile(r"(\s*)([A-Za-z][A-Za-z0-9])(\s{0,3})-(.*)", re.DOTALL)
_GAP = "  "  # of the specification, between a tag and its dash
_TY = r"[ \t]*TY(?:  -|\s{0,3}-(?:\s|$))"
_START = re.compile(_TY, re.IGNORECASE)
_SOMEWHERE = re.compile(rf"^\ufeff?{_TY}", re.IGNORECASE | re.MULTILINE)
# What stands before and between entries: "Provider: EBSCOhost", "12.", "Record 3 of
# 50", a comment, a rule; and a second ER.
_HEADING = re.compile(
    r"\s*(?:[A-Za-z][A-Za-z ]{0,30}:.*|[#%;/].*|<?(?:record |reference )?#?\d+"
    r"(?: of \d+)?[.)>]?|[-=*_]{3,}|ER\s{0,3}-\s*)",
    re.IGNORECASE,
)
# Scopus names its record only in the address.
_EID = re.compile(r"\beid=(2-s2\.0-[0-9]+)")


def looks_like(head: str) -> bool:
    """Tell whether the beginning of a file has a line that begins a RIS entry."""
    return _SOMEWHERE.search(head.replace("\r", "\n")) is not None


def starts(stream: TextIO) -> Iterator[int]:
    """Yield the lines at which entries begin, found without reading the entries.

    TY given twice running, as ProQuest does, begins one entry.
    """
    running = False
    for number, line in tagged.lines(stream):
        found = _START.match(line) is not None
        if found and not running:
            yield number
        running = found or (running and not line.strip())


def read(stream: TextIO, path: Path) -> Iterator[Row]:
    """Yield the entries of a RIS file; raises InputFileError with the line."""
    grammar = Grammar(
        name="RIS",
        split=_splitter(),
        begins=lambda tag, _: tag == "TY",
        ends=frozenset({"ER"}),
        is_heading=lambda line: _HEADING.fullmatch(line) is not None,
        first="TY",
        repeats=True,
    )
    seen: set[str] = set()
    for entry in tagged.entries(tagged.lines(stream, path), path, grammar):
        _check_end(path, entry)
        yield _row(entry, seen)


def notes(payload: Mapping[str, object]) -> list[str]:
    """Return the notes (N1) of an entry, verbatim: other programs keep votes there."""
    found = payload.get("N1")
    return [str(note) for note in found] if isinstance(found, list) else []


def _splitter() -> Callable[[str], tuple[str, str] | None]:
    """Return a function that splits a line into tag and text, or returns None.

    A tag in the specification's spelling is always one, in any case of letters. In
    running text "IT - " and "an - " are words: with other blanks a tag must be known,
    and in capitals, unless the entry's own TY was written that way.
    """
    small = False

    def split(line: str) -> tuple[str, str] | None:
        nonlocal small
        match = _TAG.match(line)
        if match is None:
            return None
        indent, name, gap, text = match.groups()
        tag = name.upper()
        if gap != _GAP:
            if (text and not text[0].isspace()) or tag not in _TAGS:
                return None
            if tag != "TY" and (indent or not (name == tag or small)):
                return None
        if tag == "TY":
            small = name != tag
        return tag, text.strip()

    return split


def _check_end(path: Path, entry: Entry) -> None:
    """Raise InputFileError where the file breaks off before the entry says anything."""
    if entry.closed_by or entry.first("TI", "T1", "CT", "BT"):
        return
    raise InputFileError(
        path,
        entry.line,
        "the last entry has neither a title nor an ER.",
        why="The file is cut off here, so entries behind it may be missing, too.",
        fix="export the records again; if this is the whole file, add a line 'ER  - '.",
    )


def _row(entry: Entry, seen: set[str]) -> Row:
    if PROGRAM in entry.all("DP"):
        return _own_row(entry, seen)
    database, number = _accession(entry)
    own = entry.first("ID", "AN")
    source_id = number or own_id(seen, own, f"line-{entry.line}")
    told = _told(entry, pmid=number if database == "pubmed" else "")
    return Row(entry.line, entry.payload(), citation(told, source_id), database)


def _own_row(entry: Entry, seen: set[str]) -> Row:
    """Read an entry that litreview wrote: it says more than RIS has tags for."""
    database, accession = entry.first("DB"), entry.first("AN")
    if not (database and accession):
        database = ""
        accession = own_id(seen, entry.first("ID"), f"line-{entry.line}")
    pmid = entry.first("U1").removesuffix("[pmid]")
    is_study = _kind(entry)[2]
    told = replace(
        _told(entry, pmid=pmid),
        kind=(entry.first("U3"), entry.first("M3"), is_study),
        authors=tuple(map(_own_name, entry.all("AU"))),
        retracted="Retracted" in entry.all("N1"),
    )
    return Row(entry.line, entry.payload(), citation(told, accession), database)


def _own_name(text: str) -> Author:
    """Read "Family, Given", "Family" and, with its comma, "Organisation,"."""
    text = clean_markup(text)
    if text.endswith(","):
        return Author("", literal=text[:-1].strip())
    family, _, given = text.partition(",")
    return Author(family.strip(), given.strip())


def _told(entry: Entry, *, pmid: str) -> Told:
    """Say what the entry's tags mean."""
    kind = _kind(entry)
    is_book = kind[0] == "book"
    unclosed = {"ER": (), "": ("cut-off?",)}.get(entry.closed_by, ("no-end",))
    return Told(
        kind=kind,
        title=entry.first("TI", "T1", "CT", "BT"),
        authors=_authors(entry, is_book=is_book),
        dates=tuple(text for tag in ("PY", "Y1", "DA") for text in entry.all(tag)),
        container_title=_container(entry, kind[0]),
        volume=entry.first("VL"),
        issue=entry.first("IS", "CP"),
        pages=_pages(entry, is_article=kind[0].startswith("article")),
        doi=entry.first("DO"),
        abstract="\n".join(entry.all("AB") or entry.all("N2")),
        language=entry.first("LA"),
        addresses=tuple(t for tag in ("UR", "LK", "L2", "L1") for t in entry.all(tag)),
        hints=tuple(entry.all("L3", "M3", "N1", "ID", "AN")),
        publisher=entry.first("PB"),
        numbers=" ; ".join(entry.all("SN")),
        pmid=pmid,
        flags=unclosed,
    )


def _kind(entry: Entry) -> tuple[str, str, bool]:
    """Return the kind of work; of several types the first that says something."""
    words = [word.casefold() for word in entry.all("TY")]
    word = next((word for word in words if word != "gen"), "gen" if words else "")
    return csl.kind(word, TYPES)


def _authors(entry: Entry, *, is_book: bool) -> tuple[Author, ...]:
    """Return the authors; a book without any has its editors in their place."""
    found = people(entry.all("AU", "A1"))
    return found or (people(entry.all("A2", "ED", "A3")) if is_book else ())


def _container(entry: Entry, kind: str) -> str:
    """Return what the work appeared in: full titles go before abbreviations."""
    if kind in _IN_NO_CONTAINER:
        return entry.first("JF", "JO")
    own = entry.first("TI", "T1", "CT", "BT")
    book = entry.first("BT")
    return (
        entry.first("JF", "T2", "JO")
        or (book if book != own else "")
        or entry.first("JA", "J2", "J1")
    )


def _pages(entry: Entry, *, is_article: bool) -> str:
    """Return the pages, which either tag may hold, or an article's number (C7)."""
    first, last = as_pages(entry.first("SP")), as_pages(entry.first("EP"))
    ranges = [text for text in (first, last) if re.search(r"\d\s*[-\u2013]\s*\w", text)]
    if ranges:
        return ranges[0]
    whole = f"{first}-{last}" if first and last and first != last else first or last
    return whole or (entry.first("C7") if is_article else "")


def _accession(entry: Entry) -> tuple[str, str]:
    """Return the database that surely knows the entry, and its number there."""
    eid = _EID.search(" ".join(entry.all("UR")))
    if eid is not None:
        return "scopus", eid[1]
    return accession(entry.all("AN"), " ".join(entry.all("DB", "DP")))
