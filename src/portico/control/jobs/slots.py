"""Slots of service Jobs: which go, which index a new one gets, and how one moves to another Job with what runs in it.

Works inside a caller's transaction. Promises: a moved Instance keeps its Attempt, and what that holds is charged once.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import msgspec

from portico.control.jobs.instances import pursue, wait_for_turn
from portico.control.jobs.listeners import tell_of_run
from portico.deciding.scaling import Candidate, Phase
from portico.domain.errors import Conflict
from portico.domain.jobs import Instance, InstanceState, Job, JobMode, JobState, Shrink
from portico.domain.nodes import Node
from portico.domain.runs import Run

if TYPE_CHECKING:
    from portico.control.plane import Plane
    from portico.control.transaction import Transaction

ZONE = "zone"
"""The node attribute over which Instances are spread."""


def free_indexes(job: Job, live: Sequence[Instance], wanted: int) -> Sequence[int]:
    """Give the indexes of the Instances that a service Job lacks of the number wanted."""
    if job.shrink == Shrink.SPREAD:
        return range(job.spawned, job.spawned + max(0, wanted - len(live)))
    used = {instance.index for instance in live}
    return [index for index in range(wanted) if index not in used]


def candidates(plane: Plane, live: Iterable[Instance]) -> list[Candidate]:
    """Describe Instances as those of which some go."""
    nodes, runs = plane.state.nodes, plane.state.runs
    return [_candidate(instance, runs.get(instance.attempt), nodes) for instance in live]


def _candidate(instance: Instance, run: Run | None, nodes: Mapping[str, Node]) -> Candidate:
    if run is None:
        return Candidate(instance.id, instance.index, since=instance.scheduled_at)
    node = run.claim.node if run.claim is not None else ""
    if run.stop is not None:
        phase = Phase.STOPPING
    elif run.started_at:
        phase = Phase.RUNNING
    else:
        phase = Phase.LAUNCHING if node else Phase.UNPLACED
    zone = nodes[node].attributes.get(ZONE, "") if node in nodes else ""
    return Candidate(instance.id, instance.index, phase, node, zone, run.created_at)


def move_instance(plane: Plane, tx: Transaction, instance: Instance, target: Job) -> Instance:
    """Re-home an Instance of a service Job with its live Run; its ended Runs stay where they were.

    Sizes are the caller's to change, in the same transaction; a Job that counts by index fills the place of all but its
    last one anew. The Run stays in its pool. Raises Conflict unless both Jobs are active service Jobs of one door and
    the Instance is to stay.
    """
    source = plane.state.jobs[instance.job]
    if instance.ended or instance.cancel:
        raise Conflict(f"instance {instance.id} is going")
    for job in (source, target):
        if job.mode is not JobMode.SERVICE or job.state is not JobState.ACTIVE or job.door != source.door:
            raise Conflict(f"Job {job.id} can neither give nor take an Instance")
    if source.id == target.id:
        return instance
    live = [plane.state.instances[identity] for identity in plane.job_instances[target.id]]
    index = free_indexes(target, live, len(live) + 1)[0]
    moved = msgspec.structs.replace(instance, job=target.id, index=index)
    tx.put(msgspec.structs.replace(target, spawned=target.spawned + 1))
    tx.put(moved)
    run = plane.state.runs.get(instance.attempt)
    if run is not None:
        _rehome(plane, tx, run, target.id)
    if moved.state is InstanceState.WAITING:
        wait_for_turn(plane, tx, moved)
    pursue(plane, tx, source)
    plane.goals.want(source.id)
    plane.goals.want(target.id)
    return plane.state.instances[moved.id]


def _rehome(plane: Plane, tx: Transaction, run: Run, job: str) -> None:
    moved = msgspec.structs.replace(run, job=job)
    tx.put(moved)
    tell_of_run(plane, tx, run, moved)
    for identity in plane.child_runs[run.id]:
        child = plane.state.runs[identity]
        if child.job == run.job:
            _rehome(plane, tx, child, job)
