"""Events for executors and the statuses that an agent makes itself. Pure: uuids and times are given."""

from __future__ import annotations

from collections.abc import Iterable

from portico.domain.runs import EndCause
from portico.doors.mesos.outpost.hosting import TaskEnd
from portico.doors.mesos.outpost.words import ExecutorFacts
from portico.wire.mesos import executor_pb2
from portico.wire.mesos import mesos_pb2 as pb

Event = executor_pb2.Event

LONGEST_GRACE = 365 * 24 * 3600 * 1_000_000
"""Microseconds; a longer grace means that nobody named one."""
_LARGEST_LAST_STATUS = 64 << 10

TERMINAL = frozenset(
    {
        pb.TASK_FINISHED,
        pb.TASK_FAILED,
        pb.TASK_KILLED,
        pb.TASK_ERROR,
        pb.TASK_LOST,
        pb.TASK_DROPPED,
        pb.TASK_GONE,
    }
)
_CAUSES = {
    pb.TASK_FINISHED: (EndCause.EXITED, 0),
    pb.TASK_FAILED: (EndCause.EXITED, 1),
    pb.TASK_ERROR: (EndCause.EXITED, 1),
    pb.TASK_KILLED: (EndCause.STOPPED, None),
    pb.TASK_LOST: (EndCause.LOST, None),
    pb.TASK_DROPPED: (EndCause.LOST, None),
    pb.TASK_GONE: (EndCause.LOST, None),
}


def subscribed(facts: ExecutorFacts) -> Event:
    """Greet an executor."""
    event = Event(type=Event.SUBSCRIBED)
    said = event.subscribed
    said.executor_info.MergeFromString(facts.executor_info)
    said.framework_info.MergeFromString(facts.framework_info)
    said.agent_info.MergeFromString(facts.agent_info)
    said.container_id.value = facts.run
    return event


def launch(task: pb.TaskInfo) -> Event:
    """Hand over a task."""
    return Event(type=Event.LAUNCH, launch=Event.Launch(task=task))


def launch_group(tasks: Iterable[pb.TaskInfo]) -> Event:
    """Hand over a task group."""
    return Event(type=Event.LAUNCH_GROUP, launch_group=Event.LaunchGroup(task_group=pb.TaskGroupInfo(tasks=tasks)))


def kill(task: str, grace: int) -> Event:
    """Ask for the end of a task; the grace, in microseconds, is passed on when somebody named one."""
    event = Event(type=Event.KILL)
    event.kill.task_id.value = task
    if 0 <= grace < LONGEST_GRACE:
        event.kill.kill_policy.grace_period.nanoseconds = grace * 1000
    return event


def acknowledged(task: str, uuid: bytes) -> Event:
    """Say that an update is stored."""
    event = Event(type=Event.ACKNOWLEDGED)
    event.acknowledged.task_id.value = task
    event.acknowledged.uuid = uuid
    return event


def message(data: bytes) -> Event:
    """Pass on what the scheduler says."""
    return Event(type=Event.MESSAGE, message=Event.Message(data=data))


def shutdown() -> Event:
    """Ask the executor to end."""
    return Event(type=Event.SHUTDOWN)


def is_partition_aware(facts: ExecutorFacts) -> bool:
    """Tell whether a framework wants to hear exactly what became of its tasks."""
    framework = pb.FrameworkInfo.FromString(facts.framework_info)
    aware = pb.FrameworkInfo.Capability.PARTITION_AWARE
    return any(capability.type == aware for capability in framework.capabilities)


def own_status(task: str, state: pb.TaskState, reason: pb.TaskStatus.Reason, said: str, uuid: bytes) -> pb.TaskStatus:
    """Make a status that the executor did not send."""
    return pb.TaskStatus(
        task_id=pb.TaskID(value=task),
        state=state,
        source=pb.TaskStatus.SOURCE_AGENT,
        reason=reason,
        message=said,
        uuid=uuid,
    )


def complete(status: pb.TaskStatus, facts: ExecutorFacts, executor: str, seconds: float) -> pb.TaskStatus:
    """Fill in what the agent knows: itself, the executor, and the time where none is given."""
    full = pb.TaskStatus()
    full.CopyFrom(status)
    full.agent_id.value = facts.agent
    full.executor_id.value = executor
    if not full.HasField("timestamp"):
        full.timestamp = seconds
    return full


def end_of(run: str, status: pb.TaskStatus) -> TaskEnd:
    """Say to the agent how a task ended; its last status goes with it, without data if that is large."""
    cause, code = _CAUSES[status.state]
    last = status
    if status.ByteSize() > _LARGEST_LAST_STATUS:
        last = pb.TaskStatus()
        last.CopyFrom(status)
        last.ClearField("data")
    return TaskEnd(run, cause, code, status.message, last.SerializeToString())
