"""OpenAlex and Crossref on this machine, for rehearsals and tests.

The two services answer below /openalex and /crossref of one address, which is
always a loopback one: what is served may be invented or under others' rights, so
no other machine may see it. Every request is noted in order, and scripted faults
spoil chosen answers.

    with serve(openalex_works, crossref_works) as server:
        server.openalex_url   # http://127.0.0.1:49152/openalex
        server.requests       # [Request(service="openalex", path="/works", ...)]

Harvesters count by what they get, never by what they asked for. So a rehearsal
over a few hundred works can still take several pages: `openalex_page` and
`crossref_page` cap what one page holds, as services cap it themselves.
"""

from __future__ import annotations

import contextlib
import http.server
import ipaddress
import socket
import struct
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import urlsplit

from litreview.demo.answers import (
    HTML_PAGE,
    HTML_TYPE,
    Answer,
    Fault,
    Spoil,
    fault_answer,
    json_answer,
    parameters,
    spoiled_list,
)
from litreview.demo.crossref_api import Crossref
from litreview.demo.openalex_api import OpenAlex
from litreview.demo.records import Work, load_records
from litreview.errors import LitreviewError

__all__ = ["Fault", "Request", "Server", "Spoil", "bind", "load_records", "serve"]

# What a page holds at most in the demonstration. Its larger strategies find some 40
# works in OpenAlex and rank some 200 in Crossref: each takes three pages or more.
DEMO_OPENALEX_PAGE = 15
DEMO_CROSSREF_PAGE = 50

LOOPBACK = "127.0.0.1"
POLL_SECONDS = 0.02  # how soon the server notices that it shall stop
IDLE_SECONDS = 5.0  # how long a connection may keep quiet

NO_SERVICE = Answer(404, HTML_PAGE, HTML_TYPE)
FORGOTTEN = {"error": "Pagination error.", "message": "Invalid cursor value."}


class Request(NamedTuple):
    """One request as it came: the query string is not decoded."""

    service: str
    path: str
    query: str


@dataclass(frozen=True)
class Server:
    """A running server: its address, what it was asked, what shall go wrong.

    `requests` and `faults` are live lists: read the one, append to the other.
    """

    url: str
    openalex: OpenAlex
    crossref: Crossref
    requests: list[Request] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def openalex_url(self) -> str:
        """The base address that stands for https://api.openalex.org."""
        return f"{self.url}/openalex"

    @property
    def crossref_url(self) -> str:
        """The base address that stands for https://api.crossref.org."""
        return f"{self.url}/crossref"

    def note(self, service: str, path: str, query: str) -> Fault | None:
        """Note a request and return the fault scripted for it, if any."""
        with self.lock:
            self.requests.append(Request(service, path, query))
            count = sum(request.service == service for request in self.requests)
            return next(
                (f for f in self.faults if (f.service, f.at) == (service, count)), None
            )

    def answer(self, service: str, path: str, query: str) -> Answer:
        """Let the service itself answer."""
        if service == "openalex":
            return self.openalex.answer(path, query)
        if service == "crossref":
            return self.crossref.answer(path, query)
        return NO_SERVICE

    def forget(self, service: str, path: str, query: str) -> Answer:
        """Answer as a service that has forgotten the cursor asked for."""
        if parameters(query).get("cursor", "*") == "*":
            return self.answer(service, path, query)
        if service == "openalex":
            return json_answer(FORGOTTEN, 400)
        with self.crossref.lock:
            self.crossref.walks.clear()
        return self.answer(service, path, query)

    def first_work(self, service: str) -> Work:
        """Return the first work that a service has, or an empty one."""
        has = self.openalex.works if service == "openalex" else self.crossref.works
        return has[0] if has else {}


@contextlib.contextmanager
def serve(
    openalex_works: Sequence[Work],
    crossref_works: Sequence[Work],
    *,
    port: int = 0,
    openalex_page: int | None = None,
    crossref_page: int | None = None,
) -> Iterator[Server]:
    """Serve works on 127.0.0.1 while the context lasts; port 0 takes a free one.

    `openalex_page` and `crossref_page` cap the works per page. Raises
    LitreviewError where the port is taken.
    """
    listener = bind(LOOPBACK, port)
    server = Server(
        f"http://{LOOPBACK}:{listener.server_address[1]}",
        OpenAlex(tuple(openalex_works), openalex_page),
        Crossref(tuple(crossref_works), crossref_page),
    )
    listener.site = server
    thread = threading.Thread(
        target=listener.serve_forever, args=(POLL_SECONDS,), daemon=True
    )
    thread.start()
    try:
        yield server
    finally:
        listener.shutdown()
        thread.join()
        listener.server_close()


def bind(host: str, port: int) -> Listener:
    """Open the listening socket, on this machine's own address and no other.

    Raises LitreviewError for an address that other machines can reach, for a name
    (it could resolve to one), and for a port that is taken.
    """
    try:
        own = ipaddress.ip_address(host).is_loopback
    except ValueError:
        own = False
    if not own:
        raise LitreviewError(
            f"The local services do not listen on {host or 'every address'}.",
            why="What they serve is for this machine alone.",
            fix=f"use {LOOPBACK}.",
        )
    try:
        return Listener((host, port), Handler)
    except (OSError, OverflowError) as error:
        raise LitreviewError(
            f"The local services cannot listen on port {port}.",
            why=f"{error}.",
            fix="choose another port, or 0 for any free one.",
        ) from error


class Listener(http.server.ThreadingHTTPServer):
    """The socket, with a thread for each connection."""

    daemon_threads = True
    site: Server

    def handle_error(self, request: object, client_address: object) -> None:
        """Keep quiet about clients that went away, as killed harvests do."""
        if not isinstance(sys.exception(), ConnectionError | TimeoutError):
            super().handle_error(request, client_address)  # type: ignore[arg-type]


class Handler(http.server.BaseHTTPRequestHandler):
    """One connection: carry questions to the services and answers back."""

    protocol_version = "HTTP/1.1"
    server: Listener
    timeout = IDLE_SECONDS
    wbufsize = -1  # headers and body leave together
    disable_nagle_algorithm = True

    def do_GET(self) -> None:
        """Answer one question, spoiled if so scripted."""
        site = self.server.site
        parts = urlsplit(self.path)
        service, _, rest = parts.path.lstrip("/").partition("/")
        fault = site.note(service, f"/{rest}", parts.query)
        if fault is None:
            self._send(site.answer(service, f"/{rest}", parts.query))
            return
        time.sleep(fault.delay)
        if fault.status is not None:
            self._send(fault_answer(fault))
            return
        ask = site.forget if fault.spoil == Spoil.EXPIRED else site.answer
        answer = ask(service, f"/{rest}", parts.query)
        self._send_spoiled(answer, fault.spoil, site.first_work(service))

    def _send(self, answer: Answer, length: int | None = None) -> None:
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.content_type)
        self.send_header("Content-Length", str(length or len(answer.body)))
        for name, value in answer.headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(answer.body)

    def _send_spoiled(self, answer: Answer, spoil: Spoil | None, again: Work) -> None:
        half = Answer(answer.status, answer.body[: len(answer.body) // 2])
        match spoil:
            case Spoil.TRUNCATED:
                self.close_connection = True
                self._send(half, length=len(answer.body))
            case Spoil.TORN:
                self._send(half, length=len(answer.body))
                self.wfile.flush()
                self._reset()
            case Spoil.CUT:
                self._send(half)
            case Spoil.RESET:
                self._reset()
            case Spoil.HTML:
                self._send(Answer(200, HTML_PAGE, HTML_TYPE))
            case Spoil.EMPTY:
                self._send(Answer(200, b""))
            case None | Spoil.EXPIRED:
                self._send(answer)
            case _:
                self._send(spoiled_list(answer, spoil, again))

    def _reset(self) -> None:
        """Close without lingering, which sends RST instead of a farewell."""
        linger = struct.pack("ii", 1, 0)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.connection.close()
        self.close_connection = True

    def version_string(self) -> str:
        """Name no versions to the client."""
        return "litreview-demo"

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing: `requests` is the log."""
