"""An upgrade from any revision ends at the same schema as a fresh database."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, Engine, inspect, text

from litreview import db, migrations
from litreview.declarative import Base
from litreview.errors import DatabaseError
from litreview.migrations import triggers
from litreview.migrations.schema import schema
from litreview.models import APPEND_ONLY

ROOT = Path(__file__).resolve().parent.parent

# Rebuilds an append-only table, as SQLite must to alter one: its triggers go.
NEXT = '''
"""A revision made for a test."""

import sqlalchemy as sa
from alembic import op

revision = "9999"
down_revision = "{before}"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add a column and rename one."""
    op.add_column("person", sa.Column("colour", sa.Text(), nullable=True))
    with op.batch_alter_table("decision") as batch:
        batch.alter_column("note", new_column_name="remark")
    {then}
'''

CATALOGUE = """
    SELECT 'column ' || table_name || '.' || column_name || ' ' || data_type || ' '
           || is_nullable || ' ' || coalesce(column_default, '')
      FROM information_schema.columns WHERE table_schema = 'public'
    UNION ALL
    SELECT 'index ' || indexdef FROM pg_indexes WHERE schemaname = 'public'
    UNION ALL
    SELECT 'constraint ' || conrelid::regclass::text || ' ' || conname || ' '
           || pg_get_constraintdef(oid)
      FROM pg_constraint WHERE connamespace = 'public'::regnamespace
    UNION ALL
    SELECT 'trigger ' || pg_get_triggerdef(oid) || ' ' || tgenabled::text
      FROM pg_trigger WHERE NOT tgisinternal
    UNION ALL
    SELECT 'function ' || pg_get_functiondef(oid)
      FROM pg_proc WHERE pronamespace = 'public'::regnamespace
"""
NEWEST = migrations.newest()


def catalogue(connection: Connection) -> list[str]:
    """Return everything that the database itself says of its schema, sorted."""
    sql = (
        "SELECT type || ' ' || name || ' ' || coalesce(sql, '') FROM sqlite_master"
        if connection.dialect.name == "sqlite"
        else CATALOGUE
    )
    rows = connection.execute(text(sql)).scalars()
    return sorted(re.sub(r"\s+", " ", row) for row in rows)


@pytest.fixture
def empty(database_url: str) -> Iterator[Engine]:
    """Return an engine on an empty database."""
    engine = db.engine_for(database_url)
    yield engine
    engine.dispose()


@pytest.fixture
def fresh(empty: Engine) -> list[str]:
    """Return the schema of a database made at once, which is then emptied again."""
    db.create(empty)
    with empty.connect() as connection:
        found = catalogue(connection)
        connection.rollback()
    wipe(empty)
    return found


def wipe(engine: Engine) -> None:
    """Take everything out of a database."""
    if engine.dialect.name == "postgresql":
        with engine.begin() as connection:
            connection.execute(text("DROP SCHEMA public CASCADE"))
            connection.execute(text("CREATE SCHEMA public"))
    engine.dispose()
    if engine.dialect.name == "sqlite":
        Path(str(engine.url.database)).unlink()


@pytest.fixture
def newer_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give the program one more revision; return the file of that revision."""
    folder = tmp_path / "migrations"
    shutil.copytree(
        migrations.FOLDER, folder, ignore=shutil.ignore_patterns("__pycache__")
    )
    file = folder / "versions" / "r9999_made.py"
    before = migrations.newest()
    file.write_text(NEXT.format(before=before, then=""))
    monkeypatch.setattr(migrations, "FOLDER", folder)
    return file


def test_the_migrations_make_what_the_models_say(engine: Engine) -> None:
    """Alembic finds no difference between the tables and `models`."""
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "compare_server_default": True}
        )
        assert compare_metadata(context, Base.metadata) == []
        connection.rollback()


def test_the_checks_are_those_of_the_models(engine: Engine) -> None:
    """Alembic does not compare CHECKs, so their words are compared here."""
    inspector = inspect(engine)
    for table in Base.metadata.sorted_tables:
        wanted = {
            constraint.name: set(re.findall(r"'([^']*)'", str(constraint.sqltext)))
            for constraint in table.constraints
            if hasattr(constraint, "sqltext")
        }
        found = {
            check["name"]: set(re.findall(r"'([^']*)'", check["sqltext"]))
            for check in inspector.get_check_constraints(table.name)
        }
        assert found == wanted, table.name


@pytest.mark.parametrize("revision", migrations.known())
def test_an_upgrade_from_every_revision_equals_a_fresh_schema(
    empty: Engine, fresh: list[str], revision: str
) -> None:
    """Tables, indexes, constraints and triggers, as the database tells them."""
    assert db.upgrade(empty, to=revision) == (None, revision)
    assert db.upgrade(empty)[1] == migrations.newest()
    with empty.connect() as connection:
        assert catalogue(connection) == fresh
        connection.rollback()


def test_an_upgrade_of_a_current_database_changes_nothing(engine: Engine) -> None:
    """Asked twice, it says that it is there already."""
    with engine.connect() as connection:
        before = catalogue(connection)
        connection.rollback()
    assert db.upgrade(engine) == (migrations.newest(), migrations.newest())
    with engine.connect() as connection:
        assert catalogue(connection) == before
        connection.rollback()


def test_every_append_only_table_has_its_triggers(engine: Engine) -> None:
    """What is there is what `models.APPEND_ONLY` asks for, and nothing else."""
    with engine.connect() as connection:
        found = triggers.present(connection)
        assert found == set(triggers.wanted(engine.dialect.name))
        assert len(found) == 2 * len(APPEND_ONLY)
        connection.rollback()


def test_a_rebuilt_table_has_its_triggers_again(
    empty: Engine, newer_program: Path
) -> None:
    """SQLite's batch mode drops them; the upgrade puts them back."""
    assert newer_program.is_file()
    db.upgrade(empty, to="0001")
    with db.transaction(empty) as session:
        session.execute(
            text(
                "INSERT INTO audit_event (at, kind, subject, detail) "
                "VALUES ('2026-01-01 00:00:00', 'x', '', '{}')"
            )
        )
    assert db.upgrade(empty) == ("0001", "9999")
    with empty.connect() as connection:
        assert triggers.present(connection) == set(triggers.wanted(empty.dialect.name))
        columns = {
            column["name"] for column in inspect(connection).get_columns("decision")
        }
        assert "remark" in columns
        assert connection.execute(
            text("SELECT kind FROM audit_event")
        ).scalars().all() == ["x"]
        connection.rollback()


def test_a_revision_that_fails_leaves_nothing_behind(
    empty: Engine, newer_program: Path
) -> None:
    """The whole upgrade is one transaction, tables included."""
    broken = "raise ValueError('half-way')"
    newer_program.write_text(NEXT.format(before=NEWEST, then=broken))
    db.upgrade(empty, to="0001")
    with empty.connect() as connection:
        before = catalogue(connection)
        connection.rollback()
    with pytest.raises(ValueError, match="half-way"):
        db.upgrade(empty)
    with empty.connect() as connection:
        assert catalogue(connection) == before
        assert migrations.revision_of(connection) == "0001"
        connection.rollback()


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_an_upgrade_that_loses_a_row_others_point_at_is_undone(
    empty: Engine, newer_program: Path
) -> None:
    """Foreign keys are off meanwhile, so they are checked before the end."""
    db.upgrade(empty, to="0001")
    with db.transaction(empty) as session:
        session.execute(
            text("INSERT INTO person VALUES (1, 'ann', '', 'lead', 1, '2026-01-01')")
        )
        session.execute(text("INSERT INTO instrument VALUES (1, 'a', '', 1, '2026')"))
    loss = 'op.execute("DELETE FROM person")'
    newer_program.write_text(NEXT.format(before=NEWEST, then=loss))
    with pytest.raises(DatabaseError, match="1 rows would point at nothing") as told:
        db.upgrade(empty)
    assert "instrument" in told.value.why
    with empty.connect() as connection:
        assert connection.execute(
            text("SELECT handle FROM person")
        ).scalars().all() == ["ann"]
        driver = connection.connection.driver_connection
        assert driver is not None
        connection.rollback()
        assert driver.execute("PRAGMA foreign_keys").fetchone() == (1,)


def test_an_empty_database_is_told(empty: Engine) -> None:
    """It says so and gives the command."""
    with pytest.raises(DatabaseError, match="is empty") as told:
        db.require_current(empty)
    assert "litreview db upgrade" in told.value.fix


def test_an_older_database_is_told(empty: Engine, newer_program: Path) -> None:
    """It says so and gives the two commands, backup first."""
    assert newer_program.is_file()
    db.upgrade(empty, to="0001")
    with pytest.raises(DatabaseError, match=r"older schema \(0001\)") as told:
        db.require_current(empty)
    assert "9999" in told.value.why
    assert told.value.fix.index("db backup") < told.value.fix.index("db upgrade")
    db.upgrade(empty)
    db.require_current(empty)


def test_a_newer_database_is_refused_and_untouched(engine: Engine) -> None:
    """Neither opened nor upgraded."""
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = 'f00d'"))
        before = catalogue(connection)
    for work in (db.require_current, db.upgrade):
        with pytest.raises(DatabaseError, match=r"newer litreview \(schema f00d\)"):
            work(engine)
    with engine.connect() as connection:
        assert catalogue(connection) == before
        assert migrations.revision_of(connection) == "f00d"
        connection.rollback()


def test_the_printed_schema_is_the_one_that_is_made() -> None:
    """db/schema.sql is generated; `make schema` writes it anew."""
    assert (ROOT / "db" / "schema.sql").read_text("utf-8") == schema()
