"""The history of the tables, one revision a file in ``versions/``.

`upgrade` brings a database to the newest revision, `revision_of` tells where it
stands. Append-only triggers belong to the schema: `triggers.install` is called
by every revision that creates or rebuilds such a table, and `upgrade` puts all
of them in place again at its end, because SQLite's batch mode recreates tables
and drops their triggers.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from litreview.migrations import triggers

FOLDER = Path(__file__).parent


def _config(folder: Path) -> Config:
    config = Config()
    config.set_main_option("script_location", str(folder).replace("%", "%%"))
    return config


@lru_cache(maxsize=1)  # each reading compiles every revision's file again
def _scripts(folder: Path) -> ScriptDirectory:
    return ScriptDirectory.from_config(_config(folder))


def newest() -> str:
    """Return the id of the newest revision that this program knows."""
    return str(_scripts(FOLDER).get_current_head())


def known() -> list[str]:
    """Return the ids of all revisions, oldest first."""
    return [script.revision for script in _scripts(FOLDER).walk_revisions()][::-1]


def revision_of(connection: Connection) -> str | None:
    """Return the revision that a database stands at, or None for an empty one."""
    return MigrationContext.configure(connection).get_current_revision()


def upgrade(connection: Connection, *, to: str = "head") -> None:
    """Bring the database to a revision, inside the caller's transaction."""
    config = _config(FOLDER)
    config.attributes["connection"] = connection
    command.upgrade(config, to)
    triggers.install(connection)
