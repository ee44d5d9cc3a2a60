"""db and check: the database's life, and whether its content holds together."""

from __future__ import annotations

from pathlib import Path

import click

from litreview.cli.app import App, pass_app
from litreview.cli.output import json_option, say, show, show_json, show_rows


@click.group()
def db() -> None:
    """Look after the database.

    \b
    Example:
      litreview db backup before-the-update.sqlite
    """


@db.command()
@pass_app
def upgrade(app: App) -> None:
    """Bring the database to this program's tables, making it where there is none.

    \b
    Example:
      litreview db upgrade
    """
    from litreview import db as database

    if not app.database_given:
        (app.workspace.root / "db").mkdir(exist_ok=True)
    with database.opened(app.database_url) as engine:
        before, after = database.upgrade(engine)
    if before == after:
        say(f"the database is at {after} already")
    else:
        show(f"upgraded from {before or 'nothing'} to {after}")
    if before is None:
        say("next: `litreview sync` brings screening/*.yaml into it")


@db.command()
@pass_app
def path(app: App) -> None:
    """Print where the database is.

    \b
    Example:
      litreview db path
    """
    from litreview import db as database

    engine = database.engine_for(app.database_url)
    file = database.file_of(app.database_url)
    show(str(file or engine.url.render_as_string(hide_password=True)))


@db.command()
@click.argument("file", type=click.Path(path_type=Path))
@pass_app
def backup(app: App, file: Path) -> None:
    """Write a consistent copy of the database to a new FILE, also while others work.

    \b
    Example:
      litreview db backup review-2026-11-21.sqlite
    """
    from litreview import db as database

    database.backup(app.engine, file)
    show(str(file))


@db.command()
@json_option
@pass_app
def stats(app: App, *, as_json: bool) -> None:
    """Count the rows of each table.

    \b
    Example:
      litreview db stats --json
    """
    from litreview import db as database

    counts = app.read(database.stats)
    if as_json:
        show_json(counts)
        return
    rows = [{"table": name, "rows": number} for name, number in sorted(counts.items())]
    show_rows(rows, ["table", "rows"], as_json=False)


def _check(app: App, *, as_json: bool) -> None:
    from litreview import checks
    from litreview.errors import InvariantError

    found = app.read(checks.run)
    if as_json:
        show_json(found)
    else:
        for name, problems in found.items():
            show(f"{'ok  ' if not problems else 'FAIL'} {name}")
            for problem in problems:
                show(f"       {problem}")
    broken = [name for name, problems in found.items() if problems]
    if broken:
        raise InvariantError(
            f"{len(broken)} of {len(found)} checks failed",
            why="; ".join(broken),
            fix="keep a copy (`litreview db backup FILE`) and report this",
        )


CHECK_HELP = """Check the stored data against the model's promises.

Every promise is named with what breaks it. The exit status is 5 if any does.

\b
Example:
  litreview {}
"""


@click.command(help=CHECK_HELP.format("check"))
@json_option
@pass_app
def check(app: App, *, as_json: bool) -> None:
    """Run every check."""
    _check(app, as_json=as_json)


@db.command("check", help=CHECK_HELP.format("db check"))
@json_option
@pass_app
def db_check(app: App, *, as_json: bool) -> None:
    """Run every check."""
    _check(app, as_json=as_json)
