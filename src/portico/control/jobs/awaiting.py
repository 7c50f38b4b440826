"""Those who wait for the end of one Instance.

Owns the waiting. Promises: who waits is woken as soon as memory knows of the end, so before that is durable; nobody
waits for longer than told. Must never be taken for the end itself: look again, and let the answer settle.
"""

from __future__ import annotations

import asyncio

from portico.domain.jobs import Instance


class Awaiting:
    """An index over Instances."""

    def __init__(self) -> None:
        self._waiting: dict[str, list[asyncio.Future[None]]] = {}

    def on_instance(self, _old: Instance | None, new: Instance | None) -> None:
        """Follow a change."""
        if self._waiting and new is not None and new.ended:
            for future in self._waiting.pop(new.id, ()):
                _wake(future)

    async def end(self, identity: str, seconds: float) -> None:
        """Wait for the end of an Instance, for so many seconds at most."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[None] = loop.create_future()
        self._waiting.setdefault(identity, []).append(future)
        timer = loop.call_later(seconds, _wake, future)
        try:
            await future
        finally:
            timer.cancel()
            self._forget(identity, future)

    def _forget(self, identity: str, future: asyncio.Future[None]) -> None:
        group = self._waiting.get(identity)
        if group is not None and future in group:
            group.remove(future)
            if not group:
                del self._waiting[identity]


def _wake(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)
