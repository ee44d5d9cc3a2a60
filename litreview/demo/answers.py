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
    HTML = "html"  # a proxy's page with status 200
    EMPTY = "empty"  # status 200 and nothing


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
