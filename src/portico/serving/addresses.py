"""Addresses to listen on: how they are written, whether they are free, whether only this machine can reach them.

Promises: an address that cannot be had is refused with one sentence naming host and port, before any server of a
library tries it, since those bind a part of the addresses silently or say why only in their own logs.
"""

from __future__ import annotations

import errno
import ipaddress
import os
import socket

import msgspec

from portico.domain.errors import Invalid, Unavailable

_NO_SUCH_FAMILY = (errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT)


class Address(msgspec.Struct, frozen=True):
    """A host name or literal address with a port; port 0 asks for any free one."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def is_loopback(host: str) -> bool:
    """Tell whether a host name or literal address stays on this machine."""
    name = host.strip("[]").rstrip(".").lower()
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def open_sockets(address: Address) -> list[socket.socket]:
    """Bind a socket to every address the host name stands for, all on one port; Unavailable or Invalid if one fails."""
    opened: list[socket.socket] = []
    missing: OSError | None = None
    port = address.port
    for family, place in _resolve(address):
        try:
            listener = _listen(family, place, port)
        except OSError as error:
            if error.errno in _NO_SUCH_FAMILY:
                missing = error  # `localhost` names ::1 also where IPv6 is switched off
                continue
            close_all(opened)
            raise refusal(address, error) from error
        opened.append(listener)
        port = listener.getsockname()[1]
    if missing is not None and not opened:
        raise refusal(address, missing)
    return opened


def _listen(family: socket.AddressFamily, place: str, port: int) -> socket.socket:
    """Open one listening socket; only listening makes a second one with SO_REUSEADDR fail."""
    # With the protocol named, asyncio switches Nagle's algorithm off on what it accepts; 40 ms an answer otherwise.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listener.bind((place, port))
        listener.listen(1024)
    except OSError:
        listener.close()
        raise
    listener.setblocking(False)  # noqa: FBT003 — the standard library's signature
    return listener


def close_all(sockets: list[socket.socket]) -> None:
    """Close sockets."""
    for each in sockets:
        each.close()


def require_free(address: Address) -> None:
    """Raise Unavailable or Invalid unless the address can be listened on now."""
    close_all(open_sockets(address))


def refusal(address: Address, error: OSError) -> Unavailable | Invalid:
    """Say in one sentence why an address cannot be had."""
    if error.errno == errno.EADDRINUSE:
        return Unavailable(f"cannot listen on {address}: the port is in use by another process")
    if error.errno == errno.EACCES:
        return Invalid(f"cannot listen on {address}: this user may not use the port", "port")
    if error.errno == errno.EADDRNOTAVAIL:
        return Invalid(f"cannot listen on {address}: this machine has no such address", "host")
    return Unavailable(f"cannot listen on {address}: {os.strerror(error.errno) if error.errno else error}")


def _resolve(address: Address) -> list[tuple[socket.AddressFamily, str]]:
    """Give the distinct addresses a host stands for; Invalid when there is none."""
    if not 0 <= address.port <= 65_535:
        raise Invalid(f"cannot listen on {address}: a port is a number from 0 to 65535", "port")
    try:
        found = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except socket.gaierror as error:
        raise Invalid(f"cannot listen on {address}: the host name is unknown ({error.strerror})", "host") from error
    return list(dict.fromkeys((family, str(place[0])) for family, _, _, _, place in found))
