"""Local nodes: how large they are, and their keepers' configuration."""

from __future__ import annotations

import os
import shutil
import socket
from pathlib import Path

from portico.domain.resources import CPUS, DISK, GPUS, MEM, NETWORK, WHOLE
from portico.node.config import NodeConfig
from portico.settings import NodeSettings, RetentionSettings

_MEGABYTE = 1 << 20
_DEFAULT_NETWORK = 10_000
_PLACE = {"zone": "local", "region": "local"}


def local_nodes(nodes: tuple[NodeSettings, ...]) -> tuple[NodeSettings, ...]:
    """Give the declared nodes, or one named after the host."""
    return nodes or (NodeSettings(name=socket.gethostname()),)


def node_config(node: NodeSettings, retention: RetentionSettings, data: Path, link: str, secret: str) -> NodeConfig:
    """Say to a keeper what its node is; sizes that were not declared are the machine's."""
    amounts = {
        CPUS: node.cpus if node.cpus is not None else (os.cpu_count() or 1) * WHOLE,
        MEM: node.mem if node.mem is not None else _machine_memory() * WHOLE,
        DISK: node.disk if node.disk is not None else shutil.disk_usage(data).free // _MEGABYTE * WHOLE,
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
    )


def _machine_memory() -> int:
    """Give the machine's memory in MB."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // _MEGABYTE
