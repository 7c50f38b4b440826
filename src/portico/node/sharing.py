"""Limits of Runs that hold others: a root may use what it brings and what each live Run in it brings.

Promises: room is made before a member starts and taken back after it has ended; where the kernel cannot take it back,
because it is in use, the root keeps it until the next change.
"""

from __future__ import annotations

import logging

from portico.domain.errors import PorticoError
from portico.domain.runs import Limits
from portico.node.charges import Charge, Stage
from portico.node.site import Site

log = logging.getLogger("portico.node")


class Sharing:
    """Fits the groups of roots to their members."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def changed(self, member: Charge) -> None:
        """Fit every Run around one that begins or has ended."""
        if not member.order.adds:
            return
        around = self._around(member)
        while around is not None:
            self.fit(around)
            around = self._around(around)

    def fit(self, root: Charge) -> None:
        """Give the group of a running root the limits that it and what is in it need."""
        if not root.live or root.stage is not Stage.RUNNING or not root.cgroup:
            return
        parent, _, name = root.cgroup.rpartition("/")
        try:
            self._site.cgroups.prepare(name, self._needed(root), parent)
        except (PorticoError, OSError) as error:
            log.info("the limits of %s stay as they are: %s", root.run, error)

    def _needed(self, root: Charge) -> Limits:
        limits = root.order.spec.limits
        pending = self._members(root)
        while pending:
            member = pending.pop()
            pending += self._members(member)
            if member.order.adds:
                limits = plus(limits, member.order.spec.limits)
        return limits

    def _members(self, root: Charge) -> list[Charge]:
        charges = self._site.charges
        return [*charges.children(root.run), *charges.hosted(root.run)]

    def _around(self, member: Charge) -> Charge | None:
        order = member.order
        return self._site.charges.get(order.parent or order.host)


def plus(limits: Limits, more: Limits) -> Limits:
    """Add what a member brings; where the root has no limit, or the member none, there is none for both."""

    def both(own: int, brought: int) -> int:
        return own + brought if own and brought else 0

    return Limits(
        cpus=limits.cpus + more.cpus,
        cpu_quota=limits.cpu_quota and more.cpu_quota,
        memory=both(limits.memory, more.memory),
        pids=both(limits.pids, more.pids),
        open_files=limits.open_files,
        disk=limits.disk,
        output=limits.output,
    )
