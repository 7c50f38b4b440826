"""proto2 messages and JSON: what Mesos clients send and expect, both ways.

The two halves are `json_output` and `json_input`; this is their one entrance. Reading takes two steps because the
API's errors tell text that is no JSON from JSON that is no call.
"""

from __future__ import annotations

from typing import Any, TypeVar, cast

import msgspec
from google.protobuf.message import Message

from portico.domain.errors import Invalid
from portico.doors.mesos.encoding.json_input import reader_for
from portico.doors.mesos.encoding.json_output import plan_for

M = TypeVar("M", bound=Message)

Plain = dict[str, object]
_decode = msgspec.json.Decoder().decode


def encode(message: Message) -> bytes:
    """Print a message on one line."""
    return plan_for(message.DESCRIPTOR).print(message.SerializePartialToString())


def encode_serialized(type_: type[Message], data: bytes) -> bytes:
    """Print a message that is at hand only as a serializer wrote it, without parsing it first.

    Raises Invalid when the bytes are no message, or hold a string that is not UTF-8.
    """
    return plan_for(type_.DESCRIPTOR).print(data)


def to_plain(message: Message) -> Plain:
    """Give a message as plain values, the ones its JSON reads as."""
    return cast("Plain", _decode(encode(message)))


def parse(data: bytes) -> object:
    """Read JSON text; Invalid when it is none, or nested too deeply."""
    try:
        return _decode(data)
    except RecursionError:
        raise Invalid("values are nested too deeply") from None
    except ValueError as error:  # malformed, numbers out of range, and text that is not UTF-8
        raise Invalid(str(error)) from None


def from_plain(type_: type[M], plain: object) -> M:
    """Make a message of plain values; Invalid with its path when a field does not fit, or is required and absent."""
    if not isinstance(plain, dict):
        raise Invalid("Expecting a JSON object")
    message = type_()
    reader_for(type_.DESCRIPTOR).fill(message, plain)
    check_complete(message)
    return message


def decode(type_: type[M], data: bytes) -> M:
    """Read a message from JSON text; Invalid when it cannot be one."""
    return from_plain(type_, parse(data))


def check_complete(message: Any) -> None:
    """Raise Invalid that names every required field which is absent."""
    if not message.IsInitialized():
        missing = message.FindInitializationErrors()
        raise Invalid(f"Missing required fields: {', '.join(missing)}", missing[0])
