"""The end of the server's log, for those who read `/master/log`.

Owns a bounded copy in memory. When it is full its older half is dropped and offsets begin anew, as with a log file that
is rotated.
"""

from __future__ import annotations

import logging

MOST_BYTES = 2 << 20


class LogTail(logging.Handler):
    """A handler of the standard library's root logger."""

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        super().__init__()
        self._most = most_bytes
        self._kept = bytearray()

    def emit(self, record: logging.LogRecord) -> None:
        """Keep one line."""
        try:
            self._kept += self.format(record).encode() + b"\n"
        except Exception:  # noqa: BLE001 — as every handler: a line that cannot be written must not stop what wrote it
            self.handleError(record)
        if len(self._kept) > self._most:
            start = self._kept.find(b"\n", len(self._kept) // 2) + 1
            del self._kept[: start or len(self._kept)]

    @property
    def size(self) -> int:
        """Count what is kept."""
        return len(self._kept)

    def read(self, offset: int, length: int) -> bytes:
        """Give up to `length` bytes from `offset`."""
        return bytes(self._kept[offset : offset + length])
