"""Tasks with their payloads, read: small ones from one message, large ones from a stream.

Owns the order in which messages may come in a stream: init_request, then for each task a header, data and
data_complete, and at last last_task. Promises: anything else is Invalid and names the message; a stream that ends
before last_task is refused. Of a large payload one piece is in memory at a time.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator

import msgspec

from portico.domain.calls.values import Content
from portico.domain.errors import Invalid
from portico.doors.armonik.live import Objects
from portico.doors.armonik.transfers import Intake, store
from portico.wire.armonik.submitter_pb2 import CreateLargeTaskRequest, CreateSmallTaskRequest


class Payload(msgspec.Struct, frozen=True):
    """A task to create, with its data."""

    content: Content
    outputs: tuple[str, ...]
    dependencies: tuple[str, ...]
    name: str = ""
    """Of the result that its data become."""


async def read_small_tasks(request: CreateSmallTaskRequest, objects: Objects) -> AsyncGenerator[Payload]:
    """Yield the tasks of a message; one without a payload is Invalid (upstream's rule)."""
    for index, task in enumerate(request.task_requests):
        if not task.payload:
            raise Invalid("is empty", f"task_requests[{index}].payload")
        content = await store(objects, task.payload)
        yield Payload(content, tuple(task.expected_output_keys), tuple(task.data_dependencies), task.payload_name)


class LargeTasks:
    """One stream, read from its beginning to its end."""

    def __init__(self, requests: AsyncIterator[CreateLargeTaskRequest], objects: Objects) -> None:
        self._requests = requests
        self._objects = objects
        self._index = -1

    async def begin(self) -> CreateLargeTaskRequest.InitRequest:
        """Read what all tasks have in common."""
        return (await self._next("init_request")).init_request

    async def payloads(self) -> AsyncGenerator[Payload]:
        """Yield the tasks as they come."""
        while True:
            init = (await self._next("init_task")).init_task
            if init.WhichOneof("type") == "last_task":
                if not init.last_task:
                    raise Invalid("is false", self._place("init_task.last_task"))
                return
            if init.WhichOneof("type") is None:
                raise Invalid("neither begins a task nor ends the stream", self._place("init_task"))
            header = init.header
            content = await self._data()
            yield Payload(content, tuple(header.expected_output_keys), tuple(header.data_dependencies))

    async def _data(self) -> Content:
        async with Intake(self._objects) as intake:
            while True:
                chunk = (await self._next("task_payload")).task_payload
                match chunk.WhichOneof("type"):
                    case "data":
                        await intake.take(chunk.data, self._place("task_payload.data"))
                    case "data_complete" if chunk.data_complete:
                        return await intake.finish()
                    case _:
                        raise Invalid("neither holds data nor ends them", self._place("task_payload"))

    async def _next(self, member: str) -> CreateLargeTaskRequest:
        request = await anext(self._requests, None)
        self._index += 1
        if request is None:
            raise Invalid(f"the stream ends where {member} must come", self._place(member))
        if request.WhichOneof("type") != member:
            raise Invalid(f"{member} must come here", self._place(request.WhichOneof("type") or "type"))
        return request

    def _place(self, name: str) -> str:
        return f"requests[{self._index}].{name}"
