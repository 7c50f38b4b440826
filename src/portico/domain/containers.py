"""Containers: what a Run asks for when it is to have a root, mounts, rights or a network of its own.

Pure values, and the few container-engine parameters that are understood by name. Promises: a parameter that is not
understood is refused by its name, never ignored.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import StrEnum

import msgspec

from portico.domain.errors import Invalid

HOST_NETWORK = "host"
NO_NETWORK = "none"
CNI_NETWORK = "cni:"
"""What a network's name begins with when plugins make it; the rest is the name of its configuration."""


class MountKind(StrEnum):
    """What is mounted."""

    BIND = "bind"
    TMPFS = "tmpfs"


class Mount(msgspec.Struct, frozen=True, omit_defaults=True):
    """One place in the container. A `source` that starts with a slash is the host's, another one the sandbox's: the
    Run's own, or that of `run`, which is above it in its tree.

    A tmpfs has no source; `size` bounds it in bytes, 0 is the kernel's default. `create` makes a missing source
    directory first, which is how a volume gets its folder.
    """

    target: str
    source: str = ""
    kind: MountKind = MountKind.BIND
    read_only: bool = False
    create: bool = False
    size: int = 0
    run: str = ""


class PortMapping(msgspec.Struct, frozen=True, omit_defaults=True):
    """A port of the node that leads to one of the container; `protocol` is tcp or udp."""

    host: int
    container: int
    protocol: str = "tcp"


class Parameter(msgspec.Struct, frozen=True):
    """One option in a container engine's own words, such as `hostname` or `cap-add`."""

    key: str
    value: str = ""


class Container(msgspec.Struct, frozen=True, omit_defaults=True):
    """The image and surroundings of a Run's process.

    What runs is entry point and arguments: `entrypoint` when given (empty means none), else the image's; then the
    Run's `argv`, else the image's command if the entry point is the image's too. User, working directory and stop
    signal are the Run's when given, else the image's; the working directory is the sandbox when neither names one.
    Variables of the Run go over those of the image.

    `network` is `host`, `none` or `cni:NAME`. Capabilities are written with or without `CAP_`; `add` and `drop`
    change the default set, `bounding` replaces it when given. `shm_size` is in bytes. `tty` gives the process a
    terminal whose output goes to its stdout file. `force_pull` asks the source again for what the name means now.
    """

    image: str
    entrypoint: tuple[str, ...] | None = None
    mounts: tuple[Mount, ...] = ()
    sandbox_target: str = "/sandbox"
    network: str = HOST_NETWORK
    port_mappings: tuple[PortMapping, ...] = ()
    privileged: bool = False
    add_capabilities: tuple[str, ...] = ()
    drop_capabilities: tuple[str, ...] = ()
    bounding: tuple[str, ...] | None = None
    shm_size: int = 64 << 20
    hostname: str = ""
    tty: bool = False
    read_only_root: bool = False
    force_pull: bool = False
    stop_signal: str = ""
    name_servers: tuple[str, ...] = ()
    search_domains: tuple[str, ...] = ()
    extra_hosts: tuple[tuple[str, str], ...] = ()
    parameters: tuple[Parameter, ...] = ()


def resolved(container: Container) -> Container:
    """Give the container with its parameters turned into fields, later ones over earlier ones.

    Raises Invalid, naming the parameter, for one that is not understood or has a value it cannot have.
    """
    for parameter in container.parameters:
        key = parameter.key.lstrip("-").replace("_", "-")
        read = _PARAMETERS.get(key)
        if read is None:
            known = ", ".join(sorted(_PARAMETERS))
            raise Invalid(f"container parameter {parameter.key!r} is not understood; known are {known}", "parameters")
        try:
            container = read(container, parameter.value)
        except ValueError as error:
            reason = f"container parameter {parameter.key!r} cannot be {parameter.value!r}: {error}"
            raise Invalid(reason, "parameters") from error
    return msgspec.structs.replace(container, parameters=())


def _put(container: Container, **fields: object) -> Container:
    return msgspec.structs.replace(container, **fields)


def _switch(value: str) -> bool:
    if value.lower() not in _SWITCH:
        raise ValueError("it is true or false")
    return _SWITCH[value.lower()]


_SWITCH = {"": True, "true": True, "1": True, "false": False, "0": False}
_UNITS = {"": 1, "b": 1, "k": 1 << 10, "kb": 1 << 10, "m": 1 << 20, "mb": 1 << 20, "g": 1 << 30, "gb": 1 << 30}


def _bytes(value: str) -> int:
    digits = value.rstrip("bkmgBKMG")
    unit = _UNITS.get(value[len(digits) :].lower())
    if unit is None or not (digits.isdecimal() and digits.isascii()) or int(digits) < 1:
        raise ValueError("it is a size such as 64m or 1g")
    return int(digits) * unit


def _volume(container: Container, value: str) -> Container:
    source, _, rest = value.partition(":")
    target, _, mode = rest.partition(":")
    if not source.startswith("/") or not target.startswith("/") or mode not in ("", "ro", "rw"):
        raise ValueError("it is /HOST/PATH:/TARGET, then :ro or :rw if wanted")
    mount = Mount(target, source, read_only=mode == "ro")
    return _put(container, mounts=(*container.mounts, mount))


def _tmpfs(container: Container, value: str) -> Container:
    target, _, options = value.partition(":")
    size = 0
    for option in filter(None, options.split(",")):
        name, _, amount = option.partition("=")
        if name != "size":
            raise ValueError("the only option of a tmpfs that is understood is size")
        size = _bytes(amount)
    if not target.startswith("/"):
        raise ValueError("it is /TARGET, then :size=64m if wanted")
    return _put(container, mounts=(*container.mounts, Mount(target, kind=MountKind.TMPFS, size=size)))


def _network(container: Container, value: str) -> Container:
    if value not in (HOST_NETWORK, NO_NETWORK) and not value.removeprefix(CNI_NETWORK):
        raise ValueError("it is host, none or the name of a network")
    plain = value in (HOST_NETWORK, NO_NETWORK) or value.startswith(CNI_NETWORK)
    return _put(container, network=value if plain else CNI_NETWORK + value)


def _publish(container: Container, value: str) -> Container:
    ports, _, protocol = value.partition("/")
    host, _, inside = ports.partition(":")
    if not _is_port(host) or not _is_port(inside) or protocol not in ("", "tcp", "udp"):
        raise ValueError("it is HOST:CONTAINER, then /udp if wanted")
    mapping = PortMapping(int(host), int(inside), protocol or "tcp")
    return _put(container, port_mappings=(*container.port_mappings, mapping))


def _is_port(text: str) -> bool:
    return text.isascii() and text.isdecimal() and 0 < int(text) < 1 << 16


def _extra_host(container: Container, value: str) -> Container:
    name, _, address = value.partition(":")
    if not name or not address:
        raise ValueError("it is NAME:ADDRESS")
    return _put(container, extra_hosts=(*container.extra_hosts, (name, address)))


def _word(field: str) -> Callable[[Container, str], Container]:
    """Give a reader that puts a word into a field."""

    def read(container: Container, value: str) -> Container:
        if not value:
            raise ValueError("it must not be empty")
        return _put(container, **{field: value})

    return read


def _also(field: str) -> Callable[[Container, str], Container]:
    """Give a reader that adds words, separated by commas, to a field."""

    def read(container: Container, value: str) -> Container:
        words = [word for word in value.split(",") if word]
        if not words:
            raise ValueError("it must not be empty")
        return _put(container, **{field: (*getattr(container, field), *words)})

    return read


def _flag(field: str) -> Callable[[Container, str], Container]:
    """Give a reader that puts true or false into a field."""
    return lambda container, value: _put(container, **{field: _switch(value)})


_PARAMETERS: dict[str, Callable[[Container, str], Container]] = {
    "add-host": _extra_host,
    "cap-add": _also("add_capabilities"),
    "cap-drop": _also("drop_capabilities"),
    "dns": _also("name_servers"),
    "dns-search": _also("search_domains"),
    "hostname": _word("hostname"),
    "net": _network,
    "network": _network,
    "privileged": _flag("privileged"),
    "publish": _publish,
    "read-only": _flag("read_only_root"),
    "shm-size": lambda container, value: _put(container, shm_size=_bytes(value)),
    "stop-signal": _word("stop_signal"),
    "tmpfs": _tmpfs,
    "tty": _flag("tty"),
    "volume": _volume,
}


class Rlimit(msgspec.Struct, frozen=True):
    """One limit of a process by its name without `RLIMIT_`, such as `nofile`; None is unlimited."""

    name: str
    soft: int | None = None
    hard: int | None = None


RLIMITS = frozenset(
    {
        "as", "core", "cpu", "data", "fsize", "locks", "memlock", "msgqueue", "nice", "nofile", "nproc", "rss",
        "rtprio", "rttime", "sigpending", "stack",
    }
)  # fmt: skip
"""The names that the kernel knows."""


def checked_rlimits(rlimits: Iterable[Rlimit]) -> tuple[Rlimit, ...]:
    """Give the limits with plain names; raises Invalid for an unknown name or a soft limit above the hard one."""
    found: list[Rlimit] = []
    for rlimit in rlimits:
        name = rlimit.name.lower().removeprefix("rlimit_").removeprefix("rlmt_")
        if name not in RLIMITS:
            raise Invalid(f"there is no process limit {rlimit.name!r}", "rlimits")
        if any(amount is not None and amount < 0 for amount in (rlimit.soft, rlimit.hard)):
            raise Invalid(f"the process limit {rlimit.name!r} is negative", "rlimits")
        if rlimit.hard is not None and (rlimit.soft is None or rlimit.soft > rlimit.hard):
            raise Invalid(f"the process limit {rlimit.name!r} has a soft value above its hard one", "rlimits")
        found.append(Rlimit(name, rlimit.soft, rlimit.hard))
    return tuple(found)
