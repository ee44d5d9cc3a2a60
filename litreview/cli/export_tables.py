"""The exports that are a table and nothing else: one line of `TABLE_EXPORTS` each.

The tables themselves are registered in `litreview.exports.TABLES`; their names,
formats and help stand here so that ``litreview export --help`` loads none of them. A
test compares the two.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import click

from litreview.cli.app import App, pass_app
from litreview.cli.exporting import options, table


@dataclass(frozen=True)
class TableExport:
    """What ``litreview export NAME`` says of itself, and the formats it has.

    `tells` is the first line of its help, `more` what follows it.
    """

    formats: tuple[str, ...]
    tells: str
    more: str = ""


# In the order of `litreview export --help`.
ALL = ("csv", "json", "md", "xlsx", "docx")
TABLE_EXPORTS: dict[str, TableExport] = {
    "claims": TableExport(
        ALL,
        "Write the claims of screening/ledger.yaml with what carries them.",
        "A claim is carried by the passages of its constructs: empirically (a study "
        "measures or tests one), in theory only, or by no passage at all.",
    ),
    "claim-evidence": TableExport(
        ALL,
        "Write the claims by the kinds of evidence that their sources name.",
        "A claim that rests on one kind alone is marked.",
    ),
    "levers": TableExport(
        ALL, "Write the policy levers of screening/ledger.yaml with their studies."
    ),
    "strategies": TableExport(
        ALL,
        "Write the strategies of screening/ledger.yaml, and what each lacks.",
        "A strategy without a configuration, or without an included study, is told.",
    ),
    "questions": TableExport(
        ALL,
        "Write research questions by construct, with the gaps.",
        "The questions stand in screening/plan.yaml. The first row of each counts the "
        "distinct included studies that serve it.",
    ),
    "analysis": TableExport(
        ALL,
        "Write the analysis plan of screening/plan.yaml, each variable traced.",
        "A variable is traced to a reference of a codebook, a stored DOI or a record.",
    ),
    "extraction": TableExport(
        ALL,
        "Write what was read from the included reports into forms.",
        "Figures are shown as printed, with unit, comparator and page, and never "
        "pooled. Where two readers differ, both rows say so.",
    ),
    "included": TableExport(
        ALL,
        "Write the included studies: report by report, with what was read of each.",
        "The fields are those of the forms that a report has once; effects stand in "
        "`litreview export extraction`.",
    ),
    "extraction-missing": TableExport(
        ALL,
        "Write what is still to be read: required fields, pages, comparators.",
    ),
    "indicators": TableExport(
        ALL, "Write the indicators of secondary data, each in its newest version."
    ),
    "proxies": TableExport(
        ALL,
        "Write what stands for each place of each configuration.",
        "Context, mechanism and outcome with their indicators and items, or none "
        "found.",
    ),
    "feasibility": TableExport(
        ALL,
        "Write which datasets can be tied to a school.",
    ),
    "sampling": TableExport(
        ALL,
        "Write the contexts of the configurations as a grid of cut-offs.",
    ),
    "matrix": TableExport(
        ("csv", "json", "xlsx"),
        "Write construct by study: the passages in each.",
    ),
    "evidence-map": TableExport(
        (*ALL, "svg"),
        "Write construct by evidence type: the distinct studies in each.",
        "The SVG shows the same as bubbles.",
    ),
    "crosswalk": TableExport(
        ALL,
        "Write the ideas of each framework beside those of the others.",
        "The frameworks stand in screening/frameworks.yaml. Distinct studies are "
        "counted: an idea that stands in two frameworks gains nothing.",
    ),
    "balance": TableExport(
        ALL,
        "Write whether each programme has something from each group of mechanisms.",
    ),
    "crosstab": TableExport(
        ALL,
        "Write what goes together: values of attributes and constructs, by study.",
        "For instance the form of a programme and its mechanisms: the same form may "
        "hold different ones.",
    ),
    "measurability": TableExport(
        ALL,
        "Write what there is to measure each construct with.",
        "Constructs with theory and without an instrument are marked as a priority.",
    ),
    "rameses": TableExport(
        ALL,
        "Write the RAMESES reporting table of a realist synthesis.",
        "What the team writes under rameses in screening/plan.yaml stands beside what "
        "the database knows; an item with neither is flagged.",
    ),
}


def commands() -> list[click.Command]:
    """Return a command for each of the tables."""
    return [_command(name, told) for name, told in TABLE_EXPORTS.items()]


def _command(name: str, told: TableExport) -> click.Command:
    def write(app: App, kind: str | None, to: str | None) -> None:
        table(app, name, (kind, to))

    example = f"\b\nExample:\n  litreview export {name} --format {told.formats[0]}"
    parts = [told.tells, told.more, example] if told.more else [told.tells, example]
    callback: Callable[..., None] = options(*told.formats)(pass_app(write))
    return click.command(name, help="\n\n".join(parts))(callback)
