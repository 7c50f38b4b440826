"""One executor's session: what it is to do, what it was told, what it has said.

Owns the tasks between the agent and the executor, whether or not either is connected. Promises: a task is delivered
once; an update is acknowledged when control has it durably, and passed on once however often it is said; after the
first terminal update of a task nothing more is passed on; a new connection replaces the old one. No input or output
here: words for the agent go to `say`, events to the outlet, and both may be lost, since everything is said again after
the next welcome or subscription.
"""

from __future__ import annotations

import asyncio
import logging
import time
import uuid as uuids
from collections.abc import Callable, Collection
from typing import Protocol

from google.protobuf.message import DecodeError

from portico.domain.errors import Exhausted, Invalid
from portico.domain.runs import EndCause
from portico.doors.mesos.outpost import events
from portico.doors.mesos.outpost.checks import check_status
from portico.doors.mesos.outpost.events import Event
from portico.doors.mesos.outpost.hosting import (
    FromAgent,
    Launch,
    Note,
    Noted,
    Started,
    Stop,
    TaskEnd,
    ToAgent,
    Welcome,
)
from portico.doors.mesos.outpost.ledger import Ledger
from portico.doors.mesos.outpost.tasks import HostedTask, Unheard, note_number
from portico.doors.mesos.outpost.words import ExecutorFacts
from portico.wire.mesos import mesos_pb2 as pb

log = logging.getLogger("portico.outpost")

MOST_UNHEARD = 10_000
"""Updates of one executor that are not durable yet."""


class Outlet(Protocol):
    """An executor's event stream."""

    def send(self, event: Event) -> object:
        """Queue an event."""
        ...

    def close(self) -> None:
        """End the stream behind what is queued."""
        ...


class Session:
    """One executor as long as its Run lives."""

    def __init__(
        self, facts: ExecutorFacts, framework: str, executor: str, ledger: Ledger, say: Callable[..., None]
    ) -> None:
        self.facts = facts
        self.framework = framework
        self.executor = executor
        self.welcomed = asyncio.Event()
        self.subscribed = False
        """Whether it has subscribed since this process began."""
        self.leaving = False
        self._ledger = ledger
        self._say = say
        self._outlet: Outlet | None = None
        self._tasks: dict[str, HostedTask] = {}
        self._by_name: dict[str, HostedTask] = {}
        self._queue: dict[str, HostedTask] = {}  # those not delivered yet, by Run, in the order of arrival
        self._unheard: dict[tuple[str, int], Unheard] = {}
        self._told: set[str] = set()

    @property
    def connected(self) -> bool:
        """Tell whether the executor has a stream."""
        return self._outlet is not None

    # ---- the agent ---------------------------------------------------------------------------------------------

    def hear(self, word: FromAgent) -> None:
        """Take a word of the agent's; before the first welcome nothing is acted on, since not all is told."""
        match word:
            case Launch():
                self._told.add(word.run)
                self._launched(word)
            case Stop():
                self._stopped(word)
            case Noted():
                self._noted(word)
            case Welcome():
                self._all_told()
            case _:
                return  # messages come by our own line; refusals are the registry's

    def _launched(self, word: Launch) -> None:
        known = self._tasks.get(word.run)
        if known is not None:
            known.started = known.started or word.started
            return
        try:
            task = HostedTask(word, delivered=word.started or self._ledger.delivered(word.run))
        except DecodeError as error:
            log.error("run %s has no task in it: %s", word.run, error)  # noqa: TRY400 — the sentence says it all
            self._say(TaskEnd(word.run, EndCause.LAUNCH_FAILED, message="its payload is no TaskInfo"))
            return
        self._tasks[word.run] = self._by_name[task.name] = task
        if not task.delivered:
            self._queue[word.run] = task
        if self.welcomed.is_set():
            self._deliver()

    def _stopped(self, word: Stop) -> None:
        task = self._tasks.get(word.run)
        if task is None:
            return
        task.stop = word
        if self.welcomed.is_set():
            self._carry_out_stop(task)

    def _carry_out_stop(self, task: HostedTask) -> None:
        """Pass a stop on, or end a task that its executor has not seen, and with it the group it would come in."""
        if task.over or task.stop is None:
            return
        if task.delivered:
            if self._outlet is not None:
                self._outlet.send(events.kill(task.name, task.stop.grace))
            return
        for member in self._mates(task):
            self._end_undelivered(member)

    def _end_undelivered(self, task: HostedTask) -> None:
        said = "Task was killed before it was delivered to its executor"
        self._end(task, pb.TASK_KILLED, pb.TaskStatus.REASON_EXECUTOR_UNREGISTERED, said)

    def _mates(self, task: HostedTask) -> list[HostedTask]:
        """Give the queued tasks that come and go with one."""
        if not task.group:
            return [task]
        return [other for other in self._queue.values() if other.group == task.group]

    def _all_told(self) -> None:
        """Know all tasks: let go of those that are gone, say again what is not durable, and go on."""
        for run, task in list(self._tasks.items()):
            if run not in self._told and not task.waiting:
                self._drop(task)
        self._told.clear()
        for unheard in self._unheard.values():
            self._say(*unheard.said)
        self.welcomed.set()
        for task in list(self._tasks.values()):
            self._carry_out_stop(task)
        for task in list(self._queue.values()):
            if len(self._mates(task)) < task.size and not task.over:
                self._end_undelivered(task)  # a group is launched as a whole: the others have ended
        self._deliver()

    def _noted(self, word: Noted) -> None:
        unheard = self._unheard.pop((word.run, word.number), None)
        if unheard is None:
            return
        if not unheard.own:
            self._acknowledge(unheard.task, unheard.uuid)
        task = self._tasks.get(word.run)
        if task is None:
            return
        task.waiting -= 1
        task.remembered.append(unheard.uuid)
        self._ledger.hear(word.run)
        if task.over and not task.waiting:
            self._drop(task)

    def _drop(self, task: HostedTask) -> None:
        del self._tasks[task.run]
        self._queue.pop(task.run, None)
        if self._by_name.get(task.name) is task:
            del self._by_name[task.name]
        self._ledger.forget(task.run)

    # ---- the executor ------------------------------------------------------------------------------------------

    def subscribe(self, outlet: Outlet, tasks: Collection[str], updates: Collection[pb.TaskStatus]) -> None:
        """Connect the executor, which still holds these tasks and updates as not acknowledged.

        One that is new, or was here all along, is shut down when there is nothing for it to do.
        """
        if self._outlet is not None:
            self._outlet.close()
        resumed = not self.subscribed and (self.facts.registered or bool(tasks or updates))
        self._outlet, self.subscribed = outlet, True
        outlet.send(events.subscribed(self.facts))
        for status in updates:
            try:
                check_status(status, self.executor, self.framework)
                self.update(status)
            except (Invalid, Exhausted) as error:
                log.warning("an update that %s says again is not taken: %s", self.executor, error)
        self._settle_undelivered(frozenset(tasks))
        if not resumed and all(task.over for task in self._tasks.values()):
            log.warning("executor %s of %s has nothing to run", self.executor, self.framework)
            self.shut_down()
            return
        self._deliver()
        for task in list(self._tasks.values()):
            self._carry_out_stop(task)

    def unsubscribe(self, outlet: Outlet) -> None:
        """Hear that a stream has ended."""
        if self._outlet is outlet:
            self._outlet = None

    def _settle_undelivered(self, held: frozenset[str]) -> None:
        """Find the tasks whose delivery was cut off: handed over, but neither held by the executor nor heard of."""
        for task in list(self._tasks.values()):
            if task.over:
                continue
            if task.name in held:
                self._mark_delivered(task)
            elif task.delivered and not (task.started or task.waiting or self._ledger.heard(task.run)):
                state = pb.TASK_DROPPED if events.is_partition_aware(self.facts) else pb.TASK_LOST
                self._end(task, state, pb.TaskStatus.REASON_AGENT_RESTARTED, "Task launched during agent restart")

    def update(self, status: pb.TaskStatus) -> None:
        """Take a status that was checked; Exhausted when too many are under way."""
        task = self._by_name.get(status.task_id.value)
        if task is None or status.uuid in task.remembered:
            self._acknowledge(status.task_id.value, status.uuid)  # its end is durable, or this very update is
            return
        if (task.run, note_number(status.uuid)) in self._unheard:
            return
        if task.over:
            log.warning("task %s is over: a further update is not passed on", task.name)
            self._acknowledge(task.name, status.uuid)
            return
        if len(self._unheard) >= MOST_UNHEARD:
            raise Exhausted(f"{MOST_UNHEARD} updates wait to become durable")
        self._pass_on(task, status)

    def _pass_on(self, task: HostedTask, status: pb.TaskStatus, *, own: bool = False) -> None:
        full = events.complete(status, self.facts, self.executor, time.time())
        number = note_number(full.uuid)
        said: list[ToAgent] = []
        task.waiting += 1
        if full.state in events.TERMINAL:
            task.over = True
            self._queue.pop(task.run, None)
        elif full.state != pb.TASK_STARTING and not task.started:
            task.started = True
            said.append(Started(task.run))
        said.append(Note(task.run, number, full.SerializeToString()))
        if task.over:
            said.append(events.end_of(task.run, full))
        self._unheard[task.run, number] = Unheard(task.name, full.uuid, tuple(said), own)
        self._say(*said)

    def _end(
        self,
        task: HostedTask,
        state: pb.TaskState,
        reason: pb.TaskStatus.Reason,
        message: str,
    ) -> None:
        """End a task on the agent's own account."""
        status = events.own_status(task.name, state, reason, message, uuids.uuid4().bytes)
        self._pass_on(task, status, own=True)

    def _acknowledge(self, task: str, uuid: bytes) -> None:
        if self._outlet is not None:
            self._outlet.send(events.acknowledged(task, uuid))

    def _deliver(self) -> None:
        """Hand over what is queued; a group goes as a whole."""
        if self._outlet is None:
            return
        for task in list(self._queue.values()):
            if task.run not in self._queue:
                continue  # it went with its group
            if self.leaving:
                state = pb.TASK_DROPPED if events.is_partition_aware(self.facts) else pb.TASK_LOST
                self._end(task, state, pb.TaskStatus.REASON_EXECUTOR_TERMINATED, "Executor is shutting down")
                continue
            mates = self._mates(task)
            if task.group and len(mates) < task.size:
                continue  # the others are on their way
            self._mark_delivered(*mates)
            infos = [mate.info for mate in mates]
            self._outlet.send(events.launch_group(infos) if task.group else events.launch(task.info))

    def _mark_delivered(self, *tasks: HostedTask) -> None:
        self._ledger.deliver(*(task.run for task in tasks))
        for task in tasks:
            task.delivered = True
            self._queue.pop(task.run, None)

    # ---- control -----------------------------------------------------------------------------------------------

    def message(self, data: bytes) -> None:
        """Pass on what the scheduler says, if the executor is there."""
        if self._outlet is not None:
            self._outlet.send(events.message(data))

    def shut_down(self) -> None:
        """Ask the executor to end."""
        self.leaving = True
        if self._outlet is not None:
            self._outlet.send(events.shutdown())

    def end(self) -> None:
        """Hear that the executor's Run is over: nothing it says counts any more."""
        self._ledger.forget(*self._tasks)
        self.leaving = True
        self.welcomed.set()  # whoever waits to subscribe is told to leave
        outlet, self._outlet = self._outlet, None
        if outlet is not None:
            outlet.send(events.shutdown())
            outlet.close()
