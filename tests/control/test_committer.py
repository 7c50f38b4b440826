"""The committer: what one effect does wrong costs nobody else anything."""

from __future__ import annotations

import asyncio

from harness import make_plane
from prometheus_client import generate_latest
from structlog.testing import capture_logs

from portico.composing import measuring
from portico.domain.nodes import Pool
from portico.serving.metrics import Metrics


def fail():
    raise RuntimeError("a defect")


def put(plane, name, *effects):
    with plane.begin() as tx:
        tx.put(Pool(id=name))
        for effect in effects:
            tx.after(effect)


def test_effects_and_waiters_behind_one_that_raises_go_on_in_order():
    async def story():
        plane = make_plane()
        done = []
        with capture_logs() as logs:
            put(plane, "/a", lambda: done.append(1), fail, lambda: done.append(2), fail)
            put(plane, "/b", lambda: done.append(3))
            await plane.committer.settled(plane.committer.revision)
        assert done == [1, 2, 3]
        told = [entry for entry in logs if entry["event"] == "effect_failed"]
        assert len(told) == 2
        assert all(entry["exc_info"] and entry["log_level"] == "error" for entry in told)
        assert plane.committer.effects_failed == 2

    asyncio.run(story())


def test_an_effect_of_what_is_durable_already_does_not_stop_its_caller():
    async def story():
        plane = make_plane()
        done = []
        with capture_logs() as logs, plane.begin() as tx:
            tx.after(fail)
            tx.after(lambda: done.append(1))
        assert done == [1]
        assert [entry["event"] for entry in logs] == ["effect_failed"]

    asyncio.run(story())


def test_effects_that_raise_are_counted_in_the_metrics():
    async def story():
        plane = make_plane()
        metrics = Metrics()
        measuring.register(metrics, plane)
        with capture_logs():
            put(plane, "/a", fail)
            await plane.committer.settled(plane.committer.revision)
        assert b"\nportico_effects_failed_total 1.0\n" in generate_latest(metrics.registry)

    asyncio.run(story())
