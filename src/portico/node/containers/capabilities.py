"""Which rights of root a container's processes have.

The default set is that of the common container engines without MKNOD: the runtime leaves control groups alone, so no
device filter stands between a made device node and the machine's disks. "All" are those that the agent has itself.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from pathlib import Path

from portico.domain.containers import Container
from portico.domain.errors import Invalid

KNOWN = (
    "CHOWN", "DAC_OVERRIDE", "DAC_READ_SEARCH", "FOWNER", "FSETID", "KILL", "SETGID", "SETUID", "SETPCAP",
    "LINUX_IMMUTABLE", "NET_BIND_SERVICE", "NET_BROADCAST", "NET_ADMIN", "NET_RAW", "IPC_LOCK", "IPC_OWNER",
    "SYS_MODULE", "SYS_RAWIO", "SYS_CHROOT", "SYS_PTRACE", "SYS_PACCT", "SYS_ADMIN", "SYS_BOOT", "SYS_NICE",
    "SYS_RESOURCE", "SYS_TIME", "SYS_TTY_CONFIG", "MKNOD", "LEASE", "AUDIT_WRITE", "AUDIT_CONTROL", "SETFCAP",
    "MAC_OVERRIDE", "MAC_ADMIN", "SYSLOG", "WAKE_ALARM", "BLOCK_SUSPEND", "AUDIT_READ", "PERFMON", "BPF",
    "CHECKPOINT_RESTORE",
)  # fmt: skip
"""All capabilities, by the kernel's own numbers."""

DEFAULT = frozenset(
    {
        "AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "NET_BIND_SERVICE", "NET_RAW", "SETFCAP",
        "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT",
    }
)  # fmt: skip


@cache
def own() -> frozenset[str]:
    """Give the capabilities that this process may hand on."""
    for line in Path("/proc/self/status").read_text().splitlines():
        name, _, value = line.partition(":")
        if name == "CapBnd":
            mask = int(value, 16)
            return frozenset(known for number, known in enumerate(KNOWN) if mask >> number & 1)
    return frozenset(KNOWN)


def effective(container: Container) -> tuple[str, ...]:
    """Give the capabilities that the process has; raises Invalid for one that is not known."""
    having = set(own()) if container.privileged else set(DEFAULT)
    having |= _named(container.add_capabilities)
    having -= _named(container.drop_capabilities)
    if container.bounding is not None:
        having &= _named(container.bounding)
    return _written(having)


def bounding(container: Container) -> tuple[str, ...]:
    """Give the capabilities that no process in the container can ever exceed."""
    return effective(container) if container.bounding is None else _written(_named(container.bounding))


def _named(names: Iterable[str]) -> set[str]:
    found: set[str] = set()
    for name in names:
        plain = name.upper().removeprefix("CAP_")
        if plain == "ALL":
            return set(own())
        if plain not in KNOWN:
            raise Invalid(f"there is no capability {name[:40]!r}", "capabilities")
        found.add(plain)
    return found


def _written(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(sorted(f"CAP_{name}" for name in names))
