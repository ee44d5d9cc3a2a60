"""Whoever asks a service keeps its pace: threads, and other processes as well."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import pytest

from litreview.sources import turns
from litreview.sources.page import Settings

ROOT = Path(__file__).resolve().parent.parent
NOW = datetime(2026, 11, 21, 23, 0, tzinfo=UTC)
PUBLIC = Settings()

# Ask three times and tell when each began and ended.
CALLER = """\
import sys, time
from litreview.sources import turns
from litreview.sources.page import Settings
settings = Settings(base_url="http://mirror.example")
for _ in range(3):
    with turns.turn("test", settings, 0.12, serial=sys.argv[1] == "serial"):
        begun = time.time()
        time.sleep(0.2 if sys.argv[1] == "serial" else 0)
        print(begun, time.time(), flush=True)
"""


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keep the files of this test apart."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    monkeypatch.setattr(turns, "_here", {})
    return tmp_path


def calls(kind: str, processes: int) -> list[tuple[float, float]]:
    """Let several processes call at once; return when each call began and ended."""
    children = [
        subprocess.Popen(
            [sys.executable, "-c", CALLER, kind],
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(processes)
    ]
    told = [child.communicate(timeout=120)[0] for child in children]
    assert all(child.returncode == 0 for child in children)
    lines = [line.split() for text in told for line in text.splitlines()]
    return sorted((float(begun), float(ended)) for begun, ended in lines)


@pytest.mark.usefixtures("cache")
def test_processes_share_the_pace_of_a_service() -> None:
    """Two processes together call no faster than one may."""
    begun = [start for start, _ in calls("parallel", 2)]
    assert len(begun) == 6
    # A start that was late because the machine is busy brings the next one nearer.
    assert begun[-1] - begun[0] >= 5 * 0.12 - 0.05


@pytest.mark.usefixtures("cache")
def test_processes_ask_a_serial_service_one_after_the_other() -> None:
    """Nobody begins before the other's answer is there."""
    found = calls("serial", 2)
    assert len(found) == 6
    for (_, ended), (begun, _) in pairwise(found):
        assert begun >= ended


def test_threads_queue_too(cache: Path) -> None:
    """Each thread sleeps one pause longer than the one before it."""
    slept: list[float] = []
    settings = replace(PUBLIC, sleep=slept.append, now=lambda: NOW)

    def ask(_: int) -> None:
        with turns.turn("test", settings, 1.0):
            pass

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(ask, range(4)))
    assert sorted(slept) == pytest.approx([1.0, 2.0, 3.0])
    assert (cache / "litreview" / "turns" / "test.last").exists()


@pytest.mark.parametrize("base_url", ["http://127.0.0.1:1", "http://localhost:1"])
def test_this_machine_has_no_pace_and_no_file(cache: Path, base_url: str) -> None:
    """A local service is asked at once, unless a pause is set."""
    slept: list[float] = []
    settings = Settings(base_url=base_url, sleep=slept.append, now=lambda: NOW)
    for _ in range(2):
        with turns.turn("test", settings, 5.0):
            pass
    assert slept == []
    assert list(cache.iterdir()) == []
    for _ in range(2):
        with turns.turn("test", replace(settings, pause=2.0), 5.0):
            pass
    assert slept == [2.0]


def test_without_a_folder_the_process_keeps_the_pace_alone(
    cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cache that is a file, or none at all, is no error."""
    (cache / "file").write_text("", "utf-8")
    slept: list[float] = []
    settings = replace(PUBLIC, sleep=slept.append, now=lambda: NOW)
    for number, place in enumerate([str(cache / "file"), None]):
        for name in ("XDG_CACHE_HOME", "LOCALAPPDATA", "HOME"):
            monkeypatch.delenv(name, raising=False)
        if place:
            monkeypatch.setenv("XDG_CACHE_HOME", place)
        for _ in range(2):
            with turns.turn(f"test {number}", settings, 1.5):
                pass
    assert slept == [1.5, 1.5]


@pytest.mark.parametrize("content", ["", "nonsense", "nan", "99999999999"])
def test_a_file_that_makes_no_sense_holds_nobody_up(cache: Path, content: str) -> None:
    """A time far ahead was written before somebody set the clock back."""
    folder = cache / "litreview" / "turns"
    folder.mkdir(parents=True)
    (folder / "test.last").write_text(content, "ascii")
    slept: list[float] = []
    settings = replace(PUBLIC, sleep=slept.append, now=lambda: NOW)
    for _ in range(2):
        with turns.turn("test", settings, 1.0):
            pass
    assert slept == [1.0]


@pytest.mark.usefixtures("cache")
def test_a_killed_process_leaves_no_lock() -> None:
    """The next one goes on at once, not after the longest queue."""
    hold = CALLER.replace("time.sleep(0.2", "print('in', flush=True); time.sleep(60")
    child = subprocess.Popen(
        [sys.executable, "-c", hold, "serial"],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
    )
    assert child.stdout is not None
    assert child.stdout.readline() == b"in\n"
    child.kill()
    child.communicate()
    begun = time.monotonic()
    with turns.turn("test", replace(PUBLIC, pause=0.05), 0.05, serial=True):
        assert time.monotonic() - begun < 10
