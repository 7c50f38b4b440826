"""Limits of Runs that hold others: a root may use what it brings and what each live Run in it brings.

Promises: room is made before a member starts and taken back after it has ended; where the kernel cannot take it back,
because it is in use, the root keeps it until the next change. A change costs the same however many members there are.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator

from portico.domain.errors import PorticoError
from portico.domain.runs import Limits
from portico.node.charges import Charge, Stage
from portico.node.site import Site

log = logging.getLogger("portico.node")


class Share:
    """What the members of one root bring; `given` are the limits its group has, None while that is not known."""

    def __init__(self) -> None:
        self.given: Limits | None = None
        self._members: dict[str, Limits] = {}
        self._cpus = self._memory = self._pids = 0
        self._any_memory = self._any_pids = self._any_cpus = 0  # members without such a limit

    def enter(self, run: str, limits: Limits) -> None:
        """Take a member in, once."""
        if run not in self._members:
            self._members[run] = limits
            self._count(limits, 1)

    def leave(self, run: str) -> None:
        """Let a member go, if it is here."""
        limits = self._members.pop(run, None)
        if limits is not None:
            self._count(limits, -1)

    def _count(self, limits: Limits, sign: int) -> None:
        self._cpus += sign * limits.cpus
        self._memory += sign * limits.memory
        self._pids += sign * limits.pids
        self._any_memory += sign * (not limits.memory)
        self._any_pids += sign * (not limits.pids)
        self._any_cpus += sign * (not limits.cpu_quota)

    def added_to(self, own: Limits) -> Limits:
        """Add all of it to a root's own; where the root has no limit, or a member none, there is none for all."""
        return Limits(
            cpus=own.cpus + self._cpus,
            cpu_quota=own.cpu_quota and not self._any_cpus,
            memory=own.memory + self._memory if own.memory and not self._any_memory else 0,
            pids=own.pids + self._pids if own.pids and not self._any_pids else 0,
            open_files=own.open_files,
            disk=own.disk,
            output=own.output,
        )


class Sharing:
    """Fits the groups of roots to their members; shares are summed up when first asked for, also by a new agent."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._shares: dict[str, Share] = {}

    def changed(self, member: Charge) -> None:
        """Fit every Run around one that begins or has ended; what is left in an ended one counts no more either."""
        if member.live:
            self._enter(member)
            return
        self._shares.pop(member.run, None)
        gone = [one.run for one in (member, *self._within(member)) if one.order.adds]
        for root in self._around(member) if gone else ():
            share = self._share(root)
            for run in gone:
                share.leave(run)
            self.fit(root)

    def _enter(self, member: Charge) -> None:
        if member.order.adds:
            for root in self._around(member):
                self._share(root).enter(member.run, member.order.spec.limits)
                self.fit(root)

    def fit(self, root: Charge) -> None:
        """Give the group of a running root the limits that it and what is in it need."""
        if not root.live or root.stage is not Stage.RUNNING or not root.cgroup:
            return
        share = self._share(root)
        needed = share.added_to(root.order.spec.limits)
        if needed == share.given:
            return
        parent, _, name = root.cgroup.rpartition("/")
        share.given = None
        try:
            self._site.cgroups.prepare(name, needed, parent)
        except (PorticoError, OSError) as error:
            log.info("the limits of %s stay as they are: %s", root.run, error)
        else:
            share.given = needed

    def _share(self, root: Charge) -> Share:
        share = self._shares.get(root.run)
        if share is None:
            share = Share()
            for member in self._within(root):
                if member.order.adds:
                    share.enter(member.run, member.order.spec.limits)
            self._shares[root.run] = share
        return share

    def _within(self, root: Charge) -> Iterator[Charge]:
        """Give the live Runs in a root, at any depth."""
        charges = self._site.charges
        pending = [root]
        while pending:
            around = pending.pop()
            members = [*charges.children(around.run), *charges.hosted(around.run)]
            yield from members
            pending += members

    def _around(self, member: Charge) -> Iterator[Charge]:
        """Give the live Runs around one, the nearest first."""
        charges = self._site.charges
        around = charges.get(member.order.parent or member.order.host)
        while around is not None:
            if around.live:
                yield around
            around = charges.get(around.order.parent or around.order.host)
