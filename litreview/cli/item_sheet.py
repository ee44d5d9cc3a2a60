"""`litreview item draft` and `import`: from a construct to items, through a person."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from litreview.cli.app import App, pass_app
from litreview.cli.exporting import deliver, options
from litreview.cli.output import counted, json_option, say, show, show_json

if TYPE_CHECKING:
    from sqlalchemy.orm import Session


@click.command()
@click.argument("construct")
@click.option("--instrument", default="", help="The instrument that the items are for.")
@options("md", "docx", "json", "csv")
@pass_app
def draft(
    app: App, construct: str, instrument: str, kind: str | None, to: str | None
) -> None:
    """Write the item-writing sheet of a construct.

    It has the definition, the passages that count with their pages, the items there
    are, what is missing, and candidate stems in rows to be filled in. A candidate is
    put together by rule and claims no quality. Fill in the DOCX, JSON or CSV sheet
    and bring it back with `litreview item import`.

    \b
    Example:
      litreview item draft coh.internal --to sheet.docx
      litreview item draft coh.internal --instrument staff-survey --to sheet.csv
    """
    from litreview import sheetpages

    def render(session: Session, kinds: Sequence[str]) -> Mapping[str, bytes]:
        return sheetpages.render(
            session, construct, kinds, instrument=instrument, handle=app.handle
        )

    deliver(app, f"sheet-{construct}", sheetpages.FORMATS, render, (kind, to))


@click.command("import")
@click.argument("file", type=click.Path(path_type=Path))
@click.option(
    "--instrument", default="", help="The instrument for rows that name none."
)
@json_option
@pass_app
def import_(app: App, file: Path, instrument: str, *, as_json: bool) -> None:
    """Bring a filled item-writing sheet into the item bank.

    A row is taken where Keep says yes, under the name at Written by; a row that
    nobody filled in is left alone. All rows or none, and no row twice. The file is
    a DOCX, JSON or CSV sheet.

    \b
    Example:
      litreview item import sheet.docx --instrument staff-survey
    """
    from litreview import authored, sheetfile

    content = _content(file)
    digest = hashlib.sha256(content).hexdigest()
    sheet = authored.File(file, digest, sheetfile.read(content, file))
    done = app.write(
        lambda session: authored.bring(
            session, sheet, by=app.handle, instrument=instrument
        )
    )
    for written in done.stored:
        for note in written.notes:
            say(f"note: item {written.item.id}: {note}")
    if as_json:
        show_json(
            {
                "stored": [written.item.id for written in done.stored],
                "already_there": done.already_there,
                "left": done.left,
            }
        )
        return
    for written in done.stored:
        show(f"item {written.item.id}: {written.version.text}")
    say(
        f"{counted(len(done.stored), 'item')} stored, {len(done.already_there)} there "
        f"already, {counted(done.left, 'row')} left alone"
    )


def _content(file: Path) -> bytes:
    from litreview.errors import InputFileError

    try:
        return file.read_bytes()
    except OSError as error:
        raise InputFileError(
            file,
            None,
            f"cannot be read: {error.strerror or error}",
            fix="check the name and its rights",
        ) from error
