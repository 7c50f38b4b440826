"""The agent: carries out what control orders on this machine and tells what it sees.

Owns the wiring of its parts and its own life; the rules are in the parts. One event loop, one spawner thread. Promises:
killed at any moment it leaves Runs running and a successor that knows them; a keeper that dies is no reason to end a
Run: the agent goes on, is still the reaper of its own children, and makes way once a new keeper waits and nothing runs.
"""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import os
import signal
import time
import uuid
from collections.abc import Callable
from pathlib import Path

from portico.domain.errors import Invalid
from portico.domain.frames import (
    Ack,
    Forget,
    Heartbeat,
    Inquiry,
    KeepVolumes,
    Launch,
    Message,
    Observation,
    Refused,
    Register,
    Shutdown,
    Stop,
    ToAgent,
    Welcome,
)
from portico.domain.identity import SECOND
from portico.domain.runs import EndCause, StopOrder, StopReason
from portico.node import cgroups, processes, volumes
from portico.node.cgroup_contract import Cgroups, NoCgroups
from portico.node.charges import Charge, Stage
from portico.node.config import NodeConfig, read_config
from portico.node.containers.driver import Containers
from portico.node.ending import Endings
from portico.node.fetching import Fetching
from portico.node.health import Health
from portico.node.hosted import Hosts
from portico.node.inquiries import Inquiries
from portico.node.journal import Kept
from portico.node.keeper import ALREADY_KEPT, DONE, MISCONFIGURED
from portico.node.launching import Launches
from portico.node.link import Link
from portico.node.locking import AGENT_LOCK, KEEPER_LOCK, lock_holder, take_lock
from portico.node.outposts import Outposts
from portico.node.reaped import ReapedReader
from portico.node.recovery import compact, open_journal, recover
from portico.node.reporting import Outbox
from portico.node.site import Site, now, slice_name
from portico.node.slack import Slack
from portico.node.spawner import Spawner
from portico.node.stopping import Stops
from portico.node.upkeep import Upkeep

log = logging.getLogger("portico.node")

TOLD_TO_END = 15
TICK = 0.25
LAST_WORDS = 3.0


class Agent:
    """One agent at work; `run` is its life."""

    def __init__(self, directory: Path, config: NodeConfig, pipe: int | None = None) -> None:
        self._config = config
        self._pipe = pipe
        self._kept = pipe is not None
        self._keeper = keeper_of(directory) if self._kept else 0
        self._loop = asyncio.get_running_loop()
        self._ended: asyncio.Future[int] = self._loop.create_future()
        self._cgroups = detect_cgroups(directory, config)
        self._link = Link(config.link, self._register, self._receive, self._disconnected)
        outbox = Outbox(self._link.send, self._loop.call_soon)
        self._site = Site(directory, config, self._cgroups, outbox)
        self._endings = Endings(self._site, ReapedReader(str(directory)))
        self._hosts = Hosts(self._site, self._endings, self._site.host_socket)
        self._slack = Slack(self._site, self._say_alive)
        self._incarnation = uuid.uuid4().hex
        self._contact = time.monotonic()
        self._removing = asyncio.Lock()
        self._spawner = Spawner(
            config.node,
            self._site.sandboxes,
            self._cgroups,
            str(directory / "host.sock"),
            self._announce,
        )

    async def run(self) -> int:
        """Work until told to end; gives the exit code."""
        try:
            async with asyncio.TaskGroup() as group:
                self._wire(group)
                await self._containers.open()
                self._begin()
                work = [group.create_task(job) for job in self._jobs()]
                code = await self._ended
                for task in (*work, *(task for charge in self._site.charges.live() for task in charge.tasks)):
                    task.cancel()
                await self._containers.end()
                return code
        finally:
            self._close()

    def _wire(self, group: asyncio.TaskGroup) -> None:
        """Put the parts together that need a place for their tasks."""
        fetching = Fetching(self._site, group)
        self._containers = Containers(self._site, group, fetching.bring)
        self._health = Health(self._site, group, self._containers, self._unhealthy)
        self._launches = Launches(self._site, self._endings, fetching, self._containers, self._health.watch)
        self._stops = Stops(self._site, self._endings, self._launches.withdraw, self._hosts.stop)
        self._launches.spawner, self._launches.hosts, self._launches.stops = self._spawner, self._hosts, self._stops
        self._upkeep = Upkeep(self._site, self._stops, self._containers)
        self._inquiries = Inquiries(self._site, group, self._link.send)
        self._outposts = Outposts(self._site)
        self._group = group

    def _begin(self) -> None:
        """Recover, and listen to whatever may happen."""
        link_host_socket(self._site)
        for warning in self._warnings():
            log.warning("%s", warning)
        running = recover(self._site, self._endings, self._keeper, open_journal(self._site))
        compact(self._site)
        self._containers.resume()
        for charge in running:
            if charge.is_process:
                self._launches.follow(charge)
            if not charge.live:
                continue
            self._site.report_started(charge)
            self._health.watch(charge)
            if charge.stop is not None:
                self._stops.resume(charge)
        self._spawner.start()
        self._loop.add_reader(self._site.watch.fileno(), self._endings.look)
        if self._pipe is not None:
            self._loop.add_reader(self._pipe, self._keeper_rang)
        for number in (signal.SIGTERM, signal.SIGINT):
            self._loop.add_signal_handler(number, self._end, TOLD_TO_END)

    def _warnings(self) -> tuple[str, ...]:
        return self._cgroups.warnings + self._containers.warnings

    def _jobs(self) -> list[asyncio._CoroutineLike[None]]:
        return [
            self._link.run(),
            self._hosts.run(),
            self._outposts.run(),
            self._beat(),
            self._tick(),
            self._slack.run(),
            self._upkeep.watch_use(),
            self._upkeep.collect(),
        ]

    def _register(self) -> Register:
        config = self._config
        return Register(
            node=config.node,
            secret=config.secret,
            incarnation=self._incarnation,
            boot=processes.boot_id(),
            amounts=config.amounts,
            ports=config.ports,
            attributes=config.attributes,
            sequence=0,
            runs=self._site.charges.facts(),
            warnings=self._warnings(),
        )

    def _receive(self, frame: ToAgent) -> None:
        """Do what control says."""
        self._contact = time.monotonic()
        match frame:
            case Launch():
                self._launches.ordered(frame.orders)
            case Ack():
                self._durable(self._site.outbox.acknowledge(frame.sequence))
            case Stop():
                self._stops.told(frame)
            case Inquiry():
                self._inquiries.asked(frame)
            case Message():
                self._hosts.message(frame.run, frame.payload)
            case Forget() | KeepVolumes():
                self._let_go(frame)
            case Welcome():
                log.info("registered as %s, epoch %d", self._config.node, frame.epoch)
                self._durable(self._site.outbox.resume(frame.sequence))
                self._outposts.begin()
            case Shutdown():
                self._site.leaving = True
                self._group.create_task(self._shut_down(frame))
            case Refused():
                raise AssertionError("the link keeps refusals to itself")

    def _let_go(self, frame: Forget | KeepVolumes) -> None:
        """Remove what control has no use for."""
        if isinstance(frame, Forget):
            self._group.create_task(self._upkeep.remove(frame.runs))
        else:
            self._group.create_task(self._empty(volumes.set_aside(self._site.directory, frame.folders)))

    async def _empty(self, places: list[Path]) -> None:
        async with self._removing:
            await asyncio.to_thread(volumes.empty, places)

    def _disconnected(self) -> None:
        self._site.outbox.pause()

    def _durable(self, observations: list[Observation]) -> None:
        """Let go of the Runs whose end control has on file, and let hosts know what else it has."""
        records: list[Kept] = []
        for observation in observations:
            if observation.note:
                self._hosts.durable(observation.run, observation.number)
            if observation.outcome is None:
                continue
            charge = self._site.charges.get(observation.run)
            if charge is not None and charge.token == observation.token and charge.stage is Stage.ENDED:
                charge.keep()
                records.append(Kept(charge.run, charge.token, charge.ended_at))
        if records:
            self._site.journal.append(records)

    def _announce(self) -> None:
        self._loop.call_soon_threadsafe(self._spawned)

    def _spawned(self) -> None:
        try:
            self._launches.spawned()
        except Exception as error:  # noqa: BLE001 — without its spawner the agent must not go on
            if not self._ended.done():
                self._ended.set_exception(error)

    def _unhealthy(self, charge: Charge) -> None:
        order = StopOrder(StopReason.HUNG, now(), charge.order.grace)
        self._stops.stop(charge, order, (EndCause.UNHEALTHY, "its health check failed"))

    async def _beat(self) -> None:
        while True:
            await asyncio.sleep(self._config.heartbeat / SECOND)
            self._say_alive()

    def _say_alive(self) -> None:
        disk = os.statvfs(self._site.sandboxes.root)
        free = disk.f_bavail * disk.f_frsize
        self._link.send(Heartbeat(now(), self._site.charges.live_count, free, self._slack.measured))

    async def _tick(self) -> None:
        """Do the small things that nothing else wakes us for."""
        while True:
            await asyncio.sleep(TICK)
            self._reap_orphans()
            self._endings.give_up_waiting()
            self._stop_abandoned()
            if self._site.journal.full:
                compact(self._site)
            if self._pipe is None and self._kept and self._replaceable():
                log.warning("a new keeper waits and nothing runs: this agent makes way")
                self._end(TOLD_TO_END)

    def _reap_orphans(self) -> None:
        """Reap what Runs left to us; children of our own session are other parts' to wait for."""
        self._containers.reap_helpers()
        own = os.getsid(0)
        while (death := processes.peek()) is not None:
            stat = processes.read_stat(death.pid)
            if stat is None or stat.session == own:
                return
            if not (self._spawner.idle and self._containers.idle) or self._site.charges.by_pid(death.pid) is not None:
                return  # the spawner will tell, or its pidfd
            processes.reap(death.pid)

    def _stop_abandoned(self) -> None:
        """Stop the Runs that were not to run on for so long without control."""
        if self._link.welcomed:
            self._contact = time.monotonic()
            return
        alone = (time.monotonic() - self._contact) * SECOND
        for charge in self._site.charges.live():
            patience = charge.order.self_stop
            if 0 < patience < alone and charge.stop is None:
                order = StopOrder(StopReason.DRAINED, now(), charge.order.grace, "no contact to control")
                self._stops.stop(charge, order)

    def _keeper_rang(self) -> None:
        assert self._pipe is not None
        if os.read(self._pipe, 1 << 16):
            self._endings.keeper_rang()
            return
        log.warning("the keeper is dead: Runs of earlier agents that end now lose their exit status")
        self._loop.remove_reader(self._pipe)
        os.close(self._pipe)
        self._pipe = None

    def _replaceable(self) -> bool:
        if self._site.charges.live_count or not self._site.outbox.idle:
            return False
        return lock_holder(str(self._site.directory / KEEPER_LOCK)) is not None

    async def _shut_down(self, order: Shutdown) -> None:
        """End this node: with its Runs, or leaving them to nobody."""
        if order.stop_runs:
            self._stops.stop_all(StopReason.SHUTDOWN, order.grace)
        await self._until(lambda: not order.stop_runs or self._nothing_left(), None)
        await self._until(lambda: self._site.outbox.idle or not self._link.welcomed, LAST_WORDS)
        self._end(DONE)

    def _nothing_left(self) -> bool:
        return not self._site.charges.live_count and not len(self._endings.remains)

    async def _until(self, reached: Callable[[], bool], seconds: float | None) -> None:
        """Wait until something is reached, or for so long."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                while not reached():  # noqa: ASYNC110 — many parts end at their own pace, and only here it matters
                    await asyncio.sleep(0.02)

    def _end(self, code: int) -> None:
        if not self._ended.done():
            self._ended.set_result(code)

    def _close(self) -> None:
        self._spawner.close()
        self._containers.close()
        self._endings.remains.close()
        self._site.close()
        self._cgroups.close()


def link_host_socket(site: Site) -> None:
    """Keep the place where hosts of earlier versions look for the socket."""
    draft = site.directory / "host.sock.new"
    draft.unlink(missing_ok=True)
    draft.symlink_to(site.host_socket.relative_to(site.directory))
    draft.rename(site.directory / "host.sock")


def keeper_of(directory: Path) -> int:
    """Give the pid of our keeper, or 0 when it is dead already: a parent that inherited us is a stranger."""
    parent = os.getppid()
    return parent if lock_holder(str(directory / KEEPER_LOCK)) == parent else 0


def detect_cgroups(directory: Path, config: NodeConfig) -> Cgroups:
    """Find the cgroups this node may use."""
    if not config.cgroups:
        return NoCgroups("Cgroups are switched off for this node: only rlimits are enforced.")
    return cgroups.detect(slice_name=slice_name(directory))


async def _live(directory: Path, config: NodeConfig, pipe: int | None) -> int:
    return await Agent(directory, config, pipe).run()


def main(directory: str, pipe: int | None) -> int:
    """Be the agent of a directory; gives the exit code for the keeper."""
    logging.basicConfig(
        level=os.environ.get("PORTICO_NODE_LOG", "INFO"),
        format="%(asctime)s agent %(process)d %(levelname)s %(message)s",
    )
    try:
        config = read_config(Path(directory))
    except Invalid as error:
        log.error("%s", error)  # noqa: TRY400 — the sentence is all there is to know
        return MISCONFIGURED
    lock = take_lock(str(Path(directory) / AGENT_LOCK))
    if lock is None:
        log.error("%s has an agent already", directory)
        return ALREADY_KEPT
    if pipe is not None:
        os.set_inheritable(pipe, False)  # noqa: FBT003 — the system call's own form
    processes.become_subreaper()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)  # a launch makes many objects and no cycles
    return asyncio.run(_live(Path(directory), config, pipe))
