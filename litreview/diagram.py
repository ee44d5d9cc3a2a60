"""PRISMA 2020 counts for a reader: the flow diagram and a Markdown table.

The wording and the places of the boxes are the template's (Page et al., BMJ
2021;372:n71), the drawing is `chart`'s. What the template has no box for is
told beside it: open work in a banner, until there is none, and what other
methods found but nobody sought in a note below.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from litreview.chart import NBSP, Chart, Line, Panel, Span, draw, tidy
from litreview.prisma import (
    OPEN_BOXES,
    RARE_BOXES,
    SINGLE_BOXES,
    Flow,
    count,
    is_interim,
    shown_boxes,
    single_screened,
    split,
    variant,
)

SOURCE = "After the PRISMA 2020 flow diagram (Page et al., BMJ 2021;372:n71)."
INTERIM = "INTERIM: work is open, so these counts will change."
DATABASES_FILL = "#f5e1a4"
OTHER_FILL = "#e3e3e3"
# What is excluded, at the right of each pair, has the longer lines.
COLUMNS = (10.0, 11.0)
NARROW = 660.0  # two columns printed on A4 upright: body text of 10 points

COLUMN_NAMES = {
    "databases": "databases and registers",
    "other": "other methods",
    "included": "included",
    "updated": "updated review",
}
OPEN_WORDS = {
    "ta_unscreened": "not yet screened on title and abstract",
    "ta_in_progress": "with title and abstract votes to come",
    "ta_conflict": "in conflict on title and abstract",
    "ft_not_yet_sought": "whose full text is not yet sought",
    "ft_unassessed": "whose full text is not yet judged",
    "ft_conflict": "in conflict on the full text",
}


@dataclass(frozen=True)
class Cell:
    """A box of the template: its place, its heading and the counts under it."""

    column: int
    row: int
    heading: str
    entries: tuple[tuple[str, str], ...]


CELLS: Mapping[str, Cell] = {
    "identified": Cell(
        0,
        0,
        "Records identified from:",
        (("Databases", "database_results"), ("Registers", "register_results")),
    ),
    "removed": Cell(
        1,
        0,
        "Records removed before screening:",
        (
            ("Duplicate records removed", "duplicates"),
            ("Records marked as ineligible by automation tools", "excluded_automatic"),
            ("Records removed for other reasons", "excluded_other"),
        ),
    ),
    "screened": Cell(0, 1, "", (("Records screened", "records_screened"),)),
    "excluded": Cell(
        1,
        1,
        "",
        (
            ("Records excluded", "records_excluded"),
            ("of these by automation tools", "records_excluded_automatic"),
        ),
    ),
    "sought": Cell(0, 2, "", (("Reports sought for retrieval", "dbr_sought_reports"),)),
    "not-retrieved": Cell(
        1, 2, "", (("Reports not retrieved", "dbr_notretrieved_reports"),)
    ),
    "assessed": Cell(0, 3, "", (("Reports assessed for eligibility", "dbr_assessed"),)),
    "ineligible": Cell(1, 3, "", (("Reports excluded", "dbr_excluded"),)),
    "included": Cell(
        0,
        4,
        "",
        (
            ("Studies included in review", "new_studies"),
            ("Reports of included studies", "new_reports"),
        ),
    ),
}
OTHER_CELLS: Mapping[str, Cell] = {
    "other-identified": Cell(
        2,
        0,
        "Records identified from:",
        (
            ("Websites", "website_results"),
            ("Organisations", "organisation_results"),
            ("Citation searching", "citations_results"),
        ),
    ),
    "other-sought": Cell(
        2, 2, "", (("Reports sought for retrieval", "other_sought_reports"),)
    ),
    "other-not-retrieved": Cell(
        3, 2, "", (("Reports not retrieved", "other_notretrieved_reports"),)
    ),
    "other-assessed": Cell(
        2, 3, "", (("Reports assessed for eligibility", "other_assessed"),)
    ),
    "other-ineligible": Cell(3, 3, "", (("Reports excluded", "other_excluded"),)),
}
ARROWS = (
    ("identified", "removed"),
    ("identified", "screened"),
    ("screened", "excluded"),
    ("screened", "sought"),
    ("sought", "not-retrieved"),
    ("sought", "assessed"),
    ("assessed", "ineligible"),
    ("assessed", "included"),
)
OTHER_ARROWS = (
    ("other-identified", "other-sought"),
    ("other-sought", "other-not-retrieved"),
    ("other-sought", "other-assessed"),
    ("other-assessed", "other-ineligible"),
    ("other-assessed", "included"),
)
BANDS = (Span("Identification", 0, 0), Span("Screening", 1, 3), Span("Included", 4, 4))
HEADERS = (
    Span("Identification of studies via databases and registers", 0, 1, DATABASES_FILL),
    Span("Identification of studies via other methods", 2, 3, OTHER_FILL),
)


def to_svg(flow: Flow, *, title: str, labels: Mapping[str, str], note: str) -> str:
    """Return the flow diagram as SVG text.

    `labels` gives the words for exclusion reasons and sources, in whose order in
    the flow they are listed; a key without one stands for itself. `note` is
    printed below the diagram and may be empty.
    """
    whole = variant(flow) == "new_v2"
    cells = {**CELLS, **(OTHER_CELLS if whole else {})}
    panels = {
        key: Panel(cell.column, cell.row, tuple(_lines(flow, cell, labels)))
        for key, cell in cells.items()
    }
    open_lines = [Line(sentence) for sentence in open_work(flow)]
    notes = (tidy(note), _left_out(flow), single_screened(flow), SOURCE)
    shape = {} if whole else {"width": NARROW}
    return draw(
        Chart(
            title=tidy(title),
            description=_description(panels, open_lines),
            columns=COLUMNS * 2 if whole else COLUMNS,
            panels=panels,
            arrows=ARROWS + (OTHER_ARROWS if whole else ()),
            headers=HEADERS if whole else HEADERS[:1],
            bands=BANDS,
            banner=(Line(INTERIM, bold=True), *open_lines) if open_lines else (),
            notes=tuple(text for text in notes if text),
            **shape,
        )
    )


def _lines(flow: Flow, cell: Cell, labels: Mapping[str, str]) -> Iterator[Line]:
    """Yield what a box says: heading, counts, and the split of each count."""
    if cell.heading:
        yield Line(cell.heading)
    depth = 1 if cell.heading else 0
    for words, box in cell.entries:
        if box in RARE_BOXES and not count(flow, box):
            continue
        parts = split(flow, box)
        end = ":" if parts else ""
        yield Line(f"{words} {_n(count(flow, box))}{end}", indent=depth)
        for key, number in parts.items():
            text = f"{tidy(labels.get(key, key))} {_n(number)}"
            yield Line(text, indent=depth + 1)


def _n(number: int) -> str:
    """Write a count as the template does, held together when lines are broken."""
    return f"(n{NBSP}={NBSP}{number:,})"


def _left_out(flow: Flow) -> str:
    """Account for what other methods found and nobody sought; empty if nothing."""
    parts = [
        f"{words} {_n(count(flow, box))}"
        for box, words in (
            ("other_duplicates", "duplicate records"),
            ("other_records_excluded", "records left out before retrieval"),
        )
        if count(flow, box)
    ]
    return f"Other methods, not sought: {', '.join(parts)}." if parts else ""


def _description(panels: Mapping[str, Panel], open_lines: list[Line]) -> str:
    """Tell the whole diagram in words, for those who do not see it."""
    said = [
        "; ".join(line.text for line in one.lines).replace(":;", ":")
        for one in panels.values()
    ]
    work = [INTERIM, *(line.text for line in open_lines)] if open_lines else []
    return " ".join([*work, *(f"{text}." for text in said)])


def to_markdown(flow: Flow, labels: Mapping[str, str] | None = None) -> str:
    """Return the counts as a Markdown table, with the open work told first.

    `labels` gives the words for reasons and sources; a key without one stands
    for itself. Open-work boxes and those of single screening are left out at zero; a
    footnote states the latter.
    """
    names = labels or {}
    lines = ["# PRISMA 2020 counts", ""]
    if is_interim(flow):
        work = "".join(f"> - {sentence}\n" for sentence in open_work(flow))
        lines += [f"> **{INTERIM}**\n>\n{work}"]
    lines += ["| Box | Where | What it counts | Unit | n |", "|---|---|---|---|---:|"]
    for box in shown_boxes(flow):
        number = count(flow, box.id)
        if number or box.id not in (*OPEN_BOXES, *SINGLE_BOXES):
            where = COLUMN_NAMES[box.column]
            start = f"| `{box.id}` | {where} | {box.meaning}"
            lines.append(f"{start} | {box.unit} | {number:,} |")
        for key, part in split(flow, box.id).items():
            name = _cell(names.get(key, key))
            lines.append(f"| | | of these: {name} | {box.unit} | {part:,} |")
    if footnote := single_screened(flow):
        lines += ["", footnote]
    return "\n".join(lines) + "\n"


def open_work(flow: Flow) -> list[str]:
    """Tell the work that is open, a sentence for each column that has any."""
    sentences = []
    for prefix, column in (("", "databases"), ("other_", "other")):
        parts = [
            f"{count(flow, prefix + box):,} {words}"
            for box, words in OPEN_WORDS.items()
            if count(flow, prefix + box)
        ]
        if parts:
            name = COLUMN_NAMES[column]
            sentences.append(f"{name[0].upper()}{name[1:]}: {', '.join(parts)}.")
    return sentences


def _cell(text: str) -> str:
    """Make a text safe inside a table cell."""
    return " ".join(text.split()).replace("\\", "\\\\").replace("|", "\\|")
