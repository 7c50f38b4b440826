"""What only the Titus door knows: `[doors.titus]` with its limits and its surroundings."""

from __future__ import annotations

import re
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from portico.settings.kinds import command, variables
from portico.settings.model import TitusEviction, TitusLimits, TitusSettings, TitusSidecar, TitusSizes
from portico.settings.problems import Rejected, nearest
from portico.settings.reading import Place, Table, entries, table_reader
from portico.settings.scalars import amount, any_text, boolean, duration, integer, names, path, some_of, text

NETWORK_MODES = ("UnknownNetworkMode", "Ipv4Only", "Ipv6AndIpv4", "Ipv6AndIpv4Fallback", "Ipv6Only", "HighScale")
_NETWORK = re.compile(r"host|none|cni:[A-Za-z0-9][A-Za-z0-9_.-]*")
_SETTINGS = TitusSettings()
_LIMITS = TitusLimits()
_EVICTION = TitusEviction()
DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
_LOWEST_AND_HIGHEST = ("cpus", "mem", "disk", "network", "runtime")
_MOST_TASKS = 1_000_000


class Titus(msgspec.Struct, frozen=True, kw_only=True):
    """The table `[doors.titus]` as read."""

    settings: TitusSettings = _SETTINGS
    limits: TitusLimits = _LIMITS


def titus(place: Place) -> Titus:
    """What the door knows and checks."""
    with Table(place) as table:
        return Titus(
            limits=table.take("limits", _limits, _LIMITS),
            settings=TitusSettings(
                cell=table.take("cell", any_text, _SETTINGS.cell),
                stack=table.take("stack", any_text, _SETTINGS.stack),
                region=table.take("region", text, _SETTINGS.region),
                security_groups=table.take("security_groups", names, _SETTINGS.security_groups),
                iam_role=table.take("iam_role", any_text, _SETTINGS.iam_role),
                health_providers=table.take("health_providers", names, _SETTINGS.health_providers),
                efs=table.take("efs", table_reader(path), {}),
                networks=table.take("networks", _networks, {}),
                sidecars=table.take("sidecars", table_reader(_sidecar), {}),
                eviction=table.take("eviction", _eviction, None),
            ),
        )


def _networks(place: Place) -> dict[str, str]:
    found: dict[str, str] = {}
    for name, entry in entries(place):
        if name not in NETWORK_MODES:
            entry.reject(f"{name!r} is not a network mode", nearest(name, NETWORK_MODES))
            continue
        found[name] = entry.read(_network, "host")
    return found


def _network(place: Place) -> str:
    found = text(place)
    if not _NETWORK.fullmatch(found):
        raise Rejected(f"{found!r} is no network", "host, none or cni:NAME")
    return found


def _sidecar(place: Place) -> TitusSidecar:
    with Table(place) as table:
        return TitusSidecar(
            image=table.require("image", text, "", "the name of an image"),
            command=table.take("command", command, ()),
            environment=table.take("environment", variables, {}),
        )


def _eviction(place: Place) -> TitusEviction:
    with Table(place) as table:
        found = TitusEviction(
            capacity=table.take("capacity", integer(1), _EVICTION.capacity),
            refill=table.take("refill", integer(1), _EVICTION.refill),
            days=table.take("days", _days, _EVICTION.days),
            first_hour=table.take("first_hour", integer(0, 23), _EVICTION.first_hour),
            last_hour=table.take("last_hour", integer(0, 23), _EVICTION.last_hour),
            time_zone=table.take("time_zone", _zone, _EVICTION.time_zone),
            exempt=table.take("exempt", names, ()),
        )
    for pattern in found.exempt:
        try:
            re.compile(pattern)
        except re.error as error:
            place.reject(f"exempt: {pattern!r} is no regular expression ({error})", "regular expressions")
    return found


def _days(place: Place) -> tuple[int, ...]:
    return tuple(DAYS.index(day) for day in some_of(DAYS)(place))


def _zone(place: Place) -> str:
    found = text(place)
    try:
        ZoneInfo(found)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise Rejected(f"{found!r} is no time zone", 'a name such as "Europe/Berlin"') from error
    return found


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
            default_shm=table.take("default_shm", amount, _LIMITS.default_shm),
            max_batch_size=table.take("max_batch_size", integer(1), _LIMITS.max_batch_size),
            max_service_size=table.take("max_service_size", integer(1), _LIMITS.max_service_size),
            min_runtime=table.take("min_runtime", duration, _LIMITS.min_runtime),
            max_runtime=table.take("max_runtime", duration, _LIMITS.max_runtime),
            max_entry_point=table.take("max_entry_point", integer(1), _LIMITS.max_entry_point),
            max_environment=table.take("max_environment", integer(1), _LIMITS.max_environment),
            max_active_jobs=table.take("max_active_jobs", integer(1), _LIMITS.max_active_jobs),
            max_not_started=table.take("max_not_started", integer(1, _MOST_TASKS), _LIMITS.max_not_started),
            strict_environment_names=table.take("strict_environment_names", boolean, default=False),
            applications=table.take("applications", table_reader(_sizes), {}),
        )
    for name in _LOWEST_AND_HIGHEST:
        if getattr(limits, f"max_{name}") < getattr(limits, f"min_{name}"):
            place.reject(f"max_{name} is less than min_{name}", "the least first, the most not below it")
    return limits


def _sizes(place: Place) -> TitusSizes:
    with Table(place) as table:
        return TitusSizes(
            max_batch_size=table.take("max_batch_size", integer(1), None),
            max_service_size=table.take("max_service_size", integer(1), None),
        )
