"""Compare pairs of records field by field.

Every function takes rows `left` and `right` of the columns and returns one level
per pair (see `levels`). Numbers are compared by numpy at once, texts one by one
where a look at all of them has not settled it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import polars as pl
from numpy.typing import NDArray
from rapidfuzz import fuzz, process

from litreview.columns import Columns, Ints
from litreview.evidence import Evidence, Levels
from litreview.levels import (
    Abstract,
    Authors,
    Container,
    Doi,
    Form,
    Issue,
    Level,
    Notice,
    Pages,
    Title,
    Volume,
    Wording,
    Year,
)
from litreview.plain import CITING, plain_words
from litreview.titles import (
    HOPELESS_RATIO,
    NEAR_RATIO,
    SIMILAR_RATIO,
    SPELLING_RATIO,
    compare_titles,
    compare_wording,
    is_common,
)

# --- titles -------------------------------------------------------------------

ROUNDING = 0.01  # per cent; the ratios have single precision


def title_ratios(
    columns: Columns, left: Ints, right: Ints, least: float = HOPELESS_RATIO
) -> NDArray[np.float32]:
    """Return how alike the titles of each pair are, in per cent, 0 below `least`.

    Most of those below are known by their lengths alone.
    """
    rows = np.flatnonzero(greatest_ratios(columns, left, right) > least - ROUNDING)
    ratios = np.zeros(len(left), np.float32)
    ratios[rows] = process.cpdist(
        columns.titles[left[rows]].tolist(),
        columns.titles[right[rows]].tolist(),
        scorer=fuzz.ratio,
        score_cutoff=least,
        dtype=np.float32,
    )
    return ratios


def greatest_ratios(columns: Columns, left: Ints, right: Ints) -> NDArray[np.float64]:
    """Return how alike titles of these lengths may be at most, in per cent."""
    one, two = columns.length[left], columns.length[right]
    greatest = 200 * np.minimum(one, two) / np.maximum(one + two, 1)
    return np.asarray(greatest, np.float64)


def title_levels(columns: Columns, pairs: Evidence) -> Levels:
    """Return the level of the titles of each pair."""
    left, right = pairs.left, pairs.right
    one, two = columns.title[left], columns.title[right]
    levels = np.full(len(left), Title.DIFFERENT, np.int8)
    missing = (one == 0) | (two == 0)
    unlike = np.flatnonzero((one != two) & ~missing)
    ratios = title_ratios(columns, left[unlike], right[unlike])
    unlike, ratios = unlike[ratios > 0], ratios[ratios > 0]
    levels[unlike] = _unlike_titles(columns, left[unlike], right[unlike], ratios)
    same = np.flatnonzero((one == two) & ~missing)
    told = columns.titles[left[same]].tolist()
    levels[same] = [Title.SHORT if is_common(title) else Title.SAME for title in told]
    foreign = columns.bracketed[left] != columns.bracketed[right]
    levels[(levels == Title.DIFFERENT) & foreign] = Title.TRANSLATED
    levels[missing] = Title.MISSING
    return levels


def _unlike_titles(
    columns: Columns, left: Ints, right: Ints, ratios: NDArray[np.float32]
) -> Levels:
    """Do what `compare_titles` does, and ask it only where the ratio leaves it open.

    One title can only continue the other if it has all letters of that one in order,
    which makes the ratio the greatest that titles of these lengths may have.
    """
    levels = np.select(
        [ratios >= SPELLING_RATIO, ratios >= NEAR_RATIO],
        [Title.SPELLING, Title.NEAR],
        Title.SIMILAR,
    ).astype(np.int8)
    greatest = greatest_ratios(columns, left, right)
    rows = np.flatnonzero((ratios < SIMILAR_RATIO) | (ratios > greatest - ROUNDING))
    titles = columns.titles[left[rows]].tolist()
    others = columns.titles[right[rows]].tolist()
    levels[rows] = [*map(compare_titles, titles, others, ratios[rows].tolist())]
    return levels


def wording_levels(columns: Columns, pairs: Evidence) -> Levels:
    """Return which words the titles of each pair, if alike, do not share."""
    left, right = pairs.left, pairs.right
    levels = np.full(len(left), Wording.SAME, np.int8)
    alike = pairs.levels[Title] < Title.TRANSLATED
    alike &= columns.title[left] != columns.title[right]
    unlike = np.flatnonzero(alike)
    titles = columns.titles[left[unlike]].tolist()
    others = columns.titles[right[unlike]].tolist()
    levels[unlike] = [*map(compare_wording, titles, others)]
    return levels


# --- the other fields ---------------------------------------------------------

NAME_RATIO = 75.0  # per cent; "Rodrigues" and "Rodriguez"
SWAPPED_LETTERS = 4  # shorter names stand inside others
MOST_NAMES = 0.6  # of the shorter list
ARTICLE_NUMBER = 10_000  # pages from here on are article numbers, each used once
DEPOSIT = r"^10\.5281/zenodo\."  # one DOI per version, one for all
ABSTRACT_LENGTH = 600  # letters; the beginning tells, the end is a copyright line
ABSTRACT_READ = 2 * ABSTRACT_LENGTH  # letters; markup goes, and 600 plain ones stay
ABSTRACT_LEAST = 100  # letters; less is no abstract
SAME_ABSTRACT, SIMILAR_ABSTRACT = 90.0, 65.0  # per cent
ABSTRACT_BATCH = 20_000  # pairs; their abstracts are about 50 MB
CONTAINER_RATIO = 85.0  # per cent


def _is_among(name: str, others: set[str]) -> bool:
    """Tell whether a name is one of the others, misspelt or with its particle."""
    for other in others:
        if name[0] == other[0]:
            if fuzz.ratio(name, other) >= NAME_RATIO:
                return True
        elif name[-1] == other[-1] and (name.endswith(other) or other.endswith(name)):
            return True
    return False


def _count_alike(names: set[str], others: set[str]) -> int:
    """Count the names that both lists have, spelt differently.

    Two names may be near one of the others, which is still one person: whoever is
    asked about whom, the fewer counts.
    """
    found = sum([_is_among(name, others) for name in names])
    return found and min(found, sum([_is_among(name, names) for name in others]))


def compare_authors(one: Sequence[str], two: Sequence[str]) -> Authors:
    """Say how two lists of family names compare as sets."""
    if not one or not two:
        return Authors.MISSING if one or two else Authors.UNKNOWN
    if one == two:
        return Authors.ALL if len(one) > 1 else Authors.SINGLE
    a, b = set(one), set(two)
    fewest = min(len(a), len(b))
    shared = len(a & b)
    if shared < fewest:
        shared += _count_alike(a - b, b - a)
    if shared >= fewest:
        if len(a) != len(b):
            return Authors.FEWER if fewest > 1 else Authors.FIRST
        return Authors.ALL if fewest > 1 else Authors.SINGLE
    if shared >= MOST_NAMES * fewest:
        return Authors.MOST
    return Authors.SOME if shared else Authors.DIFFERENT


def author_levels(columns: Columns, pairs: Evidence) -> Levels:
    """Return the level of the authors of each pair.

    Where no family name is shared, one found anywhere among the other's names
    will do: some sources swap family and given names.
    """
    left, right = pairs.left, pairs.right
    kinds = [columns.count == 0, columns.count == 1]
    alike = np.select(kinds, [Authors.UNKNOWN, Authors.SINGLE], Authors.ALL)
    # Whether some authors are the same or none: most pairs are lost in either case.
    matters = pairs.may_be_one(Authors.SOME.weight - Authors.ALL.weight)
    matters |= pairs.all_pairs
    levels = alike[left].astype(np.int8)
    unlike = np.flatnonzero(columns.people[left] != columns.people[right])
    one, two = left[unlike], right[unlike]
    names = [team.split() for team in columns.families.gather(one).to_list()]
    others = [team.split() for team in columns.families.gather(two).to_list()]
    found = np.array([*map(compare_authors, names, others)], np.int8)
    strange = np.flatnonzero((found == Authors.DIFFERENT) & matters[unlike])
    for k, a, b in zip(
        strange.tolist(),
        columns.authors.gather(one[strange]).to_list(),
        columns.authors.gather(two[strange]).to_list(),
        strict=True,
    ):
        if _mentions(a, others[k]) or _mentions(b, names[k]):
            found[k] = Authors.SOME
    levels[unlike] = found
    return levels


def _mentions(authors: str, names: Sequence[str]) -> bool:
    text = authors.lower()
    return any(len(name) >= SWAPPED_LETTERS and name in text for name in names)


def _known(
    column: Ints, left: Ints, right: Ints, kinds: tuple[Level, Level, Level]
) -> Levels:
    """Return same, missing or different for numbers and codes."""
    a, b = column[left], column[right]
    same, missing, different = kinds
    return np.where(
        (a == 0) | (b == 0), missing, np.where(a == b, same, different)
    ).astype(np.int8)


def year_levels(columns: Columns, pairs: Evidence) -> Levels:
    """Return the level of the years of each pair."""
    left, right = pairs.left, pairs.right
    levels = _known(
        columns.year, left, right, (Year.SAME, Year.MISSING, Year.DIFFERENT)
    )
    close = np.abs(columns.year[left] - columns.year[right]) == 1
    levels[close & (levels == Year.DIFFERENT)] = Year.CLOSE
    return levels


def volume_levels(columns: Columns, pairs: Evidence) -> Levels:
    """Return the level of the volumes of each pair."""
    left, right = pairs.left, pairs.right
    kinds = (Volume.SAME, Volume.MISSING, Volume.DIFFERENT)
    levels = _known(columns.volume, left, right, kinds)
    levels[(columns.volume[left] == 0) & (columns.volume[right] == 0)] = Volume.UNKNOWN
    return levels


def doi_levels(columns: Columns, pairs: Evidence) -> Levels:
    """Return the level of the DOIs of each pair.

    The DOI of a supplement extends its article's; deposits have one DOI for each
    version and one for all, which differ and prove nothing.
    """
    left, right = pairs.left, pairs.right
    levels = _known(columns.doi, left, right, (Doi.SAME, Doi.MISSING, Doi.DIFFERENT))
    unlike = np.flatnonzero(levels == Doi.DIFFERENT)
    one, two = columns.dois.gather(left[unlike]), columns.dois.gather(right[unlike])
    told = pl.DataFrame([one.alias("one"), two.alias("two")])
    parts = [
        pl.col(long).str.starts_with(pl.col(short) + mark)
        for long, short in (("one", "two"), ("two", "one"))
        for mark in "./"
    ]
    part = told.select(pl.any_horizontal(parts)).to_series()
    levels[unlike[part.to_numpy()]] = Doi.PART
    deposits = one.str.contains(DEPOSIT) & two.str.contains(DEPOSIT)
    levels[unlike[deposits.to_numpy()]] = Doi.MISSING
    return levels


def page_levels(columns: Columns, pairs: Evidence) -> tuple[Levels, Levels]:
    """Return the levels of pages and issues of each pair.

    An article number stands among the pages in one source and as the issue in
    another; found crosswise it counts as the page.
    """
    left, right = pairs.left, pairs.right
    a, b = columns.first[left], columns.first[right]
    a_end, b_end = columns.last[left], columns.last[right]
    inside = ((a <= b) & (b_end <= a_end)) | ((b <= a) & (a_end <= b_end))
    whole = (a == b) & (a_end == b_end) & ((a_end > a) | (a >= ARTICLE_NUMBER))
    pages = np.select(
        [(a == 0) & (b == 0), (a == 0) | (b == 0), whole, a == b, inside],
        [Pages.UNKNOWN, Pages.MISSING, Pages.RANGE, Pages.START, Pages.INSIDE],
        Pages.DIFFERENT,
    ).astype(np.int8)
    issue = _known(
        columns.issue, left, right, (Issue.SAME, Issue.MISSING, Issue.DIFFERENT)
    )
    x, y = columns.issue[left], columns.issue[right]
    crossed = ((a > 0) & (a == y)) | ((b > 0) & (b == x))
    crossed &= pages >= Pages.UNKNOWN
    pages[crossed] = Pages.START
    issue[crossed] = Issue.MISSING
    return pages, issue


def _abbreviates(short: list[str], long: list[str]) -> bool:
    """Tell whether each short word begins (or frames) a long one, in order."""
    rest = iter(long)
    return all(
        any(
            full.startswith(word)
            or (len(word) > 2 and full[0] == word[0] and full[-1] == word[-1])
            for full in rest
        )
        for word in short
    )


def compare_containers(one: str, two: str) -> Container:
    """Say how two names of journals that are not the same compare."""
    short, long = sorted(
        (one.split(), two.split()), key=lambda w: (len(w), sum(map(len, w)))
    )
    initials = "".join(word[0] for word in long)
    if one.replace(" ", "") == two.replace(" ", "") or short == [initials]:
        return Container.SAME
    comparable = len(short) > 1 or len(long) == 1
    if comparable and short[0][0] == long[0][0] and _abbreviates(short, long):
        return Container.SAME
    if fuzz.ratio(one, two) >= CONTAINER_RATIO:
        return Container.SAME
    alike = fuzz.token_set_ratio(one, two) >= CONTAINER_RATIO
    return Container.ALIKE if alike else Container.DIFFERENT


def container_levels(columns: Columns, pairs: Evidence) -> Levels:
    """Return the level of the containers of each pair."""
    left, right = pairs.left, pairs.right
    kinds = (Container.SAME, Container.MISSING, Container.DIFFERENT)
    levels = _known(columns.container, left, right, kinds)
    known: dict[tuple[int, int], Container] = {}
    for k in np.flatnonzero(levels == Container.DIFFERENT).tolist():
        a, b = int(columns.container[left[k]]), int(columns.container[right[k]])
        key = (min(a, b), max(a, b))
        if key not in known:
            one, two = (
                columns.containers[int(left[k])],
                columns.containers[int(right[k])],
            )
            known[key] = compare_containers(one, two)
        levels[k] = known[key]
    return levels


def compare_abstracts(one: str, two: str) -> Abstract:
    """Say how the beginnings of two abstracts compare."""
    if len(one) < ABSTRACT_LEAST or len(two) < ABSTRACT_LEAST:
        return Abstract.MISSING
    if one == two:
        return Abstract.SAME
    a, b = (plain_words(text[:ABSTRACT_READ])[:ABSTRACT_LENGTH] for text in (one, two))
    length = min(len(a), len(b)) + ABSTRACT_LEAST // 2
    ratio = fuzz.ratio(a[:length], b[:length])
    if ratio < SIMILAR_ABSTRACT:  # a heading or a sentence more in front of one
        third = ABSTRACT_LENGTH // 3
        ratio = max(fuzz.partial_ratio(a[:third], b), fuzz.partial_ratio(b[:third], a))
    if ratio >= SAME_ABSTRACT:
        return Abstract.SAME
    return Abstract.SIMILAR if ratio >= SIMILAR_ABSTRACT else Abstract.DIFFERENT


def abstract_levels(columns: Columns, pairs: Evidence) -> Levels:
    """Return the level of the abstracts of each pair, some of them read at a time."""
    left, right = pairs.left, pairs.right
    levels = np.zeros(len(left), np.int8)
    for start in range(0, len(left), ABSTRACT_BATCH):
        part = slice(start, start + ABSTRACT_BATCH)
        one, two = columns.ids[left[part]].tolist(), columns.ids[right[part]].tolist()
        texts = columns.abstracts({*one, *two})
        levels[part] = [
            compare_abstracts(texts[a], texts[b]) for a, b in zip(one, two, strict=True)
        ]
    return levels


def notice_levels(columns: Columns, pairs: Evidence) -> Levels:
    """Return for each pair whether only one is a notice about a text."""
    left, right = pairs.left, pairs.right
    a, b = columns.notice[left], columns.notice[right]
    citing = (a != b) & (a + b == CITING)  # the other is 0, no notice
    return np.select(
        [a == b, citing], [Notice.ALIKE, Notice.CITING], Notice.ONE_SIDED
    ).astype(np.int8)


def form_levels(columns: Columns, pairs: Evidence) -> Levels:
    """Return for each pair whether both are of one kind."""
    left, right = pairs.left, pairs.right
    differ = columns.form[left] != columns.form[right]
    return np.where(differ, Form.DIFFERENT, Form.ALIKE).astype(np.int8)
