"""The works that the local services serve, as plain JSON objects.

A work is whatever the service would have answered; nothing here insists on a
field, because real answers miss every one of them now and then. The small
readers below say "text or nothing", "list or nothing", so that the services
need not check each step themselves.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from litreview.errors import InputFileError, LitreviewError

Work = dict[str, object]

ENDINGS = (".jsonl", ".jsonl.gz")


def load_records(folder: Path | str) -> tuple[list[Work], list[Work]]:
    """Read a folder's JSON-lines files into (OpenAlex works, Crossref works).

    Every *.jsonl and *.jsonl.gz below `folder/openalex` and `folder/crossref` is
    read in name order, or below the folder itself where neither exists. Which
    service a line belongs to is told by its shape. An id met twice counts once:
    the first wins.

    Raises InputFileError (with the line) for a line that is no JSON object of
    either shape, and LitreviewError where there is no file at all.
    """
    root = Path(folder)
    places = [root / "openalex", root / "crossref"]
    present = [place for place in places if place.is_dir()] or [root]
    files = [path for place in present for path in _files(place)]
    if not files:
        raise LitreviewError(
            f"{root} holds no works.",
            why="There is no .jsonl or .jsonl.gz file below openalex/ or crossref/.",
            fix="name a folder with recorded works, or leave --records out.",
        )
    found: dict[str, dict[str, Work]] = {"openalex": {}, "crossref": {}}
    for path in files:
        for number, work in _lines(path):
            service, key = _identity(path, number, work)
            found[service].setdefault(key, work)
    return list(found["openalex"].values()), list(found["crossref"].values())


def _files(place: Path) -> list[Path]:
    return sorted(path for path in place.rglob("*") if path.name.endswith(ENDINGS))


def _lines(path: Path) -> Iterator[tuple[int, Work]]:
    opened = gzip.open if path.suffix == ".gz" else open
    number = 0
    try:
        with opened(path, "rt", encoding="utf-8") as lines:
            for number, line in enumerate(lines, start=1):
                if line.strip():
                    yield number, json.loads(line)
    except (ValueError, EOFError, gzip.BadGzipFile) as error:
        raise InputFileError(
            path, number or None, "this is not JSON, one work a line.", why=f"{error}."
        ) from error


def _identity(path: Path, line: int, work: object) -> tuple[str, str]:
    """Return the service whose shape this is, and the work's id there."""
    if isinstance(work, dict):
        if text(work.get("id")).rpartition("/")[2].startswith("W"):
            return "openalex", openalex_id(work)
        if text(work.get("DOI")):
            return "crossref", crossref_id(work)
    raise InputFileError(
        path,
        line,
        "this is a work of neither service.",
        why="An OpenAlex work has an id like https://openalex.org/W1, "
        "a Crossref work a DOI.",
    )


# ---------------------------------------------------------------- careful readers


def text(value: object) -> str:
    """Return a text as it is, and anything else as the empty text."""
    return value if isinstance(value, str) else ""


def listed(value: object) -> list[object]:
    """Return a list as it is, and anything else as the empty list."""
    return value if isinstance(value, list) else []


def dig(work: object, *path: str) -> object:
    """Follow keys into nested objects; None as soon as one is missing."""
    for key in path:
        if not isinstance(work, Mapping):
            return None
        work = work.get(key)
    return work


def openalex_id(work: Mapping[str, object]) -> str:
    """Return the bare id of an OpenAlex work: W and digits."""
    return text(work.get("id")).rpartition("/")[2]


def crossref_id(work: Mapping[str, object]) -> str:
    """Return the DOI of a Crossref work in lower case."""
    return text(work.get("DOI")).lower()


def abstract_text(work: Mapping[str, object]) -> str:
    """Rebuild an OpenAlex abstract from its inverted index; gaps close up.

    Old dumps hold the index as a JSON text inside the JSON, under InvertedIndex.
    """
    index = work.get("abstract_inverted_index")
    if isinstance(index, str):
        try:
            index = dig(json.loads(index), "InvertedIndex")
        except ValueError:
            return ""
    if not isinstance(index, dict):
        return ""
    placed = ((at, word) for word, places in index.items() for at in _whole(places))
    return " ".join(word for _, word in sorted(placed))


def _whole(values: object) -> list[int]:
    return [value for value in listed(values) if isinstance(value, int)]


def date_parts(value: object) -> tuple[int, ...]:
    """Return a Crossref date as (year,), (year, month) or (year, month, day)."""
    first = listed(dig(value, "date-parts"))[:1]
    return tuple(_whole(first[0])) if first else ()


def first_text(values: object) -> str:
    """Return the first text of a list, as Crossref wraps titles."""
    return next((text(value) for value in listed(values) if text(value)), "")


def joined_texts(values: Iterable[object]) -> str:
    """Join the texts among some values by blanks."""
    return " ".join(text(value) for value in values if text(value))
