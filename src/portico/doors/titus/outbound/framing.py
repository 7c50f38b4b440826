"""The few shapes of the wire that are written by hand, so that ready parts are joined instead of encoded again.

Owns nothing but bytes: a field's tag, the length before its body. Field numbers are those of the API's messages and
below 16, so that a tag is one byte.
"""

from __future__ import annotations

ITEMS = 1
"""The number of the list in every reply that is a page."""

_DELIMITED = 2
_SHORT = 128
_MOST_FIELDS = 16
_HEADS = [[bytes((number << 3 | _DELIMITED, length)) for length in range(_SHORT)] for number in range(_MOST_FIELDS)]


def varint(number: int) -> bytes:
    """Write a number that is not negative."""
    if number < _SHORT:
        return bytes((number,))
    parts = bytearray()
    while number >= _SHORT:
        parts.append(number & 0x7F | 0x80)
        number >>= 7
    parts.append(number)
    return bytes(parts)


def head(number: int, length: int) -> bytes:
    """Write what stands before the body of a text, a message or an entry of a list."""
    if length < _SHORT:
        return _HEADS[number][length]
    return bytes((number << 3 | _DELIMITED,)) + varint(length)


def field(number: int, body: bytes) -> bytes:
    """Write a field with its body."""
    length = len(body)
    if length < _SHORT:
        return _HEADS[number][length] + body
    return bytes((number << 3 | _DELIMITED,)) + varint(length) + body


def counted(number: int, value: int) -> bytes:
    """Write a field that holds a number; nothing for 0, as the wire has it."""
    return bytes((number << 3,)) + varint(value) if value else b""
