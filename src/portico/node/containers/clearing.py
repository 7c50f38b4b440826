"""What is left of a container when its Run has ended, and how it goes.

Promises: a Run's name is free at once; a network is left with the words it was entered with; nothing that stays behind
is forgotten: what withstands, or was not done yet when the agent ended, is done by the next agent.
"""

from __future__ import annotations

import asyncio
import logging

import msgspec

from portico.domain.errors import PorticoError
from portico.node.containers.bundles import Bundle, Bundles
from portico.node.containers.networks import Attachment, Networks
from portico.node.containers.runtimes import Runtime
from portico.node.containers.tools import run_tool

log = logging.getLogger("portico.node")


class Clearing:
    """Takes retired bundles apart; `runtime` is there once it is known."""

    def __init__(self, bundles: Bundles, networks: Networks, group: asyncio.TaskGroup) -> None:
        self._bundles = bundles
        self._networks = networks
        self._group = group
        self.runtime: Runtime | None = None

    def open(self) -> None:
        """Go on where an earlier agent ended."""
        for bundle in self._bundles.retired():
            self._group.create_task(self._take_apart(bundle))

    def clear(self, run: str) -> None:
        """Clear away what an ended Run had."""
        bundle = self._bundles.retire(run)
        if bundle is not None:
            self._group.create_task(self._take_apart(bundle))

    async def _take_apart(self, bundle: Bundle) -> None:
        try:
            facts = bundle.facts()
            if facts is not None and facts.layer:
                await self._delete(bundle, facts.name)
                attachment = msgspec.json.decode(facts.network, type=Attachment | None)
                if attachment is not None:
                    await self._networks.detach(attachment, facts.run, bundle.network)
        except (PorticoError, OSError) as error:
            log.warning("a container is not cleared away in order: %s", error)
        try:
            bundle.remove()
        except OSError as error:
            log.warning("%s is left to the next agent: %s", bundle.path, error)

    async def _delete(self, bundle: Bundle, name: str) -> None:
        """Have the runtime remove what it made outside the bundle, if it did."""
        command = self.runtime.delete(bundle.path, name) if self.runtime is not None else ()
        if command:
            await run_tool(command)
