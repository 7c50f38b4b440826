"""EvictionService: quotas asked for, tasks evicted, and both watched.

A few lines each; what they do is in `extension/evicting`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing
from typing import Any

from portico.doors.titus.codes import Code
from portico.doors.titus.control import Control
from portico.doors.titus.errors import TitusError
from portico.doors.titus.extension.eviction_commands import FindQuota, Level, Target, TargetQuota, TerminateTask
from portico.doors.titus.extension.quota_watching import QuotaWatch, Terminated, Told
from portico.wire.titus import base_pb2, eviction_api_pb2, eviction_api_pb2_grpc

MOST_REASON = 1_000
"""Characters of a reason that are kept: it goes into rows, to the node and to every watcher."""

_Event = eviction_api_pb2.EvictionServiceEvent


class EvictionService(eviction_api_pb2_grpc.EvictionServiceServicer):
    """The servicer."""

    def __init__(self, control: Control, watch: QuotaWatch) -> None:
        self._control = control
        self._watch = watch

    async def GetEvictionQuota(self, request: base_pb2.Reference, context: Any) -> eviction_api_pb2.EvictionQuota:
        """Say how many tasks may be evicted now."""
        return _quota(await self._control.ask(FindQuota(read_target(request))))

    async def TerminateTask(
        self, request: eviction_api_pb2.TaskTerminateRequest, context: Any
    ) -> eviction_api_pb2.TaskTerminateResponse:
        """Evict a task; a refusal is an error."""
        await self._control.submit(TerminateTask(request.taskId, request.reason[:MOST_REASON]))
        return eviction_api_pb2.TaskTerminateResponse(allowed=True, reasonCode="normal", reasonMessage="Terminating")

    async def ObserveEvents(
        self, request: eviction_api_pb2.ObserverEventRequest, context: Any
    ) -> AsyncIterator[eviction_api_pb2.EvictionServiceEvent]:
        """Tell of quotas that change and of tasks that are evicted, until the client has had enough."""
        async with aclosing(self._watch.listen(snapshot=request.includeSnapshot)) as happenings:
            async for told in happenings:
                yield event(told)


def read_target(reference: base_pb2.Reference) -> Target:
    """Read what a quota is asked of. Raises TitusError for a reference that is empty."""
    kind = reference.WhichOneof("Reference")
    match kind:
        case "system":
            return Target(Level.SYSTEM)
        case "tier":
            if reference.tier not in base_pb2.Tier.values():
                raise TitusError(Code.BAD_CONFIGURATION, f"Unknown tier: {reference.tier}")
            return Target(Level.TIER, base_pb2.Tier.Name(reference.tier))
        case None:
            raise TitusError(Code.BAD_CONFIGURATION, "The reference names nothing")
        case _:
            return Target(Level(kind), getattr(reference, kind))


def event(told: Told | None) -> eviction_api_pb2.EvictionServiceEvent:
    """Write what a watcher hears; None is the end of the snapshot."""
    match told:
        case None:
            return _Event(snapshotEnd=_Event.SnapshotEnd())
        case TargetQuota():
            return _Event(evictionQuotaEvent=_Event.EvictionQuotaEvent(quota=_quota(told)))
        case Terminated():
            termination = _Event.TaskTerminationEvent(
                taskId=told.task,
                approved=not told.code,
                reason=told.reason,
                restrictionCode=told.code,
                restrictionMessage=told.message,
            )
            return _Event(taskTerminationEvent=termination)


def _quota(found: TargetQuota) -> eviction_api_pb2.EvictionQuota:
    return eviction_api_pb2.EvictionQuota(target=_reference(found.target), quota=found.amount, message=found.message)


def _reference(target: Target) -> base_pb2.Reference:
    match target.level:
        case Level.SYSTEM:
            return base_pb2.Reference(system=base_pb2.Reference.System())
        case Level.TIER:
            return base_pb2.Reference(tier=target.id)
        case Level.CAPACITY_GROUP:
            return base_pb2.Reference(capacityGroup=target.id)
        case Level.JOB:
            return base_pb2.Reference(jobId=target.id)
        case Level.TASK:
            return base_pb2.Reference(taskId=target.id)
