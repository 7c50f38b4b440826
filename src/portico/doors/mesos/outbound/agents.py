"""Agents and this master, as the API describes them."""

from __future__ import annotations

import ipaddress
import re

from portico.domain.nodes import Node, Unavailability
from portico.domain.reservations import label_ports
from portico.doors.mesos import resources
from portico.doors.mesos.extension.standing import Standing
from portico.wire.mesos import mesos_pb2 as pb

AGENT_PATH = "/slave(1)"
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d{1,2})?", re.ASCII | re.IGNORECASE)


def master_info(standing: Standing) -> pb.MasterInfo:
    """Describe this master."""
    place = standing.place
    info = pb.MasterInfo(
        id=standing.master.master,
        ip=packed(place.address),
        port=place.port,
        pid=f"master@{place.address}:{place.port}",
        hostname=place.hostname,
        version=place.version,
    )
    info.address.hostname = place.hostname
    info.address.ip = place.address
    info.address.port = place.port
    return info


def packed(address: str) -> int:
    """Give an IPv4 address as the API has it: in network order, read as a little-endian number."""
    try:
        return int.from_bytes(ipaddress.IPv4Address(address).packed, "little")
    except ValueError:
        return 0


def info(standing: Standing, identity: str) -> pb.AgentInfo:
    """Describe a node as an agent."""
    node = standing.plane.state.nodes[identity]
    message = pb.AgentInfo(hostname=standing.hostname_of(identity), port=standing.port_of(identity))
    message.id.value = standing.agent_of(identity)
    message.resources.extend(capacity(standing, node))
    message.attributes.extend(attribute(name, value) for name, value in node.attributes.items())
    return message


def capacity(standing: Standing, node: Node) -> list[pb.Resource]:
    """Give all of a node's resources, with their reservations."""
    ports = label_ports(node.ports, node.reserved_ports)
    return resources.to_resources(node.capacity, ports, "", standing.plane.state.records["volumes"])


def url(standing: Standing, node: str) -> pb.URL:
    """Say where a node's agent is reached."""
    message = pb.URL(scheme="http", path=AGENT_PATH)
    message.address.hostname = standing.hostname_of(node)
    message.address.ip = standing.place.address
    message.address.port = standing.port_of(node)
    return message


def attribute(name: str, value: str) -> pb.Attribute:
    """Write an attribute; one that is a number is a scalar."""
    message = pb.Attribute(name=name)
    if _NUMBER.fullmatch(value):
        message.type = pb.Value.SCALAR
        message.scalar.value = float(value)
    else:
        message.type = pb.Value.TEXT
        message.text.value = value
    return message


def unavailability(planned: Unavailability) -> pb.Unavailability:
    """Write a planned absence."""
    message = pb.Unavailability()
    message.start.nanoseconds = planned.start * 1000
    if planned.duration is not None:
        message.duration.nanoseconds = planned.duration * 1000
    return message
