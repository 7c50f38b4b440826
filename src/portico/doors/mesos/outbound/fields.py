"""Protobuf put together field by field from parts that are serialized already.

For messages with very many parts, which a message object would parse, copy and serialize again. Every field here has a
number below 16, so that its tag is one byte.
"""

from __future__ import annotations

from collections.abc import Iterable

MOST_NUMBER = 15
_ONE_BYTE = tuple(bytes((length,)) for length in range(0x80))


def length_of(size: int) -> bytes:
    """Write a length, or any other number, as a varint."""
    if size < 0x80:
        return _ONE_BYTE[size]
    pieces = bytearray()
    while size > 0x7F:
        pieces.append(size & 0x7F | 0x80)
        size >>= 7
    pieces.append(size)
    return bytes(pieces)


def tag(number: int) -> bytes:
    """Give the tag of a field that has a length."""
    assert number <= MOST_NUMBER
    return _ONE_BYTE[number << 3 | 2]


def part(number: int, data: bytes) -> bytes:
    """Write one string, bytes or message field."""
    return tag(number) + length_of(len(data)) + data


def parts(number: int, every: Iterable[bytes]) -> bytes:
    """Write a repeated message field."""
    mark = tag(number)
    pieces: list[bytes] = []
    for data in every:
        pieces += (mark, length_of(len(data)), data)
    return b"".join(pieces)


def number(field: int, value: int) -> bytes:
    """Write a field that is a number which is not negative, or an enum."""
    assert field <= MOST_NUMBER
    return _ONE_BYTE[field << 3] + length_of(value)


def identity(field: int, value: str) -> bytes:
    """Write a field that is an id: a message with one string."""
    return part(field, part(1, value.encode()))
