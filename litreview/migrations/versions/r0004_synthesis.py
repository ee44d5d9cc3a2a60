"""Shares of the work, notes and labels, and everything after a passage is coded."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    """Make ten tables, and add columns that say the usual of what is there."""
    _tables()
    _columns()


def _tables() -> None:
    op.create_table(
        "adjudication",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uid", sa.Text(), nullable=False),
        sa.Column("record_id", sa.Integer(), nullable=False),
        sa.Column("construct", sa.Text(), nullable=False),
        sa.Column("present", sa.Boolean(), nullable=False),
        sa.Column("basis_key", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_adjudication_person_id_person")
        ),
        sa.ForeignKeyConstraint(
            ["record_id"], ["record.id"], name=op.f("fk_adjudication_record_id_record")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_adjudication")),
        sa.UniqueConstraint("uid", name=op.f("uq_adjudication_uid")),
    )
    op.create_index(
        op.f("ix_adjudication_record_id"), "adjudication", ["record_id"], unique=False
    )
    op.create_table(
        "material_version",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "kind IN ('form', 'scales', 'ledger', 'plan', 'programmes', 'frameworks')",
            name=op.f("ck_material_version_kind"),
        ),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["person.id"],
            name=op.f("fk_material_version_person_id_person"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_material_version")),
    )
    op.create_table(
        "record_annotation",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uid", sa.Text(), nullable=False),
        sa.Column("record_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "kind IN ('note', 'label', 'unlabel')",
            name=op.f("ck_record_annotation_kind"),
        ),
        sa.CheckConstraint("text <> ''", name=op.f("ck_record_annotation_text")),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["person.id"],
            name=op.f("fk_record_annotation_person_id_person"),
        ),
        sa.ForeignKeyConstraint(
            ["record_id"],
            ["record.id"],
            name=op.f("fk_record_annotation_record_id_record"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_record_annotation")),
        sa.UniqueConstraint("uid", name=op.f("uq_record_annotation_uid")),
    )
    op.create_index(
        op.f("ix_record_annotation_person_id"),
        "record_annotation",
        ["person_id"],
        unique=False,
    )
    op.create_index(
        op.f("ix_record_annotation_record_id"),
        "record_annotation",
        ["record_id"],
        unique=False,
    )
    op.create_table(
        "coding_event",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("record_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("codebook_id", sa.Integer(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "state IN ('finished', 'reopened')", name=op.f("ck_coding_event_state")
        ),
        sa.ForeignKeyConstraint(
            ["codebook_id"],
            ["codebook_version.id"],
            name=op.f("fk_coding_event_codebook_id_codebook_version"),
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_coding_event_person_id_person")
        ),
        sa.ForeignKeyConstraint(
            ["record_id"], ["record.id"], name=op.f("fk_coding_event_record_id_record")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_coding_event")),
    )
    op.create_index(
        op.f("ix_coding_event_record_id"), "coding_event", ["record_id"], unique=False
    )
    op.create_table(
        "form_value",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("record_id", sa.Integer(), nullable=False),
        sa.Column("form_id", sa.Integer(), nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("part", sa.Integer(), nullable=False),
        sa.Column("value", JSON, nullable=False),
        sa.Column("page", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("part >= 1", name=op.f("ck_form_value_part")),
        sa.ForeignKeyConstraint(
            ["form_id"],
            ["material_version.id"],
            name=op.f("fk_form_value_form_id_material_version"),
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_form_value_person_id_person")
        ),
        sa.ForeignKeyConstraint(
            ["record_id"], ["record.id"], name=op.f("fk_form_value_record_id_record")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_form_value")),
    )
    op.create_index(
        op.f("ix_form_value_record_id"), "form_value", ["record_id"], unique=False
    )
    op.create_table(
        "instrument_version",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("instrument_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("found", sa.Boolean(), nullable=False),
        sa.Column("record_id", sa.Integer(), nullable=True),
        sa.Column("scale", sa.Text(), nullable=False),
        sa.Column("reliability", sa.Text(), nullable=False),
        sa.Column("validity", sa.Text(), nullable=False),
        sa.Column("sample", sa.Text(), nullable=False),
        sa.Column("country", sa.Text(), nullable=False),
        sa.Column("year", sa.Text(), nullable=False),
        sa.Column("licence", sa.Text(), nullable=False),
        sa.Column("permission", sa.Text(), nullable=False),
        sa.Column("permission_evidence", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "permission IN ('unknown', 'asked', 'granted', 'refused', 'not-needed')",
            name=op.f("ck_instrument_version_permission"),
        ),
        sa.ForeignKeyConstraint(
            ["instrument_id"],
            ["instrument.id"],
            name=op.f("fk_instrument_version_instrument_id_instrument"),
        ),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["person.id"],
            name=op.f("fk_instrument_version_person_id_person"),
        ),
        sa.ForeignKeyConstraint(
            ["record_id"],
            ["record.id"],
            name=op.f("fk_instrument_version_record_id_record"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_instrument_version")),
        sa.UniqueConstraint(
            "instrument_id",
            "version",
            name=op.f("uq_instrument_version_instrument_id_version"),
        ),
    )
    op.create_table(
        "indicator",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("construct", sa.Text(), nullable=False),
        sa.Column("codebook_id", sa.Integer(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("dataset", sa.Text(), nullable=False),
        sa.Column("variable", sa.Text(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("join_key", sa.Text(), nullable=False),
        sa.Column("years", sa.Text(), nullable=False),
        sa.Column("access", sa.Text(), nullable=False),
        sa.Column("quality", sa.Text(), nullable=False),
        sa.Column("formula", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("code_id", sa.Integer(), nullable=True),
        sa.Column("cut_off", sa.Text(), nullable=False),
        sa.Column("cut_off_source", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "role IN ('context', 'mechanism', 'outcome')",
            name=op.f("ck_indicator_role"),
        ),
        sa.CheckConstraint(
            "status IN ('candidate', 'usable', 'rejected')",
            name=op.f("ck_indicator_status"),
        ),
        sa.ForeignKeyConstraint(
            ["code_id"],
            ["code_application.id"],
            name=op.f("fk_indicator_code_id_code_application"),
        ),
        sa.ForeignKeyConstraint(
            ["codebook_id"],
            ["codebook_version.id"],
            name=op.f("fk_indicator_codebook_id_codebook_version"),
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_indicator_person_id_person")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_indicator")),
        sa.UniqueConstraint(
            "number", "version", name=op.f("uq_indicator_number_version")
        ),
    )
    op.create_index(
        op.f("ix_indicator_construct"), "indicator", ["construct"], unique=False
    )
    op.create_table(
        "quote_check",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("code_id", sa.Integer(), nullable=False),
        sa.Column("found", sa.Boolean(), nullable=False),
        sa.Column("page", sa.Text(), nullable=False),
        sa.Column("score", sa.Double(), nullable=False),
        sa.Column("nearest", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["code_id"],
            ["code_application.id"],
            name=op.f("fk_quote_check_code_id_code_application"),
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_quote_check_person_id_person")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quote_check")),
    )
    op.create_index(
        op.f("ix_quote_check_code_id"), "quote_check", ["code_id"], unique=False
    )
    op.create_table(
        "rating",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("panel", sa.Text(), nullable=False),
        sa.Column("round", sa.Text(), nullable=False),
        sa.Column("rater", sa.Text(), nullable=False),
        sa.Column("measure", sa.Text(), nullable=False),
        sa.Column("item_id", sa.Integer(), nullable=True),
        sa.Column("version", sa.Integer(), nullable=True),
        sa.Column("construct", sa.Text(), nullable=False),
        sa.Column("value", sa.Integer(), nullable=False),
        sa.Column("comment", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "(item_id IS NULL) <> (construct = '')", name=op.f("ck_rating_subject")
        ),
        sa.CheckConstraint(
            "measure IN ('relevance', 'clarity', 'essential', 'rank')",
            name=op.f("ck_rating_measure"),
        ),
        sa.CheckConstraint(
            "panel IN ('expert', 'staff')", name=op.f("ck_rating_panel")
        ),
        sa.ForeignKeyConstraint(
            ["item_id"], ["survey_item.id"], name=op.f("fk_rating_item_id_survey_item")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_rating_person_id_person")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rating")),
    )
    op.create_index(op.f("ix_rating_item_id"), "rating", ["item_id"], unique=False)
    op.create_table(
        "item_source",
        sa.Column("version_id", sa.Integer(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("instrument_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("page", sa.Text(), nullable=False),
        sa.Column("adaptation", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "origin IN ('new', 'adapted', 'verbatim')",
            name=op.f("ck_item_source_origin"),
        ),
        sa.ForeignKeyConstraint(
            ["instrument_id"],
            ["instrument.id"],
            name=op.f("fk_item_source_instrument_id_instrument"),
        ),
        sa.ForeignKeyConstraint(
            ["version_id"],
            ["item_version.id"],
            name=op.f("fk_item_source_version_id_item_version"),
        ),
        sa.PrimaryKeyConstraint("version_id", name=op.f("pk_item_source")),
    )


def _columns() -> None:
    op.add_column("cmo_part", sa.Column("aspect", sa.Text(), nullable=True))
    op.add_column(
        "code_application",
        sa.Column(
            "organisation", sa.Text(), server_default=sa.text("''"), nullable=False
        ),
    )
    op.add_column("code_application", sa.Column("attributes", JSON, nullable=True))
    op.add_column(
        "item_version",
        sa.Column("period", sa.Text(), server_default=sa.text("''"), nullable=False),
    )
    op.add_column(
        "item_version",
        sa.Column(
            "respondent", sa.Text(), server_default=sa.text("''"), nullable=False
        ),
    )
    op.add_column(
        "person",
        sa.Column("share", sa.Double(), server_default=sa.text("1"), nullable=False),
    )
    op.add_column(
        "person",
        sa.Column("paused", sa.Boolean(), server_default=sa.false(), nullable=False),
    )
