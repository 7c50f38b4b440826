"""The network of a container: what DockerInfo and NetworkInfo say of it. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from portico.domain.containers import CNI_NETWORK, HOST_NETWORK, NO_NETWORK, PortMapping
from portico.domain.errors import Invalid
from portico.wire.mesos import mesos_pb2 as pb

BRIDGE = f"{CNI_NETWORK}bridge"
"""What Docker's own bridge is here: the network of that name."""

_Docker = pb.ContainerInfo.DockerInfo
Network = tuple[str, tuple[PortMapping, ...]]


class _Mapping(Protocol):
    host_port: int
    container_port: int
    protocol: str


def of_mesos(info: pb.ContainerInfo) -> Network:
    """Give network and port mappings of a container of the universal containerizer."""
    given = _network_info(info)
    if given is None:
        return HOST_NETWORK, ()
    mappings = _mappings(given.port_mappings)
    if not given.name:
        return HOST_NETWORK, ()  # on the host's network ports are what they are; upstream passes over mappings too
    return CNI_NETWORK + given.name, mappings


def of_docker(info: pb.ContainerInfo) -> Network:
    """Give network and port mappings of a Docker container."""
    docker = info.docker
    given = _network_info(info)
    name = given.name if given is not None else ""
    if given is not None and given.port_mappings:
        raise Invalid("'network_infos.port_mappings' is not served for DOCKER", "container.network_infos.port_mappings")
    mappings = _mappings(docker.port_mappings)
    kind = docker.network if docker.HasField("network") or not name else _Docker.USER
    match kind:
        case _Docker.USER:
            if not name:
                raise Invalid("No network name found in 'network_infos' for network USER", "container.network_infos")
            return CNI_NETWORK + name, mappings
        case _ if name:
            raise Invalid("'network_infos.name' is served only with network USER", "container.network_infos.name")
        case _Docker.BRIDGE:
            return BRIDGE, mappings
    if mappings:
        raise Invalid("Port mappings are only supported for bridge and user-defined networks", "container.docker")
    return NO_NETWORK if kind == _Docker.NONE else HOST_NETWORK, ()


def _network_info(info: pb.ContainerInfo) -> pb.NetworkInfo | None:
    if not info.network_infos:
        return None
    if len(info.network_infos) > 1:
        raise Invalid("More than one of 'network_infos' is not served", "container.network_infos")
    given = info.network_infos[0]
    if given.groups:
        raise Invalid("'network_infos.groups' is not served", "container.network_infos.groups")
    if any(address.HasField("ip_address") for address in given.ip_addresses):
        raise Invalid("'network_infos.ip_addresses' is not served: a network gives addresses itself", "container")
    if any(address.protocol == pb.NetworkInfo.IPv6 for address in given.ip_addresses):
        raise Invalid("'network_infos.ip_addresses' of IPv6 are not served", "container.network_infos.ip_addresses")
    return given


def _mappings(mappings: Iterable[_Mapping]) -> tuple[PortMapping, ...]:
    return tuple(_mapping(one) for one in mappings)


def _mapping(mapping: _Mapping) -> PortMapping:
    protocol = mapping.protocol.lower() or "tcp"
    if protocol not in ("tcp", "udp"):
        raise Invalid(f"Port mappings cannot be for protocol '{mapping.protocol}'", "container.port_mappings")
    for port in (mapping.host_port, mapping.container_port):
        if not 0 < port < 1 << 16:
            raise Invalid(f"{port} in a port mapping is no port", "container.port_mappings")
    return PortMapping(mapping.host_port, mapping.container_port, protocol)
