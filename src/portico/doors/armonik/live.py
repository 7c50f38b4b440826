"""What the door's streams need of control beyond commands and queries: hearing what happens, and large data.

Owns the shapes only. Promises of what stands behind them: only durable changes are heard; a subscription that is not
taken from is bounded; an upload that was not finished leaves nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from portico.control.calls.happenings import Happening
from portico.domain.calls.naming import Naming
from portico.domain.calls.values import Content
from portico.domain.identity import Revision
from portico.doors.armonik.control import Control


class Subscription(Protocol):
    """One listener's queue."""

    def add(self, numbers: Iterable[int]) -> None:
        """Hear of these numbers too."""
        ...

    async def take(self) -> list[Happening]:
        """Wait for happenings and give all that are queued; raises Exhausted when too many were."""
        ...

    def close(self) -> None:
        """Hear no more."""
        ...


class Watching(Protocol):
    """Opens subscriptions."""

    def session(self, number: int) -> Subscription:
        """Hear of everything in a Session."""
        ...

    def results(self, numbers: Iterable[int]) -> Subscription:
        """Hear of some Results."""
        ...

    def calls(self, numbers: Iterable[int]) -> Subscription:
        """Hear of some Calls."""
        ...


class Upload(Protocol):
    """A large object on its way in."""

    async def write(self, data: bytes) -> None:
        """Take the next piece."""
        ...

    async def finish(self) -> Content:
        """Make the whole durable, and name it."""
        ...

    def discard(self) -> None:
        """Forget all of it; nothing happens after `finish`."""
        ...


class Objects(Protocol):
    """Keeps large objects."""

    def open(self) -> Upload:
        """Begin an object."""
        ...

    async def read(self, name: str, offset: int, length: int) -> bytes:
        """Give a piece of an object; NotFound when it is not there any more."""
        ...


class LiveCalls(Protocol):
    """The calls core as streams see it."""

    @property
    def naming(self) -> Naming:
        """Give the texts of this data directory."""
        ...

    @property
    def watching(self) -> Watching:
        """Give what opens subscriptions."""
        ...

    @property
    def objects(self) -> Objects:
        """Give what keeps large objects."""
        ...


class Settling(Protocol):
    """Knows what is durable."""

    @property
    def revision(self) -> Revision:
        """Give the newest revision, durable or not."""
        ...

    async def settled(self, revision: Revision) -> None:
        """Wait until a revision is durable."""
        ...


class LiveControl(Control, Protocol):
    """Control as streams see it."""

    @property
    def calls(self) -> LiveCalls:
        """Give the calls core."""
        ...

    @property
    def committer(self) -> Settling:
        """Give what knows what is durable."""
        ...


async def settle(control: LiveControl) -> None:
    """Wait until everything that has been changed so far is durable, so that a query made now shows all of it: what a
    subscription that was opened before hears goes on from there without a gap."""
    await control.committer.settled(control.committer.revision)
