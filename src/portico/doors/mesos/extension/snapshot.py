"""Everything there is at one moment, to be told off the loop.

Owns how a moment is taken: references to frozen records only, so that it costs a few milliseconds for a hundred
thousand of them. Promises: what a Snapshot holds is of one revision; it is durable before `take` gives it away.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from portico.domain.identity import Instant, Revision
from portico.domain.nodes import Node, NodeState, Pool
from portico.domain.offers import InverseOffer, InverseStatus, Offer
from portico.domain.runs import Run
from portico.domain.slices import Slices
from portico.domain.volumes import Volume
from portico.doors.mesos.extension.maintenance import machine_of
from portico.doors.mesos.extension.past import Past, read_past
from portico.doors.mesos.extension.records import Agent, Executor, Framework, Machine, Master, Task

if TYPE_CHECKING:
    from portico.doors.mesos.extension.standing import Place, Standing


class Snapshot(msgspec.Struct, frozen=True, eq=False, kw_only=True, gc=False):
    """One moment.

    `runs` are of every door. `lent` is what nodes have of revocable space. `addresses` (host, port) of agents are by
    node; `inverse_statuses` are what frameworks said when they were asked to leave, by machine.
    """

    revision: Revision
    at: Instant
    started_at: Instant
    master: Master
    place: Place
    pool_root: str
    frameworks: dict[str, Framework]
    tasks: list[Task]
    executors: dict[str, Executor]
    agents: dict[str, Agent]
    machines: dict[str, Machine]
    nodes: dict[str, Node]
    pools: dict[str, Pool]
    volumes: dict[str, Volume]
    runs: list[Run]
    doors: frozenset[str]
    offers: tuple[Offer, ...]
    inverse_offers: tuple[InverseOffer, ...]
    inverse_statuses: dict[str, dict[str, InverseStatus]]
    addresses: dict[str, tuple[str, int]]
    connected: frozenset[str]
    lent: dict[str, Slices] = {}
    past: Past = Past()

    def active(self, node: str) -> bool:
        """Tell whether a node's agent is there and may be offered."""
        record = self.nodes.get(node)
        return record is not None and node in self.connected and record.state is NodeState.READY

    def role_of(self, pool: str) -> str:
        """Name the role whose pool this is, empty for a pool of another door."""
        root = f"{self.pool_root}/"
        return pool.removeprefix(root) if pool.startswith(root) else ""


async def take(standing: Standing, started_at: Instant, *, past: bool = True) -> Snapshot:
    """Take the moment; with `past`, the newest of what is over as well. Raises Unavailable when the store fails."""
    snapshot = look(standing, started_at)
    plane = standing.plane
    await plane.committer.settled(snapshot.revision)
    if not past:
        return snapshot
    frameworks = list(snapshot.frameworks)
    found = await plane.history.later(lambda reader: read_past(reader, frameworks))
    return msgspec.structs.replace(snapshot, past=found)


def look(standing: Standing, started_at: Instant) -> Snapshot:
    """Take the moment as it is in memory."""
    plane = standing.plane
    state, offers = plane.state, plane.offers
    return msgspec.structs.replace(
        live(standing, started_at),
        frameworks=dict(standing.frameworks),
        tasks=list(standing.tasks.values()),
        executors=dict(standing.executors),
        agents=dict(standing.agents),
        machines=dict(standing.machines),
        nodes=dict(state.nodes),
        pools=dict(state.pools),
        volumes=dict(state.volumes),
        runs=list(state.runs.values()),
        doors=frozenset(job.door for job in state.jobs.values()),
        offers=tuple(offer for offer in offers.book.offers.values() if offer.id not in standing.kept_offers),
        inverse_offers=tuple(one for bidder in standing.outlets for one in offers.inverse.outstanding(bidder)),
        inverse_statuses=_answers(standing),
        addresses={node: (standing.hostname_of(node), standing.port_of(node)) for node in state.nodes},
        connected=frozenset(plane.gateway.sessions),
        lent={node: lent for node in state.nodes if (lent := plane.capacity.labelled.lent(node))},
    )


def live(standing: Standing, started_at: Instant, node: str = "") -> Snapshot:
    """Take the records themselves, which change under the reader: for use at once, on the loop.

    There is no work in it, and no address but that of the node named.
    """
    plane = standing.plane
    state = plane.state
    return Snapshot(
        revision=plane.committer.revision,
        at=plane.clock.now(),
        started_at=started_at,
        master=standing.master,
        place=standing.place,
        pool_root=standing.pool_root,
        frameworks=standing.frameworks,
        tasks=[],
        executors=standing.executors,
        agents=standing.agents,
        machines=standing.machines,
        nodes=state.nodes,
        pools=state.pools,
        volumes=state.volumes,
        runs=[],
        doors=frozenset(),
        offers=(),
        inverse_offers=(),
        inverse_statuses={},
        addresses={node: (standing.hostname_of(node), standing.port_of(node))} if node else {},
        connected=frozenset(plane.gateway.sessions) if node else frozenset(),
    )


def _answers(standing: Standing) -> dict[str, dict[str, InverseStatus]]:
    found: dict[str, dict[str, InverseStatus]] = {}
    for node in standing.plane.state.nodes.values():
        machine = machine_of(standing, node.id) if node.unavailability is not None else None
        if machine is not None:
            said = standing.plane.offers.inverse.statuses(node.id).items()
            known = {framework: answer for framework, answer in said if standing.find_framework(framework) is not None}
            found.setdefault(machine.id, {}).update(known)
    return found
