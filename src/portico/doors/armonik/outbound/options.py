"""TaskOptions, written."""

from __future__ import annotations

from portico.domain.calls.values import CallOptions
from portico.doors.armonik.outbound.times import span
from portico.wire.armonik.objects_pb2 import TaskOptions


def task_options(options: CallOptions) -> TaskOptions:
    """Write merged options."""
    return TaskOptions(
        options=options.options,
        max_duration=span(options.max_duration),
        max_retries=options.max_retries,
        priority=options.priority,
        partition_id=options.partition,
        application_name=options.application_name,
        application_version=options.application_version,
        application_namespace=options.application_namespace,
        application_service=options.application_service,
        engine_type=options.engine,
    )
