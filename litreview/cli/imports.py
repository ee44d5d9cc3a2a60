"""`litreview import` and `litreview add`: records from files, and found by hand."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, TypedDict, Unpack

import click

from litreview.cli.app import App, pass_app
from litreview.cli.output import json_option, show, show_json
from litreview.cli.several import Several
from litreview.vocabulary import Found

if TYPE_CHECKING:
    from litreview.intake import File


# -- files ---------------------------------------------------------------------------


class ImportWords(TypedDict):
    """The options of `import`."""

    form: str | None
    label: str
    columns: tuple[str, ...]
    register: bool
    as_json: bool


@click.command("import", cls=Several)
@click.argument(
    "files",
    metavar="FILE...",
    nargs=-1,
    required=True,
    type=click.Path(path_type=Path),
)
@click.option(
    "--format",
    "form",
    type=click.Choice(["csv"]),
    help="Default: told by the file's ending.",
)
@click.option(
    "--source",
    "label",
    default="",
    metavar="LABEL",
    help="What the database is called; default: the file's name.",
)
@click.option(
    "--map",
    "columns",
    multiple=True,
    metavar="COL=FIELD",
    help="A column that holds a field under another name.",
)
@click.option("--register", is_flag=True, help="The source is a register.")
@json_option
@pass_app
def import_command(
    app: App, files: tuple[Path, ...], **words: Unpack[ImportWords]
) -> None:
    """Bring in records from files.

    Columns known without --map: record_id, title, authors ("Family, Given; ..."),
    year, container_title, volume, issue, pages, doi, abstract, entrytype. All files
    are read and checked before the first is stored; the same file again adds nothing.

    \b
    Example:
      litreview import queries/imports/eric-2026-03-14.csv --source ERIC
      litreview import list.csv --map "Article Title=title" "Publication Year=year"
    """
    from litreview import intake

    mapping = _mapping(words["columns"])
    read = [
        intake.read_file(
            path,
            form=words["form"] or "",
            label=words["label"],
            mapping=mapping,
            register=words["register"],
        )
        for path in files
    ]
    rows = [_import_one(app, file) for file in read]
    if words["as_json"]:
        show_json(rows)
        return
    for row in rows:
        if row["again"]:
            show(f"{row['file']}: this very file is in already; nothing was added")
        else:
            show(f"{row['file']}: {row['new']:,} records as {row['source']!r}")


def _import_one(app: App, file: File) -> dict[str, object]:
    from litreview import intake

    done = app.write(lambda s: intake.import_file(s, file, by=app.handle))
    return {
        "file": file.name,
        "source": file.label,
        "run_id": done.run_id,
        "rows": done.rows,
        "new": done.stored.new,
        "again": done.again,
    }


def _mapping(columns: Sequence[str]) -> dict[str, str]:
    """Read COL=FIELD; the last equals sign parts them, as names may hold one."""
    from litreview.errors import UsageError

    mapping = {}
    for text in columns:
        column, equals, field = text.rpartition("=")
        if not equals or not column or not field:
            raise UsageError(
                f"--map {text!r} names no field", fix="write it as COLUMN=field"
            )
        mapping[column] = field
    return mapping


# -- by hand -------------------------------------------------------------------------


class FindWords(TypedDict):
    """The options of `add` that are stored as they are."""

    organisation: str
    year: str
    url: str
    found: str
    doi: str
    abstract: str


@click.command()
@click.argument("title")
@click.option("--organisation", required=True, help="Who published it.")
@click.option("--year", required=True, help="The year of publication.")
@click.option("--url", required=True, help="The address at which it was found.")
@click.option(
    "--accessed",
    required=True,
    metavar="YYYY-MM-DD",
    type=click.DateTime(["%Y-%m-%d"]),
    help="The day on which it was found there.",
)
@click.option(
    "--found",
    required=True,
    type=click.Choice(
        [Found.WEBSITE.value, Found.ORGANISATION.value, Found.CITATION.value]
    ),
    help="How it was found.",
)
@click.option(
    "--author",
    "authors",
    multiple=True,
    metavar='"FAMILY, GIVEN"',
    help="An author; may be given more than once.",
)
@click.option("--doi", default="", help="Its DOI, if it has one.")
@click.option("--abstract", default="", help="Its abstract or summary.")
@json_option
@pass_app
def add(
    app: App,
    title: str,
    *,
    accessed: datetime,
    authors: tuple[str, ...],
    as_json: bool,
    **words: Unpack[FindWords],
) -> None:
    """Add a record found by hand, with where it was found.

    It counts among PRISMA's other methods. The same record again is stored once.

    \b
    Example:
      litreview add "Early career framework" --organisation DfE --year 2019 \\
        --url https://www.gov.uk/ecf --accessed 2026-03-14 --found website
    """
    from litreview import intake

    find = intake.Find(
        title, accessed=accessed.date(), authors="; ".join(authors), **words
    )
    done = app.write(lambda session: intake.add(session, find, by=app.handle))
    record = done.record
    if as_json:
        told = {"new": done.new, "changed": done.changed}
        show_json({"record_id": record.id, "source_id": record.source_id, **told})
    elif done.new:
        show(f"record {record.id}: {record.title}")
    elif done.changed:
        show(f"record {record.id} was there; it has a new version now")
    else:
        show(f"record {record.id} says this already; nothing was added")
