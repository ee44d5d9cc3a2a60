"""The promises of finding a workspace and of reading and writing its files."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from litreview import workspace
from litreview.errors import InputFileError, WorkspaceError


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return the root of a workspace with some folders in it."""
    (tmp_path / "review" / "screening" / "codebooks").mkdir(parents=True)
    (tmp_path / "review" / "queries" / "imports").mkdir(parents=True)
    (tmp_path / "review" / workspace.MARKER).write_text("title: x\n")
    return tmp_path / "review"


def test_a_workspace_is_found_from_anywhere_inside_it(root: Path) -> None:
    """As git finds its own: from the root and from every folder below."""
    for start in (root, root / "queries", root / "queries" / "imports"):
        assert workspace.find(start) == workspace.Workspace(root.resolve())


def test_the_nearest_workspace_wins(root: Path) -> None:
    """A review inside another review's folder is its own."""
    inner = root / "demo"
    (inner / "screening").mkdir(parents=True)
    (inner / workspace.MARKER).write_text("title: y\n")
    assert workspace.find(inner / "screening").root == inner.resolve()


def test_a_folder_called_like_the_marker_is_none(tmp_path: Path) -> None:
    """The marker is a file."""
    (tmp_path / workspace.MARKER).mkdir(parents=True)
    with pytest.raises(WorkspaceError):
        workspace.find(tmp_path)


def test_outside_a_workspace_the_way_in_is_told(tmp_path: Path) -> None:
    """The message names the folder and three ways on."""
    with pytest.raises(WorkspaceError) as told:
        workspace.find(tmp_path)
    assert str(tmp_path) in told.value.what
    assert "-w DIR" in told.value.fix
    assert "litreview init" in told.value.fix


def test_a_given_folder_must_be_the_root(root: Path) -> None:
    """-w does not look upwards: it would hide a mistake."""
    assert workspace.at(root).root == root.resolve()
    with pytest.raises(WorkspaceError, match="is not a review's workspace"):
        workspace.at(root / "queries")


def test_the_parts_of_a_workspace(root: Path) -> None:
    """Strategies and codebooks are named by their files, in order of name."""
    for name in ("b", "a"):
        (root / "queries" / f"{name}.yaml").write_text("title: x\n")
        (root / "screening" / "codebooks" / f"{name}.yaml").write_text("title: x\n")
    (root / "queries" / "notes.txt").write_text("not one\n")
    (root / "queries" / "imports" / "c.yaml").write_text("not one either\n")
    space = workspace.at(root)
    assert list(space.strategies()) == list(space.codebooks()) == ["a", "b"]
    assert space.strategies()["a"] == root / "queries" / "a.yaml"
    assert space.exports == root / "exports"
    assert space.database_url == f"sqlite:///{root}/db/review.sqlite"


@pytest.mark.parametrize(
    ("content", "text"),
    [
        ("title: café\n".encode(), "title: café\n"),
        (b"\xef\xbb\xbftitle: x\n", "title: x\n"),
        (b"title: x\r\nquestion: y\r\n", "title: x\nquestion: y\n"),
        (b"", ""),
    ],
)
def test_the_same_text_has_the_same_hash_on_every_system(
    content: bytes, text: str, tmp_path: Path
) -> None:
    """A byte order mark and Windows line ends make no new version."""
    file = tmp_path / "review.yaml"
    file.write_bytes(content)
    assert workspace.read_text(file) == text


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    """Missing, a folder, or not UTF-8: the file and the reason."""
    latin = tmp_path / "latin.yaml"
    latin.write_bytes("title: café\n".encode("latin-1"))
    for path, reason in (
        (tmp_path / "absent.yaml", "No such file"),
        (tmp_path, "directory"),
        (latin, "not UTF-8"),
    ):
        with pytest.raises(InputFileError, match=reason) as told:
            workspace.read_text(path)
        assert str(path) in told.value.what


def test_yaml_mistakes_have_their_line(tmp_path: Path) -> None:
    """The place is file:line."""
    file = tmp_path / "review.yaml"
    file.write_text("title: x\nstages: [1,\n")
    with pytest.raises(InputFileError, match=r"review\.yaml:[23]: "):
        workspace.read_yaml(file)
    file.write_text("title: x\n")
    assert workspace.read_yaml(file)["title"].text() == "x"


def test_a_file_is_written_whole_and_readable_by_others(tmp_path: Path) -> None:
    """Folders are made, the content replaced, nothing else left."""
    file = tmp_path / "exports" / "deep" / "prisma.json"
    workspace.write_whole(file, b"old")
    workspace.write_whole(file, b"new")
    assert file.read_bytes() == b"new"
    assert [path.name for path in file.parent.iterdir()] == ["prisma.json"]
    if os.name == "posix":
        assert file.stat().st_mode & 0o777 == 0o644


def test_a_crash_while_writing_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whenever it comes: the old content, and no litter."""
    file = tmp_path / "prisma.json"
    workspace.write_whole(file, b"old")

    def fail(*_arguments: object) -> None:
        raise KeyboardInterrupt

    for owner, name in ((os, "fsync"), (Path, "replace"), (Path, "chmod")):
        with monkeypatch.context() as broken:
            broken.setattr(owner, name, fail)
            with pytest.raises(KeyboardInterrupt):
                workspace.write_whole(file, b"new")
        assert file.read_bytes() == b"old"
        assert list(tmp_path.iterdir()) == [file]


def test_a_place_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    """A file where a folder should be, or a folder where the file should be."""
    (tmp_path / "file").write_text("x")
    (tmp_path / "folder" / "more").mkdir(parents=True)
    for path in (tmp_path / "file" / "prisma.json", tmp_path / "folder"):
        with pytest.raises(WorkspaceError, match="cannot be written") as told:
            workspace.write_whole(path, b"x")
        assert told.value.why
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder"]
