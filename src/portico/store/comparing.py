"""How values compare, for stores that compare them in Python: by kind, text by code point, null before everything."""

from __future__ import annotations

from collections.abc import Callable
from operator import eq, ge, gt, le, lt, ne
from typing import Any

from portico.store.port import Operator

Ranked = tuple[int, int, str, bytes]

COMPARISONS: dict[Operator, Callable[[Any, Any], bool]] = {
    Operator.EQ: eq,
    Operator.NE: ne,
    Operator.LT: lt,
    Operator.LE: le,
    Operator.GT: gt,
    Operator.GE: ge,
    Operator.CONTAINS: lambda stored, value: value in stored,
    Operator.NOT_CONTAINS: lambda stored, value: value not in stored,
    Operator.STARTS_WITH: str.startswith,
    Operator.ENDS_WITH: str.endswith,
}


def rank(value: str | int | bytes | None) -> Ranked:
    """Order null before every value; the kinds never mix in one column."""
    if value is None:
        return (0, 0, "", b"")
    if isinstance(value, str):
        return (1, 0, value, b"")
    return (1, 0, "", value) if isinstance(value, bytes) else (1, value, "", b"")
