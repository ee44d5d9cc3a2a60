"""The file of a search strategy: what a team means, with its reasons.

A strategy is one YAML file: blocks of terms (OR inside a block, AND between
blocks), limits that each say why, what is special to a source, and the works
that it must find. Reading it refuses what the file cannot mean; what a source
would misread is the business of `queries`. The fields are explained, with an
example, in `queries/README.md`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date

from litreview.filters import COMPILED_FILTERS
from litreview.programmes import Programme
from litreview.text import normalise_doi
from litreview.yamlfile import Node


def _word_set(text: str) -> frozenset[str]:
    return frozenset(text.split())


SOURCES = ("openalex", "crossref")
# The types that each source gives its works, as of November 2026.
TYPES = {
    "openalex": _word_set("""
        article book book-chapter book-review conference-abstract conference-paper
        data-paper dataset dissertation editorial erratum grant letter libguides
        other paratext peer-review preprint reference-entry report retraction review
        software software-paper standard supplementary-materials
    """),
    "crossref": _word_set("""
        book book-chapter book-part book-section book-series book-set book-track
        component database dataset dissertation edited-book grant journal
        journal-article journal-issue journal-volume monograph other peer-review
        posted-content proceedings proceedings-article proceedings-series
        reference-book reference-entry report report-component report-series standard
    """),
}
# The parts of PRISMA-S that only people can tell; the rest is filled from the run.
PRISMA_S = (
    "study_registries",
    "online_browsing",
    "citation_searching",
    "contacts",
    "other_methods",
    "search_filters",
    "prior_work",
    "peer_review",
)


@dataclass(frozen=True)
class Term:
    """Hold a word or phrase, or a whole expression of them.

    `why` is the reason that it stays although a source reads it otherwise; in an
    expression, `accepted` holds that reason for single words and phrases of it.
    """

    text: str
    node: Node = field(repr=False, compare=False)
    why: str = ""
    accepted: Mapping[str, str] = field(default_factory=dict, compare=False)


@dataclass(frozen=True)
class Block:
    """Hold a concept of the search: any of its terms stands for it."""

    name: str
    terms: tuple[Term, ...]


@dataclass(frozen=True)
class Limit:
    """Hold the only values that are searched, with the reason."""

    only: tuple[str, ...]
    why: str
    node: Node = field(repr=False, compare=False)


@dataclass(frozen=True)
class Languages:
    """Hold the languages that are searched, with the reason; none means any.

    `or_unknown` lets in the works whose language the source does not know.
    """

    only: tuple[str, ...]
    or_unknown: bool
    why: str


@dataclass(frozen=True)
class Published:
    """Hold the first and the last day of publication, with the reason."""

    first: date
    last: date
    why: str


@dataclass(frozen=True)
class OpenAlex:
    """Hold what is special to OpenAlex; `expression` replaces the blocks."""

    types: Limit | None
    filters: Mapping[str, str]
    expression: Term | None


@dataclass(frozen=True)
class Crossref:
    """Hold what is special to Crossref, which ranks instead of matching."""

    query: Term
    keep: int
    keep_why: str
    types: Limit | None
    filters: Mapping[str, str]


@dataclass(frozen=True)
class KnownItem:
    """Hold a work that this strategy has to find, to measure its recall.

    `openalex` is its id there ("W123"). Without one and without a DOI it is looked
    for by its title; `note` says why it has neither.
    """

    title: str
    doi: str | None
    openalex: str | None
    year: int | None
    note: str
    node: Node = field(repr=False, compare=False)


@dataclass(frozen=True)
class Strategy:
    """Hold one saved search; a source that is not searched has its reason."""

    name: str
    node: Node = field(repr=False, compare=False)
    title: str
    purpose: str
    research_questions: tuple[str, ...]
    stream: str | None
    languages: Languages
    published: Published
    blocks: tuple[Block, ...]
    openalex: OpenAlex | None
    crossref: Crossref | None
    not_searched: Mapping[str, str]
    known_items: tuple[KnownItem, ...]
    prisma_s: Mapping[str, str]

    @property
    def sources(self) -> tuple[str, ...]:
        """Return the sources that are searched, in their fixed order."""
        return tuple(name for name in SOURCES if getattr(self, name) is not None)


def parse_strategy(
    node: Node, *, name: str, programmes: Mapping[str, Programme] | None = None
) -> Strategy:
    """Read a strategy; `name` is its file's name without the ending.

    A term ``{programme: ID}`` stands for all the names of one of `programmes`. In a
    text read back from the database, None, its id stands for them.

    Raises `InputFileError` with the line for an unknown, missing or unusable
    field. What the sources would misread is left to `problems`.
    """
    node.fields(
        required={"title", "purpose", "research_questions", "sources", "blocks"}
        | {"languages", "published"},
        optional={"stream", "not_searched", "known_items", "prisma_s", *SOURCES},
    )
    searched = _sources(node)
    stream, known = node.get("stream"), node.get("known_items")
    prisma_s = node.get("prisma_s")
    if prisma_s is not None:
        prisma_s.fields(optional=PRISMA_S)
    return Strategy(
        name=name,
        node=node,
        title=node["title"].text(),
        purpose=node["purpose"].text(),
        research_questions=tuple(node["research_questions"].texts()),
        stream=stream.text() if stream else None,
        languages=_languages(node["languages"]),
        published=_published(node["published"]),
        blocks=_blocks(node["blocks"], programmes),
        openalex=_openalex(node) if "openalex" in searched else None,
        crossref=_crossref(node) if "crossref" in searched else None,
        not_searched=_reasons(node.get("not_searched")),
        known_items=tuple(map(_known_item, known)) if known else (),
        prisma_s=_texts(prisma_s),
    )


def _sources(node: Node) -> set[str]:
    """Return the sources searched; each other one needs its reason."""
    searched = {item.choice(SOURCES) for item in node["sources"]}
    if not searched:
        raise node["sources"].error("no source is searched")
    reasons = node.get("not_searched")
    if reasons is not None:
        reasons.fields(optional=SOURCES)
    for source in SOURCES:
        excused = reasons is not None and source in reasons
        section = node.get(source)
        if source not in searched and not excused:
            raise node["sources"].error(
                f"{source} is not searched and no reason is given",
                fix=f"add it to sources, or write not_searched: {{{source}: why}}",
            )
        if source in searched and excused:
            raise node["sources"].error(f"{source} is searched and not searched")
        if source not in searched and section is not None:
            raise section.error(f"this is for {source}, which is not searched")
    return searched


def _limit(node: Node) -> Limit:
    node.fields(required={"only", "why"})
    return Limit(_only(node["only"]), node.words("why"), node["only"])


def _only(node: Node) -> tuple[str, ...]:
    """Return a list, not empty, of values that can stand in a filter."""
    only = tuple(node.texts())
    if not only:
        raise node.error("the list is empty")
    for item in node:
        if not re.fullmatch(r"[a-z-]+", item.text()):
            raise item.error(f"{item.text()!r} is not a lower-case word")
    return only


def _languages(node: Node) -> Languages:
    """Return the languages searched: those of `only`, or any."""
    node.fields(required={"why"}, optional={"only", "any", "or_unknown"})
    everything = node.get("any")
    if everything is None or not everything.boolean():
        unknown = node.get("or_unknown")
        limit = _only(node["only"])
        for item in node["only"]:
            if not re.fullmatch(r"[a-z]{2}(-[a-z]+)?", item.text()):  # also zh-cn
                raise item.error(
                    f"{item.text()!r} is not the two-letter code of a language",
                    fix="write it as ISO 639-1 does: en, de, fr",
                )
        return Languages(
            limit, unknown is not None and unknown.boolean(), node.words("why")
        )
    for key in ("only", "or_unknown"):
        if key in node:
            raise node[key].error(
                f"{key!r} limits what {'any'!r} leaves open", fix="delete one of them"
            )
    return Languages((), or_unknown=True, why=node.words("why"))


def _published(node: Node) -> Published:
    node.fields(required={"from", "to", "why"})
    first, last = node["from"].day(), node["to"].day()
    if first > last:
        raise node["from"].error(f"{first} is later than the end, {last}")
    return Published(first, last, node.words("why"))


def _blocks(
    node: Node, programmes: Mapping[str, Programme] | None
) -> tuple[Block, ...]:
    blocks = []
    for name, terms in node.mapping().items():
        if not terms.items():
            raise terms.error(f"the block {name!r} has no terms")
        found = (one for term in terms for one in _terms(term, programmes))
        blocks.append(Block(name, tuple(found)))
    if not blocks:
        raise node.error("there are no blocks")
    return tuple(blocks)


def _terms(node: Node, programmes: Mapping[str, Programme] | None) -> Iterator[Term]:
    """Yield the term that stands here, or every name of the programme."""
    if node.kind != "map" or "programme" not in node:
        yield _term(node)
        return
    node.fields(required={"programme"})
    wanted = node["programme"]
    if programmes is None:
        yield Term(wanted.text(), wanted)
        return
    if not programmes:
        raise wanted.error(
            f"there is no programme {wanted.text()!r}",
            fix="list it with its names in screening/programmes.yaml",
        )
    for name in programmes[wanted.choice(programmes)].terms:
        yield Term(name, wanted)


def _term(node: Node) -> Term:
    """Return a term: a text, or a mapping of the text and why it stays."""
    if node.kind == "map":
        return _reasoned(node, "term")
    return Term(_squeezed(node), node)


def _reasoned(node: Node, key: str) -> Term:
    node.fields(required={key, "why"})
    return Term(_squeezed(node[key]), node[key], node.words("why"))


def _squeezed(node: Node) -> str:
    text = " ".join(node.text().split())
    if not re.search(r"\w", text):
        raise node.error("there is no word here to search for")
    return text


def _openalex(strategy: Node) -> OpenAlex:
    """Return the section; without one the blocks are searched as they stand."""
    node = strategy.get("openalex")
    if node is None:
        return OpenAlex(None, {}, None)
    node.fields(optional={"types", "filters", "expression"})
    types, expression = node.get("types"), node.get("expression")
    return OpenAlex(
        types=_limit(types) if types else None,
        filters=_filters(node.get("filters"), "openalex"),
        expression=_expression(expression) if expression else None,
    )


def _expression(node: Node) -> Term:
    node.fields(required={"text", "why"}, optional={"accepted"})
    accepted = _reasons(node.get("accepted"))
    return Term(_squeezed(node["text"]), node["text"], node.words("why"), accepted)


def _crossref(strategy: Node) -> Crossref:
    node = strategy.get("crossref")
    if node is None:
        raise strategy["sources"].error(
            "crossref is searched, but the section crossref is missing",
            why="Crossref has no Boolean search, so the blocks cannot be sent to it.",
            fix="add crossref: with query and keep",
        )
    node.fields(required={"query", "keep"}, optional={"types", "filters"})
    keep, types = node["keep"], node.get("types")
    keep.fields(required={"rows", "why"})
    if keep["rows"].integer() < 1:
        raise keep["rows"].error("at least one row must be kept")
    return Crossref(
        query=Term(_squeezed(node["query"]), node["query"]),
        keep=keep["rows"].integer(),
        keep_why=keep.words("why"),
        types=_limit(types) if types else None,
        filters=_filters(node.get("filters"), "crossref"),
    )


def _filters(node: Node | None, source: str) -> dict[str, str]:
    filters = _texts(node)
    for key, word in node.mapping().items() if node else ():
        if key in COMPILED_FILTERS[source]:
            raise word.error(f"the filter {key!r} is made from the other fields")
        if not re.fullmatch(r"[a-z][a-z0-9_.-]*", key) or "," in filters[key]:
            raise word.error(
                f"{key!r}: {filters[key]!r} is not one filter and its value",
                why="A comma starts the next filter.",
            )
    return filters


def _texts(node: Node | None) -> dict[str, str]:
    if node is None:
        return {}
    return {key: value.text() for key, value in node.mapping().items()}


def _reasons(node: Node | None) -> dict[str, str]:
    """Return what is excused, each with its reason; an empty one is none."""
    return {key: node.words(key) for key in node.mapping()} if node else {}


def _known_item(node: Node) -> KnownItem:
    node.fields(required={"title"}, optional={"doi", "openalex", "year", "note"})
    year, note = node.get("year"), node.get("note")
    return KnownItem(
        title=_squeezed(node["title"]),
        doi=_doi(node.get("doi")),
        openalex=_work_id(node.get("openalex")),
        year=year.integer() if year else None,
        note=note.text() if note else "",
        node=node,
    )


def _doi(node: Node | None) -> str | None:
    if node is None:
        return None
    doi = normalise_doi(node.text())
    if not doi:
        raise node.error(
            f"{node.text()!r} is not a DOI", fix="write it like 10.1000/182"
        )
    return doi


def _work_id(node: Node | None) -> str | None:
    """Return "W123" of "W123" or "https://openalex.org/W123"."""
    if node is None:
        return None
    found = re.fullmatch(
        r"(?:https?://(?:www\.)?openalex\.org/(?:works/)?)?([Ww][0-9]+)", node.text()
    )
    if found is None:
        raise node.error(
            f"{node.text()!r} is not an OpenAlex work", fix="write it like W2741809807"
        )
    return found[1].upper()
