"""Serialized protobuf read without its messages: the fields of one message, in their order on the wire.

For what a parsed message no longer tells: values of a field that its contract declares single, sent repeatedly.
"""

from __future__ import annotations

from collections.abc import Iterator

from portico.domain.errors import Invalid

VARINT, FIXED64, LENGTH_DELIMITED, START_GROUP, END_GROUP, FIXED32 = range(6)
_MOST_SHIFT = 63


def varint(data: bytes, position: int) -> tuple[int, int]:
    """Read a number of up to 64 bits; gives it and the position behind it."""
    value = shift = 0
    while shift <= _MOST_SHIFT:
        if position >= len(data):
            raise Invalid("a number ends too early")
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value & 0xFFFF_FFFF_FFFF_FFFF, position
        shift += 7
    raise Invalid("a number has more than 64 bits")


def skip(data: bytes, wire_type: int, number: int, position: int) -> int:
    """Give the position behind a value that begins at `position`."""
    match wire_type:
        case 0:
            _, position = varint(data, position)
        case 1:
            position += 8
        case 2:
            size, position = varint(data, position)
            position += size
        case 3:
            position = _skip_group(data, number, position)
        case 5:
            position += 4
        case _:
            raise Invalid(f"field {number} has the unknown wire type {wire_type}")
    if position > len(data):
        raise Invalid(f"field {number} ends too early")
    return position


def _skip_group(data: bytes, number: int, position: int) -> int:
    """Give the position behind the end of a group, whatever groups are inside."""
    open_groups = [number]
    while open_groups:
        tag, position = varint(data, position)
        number, wire_type = tag >> 3, tag & 7
        if wire_type == START_GROUP:
            open_groups.append(number)
        elif wire_type == END_GROUP:
            if open_groups.pop() != number:
                raise Invalid(f"group {number} ends without having begun")
        else:
            position = skip(data, wire_type, number, position)
    return position


def delimited(data: bytes, number: int) -> Iterator[bytes]:
    """Give every length-delimited value of one field, in order; Invalid where the bytes are no message."""
    position = 0
    while position < len(data):
        tag, start = varint(data, position)
        position = skip(data, tag & 7, tag >> 3, start)
        if tag == number << 3 | LENGTH_DELIMITED:
            _, start = varint(data, start)
            yield data[start:position]
