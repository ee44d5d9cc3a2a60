"""The item-writing sheet written down: Markdown, DOCX, JSON and CSV.

Word and Markdown tell all and end in a form for each row; JSON has the same to be
read by a program; CSV has the rows alone. The same data give the same bytes.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Mapping, Sequence

from sqlalchemy.orm import Session

from litreview import docxfile
from litreview import sheet as told
from litreview.document import (
    Block,
    Document,
    Heading,
    Mono,
    Table,
    points,
    say,
    to_markdown,
    warn,
)
from litreview.drafting import MARK
from litreview.rendering import ESCAPE, json_bytes, starts_formula
from litreview.scales import Scale
from litreview.sheet import Line, Sheet
from litreview.sheetfile import FIELDS, TOLD

FORMATS = ("md", "docx", "json", "csv")


def render(
    session: Session,
    construct_id: str,
    formats: Sequence[str],
    *,
    instrument: str = "",
    handle: str = "",
) -> dict[str, bytes]:
    """Return format -> the sheet of a construct, of `FORMATS`.

    `instrument` is filled into the rows; `handle` is who asks and sees no passage of
    a report that they may not see yet (`coders`). Raises what `lookup.construct`
    raises for a construct that no item can be written for.
    """
    made = told.build(session, construct_id, instrument=instrument, handle=handle)
    writers: Mapping[str, Callable[[], bytes]] = {
        "md": lambda: to_markdown(to_document(made)).encode(),
        "docx": lambda: docxfile.to_docx(to_document(made)),
        "json": lambda: json_bytes(to_json(made)),
        "csv": lambda: to_csv(made),
    }
    return {kind: writers[kind]() for kind in formats}


def to_json(sheet: Sheet) -> dict[str, object]:
    """Return the sheet as one JSON object; `rows` are to be filled in."""
    one = sheet.construct
    return {
        "construct": {
            "id": one.id,
            "label": one.label,
            "level": str(one.level),
            **{words.lower(): text for words, text in told.facts(sheet)},
            "contested": one.contested,
            "claimed_by": told.works(sheet, one.sources),
            "disputed_by": told.works(sheet, one.contested_by),
        },
        "codebook_sha256": sheet.version.sha256,
        "advice": told.advice(sheet),
        "missing": told.missing(sheet),
        "studies": sheet.studies,
        "passages": [vars(passage) for passage in sheet.passages],
        "items": [
            {k: v for k, v in item.items() if k not in ("at", "by", "why")}
            for item in sheet.items
        ],
        "proxies": list(sheet.proxies),
        "scales": {name: list(scale.answers) for name, scale in sheet.scales.items()},
        "rows": [
            {
                "row": number,
                "candidate": f"{MARK}: {line.candidate}" if line.candidate else "",
                "basis": line.basis,
                "notes": list(line.notes),
                **line.cells,
            }
            for number, line in enumerate(sheet.lines, start=1)
        ],
    }


def to_csv(sheet: Sheet) -> bytes:
    """Return the rows alone: a line each, formulas defused."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([*TOLD, *FIELDS])
    for number, line in enumerate(sheet.lines, start=1):
        mark = f"{MARK}: {line.candidate}" if line.candidate else ""
        told = (str(number), mark, line.basis, "; ".join(line.notes))
        cells = (*told, *(line.cells[key] for key in FIELDS))
        writer.writerow(
            [ESCAPE + cell if starts_formula(cell) else cell for cell in cells]
        )
    return out.getvalue().encode()


def to_document(sheet: Sheet) -> Document:
    """Return the sheet as a document, with a form for each row at its end."""
    one, lacking = sheet.construct, told.missing(sheet)
    blocks: list[Block] = [
        say(
            "What is marked ",
            Mono(MARK),
            " was put together by rule and claims no quality: rewrite it, or let it "
            "go. Fill in the forms at the end and bring them in with ",
            Mono("litreview item import"),
            "; an item needs the name of a person who stands for it.",
        ),
        Heading("The construct"),
        points(*(f"{words}: {text}" for words, text in told.facts(sheet))),
        *_contested(sheet),
        Heading("Level and referent"),
        points(*told.advice(sheet)),
        Heading("What is missing"),
        points(*lacking) if lacking else say("Nothing of what is asked."),
        Heading(f"Passages that count ({len(sheet.passages)})"),
        _passage_table(sheet) if sheet.passages else say("None."),
        Heading(f"Items in the bank ({len(sheet.items)})"),
        _item_table(sheet) if sheet.items else say("None."),
        Heading("Response scales"),
        points(*(_scale_words(scale) for scale in sheet.scales.values())),
        Heading("To fill in"),
        *(block for place in enumerate(sheet.lines, 1) for block in _form(*place)),
    ]
    return Document(f"Item-writing sheet: {one.label} ({one.id})", tuple(blocks))


def _contested(sheet: Sheet) -> Iterator[Block]:
    one = sheet.construct
    if not one.contested:
        return
    yield warn("This construct is contested. An item should not take a side.")
    yield points(
        *(f"Claimed by {work}" for work in told.works(sheet, one.sources)),
        *(f"Disputed by {work}" for work in told.works(sheet, one.contested_by)),
    )


def _passage_table(sheet: Sheet) -> Table:
    head = ("Code", "Evidence", "Polarity", "Passage", "Where")
    rows = tuple(
        (
            str(one.code_id),
            one.evidence_type,
            one.polarity,
            f"“{one.quote}”",
            f"{one.cite}, record {one.record_id}, {one.locator}",
        )
        for one in sheet.passages
    )
    return Table(head, rows, frozenset({0}))


def _item_table(sheet: Sheet) -> Table:
    head = ("Item", "Text", "Instrument", "Scale", "Status", "Words may be used")
    rows = tuple(
        (
            str(item["item_id"]),
            str(item["text"]),
            str(item["instrument"]),
            str(item["scale"]),
            f"{item['status']}, {item['origin']}",
            "yes" if told.usable(item) else f"no: permission {item['permission']}",
        )
        for item in sheet.items
    )
    return Table(head, rows, frozenset({0}))


def _scale_words(scale: Scale) -> str:
    answers = " / ".join(scale.answers)
    return f"{scale.id} ({scale.kind})" + (f": {answers}" if answers else "")


def _form(number: int, line: Line) -> Iterator[Block]:
    what = f"{MARK} ({line.candidate})" if line.candidate else "your own"
    yield Heading(f"Row {number}: {what}", 3)
    if line.basis:
        yield say(f"From {line.basis}.")
    if line.notes:
        yield points(*line.notes)
    rows = tuple((label, line.cells[key]) for key, label in FIELDS.items())
    yield Table(("Field", "Fill in"), rows)
