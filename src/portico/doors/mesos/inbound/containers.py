"""ContainerInfo: image, mounts, network, rights and terminal. Pure.

Promises: what a container asks for and cannot have is refused by its name. Relative places in a container are places in
its sandbox; a task without an image keeps the host's root, which is an image of its own as soon as it wants mounts.
"""

from __future__ import annotations

from collections.abc import Iterable

import msgspec

from portico.domain.containers import (
    CNI_NETWORK,
    HOST_NETWORK,
    Container,
    Mount,
    Parameter,
    Rlimit,
    checked_rlimits,
    resolved,
)
from portico.domain.errors import Invalid
from portico.doors.mesos.inbound import commands, networks
from portico.doors.mesos.inbound.commands import Invocation
from portico.doors.mesos.inbound.names import check_text
from portico.wire.mesos import mesos_pb2 as pb

HOST_IMAGE = "portico/host"
SANDBOX = "/mnt/mesos/sandbox"
"""Where a container sees its sandbox."""
_LARGEST_WINDOW = (1 << 16) - 1
"""Rows or columns of a terminal that the kernel can count."""

_V = pb.Volume.Source
_Docker = pb.ContainerInfo.DockerInfo


class Setting(msgspec.Struct, frozen=True):
    """What is run and where; no container is the host's own root. `attach` and `window` are those of the RunSpec."""

    argv: tuple[str, ...]
    container: Container | None = None
    rlimits: tuple[Rlimit, ...] = ()
    attach: str = ""
    window: tuple[int, int] = (0, 0)

    @property
    def sandbox(self) -> str:
        """Where the process sees its sandbox; empty when that is the node's to say."""
        if self.container is None or self.container.image == HOST_IMAGE:
            return ""
        return self.container.sandbox_target

    @property
    def folder_names(self) -> tuple[str, ...]:
        """The variables that the node fills with its own path of the sandbox."""
        return ("MESOS_DIRECTORY",) if self.sandbox else ("MESOS_DIRECTORY", "MESOS_SANDBOX")


def setting(info: pb.ContainerInfo, command: pb.CommandInfo, mounts: tuple[Mount, ...] = ()) -> Setting:
    """Read a container with the command that runs in it; `mounts` are those of persistent volumes."""
    _check_union(info)
    rlimits = _rlimits(info.rlimit_info)
    image = _image(info)
    terminal = info.HasField("tty_info")
    mounts = (*_mounts(info), *mounts)
    container = Container(
        image,
        mounts=mounts,
        sandbox_target=SANDBOX,
        network=HOST_NETWORK,
        bounding=_capabilities(info),
        hostname=info.hostname,
        tty=terminal and image != HOST_IMAGE,
    )
    invocation = Invocation(commands.plain(command)) if image == HOST_IMAGE else _invocation(info, command)
    container = _with_docker(container, info) if info.type == pb.ContainerInfo.DOCKER else _with_mesos(container, info)
    container = msgspec.structs.replace(container, entrypoint=invocation.entrypoint)
    resolved(container)
    attach = "tty" if terminal and image == HOST_IMAGE else ""
    return Setting(invocation.argv, None if container == _NOTHING_WANTED else container, rlimits, attach, _window(info))


_NOTHING_WANTED = Container(HOST_IMAGE, sandbox_target=SANDBOX)


def on_host(command: pb.CommandInfo, mounts: tuple[Mount, ...] = ()) -> Setting:
    """Read a command without a container."""
    container = Container(HOST_IMAGE, mounts=mounts, sandbox_target=SANDBOX) if mounts else None
    return Setting(commands.plain(command), container)


def _check_union(info: pb.ContainerInfo) -> None:
    """Raise Invalid unless exactly the part that the type names is there."""
    if info.type == pb.ContainerInfo.DOCKER:
        if not info.HasField("docker"):
            raise Invalid("DockerInfo 'docker' is not set for DOCKER typed ContainerInfo", "container.docker")
        if info.HasField("mesos"):
            raise Invalid("'mesos' must not be set for DOCKER typed ContainerInfo", "container.mesos")
    elif info.HasField("docker"):
        raise Invalid("'docker' must not be set for MESOS typed ContainerInfo", "container.docker")


def place_in_sandbox(path: str, field: str) -> str:
    """Give the absolute place in a container of a path that may be relative to its sandbox."""
    if not path or ".." in path.split("/"):
        raise Invalid(f"'{path}' cannot be the path of a volume in its container", field)
    check_text(path, field)
    return path if path.startswith("/") else f"{SANDBOX}/{path.removeprefix('./')}"


def _invocation(info: pb.ContainerInfo, command: pb.CommandInfo) -> Invocation:
    return commands.in_docker(command) if info.type == pb.ContainerInfo.DOCKER else commands.in_image(command)


def _image(info: pb.ContainerInfo) -> str:
    if info.type == pb.ContainerInfo.DOCKER:
        if not info.docker.image:
            raise Invalid("'docker.image' must not be empty", "container.docker.image")
        return info.docker.image
    if not info.mesos.HasField("image"):
        return HOST_IMAGE
    image = info.mesos.image
    if image.type == pb.Image.APPC or image.HasField("appc"):
        raise Invalid("Images of type APPC are not served: 'mesos.image.appc'", "container.mesos.image.appc")
    if not image.docker.name:
        raise Invalid("'mesos.image.docker' must name an image", "container.mesos.image.docker")
    if image.docker.HasField("credential"):
        raise Invalid("'mesos.image.docker.credential' is not served", "container.mesos.image.docker.credential")
    return image.docker.name


def _with_docker(container: Container, info: pb.ContainerInfo) -> Container:
    docker = info.docker
    if docker.HasField("volume_driver"):
        raise Invalid("'docker.volume_driver' is not served", "container.docker.volume_driver")
    network, mappings = networks.of_docker(info)
    return msgspec.structs.replace(
        container,
        network=network,
        port_mappings=mappings,
        privileged=docker.privileged,
        force_pull=docker.force_pull_image,
        parameters=tuple(Parameter(one.key, one.value) for one in docker.parameters),
    )


def _with_mesos(container: Container, info: pb.ContainerInfo) -> Container:
    network, mappings = networks.of_mesos(info)
    if network.startswith(CNI_NETWORK) and container.image == HOST_IMAGE:
        raise Invalid("'network_infos.name' is served only together with an image", "container.network_infos.name")
    cached = not info.mesos.HasField("image") or info.mesos.image.cached
    return msgspec.structs.replace(container, network=network, port_mappings=mappings, force_pull=not cached)


def _mounts(info: pb.ContainerInfo) -> Iterable[Mount]:
    docker = info.type == pb.ContainerInfo.DOCKER
    return [_mount(volume, docker=docker) for volume in info.volumes]


def _mount(volume: pb.Volume, *, docker: bool) -> Mount:
    field = "container.volumes"
    target = place_in_sandbox(volume.container_path, f"{field}.container_path")
    read_only = volume.mode == pb.Volume.RO
    if volume.HasField("image"):
        raise Invalid("Volumes made from an image are not served: 'volumes.image'", f"{field}.image")
    if volume.HasField("source") == volume.HasField("host_path"):
        raise Invalid("A volume must have exactly one of 'host_path' and 'source'", field)
    if volume.HasField("source"):
        return Mount(target, _sandbox_path(volume.source), read_only=read_only, create=True)
    path = check_text(volume.host_path, f"{field}.host_path")
    if path.startswith("/"):
        return Mount(target, path, read_only=read_only, create=docker)
    if docker:
        raise Invalid(f"Volume '{path}' is one of Docker's own; 'volumes.host_path' must be absolute", field)
    return Mount(target, _inside(path, f"{field}.host_path"), read_only=read_only, create=True)


def _sandbox_path(source: pb.Volume.Source) -> str:
    field = "container.volumes.source"
    if source.type == _V.DOCKER_VOLUME or source.HasField("docker_volume"):
        raise Invalid("Volumes of Docker's drivers are not served: 'volumes.source.docker_volume'", field)
    if source.type != _V.SANDBOX_PATH or not source.HasField("sandbox_path"):
        raise Invalid("'volumes.source' must be a SANDBOX_PATH with 'sandbox_path' set", field)
    if source.sandbox_path.type != _V.SandboxPath.SELF:
        raise Invalid(
            "A 'volumes.source.sandbox_path' is served only with type SELF, not in the parent's sandbox", field
        )
    return _inside(source.sandbox_path.path, f"{field}.sandbox_path.path")


def _inside(path: str, field: str) -> str:
    if not path or path.startswith("/") or ".." in path.split("/"):
        raise Invalid(f"'{path}' is no path inside the sandbox", field)
    return path


def _window(info: pb.ContainerInfo) -> tuple[int, int]:
    """Give the rows and columns of the terminal that is asked for, no more than it can have."""
    size = info.tty_info.window_size
    return min(size.rows, _LARGEST_WINDOW), min(size.columns, _LARGEST_WINDOW)


def _capabilities(info: pb.ContainerInfo) -> tuple[str, ...] | None:
    if not info.linux_info.HasField("capability_info"):
        return None
    wanted = info.linux_info.capability_info.capabilities
    if pb.CapabilityInfo.UNKNOWN in wanted:
        raise Invalid("'UNKNOWN' is not a valid capability", "container.linux_info.capability_info")
    return tuple(pb.CapabilityInfo.Capability.Name(one) for one in wanted)


def _rlimits(info: pb.RLimitInfo) -> tuple[Rlimit, ...]:
    return checked_rlimits(_rlimit(one) for one in info.rlimits)


def _rlimit(limit: pb.RLimitInfo.RLimit) -> Rlimit:
    field = "container.rlimit_info"
    if limit.type == pb.RLimitInfo.RLimit.UNKNOWN:
        raise Invalid("'UNKNOWN' is not a valid type of a process limit", field)
    if limit.HasField("hard") != limit.HasField("soft"):
        raise Invalid("Both or none of 'soft' and 'hard' of a process limit must be set", field)
    name = pb.RLimitInfo.RLimit.Type.Name(limit.type)
    return Rlimit(name, limit.soft, limit.hard) if limit.HasField("hard") else Rlimit(name)
