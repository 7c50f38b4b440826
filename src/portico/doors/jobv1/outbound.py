"""Instances and Jobs as job.v1 messages."""

from __future__ import annotations

from google.protobuf.timestamp_pb2 import Timestamp

from portico.control.jobs.catalogue import kind_name
from portico.domain.jobs import Instance, InstanceState, Job
from portico.doors.jobv1.states import TO_WIRE
from portico.wire.jobv1 import service_pb2 as pb

_MICROS = 1_000_000
MOST_KEPT = 16_384
"""Encodings of ended instances kept for the next list, a few hundred bytes each."""
CANCELLED = "cancelled"
"""The error of what was cancelled before there was anything else to say."""


def stamp(field: Timestamp, instant: int) -> None:
    """Set a field to microseconds since the epoch; in place takes half of what a copy does."""
    field.seconds = instant // _MICROS
    field.nanos = instant % _MICROS * 1000


def instance(record: Instance) -> pb.JobInstance:
    """Give the message of an Instance, with every field that is known."""
    message = pb.JobInstance(
        kind=kind_name(record.job),
        uuid=record.id,
        state=TO_WIRE[record.state],
        arguments=record.arguments,
        results=record.results,
        error=record.error,
        attempts=record.attempts,
    )
    stamp(message.created_at, record.created_at)
    stamp(message.scheduled_at, record.scheduled_at)
    if record.started_at:
        stamp(message.processed_at, record.started_at)
    if record.ended:
        _stamp_end(message, record)
    return message


def scheduled(record: Instance) -> bytes:
    """Give the answer to ScheduleJob."""
    return pb.ScheduleJobResponse(instance=instance(record)).SerializeToString()


def _stamp_end(message: pb.JobInstance, record: Instance) -> None:
    if record.state is InstanceState.SUCCEEDED:
        stamp(message.completed_at, record.ended_at)
        return
    stamp(message.terminated_at, record.ended_at)
    if record.state is InstanceState.CANCELLED:
        message.error = record.error or CANCELLED
        stamp(message.cancelled_at, record.ended_at)
    elif record.state is InstanceState.TIMED_OUT:
        stamp(message.timed_out_at, record.ended_at)


def job(record: Job) -> pb.Job:
    """Give the message of a registered kind."""
    message = pb.Job(
        kind=kind_name(record.id),
        description=record.description,
    )
    stamp(message.registered_at, record.created_at)
    if record.schedule.cron:
        message.cron_spec = record.schedule.cron
    if record.schedule.at:
        stamp(message.schedule_at, record.schedule.at)
    return message


class Encodings:
    """Instances encoded as items of a `repeated JobInstance instances = 1`, ended ones kept for the next time."""

    def __init__(self) -> None:
        self._kept: dict[tuple[str, int], bytes] = {}

    def item(self, record: Instance) -> bytes:
        """Give tag, length and body of one item."""
        if not record.ended:
            return _item(record)
        key = (record.id, record.generation)
        kept = self._kept.get(key)
        if kept is None:
            kept = self._kept[key] = _item(record)
            if len(self._kept) > MOST_KEPT:
                del self._kept[next(iter(self._kept))]
        return kept


def _item(record: Instance) -> bytes:
    return pb.LookupInstancesResponse(instances=[instance(record)]).SerializeToString()
