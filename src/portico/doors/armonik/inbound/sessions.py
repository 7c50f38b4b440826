"""Requests about sessions, read."""

from __future__ import annotations

from portico.control.calls.commands import CreateSession
from portico.domain.errors import Invalid
from portico.doors.armonik.inbound.options import read_defaults
from portico.wire.armonik.objects_pb2 import TaskOptions


def read_creation(options: TaskOptions | None, partitions: list[str]) -> CreateSession:
    """Read what a session is to be; an empty name alone means the default partition, as an empty list does."""
    if options is None:
        raise Invalid("is not given", "default_task_option")
    named = () if partitions == [""] else tuple(partitions)
    return CreateSession(named, read_defaults(options, "default_task_option"))
