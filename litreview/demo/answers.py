"""What a local service says: status, body, headers, and faults told in advance.

The services themselves are plain questions and answers without a socket; the
server only carries them. A fault replaces or spoils one answer, so that a
harvest can be tested against what networks and services really do.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import parse_qsl

JSON_TYPE = "application/json;charset=UTF-8"
HTML_TYPE = "text/html; charset=utf-8"

HTML_PAGE = (
    b"<!doctype html><html><title>Sorry</title><p>Please come back later.</html>"
)


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP answer."""

    status: int
    body: bytes
    content_type: str = JSON_TYPE
    headers: Mapping[str, str] = field(default_factory=dict)


class BadRequest(Exception):  # noqa: N818 - it is an answer of the protocol, no failure
    """The service would refuse this request."""

    def __init__(
        self, message: str, kind: str = "Invalid query parameters error."
    ) -> None:
        super().__init__(message)
        self.kind = kind


class Spoil(StrEnum):
    """How an answer arrives broken, although the service has given it."""

    TRUNCATED = "truncated"  # half of the announced body, then the line closes
    RESET = "reset"  # the connection is torn down before a byte arrives
    TORN = "torn"  # half of the announced body, then the connection is torn down
    CUT = "cut"  # half of the JSON, announced as if it were whole
    HTML = "html"  # a proxy's page with status 200
    EMPTY = "empty"  # status 200 and nothing
    NO_ITEMS = "no items"  # a page that leads on and has nothing on it
    SHORT = "short"  # half of the items and no way on: the service ran out of time
    REPEATED = "repeated"  # a work of another page comes again, in front
    MALFORMED = "malformed"  # the first item has lost the name that it goes by
    EXPIRED = "expired"  # the service has forgotten the cursor


@dataclass(frozen=True, slots=True)
class Fault:
    """What goes wrong with the n-th request to one service.

    `at` counts that service's requests from 1. With a `status` the request never
    reaches the service (a front proxy said no), so a Crossref cursor stays where
    it is; with a `spoil` the service has answered and the cursor has moved on.
    `delay` is in seconds.
    """

    service: str
    at: int
    status: int | None = None
    retry_after: str | None = None
    spoil: Spoil | None = None
    delay: float = 0.0


def json_answer(content: Mapping[str, object], status: int = 200) -> Answer:
    """Wrap an object as an answer."""
    return Answer(status, json.dumps(content, ensure_ascii=False).encode())


def spoiled_list(answer: Answer, spoil: Spoil, again: Mapping[str, object]) -> Answer:
    """Return a list answer with other items; what is no list stays as it is.

    `again` is the work that comes again where `spoil` says so.
    """
    content = json.loads(answer.body) if answer.status == 200 else {}
    holder, name = content.get("message", content), "items"
    if "results" in content:
        holder, name = content, "results"
    if not isinstance(holder, dict) or not holder.get(name):
        return answer
    items = holder[name]
    match spoil:
        case Spoil.NO_ITEMS:
            holder[name] = []
        case Spoil.SHORT:
            holder[name] = items[: len(items) // 2]
            content.get("meta", {})["next_cursor"] = None
        case Spoil.REPEATED:
            holder[name] = [again, *items]
        case Spoil.MALFORMED:
            lost = {"id", "DOI"}
            items[0] = {k: value for k, value in items[0].items() if k not in lost}
        case _:
            pass
    return json_answer(content)


def fault_answer(fault: Fault) -> Answer:
    """Say no in place of the service, as its front proxy would."""
    status = fault.status or 503
    headers = {} if fault.retry_after is None else {"Retry-After": fault.retry_after}
    if status in {429, 401, 403}:
        body = json.dumps({"error": "Refused", "message": "Scripted refusal."})
        return Answer(status, body.encode(), JSON_TYPE, headers)
    return Answer(status, HTML_PAGE, HTML_TYPE, headers)


def parameters(query: str) -> dict[str, str]:
    """Read a query string; of a parameter given twice the first counts."""
    found: dict[str, str] = {}
    for name, value in parse_qsl(query, keep_blank_values=True):
        found.setdefault(name, value)
    return found
