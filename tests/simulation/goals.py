"""What must be true of Jobs that want a number of Instances, after every step and at the end."""

from __future__ import annotations

from collections import Counter

from simulation.door import DOOR

from portico.domain.jobs import InstanceState, JobMode, JobState
from portico.store.port import Condition, Operator, Select


def check_goals(plane, door, followed):
    """Look at the slots of all Jobs, and at all that has changed, also in what the door was told."""
    active, starting = followed.active, followed.starting
    for job in plane.state.jobs.values():
        queue = plane.queues[job.id]
        assert (queue.active, queue.starting) == (active[job.id], starting[job.id]), "a job's slots are miscounted"
        if job.concurrency:
            assert active[job.id] <= job.concurrency, f"{job.id} has {active[job.id]} attempts"
        if job.starting_limit:
            assert starting[job.id] <= job.starting_limit, f"{job.id} starts {starting[job.id]} attempts"
        if job.id in followed.changed_jobs and job.mode is not JobMode.DEMAND and not job.ended:
            _check_goal(plane, job)
    followed.changed_jobs = set()
    _check_instances(plane, followed)
    followed.changed_runs |= door.changed
    door.changed = set()
    _check_runs(plane, door, followed)


def _check_instances(plane, followed):
    """Those whose Job has ended are looked at again and again: it may leave memory without a word."""
    changed, followed.changed_instances = followed.changed_instances, set()
    for identity in changed:
        instance = plane.state.instances.get(identity)
        if instance is None:
            continue
        job = plane.state.jobs[instance.job]
        counted = instance.tries - instance.forgiven
        assert 0 <= instance.rested <= counted, f"{instance.id} was forgiven more than it tried"
        if job.retry.limit >= 0 and job.mode is not JobMode.SERVICE:
            assert counted <= 1 + job.retry.limit, f"{instance.id} was tried {counted} times"
        if job.ended:
            followed.changed_instances.add(identity)


def _check_goal(plane, job):
    live = [plane.state.instances[identity] for identity in plane.job_instances[job.id]]
    if job.state is JobState.STOPPING:
        assert live, f"{job.id} stops and has nothing to stop"
    if job.mode is JobMode.BATCH:
        assert live or job.spawned < job.size, f"{job.id} has all it wants and has not finished"
        assert job.spawned <= job.size
        assert all(instance.index < job.spawned for instance in live)
    indexes = Counter(instance.index for instance in live if not instance.cancel)
    assert all(count == 1 for count in indexes.values()), f"{job.id} has an index twice: {indexes}"


def _check_runs(plane, door, followed):
    """Those whose Instance has ended are looked at again and again, for the same reason."""
    changed, followed.changed_runs = followed.changed_runs, set()
    for identity in changed:
        run = plane.state.runs.get(identity)
        if run is None or run.ended:
            continue
        if run.instance:
            attempts = list(followed.attempts.get(run.instance, ()))
            assert attempts == [run.id], f"{run.id} is not the one live run of its instance: {attempts}"
        if run.door == DOOR:
            _check_attempt(plane, door, followed, run)


def _check_attempt(plane, door, followed, run):
    if run.instance:
        instance = plane.state.instances[run.instance]
        assert (instance.attempt, instance.job) == (run.id, run.job), f"{run.id} belongs to nobody"
        assert door.known[run.id] == run, f"the door was not told all of {run.id}"
        if instance.ended:
            followed.changed_runs.add(run.id)
    else:
        parent = plane.state.runs.get(run.parent)
        assert (parent is not None and not parent.ended) or run.stop is not None, f"{run.id} outlives its parent"


def unreached(plane):
    """Name the Jobs that have not reached what they want."""
    return [job.id for job in plane.state.jobs.values() if not _reached(plane, job)]


def _reached(plane, job):
    if job.mode is JobMode.DEMAND:
        return True
    live = [plane.state.instances[identity] for identity in plane.job_instances[job.id]]
    if job.mode is JobMode.BATCH or job.state is JobState.STOPPING:
        return job.ended
    return len(live) == job.size and all(instance.state is InstanceState.RUNNING for instance in live)


def _instances_of(job):
    return Select("instances", ((Condition("job", Operator.EQ, job.id),),))


def check_ends(plane, created):
    """Every Job that was answered is there; a batch Job has finished with all its Instances."""
    for identity in created:
        job = plane.job(identity)
        assert job is not None, f"{identity} was answered and is gone"
        rows = plane.history.now(lambda reader, job=job: reader.select(_instances_of(job)))
        instances = [plane.state.tables["instances"].load(row) for row in rows]
        if job.ended:
            assert all(instance.ended for instance in instances), f"{identity} has finished and goes on"
        if job.mode is JobMode.BATCH and job.stop is None:
            assert job.ended, f"{identity} has not finished"
            assert len(instances) == job.size == job.spawned
