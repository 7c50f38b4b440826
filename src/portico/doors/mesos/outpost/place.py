"""Where an outpost stands: what the agent that started it says by its environment, and the operator by arguments."""

from __future__ import annotations

import argparse
import socket
from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from portico.domain.errors import Invalid
from portico.doors.mesos.outpost.operator.perf_events import EVENTS, Sampling
from portico.doors.mesos.serving.authentication import Access

ACCESS = "PORTICO_MESOS_ACCESS"
"""Names the variable with what opens the operator API, as JSON; an argument would be seen by everybody."""

_ANYWHERE = frozenset({"", "0.0.0.0", "::"})  # noqa: S104 — recognised, not bound


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """A node, the way to control and agent, and the addresses to listen on; the first port is the one to tell."""

    node: str
    directory: Path
    link: str
    secret: str
    host_socket: str
    agent_pid: int
    host: str
    advertise: str
    ports: tuple[int, ...]
    perf: Sampling = Sampling()
    access: Access = Access()

    def address(self, port: int) -> str:
        """Give host and port as others are told."""
        host = f"[{self.advertise}]" if ":" in self.advertise else self.advertise
        return f"{host}:{port}"


def read_place(arguments: Sequence[str], environment: Mapping[str, str]) -> Place:
    """Read both; Invalid names a variable that is missing. Wrong arguments end the process with a usage message."""
    parser = argparse.ArgumentParser(prog="portico-mesos-outpost", description="The Mesos agent API of one node.")
    parser.add_argument("--host", default="127.0.0.1", help="the address to listen on")
    parser.add_argument("--advertise", default="", help="the host that executors and the master are told")
    parser.add_argument("--port", type=int, action="append", help="a port to listen on, 0 for any; may be repeated")
    parser.add_argument("--perf-event", choices=tuple(EVENTS), action="append", help="a counter to sample")
    parser.add_argument("--perf-interval", type=int, default=Sampling().interval, help="microseconds between samples")
    parser.add_argument("--perf-duration", type=int, default=Sampling().duration, help="microseconds of each sample")
    given = parser.parse_args(arguments)
    pid = _needed(environment, "PORTICO_AGENT_PID")
    if not pid.isdecimal():
        raise Invalid(f"PORTICO_AGENT_PID: {pid!r} is not a process id", "PORTICO_AGENT_PID")
    return Place(
        node=_needed(environment, "PORTICO_NODE"),
        directory=Path(_needed(environment, "PORTICO_NODE_DIRECTORY")),
        link=_needed(environment, "PORTICO_LINK"),
        secret=_needed(environment, "PORTICO_LINK_SECRET"),
        host_socket=_needed(environment, "PORTICO_HOST_SOCKET"),
        agent_pid=int(pid),
        host=given.host,
        advertise=given.advertise or (socket.gethostname() if given.host in _ANYWHERE else given.host),
        ports=tuple(given.port or (0,)),
        perf=Sampling(tuple(given.perf_event or ()), given.perf_interval, given.perf_duration),
        access=_access(environment),
    )


def _access(environment: Mapping[str, str]) -> Access:
    """Read what opens the operator API; without the variable it is open."""
    try:
        return msgspec.json.decode(environment.get(ACCESS, "{}"), type=Access)
    except msgspec.DecodeError:
        raise Invalid(f"{ACCESS} cannot be read", ACCESS) from None


def _needed(environment: Mapping[str, str], name: str) -> str:
    value = environment.get(name, "")
    if not value:
        raise Invalid(f"{name} is not set", name)
    return value
