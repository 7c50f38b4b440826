"""Input of containers: the records of an ATTACH_CONTAINER_INPUT, given to the container as they come."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any, cast

from google.protobuf.message import Message

from portico.domain.errors import Invalid
from portico.doors.mesos.outpost.operator.attaching import INPUT, LOST, OVER, SIZE, Attached, size_of
from portico.wire.mesos import agent_pb2

_CHUNK = 256 << 10
_Input = agent_pb2.Call.AttachContainerInput
_IO = agent_pb2.ProcessIO


async def pour(records: AsyncIterator[Message], attached: Attached) -> None:
    """Give input until there is no more, or the container has ended; raises Invalid for a record that is no input."""
    over = asyncio.ensure_future(_end_of(attached))
    try:
        while True:
            following: asyncio.Future[Any] = asyncio.ensure_future(anext(records, None))
            try:
                await asyncio.wait((following, over), return_when=asyncio.FIRST_COMPLETED)
                if over.done():
                    return
                record = following.result()
            finally:
                await _cancelled(following)
            if record is None:
                return
            await give(cast("agent_pb2.Call", record), attached)
    except OSError:
        return  # the container ended while something was on its way
    finally:
        await _cancelled(over)


async def give(call: agent_pb2.Call, attached: Attached) -> None:
    """Pass one record on."""
    said = call.attach_container_input
    if call.type != agent_pb2.Call.ATTACH_CONTAINER_INPUT or said.type != _Input.PROCESS_IO:
        raise Invalid("Expecting 'attach_container_input.type' to be PROCESS_IO after the first record")
    if not said.HasField("process_io"):
        raise Invalid("Expecting 'attach_container_input.process_io' to be present")
    io = said.process_io
    if io.type == _IO.DATA:
        if not io.HasField("data") or io.data.type != _IO.Data.STDIN:
            raise Invalid("Expecting 'process_io.data.type' to be STDIN")
        data = io.data.data
        for start in range(0, max(1, len(data)), _CHUNK):
            await attached.say(INPUT, data[start : start + _CHUNK])
    elif io.type == _IO.CONTROL:
        await _control(io.control, attached)
    else:
        raise Invalid("Expecting 'process_io.type' to be DATA or CONTROL")


async def _control(control: agent_pb2.ProcessIO.Control, attached: Attached) -> None:
    if control.type == _IO.Control.HEARTBEAT:
        return
    if control.type != _IO.Control.TTY_INFO or not control.HasField("tty_info"):
        raise Invalid("Expecting 'process_io.control' to be a HEARTBEAT or TTY_INFO with 'tty_info' set")
    if control.tty_info.HasField("window_size"):
        window = control.tty_info.window_size
        await attached.say(SIZE, size_of(window.rows, window.columns))


async def _end_of(attached: Attached) -> None:
    """Wait until the container has ended."""
    kind = b"?"
    while kind not in (OVER, LOST):
        kind, _ = await attached.hear()


async def _cancelled(task: asyncio.Future[Any]) -> None:
    """End a task that is not needed any more."""
    if not task.done():
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
