"""How two services tell the same work differently.

Each function takes a work and returns it as OpenAlex and as Crossref have it.
The differences are those counted in real answers of the two services: missing
abstracts, pages and authors, a subtitle in one of them alone, initials, capitals,
entities and markup, an online-first year.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from random import Random

from litreview.demo.shapes import Paper

Pair = tuple[Paper, Paper]

LAST_YEAR = 2025  # a print year one later is still inside the review's limits

AMERICAN = (("rganis", "rganiz"), ("behaviour", "behavior"), ("programme", "program"))


def same(paper: Paper, _: Random) -> Pair:
    """Let both agree."""
    return paper, paper


def abstract_missing(paper: Paper, random: Random) -> Pair:
    """Leave the abstract out of one, mostly of Crossref."""
    without = replace(paper, abstract="")
    return (without, paper) if random.random() < 0.3 else (paper, without)


def subtitle_missing(paper: Paper, random: Random) -> Pair:
    """Leave the subtitle out of one."""
    without = replace(paper, subtitle="")
    return (without, paper) if random.random() < 0.5 else (paper, without)


def online_first(paper: Paper, _: Random) -> Pair:
    """Give OpenAlex the year of print, one after the year online."""
    if not paper.day or paper.day[0] > LAST_YEAR - 1:
        return paper, paper
    return replace(paper, day=(paper.day[0] + 1,)), paper


def markup(paper: Paper, _: Random) -> Pair:
    """Put entities and tags into Crossref's title, curly quotes into OpenAlex's."""
    marked = paper.title.replace(" and ", " &amp; ").replace("'", "&#39;")
    words = marked.split(" ")
    words[-1] = f"<i>{words[-1]}</i>"
    curly = paper.title.replace("'", "\u2019").replace("-", "\u2010")
    return replace(paper, title=curly), replace(paper, title=" ".join(words))


def initials(paper: Paper, random: Random) -> Pair:
    """Cut given names to initials in one."""
    short = replace(paper, people=tuple(person.initials() for person in paper.people))
    return (short, paper) if random.random() < 0.5 else (paper, short)


def pages_missing(paper: Paper, random: Random) -> Pair:
    """Leave the pages out of one."""
    without = replace(paper, pages="")
    return (without, paper) if random.random() < 0.5 else (paper, without)


def capitals(paper: Paper, _: Random) -> Pair:
    """Shout Crossref's title, and its family names."""
    people = tuple(
        replace(person, family=person.family.upper()) for person in paper.people
    )
    shouted = replace(
        paper, title=paper.title.upper(), subtitle=paper.subtitle.upper(), people=people
    )
    return paper, shouted


def authors_missing(paper: Paper, _: Random) -> Pair:
    """Leave all authors out of Crossref."""
    return paper, replace(paper, people=())


def spelling(paper: Paper, _: Random) -> Pair:
    """Spell Crossref's title the American way and end it with a full stop."""
    title = paper.title
    for british, american in AMERICAN:
        title = title.replace(british, american)
    end = "" if title.endswith("?") or paper.subtitle else "."
    return paper, replace(paper, title=title + end)


DIFFERENCES: tuple[Callable[[Paper, Random], Pair], ...] = (
    same,
    abstract_missing,
    abstract_missing,
    abstract_missing,
    subtitle_missing,
    subtitle_missing,
    online_first,
    online_first,
    markup,
    initials,
    initials,
    pages_missing,
    capitals,
    authors_missing,
    spelling,
)


def doi_missing(openalex: Paper, crossref: Paper) -> Pair:
    """Leave the DOI out of OpenAlex."""
    return replace(openalex, doi=""), crossref


def doi_other(openalex: Paper, crossref: Paper) -> Pair:
    """Give OpenAlex the DOI of a repository copy instead."""
    other = openalex.doi.replace("10.5555/", "10.5555/repository.")
    return replace(openalex, doi=other), crossref


def doi_capitals(openalex: Paper, crossref: Paper) -> Pair:
    """Write Crossref's DOI in capitals, which means the same."""
    return openalex, replace(crossref, doi=crossref.doi.upper())


def doi_agrees(openalex: Paper, crossref: Paper) -> Pair:
    """Leave both with the same DOI."""
    return openalex, crossref
