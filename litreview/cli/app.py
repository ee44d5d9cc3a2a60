"""What every command is given: the workspace, the database, and who is asking.

All three are found on first use, so that ``--help`` and commands that need none
of them stay quick and work anywhere.
"""

from __future__ import annotations

import getpass
import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

if TYPE_CHECKING:
    from sqlalchemy import Engine
    from sqlalchemy.orm import Session

    from litreview.workspace import Workspace

T = TypeVar("T")


@dataclass
class App:
    """The global options of one call."""

    folder: Path | None = None
    database: str | None = None
    handle_given: str | None = None
    verbose: bool = False

    @cached_property
    def workspace(self) -> Workspace:
        """The workspace of -w, or the one around the present folder."""
        from litreview import workspace

        return workspace.at(self.folder) if self.folder else workspace.find(Path.cwd())

    def workspace_url(self) -> str:
        """Return the address of the workspace's own embedded database."""
        return self.workspace.database_url

    @property
    def database_url(self) -> str:
        """The address of --database, LITREVIEW_DATABASE, or the embedded file."""
        return (
            self.database
            or os.environ.get("LITREVIEW_DATABASE")
            or self.workspace_url()
        )

    def database_is_new(self) -> bool:
        """Tell whether the database is an SQLite file that does not exist yet."""
        url = self.database_url
        file = Path(url.removeprefix("sqlite:///"))
        return url.startswith("sqlite:///") and not file.exists()

    @property
    def handle(self) -> str:
        """Who is asking: --as, LITREVIEW_USER, or the system's user name."""
        return (
            self.handle_given or os.environ.get("LITREVIEW_USER") or getpass.getuser()
        )

    @cached_property
    def engine(self) -> Engine:
        """The database, refused unless its schema is this program's."""
        from litreview import db
        from litreview.errors import DatabaseError

        if self.database_is_new():
            raise DatabaseError(
                f"there is no database at {self.database_url}",
                fix="run `litreview init` in the workspace to make it",
            )
        engine = db.engine_for(self.database_url)
        db.require_current(engine)
        return engine

    def read(self, work: Callable[[Session], T]) -> T:
        """Do `work` in one reading snapshot."""
        from litreview import db

        return db.read(self.engine, work)

    def write(self, work: Callable[[Session], T]) -> T:
        """Do `work` in one writing transaction."""
        from litreview import db

        return db.write(self.engine, work)


pass_app = click.make_pass_decorator(App, ensure=True)
