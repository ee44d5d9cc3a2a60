"""Key and mail address: found outside the workspace, and told to nobody."""

from __future__ import annotations

import gzip
import json
import logging
import os
import sqlite3
import subprocess
import sys
import zlib
from collections.abc import Iterator
from contextlib import closing, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from urllib.parse import parse_qs, quote, urlsplit

import harvesting
import pytest
from harvesting import crossref_work, join, openalex_work

from litreview import db
from litreview.errors import InputFileError, UsageError
from litreview.sources import credentials
from litreview.sources.page import settings_from

ROOT = Path(__file__).resolve().parent.parent
KEY, MAIL = "SECRETkey+123/45", "ada.lovelace+cpd@example.org"


def write(folder: Path, text: str, mode: int = 0o600) -> Path:
    """Write a file of credentials."""
    path = folder / "litreview" / "credentials"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")
    path.chmod(mode)
    return path


# -- where they come from ----------------------------------------------------------


def test_the_file_in_the_configuration_folder_is_read(tmp_path: Path) -> None:
    """Lines NAME=value, comments, blanks and quotes; each source gets its own."""
    write(tmp_path, f"# mine\n\n OPENALEX_API_KEY = '{KEY}'\nLITREVIEW_MAILTO={MAIL}\n")
    environ = {"XDG_CONFIG_HOME": str(tmp_path), "HOME": "/nowhere"}
    found = settings_from(environ, "openalex")
    assert (found.key, found.mailto) == (KEY, MAIL)
    assert settings_from(environ, "crossref").key is None
    home = tmp_path / "home"
    write(home / ".config", "LITREVIEW_MAILTO=b@example.org")
    assert settings_from({"HOME": str(home)}, "crossref").mailto == "b@example.org"


def test_the_environment_wins_and_the_file_may_be_named(tmp_path: Path) -> None:
    """A blank variable counts as absent and leaves the file's word."""
    named = write(
        tmp_path / "named", f"OPENALEX_API_KEY={KEY}\nLITREVIEW_MAILTO={MAIL}"
    )
    write(tmp_path, "OPENALEX_API_KEY=other")
    environ = {
        "LITREVIEW_CREDENTIALS": str(named), "XDG_CONFIG_HOME": str(tmp_path),
        "OPENALEX_API_KEY": " ", "LITREVIEW_MAILTO": "c@example.org",
    }  # fmt: skip
    found = settings_from(environ, "openalex")
    assert (found.key, found.mailto) == (KEY, "c@example.org")


def test_no_file_is_no_error_unless_it_is_named(tmp_path: Path) -> None:
    """Most people set nothing; whoever names a file means it."""
    for environ in ({}, {"HOME": str(tmp_path)}, {"XDG_CONFIG_HOME": str(tmp_path)}):
        assert settings_from(environ, "openalex").key is None
    with pytest.raises(InputFileError, match="cannot be read"):
        settings_from({"LITREVIEW_CREDENTIALS": str(tmp_path / "gone")}, "openalex")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("\nOPENALEX_APIKEY=x", ":2: the name 'OPENALEX_APIKEY' is not known"),
        ("openalex_api_key=x", "Did you mean 'OPENALEX_API_KEY'?"),
        (KEY, ":1: this is no NAME=value"),
        (f"{KEY}=", ":1: the name is not known"),
        (f"={KEY}", ":1: there is no name"),
        (f"OPENALEX_API_KEY={KEY}\nOPENALEX_API_KEY={KEY}", ":2: .* a second time"),
    ],
)
def test_a_line_that_means_nothing_is_refused(
    tmp_path: Path, text: str, told: str
) -> None:
    """The message names the line and never repeats what may be the key."""
    write(tmp_path, text)
    with pytest.raises(InputFileError, match=told) as caught:
        settings_from({"XDG_CONFIG_HOME": str(tmp_path)}, "openalex")
    assert KEY not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("OPENALEX_API_KEY", "two words"), ("OPENALEX_API_KEY", "caf\u00e9"),
        ("LITREVIEW_MAILTO", "nobody"), ("LITREVIEW_MAILTO", "a@b.org\r\nX-Evil: 1"),
        ("LITREVIEW_MAILTO", "mailto:a@b.org"), ("LITREVIEW_MAILTO", "a@b.org,c@d.org"),
    ],
)  # fmt: skip
def test_what_no_header_can_carry_is_refused(name: str, value: str) -> None:
    """It is refused by name, without being repeated."""
    with pytest.raises(UsageError, match=name) as caught:
        settings_from({name: value}, "openalex")
    assert value not in str(caught.value)


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    """UTF-16 from an editor, say."""
    write(tmp_path, "").write_bytes(f"OPENALEX_API_KEY={KEY}".encode("utf-16"))
    with pytest.raises(InputFileError, match="not UTF-8"):
        settings_from({"XDG_CONFIG_HOME": str(tmp_path)}, "openalex")


def test_a_file_in_a_workspace_is_refused(tmp_path: Path) -> None:
    """Whoever is given the workspace would be given the key; a link is no way round."""
    space = harvesting.workspace(tmp_path)
    inside = write(space.root / "deep" / "er", f"OPENALEX_API_KEY={KEY}")
    link = tmp_path.parent / f"{tmp_path.name}-link"
    link.symlink_to(inside)
    for path in (inside, link):
        with pytest.raises(UsageError, match="must not lie in a workspace") as caught:
            settings_from({"LITREVIEW_CREDENTIALS": str(path)}, "openalex")
        assert "share" in caught.value.why


def test_a_file_that_others_can_read_is_told_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """The warning says how to mend it; the values are used all the same."""
    path = write(tmp_path, f"OPENALEX_API_KEY={KEY}", 0o644)
    environ = {"XDG_CONFIG_HOME": str(tmp_path)}
    with caplog.at_level(logging.WARNING):
        for _ in range(2):
            assert settings_from(environ, "openalex").key == KEY
    (record,) = caplog.records
    assert f"chmod 600 {path}" in record.getMessage()
    assert KEY not in caplog.text


def test_an_address_with_a_password_is_refused() -> None:
    """It would be stored with every page."""
    told = {"LITREVIEW_OPENALEX_URL": "https://ada:sesame@mirror.example"}
    with pytest.raises(UsageError, match="password") as caught:
        settings_from(told, "openalex")
    assert "sesame" not in str(caught.value)


# -- where they never appear ---------------------------------------------------------


class Echo(BaseHTTPRequestHandler):
    """Answer two pages, and refuse the third telling back all that was sent."""

    protocol_version = "HTTP/1.1"
    seen: list[str]

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""

    def do_GET(self) -> None:
        """Answer by the cursor asked for."""
        parts = urlsplit(self.path)
        sent = [self.headers.get(name, "") for name in ("Authorization", "User-Agent")]
        told = " ".join([*sent, *map(quote, sent), self.path, str(dict(self.headers))])
        self.seen.append(told)
        cursor = parse_qs(parts.query).get("cursor", ["*"])[0]
        openalex = parts.path.startswith("/openalex")
        number = 1 if cursor == "*" else 2
        body: object
        if cursor == "end" or (not openalex and cursor != "*"):
            status, body = 403, {"error": "Refused", "message": told}
        elif openalex:
            meta = {"count": 5, "next_cursor": "next" if cursor == "*" else "end"}
            status, body = 200, {"meta": meta, "results": [openalex_work(number)]}
        else:
            items = [crossref_work(number)]
            status, body = 200, {
                "message": {"items": items, "total-results": 5, "next-cursor": "x"}
            }  # fmt: skip
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


@pytest.fixture
def echo() -> Iterator[tuple[str, list[str]]]:
    """Serve on this machine; give the address and what arrived."""
    Echo.seen = []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}", Echo.seen
    server.shutdown()
    server.server_close()
    thread.join()


def all_bytes(file: Path) -> Iterator[tuple[str, bytes]]:
    """Yield every value of every table, unpacked where it is packed."""
    with closing(sqlite3.connect(file)) as connection:
        query = "SELECT name FROM sqlite_master WHERE type = 'table'"
        for (table,) in connection.execute(query).fetchall():
            for row in connection.execute(f'SELECT * FROM "{table}"'):  # noqa: S608
                for value in row:
                    data = value if isinstance(value, bytes) else str(value).encode()
                    yield table, data
                    for unpack in (zlib.decompress, gzip.decompress):
                        with suppress(zlib.error, OSError, EOFError):
                            yield table, unpack(data)


def test_neither_key_nor_mail_address_is_told_or_stored(
    tmp_path: Path, echo: tuple[str, list[str]]
) -> None:
    """A service tells both back; no output, table, export or other file has them."""
    url, seen = echo
    root = tmp_path / "review"
    root.mkdir()
    space = harvesting.workspace(root)
    with db.opened(space.database_url) as engine:
        db.create(engine)
        join(engine)
    write(tmp_path / "config", f"OPENALEX_API_KEY={KEY}\nLITREVIEW_MAILTO={MAIL}\n")
    environment = {
        **os.environ,
        "XDG_CONFIG_HOME": str(tmp_path / "config"),
        "XDG_CACHE_HOME": str(tmp_path / "cache"),
        "LITREVIEW_OPENALEX_URL": f"{url}/openalex",
        "LITREVIEW_CROSSREF_URL": f"{url}/crossref",
        "PYTHONPATH": str(ROOT),
    }
    command = [sys.executable, "-m", "litreview", "-w", str(root), "--as", "lead"]
    said = []
    for words in (
        ["harvest", "--yes"],
        ["-v", "harvest", "--yes", "--json"],
        ["status"],
        ["export", "records", "--format", "csv"],
    ):
        done = subprocess.run(
            [*command, *words],
            env=environment,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert "Traceback" not in done.stderr
        said.append(done.stdout + done.stderr)
    assert "(key)" in said[0]
    assert "(mail)" in said[0]
    assert any(KEY in told for told in seen)
    assert any(f"mailto:{MAIL}" in told for told in seen)
    written = [
        (str(file), file.read_bytes())
        for folder in (root, tmp_path / "cache")
        for file in folder.rglob("*")
        if file.is_file()
    ]
    stored = list(all_bytes(root / "db" / "review.sqlite"))
    assert any(b"Teacher trust" in data for _, data in stored)
    texts = [("output", text.encode()) for text in said] + written + stored
    for secret in (KEY, MAIL, quote(KEY), quote(MAIL), "ada.lovelace", "SECRETkey"):
        for place, data in texts:
            assert secret.encode() not in data, (secret, place)


def test_the_names_are_those_of_the_settings() -> None:
    """A name that the file takes is used; one that is not would be lost in silence."""
    assert credentials.NAMES == ("OPENALEX_API_KEY", "LITREVIEW_MAILTO")
