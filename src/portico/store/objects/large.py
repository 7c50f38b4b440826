"""Streams one large blob to a file of its own.

Promises: memory stays bounded by the chunks given; the file has its final name only when all of it is durable; what
was not committed disappears, at the latest when the store is opened again.
"""

from __future__ import annotations

import os
from pathlib import Path
from secrets import token_hex
from typing import Self
from zlib import crc32

from portico.domain.errors import Conflict
from portico.store.faults import disk_errors
from portico.store.objects.ref import BlobRef
from portico.store.objects.segments import sync_folder


class FileWriter:
    """One blob on its way from `incoming` to `folder`."""

    def __init__(self, incoming: Path, folder: Path) -> None:
        self._name = f"f{token_hex(16)}"
        self._unfinished = incoming / self._name
        self._target = folder / self._name
        self._length = 0
        self._crc = 0
        self._open = True
        with disk_errors(self._unfinished):
            self._file = os.open(self._unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)

    def write(self, data: bytes) -> None:
        """Append bytes."""
        self._check_open()
        with disk_errors(self._unfinished):
            written = 0
            while written < len(data):
                written += os.write(self._file, memoryview(data)[written:])
        self._crc = crc32(data, self._crc)
        self._length += len(data)

    def commit(self) -> BlobRef:
        """Make the blob durable and give its name; blocks for the disk."""
        self._check_open()
        with disk_errors(self._unfinished):
            os.fsync(self._file)
            self._release()
            self._unfinished.rename(self._target)
            sync_folder(self._target.parent)
        return BlobRef(self._name, 0, self._length, self._crc)

    def discard(self) -> None:
        """Forget the blob; does nothing after `commit`."""
        if self._open:
            self._release()
            with disk_errors(self._unfinished):
                self._unfinished.unlink()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.discard()

    def _release(self) -> None:
        self._open = False
        os.close(self._file)

    def _check_open(self) -> None:
        if not self._open:
            raise Conflict("the blob is finished")
