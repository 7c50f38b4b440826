"""Who may call which RPC: one guard around every service of the door, put there when it is registered.

Promises: an RPC that is not named by a permission is never reached by somebody who has to have one; where nobody has
to say who they are, a call costs nothing more. What headers say of a caller counts only if the configuration trusts
whoever sets them.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from contextlib import aclosing
from functools import partial
from inspect import isasyncgenfunction, iscoroutinefunction
from typing import TYPE_CHECKING, Any, Protocol, cast

import grpc
import grpc.aio
import msgspec

from portico.doors.armonik.errors import Refused
from portico.doors.armonik.users import User, Users

if TYPE_CHECKING:
    from portico.settings import ArmonikAuth

Context = grpc.aio.ServicerContext[Any, Any]
Add = Callable[[grpc.aio.Server], None]
PermissionOf = Callable[[str, str], str]
"""Names the permission that an RPC of a service (its full name) asks for, "" for none."""

COMMON_NAME = "x-certificate-client-cn"
FINGERPRINT = "x-certificate-client-fingerprint"
ACT_AS_NAME = "x-impersonate-username"
ACT_AS_ID = "x-impersonate-id"
_MOST_REMEMBERED = 1_024


class Proof(Protocol):
    """What a verified certificate says."""

    @property
    def common_name(self) -> str:
        """Whose it is."""
        ...

    @property
    def fingerprints(self) -> tuple[str, ...]:
        """Of the certificate, in lower-case hexadecimal digits."""
        ...


class Claim(msgspec.Struct, frozen=True):
    """What one call says of its caller."""

    common_name: str
    fingerprints: tuple[str, ...] = ()
    act_as: str = ""


class Access:
    """Knows callers; `peer_of` gives what the connection of a call proves."""

    def __init__(
        self, auth: ArmonikAuth, permissions: Iterable[str], peer_of: Callable[[Context], Proof | None]
    ) -> None:
        self._users = Users(auth, permissions)
        self._trusts_headers = auth.trusted_headers
        self._peer_of = peer_of
        self._remembered: OrderedDict[Claim, User] = OrderedDict()
        self.open_to_all = not auth.require_authentication

    def user_of(self, context: Context) -> User:
        """Give who calls; raises Refused with UNAUTHENTICATED or PERMISSION_DENIED."""
        if self.open_to_all:
            return self._users.anonymous
        claim = self._claim(context)
        user = self._remembered.get(claim)
        if user is None:
            user = self._remembered[claim] = self._find(claim)
            if len(self._remembered) > _MOST_REMEMBERED:
                self._remembered.popitem(last=False)
        return user

    def check(self, permission: str, context: Context) -> None:
        """Raise Refused unless whoever calls has a permission."""
        user = self.user_of(context)
        if not user.may(permission):
            raise Refused(grpc.StatusCode.PERMISSION_DENIED, f"{user.username} has no permission for {permission}")

    def _claim(self, context: Context) -> Claim:
        said = {name: value for name, value in context.invocation_metadata() or () if isinstance(value, str)}
        act_as = said.get(ACT_AS_NAME, "") or said.get(ACT_AS_ID, "")
        if self._trusts_headers and COMMON_NAME in said:
            fingerprint = said.get(FINGERPRINT, "").replace(":", "").lower()
            return Claim(said[COMMON_NAME], (fingerprint,) if fingerprint else (), act_as)
        proof = self._peer_of(context)
        if proof is None:
            raise Refused(grpc.StatusCode.UNAUTHENTICATED, "Missing certificate: this server wants to know its callers")
        return Claim(proof.common_name, proof.fingerprints, act_as)

    def _find(self, claim: Claim) -> User:
        user = self._users.certified(claim.common_name, claim.fingerprints)
        if user is None:
            raise Refused(
                grpc.StatusCode.UNAUTHENTICATED, f"Unknown certificate: {claim.common_name!a} is no user here"
            )
        if not claim.act_as:
            return user
        other = self._users.named(claim.act_as)
        if other is None:
            raise Refused(grpc.StatusCode.UNAUTHENTICATED, f"Unknown user: nobody here is {claim.act_as!a}")
        if not user.may_act_as(other):
            raise Refused(grpc.StatusCode.PERMISSION_DENIED, f"{user.username} may not act as {other.username}")
        return other


def guarded(add: Add, access: Access, permission_of: PermissionOf) -> Add:
    """Give a function that adds the same services, each RPC behind its permission."""
    if access.open_to_all:
        return add

    def add_guarded(server: grpc.aio.Server) -> None:
        # Generated functions call two methods of a server and no other.
        add(cast("grpc.aio.Server", _Guarding(server, access, permission_of)))

    return add_guarded


class _Guarding:
    """Stands in for the server while services are added."""

    def __init__(self, server: grpc.aio.Server, access: Access, permission_of: PermissionOf) -> None:
        self._server = server
        self._access = access
        self._permission_of = permission_of

    def add_generic_rpc_handlers(self, handlers: Iterable[grpc.GenericRpcHandler]) -> None:
        """Add RPCs that are asked for one by one."""
        self._server.add_generic_rpc_handlers(tuple(_GuardedRpcs(handler, self._guard) for handler in handlers))

    def add_registered_method_handlers(self, service: str, handlers: Mapping[str, Any]) -> None:
        """Add RPCs by name."""
        self._server.add_registered_method_handlers(
            service, {rpc: self._guard(service, rpc, handler) for rpc, handler in handlers.items()}
        )

    def _guard(self, service: str, rpc: str, handler: Any) -> Any:
        permission = self._permission_of(service, rpc)
        if not permission:
            return handler
        check = partial(self._access.check, permission)
        kinds = ("unary_unary", "unary_stream", "stream_unary", "stream_stream")
        kind = next(name for name in kinds if getattr(handler, name) is not None)
        return handler._replace(**{kind: _checked(getattr(handler, kind), check)})


class _GuardedRpcs(grpc.GenericRpcHandler):
    """RPCs that are asked for one by one, each behind its permission."""

    def __init__(self, inner: grpc.GenericRpcHandler, guard: Callable[[str, str, Any], Any]) -> None:
        self._inner = inner
        self._guard = guard

    def service(self, handler_call_details: grpc.HandlerCallDetails) -> Any:
        """Give the handler of an RPC, None if it is not among these."""
        found = self._inner.service(handler_call_details)
        if found is None:
            return None
        service, _, rpc = handler_call_details.method.removeprefix("/").partition("/")
        return self._guard(service, rpc, found)


def _checked(behaviour: Any, check: Callable[[Context], None]) -> Any:
    """Give a behaviour of the same kind that checks first."""
    if isasyncgenfunction(behaviour):

        async def stream(request: Any, context: Context) -> AsyncIterator[Any]:
            check(context)
            async with aclosing(behaviour(request, context)) as messages:
                async for message in messages:
                    yield message

        return stream
    if iscoroutinefunction(behaviour):

        async def once(request: Any, context: Context) -> Any:
            check(context)
            return await behaviour(request, context)

        return once
    return behaviour  # the stand-in for an RPC that nobody serves
