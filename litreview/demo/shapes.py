"""One work, and its two shapes: what OpenAlex and what Crossref would answer.

A `Paper` is a work as one service knows it. The field names, nesting and habits
are those of real answers of 2026: an inverted index for OpenAlex's abstract,
2020-01-01 where only the year is known, JATS for Crossref's, titles in lists.
"""

from __future__ import annotations

import html
from collections.abc import Sequence
from dataclasses import dataclass

from litreview.demo.people import Person
from litreview.demo.records import Work

# Document type -> what each service calls it.
TYPES = {
    "article": ("article", "journal-article"),
    "review": ("review", "journal-article"),
    "editorial": ("editorial", "journal-article"),
    "erratum": ("erratum", "journal-article"),
    "chapter": ("book-chapter", "book-chapter"),
    "book": ("book", "monograph"),
    "report": ("report", "report"),
    "dissertation": ("dissertation", "dissertation"),
    "preprint": ("preprint", "posted-content"),
    "conference": ("conference-paper", "proceedings-article"),
    "other": ("other", "other"),
}
CROSSREF_UPDATED = (2026, 7, 1)  # the day on which the invented Crossref was indexed
MEMBER = "demo"  # no real member of Crossref


@dataclass(frozen=True, slots=True)
class Paper:
    """A work as one service knows it; "" and None mean that it does not say.

    `day` is (year), (year, month) or (year, month, day). `notice` is the DOI of
    the article that an erratum corrects or the notice that retracts this one.
    """

    key: str
    study: str
    kind: str
    title: str
    subtitle: str = ""
    people: tuple[Person, ...] = ()
    day: tuple[int, ...] = ()
    container: str = ""
    volume: str = ""
    issue: str = ""
    pages: str = ""
    publisher: str = ""
    doi: str = ""
    url: str = ""
    abstract: str = ""
    language: str = "en"
    retracted: bool = False
    notice: str = ""


def openalex_work(paper: Paper, number: int, cited: Sequence[str]) -> Work:
    """Shape a work as OpenAlex would; `cited` holds OpenAlex ids.

    `number` becomes the id W98........, far above any that the service uses.
    """
    bare = f"W98{number:08d}"
    doi = f"https://doi.org/{paper.doi.lower()}" if paper.doi else None
    title = ": ".join(part for part in (paper.title, paper.subtitle) if part) or None
    location = _location(paper, doi)
    ids = {"openalex": f"https://openalex.org/{bare}"} | ({"doi": doi} if doi else {})
    first, _, last = paper.pages.replace("\u2013", "-").partition("-")
    return {
        "id": f"https://openalex.org/{bare}",
        "doi": doi,
        "title": title,
        "display_name": title,
        "publication_year": paper.day[0] if paper.day else None,
        "publication_date": _iso(paper.day),
        "ids": ids,
        "language": paper.language,
        "primary_location": location,
        "type": TYPES[paper.kind][0],
        "indexed_in": ["crossref"] if doi else [],
        "open_access": {"is_oa": False, "oa_status": "closed", "oa_url": None},
        "authorships": _authorships(paper.people),
        "cited_by_count": 0,
        "biblio": {
            "volume": paper.volume or None,
            "issue": paper.issue or None,
            "first_page": first or None,
            "last_page": (last or first) or None,
        },
        "is_retracted": paper.retracted,
        "is_paratext": False,
        "primary_topic": None,
        "topics": [],
        "keywords": [],
        "locations_count": 1,
        "locations": [location],
        "best_oa_location": None,
        "referenced_works": [f"https://openalex.org/{key}" for key in cited],
        "related_works": [],
        "abstract_inverted_index": _inverted(paper.abstract),
    }


def _location(paper: Paper, doi: str | None) -> Work:
    source = None
    if paper.container:
        source = {
            "id": None,
            "display_name": paper.container,
            "issn_l": None,
            "issn": None,
            "host_organization_name": paper.publisher or None,
            "type": "repository" if paper.kind == "preprint" else "journal",
        }
    return {
        "is_oa": False,
        "landing_page_url": doi or paper.url or None,
        "pdf_url": None,
        "source": source,
        "license": None,
        "version": "publishedVersion",
        "raw_source_name": paper.container or None,
        "raw_type": TYPES[paper.kind][1],
    }


def _authorships(people: Sequence[Person]) -> list[Work]:
    last = len(people) - 1
    found: list[Work] = []
    for place, person in enumerate(people):
        name = person.full_name()
        position = "first" if place == 0 else "last" if place == last else "middle"
        found.append(
            {
                "author_position": position,
                "author": {"id": None, "display_name": name, "orcid": None},
                "institutions": [],
                "raw_author_name": name,
                "raw_affiliation_strings": [],
            }
        )
    return found


def _inverted(abstract: str) -> dict[str, list[int]] | None:
    places: dict[str, list[int]] = {}
    for place, word in enumerate(abstract.split()):
        places.setdefault(word, []).append(place)
    return places or None


def _iso(day: tuple[int, ...]) -> str | None:
    if not day:
        return None
    year, month, date = (*day, 1, 1)[:3]
    return f"{year:04d}-{month:02d}-{date:02d}"


def crossref_work(paper: Paper, references: Sequence[Work]) -> Work:
    """Shape a work as Crossref would; every such work has a DOI."""
    date = {"date-parts": [list(paper.day)]} if paper.day else {"date-parts": [[None]]}
    stamp = {"date-parts": [list(CROSSREF_UPDATED)]}
    work: Work = {
        "indexed": stamp,
        "created": date,
        "deposited": stamp,
        "publisher": paper.publisher or "Unknown",
        "DOI": paper.doi,
        "URL": f"https://doi.org/{paper.doi}",
        "type": TYPES[paper.kind][1],
        "source": "Crossref",
        "prefix": paper.doi.partition("/")[0],
        "member": MEMBER,
        "title": [paper.title] if paper.title else [],
        "subtitle": [paper.subtitle] if paper.subtitle else [],
        "short-title": [],
        "original-title": [],
        "container-title": [paper.container] if paper.container else [],
        "issued": date,
        "published": date,
        "reference-count": len(references),
        "references-count": len(references),
        "is-referenced-by-count": 0,
        "subject": [],
        "score": 0.0,
    }
    return work | _said(paper) | ({"reference": list(references)} if references else {})


def _said(paper: Paper) -> Work:
    """List the fields that Crossref leaves out where it knows nothing."""
    found: Work = {
        "volume": paper.volume,
        "issue": paper.issue,
        "page": paper.pages,
        "author": _crossref_people(paper.people),
        "abstract": _jats(paper.abstract),
    }
    if paper.language != "en":
        found["language"] = paper.language
    if paper.kind == "preprint":
        found["subtype"] = "preprint"
    if paper.notice and paper.kind == "erratum":
        found["update-to"] = [_update(paper.notice, "erratum")]
    if paper.notice and paper.retracted:
        found["updated-by"] = [_update(paper.notice, "retraction")]
    return {name: value for name, value in found.items() if value}


def _update(doi: str, kind: str) -> Work:
    return {"DOI": doi, "type": kind, "label": kind.capitalize(), "source": "publisher"}


def _crossref_people(people: Sequence[Person]) -> list[Work]:
    found: list[Work] = []
    for place, person in enumerate(people):
        sequence = "additional" if place else "first"
        name: Work = {"name": person.family}
        if not person.group:
            name = {"family": person.family}
            name |= {"given": person.given} if person.given else {}
        found.append({**name, "sequence": sequence, "affiliation": []})
    return found


def _jats(abstract: str) -> str:
    if not abstract:
        return ""
    escaped = html.escape(abstract, quote=False)
    return f"<jats:title>Abstract</jats:title><jats:p>{escaped}</jats:p>"
