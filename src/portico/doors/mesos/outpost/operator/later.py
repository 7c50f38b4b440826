"""Calls of later releases (up to 1.11) that this server can carry out, read from JSON.

Their protobuf numbers are unknown to the contract served here and are answered 501; by name they can be told. Each is
read as the call of the same shape that the contract has. Promises: what is not such a call is read as it is.
"""

from __future__ import annotations

from typing import TypeVar

import msgspec
from google.protobuf.message import Message

from portico.domain.errors import Invalid
from portico.doors.mesos.encoding import jsonpb
from portico.doors.mesos.encoding.calls import Decoded, decode_call
from portico.doors.mesos.encoding.negotiation import Encoding

M = TypeVar("M", bound=Message)

LAUNCH, WAIT, KILL = "LAUNCH_CONTAINER", "WAIT_CONTAINER", "KILL_CONTAINER"
REMOVE, REMOVE_NESTED = "REMOVE_CONTAINER", "REMOVE_NESTED_CONTAINER"
GET_AGENT = "GET_AGENT"
_SHAPES = {
    LAUNCH: "LAUNCH_NESTED_CONTAINER",
    WAIT: "WAIT_NESTED_CONTAINER",
    KILL: "KILL_NESTED_CONTAINER",
    REMOVE: "WAIT_NESTED_CONTAINER",
    REMOVE_NESTED: "WAIT_NESTED_CONTAINER",
    GET_AGENT: "GET_HEALTH",
}
_MARKS = tuple(name.encode() for name in _SHAPES)
_SIGKILL = 9


class LaterCall(msgspec.Struct, frozen=True):
    """What a call says beyond the contract: its later name, a signal, whether nested containers are to be listed."""

    name: str = ""
    signal: int = _SIGKILL
    nested: bool = False

    @property
    def kills_at_once(self) -> bool:
        """Tell whether the signal is the one that containers are killed with."""
        return self.signal == _SIGKILL


def read(body: bytes, encoding: Encoding | None) -> LaterCall:
    """Find out what a body says beyond the contract."""
    if encoding is not Encoding.JSON or not any(mark in body for mark in (*_MARKS, b"show_nested", b"signal")):
        return LaterCall()
    plain = _parse(body)
    name = str(plain.get("type"))
    part = plain.get(name.lower())
    details = part if isinstance(part, dict) else {}
    signal = details.get("signal", _SIGKILL)
    known = name if name in _SHAPES else ""
    return LaterCall(known, signal if isinstance(signal, int) else 0, details.get("show_nested") is True)


def decode(type_: type[M], body: bytes, encoding: Encoding) -> Decoded[M]:
    """Read a call, one of a later release as the one it is shaped like."""
    if encoding is Encoding.JSON and any(mark in body for mark in _MARKS):
        plain = _parse(body)
        name = plain.get("type")
        shape = _SHAPES.get(name) if isinstance(name, str) else None
        if shape is not None and isinstance(name, str):
            plain["type"] = shape
            if name.lower() in plain:
                plain[shape.lower()] = plain.pop(name.lower())
            body = msgspec.json.encode(plain)
    return decode_call(type_, body, encoding)


def _parse(body: bytes) -> jsonpb.Plain:
    """Read JSON; what is none, or no object, is the business of whoever reads it next."""
    try:
        plain = jsonpb.parse(body)
    except Invalid:
        return {}
    return plain if isinstance(plain, dict) else {}
