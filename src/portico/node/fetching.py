"""Fetches before a start, each Run's in a task of its own; the cache bounds how many go on at once.

Promises: a Run that is withdrawn is not fetched for any longer; a failed fetch is the Run's end and says which.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from portico.domain.errors import PorticoError
from portico.domain.frames import LaunchOrder
from portico.domain.runs import EndCause
from portico.node.charges import Charge
from portico.node.fetch_cache import FetchCache
from portico.node.fetcher import FetchFailed, fetch_all
from portico.node.site import Site


class Fetching:
    """Brings files into sandboxes."""

    def __init__(self, site: Site, group: asyncio.TaskGroup) -> None:
        self._site = site
        self._group = group
        self._cache = FetchCache(site.directory / "cache", site.config.cache_bytes)

    def start(
        self, charge: Charge, done: Callable[[Charge], None], failed: Callable[[Charge, EndCause, Exception], None]
    ) -> asyncio.Task[None]:
        """Fetch what a Run wants, then call `done` or `failed`; cancelling the task calls neither."""
        return self._group.create_task(self._fetch(charge, done, failed))

    async def bring(self, order: LaunchOrder, sandbox: Path, user: str) -> None:
        """Bring what a Run wants into a sandbox that is there; raises FetchFailed, and Invalid for an unknown user."""
        if order.spec.fetch:
            await fetch_all(order.spec.fetch, sandbox, self._cache, self._site.config.fetch_bytes, user)

    async def _fetch(
        self, charge: Charge, done: Callable[[Charge], None], failed: Callable[[Charge, EndCause, Exception], None]
    ) -> None:
        spec = charge.order.spec
        try:
            sandbox = self._site.sandboxes.create(charge.run, spec.user)
            await self.bring(charge.order, sandbox, spec.user)
        except FetchFailed as error:
            failed(charge, EndCause.FETCH_FAILED, error)
        except (PorticoError, OSError, ValueError) as error:
            failed(charge, EndCause.LAUNCH_FAILED, error)
        else:
            done(charge)
