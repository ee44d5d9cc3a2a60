"""Who asks the services: an API key and a mail address, kept out of the workspace.

They come from the environment, else from a file outside every workspace, so that no
version control, export or bundle can carry them: the file named by
LITREVIEW_CREDENTIALS, else `litreview/credentials` in the configuration folder
(XDG_CONFIG_HOME, or .config in the home folder). It has lines NAME=value, and
comments after #. No message here quotes what stands behind a name.
"""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from litreview import yamlfile
from litreview.errors import InputFileError, UsageError
from litreview.workspace import MARKER

log = logging.getLogger(__name__)

FILE = "LITREVIEW_CREDENTIALS"
# What each name must look like, and words for it.
_FORMS = {
    "OPENALEX_API_KEY": (r"[!-~]+", "a key has no blanks and no accented letters"),
    "LITREVIEW_MAILTO": (
        r"[^\s()<>,;:@]+@[^\s()<>,;:@]+",
        "it is one plain address, name@host",
    ),
}
NAMES = tuple(_FORMS)
_OTHERS = 0o077  # permissions of the group and of everybody
_warned: set[Path] = set()


def read(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the names that are set and their values; the environment wins.

    Raises InputFileError for a file that cannot be read or has an unknown name,
    UsageError for one inside a workspace and for a value that no service takes.
    """
    found = _from_file(environ)
    found |= {name: environ[name] for name in NAMES if environ.get(name, "").strip()}
    values = {name: value.strip() for name, value in found.items() if value.strip()}
    for name, value in values.items():
        form, words = _FORMS[name]
        if not value.isascii() or not re.fullmatch(form, value):
            raise UsageError(f"{name} cannot be used as it is set.", why=f"{words}.")
    return values


def file_of(environ: Mapping[str, str]) -> Path | None:
    """Return where the file would be; None where the system has no home folder."""
    if environ.get(FILE, "").strip():
        return Path(environ[FILE].strip()).expanduser()
    for name, below in (
        ("XDG_CONFIG_HOME", ""),
        ("APPDATA", ""),
        ("HOME", ".config"),
    ):
        if environ.get(name):
            return Path(environ[name], below, "litreview", "credentials")
    return None


def _from_file(environ: Mapping[str, str]) -> dict[str, str]:
    path = file_of(environ)
    if path is None:
        return {}
    named = bool(environ.get(FILE, "").strip())
    if not path.exists() and not named:
        return {}
    _refuse_workspace(path)
    try:
        text = path.read_text("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        # The words of a decoding error would quote the file.
        why = error.strerror or "" if isinstance(error, OSError) else "it is not UTF-8"
        raise InputFileError(
            path, None, "the credentials cannot be read", why=why, fix=f"mend {FILE}"
        ) from None
    _warn_of_readers(path)
    return dict(_pairs(path, text))


def _refuse_workspace(path: Path) -> None:
    """Refuse a file that lies in a workspace, also behind a link."""
    for place in (Path(os.path.abspath(path)), path.resolve()):  # noqa: PTH100 -- links stay
        for folder in place.parents:
            if (folder / MARKER).is_file():
                raise UsageError(
                    f"The credentials must not lie in a workspace: {path}",
                    why=f"{folder} is shared, and whoever gets it would get the key.",
                    fix="move the file to litreview/credentials in your configuration "
                    f"folder, or elsewhere and name it in {FILE}.",
                )


def _warn_of_readers(path: Path) -> None:
    """Say once that others can read the file."""
    if os.name != "posix" or not path.is_file() or path in _warned:
        return
    if path.stat().st_mode & _OTHERS:
        _warned.add(path)
        log.warning(
            "other users of this computer can read %s; run: chmod 600 %s", path, path
        )


def _pairs(path: Path, text: str) -> Iterator[tuple[str, str]]:
    met = set()
    for number, line in enumerate(text.splitlines(), start=1):
        name, equals, value = (part.strip() for part in line.partition("="))
        if not name or name.startswith("#"):
            if equals and not name:
                raise InputFileError(path, number, "there is no name before the =")
            continue
        if not equals:
            raise InputFileError(
                path, number, "this is no NAME=value", fix=f"names are {_known()}"
            )
        if name not in NAMES:
            # Something with digits may be a part of a key and is not repeated.
            shown = f" {name!r}" if re.fullmatch("[A-Za-z_-]+", name) else ""
            raise InputFileError(
                path,
                number,
                f"the name{shown} is not known",
                why=yamlfile.suggestion(name.upper(), NAMES) if shown else "",
                fix=f"names are {_known()}",
            )
        if name in met:
            raise InputFileError(path, number, f"{name} stands here a second time")
        met.add(name)
        yield name, _unquoted(value)


def _known() -> str:
    return " and ".join(NAMES)


def _unquoted(value: str) -> str:
    """Return a value without the quotes that shells need."""
    for quote in "\"'":
        if len(value) > 1 and value[0] == value[-1] == quote:
            return value[1:-1]
    return value
