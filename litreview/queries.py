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
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from urllib.parse import urlencode

from litreview.misreading import (
    StrategyError,
    expression_problems,
    filter_problems,
    query_problems,
    term_problems,
)
from litreview.strategy import (
    TYPES,
    Block,
    Crossref,
    KnownItem,
    Languages,
    Limit,
    OpenAlex,
    Strategy,
    parse_strategy,
)
from litreview.text import title_key
from litreview.yamlfile import Node, suggestion

__all__ = [
    "Request",
    "Strategy",
    "StrategyError",
    "block_request",
    "compile_request",
    "matches",
    "narrowed",
    "parse_strategy",
    "problems",
    "spans",
]


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
# The most values, joined by |, that OpenAlex takes in one filter.
FILTER_VALUES = 100
# How many works are named in one request, and the bytes that one of them takes.
NARROWED_VALUES = 50
WORK_ID_BYTES = len("%7CW1234567890")
# What stands in a filter of OpenAlex for "not known".
UNKNOWN = "null"


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


def block_request(strategy: Strategy, block: Block) -> Request:
    """Return what OpenAlex is asked for one block alone, without any limit."""
    params = {"filter": f"title_and_abstract.search:({_block_text(block)})"}
    return Request("openalex", strategy.name, params, None, PAGE_ROWS)


def narrowed(request: Request, works: Sequence[str]) -> list[Request]:
    """Return the same OpenAlex request, asked of these works only.

    `works` are ids ("W123"). There are several requests where one filter, or the
    request line, does not hold all of the ids.
    """
    line = len(f"GET {request.url('')} HTTP/1.1")
    room = (REQUEST_LINE_BYTES - line - CURSOR_BYTES["openalex"] // 2) // WORK_ID_BYTES
    size = max(1, min(NARROWED_VALUES, room))
    return [
        replace(request, params=_with_works(request.params, works[at : at + size]))
        for at in range(0, len(works), size)
    ]


def _with_works(params: dict[str, str], works: Sequence[str]) -> dict[str, str]:
    return params | {"filter": f"{params['filter']},openalex:{'|'.join(works)}"}


def _openalex_params(strategy: Strategy, part: OpenAlex) -> dict[str, str]:
    """Return filter and sort; the order by date lets an old cursor be resumed."""
    filters = [
        ("title_and_abstract.search", _expression(strategy, part)),
        ("from_publication_date", strategy.published.first.isoformat()),
        ("to_publication_date", strategy.published.last.isoformat()),
    ]
    if strategy.languages.only:
        filters.append(("language", _languages(strategy.languages)))
    if part.types:
        filters.append(("type", "|".join(part.types.only)))
    filters += part.filters.items()
    return {
        "filter": ",".join(f"{key}:{value}" for key, value in filters),
        "sort": "publication_date:asc",
    }


def _languages(languages: Languages) -> str:
    unknown = (UNKNOWN,) if languages.or_unknown else ()
    return "|".join((*languages.only, *unknown))


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
    return " AND ".join(f"({_block_text(block)})" for block in strategy.blocks)


def _block_text(block: Block) -> str:
    return " OR ".join(_quoted(term.text) for term in block.terms)


def _quoted(text: str) -> str:
    """Return a phrase in double quotes, and a single word bare (it is stemmed)."""
    return text if text.isalnum() else f'"{text}"'


# --- what a source would drop or misread -------------------------------------


def problems(strategy: Strategy) -> list[StrategyError]:
    """Return what the sources would drop or misread, in the order of the lines.

    An error means that a source would search for something else, find far too much,
    or refuse. A warning is about recall or precision. A word or phrase that says why
    it stays draws neither.
    """
    found: list[StrategyError] = []
    for block in strategy.blocks:
        found += _block_problems(block)
    if strategy.openalex:
        found += _openalex_problems(strategy.node, strategy.openalex)
    if strategy.crossref:
        found += query_problems(strategy.crossref.query)
    found += _item_problems(strategy.known_items)
    for source in strategy.sources:
        found += _type_problems(strategy, source)
        found += _filter_problems(strategy.node, source)
        found += _length_problems(strategy, source)
    return sorted(found, key=lambda problem: problem.line or 0)


def _block_problems(block: Block) -> Iterator[StrategyError]:
    seen: dict[str, int] = {}
    for term in block.terms:
        yield from term_problems(term)
        folded = term.text.casefold()
        if folded in seen:
            what = f"{term.text!r} stands in this block already, on line {seen[folded]}"
            yield StrategyError(term.node, "warning", what, fix="delete one of them")
        seen.setdefault(folded, term.node.line)


def _openalex_problems(strategy: Node, part: OpenAlex) -> Iterator[StrategyError]:
    if part.expression:
        yield from expression_problems(part.expression)
    if "is_retracted" in part.filters:
        yield StrategyError(
            strategy["openalex"]["filters"]["is_retracted"],
            "warning",
            "is_retracted is filtered",
            why="A retraction must be seen, and counted at screening.",
            fix="delete the filter",
        )
    for name, value in part.filters.items():
        node = strategy["openalex"]["filters"][name]
        yield from _values_problems(node, len(value.split("|")))
    only = strategy["languages"].get("only")
    if only is not None:
        yield from _values_problems(only, len(only.items()))


def _item_problems(items: tuple[KnownItem, ...]) -> Iterator[StrategyError]:
    """Yield known items that stand twice, or have nothing but their title."""
    seen: dict[str, int] = {}
    for item in items:
        line = item.node.line
        own = [item.doi, item.openalex, f"{title_key(item.title)} {item.year or ''}"]
        again = [seen[name] for name in own if name in seen]
        if again:
            what = f"{item.title!r} is known already, from line {again[0]}"
            yield StrategyError(item.node, "warning", what, fix="delete one of them")
        seen |= {name: line for name in own if name and name not in seen}
        if not (item.doi or item.openalex or item.note):
            yield StrategyError(
                item.node,
                "warning",
                f"{item.title!r} is looked for by its title",
                why="It has neither a DOI nor an OpenAlex id.",
                fix="add doi or openalex, or say in note why it has none",
            )


def _values_problems(node: Node, count: int) -> Iterator[StrategyError]:
    """Yield a filter with more values than OpenAlex takes in one."""
    if count > FILTER_VALUES:
        what = f"the filter has {count} values"
        why = f"OpenAlex refuses more than {FILTER_VALUES} in one filter."
        fix = "split the strategy into two files"
        yield StrategyError(node, "error", what, why=why, fix=fix)


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


def _filter_problems(strategy: Node, source: str) -> Iterator[StrategyError]:
    section = strategy.get(source)
    filters = section.get("filters") if section else None
    if filters is not None:
        yield from filter_problems(filters, source)


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
