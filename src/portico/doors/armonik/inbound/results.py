"""Requests about results, read."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from portico.control.calls.commands import CreateResults, DeleteData, ImportData
from portico.domain.calls.values import SMALL, Content, ResultDraft
from portico.domain.errors import Conflict, Invalid
from portico.doors.armonik.live import Objects
from portico.doors.armonik.transfers import Intake, store
from portico.wire.armonik import results_pb2 as pb

SLICE = 1_000
"""Results read before other work gets its turn."""


async def read_promises(request: pb.CreateResultsMetaDataRequest) -> CreateResults:
    """Read results whose data are to come."""
    drafts: list[ResultDraft] = []
    for start in range(0, len(request.results), SLICE):
        if start:
            await asyncio.sleep(0)
        drafts += [ResultDraft(one.name, None, one.manual_deletion) for one in request.results[start : start + SLICE]]
    return CreateResults(request.session_id, tuple(drafts))


async def read_contents(request: pb.CreateResultsRequest, objects: Objects) -> CreateResults:
    """Read results that bring their data; large ones are stored on the way."""
    drafts: list[ResultDraft] = []
    for count, one in enumerate(request.results, 1):
        data = one.data
        content = Content(len(data), data) if len(data) <= SMALL else await store(objects, data)
        drafts.append(ResultDraft(one.name, content, one.manual_deletion))
        if count % SLICE == 0:
            await asyncio.sleep(0)
    return CreateResults(request.session_id, tuple(drafts))


def read_import(request: pb.ImportResultsDataRequest) -> ImportData:
    """Read which results get which objects."""
    return ImportData(request.session_id, tuple((one.result_id, one.opaque_id) for one in request.results))


def read_deletion(request: pb.DeleteResultsDataRequest) -> DeleteData:
    """Read whose data are to be let go of."""
    return DeleteData(request.session_id, tuple(dict.fromkeys(request.result_id)))


Uploading = AsyncIterator[pb.UploadResultDataRequest]


async def read_identifier(requests: Uploading) -> pb.UploadResultDataRequest.ResultIdentifier:
    """Read the first message of an upload: which result it is for.

    A stream without any message is a Conflict (upstream's rule), one that begins with something else Invalid.
    """
    first = await anext(requests, None)
    if first is None:
        raise Conflict("The stream has no message")
    if first.WhichOneof("type") != "id":
        raise Invalid("the first message must say which result is uploaded", "id")
    return first.id


async def take_chunks(requests: Uploading, intake: Intake) -> None:
    """Take every further message of an upload, which must be data."""
    async for request in requests:
        if request.WhichOneof("type") != "data_chunk":
            raise Invalid("every message after the first must hold data", "data_chunk")
        await intake.take(request.data_chunk, "data_chunk")
