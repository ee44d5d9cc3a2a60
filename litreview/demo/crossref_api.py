"""Crossref's /works, spoken over a list of works.

A query ranks everything that shares one word with it; filters, sorting, offsets,
single works and refusals follow the service. A deep cursor is a walk that lives on
the server: `*` starts it, every page carries the *same* cursor, each request
advances it, and after the last page come empty ones. So an answer lost on the way
is lost for good, a walk idle too long is forgotten, and nothing can be resumed.

The words of the messages are ours, their shape is the service's.
"""

from __future__ import annotations

import base64
import json
import re
import secrets
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from urllib.parse import unquote

from litreview.demo import search
from litreview.demo.answers import Answer, BadRequest, json_answer, parameters
from litreview.demo.crossref_filters import filter_test
from litreview.demo.records import (
    Work,
    crossref_id,
    date_parts,
    dig,
    first_text,
    joined_texts,
    listed,
)

MAX_ROWS = 1_000
MAX_OFFSET = 10_000
DEFAULT_ROWS = 20
IDLE_SECONDS = 300.0  # an untouched walk is forgotten after this time
CURSOR_BYTES = 400  # real cursors are long; request lines must bear it
KEPT_ORDERS = 64  # searches whose result order is remembered for their next page

# Each field query and the fields it looks through. None of them sees abstracts.
QUERIES: Mapping[str, tuple[str, ...]] = {
    "query": ("title", "author", "container", "year"),
    "query.bibliographic": ("title", "author", "container", "year"),
    "query.title": ("title",),
    "query.author": ("author",),
    "query.container-title": ("container",),
}
_PARAMETERS = "filter rows offset cursor sort order select mailto"
PARAMETERS = frozenset(_PARAMETERS.split()) | QUERIES.keys()
DATE_SORTS: Mapping[str, str] = {
    "published": "issued",
    "issued": "issued",
    "published-online": "published-online",
    "published-print": "published-print",
    "created": "created",
    "deposited": "deposited",
    "updated": "deposited",
    "indexed": "indexed",
}
COUNT_SORTS = frozenset({"is-referenced-by-count", "references-count"})
SCORE_SORTS = frozenset({"score", "relevance"})
_SELECTABLE = (
    "DOI title subtitle author editor container-title short-container-title type "
    "publisher volume issue page article-number abstract issued published "
    "published-print published-online created deposited indexed posted score URL ISSN "
    "ISBN issn-type prefix member reference reference-count references-count relation "
    "is-referenced-by-count update-to updated-by license link funder resource subject "
    "original-title short-title source content-domain alternative-id"
)
SELECTABLE = frozenset(_SELECTABLE.split())
NOT_FOUND = Answer(404, b"Resource not found.", "text/plain;charset=UTF-8")


@dataclass(frozen=True, slots=True)
class Order:
    """What a query found, best first, with each work's score."""

    numbers: tuple[int, ...]
    scores: Mapping[int, float]


@dataclass(slots=True)
class Walk:
    """A deep cursor's state, kept by the server."""

    order: Order
    rows: int
    place: int = 0
    touched: float = 0.0


@dataclass(frozen=True)
class Crossref:
    """The works served, the most that one page may hold, and the open walks."""

    works: tuple[Work, ...]
    page_cap: int | None = None
    idle_seconds: float = IDLE_SECONDS
    walks: dict[str, Walk] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def answer(self, path: str, query: str) -> Answer:
        """Answer GET {path}?{query}, the path beginning with /works."""
        if path.startswith("/works/"):
            number = self._by_doi.get(unquote(path.removeprefix("/works/")).lower())
            if number is None:
                return NOT_FOUND
            return _message("work", self.works[number])
        if path.rstrip("/") != "/works":
            return NOT_FOUND
        try:
            return _message("work-list", self._page(parameters(query)))
        except BadRequest as refusal:
            status = 404 if refusal.kind == "cursor-invalid" else 400
            return _refuse(refusal.kind, str(refusal), status)

    @cached_property
    def _by_doi(self) -> dict[str, int]:
        return {crossref_id(work): number for number, work in enumerate(self.works)}

    # ------------------------------------------------------------ a page of works

    def _page(self, asked: Mapping[str, str]) -> Work:
        for name in asked:
            if name not in PARAMETERS:
                raise BadRequest(
                    f"Parameter {name} specified but there is no such parameter "
                    "available on any route",
                    "parameter-not-allowed",
                )
        fields = _selected(asked.get("select"))
        rows = _whole(asked, "rows", DEFAULT_ROWS, MAX_ROWS)
        rows = min(rows, self.page_cap or rows)
        offset = _whole(asked, "offset", 0, MAX_OFFSET)
        if "cursor" in asked:
            if offset:
                raise BadRequest("A cursor takes no offset.", "parameter-not-allowed")
            return self._walked(asked, rows, fields)
        order = self._order(asked)
        numbers = order.numbers[offset : offset + rows]
        return self._content(asked, order, numbers, fields) | {"items-per-page": rows}

    def _content(
        self,
        asked: Mapping[str, str],
        order: Order,
        numbers: tuple[int, ...],
        fields: frozenset[str] | None,
    ) -> Work:
        scored = [
            {**self.works[number], "score": round(order.scores.get(number, 0.0), 6)}
            for number in numbers
        ]
        terms = asked.get("query") or asked.get("query.bibliographic")
        start = int(asked.get("offset") or 0)
        return {
            "facets": {},
            "total-results": len(order.numbers),
            "items": [_trim(work, fields) for work in scored],
            "query": {"start-index": start, "search-terms": terms},
        }

    def _walked(
        self, asked: Mapping[str, str], rows: int, fields: frozenset[str] | None
    ) -> Work:
        with self.lock:
            cursor = self._cursor(asked, rows)
            walk = self.walks[cursor]
            numbers = walk.order.numbers[walk.place : walk.place + walk.rows]
            walk.place += len(numbers)
            walk.touched = time.monotonic()
        page = self._content(asked, walk.order, numbers, fields)
        return page | {"items-per-page": walk.rows, "next-cursor": cursor}

    def _cursor(self, asked: Mapping[str, str], rows: int) -> str:
        """Return the walk that is meant, starting one for `*`."""
        now = time.monotonic()
        for name, walk in list(self.walks.items()):
            if now - walk.touched > self.idle_seconds:
                del self.walks[name]
        cursor = asked["cursor"]
        if cursor == "*":
            cursor = base64.b64encode(secrets.token_bytes(CURSOR_BYTES)).decode()
            self.walks[cursor] = Walk(self._order(asked), rows, touched=now)
        if cursor not in self.walks:
            raise BadRequest(
                "Cursor specified but is not valid or has expired.", "cursor-invalid"
            )
        return cursor

    # ------------------------------------------------------------ which, in order

    @cached_property
    def _orders(self) -> dict[tuple[str, ...], Order]:
        return {}

    def _order(self, asked: Mapping[str, str]) -> Order:
        names = sorted(asked.keys() & ({"filter", "sort", "order"} | QUERIES.keys()))
        key = tuple(part for name in names for part in (name, asked[name]))
        order = self._orders.get(key)
        if order is None:
            order = self._search(asked)
            if len(self._orders) >= KEPT_ORDERS:
                self._orders.clear()
            self._orders[key] = order
        return order

    def _search(self, asked: Mapping[str, str]) -> Order:
        found = dict.fromkeys(range(len(self.works)), 0.0)
        for name, fields in QUERIES.items():
            if asked.get(name):
                scores = search.rank(self._ranking(fields), asked[name])
                found = {n: found[n] + scores[n] for n in scores if n in found}
        if asked.get("filter"):
            accepts = filter_test(asked["filter"])
            found = {n: score for n, score in found.items() if accepts(self.works[n])}
        return Order(tuple(self._sorted(found, asked)), found)

    @cached_property
    def _rankings(self) -> dict[tuple[str, ...], search.Ranking]:
        return {}

    def _ranking(self, fields: tuple[str, ...]) -> search.Ranking:
        if fields not in self._rankings:
            texts = (
                " ".join(_field(work, name) for name in fields) for work in self.works
            )
            self._rankings[fields] = search.build_ranking(texts)
        return self._rankings[fields]

    def _sorted(
        self, found: Mapping[int, float], asked: Mapping[str, str]
    ) -> list[int]:
        name, direction = asked.get("sort", "score"), asked.get("order", "desc")
        if direction not in {"asc", "desc"}:
            raise BadRequest(
                f"Order {direction} is neither asc nor desc.", "order-not-valid"
            )
        numbers = sorted(found)
        if name in SCORE_SORTS:
            return sorted(numbers, key=lambda n: found[n], reverse=direction == "desc")
        if name not in DATE_SORTS and name not in COUNT_SORTS:
            raise BadRequest(f"Sort {name} is not available.", "sort-not-valid")
        keys = {number: _sort_key(name, self.works[number]) for number in numbers}
        return sorted(numbers, key=keys.__getitem__, reverse=direction == "desc")


# ---------------------------------------------------------------- reading and saying


def _message(kind: str, content: Mapping[str, object]) -> Answer:
    return json_answer(
        {
            "status": "ok",
            "message-type": kind,
            "message-version": "1.0.0",
            "message": content,
        }
    )


def _refuse(kind: str, message: str, status: int) -> Answer:
    error = {"type": kind, "value": "", "message": message}
    body = json.dumps(
        {
            "status": "failed",
            "message-type": "validation-failure",
            "message": [error],
        }
    )
    return Answer(status, body.encode())


def _whole(asked: Mapping[str, str], name: str, default: int, most: int) -> int:
    value = asked.get(name, str(default))
    if not re.fullmatch(r"\d{1,9}", value) or int(value) > most:
        raise BadRequest(
            f"Integer specified as {value} but must be a positive integer less than "
            f"or equal to {most}.",
            "integer-not-valid",
        )
    return int(value)


def _selected(select: str | None) -> frozenset[str] | None:
    if select is None:
        return None
    fields = frozenset(select.split(","))
    for name in sorted(fields - SELECTABLE):
        raise BadRequest(f"Select {name} is not available.", "select-not-available")
    return fields


def _trim(work: Work, fields: frozenset[str] | None) -> Work:
    if fields is None:
        return work
    return {name: value for name, value in work.items() if name in fields}


def _field(work: Work, name: str) -> str:
    if name == "title":
        return joined_texts([*listed(work.get("title")), *listed(work.get("subtitle"))])
    if name == "author":
        people = [*listed(work.get("author")), *listed(work.get("editor"))]
        keys = ("given", "family", "name", "literal")
        return joined_texts(dig(person, key) for person in people for key in keys)
    if name == "container":
        return first_text(work.get("container-title"))
    return " ".join(str(part) for part in date_parts(work.get("issued"))[:1])


def _sort_key(name: str, work: Work) -> tuple[int, ...]:
    if name in COUNT_SORTS:
        count = work.get(name)
        return (count,) if isinstance(count, int) else (0,)
    return date_parts(work.get(DATE_SORTS[name]))
