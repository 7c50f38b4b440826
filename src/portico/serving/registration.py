"""What a door hands to the gRPC server: its services, their names, and how its errors look on the wire.

Owns the plain translation for those who bring none, and the collection of handlers from generated `add_…_to_server`
functions. Collecting instead of registering keeps one table of methods: the library otherwise waits on one future per
registered method, which makes each call dearer by every method that exists.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NoReturn, TypeAlias, cast

import grpc
import grpc.aio
import msgspec

from portico.domain.errors import (
    AlreadyExists,
    Compacted,
    Conflict,
    Exhausted,
    Forbidden,
    Invalid,
    NotFound,
    PorticoError,
    Unavailable,
)

Trailing = tuple[tuple[str, str | bytes], ...]
Translation = tuple[grpc.StatusCode, str, Trailing]
Translate = Callable[[PorticoError], Translation]
Handler: TypeAlias = "grpc.RpcMethodHandler[Any, Any]"

_PLAIN: dict[type[PorticoError], grpc.StatusCode] = {
    Invalid: grpc.StatusCode.INVALID_ARGUMENT,
    NotFound: grpc.StatusCode.NOT_FOUND,
    AlreadyExists: grpc.StatusCode.ALREADY_EXISTS,
    Conflict: grpc.StatusCode.FAILED_PRECONDITION,
    Exhausted: grpc.StatusCode.RESOURCE_EXHAUSTED,
    Forbidden: grpc.StatusCode.PERMISSION_DENIED,
    Unavailable: grpc.StatusCode.UNAVAILABLE,
    Compacted: grpc.StatusCode.OUT_OF_RANGE,
}


def translate_plainly(error: PorticoError) -> Translation:
    """Give the usual status of a domain error; used where a door brings no table of its own."""
    code = next((_PLAIN[kind] for kind in type(error).__mro__ if kind in _PLAIN), grpc.StatusCode.UNKNOWN)
    field = error.field if isinstance(error, Invalid) else ""
    return code, f"{field}: {error}" if field else str(error), ()


class Registration(msgspec.Struct, frozen=True):
    """Services of one door. `endless` are full method names (`/pkg.Service/Method`) of streams that never end by
    themselves: a draining server ends them once the other calls are done, rather than waiting for them. `web` says
    that browsers may call the services too, over gRPC-Web.
    """

    add: Callable[[grpc.aio.Server], None]
    service_names: tuple[str, ...]
    door: str = ""
    translate: Translate = translate_plainly
    endless: frozenset[str] = frozenset()
    web: bool = False


class Collected:
    """Stands in for the server in `add_…_to_server` and keeps what was added."""

    def __init__(self, registration: Registration) -> None:
        self.registration = registration
        self._generic: list[grpc.GenericRpcHandler] = []
        self._named: dict[str, Handler] = {}
        # The generated functions call two methods of a server and no other.
        registration.add(cast("grpc.aio.Server", self))

    def add_generic_rpc_handlers(self, handlers: Iterable[grpc.GenericRpcHandler]) -> None:
        """Keep handlers that are asked for each method."""
        self._generic.extend(handlers)

    def add_registered_method_handlers(self, service_name: str, method_handlers: Mapping[str, Handler]) -> None:
        """Keep handlers by full method name; they go before the generic ones."""
        self._named.update({f"/{service_name}/{method}": handler for method, handler in method_handlers.items()})

    def __getattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"a registration may add handlers to the server but not use its {name}")

    def find(self, details: grpc.HandlerCallDetails) -> Handler | None:
        """Give the handler of a method, None if this registration has none."""
        named = self._named.get(details.method)
        if named is not None:
            return named
        found = (handler.service(details) for handler in self._generic)
        return next((handler for handler in found if handler is not None), None)
