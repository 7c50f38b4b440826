"""Counters that the kernel keeps for whoever asks: what they are called, and how one is opened and read.

Names are those of the fields of PerfStatistics. Promises: what the kernel does not count here raises OSError, never
counts as nothing; a counter goes on in whatever the counted thread starts.
"""

from __future__ import annotations

import ctypes
import errno
import os
import platform
import struct

import msgspec

from portico.domain.identity import MINUTE, SECOND, Micros

_HARDWARE, _SOFTWARE, _CACHE = 0, 1, 3
_LIBRARY = ctypes.CDLL(None, use_errno=True)
_CALL = {"x86_64": 298, "aarch64": 241}.get(platform.machine())
_ATTRIBUTES = struct.Struct("=IIQQQQQIIQ")
"""The kernel's perf_event_attr in its first version, which every later kernel takes."""
_INHERIT = 1 << 1
_TIMES = 3
"""Read, besides the count, for how long it was wanted and for how long the hardware had room for it."""
_IN_CGROUP, _CLOSE_ON_EXEC = 4, 8
_COUNT = struct.Struct("=QQQ")
MISSING = frozenset({errno.ENOENT, errno.EOPNOTSUPP, errno.ENODEV, errno.EINVAL, errno.ENOSYS})
"""How the kernel says that it does not count something here."""
FORBIDDEN = frozenset({errno.EACCES, errno.EPERM})


class Event(msgspec.Struct, frozen=True):
    """One sort of counter, as the kernel numbers it; `unit` is how many of its steps make one of the wire's."""

    kind: int
    number: int
    unit: int = 1


def _numbered(kind: int, *names: str) -> dict[str, Event]:
    return {name: Event(kind, number) for number, name in enumerate(names)}


def _cache(number: int, name: str, *operations: str) -> dict[str, Event]:
    """Number what is counted of one cache: lookups and misses of each operation."""
    found: dict[str, Event] = {}
    for operation in operations:
        code = number | ("load", "store", "prefetch").index(operation) << 8
        plural = "prefetches" if operation == "prefetch" else f"{operation}s"
        found[f"{name}_{plural}"] = Event(_CACHE, code)
        found[f"{name}_{operation}_misses"] = Event(_CACHE, code | 1 << 16)
    return found


class Sampling(msgspec.Struct, frozen=True):
    """What is counted, how often, and for how long each time; nothing by default, the times are upstream's."""

    events: tuple[str, ...] = ()
    interval: Micros = MINUTE
    duration: Micros = Micros(10 * SECOND)


_NANOSECONDS = 1_000_000
"""In one millisecond, the unit in which clocks are told."""

EVENTS: dict[str, Event] = {
    **_numbered(
        _HARDWARE,
        "cycles",
        "instructions",
        "cache_references",
        "cache_misses",
        "branches",
        "branch_misses",
        "bus_cycles",
        "stalled_cycles_frontend",
        "stalled_cycles_backend",
        "ref_cycles",
    ),
    "cpu_clock": Event(_SOFTWARE, 0, _NANOSECONDS),
    "task_clock": Event(_SOFTWARE, 1, _NANOSECONDS),
    "page_faults": Event(_SOFTWARE, 2),
    "context_switches": Event(_SOFTWARE, 3),
    "cpu_migrations": Event(_SOFTWARE, 4),
    "minor_faults": Event(_SOFTWARE, 5),
    "major_faults": Event(_SOFTWARE, 6),
    "alignment_faults": Event(_SOFTWARE, 7),
    "emulation_faults": Event(_SOFTWARE, 8),
    **_cache(0, "l1_dcache", "load", "store", "prefetch"),
    **_cache(1, "l1_icache", "load", "prefetch"),
    **_cache(2, "llc", "load", "store", "prefetch"),
    **_cache(3, "dtlb", "load", "store", "prefetch"),
    **_cache(4, "itlb", "load"),
    **_cache(5, "branch", "load"),
    **_cache(6, "node", "load", "store", "prefetch"),
}


def field_of(name: str) -> str:
    """Give the field of an event that is named as the perf tool does: `L1-dcache-loads`."""
    return name.lower().replace("-", "_")


def open_on_thread(event: Event, thread: int) -> int:
    """Count from now on in a thread and in all that it starts; gives a file. Raises OSError."""
    return _open(event, thread, -1, _CLOSE_ON_EXEC, _INHERIT)


def open_in_group(event: Event, group: int, cpu: int) -> int:
    """Count from now on in a control group (an open folder) on one cpu; gives a file. Raises OSError."""
    return _open(event, group, cpu, _CLOSE_ON_EXEC | _IN_CGROUP, 0)


def _open(event: Event, target: int, cpu: int, flags: int, options: int) -> int:
    if _CALL is None:
        raise OSError(errno.ENOSYS, os.strerror(errno.ENOSYS))
    size = _ATTRIBUTES.size
    attributes = _ATTRIBUTES.pack(event.kind, size, event.number, 0, 0, _TIMES, options, 0, 0, 0)
    counter: int = _LIBRARY.syscall(
        ctypes.c_long(_CALL),
        ctypes.c_char_p(attributes),
        ctypes.c_int(target),
        ctypes.c_int(cpu),
        ctypes.c_int(-1),
        ctypes.c_ulong(flags),
    )
    if counter < 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
    return counter


def read(counter: int) -> float | None:
    """Give what was counted; where the hardware had room for a part of the time only, what that comes to in all.

    None when it was wanted but never had room.
    """
    count, wanted, counted = _COUNT.unpack(os.read(counter, _COUNT.size))
    if not wanted:
        return 0.0  # nothing of what is counted has run
    if not counted:
        return None
    return float(count) if counted == wanted else count * wanted / counted
