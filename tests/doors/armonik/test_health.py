"""Health and versions: what is said is so."""

import asyncio
import os
from types import SimpleNamespace

import pytest
from doors.armonik.serving import CORE_VERSION, story
from harness import make_plane

from portico.domain.errors import Unavailable
from portico.doors.armonik import health
from portico.doors.armonik.health import HealthChecks
from portico.wire.armonik import health_checks_pb2 as pb
from portico.wire.armonik.versions_pb2 import ListVersionsRequest

HEALTHY = pb.HealthStatusEnum.HEALTH_STATUS_ENUM_HEALTHY
DEGRADED = pb.HealthStatusEnum.HEALTH_STATUS_ENUM_DEGRADED
UNHEALTHY = pb.HealthStatusEnum.HEALTH_STATUS_ENUM_UNHEALTHY


def check(plane, objects=None):
    async def run():
        reply = await HealthChecks(plane, objects).CheckHealth(pb.CheckHealthRequest(), None)
        return {service.name: (service.healthy, bool(service.message)) for service in reply.services}

    return asyncio.run(run())


@pytest.fixture
def plane():
    made = make_plane()

    async def start():
        made.start([], [])
        await asyncio.sleep(0)

    asyncio.run(start())
    return made


def test_a_server_that_works_is_healthy():
    async def play(at):
        reply = await at.health.CheckHealth(pb.CheckHealthRequest())
        assert [(one.name, one.healthy, one.message) for one in reply.services] == [
            ("database", HEALTHY, ""),
            ("object", HEALTHY, ""),
            ("queue", HEALTHY, ""),
        ]

    story(play)


def test_versions_are_told():
    async def play(at):
        reply = await at.versions.ListVersions(ListVersionsRequest())
        assert (reply.core, reply.api) == (CORE_VERSION, "3.29.2")

    story(play)


def test_a_store_that_failed_is_unhealthy(plane):
    plane.committer.on_failure(OSError())
    assert check(plane) == {"database": (UNHEALTHY, True), "object": (HEALTHY, False), "queue": (UNHEALTHY, True)}


def test_a_store_that_is_behind_is_degraded(plane):
    plane.writer.full = True
    assert check(plane) == {"database": (DEGRADED, True), "object": (HEALTHY, False), "queue": (HEALTHY, False)}


def test_a_store_that_cannot_be_read_is_unhealthy(plane, monkeypatch):
    def fail(*_):
        raise Unavailable("the store is gone")

    monkeypatch.setattr(plane.history, "later", fail)
    assert check(plane)["database"] == (UNHEALTHY, True)


def test_a_store_that_does_not_answer_is_degraded(plane, monkeypatch):
    monkeypatch.setattr(health, "TIMEOUT", 0.01)

    async def never(*_):
        await asyncio.get_running_loop().create_future()

    monkeypatch.setattr(plane.history, "later", never)
    assert check(plane)["database"] == (DEGRADED, True)


def test_a_server_that_is_starting_has_no_queues():
    assert check(make_plane())["queue"] == (UNHEALTHY, True)


def test_the_folder_of_large_data_is_written_to(plane, tmp_path, monkeypatch):
    assert check(plane, tmp_path)["object"] == (HEALTHY, False)
    assert not list(tmp_path.iterdir())
    assert check(plane, tmp_path / "gone")["object"] == (UNHEALTHY, True)
    monkeypatch.setattr(os, "fstatvfs", lambda _: SimpleNamespace(f_bavail=1, f_frsize=4096))
    assert check(plane, tmp_path)["object"] == (DEGRADED, True)
