"""What this server tells of itself: version, flags, and the machine it is on."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

import msgspec

from portico.control.cluster.offers import OfferSettings
from portico.doors.mesos.extension.past import MOST_FRAMEWORKS, MOST_TASKS
from portico.doors.mesos.extension.standing import Periods, Place
from portico.doors.mesos.inbound.durations import text
from portico.doors.mesos.operator.measures import Machine
from portico.wire.mesos import mesos_pb2 as pb

_NOTHING: Mapping[str, str] = MappingProxyType({})
_MEMINFO = Path("/proc/meminfo")


class Facts(msgspec.Struct, frozen=True):
    """`flags` are told as they are; `built_at` is in seconds since the epoch; `cluster` is its name, if it has one."""

    flags: Mapping[str, str] = _NOTHING
    version: str = "1.3.0"
    build_date: str = ""
    build_user: str = "portico"
    built_at: float = 0.0
    cluster: str = ""


def flags(periods: Periods, place: Place, directory: Path) -> dict[str, str]:
    """Tell how a master was started, under the names that its own flags would have."""
    return {
        "agent_ping_timeout": text(periods.agent_ping),
        "agent_reregister_timeout": text(periods.agent_return),
        "hostname": place.hostname,
        "ip": place.address,
        "max_agent_ping_timeouts": "5",
        "max_completed_frameworks": str(MOST_FRAMEWORKS),
        "max_completed_tasks_per_framework": str(MOST_TASKS),
        "port": str(place.port),
        "work_dir": str(directory),
    }


def with_offers(told: Facts, settings: OfferSettings) -> Facts:
    """Add the flags that say how offers are made."""
    flags = {**told.flags, "allocation_interval": text(settings.interval)}
    if settings.timeout:
        flags["offer_timeout"] = text(settings.timeout)
    return msgspec.structs.replace(told, flags=flags)


def version_info(facts: Facts) -> pb.VersionInfo:
    """Describe the version: the API's own number, that clients compare."""
    return pb.VersionInfo(
        version=facts.version,
        build_date=facts.build_date or None,
        build_time=facts.built_at or None,
        build_user=facts.build_user,
    )


def machine() -> Machine:
    """Look at the machine."""
    memory = {}
    for line in _MEMINFO.read_text().splitlines():
        name, _, value = line.partition(":")
        memory[name] = value
    return Machine(
        cpus=os.cpu_count() or 0,
        load=os.getloadavg(),
        memory_total=_bytes(memory.get("MemTotal", "0 kB")),
        memory_free=_bytes(memory.get("MemFree", "0 kB")),
    )


def _bytes(said: str) -> int:
    return int(said.split(maxsplit=1)[0]) << 10
