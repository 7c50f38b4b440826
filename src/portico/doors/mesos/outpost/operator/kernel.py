"""What the kernel itself says of a container's processes, beyond what the agent counts.

Found by the pid of the Run's process: its control groups, its network, its threads. Promises: what cannot be read is
absent, never invented; nothing here waits or writes.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable
from pathlib import Path

import msgspec

PROC = Path("/proc")
CGROUPS = Path("/sys/fs/cgroup")
_TICK = os.sysconf("SC_CLK_TCK")
_NETWORK = ("rx_bytes", "rx_packets", "rx_errors", "rx_dropped", "tx_bytes", "tx_packets", "tx_errors", "tx_dropped")
_NETWORK_COLUMNS = (0, 1, 2, 3, 8, 9, 10, 11)
_NO_LIMIT = 1 << 60
_LEAF = "/.own"
"""In the one hierarchy the agent puts the processes of a Run into a group of their own inside the Run's."""


class Seen(msgspec.Struct, frozen=True):
    """Counters by name, as ResourceStatistics has them; `network` is empty for one that shares the host's."""

    numbers: dict[str, float]
    snmp: dict[str, dict[str, int]]
    switches: int = 0


def leaders(runs: Iterable[str], proc: Path = PROC) -> dict[str, int]:
    """Find the processes of Runs: of those started with a Run's id in their environment, the eldest."""
    wanted = {run.encode(): run for run in runs}
    found: dict[str, tuple[int, int]] = {}
    for entry in os.scandir(proc) if wanted else ():
        if not entry.name.isdecimal():
            continue
        run = wanted.get(_run_of(proc / entry.name))
        if run is not None:
            candidate = _start(proc / entry.name), int(entry.name)
            found[run] = min(found.get(run, candidate), candidate)
    return {run: pid for run, (_, pid) in found.items()}


def _run_of(process: Path) -> bytes:
    try:
        environment = (process / "environ").read_bytes()
    except OSError:
        return b""
    for variable in environment.split(b"\0"):
        if variable.startswith(b"PORTICO_RUN_ID="):
            return variable[15:]
    return b""


def _start(process: Path) -> int:
    try:
        return int((process / "stat").read_bytes().rpartition(b")")[2].split()[19])
    except (OSError, IndexError, ValueError):
        return 1 << 62


def look(pid: int, run: str, proc: Path = PROC, cgroups: Path = CGROUPS) -> Seen:
    """Read what the kernel counts for the container whose process this is."""
    process = proc / str(pid)
    numbers: dict[str, float] = {}
    for group in _groups(process, run, cgroups):
        numbers |= _cpu(group) | _memory(group) | _members(group)
    if not _same_network(process, proc):
        numbers |= {f"net_{name}": value for name, value in _devices(process / "net/dev").items()}
        return Seen(numbers, _snmp(process / "net/snmp"), _switches(process))
    return Seen(numbers, {}, _switches(process))


def _groups(process: Path, run: str, cgroups: Path) -> list[Path]:
    """Give the control groups that are the Run's own: those that are named like it."""
    try:
        lines = (process / "cgroup").read_text().splitlines()
    except OSError:
        return []
    groups: list[Path] = []
    for line in lines:
        _, controllers, path = line.split(":", 2)
        path = path.removesuffix(_LEAF)
        if path.rpartition("/")[2] != run:
            continue
        for top in (cgroups / controllers,) if controllers else (cgroups / "unified", cgroups):
            if (top / path.lstrip("/")).is_dir():
                groups.append(top / path.lstrip("/"))
                break
    return groups


def _cpu(group: Path) -> dict[str, float]:
    found: dict[str, float] = {}
    ticks = _table(group / "cpuacct.stat")
    if "user" in ticks:
        found["cpus_user_time_secs"] = ticks["user"] / _TICK
        found["cpus_system_time_secs"] = ticks.get("system", 0) / _TICK
    stat = _table(group / "cpu.stat")
    if "user_usec" in stat:
        found["cpus_user_time_secs"] = stat["user_usec"] / 1e6
        found["cpus_system_time_secs"] = stat.get("system_usec", 0) / 1e6
    if "nr_periods" in stat:
        found["cpus_nr_periods"] = stat["nr_periods"]
        found["cpus_nr_throttled"] = stat.get("nr_throttled", 0)
        throttled = stat["throttled_time"] / 1e9 if "throttled_time" in stat else stat.get("throttled_usec", 0) / 1e6
        found["cpus_throttled_time_secs"] = throttled
    return found


_MEMORY_V1 = {
    "total_cache": "mem_cache_bytes",
    "total_rss": "mem_rss_bytes",
    "total_mapped_file": "mem_mapped_file_bytes",
    "total_swap": "mem_swap_bytes",
    "total_unevictable": "mem_unevictable_bytes",
}
_MEMORY_V2 = {
    "file": "mem_cache_bytes",
    "anon": "mem_rss_bytes",
    "file_mapped": "mem_mapped_file_bytes",
    "unevictable": "mem_unevictable_bytes",
}


def _memory(group: Path) -> dict[str, float]:
    stat = _table(group / "memory.stat")
    names = _MEMORY_V1 if "total_rss" in stat else _MEMORY_V2
    found: dict[str, float] = {told: stat[name] for name, told in names.items() if name in stat}
    if "mem_rss_bytes" in found:
        found["mem_anon_bytes"] = found["mem_rss_bytes"]
        found["mem_file_bytes"] = found.get("mem_cache_bytes", 0)
    for file, told in (
        ("memory.usage_in_bytes", "mem_total_bytes"),
        ("memory.current", "mem_total_bytes"),
        ("memory.memsw.usage_in_bytes", "mem_total_memsw_bytes"),
        ("memory.limit_in_bytes", "mem_limit_bytes"),
        ("memory.max", "mem_limit_bytes"),
        ("memory.soft_limit_in_bytes", "mem_soft_limit_bytes"),
    ):
        number = _number(group / file)
        if number is not None and number < _NO_LIMIT:
            found[told] = number
    return found


def _members(group: Path) -> dict[str, float]:
    found: dict[str, float] = {}
    for file, told in (("cgroup.procs", "processes"), ("tasks", "threads"), ("cgroup.threads", "threads")):
        if (group / file).exists():  # v1 and v2 have other names for it
            found[told] = len(_listed(group, file))
    return found


def _listed(group: Path, file: str) -> set[int]:
    """Read the members of a group and of all inside it."""
    found: set[int] = set()
    for folder, _, files in os.walk(group):
        if file in files:
            with contextlib.suppress(OSError):
                found.update(int(word) for word in (Path(folder) / file).read_bytes().split())
    return found


def unified_group(pid: int, run: str, proc: Path = PROC, cgroups: Path = CGROUPS) -> Path | None:
    """Find the Run's own control group of version 2; None when it has none."""
    for group in _groups(proc / str(pid), run, cgroups):
        if (group / "cgroup.controllers").exists():
            return group
    return None


def threads(pid: int, run: str, proc: Path = PROC, cgroups: Path = CGROUPS) -> list[int]:
    """List the threads of a container: those in its control groups, else those of its process and its descendants."""
    groups = _groups(proc / str(pid), run, cgroups)
    found = {thread for group in groups for file in ("tasks", "cgroup.threads") for thread in _listed(group, file)}
    pending = [] if found else [pid]
    while pending:
        for task in _entries(proc / str(pending.pop()) / "task"):
            found.add(int(task.name))
            with contextlib.suppress(OSError):
                pending += [int(word) for word in (task / "children").read_bytes().split()]
    return sorted(found)


def _entries(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError:
        return []


def cpus(file: Path = Path("/sys/devices/system/cpu/online")) -> list[int]:
    """List the cpus that are on: ranges such as `0-3,6`."""
    found: list[int] = []
    for part in file.read_text().strip().split(","):
        first, _, last = part.partition("-")
        found += range(int(first), int(last or first) + 1)
    return found


def _same_network(process: Path, proc: Path) -> bool:
    """Tell whether a process has the network of this machine, whose counters say nothing of a container."""
    try:
        return (process / "ns/net").readlink() == (proc / "self/ns/net").readlink()
    except OSError:
        return True


def _devices(file: Path) -> dict[str, int]:
    """Sum the counters of all devices but the loopback."""
    sums = dict.fromkeys(_NETWORK, 0)
    try:
        lines = file.read_text().splitlines()[2:]
    except OSError:
        return {}
    for line in lines:
        device, _, counters = line.partition(":")
        if device.strip() != "lo":
            columns = counters.split()
            for name, column in zip(_NETWORK, _NETWORK_COLUMNS, strict=True):
                sums[name] += int(columns[column])
    return sums


def _snmp(file: Path) -> dict[str, dict[str, int]]:
    """Read protocol counters: pairs of lines, names and numbers."""
    try:
        lines = file.read_text().splitlines()
    except OSError:
        return {}
    found: dict[str, dict[str, int]] = {}
    for names, numbers in zip(lines[::2], lines[1::2], strict=False):
        protocol, *columns = names.split()
        pairs = zip(columns, numbers.split()[1:], strict=False)
        found[protocol.rstrip(":").lower()] = {name: int(number) for name, number in pairs}
    return found


def _switches(process: Path) -> int:
    status = _table(process / "status")
    return int(status.get("voluntary_ctxt_switches:", 0) + status.get("nonvoluntary_ctxt_switches:", 0))


def _table(file: Path) -> dict[str, int]:
    """Read lines of a name and a number."""
    try:
        lines = file.read_text().splitlines()
    except OSError:
        return {}
    pairs = (line.split() for line in lines)
    return {pair[0]: int(pair[1]) for pair in pairs if len(pair) >= 2 and pair[1].isdecimal()}


def _number(file: Path) -> int | None:
    try:
        text = file.read_text().strip()
    except OSError:
        return None
    return int(text) if text.isdecimal() else None
