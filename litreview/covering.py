"""Other reviews' included works beside our own, as a table.

The lists are files that `litreview import` could read; nothing of them is stored. How
works are joined, and the corrected covered area, is in `litreview.overlap`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from sqlalchemy.orm import Session

from litreview import works
from litreview.citation import Citation
from litreview.errors import UsageError
from litreview.frame import Kind, frame
from litreview.overlap import Covered, covered, join
from litreview.sources import files

INCLUDED = "included"


@dataclass(frozen=True)
class Compared:
    """The distinct works with the reviews that include them, and the overlap."""

    works: pd.DataFrame
    area: Covered


def lists(paths: Sequence[Path]) -> dict[str, list[Citation]]:
    """Return review -> its works; a review is named by its file.

    Raises `UsageError` for two files of one name or a file without works, and what
    the reader of the format raises.
    """
    found: dict[str, list[Citation]] = {}
    for path in paths:
        if path.stem in found:
            raise UsageError(
                f"two files are named {path.stem}",
                why="each file stands for one review, by its name",
                fix="rename one of them",
            )
        found[path.stem] = [row.citation for row in files.readable(path).rows()]
        if not found[path.stem]:
            raise UsageError(f"{path} lists no works")
    return found


def compare(
    session: Session, others: Mapping[str, Sequence[Citation]], *, ours: str
) -> Compared:
    """Return the works of other reviews and our included ones.

    Columns: title, year, doi, one per review (flag), reviews (how many include it).
    """
    own = [one.citation for one in works.references(session, INCLUDED)]
    named = {ours: own, **others} if own else dict(others)
    joined = join(named)
    columns: dict[str, Kind] = {
        "title": "text",
        "year": "int",
        "doi": "text",
        **dict.fromkeys(named, "flag"),
        "reviews": "int",
    }
    rows = [
        (
            *(work.title, work.year, work.doi),
            *(name in work.reviews for name in named),
            len(work.reviews),
        )
        for work in joined
    ]
    area = covered([len(work.reviews) for work in joined], reviews=len(named))
    return Compared(frame(columns, rows), area)


def in_words(area: Covered) -> str:
    """Return the overlap as a sentence."""
    told = f"{area.works} works in {area.reviews} reviews, {area.inclusions} inclusions"
    if area.cca is None:
        return f"{told}; corrected covered area {area.word}"
    return f"{told}; corrected covered area {area.cca:.3f} ({area.word})"
