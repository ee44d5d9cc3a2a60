"""Crossref: one page at a time through habanero, and what a work's JSON means.

habanero is asked with `cursor_max=0`, the one way to get a single page from
it. It can be given the base address, a mail address and time-outs, but no
connection: each page opens its own, and it follows no redirects.

The cursor is the same text on every page and its state is at the server: each
request moves it on, also one whose answer was lost. A page after the first is
therefore never asked again by `fetch`, unless a front proxy turned the request
away (a complete 429 or 503). After any other failure the walk has to start
again at "*"; so must a later process. The cursor never ends by itself:
`Page.next_cursor` is None after an empty page, and stopping at `Page.total` is
the caller's part.
https://www.crossref.org/documentation/retrieve-metadata/rest-api/ (paging,
limits of December 2025); https://api.crossref.org/swagger-ui (fields).
"""

from __future__ import annotations

import re
from datetime import date
from http import HTTPStatus
from importlib.metadata import version
from json import JSONDecodeError
from typing import Any
from urllib.parse import quote, urlencode

import habanero
import httpx2

from litreview.citation import Author, Citation
from litreview.errors import UsageError
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
    first_text,
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

PUBLIC = "https://api.crossref.org"
_START = "*"
_MOST_PER_PAGE = 1000
# Lists: 3 requests a second with a mail address, 1 without.
_PAUSE_WITH_MAIL, _PAUSE = 0.4, 1.05  # seconds
_PLAIN_PARAMS = frozenset(
    {"query", "filter", "sort", "order", "offset", "sample", "facet", "select"}
)
_DATES = ("issued", "published", "published-print", "published-online", "posted")
_RETRACTIONS = frozenset({"retraction", "withdrawal", "removal"})
_CORRECTIONS = frozenset({"correction", "corrigendum", "erratum"})
_EDITED = frozenset({"book", "edited-book", "monograph", "reference-book"})
# What depositors write where there is no name ("&NA;" reads "and na").
_NO_NAME = frozenset(
    {"", "and na", "na", "unknown", "not available", "author unknown", "et al"}
)
_BLOCK = re.compile(
    r"<(?P<close>/?)(?:jats:)?(?P<name>p|sec|title|abstract|list|list-item|div|br)"
    r"\b[^<>]*>",
    re.IGNORECASE,
)
_ESCAPED_BLOCK = re.compile(r"&(?:amp;)?lt;/?(?:jats:)?(?:p|sec|title)\b")


class _ClientError(Exception):
    """habanero refuses the parameters; nothing was sent."""


def _explain(error: Exception) -> http.Failure:
    """Read what habanero, httpx2 or the answer's shape said.

    habanero wraps errors in several ways; the answer hangs at one of them.
    """
    links = http.chain(error)
    for link in links:
        if isinstance(link, httpx2.HTTPStatusError):
            answer = link.response
            return http.refusal(answer.status_code, answer.text, answer.headers)
    for link in reversed(links):
        if isinstance(link, httpx2.HTTPError):
            return http.Failure(None, http.root_words(link))
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
        RuntimeError,
        ValueError,
        TypeError,
        KeyError,
        AttributeError,  # a message that is text or null
        _ClientError,
    ),
    explain=_explain,
    login="Crossref's public service asks for no key; unset LITREVIEW_CROSSREF_URL.",
)


def client_version() -> str:
    """Return the name and version of the client that asks."""
    return f"habanero {version('habanero')}"


def fetch(request: Request, cursor: str | None, settings: Settings) -> Page:
    """Get exactly one page; `cursor` None is the first one.

    Raises AnswerError (a ServiceError); start again at the first page then.
    """
    start = cursor or _START
    rows = min(request.page_size, _MOST_PER_PAGE)
    first = start == _START
    (message, entries), requests_made = http.call(
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
    )


def _page(
    request: Request, settings: Settings, *, rows: int, cursor: str
) -> tuple[dict[str, Any], list[Any]]:
    """Return one answer's message and its items; ValueError if it has none."""
    options = _client_options(request.params)
    answer = _client(settings).works(**options, cursor=cursor, limit=rows, cursor_max=0)
    message = as_dict(as_dict(answer).get("message"))
    entries = message.get("items")
    if not isinstance(entries, list):
        raise ValueError("(no list of items)")  # noqa: TRY004 -- foreign JSON
    following = message.get("next-cursor")
    if entries and (not isinstance(following, str) or following in {"", _START}):
        raise ValueError("(nothing that follows; the answer does not move on)")
    return message, entries


def count(request: Request, settings: Settings) -> int:
    """Return how many works the service reports; asks for no rows."""
    options = _client_options(request.params)

    def ask() -> int:
        answer = _client(settings).works(**options, limit=0, cursor_max=0)
        return int(answer["message"]["total-results"])

    return http.call(SERVICE, ask, settings, pause=_pause(settings))[0]


def lookup(source_id: str, settings: Settings) -> dict[str, Any] | None:
    """Return one work's payload by its DOI; None where Crossref has no such DOI."""
    doi = normalise_doi(source_id) or source_id

    def ask() -> dict[str, Any]:
        # habanero splits ids at blanks and does not encode '#', '?' and '%'.
        answer = _client(settings).works(ids=[quote(doi, safe="")])
        message = answer["message"]
        if not isinstance(message, dict):
            raise TypeError("(the answer is no single work)")
        return message

    try:
        return http.call(SERVICE, ask, settings, pause=_pause(settings))[0]
    except http.AnswerError as error:
        if error.status == HTTPStatus.NOT_FOUND:
            return None
        raise


def _client(settings: Settings) -> Any:
    timeout = httpx2.Timeout(settings.read_timeout, connect=settings.connect_timeout)
    return habanero.Crossref(
        base_url=settings.base_url or PUBLIC,
        mailto=settings.mailto,
        timeout=timeout,
    )


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


def _pause(settings: Settings) -> float:
    return _PAUSE_WITH_MAIL if settings.mailto else _PAUSE


def citation(payload: dict[str, Any]) -> Citation:
    """Say what a work's JSON means; raises ValueError where it has no DOI."""
    source_id = as_name(payload.get("DOI")).lower()
    if not source_id:
        raise ValueError("no DOI")
    title = _title(payload)
    csl_type, genre, is_study = _kind(payload)
    published, deposited = _date(payload)
    authors, edited = _authors(payload)
    first_container = first_text(payload.get("container-title"))
    noticed = {
        "no-title": not title,
        "not-a-study": not is_study or _is_correction(payload, source_id, title),
        "retraction-notice": _is_notice(payload, title),
        "year-from-deposit": deposited,
        "authors-are-editors": edited,
    }
    return Citation(
        source="crossref",
        source_id=source_id,
        title=title,
        authors=authors,
        year=as_year(published[:4]),
        published=published,
        container_title=first_container
        or first_text(payload.get("short-container-title")),
        volume=as_text(payload.get("volume")),
        issue=as_text(payload.get("issue"))
        or as_text(as_dict(payload.get("journal-issue")).get("issue")),
        pages=as_pages(payload.get("page")) or as_text(payload.get("article-number")),
        doi=normalise_doi(source_id),
        abstract=_abstract(payload.get("abstract")),
        type=csl_type,
        genre=genre,
        language=as_text(payload.get("language")),
        url=_url(payload),
        publisher=as_text(payload.get("publisher")),
        issn=issns(" ".join(map(as_text, as_list(payload.get("ISSN"))))),
        isbn=_isbns(payload),
        retracted=_is_retracted(payload, title),
        flags=tuple(flag for flag, holds in noticed.items() if holds),
    )


def _title(payload: dict[str, Any]) -> str:
    """Return "title: subtitle"; further titles are translations."""
    title = first_text(payload.get("title"))
    title = title or first_text(payload.get("original-title"))
    subtitle = first_text(payload.get("subtitle"))
    if not subtitle or title_key(title).endswith(title_key(subtitle)):
        return title
    if not title:
        return subtitle
    return f"{title} {subtitle}" if title[-1] in ":?!." else f"{title}: {subtitle}"


def _kind(payload: dict[str, Any]) -> tuple[str, str, bool]:
    """Return (CSL type, genre, can be a study); a subtype is the finer genre."""
    csl_type, genre, is_study = csl.kind(as_text(payload.get("type")), csl.CROSSREF)
    subtype = as_text(payload.get("subtype")).replace("_", " ").replace("-", " ")
    return csl_type or "document", (subtype if is_study else "") or genre, is_study


def _date(payload: dict[str, Any]) -> tuple[str, bool]:
    """Return the ISO date of its own precision, and whether it is the deposit's.

    `issued` is the earliest of the print and online dates; the day a record was
    created says only that the work is not younger, so it comes last.
    """
    for name in _DATES:
        if found := _iso(payload.get(name)):
            return found, False
    found = _iso(payload.get("created"))[: len("2000")]
    return found, bool(found)


def _iso(value: Any) -> str:
    """Return the date-parts [[2021, 6, 30]] as "2021-06-30"; 1 to 3 parts."""
    outer = as_list(as_dict(value).get("date-parts"))
    parts = [as_text(part) for part in as_list(outer[0] if outer else None)]
    year = as_year(parts[0]) if parts else None
    if year is None:
        return ""
    numbers = [int(part) for part in parts[1:3] if re.fullmatch(r"[0-9]{1,2}", part)]
    for length in (len(numbers), 1):
        month, day = [*numbers[:length], 1, 1][:2]
        try:
            whole = date(year, month, day).isoformat()
        except ValueError:
            continue
        return whole[: len("2000") + len("-01") * min(length, len(numbers))]
    return f"{year:04}"


def _authors(payload: dict[str, Any]) -> tuple[tuple[Author, ...], bool]:
    """Return the authors, or a book's editors; and whether they are editors."""
    authors = _people(payload.get("author"))
    if authors or as_text(payload.get("type")) not in _EDITED:
        return authors, False
    editors = _people(payload.get("editor"))
    return editors, bool(editors)


def _people(entries: Any) -> tuple[Author, ...]:
    found = (_author(as_dict(entry)) for entry in as_list(entries))
    return tuple(name for name in found if name is not None)


def _author(entry: dict[str, Any]) -> Author | None:
    """Read one contributor: a person, or a group by its `name`."""
    family, given = as_text(entry.get("family")), as_text(entry.get("given"))
    group = as_text(entry.get("name")) or as_text(entry.get("literal"))
    orcid = normalise_orcid(entry.get("ORCID"))
    if title_key(family) in _NO_NAME:
        # Some depositors put the whole name into the given name.
        family, given, group = "", "", group or f"{family} {given}".strip()
    if not family:
        unnamed = title_key(group) in _NO_NAME
        return None if unnamed else Author("", literal=group, orcid=orcid)
    suffix = as_text(entry.get("suffix"))
    return Author(family, f"{given} {suffix}".strip(), orcid=orcid)


def _abstract(value: Any) -> str:
    """Return a JATS abstract as lines, one a paragraph.

    A section's title leads its first paragraph, "Purpose: To find out"; a lone
    heading "Abstract" says nothing and goes. The markup is often not
    well-formed, so it is read tag by tag and not parsed as XML.
    """
    markup = value if isinstance(value, str) else ""
    if _ESCAPED_BLOCK.search(markup):
        markup = _unescaped(markup)
    heading, in_title, lines, start = "", False, [], 0
    for tag in [*_BLOCK.finditer(markup), None]:
        words = clean_markup(markup[start : tag.start() if tag else None])
        if in_title and words:
            heading = "" if title_key(words) == "abstract" else words.rstrip(":. ")
        elif words:
            lines.append(f"{heading}: {words}" if heading else words)
            heading = ""
        start = tag.end() if tag else 0
        in_title = bool(tag and tag["name"].lower() == "title" and not tag["close"])
    return "\n".join(lines)


def _unescaped(markup: str) -> str:
    """Undo one or two layers of escaping, of the brackets alone."""
    for escaped in ("&amp;lt;", "&lt;"):
        markup = markup.replace(escaped, "<")
    for escaped in ("&amp;gt;", "&gt;"):
        markup = markup.replace(escaped, ">")
    return markup


def _is_retracted(payload: dict[str, Any], title: str) -> bool:
    """Tell whether an update takes the work back, or its title says so."""
    updates = map(as_dict, as_list(payload.get("updated-by")))
    taken_back = any(as_text(update.get("type")) in _RETRACTIONS for update in updates)
    return taken_back or csl.is_retracted(title)


def _is_notice(payload: dict[str, Any], title: str) -> bool:
    """Tell whether the record takes another one back."""
    updates = map(as_dict, as_list(payload.get("update-to")))
    takes_back = any(as_text(update.get("type")) in _RETRACTIONS for update in updates)
    return takes_back or csl.is_retraction_notice(title)


def _is_correction(payload: dict[str, Any], source_id: str, title: str) -> bool:
    """Tell whether the record only corrects another one.

    Both must say so, the update and the title: an article printed again in its
    corrected form updates the first one, too, and is a study.
    """
    updates = map(as_dict, as_list(payload.get("update-to")))
    corrects = any(
        as_text(update.get("type")) in _CORRECTIONS
        and as_name(update.get("DOI")).lower() != source_id
        for update in updates
    )
    return corrects and csl.is_correction_notice(title)


def _url(payload: dict[str, Any]) -> str:
    resource = as_dict(as_dict(payload.get("resource")).get("primary"))
    return as_url(resource.get("URL")) or as_url(payload.get("URL"))


def _isbns(payload: dict[str, Any]) -> str:
    """Return the ISBNs, without the address some stand in, parted by blanks."""
    texts = map(as_text, as_list(payload.get("ISBN")))
    numbers = (text.rpartition("/")[2].replace("-", "").upper() for text in texts)
    found = (n for n in numbers if re.fullmatch(r"[0-9]{9}[0-9X]|[0-9]{13}", n))
    return " ".join(dict.fromkeys(found))
