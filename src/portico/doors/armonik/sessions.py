"""The RPCs of armonik.api.grpc.v1.sessions.Sessions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import grpc.aio

from portico.control.calls.commands import ChangeSession, SessionChange, StopSubmission
from portico.control.calls.queries import GetSession, Listed, ListSessions
from portico.control.calls.sheets import SESSIONS
from portico.control.commands import Command
from portico.domain.calls.naming import Kind
from portico.domain.calls.values import Session
from portico.doors.armonik.control import Control
from portico.doors.armonik.inbound.pages import read_list
from portico.doors.armonik.inbound.session_fields import SESSION_FIELDS
from portico.doors.armonik.inbound.sessions import read_creation
from portico.doors.armonik.outbound.sessions import session_raw
from portico.doors.armonik.sending import add_encoded, in_slices
from portico.wire.armonik import sessions_pb2 as pb
from portico.wire.armonik import sessions_pb2_grpc

SERVICE = "armonik.api.grpc.v1.sessions.Sessions"


class Sessions(sessions_pb2_grpc.SessionsServicer):
    """One method per RPC."""

    def __init__(self, control: Control) -> None:
        self._control = control

    async def ListSessions(self, request: pb.ListSessionsRequest, context: Any) -> Any:
        """Give a page of sessions as an encoded ListSessionsResponse; options are always given (upstream's rule)."""
        naming = self._control.calls.naming
        query = read_list(request, SESSIONS.name, SESSION_FIELDS, naming)
        listed: Listed = await self._control.ask(ListSessions(query))

        def write(rows: Sequence[Session]) -> bytes:
            raws = [session_raw(session, naming) for session in rows]
            return pb.ListSessionsResponse(sessions=raws).SerializeToString()

        page = pb.ListSessionsResponse(page=request.page, page_size=request.page_size, total=listed.total)
        return await in_slices(listed.sessions, write) + page.SerializeToString()

    async def GetSession(self, request: pb.GetSessionRequest, context: Any) -> pb.GetSessionResponse:
        """Give one session."""
        session = await self._control.ask(GetSession(request.session_id))
        return pb.GetSessionResponse(session=self._raw(session))

    async def CreateSession(self, request: pb.CreateSessionRequest, context: Any) -> pb.CreateSessionReply:
        """Begin a session."""
        options = request.default_task_option if request.HasField("default_task_option") else None
        session = await self._control.submit(read_creation(options, list(request.partition_ids)))
        return pb.CreateSessionReply(session_id=self._control.calls.naming.text(Kind.SESSION, session.number))

    async def PauseSession(self, request: pb.PauseSessionRequest, context: Any) -> pb.PauseSessionResponse:
        """Let no further task of a session begin."""
        return pb.PauseSessionResponse(session=await self._change(request.session_id, SessionChange.PAUSE))

    async def ResumeSession(self, request: pb.ResumeSessionRequest, context: Any) -> pb.ResumeSessionResponse:
        """Let a paused session go on."""
        return pb.ResumeSessionResponse(session=await self._change(request.session_id, SessionChange.RESUME))

    async def CloseSession(self, request: pb.CloseSessionRequest, context: Any) -> pb.CloseSessionResponse:
        """Take no more tasks; what is still queued will not run."""
        return pb.CloseSessionResponse(session=await self._change(request.session_id, SessionChange.CLOSE))

    async def CancelSession(self, request: pb.CancelSessionRequest, context: Any) -> pb.CancelSessionResponse:
        """Cancel a session with all its tasks."""
        return pb.CancelSessionResponse(session=await self._change(request.session_id, SessionChange.CANCEL))

    async def PurgeSession(self, request: pb.PurgeSessionRequest, context: Any) -> pb.PurgeSessionResponse:
        """Let go of the data of an ended session."""
        return pb.PurgeSessionResponse(session=await self._change(request.session_id, SessionChange.PURGE))

    async def DeleteSession(self, request: pb.DeleteSessionRequest, context: Any) -> pb.DeleteSessionResponse:
        """Forget a session with all that is in it; one that is unknown counts as deleted."""
        session: Session = await self._control.submit(ChangeSession(request.session_id, SessionChange.DELETE))
        raw = self._raw(session)
        raw.session_id = request.session_id
        return pb.DeleteSessionResponse(session=raw)

    async def StopSubmission(self, request: pb.StopSubmissionRequest, context: Any) -> pb.StopSubmissionResponse:
        """Take no more tasks from clients, from workers, or from both."""
        return pb.StopSubmissionResponse(
            session=await self._do(StopSubmission(request.session_id, client=request.client, worker=request.worker))
        )

    async def _change(self, session: str, change: SessionChange) -> pb.SessionRaw:
        return await self._do(ChangeSession(session, change))

    async def _do(self, command: Command) -> pb.SessionRaw:
        return self._raw(await self._control.submit(command))

    def _raw(self, session: Session) -> pb.SessionRaw:
        return session_raw(session, self._control.calls.naming)


def add_to_server(service: Sessions, server: grpc.aio.Server) -> None:
    """Register the RPCs."""
    sessions_pb2_grpc.add_SessionsServicer_to_server(service, server)
    add_encoded(server, SERVICE, {"ListSessions": (pb.ListSessionsRequest, service.ListSessions)})
