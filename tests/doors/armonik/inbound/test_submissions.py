"""Submissions."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portico.control.calls.commands import CallRequest, SubmitCalls
from portico.domain.calls.values import OptionsPatch
from portico.domain.errors import Invalid
from portico.doors.armonik.inbound.submissions import SLICE, read_submission
from portico.doors.armonik.outbound.tasks import task_infos
from portico.wire.armonik.objects_pb2 import TaskOptions
from portico.wire.armonik.tasks_pb2 import SubmitTasksRequest, SubmitTasksResponse

Creation = SubmitTasksRequest.TaskCreation


def read(request):
    return asyncio.run(read_submission(request))


def test_a_submission_is_read_whole():
    request = SubmitTasksRequest(
        session_id="s",
        task_options=TaskOptions(priority=3),
        task_creations=[
            Creation(payload_id="p", expected_output_keys=["a", "b"], data_dependencies=["c"]),
            Creation(payload_id="q", task_options=TaskOptions(partition_id="x")),
            Creation(task_options=TaskOptions()),
        ],
    )
    assert read(request) == SubmitCalls(
        "s",
        (
            CallRequest("p", ("a", "b"), ("c",)),
            CallRequest("q", (), (), OptionsPatch(partition="x")),
            CallRequest("", (), (), OptionsPatch()),
        ),
        OptionsPatch(priority=3),
    )
    assert read(SubmitTasksRequest(task_creations=[Creation()])).options is None


def test_equal_options_are_one_value():
    options = TaskOptions(options={"a": "b"}, priority=2)
    calls = read(SubmitTasksRequest(task_creations=[Creation(task_options=options)] * 3)).calls
    assert calls[0].options is calls[1].options is calls[2].options


def test_more_than_a_slice_keeps_its_order():
    request = SubmitTasksRequest(task_creations=[Creation(payload_id=str(n)) for n in range(2 * SLICE + 5)])
    calls = read(request).calls
    assert [call.payload for call in calls] == [str(n) for n in range(2 * SLICE + 5)]


@pytest.mark.parametrize(
    ("request_", "field"),
    [
        (SubmitTasksRequest(session_id="s"), "task_creations"),
        (
            SubmitTasksRequest(task_creations=[Creation()], task_options=TaskOptions(max_retries=-1)),
            "task_options.max_retries",
        ),
        (
            SubmitTasksRequest(
                task_creations=[Creation()] * SLICE + [Creation(task_options=TaskOptions(priority=-2))],
            ),
            f"task_creations[{SLICE}].task_options.priority",
        ),
    ],
)
def test_what_is_wrong_is_named(request_, field):
    with pytest.raises(Invalid) as caught:
        read(request_)
    assert caught.value.field == field


IDS = st.sampled_from(["t", "é" * 36, *("0123456789abcdef"[n] * 36 for n in range(4))])


@given(st.lists(st.tuples(IDS, IDS, st.lists(IDS, max_size=2), st.lists(IDS, max_size=1)), max_size=5))
def test_tasks_are_answered_as_they_were_asked_for(tasks):
    written = task_infos(
        [(task, CallRequest(payload, tuple(outs), tuple(needs))) for task, payload, outs, needs in tasks]
    )
    assert SubmitTasksResponse.FromString(written) == SubmitTasksResponse(
        task_infos=[
            SubmitTasksResponse.TaskInfo(
                task_id=task, payload_id=payload, expected_output_ids=outs, data_dependencies=needs
            )
            for task, payload, outs, needs in tasks
        ]
    )
