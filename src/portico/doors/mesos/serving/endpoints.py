"""Endpoints: which paths exist, and what a request must bring before its handler sees it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import Any

import msgspec
from google.protobuf.message import Message

from portico.domain.errors import Invalid
from portico.doors.mesos.encoding.calls import Decoded, check_shape, decode_call
from portico.doors.mesos.encoding.negotiation import Encoding
from portico.doors.mesos.serving.exchange import Reply, Request

Handler = Callable[[Request], Awaitable[Reply]]
POST = frozenset({"POST"})
GET = frozenset({"GET", "HEAD"})


class Standing(msgspec.Struct, frozen=True):
    """Whether this server answers now: it leads, or `leader` says who does (host:port, empty if nobody), and its
    state is `recovered`.
    """

    leads: bool = True
    leader: str = ""
    recovered: bool = True


LEADING = Standing()


def _leading() -> Standing:
    """Answer always."""
    return LEADING


def _any_call(_call: Any) -> None:
    """Ask nothing more of a call."""


class CallType(msgspec.Struct, frozen=True):
    """The call an endpoint takes: its type, its name in errors (`scheduler::Call`), and what is asked of it.

    `optional` names parts that may be absent though the call's type is named like them; `check` raises Invalid;
    `streams` says that requests and replies may be streams of records.
    """

    type: type[Message]
    name: str
    decode: Callable[[Any, bytes, Encoding], Decoded[Any]] = decode_call
    optional: frozenset[str] = frozenset()
    check: Callable[[Any], None] = _any_call
    streams: bool = False

    def validate(self, call: Message) -> None:
        """Raise Invalid, with the API's beginning, unless the call is well formed."""
        try:
            check_shape(call, self.optional)
            self.check(call)
        except Invalid as error:
            raise Invalid(f"Failed to validate {self.name}: {error}", error.field) from None


class Endpoint(msgspec.Struct, frozen=True):
    """One path and all below it that has no endpoint of its own; without a `call` the handler reads the body itself."""

    path: str
    handler: Handler
    call: CallType | None = None
    methods: frozenset[str] = POST
    realm: str = ""
    standing: Callable[[], Standing] = _leading


class Endpoints:
    """All endpoints of one address."""

    def __init__(self, endpoints: Iterable[Endpoint]) -> None:
        self._by_path = {endpoint.path.rstrip("/"): endpoint for endpoint in endpoints}

    def find(self, path: str) -> Endpoint | None:
        """Give the endpoint with the longest path that begins `path`, by whole segments."""
        path = path.rstrip("/")
        while path:
            endpoint = self._by_path.get(path)
            if endpoint is not None:
                return endpoint
            path = path.rpartition("/")[0]
        return self._by_path.get("")
