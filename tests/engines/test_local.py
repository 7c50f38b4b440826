"""Ending local nodes: each is told, also one whose agent is away at that moment."""

import asyncio
from types import SimpleNamespace

import pytest

from portico.domain.errors import Unavailable
from portico.domain.frames import Shutdown
from portico.engines import local
from portico.engines.local import LocalEngine


class Gateway:
    def __init__(self):
        self.sessions = {}
        self.told = []

    def send(self, node, frame):
        assert frame == Shutdown(stop_runs=True)
        self.told.append((node, self.sessions[node]))


def test_an_agent_that_is_away_is_told_when_it_returns_and_each_session_once(monkeypatch, tmp_path):
    looks = iter(range(20))
    gateway = Gateway()
    first, second = SimpleNamespace(), SimpleNamespace()

    def alive(_directory):
        look = next(looks)
        if look == 5:
            gateway.sessions["n1"] = first
        if look == 10:
            gateway.sessions["n1"] = second
        return None if look == 15 else 1

    monkeypatch.setattr(local, "keeper_alive", alive)
    monkeypatch.setattr(local, "_LOOK_EVERY", 0)
    asyncio.run(LocalEngine(tmp_path, {"n1": None}).stop_nodes(gateway))
    assert gateway.told == [("n1", first), ("n1", second)]


def test_a_node_that_does_not_end_is_named(monkeypatch, tmp_path):
    monkeypatch.setattr(local, "keeper_alive", lambda directory: 1 if directory.name == "n2" else None)
    monkeypatch.setattr(local, "STOP_PATIENCE", 0.01)
    with pytest.raises(Unavailable, match=r"not ended in 0\.01 s: n2"):
        asyncio.run(LocalEngine(tmp_path, {"n1": None, "n2": None}).stop_nodes(Gateway()))
