"""Words and expressions that a source would drop or misread without a word.

A wildcard is cut off, a comma ends the filter, a stop word falls out of a phrase,
`and` in small letters is a word to find: the search still runs, and finds something
else. Each function here yields what is wrong with one piece of a strategy's text, as
a `StrategyError` with its file and line. What concerns a strategy as a whole stands
in `queries`.

What the services accept: help.openalex.org (searching) and api.crossref.org/swagger,
as of November 2026.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Literal

from litreview.errors import InputFileError
from litreview.filters import is_known, meant
from litreview.strategy import Term
from litreview.yamlfile import Node


def _word_set(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Lucene's English stop words: dropped by the source, also from inside a phrase.
STOP_WORDS = _word_set("""
    a an and are as at be but by for if in into is it no not of on or such that the
    their then there these they this to was will with
""")
# Single words seen to flood a search in this field, and what they catch.
BROAD_WORDS = {
    "ecf": "it is also the extracellular fluid",
    "english": "it finds the teaching of English",
    "head": "it finds heads of every kind",
    "pd": "it is also Parkinson's disease",
    "principal": "it finds 'principal component' beside every factor analysis",
    "scale": "it finds every study on a large scale",
}
# Characters that are not searched for but do something in a filter, or vanish.
SPECIAL = {
    "*": ("Wildcards are dropped.", "write out each form; plurals are found anyway"),
    "?": ("Wildcards are dropped.", "write out each form; plurals are found anyway"),
    "~": ("Fuzzy matching is dropped.", "write out each form"),
    ",": ("A comma ends the filter.", "leave it out; punctuation is not searched"),
    "|": ("It splits the filter into two.", "write OR"),
    "!": ("It turns the filter round.", "write NOT"),
    "\\": ("It has no meaning to the source.", "leave it out"),
    "\u201c": ("Only straight quotes make a phrase.", "write straight quotes"),
    "\u201d": ("Only straight quotes make a phrase.", "write straight quotes"),
}
OPERATORS = frozenset({"AND", "OR", "NOT"})
# "title:" before a word; a colon and a space are the punctuation of a title.
PREFIX = re.compile(r"(?<!\S)[^\W\d_][\w.]*:(?!\s)")
# How an expression of truth values (0, 1) gets shorter: NOT and parentheses first;
# what stands side by side is joined by AND.
_TRUTH = (
    (r"\(([01])\)", r"\1"),
    (r"!0", "1"),
    (r"!1", "0"),
    (r"0&?[01]|10|1&0", "0"),
    (r"1&?1", "1"),
    (r"0\|0", "0"),
    (r"[01]\|1|1\|0", "1"),
)

Severity = Literal["error", "warning"]


class StrategyError(InputFileError):
    """A strategy says what a source would drop or misread, at this line."""

    def __init__(
        self, node: Node, severity: Severity, what: str, *, why: str = "", fix: str = ""
    ) -> None:
        super().__init__(node.path, node.line, what, why=why, fix=fix)
        self.severity = severity


def term_problems(term: Term) -> Iterator[StrategyError]:
    """Yield what is wrong with one term of a block."""
    yield from special_problems(term.node, term.text)
    one_each = "put each alternative on a line of its own"
    if set(term.text) & set('"()'):
        what = f"a quote or a parenthesis stands in the term {term.text!r}"
        why = "A term is one word or one phrase; phrases are quoted for you."
        yield StrategyError(term.node, "error", what, why=why, fix=one_each)
    elif OPERATORS & set(term.text.split()) or term.text.upper() in OPERATORS:
        what = f"an operator stands in the term {term.text!r}"
        why = "Inside a phrase it would be a word to find."
        yield StrategyError(term.node, "error", what, why=why, fix=one_each)
    elif not term.why:
        fix = f"keep it as {{term: {term.text}, why: ...}}"
        yield from _word_problems(term.node, term.text, fix)


def special_problems(node: Node, text: str) -> Iterator[StrategyError]:
    """Yield the characters that do something, or vanish, instead of being searched."""
    for character in sorted(SPECIAL.keys() & set(text)):
        what = f"the character {character} stands in a search expression"
        why, fix = SPECIAL[character]
        yield StrategyError(node, "error", what, why=why, fix=fix)


def _word_problems(node: Node, text: str, keep: str) -> Iterator[StrategyError]:
    """Yield what becomes of one word or phrase; `keep` says how it can stay."""
    prefix = PREFIX.search(text)
    if prefix:
        yield StrategyError(
            node,
            "error",
            f"{prefix[0]!r} is no field but a word to find",
            why="Title and abstract are searched in any case, and nothing else.",
            fix=f"leave it out, or {keep}",
        )
    words = re.findall(r"\w+", text.casefold())
    lost = [word for word in words if word in STOP_WORDS]
    if lost:
        left = " ".join(word for word in words if word not in STOP_WORDS) or "nothing"
        yield StrategyError(
            node,
            "error",
            f"{text!r} may be searched as {left!r}",
            why=f"OpenAlex drops the stop words {', '.join(lost)}.",
            fix=f"replace it, or {keep}",
        )
    if len(words) == 1 and words[0] in BROAD_WORDS:
        yield StrategyError(
            node,
            "error",
            f"the bare word {text!r} is too broad",
            why=f"{BROAD_WORDS[words[0]]}.",
            fix=f"use a phrase, or {keep}",
        )


def expression_problems(expression: Term) -> Iterator[StrategyError]:
    """Yield what is wrong with a hand-written Boolean expression."""
    node, text = expression.node, expression.text
    # Proximity ("a b"~5) is the one use of ~ that OpenAlex has.
    yield from special_problems(node, re.sub(r'(?<=")~[0-9]+', "", text))
    if text.count('"') % 2:
        what = "a double quote is not closed"
        yield StrategyError(node, "error", what, fix="close the phrase")
        return
    tokens = re.findall(r'"[^"]*"(?:~[0-9]+)?|[()]|[^\s()"]+', text)
    structure = [*_balance_problems(node, tokens), *_operand_problems(node, tokens)]
    yield from structure
    if not any(p.severity == "error" for p in structure) and _only_excludes(tokens):
        what = "the expression finds nearly everything"
        why = "A NOT needs words beside it, joined by AND, from which it takes away."
        yield StrategyError(node, "error", what, why=why)
    for token in tokens:
        if token.upper() in OPERATORS and token not in OPERATORS:
            what = f"{token!r} is searched as a word, or dropped"
            fix = f"write {token.upper()}"
            yield StrategyError(node, "error", what, fix=fix)
        elif token not in OPERATORS:
            words = token.split("~")[0].strip('"')
            if words not in expression.accepted:
                keep = f"keep it with accepted: {{{words}: why}}"
                yield from _word_problems(node, words, keep)


def _balance_problems(node: Node, tokens: list[str]) -> Iterator[StrategyError]:
    """Yield unbalanced parentheses, and AND beside OR."""
    depth = 0
    levels: dict[int, set[str]] = {}
    for token in tokens:
        depth += {"(": 1, ")": -1}.get(token, 0)
        if depth < 0:
            break
        if token == "(":  # noqa: S105
            levels[depth] = set()
        elif token in {"AND", "OR"}:
            levels.setdefault(depth, set()).add(token)
            if len(levels[depth]) > 1:
                what = "AND and OR are mixed without parentheses"
                why = "Services differ in which of them they read first."
                fix = "put parentheses round the alternatives"
                yield StrategyError(node, "error", what, why=why, fix=fix)
    if depth:
        yield StrategyError(node, "error", "the parentheses do not match")


def _operand_problems(node: Node, tokens: list[str]) -> Iterator[StrategyError]:
    """Yield operators without operands, and operands without an operator."""
    for left, right in pairwise(["(", *tokens, ")"]):
        if left in {"(", *OPERATORS} and right in {")", "AND", "OR"}:
            what = f"nothing stands between {left!r} and {right!r}"
            yield StrategyError(node, "error", what)
        elif left not in {"(", *OPERATORS} and right not in {")", *OPERATORS}:
            what = f"there is no operator between {left} and {right}"
            why = "OpenAlex then reads AND."
            yield StrategyError(node, "warning", what, why=why, fix="write it")


def query_problems(query: Term) -> Iterator[StrategyError]:
    """Yield Boolean or phrase syntax, which Crossref takes for words or drops."""
    found = sorted(set(query.text) & set('"()*?~'))
    found += sorted(OPERATORS & set(query.text.split()))
    found += PREFIX.findall(query.text)
    if found:
        yield StrategyError(
            query.node,
            "error",
            f"Crossref does not understand {' '.join(found)}",
            why="It ranks works by the plain words of the query.",
            fix="leave only words",
        )


def filter_problems(filters: Node, source: str) -> Iterator[StrategyError]:
    """Yield the filters that the source is not known to have.

    What looks like a slip is an error, since the source would refuse the whole
    request. Another name may be a filter that is newer than our list.
    """
    for name, node in filters.mapping().items():
        likely = meant(source, name)
        if is_known(source, name):
            continue
        what = f"{name!r} is not known as a filter of {source}"
        if likely:
            why = f"The service refuses what it does not know. Did you mean {likely!r}?"
            yield StrategyError(node, "error", what, why=why, fix=f"write {likely}")
        else:
            why = "The service may refuse the whole search because of it."
            fix = "look it up in the service's own list, or delete it"
            yield StrategyError(node, "warning", what, why=why, fix=fix)


def _only_excludes(tokens: list[str]) -> bool:
    """Tell whether a sound expression is true of a work that has none of its words.

    Such a one finds nearly every work there is: a NOT alone, or as an alternative.
    """
    signs = {"AND": "&", "OR": "|", "NOT": "!", "(": "(", ")": ")"}
    text = "".join(signs.get(token, "0") for token in tokens)
    before = ""
    while text != before:
        before = text
        for pattern, value in _TRUTH:
            text = re.sub(pattern, value, text)
    return text == "1"
