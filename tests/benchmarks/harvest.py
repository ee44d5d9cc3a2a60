"""Print what a harvest costs against pyalex alone writing the same pages to a file.

    python tests/benchmarks/harvest.py [WORKS] [--profile]

WORKS (100,000) works are served over loopback by a process of its own, 100 a page:
the recorded works of the shared folder, each many times under other ids, or works
made up where the folder is absent. One client process harvests them into SQLite as
`litreview harvest` does, page by page. Another one fetches the same pages with pyalex
and writes each work as a line of JSON. CPU seconds and the largest resident memory
are those of the client processes alone. The promise: at most twice the CPU, and less
than 400 MB.
"""

from __future__ import annotations

import cProfile
import gzip
import http.server
import json
import multiprocessing
import os
import pstats
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pyalex
import pyalex.api
import requests

WORKS, PER_PAGE = 100_000, 100
MOST_TIMES, MOST_MEGABYTES = 2.0, 400.0
ROOT = Path(__file__).resolve().parents[2]
SHARED = Path(os.environ.get("LITREVIEW_SHARED", ROOT.parent / "shared"))
RECORDED = SHARED / "data" / "openalex" / "synergy.jsonl.gz"
PUBLIC = "https://api.openalex.org"
FILTER = {"title_and_abstract.search": "teacher"}


# -- the service -------------------------------------------------------------------


def made_up(number: int) -> dict[str, Any]:
    """Make a work of about 10 KB, most of it an inverted index."""
    words = {f"word{number * 7 % 97 + n}": [n, n + 170] for n in range(170)}
    authors = [
        {
            "author": {"id": f"A{n}", "display_name": f"Ada {n} Number{number}"},
            "raw_author_name": f"Ada {n} Number{number}",
            "institutions": [{"display_name": f"University {m}"} for m in range(3)],
        }
        for n in range(8)
    ]
    return {
        "title": f"Teacher trust in school {number}",
        "publication_year": 2001 + number % 20,
        "publication_date": f"{2001 + number % 20}-03-01",
        "type": "article",
        "language": "en",
        "authorships": authors,
        "abstract_inverted_index": words,
        "referenced_works": [f"https://openalex.org/W{n}" for n in range(60)],
    }


def payloads() -> list[bytes]:
    """Return works as JSON that lacks only the opening brace and the ids."""
    if RECORDED.exists():
        with gzip.open(RECORDED, "rt", encoding="utf-8") as lines:
            works = [json.loads(line) for line in lines]
    else:
        works = [made_up(number) for number in range(1_000)]
    for work in works:
        work.pop("id", None)
        work.pop("doi", None)
    return [json.dumps(work).encode()[1:] for work in works]


def page(bodies: list[bytes], number: int, total: int) -> bytes:
    """Return one page of the answer."""
    first = number * PER_PAGE
    last = min(first + PER_PAGE, total)
    works = [
        b'{"id": "https://openalex.org/W%d", "doi": "https://doi.org/10.5555/w.%d", '
        % (n + 1, n + 1)
        + bodies[n % len(bodies)]
        for n in range(first, last)
    ]
    cursor = b"null" if last >= total else b'"%d"' % (number + 1)
    meta = b'{"count": %d, "per_page": %d, "next_cursor": %s}' % (
        total, PER_PAGE, cursor,
    )  # fmt: skip
    return b'{"meta": %s, "results": [%s], "group_by": []}' % (meta, b", ".join(works))


def offer(total: int, told: Any) -> None:
    """Serve until the process is ended; tell the port first."""
    bodies = payloads()

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            """Say nothing."""

        def do_GET(self) -> None:
            cursor = parse_qs(urlsplit(self.path).query)["cursor"][0]
            body = page(bodies, 0 if cursor == "*" else int(cursor), total)
            self.send_response(200)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    told.send(server.server_address[1])
    server.serve_forever()


# -- the two clients -----------------------------------------------------------------


def with_pyalex(url: str, folder: Path, total: int) -> None:
    """Fetch all pages with pyalex alone and write each work as a line."""

    class Here(requests.adapters.HTTPAdapter):
        def send(self, request: Any, *args: Any, **kwargs: Any) -> Any:
            request.url = request.url.replace(PUBLIC, url, 1)
            return super().send(request, *args, **kwargs)

    session = requests.Session()
    session.mount(PUBLIC, Here())
    pyalex.api._get_requests_session = lambda: session
    query = pyalex.Works().filter(**FILTER).sort(publication_date="asc")
    written = 0
    with (folder / "works.jsonl").open("w", encoding="utf-8") as file:
        for works in query.paginate(per_page=PER_PAGE, n_max=None):
            for work in works:
                file.write(json.dumps(work))
                file.write("\n")
            written += len(works)
    assert written == total, written


def with_litreview(url: str, folder: Path, total: int) -> None:
    """Harvest all pages into SQLite, as the command does."""
    # Not at the top: the other client's process shall not carry all this.
    from litreview import db  # noqa: PLC0415
    from litreview.harvest import harvest  # noqa: PLC0415
    from litreview.models import Person  # noqa: PLC0415
    from litreview.queries import Request  # noqa: PLC0415
    from litreview.searches import Search  # noqa: PLC0415
    from litreview.sources.page import Settings  # noqa: PLC0415
    from litreview.vocabulary import Role  # noqa: PLC0415

    engine = db.engine_for(f"sqlite:///{folder / 'review.sqlite'}")
    db.create(engine)
    db.write(engine, lambda s: s.add(Person(handle="l", name="l", role=Role.LEAD)))
    params = {
        "filter": "title_and_abstract.search:teacher",
        "sort": "publication_date:asc",
    }
    request = Request(
        source="openalex", strategy="b", params=params, keep=None, page_size=PER_PAGE
    )
    search = Search("b", "a benchmark", request)
    settings = {"openalex": Settings(base_url=url)}
    (result,) = harvest(
        lambda work: db.write(engine, work), [search], by="l", settings=settings
    )
    assert result.complete, result
    assert result.found == total, result.found
    engine.dispose()


def measured(client: Callable[[str, Path, int], None], *given: Any) -> None:
    """Run a client in this process; tell its CPU seconds, wall seconds and memory."""
    url, total, told, profiled = given
    profile = cProfile.Profile()
    with tempfile.TemporaryDirectory() as folder:
        before, begun = time.process_time(), time.perf_counter()
        if profiled:
            profile.enable()
        client(url, Path(folder), total)
        profile.disable()
        used = time.process_time() - before
        wall = time.perf_counter() - begun
    if profiled:
        pstats.Stats(profile).sort_stats("tottime").print_stats(35)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    told.send((used, wall, peak))


def say(line: str) -> None:
    """Print a line."""
    sys.stdout.write(f"{line}\n")


def main() -> int:
    """Run both clients and print the comparison; 1 where the promise is broken."""
    profiled = "--profile" in sys.argv
    numbers = [int(word) for word in sys.argv[1:] if word.isdecimal()]
    total = (numbers or [WORKS])[0]
    context = multiprocessing.get_context("spawn")
    mine, other = context.Pipe()
    server = context.Process(target=offer, args=(total, other), daemon=True)
    server.start()
    url = f"http://127.0.0.1:{mine.recv()}"
    found = {}
    clients = {"pyalex to JSON lines": with_pyalex, "litreview": with_litreview}
    for name, client in clients.items():
        child = context.Process(
            target=measured, args=(client, url, total, other, profiled)
        )
        child.start()
        child.join()
        if child.exitcode:
            return child.exitcode
        found[name] = mine.recv()
        used, wall, peak = found[name]
        say(f"{name:22} {used:8.1f} s CPU {wall:8.1f} s {peak:8.0f} MB")
    server.terminate()
    (base, *_), (ours, _wall, peak) = found.values()
    say(f"{total:,} works: {ours / base:.2f} times the CPU, {peak:.0f} MB at most")
    return int(ours / base > MOST_TIMES or peak >= MOST_MEGABYTES)


if __name__ == "__main__":
    sys.exit(main())
