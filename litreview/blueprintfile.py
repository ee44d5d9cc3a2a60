"""The survey blueprint as a table, and as a report for people.

CSV and XLSX hold the cells alone; JSON, Markdown and Word begin with what they come to.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, fields

import pandas as pd

from litreview import docxfile, rendering
from litreview.blueprint import WORDS_PER_MINUTE, Blueprint, Cell
from litreview.document import Document, Heading, Table, points, say
from litreview.document import to_markdown as markdown
from litreview.frame import Columns, frame

NAME, TITLE = "blueprint", "Survey blueprint"
COLUMNS: Columns = {
    "question": "text",
    "group": "text",
    "construct": "text",
    "facet": "text",
    "label": "text",
    "slot": "text",
    "level": "text",
    "configurations": "list",
    "studies": "int",
    "items": "list",
    "item_count": "int",
    "proxies": "list",
    "gap": "text",
}
SHOWN = ("label", "slot", "studies", "items", "proxies", "gap")  # to people


def table(found: Blueprint) -> pd.DataFrame:
    """Return the cells as a table (`COLUMNS`)."""
    names = [one.name for one in fields(Cell)]
    return frame(COLUMNS, [[getattr(c, name) for name in names] for c in found.cells])


def render(found: Blueprint, formats: Sequence[str]) -> dict[str, bytes]:
    """Return format -> the blueprint; CSV and XLSX hold the cells alone."""
    made: Mapping[str, Callable[[], bytes]] = {
        "csv": lambda: rendering.to_csv(table(found)),
        "xlsx": lambda: rendering.to_xlsx(table(found), title=TITLE),
        "json": lambda: rendering.json_bytes(_object(found)),
        "md": lambda: markdown(document(found)).encode(),
        "docx": lambda: docxfile.to_docx(document(found)),
    }
    return {kind: made[kind]() for kind in formats}


def _object(found: Blueprint) -> dict[str, object]:
    told = {
        "items": found.items,
        "minutes": round(found.minutes, 1),
        "idle_items": list(found.idle),
        "unasked": list(found.unasked),
        "empty_slots": [
            {"cmo_id": number, "slot": slot, "construct": name}
            for number, slot, name in found.empty
        ],
        "open_questions": list(found.open_questions),
    }
    return {"summary": told, "cells": [asdict(cell) for cell in found.cells]}


def document(found: Blueprint) -> Document:
    """Return the blueprint for people: what it comes to, the gaps, then the cells."""
    blocks: list[Heading | Table] = []
    for group in dict.fromkeys(cell.group for cell in found.cells):
        inside = [cell for cell in found.cells if cell.group == group]
        blocks += [Heading(group), _grid(inside)]
    summary = points(*_told(found))
    return Document(TITLE, (say(summary_line(found)), summary, *blocks))


def summary_line(found: Blueprint) -> str:
    """Say how many items there are and how long they take."""
    many = "item" if found.items == 1 else "items"
    whole = round(found.minutes)
    long = f"about {whole} minute{'s' * (whole > 1)}" if whole else "under a minute"
    return (
        f"{found.items} {many}, {long}: "
        f"{WORDS_PER_MINUTE:.0f} words read a minute (Brysbaert 2019) and some seconds "
        "for each answer (a rule of thumb)."
    )


def _told(found: Blueprint) -> Iterator[str]:
    empty = [f"{name} as {slot} of {number}" for number, slot, name in found.empty]
    for what, some in (
        ("Constructs with studies and no item", found.unasked),
        ("Items on no passage that counts", found.idle),
        ("Places of configurations with neither item nor proxy", empty),
        ("Research questions without an item", found.open_questions),
    ):
        yield f"{what}: {', '.join(map(str, some)) or 'none'}"


def _grid(cells: Sequence[Cell]) -> Table:
    asked = any(cell.question for cell in cells)
    columns = ("question", *SHOWN) if asked else SHOWN
    rows = tuple(
        tuple(_text(getattr(cell, name)) for name in columns) for cell in cells
    )
    return Table(columns, rows, frozenset({columns.index("studies")}))


def _text(value: object) -> str:
    if isinstance(value, tuple):
        return rendering.PARTS.join(map(str, value))
    return str(value)
