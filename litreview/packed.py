"""Packed files (DOCX, XLSX) that are the same bytes for the same content.

A ZIP file tells when each part was written, and compressors differ from one machine
to the next: parts keep their order, get one fixed time, and are not compressed.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from datetime import datetime

# The earliest moment that a ZIP file knows.
DAWN = datetime(1980, 1, 1)  # noqa: DTZ001 - the format has no time zone
PLAIN_FILE = 0o600 << 16
UNIX = 3


def steady(content: bytes) -> bytes:
    """Return a ZIP file with its parts in their order, uncompressed, at one time."""
    with zipfile.ZipFile(io.BytesIO(content)) as old:
        return stored({name: old.read(name) for name in old.namelist()})


def stored(files: Mapping[str, bytes]) -> bytes:
    """Return a ZIP file of these files in their order, uncompressed, at one time."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_STORED) as new:
        for name, content in files.items():
            part = zipfile.ZipInfo(name, DAWN.timetuple()[:6])
            part.create_system, part.external_attr = UNIX, PLAIN_FILE
            new.writestr(part, content)
    return made.getvalue()
