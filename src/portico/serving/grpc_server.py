"""The gRPC server: any number of registrations behind any number of addresses, with health and reflection.

Promises: an address is either had for this server alone or refused in one sentence; until `open` and from `stop` on
calls are refused and health says so; `stop` lets calls under way finish, up to its bound, and leaves none behind.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
from collections.abc import Sequence
from pathlib import Path

import grpc
import grpc.aio
import msgspec
import structlog
from grpc_health.v1 import health, health_pb2, health_pb2_grpc  # type: ignore[import-untyped]
from grpc_reflection.v1alpha import reflection, reflection_pb2_grpc  # type: ignore[import-untyped]

from portico.domain.errors import AlreadyExists, Conflict, NotFound
from portico.giving_way import making_threads_that_give_way
from portico.serving.addresses import Address, refusal, require_free
from portico.serving.grpc_calls import STOPPING, Calls, Limits, Method
from portico.serving.grpc_handlers import wrap
from portico.serving.identity import BearerToken, TlsFiles, grpc_credentials
from portico.serving.metrics import Metrics
from portico.serving.registration import Collected, Handler, Registration

MEBIBYTE = 1 << 20
MOST_PENDING = 10_000
"""Calls that have arrived and were not looked at yet. The library's own bound is a thousand, beyond which it refuses
some at random: a thousand subscribers that connect at once would reach it."""
_SERVING = health_pb2.HealthCheckResponse.SERVING
_NOT_SERVING = health_pb2.HealthCheckResponse.NOT_SERVING
_LAST_CLEANUP_SECONDS = 2.0

_log = structlog.get_logger(__name__)


class GrpcSettings(msgspec.Struct, frozen=True):
    """Bounds and identity of one server; sizes in bytes, keepalive in milliseconds."""

    receive_bytes: int = 256 * MEBIBYTE
    send_bytes: int = 256 * MEBIBYTE
    concurrent_calls: int = 10_000
    keepalive_ms: int = 60_000
    keepalive_timeout_ms: int = 20_000
    tls: TlsFiles | None = None
    token: str | None = None


def channel_options(settings: GrpcSettings) -> list[tuple[str, int]]:
    """Give the library's options: one owner per port, large requests, and clients that ping as often as they like."""
    return [
        ("grpc.so_reuseport", 0),
        ("grpc.max_receive_message_length", settings.receive_bytes),
        ("grpc.max_send_message_length", -1),  # refused with a sentence before it comes to that
        ("grpc.server.max_pending_requests", MOST_PENDING),
        ("grpc.server.max_pending_requests_hard_limit", 2 * MOST_PENDING),
        ("grpc.keepalive_time_ms", settings.keepalive_ms),
        ("grpc.keepalive_timeout_ms", settings.keepalive_timeout_ms),
        ("grpc.keepalive_permit_without_calls", 1),
        ("grpc.http2.min_ping_interval_without_data_ms", 1_000),
        ("grpc.http2.max_ping_strikes", 0),
        # A window of one size: grown by what the line could carry, an upload that waits for the disk is read ahead by
        # up to a hundred MB.
        ("grpc.http2.bdp_probe", 0),
        ("grpc.http2.lookahead_bytes", 1 << 20),
    ]


class _Methods(grpc.GenericRpcHandler):
    """The one table of methods, filled as they are first called."""

    def __init__(self, calls: Calls, limits: Limits, metrics: Metrics) -> None:
        self._calls = calls
        self._limits = limits
        self._metrics = metrics
        self._collected: list[tuple[Collected, bool]] = []
        self._found: dict[str, Handler] = {}
        self.unknown = 0

    def add(self, registration: Registration, *, open_to_all: bool = False) -> None:
        """Take the services of a registration."""
        self._collected.append((Collected(registration), open_to_all))

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> Handler | None:
        """Give the wrapped handler of a method, None if nobody serves it."""
        found = self._found.get(handler_call_details.method)
        return found if found is not None else self._find(handler_call_details)

    def _find(self, details: grpc.HandlerCallDetails) -> Handler | None:
        for collected, open_to_all in self._collected:
            handler = collected.find(details)
            if handler is not None:
                method = Method(details.method, collected.registration, self._metrics, open_to_all=open_to_all)
                self._found[details.method] = wrapped = wrap(handler, method, self._calls, self._limits)
                return wrapped
        self.unknown += 1
        return None


class GrpcServer:
    """One server; `name` tells it from others in metrics and logs."""

    def __init__(
        self,
        registrations: Sequence[Registration],
        metrics: Metrics,
        settings: GrpcSettings | None = None,
        name: str = "grpc",
    ) -> None:
        self._settings = settings or GrpcSettings()
        self._registrations = tuple(registrations)
        self._metrics = metrics
        self._name = name
        self._services = _service_names(self._registrations)
        self._health = health.aio.HealthServicer()
        self._server: grpc.aio.Server | None = None
        self._calls: Calls | None = None

    async def start(self, addresses: Sequence[Address], private: Path | None = None) -> list[Address]:
        """Listen, and refuse calls until `open`; gives the addresses with their real ports.

        `private` is a Unix socket for this process alone, without TLS; its folder says who may reach it. Unavailable
        or Invalid name the address, or the key material, that cannot be had.
        """
        settings = self._settings
        credentials = grpc_credentials(settings.tls) if settings.tls is not None else None
        token = BearerToken(settings.token) if settings.token is not None else None
        for address in addresses:
            require_free(address)
        limits = Limits(settings.send_bytes, settings.concurrent_calls)
        names_callers = settings.tls is not None and settings.tls.client_authority is not None
        calls = Calls(limits, token, names_callers=names_callers)
        methods = self._methods(calls, limits)
        with making_threads_that_give_way():
            server = grpc.aio.server(options=channel_options(settings))
        server.add_generic_rpc_handlers((methods,))
        bound = [_bind(server, address, credentials) for address in addresses]
        if private is not None:
            _bind_private(server, private)
        await self._set_all(serving=False)
        await server.start()
        self._server, self._calls = server, calls
        _register_metrics(self._metrics, self._name, calls, methods)
        _log.info("grpc_listening", server=self._name, addresses=[str(address) for address in bound])
        return bound

    async def open(self) -> None:
        """Take calls, and say so in health."""
        if self._calls is None:
            raise Conflict(f"the server {self._name} has not been started")
        self._calls.refusing = None
        await self._set_all(serving=True)

    async def set_serving(self, service_name: str, *, serving: bool) -> None:
        """Tell in health whether one service works; NotFound for a name no registration has."""
        if service_name not in self._services:
            raise NotFound(f"the server {self._name} has no service {service_name}")
        await self._health.set(service_name, _SERVING if serving else _NOT_SERVING)

    async def stop(self, grace_seconds: float) -> None:
        """Refuse new calls, let those under way finish within the bound, then cancel them.

        Endless streams are ended as soon as nothing else is under way, since they would use up any bound.
        """
        server, calls = self._server, self._calls
        if server is None or calls is None:
            return
        self._server = None
        calls.refusing = STOPPING
        await self._health.enter_graceful_shutdown()
        async with asyncio.TaskGroup() as group:
            group.create_task(server.stop(grace_seconds))
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(grace_seconds):
                    await calls.wait_for_finite()
            calls.end_endless()
        try:
            async with asyncio.timeout(_LAST_CLEANUP_SECONDS):
                await calls.wait_for_all()
        except TimeoutError:
            _log.warning("grpc_calls_left", server=self._name, calls=calls.under_way)
        _log.info("grpc_stopped", server=self._name)

    def _methods(self, calls: Calls, limits: Limits) -> _Methods:
        """Collect the services with health and reflection, which stay open to all."""
        methods = _Methods(calls, limits, self._metrics)
        watch = f"/{health.SERVICE_NAME}/Watch"
        own = (
            Registration(
                lambda server: health_pb2_grpc.add_HealthServicer_to_server(self._health, server),
                (health.SERVICE_NAME,),
                endless=frozenset({watch}),
            ),
            Registration(
                lambda server: reflection_pb2_grpc.add_ServerReflectionServicer_to_server(
                    reflection.aio.ReflectionServicer((*self._services, health.SERVICE_NAME, reflection.SERVICE_NAME)),
                    server,
                ),
                (reflection.SERVICE_NAME,),
                endless=frozenset({f"/{reflection.SERVICE_NAME}/ServerReflectionInfo"}),
            ),
        )
        for registration in own:
            methods.add(registration, open_to_all=True)
        for registration in self._registrations:
            methods.add(registration)
        return methods

    async def _set_all(self, *, serving: bool) -> None:
        """Set the health of every service and of the whole."""
        for service in (*self._services, health.SERVICE_NAME, health.OVERALL_HEALTH):
            await self._health.set(service, _SERVING if serving else _NOT_SERVING)


def _service_names(registrations: Sequence[Registration]) -> tuple[str, ...]:
    """Give all service names; AlreadyExists when two registrations claim one."""
    names = [name for registration in registrations for name in registration.service_names]
    twice = {name for name in names if names.count(name) > 1}
    if twice:
        raise AlreadyExists(f"registered more than once: {', '.join(sorted(twice))}")
    return tuple(names)


def _bind(server: grpc.aio.Server, address: Address, credentials: grpc.ServerCredentials | None) -> Address:
    """Listen on an address."""
    try:
        if credentials is None:
            port = server.add_insecure_port(str(address))
        else:
            port = server.add_secure_port(str(address), credentials)
    except RuntimeError as error:  # somebody else was faster after the address was found free
        raise refusal(address, OSError(errno.EADDRINUSE, str(error))) from error
    return Address(address.host, port)


def _bind_private(server: grpc.aio.Server, path: Path) -> None:
    """Listen on a Unix socket; one left by a server that was killed is replaced."""
    path.unlink(missing_ok=True)
    server.add_insecure_port(f"unix:{path}")


def _register_metrics(metrics: Metrics, name: str, calls: Calls, methods: _Methods) -> None:
    """Show what the server counts by itself."""
    metrics.gauges.register(
        "portico_grpc_calls_under_way", "gRPC calls under way.", ("server",), lambda: [((name,), calls.under_way)]
    )
    metrics.counters.register(
        "portico_grpc_unknown_methods",
        "gRPC calls of methods that do not exist.",
        ("server",),
        lambda: [((name,), methods.unknown)],
    )
