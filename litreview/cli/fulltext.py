"""fulltext: which reports' full texts are sought, retrieved, or not to be had."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from litreview.cli.app import App, pass_app
from litreview.cli.fulltext_files import find, import_
from litreview.cli.ids import ID
from litreview.cli.output import counted, json_option, say, show_rows

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

STATES = ["not_yet_sought", "sought", "retrieved", "not-retrieved"]


@click.group()
def fulltext() -> None:
    """Keep track of full texts.

    \b
    Example:
      litreview fulltext set 12 retrieved --where papers/12.pdf
    """


@fulltext.command("list")
@click.option("--status", type=click.Choice(STATES), help="Only these.")
@json_option
@pass_app
def list_(app: App, *, status: str | None, as_json: bool) -> None:
    """List the reports that passed title and abstract, with their full texts.

    \b
    Example:
      litreview fulltext list --status not_yet_sought
    """
    from dataclasses import asdict

    from litreview import fulltext as service

    found = app.read(lambda session: service.wanted(session, status=status))
    rows = [asdict(row) for row in found]
    columns = ["record_id", "status", "year", "doi", "title"]
    show_rows(rows, columns, as_json=as_json, empty="no report is at full text")


@fulltext.command("set")
@click.argument("record_ids", metavar="ID...", type=ID, nargs=-1, required=True)
@click.argument("status", type=click.Choice(STATES[1:]))
@click.option("--where", default="", help="The file or address of the full text.")
@pass_app
def set_(app: App, record_ids: tuple[int, ...], status: str, *, where: str) -> None:
    """Record what became of the full text of one or more reports.

    \b
    Example:
      litreview fulltext set 12 retrieved --where papers/12.pdf
      litreview fulltext set 14 15 not-retrieved
    """
    from litreview import fulltext as service

    def work(session: Session) -> None:
        by = service.may_handle(session, app.handle)
        for record_id in record_ids:
            service.set_status(session, record_id, status=status, location=where, by=by)

    app.write(work)
    say(f"recorded: {status} for {counted(len(record_ids), 'report')}")
    named = Path(where).suffix and "://" not in where
    if named and not (app.workspace.root / where).is_file():
        say(
            f"note: there is no file {where} in the workspace yet; "
            "until it is there no quotation can be looked for in it"
        )


fulltext.add_command(find)
fulltext.add_command(import_)
