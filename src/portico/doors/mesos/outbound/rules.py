"""How the cluster is shared out, and when machines will be away, as messages."""

from __future__ import annotations

from collections import defaultdict

from portico.domain.nodes import Pool
from portico.domain.offers import InverseStatus
from portico.domain.resources import CPUS, WHOLE
from portico.domain.slices import plain
from portico.doors.mesos import resources
from portico.doors.mesos.extension.records import Machine, MachineMode
from portico.doors.mesos.extension.snapshot import Snapshot
from portico.doors.mesos.outbound import residents
from portico.doors.mesos.outbound.totals import Totals
from portico.wire.mesos import maintenance_pb2, quota_pb2
from portico.wire.mesos import mesos_pb2 as pb

_ANSWERS = {
    InverseStatus.UNKNOWN: "UNKNOWN",
    InverseStatus.ACCEPTED: "ACCEPT",
    InverseStatus.DECLINED: "DECLINE",
}


def pools_by_role(snapshot: Snapshot) -> dict[str, Pool]:
    """Give the pools of roles."""
    return {role: pool for path, pool in sorted(snapshot.pools.items()) if (role := snapshot.role_of(path))}


def weight_of(pool: Pool | None) -> float | None:
    """Give the weight that was set for a role; None for none."""
    if pool is None or not pool.share:
        return None
    return pool.share.get(CPUS, next(iter(pool.share.values()))) / WHOLE


def roles(snapshot: Snapshot, totals: Totals) -> list[pb.Role]:
    """Write the roles that have a rule or a framework, and the pools of other doors that use anything."""
    pools = pools_by_role(snapshot)
    frameworks: dict[str, list[str]] = defaultdict(list)
    for framework in snapshot.frameworks.values():
        if not framework.removed:
            for role in framework.roles:
                frameworks[role].append(framework.id)
    for door in residents.doors_of(snapshot):
        frameworks[f"/{door}"].append(residents.PREFIX + door)
    written: list[pb.Role] = []
    for name in sorted({"*", *pools, *frameworks, *totals.by_role}):
        weight = weight_of(pools.get(name))
        entry = pb.Role(name=name, weight=1.0 if weight is None else weight)
        entry.frameworks.extend(pb.FrameworkID(value=identity) for identity in frameworks.get(name, ()))
        if name in totals.by_role:
            held = totals.by_role[name].held
            entry.resources.extend(resources.to_resources(held.slices, held.ports, "", snapshot.volumes))
        written.append(entry)
    return written


def weights(snapshot: Snapshot) -> list[pb.WeightInfo]:
    """Write the weights that were set."""
    found = ((role, weight_of(pool)) for role, pool in pools_by_role(snapshot).items())
    return [pb.WeightInfo(role=role, weight=weight) for role, weight in found if weight is not None]


def quota_status(snapshot: Snapshot) -> quota_pb2.QuotaStatus:
    """Write the guarantees."""
    status = quota_pb2.QuotaStatus()
    for role, pool in pools_by_role(snapshot).items():
        if pool.reservation:
            info = status.infos.add(role=role)
            info.guarantee.extend(resources.to_resources(plain(pool.reservation), ()))
    return status


def schedule(snapshot: Snapshot) -> maintenance_pb2.Schedule:
    """Write the maintenance schedule, machines that were scheduled together in one window."""
    windows: dict[tuple[int, int, int | None], list[Machine]] = defaultdict(list)
    for machine in snapshot.machines.values():
        windows[machine.window, machine.start, machine.duration].append(machine)
    message = maintenance_pb2.Schedule()
    for (_, start, duration), machines in sorted(windows.items(), key=lambda entry: entry[0][:2]):
        window = message.windows.add()
        window.unavailability.start.nanoseconds = start
        if duration is not None:
            window.unavailability.duration.nanoseconds = duration
        window.machine_ids.extend(machine_id(machine) for machine in machines)
    return message


def cluster_status(snapshot: Snapshot) -> maintenance_pb2.ClusterStatus:
    """Write which machines are about to go down, with what frameworks said to it, and which are down."""
    message = maintenance_pb2.ClusterStatus()
    for machine in snapshot.machines.values():
        if machine.mode is MachineMode.DOWN:
            message.down_machines.add().CopyFrom(machine_id(machine))
            continue
        draining = message.draining_machines.add()
        draining.id.CopyFrom(machine_id(machine))
        for framework, said in sorted(snapshot.inverse_statuses.get(machine.id, {}).items()):
            answer = draining.statuses.add(status=_ANSWERS[said])
            answer.framework_id.value = framework
            answer.timestamp.nanoseconds = snapshot.at * 1000
    return message


def machine_id(machine: Machine) -> pb.MachineID:
    """Write the name of a machine."""
    return pb.MachineID(hostname=machine.hostname or None, ip=machine.ip or None)
