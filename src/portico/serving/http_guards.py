"""Who may reach the HTTP side: host names, origins, the token, and how much a body may hold.

A server on a loopback address trusts whoever reaches it, so a web page must not: requests for a host name that is not
this machine's are refused (a page whose name was rebound to 127.0.0.1), and so is every request that changes something
and comes from another origin.
"""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

import msgspec
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from portico.serving.addresses import is_loopback
from portico.serving.http_errors import BodyTooLarge, error_response, http_response
from portico.serving.identity import BearerToken
from portico.serving.origins import is_preflight

_READING = frozenset({"GET", "HEAD", "OPTIONS"})
_MOST_HOSTS = 64
OPEN_PATHS = frozenset({"/healthz", "/readyz"})
"""Probes of orchestrators carry no token."""


class GuardSettings(msgspec.Struct, frozen=True):
    """`hosts` are names besides loopback ones that a server on loopback answers to; `origins` may send changes;
    `open_paths` are answered without the token. `error` writes a refusal from its status, code and message.
    """

    on_loopback: bool = True
    hosts: frozenset[str] = frozenset()
    origins: frozenset[str] = frozenset()
    token: str | None = None
    open_paths: frozenset[str] = OPEN_PATHS
    body_bytes: int = 256 << 20
    error: Callable[[int, str, str], Response] = error_response


class Guards:
    """Asked before any route."""

    def __init__(self, app: ASGIApp, settings: GuardSettings) -> None:
        self._app = app
        self._settings = settings
        self._token = BearerToken(settings.token) if settings.token is not None else None
        self._answered_hosts: set[str] = set()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Refuse the request or pass it on."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
            return
        headers = dict(scope["headers"])
        refused = self._refuse_place(scope, headers)
        if refused:
            await self._settings.error(403, "forbidden", refused)(scope, receive, send)
        elif not self._may_call(scope, headers):
            response = self._settings.error(401, "unauthenticated", "this server wants `Authorization: Bearer <token>`")
            response.headers["www-authenticate"] = "Bearer"
            await response(scope, receive, send)
        elif scope["type"] == "http":
            await self._pass_bounded(scope, headers, receive, send)
        else:
            await self._app(scope, receive, send)

    def _refuse_place(self, scope: Scope, headers: dict[bytes, bytes]) -> str:
        """Say why the host or the origin is wrong, nothing if they are right."""
        settings = self._settings
        host = headers.get(b"host", b"").decode("latin-1")
        if settings.on_loopback and host not in self._answered_hosts and not self._answers_to(host):
            name = host_name(host)
            return f"this server listens on loopback and does not answer to the host {name!r}"
        sender = headers.get(b"origin")
        if sender is None or (scope["type"] == "http" and scope["method"] in _READING):
            return ""
        origin = sender.decode("latin-1")
        if origin in settings.origins or _same_place(origin, host):
            return ""
        return f"requests from the origin {origin!r} may not change anything here"

    def _answers_to(self, host: str) -> bool:
        """Tell whether a Host header is one of ours, and remember a few that are."""
        name = host_name(host)
        if host and not is_loopback(name) and name not in self._settings.hosts:
            return False
        if len(self._answered_hosts) < _MOST_HOSTS:
            self._answered_hosts.add(host)
        return True

    def _may_call(self, scope: Scope, headers: dict[bytes, bytes]) -> bool:
        """Tell whether the token is right or not wanted."""
        if self._token is None or scope["path"] in self._settings.open_paths:
            return True
        if scope["type"] == "http" and is_preflight(scope["method"], headers):
            return True  # browsers ask without it
        return self._token.accepts(headers.get(b"authorization", b"").decode("latin-1"))

    async def _pass_bounded(self, scope: Scope, headers: dict[bytes, bytes], receive: Receive, send: Send) -> None:
        """Pass the request on with a body that may not grow over the limit."""
        most = self._settings.body_bytes
        declared = headers.get(b"content-length", b"0")
        if declared.isdigit() and int(declared) > most:
            await http_response(BodyTooLarge(most))(scope, receive, send)
            return
        received = 0

        async def receive_bounded() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > most:
                raise BodyTooLarge(most)
            return message

        await self._app(scope, receive_bounded, send)


def host_name(host: str) -> str:
    """Give the name in a Host header, without port."""
    if host.startswith("["):
        return host.partition("]")[0] + "]"
    return host.partition(":")[0].lower()


def _same_place(origin: str, host: str) -> bool:
    """Tell whether an origin names the very host and port that was asked."""
    return bool(host) and urlsplit(origin).netloc.lower() == host.lower()
