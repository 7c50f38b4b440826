"""Blobs of the simulator and of tests, with the behaviour of the ones on disk.

Promises: the port's, by the same conformance suite; `crash` keeps what was synced or committed and loses the rest.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import Self
from zlib import crc32

from portico.domain.errors import Conflict, Damaged, Invalid, NotFound
from portico.store.objects.ref import SMALL, BlobRef
from portico.store.objects.segments import SEGMENT_BYTES


class MemoryBlobs:
    """Blobs that last as long as the process."""

    def __init__(self, segment_bytes: int = SEGMENT_BYTES) -> None:
        self._segment_bytes = segment_bytes
        self._lock = threading.Lock()
        self._files: dict[str, bytearray] = {}
        self._synced: dict[str, int] = {}
        self._current = ""
        self._number = 0
        self._large = 0
        self._suspects: set[str] = set()

    def stage(self, data: bytes) -> BlobRef:
        """Store a blob of at most SMALL bytes, durable after the next `sync`; raises Invalid for a larger one."""
        if len(data) > SMALL:
            raise Invalid(f"a blob of {len(data)} bytes is too large to stage; at most {SMALL} fit")
        with self._lock:
            if not self._current or len(self._files[self._current]) + len(data) > self._segment_bytes:
                self._number += 1
                self._current = f"s{self._number}"
                self._files[self._current] = bytearray()
            segment = self._files[self._current]
            ref = BlobRef(self._current, len(segment), len(data), crc32(data))
            segment += data
            return ref

    def sync(self) -> None:
        """Keep all that was staged over a crash."""
        with self._lock:
            self._synced = {name: len(data) for name, data in self._files.items()}

    def open_large(self) -> MemoryWriter:
        """Begin a blob of any size."""
        return MemoryWriter(self)

    def read(self, ref: BlobRef, offset: int = 0, length: int = -1) -> bytes:
        """Give up to `length` bytes from `offset` (-1: the rest); raises NotFound, or Damaged."""
        if offset < 0:
            raise Invalid(f"a blob cannot be read from {offset}", field="offset")
        with self._lock:
            if ref.file not in self._files:
                raise NotFound(f"blob {ref} does not exist")
            data = bytes(self._files[ref.file][ref.offset : ref.offset + ref.length])
        if len(data) < ref.length or crc32(data) != ref.crc:
            raise Damaged(f"blob {ref} is damaged: its checksum differs")
        return data[offset : ref.length if length < 0 else offset + length]

    def sweep(self, live: Iterable[BlobRef]) -> int:
        """Remove what is not `live` and was not at the last sweep either; gives the number of files removed."""
        with self._lock:
            named = {ref.file for ref in live} | {self._current}
            doomed = self._suspects - named
            for name in doomed:
                del self._files[name]
            self._suspects = self._files.keys() - named
            return len(doomed)

    def close(self) -> None:
        """Keep everything staged."""
        self.sync()

    def crash(self) -> MemoryBlobs:
        """Give what a new process would find."""
        reopened = MemoryBlobs(self._segment_bytes)
        with self._lock:
            reopened._files = {
                name: self._files[name][:end] for name, end in self._synced.items() if name in self._files
            }
            reopened._synced = {name: len(data) for name, data in reopened._files.items()}
            reopened._number, reopened._large = self._number, self._large
            reopened._suspects = set(reopened._files)
        return reopened

    def keep(self, data: bytes) -> BlobRef:
        """Store a finished large blob, durable at once."""
        with self._lock:
            self._large += 1
            name = f"f{self._large:032x}"
            self._files[name] = bytearray(data)
            self._synced[name] = len(data)
            return BlobRef(name, 0, len(data), crc32(data))


class MemoryWriter:
    """One large blob on its way."""

    def __init__(self, blobs: MemoryBlobs) -> None:
        self._blobs = blobs
        self._data = bytearray()
        self._open = True

    def write(self, data: bytes) -> None:
        """Append bytes."""
        self._check_open()
        self._data += data

    def commit(self) -> BlobRef:
        """Keep the blob and give its name."""
        self._check_open()
        self._open = False
        return self._blobs.keep(bytes(self._data))

    def discard(self) -> None:
        """Forget the blob; does nothing after `commit`."""
        self._open = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.discard()

    def _check_open(self) -> None:
        if not self._open:
            raise Conflict("the blob is finished")
