"""The RPCs of armonik.api.grpc.v1.results.Results."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from typing import Any

import grpc.aio

from portico.control.calls.commands import PutContent
from portico.control.calls.queries import FindResults, GetResult, GetSession, Listed, ListResults
from portico.control.calls.sheets import RESULTS
from portico.domain.calls.naming import Kind
from portico.domain.calls.values import NewResults, Result
from portico.domain.errors import NotFound
from portico.doors.armonik.inbound.pages import read_list
from portico.doors.armonik.inbound.result_fields import RESULT_FIELDS
from portico.doors.armonik.inbound.results import (
    Uploading,
    read_contents,
    read_deletion,
    read_identifier,
    read_import,
    read_promises,
    take_chunks,
)
from portico.doors.armonik.live import LiveControl
from portico.doors.armonik.outbound.results import new_result_raws, result_raw, result_raws
from portico.doors.armonik.sending import add_encoded, in_slices
from portico.doors.armonik.transfers import CHUNK, Intake, read_whole
from portico.doors.armonik.watching import watch_results
from portico.wire.armonik import objects_pb2, results_pb2_grpc
from portico.wire.armonik import results_pb2 as pb

SERVICE = "armonik.api.grpc.v1.results.Results"
ENDLESS = frozenset({f"/{SERVICE}/WatchResults"})
"""Streams that go on until their client or the server ends them."""

NEW_AT_ONCE = 1_000
"""New results written before other work gets its turn."""

_MapResultTask = pb.GetOwnerTaskIdResponse.MapResultTask


class Results(results_pb2_grpc.ResultsServicer):
    """One method per RPC. Lists of results are answered as bytes, encoded in slices."""

    def __init__(self, control: LiveControl, chunk: int = CHUNK) -> None:
        self._control = control
        self._chunk = chunk

    # ---- what is known of them ---------------------------------------------------------------------------------

    async def ListResults(self, request: pb.ListResultsRequest, context: Any) -> Any:
        """Give a page of results as an encoded ListResultsResponse."""
        query = read_list(request, RESULTS.name, RESULT_FIELDS, self._control.calls.naming)
        listed: Listed = await self._control.ask(ListResults(query))
        page = pb.ListResultsResponse(page=request.page, page_size=request.page_size, total=listed.total)
        return await self._encode(listed.results) + page.SerializeToString()

    async def GetResult(self, request: pb.GetResultRequest, context: Any) -> pb.GetResultResponse:
        """Give one result."""
        result: Result = await self._control.ask(GetResult(request.result_id))
        return pb.GetResultResponse(result=result_raw(result, self._control.calls.naming))

    async def GetOwnerTaskId(self, request: pb.GetOwnerTaskIdRequest, context: Any) -> Any:
        """Give the tasks that are to bring the results that are known, as an encoded GetOwnerTaskIdResponse.

        Results are named by id; upstream gives their names there.
        """
        naming = self._control.calls.naming
        ids = tuple(dict.fromkeys(request.result_id))
        found: list[Result] = await self._control.ask(FindResults(ids))
        session = naming.number(Kind.SESSION, request.session_id)

        def write(some: Sequence[Result]) -> bytes:
            pairs = [_MapResultTask(result_id=naming.text(Kind.RESULT, one.number), task_id=one.owner) for one in some]
            return pb.GetOwnerTaskIdResponse(result_task=pairs).SerializeToString()

        pairs = await in_slices([result for result in found if result.session == session], write)
        return pairs + pb.GetOwnerTaskIdResponse(session_id=request.session_id).SerializeToString()

    async def WatchResults(
        self, request_iterator: AsyncIterator[pb.WatchResultRequest], context: Any
    ) -> AsyncIterator[pb.WatchResultResponse]:
        """Tell the states of results, and what becomes of them."""
        async with aclosing(watch_results(self._control, request_iterator)) as groups:
            async for status, ids in groups:
                yield pb.WatchResultResponse(status=status, result_ids=ids)

    # ---- creating ----------------------------------------------------------------------------------------------

    async def CreateResultsMetaData(self, request: pb.CreateResultsMetaDataRequest, context: Any) -> Any:
        """Add results without data, in order, as an encoded CreateResultsMetaDataResponse."""
        return await self._encode_new(await self._control.submit(await read_promises(request)))

    async def CreateResults(self, request: pb.CreateResultsRequest, context: Any) -> Any:
        """Add results with their data, in order, as an encoded CreateResultsResponse."""
        command = await read_contents(request, self._control.calls.objects)
        return await self._encode_new(await self._control.submit(command))

    # ---- data --------------------------------------------------------------------------------------------------

    async def UploadResultData(self, request_iterator: Uploading, context: Any) -> pb.UploadResultDataResponse:
        """Take the data of a result; it changes when all of them have come."""
        named = await read_identifier(request_iterator)
        await self._require(named.session_id, named.result_id)
        async with Intake(self._control.calls.objects) as intake:
            await take_chunks(request_iterator, intake)
            content = await intake.finish()
        result: Result = await self._control.submit(PutContent(named.session_id, named.result_id, content))
        return pb.UploadResultDataResponse(result=result_raw(result, self._control.calls.naming))

    async def _require(self, session: str, identity: str) -> None:
        """Refuse an upload before its data are read, where it would be refused afterwards."""
        await self._control.ask(GetSession(session))
        result: Result = await self._control.ask(GetResult(identity))
        if result.session != self._control.calls.naming.number(Kind.SESSION, session):
            raise NotFound(f"Result was not found: {identity}")

    async def DownloadResultData(
        self, request: pb.DownloadResultDataRequest, context: Any
    ) -> AsyncIterator[pb.DownloadResultDataResponse]:
        """Give the data of a result, in pieces."""
        async with aclosing(read_whole(self._control, request.session_id, request.result_id)) as pieces:
            async for piece in pieces:
                yield pb.DownloadResultDataResponse(data_chunk=piece)

    async def DeleteResultsData(
        self, request: pb.DeleteResultsDataRequest, context: Any
    ) -> pb.DeleteResultsDataResponse:
        """Let go of the data of results; all ids are given back, unknown ones too (upstream's rule)."""
        await self._control.submit(read_deletion(request))
        return pb.DeleteResultsDataResponse(session_id=request.session_id, result_id=request.result_id)

    async def ImportResultsData(self, request: pb.ImportResultsDataRequest, context: Any) -> Any:
        """Give results data that are stored already, as an encoded ImportResultsDataResponse."""
        return await self._encode(await self._control.submit(read_import(request)))

    async def GetServiceConfiguration(
        self, request: objects_pb2.Empty, context: Any
    ) -> pb.ResultsServiceConfigurationResponse:
        """Tell how large pieces of data should be."""
        return pb.ResultsServiceConfigurationResponse(data_chunk_max_size=self._chunk)

    async def _encode(self, results: Sequence[Result]) -> bytes:
        naming = self._control.calls.naming
        return await in_slices(results, lambda some: result_raws(some, naming))

    async def _encode_new(self, new: NewResults) -> bytes:
        naming, session, at = self._control.calls.naming, new.session, new.created_at
        rows = list(zip(new.texts, new.drafts, strict=True))
        return await in_slices(rows, lambda some: new_result_raws(some, session, at, naming), NEW_AT_ONCE)


def add_to_server(service: Results, server: grpc.aio.Server) -> None:
    """Register the RPCs."""
    results_pb2_grpc.add_ResultsServicer_to_server(service, server)
    add_encoded(
        server,
        SERVICE,
        {
            "ListResults": (pb.ListResultsRequest, service.ListResults),
            "GetOwnerTaskId": (pb.GetOwnerTaskIdRequest, service.GetOwnerTaskId),
            "CreateResultsMetaData": (pb.CreateResultsMetaDataRequest, service.CreateResultsMetaData),
            "CreateResults": (pb.CreateResultsRequest, service.CreateResults),
            "ImportResultsData": (pb.ImportResultsDataRequest, service.ImportResultsData),
        },
    )
