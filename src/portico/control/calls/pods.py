"""What there is of each partition's pods: their Instances, Runs and call agents, put together for deciding.

Remembers since when a pod that does nothing is as it is, which is soft: after a restart one that runs counts as seen
when its agent had time to come back.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import msgspec

from portico.control.calls.holding import Agent
from portico.control.cluster.capacity import wanted
from portico.deciding.pods import Fleet, Phase, Pod
from portico.domain.calls.values import Partition
from portico.domain.identity import SECOND, Instant, Micros
from portico.domain.nodes import NodeState, lineage
from portico.domain.resources import Amounts
from portico.domain.runs import Run, RunSpec
from portico.domain.slices import plain_sums

if TYPE_CHECKING:
    from portico.control.plane import Plane

PARTITION = "portico.partition"
"""The label that names the partition of a Run."""
FORM = "portico.form"
"""The label that tells by which configuration a pod was made."""

RETURN = Micros(10 * SECOND)
"""How long agents have to come back after a restart, before their pods count as idle."""

_Shape = tuple[tuple[str, int], ...]


class PodFleet(msgspec.Struct, frozen=True):
    """A partition with workers, the Job that keeps them, and what runs beside each agent, if its worker does, with the
    grace that has."""

    partition: Partition
    job: str
    beside: RunSpec | None = None
    grace: Micros = Micros(5 * SECOND)


class _Sight(msgspec.Struct, frozen=True, gc=False):
    """A pod that does nothing as it was seen, and since when it is like that: an agent that has reported since then has
    done something."""

    phase: Phase
    run: str
    reports: int
    since: Instant


class Lookout:
    """Sees all pods of one server."""

    def __init__(self, plane: Plane) -> None:
        self._plane = plane
        self._before: dict[str, _Sight] = {}
        self._seen: dict[str, _Sight] = {}
        self._returned_at = Instant(0)

    def begin(self, now: Instant) -> None:
        """Take it that the server has just started."""
        self._returned_at = Instant(now + RETURN)

    def look(self, fleets: Sequence[PodFleet], yielded: Mapping[str, int], now: Instant) -> list[Fleet]:
        """Give each fleet as it is; `yielded` is how many pods a partition has given to others."""
        self._before, self._seen = self._seen, {}
        return [self._fleet(fleet, yielded.get(fleet.partition.id, 0), now) for fleet in fleets]

    def _fleet(self, fleet: PodFleet, yielded: int, now: Instant) -> Fleet:
        plane, name = self._plane, fleet.partition.id
        form = plane.state.jobs[fleet.job].template.labels.get(FORM)
        agents = {agent.run: agent for agent in plane.calls.agents.of(name) if agent.run}
        strangers = sum(agent.idle for agent in plane.calls.agents.of(name) if not agent.run)
        pods: list[Pod] = []
        leaving = 0
        possible: dict[_Shape, bool] = {}
        for identity in plane.job_instances[fleet.job]:
            instance = plane.state.instances[identity]
            run = plane.state.runs.get(instance.attempt)
            if instance.cancel:
                leaving += run is not None and bool(run.node)
            else:
                pod = self._pod(identity, run, agents.get(instance.attempt), possible, now)
                outdated = run is not None and run.stop is None and run.labels.get(FORM) != form
                pods.append(msgspec.structs.replace(pod, outdated=True) if outdated else pod)
        return Fleet(
            fleet.partition,
            tuple(pods),
            queued=max(0, plane.calls.queues.depth(name) - strangers),
            held=sum(len(agent.held) for agent in agents.values()),
            leaving=leaving,
            yielded=yielded,
        )

    def _pod(
        self, identity: str, run: Run | None, agent: Agent | None, possible: dict[_Shape, bool], now: Instant
    ) -> Pod:
        phase = self._phase(run, agent, possible)
        if phase is Phase.BUSY:
            assert agent is not None
            return Pod(identity, phase, _at_work_since(agent))
        if phase is Phase.WAITING:
            assert run is not None
            return Pod(identity, phase, run.created_at)
        name = run.id if run is not None else ""
        reports = agent.sequence if agent is not None else 0
        before = self._before.get(identity)
        since = now
        if before is not None and before.phase is phase and before.run == name and before.reports == reports:
            self._seen[identity] = before
            return Pod(identity, phase, before.since)
        if before is None and agent is None and run is not None and run.started_at:
            since = Instant(max(now, self._returned_at))
        self._seen[identity] = _Sight(phase, name, reports, since)
        return Pod(identity, phase, since)

    def _phase(self, run: Run | None, agent: Agent | None, possible: dict[_Shape, bool]) -> Phase:
        if run is None or run.stop is not None:
            return Phase.HELD
        if not run.node:
            shape = tuple(sorted(wanted(run).items()))
            if shape not in possible:
                possible[shape] = self._can_have_room(run)
            return Phase.WAITING if possible[shape] else Phase.HELD
        if agent is None:
            return Phase.STARTING
        return Phase.IDLE if agent.idle else Phase.BUSY

    def _can_have_room(self, run: Run) -> bool:
        """Tell whether a node could hold a Run if others went, and its pool's limit lets it have that."""
        amounts, state = wanted(run), self._plane.state
        for path in lineage(run.pool):
            pool = state.pools.get(path)
            if pool is not None and pool.limit and _exceeds(self._allocated(path), amounts, pool.limit):
                return False
        ready = (node for node in state.nodes.values() if node.state is NodeState.READY)
        return any(
            all(have.get(kind, 0) >= amount for kind, amount in amounts.items())
            for have in (plain_sums(node.capacity) for node in ready)
        )

    def _allocated(self, path: str) -> dict[str, int]:
        """Sum what a pool and all below it have."""
        found: dict[str, int] = {}
        for pool, amounts in self._plane.capacity.allocation.items():
            if path in lineage(pool):
                for kind, amount in amounts.items():
                    found[kind] = found.get(kind, 0) + amount
        return found


def _at_work_since(agent: Agent) -> Instant:
    """Give when an agent began its Call, or got it: agents tell only of Calls that last."""
    return agent.begun_at if agent.begun else next(iter(agent.held.values())).at


def _exceeds(have: Amounts, more: Amounts, limit: Amounts) -> bool:
    return any(have.get(kind, 0) + amount > limit[kind] for kind, amount in more.items() if kind in limit)
