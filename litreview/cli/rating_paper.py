"""Write what raters fill in: rating forms and ranking cards as CSV, XLSX or DOCX."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from litreview.errors import UsageError

Rows = Sequence[Mapping[str, object]]

# What a Word form shows beside each item; what goes for all stands above.
SHOWN = ("item_id", "version", "text", "construct", "definition", "rating", "comment")
ENDINGS = (".csv", ".xlsx", ".docx")


def form_file(path: Path, rows: Rows, *, instrument: str) -> bytes:
    """Return a rating form in the format of its file's ending."""
    from litreview.document import Document, Table, say
    from litreview.docxfile import to_docx
    from litreview.ratings import FORM_COLUMNS

    _refuse_ending(path)
    title = f"Rating form: {instrument}"
    if path.suffix.lower() != ".docx":
        return _sheet(path, FORM_COLUMNS, rows, title)
    first = rows[0]
    above = ("panel", "measure", "rater")
    document = Document(
        title,
        (
            say(
                f"Rate each item's {first['measure']}: {first['answers']}. Write the "
                "number under rating and what you would change under comment; leave "
                "a rating empty where you cannot say. Please write your name under "
                "rater, and change nothing else."
            ),
            Table(above, (tuple(str(first.get(name, "")) for name in above),)),
            Table(SHOWN, tuple(_cells(row, SHOWN) for row in rows)),
        ),
    )
    return to_docx(document)


def cards_file(path: Path, rows: Rows) -> bytes:
    """Return ranking cards in the format of their file's ending.

    A Word file has a card for each construct, to be cut out, then the list in which
    the ranking is written down.
    """
    from litreview.document import Document, Heading, Table, say
    from litreview.docxfile import to_docx
    from litreview.ratings import CARD_COLUMNS, NINE

    _refuse_ending(path)
    title = "Ranking cards"
    if path.suffix.lower() != ".docx":
        return _sheet(path, CARD_COLUMNS, rows, title)
    how = (
        "Lay the nine cards out as a diamond: the most important one on top, then two, "
        "three, two, and the least important one at the bottom. Write the row of each "
        "(1 to 5, from the top) into the list below."
        if len(rows) == NINE
        else "Write down the place of each card, 1 being the most important."
    )
    cards = [
        Table((str(row["label"]),), ((str(row["definition"]),), (_studies(row),)))
        for row in rows
    ]
    column = "row" if len(rows) == NINE else "rank"
    written = tuple((str(r["construct"]), str(r["label"]), "") for r in rows)
    listed = Table(("construct", "label", column), written)
    heading = Heading("The ranking")
    asked = Table(("rater", "panel"), (("", ""),))
    return to_docx(Document(title, (say(how), *cards, heading, asked, listed)))


def _studies(row: Mapping[str, object]) -> str:
    count = row["studies"]
    return f"{count} {'study' if count == 1 else 'studies'} in this review"


def _refuse_ending(path: Path) -> None:
    if path.suffix.lower() not in ENDINGS:
        raise UsageError(
            f"{path} names no format", fix=f"end it in {', '.join(ENDINGS)}"
        )


def _cells(row: Mapping[str, object], columns: Sequence[str]) -> tuple[str, ...]:
    values = (row.get(name) for name in columns)
    return tuple("" if value is None else str(value) for value in values)


def _sheet(path: Path, columns: Sequence[str], rows: Rows, title: str) -> bytes:
    import pandas as pd

    from litreview import rendering, workbook

    if path.suffix.lower() == ".csv":
        cells = [[row.get(name) for name in columns] for row in rows]
        table = pd.DataFrame(cells, columns=list(columns), dtype="object")
        return rendering.to_csv(table)
    body = [[_held(row.get(name)) for name in columns] for row in rows]
    return workbook.to_xlsx({title: [list(columns), *body]})


def _held(value: object) -> str | int | None:
    return value if isinstance(value, int) or value is None else str(value)
