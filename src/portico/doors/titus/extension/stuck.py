"""Tasks that stay too long where they should only pass: the timers of the stages on the way to Started and to the end.

Owns one line of tasks for each timer, oldest first, so that one timer for each line is enough. Promises: the lines
follow from the rows alone; a task that could not be ended is given up after so many attempts, and its space is free.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from portico.control.cluster.runs import end_run
from portico.control.jobs.goals import stop_attempt
from portico.domain.frames import Stop
from portico.domain.identity import Instant, Micros
from portico.domain.runs import EndCause, Outcome, Run, RunState, StopOrder, StopReason
from portico.doors.titus.extension import stages
from portico.doors.titus.extension.records import TASKS, TaskStage, TitusTask

if TYPE_CHECKING:
    from portico.control.transaction import Transaction
    from portico.doors.titus.extension.standing import Standing

TIMER = "titus_stuck"
STEP = 100
"""Tasks in one transaction."""


class Line:
    """Tasks in one stage, with the instants (ms) at which they came into it, oldest first."""

    __slots__ = ("armed", "patience", "since")

    def __init__(self, patience: Micros) -> None:
        self.patience = patience
        self.since: dict[str, int] = {}
        self.armed = False

    @property
    def due(self) -> Instant | None:
        """When the first of them has been there too long."""
        first = next(iter(self.since.values()), None)
        return None if first is None else Instant(first * 1_000 + self.patience)


class Stuck:
    """The lines of one server."""

    def __init__(self, standing: Standing) -> None:
        self._standing = standing
        self._begun = False
        periods = standing.periods
        self._lines = {
            "launched": Line(periods.launched),
            "batch": Line(periods.start_batch),
            "service": Line(periods.start_service),
            "killed": Line(periods.kill_initiated),
        }
        standing.plane.timers.handle(TIMER, self._on_due)
        standing.plane.state.index(TASKS.name, self._on_task)

    def start(self) -> None:
        """Bring the lines into their order and set their timers, after a load."""
        self._begun = True
        for name, line in self._lines.items():
            line.since = dict(sorted(line.since.items(), key=lambda entry: entry[1]))
            self._arm(name, line)

    def _on_task(self, old: TitusTask | None, new: TitusTask | None) -> None:
        before = "" if old is None else line_of(old)
        after = "" if new is None else line_of(new)
        if before == after and (not before or self._told_no_more(old, new)):
            return
        if before and old is not None:
            self._lines[before].since.pop(old.id, None)
        if after and new is not None:
            line = self._lines[after]
            line.since[new.id] = entered(new)
            if self._begun:
                self._arm(after, line)

    @staticmethod
    def _told_no_more(old: TitusTask | None, new: TitusTask | None) -> bool:
        return old is not None and new is not None and old.kill_attempts == new.kill_attempts

    def _arm(self, name: str, line: Line) -> None:
        due = line.due
        if due is not None and not line.armed:
            line.armed = True
            self._standing.plane.timers.set(due, TIMER, name)

    def _on_due(self, name: str) -> None:
        line = self._lines[name]
        line.armed = False
        now = self._standing.plane.clock.now()
        oldest = (now - line.patience) // 1_000
        late: list[str] = []
        for identity, since in line.since.items():
            if since > oldest or len(late) == STEP:
                break
            late.append(identity)
        if late:
            with self._standing.plane.begin() as tx:
                for identity in late:
                    self._end(tx, self._standing.tasks[identity])
        self._arm(name, line)

    def _end(self, tx: Transaction, task: TitusTask) -> None:
        plane = self._standing.plane
        run = plane.state.runs.get(task.id)
        instance = plane.state.instances.get(task.instance)
        if run is None or run.ended or instance is None:
            self._forget(task)
        elif task.status.state == TaskStage.KILL_INITIATED:
            self._insist(tx, task, run)
        else:
            message = f"the task has been in the state {task.status.state} for too long"
            stop_attempt(plane, tx, instance, StopReason.STUCK, message)
            if not self._standing.tasks[task.id].ending:
                self._forget(task)

    def _insist(self, tx: Transaction, task: TitusTask, run: Run) -> None:
        """Tell a task once more to end, or give it up."""
        standing = self._standing
        plane = standing.plane
        if task.kill_attempts < standing.periods.kill_attempts:
            standing.put_task(tx, stages.retold_to_end(task, standing.now()))
            order = StopOrder(StopReason.KILLED, tx.now, Micros(0), "it did not end in time")
            tx.after(lambda: plane.gateway.send(run.node, Stop(run.id, run.token, order)))
            return
        standing.put_task(tx, stages.given_up(task))
        message = f"the task did not end although it was told to {task.kill_attempts} times"
        end_run(plane, tx, run, RunState.LOST, Outcome(EndCause.LOST, message=message))

    def _forget(self, task: TitusTask) -> None:
        """Take a task out of its line that nothing can be done about."""
        self._lines[line_of(task)].since.pop(task.id, None)


def line_of(task: TitusTask) -> str:
    """Name the line in which a task waits, or nothing."""
    match task.status.state:
        case TaskStage.LAUNCHED:
            return "launched"
        case TaskStage.START_INITIATED:
            return "service" if task.index < 0 else "batch"
        case TaskStage.KILL_INITIATED:
            return "killed"
        case _:
            return ""


def entered(task: TitusTask) -> int:
    """Give when a task came into its stage; of a kill, when it was last told."""
    at = task.status.at
    if task.status.state == TaskStage.KILL_INITIATED:
        return at
    for status in reversed(task.history):
        if status.state != task.status.state:
            break
        at = status.at
    return at
