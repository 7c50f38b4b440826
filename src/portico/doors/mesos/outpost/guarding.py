"""What keeps web pages away from an outpost that only this machine can reach.

A page may point a name of its own at a loopback address and have a browser speak to it; the Host header then still
has that name. Promises: who connects by an address, or by a name this outpost is known by, is let through.
"""

from __future__ import annotations

import ipaddress

from starlette.types import ASGIApp, Receive, Scope, Send

from portico.doors.mesos.outpost.place import Place

_REFUSAL = b"This address does not answer to that name"


class Guard:
    """The application behind it answers to addresses, to `localhost` and to the names of the place."""

    def __init__(self, app: ASGIApp, place: Place) -> None:
        self._app = app
        self._names = frozenset({"localhost", place.host.lower(), place.advertise.lower()})
        self._guards = _is_loopback(place.host)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request, or refuse it."""
        if not self._guards or self._knows(dict(scope["headers"]).get(b"host", b"").decode("latin-1")):
            await self._app(scope, receive, send)
            return
        headers = [(b"content-type", b"text/plain"), (b"content-length", b"%d" % len(_REFUSAL))]
        await send({"type": "http.response.start", "status": 403, "headers": headers})
        await send({"type": "http.response.body", "body": _REFUSAL})

    def _knows(self, host: str) -> bool:
        name = host.rpartition(":")[0] if host.rpartition(":")[2].isdecimal() else host
        name = name.strip("[]").lower()
        return name in self._names or not name or _is_address(name)


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _is_loopback(host: str) -> bool:
    return host == "localhost" or (_is_address(host) and ipaddress.ip_address(host).is_loopback)
