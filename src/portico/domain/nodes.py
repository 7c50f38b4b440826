"""Nodes and Pools: where work can run, and who may use how much of it."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from portico.domain.identity import Instant, Micros
from portico.domain.lifecycle import LifeCycle
from portico.domain.resources import Ports
from portico.domain.slices import Slices


class NodeState(StrEnum):
    """Whether a node can be used."""

    READY = "ready"
    DRAINING = "draining"
    ABSENT = "absent"
    REMOVED = "removed"


_S = NodeState

NODE_LIFE = LifeCycle(
    "node",
    _S.ABSENT,
    {
        (_S.ABSENT, _S.READY): "its agent registered",
        (_S.READY, _S.ABSENT): "no word from its agent for too long",
        (_S.READY, _S.DRAINING): "an operator drains it",
        (_S.DRAINING, _S.READY): "an operator put it back",
        (_S.DRAINING, _S.ABSENT): "no word from its agent for too long",
        (_S.ABSENT, _S.REMOVED): "it was taken out of the configuration",
    },
)


class Unavailability(msgspec.Struct, frozen=True, omit_defaults=True):
    """When a node is planned to be away; no duration means until further notice."""

    start: Instant
    duration: Micros | None = None


class Node(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A machine, or a declared slice of one; its declared size is taken as true.

    `epoch` grows with each registration and fences reports; `sequence` is the last report taken in that
    incarnation of the agent. `reserved_ports` are (reservation text, ranges): disjoint parts of `ports`.
    """

    id: str
    capacity: Slices = ()
    ports: Ports = ()
    reserved_ports: tuple[tuple[str, Ports], ...] = ()
    unavailability: Unavailability | None = None
    attributes: dict[str, str] = {}
    state: NodeState = NodeState.ABSENT
    drain: bool = False
    epoch: int = 0
    incarnation: str = ""
    boot: str = ""
    sequence: int = 0
    registered_at: Instant = Instant(0)
    absent_at: Instant = Instant(0)
    warnings: tuple[str, ...] = ()


PORTICO = "portico"
OFFERS = "offers"
"""Who places a pool's work: the scheduling pass, or bidders that are offered space."""


class Pool(msgspec.Struct, frozen=True, omit_defaults=True, kw_only=True):
    """A place in the one capacity tree; a kind missing from `limit` is unlimited, from `share` counts 1000.

    `origin` says who made it: the configuration, which replaces only its own pools at each start, or a door. A quota is
    a reservation of an offer-driven pool.
    """

    id: str
    reservation: dict[str, int] = {}
    limit: dict[str, int] = {}
    share: dict[str, int] = {}
    placed_by: str = PORTICO
    origin: str = "configuration"


CONFIGURATION = "configuration"
ROOT_POOL = "/"


def parent_path(path: str) -> str:
    """Name the pool above; the root has none."""
    if path == ROOT_POOL:
        return ""
    head = path.rsplit("/", 1)[0]
    return head or ROOT_POOL


def lineage(path: str) -> list[str]:
    """Name a pool and all above it, itself first."""
    found = []
    while path:
        found.append(path)
        path = parent_path(path)
    return found
