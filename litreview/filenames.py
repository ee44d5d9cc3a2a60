"""What the name of a collected file says of the report that it is.

People and reference managers name files after the DOI, whose slash no file system
takes: ``10.1234_abc.pdf``, ``10.1234%2Fabc.pdf``; or after the record: ``12.pdf``,
``r12.pdf``. A DOI in a name is compared with known DOIs by its letters and digits
alone, since nobody can tell which sign an underscore stood for; so two known DOIs
may look the same, and the caller refuses to choose.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote

# What a download adds to a name that is there already: "(1)", " - copy", "_copy".
_AGAIN = re.compile(r"([ _-]*\(\d{1,3}\)|[ _-]+copy)+$", re.IGNORECASE)
_RECORD = re.compile(r"(?:r|rec|record)?[ _-]?(\d{1,9})", re.IGNORECASE)
# A registrant and something after it; a letter or digit before is another number.
_DOI = re.compile(r"(?<![0-9A-Za-z.])(10\.\d{4,9}(?:\.\d+)*[/_:%+ -].*)")
_OTHER = re.compile(r"[^0-9a-z]+")


@dataclass(frozen=True)
class Named:
    """What a name tells: a record id, or a DOI's key, or neither."""

    record_id: int | None = None
    doi_key: str = ""


def doi_key(doi: str) -> str:
    """Return what is left of a DOI in a file name: letters and digits, parted by _."""
    return _OTHER.sub("_", doi.casefold()).strip("_")


def read_name(stem: str) -> Named:
    """Return what a file's name without its ending says."""
    plain = _AGAIN.sub("", unquote(stem).strip())
    record = _RECORD.fullmatch(plain)
    if record:
        return Named(record_id=int(record[1]))
    found = _DOI.search(plain)
    return Named(doi_key=doi_key(found[1])) if found else Named()
