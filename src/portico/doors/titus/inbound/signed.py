"""Unsigned numbers as upstream reads them: its language has signed ones only, so the upper half is negative."""

from __future__ import annotations

_INT, _LONG = 1 << 31, 1 << 63
LARGEST_LONG = _LONG - 1


def signed_int(number: int) -> int:
    """Read a uint32."""
    return number - 2 * _INT if number >= _INT else number


def signed_long(number: int) -> int:
    """Read a uint64."""
    return number - 2 * _LONG if number >= _LONG else number
