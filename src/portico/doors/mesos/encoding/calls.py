"""Request bodies into calls: both encodings, the error texts of the API, and the shape every call must have.

Promises: whatever the bytes, the outcome is a complete message with valid strings, or Invalid.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, Generic, TypeVar, cast

import msgspec
from google.protobuf.message import DecodeError, Message
from google.protobuf.unknown_fields import UnknownFieldSet

from portico.domain.errors import Invalid
from portico.doors.mesos.encoding import jsonpb, wire
from portico.doors.mesos.encoding.json_output import plan_for
from portico.doors.mesos.encoding.negotiation import Encoding
from portico.wire.mesos import scheduler_pb2

M = TypeVar("M", bound=Message)

_MOST_TYPES = 256
_ROLE_CALLS = {name: scheduler_pb2.Call.DESCRIPTOR.fields_by_name[name].number for name in ("revive", "suppress")}
_ROLE_TYPES = {scheduler_pb2.Call.Type.Value(name.upper()): number for name, number in _ROLE_CALLS.items()}


class Decoded(msgspec.Struct, Generic[M], frozen=True):
    """A call, and the roles a REVIVE or SUPPRESS names: one in this contract, any number in later ones."""

    message: M
    roles: tuple[str, ...] = ()


def decode_call(type_: type[M], body: bytes, encoding: Encoding) -> Decoded[M]:
    """Read a call; Invalid with the API's text when the body cannot be one."""
    if encoding is Encoding.JSON:
        return Decoded(_from_plain(type_, _plain(body)))
    return Decoded(_from_protobuf(type_, body))


def decode_scheduler_call(
    type_: type[scheduler_pb2.Call], body: bytes, encoding: Encoding
) -> Decoded[scheduler_pb2.Call]:
    """Read a scheduler's call, with all roles that a client of a later release may name in REVIVE and SUPPRESS."""
    if encoding is Encoding.JSON:
        plain = _plain(body)
        roles = _take_roles(plain)
        return Decoded(_from_plain(type_, plain), roles)
    call = _from_protobuf(type_, body)
    number = _ROLE_TYPES.get(call.type)
    if number is None:
        return Decoded(call)
    # The parser keeps the last value of a field that this contract has once.
    parts = wire.delimited(body, number)
    return Decoded(call, tuple(dict.fromkeys(role.decode() for part in parts for role in wire.delimited(part, 1))))


def check_shape(call: Any, optional: frozenset[str] = frozenset()) -> None:
    """Raise Invalid unless the call has a type, and the part named like its type if the contract has one.

    `optional` names parts that may be absent all the same.
    """
    if not call.HasField("type"):
        raise Invalid("Expecting 'type' to be present", "type")
    kind: Any = type(call)
    part = _part_of(kind, call.type)
    if part and part not in optional and not call.HasField(part):
        raise Invalid(f"Expecting '{part}' to be present", part)


@lru_cache(_MOST_TYPES)
def _part_of(type_: Any, number: int) -> str:
    """Name the field that is named like a type of call; empty where the contract has none."""
    descriptor = type_.DESCRIPTOR
    part = str(descriptor.fields_by_name["type"].enum_type.values_by_number[number].name).lower()
    return part if part in descriptor.fields_by_name else ""


def _plain(body: bytes) -> object:
    try:
        return jsonpb.parse(body)
    except Invalid as error:
        raise Invalid(f"Failed to parse body into JSON: {error}") from None


def _from_plain(type_: type[M], plain: object) -> M:
    try:
        return jsonpb.from_plain(type_, plain)
    except Invalid as error:
        raise Invalid(f"Failed to convert JSON into Call protobuf: {error}", error.field) from None


def _from_protobuf(type_: type[M], body: bytes) -> M:
    message = type_()
    try:
        message.ParseFromString(body)
        jsonpb.check_complete(message)
        if not _is_ascii(body, message):
            # The parser takes any bytes for a string of proto2; printing tells whether all are text.
            plan_for(type_.DESCRIPTOR).print(body)
    except (DecodeError, Invalid) as error:
        raise Invalid(f"Failed to parse body into Call protobuf: {error}") from None
    _mark_later_type(message)
    return message


def _is_ascii(body: bytes, message: Any) -> bool:
    """Tell whether all strings of a message are surely text; the uuid of an acknowledgement, the call that comes most
    often, is none."""
    if body.isascii():
        return True
    acknowledge = getattr(message, "acknowledge", None)
    return acknowledge is not None and body.replace(acknowledge.uuid, b"", 1).isascii()


def _mark_later_type(call: Any) -> None:
    """Give a call the type UNKNOWN if its number is one that this contract does not have."""
    try:
        if call.HasField("type"):
            return
    except ValueError:
        return  # it has no such field
    field = call.DESCRIPTOR.fields_by_name["type"]
    unknown: Any = UnknownFieldSet(call)
    if any(value.field_number == field.number for value in unknown):
        call.type = 0


def _take_roles(plain: object) -> tuple[str, ...]:
    """Give all roles that the JSON of a REVIVE or SUPPRESS names, and leave the first as the one its field takes."""
    name = str(plain.get("type")).lower() if isinstance(plain, dict) else ""
    part = cast("jsonpb.Plain", plain).get(name) if name in _ROLE_CALLS else None
    if not isinstance(part, dict):
        return ()
    named = [value for key in ("role", "roles") for value in _listed(part.get(key))]
    roles = [role for role in named if isinstance(role, str)]
    if len(roles) < len(named):
        raise Invalid("Failed to convert JSON into Call protobuf: Expecting strings in field 'roles'", f"{name}.roles")
    if roles:
        part["role"] = roles[0]
    return tuple(dict.fromkeys(roles))


def _listed(value: object) -> list[object]:
    """Take a single value for a list of one, and null for none."""
    if isinstance(value, list):
        return value
    return [] if value is None else [value]
