"""Local nodes: each is told when it is to end, also one whose agent is away; one without a keeper gets another."""

import asyncio
import os
import threading
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


def watched(monkeypatch, tmp_path, alive, start, names=("n1",)):
    """Let an engine look after its nodes until `start` ends it."""
    monkeypatch.setattr(local, "WATCH_EVERY", 0.001)
    monkeypatch.setattr(local, "keeper_alive", alive)
    monkeypatch.setattr(local, "start_keeper", start)
    asyncio.run(asyncio.wait_for(LocalEngine(tmp_path, dict.fromkeys(names)).watch(), 10))


def test_a_node_whose_keeper_has_died_is_started_anew(monkeypatch, tmp_path):
    started = []

    def start(directory, _config):
        started.append(directory.name)
        if len(started) == 2:
            raise KeyError("enough")
        return 7

    with pytest.raises(KeyError):
        watched(monkeypatch, tmp_path, lambda directory: 1 if directory.name == "n2" else None, start, ("n1", "n2"))
    assert started == ["n1", "n1"]


def test_a_keeper_that_does_not_come_up_is_tried_ever_more_seldom(monkeypatch, tmp_path):
    monkeypatch.setattr(local, "WATCH_EVERY", 0.001)
    monkeypatch.setattr(local, "LONGEST_PAUSE", 0.016)
    engine = LocalEngine(tmp_path, {"n1": None})
    pauses = []

    def start(_directory, _config):
        pauses.append(engine._pauses["n1"])
        if len(pauses) == 6:
            raise KeyError("enough")
        raise Unavailable("no room")

    monkeypatch.setattr(local, "keeper_alive", lambda _directory: None)
    monkeypatch.setattr(local, "start_keeper", start)
    with pytest.raises(KeyError):
        asyncio.run(asyncio.wait_for(engine.watch(), 10))
    assert pauses == [0.002, 0.004, 0.008, 0.016, 0.016, 0.016]


def test_who_stops_watching_waits_for_the_keeper_that_is_being_started(monkeypatch, tmp_path):
    begun, go_on, done = threading.Event(), threading.Event(), []

    def start(_directory, _config):
        begun.set()
        assert go_on.wait(10)
        done.append(1)
        return 7

    monkeypatch.setattr(local, "WATCH_EVERY", 0.001)
    monkeypatch.setattr(local, "keeper_alive", lambda _directory: None)
    monkeypatch.setattr(local, "start_keeper", start)

    async def story():
        watching = asyncio.create_task(LocalEngine(tmp_path, {"n1": None}).watch())
        assert await asyncio.to_thread(begun.wait, 10)
        watching.cancel()
        await asyncio.sleep(0)
        assert not done
        go_on.set()
        with pytest.raises(asyncio.CancelledError):
            await watching
        assert done == [1]

    asyncio.run(story())


@pytest.mark.skipif(len(os.sched_getaffinity(0)) == 1, reason="there is one processor only")
def test_a_keeper_may_run_wherever_the_server_might_when_it_began(monkeypatch, tmp_path):
    given = os.sched_getaffinity(0)
    found = []

    def start(_directory, _config):
        found.append(os.sched_getaffinity(0))
        raise KeyError("enough")

    monkeypatch.setattr(local, "WATCH_EVERY", 0.001)
    monkeypatch.setattr(local, "keeper_alive", lambda _directory: None)
    monkeypatch.setattr(local, "start_keeper", start)
    engine = LocalEngine(tmp_path, {"n1": None})
    try:
        os.sched_setaffinity(0, {min(given)})
        with pytest.raises(KeyError):
            asyncio.run(asyncio.wait_for(engine.watch(), 10))
    finally:
        os.sched_setaffinity(0, given)
    assert found == [given]
