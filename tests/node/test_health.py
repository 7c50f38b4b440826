"""Watchers of health and status, whatever befalls them."""

from __future__ import annotations

import asyncio
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from portico.domain.containers import Container
from portico.domain.errors import Unavailable
from portico.domain.frames import LaunchOrder, Observation
from portico.domain.identity import Instant, Micros
from portico.domain.runs import CheckKind, HealthCheck, RunSpec, StatusCheck
from portico.node.charges import Charge, Stage
from portico.node.containers.driver import Containers
from portico.node.health import Health
from portico.node.site import Site

COMMAND = CheckKind.COMMAND


@pytest.mark.parametrize("failure", [RuntimeError("strange"), ValueError("a NUL byte"), Unavailable("gone")])
def test_a_watcher_that_fails_costs_no_more_than_its_run(failure: Exception) -> None:
    said: list[Observation] = []
    ill: list[Charge] = []

    class Broken:
        def probe(self, _charge: Charge) -> None:
            raise failure

    async def story() -> None:
        soon = {"delay": Micros(0), "interval": Micros(0)}
        spec = RunSpec(
            argv=("true",),
            container=Container("i"),
            check=HealthCheck(COMMAND, ("true",), **soon),
            status_check=StatusCheck(COMMAND, ("true",), **soon),
        )
        charge = Charge(LaunchOrder("r", 1, spec, Micros(0)), "", Instant(1))
        charge.stage = Stage.RUNNING
        site = SimpleNamespace(
            sandboxes=SimpleNamespace(root=Path("/")),
            config=SimpleNamespace(node="n1"),
            outbox=SimpleNamespace(add=said.append),
        )
        async with asyncio.TaskGroup() as group:
            Health(cast("Site", site), group, cast("Containers", Broken()), ill.append).watch(charge)
            assert len(charge.tasks) == 2
        assert ill == [charge]

    asyncio.run(story())
    assert [(seen.healthy, seen.checked and seen.checked.value) for seen in said] == [(None, None)]
    assert said[0].checked is not None
