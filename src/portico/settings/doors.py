"""What only one door knows: `[doors]` with its tables, and the periods in `[timers]`."""

from __future__ import annotations

import re

import msgspec

from portico.domain.identity import Micros
from portico.settings.capacity import resources
from portico.settings.kinds import command
from portico.settings.model import BUILT_IN_PARTITIONS, DOORS, PERF_EVENTS, PartitionSettings
from portico.settings.problems import nearest
from portico.settings.reading import Place, Table, entries, table_reader
from portico.settings.scalars import address, any_text, boolean, duration, integer, names, some_of
from portico.settings.titus import Titus, titus

_PARTITION = PartitionSettings()
_TIMER = re.compile(r"([a-z0-9]+)\.[a-z][a-z0-9_]*")


class Mesos(msgspec.Struct, frozen=True, kw_only=True):
    """The table `[doors.mesos]` as read."""

    hierarchical_roles: bool = False
    perf_events: tuple[str, ...] = ()


class Doors(msgspec.Struct, frozen=True, kw_only=True):
    """The table `[doors]` as read."""

    enabled: tuple[str, ...] = DOORS
    partitions: dict[str, PartitionSettings] = msgspec.field(default_factory=BUILT_IN_PARTITIONS.copy)
    titus: Titus = Titus()
    beam_forward: str | None = None
    mesos: Mesos = Mesos()


def doors(place: Place) -> Doors:
    """Which doors are open, and what they are told."""
    with Table(place) as table:
        return Doors(
            enabled=table.take("enabled", some_of(DOORS), DOORS),
            partitions=table.take("armonik", _armonik, BUILT_IN_PARTITIONS.copy()),
            titus=table.take("titus", titus, Titus()),
            beam_forward=table.take("beam", _beam, None),
            mesos=table.take("mesos", _mesos, Mesos()),
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


def _beam(place: Place) -> str | None:
    with Table(place) as table:
        return table.take("forward", address, None)


def _mesos(place: Place) -> Mesos:
    with Table(place) as table:
        return Mesos(
            hierarchical_roles=table.take("hierarchical_roles", boolean, default=False),
            perf_events=table.take("perf_events", some_of(PERF_EVENTS), ()),
        )


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
