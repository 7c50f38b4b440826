"""From a plan to a Run: tasks and executors are put where their framework's offer was.

Promises: a task, its executor and their Runs appear in one transaction, or the task is TASK_ERROR and nothing appears;
what was launched was held by the offer.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from portico.control.cluster import runs
from portico.domain.identity import DAY, Micros
from portico.domain.offers import Offer
from portico.domain.reservations import all_ports
from portico.domain.runs import AbsencePolicy, Claim, Form, Run, RunSpec
from portico.domain.slices import part_of_whole
from portico.doors.mesos.extension import holdings
from portico.doors.mesos.extension.plans import ExecutorPlan, Held, TaskPlan
from portico.doors.mesos.extension.records import Executor, Framework, Task
from portico.doors.mesos.extension.standing import DOOR, Standing
from portico.doors.mesos.outpost.words import GROUP_LABEL

if TYPE_CHECKING:
    from portico.control.transaction import Transaction

REGISTRATION = "mesos_registration"
ITS_OWN_TIME = Micros(3650 * DAY)
"""A task of a custom executor ends when that executor says so, however long after it was told to."""


class Spot:
    """One ACCEPT at work: whose it is, where (`offer` is one of its offers), and what is left of them."""

    def __init__(self, framework: Framework, offer: Offer, left: Held) -> None:
        self.framework = framework
        self.offer = offer
        self.node = offer.node
        self.role = offer.role
        self.left = left
        self.launched: list[tuple[Run, Claim]] = []
        """Runs that are not on their way yet."""


class Launching:
    """Starts tasks."""

    def __init__(self, standing: Standing) -> None:
        self._standing = standing

    def problem_of(self, spot: Spot, plan: TaskPlan) -> str:
        """Say why a task cannot be started here, or nothing."""
        if plan.problem:
            return plan.problem
        if self._standing.find_task(spot.framework.id, plan.task) is not None:
            return f"Task has duplicate ID: {plan.task}"
        wanted = plan.held.slices if plan.executor is None else (*plan.held.slices, *plan.executor.held.slices)
        if (part := part_of_whole(spot.left.slices, wanted)) is not None:
            return f"The disk {part.label.folder} cannot be divided"
        return self._executor_problem(spot, plan.executor) if plan.executor is not None else ""

    def _executor_problem(self, spot: Spot, plan: ExecutorPlan) -> str:
        running = self._standing.find_executor(spot.framework.id, plan.executor, spot.node)
        if running is None:
            return ""
        if running.info != plan.info:
            return (
                "ExecutorInfo is not compatible with existing ExecutorInfo with same ExecutorID "
                f"'{plan.executor}' on this agent"
            )
        return ""

    def is_leaving(self, spot: Spot, plan: ExecutorPlan) -> bool:
        """Tell whether an executor is there that takes no more tasks, because it was told to end."""
        running = self._standing.find_executor(spot.framework.id, plan.executor, spot.node)
        if running is None:
            return False
        run = self._standing.plane.state.runs.get(running.id)
        return running.shut_down or (run is not None and run.stop is not None)

    def needed(self, spot: Spot, tasks: tuple[TaskPlan, ...], executor: ExecutorPlan | None) -> Held:
        """Sum what tasks need, and their executor unless it is there already."""
        need = Held()
        for plan in tasks:
            need = holdings.plus(need, plan.held)
        if (
            executor is not None
            and self._standing.find_executor(spot.framework.id, executor.executor, spot.node) is None
        ):
            need = holdings.plus(need, executor.held)
        return need

    def take(self, spot: Spot, need: Held) -> str:
        """Take what is needed from what is left; says why that cannot be, or nothing."""
        if not holdings.holds(spot.left, need):
            return (
                f"Total resources {holdings.describe(need)} required by task and its executor is more than available "
                f"{holdings.describe(spot.left)}"
            )
        if (part := part_of_whole(spot.left.slices, need.slices)) is not None:
            return f"The disk {part.label.folder} cannot be divided"
        spot.left = holdings.minus(spot.left, need, self._shared(need))
        return ""

    def _shared(self, need: Held) -> set[str]:
        volumes = self._standing.plane.state.records["volumes"]
        named = {piece.label.volume for piece in need.slices if piece.label.volume}
        return {name for name in named if name in volumes and volumes[name].shared}

    def launch(self, tx: Transaction, spot: Spot, plan: TaskPlan) -> None:
        """Create the Run and record of a task, and of its executor unless that is there; all fits."""
        host = self._host(tx, spot, plan.executor) if plan.executor is not None else ""
        spot.launched.append(self._task(tx, spot, plan, host))

    def launch_group(self, tx: Transaction, spot: Spot, tasks: tuple[TaskPlan, ...], executor: ExecutorPlan) -> None:
        """Create the Runs and records of tasks that come together, and of their executor; all fits."""
        host = self._host(tx, spot, executor)
        group = self._standing.plane.ids.fresh()
        if executor.default:
            together: dict[str, object] = {"gang": group, "gang_size": len(tasks)}
            spot.launched += [self._task(tx, spot, plan, host, **together) for plan in tasks]
            return
        mark = {GROUP_LABEL: f"{group}/{len(tasks)}"}
        for plan in tasks:
            spot.launched.append(self._task(tx, spot, plan, host, labels={**plan.labels, **mark}))

    def send(self, tx: Transaction, spot: Spot) -> None:
        """Claim and launch what was created, in one message."""
        if spot.launched:
            runs.launch_claimed(self._standing.plane, tx, *spot.launched)
            spot.launched = []

    def _host(self, tx: Transaction, spot: Spot, plan: ExecutorPlan) -> str:
        running = self._standing.find_executor(spot.framework.id, plan.executor, spot.node)
        if running is None:
            running, run, claim = self._executor(tx, spot, plan)
            spot.launched.append((run, claim))
        return running.id

    def _executor(self, tx: Transaction, spot: Spot, plan: ExecutorPlan) -> tuple[Executor, Run, Claim]:
        identity = self._standing.plane.ids.fresh()
        deadline = 0 if plan.default else tx.now + self._standing.periods.executor_registration
        executor = Executor(
            id=identity,
            framework=spot.framework.id,
            executor=plan.executor,
            node=spot.node,
            info=plan.info,
            default=plan.default,
            role=spot.role,
            slices=plan.held.slices,
            ports=plan.held.ports,
            registered=plan.default,
            created_at=tx.now,
            deadline=deadline,  # type: ignore[arg-type]
        )
        tx.put(executor)
        if deadline:
            self._standing.plane.timers.set(executor.deadline, REGISTRATION, identity)
        run = self._run(spot, identity, plan.spec, plan.held, plan.grace, tx)
        return executor, run, _claim(spot.node, plan.held)

    def _task(self, tx: Transaction, spot: Spot, plan: TaskPlan, host: str, **together: object) -> tuple[Run, Claim]:
        identity = self._standing.plane.ids.fresh()
        hosted = plan.spec.form is Form.HOSTED
        task = Task(
            id=identity,
            framework=spot.framework.id,
            task=plan.task,
            name=plan.name,
            node=spot.node,
            info=plan.info,
            role=spot.role,
            executor=host,
            command=not host,
            slices=plan.held.slices,
            ports=plan.held.ports,
            created_at=tx.now,
        )
        tx.put(task)
        run = self._run(
            spot,
            identity,
            plan.spec,
            plan.held,
            ITS_OWN_TIME if hosted else plan.grace,
            tx,
            host=host if hosted else "",
            parent="" if hosted else host,
            instance=plan.task,
            revocable=plan.revocable,
            **{"labels": _without_mark(plan.labels), **together},
        )
        return run, _claim(spot.node, plan.held)

    def _run(
        self, spot: Spot, identity: str, spec: RunSpec, held: Held, grace: Micros, tx: Transaction, **more: object
    ) -> Run:
        patience = self._standing.periods.agent_lost
        return Run(
            id=identity,
            door=DOOR,
            pool=self._standing.pool_of(spot.role),
            job=spot.framework.id,
            spec=spec,
            amounts=holdings.amounts(held.slices),
            created_at=tx.now,
            grace=grace,
            absence=AbsencePolicy(patience=patience, readopt=spot.framework.partition_aware),
            **more,  # type: ignore[arg-type]
        )


def _without_mark(labels: dict[str, str]) -> dict[str, str]:
    """Leave out a label that says what only a group may say."""
    if GROUP_LABEL not in labels:
        return labels
    return {name: value for name, value in labels.items() if name != GROUP_LABEL}


def _claim(node: str, held: Held) -> Claim:
    return Claim(node, held.slices, all_ports(held.ports))
