"""Which of the works that a search must find it does find, and why not the others.

The known items of the strategies are one benchmark. OpenAlex itself is asked: for
the items, and then for each strategy's own request narrowed to them, so that what
comes back is found and no opinion of ours on stemming is in between. For an item
that its own strategy misses, the limits are compared with what OpenAlex holds, and
each concept block is asked alone. Crossref only ranks, so there an item is found if
it is among the rows that the newest harvest kept.

The share of a benchmark that a search finds is its relative recall (Sampson et al.
2006, J Clin Epidemiol 59). A low one is a finding, not an error.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

from litreview.citation import Citation
from litreview.misreading import STOP_WORDS
from litreview.queries import (
    NARROWED_VALUES,
    PAGE_ROWS,
    Request,
    Strategy,
    block_request,
    compile_request,
    matches,
    narrowed,
)
from litreview.ranking import Place, Ranking, same_year
from litreview.sources import openalex
from litreview.sources.page import Item, Settings, as_text
from litreview.strategy import KnownItem
from litreview.text import title_key

# What OpenAlex charges for a page, in credits of a hundredth of a cent.
LIST_CREDITS, SEARCH_CREDITS = 1, 10
# DOIs with other characters would be misread in a filter; they are asked one by one.
PLAIN_DOI = re.compile(r"[\w./():;-]+", re.ASCII)


class Standing(StrEnum):
    """How a known item stands in a source."""

    FOUND = "found"
    MISSED = "missed"
    ABSENT = "not in OpenAlex"
    UNKNOWN = "not harvested yet"
    UNASKED = "not searched"


@dataclass(frozen=True)
class Known:
    """A work of the benchmark, the strategies that name it, and its OpenAlex forms."""

    item: KnownItem
    named_by: frozenset[str]
    works: tuple[Item, ...] = ()

    @property
    def key(self) -> str:
        """Return what the item is known by: its DOI, OpenAlex id or title."""
        return self.item.doi or self.item.openalex or self.item.title

    @property
    def ids(self) -> tuple[str, ...]:
        """Return the OpenAlex ids under which the work stands."""
        return tuple(work.source_id for work in self.works if work.source_id)


@dataclass(frozen=True)
class Finding:
    """How one strategy does on one known item.

    `own` tells that the strategy itself names it; only such a miss is explained:
    `limits` and `blocks` are those that fail, `remark` what else is to be known.
    """

    strategy: str
    known: Known
    own: bool
    openalex: Standing
    crossref: Standing
    place: Place | None = None
    limits: tuple[str, ...] = ()
    blocks: tuple[str, ...] = ()
    remark: str = ""

    @property
    def found(self) -> bool:
        """Whether either source gives the item to this strategy."""
        return Standing.FOUND in {self.openalex, self.crossref}


@dataclass(frozen=True)
class Report:
    """How the strategies do on the benchmark; `credits` is what OpenAlex counted."""

    strategies: tuple[str, ...]
    benchmark: tuple[Known, ...]
    findings: tuple[Finding, ...]
    rankings: Mapping[str, Ranking]
    credits: int

    def of(self, strategy: str) -> list[Finding]:
        """Return the findings of one strategy, in the order of the benchmark."""
        return [finding for finding in self.findings if finding.strategy == strategy]

    def finders(self, known: Known) -> list[str]:
        """Return the strategies that find an item."""
        return [f.strategy for f in self.findings if f.known == known and f.found]

    def only_by(self, strategy: str) -> list[Known]:
        """Return the items that no other strategy finds."""
        return [k for k in self.benchmark if self.finders(k) == [strategy]]


# -- asking OpenAlex ---------------------------------------------------------------


def measure(
    strategies: Sequence[Strategy],
    ranked: Mapping[str, Ranking],
    settings: Settings,
) -> Report:
    """Tell for each strategy which items of the whole benchmark it finds.

    `ranked` are the stored Crossref rankings. Raises `StrategyError` for a strategy
    that cannot be sent, and `ServiceError` where OpenAlex does not answer.
    """
    requests = {
        strategy.name: compile_request(strategy, "openalex")
        for strategy in strategies
        if strategy.openalex
    }
    known, spent = benchmark(strategies), 0
    if requests and known:
        known, spent = _recognised(known, settings)
    findings: list[Finding] = []
    for strategy in strategies:
        request = requests.get(strategy.name)
        told, cost = _findings(strategy, request, known, settings)
        spent += cost
        ranking = ranked.get(strategy.name)
        findings += [_with_rank(each, strategy, ranking) for each in told]
    names = tuple(strategy.name for strategy in strategies)
    return Report(names, tuple(known), tuple(findings), ranked, spent)


def benchmark(strategies: Iterable[Strategy]) -> list[Known]:
    """Return the known items of all strategies, each once."""
    found: list[Known] = []
    for strategy in strategies:
        for item in strategy.known_items:
            same = [k for k in found if _same_item(k.item, item)]
            if same:
                at = found.index(same[0])
                names = same[0].named_by | {strategy.name}
                found[at] = Known(same[0].item, names)
            else:
                found.append(Known(item, frozenset({strategy.name})))
    return found


def _same_item(one: KnownItem, other: KnownItem) -> bool:
    if one.doi and other.doi:
        return one.doi == other.doi
    if one.openalex and other.openalex:
        return one.openalex == other.openalex
    same = title_key(one.title) == title_key(other.title)
    return same and same_year(one.year, other.year)


def _recognised(
    benchmark: Sequence[Known], settings: Settings
) -> tuple[list[Known], int]:
    """Return the benchmark with what OpenAlex has of it, and the credits spent."""
    plain = [k.item.doi for k in benchmark if k.item.doi and _is_plain(k.item.doi)]
    ids = [k.item.openalex for k in benchmark if k.item.openalex]
    works, spent = [], 0
    for name, values in (("doi", plain), ("openalex", ids)):
        for at in range(0, len(values), NARROWED_VALUES):
            some = "|".join(values[at : at + NARROWED_VALUES])
            told, cost = _works(_request({"filter": f"{name}:{some}"}), settings)
            works += told
            spent += cost
    known = []
    for each in benchmark:
        own = [work for work in works if _is_work(each.item, work)]
        own = own or _single(each.item.doi, settings)
        if not own:
            own, cost = _by_title(each.item, settings)
            spent += cost
        known.append(Known(each.item, each.named_by, tuple(own)))
    return known, spent


def _is_plain(doi: str) -> bool:
    return PLAIN_DOI.fullmatch(doi) is not None


def _is_work(item: KnownItem, work: Item) -> bool:
    said = work.citation
    if said is None:
        return False
    return said.source_id == item.openalex or (bool(item.doi) and said.doi == item.doi)


def _single(doi: str | None, settings: Settings) -> list[Item]:
    """Ask for the one work of a DOI that no filter can hold; it costs nothing."""
    if not doi or _is_plain(doi):
        return []
    payload = openalex.lookup(doi, settings)
    if payload is None:
        return []
    said = openalex.citation(payload)
    return [Item(said.source_id, payload, said, "")]


def _by_title(item: KnownItem, settings: Settings) -> tuple[list[Item], int]:
    """Return the works with exactly this title, in the same year or the next."""
    words = re.findall(r"\w+", item.title.casefold())
    if all(word in STOP_WORDS for word in words):
        return [], 0
    request = _request({"filter": f"title.search:{' '.join(words)}"})
    page = openalex.fetch(request, None, settings)
    key = title_key(item.title)
    found = [
        work
        for work in page.items
        if work.citation is not None
        and title_key(work.citation.title) == key
        and same_year(item.year, work.citation.year)
    ]
    return found, SEARCH_CREDITS


def _request(params: dict[str, str]) -> Request:
    return Request("openalex", "", params, None, PAGE_ROWS)


def _works(request: Request, settings: Settings) -> tuple[list[Item], int]:
    """Return all works of a request, and the credits spent."""
    each = SEARCH_CREDITS if ".search:" in request.params["filter"] else LIST_CREDITS
    works: list[Item] = []
    cursor: str | None = None
    spent = 0
    while True:
        page = openalex.fetch(request, cursor, settings)
        works += page.items
        spent += each
        cursor = page.next_cursor
        if cursor is None or (page.total is not None and len(works) >= page.total):
            return works, spent


def _among(
    request: Request, ids: Sequence[str], settings: Settings
) -> tuple[set[str], int]:
    """Return which of these works a request finds, and the credits spent."""
    found: set[str] = set()
    spent = 0
    for part in narrowed(request, ids):
        works, cost = _works(part, settings)
        found |= {work.source_id for work in works if work.source_id}
        spent += cost
    return found, spent


def _findings(
    strategy: Strategy,
    request: Request | None,
    benchmark: Sequence[Known],
    settings: Settings,
) -> tuple[list[Finding], int]:
    """Return how a strategy does at OpenAlex, its own misses explained."""
    ids = [work for known in benchmark for work in known.ids]
    found: set[str] = set()
    spent = 0
    if request is not None and ids:
        found, spent = _among(request, ids, settings)
    told = [_standing(strategy, known, found) for known in benchmark]
    missed = [f for f in told if f.own and f.openalex is Standing.MISSED]
    ids = [work for finding in missed for work in finding.known.ids]
    failing: dict[str, list[str]] = {work: [] for work in ids}
    for block in strategy.blocks if missed else ():
        matched, cost = _among(block_request(strategy, block), ids, settings)
        spent += cost
        for work in failing.keys() - matched:
            failing[work].append(block.name)
    return [_explained(each, strategy, failing) for each in told], spent


def _standing(strategy: Strategy, known: Known, found: set[str]) -> Finding:
    standing = Standing.MISSED
    if strategy.openalex is None:
        standing = Standing.UNASKED
    elif not known.works:
        standing = Standing.ABSENT
    elif found.intersection(known.ids):
        standing = Standing.FOUND
    own = strategy.name in known.named_by
    return Finding(strategy.name, known, own, standing, Standing.UNASKED)


# -- why an item is missed ---------------------------------------------------------


def _explained(
    finding: Finding, strategy: Strategy, failing: Mapping[str, Sequence[str]]
) -> Finding:
    """Say why an item is missed, by the form of it that comes nearest to be found."""
    if not (finding.own and finding.openalex is Standing.MISSED):
        return finding
    causes = [
        (tuple(_limits(strategy, work)), tuple(failing[work.source_id]), work)
        for work in finding.known.works
        if work.source_id
    ]
    limits, blocks, work = min(causes, key=lambda cause: len(cause[0] + cause[1]))
    remark = "; ".join(_remarks(strategy, work, limits, blocks))
    return replace(finding, limits=limits, blocks=blocks, remark=remark)


def _limits(strategy: Strategy, work: Item) -> list[str]:
    """Return the limits of a strategy that a work fails, with what it has instead."""
    failed = []
    day = as_text(work.payload.get("publication_date"))
    first, last = strategy.published.first, strategy.published.last
    if not first.isoformat() <= day <= last.isoformat():
        failed.append(f"published {day}" if day else "no date of publication")
    language = as_text(work.payload.get("language"))
    languages = strategy.languages
    if languages.only and not (
        language in languages.only or (languages.or_unknown and not language)
    ):
        failed.append(f"language {language or 'not known'}")
    kind = as_text(work.payload.get("type"))
    types = strategy.openalex.types if strategy.openalex else None
    if types and kind not in types.only:
        failed.append(f"type {kind or 'not known'}")
    return failed


def _remarks(
    strategy: Strategy, work: Item, limits: Sequence[str], blocks: Sequence[str]
) -> list[str]:
    """Return what else is to be known of a miss."""
    said = work.citation or Citation("openalex", "", "")
    here = matches(strategy, said.title, said.abstract)
    told = [] if said.abstract else ["OpenAlex has no abstract of it"]
    odd = [name for name in blocks if here[name]]
    if odd:
        told.append(
            f"words of {', '.join(odd)} do stand in its title or abstract, but "
            "OpenAlex does not match them: it may stem them otherwise"
        )
    part = strategy.openalex
    if part and not limits and not blocks:
        other = "the filters " + ", ".join(part.filters) if part.filters else ""
        written = "the hand-written expression" if part.expression else ""
        cause = " or ".join(filter(None, (written, other)))
        told.append(
            "every block and limit holds by itself; "
            + (f"{cause} may keep it out" if cause else "OpenAlex does not say why")
        )
    return told


def _with_rank(
    finding: Finding, strategy: Strategy, ranking: Ranking | None
) -> Finding:
    """Add how the item stands in the strategy's stored Crossref ranking."""
    place = None
    standing = Standing.UNASKED
    if strategy.crossref is not None:
        standing = Standing.UNKNOWN if ranking is None else Standing.MISSED
    if standing is Standing.MISSED and ranking is not None:
        place = ranking.place(finding.known.item)
        standing = Standing.FOUND if place else Standing.MISSED
    return replace(finding, crossref=standing, place=place)
