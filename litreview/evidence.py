"""What speaks for and against two records being one.

Each field says one thing about a pair: its *level*, such as "same first page" or
"another volume". A level carries a weight, the change in the log-odds that the
two are one record (Fellegi and Sunter 1969), and the words that a person reads.
The weights were fitted by a ridge-penalised logistic regression over labelled
sets of several kinds, each set counting alike, then rounded; they are fixed, so
that a pair's score never depends on what else is in the database.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from typing import Self

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import fuzz, process

from litreview.columns import CITING, Columns, Ints, plain_words

Levels = NDArray[np.int8]


class Level(IntEnum):
    """One thing a field may say about a pair: its weight and its words."""

    weight: float
    words: str

    def __new__(cls, weight: float, words: str) -> Self:
        """Number the levels in the order in which they are written."""
        member = int.__new__(cls, len(cls.__members__))
        member._value_ = len(cls.__members__)
        member.weight = weight
        member.words = words
        return member


class Title(Level):
    """How the titles compare; short ones ("Editorial") prove little."""

    SAME = 2.2, "same title"
    SHORT = -1.5, "same title, but a short one"
    SPELLING = 1.0, "same title but for spelling"
    CONTINUED = 0.9, "one title is longer"
    NEAR = 1.5, "titles nearly the same"
    SIMILAR = -0.3, "titles alike"
    TRANSLATED = -1.4, "different titles, one of them a translation"
    MISSING = 0.0, "a title is missing"
    DIFFERENT = -4.6, "different titles"


class Wording(Level):
    """Which words the titles do not share."""

    SAME = 0.0, ""
    ADDED = -1.8, "words added in one title"
    REPLACED = -3.2, "another word in the title"
    NUMBER_ADDED = -1.5, "a number in one title only"
    NUMBER_CHANGED = -3.5, "another number in the title"


class Authors(Level):
    """How the family names compare, as sets."""

    ALL = 0.8, "same authors"
    SINGLE = 0.0, "same author"
    FEWER = 0.2, "same authors, one list shorter"
    FIRST = 0.2, "one list names a single author of the other"
    MOST = -0.7, "most authors the same"
    SOME = -0.7, "some authors the same"
    UNKNOWN = 0.0, "no authors on either side"
    MISSING = -3.0, "authors on one side only"
    DIFFERENT = -4.0, "different authors"


class Year(Level):
    """How the years compare; print and online often differ by one."""

    SAME = 0.4, "same year"
    MISSING = 0.0, ""
    CLOSE = -2.2, "one year apart"
    DIFFERENT = -3.2, "years apart"


class Volume(Level):
    """How the volumes compare."""

    SAME = 0.9, "same volume"
    UNKNOWN = 2.5, ""
    MISSING = 0.0, ""
    DIFFERENT = -2.0, "different volumes"


class Issue(Level):
    """How the issues compare."""

    SAME = 0.1, "same issue"
    MISSING = 0.0, ""
    DIFFERENT = -2.5, "different issues"


class Pages(Level):
    """How the pages compare."""

    RANGE = 4.5, "same pages"
    START = 1.8, "same first page"
    INSIDE = 0.9, "pages within the other's"
    UNKNOWN = 0.9, ""
    MISSING = 0.0, ""
    DIFFERENT = -1.8, "different pages"


class Container(Level):
    """How the journals, books or conferences compare."""

    SAME = 1.4, "same journal"
    ALIKE = 0.4, "journals alike"
    MISSING = 0.0, ""
    DIFFERENT = -0.5, "different journals"


class Doi(Level):
    """How the DOIs compare; neither answer is proof."""

    SAME = 1.9, "same DOI"
    MISSING = 0.0, ""
    PART = 0.6, "one DOI is of a part of the other"
    DIFFERENT = -2.2, "different DOIs"


class Abstract(Level):
    """How the beginnings of the abstracts compare."""

    SAME = 0.5, "same abstract"
    SIMILAR = 0.3, "abstracts alike"
    MISSING = 0.0, ""
    DIFFERENT = -1.9, "different abstracts"


class Notice(Level):
    """Whether one is a notice about a text (erratum, reply) and the other not."""

    ALIKE = 0.0, ""
    CITING = -0.5, "one title cites volume and page, as corrections do"
    ONE_SIDED = -3.0, "one is a correction, comment or reply"


class Form(Level):
    """Whether both are of one kind: article, preprint, chapter, thesis, data."""

    ALIKE = 0.0, ""
    DIFFERENT = -1.5, "different kinds of publication"


UNSURE = 0.4  # probability; below it nobody is asked
BIAS = -1.5  # log-odds of a candidate pair of which nothing is known

FIELDS: dict[str, type[Level]] = {
    "title": Title,
    "wording": Wording,
    "authors": Authors,
    "year": Year,
    "volume": Volume,
    "issue": Issue,
    "pages": Pages,
    "container": Container,
    "doi": Doi,
    "abstract": Abstract,
    "notice": Notice,
    "form": Form,
}

# --- titles -------------------------------------------------------------------

SHORT_TITLE = 30  # letters; shorter titles are shared by unrelated texts
COMMON_LENGTH = 60  # letters; longer titles say something of their own
COMMON_TITLE = re.compile(  # all the year round, and nothing that sets one apart
    r"(?=\D*$).*\b(?:editor|editors|editorial|book reviews?|introduction|preface"
    r"|foreword|in this issue|abstracts|special (?:issue|section)|contents)\b"
)
SPELLING_RATIO = 95.0  # per cent of letters in order, as rapidfuzz counts
NEAR_RATIO = 85.0
SIMILAR_RATIO = 70.0
HOPELESS_RATIO = 40.0  # below this not even a dropped subtitle explains it
SHARED_WORDS = 90.0  # per cent, of the shorter title's words
PART_WORDS, PART_LETTERS = 3, 20  # what a title must keep to be "continued"
WORD_RATIO = 70.0  # two words nearer than this are one, misspelt

_ROMAN = "i ii iii iv v vi vii viii ix x xi xii".split()
_COUNTED = "one two three four five six seven eight nine ten".split()
_AS_DIGITS = {
    word: str(n) for words in (_ROMAN, _COUNTED) for n, word in enumerate(words, 1)
}
_NUMBER = re.compile(
    r"\d+|\b(?:iii?|iv|vi{1,3}|ix|xii?)\b"
    r"|\b(?:part|phase|study|type|volume|chapter|grade|class|paper|section|stage"
    r"|trial|experiment|group) (i|v|x|one|two|three|four|five|six|[a-f])\b"
)


def numbers_in(title: str) -> list[str]:
    """Return the numbers of a title in order: digits, Roman, "part one"."""
    found = (match[1] or match[0] for match in _NUMBER.finditer(title))
    return [_AS_DIGITS.get(word, word.lstrip("0") or "0") for word in found]


def _strange(words: set[str], others: set[str], other_title: str) -> bool:
    """Tell whether a word has no counterpart on the other side."""
    return any(
        len(word) > 2
        and word not in other_title
        and not any(
            fuzz.ratio(word, other) >= WORD_RATIO
            or other.startswith(word)
            or word.startswith(other)
            for other in others
        )
        for word in words
    )


def is_common(title: str) -> bool:
    """Tell whether unrelated texts may well share this title."""
    if len(title) < SHORT_TITLE:
        return True
    return len(title) < COMMON_LENGTH and bool(COMMON_TITLE.match(title))


def compare_wording(left: str, right: str) -> Wording:
    """Say in which words two titles of some likeness differ."""
    one, two = Counter(numbers_in(left)), Counter(numbers_in(right))
    if one - two and two - one:
        return Wording.NUMBER_CHANGED
    a, b = set(left.split()), set(right.split())
    here = _strange(a - b, b - a, right.replace(" ", ""))
    there = _strange(b - a, a - b, left.replace(" ", ""))
    if here and there:
        return Wording.REPLACED
    if one != two:
        return Wording.NUMBER_ADDED
    return Wording.ADDED if here or there else Wording.SAME


def compare_titles(left: str, right: str, ratio: float) -> Title:
    """Say how two titles that are not the same compare; `ratio` in per cent."""
    if not left or not right:
        return Title.MISSING
    if ratio < HOPELESS_RATIO:
        return Title.DIFFERENT
    short, long = sorted((left, right), key=len)
    enough = len(short) >= PART_LETTERS and short.count(" ") + 1 >= PART_WORDS
    if enough and (long.startswith(short + " ") or long.endswith(" " + short)):
        return Title.CONTINUED
    if ratio >= SPELLING_RATIO:
        return Title.SPELLING
    if ratio >= NEAR_RATIO:
        return Title.NEAR
    if ratio >= SIMILAR_RATIO or fuzz.token_set_ratio(short, long) >= SHARED_WORDS:
        return Title.SIMILAR
    return Title.DIFFERENT


def title_ratios(columns: Columns, left: Ints, right: Ints) -> NDArray[np.float32]:
    """Return how alike the titles of each pair are, in per cent, 0 if hopeless."""
    titles = columns.titles
    ratios: NDArray[np.float32] = process.cpdist(
        [titles[i] for i in left.tolist()],
        [titles[i] for i in right.tolist()],
        scorer=fuzz.ratio,
        score_cutoff=HOPELESS_RATIO,
        dtype=np.float32,
    )
    return ratios


def title_levels(columns: Columns, left: Ints, right: Ints) -> tuple[Levels, Levels]:
    """Return the levels of title and wording of each pair."""
    titles = columns.titles
    one, two = columns.title[left], columns.title[right]
    levels = np.full(len(left), Title.DIFFERENT, np.int8)
    wording = np.full(len(left), Wording.SAME, np.int8)
    missing = (one == 0) | (two == 0)
    ratios = title_ratios(columns, left, right)
    for k in np.flatnonzero((one != two) & ~missing & (ratios > 0)).tolist():
        a, b = titles[left[k]], titles[right[k]]
        level = compare_titles(a, b, float(ratios[k]))
        levels[k] = level
        if level < Title.TRANSLATED:
            wording[k] = compare_wording(a, b)
    for k in np.flatnonzero((one == two) & ~missing).tolist():
        levels[k] = Title.SHORT if is_common(titles[left[k]]) else Title.SAME
    foreign = columns.bracketed[left] != columns.bracketed[right]
    levels[(levels == Title.DIFFERENT) & foreign] = Title.TRANSLATED
    levels[missing] = Title.MISSING
    return levels, wording


# --- the other fields ---------------------------------------------------------

NAME_RATIO = 75.0  # per cent; "Rodrigues" and "Rodriguez"
SWAPPED_LETTERS = 4  # shorter names stand inside others
MOST_NAMES = 0.6  # of the shorter list
ARTICLE_NUMBER = 10_000  # pages from here on are article numbers, each used once
DEPOSIT = re.compile(r"10\.5281/zenodo\.")  # one DOI per version, one for all
ABSTRACT_LENGTH = 600  # letters; the beginning tells, the end is a copyright line
ABSTRACT_LEAST = 100  # letters; less is no abstract
SAME_ABSTRACT, SIMILAR_ABSTRACT = 90.0, 65.0  # per cent
CONTAINER_RATIO = 85.0  # per cent


def _same_name(one: str, two: str) -> bool:
    if one[0] != two[0]:  # a particle that only one source keeps
        return one.endswith(two) or two.endswith(one)
    return fuzz.ratio(one, two) >= NAME_RATIO


def compare_authors(one: tuple[str, ...], two: tuple[str, ...]) -> Authors:
    """Say how two lists of family names compare as sets."""
    if not one or not two:
        return Authors.MISSING if one or two else Authors.UNKNOWN
    if one == two:
        return Authors.ALL if len(one) > 1 else Authors.SINGLE
    a, b = set(one), set(two)
    fewest = min(len(a), len(b))
    shared = len(a & b)
    if shared < fewest:
        rest = b - a
        shared += sum(any(_same_name(x, y) for y in rest) for x in a - b)
    if shared >= fewest:
        if len(a) != len(b):
            return Authors.FEWER if fewest > 1 else Authors.FIRST
        return Authors.ALL if fewest > 1 else Authors.SINGLE
    if shared >= MOST_NAMES * fewest:
        return Authors.MOST
    return Authors.SOME if shared else Authors.DIFFERENT


def author_levels(columns: Columns, left: Ints, right: Ints) -> Levels:
    """Return the level of the authors of each pair.

    Where no family name is shared, one found anywhere among the other's names
    will do: some sources swap family and given names.
    """
    names, entries = columns.families, columns.entries
    levels = np.empty(len(left), np.int8)
    for k, (i, j) in enumerate(zip(left.tolist(), right.tolist(), strict=True)):
        level = compare_authors(names[i], names[j])
        if level == Authors.DIFFERENT and (
            _mentions(entries[i].authors, names[j])
            or _mentions(entries[j].authors, names[i])
        ):
            level = Authors.SOME
        levels[k] = level
    return levels


def _mentions(authors: str, names: tuple[str, ...]) -> bool:
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


def year_levels(columns: Columns, left: Ints, right: Ints) -> Levels:
    """Return the level of the years of each pair."""
    levels = _known(
        columns.year, left, right, (Year.SAME, Year.MISSING, Year.DIFFERENT)
    )
    close = np.abs(columns.year[left] - columns.year[right]) == 1
    levels[close & (levels == Year.DIFFERENT)] = Year.CLOSE
    return levels


def volume_levels(columns: Columns, left: Ints, right: Ints) -> Levels:
    """Return the level of the volumes of each pair."""
    kinds = (Volume.SAME, Volume.MISSING, Volume.DIFFERENT)
    levels = _known(columns.volume, left, right, kinds)
    levels[(columns.volume[left] == 0) & (columns.volume[right] == 0)] = Volume.UNKNOWN
    return levels


def doi_levels(columns: Columns, left: Ints, right: Ints) -> Levels:
    """Return the level of the DOIs of each pair; a supplement's extends its article's."""
    levels = _known(columns.doi, left, right, (Doi.SAME, Doi.MISSING, Doi.DIFFERENT))
    for k in np.flatnonzero(levels == Doi.DIFFERENT).tolist():
        short, long = sorted((columns.dois[left[k]], columns.dois[right[k]]), key=len)
        if DEPOSIT.match(short) and DEPOSIT.match(long):
            levels[k] = Doi.MISSING
        elif long.startswith(short) and long[len(short)] in "./":
            levels[k] = Doi.PART
    return levels


def page_levels(columns: Columns, left: Ints, right: Ints) -> tuple[Levels, Levels]:
    """Return the levels of pages and issues of each pair.

    An article number stands among the pages in one source and as the issue in
    another; found crosswise it counts as the page.
    """
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


def container_levels(columns: Columns, left: Ints, right: Ints) -> Levels:
    """Return the level of the containers of each pair."""
    kinds = (Container.SAME, Container.MISSING, Container.DIFFERENT)
    levels = _known(columns.container, left, right, kinds)
    known: dict[tuple[int, int], Container] = {}
    for k in np.flatnonzero(levels == Container.DIFFERENT).tolist():
        a, b = int(columns.container[left[k]]), int(columns.container[right[k]])
        key = (min(a, b), max(a, b))
        if key not in known:
            names = columns.containers
            known[key] = compare_containers(names[left[k]], names[right[k]])
        levels[k] = known[key]
    return levels


def compare_abstracts(one: str, two: str) -> Abstract:
    """Say how the beginnings of two abstracts compare."""
    if len(one) < ABSTRACT_LEAST or len(two) < ABSTRACT_LEAST:
        return Abstract.MISSING
    if one == two:
        return Abstract.SAME
    a, b = (
        plain_words(text[: 2 * ABSTRACT_LENGTH])[:ABSTRACT_LENGTH]
        for text in (one, two)
    )
    length = min(len(a), len(b)) + ABSTRACT_LEAST // 2
    ratio = fuzz.ratio(a[:length], b[:length])
    if ratio < SIMILAR_ABSTRACT:  # a heading or a sentence more in front of one
        third = ABSTRACT_LENGTH // 3
        ratio = max(fuzz.partial_ratio(a[:third], b), fuzz.partial_ratio(b[:third], a))
    if ratio >= SAME_ABSTRACT:
        return Abstract.SAME
    return Abstract.SIMILAR if ratio >= SIMILAR_ABSTRACT else Abstract.DIFFERENT


def abstract_levels(columns: Columns, left: Ints, right: Ints) -> Levels:
    """Return the level of the abstracts of each pair."""
    entries = columns.entries
    return np.array(
        [
            compare_abstracts(entries[i].abstract, entries[j].abstract)
            for i, j in zip(left.tolist(), right.tolist(), strict=True)
        ],
        np.int8,
    )


def notice_levels(columns: Columns, left: Ints, right: Ints) -> Levels:
    """Return for each pair whether only one is a notice about a text."""
    a, b = columns.notice[left], columns.notice[right]
    citing = (a != b) & (a + b == CITING)
    return np.select(
        [a == b, citing], [Notice.ALIKE, Notice.CITING], Notice.ONE_SIDED
    ).astype(np.int8)


def form_levels(columns: Columns, left: Ints, right: Ints) -> Levels:
    """Return for each pair whether both are of one kind."""
    differ = columns.form[left] != columns.form[right]
    return np.where(differ, Form.DIFFERENT, Form.ALIKE).astype(np.int8)


# --- all fields ---------------------------------------------------------------

# A pair may be two versions of a work only with such titles and people.
VERSION_TITLES = (Title.SAME, Title.SHORT, Title.SPELLING, Title.CONTINUED, Title.NEAR)
VERSION_PEOPLE = (
    Authors.ALL, Authors.SINGLE, Authors.FEWER, Authors.FIRST, Authors.MOST,
    Authors.UNKNOWN, Authors.MISSING,
)  # fmt: skip
VERSION_RATIO = 60.0  # per cent; a version's title without its subtitle

Step = Callable[[Columns, Ints, Ints], Levels | tuple[Levels, ...]]
# Cheap steps first: most pairs are settled before the costly ones.
NUMBERS: tuple[tuple[tuple[str, ...], Step], ...] = (
    (("year",), year_levels),
    (("volume",), volume_levels),
    (("pages", "issue"), page_levels),
    (("notice",), notice_levels),
    (("form",), form_levels),
)
WORDS: tuple[tuple[tuple[str, ...], Step], ...] = (
    (("authors",), author_levels),
    (("doi",), doi_levels),
    (("title", "wording"), title_levels),
    (("container",), container_levels),
    (("abstract",), abstract_levels),
)


@dataclass(frozen=True, slots=True)
class Evidence:
    """The levels of many pairs of rows: one array per field, all of one length."""

    left: Ints
    right: Ints
    levels: dict[str, Levels]

    def total(self) -> NDArray[np.float64]:
        """Return the log-odds that each pair is one record.

        Fields not yet compared count with their greatest weight, so that the
        total is an upper bound.
        """
        total = np.full(len(self.left), BIAS)
        for name, kind in FIELDS.items():
            weights = np.array([level.weight for level in kind])
            known = self.levels.get(name)
            total += weights.max() if known is None else weights[known]
        return total

    def keep(self, flags: NDArray[np.bool_]) -> Evidence:
        """Return the evidence of the flagged pairs only."""
        levels = {name: values[flags] for name, values in self.levels.items()}
        return Evidence(self.left[flags], self.right[flags], levels)

    def may_be_one(self, extra: float | NDArray[np.float64] = 0.0) -> NDArray[np.bool_]:
        """Flag the pairs that may still reach `UNSURE`, with `extra` log-odds."""
        return self.total() + extra >= np.log(UNSURE / (1 - UNSURE))

    def may_be_versions(self) -> NDArray[np.bool_]:
        """Flag the pairs whose people, and title if known, allow for versions."""
        flags = np.isin(self.levels["authors"], VERSION_PEOPLE)
        if "title" in self.levels:
            flags &= np.isin(self.levels["title"], VERSION_TITLES)
        return flags

    def reasons(self, row: int) -> tuple[str, ...]:
        """Say in words what the levels of one pair are."""
        levels = (kind(int(self.levels[name][row])) for name, kind in FIELDS.items())
        return tuple(level.words for level in levels if level.words)


def weigh(
    columns: Columns, left: Ints, right: Ints, *, keep_all: bool = False
) -> Evidence:
    """Compare pairs of rows field by field, the cheap fields first.

    A pair is dropped as soon as nothing that is still to be compared can lift it
    to `UNSURE` nor make it two versions of a work; `keep_all` keeps every pair.
    """
    evidence = Evidence(left, right, {})
    for names, step in NUMBERS:
        _add(evidence, names, step(columns, left, right))
    if not keep_all:
        ratios = title_ratios(columns, left, right)
        hopeless = (
            (ratios == 0) & (columns.title[left] > 0) & (columns.title[right] > 0)
        )
        best = np.where(hopeless, Title.TRANSLATED.weight - Title.SAME.weight, 0.0)
        lead = (columns.lead[left] == columns.lead[right]) & (columns.lead[left] > 0)
        likely = (lead & (ratios >= VERSION_RATIO)) | (ratios >= NEAR_RATIO)
        evidence = evidence.keep(evidence.may_be_one(best) | likely)
    for names, step in WORDS:
        _add(evidence, names, step(columns, evidence.left, evidence.right))
        if not keep_all:
            evidence = evidence.keep(evidence.may_be_one() | evidence.may_be_versions())
    return evidence


def _add(
    evidence: Evidence, names: tuple[str, ...], found: Levels | tuple[Levels, ...]
) -> None:
    arrays = found if isinstance(found, tuple) else (found,)
    evidence.levels.update(zip(names, arrays, strict=True))
