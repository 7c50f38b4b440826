"""History: reads of durable rows, off the loop.

Owns the threads that read. Promises: every read is of one consistent state; nothing here writes.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from portico.store.port import Reader, Store

T = TypeVar("T")

READERS = 2


class History:
    """Reads rows: short ones at once on the loop, long ones in a thread (or at once, when `threads` is 0)."""

    def __init__(self, store: Store, threads: int = READERS) -> None:
        self._store = store
        self._local = threading.local()
        self._here = store.reader()
        self._opened: list[Reader] = [self._here]
        self._pool = ThreadPoolExecutor(threads, "history") if threads else None

    def now(self, read: Callable[[Reader], T]) -> T:
        """Make a read that touches a handful of rows."""
        return read(self._here)

    async def later(self, read: Callable[[Reader], T]) -> T:
        """Make a read that may touch many rows."""
        if self._pool is None:
            return read(self._here)
        return await asyncio.get_running_loop().run_in_executor(self._pool, self._in_thread, read)

    def _in_thread(self, read: Callable[[Reader], T]) -> T:
        reader: Reader | None = getattr(self._local, "reader", None)
        if reader is None:
            reader = self._local.reader = self._store.reader()
        return read(reader)

    async def back_up(self, target: str) -> None:
        """Copy a consistent state to a file while the store is in use."""
        if self._pool is None:
            self._store.backup(target)
        else:
            await asyncio.get_running_loop().run_in_executor(self._pool, self._store.backup, target)

    def close(self) -> None:
        """End the threads."""
        if self._pool is not None:
            self._pool.shutdown(wait=True)
        self._here.close()
