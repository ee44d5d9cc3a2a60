"""The history of the tables, one revision a file in ``versions/``.

`upgrade` brings a database to the newest revision, `revision_of` tells where it
stands. Append-only triggers belong to the schema: `triggers.install` is called
by every revision that creates or rebuilds such a table, and `upgrade` puts all
of them in place again at its end, because SQLite's batch mode recreates tables
and drops their triggers.
"""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from litreview.migrations import triggers

FOLDER = Path(__file__).parent


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    return config


def newest() -> str:
    """Return the id of the newest revision that this program knows."""
    return str(ScriptDirectory.from_config(_config()).get_current_head())


def known() -> list[str]:
    """Return the ids of all revisions, oldest first."""
    scripts = ScriptDirectory.from_config(_config()).walk_revisions()
    return [script.revision for script in scripts][::-1]


def revision_of(connection: Connection) -> str | None:
    """Return the revision that a database stands at, or None for an empty one."""
    return MigrationContext.configure(connection).get_current_revision()


def upgrade(connection: Connection, *, to: str = "head") -> None:
    """Bring the database to a revision, inside the caller's transaction."""
    config = _config()
    config.attributes["connection"] = connection
    command.upgrade(config, to)
    triggers.install(connection)
