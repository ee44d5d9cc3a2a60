"""OpenAlex's filters: the text of a request turned into tests of a work.

`conditions` reads the parameters into (name, value) pairs, a search being named
`search:FIELD` or `search:FIELD.exact`; `filter_test` turns any other pair into a
function that says yes or no to a work. What the service would refuse with 400
raises BadRequest.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date

from litreview.demo.answers import BadRequest
from litreview.demo.records import Work, dig, listed, openalex_id, text

MAX_VALUES = 100  # values joined by | in one filter
MAX_SEARCH = 1_500  # characters of a search parameter (filters are not capped)

SEARCHED: Mapping[str, tuple[str, ...]] = {
    "default": ("title", "abstract"),
    "title_and_abstract": ("title", "abstract"),
    "title": ("title",),
    "display_name": ("title",),
    "abstract": ("abstract",),
}
BOOLEANS = frozenset(
    {"is_retracted", "is_paratext", "has_abstract", "has_doi", "open_access.is_oa"}
)
# Filter -> the date of a work that has to reach it; only those who pay may ask.
PAID = {"from_updated_date": "updated_date", "from_created_date": "created_date"}
DATES = frozenset({"from_publication_date", "to_publication_date", *PAID})
NUMBERS = frozenset({"publication_year", "cited_by_count"})

UNKNOWN = frozenset({"null"})  # what a filter calls the lack of any value


def _lowered(*values: object) -> frozenset[str]:
    return frozenset(text(value).lower() for value in values if text(value))


def bare_ids(values: object) -> frozenset[str]:
    """Cut ids to their last part: https://openalex.org/W1 and W1 are the same."""
    return frozenset(text(value).rpartition("/")[2].lower() for value in listed(values))


def bare_doi(value: str) -> str:
    """Cut a DOI from its URL or doi: form, in lower case."""
    return re.sub(r"^(https?://(dx\.)?doi\.org/|doi:)", "", value.strip().lower())


def _truth(value: object) -> frozenset[str]:
    return frozenset({"true" if value else "false"})


def _id_values(work: Work) -> frozenset[str]:
    return frozenset({openalex_id(work).lower()})


# What a work holds under each filter, as lower-case texts to compare with.
VALUES: Mapping[str, Callable[[Work], frozenset[str]]] = {
    "type": lambda work: _lowered(work.get("type")),
    "language": lambda work: _lowered(work.get("language")),
    "doi": lambda work: _lowered(bare_doi(text(work.get("doi")))),
    "ids.openalex": _id_values,
    "openalex": _id_values,
    "openalex_id": _id_values,
    "cites": lambda work: bare_ids(work.get("referenced_works")),
    "is_retracted": lambda work: _truth(work.get("is_retracted")),
    "is_paratext": lambda work: _truth(work.get("is_paratext")),
    "has_abstract": lambda work: _truth(work.get("abstract_inverted_index")),
    "has_doi": lambda work: _truth(work.get("doi")),
    "open_access.is_oa": lambda work: _truth(dig(work, "open_access", "is_oa")),
}


def split_outside_quotes(value: str, mark: str) -> list[str]:
    """Split at a mark, except inside double quotes."""
    return re.split(rf'{re.escape(mark)}(?=(?:[^"]*"[^"]*")*[^"]*$)', value)


def conditions(asked: Mapping[str, str]) -> list[tuple[str, str]]:
    """List (filter name, value); searches are named search:FIELD[.exact]."""
    found: list[tuple[str, str]] = []
    for name, value in asked.items():
        if name.startswith("search"):
            if len(value) > MAX_SEARCH:
                raise BadRequest(f"A search takes at most {MAX_SEARCH} characters.")
            target = name.removeprefix("search").removeprefix(".") or "default"
            found.append(("search:" + target.replace("exact", "default.exact"), value))
    if asked.get("filter"):
        parts = split_outside_quotes(asked["filter"], ",")
        found.extend(_named_filter(part) for part in parts)
    return found


def _named_filter(part: str) -> tuple[str, str]:
    name, colon, value = part.partition(":")
    if not colon or not value:
        raise BadRequest(
            f"'{part}' is no filter: a name, a colon and a value are needed. "
            "A comma separates filters, also inside a search."
        )
    return _filter_name(name.strip()), value


def _filter_name(name: str) -> str:
    match = re.fullmatch(r"(\w+)\.search(\.exact|\.no_stem)?", name)
    if match and match.group(1) in SEARCHED:
        return f"search:{match.group(1)}{match.group(2) or ''}"
    name = name if "." in name else name.replace("-", "_")
    if name in {"cited_by", "publication_date"} | DATES | NUMBERS | VALUES.keys():
        return name
    known = sorted(
        DATES | NUMBERS | VALUES.keys() | {f"{key}.search" for key in SEARCHED}
    )
    raise BadRequest(
        f"{name} is not a valid field. Valid fields are: {', '.join(known)}."
    )


def filter_test(name: str, value: str) -> Callable[[Work], bool]:
    """Turn one filter into a test of a work."""
    if name in DATES or name == "publication_date":
        return _date_test(name, value)
    if name in NUMBERS:
        return _number_test(name, value)
    negated = value.startswith("!")
    wanted = {_wanted(name, part) for part in value.removeprefix("!").split("|")}
    if len(wanted) > MAX_VALUES:
        raise BadRequest(f"A filter takes at most {MAX_VALUES} values.")
    held = VALUES[name]
    return lambda work: bool((held(work) or UNKNOWN) & wanted) is not negated


def _wanted(name: str, value: str) -> str:
    value = value.strip().strip('"').lower()
    if name in BOOLEANS and value not in {"true", "false"}:
        raise BadRequest(f"{name} is true or false, not {value}.")
    if name == "doi":
        return bare_doi(value)
    if name == "cites":
        return work_key(value)
    if name in {"ids.openalex", "openalex", "openalex_id"}:
        return value.rpartition("/")[2]
    return value


def work_key(value: str) -> str:
    """Cut the id of a work in a filter to its last part; refuse what is none."""
    bare = value.strip().strip('"').lower()
    match = re.fullmatch(r"(?:https?://openalex\.org/(?:works/)?)?(w[0-9]+)", bare)
    if match is None:
        raise BadRequest(f"'{value}' is not a valid OpenAlex ID.")
    return match.group(1)


def _date_test(name: str, value: str) -> Callable[[Work], bool]:
    try:
        limit = date.fromisoformat(value).isoformat()
    except ValueError:
        raise BadRequest(f"{name} must be a date like 2020-01-31.") from None

    def accepts(work: Work) -> bool:
        if name in PAID:
            return text(work.get(PAID[name]))[: len(limit)] >= limit
        published = text(work.get("publication_date"))
        if name == "publication_date":
            return published == limit
        late = name == "from_publication_date"
        return bool(published) and (published >= limit if late else published <= limit)

    return accepts


def _number_test(name: str, value: str) -> Callable[[Work], bool]:
    spans = [_span(name, part) for part in value.split("|")]

    def accepts(work: Work) -> bool:
        held = work.get(name)
        return isinstance(held, int) and any(low <= held <= high for low, high in spans)

    return accepts


def _span(name: str, part: str) -> tuple[float, float]:
    match = re.fullmatch(r"([<>]?)(\d{1,9})(?:-(\d{1,9}))?", part)
    if not match:
        raise BadRequest(f"{name} takes a number, >n, <n or a range n-m.")
    number = int(match.group(2))
    if match.group(1) == ">":
        return number + 1, float("inf")
    if match.group(1) == "<":
        return float("-inf"), number - 1
    return number, int(match.group(3) or number)
