"""What one answer of a service brings, and how the services are to be asked.

`Page` is one list answer: its items in the service's order, the cursor that
leads on, and the total that the service claims. An `Item` whose payload makes
no sense has no citation but a problem, told in words; it never costs the other
items of the page. The `as_...` functions read JSON whose shape nobody
guarantees: the wrong type counts as absent.
"""

from __future__ import annotations

import gc
import ipaddress
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit

from litreview.citation import Citation
from litreview.errors import UsageError
from litreview.sources import credentials
from litreview.text import clean_markup, printable

_BASE_URLS = {
    "openalex": "LITREVIEW_OPENALEX_URL",
    "crossref": "LITREVIEW_CROSSREF_URL",
}
_KEYS = {"openalex": "OPENALEX_API_KEY"}
_LOGIN = re.compile(r"//[^/@\s]*@")
_EARLIEST_YEAR, _LATEST_YEAR = 1000, 2100
# What stands for "no pages": Wiley's "n/a-n/a", EBSCO's "N.PAG", R's "NA".
_NO_PAGE = r"(?:n\.?\s?/?\s?a\.?|n\.?\s?pag\.?|no pagination|[?-])"
_NO_PAGES = re.compile(rf"{_NO_PAGE}(?:\s*[-\u2013]\s*{_NO_PAGE})?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Item:
    """Hold one record as it came, with what could be read of it.

    `source_id` is None where the payload does not even say which record it is;
    `problem` is '' where `citation` is given.
    """

    source_id: str | None
    payload: dict[str, Any]
    citation: Citation | None
    problem: str


@dataclass(frozen=True, slots=True)
class Page:
    """Hold one answer; `next_cursor` None means that the service is done.

    `total` is the number of records the service reports, None if it does not.
    `url` is the address as asked, without key; `requests` counts all the
    requests made for this page, repeated ones included. `service` is the version
    that the service says it has, if it says so.
    """

    items: list[Item]
    next_cursor: str | None
    total: int | None
    url: str
    requests: int
    service: str = ""


@contextmanager
def uncollected() -> Iterator[None]:
    """Let the garbage collector wait until the page in hand is done with.

    A page makes some 50,000 small lists, none of them in a circle. The collector
    would look through them, and through all else that is loaded, again and again:
    half of the time that parsing takes.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _utc_now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Settings:
    """Say where and how a service is asked; times are in seconds.

    `base_url` None is the public address. `pause` is the least time between
    two calls: None stands for the service's polite limit, or 0 on a loopback
    address. `tries` counts the first one. The last two are there for tests.
    """

    base_url: str | None = None
    key: str | None = None
    mailto: str | None = None
    connect_timeout: float = 5.0
    read_timeout: float = 60.0
    pause: float | None = None
    tries: int = 5
    sleep: Callable[[float], None] = time.sleep
    now: Callable[[], datetime] = _utc_now


def settings_from(environ: Mapping[str, str], source: str) -> Settings:
    """Read the settings of `source` (openalex, crossref) from the environment.

    Key and mail address may also stand in a file (`credentials`). A blank variable
    counts as absent: a blank key would be refused. Raises UsageError for an address
    that is not http or https, or that carries a password: addresses are stored.
    """
    name = _BASE_URLS[source]
    base_url = environ.get(name, "").strip().rstrip("/") or None
    if base_url and not (
        urlsplit(base_url).scheme in {"http", "https"} and urlsplit(base_url).hostname
    ):
        raise UsageError(
            f"{name} is not an address: {_LOGIN.sub('//', base_url)!r}.",
            fix="give it as http://host:port or https://host, or unset it.",
        )
    if "@" in urlsplit(base_url or "").netloc:
        raise UsageError(
            f"{name} carries a name or a password.",
            why="addresses are stored with the pages that came from them.",
            fix="give it as http://host:port or https://host.",
        )
    given = credentials.read(environ)
    return Settings(
        base_url=base_url,
        key=given.get(_KEYS.get(source, "")),
        mailto=given.get("LITREVIEW_MAILTO"),
    )


def is_loopback(base_url: str | None) -> bool:
    """Tell whether the address is on this very machine."""
    host = urlsplit(base_url or "").hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def split_pairs(text: str, what: str) -> dict[str, str]:
    """Split "key:value,key:value" at the commas that stand outside quotes.

    Both clients take filters as a dictionary, in which a repeated key would be
    lost. Its second value is therefore appended to the pair before it, comma
    and key included: on the wire the two forms are the same text. Raises
    UsageError, naming `what`, where the first pair has no colon.
    """
    pairs: dict[str, str] = {}
    for part in _outside_quotes(text):
        key, colon, value = part.partition(":")
        if colon and key not in pairs:
            pairs[key] = value
        elif pairs:
            pairs[next(reversed(pairs))] += f",{part}"
        else:
            raise UsageError(
                f"The {what} of this request has no colon: {part!r}.",
                fix="write it as name:value.",
            )
    return pairs


def _outside_quotes(text: str) -> list[str]:
    """Split at commas that are not between double quotes."""
    parts = [""]
    quoted = False
    for char in text:
        quoted ^= char == '"'
        if char == "," and not quoted:
            parts.append("")
        else:
            parts[-1] += char
    return parts


def as_dict(value: Any) -> dict[str, Any]:
    """Return `value` if it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def as_list(value: Any) -> list[Any]:
    """Return `value` if it is a list, else an empty one."""
    return value if isinstance(value, list) else []


def as_text(value: Any) -> str:
    """Return a string or number as clean text, else ''."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return ""
    return clean_markup(str(value))


def as_pages(value: Any) -> str:
    """Return pages as text, or '' for words that say there are none ("n/a-n/a")."""
    text = as_text(value)
    return "" if _NO_PAGES.fullmatch(text) else text


def as_name(value: Any) -> str:
    """Return an identifier as it is written: in a DOI "<b>" is no markup."""
    return printable(value).strip() if isinstance(value, str) else ""


def first_text(values: Any) -> str:
    """Return the first text with content in a list."""
    return next((text for text in map(as_text, as_list(values)) if text), "")


def as_year(value: Any) -> int | None:
    """Return a year a work can have appeared in, or None."""
    text = as_text(value)
    if len(text) != len("2000") or not (text.isascii() and text.isdecimal()):
        return None
    return int(text) if _EARLIEST_YEAR <= int(text) <= _LATEST_YEAR else None


def as_url(value: Any) -> str:
    """Return a web address, or '' where it has another scheme or blanks."""
    text = as_name(value)
    web = text.lower().startswith(("http://", "https://"))
    return text if web and len(text.split()) == 1 else ""


def read_item(
    entry: Any,
    citation: Callable[[dict[str, Any]], Citation],
) -> Item:
    """Map one entry of a page; what cannot be mapped says why."""
    payload = entry if isinstance(entry, dict) else {"value": entry}
    try:
        mapped = citation(payload)
    except ValueError as error:
        return Item(None, payload, None, str(error))
    return Item(mapped.source_id, payload, mapped, "")
