"""What tests wait for: tasks and jobs that come into a state, looked at through a door until they are."""

from __future__ import annotations

from live.server import until

ACTIVE = "Accepted,Launched,StartInitiated,Started,KillInitiated"


def started(door, job, count, patience=20.0):
    """Give a job's started tasks once there are so many, and no others that are active."""

    def look():
        active = door.tasks(1_000, jobIds=job, taskStates=ACTIVE)["items"]
        ready = [each for each in active if each["status"]["state"] == "Started"]
        return (ready,) if len(ready) == len(active) == count else None

    return until(look, f"{count} started tasks of {job}", patience)[0]


def finished(door, job, patience=25.0):
    """Give a job once it is finished."""
    return until(lambda: _in_state(door.job(job), "Finished"), f"end of job {job}", patience)


def task_finished(door, task, patience=20.0):
    """Give a task once it is finished."""
    return until(lambda: _in_state(door.task(task), "Finished"), f"end of task {task}", patience)


def archived(door, job, **criteria):
    """Give all finished tasks of a job."""
    return door.tasks(1_000, jobIds=job, taskStates="Finished", **criteria)["items"]


def states(record):
    """Give the states of a job or task with their reasons, in order."""
    return [(each["state"], each["reasonCode"]) for each in (*record["statusHistory"], record["status"])]


def _in_state(record, state):
    return record if record["status"]["state"] == state else None
