"""The container driver: from an order to a container that runs, and back to nothing.

A runtime is started in the Run's groups, makes the container and ends; the container's first process becomes the
agent's own child, so that watching, stopping, judging and finding it again are those of any process. Promises: a launch
either has a process or a sentence; whatever was made for a container goes when its Run has ended, or at the next start
of an agent.
"""

from __future__ import annotations

import asyncio
import logging
import os
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from portico.domain.errors import Invalid, PorticoError, Unavailable
from portico.domain.frames import LaunchOrder
from portico.domain.identity import Instant
from portico.domain.runs import EndCause, Fault, Limits
from portico.node import processes, rlimits
from portico.node.cgroup_contract import Prepared
from portico.node.charges import Charge
from portico.node.containers import adoption
from portico.node.containers.bundles import Bundles, Facts, state_place
from portico.node.containers.clearing import Clearing
from portico.node.containers.consoles import Console, copy_out
from portico.node.containers.host_root import on_host_root
from portico.node.containers.networks import Networks
from portico.node.containers.planning import Bring, Plan, Planner
from portico.node.containers.roots import Roots
from portico.node.containers.runtimes import Runtime, complaint, find_runtime, sealed
from portico.node.containers.starter import Starter
from portico.node.containers.store import ImageStore
from portico.node.faults import fault_of, names_program
from portico.node.fetcher import FetchFailed
from portico.node.programs import DEFAULT_PATH
from portico.node.site import Site, slice_name
from portico.node.spawn_call import SpawnCall
from portico.node.spawner import Spawned
from portico.node.switchboard_beside import Beside

log = logging.getLogger("portico.node")

STARTS_AT_ONCE = 16
PATIENCE = 60.0
"""Seconds that a runtime may take to start a container."""

_EVERYBODY = 1 << 21
"""Processes in a container that has no limit of its own: it has a group all the same, by which all are found."""


class Containers:
    """Starts and clears away containers.

    `begins` hears that a start cannot be taken back, `begun` what became of it, `failed` why there was none.
    """

    def __init__(self, site: Site, group: asyncio.TaskGroup, bring: Bring) -> None:
        config = site.config
        self._site = site
        self._group = group
        state = state_place(site.directory, slice_name(site.directory))
        self._bundles = Bundles(state)
        self._roots = Roots(state / "roots", site.directory / "layers", group)
        self._store = ImageStore(site.directory / "images", config.images)
        networks = Networks(Path(config.networks), config.network_plugins)
        self._planner = Planner(site, self._bundles, self._roots, self._store, networks, bring)
        self._clearing = Clearing(self._bundles, networks, group)
        self._slots = asyncio.Semaphore(STARTS_AT_ONCE)
        self._starter: Starter | None = None
        self._runtime: Runtime | None = None
        self._unable = ""
        self._starting = 0
        self._joining = 0
        self._helpers = False
        self.warnings: tuple[str, ...] = ()
        self.begins: Callable[[Charge], None]
        self.begun: Callable[[Spawned], None]
        self.failed: Callable[[Charge, EndCause, Exception], None]

    @property
    def idle(self) -> bool:
        """Tell whether every process that was made has been taken note of."""
        return not self._starting

    async def open(self) -> None:
        """Find out what this machine can do; raises nothing: what it cannot do is said when it is asked for."""
        self._roots.open()
        self._store.open()
        try:
            if os.geteuid() != 0:
                raise Unavailable("containers need an agent that runs as root")
            self._runtime = self._clearing.runtime = sealed(find_runtime())
            self._starter = Starter(self._site.cgroups)
            await self._starter.open()
        except (PorticoError, OSError) as error:
            self._unable = str(error)
            return
        reason = await self._roots.try_layers(self._starter)
        if reason:
            warning = f"No overlay file system for containers here ({reason}): each gets a copy of its image."
            self.warnings = (warning,)

    def close(self) -> None:
        """Let go of the thread."""
        if self._starter is not None:
            self._starter.close()
        self._roots.close()
        self._bundles.close()

    async def end(self) -> None:
        """Break off what is being brought."""
        self._roots.end()
        await self._store.close()

    def on_host(self, charge: Charge) -> LaunchOrder | None:
        """Give the order as the process driver is to have it, when a Run needs no container after all; else None.

        That is so for the host's own root, and for a process whose parent has no container to join. Raises PorticoError
        for an image that nobody serves and for what a plain process cannot have.
        """
        order = charge.order
        container = order.spec.container
        if order.spec.join_parent:
            if self.host_of(charge) is not None:
                return None
            spec = msgspec.structs.replace(order.spec, join_parent=False, container=None)
            return msgspec.structs.replace(order, spec=spec)
        assert container is not None
        if not self._store.is_host(container.image):
            return None
        return on_host_root(order, self._site.sandboxes.create(order.run, order.spec.user))

    def start(self, charge: Charge) -> asyncio.Task[None]:
        """Prepare and start a container; cancelled before `begins`, nothing is left of it."""
        return self._group.create_task(self._launch(charge))

    def resume(self) -> None:
        """Take up the containers of an earlier agent, and clear away those that have ended."""
        self._clearing.open()
        layers: set[str] = set()
        for run in self._bundles.runs():
            charge = self._site.charges.get(run)
            facts = self._facts(run)
            if charge is None or not charge.live:
                self._clearing.clear(run)
            elif facts is not None:
                charge.stop_signal, charge.address = facts.stop_signal, facts.address
                if facts.digest:
                    self._store.hold(run, facts.digest)
                if facts.layer:
                    layers.add(facts.layer)
                    self._count(run, facts.layer)
        self._roots.keep_only(layers)

    def _count(self, run: str, layer: str) -> None:
        """Have what a container writes counted, where that lies apart from its image."""
        if Path(layer, "upper").is_dir():
            self._site.layers[run] = f"{layer}/upper"

    def ended(self, charge: Charge) -> None:
        """Clear away what an ended Run had, if it had a container."""
        spec = charge.order.spec
        if spec.container is not None or spec.join_parent:
            self._store.release(charge.run)
            self._clearing.clear(charge.run)
            self._take_back(charge.run)

    def _take_back(self, run: str) -> None:
        """Take back the root of a container that has ended; one of an earlier agent's is thrown away."""
        root = self._planner.taken.pop(run, None)
        layer = self._site.layers.pop(run, "")
        if root is not None:
            self._roots.ended(root)
        elif layer:
            self._roots.leave(str(Path(layer).parent))

    def reap_helpers(self) -> None:
        """Reap what runtimes left to us on their way out."""
        if self._helpers and not self._joining:
            self._helpers = not self.idle
            adoption.reap_helpers(lambda pid: self._site.charges.by_pid(pid) is not None)

    def host_of(self, charge: Charge) -> Charge | None:
        """Give the nearest Run above one that has a container to join."""
        above = self._site.charges.get(charge.order.parent)
        while above is not None and above.order.spec.join_parent and above.order.parent:
            above = self._site.charges.get(above.order.parent)
        if above is None or not self._bundles.of(above.run).path.exists():
            return None
        return above

    def probe(self, charge: Charge) -> tuple[tuple[str, ...], str] | None:
        """Give the command prefix that looks inside a Run's container, and its address; None without a container."""
        home = self.host_of(charge) if charge.order.spec.join_parent else charge
        facts = self._facts(home.run) if home is not None else None
        if home is None or facts is None or self._runtime is None:
            return None
        user = f"{facts.identity.uid}:{facts.identity.gid}"
        prefix = self._runtime.look(self._bundles.of(home.run).path, facts.name, facts.directory, user)
        return prefix, facts.address or "127.0.0.1"

    async def collect(self, now: Instant) -> None:
        """Remove images that nobody has wanted for long."""
        self._roots.drop_idle()
        going = await self._store.collect(now, self._site.config.image_age, self._site.config.image_bytes)
        for digest in going:
            log.info("image %s removed", digest)

    def _facts(self, run: str) -> Facts | None:
        try:
            return self._bundles.of(run).facts()
        except PorticoError as error:
            log.warning("container of %s: %s", run, error)
            return None

    async def _launch(self, charge: Charge) -> None:
        try:
            plan = await self._plan(charge)
        except FetchFailed as error:
            self.failed(charge, EndCause.FETCH_FAILED, error)
            return
        except (PorticoError, OSError, ValueError) as error:
            self.failed(charge, EndCause.LAUNCH_FAILED, error)
            return
        charge.stop_signal, charge.address = plan.facts.stop_signal, plan.facts.address
        async with self._slots:
            self.begins(charge)
            await self._begin(charge, plan)

    async def _plan(self, charge: Charge) -> Plan:
        if self._unable:
            raise Unavailable(self._unable)
        if not charge.order.spec.join_parent:
            return await self._planner.plan(charge.order)
        home = self.host_of(charge)
        if home is None:
            raise Unavailable(f"its parent {charge.order.parent} has no container to join")
        return await self._planner.plan_join(charge.order, self._bundles.of(home.run))

    async def _begin(self, charge: Charge, plan: Plan) -> None:
        order, joins = plan.order, plan.order.spec.join_parent
        self._starting += 1
        self._joining += joins
        self._helpers = True
        prepared, pid, start, error = Prepared(), 0, 0, ""
        fault: Fault | None = None
        try:
            prepared = self._prepare_groups(charge)
            pid = await self._start(plan, prepared)
            start = processes.start_time(pid)
        except (PorticoError, OSError, ValueError) as failure:
            error, fault = str(failure), fault_of(failure)
            if plan.root is not None:
                self._roots.spoil(plan.root)
        else:
            self._started(plan)
        finally:
            self._starting -= 1
            self._joining -= joins
        grouped = bool(prepared.enter or prepared.procs)
        at = Instant(time.time_ns() // 1000)
        self.begun(Spawned(order.run, order.token, at, pid, start, grouped=grouped, error=error, fault=fault))

    def _started(self, plan: Plan) -> None:
        if plan.root is not None:
            self._roots.begun(plan.root)
            self._count(plan.order.run, plan.root.layer)

    def _prepare_groups(self, charge: Charge) -> Prepared:
        if not charge.cgroup:
            return Prepared()
        limits = charge.order.spec.limits
        parent, _, name = charge.cgroup.rpartition("/")
        return self._site.cgroups.prepare(name, _findable(limits), parent)

    async def _start(self, plan: Plan, prepared: Prepared) -> int:
        """Have the runtime make the process, and give the pid of that once it is our child."""
        assert self._starter is not None
        assert self._runtime is not None
        beside = Beside(plan.order.spec.attach, plan.order.spec.window)
        console = Console(plan.bundle.path) if plan.facts.container.tty else None
        outputs = self._site.sandboxes.open_output(plan.order.run)
        null = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
        try:
            argv = [*rlimits.join_prefix(prepared.procs), *self._command(plan, console)]
            environment = {"PATH": os.environ.get("PATH", DEFAULT_PATH)}
            call = SpawnCall(argv[0], argv, environment, str(plan.bundle.path), beside.theirs or (null, *outputs))
            await self._make(plan, call, prepared)
            pid = plan.bundle.pid()
            await adoption.adopt(pid, PATIENCE)
            if console is not None:
                terminal = await console.take(PATIENCE)
                try:
                    self._attend(plan, beside, pid, terminal, outputs[0])
                finally:
                    os.close(terminal)
            elif beside.wanted:
                beside.start(plan.order.run, str(self._site.sandboxes.root / plan.order.run), pid)
        finally:
            for handle in (null, *outputs):
                os.close(handle)
            beside.close()
            plan.bundle.close_network()
            if console is not None:
                console.close()
        return pid

    def _attend(self, plan: Plan, beside: Beside, pid: int, terminal: int, stdout: int) -> None:
        """Have somebody take what comes out of a terminal."""
        run = plan.order.run
        if beside.wanted:
            beside.start(run, str(self._site.sandboxes.root / run), pid, terminal)
        else:
            copy_out(terminal, stdout, run, plan.bundle.path)

    def _command(self, plan: Plan, console: Console | None) -> tuple[str, ...]:
        assert self._runtime is not None
        address = console.address if console is not None else ""
        if plan.joined is plan.bundle:
            return self._runtime.start(plan.bundle.path, plan.facts.name, address)
        return self._runtime.join(plan.joined.path, plan.facts.name, plan.bundle.path, address)

    async def _make(self, plan: Plan, call: SpawnCall, prepared: Prepared) -> None:
        """Run the runtime to its end; raises what it complains of: Invalid of the program, else Unavailable."""
        assert self._starter is not None
        overlay = plan.root.overlay if plan.root is not None else None
        code = await adoption.wait(await self._starter.start(call, overlay, prepared), PATIENCE)
        if code:
            reason = complaint(plan.bundle.path / "log") or f"the container runtime ended with {code}"
            raise Invalid(reason, "argv") if names_program(reason) else Unavailable(reason)


def _findable(limits: Limits) -> Limits:
    """Make sure that there will be a group: by it all that is in a container is found, whatever becomes of us."""
    return limits if limits.pids else msgspec.structs.replace(limits, pids=_EVERYBODY)
