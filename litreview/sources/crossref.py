"""Crossref: one page at a time through habanero, over one connection.

habanero's `works` opens a new connection for each page and drops the headers of the
answer. Its request class is therefore used directly, with the one method that asks
replaced: parameters are still checked and spelt by habanero. `cursor_max=0` is the
one way to get a single page from it. Redirects are not followed.

The cursor is the same text on every page and its state is at the server: each
request moves it on, also one whose answer was lost. A page after the first is
therefore never asked again by `fetch`, unless a front proxy turned the request
away (a complete 429 or 503). After any other failure the walk has to start
again at "*"; so must a later process. The cursor never ends by itself:
`Page.next_cursor` is None after an empty page, and stopping at `Page.total` is
the caller's part.
https://www.crossref.org/documentation/retrieve-metadata/rest-api/ (paging,
limits of December 2025).
"""

from __future__ import annotations

import os
import re
import threading
import weakref
from http import HTTPStatus
from importlib.metadata import version
from json import JSONDecodeError
from typing import Any
from urllib.parse import quote, urlencode

import habanero
import httpx2
from habanero.habanero_utils import check_json, make_ua
from habanero.request_class import Request as HabaneroRequest

from litreview.errors import UsageError
from litreview.queries import Request
from litreview.sources import http
from litreview.sources.crossref_work import citation
from litreview.sources.page import (
    Page,
    Settings,
    as_dict,
    as_text,
    read_item,
    split_pairs,
    uncollected,
)
from litreview.text import normalise_doi

__all__ = ["PUBLIC", "citation", "client_version", "count", "fetch", "lookup", "pace"]

PUBLIC = "https://api.crossref.org"
_START = "*"
_MOST_PER_PAGE = 1000
# Lists: 3 requests a second with a mail address, 1 without; one at a time.
_PAUSE_WITH_MAIL, _PAUSE = 0.4, 1.05  # seconds
_PLAIN_PARAMS = frozenset(
    {"query", "filter", "sort", "order", "offset", "sample", "facet", "select"}
)
# What httpx2 reads when a connection is opened, and never again.
_READ_ONCE = [
    *("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"),
    *("http_proxy", "https_proxy", "all_proxy", "no_proxy"),
    *("SSL_CERT_FILE", "SSL_CERT_DIR"),
]


class _ClientError(Exception):
    """habanero refuses the parameters; nothing was sent."""


class _Connection:
    """A client that is closed with its thread, or when the program ends."""

    def __init__(self, settings: Settings) -> None:
        self.made_for = _circumstances(settings)
        connect, read = settings.connect_timeout, settings.read_timeout
        self.client = httpx2.Client(timeout=httpx2.Timeout(read, connect=connect))
        self.close = weakref.finalize(self, self.client.close)


_local = threading.local()


def _circumstances(settings: Settings) -> tuple[object, ...]:
    """Return what a connection depends on."""
    environment = (os.environ.get(name) for name in _READ_ONCE)
    return settings.connect_timeout, settings.read_timeout, *environment


def _client_for(settings: Settings) -> Any:
    """Return this thread's client; a new one where the circumstances changed."""
    kept: _Connection | None = getattr(_local, "connection", None)
    if kept is None or kept.made_for != _circumstances(settings):
        if kept is not None:
            kept.close()
        kept = _local.connection = _Connection(settings)
    return kept.client


class Query(HabaneroRequest):  # type: ignore[misc]  # habanero is untyped
    """One question to Crossref.

    `sent` tells whether it has left, `answered` which service has answered.
    """

    def __init__(self, settings: Settings, path: str, **options: Any) -> None:
        base = settings.base_url or PUBLIC
        super().__init__(
            mailto=settings.mailto,
            ua_string=None,
            timeout=None,  # the client's
            url=f"{base}/works/",
            path=path,
            cursor_max=0,
            **options,
        )
        self.settings = settings
        self.sent = False
        self.answered = ""

    def do_request(self, should_warn: bool = False) -> Any:  # noqa: FBT001, FBT002 -- habanero's signature
        """Ask for a list; raises _ClientError for what habanero refuses to send."""
        try:
            return super().do_request(should_warn)
        except ValueError as error:
            if self.sent:
                raise
            raise _ClientError(f"{error}") from None

    def _req(self, payload: dict[str, Any], should_warn: bool = False) -> Any:  # noqa: ARG002, FBT001, FBT002 -- habanero's signature
        self.sent = True
        answer = _client_for(self.settings).get(
            self._url(), params=payload, headers=make_ua(self.mailto)
        )
        answer.raise_for_status()
        check_json(answer)
        content = answer.json()
        self.answered = _service(as_dict(content), answer.headers)
        return content

    def ask(self) -> Any:
        """Ask for what is no list, as it stands."""
        return self._req({})


def _service(content: dict[str, Any], headers: Any) -> str:
    """Return the version of the messages and the pool of users that was asked."""
    told = {
        "message": as_text(content.get("message-version")),
        "pool": as_text(headers.get("x-api-pool")),
    }
    return ", ".join(f"{name} {value}" for name, value in told.items() if value)


def _explain(error: Exception) -> http.Failure:
    """Read what httpx2, habanero or the answer's shape said."""
    if isinstance(error, httpx2.HTTPStatusError):
        answer = error.response
        return http.refusal(answer.status_code, answer.text, answer.headers)
    if isinstance(error, httpx2.HTTPError):
        return http.Failure(None, http.root_words(error))
    if isinstance(error, habanero.RequestError):
        return http.Failure(HTTPStatus.OK, http.service_words(str(error.error)))
    if isinstance(error, JSONDecodeError):
        return http.Failure(HTTPStatus.OK, "(not JSON, or cut short)")
    return http.Failure(
        HTTPStatus.OK, f"{error}", useless=isinstance(error, _ClientError)
    )


SERVICE = http.Service(
    name="Crossref",
    errors=(
        habanero.RequestError,
        httpx2.HTTPError,
        ValueError,
        TypeError,
        KeyError,
        AttributeError,  # a message that is text or null
        _ClientError,
    ),
    explain=_explain,
    login="Crossref's public service asks for no key; unset LITREVIEW_CROSSREF_URL.",
    serial=True,
)


def client_version() -> str:
    """Return the name and version of the client that asks."""
    return f"habanero {version('habanero')}"


@uncollected()
def fetch(request: Request, cursor: str | None, settings: Settings) -> Page:
    """Get exactly one page; `cursor` None is the first one.

    Raises AnswerError (a ServiceError); start again at the first page then.
    """
    start = cursor or _START
    rows = min(request.page_size, _MOST_PER_PAGE)
    first = start == _START
    (message, entries, service), requests_made = http.call(
        SERVICE,
        lambda: _page(request, settings, rows=rows, cursor=start),
        settings,
        pause=_pause(settings),
        may_retry=http.passing if first else http.turned_away,
    )
    sent = {**request.params, "rows": f"{rows}", "cursor": start}
    total = message.get("total-results")
    return Page(
        items=[read_item(entry, citation) for entry in entries],
        next_cursor=message["next-cursor"] if entries else None,
        total=total if isinstance(total, int) else None,
        url=f"{settings.base_url or PUBLIC}/works?{urlencode(sent)}",
        requests=requests_made,
        service=service,
    )


def _page(
    request: Request, settings: Settings, *, rows: int, cursor: str
) -> tuple[dict[str, Any], list[Any], str]:
    """Return an answer's message, its items and who answered; ValueError if none."""
    query = _query(request, settings, cursor=cursor, limit=rows)
    message = as_dict(as_dict(query.do_request()).get("message"))
    entries = message.get("items")
    if not isinstance(entries, list):
        raise ValueError("(no list of items)")  # noqa: TRY004 -- foreign JSON
    following = message.get("next-cursor")
    if entries and (not isinstance(following, str) or following in {"", _START}):
        raise ValueError("(nothing that follows; the answer does not move on)")
    return message, entries, query.answered


def count(request: Request, settings: Settings) -> int:
    """Return how many works the service reports; asks for no rows."""

    def ask() -> int:
        answer = _query(request, settings, limit=0).do_request()
        return int(answer["message"]["total-results"])

    return http.call(SERVICE, ask, settings, pause=_pause(settings))[0]


def lookup(source_id: str, settings: Settings) -> dict[str, Any] | None:
    """Return one work's payload by its DOI; None where Crossref has no such DOI."""
    doi = normalise_doi(source_id) or source_id

    def ask() -> dict[str, Any]:
        message = Query(settings, quote(doi, safe="")).ask()["message"]
        if not isinstance(message, dict):
            raise TypeError("(the answer is no single work)")
        return message

    try:
        return http.call(SERVICE, ask, settings, pause=_pause(settings))[0]
    except http.AnswerError as error:
        if error.status == HTTPStatus.NOT_FOUND:
            return None
        raise


def _query(request: Request, settings: Settings, **place: Any) -> Query:
    return Query(settings, "", **_client_options(request.params), **place)


def _client_options(params: dict[str, str]) -> dict[str, Any]:
    """Turn the parameters as sent into habanero's keyword arguments.

    habanero changes the filter it is given and drops what it does not know;
    so the dictionary is new each time and an unknown name raises UsageError.
    """
    options: dict[str, Any] = {}
    for name, value in params.items():
        if name.startswith("query."):
            options[re.sub(r"[.-]", "_", name)] = value
        elif name in _PLAIN_PARAMS:
            options[name] = split_pairs(value, name) if name == "filter" else value
        else:
            raise UsageError(
                f"Crossref's parameter {name!r} cannot be sent.",
                fix=f"use query.… or one of {', '.join(sorted(_PLAIN_PARAMS))}.",
            )
    return options


def pace(_request: Request, settings: Settings) -> float:
    """Return the least seconds between two pages, of whatever request."""
    return _pause(settings)


def _pause(settings: Settings) -> float:
    return _PAUSE_WITH_MAIL if settings.mailto else _PAUSE
