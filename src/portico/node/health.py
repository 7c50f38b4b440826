"""Health and status of Runs: watched by `checks`, told to control when they change.

Promises: a Run whose health is bad for good is ended; whatever a look comes to, it costs no more than its own Run.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import Callable, Coroutine

from portico.domain.errors import PorticoError
from portico.domain.frames import Observation
from portico.domain.runs import CheckResult, HealthCheck, StatusCheck
from portico.node.charges import Charge
from portico.node.checks import HostProbe, watch_health, watch_status
from portico.node.containers.driver import Containers
from portico.node.programs import inherited_environment, run_environment
from portico.node.site import Site, now

log = logging.getLogger("portico.node")


class Health:
    """One watcher per check of a Run; `unhealthy` is told when a Run must be ended."""

    def __init__(
        self, site: Site, group: asyncio.TaskGroup, containers: Containers, unhealthy: Callable[[Charge], None]
    ) -> None:
        self._site = site
        self._containers = containers
        self._group = group
        self._unhealthy = unhealthy
        self._inherited = inherited_environment(os.environ)

    def watch(self, charge: Charge) -> None:
        """Watch a Run that has just started, or was found again, until it ends; one without checks costs nothing."""
        spec = charge.order.spec
        if spec.check is not None:
            self._begin(charge, self._watch_health(charge, spec.check))
        if spec.status_check is not None:
            self._begin(charge, self._watch_status(charge, spec.status_check))

    def _begin(self, charge: Charge, watcher: Coroutine[None, None, None]) -> None:
        charge.tasks = (*charge.tasks, self._group.create_task(watcher))

    async def _watch_health(self, charge: Charge, check: HealthCheck) -> None:
        try:
            await watch_health(check, self._probe(charge), lambda healthy: self._report(charge, healthy=healthy))
        except (PorticoError, OSError, ValueError) as error:
            log.warning("the health of %s cannot be watched: %s", charge.run, error)
        except Exception:
            log.exception("the health of %s cannot be watched", charge.run)
        if charge.live:
            self._unhealthy(charge)

    async def _watch_status(self, charge: Charge, check: StatusCheck) -> None:
        try:
            await watch_status(check, self._probe(charge), lambda seen: self._tell(charge, seen))
        except (PorticoError, OSError, ValueError) as error:
            log.warning("%s cannot be checked: %s", charge.run, error)
        except Exception:
            log.exception("%s cannot be checked", charge.run)
        self._tell(charge, CheckResult(check.kind))

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
            self._site.outbox.add(Observation(charge.run, charge.token, now(), healthy=healthy))

    def _tell(self, charge: Charge, seen: CheckResult) -> None:
        """Tell what is seen for the first time, or anew; of a Run that is told to end nothing more."""
        if charge.live and charge.stop is None and charge.checked != seen:
            charge.checked = seen
            self._site.outbox.add(Observation(charge.run, charge.token, now(), checked=seen))
