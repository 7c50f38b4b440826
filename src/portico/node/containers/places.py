"""What is shown in a container beside its image: sandbox, volumes, the files by which names are found.

Promises: a link that stands in a sandbox leads nowhere else; a source that is not there is named.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

from portico.domain.containers import HOST_NETWORK, NO_NETWORK, Container, Mount, MountKind
from portico.domain.errors import Invalid
from portico.node import beneath
from portico.node.containers.bundles import Bundle
from portico.node.containers.networks import Attachment
from portico.node.containers.specification import Place, bind, memory

HOST_DIRECTORY = "/run/portico"
"""Where a container that hosts Runs finds the agent's socket."""

_LOCAL = "127.0.0.1\tlocalhost\n::1\tlocalhost ip6-localhost ip6-loopback\n"


def container_places(
    run: str, container: Container, sandbox: Path, bundle: Bundle, beside: tuple[Attachment | None, str]
) -> list[Place]:
    """Give all mounts, later ones over earlier ones; `beside` is the network and the directory of the host socket."""
    attachment, hosting = beside
    places = [bind(str(sandbox), container.sandbox_target, read_only=False)]
    places += _names(run, container, bundle, attachment)
    places += [_place(mount, sandbox) for mount in container.mounts]
    if hosting:
        places.append(bind(hosting, HOST_DIRECTORY, read_only=True))
    return places


def _names(run: str, container: Container, bundle: Bundle, attachment: Attachment | None) -> list[Place]:
    """Show the files by which names are found: the machine's, or ones of the container's own."""
    places: list[Place] = []
    servers = container.name_servers or (attachment.name_servers if attachment else ())
    if servers or container.search_domains:
        lines = [f"nameserver {server}" for server in servers or _machine_servers()]
        if container.search_domains:
            lines.append("search " + " ".join(container.search_domains))
        source = bundle.write_text("resolv.conf", "\n".join(lines) + "\n")
        places.append(bind(source, "/etc/resolv.conf", read_only=True))
    elif container.network != NO_NETWORK and Path("/etc/resolv.conf").is_file():
        places.append(bind(str(Path("/etc/resolv.conf").resolve()), "/etc/resolv.conf", read_only=True))
    if container.extra_hosts or container.network != HOST_NETWORK:
        known = [*container.extra_hosts]
        if attachment is not None and attachment.address:
            known.append((container.hostname or run[:63], attachment.address))
        text = _LOCAL + "".join(f"{address}\t{name}\n" for name, address in known)
        places.append(bind(bundle.write_text("hosts", text), "/etc/hosts", read_only=True))
    elif Path("/etc/hosts").is_file():
        places.append(bind("/etc/hosts", "/etc/hosts", read_only=True))
    return places


def _machine_servers() -> list[str]:
    try:
        lines = Path("/etc/resolv.conf").read_text(errors="replace").splitlines()
    except OSError:
        return []
    return [words[1] for line in lines if len(words := line.split()) == 2 and words[0] == "nameserver"]


def _place(mount: Mount, sandbox: Path) -> Place:
    if mount.kind is MountKind.TMPFS:
        return memory(mount.target, mount.size, read_only=mount.read_only)
    return bind(str(mount_source(mount, sandbox)), mount.target, read_only=mount.read_only)


def mount_source(mount: Mount, sandbox: Path) -> Path:
    """Find what is to be mounted; raises Invalid when it is not there, Forbidden for a link in the sandbox."""
    if mount.source.startswith("/"):
        source = Path(mount.source)
        if mount.create and not source.exists():
            source.mkdir(mode=0o755, parents=True)
            owner = sandbox.stat()
            os.chown(source, owner.st_uid, owner.st_gid)
        if not source.exists():
            raise Invalid(f"mount source {mount.source!r} does not exist on this node", "mounts")
        return source
    parts = beneath.split(mount.source)
    if mount.run:
        (name,) = beneath.split(mount.run)
        sandbox = sandbox.parent / name
    base = os.open(sandbox, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        if mount.create:
            facts = os.fstat(base)
            os.close(beneath.enter_or_make(base, parts, (facts.st_uid, facts.st_gid)))
        elif parts:
            _refuse_link(base, parts)
    finally:
        os.close(base)
    return sandbox.joinpath(*parts)


def _refuse_link(base: int, parts: tuple[str, ...]) -> None:
    """Refuse what a link could lead out of the sandbox."""
    directory = beneath.enter(base, parts[:-1])
    try:
        mode = os.stat(parts[-1], dir_fd=directory, follow_symlinks=False).st_mode
    except FileNotFoundError as error:
        raise Invalid(f"mount source {'/'.join(parts)!r} does not exist in the sandbox", "mounts") from error
    finally:
        os.close(directory)
    if stat.S_ISLNK(mode):
        raise Invalid(f"mount source {'/'.join(parts)!r} is a symbolic link", "mounts")
