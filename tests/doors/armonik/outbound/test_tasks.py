"""Tasks as they are shown."""

import msgspec
import pytest
from doors.armonik.shelf import CALL_VALUES, NAMING, call_text, options, result_text, session_text

from portico.domain.calls.states import CallState
from portico.domain.calls.values import Call, Links
from portico.doors.armonik.outbound.tasks import task_detailed, task_summary
from portico.wire.armonik.tasks_pb2 import TaskDetailed, TaskSummary

PLAIN = Call(
    number=1,
    id=call_text(1),
    session=1,
    state=CallState.SUBMITTED,
    options=options(1),
    payload=5,
    links=Links((6, 7), (8,), (session_text(1), "parent"), ()),
    initial=call_text(1),
    created_by="",
    created_at=1_000_000,
)


def changed(**facts):
    return msgspec.structs.replace(PLAIN, **facts)


def test_both_messages_say_the_same():
    counts = {"count_parent_task_ids", "count_data_dependencies", "count_expected_output_ids", "count_retry_of_ids"}
    shared = {field.name for field in TaskSummary.DESCRIPTOR.fields} - counts - {"error"}
    for call in CALL_VALUES:
        summary, detailed = task_summary(call, NAMING), task_detailed(call, NAMING)
        for name in shared:
            assert getattr(summary, name) == getattr(detailed, name), name
        for name in counts:
            assert getattr(summary, name) == len(getattr(detailed, name.removeprefix("count_")))
        assert summary.error == detailed.output.error


def test_ids_are_texts():
    shown = task_detailed(PLAIN, NAMING)
    assert shown.id == shown.initial_task_id == call_text(1)
    assert shown.session_id == session_text(1)
    assert shown.payload_id == result_text(5)
    assert list(shown.expected_output_ids) == [result_text(6), result_text(7)]
    assert list(shown.data_dependencies) == [result_text(8)]
    assert list(shown.parent_task_ids) == [session_text(1), "parent"]


def test_durations_are_known_once_it_has_ended():
    assert not task_summary(PLAIN, NAMING).HasField("creation_to_end_duration")
    shown = task_summary(changed(received_at=1_500_000, started_at=2_000_000, ended_at=4_000_001), NAMING)
    assert shown.creation_to_end_duration.ToMicroseconds() == 3_000_001
    assert shown.received_to_end_duration.ToMicroseconds() == 2_500_001
    assert shown.processing_to_end_duration.ToMicroseconds() == 2_000_001
    assert shown.ended_at.ToMicroseconds() == 4_000_001
    assert not shown.HasField("pod_ttl")


@pytest.mark.parametrize(
    ("error", "retry_of", "output"),
    [
        (None, (), TaskDetailed.Output(success=True)),
        (None, ("first",), TaskDetailed.Output(success=False)),
        ("", ("first",), TaskDetailed.Output(success=True)),
        ("went wrong", (), TaskDetailed.Output(success=False, error="went wrong")),
    ],
)
def test_what_came_of_it(error, retry_of, output):
    call = changed(error=error, links=Links(retry_of=retry_of))
    assert task_detailed(call, NAMING).output == output
    assert task_summary(call, NAMING).error == output.error
