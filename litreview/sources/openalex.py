"""OpenAlex: one page at a time through pyalex, and what a work's JSON means.

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
import json
import re
import threading
from datetime import date
from http import HTTPStatus
from importlib.metadata import version
from operator import itemgetter
from typing import Any
from urllib.parse import quote

import pyalex
import pyalex.api
import requests
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from litreview.citation import Author, Citation, author
from litreview.queries import Request
from litreview.sources import csl, http
from litreview.sources.page import (
    Page,
    Settings,
    as_dict,
    as_list,
    as_name,
    as_pages,
    as_text,
    as_url,
    as_year,
    read_item,
    split_pairs,
)
from litreview.text import (
    clean_markup,
    issns,
    normalise_doi,
    normalise_orcid,
    title_key,
)

PUBLIC = "https://api.openalex.org"
_START = "*"
_MOST_PER_PAGE = 100  # documented maximum; more is answered as a courtesy only
_CALL_PAUSE = 0.15  # seconds; keyless and free keys allow 10 requests a second
_OPERATORS_BEFORE_SLOW = 5  # more AND/OR/NOT: 1 request a second, 5 with a key
_SLOW_PAUSE, _SLOW_PAUSE_WITH_KEY = 1.05, 0.21  # seconds
_LONGEST_ABSTRACT = 1500  # words; beyond that the full text leaked in
_LIST_AUTHORS = 100  # lists cut the authors here
# Indexes that stand as "source" where the journal's name is in the raw data.
_INDEXES = frozenset({"PubMed", "PubMed Central", "Europe PMC (PubMed Central)"})
_NAMELESS_AUTHOR = "https://openalex.org/A9999999999"

_CONFERENCE_HINTS = frozenset(
    {
        "conference",
        "proceedings-article",
        "proceedings paper",
        "info:eu-repo/semantics/conferencepaper",
    }
)
_LONGEST_NAME = 250  # characters; longer raw "names" are whole references
# "Abstract" printed before the abstract; "Abstract thinking is" stays.
_HEADING = re.compile(r"^(?:Abstract|ABSTRACT)(?:\s*[:.]\s*|\s+(?=[A-Z]))")

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


def _pause(params: dict[str, str], settings: Settings) -> float:
    """Return the polite pause: long Boolean queries have a lower limit."""
    words = " ".join(params.values()).split()
    if sum(word in {"AND", "OR", "NOT"} for word in words) <= _OPERATORS_BEFORE_SLOW:
        return _CALL_PAUSE
    return _SLOW_PAUSE_WITH_KEY if settings.key else _SLOW_PAUSE


def citation(payload: dict[str, Any]) -> Citation:
    """Say what a work's JSON means; raises ValueError where it is no work."""
    source_id = _work_id(payload)
    title = as_text(payload.get("title")) or as_text(payload.get("display_name"))
    doi = normalise_doi(as_name(payload.get("doi")))
    csl_type, genre, is_study = _kind(payload)
    year, published = _date(payload)
    biblio = as_dict(payload.get("biblio"))
    container_title, publisher, issn = _container(payload)
    abstract = _abstract(payload.get("abstract_inverted_index"))
    noticed = {
        "no-title": not title,
        "not-a-study": not is_study,
        "retraction-notice": genre == "retraction" or csl.is_retraction_notice(title),
        "authors-truncated": _authors_truncated(payload),
        "long-abstract": len(abstract.split()) > _LONGEST_ABSTRACT,
    }
    return Citation(
        source="openalex",
        source_id=source_id,
        title=title,
        authors=_authors(payload),
        year=year,
        published=published,
        container_title=container_title,
        volume=as_text(biblio.get("volume")),
        issue=as_text(biblio.get("issue")),
        pages=_pages(biblio),
        doi=doi,
        abstract=abstract,
        type=csl_type,
        genre=genre,
        language=as_text(payload.get("language")),
        url=_url(payload, doi, source_id),
        publisher=publisher,
        issn=issn,
        pmid=_pmid(payload),
        retracted=payload.get("is_retracted") is True or csl.is_retracted(title),
        flags=tuple(flag for flag, holds in noticed.items() if holds),
    )


def _work_id(payload: dict[str, Any]) -> str:
    """Return "W123" of "https://openalex.org/W123"; raises ValueError."""
    address = as_text(payload.get("id"))
    found = re.search(r"(?:^|/)(W[0-9]+)$", address, re.IGNORECASE)
    if found is None:
        raise ValueError(f"no OpenAlex work id, but {address[:80]!r}")
    return found[1].upper()


def _kind(payload: dict[str, Any]) -> tuple[str, str, bool]:
    """Return (CSL type, genre, can be a study)."""
    word = as_text(payload.get("type"))
    location = as_dict(payload.get("primary_location"))
    hints = {
        as_text(payload.get("type_crossref")),
        as_text(location.get("raw_type")).casefold(),
        as_text(as_dict(location.get("source")).get("type")),
    }
    if word == "article" and hints & _CONFERENCE_HINTS:
        word = "conference-paper"
    csl_type, genre, is_study = csl.kind(word, csl.OPENALEX)
    return csl_type, genre, is_study and payload.get("is_paratext") is not True


def _date(payload: dict[str, Any]) -> tuple[int | None, str]:
    """Return the year and the ISO date; 1 January stands for "that year"."""
    year = as_year(payload.get("publication_year"))
    text = as_text(payload.get("publication_date"))
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return year, str(year or "")
    year = year or as_year(day.year)
    if (day.month, day.day) == (1, 1) or year is None:
        return year, str(year or "")
    return year, day.isoformat()


def _container(payload: dict[str, Any]) -> tuple[str, str, str]:
    """Return the container's title, publisher and ISSNs."""
    location = as_dict(payload.get("primary_location"))
    # Dumps made before 2024 name the journal in host_venue.
    source = as_dict(location.get("source")) or as_dict(payload.get("host_venue"))
    raw_name = as_text(location.get("raw_source_name"))
    name = as_text(source.get("display_name"))
    if not name or name in _INDEXES:
        return (raw_name if len(raw_name) <= _LONGEST_NAME else ""), "", ""
    publisher = source.get("host_organization_name") or source.get("publisher")
    numbers = [source.get("issn_l"), *as_list(source.get("issn"))]
    return name, as_text(publisher), issns(" ".join(map(as_text, numbers)))


def _pages(biblio: dict[str, Any]) -> str:
    """Return "first-last", or one page."""
    ends = [as_pages(biblio.get("first_page")), as_pages(biblio.get("last_page"))]
    return "-".join(dict.fromkeys(end for end in ends if end))


def _authors(payload: dict[str, Any]) -> tuple[Author, ...]:
    """Return the authors in their order; entries without a name are left out."""
    entries = map(as_dict, as_list(payload.get("authorships")))
    authors = map(_author, entries)
    return tuple(found for found in authors if found is not None)


def _author(authorship: dict[str, Any]) -> Author | None:
    """Read one authorship.

    The profile's name comes first, as printed names are often cut to initials;
    but a printed "Family, Given" of the same words tells where the name parts.
    """
    profile = as_dict(authorship.get("author"))
    known = profile.get("id") != _NAMELESS_AUTHOR
    name = as_text(profile.get("display_name")) if known else ""
    raw = as_text(authorship.get("raw_author_name"))
    if "," in raw and sorted(title_key(raw).split()) == sorted(title_key(name).split()):
        name = raw
    return author(name or raw, orcid=normalise_orcid(profile.get("orcid")))


def _authors_truncated(payload: dict[str, Any]) -> bool:
    cut = payload.get("is_authors_truncated") is True
    return cut or len(as_list(payload.get("authorships"))) == _LIST_AUTHORS


def _abstract(index: Any) -> str:
    """Rebuild the abstract from its inverted index, {word: [positions]}.

    Old dumps hold the index as a JSON string; gaps simply close.
    """
    if isinstance(index, str):
        try:
            index = json.loads(index)
        except ValueError:
            return ""
    words = as_dict(index)
    words = as_dict(words.get("InvertedIndex")) or words
    placed = [
        (position, word)
        for word, positions in words.items()
        for position in as_list(positions)
        if isinstance(position, int)
    ]
    placed.sort(key=itemgetter(0))
    return _HEADING.sub("", clean_markup(" ".join(word for _, word in placed)))


def _url(payload: dict[str, Any], doi: str, source_id: str) -> str:
    """Return where a person can read about the work."""
    location = as_dict(payload.get("primary_location"))
    landing_page = as_url(location.get("landing_page_url"))
    address = f"https://doi.org/{quote(doi, safe='/:;()')}" if doi else ""
    return landing_page or address or f"https://openalex.org/{source_id}"


def _pmid(payload: dict[str, Any]) -> str:
    """Return the number in "https://pubmed.ncbi.nlm.nih.gov/19321022"."""
    address = as_text(as_dict(payload.get("ids")).get("pmid"))
    found = re.search(r"([0-9]{1,9})/?$", address)
    return found[1] if found else ""
