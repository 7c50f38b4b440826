"""Which committed changes operators are told of, and as what.

Owns what was told last of each task and agent. Promises: a task is added before it is updated; a change that tells
nothing new of a task (an acknowledgement, a flag) is no event.
"""

from __future__ import annotations

from collections.abc import Callable

from portico.domain.events import Event
from portico.domain.runs import ON_NODE, Run
from portico.doors.mesos.extension.records import Agent, Task
from portico.doors.mesos.extension.snapshot import Snapshot
from portico.doors.mesos.extension.standing import DOOR
from portico.doors.mesos.outbound import operator_events, residents
from portico.doors.mesos.outbound.state import View
from portico.doors.mesos.outbound.task_writer import TaskWriter
from portico.wire.mesos import master_pb2


class Changes:
    """What follows on one moment; `live` gives the records as they are now, with the address of one node."""

    def __init__(self, start: Snapshot, live: Callable[[str], Snapshot]) -> None:
        self._live = live
        self._removed = {agent.id: bool(agent.removed_at) for agent in start.agents.values()}
        self._statuses = {task.id: task.statuses for task in start.tasks}
        self._runs = {run.id: residents.told(run).state for run in residents.residents(start.runs)}

    def tell(self, event: Event) -> master_pb2.Event | None:
        """Write a change, if it is one for operators."""
        match event.record:
            case Task() as task:
                return self._task(task)
            case Agent() as agent:
                return self._agent(agent)
            case Run() as run if run.door != DOOR:
                return self._run(run)
        return None

    def _task(self, task: Task) -> master_pb2.Event | None:
        before = self._statuses.get(task.id)
        if task.over:
            self._statuses.pop(task.id, None)
        else:
            self._statuses[task.id] = task.statuses
        if before is None:
            if task.over:
                return None
            snapshot = self._live("")
            return operator_events.task_added(TaskWriter(snapshot.agents, snapshot.executors).write(task))
        if before == task.statuses or not task.statuses:
            return None
        return operator_events.task_updated(task.framework, task.statuses[-1], task.state)

    def _run(self, run: Run) -> master_pb2.Event | None:
        before = self._runs.get(run.id)
        if before is None and run.state not in ON_NODE:
            return None
        state = residents.told(run).state
        if run.ended:
            self._runs.pop(run.id, None)
        else:
            self._runs[run.id] = state
        if before == state:
            return None
        snapshot = self._live("")
        if before is None:
            return operator_events.task_added(residents.ResidentWriter(snapshot).write(run))
        status = residents.status(run, snapshot.agents, snapshot.place.address)
        return operator_events.task_updated(residents.framework_of(run), status)

    def _agent(self, agent: Agent) -> master_pb2.Event | None:
        removed = bool(agent.removed_at)
        before = self._removed.get(agent.id, True)
        self._removed[agent.id] = removed
        if before == removed:
            return None
        if removed:
            return operator_events.agent_removed(agent.agent)
        snapshot = self._live(agent.id)
        if agent.id not in snapshot.nodes:
            return None
        return operator_events.agent_added(View(snapshot).agent(agent))
