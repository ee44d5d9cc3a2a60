"""What each source is asked for a strategy, and what it would misread.

From a strategy `compile_request` makes the very parameters that are sent,
`problems` tells what a source would drop or misread without a word, and
`matches` says which blocks occur in a title and abstract: why a work was found,
or was not.

    strategy = parse_strategy(yamlfile.parse(text, path), name="q1-instruments")
    compile_request(strategy, "openalex").url("https://api.openalex.org")

What the services accept: help.openalex.org (searching, filters) and
api.crossref.org/swagger, as of November 2026.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Literal
from urllib.parse import urlencode

from litreview.errors import InputFileError
from litreview.strategy import (
    TYPES,
    Block,
    Crossref,
    Limit,
    OpenAlex,
    Strategy,
    Term,
    parse_strategy,
)
from litreview.yamlfile import Node, suggestion

__all__ = [
    "Request",
    "Strategy",
    "StrategyError",
    "compile_request",
    "matches",
    "parse_strategy",
    "problems",
    "spans",
]


def _word_set(text: str) -> frozenset[str]:
    return frozenset(text.split())


# Rows asked for at a time. OpenAlex documents 100 as its maximum; Crossref allows
# 1,000, but reference lists make its pages heavy and a failed one starts again.
PAGE_ROWS = 100
PAGE_PARAMETER = {"openalex": "per-page", "crossref": "rows"}
# OpenAlex refuses a request line longer than this many bytes.
REQUEST_LINE_BYTES = 8_190
# What a cursor and a mail address may add, in bytes. Crossref's cursors reach 2,600.
CURSOR_BYTES = {"openalex": 500, "crossref": 2_800}
# Above this many characters OpenAlex refuses the value of its `search` parameter to
# users who do not pay. Filters, which are used here, are not capped so far.
SEARCH_CHARACTERS = 1_500

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

Severity = Literal["error", "warning"]


class StrategyError(InputFileError):
    """A strategy says what a source would drop or misread, at this line."""

    def __init__(
        self, node: Node, severity: Severity, what: str, *, why: str = "", fix: str = ""
    ) -> None:
        super().__init__(node.path, node.line, what, why=why, fix=fix)
        self.severity = severity


@dataclass(frozen=True)
class Request:
    """Hold what one source is asked, without key, cursor or mail address.

    `keep` is the number of best-ranked rows kept (None: all of them);
    `page_size` is the number of rows asked for at a time.
    """

    source: str
    strategy: str
    params: dict[str, str]
    keep: int | None
    page_size: int

    def url(self, base: str) -> str:
        """Return the encoded address as sent to the service at `base`."""
        sent = self.params | {PAGE_PARAMETER[self.source]: str(self.page_size)}
        return f"{base.rstrip('/')}/works?{urlencode(sent)}"


def compile_request(strategy: Strategy, source: str) -> Request:
    """Return the parameters that the source is sent for this strategy.

    Raises `InputFileError` where the source is not searched, and the first of
    the `problems` that is an error: what is sent must mean what is written.
    """
    if source not in strategy.sources:
        why = strategy.not_searched.get(source, "")
        what = f"the strategy does not search {source!r}"
        raise strategy.node.error(what, why=why, fix=_source_list(strategy))
    for problem in problems(strategy):
        if problem.severity == "error":
            raise problem
    return _compiled(strategy, source)


def _source_list(strategy: Strategy) -> str:
    return f"use one of: {', '.join(strategy.sources)}"


def _compiled(strategy: Strategy, source: str) -> Request:
    if source == "openalex" and strategy.openalex:
        params = _openalex_params(strategy, strategy.openalex)
        return Request(source, strategy.name, params, None, PAGE_ROWS)
    if source == "crossref" and strategy.crossref:
        part = strategy.crossref
        rows = min(part.keep, PAGE_ROWS)
        params = _crossref_params(strategy, part)
        return Request(source, strategy.name, params, part.keep, rows)
    raise ValueError(source)


def _openalex_params(strategy: Strategy, part: OpenAlex) -> dict[str, str]:
    """Return filter and sort; the order by date lets an old cursor be resumed."""
    filters = [
        ("title_and_abstract.search", _expression(strategy, part)),
        ("from_publication_date", strategy.published.first.isoformat()),
        ("to_publication_date", strategy.published.last.isoformat()),
        ("language", "|".join(strategy.languages.only)),
    ]
    if part.types:
        filters.append(("type", "|".join(part.types.only)))
    filters += part.filters.items()
    return {
        "filter": ",".join(f"{key}:{value}" for key, value in filters),
        "sort": "publication_date:asc",
    }


def _crossref_params(strategy: Strategy, part: Crossref) -> dict[str, str]:
    """Return the ranked query; the same filter repeated means OR at Crossref."""
    filters = [
        ("from-pub-date", strategy.published.first.isoformat()),
        ("until-pub-date", strategy.published.last.isoformat()),
        *(("type", name) for name in (part.types.only if part.types else ())),
        *part.filters.items(),
    ]
    return {
        "query.bibliographic": part.query.text,
        "filter": ",".join(f"{key}:{value}" for key, value in filters),
        "sort": "score",
        "order": "desc",
    }


def _expression(strategy: Strategy, part: OpenAlex) -> str:
    """Return the Boolean text: a block's terms in OR, the blocks in AND."""
    if part.expression:
        return part.expression.text
    blocks = (
        " OR ".join(_quoted(term.text) for term in block.terms)
        for block in strategy.blocks
    )
    return " AND ".join(f"({block})" for block in blocks)


def _quoted(text: str) -> str:
    """Return a phrase in double quotes, and a single word bare (it is stemmed)."""
    return text if text.isalnum() else f'"{text}"'


# --- what a source would drop or misread -------------------------------------


def problems(strategy: Strategy) -> list[StrategyError]:
    """Return what the sources would drop or misread, in the order of the lines.

    An error means that a source would search for something else, or refuse. A
    warning is about recall or precision; a term that says `why` it stays draws none.
    """
    found: list[StrategyError] = []
    for block in strategy.blocks:
        found += _block_problems(block)
    if strategy.openalex:
        found += _openalex_problems(strategy.node, strategy.openalex)
    if strategy.crossref:
        found += _query_problems(strategy.crossref.query)
    for source in strategy.sources:
        found += _type_problems(strategy, source)
        found += _length_problems(strategy, source)
    return sorted(found, key=lambda problem: problem.line or 0)


def _block_problems(block: Block) -> Iterator[StrategyError]:
    seen: dict[str, int] = {}
    for term in block.terms:
        yield from _term_problems(term)
        folded = term.text.casefold()
        if folded in seen:
            what = f"{term.text!r} stands in this block already, on line {seen[folded]}"
            yield StrategyError(term.node, "warning", what, fix="delete one of them")
        seen.setdefault(folded, term.node.line)


def _term_problems(term: Term) -> Iterator[StrategyError]:
    """Yield what is wrong with one term of a block."""
    yield from _special_problems(term.node, term.text)
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
        yield from _word_problems(term.node, term.text)


def _special_problems(node: Node, text: str) -> Iterator[StrategyError]:
    for character in sorted(SPECIAL.keys() & set(text)):
        what = f"the character {character} stands in a search expression"
        why, fix = SPECIAL[character]
        yield StrategyError(node, "error", what, why=why, fix=fix)


def _word_problems(node: Node, text: str) -> Iterator[StrategyError]:
    """Yield warnings about one word or phrase as the source reads it."""
    words = re.findall(r"\w+", text.casefold())
    lost = [word for word in words if word in STOP_WORDS]
    if lost:
        left = " ".join(word for word in words if word not in STOP_WORDS) or "nothing"
        yield StrategyError(
            node,
            "warning",
            f"{text!r} may be searched as {left!r}",
            why=f"OpenAlex drops the stop words {', '.join(lost)}.",
            fix=f"replace it, or keep it as {{term: {text}, why: ...}}",
        )
    if len(words) == 1 and words[0] in BROAD_WORDS:
        yield StrategyError(
            node,
            "warning",
            f"the bare word {text!r} is too broad",
            why=f"{BROAD_WORDS[words[0]]}.",
            fix=f"use a phrase, or keep it as {{term: {text}, why: ...}}",
        )


def _openalex_problems(strategy: Node, part: OpenAlex) -> Iterator[StrategyError]:
    if part.expression:
        yield from _expression_problems(part.expression)
    if "is_retracted" in part.filters:
        yield StrategyError(
            strategy["openalex"]["filters"]["is_retracted"],
            "warning",
            "is_retracted is filtered",
            why="A retraction must be seen, and counted at screening.",
            fix="delete the filter",
        )


def _expression_problems(expression: Term) -> Iterator[StrategyError]:
    """Yield what is wrong with a hand-written Boolean expression."""
    node, text = expression.node, expression.text
    # Proximity ("a b"~5) is the one use of ~ that OpenAlex has.
    yield from _special_problems(node, re.sub(r'(?<=")~[0-9]+', "", text))
    if text.count('"') % 2:
        what = "a double quote is not closed"
        yield StrategyError(node, "error", what, fix="close the phrase")
        return
    tokens = re.findall(r'"[^"]*"(?:~[0-9]+)?|[()]|[^\s()"]+', text)
    yield from _structure_problems(node, tokens)
    for token in tokens:
        if token in {"and", "or", "not"}:
            what = f"{token!r} is searched as a word, or dropped"
            fix = f"write {token.upper()}"
            yield StrategyError(node, "error", what, fix=fix)
        elif token not in OPERATORS:
            yield from _word_problems(node, token.split("~")[0].strip('"'))


def _structure_problems(node: Node, tokens: list[str]) -> Iterator[StrategyError]:
    """Yield unbalanced parentheses, and operators without two operands."""
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
                fix = "put parentheses round the alternatives"
                yield StrategyError(node, "warning", what, fix=fix)
    if depth:
        yield StrategyError(node, "error", "the parentheses do not match")
    for left, right in pairwise(["(", *tokens, ")"]):
        if left in {"(", *OPERATORS} and right in {")", "AND", "OR"}:
            what = f"nothing stands between {left!r} and {right!r}"
            yield StrategyError(node, "error", what)
        elif left not in {"(", *OPERATORS} and right not in {")", *OPERATORS}:
            what = f"there is no operator between {left} and {right}"
            why = "OpenAlex then reads AND."
            yield StrategyError(node, "warning", what, why=why, fix="write it")


def _query_problems(query: Term) -> Iterator[StrategyError]:
    """Yield Boolean or phrase syntax, which Crossref takes for words or drops."""
    found = sorted(set(query.text) & set('"()*?~'))
    found += sorted(OPERATORS & set(query.text.split()))
    if found:
        yield StrategyError(
            query.node,
            "error",
            f"Crossref does not understand {' '.join(found)}",
            why="It ranks works by the plain words of the query.",
            fix="leave only words",
        )


def _type_problems(strategy: Strategy, source: str) -> Iterator[StrategyError]:
    types: Limit | None = getattr(strategy, source).types
    for word, node in zip(types.only, types.node, strict=True) if types else ():
        if word not in TYPES[source]:
            yield StrategyError(
                node,
                "warning",
                f"{word!r} is not known as a type of {source}",
                why=f"An unknown type finds nothing. {suggestion(word, TYPES[source])}",
                fix=f"use one of: {', '.join(sorted(TYPES[source]))}",
            )


def _length_problems(strategy: Strategy, source: str) -> Iterator[StrategyError]:
    """Yield a request that is too long, or near a limit of its source."""
    request = _compiled(strategy, source)
    line = len(f"GET {request.url('')} HTTP/1.1") + CURSOR_BYTES[source]
    node = strategy.node["blocks"]
    if line > REQUEST_LINE_BYTES:
        yield StrategyError(
            node,
            "error",
            f"the request to {source} is too long: {line} bytes with its cursor",
            why=f"A longer request line than {REQUEST_LINE_BYTES} bytes is refused.",
            fix="split the strategy into two files",
        )
    elif source == "openalex" and strategy.openalex:
        length = len(_expression(strategy, strategy.openalex))
        if length > SEARCH_CHARACTERS:
            what = f"the expression has {length} characters"
            why = f"OpenAlex may come to refuse more than {SEARCH_CHARACTERS}."
            yield StrategyError(node, "warning", what, why=why)


# --- matching on this side ---------------------------------------------------


def matches(strategy: Strategy, title: str, abstract: str) -> dict[str, bool]:
    """Tell for each block whether one of its terms occurs in title or abstract.

    Case, hyphens and plurals do not count. It comes near OpenAlex's matching but
    is not the same: stop words count here, and other endings are not stemmed.
    """
    return {
        block.name: any(
            _pattern(block).search(text) is not None for text in (title, abstract)
        )
        for block in strategy.blocks
    }


def spans(block: Block, text: str) -> list[tuple[int, int]]:
    """Return where the block's terms stand in the text, as start and end."""
    return [found.span() for found in _pattern(block).finditer(text)]


@lru_cache(maxsize=512)
def _pattern(block: Block) -> re.Pattern[str]:
    """Return the pattern of a block's terms, longest first."""
    terms = sorted((term.text for term in block.terms), key=len, reverse=True)
    alternatives = "|".join(_term_pattern(term) for term in terms)
    return re.compile(rf"(?<!\w)(?:{alternatives})(?!\w)", re.IGNORECASE)


def _term_pattern(term: str) -> str:
    words = re.findall(r"\w+", term)
    return r"[\W_]+".join(_word_pattern(word) for word in words)


def _word_pattern(word: str) -> str:
    """Return a pattern of a word in singular, plural and possessive."""
    end = r"(?:['\u2019]s?)?"
    if re.search(r"[sx]is$", word):
        return f"{re.escape(word[:-2])}[ie]s{end}"
    stem = word[:-1] if re.search(r"[^su']s$", word) and len(word) > 3 else word
    if re.search(r"[^aeiou]y$", stem):
        return f"{re.escape(stem[:-1])}(?:y|ies){end}"
    if stem.endswith("ie") and stem != word:
        return f"{re.escape(stem[:-2])}(?:y|ies?){end}"
    return f"{re.escape(stem)}(?:e?s)?{end}"
