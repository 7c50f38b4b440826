"""The Titus door put together: its part of control, its services, and its routes."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import grpc.aio
from starlette.requests import Request

from portico.composing.images import ConfiguredImages
from portico.control.explaining import explanations
from portico.control.plane import Plane
from portico.domain.disruption import Bucket, Window
from portico.domain.identity import Micros
from portico.doors.titus import errors
from portico.doors.titus.calling import ReadingServer
from portico.doors.titus.eviction import EvictionService
from portico.doors.titus.extension.balancers import Balancers
from portico.doors.titus.extension.door import TitusDoor
from portico.doors.titus.extension.evicting import Evicting
from portico.doors.titus.extension.groups import CapacityGroups
from portico.doors.titus.extension.policies import Policies
from portico.doors.titus.extension.records import DOOR
from portico.doors.titus.extension.relocating import Relocating, RelocationPeriods
from portico.doors.titus.extension.scaling import INTERVAL, Scaling
from portico.doors.titus.extension.standing import Periods, Site
from portico.doors.titus.federation import FederatedCapacityGroups
from portico.doors.titus.inbound.limits import limits_of
from portico.doors.titus.neighbours import elsewhere
from portico.doors.titus.neighbours.autoscaling import AutoScaling
from portico.doors.titus.neighbours.cell import Cell
from portico.doors.titus.neighbours.health import Health
from portico.doors.titus.neighbours.load_balancers import LoadBalancers
from portico.doors.titus.neighbours.membership import Membership
from portico.doors.titus.neighbours.scheduler import Scheduler
from portico.doors.titus.neighbours.supervisor import Supervisor
from portico.doors.titus.outbound.encodings import Encodings
from portico.doors.titus.outbound.tasks import LogPlaces
from portico.doors.titus.relocation import TaskRelocationService
from portico.doors.titus.rest import logs
from portico.doors.titus.rest.gateway import Gateway
from portico.doors.titus.rest.logs import Logs
from portico.doors.titus.rest.management import Management
from portico.doors.titus.service import JobManagementService
from portico.doors.titus.services import ADDERS, ENDLESS, PACKAGE, Add, method
from portico.doors.titus.watching.streams import Streams
from portico.serving.http_app import HttpRoutes
from portico.serving.http_protocols import PEER
from portico.serving.peers import Peer, peer_of
from portico.serving.registration import Registration
from portico.settings import Settings
from portico.settings.model import TitusEviction

NATIVE_GRPC_PORT = 7104
NATIVE_REST_PORT = 7001


class TitusParts:
    """The door's part of control, and those of its parts that services speak to."""

    def __init__(self, settings: Settings) -> None:
        self.groups = CapacityGroups()
        self.evicting = Evicting(self.groups, _bucket(settings.titus.eviction))
        self.relocating = Relocating(self.evicting, _relocation_periods(settings))
        policies = Policies()
        scaling = Scaling(policies, settings.timer("titus.autoscaling", INTERVAL))
        found = settings.titus
        self.door = TitusDoor(
            limits_of(settings),
            periods=_periods(settings),
            site=Site(cell=found.cell, stack=found.stack, region=found.region),
            parts=(self.groups, self.evicting, self.relocating, Balancers(), policies, scaling),
        )


def _periods(settings: Settings) -> Periods:
    default = Periods()
    started = settings.timer("titus.start_initiated", Micros(0))
    return Periods(
        launched=settings.timer("titus.launched", default.launched),
        start_batch=started or default.start_batch,
        start_service=started or default.start_service,
        kill_initiated=settings.timer("titus.kill_initiated", default.kill_initiated),
        min_retry_interval=settings.timer("titus.min_retry_interval", default.min_retry_interval),
        keep=settings.timer("titus.keep", default.keep),
    )


def _bucket(found: TitusEviction | None) -> Bucket | None:
    if found is None:
        return None
    hours = (found.first_hour, found.last_hour)
    always = not found.days and hours == (0, 23)
    windows = () if always else (Window(found.days, (hours,), found.time_zone),)
    return Bucket(capacity=found.capacity, refill=found.refill, windows=windows, exempt=found.exempt)


def _relocation_periods(settings: Settings) -> RelocationPeriods:
    default = RelocationPeriods()
    return RelocationPeriods(
        settings.timer("titus.relocation", default.relocation),
        settings.timer("titus.descheduling", default.descheduling),
    )


class TitusServices:
    """The door's services on one plane; `reached` says where clients find them, once the ports are known."""

    def __init__(self, plane: Plane, parts: TitusParts, settings: Settings, ready: Callable[[], bool]) -> None:
        standing = parts.door.standing
        limits = limits_of(settings)
        self._settings = settings
        self._started_at = plane.clock.now() // 1_000
        self._cell: Cell | None = None
        self._encodings = Encodings()
        self._streams = Streams(standing, self._encodings)
        self._logs = Logs(plane)

        def now() -> int:
            return plane.clock.now() // 1_000

        self._management = Management(plane, self.cell, now, ready, _proven_of_request)
        self._services: dict[str, object] = {
            "JobManagementService": JobManagementService(
                plane, self._streams, self._encodings, limits, ConfiguredImages(settings.images)
            ),
            "EvictionService": EvictionService(plane, parts.evicting.watch),
            "TaskRelocationService": TaskRelocationService(plane, parts.relocating),
            "FederatedCapacityGroupService": FederatedCapacityGroups(),
            "LoadBalancerService": LoadBalancers(plane),
            "AutoScalingService": AutoScaling(plane),
            "SchedulerService": Scheduler(plane, partial(explanations, plane)),
            "SupervisorService": Supervisor(self.cell),
            "ClusterMembershipService": Membership(self.cell, now),
            "Health": Health(self.cell, now, ready),
        }

    def registrations(self) -> list[Registration]:
        """Give what the gRPC server is to serve."""
        served = [
            Registration(partial(_add, ADDERS[name], service), (f"{PACKAGE}.{name}",), DOOR, errors.translate, ENDLESS)
            for name, service in self._services.items()
        ]
        refused = Registration(partial(_add, _refuse, None), elsewhere.SERVICE_NAMES, DOOR, errors.translate)
        return [*served, refused]

    def routes(self) -> HttpRoutes:
        """Give what the HTTP server is to serve."""
        gateway = Gateway(self._services, method, _proven_of_request)
        return HttpRoutes((*self._management.routes(), *gateway.routes(), *self._logs.routes()), logs.ENDLESS)

    def cell(self) -> Cell:
        """Say what this server is as a cell."""
        assert self._cell is not None
        return self._cell

    def reached(self, host: str, grpc_port: int, http_port: int, *, secure: bool) -> None:
        """Learn where clients find the services."""
        found = self._settings.titus
        name = found.cell or "portico"
        self._cell = Cell(
            name, found.stack, f"{host}:{grpc_port}", host, grpc_port, http_port, self._started_at, secure
        )
        http = f"{'https' if secure else 'http'}://{host}:{http_port}"
        self._encodings.place(LogPlaces(ui=f"{http}{logs.PAGES}/", live=f"{http}{logs.LIVE}/"))

    async def run(self) -> None:
        """Feed the streams until cancelled."""
        await self._streams.run()


def _add(add: Add, service: object, server: grpc.aio.Server) -> None:
    """Add a service in such a way that the caller of each of its RPCs is read."""
    add(service, ReadingServer(server, _proven_of_call))


def _refuse(_service: object, server: grpc.aio.Server) -> None:
    elsewhere.add_to_server(server)


def _proven_of_call(context: grpc.aio.ServicerContext[Any, Any]) -> str:
    """Name who a call comes from by the certificate of its connection."""
    peer = peer_of(context)
    return peer.common_name if peer is not None else ""


def _proven_of_request(request: Request) -> str:
    """Name who a request comes from by the certificate of its connection."""
    look = request.scope.get("extensions", {}).get(PEER)
    peer: Peer | None = look() if look is not None else None
    return peer.common_name if peer is not None else ""
