"""The committer: gives changes their revision at once, and lets nothing out before it is durable.

Owns the order of all changes. Promises: effects (replies, launches, acknowledgements, events, evictions) run in order
of revision, on the loop, after the revision is durable; after a failed write nothing more leaves and `failed` is set.
An effect that raises is logged and counted, and costs nobody else anything: what comes behind it goes on.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from typing import Protocol

import structlog

from portico.domain.errors import Exhausted, Unavailable
from portico.domain.identity import Revision
from portico.store.port import Change, Prune, PruneEvents
from portico.store.sheets import BulkChange

_log = structlog.get_logger(__name__)

Effect = Callable[[], None]


class Writer(Protocol):
    """Makes changes durable in order, and calls back with the last durable revision."""

    @property
    def full(self) -> bool:
        """Tell whether too much is waiting to be written."""
        ...

    def submit(self, changes: Sequence[Change | BulkChange]) -> None:
        """Queue changes that belong in one transaction."""
        ...

    def submit_prune(self, prune: Prune | PruneEvents) -> None:
        """Queue a deletion of history."""
        ...


class Committer:
    """One per server."""

    def __init__(self, revision: Revision) -> None:
        self.revision = revision
        self.durable = revision
        self.failed = asyncio.Event()
        self.effects_failed = 0
        self._writer: Writer | None = None
        self._effects: deque[tuple[Revision, Effect]] = deque()
        self._waiters: deque[tuple[Revision, asyncio.Future[None]]] = deque()

    def attach(self, writer: Writer) -> None:
        """Name the writer; done once, before the first change."""
        self._writer = writer

    def next_revision(self) -> Revision:
        """Give the next number in the server's one order."""
        self.revision = Revision(self.revision + 1)
        return self.revision

    def check_room(self) -> None:
        """Refuse new work while the writer is behind; raises Exhausted or Unavailable."""
        if self.failed.is_set():
            raise Unavailable("the store failed; the server is stopping")
        if self._writer is not None and self._writer.full:
            raise Exhausted("the server has more changes waiting than it can write; try again later")

    def submit(self, changes: Sequence[Change | BulkChange], effects: Sequence[Effect]) -> None:
        """Send changes to the writer; their effects run when the last of them is durable."""
        assert self._writer is not None
        revision = changes[-1].revision if changes else self.revision
        for effect in effects:
            self._effects.append((revision, effect))
        if changes:
            self._writer.submit(changes)
        elif revision <= self.durable:
            self._release()

    def prune(self, prune: Prune | PruneEvents) -> None:
        """Send a deletion of history to the writer."""
        assert self._writer is not None
        self._writer.submit_prune(prune)

    def on_durable(self, revision: Revision) -> None:
        """Hear from the writer that everything up to `revision` is durable."""
        self.durable = max(self.durable, revision)
        self._release()

    def on_failure(self, _error: BaseException) -> None:
        """Hear from the writer that it failed: nothing more may leave."""
        self.failed.set()
        while self._waiters:
            _, future = self._waiters.popleft()
            if not future.done():
                future.set_exception(Unavailable("the store failed; the outcome is unknown"))

    async def settled(self, revision: Revision) -> None:
        """Wait until a revision is durable."""
        if revision <= self.durable:
            return
        if self.failed.is_set():
            raise Unavailable("the store failed; the outcome is unknown")
        future = asyncio.get_running_loop().create_future()
        self._waiters.append((revision, future))
        await future

    def _release(self) -> None:
        durable = self.durable
        effects = self._effects
        while effects and effects[0][0] <= durable:
            try:
                while effects and effects[0][0] <= durable:
                    effects.popleft()[1]()
            except Exception:  # noqa: BLE001 — what one effect does wrong is no reason to keep back all others
                self.effects_failed += 1
                _log.exception("effect_failed", durable=durable)
        waiters = self._waiters
        while waiters and waiters[0][0] <= durable:
            future = waiters.popleft()[1]
            if not future.done():
                future.set_result(None)
