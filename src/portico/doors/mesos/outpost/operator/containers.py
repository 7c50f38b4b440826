"""The containers of a node with what they use, measured when asked."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable
from typing import cast

import msgspec

from portico.domain.errors import PorticoError
from portico.domain.frames import Usage
from portico.doors.mesos.outpost import words
from portico.doors.mesos.outpost.operator import kernel
from portico.doors.mesos.outpost.operator.lookup import Containers
from portico.doors.mesos.outpost.operator.perf import Sampler
from portico.doors.mesos.outpost.operator.site import Ask
from portico.doors.mesos.outpost.operator.statistics import Sample, statistics
from portico.doors.mesos.outpost.words import AgentState, ContainerFact
from portico.doors.mesos.serving.exchange import Refused
from portico.wire.mesos import mesos_pb2 as pb


class Measured(msgspec.Struct, frozen=True):
    """A container, how others see it, and what it uses."""

    fact: ContainerFact
    name: str
    source: str
    status: pb.ContainerStatus
    statistics: pb.ResourceStatistics | None = None


class Measuring:
    """Measures containers; remembers the last sample of each for the counters that are told per time.

    Where the kernel's own counters are sampled, only those are told.
    """

    def __init__(self, ask: Ask, sampler: Sampler) -> None:
        self._ask = ask
        self._sampler = sampler
        self._samples: dict[str, Sample] = {}

    async def measure(self, *, nested: bool = False) -> list[Measured]:
        """Measure the running containers; those within others only when asked for.

        Raises Refused with 500 when nobody says what they use, Unavailable when nobody says which there are.
        """
        state = cast("AgentState", await self._ask(words.TellState()))
        try:
            usages = cast("words.Usages", await self._ask(words.TellUsage()))
        except PorticoError as error:
            raise Refused(500, f"Failed to collect the use of containers: {error}") from error
        facts = [fact for fact in state.containers if fact.started_at and (nested or not fact.parent)]
        return await asyncio.to_thread(self._measure, state, facts, {usage.run: usage for usage in usages.usages})

    def _measure(self, state: AgentState, facts: list[ContainerFact], usages: dict[str, Usage]) -> list[Measured]:
        containers = Containers(state)
        at = time.time()
        pids = kernel.leaders(fact.run for fact in facts)
        seen = {run: kernel.look(pid, run) for run, pid in pids.items()}
        before = self._samples if not self._sampler.wanted else {}
        self._samples = {
            run: Sample(at, usages[run].cpu_micros, look.switches) for run, look in seen.items() if run in usages
        }
        tasks = [pb.Task.FromString(entry.task) for entry in state.tasks if entry.kind in ("launched", "queued")]
        measured = []
        for fact in facts:
            info = pb.ExecutorInfo.FromString(fact.info) if fact.info else pb.ExecutorInfo()
            use, look = usages.get(fact.run), seen.get(fact.run)
            perf = self._sampler.sample_of(fact.run)
            numbers = statistics(at, use, look, _resources(fact, info, tasks), before.get(fact.run), perf)
            status = container_status(containers, fact, pids.get(fact.run, 0))
            measured.append(Measured(fact, info.name, info.source, status, numbers))
        return measured


def container_status(containers: Containers, fact: ContainerFact, pid: int = 0) -> pb.ContainerStatus:
    """Write the status of a container."""
    status = pb.ContainerStatus(container_id=containers.id_of(fact))
    if pid:
        status.executor_pid = pid
    if fact.address:
        status.network_infos.add().ip_addresses.add().ip_address = fact.address
    return status


def _resources(fact: ContainerFact, info: pb.ExecutorInfo, tasks: Iterable[pb.Task]) -> list[pb.Resource]:
    """Give what a container may use: an executor and its tasks together, or the task that it is."""
    resources = list(info.resources)
    if not fact.task and not fact.parent:
        for task in tasks:
            if (task.framework_id.value, task.executor_id.value) == (fact.framework, fact.executor):
                resources += task.resources
    return resources
