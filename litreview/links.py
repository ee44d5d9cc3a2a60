"""Where a payload says that a full text is: its open-access links, with the terms.

OpenAlex lists locations, each with licence and version, and says which are open
(https://docs.openalex.org/api-entities/works/work-object/location-object). Crossref
lists links and licences of publishers, which are often for subscribers; such a link
is called open only where its licence is Creative Commons
(https://github.com/CrossRef/rest-api-doc, link and license).

Only what the payload says is told: nothing is asked of any service, and no link is
tried. The best link comes first: open before unsure, published before accepted
before submitted, a PDF before a page.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

Payload = Mapping[str, Any]

# What a version is called: OpenAlex's word, or NISO's short one of Crossref.
VERSIONS: Mapping[str, str] = {
    "publishedVersion": "published",
    "acceptedVersion": "accepted",
    "submittedVersion": "submitted",
    "vor": "published",
    "am": "accepted",
}
# The best version first; one that is not told comes last.
_ORDER = ("published", "accepted", "submitted", "")
_CREATIVE_COMMONS = re.compile(
    r"^https?://creativecommons\.org/(licenses|publicdomain)/([a-z-]+)", re.IGNORECASE
)


@dataclass(frozen=True)
class Link:
    """One address of a full text; `is_open` is None where the payload leaves it open.

    `kind` is pdf or page, `version` published, accepted, submitted or empty, `host`
    the journal or repository, `source` the service whose payload says so.
    """

    url: str
    kind: str
    is_open: bool | None
    licence: str
    version: str
    host: str
    source: str


def links(source: str, payload: Payload) -> list[Link]:
    """Return the links that a source's payload holds, the best first, each once."""
    read = _READERS.get(source)
    return best(read(payload)) if read else []


def best(found: Iterable[Link]) -> list[Link]:
    """Return links with the best first, each address once."""
    ordered = sorted(
        found,
        key=lambda link: (
            not link.is_open,
            _ORDER.index(link.version),
            link.kind != "pdf",
            link.url,
        ),
    )
    kept: dict[str, Link] = {}
    for link in ordered:
        kept.setdefault(link.url, link)
    return list(kept.values())


def _openalex(work: Payload) -> Iterator[Link]:
    places = [work.get("best_oa_location"), *_several(work, "locations")]
    places.append(work.get("primary_location"))
    for place in places:
        if not isinstance(place, Mapping) or place.get("is_oa") is not True:
            continue
        host = place.get("source")
        told = {
            "is_open": True,
            "licence": _text(place.get("license")),
            "version": VERSIONS.get(_text(place.get("version")), ""),
            "host": _text(host.get("display_name"))
            if isinstance(host, Mapping)
            else "",
            "source": "openalex",
        }
        for key, kind in (("pdf_url", "pdf"), ("landing_page_url", "page")):
            if url := address(place.get(key)):
                yield Link(url, kind, **told)  # type: ignore[arg-type]
    access = work.get("open_access")
    if not isinstance(access, Mapping) or access.get("is_oa") is not True:
        return
    if url := address(access.get("oa_url")):
        kind = "pdf" if _is_pdf(url) else "page"
        yield Link(url, kind, True, "", "", "", "openalex")


def _crossref(work: Payload) -> Iterator[Link]:
    licences = [
        (_text(one.get("content-version")), _text(one.get("URL")))
        for one in _several(work, "license")
    ]
    host = next(iter(_texts(work.get("container-title"))), "")
    for one in _several(work, "link"):
        url = address(one.get("URL"))
        if not url or _text(one.get("intended-application")) == "similarity-checking":
            continue  # what plagiarism is checked against is open to nobody else
        version = _text(one.get("content-version"))
        # A licence speaks of its version; one that names none speaks of all.
        mine = [u for told, u in licences if told in {version, "", "unspecified"}]
        free = next((u for u in mine if _CREATIVE_COMMONS.match(u)), "")
        yield Link(
            url,
            "pdf"
            if "pdf" in _text(one.get("content-type")) or _is_pdf(url)
            else "page",
            True if free else None,
            _licence(free or next(iter(mine), "")),
            VERSIONS.get(version, ""),
            host,
            "crossref",
        )


_READERS: Mapping[str, Callable[[Payload], Iterator[Link]]] = {
    "openalex": _openalex,
    "crossref": _crossref,
}


def _several(work: Payload, key: str) -> list[Payload]:
    found = work.get(key)
    some = found if isinstance(found, list) else []
    return [one for one in some if isinstance(one, Mapping)]


def _texts(value: object) -> list[str]:
    return (
        [one for one in value if isinstance(one, str)]
        if isinstance(value, list)
        else []
    )


def _text(value: object) -> str:
    return " ".join(value.split()) if isinstance(value, str) else ""


def address(value: object) -> str:
    """Return an address of the web, or nothing: no other scheme is ever shown."""
    url = _text(value)
    try:
        parts = urlsplit(url)
    except ValueError:
        return ""
    good = parts.scheme in {"http", "https"} and parts.netloc and " " not in url
    return url if good else ""


def _is_pdf(url: str) -> bool:
    return urlsplit(url).path.lower().endswith(".pdf")


def _licence(url: str) -> str:
    """Return a Creative Commons licence by its short name, any other as it is."""
    found = _CREATIVE_COMMONS.match(url)
    if not found:
        return url
    name = found[2].lower()
    return name if name in {"zero", "mark"} else f"cc-{name}"
