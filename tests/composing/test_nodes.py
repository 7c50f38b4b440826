"""The ports of Mesos agents: refused before anything of a node is started, but not where its own agent has them."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from portico.composing import nodes
from portico.composing.nodes import require_agent_ports
from portico.domain.errors import Invalid, Unavailable
from portico.settings import NodeSettings, Settings

TWO = (NodeSettings(name="n1"), NodeSettings(name="n2"))


@pytest.fixture
def taken() -> Iterator[int]:
    """A port that somebody else has."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        yield other.getsockname()[1]


def settings(port: int) -> Settings:
    return Settings(data_dir=Path("/"), nodes=TWO, agent_port=port)


def test_any_port_can_be_had(tmp_path: Path) -> None:
    require_agent_ports(settings(0), tmp_path)


def test_a_port_in_use_is_refused_for_the_node_that_needs_it(tmp_path: Path, taken: int) -> None:
    for first in (taken, taken - 1):
        with pytest.raises(Unavailable, match=f"cannot listen on 127.0.0.1:{taken}: the port is in use"):
            require_agent_ports(settings(first), tmp_path)


def test_a_node_that_runs_has_its_port_itself(tmp_path: Path, taken: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(nodes, "keeper_alive", lambda directory: 7 if directory == tmp_path / "n1" else None)
    require_agent_ports(settings(taken), tmp_path)


def test_a_port_beyond_the_last_is_refused(tmp_path: Path) -> None:
    with pytest.raises(Invalid, match="65536: a port is a number from 0 to 65535"):
        require_agent_ports(settings(65_535), tmp_path)
