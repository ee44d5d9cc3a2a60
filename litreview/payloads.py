"""Payloads as they are kept, and what counts as another one.

A payload is kept as canonical JSON: keys sorted, UTF-8, so that equal answers have
equal bytes. The services count
citations and re-date their entries all the time. Were each such answer another
version, every update of a search would store every record anew and say that all of
them have changed. So an answer that differs from the kept one in nothing but the
`COUNTERS` is not kept. Any other difference is a new version; the record has
`changed` only where what it says of the work is another thing, its later notices
included.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Callable, Mapping
from typing import Any

import orjson
from isal import isal_zlib

from litreview.citation import Citation
from litreview.sources import crossref_work, openalex_work

Payload = Mapping[str, Any]

# Keys of a work that move although nobody changed the work, by source.
COUNTERS: Mapping[str, frozenset[str]] = {
    "openalex": frozenset(
        {
            "cited_by_count",  # who cites it
            "counts_by_year",  # the same by year
            "fwci",  # the same against the field's mean
            "citation_normalized_percentile",
            "cited_by_percentile_year",
            "related_works",  # computed anew with each release
            "updated_date",  # moves with any of these
            "relevance_score",  # of one search
        }
    ),
    "crossref": frozenset(
        {
            "is-referenced-by-count",  # who cites it
            "indexed",  # when Crossref's index was last written
            "deposited",  # when the publisher last sent it, changed or not
            "score",  # of one search
        }
    ),
}
# ISA-L's own level 2: as small as zlib's level 3 in a quarter of its time.
_LEVEL = 2
_READ: Mapping[str, Callable[[dict[str, Any]], Citation]] = {
    "openalex": openalex_work.citation,
    "crossref": crossref_work.citation,
}


def written(payload: Payload) -> tuple[str, bytes]:
    """Return the SHA-256 of a payload's canonical JSON, and that JSON.

    What JSON has no number for (infinity, as Python reads 1e999) is kept as null.
    """
    try:
        text = orjson.dumps(payload, option=orjson.OPT_SORT_KEYS)
    except TypeError:  # half of a surrogate pair, or a number of more than 64 bits
        text = json.dumps(payload, sort_keys=True, separators=(",", ":")).encode()
    return hashlib.sha256(text).hexdigest(), text


def packed(text: bytes) -> bytes:
    """Return canonical JSON as it is stored."""
    return bytes(isal_zlib.compress(text, _LEVEL))


def unpacked(stored: bytes) -> dict[str, Any]:
    """Return the payload that is stored so."""
    found = json.loads(zlib.decompress(stored))
    assert isinstance(found, dict)  # noqa: S101 - only objects are ever stored
    return found


def is_new(source: str, kept: Payload, came: Payload) -> bool:
    """Tell whether what came differs from what is kept in more than counters."""
    counters = COUNTERS.get(source, frozenset())
    return _steady(kept, counters) != _steady(came, counters)


def _steady(payload: Payload, counters: frozenset[str]) -> dict[str, Any]:
    # JSON, since 1 and True are equal in Python and two things in an answer.
    return {k: json.dumps(v) for k, v in payload.items() if k not in counters}


def has_changed(source: str, kept: Payload, came: Payload) -> bool:
    """Tell whether two payloads say different things of the work.

    Compared are the citations that they read as; of a source whose payloads cannot
    be read again, any difference counts.
    """
    read = _READ.get(source)
    if read is None:
        return True
    try:
        return read(dict(kept)) != read(dict(came))
    except ValueError:
        return True
