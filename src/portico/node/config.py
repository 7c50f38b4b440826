"""What a node is told about itself: DIR/node.json.

Promises: a wrong file stops the start with the key and what was expected.
"""

from __future__ import annotations

import os
from pathlib import Path

import msgspec

from portico.domain.errors import Invalid
from portico.domain.identity import DAY, MINUTE, SECOND, Micros
from portico.domain.resources import Ports

FILE = "node.json"


class OutpostConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A part of a door that the agent keeps running beside it; `name` is the door's and unique on the node.

    Its environment is the agent's, the one given here, and what `outposts` adds.
    """

    name: str
    argv: tuple[str, ...]
    environment: dict[str, str] = {}


class NodeConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A node's name, place and size; amounts in thousandths, durations in microseconds.

    `link` is where control listens: `unix:PATH` or `tcp:HOST:PORT`. `sandbox_age` is how long the sandbox of an ended
    Run is kept, `sandbox_min_free` the fraction of the disk below which the oldest go earlier, `sandbox_count` how
    many are kept at most. `fetch_bytes` bounds what the fetches of one Run may bring, `cache_bytes` what is kept of
    them for other Runs. `images` says where images come from (see `containers.sources`); one that no Run wanted for
    `image_age` goes, and the oldest go while all take more than `image_bytes`. `networks` is the folder of CNI
    configurations, `network_plugins` where the plugins are (empty: CNI_PATH). Without `cgroups` Runs are limited by
    rlimits only. `slack_period` is how often is measured what Runs claim and do not use; 0: not at all.
    """

    node: str
    link: str
    secret: str
    amounts: dict[str, int]
    ports: Ports = ()
    attributes: dict[str, str] = {}
    cgroups: bool = True
    heartbeat: Micros = Micros(2 * SECOND)
    usage_period: Micros = Micros(5 * SECOND)
    collection_period: Micros = MINUTE
    sandbox_age: Micros = DAY
    sandbox_min_free: float = 0.1
    sandbox_count: int = 20_000
    fetch_bytes: int = 8 << 30
    cache_bytes: int = 2 << 30
    log_bytes: int = 16 << 20
    images: dict[str, str] = {}
    image_age: Micros = Micros(7 * DAY)
    image_bytes: int = 50 << 30
    networks: str = "/etc/cni/net.d"
    network_plugins: str = ""
    outposts: tuple[OutpostConfig, ...] = ()
    slack_period: Micros = Micros(0)


def write_config(directory: Path, config: NodeConfig) -> None:
    """Put the file in place at once or not at all, readable by its owner only: it holds the secret."""
    target = directory / FILE
    draft = directory / f"{FILE}.new"
    fd = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        os.write(fd, msgspec.json.format(msgspec.json.encode(config)))
    finally:
        os.close(fd)
    draft.rename(target)


def read_config(directory: Path) -> NodeConfig:
    """Read the file; anything wrong with it raises Invalid."""
    target = directory / FILE
    try:
        return msgspec.json.decode(target.read_bytes(), type=NodeConfig)
    except FileNotFoundError as error:
        raise Invalid(f"{target} does not exist") from error
    except msgspec.DecodeError as error:
        raise Invalid(f"{target}: {error}") from error
