"""OpenAlex: one page at a time through pyalex, over one connection a thread.

pyalex is asked for pages with its own paginator. Its `Works` is subclassed for
three things that it has no setting for: the base address, time-outs, and a
connection that is kept from call to call. A response hook raises on every
error status, so that the service's own words and `Retry-After` survive (pyalex
drops both); pyalex's own retries, which sleep in silence for hours, are off.

Cursors are stateless: any page may be asked again, in another process, days
later. The last page has a null cursor; but so has a page that the service cut
short, so whoever collects must compare with `Page.total`.
https://help.openalex.org (paging, filters, errors), read in August 2026.
"""

from __future__ import annotations

import copy
import threading
from http import HTTPStatus
from importlib.metadata import version
from typing import Any

import pyalex
import pyalex.api
import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from litreview.queries import Request
from litreview.sources import http
from litreview.sources.openalex_work import citation
from litreview.sources.page import (
    Page,
    Settings,
    as_dict,
    read_item,
    split_pairs,
    uncollected,
)
from litreview.text import normalise_doi

__all__ = ["PUBLIC", "citation", "client_version", "count", "fetch", "lookup", "pace"]

PUBLIC = "https://api.openalex.org"
_START = "*"
_MOST_PER_PAGE = 100  # documented maximum; more is answered as a courtesy only
_CALL_PAUSE = 0.15  # seconds; keyless and free keys allow 10 requests a second
_OPERATORS_BEFORE_SLOW = 5  # more AND/OR/NOT: 1 request a second, 5 with a key
_SLOW_PAUSE, _SLOW_PAUSE_WITH_KEY = 1.05, 0.21  # seconds

_local = threading.local()


class _TimedAdapter(HTTPAdapter):
    """Give every request a time-out: pyalex sets none and would wait for ever."""

    def __init__(self, timeouts: tuple[float, float]) -> None:
        self.timeouts = timeouts
        super().__init__(max_retries=Retry(0, read=False))

    def send(self, request: requests.PreparedRequest, *args: Any, **kwargs: Any) -> Any:
        kwargs["timeout"] = kwargs.get("timeout") or self.timeouts
        return super().send(request, *args, **kwargs)


class Works(pyalex.Works):  # type: ignore[misc]  # pyalex is untyped
    """Ask for works with our address and session; pyalex reads its name ("works")."""

    def __init__(self, params: Any, settings: Settings) -> None:
        super().__init__(params)
        self.settings = settings

    @staticmethod
    def resource_class(entry: Any) -> Any:
        """Keep an entry as it came; pyalex would fail the page for one bad entry."""
        return entry

    @property
    def address(self) -> str:
        """Return the address asked, on the base address of the settings."""
        base = self.settings.base_url or PUBLIC
        return f"{base}{self.url.removeprefix(PUBLIC)}"

    def _get_from_url(self, _url: str, _session: Any = None) -> Any:
        return super()._get_from_url(self.address, _session_for(self.settings))


def _session_for(settings: Settings) -> requests.Session:
    """Return this thread's session for the time-outs of the settings."""
    timeouts = (settings.connect_timeout, settings.read_timeout)
    sessions: dict[tuple[float, float], requests.Session]
    sessions = _local.__dict__.setdefault("sessions", {})
    if timeouts not in sessions:
        session = requests.Session()
        session.mount("https://", _TimedAdapter(timeouts))
        session.mount("http://", _TimedAdapter(timeouts))
        session.hooks["response"].append(_raise_for_status)
        sessions[timeouts] = session
    return sessions[timeouts]


def _raise_for_status(response: requests.Response, **_: Any) -> None:
    if response.status_code >= HTTPStatus.BAD_REQUEST:
        raise requests.HTTPError(response=response)


def _explain(error: Exception) -> http.Failure:
    """Read what pyalex, requests or the answer's shape said."""
    response = getattr(error, "response", None)
    if isinstance(error, requests.HTTPError) and response is not None:
        return http.refusal(response.status_code, response.text, response.headers)
    if isinstance(error, requests.JSONDecodeError):
        return http.Failure(HTTPStatus.OK, "(not JSON, or cut short)")
    if isinstance(error, requests.RequestException):
        return http.Failure(None, http.root_words(error))
    return http.Failure(HTTPStatus.OK, f"{error}")


SERVICE = http.Service(
    name="OpenAlex",
    errors=(
        requests.RequestException,
        ValueError,
        KeyError,
        TypeError,
        AttributeError,
    ),
    explain=_explain,
    login=(
        "get a free key at https://openalex.org/settings/api and set the environment "
        "variable OPENALEX_API_KEY to it."
    ),
)


def client_version() -> str:
    """Return the name and version of the client that asks."""
    return f"pyalex {version('pyalex')}"


@uncollected()
def fetch(request: Request, cursor: str | None, settings: Settings) -> Page:
    """Get exactly one page; `cursor` None is the first one.

    Any page may be asked again. Raises AnswerError (a ServiceError) after the
    last try, and also when the answer does not move on: an empty page or one
    whose cursor leads to itself is never taken for the end.
    """
    start = cursor or _START
    params = _client_params(request.params)

    def ask() -> tuple[list[Any], dict[str, Any], str]:
        works = _works(params, settings)
        per_page = min(request.page_size, _MOST_PER_PAGE)
        pages = works.paginate(cursor=start, per_page=per_page, n_max=None)
        answer = next(pages)
        meta = as_dict(answer.meta)
        _check_moves(meta.get("next_cursor"), start, empty=not answer)
        return list(answer), meta, works.address

    pause = _pause(request.params, settings)
    (entries, meta, url), requests_made = http.call(SERVICE, ask, settings, pause=pause)
    total = meta.get("count")
    return Page(
        items=[read_item(entry, citation) for entry in entries],
        next_cursor=meta.get("next_cursor"),
        total=total if isinstance(total, int) else None,
        url=url,
        requests=requests_made,
    )


def count(request: Request, settings: Settings) -> int:
    """Return how many works the service reports, by its smallest page."""
    params = _client_params(request.params)

    def ask() -> int:
        return int(_works(params, settings).count())

    pause = _pause(request.params, settings)
    return http.call(SERVICE, ask, settings, pause=pause)[0]


def lookup(source_id: str, settings: Settings) -> dict[str, Any] | None:
    """Return one work's payload by its OpenAlex id or DOI; None where unknown.

    Asking for a single work costs no credit.
    """
    doi = normalise_doi(source_id)
    name = f"https://doi.org/{doi}" if doi else source_id

    def ask() -> dict[str, Any]:
        work = _works(None, settings)[name]
        if not isinstance(work, dict):
            raise TypeError("the answer is no single work")
        return work

    try:
        return http.call(SERVICE, ask, settings, pause=_CALL_PAUSE)[0]
    except http.AnswerError as error:
        if error.status == HTTPStatus.NOT_FOUND:
            return None
        raise


def _works(params: dict[str, Any] | None, settings: Settings) -> Works:
    """Return a new query; pyalex changes the parameters while it pages."""
    pyalex.config.api_key = settings.key
    pyalex.config.email = settings.mailto
    return Works(copy.deepcopy(params), settings)


def _client_params(params: dict[str, str]) -> dict[str, Any]:
    """Turn the parameters as sent into the dictionaries that pyalex takes."""
    return {
        name: split_pairs(value, name) if name in {"filter", "sort"} else value
        for name, value in params.items()
    }


def _check_moves(following: Any, start: str, *, empty: bool) -> None:
    """Raise ValueError where the next page would be this one again."""
    if following is None:
        return
    if not isinstance(following, str) or empty or following in {"", start}:
        raise ValueError("(nothing; the answer does not move on)")


def pace(request: Request, settings: Settings) -> float:
    """Return the least seconds between two pages of this request."""
    return _pause(request.params, settings)


def _pause(params: dict[str, str], settings: Settings) -> float:
    """Return the polite pause: long Boolean queries have a lower limit."""
    words = " ".join(params.values()).split()
    if sum(word in {"AND", "OR", "NOT"} for word in words) <= _OPERATORS_BEFORE_SLOW:
        return _CALL_PAUSE
    return _SLOW_PAUSE_WITH_KEY if settings.key else _SLOW_PAUSE
