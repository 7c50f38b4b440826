"""The documents of the older endpoints, written as JSON. Pure; made off the loop."""

from __future__ import annotations

from collections import Counter
from typing import Any

import msgspec

from portico.doors.mesos.operator.facts import Facts
from portico.doors.mesos.outbound import residents, rules
from portico.doors.mesos.outbound.agents import packed
from portico.doors.mesos.outbound.state import View
from portico.doors.mesos.v0.amounts import amounts
from portico.doors.mesos.v0.models import Models, Plain, seconds, task
from portico.wire.mesos import mesos_pb2 as pb

MOST_TASKS = 100
"""Tasks that /tasks gives unless it is asked for more."""

_STATES = tuple(pb.TaskState.keys())
_encode = msgspec.json.Encoder().encode


def version(facts: Facts) -> bytes:
    """Write /version."""
    return _encode(_version(facts))


def _version(facts: Facts) -> Plain:
    return {
        "version": facts.version,
        "build_date": facts.build_date,
        "build_time": facts.built_at,
        "build_user": facts.build_user,
    }


def state(view: View, facts: Facts) -> bytes:
    """Write /state."""
    models = Models(view)
    orphans = [task(message) for message in models.tasks.orphan_tasks]
    return _encode(
        _master(view, facts)
        | {
            "flags": dict(facts.flags),
            "slaves": models.agents(),
            "recovered_slaves": models.agents(recovered=True),
            "frameworks": list(models.frameworks()),
            "completed_frameworks": list(models.frameworks(completed=True)),
            "orphan_tasks": orphans,
            "unregistered_frameworks": [],
        }
    )


def _master(view: View, facts: Facts) -> Plain:
    snapshot = view.snapshot
    place = snapshot.place
    pid = f"master@{place.address}:{place.port}"
    known = [agent.id for agent in snapshot.agents.values() if not agent.removed_at]
    active = sum(snapshot.active(node) for node in known)
    named: Plain = {"cluster": facts.cluster} if facts.cluster else {}
    return (
        _version(facts)
        | named
        | {
            "id": snapshot.master.master,
            "pid": pid,
            "hostname": place.hostname,
            "start_time": seconds(snapshot.started_at),
            "elected_time": seconds(snapshot.started_at),
            "leader": pid,
            "leader_info": {
                "id": snapshot.master.master,
                "pid": pid,
                "hostname": place.hostname,
                "port": place.port,
                "ip": packed(place.address),
            },
            "activated_slaves": float(active),
            "deactivated_slaves": float(len(known) - active),
            "unreachable_slaves": float(len(snapshot.agents) - len(known)),
        }
    )


def summary(view: View, facts: Facts) -> bytes:
    """Write /state-summary: counts of tasks by state for each agent and framework, and who has what where."""
    models = Models(view)
    by_agent: dict[str, Counter[str]] = {}
    by_framework: dict[str, Counter[str]] = {}
    together: set[tuple[str, str]] = set()
    for group in ("tasks", "unreachable_tasks", "completed_tasks"):
        for message in getattr(models.tasks, group):
            state_name = pb.TaskState.Name(message.state)
            agent, framework = message.agent_id.value, message.framework_id.value
            by_agent.setdefault(agent, Counter())[state_name] += 1
            by_framework.setdefault(framework, Counter())[state_name] += 1
            if group == "tasks":
                together.add((framework, agent))
    frameworks = [
        models.framework(framework) for framework in view.snapshot.frameworks.values() if not framework.removed
    ]
    frameworks += [models.resident(door) for door in residents.doors_of(view.snapshot)]
    place = view.snapshot.place
    named: Plain = {"cluster": facts.cluster} if facts.cluster else {}
    document = named | {
        "hostname": place.hostname,
        "slaves": [
            agent | _counted(by_agent.get(agent["id"])) | {"framework_ids": _paired(together, agent["id"], 1)}
            for agent in models.agents()
        ],
        "frameworks": [
            one | _counted(by_framework.get(one["id"])) | {"slave_ids": _paired(together, one["id"], 0)}
            for one in frameworks
        ],
    }
    return _encode(document)


def _counted(counts: Counter[str] | None) -> Plain:
    return {name: counts[name] if counts is not None else 0 for name in _STATES}


def _paired(pairs: set[tuple[str, str]], identity: str, side: int) -> list[str]:
    return sorted(pair[1 - side] for pair in pairs if pair[side] == identity)


def slaves(view: View, identity: str = "") -> bytes:
    """Write /slaves, or of one only."""
    models = Models(view)

    def chosen(*, recovered: bool) -> list[Plain]:
        found = models.agents(full=True, recovered=recovered)
        return [agent for agent in found if not identity or agent["id"] == identity]

    return _encode({"slaves": chosen(recovered=False), "recovered_slaves": chosen(recovered=True)})


def frameworks(view: View, identity: str = "") -> bytes:
    """Write /frameworks, or of one only."""
    models = Models(view)

    def chosen(*, completed: bool) -> list[Plain]:
        return [one for one in models.frameworks(completed=completed) if not identity or one["id"] == identity]

    document = {
        "frameworks": chosen(completed=False),
        "completed_frameworks": chosen(completed=True),
        "unregistered_frameworks": [],
    }
    return _encode(document)


class TaskQuery(msgspec.Struct, frozen=True):
    """Which tasks /tasks is asked for; empty ids are any."""

    limit: int = MOST_TASKS
    offset: int = 0
    newest_first: bool = True
    task: str = ""
    framework: str = ""


def tasks(view: View, query: TaskQuery) -> bytes:
    """Write /tasks, ordered by when each task was first heard of."""
    models = Models(view)
    found: list[pb.Task] = []
    for group in ("pending_tasks", "tasks", "unreachable_tasks", "completed_tasks", "orphan_tasks"):
        found += [
            message
            for message in getattr(models.tasks, group)
            if (not query.task or message.task_id.value == query.task)
            and (not query.framework or message.framework_id.value == query.framework)
        ]
    found.sort(
        key=lambda message: message.statuses[0].timestamp if message.statuses else 0.0, reverse=query.newest_first
    )
    return _encode({"tasks": [task(message) for message in found[query.offset : query.offset + query.limit]]})


def roles(view: View) -> bytes:
    """Write /roles."""
    totals = view.totals
    found: list[dict[str, Any]] = []
    for role in rules.roles(view.snapshot, totals):
        held = totals.by_role[role.name].held if role.name in totals.by_role else None
        found.append(
            {
                "name": role.name,
                "weight": role.weight,
                "frameworks": [framework.value for framework in role.frameworks],
                "resources": amounts(held) if held is not None else {},
            }
        )
    return _encode({"roles": found})
