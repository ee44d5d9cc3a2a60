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

    @property
    def database_given(self) -> str | None:
        """The address of --database or LITREVIEW_DATABASE, if there is one."""
        return self.database or os.environ.get("LITREVIEW_DATABASE")

    @property
    def database_url(self) -> str:
        """The address that was given, or that of the workspace's embedded file."""
        return self.database_given or self.workspace.database_url

    def database_is_new(self) -> bool:
        """Tell whether the database is an SQLite file that does not exist yet."""
        from litreview import db

        file = db.file_of(self.database_url)
        return file is not None and not file.exists()

    @property
    def handle_chosen(self) -> str | None:
        """The handle of --as or LITREVIEW_USER, if there is one."""
        return self.handle_given or os.environ.get("LITREVIEW_USER")

    @property
    def handle(self) -> str:
        """Who is asking: --as, LITREVIEW_USER, or the system's user name."""
        from litreview.errors import UsageError

        try:
            return self.handle_chosen or getpass.getuser()
        except (KeyError, OSError) as error:
            raise UsageError(
                "the system does not say who you are", fix="give --as HANDLE"
            ) from error

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
        with db.opened(self.database_url) as engine:
            db.require_current(engine)
        return engine  # with no connection yet; it opens them again when asked

    def close(self) -> None:
        """Give the connections back, if there are any."""
        if "engine" in self.__dict__:
            self.engine.dispose()

    def read(self, work: Callable[[Session], T]) -> T:
        """Do `work` in one reading snapshot."""
        from litreview import db

        return db.read(self.engine, work)

    def write(self, work: Callable[[Session], T]) -> T:
        """Do `work` in one writing transaction."""
        from litreview import db

        return db.write(self.engine, work)


pass_app = click.make_pass_decorator(App, ensure=True)
