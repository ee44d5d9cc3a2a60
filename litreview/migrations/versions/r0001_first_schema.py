"""The first schema: the whole model, from a search to a survey item."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
JSON = sa.JSON().with_variant(postgresql.JSONB(), "postgresql")


def upgrade() -> None:
    """Create every table."""
    person()
    audit_event()
    protocol_version()
    codebook_version()
    search_strategy()
    harvest_run()
    harvest_page()
    record()
    record_author()
    raw_record()
    rejected_item()
    hit()
    record_edit()
    record_removal()
    dedupe_run()
    candidate_pair()
    pair_decision()
    screening_round()
    assignment()
    decision()
    decision_scope()
    decision_stream()
    decision_set_aside()
    resolution()
    resolution_basis()
    resolution_person()
    resolution_stream()
    fulltext_event()
    code_application()
    code_retraction()
    cmo_configuration()
    cmo_part()
    cmo_evidence()
    instrument()
    survey_item()
    item_version()
    item_evidence()


def person() -> None:
    """Create the table ``person``."""
    op.create_table(
        "person",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("handle", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("since", MOMENT, nullable=False),
        sa.CheckConstraint(
            "role IN ('lead', 'screener', 'arbiter', 'coder', 'reader')",
            name=op.f("ck_person_role"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person")),
        sa.UniqueConstraint("handle", name=op.f("uq_person_handle")),
    )


def audit_event() -> None:
    """Create the table ``audit_event``."""
    op.create_table(
        "audit_event",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=True),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("subject", sa.Text(), nullable=False),
        sa.Column("detail", JSON, nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_audit_event_person_id_person")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_audit_event")),
    )


def protocol_version() -> None:
    """Create the table ``protocol_version``."""
    op.create_table(
        "protocol_version",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("review_text", sa.Text(), nullable=False),
        sa.Column("criteria_text", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=True),
        sa.Column("at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["person.id"],
            name=op.f("fk_protocol_version_person_id_person"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_protocol_version")),
    )


def codebook_version() -> None:
    """Create the table ``codebook_version``."""
    op.create_table(
        "codebook_version",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=True),
        sa.Column("at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["person.id"],
            name=op.f("fk_codebook_version_person_id_person"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_codebook_version")),
    )


def search_strategy() -> None:
    """Create the table ``search_strategy``."""
    op.create_table(
        "search_strategy",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_search_strategy")),
        sa.UniqueConstraint(
            "name", "sha256", name=op.f("uq_search_strategy_name_sha256")
        ),
    )


def harvest_run() -> None:
    """Create the table ``harvest_run``."""
    op.create_table(
        "harvest_run",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("strategy_id", sa.Integer(), nullable=True),
        sa.Column("request", JSON, nullable=False),
        sa.Column("client", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("reported", sa.Integer(), nullable=True),
        sa.Column("expected", sa.Integer(), nullable=True),
        sa.Column("fetched", sa.Integer(), nullable=False),
        sa.Column("cursor", sa.Text(), nullable=True),
        sa.Column("walk", sa.Integer(), nullable=False),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=True),
        sa.Column("started_at", MOMENT, nullable=False),
        sa.Column("finished_at", MOMENT, nullable=True),
        sa.CheckConstraint(
            "kind <> 'search' OR strategy_id IS NOT NULL",
            name=op.f("ck_harvest_run_strategy"),
        ),
        sa.CheckConstraint(
            "kind IN ('search', 'file', 'manual', 'citation')",
            name=op.f("ck_harvest_run_kind"),
        ),
        sa.CheckConstraint(
            "status IN ('running', 'complete', 'incomplete')",
            name=op.f("ck_harvest_run_status"),
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_harvest_run_person_id_person")
        ),
        sa.ForeignKeyConstraint(
            ["strategy_id"],
            ["search_strategy.id"],
            name=op.f("fk_harvest_run_strategy_id_search_strategy"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_harvest_run")),
    )
    op.create_index(
        op.f("ix_harvest_run_source"), "harvest_run", ["source"], unique=False
    )


def harvest_page() -> None:
    """Create the table ``harvest_page``."""
    op.create_table(
        "harvest_page",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("walk", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("items", sa.Integer(), nullable=False),
        sa.Column("total", sa.Integer(), nullable=True),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id"],
            ["harvest_run.id"],
            name=op.f("fk_harvest_page_run_id_harvest_run"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_harvest_page")),
        sa.UniqueConstraint(
            "run_id", "walk", "number", name=op.f("uq_harvest_page_run_id_walk_number")
        ),
    )


def record() -> None:
    """Create the table ``record``."""
    op.create_table(
        "record",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("source_id", sa.Text(), nullable=False),
        sa.Column("found", sa.Text(), nullable=False),
        sa.Column("cluster_id", sa.Integer(), nullable=True),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("title_key", sa.Text(), nullable=False),
        sa.Column("authors", sa.Text(), nullable=False),
        sa.Column("year", sa.Integer(), nullable=True),
        sa.Column("published", sa.Text(), nullable=False),
        sa.Column("container_title", sa.Text(), nullable=False),
        sa.Column("volume", sa.Text(), nullable=False),
        sa.Column("issue", sa.Text(), nullable=False),
        sa.Column("pages", sa.Text(), nullable=False),
        sa.Column("publisher", sa.Text(), nullable=False),
        sa.Column("doi", sa.Text(), nullable=False),
        sa.Column("issn", sa.Text(), nullable=False),
        sa.Column("isbn", sa.Text(), nullable=False),
        sa.Column("pmid", sa.Text(), nullable=False),
        sa.Column("url", sa.Text(), nullable=False),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("genre", sa.Text(), nullable=False),
        sa.Column("language", sa.Text(), nullable=False),
        sa.Column("abstract", sa.Text(), nullable=False),
        sa.Column("retracted", sa.Boolean(), nullable=False),
        sa.Column("flags", sa.Text(), nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.CheckConstraint(
            "found IN ('database', 'register', 'website', 'organisation', 'citation')",
            name=op.f("ck_record_found"),
        ),
        sa.ForeignKeyConstraint(
            ["cluster_id"], ["record.id"], name=op.f("fk_record_cluster_id_record")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_record")),
        sa.UniqueConstraint(
            "source",
            "scope",
            "source_id",
            name=op.f("uq_record_source_scope_source_id"),
        ),
    )
    op.create_index(
        op.f("ix_record_cluster_id"), "record", ["cluster_id"], unique=False
    )
    op.create_index(op.f("ix_record_doi"), "record", ["doi"], unique=False)
    op.create_index(op.f("ix_record_title_key"), "record", ["title_key"], unique=False)


def record_author() -> None:
    """Create the table ``record_author``."""
    op.create_table(
        "record_author",
        sa.Column("record_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("family", sa.Text(), nullable=False),
        sa.Column("given", sa.Text(), nullable=False),
        sa.Column("literal", sa.Text(), nullable=False),
        sa.Column("orcid", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["record_id"], ["record.id"], name=op.f("fk_record_author_record_id_record")
        ),
        sa.PrimaryKeyConstraint("record_id", "position", name=op.f("pk_record_author")),
    )


def raw_record() -> None:
    """Create the table ``raw_record``."""
    op.create_table(
        "raw_record",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("record_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["record_id"], ["record.id"], name=op.f("fk_raw_record_record_id_record")
        ),
        sa.ForeignKeyConstraint(
            ["run_id"],
            ["harvest_run.id"],
            name=op.f("fk_raw_record_run_id_harvest_run"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_raw_record")),
        sa.UniqueConstraint(
            "record_id", "version", name=op.f("uq_raw_record_record_id_version")
        ),
    )


def rejected_item() -> None:
    """Create the table ``rejected_item``."""
    op.create_table(
        "rejected_item",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("sha256", sa.Text(), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.Column("problem", sa.Text(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["run_id"],
            ["harvest_run.id"],
            name=op.f("fk_rejected_item_run_id_harvest_run"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_rejected_item")),
        sa.UniqueConstraint(
            "run_id", "sha256", name=op.f("uq_rejected_item_run_id_sha256")
        ),
    )


def hit() -> None:
    """Create the table ``hit``."""
    op.create_table(
        "hit",
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("record_id", sa.Integer(), nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("score", sa.Double(), nullable=True),
        sa.Column("seed_id", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["record_id"], ["record.id"], name=op.f("fk_hit_record_id_record")
        ),
        sa.ForeignKeyConstraint(
            ["run_id"], ["harvest_run.id"], name=op.f("fk_hit_run_id_harvest_run")
        ),
        sa.ForeignKeyConstraint(
            ["seed_id"], ["record.id"], name=op.f("fk_hit_seed_id_record")
        ),
        sa.PrimaryKeyConstraint("run_id", "record_id", name=op.f("pk_hit")),
    )
    op.create_index(op.f("ix_hit_record_id"), "hit", ["record_id"], unique=False)


def record_edit() -> None:
    """Create the table ``record_edit``."""
    op.create_table(
        "record_edit",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("record_id", sa.Integer(), nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_record_edit_person_id_person")
        ),
        sa.ForeignKeyConstraint(
            ["record_id"], ["record.id"], name=op.f("fk_record_edit_record_id_record")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_record_edit")),
    )
    op.create_index(
        op.f("ix_record_edit_record_id"), "record_edit", ["record_id"], unique=False
    )


def record_removal() -> None:
    """Create the table ``record_removal``."""
    op.create_table(
        "record_removal",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("record_id", sa.Integer(), nullable=False),
        sa.Column("removed", sa.Boolean(), nullable=False),
        sa.Column("basis", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.CheckConstraint(
            "basis IN ('rule', 'reason')", name=op.f("ck_record_removal_basis")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["person.id"],
            name=op.f("fk_record_removal_person_id_person"),
        ),
        sa.ForeignKeyConstraint(
            ["record_id"],
            ["record.id"],
            name=op.f("fk_record_removal_record_id_record"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_record_removal")),
    )
    op.create_index(
        op.f("ix_record_removal_record_id"),
        "record_removal",
        ["record_id"],
        unique=False,
    )


def dedupe_run() -> None:
    """Create the table ``dedupe_run``."""
    op.create_table(
        "dedupe_run",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("parameters", JSON, nullable=False),
        sa.Column("records", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=True),
        sa.Column("at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_dedupe_run_person_id_person")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_dedupe_run")),
    )


def candidate_pair() -> None:
    """Create the table ``candidate_pair``."""
    op.create_table(
        "candidate_pair",
        sa.Column("a_id", sa.Integer(), nullable=False),
        sa.Column("b_id", sa.Integer(), nullable=False),
        sa.Column("run_id", sa.Integer(), nullable=False),
        sa.Column("score", sa.Double(), nullable=False),
        sa.Column("proposal", sa.Text(), nullable=False),
        sa.Column("reasons", JSON, nullable=False),
        sa.CheckConstraint("a_id < b_id", name=op.f("ck_candidate_pair_ordered")),
        sa.ForeignKeyConstraint(
            ["a_id"], ["record.id"], name=op.f("fk_candidate_pair_a_id_record")
        ),
        sa.ForeignKeyConstraint(
            ["b_id"], ["record.id"], name=op.f("fk_candidate_pair_b_id_record")
        ),
        sa.ForeignKeyConstraint(
            ["run_id"],
            ["dedupe_run.id"],
            name=op.f("fk_candidate_pair_run_id_dedupe_run"),
        ),
        sa.PrimaryKeyConstraint("a_id", "b_id", name=op.f("pk_candidate_pair")),
    )
    op.create_index(
        op.f("ix_candidate_pair_b_id"), "candidate_pair", ["b_id"], unique=False
    )


def pair_decision() -> None:
    """Create the table ``pair_decision``."""
    op.create_table(
        "pair_decision",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("a_id", sa.Integer(), nullable=False),
        sa.Column("b_id", sa.Integer(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=True),
        sa.Column("run_id", sa.Integer(), nullable=True),
        sa.Column("score", sa.Double(), nullable=True),
        sa.Column("reasons", JSON, nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.CheckConstraint(
            "verdict IN ('duplicate', 'same_study', 'different', 'withdrawn')",
            name=op.f("ck_pair_decision_verdict"),
        ),
        sa.CheckConstraint(
            "(person_id IS NULL) <> (run_id IS NULL)", name=op.f("ck_pair_decision_who")
        ),
        sa.CheckConstraint("a_id < b_id", name=op.f("ck_pair_decision_ordered")),
        sa.ForeignKeyConstraint(
            ["a_id"], ["record.id"], name=op.f("fk_pair_decision_a_id_record")
        ),
        sa.ForeignKeyConstraint(
            ["b_id"], ["record.id"], name=op.f("fk_pair_decision_b_id_record")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_pair_decision_person_id_person")
        ),
        sa.ForeignKeyConstraint(
            ["run_id"],
            ["dedupe_run.id"],
            name=op.f("fk_pair_decision_run_id_dedupe_run"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_pair_decision")),
    )
    op.create_index(
        op.f("ix_pair_decision_b_id"), "pair_decision", ["b_id"], unique=False
    )
    op.create_index(
        "ix_pair_decision_pair", "pair_decision", ["a_id", "b_id"], unique=False
    )


def screening_round() -> None:
    """Create the table ``screening_round``."""
    op.create_table(
        "screening_round",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("per_record", sa.Integer(), nullable=False),
        sa.Column("counts", sa.Boolean(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=True),
        sa.Column("at", MOMENT, nullable=False),
        sa.CheckConstraint(
            "kind IN ('main', 'pilot', 'overlap')", name=op.f("ck_screening_round_kind")
        ),
        sa.CheckConstraint(
            "stage IN ('title_abstract', 'full_text')",
            name=op.f("ck_screening_round_stage"),
        ),
        sa.CheckConstraint(
            "per_record >= 1", name=op.f("ck_screening_round_per_record")
        ),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["person.id"],
            name=op.f("fk_screening_round_person_id_person"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_screening_round")),
        sa.UniqueConstraint(
            "stage", "name", name=op.f("uq_screening_round_stage_name")
        ),
    )


def assignment() -> None:
    """Create the table ``assignment``."""
    op.create_table(
        "assignment",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("round_id", sa.Integer(), nullable=False),
        sa.Column("record_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("assigned_by", sa.Integer(), nullable=True),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("released_at", MOMENT, nullable=True),
        sa.ForeignKeyConstraint(
            ["assigned_by"],
            ["person.id"],
            name=op.f("fk_assignment_assigned_by_person"),
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_assignment_person_id_person")
        ),
        sa.ForeignKeyConstraint(
            ["record_id"], ["record.id"], name=op.f("fk_assignment_record_id_record")
        ),
        sa.ForeignKeyConstraint(
            ["round_id"],
            ["screening_round.id"],
            name=op.f("fk_assignment_round_id_screening_round"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_assignment")),
    )
    op.create_index(
        "ix_assignment_person_round",
        "assignment",
        ["person_id", "round_id"],
        unique=False,
    )
    op.create_index(
        "ix_assignment_record_id", "assignment", ["record_id"], unique=False
    )
    op.create_index(
        "ux_assignment_open",
        "assignment",
        ["record_id", "person_id", "round_id"],
        unique=True,
        sqlite_where=sa.text("released_at IS NULL"),
        postgresql_where=sa.text("released_at IS NULL"),
    )


def decision() -> None:
    """Create the table ``decision``."""
    op.create_table(
        "decision",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uid", sa.Text(), nullable=False),
        sa.Column("round_id", sa.Integer(), nullable=False),
        sa.Column("record_id", sa.Integer(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("screener_id", sa.Integer(), nullable=False),
        sa.Column("recorder_id", sa.Integer(), nullable=False),
        sa.Column("seq", sa.Integer(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("origin", sa.Text(), nullable=False),
        sa.Column("informed", sa.Boolean(), nullable=False),
        sa.Column("raw_id", sa.Integer(), nullable=True),
        sa.Column("protocol_id", sa.Integer(), nullable=False),
        sa.Column("pair_decision_id", sa.Integer(), nullable=True),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("recorded_at", MOMENT, nullable=False),
        sa.CheckConstraint(
            "origin IN ('terminal', 'web', 'file', 'simulation')",
            name=op.f("ck_decision_origin"),
        ),
        sa.CheckConstraint(
            "stage IN ('title_abstract', 'full_text')", name=op.f("ck_decision_stage")
        ),
        sa.CheckConstraint(
            "verdict IN ('include', 'exclude', 'maybe', 'withdrawn')",
            name=op.f("ck_decision_verdict"),
        ),
        sa.ForeignKeyConstraint(
            ["pair_decision_id"],
            ["pair_decision.id"],
            name=op.f("fk_decision_pair_decision_id_pair_decision"),
        ),
        sa.ForeignKeyConstraint(
            ["protocol_id"],
            ["protocol_version.id"],
            name=op.f("fk_decision_protocol_id_protocol_version"),
        ),
        sa.ForeignKeyConstraint(
            ["raw_id"], ["raw_record.id"], name=op.f("fk_decision_raw_id_raw_record")
        ),
        sa.ForeignKeyConstraint(
            ["record_id"], ["record.id"], name=op.f("fk_decision_record_id_record")
        ),
        sa.ForeignKeyConstraint(
            ["recorder_id"], ["person.id"], name=op.f("fk_decision_recorder_id_person")
        ),
        sa.ForeignKeyConstraint(
            ["round_id"],
            ["screening_round.id"],
            name=op.f("fk_decision_round_id_screening_round"),
        ),
        sa.ForeignKeyConstraint(
            ["screener_id"], ["person.id"], name=op.f("fk_decision_screener_id_person")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_decision")),
        sa.UniqueConstraint(
            "record_id",
            "stage",
            "screener_id",
            "seq",
            name=op.f("uq_decision_record_id_stage_screener_id_seq"),
        ),
        sa.UniqueConstraint("uid", name=op.f("uq_decision_uid")),
    )
    op.create_index(
        "ix_decision_screener", "decision", ["screener_id", "stage"], unique=False
    )


def decision_scope() -> None:
    """Create the table ``decision_scope``."""
    op.create_table(
        "decision_scope",
        sa.Column("decision_id", sa.Integer(), nullable=False),
        sa.Column("record_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["decision_id"],
            ["decision.id"],
            name=op.f("fk_decision_scope_decision_id_decision"),
        ),
        sa.ForeignKeyConstraint(
            ["record_id"],
            ["record.id"],
            name=op.f("fk_decision_scope_record_id_record"),
        ),
        sa.PrimaryKeyConstraint(
            "decision_id", "record_id", name=op.f("pk_decision_scope")
        ),
    )
    op.create_index(
        op.f("ix_decision_scope_record_id"),
        "decision_scope",
        ["record_id"],
        unique=False,
    )


def decision_stream() -> None:
    """Create the table ``decision_stream``."""
    op.create_table(
        "decision_stream",
        sa.Column("decision_id", sa.Integer(), nullable=False),
        sa.Column("stream", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["decision_id"],
            ["decision.id"],
            name=op.f("fk_decision_stream_decision_id_decision"),
        ),
        sa.PrimaryKeyConstraint(
            "decision_id", "stream", name=op.f("pk_decision_stream")
        ),
    )


def decision_set_aside() -> None:
    """Create the table ``decision_set_aside``."""
    op.create_table(
        "decision_set_aside",
        sa.Column("decision_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["decision_id"],
            ["decision.id"],
            name=op.f("fk_decision_set_aside_decision_id_decision"),
        ),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["person.id"],
            name=op.f("fk_decision_set_aside_person_id_person"),
        ),
        sa.PrimaryKeyConstraint("decision_id", name=op.f("pk_decision_set_aside")),
    )


def resolution() -> None:
    """Create the table ``resolution``."""
    op.create_table(
        "resolution",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uid", sa.Text(), nullable=False),
        sa.Column("record_id", sa.Integer(), nullable=False),
        sa.Column("stage", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("verdict", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("basis_key", sa.Text(), nullable=False),
        sa.Column("supersedes_id", sa.Integer(), nullable=True),
        sa.Column("protocol_id", sa.Integer(), nullable=False),
        sa.Column("recorder_id", sa.Integer(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.CheckConstraint(
            "kind IN ('consensus', 'arbitration')", name=op.f("ck_resolution_kind")
        ),
        sa.CheckConstraint(
            "stage IN ('title_abstract', 'full_text')", name=op.f("ck_resolution_stage")
        ),
        sa.CheckConstraint(
            "verdict IN ('include', 'exclude')", name=op.f("ck_resolution_verdict")
        ),
        sa.ForeignKeyConstraint(
            ["protocol_id"],
            ["protocol_version.id"],
            name=op.f("fk_resolution_protocol_id_protocol_version"),
        ),
        sa.ForeignKeyConstraint(
            ["record_id"], ["record.id"], name=op.f("fk_resolution_record_id_record")
        ),
        sa.ForeignKeyConstraint(
            ["recorder_id"],
            ["person.id"],
            name=op.f("fk_resolution_recorder_id_person"),
        ),
        sa.ForeignKeyConstraint(
            ["supersedes_id"],
            ["resolution.id"],
            name=op.f("fk_resolution_supersedes_id_resolution"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_resolution")),
        sa.UniqueConstraint("supersedes_id", name=op.f("uq_resolution_supersedes_id")),
        sa.UniqueConstraint("uid", name=op.f("uq_resolution_uid")),
    )
    op.create_index(
        op.f("ix_resolution_record_id"), "resolution", ["record_id"], unique=False
    )
    op.create_index(
        "ux_resolution_first",
        "resolution",
        ["basis_key"],
        unique=True,
        sqlite_where=sa.text("supersedes_id IS NULL"),
        postgresql_where=sa.text("supersedes_id IS NULL"),
    )


def resolution_basis() -> None:
    """Create the table ``resolution_basis``."""
    op.create_table(
        "resolution_basis",
        sa.Column("resolution_id", sa.Integer(), nullable=False),
        sa.Column("decision_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["decision_id"],
            ["decision.id"],
            name=op.f("fk_resolution_basis_decision_id_decision"),
        ),
        sa.ForeignKeyConstraint(
            ["resolution_id"],
            ["resolution.id"],
            name=op.f("fk_resolution_basis_resolution_id_resolution"),
        ),
        sa.PrimaryKeyConstraint(
            "resolution_id", "decision_id", name=op.f("pk_resolution_basis")
        ),
    )
    op.create_index(
        op.f("ix_resolution_basis_decision_id"),
        "resolution_basis",
        ["decision_id"],
        unique=False,
    )


def resolution_person() -> None:
    """Create the table ``resolution_person``."""
    op.create_table(
        "resolution_person",
        sa.Column("resolution_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["person.id"],
            name=op.f("fk_resolution_person_person_id_person"),
        ),
        sa.ForeignKeyConstraint(
            ["resolution_id"],
            ["resolution.id"],
            name=op.f("fk_resolution_person_resolution_id_resolution"),
        ),
        sa.PrimaryKeyConstraint(
            "resolution_id", "person_id", name=op.f("pk_resolution_person")
        ),
    )


def resolution_stream() -> None:
    """Create the table ``resolution_stream``."""
    op.create_table(
        "resolution_stream",
        sa.Column("resolution_id", sa.Integer(), nullable=False),
        sa.Column("stream", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["resolution_id"],
            ["resolution.id"],
            name=op.f("fk_resolution_stream_resolution_id_resolution"),
        ),
        sa.PrimaryKeyConstraint(
            "resolution_id", "stream", name=op.f("pk_resolution_stream")
        ),
    )


def fulltext_event() -> None:
    """Create the table ``fulltext_event``."""
    op.create_table(
        "fulltext_event",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("record_id", sa.Integer(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("location", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.CheckConstraint(
            "status IN ('sought', 'retrieved', 'not-retrieved')",
            name=op.f("ck_fulltext_event_status"),
        ),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["person.id"],
            name=op.f("fk_fulltext_event_person_id_person"),
        ),
        sa.ForeignKeyConstraint(
            ["record_id"],
            ["record.id"],
            name=op.f("fk_fulltext_event_record_id_record"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_fulltext_event")),
    )
    op.create_index(
        op.f("ix_fulltext_event_record_id"),
        "fulltext_event",
        ["record_id"],
        unique=False,
    )


def code_application() -> None:
    """Create the table ``code_application``."""
    op.create_table(
        "code_application",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("uid", sa.Text(), nullable=False),
        sa.Column("record_id", sa.Integer(), nullable=False),
        sa.Column("construct", sa.Text(), nullable=False),
        sa.Column("codebook_id", sa.Integer(), nullable=False),
        sa.Column("quote", sa.Text(), nullable=False),
        sa.Column("locator", sa.Text(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("polarity", sa.Text(), nullable=False),
        sa.Column("evidence_type", sa.Text(), nullable=False),
        sa.Column("speaker", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.CheckConstraint(
            "evidence_type IN ('theorises', 'measures', 'tests', 'illustrates')",
            name=op.f("ck_code_application_evidence_type"),
        ),
        sa.CheckConstraint("locator <> ''", name=op.f("ck_code_application_locator")),
        sa.CheckConstraint(
            "polarity IN ('present', 'absent', 'mixed', 'contested')",
            name=op.f("ck_code_application_polarity"),
        ),
        sa.CheckConstraint("quote <> ''", name=op.f("ck_code_application_quote")),
        sa.CheckConstraint(
            "role IN ('context', 'mechanism', 'outcome')",
            name=op.f("ck_code_application_role"),
        ),
        sa.ForeignKeyConstraint(
            ["codebook_id"],
            ["codebook_version.id"],
            name=op.f("fk_code_application_codebook_id_codebook_version"),
        ),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["person.id"],
            name=op.f("fk_code_application_person_id_person"),
        ),
        sa.ForeignKeyConstraint(
            ["record_id"],
            ["record.id"],
            name=op.f("fk_code_application_record_id_record"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_code_application")),
        sa.UniqueConstraint("uid", name=op.f("uq_code_application_uid")),
    )
    op.create_index(
        op.f("ix_code_application_construct"),
        "code_application",
        ["construct"],
        unique=False,
    )
    op.create_index(
        op.f("ix_code_application_record_id"),
        "code_application",
        ["record_id"],
        unique=False,
    )


def code_retraction() -> None:
    """Create the table ``code_retraction``."""
    op.create_table(
        "code_retraction",
        sa.Column("code_id", sa.Integer(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["code_id"],
            ["code_application.id"],
            name=op.f("fk_code_retraction_code_id_code_application"),
        ),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["person.id"],
            name=op.f("fk_code_retraction_person_id_person"),
        ),
        sa.PrimaryKeyConstraint("code_id", name=op.f("pk_code_retraction")),
    )


def cmo_configuration() -> None:
    """Create the table ``cmo_configuration``."""
    op.create_table(
        "cmo_configuration",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("codebook_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.CheckConstraint(
            "status IN ('candidate', 'refined', 'consolidated', 'rejected')",
            name=op.f("ck_cmo_configuration_status"),
        ),
        sa.ForeignKeyConstraint(
            ["codebook_id"],
            ["codebook_version.id"],
            name=op.f("fk_cmo_configuration_codebook_id_codebook_version"),
        ),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["person.id"],
            name=op.f("fk_cmo_configuration_person_id_person"),
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_cmo_configuration")),
        sa.UniqueConstraint(
            "number", "version", name=op.f("uq_cmo_configuration_number_version")
        ),
    )


def cmo_part() -> None:
    """Create the table ``cmo_part``."""
    op.create_table(
        "cmo_part",
        sa.Column("cmo_id", sa.Integer(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("construct", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "role IN ('context', 'mechanism', 'outcome')", name=op.f("ck_cmo_part_role")
        ),
        sa.ForeignKeyConstraint(
            ["cmo_id"],
            ["cmo_configuration.id"],
            name=op.f("fk_cmo_part_cmo_id_cmo_configuration"),
        ),
        sa.PrimaryKeyConstraint(
            "cmo_id", "role", "construct", name=op.f("pk_cmo_part")
        ),
    )


def cmo_evidence() -> None:
    """Create the table ``cmo_evidence``."""
    op.create_table(
        "cmo_evidence",
        sa.Column("cmo_id", sa.Integer(), nullable=False),
        sa.Column("code_id", sa.Integer(), nullable=False),
        sa.Column("relation", sa.Text(), nullable=False),
        sa.CheckConstraint(
            "relation IN ('supports', 'refutes', 'refines')",
            name=op.f("ck_cmo_evidence_relation"),
        ),
        sa.ForeignKeyConstraint(
            ["cmo_id"],
            ["cmo_configuration.id"],
            name=op.f("fk_cmo_evidence_cmo_id_cmo_configuration"),
        ),
        sa.ForeignKeyConstraint(
            ["code_id"],
            ["code_application.id"],
            name=op.f("fk_cmo_evidence_code_id_code_application"),
        ),
        sa.PrimaryKeyConstraint("cmo_id", "code_id", name=op.f("pk_cmo_evidence")),
    )


def instrument() -> None:
    """Create the table ``instrument``."""
    op.create_table(
        "instrument",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_instrument_person_id_person")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_instrument")),
        sa.UniqueConstraint("name", name=op.f("uq_instrument_name")),
    )


def survey_item() -> None:
    """Create the table ``survey_item``."""
    op.create_table(
        "survey_item",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("instrument_id", sa.Integer(), nullable=False),
        sa.Column("construct", sa.Text(), nullable=False),
        sa.Column("codebook_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["codebook_id"],
            ["codebook_version.id"],
            name=op.f("fk_survey_item_codebook_id_codebook_version"),
        ),
        sa.ForeignKeyConstraint(
            ["instrument_id"],
            ["instrument.id"],
            name=op.f("fk_survey_item_instrument_id_instrument"),
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_survey_item_person_id_person")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_survey_item")),
    )
    op.create_index(
        op.f("ix_survey_item_construct"), "survey_item", ["construct"], unique=False
    )
    op.create_index(
        op.f("ix_survey_item_instrument_id"),
        "survey_item",
        ["instrument_id"],
        unique=False,
    )


def item_version() -> None:
    """Create the table ``item_version``."""
    op.create_table(
        "item_version",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("item_id", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), nullable=False),
        sa.Column("referent", sa.Text(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.Column("scale", sa.Text(), nullable=False),
        sa.Column("reverse", sa.Boolean(), nullable=False),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.CheckConstraint(
            "status IN ('draft', 'reviewed', 'kept', 'retired')",
            name=op.f("ck_item_version_status"),
        ),
        sa.CheckConstraint("text <> ''", name=op.f("ck_item_version_text")),
        sa.ForeignKeyConstraint(
            ["item_id"],
            ["survey_item.id"],
            name=op.f("fk_item_version_item_id_survey_item"),
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_item_version_person_id_person")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_item_version")),
        sa.UniqueConstraint(
            "item_id", "version", name=op.f("uq_item_version_item_id_version")
        ),
    )


def item_evidence() -> None:
    """Create the table ``item_evidence``."""
    op.create_table(
        "item_evidence",
        sa.Column("item_id", sa.Integer(), nullable=False),
        sa.Column("code_id", sa.Integer(), nullable=False),
        sa.Column("person_id", sa.Integer(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["code_id"],
            ["code_application.id"],
            name=op.f("fk_item_evidence_code_id_code_application"),
        ),
        sa.ForeignKeyConstraint(
            ["item_id"],
            ["survey_item.id"],
            name=op.f("fk_item_evidence_item_id_survey_item"),
        ),
        sa.ForeignKeyConstraint(
            ["person_id"], ["person.id"], name=op.f("fk_item_evidence_person_id_person")
        ),
        sa.PrimaryKeyConstraint("item_id", "code_id", name=op.f("pk_item_evidence")),
    )
    op.create_index(
        op.f("ix_item_evidence_code_id"), "item_evidence", ["code_id"], unique=False
    )
