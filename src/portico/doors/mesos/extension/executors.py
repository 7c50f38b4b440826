"""Executors: subscribing in time, messages, shutting down, and what their end means.

Promises: an executor that does not subscribe in time is destroyed; one that was told to shut down and does not is
destroyed after its grace; a built-in one ends when it has nothing left; the end of any other is told as a FAILURE.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from portico.control.cluster import runs
from portico.domain.errors import NotFound
from portico.domain.identity import Instant
from portico.domain.runs import Run, StopOrder, StopReason
from portico.doors.mesos import states
from portico.doors.mesos.extension.commands import SayToExecutor, ShutDown
from portico.doors.mesos.extension.happenings import Failed, Said
from portico.doors.mesos.extension.launching import REGISTRATION
from portico.doors.mesos.extension.records import Executor, Task
from portico.doors.mesos.extension.standing import DOOR, Standing
from portico.doors.mesos.extension.stepping import AT_ONCE
from portico.doors.mesos.outbound import agents
from portico.doors.mesos.outpost import words
from portico.doors.mesos.states import ExecutorEnd

if TYPE_CHECKING:
    from portico.control.transaction import Transaction


class Executors:
    """The executors of all frameworks."""

    def __init__(self, standing: Standing) -> None:
        self._standing = standing
        standing.plane.timers.handle(REGISTRATION, self._on_deadline)

    def start(self, tx: Transaction) -> None:
        """Set the deadlines again."""
        for executor in self._standing.executors.values():
            if executor.deadline:
                self._standing.plane.timers.set(max(executor.deadline, tx.now), REGISTRATION, executor.id)

    # ---- what the outpost asks ---------------------------------------------------------------------------------

    def find(self, node: str, asked: words.FindExecutor) -> words.ExecutorFacts:
        """Say who an executor is; raises NotFound."""
        standing = self._standing
        executor = standing.find_executor(asked.framework, asked.executor, node)
        framework = standing.frameworks.get(asked.framework)
        run = standing.plane.state.runs.get(executor.id) if executor is not None else None
        if executor is None or framework is None or run is None:
            raise NotFound(f"no executor {asked.executor} of framework {asked.framework} is on this agent")
        leaving = executor.shut_down or framework.removed or run.stop is not None
        if asked.subscribing and not executor.registered and not leaving:
            with standing.plane.begin() as tx:
                tx.put(msgspec.structs.replace(executor, registered=True, deadline=Instant(0)))
        return words.ExecutorFacts(
            run=run.id,
            token=run.token,
            agent=standing.agent_of(node),
            executor_info=executor.info,
            framework_info=framework.info,
            agent_info=agents.info(standing, node).SerializeToString(),
            checkpoint=framework.checkpoint,
            leaving=leaving,
            registered=executor.registered,
        )

    def said(self, node: str, asked: words.SaidToScheduler) -> words.Done:
        """Pass an executor's message on."""
        executor = self._standing.executors.get(asked.run)
        if executor is not None and executor.node == node:
            happening = Said(self._standing.agent_of(node), executor.executor, asked.data)
            self._standing.tell(executor.framework, happening)
        return words.Done()

    # ---- what schedulers ask -----------------------------------------------------------------------------------

    async def say(self, command: SayToExecutor) -> None:
        """Pass a scheduler's message on, if its executor is there."""
        executor = self._named(command.framework, command.executor, command.agent)
        if executor is not None:
            self._tell(executor, words.TellExecutor(executor.id, command.data))

    async def shut_down(self, command: ShutDown) -> None:
        """Tell an executor to end; it is destroyed when it does not."""
        plane = self._standing.plane
        async with self._standing.turn(command.framework):
            executor = self._named(command.framework, command.executor, command.agent)
            with plane.begin() as tx:
                if executor is not None:
                    self.leave(tx, executor)
                else:
                    self._end_command(tx, command)
        await plane.committer.settled(plane.committer.revision)

    def _end_command(self, tx: Transaction, command: ShutDown) -> None:
        """Stop a command task, whose built-in executor has the task's name."""
        task = self._standing.find_task(command.framework, command.executor)
        run = self._standing.plane.state.runs.get(task.id) if task is not None and task.command else None
        if task is not None and run is not None and command.agent == self._standing.agent_of(task.node):
            order = StopOrder(StopReason.CANCELLED, tx.now, run.grace, "its executor was shut down")
            runs.order_stop(self._standing.plane, tx, run, order)

    def leave(self, tx: Transaction, executor: Executor) -> None:
        """Tell an executor to end, and give it its grace; a built-in one ends at once."""
        run = self._standing.plane.state.runs.get(executor.id)
        if run is None or executor.shut_down:
            return
        deadline = Instant(tx.now if executor.default else tx.now + run.grace)
        tx.put(msgspec.structs.replace(executor, shut_down=True, deadline=deadline))
        self._standing.plane.timers.set(deadline, REGISTRATION, executor.id)
        if not executor.default:
            tx.after(lambda: self._tell(executor, words.ShutDownExecutor(executor.id)))

    def _named(self, framework: str, executor: str, agent: str) -> Executor | None:
        node = self._standing.nodes_by_agent.get(agent, "")
        return self._standing.find_executor(framework, executor, node)

    def _tell(self, executor: Executor, word: words.Word) -> None:
        """Say something to an executor's agent, best effort."""
        self._standing.plane.outposts.say(DOOR, executor.node, words.encode(word))

    # ---- ends --------------------------------------------------------------------------------------------------

    def _on_deadline(self, identity: str) -> None:
        """Destroy an executor whose time is up."""
        standing = self._standing
        executor = standing.executors.get(identity)
        run = standing.plane.state.runs.get(identity)
        if executor is None or run is None or not executor.deadline:
            return
        if executor.deadline > standing.plane.clock.now():
            return
        with standing.plane.begin() as tx:
            reason = StopReason.CANCELLED if executor.shut_down else StopReason.HUNG
            message = "it was shut down" if executor.shut_down else "Executor did not register within its timeout"
            runs.order_stop(standing.plane, tx, run, StopOrder(reason, tx.now, AT_ONCE, message))

    def task_changed(self, tx: Transaction, task: Task, run: Run) -> None:
        """End the built-in executor of a group when its last task has ended."""
        if not run.ended or not task.executor or self._standing.executor_tasks.count(task.executor):
            return
        executor = self._standing.executors.get(task.executor)
        host = self._standing.plane.state.runs.get(task.executor)
        if executor is not None and executor.default and host is not None:
            order = StopOrder(StopReason.SCALED_DOWN, tx.now, AT_ONCE, "its last task has ended")
            runs.order_stop(self._standing.plane, tx, host, order)

    def ended(self, tx: Transaction, run: Run) -> None:
        """Note the end of an executor."""
        executor = self._standing.executors.get(run.id)
        if executor is None or executor.ended:
            return
        end = states.executor_end(run, registered=executor.registered)
        tx.put(
            msgspec.structs.replace(
                executor, ended_at=run.ended_at, deadline=Instant(0), reason=end.reason, message=end.message
            )
        )
        assert run.outcome is not None
        failure = Failed(self._standing.agent_of(executor.node), executor.executor, states.wait_status(run.outcome))
        tx.after(lambda: self._standing.tell(executor.framework, failure))

    def end_of(self, executor: Executor) -> ExecutorEnd | None:
        """Say how an executor ended, None while it has not."""
        return ExecutorEnd(executor.reason, executor.message) if executor.ended else None
