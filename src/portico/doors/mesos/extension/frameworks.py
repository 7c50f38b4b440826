"""Frameworks: subscribing, taking over, being away, and the end with all that runs for them.

Promises: a framework has one event stream at most; one that does not come back within its failover timeout is removed
like one that was torn down; what it held is stopped in bounded steps, while its removal counts at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from portico.control.cluster import runs
from portico.domain.errors import Forbidden, NotFound
from portico.domain.identity import Instant
from portico.domain.offers import Bidder
from portico.domain.runs import Form, StopOrder, StopReason
from portico.doors.mesos.extension.commands import Disconnected, FindFramework, Subscribe, Teardown
from portico.doors.mesos.extension.executors import Executors
from portico.doors.mesos.extension.happenings import Erred, Outlet
from portico.doors.mesos.extension.records import (
    FRAMEWORK_LIFE,
    Framework,
    FrameworkState,
)
from portico.doors.mesos.extension.standing import NEVER, Standing
from portico.doors.mesos.extension.stepping import AT_ONCE, Job
from portico.doors.mesos.extension.updates import Updates
from portico.doors.mesos.inbound import framework as inbound
from portico.doors.mesos.outbound import statuses
from portico.doors.mesos.outbound.residents import PREFIX

if TYPE_CHECKING:
    from portico.control.transaction import Transaction

FAILOVER = "mesos_failover"
SLICE = 25
"""Tasks, or executors, of a removed framework that one step ends."""


class Frameworks:
    """All frameworks of this master."""

    def __init__(self, standing: Standing, updates: Updates, executors: Executors) -> None:
        self._standing = standing
        self._updates = updates
        self._executors = executors
        standing.plane.timers.handle(FAILOVER, self._on_failover)

    def start(self, tx: Transaction) -> None:
        """After a restart every framework is away, and has the time of a returning agent on top of its own."""
        for framework in list(self._standing.frameworks.values()):
            if framework.removed:
                if self._standing.framework_tasks[framework.id] or self._standing.framework_executors[framework.id]:
                    self._standing.stepping.begin(self._clear(framework.id))
                continue
            patience = framework.failover_timeout + self._standing.periods.agent_return
            self._put_away(tx, framework, Instant(tx.now + patience))

    # ---- coming ------------------------------------------------------------------------------------------------

    async def subscribe(self, command: Subscribe) -> Framework:
        """Register a framework, or let another connection take one over."""
        standing = self._standing
        with standing.plane.begin() as tx:
            framework = self._enter(tx, command)
            former = standing.outlets.get(framework.id)
            if former is not None:
                tx.after(lambda: _replace(former))
        standing.outlets[framework.id] = command.outlet
        standing.plane.offers.withdraw(framework.id)  # what another connection was offered, refused and suppressed
        standing.plane.offers.enlist(bidder(standing, framework))
        self._updates.say_all(framework.id)
        await standing.plane.committer.settled(tx.revision)
        return framework

    def _enter(self, tx: Transaction, command: Subscribe) -> Framework:
        draft = command.draft
        old = self._standing.frameworks.get(draft.id) if draft.id else None
        if old is not None:
            entered = _returned(old, command, tx.now)
        else:
            if draft.id.startswith(PREFIX):
                raise Forbidden(f"Framework ids that begin with '{PREFIX}' are those of other doors")
            draft = draft if draft.id else inbound.named(draft, self._standing.number_framework(tx))
            entered = msgspec.structs.replace(draft, registered_at=tx.now)
        tx.put(entered)
        return entered

    # ---- going -------------------------------------------------------------------------------------------------

    async def disconnected(self, command: Disconnected) -> None:
        """Begin to count the absence of a framework whose stream ended."""
        standing = self._standing
        if standing.outlets.get(command.framework) is not command.outlet:
            return
        del standing.outlets[command.framework]
        framework = standing.frameworks.get(command.framework)
        if framework is None or framework.removed:
            return
        with standing.plane.begin() as tx:
            self._put_away(tx, framework, Instant(tx.now + framework.failover_timeout))

    def _put_away(self, tx: Transaction, framework: Framework, deadline: Instant) -> None:
        away = msgspec.structs.replace(
            framework,
            state=FrameworkState.DISCONNECTED,
            disconnected_at=framework.disconnected_at if framework.state is FrameworkState.DISCONNECTED else tx.now,
            deadline=deadline,
        )
        tx.put(away)
        plane = self._standing.plane
        plane.offers.enlist(bidder(self._standing, away, active=False))
        plane.timers.set(deadline, FAILOVER, framework.id)

    def _on_failover(self, identity: str) -> None:
        framework = self._standing.frameworks.get(identity)
        if framework is None or framework.state is not FrameworkState.DISCONNECTED:
            return
        if framework.deadline > self._standing.plane.clock.now():
            return
        with self._standing.plane.begin() as tx:
            self.remove(tx, framework)

    async def teardown(self, command: Teardown) -> None:
        """Remove a framework; raises NotFound."""
        framework = self._standing.frameworks.get(command.framework)
        if framework is None or framework.removed:
            raise NotFound(f"No framework found with ID {command.framework}")
        with self._standing.plane.begin() as tx:
            self.remove(tx, framework)
        await self._standing.plane.committer.settled(tx.revision)

    def remove(self, tx: Transaction, framework: Framework) -> None:
        """End a framework at once, and what runs for it step by step."""
        standing = self._standing
        state = FRAMEWORK_LIFE.advance(framework.state, FrameworkState.REMOVED)
        tx.put(msgspec.structs.replace(framework, state=state, removed_at=tx.now, deadline=NEVER))
        standing.plane.offers.withdraw(framework.id)
        outlet = standing.outlets.pop(framework.id, None)
        if outlet is not None:
            tx.after(outlet.close)
        standing.stepping.begin(self._clear(framework.id))

    def _clear(self, identity: str) -> Job:
        """End what a removed framework left: custom executors are told, everything else is stopped."""
        standing = self._standing
        executors = standing.framework_executors[identity]
        for start in range(0, len(executors), SLICE):
            with standing.plane.begin() as tx:
                for executor in executors[start : start + SLICE]:
                    self._end_executor(tx, executor)
            yield AT_ONCE
        tasks = standing.framework_tasks[identity]
        for start in range(0, len(tasks), SLICE):
            with standing.plane.begin() as tx:
                for task in tasks[start : start + SLICE]:
                    self._end_task(tx, task)
            yield AT_ONCE

    def _end_executor(self, tx: Transaction, identity: str) -> None:
        executor = self._standing.executors.get(identity)
        if executor is None or executor.ended:
            return
        if executor.default:
            self._stop(tx, identity)
        else:
            self._executors.leave(tx, executor)

    def _end_task(self, tx: Transaction, identity: str) -> None:
        """Count a task of a removed framework as killed, and stop its Run; one in a custom executor ends with that."""
        task = self._standing.tasks.get(identity)
        if task is None or task.over:
            return
        ended = msgspec.structs.replace(task, pending=(), over=True, terminal=True, ended_at=task.ended_at or tx.now)
        if not task.terminal:
            status = statuses.removed(task, self._standing.agent_of(task.node), tx.now)
            ended = msgspec.structs.replace(ended, state="TASK_KILLED", statuses=(*task.statuses, status))
        tx.put(ended)
        self._updates.forget(identity)
        self._stop(tx, identity)

    def _stop(self, tx: Transaction, identity: str) -> None:
        run = self._standing.plane.state.runs.get(identity)
        if run is not None and not run.ended and run.spec.form is not Form.HOSTED:
            order = StopOrder(StopReason.OWNER_ENDED, tx.now, run.grace, "Framework removed")
            runs.order_stop(self._standing.plane, tx, run, order)

    # ---- looking -----------------------------------------------------------------------------------------------

    async def find(self, query: FindFramework) -> Framework | None:
        """Find a framework that was not removed."""
        return self._standing.find_framework(query.framework)


def _replace(outlet: Outlet) -> None:
    """End the stream of a framework that has another one."""
    outlet.send(Erred("Framework failed over"))
    outlet.close()


def _returned(old: Framework, command: Subscribe, now: Instant) -> Framework:
    """Give a framework that subscribes again; raises Forbidden."""
    if old.removed:
        raise Forbidden("Framework has been removed")
    if command.authenticated and command.draft.principal != old.principal:
        raise Forbidden(f"Framework principal '{command.draft.principal}' is not that of framework {old.id}")
    return msgspec.structs.replace(
        inbound.renew(old, command.draft),
        reregistered_at=now,
        state=FRAMEWORK_LIFE.advance(old.state, FrameworkState.SUBSCRIBED),
    )


def bidder(standing: Standing, framework: Framework, *, active: bool = True) -> Bidder:
    """Say to the core who bids for offers."""
    return Bidder(
        id=framework.id,
        pools={role: standing.pool_of(role) for role in framework.roles},
        revocable="REVOCABLE_RESOURCES" in framework.capabilities,
        gpus="GPU_RESOURCES" in framework.capabilities,
        shared="SHARED_RESOURCES" in framework.capabilities,
        active=active,
    )
