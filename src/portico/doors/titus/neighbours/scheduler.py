"""SchedulerService: why a task has no node yet, told from the cluster as it is now.

System selectors are not served: where a task may run follows from its constraints, the pools and the nodes' states.
Promises: a stream ends with the first event that says the task is placed or over.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable
from contextlib import aclosing
from typing import Any, cast

from google.protobuf import empty_pb2

from portico.control.explaining import ExplainRun, Explanation
from portico.domain.runs import RunState
from portico.doors.titus import errors
from portico.doors.titus.control import Asking
from portico.doors.titus.extension.looking import FindTask
from portico.doors.titus.extension.records import TitusTask
from portico.doors.titus.inbound.identities import task_id
from portico.wire.titus import scheduler_api_pb2 as pb
from portico.wire.titus import scheduler_api_pb2_grpc

NO_SELECTORS = (
    "system selectors are not served: where tasks may run follows from their constraints, from the pools of capacity "
    "groups, and from which nodes are drained"
)


class Scheduler(scheduler_api_pb2_grpc.SchedulerServiceServicer):
    """The servicer; `explanations` tells of one Run until it has a node or is over."""

    def __init__(self, control: Asking, explanations: Callable[[str], AsyncIterator[Explanation]]) -> None:
        self._control = control
        self._explanations = explanations

    async def GetSchedulingResult(self, request: pb.SchedulingResultRequest, context: Any) -> pb.SchedulingResultEvent:
        """Tell how far a task is in finding a node."""
        task = await self._task(request)
        if task.finished:
            return _over(task)
        found: Explanation = await self._control.ask(ExplainRun(task.id))
        return _told(found)

    async def ObserveSchedulingResults(
        self, request: pb.SchedulingResultRequest, context: Any
    ) -> AsyncIterator[pb.SchedulingResultEvent]:
        """Tell it now and whenever it is another, until the task is placed or over."""
        task = await self._task(request)
        if task.finished:
            yield _over(task)
            return
        told: pb.SchedulingResultEvent | None = None
        async with aclosing(cast("AsyncGenerator[Explanation]", self._explanations(task.id))) as explanations:
            async for found in explanations:
                event = _told(found)
                if event != told:
                    yield event
                told = event

    async def _task(self, request: pb.SchedulingResultRequest) -> TitusTask:
        task: TitusTask = await self._control.ask(FindTask(task_id(request.taskId)))
        return task

    # ---- system selectors --------------------------------------------------------------------------------------

    async def GetSystemSelectors(self, request: empty_pb2.Empty, context: Any) -> pb.SystemSelectors:
        """Refuse."""
        raise errors.unimplemented(NO_SELECTORS)

    async def GetSystemSelector(self, request: pb.SystemSelectorId, context: Any) -> pb.SystemSelector:
        """Refuse."""
        raise errors.unimplemented(NO_SELECTORS)

    async def CreateSystemSelector(self, request: pb.SystemSelector, context: Any) -> empty_pb2.Empty:
        """Refuse."""
        raise errors.unimplemented(NO_SELECTORS)

    async def UpdateSystemSelector(self, request: pb.SystemSelectorUpdate, context: Any) -> empty_pb2.Empty:
        """Refuse."""
        raise errors.unimplemented(NO_SELECTORS)

    async def DeleteSystemSelector(self, request: pb.SystemSelectorId, context: Any) -> empty_pb2.Empty:
        """Refuse."""
        raise errors.unimplemented(NO_SELECTORS)


def _over(task: TitusTask) -> pb.SchedulingResultEvent:
    return _success(f"The task is finished ({task.status.code})")


def _told(found: Explanation) -> pb.SchedulingResultEvent:
    if found.run.state is RunState.WAITING:
        return _failures(found)
    if found.run.ended:
        return _success("The task is over")
    return _success(f"The task is placed on {found.run.node}")


def _success(message: str) -> pb.SchedulingResultEvent:
    return pb.SchedulingResultEvent(success=pb.SchedulingResultEvent.Success(message=message))


def _failures(found: Explanation) -> pb.SchedulingResultEvent:
    """Write reasons; one that lies in no node counts once."""
    failures = [
        pb.SchedulingResultEvent.Failure(
            reason=reason.text, failureCount=max(1, reason.nodes), agentIdSamples=reason.samples
        )
        for reason in found.reasons
    ]
    return pb.SchedulingResultEvent(failures=pb.SchedulingResultEvent.Failures(failures=failures))
