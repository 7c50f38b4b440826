"""RECONCILE and KILL of what is not known: telling a framework where its tasks stand.

Promises: every answer is the master's own, without uuid; an agent in transition gets no answer.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import msgspec

from portico.domain.identity import Instant
from portico.doors.mesos import states
from portico.doors.mesos.extension.commands import Reconcile
from portico.doors.mesos.extension.records import Framework, Task
from portico.doors.mesos.extension.standing import NEVER
from portico.doors.mesos.extension.telling import tell_all
from portico.doors.mesos.outbound import statuses
from portico.doors.mesos.outbound.statuses import Where
from portico.wire.mesos import mesos_pb2 as pb

if TYPE_CHECKING:
    from portico.control.transaction import Transaction
    from portico.doors.mesos.extension.standing import Standing
    from portico.doors.mesos.extension.updates import Updates


class Reconciling:
    """Answers RECONCILE."""

    def __init__(self, standing: Standing, updates: Updates) -> None:
        self._standing = standing
        self._updates = updates

    async def reconcile(self, command: Reconcile) -> None:
        """Begin to tell the state of the tasks named, or of all."""
        standing = self._standing
        async with standing.turn(command.framework):
            framework = standing.find_framework(command.framework)
            if framework is None:
                return
            named = command.tasks if command.tasks is not None else self._all(framework.id)
        tell_all(standing, framework.id, named, lambda tx, one: self.tell(tx, framework, *one))

    def _all(self, framework: str) -> Iterable[tuple[str, str]]:
        """Name a framework's tasks of now, less those that are over when their turn comes."""
        tasks = self._standing.tasks
        here = self._standing.framework_tasks[framework]
        return ((tasks[identity].task, "") for identity in here if identity in tasks and not tasks[identity].over)

    def tell(self, tx: Transaction, framework: Framework, task: str, agent: str) -> None:
        """Tell the state of one task, by the first rule that fits."""
        standing = self._standing
        known = standing.find_task(framework.id, task)
        if known is not None:
            self._updates.say_unkept(tx, framework.id, self._known(known, framework, tx))
            return
        node = standing.nodes_by_agent.get(agent, "")
        if node and self._in_transition(node):
            return
        away = Instant(standing.agents[node].removed_at) if node else NEVER
        told = states.unknown(framework.capabilities, unreachable=bool(away))
        status = statuses.status(told, task, Where(agent), tx.now, unreachable_at=away or None)
        self._updates.say_unkept(tx, framework.id, status)

    def _known(self, task: Task, framework: Framework, tx: Transaction) -> bytes:
        """Write where a task stood in the last update that was passed on; later ones are for it to hear in order."""
        if task.pending and task.state != "TASK_UNREACHABLE":
            status = task.pending[0].status
            state = pb.TaskState.Name(pb.TaskStatus.FromString(status).state)
            task = msgspec.structs.replace(task, state=state, statuses=(status,))
        return statuses.reconciled(task, self._standing.where(task), framework.capabilities, tx.now)

    def _in_transition(self, node: str) -> bool:
        """Tell whether an agent is away, but not yet given up."""
        agent = self._standing.agents[node]
        return node not in self._standing.plane.gateway.sessions and not agent.removed_at
