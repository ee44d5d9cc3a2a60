"""What an OpenAlex work's JSON means: its citation.

Old dumps differ from today's answers, and about one record in ten has something
null that is promised; what cannot be read counts as not told. An abstract comes as
an inverted index, {word: [positions]}, and is put together again.
https://help.openalex.org (fields of a work), read in August 2026.
"""

from __future__ import annotations

import json
import re
from contextlib import suppress
from datetime import date
from operator import itemgetter
from typing import Any
from urllib.parse import quote

from litreview.citation import Author, Citation, Notice, author
from litreview.sources import csl
from litreview.sources.page import (
    as_dict,
    as_list,
    as_name,
    as_pages,
    as_text,
    as_url,
    as_year,
)
from litreview.text import (
    clean_markup,
    issns,
    normalise_doi,
    normalise_orcid,
    title_key,
)

_LONGEST_ABSTRACT = 1500  # words; beyond that the full text leaked in
_LIST_AUTHORS = 100  # lists cut the authors here
# Indexes that stand as "source" where the journal's name is in the raw data.
_INDEXES = frozenset({"PubMed", "PubMed Central", "Europe PMC (PubMed Central)"})
_NAMELESS_AUTHOR = "https://openalex.org/A9999999999"

_CONFERENCE_HINTS = frozenset(
    {
        "conference",
        "proceedings-article",
        "proceedings paper",
        "info:eu-repo/semantics/conferencepaper",
    }
)
_LONGEST_NAME = 250  # characters; longer raw "names" are whole references
# "Abstract" printed before the abstract; "Abstract thinking is" stays.
_HEADING = re.compile(r"(?:Abstract|ABSTRACT)(?:\s*[:.]\s*|\s+(?=[A-Z]))")
# OpenAlex says that a work was retracted, but neither when nor by which notice.
_RETRACTED = (Notice("retraction", source="openalex"),)


def citation(payload: dict[str, Any]) -> Citation:
    """Say what a work's JSON means; raises ValueError where it is no work."""
    source_id = _work_id(payload)
    title = as_text(payload.get("title")) or as_text(payload.get("display_name"))
    doi = normalise_doi(as_name(payload.get("doi")))
    csl_type, genre, is_study = _kind(payload)
    year, published = _date(payload)
    biblio = as_dict(payload.get("biblio"))
    container_title, publisher, issn = _container(payload)
    abstract = _abstract(payload.get("abstract_inverted_index"))
    noticed = {
        "no-title": not title,
        "not-a-study": not is_study,
        "retraction-notice": genre == "retraction" or csl.is_retraction_notice(title),
        "authors-truncated": _authors_truncated(payload),
        "long-abstract": _is_long(abstract),
    }
    return Citation(
        source="openalex",
        source_id=source_id,
        title=title,
        authors=_authors(payload),
        year=year,
        published=published,
        container_title=container_title,
        volume=as_text(biblio.get("volume")),
        issue=as_text(biblio.get("issue")),
        pages=_pages(biblio),
        doi=doi,
        abstract=abstract,
        type=csl_type,
        genre=genre,
        language=as_text(payload.get("language")),
        url=_url(payload, doi, source_id),
        publisher=publisher,
        issn=issn,
        pmid=_pmid(payload),
        retracted=payload.get("is_retracted") is True or csl.is_retracted(title),
        flags=tuple(flag for flag, holds in noticed.items() if holds),
        notices=_RETRACTED if payload.get("is_retracted") is True else (),
    )


def _work_id(payload: dict[str, Any]) -> str:
    """Return "W123" of "https://openalex.org/W123"; raises ValueError."""
    address = as_text(payload.get("id"))
    found = re.search(r"(?:^|/)(W[0-9]+)$", address, re.IGNORECASE)
    if found is None:
        raise ValueError(f"no OpenAlex work id, but {address[:80]!r}")
    return found[1].upper()


def _kind(payload: dict[str, Any]) -> tuple[str, str, bool]:
    """Return (CSL type, genre, can be a study)."""
    word = as_text(payload.get("type"))
    location = as_dict(payload.get("primary_location"))
    hints = {
        as_text(payload.get("type_crossref")),
        as_text(location.get("raw_type")).casefold(),
        as_text(as_dict(location.get("source")).get("type")),
    }
    if word == "article" and hints & _CONFERENCE_HINTS:
        word = "conference-paper"
    csl_type, genre, is_study = csl.kind(word, csl.OPENALEX)
    return csl_type, genre, is_study and payload.get("is_paratext") is not True


def _date(payload: dict[str, Any]) -> tuple[int | None, str]:
    """Return the year and the ISO date; 1 January stands for "that year"."""
    year = as_year(payload.get("publication_year"))
    text = as_text(payload.get("publication_date"))
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return year, str(year or "")
    year = year or as_year(day.year)
    if (day.month, day.day) == (1, 1) or year is None:
        return year, str(year or "")
    return year, day.isoformat()


def _container(payload: dict[str, Any]) -> tuple[str, str, str]:
    """Return the container's title, publisher and ISSNs."""
    location = as_dict(payload.get("primary_location"))
    # Dumps made before 2024 name the journal in host_venue.
    source = as_dict(location.get("source")) or as_dict(payload.get("host_venue"))
    raw_name = as_text(location.get("raw_source_name"))
    name = as_text(source.get("display_name"))
    if not name or name in _INDEXES:
        return (raw_name if len(raw_name) <= _LONGEST_NAME else ""), "", ""
    publisher = source.get("host_organization_name") or source.get("publisher")
    numbers = [source.get("issn_l"), *as_list(source.get("issn"))]
    return name, as_text(publisher), issns(" ".join(map(as_text, numbers)))


def _pages(biblio: dict[str, Any]) -> str:
    """Return "first-last", or one page."""
    ends = [as_pages(biblio.get("first_page")), as_pages(biblio.get("last_page"))]
    return "-".join(dict.fromkeys(end for end in ends if end))


def _authors(payload: dict[str, Any]) -> tuple[Author, ...]:
    """Return the authors in their order; entries without a name are left out."""
    entries = map(as_dict, as_list(payload.get("authorships")))
    authors = map(_author, entries)
    return tuple(found for found in authors if found is not None)


def _author(authorship: dict[str, Any]) -> Author | None:
    """Read one authorship.

    The profile's name comes first, as printed names are often cut to initials;
    but a printed "Family, Given" of the same words tells where the name parts.
    """
    profile = as_dict(authorship.get("author"))
    known = profile.get("id") != _NAMELESS_AUTHOR
    name = as_text(profile.get("display_name")) if known else ""
    raw = as_text(authorship.get("raw_author_name"))
    if "," in raw and sorted(title_key(raw).split()) == sorted(title_key(name).split()):
        name = raw
    return author(name or raw, orcid=normalise_orcid(profile.get("orcid")))


def _authors_truncated(payload: dict[str, Any]) -> bool:
    cut = payload.get("is_authors_truncated") is True
    return cut or len(as_list(payload.get("authorships"))) == _LIST_AUTHORS


def _abstract(index: Any) -> str:
    """Rebuild the abstract from its inverted index, {word: [positions]}.

    Old dumps hold the index as a JSON string; gaps simply close.
    """
    if isinstance(index, str):
        try:
            index = json.loads(index)
        except ValueError:
            return ""
    words = as_dict(index)
    words = as_dict(words.get("InvertedIndex")) or words
    text = clean_markup(" ".join(_in_order(words)))
    heading = _HEADING.match(text)
    return text[heading.end() :] if heading else text


def _is_long(abstract: str) -> bool:
    """Tell whether there are more words than an abstract has; most are counted out."""
    possible = len(abstract) // len("a ")
    return possible >= _LONGEST_ABSTRACT and len(abstract.split()) > _LONGEST_ABSTRACT


def _in_order(words: dict[str, Any]) -> list[str]:
    """Return the words at their positions; what is no position is left out.

    Most abstracts have one word at each position from the first to the last.
    """
    with suppress(TypeError, IndexError):
        text = [""] * sum(map(len, words.values()))
        for word, positions in words.items():
            for position in positions:
                text[position] = word
        if all(text):
            return text
    placed = [
        (position, word)
        for word, positions in words.items()
        if isinstance(positions, list)
        for position in positions
    ]
    if {int} != set(map(type, map(itemgetter(0), placed))):
        placed = [pair for pair in placed if isinstance(pair[0], int)]
    placed.sort(key=itemgetter(0))
    return [word for _, word in placed]


def _url(payload: dict[str, Any], doi: str, source_id: str) -> str:
    """Return where a person can read about the work."""
    location = as_dict(payload.get("primary_location"))
    landing_page = as_url(location.get("landing_page_url"))
    address = f"https://doi.org/{quote(doi, safe='/:;()')}" if doi else ""
    return landing_page or address or f"https://openalex.org/{source_id}"


def _pmid(payload: dict[str, Any]) -> str:
    """Return the number in "https://pubmed.ncbi.nlm.nih.gov/19321022"."""
    address = as_text(as_dict(payload.get("ids")).get("pmid"))
    found = re.search(r"([0-9]{1,9})/?$", address)
    return found[1] if found else ""
