"""Protobuf put together field by field from parts that are serialized already.

For messages with very many parts, which a message object would parse, copy and serialize again. Every field here has a
number below 16, so that its tag is one byte.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

MOST_NUMBER = 15
MOST_HEADS = 1_024
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
    return b"".join(pieces(number, every))


def pieces(number: int, every: Iterable[bytes]) -> list[bytes]:
    """Write a repeated message field, in pieces that only have to be joined."""
    heads = heads_of(number)
    found: list[bytes] = []
    for data in every:
        size = len(data)
        found += (heads[size] if size < MOST_HEADS else tag(number) + length_of(size), data)
    return found


@lru_cache(MOST_NUMBER)
def heads_of(number: int) -> tuple[bytes, ...]:
    """Give what stands before a message of each small size: the field's tag and the length."""
    return tuple(tag(number) + length_of(size) for size in range(MOST_HEADS))


def around(number: int, content: list[bytes]) -> list[bytes]:
    """Write a message field whose content is in pieces; so what is large is copied once, at the end."""
    return [tag(number) + length_of(sum(map(len, content))), *content]


def number(field: int, value: int) -> bytes:
    """Write a field that is a number which is not negative, or an enum."""
    assert field <= MOST_NUMBER
    return _ONE_BYTE[field << 3] + length_of(value)


def identity(field: int, value: str) -> bytes:
    """Write a field that is an id: a message with one string."""
    return part(field, part(1, value.encode()))
