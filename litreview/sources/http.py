"""Asking a service until it answers, or saying in its own words why it will not.

`call` runs one request of a client library. What passes by itself (a lost
connection, a busy server, an answer cut short, a page of HTML instead of JSON)
is asked again after a growing, jittered pause; a `Retry-After` is obeyed up to
two minutes. What will not pass (a wrong query, a missing key, a budget spent
until midnight) is raised at once as an `AnswerError`. Every message carries
what the service said, and none carries the key.

Each service has its turn (`turns`): `call` leaves the polite pause between two calls.
"""

from __future__ import annotations

import json
import logging
import os
import random
import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import TypeVar
from urllib.parse import quote, quote_plus, urlsplit

from litreview.errors import ServiceError
from litreview.sources import turns
from litreview.sources.page import Settings, as_dict, as_list, as_text, is_loopback
from litreview.text import clean_markup, printable

_log = logging.getLogger(__name__)

Answer = TypeVar("Answer")

# 408 and 425: the request did not arrive whole; 429: too fast; 5xx: the
# service or a proxy before it (520-524 are Cloudflare's).
PASSING = frozenset({408, 425, 429, 500, 502, 503, 504, 520, 521, 522, 523, 524, 529})
# Answers of a front proxy that turned the request away before the service saw it.
TURNED_AWAY = frozenset({429, 503})
_FIRST_WAIT, _LONGEST_WAIT = 1.0, 60.0  # seconds of back-off
_LONGEST_RETRY_AFTER = 120.0  # seconds; beyond that a person should decide
_QUOTED = 300  # characters of a service's message
# Secrets are blotted out in all of these characters, so that none is cut in two.
_READ = 100_000
_LOGIN = re.compile(r"//[^/@\s]+@")  # of a proxy: //name:password@host
_PLAN = "plan upgrade required"  # OpenAlex, with status 429: never passes


@dataclass(frozen=True, slots=True)
class Failure:
    """Hold what is known of a failed request.

    `status` is None where no complete answer came; `words` is what the service
    (or the network) said; `useless` means that asking again cannot help.
    """

    status: int | None
    words: str
    retry_after: str = ""
    useless: bool = False


class AnswerError(ServiceError):
    """A service did not give what was asked, after all the tries it deserved.

    `status` is the HTTP status, None without a complete answer. `permanent`
    says that the same request will fail again; `resume_at` when it may work.
    """

    def __init__(  # noqa: PLR0913 -- the three parts of every error, and three facts
        self,
        what: str,
        *,
        why: str = "",
        fix: str = "",
        status: int | None = None,
        permanent: bool = False,
        resume_at: datetime | None = None,
    ) -> None:
        super().__init__(what, why=why, fix=fix)
        self.status = status
        self.permanent = permanent
        self.resume_at = resume_at


@dataclass(frozen=True, slots=True)
class Service:
    """Describe a service: its name, its client's errors, how to log in.

    `errors` are all the exceptions its client raises for a failed request;
    `explain` turns one into a `Failure`; `login` is the fix for a 401. A `serial`
    service is asked one thing at a time.
    """

    name: str
    errors: tuple[type[Exception], ...]
    explain: Callable[[Exception], Failure]
    login: str
    serial: bool = False


def passing(failure: Failure) -> bool:
    """Tell whether the same request may succeed in a moment."""
    if failure.useless or _PLAN in failure.words.lower():
        return False
    return failure.status in (None, HTTPStatus.OK) or failure.status in PASSING


def turned_away(failure: Failure) -> bool:
    """Tell whether the request was refused before the service did anything."""
    return passing(failure) and failure.status in TURNED_AWAY


def call(
    service: Service,
    ask: Callable[[], Answer],
    settings: Settings,
    *,
    pause: float,
    may_retry: Callable[[Failure], bool] = passing,
) -> tuple[Answer, int]:
    """Run `ask` until it succeeds; return its answer and the requests made.

    `pause` is the least time between two calls at the public address, in
    seconds. Raises AnswerError when the request fails for good.
    """
    prepare_environment(settings.base_url)
    for attempt in range(1, max(settings.tries, 1) + 1):
        try:
            with turns.turn(service.name, settings, pause, serial=service.serial):
                return ask(), attempt
        except service.errors as error:
            failure = _without_secrets(service.explain(error), settings)
            wait = _wait(failure, attempt, settings)
            if (
                attempt >= settings.tries
                or not may_retry(failure)
                or wait > _LONGEST_RETRY_AFTER
            ):
                raise _final(service, failure, attempt, settings) from None
        _log.info("%s: %s; again in %.1f s", service.name, failure.words, wait)
        settings.sleep(wait)
    raise AssertionError  # the last attempt returned or raised


def _wait(failure: Failure, attempt: int, settings: Settings) -> float:
    """Return the seconds to wait: the service's wish, or doubling with jitter."""
    asked = retry_after(failure.retry_after, settings.now())
    if asked and failure.status is not None:
        return asked
    longest = min(_LONGEST_WAIT, _FIRST_WAIT * 2.0 ** (attempt - 1))
    return longest * random.uniform(0.5, 1.0)  # noqa: S311 -- spreads load, no secret


def retry_after(value: str, now: datetime) -> float | None:
    """Return the seconds that a Retry-After header asks for, or None.

    It is a number of seconds or a date (RFC 9110, section 10.2.3).
    """
    value = value.strip()
    if re.fullmatch(r"[0-9]{1,9}(?:\.[0-9]+)?", value):
        return float(value)
    with suppress(ValueError):
        when = parsedate_to_datetime(value)
        when = when if when.tzinfo else when.replace(tzinfo=UTC)
        return max(0.0, (when - now).total_seconds())
    return None


def _final(
    service: Service, failure: Failure, attempts: int, settings: Settings
) -> AnswerError:
    """Make the error that ends the tries."""
    seconds = retry_after(failure.retry_after, settings.now())
    late = passing(failure) and seconds is not None and seconds > _LONGEST_RETRY_AFTER
    resume_at = None
    if late and seconds is not None:
        resume_at = settings.now().astimezone(UTC) + timedelta(seconds=seconds)
    permanent = not passing(failure) and "cursor" not in failure.words.lower()
    return AnswerError(
        _what(service.name, failure, attempts),
        why=_why(failure),
        fix=_fix(service, failure, resume_at),
        status=failure.status,
        permanent=permanent,
        resume_at=resume_at,
    )


def _what(name: str, failure: Failure, attempts: int) -> str:
    """Say what happened, in one sentence."""
    times = f" ({attempts} tries)" if attempts > 1 else ""
    if failure.status is None:
        return f"{name} gave no usable answer{times}."
    if failure.status == HTTPStatus.OK:
        return f"{name} answered with something that is no record list{times}."
    with suppress(ValueError):
        phrase = HTTPStatus(failure.status).phrase
        return f"{name} answered {failure.status} {phrase}{times}."
    return f"{name} answered {failure.status}{times}."


def _why(failure: Failure) -> str:
    """Quote the service, or the system where no complete answer came."""
    if not failure.words:
        return ""
    stop = "" if failure.words.endswith((".", "!", "?", "…")) else "."
    told = "The connection failed:" if failure.status is None else "It says:"
    return f"{told} {failure.words}{stop}"


def _fix(service: Service, failure: Failure, resume_at: datetime | None) -> str:
    """Say what the person can do."""
    if resume_at is not None:
        when = (resume_at + timedelta(seconds=59)).strftime("%Y-%m-%d %H:%M UTC")
        return f"run the same command again after {when}; what is stored stays."
    if failure.status == HTTPStatus.UNAUTHORIZED:
        return service.login
    if not passing(failure) and "cursor" not in failure.words.lower():
        return "change the search strategy or the settings; asking again will not help."
    return (
        "check the connection (behind a proxy: HTTPS_PROXY and SSL_CERT_FILE), then "
        "run the same command again; what is stored stays."
    )


def _without_secrets(failure: Failure, settings: Settings) -> Failure:
    """Return the failure without key, mail address and logins, fit for a terminal.

    A service may tell back what it was sent, in any of these spellings.
    """
    words = failure.words
    for name, secret in (("key", settings.key), ("mail", settings.mailto)):
        for spelling in {secret or "", quote(secret or ""), quote_plus(secret or "")}:
            words = words.replace(spelling, f"({name})") if spelling else words
    words = _LOGIN.sub("//(login)@", words)
    words = clean_markup(printable(words))
    words = words if len(words) <= _QUOTED else words[:_QUOTED] + "…"
    return Failure(failure.status, words, failure.retry_after, failure.useless)


def refusal(status: int, body: str, headers: Mapping[str, str]) -> Failure:
    """Read a complete error answer: its message, whatever form it has."""
    return Failure(status, service_words(body), headers.get("Retry-After", ""))


def service_words(body: str) -> str:
    """Return the message in an error body: OpenAlex's, Crossref's, or HTML."""
    try:
        answer = json.loads(body)
    except ValueError:
        title = re.search(r"<title[^<>]*>([^<]*)", body, re.IGNORECASE)
        return title[1] if title else body[:_READ]
    fields = as_dict(answer)
    told = [as_text(fields.get("error")), as_text(fields.get("message"))]
    for part in map(as_dict, as_list(fields.get("message"))):
        told += [as_text(part.get("type")), as_text(part.get("message"))]
    return ": ".join(dict.fromkeys(text for text in told if text)) or body[:_READ]


def chain(error: BaseException) -> list[BaseException]:
    """Return an exception and all that it was raised from or during."""
    found: list[BaseException] = []
    link: BaseException | None = error
    while link is not None and link not in found:
        found.append(link)
        link = link.__cause__ or link.__context__
    return found


def root_words(error: BaseException) -> str:
    """Say what kind of network error it is, and what the system said."""
    return f"{type(error).__name__}: {chain(error)[-1]}"


def prepare_environment(base_url: str | None) -> None:
    """Let both client libraries see the same proxy and certificate settings.

    requests (under pyalex) reads REQUESTS_CA_BUNDLE, httpx2 (under habanero)
    SSL_CERT_FILE; whichever is set holds for both. A server on this machine
    is never asked through a proxy. Set once and kept: a thread that restored
    the old values would take them away from another thread's request.
    """
    bundle = os.environ.get("REQUESTS_CA_BUNDLE") or os.environ.get("CURL_CA_BUNDLE")
    own = os.environ.get("SSL_CERT_FILE")
    if own and not bundle:
        os.environ["REQUESTS_CA_BUNDLE"] = own
    if bundle and not own and not os.environ.get("SSL_CERT_DIR"):
        name = "SSL_CERT_DIR" if os.path.isdir(bundle) else "SSL_CERT_FILE"  # noqa: PTH112
        os.environ[name] = bundle
    if is_loopback(base_url):
        _ask_directly(urlsplit(base_url or "").hostname or "")


def _ask_directly(host: str) -> None:
    """Add `host` to the hosts asked without proxy; the lower case name wins."""
    told = os.environ.get("no_proxy") or os.environ.get("NO_PROXY") or ""
    hosts = [part.strip() for part in told.split(",") if part.strip()]
    if host not in hosts and "*" not in hosts:
        told = ",".join([*hosts, host])
        os.environ["no_proxy"] = os.environ["NO_PROXY"] = told
