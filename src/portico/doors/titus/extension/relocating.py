"""Relocation: tasks leave nodes that are being drained.

Owns the plans. A task of a job that moves tasks itself is told when it must be gone and is moved at that time whatever
its budget says; any other is moved as soon as its job's budget allows. Promises: plans and their times are rows; a
plan ends with its task, or when its node is opened again; no step looks at the tasks of more than one node, or changes
more than a bounded number of them.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from portico.control.commands import Command
from portico.control.extensions import Handler
from portico.control.queries import Query
from portico.control.records import RecordTable
from portico.control.state import Grouped
from portico.domain.disruption import Budget, SelfManaged
from portico.domain.identity import MINUTE, SECOND, Instant, Micros
from portico.domain.nodes import Node
from portico.doors.titus import errors
from portico.doors.titus.extension.eviction_commands import (
    FindRelocationResult,
    FindRelocationResults,
    FindRelocations,
    RelocationFilter,
)
from portico.doors.titus.extension.eviction_records import RELOCATIONS, RESULTS, Relocation, RelocationResult
from portico.doors.titus.extension.records import DOOR, TASKS, TaskStage, TitusTask
from portico.doors.titus.extension.relocation_moves import MILLISECOND, Moves

if TYPE_CHECKING:
    from portico.control.transaction import Transaction
    from portico.doors.titus.extension.evicting import Evicting
    from portico.doors.titus.extension.standing import Standing

PLANNING = "titus_relocation"
OVER = "titus_relocation_over"

AT_ONCE = 25
"""Plans that one step makes or gives up."""

EVACUATION = "AgentEvacuation"


class RelocationPeriods(msgspec.Struct, frozen=True):
    """How often drained nodes are looked at, and how often budgets are asked again; in microseconds."""

    relocation: Micros = Micros(30 * SECOND)
    descheduling: Micros = Micros(2 * MINUTE)


class Relocating:
    """The part of the door that relocates."""

    tables: tuple[RecordTable[Any], ...] = (RELOCATIONS, RESULTS)

    def __init__(self, evicting: Evicting, periods: RelocationPeriods | None = None) -> None:
        self._evicting = evicting
        self._periods = periods or RelocationPeriods()

    def attach(self, standing: Standing) -> None:
        """Take one's place."""
        plane = standing.plane
        self._standing = standing
        self._plane = plane
        self.plans: dict[str, Relocation] = plane.state.records[RELOCATIONS.name]
        self.results: dict[str, RelocationResult] = plane.state.records[RESULTS.name]
        self._moves = Moves(standing, self._evicting, self._periods.descheduling)
        self._node_plans = Grouped(lambda plan: plan.node)
        self._over: dict[str, None] = {}
        plane.timers.handle(PLANNING, self._on_planning)
        plane.timers.handle(OVER, self._on_over)
        plane.state.index(RELOCATIONS.name, self._node_plans)
        plane.state.index("nodes", self._on_node)
        plane.state.index(TASKS.name, self._on_task)

    def handlers(self) -> Mapping[type[Command | Query], Handler]:
        """Give what answers each query."""
        return {
            FindRelocations: self.find_plans,
            FindRelocationResults: self.find_results,
            FindRelocationResult: self.find_result,
        }

    def start(self, tx: Transaction) -> None:
        """Go on with every plan, and look at all nodes."""
        self._plane.timers.set(tx.now, PLANNING, "")
        self._moves.start(tx.now)

    async def run(self) -> None:
        """Timers do all there is to do."""

    # ---- what others ask ---------------------------------------------------------------------------------------

    async def find_plans(self, query: FindRelocations) -> list[Relocation]:
        """Give the present plans."""
        revision = self._plane.committer.revision
        found = [plan for plan in self.plans.values() if fits(query.wanted, plan)]
        await self._plane.committer.settled(revision)
        return sorted(found, key=lambda plan: (plan.decided_at, plan.id))

    async def find_results(self, query: FindRelocationResults) -> list[RelocationResult]:
        """Give the latest results."""
        revision = self._plane.committer.revision
        found = [result for result in self.results.values() if fits(query.wanted, result.plan)]
        await self._plane.committer.settled(revision)
        return sorted(found, key=lambda result: (result.at, result.id))

    async def find_result(self, query: FindRelocationResult) -> RelocationResult:
        """Give one task's result."""
        revision = self._plane.committer.revision
        found = self.results.get(query.task)
        if found is None:
            raise errors.not_found(f"Task relocation result not found: {query.task}")
        await self._plane.committer.settled(revision)
        return found

    # ---- planning ----------------------------------------------------------------------------------------------

    def _on_node(self, old: Node | None, new: Node | None) -> None:
        if self._plane.started and (old is not None and old.drain) != (new is not None and new.drain):
            changed = new or old
            assert changed is not None
            self._plane.timers.set(self._plane.clock.now(), PLANNING, changed.id)

    def _on_planning(self, identity: str) -> None:
        """Plan for one node; an empty name is that of the turn in which all are looked at."""
        timers, now = self._plane.timers, self._plane.clock.now()
        if identity:
            self._plan(identity)
            return
        drained = {node.id for node in self._plane.state.nodes.values() if node.drain}
        for node in sorted(drained.union(self._node_plans.groups)):
            timers.set(now, PLANNING, node)
        timers.set(Instant(now + max(self._periods.relocation, MILLISECOND)), PLANNING, "")

    def _plan(self, identity: str) -> None:
        """Plan for the tasks on a node as things are now, and give up the plans that are for nothing."""
        for planned in self._node_plans[identity]:
            if not self._is_needed(self.plans[planned]):
                self._give_up_soon(planned)
        node = self._plane.state.nodes.get(identity)
        if node is None or not node.drain:
            return
        fresh = [task for task in self._tasks_on(identity) if not self._is_planned(task, node)]
        if not fresh:
            return
        with self._plane.begin() as tx:
            for task in fresh[:AT_ONCE]:
                plan = self._draft(task, node)
                tx.put(plan)
                self._show(tx, task, plan)
                self._moves.await_turn(plan)
        if len(fresh) > AT_ONCE:
            self._plane.timers.set(self._plane.clock.now(), PLANNING, identity)

    def _tasks_on(self, node: str) -> list[TitusTask]:
        """Give the tasks on a node that have not been told to end."""
        runs, tasks = self._plane.state.runs, self._standing.tasks
        found = (tasks.get(identity) for identity in self._plane.node_runs[node] if runs[identity].door == DOOR)
        return [task for task in found if task is not None and _may_move(task) and task.job in self._standing.views]

    def _is_planned(self, task: TitusTask, node: Node) -> bool:
        """Tell whether a task has the plan that its job's budget asks for now."""
        plan = self.plans.get(task.id)
        if plan is None or plan.node != node.id or plan.job != task.job:
            return False
        budget = self._evicting.budget(task.job)
        return budget.self_managed == plan.self_managed and plan.due_at == plan.decided_at + _patience(budget)

    def _draft(self, task: TitusTask, node: Node) -> Relocation:
        """Give a task's plan as its job's budget has it now; the time of decision stays."""
        budget = self._evicting.budget(task.job)
        known = self.plans.get(task.id)
        decided_at = known.decided_at if known is not None and known.node == node.id else self._standing.now()
        view = self._standing.views[task.job]
        return Relocation(
            id=task.id,
            job=task.job,
            application=view.application,
            capacity_group=view.capacity_group,
            node=node.id,
            self_managed=budget.self_managed,
            code=EVACUATION,
            message=f"Node {node.id} is being drained",
            decided_at=decided_at,
            due_at=decided_at + _patience(budget),
        )

    def _show(self, tx: Transaction, task: TitusTask, plan: Relocation | None) -> None:
        """Let a service task's own record tell of its plan, so that its watchers see it."""
        view = self._standing.views.get(task.job)
        if view is not None and view.service:
            by, since = (plan.due_at, plan.decided_at) if plan is not None else (0, 0)
            self._standing.put_task(tx, msgspec.structs.replace(task, migrate_by=by, migrate_since=since))

    # ---- ends --------------------------------------------------------------------------------------------------

    def _on_task(self, old: TitusTask | None, new: TitusTask | None) -> None:
        """Give up the plan of a task that goes by itself."""
        gone = new is None or not _may_move(new)
        if gone and old is not None and old.id in self.plans:
            self._give_up_soon(old.id)

    def _give_up_soon(self, task: str) -> None:
        if not self._over:
            self._plane.timers.set(self._plane.clock.now(), OVER, "")
        self._over[task] = None

    def _on_over(self, _: str) -> None:
        """Give up some plans whose task is going or gone, or whose node is open again."""
        with self._plane.begin() as tx:
            for identity in list(itertools.islice(self._over, AT_ONCE)):
                del self._over[identity]
                plan = self.plans.get(identity)
                if plan is None or self._is_needed(plan):
                    continue
                tx.drop(plan)
                task = self._standing.tasks.get(identity)
                if task is not None and _may_move(task):
                    self._show(tx, task, None)
        if self._over:
            self._plane.timers.set(self._plane.clock.now(), OVER, "")

    def _is_needed(self, plan: Relocation) -> bool:
        node = self._plane.state.nodes.get(plan.node)
        task = self._standing.tasks.get(plan.id)
        run = self._plane.state.runs.get(plan.id)
        there = run is not None and run.node == plan.node
        return there and node is not None and node.drain and task is not None and _may_move(task)


def fits(wanted: RelocationFilter, plan: Relocation) -> bool:
    """Tell whether a plan is meant."""
    return (
        (not wanted.jobs or plan.job in wanted.jobs)
        and (not wanted.tasks or plan.id in wanted.tasks)
        and (not wanted.application or plan.application == wanted.application)
        and (not wanted.capacity_group or plan.capacity_group == wanted.capacity_group)
    )


def _patience(budget: Budget) -> int:
    """Give how long an owner has to move a task itself, in milliseconds."""
    return budget.policy.patience // MILLISECOND if isinstance(budget.policy, SelfManaged) else 0


def _may_move(task: TitusTask) -> bool:
    return not task.ending and task.status.state != TaskStage.ACCEPTED
