"""Commands: what each one does. A command's answer leaves when its change is durable."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from portico.control.cluster import nodes, runs
from portico.control.commands import BackUp, CancelInstances, Command, DrainNode, ScheduleKind, StopRun
from portico.control.jobs import catalogue, firing
from portico.control.jobs.instances import cancel
from portico.control.shaping import Shape
from portico.domain.errors import Conflict, Invalid, NotFound
from portico.domain.jobs import Instance
from portico.domain.runs import Run, StopOrder, StopReason

if TYPE_CHECKING:
    from portico.control.plane import Plane

CANCEL_SLICE = 200


async def submit(plane: Plane, command: Command, shape: Shape) -> Any:
    """Carry out a command; gives what `shape` makes of the answer."""
    plane.committer.check_room()
    if isinstance(command, ScheduleKind):
        with plane.begin() as tx:
            instance = catalogue.schedule(plane, tx, command)
        shaped = shape(instance)
        await plane.committer.settled(tx.revision)
        return shaped
    return shape(await _carry_out(plane, command))


async def _carry_out(plane: Plane, command: Command) -> Any:
    match command:
        case CancelInstances():
            return await _cancel(plane, command)
        case StopRun():
            return await _stop(plane, command)
        case DrainNode():
            return await _drain(plane, command)
        case BackUp():
            await plane.history.back_up(command.target)
            return None
        case _:
            handler = plane.handlers.get(type(command))
            if handler is None:
                raise Invalid(f"unknown command {type(command).__name__}")
            return await handler(command)


async def _cancel(plane: Plane, command: CancelInstances) -> list[Instance]:
    wanted = [
        instance.id
        for instance in _candidates(plane, command)
        if (not command.job or instance.job == command.job)
        and (not command.states or instance.state in command.states)
        and instance.job.startswith(catalogue.KIND_PREFIX)
        and (not instance.ended or _ends_schedule(plane, command, instance))
    ]
    cancelled: list[Instance] = []
    revision = plane.committer.revision
    for start in range(0, len(wanted), CANCEL_SLICE):
        with plane.begin() as tx:
            for identity in wanted[start : start + CANCEL_SLICE]:
                instance = plane.state.instances.get(identity)
                if instance is None:
                    continue
                if not instance.ended:
                    cancelled.append(cancel(plane, tx, instance))
                elif _ends_schedule(plane, command, instance):
                    cancelled.append(firing.withdraw(plane, tx, instance))
        revision = tx.revision
        await asyncio.sleep(0)
    await plane.committer.settled(revision)
    return cancelled


def _candidates(plane: Plane, command: CancelInstances) -> list[Instance]:
    """Give what a command may mean: the Instances that live, and those that schedules reopen."""
    instances = plane.state.instances
    if command.id:
        identities = [command.id]
    elif command.job:
        job = plane.state.jobs.get(command.job)
        identities = [*plane.job_instances[command.job], *([job.recurring] if job is not None else [])]
    else:
        return list(instances.values())
    return [instances[identity] for identity in dict.fromkeys(identities) if identity in instances]


def _ends_schedule(plane: Plane, command: CancelInstances, instance: Instance) -> bool:
    """Tell whether a command means the schedule of an Instance that is between two firings: it must name it."""
    named = bool(command.id or command.job) and not command.states
    return named and firing.awaits_firing(plane, instance)


async def _stop(plane: Plane, command: StopRun) -> Run:
    run = plane.state.runs.get(command.run)
    if run is None:
        row = plane.history.now(lambda reader: reader.get("runs", command.run))
        if row is None:
            raise NotFound(f"no Run {command.run}")
        raise Conflict(f"Run {command.run} has ended")
    with plane.begin() as tx:
        grace = run.grace if command.grace is None else command.grace
        runs.order_stop(plane, tx, run, StopOrder(StopReason.CANCELLED, tx.now, grace, "stopped by an operator"))
        stopped = plane.state.runs.get(run.id, run)
    await plane.committer.settled(tx.revision)
    return stopped


async def _drain(plane: Plane, command: DrainNode) -> None:
    node = plane.state.nodes.get(command.node)
    if node is None:
        raise NotFound(f"no node {command.node}")
    with plane.begin() as tx:
        nodes.drain(plane, tx, node, wanted=command.drain)
    await plane.committer.settled(tx.revision)
