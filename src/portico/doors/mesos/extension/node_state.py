"""Everything of this door on one node, as its outpost tells it: frameworks, executors, tasks, containers.

What is active is picked from memory, history read off the loop, and messages are made there too. Promises: what is told
was durable; ended things are told newest first, up to a bound.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeVar
from weakref import WeakKeyDictionary

import msgspec

from portico.control.records import RecordTable
from portico.control.state import Grouped
from portico.domain.errors import NotFound
from portico.domain.runs import Form, Run, RunState
from portico.doors.mesos.extension.records import EXECUTORS, TASKS, Executor, Framework, Task
from portico.doors.mesos.extension.standing import Standing
from portico.doors.mesos.outbound import agents
from portico.doors.mesos.outbound.task_writer import TaskWriter
from portico.doors.mesos.outpost import words
from portico.store.port import Condition, Operator, Reader, Select
from portico.wire.mesos import mesos_pb2 as pb

R = TypeVar("R", Task, Executor)

NAME = "mesos.container"
"""The label of a nested container's Run that holds its name within its parent."""

MOST_COMPLETED = 1_000
"""Ended tasks and executors, of all nodes, among which those of one node are looked for."""

_unfinished: WeakKeyDictionary[Standing, Grouped] = WeakKeyDictionary()


class _Now(msgspec.Struct, frozen=True):
    """What a node has at one moment."""

    tasks: tuple[Task, ...]
    executors: tuple[Executor, ...]
    runs: tuple[Run, ...]


async def tell(standing: Standing, node: str) -> words.AgentState:
    """Tell everything that is on a node; raises NotFound for one that never registered."""
    if node not in standing.agents:
        raise NotFound(f"node {node} has not registered")
    revision = standing.plane.committer.revision
    now = _take_stock(standing, node)
    agent, info = standing.agent_of(node), agents.info(standing, node).SerializeToString()
    await standing.plane.committer.settled(revision)
    frameworks = dict(standing.frameworks)
    address = standing.place.address
    writer = TaskWriter({node: standing.agents[node]}, {one.id: one for one in now.executors})

    def compose(reader: Reader) -> words.AgentState:
        over = _completed(reader, TASKS, node)
        ended = _completed(reader, EXECUTORS, node)
        here = {one.framework for one in now.tasks} | {one.framework for one in now.executors}
        past = {one.framework for one in over} | {one.framework for one in ended}
        return words.AgentState(
            agent,
            info,
            tuple(_framework(frameworks[one]) for one in sorted(here) if one in frameworks),
            tuple(_framework(frameworks[one]) for one in sorted(past - here) if one in frameworks),
            (*_executors(now), *(words.ExecutorEntry(one.id, one.framework, one.info, ended=True) for one in ended)),
            (*_tasks(now, writer), *(words.TaskEntry("completed", writer.write(one)) for one in over)),
            tuple(_containers(now, address)),
        )

    return await standing.plane.history.later(compose)


def _take_stock(standing: Standing, node: str) -> _Now:
    index = _unfinished.get(standing)
    if index is None:
        index = _unfinished[standing] = Grouped(lambda task: "" if task.over else task.node)
        standing.plane.state.index("mesos_tasks", index)
    runs = standing.plane.state.runs
    present = [run for identity in standing.plane.node_runs[node] if (run := runs.get(identity)) is not None]
    executors = [executor for run in present if (executor := standing.executors.get(run.id)) is not None]
    tasks = [standing.tasks[identity] for identity in index[node]]
    return _Now(tuple(tasks), tuple(executors), tuple(run for run in present if run.door == "mesos"))


def _completed(reader: Reader, table: RecordTable[R], node: str) -> list[R]:
    """Read the newest of what is over, and pick out what was on the node."""
    over = ((Condition("active", Operator.EQ, 0),),)
    rows = reader.select(Select(table.name, over, order=(("ended_at", False),), limit=MOST_COMPLETED))
    records = [table.load(row) for row in rows]
    return [record for record in records if record.node == node]


def _framework(framework: Framework) -> bytes:
    """Give a FrameworkInfo with the framework's id in it: parts of a message that follow each other are merged."""
    return framework.info + pb.FrameworkInfo(id=pb.FrameworkID(value=framework.id)).SerializePartialToString()


def _executors(now: _Now) -> Iterable[words.ExecutorEntry]:
    for executor in now.executors:
        yield words.ExecutorEntry(executor.id, executor.framework, executor.info)
    running = {run.id for run in now.runs}
    for task in now.tasks:
        if task.command and task.id in running:
            yield words.ExecutorEntry(task.id, task.framework, command_executor(task))


def _tasks(now: _Now, writer: TaskWriter) -> Iterable[words.TaskEntry]:
    launching = {run.id for run in now.runs if run.state is RunState.LAUNCHING}
    for task in sorted(now.tasks, key=lambda task: task.created_at):
        kind = "terminated" if task.terminal else "queued" if task.id in launching else "launched"
        yield words.TaskEntry(kind, writer.write(task))


def _containers(now: _Now, address: str) -> Iterable[words.ContainerFact]:
    """Give the containers, parents first; `address` is that of containers on their agent's network."""
    tasks = {task.id: task for task in now.tasks}
    executors = {executor.id: executor for executor in now.executors}
    known: dict[str, words.ContainerFact] = {}
    for run in sorted(now.runs, key=lambda run: run.created_at):
        if run.spec.form is Form.HOSTED:
            continue
        parent = known.get(run.parent)
        executor, task = executors.get(run.id), tasks.get(run.id)
        if executor is not None:
            fact = words.ContainerFact(run.id, executor.framework, executor.executor, info=executor.info)
        elif task is not None and parent is not None:
            fact = words.ContainerFact(run.id, task.framework, parent.executor, parent=parent.run, task=task.task)
            fact = msgspec.structs.replace(fact, info=command_executor(task))
        elif task is not None:
            fact = words.ContainerFact(run.id, task.framework, task.task, task=task.task, info=command_executor(task))
        elif parent is not None:
            fact = msgspec.structs.replace(parent, run=run.id, parent=parent.run, task="", info=b"")
        else:
            continue  # what it was in is over, and it is about to be
        shared = parent.address if parent is not None and run.spec.join_parent else address
        known[run.id] = msgspec.structs.replace(
            fact, name=run.labels.get(NAME, ""), started_at=run.started_at, address=run.address or shared
        )
    return known.values()


def command_executor(task: Task) -> bytes:
    """Write the ExecutorInfo that stands for the built-in executor of a task that is its own."""
    info = pb.TaskInfo.FromString(task.info)
    described = (
        info.command.value if info.command.shell else " ".join((info.command.value, *info.command.arguments[1:]))
    )
    shown = f"sh -c '{described}'" if info.command.shell else described
    message = pb.ExecutorInfo(
        executor_id=pb.ExecutorID(value=task.task),
        framework_id=pb.FrameworkID(value=task.framework),
        name=f"Command Executor (Task: {task.task}) (Command: {shown})",
        source=task.task,
        resources=info.resources,
    )
    return message.SerializeToString()
