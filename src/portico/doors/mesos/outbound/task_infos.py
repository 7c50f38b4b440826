"""What a Task has of its TaskInfo, taken over without parsing either.

Most tasks of one kind differ in name and id only, which come first in a TaskInfo; whatever comes behind is converted
once and remembered. Promises: what is remembered is bounded; what a TaskInfo has beyond this contract is dropped.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from portico.doors.mesos.encoding import wire
from portico.wire.mesos import mesos_pb2 as pb

_INFO = {field.name: field.number << 3 | wire.LENGTH_DELIMITED for field in pb.TaskInfo.DESCRIPTOR.fields}
_NAME, _ID, _RESOURCES, _COMMAND = (_INFO[name] for name in ("name", "task_id", "resources", "command"))
_OTHERS = {_INFO[name]: name for name in ("labels", "discovery", "container")}
_COMMAND_USER = pb.CommandInfo.DESCRIPTOR.fields_by_name["user"].number
_LONG = 0x80
_MOST_REMEMBERED = 4_096
_MOST_REMEMBERED_BYTES = 1_024


class Shared(msgspec.Struct, frozen=True, gc=False):
    """What a Task has of its TaskInfo besides name and id, serialized; `others` are by the name of the field."""

    resources: tuple[bytes, ...]
    others: dict[str, bytes]


class Tails:
    """What stands behind name and id in TaskInfos, written by `write`; equal ones once."""

    def __init__(self, write: Callable[[Shared], bytes]) -> None:
        self._write = write
        self._written: dict[bytes, bytes] = {}

    def tail(self, info: bytes) -> bytes:
        """Write what a task has behind name and id."""
        rest = info[behind_identity(info) :]
        written = self._written.get(rest)
        if written is None:
            written = self._write(shared(rest))
            if len(rest) <= _MOST_REMEMBERED_BYTES:
                if len(self._written) >= _MOST_REMEMBERED:
                    self._written.clear()
                self._written[rest] = written
        return written


def behind_identity(info: bytes) -> int:
    """Give the position behind name and id, where these come first and are short; else the beginning."""
    if len(info) > 1 and info[0] == _NAME and (size := info[1]) < _LONG:
        position = size + 2
        if len(info) > position + 1 and info[position] == _ID and (size := info[position + 1]) < _LONG:
            return position + 2 + size
    return 0


def shared(info: bytes) -> Shared:
    """Pick out what a Task has in common with its TaskInfo."""
    resources: list[bytes] = []
    others: dict[str, bytes] = {}
    position, end = 0, len(info)
    while position < end:
        tag, start = wire.varint(info, position)
        position = wire.skip(info, tag & 7, tag >> 3, start)
        if tag & 7 != wire.LENGTH_DELIMITED:
            continue
        _, start = wire.varint(info, start)
        if tag == _RESOURCES:
            resources.append(info[start:position])
        elif tag == _COMMAND:
            for user in wire.delimited(info[start:position], _COMMAND_USER):
                others["user"] = user
        elif tag in _OTHERS:
            others[_OTHERS[tag]] = info[start:position]
    return Shared(tuple(resources), others)
