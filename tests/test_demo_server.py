"""What the two local services promise, asked by the real clients over HTTP."""

from __future__ import annotations

import gzip
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import habanero
import pyalex
import pytest
import requests
from habanero import Crossref

from litreview.demo.answers import Fault, Spoil
from litreview.demo.crossref_api import Crossref as CrossrefService
from litreview.demo.records import Work, abstract_text
from litreview.demo.server import Server, bind, load_records, serve
from litreview.errors import InputFileError, LitreviewError

COUNT = 60


def openalex_fake(number: int) -> Work:
    """Make a small OpenAlex work; every third one is a review of 2020."""
    third = number % 3 == 0
    words = f"Abstract {number} on school climate and coaching".split()
    return {
        "id": f"https://openalex.org/W{number}",
        "doi": f"https://doi.org/10.5555/w{number}",
        "title": f"Teacher learning {number}",
        "publication_year": 2020 if third else 2010,
        "publication_date": "2020-01-01" if third else f"2010-01-{number % 28 + 1:02d}",
        "language": "en" if number % 2 else None,
        "type": "review" if third else "article",
        "is_retracted": number == 1,
        "is_paratext": False,
        "referenced_works": [f"https://openalex.org/W{number + 1}"],
        "abstract_inverted_index": {word: [at] for at, word in enumerate(words)},
    }


def crossref_fake(number: int) -> Work:
    """Make a small Crossref work; every third one is a chapter of 2020."""
    third = number % 3 == 0
    return {
        "DOI": f"10.5555/C{number}",
        "type": "book-chapter" if third else "journal-article",
        "title": [f"Teacher learning {number}" if number % 2 else "School climate"],
        "author": [{"family": f"Farrby{number}", "given": "Ada"}],
        "container-title": ["Demonstration Journal"],
        "issued": {"date-parts": [[2020 if third else 2010]]},
        "indexed": {"date-parts": [[2026, 1, 1]]},
        "abstract": "<jats:p>Zebra</jats:p>" if number == 1 else "",
    }


@pytest.fixture
def server() -> Iterator[Server]:
    """Serve sixty works of each kind."""
    openalex = [openalex_fake(n) for n in range(1, COUNT + 1)]
    crossref = [crossref_fake(n) for n in range(1, COUNT + 1)]
    with serve(openalex, crossref) as running:
        yield running


class Rewriting(requests.adapters.HTTPAdapter):
    """Send what pyalex addresses to the public service to the local one."""

    def __init__(self, base: str) -> None:
        super().__init__()
        self.base = base

    def send(self, request: requests.PreparedRequest, *args: Any, **kw: Any) -> Any:
        """Rewrite the address and send."""
        assert request.url is not None
        request.url = request.url.replace("https://api.openalex.org", self.base, 1)
        return super().send(request, *args, **kw)


@pytest.fixture
def alex(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> Iterator[type[pyalex.Works]]:
    """Give the real pyalex, its session pointed at the local service."""
    with requests.Session() as session:
        session.mount("https://api.openalex.org", Rewriting(server.openalex_url))
        monkeypatch.setattr("pyalex.api._get_requests_session", lambda: session)
        yield pyalex.Works


@pytest.fixture
def crossref(server: Server) -> Crossref:
    """Give the real habanero, pointed at the local service."""
    return Crossref(base_url=server.crossref_url, mailto="demo@example.org")


def ask(server: Server, path: str, **params: object) -> requests.Response:
    """Ask either service without a client library."""
    return requests.get(f"{server.url}{path}", params=params, timeout=10)  # type: ignore[arg-type]


# ---------------------------------------------------------------- OpenAlex


def test_pyalex_walks_all_pages_once(server: Server, alex: type[pyalex.Works]) -> None:
    """A cursor walk gives every work once, in the order asked for."""
    query = alex().search_filter(title_and_abstract='"school climate" AND teacher')
    pager = query.sort(publication_date="asc").paginate(per_page=25, n_max=None)
    pages = list(pager)
    works = [work for page in pages for work in page]
    assert [len(page) for page in pages] == [25, 25, 10]
    assert len({work["id"] for work in works}) == COUNT
    dates = [work["publication_date"] for work in works]
    assert dates == sorted(dates)
    assert pages[0].meta["count"] == COUNT
    assert works[0]["abstract"].startswith("Abstract")
    assert [request.service for request in server.requests] == ["openalex"] * 3


def test_a_full_last_page_leads_to_an_empty_one(server: Server) -> None:
    """The cursor is null only where a page is shorter than asked for."""
    first = ask(server, "/openalex/works", cursor="*", per_page=60).json()
    assert len(first["results"]) == COUNT
    cursor = first["meta"]["next_cursor"]
    last = ask(server, "/openalex/works", cursor=cursor, per_page=60).json()
    assert last["results"] == []
    assert last["meta"]["next_cursor"] is None


def test_an_openalex_cursor_can_be_asked_again(server: Server) -> None:
    """Cursors are stateless: the same one gives the same page."""
    cursor = ask(server, "/openalex/works", cursor="*").json()["meta"]["next_cursor"]
    pages = [ask(server, "/openalex/works", cursor=cursor).json() for _ in range(2)]
    assert pages[0]["results"] == pages[1]["results"] != []


def test_pyalex_finds_a_work_by_id_and_doi(alex: type[pyalex.Works]) -> None:
    """Single works come by W id and by DOI address, others are 404."""
    assert alex()["W7"]["title"] == "Teacher learning 7"
    assert alex()["https://doi.org/10.5555/W7"]["id"].endswith("/W7")
    with pytest.raises(requests.HTTPError, match="404"):
        alex()["W999"]


def test_a_missing_work_is_an_html_page(server: Server) -> None:
    """OpenAlex says 404 in HTML, also for a bare DOI."""
    for key in ("W999", "10.5555/w7", "doi:10.5555/none"):
        answer = ask(server, f"/openalex/works/{key}")
        assert answer.status_code == 404
        assert answer.headers["Content-Type"].startswith("text/html")
    assert ask(server, "/openalex/works/doi:10.5555/w7").json()["id"].endswith("W7")


@pytest.mark.parametrize(
    ("condition", "count"),
    [
        ("type:review", 20),
        ("type:article|review", 60),
        ("type:article review", 0),
        ("type:!review", 40),
        ("language:en", 30),
        ("is_retracted:false", 59),
        ("from_publication_date:2020-01-01", 20),
        ("to_publication_date:2010-01-02", 4),
        ("publication_year:2020", 20),
        ("publication_year:>2010", 20),
        ("publication_year:2000-2010", 40),
        ("doi:10.5555/W7|https://doi.org/10.5555/w8", 2),
        ("ids.openalex:W7|https://openalex.org/W8", 2),
        ("cites:W7", 1),
        ("cites:https://openalex.org/W7", 1),
        ("cites:W99999", 0),
        ("cited_by:W7", 1),
        ("cited_by:W99999|https://openalex.org/W7", 1),
        ("cited_by:!W7", 59),
        ("cited_by:W99999", 0),
        ("has_abstract:false", 0),
        ("title.search:7", 1),
        ("abstract.search:coaches", 60),
        ("title_and_abstract.search.exact:coaches", 0),
        ('title_and_abstract.search:"learning, 7"', 1),
        ("type:review,language:en", 10),
    ],
)
def test_openalex_filters(server: Server, condition: str, count: int) -> None:
    """Filters joined by a comma all hold; values joined by | hold any way."""
    answer = ask(server, "/openalex/works", filter=condition)
    assert answer.json()["meta"]["count"] == count


@pytest.mark.parametrize(
    "params",
    [
        {"filter": "colour:red"},
        {"filter": "title_and_abstract.search:schools, coaching"},
        {"filter": "cites:seven"},
        {"filter": "cited_by:10.5555/w7"},
        {"filter": "cited_by:" + "|".join(f"W{n}" for n in range(101))},
        {"filter": "type:"},
        {"filter": "is_retracted:maybe"},
        {"filter": "from_publication_date:2020"},
        {"filter": "publication_year:soon"},
        {"filter": "doi:" + "|".join(str(n) for n in range(101))},
        {"filter": "title.search:(teacher"},
        {"search": "x" * 1501},
        {"limit": "10"},
        {"per-page": "0"},
        {"per-page": "201"},
        {"per-page": "many"},
        {"page": "501", "per-page": "20"},
        {"page": "2", "cursor": "*"},
        {"cursor": "nonsense"},
        {"cursor": "null"},
        {"sort": "colour:asc"},
        {"sort": "relevance_score:desc"},
        {"select": "colour"},
    ],
)
def test_openalex_refuses_what_the_service_refuses(
    server: Server, params: dict[str, str]
) -> None:
    """A request that cannot mean anything is a 400 with error and message."""
    answer = ask(server, "/openalex/works", **params)
    assert answer.status_code == 400
    assert set(answer.json()) == {"error", "message"}


def test_pyalex_turns_a_refusal_into_its_own_error(alex: type[pyalex.Works]) -> None:
    """The refusal has the words by which pyalex knows a bad query."""
    with pytest.raises(pyalex.api.QueryError, match="colour"):
        alex().filter(colour="red").get()


def test_search_and_select(server: Server) -> None:
    """A search scores its results, best first; select keeps the named fields."""
    answer = ask(
        server, "/openalex/works", search="teacher 7", select="id,relevance_score"
    ).json()
    assert answer["results"][0]["id"].endswith("/W7")
    assert set(answer["results"][0]) == {"id", "relevance_score"}


def test_pages_by_number(server: Server) -> None:
    """page= works without a cursor and then tells no cursor."""
    answer = ask(server, "/openalex/works", **{"page": 3, "per-page": 25}).json()
    assert len(answer["results"]) == 10
    assert answer["meta"]["page"] == 3
    assert "next_cursor" not in answer["meta"]


def test_an_overlong_request_is_414(server: Server) -> None:
    """OpenAlex's front refuses request lines beyond 8,190 bytes."""
    answer = ask(server, "/openalex/works", filter="title.search:" + "a" * 8200)
    assert answer.status_code == 414


# ---------------------------------------------------------------- Crossref


def walk(client: Crossref, rows: int, **params: Any) -> list[dict[str, Any]]:
    """Walk a cursor page by page, to the empty page."""
    pages, cursor = [], "*"
    while True:
        answer = client.works(cursor=cursor, limit=rows, cursor_max=0, **params)
        pages.append(answer["message"])
        cursor = answer["message"]["next-cursor"]
        if not answer["message"]["items"]:
            return pages


def test_habanero_walks_with_one_constant_cursor(
    server: Server, crossref: Crossref
) -> None:
    """Every page carries the same cursor; after the last comes an empty one."""
    pages = walk(crossref, 25, query_bibliographic="teacher learning demonstration")
    assert [len(page["items"]) for page in pages] == [25, 25, 10, 0]
    assert len({page["next-cursor"] for page in pages}) == 1
    assert {page["total-results"] for page in pages} == {COUNT}
    assert len({item["DOI"] for page in pages for item in page["items"]}) == COUNT
    assert len(server.requests) == 4


def test_two_walks_do_not_disturb_each_other(crossref: Crossref) -> None:
    """Each * starts a walk of its own."""
    first = crossref.works(cursor="*", limit=10, cursor_max=0)["message"]
    second = crossref.works(cursor="*", limit=10, cursor_max=0)["message"]
    assert first["next-cursor"] != second["next-cursor"]
    assert first["items"] == second["items"]


def test_an_unknown_cursor_is_invalid(server: Server, crossref: Crossref) -> None:
    """A cursor that the server does not know is a 404 of type cursor-invalid."""
    answer = ask(server, "/crossref/works", cursor="AAAA==")
    assert answer.status_code == 404
    assert answer.json()["message"][0]["type"] == "cursor-invalid"
    with pytest.raises(habanero.RequestError):
        crossref.works(cursor="AAAA==", cursor_max=0)


def test_an_idle_walk_is_forgotten() -> None:
    """After the idle time the server no longer knows the cursor."""
    service = CrossrefService((crossref_fake(1),), idle_seconds=0.01)
    first = json.loads(service.answer("/works", "cursor=*").body)
    (cursor,) = service.walks
    assert first["message"]["next-cursor"] == cursor
    time.sleep(0.02)
    again = requests.models.PreparedRequest()
    again.prepare_url("http://127.0.0.1/works", {"cursor": cursor})
    assert service.answer("/works", str(again.url).partition("?")[2]).status == 404


def test_crossref_ranks_and_does_not_read_abstracts(crossref: Crossref) -> None:
    """One shared word is enough, more rank higher, abstracts do not count."""
    message = crossref.works(query_bibliographic="teacher farrby7 2010")["message"]
    assert message["total-results"] > 30
    assert message["items"][0]["DOI"] == "10.5555/C7"
    scores = [item["score"] for item in message["items"]]
    assert scores == sorted(scores, reverse=True)
    assert crossref.works(query="zebra")["message"]["total-results"] == 0


def test_crossref_field_queries(crossref: Crossref) -> None:
    """Field queries look through their own field and narrow each other."""
    assert crossref.works(query_title="climate")["message"]["total-results"] == 30
    assert crossref.works(query_author="farrby9")["message"]["total-results"] == 1
    both = crossref.works(query_title="climate", query_author="farrby9")
    assert both["message"]["total-results"] == 0


@pytest.mark.parametrize(
    ("condition", "count"),
    [
        ("from-pub-date:2020", 20),
        ("from-pub-date:2020-01-02", 0),
        ("until-pub-date:2019-12-31", 40),
        ("until-pub-date:2020", 60),
        ("type:book-chapter", 20),
        ("type:book-chapter,type:journal-article", 60),
        ("type:book-chapter,until-pub-date:2010", 0),
        ("doi:10.5555/c7", 1),
        ("has-abstract:true", 1),
        ("has-abstract:0x", None),
        ("from-index-date:2026-01-01", 60),
        ("from-index-date:2026-02", 0),
        ("from-online-pub-date:2000", 0),
        ("colour:red", None),
        ("from-pub-date:soon", None),
        ("type", None),
    ],
)
def test_crossref_filters(server: Server, condition: str, count: int | None) -> None:
    """Different filters all hold, the same one repeated holds any way; None is 400."""
    answer = ask(server, "/crossref/works", filter=condition, rows=0)
    if count is None:
        assert answer.status_code == 400
        assert answer.json()["message-type"] == "validation-failure"
    else:
        assert answer.json()["message"]["total-results"] == count


@pytest.mark.parametrize(
    "params",
    [
        {"rows": "1001"},
        {"rows": "-1"},
        {"rows": "ten"},
        {"offset": "10001"},
        {"sort": "colour"},
        {"order": "up"},
        {"select": "language"},
        {"colour": "red"},
        {"cursor": "*", "offset": "5"},
    ],
)
def test_crossref_refuses_what_the_service_refuses(
    server: Server, params: dict[str, str]
) -> None:
    """A bad parameter is a 400 validation failure, not an empty list."""
    answer = ask(server, "/crossref/works", **params)
    assert answer.status_code == 400
    assert answer.json()["status"] == "failed"


def test_crossref_sorts_pages_and_selects(server: Server) -> None:
    """Sorting, offset and select work together."""
    params = {"sort": "published", "order": "asc", "rows": 5, "offset": 38}
    answer = ask(server, "/crossref/works", **params, select="DOI,issued").json()
    years = [item["issued"]["date-parts"][0][0] for item in answer["message"]["items"]]
    assert years == [2010, 2010, 2020, 2020, 2020]
    assert set(answer["message"]["items"][0]) == {"DOI", "issued"}


def test_habanero_finds_a_work_by_doi(server: Server, crossref: Crossref) -> None:
    """A DOI in any case finds the work; an unknown one is a plain-text 404."""
    assert crossref.works(ids="10.5555/c7")["message"]["DOI"] == "10.5555/C7"
    answer = ask(server, "/crossref/works/10.5555%2Fnone")
    assert (answer.status_code, answer.text) == (404, "Resource not found.")


# ---------------------------------------------------------------- the server


def test_page_caps_make_more_pages() -> None:
    """A capped service gives smaller pages than asked for, and nothing is lost."""
    openalex = [openalex_fake(n) for n in range(1, 13)]
    crossref = [crossref_fake(n) for n in range(1, 13)]
    with serve(openalex, crossref, openalex_page=5, crossref_page=4) as server:
        first = ask(server, "/openalex/works", cursor="*", per_page=100).json()
        assert (len(first["results"]), first["meta"]["per_page"]) == (5, 5)
        pages = walk(Crossref(base_url=server.crossref_url), 100)
        assert [len(page["items"]) for page in pages] == [4, 4, 4, 0]


@pytest.mark.parametrize("host", ["0.0.0.0", "", "192.0.2.1", "localhost", "::"])  # noqa: S104
def test_no_other_address_than_loopback(host: str) -> None:
    """The services refuse to be reachable from other machines."""
    with pytest.raises(LitreviewError, match="do not listen"):
        bind(host, 0)


def test_a_taken_port_is_said() -> None:
    """A port in use is an expected failure with a way out."""
    with serve([], []) as server:
        port = int(server.url.rpartition(":")[2])
        with pytest.raises(LitreviewError, match="port"), serve([], [], port=port):
            pass


def test_an_unknown_service_is_404(server: Server) -> None:
    """Paths outside the two services exist no more than unknown routes in them."""
    for path in ("/scopus/works", "/openalex/authors", "/crossref/members", "/"):
        assert ask(server, path).status_code == 404


def test_a_scripted_refusal_leaves_the_crossref_walk_where_it_is(
    server: Server,
) -> None:
    """A front proxy's 429 advances no cursor and tells when to come back."""
    server.faults.append(Fault("crossref", at=2, status=429, retry_after="7"))
    first = ask(server, "/crossref/works", cursor="*", rows=40).json()["message"]
    cursor = first["next-cursor"]
    refused = ask(server, "/crossref/works", cursor=cursor)
    assert (refused.status_code, refused.headers["Retry-After"]) == (429, "7")
    rest = ask(server, "/crossref/works", cursor=cursor).json()["message"]
    assert len(rest["items"]) == 20


def test_a_lost_answer_loses_a_crossref_page(server: Server) -> None:
    """A truncated body has advanced the walk, as the real cursor does."""
    server.faults.append(Fault("crossref", at=2, spoil=Spoil.TRUNCATED))
    first = ask(server, "/crossref/works", cursor="*", rows=40).json()["message"]
    with pytest.raises(requests.RequestException):
        ask(server, "/crossref/works", cursor=first["next-cursor"]).json()
    rest = ask(server, "/crossref/works", cursor=first["next-cursor"]).json()["message"]
    assert rest["items"] == []


def test_spoiled_answers_arrive_as_scripted(server: Server) -> None:
    """Resets, proxy pages, empty bodies, delays and 503s hit the request named."""
    faults = [
        Fault("openalex", at=1, spoil=Spoil.RESET),
        Fault("openalex", at=2, spoil=Spoil.HTML),
        Fault("openalex", at=3, spoil=Spoil.EMPTY),
        Fault("openalex", at=4, status=503),
        Fault("openalex", at=5, delay=0.1),
    ]
    server.faults.extend(faults)
    with pytest.raises(requests.ConnectionError):
        ask(server, "/openalex/works")
    assert "html" in ask(server, "/openalex/works").text
    assert ask(server, "/openalex/works").text == ""
    assert ask(server, "/openalex/works").status_code == 503
    begun = time.monotonic()
    assert ask(server, "/openalex/works").json()["meta"]["count"] == COUNT
    assert time.monotonic() - begun >= 0.1
    assert ask(server, "/openalex/works").status_code == 200


# ---------------------------------------------------------------- recorded works


def test_records_are_read_from_plain_and_packed_files(tmp_path: Path) -> None:
    """Both folders are read, packed or not; an id met twice counts once."""
    for name in ("openalex", "crossref"):
        (tmp_path / name).mkdir()
    one, two = json.dumps(openalex_fake(1)), json.dumps(openalex_fake(2))
    (tmp_path / "openalex" / "a.jsonl").write_text(f"{one}\n\n{two}\n")
    changed = json.dumps({**openalex_fake(1), "title": "later"})
    with gzip.open(tmp_path / "openalex" / "b.jsonl.gz", "wt") as packed:
        packed.write(f"{changed}\n")
    line = json.dumps(crossref_fake(1))
    (tmp_path / "crossref" / "c.jsonl").write_text(f"{line}\n{line.lower()}\n{line}\n")
    (tmp_path / "crossref" / "notes.csv").write_text("not read")
    with pytest.raises(InputFileError):  # `doi` in lower case is no Crossref field
        load_records(tmp_path)
    (tmp_path / "crossref" / "c.jsonl").write_text(f"{line}\n{line}\n")
    openalex, crossref = load_records(tmp_path)
    assert [work["title"] for work in openalex] == [
        "Teacher learning 1",
        "Teacher learning 2",
    ]
    assert len(crossref) == 1


def test_a_flat_folder_is_sorted_by_shape(tmp_path: Path) -> None:
    """Without the two folders, each line tells which service it is from."""
    lines = [json.dumps(openalex_fake(1)), json.dumps(crossref_fake(1))]
    (tmp_path / "mixed.jsonl").write_text("\n".join(lines))
    openalex, crossref = load_records(tmp_path)
    assert (len(openalex), len(crossref)) == (1, 1)


@pytest.mark.parametrize("line", ["{broken", "[1, 2]", '{"id": 5}', '"W1"'])
def test_a_bad_line_is_named(tmp_path: Path, line: str) -> None:
    """A line that is no work is told with its file and number."""
    (tmp_path / "bad.jsonl").write_text(json.dumps(openalex_fake(1)) + f"\n{line}\n")
    with pytest.raises(InputFileError, match=r"bad\.jsonl:2"):
        load_records(tmp_path)


def test_a_broken_archive_and_an_empty_folder_are_said(tmp_path: Path) -> None:
    """Neither a file that is no gzip nor a folder without files is a traceback."""
    with pytest.raises(LitreviewError, match="holds no works"):
        load_records(tmp_path)
    (tmp_path / "bad.jsonl.gz").write_bytes(b"not packed")
    with pytest.raises(InputFileError):
        load_records(tmp_path)


@pytest.mark.parametrize(
    ("index", "expected"),
    [
        ({"b": [1], "a": [0, 5]}, "a b a"),
        ('{"IndexLength": 1, "InvertedIndex": {"old": [0]}}', "old"),
        ("{broken", ""),
        (None, ""),
        ([], ""),
        ({"a": "x"}, ""),
    ],
)
def test_abstracts_are_rebuilt(index: object, expected: str) -> None:
    """Gaps close up, old dumps are understood, anything else is no abstract."""
    assert abstract_text({"abstract_inverted_index": index}) == expected


@pytest.mark.shared
def test_real_works_are_served_fast(shared: Path) -> None:
    """Eleven thousand recorded works load, and a search takes under 0.3 s."""
    openalex, crossref = load_records(shared / "data")
    assert len(openalex) > 6000
    assert len(crossref) > 5000
    leaders = '("school leadership" OR "school principal") AND (school OR teacher)'
    with serve(openalex, crossref) as server:
        for _ in range(2):  # the first search also builds the index
            begun = time.process_time()
            found = ask(server, "/openalex/works", search=leaders, per_page=100).json()
            ranked = ask(
                server, "/crossref/works", query="school leadership", rows=100
            ).json()
            seconds = time.process_time() - begun
    assert found["meta"]["count"] > 100
    assert ranked["message"]["total-results"] > 300
    assert seconds < 0.6
