"""ACCEPT: offers become reservations, volumes, executors and tasks, operation by operation.

Promises: offers that are not all there, or not of one agent and role, are all given back and every task of the call is
told lost; a wrong task is TASK_ERROR and the others go on; a wrong RESERVE, UNRESERVE, CREATE or DESTROY is left out
with a word in the log; what is left goes back with the call's filter. A long ACCEPT takes several steps, between which
others have their turn: no other call of its framework that could see it half done, but whoever may take offered space;
what no longer fits then is told lost like what comes too late.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Iterator
from typing import TYPE_CHECKING

import msgspec
import structlog

from portico.domain.errors import PorticoError
from portico.domain.offers import InvalidOffers
from portico.doors.mesos import states
from portico.doors.mesos.extension import holdings, relabelling
from portico.doors.mesos.extension.commands import Accept
from portico.doors.mesos.extension.launching import Launching, Spot
from portico.doors.mesos.extension.plans import (
    Dropped,
    Held,
    Launch,
    LaunchGroup,
    Operation,
    TaskPlan,
)
from portico.doors.mesos.extension.records import Framework
from portico.doors.mesos.extension.standing import Standing
from portico.doors.mesos.extension.updates import Updates
from portico.doors.mesos.inbound import operations as inbound
from portico.doors.mesos.outbound import statuses
from portico.doors.mesos.outbound.statuses import Where
from portico.doors.mesos.states import Told
from portico.wire.mesos import mesos_pb2 as pb

if TYPE_CHECKING:
    from portico.control.transaction import Transaction

_log = structlog.get_logger(__name__)

SLICE = 25
"""Tasks that one step starts, unless they are of one group."""
SLICE_LOST = 100


class Accepting:
    """Carries out ACCEPT calls."""

    def __init__(self, standing: Standing, updates: Updates) -> None:
        self._standing = standing
        self._updates = updates
        self._launching = Launching(standing)

    async def accept(self, command: Accept) -> None:
        """Use offers; whatever goes wrong is told by status updates."""
        standing = self._standing
        async with standing.turn(command.framework):
            framework = standing.find_framework(command.framework)
            if framework is not None:
                await self._accept(framework, command)
        await standing.plane.committer.settled(standing.plane.committer.revision)

    async def _accept(self, framework: Framework, command: Accept) -> None:
        offers, plane = self._standing.plane.offers, self._standing.plane
        try:
            taken = offers.take(framework.id, command.offers)
        except InvalidOffers as error:
            await self._refuse_all(framework, command, str(error))
            return
        spot = Spot(framework, taken[0], holdings.join(taken))
        asked = self._standing.asked(framework, spot.node, spot.role)
        try:
            await self._use(spot, inbound.read(command.accept.operations, asked))
        finally:
            left = spot.left
            with plane.begin() as tx:
                tx.after(
                    lambda: offers.give_back(
                        spot.node, framework.id, spot.role, left.slices, left.ports, command.refuse
                    )
                )

    async def _refuse_all(self, framework: Framework, command: Accept, why: str) -> None:
        _log.info("offers invalid", framework=framework.id, reason=why)
        told = _invalid(framework, why)
        named = inbound.tasks_named(command.accept.operations)
        while part := list(itertools.islice(named, SLICE_LOST)):
            with self._standing.plane.begin() as tx:
                for task, agent, executor in part:
                    self._tell(tx, framework, task, Where(agent, executor), told)
            await asyncio.sleep(0)

    async def _use(self, spot: Spot, operations: Iterator[Operation]) -> None:
        """Carry operations out, as many at a time as make a short step."""
        lost: Told | None = None
        for number, step in enumerate(_steps(operations)):
            if number:
                await self._rest(spot)
                lost = lost or self._ground_lost(spot)
            with self._standing.plane.begin() as tx:
                for operation in step:
                    if lost is None:
                        self._carry_out(tx, spot, operation)
                    else:
                        self._lose(tx, spot, operation, lost)
                self._launching.send(tx, spot)
        if lost is not None:
            spot.left = Held()

    async def _rest(self, spot: Spot) -> None:
        """Let others have their turn; what is left stays in the book of offers, so that it is offered to nobody."""
        book, kept = self._standing.plane.offers.book, self._standing.kept_offers
        offer = msgspec.structs.replace(
            spot.offer, id=f"{spot.offer.id}-kept", slices=spot.left.slices, ports=spot.left.ports
        )
        book.add(offer)
        kept.add(offer.id)
        try:
            await asyncio.sleep(0)
        finally:
            kept.discard(offer.id)
            if offer.id in book.offers:
                book.remove(offer.id)

    def _ground_lost(self, spot: Spot) -> Told | None:
        """Say why an ACCEPT cannot go on after others had their turn; None: it can."""
        standing, node, framework = self._standing, spot.node, spot.framework
        plane, agent = standing.plane, standing.agents.get(node)
        if agent is None or agent.removed_at:
            return states.refused("REASON_AGENT_REMOVED", "Agent is unreachable", framework.capabilities)
        if node not in plane.gateway.sessions:
            return states.refused("REASON_AGENT_DISCONNECTED", "Agent is disconnected", framework.capabilities)
        if standing.find_framework(framework.id) is None:
            return _invalid(framework, "the framework was removed")
        free = Held(plane.capacity.free_slices(node), plane.capacity.free_ports(node))
        if not plane.offers.usable(node) or not holdings.holds(free, spot.left):
            return _invalid(framework, "what is left of the offers is no longer free")
        return None

    def _carry_out(self, tx: Transaction, spot: Spot, operation: Operation) -> None:
        match operation:
            case Launch():
                for plan in operation.tasks:
                    self._launch(tx, spot, plan)
            case LaunchGroup():
                self._launch_group(tx, spot, operation)
            case Dropped():
                self._drop(spot, operation.kind, operation.problem)
            case _:
                self._launching.send(tx, spot)
                try:
                    spot.left = relabelling.relabel(self._standing, tx, spot, operation)
                except PorticoError as error:
                    self._drop(spot, type(operation).__name__, str(error))

    def _drop(self, spot: Spot, kind: str, problem: str) -> None:
        _log.warning("operation dropped", framework=spot.framework.id, operation=kind, reason=problem)

    def _launch(self, tx: Transaction, spot: Spot, plan: TaskPlan) -> None:
        problem = self._launching.problem_of(spot, plan)
        if not problem and plan.executor is not None and self._launching.is_leaving(spot, plan.executor):
            self._lose_tasks(tx, spot, (plan,), plan.executor.executor, _leaving(spot.framework))
            return
        problem = problem or self._launching.take(spot, self._launching.needed(spot, (plan,), plan.executor))
        if problem:
            self._lose_tasks(tx, spot, (plan,), _executor_of(plan), states.wrong("REASON_TASK_INVALID", problem))
        else:
            self._launching.launch(tx, spot, plan)

    def _launch_group(self, tx: Transaction, spot: Spot, group: LaunchGroup) -> None:
        problems = (self._launching.problem_of(spot, plan) for plan in group.tasks)
        problem = group.problem or next(filter(None, problems), "")
        executor = group.executor
        if not problem and self._launching.is_leaving(spot, executor):
            self._lose_tasks(tx, spot, group.tasks, executor.executor, _leaving(spot.framework))
            return
        problem = problem or self._launching.take(spot, self._launching.needed(spot, group.tasks, executor))
        if problem:
            told = states.wrong("REASON_TASK_GROUP_INVALID", problem)
            self._lose_tasks(tx, spot, group.tasks, executor.executor, told)
        else:
            self._launching.launch_group(tx, spot, group.tasks, executor)

    def _lose(self, tx: Transaction, spot: Spot, operation: Operation, told: Told) -> None:
        """Say of the tasks of an operation that they were never launched."""
        match operation:
            case Launch():
                for plan in operation.tasks:
                    self._lose_tasks(tx, spot, (plan,), _executor_of(plan), told)
            case LaunchGroup():
                self._lose_tasks(tx, spot, operation.tasks, operation.executor.executor, told)
            case _:
                self._drop(spot, type(operation).__name__, told.message)

    def _lose_tasks(self, tx: Transaction, spot: Spot, plans: tuple[TaskPlan, ...], executor: str, told: Told) -> None:
        for plan in plans:
            self._tell(tx, spot.framework, plan.task, Where(plan.agent, executor), told)

    def _tell(self, tx: Transaction, framework: Framework, task: str, where: Where, told: Told) -> None:
        self._updates.say_unkept(tx, framework.id, statuses.status(told, task, where, tx.now))


def _executor_of(plan: TaskPlan) -> str:
    """Name the executor that a task was for; of one that is wrong in itself only its words are known."""
    if plan.executor is not None:
        return plan.executor.executor
    return pb.TaskInfo.FromString(plan.info).executor.executor_id.value if plan.problem else ""


def _steps(operations: Iterator[Operation]) -> Iterator[list[Operation]]:
    """Put operations together that make one step."""
    step: list[Operation] = []
    size = 0
    for operation in operations:
        step.append(operation)
        size += len(operation.tasks) if isinstance(operation, Launch | LaunchGroup) else 1
        if size >= SLICE:
            yield step
            step, size = [], 0
    if step:
        yield step


def _invalid(framework: Framework, why: str) -> Told:
    return states.refused("REASON_INVALID_OFFERS", f"Task launched with invalid offers: {why}", framework.capabilities)


def _leaving(framework: Framework) -> Told:
    told = states.refused("REASON_EXECUTOR_TERMINATED", "Executor is being shut down", framework.capabilities)
    return msgspec.structs.replace(told, source=states.AGENT)
