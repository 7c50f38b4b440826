"""SubmitTasks, read: a thousand tasks in a few milliseconds, any number without holding up the loop.

Promises: tasks that say the same options share one value; what is wrong names its place.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from portico.control.calls.commands import CallRequest, SubmitCalls
from portico.domain.calls.values import OptionsPatch
from portico.domain.errors import Invalid
from portico.doors.armonik.inbound.options import read_patch
from portico.wire.armonik.tasks_pb2 import SubmitTasksRequest

SLICE = 1_000
"""Tasks read, or answered, before other work gets its turn."""

_Creation = SubmitTasksRequest.TaskCreation


async def read_submission(request: SubmitTasksRequest) -> SubmitCalls:
    """Read a request to add tasks to a session."""
    creations = request.task_creations
    if not creations:
        raise Invalid("is empty", "task_creations")
    options = read_patch(request.task_options, "task_options") if request.HasField("task_options") else None
    patches: dict[bytes, OptionsPatch] = {}
    calls = _read(creations[:SLICE], patches, 0)
    for start in range(SLICE, len(creations), SLICE):
        await asyncio.sleep(0)
        calls += _read(creations[start : start + SLICE], patches, start)
    return SubmitCalls(request.session_id, tuple(calls), options)


def _read(creations: Sequence[_Creation], patches: dict[bytes, OptionsPatch], start: int) -> list[CallRequest]:
    return [
        CallRequest(
            one.payload_id,
            tuple(one.expected_output_keys[:]),
            tuple(one.data_dependencies[:]),
            _patch(one, patches, start + index) if one.HasField("task_options") else None,
        )
        for index, one in enumerate(creations)
    ]


def _patch(one: _Creation, patches: dict[bytes, OptionsPatch], index: int) -> OptionsPatch:
    """Read a task's own options, or find them among those that were read."""
    encoded = one.task_options.SerializeToString()
    patch = patches.get(encoded)
    if patch is None:
        patch = patches[encoded] = read_patch(one.task_options, f"task_creations[{index}].task_options")
    return patch
