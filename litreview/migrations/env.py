"""Alembic's entry point: always online, on the connection that `upgrade` gives.

A developer who runs ``alembic -c setup.cfg revision --autogenerate`` gets an
empty in-memory SQLite database at the newest revision to compare with.
"""

from __future__ import annotations

from alembic import context
from sqlalchemy import Connection

from litreview.declarative import Base


def run(connection: Connection) -> None:
    """Apply the revisions on this connection."""
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=True,
        transactional_ddl=True,
    )
    context.run_migrations()


run(context.config.attributes["connection"])
