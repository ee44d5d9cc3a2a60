"""Bundles: the same bytes for the same data, and every change is told."""

from __future__ import annotations

import hashlib
import json
import zipfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from litreview import bundle, cli
from litreview.errors import InputFileError

FILES = {"b.csv": b"2\n", "a.csv": b"1\n"}
NAMES = st.text("abc/.", min_size=1, max_size=8).filter(
    lambda name: not name.startswith("/") and name != bundle.MANIFEST
)


def write(path: Path, files: dict[str, bytes]) -> Path:
    """Write a ZIP file of these files."""
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def test_a_bundle_is_the_same_bytes_and_checks(tmp_path: Path) -> None:
    """Packed twice it is the same, and nothing differs from its manifest."""
    content = bundle.pack(FILES, schema="r4")
    assert content == bundle.pack(dict(reversed(FILES.items())), schema="r4")
    path = tmp_path / "review.zip"
    path.write_bytes(content)
    files = bundle.unpack(path)
    assert {n: c for n, c in files.items() if n != bundle.MANIFEST} == FILES
    assert bundle.check(path, files) == []


@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        ("a.csv", b"9\n", "a.csv was changed"),
        ("a.csv", None, "a.csv is missing"),
        ("c.csv", b"3\n", "c.csv was added"),
    ],
)
def test_every_change_is_told(
    tmp_path: Path, name: str, content: bytes | None, told: str
) -> None:
    """A changed, a lost and a smuggled file are each named."""
    path = tmp_path / "review.zip"
    path.write_bytes(bundle.pack(FILES, schema="r4"))
    files = bundle.unpack(path)
    if content is None:
        del files[name]
    else:
        files[name] = content
    assert bundle.check(path, files) == [told]


def test_a_file_changed_with_its_hash_is_told(tmp_path: Path) -> None:
    """The hash of the whole gives away a manifest that was mended by hand."""
    path = tmp_path / "review.zip"
    path.write_bytes(bundle.pack(FILES, schema="r4"))
    files = bundle.unpack(path)
    manifest = json.loads(files[bundle.MANIFEST])
    manifest["files"]["a.csv"] = hashlib.sha256(b"9\n").hexdigest()
    files["a.csv"] = b"9\n"
    files[bundle.MANIFEST] = json.dumps(manifest).encode()
    assert bundle.check(path, files) == ["the manifest itself was changed"]


@given(st.dictionaries(NAMES, st.binary(max_size=20), max_size=5))
def test_a_fresh_export_of_the_same_data_differs_in_nothing(
    files: dict[str, bytes],
) -> None:
    """Compared with themselves, no files differ; with one changed, that one does."""
    assert bundle.differences(files, files) == []
    for name, content in files.items():
        changed = {**files, name: content + b"x"}
        assert bundle.differences(files, changed) == [f"{name} differs now"]


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "no readable ZIP"),
        (b"PK\x03\x04 and then nothing", "no readable ZIP"),
        (None, "cannot be read"),
    ],
)
def test_what_is_no_zip_is_refused(
    tmp_path: Path, content: bytes | None, told: str
) -> None:
    """An empty, a broken and a missing file are each one message."""
    path = tmp_path / "review.zip"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputFileError, match=told):
        bundle.unpack(path)


@pytest.mark.parametrize(
    ("files", "told"),
    [
        ({"a.csv": b"1"}, "no manifest.json"),
        ({bundle.MANIFEST: b"[1]"}, "cannot be read"),
        ({bundle.MANIFEST: b"{"}, "cannot be read"),
        ({bundle.MANIFEST: b'{"files": {}}'}, "cannot be read"),
    ],
)
def test_a_zip_of_others_is_refused(
    tmp_path: Path, files: dict[str, bytes], told: str
) -> None:
    """A ZIP file that litreview did not write is no bundle."""
    path = write(tmp_path / "other.zip", files)
    with pytest.raises(InputFileError, match=told):
        bundle.check(path, bundle.unpack(path))


def test_a_review_is_bundled_and_verified_on_the_command_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit status 0 as written, 5 once a byte differs, and --live sees new data."""
    assert cli.run(["--as", "lead", "init", str(tmp_path)]) == 0
    space = ["-w", str(tmp_path), "--as", "lead"]
    path = tmp_path / "review.zip"
    assert cli.run([*space, "export", "bundle", "--to", str(path)]) == 0
    first = path.read_bytes()
    assert cli.run([*space, "export", "bundle", "--to", str(path)]) == 0
    assert path.read_bytes() == first
    assert cli.run([*space, "verify", str(path), "--live"]) == 0
    words = ["add", "A found report", "--organisation", "O", "--year", "2020"]
    words += ["--url", "https://example.org/a", "--accessed", "2026-01-02"]
    assert cli.run([*space, *words, "--found", "website"]) == 0
    assert cli.run([*space, "verify", str(path)]) == 0
    capsys.readouterr()
    assert cli.run([*space, "verify", str(path), "--live", "--json"]) == 5
    told = json.loads(capsys.readouterr().out)["differences"]
    assert "records.csv differs now" in told
    files = {**bundle.unpack(path), "records.csv": b"mine\n"}
    write(path, files)
    assert cli.run([*space, "verify", str(path)]) == 5
    assert "records.csv was changed" in capsys.readouterr().err
