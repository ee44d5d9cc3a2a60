"""The whole review as one file that anybody can check.

A bundle is a ZIP file of exports with ``manifest.json``: the SHA-256 of each file, and
one of the whole. The same data give the same bytes. `check` says what is missing,
added or changed since it was made; `differences` compares it with a fresh export.
"""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Mapping
from hashlib import sha256
from pathlib import Path

import litreview
from litreview.errors import InputFileError
from litreview.packed import stored

MANIFEST = "manifest.json"
LARGEST = 2_000_000_000  # bytes unpacked: more is a mistake or an attack


def pack(files: Mapping[str, bytes], *, schema: str) -> bytes:
    """Return the bundle of these files, by name."""
    hashes = {name: sha256(files[name]).hexdigest() for name in sorted(files)}
    manifest = {
        "litreview": litreview.__version__,
        "schema": schema,
        "sha256": whole(hashes),
        "files": hashes,
    }
    text = json.dumps(manifest, ensure_ascii=False, indent=2) + "\n"
    return stored({MANIFEST: text.encode(), **dict(sorted(files.items()))})


def whole(hashes: Mapping[str, str]) -> str:
    """Return the hash of all files together: of the lines "hash  name", sorted."""
    lines = [f"{hashes[name]}  {name}\n" for name in sorted(hashes)]
    return sha256("".join(lines).encode()).hexdigest()


def unpack(path: Path) -> dict[str, bytes]:
    """Return name -> content of a bundle's files, the manifest too.

    Raises `InputFileError` for what is no bundle.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(path.read_bytes())) as archive:
            if sum(entry.file_size for entry in archive.infolist()) > LARGEST:
                raise InputFileError(path, None, "the bundle is too large to be ours")
            files = {name: archive.read(name) for name in archive.namelist()}
    except OSError as error:
        why = error.strerror or str(error)
        raise InputFileError(path, None, f"cannot be read: {why}") from error
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError) as error:
        raise InputFileError(path, None, "is no readable ZIP file") from error
    if MANIFEST not in files:
        raise InputFileError(
            path,
            None,
            f"is no bundle of litreview: it has no {MANIFEST}",
            fix="name a file that `litreview export bundle` wrote",
        )
    return files


def check(path: Path, files: Mapping[str, bytes]) -> list[str]:
    """Return in words what differs from the manifest; nothing if all is well."""
    said, listed = _manifest(path, files)
    present = {name: content for name, content in files.items() if name != MANIFEST}
    told = [f"{name} is missing" for name in sorted(listed.keys() - present.keys())]
    told += [f"{name} was added" for name in sorted(present.keys() - listed.keys())]
    told += [
        f"{name} was changed"
        for name in sorted(listed.keys() & present.keys())
        if sha256(present[name]).hexdigest() != listed[name]
    ]
    if said != whole(listed):
        told.append("the manifest itself was changed")
    return told


def _manifest(path: Path, files: Mapping[str, bytes]) -> tuple[str, dict[str, str]]:
    """Return the hash of the whole, and name -> hash, as the manifest tells them."""
    try:
        found = json.loads(files[MANIFEST])
        return str(found["sha256"]), {str(k): str(v) for k, v in found["files"].items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputFileError(path, None, f"its {MANIFEST} cannot be read") from error


def differences(files: Mapping[str, bytes], fresh: Mapping[str, bytes]) -> list[str]:
    """Return in words how a fresh export differs from a bundle's files."""
    old = {name: content for name, content in files.items() if name != MANIFEST}
    told = [f"{name} is no longer exported" for name in sorted(old.keys() - fresh)]
    told += [f"{name} is new" for name in sorted(fresh.keys() - old.keys())]
    both = sorted(old.keys() & fresh.keys())
    return told + [f"{name} differs now" for name in both if old[name] != fresh[name]]
