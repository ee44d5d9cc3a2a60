"""OpenAlex's /works, spoken over a list of works.

Filters, Boolean search, sorting, both ways of paging, single works and the
service's refusals. A cursor is stateless, as the real one: it names the last work
given, so the same cursor may be asked again at any time. A page shorter than
asked for has no next cursor; a full last page leads to an empty one.

The words of the messages are ours, their shape is the service's: 400 with
{"error", "message"}, 404 as an HTML page. Grouping and sampling are not spoken.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from urllib.parse import unquote

from litreview.demo import search
from litreview.demo.answers import (
    HTML_TYPE,
    Answer,
    BadRequest,
    json_answer,
    parameters,
)
from litreview.demo.openalex_filters import (
    MAX_VALUES,
    NUMBERS,
    PAID,
    SEARCHED,
    bare_doi,
    bare_ids,
    conditions,
    filter_test,
    split_outside_quotes,
    work_key,
)
from litreview.demo.records import Work, abstract_text, openalex_id, text

MAX_PER_PAGE = 200  # 100 is documented, 200 still accepted
MAX_PAGED = 10_000  # page= reaches no further; a cursor does
MAX_REQUEST = 8_190  # bytes of a request line
PLAN = "Plan upgrade required"
KEPT_ORDERS = 64  # searches whose result order is remembered for their next page

_PARAMETERS = (
    "filter search search.exact search.title search.title_and_abstract sort per-page "
    "per_page page cursor select api_key mailto corpus include_xpac"
)
PARAMETERS = frozenset(_PARAMETERS.split())
SORTS = frozenset({"publication_date", "display_name", "title", "id"}) | NUMBERS
_SELECTABLE = (
    "id doi title display_name publication_year publication_date ids language type "
    "primary_location locations best_oa_location open_access authorships biblio "
    "is_retracted is_paratext cited_by_count referenced_works related_works topics "
    "primary_topic keywords concepts abstract_inverted_index updated_date "
    "created_date relevance_score locations_count indexed_in"
)
SELECTABLE = frozenset(_SELECTABLE.split())
NOT_FOUND = Answer(404, b"<!doctype html><title>404 Not Found</title>", HTML_TYPE)


@dataclass(frozen=True)
class OpenAlex:
    """The works served and, if set, the most that one page may hold.

    Filters for what was created or updated are for those who pay: others are refused
    with 429, as they are by the service.
    """

    works: tuple[Work, ...]
    page_cap: int | None = None
    paid: bool = False

    def answer(self, path: str, query: str) -> Answer:
        """Answer GET {path}?{query}, the path beginning with /works."""
        if len(path) + len(query) > MAX_REQUEST:
            return Answer(414, b"Request-URI Too Long", HTML_TYPE)
        if path.startswith("/works/"):
            return self._single(unquote(path.removeprefix("/works/")))
        if path.rstrip("/") != "/works":
            return NOT_FOUND
        try:
            return json_answer(self._page(parameters(query)))
        except BadRequest as refusal:
            status = 429 if refusal.kind == PLAN else 400
            return _refuse(refusal.kind, str(refusal), status)
        except search.SearchSyntaxError as error:
            return _refuse("Invalid query parameters error.", str(error))

    def _single(self, key: str) -> Answer:
        key = key.lower()
        if re.fullmatch(r"(https?://openalex\.org/(works/)?)?w\d+", key):
            number = self._by_id.get(key.rpartition("/")[2])
        elif re.match(r"(https?://(dx\.)?doi\.org/|doi:)", key):
            number = self._by_doi.get(bare_doi(key))
        else:
            number = None
        return NOT_FOUND if number is None else json_answer(self.works[number])

    @cached_property
    def _by_id(self) -> dict[str, int]:
        return {openalex_id(work).lower(): n for n, work in enumerate(self.works)}

    @cached_property
    def _by_doi(self) -> dict[str, int]:
        dois = (
            (bare_doi(text(work.get("doi"))), n) for n, work in enumerate(self.works)
        )
        return {doi: number for doi, number in reversed(list(dois)) if doi}

    # ------------------------------------------------------------ a page of works

    def _page(self, asked: Mapping[str, str]) -> Work:
        for name in asked:
            if name not in PARAMETERS:
                raise BadRequest(
                    f"{name} is not a valid parameter. "
                    f"Valid parameters are: {', '.join(sorted(PARAMETERS))}."
                )
        size = self._size(asked)
        order = self._order(asked)
        start, page = self._start(asked, size, order)
        chosen = order.numbers[start : start + size]
        meta: Work = {
            "count": len(order.numbers),
            "db_response_time_ms": 1,
            "page": page,
            "per_page": size,
            "groups_count": None,
        }
        if "cursor" in asked:
            last = order.numbers[start + size - 1] if len(chosen) == size else None
            meta["next_cursor"] = None if last is None else self._cursor(last)
        fields = _selected(asked.get("select"))
        results = [_trim(self._scored(order, number), fields) for number in chosen]
        return {"meta": meta, "results": results, "group_by": []}

    def _size(self, asked: Mapping[str, str]) -> int:
        size = _whole(asked.get("per-page", asked.get("per_page", "25")), "per-page")
        if not 1 <= size <= MAX_PER_PAGE:
            raise BadRequest(
                f"per-page must be between 1 and {MAX_PER_PAGE}.", "Pagination error."
            )
        return min(size, self.page_cap or size)

    def _start(
        self, asked: Mapping[str, str], size: int, order: Order
    ) -> tuple[int, int | None]:
        page = _whole(asked.get("page", "1"), "page")
        cursor = asked.get("cursor")
        if cursor is None:
            if page < 1 or page * size > MAX_PAGED:
                raise BadRequest(
                    f"page times per-page must be between 1 and {MAX_PAGED}; "
                    "beyond that, page with a cursor.",
                    "Pagination error.",
                )
            return (page - 1) * size, page
        if page != 1:
            raise BadRequest("A cursor takes no page.", "Pagination error.")
        if cursor == "*":
            return 0, None
        return order.after(self._by_id.get(_read_cursor(cursor))), None

    def _cursor(self, number: int) -> str:
        work = self.works[number]
        named = json.dumps([text(work.get("publication_date")), openalex_id(work)])
        return base64.b64encode(named.encode()).decode()

    def _scored(self, order: Order, number: int) -> Work:
        work = self.works[number]
        if order.scores:
            return {**work, "relevance_score": round(order.scores[number], 4)}
        return work

    # ------------------------------------------------------------ which, in order

    @cached_property
    def _orders(self) -> dict[tuple[str, ...], Order]:
        return {}

    def _order(self, asked: Mapping[str, str]) -> Order:
        names = sorted(name for name in asked if name in {"filter", "sort"})
        names += sorted(name for name in asked if name.startswith("search"))
        key = tuple(part for name in names for part in (name, asked[name]))
        order = self._orders.get(key)
        if order is None:
            order = self._search(asked)
            if len(self._orders) >= KEPT_ORDERS:
                self._orders.clear()
            self._orders[key] = order
        return order

    def _search(self, asked: Mapping[str, str]) -> Order:
        found = set(range(len(self.works)))
        scores: dict[int, float] = {}
        for name, value in conditions(asked):
            if name.startswith("search:"):
                matched = self._searched(name.removeprefix("search:"), value)
                found &= matched.keys()
                scores = {n: scores.get(n, 0.0) + s for n, s in matched.items()}
            else:
                if name in PAID and not self.paid:
                    raise BadRequest(f"{name} is for those who pay.", PLAN)
                found &= self._filtered(name, value)
        return Order(tuple(self._sorted(found, scores, asked.get("sort"))), scores)

    def _searched(self, target: str, value: str) -> dict[int, float]:
        field, _, variant = target.partition(".")
        words = search.plain_words if variant else search.stems
        index = self._index(SEARCHED[field], exact=bool(variant))
        scores: dict[int, float] = {}
        for part in split_outside_quotes(value, "|"):
            node = search.parse(part, words)
            for number, score in search.relevance(index, node).items():
                scores[number] = max(score, scores.get(number, 0.0))
        return scores

    @cached_property
    def _indexes(self) -> dict[tuple[tuple[str, ...], bool], search.Index]:
        return {}

    def _index(self, fields: tuple[str, ...], *, exact: bool) -> search.Index:
        if (fields, exact) not in self._indexes:
            texts = ([_field(work, name) for name in fields] for work in self.works)
            words = search.plain_words if exact else search.stems
            self._indexes[fields, exact] = search.build_index(texts, words)
        return self._indexes[fields, exact]

    def _filtered(self, name: str, value: str) -> set[int]:
        if name == "cited_by":
            return self._cited_by(value)
        accepts = filter_test(name, value)
        return {number for number, work in enumerate(self.works) if accepts(work)}

    def _cited_by(self, value: str) -> set[int]:
        """Find the works in the reference lists of the works named, or outside."""
        keys = [work_key(part) for part in value.removeprefix("!").split("|")]
        if len(keys) > MAX_VALUES:
            raise BadRequest(f"A filter takes at most {MAX_VALUES} values.")
        cited = [
            bare_ids(self.works[self._by_id[key]].get("referenced_works"))
            for key in keys
            if key in self._by_id
        ]
        held = {self._by_id[key] for key in set().union(*cited) if key in self._by_id}
        return set(range(len(self.works))) - held if value.startswith("!") else held

    def _sorted(
        self, found: set[int], scores: Mapping[int, float], sort: str | None
    ) -> list[int]:
        numbers = sorted(found, key=lambda number: openalex_id(self.works[number]))
        sort = sort or ("relevance_score:desc" if scores else "id")
        for part in reversed(sort.split(",")):
            name, _, direction = part.partition(":")
            if name == "relevance_score":
                if not scores:
                    raise BadRequest("relevance_score sorts searches only.")
                numbers.sort(
                    key=lambda number: scores[number], reverse=direction == "desc"
                )
            elif name in SORTS and direction in {"", "asc", "desc"}:
                key = partial(_sort_key, name)
                numbers.sort(
                    key=lambda n: key(self.works[n]), reverse=direction == "desc"
                )
            else:
                raise BadRequest(f"{part} is no valid sort.")
        return numbers


@dataclass(frozen=True)
class Order:
    """What a search found, in order, and each work's score if it was a search."""

    numbers: tuple[int, ...]
    scores: Mapping[int, float]

    @cached_property
    def _places(self) -> dict[int, int]:
        return {number: place for place, number in enumerate(self.numbers)}

    def after(self, number: int | None) -> int:
        """Return the place behind a work; a cursor of another search is refused."""
        if number is None or number not in self._places:
            raise BadRequest("Invalid cursor value.", "Pagination error.")
        return self._places[number] + 1


# ---------------------------------------------------------------- reading requests


def _refuse(kind: str, message: str, status: int = 400) -> Answer:
    return json_answer({"error": kind, "message": message}, status)


def _whole(value: str, name: str) -> int:
    if not re.fullmatch(r"-?\d{1,9}", value):
        raise BadRequest(f"{name} must be a whole number.", "Pagination error.")
    return int(value)


def _read_cursor(cursor: str) -> str:
    try:
        _, key = json.loads(base64.b64decode(cursor, validate=True))
    except (binascii.Error, ValueError, TypeError):
        raise BadRequest("Invalid cursor value.", "Pagination error.") from None
    return str(key).lower()


def _field(work: Work, name: str) -> str:
    return abstract_text(work) if name == "abstract" else text(work.get("title"))


def _sort_key(name: str, work: Work) -> tuple[float, str]:
    value = openalex_id(work) if name == "id" else work.get(name)
    return (value, "") if isinstance(value, int) else (0, text(value).lower())


def _selected(select: str | None) -> frozenset[str] | None:
    if select is None:
        return None
    fields = frozenset(part.strip() for part in select.split(","))
    for name in sorted(fields - SELECTABLE):
        raise BadRequest(f"{name} is not a valid select field.")
    return fields


def _trim(work: Work, fields: frozenset[str] | None) -> Work:
    if fields is None:
        return work
    return {name: value for name, value in work.items() if name in fields}
