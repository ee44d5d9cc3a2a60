"""Crossref's filters: the text of a request turned into tests of a work.

Different filters must all hold, the same filter repeated may hold any way, which
is Crossref's rule. Dates may be years, months or days: a work's missing month or
day counts as the first one (so a work dated 2020 is 2020-01-01), and an `until-`
date reaches to the end of the year or month it names.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from litreview.demo.answers import BadRequest
from litreview.demo.records import (
    Work,
    crossref_id,
    date_parts,
    dig,
    first_text,
    listed,
    text,
)

# A date filter's middle part and the fields it reads, the first present one.
DATES: Mapping[str, tuple[str, ...]] = {
    "pub-date": ("issued", "published"),
    "issued-date": ("issued",),
    "online-pub-date": ("published-online",),
    "print-pub-date": ("published-print",),
    "posted-date": ("posted",),
    "created-date": ("created",),
    "deposit-date": ("deposited",),
    "update-date": ("deposited",),
    "index-date": ("indexed",),
}
LAST_DAY = (9999, 12, 31)  # what an until- date is filled up with


def _one(value: object) -> frozenset[str]:
    return frozenset({text(value).lower()})


def _all(values: object) -> frozenset[str]:
    return frozenset(text(value).lower() for value in listed(values))


def _truth(*, value: bool) -> frozenset[str]:
    return frozenset({"true" if value else "false"})


def _has(name: str) -> Callable[[Work], frozenset[str]]:
    return lambda work: _truth(value=bool(work.get(name)))


def _update_types(work: Work) -> frozenset[str]:
    return frozenset(
        text(dig(update, "type")) for update in listed(work.get("update-to"))
    )


def _has_orcid(work: Work) -> frozenset[str]:
    return _truth(value=any(dig(who, "ORCID") for who in listed(work.get("author"))))


# What a work holds under each filter, as lower-case texts to compare with.
VALUES: Mapping[str, Callable[[Work], frozenset[str]]] = {
    "doi": lambda work: frozenset({crossref_id(work)}),
    "type": lambda work: _one(work.get("type")),
    "prefix": lambda work: _one(work.get("prefix")),
    "member": lambda work: _one(work.get("member")),
    "issn": lambda work: _all(work.get("ISSN")),
    "isbn": lambda work: _all(work.get("ISBN")),
    "container-title": lambda work: _one(first_text(work.get("container-title"))),
    "update-type": _update_types,
    "is-update": _has("update-to"),
    "has-update": _has("updated-by"),
    "has-abstract": _has("abstract"),
    "has-references": _has("reference"),
    "has-orcid": _has_orcid,
    "has-license": _has("license"),
    "has-funder": _has("funder"),
}
FLAGS = {"true": "true", "t": "true", "1": "true", "false": "false", "f": "false"}


def filter_test(value: str) -> Callable[[Work], bool]:
    """Turn the filter parameter into a test of a work.

    Raises BadRequest, its kind being Crossref's error type, for a filter unknown
    or malformed.
    """
    wanted: dict[str, set[str]] = {}
    tests: list[Callable[[Work], bool]] = []
    for part in value.split(","):
        name, colon, asked = part.partition(":")
        if not colon or not asked:
            raise BadRequest(f"Filter {part} has no value.", "filter-not-valid")
        if name in VALUES:
            wanted.setdefault(name, set()).add(_wanted(name, asked))
        else:
            tests.append(_date_test(name, asked))
    tests.extend(_value_test(name, values) for name, values in wanted.items())
    return lambda work: all(test(work) for test in tests)


def _value_test(name: str, values: set[str]) -> Callable[[Work], bool]:
    return lambda work: not values.isdisjoint(VALUES[name](work))


def _wanted(name: str, value: str) -> str:
    value = value.strip().lower()
    if name.startswith(("has-", "is-")):
        if value not in FLAGS:
            raise BadRequest(f"Filter {name} is true or false.", "boolean-not-valid")
        return FLAGS[value]
    if name == "doi":
        return re.sub(r"^(https?://(dx\.)?doi\.org/|doi:)", "", value)
    return value


def _date_test(name: str, value: str) -> Callable[[Work], bool]:
    direction, _, middle = name.partition("-")
    if direction not in {"from", "until"} or middle not in DATES:
        known = [f"{way}-{date}" for way in ("from", "until") for date in DATES]
        raise BadRequest(
            f"Filter {name} specified but there is no such filter for this route. "
            f"Valid filters for this route are: {', '.join(sorted([*known, *VALUES]))}",
            "filter-not-available",
        )
    if not re.fullmatch(r"\d{4}(-\d{2}(-\d{2})?)?", value):
        raise BadRequest(
            f"{value} is not a date: yyyy, yyyy-mm or yyyy-mm-dd.", "date-not-valid"
        )
    parts = tuple(int(part) for part in value.split("-"))
    fields = DATES[middle]

    def accepts(work: Work) -> bool:
        held = next((date for f in fields if (date := date_parts(work.get(f)))), ())
        if not held:
            return False
        day = (*held, 1, 1)[:3]
        if direction == "from":
            return day >= (*parts, 1, 1)[:3]
        return day <= (*parts, *LAST_DAY[len(parts) :])

    return accepts
