"""TaskRelocationService: which tasks are to leave their nodes, when, and what became of it.

A few lines each; what they do is in `extension/relocating`. Promises: a watcher gets the present plans first and then
every change of them once, in order; one that does not keep up is cut off.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from portico.domain.events import Selector
from portico.doors.titus import errors
from portico.doors.titus.extension.eviction_commands import (
    FindRelocationResult,
    FindRelocationResults,
    FindRelocations,
    RelocationFilter,
)
from portico.doors.titus.extension.eviction_records import RELOCATIONS, RESULTS, Relocation, RelocationResult
from portico.doors.titus.extension.relocating import fits
from portico.wire.titus import task_relocation_api_pb2 as pb
from portico.wire.titus import task_relocation_api_pb2_grpc

if TYPE_CHECKING:
    from portico.control.plane import Plane
    from portico.domain.events import Event
    from portico.doors.titus.extension.relocating import Relocating

T = TypeVar("T", Relocation, RelocationResult)

_KEYS = frozenset({"jobIds", "taskIds", "applicationName", "appName", "capacityGroup"})
_WATCHED = Selector(tables=frozenset({RELOCATIONS.name, RESULTS.name}))


class TaskRelocationService(task_relocation_api_pb2_grpc.TaskRelocationServiceServicer):
    """The servicer."""

    def __init__(self, plane: Plane, relocating: Relocating) -> None:
        self._plane = plane
        self._relocating = relocating

    async def GetCurrentTaskRelocationPlans(
        self, request: pb.TaskRelocationQuery, context: Any
    ) -> pb.TaskRelocationPlans:
        """List the plans there are."""
        found: list[Relocation] = await self._plane.ask(FindRelocations(read_filter(request.filteringCriteria)))
        return pb.TaskRelocationPlans(plans=[_plan(plan) for plan in _page(request, found)])

    async def GetLatestTaskRelocationResults(
        self, request: pb.TaskRelocationQuery, context: Any
    ) -> pb.TaskRelocationExecutions:
        """List what became of the latest plans."""
        wanted = read_filter(request.filteringCriteria)
        found: list[RelocationResult] = await self._plane.ask(FindRelocationResults(wanted))
        return pb.TaskRelocationExecutions(results=[_execution(result) for result in _page(request, found)])

    async def GetTaskRelocationResult(self, request: pb.RelocationTaskId, context: Any) -> pb.TaskRelocationExecution:
        """Tell what became of one task's plan."""
        return _execution(await self._plane.ask(FindRelocationResult(request.id)))

    async def ObserveRelocationEvents(
        self, request: pb.TaskRelocationQuery, context: Any
    ) -> AsyncIterator[pb.RelocationEvent]:
        """Tell of all plans and results, and then of every change, until the client has had enough."""
        wanted = read_filter(request.filteringCriteria)
        plane = self._plane
        watcher = plane.hub.open(_WATCHED)
        try:
            seen = plane.committer.revision
            plans = [plan for plan in self._relocating.plans.values() if fits(wanted, plan)]
            results = [result for result in self._relocating.results.values() if fits(wanted, result.plan)]
            shown = {plan.id for plan in plans}
            await plane.committer.settled(seen)
            for message in _snapshot(plans, results):
                yield message
            while happened := await watcher.take():
                for change in happened:
                    message_of = None if change.revision <= seen else _change(change, wanted, shown)
                    if message_of is not None:
                        yield message_of
        finally:
            plane.hub.close(watcher)


def read_filter(given: Mapping[str, str]) -> RelocationFilter:
    """Read `filteringCriteria`. Raises TitusError for a key that these queries do not have."""
    unknown = sorted(key for key in given if key not in _KEYS)
    if unknown:
        raise errors.invalid_argument(f"Unrecognized field(s) [{', '.join(unknown)}]")
    text = {key: value.strip() for key, value in given.items()}
    return RelocationFilter(
        jobs=_words(text.get("jobIds", "")),
        tasks=_words(text.get("taskIds", "")),
        application=text.get("applicationName", "") or text.get("appName", ""),
        capacity_group=text.get("capacityGroup", ""),
    )


def _words(listed: str) -> frozenset[str]:
    return frozenset(word for part in listed.split(",") if (word := part.strip()))


def _page(request: pb.TaskRelocationQuery, found: list[T]) -> list[T]:
    size, number = request.page.pageSize, request.page.pageNumber
    return found[number * size : (number + 1) * size] if size > 0 and number >= 0 else found


def _snapshot(plans: Iterable[Relocation], results: Iterable[RelocationResult]) -> Iterator[pb.RelocationEvent]:
    for plan in plans:
        yield _updated(plan)
    for result in results:
        yield _resulted(result)
    yield pb.RelocationEvent(snapshotEnd=pb.RelocationEvent.SnapshotEnd())


def _change(change: Event, wanted: RelocationFilter, shown: set[str]) -> pb.RelocationEvent | None:
    """Write one change for a watcher who was shown these plans; None if it is not for them."""
    match change.record:
        case Relocation() as plan if fits(wanted, plan):
            shown.add(plan.id)
            return _updated(plan)
        case RelocationResult() as result if fits(wanted, result.plan):
            return _resulted(result)
        case None if change.table == RELOCATIONS.name and change.id in shown:
            shown.discard(change.id)
            removed = pb.RelocationEvent.TaskRelocationPlanRemoveEvent(taskId=change.id)
            return pb.RelocationEvent(taskRelocationPlanRemoveEvent=removed)
        case _:
            return None


def _updated(plan: Relocation) -> pb.RelocationEvent:
    update = pb.RelocationEvent.TaskRelocationPlanUpdateEvent(plan=_plan(plan))
    return pb.RelocationEvent(taskRelocationPlanUpdateEvent=update)


def _resulted(result: RelocationResult) -> pb.RelocationEvent:
    told = pb.RelocationEvent.TaskRelocationResultEvent(result=_execution(result))
    return pb.RelocationEvent(taskRelocationResultEvent=told)


def _plan(plan: Relocation) -> pb.TaskRelocationPlan:
    return pb.TaskRelocationPlan(
        taskId=plan.id,
        reasonCode=plan.code,
        reasonMessage=plan.message,
        relocationTime=plan.due_at,
        decisionTime=plan.decided_at,
    )


def _execution(result: RelocationResult) -> pb.TaskRelocationExecution:
    status = pb.TaskRelocationStatus
    return pb.TaskRelocationExecution(
        taskRelocationPlan=_plan(result.plan),
        relocationAttempts=[
            status(
                state=status.Success if attempt.moved else status.Failure,
                statusCode=attempt.code,
                statusMessage=attempt.message,
            )
            for attempt in result.attempts
        ],
    )
