"""The image that is the host's own root: a plain process, with mounts of its own where it asks for some.

Without anything of its own it is started as every process is. Otherwise `bwrap` goes before the command: it makes the
mounts and becomes the command, no process stays between. Promises: what a plain process cannot have is refused by name.
"""

from __future__ import annotations

from pathlib import Path

import msgspec

from portico.domain.containers import HOST_NETWORK, NO_NETWORK, Container, Mount, MountKind, resolved
from portico.domain.errors import Invalid
from portico.domain.frames import LaunchOrder
from portico.domain.runs import RunSpec
from portico.node import beneath, rlimits
from portico.node.accounts import other_account
from portico.node.containers.capabilities import effective
from portico.node.containers.places import mount_source
from portico.node.containers.tools import find_tool

_PLAIN = Container(image="")
_REFUSED = {
    "port_mappings": "mapped ports",
    "stop_signal": "a stop signal of its own",
    "name_servers": "name servers of its own",
    "search_domains": "search domains of its own",
    "extra_hosts": "host names of its own",
}


def on_host_root(order: LaunchOrder, sandbox: Path) -> LaunchOrder:
    """Give the order for the process driver; raises Invalid for what it cannot do. The sandbox must be there."""
    spec = order.spec
    assert spec.container is not None
    container = resolved(spec.container)
    for field, what in _REFUSED.items():
        if getattr(container, field) != getattr(_PLAIN, field):
            raise Invalid(f"the image {container.image!r} is the host's own root, which has no {what}", field)
    if container.network not in (HOST_NETWORK, NO_NETWORK):
        raise Invalid(f"the image {container.image!r} is the host's own root, which joins no network", "network")
    container = msgspec.structs.replace(container, mounts=_link_those_inside(container, sandbox))
    argv = (*(container.entrypoint or ()), *spec.argv)
    if not argv:
        raise Invalid("a process needs a command", "argv")
    attach = spec.attach or ("tty" if container.tty else "")
    spec = msgspec.structs.replace(spec, argv=argv, container=None, attach=attach)
    if _asks_for_something(container):
        spec = _behind_bwrap(spec, container, sandbox)
    return msgspec.structs.replace(order, spec=spec)


def _link_those_inside(container: Container, sandbox: Path) -> tuple[Mount, ...]:
    """Give the mounts that are left once links stand in for those that appear in the sandbox and may be written to.

    What else is to appear in the sandbox gets a folder there to be mounted on.
    """
    left: list[Mount] = []
    for mount in container.mounts:
        inside = mount.target.removeprefix(f"{container.sandbox_target}/")
        if inside == mount.target:
            left.append(mount)
            continue
        parts = beneath.split(inside)
        place = sandbox.joinpath(*parts)
        if mount.kind is MountKind.BIND and not mount.read_only:
            _link(place, mount_source(mount, sandbox), sandbox, parts)
        else:
            place.mkdir(parents=True, exist_ok=True)
            left.append(msgspec.structs.replace(mount, target=str(place)))
    return tuple(left)


def _link(place: Path, source: Path, sandbox: Path, parts: tuple[str, ...]) -> None:
    sandbox.joinpath(*parts[:-1]).mkdir(parents=True, exist_ok=True)
    if place.is_symlink() and place.readlink() == source:
        return  # from a start that was cut short
    try:
        place.symlink_to(source)
    except FileExistsError as error:
        raise Invalid(f"{'/'.join(parts)!r} is in the sandbox already", "mounts") from error


def _asks_for_something(container: Container) -> bool:
    fields = ("mounts", "network", "read_only_root", "hostname", "shm_size", "add_capabilities", "drop_capabilities")
    changed = any(getattr(container, field) != getattr(_PLAIN, field) for field in fields)
    return changed or container.bounding is not None


def _behind_bwrap(spec: RunSpec, container: Container, sandbox: Path) -> RunSpec:
    """Put bwrap before the command; the user is changed behind it, since only root may make any mount."""
    bwrap = find_tool("bwrap", "mounts of its own")
    argv: list[str] = [bwrap, *_root(container, sandbox), *_mounts(container, sandbox), *_spaces(container)]
    environment = spec.environment
    user: tuple[str, ...] = ()
    if other_account(spec.user) is not None:
        environment, carry = rlimits.hold_back(environment)
        user = (*rlimits.identity_prefix(spec.user), *carry)
    argv += ["--", *user, *spec.argv]
    return msgspec.structs.replace(spec, argv=tuple(argv), environment=environment, user="")


def _root(container: Container, sandbox: Path) -> list[str]:
    if not container.read_only_root:
        return ["--dev-bind", "/", "/"]
    own = str(sandbox)
    return ["--ro-bind", "/", "/", "--dev-bind", "/dev", "/dev", "--proc", "/proc", "--bind", own, own]


def _mounts(container: Container, sandbox: Path) -> list[str]:
    words: list[str] = []
    if container.shm_size != _PLAIN.shm_size:
        words += ["--size", str(container.shm_size), "--tmpfs", "/dev/shm"]  # noqa: S108 — a mount point
    for mount in container.mounts:
        if not Path(mount.target).is_absolute() or not Path(mount.target).exists():
            raise Invalid(f"mount target {mount.target!r} does not exist in the host's own root", "mounts")
        if mount.kind is MountKind.TMPFS:
            words += [*(("--size", str(mount.size)) if mount.size else ()), "--tmpfs", mount.target]
            continue
        source = str(mount_source(mount, sandbox))
        words += ["--ro-bind" if mount.read_only else "--bind", source, mount.target]
    return words


def _spaces(container: Container) -> list[str]:
    words: list[str] = []
    if container.network == NO_NETWORK:
        words.append("--unshare-net")
    if container.hostname:
        words += ["--unshare-uts", "--hostname", container.hostname]
    return words + _capabilities(container)


def _capabilities(container: Container) -> list[str]:
    """Leave root its rights on its own root, unless the container says which."""
    if not container.add_capabilities and not container.drop_capabilities and container.bounding is None:
        return []
    return ["--cap-drop", "ALL", *(word for name in effective(container) for word in ("--cap-add", name))]
