"""The folder that holds a review: finding it, reading its files, its database.

A workspace is the folder with ``screening/review.yaml``; commands find it by
walking up from where they are run, as git does. Its four folders mirror the
modules: ``queries/``, ``screening/``, ``db/`` and ``exports/``.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from dataclasses import dataclass
from pathlib import Path

from litreview import yamlfile
from litreview.errors import InputFileError, WorkspaceError
from litreview.vocabulary import MaterialKind
from litreview.yamlfile import Node

MARKER = Path("screening") / "review.yaml"
FOLDERS = ("queries", "queries/imports", "screening", "screening/codebooks", "db")
DATABASE = Path("db") / "review.sqlite"
# The files of ``screening/`` of which a review has at most one each.
MATERIALS = [str(kind) for kind in MaterialKind if kind != MaterialKind.FORM]


@dataclass(frozen=True)
class Workspace:
    """One review's folder."""

    root: Path

    @property
    def queries(self) -> Path:
        """Return the folder of saved search strategies."""
        return self.root / "queries"

    @property
    def screening(self) -> Path:
        """Return the folder of the protocol and the codebooks."""
        return self.root / "screening"

    @property
    def exports(self) -> Path:
        """Return the folder that exports are written to."""
        return self.root / "exports"

    @property
    def database_url(self) -> str:
        """Return the address of the embedded database."""
        return f"sqlite:///{self.root / DATABASE}"

    def strategies(self) -> dict[str, Path]:
        """Return name -> file of the saved search strategies, by name."""
        return {path.stem: path for path in sorted(self.queries.glob("*.yaml"))}

    def codebooks(self) -> dict[str, Path]:
        """Return name -> file of the codebooks, by name."""
        folder = self.screening / "codebooks"
        return {path.stem: path for path in sorted(folder.glob("*.yaml"))}

    def materials(self) -> dict[str, Path]:
        """Return path below ``screening/`` -> file of forms, scales and their like."""
        named = [self.screening / f"{name}.yaml" for name in MATERIALS]
        forms = sorted((self.screening / "forms").glob("*.yaml"))
        found = [path for path in named if path.is_file()] + forms
        return {path.relative_to(self.screening).as_posix(): path for path in found}


def find(start: Path) -> Workspace:
    """Return the workspace that holds `start`, looking upwards.

    Raises `WorkspaceError` where there is none.
    """
    here = start.resolve()
    for folder in (here, *here.parents):
        if (folder / MARKER).is_file():
            return Workspace(folder)
    raise WorkspaceError(
        f"{start} is not inside a review's workspace",
        why=f"no folder from here upwards has {MARKER}",
        fix="go there, give -w DIR, or make one with `litreview init DIR`",
    )


def at(folder: Path) -> Workspace:
    """Return the workspace whose root is exactly this folder."""
    if (folder / MARKER).is_file():
        return Workspace(folder.resolve())
    raise WorkspaceError(
        f"{folder} is not a review's workspace",
        why=f"it has no {MARKER}",
        fix=f"make one with `litreview init {folder}`",
    )


def read_text(path: Path, shown: Path | None = None) -> str:
    """Return a file's text, or refuse one that is missing or not UTF-8.

    `shown` is how a refusal names the file, if not by the path that is read.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise InputFileError(
            shown or path,
            None,
            f"cannot be read: {error.strerror or error}",
            fix="check the name and its rights",
        ) from error
    except UnicodeDecodeError as error:
        raise InputFileError(
            shown or path, None, "is not UTF-8 text", fix="save it as UTF-8"
        ) from error
    # git gives the same file other line ends on Windows; it is no new version.
    return text.replace("\r\n", "\n")


def read_yaml(path: Path) -> Node:
    """Return a YAML file as values that know their lines."""
    return yamlfile.parse(read_text(path), path)


def sha256(text: str) -> str:
    """Return the hash by which a text's versions are told apart."""
    return hashlib.sha256(text.encode()).hexdigest()


def write_whole(path: Path, content: bytes) -> None:
    """Write a file so that it is there completely or not at all.

    Raises `WorkspaceError` where the system does not let us.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        _replace(path, content)
    except OSError as error:
        raise WorkspaceError(
            f"{path} cannot be written",
            why=error.strerror or str(error),
            fix="name a place that you may write to, or free some space",
        ) from error


def _replace(path: Path, content: bytes) -> None:
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.chmod(0o644)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
