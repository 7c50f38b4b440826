"""The port to blobs.

The order that keeps rows and blobs together: `stage`, then `sync`, then the transaction that names the refs. A blob
that no row names is swept, but not before the second sweep after it was stored: the time between two sweeps is what a
transaction or an unfinished upload has to name it.
"""

from __future__ import annotations

from collections.abc import Iterable
from types import TracebackType
from typing import Protocol, Self

from portico.store.objects.ref import BlobRef


class LargeWriter(Protocol):
    """Streams one large blob; a context manager that discards what was not committed."""

    def write(self, data: bytes) -> None:
        """Append bytes."""
        ...

    def commit(self) -> BlobRef:
        """Make the blob durable and give its name."""
        ...

    def discard(self) -> None:
        """Forget the blob; does nothing after `commit`."""
        ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


class Blobs(Protocol):
    """Where blobs are kept. Any thread may call any method."""

    def stage(self, data: bytes) -> BlobRef:
        """Store a blob of at most SMALL bytes, durable after the next `sync`; raises Invalid for a larger one."""
        ...

    def sync(self) -> None:
        """Make all that was staged before durable; raises Unavailable when it may be lost."""
        ...

    def open_large(self) -> LargeWriter:
        """Begin a blob of any size."""
        ...

    def read(self, ref: BlobRef, offset: int = 0, length: int = -1) -> bytes:
        """Give up to `length` bytes from `offset` (length -1: the rest), staged or durable.

        Raises Invalid for a negative offset, NotFound when there is no such blob, and Damaged when its bytes have
        changed; small blobs are always checked, large ones when they are read whole.
        """
        ...

    def sweep(self, live: Iterable[BlobRef]) -> int:
        """Remove what is not `live` and was not at the last sweep either (or was left by an earlier process).

        Small blobs go only with their whole segment. Gives the number of files removed.
        """
        ...

    def close(self) -> None:
        """Sync and release everything."""
        ...
