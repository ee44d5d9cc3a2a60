"""Promises of litreview.sources: the two services, asked over real HTTP."""

from __future__ import annotations

import dataclasses
import gzip
import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from types import ModuleType
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import habanero
import pyalex.api
import pytest
from habanero.habanero_utils import make_ua
from hypothesis import given
from hypothesis import strategies as st

from litreview.citation import Author, Notice
from litreview.errors import ServiceError, UsageError
from litreview.queries import Request
from litreview.sources import crossref, csl, http, openalex
from litreview.sources.page import (
    Settings,
    is_loopback,
    read_item,
    settings_from,
    split_pairs,
)

KEY = "SECRETkey123"
NOW = datetime(2026, 11, 21, 23, 0, tzinfo=UTC)


@dataclass
class Reply:
    """What the server answers: a JSON value or bytes, or a broken connection."""

    body: Any = None
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    cut: bool = False
    reset: bool = False
    delay: float = 0.0


@dataclass
class Server:
    """A recording server: it answers its replies in turn, the last for ever."""

    url: str = ""
    replies: list[Reply] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    connections: int = 0

    def params(self, index: int = -1) -> list[tuple[str, str]]:
        """Return the decoded parameters of one request, in their order."""
        query = urlsplit(self.paths[index]).query
        return parse_qsl(query, keep_blank_values=True, strict_parsing=True)


def _handler(server: Server) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def setup(self) -> None:
            server.connections += 1
            super().setup()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Say nothing."""

        def do_GET(self) -> None:
            server.paths.append(self.path)
            server.headers.append(dict(self.headers))
            many = len(server.replies) > 1
            reply = server.replies.pop(0) if many else server.replies[0]
            time.sleep(reply.delay)
            if reply.reset:
                self.close_connection = True
                return
            body = reply.body
            data = body if isinstance(body, bytes) else json.dumps(body).encode()
            kind = "text/html" if data.startswith(b"<") else "application/json"
            self.send_response(reply.status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(data)))
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.end_headers()
            with suppress(ConnectionError):  # a client that timed out has gone
                self.wfile.write(data[: len(data) // 2] if reply.cut else data)
            self.close_connection = reply.cut

    return Handler


@pytest.fixture
def server() -> Iterator[Server]:
    """Run a recording server on a free port of this machine."""
    recorder = Server()
    httpd = ThreadingHTTPServer(("127.0.0.1", 0), _handler(recorder))
    httpd.daemon_threads = True
    thread = Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    recorder.url = f"http://127.0.0.1:{httpd.server_address[1]}"
    yield recorder
    httpd.shutdown()
    httpd.server_close()
    thread.join()
    for session in openalex._local.__dict__.get("sessions", {}).values():
        session.close()
    if hasattr(crossref._local, "connection"):
        crossref._local.connection.close()
        del crossref._local.connection


@pytest.fixture
def slept() -> list[float]:
    """Collect the seconds that a call would have slept."""
    return []


@pytest.fixture
def settings(server: Server, slept: list[float]) -> Settings:
    """Ask the local server, with a key, and never really sleep."""
    return Settings(
        base_url=server.url, key=KEY, mailto="a@example.org", sleep=slept.append,
        now=lambda: NOW, read_timeout=5.0, tries=3,
    )  # fmt: skip


def _request(source: str, params: dict[str, str] | None = None, size: int = 100) -> Any:
    if params is None:
        params = {"search": "teachers"} if source == "openalex" else {"query": "x"}
    return Request(
        source=source, strategy="s", params=params, keep=None, page_size=size
    )


def _works(*ids: int, cursor: str | None = None, total: int = 7) -> Reply:
    results = [{"id": f"https://openalex.org/W{n}", "title": f"Work {n}"} for n in ids]
    return Reply({"meta": {"count": total, "next_cursor": cursor}, "results": results})


def _items(*dois: str, cursor: str | None = "abc", total: int = 7) -> Reply:
    items = [{"DOI": doi, "title": [f"Work {doi}"]} for doi in dois]
    message = {"items": items, "total-results": total, "next-cursor": cursor}
    return Reply({"status": "ok", "message-type": "work-list", "message": message})


GOOD: dict[str, Callable[[], Reply]] = {
    "openalex": lambda: _works(1),
    "crossref": lambda: _items("10.1000/a"),
}
SOURCES = {"openalex": openalex, "crossref": crossref}


@pytest.fixture(params=["openalex", "crossref"])
def source(request: pytest.FixtureRequest) -> str:
    """Run the test for either service."""
    return str(request.param)


def fetch(source: str, settings: Settings, cursor: str | None = None) -> Any:
    """Ask either service for one page."""
    return SOURCES[source].fetch(_request(source), cursor, settings)


# --- what is sent ---------------------------------------------------------------


@pytest.mark.parametrize(
    "params",
    [
        {
            "filter": 'title_and_abstract.search:("teacher, professional" OR CPD) AND '
            "(school* OR \u00e9cole),from_publication_date:2000-01-01,"
            "to_publication_date:2026-11-21,type:article|review",
            "sort": "publication_date:asc",
        },
        {"filter": "type:article,type:review,language:en", "sort": "title:desc"},
        {"filter": "type:article,language:en,type:review"},
        {"search": "a+b & 50% of #1? \u2013 Z\u00fcrich", "corpus": "all"},
        {"filter": "doi:https://doi.org/10.1/a|10.1/b", "select": "id,title"},
    ],
)  # fmt: skip
def test_openalex_is_asked_exactly_the_parameters(
    server: Server, settings: Settings, params: dict[str, str]
) -> None:
    """What arrives decodes to the request's parameters, page size and cursor."""
    server.replies = [_works(1)]
    openalex.fetch(_request("openalex", params, 50), "c+/=", settings)
    wanted = {**params, "cursor": "c+/=", "per-page": "50"}
    assert sorted(server.params()) == sorted(wanted.items())
    assert server.paths[-1].startswith("/works?")


@pytest.mark.parametrize(
    "params",
    [
        {
            "query.bibliographic": "teacher development & learning, 50% Z\u00fcrich",
            "filter": "from-pub-date:2000-01-01,until-pub-date:2026-11-21,"
            "type:journal-article,type:report",
            "sort": "score",
            "order": "desc",
        },
        {"query.container-title": "Journal", "filter": "type:a,has-orcid:true,type:b"},
        {"query": "a+b", "filter": "award.funder:10.13039/1,full-text.type:x"},
        {"query.title": "plain"},
    ],
)  # fmt: skip
def test_crossref_is_asked_exactly_the_parameters(
    server: Server, settings: Settings, params: dict[str, str]
) -> None:
    """What arrives decodes to the request's parameters, rows and cursor."""
    server.replies = [_items("10.1000/a")]
    page = crossref.fetch(_request("crossref", params, 200), None, settings)
    wanted = {**params, "cursor": "*", "rows": "200"}
    assert sorted(server.params()) == sorted(wanted.items())
    told = parse_qsl(urlsplit(page.url).query)
    assert sorted(told) == sorted(wanted.items())


def test_a_parameter_that_a_client_would_drop_is_refused(settings: Settings) -> None:
    """Nothing of a strategy is lost in silence."""
    with pytest.raises(UsageError, match="colour"):
        crossref.fetch(_request("crossref", {"colour": "red"}), None, settings)
    with pytest.raises(UsageError, match="no colon"):
        openalex.fetch(_request("openalex", {"filter": "nonsense"}), None, settings)


def test_crossref_refuses_a_sort_it_does_not_know_at_once(
    server: Server, settings: Settings, slept: list[float]
) -> None:
    """A parameter that habanero refuses is no reason to try again."""
    with pytest.raises(http.AnswerError, match="bogus") as caught:
        crossref.fetch(_request("crossref", {"sort": "bogus"}), None, settings)
    assert (server.paths, slept) == ([], [])
    assert caught.value.permanent


def test_pairs_are_split_outside_quotes() -> None:
    """Commas in quotes are text, and a repeated key keeps its place."""
    assert split_pairs('a:"x, y",b:1', "filter") == {"a": '"x, y"', "b": "1"}
    assert split_pairs("t:1,l:2,t:3", "filter") == {"t": "1", "l": "2,t:3"}


def test_the_key_travels_in_a_header_alone(server: Server, settings: Settings) -> None:
    """The key is sent as authorisation, never in the address that is kept."""
    server.replies = [_works(1)]
    page = openalex.fetch(_request("openalex"), None, settings)
    assert server.headers[-1]["Authorization"] == f"Bearer {KEY}"
    assert KEY not in server.paths[-1] + page.url
    openalex.fetch(_request("openalex"), None, dataclasses.replace(settings, key=None))
    assert "Authorization" not in server.headers[-1]


def test_crossref_is_told_who_asks(server: Server, settings: Settings) -> None:
    """The mail address opens Crossref's polite pool."""
    server.replies = [_items("10.1000/a")]
    crossref.fetch(_request("crossref"), None, settings)
    assert "mailto:a@example.org" in server.headers[-1]["User-Agent"]


# --- pages ----------------------------------------------------------------------


def test_openalex_pages_lead_on_and_end(server: Server, settings: Settings) -> None:
    """A page has its items in order, the total, and the cursor that follows."""
    server.replies = [_works(3, 1, cursor="n"), _works(2), _works()]
    first = openalex.fetch(_request("openalex"), None, settings)
    assert [item.source_id for item in first.items] == ["W3", "W1"]
    assert (first.next_cursor, first.total, first.requests) == ("n", 7, 1)
    assert first.url.startswith(f"{server.url}/works?")
    assert openalex.fetch(_request("openalex"), "n", settings).next_cursor is None
    assert openalex.fetch(_request("openalex"), "n", settings).items == []


def test_one_connection_serves_all_pages(
    server: Server, settings: Settings, source: str
) -> None:
    """Pages, counts and look-ups share a connection."""
    server.replies = [
        _works(1, cursor="n") if source == "openalex" else _items("10.1000/a"),
        GOOD[source](),
        GOOD[source](),
        Reply({"id": "https://openalex.org/W1", "message": {"DOI": "10.1000/a"}}),
    ]
    for cursor in (None, "n"):
        fetch(source, settings, cursor)
    assert SOURCES[source].count(_request(source), settings) == 7
    assert SOURCES[source].lookup("10.1000/a", settings) is not None
    assert server.connections == 1


def test_another_proxy_or_time_out_opens_another_connection(
    server: Server, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Crossref's connection has read both when it was opened."""
    server.replies = [_items("10.1000/a")]
    fetch("crossref", settings)
    first = crossref._client_for(settings)
    assert crossref._client_for(settings) is first
    quicker = dataclasses.replace(settings, read_timeout=0.5)
    assert crossref._client_for(quicker) is not first
    assert first.is_closed
    second = crossref._client_for(settings)
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    assert crossref._client_for(settings) is not second


def test_the_service_says_which_version_answers(
    server: Server, settings: Settings
) -> None:
    """Crossref names the version of its messages and the pool; OpenAlex nothing."""
    reply = _items("10.1000/a")
    reply.body["message-version"] = "1.0.0"
    reply.headers["x-api-pool"] = "polite-array"
    server.replies = [reply, _items("10.1000/a"), _works(1)]
    assert fetch("crossref", settings).service == "message 1.0.0, pool polite-array"
    assert fetch("crossref", settings).service == ""
    assert fetch("openalex", settings).service == ""


@pytest.mark.parametrize(
    "reply", [_works(cursor="n"), _works(1, cursor="same"), _works(1, cursor="")]
)
def test_an_answer_that_stands_still_is_an_error(
    server: Server, settings: Settings, reply: Reply
) -> None:
    """An empty page with a cursor, or a cursor to itself, is never the end."""
    server.replies = [reply]
    with pytest.raises(ServiceError, match="does not move on"):
        openalex.fetch(_request("openalex"), "same", settings)
    assert len(server.paths) == settings.tries


def test_crossref_pages_keep_their_cursor(server: Server, settings: Settings) -> None:
    """The constant cursor is handed back until a page is empty."""
    server.replies = [_items("10.1000/B"), _items("10.1000/c"), _items()]
    cursor: str | None = None
    ids = []
    for expected in ("abc", "abc", None):
        page = crossref.fetch(_request("crossref"), cursor, settings)
        ids += [item.source_id for item in page.items]
        cursor = page.next_cursor
        assert (cursor, page.total) == (expected, 7)
    assert ids == ["10.1000/b", "10.1000/c"]
    assert len(server.paths) == 3


def test_crossref_without_a_way_on_is_an_error(
    server: Server, settings: Settings
) -> None:
    """Items without a cursor would lose all that follows."""
    server.replies = [_items("10.1000/a", cursor=None)]
    with pytest.raises(ServiceError, match="does not move on"):
        crossref.fetch(_request("crossref"), None, settings)


def test_one_bad_record_costs_no_other(
    server: Server, settings: Settings, source: str
) -> None:
    """What cannot be mapped says why; the page goes on."""
    reply = GOOD[source]()
    holder = reply.body if source == "openalex" else reply.body["message"]
    entries = holder["results" if source == "openalex" else "items"]
    entries += [{"title": "no id"}, None, "text", 7, {"id": 5, "DOI": []}]
    server.replies = [reply]
    items = fetch(source, settings).items
    assert len(items) == 6
    assert items[0].citation is not None
    assert not items[0].problem
    assert all(i.citation is None and i.source_id is None for i in items[1:])
    assert all(item.problem for item in items[1:])
    assert items[3].payload == {"value": "text"}


def test_the_total_costs_one_small_page(
    server: Server, settings: Settings, source: str
) -> None:
    """Counting asks for no more records than the service demands."""
    server.replies = [GOOD[source]()]
    assert SOURCES[source].count(_request(source), settings) == 7
    small = {"openalex": ("per-page", "1"), "crossref": ("rows", "0")}
    assert small[source] in server.params()


def test_single_works_are_looked_up(server: Server, settings: Settings) -> None:
    """A work is found by its id or DOI; an unknown one is None, not an error."""
    hostile = "10.1000/a#b?c%d<1;2>"
    server.replies = [
        Reply({"id": "https://openalex.org/W1"}),
        Reply({"id": "https://openalex.org/W1"}),
        Reply(b"<html><title>404</title></html>", 404),
        Reply({"message": {"DOI": "10.1000/a"}}),
        Reply(b"Resource not found.", 404),
    ]
    assert openalex.lookup("W1", settings) == {"id": "https://openalex.org/W1"}
    assert openalex.lookup("10.1000/A", settings) is not None
    assert openalex.lookup("W2", settings) is None
    assert crossref.lookup(hostile, settings) == {"DOI": "10.1000/a"}
    assert crossref.lookup("10.1000/x", settings) is None
    assert server.paths[0] == "/works/W1"
    assert server.paths[1] == "/works/https%3A%2F%2Fdoi.org%2F10.1000%2Fa"
    assert server.paths[3].endswith("/works/10.1000%2Fa%23b%3Fc%25d%3C1%3B2%3E")


# --- failures -------------------------------------------------------------------

PASSING = {
    "busy": Reply({"error": "try later"}, 503),
    "error": Reply({"message": [{"message": "oops"}]}, 500),
    "gateway": Reply(b"<html><title>Bad gateway</title></html>", 502),
    "cloudflare": Reply(b"<html>timeout</html>", 524),
    "too fast": Reply({"error": "Rate limit exceeded"}, 429),
    "html": Reply(b"<html><title>Please log in</title></html>"),
    "no json": Reply(b'{"meta": {"cou'),
    "empty": Reply(b""),
    "null": Reply(b"null"),
    "list": Reply([]),
    "no list": Reply({"meta": {"count": 1}, "message": "gone", "results": None}),
    "cut": Reply({"results": ["x" * 5_000]}, cut=True),
    "reset": Reply(reset=True),
}


@pytest.mark.parametrize("kind", PASSING)
def test_what_passes_is_asked_again(
    server: Server, settings: Settings, slept: list[float], source: str, kind: str
) -> None:
    """A first page is asked again, after growing pauses, until it arrives."""
    server.replies = [PASSING[kind], PASSING[kind], GOOD[source]()]
    page = fetch(source, settings)
    assert len(page.items) == 1
    assert page.requests == len(server.paths) == 3
    assert len(slept) == 2
    assert 0.5 <= slept[0] <= 1.0 <= slept[1] <= 2.0


@pytest.mark.parametrize("kind", PASSING)
def test_what_does_not_pass_ends_in_words(
    server: Server, settings: Settings, source: str, kind: str
) -> None:
    """After the last try the error names the service, its words and the fix."""
    server.replies = [PASSING[kind]]
    with pytest.raises(http.AnswerError) as caught:
        fetch(source, settings)
    name = {"openalex": "OpenAlex", "crossref": "Crossref"}[source]
    assert caught.value.what.startswith(name)
    assert "3 tries" in caught.value.what
    assert caught.value.why
    assert "again" in caught.value.fix
    assert not caught.value.permanent
    assert len(server.paths) == 3


REFUSALS = {
    400: Reply({"error": "Invalid query parameters", "message": "no such field"}, 400),
    401: Reply({"error": "API key not found", "message": f"no such field {KEY}"}, 401),
    403: Reply(b"<html><title>no such field</title></html>", 403),
    404: Reply(b"no such field", 404),
    429: Reply({"error": "Plan upgrade required", "message": "no such field"}, 429),
}


@pytest.mark.parametrize("status", REFUSALS)
def test_a_refusal_is_final(
    server: Server, settings: Settings, slept: list[float], source: str, status: int
) -> None:
    """A wrong request is sent once, and the service's words are shown."""
    server.replies = [REFUSALS[status]]
    with pytest.raises(http.AnswerError, match="no such field") as caught:
        fetch(source, settings)
    assert (len(server.paths), slept) == (1, [])
    assert caught.value.status == status
    assert caught.value.permanent
    assert KEY not in str(caught.value)


def test_a_missing_key_is_explained(server: Server, settings: Settings) -> None:
    """A 401 says where to get a key and which variable to set."""
    server.replies = [REFUSALS[401]]
    with pytest.raises(ServiceError, match="API key not found") as caught:
        openalex.fetch(_request("openalex"), None, settings)
    assert "OPENALEX_API_KEY" in caught.value.fix
    assert "https://openalex.org" in caught.value.fix


def test_crossrefs_words_are_quoted(server: Server, settings: Settings) -> None:
    """A validation failure shows each message, fit for a terminal."""
    told = [{"type": "filter-not-available", "message": "Filter x\x1b[2J is unknown"}]
    server.replies = [Reply({"status": "failed", "message": told}, 400)]
    with pytest.raises(ServiceError, match="filter-not-available: Filter x") as caught:
        crossref.fetch(_request("crossref"), None, settings)
    assert "\x1b" not in str(caught.value)


def test_retry_after_is_obeyed(
    server: Server, settings: Settings, slept: list[float], source: str
) -> None:
    """A service that names its seconds gets them."""
    busy = Reply({"error": "Rate limit"}, 429, {"Retry-After": "7"})
    server.replies = [busy, GOOD[source]()]
    fetch(source, settings)
    assert slept == [7.0]


def test_a_spent_budget_says_when_to_resume(
    server: Server, settings: Settings, slept: list[float], source: str
) -> None:
    """Nobody waits for hours without a word."""
    spent = Reply({"error": "Insufficient budget"}, 429, {"Retry-After": "3590"})
    server.replies = [spent]
    with pytest.raises(http.AnswerError, match="Insufficient budget") as caught:
        fetch(source, settings)
    assert "2026-11-22 00:00 UTC" in caught.value.fix
    assert caught.value.resume_at == datetime(2026, 11, 21, 23, 59, 50, tzinfo=UTC)
    assert (len(server.paths), slept) == (1, [])


def test_retry_after_is_seconds_or_a_date() -> None:
    """Both forms of RFC 9110 are read, and nonsense is not."""
    assert http.retry_after("30", NOW) == 30
    assert http.retry_after("Sat, 21 Nov 2026 23:01:00 GMT", NOW) == 60
    assert http.retry_after("Sat, 21 Nov 2026 22:00:00 GMT", NOW) == 0
    assert http.retry_after("soon", NOW) is None
    assert http.retry_after("", NOW) is None


@pytest.mark.parametrize("kind", ["reset", "cut", "error", "html", "no json"])
def test_crossrefs_later_pages_are_not_asked_again(
    server: Server, settings: Settings, kind: str
) -> None:
    """An answer that was lost on its way has moved the cursor on."""
    server.replies = [PASSING[kind], _items("10.1000/a")]
    with pytest.raises(http.AnswerError) as caught:
        crossref.fetch(_request("crossref"), "abc", settings)
    assert len(server.paths) == 1
    assert not caught.value.permanent


@pytest.mark.parametrize("kind", ["busy", "too fast"])
def test_crossrefs_later_pages_wait_for_a_busy_proxy(
    server: Server, settings: Settings, kind: str
) -> None:
    """A request that was turned away has moved nothing."""
    server.replies = [PASSING[kind], _items("10.1000/a")]
    page = crossref.fetch(_request("crossref"), "abc", settings)
    assert (page.requests, len(page.items)) == (2, 1)


def test_an_expired_cursor_is_worth_another_walk(
    server: Server, settings: Settings
) -> None:
    """Crossref's 404 for a cursor does not say that the query is wrong."""
    gone = {"status": "failed", "message": [{"type": "cursor-invalid", "message": ""}]}
    server.replies = [Reply(gone, 404)]
    with pytest.raises(http.AnswerError, match="cursor-invalid") as caught:
        crossref.fetch(_request("crossref"), "old", settings)
    assert not caught.value.permanent


def test_a_silent_server_is_left(
    server: Server, settings: Settings, source: str
) -> None:
    """Neither client waits for ever."""
    server.replies = [Reply(b"", delay=0.6)]
    quick = dataclasses.replace(settings, read_timeout=0.1, tries=1)
    with pytest.raises(ServiceError, match=r"[Tt]ime"):
        fetch(source, quick)


def test_nobody_listening_is_told(source: str) -> None:
    """A service that cannot be reached is an error in words."""
    nowhere = Settings(base_url="http://127.0.0.1:9", tries=1)
    with pytest.raises(ServiceError, match="no usable answer") as caught:
        fetch(source, nowhere)
    assert "HTTPS_PROXY" in caught.value.fix


# --- turns, settings, environment -------------------------------------------------


@pytest.mark.parametrize(
    ("base_url", "pause", "wanted"),
    [(None, None, [0.4]), ("http://127.0.0.1:1", None, []), (None, 2.0, [2.0]),
     ("http://mirror.example", None, [0.4]), (None, 0.0, [])],
)  # fmt: skip
def test_calls_keep_a_polite_distance(
    base_url: str | None, pause: float | None, wanted: list[float]
) -> None:
    """Between two calls lies the service's pause; on this machine there is none."""
    slept: list[float] = []
    settings = Settings(
        base_url=base_url, pause=pause, sleep=slept.append, now=lambda: NOW
    )
    service = http.Service(f"Test {base_url} {pause}", (), str, "")  # type: ignore[arg-type]
    for _ in range(2):
        assert http.call(service, lambda: "x", settings, pause=0.4) == ("x", 1)
    assert slept == pytest.approx(wanted)


def test_long_boolean_queries_are_asked_slowly() -> None:
    """OpenAlex answers queries of many operators at a lower rate."""
    short, long = {"filter": "a AND b"}, {"filter": " OR ".join("abcdefgh")}
    assert openalex._pause(short, Settings()) < openalex._pause(long, Settings(key="k"))
    assert openalex._pause(long, Settings()) > 1


def test_settings_come_from_the_environment() -> None:
    """Blank variables count as absent, and each source has its own address."""
    environ = {
        "LITREVIEW_OPENALEX_URL": "http://localhost:8/ ", "OPENALEX_API_KEY": " k ",
        "LITREVIEW_MAILTO": "a@b.org", "LITREVIEW_CROSSREF_URL": " ",
    }  # fmt: skip
    found = settings_from(environ, "openalex")
    assert (found.base_url, found.key, found.mailto) == (
        "http://localhost:8", "k", "a@b.org",
    )  # fmt: skip
    other = settings_from(environ, "crossref")
    assert (other.base_url, other.key) == (None, None)
    assert settings_from({"OPENALEX_API_KEY": "  "}, "openalex").key is None
    with pytest.raises(UsageError, match="LITREVIEW_CROSSREF_URL"):
        settings_from({"LITREVIEW_CROSSREF_URL": "localhost:80"}, "crossref")


def test_loopback_is_recognised() -> None:
    """Only addresses of this machine count as such."""
    assert is_loopback("http://127.0.0.1:80")
    assert is_loopback("http://[::1]:80/x")
    assert is_loopback("http://localhost")
    assert not is_loopback("http://localhost.example.org")
    assert not is_loopback(None)


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[pytest.MonkeyPatch]:
    """Start without proxies and certificates, and put everything back."""
    before = dict(os.environ)
    for name in ("NO_PROXY", "no_proxy", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE",
                 "SSL_CERT_FILE", "SSL_CERT_DIR"):  # fmt: skip
        monkeypatch.delenv(name, raising=False)
    yield monkeypatch
    os.environ.clear()
    os.environ.update(before)


def test_either_certificate_setting_serves_both_clients(
    environment: pytest.MonkeyPatch,
) -> None:
    """A university's certificate needs to be named once."""
    environment.setenv("SSL_CERT_FILE", "/own.pem")
    http.prepare_environment(None)
    assert os.environ["REQUESTS_CA_BUNDLE"] == "/own.pem"
    environment.delenv("SSL_CERT_FILE")
    environment.setenv("REQUESTS_CA_BUNDLE", "/other.pem")
    http.prepare_environment(None)
    assert os.environ["SSL_CERT_FILE"] == "/other.pem"


def test_this_machine_is_asked_without_a_proxy(
    server: Server, settings: Settings, source: str, environment: pytest.MonkeyPatch
) -> None:
    """A proxy for the world is not asked for a local service."""
    environment.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    environment.setenv("http_proxy", "http://127.0.0.1:9")
    environment.setenv("NO_PROXY", "example.org")
    server.replies = [GOOD[source]()]
    assert fetch(source, dataclasses.replace(settings, tries=1)).total == 7
    assert os.environ["no_proxy"] == "example.org,127.0.0.1"


def test_the_world_is_asked_through_the_proxy(
    server: Server, source: str, environment: pytest.MonkeyPatch
) -> None:
    """Both clients go through HTTPS_PROXY to the public address."""
    for name in ("HTTPS_PROXY", "https_proxy"):
        environment.setenv(name, server.url)
    server.replies = [Reply(b"", 502)]
    public = Settings(tries=1, pause=0.0)
    with pytest.raises(ServiceError, match="no usable answer"):
        fetch(source, public)
    assert server.connections == 1  # CONNECT, which this server does not speak
    assert server.paths == []


def test_the_names_we_lean_on_are_still_there() -> None:
    """A new version of a client that lost a name we use is noticed here."""
    assert callable(pyalex.api.BaseOpenAlex._get_from_url)
    assert isinstance(pyalex.api.BaseOpenAlex.url, property)
    assert "resource_class" in vars(pyalex.Works)
    assert {"api_key", "email"} <= set(pyalex.config)
    assert openalex.Works({}, Settings()).url == "https://api.openalex.org/works"
    assert issubclass(habanero.RequestError, Exception)
    assert callable(habanero.request_class.Request._req)
    assert crossref.Query(Settings(), "x")._url() == "https://api.crossref.org/works/x"
    assert "mailto:a@b.org" in make_ua("a@b.org")["User-Agent"]
    assert openalex.client_version().startswith("pyalex 0.21")
    assert crossref.client_version().startswith("habanero 2.")


# --- what OpenAlex's payloads mean ------------------------------------------------


def _work(**fields: Any) -> dict[str, Any]:
    return {"id": "https://openalex.org/W1", "title": "T", **fields}


def test_an_openalex_work_is_read_whole() -> None:
    """Every field of a full record finds its place."""
    found = openalex.citation(
        _work(
            title="The <i>new</i> CPD &amp;amp; schools",
            doi="https://doi.org/10.1000/ABC",
            publication_year=2021,
            publication_date="2021-06-30",
            type="review",
            language="en",
            biblio={"volume": "5", "issue": "Spring", "first_page": "e1",
                    "last_page": "e9"},
            primary_location={
                "landing_page_url": "https://example.org/x",
                "source": {
                    "display_name": "Journal", "issn_l": "1234-5678",
                    "issn": ["1234-5678", "8765-432x"],
                    "host_organization_name": "Press", "type": "journal",
                },
            },
            authorships=[
                {"author": {"display_name": "Sam Sims",
                            "orcid": "https://orcid.org/0000-0002-1825-0097"}},
                {"author": {"display_name": "H Fletcher Wood"},
                 "raw_author_name": "Fletcher Wood, H."},
                {"author": {"id": "https://openalex.org/A9999999999",
                            "display_name": "Null"}, "raw_author_name": "Ann Lee"},
                {"author": None, "raw_author_name": None},
            ],
            ids={"pmid": "https://pubmed.ncbi.nlm.nih.gov/19321022"},
            abstract_inverted_index={"teachers": [2], "Abstract": [0], "Do": [1],
                                     "learn": [3, 9]},
        )
    )  # fmt: skip
    assert found.source_id == "W1"
    assert found.title == "The new CPD & schools"
    assert found.authors == (
        Author("Sims", "Sam", orcid="0000-0002-1825-0097"),
        Author("Fletcher Wood", "H."),
        Author("Lee", "Ann"),
    )
    assert (found.year, found.published) == (2021, "2021-06-30")
    assert (found.volume, found.issue, found.pages) == ("5", "Spring", "e1-e9")
    assert (found.container_title, found.publisher) == ("Journal", "Press")
    assert (found.issn, found.pmid) == ("1234-5678 8765-432X", "19321022")
    assert (found.doi, found.url) == ("10.1000/abc", "https://example.org/x")
    assert (found.type, found.genre, found.language) == (
        "article-journal", "review", "en",
    )  # fmt: skip
    assert found.abstract == "Do teachers learn learn"
    assert found.flags == ()


@pytest.mark.parametrize(
    "index",
    [
        {"b": [1], "a": [0]},
        {"b": [70], "a": [3]},
        '{"IndexLength": 2, "InvertedIndex": {"b": [1], "a": [0]}}',
        {"<p>b</p>": [1], "a": [0], "": [2]},
        {"b": [1, None], "a": [0], "c": None, "d": ["x"]},
    ],
)
def test_abstracts_are_rebuilt(index: Any) -> None:
    """Gaps, old dumps, markup and broken positions give a readable abstract."""
    assert openalex.citation(_work(abstract_inverted_index=index)).abstract == "a b"


@pytest.mark.parametrize("index", [None, {}, "", "not json", "[]", [], 7])
def test_a_missing_abstract_is_empty(index: Any) -> None:
    """No abstract is no problem."""
    assert openalex.citation(_work(abstract_inverted_index=index)).abstract == ""


@pytest.mark.parametrize(
    ("payload", "flag"),
    [
        (_work(title=None), "no-title"),
        (_work(title="<i></i>"), "no-title"),
        (_work(type="paratext"), "not-a-study"),
        (_work(is_paratext=True), "not-a-study"),
        (_work(type="retraction"), "retraction-notice"),
        (_work(title="Retraction notice to: T"), "retraction-notice"),
        (_work(is_authors_truncated=True), "authors-truncated"),
        (_work(authorships=[{}] * 100), "authors-truncated"),
        (_work(abstract_inverted_index={"w": list(range(1501))}), "long-abstract"),
    ],
)
def test_openalex_oddities_are_flagged(payload: dict[str, Any], flag: str) -> None:
    """What a reviewer should know about a record stands in its flags."""
    assert flag in openalex.citation(payload).flags


@pytest.mark.parametrize(
    ("payload", "wanted"),
    [
        (_work(publication_date="2019-01-01", publication_year=2019), (2019, "2019")),
        (_work(publication_date="2019-02-01"), (2019, "2019-02-01")),
        (_work(publication_date="soon", publication_year="2019"), (2019, "2019")),
        (_work(publication_year=0), (None, "")),
        (_work(publication_year=True), (None, "")),
        (_work(), (None, "")),
    ],
)
def test_openalex_dates_have_their_precision(
    payload: dict[str, Any], wanted: tuple[int | None, str]
) -> None:
    """The first of January means no more than the year."""
    found = openalex.citation(payload)
    assert (found.year, found.published) == wanted


def test_pubmed_is_not_a_journal() -> None:
    """Where an index stands as the source, the journal's raw name is used."""
    location = {"source": {"display_name": "PubMed", "host_organization_name": "NIH"},
                "raw_source_name": "The Lancet"}  # fmt: skip
    found = openalex.citation(_work(primary_location=location))
    assert (found.container_title, found.publisher) == ("The Lancet", "")
    old = _work(primary_location=None, host_venue={"display_name": "Old Journal"})
    assert openalex.citation(old).container_title == "Old Journal"


def test_openalex_types_are_told_apart() -> None:
    """Old words, hints of a conference and unknown words find a CSL type."""
    raw = _work(type="article", primary_location={"raw_type": "proceedings-article"})
    assert openalex.citation(raw).type == "paper-conference"
    assert openalex.citation(_work(type="posted-content")).genre == "preprint"
    found = openalex.citation(_work(type="hologram"))
    assert (found.type, found.genre, found.flags) == ("document", "hologram", ())
    assert openalex.citation(_work(type=None)).type == ""


def test_retracted_works_are_marked(source: str) -> None:
    """The service's word counts, and so does the title."""
    assert openalex.citation(_work(is_retracted=True)).retracted
    for title, retracted in (
        ("RETRACTED ARTICLE: T", True),
        ("Retracted potential in teaching", False),
    ):
        titles = title if source == "openalex" else [title]
        made = {"id": "W1", "DOI": "10.1000/a", "title": titles}
        assert SOURCES[source].citation(made).retracted is retracted


# --- what Crossref's payloads mean ------------------------------------------------


def _item(**fields: Any) -> dict[str, Any]:
    plain = {name.replace("_", "-"): value for name, value in fields.items()}
    return {"DOI": "10.1000/A", "title": ["T"], "type": "journal-article", **plain}


def _parts(*parts: Any) -> dict[str, Any]:
    return {"date-parts": [list(parts)]}


def test_a_crossref_work_is_read_whole() -> None:
    """Every field of a full record finds its place."""
    found = crossref.citation(
        _item(
            subtitle=["A  review"],
            author=[
                {"given": "Sam", "family": "Sims", "suffix": "Jr.",
                 "ORCID": "http://orcid.org/0000-0002-1825-0097"},
                {"name": "Department for Education", "sequence": "additional"},
                {"given": "Bin Peng"},
                {"family": "&NA;"},
                {"family": "Lee", "ORCID": ["0000-0002-1825-0097"]},
            ],
            issued=_parts(2021, 6),
            container_title=["", "Journal", "Series"],
            volume="5",
            journal_issue={"issue": "2"},
            article_number="e77",
            publisher="Press",
            ISSN=["1234-5678"],
            ISBN=["http://id.crossref.org/isbn/9783662108239", "978-3-662-10823-9"],
            language="en",
            resource={"primary": {"URL": "javascript:alert(1)"}},
            URL="https://doi.org/10.1000/a",
        )
    )  # fmt: skip
    assert (found.source_id, found.doi) == ("10.1000/a", "10.1000/a")
    assert found.title == "T: A review"
    assert found.authors == (
        Author("Sims", "Sam Jr.", orcid="0000-0002-1825-0097"),
        Author("", literal="Department for Education"),
        Author("", literal="Bin Peng"),
        Author("Lee"),
    )
    assert (found.year, found.published) == (2021, "2021-06")
    assert (found.container_title, found.volume) == ("Journal", "5")
    assert (found.issue, found.pages) == ("2", "e77")
    assert (found.issn, found.isbn) == ("1234-5678", "9783662108239")
    assert (found.url, found.language) == ("https://doi.org/10.1000/a", "en")
    assert (found.type, found.publisher) == ("article-journal", "Press")
    assert found.flags == ()


@pytest.mark.parametrize(
    ("fields", "title"),
    [
        ({"title": ["Really?"], "subtitle": ["A trial"]}, "Really? A trial"),
        ({"title": ["T: a trial"], "subtitle": ["A Trial."]}, "T: a trial"),
        ({"title": ["One", "Deux"]}, "One"),
        ({"title": [], "original-title": ["Titel"]}, "Titel"),
        ({"title": [], "subtitle": ["Sub"]}, "Sub"),
        ({"title": None}, ""),
        ({"title": ["<b>Fat</b>\n  free"]}, "Fat free"),
    ],
)  # fmt: skip
def test_crossref_titles_are_joined(fields: dict[str, Any], title: str) -> None:
    """Title and subtitle are one, said once; translations are left."""
    found = crossref.citation({**_item(), **fields})
    assert found.title == title
    assert ("no-title" in found.flags) == (not title)


@pytest.mark.parametrize(
    ("fields", "published"),
    [
        ({"issued": _parts(2021)}, "2021"),
        ({"issued": _parts(2021, 6, 3)}, "2021-06-03"),
        ({"issued": _parts("2021", "6")}, "2021-06"),
        ({"issued": _parts(2021, 13)}, "2021"),
        ({"issued": _parts(2021, 2, 30)}, "2021-02"),
        ({"issued": _parts(None), "published_print": _parts(2019)}, "2019"),
        ({"issued": {"date-parts": []}, "posted": _parts(2018, 1)}, "2018-01"),
        ({"issued": None, "created": _parts(2017, 5, 6)}, "2017"),
        ({}, ""),
    ],
)
def test_crossref_dates_have_their_precision(
    fields: dict[str, Any], published: str
) -> None:
    """The first date that says something counts, as far as it is a date."""
    found = crossref.citation(_item(**fields))
    assert found.published == published
    assert found.year == (int(published[:4]) if published else None)
    assert ("year-from-deposit" in found.flags) == ("created" in fields)


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("<jats:p>One.</jats:p><jats:p>Two.</jats:p>", "One.\nTwo."),
        ("<jats:title>Abstract</jats:title><jats:p>One</jats:p>", "One"),
        ("<jats:sec><jats:title>Aim</jats:title><jats:p>One</jats:p></jats:sec>",
         "Aim: One"),
        ("<title>Method:</title><p>Two</p><p>Three</p>", "Method: Two\nThree"),
        ("<jats:p>p &lt; 0.05 &amp;amp; more", "p < 0.05 & more"),
        ("&lt;jats:p&gt;One&lt;/jats:p&gt;", "One"),
        ("&amp;lt;p&amp;gt;One&amp;lt;/p&amp;gt;", "One"),
        ("<p>H<jats:sub>2</jats:sub>O <mml:math><mml:mi>x</mml:mi></mml:math>",
         "H2O x"),
        ("plain", "plain"),
        ("", ""),
        (None, ""),
        (7, ""),
    ],
)  # fmt: skip
def test_jats_abstracts_become_paragraphs(markup: Any, text: str) -> None:
    """Sections keep their headings; markup, closed or not, goes."""
    assert crossref.citation(_item(abstract=markup)).abstract == text


def test_updates_are_told_apart() -> None:
    """A work that was taken back and the notice that does so are two things."""
    taken = crossref.citation(_item(updated_by=[{"type": "retraction"}]))
    assert (taken.retracted, taken.flags) == (True, ())
    notice = crossref.citation(_item(update_to=[{"type": "retraction"}]))
    assert (notice.retracted, notice.flags) == (False, ("retraction-notice",))
    assert not crossref.citation(_item(updated_by=[{"type": "correction"}])).retracted


def test_what_was_published_about_a_work_is_told() -> None:
    """Each notice once, whoever told it, with its kind, DOI, day and teller."""
    day = {"date-parts": [[2024, 12, 9]], "date-time": "2024-12-09T00:00:00Z"}
    told = [
        {"type": "retraction", "DOI": "10.1000/N", "source": "publisher",
         "updated": day},
        {"type": "Retraction", "DOI": "https://doi.org/10.1000/n",
         "source": "retraction-watch"},
        {"type": "expression of concern", "DOI": "10.1000/m", "updated": {}},
        {"type": "expression_of_concern", "DOI": None},
        {"label": "New version", "updated": {"date-parts": [[2023]]}},
        {"type": None}, None, "retraction",
    ]  # fmt: skip
    found = crossref.citation(_item(updated_by=told))
    assert found.notices == (
        Notice("retraction", "10.1000/n", "2024-12-09", "publisher"),
        Notice("expression_of_concern", "10.1000/m"),
        Notice("expression_of_concern"),
        Notice("new_version", published="2023"),
    )
    assert found.retracted
    assert crossref.citation(_item(update_to=told)).notices == ()
    assert openalex.citation(_work(is_retracted=True)).notices == (
        Notice("retraction", source="openalex"),
    )
    assert openalex.citation(_work(title="RETRACTED: T")).notices == ()


def _update(kind: str, doi: str = "10.1000/first") -> list[dict[str, str]]:
    return [{"type": kind, "DOI": doi}]


@pytest.mark.parametrize(
    ("title", "update", "flags"),
    [
        ("Correction: Tides", _update("correction"), ("not-a-study",)),
        ("Corrigendum to \u201cTides\u201d", _update("erratum"), ("not-a-study",)),
        ("Publisher\u2019s Correction: Tides", _update("correction"), ("not-a-study",)),
        ("Corrections officers read", _update("correction"), ()),
        ("Tides, corrected and printed again", _update("correction"), ()),
        ("Correction of myopia in schools", [], ()),
        ("Correction of myopia", _update("correction", "10.1000/A"), ()),
        ("Correction of myopia", _update("new_version"), ()),
    ],
)
def test_a_notice_that_only_corrects_is_no_study(
    title: str, update: list[dict[str, str]], flags: tuple[str, ...]
) -> None:
    """The update and the title must both say so; a study about corrections stays."""
    item = _item(DOI="10.1000/a", title=[title], update_to=update)
    assert crossref.citation(item).flags == flags


@pytest.mark.parametrize(
    ("told", "pages"),
    [
        ("n/a-n/a", ""), ("N.PAG-N.PAG", ""), ("N.PAG", ""), ("NA", ""), ("-", ""),
        ("N/A", ""), ("no pagination", ""), ("?", ""), ("n.a.", ""),
        ("NA1-NA9", "NA1-NA9"), ("a1", "a1"), ("n12-n14", "n12-n14"), ("1-9", "1-9"),
    ],
)  # fmt: skip
def test_words_for_no_pages_are_no_pages(told: str, pages: str) -> None:
    """A reference list prints no "pp. n/a"; real pages pass as they are."""
    assert crossref.citation(_item(page=told)).pages == pages
    ends = openalex.citation(_work(biblio={"first_page": told, "last_page": told}))
    assert ends.pages == pages


def test_what_openalex_cannot_place_may_be_a_study() -> None:
    """Its type "other" holds articles and theses; none may leave unread."""
    found = openalex.citation(_work(type="other"))
    assert (found.type, found.genre, found.flags) == ("document", "other", ())


def test_a_book_without_authors_has_its_editors() -> None:
    """Editors stand in for the authors of a book, and only there."""
    editor = [{"family": "Hirsch", "given": "E."}]
    book = crossref.citation(_item(type="edited-book", editor=editor))
    assert (book.authors, book.flags) == (
        (Author("Hirsch", "E."),), ("authors-are-editors",),
    )  # fmt: skip
    assert crossref.citation(_item(editor=editor)).authors == ()


def test_figures_and_journals_are_no_studies() -> None:
    """Records that no review includes are flagged; preprints are named."""
    figure = crossref.citation(_item(type="component", title=[]))
    assert figure.flags == ("no-title", "not-a-study")
    assert crossref.citation(_item(type=None)).type == "document"
    preprint = crossref.citation(_item(type="posted-content", subtype="preprint"))
    assert (preprint.type, preprint.genre) == ("article", "preprint")
    assert csl.kind("Grant", csl.CROSSREF) == ("document", "grant", False)


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=6,
)
_FIELDS = {
    openalex: ["title", "doi", "publication_year", "publication_date", "biblio", "type",
               "primary_location", "host_venue", "authorships", "ids", "is_retracted",
               "abstract_inverted_index"],
    crossref: ["title", "subtitle", "author", "issued", "container-title", "page",
               "abstract", "ISSN", "ISBN", "updated-by", "resource", "type", "created"],
}  # fmt: skip


@pytest.mark.parametrize("module", [openalex, crossref])
@given(data=st.data())
def test_no_payload_breaks_the_mapping(module: ModuleType, data: Any) -> None:
    """Whatever JSON a service sends, its record is read or quarantined."""
    fields = st.dictionaries(st.sampled_from(_FIELDS[module]), _json, max_size=6)
    payload = {"id": "W1", "DOI": "10.1000/a", **data.draw(fields)}
    assert read_item(payload, module.citation).citation is not None
    assert read_item(data.draw(_json), module.citation).problem


@pytest.mark.shared
@pytest.mark.parametrize("name", ["openalex", "crossref"])
def test_all_recorded_works_are_mapped(shared: Path, name: str) -> None:
    """Every real work that was recorded has a citation, found in seconds."""
    count = titled = 0
    for path in sorted((shared / "data" / name).glob("*.jsonl.gz")):
        with gzip.open(path, "rt", encoding="utf-8") as lines:
            for line in lines:
                item = read_item(json.loads(line), SOURCES[name].citation)
                assert item.problem == ""
                assert item.citation is not None
                count += 1
                titled += bool(item.citation.title)
                if name == "crossref":
                    assert item.citation.doi == item.source_id
    assert count > 5_000
    assert titled > 0.99 * count
