"""`litreview export`: counts, tables and records as files.

One rule for all tables: without options every format goes into ``exports/``;
``--format`` sends that one to stdout; ``--to`` says where instead.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from litreview.cli.app import App, pass_app
from litreview.cli.output import say
from litreview.errors import UsageError
from litreview.text import printable

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

Command = TypeVar("Command", bound=Callable[..., Any])
Render = Callable[["Session", Sequence[str]], Mapping[str, bytes]]

STDOUT = "-"
ZIP = b"PK\x03\x04"  # how DOCX and other packed files begin


def _options(*formats: str) -> Callable[[Command], Command]:
    """Add the options that all tables share."""

    def add(command: Command) -> Command:
        command = click.option(
            "--to", metavar="FILE|-", help="Where to write it; - is stdout."
        )(command)
        return click.option(
            "--format",
            "kind",
            type=click.Choice(formats),
            help="One format, to stdout unless --to says otherwise.",
        )(command)

    return add


unblind_option = click.option(
    "--unblind",
    is_flag=True,
    help="Show votes on records that wait for votes; for a lead, and recorded.",
)


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
@_options("json", "csv", "md", "svg")
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
        _deliver(
            app, "prisma", exports.PRISMA_FORMATS, exports.render_prisma, (kind, to)
        )
        return

    def render(session: Session, kinds: Sequence[str]) -> Mapping[str, bytes]:
        return exports.render_box(session, box, kinds)

    _deliver(app, f"prisma-{box}", ("csv", "json"), render, (kind, to))


@export.command()
@_options("csv", "md", "json")
@pass_app
def constructs(app: App, kind: str | None, to: str | None) -> None:
    """Write the construct table: studies, quotes, items and gaps of each.

    Every construct of the codebooks in force is there, also those without evidence.

    \b
    Example:
      litreview export constructs
      litreview export constructs --format md
    """
    _table(app, "constructs", (kind, to))


@export.command()
@_options("csv", "json", "md")
@pass_app
def cmo(app: App, kind: str | None, to: str | None) -> None:
    """Write the context-mechanism-outcome configurations.

    Each in its newest version, with the number of studies that support it.

    \b
    Example:
      litreview export cmo --to cmo.md
    """
    _table(app, "cmo", (kind, to))


@export.command()
@_options("csv", "json")
@pass_app
def records(app: App, kind: str | None, to: str | None) -> None:
    """Write all records with their report, study and state at each stage.

    \b
    Example:
      litreview export records --to records.csv
    """
    _table(app, "records", (kind, to))


@export.command("reports")
@_options("csv", "json")
@pass_app
def reports_(app: App, kind: str | None, to: str | None) -> None:
    """Write the reports: one row for all records that are the same.

    Each field has the best value that any of the records tells; `origins` names the
    record it is taken from.

    \b
    Example:
      litreview export reports --to reports.csv
    """
    _table(app, "reports", (kind, to))


@export.command()
@_options("csv", "json")
@pass_app
def pairs(app: App, kind: str | None, to: str | None) -> None:
    """Write the pairs of records that were judged or proposed to be the same.

    Each with its score, its reasons, the verdict in force and whose that is.

    \b
    Example:
      litreview export pairs --to pairs.csv
    """
    _table(app, "pairs", (kind, to))


@export.command()
@_options("csv", "json")
@pass_app
def groups(app: App, kind: str | None, to: str | None) -> None:
    """Write every record with its report and its study.

    Other tools read such groups; `litreview dedupe import` reads theirs.

    \b
    Example:
      litreview export groups --to groups.csv
    """
    _table(app, "groups", (kind, to))


@export.command()
@unblind_option
@_options("csv", "json")
@pass_app
def decisions(app: App, *, unblind: bool, kind: str | None, to: str | None) -> None:
    """Write the votes: your own, and all on records that have their votes.

    \b
    Example:
      litreview export decisions --format csv
      litreview --as lead export decisions --unblind --to all-votes.csv
    """
    _table(app, "decisions", (kind, to), unblind=unblind)


@export.command()
@unblind_option
@_options("csv", "json")
@pass_app
def resolutions(app: App, *, unblind: bool, kind: str | None, to: str | None) -> None:
    """Write how conflicts were settled, by whom, and from which votes.

    \b
    Example:
      litreview export resolutions --to resolutions.csv
    """
    _table(app, "resolutions", (kind, to), unblind=unblind)


@export.command()
@_options("csv", "md", "json")
@pass_app
def items(app: App, kind: str | None, to: str | None) -> None:
    """Write the survey items with the passages that they rest on.

    \b
    Example:
      litreview export items --to items.md
    """
    _table(app, "items", (kind, to))


@export.command()
@_options("csv", "json")
@pass_app
def audit(app: App, kind: str | None, to: str | None) -> None:
    """Write everything that was recorded, in the order of time.

    Votes are there without their verdict.

    \b
    Example:
      litreview export audit --format csv
    """
    _table(app, "audit", (kind, to))


@export.command()
@click.option(
    "--set",
    "wanted",
    type=click.Choice(["included", "sought", "all", "records"]),
    default="included",
    help="Which reports; records are all of them singly, duplicates too.",
)
@_options("ris", "bibtex", "csl-json")
@pass_app
def bibliography(app: App, wanted: str, kind: str | None, to: str | None) -> None:
    """Write the included reports as a reference list for other programs.

    A report stands once, with what all its records tell of it. Imported again, each
    is the record it was: it names its source and its number there. --set sought are
    the reports whose full texts are wanted, all those with a record not removed.

    \b
    Example:
      litreview export bibliography
      litreview export bibliography --format bibtex
      litreview export bibliography --set sought --to sought.ris
    """
    from litreview import exports

    def render(session: Session, kinds: Sequence[str]) -> Mapping[str, bytes]:
        return exports.render_bibliography(session, kinds, wanted=wanted)

    name = "bibliography" if wanted == "included" else f"bibliography-{wanted}"
    _deliver(app, name, exports.BIBLIOGRAPHY_FORMATS, render, (kind, to))


@export.command("search-report")
@_options("md", "docx", "json", "svg")
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

    today = _written_today(app)

    def render(session: Session, kinds: Sequence[str]) -> Mapping[str, bytes]:
        return exports.render_search_report(session, kinds, today=today)

    formats = searchreport.FORMATS
    _deliver(app, searchreport.NAME, formats, render, (kind, to))


def _written_today(app: App) -> dict[str, Mapping[str, str]]:
    """Return query -> what its file says under `prisma_s`; tell of unreadable files."""
    from litreview import searches
    from litreview.errors import LitreviewError

    said: dict[str, Mapping[str, str]] = {}
    for name in app.workspace.strategies():
        try:
            said[name] = searches.read(app.workspace, name).strategy.prisma_s
        except LitreviewError as error:
            say(f"queries/{name}.yaml is left out: {error}")
    return said


@export.command("all")
@pass_app
def everything(app: App) -> None:
    """Write every table in every format into exports/, all of one moment.

    \b
    Example:
      litreview export all
    """
    from litreview import exports

    asker = exports.Asker(app.handle)
    today = _written_today(app)
    files, schema = app.read(
        lambda session: (
            exports.render_all(session, asker=asker, today=today),
            exports.schema(session),
        )
    )
    written = exports.write_files(app.workspace.exports, files, schema=schema)
    say(f"wrote {len(written)} files and their manifest to {app.workspace.exports}")


def _table(
    app: App, name: str, where: tuple[str | None, str | None], *, unblind: bool = False
) -> None:
    from litreview import exports

    asker = exports.Asker(app.handle, unblind)
    if unblind:
        app.write(lambda session: exports.note_unblinding(session, name, asker=asker))

    def render(session: Session, kinds: Sequence[str]) -> Mapping[str, bytes]:
        return exports.render(session, name, kinds, asker=asker)

    _deliver(app, name, exports.TABLES[name].formats, render, where)


def _deliver(
    app: App,
    name: str,
    formats: Sequence[str],
    render: Render,
    where: tuple[str | None, str | None],
) -> None:
    """Render in one snapshot, then write to where `--format` and `--to` say."""
    from litreview import exports

    kind, to = where
    kinds = formats if where == (None, None) else [_one_format(formats, kind, to)]
    made, schema = app.read(
        lambda session: (render(session, kinds), exports.schema(session))
    )
    if where == (None, None):
        files = {exports.file_name(name, one): made[one] for one in made}
        for path in exports.write_files(app.workspace.exports, files, schema=schema):
            say(f"wrote {path}")
    elif to is None or to == STDOUT:
        _print(made[kinds[0]])
    else:
        exports.write_file(Path(to), made[kinds[0]])
        say(f"wrote {to}")


def _one_format(formats: Sequence[str], kind: str | None, to: str | None) -> str:
    """Return the format asked for: by name, by the file's ending, else the first."""
    if kind is not None:
        return kind
    if to in (None, STDOUT):
        return formats[0]
    from litreview.exports import ENDINGS

    ending = Path(str(to)).suffix.removeprefix(".").lower()
    endings = {ENDINGS.get(one, one): one for one in formats}
    if ending in endings:
        return endings[ending]
    raise UsageError(
        f"the ending of {to} names no format of this table",
        fix=f"end it in .{', .'.join(endings)}, or give --format",
    )


def _print(content: bytes) -> None:
    """Write a file's content to stdout as it is; on a terminal, without controls."""
    if sys.stdout.isatty():
        if content.startswith(ZIP):
            raise UsageError(
                "this format is no text, so a terminal cannot show it",
                fix="give --to FILE, or send the output into a file with >",
            )
        content = printable(content.decode(), keep_newlines=True).encode()
    click.echo(content, nl=False)
