"""Opening an address without ever waiting for a browser."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest

from litreview.cli import browse

URL = "https://doi.org/10.5555/made"


@pytest.fixture
def browser(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the file in which a browser that never ends writes what it is given."""
    target = tmp_path / "opened"
    program = tmp_path / "browser"
    program.write_text(f'#!/bin/sh\necho "$@" > {target}\nexec sleep 5\n', "utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("BROWSER", str(program))
    monkeypatch.setenv("DISPLAY", ":99")
    for name in ("SSH_CONNECTION", "SSH_TTY"):
        monkeypatch.delenv(name, raising=False)
    return target


@pytest.mark.skipif(sys.platform == "win32", reason="the browser is a shell script")
def test_a_browser_is_started_and_not_waited_for(browser: Path) -> None:
    """It is given the address, and the caller is free at once."""
    begun = time.monotonic()
    assert browse.opened(URL) == f"opening {URL}"
    assert time.monotonic() - begun < 4
    end = time.monotonic() + 30
    while not (browser.exists() and browser.read_text("utf-8").strip()):
        assert time.monotonic() < end
        time.sleep(0.02)
    assert URL in browser.read_text("utf-8")


@pytest.mark.parametrize("name", ["SSH_CONNECTION", "SSH_TTY"])
def test_over_ssh_the_address_is_told(
    browser: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Nothing is started where nobody would see it."""
    monkeypatch.setenv(name, "somewhere")
    assert browse.opened(URL) == f"open it where your browser is: {URL}"
    assert not browser.exists()


@pytest.mark.skipif(sys.platform in {"darwin", "win32"}, reason="always has a display")
def test_without_a_display_the_address_is_told(
    browser: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A browser for the terminal would take the screen."""
    monkeypatch.delenv("DISPLAY")
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    assert URL in browse.opened(URL)
    assert not browser.exists()


@pytest.mark.parametrize("url", ["", "file:///etc/passwd", "--help", "javascript:1"])
def test_only_addresses_of_the_web_are_opened(browser: Path, url: str) -> None:
    """Whatever a source put there."""
    assert browse.opened(url) == "there is no address to open"
    assert not browser.exists()
