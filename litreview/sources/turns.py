"""Each service has its turn: the pace of the calls, kept by all that ask it.

A service counts the calls of a person, not of a program. So the time at which the
last call to a public address may start stands in a small file for each service, in
the person's cache folder. Whoever wants to call takes the file's lock, writes down a
time of its own behind it, and sleeps until then: threads and other processes queue
behind one another. For a service that answers one call at a time the lock is kept
until the answer is there.

Where the folder cannot be used (a read-only home, a sandbox), the pace is kept within
the process alone. An address on this machine has no pace and no file.
"""

from __future__ import annotations

import logging
import os
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from litreview.sources.page import Settings, is_loopback

log = logging.getLogger(__name__)

# How long to wait for somebody else's answer before asking all the same.
_LONGEST_QUEUE = 120.0  # seconds
# A time further ahead was written before somebody set the clock back.
_FURTHEST = 300.0  # seconds
_here: dict[str, float] = {}  # service -> time of its last call by this process
_turnstile = threading.Lock()


@contextmanager
def turn(
    service: str, settings: Settings, pause: float, *, serial: bool = False
) -> Iterator[None]:
    """Wait for this caller's turn; `pause` between two calls is in seconds.

    With `serial` nobody else begins before the block is left.
    """
    if settings.pause is not None:
        pause = settings.pause
    elif is_loopback(settings.base_url):
        pause = 0.0
    if pause <= 0:
        yield
        return
    name = re.sub(r"\W+", "-", service.lower())
    lock = _lock(name)
    try:
        now = settings.now().timestamp()
        due = _reserve(name, now, pause, shared=lock is not None)
        if lock is not None and not serial:
            lock.release()
        if due > now:
            settings.sleep(due - now)
        yield
    finally:
        if lock is not None:
            lock.release()


def _lock(name: str) -> FileLock | None:
    """Return the lock of a service, taken; None where there can be none."""
    folder = folder_of(os.environ)
    if folder is None:
        return None
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = FileLock(folder / f"{name}.lock")
        lock.acquire(timeout=_LONGEST_QUEUE, poll_interval=0.02)
    # filelock raises the last one where a file system knows no locks.
    except (OSError, Timeout, NotImplementedError) as error:
        log.debug("%s: pace not shared with other processes: %s", name, error)
        return None
    return lock


def _reserve(name: str, now: float, pause: float, *, shared: bool) -> float:
    """Return when this call may start, and write it down for the next one."""
    folder = folder_of(os.environ)
    file = folder / f"{name}.last" if shared and folder is not None else None
    with _turnstile:
        last = max(_here.get(name, 0.0), _read(file))
        due = max(now, last + pause) if last - now <= _FURTHEST else now
        _here[name] = due
    if file is not None:
        try:
            file.write_text(f"{due:.3f}\n", "ascii")
        except OSError as error:
            log.debug("%s: pace not shared with other processes: %s", name, error)
    return due


def _read(file: Path | None) -> float:
    """Return the time of the last call, in seconds since 1970; 0 where untold."""
    try:
        return float(file.read_text("ascii")) if file is not None else 0.0
    except (OSError, ValueError):
        return 0.0


def folder_of(environ: Mapping[str, str]) -> Path | None:
    """Return the folder of these files; None where the system has no home folder."""
    for name, below in (
        ("XDG_CACHE_HOME", ""),
        ("LOCALAPPDATA", ""),
        ("HOME", ".cache"),
    ):
        if environ.get(name):
            return Path(environ[name], below, "litreview", "turns")
    return None
