"""ResourceStatistics of containers: what the agent counts, what the kernel adds, and what the container may use."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from portico.domain.frames import Usage
from portico.doors.mesos.outpost.operator.kernel import Seen
from portico.wire.mesos import mesos_pb2 as pb

_MEGABYTE = 1 << 20
_MICROS = 1_000_000
_WHOLE = frozenset(
    field.name
    for field in pb.ResourceStatistics.DESCRIPTOR.fields
    if field.cpp_type not in (field.CPPTYPE_DOUBLE, field.CPPTYPE_MESSAGE)
)
_SNMP = {"ip": "ip_stats", "icmp": "icmp_stats", "tcp": "tcp_stats", "udp": "udp_stats"}


class Sample(msgspec.Struct, frozen=True):
    """What was counted of a container at one time; `at` in seconds since the epoch."""

    at: float
    cpu_micros: int
    switches: int


def statistics(
    at: float,
    usage: Usage | None,
    seen: Seen | None,
    limits: Iterable[pb.Resource],
    before: Sample | None = None,
    perf: pb.PerfStatistics | None = None,
) -> pb.ResourceStatistics:
    """Write the statistics of a container.

    `perf` is what the kernel's own counters were found to say; without it some are told since `before`.
    """
    message = pb.ResourceStatistics(timestamp=at)
    _put_limits(message, limits)
    if usage is not None:
        message.cpus_user_time_secs = usage.cpu_micros / _MICROS
        message.cpus_system_time_secs = 0.0
        message.mem_total_bytes = usage.memory
        message.mem_rss_bytes = usage.memory
        message.disk_used_bytes = usage.disk
        message.processes = usage.pids
    if seen is not None:
        for name, value in seen.numbers.items():
            setattr(message, name, int(value) if name in _WHOLE else value)
        for protocol in _SNMP.keys() & seen.snmp.keys():
            _put_counters(getattr(message.net_snmp_statistics, _SNMP[protocol]), seen.snmp[protocol])
    if perf is not None:
        message.perf.CopyFrom(perf)
    elif before is not None and seen is not None and usage is not None and at > before.at:
        message.perf.timestamp = at
        message.perf.duration = at - before.at
        message.perf.task_clock = max(0, usage.cpu_micros - before.cpu_micros) / 1000
        message.perf.context_switches = max(0, seen.switches - before.switches)
    return message


def limits_of(resources: Iterable[pb.Resource]) -> dict[str, float]:
    """Sum scalar resources by name."""
    sums: dict[str, float] = {}
    for resource in resources:
        if resource.type == pb.Value.SCALAR:
            sums[resource.name] = sums.get(resource.name, 0.0) + resource.scalar.value
    return sums


def _put_limits(message: pb.ResourceStatistics, resources: Iterable[pb.Resource]) -> None:
    sums = limits_of(resources)
    if "cpus" in sums:
        message.cpus_limit = sums["cpus"]
    if "mem" in sums:
        message.mem_limit_bytes = int(sums["mem"] * _MEGABYTE)
    if "disk" in sums:
        message.disk_limit_bytes = int(sums["disk"] * _MEGABYTE)


def _put_counters(message: object, counters: dict[str, int]) -> None:
    for name, number in counters.items():
        if hasattr(message, name):
            setattr(message, name, number)
