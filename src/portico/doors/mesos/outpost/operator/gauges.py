"""The agent's metrics, by the names they have upstream."""

from __future__ import annotations

import os
import time
from collections import Counter

from portico.doors.mesos.outpost.operator.site import Site
from portico.doors.mesos.outpost.operator.statistics import limits_of
from portico.doors.mesos.outpost.words import AgentState
from portico.wire.mesos import mesos_pb2 as pb

_KINDS = ("cpus", "gpus", "mem", "disk")
_UNFINISHED = ("staging", "starting", "running", "killing")
_FINISHED = ("finished", "failed", "killed", "lost", "gone")


def gauges(state: AgentState | None, site: Site) -> dict[str, float]:
    """Measure; `state` is None while control is away, and the agent not registered then."""
    found = {"slave/uptime_secs": max(0.0, time.time() - site.started_at), "slave/registered": float(state is not None)}
    if state is not None:
        found |= _counts(state) | _use(state)
    return found | _machine()


def _counts(state: AgentState) -> dict[str, float]:
    states: Counter[str] = Counter()
    for entry in state.tasks:
        name = pb.TaskState.Name(pb.Task.FromString(entry.task).state)
        states[name.removeprefix("TASK_").lower()] += 1
    running = sum(not entry.ended for entry in state.executors)
    counts: dict[str, float] = {f"slave/tasks_{name}": states[name] for name in (*_UNFINISHED, *_FINISHED)}
    return counts | {
        "slave/frameworks_active": len(state.frameworks),
        "slave/executors_running": running,
        "slave/executors_terminated": len(state.executors) - running,
        "slave/executors_registering": 0,
        "slave/executors_terminating": 0,
        "slave/recovery_errors": 0,
    }


def _use(state: AgentState) -> dict[str, float]:
    total = limits_of(pb.AgentInfo.FromString(state.agent_info).resources)
    used: Counter[str] = Counter()
    for entry in state.tasks:
        if entry.kind in ("queued", "launched"):
            used.update(limits_of(pb.Task.FromString(entry.task).resources))
    for fact in state.containers:
        if not fact.task and not fact.parent and fact.info:
            used.update(limits_of(pb.ExecutorInfo.FromString(fact.info).resources))
    found: dict[str, float] = {}
    for kind in _KINDS:
        have, taken = total.get(kind, 0.0), float(used[kind])
        found[f"slave/{kind}_total"] = have
        found[f"slave/{kind}_used"] = taken
        found[f"slave/{kind}_percent"] = taken / have if have else 0.0
    return found


def _machine() -> dict[str, float]:
    one, five, fifteen = os.getloadavg()
    page = os.sysconf("SC_PAGE_SIZE")
    return {
        "system/cpus_total": os.cpu_count() or 1,
        "system/load_1min": one,
        "system/load_5min": five,
        "system/load_15min": fifteen,
        "system/mem_total_bytes": os.sysconf("SC_PHYS_PAGES") * page,
        "system/mem_free_bytes": os.sysconf("SC_AVPHYS_PAGES") * page,
    }
