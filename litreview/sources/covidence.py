"""Studies that Covidence exports as CSV.

A study is called "#123". Covidence says of an excluded one why ("Exclusion reason:
Wrong population") but not who said so: that is the team's agreed decision.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from litreview.sources.generic import citation
from litreview.sources.rows import Opinion, Row
from litreview.sources.table import Table
from litreview.vocabulary import Stage, Verdict

_COLUMNS = {
    "source_id": "Covidence #",
    "title": "Title",
    "authors": "Authors",
    "abstract": "Abstract",
    "year": "Published Year",
    "container_title": "Journal",
    "volume": "Volume",
    "issue": "Issue",
    "pages": "Pages",
    "doi": "DOI",
}
_REASON = re.compile(r"exclusion reason:\s*(?P<words>[^;\n]+)", re.IGNORECASE)


def fits(names: Collection[str]) -> bool:
    """Tell whether a header, in small letters, is that of Covidence."""
    return {"covidence #", "title"} <= set(names)


def read(table: Table) -> Iterator[Row]:
    """Yield the studies of a table; exclusions are opinions of nobody named."""
    columns = {field: table.column(name) for field, name in _COLUMNS.items()}
    notes = table.column("Notes")
    for line, row in table.rows:
        told = {field: row[name] for field, name in columns.items() if name}
        yield Row(line, row, citation(told, line), "", _opinions(row.get(notes, "")))


def _opinions(notes: str) -> tuple[Opinion, ...]:
    """Read the reason out of the notes; Covidence asks for it at full text only."""
    found = _REASON.search(notes)
    if found is None:
        return ()
    reason = found["words"].strip()
    return (Opinion("", Verdict.EXCLUDE, Stage.FULL_TEXT, reason),)
