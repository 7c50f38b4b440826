"""Blobs in the data directory: `segments/`, `large/`, and `incoming/` for unfinished large ones.

Promises what the port says. Owns the folders under its root and nothing outside; one process uses them at a time.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from threading import Lock
from zlib import crc32

from portico.domain.errors import Damaged, Invalid, NotFound
from portico.store.faults import disk_errors
from portico.store.objects.large import FileWriter
from portico.store.objects.ref import FILE_NAME, SMALL, BlobRef
from portico.store.objects.segments import SEGMENT_BYTES, Segments


class BlobStore:
    """The blobs of one data directory."""

    def __init__(self, root: Path, segment_bytes: int = SEGMENT_BYTES) -> None:
        """Open or create the folders; uploads left unfinished by an earlier process are removed."""
        self._folders = {"s": root / "segments", "f": root / "large"}
        self._incoming = root / "incoming"
        with disk_errors(root):
            for folder in (self._folders["f"], self._incoming):
                folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            for unfinished in self._incoming.iterdir():
                unfinished.unlink()
            self._segments = Segments(self._folders["s"], segment_bytes)
            self._suspects = self._stored()
        self._sweeping = Lock()

    def stage(self, data: bytes) -> BlobRef:
        """Store a blob of at most SMALL bytes, durable after the next `sync`; raises Invalid for a larger one."""
        if len(data) > SMALL:
            raise Invalid(f"a blob of {len(data)} bytes is too large to stage; at most {SMALL} fit")
        return self._segments.append(data)

    def sync(self) -> None:
        """Make all that was staged before durable; raises Unavailable when it may be lost."""
        self._segments.sync()

    def open_large(self) -> FileWriter:
        """Begin a blob of any size."""
        return FileWriter(self._incoming, self._folders["f"])

    def read(self, ref: BlobRef, offset: int = 0, length: int = -1) -> bytes:
        """Give up to `length` bytes from `offset` (-1: the rest); raises NotFound, or Damaged."""
        if offset < 0:
            raise Invalid(f"a blob cannot be read from {offset}", field="offset")
        offset = min(offset, ref.length)
        end = ref.length if length < 0 else min(ref.length, offset + length)
        whole = not ref.large or (offset == 0 and end == ref.length)
        start, stop = (0, ref.length) if whole else (offset, end)
        data = self._bytes(ref, ref.offset + start, stop - start)
        if whole and crc32(data) != ref.crc:
            raise Damaged(f"blob {ref} is damaged: its checksum differs")
        return data[offset:end] if whole else data

    def sweep(self, live: Iterable[BlobRef]) -> int:
        """Remove what is not `live` and was not at the last sweep either; gives the number of files removed."""
        with self._sweeping:
            named = {ref.file for ref in live}
            named.add(self._segments.current())
            doomed = self._suspects - named
            for name in doomed:
                with disk_errors(name):
                    (self._folders[name[0]] / name).unlink(missing_ok=True)
            with disk_errors(self._incoming.parent):
                self._suspects = self._stored() - named
            return len(doomed)

    def close(self) -> None:
        """Sync and release everything."""
        self._segments.close()

    def _bytes(self, ref: BlobRef, start: int, length: int) -> bytes:
        path = self._folders[ref.file[0]] / ref.file
        try:
            file = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError as error:
            raise NotFound(f"blob {ref} does not exist") from error
        try:
            with disk_errors(path):
                missing = start + length - os.fstat(file).st_size
                if missing > 0:
                    raise Damaged(f"blob {ref} is damaged: {missing} bytes are missing")
                data = os.pread(file, length, start)
                while len(data) < length:
                    data += os.pread(file, length - len(data), start + len(data))
        finally:
            os.close(file)
        return data

    def _stored(self) -> set[str]:
        names = {path.name for folder in self._folders.values() for path in folder.iterdir()}
        return {name for name in names if FILE_NAME.fullmatch(name)}
