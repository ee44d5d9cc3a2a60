"""How hard a text is to read, by formulae of sentence and word length.

Flesch reading ease (Flesch 1948), Flesch-Kincaid grade (Kincaid et al. 1975) and the
automated readability index (Smith and Senter 1967). All were made for passages of a
hundred words; on a survey item of one sentence they are weak, so the number of words,
the syllables per word and the hard words stand beside every grade. Syllables are
counted by rules for English spelling, never fewer than pyphen's hyphens part; an
acronym counts as one, so a text is better read with its acronyms spelled out.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from functools import lru_cache

import pyphen

# A grade on fewer words than this says little.
FEW_WORDS = 100
# A word of so many syllables is hard (Gunning 1952 took three; in the words of a
# profession that is every second one, so the list would say nothing).
HARD_SYLLABLES = 4

_WORD = re.compile(r"[^\W_]+(?:['\u2019-][^\W_]+)*")
_SHORTENED = re.compile(r"\b(?:e\.g|i\.e|etc|vs|cf|approx|no)\.", re.IGNORECASE)
_END = re.compile(r"[.!?\u2026]+(?=[\s\"'\u2019\u201d)\]]|$)")
_ACRONYM = re.compile(r"[A-Z]{2,}[A-Z0-9]*[a-z]{0,2}")
_VOWELS = re.compile("[aeiouy]+")
# Words that the rules below get wrong.
_KNOWN = {
    **dict.fromkeys(("people", "argue", "every", "business", "evening", "lion"), 2),
    **dict.fromkeys(("friend", "pier", "tier", "eye", "eyes", "hour", "hours"), 1),
    **dict.fromkeys(("anyone", "everyone", "ratio", "area", "idea", "areas"), 3),
    **dict.fromkeys(("ideas", "everyday", "created", "video", "videos"), 3),
}
# Letters that are not heard: u after q, and the e inside of a word made of two.
_SILENT = (
    (re.compile("qu"), "q"),
    (
        re.compile(
            "^(some|home|there|where|time|life|like|safe|wide|whole|care|more|base)"
            "(?=[a-z]{3})"
        ),
        lambda found: found[0][:-1],
    ),
    (re.compile("(?<=[^aeioul])e(?=(ment|ful|less|ness|ly)(s|ly)?$)"), ""),
    (re.compile("(?<=[aeiou]l)e(?=(ly|less|ness|ful)$)"), ""),
    (re.compile("(?<=[gq])ue(?=[sd]?$)"), ""),
    (re.compile("(?<=q)e(?=[sd]?$)"), ""),
)
# A last e that is not heard, also before s and d.
_LAST_E = re.compile(
    "(?<=[^aeiouyl])e$|(?<=[aeiouy]l)e$"
    "|(?<=[^aeiouysxzcgh])es$|(?<=[aeiouy][hg]t)es$|(?<=th)es$"
    "|(?<=[^aeioutd])ed$"
)
_HEARD_LE = re.compile("[^aeiouy]le[sd]?$")
# Neighbouring vowels that are two syllables.
_TWO = tuple(
    re.compile(pattern)
    for pattern in (
        "(?<![ct])ia(?!ge|r$)",
        "[ct]iat(?!iv)",
        "(?<![tscgxhln])io(?!ur)",
        "(?<![ct])iu(?!s)",
        "(?<![gs])ua",
        "sua(?=l)",
        "(?<![cts])ien(?=c|t)",
        "scien",
        "iet",
        "uen(?=c|t)",
        "uou",
        "tuit",
        "(?<![gp])eo",
        "creat(?!ure)|^react|^realit|^reassur|ideal|linear|nuclear|europea",
        "(?<=[aeiouy])ing(?=s?$)",
        "[aeou]y(?=[aeou])",
        "[^c]ie(?=r$|st$)",
        "^coo(?=pera|rdin)",
        "ism(?=s?$)",
        "[ds]n(?=t$)",
    )
)


@dataclass(frozen=True)
class Reading:
    """What can be counted of a text, and the three figures; None without words.

    `grade` (Flesch-Kincaid) and `index` (ARI) are years of schooling in the United
    States, `ease` (Flesch) runs from about 100, easy, downwards. `hard` are words of
    `HARD_SYLLABLES` and more; each of `acronyms` was counted as one syllable.
    """

    words: int
    sentences: int
    syllables: int
    letters: int
    hard: tuple[str, ...] = ()
    acronyms: tuple[str, ...] = ()

    @property
    def per_word(self) -> float | None:
        """Return the syllables per word."""
        return self.syllables / self.words if self.words else None

    @property
    def grade(self) -> float | None:
        """Return the Flesch-Kincaid grade: 0.39 w/s + 11.8 syllables/w - 15.59."""
        if not self.words:
            return None
        long = 0.39 * self.words / self.sentences
        return long + 11.8 * self.syllables / self.words - 15.59

    @property
    def ease(self) -> float | None:
        """Return Flesch's reading ease: 206.835 - 1.015 w/s - 84.6 syllables/w."""
        if not self.words:
            return None
        long = 1.015 * self.words / self.sentences
        return 206.835 - long - 84.6 * self.syllables / self.words

    @property
    def index(self) -> float | None:
        """Return the ARI: 4.71 letters/w + 0.5 w/s - 21.43."""
        if not self.words:
            return None
        long = 0.5 * self.words / self.sentences
        return 4.71 * self.letters / self.words + long - 21.43

    @property
    def note(self) -> str:
        """Say what the figures are worth."""
        if not self.words:
            return "undefined: there are no words"
        if self.words < FEW_WORDS:
            return f"weak: made for {FEW_WORDS} words and more, here are {self.words}"
        return ""


def read(text: str) -> Reading:
    """Count words, sentences, syllables and letters of an English text."""
    found = words(text)
    counts = {word: syllables(word) for word in found}
    rest = _SHORTENED.sub("", text).strip()
    ends = len(_END.findall(rest)) + (0 if _END.search(rest[-2:]) else 1)
    return Reading(
        words=len(found),
        sentences=max(1, ends),
        syllables=sum(counts[word] for word in found),
        letters=sum(char.isalnum() for word in found for char in word),
        hard=tuple(word for word in counts if counts[word] >= HARD_SYLLABLES),
        acronyms=tuple(word for word in counts if _ACRONYM.fullmatch(word)),
    )


def words(text: str) -> list[str]:
    """Return the words of a text; `school-based` and `don't` are one each."""
    return _WORD.findall(text)


@lru_cache(maxsize=8192)
def syllables(word: str) -> int:
    """Count the syllables of one word, at least 1."""
    if _ACRONYM.fullmatch(word):
        return 1
    plain = unicodedata.normalize("NFKD", word).casefold()
    return max(1, sum(_of_part(part) for part in plain.split("-")))


def _of_part(part: str) -> int:
    letters = "".join(char for char in part.removesuffix("'s") if char.isalpha())
    if letters in _KNOWN:
        return _KNOWN[letters]
    heard = letters
    for pattern, written in _SILENT:
        heard = pattern.sub(written, heard)
    count = len(_VOWELS.findall(heard))
    count += sum(pattern.search(heard) is not None for pattern in _TWO)
    if count > 1 and _LAST_E.search(heard) and not _HEARD_LE.search(heard):
        count -= 1
    return max(count, len(_hyphens().positions(letters)) + 1, 1)


@lru_cache(maxsize=1)
def _hyphens() -> pyphen.Pyphen:
    return pyphen.Pyphen(lang="en_GB")
