"""Packed files (DOCX, XLSX) that are the same bytes for the same content.

A ZIP file tells when each part was written, and compressors differ from one machine
to the next: parts keep their order, get one fixed time, and are not compressed.
"""

from __future__ import annotations

import io
import zipfile
from datetime import datetime

# The earliest moment that a ZIP file knows.
DAWN = datetime(1980, 1, 1)  # noqa: DTZ001 - the format has no time zone
PLAIN_FILE = 0o600 << 16
UNIX = 3


def steady(content: bytes) -> bytes:
    """Return a ZIP file with its parts in their order, uncompressed, at one time."""
    made = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(content)) as old,
        zipfile.ZipFile(made, "w", zipfile.ZIP_STORED) as new,
    ):
        for name in old.namelist():
            part = zipfile.ZipInfo(name, DAWN.timetuple()[:6])
            part.create_system, part.external_attr = UNIX, PLAIN_FILE
            new.writestr(part, old.read(name))
    return made.getvalue()
