"""What every test file may use."""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Generator, Iterator
from pathlib import Path

import pytest
from making import Maker
from sqlalchemy import Engine, create_engine, exists, select, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DBAPIError, PendingRollbackError
from sqlalchemy.orm import Session

from litreview import checks, db
from litreview.models import ProtocolVersion

ROOT = Path(__file__).resolve().parent.parent
POSTGRES = os.environ.get("LITREVIEW_TEST_POSTGRES", "")
# Set where a server must be there: a skipped PostgreSQL test is then a failure.
REQUIRED = bool(os.environ.get("LITREVIEW_REQUIRE_POSTGRES"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Fail a PostgreSQL test that was skipped where it must run."""
    report = yield
    if REQUIRED and report.skipped and item.get_closest_marker("postgres"):
        report.outcome = "failed"
        report.longrepr = f"skipped, but PostgreSQL is required: {report.longrepr}"
    return report


@pytest.fixture(autouse=True)
def _own_world(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Keep the settings of the person who runs the tests out of them."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.getbasetemp() / "cache"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path_factory.getbasetemp() / "none"))
    for name in list(os.environ):
        if name.startswith(("LITREVIEW_", "OPENALEX_")) and name not in {
            "LITREVIEW_SHARED",
            "LITREVIEW_TEST_POSTGRES",
        }:
            monkeypatch.delenv(name)


@pytest.fixture(scope="session")
def shared() -> Path:
    """Return the folder of labelled data, or skip where it is absent."""
    folder = Path(os.environ.get("LITREVIEW_SHARED", ROOT.parent / "shared"))
    if not (folder / "data").is_dir():
        pytest.skip(f"the labelled data are not at {folder}")
    return folder


def _on_server(*statements: str) -> None:
    admin = create_engine(
        make_url(POSTGRES).set(drivername="postgresql+psycopg"),
        isolation_level="AUTOCOMMIT",
    )
    with admin.connect() as connection:
        for statement in statements:
            connection.execute(text(statement))
    admin.dispose()


def _fresh_postgres() -> Iterator[str]:
    """Make one empty database on the test server and drop it afterwards."""
    name = f"test_{uuid.uuid4().hex}"
    _on_server(f"CREATE DATABASE {name}")
    yield make_url(POSTGRES).set(database=name).render_as_string(hide_password=False)
    _on_server(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(scope="session")
def _model_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an SQLite file with the newest schema, to be copied."""
    file = tmp_path_factory.mktemp("model") / "review.sqlite"
    engine = db.engine_for(f"sqlite:///{file}")
    db.create(engine)
    engine.dispose()
    return file


@pytest.fixture(scope="session")
def _model_database() -> Iterator[str]:
    """Return the name of a PostgreSQL database to be copied."""
    for url in _fresh_postgres():
        engine = db.engine_for(url)
        db.create(engine)
        engine.dispose()
        yield str(make_url(url).database)


@pytest.fixture(
    params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)]
)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Return the address of an empty database, on each of the two in turn."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'review.sqlite'}"
    elif POSTGRES:
        yield from _fresh_postgres()
    else:
        pytest.skip("set LITREVIEW_TEST_POSTGRES to test on PostgreSQL too")


@pytest.fixture
def engine(database_url: str, request: pytest.FixtureRequest) -> Iterator[Engine]:
    """Return an engine on a database with the newest schema.

    It is a copy: running the migrations for every test would take minutes.
    """
    engine = db.engine_for(database_url)
    if engine.dialect.name == "sqlite":
        model = request.getfixturevalue("_model_file")
        shutil.copy(model, str(engine.url.database))
    else:
        model = request.getfixturevalue("_model_database")
        name = engine.url.database
        _on_server(f"DROP DATABASE {name}", f"CREATE DATABASE {name} TEMPLATE {model}")
    yield engine
    if _is_checked(request):
        with db.snapshot(engine) as session:
            _check(session)
    engine.dispose()


@pytest.fixture
def session(engine: Engine, request: pytest.FixtureRequest) -> Iterator[Session]:
    """Return a Session in an open transaction; what a test stores is rolled back."""
    with Session(engine, expire_on_commit=False) as session:
        session.connection()
        yield session
        if _is_checked(request):
            _check(session)
        session.rollback()


def _is_checked(request: pytest.FixtureRequest) -> bool:
    """Tell whether what the test stored has to keep the model's promises."""
    return request.node.get_closest_marker("broken_on_purpose") is None


def _check(session: Session) -> None:
    """Fail if what is stored breaks a promise, as `litreview check` would tell."""
    try:
        session.flush()
        begun = session.scalar(select(exists().where(ProtocolVersion.id > 0)))
    except (DBAPIError, PendingRollbackError):
        return  # the test's last statement was refused; nothing of it is stored
    if begun:
        session.expire_all()
        broken = {name: told for name, told in checks.run(session).items() if told}
        assert not broken, f"mend it, or mark the test broken_on_purpose: {broken}"


@pytest.fixture
def make(session: Session) -> Maker:
    """Return the maker of people, records and rounds on `session`."""
    return Maker(session)
