"""A bound on what one Run's fetches may write, kept while the bytes flow.

Promises: what is announced is never believed; who spends learns at the next step that it shall stop.
"""

from __future__ import annotations

import os
import threading
from typing import Protocol

from portico.domain.errors import Exhausted, Unavailable

CHUNK = 1 << 18


class Readable(Protocol):
    """Whatever gives bytes until there are none."""

    def read(self, amount: int, /) -> bytes:
        """Give up to `amount` bytes; none at the end."""
        ...


class Allowance:
    """How many bytes may still be written, and whether to go on at all."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._left = size
        self._stopped = threading.Event()

    def spend(self, amount: int) -> None:
        """Take bytes from the allowance; raises Exhausted when there are too few, Unavailable when told to stop."""
        if self._stopped.is_set():
            raise Unavailable("the fetch was broken off")
        self.expect(amount)
        self._left -= amount

    def expect(self, amount: int) -> None:
        """Refuse early what is announced to be too large."""
        if amount > self._left:
            raise Exhausted(f"it takes more than the {self._size} bytes allowed")

    def stop(self) -> None:
        """Make the next step of any thread that spends from here the last."""
        self._stopped.set()


class Counted:
    """A source each byte of which is taken from an allowance."""

    def __init__(self, source: Readable, allowance: Allowance) -> None:
        self._source = source
        self._allowance = allowance

    def read(self, amount: int, /) -> bytes:
        """Read and pay."""
        data = self._source.read(amount)
        self._allowance.spend(len(data))
        return data


def copy(source: Readable, target: int) -> int:
    """Copy to the end into an open file; gives the number of bytes."""
    copied = 0
    while chunk := source.read(CHUNK):
        view = memoryview(chunk)
        while view:
            view = view[os.write(target, view) :]
        copied += len(chunk)
    return copied
