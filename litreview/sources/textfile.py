"""A file as a stream of text, whatever program wrote it.

A file is read once from end to end before anybody reads its entries: that tells its
hash, its encoding, and that no byte of it is nonsense. Known are UTF-8, UTF-16 and,
for what is neither, Windows-1252, of which the caller is to tell: its names may be
garbled. A file that is partly UTF-8 is damaged and refused. Names ending in .gz are
unpacked on the way, with a limit. All of it in blocks, so size is no matter.
"""

from __future__ import annotations

import codecs
import gzip
import hashlib
import io
import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, TextIO

from litreview.errors import InputFileError

UTF_8 = "utf-8"
WINDOWS = "cp1252"
# What people call the encodings that we name as Python does.
NAMES = {
    UTF_8: "UTF-8",
    "utf-8-sig": "UTF-8",
    "utf-16": "UTF-16",
    "utf-16-le": "UTF-16",
    "utf-16-be": "UTF-16",
    WINDOWS: "Windows-1252",
}
HEAD = 4_000  # characters from which a format is recognised
_BLOCK = 2**20  # bytes in memory at a time
_GZIP = b"\x1f\x8b"
# A packed file of a few kilobytes can unpack to fill a disk. Lists of records shrink
# to a third or a tenth; a hundredth, beyond what is harmless anyway, is an attack.
MOST_UNPACKED = 2**31  # bytes
HARMLESS = 2**26  # bytes
MOST_PACKED = 100  # times
# Bytes above ASCII as UTF-8 writes them; in Windows-1252 such a row makes no word.
_UTF_8 = re.compile(b"[\xc2-\xdf][\x80-\xbf]|[\xe0-\xef][\x80-\xbf]{2}")
_HIGH = re.compile(b"[\x80-\xff]")
# NULs in every other byte make a file UTF-16: more than this share, and than so few
# as a damaged file may have.
_WIDE, _FEW = 0.3, 3


@dataclass(frozen=True)
class Text:
    """What reading a file once told: its hash as it lies there, encoding, beginning."""

    path: Path
    sha256: str
    encoding: str
    head: str = field(repr=False)

    @property
    def told(self) -> str:
        """Return the encoding's usual name."""
        return NAMES[self.encoding]


def examine(path: Path) -> Text:
    """Read a file from end to end; say what it is.

    Raises InputFileError for what cannot be read or is no text, with its line.
    """
    sha256 = digest(path)
    with unpacked(path) as raw:
        start = raw.read(HEAD)
    if not start.strip():
        raise InputFileError(path, None, "is empty.", fix="export the records again.")
    encoding = _by_start(start)
    wrong = _check(path, encoding)
    if wrong is not None and encoding == UTF_8:
        _refuse_mixture(path, wrong)
        encoding = WINDOWS
        wrong = _check(path, encoding)
    if wrong is not None:
        raise _undecodable(path, encoding, wrong)
    with opened(path, encoding) as stream:
        return Text(path, sha256, encoding, stream.read(HEAD))


def digest(path: Path) -> str:
    """Return the SHA-256 of a file as it lies there, packed or not."""
    with _told(path), path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@contextmanager
def opened(
    path: Path, encoding: str = "", *, newline: str | None = None
) -> Iterator[TextIO]:
    """Give a file as decoded text without a byte order mark.

    `encoding` is what `examine` found, which is asked where it is empty. All line
    ends become line feeds, unless `newline` is "", which keeps them as they are.
    """
    encoding = encoding or examine(path).encoding
    with (
        unpacked(path) as raw,
        io.TextIOWrapper(raw, encoding, newline=newline) as stream,
    ):
        yield stream


@contextmanager
def unpacked(path: Path) -> Iterator[BinaryIO]:
    """Give a file's bytes, unpacked where it is a gzip archive."""
    with _told(path), path.open("rb") as file:
        packed = path.suffix.lower() == ".gz" or file.peek(2)[:2] == _GZIP
        if not packed:
            yield file
            return
        with gzip.GzipFile(fileobj=file) as archive:
            limit = max(HARMLESS, path.stat().st_size * MOST_PACKED)
            raw = _Limited(path, archive, min(limit, MOST_UNPACKED))
            yield io.BufferedReader(raw, _BLOCK)


@contextmanager
def _told(path: Path) -> Iterator[None]:
    """Say in words why a file cannot be read."""
    try:
        yield
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise InputFileError(
            path, None, f"cannot be unpacked: {error}.", fix="copy the file again."
        ) from error
    except OSError as error:
        why = error.strerror or str(error)
        raise InputFileError(
            path, None, f"cannot be read: {why}.", fix="check the name and its rights."
        ) from error


class _Limited(io.RawIOBase):
    """An archive's content that refuses to grow without end."""

    def __init__(self, path: Path, archive: gzip.GzipFile, limit: int) -> None:
        super().__init__()
        self._path, self._archive, self._left = path, archive, limit

    def readable(self) -> bool:
        """Tell that this can be read."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Fill the buffer with what comes next."""
        data = self._archive.read(len(buffer))
        self._left -= len(data)
        if self._left < 0:
            raise InputFileError(
                self._path,
                None,
                "unpacks to far more than a list of records would.",
                fix="unpack it and look at it; import the unpacked file.",
            )
        buffer[: len(data)] = data
        return len(data)


def _by_start(start: bytes) -> str:
    """Tell the encoding from a byte order mark, or from where the NULs stand."""
    if start.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    first, second = start[0::2], start[1::2]
    enough = max(_FEW, len(second) * _WIDE)
    if not first.count(0) and second.count(0) > enough:
        return "utf-16-le"
    if not second.count(0) and first.count(0) > enough:
        return "utf-16-be"
    return UTF_8


def _blocks(path: Path) -> Iterator[bytes]:
    with unpacked(path) as raw:
        while block := raw.read(_BLOCK):
            yield block
    yield b""  # the end, which may come in the middle of a character


def _check(path: Path, encoding: str) -> int | None:
    """Return the position of the first byte that is not of this encoding, if any.

    Raises InputFileError at a NUL: no text has one.
    """
    decoder = codecs.getincrementaldecoder(encoding)()
    done = characters = 0
    for block in _blocks(path):
        try:
            text = decoder.decode(block, final=not block)
        except UnicodeDecodeError as error:
            return done + len(block) - len(error.object) + error.start
        found = text.find("\0")
        if found >= 0:
            raise InputFileError(
                path,
                _line(path, encoding, characters + found),
                "has a NUL byte, so it is no text.",
                fix="export the records again as text.",
            )
        done += len(block)
        characters += len(text)
    return None


def _line(path: Path, encoding: str, characters: int) -> int:
    """Return the line, from 1, that a number of characters into the file is on."""
    decoder = codecs.getincrementaldecoder(encoding)(errors="replace")
    line, last = 1, ""
    for block in _blocks(path):
        text = decoder.decode(block, final=not block)[:characters]
        line += text.count("\n") + text.count("\r") - text.count("\r\n")
        line -= last == "\r" and text.startswith("\n")
        characters -= len(text)
        last = text[-1:] or last
        if characters <= 0:
            break
    return line


def _refuse_mixture(path: Path, wrong: int) -> None:
    """Raise InputFileError where what is not ASCII is mostly UTF-8 after all."""
    good = high = 0
    for block in _blocks(path):
        rows = _UTF_8.findall(block)
        good += len(rows)
        high += len(_HIGH.findall(block)) - sum(map(len, rows))
    if good >= max(high, 1):
        raise _undecodable(path, UTF_8, wrong)


def _undecodable(path: Path, encoding: str, position: int) -> InputFileError:
    """Return the error for a byte that is not of the file's encoding."""
    with unpacked(path) as raw:
        raw.read(position)
        shown = raw.read(1).hex()
    wide = encoding.startswith("utf-16")
    # Each byte is a character of Latin-1, so its position is that of the byte.
    line = _line(path, *((encoding, position // 2) if wide else ("latin-1", position)))
    return InputFileError(
        path,
        line,
        f"is not {NAMES[encoding]} throughout: byte 0x{shown}.",
        why="Reading it in another encoding would garble names in silence.",
        fix="mend or remove this character, or export the file again as UTF-8.",
    )
