"""`litreview export`: counts, tables and records as files.

How files are named and where they go is the same for all: `litreview.cli.exporting`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import click

from litreview.cli import (
    bundle,
    export_blueprint,
    export_overlap,
    export_survey,
    export_tables,
)
from litreview.cli.app import App, pass_app
from litreview.cli.exporting import (
    deliver,
    everything,
    options,
    table,
    unblind_option,
    written_today,
)
from litreview.cli.output import say

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

# Those of `litreview.codebook.Level`, which is slow to load; a test compares them.
LEVELS = ("pupil", "teacher", "team", "school", "trust", "system", "programme")


@click.group()
def export() -> None:
    """Write PRISMA counts, tables and records to files.

    Without options a table is written into exports/ in all its formats; the hash and
    time of each file stand in exports/manifest.json. With --format it goes to stdout
    in that format. With --to it goes to that file, in the format of its ending, or
    to stdout for -. The same data give the same bytes.

    In CSV, text that a spreadsheet would take for a formula has an apostrophe in
    front.

    \b
    Example:
      litreview export prisma
      litreview export records --format csv > records.csv
      litreview export constructs --to table.md
    """


@export.command()
@click.option("--box", metavar="ID", help="List the records behind this box instead.")
@options("json", "csv", "md", "svg")
@pass_app
def prisma(app: App, box: str | None, kind: str | None, to: str | None) -> None:
    """Write the PRISMA 2020 counts and flow diagram.

    Counts that do not add up are refused, naming the boxes; --box works all the same.
    While work is open the diagram says INTERIM.

    \b
    Example:
      litreview export prisma
      litreview export prisma --format json
      litreview export prisma --box dbr_excluded --format csv
    """
    from litreview import exports

    if box is None:
        deliver(
            app, "prisma", exports.PRISMA_FORMATS, exports.render_prisma, (kind, to)
        )
        return

    def render(session: Session, kinds: Sequence[str]) -> Mapping[str, bytes]:
        return exports.render_box(session, box, kinds)

    deliver(app, f"prisma-{box}", ("csv", "json"), render, (kind, to))


@export.command()
@click.option(
    "--level",
    type=click.Choice(LEVELS),
    help="Only constructs that describe this level.",
)
@options("csv", "json", "md", "xlsx", "docx")
@pass_app
def constructs(app: App, level: str | None, kind: str | None, to: str | None) -> None:
    """Write the construct table: studies, quotes, items and gaps of each.

    Every construct of the codebooks in force is there, also those without evidence.

    \b
    Example:
      litreview export constructs
      litreview export constructs --format md
      litreview export constructs --level school --to school.csv
    """
    table(app, "constructs", (kind, to), only={"level": level} if level else {})


@export.command()
@options("csv", "json", "md", "xlsx", "docx", "svg", "dot")
@pass_app
def cmo(app: App, kind: str | None, to: str | None) -> None:
    """Write the context-mechanism-outcome configurations.

    Each in its newest version, with the number of studies that support it. SVG and
    DOT (Graphviz) show them as chains, with the number of studies on each link.

    \b
    Example:
      litreview export cmo --to cmo.md
    """
    table(app, "cmo", (kind, to))


@export.command()
@options("csv", "json", "xlsx")
@pass_app
def records(app: App, kind: str | None, to: str | None) -> None:
    """Write all records with their report, study and state at each stage.

    \b
    Example:
      litreview export records --to records.csv
    """
    table(app, "records", (kind, to))


@export.command("reports")
@options("csv", "json")
@pass_app
def reports_(app: App, kind: str | None, to: str | None) -> None:
    """Write the reports: one row for all records that are the same.

    Each field has the best value that any of the records tells; `origins` names the
    record it is taken from.

    \b
    Example:
      litreview export reports --to reports.csv
    """
    table(app, "reports", (kind, to))


@export.command()
@options("csv", "json")
@pass_app
def pairs(app: App, kind: str | None, to: str | None) -> None:
    """Write the pairs of records that were judged or proposed to be the same.

    Each with its score, its reasons, the verdict in force and whose that is.

    \b
    Example:
      litreview export pairs --to pairs.csv
    """
    table(app, "pairs", (kind, to))


@export.command()
@options("csv", "json")
@pass_app
def groups(app: App, kind: str | None, to: str | None) -> None:
    """Write every record with its report and its study.

    Other tools read such groups; `litreview dedupe import` reads theirs.

    \b
    Example:
      litreview export groups --to groups.csv
    """
    table(app, "groups", (kind, to))


@export.command()
@unblind_option
@options("csv", "json")
@pass_app
def decisions(app: App, *, unblind: bool, kind: str | None, to: str | None) -> None:
    """Write the votes: your own, and all on records that have their votes.

    \b
    Example:
      litreview export decisions --format csv
      litreview --as lead export decisions --unblind --to all-votes.csv
    """
    table(app, "decisions", (kind, to), unblind=unblind)


@export.command()
@unblind_option
@options("csv", "json")
@pass_app
def resolutions(app: App, *, unblind: bool, kind: str | None, to: str | None) -> None:
    """Write how conflicts were settled, by whom, and from which votes.

    \b
    Example:
      litreview export resolutions --to resolutions.csv
    """
    table(app, "resolutions", (kind, to), unblind=unblind)


@export.command()
@options("csv", "json", "md", "xlsx", "docx")
@pass_app
def items(app: App, kind: str | None, to: str | None) -> None:
    """Write the survey items with the passages that they rest on.

    \b
    Example:
      litreview export items --to items.md
    """
    table(app, "items", (kind, to))


@export.command()
@options("csv", "json")
@pass_app
def audit(app: App, kind: str | None, to: str | None) -> None:
    """Write everything that was recorded, in the order of time.

    Votes are there without their verdict.

    \b
    Example:
      litreview export audit --format csv
    """
    table(app, "audit", (kind, to))


@export.command()
@click.option(
    "--set",
    "wanted",
    type=click.Choice(["included", "sought", "all", "records"]),
    default="included",
    help="Which reports; records are all of them singly, duplicates too.",
)
@click.option(
    "--stream", default="", metavar="S", help="Only included reports that serve it."
)
@options("ris", "bibtex", "csl-json")
@pass_app
def bibliography(
    app: App, wanted: str, stream: str, kind: str | None, to: str | None
) -> None:
    """Write the included reports as a reference list for other programs.

    A report stands once, with what all its records tell of it. Imported again, each
    is the record it was: it names its source and its number there. --set sought are
    the reports whose full texts are wanted, all those with a record not removed.

    \b
    Example:
      litreview export bibliography
      litreview export bibliography --format bibtex
      litreview export bibliography --set sought --to sought.ris
      litreview export bibliography --stream validates_instrument
    """
    from litreview import exports

    def render(session: Session, kinds: Sequence[str]) -> Mapping[str, bytes]:
        return exports.render_bibliography(session, kinds, wanted=wanted, stream=stream)

    parts = ["" if wanted == "included" else wanted, stream]
    name = "-".join(["bibliography", *filter(None, parts)])
    deliver(app, name, exports.BIBLIOGRAPHY_FORMATS, render, (kind, to))


@export.command("search-report")
@options("md", "docx", "json", "svg")
@pass_app
def search_report(app: App, kind: str | None, to: str | None) -> None:
    """Write the search report: the PRISMA-S appendix of the review.

    All 16 items, told from the searches as they were run: the full strategies, the
    dates, the limits and their reasons, the records by source and query, and how
    duplicates were found. What only people know is taken from `prisma_s` in the
    files of queries/; an item of which nothing is known is flagged. The SVG shows how
    sources and queries overlap.

    \b
    Example:
      litreview export search-report
      litreview export search-report --to appendix.docx
      litreview export search-report --format json
    """
    from litreview import exports, searchreport

    today = written_today(app)

    def render(session: Session, kinds: Sequence[str]) -> Mapping[str, bytes]:
        return exports.render_search_report(session, kinds, today=today)

    formats = searchreport.FORMATS
    deliver(app, searchreport.NAME, formats, render, (kind, to))


@export.command("all")
@pass_app
def all_(app: App) -> None:
    """Write every table in every format into exports/, all of one moment.

    \b
    Example:
      litreview export all
    """
    from litreview import delivery

    files, schema = everything(app)
    written = delivery.write_files(app.workspace.exports, files, schema=schema)
    say(f"wrote {len(written)} files and their manifest to {app.workspace.exports}")


export.add_command(export_survey.survey)
export.add_command(export_blueprint.blueprint)
for command in (*export_tables.commands(), export_overlap.overlap, bundle.bundle):
    export.add_command(command)
