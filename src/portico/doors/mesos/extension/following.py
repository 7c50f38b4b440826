"""The lives of tasks: what happens to a Run becomes a status of its task, in the same transaction.

Promises: a change that a framework is to hear is a row before it is told; the first terminal state wins; what a custom
executor says of its task is passed on as it said it, once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import structlog
from google.protobuf.message import DecodeError

from portico.control.cluster import runs
from portico.domain.frames import Observation
from portico.domain.identity import Instant
from portico.domain.runs import Form, Run, RunState, StopOrder, StopReason
from portico.doors.mesos import states
from portico.doors.mesos.extension.commands import KillTask
from portico.doors.mesos.extension.records import Framework, Task
from portico.doors.mesos.extension.standing import DOOR, NEVER, Standing
from portico.doors.mesos.extension.stepping import AT_ONCE
from portico.doors.mesos.outbound import statuses
from portico.doors.mesos.states import TaskKind, Told, View
from portico.wire.mesos import mesos_pb2 as pb

if TYPE_CHECKING:
    from portico.control.transaction import Transaction
    from portico.doors.mesos.extension.executors import Executors
    from portico.doors.mesos.extension.reconciling import Reconciling
    from portico.doors.mesos.extension.updates import Updates

_log = structlog.get_logger(__name__)


class Following:
    """Listens to Runs."""

    def __init__(self, standing: Standing, updates: Updates, executors: Executors, reconciling: Reconciling) -> None:
        self._standing = standing
        self._updates = updates
        self._executors = executors
        self._reconciling = reconciling
        standing.plane.run_listeners.append(self._on_run)
        standing.plane.note_listeners.append(self._on_note)

    def _on_run(self, tx: Transaction, old: Run, new: Run) -> None:
        if new.door != DOOR:
            return
        task = self._standing.tasks.get(new.id)
        if task is not None:
            if not task.terminal:
                self._follow(tx, task, old, new)
            self._executors.task_changed(tx, task, new)
        elif new.ended:
            self._executors.ended(tx, new)

    def _follow(self, tx: Transaction, task: Task, old: Run, new: Run) -> None:
        framework = self._standing.frameworks.get(task.framework)
        if framework is None:
            return
        kind = _kind(task, new)
        if kind is TaskKind.HOSTED and new.state is RunState.RUNNING and old.state is not RunState.UNREACHABLE:
            return  # its executor says so itself, in a note
        if new.outcome is not None and kind is TaskKind.HOSTED and new.outcome.output:
            self._relay(tx, task, new.outcome.output, new.ended_at)  # its last word, in case the note of it was lost
            if self._standing.tasks[task.id].terminal:
                return
        told = states.told(new, self._view(task, framework, kind))
        if new.state is RunState.RUNNING and new.checked != old.checked:
            told = states.check_changed(told)
        if new.state is RunState.UNREACHABLE:
            self._go_away(tx, task, told)
        else:
            at = new.ended_at if new.ended else tx.now
            self._add(tx, task, told, at)

    def _add(self, tx: Transaction, task: Task, told: Told, at: Instant) -> None:
        uuid = self._standing.fresh_uuid()
        status = statuses.status(told, task.task, self._standing.where(task), at, uuid)
        self._updates.add(tx, task, status, uuid, told.state, unreachable_at=NEVER)

    def _go_away(self, tx: Transaction, task: Task, told: Told) -> None:
        """Tell that a task's agent is away; for frameworks that know no such state this is the task's end."""
        status = statuses.status(told, task.task, self._standing.where(task), tx.now, unreachable_at=tx.now)
        self._updates.note(tx, task, status, told.state, unreachable_at=tx.now)

    def _view(self, task: Task, framework: Framework, kind: TaskKind) -> View:
        executor = self._standing.executors.get(task.executor) if task.executor else None
        agent = self._standing.agents.get(task.node)
        return View(
            kind,
            framework.capabilities,
            agent_away=agent is not None and agent.removed_at > 0,
            executor=self._executors.end_of(executor) if executor is not None else None,
        )

    def _on_note(self, tx: Transaction, run: Run, seen: Observation) -> None:
        """Pass on what a custom executor says of its task."""
        task = self._standing.tasks.get(run.id)
        if run.door == DOOR and task is not None and not task.terminal:
            self._relay(tx, task, seen.note, seen.at)

    def _relay(self, tx: Transaction, task: Task, written: bytes, at: Instant) -> None:
        try:
            said = pb.TaskStatus.FromString(written)
        except DecodeError:
            _log.warning("a note is no status", run=task.id)
            return
        if said.uuid in task.seen:
            return
        status = statuses.relayed(said, self._standing.where(task), at)
        self._updates.add(tx, task, status, said.uuid, pb.TaskState.Name(said.state))

    # ---- killing -----------------------------------------------------------------------------------------------

    async def kill(self, command: KillTask) -> None:
        """End a task, or tell where it stands when nobody knows it."""
        standing = self._standing
        async with standing.turn(command.framework):
            framework = standing.find_framework(command.framework)
            if framework is None:
                return
            task = standing.find_task(framework.id, command.task)
            with standing.plane.begin() as tx:
                if task is None:
                    self._reconciling.tell(tx, framework, command.task, command.agent)
                elif not command.agent or command.agent == standing.agent_of(task.node):
                    self._kill(tx, framework, task, command)
                    if task.unreachable_at and not task.terminal:  # nothing is heard of the kill for now
                        self._reconciling.tell(tx, framework, command.task, command.agent)
        await standing.plane.committer.settled(tx.revision)

    def _kill(self, tx: Transaction, framework: Framework, task: Task, command: KillTask) -> None:
        run = self._standing.plane.state.runs.get(task.id)
        if run is None or run.ended:
            return
        grace = run.grace if command.grace is None else max(AT_ONCE, command.grace)
        order = StopOrder(StopReason.CANCELLED, tx.now, grace, "Killed by its framework")
        runs.order_stop(self._standing.plane, tx, run, order)
        stopped = self._standing.plane.state.runs.get(task.id)
        if stopped is None or run.stop is not None or stopped.state is not RunState.RUNNING:
            return
        if run.spec.form is Form.PROCESS and "TASK_KILLING_STATE" in framework.capabilities:
            current = self._standing.tasks[task.id]
            self._add(tx, current, states.told(stopped, self._view(current, framework, _kind(task, run))), tx.now)


def _kind(task: Task, run: Run) -> TaskKind:
    if run.spec.form is Form.HOSTED:
        return TaskKind.HOSTED
    return TaskKind.GROUPED if task.executor else TaskKind.COMMAND
