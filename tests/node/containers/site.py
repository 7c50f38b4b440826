"""A node whose containers come from the layout of the tests."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

from node.control import Node, node, order

from portico.domain.containers import Container
from portico.domain.frames import LaunchOrder
from portico.domain.runs import Outcome
from portico.node.containers.bundles import state_place
from portico.node.site import slice_name

PLAIN = "acme/plain:1"
TALKS = "acme/talks:1"
QUITS = "acme/quits:1"


def table(layout: Path) -> dict[str, str]:
    return {
        PLAIN: f"oci:{layout}:plain",
        TALKS: f"oci:{layout}:talks",
        QUITS: f"oci:{layout}:quits",
    }


@contextlib.asynccontextmanager
async def ship(layout: Path, **settings: object) -> AsyncIterator[Node]:
    """Start a node that serves the images of the tests."""
    more = settings.pop("images", {})
    assert isinstance(more, dict)
    async with node(**{"cgroups": True, "images": {**table(layout), **more}, **settings}) as started:
        yield started


def boxed(run: str, *argv: str, image: str = PLAIN, **rest: object) -> LaunchOrder:
    """Give an order for a container; what a Container has goes there, the rest to the order."""
    names = set(Container.__struct_fields__)
    fields = {name: rest.pop(name) for name in list(rest) if name in names}
    return order(run, *argv, container=Container(image, **fields), **rest)  # type: ignore[arg-type]


def script(run: str, text: str, **rest: object) -> LaunchOrder:
    """Give an order for a shell script in a container."""
    return boxed(run, "/bin/sh", "-c", text, **rest)  # type: ignore[arg-type]


async def output(site: Node, run: str, name: str = "stdout") -> str:
    return (await site.control.ask("read", run, name)).data.decode()


async def told(site: Node, launch: LaunchOrder) -> tuple[Outcome, str]:
    """Run a container to its end; gives outcome and output."""
    site.control.launch(launch)
    outcome = await site.control.outcome(launch.run)
    return outcome, await output(site, launch.run)


def bundles(site: Node) -> list[Path]:
    """Give what the node keeps for containers that live or are not cleared away yet."""
    state = state_place(site.directory, slice_name(site.directory))
    places = [state / place for place in ("live", "retired")]
    return [entry for place in places if place.exists() for entry in place.iterdir()]
