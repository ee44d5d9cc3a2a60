"""What an entry of a file says of a work, cleaned into a citation.

RIS, NBIB, Web of Science and EndNote name their fields differently, but say the
same things in the same loose ways: a year inside a date, a DOI inside an address,
ISSN and ISBN in one field, an organisation as an author with a comma behind it.
Each reader says what its fields mean by filling in a `Told`; here it is made a
`Citation` by the same rules as everywhere, with flags for what was odd.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from litreview.citation import Author, Citation, author, parse_authors
from litreview.sources import csl
from litreview.sources.page import as_pages, as_url, as_year
from litreview.text import clean_lines, clean_markup, issns, normalise_doi

LONGEST_ID = 500  # characters; the database holds no longer id of a record

_YEAR = re.compile(r"(?<![0-9])[12][0-9]{3}(?![0-9])")
# "2019/06/12/", "2019-06-12", "2019/06//", "2019".
_NUMERIC = re.compile(
    r"(?<![0-9])([12][0-9]{3})(?:[/.-]([0-9]{1,2})(?:[/.-]([0-9]{1,2}))?)?(?![0-9])"
)
_COMPACT = re.compile(r"^([12][0-9]{3})([0-9]{2})([0-9]{2})$")  # "20190612"
_NAMES = "jan feb mar apr may jun jul aug sep oct nov dec"
_MONTHS = _NAMES.split()
# "Jun 12", "JUN-JUL", "12 June 2019", "2019 Jun 12".
_WORDS = re.compile(
    r"(?:(?<![0-9])(?P<before>[0-9]{1,2})\.?\s+)?"
    rf"\b(?P<month>{'|'.join(_MONTHS)})[a-z]*\.?"
    r"(?:\s+(?P<after>[0-9]{1,2})(?![0-9]))?",
    re.IGNORECASE,
)
_ISBN = re.compile(r"(?<![\w-])(?:[0-9][ -]?){9}(?:(?:[0-9][ -]?){3})?[0-9Xx](?![\w-])")
# Up to a blank, or to the semicolon that parts it from the next.
_WEB = re.compile(r"https?://\S+?(?=;*(?:\s|$)|;+https?://)", re.IGNORECASE)
# Accession numbers; a PMID and the number of PsycINFO could be another database's.
_ERIC = re.compile(r"E[JD][0-9]{6,7}")
_WEB_OF_SCIENCE = re.compile(r"WOS:[0-9A-Z]{15}")
_PMID = re.compile(r"[1-9][0-9]{0,7}")
_PSYCINFO = re.compile(r"[12][0-9]{3}-[0-9]{5}-[0-9]{3}")
_OWN_NAMES = re.compile(r"(?:line|record)-[0-9]+")  # ids that only we give


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """Hold what an entry says, field by field, as it is written there.

    `kind` is (CSL type, genre, whether it can be a study). `dates` are texts with
    the year in them, the one to be trusted most first; `doi` is what the entry calls
    its DOI, `addresses` hold web addresses, which may be a DOI's, `hints` are texts
    of any kind that count as the DOI if they are nothing else; `numbers` mix ISSN and
    ISBN. `flags` are what the reader noticed itself.
    """

    kind: tuple[str, str, bool]
    title: str = ""
    authors: tuple[Author, ...] = ()
    dates: tuple[str, ...] = ()
    container_title: str = ""
    volume: str = ""
    issue: str = ""
    pages: str = ""
    doi: str = ""
    abstract: str = ""
    language: str = ""
    addresses: tuple[str, ...] = ()
    hints: tuple[str, ...] = ()
    publisher: str = ""
    numbers: str = ""
    pmid: str = ""
    retracted: bool = False
    flags: tuple[str, ...] = ()


def citation(told: Told, source_id: str) -> Citation:
    """Make a citation of what an entry says; its `source` is empty."""
    csl_type, genre, is_study = told.kind
    title = clean_markup(told.title)
    year, published = dated(told.dates)
    noticed = {
        "no-title": not title,
        "not-a-study": not is_study,
        "odd-year": year is None and any(text.strip() for text in told.dates),
        "odd-doi": bool(told.doi.strip()) and not normalise_doi(told.doi),
        "retraction-notice": csl.is_retraction_notice(title),
    }
    return Citation(
        source="",
        source_id=source_id,
        title=title,
        authors=told.authors,
        year=year,
        published=published,
        container_title=clean_markup(told.container_title),
        volume=clean_markup(told.volume),
        issue=clean_markup(told.issue),
        pages=as_pages(told.pages),
        doi=_doi(told),
        abstract=clean_lines(told.abstract),
        type=csl_type,
        genre=genre,
        language=clean_markup(told.language),
        url=first_url(told.addresses),
        publisher=clean_markup(told.publisher),
        issn=issns(told.numbers),
        isbn=isbns(told.numbers),
        pmid=clean_markup(told.pmid),
        retracted=told.retracted or csl.is_retracted(title),
        flags=(*(flag for flag, holds in noticed.items() if holds), *told.flags),
    )


def own_id(seen: set[str], wanted: str, otherwise: str) -> str:
    """Return what a file calls an entry, or `otherwise` where that names no other.

    An id that the file gives twice, as some programs do, would make two entries one;
    so would one of the form that only we give. `seen` are the ids given so far.
    """
    wanted = clean_markup(wanted)
    usable = wanted and len(wanted) <= LONGEST_ID and not _OWN_NAMES.fullmatch(wanted)
    if not usable or wanted in seen:
        return otherwise
    seen.add(wanted)
    return wanted


def accession(texts: Iterable[str], name: str) -> tuple[str, str]:
    """Return the database whose accession number an entry surely has, and that.

    EBSCO and ProQuest write several numbers into one text, parted by semicolons.
    `name` is what the entry calls its database; a number that is of no known form,
    or could be of several databases' without a name, gives ('', '').
    """
    numbers = [part for text in texts for part in re.split(r"[;,\s]+", text.upper())]
    name = name.casefold()
    known = [("eric", _ERIC), ("web-of-science", _WEB_OF_SCIENCE)]
    if "medline" in name or "pubmed" in name:
        known.append(("pubmed", _PMID))
    if "psycinfo" in name or "psyh" in name:
        known.append(("psycinfo", _PSYCINFO))
    found = (
        (database, number)
        for database, form in known
        for number in numbers
        if form.fullmatch(number)
    )
    return next(found, ("", ""))


def people(names: Iterable[str]) -> tuple[Author, ...]:
    """Read names, one or more to a text, parted by semicolons or line ends."""
    return tuple(
        found
        for text in names
        for line in text.splitlines()
        for found in (_ending_in_comma(line) or parse_authors(line))
    )


def _ending_in_comma(name: str) -> tuple[Author, ...]:
    """Read "World Health Organization,": EndNote's way to write an organisation.

    A person whose given name is not told ends in a comma, too ("Plato,"), so the
    name must have several words and read as that of an organisation.
    """
    bare = name.strip()
    if not bare.endswith(",") or bare.count(",") > 1 or ";" in bare:
        return ()
    found = author(bare[:-1])
    literal = found is not None and found.literal and len(bare.split()) > 1
    return (found,) if found is not None and literal else ()


def dated(texts: Iterable[str]) -> tuple[int | None, str]:
    """Return the year and the ISO date, as precise as any of the texts that agrees."""
    texts = [_COMPACT.sub(r"\1-\2-\3", clean_markup(text)) for text in texts]
    years = (as_year(found[0]) for text in texts for found in _YEAR.finditer(text))
    year = next((year for year in years if year is not None), None)
    if year is None:
        return None, ""
    dates = [found for text in texts if (found := _iso(text, year))]
    return year, max(dates, key=len, default=str(year))


def _iso(text: str, year: int) -> str:
    """Return the ISO date in a text of this year, '' where it is of another."""
    told = {int(found[0]) for found in _YEAR.finditer(text)}
    if told and year not in told:
        return ""
    numeric = _NUMERIC.search(text)
    if numeric is not None and numeric[2]:
        return _valid(int(numeric[1]), numeric[2], numeric[3])
    words = _WORDS.search(text)
    if words is None:
        return str(year)
    month = _MONTHS.index(words["month"].lower()) + 1
    return _valid(year, str(month), words["after"] or words["before"])


def _valid(year: int, month: str, day: str | None) -> str:
    """Return an ISO date as far as there is such a month, and such a day of it."""
    found = str(year)
    for length, number in ((len("2019-06"), "1"), (len("2019-06-12"), day or "")):
        try:
            found = date(year, int(month), int(number)).isoformat()[:length]
        except ValueError:
            break
    return found


def _doi(told: Told) -> str:
    """Return the first DOI told: as such, in an address, or as the whole of a text."""
    addresses = (part for text in told.addresses for part in _WEB.findall(text))
    texts = (told.doi, *told.addresses, *addresses, *told.hints)
    return next((doi for text in texts if (doi := normalise_doi(text))), "")


def first_url(texts: Iterable[str]) -> str:
    """Return the first web address in the texts, several of which may share one."""
    found = (as_url(part) for text in texts for part in _WEB.findall(text))
    return next((url for url in found if url), "")


def isbns(text: str) -> str:
    """Return the distinct ISBNs in a text, without hyphens, parted by blanks."""
    found = (re.sub("[ -]", "", match[0]).upper() for match in _ISBN.finditer(text))
    return " ".join(dict.fromkeys(found))
