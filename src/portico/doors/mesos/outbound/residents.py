"""Work of Portico's other doors, told as frameworks with tasks, so that this API shows all that runs on the cluster.

A door is one framework, `portico-<door>`; each of its placed Runs is a task of it. Pure. Promises: the tables of states
are those of this door's own tasks; work that still waits for a node is not shown, since a task has an agent.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from portico.domain.identity import Instant
from portico.domain.reservations import label_ports
from portico.domain.resources import Ports
from portico.domain.runs import ON_NODE, Claim, Run
from portico.domain.slices import Slices
from portico.doors.mesos import resources, states
from portico.doors.mesos.extension.records import Agent
from portico.doors.mesos.extension.snapshot import Snapshot
from portico.doors.mesos.extension.standing import DOOR
from portico.doors.mesos.outbound import fields, statuses
from portico.doors.mesos.outbound.statuses import Where
from portico.doors.mesos.states import Told
from portico.wire.mesos import mesos_pb2 as pb

PREFIX = "portico-"
_CAPABILITIES = frozenset({"PARTITION_AWARE", "TASK_KILLING_STATE"})
_VIEW = states.View(states.TaskKind.COMMAND, _CAPABILITIES)
_TASK = {field.name: field.number for field in pb.Task.DESCRIPTOR.fields}


def framework_of(run: Run) -> str:
    """Name the framework that a Run belongs to."""
    return run.job if run.door == DOOR else PREFIX + run.door


def doors_of(snapshot: Snapshot) -> list[str]:
    """Name the other doors that have anything here."""
    present = {run.door for run in snapshot.runs} | {run.door for run in snapshot.past.runs} | snapshot.doors
    return sorted(present - {DOOR, ""})


def residents(runs: Iterable[Run]) -> list[Run]:
    """Choose the Runs that are told as tasks: those of other doors that are on a node."""
    return [run for run in runs if run.door != DOOR and run.state in ON_NODE]


def framework_info(door: str) -> pb.FrameworkInfo:
    """Describe a door as a framework."""
    info = pb.FrameworkInfo(user="portico", name=f"Portico {door}", role=f"/{door}", checkpoint=True)
    info.id.value = PREFIX + door
    for name in sorted(_CAPABILITIES):
        info.capabilities.add(type=name)
    return info


def told(run: Run) -> Told:
    """Say what a Run's state means for the task that it is told as."""
    return states.told(run, _VIEW)


def changed_at(run: Run) -> Instant:
    """Say since when a Run is in its state, as far as its record tells."""
    return run.ended_at or run.unreachable_at or run.started_at or run.placed_at or run.created_at


def status(run: Run, agents: Mapping[str, Agent], address: str) -> bytes:
    """Write the newest status of a task that is a Run."""
    away = run.unreachable_at if run.unreachable_at and not run.ended else None
    where = Where(_agent(run, agents), container=run.id, parent=run.parent, address=address)
    return statuses.status(told(run), run.id, where, changed_at(run), unreachable_at=away)


class ResidentWriter:
    """Writes Runs of one moment as Tasks; equal Claims are written once."""

    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot
        self._resources: dict[tuple[str, str, Slices, Ports], bytes] = {}

    def write(self, run: Run) -> bytes:
        """Write one Run."""
        snapshot = self._snapshot
        newest = status(run, snapshot.agents, snapshot.place.address)
        pieces = [
            fields.part(_TASK["name"], (run.job or run.id).encode()),
            fields.identity(_TASK["task_id"], run.id),
            fields.identity(_TASK["framework_id"], framework_of(run)),
            fields.identity(_TASK["agent_id"], _agent(run, snapshot.agents)),
            fields.number(_TASK["state"], pb.TaskState.Value(told(run).state)),
            fields.part(_TASK["statuses"], newest),
        ]
        if run.claim is not None:
            pieces.append(self._held(run.claim, run.pool))
        if run.labels:
            labels = pb.Labels()
            for key, value in sorted(run.labels.items()):
                labels.labels.add(key=key, value=value)
            pieces.append(fields.part(_TASK["labels"], labels.SerializeToString()))
        if run.spec.user:
            pieces.append(fields.part(_TASK["user"], run.spec.user.encode()))
        return b"".join(pieces)

    def _held(self, claim: Claim, pool: str) -> bytes:
        key = (claim.node if claim.ports else "", pool, claim.slices, claim.ports)
        written = self._resources.get(key)
        if written is None:
            node = self._snapshot.nodes.get(claim.node)
            ports = label_ports(claim.ports, node.reserved_ports if node is not None else ())
            messages = resources.to_resources(claim.slices, ports, pool, self._snapshot.volumes)
            written = fields.parts(_TASK["resources"], (message.SerializeToString() for message in messages))
            self._resources[key] = written
        return written


def _agent(run: Run, agents: Mapping[str, Agent]) -> str:
    agent = agents.get(run.node)
    return agent.agent if agent is not None else ""
