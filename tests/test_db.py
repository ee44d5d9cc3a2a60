"""The promises of the engine, its transactions and the life of the file."""

from __future__ import annotations

import logging
import os
import re
import signal
import sqlite3
import subprocess
import sys
import textwrap
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from sqlalchemy import CheckConstraint, Engine, make_url, select, text, update
from sqlalchemy.exc import DBAPIError, IntegrityError, StatementError
from sqlalchemy.orm import Session

from litreview import db, lookup
from litreview.declarative import Base, UtcDateTime
from litreview.errors import DatabaseError, NotFoundError
from litreview.models import APPEND_ONLY, AuditEvent, Person
from litreview.synthesis import Instrument
from litreview.vocabulary import Role

ROOT = Path(__file__).resolve().parent.parent
WRITERS, INCREMENTS = 8, 50


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return an SQLite file with the newest schema."""
    path = tmp_path / "review.sqlite"
    engine = db.engine_for(f"sqlite:///{path}")
    db.create(engine)
    engine.dispose()
    return path


@pytest.fixture
def sqlite(file: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    """Return an engine on `file` that waits 0.2 s for a lock."""
    monkeypatch.setattr(db, "LOCK_SECONDS", 0.2)
    engine = db.engine_for(f"sqlite:///{file}")
    yield engine
    engine.dispose()


def add_person(handle: str) -> Callable[[Session], None]:
    """Return the work of adding somebody."""
    return lambda session: session.add(Person(handle=handle, role=Role.READER))


def handles(engine: Engine) -> list[str]:
    """Return who is stored."""
    query = select(Person.handle).order_by(Person.handle)
    return db.read(engine, lambda session: list(session.scalars(query)))


# -- addresses ------------------------------------------------------------------


@pytest.mark.parametrize("url", ["", "review.sqlite", "mysql://host/name", "://"])
def test_an_address_that_cannot_be_used_is_refused_with_the_two_that_can(
    url: str,
) -> None:
    """Nothing but SQLite and PostgreSQL gets an engine."""
    with pytest.raises(DatabaseError) as told:
        db.engine_for(url)
    assert "sqlite:///" in told.value.fix
    assert "postgresql://" in told.value.fix


def test_a_path_may_hold_characters_that_mean_something_in_a_url(
    tmp_path: Path,
) -> None:
    """The whole of what follows sqlite:/// is the path."""
    folder = tmp_path / "what? 100% #1"
    folder.mkdir()
    engine = db.engine_for(f"sqlite:///{folder / 'review.sqlite'}")
    db.create(engine)
    engine.dispose()
    assert (folder / "review.sqlite").is_file()


def test_the_file_of_an_address() -> None:
    """Only an SQLite file has one."""
    assert db.file_of("sqlite:////tmp/a.sqlite") == Path("/tmp/a.sqlite")  # noqa: S108
    assert db.file_of("sqlite:///:memory:") is None
    assert db.file_of("sqlite://") is None
    assert db.file_of("postgresql://user@host/name") is None


def test_postgresql_without_its_part_says_what_to_install() -> None:
    """A missing psycopg is a sentence with the command, not a traceback."""
    code = """
        import sys
        sys.modules["psycopg"] = None
        from litreview import cli
        sys.exit(cli.run(["--database", "postgresql://u@127.0.0.1/x", "db", "stats"]))
    """
    done = run_python(code)
    assert done.returncode == 1
    assert 'pip install "litreview[postgres]"' in done.stderr
    assert "Traceback" not in done.stderr


# -- what is switched on ------------------------------------------------------------


def test_every_sqlite_connection_has_the_settings(file: Path) -> None:
    """WAL, FULL, foreign keys, recursive triggers and no trusted schema, for real."""
    engine = db.engine_for(f"sqlite:///{file}")
    wanted = {
        "journal_mode": "wal",
        "synchronous": 2,
        "foreign_keys": 1,
        "recursive_triggers": 1,
        "trusted_schema": 0,
        "busy_timeout": 30_000,
    }
    with engine.connect() as one, engine.connect() as other:
        for connection in (one, other):
            driver = connection.connection.driver_connection
            assert isinstance(driver, sqlite3.Connection)
            found = {
                name: driver.execute(f"PRAGMA {name}").fetchone()[0] for name in wanted
            }
            assert found == wanted
    engine.dispose()


def test_a_network_folder_gets_a_rollback_journal_and_a_warning(
    file: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """WAL does not work there, and only EXTRA keeps the last commit."""
    mounts = tmp_path / "mounts"
    mounts.write_text(f"/dev/sda / ext4 rw 0 0\nhost:/x {tmp_path} nfs4 rw 0 0\n")
    monkeypatch.setattr(db, "MOUNTS", mounts)
    with caplog.at_level(logging.WARNING):
        engine = db.engine_for(f"sqlite:///{file}")
    assert "PostgreSQL" in caplog.text
    with engine.connect() as connection:
        driver = connection.connection.driver_connection
        assert isinstance(driver, sqlite3.Connection)
        assert driver.execute("PRAGMA journal_mode").fetchone() == ("delete",)
        assert driver.execute("PRAGMA synchronous").fetchone() == (3,)
    engine.dispose()


@pytest.mark.parametrize(
    ("mounts", "expected"),
    [
        ("/dev/sda / ext4 rw 0 0\nhost:/x /home nfs rw 0 0", True),
        ("host:/x / nfs rw 0 0\n/dev/sda /home ext4 rw 0 0", False),
        ("/dev/sda / ext4 rw 0 0\nhost:/x /hom nfs rw 0 0", False),
        ("/dev/sda / ext4 rw 0 0\nhost:/x /home/anna\\040b nfs rw 0 0", False),
        ("host:/x / 9p rw 0 0", True),
        ("", False),
    ],
)
def test_the_deepest_mount_decides(
    mounts: str,
    expected: bool,  # noqa: FBT001 - pytest names it
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A path is on a network when the last folder mounted above it is."""
    table = tmp_path / "mounts"
    table.write_text(mounts)
    monkeypatch.setattr(db, "MOUNTS", table)
    assert db.on_network(Path("/home/anna/review.sqlite")) is expected


def test_a_mount_with_a_blank_in_its_name_is_recognised(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    r"""The kernel writes a blank as \040."""
    table = tmp_path / "mounts"
    table.write_text("/dev/sda / ext4 rw 0 0\nhost:/x /home/the\\040team nfs rw 0 0\n")
    monkeypatch.setattr(db, "MOUNTS", table)
    assert db.on_network(Path("/home/the team/review.sqlite"))


def test_a_system_without_a_table_of_mounts_is_taken_as_local(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On macOS and Windows there is nothing to read."""
    monkeypatch.setattr(db, "MOUNTS", tmp_path / "absent")
    assert not db.on_network(tmp_path)


# -- transactions -----------------------------------------------------------------


def test_a_unit_of_work_is_stored_whole_or_not_at_all(engine: Engine) -> None:
    """An error takes back everything since the beginning."""

    def half(session: Session) -> None:
        add_person("ann")(session)
        session.flush()
        lookup.person(session, "nobody")

    with pytest.raises(NotFoundError):
        db.write(engine, half)
    assert handles(engine) == []
    db.write(engine, add_person("ann"))
    assert handles(engine) == ["ann"]


def test_a_writer_waits_for_its_turn_before_it_reads(sqlite: Engine) -> None:
    """BEGIN IMMEDIATE: the second writer fails at once, not half-way."""
    reached = []
    with (
        db.transaction(sqlite),
        pytest.raises(DatabaseError, match=r"stayed locked for 0\.2 seconds"),
        db.transaction(sqlite),
    ):
        reached.append("inside")
    assert reached == []


def test_a_reader_is_not_stopped_by_a_writer(engine: Engine) -> None:
    """Readers see what is committed while somebody writes."""
    with db.transaction(engine) as session:
        add_person("ann")(session)
        session.flush()
        assert handles(engine) == []
    assert handles(engine) == ["ann"]


def test_a_reader_sees_one_moment(engine: Engine) -> None:
    """What others store meanwhile is not seen until the next snapshot."""
    query = select(Person.handle)
    with db.snapshot(engine) as session:
        before = session.scalars(query).all()
        db.write(engine, add_person("ann"))
        assert session.scalars(query).all() == before == []
    assert handles(engine) == ["ann"]


def test_a_reader_cannot_write(engine: Engine) -> None:
    """A change in a snapshot is refused, not lost in silence."""

    def sneak(session: Session) -> None:
        add_person("ann")(session)
        session.flush()

    with pytest.raises((DatabaseError, DBAPIError)):
        db.read(engine, sneak)
    db.write(engine, add_person("bob"))
    assert handles(engine) == ["bob"]


def test_autocommit_is_refused_on_sqlite(sqlite: Engine) -> None:
    """With it our BEGIN would lose rows in silence."""
    odd = sqlite.execution_options(isolation_level="AUTOCOMMIT")
    with odd.connect() as connection, pytest.raises(RuntimeError, match="isolation"):
        connection.execute(text("SELECT 1"))


def increment(engine: Engine, times: int) -> None:
    """Read a number and store the next one, `times` times."""

    def once(session: Session) -> None:
        row = session.scalars(select(Instrument).with_for_update()).one()
        session.execute(
            update(Instrument).values(note=str(int(row.note) + 1)),
            execution_options={"synchronize_session": False},
        )

    for _ in range(times):
        db.write(engine, once)


def start_counter(engine: Engine) -> None:
    """Store a zero."""

    def work(session: Session) -> None:
        person = Person(handle="lead", role=Role.LEAD)
        session.add(person)
        session.flush()
        session.add(Instrument(name="counter", note="0", person_id=person.id))

    db.write(engine, work)


def counter(engine: Engine) -> str:
    """Return the stored number."""
    return db.read(
        engine, lambda session: session.scalars(select(Instrument.note)).one()
    )


def test_eight_writers_lose_nothing(engine: Engine) -> None:
    """Read, add one, store: as many times as there were increments."""
    start_counter(engine)
    failures: list[BaseException] = []

    def work() -> None:
        try:
            increment(engine, INCREMENTS)
        except BaseException as error:  # noqa: BLE001 - a thread cannot raise
            failures.append(error)

    threads = [threading.Thread(target=work) for _ in range(WRITERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert counter(engine) == str(WRITERS * INCREMENTS)


def test_two_programs_lose_nothing(engine: Engine, database_url: str) -> None:
    """The same between processes."""
    start_counter(engine)
    code = f"""
        import sys
        sys.path.insert(0, {str(ROOT / "tests")!r})
        from test_db import increment
        from litreview import db
        increment(db.engine_for({database_url!r}), 40)
    """
    running = [start_python(code) for _ in range(2)]
    told = [process.communicate(timeout=60)[1] for process in running]
    assert [process.returncode for process in running] == [0, 0], told
    assert counter(engine) == "80"


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
@pytest.mark.postgres
def test_a_deadlock_is_tried_again(engine: Engine) -> None:
    """Two that wait for each other both end up stored."""
    db.write(engine, add_person("ann"))
    db.write(engine, add_person("bob"))
    both_hold_one = threading.Barrier(2)
    attempts: list[str] = []

    def rename(first: str, second: str) -> None:
        held: list[str] = []

        def work(session: Session) -> None:
            attempts.append(first)
            for handle in (first, second):
                query = select(Person).where(Person.handle == handle)
                person = session.scalars(query.with_for_update()).one()
                person.name += f"{first} "
                session.flush()
                if not held:
                    held.append(handle)
                    both_hold_one.wait(timeout=10)

        db.write(engine, work)

    threads = [
        threading.Thread(target=rename, args=pair)
        for pair in (("ann", "bob"), ("bob", "ann"))
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    names = db.read(engine, lambda session: list(session.scalars(select(Person.name))))
    assert len(attempts) > 2, "the server saw no deadlock, so this proved nothing"
    assert [sorted(name.split()) for name in names] == [["ann", "bob"]] * 2


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
@pytest.mark.postgres
def test_a_connection_that_is_cut_is_tried_again(engine: Engine) -> None:
    """The server ends our session in the middle; the work is stored once."""
    attempts = []

    def work(session: Session) -> None:
        attempts.append(1)
        session.add(Instrument(name="one", person_id=1))
        session.flush()
        if len(attempts) == 1:
            mine = session.scalar(text("SELECT pg_backend_pid()"))
            with engine.connect() as other:
                other.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": mine})

    db.write(engine, lambda session: session.add(Person(id=1, handle="a", role="lead")))
    db.write(engine, work)
    stored = db.read(
        engine, lambda session: list(session.scalars(select(Instrument.name)))
    )
    assert (len(attempts), stored) == (2, ["one"])


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
@pytest.mark.postgres
def test_postgresql_reads_cannot_mix_moments(engine: Engine) -> None:
    """Writers are at READ COMMITTED, readers at REPEATABLE READ and read-only."""
    show = text("SELECT current_setting('transaction_isolation')")
    only = text("SELECT current_setting('transaction_read_only')")
    assert db.write(engine, lambda s: s.scalar(show)) == "read committed"
    assert db.read(engine, lambda s: s.scalar(show)) == "repeatable read"
    assert db.read(engine, lambda s: s.scalar(only)) == "on"
    assert db.write(engine, lambda s: s.scalar(only)) == "off"


# -- termination -----------------------------------------------------------------


def start_python(code: str, *arguments: str) -> subprocess.Popen[str]:
    """Start a Python program that can import litreview."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(code), *arguments],
        env=environment,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def run_python(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run a Python program that can import litreview."""
    process = start_python(code, *arguments)
    out, err = process.communicate(timeout=60)
    return subprocess.CompletedProcess(process.args, process.returncode, out, err)


SLOW_WORK = """
    import sys, threading, time
    import click
    from litreview import cli
    from litreview.cli import setup
    from litreview.models import Person

    def work(session):
        session.add(Person(handle="ann", role="reader"))
        session.flush()
        print("in hand", flush=True)
        for _ in range(50):
            time.sleep(0.01)
        session.add(Person(handle="bob", role="reader"))

    @click.pass_obj
    def slow(app, *, as_json):
        app.write(work)
        for _ in range(500):
            time.sleep(0.01)
        print("ended by itself")

    # The system may give the signal to any thread.
    threading.Thread(target=time.sleep, args=[60], daemon=True).start()
    setup.whoami.callback = slow
    sys.argv = ["litreview", "--database", sys.argv[1], "whoami"]
    cli.main()
"""


def test_termination_lets_the_transaction_in_hand_finish(file: Path) -> None:
    """SIGTERM: what was begun is stored whole, then the program leaves with 143."""
    url = f"sqlite:///{file}"
    process = start_python(SLOW_WORK, url)
    assert process.stdout is not None
    assert process.stdout.readline() == "in hand\n"
    process.send_signal(signal.SIGTERM)
    out, err = process.communicate(timeout=30)
    assert (process.returncode, out, err) == (143, "", "")
    engine = db.engine_for(url)
    assert handles(engine) == ["ann", "bob"]
    engine.dispose()


def test_a_handler_of_another_program_is_put_back(sqlite: Engine) -> None:
    """After a transaction SIGTERM means what it meant before."""
    before = signal.getsignal(signal.SIGTERM)
    heard: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _frame: heard.append(number))
    try:
        with db.transaction(sqlite):
            os.kill(os.getpid(), signal.SIGTERM)
            time.sleep(0.01)
            assert heard == []
        assert heard == [signal.SIGTERM]
    finally:
        signal.signal(signal.SIGTERM, before)


# -- history ------------------------------------------------------------------------


WORDS = re.compile(r"(\w+) IN \('([^']*)'")
PLAIN: dict[type, object] = {
    int: 1,
    float: 1.0,
    str: "x",
    bool: False,
    bytes: b"x",
}
MOMENT = datetime(2026, 1, 1, tzinfo=UTC)


def plain_row(name: str) -> dict[str, object]:
    """Return values that the table accepts, whatever they mean."""
    table = Base.metadata.tables[name]
    row: dict[str, object] = {
        column.name: MOMENT
        if isinstance(column.type, UtcDateTime)
        else PLAIN.get(column.type.python_type, {})
        for column in table.columns
        if not column.nullable
    }
    for constraint in table.constraints:
        if isinstance(constraint, CheckConstraint):
            row |= dict(WORDS.findall(str(constraint.sqltext)))
    return row | ({"b_id": 2, "person_id": 1} if name == "pair_decision" else {})


@pytest.fixture
def history(engine: Engine) -> Engine:
    """Return a database with one row in every append-only table."""
    with engine.connect() as connection:
        driver = connection.connection.driver_connection
        assert driver is not None
        if engine.dialect.name == "sqlite":
            driver.execute("PRAGMA foreign_keys=OFF")
        with connection.begin():
            if engine.dialect.name == "postgresql":
                connection.execute(text("SET LOCAL session_replication_role=replica"))
            for name in APPEND_ONLY:
                connection.execute(Base.metadata.tables[name].insert(), plain_row(name))
    engine.dispose()
    return engine


def refusal(engine: Engine, statement: str) -> str:
    """Try a statement; return how it was refused, or nothing if it was not."""
    try:
        with engine.begin() as connection:
            connection.execute(text(statement))
    except DBAPIError as error:
        return str(error.orig)
    return ""


@pytest.mark.broken_on_purpose
def test_no_row_of_history_can_be_changed_or_deleted(history: Engine) -> None:
    """Every append-only table refuses every way of rewriting it."""
    ways = ["UPDATE {0} SET {1} = {1}", "DELETE FROM {0}"]
    if history.dialect.name == "sqlite":
        ways += [
            "INSERT OR REPLACE INTO {0} SELECT * FROM {0}",
            "UPDATE OR REPLACE {0} SET {1} = {1}",
        ]
    else:
        ways += ["TRUNCATE {0} CASCADE", "UPDATE ONLY {0} SET {1} = {1}"]
    for name in APPEND_ONLY:
        table = Base.metadata.tables[name]
        column = next(iter(table.columns)).name
        for way in ways:
            told = refusal(history, way.format(name, column))
            assert f"{name} is append-only" in told, way.format(name, column)
        with history.connect() as connection:
            assert len(connection.execute(select(table)).all()) == 1
            connection.rollback()


@pytest.mark.broken_on_purpose
def test_a_conflicting_insert_cannot_become_an_update(history: Engine) -> None:
    """ON CONFLICT DO UPDATE is an update all the same."""
    told = refusal(
        history,
        "INSERT INTO search_strategy SELECT * FROM search_strategy WHERE true "
        "ON CONFLICT (id) DO UPDATE SET text = 'rewritten'",
    )
    assert "search_strategy is append-only" in told


def test_a_row_that_points_at_nothing_is_refused(engine: Engine) -> None:
    """Foreign keys are in force."""
    row = AuditEvent(kind="x", person_id=99)
    with pytest.raises(IntegrityError):
        db.write(engine, lambda session: session.add(row))


# -- moments --------------------------------------------------------------------


def test_a_moment_without_a_time_zone_is_refused(engine: Engine) -> None:
    """Nobody can say when it was."""
    naive = datetime(2026, 1, 1)  # noqa: DTZ001 - the point of this test
    person = Person(handle="ann", role=Role.READER, since=naive)
    with pytest.raises(StatementError, match="without a time zone"):
        db.write(engine, lambda session: session.add(person))
    assert handles(engine) == []


def test_a_moment_comes_back_in_utc(engine: Engine) -> None:
    """Stored in another zone, it is the same moment, aware, in UTC."""
    kabul = timezone(timedelta(hours=4, minutes=30))
    since = datetime(2026, 3, 29, 1, 30, 0, 123456, tzinfo=kabul)
    person = Person(handle="ann", role=Role.READER, since=since)
    db.write(engine, lambda session: session.add(person))
    found = db.read(engine, lambda s: s.scalars(select(Person.since)).one())
    assert found == since
    assert found.utcoffset() == timedelta(0)
    assert found.isoformat() == "2026-03-28T21:00:00.123456+00:00"


# -- what can go wrong with the file ----------------------------------------------


def told_by(work: Callable[[], object]) -> DatabaseError:
    """Return the refusal of `work`."""
    with pytest.raises(DatabaseError) as refused:
        work()
    return refused.value


def test_a_full_disk_is_told_and_nothing_is_half_written(sqlite: Engine) -> None:
    """The message says so; the unit of work is rolled back."""

    def fill_up(session: Session) -> None:
        session.execute(text("PRAGMA max_page_count=1"))  # SQLite's own "disk full"
        session.add(Person(handle="ann", role=Role.READER))
        session.flush()
        session.add(AuditEvent(kind="x" * 1_000_000))

    assert "disk is full" in told_by(lambda: db.write(sqlite, fill_up)).what
    sqlite.dispose()
    assert handles(sqlite) == []


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    """SQLite makes files, not folders."""
    engine = db.engine_for(f"sqlite:///{tmp_path / 'absent' / 'review.sqlite'}")
    told = told_by(lambda: db.create(engine))
    assert "cannot be opened" in told.what
    assert "folder exists" in told.fix


def test_a_file_that_is_no_database_is_told_and_left_alone(tmp_path: Path) -> None:
    """A text file under the database's name is not overwritten."""
    file = tmp_path / "review.sqlite"
    file.write_text("These are my notes, which I would like to keep.\n" * 100)
    before = file.read_bytes()
    engine = db.engine_for(f"sqlite:///{file}")
    for work in (db.require_current, db.create):
        assert "not a sound database" in told_by(lambda w=work: w(engine)).what  # type: ignore[misc]
    assert file.read_bytes() == before


def test_a_database_that_may_not_be_written_is_told(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reading it may work; writing says why not."""
    engine = db.engine_for(f"sqlite:///{file}")
    if os.geteuid() == 0:
        # root may write everywhere; ask SQLite to behave as for anybody else.
        connect = sqlite3.connect

        def reading_only(path: str, **options: object) -> sqlite3.Connection:
            return connect(f"file:{path}?mode=ro", uri=True, **options)  # type: ignore[call-overload,no-any-return]

        monkeypatch.setattr(engine.dialect.dbapi, "connect", reading_only)
    else:
        file.chmod(0o444)
    told = told_by(lambda: db.write(engine, add_person("ann")))
    assert "cannot be opened for writing" in told.what
    engine.dispose()


@pytest.mark.postgres
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_lock_on_postgresql_is_told_too(
    database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A row that stays locked ends in the same message."""
    monkeypatch.setattr(db, "LOCK_SECONDS", 0.2)
    engine = db.engine_for(database_url)
    db.create(engine)
    db.write(engine, add_person("ann"))
    query = select(Person).with_for_update()
    with db.transaction(engine) as session:
        session.scalars(query).all()
        told = told_by(lambda: db.write(engine, lambda s: s.scalars(query).all()))
    assert "stayed locked" in told.what
    engine.dispose()


@pytest.mark.postgres
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_server_that_cannot_be_reached_is_told(database_url: str) -> None:
    """Neither a traceback nor the password; the reason is the driver's own."""
    address = make_url(database_url)
    for wrong in (address.set(port=1, password="hush"), address.set(database="absent")):  # noqa: S106
        engine = db.engine_for(wrong.render_as_string(hide_password=False))
        told = told_by(lambda e=engine: db.require_current(e))  # type: ignore[misc]
        assert "cannot be reached" in told.what
        assert told.why
        assert "hush" not in str(told)


# -- backup ------------------------------------------------------------------------


def test_a_backup_is_consistent_while_somebody_writes(
    file: Path, tmp_path: Path
) -> None:
    """Each copy holds pairs: never one half of a transaction."""
    engine = db.engine_for(f"sqlite:///{file}")
    stop = threading.Event()

    def write_pairs() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            db.write(
                engine,
                lambda session, n=number: session.add_all(  # type: ignore[misc]
                    Person(handle=f"{half}{n}", role=Role.READER) for half in "ab"
                ),
            )

    writer = threading.Thread(target=write_pairs)
    writer.start()
    copies = [tmp_path / f"copy{number}.sqlite" for number in range(5)]
    try:
        for copy in copies:
            db.read(engine, lambda session: session.scalars(select(Person)).all())
            db.backup(engine, copy)
    finally:
        stop.set()
        writer.join()
    for copy in copies:
        other = db.engine_for(f"sqlite:///{copy}")
        db.require_current(other)
        found = handles(other)
        assert {name[1:] for name in found if name[0] == "a"} == {
            name[1:] for name in found if name[0] == "b"
        }
        assert db.read(other, db.is_sound) == []
        other.dispose()
    assert len(handles(engine)) > 0
    engine.dispose()


def test_a_backup_never_overwrites(sqlite: Engine, tmp_path: Path) -> None:
    """Yesterday's copy stays as it is."""
    copy = tmp_path / "copy.sqlite"
    copy.write_bytes(b"yesterday")
    assert "already there" in told_by(lambda: db.backup(sqlite, copy)).what
    assert copy.read_bytes() == b"yesterday"


def test_a_backup_that_cannot_be_written_leaves_nothing(
    sqlite: Engine, tmp_path: Path
) -> None:
    """A missing folder is told in words."""
    told = told_by(lambda: db.backup(sqlite, tmp_path / "absent" / "copy.sqlite"))
    assert "could not be written" in told.what
    assert sorted(path.name for path in tmp_path.iterdir() if "copy" in path.name) == []


@pytest.mark.postgres
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_backup_of_postgresql_names_its_own_tool(
    engine: Engine, tmp_path: Path
) -> None:
    """pg_dump is the fix."""
    assert "pg_dump" in told_by(lambda: db.backup(engine, tmp_path / "copy")).fix


# -- counts ---------------------------------------------------------------------


def test_stats_count_every_table(engine: Engine) -> None:
    """Every table has its number of rows, but for what would tell of votes."""
    db.write(engine, add_person("ann"))
    counts = db.read(engine, db.stats)
    assert set(counts) == set(Base.metadata.tables) - db.UNCOUNTED
    assert {name: number for name, number in counts.items() if number} == {"person": 1}


def test_damage_to_the_file_is_found(file: Path) -> None:
    """An index that disagrees with its table is no sound database."""
    engine = db.engine_for(f"sqlite:///{file}")
    db.write(engine, add_person("ann"))
    assert db.read(engine, db.is_sound) == []
    engine.dispose()
    with sqlite3.connect(file) as raw:
        raw.execute("PRAGMA writable_schema=ON")
        raw.execute(
            "UPDATE sqlite_master SET sql = replace(sql, 'handle TEXT NOT NULL', "
            "'handle TEXT NOT NULL CHECK (handle <> ''ann'')')  WHERE name = 'person'"
        )
    raw.close()
    assert db.read(engine, db.is_sound) != []
    engine.dispose()
