"""The bundle's configuration: what the runtime is told, in the words of the OCI runtime specification. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from portico.domain.containers import Container, Rlimit
from portico.node.containers.capabilities import bounding, effective
from portico.node.containers.identities import Identity

VERSION = "1.0.2"
UNLIMITED = (1 << 64) - 1
_NOTHING_ODD = ("nosuid", "noexec", "nodev")
_MASKED = (
    "/proc/acpi", "/proc/asound", "/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/sched_debug",
    "/proc/scsi", "/proc/timer_list", "/proc/timer_stats", "/sys/dev/block", "/sys/firmware",
)  # fmt: skip
_READ_ONLY = ("/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger")

Document = dict[str, object]


class Execution(msgspec.Struct, frozen=True):
    """A process to be: what, as whom, where, with what; `window` is the rows and columns of its terminal."""

    argv: tuple[str, ...]
    environment: Mapping[str, str]
    directory: str
    identity: Identity
    umask: int
    rlimits: tuple[Rlimit, ...] = ()
    window: tuple[int, int] = (0, 0)


class Place(msgspec.Struct, frozen=True):
    """One mount in the runtime's words."""

    destination: str
    type: str
    source: str
    options: tuple[str, ...] = ()


def process(execution: Execution, container: Container) -> Document:
    """Describe one process of a container."""
    identity = execution.identity
    held = effective(container)
    rows, columns = execution.window
    size: Document = {"consoleSize": {"height": rows, "width": columns}} if container.tty and rows and columns else {}
    return {
        "terminal": container.tty,
        **size,
        "user": {
            "uid": identity.uid,
            "gid": identity.gid,
            "umask": execution.umask,
            "additionalGids": list(identity.groups),
        },
        "args": list(execution.argv),
        "env": [f"{name}={value}" for name, value in execution.environment.items()],
        "cwd": execution.directory,
        "capabilities": {"bounding": bounding(container), "effective": held, "permitted": held},
        "rlimits": [_rlimit(rlimit) for rlimit in execution.rlimits],
        "noNewPrivileges": False,
    }


def specification(
    execution: Execution, container: Container, root: str, places: Sequence[Place], name_space: str
) -> Document:
    """Describe a container; `name_space` is the file of a network namespace, "" for a new one, "host" for none."""
    spaces: list[Document] = [{"type": kind} for kind in ("pid", "ipc", "uts", "mount")]
    if name_space != "host":
        spaces.append({"type": "network", "path": name_space} if name_space else {"type": "network"})
    guarded: Document = {} if container.privileged else {"maskedPaths": _MASKED, "readonlyPaths": _READ_ONLY}
    return {
        "ociVersion": VERSION,
        "process": process(execution, container),
        "root": {"path": root, "readonly": container.read_only_root},
        "hostname": container.hostname,
        "mounts": [msgspec.structs.asdict(place) for place in (*_system(container), *places)],
        "linux": {"namespaces": spaces, **guarded},
    }


def bind(source: str, target: str, *, read_only: bool) -> Place:
    """Describe a bind mount with all that is mounted below its source."""
    return Place(target, "bind", source, ("rbind", "rprivate", "ro" if read_only else "rw"))


def memory(target: str, size: int, *, read_only: bool) -> Place:
    """Describe a tmpfs; size 0 leaves its bound to the kernel."""
    bound = (f"size={size}",) if size else ()
    return Place(target, "tmpfs", "tmpfs", ("nosuid", "nodev", "mode=1777", *bound, *(("ro",) if read_only else ())))


def _system(container: Container) -> tuple[Place, ...]:
    shared = Place("/dev/shm", "tmpfs", "shm", (*_NOTHING_ODD, "mode=1777", f"size={container.shm_size}"))  # noqa: S108 — a mount point
    queue = Place("/dev/mqueue", "mqueue", "mqueue", _NOTHING_ODD)
    terminals = Place("/dev/pts", "devpts", "devpts", ("nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"))
    proc = Place("/proc", "proc", "proc", _NOTHING_ODD)
    if container.privileged:
        system = Place("/sys", "sysfs", "sysfs", _NOTHING_ODD)
        return proc, bind("/dev", "/dev", read_only=False), terminals, shared, queue, system
    devices = Place("/dev", "tmpfs", "tmpfs", ("nosuid", "strictatime", "mode=755", "size=65536k"))
    return proc, devices, terminals, shared, queue, Place("/sys", "sysfs", "sysfs", (*_NOTHING_ODD, "ro"))


def _rlimit(rlimit: Rlimit) -> Document:
    soft = UNLIMITED if rlimit.soft is None else rlimit.soft
    hard = UNLIMITED if rlimit.hard is None else rlimit.hard
    return {"type": f"RLIMIT_{rlimit.name.upper()}", "soft": soft, "hard": hard}
