"""What a reader of files hands over: one `Row` for each entry of the file.

Readers yield rows in the file's order and raise `InputFileError` with the line for
what they cannot read; they drop nothing in silence.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from litreview.citation import Citation


@dataclass(frozen=True, slots=True)
class Opinion:
    """What a person decided about an entry in another program.

    `screener` is the name as the file gives it, `verdict` include, exclude or
    maybe, `stage` title_abstract or full_text, `reason` in the file's words.
    """

    screener: str
    verdict: str
    stage: str
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Row:
    """One entry of a file: where it begins, what it says, and what that means.

    `line` counts from 1 (in a workbook it is the row's number). `payload` is the
    entry as it came, as JSON can hold it. The citation's `source` is empty; its
    `source_id` is what the file calls the entry, or "line-N". `database` is set
    where that id is the accession number of a database (scopus, web-of-science,
    pubmed, eric ...), which means the same entry in every other file.
    """

    line: int
    payload: Mapping[str, object]
    citation: Citation
    database: str = ""
    opinions: tuple[Opinion, ...] = ()
