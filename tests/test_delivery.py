"""Exports as files: the manifest, and where files may go."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import pytest

import litreview
from litreview import delivery
from litreview.errors import LitreviewError


def test_manifest_has_hash_time_and_versions(tmp_path: Path) -> None:
    """Each file's entry can be checked; other files' entries stay, lost ones go."""
    delivery.write_files(tmp_path, {"a.csv": b"1\n", "b.csv": b"2\n"}, schema="r1")
    (tmp_path / "b.csv").unlink()
    delivery.write_files(tmp_path, {"c.csv": b"3\n"}, schema="r2")
    files = json.loads((tmp_path / "manifest.json").read_text())["files"]
    assert list(files) == ["a.csv", "c.csv"]
    entry = files["c.csv"]
    assert entry.pop("written_at").endswith("+00:00")
    assert entry == {
        "sha256": hashlib.sha256(b"3\n").hexdigest(),
        "bytes": 2,
        "litreview": litreview.__version__,
        "schema": "r2",
    }


@pytest.mark.parametrize("text", ["", "[]", '{"files": []}', "{broken", "\udcff"])
def test_a_broken_manifest_is_made_anew(tmp_path: Path, text: str) -> None:
    """What somebody did to the manifest stops no export."""
    path = tmp_path / "manifest.json"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    delivery.write_files(tmp_path, {"a.csv": b"1\n"}, schema="r1")
    assert list(json.loads(path.read_text())["files"]) == ["a.csv"]


def test_an_export_never_writes_through_a_link(tmp_path: Path) -> None:
    """A link is refused, and what it points at is left alone."""
    target = tmp_path / "precious.txt"
    target.write_text("mine")
    link = tmp_path / "out.csv"
    link.symlink_to(target)
    with pytest.raises(LitreviewError, match="link"):
        delivery.write_file(link, b"theirs")
    assert target.read_text() == "mine"
    assert link.is_symlink()


def test_an_export_refuses_what_is_no_file(tmp_path: Path) -> None:
    """A folder or a pipe is refused; nothing is left behind."""
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    for name in ("pipe", "folder"):
        with pytest.raises(LitreviewError, match=name):
            delivery.write_file(tmp_path / name, b"x")
    blocked = tmp_path / "plain"
    blocked.write_text("a file")
    for path in (blocked / "below.csv", tmp_path / ("x" * 300)):
        with pytest.raises(LitreviewError, match="cannot be written"):
            delivery.write_file(path, b"x")
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "folder",
        "pipe",
        "plain",
    ]
