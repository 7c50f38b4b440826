"""Health checks: when to look at a Run, and what a run of failures means.

The rules are those of Mesos: the first look after `delay`, each next one `interval` after the last ended, no answer
within `timeout` is a failure, failures within `grace` of the beginning do not count until there was a success.
Owns the timing only; a Probe does the looking. Time is the event loop's.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Protocol

from portico.domain.identity import SECOND, Micros
from portico.domain.runs import HealthCheck
from portico.node.probes import HostProbe

__all__ = ["HostProbe", "Probe", "watch_health"]


class Probe(Protocol):
    """One way to look at a Run."""

    async def look(self, check: HealthCheck) -> bool:
        """Tell whether the Run is well; may take as long as it likes, and stops when cancelled."""
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
        await asyncio.sleep(_seconds(check.interval))


async def _look(check: HealthCheck, probe: Probe) -> bool:
    try:
        async with asyncio.timeout(_seconds(check.timeout) if check.timeout else None):
            return await probe.look(check)
    except TimeoutError:
        return False


def _seconds(duration: Micros) -> float:
    return duration / SECOND
