"""Local nodes: how large they are, and their keepers' configuration."""

from __future__ import annotations

import os
import shutil
import socket
import sys
from collections.abc import Mapping
from pathlib import Path

import msgspec

from portico.domain.identity import SECOND, Micros
from portico.domain.resources import CPUS, DISK, GPUS, MEM, NETWORK, WHOLE
from portico.doors.mesos.outpost.operator.perf_events import Sampling, field_of
from portico.doors.mesos.outpost.place import ACCESS
from portico.doors.mesos.serving.authentication import Access
from portico.node.config import NodeConfig, OutpostConfig
from portico.node.starting import keeper_alive
from portico.serving.addresses import Address, require_free
from portico.settings import ImageSource, NodeSettings, RetentionSettings, Settings
from portico.settings.model import BUILT_IN_IMAGES

MEGABYTE = 1 << 20
_DEFAULT_NETWORK = 10_000
MESOS_NATIVE_PORT = 5051
SLACK_PERIOD = Micros(15 * SECOND)
"""How often is measured what may be lent; upstream's own period."""
_PLACE = {"zone": "local", "region": "local"}


def local_nodes(nodes: tuple[NodeSettings, ...]) -> tuple[NodeSettings, ...]:
    """Give the declared nodes, or one named after the host."""
    return nodes or (NodeSettings(name=socket.gethostname()),)


def require_agent_ports(settings: Settings, root: Path) -> None:
    """Raise Unavailable or Invalid when a node that is to be started cannot have its Mesos agent's port.

    A node that runs already, in its directory below `root`, has it.
    """
    for number, node in enumerate(local_nodes(settings.nodes)):
        if keeper_alive(root / node.name) is None:
            for port in _agent_ports(settings, number):
                require_free(Address(settings.host, port))


def mesos_outpost(settings: Settings, number: int) -> OutpostConfig:
    """Say to the agent of the node with this number, from 0, how to serve the Mesos agent API.

    Its port is the agent port plus the number, any when that is 0. The first node also answers on Mesos' own agent
    port with native ports. What opens that API travels by its environment, which only its user can see.
    """
    ports = _agent_ports(settings, number)
    arguments = ["--host", settings.host, *(word for port in ports for word in ("--port", str(port)))]
    if settings.advertise:
        arguments += ["--advertise", settings.advertise]
    arguments += _perf(settings)
    argv = (sys.executable, "-m", "portico.doors.mesos.outpost", *arguments)
    access = mesos_access(settings)
    environment = {ACCESS: msgspec.json.encode(access).decode()} if access != Access() else {}
    return OutpostConfig("mesos", argv, environment)


def mesos_access(settings: Settings) -> Access:
    """Say what opens the addresses of the Mesos door."""
    return Access(settings.auth.token or "", settings.mesos_credentials)


def _agent_ports(settings: Settings, number: int) -> list[int]:
    ports = [settings.agent_port + number if settings.agent_port else 0]
    if settings.native_ports and number == 0 and ports[0] != MESOS_NATIVE_PORT:
        ports.append(MESOS_NATIVE_PORT)
    return ports


def _perf(settings: Settings) -> list[str]:
    """Say which of the kernel's counters are sampled, how often and for how long, if any are."""
    sampling = Sampling()
    interval = settings.timer("mesos.perf", sampling.interval)
    if not settings.mesos_perf_events or not interval:
        return []
    duration = min(settings.timer("mesos.perf_duration", sampling.duration), interval)
    events = [word for name in settings.mesos_perf_events for word in ("--perf-event", field_of(name))]
    return [*events, "--perf-interval", str(interval), "--perf-duration", str(duration)]


def node_config(
    node: NodeSettings,
    retention: RetentionSettings,
    data: Path,
    link: str,
    secret: str,
    outposts: tuple[OutpostConfig, ...] = (),
    images: Mapping[str, ImageSource] = BUILT_IN_IMAGES,
    slack_period: Micros = SLACK_PERIOD,
) -> NodeConfig:
    """Say to a keeper what its node is; sizes that were not declared are the machine's."""
    amounts = {
        CPUS: node.cpus if node.cpus is not None else (os.cpu_count() or 1) * WHOLE,
        MEM: node.mem if node.mem is not None else _machine_memory() * WHOLE,
        DISK: node.disk if node.disk is not None else shutil.disk_usage(data).free // MEGABYTE * WHOLE,
        NETWORK: node.network if node.network is not None else _DEFAULT_NETWORK * WHOLE,
        GPUS: node.gpus or 0,
    }
    return NodeConfig(
        node=node.name,
        link=link,
        secret=secret,
        amounts={kind: amount for kind, amount in amounts.items() if amount},
        ports=node.ports,
        attributes=_PLACE | node.attributes,
        sandbox_age=retention.sandbox_age,
        sandbox_min_free=retention.sandbox_min_free,
        outposts=outposts,
        images={name: source.written for name, source in images.items()},
        slack_period=slack_period if node.oversubscribe else Micros(0),
    )


def _machine_memory() -> int:
    """Give the machine's memory in MB."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // MEGABYTE
