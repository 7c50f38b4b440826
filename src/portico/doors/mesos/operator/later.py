"""Calls that only later releases have: known by name and number, answered with the reason why they are not served."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType

from portico.domain.errors import Invalid
from portico.doors.mesos.encoding import wire
from portico.doors.mesos.encoding.negotiation import Encoding

_NEWER = "it belongs to a later release of this API"
_REASONS: tuple[tuple[int, str, str], ...] = (
    (31, "TEARDOWN", f"{_NEWER}; POST /master/teardown with frameworkId=ID does it"),
    (32, "MARK_AGENT_GONE", f"{_NEWER}; an agent that does not come back is given up by itself"),
    (33, "GET_OPERATIONS", f"{_NEWER}; operations are carried out at once, none is ever pending"),
    (34, "GROW_VOLUME", f"{_NEWER}; volumes keep the size they are created with"),
    (35, "SHRINK_VOLUME", f"{_NEWER}; volumes keep the size they are created with"),
    (36, "UPDATE_QUOTA", f"{_NEWER}; use REMOVE_QUOTA and SET_QUOTA"),
    (37, "DRAIN_AGENT", f"{_NEWER}; use UPDATE_MAINTENANCE_SCHEDULE and START_MAINTENANCE"),
    (38, "DEACTIVATE_AGENT", f"{_NEWER}; use UPDATE_MAINTENANCE_SCHEDULE and START_MAINTENANCE"),
    (39, "REACTIVATE_AGENT", f"{_NEWER}; use STOP_MAINTENANCE"),
)
REASONS: Mapping[str, str] = MappingProxyType({name: reason for _, name, reason in _REASONS})
_BY_NUMBER = {number: name for number, name, _ in _REASONS}
_TYPE = re.compile(rb'"type"\s*:\s*"([A-Z_]{1,64})"')


def reason(body: bytes, encoding: Encoding) -> str:
    """Say why the call in a body is not served; `body` is one whose type is not in this contract."""
    name = _name(body, encoding)
    if name in REASONS:
        return f"{name} is not served: {REASONS[name]}"
    return "Received a call of a type that this server does not know"


def _name(body: bytes, encoding: Encoding) -> str:
    if encoding is Encoding.JSON:
        named = [match.decode() for match in _TYPE.findall(body)]
        return next((name for name in named if name in REASONS), "")
    try:
        return _BY_NUMBER.get(_number(body), "")
    except Invalid:
        return ""


def _number(body: bytes) -> int:
    """Read the type's number, 0 when there is none."""
    position = found = 0
    while position < len(body):
        tag, start = wire.varint(body, position)
        position = wire.skip(body, tag & 7, tag >> 3, start)
        if tag == 1 << 3 | wire.VARINT:
            found, _ = wire.varint(body, start)
    return found
