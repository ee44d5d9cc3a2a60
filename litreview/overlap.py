"""How far reviews rest on the same studies: the corrected covered area.

Pieper et al. (2014, doi 10.1016/j.jclinepi.2013.11.007): with N inclusions in all, r
distinct studies and c reviews, CCA = (N - r) / (rc - r); 0 is no overlap, 1 is the
same studies in every review. Up to 5 % is called slight, up to 10 % moderate, up to
15 % high, above that very high.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from litreview.citation import Citation
from litreview.text import title_key

# The upper end of each word, as a share.
WORDS = ((0.05, "slight"), (0.10, "moderate"), (0.15, "high"), (1.0, "very high"))
FEWEST = 2  # reviews that can overlap
YEARS_APART = 1  # print and online years of one work differ by so much


@dataclass(frozen=True)
class Work:
    """A work that some reviews include, as the first of them names it."""

    title: str
    year: int | None
    doi: str
    reviews: frozenset[str]


@dataclass(frozen=True)
class Covered:
    """The overlap of some reviews; `cca` is None where it is not defined."""

    inclusions: int
    works: int
    reviews: int
    cca: float | None
    word: str


def covered(memberships: Sequence[int], *, reviews: int) -> Covered:
    """Return the corrected covered area.

    `memberships` is, for each distinct work, the number of reviews that include it (1
    to `reviews`). Undefined with fewer than two reviews or without a work.
    """
    total, works = sum(memberships), len(memberships)
    if reviews < FEWEST or not works:
        why = "undefined: fewer than two reviews" if works else "undefined: no works"
        return Covered(total, works, reviews, None, why)
    share = (total - works) / (reviews * works - works)
    word = next(word for most, word in WORDS if share <= most)
    return Covered(total, works, reviews, share, word)


def join(lists: Mapping[str, Sequence[Citation]]) -> list[Work]:
    """Return the distinct works of the reviews' lists, by title and year.

    Two entries are one work if they have the same DOI; without one on either side, if
    their titles read alike and their years differ by at most `YEARS_APART`.
    """
    works: list[Work] = []
    by_doi: dict[str, int] = {}
    by_title: dict[str, list[int]] = {}
    for review, citations in lists.items():
        for citation in citations:
            at = _known(works, citation, by_doi, by_title)
            if at is None:
                at = len(works)
                works.append(_work(citation))
            old = works[at]
            doi, year = old.doi or citation.doi, old.year or citation.year
            works[at] = Work(old.title, year, doi, old.reviews | {review})
            if citation.doi:
                by_doi.setdefault(citation.doi, at)
            by_title.setdefault(title_key(citation.title), []).append(at)
    return sorted(works, key=lambda work: (title_key(work.title), work.year or 0))


def _work(citation: Citation) -> Work:
    return Work(citation.title, citation.year, citation.doi, frozenset())


def _known(
    works: Sequence[Work],
    citation: Citation,
    by_doi: Mapping[str, int],
    by_title: Mapping[str, Sequence[int]],
) -> int | None:
    if citation.doi in by_doi and citation.doi:
        return by_doi[citation.doi]
    key = title_key(citation.title)
    for at in by_title.get(key, ()) if key else ():
        other = works[at]
        if citation.doi and other.doi:
            continue
        years = citation.year, other.year
        if None in years or abs(int(years[0] or 0) - int(years[1] or 0)) <= YEARS_APART:
            return at
    return None
