"""Triggers that keep history from being rewritten, on both databases.

A table in `models.APPEND_ONLY` refuses UPDATE and DELETE. On SQLite this holds
for ``INSERT OR REPLACE`` too, as `litreview.db` switches recursive triggers on;
on PostgreSQL TRUNCATE is refused as well.
"""

from __future__ import annotations

from sqlalchemy import Connection, inspect, text

from litreview.models import APPEND_ONLY

FUNCTION = """
CREATE OR REPLACE FUNCTION litreview_append_only() RETURNS trigger AS $$
BEGIN
  RAISE EXCEPTION '% is append-only: add a row instead', TG_TABLE_NAME
    USING ERRCODE = 'restrict_violation';
END $$ LANGUAGE plpgsql
"""


def sqlite_ddl(table: str) -> dict[str, str]:
    """Return trigger name -> CREATE statement for one table on SQLite."""
    return {
        f"append_only_{table}_{event.lower()}": (
            f"CREATE TRIGGER append_only_{table}_{event.lower()} "
            f"BEFORE {event} ON {table} BEGIN "
            f"SELECT RAISE(ABORT, '{table} is append-only: add a row instead'); END"
        )
        for event in ("UPDATE", "DELETE")
    }


def postgresql_ddl(table: str) -> dict[str, str]:
    """Return trigger name -> CREATE statement for one table on PostgreSQL."""
    call = "EXECUTE FUNCTION litreview_append_only()"
    return {
        f"append_only_{table}_change": (
            f"CREATE TRIGGER append_only_{table}_change "
            f"BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW {call}"
        ),
        f"append_only_{table}_truncate": (
            f"CREATE TRIGGER append_only_{table}_truncate "
            f"BEFORE TRUNCATE ON {table} FOR EACH STATEMENT {call}"
        ),
    }


def wanted(dialect: str) -> dict[str, str]:
    """Return the name and DDL of every trigger that the schema asks for."""
    ddl = sqlite_ddl if dialect == "sqlite" else postgresql_ddl
    return {name: sql for table in APPEND_ONLY for name, sql in ddl(table).items()}


def present(connection: Connection) -> set[str]:
    """Return the names of the append-only triggers that are there and enabled."""
    sql = (
        "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        if connection.dialect.name == "sqlite"
        else "SELECT tgname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid "
        "JOIN pg_namespace n ON n.oid = c.relnamespace "
        "WHERE NOT tgisinternal AND tgenabled <> 'D' AND n.nspname = current_schema()"
    )
    names = connection.execute(text(sql)).scalars()
    return {name for name in names if name.startswith("append_only_")}


def install(connection: Connection) -> None:
    """Create the triggers that are missing for the tables that exist."""
    dialect = connection.dialect.name
    if dialect == "postgresql":
        connection.execute(text(FUNCTION))
    tables = set(inspect(connection).get_table_names())
    there = present(connection)
    ddl = sqlite_ddl if dialect == "sqlite" else postgresql_ddl
    for table in APPEND_ONLY:
        if table not in tables:
            continue
        for name, sql in ddl(table).items():
            if name not in there:
                connection.execute(text(sql))
