"""What only one door knows: `[doors]` with its tables, and the periods in `[timers]`."""

from __future__ import annotations

import re

import msgspec

from portico.domain.identity import Micros
from portico.settings.capacity import resources
from portico.settings.kinds import command
from portico.settings.model import BUILT_IN_PARTITIONS, DOORS, PartitionSettings, TitusLimits
from portico.settings.problems import nearest
from portico.settings.reading import Place, Table, entries, table_reader
from portico.settings.scalars import address, amount, any_text, boolean, duration, integer, names, some_of

_PARTITION = PartitionSettings()
_LIMITS = TitusLimits()
_LOWEST_AND_HIGHEST = ("cpus", "mem", "disk", "network", "runtime")
_TIMER = re.compile(r"([a-z0-9]+)\.[a-z][a-z0-9_]*")


class Doors(msgspec.Struct, frozen=True, kw_only=True):
    """The table `[doors]` as read."""

    enabled: tuple[str, ...] = DOORS
    partitions: dict[str, PartitionSettings] = msgspec.field(default_factory=BUILT_IN_PARTITIONS.copy)
    titus_limits: TitusLimits = _LIMITS
    beam_forward: str | None = None
    mesos_hierarchical_roles: bool = False


def doors(place: Place) -> Doors:
    """Which doors are open, and what they are told."""
    with Table(place) as table:
        return Doors(
            enabled=table.take("enabled", some_of(DOORS), DOORS),
            partitions=table.take("armonik", _armonik, BUILT_IN_PARTITIONS.copy()),
            titus_limits=table.take("titus", _titus, _LIMITS),
            beam_forward=table.take("beam", _beam, None),
            mesos_hierarchical_roles=table.take("mesos", _mesos, default=False),
        )


def _armonik(place: Place) -> dict[str, PartitionSettings]:
    with Table(place) as table:
        written: dict[str, PartitionSettings] = table.take("partitions", table_reader(_partition), {})
    return BUILT_IN_PARTITIONS | written


def _partition(place: Place) -> PartitionSettings:
    if not str(place.key[-1]).strip():
        place.reject("the name of the partition is empty", "a name")
    with Table(place) as table:
        reserved = table.take("pod_reserved", integer(0), _PARTITION.pod_reserved)
        most = table.take("pod_max", integer(0), max(reserved, _PARTITION.pod_max))
        partition = PartitionSettings(
            worker=table.take("worker", command, ()),
            pod_reserved=reserved,
            pod_max=most,
            priority=table.take("priority", integer(0), _PARTITION.priority),
            preemption_percentage=table.take("preemption_percentage", integer(0, 100), 0),
            parents=table.take("parents", names, ()),
            configuration=table.take("configuration", table_reader(any_text), {}),
            resources=table.take("resources", resources, _PARTITION.resources),
        )
    if most < reserved:
        place.inner("pod_max", most).reject(f"{most} is less than pod_reserved", f"at least {reserved}")
    return partition


def _titus(place: Place) -> TitusLimits:
    with Table(place) as table:
        return table.take("limits", _limits, _LIMITS)


def _limits(place: Place) -> TitusLimits:
    with Table(place) as table:
        limits = TitusLimits(
            min_cpus=table.take("min_cpus", amount, _LIMITS.min_cpus),
            max_cpus=table.take("max_cpus", amount, _LIMITS.max_cpus),
            max_gpus=table.take("max_gpus", amount, _LIMITS.max_gpus),
            min_mem=table.take("min_mem", amount, _LIMITS.min_mem),
            max_mem=table.take("max_mem", amount, _LIMITS.max_mem),
            min_disk=table.take("min_disk", amount, _LIMITS.min_disk),
            max_disk=table.take("max_disk", amount, _LIMITS.max_disk),
            min_network=table.take("min_network", amount, _LIMITS.min_network),
            max_network=table.take("max_network", amount, _LIMITS.max_network),
            max_batch_size=table.take("max_batch_size", integer(1), _LIMITS.max_batch_size),
            max_service_size=table.take("max_service_size", integer(1), _LIMITS.max_service_size),
            min_runtime=table.take("min_runtime", duration, _LIMITS.min_runtime),
            max_runtime=table.take("max_runtime", duration, _LIMITS.max_runtime),
            max_entry_point=table.take("max_entry_point", integer(1), _LIMITS.max_entry_point),
            max_environment=table.take("max_environment", integer(1), _LIMITS.max_environment),
            max_active_jobs=table.take("max_active_jobs", integer(1), _LIMITS.max_active_jobs),
        )
    for name in _LOWEST_AND_HIGHEST:
        if getattr(limits, f"max_{name}") < getattr(limits, f"min_{name}"):
            place.reject(f"max_{name} is less than min_{name}", "the least first, the most not below it")
    return limits


def _beam(place: Place) -> str | None:
    with Table(place) as table:
        return table.take("forward", address, None)


def _mesos(place: Place) -> bool:
    with Table(place) as table:
        return table.take("hierarchical_roles", boolean, default=False)


def timers(place: Place) -> dict[str, Micros]:
    """Periods by `<door>.<name>`; the doors know their own names and defaults."""
    found: dict[str, Micros] = {}
    for name, entry in entries(place):
        match = _TIMER.fullmatch(name)
        if match is None:
            entry.reject("not the name of a timer", '"DOOR.NAME", such as "mesos.heartbeat"')
        elif match.group(1) not in DOORS:
            entry.reject(f"{match.group(1)!r} is not a door", nearest(match.group(1), DOORS))
        else:
            found[name] = entry.read(duration, Micros(0))
    return found
