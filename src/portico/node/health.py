"""Health of Runs: watched by `checks`, told to control when it changes, ended when it is bad for good."""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable

from portico.domain.errors import PorticoError
from portico.domain.frames import Observation
from portico.domain.identity import Instant
from portico.node.charges import Charge
from portico.node.checks import HostProbe, watch_health
from portico.node.containers.driver import Containers
from portico.node.programs import inherited_environment, run_environment
from portico.node.site import Site, now

log = logging.getLogger("portico.node")


class Health:
    """One watcher per Run that has a check; `unhealthy` is told when a Run must be ended."""

    def __init__(
        self, site: Site, group: asyncio.TaskGroup, containers: Containers, unhealthy: Callable[[Charge], None]
    ) -> None:
        self._site = site
        self._containers = containers
        self._group = group
        self._unhealthy = unhealthy
        self._inherited = inherited_environment(os.environ)

    def watch(self, charge: Charge) -> None:
        """Watch a Run that has just started, or was found again, until it ends."""
        charge.tasks = (*charge.tasks, self._group.create_task(self._watch(charge)))

    async def _watch(self, charge: Charge) -> None:
        check = charge.order.spec.check
        assert check is not None
        try:
            probe = self._probe(charge)
        except (PorticoError, OSError) as error:
            log.warning("the health of %s cannot be watched: %s", charge.run, error)
        else:
            await watch_health(check, probe, lambda healthy: self._report(charge, healthy=healthy))
        if charge.live:
            self._unhealthy(charge)

    def _probe(self, charge: Charge) -> HostProbe:
        site, order = self._site, charge.order
        sandbox = site.sandboxes.root / charge.run
        environment = run_environment(order, str(sandbox), site.config.node, self._inherited, "")
        join: tuple[str, ...] = ()
        if charge.cgroup:
            parent, _, name = charge.cgroup.rpartition("/")
            prepared = site.cgroups.prepare(name, order.spec.limits, parent)
            join = prepared.enter or ((prepared.procs,) if prepared.procs else ())
        inside = self._containers.probe(charge) if order.spec.container is not None or order.spec.join_parent else None
        if inside is not None:
            prefix, address = inside
            return HostProbe(environment, sandbox, "", join, address, prefix)
        return HostProbe(environment, sandbox, order.spec.user, join)

    def _report(self, charge: Charge, *, healthy: bool) -> None:
        if charge.healthy != healthy:
            charge.healthy = healthy
            at: Instant = now()
            self._site.outbox.add(Observation(charge.run, charge.token, at, healthy=healthy))
