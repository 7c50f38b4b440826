"""Whether jobs and tasks are among those asked for; one set of rules for queries and streams.

Pure over records and views. Source of the rules: the API's filtering criteria. A job fits criteria on tasks when for
each of them some task of it does; reasons and system failures are asked of tasks alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from operator import attrgetter

from portico.doors.titus import states
from portico.doors.titus.extension.records import TitusJob, TitusTask
from portico.doors.titus.extension.views import JobView
from portico.doors.titus.inbound.criteria import Criteria

JobRule = Callable[[TitusJob, JobView], bool]
TaskRule = Callable[[TitusTask], bool]


class Filter:
    """Criteria made ready to be asked often. `all_jobs` and `all_tasks` tell that every one fits."""

    def __init__(self, criteria: Criteria) -> None:
        self.criteria = criteria
        self._of_job = _job_rules(criteria)
        self._of_tasks = _task_rules_of_jobs(criteria)
        self._of_task = [*self._of_tasks, *_task_rules_of_tasks(criteria)]
        self.all_jobs = not self._of_job and not self._of_tasks
        self.all_tasks = not self._of_job and not self._of_task
        self.asks_for_tasks = bool(self._of_tasks)

    def job(self, job: TitusJob, view: JobView, tasks: Iterable[TitusTask]) -> bool:
        """Tell whether a job fits; `tasks` are its active ones, and are used only when `asks_for_tasks`."""
        for rule in self._of_job:
            if not rule(job, view):
                return False
        if not self.asks_for_tasks:
            return True
        known = tuple(tasks)
        return all(any(map(rule, known)) for rule in self._of_tasks)

    def task(self, task: TitusTask, job: TitusJob, view: JobView) -> bool:
        """Tell whether a task fits, with the job that it is of."""
        return all(rule(task) for rule in self._of_task) and all(rule(job, view) for rule in self._of_job)


def fits_archived(criteria: Criteria, task: TitusTask) -> bool:
    """Tell whether an archived task of a named job fits: of all criteria these two alone count there."""
    return all(rule(task) for rule in _task_rules_of_tasks(criteria))


def is_system_failure(task: TitusTask) -> bool:
    """Tell whether a finished task was ended by the system itself."""
    return task.finished and states.is_system_error(task.status.code, task.stopped_as)


def _job_rules(criteria: Criteria) -> list[JobRule]:
    """Give a rule for each criterion on jobs that says something; cheap ones that fail often first."""
    rules: list[JobRule] = []
    if criteria.job_ids:
        rules.append(lambda job, _view: job.id in criteria.job_ids)
    rules += _text_rules(criteria)
    if criteria.service is not None:
        rules.append(lambda _job, view: view.service is criteria.service)
    if criteria.job_state:
        rules.append(lambda job, _view: job.status.state == criteria.job_state)
    if criteria.attributes:
        choose = any if criteria.any_attribute else all
        rules.append(lambda _job, view: choose(asked.fits(view.attributes) for asked in criteria.attributes))
    if criteria.sidecar or criteria.sidecar_channel:
        rules.append(lambda _job, view: _has_sidecar(view, criteria.sidecar, criteria.sidecar_channel))
    return rules


def _text_rules(criteria: Criteria) -> list[JobRule]:
    """Give one rule for all texts together."""
    wanted = {
        "application": criteria.application,
        "owner": criteria.owner,
        "capacity_group": criteria.capacity_group,
        "stack": criteria.stack,
        "detail": criteria.detail,
        "sequence": criteria.sequence,
        "image": criteria.image,
        "tag": criteria.tag,
    }
    asked = {name: value for name, value in wanted.items() if value}
    if not asked:
        return []
    facts = attrgetter(*asked)
    expected = tuple(asked.values()) if len(asked) > 1 else next(iter(asked.values()))
    return [lambda _job, view: facts(view) == expected]


def _has_sidecar(view: JobView, name: str, channel: str) -> bool:
    return any(
        (not name or its_name == name) and (not channel or its_channel == channel)
        for its_name, its_channel in view.sidecars
    )


def _task_rules_of_jobs(criteria: Criteria) -> list[TaskRule]:
    """Give the rules on tasks by which jobs are chosen too."""
    rules: list[TaskRule] = []
    if criteria.task_ids:
        rules.append(lambda task: task.id in criteria.task_ids)
    if criteria.task_states:
        rules.append(lambda task: task.status.state in criteria.task_states)
    if criteria.needs_migration:
        rules.append(lambda task: task.index < 0 and task.migrate_by > 0)
    return rules


def _task_rules_of_tasks(criteria: Criteria) -> list[TaskRule]:
    rules: list[TaskRule] = []
    if criteria.task_reasons:
        rules.append(lambda task: task.status.code in criteria.task_reasons)
    if criteria.skip_system_failures:
        rules.append(lambda task: not is_system_failure(task))
    return rules
