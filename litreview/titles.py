"""How two titles differ, and whether it matters.

Titles are given in plain words (see `columns`). A typing error, a dropped
subtitle and a missing hyphen are nothing; another number ("Part II") or another
word ("adolescents" for "adults") makes another study, however alike the letters.
"""

from __future__ import annotations

import re
from collections import Counter

from rapidfuzz import fuzz

from litreview.levels import Title, Wording

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

_ROMAN = ("i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x", "xi", "xii")
_COUNTED = ("one", "two", "three", "four", "five", "six")
_AS_DIGITS = {
    word: str(n) for words in (_ROMAN, _COUNTED) for n, word in enumerate(words, 1)
}
_ALONE = ("ii", "iii", "iv", "vi", "vii", "viii", "ix", "xi", "xii")
_COUNTABLE = (
    "part", "phase", "study", "type", "volume", "chapter", "grade", "class", "paper",
    "section", "stage", "trial", "experiment", "group",
)  # fmt: skip
_NUMBER = re.compile(
    rf"\d+|\b(?:{'|'.join(_ALONE)})\b"
    rf"|\b(?:{'|'.join(_COUNTABLE)}) (i|v|x|one|two|three|four|five|six|[a-f])\b"
)
_NUMBER_WORDS = frozenset((*_ALONE, *_COUNTABLE))


def numbers_in(title: str) -> list[str]:
    """Return the numbers of a title in order: digits, Roman, "part one"."""
    words = title.split()
    if _NUMBER_WORDS.isdisjoint(words) and "".join(words).isalpha():
        return []  # spares the pattern for most titles
    found = (match[1] or match[0] for match in _NUMBER.finditer(title))
    return [_AS_DIGITS.get(word, word.lstrip("0") or "0") for word in found]


def _strange(words: set[str], others: set[str], other_title: str) -> bool:
    """Tell whether a word has no counterpart on the other side."""
    return any(
        len(word) > 2
        and word not in _AS_DIGITS  # numbers are compared as numbers
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
    short, long = sorted((left, right), key=len)
    enough = len(short) >= PART_LETTERS and short.count(" ") + 1 >= PART_WORDS
    if ratio < HOPELESS_RATIO:
        return Title.DIFFERENT
    if enough and (long.startswith(short + " ") or long.endswith(" " + short)):
        return Title.CONTINUED
    if ratio >= NEAR_RATIO:
        return Title.SPELLING if ratio >= SPELLING_RATIO else Title.NEAR
    if ratio >= SIMILAR_RATIO or fuzz.token_set_ratio(short, long) >= SHARED_WORDS:
        return Title.SIMILAR
    return Title.DIFFERENT
