"""The outpost's HTTP server: uvicorn on sockets of our own, without its signal handling and logs.

Promises: one outpost at a time holds a node's ports, since it holds the node's lock first; a port that was any free one
is the same again after a restart, so that executors find the address in their environment.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import logging
import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp

from portico.domain.errors import Unavailable
from portico.doors.mesos.outpost.place import Place

log = logging.getLogger("portico.outpost")

LOCK = "outpost-mesos.lock"
PORT = "outpost-mesos.port"
PATIENCE = 3.0
"""Seconds for which a port that is taken is asked for again."""
_PAUSE = 0.05
_BACKLOG = 2048
_HEADER_BYTES = 64 << 10
_IDLE_SECONDS = 75


def take_lock(directory: Path) -> int:
    """Become the node's one outpost: wait until the former one is gone, and give the descriptor of the lock."""
    lock = os.open(directory / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    fcntl.flock(lock, fcntl.LOCK_EX)
    return lock


def listen(place: Place) -> list[socket.socket]:
    """Listen on every port of the place, in order; raises Unavailable for one that cannot be had."""
    first, *rest = place.ports
    sockets = [_listen_anywhere(place) if first == 0 else _bind(place.host, first)]
    return sockets + [_bind(place.host, port) for port in rest]


def _listen_anywhere(place: Place) -> socket.socket:
    """Listen on the port that was had last time, else on any."""
    memory = place.directory / PORT
    known = memory.read_text(encoding="ascii") if memory.exists() else ""
    if known.isdecimal():
        try:
            return _bind(place.host, int(known))
        except Unavailable as error:
            log.warning("executors that are running know another port than the next one: %s", error)
    opened = _bind(place.host, 0)
    draft = memory.with_suffix(".new")
    draft.write_text(str(opened.getsockname()[1]), encoding="ascii")
    draft.replace(memory)
    return opened


def _bind(host: str, port: int) -> socket.socket:
    until = time.monotonic() + PATIENCE
    while True:
        try:
            return _open(host, port)
        except OSError as error:
            if error.errno != errno.EADDRINUSE or time.monotonic() > until:
                raise Unavailable(f"cannot listen on {host}:{port}: {error.strerror or error}") from error
        time.sleep(_PAUSE)


def _open(host: str, port: int) -> socket.socket:
    found = socket.getaddrinfo(host or None, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    family, kind, protocol, _, address = found[0]
    opened = socket.socket(family, kind, protocol)
    try:
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # connections of the former one may linger
        opened.settimeout(0)
        opened.bind(address)
        opened.listen(_BACKLOG)
    except OSError:
        opened.close()
        raise
    return opened


class _Uvicorn(uvicorn.Server):
    """uvicorn as a part of a process that ends at once when it is told to."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave the process's signals alone."""
        yield


async def serve(app: ASGIApp, sockets: list[socket.socket]) -> None:
    """Answer requests until cancelled."""
    config = uvicorn.Config(
        app,
        loop="none",
        http="h11",
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_keep_alive=_IDLE_SECONDS,
        h11_max_incomplete_event_size=_HEADER_BYTES,
        timeout_graceful_shutdown=0,
    )
    try:
        await _Uvicorn(config).serve(sockets=sockets)
    finally:
        for opened in sockets:
            opened.close()
