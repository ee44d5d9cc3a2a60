"""What a pass over the duplicates keeps, so that the next need not begin anew."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make two tables, empty until the next pass."""
    op.create_table(
        "match_page",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("codes", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("number", name=op.f("pk_match_page")),
    )
    op.create_table(
        "match_change",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("record_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["record_id"], ["record.id"], name=op.f("fk_match_change_record_id_record")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_match_change")),
    )
