"""Replies of the older service, written."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from portico.control.calls.commands import CallRequest
from portico.domain.calls.states import CallState
from portico.domain.calls.values import Call
from portico.doors.armonik.states import TASK_STATUSES
from portico.wire.armonik import objects_pb2
from portico.wire.armonik import submitter_pb2 as pb

_Status = pb.CreateTaskReply.CreationStatus


def created(tasks: Iterable[tuple[str, CallRequest]]) -> pb.CreateTaskReply:
    """Write the tasks that were created, in order."""
    statuses = [
        _Status(
            task_info=pb.CreateTaskReply.TaskInfo(
                task_id=identity,
                expected_output_keys=request.outputs,
                data_dependencies=request.dependencies,
                payload_id=request.payload,
            )
        )
        for identity, request in tasks
    ]
    return pb.CreateTaskReply(creation_status_list=pb.CreateTaskReply.CreationStatusList(creation_statuses=statuses))


def count(counts: Mapping[CallState, int]) -> objects_pb2.Count:
    """Write counts by status."""
    return objects_pb2.Count(
        values=[
            objects_pb2.StatusCount(status=TASK_STATUSES[state], count=number)
            for state, number in sorted(counts.items())
            if number
        ]
    )


def task_error(owner: Call | None) -> objects_pb2.TaskError:
    """Write why a result will not come; of one without a task there is nothing to say."""
    if owner is None:
        return objects_pb2.TaskError()
    error = objects_pb2.Error(task_status=TASK_STATUSES[owner.state], detail=owner.error or "")
    return objects_pb2.TaskError(task_id=owner.id, errors=[error])


def output(call: Call) -> objects_pb2.Output:
    """Write what came of a task; one that has no output yet counts as upstream has it at its beginning: a first try as
    a success, a later one not."""
    if call.error or (call.error is None and call.links.retry_of):
        return objects_pb2.Output(error=objects_pb2.Output.Error(details=call.error or ""))
    return objects_pb2.Output(ok=objects_pb2.Empty())
