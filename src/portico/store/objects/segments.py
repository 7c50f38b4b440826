"""Append-only segment files of small blobs.

Promises: a segment is written by one process only (each start begins a new one, so a torn end is never appended to);
bytes once staged never move; `sync` leaves everything staged before it durable, names of new files included. After a
failed write the next segment begins. After a failed sync every later one fails too: the kernel may have dropped the
bytes, and a second sync would then succeed without having written them.
"""

from __future__ import annotations

import os
import threading
from pathlib import Path
from zlib import crc32

from portico.domain.errors import Unavailable
from portico.store.faults import disk_errors
from portico.store.objects.ref import FILE_NAME, BlobRef

SEGMENT_BYTES = 64 * 1024 * 1024
"""Size after which the next segment begins."""


class Segments:
    """The folder of segments."""

    def __init__(self, folder: Path, segment_bytes: int = SEGMENT_BYTES) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder = folder
        self._segment_bytes = segment_bytes
        self._lock = threading.Lock()
        self._syncing = threading.Lock()
        self._number = max((_number(path.name) for path in folder.iterdir()), default=0)
        self._file = -1
        self._length = 0
        self._unsynced = False
        self._ended: list[int] = []
        self._created = False
        self._lost = False

    def append(self, data: bytes) -> BlobRef:
        """Write a blob at the end; it is durable after `sync`."""
        with self._lock, disk_errors(self._folder):
            if self._file < 0 or self._length + len(data) > self._segment_bytes:
                self._begin()
            offset = self._length
            try:
                written = 0
                while written < len(data):
                    written += os.write(self._file, memoryview(data)[written:])
            except OSError:
                self._end()
                raise
            self._length += len(data)
            self._unsynced = True
            return BlobRef(f"s{self._number}", offset, len(data), crc32(data))

    def sync(self) -> None:
        """Make everything appended before this call durable."""
        with self._syncing, disk_errors(self._folder):
            if self._lost:
                raise Unavailable(f"{self._folder}: an earlier sync failed")
            with self._lock:
                ended, self._ended = self._ended, []
                current = os.dup(self._file) if self._unsynced and self._file >= 0 else -1
                created, self._created = self._created, False
                self._unsynced = False
            files = [*ended, current] if current >= 0 else ended
            try:
                for file in files:
                    os.fdatasync(file)
                if created:
                    sync_folder(self._folder)
            except OSError:
                self._lost = True
                raise
            finally:
                for file in files:
                    os.close(file)

    def current(self) -> str:
        """Give the name of the segment that is being written, or "" when there is none."""
        with self._lock:
            return f"s{self._number}" if self._file >= 0 else ""

    def close(self) -> None:
        """Sync and release the files."""
        with self._lock:
            self._end()
        self.sync()

    def _begin(self) -> None:
        self._end()
        self._number += 1
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC
        self._file = os.open(self._folder / f"s{self._number}", flags, 0o600)
        self._length = 0
        self._created = True

    def _end(self) -> None:
        if self._file >= 0:
            self._ended.append(self._file)
            self._file = -1


def _number(name: str) -> int:
    return int(name[1:]) if name[0] == "s" and FILE_NAME.fullmatch(name) else 0


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    opened = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)
