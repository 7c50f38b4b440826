"""What must be true of Jobs that want a number of Instances, after every step and at the end."""

from __future__ import annotations

from collections import Counter

from simulation.door import DOOR

from portico.domain.jobs import InstanceState, JobMode, JobState
from portico.store.port import Condition, Operator, Select

SLOTTED = (InstanceState.PENDING, InstanceState.RUNNING)


def check_goals(plane, door):
    """Look at all Jobs and at what the door was told."""
    instances = plane.state.instances.values()
    active = Counter(instance.job for instance in instances if instance.state in SLOTTED)
    starting = Counter(instance.job for instance in instances if instance.state is InstanceState.PENDING)
    for job in plane.state.jobs.values():
        queue = plane.queues[job.id]
        assert (queue.active, queue.starting) == (active[job.id], starting[job.id]), "a job's slots are miscounted"
        if job.concurrency:
            assert active[job.id] <= job.concurrency, f"{job.id} has {active[job.id]} attempts"
        if job.starting_limit:
            assert starting[job.id] <= job.starting_limit, f"{job.id} starts {starting[job.id]} attempts"
        if job.mode is not JobMode.DEMAND and not job.ended:
            _check_goal(plane, job)
    for instance in instances:
        job = plane.state.jobs[instance.job]
        counted = instance.tries - instance.forgiven
        assert 0 <= instance.rested <= counted, f"{instance.id} was forgiven more than it tried"
        if job.retry.limit >= 0 and job.mode is not JobMode.SERVICE:
            assert counted <= 1 + job.retry.limit, f"{instance.id} was tried {counted} times"
    _check_runs(plane, door)


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


def _check_runs(plane, door):
    attempts = Counter(run.instance for run in plane.state.runs.values() if run.instance and not run.ended)
    assert all(count == 1 for count in attempts.values()), f"an instance has two live runs: {attempts}"
    for run in plane.state.runs.values():
        if run.ended or run.door != DOOR:
            continue
        if run.instance:
            instance = plane.state.instances[run.instance]
            assert (instance.attempt, instance.job) == (run.id, run.job), f"{run.id} belongs to nobody"
            assert door.known[run.id] == run, f"the door was not told all of {run.id}"
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
