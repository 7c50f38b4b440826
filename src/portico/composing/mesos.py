"""The Mesos door put together: its part of control, and its master's address."""

from __future__ import annotations

import asyncio
import logging
import shutil
import socket
from collections.abc import Mapping

from starlette.responses import PlainTextResponse, Response

from portico.composing.nodes import MEGABYTE, local_nodes, mesos_access
from portico.control.cluster.offers import OfferSettings
from portico.control.plane import Plane
from portico.domain.errors import Invalid
from portico.domain.identity import Micros
from portico.domain.reservations import NodeReservations, Reservation, join_ports
from portico.domain.resources import DISK, WHOLE
from portico.domain.slices import Label, Slice, Slices, normalise
from portico.doors.mesos.errors import error_reply
from portico.doors.mesos.extension.door import MesosDoor
from portico.doors.mesos.extension.standing import Periods, Place
from portico.doors.mesos.operator.calls import REALM as OPERATOR_REALM
from portico.doors.mesos.operator.calls import OperatorService
from portico.doors.mesos.operator.facts import Facts, flags
from portico.doors.mesos.operator.log_tail import LogTail
from portico.doors.mesos.operator.logging_level import Verbosity
from portico.doors.mesos.service import REALM as SCHEDULER_REALM
from portico.doors.mesos.service import SchedulerService
from portico.doors.mesos.serving.authentication import authentication
from portico.doors.mesos.serving.routing import Routing
from portico.doors.mesos.v0.endpoints import READ_REALM, WRITE_REALM, OldEndpoints
from portico.serving.addresses import Address, is_loopback
from portico.serving.http_guards import Guards, GuardSettings
from portico.serving.http_protocols import HttpParser
from portico.serving.http_requests import Requests
from portico.serving.http_server import HttpServer, HttpSettings
from portico.serving.metrics import Metrics
from portico.settings import Settings
from portico.settings.model import DiskSettings, ReservedSettings

NATIVE_PORT = 5050
REALMS = frozenset({SCHEDULER_REALM, OPERATOR_REALM, READ_REALM, WRITE_REALM})


def mesos_door(settings: Settings) -> MesosDoor:
    """Make the door's part of control."""
    default = Periods()

    def period(name: str) -> Micros:
        written: Micros = getattr(default, name)
        return settings.timer(f"mesos.{name}", written)

    periods = Periods(**{name: period(name) for name in Periods.__struct_fields__})
    return MesosDoor(
        periods=periods,
        hierarchical_roles=settings.mesos_hierarchical_roles,
        limit_disk=settings.mesos_limit_disk,
    )


def offer_settings(settings: Settings) -> OfferSettings:
    """Say to the core how offers are made."""
    default = OfferSettings()
    return OfferSettings(
        interval=settings.timer("mesos.allocation", default.interval),
        timeout=settings.timer("mesos.offer_timeout", default.timeout),
        whitelist=settings.mesos_whitelist,
        reserved={node.name: _reserved(node.reserved) for node in local_nodes(settings.nodes) if node.reserved},
        disks={node.name: _disks(node.disks) for node in local_nodes(settings.nodes) if node.disks},
        oversubscribe={
            node.name: round(node.oversubscribe * WHOLE) for node in local_nodes(settings.nodes) if node.oversubscribe
        },
    )


def _reserved(by_role: Mapping[str, ReservedSettings]) -> NodeReservations:
    """Say to the core what a node keeps for roles."""
    texts = {role: Reservation(role).text for role in by_role}
    return NodeReservations(
        normalise(
            Slice(kind, amount, Label(texts[role]))
            for role, kept in by_role.items()
            for kind, amount in kept.amounts.items()
        ),
        join_ports((texts[role], kept.ports) for role, kept in by_role.items()),
    )


def _disks(declared: tuple[DiskSettings, ...]) -> Slices:
    """Say to the core what disks a node has besides its common one; Invalid where one is no folder that is there."""
    return normalise(Slice(DISK, _size(disk), Label(source=f"{disk.type}:{disk.root}")) for disk in declared)


def _size(disk: DiskSettings) -> int:
    if not disk.root.is_dir():
        raise Invalid(f"nodes.disks: {disk.root} is no folder", "nodes.disks.root")
    return disk.size if disk.size is not None else shutil.disk_usage(disk.root).total // MEGABYTE * WHOLE


class MesosMaster:
    """The master's HTTP address, between `start` and `stop`."""

    def __init__(self, plane: Plane, door: MesosDoor, metrics: Metrics, settings: Settings) -> None:
        self._settings = settings
        self._door = door
        door.await_outposts()
        self._scheduler = SchedulerService(plane, door.standing)
        self._log = LogTail()
        self._operators = OperatorService(plane, door.standing, log=self._log, apply_level=Verbosity())
        endpoints = [
            *self._scheduler.endpoints(),
            *self._operators.endpoints(),
            *OldEndpoints(self._operators).endpoints(),
        ]
        guards = GuardSettings(
            on_loopback=is_loopback(settings.host),
            hosts=frozenset({settings.advertise}) if settings.advertise else frozenset(),
            error=_plain_error,
        )
        # The token is asked for behind the guards: there a principal's name and secret will do as well.
        app = Guards(Routing(endpoints, error_reply, authentication(mesos_access(settings), REALMS)), guards)
        requests = Requests(app, metrics, {endpoint.path for endpoint in endpoints}, frozenset())
        self._server = HttpServer(requests, HttpSettings(parser=HttpParser.HTTPTOOLS))

    async def start(self) -> Address:
        """Listen; gives the address."""
        settings = self._settings
        addresses = [Address(settings.host, settings.mesos_port)]
        if settings.native_ports and settings.mesos_port != NATIVE_PORT:
            addresses.append(Address(settings.host, NATIVE_PORT))
        bound = await self._server.start(addresses)
        host = settings.advertise or settings.host
        place = Place(host, _ip(host), bound[0].port, nodes=str(settings.data_dir.absolute() / "nodes"))
        self._door.place(place)
        told = flags(self._door.standing.periods, place, settings.data_dir)
        self._operators.facts = Facts(flags=told, version=place.version)
        root = logging.getLogger()
        if root.handlers:
            self._log.setFormatter(root.handlers[0].formatter)
        root.addHandler(self._log)
        return bound[0]

    async def run(self) -> None:
        """Serve until stopped."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._scheduler.heartbeats.run())
            group.create_task(self._operators.run())
            await self._server.run()

    async def stop(self, grace_seconds: float) -> None:
        """Let requests under way finish, then end the streams."""
        logging.getLogger().removeHandler(self._log)
        await self._server.stop(grace_seconds)


def _plain_error(status: int, _code: str, message: str) -> Response:
    """Write an error as this API does: as text."""
    return PlainTextResponse(message, status)


def _ip(host: str) -> str:
    """Give the address of a host name, as it is when nobody knows it."""
    try:
        return socket.gethostbyname(host)
    except OSError:
        return host
