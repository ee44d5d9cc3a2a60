"""The two ways the services search, over texts held in memory.

OpenAlex answers a Boolean question (AND, OR, NOT in capitals, parentheses,
"phrases", words side by side meaning AND) over title and abstract. Crossref
ranks everything that shares a word with the question. Both see *stems*: plurals
and -ing, -ed and final -e fall away, as the services' light stemmers do, and
stop words vanish, also inside phrases. A text is kept as one string of stems, so
that a phrase is a plain substring; postings find the candidates first.

The rules follow facts that both services document or that were read in their
source; the stemmer is ours and only approximates theirs.
"""

from __future__ import annotations

import math
import re
from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from litreview.errors import LitreviewError

# Lucene's default English stop words, which both services drop.
_STOP_WORDS = (
    "a an and are as at be but by for if in into is it no not of on or such that "
    "the their then there these they this to was will with"
)
STOP_WORDS = frozenset(_STOP_WORDS.split())

# A phrase must not run from a title into an abstract: this mark stands between.
FIELD_MARK = "|"

# BM25's usual saturation and length weights (Robertson and Zaragoza 2009).
BM25_K1 = 1.2
BM25_B = 0.75

_POSSESSIVE = re.compile(r"['\u2019]s\b")
_WORD = re.compile(r"[^\W_]+")
_LEXEME = re.compile(r'\(|\)|"([^"]*)"(?:~\d*)?|([^\s()"]+)')
_WILDCARD = re.compile(r"[*?]|~\d*")
_VOWEL = re.compile(r"[aeiouy]")


class SearchSyntaxError(LitreviewError):
    """A Boolean search cannot be read: unbalanced quotes or parentheses."""


@dataclass(frozen=True, slots=True)
class Phrase:
    """Words that must stand side by side; one word is the shortest phrase."""

    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """Everything that the part does not find."""

    part: Node


@dataclass(frozen=True, slots=True)
class And:
    """What all parts find."""

    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Or:
    """What any part finds."""

    parts: tuple[Node, ...]


Node = Phrase | Not | And | Or


@dataclass(frozen=True, slots=True)
class Index:
    """Texts as strings of stems, and the texts (by number) that hold each stem."""

    texts: tuple[str, ...]
    postings: Mapping[str, array[int]]
    words: Callable[[str], list[str]]


@dataclass(frozen=True, slots=True)
class Ranking:
    """How often each stem stands in each text, and how long the texts are."""

    counts: Mapping[str, Mapping[int, int]]
    lengths: Sequence[int]
    mean_length: float


# ---------------------------------------------------------------- words


@lru_cache(maxsize=100_000)
def stem(word: str) -> str:
    """Cut a lower-case word to its stem: plural, -ing, -ed and final -e go."""
    word = _singular(word)
    for ending in ("ing", "ed"):
        base = word.removesuffix(ending)
        if base != word and len(base) > 2 and _VOWEL.search(base):
            word = _single_end(base)
            break
    return word[:-1] if word.endswith("e") and len(word) > 3 else word


def _singular(word: str) -> str:
    if len(word) < 4 or not word.endswith("s") or word.endswith(("ss", "us", "is")):
        return word
    if word.endswith("ies") and len(word) > 4:
        return word[:-3] + "y"
    if word.endswith(("sses", "shes", "ches", "xes", "zes")):
        return word[:-2]
    return word[:-1]


def _single_end(base: str) -> str:
    """Undo a doubled consonant: plann(ing) is plan, but call(ing) is call."""
    if base[-1] == base[-2] and base[-1] not in "lsz":
        return base[:-1]
    return base


def plain_words(text: str) -> list[str]:
    """Split a text into lower-case words, without stop words."""
    lowered = _POSSESSIVE.sub("", text.lower())
    return [word for word in _WORD.findall(lowered) if word not in STOP_WORDS]


def stems(text: str) -> list[str]:
    """Split a text into stems, without stop words."""
    return [stem(word) for word in plain_words(text)]


# ---------------------------------------------------------------- Boolean search


def parse(expression: str, words: Callable[[str], list[str]] = stems) -> Node | None:
    """Read a Boolean expression into a tree, or None where only stop words stand.

    NOT binds tighter than AND, AND (written or not) tighter than OR. Wildcards
    and proximity marks are stripped; `and`, `or`, `not` in lower case are words,
    and being stop words they vanish.

    Raises SearchSyntaxError for unbalanced quotes or parentheses, for an operator
    without its operand and for a search that is empty.
    """
    if expression.count('"') % 2:
        raise SearchSyntaxError("The search has a double quote that is never closed.")
    lexemes = _lexemes(expression, words)
    if not lexemes:
        raise SearchSyntaxError("The search is empty.")
    node, rest = _parse_or(lexemes)
    if rest:
        raise SearchSyntaxError("The search closes a parenthesis that was not open.")
    return node


_Lexeme = str | Phrase | None  # operator or parenthesis | words | stop words only


def _lexemes(expression: str, words: Callable[[str], list[str]]) -> list[_Lexeme]:
    found: list[_Lexeme] = []
    for match in _LEXEME.finditer(expression):
        text = match.group()
        if text in {"(", ")", "AND", "OR", "NOT"}:
            found.append(text)
        elif match.group(1) is not None:
            found.append(_phrase(words(_WILDCARD.sub("", match.group(1)))))
        else:
            parts = words(_WILDCARD.sub("", text))
            found.extend(Phrase((part,)) for part in parts)
            if not parts:
                found.append(None)
    return found


def _phrase(words: Sequence[str]) -> Phrase | None:
    return Phrase(tuple(words)) if words else None


def _parse_or(lexemes: list[_Lexeme]) -> tuple[Node | None, list[_Lexeme]]:
    node, rest = _parse_and(lexemes)
    parts = [node]
    while rest and rest[0] == "OR":
        node, rest = _parse_and(rest[1:])
        parts.append(node)
    return _join(parts, Or), rest


def _parse_and(lexemes: list[_Lexeme]) -> tuple[Node | None, list[_Lexeme]]:
    node, rest = _parse_not(lexemes)
    parts = [node]
    while rest and rest[0] not in {"OR", ")"}:
        node, rest = _parse_not(rest[1:] if rest[0] == "AND" else rest)
        parts.append(node)
    return _join(parts, And), rest


def _parse_not(lexemes: list[_Lexeme]) -> tuple[Node | None, list[_Lexeme]]:
    if not lexemes or lexemes[0] in {"AND", "OR", ")"}:
        raise SearchSyntaxError("An operator or parenthesis stands without a word.")
    first, rest = lexemes[0], lexemes[1:]
    if first == "NOT":
        node, rest = _parse_not(rest)
        return (Not(node) if node is not None else None), rest
    if first == "(":
        node, rest = _parse_or(rest)
        if not rest:
            raise SearchSyntaxError("The search has a parenthesis never closed.")
        return node, rest[1:]
    return (first if isinstance(first, Phrase) else None), rest


def _join(parts: Sequence[Node | None], kind: type[And | Or]) -> Node | None:
    real = tuple(part for part in parts if part is not None)
    if len(real) < 2:
        return real[0] if real else None
    return kind(real)


def build_index(
    texts: Iterable[Sequence[str]], words: Callable[[str], list[str]] = stems
) -> Index:
    """Index texts, each given as its fields (a phrase never spans two of them)."""
    lines: list[str] = []
    postings: dict[str, array[int]] = {}
    for number, fields in enumerate(texts):
        parts = [words(field) for field in fields]
        joined = f" {FIELD_MARK} ".join(" ".join(part) for part in parts)
        lines.append(f" {joined} ")
        for word in {word for part in parts for word in part}:
            postings.setdefault(word, array("I")).append(number)
    return Index(tuple(lines), postings, words)


def find(index: Index, node: Node | None) -> set[int]:
    """Return the numbers of the texts that a search matches; None matches none."""
    match node:
        case None:
            return set()
        case Phrase(words):
            return _find_phrase(index, words)
        case Not(part):
            return set(range(len(index.texts))) - find(index, part)
        case And(parts):
            return set.intersection(*(find(index, part) for part in parts))
        case Or(parts):
            return set().union(*(find(index, part) for part in parts))


def _find_phrase(index: Index, words: Sequence[str]) -> set[int]:
    lists = sorted((index.postings.get(word, array("I")) for word in words), key=len)
    numbers = set(lists[0]).intersection(*lists[1:])
    if len(words) == 1:
        return numbers
    needle = f" {' '.join(words)} "
    return {number for number in numbers if needle in index.texts[number]}


def relevance(index: Index, node: Node | None) -> dict[int, float]:
    """Score what a search finds: rarer phrases count more; 0 for none found."""
    scores = dict.fromkeys(find(index, node), 0.0)
    for phrase in _wanted(node):
        numbers = _find_phrase(index, phrase.words)
        weight = math.log(1 + len(index.texts) / (1 + len(numbers)))
        for number in numbers & scores.keys():
            scores[number] += weight
    return scores


def _wanted(node: Node | None) -> list[Phrase]:
    """List the phrases that a search asks for, not those it forbids."""
    match node:
        case Phrase():
            return [node]
        case And(parts) | Or(parts):
            return [phrase for part in parts for phrase in _wanted(part)]
        case _:
            return []


# ---------------------------------------------------------------- ranked search


def build_ranking(texts: Iterable[str]) -> Ranking:
    """Count the stems of texts for ranking."""
    counts: dict[str, dict[int, int]] = {}
    lengths: list[int] = []
    for number, text in enumerate(texts):
        words = stems(text)
        lengths.append(len(words))
        for word, count in Counter(words).items():
            counts.setdefault(word, {})[number] = count
    mean = sum(lengths) / len(lengths) if lengths else 1.0
    return Ranking(counts, lengths, mean or 1.0)


def rank(ranking: Ranking, question: str) -> dict[int, float]:
    """Score every text that shares a word with the question (BM25)."""
    scores: dict[int, float] = {}
    total = len(ranking.lengths)
    for word in dict.fromkeys(stems(question)):
        found = ranking.counts.get(word, {})
        weight = math.log(1 + (total - len(found) + 0.5) / (len(found) + 0.5))
        for number, count in found.items():
            length = ranking.lengths[number] / ranking.mean_length
            damping = BM25_K1 * (1 - BM25_B + BM25_B * length)
            gain = weight * count * (BM25_K1 + 1) / (count + damping)
            scores[number] = scores.get(number, 0.0) + gain
    return scores
