"""Waiting for what a server has started, with patience that ends: a server without a node serves all the same."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from collections.abc import Set as AbstractSet

from portico.control.plane import Plane

PATIENCE = 10.0
"""Seconds."""


async def nodes(plane: Plane, names: AbstractSet[str]) -> bool:
    """Wait until these nodes are connected; False when some are not in time."""
    return await _all(names, plane.gateway.sessions, plane.gateway.changed)


async def outposts(plane: Plane, door: str, names: AbstractSet[str]) -> bool:
    """Wait until these nodes' outposts of a door are connected; False when some are not in time."""
    return await _all({(door, name) for name in names}, plane.outposts.sessions, plane.outposts.changed)


async def _all(wanted: AbstractSet[object], there: Collection[object], changed: asyncio.Event) -> bool:
    try:
        async with asyncio.timeout(PATIENCE):
            while not all(name in there for name in wanted):
                await changed.wait()
                changed.clear()
    except TimeoutError:
        return False
    return True
