"""Slack: how much of the cpus that Runs have claimed none of them used in the last period.

Owns the samples. Promises: a Run counts only when it has run for a whole period, and with what it had claimed all that
time, so that what has just begun is taken to need everything; use beyond what one has claimed is set against what
others leave unused; Runs that live on revocable cpus, with all that is in the same container, count for nothing. Where
the kernel counts no cpu time by cgroup, nothing is said. Soft: a new agent begins anew.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping

import msgspec

from portico.domain.identity import SECOND
from portico.domain.resources import CPUS, WHOLE
from portico.node.charges import Charge, Stage
from portico.node.site import Site


class Sample(msgspec.Struct, frozen=True, gc=False):
    """One Run with all that is in it: thousandths of cpus claimed, microseconds of cpu time since its start."""

    claimed: int
    used: int


Samples = Mapping[tuple[str, int], Sample]
"""By Run and token."""


class Slack:
    """One per agent; `measured` is in thousandths, None before there is anything to say. `tell` hears of news."""

    def __init__(self, site: Site, tell: Callable[[], None]) -> None:
        self._site = site
        self._tell = tell
        self.measured: dict[str, int] | None = None

    async def run(self) -> None:
        """Measure again and again, unless it is not wanted or cannot be done."""
        period = self._site.config.slack_period
        if not period or not counts_cpu_time(self._site):
            return
        before, since = await self._look()
        while True:
            await asyncio.sleep(period / SECOND)
            present, at = await self._look()
            self.measured = {CPUS: unused(before, present, at - since)}
            before, since = present, at
            self._tell()

    async def _look(self) -> tuple[Samples, int]:
        """Read what has been used until now; gives the time of it too, in microseconds."""
        known = {
            (root.run, root.token): (root.cgroup, claimed)
            for root in self._site.charges.live()
            if not root.order.parent and not root.order.host and (claimed := self._claimed(root)) is not None
        }
        return await asyncio.to_thread(self._read, known)

    def _read(self, known: Mapping[tuple[str, int], tuple[str, int]]) -> tuple[Samples, int]:
        spent = self._site.cgroups.spent
        samples = {key: Sample(claimed, spent(group).cpu_micros) for key, (group, claimed) in known.items()}
        return samples, time.monotonic_ns() // 1000

    def _claimed(self, root: Charge) -> int | None:
        """Sum the cpus that a Run and those in it have claimed; None for what is not to be counted."""
        if root.stage is not Stage.RUNNING or not root.cgroup:
            return None
        tree = [root, *self._inside(root)]
        if any(charge.order.revocable for charge in tree):
            return None
        return sum(charge.order.spec.limits.cpus for charge in tree if charge is root or charge.order.adds)

    def _inside(self, root: Charge) -> Iterable[Charge]:
        charges = self._site.charges
        for member in (*charges.children(root.run), *charges.hosted(root.run)):
            yield member
            yield from self._inside(member)


def counts_cpu_time(site: Site) -> bool:
    """Tell whether the kernel counts cpu time by cgroup here."""
    return site.cgroups.version == "v2" or "cpuacct" in site.cgroups.controllers


def unused(before: Samples, present: Samples, period: int) -> int:
    """Give the thousandths of cpus that Runs there at both times claimed and did not use in between.

    `period` is the time between, in microseconds.
    """
    if period <= 0:
        return 0
    claimed = used = 0
    for key, sample in present.items():
        former = before.get(key)
        if former is not None:
            claimed += min(former.claimed, sample.claimed)
            used += max(0, sample.used - former.used)
    return max(0, claimed - -(-used * WHOLE // period))
