"""Records that ASReview exports, with its labels: 1 relevant, 0 irrelevant.

Version 2 names the label asreview_label, version 1 included, data sets label_included;
-1 and an empty cell mean that nobody has judged the record. RIS files say it in their
notes: ASReview_relevant. Who judged is told by version 2 alone, and seldom.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterator

from litreview.errors import InputFileError
from litreview.sources.generic import COLUMNS, citation
from litreview.sources.rows import Opinion, Row
from litreview.sources.table import Table
from litreview.vocabulary import Stage, Verdict

MARK = "ASReview_"
# The label's column; the first that is there counts.
LABELS = (
    "asreview_label",
    "included",
    "label_included",
    "included_label",
    "final_included",
    "included_final",
    "label",
)
# Columns that no other program writes; "included" may be anybody's.
_OWN = set(LABELS) - {"included", "label"}
# Field -> other names that ASReview reads for it.
_NAMES = {
    "title": ("primary_title",),
    "abstract": ("notes_abstract", "abstract note"),
    "authors": ("first_authors", "author names"),
    "year": ("publication_year", "publication year"),
    "container_title": ("journal", "secondary_title"),
    "url": ("url",),
    "source_id": ("id",),
}
_VERDICTS = {"1": Verdict.INCLUDE, "0": Verdict.EXCLUDE}
_UNJUDGED = {"", "-1", "nan", "none", "na"}
_NOTE = re.compile(r"\bASReview_(?P<word>relevant|irrelevant)\b")
_WORDS = {"relevant": Verdict.INCLUDE, "irrelevant": Verdict.EXCLUDE}


def fits(names: Collection[str]) -> bool:
    """Tell whether a header, in small letters, is that of ASReview."""
    has = set(names)
    return bool(has & _OWN) or {"title", "abstract", "included"} <= has


def read(table: Table) -> Iterator[Row]:
    """Yield the records of a table with their labels as opinions."""
    columns = {
        field: next(
            filter(None, map(table.column, (known, *_NAMES.get(field, ())))), ""
        )
        for known, field in {**COLUMNS, "url": "url"}.items()
    }
    label = next(filter(None, map(table.column, LABELS)), "")
    name = table.column("asreview_user_name")
    for line, row in table.rows:
        told = {field: row[column] for field, column in columns.items() if column}
        told["authors"] = _listed(told.get("authors", ""))
        said = _opinion(table, line, row.get(label, ""), row.get(name, ""))
        yield Row(line, row, citation(told, line), "", said)


def opinions(notes: str) -> tuple[Opinion, ...]:
    """Return the label in the notes of a RIS entry as an opinion of nobody named."""
    found = _NOTE.search(notes)
    if found is None:
        return ()
    return (Opinion("", _WORDS[found["word"]], Stage.TITLE_ABSTRACT),)


def _opinion(table: Table, line: int, label: str, name: str) -> tuple[Opinion, ...]:
    word = label.strip().casefold().removesuffix(".0")
    if word in _UNJUDGED:
        return ()
    if word not in _VERDICTS:
        raise InputFileError(
            table.path,
            line,
            f"has the label {label!r}.",
            why="ASReview writes 1, 0, -1 or nothing.",
            fix="correct it, or read the labels as plain text with --format csv.",
        )
    who = " ".join(name.split())
    return (Opinion(who, _VERDICTS[word], Stage.TITLE_ABSTRACT),)


def _listed(authors: str) -> str:
    """Return authors as one line; pandas writes a list as Python does."""
    if not authors.strip().startswith("["):
        return authors
    try:
        names = ast.literal_eval(authors.strip())
    except (ValueError, SyntaxError):
        return authors
    return "; ".join(map(str, names)) if isinstance(names, list) else authors
