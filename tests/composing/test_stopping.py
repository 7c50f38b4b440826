"""A node that does not end must not keep the rest of the server from stopping."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from portico.domain.errors import Unavailable
from portico.main import Server
from portico.settings import Settings


def test_everything_else_is_stopped_where_a_node_does_not_end(tmp_path: Path) -> None:
    closed: list[str] = []

    async def stop_nodes(_gateway: Any) -> None:
        raise Unavailable("not ended in 20 s: n1")

    async def story() -> None:
        server: Any = Server(Settings(data_dir=tmp_path))
        server.engine, server.plane = SimpleNamespace(stop_nodes=stop_nodes), SimpleNamespace(gateway=None)
        server._stack.callback(closed.append, "store")
        server.request_stop(stop_runs=True)
        with pytest.raises(Unavailable, match="n1"):
            await server.stop()

    asyncio.run(story())
    assert closed == ["store"]
