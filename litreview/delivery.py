"""Exports as files: whole or not at all, with a manifest beside them.

What changes from one export to the next (moments, versions, hashes) stands in
``exports/manifest.json``, so that the files themselves are the same bytes for the same
data. An export never writes through a link or over a folder.
"""

from __future__ import annotations

import json
import stat
from collections.abc import Mapping
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import litreview
from litreview.errors import LitreviewError
from litreview.rendering import json_bytes
from litreview.workspace import write_whole

MANIFEST = "manifest.json"


def write_files(folder: Path, files: Mapping[str, bytes], *, schema: str) -> list[Path]:
    """Write files and their entries in the manifest; return the paths.

    Entries of files that are gone leave the manifest; those of others stay.
    """
    written = []
    for name, content in files.items():
        write_file(folder / name, content)
        written.append(folder / name)
    moment = datetime.now(UTC).isoformat(timespec="seconds")
    entries = {
        name: entry
        for name, entry in _manifest(folder / MANIFEST).items()
        if (folder / name).is_file()
    }
    for name, content in files.items():
        entries[name] = {
            "sha256": sha256(content).hexdigest(),
            "bytes": len(content),
            "written_at": moment,
            "litreview": litreview.__version__,
            "schema": schema,
        }
    whole = {"files": {name: entries[name] for name in sorted(entries)}}
    write_file(folder / MANIFEST, json_bytes(whole))
    return written


def _manifest(path: Path) -> dict[str, object]:
    """Return the entries of an earlier manifest; none from one that is unreadable."""
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return {}
    files = found.get("files") if isinstance(found, dict) else None
    return files if isinstance(files, dict) else {}


def write_file(path: Path, content: bytes) -> None:
    """Write one file whole; refuse a folder, a link, and what is no plain file."""
    try:
        mode = path.lstat().st_mode
    except OSError:  # not there yet, or out of reach, which writing tells in words
        write_whole(path, content)
        return
    if stat.S_ISLNK(mode):
        raise LitreviewError(
            f"{path} is a link, and an export does not write through links",
            fix="name the file itself, or remove the link",
        )
    if not stat.S_ISREG(mode):
        what = "a folder" if stat.S_ISDIR(mode) else "no plain file"
        raise LitreviewError(f"{path} is {what}", fix="name a file, or - for stdout")
    write_whole(path, content)
