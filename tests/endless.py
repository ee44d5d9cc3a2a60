"""A file without end, to prove that a reader keeps no more than it must."""

from __future__ import annotations

import io


class Endless(io.RawIOBase):
    """Bytes that begin with `head` and then repeat `entry` for ever.

    `handed` counts the bytes that were read.
    """

    def __init__(self, head: str, entry: str) -> None:
        super().__init__()
        self.handed = 0
        self._rest = head.encode()
        self._entry = entry.encode()

    def readable(self) -> bool:
        """Tell that this can be read."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Fill the buffer."""
        while len(self._rest) < len(buffer):
            self._rest += self._entry
        size = len(buffer)
        buffer[:], self._rest = self._rest[:size], self._rest[size:]
        self.handed += size
        return size
