"""The wiring of an outpost: its lines, its executors, its endpoints."""

from __future__ import annotations

import asyncio
import time

from portico.domain.frames import OutpostHello
from portico.doors.mesos.errors import error_reply
from portico.doors.mesos.outpost.executor_api import ExecutorApi
from portico.doors.mesos.outpost.executors import Executors
from portico.doors.mesos.outpost.guarding import Guard
from portico.doors.mesos.outpost.ledger import Ledger
from portico.doors.mesos.outpost.line import ControlLine
from portico.doors.mesos.outpost.listening import listen, serve, take_lock
from portico.doors.mesos.outpost.operator.api import REALMS, OperatorApi
from portico.doors.mesos.outpost.operator.site import Site
from portico.doors.mesos.outpost.place import Place
from portico.doors.mesos.serving.authentication import authentication
from portico.doors.mesos.serving.routing import Routing

DOOR = "mesos"


class Outpost:
    """One outpost at work; `run` is its life."""

    def __init__(self, place: Place) -> None:
        self._place = place

    async def run(self) -> None:
        """Serve until cancelled; raises Unavailable when a port cannot be had."""
        place = self._place
        take_lock(place.directory)
        sockets = listen(place)
        port = sockets[0].getsockname()[1]
        hello = OutpostHello(DOOR, place.node, place.secret, place.address(port))
        async with asyncio.TaskGroup() as group:
            executors = Executors(place.host_socket, Ledger(place.directory), group)
            control = ControlLine(place.link, lambda: hello, executors.heard)
            executors.control = control
            executor_api = ExecutorApi(executors, lambda: control.known)
            operator_api = OperatorApi(control.ask, _site(place, port), group, lambda: control.known)
            endpoints = (*executor_api.endpoints(), *operator_api.endpoints())
            routing = Routing(endpoints, error_reply, authentication(place.access, REALMS))
            group.create_task(control.run())
            group.create_task(operator_api.run())
            group.create_task(serve(Guard(routing, place), sockets))


def _site(place: Place, port: int) -> Site:
    """Say to the operator API where it stands; the agent's log is its keeper's."""
    flags = {"hostname": place.advertise, "ip": place.host, "port": str(port), "work_dir": str(place.directory)}
    return Site(
        node=place.node,
        directory=place.directory,
        address=place.address(port),
        log=place.directory / "keeper.log",
        flags=flags,
        started_at=time.time(),
        perf=place.perf,
    )
