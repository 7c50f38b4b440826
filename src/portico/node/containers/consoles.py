"""Terminals of containers: the runtime makes one inside and hands its outer end over; a copier writes what comes out.

The copier is `cat`, with the terminal's outer end as its standard input and the Run's stdout file, open for appending,
as its standard output. It holds the terminal open whatever becomes of the agent, and ends when the last process that
has the terminal does. Whoever wants to type into the terminal or to change its size takes descriptor 0 of the copier,
whose pid stands in the bundle (`copier`), by pidfd_getfd.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import socket
from pathlib import Path

from portico.domain.errors import Unavailable
from portico.node.containers.tools import find_tool
from portico.node.spawn_call import SpawnCall

_SOCKET = "console"
COPIER = "copier"


class Console:
    """A socket on which a runtime hands over one terminal."""

    def __init__(self, bundle: Path) -> None:
        self._directory = os.open(bundle, os.O_PATH | os.O_DIRECTORY | os.O_CLOEXEC)
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM | socket.SOCK_CLOEXEC)
        self._socket.setblocking(False)  # noqa: FBT003 — the library's own signature
        self._place = bundle
        self._socket.bind(f"/proc/self/fd/{self._directory}/{_SOCKET}")
        self._socket.listen(1)

    @property
    def address(self) -> str:
        """Give a name of the socket that is short enough, for as long as it is open."""
        return f"/proc/{os.getpid()}/fd/{self._directory}/{_SOCKET}"

    def close(self) -> None:
        """Stop listening."""
        self._socket.close()
        os.close(self._directory)
        with contextlib.suppress(FileNotFoundError):
            (self._place / _SOCKET).unlink()

    async def take(self, patience: float) -> int:
        """Give the terminal's outer end; raises Unavailable when none comes."""
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(patience):
                connection, _ = await loop.sock_accept(self._socket)
                with connection:
                    readable: asyncio.Future[None] = loop.create_future()
                    loop.add_reader(connection, lambda: None if readable.done() else readable.set_result(None))
                    try:
                        await readable
                    finally:
                        loop.remove_reader(connection)
                    _, handles, _, _ = socket.recv_fds(connection, 4096, 1)
        except TimeoutError as error:
            raise Unavailable("the container runtime handed no terminal over") from error
        if not handles:
            raise Unavailable("the container runtime handed no terminal over")
        return handles[0]


def copy_out(terminal: int, stdout: int, run: str, bundle: Path) -> int:
    """Start the copier of a terminal; gives its pid. The caller closes its own ends."""
    cat = find_tool("cat", "a terminal")
    null = os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC)
    try:
        call = SpawnCall(cat, [cat], {"PORTICO_RUN_ID": run}, "/", (terminal, stdout, null))
        pid, number = call.make()
    finally:
        os.close(null)
    if number:
        raise OSError(number, os.strerror(number))
    (bundle / COPIER).write_text(str(pid))
    return pid
