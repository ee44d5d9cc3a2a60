"""Whether a quotation stands in a text, and on which page.

A text that comes out of a PDF has other blanks, line ends, hyphens, quotation marks
and ligatures than what a person pasted from it. So both are brought to one spelling,
and are compared without blanks and hyphens: a word broken at the end of a line, "high
quality" and "high-quality" are the same letters. Upper and lower case, and every other
sign, have to be the same. "[...]" in a quotation stands for words left out: its parts
are found in order, each on the page where the one before ended or on the next. A
quotation may run over to the next page, across what is printed at its foot and head.
"""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, islice

# Ligatures of print, by what they stand for. Unicode's own folding (NFKC) would do
# more: it turns a footnote's raised 2 into a 2.
LIGATURES = {
    "\ufb00": "ff",
    "\ufb01": "fi",
    "\ufb02": "fl",
    "\ufb03": "ffi",
    "\ufb04": "ffl",
    "\ufb05": "st",
    "\ufb06": "st",
}
QUOTATION_MARKS = dict.fromkeys("\u2018\u2019\u201a\u201b\u2032\u00b4`", "'")
DOUBLE_MARKS = dict.fromkeys("\u201c\u201d\u201e\u201f\u2033\u00ab\u00bb", '"')
DASHES = dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63", "-")
# What PDFium writes for the hyphen at a line's end, and the hyphen that shows only
# there; a mark of the byte order, and what has no width.
UNSEEN = dict.fromkeys("\u00ad\ufffe\x02\u200b\u200c\u200d\u2060\ufeff", "")
SPELLING = str.maketrans(
    {**LIGATURES, **QUOTATION_MARKS, **DOUBLE_MARKS, **DASHES, "\u2026": "..."}
)
# What breaks a word at the end of a line goes with the line's end.
_BROKEN = re.compile("[\u00ad\ufffe\x02]\\s*")
_UNSEEN = re.compile(f"[{''.join(UNSEEN)}]")
_BLANK = re.compile(r"\s+")
_NO_LETTERS = re.compile(r"[\s-]+")
_LEFT_OUT = re.compile(r"[\[(]\s*\.\s*\.\s*\.\s*[\])]|\.\s?\.\s?\.")
_WORD = re.compile(r"\w{3,}")

SHORT = 20  # characters: so few may stand inside other words, and must not
FURNITURE = 400  # characters of running heads and feet between two pages, at most
LEAST = 3  # characters of a quotation that stand on each of its two pages
TRIES = 50  # places where a quotation's first part stands that are gone on from
# To find what is most like a quotation: parts of the text, and how many are compared.
BLOCK, BLOCKS, LONGEST = 2_000, 4, 1_000


@dataclass(frozen=True)
class Pages:
    """A text made ready to be searched again and again.

    `letters` is all of it without blanks and hyphens, `begins` where each page begins
    there, `cuts` where a blank or hyphen stood; `plain` and `plain_begins` are the
    same with single blanks.
    """

    letters: str
    begins: tuple[int, ...]
    cuts: frozenset[int]
    plain: str
    plain_begins: tuple[int, ...]

    def page(self, place: int) -> int:
        """Return the page, from 1, of a place in `letters`."""
        return bisect_right(self.begins, place)


@dataclass(frozen=True)
class Match:
    """What a search came to.

    `first` and `last` are the pages, from 1, of a quotation that was found. Of one
    that was not, `nearest` is what is most like it, `first` to `last` where that
    stands, and `score` how like it is, from 0 to 1.
    """

    found: bool
    first: int = 0
    last: int = 0
    score: float = 0.0
    nearest: str = ""

    @property
    def page(self) -> str:
        """The page or pages in words: 4, or 4-5."""
        if not self.first:
            return ""
        return str(self.first) + (f"-{self.last}" if self.last > self.first else "")


def prepare(pages: Sequence[str]) -> Pages:
    """Return the pages of a text, ready to be searched."""
    plain = [spelt(page) for page in pages]
    words = [[word for word in _NO_LETTERS.split(page) if word] for page in plain]
    return Pages(
        letters="".join(word for page in words for word in page),
        begins=_begins(sum(map(len, page)) for page in words),
        cuts=frozenset(accumulate(len(word) for page in words for word in page)),
        plain=" ".join(plain),
        plain_begins=_begins(len(page) + 1 for page in plain),
    )


def _begins(lengths: Iterator[int]) -> tuple[int, ...]:
    return tuple(accumulate(lengths, initial=0))[:-1]


def spelt(text: str) -> str:
    """Return a text in one spelling, its runs of white space as single blanks."""
    joined = _UNSEEN.sub("", _BROKEN.sub("", text))
    composed = unicodedata.normalize("NFC", joined).translate(SPELLING)
    return _BLANK.sub(" ", composed).strip()


def find(quote: str, pages: Pages) -> Match:
    """Tell whether a quotation stands in a text, and where; else what is nearest."""
    plain = spelt(quote)
    unmarked = plain.strip("\"' ")
    for words in dict.fromkeys((plain, unmarked)):
        letters = _NO_LETTERS.sub("", words)
        place = _place(letters, pages) or _over_pages(letters, pages)
        if place is None and _LEFT_OUT.search(words):
            place = _in_parts(words, pages)
        if place is not None:
            first, end = place
            return Match(
                found=True, first=pages.page(first), last=pages.page(end - 1), score=1.0
            )
    return _nearest(unmarked, pages)


Place = tuple[int, int]


def _place(letters: str, pages: Pages) -> Place | None:
    """Return where the first occurrence begins and ends, or None."""
    return next(_places(letters, pages), None)


def _places(letters: str, pages: Pages, start: int = 0) -> Iterator[Place]:
    """Yield where a quotation stands, in the order of the text."""
    if not letters:
        return
    at = pages.letters.find(letters, start)
    while at >= 0:
        end = at + len(letters)
        if len(letters) >= SHORT or _whole_words(at, end, pages):
            yield at, end
        at = pages.letters.find(letters, at + 1)


def _whole_words(first: int, end: int, pages: Pages) -> bool:
    """Tell whether a place in the letters begins and ends where words do."""
    return _edge(first, pages) and _edge(end, pages)


def _edge(place: int, pages: Pages) -> bool:
    around = pages.letters[max(0, place - 1) : place + 1]
    return place in pages.cuts or len(around) < 2 or not around.isalnum()


def _over_pages(letters: str, pages: Pages) -> Place | None:
    """Return where a quotation runs from one page's foot to the next one's head.

    What is printed between the two parts, page numbers and running heads, is passed
    over.
    """
    if len(letters) < 2 * LEAST:
        return None
    probe = letters[:LEAST]
    for turn in pages.begins[1:]:
        low = max(0, turn - len(letters) - FURNITURE)
        at = pages.letters.find(probe, low, turn)
        while at >= 0:
            end = _goes_on(letters, pages, at, turn)
            if end is not None:
                return at, end
            at = pages.letters.find(probe, at + 1, turn)
    return None


def _goes_on(letters: str, pages: Pages, at: int, turn: int) -> int | None:
    """Return where a quotation that begins at `at` ends behind `turn`, or None."""
    same = _alike(letters, pages.letters, at, turn)
    # The rest of the page is furniture: more of it than that is another sentence.
    if turn - at - same > FURNITURE:
        return None
    # A letter or two of the foot may happen to go on like the quotation.
    for cut in range(min(same, len(letters) - LEAST), max(LEAST, same - LEAST) - 1, -1):
        rest = letters[cut:]
        stop = turn + FURNITURE + len(rest)
        found = pages.letters.find(rest, turn, stop)
        whole = len(letters) >= SHORT or (
            _whole_words(at, at + cut, pages)
            and _whole_words(found, found + len(rest), pages)
        )
        if found >= 0 and whole:
            return found + len(rest)
    return None


def _alike(letters: str, text: str, at: int, stop: int) -> int:
    """Return how many letters of a quotation stand at a place, up to `stop`."""
    low, high = 0, min(len(letters), stop - at)
    while low < high:
        half = (low + high + 1) // 2
        low, high = (
            (half, high) if text.startswith(letters[:half], at) else (low, half - 1)
        )
    return low


def _in_parts(words: str, pages: Pages) -> Place | None:
    """Return where the parts of a quotation stand, with words left out between them."""
    parts = [_NO_LETTERS.sub("", part) for part in _LEFT_OUT.split(words)]
    parts = [part for part in parts if part]
    if not parts:
        return None
    for first, end in islice(_places(parts[0], pages), TRIES):
        last = _follow(parts[1:], pages, end)
        if last is not None:
            return first, last
    return None


def _follow(parts: Sequence[str], pages: Pages, start: int) -> int | None:
    """Return where the last of these parts ends, each soon after the one before."""
    end = start
    for part in parts:
        found = next(_places(part, pages, end), None)
        if found is None or pages.page(found[0]) > pages.page(end - 1) + 1:
            return None
        end = found[1]
    return end


# -- what is nearest ------------------------------------------------------------------


def _nearest(quote: str, pages: Pages) -> Match:
    """Return the passage that is most like a quotation that was not found."""
    # Imported here because it would slow down every start of the program.
    from rapidfuzz import fuzz  # noqa: PLC0415

    best = Match(found=False)
    asked = quote[:LONGEST]
    for begin, block in _likely(asked, pages):
        told = fuzz.partial_ratio_alignment(asked, block)
        if told is None or told.score / 100 <= best.score:
            continue
        low, high = _to_words(block, told.dest_start, told.dest_end)
        first, last = (
            bisect_right(pages.plain_begins, begin + place)
            for place in (low, max(low, high - 1))
        )
        near = block[low:high].strip()
        best = Match(False, first, last, round(told.score / 100, 4), near)
    return best


def _likely(quote: str, pages: Pages) -> list[tuple[int, str]]:
    """Return the parts of a text that share most words with a quotation."""
    wanted = Counter(_WORD.findall(quote))
    size = max(BLOCK, 2 * len(quote))
    blocks = [
        (begin, pages.plain[begin : begin + size])
        for begin in range(0, max(1, len(pages.plain)), size // 2)
    ]
    shared = [
        sum((Counter(_WORD.findall(block)) & wanted).values())
        for _begin, block in blocks
    ]
    ranked = sorted(range(len(blocks)), key=lambda k: (-shared[k], k))[:BLOCKS]
    return [blocks[k] for k in ranked if shared[k]]


def _to_words(text: str, low: int, high: int) -> tuple[int, int]:
    """Return a place in a text, widened to whole words."""
    while low > 0 and not text[low - 1].isspace():
        low -= 1
    while high < len(text) and not text[high].isspace():
        high += 1
    return low, high
