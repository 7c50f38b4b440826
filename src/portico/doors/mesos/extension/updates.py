"""Status updates on their way to a framework: one at a time per task, said again until acknowledged.

Promises: an update is a row before it is said; the next one of a task is said only when the one before was
acknowledged; a terminal task is over once its last update was. Updates that the master makes itself have no uuid, are
said once and never kept.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from portico.domain.identity import Instant
from portico.doors.mesos import states
from portico.doors.mesos.extension.happenings import Updated
from portico.doors.mesos.extension.records import Pending, Task
from portico.doors.mesos.extension.telling import tell_all
from portico.doors.mesos.outbound import statuses

if TYPE_CHECKING:
    from portico.control.transaction import Transaction
    from portico.doors.mesos.extension.standing import Standing

RETRY = "mesos_retry"
SEEN = 64
"""Uuids by which an update is known again that a node says again."""
MOST_PENDING = 100
"""Updates of one task that wait for its framework; a further one takes the place of the last of them."""
MOST_STATUSES = 100
"""Statuses of one task that its history keeps, the newest; an executor may go to and fro between states for ever."""


class Updates:
    """The updates of all frameworks; `_tries` counts how often the one under way of each task was said."""

    def __init__(self, standing: Standing) -> None:
        self._standing = standing
        self._tries: dict[str, int] = {}
        self._due: dict[str, Instant] = {}
        standing.plane.timers.handle(RETRY, self._on_retry)

    def add(self, tx: Transaction, task: Task, status: bytes, uuid: bytes, state: str, **facts: object) -> Task:
        """Note a new status of a task and let it wait for its turn; `facts` are further fields of the record."""
        updated = msgspec.structs.replace(
            _progress(task, status, state, tx.now),
            pending=(*task.pending[: MOST_PENDING - 1], Pending(uuid, status)),
            seen=(*task.seen, uuid)[-SEEN:],
            **facts,
        )
        tx.put(updated)
        if len(updated.pending) == 1:
            tx.after(lambda: self._say(task.id))
        return updated

    def say_unkept(self, tx: Transaction, framework: str, status: bytes) -> None:
        """Say an update of the master's own, once what it tells of is durable."""
        tx.after(lambda: self._standing.tell(framework, Updated(status)))

    def note(self, tx: Transaction, task: Task, status: bytes, state: str, **facts: object) -> Task:
        """Note a status that the master made, and say it once."""
        updated = msgspec.structs.replace(_progress(task, status, state, tx.now), **facts)
        updated = _finish(updated)
        tx.put(updated)
        self.say_unkept(tx, task.framework, status)
        return updated

    def acknowledge(self, tx: Transaction, task: Task, uuid: bytes) -> None:
        """Let go of the update under way, if this is its uuid, and say the next one."""
        if not task.pending or task.pending[0].uuid != uuid:
            return
        rest = _finish(msgspec.structs.replace(task, pending=task.pending[1:]))
        tx.put(rest)
        self._tries.pop(task.id, None)
        self._due.pop(task.id, None)
        if rest.pending:
            tx.after(lambda: self._say(task.id))

    def say_all(self, framework: str) -> None:
        """Say again everything that is under way for a framework that has just subscribed."""
        tell_all(self._standing, framework, self._standing.framework_tasks[framework], self._say_first)

    def _say_first(self, tx: Transaction, identity: str) -> None:
        self._tries.pop(identity, None)
        tx.after(lambda: self._say(identity))

    def forget(self, identity: str) -> None:
        """Let go of what is under way for a task."""
        self._tries.pop(identity, None)
        self._due.pop(identity, None)

    def _say(self, identity: str) -> None:
        task = self._standing.tasks.get(identity)
        if task is None or not task.pending or task.framework not in self._standing.outlets:
            return
        tries = self._tries.get(identity, 0)
        self._tries[identity] = tries + 1
        periods = self._standing.periods
        patience = min(periods.status_retry << min(tries, 20), periods.status_retry_longest)
        due = self._due[identity] = Instant(self._standing.plane.clock.now() + patience)
        self._standing.plane.timers.set(due, RETRY, identity)
        self._standing.tell(task.framework, Updated(task.pending[0].status))

    def _on_retry(self, identity: str) -> None:
        due = self._due.get(identity)
        if due is not None and due <= self._standing.plane.clock.now():
            with self._standing.plane.begin() as tx:  # what took its place meanwhile may not be durable yet
                tx.after(lambda: self._say(identity))


def _progress(task: Task, status: bytes, state: str, now: Instant) -> Task:
    """Note the newest status in the history: one for each state, without data."""
    kept = statuses.without_data(status)
    history = task.statuses
    terminal = state in states.TERMINAL
    history = (*history[:-1], kept) if task.state == state and history else (*history, kept)
    return msgspec.structs.replace(
        task,
        state=state,
        statuses=history[-MOST_STATUSES:],
        terminal=task.terminal or terminal,
        ended_at=now if terminal and not task.ended_at else task.ended_at,
    )


def _finish(task: Task) -> Task:
    """Call a task over that has nothing left to tell."""
    if task.terminal and not task.pending and not task.over:
        return msgspec.structs.replace(task, over=True)
    return task
