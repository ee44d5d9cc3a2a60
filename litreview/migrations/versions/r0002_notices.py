"""What the services say later: notices on records, and more about each answer."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    """Add three columns, all empty for what is there already."""
    op.add_column("harvest_run", sa.Column("service", sa.Text(), nullable=True))
    op.add_column("harvest_page", sa.Column("requests", sa.Integer(), nullable=True))
    op.add_column("record", sa.Column("notices", JSON, nullable=True))
