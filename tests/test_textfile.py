"""Promises of litreview.sources.textfile."""

from __future__ import annotations

import gzip
import hashlib
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from litreview.errors import InputFileError
from litreview.sources import textfile
from litreview.sources.textfile import digest, examine, opened, unpacked

TEXT = "TY  - JOUR\nAU  - Müller, Zoë\nTI  - “Trust” … 信頼\n"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Return where a test may write its file."""
    return tmp_path / "records.ris"


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (TEXT.encode(), "UTF-8"),
        (TEXT.encode("utf-8-sig"), "UTF-8"),
        (TEXT.encode("utf-16"), "UTF-16"),
        (b"\xfe\xff" + TEXT.encode("utf-16-be"), "UTF-16"),
        (TEXT.encode("utf-16-le"), "UTF-16"),
        (TEXT.encode("utf-16-be"), "UTF-16"),
    ],
    ids=["utf-8", "mark", "le-mark", "be-mark", "le", "be"],
)
def test_encodings_give_the_same_text(file: Path, data: bytes, told: str) -> None:
    """UTF-8 and UTF-16, with a mark or without, are told and read alike."""
    file.write_bytes(data)
    found = examine(file)
    assert (found.told, found.head) == (told, TEXT)
    assert found.sha256 == hashlib.sha256(data).hexdigest()
    with opened(file) as stream:
        assert stream.read() == TEXT


def test_anything_else_is_windows_1252(file: Path) -> None:
    """Old exports of Western programs are read, and it can be told that they were."""
    file.write_bytes("AU  - Müller, Zoë\nTI  - “Trust”\n".encode("cp1252"))
    found = examine(file)
    assert (found.told, "Müller, Zoë\nTI  - “Trust”" in found.head) == (
        "Windows-1252",
        True,
    )


@pytest.mark.parametrize(
    ("data", "line", "words"),
    [
        (b"a\nb\nCaf\x81\n", 3, "not Windows-1252 throughout: byte 0x81"),
        ("Müller, Zoë\nJosé\n".encode() + b"Ren\xe9\n", 3, "not UTF-8 .*0xe9"),
        (b"a\r\nb\r\n" + "é".encode()[:1] + "Müller".encode(), 3, "not UTF-8"),
        (b"a\nb\n\0c", 3, "NUL byte"),
        (b"a\rb\r\n\0c", 3, "NUL byte"),
        ("a\nbü".encode("utf-16")[:-1], 2, "not UTF-16"),
        ("a\n\0".encode("utf-16"), 2, "NUL byte"),
    ],
)
def test_nonsense_is_refused_with_its_line(
    file: Path, data: bytes, line: int, words: str
) -> None:
    """Undefined bytes, two encodings in one file and NULs have a line and a fix."""
    file.write_bytes(data)
    with pytest.raises(InputFileError, match=words) as caught:
        examine(file)
    assert caught.value.line == line
    assert caught.value.fix


def test_a_fault_far_into_a_file_has_its_line(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lines are counted across blocks, also where one ends between CR and LF."""
    monkeypatch.setattr(textfile, "_BLOCK", 5)
    file.write_bytes(b"abcd\r\nefgh\r\n\r\n\xc3\xbc\n\0")
    with pytest.raises(InputFileError) as caught:
        examine(file)
    assert caught.value.line == 5


def test_a_character_across_two_blocks_is_one(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Blocks end anywhere."""
    monkeypatch.setattr(textfile, "_BLOCK", 3)
    file.write_text("ab信頼 and é", "utf-8")
    assert examine(file).told == "UTF-8"


@pytest.mark.parametrize("data", [b"", b" \r\n\t\n", gzip.compress(b"", mtime=0)])
def test_an_empty_file_is_told(file: Path, data: bytes) -> None:
    """Nothing, blanks, and an archive of nothing."""
    file.write_bytes(data)
    with pytest.raises(InputFileError, match="is empty"):
        examine(file)


def test_archives_are_unpacked_whatever_they_are_called(tmp_path: Path) -> None:
    """The hash is that of the file as it lies there."""
    packed = gzip.compress(TEXT.encode())
    for name in ("records.ris.gz", "records.ris"):
        file = tmp_path / name
        file.write_bytes(packed)
        assert examine(file).head == TEXT
        assert digest(file) == hashlib.sha256(packed).hexdigest()


@pytest.mark.parametrize(
    "data", [b"not gzip", gzip.compress(TEXT.encode() * 99)[:-9], b"\x1f\x8b\x08"]
)
def test_a_broken_archive_is_refused(tmp_path: Path, data: bytes) -> None:
    """A file that ends early is not read as a shorter one."""
    file = tmp_path / "records.ris.gz"
    file.write_bytes(data)
    with pytest.raises(InputFileError, match="cannot be unpacked"):
        examine(file)


def test_a_bomb_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A small archive does not unpack without end."""
    monkeypatch.setattr(textfile, "HARMLESS", 2**21)
    file = tmp_path / "bomb.ris.gz"
    file.write_bytes(gzip.compress(bytes(textfile.HARMLESS + 1).replace(b"\0", b"a")))
    assert file.stat().st_size < 10_000
    with pytest.raises(InputFileError, match="unpacks to far more"):
        examine(file)


def test_what_cannot_be_opened_is_told(tmp_path: Path, file: Path) -> None:
    """No file, a folder, and a file that nobody may read."""
    for path in (tmp_path / "none.ris", tmp_path):
        with pytest.raises(InputFileError, match="cannot be read"):
            examine(path)
    file.write_text(TEXT, "utf-8")
    file.chmod(0)
    try:
        file.read_bytes()
    except PermissionError:
        with pytest.raises(InputFileError, match="Permission denied"):
            examine(file)


def test_line_ends_are_kept_where_asked(file: Path) -> None:
    """Cells of a table may hold any of the three."""
    file.write_bytes(b"a\r\nb\rc\n")
    with opened(file, newline="") as stream:
        assert list(stream) == ["a\r\n", "b\r", "c\n"]
    with opened(file) as stream:
        assert list(stream) == ["a\n", "b\n", "c\n"]


@pytest.mark.parametrize("packed", [False, True])
def test_a_large_file_needs_little_memory(tmp_path: Path, *, packed: bool) -> None:
    """Twenty megabytes are checked and read in a few."""
    file = tmp_path / "large.ris"
    lines = "".join(
        f"TY  - JOUR\nTI  - Título {n * 7919 % 10007}\nAB  - {'abc ' * 300}\nER  - \n"
        for n in range(2_000)
    )
    data = lines.encode()
    data *= 20_000_000 // len(data) + 1
    file.write_bytes(gzip.compress(data, 1) if packed else data)
    tracemalloc.start()
    try:
        with opened(file) as stream:
            number = sum(line.startswith("TY") for line in stream)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert number == data.count(b"TY  -")
    assert peak < 12_000_000


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    text=st.text(
        st.characters(codec="utf-8", exclude_characters="\0\ufeff"), min_size=1
    ),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)
def test_any_text_comes_back(file: Path, text: str, encoding: str) -> None:
    """Whatever was written is read, to the letter."""
    file.write_bytes(("x" + text).encode(encoding))
    with opened(file, newline="") as stream:
        assert stream.read() == "x" + text
    with unpacked(file) as raw:
        assert raw.read() == file.read_bytes()
