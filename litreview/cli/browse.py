"""Open an address in the person's browser, without ever waiting for it.

The browser is started by a process of its own that has no terminal, so that neither a
slow one nor one for the terminal (lynx, w3m) can take or block the screen. Over SSH,
and where there is no display, nothing is started: the address is there to be copied.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading


def can_open() -> bool:
    """Tell whether a browser would open where the person sits."""
    if any(os.environ.get(name) for name in ("SSH_CONNECTION", "SSH_TTY")):
        return False
    if sys.platform in {"darwin", "win32"}:
        return True
    return any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY"))


def opened(url: str) -> str:
    """Open an address of the web if that can be; return what to tell the person."""
    from litreview.links import address

    safe = address(url)
    if not safe:
        return "there is no address to open"
    if not can_open():
        return f"open it where your browser is: {safe}"
    try:
        process = subprocess.Popen(  # noqa: S603 - an address of the web, one argument
            [sys.executable, "-m", "webbrowser", "-t", safe],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
    except OSError as error:
        return f"no browser could be started ({error.strerror}): {safe}"
    # Somebody has to hear that it has ended.
    threading.Thread(target=process.wait, daemon=True).start()
    return f"opening {safe}"
