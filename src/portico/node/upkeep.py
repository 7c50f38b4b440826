"""Periodic care: disk limits, output rotation, removal of old sandboxes. The slow part is done in a thread.

Promises: a Run beyond its disk limit is ended with OUT_OF_DISK; output files stay bounded; a sandbox goes by age, when
the disk is short, or when there are too many, oldest first, and never that of a live Run.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable, Iterable
from pathlib import Path

from portico.domain.errors import NotFound, PorticoError
from portico.domain.identity import SECOND
from portico.domain.runs import EndCause, StopOrder, StopReason
from portico.node.charges import Charge, Stage
from portico.node.collection import EndedSandbox, plan_collection
from portico.node.containers.driver import Containers
from portico.node.journal import Gone
from portico.node.rotation import rotate_if_needed
from portico.node.site import Site, now
from portico.node.stopping import Stops

log = logging.getLogger("portico.node")

_SLICE = 200
"""Sandboxes measured or removed per step in the thread, so that the end of the agent waits for one step only."""


class Upkeep:
    """Looks after sandboxes."""

    def __init__(self, site: Site, stops: Stops, containers: Containers) -> None:
        self._site = site
        self._stops = stops
        self._containers = containers
        self._sizes: dict[str, int] = {}

    async def watch_use(self) -> None:
        """Check disk use and rotate output, again and again."""
        while True:
            await asyncio.sleep(self._site.config.usage_period / SECOND)
            await self.check_use()

    async def check_use(self) -> None:
        """Check disk use and rotate output once."""
        live = [charge for charge in self._site.charges.live() if charge.is_process and charge.stage is Stage.RUNNING]
        files = [(self._site.sandboxes.root / charge.run, charge.order.spec.limits.output) for charge in live]
        log_file = (self._site.directory / "keeper.log", self._site.config.log_bytes)
        await asyncio.to_thread(_rotate, files, log_file)
        for charge in live:
            limit = charge.order.spec.limits.disk
            if not limit or not charge.live:
                continue
            used = await asyncio.to_thread(_measure, self._site.disk_use, charge.run)
            if used > limit and charge.live:
                order = StopOrder(StopReason.CANCELLED, now(), charge.order.grace)
                self._stops.stop(charge, order, (EndCause.OUT_OF_DISK, f"used {used} of {limit} bytes of disk"))

    async def collect(self) -> None:
        """Remove sandboxes whose time has come, again and again."""
        while True:
            await asyncio.sleep(self._site.config.collection_period / SECOND)
            await self.collect_once()
            await self._containers.collect(now())

    async def collect_once(self) -> None:
        """Remove the sandboxes whose time has come."""
        config, charges = self._site.config, self._site.charges
        disk = os.statvfs(self._site.sandboxes.root)
        free, total = disk.f_bavail * disk.f_frsize, disk.f_blocks * disk.f_frsize
        ended = [charge for charge in charges if charge.stage is Stage.KEPT]
        if free < total * config.sandbox_min_free:
            await self._measure_all(ended)
        facts = [EndedSandbox(charge.run, charge.ended_at, self._sizes.get(charge.run, 0)) for charge in ended]
        going = plan_collection(now(), facts, free, total, config.sandbox_age, config.sandbox_min_free)
        surplus = len(ended) - config.sandbox_count
        oldest = sorted(ended, key=lambda charge: charge.ended_at)[: max(surplus, 0)]
        await self.remove(dict.fromkeys([*going, *(charge.run for charge in oldest)]))

    async def remove(self, runs: Iterable[str]) -> None:
        """Remove the sandboxes of ended Runs and forget them."""
        wanted = [run for run in runs if self._removable(run)]
        for first in range(0, len(wanted), _SLICE):
            part = wanted[first : first + _SLICE]
            gone = await asyncio.to_thread(_remove, self._site.sandboxes.remove, part)
            self._forget([run for run in gone if self._removable(run)])

    def _removable(self, run: str) -> bool:
        charge = self._site.charges.get(run)
        return charge is None or charge.stage is Stage.KEPT

    def _forget(self, runs: list[str]) -> None:
        known = [run for run in runs if self._site.charges.get(run) is not None]
        if known:
            self._site.journal.append(Gone(run) for run in known)
        for run in known:
            self._site.charges.remove(run)
            self._sizes.pop(run, None)

    async def _measure_all(self, ended: list[Charge]) -> None:
        unknown = [charge.run for charge in ended if charge.run not in self._sizes]
        for first in range(0, len(unknown), _SLICE):
            part = unknown[first : first + _SLICE]
            sizes = await asyncio.to_thread(lambda runs: [_measure(self._site.sandboxes.usage, r) for r in runs], part)
            self._sizes.update(zip(part, sizes, strict=True))


def _rotate(files: list[tuple[Path, int]], log_file: tuple[Path, int]) -> None:
    bounded = [(sandbox / name, limit) for sandbox, limit in files if limit for name in ("stdout", "stderr")]
    for path, limit in (*bounded, log_file):
        try:
            rotate_if_needed(path, limit)
        except OSError as error:
            log.warning("%s cannot be rotated now: %s", path, error)


def _measure(usage: Callable[[str], int], run: str) -> int:
    try:
        return usage(run)
    except NotFound:
        return 0
    except OSError as error:
        log.warning("the disk use of %s cannot be measured now: %s", run, error)
        return 0


def _remove(remove: Callable[[str], None], runs: list[str]) -> list[str]:
    gone: list[str] = []
    for run in runs:
        try:
            remove(run)
        except (OSError, PorticoError) as error:
            log.warning("the sandbox of %s cannot be removed now: %s", run, error)
        else:
            gone.append(run)
    return gone
