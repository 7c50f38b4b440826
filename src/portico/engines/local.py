"""The local engine: one keeper per declared node, on this machine.

Promises: a node that is already running is left as it is; stopping the engine leaves nodes and their Runs alone unless
they are to be stopped.
"""

from __future__ import annotations

import asyncio
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


class LocalEngine:
    """The nodes of one data directory."""

    def __init__(self, root: Path, configs: Mapping[str, NodeConfig]) -> None:
        self._root = root
        self._configs = configs

    async def start(self) -> None:
        """Make sure that every node has its keeper."""
        for name, config in self._configs.items():
            pid = await asyncio.to_thread(start_keeper, self._root / name, config)
            _log.info("node started", node=name, keeper=pid)

    def _alive(self) -> list[str]:
        return [name for name in self._configs if keeper_alive(self._root / name) is not None]

    async def stop_nodes(self, gateway: Gateway) -> None:
        """End every node with all its Runs, and wait until they are gone; one that is not there is told when it is.

        Raises Unavailable naming the nodes that have not ended in time.
        """
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
