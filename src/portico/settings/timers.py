"""The table `[timers]`: how often or after how long the doors do what they do by the clock.

Owns the names that there are, so that a misspelt one is refused; the doors own what they mean, and their defaults.
"""

from __future__ import annotations

import re

from portico.domain.identity import Micros
from portico.settings.model import DOORS
from portico.settings.problems import nearest
from portico.settings.reading import Place, entries
from portico.settings.scalars import duration

_TIMER = re.compile(r"([a-z0-9]+)\.[a-z][a-z0-9_]*")
_NAMES = {
    "titus": (
        *("autoscaling", "descheduling", "keep", "kill_initiated", "launched", "min_retry_interval", "relocation"),
        "start_initiated",
    ),
    "peloton": ("admission", "deadline", "entitlement", "preemption"),
    "mesos": (
        *("agent_ping", "agent_return", "allocation", "executor_registration", "executor_shutdown", "heartbeat"),
        *("offer_timeout", "oversubscription", "perf", "perf_duration", "status_retry", "status_retry_longest"),
    ),
    "armonik": ("cancel", "crashed_delay", "give_back", "preemption", "scale_down"),
}
TIMERS = tuple(f"{door}.{name}" for door, names in _NAMES.items() for name in names)
"""Every period that can be set, as `<door>.<name>`; those of a door that is not open change nothing."""


def timers(place: Place) -> dict[str, Micros]:
    """Periods by `<door>.<name>`, only those that were set."""
    found: dict[str, Micros] = {}
    for name, entry in entries(place):
        match = _TIMER.fullmatch(name)
        if match is None:
            entry.reject("not the name of a timer", '"DOOR.NAME", such as "mesos.heartbeat"')
        elif match.group(1) not in DOORS:
            entry.reject(f"{match.group(1)!r} is not a door", nearest(match.group(1), DOORS))
        elif name not in TIMERS:
            entry.reject(f"{name!r} is not a timer", nearest(name, TIMERS))
        else:
            found[name] = entry.read(duration, Micros(0))
    return found
