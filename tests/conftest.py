"""What every test file may use."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from making import Maker
from sqlalchemy import Engine, create_engine, text
from sqlalchemy.engine import make_url
from sqlalchemy.orm import Session

from litreview import db

ROOT = Path(__file__).resolve().parent.parent
POSTGRES = os.environ.get("LITREVIEW_TEST_POSTGRES", "")


@pytest.fixture(autouse=True)
def _own_world(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the settings of the person who runs the tests out of them."""
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


def _fresh_postgres() -> Iterator[str]:
    """Make one empty database on the test server and drop it afterwards."""
    server = make_url(POSTGRES).set(drivername="postgresql+psycopg")
    name = f"test_{uuid.uuid4().hex}"
    admin = create_engine(server, isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        connection.execute(text(f'CREATE DATABASE "{name}"'))
    yield server.set(database=name).render_as_string(hide_password=False)
    with admin.connect() as connection:
        connection.execute(text(f'DROP DATABASE "{name}" WITH (FORCE)'))
    admin.dispose()


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
def engine(database_url: str) -> Iterator[Engine]:
    """Return an engine on a database with the newest schema."""
    engine = db.engine_for(database_url)
    db.create(engine)
    yield engine
    engine.dispose()


@pytest.fixture
def session(engine: Engine) -> Iterator[Session]:
    """Return a Session in an open transaction; what a test stores is rolled back."""
    with Session(engine, expire_on_commit=False) as session:
        session.connection()
        yield session
        session.rollback()


@pytest.fixture
def make(session: Session) -> Maker:
    """Return the maker of people, records and rounds on `session`."""
    return Maker(session)
