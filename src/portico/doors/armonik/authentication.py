"""The RPC of armonik.api.grpc.v1.auth.Authentication: who the caller is."""

from __future__ import annotations

from typing import Any

import grpc.aio

from portico.doors.armonik.access import Access
from portico.wire.armonik import auth_pb2, auth_pb2_grpc


class AuthenticationService(auth_pb2_grpc.AuthenticationServicer):
    """Tells callers who they are, and what they may do."""

    def __init__(self, access: Access) -> None:
        self._access = access

    async def GetCurrentUser(
        self, _request: auth_pb2.GetCurrentUserRequest, context: grpc.aio.ServicerContext[Any, Any]
    ) -> auth_pb2.GetCurrentUserResponse:
        """Give the caller; with permissions in order, so that answers can be compared."""
        user = self._access.user_of(context)
        told = auth_pb2.User(username=user.username, roles=user.roles, permissions=sorted(user.permissions))
        return auth_pb2.GetCurrentUserResponse(user=told)
