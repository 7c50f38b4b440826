"""The worker's connection to control: one stream socket that carries frames.

Owns the socket and the cutting of its bytes; knows nothing of calls. Every failure of the connection is LinkLost,
after which it is closed and may be opened again. Not thread-safe: only the thread that holds the desk uses it.
"""

from __future__ import annotations

import select
import socket
import time

import msgspec

from portico.domain.errors import Invalid, Unavailable
from portico.domain.frames import Frame, ToWorker
from portico.domain.framing import Splitter, decode, encode, to_worker

_CHUNK = 64 << 10
_CONNECT_SECONDS = 2.0
# A peer whose machine has vanished is noticed after about ten seconds.
_KEEP_ALIVE = ((socket.TCP_KEEPIDLE, 4), (socket.TCP_KEEPINTVL, 2), (socket.TCP_KEEPCNT, 3))


class LinkLost(Unavailable):
    """There is no connection, or there is none any more."""


class Address(msgspec.Struct, frozen=True):
    """Where control listens: a Unix socket's path, or a host and port."""

    path: str = ""
    host: str = ""
    port: int = 0


def address(text: str) -> Address:
    """Read `unix:PATH` or `tcp:HOST:PORT`; anything else is Invalid."""
    scheme, _, rest = text.partition(":")
    if scheme == "unix" and rest:
        return Address(path=rest)
    host, _, port = rest.rpartition(":")
    if scheme == "tcp" and host and port.isdecimal() and 0 < int(port) < 1 << 16:
        return Address(host=host.strip("[]"), port=int(port))
    raise Invalid(f"{text!r} is not a link such as unix:PATH or tcp:HOST:PORT")


class Link:
    """A connection that can be lost and opened again."""

    def __init__(self, where: Address) -> None:
        self._where = where
        self._socket: socket.socket | None = None
        self._splitter = Splitter()
        self._inbox: list[ToWorker] = []

    @property
    def connected(self) -> bool:
        """Tell whether there is a connection, as far as is known."""
        return self._socket is not None

    def connect(self) -> None:
        """Open the connection anew; raises LinkLost when control does not answer within 2 s."""
        self.close()
        try:
            opened = self._open()
        except OSError as error:
            raise LinkLost(f"cannot connect: {error}") from error
        opened.settimeout(0)
        self._socket = opened

    def _open(self) -> socket.socket:
        if self._where.path:
            opened = socket.socket(socket.AF_UNIX)
            try:
                opened.settimeout(_CONNECT_SECONDS)
                opened.connect(self._where.path)
            except OSError:
                opened.close()
                raise
            return opened
        opened = socket.create_connection((self._where.host, self._where.port), _CONNECT_SECONDS)
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        opened.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for option, value in _KEEP_ALIVE:
            opened.setsockopt(socket.IPPROTO_TCP, option, value)
        return opened

    def close(self) -> None:
        """Drop the connection and what it had brought only in part."""
        if self._socket is not None:
            self._socket.close()
        self._socket = None
        self._splitter = Splitter()
        self._inbox = []

    def send(self, frame: Frame) -> None:
        """Hand the whole frame to the kernel. Goes on reading while it cannot write, so that two full pipes do not
        wait for each other."""
        opened = self._opened()
        rest: bytes | memoryview = encode(frame)
        while True:
            try:
                sent = opened.send(rest)
            except BlockingIOError:
                sent = 0
            except OSError as error:
                raise LinkLost(f"cannot send: {error}") from error
            if sent == len(rest):
                return
            rest = memoryview(rest)[sent:]
            poll = select.poll()
            poll.register(opened, select.POLLIN | select.POLLOUT)
            poll.poll()
            self._pull(opened)

    def receive(self) -> list[ToWorker]:
        """Give the frames that have come, without waiting for any."""
        self._pull(self._opened())
        if not self._inbox:
            return []
        taken, self._inbox = self._inbox, []
        return taken

    def wait(self, seconds: float | None, bell: int | None = None) -> None:
        """Sleep until there is something to receive, the bell (a file descriptor) rings, or the time is over. Without a
        connection only the bell and the time count."""
        if self._inbox:
            return
        poll = select.poll()
        if self._socket is not None:
            poll.register(self._socket, select.POLLIN)
        if bell is not None:
            poll.register(bell, select.POLLIN)
        if self._socket is None and bell is None:
            time.sleep(seconds or 0)
            return
        poll.poll(None if seconds is None else seconds * 1000)

    def _opened(self) -> socket.socket:
        if self._socket is None:
            raise LinkLost("not connected")
        return self._socket

    def _pull(self, opened: socket.socket) -> None:
        try:
            data = opened.recv(_CHUNK)
        except BlockingIOError:
            return
        except OSError as error:
            raise LinkLost(f"cannot receive: {error}") from error
        if not data:
            raise LinkLost("control closed the connection")
        try:
            self._inbox.extend([decode(to_worker, body) for body in self._splitter.feed(data)])
        except Invalid as error:
            raise LinkLost(f"control sent what is no frame: {error}") from error
