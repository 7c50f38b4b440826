"""Streams of large tasks: read as they should be, or refused by the message that is wrong."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portico.control.calls.objects_in_memory import MemoryObjects
from portico.domain.calls.values import SMALL
from portico.domain.errors import Invalid
from portico.doors.armonik.inbound.large_tasks import LargeTasks, read_small_tasks
from portico.doors.armonik.transfers import MOST_CHUNK
from portico.wire.armonik import objects_pb2
from portico.wire.armonik.submitter_pb2 import CreateLargeTaskRequest, CreateSmallTaskRequest

INIT = CreateLargeTaskRequest(init_request=CreateLargeTaskRequest.InitRequest(session_id="s"))
LAST = CreateLargeTaskRequest(init_task=objects_pb2.InitTaskRequest(last_task=True))
COMPLETE = CreateLargeTaskRequest(task_payload=objects_pb2.DataChunk(data_complete=True))
EMPTY = CreateLargeTaskRequest()


def header(*outputs):
    return CreateLargeTaskRequest(
        init_task=objects_pb2.InitTaskRequest(header=objects_pb2.TaskRequestHeader(expected_output_keys=outputs))
    )


def data(content):
    return CreateLargeTaskRequest(task_payload=objects_pb2.DataChunk(data=content))


async def read(messages, objects=None):
    async def coming():
        for message in messages:
            yield message

    stream = LargeTasks(coming(), objects or MemoryObjects())
    init = await stream.begin()
    return init.session_id, [payload async for payload in stream.payloads()]


def refused(*messages):
    with pytest.raises(Invalid) as caught:
        asyncio.run(read(messages))
    return caught.value.field


def test_tasks_come_with_all_of_their_data():
    objects = MemoryObjects()
    large = bytes(SMALL + 1)
    messages = [INIT, header("a", "b"), data(b"x"), data(b"y"), COMPLETE, header(), data(large), COMPLETE, header()]
    session, payloads = asyncio.run(read([*messages, COMPLETE, LAST, EMPTY], objects))
    assert session == "s"
    assert [payload.outputs for payload in payloads] == [("a", "b"), (), ()]
    assert [payload.content.inline for payload in payloads] == [b"xy", None, b""]
    assert objects.data[payloads[1].content.large] == large


def test_the_message_that_is_wrong_is_named():
    assert refused() == "requests[0].init_request"
    assert refused(LAST) == "requests[0].init_task"
    assert refused(INIT) == "requests[1].init_task"
    assert refused(INIT, INIT) == "requests[1].init_request"
    assert refused(INIT, EMPTY) == "requests[1].type"
    assert refused(INIT, data(b"")) == "requests[1].task_payload"
    assert refused(INIT, header(), LAST) == "requests[2].init_task"
    assert refused(INIT, header(), data(b"x")) == "requests[3].task_payload"
    assert refused(INIT, header(), COMPLETE) == "requests[3].init_task"
    nothing = CreateLargeTaskRequest(task_payload=objects_pb2.DataChunk())
    assert refused(INIT, header(), nothing) == "requests[2].task_payload"
    unfinished = CreateLargeTaskRequest(task_payload=objects_pb2.DataChunk(data_complete=False))
    assert refused(INIT, header(), unfinished) == "requests[2].task_payload"
    assert refused(INIT, header(), data(bytes(MOST_CHUNK + 1))) == "requests[2].task_payload.data"
    not_last = CreateLargeTaskRequest(init_task=objects_pb2.InitTaskRequest(last_task=False))
    assert refused(INIT, not_last) == "requests[1].init_task.last_task"
    assert refused(INIT, CreateLargeTaskRequest(init_task=objects_pb2.InitTaskRequest())) == "requests[1].init_task"


MESSAGES = st.sampled_from([INIT, LAST, COMPLETE, EMPTY, header("a"), data(b"x"), data(b"")])


@given(st.lists(MESSAGES, max_size=8))
def test_any_stream_is_read_or_refused(messages):
    try:
        _, payloads = asyncio.run(read(messages))
    except Invalid as error:
        assert error.field.startswith("requests[")
    else:
        assert LAST in messages
        assert len(payloads) == messages[: messages.index(LAST)].count(COMPLETE)


def test_small_tasks_need_payloads():
    async def small(*payloads):
        request = CreateSmallTaskRequest(task_requests=[objects_pb2.TaskRequest(payload=each) for each in payloads])
        return [payload.content.size async for payload in read_small_tasks(request, MemoryObjects())]

    assert asyncio.run(small(b"x", bytes(SMALL + 1))) == [1, SMALL + 1]
    with pytest.raises(Invalid) as caught:
        asyncio.run(small(b"x", b""))
    assert caught.value.field == "task_requests[1].payload"
