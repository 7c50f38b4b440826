"""The further containers of tasks: which there are, and how they are.

Tasks of one container have no part in this. Promises: a task's containers are named in the transaction that makes it
and stay the same; what is known of their health changes with their Runs until the task is over.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

import msgspec

from portico.domain.runs import Run, RunSpec, RunState
from portico.doors.titus.extension.records import DOOR, ContainerFact, TitusTask
from portico.doors.titus.inbound.containers import HOST_IMAGE

if TYPE_CHECKING:
    from portico.control.transaction import Transaction
    from portico.doors.titus.extension.standing import Standing
    from portico.doors.titus.inbound.containers import ChildPlan


class Containers:
    """Listens to the Runs of further containers, which the ear on the jobs core is not told of."""

    def __init__(self, standing: Standing) -> None:
        self._standing = standing
        standing.plane.run_listeners.append(self._on_run)

    def _on_run(self, tx: Transaction, _old: Run, new: Run) -> None:
        if not new.parent or new.door != DOOR:
            return
        task = self._standing.tasks.get(new.parent)
        if task is None or task.finished:
            return
        changed = tuple(_seen(fact, task, new) if fact.run == new.id else fact for fact in task.containers)
        if changed != task.containers:
            self._standing.put_task(tx, msgspec.structs.replace(task, containers=changed))


def noted(task: TitusTask, main: RunSpec, further: Iterable[tuple[ChildPlan, Run]]) -> TitusTask:
    """Give a new task with its further containers."""
    facts = (ContainerFact(plan.name, run.id, _image(run.spec), bool(plan.sidecar)) for plan, run in further)
    return msgspec.structs.replace(task, image=_image(main), containers=tuple(facts))


def _image(spec: RunSpec) -> str:
    return HOST_IMAGE if spec.container is None else spec.container.image


def _seen(fact: ContainerFact, task: TitusTask, run: Run) -> ContainerFact:
    """Give a container as its Run shows it: not well, too, once it has failed while its task goes on."""
    failed = run.state is RunState.FAILED and run.stop is None and not task.ending
    healthy = False if failed else run.healthy
    return fact if healthy is fact.healthy else msgspec.structs.replace(fact, healthy=healthy)
