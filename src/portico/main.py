"""The composition root: everything is put together here, started in order, and stopped in reverse."""

from __future__ import annotations

import asyncio
import gc
import signal
import sys
from collections.abc import Sequence
from contextlib import AsyncExitStack
from typing import Any

import structlog

from portico import __version__
from portico.composing import armonik, awaiting, endpoints, fleets, measuring
from portico.composing.armonik import ArmonikServices
from portico.composing.discovering import discover
from portico.composing.jobs import WorkerPlace, command_job, python_jobs, require_zone
from portico.composing.mesos import MesosMaster, mesos_door, offer_settings
from portico.composing.nodes import SLACK_PERIOD, local_nodes, mesos_outpost, node_config, require_agent_ports
from portico.composing.surroundings import link_path, local_zone, server_secret, web_path
from portico.composing.ticking import SystemClock, SystemIds
from portico.composing.titus import NATIVE_GRPC_PORT, NATIVE_REST_PORT, TitusParts, TitusServices
from portico.composing.together import keep_together
from portico.control.calls.sheets import CALL_SHEETS
from portico.control.extensions import Extension
from portico.control.plane import Plane
from portico.control.records import CORE_TABLES, RecordTable
from portico.control.retention import Keep
from portico.domain.errors import Invalid, PorticoError, Unavailable
from portico.domain.jobs import Job
from portico.domain.nodes import Pool
from portico.doors.armonik.service import DOOR as ARMONIK
from portico.doors.console import service as console
from portico.doors.jobv1 import errors as jobv1_errors
from portico.doors.jobv1.service import DOOR, SERVICE, JobService, add_to_server
from portico.doors.mesos.extension.standing import DOOR as MESOS
from portico.doors.titus.extension.records import DOOR as TITUS
from portico.engines.link import LinkServer
from portico.engines.local import LocalEngine
from portico.serving import logs
from portico.serving.addresses import Address, is_loopback
from portico.serving.grpc_server import GrpcServer, GrpcSettings
from portico.serving.grpc_web import GrpcWeb
from portico.serving.http_app import HttpRoutes, build_app
from portico.serving.http_guards import OPEN_PATHS, GuardSettings
from portico.serving.http_server import HttpServer, HttpSettings
from portico.serving.identity import TlsFiles
from portico.serving.metrics import Metrics
from portico.serving.origins import Origins
from portico.serving.registration import Registration
from portico.settings import Settings
from portico.store.directory import open_directory
from portico.store.memory import MemoryStore
from portico.store.port import Store
from portico.store.sqlite import SqliteStore
from portico.store.writer import ThreadWriter

_log = structlog.get_logger(__name__)

DRAIN_SECONDS = 5.0
JOBV1_NATIVE_PORT = 50053
ANSWER_BYTES = 256 << 20
SWITCH_SECONDS = 0.0001
"""How long a busy loop may keep the writer thread, which has just finished its fsync, from going on."""
COLLECT_AFTER = (20_000, 20, 50)
"""Most records hold no cycles; looking for some less often saves a few per cent."""


class Server:
    """One running Portico, between `start` and `stop`."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.data = settings.data_dir
        self.stopping = asyncio.Event()
        self.stop_runs = False
        self.origins = Origins(frozenset(settings.auth.origins))
        self.ready = False
        self.titus_services: TitusServices | None = None
        self.armonik_services: ArmonikServices | None = None
        self._stack = AsyncExitStack()

    async def start(self) -> dict[str, object]:
        """Bring everything up; gives the endpoints. On failure whatever was started is stopped again."""
        try:
            return await self._start()
        except BaseException:
            await self._stack.aclose()
            raise

    async def _start(self) -> dict[str, object]:
        settings = self.settings
        self.data = self._stack.enter_context(open_directory(settings.data_dir)).path
        endpoints.remove(self.data)
        found = await discover(settings.python)
        plane = self._open_plane()
        link = LinkServer(plane, link_path(self.data))
        now = plane.clock.now()
        place = WorkerPlace(link.address, self.data / "secret", local_zone())
        jobs = [command_job(kind, place.zone, now) for kind in settings.kinds.values()]
        jobs += python_jobs(found, settings.python, place, now)
        refuse_twins(jobs)
        require_zone(jobs, place.zone)
        pools = configured_pools(settings)
        if ARMONIK in settings.doors:
            jobs += fleets.fleet_jobs(settings, place, now)
            pools += fleets.fleet_pools(settings)
        plane.start(jobs, pools)
        await link.open()
        self._stack.push_async_callback(link.close)
        metrics = Metrics()
        measuring.register(metrics, plane)
        if self.titus is not None:
            self.titus_services = TitusServices(plane, self.titus, settings, lambda: not self._why_unready())
        if ARMONIK in settings.doors:
            objects = armonik.objects_folder(settings, self.data)
            self.armonik_services = ArmonikServices(plane, settings, objects, self._why_unready)
        grpc, grpc_address = await self._open_grpc(plane, metrics)
        http_address = await self._open_http(plane, metrics)
        mesos_address = await self._open_mesos(plane, metrics)
        self._open_titus(grpc_address, http_address)
        loops = asyncio.create_task(plane.run(), name="plane")
        self._stack.push_async_callback(cancel, loops)
        loops.add_done_callback(lambda _: self.stopping.set())
        self.loops = loops
        await self._start_nodes(plane, link)
        together = asyncio.create_task(keep_together(), name="processors")
        self._stack.push_async_callback(cancel, together)
        await grpc.open()
        self.ready = True
        gc.collect()
        gc.freeze()
        told = endpoints.describe(
            settings.advertise or settings.host,
            grpc_address.port,
            http_address.port,
            settings.doors,
            tls=settings.auth.tls_cert is not None,
            mesos_port=mesos_address.port if mesos_address is not None else 0,
            agents=self._mesos_agents(),
        )
        endpoints.write(self.data, told)
        self._stack.callback(endpoints.remove, self.data)
        return told

    def _open_plane(self) -> Plane:
        gc.disable()  # what is loaded stays: looking through it again and again would be half the start
        try:
            return self._load_plane()
        finally:
            gc.freeze()
            gc.enable()

    def _load_plane(self) -> Plane:
        keep = self.settings.retention
        self.mesos = mesos_door(self.settings) if MESOS in self.settings.doors else None
        self.titus = TitusParts(self.settings) if TITUS in self.settings.doors else None
        doors: tuple[Extension | None, ...] = (
            self.mesos,
            self.titus.door if self.titus is not None else None,
            fleets.pod_fleets(self.settings) if ARMONIK in self.settings.doors else None,
        )
        extensions = tuple(door for door in doors if door is not None)
        store = self._open_store([table for extension in extensions for table in extension.tables])
        plane = Plane(
            store,
            SystemClock(),
            SystemIds(),
            secret=server_secret(self.data),
            extensions=extensions,
            offers=offer_settings(self.settings),
            keep=Keep(keep.age, keep.count, keep.events_age, keep.events_count),
            calls=armonik.call_settings(self.settings, self.data),
        )
        self._stack.callback(plane.close)
        plane.calls.agents.patience = armonik.patience(self.settings)
        plane.load()
        writer = ThreadWriter(store, asyncio.get_running_loop(), plane.on_durable, plane.committer.on_failure)
        writer.start()
        self._stack.push_async_callback(asyncio.to_thread, writer.close)
        plane.attach(writer)
        self.plane = plane
        return plane

    def _open_store(self, more: Sequence[RecordTable[Any]]) -> Store:
        tables = [table.table for table in (*CORE_TABLES, *more)]
        store: Store
        if self.settings.store == "memory":
            store = MemoryStore(tables, CALL_SHEETS)
        else:
            store = SqliteStore(self.data / "portico.db", tables, sheets=CALL_SHEETS)
        self._stack.callback(store.close)
        return store

    async def _open_grpc(self, plane: Plane, metrics: Metrics) -> tuple[GrpcServer, Address]:
        settings = self.settings
        registrations = []
        if "jobv1" in settings.doors:
            service = JobService(plane, __version__, ANSWER_BYTES)
            registrations.append(
                Registration(lambda server: add_to_server(service, server), (SERVICE,), DOOR, jobv1_errors.translate)
            )
        if self.titus_services is not None:
            registrations += self.titus_services.registrations()
        if self.armonik_services is not None:
            registrations += self.armonik_services.registrations()
        options = GrpcSettings(send_bytes=ANSWER_BYTES, tls=tls_files(settings), token=settings.auth.token)
        server = GrpcServer(registrations, metrics, options)
        addresses = [Address(settings.host, settings.grpc_port)]
        if settings.native_ports and "jobv1" in settings.doors:
            addresses.append(Address(settings.host, JOBV1_NATIVE_PORT))
        if settings.native_ports and self.titus_services is not None:
            addresses.append(Address(settings.host, NATIVE_GRPC_PORT))
        if settings.native_ports and self.armonik_services is not None:
            addresses.append(Address(settings.host, armonik.NATIVE_GRPC_PORT))
        socket = web_path(self.data)
        bound = await server.start(addresses, socket if any(one.web for one in registrations) else None)
        self._stack.push_async_callback(server.stop, DRAIN_SECONDS)
        self.web = GrpcWeb(f"unix:{socket}", registrations, self.origins, receive_bytes=options.receive_bytes)
        self._stack.push_async_callback(self.web.close)
        return server, bound[0]

    async def _open_http(self, plane: Plane, metrics: Metrics) -> Address:
        settings = self.settings
        doors = {table.name: name for name, door in plane.extensions.items() for table in door.tables}
        own = tuple(console.routes(plane, self.request_stop, doors))
        owners = [HttpRoutes(own, console.ENDLESS), self.web.routes()]
        addresses = [Address(settings.host, settings.http_port)]
        if self.titus_services is not None:
            owners.append(self.titus_services.routes())
            if settings.native_ports:
                addresses.append(Address(settings.host, NATIVE_REST_PORT))
        if self.armonik_services is not None:
            owners.append(self.armonik_services.routes())
        guards = GuardSettings(
            on_loopback=is_loopback(settings.host),
            hosts=frozenset({settings.advertise}) if settings.advertise else frozenset(),
            origins=self.origins.allowed,
            token=settings.auth.token,
            open_paths=OPEN_PATHS | armonik.OPEN_PATHS,
        )
        app = build_app(metrics, self._why_unready, owners, guards)
        server = HttpServer(app, HttpSettings(tls=tls_files(settings)))
        bound = await server.start(addresses)
        serving = asyncio.create_task(server.run(), name="http")
        self._stack.push_async_callback(cancel, serving)
        self._stack.push_async_callback(server.stop, DRAIN_SECONDS)
        return bound[0]

    async def _open_mesos(self, plane: Plane, metrics: Metrics) -> Address | None:
        if self.mesos is None:
            return None
        master = MesosMaster(plane, self.mesos, metrics, self.settings)
        bound = await master.start()
        serving = asyncio.create_task(master.run(), name="mesos")
        self._stack.push_async_callback(cancel, serving)
        self._stack.push_async_callback(master.stop, DRAIN_SECONDS)
        return bound

    def _open_titus(self, grpc: Address, http: Address) -> None:
        if self.titus_services is None:
            return
        settings = self.settings
        host = settings.advertise or settings.host
        self.titus_services.reached(host, grpc.port, http.port, secure=settings.auth.tls_cert is not None)
        feeding = asyncio.create_task(self.titus_services.run(), name="titus")
        self._stack.push_async_callback(cancel, feeding)

    def _mesos_agents(self) -> list[str]:
        """Give the addresses of the Mesos agents, in the order of their nodes."""
        sessions = self.plane.outposts.sessions
        found = (sessions.get((MESOS, node.name)) for node in local_nodes(self.settings.nodes))
        return [session.address for session in found if session is not None]

    def _why_unready(self) -> list[str]:
        reasons = [] if self.ready else ["starting"]
        if self.stopping.is_set():
            reasons.append("stopping")
        if not self.plane.gateway.sessions:
            reasons.append("no node is connected")
        return reasons

    async def _start_nodes(self, plane: Plane, link: LinkServer) -> None:
        settings = self.settings
        configs = {
            node.name: node_config(
                node,
                settings.retention,
                self.data,
                link.address,
                plane.secret,
                (mesos_outpost(settings, number),) if self.mesos is not None else (),
                images=settings.images,
                slack_period=settings.timer("mesos.oversubscription", SLACK_PERIOD),
            )
            for number, node in enumerate(local_nodes(settings.nodes))
        }
        if self.mesos is not None:
            require_agent_ports(settings, self.data / "nodes")
        self.engine = LocalEngine(self.data / "nodes", configs)
        await self.engine.start()
        self._stack.push_async_callback(self.engine.close)
        if not await awaiting.nodes(plane, set(configs)):
            _log.warning("not every node has connected yet", wanted=sorted(configs))
        if self.mesos is not None and not await awaiting.outposts(plane, MESOS, set(configs)):
            _log.warning("not every Mesos agent answers yet", wanted=sorted(configs))

    def request_stop(self, *, stop_runs: bool) -> None:
        """Ask the server to stop, with or without its Runs."""
        self.stop_runs = self.stop_runs or stop_runs
        self.stopping.set()

    async def stop(self) -> None:
        """Stop in reverse order; Runs go on unless they were to be stopped.

        All else is stopped, too, where a node does not end; then Unavailable names it.
        """
        try:
            if self.stop_runs:
                await self.engine.stop_nodes(self.plane.gateway)
        finally:
            await self._stack.aclose()


async def serve(settings: Settings) -> int:
    """Run a server until it is told to stop; gives the exit code."""
    logs.configure(settings.log.level, "json" if settings.log.format == "json" else "console")
    sys.setswitchinterval(SWITCH_SECONDS)
    gc.set_threshold(*COLLECT_AFTER)
    server = Server(settings)
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, lambda: server.request_stop(stop_runs=False))
    try:
        told = await server.start()
    except PorticoError as error:
        sys.stderr.write(f"portico: {error}\n")
        return 1
    except OSError as error:  # of a file that is there in another form than we left it, or of a disk that fails
        sys.stderr.write(f"portico: cannot start: {error}\n")
        return 1
    sys.stdout.write(f"ready grpc={told['grpc']} http={told['http']} data={server.data}\n")
    sys.stdout.flush()
    await server.stopping.wait()
    failed = server.loops.done() and not server.loops.cancelled() and server.loops.exception() is not None
    if failed:
        _log.error("the server stops because a loop failed", exc_info=server.loops.exception())
    try:
        await server.stop()
    except Unavailable as error:
        _log.error("nodes do not end with the server", reason=str(error))
        failed = True
    return 1 if failed else 0


def configured_pools(settings: Settings) -> list[Pool]:
    """Give the configured pools."""
    return [
        Pool(id=path, reservation=pool.reservation, limit=pool.limit, share=pool.share)
        for path, pool in settings.pools.items()
    ]


def refuse_twins(jobs: list[Job]) -> None:
    """Refuse two kinds of one name."""
    seen: set[str] = set()
    for job in jobs:
        if job.id in seen:
            raise Invalid(f"kind {job.id.partition('/')[2]} is defined twice, as a command and as a function")
        seen.add(job.id)


def tls_files(settings: Settings) -> TlsFiles | None:
    """Give the key material, if TLS is on."""
    auth = settings.auth
    if auth.tls_cert is None or auth.tls_key is None:
        return None
    return TlsFiles(auth.tls_cert, auth.tls_key, auth.tls_client_ca)


async def cancel(task: asyncio.Task[None]) -> None:
    """End a task and wait for it."""
    task.cancel()
    try:
        await task
    except (asyncio.CancelledError, ExceptionGroup, Unavailable):
        return
