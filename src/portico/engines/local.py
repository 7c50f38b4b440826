"""The local engine: one keeper per declared node, on this machine.

Promises: a node that is already running is left as it is; one whose keeper has died is started anew; stopping the
engine leaves nodes and their Runs alone unless they are to be stopped.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Mapping
from pathlib import Path

import structlog

from portico.control.cluster.gateway import AgentSession, Gateway
from portico.domain.errors import Unavailable
from portico.domain.frames import Shutdown
from portico.node.config import NodeConfig
from portico.node.starting import keeper_alive, start_keeper

_log = structlog.get_logger(__name__)

STOP_PATIENCE = 20.0
_LOOK_EVERY = 0.05

WATCH_EVERY = 1.0
"""Seconds between two looks at the keepers."""

LONGEST_PAUSE = 60.0
"""Seconds before a keeper is started again that dies each time; the pause begins with two looks, and doubles."""


class LocalEngine:
    """The nodes of one data directory."""

    def __init__(self, root: Path, configs: Mapping[str, NodeConfig]) -> None:
        self._root = root
        self._configs = configs
        self._pauses: dict[str, float] = {}
        self._due: dict[str, float] = {}
        self._watching: asyncio.Task[None] | None = None
        self._processors = os.sched_getaffinity(0)

    async def start(self) -> None:
        """Make sure that every node has its keeper, now and until `close` or `stop_nodes`."""
        for name, config in self._configs.items():
            pid = await asyncio.to_thread(self._start_keeper, name, config)
            _log.info("node started", node=name, keeper=pid)
        self._watching = asyncio.create_task(self.watch(), name="keepers")

    async def close(self) -> None:
        """Look after the nodes no more, and leave them as they are."""
        if self._watching is not None:
            self._watching.cancel()
            await asyncio.wait([self._watching])
            self._watching = None

    async def watch(self) -> None:
        """Start nodes anew whose keeper has died, until cancelled."""
        while True:
            await asyncio.sleep(WATCH_EVERY)
            alive = await asyncio.to_thread(self._alive)
            for name in self._configs:
                if asyncio.get_running_loop().time() < self._due.get(name, 0.0):
                    continue
                if name not in alive:
                    await self._revive(name)
                else:
                    self._pauses.pop(name, None)

    async def _revive(self, name: str) -> None:
        pause = self._pauses[name] = min(2 * self._pauses.get(name, WATCH_EVERY), LONGEST_PAUSE)
        self._due[name] = asyncio.get_running_loop().time() + pause
        starting = asyncio.create_task(asyncio.to_thread(self._start_keeper, name, self._configs[name]))
        try:
            pid = await asyncio.shield(starting)
        except asyncio.CancelledError:
            await asyncio.wait([starting])  # so that whoever stops the nodes next finds it
            raise
        except (Unavailable, OSError) as error:
            _log.warning("a node has no keeper", node=name, reason=str(error), again_seconds=pause)
            return
        _log.warning("node started anew: its keeper had died", node=name, keeper=pid)

    def _start_keeper(self, name: str, config: NodeConfig) -> int:
        """Start a keeper that may run wherever this server was allowed to when it began, and so may its Runs."""
        with contextlib.suppress(OSError):  # where that is not allowed, the server was not moved either
            os.sched_setaffinity(0, self._processors)
        return start_keeper(self._root / name, config)

    def _alive(self) -> list[str]:
        return [name for name in self._configs if keeper_alive(self._root / name) is not None]

    async def stop_nodes(self, gateway: Gateway) -> None:
        """End every node with all its Runs, and wait until they are gone; one that is not there is told when it is.

        Raises Unavailable naming the nodes that have not ended in time.
        """
        await self.close()
        told: dict[str, AgentSession] = {}
        try:
            async with asyncio.timeout(STOP_PATIENCE):
                while self._alive():
                    for name in self._configs:
                        session = gateway.sessions.get(name)
                        if session is not None and told.get(name) is not session:
                            told[name] = session
                            gateway.send(name, Shutdown(stop_runs=True))
                    await asyncio.sleep(_LOOK_EVERY)
        except TimeoutError as error:
            left = ", ".join(self._alive())
            raise Unavailable(f"not ended in {STOP_PATIENCE:g} s: {left}") from error
