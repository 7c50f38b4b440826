"""Checks: when to look at a Run, and what a run of failures means for its health.

The rules are those of Mesos: the first look after `delay`, each next one `interval` after the last ended, no answer
within `timeout` is a failure, failures within `grace` of the beginning do not count until there was a success. What a
status check sees is told as it is, and means nothing.
Owns the timing only; a Probe does the looking. Time is the event loop's.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol

from portico.domain.identity import SECOND, Micros
from portico.domain.runs import CheckResult, HealthCheck, StatusCheck
from portico.node.probes import HostProbe

__all__ = ["HostProbe", "Probe", "StatusProbe", "watch_health", "watch_status"]


_REST = 0.01
"""Seconds between two looks at the least: one that takes no time must not take all of the agent's."""


class Probe(Protocol):
    """One way to look at a Run."""

    async def look(self, check: HealthCheck) -> bool:
        """Tell whether the Run is well; may take as long as it likes, and stops when cancelled."""
        ...


class StatusProbe(Protocol):
    """One way to see what a status check asks for."""

    async def see(self, check: StatusCheck) -> int | None:
        """Give what is seen, None for nothing; may take as long as it likes, and stops when cancelled."""
        ...


async def watch_health(check: HealthCheck, probe: Probe, report: Callable[[bool], None]) -> None:
    """Look again and again; returns when `failures` failures in a row say that the Run must be ended.

    Reports the first success, each success after a failure, and each failure that counts.
    """
    loop = asyncio.get_running_loop()
    begun = loop.time()
    succeeded = False
    failed = 0
    await asyncio.sleep(_seconds(check.delay))
    while True:
        if await _look(check, probe):
            if failed or not succeeded:
                report(True)  # noqa: FBT003 — well or not is all there is to report
            succeeded, failed = True, 0
        elif succeeded or loop.time() - begun > _seconds(check.grace):
            failed += 1
            report(False)  # noqa: FBT003 — as above
            if failed >= check.failures:
                return
        await asyncio.sleep(max(_REST, _seconds(check.interval)))


async def _look(check: HealthCheck, probe: Probe) -> bool:
    try:
        async with asyncio.timeout(_seconds(check.timeout) if check.timeout else None):
            return await probe.look(check)
    except TimeoutError:
        return False


async def watch_status(check: StatusCheck, probe: StatusProbe, report: Callable[[CheckResult], None]) -> None:
    """Look again and again, and report what each look sees, until cancelled."""
    await asyncio.sleep(_seconds(check.delay))
    while True:
        report(CheckResult(check.kind, await _see(check, probe)))
        await asyncio.sleep(max(_REST, _seconds(check.interval)))


async def _see(check: StatusCheck, probe: StatusProbe) -> int | None:
    try:
        async with asyncio.timeout(_seconds(check.timeout) if check.timeout else None):
            return await probe.see(check)
    except TimeoutError:
        return None


def _seconds(duration: Micros) -> float:
    return duration / SECOND
