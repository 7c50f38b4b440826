"""The worker's words for options and instants, and ours."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec
from google.protobuf.duration_pb2 import Duration

from portico.domain.calls.values import CallOptions, OptionsPatch
from portico.domain.errors import Invalid
from portico.domain.identity import SECOND, Micros
from portico.wire.armonik.objects_pb2 import TaskOptions

if TYPE_CHECKING:
    from google.protobuf.message import Message

_LONGEST = 10_000 * 366 * 86_400
_MOST_KNOWN = 256

_encode = msgspec.msgpack.Encoder().encode
_known: dict[bytes, TaskOptions] = {}


def options_message(options: CallOptions) -> TaskOptions:
    """Give a task's options as a message that nobody may change: most tasks have those of the one before."""
    key = _encode(options)
    message = _known.get(key)
    if message is None:
        if len(_known) >= _MOST_KNOWN:
            _known.clear()
        message = _known[key] = _options_message(options)
    return message


def _options_message(options: CallOptions) -> TaskOptions:
    seconds, rest = divmod(options.max_duration, SECOND)
    return TaskOptions(
        options=options.options,
        max_duration=Duration(seconds=seconds, nanos=rest * 1_000),
        max_retries=options.max_retries,
        priority=options.priority,
        partition_id=options.partition,
        application_name=options.application_name,
        application_version=options.application_version,
        application_namespace=options.application_namespace,
        application_service=options.application_service,
        engine_type=options.engine,
    )


def patch_of(message: TaskOptions) -> OptionsPatch:
    """Read options that a worker gives; Invalid names what cannot be."""
    duration = message.max_duration
    if duration.seconds < 0 or duration.nanos < 0 or duration.seconds > _LONGEST:
        raise Invalid("max_duration is out of range", "max_duration")
    if message.max_retries < 0:
        raise Invalid("max_retries must not be negative", "max_retries")
    if message.priority < 0:
        raise Invalid("priority must not be negative", "priority")
    return OptionsPatch(
        max_duration=Micros(duration.seconds * SECOND + duration.nanos // 1_000),
        max_retries=message.max_retries,
        priority=message.priority,
        partition=message.partition_id,
        application_name=message.application_name,
        application_version=message.application_version,
        application_namespace=message.application_namespace,
        application_service=message.application_service,
        engine=message.engine_type,
        options=dict(message.options),
    )


def given_options(message: Message, field: str = "task_options") -> OptionsPatch | None:
    """Read a message's options; None when it gives none."""
    return patch_of(getattr(message, field)) if message.HasField(field) else None


def stacked(general: OptionsPatch | None, specific: OptionsPatch | None) -> OptionsPatch | None:
    """Lay the more specific options over the general ones: its priority counts, and whatever else it gives."""
    if general is None or specific is None:
        return specific if general is None else general
    return OptionsPatch(
        max_duration=specific.max_duration or general.max_duration,
        max_retries=specific.max_retries or general.max_retries,
        priority=specific.priority,
        partition=specific.partition or general.partition,
        application_name=specific.application_name or general.application_name,
        application_version=specific.application_version or general.application_version,
        application_namespace=specific.application_namespace or general.application_namespace,
        application_service=specific.application_service or general.application_service,
        engine=specific.engine or general.engine,
        options=general.options | specific.options,
    )
