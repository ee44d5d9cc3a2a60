"""A person's correction of one field of a record, and how it is laid on a payload.

A correction is a field and its new text, written as a person types it: a year, a
DOI in any spelling, authors as "Family, Given; Family, Given". The same text is
read again whenever a record is rebuilt from a later payload.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import fields, replace

from litreview.citation import Author, Citation, authors_text, parse_authors
from litreview.errors import UsageError
from litreview.text import normalise_doi
from litreview.wording import phrase, verbatim
from litreview.yamlfile import suggestion

EDITABLE = tuple(
    field.name
    for field in fields(Citation)
    if field.name not in ("source", "source_id", "flags", "notices")
)
EARLIEST_YEAR, LATEST_YEAR = 1000, 2100


def year(text: str) -> int | None:
    """Return a year a work can have appeared in; nothing for no text."""
    if not text:
        return None
    if re.fullmatch("[0-9]{4}", text) and EARLIEST_YEAR <= int(text) <= LATEST_YEAR:
        return int(text)
    raise UsageError(
        f"{text!r} is no year",
        fix=f"write four digits, {EARLIEST_YEAR} to {LATEST_YEAR}",
    )


def doi(text: str) -> str:
    """Return a DOI in its one spelling; nothing for no text."""
    found = normalise_doi(text)
    if text and not found:
        raise UsageError(f"{text!r} is no DOI", fix="write it as 10.1234/abc")
    return found


def authors(text: str) -> tuple[Author, ...]:
    """Return the authors named in one line; nobody for no text."""
    found = parse_authors(text)
    if text and not found:
        raise UsageError(
            f"{text!r} names nobody", fix='write "Family, Given; Family, Given"'
        )
    return found


def _flag(text: str) -> bool:
    if text.casefold() not in ("yes", "no"):
        raise UsageError(f"{text!r} is neither yes nor no", fix="write yes or no")
    return text.casefold() == "yes"


_READERS: dict[str, Callable[[str], object]] = {
    "year": year,
    "doi": doi,
    "authors": authors,
    "retracted": _flag,
}


def checked(field: str, text: str) -> str:
    """Return the text as it will be stored; refuse an unknown field or no title."""
    if field not in EDITABLE:
        raise UsageError(
            f"a record has no field {field!r} to correct",
            why=suggestion(field, EDITABLE),
            fix=f"use one of: {', '.join(EDITABLE)}",
        )
    if field == "abstract" and text.strip():
        return verbatim(text, field).strip()
    return phrase(text, field, required=field == "title")


def corrected(citation: Citation, changes: Iterable[tuple[str, str]]) -> Citation:
    """Return the citation with each (field, text) laid on, the last one on top.

    Raises `UsageError` for a text that its field cannot hold.
    """
    for field, text in changes:
        value = _READERS.get(field, str)(text)
        citation = replace(citation, **{field: value})  # type: ignore[arg-type]
    return citation


def told(citation: Citation, field: str) -> str:
    """Return a field as the text that would correct it to what it is."""
    value = getattr(citation, field)
    if field == "authors":
        return authors_text(value)
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "" if value is None else str(value)
