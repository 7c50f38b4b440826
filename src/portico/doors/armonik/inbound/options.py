"""TaskOptions, read.

Promises: negative amounts and durations that are none are Invalid and name their field; a message that is not there is
no patch at all, which differs from an empty one: that one sets the priority.
"""

from __future__ import annotations

from portico.domain.calls.values import CallOptions, OptionsPatch
from portico.domain.errors import Invalid
from portico.domain.identity import Micros
from portico.doors.armonik.inbound.times import read_duration
from portico.wire.armonik.objects_pb2 import TaskOptions

LEAST_PRIORITY = 1
MOST_PRIORITY = 99


def read_patch(options: TaskOptions, place: str) -> OptionsPatch:
    """Read options that inherit what they do not say."""
    if options.max_retries < 0:
        raise Invalid(f"{options.max_retries} is negative", f"{place}.max_retries")
    if options.priority < 0:
        raise Invalid(f"{options.priority} is negative", f"{place}.priority")
    return OptionsPatch(
        max_duration=_max_duration(options, place) if options.HasField("max_duration") else Micros(0),
        max_retries=options.max_retries,
        priority=options.priority,
        partition=options.partition_id,
        application_name=options.application_name,
        application_version=options.application_version,
        application_namespace=options.application_namespace,
        application_service=options.application_service,
        engine=options.engine_type,
        options=dict(options.options),
    )


def read_defaults(options: TaskOptions, place: str) -> CallOptions:
    """Read the options of a session, which must be whole. Source of the bounds: upstream's validator."""
    if not options.HasField("max_duration"):
        raise Invalid("is not given", f"{place}.max_duration")
    if options.max_retries < 1:
        raise Invalid(f"{options.max_retries} is not at least 1", f"{place}.max_retries")
    if not LEAST_PRIORITY <= options.priority <= MOST_PRIORITY:
        bounds = f"{LEAST_PRIORITY} to {MOST_PRIORITY}"
        raise Invalid(f"{options.priority} is not within {bounds}", f"{place}.priority")
    return CallOptions(
        max_duration=_max_duration(options, place),
        max_retries=options.max_retries,
        priority=options.priority,
        partition=options.partition_id,
        application_name=options.application_name,
        application_version=options.application_version,
        application_namespace=options.application_namespace,
        application_service=options.application_service,
        engine=options.engine_type,
        options=dict(options.options),
    )


def _max_duration(options: TaskOptions, place: str) -> Micros:
    duration = read_duration(options.max_duration, f"{place}.max_duration")
    if duration < 0:
        raise Invalid("is negative", f"{place}.max_duration")
    return duration
