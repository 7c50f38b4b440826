"""The figures of GET_METRICS and /metrics/snapshot, under the names that dashboards of this API know. Pure."""

from __future__ import annotations

from collections import Counter
from itertools import product

import msgspec

from portico.domain.identity import SECOND
from portico.domain.resources import CPUS, DISK, GPUS, MEM, WHOLE
from portico.doors.mesos.extension.records import FrameworkState
from portico.doors.mesos.extension.snapshot import Snapshot
from portico.doors.mesos.outbound import residents
from portico.doors.mesos.outbound.totals import Totals

_KINDS = (CPUS, MEM, DISK, GPUS)
_STATES = ("staging", "starting", "running", "killing", "finished", "failed", "killed", "error", "lost", "unreachable")
_STATES_PAST = ("dropped", "gone", "gone_by_operator")


class Machine(msgspec.Struct, frozen=True):
    """The machine this server is on: number of cpus, load averages, memory in bytes."""

    cpus: int = 0
    load: tuple[float, float, float] = (0.0, 0.0, 0.0)
    memory_total: int = 0
    memory_free: int = 0


def measures(snapshot: Snapshot, totals: Totals, machine: Machine) -> dict[str, float]:
    """Give all figures, by name; none of them needs history beyond what is told of completed tasks."""
    figures: dict[str, float] = {
        "master/elected": 1.0,
        "master/uptime_secs": (snapshot.at - snapshot.started_at) / SECOND,
        "master/outstanding_offers": float(len(snapshot.offers)),
    }
    figures |= _frameworks(snapshot) | _agents(snapshot) | _tasks(snapshot) | _resources(snapshot, totals)
    figures |= {
        "system/cpus_total": float(machine.cpus),
        "system/load_1min": machine.load[0],
        "system/load_5min": machine.load[1],
        "system/load_15min": machine.load[2],
        "system/mem_total_bytes": float(machine.memory_total),
        "system/mem_free_bytes": float(machine.memory_free),
    }
    return figures


def _frameworks(snapshot: Snapshot) -> dict[str, float]:
    known = [framework for framework in snapshot.frameworks.values() if not framework.removed]
    connected = sum(framework.state is FrameworkState.SUBSCRIBED for framework in known)
    connected += len(residents.doors_of(snapshot))
    away = sum(framework.state is FrameworkState.DISCONNECTED for framework in known)
    return {
        "master/frameworks_active": float(connected),
        "master/frameworks_connected": float(connected),
        "master/frameworks_disconnected": float(away),
        "master/frameworks_inactive": float(away),
    }


def _agents(snapshot: Snapshot) -> dict[str, float]:
    known = [agent.id for agent in snapshot.agents.values() if not agent.removed_at]
    connected = sum(node in snapshot.connected for node in known)
    active = sum(snapshot.active(node) for node in known)
    return {
        "master/slaves_active": float(active),
        "master/slaves_connected": float(connected),
        "master/slaves_disconnected": float(len(known) - connected),
        "master/slaves_inactive": float(len(known) - active),
        "master/slaves_unreachable": float(len(snapshot.agents) - len(known)),
    }


def _tasks(snapshot: Snapshot) -> dict[str, float]:
    counts: Counter[str] = Counter(task.state for task in snapshot.tasks if not task.over)
    counts.update(residents.told(run).state for run in residents.residents(snapshot.runs))
    live = {task.id for task in snapshot.tasks if not task.over}
    counts.update(task.state for task in snapshot.past.tasks if task.id not in live)
    counts.update(residents.told(run).state for run in snapshot.past.runs)
    return {f"master/tasks_{name}": float(counts[f"TASK_{name.upper()}"]) for name in (*_STATES, *_STATES_PAST)}


def _resources(snapshot: Snapshot, totals: Totals) -> dict[str, float]:
    total: Counter[tuple[str, bool]] = Counter()
    used: Counter[tuple[str, bool]] = Counter()
    for agent in snapshot.agents.values():
        node = snapshot.nodes.get(agent.id)
        if node is None or agent.removed_at:
            continue
        for piece in (*node.capacity, *snapshot.lent.get(agent.id, ())):
            total[piece.kind, piece.label.revocable] += piece.amount
        if agent.id in totals.by_node:
            for piece in totals.by_node[agent.id].held.slices:
                used[piece.kind, piece.label.revocable] += piece.amount
    figures: dict[str, float] = {}
    for kind, revocable in product(_KINDS, (False, True)):
        name, key = f"master/{kind}_revocable" if revocable else f"master/{kind}", (kind, revocable)
        figures[f"{name}_total"] = total[key] / WHOLE
        figures[f"{name}_used"] = used[key] / WHOLE
        figures[f"{name}_percent"] = used[key] / total[key] if total[key] else 0.0
    return figures
