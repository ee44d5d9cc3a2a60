"""The engine, its transactions, and the life of the database file.

Every unit of work is one function given to `write` or `read`. On SQLite a writer
begins with BEGIN IMMEDIATE, so it waits its turn instead of failing half-way; a
reader sees one snapshot for the whole of its work. On PostgreSQL the whole unit
is tried again when the server says that two writers met; votes carry a `uid`, so
a unit that had in fact been stored is stored once.

The PRAGMAs and their reasons: https://sqlite.org/pragma.html and
https://docs.sqlalchemy.org/dialects/sqlite.html#pysqlite-serializable.
"""

from __future__ import annotations

import logging
import os
import random
import re
import signal
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any, TypeVar

from sqlalchemy import (
    URL,
    Connection,
    Engine,
    create_engine,
    event,
    func,
    make_url,
    select,
    text,
)
from sqlalchemy.exc import ArgumentError, DBAPIError
from sqlalchemy.orm import Session

from litreview import migrations
from litreview.declarative import Base
from litreview.errors import DatabaseError

T = TypeVar("T")

log = logging.getLogger(__name__)

LOCK_SECONDS = 30.0  # how long a writer waits for its turn
# Between two looks at a locked SQLite file, at most. SQLite's own pauses grow to 100
# ms, so that among many writers whoever has waited longest looks least often.
LOOK_AGAIN = 0.01  # seconds
TRIES = 20  # of a unit of work on PostgreSQL; each waits a little longer
SERIALISATION_FAILURES = frozenset({"40001", "40P01"})
# Only inclusions name streams: their number would tell how people vote. Notes and
# labels are each one's own.
UNCOUNTED = frozenset({"decision_stream", "record_annotation"})
NETWORK_FILESYSTEMS = frozenset(
    {"nfs", "nfs4", "cifs", "smbfs", "smb3", "9p", "afpfs", "fuse.sshfs", "davfs"}
)
MOUNTS = Path("/proc/mounts")
OCTAL = re.compile(r"\\([0-7]{3})")  # how the kernel writes a blank there
# In the header of a pack ("LRPK"): one file that is carried about, so that whatever
# was stored has to be in it, and in no second file beside it.
PACK_MARK = 0x4C52504B
SQLITE_FILE = "sqlite:///"  # what follows is a path, whatever characters it has


# -- engines -------------------------------------------------------------------------


def engine_for(url: str) -> Engine:
    """Return an engine with the settings this program relies on.

    `url` is an SQLAlchemy address: ``sqlite:///path`` or ``postgresql://...``.
    Raises `DatabaseError` for an address that cannot be used.
    """
    address = _address(url)
    if address.get_backend_name() == "sqlite":
        return _sqlite_engine(address)
    if address.get_backend_name() == "postgresql":
        return _postgresql_engine(address)
    raise DatabaseError(
        f"litreview does not run on {address.get_backend_name()}",
        fix="use sqlite:///... or postgresql://...",
    )


@contextmanager
def opened(url: str) -> Iterator[Engine]:
    """Give an engine and close its connections at the end, whatever happens."""
    engine = engine_for(url)
    try:
        yield engine
    finally:
        engine.dispose()


def _address(url: str) -> URL:
    if url.startswith(SQLITE_FILE):
        # A folder may be called "what?", which would begin the options of a URL.
        return URL.create("sqlite", database=url.removeprefix(SQLITE_FILE))
    try:
        return make_url(url)
    except ArgumentError as error:
        raise DatabaseError(
            "the database address cannot be read",
            why=str(error),
            fix="write sqlite:///path/to/file.sqlite or postgresql://user@host/name",
        ) from error


def file_of(url: str) -> Path | None:
    """Return the file of an SQLite address, or None for any other address."""
    address = _address(url)
    if address.get_backend_name() != "sqlite" or not address.database:
        return None
    return None if address.database == ":memory:" else Path(address.database)


def files_to_come(url: str) -> list[Path]:
    """Return the files that making this database would write."""
    file = file_of(url)
    if file is None or file.exists():
        return []
    return [file, *(file.with_name(file.name + end) for end in ("-wal", "-shm"))]


def _sqlite_engine(address: URL) -> Engine:
    engine = create_engine(
        address.set(drivername="sqlite"), connect_args={"timeout": LOCK_SECONDS}
    )
    network = bool(address.database) and on_network(Path(str(address.database)))
    if network:
        log.warning(
            "%s is on a network folder: use PostgreSQL when several people work",
            address.database,
        )

    @event.listens_for(engine, "connect")
    def set_up(connection: sqlite3.Connection, _record: object) -> None:
        try:
            _set_pragmas(connection, journal="DELETE" if network else "WAL")
        except sqlite3.Error:
            connection.close()  # the pool never learns of it
            raise

    @event.listens_for(engine, "begin")
    def say_begin(connection: Connection) -> None:
        options = connection.get_execution_options()
        if options.get("isolation_level") is not None:
            # With AUTOCOMMIT our BEGIN would lose rows in silence.
            message = "isolation levels are not used on SQLite"
            raise RuntimeError(message)
        readonly = options.get("readonly", False)
        # A reader that wrote would lose it in silence at the end of its snapshot.
        connection.exec_driver_sql(f"PRAGMA query_only={'ON' if readonly else 'OFF'}")
        if readonly:
            connection.exec_driver_sql("BEGIN")
        else:
            _begin_writing(connection)

    return engine


def _begin_writing(connection: Connection) -> None:
    """Wait until nobody writes to an SQLite file, and begin.

    Everybody looks at odd moments, and whoever looks first after a commit is next.
    Whoever had to wait last time stands back once, or would always be the first
    after their own commit: so all wait about equally long.
    """
    driver: Any = connection.connection.driver_connection
    waits = bool(connection.info.pop("waited", False))
    until = time.monotonic() + LOCK_SECONDS
    driver.execute("PRAGMA busy_timeout=0")
    try:
        while True:
            if waits:
                time.sleep(random.uniform(0, LOOK_AGAIN))  # noqa: S311 - no secret
            try:
                driver.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError as error:
                busy = error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY
                if not busy or time.monotonic() >= until:
                    break
                waits = connection.info["waited"] = True
            else:
                return
        # Once more in SQLAlchemy's way, whose errors are told in words.
        connection.exec_driver_sql("BEGIN IMMEDIATE")
    finally:
        driver.execute(f"PRAGMA busy_timeout={LOCK_SECONDS * 1000:.0f}")


def _set_pragmas(connection: sqlite3.Connection, *, journal: str) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves
    if connection.execute("PRAGMA application_id").fetchone()[0] == PACK_MARK:
        journal = "DELETE"
    mode = connection.execute(f"PRAGMA journal_mode={journal}").fetchone()[0]
    # With a rollback journal only EXTRA keeps the last commit in a power cut.
    connection.execute(f"PRAGMA synchronous={'FULL' if mode == 'wal' else 'EXTRA'}")
    connection.execute("PRAGMA foreign_keys=ON")
    connection.execute("PRAGMA recursive_triggers=ON")
    connection.execute("PRAGMA trusted_schema=OFF")


def _postgresql_engine(address: URL) -> Engine:
    try:
        return create_engine(
            address.set(drivername="postgresql+psycopg"),
            isolation_level="READ COMMITTED",
            pool_pre_ping=True,
            connect_args={
                "connect_timeout": 10,
                "options": f"-c lock_timeout={LOCK_SECONDS * 1000:.0f} "
                "-c idle_in_transaction_session_timeout=60s -c timezone=UTC",
            },
        )
    except ModuleNotFoundError as error:
        raise DatabaseError(
            "litreview is installed without its part for PostgreSQL",
            why=str(error),
            fix='run `pip install "litreview[postgres]"`',
        ) from error


def on_network(path: Path) -> bool:
    """Tell whether a file is on a network filesystem, where WAL does not work."""
    try:
        lines = MOUNTS.read_text("utf-8").splitlines()
    except OSError:
        return False
    place = os.path.realpath(path)
    best, kind = "", ""
    for line in lines:
        _device, mount, filesystem = line.split(" ")[:3]
        mount = OCTAL.sub(lambda code: chr(int(code[1], 8)), mount)
        inside = place == mount or place.startswith(mount.rstrip("/") + "/")
        if inside and len(mount) >= len(best):
            best, kind = mount, filesystem
    return kind in NETWORK_FILESYSTEMS


# -- units of work -------------------------------------------------------------------


@contextmanager
def transaction(engine: Engine) -> Iterator[Session]:
    """Open one writing transaction; commit at the end, roll back on any error."""
    with (
        _unterminated(),
        _told_in_words(engine),
        Session(engine, expire_on_commit=False) as session,
        session.begin(),
    ):
        # Begin now: a lock that cannot be had must fail before work is done.
        session.connection()
        yield session


@contextmanager
def _unterminated() -> Iterator[None]:
    """Let SIGTERM wait until the transaction in hand is finished.

    Blocking the signal would not do: another thread (a progress display) would
    receive it, and Python would still run the handler in the middle of our work.
    """
    before = signal.getsignal(signal.SIGTERM)
    if threading.current_thread() is not threading.main_thread() or before is None:
        yield  # only the main thread is ever interrupted
        return
    waiting = False

    def wait(_number: int, _frame: FrameType | None) -> None:
        nonlocal waiting
        waiting = True

    signal.signal(signal.SIGTERM, wait)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
        if waiting:
            signal.raise_signal(signal.SIGTERM)


@contextmanager
def snapshot(engine: Engine) -> Iterator[Session]:
    """Open one reading transaction in which all queries see the same moment."""
    with _told_in_words(engine), _reading(engine) as connection:
        with Session(connection, expire_on_commit=False) as session:
            yield session
        connection.rollback()


def _reading(engine: Engine) -> Connection:
    if engine.dialect.name == "sqlite":
        return engine.connect().execution_options(readonly=True)
    return engine.connect().execution_options(
        isolation_level="REPEATABLE READ", postgresql_readonly=True
    )


def read(engine: Engine, work: Callable[[Session], T]) -> T:
    """Do `work` in one snapshot and return what it returns."""
    with snapshot(engine) as session:
        return work(session)


def write(engine: Engine, work: Callable[[Session], T]) -> T:
    """Do `work` in one transaction, again if the server asks for it.

    The whole unit is repeated on a serialisation failure, a deadlock or a lost
    connection (PostgreSQL), so `work` must have no effect outside its session.
    """
    for attempt in range(1, TRIES + 1):
        try:
            with transaction(engine) as session:
                return work(session)
        except DBAPIError as error:
            if attempt == TRIES or not _worth_another_try(error):
                raise
            time.sleep(random.uniform(0, 0.01 * 2 ** min(attempt, 6)))  # noqa: S311
    raise AssertionError  # the loop returns or raises


def _worth_another_try(error: DBAPIError) -> bool:
    state = getattr(error.orig, "sqlstate", None)
    return bool(error.connection_invalidated) or state in SERIALISATION_FAILURES


@contextmanager
def _told_in_words(engine: Engine) -> Iterator[None]:
    try:
        yield
    except DBAPIError as error:
        told = _explain(engine, error)
        if told is None:
            raise
        raise told from error


def _explain(engine: Engine, error: DBAPIError) -> DatabaseError | None:
    where = engine.url.render_as_string(hide_password=True)
    told = _in_words(str(error.orig).strip(), where)
    if told is None and engine.dialect.name == "postgresql":
        # Without an SQLSTATE no server has answered.
        answered = error.connection_invalidated or getattr(error.orig, "sqlstate", None)
        if not answered:
            return DatabaseError(
                f"the database server cannot be reached: {where}",
                why=str(error.orig).strip(),
                fix="check the address, and that the server runs",
            )
    return told


def _in_words(message: str, where: str) -> DatabaseError | None:
    """Return what SQLite or PostgreSQL means for a person, where it is known."""
    if "database is locked" in message or "lock timeout" in message:
        return DatabaseError(
            f"the database stayed locked for {LOCK_SECONDS:g} seconds",
            why=f"another program is writing to {where}; nothing was stored",
            fix="wait until it has finished, then run the command again",
        )
    if "readonly database" in message or "unable to open" in message:
        return DatabaseError(
            f"the database cannot be opened for writing: {where}",
            why=message,
            fix="check that the folder exists and that you may write there",
        )
    if "is full" in message or "No space left" in message:
        return DatabaseError(
            "the disk is full",
            why="what was being stored has been rolled back; nothing is half-written",
            fix="free some space, then run the command again",
        )
    if "disk I/O error" in message:
        return DatabaseError(
            f"the disk does not take what is written to {where}",
            why="it may be full, a quota used up, or the disk gone; what was being "
            "stored has been rolled back",
            fix="free some space or mend the disk, then run the command again",
        )
    if "not a database" in message or "malformed" in message:
        return DatabaseError(
            f"{where} is not a sound database",
            why=message,
            fix="restore the newest backup, or move the file away and run "
            "`litreview init` there",
        )
    return None


# -- the schema's life ---------------------------------------------------------------


def create(engine: Engine) -> None:
    """Make a new database with the newest schema, or bring an older one there."""
    upgrade(engine)


def upgrade(engine: Engine, *, to: str = "head") -> tuple[str | None, str]:
    """Bring the schema to a revision; return the ids before and after.

    Foreign keys are off meanwhile (SQLite rebuilds tables to alter them) and
    checked before the commit.
    """
    with _told_in_words(engine), engine.connect() as connection:
        sqlite = engine.dialect.name == "sqlite"
        driver: Any = connection.connection.driver_connection
        if sqlite:
            driver.execute("PRAGMA foreign_keys=OFF")
        try:
            with connection.begin():
                before = migrations.revision_of(connection)
                _refuse_newer(before)
                migrations.upgrade(connection, to=to)
                if sqlite:
                    _refuse_broken_links(connection)
                after = str(migrations.revision_of(connection))
        finally:
            if sqlite:
                driver.execute("PRAGMA foreign_keys=ON")
    return before, after


def _refuse_broken_links(connection: Connection) -> None:
    broken = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchall()
    if broken:
        raise DatabaseError(
            f"the upgrade was undone: {len(broken)} rows would point at nothing",
            why=f"the first is in the table {broken[0][0]}",
            fix="restore the newest backup, or report this with the output of "
            "`litreview check`",
        )


def _refuse_newer(revision: str | None) -> None:
    if revision is not None and revision not in migrations.known():
        raise DatabaseError(
            f"the database was made by a newer litreview (schema {revision})",
            why=f"this program knows schemas up to {migrations.newest()}",
            fix="install the newer litreview; the database is untouched",
        )


def require_current(engine: Engine) -> None:
    """Refuse a database whose schema is missing, older or newer than the program."""
    with _told_in_words(engine), _reading(engine) as connection:
        revision = migrations.revision_of(connection)
        connection.rollback()
    _refuse_newer(revision)
    if revision is None:
        raise DatabaseError(
            "the database is empty",
            why="it has no tables yet",
            fix="run `litreview db upgrade`",
        )
    if revision != migrations.newest():
        raise DatabaseError(
            f"the database has an older schema ({revision})",
            why=f"this program needs {migrations.newest()}",
            fix="run `litreview db backup FILE`, then `litreview db upgrade`",
        )


def backup(engine: Engine, target: Path) -> None:
    """Write a consistent copy of an SQLite database to a new file."""
    if engine.dialect.name != "sqlite":
        raise DatabaseError(
            "a PostgreSQL database is backed up by its own tool",
            fix=f"run `pg_dump --format=custom --file={target} DATABASE`",
        )
    if target.exists():
        raise DatabaseError(f"{target} is already there", fix="name a new file")
    # Into a temporary name first: a copy that is there is a whole one.
    partial = target.with_name(f".{target.name}.partial")
    partial.unlink(missing_ok=True)
    try:
        with engine.connect() as connection:
            driver: Any = connection.connection.driver_connection
            driver.execute("PRAGMA query_only=OFF")  # as a reader may have left it
            driver.execute("VACUUM INTO ?", (str(partial),))
        partial.replace(target)
    except (sqlite3.Error, OSError) as error:
        partial.unlink(missing_ok=True)
        raise DatabaseError(
            f"the copy {target} could not be written",
            why=str(error),
            fix="check that its folder exists, that you may write there, and the space",
        ) from error


def stats(session: Session) -> dict[str, int]:
    """Return the number of rows of each table but `UNCOUNTED`."""
    return {
        table.name: session.scalar(select(func.count()).select_from(table)) or 0
        for table in Base.metadata.sorted_tables
        if table.name not in UNCOUNTED
    }


def is_sound(session: Session) -> list[str]:
    """Return what the engine itself finds wrong with the stored data."""
    if session.get_bind().dialect.name != "sqlite":
        return []
    problems = list(session.scalars(text("PRAGMA integrity_check")))
    # Other programs may write to the file without minding foreign keys.
    astray = session.execute(text("PRAGMA foreign_key_check"))
    return ([] if problems == ["ok"] else problems) + [
        f"row {row} of {table} points at a row of {target} that is not there"
        for table, row, target, _key in astray
    ]
