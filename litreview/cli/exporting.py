"""What all exports share on the command line: their options, and where files go.

Without options every format goes into ``exports/``; ``--format`` sends that one to
stdout; ``--to`` says where instead.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from litreview.cli.app import App
from litreview.cli.output import say
from litreview.errors import UsageError
from litreview.text import printable

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

Command = TypeVar("Command", bound=Callable[..., Any])
Render = Callable[["Session", Sequence[str]], Mapping[str, bytes]]
Where = tuple[str | None, str | None]  # --format and --to

STDOUT = "-"
ZIP = b"PK\x03\x04"  # how DOCX and other packed files begin


def options(*formats: str) -> Callable[[Command], Command]:
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


def table(
    app: App,
    name: str,
    where: Where,
    *,
    unblind: bool = False,
    only: Mapping[str, str] | None = None,
) -> None:
    """Write a registered table (`exports.TABLES`) to where the options say.

    `only` keeps the rows with these values in these columns, and stands in the name
    of the file.
    """
    from litreview import exports, rendering

    asker = rendering.Asker(app.handle, unblind)
    if unblind:
        app.write(lambda session: exports.note_unblinding(session, name, asker=asker))

    def render(session: Session, kinds: Sequence[str]) -> Mapping[str, bytes]:
        narrowed = rendering.only(exports.TABLES[name], only or {})
        return rendering.render(narrowed, session, kinds, asker=asker)

    called = "-".join([name, *(only or {}).values()])
    deliver(app, called, exports.TABLES[name].formats, render, where)


def deliver(
    app: App,
    name: str,
    formats: Sequence[str],
    render: Render,
    where: Where,
) -> None:
    """Render in one snapshot, then write to where `--format` and `--to` say."""
    from litreview import delivery, exports

    kind, to = where
    kinds = formats if where == (None, None) else [_one_format(formats, kind, to)]
    made, schema = app.read(
        lambda session: (render(session, kinds), exports.schema(session))
    )
    if where == (None, None):
        files = {exports.file_name(name, one): made[one] for one in made}
        for path in delivery.write_files(app.workspace.exports, files, schema=schema):
            say(f"wrote {path}")
    elif to is None or to == STDOUT:
        print_content(made[kinds[0]])
    else:
        delivery.write_file(Path(to), made[kinds[0]])
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


def print_content(content: bytes) -> None:
    """Write a file's content to stdout as it is; on a terminal, without controls."""
    if sys.stdout.isatty():
        if content.startswith(ZIP):
            raise UsageError(
                "this format is no text, so a terminal cannot show it",
                fix="give --to FILE, or send the output into a file with >",
            )
        content = printable(content.decode(), keep_newlines=True).encode()
    click.echo(content, nl=False)


def everything(app: App) -> tuple[dict[str, bytes], str]:
    """Return file name -> content of every export, of one moment, and the schema.

    A questionnaire that cannot be exported is left out, and why is said.
    """
    from litreview import exports, fielding, rendering

    asker = rendering.Asker(app.handle)
    today = written_today(app)
    files, (surveys, left_out), schema = app.read(
        lambda session: (
            exports.render_all(session, asker=asker, today=today),
            fielding.everything(session),
            exports.schema(session),
        )
    )
    for reason in left_out:
        say(reason)
    return {**files, **surveys}, schema


def written_today(app: App) -> dict[str, Mapping[str, str]]:
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
