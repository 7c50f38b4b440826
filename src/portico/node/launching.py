"""Launches: from an order to a running Run.

Promises: one start per (run, token), however often it is ordered; the intent is in the journal before anything happens;
what cannot start has an outcome that says why. The common case costs no task and no timer.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from itertools import islice

from portico.domain.errors import PorticoError
from portico.domain.frames import LaunchOrder
from portico.domain.identity import Micros
from portico.domain.runs import EndCause, Fault, Form, Outcome, StopOrder, StopReason
from portico.node import processes
from portico.node.cgroup_contract import Prepared
from portico.node.charges import Charge, Stage
from portico.node.containers.driver import Containers
from portico.node.ending import Endings
from portico.node.faults import fault_of
from portico.node.fetching import Fetching
from portico.node.hosted import Hosts
from portico.node.journal import Gone, Handle, Intent, Record
from portico.node.sharing import Sharing
from portico.node.site import Site, now
from portico.node.spawner import Launching, Spawned, Spawner
from portico.node.stopping import Stops

AT_ONCE = 8
"""Launches prepared in one step of the loop: about 2 ms."""


class Launches:
    """Starts Runs; `spawner`, `hosts` and `stops` are wired after construction, since each knows of the others."""

    spawner: Spawner
    hosts: Hosts
    stops: Stops

    def __init__(
        self,
        site: Site,
        endings: Endings,
        fetching: Fetching,
        containers: Containers,
        watch: Callable[[Charge], None],
    ) -> None:
        self._site = site
        self._endings = endings
        self._fetching = fetching
        self._containers = containers
        containers.begins, containers.begun, containers.failed = self._begins, self._begun, self._fail
        self._watch = watch
        self._due: dict[str, Charge] = {}
        self._submitted: dict[str, Charge] = {}
        self._waiting: dict[str, list[Charge]] = {}
        self._sharing = Sharing(site)
        endings.listeners.append(self._ended)
        endings.listeners.append(containers.ended)

    def ordered(self, orders: Iterable[LaunchOrder]) -> None:
        """Take the orders of one frame, parents first."""
        fresh: list[Charge] = []
        records: list[Record] = []
        at = now()
        for order in orders:
            known = self._site.charges.get(order.run)
            if self._site.leaving:
                if known is None:
                    self._site.report_refused(order.run, order.token, "the node is shutting down")
                continue
            if known is not None and not self._replaces(known, order, records):
                continue
            charge = Charge(order, self._cgroup_name(order), at)
            self._site.charges.add(charge)
            fresh.append(charge)
        if records:
            self._site.journal.append(records)
        for charge in fresh:
            if charge.live:  # the end of a parent in the same frame may have ended it
                self._begin(charge)

    def withdraw(self, charge: Charge) -> bool:
        """Take back what was not started yet; tells whether that was so."""
        if charge.run in self._submitted:
            return False
        self._due.pop(charge.run, None)
        waiting = self._waiting.get(charge.order.parent)
        if waiting is not None and charge in waiting:
            waiting.remove(charge)
        return True

    def spawned(self) -> None:
        """Take what the spawner has done, put the handles on file, and give it more."""
        done = self.spawner.take()
        handles = [Handle(one.run, one.token, one.pid, one.start, one.at) for one in done if one.pid]
        if handles:
            self._site.journal.append(handles)
        for one in done:
            self._answered(self._submitted.pop(one.run), one)
        if self._due:
            self._pump()

    def _pump(self) -> None:
        """Give the spawner a few of those that are due; the loop looks around before the next few."""
        few = list(islice(self._due.values(), min(AT_ONCE, self.spawner.room)))
        self._intend(few)
        for charge in few:
            del self._due[charge.run]
            failed = self.spawner.submit(Launching(charge.launched, *split_name(charge.cgroup)))
            if failed is None:
                self._submitted[charge.run] = charge
            else:
                self._answered(charge, failed)
        if self._due and self.spawner.room:
            self._site.loop.call_soon(self._pump)

    def _intend(self, charges: Sequence[Charge]) -> None:
        """Put on file what is about to begin, and not sooner: what was only ordered is not lost with this agent.

        A new agent does not know it, says so, and is told again.
        """
        at = now()
        for charge in charges:
            charge.intended, charge.intended_at = True, at
        self._site.journal.append(Intent(charge.order, charge.cgroup, at) for charge in charges)

    def _answered(self, charge: Charge, done: Spawned) -> None:
        if not done.grouped:
            charge.cgroup = ""
        if done.error:
            outcome = Outcome(EndCause.LAUNCH_FAILED, message=done.error, fault=done.fault)
            self._endings.finish(((charge, outcome),))
        else:
            self._runs(charge, done)

    def _replaces(self, known: Charge, order: LaunchOrder, records: list[Record]) -> bool:
        """Tell whether an order is a newer try of an ended Run; one that still lives is ended first."""
        if order.token <= known.token:
            return False
        if known.live:
            self.stops.stop(known, StopOrder(StopReason.REPLACED, now(), Micros(0)))
            self._site.report_refused(order.run, order.token, "an earlier try of it is still ending")
            return False
        records.append(Gone(order.run))
        return True

    def _cgroup_name(self, order: LaunchOrder) -> str:
        if order.spec.form is Form.HOSTED or self._site.cgroups.version == "none":
            return ""
        parent = self._site.charges.get(order.parent) if order.parent else None
        return f"{parent.cgroup}/{order.run}" if parent is not None and parent.cgroup else order.run

    def _begin(self, charge: Charge) -> None:
        order = charge.order
        if order.parent:
            parent = self._site.charges.get(order.parent)
            if parent is None or not parent.live:
                outcome = Outcome(EndCause.LAUNCH_FAILED, message=f"its parent {order.parent} is not on this node")
                self._endings.finish(((charge, outcome),))
                return
            if parent.stage is Stage.PREPARING:
                self._waiting.setdefault(parent.run, []).append(charge)
                return
        self._sharing.changed(charge)
        match order.spec.form:
            case Form.SCOPE:
                self._intend((charge,))
                self._open_scope(charge)
            case Form.HOSTED:
                self._intend((charge,))
                self.hosts.launch(charge)
            case Form.PROCESS:
                self._begin_process(charge)

    def _begin_process(self, charge: Charge) -> None:
        spec = charge.order.spec
        if (spec.container is not None or spec.join_parent) and self._begin_container(charge):
            return
        spec = charge.launched.spec
        if not spec.argv:
            outcome = Outcome(EndCause.LAUNCH_FAILED, message="a process needs a command", fault=Fault.REQUEST)
            self._endings.finish(((charge, outcome),))
        elif spec.fetch:
            self._site.report_preparing(charge.run, charge.token)
            charge.tasks = (self._fetching.start(charge, self._submit, self._fail),)
        else:
            self._submit(charge)

    def _begin_container(self, charge: Charge) -> bool:
        """Start a container, or end with the reason; False when the Run is a process of the host's own root."""
        try:
            changed = self._containers.on_host(charge)
        except (PorticoError, OSError, ValueError) as error:
            self._fail(charge, EndCause.LAUNCH_FAILED, error)
            return True
        if changed is None:
            self._intend((charge,))
            charge.tasks = (self._containers.start(charge),)
            return True
        charge.launched = changed
        return False

    def _begins(self, charge: Charge) -> None:
        self._submitted[charge.run] = charge

    def _begun(self, done: Spawned) -> None:
        """Take what became of a container."""
        if done.pid:
            self._site.journal.append((Handle(done.run, done.token, done.pid, done.start, done.at),))
        self._answered(self._submitted.pop(done.run), done)

    def _submit(self, charge: Charge) -> None:
        if not self._due:
            self._site.loop.call_soon(self._pump)
        self._due[charge.run] = charge

    def _fail(self, charge: Charge, cause: EndCause, error: Exception) -> None:
        self._endings.finish(((charge, Outcome(cause, message=str(error), fault=fault_of(error))),))

    def _open_scope(self, charge: Charge) -> None:
        """Make a sandbox and a cgroup; that is all there is to a scope."""
        name, parent = split_name(charge.cgroup)
        try:
            self._site.sandboxes.create(charge.run, charge.order.spec.user)
            prepared = Prepared()
            if charge.cgroup:
                prepared = self._site.cgroups.prepare(name, charge.order.spec.limits, parent)
        except (PorticoError, OSError, ValueError) as error:
            self._fail(charge, EndCause.LAUNCH_FAILED, error)
            return
        if not (prepared.enter or prepared.procs):
            charge.cgroup = ""
        charge.stage, charge.started_at = Stage.RUNNING, now()
        self._site.journal.append((Handle(charge.run, charge.token, 0, 0, charge.started_at),))
        self._started(charge)

    def _runs(self, charge: Charge, done: Spawned) -> None:
        charge.pid, charge.start, charge.started_at = done.pid, done.start, done.at
        charge.stage = Stage.RUNNING
        self.follow(charge)
        self._started(charge)

    def follow(self, charge: Charge) -> None:
        """Watch the process of a charge from now on: one of ours that is unreaped, or one of the keeper's."""
        adopted = charge.adopted
        pidfd = processes.open_process(charge.pid, charge.start) if adopted else os.pidfd_open(charge.pid)
        if pidfd is None:
            self._endings.died((charge,))  # the keeper has seen it
            return
        self._site.charges.bind(charge, pidfd)
        self._site.watch.add(pidfd)

    def _started(self, charge: Charge) -> None:
        if self._site.charges.hosted(charge.run):
            self._sharing.fit(charge)
        self._site.report_started(charge)
        self._watch(charge)
        if charge.stop is not None:
            self.stops.resume(charge)
        for child in self._waiting.pop(charge.run, ()):
            if child.live:
                self._begin(child)

    def _ended(self, charge: Charge) -> None:
        self._waiting.pop(charge.run, None)
        self._sharing.changed(charge)


def split_name(cgroup: str) -> tuple[str, str]:
    """Split the full name of a cgroup into its own and its parent's."""
    parent, _, name = cgroup.rpartition("/")
    return name, parent
